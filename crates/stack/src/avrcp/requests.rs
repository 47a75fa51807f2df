//! AVRCP 1.6, 6.3–6.9, as the controller: our commands other than keys, one in flight at a time, what
//! their answers do, and what happens when none comes.
//!
//! Registrations go first, as the specification advises (6.7.2). An answer counts where its label
//! and its PDU are those of the command: phones answer late, and labels come round again.

use core::time::Duration;

use pool::Instant;
use wire::NoRoom;
use wire::avctp::{Label, MessageType};
use wire::avrcp::{
    BadPdu, CapabilityId, Command, EventId, Header, Opcode, PacketType, Pdu, PduId, Response,
    ResponseCode, StatusCode, Subunit, Volume,
};

use super::metadata::ATTRIBUTES;
use super::registration::Registration;
use super::{Session, Side};
use crate::avctp::Channel;

/// How long a peer may take to answer a command; the specification gives it one second (6.2).
pub const RESPONSE_TIMEOUT: Duration = Duration::from_secs(3);

/// Commands that wait for an earlier one's answer, at most: one of each kind.
pub const MAX_REQUESTS: usize = 4;

/// How often a player tells its position, in seconds.
pub const POSITION_INTERVAL: u32 = 10;

/// A command of ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Request {
    Capabilities,
    PlayStatus,
    Attributes,
    SetVolume(Volume),
    Register(EventId),
    Continue(PduId),
    Abort(PduId),
}

/// A command of ours in flight.
#[derive(Debug)]
pub(super) struct Transaction {
    label: Label,
    pub request: Request,
    pub deadline: Instant,
}

/// Why a command came to nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Failure {
    NotImplemented,
    Rejected,
    TimedOut,
    /// The answer makes no sense.
    Malformed,
}

impl Request {
    fn command(&self) -> Command<'static> {
        match *self {
            Request::Capabilities => Command::GetCapabilities(CapabilityId::EventsSupported),
            Request::PlayStatus => Command::GetPlayStatus,
            Request::Attributes => Command::GetElementAttributes(ATTRIBUTES),
            Request::SetVolume(volume) => Command::SetAbsoluteVolume(volume),
            Request::Register(event) => {
                let positions = event == EventId::PlaybackPosChanged;
                let interval = if positions { POSITION_INTERVAL } else { 0 };
                Command::RegisterNotification { event, interval }
            }
            Request::Continue(id) => Command::RequestContinuingResponse(id),
            Request::Abort(id) => Command::AbortContinuingResponse(id),
        }
    }

    /// Whether a response with this PDU answers it.
    fn is_answered_by(&self, id: PduId) -> bool {
        match *self {
            Request::Continue(continued) => id == continued || id == self.command().id(),
            _ => id == self.command().id(),
        }
    }
}

impl Session {
    /// There is a channel for our commands.
    pub(super) fn control_up(&mut self, now: Instant) {
        if self.peer_tells() {
            self.request(Request::Capabilities);
        }
        self.pump(now);
    }

    /// The channel for our commands is gone: nothing is known of the peer any more.
    pub(super) fn control_down(&mut self) {
        self.keys_down();
        self.transaction = None;
        self.requests.clear();
        self.registrations.clear();
        self.assembly = None;
        self.following = Default::default();
    }

    /// Whether there is a channel to a peer with a player whose keys can be pressed.
    pub fn has_player(&self) -> bool {
        self.is_up() && self.peer_is_target()
    }

    /// Whether the peer's records name a player, or are not known.
    pub(super) fn peer_is_target(&self) -> bool {
        self.peer.is_none_or(|peer| peer.target.is_some())
    }

    /// Whether the peer may know more than keys.
    pub(super) fn peer_tells(&self) -> bool {
        let wanted = |version| match self.side {
            Side::Sink { .. } => version >= 0x0103,
            Side::Source { .. } => version >= 0x0104,
        };
        let target = |target: super::Service| wanted(target.version);
        !self.following.keys_only && self.peer.is_none_or(|peer| peer.target.is_some_and(target))
    }

