//! Packets both ways, while all goes well.

use proptest::prelude::*;
use wire::h4::Channel;

use super::rig::{BLOCKS, NOW, acl, command, event, open, open_with, packet, receive};
use crate::fake::{Call, descriptors, endpoint};
use crate::{DATA_TRANSFERS, EVENT_TRANSFERS, QUEUE, SEND_TRANSFERS, SendError};

#[test]
fn packets_come_in_the_blocks_that_the_dongle_wrote() {
    let (mut transport, dongle) = open();
    dongle.acl(&acl(600));
    dongle.event(&event(4));
    assert_eq!(receive(&mut transport), [(Channel::Acl, acl(600)), (Channel::Event, event(4))]);
    assert_eq!(transport.arena().copied(), 0);
    assert_eq!(dongle.pending(endpoint::EVENTS), EVENT_TRANSFERS);
    assert_eq!(dongle.pending(endpoint::ACL_IN), DATA_TRANSFERS);
}

#[test]
fn a_lone_packet_costs_a_reap_a_submission_and_an_empty_reap() {
    let (mut transport, dongle) = open();
    let calls = || (dongle.calls(Call::Submit), dongle.calls(Call::Reap));
    let before = calls();
    dongle.acl(&acl(700));
    assert_eq!(receive(&mut transport).len(), 1);
    let after = calls();
    assert_eq!((after.0 - before.0, after.1 - before.1), (1, 2));
}

#[test]
fn the_transfer_is_replaced_before_its_packet_is_handed_over() {
    let (mut transport, dongle) = open();
    dongle.acl(&acl(100));
    let first = transport.receive(NOW).unwrap();
    assert!(first.is_some());
    assert_eq!(dongle.pending(endpoint::ACL_IN), DATA_TRANSFERS);
}

#[test]
fn events_of_whole_packets_are_there_at_once_from_dongles_that_forget_the_empty_one() {
    for forgets in [false, true] {
        let (mut transport, dongle) = open();
        for body in [14, 30, 46, 238, 5, 0, 14, 255] {
            dongle.transfer(endpoint::EVENTS, &event(body), forgets);
            assert_eq!(receive(&mut transport), [(Channel::Event, event(body))], "{forgets}");
        }
        assert_eq!(transport.health().bad_packets, 0);
    }
}

#[test]
fn data_of_whole_packets_is_there_with_the_next_at_the_latest() {
    let (mut transport, dongle) = open();
    dongle.transfer(endpoint::ACL_IN, &acl(124), true);
    // Nobody can tell that it is whole before the transfer ends.
    assert_eq!(receive(&mut transport), []);
    dongle.acl(&acl(3));
    assert_eq!(receive(&mut transport), [(Channel::Acl, acl(124)), (Channel::Acl, acl(3))]);
    assert_eq!(transport.arena().copied(), 0, "both lie in one transfer");
}

#[test]
fn without_a_spare_block_the_transfer_waits_for_one() {
    let (mut transport, dongle) = open_with(descriptors(), 40);
    let held: Vec<_> = std::iter::from_fn(|| transport.arena().take()).collect();
    dongle.acl(&acl(20));
    assert_eq!(receive(&mut transport), [(Channel::Acl, acl(20))]);
    // The block that came home when the packet was dropped went on with the transfer.
    assert_eq!((transport.is_starved(), transport.health().missed_refills), (false, 1));

    dongle.acl(&acl(21));
    let kept = transport.receive(NOW).unwrap().unwrap();
    assert!(transport.receive(NOW).unwrap().is_none());
    assert!(transport.is_starved());
    assert_eq!(dongle.pending(endpoint::ACL_IN), DATA_TRANSFERS - 1);
    drop((held, kept));
    assert!(transport.receive(NOW).unwrap().is_none());
    assert!(!transport.is_starved());
    assert_eq!(dongle.pending(endpoint::ACL_IN), DATA_TRANSFERS);
    assert_eq!(transport.health().missed_refills, 2);
}

#[test]
fn commands_and_data_go_out() {
    let (mut transport, dongle) = open();
    let reset = packet(&transport, &[0x03, 0x0c, 0]);
    transport.send(Channel::Command, reset).unwrap();
    let setup_and_command = [0x20, 0, 0, 0, 0, 0, 3, 0, 0x03, 0x0c, 0];
    assert_eq!(dongle.take(endpoint::COMMANDS).as_deref(), Some(&setup_and_command[..]));
    let data = packet(&transport, &acl(60));
    transport.send(Channel::Acl, data).unwrap();
    assert_eq!(dongle.take(endpoint::ACL_OUT), Some(acl(60)));
    assert!(receive(&mut transport).is_empty());
}

#[test]
fn a_command_without_headroom_is_moved_behind_its_request() {
    let (mut transport, dongle) = open();
    let mut tight = transport.arena().take().unwrap();
    tight.reset(3);
    tight.append(&command(5)).unwrap();
    transport.send(Channel::Command, tight).unwrap();
    let sent = dongle.take(endpoint::COMMANDS).unwrap();
    assert_eq!((&sent[..8], &sent[8..]), (&[0x20, 0, 0, 0, 0, 0, 8, 0][..], &command(5)[..]));
}

