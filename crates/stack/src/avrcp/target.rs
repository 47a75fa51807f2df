//! AVRCP 1.6, 4.2–4.4 and 6.4–6.9, as the target: answers to the peer's commands, and what it wants
//! to be told of.
//!
//! A command that is not known is answered as its layer wants: another profile by AVCTP (IPID), an
//! unknown AV/C command with NOT IMPLEMENTED, an unknown PDU or parameter with REJECTED and a status
//! (6.15). An answer that is longer than a frame goes in fragments, one each time the peer asks; its
//! next other command drops the rest.

use wire::avctp::{Label, MessageType};
use wire::avrcp::{
    BadPdu, CapabilityId, Code, Command, CommandType, Companies, CompanyId, Event, EventId,
    EventIds, Header, MAX_PARAMETERS, Opcode, PacketType, PassThrough, Pdu, PduId, Response,
    ResponseCode, StatusCode, Subunit, SubunitInfo, UnitInfo, echo,
};

use super::metadata::MAX_RESPONSE;
use super::output::Notice;
use super::{Session, Side, player};
use crate::avctp::Cid;

/// The target's side of a session.
#[derive(Debug, Default)]
pub(super) struct Target {
    /// What the peer wants to be told of, by event.
    registered: [Option<Registered>; EventId::ALL.len()],
    continuing: Option<Continuing>,
}

/// Who asked, and is to be answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker {
    cid: Cid,
    label: Label,
    subunit: Subunit,
}

/// An event that the peer wants to be told of.
#[derive(Clone, Copy, Debug)]
struct Registered {
    asker: Asker,
    /// For positions: told each time so many milliseconds are over, from there.
    interval: u32,
    position: Option<u32>,
}

/// An answer of which fragments are still to be asked for.
#[derive(Debug)]
struct Continuing {
    id: PduId,
    parameters: heapless::Vec<u8, MAX_RESPONSE>,
    sent: usize,
}

impl Target {
    /// A channel is gone, and what was asked on it.
    pub fn channel_closed(&mut self, cid: Cid) {
        for registered in &mut self.registered {
            registered.take_if(|own| own.asker.cid == cid);
        }
        self.continuing = None;
    }

    /// Whether the peer wants to know of an event.
    pub fn tells(&self, event: EventId) -> bool {
        self.registered[event as usize - 1].is_some()
    }

    /// Whether a position is one to be told.
    pub fn moved(&self, position: Option<u32>) -> bool {
        let registered = &self.registered[EventId::PlaybackPosChanged as usize - 1];
        registered.is_some_and(|own| match (own.position, position) {
            (Some(from), Some(to)) => own.interval > 0 && from.abs_diff(to) >= own.interval,
            (from, to) => from != to,
        })
    }
}

impl Session {
    /// A command came.
    pub(super) fn command(&mut self, cid: Cid, label: Label, frame: &[u8]) {
        let Ok((header, operands)) = Header::<CommandType>::parse(frame) else {
            return self.malformed();
        };
        let asker = Asker { cid, label, subunit: header.subunit };
        match (header.subunit, header.opcode, header.code) {
            (Subunit::UNIT, Opcode::UNIT_INFO, CommandType::Status) => {
                let (unit_type, company) = (Subunit::PANEL, CompanyId::BLUETOOTH_SIG);
                let info = UnitInfo { unit_type, company };
                self.send(cid, label, MessageType::Response, |out| info.write(out));
            }
            (Subunit::UNIT, Opcode::SUBUNIT_INFO, CommandType::Status) => {
                let info = SubunitInfo::panel(SubunitInfo::page_asked(operands).unwrap_or(0));
                self.send(cid, label, MessageType::Response, |out| info.write(out));
            }
            (Subunit::PANEL, Opcode::PASS_THROUGH, CommandType::Control) => {
                self.pass_through(asker, operands, frame);
            }
            (Subunit::UNIT | Subunit::PANEL, Opcode::VENDOR_DEPENDENT, code) => {
                match Pdu::parse(operands) {
                    Ok(pdu) => self.pdu(asker, code, pdu, frame),
                    Err(BadPdu::Length(id)) => {
                        self.reject(asker, id, StatusCode::PARAMETER_CONTENT_ERROR);
                    }
                    Err(BadPdu::Unknown) => self.not_implemented(asker, frame),
                }
            }
            _ => self.not_implemented(asker, frame),
        }
    }

