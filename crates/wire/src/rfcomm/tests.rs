//! Frames as they are seen on the air, and properties over any of them.

use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::Malformed;

fn frame(bytes: &[u8]) -> Frame<'_> {
    let frame = Frame::parse(bytes).expect("a frame");
    let mut out = [0; 512];
    let length = frame.write(&mut out).expect("it fits");
    assert_eq!(&out[..length], bytes, "written as read");
    frame
}

fn message(command: bool, bytes: &[u8]) -> Message<'_> {
    let mut messages = Messages::new(bytes);
    let (octet, is_command, message) = messages.next().expect("a message");
    assert_eq!((octet, is_command), (bytes[0], command));
    let message = message.expect("it makes sense");
    assert!(messages.next().is_none());
    let mut out = [0; 64];
    let length = message.write(command, &mut out).expect("it fits");
    assert_eq!(&out[..length], bytes, "written as read");
    message
}

#[test]
fn the_frames_that_open_a_session() {
    let sabm = frame(&[0x03, 0x3F, 0x01, 0x1C]);
    assert_eq!((sabm.dlci, sabm.kind), (Dlci::CONTROL, Kind::Sabm));
    assert!(sabm.command_response && sabm.poll_final);
    let ua = frame(&[0x03, 0x73, 0x01, 0xD7]);
    assert_eq!(ua.kind, Kind::Ua);
    let pn = frame(&[
        0x03, 0xEF, 0x15, 0x83, 0x11, 0x14, 0xF0, 0x07, 0x00, 0x9B, 0x02, 0x00, 0x07, 0x70,
    ]);
    assert_eq!((pn.credits, pn.information.len()), (None, 10));
    let Message::ParameterNegotiation(p) = message(true, pn.information) else { panic!() };
    assert_eq!(p.dlci.server_channel(), ServerChannel::new(10));
    assert_eq!((p.flow, p.frame_size, p.credits), (FrameType::CREDITS_ASKED, 667, 7));
    let Message::ModemStatus { signals, .. } = message(true, &[0xE3, 0x05, 0x53, 0x8D]) else {
        panic!()
    };
    assert_eq!(signals, ModemSignals::READY);
}

#[test]
fn credits_stand_outside_of_the_length() {
    let data = frame(&[0x51, 0xFF, 0x07, 0x21, 0x0D, 0x0A, 0x4F, 0xF7]);
    assert_eq!((data.credits, data.information), (Some(0x21), &b"\r\nO"[..]));
    // Without credits agreed on, the P/F bit alone means nothing.
    let frame = Frame { credits: None, ..data };
    let mut out = [0; 16];
    let length = frame.write(&mut out).expect("it fits");
    assert_eq!(Frame::parse(&out[..length]), Ok(frame));
}

#[test]
fn what_is_no_frame() {
    let ua = [0x03, 0x73, 0x01, 0xD7];
    for end in 0..ua.len() {
        assert_eq!(Frame::parse(&ua[..end]), Err(Malformed));
    }
    for bit in 0..8 * ua.len() {
        let mut damaged = ua;
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(Frame::parse(&damaged), Err(Malformed), "bit {bit}");
    }
    // The lengths do not agree.
    assert_eq!(Frame::parse(&[0x03, 0xEF, 0x05, 0x83, 0x70]), Err(Malformed));
}

#[test]
fn messages_of_the_multiplexer() {
    let line = Dlci::new(20).expect("legal");
    assert_eq!(
        message(true, &[0x93, 0x03, 0x53]),
        Message::RemotePortNegotiation { dlci: line, settings: None }
    );
    assert_eq!(
        message(false, &[0x91, 0x11, 0x53, 0x03, 0x03, 0x00, 0x11, 0x13, 0x7F, 0x3F]),
        Message::RemotePortNegotiation { dlci: line, settings: Some(PortSettings::DEFAULT) }
    );
    assert_eq!(
        message(true, &[0x53, 0x05, 0x53, 0x09]),
        Message::RemoteLineStatus { dlci: line, status: LineStatus(9) }
    );
    assert_eq!(message(true, &[0x23, 0x05, 0xAA, 0x55]), Message::Test(&[0xAA, 0x55]));
    assert_eq!(message(true, &[0xA3, 0x01]), Message::FlowOn);
    assert_eq!(message(false, &[0x61, 0x01]), Message::FlowOff);
    assert_eq!(message(false, &[0x11, 0x03, 0xC3]), Message::NonSupportedCommand(0xC3));
    assert_eq!(message(true, &[0xC3, 0x01]), Message::Unknown(MessageType(0x30)));
    let broken = [0xE3, 0x07, 0x53, 0x8C, 0x13];
    let Message::ModemStatus { break_signal, .. } = message(true, &broken) else { panic!() };
    assert_eq!(break_signal, Some(0x13));
}

#[test]
fn several_messages_in_a_frame_and_one_cut_off() {
    let bytes = [0xA3, 0x01, 0x83, 0x05, 0x00, 0x00, 0x23, 0x03, 0x55, 0xE3, 0x05, 0x53];
    let found: Vec<_> = Messages::new(&bytes).map(|(.., message)| message).collect();
    assert_eq!(found, [Ok(Message::FlowOn), Err(Malformed), Ok(Message::Test(&[0x55]))]);
}

proptest! {
    #[test]
    fn any_frame_is_read_as_written(
        number in 2u8..=61,
        command_response: bool,
        credits: Option<u8>,
        information in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let frame = Frame {
            dlci: Dlci::new(number).expect("legal"),
            command_response,
            kind: Kind::Uih,
            poll_final: credits.is_some(),
            credits,
            information: &information,
        };
        let mut out = [0; 310];
        let length = frame.write(&mut out).expect("it fits");
        prop_assert_eq!(Frame::parse(&out[..length]), Ok(frame));
        prop_assert!(length <= information.len() + MAX_OVERHEAD);
    }
}
