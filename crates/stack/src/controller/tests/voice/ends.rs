//! How voice links end, and attempts at them.

use super::*;

#[test]
fn what_the_controller_never_ends_is_given_up() {
    let (mut t, link) = one();
    t.controller.setup_voice(t.now, link, Cvsd).unwrap();
    t.hear_octets(S4);
    t.wait(VOICE_TIMEOUT);
    t.told_failed(link, Status::LMP_RESPONSE_TIMEOUT);
    // It comes after all, and nobody wants it any more.
    t.voice(Status::SUCCESS, VOICE, LinkType::Esco);
    t.hear_disconnect(VOICE, BY_USER);
    t.disconnected(VOICE, BY_HOST);
    t.voice_is_over(link);
    let (mut t, link) = one();
    t.asked();
    t.controller.accept_voice(t.now, link, Cvsd).unwrap();
    t.hear_octets(ACCEPT_ESCO);
    t.wait(VOICE_TIMEOUT);
    t.told_failed(link, Status::LMP_RESPONSE_TIMEOUT);
    t.voice_is_over(link);
    // A disconnection without an end.
    let (mut t, link) = one();
    t.open(link, Cvsd);
    t.controller.close_voice(t.now, link, BY_USER).unwrap();
    t.hear_disconnect(VOICE, BY_USER);
    t.wait(LEAVING_TIMEOUT);
    t.told_closed(link, BY_HOST);
    t.disconnected(VOICE, BY_HOST);
    t.voice_is_over(link);
}

#[test]
fn an_attempt_can_be_cancelled() {
    for fails in [true, false] {
        let (mut t, link) = one();
        t.controller.setup_voice(t.now, link, Cvsd).unwrap();
        t.hear_octets(S4);
        t.controller.close_voice(t.now, link, BY_USER).unwrap();
        t.controller.close_voice(t.now, link, BY_USER).unwrap();
        t.told_nothing();
        assert_eq!(t.controller.setup_voice(t.now, link, Cvsd), Err(OrderError::Connected));
        if fails {
            t.voice_failed(LIMITED);
        } else {
            t.voice(Status::SUCCESS, VOICE, LinkType::Esco);
            t.hear_disconnect(VOICE, BY_USER);
            t.told_nothing();
            t.disconnected(VOICE, BY_HOST);
        }
        t.told_failed(link, CANCELLED);
        t.voice_is_over(link);
    }
    // Before the controller has heard of it.
    let (mut t, link) = one();
    t.controller.setup_voice(t.now, link, Cvsd).unwrap();
    t.controller.close_voice(t.now, link, BY_USER).unwrap();
    t.told_failed(link, CANCELLED);
    t.voice_is_over(link);
    // The peer's: not answered, answered and withdrawn, answered and said.
    let (mut t, link) = one();
    t.asked();
    t.controller.close_voice(t.now, link, BY_USER).unwrap();
    t.hear_rejection(LIMITED);
    t.told_nothing();
    t.asked();
    t.controller.accept_voice(t.now, link, Cvsd).unwrap();
    t.controller.close_voice(t.now, link, BY_USER).unwrap();
    t.told_failed(link, CANCELLED);
    t.hear_rejection(LIMITED);
    t.asked();
    t.controller.accept_voice(t.now, link, Cvsd).unwrap();
    t.hear_octets(ACCEPT_ESCO);
    t.controller.close_voice(t.now, link, BY_USER).unwrap();
    t.voice(Status::SUCCESS, VOICE, LinkType::Esco);
    t.hear_disconnect(VOICE, BY_USER);
    t.disconnected(VOICE, BY_HOST);
    t.told_failed(link, CANCELLED);
    t.voice_is_over(link);
    // With a request of the peer's that crossed it; and the controller says nothing more.
    let (mut t, link) = one();
    t.controller.setup_voice(t.now, link, Cvsd).unwrap();
    t.hear_octets(S4);
    t.wants_voice(PHONE, LinkType::Esco);
    t.controller.close_voice(t.now, link, BY_USER).unwrap();
    t.hear_rejection(LIMITED);
    t.wait(VOICE_TIMEOUT);
    t.told_failed(link, CANCELLED);
    t.voice_is_over(link);
}

