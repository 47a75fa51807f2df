//! The service level connection: its steps, in the specification's order (HFP 1.9, 4.2.1).

use pool::Instant;
use wire::hfp::{AgFeatures, Arguments, Command, HfFeatures};

use super::output::{AtError, Failure, Indicator, Output};
use super::{Chores, HandsFree, MAX_INDICATORS, Phase, What};

/// A step of the way up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Step {
    /// AT+BRSF: what both sides can do.
    Features,
    /// AT+BAC: our codecs.
    Codecs,
    /// AT+CIND=?: the phone's indicators.
    IndicatorNames,
    /// AT+CIND?: their values.
    IndicatorValues,
    /// AT+CMER: to be told when they change.
    IndicatorReports,
    /// AT+CHLD=?: what can be asked of calls.
    Holds,
    /// AT+BIND: our indicators.
    OurIndicators,
    /// AT+BIND=?: the phone's choice of them.
    TheirIndicators,
    /// AT+BIND?: which of them it listens to now.
    EnabledIndicators,
}

impl core::fmt::Display for Step {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.command())
    }
}

impl Step {
    const ALL: [Step; 9] = [
        Step::Features,
        Step::Codecs,
        Step::IndicatorNames,
        Step::IndicatorValues,
        Step::IndicatorReports,
        Step::Holds,
        Step::OurIndicators,
        Step::TheirIndicators,
        Step::EnabledIndicators,
    ];

    /// Its command.
    const fn command(self) -> &'static str {
        match self {
            Step::Features => "AT+BRSF",
            Step::Codecs => "AT+BAC",
            Step::IndicatorNames => "AT+CIND=?",
            Step::IndicatorValues => "AT+CIND?",
            Step::IndicatorReports => "AT+CMER",
            Step::Holds => "AT+CHLD=?",
            Step::OurIndicators => "AT+BIND",
            Step::TheirIndicators => "AT+BIND=?",
            Step::EnabledIndicators => "AT+BIND?",
        }
    }

    /// What both sides must have for it.
    const fn needs(self) -> (HfFeatures, AgFeatures) {
        match self {
            Step::Codecs => (HfFeatures::CODEC_NEGOTIATION, AgFeatures::CODEC_NEGOTIATION),
            Step::Holds => (HfFeatures::THREE_WAY_CALLING, AgFeatures::THREE_WAY_CALLING),
            Step::OurIndicators | Step::TheirIndicators | Step::EnabledIndicators => {
                (HfFeatures::HF_INDICATORS, AgFeatures::HF_INDICATORS)
            }
            _ => (HfFeatures::empty(), AgFeatures::empty()),
        }
    }

    /// Whether there is a service level connection without it.
    const fn may_fail(self) -> bool {
        !matches!(
            self,
            Step::Features | Step::IndicatorNames | Step::IndicatorValues | Step::IndicatorReports
        )
    }
}

impl HandsFree {
    /// Goes on with the first step from `from` on that both sides have; after the last we are up.
    pub(super) fn set_up(&mut self, now: Instant, from: Option<Step>) {
        let mut steps = Step::ALL.into_iter().filter(|step| from.is_none_or(|from| *step > from));
        let both = |step: &Step| {
            let (ours, theirs) = step.needs();
            self.settings.features.contains(ours) && self.phone.features.contains(theirs)
        };
        let Some(step) = steps.find(both) else { return self.come_up(now) };
        let command = match step {
            Step::Features => Command::Brsf(self.settings.features),
            Step::Codecs => Command::Bac(self.settings.codecs),
            Step::IndicatorNames => Command::CindTest,
            Step::IndicatorValues => Command::CindRead,
            Step::IndicatorReports => Command::Cmer(true),
            Step::Holds => Command::ChldTest,
            Step::OurIndicators => Command::Bind(self.settings.indicators),
            Step::TheirIndicators => Command::BindTest,
            Step::EnabledIndicators => Command::BindRead,
        };
        self.transmit(now, What::Setup(step), None, command);
    }

