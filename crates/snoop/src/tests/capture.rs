use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use wire::Address;
use wire::h4::Channel;

use crate::note::{Audible, Heard, Kind, heard, parse};
use crate::{
    Capture, Content, Direction, LONGEST_NOTE, LinkType, ReadError, Record, Records, Writer,
};

/// 2026-11-21 05:31:02 UTC.
const START: Duration = Duration::from_secs(1_795_239_062);
const PHONE: Address = Address([6, 5, 4, 3, 2, 1]);

fn us(n: u64) -> Duration {
    Duration::from_micros(n)
}

fn writer(link_type: LinkType) -> Writer<Vec<u8>> {
    Writer::new(Vec::new(), link_type, START).unwrap()
}

fn records(bytes: &[u8]) -> Vec<Record<'_>> {
    Records::new(bytes).unwrap().collect()
}

fn packet(direction: Direction, channel: Channel, packet: &[u8]) -> Content<'_> {
    Content::Packet { direction, channel, packet }
}

#[test]
fn the_monitor_type_is_laid_out_as_the_kernel_does() {
    let mut writer = writer(LinkType::Monitor);
    writer.packet(us(1_500_000), Direction::Sent, Channel::Command, &[3, 0x0c, 0]).unwrap();
    let bytes = writer.into_inner();
    assert_eq!(bytes[..16], *b"btsnoop\0\0\0\0\x01\0\0\x07\xd1");
    assert_eq!(bytes[16..32], [0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 0]);
    let since_year_0 = i64::from_be_bytes(bytes[32..40].try_into().unwrap());
    assert_eq!(since_year_0, 0x00dc_ddb3_0f2f_8000 + 1_795_239_063_500_000);
    assert_eq!(bytes[40..], [3, 0x0c, 0]);
}

#[test]
fn every_kind_of_packet_comes_back() {
    let packets: [(Direction, Channel, &[u8], u32); 6] = [
        (Direction::Sent, Channel::Command, &[3, 0x0c, 0], 2),
        (Direction::Received, Channel::Event, &[0x0e, 4, 1, 3, 0x0c, 0], 3),
        (Direction::Sent, Channel::Acl, &[1, 0x20, 1, 0, 9], 0),
        (Direction::Received, Channel::Acl, &[1, 0x20, 1, 0, 8], 1),
        (Direction::Sent, Channel::Synchronous, &[1, 0, 1, 7], 0),
        (Direction::Received, Channel::Synchronous, &[1, 0, 1, 6], 1),
    ];
    for link_type in [LinkType::H4, LinkType::Monitor] {
        let mut writer = writer(link_type);
        for (n, (direction, channel, bytes, _)) in packets.iter().enumerate() {
            writer.packet(us(n as u64), *direction, *channel, bytes).unwrap();
        }
        let bytes = writer.into_inner();
        let records = records(&bytes);
        assert_eq!(records.len(), packets.len());
        for (n, (record, (direction, channel, bytes, _))) in records.iter().zip(packets).enumerate()
        {
            assert_eq!(record.time, START.as_micros() as i64 + n as i64);
            assert_eq!((record.controller, record.cut), (0, false));
            assert_eq!(record.content, packet(direction, channel, bytes));
        }
    }
    // The flags of link type 1002, which are those of 1001.
    let mut writer = writer(LinkType::H4);
    for (direction, channel, bytes, _) in packets {
        writer.packet(us(0), direction, channel, bytes).unwrap();
    }
    let bytes = writer.into_inner();
    let mut at = 16;
    for (_, _, packet, flags) in packets {
        assert_eq!(bytes[at + 8..at + 12], flags.to_be_bytes());
        at += 24 + 1 + packet.len();
    }
}

#[test]
fn plain_captures_are_read_by_their_flags() {
    let mut bytes = b"btsnoop\0\0\0\0\x01\0\0\x03\xe9".to_vec();
    for (flags, byte) in [(2u8, 0xa), (3, 0xb), (0, 0xc), (1, 0xd)] {
        bytes.extend([0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, flags, 0, 0, 0, 0]);
        bytes.extend(0x00dc_ddb3_0f2f_8000u64.to_be_bytes());
        bytes.push(byte);
    }
    let contents: Vec<_> = records(&bytes).iter().map(|r| (r.time, r.cut, r.content)).collect();
    assert_eq!(
        contents,
        [
            (0, true, packet(Direction::Sent, Channel::Command, &[0xa])),
            (0, true, packet(Direction::Received, Channel::Event, &[0xb])),
            (0, true, packet(Direction::Sent, Channel::Acl, &[0xc])),
            (0, true, packet(Direction::Received, Channel::Acl, &[0xd])),
        ]
    );
    assert!(Writer::new(Vec::new(), LinkType::Plain, START).is_err());
}

