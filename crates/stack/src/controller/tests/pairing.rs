//! Pairing: when it may happen, what is asked, which keys are kept.

use super::*;
use crate::Confirmation;
use crate::SecureConnections;
use crate::controller::PAIRING_TIMEOUT;
use wire::hci::{
    AuthenticationRequirements, IoCapability, KeyType as Made, LinkKey as WireLinkKey,
    OobDataPresent, PinCode,
};

pub(super) fn asking() -> Config {
    Config { confirm: Confirmation::Ask, ..Config::default() }
}

pub(super) fn io_reply(
    capability: IoCapability,
    needs: AuthenticationRequirements,
) -> Command<'static> {
    Command::IoCapabilityRequestReply {
        bd_addr: PHONE,
        io_capability: capability,
        oob_data_present: OobDataPresent::No,
        authentication_requirements: needs,
    }
}

pub(super) fn io_response(t: &mut Tester, capability: IoCapability) {
    t.say(Event::IoCapabilityResponse {
        bd_addr: PHONE,
        io_capability: capability,
        oob_data_present: OobDataPresent::No,
        authentication_requirements: AuthenticationRequirements::GeneralBonding,
    });
}

pub(super) fn made(t: &mut Tester, key: [u8; 16], key_type: Made) {
    t.say(Event::SimplePairingComplete { status: Status::SUCCESS, bd_addr: PHONE });
    t.say(Event::LinkKeyNotification { bd_addr: PHONE, link_key: WireLinkKey(key), key_type });
}

/// Our authentication finds no key and becomes a pairing, up to the question.
#[track_caller]
pub(super) fn pairing(t: &mut Tester, remote: IoCapability) -> LinkId {
    let id = t.authenticating(PHONE, HANDLE);
    t.key_asked(PHONE, None);
    t.say(Event::IoCapabilityRequest { bd_addr: PHONE });
    t.hear_any(Opcode::IO_CAPABILITY_REQUEST_REPLY);
    io_response(t, remote);
    id
}

/// What is told when a pairing has come all the way.
#[track_caller]
pub(super) fn paired(t: &mut Tester, key: [u8; 16], key_type: KeyType) {
    match t.told() {
        Output::Store(bond) => {
            assert_eq!((bond.key, bond.key_type, bond.local), (LinkKey(key), key_type, LOCAL));
        }
        other => panic!("expected a bond, told {other:?}"),
    }
    assert!(matches!(t.told(), Output::Paired { address: PHONE }));
}

#[test]
fn just_works_in_pairing_mode() {
    let mut t = Tester::pairable(Config::default(), Vec::new());
    t.authenticating(PHONE, HANDLE);
    t.key_asked(PHONE, None);
    t.say(Event::IoCapabilityRequest { bd_addr: PHONE });
    let needs = AuthenticationRequirements::GeneralBonding;
    t.hear(io_reply(IoCapability::NoInputNoOutput, needs));
    io_response(&mut t, IoCapability::DisplayYesNo);
    t.say(Event::UserConfirmationRequest { bd_addr: PHONE, numeric_value: 123_456 });
    t.hear(Command::UserConfirmationRequestReply { bd_addr: PHONE });
    made(&mut t, NEW_KEY, Made::UnauthenticatedP256);
    t.told_nothing();
    assert!(!t.controller.is_bonded(PHONE), "not before the link is secured");
    t.proven(HANDLE, Encryption::AesCcm);
    paired(&mut t, NEW_KEY, KeyType::UnauthenticatedP256);
    let told = t.told();
    assert!(matches!(told, Output::Secured { paired: true, .. }), "{told:?}");
    assert!(t.controller.is_bonded(PHONE));
    assert_eq!(t.controller.wake_at(), None);
}

