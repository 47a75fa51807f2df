//! AVDTP 1.3, 6.5–6.11: connecting a stream by order, from the channel for signalling to media.
//!
//! The peer may do any of it first, or at the same time: then the rest is left to it, for a while.

use core::time::Duration;

use pool::Instant;
use wire::avdtp::{MediaType, Response, Seid};

use super::Session;
use super::initiator::Request;
use super::output::{Attempt, Cause, Output, Preference, State};
use super::services::{counterpart, in_common};
use super::stream::Agreement;

/// Endpoints of the peer that are asked for their capabilities, at most.
pub const MAX_PEER_ENDPOINTS: usize = 16;

/// How long a channel for signalling may take to come.
const SIGNALLING_PATIENCE: Duration = Duration::from_secs(10);

/// How long a peer that has taken over may take for its next step.
const OVERTAKEN_PATIENCE: Duration = Duration::from_secs(3);

/// How recently a peer must have asked about our endpoints to be given way to.
const ASKED_RECENTLY: Duration = Duration::from_secs(1);

/// The pause before the next attempt.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Attempts, the first one counted.
const MAX_ATTEMPTS: u8 = 3;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Step {
    /// Nothing was ordered, or it is done.
    #[default]
    Rest,
    /// Waits for the channel for signalling.
    Signalling,
    /// A discovery is on its way.
    Discovering,
    /// The endpoint with this number is being asked for its capabilities.
    Asking(usize),
    /// Our SET_CONFIGURATION is on its way.
    Configuring,
    /// The peer is at it.
    Overtaken,
    /// The stream is configured or open: its OPEN or transport channel is on its way.
    Opening,
    /// Our START is on its way.
    Starting,
    /// Waits to begin again.
    Pause,
}

/// The order to connect a stream, and how far it has come.
#[derive(Debug, Default)]
pub(super) struct Procedure {
    step: Step,
    preference: Preference,
    /// When to stop waiting; steps with a command in flight have its time-out instead.
    pub deadline: Option<Instant>,
    attempts: u8,
    gave_way: bool,
    peers: heapless::Vec<Seid, MAX_PEER_ENDPOINTS>,
    /// The best of our endpoints that goes with one of theirs, and how.
    best: Option<(usize, Agreement)>,
}

impl Session {
    /// Connects a stream: the channel for signalling if there is none, discovery, capabilities,
    /// configuration, OPEN, the transport channel, and START where preferred. Ends in
    /// [`Output::Opened`] (or [`Output::Started`]), or in [`Output::Failed`] with
    /// [`Attempt::Connect`]. Where a stream is on its way or there already, it is taken up.
    pub fn connect(&mut self, now: Instant, preference: Preference) {
        self.procedure = Procedure { preference, ..Procedure::default() };
        if self.lanes.is_empty() {
            self.await_until(Step::Signalling, now + SIGNALLING_PATIENCE);
            self.output(Output::OpenSignalling);
        } else {
            self.proceed(now);
        }
    }

    /// Whether an order to connect is under way.
    pub fn is_connecting(&self) -> bool {
        self.procedure.step != Step::Rest
    }

    fn step(&mut self, step: Step) {
        self.procedure.step = step;
        self.procedure.deadline = None;
    }

    fn await_until(&mut self, step: Step, deadline: Instant) {
        self.procedure.step = step;
        self.procedure.deadline = Some(deadline);
    }

    /// Begins with whatever is the next thing to do.
    fn proceed(&mut self, now: Instant) {
        let slot = self.streams.iter().position(|stream| stream.state != State::Idle);
        let Some(slot) = slot else {
            self.step(Step::Discovering);
            self.procedure.peers.clear();
            self.procedure.best = None;
            self.enqueue(Request::Discover);
            self.pump(now);
            return;
        };
        let stream = &self.streams[slot];
        match stream.state {
            State::Streaming => self.step(Step::Rest),
            State::Open if stream.transport.is_some() => self.start_or_rest(now, slot),
            State::Open => self.step(Step::Opening),
            State::Closing | State::Aborting => self.try_again(now, Cause::Closed),
            State::Configured | State::Idle => {
                self.await_until(Step::Overtaken, now + OVERTAKEN_PATIENCE);
            }
        }
    }

    /// The channel for signalling is there.
    pub(super) fn signalling_up(&mut self, now: Instant) {
        if self.procedure.step == Step::Signalling {
            self.proceed(now);
        }
        self.pump(now);
    }

    pub(super) fn discovered(&mut self, now: Instant, answer: Result<Response<'_>, Cause>) {
        if self.procedure.step != Step::Discovering {
            return;
        }
        match answer {
            Ok(Response::Endpoints(endpoints)) => {
                let peers = &mut self.procedure.peers;
                peers.clear();
                for peer in endpoints.iter() {
                    let goes = self
                        .streams
                        .iter()
                        .any(|s| peer.endpoint_type == counterpart(s.endpoint.endpoint_type));
                    if goes && !peer.in_use && peer.media_type == MediaType::AUDIO {
                        // Those past the limit are not looked at.
                        let _ = peers.push(peer.seid);
                    }
                }
                self.ask(now, 0);
            }
            Ok(_) => self.fail_procedure(Cause::Malformed),
            Err(cause) => self.fail_procedure(cause),
        }
    }

