//! Links come and go; roles and modes.

use super::*;
use crate::controller::{Authenticate, INCOMING_TIMEOUT, LEAVING_TIMEOUT, OrderError, Warning};
use wire::hci::{Mode, Slots};

fn p256() -> Vec<Bond> {
    vec![bond(PHONE, KeyType::UnauthenticatedP256), bond(OTHER, KeyType::UnauthenticatedP256)]
}

fn request(t: &mut Tester, address: Address, link_type: LinkType) {
    t.say(Event::ConnectionRequest { bd_addr: address, class_of_device: CLASS, link_type });
}

#[test]
fn a_bonded_device_is_announced_and_a_stranger_is_turned_away() {
    let mut t = Tester::up(p256());
    request(&mut t, PHONE, LinkType::Acl);
    let told = t.told();
    assert!(
        matches!(told, Output::ConnectionRequest { address: PHONE, class: CLASS, bonded: true }),
        "{told:?}"
    );
    let stranger = Address([7; 6]);
    request(&mut t, stranger, LinkType::Acl);
    let reason = Status::REJECTED_UNACCEPTABLE_BD_ADDR;
    t.hear(Command::RejectConnectionRequest { bd_addr: stranger, reason });
    let told = t.told();
    assert!(
        matches!(told, Output::Warning(Warning::TurnedAway { address, status })
            if address == stranger && status == reason),
        "{told:?}"
    );
    // In pairing mode it may come.
    t.controller.set_pairable(t.now, true);
    request(&mut t, stranger, LinkType::Acl);
    assert!(matches!(t.told(), Output::ConnectionRequest { bonded: false, .. }));
    t.hear_nothing();
}

#[test]
fn a_bond_made_on_another_controller_is_none() {
    let foreign = Bond { local: Address([3; 6]), ..bond(PHONE, KeyType::AuthenticatedP256) };
    let mut t = Tester::up(vec![foreign]);
    assert!(!t.controller.is_bonded(PHONE));
    request(&mut t, PHONE, LinkType::Acl);
    t.hear_any(Opcode::REJECT_CONNECTION_REQUEST);
}

#[test]
fn a_request_can_be_rejected_by_the_glue() {
    let mut t = Tester::up(p256());
    request(&mut t, PHONE, LinkType::Acl);
    let reason = Status::REJECTED_LIMITED_RESOURCES;
    t.controller.reject(t.now, PHONE, reason).unwrap();
    t.hear(Command::RejectConnectionRequest { bd_addr: PHONE, reason });
    assert_eq!(t.controller.reject(t.now, PHONE, reason), Err(OrderError::NoLink));
}

#[test]
fn an_undecided_request_is_forgotten_in_time() {
    let mut t = Tester::up(p256());
    request(&mut t, PHONE, LinkType::Acl);
    t.told();
    t.wait(INCOMING_TIMEOUT);
    let told = t.told();
    assert!(matches!(told, Output::ConnectFailed { outgoing: false, .. }), "{told:?}");
    assert_eq!(t.controller.accept(t.now, PHONE), Err(OrderError::NoLink));
    assert_eq!(t.controller.wake_at(), None);
}

#[test]
fn too_many_requests_at_once_are_turned_away() {
    let mut t = Tester::pairable(Config::default(), Vec::new());
    for n in 0..4 {
        request(&mut t, Address([n; 6]), LinkType::Acl);
        assert!(matches!(t.told(), Output::ConnectionRequest { .. }));
    }
    request(&mut t, Address([9; 6]), LinkType::Acl);
    let reason = Status::REJECTED_LIMITED_RESOURCES;
    t.hear(Command::RejectConnectionRequest { bd_addr: Address([9; 6]), reason });
}

#[test]
fn an_eighth_link_finds_no_place() {
    let config = Config { authenticate: Authenticate::OnDemand, ..Config::default() };
    let mut t = Tester::pairable(config, Vec::new());
    for n in 0..7u8 {
        t.connected(Address([n; 6]), Handle::new(n.into()));
    }
    t.heard.clear();
    request(&mut t, Address([9; 6]), LinkType::Acl);
    t.told();
    assert_eq!(t.controller.accept(t.now, Address([9; 6])), Err(OrderError::Full));
    t.hear_any(Opcode::REJECT_CONNECTION_REQUEST);
    // One that comes up all the same is sent away.
    t.told.clear();
    t.complete(Address([9; 6]), Handle::new(0x99), Status::SUCCESS);
    let reason = Status::REMOTE_TERMINATED_LOW_RESOURCES;
    t.hear(Command::Disconnect { connection_handle: Handle::new(0x99), reason });
}

