//! AVDTP 1.3: one link's signalling, and the streams that it sets up.
//!
//! A [`Session`] is acceptor and initiator at once, and source or sink as its endpoints say; each
//! link has one, with endpoints of its own. It answers every signal of the specification on the
//! channel it came on, with its label; [`connect`](Session::connect) discovers, configures and
//! opens a stream by itself. Poll it dry after each call.
//!
//! | file | what it is |
//! |---|---|
//! | `stream` | an endpoint and its state (9.1) |
//! | `signalling` | fragments (8.4) |
//! | `services` | service capabilities (8.21) |
//! | `acceptor` | answers to the peer's commands |
//! | `initiator` | our commands, their answers and time-outs |
//! | `orders` | what may be asked of a stream, and when |
//! | `procedure` | stream establishment, by order (6.5–6.10) |
//!
//! **When both sides do the same at once** exactly one stream comes up. Both connecting a channel
//! for signalling: both channels serve. Both configuring, or both reconfiguring: the side that
//! placed the link wins, its peer's command is rejected. Both opening, starting, suspending or
//! closing: either command does it, the other's reject is passed over.
//!
//! Limits: [`MAX_ENDPOINTS`] here, [`MAX_PEER_ENDPOINTS`] looked at there, one stream a link at a
//! time, one command of ours in flight (and one ABORT), messages of 512 octets. Not here: reporting,
//! recovery, header compression and multiplexing (a configuration that asks for them is rejected),
//! the data of SECURITY_CONTROL, and GET_CONFIGURATION as a command of ours.

mod acceptor;
mod initiator;
mod orders;
mod output;
mod procedure;
mod services;
mod signalling;
mod stream;
#[cfg(test)]
mod tests;

use pool::Instant;
use wire::avdtp::{EndpointType, Label, Seid};

use crate::a2dp::{Configuration, HIGH_QUALITY_BITPOOL};
pub use initiator::{ABORT_TIMEOUT, RESPONSE_TIMEOUT};
use initiator::{Request, Transaction};
pub use output::{
    Attempt, Cause, Cid, Counters, Endpoint, Failure, MAX_PDU, NotNow, Output, Pdu, Preference,
    State, Use,
};
pub use procedure::MAX_PEER_ENDPOINTS;
use procedure::Procedure;
use signalling::{Lane, Payload};
use stream::Stream;

/// Stream endpoints of our own on a link, at most.
pub const MAX_ENDPOINTS: usize = 4;

/// Channels for signalling: one, and another where both sides connected one at once.
const MAX_LANES: usize = 2;

/// Outputs that wait to be polled, at most.
const MAX_OUTPUTS: usize = 32;

/// Outputs that one packet can cause, at most; without room for them it is dropped.
const OUTPUTS_PER_PACKET: usize = 16;

/// Commands of ours that wait for an earlier one's answer, at most.
const MAX_PENDING: usize = 8;

/// The signalling of one link.
#[derive(Debug)]
pub struct Session {
    streams: heapless::Vec<Stream, MAX_ENDPOINTS>,
    lanes: heapless::Vec<Lane, MAX_LANES>,
    outputs: heapless::Deque<Output, MAX_OUTPUTS>,
    pending: heapless::Deque<Request, MAX_PENDING>,
    /// Our command in flight.
    transaction: Option<Transaction>,
    /// Our ABORT in flight, which waits for nothing.
    aborting: Option<Transaction>,
    procedure: Procedure,
    label: Label,
    outgoing: bool,
    peer_version: u16,
    bitpool_cap: u8,
    delay: Option<u16>,
    /// When the peer last asked about our endpoints.
    asked_at: Option<Instant>,
    counters: Counters,
}

impl Session {
    /// A session for a fresh link: its endpoints (the first [`MAX_ENDPOINTS`]) in the order in which they
    /// are preferred, and whether we placed the link, which decides where both sides configure at once.
    pub fn new(endpoints: &[Endpoint], outgoing: bool) -> Self {
        Session {
            streams: endpoints.iter().take(MAX_ENDPOINTS).copied().map(Stream::new).collect(),
            lanes: heapless::Vec::new(),
            outputs: heapless::Deque::new(),
            pending: heapless::Deque::new(),
            transaction: None,
            aborting: None,
            procedure: Procedure::default(),
            label: Label::default(),
            outgoing,
            peer_version: 0x0100,
            bitpool_cap: HIGH_QUALITY_BITPOOL,
            delay: None,
            asked_at: None,
            counters: Counters::default(),
        }
    }