#[test]
fn a_phone_that_pairs_before_we_authenticate_is_authenticated_with_the_new_key() {
    let mut t = Tester::pairable(Config::default(), Vec::new());
    t.connected(PHONE, HANDLE);
    io_response(&mut t, IoCapability::DisplayYesNo);
    t.heard.clear();
    t.say(Event::IoCapabilityRequest { bd_addr: PHONE });
    t.hear_any(Opcode::IO_CAPABILITY_REQUEST_REPLY);
    t.say(Event::UserConfirmationRequest { bd_addr: PHONE, numeric_value: 1 });
    t.hear_any(Opcode::USER_CONFIRMATION_REQUEST_REPLY);
    made(&mut t, NEW_KEY, Made::UnauthenticatedP256);
    t.encrypted(HANDLE, Encryption::AesCcm);
    t.told_nothing();
    t.say(Event::ReadRemoteSupportedFeaturesComplete {
        status: Status::SUCCESS,
        connection_handle: HANDLE,
        lmp_features: LmpFeatures::empty(),
    });
    t.hear(Command::AuthenticationRequested { connection_handle: HANDLE });
    t.key_asked(PHONE, Some(NEW_KEY));
    t.authenticated(HANDLE, Status::SUCCESS);
    t.hear_any(Opcode::READ_ENCRYPTION_KEY_SIZE);
    paired(&mut t, NEW_KEY, KeyType::UnauthenticatedP256);
}

#[test]
fn our_authentication_waits_while_the_phone_pairs() {
    let mut t = Tester::pairable(asking(), Vec::new());
    t.authenticating(PHONE, HANDLE);
    io_response(&mut t, IoCapability::DisplayYesNo);
    t.say(Event::IoCapabilityRequest { bd_addr: PHONE });
    t.hear_any(Opcode::IO_CAPABILITY_REQUEST_REPLY);
    t.authenticated(HANDLE, Status::LMP_ERROR_TRANSACTION_COLLISION);
    t.say(Event::UserConfirmationRequest { bd_addr: PHONE, numeric_value: 7 });
    assert!(matches!(t.told(), Output::Confirm { .. }));
    // A slow owner.
    t.wait(ms(20_000));
    t.hear_nothing();
    t.controller.confirm(t.now, PHONE, true, None).unwrap();
    t.hear(Command::UserConfirmationRequestReply { bd_addr: PHONE });
    assert!(matches!(t.told(), Output::ConfirmClosed { .. }));
    made(&mut t, NEW_KEY, Made::AuthenticatedP256);
    t.wait(ms(500));
    t.hear(Command::AuthenticationRequested { connection_handle: HANDLE });
    t.key_asked(PHONE, Some(NEW_KEY));
    t.proven(HANDLE, Encryption::AesCcm);
    paired(&mut t, NEW_KEY, KeyType::AuthenticatedP256);
}

#[test]
fn outside_pairing_mode_a_phone_without_its_key_is_refused() {
    let mut t = Tester::up(vec![bond(PHONE, KeyType::UnauthenticatedP256)]);
    // It begins to pair by itself.
    let id = t.authenticating(PHONE, HANDLE);
    io_response(&mut t, IoCapability::DisplayYesNo);
    t.say(Event::IoCapabilityRequest { bd_addr: PHONE });
    let reason = Status::PAIRING_NOT_ALLOWED;
    t.hear(Command::IoCapabilityRequestNegativeReply { bd_addr: PHONE, reason });
    t.refused(id, HANDLE, reason);
    assert_eq!(t.controller.bond(PHONE).map(|bond| bond.key.clone()), Some(LinkKey(KEY)));
    // A device that we connect to ourselves, without a bond.
    t.controller.connect(t.now, OTHER).unwrap();
    t.turn();
    t.heard.clear();
    t.complete(OTHER, HANDLE, Status::SUCCESS);
    assert!(matches!(t.told(), Output::Connected { .. }));
    t.heard.clear();
    t.say(Event::IoCapabilityRequest { bd_addr: OTHER });
    t.hear(Command::IoCapabilityRequestNegativeReply { bd_addr: OTHER, reason });
}

#[test]
fn a_pairing_that_has_begun_outlives_pairing_mode() {
    let mut t = Tester::pairable(Config::default(), Vec::new());
    pairing(&mut t, IoCapability::DisplayYesNo);
    t.controller.set_pairable(t.now, false);
    t.say(Event::UserConfirmationRequest { bd_addr: PHONE, numeric_value: 1 });
    t.hear(Command::UserConfirmationRequestReply { bd_addr: PHONE });
    made(&mut t, NEW_KEY, Made::UnauthenticatedP256);
    t.proven(HANDLE, Encryption::AesCcm);
    paired(&mut t, NEW_KEY, KeyType::UnauthenticatedP256);
}

