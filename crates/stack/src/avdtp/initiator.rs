//! AVDTP 1.3, 8.6–8.19, as the initiator: our commands, one in flight at a time, what their answers
//! do, and what happens when none comes (the RTX timer of 6.4).

use core::time::Duration;

use pool::Instant;
use wire::avdtp::{
    Capabilities, Command, ErrorCode, MessageType, Reject, Response, Seid, Seids, SignalId,
};

use super::output::{Attempt, Cause, Cid, Output, State};
use super::services::{agreed, recoded};
use super::signalling::{Head, MAX_MESSAGE};
use super::stream::{Agreement, CHANNEL_PATIENCE};
use super::{Session, services};
use crate::a2dp::Configuration;

/// How long a peer may take to answer a command. Phones that ask their user take seconds.
pub const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a peer may take to answer an ABORT.
pub const ABORT_TIMEOUT: Duration = Duration::from_secs(2);

/// A command of ours, with what its answer needs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Request {
    Discover,
    Capabilities { peer: Seid, all: bool },
    SetConfiguration { slot: usize, agreement: Agreement },
    Reconfigure { slot: usize, configuration: Configuration },
    Open { slot: usize },
    Start { slot: usize },
    Suspend { slot: usize },
    Close { slot: usize },
    Abort { slot: usize, peer: Seid },
    DelayReport { slot: usize },
}

/// A command of ours in flight.
#[derive(Debug)]
pub(super) struct Transaction {
    head: Head,
    request: Request,
    cid: Cid,
    pub deadline: Instant,
    /// Its stream ended meanwhile: the answer does nothing.
    moot: bool,
}

impl Request {
    fn slot(&self) -> Option<usize> {
        match *self {
            Request::Discover | Request::Capabilities { .. } => None,
            Request::SetConfiguration { slot, .. }
            | Request::Reconfigure { slot, .. }
            | Request::Open { slot }
            | Request::Start { slot }
            | Request::Suspend { slot }
            | Request::Close { slot }
            | Request::Abort { slot, .. }
            | Request::DelayReport { slot } => Some(slot),
        }
    }

    fn signal(&self) -> SignalId {
        match self {
            Request::Discover => SignalId::Discover,
            Request::Capabilities { all: true, .. } => SignalId::GetAllCapabilities,
            Request::Capabilities { all: false, .. } => SignalId::GetCapabilities,
            Request::SetConfiguration { .. } => SignalId::SetConfiguration,
            Request::Reconfigure { .. } => SignalId::Reconfigure,
            Request::Open { .. } => SignalId::Open,
            Request::Start { .. } => SignalId::Start,
            Request::Suspend { .. } => SignalId::Suspend,
            Request::Close { .. } => SignalId::Close,
            Request::Abort { .. } => SignalId::Abort,
            Request::DelayReport { .. } => SignalId::DelayReport,
        }
    }
}

impl Session {
    /// Adds a command of the session's own. There is room: each is waited for before the next.
    pub(super) fn enqueue(&mut self, request: Request) {
        let same = |waiting: &Request| {
            waiting.signal() == request.signal() && waiting.slot() == request.slot()
        };
        if !self.pending.iter().any(same) && self.pending.push_back(request).is_err() {
            let slot = request.slot();
            self.fail(Attempt::Signal(request.signal()), slot, Cause::Closed);
        }
    }

    /// The command in flight, if its answer still counts.
    pub(super) fn in_flight(&self) -> Option<Request> {
        self.transaction.as_ref().filter(|t| !t.moot).map(|t| t.request)
    }

    /// Sends the next command if none is in flight.
    pub(super) fn pump(&mut self, now: Instant) {
        while self.transaction.is_none() && !self.lanes.is_empty() {
            let Some(request) = self.pending.pop_front() else { return };
            if self.makes_sense(&request) {
                self.transaction = self.transmit(now, request, RESPONSE_TIMEOUT);
            }
        }
    }

    /// Whether a command that waited still fits its stream's state.
    fn makes_sense(&self, request: &Request) -> bool {
        let state = request.slot().map(|slot| self.streams[slot].state);
        match request {
            Request::Discover | Request::Capabilities { .. } | Request::Abort { .. } => true,
            Request::SetConfiguration { .. } => {
                !self.streams.iter().any(|stream| stream.state != State::Idle)
            }
            Request::Open { .. } => state == Some(State::Configured),
            Request::Start { .. } | Request::Reconfigure { .. } => state == Some(State::Open),
            Request::Suspend { .. } => state == Some(State::Streaming),
            Request::Close { .. } => matches!(state, Some(State::Open | State::Streaming)),
            Request::DelayReport { slot } => self.streams[*slot].is_active(),
        }
    }

