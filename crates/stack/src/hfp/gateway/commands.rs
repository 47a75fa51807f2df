//! The unit's commands (HFP 1.9, 4.34).

use core::fmt::Write;

use pool::Instant;
use wire::hfp::{
    AgFeatures, Arguments, CallEntry, CallMode, CmeError, Codec, Codecs, Command, HfFeatures,
    HfIndicators, ResultCode,
};

use super::output::{MAX_TEXT, Orders, Output};
use super::{Gateway, Unit};
use crate::hfp::call::{self, Call, MAX_CALLS};
use crate::hfp::hands_free::Indicator;

impl Gateway {
    pub(super) fn command(&mut self, now: Instant, command: Command<'_>) {
        let answer = match self.settings.orders {
            Orders::Unanswered if is_order(command) => return,
            Orders::Refused if is_order(command) => Err(CmeError::NOT_ALLOWED),
            _ => self.answer_to(command),
        };
        match answer {
            Ok(()) => self.say(ResultCode::Ok),
            Err(error) => return self.refuse(error),
        }
        self.after(now, command);
    }

    /// Does what is asked, and says what goes before the OK.
    fn answer_to(&mut self, command: Command<'_>) -> Result<(), CmeError> {
        match command {
            Command::Brsf(features) => {
                self.unit = Unit { features, ..Unit::default() };
                self.say(ResultCode::Brsf(self.settings.features));
            }
            Command::Bac(codecs) => self.unit.codecs = codecs,
            Command::CindTest => self.name_indicators(),
            Command::CindRead => self.tell_indicators(),
            Command::Cmer(on) => self.unit.reports = on,
            Command::Bia(wanted) => self.choose_reports(wanted),
            Command::ChldTest => self.say(ResultCode::Chld(self.settings.holds)),
            Command::Bind(_) | Command::BindTest | Command::BindRead | Command::Biev { .. } => {
                self.indicator_command(command)?;
            }
            Command::Clip(on) => self.unit.callers = on,
            Command::Ccwa(on) => self.unit.call_waiting = on,
            Command::Cmee(on) => self.unit.errors = on,
            Command::Nrec(_) => self.needs(AgFeatures::EC_NR)?,
            Command::CopsFormat | Command::BtrhRead => {}
            Command::CopsRead => {
                let operator = self.settings.operator.clone();
                self.say(ResultCode::Cops(operator.as_bytes()));
            }
            Command::Cnum if !self.settings.number.is_empty() => {
                let number = self.settings.number.clone();
                self.say(ResultCode::Cnum(number.as_bytes()));
            }
            Command::Cnum => {}
            Command::Clcc => self.list_calls()?,
            Command::Answer | Command::Chup | Command::Chld(_) => self.check(command)?,
            Command::Dial(_) | Command::DialMemory(_) | Command::Bldn if self.is_setting_up() => {
                return Err(CmeError::NOT_ALLOWED);
            }
            Command::Dial(number) => self.dial(call::text(number)),
            Command::DialMemory(_) if !self.settings.memory.is_empty() => {
                self.dial(self.settings.memory.clone());
            }
            Command::Bldn if !self.last_dialled.is_empty() => {
                self.dial(self.last_dialled.clone());
            }
            Command::DialMemory(_) | Command::Bldn => return Err(CmeError::INVALID_INDEX),
            Command::Bvra(_) => self.needs(AgFeatures::VOICE_RECOGNITION)?,
            Command::Bcs(codec) if !self.settings.codecs.contains(Codecs::of(codec)) => {
                return Err(CmeError::NOT_SUPPORTED);
            }
            Command::Bcc if !self.negotiates() => return Err(CmeError::NOT_ALLOWED),
            Command::Xapl { .. } if self.settings.accessory => self.say(ResultCode::Xapl),
            Command::IphoneAccev(_) if self.settings.accessory => {}
            Command::Vts(_) | Command::Vgs(_) | Command::Vgm(_) => {}
            Command::Bcs(_) | Command::Bcc | Command::Ckpd => {}
            Command::Btrh(_) | Command::Binp | Command::Xapl { .. } | Command::IphoneAccev(_) => {
                return Err(CmeError::NOT_SUPPORTED);
            }
            Command::Unknown(_) => return Err(CmeError::NOT_SUPPORTED),
        }
        Ok(())
    }

    /// What follows from a command, once it is answered.
    fn after(&mut self, now: Instant, command: Command<'_>) {
        match command {
            Command::Answer => self.take_call(now),
            Command::Chup => self.hang_up(now),
            Command::Chld(_) if self.settings.holds_nothing => {}
            Command::Chld(hold) => self.hold(now, hold),
            Command::Dial(_) | Command::DialMemory(_) | Command::Bldn => self.report_calls(now),
            Command::Bac(codecs) => self.output(Output::Codecs(codecs)),
            Command::Bcs(codec) => self.output(Output::Codec(codec)),
            Command::Bcc => self.output(Output::VoiceLink),
            Command::Vgs(gain) => self.output(Output::Speaker(gain)),
            Command::Vgm(gain) => self.output(Output::Microphone(gain)),
            Command::Vts(tone) => self.output(Output::Tone(tone)),
            Command::Bvra(2) => self.output(Output::VoiceReady),
            Command::Bvra(state) => self.output(Output::VoiceRecognition(state == 1)),
            Command::Nrec(false) => self.output(Output::NoiseReductionOff),
            Command::Ckpd => self.output(Output::Pressed),
            Command::IphoneAccev(level) => self.output(Output::Battery(10 * level.level() + 10)),
            Command::Biev { indicator: 1, value } => self.output(Output::Safety(value != 0)),
            Command::Biev { value, .. } => {
                self.output(Output::Battery(u8::try_from(value).unwrap_or(100)));
            }
            Command::Cmer(true) | Command::ChldTest | Command::BindRead => self.step(now, command),
            _ => {}
        }
    }

