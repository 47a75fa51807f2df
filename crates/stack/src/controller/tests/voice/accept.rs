//! Voice links that the peer wants.

use super::*;

#[test]
fn requests_are_accepted_as_they_are_made() {
    let cases = [
        (LinkType::Esco, Cvsd, ACCEPT_ESCO),
        (LinkType::Esco, Msbc, ACCEPT_MSBC),
        (LinkType::Sco, Cvsd, ACCEPT_SCO),
    ];
    for (kind, codec, octets) in cases {
        let (mut t, link) = one();
        t.wants_voice(PHONE, kind);
        t.told_requested(kind == LinkType::Esco);
        t.hear_nothing();
        // It may wait for its answer.
        t.wait(ms(4400));
        t.hear_nothing();
        t.controller.accept_voice(t.now, link, codec).unwrap();
        t.hear_octets(octets);
        assert_eq!(t.controller.accept_voice(t.now, link, codec), Err(OrderError::NoLink));
        t.voice(Status::SUCCESS, VOICE, kind);
        t.told_opened(link, codec, kind == LinkType::Esco);
        assert_eq!(t.controller.wake_at(), None);
    }
    // No SCO link carries mSBC, whatever was agreed on.
    let (mut t, link) = one();
    t.wants_voice(PHONE, LinkType::Sco);
    t.told_requested(false);
    t.controller.accept_voice(t.now, link, Msbc).unwrap();
    t.hear_octets(ACCEPT_SCO);
    t.voice(Status::SUCCESS, VOICE, LinkType::Sco);
    t.told_opened(link, Cvsd, false);
}

#[test]
fn acceptance_has_its_enhanced_form_too() {
    let accept = Opcode::ACCEPT_SYNCHRONOUS_CONNECTION_REQUEST;
    let enhanced = Opcode::ENHANCED_ACCEPT_SYNCHRONOUS_CONNECTION_REQUEST;
    let octets = "3E 04 3F 01 02 03 04 05 06 40 1F 00 00 40 1F 00 00 02 00 00 00 00 02 00 00 00 00 \
        3C 00 3C 00 80 3E 00 00 80 3E 00 00 04 00 00 00 00 04 00 00 00 00 10 00 10 00 02 02 00 00 \
        00 00 00 00 FF FF 38 00 FF";
    let config = Config { enhanced_voice: true, ..Config::default() };
    let (mut t, link) = linked(config, Dongle::modern());
    t.asked();
    t.controller.accept_voice(t.now, link, Cvsd).unwrap();
    t.hear_octets(octets);
    for status in [UNKNOWN, Status::UNSUPPORTED_FEATURE_OR_PARAMETER_VALUE] {
        let (mut t, link) = linked(Config::default(), Dongle::modern().refuses(accept, status));
        t.asked();
        t.controller.accept_voice(t.now, link, Cvsd).unwrap();
        t.hear_octets(ACCEPT_ESCO);
        t.hear_octets(octets);
        t.voice(Status::SUCCESS, VOICE, LinkType::Esco);
        t.told_opened(link, Cvsd, true);
    }
    // Whatever else it refuses for, the peer is not left without an answer.
    for status in [Status::COMMAND_DISALLOWED, LIMITED] {
        let dongle = Dongle::modern().refuses(accept, status).lacks(enhanced);
        let (mut t, link) = linked(Config::default(), dongle);
        t.asked();
        t.controller.accept_voice(t.now, link, Cvsd).unwrap();
        t.hear_octets(ACCEPT_ESCO);
        t.hear_rejection(LIMITED);
        t.told_failed(link, status);
        t.voice_failed(LIMITED);
        t.voice_is_over(link);
    }
}

