//! Voice links that we set up.

use super::*;

/// Coding on the air twice, frame size twice, bandwidth of the host twice, coding at the host twice,
/// sample size twice, format twice, four zeros, unit size twice; then latency, packet types, effort.
const ENHANCED_S4: &str = "3D 04 3B 42 00 40 1F 00 00 40 1F 00 00 02 00 00 00 00 02 00 00 00 00 \
    3C 00 3C 00 80 3E 00 00 80 3E 00 00 04 00 00 00 00 04 00 00 00 00 10 00 10 00 02 02 00 00 00 00 \
    00 00 0C 00 80 03 02";
const ENHANCED_T2: &str = "3D 04 3B 42 00 40 1F 00 00 40 1F 00 00 03 00 00 00 00 03 00 00 00 00 \
    3C 00 3C 00 40 1F 00 00 40 1F 00 00 03 00 00 00 00 03 00 00 00 00 08 00 08 00 00 00 00 00 00 00 \
    00 00 0D 00 80 03 02";

#[test]
fn parameter_sets_are_tried_in_order() {
    for (codec, sets) in [(Cvsd, &[S4, S3, S2, S1, D1, D0][..]), (Msbc, &[T2, T1][..])] {
        let (mut t, link) = one();
        t.controller.setup_voice(t.now, link, codec).unwrap();
        for set in sets {
            t.told_nothing();
            t.hear_octets(set);
            t.voice_failed(Status::UNSUPPORTED_REMOTE_FEATURE);
        }
        t.told_failed(link, Status::UNSUPPORTED_REMOTE_FEATURE);
        t.voice_is_over(link);
    }
}

#[test]
fn a_set_that_the_peer_takes_is_the_last() {
    let (mut t, link) = one();
    t.controller.setup_voice(t.now, link, Cvsd).unwrap();
    t.hear_octets(S4);
    t.voice_failed(LIMITED);
    t.hear_octets(S3);
    t.voice(Status::SUCCESS, VOICE, LinkType::Esco);
    t.told_opened(link, Cvsd, true);
    t.hear_nothing();
    assert_eq!(t.controller.wake_at(), None);
    assert_eq!(t.controller.setup_voice(t.now, link, Cvsd), Err(OrderError::Connected));
    t.disconnected(VOICE, BY_USER);
    t.told_closed(link, BY_USER);
    t.voice_is_over(link);
}

#[test]
fn only_what_another_set_may_mend_is_tried_again() {
    for code in 1..=0x45 {
        let (mut t, link) = one();
        t.controller.setup_voice(t.now, link, Cvsd).unwrap();
        t.hear_octets(S4);
        t.voice_failed(Status(code));
        let mends = [0x0D, 0x11, 0x12, 0x19, 0x1A, 0x1B, 0x1C, 0x1E, 0x1F, 0x20];
        if mends.contains(&code) {
            t.hear_octets(S3);
        } else {
            t.told_failed(link, Status(code));
            t.voice_is_over(link);
        }
    }
}

#[test]
fn sets_that_the_controller_cannot_do_are_passed_over() {
    let with = |features| linked(Config::default(), Dongle { features, ..Dongle::modern() });
    let (mut t, link) = with(LmpFeatures::all() - LmpFeatures::EDR_ESCO_2M);
    t.controller.setup_voice(t.now, link, Cvsd).unwrap();
    t.hear_octets(S1);
    let (mut t, link) = with(LmpFeatures::SCO_LINK);
    t.controller.setup_voice(t.now, link, Cvsd).unwrap();
    t.hear_octets(D0);
    let (mut t, link) = with(LmpFeatures::all() - LmpFeatures::TRANSPARENT);
    assert_eq!(t.controller.setup_voice(t.now, link, Msbc), Err(OrderError::NotSupported));
    let (mut t, link) = with(LmpFeatures::empty());
    assert_eq!(t.controller.setup_voice(t.now, link, Cvsd), Err(OrderError::NotSupported));
    t.hear_nothing();
}

