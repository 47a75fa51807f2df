//! Connecting to devices: one at a time, cancelled, refused, crossed.

use super::*;
use crate::controller::{MAX_PAGES, OrderError};

#[track_caller]
fn paged(t: &mut Tester, address: Address) {
    t.turn();
    let octets = t.heard.pop_front().expect("a page");
    let command = Command::parse(&octets).unwrap();
    assert!(
        matches!(command, Command::CreateConnection { bd_addr, allow_role_switch: false, .. }
            if bd_addr == address),
        "{command:?}"
    );
}

#[track_caller]
fn failed(t: &mut Tester, whose: Address, why: Status) {
    match t.told() {
        Output::ConnectFailed { address, status, outgoing: true } => {
            assert_eq!((address, status), (whose, why));
        }
        other => panic!("expected a failure with {why}, told {other:?}"),
    }
}

#[test]
fn pages_go_one_at_a_time() {
    let mut t = Tester::up(Vec::new());
    for address in [PHONE, OTHER, PHONE] {
        t.controller.connect(t.now, address).unwrap();
    }
    paged(&mut t, PHONE);
    t.hear_nothing();
    t.complete(PHONE, HANDLE, Status::PAGE_TIMEOUT);
    failed(&mut t, PHONE, Status::PAGE_TIMEOUT);
    paged(&mut t, OTHER);
    t.complete(OTHER, HANDLE, Status::SUCCESS);
    let told = t.told();
    assert!(
        matches!(told, Output::Connected { outgoing: true, central: true, class: None, .. }),
        "{told:?}"
    );
    assert_eq!(t.controller.connect(t.now, OTHER), Err(OrderError::Connected));
}

#[test]
fn the_queue_of_pages_is_bounded() {
    let mut t = Tester::up(Vec::new());
    for n in 0..=MAX_PAGES as u8 {
        t.controller.connect(t.now, Address([n; 6])).unwrap();
    }
    assert_eq!(t.controller.connect(t.now, PHONE), Err(OrderError::Full));
}

#[test]
fn nothing_is_paged_before_the_controller_is_up() {
    let mut t = Tester::new(Config::default(), Vec::new(), Dongle::modern());
    assert_eq!(t.controller.connect(t.now, PHONE), Err(OrderError::NotUp));
}

#[test]
fn a_cancelled_page_ends_once() {
    let mut t = Tester::up(Vec::new());
    t.controller.connect(t.now, PHONE).unwrap();
    paged(&mut t, PHONE);
    t.controller.cancel_connect(t.now, PHONE);
    t.hear(Command::CreateConnectionCancel { bd_addr: PHONE });
    t.complete(PHONE, Handle::new(0), Status::UNKNOWN_CONNECTION_IDENTIFIER);
    failed(&mut t, PHONE, Status::OPERATION_CANCELLED_BY_HOST);
    t.told_nothing();
    assert_eq!(t.controller.wake_at(), None);
    // One that waits.
    t.controller.connect(t.now, PHONE).unwrap();
    t.controller.connect(t.now, OTHER).unwrap();
    t.controller.cancel_connect(t.now, OTHER);
    failed(&mut t, OTHER, Status::OPERATION_CANCELLED_BY_HOST);
}

#[test]
fn a_page_that_stands_before_it_is_cancelled_is_sent_away() {
    let mut t = Tester::up(Vec::new());
    t.controller.connect(t.now, PHONE).unwrap();
    paged(&mut t, PHONE);
    t.dongle.refuses.push((Opcode::CREATE_CONNECTION_CANCEL, Status::CONNECTION_ALREADY_EXISTS));
    t.controller.cancel_connect(t.now, PHONE);
    t.hear_any(Opcode::CREATE_CONNECTION_CANCEL);
    t.complete(PHONE, HANDLE, Status::SUCCESS);
    failed(&mut t, PHONE, Status::OPERATION_CANCELLED_BY_HOST);
    t.hear_any(Opcode::DISCONNECT);
    t.told_nothing();
}

#[test]
fn a_page_without_end_is_cancelled_and_given_up() {
    let mut t = Tester::up(Vec::new());
    t.controller.connect(t.now, PHONE).unwrap();
    paged(&mut t, PHONE);
    t.wait(ms(5120 + 15_000));
    t.hear(Command::CreateConnectionCancel { bd_addr: PHONE });
    t.wait(ms(3000));
    failed(&mut t, PHONE, Status::PAGE_TIMEOUT);
    assert_eq!(t.controller.wake_at(), None);
}

