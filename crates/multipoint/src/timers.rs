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
                Voice::None if self.assistant => 3,
                Voice::None if self.audio == Audio::Awaited && self.calls.active != Few::None => 3,
                Voice::None | Voice::Asked | Voice::Open => 0,
            },
            Timer::AutoAnswer => u8::from(self.auto == Auto::Counting),
        }
    }
}

/// A timer's place among all of a seat's, two bits each.
fn place(timer: Timer) -> u32 {
    2 * timer as u32
}

/// What all timers of a seat run for.
fn all_awaited(seat: &Seat) -> u32 {
    let awaited = |timer| u32::from(seat.awaits(timer)) << place(timer);
    Timer::ALL.into_iter().fold(0, |all, timer| all | awaited(timer))
}

/// Orders what the difference between the roster as it was and as it is comes to.
pub(crate) fn settle(decision: &mut Decision) {
    for id in all() {
        let n = usize::from(id.0);
        let (before, after) = (&decision.before.seats[n], &decision.roster.seats[n]);
        if !before.taken && !after.taken {
            continue;
        }
        let (mut was, is) = (all_awaited(before), all_awaited(after));
        if let Some((_, timer)) = decision.ended.filter(|(seat, _)| *seat == id) {
            was &= !(3 << place(timer));
        }
        for timer in Timer::ALL.into_iter().filter(|_| was != is) {
            turn(decision, id, timer, was >> place(timer) & 3, is >> place(timer) & 3);
        }
    }
}

fn turn(decision: &mut Decision, id: SeatId, timer: Timer, was: u32, is: u32) {
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
