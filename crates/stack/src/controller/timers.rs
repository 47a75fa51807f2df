//! The controller's timers: one place in an array for each, whose minimum is the next deadline.

use pool::Instant;

use crate::{LinkId, MAX_LINKS};

/// Connection requests that are pending at once.
pub(super) const MAX_INCOMING: usize = 4;

/// What a deadline is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Timer {
    /// The command that is being carried out, or the credit that the next one waits for.
    Command,
    /// The outgoing connection.
    Page,
    /// The remote name request.
    Name,
    /// The inquiry.
    Inquiry,
    /// Blocks were lacking: look again.
    Blocks,
    /// Packets that came before their link.
    Early,
    /// A connection request, from its arrival to its connection.
    Incoming(usize),
    /// The whole of a link's security.
    Security(LinkId),
    /// The next step or the next try of a link's security.
    Retry(LinkId),
    /// The owner's answer.
    Confirm(LinkId),
    /// The end of a link that was disconnected.
    Leaving(LinkId),
    /// The stage that a voice link is in.
    Voice(LinkId),
}

const SINGLE: usize = 6;
const COUNT: usize = SINGLE + MAX_INCOMING + 5 * MAX_LINKS;

impl Timer {
    fn place(self) -> usize {
        let of_link = |kind: usize, link: LinkId| {
            SINGLE + MAX_INCOMING + kind * MAX_LINKS + (link.0 as usize).min(MAX_LINKS - 1)
        };
        match self {
            Timer::Command => 0,
            Timer::Page => 1,
            Timer::Name => 2,
            Timer::Inquiry => 3,
            Timer::Blocks => 4,
            Timer::Early => 5,
            Timer::Incoming(slot) => SINGLE + slot.min(MAX_INCOMING - 1),
            Timer::Security(link) => of_link(0, link),
            Timer::Confirm(link) => of_link(1, link),
            Timer::Retry(link) => of_link(3, link),
            Timer::Leaving(link) => of_link(2, link),
            Timer::Voice(link) => of_link(4, link),
        }
    }

    fn at(place: usize) -> Timer {
        match place {
            0 => Timer::Command,
            1 => Timer::Page,
            2 => Timer::Name,
            3 => Timer::Inquiry,
            4 => Timer::Blocks,
            5 => Timer::Early,
            _ if place < SINGLE + MAX_INCOMING => Timer::Incoming(place - SINGLE),
            _ => {
                let rest = place - SINGLE - MAX_INCOMING;
                let link = LinkId((rest % MAX_LINKS) as u8);
                match rest / MAX_LINKS {
                    0 => Timer::Security(link),
                    1 => Timer::Confirm(link),
                    2 => Timer::Leaving(link),
                    3 => Timer::Retry(link),
                    _ => Timer::Voice(link),
                }
            }
        }
    }
}

/// The deadlines.
#[derive(Debug)]
pub(super) struct Timers {
    at: [Option<Instant>; COUNT],
}

impl Timers {
    pub(super) const fn new() -> Self {
        Timers { at: [None; COUNT] }
    }

    /// Sets a timer, anew if it runs.
    pub(super) fn arm(&mut self, timer: Timer, at: Instant) {
        self.at[timer.place()] = Some(at);
    }

    pub(super) fn stop(&mut self, timer: Timer) {
        self.at[timer.place()] = None;
    }

    pub(super) fn is_armed(&self, timer: Timer) -> bool {
        self.at[timer.place()].is_some()
    }

    pub(super) fn stop_all(&mut self) {
        self.at = [None; COUNT];
    }

    /// The next deadline.
    pub(super) fn next(&self) -> Option<Instant> {
        self.at.iter().flatten().min().copied()
    }

    /// Takes a timer that has run out by `now`, the earliest first.
    pub(super) fn expired(&mut self, now: Instant) -> Option<Timer> {
        let due = |at: &Option<Instant>| at.filter(|&at| at <= now);
        let (place, _) = (self.at.iter().enumerate())
            .filter_map(|(place, at)| due(at).map(|at| (place, at)))
            .min_by_key(|&(_, at)| at)?;
        self.at[place] = None;
        Some(Timer::at(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_timer_has_a_place_of_its_own() {
        for place in 0..COUNT {
            assert_eq!(Timer::at(place).place(), place);
        }
    }

    #[test]
    fn timers_run_out_in_order_and_once() {
        let mut timers = Timers::new();
        timers.arm(Timer::Security(LinkId(3)), Instant::from_millis(20));
        timers.arm(Timer::Page, Instant::from_millis(10));
        timers.arm(Timer::Command, Instant::from_millis(30));
        assert_eq!(timers.next(), Some(Instant::from_millis(10)));
        let now = Instant::from_millis(25);
        assert_eq!(timers.expired(now), Some(Timer::Page));
        assert_eq!(timers.expired(now), Some(Timer::Security(LinkId(3))));
        assert_eq!(timers.expired(now), None);
        assert_eq!(timers.next(), Some(Instant::from_millis(30)));
    }
}
