//! ACL data: fragments, credits, fairness, what is damaged.

use super::*;
use crate::controller::{Authenticate, EARLY_TIMEOUT, LINK_QUEUE, SendError};
use wire::hci::{AclHeader, Boundary, Completed, List};

fn two_links(dongle: Dongle) -> (Tester, LinkId, LinkId) {
    let config = Config { authenticate: Authenticate::OnDemand, ..Config::default() };
    let mut t = Tester::up_with(config, Vec::new(), dongle);
    t.controller.set_pairable(t.now, true);
    let a = t.connected(PHONE, HANDLE);
    let b = t.connected(OTHER, Handle::new(0x43));
    t.heard.clear();
    (t, a, b)
}

fn completed(t: &mut Tester, handle: Handle, count: u16) {
    let done = [Completed { connection_handle: handle, num_completed_packets: count }];
    t.say(Event::NumberOfCompletedPackets { completed: List::new(&done) });
}

/// Handle, boundary and data of the next packet sent.
fn sent(t: &mut Tester) -> Option<(u16, Boundary, Vec<u8>)> {
    t.turn();
    let frame = t.data.pop_front()?;
    let header = AclHeader::parse(&frame).expect("a sound header");
    Some((header.handle.raw(), header.boundary, frame[4..].to_vec()))
}

#[test]
fn a_packet_that_fits_goes_in_its_own_block() {
    let (mut t, a, _) = two_links(Dongle::modern());
    let frame = t.frame(&[1, 2, 3, 4, 5]);
    let place = frame.as_ptr();
    t.controller.send(a, frame).unwrap();
    t.turn();
    let frame = t.data.pop_front().unwrap();
    assert_eq!(&frame[..], [0x42, 0x20, 5, 0, 1, 2, 3, 4, 5]);
    assert_eq!(frame[4..].as_ptr(), place);
    assert_eq!(t.arena.copied(), 0);
}

#[test]
fn a_long_packet_goes_in_fragments_of_the_controllers_length() {
    let (mut t, a, _) = two_links(Dongle { acl: (100, 4), ..Dongle::modern() });
    let octets: Vec<u8> = (0..=249).collect();
    let frame = t.frame(&octets);
    let place = frame.as_ptr();
    t.controller.send(a, frame).unwrap();
    t.turn();
    assert_eq!(t.data[0][4..].as_ptr(), place, "the first is not copied");
    // Two links share four credits.
    assert_eq!(sent(&mut t), Some((0x42, Boundary::FirstFlushable, octets[..100].to_vec())));
    assert_eq!(sent(&mut t), Some((0x42, Boundary::Continuing, octets[100..200].to_vec())));
    assert_eq!(sent(&mut t), None);
    completed(&mut t, HANDLE, 1);
    assert_eq!(sent(&mut t), Some((0x42, Boundary::Continuing, octets[200..].to_vec())));
    t.controller.send(a, t.frame(&[7; 100])).unwrap();
    completed(&mut t, HANDLE, 2);
    assert_eq!(sent(&mut t), Some((0x42, Boundary::FirstFlushable, vec![7; 100])));
    assert_eq!(t.controller.outbound.credits(), 3);
}

#[test]
fn links_take_turns_and_none_takes_all() {
    let (mut t, a, b) = two_links(Dongle { acl: (339, 4), ..Dongle::modern() });
    for n in 0..10 {
        t.controller.send(a, t.frame(&[n])).unwrap();
    }
    let of = |t: &mut Tester| sent(t).map(|(handle, ..)| handle);
    assert_eq!((of(&mut t), of(&mut t), of(&mut t)), (Some(0x42), Some(0x42), None));
    // The first link is stuck; the second goes on and on.
    for n in 0..20 {
        t.controller.send(b, t.frame(&[n])).unwrap();
        assert_eq!(sent(&mut t), Some((0x43, Boundary::FirstFlushable, vec![n])));
        completed(&mut t, Handle::new(0x43), 1);
    }
    // Both have something and credits come one by one: they alternate.
    for n in 0..8 {
        t.controller.send(b, t.frame(&[n])).unwrap();
    }
    while of(&mut t).is_some() {}
    completed(&mut t, HANDLE, 2);
    completed(&mut t, Handle::new(0x43), 2);
    let order: Vec<_> = core::iter::from_fn(|| of(&mut t)).collect();
    assert_eq!(order.len(), 4);
    assert_eq!(order.iter().filter(|&&handle| handle == 0x42).count(), 2);
}

#[test]
fn equal_links_get_equal_shares() {
    let (mut t, a, b) = two_links(Dongle { acl: (339, 8), ..Dongle::modern() });
    let mut counts = [0u32; 2];
    for _ in 0..200 {
        while t.controller.waiting(a) < 4 {
            t.controller.send(a, t.frame(&[1])).unwrap();
        }
        while t.controller.waiting(b) < 4 {
            t.controller.send(b, t.frame(&[2])).unwrap();
        }
        while let Some((handle, ..)) = sent(&mut t) {
            counts[usize::from(handle == 0x43)] += 1;
            let done =
                [Completed { connection_handle: Handle::new(handle), num_completed_packets: 1 }];
            t.feed(Event::NumberOfCompletedPackets { completed: List::new(&done) });
            if t.controller.waiting(a) == 0 || t.controller.waiting(b) == 0 {
                break;
            }
        }
    }
    assert!(counts[0].abs_diff(counts[1]) <= 8, "{counts:?}");
    assert!(counts[0] > 500);
}