    fn not_implemented(&mut self, asker: Asker, frame: &[u8]) {
        self.counters.rejected = self.counters.rejected.saturating_add(1);
        self.send(asker.cid, asker.label, MessageType::Response, |out| {
            echo(frame, ResponseCode::NotImplemented, out)
        });
    }

    /// A key of ours.
    fn pass_through(&mut self, asker: Asker, operands: &[u8], frame: &[u8]) {
        let Ok(key) = PassThrough::parse(operands) else {
            self.malformed();
            return self.not_implemented(asker, frame);
        };
        let (operation, state) = (key.operation, key.state);
        let known = match &self.side {
            Side::Sink { .. } => self.volume_key(operation, state),
            Side::Source { player } => {
                let known = !player.keyless && player::OPERATIONS.contains(&operation);
                if known {
                    self.notice(Notice::Pressed { operation, state });
                }
                known
            }
        };
        if !known {
            return self.not_implemented(asker, frame);
        }
        self.send(asker.cid, asker.label, MessageType::Response, |out| {
            key.write(ResponseCode::Accepted, out)
        });
    }

    fn pdu(&mut self, asker: Asker, code: CommandType, pdu: Pdu<'_>, frame: &[u8]) {
        if matches!(code, CommandType::SpecificInquiry | CommandType::GeneralInquiry) {
            return self.not_implemented(asker, frame);
        }
        let continues = [PduId::REQUEST_CONTINUING_RESPONSE, PduId::ABORT_CONTINUING_RESPONSE];
        if !continues.contains(&pdu.id) {
            self.target.continuing = None;
        }
        let command = match pdu.id.command_type() {
            Some(own) if own != code => Err(StatusCode::INVALID_COMMAND),
            _ if pdu.packet_type != PacketType::Single => Err(StatusCode::PARAMETER_CONTENT_ERROR),
            _ => Command::parse(pdu.id, pdu.parameters),
        };
        if let Err(status) = command.and_then(|command| self.answer(asker, command)) {
            self.reject(asker, pdu.id, status);
        }
    }

    fn reject(&mut self, asker: Asker, id: PduId, status: StatusCode) {
        self.counters.rejected = self.counters.rejected.saturating_add(1);
        self.send_pdu(asker, ResponseCode::Rejected, Pdu::single(id, &[status.0]));
    }

    fn send_pdu(&mut self, asker: Asker, code: impl Code, pdu: Pdu<'_>) {
        self.send(asker.cid, asker.label, MessageType::Response, |out| {
            pdu.write(code, asker.subunit, out)
        });
    }

    /// Answers a command, or says with which status it is to be rejected.
    fn answer(&mut self, asker: Asker, command: Command<'_>) -> Result<(), StatusCode> {
        let id = command.id();
        let source = matches!(self.side, Side::Source { .. });
        match command {
            Command::GetCapabilities(capability) => {
                let events: &[u8] =
                    if source { &player::EVENTS } else { &[EventId::VolumeChanged as u8] };
                let response = match capability {
                    CapabilityId::CompanyId => Response::Companies(Companies::BLUETOOTH_SIG),
                    CapabilityId::EventsSupported => {
                        let events = EventIds::new(events).ok_or(StatusCode::INTERNAL_ERROR)?;
                        Response::Events(events)
                    }
                };
                self.respond(asker, ResponseCode::Stable, id, response)
            }
            Command::InformDisplayableCharacterSet(_) | Command::InformBatteryStatusOfCt(_) => {
                self.respond(asker, ResponseCode::Accepted, id, Response::Done)
            }
            Command::RegisterNotification { event, interval } => {
                self.register(asker, event, interval)
            }
            Command::RequestContinuingResponse(id) => self.go_on(asker, id),
            Command::AbortContinuingResponse(aborted) => {
                let own = self.target.continuing.take_if(|own| own.id == aborted);
                own.ok_or(StatusCode::INVALID_PARAMETER)?;
                self.respond(asker, ResponseCode::Accepted, id, Response::Done)
            }
            Command::SetAbsoluteVolume(volume) if !source => {
                self.volume_set(volume);
                let response = Response::AbsoluteVolume(volume);
                self.respond(asker, ResponseCode::Accepted, id, response)
            }
            Command::GetPlayStatus
            | Command::GetElementAttributes(_)
            | Command::SetAddressedPlayer(_) => self.answer_of_player(asker, command),
            _ => Err(StatusCode::INVALID_COMMAND),
        }
    }