#[test]
fn a_controller_that_is_not_ready_is_asked_again_a_few_times() {
    let mut t = Tester::up(Vec::new());
    t.dongle.refuses.push((Opcode::CREATE_CONNECTION, Status::COMMAND_DISALLOWED));
    t.controller.connect(t.now, PHONE).unwrap();
    paged(&mut t, PHONE);
    t.wait(ms(1000));
    paged(&mut t, PHONE);
    t.hear_nothing();
    t.dongle.refuses.clear();
    t.wait(ms(1000));
    paged(&mut t, PHONE);
    t.complete(PHONE, HANDLE, Status::SUCCESS);
    assert!(matches!(t.told(), Output::Connected { .. }));
    // For ever not ready: the page fails.
    t.dongle.refuses.push((Opcode::CREATE_CONNECTION, Status::COMMAND_DISALLOWED));
    t.controller.connect(t.now, OTHER).unwrap();
    t.wait(ms(20_000));
    failed(&mut t, OTHER, Status::COMMAND_DISALLOWED);
}

#[test]
fn a_device_that_we_page_is_accepted_without_asking() {
    let mut t = Tester::up(vec![bond(PHONE, KeyType::UnauthenticatedP256)]);
    t.controller.connect(t.now, PHONE).unwrap();
    paged(&mut t, PHONE);
    t.say(Event::ConnectionRequest {
        bd_addr: PHONE,
        class_of_device: CLASS,
        link_type: LinkType::Acl,
    });
    t.hear_any(Opcode::ACCEPT_CONNECTION_REQUEST);
    t.told_nothing();
    // Our page's end is no end while the other connection is coming.
    t.complete(PHONE, Handle::new(0), Status::CONNECTION_ALREADY_EXISTS);
    t.told_nothing();
    t.complete(PHONE, HANDLE, Status::SUCCESS);
    let told = t.told();
    // It came from there, whoever wanted it.
    let theirs = matches!(told, Output::Connected { outgoing: true, class: Some(CLASS), .. });
    assert!(theirs, "{told:?}");
    t.told_nothing();
}

#[test]
fn the_late_end_of_a_page_that_lost_the_race_goes_unnoticed() {
    let mut t = Tester::up(vec![bond(PHONE, KeyType::UnauthenticatedP256)]);
    t.controller.connect(t.now, PHONE).unwrap();
    paged(&mut t, PHONE);
    t.say(Event::ConnectionRequest {
        bd_addr: PHONE,
        class_of_device: CLASS,
        link_type: LinkType::Acl,
    });
    t.complete(PHONE, HANDLE, Status::SUCCESS);
    assert!(matches!(t.told(), Output::Connected { .. }));
    t.complete(PHONE, Handle::new(0), Status::CONNECTION_ALREADY_EXISTS);
    t.told_nothing();
    assert_eq!(t.controller.links.count(), 1);
}

#[test]
fn when_both_connections_fail_it_is_told_once() {
    let mut t = Tester::up(vec![bond(PHONE, KeyType::UnauthenticatedP256)]);
    t.controller.connect(t.now, PHONE).unwrap();
    paged(&mut t, PHONE);
    t.say(Event::ConnectionRequest {
        bd_addr: PHONE,
        class_of_device: CLASS,
        link_type: LinkType::Acl,
    });
    t.complete(PHONE, Handle::new(0), Status::PAGE_TIMEOUT);
    t.told_nothing();
    t.complete(PHONE, Handle::new(0), Status::CONNECTION_ACCEPT_TIMEOUT_EXCEEDED);
    failed(&mut t, PHONE, Status::CONNECTION_ACCEPT_TIMEOUT_EXCEEDED);
    t.told_nothing();
}

#[test]
fn a_device_whose_link_is_going_is_paged_when_it_is_gone() {
    let mut t = Tester::up(vec![bond(PHONE, KeyType::UnauthenticatedP256)]);
    let id = t.secured(PHONE, HANDLE);
    t.controller.disconnect(t.now, id, Status::REMOTE_USER_TERMINATED_CONNECTION).unwrap();
    t.hear_any(Opcode::DISCONNECT);
    t.controller.connect(t.now, PHONE).unwrap();
    t.hear_nothing();
    t.gone(id, HANDLE, Status::CONNECTION_TERMINATED_BY_LOCAL_HOST);
    paged(&mut t, PHONE);
}
