//! The hands-free role of HFP 1.9: one phone's calls, as it tells them, and what is asked of it.
//!
//! A [`HandsFree`] sets up the service level connection once its line is [`opened`](HandsFree::opened),
//! whoever opened it, with each optional step that both sides have; then it turns on what is wanted,
//! one command at a time. Results go to the command that they answer. Between commands the answer to
//! a codec comes first, then orders, then chores, of which the latest value counts.
//!
//! | file | what it is |
//! |---|---|
//! | `setup` | the way up (4.2.1) |
//! | `dialogue` | commands, their results and time-outs |
//! | `chores` | what is sent without being ordered |
//! | `results` | what the phone tells (4.34) |
//! | `orders` | what can be asked of it |
//! | `calls` | the list of calls, settled by AT+CLCC |
//! | `inferred` | the list of calls of a phone that has no AT+CLCC |
//!
//! **Phones** tell indicators in odd orders. They are told on as they come; the list of calls is what
//! AT+CLCC says, asked after each change, again while it contradicts the indicators, and every few
//! seconds in a conference, which may lose a member without a word.
//! A phone that answers twice to a bad command is waited for: see [`SETTLE`].
//!
//! Limits: lines of [`MAX_LINE`] octets, [`MAX_ORDERS`], [`MAX_CALLS`](super::MAX_CALLS),
//! [`MAX_INDICATORS`]. Not here: voice tags, AT+BIA, data and fax calls.

mod calls;
mod chores;
mod dialogue;
mod inferred;
mod orders;
mod output;
mod results;
mod setup;

use core::time::Duration;

use pool::Instant;
use wire::hfp::{AgFeatures, Codec, Codecs, HfIndicators, Holds, Lines, ResultCode};

use super::call::Call;
use calls::Calls;
use chores::Chores;
use dialogue::{Flight, Waiting, What};
pub use output::{
    Accessory, AtError, Caller, Counters, Failure, Indicator, MAX_COMMAND, Order, Output, Refused,
    Settings, Text, Ticket, VoiceMessage,
};
pub use setup::Step;

/// Octets of a line at most; longer ones are dropped.
pub const MAX_LINE: usize = 1024;

/// Orders that wait for an earlier one's answer, at most.
pub const MAX_ORDERS: usize = 8;

/// Indicators of a phone that are looked at.
pub const MAX_INDICATORS: usize = 24;

/// How long an answer is waited for, before the order has failed.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an order's is waited for in all, before the phone is given up.
pub const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// Chores in a row that a phone may leave unanswered, each for [`ANSWER_TIMEOUT`], before it is given up.
pub const MAX_UNANSWERED: u8 = 4;

/// How long nothing is sent after an error: some phones say OK after it, which must not be taken for
/// the next command's.
pub const SETTLE: Duration = Duration::from_millis(100);

/// Outputs that wait to be polled, at most.
const MAX_OUTPUTS: usize = 64;

/// Outputs that one line can cause, at most; without room for them it is dropped.
const OUTPUTS_PER_LINE: usize = 2 * super::MAX_CALLS + 12;

/// How far the service level connection is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// There is no line, or it is to be closed.
    Down,
    /// After this step.
    Setup(Option<Step>),
    /// All is set up.
    Up,
}

/// What is known of the phone.
#[derive(Clone, Debug)]
struct Phone {
    features: AgFeatures,
    holds: Holds,
    /// The indicator at each place of +CIND and +CIEV.
    places: heapless::Vec<Option<Indicator>, MAX_INDICATORS>,
    values: [u8; Indicator::ALL.len()],
    /// Our indicators that it listens to.
    enabled: HfIndicators,
    /// It listens to Apple's accessory commands.
    accessory: bool,
    codec: Codec,
    in_band: bool,
}

impl Default for Phone {
    fn default() -> Self {
        Phone {
            features: AgFeatures::empty(),
            holds: Holds::empty(),
            places: heapless::Vec::new(),
            values: [0; _],
            enabled: HfIndicators::empty(),
            accessory: false,
            codec: Codec::Cvsd,
            in_band: false,
        }
    }
}

impl Phone {
    fn value(&self, indicator: Indicator) -> u8 {
        self.values[indicator as usize]
    }
}

/// The hands-free side of one link.
#[derive(Debug)]
pub struct HandsFree {
    settings: Settings,
    phase: Phase,
    lines: Lines<MAX_LINE>,
    flight: Option<Flight>,
    waiting: heapless::Deque<Waiting, MAX_ORDERS>,
    chores: Chores,
    /// The codec that the phone has chosen and that is to be answered.
    chosen: Option<Codec>,
    /// Until when nothing is sent.
    settling: Option<Instant>,
    phone: Phone,
    calls: Calls,
    battery: Option<u8>,
    safety: Option<bool>,
    tickets: u32,
    /// Chores in a row that were not answered.
    unanswered: u8,
    outputs: heapless::Deque<Output, MAX_OUTPUTS>,
    counters: Counters,
}

impl HandsFree {
    /// The hands-free side of a fresh link.
    pub fn new(settings: Settings) -> Self {
        HandsFree {
            settings,
            phase: Phase::Down,
            lines: Lines::default(),
            flight: None,
            waiting: heapless::Deque::new(),
            chores: Chores::empty(),
            chosen: None,
            settling: None,
            phone: Phone::default(),
            calls: Calls::default(),
            battery: None,
            safety: None,
            tickets: 0,
            unanswered: 0,
            outputs: heapless::Deque::new(),
            counters: Counters::default(),
        }
    }

    /// The line to the phone's audio gateway is open, whoever opened it. One before it is gone.
    pub fn opened(&mut self, now: Instant) {
        self.closed();
        self.lines.clear();
        self.phone = Phone::default();
        self.unanswered = 0;
        self.phase = Phase::Setup(None);
        self.pump(now);
    }

