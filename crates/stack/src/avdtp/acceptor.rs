//! AVDTP 1.3, 8.6–8.19, as the acceptor: the answer to each command of the peer.

use pool::Instant;
use wire::avdtp::{
    Command, CommandError, EndpointInformation, ErrorCode, Label, MediaType, MessageType, Reject,
    Seid, SignalId,
};

use super::initiator::Request;
use super::output::{Cid, Output, State};
use super::services::{agreed, offered, reconfigured, requested};
use super::signalling::{Head, Received};
use super::stream::Stream;
use super::{MAX_ENDPOINTS, Session};
use wire::avdtp::{Capabilities, EndpointType};

/// Who asked: the channel and the label that the answer goes to.
#[derive(Clone, Copy)]
struct Asker {
    cid: Cid,
    label: Label,
    signal: SignalId,
}

impl Session {
    /// What has come of a packet on a channel for signalling.
    pub(super) fn message(&mut self, now: Instant, cid: Cid, received: Received, payload: &[u8]) {
        match received {
            Received::Partial => {}
            Received::Malformed => {
                self.counters.malformed = self.counters.malformed.saturating_add(1);
            }
            Received::TooLong(head) => {
                self.counters.malformed = self.counters.malformed.saturating_add(1);
                if head.message_type == MessageType::Command
                    && let Some(signal) = SignalId::new(head.signal_id)
                {
                    let asker = Asker { cid, label: head.label, signal };
                    self.reject(asker, Reject::with(signal, ErrorCode::BAD_LENGTH));
                }
            }
            Received::Message(head) if head.message_type == MessageType::Command => {
                self.command(now, cid, head, payload);
            }
            Received::Message(head) => self.response(now, head, payload),
        }
    }

    fn command(&mut self, now: Instant, cid: Cid, head: Head, payload: &[u8]) {
        let label = head.label;
        match Command::parse(head.signal_id, payload) {
            Err(CommandError::UnknownSignal) => {
                self.counters.rejected = self.counters.rejected.saturating_add(1);
                let message_type = MessageType::GeneralReject;
                self.send(cid, Head { message_type, ..head }, &[]);
            }
            // An ABORT is accepted or passed over, never rejected (8.16.2).
            Err(CommandError::Reject(SignalId::Abort, _)) => {}
            Err(CommandError::Reject(signal, reject)) => {
                self.reject(Asker { cid, label, signal }, reject);
            }
            Ok(command) => {
                let asker = Asker { cid, label, signal: command.signal() };
                if let Err(reject) = self.answer(now, asker, &command) {
                    self.reject(asker, reject);
                }
                self.pump(now);
            }
        }
    }

