//! Data that overtakes the event that tells of its link.

use super::voice::{VOICE, one};
use super::*;
use crate::VoiceCodec::Cvsd;
use crate::controller::{Authenticate, EARLY_PACKETS, EARLY_TIMEOUT};

const BY_USER: Status = Status::REMOTE_USER_TERMINATED_CONNECTION;
const SECOND: [u8; 6] = [0x43, 0x20, 2, 0, 7, 8];

/// A second device has been accepted, and its link has not been told of.
fn expecting() -> Tester {
    let (mut t, _) = one();
    t.say(Event::ConnectionRequest {
        bd_addr: OTHER,
        class_of_device: CLASS,
        link_type: LinkType::Acl,
    });
    assert!(matches!(t.told(), Output::ConnectionRequest { .. }));
    t.controller.accept(t.now, OTHER).unwrap();
    t
}

#[test]
fn data_waits_for_its_link_and_comes_after_it() {
    let mut t = expecting();
    assert!(t.controller.acl(t.frame(&SECOND)).is_none());
    assert!(t.controller.acl(t.frame(&[0x43, 0x10, 1, 0, 9])).is_none());
    t.wait(EARLY_TIMEOUT - ms(1));
    t.told_nothing();
    t.complete(OTHER, Handle::new(0x43), Status::SUCCESS);
    let Output::Connected { link, .. } = t.told() else { panic!("connected") };
    for expected in [&[7, 8][..], &[9]] {
        let Output::Received(Channel::Acl, frame) = t.told() else { panic!("data") };
        let (from, _, data) = t.controller.acl(frame).expect("a link to carry it");
        assert_eq!((from, &data[..]), (link, expected));
    }
    t.told_nothing();
    let counters = t.controller.counters();
    assert_eq!((counters.early_packets, counters.unknown_handles), (2, 0));
}

#[test]
fn voice_waits_too() {
    let (mut t, link) = one();
    t.controller.setup_voice(t.now, link, Cvsd).unwrap();
    t.turn();
    assert!(t.controller.synchronous(t.frame(&[0x03, 0x01, 1, 5])).is_none());
    t.voice(Status::SUCCESS, VOICE, LinkType::Esco);
    t.told_opened(link, Cvsd, true);
    let Output::Received(Channel::Synchronous, frame) = t.told() else { panic!("voice") };
    let (from, _, data) = t.controller.synchronous(frame).expect("a link to carry it");
    assert_eq!((from, &data[..]), (link, &[5][..]));
}

#[test]
fn data_that_waits_too_long_or_for_a_link_that_went_is_dropped() {
    let mut t = expecting();
    let free = t.arena.free();
    assert!(t.controller.acl(t.frame(&SECOND)).is_none());
    t.wait(ms(20));
    assert!(t.controller.acl(t.frame(&SECOND)).is_none());
    assert!(t.controller.acl(t.frame(&[0x77, 0x20, 1, 0, 1])).is_none());
    t.wait(EARLY_TIMEOUT - ms(20));
    assert_eq!(t.controller.counters().unknown_handles, 1);
    assert_eq!(t.arena.free(), free - 2);
    t.disconnected(Handle::new(0x43), BY_USER);
    assert_eq!(t.arena.free(), free - 1);
    t.wait(ms(20));
    assert_eq!(t.arena.free(), free);
    // The handle that nobody has was counted with the event, too.
    assert_eq!(t.controller.counters().unknown_handles, 4);
    t.complete(OTHER, Handle::new(0x43), Status::SUCCESS);
    assert!(matches!(t.told(), Output::Connected { .. }));
    t.told_nothing();
    assert_eq!(t.controller.counters().early_packets, 0);
}

#[test]
fn a_few_packets_wait_and_no_more() {
    let mut t = expecting();
    let free = t.arena.free();
    for _ in 0..3 * EARLY_PACKETS {
        assert!(t.controller.acl(t.frame(&SECOND)).is_none());
    }
    assert_eq!(t.arena.free(), free - EARLY_PACKETS);
    assert_eq!(t.controller.counters().unknown_handles, 2 * EARLY_PACKETS as u64);
    t.controller.transport_lost(t.now);
    assert_eq!(t.arena.free(), free);
    assert_eq!(t.controller.counters().unknown_handles, 3 * EARLY_PACKETS as u64);
    // A controller that is not up has no links to wait for.
    assert!(t.controller.acl(t.frame(&SECOND)).is_none());
    assert_eq!(t.arena.free(), free);
}

#[test]
fn data_of_a_link_that_is_going_does_not_wait() {
    let config = Config { authenticate: Authenticate::OnDemand, ..Config::default() };
    let mut t = Tester::pairable(config, Vec::new());
    let link = t.connected(PHONE, HANDLE);
    t.controller.disconnect(t.now, link, BY_USER).unwrap();
    let free = t.arena.free();
    assert!(t.controller.acl(t.frame(&[0x42, 0x20, 1, 0, 7])).is_none());
    assert_eq!(t.arena.free(), free);
    assert_eq!(t.controller.counters().unknown_handles, 1);
}