#[test]
fn what_finds_no_transfer_waits_in_its_turn_up_to_a_limit() {
    let (mut transport, dongle) = open_with(descriptors(), 256);
    for n in 0..SEND_TRANSFERS + QUEUE {
        let data = packet(&transport, &acl(n));
        transport.send(Channel::Acl, data).unwrap();
    }
    assert_eq!(transport.health().queued, QUEUE);
    let one_more = packet(&transport, &acl(1));
    assert_eq!(transport.send(Channel::Acl, one_more), Err(SendError::Full));
    for n in 0..SEND_TRANSFERS + QUEUE {
        assert_eq!(dongle.take(endpoint::ACL_OUT), Some(acl(n)));
        assert!(receive(&mut transport).is_empty());
    }
    assert_eq!((transport.health().queued, dongle.take(endpoint::ACL_OUT)), (0, None));
}

#[test]
fn what_no_controller_takes_is_not_sent() {
    let (mut transport, _dongle) = open();
    for (channel, bytes) in
        [(Channel::Event, &[0x0e, 0][..]), (Channel::Acl, &[]), (Channel::Synchronous, &[1, 0, 9])]
    {
        let wrong = packet(&transport, bytes);
        assert_eq!(transport.send(channel, wrong), Err(SendError::NotSendable));
    }
}

#[test]
fn what_babbles_is_not_listened_to_for_ever() {
    let (mut transport, dongle) = open();
    // What comes with the last look is not left lying.
    for silent in 0..200 {
        for _ in 0..silent {
            dongle.packet(endpoint::ACL_IN, &[]);
        }
        dongle.acl(&acl(1));
        let mut pauses = 0;
        while transport.receive(NOW).unwrap().is_none() {
            pauses += 1;
        }
        assert_eq!(pauses, silent / 64, "{silent}");
    }
}

/// What a test does next.
#[derive(Clone, Debug)]
enum Step {
    Event(usize),
    Acl(usize),
    Send(usize),
    Take,
    Receive,
    Hold,
    Drop,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..256usize).prop_map(Step::Event),
        (0..1021usize).prop_map(Step::Acl),
        (0..300usize).prop_map(Step::Send),
        Just(Step::Take),
        Just(Step::Receive),
        Just(Step::Hold),
        Just(Step::Drop),
    ]
}

proptest! {
    #[test]
    fn no_block_is_lost_whatever_happens_before_the_end(
        steps in prop::collection::vec(step(), 0..60),
        unplugged in any::<bool>(),
    ) {
        let (mut transport, dongle) = open();
        let arena = transport.arena().clone();
        let mut held = Vec::new();
        for step in steps {
            match step {
                Step::Event(body) => dongle.event(&event(body)),
                Step::Acl(body) => dongle.acl(&acl(body)),
                Step::Send(body) => if let Some(mut data) = arena.take() {
                    data.append(&acl(body)).unwrap();
                    let _ = transport.send(Channel::Acl, data);
                }
                Step::Take => drop(dongle.take(endpoint::ACL_OUT)),
                Step::Receive => drop(receive(&mut transport)),
                Step::Hold => held.extend(transport.receive(NOW).unwrap()),
                Step::Drop => drop(held.pop()),
            }
        }
        if unplugged {
            dongle.unplug();
        }
        transport.close();
        prop_assert_eq!(dongle.in_flight(), 0);
        drop((transport, held));
        prop_assert_eq!(arena.free(), BLOCKS);
    }
}

/// Counts what this thread allocates.
mod counting {
    use std::alloc::{GlobalAlloc, Layout, System};
    use std::cell::Cell;

    thread_local!(static COUNT: Cell<u64> = const { Cell::new(0) });

    pub(super) struct Counting;

    // SAFETY: the system's own, and a number beside it.
    unsafe impl GlobalAlloc for Counting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            COUNT.with(|count| count.set(count.get() + 1));
            // SAFETY: as the caller says.
            unsafe { System.alloc(layout) }
        }

        unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
            // SAFETY: as the caller says.
            unsafe { System.dealloc(memory, layout) }
        }
    }

    /// How often `body` allocated.
    pub(super) fn allocations(body: impl FnOnce()) -> u64 {
        let before = COUNT.with(Cell::get);
        body();
        COUNT.with(Cell::get) - before
    }
}

#[global_allocator]
static COUNTING: counting::Counting = counting::Counting;

#[test]
fn nothing_is_allocated_after_opening() {
    let (mut transport, dongle) = open();
    for round in 0..3 {
        for body in [600, 700, 20] {
            dongle.acl(&acl(body));
            dongle.transfer(endpoint::ACL_IN, &acl(2000 - body), true);
            dongle.event(&event(body % 256));
        }
        let data = packet(&transport, &acl(100));
        let reset = packet(&transport, &command(0));
        let allocated = counting::allocations(|| {
            while transport.receive(NOW).unwrap().is_some() {}
            transport.send(Channel::Acl, data).unwrap();
            transport.send(Channel::Command, reset).unwrap();
        });
        assert_eq!(allocated, 0, "{round}");
        drop((dongle.take(endpoint::ACL_OUT), dongle.take(endpoint::COMMANDS)));
        receive(&mut transport);
    }
}
