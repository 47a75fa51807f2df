//! The audio gateway role of HFP 1.9, for phones that are simulated: one link's calls.
//!
//! A [`Gateway`] answers the unit's commands, whichever of them come, and keeps a phone's calls by the
//! rules of call waiting and three-way calling (4.22 to 4.24). What happens on the phone or in the
//! network is told to it: a call rings, the other side answers, hangs up.
//!
//! | file | what it is |
//! |---|---|
//! | `commands` | the unit's commands |
//! | `calls` | the calls, and the indicators that follow from them |
//!
//! Limits: [`MAX_CALLS`], lines of [`MAX_LINE`] octets. Not here: voice tags, response
//! and hold beyond saying that there is none, and a network that refuses.

mod calls;
mod commands;
mod output;

use core::time::Duration;

use pool::Instant;
use wire::hfp::{
    AgFeatures, Caller, CmeError, Codec, Codecs, Command, HfFeatures, HfIndicators, Lines,
    ResultCode, VoiceRecognition,
};

use super::call::{Call, MAX_CALLS, Number};
use super::hands_free::Indicator;
pub use output::{MAX_TEXT, Orders, Output, Settings, Text};

/// Octets of a line at most; longer ones are dropped.
pub const MAX_LINE: usize = 256;

/// How often it rings.
pub const RING_INTERVAL: Duration = Duration::from_secs(3);

/// Outputs that wait to be polled, at most.
const MAX_OUTPUTS: usize = 64;

/// Outputs that one line can cause, at most; without room for them it is dropped.
const OUTPUTS_PER_LINE: usize = 2 * MAX_CALLS + 12;

/// What the unit has turned on, and what is known of it.
#[derive(Clone, Copy, Debug)]
struct Unit {
    features: HfFeatures,
    codecs: Codecs,
    indicators: HfIndicators,
    /// Indicators are told when they change; which of them, a bit each.
    reports: bool,
    reported: u8,
    callers: bool,
    call_waiting: bool,
    errors: bool,
    up: bool,
}

impl Default for Unit {
    fn default() -> Self {
        Unit {
            features: HfFeatures::empty(),
            codecs: Codecs::CVSD,
            indicators: HfIndicators::empty(),
            reports: false,
            reported: u8::MAX,
            callers: false,
            call_waiting: false,
            errors: false,
            up: false,
        }
    }
}

/// The audio gateway's side of one link.
#[derive(Debug)]
pub struct Gateway {
    settings: Settings,
    lines: Lines<MAX_LINE>,
    unit: Unit,
    calls: heapless::Vec<Call, MAX_CALLS>,
    values: [u8; Indicator::ALL.len()],
    last_dialled: Number,
    ring_at: Option<Instant>,
    outputs: heapless::Deque<Output, MAX_OUTPUTS>,
    overrun: u32,
}

impl Gateway {
    /// A phone with a network, full signal and a full battery.
    pub fn new(settings: Settings) -> Self {
        let mut values = [0; _];
        for (indicator, value) in
            [(Indicator::Service, 1), (Indicator::Signal, 5), (Indicator::BatteryCharge, 5)]
        {
            values[indicator as usize] = value;
        }
        Gateway {
            settings,
            lines: Lines::default(),
            unit: Unit::default(),
            calls: heapless::Vec::new(),
            values,
            last_dialled: Number::new(),
            ring_at: None,
            outputs: heapless::Deque::new(),
            overrun: 0,
        }
    }

    /// The line to a unit is open, whoever opened it. The calls are the phone's, and go on.
    pub fn opened(&mut self) {
        self.closed();
        // A headset has nothing to set up.
        if self.settings.headset {
            self.unit.up = true;
            self.output(Output::Up { features: HfFeatures::empty() });
        }
    }

    /// The line is gone.
    pub fn closed(&mut self) {
        self.lines.clear();
        self.unit = Unit::default();
    }

    /// Takes what arrived on the line, in whatever pieces.
    pub fn receive(&mut self, now: Instant, mut bytes: &[u8]) {
        // Out of the way of what a line changes, and back.
        let mut lines = core::mem::take(&mut self.lines);
        while let Some(line) = lines.next(&mut bytes) {
            if self.outputs.capacity() - self.outputs.len() < OUTPUTS_PER_LINE {
                self.overrun = self.overrun.saturating_add(1);
            } else if let Ok(command) = Command::parse(line) {
                self.command(now, command);
            }
        }
        self.lines = lines;
    }

