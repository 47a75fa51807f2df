//! Pairing: what the owner is asked, and what becomes of the answer.

use super::pairing::*;
use super::*;
use crate::controller::{CONFIRM_TIMEOUT, ConfirmKind};
use wire::hci::{AuthenticationRequirements, IoCapability, KeyType as Made};

#[test]
fn the_owner_compares() {
    for accept in [true, false] {
        let mut t = Tester::pairable(asking(), Vec::new());
        t.authenticating(PHONE, HANDLE);
        t.key_asked(PHONE, None);
        t.say(Event::IoCapabilityRequest { bd_addr: PHONE });
        let needs = AuthenticationRequirements::MitmGeneralBonding;
        t.hear(io_reply(IoCapability::DisplayYesNo, needs));
        io_response(&mut t, IoCapability::DisplayYesNo);
        t.say(Event::UserConfirmationRequest { bd_addr: PHONE, numeric_value: 987_654 });
        match t.told() {
            Output::Confirm { address: PHONE, kind: ConfirmKind::Compare, passkey } => {
                assert_eq!(passkey, Some(987_654));
            }
            other => panic!("told {other:?}"),
        }
        t.hear_nothing();
        t.controller.confirm(t.now, PHONE, accept, None).unwrap();
        t.hear(if accept {
            Command::UserConfirmationRequestReply { bd_addr: PHONE }
        } else {
            Command::UserConfirmationRequestNegativeReply { bd_addr: PHONE }
        });
        assert!(matches!(t.told(), Output::ConfirmClosed { address: PHONE }));
        assert!(t.controller.confirm(t.now, PHONE, true, None).is_err(), "answered already");
    }
}

#[test]
fn an_owner_who_says_nothing_says_no() {
    let mut t = Tester::pairable(asking(), Vec::new());
    let id = pairing(&mut t, IoCapability::DisplayYesNo);
    t.say(Event::UserConfirmationRequest { bd_addr: PHONE, numeric_value: 1 });
    t.told();
    t.wait(CONFIRM_TIMEOUT);
    t.hear(Command::UserConfirmationRequestNegativeReply { bd_addr: PHONE });
    assert!(matches!(t.told(), Output::ConfirmClosed { .. }));
    t.authenticated(HANDLE, Status::AUTHENTICATION_FAILURE);
    t.refused(id, HANDLE, Status::AUTHENTICATION_FAILURE);
}

#[test]
fn a_phone_that_shows_nothing_needs_consent_only() {
    let mut t = Tester::pairable(asking(), Vec::new());
    t.authenticating(PHONE, HANDLE);
    io_response(&mut t, IoCapability::NoInputNoOutput);
    t.say(Event::IoCapabilityRequest { bd_addr: PHONE });
    let needs = AuthenticationRequirements::GeneralBonding;
    t.hear(io_reply(IoCapability::DisplayYesNo, needs));
    t.say(Event::UserConfirmationRequest { bd_addr: PHONE, numeric_value: 1 });
    let told = t.told();
    assert!(
        matches!(told, Output::Confirm { kind: ConfirmKind::Consent, passkey: None, .. }),
        "{told:?}"
    );
}

#[test]
fn a_keyboard_types_what_is_displayed() {
    let mut t = Tester::pairable(asking(), Vec::new());
    let id = pairing(&mut t, IoCapability::KeyboardOnly);
    t.say(Event::UserPasskeyNotification { bd_addr: PHONE, passkey: 4711 });
    let told = t.told();
    assert!(
        matches!(told, Output::Confirm { kind: ConfirmKind::Display, passkey: Some(4711), .. }),
        "{told:?}"
    );
    made(&mut t, NEW_KEY, Made::AuthenticatedP256);
    assert!(matches!(t.told(), Output::ConfirmClosed { .. }));
    t.proven(HANDLE, Encryption::AesCcm);
    paired(&mut t, NEW_KEY, KeyType::AuthenticatedP256);
    let told = t.told();
    assert!(matches!(told, Output::Secured { link, .. } if link == id), "{told:?}");
    // One that its owner does not want.
    let mut t = Tester::pairable(asking(), Vec::new());
    let id = pairing(&mut t, IoCapability::KeyboardOnly);
    t.say(Event::UserPasskeyNotification { bd_addr: PHONE, passkey: 4711 });
    t.told();
    t.controller.confirm(t.now, PHONE, false, None).unwrap();
    assert!(matches!(t.told(), Output::ConfirmClosed { .. }));
    t.refused(id, HANDLE, Status::AUTHENTICATION_FAILURE);
}

#[test]
fn the_owner_enters_what_the_phone_shows() {
    let cases = [(true, Some(123_456)), (true, Some(1_000_000)), (true, None), (false, Some(1))];
    for (accept, passkey) in cases {
        let mut t = Tester::pairable(asking(), Vec::new());
        pairing(&mut t, IoCapability::DisplayOnly);
        t.say(Event::UserPasskeyRequest { bd_addr: PHONE });
        assert!(matches!(t.told(), Output::Confirm { kind: ConfirmKind::Enter, .. }));
        t.controller.confirm(t.now, PHONE, accept, passkey).unwrap();
        t.hear(match passkey {
            Some(numeric_value @ 123_456) => {
                Command::UserPasskeyRequestReply { bd_addr: PHONE, numeric_value }
            }
            _ => Command::UserPasskeyRequestNegativeReply { bd_addr: PHONE },
        });
    }
}

#[test]
fn a_question_closes_when_the_phone_goes() {
    let mut t = Tester::pairable(asking(), Vec::new());
    let id = pairing(&mut t, IoCapability::DisplayYesNo);
    t.say(Event::UserConfirmationRequest { bd_addr: PHONE, numeric_value: 1 });
    t.told();
    t.say(Event::DisconnectionComplete {
        status: Status::SUCCESS,
        connection_handle: HANDLE,
        reason: Status::CONNECTION_TIMEOUT,
    });
    assert!(matches!(t.told(), Output::ConfirmClosed { .. }));
    assert!(matches!(t.told(), Output::Disconnected { link, .. } if link == id));
    assert_eq!(t.controller.wake_at(), None);
}
