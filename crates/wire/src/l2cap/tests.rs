//! Round trips, malformed commands, and whatever bytes there are.

use super::*;
use proptest::prelude::*;
use std::vec::Vec;

#[test]
fn header_round_trip() {
    let header = Header { length: 0x1234, cid: Cid(0x0041) };
    assert_eq!(header.bytes(), [0x34, 0x12, 0x41, 0x00]);
    assert_eq!(Header::parse(&[0x34, 0x12, 0x41, 0x00, 0xFF]), Ok(header));
    assert_eq!(Header::parse(&[0x34, 0x12, 0x41]), Err(Malformed));
}

#[test]
fn psm_rule() {
    assert!(Psm::AVDTP.is_valid() && Psm(0x1001).is_valid());
    assert!(!Psm(0x0018).is_valid() && !Psm(0x0101).is_valid());
}

#[test]
fn several_commands_then_garbage() {
    let payload = [
        0x08, 1, 2, 0, 0xAA, 0xBB, // echo request
        0x55, 2, 1, 0, 0x00, // unknown
        0x06, 3, 3, 0, 1, 2, 3, // a disconnection request of three octets
        0x0A, 4, 2, 0, 2, // cut off
    ];
    let signals: Vec<_> = Signals::new(&payload).collect();
    assert_eq!(
        signals,
        [
            Ok(Signal { identifier: 1, command: Command::EchoRequest(&[0xAA, 0xBB]) }),
            Err(BadSignal::NotUnderstood { code: 0x55, identifier: 2 }),
            Err(BadSignal::NotUnderstood { code: 0x06, identifier: 3 }),
            Err(BadSignal::Truncated { identifier: Some(4) }),
        ]
    );
    let nothing: Vec<_> = Signals::new(&[0x08, 0, 0, 0]).collect();
    assert_eq!(nothing, [Err(BadSignal::Truncated { identifier: None })]);
}

#[test]
fn options_keep_their_length() {
    assert!(Options::parse(&[0x01, 2, 0x30, 0x00]).is_ok());
    assert_eq!(Options::parse(&[0x01, 1, 0x30]), Err(Malformed));
    assert_eq!(Options::parse(&[0x81, 3, 0x30, 0, 0]), Err(Malformed));
    assert_eq!(Options::parse(&[0x01, 2, 0x30]), Err(Malformed));
    assert_eq!(Options::parse(&[0x7F]), Err(Malformed));
    let hint = Options::parse(&[0xFF, 1, 9]).unwrap();
    let expected = ConfigOption::Unknown { option_type: 0x7F, hint: true, value: &[9] };
    assert_eq!(hint.iter().collect::<Vec<_>>(), [expected]);
}

#[test]
fn a_full_builder_keeps_what_it_has() {
    let mut buffer = [0; 5];
    let mut builder = OptionsBuilder::new(&mut buffer);
    builder.push(ConfigOption::Mtu(48)).unwrap();
    assert_eq!(builder.push(ConfigOption::FlushTimeout(1)), Err(crate::NoRoom));
    assert_eq!(builder.finish().bytes(), [0x01, 2, 48, 0]);
}

fn option() -> impl Strategy<Value = ConfigOption<'static>> {
    let quality = (any::<u8>(), any::<[u32; 5]>()).prop_map(|(kind, n)| {
        let service_type = match kind {
            0 => ServiceType::NoTraffic,
            1 => ServiceType::BestEffort,
            2 => ServiceType::Guaranteed,
            other => ServiceType::Reserved(other),
        };
        ConfigOption::QualityOfService(QualityOfService {
            flags: 0,
            service_type,
            token_rate: n[0],
            token_bucket_size: n[1],
            peak_bandwidth: n[2],
            access_latency: n[3],
            delay_variation: n[4],
        })
    });
    let modes = [
        Mode::Basic,
        Mode::Retransmission,
        Mode::FlowControl,
        Mode::EnhancedRetransmission,
        Mode::Streaming,
        Mode::Reserved(9),
    ];
    let retransmission =
        (0usize..6, any::<(u8, u8, u16, u16, u16)>()).prop_map(move |(mode, n)| {
            ConfigOption::Retransmission(Retransmission {
                mode: modes[mode],
                tx_window_size: n.0,
                max_transmit: n.1,
                retransmission_time_out: n.2,
                monitor_time_out: n.3,
                maximum_pdu_payload_size: n.4,
            })
        });
    prop_oneof![
        any::<u16>().prop_map(ConfigOption::Mtu),
        any::<u16>().prop_map(ConfigOption::FlushTimeout),
        quality,
        retransmission,
        any::<u8>().prop_map(ConfigOption::FrameCheckSequence),
        any::<[u8; 16]>().prop_map(ConfigOption::ExtendedFlow),
        any::<u16>().prop_map(ConfigOption::ExtendedWindow),
        (8u8..0x80, any::<bool>()).prop_map(|(option_type, hint)| ConfigOption::Unknown {
            option_type,
            hint,
            value: &[1, 2, 3]
        }),
    ]
}

proptest! {
    #[test]
    fn options_round_trip(options in proptest::collection::vec(option(), 0..8)) {
        let mut buffer = [0; 256];
        let mut builder = OptionsBuilder::new(&mut buffer);
        for option in &options {
            builder.push(*option).unwrap();
        }
        let built = builder.finish();
        prop_assert_eq!(Options::parse(built.bytes()), Ok(built));
        prop_assert_eq!(built.iter().collect::<Vec<_>>(), options);
    }

    /// Whatever comes, every command that can be read is written back as it was.
    #[test]
    fn commands_round_trip(code in 0u8..14, identifier in 1u8.., data in any::<Vec<u8>>()) {
        let mut payload = std::vec![code, identifier];
        payload.extend_from_slice(&(data.len() as u16).to_le_bytes());
        payload.extend_from_slice(&data);
        payload.extend_from_slice(&[0x08, 1, 0, 0]);
        let mut signals = Signals::new(&payload);
        if let Some(Ok(signal)) = signals.next() {
            prop_assert_eq!(signal.identifier, identifier);
            prop_assert_eq!(signal.command.code(), code);
            let mut out = [0; 512];
            let length = signal.write(&mut out).unwrap();
            let again = Signals::new(&out[..length]).next();
            prop_assert_eq!(again, Some(Ok(signal)));
            prop_assert!(signal.write(&mut out[..length - 1]).is_err());
        }
        let echo = Signal { identifier: 1, command: Command::EchoRequest(&[]) };
        prop_assert_eq!(signals.next(), Some(Ok(echo)));
        prop_assert_eq!(signals.next(), None);
    }

    #[test]
    fn whatever_bytes(payload in any::<Vec<u8>>()) {
        prop_assert!(Signals::new(&payload).count() <= payload.len() / 4 + 1);
        let _ = Header::parse(&payload);
    }
}
