//! Time and space: what is due when, and what reaches whom.

use core::cmp::{Ordering, Reverse};
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use pool::Instant;

use crate::ControllerId;
use crate::message::Message;
use crate::random::Random;

/// The number of a link, or of an attempt to make one: both ends know it by the same.
pub(crate) type Serial = u64;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Timer {
    /// An inquiry is on the air.
    InquiryBegin {
        attempt: Serial,
        length: Duration,
    },
    /// A device answers an inquiry, if it can be heard.
    InquiryResponse {
        from: ControllerId,
        attempt: Serial,
    },
    InquiryEnd {
        attempt: Serial,
    },
    /// The paged device listens, if it does.
    PageTry {
        attempt: Serial,
    },
    PageTimeout {
        attempt: Serial,
    },
    /// The host has not answered a connection request.
    AcceptTimeout {
        attempt: Serial,
    },
    VoiceAcceptTimeout {
        serial: Serial,
    },
    Supervision {
        link: Serial,
    },
    /// A peer has not confirmed the end of a link.
    DetachDone {
        link: Serial,
    },
    /// The public keys of a pairing are exchanged.
    KeysExchanged {
        link: Serial,
    },
    /// A procedure with the peer or its host takes too long.
    ResponseTimeout {
        link: Serial,
        since: Instant,
    },
    /// A data packet is out.
    Sent {
        link: Serial,
    },
    /// A sleeping link listens.
    Anchor,
}

#[derive(Debug)]
pub(crate) enum Occurrence {
    Message { from: ControllerId, to: ControllerId, link: Serial, message: Message },
    Timer { of: ControllerId, timer: Timer },
}

#[derive(Debug)]
struct Entry {
    at: Instant,
    sequence: u64,
    occurrence: Occurrence,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.sequence).cmp(&(other.at, other.sequence))
    }
}

#[derive(Debug)]
pub(crate) struct Medium {
    pub(crate) now: Instant,
    pub(crate) random: Random,
    due: BinaryHeap<Reverse<Entry>>,
    sequence: u64,
    serial: Serial,
    apart: BTreeSet<(ControllerId, ControllerId)>,
    /// When the last message of each direction arrives; none overtakes it.
    last: BTreeMap<(ControllerId, ControllerId), Instant>,
    pub(crate) latency: Duration,
    /// A link came or went somewhere: who can still hear whom is to be looked at.
    pub(crate) links_changed: bool,
}

impl Medium {
    pub(crate) fn new(seed: u64) -> Medium {
        Medium {
            now: Instant::ZERO,
            random: Random::new(seed),
            due: BinaryHeap::new(),
            sequence: 0,
            serial: 0,
            apart: BTreeSet::new(),
            last: BTreeMap::new(),
            latency: Duration::from_micros(2500),
            links_changed: false,
        }
    }

    pub(crate) fn serial(&mut self) -> Serial {
        self.serial += 1;
        self.serial
    }

    /// Sends a message; it arrives after the latency and up to as much again.
    pub(crate) fn send(
        &mut self,
        from: ControllerId,
        to: ControllerId,
        link: Serial,
        message: Message,
    ) {
        let earliest = self.now + self.latency + self.random.shorter_than(self.latency);
        let last = self.last.entry((from, to)).or_default();
        let at = earliest.max(*last);
        *last = at;
        self.push(at, Occurrence::Message { from, to, link, message });
    }

    pub(crate) fn timer(&mut self, of: ControllerId, after: Duration, timer: Timer) {
        self.push(self.now + after, Occurrence::Timer { of, timer });
    }

    fn push(&mut self, at: Instant, occurrence: Occurrence) {
        self.sequence += 1;
        self.due.push(Reverse(Entry { at, sequence: self.sequence, occurrence }));
    }

    /// When the next thing happens.
    pub(crate) fn next_at(&self) -> Option<Instant> {
        self.due.peek().map(|Reverse(entry)| entry.at)
    }

    /// What happens until `end`, one at a time; the time is then its time.
    pub(crate) fn next_until(&mut self, end: Instant) -> Option<Occurrence> {
        if self.next_at()? > end {
            return None;
        }
        let Reverse(entry) = self.due.pop()?;
        self.now = self.now.max(entry.at);
        Some(entry.occurrence)
    }

    pub(crate) fn set_apart(&mut self, a: ControllerId, b: ControllerId, apart: bool) {
        let pair = (a.min(b), a.max(b));
        if apart {
            self.apart.insert(pair);
        } else {
            self.apart.remove(&pair);
        }
    }

    pub(crate) fn is_apart(&self, a: ControllerId, b: ControllerId) -> bool {
        self.apart.contains(&(a.min(b), a.max(b)))
    }
}
