//! What the bus, the dongle and the system can do to transfers.

use rustix::io::Errno;
use wire::h4::Channel;

use super::rig::{BLOCKS, NOW, acl, command, event, open, open_with, packet, receive};
use crate::fake::{Call, descriptors, endpoint};
use crate::{DATA_TRANSFERS, EVENT_TRANSFERS, FAILURES, Lost, STALLS, SendError};

/// Those that say that the bus failed, not the dongle.
const BUS: [Errno; 5] = [Errno::PROTO, Errno::ILSEQ, Errno::TIME, Errno::OVERFLOW, Errno::COMM];

#[test]
fn a_transfer_that_fails_on_the_bus_is_begun_again() {
    for error in BUS {
        let (mut transport, dongle) = open();
        dongle.fail(endpoint::ACL_IN, error, 0);
        dongle.fail(endpoint::EVENTS, error, 0);
        assert!(receive(&mut transport).is_empty());
        assert_eq!(dongle.pending(endpoint::ACL_IN), DATA_TRANSFERS);
        assert_eq!(dongle.pending(endpoint::EVENTS), EVENT_TRANSFERS);
        assert_eq!(transport.health().resubmits, 2);
        dongle.acl(&acl(9));
        assert_eq!(receive(&mut transport).len(), 1);
    }
}

#[test]
fn a_dongle_that_sends_more_than_there_is_room_for_costs_that_packet() {
    let (mut transport, dongle) = open();
    dongle.packet(endpoint::EVENTS, &[0x0e; 20]);
    dongle.event(&event(4));
    assert_eq!(receive(&mut transport), [(Channel::Event, event(4))]);
    assert_eq!(transport.health().resubmits, 1);
}

#[test]
fn failures_without_end_end_the_transport() {
    for (error, expected) in
        [(Errno::PROTO, Lost::Bus(Channel::Acl)), (Errno::PIPE, Lost::Stalled(Channel::Acl))]
    {
        let (mut transport, dongle) = open();
        let most = if error == Errno::PIPE { STALLS } else { FAILURES };
        for _ in 0..most {
            dongle.fail(endpoint::ACL_IN, error, 0);
            assert!(receive(&mut transport).is_empty());
        }
        dongle.fail(endpoint::ACL_IN, error, 0);
        assert_eq!(transport.receive(NOW).err(), Some(expected));
        assert_eq!(transport.receive(NOW).err(), Some(Lost::Closed));
        assert!(transport.fd().is_none() && !transport.is_starved());
        // Free for whoever opens it anew, and the kernel's once this one is dropped.
        assert_eq!(dongle.drivers(), [None; 2]);
        drop(transport);
        assert_eq!(dongle.drivers(), [Some("btusb"); 2]);
    }
}

#[test]
fn failures_with_something_good_in_between_do_not() {
    let (mut transport, dongle) = open();
    for _ in 0..2 * FAILURES {
        dongle.fail(endpoint::ACL_IN, Errno::PROTO, 0);
        dongle.fail(endpoint::EVENTS, Errno::PIPE, 0);
        assert!(receive(&mut transport).is_empty());
        dongle.acl(&acl(1));
        dongle.event(&event(1));
        assert_eq!(receive(&mut transport).len(), 2);
    }
    assert_eq!(transport.health().stalls, u64::from(2 * FAILURES));
}

#[test]
fn a_stall_is_cleared_once_everything_is_back() {
    let (mut transport, dongle) = open();
    dongle.fail(endpoint::ACL_IN, Errno::PIPE, 0);
    assert!(receive(&mut transport).is_empty());
    assert_eq!((dongle.calls(Call::ClearHalt), transport.health().stalls), (1, 1));
    assert_eq!(dongle.pending(endpoint::ACL_IN), DATA_TRANSFERS);
    dongle.acl(&acl(50));
    assert_eq!(receive(&mut transport), [(Channel::Acl, acl(50))]);
}

#[test]
fn data_that_stalls_is_sent_again_in_order() {
    let (mut transport, dongle) = open();
    for n in 1..=12 {
        let data = packet(&transport, &acl(n));
        transport.send(Channel::Acl, data).unwrap();
    }
    assert_eq!(dongle.take(endpoint::ACL_OUT), Some(acl(1)));
    dongle.fail(endpoint::ACL_OUT, Errno::PIPE, 0);
    for n in 2..=12 {
        assert!(receive(&mut transport).is_empty());
        assert_eq!(dongle.take(endpoint::ACL_OUT), Some(acl(n)));
    }
    assert!(receive(&mut transport).is_empty());
    assert_eq!(dongle.take(endpoint::ACL_OUT), None);
    let health = transport.health();
    assert_eq!((health.stalls, health.queued, health.dropped), (1, 0, 0));
}

#[test]
fn data_of_which_a_part_went_out_is_dropped() {
    let (mut transport, dongle) = open();
    for n in [200, 201] {
        let data = packet(&transport, &acl(n));
        transport.send(Channel::Acl, data).unwrap();
    }
    dongle.fail(endpoint::ACL_OUT, Errno::PROTO, 64);
    assert!(receive(&mut transport).is_empty());
    assert_eq!(dongle.take(endpoint::ACL_OUT), Some(acl(201)));
    assert_eq!(transport.health().dropped, 1);
}