    /// The unit has come a step further; after the last that both sides have it is connected (4.2.1).
    fn step(&mut self, now: Instant, command: Command<'_>) {
        let holds = self.both(AgFeatures::THREE_WAY_CALLING, HfFeatures::THREE_WAY_CALLING);
        let indicates = self.both(AgFeatures::HF_INDICATORS, HfFeatures::HF_INDICATORS);
        let last = match command {
            Command::Cmer(_) => !holds && !indicates,
            Command::ChldTest => !indicates,
            _ => true,
        };
        if last && self.unit.reports && !core::mem::replace(&mut self.unit.up, true) {
            let features = self.unit.features;
            self.output(Output::Up { features });
            self.ring(now);
        }
    }

    pub(super) fn needs(&self, feature: AgFeatures) -> Result<(), CmeError> {
        let has = self.settings.features.contains(feature);
        if has { Ok(()) } else { Err(CmeError::NOT_SUPPORTED) }
    }

    /// +CIND: names and ranges.
    fn name_indicators(&mut self) {
        let mut text = heapless::String::<MAX_TEXT>::new();
        for (at, indicator) in self.settings.places.iter().enumerate() {
            let range = match indicator {
                Indicator::Service | Indicator::Call | Indicator::Roam => "0,1",
                Indicator::CallSetup => "0-3",
                Indicator::CallHeld => "0-2",
                Indicator::Signal | Indicator::BatteryCharge => "0-5",
            };
            let comma = if at == 0 { "" } else { "," };
            // All seven fit.
            let _ = write!(text, "{comma}(\"{}\",({range}))", indicator.name());
        }
        self.say(ResultCode::Cind(Arguments::new(text.as_bytes())));
    }

    /// +CIND: values.
    fn tell_indicators(&mut self) {
        let mut text = heapless::String::<MAX_TEXT>::new();
        for (at, indicator) in self.settings.places.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            // Seven numbers fit.
            let _ = write!(text, "{comma}{}", self.values[*indicator as usize]);
        }
        self.say(ResultCode::Cind(Arguments::new(text.as_bytes())));
    }

    /// AT+BIA: what is left empty stays as it is; the three about calls cannot be turned off.
    fn choose_reports(&mut self, wanted: Arguments<'_>) {
        for (at, (value, indicator)) in wanted.iter().zip(&self.settings.places).enumerate() {
            let calls = [Indicator::Call, Indicator::CallSetup, Indicator::CallHeld];
            match value.flag() {
                Some(true) => self.unit.reported |= 1 << at,
                Some(false) if !calls.contains(indicator) => self.unit.reported &= !(1 << at),
                _ => {}
            }
        }
    }

    /// AT+BIND and AT+BIEV.
    fn indicator_command(&mut self, command: Command<'_>) -> Result<(), CmeError> {
        self.needs(AgFeatures::HF_INDICATORS)?;
        match command {
            Command::Bind(theirs) => self.unit.indicators = theirs & self.settings.indicators,
            Command::BindTest => self.say(ResultCode::Bind(self.settings.indicators)),
            Command::Biev { indicator, .. } => {
                let one = HfIndicators::numbered(indicator);
                if one.is_empty() || !self.unit.indicators.contains(one) {
                    return Err(CmeError::NOT_ALLOWED);
                }
            }
            _ => {
                for indicator in 1..=2 {
                    if self.unit.indicators.contains(HfIndicators::numbered(indicator)) {
                        self.say(ResultCode::BindState { indicator, enabled: true });
                    }
                }
            }
        }
        Ok(())
    }

    fn list_calls(&mut self) -> Result<(), CmeError> {
        self.needs(AgFeatures::ENHANCED_CALL_STATUS)?;
        let calls: heapless::Vec<Call, MAX_CALLS> = self.calls.clone();
        for call in &calls {
            self.say(ResultCode::Clcc(CallEntry {
                index: call.index,
                direction: call.direction,
                status: call.status,
                mode: Some(CallMode::Voice),
                multiparty: call.multiparty,
                caller: call.caller(),
            }));
        }
        Ok(())
    }

    /// The best codec that both sides have.
    pub fn best_codec(&self) -> Codec {
        (self.unit.codecs & self.settings.codecs).each().max().unwrap_or_default()
    }
}

/// Whether a command asks something of calls, the voice link or the assistant.
fn is_order(command: Command<'_>) -> bool {
    matches!(
        command,
        Command::Answer
            | Command::Chup
            | Command::Chld(_)
            | Command::Dial(_)
            | Command::DialMemory(_)
            | Command::Bldn
            | Command::Bvra(_)
            | Command::Bcc
            | Command::Vts(_)
            | Command::Ckpd
    )
}
