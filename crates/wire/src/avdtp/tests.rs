use proptest::prelude::*;

use super::*;

fn seid() -> impl Strategy<Value = Seid> {
    (1u8..=0x3E).prop_map(|number| Seid::new(number).expect("legal"))
}

#[test]
fn headers_are_as_in_the_figures() {
    let label = Label::new(0xA);
    let command = MessageType::Command;
    let mut out = [0u8; 4];
    let cases: [(Header, &[u8]); 4] = [
        (
            Header::Single { label, message_type: MessageType::ResponseReject, signal_id: 3 },
            &[0xA3, 0x03],
        ),
        (Header::Start { label, message_type: command, packets: 3, signal_id: 3 }, &[0xA4, 3, 3]),
        (Header::Continue { label, message_type: command }, &[0xA8]),
        (Header::End { label, message_type: MessageType::ResponseAccept }, &[0xAE]),
    ];
    for (header, octets) in cases {
        let n = header.write(&mut out).expect("room");
        assert_eq!(&out[..n], octets);
        assert_eq!(Header::parse(octets), Ok((header, &[][..])));
        assert!(header.write(&mut out[..octets.len() - 1]).is_err());
        assert!(Header::parse(&octets[..octets.len() - 1]).is_err());
    }
}

#[test]
fn every_signal_has_its_number() {
    for (at, signal) in SignalId::ALL.into_iter().enumerate() {
        assert_eq!(signal as usize, at + 1);
        assert_eq!(SignalId::new(signal as u8), Some(signal));
    }
    assert_eq!(SignalId::new(0), None);
    assert_eq!(SignalId::new(14), None);
}

#[test]
fn endpoints_are_told_as_in_the_figure() {
    let endpoint = EndpointInformation {
        seid: Seid::new(5).expect("legal"),
        in_use: true,
        media_type: MediaType::VIDEO,
        endpoint_type: EndpointType::Sink,
    };
    assert_eq!(endpoint.octets(), [0x16, 0x18]);
    let Ok(Response::Endpoints(endpoints)) =
        Response::parse(SignalId::Discover, &[0x16, 0x18, 0x00, 0x00, 0xFC, 0x08, 0x04])
    else {
        panic!("a discovery's answer")
    };
    assert!(endpoints.iter().eq([endpoint]), "reserved identifiers and rests are passed over");
}

#[test]
fn a_command_that_cannot_be_read_is_answered_as_its_signal_wants() {
    let rejected = |signal: SignalId, payload: &[u8]| match Command::parse(signal as u8, payload) {
        Err(CommandError::Reject(of, reject)) if of == signal => reject,
        other => panic!("{other:?}"),
    };
    let length = ErrorCode::BAD_LENGTH;
    assert_eq!(rejected(SignalId::Discover, &[1]), Reject::Code(length));
    assert_eq!(rejected(SignalId::Open, &[]), Reject::Code(length));
    let category = Category::NONE;
    let reject = Reject::Category { category, code: length };
    assert_eq!(rejected(SignalId::SetConfiguration, &[4]), reject);
    let reject = Reject::Endpoint { seid: 0x3F, code: ErrorCode::BAD_ACP_SEID };
    assert_eq!(rejected(SignalId::Start, &[4, 0xFC]), reject);
    assert_eq!(Command::parse(14, &[]), Err(CommandError::UnknownSignal));
}

#[test]
fn rubbish_behind_capabilities_does_not_spoil_them() {
    let bytes = [1, 0, 7, 6, 0, 0, 0x21, 0x15, 2, 53, 8, 9];
    assert!(Capabilities::parse(&bytes).is_err());
    let capabilities = Capabilities::prefix(&bytes);
    assert_eq!(capabilities.as_bytes(), &bytes[..10]);
    let codec = capabilities.media_codec().expect("it is there");
    assert_eq!((codec.codec_type, codec.information), (CodecType::SBC, &bytes[6..10]));
    assert!(!capabilities.has(Category::DELAY_REPORTING));
}

proptest! {
    #[test]
    fn what_is_parsed_is_written_the_same(signal: u8, payload in prop::collection::vec(any::<u8>(), 0..40)) {
        if let Ok(command) = Command::parse(signal, &payload) {
            prop_assert_eq!(command.signal() as u8, signal);
            let mut out = [0u8; 64];
            let n = command.write(&mut out).expect("room");
            prop_assert_eq!(Command::parse(signal, &out[..n]), Ok(command));
            prop_assert_eq!(n, payload.len());
            for short in 0..n {
                prop_assert!(command.write(&mut out[..short]).is_err());
            }
        }
        for signal in SignalId::ALL {
            let _ = Response::parse(signal, &payload);
            if let Ok(reject) = Reject::parse(signal, &payload) {
                let mut out = [0u8; 2];
                let n = reject.write(&mut out).expect("room");
                prop_assert_eq!(Reject::parse(signal, &out[..n]), Ok(reject));
            }
        }
    }

    #[test]
    fn capabilities_are_written_as_they_were_read(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let mut walked = 0;
        for element in Capabilities::prefix(&bytes).elements() {
            walked += 2 + element.data.len();
            if let Ok(capability) = element.read() {
                prop_assert_eq!(capability.category(), element.category);
                let mut out = [0u8; 300];
                let n = capability.write(&mut out).expect("room");
                let again = Capabilities::parse(&out[..n]).expect("well formed");
                prop_assert!(again.known().eq([capability]));
            }
        }
        prop_assert!(walked <= bytes.len());
        prop_assert_eq!(walked == bytes.len(), Capabilities::parse(&bytes).is_ok());
    }

    #[test]
    fn headers_split_anything(packet in prop::collection::vec(any::<u8>(), 0..8)) {
        if let Ok((header, rest)) = Header::parse(&packet) {
            let mut out = [0u8; 3];
            let n = header.write(&mut out).expect("room");
            prop_assert_eq!(n + rest.len(), packet.len());
            prop_assert_eq!(Header::parse(&out[..n]), Ok((header, &[][..])));
        }
    }

    #[test]
    fn a_list_of_one_is_a_list(seid in seid()) {
        let command = Command::Start { acp_seids: Seids::one(seid) };
        let mut out = [0u8; 4];
        let n = command.write(&mut out).expect("room");
        prop_assert_eq!(&out[..n], &[seid.number() << 2]);
        let Ok(Command::Start { acp_seids }) = Command::parse(7, &out[..n]) else {
            panic!("a START")
        };
        prop_assert!(acp_seids.iter().eq([seid]));
    }
}
