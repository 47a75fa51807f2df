//! Links that carry nothing sleep: sniff mode after a while without music, calls and voice, and active
//! mode as soon as one of them is there.
//!
//! A phone may put the link to sleep, or wake it, as it likes. One that refuses is not asked again
//! before the link has carried something.

use core::time::Duration;

use multipoint::Resume;
use pool::Instant;
use stack::{Call, LinkId, MAX_LINKS};

use crate::host::Host;
use crate::timers::{LinkTimer, Timer};

/// How long a link carries nothing before it sleeps.
const IDLE_AFTER: Duration = Duration::from_secs(10);

/// How idle a link is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Idle {
    /// It carries something, or has no seat.
    #[default]
    Busy,
    /// It has carried nothing for a while.
    Waiting,
    /// It was asked to sleep.
    Asleep,
}

impl Host {
    /// Sees to the links that began or ceased to carry something; says whether there was one to wake.
    pub(crate) fn rest(&mut self, now: Instant) -> bool {
        let mut woken = false;
        for id in (0..MAX_LINKS as u8).map(LinkId) {
            let busy = self.is_busy(id);
            let Some(link) = self.link_mut(id) else { continue };
            match (link.idle, busy) {
                (Idle::Busy, false) => {
                    link.idle = Idle::Waiting;
                    self.timers.arm(Timer::Link(id, LinkTimer::Idle), now + IDLE_AFTER);
                }
                (Idle::Waiting | Idle::Asleep, true) => {
                    link.idle = Idle::Busy;
                    let sleeps = link.sniff;
                    self.timers.disarm(Timer::Link(id, LinkTimer::Idle));
                    if sleeps {
                        self.call(now, Call::Sniff(id, false));
                        woken = true;
                    }
                }
                _ => {}
            }
        }
        woken
    }

    /// A link's mode changed. It may have fallen asleep, as we asked, just when it was to wake.
    pub(crate) fn mode(&mut self, now: Instant, id: LinkId, sniff: bool) {
        let Some(link) = self.link_mut(id) else { return };
        link.slept &= sniff;
        if sniff && link.slept && link.idle == Idle::Busy {
            self.call(now, Call::Sniff(id, false));
        }
        self.link_changed(now, id, |link| link.sniff = sniff);
    }

    /// A link has carried nothing for long enough.
    pub(crate) fn idle(&mut self, now: Instant, id: LinkId) {
        let Some(link) = self.link_mut(id).filter(|link| link.idle == Idle::Waiting) else {
            return;
        };
        link.idle = Idle::Asleep;
        if !link.sniff {
            link.slept = true;
            self.call(now, Call::Sniff(id, true));
        }
    }

    fn is_busy(&self, id: LinkId) -> bool {
        let Some(link) = self.link(id) else { return false };
        let Some(seat) = link.seat else { return true };
        let seat = &self.roster.seats[usize::from(seat.0)];
        // One that is about to play again is not to be woken first.
        let resumes = seat.resume != Resume::No;
        let calls = link.voice.is_some() || seat.in_call() || seat.assistant;
        link.playing || resumes || calls || seat.settling
    }
}
