//! Every packet in the tables is built and read back; nothing that a peer sends panics.

mod cross_check;

use std::string::ToString;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::address::Address;
use crate::error::{Malformed, NoRoom};

const PEER: Address = Address([1, 2, 3, 4, 5, 6]);

fn command(command: Command<'_>) -> Vec<u8> {
    let mut out = [0; Command::LONGEST];
    let length = command.write(&mut out).expect("it fits");
    out[..length].to_vec()
}

fn event(event: Event<'_>) -> Vec<u8> {
    let mut out = [0; Event::LONGEST];
    let length = event.write(&mut out).expect("it fits");
    out[..length].to_vec()
}

/// `header` with the first `length` of `parameters` behind it.
fn packet(header: &[u8], parameters: &[u8], length: u8) -> Vec<u8> {
    [header, &[length], &parameters[..usize::from(length)]].concat()
}

/// The command that `parameters` make at the length which this command has.
fn any_command(opcode: Opcode, parameters: &[u8; 255]) -> Option<Vec<u8>> {
    let packets = (0..=255).map(|length| packet(&opcode.0.to_le_bytes(), parameters, length));
    packets.into_iter().find(|packet| Command::parse(packet).is_ok())
}

#[test]
fn every_command_comes_back_as_it_was_written() {
    for opcode in Opcode::ALL {
        let packet = any_command(*opcode, &[1; 255]).unwrap_or_else(|| panic!("{opcode}"));
        let read = Command::parse(&packet).unwrap();
        assert_eq!(read.opcode(), *opcode);
        assert!(!matches!(read, Command::Other { .. }), "{opcode}");
        let written = command(read);
        assert_eq!(Command::parse(&written), Ok(read));
        // A name may come without its padding, but is written with it.
        assert!(written.len() == packet.len() || *opcode == Opcode::WRITE_LOCAL_NAME);
    }
}

#[test]
fn every_event_comes_back_as_it_was_written() {
    for code in Event::CODES {
        for status in [0, 1] {
            let mut parameters = [1; 255];
            parameters[0] = status;
            let packet = packet(&[*code], &parameters, 255);
            let Ok(read) = Event::parse(&packet) else {
                assert!(*code == 0x2F && status == 0, "event 0x{code:02X}");
                continue;
            };
            assert!(!matches!(read, Event::Other { .. }), "event 0x{code:02X}");
            assert_eq!(read.code(), *code);
            assert_eq!(Event::parse(&event(read)), Ok(read));
        }
    }
}

#[test]
fn opcodes_name_themselves() {
    assert_eq!(Opcode::WRITE_SCAN_ENABLE.to_string(), "WriteScanEnable (0x0C1A)");
    assert_eq!(Opcode(0xFC01).to_string(), "command 0xFC01");
    assert_eq!(Status::PAGE_TIMEOUT.to_string(), "Page Timeout (0x04)");
    assert_eq!(Status(0xEE).to_string(), "error 0xEE");
}

#[test]
fn supported_commands_are_looked_up_by_opcode() {
    let mut commands = SupportedCommands::NONE;
    commands.set(Opcode::WRITE_SECURE_CONNECTIONS_HOST_SUPPORT, true);
    assert_eq!(commands.0[32], 1 << 3);
    assert!(commands.has(Opcode::WRITE_SECURE_CONNECTIONS_HOST_SUPPORT));
    assert!(!commands.has(Opcode::RESET));
    assert!(!commands.has(Opcode(0xFC01)));
    commands.set(Opcode::WRITE_SECURE_CONNECTIONS_HOST_SUPPORT, false);
    assert_eq!(commands, SupportedCommands::NONE);
    let bits: Vec<_> = Opcode::ALL.iter().filter_map(|opcode| opcode.bit()).collect();
    let mut once = bits.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(bits.len(), once.len(), "two commands share a bit");
}

#[test]
fn a_command_with_too_much_or_too_little_is_malformed() {
    assert_eq!(Command::parse(&[0x03, 0x0C, 0]), Ok(Command::Reset {}));
    assert_eq!(Command::parse(&[0x03, 0x0C, 1, 0]), Err(Malformed));
    assert_eq!(Command::parse(&[0x03, 0x0C, 1]), Err(Malformed));
    assert_eq!(Command::parse(&[0x1A, 0x0C, 0]), Err(Malformed));
    assert_eq!(Command::parse(&[0x1A, 0x0C, 1, 4]), Err(Malformed));
    assert_eq!(Command::Reset {}.write(&mut [0; 2]), Err(NoRoom));
}

#[test]
fn after_an_error_status_the_rest_may_be_anything() {
    let failed = [0x03, 11, 0x04, 0, 0, 1, 2, 3, 4, 5, 6, 0xFF, 0xFF];
    let Ok(Event::ConnectionComplete { status, bd_addr, .. }) = Event::parse(&failed) else {
        panic!("not read");
    };
    assert_eq!((status, bd_addr), (Status::PAGE_TIMEOUT, PEER));
    let mut good = failed;
    good[2] = 0;
    assert_eq!(Event::parse(&good), Err(Malformed));
}

#[test]
fn events_may_be_longer_than_known() {
    assert_eq!(
        Event::parse(&[0x01, 3, 0, 7, 7]),
        Ok(Event::InquiryComplete { status: Status::SUCCESS })
    );
}

