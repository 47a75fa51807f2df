//! The list of calls: what AT+CLCC says, asked after each change of an indicator and again while the
//! two contradict each other; inferred from the indicators where there is no AT+CLCC. A list that lacks
//! a call that still rings or is dialled must say so twice.

use core::time::Duration;

use pool::Instant;
use wire::hfp::{CallEntry, CallMode, CallStatus, Direction};

use super::chores::Chores;
use super::inferred::Inferred;
use super::output::{Caller, Indicator, Output};
use super::{HandsFree, Phone};
use crate::hfp::call::{Call, CallerName, MAX_CALLS, Number};

/// How long after a list that contradicts the indicators it is asked for again.
const RECHECK: Duration = Duration::from_millis(500);

/// How often it is asked for again; some phones contradict themselves for good.
const MAX_RECHECKS: u8 = 3;

/// How long a call whose setup has ended waits for what comes of it, where no list says.
const LIMBO: Duration = Duration::from_millis(500);

/// How often the list is asked for while two calls are in the same state: no indicator tells when one
/// of them ends.
const POLL: Duration = Duration::from_secs(3);

type List = heapless::Vec<Call, MAX_CALLS>;

/// What is known of the calls.
#[derive(Debug, Default)]
pub(super) struct Calls {
    list: List,
    /// The list that the phone is telling.
    fresh: List,
    /// Whether the phone tells lists.
    lists: bool,
    /// More was foreseen since the list was asked for, which may be older.
    foreseen: bool,
    rechecks: u8,
    recheck_at: Option<Instant>,
    /// When there is none any more, if no list says otherwise: no indicator tells of one.
    none_at: Option<Instant>,
    /// What the indicator `call` was when the call began that is being set up.
    call_then: u8,
    /// Who rings, as far as the phone said.
    caller: Option<(Number, CallerName)>,
    /// What we dialled last.
    pub(super) dialled: Number,
    inferred: Inferred,
}

impl Calls {
    /// The calls as last told.
    pub(super) fn list(&self) -> &[Call] {
        &self.list
    }

    /// A service level connection is there; `lists`: the phone tells lists.
    pub(super) fn begin(&mut self, lists: bool) {
        *self = Calls { lists, ..Calls::default() };
    }

    pub(super) fn wake_at(&self) -> Option<Instant> {
        [self.recheck_at, self.none_at, self.inferred.wake_at()].into_iter().flatten().min()
    }

    /// A list is about to be asked for; `false` where the phone tells none.
    pub(super) fn ask(&mut self) -> bool {
        self.fresh.clear();
        self.foreseen = false;
        self.recheck_at = None;
        self.lists
    }

    /// An entry of the list that was asked for.
    pub(super) fn told(&mut self, entry: &CallEntry<'_>) {
        let voice = matches!(entry.mode, Some(CallMode::Voice) | None);
        if voice && self.fresh.iter().all(|call| call.index != entry.index) {
            // More calls than that are not told.
            let _ = self.fresh.push(Call::listed(entry));
        }
    }

    /// AT+CHLD=1 was taken.
    pub(super) fn active_released(&mut self, now: Instant) {
        self.inferred.active_released(now);
    }

    /// Whether two calls are in the same state, as those of a conference are.
    fn has_alike(&self) -> bool {
        let same = |a: &Call| self.list.iter().any(|b| a.index != b.index && a.status == b.status);
        self.list.iter().any(same)
    }

    /// Whether a list is what the indicators say.
    fn agrees(list: &[Call], phone: &Phone) -> bool {
        let any = |wanted: fn(&Call) -> bool| list.iter().any(wanted);
        let active = any(|call| call.status == CallStatus::Active);
        let held = any(|call| call.status == CallStatus::Held);
        let answered = any(Call::is_answered);
        let setup = match phone.value(Indicator::CallSetup) {
            0 => !any(|call| !call.is_answered()),
            1 => any(Call::is_ringing),
            _ => any(Call::is_outgoing),
        };
        let hold = match phone.value(Indicator::CallHeld) {
            0 => !held,
            1 => held && active,
            _ => held && !active,
        };
        setup && hold && answered == (phone.value(Indicator::Call) != 0)
    }
}