    /// The AVDTP version in the peer's service record. From 1.3 on it is asked for all of its
    /// capabilities; before that, and while the version is not known, for the basic ones.
    pub fn set_peer_version(&mut self, version: u16) {
        self.peer_version = version;
    }

    /// Offers and chooses no bitpool above `cap` from now on. Streams that are configured stay as
    /// they are. [`HIGH_QUALITY_BITPOOL`] unless set.
    pub fn set_bitpool_cap(&mut self, cap: u8) {
        self.bitpool_cap = cap;
    }

    /// How late we play as a sink, in tenths of a millisecond. It is reported once a stream is
    /// configured with delay reporting, and again when it changes.
    pub fn set_delay(&mut self, now: Instant, delay: u16) {
        if self.delay.replace(delay) == Some(delay) {
            return;
        }
        for slot in 0..self.streams.len() {
            self.report_delay(slot);
        }
        self.pump(now);
    }

    /// A channel on [`wire::avdtp::PSM`] is open: what it is for. `outgoing` where we connected
    /// it, `mtu` is the longest packet that the peer takes.
    pub fn opened(&mut self, now: Instant, cid: Cid, outgoing: bool, mtu: usize) -> Use {
        let awaiting = |s: &Stream| s.lacks_transport() && s.connects == outgoing;
        let slot = self.streams.iter().position(awaiting).or_else(|| {
            // The wrong side connected it, or it came before its OPEN.
            let early = |s: &Stream| s.state == State::Configured && s.transport.is_none();
            let likely = |s: &Stream| s.lacks_transport() || !outgoing && early(s);
            self.streams.iter().position(likely).filter(|_| !self.lanes.is_empty())
        });
        if let Some(slot) = slot {
            let stream = &mut self.streams[slot];
            stream.transport = Some(cid);
            let seid = stream.seid();
            if stream.state == State::Open {
                self.transport_up(now, slot);
            }
            return Use::Transport(seid);
        }
        let crossed = |lane: &Lane| lane.outgoing != outgoing;
        if !self.lanes.iter().all(crossed) || self.streams.iter().any(Stream::is_active) {
            return Use::Surplus;
        }
        if self.lanes.push(Lane::new(cid, outgoing, mtu)).is_err() {
            return Use::Surplus;
        }
        self.signalling_up(now);
        Use::Signalling
    }

    /// A channel that was asked for ([`Output::OpenSignalling`], [`Output::OpenTransport`]) did
    /// not come up.
    pub fn refused(&mut self, now: Instant) {
        if self.lanes.is_empty() {
            self.fail_procedure(Cause::Refused);
        } else if let Some(slot) =
            self.streams.iter().position(|s| s.lacks_transport() && s.connects)
        {
            self.fail(Attempt::Channel, Some(slot), Cause::Refused);
            self.abort_stream(now, slot);
        }
    }

    /// A channel is gone, whoever closed it. Others than this session's are passed over.
    pub fn closed(&mut self, now: Instant, cid: Cid) {
        if let Some(slot) = self.streams.iter().position(|s| s.transport == Some(cid)) {
            let stream = &mut self.streams[slot];
            stream.transport = None;
            // One that came before its OPEN may come again after it; a stream that is open is
            // over without, in whatever order the peer does things. An ABORT in flight ends by
            // its answer.
            let over = match stream.state {
                State::Idle | State::Configured => false,
                State::Aborting => self.aborting.is_none(),
                State::Open | State::Streaming | State::Closing => true,
            };
            if over {
                self.idle(now, slot);
            }
        } else if let Some(lane) = self.lanes.iter().position(|lane| lane.cid == cid) {
            self.lanes.remove(lane);
            if self.lanes.is_empty() {
                self.signalling_down(now);
            } else {
                self.send_again(now, cid);
            }
        }
    }

    /// A packet came on a channel for signalling.
    pub fn receive(&mut self, now: Instant, cid: Cid, pdu: &[u8]) {
        if self.outputs.capacity() - self.outputs.len() < OUTPUTS_PER_PACKET {
            self.counters.overrun = self.counters.overrun.saturating_add(1);
            return;
        }
        let Some(lane) = self.lanes.iter_mut().find(|lane| lane.cid == cid) else { return };
        let mut payload = Payload::new();
        let received = lane.receive(pdu, &mut payload);
        self.message(now, cid, received, &payload);
    }

    /// The next output.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`wake`](Session::wake) wants to be called.
    pub fn wake_at(&self) -> Option<Instant> {
        let transactions = [&self.transaction, &self.aborting].into_iter().flatten();
        let streams = self.streams.iter().filter_map(|stream| stream.deadline);
        transactions
            .map(|transaction| transaction.deadline)
            .chain(streams)
            .chain(self.procedure.deadline)
            .min()
    }

