//! Paging phones unasked: when the controller comes up, and after a loss (Core 5.4, Vol 4, Part E,
//! 7.1.5, 7.1.7).
//!
//! A *chase* is a phone that is to come back. When the controller comes up, the phones used last are
//! chased, as many as there are seats; when a link is lost, its phone. Chases take turns, one page
//! at a time, with a pause after each in which a phone may find us by itself: page scan is never
//! turned off. One that did not come is paged again after 2 s, doubling to `reconnect_max_s`, for
//! `reconnect_for_s`. A chase ends when its phone has a seat, is turned or sent away, is forgotten,
//! or refuses us; in the last case, and when its owner sent it away, the phone is left alone until
//! it comes by itself or its owner asks for it.
//!
//! Nobody is paged while every seat is taken or while the owner has a phone connected; under music
//! pages are brief and rare. What a phone is paged for is decided elsewhere: its link is secured
//! like any other, and it puts nobody out.

use core::time::Duration;

use pool::Instant;
use stack::controller::OrderError;
use stack::{Call, MAX_BONDS};
use wire::Address;
use wire::hci::{Slots, Status};

use crate::event::{Event, OrderKind};
use crate::host::Host;
use crate::link::Link;
use crate::pending::Wait;
use crate::timers::Timer;

/// The first wait after a loss or a failure; it doubles.
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// Between two pages: a phone that pages us finds a page scan, which comes every 640 ms.
const PAUSE: Duration = Duration::from_secs(1);

/// How pages may be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Pace {
    /// How long one may take.
    timeout: Duration,
    /// From the beginning of one to the beginning of the next, at least.
    apart: Duration,
}

/// While nothing is heard: the controllers' usual page time-out.
const QUIET: Pace = Pace { timeout: Duration::from_millis(5120), apart: Duration::ZERO };
/// While media is heard. A phone looks for pages every 1.28 s.
const MUSIC: Pace = Pace { timeout: Duration::from_millis(1400), apart: Duration::from_secs(30) };

/// A phone that is to come back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Chase {
    phone: Address,
    since: Instant,
    /// When it is paged next.
    due: Instant,
    /// How often it was waited for.
    waits: u32,
}

/// The page under way, from its beginning until its link is secured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Page {
    phone: Address,
    began: Instant,
    timeout: Duration,
    cancelled: bool,
}

/// The chases and their page.
#[derive(Debug, Default)]
pub(crate) struct Pager {
    chases: heapless::Vec<Chase, MAX_BONDS>,
    page: Option<Page>,
    /// When the last page began.
    began: Option<Instant>,
    /// When the last page ended.
    ended: Option<Instant>,
}

impl Pager {
    /// Chases these phones, in this order, and nobody else.
    fn recall(&mut self, now: Instant, phones: impl Iterator<Item = Address>) {
        *self = Pager::default();
        self.chases.extend(phones.map(|phone| Chase { phone, since: now, due: now, waits: 0 }));
    }

    /// A phone's link was lost.
    fn lost(&mut self, now: Instant, phone: Address, longest: Duration) {
        self.give_up(phone);
        // There is room for every phone that has a bond; another one cannot be paged.
        let _ = self.chases.push(Chase { phone, since: now, due: now, waits: 0 });
        self.wait(now, phone, longest);
    }

    /// A phone did not come: it is paged again after a wait.
    fn wait(&mut self, now: Instant, phone: Address, longest: Duration) {
        if let Some(chase) = self.chases.iter_mut().find(|chase| chase.phone == phone) {
            let doubled = FIRST_WAIT.saturating_mul(1 << chase.waits.min(16));
            chase.due = now + doubled.min(longest);
            chase.waits += 1;
        }
    }

    /// Chases a phone no longer; says whether it was.
    pub(crate) fn give_up(&mut self, phone: Address) -> bool {
        let before = self.chases.len();
        self.chases.retain(|chase| chase.phone != phone);
        self.chases.len() < before
    }

    /// Chases nobody any longer.
    pub(crate) fn give_all_up(&mut self) {
        self.chases.clear();
    }

    /// The page to a phone is over; says whether there was one.
    pub(crate) fn ended(&mut self, now: Instant, phone: Address) -> bool {
        let was = self.page.take_if(|page| page.phone == phone).is_some();
        if was {
            self.ended = Some(now);
        }
        was
    }

