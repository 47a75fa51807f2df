//! Messages as bumble, another Bluetooth stack, encodes them (`vectors/make.py`), and properties.

use std::collections::BTreeMap;
use std::string::{String, ToString};
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::avctp::{self, Label, MessageType, Pid};

/// Writes a whole message, as a packet of its own.
fn message(
    label: u8,
    message_type: MessageType,
    frame: impl FnOnce(&mut [u8]) -> Result<usize, NoRoom>,
) -> Vec<u8> {
    let (label, pid) = (Label::new(label), Pid::AV_REMOTE_CONTROL);
    let mut out = [0; avctp::Header::SINGLE_LEN + MAX_FRAME];
    let n = avctp::Header::Single { label, message_type, pid }.write(&mut out).expect("room");
    let length = n + frame(&mut out[n..]).expect("room");
    out[..length].to_vec()
}

fn command(label: u8, command: Command<'_>) -> Vec<u8> {
    let mut parameters = [0; MAX_PARAMETERS];
    let length = command.write(&mut parameters).expect("room");
    let pdu = Pdu::single(command.id(), &parameters[..length]);
    let code = command.id().command_type().expect("it is known");
    let sent = message(label, MessageType::Command, |out| pdu.write(code, Subunit::PANEL, out));
    assert_eq!(Command::parse(pdu.id, pdu.parameters), Ok(command));
    sent
}

fn response(label: u8, code: ResponseCode, id: PduId, response: Response<'_>) -> Vec<u8> {
    let mut parameters = [0; MAX_PARAMETERS];
    let length = response.write(&mut parameters).expect("room");
    let pdu = Pdu::single(id, &parameters[..length]);
    assert_eq!(Response::parse(id, pdu.parameters), Ok(response));
    message(label, MessageType::Response, |out| pdu.write(code, Subunit::PANEL, out))
}

fn notification(code: ResponseCode, event: Event<'_>) -> Vec<u8> {
    response(9, code, PduId::REGISTER_NOTIFICATION, Response::Notification(event))
}