    /// The events that we want to be told of.
    fn wanted(&self) -> &'static [EventId] {
        match self.side {
            Side::Sink { .. } => &[
                EventId::PlaybackStatusChanged,
                EventId::TrackChanged,
                EventId::AddressedPlayerChanged,
                EventId::PlaybackPosChanged,
                EventId::AvailablePlayersChanged,
                EventId::BattStatusChanged,
            ],
            Side::Source { .. } => &[EventId::VolumeChanged],
        }
    }

    /// The events that a target has that does not say which: those that it must have.
    fn mandatory(&self) -> &'static [EventId] {
        match self.side {
            Side::Sink { .. } => &[EventId::PlaybackStatusChanged, EventId::TrackChanged],
            Side::Source { .. } => &[EventId::VolumeChanged],
        }
    }

    /// Has a command sent when its turn comes; of each kind the last one.
    pub(super) fn request(&mut self, request: Request) {
        let kind = core::mem::discriminant(&request);
        match self.requests.iter_mut().find(|own| core::mem::discriminant(*own) == kind) {
            Some(same) => *same = request,
            None => {
                let waits = self.requests.push_back(request).is_ok();
                debug_assert!(waits, "there is room for one of each kind");
            }
        }
    }

    /// Sends the next command if none is in flight.
    pub(super) fn pump(&mut self, now: Instant) {
        if self.transaction.is_some() || !self.is_up() {
            return;
        }
        let due = |own: &Registration| Some((own.due_at().filter(|at| *at <= now)?, own.event));
        // The one that has waited longest, so that one that is not answered does not hold up the others.
        let registration = self.registrations.iter().filter_map(due).min_by_key(|(at, _)| *at);
        if let Some((_, event)) = registration {
            let label = self.transmit(now, Request::Register(event));
            if let Some(own) = self.registrations.iter_mut().find(|own| own.event == event) {
                own.asked(now, label);
            }
        } else if let Some(request) = self.requests.pop_front() {
            self.transmit(now, request);
        }
    }

    /// Sends a command, and waits for its answer.
    pub(super) fn transmit(&mut self, now: Instant, request: Request) -> Label {
        let label = self.fresh_label();
        let command = request.command();
        self.send_own(label, |out| {
            let mut parameters = [0; 64];
            let length = command.write(&mut parameters)?;
            let pdu = Pdu::single(command.id(), &parameters[..length]);
            let code = command.id().command_type().ok_or(NoRoom)?;
            pdu.write(code, Subunit::PANEL, out)
        });
        self.transaction = Some(Transaction { label, request, deadline: now + RESPONSE_TIMEOUT });
        label
    }

    /// What we send as a controller goes on the channel that was opened first.
    pub(super) fn send_own(
        &mut self,
        label: Label,
        frame: impl FnOnce(&mut [u8]) -> Result<usize, NoRoom>,
    ) {
        if let Some(cid) = self.channels.first().map(Channel::cid) {
            self.send(cid, label, MessageType::Command, frame);
        }
    }

    /// The next label that no answer may have. There is one among the sixteen: registrations hold
    /// two each at most, a key and another command one.
    pub(super) fn fresh_label(&mut self) -> Label {
        const _: () = assert!(2 * super::MAX_REGISTRATIONS + 2 < 16);
        loop {
            self.label = self.label.next();
            let label = self.label;
            let held = self.keys.label() == Some(label)
                || self.transaction.as_ref().is_some_and(|own| own.label == label)
                || self.registrations.iter().any(|own| own.holds(label));
            if !held {
                return label;
            }
        }
    }

    /// An answer came.
    pub(super) fn response(&mut self, now: Instant, label: Label, frame: &[u8]) {
        let Ok((header, operands)) = Header::<ResponseCode>::parse(frame) else {
            return self.malformed();
        };
        match header.opcode {
            Opcode::PASS_THROUGH => self.key_answered(now, label, header.code),
            Opcode::VENDOR_DEPENDENT => match (header.code, Pdu::parse(operands)) {
                // Some peers answer with nothing behind the opcode.
                (ResponseCode::NotImplemented, Err(BadPdu::Unknown)) => {
                    let code = StatusCode::INVALID_COMMAND;
                    self.refused_pdu(now, label, header.code, None, code);
                }
                (ResponseCode::NotImplemented | ResponseCode::Rejected, Ok(pdu)) => {
                    let status = StatusCode::parse(pdu.parameters);
                    self.refused_pdu(now, label, header.code, Some(pdu.id), status);
                }
                (_, Err(_)) => self.malformed(),
                (code, Ok(pdu)) if pdu.id == PduId::REGISTER_NOTIFICATION => {
                    self.notified(now, label, code, pdu.parameters);
                }
                (code, Ok(pdu)) => self.answered(now, label, code, pdu),
            },
            _ => self.unexpected(),
        }
    }

    pub(super) fn unexpected(&mut self) {
        self.counters.unexpected = self.counters.unexpected.saturating_add(1);
    }

    /// The command in flight, if this answers it.
    pub(super) fn take_transaction(&mut self, label: Label, id: Option<PduId>) -> Option<Request> {
        let answers = |own: &mut Transaction| {
            own.label == label && id.is_none_or(|id| own.request.is_answered_by(id))
        };
        self.transaction.take_if(answers).map(|own| own.request)
    }

    /// The peer has no such command, or does not want it now.
    fn refused_pdu(
        &mut self,
        now: Instant,
        label: Label,
        code: ResponseCode,
        id: Option<PduId>,
        status: StatusCode,
    ) {
        let request = self.take_transaction(label, id);
        let registers = id.is_none_or(|id| id == PduId::REGISTER_NOTIFICATION);
        match request {
            Some(Request::Register(_)) | None if registers => {
                let mut own = self.registrations.iter_mut();
                let ended = own.any(|own| own.refused(now, label, code, status));
                // What was registered of the last player may end after the word of the new one.
                if !ended && status != StatusCode::ADDRESSED_PLAYER_CHANGED {
                    self.unexpected();
                }
                self.registration_settled();
            }
            Some(request) => {
                let failure = match code {
                    ResponseCode::NotImplemented => Failure::NotImplemented,
                    _ => Failure::Rejected,
                };
                self.settle(now, request, Err(failure));
            }
            None => self.unexpected(),
        }
    }

    /// An answer came that is neither a refusal nor a notification.
    fn answered(&mut self, now: Instant, label: Label, code: ResponseCode, pdu: Pdu<'_>) {
        if code == ResponseCode::Interim {
            // The answer proper comes later.
            let waits = self.transaction.as_mut().filter(|own| own.label == label);
            if let Some(own) = waits {
                own.deadline = now + RESPONSE_TIMEOUT;
            }
            return;
        }
        let Some(request) = self.take_transaction(label, Some(pdu.id)) else {
            return self.unexpected();
        };
        match (request, pdu.packet_type) {
            (Request::Attributes | Request::Continue(_), PacketType::Start)
            | (Request::Continue(_), PacketType::Continue | PacketType::End) => {
                self.fragment(now, pdu);
            }
            _ => self.settle(now, request, Ok((pdu.id, pdu.parameters))),
        }
    }

    /// The peer does not know AVRCP by its number.
    pub(super) fn invalid_pid(&mut self, now: Instant, label: Label) {
        if self.keys.label() == Some(label) {
            return self.key_answered(now, label, ResponseCode::NotImplemented);
        }
        let code = ResponseCode::NotImplemented;
        self.refused_pdu(now, label, code, None, StatusCode::INVALID_COMMAND);
    }

    /// Settles the command that was not answered in time.
    pub(super) fn request_overdue(&mut self, now: Instant) {
        let Some(late) = self.transaction.take_if(|own| own.deadline <= now) else { return };
        self.counters.timed_out = self.counters.timed_out.saturating_add(1);
        match late.request {
            Request::Register(event) => {
                if let Some(own) = self.registrations.iter_mut().find(|own| own.event == event) {
                    own.timed_out(now);
                }
                self.registration_settled();
            }
            request => self.settle(now, request, Err(Failure::TimedOut)),
        }
    }

    /// Does what an answer, or none, means.
    pub(super) fn settle(
        &mut self,
        now: Instant,
        request: Request,
        answer: Result<(PduId, &[u8]), Failure>,
    ) {
        let answer = answer.and_then(|(id, parameters)| {
            Response::parse(id, parameters).map_err(|_| Failure::Malformed)
        });
        if answer == Err(Failure::Malformed) {
            self.malformed();
        }
        match (request, answer) {
            (Request::Capabilities, answer) => self.told_capabilities(now, answer),
            (Request::PlayStatus, Ok(Response::PlayStatus { position, status, .. })) => {
                self.told_status(status, position);
            }
            (Request::Attributes | Request::Continue(_), answer) => {
                self.assembly = None;
                match answer {
                    Ok(Response::ElementAttributes(attributes)) => self.told_track(attributes),
                    other => self.not_told_track(other.err()),
                }
            }
            (Request::SetVolume(_), Ok(Response::AbsoluteVolume(volume))) => {
                self.told_volume(volume, true);
            }
            _ => {}
        }
    }

    fn told_capabilities(&mut self, now: Instant, answer: Result<Response<'_>, Failure>) {
        let told = match answer {
            Ok(Response::Events(events)) => Some(events),
            Err(Failure::NotImplemented) => {
                self.following.keys_only = true;
                return;
            }
            _ => None,
        };
        let (wanted, mandatory) = (self.wanted(), self.mandatory());
        let has = |event: EventId| match told {
            Some(events) => events.iter().any(|own| own == event),
            None => mandatory.contains(&event),
        };
        for event in wanted.iter().copied().filter(|event| has(*event)) {
            // There is room for all that are wanted.
            let _ = self.registrations.push(Registration::new(event, now));
        }
        if let Side::Sink { .. } = self.side {
            self.request(Request::PlayStatus);
            if !self.registrations.iter().any(|own| own.event == EventId::TrackChanged) {
                self.fetch_track();
            }
        }
    }
}