    fn chase(&self, phone: Address) -> Option<&Chase> {
        self.chases.iter().find(|chase| chase.phone == phone)
    }

    fn is_idle(&self) -> bool {
        self.chases.is_empty() && self.page.is_none()
    }

    /// Who is to be paged next, and when.
    fn next(&self, pace: Pace, is_away: impl Fn(Address) -> bool) -> Option<(Address, Instant)> {
        let chase =
            self.chases.iter().filter(|chase| is_away(chase.phone)).min_by_key(|c| c.due)?;
        let begun = self.began.map(|began| began + pace.apart);
        let rested = self.ended.map(|ended| ended + PAUSE);
        let at = [begun, rested].into_iter().flatten().fold(chase.due, Instant::max);
        Some((chase.phone, at))
    }
}

/// A phone whose link ended so did not want that.
pub(crate) fn is_loss(reason: Status) -> bool {
    [Status::CONNECTION_TIMEOUT, Status::LMP_RESPONSE_TIMEOUT, Status::HARDWARE_FAILURE]
        .contains(&reason)
}

/// A phone that says so does not know us, or does not want to.
fn is_refusal(status: Status) -> bool {
    [
        Status::AUTHENTICATION_FAILURE,
        Status::PIN_OR_KEY_MISSING,
        Status::REJECTED_SECURITY_REASONS,
        Status::REJECTED_UNACCEPTABLE_BD_ADDR,
        Status::PAIRING_NOT_ALLOWED,
    ]
    .contains(&status)
}

impl Host {
    /// Begins or ends a page, as everything stands now; says whether the stack was told anything.
    pub(crate) fn page(&mut self, now: Instant) -> bool {
        if self.up.is_none() || self.pager.is_idle() {
            return false;
        }
        let pace = self.pace();
        if let Some(page) = self.pager.page {
            return self.watch(now, page, pace);
        }
        let longest = Duration::from_secs(self.settings.reconnect_for_seconds.into());
        self.pager.chases.retain(|chase| chase.due.max(now) <= chase.since + longest);
        let is_away = |phone| self.link_of(phone).is_none();
        match pace.and_then(|pace| Some((pace, self.pager.next(pace, is_away)?))) {
            Some((pace, (phone, at))) if at <= now => {
                self.begin_page(now, phone, pace.timeout);
                true
            }
            Some((_, (_, at))) => {
                self.timers.arm(Timer::Page, at);
                false
            }
            None => {
                self.timers.disarm(Timer::Page);
                false
            }
        }
    }

    /// How a phone may be paged unasked now; `None`: not at all.
    fn pace(&self) -> Option<Pace> {
        let newcomers = self.newcomers.len() + usize::from(self.waiting.is_some());
        let taken = self.seats.iter().flatten().count() + newcomers;
        let full = taken >= usize::from(self.settings.policy.seats);
        let asked = self.pending.wants_profile();
        let in_call = self.roster.seats.iter().any(multipoint::Seat::in_call);
        if self.leaving || full || asked || in_call {
            return None;
        }
        Some(if self.roster.audible == 0 { QUIET } else { MUSIC })
    }

    fn begin_page(&mut self, now: Instant, phone: Address, timeout: Duration) {
        if !self.stack.controller().is_bonded(phone) {
            self.pager.give_up(phone);
        } else if self.place(now, phone, timeout).is_err() {
            self.wait_for(now, phone);
        } else {
            self.pager.began = Some(now);
            self.pager.page = Some(Page { phone, began: now, timeout, cancelled: false });
            self.notify(Event::Order { phone, order: OrderKind::Page });
        }
    }

    /// Gives up a page for which there is no reason any more, or that takes too long for the music that
    /// began meanwhile.
    fn watch(&mut self, now: Instant, page: Page, pace: Option<Pace>) -> bool {
        let asked = self.pending.is_wanted(Wait::Profile(page.phone));
        let until = match pace {
            _ if page.cancelled || asked => None,
            Some(pace) if self.pager.chase(page.phone).is_some() => {
                (pace.timeout < page.timeout).then_some(page.began + pace.timeout)
            }
            _ => Some(now),
        };
        match until {
            Some(at) if at <= now => self.stop_paging(now, page.phone),
            Some(at) => self.timers.arm(Timer::Page, at),
            None => self.timers.disarm(Timer::Page),
        }
        until.is_some_and(|at| at <= now)
    }

