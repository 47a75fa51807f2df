//! Bring-up with controllers good and bad.

use super::*;
use crate::SecureConnections;
use crate::controller::{COMMAND_TIMEOUT, Cause, Failure, Warning};

#[test]
fn a_modern_controller_is_set_up_in_order() {
    let mut t = Tester::new(Config::default(), Vec::new(), Dongle::modern());
    t.controller.start(t.now);
    t.turn();
    let heard: Vec<Opcode> =
        t.heard.iter().map(|octets| Command::parse(octets).unwrap().opcode()).collect();
    assert_eq!(
        heard,
        [
            Opcode::RESET,
            Opcode::READ_LOCAL_VERSION_INFORMATION,
            Opcode::READ_LOCAL_SUPPORTED_COMMANDS,
            Opcode::READ_LOCAL_SUPPORTED_FEATURES,
            Opcode::READ_LOCAL_EXTENDED_FEATURES,
            Opcode::READ_LOCAL_EXTENDED_FEATURES,
            Opcode::READ_BUFFER_SIZE,
            Opcode::READ_BD_ADDR,
            Opcode::SET_EVENT_MASK,
            Opcode::WRITE_SIMPLE_PAIRING_MODE,
            Opcode::WRITE_SECURE_CONNECTIONS_HOST_SUPPORT,
            Opcode(0x0C12),
            Opcode::WRITE_CLASS_OF_DEVICE,
            Opcode::WRITE_LOCAL_NAME,
            Opcode::WRITE_INQUIRY_MODE,
            Opcode::WRITE_EXTENDED_INQUIRY_RESPONSE,
            Opcode::WRITE_PAGE_SCAN_TYPE,
            Opcode::WRITE_INQUIRY_SCAN_TYPE,
            Opcode::WRITE_PAGE_SCAN_ACTIVITY,
            Opcode::WRITE_PAGE_TIMEOUT,
            Opcode::WRITE_DEFAULT_LINK_POLICY_SETTINGS,
            Opcode::WRITE_CONNECTION_ACCEPT_TIMEOUT,
            Opcode::WRITE_SYNCHRONOUS_FLOW_CONTROL_ENABLE,
            Opcode::WRITE_VOICE_SETTING,
            Opcode::WRITE_DEFAULT_ERRONEOUS_DATA_REPORTING,
        ]
    );
    let Output::Up(info) = t.told() else { panic!("up") };
    assert_eq!(info.address, LOCAL);
    assert_eq!((info.acl_length, info.acl_packets), (339, 4));
    assert!(info.simple_pairing && info.secure_connections && info.sniff);
    assert_eq!(t.controller.wake_at(), None, "nothing is awaited");
}

#[test]
fn what_an_old_controller_lacks_is_done_without() {
    let dongle = Dongle {
        commands: {
            let mut commands = SupportedCommands::NONE;
            commands.set(Opcode::WRITE_LOCAL_NAME, true);
            commands
        },
        features: LmpFeatures::empty(),
        page_2: LmpFeaturesPage2::empty(),
        ..Dongle::modern()
    };
    let mut t = Tester::new(Config::default(), Vec::new(), dongle);
    t.controller.start(t.now);
    t.turn();
    // Six that must be, and the one that is supported.
    assert_eq!(t.heard.len(), 7);
    assert!(matches!(t.told(), Output::Warning(Warning::NoSimplePairing)));
    let Output::Up(info) = t.told() else { panic!("up") };
    assert!(!info.simple_pairing && !info.secure_connections && !info.sniff);
}

#[test]
fn an_optional_command_that_is_refused_is_done_without_and_said() {
    let dongle = Dongle::modern()
        .refuses(Opcode::WRITE_PAGE_SCAN_TYPE, Status::UNKNOWN_HCI_COMMAND)
        .refuses(Opcode::WRITE_SIMPLE_PAIRING_MODE, Status::COMMAND_DISALLOWED);
    let mut t = Tester::new(Config::default(), Vec::new(), dongle);
    t.controller.start(t.now);
    let refused = |output| match output {
        Output::Warning(Warning::Refused { step, status }) => (step, status),
        other => panic!("expected a warning, told {other:?}"),
    };
    assert_eq!(refused(t.told()), ("WriteSimplePairingMode", Status::COMMAND_DISALLOWED));
    assert_eq!(refused(t.told()), ("WritePageScanType", Status::UNKNOWN_HCI_COMMAND));
    assert!(matches!(t.told(), Output::Warning(Warning::NoSimplePairing)));
    assert!(matches!(t.told(), Output::Up(info) if !info.secure_connections));
    assert_eq!(t.controller.counters().refused_commands, 2);
}

#[test]
fn a_needed_command_that_is_refused_is_the_end_and_named() {
    for (opcode, step) in [
        (Opcode::RESET, "Reset"),
        (Opcode::READ_LOCAL_SUPPORTED_COMMANDS, "ReadLocalSupportedCommands"),
        (Opcode::READ_BUFFER_SIZE, "ReadBufferSize"),
        (Opcode::READ_BD_ADDR, "ReadBdAddr"),
    ] {
        let dongle = Dongle::modern().refuses(opcode, Status::HARDWARE_FAILURE);
        let mut t = Tester::new(Config::default(), Vec::new(), dongle);
        t.controller.start(t.now);
        let Output::Failed(failure) = t.told() else { panic!("failed") };
        let cause = Cause::Status(Status::HARDWARE_FAILURE);
        assert_eq!(failure, Failure { step, opcode: Some(opcode), cause });
        t.heard.clear();
        t.wait(ms(60_000));
        t.hear_nothing();
    }
}