    /// Answers a command; the error is the reject still to be sent.
    fn answer(&mut self, now: Instant, to: Asker, command: &Command<'_>) -> Result<(), Reject> {
        match *command {
            Command::Discover => {
                self.asked_at = Some(now);
                self.tell_endpoints(to);
                Ok(())
            }
            Command::GetCapabilities { acp_seid } | Command::GetAllCapabilities { acp_seid } => {
                self.asked_at = Some(now);
                let slot = self.find(to, acp_seid)?;
                let all = matches!(command, Command::GetAllCapabilities { .. });
                let services = offered(&self.streams[slot].endpoint, self.bitpool_cap, all);
                self.accept(to, &services);
                Ok(())
            }
            Command::SetConfiguration { acp_seid, int_seid, configuration } => {
                self.accept_configuration(now, to, acp_seid, int_seid, configuration)
            }
            Command::GetConfiguration { acp_seid } => {
                let slot = self.find_in(to, acp_seid, Stream::is_active)?;
                let agreement = self.streams[slot].agreement;
                let services = agreement.map(|agreement| agreed(&agreement)).unwrap_or_default();
                self.accept(to, &services);
                Ok(())
            }
            Command::Reconfigure { acp_seid, configuration } => {
                self.accept_reconfiguration(now, to, acp_seid, configuration)
            }
            Command::Open { acp_seid } => {
                let slot = self.find_in(to, acp_seid, |s| s.state == State::Configured)?;
                self.accept(to, &[]);
                self.streams[slot].open(now, false);
                if self.streams[slot].transport.is_some() {
                    self.transport_up(now, slot);
                }
                Ok(())
            }
            Command::Start { acp_seids } => {
                self.each(to, acp_seids.iter(), |s| {
                    s.state == State::Open && s.transport.is_some()
                })?;
                self.accept(to, &[]);
                self.change_each(now, acp_seids.iter(), State::Streaming);
                Ok(())
            }
            Command::Suspend { acp_seids } => {
                self.each(to, acp_seids.iter(), |s| s.state == State::Streaming)?;
                self.accept(to, &[]);
                self.change_each(now, acp_seids.iter(), State::Open);
                Ok(())
            }
            Command::Close { acp_seid } => {
                let open = |s: &Stream| matches!(s.state, State::Open | State::Streaming);
                let slot = self.find_in(to, acp_seid, open)?;
                self.accept(to, &[]);
                self.leave(now, slot, State::Closing);
                Ok(())
            }
            Command::Abort { acp_seid } => {
                // Passed over where there is no such endpoint (8.16.2).
                if let Some(slot) = self.slot(acp_seid) {
                    self.accept(to, &[]);
                    if self.streams[slot].state != State::Idle {
                        self.leave(now, slot, State::Aborting);
                    }
                }
                Ok(())
            }
            Command::SecurityControl { acp_seid, .. } => {
                // SCMS-T, the only protection that we offer, has no such data.
                self.find_in(to, acp_seid, Stream::is_active)?;
                Err(Reject::Code(ErrorCode::NOT_SUPPORTED_COMMAND))
            }
            Command::DelayReport { acp_seid, delay } => self.take_delay(to, acp_seid, delay),
        }
    }

    fn tell_endpoints(&mut self, to: Asker) {
        let endpoints: heapless::Vec<EndpointInformation, MAX_ENDPOINTS> = self
            .streams
            .iter()
            .map(|stream| EndpointInformation {
                seid: stream.seid(),
                in_use: stream.state != State::Idle,
                media_type: MediaType::AUDIO,
                endpoint_type: stream.endpoint.endpoint_type,
            })
            .collect();
        let mut octets = [0u8; 2 * MAX_ENDPOINTS];
        match EndpointInformation::write_all(&endpoints, &mut octets) {
            Ok(n) if n > 0 => self.accept(to, &octets[..n]),
            // No endpoint: an empty list cannot be told (8.6.2).
            _ => self.reject(to, Reject::Code(ErrorCode::NOT_SUPPORTED_COMMAND)),
        }
    }

    fn accept_configuration(
        &mut self,
        now: Instant,
        to: Asker,
        acp_seid: Seid,
        int_seid: Seid,
        services: Capabilities<'_>,
    ) -> Result<(), Reject> {
        let slot = self.find(to, acp_seid)?;
        let in_use = Reject::with(to.signal, ErrorCode::SEP_IN_USE);
        let taken = self.streams[slot].state != State::Idle;
        // One stream a link; and where both sides configure at once, the one that placed the
        // link has its way.
        if taken || self.streams.iter().any(Stream::is_active) {
            return Err(in_use);
        }
        let crossed = matches!(self.in_flight(), Some(Request::SetConfiguration { .. }));
        if crossed && self.outgoing {
            return Err(in_use);
        }
        let agreement = requested(&self.streams[slot].endpoint, int_seid, services)?;
        self.accept(to, &[]);
        let stream = &mut self.streams[slot];
        stream.configure(agreement);
        let (seid, configuration) = (stream.seid(), agreement.configuration);
        self.output(Output::Configured { seid, configuration, initiator: false });
        self.report_delay(slot);
        self.procedure_overtaken(now, slot);
        Ok(())
    }

