//! The phones' calls: what HFP and HSP tell becomes facts and events.
//!
//! A phone's volume in calls is what was last set on either side; it is kept with the phone's bond. HSP says
//! no more of a call than that it rings: it is told as one incoming call, active while its voice link is
//! open.

use core::time::Duration;

use multipoint::{Abilities, Calls, Fact, Few, Setup};
use pool::Instant;
use stack::hfp::{self, CallerName, Number, hands_free};
use stack::{Call, HeadsetChange, LinkId};
use wire::Address;
use wire::hfp::{CallStatus, Holds};

use crate::command::{Refusal, VolumeKind};
use crate::event::{CallState, Event, Indicator, Profile};
use crate::host::Host;
use crate::link::HeadsetCall;
use crate::pending::Wait;
use crate::remote::loudness;
use crate::timers::{LinkTimer, Timer};

/// The largest gain of AT+VGS and AT+VGM.
pub(crate) const MAX_GAIN: u8 = 15;
/// How long after a ring the next one comes at the latest, on a line that says no more (HSP).
const RING_PERIOD: Duration = Duration::from_secs(6);
/// What a headset calls its one call.
pub(crate) const HEADSET_CALL: u8 = 1;

/// A volume in percent as the gain of AT+VGS.
pub(crate) fn gain(percent: u8) -> u8 {
    ((u16::from(percent.min(100)) * u16::from(MAX_GAIN) + 50) / 100) as u8
}

/// The gain of +VGS as a volume in percent.
fn percent(gain: u8) -> u8 {
    (u16::from(gain.min(MAX_GAIN)) * 100 / u16::from(MAX_GAIN)) as u8
}

fn state(status: CallStatus) -> CallState {
    match status {
        CallStatus::Active => CallState::Active,
        CallStatus::Held | CallStatus::HeldByResponseAndHold => CallState::Held,
        CallStatus::Dialling | CallStatus::Alerting => CallState::Outgoing,
        CallStatus::Incoming | CallStatus::Waiting => CallState::Incoming,
    }
}

impl Host {
    pub(crate) fn hands_free(&mut self, now: Instant, id: LinkId, told: hands_free::Output) {
        use hands_free::Output as Told;
        let Some(link) = self.link_mut(id) else { return };
        let phone = link.address;
        match told {
            Told::Up { .. } => {
                link.calls = true;
                if link.seat.is_some() {
                    self.calls_up(now, id);
                }
            }
            Told::Down(failure) => {
                let was_up = core::mem::take(&mut link.calls);
                if failure != hands_free::Failure::Closed {
                    self.warn("profile", format_args!("{phone}: no calls: {failure}"));
                }
                match was_up {
                    true => self.calls_down(now, id),
                    false => self.calls_failed(id),
                }
            }
            Told::Indicator(indicator, value) => {
                self.indicator_event(id, indicator, value);
                self.calls_changed(now, id);
            }
            Told::Call(call) => {
                self.call_event(id, &call);
                self.calls_changed(now, id);
            }
            Told::CallEnded(index) => {
                let (state, number, name) = (CallState::Ended, Number::new(), CallerName::new());
                if link.seat.is_some() {
                    self.notify(Event::Call { phone, index, state, number, name });
                }
                self.calls_changed(now, id);
            }
            Told::InBand(on) => self.decide_about(now, id, |seat| Fact::InBand(seat, on)),
            Told::Speaker(gain) => self.call_volume_is(phone, gain),
            Told::VoiceRecognition { on, .. } => {
                self.decide_about(now, id, |seat| Fact::Assistant(seat, on));
            }
            Told::Done { ticket, result } => self.answered(now, id, ticket, result),
            // Who calls is in the call; the codec is asked for when a voice link is there to be
            // coded; the rest has no place in the outside's events.
            Told::Ring
            | Told::Calling(_)
            | Told::Waiting(_)
            | Told::Microphone(_)
            | Told::Operator(_)
            | Told::SubscriberNumber(_)
            | Told::Codec(_)
            | Told::VoiceText(_)
            | Told::ResponseAndHold(_)
            | Told::Send(_)
            | Told::Close => {}
        }
    }

    /// A seated phone's line is up: what was told until then.
    fn calls_up(&mut self, now: Instant, id: LinkId) {
        let Some(link) = self.link(id) else { return };
        let (phone, headset) = (link.address, link.headset.is_some());
        self.notify(Event::Profile { phone, profile: Profile::Hfp, up: true });
        // Its phone was told as the line came up.
        if let Some(percent) = self.phones.get(phone).and_then(|phone| phone.call_volume) {
            self.notify(Event::Volume { phone, kind: VolumeKind::Call, percent });
        }
        while let Some(ticket) = self.pending.take(Wait::Profile(phone)) {
            self.done(ticket, Ok(()));
        }
        let hands_free = self.stack.hands_free(id).filter(|_| !headset);
        let abilities = hands_free.map_or(Abilities::default(), |hands_free| {
            let has = |hold| hands_free.holds().contains(hold);
            Abilities {
                reject: has(Holds::RELEASE_HELD),
                end: has(Holds::RELEASE_ACTIVE),
                hold: has(Holds::SWAP),
            }
        });
        let in_band = hands_free.is_some_and(hfp::HandsFree::in_band);
        self.decide_about(now, id, |seat| Fact::HandsFree(seat, Some(abilities)));
        self.decide_about(now, id, |seat| Fact::InBand(seat, in_band));
        self.calls_changed(now, id);
    }

