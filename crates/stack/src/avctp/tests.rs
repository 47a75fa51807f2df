use proptest::prelude::*;

use super::*;

fn head(label: u8, message_type: MessageType) -> Head {
    Head { label: Label::new(label), message_type, pid: Pid::AV_REMOTE_CONTROL }
}

#[test]
fn a_new_message_takes_the_place_of_an_unfinished_one() {
    let mut channel = Channel::new(0x40, 48);
    let mut whole = Message::new();
    assert_eq!(channel.receive(&[0x04, 3, 0x11, 0x0E, 1], &mut whole), Received::Partial);
    let other = head(1, MessageType::Response);
    assert_eq!(channel.receive(&[0x12, 0x11, 0x0E, 9], &mut whole), Received::Message(other));
    assert_eq!(whole, [9]);
    assert_eq!(channel.receive(&[0x08, 2], &mut whole), Received::Malformed);
    assert_eq!(channel.receive(&[0x0C, 3], &mut whole), Received::Malformed);
}

#[test]
fn fragments_of_another_message_are_none_of_this_one() {
    let mut channel = Channel::new(0x40, 48);
    let mut whole = Message::new();
    assert_eq!(channel.receive(&[0x04, 2, 0x11, 0x0E, 1], &mut whole), Received::Partial);
    assert_eq!(channel.receive(&[0x1C, 7], &mut whole), Received::Malformed, "its label");
    assert_eq!(channel.receive(&[0x0E, 7], &mut whole), Received::Malformed, "its type");
    let first = head(0, MessageType::Command);
    assert_eq!(channel.receive(&[0x0C, 2], &mut whole), Received::Message(first));
    assert_eq!(whole, [1, 2]);
}

#[test]
fn what_is_too_long_is_dropped() {
    let mut channel = Channel::new(0x40, 48);
    let mut whole = Message::new();
    let mut packet = vec![0x00, 0x11, 0x0E];
    packet.resize(3 + MAX_MESSAGE + 1, 0);
    assert_eq!(channel.receive(&packet, &mut whole), Received::Malformed);
    assert_eq!(channel.receive(&packet[..3 + MAX_MESSAGE], &mut whole), {
        Received::Message(head(0, MessageType::Command))
    });
    packet.splice(..3, [0x04, 2, 0x11, 0x0E]);
    assert_eq!(channel.receive(&packet, &mut whole), Received::Partial);
    assert_eq!(channel.receive(&[0x0C], &mut whole), Received::Malformed);
}

proptest! {
    #[test]
    fn what_is_cut_is_put_together_again(
        message in proptest::collection::vec(any::<u8>(), 0..=MAX_MESSAGE),
        mtu in 0usize..700,
        label in 0u8..16,
    ) {
        let sender = Channel::new(0x40, mtu);
        let mut receiver = Channel::new(0x41, mtu);
        let head = head(label, MessageType::Response);
        let packets: Vec<Pdu> = sender.packets(head, &message).collect();
        let mut whole = Message::new();
        for (at, packet) in packets.iter().enumerate() {
            let most = if mtu == 0 { MIN_MTU } else { mtu.max(Header::MAX_LEN + 1) };
            prop_assert!(packet.len() <= most);
            let received = receiver.receive(packet, &mut whole);
            if at + 1 == packets.len() {
                prop_assert_eq!(received, Received::Message(head));
            } else {
                prop_assert_eq!(received, Received::Partial);
                prop_assert_eq!(packet.len(), most, "cut no shorter than need be");
            }
        }
        prop_assert_eq!(&whole[..], &message[..]);
    }

    #[test]
    fn whatever_comes(packets in proptest::collection::vec(
        proptest::collection::vec(any::<u8>(), 0..700),
        0..12,
    )) {
        let mut channel = Channel::new(0x40, 48);
        let mut whole = Message::new();
        for packet in packets {
            channel.receive(&packet, &mut whole);
        }
    }
}