    fn accept_reconfiguration(
        &mut self,
        _now: Instant,
        to: Asker,
        acp_seid: Seid,
        services: Capabilities<'_>,
    ) -> Result<(), Reject> {
        let slot = self.find_in(to, acp_seid, |s| s.state == State::Open)?;
        let crossed = matches!(self.in_flight(), Some(Request::Reconfigure { .. }));
        if crossed && self.outgoing {
            return Err(Reject::with(to.signal, ErrorCode::BAD_STATE));
        }
        let stream = &self.streams[slot];
        let Some(current) = stream.agreement else {
            return Err(Reject::with(to.signal, ErrorCode::BAD_STATE));
        };
        let agreement = reconfigured(&stream.endpoint, &current, services)?;
        self.accept(to, &[]);
        self.recode(slot, agreement);
        Ok(())
    }

    fn take_delay(&mut self, to: Asker, acp_seid: Seid, delay: u16) -> Result<(), Reject> {
        let slot = self.find_in(to, acp_seid, Stream::is_active)?;
        let stream = &self.streams[slot];
        let agreed = stream.agreement.is_some_and(|agreement| agreement.delay_reporting);
        if stream.endpoint.endpoint_type == EndpointType::Sink || !agreed {
            return Err(Reject::Code(ErrorCode::NOT_SUPPORTED_COMMAND));
        }
        let seid = stream.seid();
        self.accept(to, &[]);
        self.output(Output::DelayReported { seid, delay });
        Ok(())
    }

    /// The endpoint that a command names.
    fn find(&self, to: Asker, seid: Seid) -> Result<usize, Reject> {
        self.slot(seid).ok_or(match to.signal {
            SignalId::Start | SignalId::Suspend => {
                Reject::Endpoint { seid: seid.number(), code: ErrorCode::BAD_ACP_SEID }
            }
            signal => Reject::with(signal, ErrorCode::BAD_ACP_SEID),
        })
    }

    /// The endpoint that a command names, if its stream is as it must be.
    fn find_in(
        &self,
        to: Asker,
        seid: Seid,
        state: impl Fn(&Stream) -> bool,
    ) -> Result<usize, Reject> {
        let slot = self.find(to, seid)?;
        if state(&self.streams[slot]) {
            return Ok(slot);
        }
        Err(match to.signal {
            SignalId::Start | SignalId::Suspend => {
                Reject::Endpoint { seid: seid.number(), code: ErrorCode::BAD_STATE }
            }
            signal => Reject::with(signal, ErrorCode::BAD_STATE),
        })
    }

    /// Checks every endpoint of a list: START and SUSPEND do all or nothing (8.13.2).
    fn each(
        &self,
        to: Asker,
        seids: impl Iterator<Item = Seid>,
        state: impl Fn(&Stream) -> bool,
    ) -> Result<(), Reject> {
        for seid in seids {
            self.find_in(to, seid, &state)?;
        }
        Ok(())
    }

    fn change_each(&mut self, now: Instant, seids: impl Iterator<Item = Seid>, state: State) {
        // A list longer than the endpoints names one twice.
        for seid in seids {
            if let Some(slot) = self.slot(seid) {
                self.change(now, slot, state);
            }
        }
    }

    /// Waits for the initiator to release the transport channel.
    fn leave(&mut self, now: Instant, slot: usize, state: State) {
        if self.streams[slot].leave(now, state) {
            self.idle(now, slot);
        }
    }

    fn accept(&mut self, to: Asker, payload: &[u8]) {
        let message_type = MessageType::ResponseAccept;
        let head = Head { label: to.label, message_type, signal_id: to.signal as u8 };
        self.send(to.cid, head, payload);
    }

    fn reject(&mut self, to: Asker, reject: Reject) {
        self.counters.rejected = self.counters.rejected.saturating_add(1);
        let message_type = MessageType::ResponseReject;
        let head = Head { label: to.label, message_type, signal_id: to.signal as u8 };
        let mut payload = [0u8; 2];
        if let Ok(n) = reject.write(&mut payload) {
            self.send(to.cid, head, &payload[..n]);
        }
    }
}