#[test]
fn a_confirmation_without_a_pairing_is_denied() {
    let mut t = Tester::pairable(Config::default(), Vec::new());
    t.say(Event::UserConfirmationRequest { bd_addr: PHONE, numeric_value: 1 });
    t.hear(Command::UserConfirmationRequestNegativeReply { bd_addr: PHONE });
    t.authenticating(PHONE, HANDLE);
    t.say(Event::UserConfirmationRequest { bd_addr: PHONE, numeric_value: 1 });
    t.hear(Command::UserConfirmationRequestNegativeReply { bd_addr: PHONE });
    t.say(Event::UserPasskeyRequest { bd_addr: PHONE });
    t.hear(Command::UserPasskeyRequestNegativeReply { bd_addr: PHONE });
    t.say(Event::RemoteOobDataRequest { bd_addr: PHONE });
    t.hear(Command::RemoteOobDataRequestNegativeReply { bd_addr: PHONE });
    t.told_nothing();
}

#[test]
fn a_bonded_phone_that_lost_its_key_pairs_again_in_pairing_mode() {
    for status in [Status::PIN_OR_KEY_MISSING, Status::AUTHENTICATION_FAILURE] {
        let bonds = vec![bond(PHONE, KeyType::UnauthenticatedP256)];
        let mut t = Tester::pairable(Config::default(), bonds);
        t.authenticating(PHONE, HANDLE);
        t.key_asked(PHONE, Some(KEY));
        t.authenticated(HANDLE, status);
        t.hear(Command::AuthenticationRequested { connection_handle: HANDLE });
        t.key_asked(PHONE, None);
        t.say(Event::IoCapabilityRequest { bd_addr: PHONE });
        t.hear_any(Opcode::IO_CAPABILITY_REQUEST_REPLY);
        t.say(Event::UserConfirmationRequest { bd_addr: PHONE, numeric_value: 1 });
        t.hear_any(Opcode::USER_CONFIRMATION_REQUEST_REPLY);
        made(&mut t, NEW_KEY, Made::UnauthenticatedP256);
        let kept = t.controller.bond(PHONE).map(|bond| bond.key.clone());
        assert_eq!(kept, Some(LinkKey(KEY)), "replaced only after success");
        t.proven(HANDLE, Encryption::AesCcm);
        paired(&mut t, NEW_KEY, KeyType::UnauthenticatedP256);
        assert_eq!(t.controller.bonds().len(), 1);
    }
}

#[test]
fn a_bonded_phone_that_pairs_again_by_itself_is_not_disturbed() {
    let bonds = vec![bond(PHONE, KeyType::UnauthenticatedP256)];
    let mut t = Tester::pairable(Config::default(), bonds);
    t.authenticating(PHONE, HANDLE);
    t.key_asked(PHONE, Some(KEY));
    t.say(Event::IoCapabilityRequest { bd_addr: PHONE });
    t.hear_any(Opcode::IO_CAPABILITY_REQUEST_REPLY);
    t.authenticated(HANDLE, Status::PIN_OR_KEY_MISSING);
    t.wait(ms(3000));
    t.hear_nothing();
    made(&mut t, NEW_KEY, Made::UnauthenticatedP256);
    t.wait(ms(500));
    t.hear(Command::AuthenticationRequested { connection_handle: HANDLE });
    t.key_asked(PHONE, Some(NEW_KEY));
    t.proven(HANDLE, Encryption::AesCcm);
    paired(&mut t, NEW_KEY, KeyType::UnauthenticatedP256);
}

#[test]
fn a_failed_second_pairing_leaves_the_old_bond() {
    let bonds = vec![bond(PHONE, KeyType::UnauthenticatedP256)];
    let mut t = Tester::pairable(Config::default(), bonds);
    let id = t.authenticating(PHONE, HANDLE);
    t.key_asked(PHONE, Some(KEY));
    t.authenticated(HANDLE, Status::PIN_OR_KEY_MISSING);
    t.hear_any(Opcode::AUTHENTICATION_REQUESTED);
    t.key_asked(PHONE, None);
    t.say(Event::IoCapabilityRequest { bd_addr: PHONE });
    t.hear_any(Opcode::IO_CAPABILITY_REQUEST_REPLY);
    t.say(Event::SimplePairingComplete { status: Status::AUTHENTICATION_FAILURE, bd_addr: PHONE });
    t.hear_nothing();
    t.authenticated(HANDLE, Status::AUTHENTICATION_FAILURE);
    t.refused(id, HANDLE, Status::AUTHENTICATION_FAILURE);
    assert_eq!(t.controller.bond(PHONE).map(|bond| bond.key.clone()), Some(LinkKey(KEY)));
}

