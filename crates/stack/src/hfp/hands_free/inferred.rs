//! The calls of a phone that tells no list, as its indicators let them be known (HFP 1.9, 4.10).
//!
//! There is at most one active, one held and one that is being set up. Which becomes which is guessed
//! from how the indicators change: phones tell the end of the setup before or after what comes of it,
//! so a call whose setup ended is kept for [`LIMBO`].

use core::time::Duration;

use pool::Instant;
use wire::hfp::{CallStatus, Direction};

use super::output::Indicator;
use crate::hfp::call::{Call, CallerName, MAX_CALLS, Number};

/// How long a call whose setup has ended waits for what comes of it.
const LIMBO: Duration = Duration::from_millis(500);

/// How long the end of an active call that we asked for is waited for.
const RELEASE: Duration = Duration::from_secs(5);

/// What the indicators amount to.
#[derive(Debug, Default)]
pub(super) struct Inferred {
    active: Option<Call>,
    held: Option<Call>,
    setup: Option<Call>,
    /// The setup has ended; until then something may come of it.
    limbo: Option<Instant>,
    /// The active call is to end and the other one to take its place, as we asked; until then.
    releasing: Option<Instant>,
    /// The call in `setup` became another one, before its setup's end was told.
    moved: bool,
}

impl Inferred {
    /// The calls.
    pub(super) fn list(&self) -> heapless::Vec<Call, MAX_CALLS> {
        [&self.active, &self.held, &self.setup].into_iter().flatten().cloned().collect()
    }

    pub(super) fn wake_at(&self) -> Option<Instant> {
        self.limbo
    }

    /// Lets go of a call of which nothing came; whether there was one.
    pub(super) fn wake(&mut self, now: Instant) -> bool {
        self.limbo.take_if(|until| *until <= now).is_some() && self.setup.take().is_some()
    }

    /// An indicator was told.
    pub(super) fn changed(&mut self, now: Instant, indicator: Indicator, before: u8, value: u8) {
        match indicator {
            Indicator::Call => self.call(value),
            Indicator::CallSetup => self.call_setup(now, value),
            Indicator::CallHeld => self.call_held(now, before, value),
            _ => {}
        }
    }

    fn call(&mut self, value: u8) {
        if value == 0 {
            (self.active, self.held) = (None, None);
        } else if self.active.is_none() && self.held.is_none() {
            self.active = Some(self.answered());
        }
    }

    fn call_setup(&mut self, now: Instant, value: u8) {
        let (direction, status) = match value {
            0 => return self.setup_ended(now),
            // Told again of a call that has been answered meanwhile.
            _ if self.moved => return,
            1 if self.active.is_some() => (Direction::Incoming, CallStatus::Waiting),
            1 => (Direction::Incoming, CallStatus::Incoming),
            2 => (Direction::Outgoing, CallStatus::Dialling),
            _ => (Direction::Outgoing, CallStatus::Alerting),
        };
        self.limbo = None;
        match &mut self.setup {
            Some(call) if call.direction == direction => call.status = status,
            _ => self.setup = Some(Call::new(self.free_index(), direction, status)),
        }
    }

    fn setup_ended(&mut self, now: Instant) {
        self.moved = false;
        let waited = self.setup.as_ref().is_some_and(Call::is_ringing);
        if self.is_released(now) && waited && self.active.take().is_some() {
            self.active = Some(self.answered());
            self.moved = false;
        } else if self.setup.is_some() {
            self.limbo = Some(now + LIMBO);
        }
    }

    fn call_held(&mut self, now: Instant, before: u8, value: u8) {
        match value {
            0 => {
                if self.is_released(now) && self.held.is_some() {
                    self.active = None;
                }
                if self.active.is_none()
                    && let Some(call) = self.held.take()
                {
                    self.active = Some(Call { status: CallStatus::Active, ..call });
                }
                self.held = None;
            }
            // Told again without a change: the two changed places.
            1 if before == 1 && self.active.is_some() && self.held.is_some() => self.swap(),
            1 => {
                if self.setup.is_some() || self.held.is_some() {
                    self.hold_active();
                }
                if self.active.is_none() {
                    self.active = Some(self.answered());
                }
                if self.held.is_none() {
                    let index = self.free_index();
                    self.held = Some(Call::new(index, Direction::Incoming, CallStatus::Held));
                }
            }
            // There was one held already: the active one has ended.
            _ if self.held.is_some() => self.active = None,
            _ => self.hold_active(),
        }
    }

    /// Whether this may be the end of the active call that we asked for; it is one change's only.
    fn is_released(&mut self, now: Instant) -> bool {
        self.releasing.take().is_some_and(|until| now <= until)
    }

    /// The active call is held, and one that was held is active.
    fn swap(&mut self) {
        core::mem::swap(&mut self.active, &mut self.held);
        for (call, status) in
            [(&mut self.active, CallStatus::Active), (&mut self.held, CallStatus::Held)]
        {
            if let Some(call) = call {
                call.status = status;
            }
        }
    }

    fn hold_active(&mut self) {
        if self.held.is_none() && self.active.is_some() {
            self.swap();
        }
    }

    /// The call that was being set up, answered; one of which nothing is known where there was none.
    fn answered(&mut self) -> Call {
        self.moved = self.setup.is_some() && self.limbo.take().is_none();
        let index = self.free_index();
        match self.setup.take() {
            Some(call) => Call { status: CallStatus::Active, ..call },
            None => Call::new(index, Direction::Incoming, CallStatus::Active),
        }
    }

    fn free_index(&self) -> u8 {
        let taken = |index: u8| {
            let all = [&self.active, &self.held, &self.setup];
            all.into_iter().flatten().any(|call| call.index == index)
        };
        (1..).find(|index| !taken(*index)).unwrap_or(1)
    }

    /// Who it is that rings.
    pub(super) fn caller(&mut self, number: &Number, name: &CallerName) {
        if let Some(call) = self.setup.as_mut().filter(|call| call.is_ringing()) {
            call.fill(number, name);
        }
    }

    /// What was dialled; whether a call took it.
    pub(super) fn dialled(&mut self, number: &Number) -> bool {
        let call = self.setup.as_mut().filter(|call| call.is_outgoing() && call.number.is_empty());
        let Some(call) = call else { return false };
        call.number.clone_from(number);
        true
    }

    /// The active call is to end, and the other one to take its place.
    pub(super) fn active_released(&mut self, now: Instant) {
        self.releasing = Some(now + RELEASE);
    }
}