    /// The line is gone, whoever closed it.
    pub fn closed(&mut self) {
        if self.phase != Phase::Down {
            self.end(Failure::Closed);
        }
    }

    /// Takes what arrived on the line, in whatever pieces.
    pub fn receive(&mut self, now: Instant, mut bytes: &[u8]) {
        // Out of the way of what a line changes, and back.
        let mut lines = core::mem::take(&mut self.lines);
        while let Some(line) = lines.next(&mut bytes) {
            self.line(now, line);
        }
        self.lines = lines;
    }

    fn line(&mut self, now: Instant, line: &[u8]) {
        if self.phase == Phase::Down {
            return;
        }
        if self.outputs.capacity() - self.outputs.len() < OUTPUTS_PER_LINE {
            return count(&mut self.counters.overrun);
        }
        match ResultCode::parse(line) {
            Ok(code) => self.result(now, code),
            Err(_) => count(&mut self.counters.malformed),
        }
    }

    /// The next output.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`wake`](HandsFree::wake) wants to be called.
    pub fn wake_at(&self) -> Option<Instant> {
        let flight = self.flight.as_ref().map(|flight| flight.deadline);
        [flight, self.settling, self.calls.wake_at()].into_iter().flatten().min()
    }

    /// Does what is due.
    pub fn wake(&mut self, now: Instant) {
        self.settling.take_if(|until| *until <= now);
        if self.flight.as_ref().is_some_and(|flight| flight.deadline <= now) {
            self.overdue(now);
        }
        self.recheck_calls(now);
        self.pump(now);
    }

    /// Tells the phone our battery's level in percent, now and whenever it listens anew.
    pub fn set_battery(&mut self, now: Instant, percent: u8) {
        self.battery = Some(percent.min(100));
        self.chore(now, Chores::BATTERY);
    }

    /// Tells the phone whether enhanced safety is on, likewise.
    pub fn set_safety(&mut self, now: Instant, on: bool) {
        self.safety = Some(on);
        self.chore(now, Chores::SAFETY);
    }

    /// Tells the phone the loudspeaker's volume, 0 to 15, now and when it connects again.
    pub fn set_speaker(&mut self, now: Instant, gain: u8) {
        self.settings.speaker = gain.min(15);
        self.chore(now, Chores::SPEAKER);
    }

    /// Tells the phone the microphone's, likewise.
    pub fn set_microphone(&mut self, now: Instant, gain: u8) {
        self.settings.microphone = gain.min(15);
        self.chore(now, Chores::MICROPHONE);
    }

    /// Offers other codecs from now on; CVSD is always among them.
    pub fn set_codecs(&mut self, now: Instant, codecs: Codecs) {
        self.settings.codecs = codecs | Codecs::CVSD;
        if !self.settings.codecs.contains(Codecs::of(self.phone.codec)) {
            self.phone.codec = Codec::Cvsd;
        }
        if self.negotiates() {
            self.chore(now, Chores::CODECS);
        }
    }

    /// Whether the service level connection is there.
    pub fn is_up(&self) -> bool {
        self.phase == Phase::Up
    }

    /// What the phone can do.
    pub fn features(&self) -> AgFeatures {
        self.phone.features
    }

    /// What can be asked of calls.
    pub fn holds(&self) -> Holds {
        self.phone.holds
    }

    /// An indicator's value; 0 for one that the phone does not have.
    pub fn indicator(&self, indicator: Indicator) -> u8 {
        self.phone.value(indicator)
    }

    /// The calls, as last told.
    pub fn calls(&self) -> &[Call] {
        self.calls.list()
    }

    /// The codec of the next voice link.
    pub fn codec(&self) -> Codec {
        self.phone.codec
    }

    /// Whether the phone rings over the voice link.
    pub fn in_band(&self) -> bool {
        self.phone.in_band
    }

    /// The indicators that the phone has, with their values.
    pub fn indicators(&self) -> impl Iterator<Item = (Indicator, u8)> + '_ {
        self.phone.places.iter().flatten().map(|&known| (known, self.phone.value(known)))
    }

    /// Whether codecs are negotiated: then the voice link is asked for with
    /// [`Order::VoiceLink`], and else opened by ourselves.
    pub fn negotiates(&self) -> bool {
        self.is_up()
            && self.settings.features.contains(wire::hfp::HfFeatures::CODEC_NEGOTIATION)
            && self.phone.features.contains(AgFeatures::CODEC_NEGOTIATION)
    }

    /// What the phone did wrong so far.
    pub fn counters(&self) -> Counters {
        Counters { overlong: self.lines.dropped(), ..self.counters }
    }

    /// Gives the phone up.
    fn fail(&mut self, failure: Failure) {
        self.output(Output::Close);
        self.end(failure);
    }

    fn end(&mut self, failure: Failure) {
        let ticket = self.flight.take().and_then(|flight| flight.ticket);
        let mut ended: heapless::Vec<Ticket, { MAX_ORDERS + 1 }> = ticket.into_iter().collect();
        while let Some(waiting) = self.waiting.pop_front() {
            ended.extend([waiting.ticket]);
        }
        for ticket in ended {
            self.output(Output::Done { ticket, result: Err(AtError::Closed) });
        }
        self.end_calls();
        self.phase = Phase::Down;
        self.chores = Chores::empty();
        (self.chosen, self.settling) = (None, None);
        self.output(Output::Down(failure));
    }

    fn output(&mut self, output: Output) {
        // Orders make few each, and lines are only read while there is room.
        if self.outputs.push_back(output).is_err() {
            count(&mut self.counters.overrun);
        }
    }
}

fn count(counter: &mut u32) {
    *counter = counter.saturating_add(1);
}