#[test]
fn a_bond_is_never_replaced_by_a_weaker_one() {
    let cases = [
        (KeyType::UnauthenticatedP256, Made::UnauthenticatedP192),
        (KeyType::UnauthenticatedP256, Made::AuthenticatedP192),
        (KeyType::AuthenticatedP192, Made::UnauthenticatedP192),
        (KeyType::AuthenticatedP192, Made::UnauthenticatedP256),
        (KeyType::UnauthenticatedP192, Made::Combination),
    ];
    for (old, new) in cases {
        let mut t = Tester::pairable(Config::default(), vec![bond(PHONE, old)]);
        let id = t.authenticating(PHONE, HANDLE);
        io_response(&mut t, IoCapability::DisplayYesNo);
        t.say(Event::IoCapabilityRequest { bd_addr: PHONE });
        t.hear_any(Opcode::IO_CAPABILITY_REQUEST_REPLY);
        made(&mut t, NEW_KEY, new);
        t.refused(id, HANDLE, Status::INSUFFICIENT_SECURITY);
        let kept = t.controller.bond(PHONE).map(|bond| (bond.key.clone(), bond.key_type));
        assert_eq!(kept, Some((LinkKey(KEY), old)));
    }
}

#[test]
fn debug_and_unit_keys_are_refused() {
    for key_type in [Made::DebugCombination, Made::LocalUnit, Made::RemoteUnit, Made::Changed] {
        let mut t = Tester::pairable(Config::default(), Vec::new());
        let id = pairing(&mut t, IoCapability::NoInputNoOutput);
        made(&mut t, NEW_KEY, key_type);
        t.refused(id, HANDLE, Status::INSUFFICIENT_SECURITY);
        assert!(t.controller.bonds().is_empty());
    }
}

#[test]
fn a_key_that_no_pairing_made_is_refused() {
    let mut t = Tester::pairable(Config::default(), Vec::new());
    let id = t.authenticating(PHONE, HANDLE);
    made(&mut t, NEW_KEY, Made::AuthenticatedP256);
    t.refused(id, HANDLE, Status::PAIRING_NOT_ALLOWED);
    made(&mut t, NEW_KEY, Made::AuthenticatedP256);
    assert!(t.controller.bonds().is_empty());
    t.told_nothing();
}

#[test]
fn secure_connections_only_refuses_a_p192_key() {
    let config = Config { secure_connections: SecureConnections::Only, ..Config::default() };
    let mut t = Tester::pairable(config, Vec::new());
    let id = pairing(&mut t, IoCapability::NoInputNoOutput);
    made(&mut t, NEW_KEY, Made::AuthenticatedP192);
    t.refused(id, HANDLE, Status::INSUFFICIENT_SECURITY);
}

#[test]
fn a_new_p256_key_needs_aes_ccm_too() {
    let mut t = Tester::pairable(Config::default(), Vec::new());
    let id = pairing(&mut t, IoCapability::NoInputNoOutput);
    made(&mut t, NEW_KEY, Made::UnauthenticatedP256);
    t.proven(HANDLE, Encryption::E0);
    t.refused(id, HANDLE, Status::INSUFFICIENT_SECURITY);
    assert!(t.controller.bonds().is_empty());
}

#[test]
fn a_pairing_without_end_is_given_up_however_often_it_begins() {
    let mut t = Tester::pairable(Config::default(), Vec::new());
    let id = pairing(&mut t, IoCapability::DisplayYesNo);
    t.wait(ms(40_000));
    t.say(Event::IoCapabilityRequest { bd_addr: PHONE });
    t.hear_any(Opcode::IO_CAPABILITY_REQUEST_REPLY);
    t.wait(PAIRING_TIMEOUT - ms(40_000));
    t.refused(id, HANDLE, Status::LMP_RESPONSE_TIMEOUT);
}