impl HandsFree {
    /// One of the three indicators about calls was told; `before` is its value until then.
    pub(super) fn calls_changed(&mut self, now: Instant, indicator: Indicator, before: u8) {
        if indicator == Indicator::CallSetup && self.phone.value(indicator) != 1 {
            self.calls.caller = None;
        }
        if indicator == Indicator::CallSetup && (before, self.phone.value(indicator)) == (1, 0) {
            // It rings no more, whatever came of it.
            self.overtake(|about, index| (!about.ringing).then_some(index));
        }
        self.calls.rechecks = 0;
        if self.calls.lists {
            self.chores.insert(Chores::CALLS);
            self.calls.none_at = self.tells_no_call().then_some(now + LIMBO);
            self.foresee(indicator, before);
        } else {
            self.calls.inferred.changed(now, indicator, before, self.phone.value(indicator));
            self.inferred();
        }
    }

    /// Tells what the next list will say for certain, before it is asked for: that a call rings or is
    /// dialled, that the only one was answered, that none is left.
    fn foresee(&mut self, indicator: Indicator, before: u8) {
        let [setup, call, held] = [Indicator::CallSetup, Indicator::Call, Indicator::CallHeld]
            .map(|indicator| self.phone.value(indicator));
        if indicator == Indicator::CallSetup && before == 0 {
            self.calls.call_then = call;
        }
        let mut list = self.calls.list.clone();
        let calls = list.len();
        match (indicator, list.iter_mut().find(|call| !call.is_answered())) {
            (Indicator::CallSetup, None) if setup != 0 => {
                let (direction, status) = match setup {
                    1 if list.is_empty() => (Direction::Incoming, CallStatus::Incoming),
                    1 => (Direction::Incoming, CallStatus::Waiting),
                    2 => (Direction::Outgoing, CallStatus::Dialling),
                    _ => (Direction::Outgoing, CallStatus::Alerting),
                };
                let free = |index: &u8| list.iter().all(|call| call.index != *index);
                let index = (1..=MAX_CALLS as u8).find(free).unwrap_or(u8::MAX);
                let mut call = Call::new(index, direction, status);
                if call.is_outgoing() {
                    call.number = core::mem::take(&mut self.calls.dialled);
                }
                // More calls than that are not told.
                let _ = list.push(call);
            }
            (Indicator::CallSetup, Some(call)) if setup == 3 && call.is_outgoing() => {
                call.status = CallStatus::Alerting;
            }
            // Some phones say all the time that there is a call.
            (_, Some(only))
                if (setup, call, held) == (0, 1, 0) && calls == 1 && self.calls.call_then == 0 =>
            {
                only.status = CallStatus::Active;
            }
            (Indicator::Call, None) if before == 1 && (setup, call, held) == (0, 0, 0) => {
                list.clear();
            }
            _ => return,
        }
        self.calls.foreseen = true;
        self.settle(list);
    }

    /// Whether a list lacks the call that is being set up, as the indicator still says.
    fn misses_setup(&self, fresh: &[Call]) -> bool {
        let listed = |call: &Call| fresh.iter().any(|now| now.index == call.index);
        self.phone.value(Indicator::CallSetup) != 0
            && fresh.iter().all(Call::is_answered)
            && self.calls.list.iter().any(|call| !call.is_answered() && !listed(call))
    }

    /// Whether the indicators say that there is no call at all.
    fn tells_no_call(&self) -> bool {
        let about_calls = [Indicator::Call, Indicator::CallSetup, Indicator::CallHeld];
        about_calls.iter().all(|indicator| self.phone.value(*indicator) == 0)
    }

