//! Elements of every type and size, limits of depth and length, PDUs, and whatever bytes there are.

use super::*;
use crate::Malformed;
use crate::l2cap::Psm;
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

#[test]
fn every_type_and_size() {
    let cases: &[(&[u8], Element<'_>)] = &[
        (&[0x00], Element::Nil),
        (&[0x08, 0xFE], Element::U8(0xFE)),
        (&[0x09, 1, 2], Element::U16(0x0102)),
        (&[0x0A, 1, 2, 3, 4], Element::U32(0x0102_0304)),
        (&[0x0B, 0, 0, 0, 0, 0, 0, 0, 7], Element::U64(7)),
        (&[0x0C, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7], Element::U128(0x107)),
        (&[0x10, 0xFE], Element::I8(-2)),
        (&[0x11, 0xFF, 0xFE], Element::I16(-2)),
        (&[0x12, 0xFF, 0xFF, 0xFF, 0xFE], Element::I32(-2)),
        (&[0x13, 255, 255, 255, 255, 255, 255, 255, 254], Element::I64(-2)),
        (&[0x19, 0x11, 0x0B], Element::Uuid(Uuid::AUDIO_SINK)),
        (&[0x1A, 0, 0, 0x11, 0x0B], Element::Uuid(Uuid::AUDIO_SINK)),
        (
            &[0x1C, 0, 0, 0x11, 0x0B, 0, 0, 0x10, 0, 0x80, 0, 0, 0x80, 0x5F, 0x9B, 0x34, 0xFB],
            Element::Uuid(Uuid::AUDIO_SINK),
        ),
        (&[0x25, 2, b'h', b'i'], Element::Text(b"hi")),
        (&[0x26, 0, 2, b'h', b'i'], Element::Text(b"hi")),
        (&[0x27, 0, 0, 0, 2, b'h', b'i'], Element::Text(b"hi")),
        (&[0x28, 1], Element::Boolean(true)),
        (&[0x45, 1, b'u'], Element::Url(b"u")),
    ];
    for (bytes, expected) in cases {
        assert_eq!(Element::parse(bytes), Ok((*expected, &[][..])), "{bytes:02X?}");
        for cut in 0..bytes.len() {
            assert_eq!(Element::parse(&bytes[..cut]), Err(Malformed), "{bytes:02X?} cut at {cut}");
        }
    }
    for bad in [[0x01, 0], [0x28, 2], [0x18, 0], [0x4D, 0], [0x0D, 0], [0x20, 0], [0x30, 0]] {
        assert_eq!(Element::parse(&bad), Err(Malformed), "{bad:02X?}");
    }
}

#[test]
fn short_and_long_uuids() {
    assert_eq!(Uuid::AUDIO_SINK.as_short(), Some(0x110B));
    assert_eq!(Uuid::long(Uuid::AUDIO_SINK.as_long()), Uuid::AUDIO_SINK);
    let other = Uuid::long(0x0102_0304_0506_0708_090A_0B0C_0D0E_0F10);
    assert_eq!(other.as_short(), None);
    assert_eq!(
        std::format!("{other} {}", Uuid::AUDIO_SINK),
        "01020304-0506-0708-090A-0B0C0D0E0F10 0x110B"
    );
}

#[test]
fn depth_is_limited() {
    let nested = |depth: usize| {
        let mut bytes = vec![0x00];
        for _ in 0..depth {
            bytes = [vec![0x35, bytes.len() as u8], bytes].concat();
        }
        bytes
    };
    assert!(Element::parse(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(Element::parse(&nested(MAX_DEPTH + 1)), Err(Malformed));
    // The length of an inner sequence goes beyond the outer one.
    assert_eq!(Element::parse(&[0x35, 3, 0x35, 2, 0x00, 0x00]), Err(Malformed));
}

#[test]
fn builder_moves_long_content() {
    for length in [0, 253, 254, 255, 256, 300] {
        let mut buffer = [0; 400];
        let mut builder = Builder::new(&mut buffer);
        let text: std::string::String = (0..length).map(|_| 'x').collect();
        builder.sequence(|inside| {
            inside.u8(1).text(&text).sequence(|_| {}).uuid(Uuid::L2CAP);
        });
        let size = builder.finish().unwrap();
        let (element, rest) = Element::parse(&buffer[..size]).unwrap();
        assert_eq!(rest, []);
        let inside: Vec<_> = element.as_sequence().unwrap().iter().collect();
        let expected = [
            Element::U8(1),
            Element::Text(text.as_bytes()),
            Element::Sequence(Elements::default()),
            Element::Uuid(Uuid::L2CAP),
        ];
        assert_eq!(inside, expected);
        let mut small = vec![0; size - 1];
        let mut builder = Builder::new(&mut small);
        builder.sequence(|inside| {
            inside.u8(1).text(&text).sequence(|_| {}).uuid(Uuid::L2CAP);
        });
        assert_eq!(builder.finish(), Err(crate::NoRoom));
    }
}

/// What a phone says about its A2DP source.
fn source() -> Vec<u8> {
    let mut buffer = [0; 128];
    let mut builder = Builder::new(&mut buffer);
    builder.attribute(AttributeId::SERVICE_CLASS_ID_LIST).sequence(|s| {
        s.uuid(Uuid::AUDIO_SOURCE);
    });
    builder.attribute(AttributeId::PROTOCOL_DESCRIPTOR_LIST).sequence(|s| {
        s.sequence(|s| {
            s.uuid(Uuid::L2CAP).u16(0x0019);
        });
        s.sequence(|s| {
            s.uuid(Uuid::AVDTP).u16(0x0103);
        });
    });
    builder.attribute(AttributeId::PROFILE_DESCRIPTOR_LIST).sequence(|s| {
        s.sequence(|s| {
            s.uuid(Uuid::ADVANCED_AUDIO_DISTRIBUTION).u16(0x0104);
        });
    });
    builder.attribute(AttributeId::SUPPORTED_FEATURES).u16(1);
    let length = builder.finish().unwrap();
    buffer[..length].to_vec()
}

#[test]
fn what_a_record_says() {
    let bytes = source();
    let record = AttributeList::parse(&bytes).unwrap();
    assert!(record.is_of_class(Uuid::AUDIO_SOURCE) && !record.is_of_class(Uuid::AUDIO_SINK));
    assert_eq!(record.psm(), Some(Psm::AVDTP));
    assert_eq!(record.protocol_parameter(Uuid::AVDTP), Some(0x0103));
    assert_eq!(record.profile_version(Uuid::ADVANCED_AUDIO_DISTRIBUTION), Some(0x0104));
    assert_eq!(record.unsigned(AttributeId::SUPPORTED_FEATURES), Some(1));
    assert_eq!(record.get(AttributeId::SERVICE_NAME), None);
    assert!(record.contains(Uuid::L2CAP));
    assert_eq!(AttributeList::parse(&bytes[..3]), Err(Malformed));
    assert_eq!(AttributeList::parse(&[0x08, 1, 0x08, 1]), Err(Malformed));
}

#[test]
fn ranges() {
    let range = |element| AttributeRange::from_element(element);
    assert_eq!(range(Element::U32(0x0000_FFFF)), Ok(AttributeRange::ALL));
    assert_eq!(range(Element::U16(4)), Ok(AttributeRange::one(AttributeId(4))));
    assert_eq!(range(Element::U32(0x0005_0004)), Err(Malformed));
    assert_eq!(range(Element::U8(4)), Err(Malformed));
}

#[test]
fn pdu_lengths_must_agree() {
    let mut out = [0; 64];
    let length = Pdu::ErrorResponse(ErrorCode::INVALID_PDU_SIZE).write(7, &mut out).unwrap();
    assert_eq!(out[..length], [0x01, 0, 7, 0, 2, 0, 4]);
    assert_eq!(Pdu::parse(&out[..length + 1]), Err(Malformed));
    assert_eq!(Pdu::parse(&out[..length - 1]), Err(Malformed));
    assert_eq!(Continuation::new(&[0; 17]), None);
}

proptest! {
    /// Whatever PDU can be read is read the same from what is written of it.
    #[test]
    fn pdus_round_trip(id in 1u8..8, body in pdu_body(), tail in any::<Vec<u8>>()) {
        let parameters = [body, tail].concat();
        let mut pdu = vec![id, 0, 9];
        pdu.extend_from_slice(&(parameters.len() as u16).to_be_bytes());
        pdu.extend_from_slice(&parameters);
        if let Ok((transaction, read)) = Pdu::parse(&pdu) {
            let mut out = vec![0; pdu.len() + 8];
            let length = read.write(transaction, &mut out).unwrap();
            prop_assert_eq!(Pdu::parse(&out[..length]), Ok((9, read)));
            prop_assert!(read.write(transaction, &mut out[..length - 1]).is_err());
        }
    }

    #[test]
    fn whatever_bytes(bytes in any::<Vec<u8>>()) {
        if let Ok((element, rest)) = Element::parse(&bytes) {
            prop_assert!(rest.len() < bytes.len());
            element.contains(Uuid::SDP);
        }
        if let Ok(list) = AttributeList::parse(&bytes) {
            let _ = (list.psm(), list.profile_version(Uuid::AVDTP), list.is_of_class(Uuid::SDP));
        }
        let _ = AttributeLists::parse(&bytes).map(|lists| lists.iter().count());
        let _ = Pdu::parse(&bytes);
    }

    /// A record with an octet changed: read or refused, never worse.
    #[test]
    fn a_damaged_record(at in 0usize..60, value in any::<u8>()) {
        let mut bytes = source();
        let at = at % bytes.len();
        bytes[at] = value;
        if let Ok(record) = AttributeList::parse(&bytes) {
            let _ = (record.psm(), record.protocol_parameter(Uuid::AVDTP));
            let _ = record.profile_version(Uuid::ADVANCED_AUDIO_DISTRIBUTION);
            prop_assert!(record.iter().count() <= 8);
        }
    }
}

/// Parameters that come close to those of some PDU.
fn pdu_body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(vec![0x35, 3, 0x19, 1, 0, 0, 9, 0]),
        Just(vec![0x35, 3, 0x19, 1, 0, 0, 9, 0x35, 5, 0x0A, 0, 0, 255, 255, 2, 1, 2]),
        Just(vec![0, 1, 0, 0, 0, 9, 0x35, 3, 0x09, 0, 4, 1, 1]),
        Just(vec![0, 1, 0, 1, 0, 1, 0, 0, 0]),
        Just(vec![0, 3, 1, 2, 3, 0]),
        Just(vec![0, 4]),
        Just(vec![]),
    ]
}