#[test]
fn requests_are_turned_down_with_what_the_specification_allows() {
    for code in 0..=0x20 {
        let (mut t, link) = one();
        t.asked();
        t.controller.reject_voice(t.now, link, Status(code)).unwrap();
        let reason = if (0x0D..=0x0F).contains(&code) { Status(code) } else { LIMITED };
        t.hear_rejection(reason);
        assert_eq!(t.controller.reject_voice(t.now, link, reason), Err(OrderError::NoLink));
        assert_eq!(t.controller.accept_voice(t.now, link, Cvsd), Err(OrderError::NoLink));
        // Its end comes when we have begun something of our own, whose end it is not.
        t.controller.setup_voice(t.now, link, Cvsd).unwrap();
        t.hear_octets(S4);
        t.voice_failed(reason);
        t.hear_nothing();
        t.voice_failed(LIMITED);
        t.hear_octets(S3);
    }
}

#[test]
fn a_request_that_nobody_answers_is_turned_down_in_time() {
    let (mut t, link) = one();
    t.asked();
    t.wait(VOICE_ANSWER_TIMEOUT - ms(1));
    t.hear_nothing();
    t.wait(ms(1));
    t.told_failed(link, Status::CONNECTION_ACCEPT_TIMEOUT_EXCEEDED);
    t.hear_rejection(LIMITED);
    t.voice_failed(LIMITED);
    t.voice_is_over(link);
    // The controller was faster, or the peer thought better of it.
    let (mut t, link) = one();
    t.asked();
    t.voice_failed(Status::CONNECTION_ACCEPT_TIMEOUT_EXCEEDED);
    t.told_failed(link, Status::CONNECTION_ACCEPT_TIMEOUT_EXCEEDED);
    t.voice_is_over(link);
    // It did not wait for our answer.
    let (mut t, link) = one();
    t.asked();
    t.voice(Status::SUCCESS, VOICE, LinkType::Esco);
    t.told_failed(link, CANCELLED);
    t.hear_disconnect(VOICE, BY_USER);
    assert_eq!(t.controller.accept_voice(t.now, link, Cvsd), Err(OrderError::NoLink));
    t.disconnected(VOICE, BY_HOST);
    t.voice_is_over(link);
}

#[test]
fn one_voice_link_for_a_link_and_none_without() {
    let (mut t, link) = one();
    t.open(link, Cvsd);
    t.wants_voice(PHONE, LinkType::Sco);
    t.hear_rejection(LIMITED);
    t.voice_failed(LIMITED);
    // A second one that comes up all the same is sent away.
    t.voice(Status::SUCCESS, Handle::new(0x777), LinkType::Esco);
    t.hear_disconnect(Handle::new(0x777), BY_USER);
    t.disconnected(Handle::new(0x777), BY_HOST);
    // The same one told twice is the same one.
    t.voice(Status::SUCCESS, VOICE, LinkType::Esco);
    t.told_nothing();
    t.hear_nothing();
    // Nobody that we know.
    t.wants_voice(OTHER, LinkType::Esco);
    t.hear(Command::RejectSynchronousConnectionRequest { bd_addr: OTHER, reason: LIMITED });
    t.voice_of(OTHER, Status::SUCCESS, Handle::new(0x778), LinkType::Esco);
    t.hear_disconnect(Handle::new(0x778), BY_USER);
    t.voice_of(OTHER, LIMITED, Handle::new(0), LinkType::Esco);
    let nobody = LinkId(MAX_LINKS as u8);
    for link in [LinkId(1), nobody, LinkId(255)] {
        let none = Err(OrderError::NoLink);
        assert_eq!(t.controller.setup_voice(t.now, link, Cvsd), none);
        assert_eq!(t.controller.accept_voice(t.now, link, Cvsd), none);
        assert_eq!(t.controller.reject_voice(t.now, link, LIMITED), none);
        assert_eq!(t.controller.close_voice(t.now, link, BY_USER), none);
    }
    t.told_nothing();
    t.hear_nothing();
}

