//! The timers follow the roster: what a seat waits for says which of its timers run.

use crate::decide::{Decision, all};
use crate::fact::Timer;
use crate::order::Order;
use crate::roster::{Asked, Audio, Auto, Few, Resume, Seat, SeatId, Told, Voice};

impl Seat {
    /// Whether a timer of this seat runs.
    pub fn runs(&self, timer: Timer) -> bool {
        self.awaits(timer) > 0
    }

    /// What a timer runs for, numbered; 0: it does not run. Another number starts it again.
    fn awaits(&self, timer: Timer) -> u8 {
        match timer {
            Timer::Settle => u8::from(self.settling),
            Timer::Blip => u8::from(self.blip),
            Timer::Told if self.told == Told::Waiting => 1,
            Timer::Told => 2 * u8::from(self.echo),
            Timer::Resume => u8::from(self.resume == Resume::Due),
            Timer::ResumeWithin => {
                u8::from(matches!(self.resume, Resume::Paused | Resume::Due | Resume::Late))
            }
            Timer::Call => match self.asked {
                Asked::Hold => 1,
                Asked::End => 2,
                Asked::Retrieve => 3,
                Asked::Nothing | Asked::Answer => 0,
            },
            Timer::Answer => u8::from(self.asked == Asked::Answer),
            Timer::Voice => match self.voice {
                Voice::Opening => 1,
                Voice::Closing => 2,
                Voice::None if self.audio == Audio::Awaited && self.calls.active != Few::None => 3,
                Voice::None | Voice::Asked | Voice::Open => 0,
            },
            Timer::AutoAnswer => u8::from(self.auto == Auto::Counting),
        }
    }
}

/// Orders what the difference between the roster as it was and as it is comes to.
pub(crate) fn settle(decision: &mut Decision) {
    for id in all() {
        let n = usize::from(id.0);
        let (before, after) = (decision.before.seats[n], decision.roster.seats[n]);
        if before != after {
            for timer in Timer::ALL {
                let ended = decision.ended == Some((id, timer));
                let was = if ended { 0 } else { before.awaits(timer) };
                turn(decision, id, timer, was, after.awaits(timer));
            }
        }
    }
}

fn turn(decision: &mut Decision, id: SeatId, timer: Timer, was: u8, is: u8) {
    if is > 0 && is != was {
        decision.order(Order::Arm(id, timer));
    } else if is == 0 && was > 0 {
        decision.order(Order::Disarm(id, timer));
    }
}

/// A seat is given up: its timers are stopped, and what comes after begins anew.
pub(crate) fn stop(decision: &mut Decision, id: SeatId) {
    let seat = core::mem::take(&mut decision.before.seats[usize::from(id.0)]);
    for timer in Timer::ALL.into_iter().filter(|&timer| seat.runs(timer)) {
        decision.order(Order::Disarm(id, timer));
    }
}
