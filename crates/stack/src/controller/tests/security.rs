//! What is promised of the security of links with a bond, line by line.

use super::*;
use crate::SecureConnections;
use crate::controller::{Authenticate, SECURITY_TIMEOUT};

fn bonded(key_type: KeyType) -> Tester {
    Tester::up(vec![bond(PHONE, key_type)])
}

/// A bonded phone up to the point where the key's size is read, with this encryption.
fn measuring(t: &mut Tester, encryption: Encryption) -> LinkId {
    let id = t.authenticating(PHONE, HANDLE);
    t.key_asked(PHONE, Some(KEY));
    t.authenticated(HANDLE, Status::SUCCESS);
    t.hear_any(Opcode::SET_CONNECTION_ENCRYPTION);
    t.dongle.ignores.push(Opcode::READ_ENCRYPTION_KEY_SIZE);
    t.encrypted(HANDLE, encryption);
    t.hear_any(Opcode::READ_ENCRYPTION_KEY_SIZE);
    id
}

fn key_size(t: &mut Tester, status: Status, size: u8) {
    t.dongle.ignores.clear();
    let handle = HANDLE.raw().to_le_bytes();
    t.say(Event::CommandComplete {
        num_hci_command_packets: 1,
        command_opcode: Opcode::READ_ENCRYPTION_KEY_SIZE,
        return_parameters: &[status.0, handle[0], handle[1], size],
    });
}

#[test]
fn a_bonded_phone_is_authenticated_by_us_then_encrypted_then_measured() {
    let mut t = bonded(KeyType::AuthenticatedP256);
    let id = t.authenticating(PHONE, HANDLE);
    t.told_nothing();
    t.key_asked(PHONE, Some(KEY));
    t.authenticated(HANDLE, Status::SUCCESS);
    t.hear(Command::SetConnectionEncryption { connection_handle: HANDLE, encryption_enable: true });
    t.told_nothing();
    t.encrypted(HANDLE, Encryption::AesCcm);
    t.hear(Command::ReadEncryptionKeySize { connection_handle: HANDLE });
    assert!(matches!(t.told(), Output::Store(bond) if bond.last_used == 2));
    match t.told() {
        Output::Secured { link, key_type: KeyType::AuthenticatedP256, paired: false } => {
            assert_eq!(link, id);
        }
        other => panic!("told {other:?}"),
    }
    assert_eq!(t.controller.wake_at(), None);
}

#[test]
fn each_use_of_a_bond_is_later_than_all_before() {
    let mut t = Tester::up(vec![
        bond(PHONE, KeyType::UnauthenticatedP256),
        Bond { last_used: 40, ..bond(OTHER, KeyType::UnauthenticatedP256) },
    ]);
    t.secured(PHONE, HANDLE);
    let used = t.controller.bonds().iter().map(|bond| bond.last_used).max();
    assert_eq!(used, Some(41));
    assert_eq!(t.controller.bond(PHONE).map(|bond| bond.last_used), Some(41));
}

#[test]
fn who_stays_is_used_later_than_who_goes_even_if_the_power_fails_then() {
    let mut t = Tester::up(vec![
        bond(PHONE, KeyType::UnauthenticatedP256),
        bond(OTHER, KeyType::UnauthenticatedP256),
    ]);
    let used = |t: &Tester, phone| t.controller.bond(phone).map(|bond| bond.last_used);
    t.secured(PHONE, HANDLE);
    let other = t.secured(OTHER, Handle::new(0x0043));
    assert!(used(&t, OTHER) > used(&t, PHONE));
    t.controller
        .disconnect(t.now, other, Status::REMOTE_USER_TERMINATED_CONNECTION)
        .expect("a link");
    assert!(matches!(t.told(), Output::Store(bond) if bond.address == PHONE));
    assert!(used(&t, PHONE) > used(&t, OTHER));
}

#[test]
fn a_peer_that_authenticates_and_encrypts_first_is_still_authenticated_by_us() {
    let mut t = bonded(KeyType::UnauthenticatedP256);
    let id = t.connected(PHONE, HANDLE);
    // The peer has our controller prove the key, and encrypts, all before our turn comes.
    t.hear_any(Opcode::READ_REMOTE_SUPPORTED_FEATURES);
    t.key_asked(PHONE, Some(KEY));
    t.encrypted(HANDLE, Encryption::AesCcm);
    t.told_nothing();
    t.hear_nothing();
    t.say(Event::ReadRemoteSupportedFeaturesComplete {
        status: Status::UNSUPPORTED_REMOTE_FEATURE,
        connection_handle: HANDLE,
        lmp_features: LmpFeatures::empty(),
    });
    t.hear(Command::AuthenticationRequested { connection_handle: HANDLE });
    t.told_nothing();
    t.key_asked(PHONE, Some(KEY));
    t.authenticated(HANDLE, Status::SUCCESS);
    // It is encrypted already.
    t.hear(Command::ReadEncryptionKeySize { connection_handle: HANDLE });
    t.told();
    assert!(matches!(t.told(), Output::Secured { link, .. } if link == id));
}

