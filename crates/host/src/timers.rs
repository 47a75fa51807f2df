//! The host's timers: a deadline each in an array; the earliest is the next wake-up.

use multipoint::{MAX_SEATS, SeatId};
use pool::Instant;
use stack::{LinkId, MAX_LINKS};

/// What a deadline is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Timer {
    /// Pairing mode ends.
    Pairing,
    /// A timer of the policy.
    Seat(SeatId, multipoint::Timer),
    /// A command has taken too long.
    Pending,
    /// Leaving has taken too long.
    Goodbye,
    /// A phone is to be paged, or has been for long enough.
    Page,
    /// A timer of a link.
    Link(LinkId, LinkTimer),
}

/// What a link's deadline is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LinkTimer {
    /// Its state may be told again.
    Tell,
    /// A headset's line has not rung for a while.
    Rings,
    /// It has carried nothing for a while.
    Idle,
    /// How strongly it is received is to be read, and what changed of its phone to be kept.
    Look,
}

impl LinkTimer {
    /// Each of them.
    pub(crate) const ALL: [LinkTimer; 4] =
        [LinkTimer::Tell, LinkTimer::Rings, LinkTimer::Idle, LinkTimer::Look];
}

const POLICY: [multipoint::Timer; 9] = multipoint::Timer::ALL;
const LINK: [LinkTimer; 4] = LinkTimer::ALL;
const SINGLE: usize = 4;
/// The first of the policy's.
const SEATS: usize = SINGLE + MAX_LINKS * LINK.len();
const COUNT: usize = SEATS + MAX_SEATS * POLICY.len();

#[derive(Debug)]
pub(crate) struct Timers {
    deadlines: [Option<Instant>; COUNT],
    /// Their earliest: it is asked for before every wait.
    earliest: Option<Instant>,
}

impl Default for Timers {
    fn default() -> Self {
        Timers { deadlines: [None; COUNT], earliest: None }
    }
}

impl Timers {
    pub(crate) fn arm(&mut self, timer: Timer, at: Instant) {
        self.set(index(timer), Some(at));
    }

    pub(crate) fn disarm(&mut self, timer: Timer) {
        self.set(index(timer), None);
    }

    fn set(&mut self, n: usize, deadline: Option<Instant>) {
        self.deadlines[n] = deadline;
        self.earliest = self.deadlines.iter().flatten().min().copied();
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.earliest
    }

    /// Takes the earliest timer that is due.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<Timer> {
        let due = |at: &Option<Instant>| at.filter(|at| *at <= now);
        let (n, _) = self
            .deadlines
            .iter()
            .enumerate()
            .filter(|(_, at)| due(at).is_some())
            .min_by_key(|(_, at)| **at)?;
        self.set(n, None);
        Some(timer(n))
    }
}

fn index(timer: Timer) -> usize {
    match timer {
        Timer::Pairing => 0,
        Timer::Pending => 1,
        Timer::Goodbye => 2,
        Timer::Page => 3,
        Timer::Link(id, timer) => {
            let kind = LINK.iter().position(|t| *t == timer).unwrap_or(0);
            SINGLE + usize::from(id.0).min(MAX_LINKS - 1) * LINK.len() + kind
        }
        Timer::Seat(id, timer) => {
            let kind = POLICY.iter().position(|t| *t == timer).unwrap_or(0);
            SEATS + usize::from(id.0).min(MAX_SEATS - 1) * POLICY.len() + kind
        }
    }
}

fn timer(index: usize) -> Timer {
    match index {
        0 => Timer::Pairing,
        1 => Timer::Pending,
        2 => Timer::Goodbye,
        3 => Timer::Page,
        n if n < SEATS => {
            let n = n - SINGLE;
            Timer::Link(LinkId((n / LINK.len()) as u8), LINK[n % LINK.len()])
        }
        n => {
            let n = n - SEATS;
            Timer::Seat(SeatId((n / POLICY.len()) as u8), POLICY[n % POLICY.len()])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_timer_has_a_place_of_its_own() {
        for n in 0..COUNT {
            assert_eq!(index(timer(n)), n);
        }
    }

    #[test]
    fn the_earliest_comes_first_and_once() {
        let mut timers = Timers::default();
        let at = Instant::from_millis;
        timers.arm(Timer::Pairing, at(20));
        timers.arm(Timer::Seat(SeatId(5), multipoint::Timer::Blip), at(10));
        assert_eq!(timers.next(), Some(at(10)));
        assert_eq!(timers.pop_due(at(9)), None);
        assert_eq!(timers.pop_due(at(30)), Some(Timer::Seat(SeatId(5), multipoint::Timer::Blip)));
        assert_eq!(timers.pop_due(at(30)), Some(Timer::Pairing));
        assert_eq!(timers.pop_due(at(30)), None);
    }
}
