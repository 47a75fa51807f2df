//! The phone's calls, and what becomes of them (HFP 1.9, 4.10 and 4.13 to 4.25).

use pool::Instant;
use wire::hfp::{AgFeatures, CallStatus, Caller, CmeError, Command, Direction, Hold, ResultCode};

use super::Gateway;
use super::output::Output;
use crate::hfp::call::{self, Call, MAX_CALLS, Number};
use crate::hfp::hands_free::Indicator;

impl Gateway {
    /// A call comes in; its index, or `None` where there are too many calls.
    pub fn incoming(&mut self, now: Instant, number: &str, name: &str) -> Option<u8> {
        let waits = !self.calls.is_empty();
        let status = if waits { CallStatus::Waiting } else { CallStatus::Incoming };
        let mut call = Call::new(self.free_index(), Direction::Incoming, status);
        call.number = call::text(number.as_bytes());
        call.name = call::text(name.as_bytes());
        let index = call.index;
        self.add(call.clone())?;
        self.report_calls(now);
        if waits && self.unit.call_waiting {
            let Caller { number, name } = call.caller();
            self.say(ResultCode::Ccwa(Caller { number, name }));
        }
        Some(index)
    }

    /// The phone's calls are these: it had them before there was this line.
    pub fn set_calls(&mut self, now: Instant, calls: &[Call]) {
        self.calls.clear();
        self.calls.extend(calls.iter().take(MAX_CALLS).cloned());
        self.report_calls(now);
    }

    /// A number is dialled, on the phone or by the unit. What was active is held.
    pub(super) fn dial(&mut self, number: Number) {
        self.hold_active();
        let mut call = Call::new(self.free_index(), Direction::Outgoing, CallStatus::Dialling);
        call.number.clone_from(&number);
        self.last_dialled.clone_from(&number);
        if self.add(call).is_some() {
            self.output(Output::Dialled(number));
        }
    }

    /// Whether a call rings or is being dialled: then no other can be dialled.
    pub(super) fn is_setting_up(&self) -> bool {
        self.calls.iter().any(|call| !call.is_answered())
    }

    /// The phone's owner dials on the phone. Nothing else is being set up.
    pub fn dial_here(&mut self, now: Instant, number: &str) {
        self.dial(call::text(number.as_bytes()));
        self.report_calls(now);
    }

    /// The other side of the call that is dialled rings.
    pub fn alert(&mut self, now: Instant) {
        self.change(now, |call| call.status == CallStatus::Dialling, CallStatus::Alerting);
    }

    /// The other side of the call that is dialled answers.
    pub fn connect(&mut self, now: Instant) {
        self.change(now, Call::is_outgoing, CallStatus::Active);
    }

    /// The ringing call is answered, by the unit or on the phone. What was active is held.
    pub fn take_call(&mut self, now: Instant) {
        self.hold_active();
        self.change(now, Call::is_ringing, CallStatus::Active);
    }

    /// Hangs up: the ringing call where it is the only one, else what is being dialled, else what is
    /// active.
    pub fn hang_up(&mut self, now: Instant) {
        let order: [fn(&Call) -> bool; 4] = [
            |call| call.status == CallStatus::Incoming,
            Call::is_outgoing,
            |call| call.status == CallStatus::Active,
            |_| true,
        ];
        if let Some(which) = order.into_iter().find(|which| self.calls.iter().any(which)) {
            self.end_all(now, which);
        }
    }

    /// The call with this index ends: the other side has hung up, or the network failed.
    pub fn end(&mut self, now: Instant, index: u8) {
        self.end_all(now, |call| call.index == index);
    }

    /// Whether a command about calls makes sense.
    pub(super) fn check(&self, command: Command<'_>) -> Result<(), CmeError> {
        let any = |wanted: fn(&Call) -> bool| self.calls.iter().any(wanted);
        let sense = match command {
            Command::Answer => any(Call::is_ringing),
            Command::Chup => !self.calls.is_empty(),
            Command::Chld(hold) if !self.settings.holds.contains(hold.needs()) => {
                return Err(CmeError::NOT_SUPPORTED);
            }
            Command::Chld(Hold::ReleaseOne(index) | Hold::Private(index)) => {
                self.needs(AgFeatures::ENHANCED_CALL_CONTROL)?;
                if !self.calls.iter().any(|call| call.index == index) {
                    return Err(CmeError::INVALID_INDEX);
                }
                true
            }
            Command::Chld(Hold::Join | Hold::Transfer) => any(|c| c.status == CallStatus::Held),
            _ => !self.calls.is_empty(),
        };
        if sense { Ok(()) } else { Err(CmeError::NOT_ALLOWED) }
    }