#[test]
fn a_refused_role_switch_does_not_cost_the_link() {
    let mut t = Tester::up(p256());
    request(&mut t, PHONE, LinkType::Acl);
    t.told();
    t.controller.accept(t.now, PHONE).unwrap();
    t.hear(Command::AcceptConnectionRequest { bd_addr: PHONE, role: Role::Central });
    t.complete(PHONE, HANDLE, Status::SUCCESS);
    let Output::Connected { link, central: false, .. } = t.told() else { panic!("connected") };
    // The supervision time-out is the central's to set.
    t.hear_any(Opcode::READ_REMOTE_SUPPORTED_FEATURES);
    t.controller.request_role(t.now, link).unwrap();
    t.hear(Command::SwitchRole { bd_addr: PHONE, role: Role::Central });
    let status = Status::ROLE_CHANGE_NOT_ALLOWED;
    t.say(Event::RoleChange { status, bd_addr: PHONE, new_role: Role::Peripheral });
    assert!(matches!(t.told(), Output::RoleRefused { .. }));
    t.say(Event::RoleChange { status: Status::SUCCESS, bd_addr: PHONE, new_role: Role::Central });
    assert!(matches!(t.told(), Output::RoleChanged { central: true, .. }));
    t.hear_any(Opcode::WRITE_LINK_SUPERVISION_TIMEOUT);
    // Already so: nothing to ask.
    t.controller.request_role(t.now, link).unwrap();
    t.hear_nothing();
}

#[test]
fn a_device_that_fails_over_the_role_is_accepted_as_peripheral_next_time() {
    let mut t = Tester::up(p256());
    request(&mut t, PHONE, LinkType::Acl);
    t.told();
    t.controller.accept(t.now, PHONE).unwrap();
    t.hear(Command::AcceptConnectionRequest { bd_addr: PHONE, role: Role::Central });
    t.complete(PHONE, HANDLE, Status::ROLE_CHANGE_NOT_ALLOWED);
    assert!(matches!(t.told(), Output::ConnectFailed { outgoing: false, .. }));
    request(&mut t, PHONE, LinkType::Acl);
    t.told();
    t.controller.accept(t.now, PHONE).unwrap();
    t.hear(Command::AcceptConnectionRequest { bd_addr: PHONE, role: Role::Peripheral });
}

#[test]
fn who_does_not_want_to_be_central_does_not_ask() {
    let config = Config { central: false, ..Config::default() };
    let mut t = Tester::up_with(config, p256(), Dongle::modern());
    request(&mut t, PHONE, LinkType::Acl);
    t.told();
    t.controller.accept(t.now, PHONE).unwrap();
    t.hear(Command::AcceptConnectionRequest { bd_addr: PHONE, role: Role::Peripheral });
}

#[test]
fn a_disconnection_takes_a_bounded_time() {
    let mut t = Tester::up(p256());
    let id = t.secured(PHONE, HANDLE);
    let reason = Status::REMOTE_TERMINATED_POWER_OFF;
    t.controller.disconnect(t.now, id, reason).unwrap();
    t.hear(Command::Disconnect { connection_handle: HANDLE, reason });
    t.controller.disconnect(t.now, id, reason).unwrap();
    t.hear_nothing();
    assert_eq!(t.controller.link(PHONE), None);
    t.wait(LEAVING_TIMEOUT - ms(1));
    t.told_nothing();
    t.wait(ms(1));
    let told = t.told();
    assert!(matches!(told, Output::Disconnected { link, .. } if link == id), "{told:?}");
    // The late event finds nothing.
    t.say(Event::DisconnectionComplete {
        status: Status::SUCCESS,
        connection_handle: HANDLE,
        reason,
    });
    t.told_nothing();
    assert_eq!(t.controller.counters().unknown_handles, 1);
    assert_eq!(t.controller.disconnect(t.now, id, reason), Err(OrderError::NoLink));
}