    fn calls_down(&mut self, now: Instant, id: LinkId) {
        let Some(link) = self.link(id).filter(|link| link.seat.is_some()) else { return };
        let phone = link.address;
        self.decide_about(now, id, |seat| Fact::HandsFree(seat, None));
        self.notify(Event::Profile { phone, profile: Profile::Hfp, up: false });
        self.verbs_ended(id, phone, Refusal::NotConnected);
    }

    /// A phone got its seat: what was told of its calls until then.
    pub(crate) fn calls_seated(&mut self, now: Instant, id: LinkId) {
        if !self.link(id).is_some_and(|link| link.calls) {
            return;
        }
        self.calls_up(now, id);
        let calls = self.stack.hands_free(id).map(hfp::HandsFree::calls).unwrap_or_default();
        let calls: heapless::Vec<hfp::Call, { hfp::MAX_CALLS }> = calls.iter().cloned().collect();
        for call in &calls {
            self.call_event(id, call);
        }
        let told = self.stack.hands_free(id).map(|hands_free| hands_free.indicators().collect());
        let told: heapless::Vec<_, { hands_free::MAX_INDICATORS }> = told.unwrap_or_default();
        for (indicator, value) in told {
            self.indicator_event(id, indicator, value);
        }
        match self.link(id).and_then(|link| link.headset) {
            None | Some(HeadsetCall::None) => {}
            Some(call) => self.headset_call_event(id, call),
        }
    }

    fn call_event(&mut self, id: LinkId, call: &hfp::Call) {
        let Some(link) = self.link(id).filter(|link| link.seat.is_some()) else { return };
        self.notify(Event::Call {
            phone: link.address,
            index: call.index,
            state: state(call.status),
            number: call.number.clone(),
            name: call.name.clone(),
        });
    }

    fn indicator_event(&mut self, id: LinkId, indicator: hands_free::Indicator, value: u8) {
        use hands_free::Indicator as Told;
        let Some(link) = self.link(id).filter(|link| link.seat.is_some()) else { return };
        let (indicator, value) = match indicator {
            Told::Service => (Indicator::Service, value),
            Told::Signal => (Indicator::Signal, value),
            Told::Roam => (Indicator::Roaming, value),
            Told::BatteryCharge => (Indicator::Battery, value.min(5) * 20),
            // Told as calls.
            Told::Call | Told::CallSetup | Told::CallHeld => return,
        };
        self.notify(Event::Indicator { phone: link.address, indicator, value });
    }

    /// A link's calls, as the policy goes by them.
    pub(crate) fn calls_of(&self, id: LinkId) -> Calls {
        let Some(link) = self.link(id).filter(|link| link.calls) else { return Calls::default() };
        if let Some(headset) = link.headset {
            return match headset {
                HeadsetCall::None => Calls::default(),
                HeadsetCall::Ringing | HeadsetCall::Answered => {
                    Calls { setup: Setup::Incoming, ..Calls::default() }
                }
                HeadsetCall::Active => Calls { active: Few::One, ..Calls::default() },
            };
        }
        let Some(hands_free) = self.stack.hands_free(id) else { return Calls::default() };
        let mut calls = Calls::default();
        for call in hands_free.calls() {
            match state(call.status) {
                CallState::Active if calls.active == Few::None => calls.active = Few::One,
                CallState::Active => calls.active = Few::Many,
                CallState::Held => calls.held = true,
                CallState::Incoming => calls.setup = Setup::Incoming,
                CallState::Outgoing if calls.setup == Setup::None => calls.setup = Setup::Dialling,
                CallState::Outgoing | CallState::Ended => {}
            }
        }
        // That all is held is known before the list says which.
        if hands_free.indicator(hands_free::Indicator::CallHeld) == 2 && calls.active != Few::None {
            (calls.active, calls.held) = (Few::None, true);
        }
        calls
    }

    /// A phone's calls may have changed.
    fn calls_changed(&mut self, now: Instant, id: LinkId) {
        let Some(seat) = self.link(id).filter(|link| link.calls).and_then(|link| link.seat) else {
            return;
        };
        let calls = self.calls_of(id);
        if calls != self.roster.seats[usize::from(seat.0)].calls {
            self.decide(now, Fact::Calls(seat, calls));
        }
    }

    /// A link stands: how loud its calls are is known before its phone is told.
    pub(crate) fn prepare_call_volume(&mut self, now: Instant, link: LinkId, phone: Address) {
        let own = self.phones.get(phone).and_then(|phone| phone.call_volume);
        let percent = own.unwrap_or(self.settings.volume_first);
        self.phones.entry(phone).call_volume = Some(percent);
        self.call(now, Call::Speaker(link, gain(percent)));
    }