/// A name, and the message that it names.
type Named = (&'static str, Vec<u8>);

fn keys() -> Vec<Named> {
    use KeyState::{Pressed, Released};
    let key = |label, state, operation| {
        message(label, MessageType::Command, |out| {
            PassThrough::key(operation, state).write(CommandType::Control, out)
        })
    };
    let play = |code| {
        message(0, MessageType::Response, |out| {
            PassThrough::key(OperationId::PLAY, Pressed).write(code, out)
        })
    };
    let invalid_pid = |out: &mut [u8]| {
        let (label, pid) = (Label::new(9), Pid(0x1234));
        avctp::Header::Single { label, message_type: MessageType::InvalidPid, pid }.write(out)
    };
    let mut packet = [0; 3];
    invalid_pid(&mut packet).expect("room");
    [
        ("invalid_pid", packet.to_vec()),
        ("unit_info", message(1, MessageType::Command, UnitInfo::write_command)),
        ("play_pressed", key(0, Pressed, OperationId::PLAY)),
        ("play_released", key(1, Released, OperationId::PLAY)),
        ("pause_pressed", key(2, Pressed, OperationId::PAUSE)),
        ("stop_pressed", key(3, Pressed, OperationId::STOP)),
        ("forward_pressed", key(4, Pressed, OperationId::FORWARD)),
        ("backward_pressed", key(5, Pressed, OperationId::BACKWARD)),
        ("volume_up_pressed", key(6, Pressed, OperationId::VOLUME_UP)),
        ("volume_down_pressed", key(7, Pressed, OperationId::VOLUME_DOWN)),
        ("play_accepted", play(ResponseCode::Accepted)),
        ("play_rejected", play(ResponseCode::Rejected)),
    ]
    .into()
}

fn commands() -> Vec<Named> {
    let settings = || Settings::new(&[2, 2, 3, 1]).expect("two");
    let setting_ids = || SettingIds::new(&[2, 3]).expect("two");
    let attributes = |octets| AttributeIds::new(octets).expect("whole");
    [
        ("get_companies", command(3, Command::GetCapabilities(CapabilityId::CompanyId))),
        ("get_events", command(4, Command::GetCapabilities(CapabilityId::EventsSupported))),
        ("list_settings", command(5, Command::ListPlayerApplicationSettingAttributes)),
        ("list_setting_values", command(5, Command::ListPlayerApplicationSettingValues(2))),
        (
            "get_settings",
            command(5, Command::GetCurrentPlayerApplicationSettingValue(setting_ids())),
        ),
        ("set_settings", command(5, Command::SetPlayerApplicationSettingValue(settings()))),
        ("inform_character_set", command(6, Command::InformDisplayableCharacterSet(&[0, 0x6A]))),
        ("inform_battery", command(6, Command::InformBatteryStatusOfCt(BatteryStatus::FullCharge))),
        (
            "get_attributes",
            command(7, Command::GetElementAttributes(attributes(&[0, 0, 0, 1, 0, 0, 0, 7]))),
        ),
        ("get_all_attributes", command(7, Command::GetElementAttributes(attributes(&[])))),
        ("get_play_status", command(8, Command::GetPlayStatus)),
        ("set_volume", command(10, Command::SetAbsoluteVolume(Volume::from_octet(0x64)))),
        ("set_player", command(11, Command::SetAddressedPlayer(PlayerId(0x1234)))),
    ]
    .into()
}

fn responses() -> Vec<Named> {
    use ResponseCode::{Accepted, Changed, Interim, Stable};
    let settings = Response::Settings(Settings::new(&[2, 2, 3, 1]).expect("two"));
    let setting_ids = Response::SettingIds(SettingIds::new(&[2, 3]).expect("two"));
    let texts = [(AttributeId::TITLE, "Größe"), (AttributeId::PLAYING_TIME, "215000")];
    let mut room = [0; 64];
    let attributes =
        Response::ElementAttributes(Attributes::write(texts, &mut room).expect("room"));
    let known = Response::PlayStatus {
        length: Some(215_000),
        position: Some(1_500),
        status: PlayStatus::Paused,
    };
    let unknown = Response::PlayStatus { length: None, position: None, status: PlayStatus::Error };
    let player = Event::AddressedPlayerChanged { player: PlayerId(3), uid_counter: 9 };
    let volume = Volume::from_octet(0x64);
    let events = Response::Events(EventIds::new(&[1, 13]).expect("two"));
    let companies = Response::Companies(Companies::BLUETOOTH_SIG);
    let rejected =
        Pdu::single(PduId::REGISTER_NOTIFICATION, &[StatusCode::ADDRESSED_PLAYER_CHANGED.0]);
    let rejected = message(9, MessageType::Response, |out| {
        rejected.write(ResponseCode::Rejected, Subunit::PANEL, out)
    });
    let status = |status| Event::PlaybackStatusChanged(status);
    let list = PduId::LIST_PLAYER_APPLICATION_SETTING_ATTRIBUTES;
    let get = PduId::GET_CURRENT_PLAYER_APPLICATION_SETTING_VALUE;
    let set = PduId::SET_PLAYER_APPLICATION_SETTING_VALUE;
    let done = Response::AddressedPlayer(StatusCode::OPERATION_COMPLETED);
    [
        ("companies", response(3, Stable, PduId::GET_CAPABILITIES, companies)),
        ("events", response(4, Stable, PduId::GET_CAPABILITIES, events)),
        ("settings_listed", response(5, Stable, list, setting_ids)),
        ("settings_got", response(5, Stable, get, settings)),
        ("settings_set", response(5, Accepted, set, Response::Done)),
        ("attributes", response(7, Stable, PduId::GET_ELEMENT_ATTRIBUTES, attributes)),
        ("play_status", response(8, Stable, PduId::GET_PLAY_STATUS, known)),
        ("play_status_unknown", response(8, Stable, PduId::GET_PLAY_STATUS, unknown)),
        ("status_interim", notification(Interim, status(PlayStatus::Playing))),
        ("status_changed", notification(Changed, status(PlayStatus::Stopped))),
        ("track_none", notification(Interim, Event::TrackChanged(TrackId::NONE))),
        ("track_changed", notification(Changed, Event::TrackChanged(TrackId(7)))),
        ("position_changed", notification(Changed, Event::PlaybackPosChanged(Some(4711)))),
        ("now_playing_changed", notification(Changed, Event::NowPlayingContentChanged)),
        ("players_changed", notification(Changed, Event::AvailablePlayersChanged)),
        ("player_changed", notification(Changed, player)),
        ("uids_changed", notification(Changed, Event::UidsChanged { uid_counter: 5 })),
        ("volume_interim", notification(Interim, Event::VolumeChanged(Volume::MAX))),
        (
            "volume_set",
            response(10, Accepted, PduId::SET_ABSOLUTE_VOLUME, Response::AbsoluteVolume(volume)),
        ),
        ("player_set", response(11, Accepted, PduId::SET_ADDRESSED_PLAYER, done)),
        ("rejected", rejected),
    ]
    .into()
}

#[test]
fn messages_are_as_another_stack_has_them() {
    let mut vectors: BTreeMap<String, String> = include_str!("vectors/vectors.txt")
        .lines()
        .map(|line| line.split_once(' ').expect("a name and a message"))
        .map(|(name, octets)| (name.to_string(), octets.to_string()))
        .collect();
    let mut ours: Vec<(String, Vec<u8>)> = [keys(), commands(), responses()]
        .into_iter()
        .flatten()
        .map(|(name, octets)| (name.to_string(), octets))
        .collect();
    for event in EventId::ALL {
        let sent = command(9, Command::RegisterNotification { event, interval: 10 });
        ours.push((std::format!("register_{}", event as u8), sent));
    }
    for (name, octets) in ours {
        let hex: String = octets.iter().map(|octet| std::format!("{octet:02x}")).collect();
        assert_eq!(Some(hex), vectors.remove(&name), "{name}");
    }
    assert!(vectors.is_empty(), "not checked: {vectors:?}");
}

#[test]
fn unit_and_subunit_answer_as_in_the_specification() {
    let mut out = [0; 8];
    let unit = UnitInfo { unit_type: Subunit::PANEL, company: CompanyId::BLUETOOTH_SIG };
    assert_eq!(unit.write(&mut out), Ok(8));
    assert_eq!(out, [0x0C, 0xFF, 0x30, 0x07, 0x48, 0x00, 0x19, 0x58]);
    assert_eq!(UnitInfo::parse(&out[3..]), Ok(unit));
    let subunits = SubunitInfo::panel(0);
    assert_eq!(subunits.write(&mut out), Ok(8));
    assert_eq!(out, [0x0C, 0xFF, 0x31, 0x07, 0x48, 0xFF, 0xFF, 0xFF]);
    assert_eq!(SubunitInfo::parse(&out[3..]), Ok(subunits));
    assert_eq!(SubunitInfo::panel(1).subunits, [None; 4]);
    assert_eq!(SubunitInfo::write_command(2, &mut out), Ok(8));
    assert_eq!(out, [0x01, 0xFF, 0x31, 0x27, 0xFF, 0xFF, 0xFF, 0xFF]);
    assert_eq!(SubunitInfo::page_asked(&out[3..]), Ok(2));
    assert_eq!(echo(&out, ResponseCode::NotImplemented, &mut [0; 8]), Ok(8));
}

#[test]
fn commands_that_cannot_be_read_are_rejected_as_the_specification_wants() {
    let rejected = |id, parameters| Command::parse(id, parameters).expect_err("not legal");
    let content = StatusCode::PARAMETER_CONTENT_ERROR;
    let parameter = StatusCode::INVALID_PARAMETER;
    assert_eq!(rejected(PduId(0xFF), &[]), StatusCode::INVALID_COMMAND);
    assert_eq!(rejected(PduId::GET_CAPABILITIES, &[0x7F]), parameter);
    assert_eq!(rejected(PduId::REGISTER_NOTIFICATION, &[0xFF, 0, 0, 0, 0]), parameter);
    assert_eq!(rejected(PduId::REGISTER_NOTIFICATION, &[0x00]), parameter);
    assert_eq!(rejected(PduId::SET_ABSOLUTE_VOLUME, &[]), content);
    assert_eq!(rejected(PduId::GET_ELEMENT_ATTRIBUTES, &[0; 8]), content);
    assert_eq!(rejected(PduId::GET_ELEMENT_ATTRIBUTES, &[0, 0, 0, 0, 0, 0, 0, 0, 1, 0]), content);
    assert_eq!(rejected(PduId::GET_ELEMENT_ATTRIBUTES, &[1, 0, 0, 0, 0, 0, 0, 0, 0]), content);
}

#[test]
fn old_targets_shorten_what_they_tell() {
    let track = Event::parse;
    assert_eq!(track(&[2]), Ok(Event::TrackChanged(TrackId::SELECTED)));
    assert_eq!(track(&[2, 0xFF, 0xFF, 0xFF, 0xFF]), Ok(Event::TrackChanged(TrackId::NONE)));
    assert_eq!(track(&[2, 0, 0, 0, 9]), Ok(Event::TrackChanged(TrackId::SELECTED)));
    let player = Event::AddressedPlayerChanged { player: PlayerId(1), uid_counter: 0 };
    assert_eq!(Event::parse(&[11, 0, 1]), Ok(player));
    assert_eq!(StatusCode::parse(&[]), StatusCode::INTERNAL_ERROR);
    let register = Command::RegisterNotification { event: EventId::VolumeChanged, interval: 0 };
    assert_eq!(Command::parse(PduId::REGISTER_NOTIFICATION, &[13]), Ok(register));
}

#[test]
fn lists_of_capabilities_end_with_a_whole_one() {
    let companies = Response::Companies(Companies::BLUETOOTH_SIG);
    let octets = [2, 2, 0x00, 0x19, 0x58, 0xFF];
    assert_eq!(Response::parse(PduId::GET_CAPABILITIES, &octets), Ok(companies));
    let events = Response::Events(EventIds::new(&[1]).expect("one"));
    assert_eq!(Response::parse(PduId::GET_CAPABILITIES, &[3, 9, 1]), Ok(events));
}

#[test]
fn the_last_attribute_may_be_cut_off() {
    let octets = [9, 0, 0, 0, 1, 0, 106, 0, 2, b'a', b'b', 0, 0, 0, 2, 0, 106, 0xFF, 0xFF, b'c'];
    let Ok(Response::ElementAttributes(attributes)) =
        Response::parse(PduId::GET_ELEMENT_ATTRIBUTES, &octets)
    else {
        panic!("attributes")
    };
    let values: Vec<_> = attributes.iter().map(|attribute| attribute.value).collect();
    assert_eq!(values, [&b"ab"[..], b"c"]);
}

#[test]
fn volumes_are_a_part_of_the_loudest() {
    for percent in 0..=100 {
        assert_eq!(Volume::from_percent(percent).percent(), percent);
    }
    assert_eq!(Volume::from_percent(200), Volume::MAX);
    assert_eq!(Volume::from_octet(0xFF), Volume::MAX, "the top bit does not count");
    assert_eq!(Volume::from_octet(3).stepped(-8), Volume::MIN);
    assert_eq!(Volume::from_octet(0x7E).stepped(8), Volume::MAX);
}

proptest! {
    #[test]
    fn commands_are_written_as_they_were_read(
        id: u8,
        parameters in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        if let Ok(command) = Command::parse(PduId(id), &parameters) {
            prop_assert_eq!(command.id(), PduId(id));
            prop_assert!(command.id().command_type().is_some());
            let mut out = [0; 128];
            let length = command.write(&mut out).expect("room");
            prop_assert_eq!(Command::parse(PduId(id), &out[..length]), Ok(command));
            for short in 0..length {
                prop_assert_eq!(command.write(&mut out[..short]), Err(NoRoom));
            }
        } else {
            prop_assert!(Command::parse(PduId(id), &parameters).is_err());
        }
    }

    #[test]
    fn responses_are_written_as_they_were_read(
        id in prop_oneof![any::<u8>(), Just(0x31), Just(0x20)],
        mut parameters in prop::collection::vec(any::<u8>(), 0..60),
        event in 1u8..14,
    ) {
        if let (0x31, Some(first)) = (id, parameters.first_mut()) {
            *first = event;
        }
        if let Ok(response) = Response::parse(PduId(id), &parameters) {
            let mut out = [0; 128];
            let length = response.write(&mut out).expect("room");
            let again = Response::parse(PduId(id), &out[..length]);
            match (response, again) {
                // What is cut off keeps its count.
                (Response::ElementAttributes(one), Ok(Response::ElementAttributes(two))) => {
                    prop_assert!(one.iter().eq(two.iter()));
                }
                _ => prop_assert_eq!(again, Ok(response)),
            }
        }
    }

    #[test]
    fn frames_are_written_as_they_were_read(frame in prop::collection::vec(any::<u8>(), 0..40)) {
        let mut out = [0; 64];
        if let Ok((header, operands)) = Header::<CommandType>::parse(&frame) {
            let n = header.write(&mut out).expect("room");
            prop_assert_eq!(&out[..n], &frame[..n]);
            if let Ok(key) = PassThrough::parse(operands) {
                let n = key.write(header.code, &mut out).expect("room");
                prop_assert_eq!(&out[3..n], &operands[..n - 3]);
            }
            let _ = (UnitInfo::parse(operands), SubunitInfo::parse(operands));
        }
        if let Ok((header, operands)) = Header::<ResponseCode>::parse(&frame)
            && let Ok(pdu) = Pdu::parse(operands)
        {
            let n = pdu.write(header.code, header.subunit, &mut out).expect("room");
            let (again, operands) = Header::<ResponseCode>::parse(&out[..n]).expect("legal");
            prop_assert_eq!(again.subunit, header.subunit);
            prop_assert_eq!(Pdu::parse(operands), Ok(pdu));
        }
    }
}

#[test]
fn a_frame_holds_so_much_and_no_more() {
    let parameters = [0; MAX_PARAMETERS + 1];
    let mut out = [0; 2 * MAX_FRAME];
    let write = |length: usize, out: &mut [u8]| {
        let pdu = Pdu::single(PduId::GET_ELEMENT_ATTRIBUTES, &parameters[..length]);
        pdu.write(ResponseCode::Stable, Subunit::PANEL, out)
    };
    assert_eq!(write(MAX_PARAMETERS, &mut out), Ok(MAX_FRAME));
    assert_eq!(write(MAX_PARAMETERS + 1, &mut out), Err(NoRoom));
    let claimed = [0x00, 0x19, 0x58, 0x20, 0, 0, 3, 1, 2];
    assert_eq!(Pdu::parse(&claimed), Err(BadPdu::Length(PduId::GET_ELEMENT_ATTRIBUTES)));
    assert_eq!(Pdu::parse(&[0, 0, 1, 0x20, 0, 0, 0]), Err(BadPdu::Unknown));
}