#[test]
fn a_link_that_the_controller_does_not_know_is_gone_at_once() {
    let mut t = Tester::up(p256());
    let id = t.secured(PHONE, HANDLE);
    t.dongle.refuses.push((Opcode::DISCONNECT, Status::UNKNOWN_CONNECTION_IDENTIFIER));
    t.controller.disconnect(t.now, id, Status::REMOTE_USER_TERMINATED_CONNECTION).unwrap();
    assert!(matches!(t.told(), Output::Disconnected { .. }));
}

#[test]
fn a_link_number_used_again_is_not_confused_with_its_forerunner() {
    let mut t = Tester::up(p256());
    let first = t.authenticating(PHONE, HANDLE);
    t.gone(first, HANDLE, Status::CONNECTION_TIMEOUT);
    let second = t.connected(OTHER, HANDLE);
    assert_eq!(first, second, "the number is used again");
    // The end of the first link's authentication comes late; the second is not that far.
    t.authenticated(HANDLE, Status::SUCCESS);
    t.explored(HANDLE);
    t.hear(Command::AuthenticationRequested { connection_handle: HANDLE });
    t.hear_nothing();
}

#[test]
fn an_answer_for_a_link_that_is_gone_does_not_count_for_the_next() {
    let mut t = Tester::up(p256());
    let first = t.secured(PHONE, HANDLE);
    request(&mut t, OTHER, LinkType::Acl);
    t.told();
    t.controller.accept(t.now, OTHER).unwrap();
    t.hear_any(Opcode::ACCEPT_CONNECTION_REQUEST);
    t.dongle.ignores.push(Opcode::DISCONNECT);
    t.controller.disconnect(t.now, first, Status::REMOTE_USER_TERMINATED_CONNECTION).unwrap();
    t.hear_any(Opcode::DISCONNECT);
    // The peer was quicker, and the next link has the number before the answer comes.
    t.gone(first, HANDLE, Status::REMOTE_USER_TERMINATED_CONNECTION);
    t.complete(OTHER, Handle::new(0x43), Status::SUCCESS);
    assert!(matches!(t.told(), Output::Connected { link, .. } if link == first));
    t.say(Event::CommandStatus {
        status: Status::UNKNOWN_CONNECTION_IDENTIFIER,
        num_hci_command_packets: 1,
        command_opcode: Opcode::DISCONNECT,
    });
    t.told_nothing();
    assert_eq!(t.controller.link(OTHER), Some(first));
}

#[test]
fn what_waits_on_a_links_behalf_is_withdrawn_when_it_is_gone() {
    let mut t = Tester::up(p256());
    let id = t.secured(PHONE, HANDLE);
    t.dongle.ignores.push(Opcode::WRITE_SCAN_ENABLE);
    t.controller.set_connectable(t.now, true);
    t.hear_any(Opcode::WRITE_SCAN_ENABLE);
    t.controller.sniff(t.now, id).unwrap();
    t.controller.request_name(t.now, PHONE).unwrap();
    t.gone(id, HANDLE, Status::CONNECTION_TIMEOUT);
    t.say(Event::CommandComplete {
        num_hci_command_packets: 1,
        command_opcode: Opcode::WRITE_SCAN_ENABLE,
        return_parameters: &[0],
    });
    t.hear_any(Opcode::REMOTE_NAME_REQUEST);
    t.hear_nothing();
}

#[test]
fn a_going_link_says_no_more() {
    let mut t = Tester::up(p256());
    let id = t.secured(PHONE, HANDLE);
    t.controller.disconnect(t.now, id, Status::REMOTE_USER_TERMINATED_CONNECTION).unwrap();
    t.hear_any(Opcode::DISCONNECT);
    t.say(Event::ModeChange {
        status: Status::SUCCESS,
        connection_handle: HANDLE,
        current_mode: Mode::Sniff,
        interval: Slots(800),
    });
    t.encrypted(HANDLE, Encryption::Off);
    t.told_nothing();
    t.hear_nothing();
}