#[test]
fn two_links_have_voice_at_once() {
    let (mut t, a) = one();
    let b = t.connected(OTHER, SECOND);
    t.open(a, Msbc);
    t.wants_voice(OTHER, LinkType::Sco);
    t.told_requested(false);
    t.controller.accept_voice(t.now, b, Cvsd).unwrap();
    t.hear_any(Opcode::ACCEPT_SYNCHRONOUS_CONNECTION_REQUEST);
    t.voice_of(OTHER, Status::SUCCESS, Handle::new(0x104), LinkType::Sco);
    let told = t.told();
    let opened =
        matches!(told, Output::VoiceOpened { link, codec: Cvsd, extended: false, .. } if link == b);
    assert!(opened, "{told:?}");
    t.disconnected(VOICE, BY_USER);
    t.told_closed(a, BY_USER);
    t.controller.close_voice(t.now, b, BY_USER).unwrap();
    t.hear_disconnect(Handle::new(0x104), BY_USER);
    t.disconnected(Handle::new(0x104), BY_HOST);
    t.told_closed(b, BY_HOST);
    t.voice_is_over(a);
}

#[test]
fn a_request_that_crosses_ours_takes_its_place_if_that_fails() {
    let collision = Status::LMP_ERROR_TRANSACTION_COLLISION;
    let (mut t, link) = one();
    t.controller.setup_voice(t.now, link, Msbc).unwrap();
    t.hear_octets(T2);
    t.wants_voice(PHONE, LinkType::Esco);
    t.told_nothing();
    t.hear_nothing();
    t.voice_failed(collision);
    t.hear_octets(ACCEPT_MSBC);
    t.voice(Status::SUCCESS, VOICE, LinkType::Esco);
    t.told_opened(link, Msbc, true);
    // Ours came through after all.
    let (mut t, link) = one();
    t.controller.setup_voice(t.now, link, Cvsd).unwrap();
    t.hear_octets(S4);
    t.wants_voice(PHONE, LinkType::Esco);
    t.voice(Status::SUCCESS, VOICE, LinkType::Esco);
    t.told_opened(link, Cvsd, true);
    t.hear_rejection(LIMITED);
    t.voice_failed(LIMITED);
    t.told_nothing();
    // What the peer wants cannot carry what we want: then it is as the peer wants.
    let (mut t, link) = one();
    t.controller.setup_voice(t.now, link, Msbc).unwrap();
    t.hear_octets(T2);
    t.wants_voice(PHONE, LinkType::Sco);
    t.voice_failed(collision);
    t.hear_octets(ACCEPT_SCO);
    t.voice(Status::SUCCESS, VOICE, LinkType::Sco);
    t.told_opened(link, Cvsd, false);
    // Each waits for the other.
    let (mut t, link) = one();
    t.controller.setup_voice(t.now, link, Cvsd).unwrap();
    t.hear_octets(S4);
    t.wants_voice(PHONE, LinkType::Esco);
    t.wait(VOICE_ANSWER_TIMEOUT);
    t.told_failed(link, Status::LMP_RESPONSE_TIMEOUT);
    t.hear_rejection(LIMITED);
    t.voice_failed(LIMITED);
    t.voice_is_over(link);
}

#[test]
fn a_flood_of_requests_ends_in_one_refusal_at_a_time() {
    let (mut t, link) = one();
    t.open(link, Cvsd);
    t.dongle.ignores.push(Opcode::REJECT_SYNCHRONOUS_CONNECTION_REQUEST);
    for _ in 0..1000 {
        t.wants_voice(PHONE, LinkType::Esco);
    }
    t.hear_rejection(LIMITED);
    t.hear_nothing();
    assert_eq!(t.controller.counters().commands_lost, 0);
    // While nobody has answered, each replaces the one before.
    let (mut t, link) = one();
    t.asked();
    for _ in 0..1000 {
        t.wants_voice(PHONE, LinkType::Sco);
    }
    t.told_nothing();
    t.hear_nothing();
    t.controller.accept_voice(t.now, link, Cvsd).unwrap();
    t.hear_octets(ACCEPT_SCO);
}