    fn call_volume_is(&mut self, phone: Address, gain: u8) {
        let percent = percent(gain);
        self.phones.entry(phone).call_volume = Some(percent);
        self.call_volume_changed(phone, percent);
    }

    /// The owner sets how loud a phone's calls are heard.
    pub(crate) fn set_call_volume(&mut self, now: Instant, link: LinkId, percent: u8) {
        if let Some(phone) = self.link(link).map(|link| link.address) {
            self.phones.entry(phone).call_volume = Some(percent);
            self.call(now, Call::Speaker(link, gain(percent)));
            self.call_volume_changed(phone, percent);
        }
    }

    /// How loud a phone's calls are heard, 0 to 1.
    pub(crate) fn call_loudness(&self, phone: Address) -> f32 {
        let percent = self.phones.get(phone).and_then(|phone| phone.call_volume);
        loudness(f32::from(percent.unwrap_or(self.settings.volume_first)) / 100.0)
    }

    fn call_volume_changed(&mut self, phone: Address, percent: u8) {
        self.sound();
        self.notify(Event::Volume { phone, kind: VolumeKind::Call, percent });
    }

    pub(crate) fn headset(&mut self, now: Instant, id: LinkId, change: HeadsetChange) {
        let Some(link) = self.link_mut(id) else { return };
        let phone = link.address;
        match change {
            HeadsetChange::Up => {
                (link.calls, link.headset) = (true, Some(HeadsetCall::None));
                let seated = link.seat.is_some();
                // Only now can it be told.
                self.prepare_call_volume(now, id, phone);
                if seated {
                    self.calls_up(now, id);
                }
            }
            HeadsetChange::Down => {
                self.headset_call(now, id, HeadsetCall::None);
                if let Some(link) = self.link_mut(id) {
                    (link.calls, link.headset) = (false, None);
                }
                self.calls_down(now, id);
            }
            HeadsetChange::Ring => {
                let silent = link.headset == Some(HeadsetCall::None);
                self.timers.arm(Timer::Link(id, LinkTimer::Rings), now + RING_PERIOD);
                if silent {
                    self.headset_call(now, id, HeadsetCall::Ringing);
                }
            }
            HeadsetChange::Speaker(gain) => self.call_volume_is(phone, gain),
            HeadsetChange::PressFailed => self.verbs_ended(id, phone, Refusal::Refused),
            HeadsetChange::Microphone(_) => {}
        }
    }

    /// A headset's line has not rung for a while: its call was answered, if it is heard.
    pub(crate) fn rings_ended(&mut self, now: Instant, id: LinkId) {
        let Some(link) = self.link(id) else { return };
        if let Some(HeadsetCall::Ringing | HeadsetCall::Answered) = link.headset {
            let heard = link.voice.is_some();
            let after = if heard { HeadsetCall::Active } else { HeadsetCall::None };
            self.headset_call(now, id, after);
        }
    }

    /// A headset's button was pressed.
    pub(crate) fn headset_pressed(&mut self, now: Instant, id: LinkId) {
        let Some(link) = self.link(id) else { return };
        if link.headset == Some(HeadsetCall::Ringing) {
            let heard = link.voice.is_some();
            let after = if heard { HeadsetCall::Active } else { HeadsetCall::Answered };
            self.headset_call(now, id, after);
        }
    }

    /// A headset's voice link came up or went: that is all that is known of its call. One that comes up
    /// while it rings may carry the ringing.
    pub(crate) fn headset_voice(&mut self, now: Instant, id: LinkId, open: bool) {
        let after = match self.link(id).and_then(|link| link.headset) {
            Some(HeadsetCall::Answered) if open => HeadsetCall::Active,
            Some(HeadsetCall::Active) if !open => HeadsetCall::None,
            _ => return,
        };
        self.headset_call(now, id, after);
    }

    fn headset_call(&mut self, now: Instant, id: LinkId, call: HeadsetCall) {
        let Some(link) = self.link_mut(id) else { return };
        if link.headset.replace(call).is_some_and(|before| before != call) {
            self.headset_call_event(id, call);
            self.calls_changed(now, id);
        }
    }

    fn headset_call_event(&mut self, id: LinkId, call: HeadsetCall) {
        let Some(link) = self.link(id).filter(|link| link.seat.is_some()) else { return };
        let phone = link.address;
        let state = match call {
            HeadsetCall::None => CallState::Ended,
            HeadsetCall::Ringing => CallState::Incoming,
            // That is told when it is heard.
            HeadsetCall::Answered => return,
            HeadsetCall::Active => CallState::Active,
        };
        let (index, number, name) = (HEADSET_CALL, Number::new(), CallerName::new());
        self.notify(Event::Call { phone, index, state, number, name });
    }

    /// Puts a fact about a link's seat to the policy, if it has one.
    pub(crate) fn decide_about(
        &mut self,
        now: Instant,
        id: LinkId,
        fact: impl FnOnce(multipoint::SeatId) -> Fact,
    ) {
        if let Some(seat) = self.link(id).and_then(|link| link.seat) {
            self.decide(now, fact(seat));
        }
    }
}
