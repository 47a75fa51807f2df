//! Credits, answers and time-outs of commands; scan settings.

use super::*;
use crate::controller::{COMMAND_QUEUE, COMMAND_TIMEOUT, Cause};
use wire::hci::ScanEnable;

#[test]
fn one_command_is_under_way_at_a_time() {
    let mut t = Tester::up(Vec::new());
    t.dongle.ignores.push(Opcode::WRITE_LOCAL_NAME);
    t.controller.set_name(t.now, Name::try_from("Kitchen").unwrap());
    t.hear(Command::WriteLocalName { local_name: wire::hci::Name::new("Kitchen") });
    t.hear_nothing();
    // An answer to something else is not the answer.
    t.say(Event::CommandComplete {
        num_hci_command_packets: 9,
        command_opcode: Opcode::WRITE_PAGE_TIMEOUT,
        return_parameters: &[0],
    });
    t.hear_nothing();
    t.say(Event::CommandComplete {
        num_hci_command_packets: 1,
        command_opcode: Opcode::WRITE_LOCAL_NAME,
        return_parameters: &[0],
    });
    t.hear_any(Opcode::WRITE_EXTENDED_INQUIRY_RESPONSE);
    assert_eq!(t.controller.counters().stale_events, 1);
}

#[test]
fn without_a_credit_nothing_is_sent_until_one_comes() {
    let mut t = Tester::up(Vec::new());
    t.dongle.ignores.push(Opcode::WRITE_SCAN_ENABLE);
    t.controller.set_connectable(t.now, true);
    t.hear(Command::WriteScanEnable { scan_enable: ScanEnable::Page });
    t.say(Event::CommandComplete {
        num_hci_command_packets: 0,
        command_opcode: Opcode::WRITE_SCAN_ENABLE,
        return_parameters: &[0],
    });
    t.controller.set_connectable(t.now, false);
    t.hear_nothing();
    t.say(Event::CommandComplete {
        num_hci_command_packets: 1,
        command_opcode: Opcode::NONE,
        return_parameters: &[],
    });
    t.hear(Command::WriteScanEnable { scan_enable: ScanEnable::None });
}

#[test]
fn a_credit_that_never_comes_is_the_end_and_names_who_waited() {
    let mut t = Tester::up(Vec::new());
    t.dongle.ignores.push(Opcode::WRITE_SCAN_ENABLE);
    t.controller.set_connectable(t.now, true);
    t.turn();
    t.say(Event::CommandComplete {
        num_hci_command_packets: 0,
        command_opcode: Opcode::WRITE_SCAN_ENABLE,
        return_parameters: &[0],
    });
    assert_eq!(t.controller.wake_at(), None);
    t.wait(ms(60_000));
    t.controller.request_name(t.now, PHONE).unwrap();
    t.turn();
    t.wait(COMMAND_TIMEOUT);
    let Output::Failed(failure) = t.told() else { panic!("failed") };
    assert_eq!((failure.step, failure.cause), ("RemoteNameRequest", Cause::TimedOut));
}

#[test]
fn a_command_without_answer_is_the_end_and_named() {
    let mut t = Tester::up(Vec::new());
    t.dongle.ignores.push(Opcode::CREATE_CONNECTION);
    t.controller.connect(t.now, PHONE).unwrap();
    t.hear_any(Opcode::CREATE_CONNECTION);
    t.wait(COMMAND_TIMEOUT);
    assert!(matches!(t.told(), Output::ConnectFailed { address: PHONE, .. }));
    let Output::Failed(failure) = t.told() else { panic!("failed") };
    assert_eq!((failure.step, failure.cause), ("CreateConnection", Cause::TimedOut));
}

#[test]
fn scan_changes_are_merged_while_one_is_under_way() {
    let mut t = Tester::up(Vec::new());
    t.dongle.ignores.push(Opcode::WRITE_SCAN_ENABLE);
    t.controller.set_connectable(t.now, true);
    t.hear(Command::WriteScanEnable { scan_enable: ScanEnable::Page });
    for on in [true, false, true, false, true] {
        t.controller.set_discoverable(t.now, on);
    }
    t.hear_nothing();
    t.dongle.ignores.clear();
    t.say(Event::CommandComplete {
        num_hci_command_packets: 1,
        command_opcode: Opcode::WRITE_SCAN_ENABLE,
        return_parameters: &[0],
    });
    t.hear(Command::WriteScanEnable { scan_enable: ScanEnable::InquiryAndPage });
    t.hear_nothing();
}

