//! Packets are found however they are cut into transfers.

use pool::{Arena, HEADROOM, Instant};
use proptest::prelude::*;
use wire::h4::Channel;

use super::rig::{acl, event};
use crate::framer::Framer;

const BLOCK: usize = 2048;

/// Feeds transfers cut at these places, and gives the packets.
fn frame(channel: Channel, bytes: &[u8], cuts: &[usize], arena: &Arena) -> (Framer, Vec<Vec<u8>>) {
    let mut framer = Framer::new(channel, arena.clone());
    let mut packets = Vec::new();
    let mut rest = bytes;
    for cut in cuts.iter().copied().chain(std::iter::repeat(1984)) {
        let (transfer, behind) = rest.split_at(cut.min(rest.len()));
        let mut block = arena.take().unwrap();
        block.append(transfer).unwrap();
        block.set_arrival(Instant::from_millis(1));
        framer.feed(block, true);
        packets.extend(std::iter::from_fn(|| framer.packet()).map(|packet| packet.to_vec()));
        rest = behind;
        if rest.is_empty() {
            break;
        }
    }
    (framer, packets)
}

proptest! {
    #[test]
    fn any_cutting_of_data_gives_the_same_packets(
        bodies in prop::collection::vec(0..1030usize, 1..12),
        cuts in prop::collection::vec(0..300usize, 0..60),
    ) {
        let arena = Arena::new(8, BLOCK);
        let packets: Vec<_> = bodies.into_iter().map(acl).collect();
        let (framer, found) = frame(Channel::Acl, &packets.concat(), &cuts, &arena);
        prop_assert_eq!(found, packets);
        prop_assert_eq!((framer.bad, framer.resyncs), (0, 0));
        drop(framer);
        prop_assert_eq!(arena.free(), 8);
    }

    #[test]
    fn any_cutting_of_events_gives_the_same_packets(
        bodies in prop::collection::vec(0..256usize, 1..12),
        cuts in prop::collection::vec(0..17usize, 0..200),
    ) {
        let arena = Arena::new(8, BLOCK);
        let packets: Vec<_> = bodies.into_iter().map(event).collect();
        let (_, found) = frame(Channel::Event, &packets.concat(), &cuts, &arena);
        prop_assert_eq!(found, packets);
    }

    #[test]
    fn any_bytes_are_survived(
        transfers in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 0..400), any::<bool>(), any::<bool>()), 0..40),
    ) {
        let arena = Arena::new(4, BLOCK);
        let mut framer = Framer::new(Channel::Acl, arena.clone());
        for (bytes, short, broken) in transfers {
            if broken {
                framer.broken();
                continue;
            }
            let mut block = arena.take().unwrap();
            block.append(&bytes).unwrap();
            framer.feed(block, short);
            while framer.packet().is_some() {}
        }
        drop(framer);
        prop_assert_eq!(arena.free(), 4);
    }
}

#[test]
fn a_packet_that_straddles_transfers_is_gathered_and_counted() {
    let arena = Arena::new(8, BLOCK);
    let (_, found) = frame(Channel::Acl, &acl(100), &[64, 40], &arena);
    assert_eq!((found, arena.copied()), (vec![acl(100)], 40));
}

#[test]
fn an_impossible_length_costs_what_comes_up_to_the_next_short_transfer() {
    let arena = Arena::new(8, BLOCK);
    let mut framer = Framer::new(Channel::Acl, arena.clone());
    let mut feed = |bytes: &[u8], short| {
        let mut block = arena.take().unwrap();
        block.append(bytes).unwrap();
        framer.feed(block, short);
        framer.packet().map(|packet| packet.to_vec())
    };
    let longest = BLOCK - HEADROOM - 4;
    let [low, high] = (longest as u16 + 1).to_le_bytes();
    assert_eq!(feed(&[0x2a, 0x20, low, high, 1, 2, 3], false), None);
    assert_eq!(feed(&acl(30), false), None);
    assert_eq!(feed(&acl(31), true), None);
    assert_eq!(feed(&acl(32), true), Some(acl(32)));
    // With a short transfer of its own it costs nothing else.
    assert_eq!(feed(&[0x2a, 0x20, low, high], true), None);
    assert_eq!(feed(&acl(33), true), Some(acl(33)));
    assert_eq!((framer.bad, framer.resyncs), (2, 2));
}

#[test]
fn a_failure_in_the_middle_of_a_packet_costs_that_packet() {
    let arena = Arena::new(8, BLOCK);
    let mut framer = Framer::new(Channel::Event, arena.clone());
    let feed = |framer: &mut Framer, bytes: &[u8], short| {
        let mut block = arena.take().unwrap();
        block.append(bytes).unwrap();
        framer.feed(block, short);
        framer.packet().map(|packet| packet.to_vec())
    };
    let long = event(40);
    assert_eq!(feed(&mut framer, &long[..16], false), None);
    framer.broken();
    assert_eq!(feed(&mut framer, &long[32..], true), None);
    assert_eq!(feed(&mut framer, &event(3), true), Some(event(3)));
    framer.broken();
    assert_eq!(feed(&mut framer, &event(4), true), Some(event(4)), "nothing was under way");
    assert_eq!((framer.bad, framer.resyncs), (1, 1));
}

#[test]
fn without_a_block_to_gather_in_the_packet_is_given_up() {
    let arena = Arena::new(2, BLOCK);
    let mut framer = Framer::new(Channel::Acl, arena.clone());
    let mut first = arena.take().unwrap();
    first.append(&acl(1900)).unwrap();
    first.append(&acl(1000)[..80]).unwrap();
    let _other = arena.take().unwrap();
    framer.feed(first, true);
    let whole = framer.packet();
    assert_eq!(whole.as_deref(), Some(&acl(1900)[..]));
    assert!(framer.packet().is_none());
    assert_eq!(framer.bad, 1);
}