#[test]
fn return_parameters_give_the_status_as_the_error() {
    let mut out = [0; 16];
    let length = returns::ReadBdAddr { bd_addr: PEER }.write(&mut out).unwrap();
    assert_eq!(out[..length], [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(returns::ReadBdAddr::parse(&out[..length]).unwrap().bd_addr, PEER);
    assert_eq!(returns::ReadBdAddr::parse(&[1]), Err(returns::Error::Status(Status(1))));
    assert_eq!(returns::ReadBdAddr::parse(&[0, 1]), Err(returns::Error::Malformed));
    assert_eq!(returns::ReadBdAddr::parse(&[]), Err(returns::Error::Malformed));
    assert_eq!(returns::status(&[0]), Ok(()));
}

#[test]
fn names_are_cut_at_a_character() {
    let long = "ä".repeat(130);
    assert_eq!(Name::new(&long).as_str(), "ä".repeat(124));
    let odd = std::format!("x{long}");
    assert_eq!(Name::new(&odd).as_bytes().len(), 247);
    let written = command(Command::WriteLocalName { local_name: Name::new("Tandem") });
    assert_eq!(written.len(), 3 + 248);
    let Ok(Command::WriteLocalName { local_name }) = Command::parse(&written) else { panic!() };
    assert_eq!(local_name.as_str(), "Tandem");
}

#[test]
fn an_extended_inquiry_response_is_built_and_read() {
    let mut builder = EirBuilder::default();
    builder.name("Kitchen", 48).unwrap();
    builder.uuids_16(&[0x110B, 0x110E]).unwrap();
    builder.device_id(2, 0x1209, 1, 0x0100).unwrap();
    let eir = builder.eir();
    assert_eq!(eir.name(), Some("Kitchen"));
    assert_eq!(eir.uuids_16().collect::<Vec<_>>(), [0x110B, 0x110E]);
    assert!(eir.fields().any(|f| f.kind == EirKind::DEVICE_ID && f.data.len() == 8));
    let fec_required = false;
    let write =
        Command::WriteExtendedInquiryResponse { fec_required, extended_inquiry_response: eir };
    assert_eq!(Command::parse(&command(write)), Ok(write));

    let mut short = EirBuilder::default();
    short.name("Kitchen", 4).unwrap();
    assert_eq!(short.eir().name(), Some("Kitc"));
    assert!(short.eir().fields().all(|field| field.kind == EirKind::SHORTENED_NAME));
    assert!(short.field(EirKind::MANUFACTURER, &[0; 240]).is_err());
    assert_eq!(short.eir().name(), Some("Kitc"));
}

#[test]
fn data_headers_come_back() {
    for boundary in [Boundary::FirstNonFlushable, Boundary::Continuing, Boundary::FirstFlushable] {
        let header = AclHeader {
            handle: Handle::new(0xABC),
            boundary,
            broadcast: Broadcast::PointToPoint,
            length: 2,
        };
        let packet = [&header.to_bytes()[..], &[9, 9]].concat();
        assert_eq!(AclHeader::parse(&packet), Ok(header));
        assert_eq!(AclHeader::parse(&packet[..5]), Err(Malformed));
    }
    let header =
        SynchronousHeader { handle: Handle::new(6), status: PacketStatus::NoData, length: 1 };
    let packet = [&header.to_bytes()[..], &[9]].concat();
    assert_eq!(SynchronousHeader::parse(&packet), Ok(header));
    assert_eq!(SynchronousHeader::parse(&packet[..3]), Err(Malformed));
}

/// Octets among which small values are frequent, so that enumerations are often legal.
fn octets() -> impl Strategy<Value = [u8; 255]> {
    let octet = prop_oneof![0u8..4, any::<u8>()];
    prop::collection::vec(octet, 255).prop_map(|octets| octets.try_into().unwrap())
}

proptest! {
    #[test]
    fn reading_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Command::parse(&bytes);
        let _ = AclHeader::parse(&bytes);
        let _ = SynchronousHeader::parse(&bytes);
        let _ = std::format!("{:?}", Event::parse(&bytes));
        if let Ok(eir) = Eir::new(&bytes) {
            let _ = (eir.name(), eir.uuids_16().count(), eir.as_bytes());
        }
        let _ = returns::ReadLocalSupportedCommands::parse(&bytes);
        let _ = returns::ReadLocalName::parse(&bytes);
    }

    #[test]
    fn a_command_that_can_be_read_is_written_alike(
        opcode in prop::sample::select(Opcode::ALL), parameters in octets(),
    ) {
        if let Some(packet) = any_command(opcode, &parameters) {
            let read = Command::parse(&packet).unwrap();
            let written = command(read);
            prop_assert_eq!(Command::parse(&written), Ok(read));
        }
    }

    #[test]
    fn an_event_that_can_be_read_is_written_alike(
        code in any::<u8>(), parameters in octets(), length in any::<u8>(),
    ) {
        let packet = packet(&[code], &parameters, length);
        if let Ok(read) = Event::parse(&packet) {
            // A name or response that the peer cut short is written at its full length.
            let written = event(read);
            prop_assert_eq!(Event::parse(&written), Ok(read));
        }
    }
}
