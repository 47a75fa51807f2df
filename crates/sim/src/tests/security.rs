//! Keys, pairing, encryption.

use super::*;

fn io(
    io_capability: IoCapability,
    authentication_requirements: AuthenticationRequirements,
    bd_addr: Address,
) -> Command<'static> {
    let oob_data_present = OobDataPresent::No;
    Command::IoCapabilityRequestReply {
        bd_addr,
        io_capability,
        oob_data_present,
        authentication_requirements,
    }
}

fn key_wanted(table: &mut Table, host: usize) -> Address {
    table.expect(host, |event| match event {
        Event::LinkKeyRequest { bd_addr } => Some(bd_addr),
        _ => None,
    })
}

fn authenticated(table: &mut Table, host: usize) -> Status {
    table.expect(host, |event| match event {
        Event::AuthenticationComplete { status, .. } => Some(status),
        _ => None,
    })
}

fn new_key(table: &mut Table, host: usize) -> (LinkKey, KeyType) {
    table.expect(host, |event| match event {
        Event::LinkKeyNotification { link_key, key_type, .. } => Some((link_key, key_type)),
        _ => None,
    })
}

fn paired(table: &mut Table, host: usize) -> Status {
    table.expect(host, |event| match event {
        Event::SimplePairingComplete { status, .. } => Some(status),
        _ => None,
    })
}

/// Host 0 asks for authentication without having a key, up to the question of the model.
fn begin(table: &mut Table, handle: Handle, both: [(IoCapability, AuthenticationRequirements); 2]) {
    table.pending(0, Command::AuthenticationRequested { connection_handle: handle });
    let bd_addr = key_wanted(table, 0);
    table.done(0, Command::LinkKeyRequestNegativeReply { bd_addr });
    for (host, peer) in [(0, address(2)), (1, address(1))] {
        table.expect(host, |event| match event {
            Event::IoCapabilityRequest { bd_addr } => {
                assert_eq!(bd_addr, peer);
                Some(())
            }
            _ => None,
        });
        table.done(host, io(both[host].0, both[host].1, peer));
    }
}

fn confirm(table: &mut Table, host: usize) -> u32 {
    table.expect(host, |event| match event {
        Event::UserConfirmationRequest { numeric_value, .. } => Some(numeric_value),
        _ => None,
    })
}

const NO_IO: (IoCapability, AuthenticationRequirements) =
    (IoCapability::NoInputNoOutput, AuthenticationRequirements::GeneralBonding);
const SCREEN: (IoCapability, AuthenticationRequirements) =
    (IoCapability::DisplayYesNo, AuthenticationRequirements::MitmGeneralBonding);
const KEYS: (IoCapability, AuthenticationRequirements) =
    (IoCapability::KeyboardOnly, AuthenticationRequirements::MitmGeneralBonding);

fn accept_both(table: &mut Table) -> [(LinkKey, KeyType); 2] {
    let numbers = [confirm(table, 0), confirm(table, 1)];
    assert_eq!(numbers[0], numbers[1]);
    assert!(numbers[0] < 1_000_000);
    table.done(0, Command::UserConfirmationRequestReply { bd_addr: address(2) });
    table.done(1, Command::UserConfirmationRequestReply { bd_addr: address(1) });
    [0, 1].map(|host| {
        assert_eq!(paired(table, host), Status::SUCCESS);
        new_key(table, host)
    })
}

#[test]
fn just_works_gives_an_unauthenticated_key() {
    let mut table = two(1);
    let (a, _) = table.connect(0, 1);
    begin(&mut table, a, [SCREEN, NO_IO]);
    let keys = accept_both(&mut table);
    assert_eq!(keys[0], keys[1]);
    assert_eq!(keys[0].1, KeyType::UnauthenticatedP192);
    assert_eq!(authenticated(&mut table, 0), Status::SUCCESS);
}

#[test]
fn two_screens_compare_and_the_key_is_authenticated() {
    for secure in [false, true] {
        let mut table = two(1);
        for host in [0, 1] {
            table.done(
                host,
                Command::WriteSecureConnectionsHostSupport {
                    secure_connections_host_support: secure,
                },
            );
        }
        let (a, _) = table.connect(0, 1);
        begin(&mut table, a, [SCREEN, SCREEN]);
        let keys = accept_both(&mut table);
        let expected = if secure { KeyType::AuthenticatedP256 } else { KeyType::AuthenticatedP192 };
        assert_eq!((keys[0].1, keys[1].1), (expected, expected));
    }
}