#[test]
fn commands_that_stall_for_ever_end_the_transport() {
    let (mut transport, dongle) = open();
    let reset = packet(&transport, &command(0));
    transport.send(Channel::Command, reset).unwrap();
    for _ in 0..STALLS {
        dongle.fail(endpoint::COMMANDS, Errno::PIPE, 0);
        assert!(receive(&mut transport).is_empty());
    }
    dongle.fail(endpoint::COMMANDS, Errno::PIPE, 0);
    assert_eq!(transport.receive(NOW).err(), Some(Lost::Stalled(Channel::Command)));
}

/// The dongle of `descriptors` in a device that is something else as well.
fn composite() -> Vec<u8> {
    let mut bytes = descriptors();
    (bytes[4], bytes[5], bytes[6]) = (0xef, 2, 1);
    bytes.extend([9, 4, 2, 0, 0, 3, 0, 0, 0]);
    bytes
}

#[test]
fn commands_of_composite_devices_name_the_interface_unless_that_is_refused() {
    let (mut transport, dongle) = open_with(composite(), BLOCKS);
    let reset = packet(&transport, &command(0));
    transport.send(Channel::Command, reset).unwrap();
    dongle.fail(endpoint::COMMANDS, Errno::PIPE, 0);
    assert!(receive(&mut transport).is_empty());
    assert_eq!(dongle.take(endpoint::COMMANDS).unwrap()[..2], [0x20, 0]);

    let (mut transport, dongle) = open_with(composite(), BLOCKS);
    let reset = packet(&transport, &command(0));
    transport.send(Channel::Command, reset).unwrap();
    assert_eq!(dongle.take(endpoint::COMMANDS).unwrap()[..2], [0x21, 0]);
}

#[test]
fn what_the_system_has_no_memory_for_is_done_later() {
    let (mut transport, dongle) = open();
    dongle.refuse(Call::Submit, Errno::NOMEM, 2);
    dongle.acl(&acl(10));
    assert_eq!(receive(&mut transport), [(Channel::Acl, acl(10))]);
    assert!(transport.is_starved());
    assert!(receive(&mut transport).is_empty());
    assert!(!transport.is_starved());
    assert_eq!(dongle.pending(endpoint::ACL_IN), DATA_TRANSFERS);

    dongle.refuse(Call::Submit, Errno::NOMEM, 1);
    let data = packet(&transport, &acl(11));
    transport.send(Channel::Acl, data).unwrap();
    assert!(transport.is_starved());
    assert!(receive(&mut transport).is_empty());
    assert_eq!(dongle.take(endpoint::ACL_OUT), Some(acl(11)));
    assert_eq!(transport.health().no_memory, 3);
}

#[test]
fn what_came_before_the_plug_was_pulled_is_still_had() {
    let (mut transport, dongle) = open();
    let arena = transport.arena().clone();
    dongle.event(&event(4));
    dongle.acl(&acl(70));
    dongle.unplug();
    let mut seen = 0;
    let lost = loop {
        match transport.receive(NOW) {
            Ok(Some(_)) => seen += 1,
            Ok(None) => panic!("the descriptor of a dongle that is gone is always ready"),
            Err(lost) => break lost,
        }
    };
    assert_eq!((lost, seen), (Lost::Unplugged, 2));
    assert_eq!((dongle.in_flight(), arena.free()), (0, BLOCKS));
    let data = packet(&transport, &acl(1));
    assert_eq!(transport.send(Channel::Acl, data), Err(SendError::Lost(Lost::Closed)));
    assert_eq!(transport.set_voice(&[]), Err(Lost::Closed));
}

#[test]
fn sending_to_a_dongle_that_is_gone_says_so() {
    let (mut transport, dongle) = open();
    dongle.unplug();
    let data = packet(&transport, &acl(1));
    assert_eq!(transport.send(Channel::Acl, data), Err(SendError::Lost(Lost::Unplugged)));
}

#[test]
fn blocks_that_the_system_will_not_give_back_are_never_used_again() {
    let (mut transport, dongle) = open();
    let arena = transport.arena().clone();
    dongle.stick();
    transport.close();
    drop(transport);
    assert_eq!(arena.free(), BLOCKS - EVENT_TRANSFERS - DATA_TRANSFERS);
}

#[test]
fn a_call_that_fails_in_an_unknown_way_ends_the_transport() {
    let (mut transport, dongle) = open();
    dongle.refuse(Call::Reap, Errno::FAULT, 1);
    assert_eq!(transport.receive(NOW).err(), Some(Lost::System(Errno::FAULT)));
    let (mut transport, dongle) = open();
    dongle.refuse(Call::Submit, Errno::INVAL, 1);
    dongle.acl(&acl(1));
    assert_eq!(transport.receive(NOW).err(), Some(Lost::System(Errno::INVAL)));
}