    fn transmit(
        &mut self,
        now: Instant,
        request: Request,
        patience: Duration,
    ) -> Option<Transaction> {
        let cid = self.lanes.first()?.cid;
        self.label = self.label.next();
        let others = [&self.transaction, &self.aborting];
        if others.into_iter().flatten().any(|t| t.head.label == self.label) {
            self.label = self.label.next();
        }
        let mut payload = [0u8; MAX_MESSAGE];
        let n = self.write(&request, &mut payload)?;
        let message_type = MessageType::Command;
        let head = Head { label: self.label, message_type, signal_id: request.signal() as u8 };
        self.send(cid, head, &payload[..n]);
        Some(Transaction { head, request, cid, deadline: now + patience, moot: false })
    }

    /// Writes what follows the header of a command; `None` if its stream is not agreed on.
    fn write(&self, request: &Request, out: &mut [u8]) -> Option<usize> {
        let services: services::Services;
        let peer = || Some(self.streams[request.slot()?].agreement.as_ref()?.peer);
        let command = match *request {
            Request::Discover => Command::Discover,
            Request::Capabilities { peer, all: false } => {
                Command::GetCapabilities { acp_seid: peer }
            }
            Request::Capabilities { peer, all: true } => {
                Command::GetAllCapabilities { acp_seid: peer }
            }
            Request::SetConfiguration { slot, agreement } => {
                services = agreed(&agreement);
                let int_seid = self.streams[slot].seid();
                let configuration = Capabilities::prefix(&services);
                Command::SetConfiguration { acp_seid: agreement.peer, int_seid, configuration }
            }
            Request::Reconfigure { configuration, .. } => {
                services = recoded(&configuration);
                let configuration = Capabilities::prefix(&services);
                Command::Reconfigure { acp_seid: peer()?, configuration }
            }
            Request::Open { .. } => Command::Open { acp_seid: peer()? },
            Request::Start { .. } => Command::Start { acp_seids: Seids::one(peer()?) },
            Request::Suspend { .. } => Command::Suspend { acp_seids: Seids::one(peer()?) },
            Request::Close { .. } => Command::Close { acp_seid: peer()? },
            Request::Abort { peer, .. } => Command::Abort { acp_seid: peer },
            Request::DelayReport { .. } => {
                Command::DelayReport { acp_seid: peer()?, delay: self.delay? }
            }
        };
        command.write(out).ok()
    }

    /// Sends a message on a channel, in as many packets as it takes.
    pub(super) fn send(&mut self, cid: Cid, head: Head, payload: &[u8]) {
        let Some(lane) = self.lanes.iter().find(|lane| lane.cid == cid) else { return };
        for pdu in lane.packets(head, payload) {
            self.output(Output::Signal { cid, pdu });
        }
    }

    /// The channel with this identifier is gone: what was in flight on it goes on the other.
    pub(super) fn send_again(&mut self, now: Instant, cid: Cid) {
        if let Some(lost) = self.aborting.take_if(|t| t.cid == cid) {
            self.aborting = self.transmit(now, lost.request, ABORT_TIMEOUT);
        }
        if let Some(lost) = self.transaction.take_if(|t| t.cid == cid)
            && !lost.moot
        {
            self.transaction = self.transmit(now, lost.request, RESPONSE_TIMEOUT);
        }
        self.pump(now);
    }

    /// Sends an ABORT past everything that waits. The stream is aborting from now on.
    pub(super) fn abort_stream(&mut self, now: Instant, slot: usize) {
        let Some(agreement) = self.streams[slot].agreement else { return };
        self.forget_requests(slot);
        let stream = &mut self.streams[slot];
        stream.state = State::Aborting;
        stream.deadline = Some(now + ABORT_TIMEOUT + CHANNEL_PATIENCE);
        self.abort_peer(now, slot, agreement.peer);
    }