#[test]
fn a_denied_comparison_fails_on_both_sides() {
    let mut table = two(1);
    let (a, _) = table.connect(0, 1);
    begin(&mut table, a, [SCREEN, SCREEN]);
    confirm(&mut table, 0);
    confirm(&mut table, 1);
    table.done(1, Command::UserConfirmationRequestNegativeReply { bd_addr: address(1) });
    assert_eq!(paired(&mut table, 0), Status::AUTHENTICATION_FAILURE);
    assert_eq!(paired(&mut table, 1), Status::AUTHENTICATION_FAILURE);
    assert_eq!(authenticated(&mut table, 0), Status::AUTHENTICATION_FAILURE);
}

#[test]
fn a_passkey_is_shown_here_and_typed_there() {
    for right in [true, false] {
        let mut table = two(1);
        let (a, _) = table.connect(0, 1);
        begin(&mut table, a, [SCREEN, KEYS]);
        let passkey = table.expect(0, |event| match event {
            Event::UserPasskeyNotification { passkey, .. } => Some(passkey),
            _ => None,
        });
        table.expect(1, |event| match event {
            Event::UserPasskeyRequest { .. } => Some(()),
            _ => None,
        });
        let notification_type = KeypressNotificationType::DigitEntered;
        table.done(1, Command::SendKeypressNotification { bd_addr: address(1), notification_type });
        table.expect(0, |event| match event {
            Event::KeypressNotification { notification_type: seen, .. } => {
                assert_eq!(seen, notification_type);
                Some(())
            }
            _ => None,
        });
        let numeric_value = if right { passkey } else { (passkey + 1) % 1_000_000 };
        table.done(1, Command::UserPasskeyRequestReply { bd_addr: address(1), numeric_value });
        let expected = if right { Status::SUCCESS } else { Status::AUTHENTICATION_FAILURE };
        assert_eq!(authenticated(&mut table, 0), expected);
        assert_eq!(paired(&mut table, 1), expected);
        if right {
            assert_eq!(new_key(&mut table, 1).1, KeyType::AuthenticatedP192);
        }
    }
}

#[test]
fn pairing_can_be_refused() {
    let mut table = two(1);
    let (a, _) = table.connect(0, 1);
    table.pending(0, Command::AuthenticationRequested { connection_handle: a });
    key_wanted(&mut table, 0);
    table.done(0, Command::LinkKeyRequestNegativeReply { bd_addr: address(2) });
    table.done(0, io(SCREEN.0, SCREEN.1, address(2)));
    table.expect(1, |event| match event {
        Event::IoCapabilityRequest { .. } => Some(()),
        _ => None,
    });
    let reason = Status::PAIRING_NOT_ALLOWED;
    table.done(1, Command::IoCapabilityRequestNegativeReply { bd_addr: address(1), reason });
    assert_eq!(authenticated(&mut table, 0), reason);
}

#[test]
fn a_pairing_that_nobody_answers_ends_the_link() {
    let mut table = two(1);
    let (a, b) = table.connect(0, 1);
    begin(&mut table, a, [SCREEN, SCREEN]);
    assert_eq!(authenticated(&mut table, 0), Status::LMP_RESPONSE_TIMEOUT);
    assert_eq!(table.disconnected(0), (a, Status::LMP_RESPONSE_TIMEOUT));
    assert_eq!(table.disconnected(1), (b, Status::LMP_RESPONSE_TIMEOUT));
}

fn challenge(table: &mut Table, handle: Handle, ours: u8, theirs: Option<u8>) -> Status {
    table.pending(0, Command::AuthenticationRequested { connection_handle: handle });
    let bd_addr = key_wanted(table, 0);
    table.done(0, Command::LinkKeyRequestReply { bd_addr, link_key: LinkKey([ours; 16]) });
    let bd_addr = key_wanted(table, 1);
    match theirs {
        Some(key) => {
            let link_key = LinkKey([key; 16]);
            table.done(1, Command::LinkKeyRequestReply { bd_addr, link_key });
        }
        None => table.done(1, Command::LinkKeyRequestNegativeReply { bd_addr }),
    }
    authenticated(table, 0)
}

#[test]
fn a_stored_key_authenticates_or_does_not() {
    for (theirs, expected) in [
        (Some(7), Status::SUCCESS),
        (Some(8), Status::AUTHENTICATION_FAILURE),
        (None, Status::PIN_OR_KEY_MISSING),
    ] {
        let mut table = two(1);
        let (a, _) = table.connect(0, 1);
        assert_eq!(challenge(&mut table, a, 7, theirs), expected);
    }
}

#[test]
fn both_sides_can_authenticate_at_once() {
    let mut table = two(1);
    let (a, b) = table.connect(0, 1);
    table.pending(0, Command::AuthenticationRequested { connection_handle: a });
    table.pending(1, Command::AuthenticationRequested { connection_handle: b });
    for host in [0, 1] {
        let bd_addr = key_wanted(&mut table, host);
        table.done(host, Command::LinkKeyRequestReply { bd_addr, link_key: LinkKey([7; 16]) });
    }
    table.run(Duration::from_secs(1));
    // The key that a host has given serves to prove it as well.
    for host in [0, 1] {
        assert_eq!(authenticated(&mut table, host), Status::SUCCESS);
    }
}

