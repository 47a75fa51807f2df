use pool::{Arena, HEADROOM, Instant};
use proptest::collection::vec;
use proptest::prelude::*;
use wire::h4::Channel;

use crate::{Framer, Lost};

/// An ACL packet of `length` bytes behind its header.
fn acl(length: u16, byte: u8) -> Vec<u8> {
    let [low, high] = length.to_le_bytes();
    let mut packet = vec![2, 1, 0x20, low, high];
    packet.resize(5 + usize::from(length), byte);
    packet
}

fn feed(framer: &mut Framer, bytes: &[u8], now: Instant) -> usize {
    let room = framer.room().expect("a block is free");
    let n = room.len().min(bytes.len());
    room[..n].copy_from_slice(&bytes[..n]);
    framer.filled(n, now);
    n
}

#[test]
fn several_packets_of_one_read_share_a_block_without_a_copy() {
    let arena = Arena::new(2, 512);
    let mut framer = Framer::new(arena.clone());
    let bytes = [&[4, 0x0e, 1, 7][..], &acl(3, 9), &[3, 1, 0, 2, 8, 8], &[1, 3, 0x0c, 0]].concat();
    let at = Instant::from_millis(5);
    assert_eq!(feed(&mut framer, &bytes, at), bytes.len());
    let mut packets = Vec::new();
    while let Some(packet) = framer.packet().unwrap() {
        packets.push(packet);
    }
    let expected: [(Channel, &[u8]); 4] = [
        (Channel::Event, &[0x0e, 1, 7]),
        (Channel::Acl, &[1, 0x20, 3, 0, 9, 9, 9]),
        (Channel::Synchronous, &[1, 0, 2, 8, 8]),
        (Channel::Command, &[3, 0x0c, 0]),
    ];
    assert_eq!(packets.len(), expected.len());
    for ((channel, frame), (kind, bytes)) in packets.iter().zip(expected) {
        assert_eq!((*channel, &frame[..], frame.arrival()), (kind, bytes, at));
    }
    assert_eq!((arena.copied(), arena.free()), (0, 1));
}

#[test]
fn a_stream_of_packets_that_come_one_by_one_is_never_copied() {
    let arena = Arena::new(3, 4096);
    let mut framer = Framer::new(arena.clone());
    for n in 0..1000u32 {
        let bytes = acl(960, n as u8);
        assert_eq!(feed(&mut framer, &bytes, Instant::ZERO), bytes.len());
        let (_, frame) = framer.packet().unwrap().expect("a whole packet");
        assert_eq!(frame[..], bytes[1..]);
        assert!(framer.packet().unwrap().is_none());
    }
    assert_eq!(arena.copied(), 0);
}

#[test]
fn a_packet_across_a_block_s_end_moves_to_a_fresh_one() {
    let arena = Arena::new(2, HEADROOM + 100);
    let mut framer = Framer::new(arena.clone());
    let bytes = [acl(60, 1), acl(60, 2)].concat();
    let n = feed(&mut framer, &bytes, Instant::ZERO);
    assert_eq!(n, 100);
    let first = framer.packet().unwrap().unwrap();
    assert!(framer.packet().unwrap().is_none());
    assert_eq!(feed(&mut framer, &bytes[n..], Instant::from_millis(1)), 30);
    let second = framer.packet().unwrap().unwrap();
    assert_eq!((&first.1[4..], &second.1[4..]), (&[1; 60][..], &[2; 60][..]));
    assert_eq!(second.1.arrival(), Instant::from_millis(1), "when its last byte came");
    assert_eq!(arena.copied(), 35);
}

#[test]
fn framing_is_lost_on_an_unknown_type_or_a_length_that_no_block_holds() {
    let arena = Arena::new(1, HEADROOM + 100);
    for (bytes, lost) in [
        (vec![0], Lost::UnknownType(0)),
        (vec![5, 0, 0, 0, 0], Lost::UnknownType(5)),
        (acl(96, 0), Lost::Oversized { channel: Channel::Acl, length: 100, limit: 99 }),
        (
            acl(0xffff, 0)[..5].to_vec(),
            Lost::Oversized { channel: Channel::Acl, length: 0x1_0003, limit: 99 },
        ),
    ] {
        let mut framer = Framer::new(arena.clone());
        feed(&mut framer, &bytes, Instant::ZERO);
        assert_eq!(framer.packet().unwrap_err(), lost);
    }
    let mut framer = Framer::new(arena.clone());
    feed(&mut framer, &acl(95, 0), Instant::ZERO);
    assert_eq!(framer.packet().unwrap().unwrap().1.len(), framer.limit());
}

#[test]
fn without_a_block_to_spare_there_is_no_room_until_one_comes_back() {
    let arena = Arena::new(2, HEADROOM + 100);
    let mut framer = Framer::new(arena.clone());
    let held = arena.take();
    let bytes = [acl(60, 1), acl(60, 2)].concat();
    assert_eq!(feed(&mut framer, &bytes, Instant::ZERO), 100);
    let first = framer.packet().unwrap();
    assert!(framer.room().is_none() && framer.packet().unwrap().is_none());
    drop(first);
    assert!(framer.room().is_none(), "the block is still in use by the second packet");
    drop(held);
    feed(&mut framer, &bytes[100..], Instant::ZERO);
    assert_eq!(framer.packet().unwrap().unwrap().1[4..], [2; 60]);
}

fn packet() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (vec(any::<u8>(), 0..256)).prop_map(|b| [&[1, 3, 0x0c, b.len() as u8], &b[..]].concat()),
        (vec(any::<u8>(), 0..300)).prop_map(|b| {
            [&[2, 1, 0x20, b.len() as u8, (b.len() >> 8) as u8], &b[..]].concat()
        }),
        (vec(any::<u8>(), 0..256)).prop_map(|b| [&[3, 1, 0, b.len() as u8], &b[..]].concat()),
        (vec(any::<u8>(), 0..256)).prop_map(|b| [&[4, 0x0e, b.len() as u8], &b[..]].concat()),
    ]
}

proptest! {
    #[test]
    fn packets_come_out_as_they_went_in(
        packets in vec(packet(), 0..30),
        steps in vec(1usize..700, 1..20),
    ) {
        let arena = Arena::new(4, HEADROOM + 305);
        let mut framer = Framer::new(arena.clone());
        let bytes = packets.concat();
        let (mut at, mut steps, mut seen) = (0, steps.iter().cycle(), Vec::new());
        let mut held = std::collections::VecDeque::new();
        while at < bytes.len() {
            let end = bytes.len().min(at + steps.next().unwrap());
            at += feed(&mut framer, &bytes[at..end], Instant::ZERO);
            while let Some((channel, frame)) = framer.packet().unwrap() {
                seen.push([&[channel.indicator()], &frame[..]].concat());
                held.push_back(frame);
            }
            while arena.free() == 0 && held.pop_front().is_some() {}
        }
        prop_assert_eq!(seen, packets);
    }

    #[test]
    fn garbage_never_panics_nor_runs_on(bytes in vec(any::<u8>(), 0..400)) {
        let mut framer = Framer::new(Arena::new(2, HEADROOM + 40));
        let mut at = 0;
        while at < bytes.len() {
            at += feed(&mut framer, &bytes[at..], Instant::ZERO);
            loop {
                match framer.packet() {
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(_) => return Ok(()),
                }
            }
        }
    }
}