#[test]
fn a_peer_that_placed_the_link_may_begin() {
    // With a bond it is left less time than without.
    for (bonds, courtesy) in
        [(vec![bond(PHONE, KeyType::UnauthenticatedP256)], 500), (vec![], 1000)]
    {
        let mut t = Tester::pairable(Config::default(), bonds);
        t.connected(PHONE, HANDLE);
        t.features_read(HANDLE);
        t.wait(ms(courtesy - 1));
        t.hear_nothing();
        t.wait(ms(1));
        t.hear(Command::AuthenticationRequested { connection_handle: HANDLE });
    }
    // When it is through, we come at once.
    let mut t = bonded(KeyType::UnauthenticatedP256);
    t.connected(PHONE, HANDLE);
    t.features_read(HANDLE);
    t.encrypted(HANDLE, Encryption::AesCcm);
    t.wait(ms(0));
    t.hear(Command::AuthenticationRequested { connection_handle: HANDLE });
    // Where we placed the link, we begin.
    let mut t = bonded(KeyType::UnauthenticatedP256);
    t.controller.connect(t.now, PHONE).unwrap();
    t.turn();
    t.complete(PHONE, HANDLE, Status::SUCCESS);
    t.heard.clear();
    t.told.clear();
    t.say(Event::ReadRemoteSupportedFeaturesComplete {
        status: Status::SUCCESS,
        connection_handle: HANDLE,
        lmp_features: LmpFeatures::empty(),
    });
    t.hear(Command::AuthenticationRequested { connection_handle: HANDLE });
}

#[test]
fn an_impersonator_that_cannot_prove_the_key_is_refused() {
    for status in [Status::AUTHENTICATION_FAILURE, Status::PIN_OR_KEY_MISSING] {
        let mut t = bonded(KeyType::UnauthenticatedP256);
        let id = t.authenticating(PHONE, HANDLE);
        t.key_asked(PHONE, Some(KEY));
        t.authenticated(HANDLE, status);
        t.refused(id, HANDLE, status);
        assert!(t.controller.is_bonded(PHONE), "the bond stays");
        assert_eq!(t.controller.wake_at(), None);
    }
}

#[test]
fn a_success_without_our_key_proves_nothing() {
    let mut t = bonded(KeyType::UnauthenticatedP256);
    let id = t.authenticating(PHONE, HANDLE);
    t.authenticated(HANDLE, Status::SUCCESS);
    t.refused(id, HANDLE, Status::AUTHENTICATION_FAILURE);
}

#[test]
fn an_authentication_that_we_did_not_ask_for_proves_nothing() {
    let mut t = bonded(KeyType::UnauthenticatedP256);
    t.connected(PHONE, HANDLE);
    t.hear_any(Opcode::READ_REMOTE_SUPPORTED_FEATURES);
    t.key_asked(PHONE, Some(KEY));
    t.authenticated(HANDLE, Status::SUCCESS);
    t.encrypted(HANDLE, Encryption::AesCcm);
    t.wait(ms(5000));
    t.hear_nothing();
    t.told_nothing();
}

#[test]
fn an_end_of_authentication_that_is_not_due_means_nothing() {
    let mut t = bonded(KeyType::UnauthenticatedP256);
    t.authenticating(PHONE, HANDLE);
    t.key_asked(PHONE, Some(KEY));
    t.authenticated(HANDLE, Status::LMP_ERROR_TRANSACTION_COLLISION);
    t.authenticated(HANDLE, Status::SUCCESS);
    t.hear_nothing();
    t.wait(ms(100));
    t.hear(Command::AuthenticationRequested { connection_handle: HANDLE });
    t.proven(HANDLE, Encryption::AesCcm);
    t.told.clear();
    for status in [Status::SUCCESS, Status::AUTHENTICATION_FAILURE] {
        t.authenticated(HANDLE, status);
        t.hear_nothing();
        t.told_nothing();
    }
}