#[test]
fn pairing_from_both_sides_at_once_gives_one_key() {
    let mut table = two(1);
    let (a, b) = table.connect(0, 1);
    for (host, handle, peer) in [(0, a, address(2)), (1, b, address(1))] {
        table.pending(host, Command::AuthenticationRequested { connection_handle: handle });
        key_wanted(&mut table, host);
        table.send(host, Command::LinkKeyRequestNegativeReply { bd_addr: peer });
    }
    table.done(0, io(SCREEN.0, SCREEN.1, address(2)));
    table.done(1, io(SCREEN.0, SCREEN.1, address(1)));
    assert_eq!(authenticated(&mut table, 1), Status::LMP_ERROR_TRANSACTION_COLLISION);
    table.expect(1, |event| match event {
        Event::IoCapabilityRequest { .. } => Some(()),
        _ => None,
    });
    table.done(1, io(SCREEN.0, SCREEN.1, address(1)));
    let keys = accept_both(&mut table);
    assert_eq!(keys[0], keys[1]);
    assert_eq!(authenticated(&mut table, 0), Status::SUCCESS);
}

#[test]
fn a_pin_pairs_with_a_host_that_has_no_simple_pairing() {
    for right in [true, false] {
        let mut table = two(1);
        table.done(1, Command::WriteSimplePairingMode { simple_pairing_mode: false });
        let (a, _) = table.connect(0, 1);
        table.pending(0, Command::AuthenticationRequested { connection_handle: a });
        key_wanted(&mut table, 0);
        table.done(0, Command::LinkKeyRequestNegativeReply { bd_addr: address(2) });
        for (host, peer, pin) in [(0, address(2), "0000"), (1, address(1), "1234")] {
            table.expect(host, |event| match event {
                Event::PinCodeRequest { .. } => Some(()),
                _ => None,
            });
            let pin_code = PinCode::new(if right { b"0000" } else { pin.as_bytes() }).unwrap();
            table.done(host, Command::PinCodeRequestReply { bd_addr: peer, pin_code });
        }
        if right {
            assert_eq!(new_key(&mut table, 1).1, KeyType::Combination);
            assert_eq!(authenticated(&mut table, 0), Status::SUCCESS);
        } else {
            assert_eq!(authenticated(&mut table, 0), Status::AUTHENTICATION_FAILURE);
        }
    }
}

fn encrypted(table: &mut Table, host: usize) -> Encryption {
    table.expect(host, |event| match event {
        Event::EncryptionChange { status: Status::SUCCESS, encryption_enabled, .. } => {
            Some(encryption_enabled)
        }
        _ => None,
    })
}

#[test]
fn an_authenticated_link_is_encrypted_on_both_sides() {
    for secure in [false, true] {
        let weak = ControllerOptions { max_key_size: 7, ..ControllerOptions::default() };
        let mut table = Table::new(1, &[ControllerOptions::default(), weak]);
        for host in [0, 1] {
            table.done(
                host,
                Command::WriteSecureConnectionsHostSupport {
                    secure_connections_host_support: secure,
                },
            );
        }
        let (a, b) = table.connect(0, 1);
        let early =
            Command::SetConnectionEncryption { connection_handle: a, encryption_enable: true };
        assert_eq!(table.status(0, early), Status::PIN_OR_KEY_MISSING);
        assert_eq!(challenge(&mut table, a, 7, Some(7)), Status::SUCCESS);
        table.pending(0, early);
        let expected = if secure { Encryption::AesCcm } else { Encryption::E0 };
        assert_eq!(encrypted(&mut table, 0), expected);
        assert_eq!(encrypted(&mut table, 1), expected);
        for (host, handle) in [(0, a), (1, b)] {
            let size =
                table.complete(host, Command::ReadEncryptionKeySize { connection_handle: handle });
            assert_eq!(returns::ReadEncryptionKeySize::parse(&size).unwrap().key_size, 7);
        }
    }
}

#[test]
fn encryption_from_both_sides_at_once_is_told_once_each() {
    let mut table = two(1);
    let (a, b) = table.connect(0, 1);
    assert_eq!(challenge(&mut table, a, 7, Some(7)), Status::SUCCESS);
    for (host, connection_handle) in [(0, a), (1, b)] {
        table.send(
            host,
            Command::SetConnectionEncryption { connection_handle, encryption_enable: true },
        );
    }
    table.run(Duration::from_secs(1));
    for host in [0, 1] {
        let told = table.take(host);
        let changes = told.iter().filter(|event| event.starts_with("EncryptionChange")).count();
        assert_eq!(changes, 1, "{told:?}");
    }
}