    /// Pages a phone because its owner asks for it.
    pub(crate) fn page_asked(&mut self, now: Instant, phone: Address) -> Result<(), OrderError> {
        self.phones.entry(phone).left_alone = false;
        self.place(now, phone, QUIET.timeout)
    }

    fn place(&mut self, now: Instant, phone: Address, timeout: Duration) -> Result<(), OrderError> {
        let timeout = Slots::from_millis(timeout.as_millis() as u32);
        self.call(now, Call::PageTimeout(timeout));
        self.stack.call(now, Call::Connect(phone))
    }

    /// Ends the page to a phone, whoever wanted it.
    pub(crate) fn stop_paging(&mut self, now: Instant, phone: Address) {
        if let Some(page) = self.pager.page.as_mut().filter(|page| page.phone == phone) {
            page.cancelled = true;
        }
        self.call(now, Call::CancelConnect(phone));
    }

    fn wait_for(&mut self, now: Instant, phone: Address) {
        self.pager.wait(now, phone, self.longest_wait());
    }

    fn longest_wait(&self) -> Duration {
        Duration::from_secs(self.settings.reconnect_max_seconds.max(1).into())
    }

    /// The controller is up: the phones used last are to come.
    pub(crate) fn recall(&mut self, now: Instant) {
        let phones = self.stack.controller().bonds().iter().filter(|bond| {
            self.stack.controller().is_bonded(bond.address)
                && !self.phones.is_put_out(bond.address, now)
                && !self.phones.get(bond.address).is_some_and(|phone| phone.left_alone)
        });
        let mut ranks: heapless::Vec<_, MAX_BONDS> =
            phones.map(|bond| (bond.last_used, bond.address)).collect();
        // Those that were connected until the controller went are among the first.
        ranks.sort_unstable_by(|a, b| b.cmp(a));
        let wanted = self.settings.reconnect && !self.leaving;
        let seats = if wanted { usize::from(self.settings.policy.seats) } else { 0 };
        self.pager.recall(now, ranks.iter().take(seats).map(|(_, phone)| *phone));
    }

    /// A page, ours or its owner's, came to nothing.
    pub(crate) fn page_failed(&mut self, now: Instant, phone: Address, status: Status) {
        let unasked = self.pager.ended(now, phone);
        if is_refusal(status) {
            self.leave_alone(phone);
        } else if unasked {
            self.wait_for(now, phone);
        }
        let in_vain = [Status::PAGE_TIMEOUT, Status::OPERATION_CANCELLED_BY_HOST];
        let asked = self.pending.is_wanted(Wait::Profile(phone));
        // Its owner, who asked for it meanwhile, gets a whole page.
        let again = unasked && asked && in_vain.contains(&status);
        if !(again && self.page_asked(now, phone).is_ok()) {
            self.connect_failed(phone, status);
        }
    }

    /// A phone's link could not be secured.
    pub(crate) fn chase_refused(&mut self, now: Instant, link: Link, status: Status) {
        if is_loss(status) {
            self.wait_for(now, link.address);
        } else if link.outgoing {
            self.leave_alone(link.address);
        } else {
            // Whoever came in its name.
            self.pager.give_up(link.address);
        }
    }

    /// A phone's link ended, which had a seat or had not, and not because we wanted it.
    pub(crate) fn chase_lost(
        &mut self,
        now: Instant,
        phone: Address,
        reason: Status,
        seated: bool,
    ) {
        let on_purpose = [
            Status::REMOTE_USER_TERMINATED_CONNECTION,
            Status::REMOTE_TERMINATED_LOW_RESOURCES,
            Status::REMOTE_TERMINATED_POWER_OFF,
        ];
        if is_refusal(reason) {
            self.leave_alone(phone);
        } else if on_purpose.contains(&reason) {
            self.pager.give_up(phone);
        } else if seated && is_loss(reason) && self.settings.reconnect && !self.leaving {
            self.pager.lost(now, phone, self.longest_wait());
        } else {
            self.wait_for(now, phone);
        }
    }

    /// A phone is not paged until it comes or its owner asks for it.
    pub(crate) fn leave_alone(&mut self, phone: Address) {
        self.pager.give_up(phone);
        self.phones.entry(phone).left_alone = true;
    }
}