#[test]
fn a_key_that_is_too_small_or_cannot_be_read_ends_the_link() {
    let cases = [
        (16, Status::SUCCESS, 15),
        (16, Status::SUCCESS, 0),
        (16, Status::UNKNOWN_CONNECTION_IDENTIFIER, 16),
        (16, Status::UNKNOWN_HCI_COMMAND, 16),
        (10, Status::SUCCESS, 9),
        // The setting cannot be below 7, nor above 16.
        (0, Status::SUCCESS, 6),
    ];
    for (least, status, size) in cases {
        let mut t = bonded(KeyType::UnauthenticatedP192);
        t.controller.set_min_key_size(least);
        let id = measuring(&mut t, Encryption::E0);
        key_size(&mut t, status, size);
        t.refused(id, HANDLE, Status::INSUFFICIENT_SECURITY);
    }
    for (least, size) in [(16, 16), (7, 7), (0, 7), (200, 16)] {
        let mut t = bonded(KeyType::UnauthenticatedP192);
        t.controller.set_min_key_size(least);
        measuring(&mut t, Encryption::E0);
        key_size(&mut t, Status::SUCCESS, size);
        t.told();
        assert!(matches!(t.told(), Output::Secured { .. }), "{least} {size}");
    }
}

#[test]
fn a_key_size_for_another_link_is_none() {
    let mut t = bonded(KeyType::UnauthenticatedP192);
    let id = measuring(&mut t, Encryption::E0);
    t.dongle.ignores.clear();
    t.say(Event::CommandComplete {
        num_hci_command_packets: 1,
        command_opcode: Opcode::READ_ENCRYPTION_KEY_SIZE,
        return_parameters: &[0, 0x77, 0x00, 16],
    });
    t.refused(id, HANDLE, Status::INSUFFICIENT_SECURITY);
}

#[test]
fn a_controller_that_cannot_tell_the_key_size_secures_nothing() {
    let dongle = Dongle::modern().lacks(Opcode::READ_ENCRYPTION_KEY_SIZE);
    let bonds = vec![bond(PHONE, KeyType::UnauthenticatedP192)];
    let mut t = Tester::up_with(Config::default(), bonds, dongle);
    let id = t.authenticating(PHONE, HANDLE);
    t.key_asked(PHONE, Some(KEY));
    t.authenticated(HANDLE, Status::SUCCESS);
    t.hear_any(Opcode::SET_CONNECTION_ENCRYPTION);
    t.encrypted(HANDLE, Encryption::E0);
    t.refused(id, HANDLE, Status::INSUFFICIENT_SECURITY);
}

#[test]
fn a_p256_bond_is_accepted_with_aes_ccm_only() {
    for (key_type, encryption, good) in [
        (KeyType::UnauthenticatedP256, Encryption::E0, false),
        (KeyType::AuthenticatedP256, Encryption::E0, false),
        (KeyType::AuthenticatedP256, Encryption::AesCcm, true),
        (KeyType::UnauthenticatedP192, Encryption::E0, true),
        (KeyType::AuthenticatedP192, Encryption::E0, true),
    ] {
        let mut t = bonded(key_type);
        let id = measuring(&mut t, encryption);
        key_size(&mut t, Status::SUCCESS, 16);
        if good {
            t.told();
            assert!(matches!(t.told(), Output::Secured { .. }));
        } else {
            t.refused(id, HANDLE, Status::INSUFFICIENT_SECURITY);
        }
    }
}

#[test]
fn secure_connections_only_knows_no_weaker_bond_and_no_weaker_peer() {
    let only = Config { secure_connections: SecureConnections::Only, ..Config::default() };
    let weak = vec![bond(PHONE, KeyType::AuthenticatedP192)];
    let t = Tester::up_with(only.clone(), weak, Dongle::modern());
    assert!(!t.controller.is_bonded(PHONE));
    let strong = vec![bond(PHONE, KeyType::AuthenticatedP256)];
    let mut t = Tester::up_with(only, strong, Dongle::modern());
    assert!(t.controller.is_bonded(PHONE));
    let id = t.connected(PHONE, HANDLE);
    t.hear_any(Opcode::READ_REMOTE_SUPPORTED_FEATURES);
    t.say(Event::ReadRemoteSupportedFeaturesComplete {
        status: Status::SUCCESS,
        connection_handle: HANDLE,
        lmp_features: LmpFeatures::all(),
    });
    t.hear_any(Opcode::READ_REMOTE_EXTENDED_FEATURES);
    t.say(Event::ReadRemoteExtendedFeaturesComplete {
        status: Status::SUCCESS,
        connection_handle: HANDLE,
        page_number: 1,
        max_page_number: 1,
        extended_lmp_features: HostFeatures::SECURE_SIMPLE_PAIRING.bits(),
    });
    t.refused(id, HANDLE, Status::INSUFFICIENT_SECURITY);
}