    /// The next output.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`wake`](Gateway::wake) wants to be called.
    pub fn wake_at(&self) -> Option<Instant> {
        self.ring_at
    }

    /// Rings.
    pub fn wake(&mut self, now: Instant) {
        if self.ring_at.take_if(|at| *at <= now).is_some() {
            self.ring(now);
        }
    }

    /// Sets the network, the signal's strength, roaming or the battery; calls set their own.
    pub fn set_indicator(&mut self, indicator: Indicator, value: u8) {
        let own =
            !matches!(indicator, Indicator::Call | Indicator::CallSetup | Indicator::CallHeld);
        if own {
            self.report(indicator, value);
        }
    }

    /// Chooses the codec of the next voice link; [`Output::Codec`] follows. `false` where codecs are
    /// not negotiated, or the unit does not have this one: then the link is opened without.
    pub fn choose_codec(&mut self, codec: Codec) -> bool {
        let can = self.negotiates() && self.unit.codecs.contains(Codecs::of(codec));
        if can {
            self.say(ResultCode::Bcs(codec as u8));
        }
        can
    }

    /// Whether codecs are negotiated.
    pub fn negotiates(&self) -> bool {
        self.both(AgFeatures::CODEC_NEGOTIATION, HfFeatures::CODEC_NEGOTIATION)
    }

    /// Sets the unit's loudspeaker, 0 to 15.
    pub fn set_speaker(&mut self, gain: u8) {
        self.say(ResultCode::Vgs(gain.min(15)));
    }

    /// Sets the unit's microphone, likewise.
    pub fn set_microphone(&mut self, gain: u8) {
        self.say(ResultCode::Vgm(gain.min(15)));
    }

    /// Rings over the voice link from now on, or does not.
    pub fn set_in_band(&mut self, on: bool) {
        self.say(ResultCode::Bsir(on));
    }

    /// Starts or stops voice recognition.
    pub fn recognise(&mut self, on: bool) {
        self.say(ResultCode::Bvra(VoiceRecognition { on, state: None, text: None }));
    }

    /// Says something else, as odd phones do.
    pub fn say_raw(&mut self, line: &str) {
        self.say(ResultCode::Unknown(line.as_bytes()));
    }

    /// Whether it knows no more than HSP.
    pub fn is_headset(&self) -> bool {
        self.settings.headset
    }

    /// Whether the service level connection is there.
    pub fn is_up(&self) -> bool {
        self.unit.up
    }

    /// The calls.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    fn both(&self, own: AgFeatures, unit: HfFeatures) -> bool {
        self.settings.features.contains(own) && self.unit.features.contains(unit)
    }

    fn say(&mut self, code: ResultCode<'_>) {
        let mut out = [0; MAX_TEXT];
        let length = code.write(&mut out).unwrap_or_default();
        self.output(Output::Send(out.into_iter().take(length).collect()));
    }

    fn refuse(&mut self, error: CmeError) {
        let why = if self.unit.errors { ResultCode::CmeError(error) } else { ResultCode::Error };
        self.say(why);
    }

    /// Sets an indicator, and tells the unit if it changed.
    fn report(&mut self, indicator: Indicator, value: u8) {
        let before = core::mem::replace(&mut self.values[indicator as usize], value);
        if before != value {
            self.tell(indicator);
        }
    }

    /// Tells an indicator, if the unit wants to know.
    fn tell(&mut self, indicator: Indicator) {
        let place = self.settings.places.iter().position(|own| *own == indicator);
        if let Some(at) = place
            && self.unit.reports
            && self.unit.reported >> at & 1 != 0
        {
            let value = self.values[indicator as usize];
            self.say(ResultCode::Ciev { indicator: at as u8 + 1, value });
        }
    }

    /// Rings for the call that does, and says who it is.
    fn ring(&mut self, now: Instant) {
        let ringing = self.calls.iter().find(|call| call.status == wire::hfp::CallStatus::Incoming);
        let Some(call) = ringing.cloned() else { return };
        self.ring_at = Some(now + RING_INTERVAL);
        if !self.unit.up {
            return;
        }
        self.say(ResultCode::Ring);
        if self.unit.callers {
            let Caller { number, name } = call.caller();
            self.say(ResultCode::Clip(Caller { number, name }));
        }
    }

    fn output(&mut self, output: Output) {
        // What the phone does makes few each, and lines are only read while there is room.
        if self.outputs.push_back(output).is_err() {
            self.overrun = self.overrun.saturating_add(1);
        }
    }
}