#[test]
fn a_controller_that_buffers_nothing_is_of_no_use() {
    let dongle = Dongle { acl: (0, 4), ..Dongle::modern() };
    let mut t = Tester::new(Config::default(), Vec::new(), dongle);
    t.controller.start(t.now);
    let Output::Failed(failure) = t.told() else { panic!("failed") };
    assert_eq!((failure.step, failure.cause), ("ReadBufferSize", Cause::BadAnswer));
}

#[test]
fn a_silent_controller_is_reset_twice_and_then_given_up_by_name() {
    let dongle = Dongle { ignores: vec![Opcode::RESET], ..Dongle::modern() };
    let mut t = Tester::new(Config::default(), Vec::new(), dongle);
    t.controller.start(t.now);
    t.hear(Command::Reset {});
    t.wait(COMMAND_TIMEOUT - ms(1));
    t.hear_nothing();
    t.wait(ms(1));
    t.hear(Command::Reset {});
    t.told_nothing();
    t.wait(COMMAND_TIMEOUT);
    let Output::Failed(failure) = t.told() else { panic!("failed") };
    let opcode = Some(Opcode::RESET);
    assert_eq!(failure, Failure { step: "Reset", opcode, cause: Cause::TimedOut });
    assert_eq!(t.controller.wake_at(), None);
    // It can be started again.
    t.dongle.ignores.clear();
    t.controller.start(t.now);
    assert!(matches!(t.told(), Output::Up(_)));
}

#[test]
fn a_controller_that_falls_silent_is_given_up_by_the_commands_name() {
    let dongle = Dongle { ignores: vec![Opcode::READ_BD_ADDR], ..Dongle::modern() };
    let mut t = Tester::new(Config::default(), Vec::new(), dongle);
    t.controller.start(t.now);
    t.turn();
    t.wait(COMMAND_TIMEOUT);
    let Output::Failed(failure) = t.told() else { panic!("failed") };
    assert_eq!((failure.step, failure.cause), ("ReadBdAddr", Cause::TimedOut));
    assert_eq!(failure.to_string(), "ReadBdAddr: no answer");
}

#[test]
fn events_of_an_earlier_life_mean_nothing() {
    let dongle = Dongle { ignores: vec![Opcode::RESET], ..Dongle::modern() };
    let mut t = Tester::new(Config::default(), Vec::new(), dongle);
    t.controller.start(t.now);
    t.hear(Command::Reset {});
    t.say(Event::CommandComplete {
        num_hci_command_packets: 1,
        command_opcode: Opcode::READ_BD_ADDR,
        return_parameters: &[0, 1, 2, 3, 4, 5, 6],
    });
    t.complete(PHONE, HANDLE, Status::SUCCESS);
    t.controller.event(t.now, &[0x0E, 0x04, 0x01]);
    t.hear_nothing();
    t.told_nothing();
    assert_eq!(t.controller.counters().stale_events, 2);
    assert_eq!(t.controller.counters().malformed_events, 1);
}

#[test]
fn secure_connections_are_on_where_wished_and_possible() {
    let cases = [
        (SecureConnections::Auto, true, true, false),
        (SecureConnections::Off, true, false, false),
        (SecureConnections::Only, true, true, false),
        (SecureConnections::Auto, false, false, false),
        (SecureConnections::Only, false, false, true),
    ];
    for (wish, able, on, warned) in cases {
        let config = Config { secure_connections: wish, ..Config::default() };
        let mut dongle = Dongle::modern();
        if !able {
            dongle.page_2 = LmpFeaturesPage2::empty();
        }
        let mut t = Tester::new(config, Vec::new(), dongle);
        t.controller.start(t.now);
        t.turn();
        let mut warnings = 0;
        let info = loop {
            match t.told() {
                Output::Up(info) => break info,
                Output::Warning(Warning::NoSecureConnections) => warnings += 1,
                other => panic!("told {other:?}"),
            }
        };
        assert_eq!((info.secure_connections, warnings == 1), (on, warned), "{wish:?} {able}");
    }
}

#[test]
fn hardware_error_and_a_lost_transport_end_every_link() {
    for lost in [false, true] {
        let mut t = Tester::up(vec![bond(PHONE, KeyType::UnauthenticatedP256)]);
        let id = t.secured(PHONE, HANDLE);
        t.controller.connect(t.now, OTHER).unwrap();
        t.hear_any(Opcode::CREATE_CONNECTION);
        if lost {
            t.controller.transport_lost(t.now);
        } else {
            t.say(Event::HardwareError { hardware_code: 0x42 });
        }
        let reason = Status::HARDWARE_FAILURE;
        match t.told() {
            Output::Disconnected { link, reason: why, .. } => assert_eq!((link, why), (id, reason)),
            other => panic!("told {other:?}"),
        }
        assert!(matches!(t.told(), Output::ConnectFailed { address: OTHER, outgoing: true, .. }));
        if !lost {
            let Output::Failed(failure) = t.told() else { panic!("failed") };
            assert_eq!(failure.cause, Cause::Hardware(0x42));
        }
        t.told_nothing();
        assert_eq!(t.controller.wake_at(), None);
        t.heard.clear();
        t.controller.start(t.now);
        assert!(matches!(t.told(), Output::Up(_)));
    }
}