#[test]
fn encryption_that_goes_off_ends_the_link() {
    let mut t = bonded(KeyType::UnauthenticatedP256);
    let id = t.secured(PHONE, HANDLE);
    t.encrypted(HANDLE, Encryption::Off);
    t.refused(id, HANDLE, Status::INSUFFICIENT_SECURITY);
    // Before the link is secured, too.
    let id = t.authenticating(PHONE, HANDLE);
    t.encrypted(HANDLE, Encryption::AesCcm);
    t.encrypted(HANDLE, Encryption::Off);
    t.refused(id, HANDLE, Status::INSUFFICIENT_SECURITY);
}

#[test]
fn encryption_that_is_not_on_after_all_ends_the_link() {
    let mut t = bonded(KeyType::UnauthenticatedP256);
    let id = t.authenticating(PHONE, HANDLE);
    t.key_asked(PHONE, Some(KEY));
    t.authenticated(HANDLE, Status::SUCCESS);
    t.hear_any(Opcode::SET_CONNECTION_ENCRYPTION);
    t.encrypted(HANDLE, Encryption::Off);
    t.refused(id, HANDLE, Status::INSUFFICIENT_SECURITY);
}

#[test]
fn a_new_encryption_key_is_measured_again() {
    let mut t = bonded(KeyType::UnauthenticatedP256);
    let id = t.secured(PHONE, HANDLE);
    t.say(Event::EncryptionKeyRefreshComplete {
        status: Status::SUCCESS,
        connection_handle: HANDLE,
    });
    t.hear(Command::ReadEncryptionKeySize { connection_handle: HANDLE });
    t.told_nothing();
    t.dongle.ignores.push(Opcode::READ_ENCRYPTION_KEY_SIZE);
    t.encrypted(HANDLE, Encryption::AesCcm);
    t.hear(Command::ReadEncryptionKeySize { connection_handle: HANDLE });
    key_size(&mut t, Status::SUCCESS, 7);
    t.refused(id, HANDLE, Status::INSUFFICIENT_SECURITY);
}

#[test]
fn a_weaker_cipher_on_a_secured_link_ends_it() {
    let mut t = bonded(KeyType::UnauthenticatedP256);
    let id = t.secured(PHONE, HANDLE);
    t.encrypted(HANDLE, Encryption::E0);
    t.hear_any(Opcode::READ_ENCRYPTION_KEY_SIZE);
    t.refused(id, HANDLE, Status::INSUFFICIENT_SECURITY);
}

#[test]
fn a_failed_refresh_ends_the_link() {
    let mut t = bonded(KeyType::UnauthenticatedP256);
    let id = t.secured(PHONE, HANDLE);
    let status = Status::LMP_RESPONSE_TIMEOUT;
    t.say(Event::EncryptionKeyRefreshComplete { status, connection_handle: HANDLE });
    t.refused(id, HANDLE, status);
}

#[test]
fn simultaneous_authentication_and_encryption_are_tried_again() {
    let mut t = bonded(KeyType::UnauthenticatedP256);
    t.authenticating(PHONE, HANDLE);
    t.key_asked(PHONE, Some(KEY));
    t.authenticated(HANDLE, Status::LMP_ERROR_TRANSACTION_COLLISION);
    t.hear_nothing();
    t.wait(ms(100));
    t.hear(Command::AuthenticationRequested { connection_handle: HANDLE });
    t.key_asked(PHONE, Some(KEY));
    t.authenticated(HANDLE, Status::SUCCESS);
    t.hear_any(Opcode::SET_CONNECTION_ENCRYPTION);
    t.say(Event::EncryptionChange {
        status: Status::DIFFERENT_TRANSACTION_COLLISION,
        connection_handle: HANDLE,
        encryption_enabled: Encryption::Off,
    });
    // Meanwhile the peer's attempt succeeds.
    t.encrypted(HANDLE, Encryption::AesCcm);
    t.hear_any(Opcode::READ_ENCRYPTION_KEY_SIZE);
    t.told();
    assert!(matches!(t.told(), Output::Secured { .. }));
    t.wait(ms(1000));
    t.hear_nothing();
}

#[test]
fn endless_collisions_end_the_link() {
    let mut t = bonded(KeyType::UnauthenticatedP256);
    let id = t.authenticating(PHONE, HANDLE);
    for _ in 0..5 {
        t.authenticated(HANDLE, Status::DIFFERENT_TRANSACTION_COLLISION);
        t.wait(ms(100));
        t.hear(Command::AuthenticationRequested { connection_handle: HANDLE });
    }
    t.authenticated(HANDLE, Status::DIFFERENT_TRANSACTION_COLLISION);
    t.refused(id, HANDLE, Status::DIFFERENT_TRANSACTION_COLLISION);
}