    /// AT+CLCC was answered: the list is whole.
    pub(super) fn calls_listed(&mut self, now: Instant) {
        self.calls.none_at = None;
        let fresh = core::mem::take(&mut self.calls.fresh);
        let agrees = Calls::agrees(&fresh, &self.phone);
        if self.calls.foreseen && !agrees {
            return;
        }
        // Its OK may have been that of another command, which came late.
        let believed = self.calls.rechecks > 0 || !self.misses_setup(&fresh);
        if believed {
            self.settle(fresh);
        }
        if !agrees && self.calls.rechecks < MAX_RECHECKS {
            self.calls.rechecks += 1;
            self.calls.recheck_at = Some(now + RECHECK);
        } else if self.calls.has_alike() {
            self.calls.recheck_at = Some(now + POLL);
        }
    }

    /// AT+CLCC failed: the phone promised it and does not have it.
    pub(super) fn calls_not_listed(&mut self, now: Instant) {
        self.calls.lists = false;
        self.infer_all(now);
    }

    /// Infers the list from the indicators as they are.
    pub(super) fn infer_all(&mut self, now: Instant) {
        self.calls.inferred = Inferred::default();
        for indicator in [Indicator::Call, Indicator::CallHeld, Indicator::CallSetup] {
            let value = self.phone.value(indicator);
            self.calls.inferred.changed(now, indicator, 0, value);
        }
        self.inferred();
    }

    fn inferred(&mut self) {
        if self.calls.inferred.dialled(&self.calls.dialled) {
            self.calls.dialled.clear();
        }
        let fresh = self.calls.inferred.list();
        self.settle(fresh);
    }

    /// Tells how a list differs from the one before, which it replaces.
    fn settle(&mut self, mut fresh: List) {
        if let Some((number, name)) = &self.calls.caller {
            fresh.iter_mut().filter(|call| call.is_ringing()).for_each(|c| c.fill(number, name));
        }
        let before = core::mem::take(&mut self.calls.list);
        for call in &before {
            match fresh.iter_mut().find(|now| now.index == call.index && now.continues(call)) {
                // What the phone once said of a call it need not say again.
                Some(now) => now.fill(&call.number, &call.name),
                None => self.output(Output::CallEnded(call.index)),
            }
        }
        for call in fresh.iter().filter(|call| !before.contains(call)) {
            self.output(Output::Call(call.clone()));
        }
        self.overtake(|about, index| {
            let call = before.iter().find(|call| call.index == index)?;
            // One that is being set up may be listed with another number than was foreseen.
            let is_new = |now: &Call| {
                !call.is_answered() && before.iter().all(|other| other.index != now.index)
            };
            let mut continued = fresh.iter().filter(|now| now.continues(call));
            let same = continued.clone().find(|now| now.index == index);
            let after = same.or_else(|| continued.find(|now| is_new(now)))?;
            (after.is_ringing() || !about.ringing).then_some(after.index)
        });
        self.calls.list = fresh;
    }

    /// The phone said who rings or waits.
    pub(super) fn caller_told(&mut self, who: &Caller) {
        self.calls.caller = Some((who.number.clone(), who.name.clone()));
        self.calls.inferred.caller(&who.number, &who.name);
        let fresh = self.calls.list.clone();
        self.settle(fresh);
    }

    /// It rings: a phone that says so without an indicator is asked.
    pub(super) fn rang(&mut self, now: Instant) {
        if self.calls.lists && !self.calls.list.iter().any(Call::is_ringing) {
            self.calls.rechecks = 0;
            self.chore(now, Chores::CALLS);
        }
    }

    /// Asks again for a list that contradicts the indicators; lets go of inferred calls whose time is up.
    pub(super) fn recheck_calls(&mut self, now: Instant) {
        if self.calls.recheck_at.take_if(|at| *at <= now).is_some() {
            self.chore(now, Chores::CALLS);
        }
        // A phone that owes us an answer is not asked, and a list may be long in coming.
        if self.calls.none_at.take_if(|at| *at <= now).is_some() {
            self.settle(List::new());
        }
        if self.calls.inferred.wake(now) {
            self.inferred();
        }
    }

    /// There is no connection any more, and no call that we know of.
    pub(super) fn end_calls(&mut self) {
        self.settle(List::new());
        self.calls.begin(false);
    }
}