#[test]
fn a_link_that_comes_up_unasked_is_sent_away() {
    let mut t = Tester::up(p256());
    t.complete(PHONE, HANDLE, Status::SUCCESS);
    t.hear_any(Opcode::DISCONNECT);
    t.told_nothing();
    t.say(Event::DisconnectionComplete {
        status: Status::SUCCESS,
        connection_handle: HANDLE,
        reason: Status::CONNECTION_TERMINATED_BY_LOCAL_HOST,
    });
    t.told_nothing();
}

#[test]
fn events_for_unknown_handles_are_ignored_and_counted() {
    let mut t = Tester::up(p256());
    let connection_handle = Handle::new(0x123);
    t.authenticated(connection_handle, Status::SUCCESS);
    t.encrypted(connection_handle, Encryption::Off);
    t.say(Event::DisconnectionComplete {
        status: Status::SUCCESS,
        connection_handle,
        reason: Status::CONNECTION_TIMEOUT,
    });
    t.say(Event::EncryptionKeyRefreshComplete { status: Status::SUCCESS, connection_handle });
    assert_eq!(t.controller.counters().unknown_handles, 4);
    t.told_nothing();
    t.hear_nothing();
}

#[test]
fn sniff_mode_comes_and_goes_where_it_is_known() {
    let mut t = Tester::up(p256());
    let id = t.secured(PHONE, HANDLE);
    t.controller.sniff(t.now, id).unwrap();
    t.hear_any(Opcode::SNIFF_MODE);
    t.say(Event::ModeChange {
        status: Status::SUCCESS,
        connection_handle: HANDLE,
        current_mode: Mode::Sniff,
        interval: Slots(800),
    });
    assert!(matches!(t.told(), Output::ModeChanged { sniff: true, interval: 800, .. }));
    t.controller.active(t.now, id).unwrap();
    t.hear(Command::ExitSniffMode { connection_handle: HANDLE });
    t.say(Event::ModeChange {
        status: Status::SUCCESS,
        connection_handle: HANDLE,
        current_mode: Mode::Active,
        interval: Slots(0),
    });
    assert!(matches!(t.told(), Output::ModeChanged { sniff: false, .. }));
    let dongle = Dongle::modern().lacks(Opcode::SNIFF_MODE);
    let mut t = Tester::up_with(Config::default(), p256(), dongle);
    let id = t.secured(PHONE, HANDLE);
    assert_eq!(t.controller.sniff(t.now, id), Err(OrderError::NotSupported));
}

#[test]
fn link_policy_is_written_for_each_link_where_there_is_no_default() {
    let dongle = Dongle::modern().lacks(Opcode::WRITE_DEFAULT_LINK_POLICY_SETTINGS);
    let mut t = Tester::up_with(Config::default(), p256(), dongle);
    request(&mut t, PHONE, LinkType::Acl);
    t.told();
    t.controller.accept(t.now, PHONE).unwrap();
    t.turn();
    t.heard.clear();
    t.complete(PHONE, HANDLE, Status::SUCCESS);
    t.hear_any(Opcode::WRITE_LINK_POLICY_SETTINGS);
}

#[test]
fn signal_strength_is_read() {
    let (mut t, link) = voice::one();
    t.controller.read_rssi(t.now, link).unwrap();
    t.hear(Command::ReadRssi { connection_handle: HANDLE });
    assert!(matches!(t.told(), Output::Rssi { rssi: -7, link: l } if l == link));
    assert_eq!(t.controller.read_rssi(t.now, LinkId(6)), Err(OrderError::NoLink));
    let (mut t, link) = voice::linked(Config::default(), Dongle::modern().lacks(Opcode::READ_RSSI));
    assert_eq!(t.controller.read_rssi(t.now, link), Err(OrderError::NotSupported));
}

#[test]
fn link_quality_is_read_where_the_controller_can_tell() {
    let (mut t, link) = voice::one();
    t.controller.read_link_quality(t.now, link).unwrap();
    t.hear(Command::ReadLinkQuality { connection_handle: HANDLE });
    assert!(matches!(t.told(), Output::LinkQuality { quality: 200, link: l } if l == link));
    let lacking = Dongle::modern().lacks(Opcode::READ_LINK_QUALITY);
    let (mut t, link) = voice::linked(Config::default(), lacking);
    assert_eq!(t.controller.read_link_quality(t.now, link), Err(OrderError::NotSupported));
}