#[test]
fn a_refused_authentication_command_is_tried_again_or_ends_the_link() {
    let mut t = bonded(KeyType::UnauthenticatedP256);
    t.dongle.refuses.push((Opcode::AUTHENTICATION_REQUESTED, Status::COMMAND_DISALLOWED));
    t.authenticating(PHONE, HANDLE);
    t.dongle.refuses.clear();
    t.wait(ms(100));
    t.hear(Command::AuthenticationRequested { connection_handle: HANDLE });
    let mut t = bonded(KeyType::UnauthenticatedP256);
    t.dongle.refuses.push((Opcode::AUTHENTICATION_REQUESTED, Status::UNKNOWN_HCI_COMMAND));
    let id = t.authenticating(PHONE, HANDLE);
    t.refused(id, HANDLE, Status::UNKNOWN_HCI_COMMAND);
}

#[test]
fn a_peer_that_stays_silent_is_not_waited_for() {
    let mut t = bonded(KeyType::UnauthenticatedP256);
    let id = t.authenticating(PHONE, HANDLE);
    t.wait(SECURITY_TIMEOUT - COURTESY - ms(1));
    t.told_nothing();
    t.wait(ms(1));
    t.refused(id, HANDLE, Status::LMP_RESPONSE_TIMEOUT);
}

#[test]
fn features_that_never_come_are_done_without() {
    let mut t = bonded(KeyType::UnauthenticatedP256);
    t.connected(PHONE, HANDLE);
    t.hear_any(Opcode::READ_REMOTE_SUPPORTED_FEATURES);
    t.wait(ms(10_000));
    t.hear(Command::AuthenticationRequested { connection_handle: HANDLE });
    // They come late: nothing happens twice.
    t.say(Event::ReadRemoteSupportedFeaturesComplete {
        status: Status::SUCCESS,
        connection_handle: HANDLE,
        lmp_features: LmpFeatures::all(),
    });
    t.hear_nothing();
    let dongle = Dongle::modern().lacks(Opcode::READ_REMOTE_SUPPORTED_FEATURES);
    let bonds = vec![bond(PHONE, KeyType::UnauthenticatedP256)];
    let mut t = Tester::up_with(Config::default(), bonds, dongle);
    t.connected(PHONE, HANDLE);
    t.hear(Command::AuthenticationRequested { connection_handle: HANDLE });
}

#[test]
fn on_demand_security_waits_for_the_demand_or_for_encryption() {
    let config = Config { authenticate: Authenticate::OnDemand, ..Config::default() };
    let bonds = vec![bond(PHONE, KeyType::UnauthenticatedP256)];
    for demanded in [true, false] {
        let mut t = Tester::up_with(config.clone(), bonds.clone(), Dongle::modern());
        let id = t.connected(PHONE, HANDLE);
        t.wait(ms(60_000));
        t.hear_nothing();
        if demanded {
            t.controller.secure(t.now, id).unwrap();
            t.controller.secure(t.now, id).unwrap();
        } else {
            t.encrypted(HANDLE, Encryption::AesCcm);
            t.hear_nothing();
            t.wait(ms(250));
        }
        t.explored(HANDLE);
        t.hear(Command::AuthenticationRequested { connection_handle: HANDLE });
        t.hear_nothing();
    }
}

#[test]
fn nothing_waits_to_be_sent_on_a_refused_link() {
    let mut t = bonded(KeyType::UnauthenticatedP256);
    let id = t.authenticating(PHONE, HANDLE);
    for n in 0..10 {
        t.controller.send(id, t.frame(&[n])).unwrap();
    }
    t.turn();
    t.authenticated(HANDLE, Status::PIN_OR_KEY_MISSING);
    assert_eq!(t.controller.waiting(id), 0);
    assert_eq!(t.controller.counters().flushed, 6);
}

#[test]
fn a_forgotten_phone_is_erased_and_sent_away() {
    let mut t = bonded(KeyType::UnauthenticatedP256);
    let id = t.secured(PHONE, HANDLE);
    t.controller.forget(t.now, PHONE);
    assert!(matches!(t.told(), Output::Erase(PHONE)));
    let reason = Status::REMOTE_USER_TERMINATED_CONNECTION;
    t.hear(Command::Disconnect { connection_handle: HANDLE, reason });
    t.gone(id, HANDLE, Status::CONNECTION_TERMINATED_BY_LOCAL_HOST);
    assert!(!t.controller.is_bonded(PHONE));
    t.controller.forget(t.now, PHONE);
    t.told_nothing();
}