    /// Answers what is asked of a source's player.
    fn answer_of_player(&mut self, asker: Asker, command: Command<'_>) -> Result<(), StatusCode> {
        let id = command.id();
        let player = self.player().ok_or(StatusCode::INVALID_COMMAND)?;
        match command {
            Command::GetPlayStatus => {
                let length = player.track.as_ref().and_then(|track| track.duration);
                let (position, status) = (player.position, player.status);
                let response = Response::PlayStatus { length, position, status };
                self.respond(asker, ResponseCode::Stable, id, response)
            }
            Command::GetElementAttributes(asked) => {
                let mut room = [0; MAX_RESPONSE];
                let attributes = player.attributes(asked, &mut room)?;
                let response = Response::ElementAttributes(attributes);
                self.respond(asker, ResponseCode::Stable, id, response)
            }
            Command::SetAddressedPlayer(addressed) if addressed == player.id => {
                let response = Response::AddressedPlayer(StatusCode::OPERATION_COMPLETED);
                self.respond(asker, ResponseCode::Accepted, id, response)
            }
            _ => Err(StatusCode::INVALID_PLAYER_ID),
        }
    }

    /// Sends a response, or its first fragment.
    fn respond(
        &mut self,
        asker: Asker,
        code: ResponseCode,
        id: PduId,
        response: Response<'_>,
    ) -> Result<(), StatusCode> {
        let mut parameters = heapless::Vec::<u8, MAX_RESPONSE>::new();
        parameters.resize_default(MAX_RESPONSE).map_err(|_| StatusCode::INTERNAL_ERROR)?;
        let length = response.write(&mut parameters).map_err(|_| StatusCode::INTERNAL_ERROR)?;
        parameters.truncate(length);
        if length <= MAX_PARAMETERS {
            self.send_pdu(asker, code, Pdu::single(id, &parameters));
            return Ok(());
        }
        let first = &parameters[..MAX_PARAMETERS];
        let packet_type = PacketType::Start;
        self.send_pdu(asker, code, Pdu { id, packet_type, parameters: first });
        self.target.continuing = Some(Continuing { id, parameters, sent: MAX_PARAMETERS });
        Ok(())
    }

    /// Sends the next fragment.
    fn go_on(&mut self, asker: Asker, id: PduId) -> Result<(), StatusCode> {
        let own = self.target.continuing.take_if(|own| own.id == id);
        let mut own = own.ok_or(StatusCode::INVALID_PARAMETER)?;
        let rest = &own.parameters[own.sent..];
        let (packet_type, length) = match rest.len() {
            0..=MAX_PARAMETERS => (PacketType::End, rest.len()),
            _ => (PacketType::Continue, MAX_PARAMETERS),
        };
        let parameters = &rest[..length];
        // The code is that of the answer's beginning: all that is longer than a frame tells.
        self.send_pdu(asker, ResponseCode::Stable, Pdu { id, packet_type, parameters });
        if packet_type == PacketType::Continue {
            own.sent += length;
            self.target.continuing = Some(own);
        }
        Ok(())
    }

    fn register(&mut self, asker: Asker, event: EventId, interval: u32) -> Result<(), StatusCode> {
        let now = match &self.side {
            Side::Sink { volume } => {
                (event == EventId::VolumeChanged).then_some(Event::VolumeChanged(*volume))
            }
            Side::Source { player } => player.event(event),
        };
        let now = now.ok_or(StatusCode::INVALID_PARAMETER)?;
        let position = self.player().and_then(|player| player.position);
        let interval = interval.saturating_mul(1000);
        self.target.registered[event as usize - 1] = Some(Registered { asker, interval, position });
        let id = PduId::REGISTER_NOTIFICATION;
        self.respond(asker, ResponseCode::Interim, id, Response::Notification(now))
    }

    /// Tells the peer of a change if it wants to know; whether it did.
    pub(super) fn notify(&mut self, event: Event<'_>) -> bool {
        let Some(own) = self.target.registered[event.id() as usize - 1].take() else {
            return false;
        };
        let (id, response) = (PduId::REGISTER_NOTIFICATION, Response::Notification(event));
        self.respond(own.asker, ResponseCode::Changed, id, response).is_ok()
    }

    /// Another player is addressed: what was registered of the last one has ended (6.9.2.2).
    pub(super) fn reject_player_specific(&mut self) {
        for event in EventId::ALL.into_iter().filter(|event| event.is_player_specific()) {
            if let Some(own) = self.target.registered[event as usize - 1].take() {
                let id = PduId::REGISTER_NOTIFICATION;
                self.reject(own.asker, id, StatusCode::ADDRESSED_PLAYER_CHANGED);
            }
        }
    }
}