#[test]
fn a_refused_command_counts_as_a_failed_set() {
    let status = Status::INVALID_HCI_COMMAND_PARAMETERS;
    let dongle = Dongle::modern().refuses(Opcode::SETUP_SYNCHRONOUS_CONNECTION, status);
    let (mut t, link) = linked(Config::default(), dongle);
    t.controller.setup_voice(t.now, link, Msbc).unwrap();
    t.hear_octets(T2);
    t.hear_octets(T1);
    t.told_failed(link, status);
    t.told_nothing();
    assert_eq!(t.controller.wake_at(), None);
}

#[test]
fn the_enhanced_commands_are_used_by_configuration_or_where_the_others_fail() {
    let setup = Opcode::SETUP_SYNCHRONOUS_CONNECTION;
    let config = Config { enhanced_voice: true, ..Config::default() };
    for (codec, octets) in [(Cvsd, ENHANCED_S4), (Msbc, ENHANCED_T2)] {
        let (mut t, link) = linked(config.clone(), Dongle::modern());
        t.controller.setup_voice(t.now, link, codec).unwrap();
        t.hear_octets(octets);
        // The controller does not list the legacy command.
        let (mut t, link) = linked(Config::default(), Dongle::modern().lacks(setup));
        t.controller.setup_voice(t.now, link, codec).unwrap();
        t.hear_octets(octets);
    }
    // It lists it, and does not know it: it is not asked again.
    let (mut t, link) = linked(Config::default(), Dongle::modern().refuses(setup, UNKNOWN));
    t.controller.setup_voice(t.now, link, Cvsd).unwrap();
    t.hear_octets(S4);
    t.hear_octets(ENHANCED_S4);
    t.voice_failed(Status::PAGE_TIMEOUT);
    t.told_failed(link, Status::PAGE_TIMEOUT);
    t.controller.setup_voice(t.now, link, Cvsd).unwrap();
    t.hear_octets(ENHANCED_S4);
    // It does not support something about it: the next set has the enhanced form, too.
    let status = Status::UNSUPPORTED_FEATURE_OR_PARAMETER_VALUE;
    let (mut t, link) = linked(Config::default(), Dongle::modern().refuses(setup, status));
    t.controller.setup_voice(t.now, link, Cvsd).unwrap();
    t.hear_octets(S4);
    t.hear_octets(ENHANCED_S4);
    t.voice_failed(status);
    t.hear_any(Opcode::ENHANCED_SETUP_SYNCHRONOUS_CONNECTION);
    // Neither: nothing can be done. The quirk does not matter to a controller without the command.
    let enhanced = Opcode::ENHANCED_SETUP_SYNCHRONOUS_CONNECTION;
    let dongle = Dongle::modern().lacks(enhanced);
    let (mut t, link) = linked(config, dongle.clone());
    t.controller.setup_voice(t.now, link, Cvsd).unwrap();
    t.hear_octets(S4);
    let (mut t, link) = linked(Config::default(), dongle.refuses(setup, UNKNOWN));
    t.controller.setup_voice(t.now, link, Cvsd).unwrap();
    t.hear_octets(S4);
    t.told_failed(link, UNKNOWN);
    assert_eq!(t.controller.setup_voice(t.now, link, Cvsd), Err(OrderError::NotSupported));
    t.hear_nothing();
}

#[test]
fn a_full_queue_of_commands_is_told() {
    let (mut t, link) = one();
    t.dongle.ignores.push(Opcode::READ_RSSI);
    while t.controller.read_rssi(t.now, link).is_ok() {}
    assert_eq!(t.controller.setup_voice(t.now, link, Cvsd), Err(OrderError::Full));
    t.wants_voice(PHONE, LinkType::Esco);
    t.told_requested(true);
    while t.controller.read_rssi(t.now, link).is_ok() {}
    assert_eq!(t.controller.accept_voice(t.now, link, Cvsd), Err(OrderError::Full));
}