    fn abort_peer(&mut self, now: Instant, slot: usize, peer: Seid) {
        let request = Request::Abort { slot, peer };
        if self.aborting.is_none() {
            self.aborting = self.transmit(now, request, ABORT_TIMEOUT);
        } else {
            self.enqueue(request);
        }
        self.pump(now);
    }

    /// A stream is over or about to be: what was asked for it no longer counts. Only the answer to
    /// a SET_CONFIGURATION does, as it says whether the peer takes a stream for configured.
    pub(super) fn forget_requests(&mut self, slot: usize) {
        for _ in 0..self.pending.len() {
            let Some(request) = self.pending.pop_front() else { break };
            if request.slot() != Some(slot) {
                // There is room: one was just taken out.
                let _ = self.pending.push_back(request);
            }
        }
        for transaction in [&mut self.transaction, &mut self.aborting].into_iter().flatten() {
            transaction.moot |= transaction.request.slot() == Some(slot)
                && !matches!(
                    transaction.request,
                    Request::Abort { .. } | Request::SetConfiguration { .. }
                );
        }
    }

    /// An answer came.
    pub(super) fn response(&mut self, now: Instant, head: Head, payload: &[u8]) {
        let answers = |t: &mut Transaction| {
            let general = head.message_type == MessageType::GeneralReject;
            t.head.label == head.label && (general || t.head.signal_id == head.signal_id)
        };
        let taken = self.transaction.take_if(answers).or_else(|| self.aborting.take_if(answers));
        let Some(transaction) = taken else {
            self.counters.unexpected = self.counters.unexpected.saturating_add(1);
            return;
        };
        let signal = transaction.request.signal();
        let answer = match head.message_type {
            MessageType::ResponseAccept => {
                Response::parse(signal, payload).map_err(|_| Cause::Malformed)
            }
            MessageType::GeneralReject => Err(Cause::Unknown),
            _ => match Reject::parse(signal, payload) {
                Ok(reject) => Err(Cause::Rejected(reject)),
                Err(_) => Err(Cause::Malformed),
            },
        };
        if !transaction.moot {
            self.settle(now, transaction.request, answer);
        }
        self.pump(now);
    }

    /// Settles what was not answered in time.
    pub(super) fn time_out(&mut self, now: Instant) {
        let late = |t: &mut Transaction| t.deadline <= now;
        let late = [self.transaction.take_if(late), self.aborting.take_if(late)];
        for transaction in late.into_iter().flatten().filter(|t| !t.moot) {
            self.settle(now, transaction.request, Err(Cause::TimedOut));
        }
    }

    /// Does what an answer, or none, means.
    fn settle(&mut self, now: Instant, request: Request, answer: Result<Response<'_>, Cause>) {
        if let Err(cause) = answer
            && self.is_failure(&request, cause)
        {
            self.fail(Attempt::Signal(request.signal()), request.slot(), cause);
        }
        let cause = answer.err();
        match request {
            Request::Discover => self.discovered(now, answer),
            Request::Capabilities { peer, all } => self.told_capabilities(now, peer, all, answer),
            Request::SetConfiguration { slot, agreement } => {
                self.configured(now, slot, agreement, cause);
            }
            Request::Open { slot } if self.streams[slot].state == State::Configured => {
                match cause {
                    None => self.open(now, slot),
                    Some(_) => self.abort_stream(now, slot),
                }
            }
            Request::Start { slot } => match cause {
                None => self.change(now, slot, State::Streaming),
                Some(_) => self.procedure_not_started(slot),
            },
            Request::Suspend { slot } if cause.is_none() => self.change(now, slot, State::Open),
            Request::Close { slot } => match cause {
                None => self.release(now, slot, State::Closing),
                Some(Cause::TimedOut) => self.abort_stream(now, slot),
                Some(_) => {}
            },
            Request::Abort { slot, peer } => {
                let agreement = self.streams[slot].agreement;
                if agreement.is_some_and(|agreement| agreement.peer == peer) {
                    self.release(now, slot, State::Aborting);
                }
            }
            Request::Reconfigure { slot, configuration } if cause.is_none() => {
                if let Some(agreement) = self.streams[slot].agreement {
                    self.recode(slot, Agreement { configuration, ..agreement });
                }
            }
            _ => {}
        }
    }