#[test]
fn a_refused_scan_change_is_not_repeated_until_the_wish_changes() {
    let mut t = Tester::up(Vec::new());
    t.dongle.refuses.push((Opcode::WRITE_SCAN_ENABLE, Status::COMMAND_DISALLOWED));
    t.controller.set_connectable(t.now, true);
    t.hear_any(Opcode::WRITE_SCAN_ENABLE);
    t.controller.set_connectable(t.now, true);
    t.hear_nothing();
    t.controller.set_discoverable(t.now, true);
    t.hear(Command::WriteScanEnable { scan_enable: ScanEnable::InquiryAndPage });
}

#[test]
fn wishes_made_before_bring_up_are_carried_out_after_each() {
    let mut t = Tester::new(Config::default(), Vec::new(), Dongle::modern());
    t.controller.set_connectable(t.now, true);
    t.controller.set_discoverable(t.now, true);
    for _ in 0..2 {
        t.heard.clear();
        t.controller.start(t.now);
        t.turn();
        let last = t.heard.pop_back().unwrap();
        let wanted = Command::WriteScanEnable { scan_enable: ScanEnable::InquiryAndPage };
        assert_eq!(Command::parse(&last), Ok(wanted));
    }
}

#[test]
fn a_flood_of_requests_fills_the_queue_and_no_more() {
    let mut t = Tester::up(Vec::new());
    t.dongle.ignores.push(Opcode::LINK_KEY_REQUEST_NEGATIVE_REPLY);
    for _ in 0..1000 {
        t.say(Event::LinkKeyRequest { bd_addr: PHONE });
    }
    assert_eq!(t.heard.len(), 1);
    let lost = t.controller.counters().commands_lost;
    assert_eq!(lost, 1000 - 1 - COMMAND_QUEUE as u64);
}

#[test]
fn commands_wait_for_a_block() {
    let mut t = Tester::up(Vec::new());
    let blocks: Vec<_> = core::iter::from_fn(|| t.arena.take()).collect();
    t.controller.set_connectable(t.now, true);
    t.hear_nothing();
    t.wait(ms(20));
    t.hear_nothing();
    assert!(t.controller.counters().blocks_lacking > 0);
    drop(blocks);
    t.wait(ms(5));
    t.hear(Command::WriteScanEnable { scan_enable: ScanEnable::Page });
}

#[test]
fn names_are_asked_for_one_at_a_time_and_kept_in_the_bond() {
    let mut t = Tester::up(vec![bond(PHONE, KeyType::UnauthenticatedP256)]);
    t.controller.request_name(t.now, PHONE).unwrap();
    t.controller.request_name(t.now, OTHER).unwrap();
    t.hear_any(Opcode::REMOTE_NAME_REQUEST);
    t.hear_nothing();
    let remote_name = wire::hci::Name::new("Anna's phone");
    t.say(Event::RemoteNameRequestComplete {
        status: Status::SUCCESS,
        bd_addr: PHONE,
        remote_name,
    });
    assert!(matches!(t.told(), Output::Store(bond) if bond.name == "Anna's phone"));
    assert!(matches!(t.told(), Output::Name { address: PHONE, name } if name == "Anna's phone"));
    t.hear_any(Opcode::REMOTE_NAME_REQUEST);
    // No answer for the other: given up after a while.
    t.wait(ms(16_000));
    t.told_nothing();
    t.controller.request_name(t.now, PHONE).unwrap();
    t.hear_any(Opcode::REMOTE_NAME_REQUEST);
    t.say(Event::RemoteNameRequestComplete {
        status: Status::SUCCESS,
        bd_addr: PHONE,
        remote_name,
    });
    assert!(matches!(t.told(), Output::Name { .. }), "the bond knows it already");
}

#[test]
fn an_inquiry_passes_on_what_it_finds_and_ends() {
    let mut t = Tester::up(Vec::new());
    t.controller.inquire(t.now, ms(5200)).unwrap();
    t.hear(Command::Inquiry { lap: wire::hci::Lap::GENERAL, inquiry_length: 4, num_responses: 0 });
    let found = wire::hci::InquiryResultWithRssi {
        bd_addr: PHONE,
        page_scan_repetition_mode: wire::hci::PageScanRepetitionMode::R1,
        reserved: [0],
        class_of_device: CLASS,
        clock_offset: wire::hci::ClockOffset::UNKNOWN,
        rssi: -40,
    };
    t.say(Event::InquiryResultWithRssi { responses: wire::hci::List::new(&[found]) });
    let told = t.told();
    assert!(matches!(told, Output::Found { address: PHONE, rssi: Some(-40), .. }), "{told:?}");
    t.say(Event::InquiryComplete { status: Status::SUCCESS });
    assert!(matches!(t.told(), Output::InquiryDone(Status::SUCCESS)));
    // A controller that never ends it is not waited for.
    t.controller.inquire(t.now, ms(1280)).unwrap();
    t.turn();
    t.wait(ms(5000));
    assert!(matches!(t.told(), Output::InquiryDone(Status::CONNECTION_TIMEOUT)));
}