#[test]
fn what_has_ended_leaves_no_command_behind() {
    let (mut t, link) = one();
    t.open(link, Cvsd);
    t.dongle.ignores.push(Opcode::READ_RSSI);
    t.controller.read_rssi(t.now, link).unwrap();
    t.controller.close_voice(t.now, link, BY_USER).unwrap();
    t.disconnected(VOICE, BY_USER);
    t.told_closed(link, BY_USER);
    t.hear_any(Opcode::READ_RSSI);
    t.say(Event::CommandStatus {
        status: UNKNOWN,
        num_hci_command_packets: 1,
        command_opcode: Opcode::READ_RSSI,
    });
    t.voice_is_over(link);
}

#[test]
fn an_answer_that_comes_late_is_not_taken_for_the_next_attempts() {
    let refused = |t: &mut Tester, command_opcode| {
        let status = Status::COMMAND_DISALLOWED;
        t.say(Event::CommandStatus { status, num_hci_command_packets: 1, command_opcode });
    };
    let (mut t, link) = one();
    t.dongle.ignores.extend([Opcode::READ_RSSI, Opcode::SETUP_SYNCHRONOUS_CONNECTION]);
    for _ in 0..5 {
        t.controller.read_rssi(t.now, link).unwrap();
    }
    t.controller.setup_voice(t.now, link, Cvsd).unwrap();
    for _ in 0..5 {
        t.wait(ms(1900));
        t.hear_any(Opcode::READ_RSSI);
        refused(&mut t, Opcode::READ_RSSI);
    }
    t.hear_octets(S4);
    t.wait(ms(500));
    t.told_failed(link, Status::LMP_RESPONSE_TIMEOUT);
    t.controller.setup_voice(t.now, link, Cvsd).unwrap();
    refused(&mut t, Opcode::SETUP_SYNCHRONOUS_CONNECTION);
    t.told_nothing();
    t.hear_octets(S4);
    refused(&mut t, Opcode::SETUP_SYNCHRONOUS_CONNECTION);
    t.told_failed(link, Status::COMMAND_DISALLOWED);
}

#[test]
fn what_was_turned_down_on_a_link_that_went_is_forgotten() {
    let (mut t, link) = one();
    t.asked();
    t.controller.reject_voice(t.now, link, LIMITED).unwrap();
    t.hear_rejection(LIMITED);
    t.gone(link, HANDLE, BY_USER);
    let link = t.connected(PHONE, HANDLE);
    t.controller.setup_voice(t.now, link, Cvsd).unwrap();
    t.hear_octets(S4);
    t.voice_failed(LIMITED);
    t.hear_octets(S3);
}

#[test]
fn a_refusal_that_the_controller_does_not_take_has_no_end_to_wait_for() {
    let gone = Status::UNKNOWN_CONNECTION_IDENTIFIER;
    let dongle = Dongle::modern().refuses(Opcode::REJECT_SYNCHRONOUS_CONNECTION_REQUEST, gone);
    let (mut t, link) = linked(Config::default(), dongle);
    t.asked();
    t.controller.reject_voice(t.now, link, LIMITED).unwrap();
    t.hear_rejection(LIMITED);
    t.controller.setup_voice(t.now, link, Cvsd).unwrap();
    t.hear_octets(S4);
    t.voice_failed(LIMITED);
    t.hear_octets(S3);
}

#[test]
fn both_sides_close_at_once() {
    let (mut t, link) = one();
    t.open(link, Cvsd);
    t.dongle = t.dongle.clone().refuses(Opcode::DISCONNECT, Status::UNKNOWN_CONNECTION_IDENTIFIER);
    t.controller.close_voice(t.now, link, BY_USER).unwrap();
    t.hear_disconnect(VOICE, BY_USER);
    t.told_closed(link, BY_HOST);
    t.disconnected(VOICE, BY_USER);
    t.voice_is_over(link);
}