    /// A step was answered.
    pub(super) fn step_done(&mut self, now: Instant, step: Step, result: Result<(), AtError>) {
        match result {
            Err(error) if !step.may_fail() => return self.fail(Failure::Rejected(step, error)),
            Err(_) if step == Step::Codecs => {
                self.phone.features.remove(AgFeatures::CODEC_NEGOTIATION);
            }
            Err(_) if step == Step::OurIndicators => {
                self.phone.features.remove(AgFeatures::HF_INDICATORS);
            }
            _ => {}
        }
        if step == Step::IndicatorNames && self.phone.places.iter().all(Option::is_none) {
            return self.fail(Failure::NoIndicators);
        }
        self.phase = Phase::Setup(Some(step));
        self.pump(now);
    }

    fn come_up(&mut self, now: Instant) {
        self.phase = Phase::Up;
        let (features, holds) = (self.phone.features, self.phone.holds);
        self.output(Output::Up { features, holds });
        for indicator in self.phone.places.clone().into_iter().flatten() {
            self.output(Output::Indicator(indicator, self.phone.value(indicator)));
        }
        self.output(Output::InBand(self.phone.in_band));
        let ours = self.settings.features;
        self.chores = Chores::CALLS | Chores::OPERATOR_FORMAT | Chores::OPERATOR | Chores::NUMBER;
        let both_wait = ours.contains(HfFeatures::THREE_WAY_CALLING)
            && features.contains(AgFeatures::THREE_WAY_CALLING);
        let silences = self.settings.noise_reduction_off && features.contains(AgFeatures::EC_NR);
        let calls = [Indicator::Call, Indicator::CallSetup, Indicator::CallHeld];
        let in_call = calls.into_iter().any(|indicator| self.phone.value(indicator) != 0);
        for (chore, wanted) in [
            (Chores::ERRORS, features.contains(AgFeatures::EXTENDED_ERRORS)),
            (Chores::CALLERS, ours.contains(HfFeatures::CLI_PRESENTATION)),
            (Chores::CALL_WAITING, both_wait),
            (Chores::NOISE_REDUCTION, silences),
            (Chores::ACCESSORY, self.settings.accessory.is_some()),
            (Chores::RESPONSE_AND_HOLD, in_call && self.settings.response_and_hold),
            (Chores::VOLUMES, ours.contains(HfFeatures::REMOTE_VOLUME)),
            (Chores::BATTERY, self.battery.is_some()),
            (Chores::SAFETY, self.safety.is_some()),
        ] {
            self.chores.set(chore, wanted);
        }
        let lists = ours.contains(HfFeatures::ENHANCED_CALL_STATUS)
            && features.contains(AgFeatures::ENHANCED_CALL_STATUS);
        self.calls.begin(lists);
        if !lists {
            // What ended between its values and its reports, nobody would ever say.
            self.chores.set(Chores::INDICATORS, in_call);
            self.infer_all(now);
        }
        self.pump(now);
    }

    /// +CIND while it is asked for: names and ranges first, then values.
    pub(super) fn told_indicators(&mut self, now: Instant, arguments: Arguments<'_>) {
        match self.flight.as_ref().map(|flight| flight.what) {
            Some(What::Setup(Step::IndicatorNames)) => {
                let name = |value: wire::hfp::Value<'_>| {
                    Indicator::named(value.list().get(0).text().trim_ascii())
                };
                // Of an indicator that is named twice the first counts.
                for value in arguments.iter() {
                    let indicator = name(value).filter(|i| !self.phone.places.contains(&Some(*i)));
                    if self.phone.places.push(indicator).is_err() {
                        break;
                    }
                }
            }
            Some(What::Setup(Step::IndicatorValues)) => {
                for (place, value) in self.phone.places.iter().zip(arguments.iter()) {
                    if let (Some(indicator), Some(value)) = (place, value.number::<u8>()) {
                        self.phone.values[*indicator as usize] = value;
                    }
                }
            }
            Some(What::Chore(Chores::INDICATORS)) => {
                for (place, value) in (1..=MAX_INDICATORS as u8).zip(arguments.iter()) {
                    let known = self.phone.places.get(usize::from(place) - 1).copied().flatten();
                    if let (Some(known), Some(value)) = (known, value.number::<u8>())
                        && self.phone.value(known) != value
                    {
                        self.changed(now, place, value);
                    }
                }
            }
            _ => super::count(&mut self.counters.unexpected),
        }
    }
}