#[test]
fn a_link_alone_may_take_every_credit() {
    let mut t = Tester::up(vec![bond(PHONE, KeyType::UnauthenticatedP256)]);
    let id = t.secured(PHONE, HANDLE);
    for n in 0..6 {
        t.controller.send(id, t.frame(&[n])).unwrap();
    }
    let count = core::iter::from_fn(|| sent(&mut t)).count();
    assert_eq!(count, 4);
    assert_eq!(t.controller.outbound.credits(), 0);
    assert_eq!(t.controller.waiting(id), 2);
}

#[test]
fn a_disconnection_returns_the_links_credits_and_drops_what_waits() {
    let (mut t, a, b) = two_links(Dongle { acl: (10, 2), ..Dongle::modern() });
    for _ in 0..3 {
        t.controller.send(a, t.frame(&[1; 25])).unwrap();
        t.controller.send(b, t.frame(&[2; 5])).unwrap();
    }
    assert_eq!(core::iter::from_fn(|| sent(&mut t)).count(), 2);
    assert_eq!(t.controller.outbound.credits(), 0);
    let free = t.arena.free();
    t.gone(a, HANDLE, Status::CONNECTION_TIMEOUT);
    assert_eq!(t.controller.counters().flushed, 3);
    // One credit came back, and the other link, alone now, may have it.
    assert_eq!(core::iter::from_fn(|| sent(&mut t)).count(), 1);
    assert!(t.arena.free() >= free + 3);
    // What the controller says of the dead link's packets counts for nothing.
    completed(&mut t, HANDLE, 1);
    assert_eq!(t.controller.counters().unknown_handles, 1);
    assert_eq!(t.controller.outbound.credits(), 0);
}

#[test]
fn credits_that_were_never_taken_are_not_given() {
    let (mut t, a, _) = two_links(Dongle::modern());
    completed(&mut t, HANDLE, 50);
    assert_eq!(t.controller.counters().excess_credits, 50);
    assert_eq!(t.controller.outbound.credits(), 4);
    t.controller.send(a, t.frame(&[1])).unwrap();
    sent(&mut t);
    completed(&mut t, HANDLE, 0xFFFF);
    assert_eq!(t.controller.outbound.credits(), 4);
}

#[test]
fn queues_are_bounded_and_strange_packets_refused() {
    let (mut t, a, _) = two_links(Dongle { acl: (339, 1), ..Dongle::modern() });
    for _ in 0..LINK_QUEUE {
        t.controller.send(a, t.frame(&[1])).unwrap();
    }
    assert_eq!(t.controller.send(a, t.frame(&[1])), Err(SendError::Full));
    assert_eq!(t.controller.send(LinkId(5), t.frame(&[1])), Err(SendError::NoLink));
    assert_eq!(t.controller.send(LinkId(200), t.frame(&[1])), Err(SendError::NoLink));
    assert_eq!(t.controller.send(a, t.frame(&[])), Err(SendError::Length));
    t.controller.disconnect(t.now, a, Status::REMOTE_USER_TERMINATED_CONNECTION).unwrap();
    assert_eq!(t.controller.send(a, t.frame(&[1])), Err(SendError::NoLink));
}

#[test]
fn fragments_wait_for_a_block() {
    let (mut t, a, _) = two_links(Dongle { acl: (10, 8), ..Dongle::modern() });
    t.controller.send(a, t.frame(&[5; 25])).unwrap();
    let blocks: Vec<_> = core::iter::from_fn(|| t.arena.take()).collect();
    assert_eq!(core::iter::from_fn(|| sent(&mut t)).count(), 1);
    assert!(t.controller.wake_at().is_some());
    drop(blocks);
    t.wait(ms(5));
    assert_eq!(core::iter::from_fn(|| sent(&mut t)).count(), 2);
}

#[test]
fn data_comes_in_where_it_was_written() {
    let (mut t, _, b) = two_links(Dongle::modern());
    let frame = t.frame(&[0x43, 0x20, 3, 0, 7, 8, 9]);
    let place = frame[4..].as_ptr();
    let (link, boundary, data) = t.controller.acl(frame).unwrap();
    assert_eq!((link, boundary, &data[..]), (b, Boundary::FirstFlushable, &[7, 8, 9][..]));
    assert_eq!(data.as_ptr(), place);
    let (_, boundary, _) = t.controller.acl(t.frame(&[0x43, 0x10, 0, 0])).unwrap();
    assert_eq!(boundary, Boundary::Continuing);
}

#[test]
fn damaged_data_is_dropped_and_counted() {
    let (mut t, a, _) = two_links(Dongle::modern());
    let bad: [&[u8]; 6] = [
        &[],
        &[0x42, 0x20, 1],
        &[0x42, 0x20, 2, 0, 7],
        &[0x42, 0x20, 0, 0, 7],
        &[0x42, 0x20, 0xFF, 0xFF, 7],
        &[0x42, 0x60, 1, 0, 7],
    ];
    for octets in bad {
        assert!(t.controller.acl(t.frame(octets)).is_none(), "{octets:?}");
    }
    assert_eq!(t.controller.counters().malformed_acl, 6);
    assert!(t.controller.acl(t.frame(&[0x44, 0x20, 1, 0, 7])).is_none());
    t.wait(EARLY_TIMEOUT);
    assert_eq!(t.controller.counters().unknown_handles, 1);
    t.controller.disconnect(t.now, a, Status::REMOTE_USER_TERMINATED_CONNECTION).unwrap();
    assert!(t.controller.acl(t.frame(&[0x42, 0x20, 1, 0, 7])).is_none(), "going");
}