#[test]
fn notes_and_controllers_stand_among_the_packets() {
    let mut monitor = writer(LinkType::Monitor);
    let audible = [Audible { phone: PHONE, kind: Kind::Media }];
    monitor.controller(us(0), PHONE, "tandem0-and-more").unwrap();
    monitor.note(us(1), Heard(&audible)).unwrap();
    monitor.note(us(2), format_args!("zero\0inside {}", 7)).unwrap();
    monitor.note(us(3), "é".repeat(LONGEST_NOTE)).unwrap();
    monitor.controller_lost(us(4)).unwrap();
    let bytes = monitor.into_inner();
    let records = records(&bytes);
    assert_eq!(records[0].content, Content::Controller { address: PHONE, name: b"tandem0" });
    assert!(matches!(records[1].content, Content::Other { kind: 8, data: &[] }));
    let texts: Vec<_> = records.iter().filter_map(|r| r.content.text()).collect();
    assert_eq!(texts[0], "tandem heard phone=01:02:03:04:05:06 kind=media");
    assert_eq!(texts[1], "zero inside 7");
    assert_eq!(texts[2], "é".repeat(LONGEST_NOTE / 2));
    assert_eq!(records.last().unwrap().content, Content::ControllerLost);

    let mut h4 = writer(LinkType::H4);
    h4.note(us(0), "left out").unwrap();
    h4.controller(us(0), PHONE, "tandem0").unwrap();
    h4.controller_lost(us(0)).unwrap();
    assert_eq!(h4.into_inner().len(), 16);
}

#[test]
fn the_line_of_who_is_heard_reads_back() {
    let two = [
        Audible { phone: PHONE, kind: Kind::Call },
        Audible { phone: Address([9; 6]), kind: Kind::Assistant },
    ];
    for audible in [&two[..], &two[..1], &[]] {
        assert_eq!(heard(&Heard(audible).to_string()).as_deref(), Some(audible));
    }
    assert_eq!(Heard(&[]).to_string(), "tandem heard none");
    for other in ["", "tandem", "tandem hear none", "heard none", "Bluetooth daemon 5.7"] {
        assert_eq!(heard(other), None, "{other}");
    }
    let odd = "tandem heard kind=call x phone=nonsense phone=09:09:09:09:09:09 kind=new gain=3";
    assert_eq!(heard(odd), Some(vec![Audible { phone: Address([9; 6]), kind: Kind::Media }]));
    let (word, pairs) = parse("tandem order phone=x order=pause").unwrap();
    assert_eq!(
        (word, pairs.collect::<Vec<_>>()),
        ("order", vec![("phone", "x"), ("order", "pause")])
    );
}

#[test]
fn a_torn_last_record_costs_that_record_alone() {
    let mut writer = writer(LinkType::H4);
    for n in 0..2 {
        writer.packet(us(0), Direction::Received, Channel::Event, &[n, 1, 0]).unwrap();
    }
    let bytes = writer.into_inner();
    let second = 16 + 24 + 4;
    for end in 16..=bytes.len() {
        let mut records = Records::new(&bytes[..end]).unwrap();
        let whole = records.by_ref().count();
        let expected = usize::from(end >= second) + usize::from(end == bytes.len());
        assert_eq!(whole, expected, "{end} bytes");
        assert_eq!(records.torn(), ![16, second, bytes.len()].contains(&end), "{end} bytes");
    }
}

#[test]
fn files_are_mapped_and_what_is_no_capture_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("capture.btsnoop");
    assert!(matches!(Capture::open(&path), Err(ReadError::Io(_))));
    let mut writer = Writer::create(&path, START).unwrap();
    writer.packet(us(0), Direction::Received, Channel::Event, &[0x0e, 0]).unwrap();
    writer.flush().unwrap();
    let capture = Capture::open(&path).unwrap();
    assert_eq!(capture.records().link_type(), LinkType::Monitor);
    assert_eq!(capture.records().count(), 1);

    let refused = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        Capture::open(&path).unwrap_err().to_string()
    };
    assert_eq!(refused(b""), "not a btsnoop capture");
    assert_eq!(refused(b"btsnoop\0\0\0\0\x01"), "not a btsnoop capture");
    assert_eq!(refused(&[0; 64]), "not a btsnoop capture");
    assert_eq!(
        refused(b"btsnoop\0\0\0\0\x02\0\0\x03\xea"),
        "a btsnoop capture of version 2, not 1"
    );
    assert_eq!(
        refused(b"btsnoop\0\0\0\0\x01\0\0\x03\xec"),
        "a btsnoop capture of link type 1004; 1001, 1002 and 2001 can be read"
    );
}

proptest! {
    #[test]
    fn any_bytes_behind_a_header_are_read_without_harm(
        link_type in prop::sample::select(vec![1001u16, 1002, 2001]),
        lengths in vec(0u8..40, 0..10),
        noise in vec(any::<u8>(), 0..300),
    ) {
        let mut bytes = b"btsnoop\0\0\0\0\x01\0\0".to_vec();
        bytes.extend(link_type.to_be_bytes());
        let mut noise = noise.into_iter();
        for length in lengths {
            bytes.extend([0, 0, 0, length, 0, 0, 0, length]);
            bytes.extend(noise.by_ref().take(16 + usize::from(length)));
        }
        bytes.extend(noise);
        let records = Records::new(&bytes).unwrap();
        prop_assert!(records.count() <= bytes.len() / 24);
    }
}