    /// Does what is due.
    pub fn wake(&mut self, now: Instant) {
        self.time_out(now);
        for slot in 0..self.streams.len() {
            if self.streams[slot].deadline.is_some_and(|deadline| deadline <= now) {
                self.stream_overdue(now, slot);
            }
        }
        if self.procedure.deadline.is_some_and(|deadline| deadline <= now) {
            self.procedure_overdue(now);
        }
        self.pump(now);
    }

    /// The state of an endpoint's stream; idle where there is no such endpoint.
    pub fn state(&self, seid: Seid) -> State {
        self.stream(seid).map_or(State::Idle, |stream| stream.state)
    }

    /// How a stream is coded.
    pub fn configuration(&self, seid: Seid) -> Option<Configuration> {
        Some(self.stream(seid)?.agreement.as_ref()?.configuration)
    }

    /// Whether media packets carry SCMS-T's header.
    pub fn scms_t(&self, seid: Seid) -> bool {
        let agreement = self.stream(seid).and_then(|stream| stream.agreement.as_ref());
        agreement.is_some_and(|agreement| agreement.scms_t)
    }

    /// The channel that carries a stream's media.
    pub fn transport(&self, seid: Seid) -> Option<Cid> {
        self.stream(seid)?.transport
    }

    /// The endpoints, each with its state.
    pub fn endpoints(&self) -> impl Iterator<Item = (Endpoint, State)> + '_ {
        self.streams.iter().map(|stream| (stream.endpoint, stream.state))
    }

    /// Whether there is a channel for signalling.
    pub fn is_up(&self) -> bool {
        !self.lanes.is_empty()
    }

    /// What the peer did wrong so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    fn stream(&self, seid: Seid) -> Option<&Stream> {
        self.streams.iter().find(|stream| stream.seid() == seid)
    }

    fn slot(&self, seid: Seid) -> Option<usize> {
        self.streams.iter().position(|stream| stream.seid() == seid)
    }

    fn output(&mut self, output: Output) {
        if self.outputs.push_back(output).is_err() {
            self.counters.overrun = self.counters.overrun.saturating_add(1);
        }
    }

    fn fail(&mut self, attempt: Attempt, slot: Option<usize>, cause: Cause) {
        let seid = slot.map(|slot| self.streams[slot].seid());
        self.output(Output::Failed(Failure { attempt, seid, cause }));
    }

    /// The transport channel of an open stream is there.
    fn transport_up(&mut self, now: Instant, slot: usize) {
        let stream = &mut self.streams[slot];
        stream.deadline = None;
        if !core::mem::replace(&mut stream.told_open, true) {
            let seid = stream.seid();
            self.output(Output::Opened { seid });
            self.procedure_opened(now, slot);
        }
    }

    /// A stream is over: back to idle.
    fn idle(&mut self, now: Instant, slot: usize) {
        let stream = &mut self.streams[slot];
        let seid = stream.seid();
        stream.reset();
        self.forget_requests(slot);
        self.output(Output::Closed { seid });
        self.procedure_closed(now, slot);
    }

    /// The last channel for signalling is gone: no stream outlives it.
    fn signalling_down(&mut self, now: Instant) {
        self.transaction = None;
        self.aborting = None;
        self.pending.clear();
        self.fail_procedure(Cause::Closed);
        for slot in 0..self.streams.len() {
            if let Some(cid) = self.streams[slot].transport {
                self.output(Output::CloseChannel { cid });
            }
            if self.streams[slot].state != State::Idle {
                self.idle(now, slot);
            }
        }
    }

    /// A stream's transport channel has not come or gone in time.
    fn stream_overdue(&mut self, now: Instant, slot: usize) {
        let stream = &mut self.streams[slot];
        stream.deadline = None;
        match stream.state {
            State::Open => {
                self.fail(Attempt::Channel, Some(slot), Cause::TimedOut);
                self.abort_stream(now, slot);
            }
            State::Closing | State::Aborting => {
                if let Some(cid) = stream.transport.take() {
                    self.output(Output::CloseChannel { cid });
                }
                self.idle(now, slot);
            }
            State::Idle | State::Configured | State::Streaming => {}
        }
    }

    /// Tells the peer how late we play, if it wants to know.
    fn report_delay(&mut self, slot: usize) {
        let stream = &self.streams[slot];
        let wanted = stream.agreement.is_some_and(|agreement| agreement.delay_reporting);
        let sink = stream.endpoint.endpoint_type == EndpointType::Sink;
        if wanted && sink && stream.is_active() && self.delay.is_some() {
            self.enqueue(Request::DelayReport { slot });
        }
    }
}
