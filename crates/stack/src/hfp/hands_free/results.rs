//! What the phone tells, asked or not (HFP 1.9, 4.34).

use pool::Instant;
use wire::hfp::{self, Codec, Codecs, HfIndicators, ResultCode};

use super::chores::Chores;
use super::output::{AtError, Caller, Indicator, Output};
use super::{HandsFree, Phase, count};
use crate::hfp::call::text;

impl HandsFree {
    pub(super) fn result(&mut self, now: Instant, code: ResultCode<'_>) {
        match code {
            ResultCode::Ok => self.answered(now, Ok(())),
            ResultCode::Error => self.answered(now, Err(AtError::Error)),
            ResultCode::CmeError(error) => self.refused(now, error),
            ResultCode::NoCarrier => self.call_failed(now, AtError::NoCarrier),
            ResultCode::Busy => self.call_failed(now, AtError::Busy),
            ResultCode::NoAnswer => self.call_failed(now, AtError::NoAnswer),
            ResultCode::Delayed => self.call_failed(now, AtError::Delayed),
            ResultCode::Blacklisted => self.call_failed(now, AtError::Blacklisted),
            ResultCode::Brsf(features) => {
                self.phone.features = features;
                self.phone.in_band = features.contains(hfp::AgFeatures::IN_BAND_RING);
            }
            ResultCode::Cind(arguments) => self.told_indicators(now, arguments),
            ResultCode::Chld(holds) => self.phone.holds = holds,
            ResultCode::Ciev { indicator, value } => self.changed(now, indicator, value),
            // Which ones it might listen to does not matter before it does.
            ResultCode::Bind(_) => {}
            ResultCode::BindState { indicator, enabled } => self.listens(now, indicator, enabled),
            ResultCode::Clcc(entry) => self.calls.told(&entry),
            ResultCode::Bcs(number) => self.codec_chosen(now, number),
            ResultCode::Xapl => self.phone.accessory = true,
            ResultCode::Unknown(_) => count(&mut self.counters.unknown),
            ResultCode::Bsir(_) | ResultCode::Vgs(_) | ResultCode::Vgm(_) => self.tell(now, code),
            // What else there is goes on to the floors above, once there is a connection.
            code if self.phase == Phase::Up => self.tell(now, code),
            _ => {}
        }
    }

    fn tell(&mut self, now: Instant, code: ResultCode<'_>) {
        let caller = |caller: hfp::Caller<'_>| Caller {
            number: text(caller.number),
            name: text(caller.name),
        };
        let output = match code {
            ResultCode::Ring => {
                self.rang(now);
                Output::Ring
            }
            ResultCode::Clip(who) => {
                let who = caller(who);
                self.caller_told(&who);
                Output::Calling(who)
            }
            ResultCode::Ccwa(who) => {
                let who = caller(who);
                self.caller_told(&who);
                Output::Waiting(who)
            }
            ResultCode::Cops(name) => Output::Operator(text(name)),
            ResultCode::Cnum(number) => Output::SubscriberNumber(text(number)),
            ResultCode::Bsir(in_band) => {
                self.phone.in_band = in_band;
                Output::InBand(in_band)
            }
            ResultCode::Vgs(gain) => {
                self.settings.speaker = gain;
                Output::Speaker(gain)
            }
            ResultCode::Vgm(gain) => {
                self.settings.microphone = gain;
                Output::Microphone(gain)
            }
            ResultCode::Btrh(state) => Output::ResponseAndHold(state),
            ResultCode::Bvra(voice) => {
                if let Some(said) = voice.text {
                    self.output(Output::VoiceText(text(said.text)));
                }
                Output::VoiceRecognition { on: voice.on, state: voice.state }
            }
            _ => return,
        };
        self.output(output);
    }

    /// +CIEV: an indicator, by its place.
    pub(super) fn changed(&mut self, now: Instant, place: u8, value: u8) {
        let place = usize::from(place).checked_sub(1);
        let Some(indicator) = place.and_then(|at| *self.phone.places.get(at)?) else {
            return count(&mut self.counters.unknown);
        };
        let before = core::mem::replace(&mut self.phone.values[indicator as usize], value);
        if self.phase != Phase::Up {
            // All are told once we are up.
            return;
        }
        self.output(Output::Indicator(indicator, value));
        match indicator {
            Indicator::Call | Indicator::CallSetup | Indicator::CallHeld => {
                self.calls_changed(now, indicator, before);
            }
            Indicator::Service if value == 1 && before != 1 => self.chores.insert(Chores::OPERATOR),
            _ => {}
        }
        self.pump(now);
    }

    /// +BIND: the phone listens to one of our indicators from now on, or does no more.
    fn listens(&mut self, now: Instant, number: u16, enabled: bool) {
        let indicator = HfIndicators::numbered(number) & self.settings.indicators;
        self.phone.enabled.set(indicator, enabled);
        if enabled && indicator.contains(HfIndicators::BATTERY_LEVEL) {
            self.chore(now, Chores::BATTERY);
        } else if enabled && indicator.contains(HfIndicators::ENHANCED_SAFETY) {
            self.chore(now, Chores::SAFETY);
        }
    }

    /// +BCS: one that we have is agreed to; for another we say again which ones we have (4.11.3).
    fn codec_chosen(&mut self, now: Instant, number: u8) {
        let ours = Codec::new(number).filter(|c| self.settings.codecs.contains(Codecs::of(*c)));
        match ours {
            Some(codec) => self.chosen = Some(codec),
            None => self.chores.insert(Chores::CODECS),
        }
        self.pump(now);
    }
}