#[test]
fn voice_ends_before_its_link_whatever_it_is_doing() {
    type Prepare = fn(&mut Tester, LinkId);
    let lost = Status::CONNECTION_TIMEOUT;
    let cases: [(Prepare, Option<Status>); 6] = [
        (|t, _| t.asked(), Some(lost)),
        (
            |t, link| {
                t.asked();
                t.controller.accept_voice(t.now, link, Cvsd).unwrap();
                t.hear_octets(ACCEPT_ESCO);
            },
            Some(lost),
        ),
        (
            |t, link| {
                t.controller.setup_voice(t.now, link, Cvsd).unwrap();
                t.hear_octets(S4);
            },
            Some(lost),
        ),
        (
            |t, link| {
                t.controller.setup_voice(t.now, link, Cvsd).unwrap();
                t.hear_octets(S4);
                t.controller.close_voice(t.now, link, BY_USER).unwrap();
            },
            Some(CANCELLED),
        ),
        (|t, link| t.open(link, Cvsd), None),
        (
            |t, link| {
                t.open(link, Cvsd);
                t.controller.close_voice(t.now, link, BY_USER).unwrap();
                t.hear_disconnect(VOICE, BY_USER);
            },
            None,
        ),
    ];
    for (prepare, failed) in cases {
        let (mut t, link) = one();
        prepare(&mut t, link);
        t.disconnected(HANDLE, lost);
        match failed {
            Some(status) => t.told_failed(link, status),
            None => t.told_closed(link, lost),
        }
        assert!(matches!(t.told(), Output::Disconnected { .. }));
        t.told_nothing();
        assert_eq!(t.controller.wake_at(), None);
        // What is said late.
        t.disconnected(VOICE, lost);
        t.voice_failed(lost);
        // Nothing of it is left to the next link.
        let link = t.connected(PHONE, HANDLE);
        t.voice_is_over(link);
    }
    // The controller is lost.
    let (mut t, link) = one();
    t.open(link, Cvsd);
    t.controller.transport_lost(t.now);
    t.told_closed(link, Status::HARDWARE_FAILURE);
    assert!(matches!(t.told(), Output::Disconnected { .. }));
}

#[test]
fn a_link_that_is_sent_away_takes_its_voice_along() {
    let (mut t, link) = one();
    t.controller.setup_voice(t.now, link, Cvsd).unwrap();
    t.hear_octets(S4);
    t.controller.disconnect(t.now, link, BY_USER).unwrap();
    t.hear_disconnect(HANDLE, BY_USER);
    assert_eq!(t.controller.setup_voice(t.now, link, Cvsd), Err(OrderError::NoLink));
    t.wants_voice(PHONE, LinkType::Esco);
    t.hear_rejection(LIMITED);
    // It came up in the meantime.
    t.voice(Status::SUCCESS, VOICE, LinkType::Esco);
    t.hear_disconnect(VOICE, BY_USER);
    t.disconnected(VOICE, BY_HOST);
    t.told_failed(link, CANCELLED);
    t.gone(link, HANDLE, BY_HOST);
    t.hear_nothing();
}

#[test]
fn handles_that_come_again_and_changes_are_survived() {
    let (mut t, a) = one();
    let b = t.connected(OTHER, SECOND);
    t.open(a, Cvsd);
    t.say(Event::SynchronousConnectionChanged {
        status: Status::SUCCESS,
        connection_handle: VOICE,
        transmission_interval: 6,
        retransmission_window: 2,
        rx_packet_length: 30,
        tx_packet_length: 30,
    });
    t.told_nothing();
    assert_eq!(t.controller.counters().unknown_handles, 0);
    // The other link's voice has this handle now.
    t.controller.setup_voice(t.now, b, Cvsd).unwrap();
    t.hear_any(Opcode::SETUP_SYNCHRONOUS_CONNECTION);
    t.voice_of(OTHER, Status::SUCCESS, VOICE, LinkType::Esco);
    t.told_closed(a, Status::CONNECTION_ALREADY_EXISTS);
    t.told_opened(b, Cvsd, true);
    // A handle that is a link's is none of a voice link's.
    t.controller.setup_voice(t.now, a, Cvsd).unwrap();
    t.hear_any(Opcode::SETUP_SYNCHRONOUS_CONNECTION);
    t.voice(Status::SUCCESS, SECOND, LinkType::Esco);
    t.told_nothing();
    t.hear_nothing();
    t.voice_failed(BY_USER);
    t.told_failed(a, BY_USER);
    // And the other way round.
    t.gone(a, HANDLE, BY_USER);
    t.say(Event::ConnectionRequest {
        bd_addr: PHONE,
        class_of_device: CLASS,
        link_type: LinkType::Acl,
    });
    t.told();
    t.controller.accept(t.now, PHONE).unwrap();
    t.hear_any(Opcode::ACCEPT_CONNECTION_REQUEST);
    t.complete(PHONE, VOICE, Status::SUCCESS);
    t.told_closed(b, Status::CONNECTION_ALREADY_EXISTS);
    assert!(matches!(t.told(), Output::Connected { .. }));
}