    /// Whether a reject is news. It is none where the peer's own command has done the same
    /// meanwhile, or where there is another way.
    fn is_failure(&self, request: &Request, cause: Cause) -> bool {
        let state = request.slot().map(|slot| self.streams[slot].state);
        match request {
            Request::Capabilities { all: true, .. } => cause == Cause::TimedOut,
            Request::SetConfiguration { .. } => state == Some(State::Idle),
            Request::Open { .. } => state == Some(State::Configured),
            Request::Start { .. } => state != Some(State::Streaming),
            Request::Suspend { .. } => state == Some(State::Streaming),
            Request::Close { .. } => matches!(state, Some(State::Open | State::Streaming)),
            Request::Abort { .. } => cause == Cause::TimedOut,
            _ => true,
        }
    }

    fn configured(
        &mut self,
        now: Instant,
        slot: usize,
        agreement: Agreement,
        cause: Option<Cause>,
    ) {
        let overtaken = self.streams.iter().any(|stream| stream.state != State::Idle);
        match cause {
            None if overtaken => {
                // The peer configured one too, and accepted ours: unless they are the same,
                // neither side can tell which one holds.
                let same = self.streams[slot].agreement.is_some_and(|current| {
                    current.peer == agreement.peer && agreed(&current) == agreed(&agreement)
                });
                if !same {
                    self.abort_both(now, slot, agreement.peer);
                }
            }
            None => {
                let stream = &mut self.streams[slot];
                stream.configure(agreement);
                let (seid, configuration) = (stream.seid(), agreement.configuration);
                self.output(Output::Configured { seid, configuration, initiator: true });
                self.report_delay(slot);
                self.procedure_configured(slot);
            }
            // The peer has its own way: nothing of ours is left there.
            Some(_) if overtaken => {}
            Some(cause) => {
                if cause == Cause::TimedOut {
                    self.abort_peer(now, slot, agreement.peer);
                }
                let retry = matches!(cause, Cause::Rejected(reject)
                    if matches!(reject.code(), ErrorCode::SEP_IN_USE | ErrorCode::BAD_STATE));
                self.procedure_not_configured(now, cause, retry);
            }
        }
    }

    /// Ends the stream that the peer configured, and the other one that it accepted from us.
    fn abort_both(&mut self, now: Instant, slot: usize, peer: Seid) {
        let theirs = self.streams.iter().position(|stream| stream.is_active());
        if let Some(theirs) = theirs {
            let same = self.streams[theirs].agreement.is_some_and(|a| a.peer == peer);
            self.abort_stream(now, theirs);
            if same {
                return;
            }
        }
        self.abort_peer(now, slot, peer);
    }

    /// Our OPEN was accepted: the transport channel is ours to connect (8.12).
    fn open(&mut self, now: Instant, slot: usize) {
        let stream = &mut self.streams[slot];
        stream.open(now, true);
        if stream.transport.is_some() {
            self.transport_up(now, slot);
        } else {
            let seid = stream.seid();
            self.output(Output::OpenTransport { seid });
        }
    }

    /// START or SUSPEND was accepted, by either side.
    pub(super) fn change(&mut self, now: Instant, slot: usize, state: State) {
        let stream = &mut self.streams[slot];
        let seid = stream.seid();
        match (stream.state, state) {
            (State::Open, State::Streaming) => {
                stream.state = State::Streaming;
                self.output(Output::Started { seid });
                self.procedure_started(now, slot);
            }
            (State::Streaming, State::Open) => {
                stream.state = State::Open;
                self.output(Output::Suspended { seid });
            }
            _ => {}
        }
    }

    /// Our CLOSE or ABORT was accepted: the transport channel is ours to release.
    fn release(&mut self, now: Instant, slot: usize, state: State) {
        let stream = &mut self.streams[slot];
        if stream.state == State::Idle {
            return;
        }
        let transport = stream.transport;
        if stream.leave(now, state) {
            self.idle(now, slot);
        } else if let Some(cid) = transport {
            self.output(Output::CloseChannel { cid });
        }
    }

    /// A reconfiguration was accepted, by either side.
    pub(super) fn recode(&mut self, slot: usize, agreement: Agreement) {
        let stream = &mut self.streams[slot];
        if stream.is_active() {
            stream.agreement = Some(agreement);
            let (seid, configuration) = (stream.seid(), agreement.configuration);
            self.output(Output::Reconfigured { seid, configuration });
        }
    }
}