    /// AT+CHLD, or the same on the phone.
    pub fn hold(&mut self, now: Instant, hold: Hold) {
        let is = |status| move |call: &Call| call.status == status;
        let waits = self.calls.iter().any(Call::is_ringing);
        match hold {
            Hold::ReleaseHeld if waits => return self.end_all(now, Call::is_ringing),
            Hold::ReleaseHeld => return self.end_all(now, is(CallStatus::Held)),
            Hold::ReleaseActive => {
                self.drop_all(is(CallStatus::Active));
                self.take_other(waits);
            }
            Hold::Swap if waits => {
                self.hold_active();
                self.take_other(true);
            }
            Hold::Swap => {
                for call in &mut self.calls {
                    call.status = match call.status {
                        CallStatus::Active => CallStatus::Held,
                        CallStatus::Held => CallStatus::Active,
                        other => other,
                    };
                }
            }
            Hold::ReleaseOne(index) => return self.end(now, index),
            Hold::Private(index) => {
                self.hold_active();
                for call in self.calls.iter_mut().filter(|call| call.index == index) {
                    (call.status, call.multiparty) = (CallStatus::Active, false);
                }
            }
            Hold::Join => {
                for call in self.calls.iter_mut().filter(|call| call.is_answered()) {
                    (call.status, call.multiparty) = (CallStatus::Active, true);
                }
            }
            Hold::Transfer => return self.end_all(now, Call::is_answered),
        }
        self.tell_calls();
        let held = |gateway: &Self| gateway.values[Indicator::CallHeld as usize];
        let before = held(self);
        self.report_calls(now);
        // That calls changed places is told, though the indicator is what it was (4.22).
        if before == 1 && held(self) == 1 {
            self.tell(Indicator::CallHeld);
        }
    }

    /// The waiting call, or else the held ones, become active.
    fn take_other(&mut self, waiting: bool) {
        for call in &mut self.calls {
            let taken = if waiting { call.is_ringing() } else { call.status == CallStatus::Held };
            if taken {
                call.status = CallStatus::Active;
            }
        }
    }

    fn hold_active(&mut self) {
        for call in self.calls.iter_mut().filter(|call| call.status == CallStatus::Active) {
            call.status = CallStatus::Held;
        }
    }

    fn add(&mut self, call: Call) -> Option<()> {
        self.calls.push(call.clone()).ok()?;
        self.output(Output::Call(call));
        Some(())
    }

    fn change(&mut self, now: Instant, which: impl Fn(&Call) -> bool, status: CallStatus) {
        if let Some(call) = self.calls.iter_mut().find(|call| which(call)) {
            call.status = status;
            self.tell_calls();
            self.report_calls(now);
        }
    }

    fn end_all(&mut self, now: Instant, which: impl Fn(&Call) -> bool) {
        self.drop_all(which);
        self.tell_calls();
        self.report_calls(now);
    }

    fn drop_all(&mut self, which: impl Fn(&Call) -> bool) {
        while let Some(at) = self.calls.iter().position(&which) {
            let call = self.calls.remove(at);
            self.output(Output::CallEnded(call.index));
        }
        // What waited for them rings alone.
        if let [call] = &mut *self.calls
            && call.status == CallStatus::Waiting
        {
            call.status = CallStatus::Incoming;
        }
    }

    fn tell_calls(&mut self) {
        // It takes two.
        if self.calls.iter().filter(|call| call.multiparty).count() == 1 {
            self.calls.iter_mut().for_each(|call| call.multiparty = false);
        }
        for call in self.calls.clone() {
            self.output(Output::Call(call));
        }
    }

    /// Brings the indicators to what the calls are, and rings if one does.
    pub(super) fn report_calls(&mut self, now: Instant) {
        let any = |wanted: fn(&Call) -> bool| self.calls.iter().any(wanted);
        let answered = any(Call::is_answered);
        let held = any(|call| call.status == CallStatus::Held);
        let active = any(|call| call.status == CallStatus::Active);
        let setup = if any(Call::is_ringing) {
            1
        } else if any(|call| call.status == CallStatus::Dialling) {
            2
        } else if any(|call| call.status == CallStatus::Alerting) {
            3
        } else {
            0
        };
        let holding = match (held, active) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => 2,
        };
        let rings = any(|call| call.status == CallStatus::Incoming);
        self.report(Indicator::Call, answered.into());
        self.report(Indicator::CallSetup, setup);
        self.report(Indicator::CallHeld, holding);
        match rings {
            true if self.ring_at.is_none() => self.ring(now),
            true => {}
            false => self.ring_at = None,
        }
    }

    fn free_index(&self) -> u8 {
        let taken = |index: u8| self.calls.iter().any(|call| call.index == index);
        (1..).find(|index| !taken(*index)).unwrap_or(u8::MAX)
    }
}
