//! Where events go out: numbered, added to the status, and handed to every subscriber and to
//! whoever waits for a command's end.

use std::collections::{HashMap, VecDeque};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

use host::{Event, Refusal, Ticket};
use wire::Address;

use crate::notice::{Notice, What};
use crate::status::Status;
use crate::told::Told;
use crate::wakeup::Wakeup;

/// Notices that a subscriber may leave unread; past that the oldest are dropped and counted.
pub const MAX_UNREAD: usize = 1024;

/// The status and the subscribers of one receiver.
#[derive(Debug)]
pub(crate) struct Hub {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    seq: u64,
    status: Status,
    subscribers: Vec<Weak<Mailbox>>,
    waiting: HashMap<Ticket, End>,
    closed: bool,
}

/// Where the end of a command arrives.
pub(crate) type End = Arc<Told<Result<(), Refusal>>>;

/// One subscriber's notices.
#[derive(Debug)]
struct Mailbox {
    unread: Mutex<Unread>,
    arrived: Condvar,
    wakeup: Wakeup,
}

#[derive(Debug, Default)]
struct Unread {
    notices: VecDeque<Notice>,
    lost: u64,
    closed: bool,
}

/// Locks whatever happened: a panic elsewhere leaves these values whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hub {
    pub(crate) fn new(status: Status) -> Self {
        Hub {
            inner: Mutex::new(Inner {
                seq: 0,
                status,
                subscribers: Vec::new(),
                waiting: HashMap::new(),
                closed: false,
            }),
        }
    }

    /// Tells everybody of an event that happened `t` seconds after the start.
    pub(crate) fn publish(&self, t: f64, event: Event) {
        let mut inner = lock(&self.inner);
        inner.seq += 1;
        inner.status.apply(t, &event);
        if let Event::Done { ticket, result } = &event
            && let Some(waiter) = inner.waiting.remove(ticket)
        {
            waiter.tell(*result);
        }
        let notice =
            Notice { seq: inner.seq, t, time: SystemTime::now(), what: What::Event(event) };
        inner.subscribers.retain(|mailbox| match mailbox.upgrade() {
            Some(mailbox) => {
                mailbox.put(notice.clone());
                true
            }
            None => false,
        });
    }

    /// A new subscriber; its first notice is the snapshot, to which `complete` adds what no event tells.
    pub(crate) fn subscribe(
        &self,
        t: f64,
        complete: impl FnOnce(&mut Status),
    ) -> std::io::Result<Subscription> {
        let mailbox = Arc::new(Mailbox {
            unread: Mutex::default(),
            arrived: Condvar::new(),
            wakeup: Wakeup::new()?,
        });
        let mut inner = lock(&self.inner);
        let mut status = inner.status.clone();
        complete(&mut status);
        let what = What::Snapshot(Arc::new(status));
        mailbox.put(Notice { seq: inner.seq, t, time: SystemTime::now(), what });
        // Of a receiver that has ended there is nothing more to come.
        lock(&mailbox.unread).closed = inner.closed;
        inner.subscribers.push(Arc::downgrade(&mailbox));
        Ok(Subscription(mailbox))
    }

    /// Where the end of a command will arrive; to be called before the command is handed over.
    pub(crate) fn wait_for(&self, ticket: Ticket) -> End {
        let end = End::new(Told::new());
        lock(&self.inner).waiting.insert(ticket, end.clone());
        end
    }

    pub(crate) fn give_up(&self, ticket: Ticket) {
        lock(&self.inner).waiting.remove(&ticket);
    }

    pub(crate) fn status(&self) -> Status {
        lock(&self.inner).status.clone()
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Status)) {
        change(&mut lock(&self.inner).status);
    }

    /// The one phone that `reference` names. An address names itself: whether it is known, the host
    /// says.
    pub(crate) fn phone(&self, reference: &str) -> Result<Address, Refusal> {
        if let Ok(address) = reference.parse() {
            return Ok(address);
        }
        match lock(&self.inner).status.named(reference)[..] {
            [phone] => Ok(phone),
            [] => Err(Refusal::NoSuchPhone),
            _ => Err(Refusal::Ambiguous),
        }
    }

    /// The receiver has ended: so does every subscription after what is unread, those to come too, and
    /// every wait for a command.
    pub(crate) fn close(&self) {
        let mut inner = lock(&self.inner);
        inner.closed = true;
        inner.status.ended();
        for (_, waiter) in inner.waiting.drain() {
            waiter.tell(Err(Refusal::ControllerLost));
        }
        for mailbox in inner.subscribers.drain(..).filter_map(|m| m.upgrade()) {
            lock(&mailbox.unread).closed = true;
            mailbox.arrived.notify_all();
            mailbox.wakeup.wake();
        }
    }
}

impl Mailbox {
    fn put(&self, notice: Notice) {
        let mut unread = lock(&self.unread);
        if unread.notices.len() >= MAX_UNREAD {
            unread.notices.pop_front();
            unread.lost += 1;
        }
        unread.notices.push_back(notice);
        // Before the lock is gone: a reader that finds the box empty clears the wake-up under it.
        self.wakeup.wake();
        drop(unread);
        self.arrived.notify_one();
    }
}

/// A receiver's events, from the snapshot on. Dropping it ends it.
#[derive(Debug)]
pub struct Subscription(Arc<Mailbox>);

/// What [`Subscription::next`] found.
#[derive(Debug)]
pub enum Next {
    /// A notice.
    Notice(Box<Notice>),
    /// None within the time.
    TimedOut,
    /// The receiver is closed and everything was read.
    Closed,
}