#[test]
fn a_pin_is_given_where_one_is_configured_in_pairing_mode() {
    let pin = heapless::Vec::from_slice(b"0000").unwrap();
    let config = Config { legacy_pin: Some(pin), ..Config::default() };
    let mut t = Tester::pairable(config.clone(), Vec::new());
    t.authenticating(PHONE, HANDLE);
    t.key_asked(PHONE, None);
    t.say(Event::PinCodeRequest { bd_addr: PHONE });
    let pin_code = PinCode::new(b"0000").unwrap();
    t.hear(Command::PinCodeRequestReply { bd_addr: PHONE, pin_code });
    t.say(Event::LinkKeyNotification {
        bd_addr: PHONE,
        link_key: WireLinkKey(NEW_KEY),
        key_type: Made::Combination,
    });
    t.proven(HANDLE, Encryption::E0);
    paired(&mut t, NEW_KEY, KeyType::Combination);
    // Without a PIN, outside pairing mode, or with Secure Connections only: no.
    let only = Config { secure_connections: SecureConnections::Only, ..config.clone() };
    for (config, pairable) in [(Config::default(), true), (config, false), (only, true)] {
        let mut t = Tester::pairable(config, Vec::new());
        let id = t.authenticating(PHONE, HANDLE);
        t.key_asked(PHONE, None);
        t.controller.set_pairable(t.now, pairable);
        t.say(Event::PinCodeRequest { bd_addr: PHONE });
        t.hear(Command::PinCodeRequestNegativeReply { bd_addr: PHONE });
        t.refused(id, HANDLE, Status::PAIRING_NOT_ALLOWED);
    }
}

#[test]
fn a_key_changed_on_a_secured_link_keeps_its_worth() {
    let mut t = Tester::up(vec![bond(PHONE, KeyType::AuthenticatedP256)]);
    t.secured(PHONE, HANDLE);
    t.say(Event::LinkKeyNotification {
        bd_addr: PHONE,
        link_key: WireLinkKey(NEW_KEY),
        key_type: Made::Changed,
    });
    t.wait(ms(250));
    t.hear(Command::AuthenticationRequested { connection_handle: HANDLE });
    t.key_asked(PHONE, Some(NEW_KEY));
    t.authenticated(HANDLE, Status::SUCCESS);
    t.hear_any(Opcode::READ_ENCRYPTION_KEY_SIZE);
    paired(&mut t, NEW_KEY, KeyType::AuthenticatedP256);
    t.told_nothing();
}

#[test]
fn a_key_changed_before_the_link_is_secured_is_refused() {
    let bonds = vec![bond(PHONE, KeyType::AuthenticatedP256)];
    let mut t = Tester::pairable(Config::default(), bonds);
    let id = t.authenticating(PHONE, HANDLE);
    t.key_asked(PHONE, Some(KEY));
    t.say(Event::LinkKeyNotification {
        bd_addr: PHONE,
        link_key: WireLinkKey(NEW_KEY),
        key_type: Made::Changed,
    });
    t.refused(id, HANDLE, Status::PAIRING_NOT_ALLOWED);
}

#[test]
fn pairing_again_on_a_secured_link_ends_in_a_new_bond() {
    let bonds = vec![bond(PHONE, KeyType::UnauthenticatedP256)];
    let mut t = Tester::pairable(Config::default(), bonds);
    t.secured(PHONE, HANDLE);
    io_response(&mut t, IoCapability::DisplayYesNo);
    t.say(Event::IoCapabilityRequest { bd_addr: PHONE });
    t.hear_any(Opcode::IO_CAPABILITY_REQUEST_REPLY);
    made(&mut t, NEW_KEY, Made::UnauthenticatedP256);
    t.wait(ms(250));
    t.hear(Command::AuthenticationRequested { connection_handle: HANDLE });
    t.key_asked(PHONE, Some(NEW_KEY));
    t.authenticated(HANDLE, Status::SUCCESS);
    t.hear_any(Opcode::READ_ENCRYPTION_KEY_SIZE);
    paired(&mut t, NEW_KEY, KeyType::UnauthenticatedP256);
    // The link was secured all along.
    t.told_nothing();
}

#[test]
fn a_full_table_of_bonds_gives_up_the_one_used_longest_ago() {
    let mut bonds = Vec::new();
    for n in 0..crate::MAX_BONDS as u8 {
        let used = u64::from(n) + 1;
        let bond = bond(Address([n, 0, 0, 0, 0, 0]), KeyType::UnauthenticatedP256);
        bonds.push(Bond { last_used: used, ..bond });
    }
    let mut t = Tester::pairable(Config::default(), bonds);
    pairing(&mut t, IoCapability::NoInputNoOutput);
    made(&mut t, NEW_KEY, Made::UnauthenticatedP256);
    t.proven(HANDLE, Encryption::AesCcm);
    assert!(matches!(t.told(), Output::Erase(Address([0, 0, 0, 0, 0, 0]))));
    paired(&mut t, NEW_KEY, KeyType::UnauthenticatedP256);
    assert_eq!(t.controller.bonds().len(), crate::MAX_BONDS);
}
