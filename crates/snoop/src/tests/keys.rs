use std::time::Duration;

use wire::h4::Channel;

use crate::{Content, Direction, LinkType, Records, Writer};

/// What a capture holds of `packet`, every byte of whose parameters should be 0x55 where they do not matter.
fn captured(channel: Channel, packet: &[u8], keep: bool) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), LinkType::Monitor, Duration::ZERO).unwrap();
    writer.keep_keys(keep);
    let direction = if channel == Channel::Command { Direction::Sent } else { Direction::Received };
    writer.packet(Duration::ZERO, direction, channel, packet).unwrap();
    let bytes = writer.into_inner();
    match Records::new(&bytes).unwrap().next().unwrap().content {
        Content::Packet { packet, .. } => packet.to_vec(),
        other => panic!("{other:?}"),
    }
}

/// A packet with these bytes in front and 0x55 up to `length` bytes.
fn filled(front: &[u8], length: usize) -> Vec<u8> {
    let mut packet = front.to_vec();
    packet.resize(length, 0x55);
    packet
}

#[test]
fn keys_are_zeros_unless_asked_for() {
    for (channel, front, length, secrets) in [
        (Channel::Command, &[0x0b, 0x04, 22][..], 25, &[(9, 25)][..]),
        (Channel::Command, &[0x0d, 0x04, 23], 26, &[(10, 26)]),
        (Channel::Command, &[0x30, 0x04, 38], 41, &[(9, 41)]),
        (Channel::Command, &[0x45, 0x04, 70], 73, &[(9, 73)]),
        (Channel::Command, &[0x11, 0x0c, 45, 2], 48, &[(10, 26), (32, 48)]),
        (Channel::Command, &[0x17, 0x20, 32], 35, &[(3, 19)]),
        (Channel::Command, &[0x19, 0x20, 28], 31, &[(15, 31)]),
        (Channel::Command, &[0x1a, 0x20, 18], 21, &[(5, 21)]),
        (Channel::Command, &[0x27, 0x20, 39], 42, &[(10, 42)]),
        (Channel::Event, &[0x18, 23], 25, &[(8, 24)]),
        (Channel::Event, &[0x15, 45, 2], 47, &[(9, 25), (31, 47)]),
        (Channel::Event, &[0x0e, 36, 1, 0x57, 0x0c, 0], 38, &[(6, 38)]),
        (Channel::Event, &[0x0e, 68, 1, 0x7d, 0x0c, 0], 70, &[(6, 70)]),
    ] {
        let packet = filled(front, length);
        let mut expected = packet.clone();
        secrets.iter().for_each(|(start, end)| expected[*start..*end].fill(0));
        assert_eq!(captured(channel, &packet, false), expected);
        assert_eq!(captured(channel, &packet, true), packet);
        // Cut anywhere, it shows no more than the whole.
        for end in 0..length {
            let cut = captured(channel, &packet[..end], false);
            assert!(cut.len() == end && (end < front.len() || cut == expected[..end]));
        }
    }
}

#[test]
fn other_packets_are_left_alone() {
    for (channel, packet) in [
        (Channel::Command, filled(&[0x0c, 0x04, 6], 9)),
        (Channel::Event, filled(&[0x17, 6], 8)),
        (Channel::Event, filled(&[0x0e, 36, 1, 0x01, 0x10, 0], 38)),
        (Channel::Acl, filled(&[0x0b, 0x04, 22, 0], 26)),
    ] {
        assert_eq!(captured(channel, &packet, false), packet);
    }
}

#[test]
fn an_overlong_packet_with_a_key_is_cut_rather_than_shown() {
    let packet = filled(&[0x18, 23], 400);
    let shown = captured(Channel::Event, &packet, false);
    assert!(shown.len() <= 258 && shown[8..24].iter().all(|byte| *byte == 0));
}