    /// Asks the peer's endpoint `index` for its capabilities; after the last one, configures.
    fn ask(&mut self, now: Instant, index: usize) {
        match self.procedure.peers.get(index) {
            Some(&peer) => {
                self.step(Step::Asking(index));
                let all = self.peer_version >= 0x0103;
                self.enqueue(Request::Capabilities { peer, all });
            }
            None => self.configure_best(now),
        }
    }

    pub(super) fn told_capabilities(
        &mut self,
        now: Instant,
        peer: Seid,
        all: bool,
        answer: Result<Response<'_>, Cause>,
    ) {
        let Step::Asking(index) = self.procedure.step else { return };
        match answer {
            Ok(Response::Capabilities(services)) => {
                let better = self.procedure.best.map_or(self.streams.len(), |(slot, _)| slot);
                let found = self.streams[..better].iter().enumerate().find_map(|(slot, stream)| {
                    let cap = self.bitpool_cap;
                    Some((slot, in_common(&stream.endpoint, peer, services, cap)?))
                });
                self.procedure.best = found.or(self.procedure.best);
                self.ask(now, index + 1);
            }
            // From a peer that claims 1.3 and does not know the signal: ask as before 1.3.
            Err(_) if all => self.enqueue(Request::Capabilities { peer, all: false }),
            Err(Cause::TimedOut) => self.fail_procedure(Cause::TimedOut),
            Ok(_) | Err(_) => self.ask(now, index + 1),
        }
    }

    fn configure_best(&mut self, now: Instant) {
        let Some((slot, agreement)) = self.procedure.best else {
            return self.try_again(now, Cause::NothingInCommon);
        };
        // A peer that placed the link and is looking at our endpoints is about to configure one.
        let asked = self.asked_at.is_some_and(|at| now.since(at) < ASKED_RECENTLY);
        if asked && !self.outgoing && !self.procedure.gave_way {
            self.procedure.gave_way = true;
            return self.await_until(Step::Overtaken, now + OVERTAKEN_PATIENCE);
        }
        self.step(Step::Configuring);
        self.enqueue(Request::SetConfiguration { slot, agreement });
    }

    /// The peer accepted our configuration.
    pub(super) fn procedure_configured(&mut self, slot: usize) {
        if self.procedure.step == Step::Configuring {
            self.step(Step::Opening);
            self.enqueue(Request::Open { slot });
        }
    }

    /// The peer did not accept our configuration.
    pub(super) fn procedure_not_configured(&mut self, now: Instant, cause: Cause, retry: bool) {
        if self.procedure.step != Step::Configuring {
            return;
        }
        if retry {
            self.try_again(now, cause);
        } else {
            self.fail_procedure(cause);
        }
    }

    /// The peer configured a stream: the rest is its to do.
    pub(super) fn procedure_overtaken(&mut self, now: Instant, _slot: usize) {
        match self.procedure.step {
            Step::Rest => {}
            _ => self.await_until(Step::Overtaken, now + OVERTAKEN_PATIENCE),
        }
    }

    /// A stream is open, transport channel and all.
    pub(super) fn procedure_opened(&mut self, now: Instant, slot: usize) {
        if self.procedure.step != Step::Rest {
            self.start_or_rest(now, slot);
        }
    }

    fn start_or_rest(&mut self, now: Instant, slot: usize) {
        if self.procedure.preference.start {
            self.step(Step::Starting);
            self.enqueue(Request::Start { slot });
            self.pump(now);
        } else {
            self.step(Step::Rest);
        }
    }

    /// A stream started.
    pub(super) fn procedure_started(&mut self, _now: Instant, _slot: usize) {
        self.step(Step::Rest);
    }

    /// The peer rejected our START: the stream is open all the same.
    pub(super) fn procedure_not_started(&mut self, _slot: usize) {
        if self.procedure.step == Step::Starting {
            self.step(Step::Rest);
        }
    }

    /// A stream ended.
    pub(super) fn procedure_closed(&mut self, now: Instant, _slot: usize) {
        match self.procedure.step {
            Step::Overtaken | Step::Opening | Step::Starting => self.try_again(now, Cause::Closed),
            Step::Rest
            | Step::Signalling
            | Step::Discovering
            | Step::Asking(_)
            | Step::Configuring
            | Step::Pause => {}
        }
    }

    /// Waited long enough.
    pub(super) fn procedure_overdue(&mut self, now: Instant) {
        self.procedure.deadline = None;
        match self.procedure.step {
            Step::Signalling => self.fail_procedure(Cause::TimedOut),
            Step::Pause => self.proceed(now),
            Step::Overtaken => {
                let configured =
                    self.streams.iter().position(|stream| stream.state == State::Configured);
                let idle = self.streams.iter().all(|stream| stream.state == State::Idle);
                if let Some(slot) = configured {
                    self.step(Step::Opening);
                    self.enqueue(Request::Open { slot });
                } else if idle && self.procedure.best.is_some() {
                    self.configure_best(now);
                } else {
                    self.proceed(now);
                }
            }
            _ => {}
        }
    }

    fn try_again(&mut self, now: Instant, cause: Cause) {
        self.procedure.attempts += 1;
        if self.procedure.attempts >= MAX_ATTEMPTS {
            self.fail_procedure(cause);
        } else {
            self.await_until(Step::Pause, now + RETRY_PAUSE);
        }
    }

    pub(super) fn fail_procedure(&mut self, cause: Cause) {
        if self.procedure.step != Step::Rest {
            self.step(Step::Rest);
            self.fail(Attempt::Connect, None, cause);
        }
    }
}