impl Subscription {
    /// The next notice, waiting for it at most `timeout` (for ever without one).
    pub fn next(&self, timeout: Option<Duration>) -> Next {
        // What does not fit a clock is for ever.
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut unread = lock(&self.0.unread);
        loop {
            if let Some(notice) = take(&mut unread) {
                if unread.notices.is_empty() && unread.lost == 0 && !unread.closed {
                    self.0.wakeup.clear();
                }
                return Next::Notice(Box::new(notice));
            }
            if unread.closed {
                return Next::Closed;
            }
            unread = match deadline {
                None => self.0.arrived.wait(unread).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Next::TimedOut;
                    }
                    let waited = self.0.arrived.wait_timeout(unread, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Readable while a notice waits; for `poll` and the like.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.0.wakeup.as_fd()
    }

    /// A copy of [`fd`](Subscription::fd) that outlives the subscription.
    pub fn owned_fd(&self) -> std::io::Result<OwnedFd> {
        self.fd().try_clone_to_owned()
    }
}

/// The oldest notice, or how many were lost before it.
fn take(unread: &mut Unread) -> Option<Notice> {
    if unread.lost > 0 {
        let next = unread.notices.front()?;
        let (seq, t, time) = (next.seq - 1, next.t, next.time);
        return Some(Notice { seq, t, time, what: What::Lost(std::mem::take(&mut unread.lost)) });
    }
    unread.notices.pop_front()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub() -> Hub {
        Hub::new(Status::default())
    }

    fn paired(n: u8) -> Event {
        Event::Paired { phone: Address([n; 6]) }
    }

    fn read(subscription: &Subscription) -> Notice {
        match subscription.next(Some(Duration::ZERO)) {
            Next::Notice(notice) => *notice,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_subscriber_gets_the_snapshot_and_then_every_event() {
        let hub = hub();
        hub.publish(1.0, paired(1));
        let subscription = hub.subscribe(2.0, |status| status.name = "completed".into()).unwrap();
        hub.publish(3.0, paired(2));
        let snapshot = read(&subscription);
        assert_eq!((snapshot.name(), snapshot.seq), ("snapshot", 1));
        assert_eq!(snapshot.to_json()["controller"]["name"], "completed");
        let event = read(&subscription);
        assert_eq!((event.name(), event.seq), ("paired", 2));
        assert_eq!(event.to_json()["phone"], "02:02:02:02:02:02");
        assert!(matches!(subscription.next(Some(Duration::ZERO)), Next::TimedOut));
        hub.close();
        assert!(matches!(subscription.next(None), Next::Closed));
    }

    #[test]
    fn a_slow_reader_is_told_what_it_missed() {
        let hub = hub();
        let subscription = hub.subscribe(0.0, |_| ()).unwrap();
        for _ in 0..MAX_UNREAD + 9 {
            hub.publish(0.0, paired(1));
        }
        let lost = read(&subscription);
        assert_eq!(lost.to_json()["count"], 10);
        assert_eq!(read(&subscription).seq, lost.seq + 1);
    }

    #[test]
    fn who_comes_after_the_end_is_told_so() {
        let hub = hub();
        let (phone, stranger) = (Address([1; 6]), Address([2; 6]));
        for phone in [phone, stranger] {
            let name = host::Name::new();
            hub.publish(0.0, Event::Phone { phone, name, connected: true, reason: None });
        }
        hub.publish(0.0, paired(1));
        hub.publish(0.0, Event::Controller { up: true, address: Address([9; 6]) });
        hub.publish(0.0, Event::Pairing { open: true, seconds: 60 });
        hub.close();
        let subscription = hub.subscribe(0.0, |_| ()).unwrap();
        let snapshot = read(&subscription).to_json();
        assert_eq!(snapshot["event"], "snapshot");
        assert_eq!(snapshot["controller"]["state"], "lost");
        assert_eq!(snapshot["controller"]["pairing"], false);
        let phones = snapshot["phones"].as_array().unwrap();
        assert_eq!(phones.len(), 1, "a stranger is known while it is there");
        assert_eq!((&phones[0]["bonded"], &phones[0]["connected"]), (&true.into(), &false.into()));
        assert!(matches!(subscription.next(Some(Duration::MAX)), Next::Closed));
    }

    #[test]
    fn who_waits_for_a_command_gets_its_end() {
        let hub = hub();
        let end = hub.wait_for(Ticket(7));
        hub.publish(0.0, Event::Done { ticket: Ticket(7), result: Err(Refusal::Busy) });
        assert_eq!(end.wait(Duration::ZERO), Some(Err(Refusal::Busy)));
    }

    #[test]
    fn a_phone_is_named_by_address_or_by_a_name_of_its_own() {
        let hub = hub();
        hub.change(|status| {
            for n in 1..=3u8 {
                let name = if n == 1 { "Anna" } else { "Phone" };
                let phone =
                    crate::status::Phone { name: name.into(), bonded: true, ..Default::default() };
                status.phones.insert(Address([n; 6]), phone);
            }
        });
        assert_eq!(hub.phone("Anna"), Ok(Address([1; 6])));
        assert_eq!(hub.phone("02:02:02:02:02:02"), Ok(Address([2; 6])));
        assert_eq!(hub.phone("Phone"), Err(Refusal::Ambiguous));
        assert_eq!(hub.phone("Bert"), Err(Refusal::NoSuchPhone));
    }
}
