//! How the radio thread and its transport are doing, for `Status` and `top`: written there once a
//! second, read by anyone.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use pool::Instant;

/// How late a wake-up is before it counts: more than this, and voice would be heard to suffer.
const LATE: Duration = Duration::from_millis(4);
/// How often the transport is asked.
pub(crate) const ROUND: Duration = Duration::from_secs(1);

/// What is told of a transport.
const TRANSPORT: usize = 13;

/// The same by name.
fn named(health: &usb::Health) -> [(&'static str, u64); TRANSPORT] {
    [
        ("usb_missed_refills", health.missed_refills),
        ("usb_stalls", health.stalls),
        ("usb_resubmits", health.resubmits),
        ("usb_dropped", health.dropped),
        ("usb_no_memory", health.no_memory),
        ("usb_resyncs", health.resyncs),
        ("usb_bad_packets", health.bad_packets),
        ("usb_stale", health.stale),
        ("usb_queued", health.queued as u64),
        ("usb_voice_queued", health.voice_queued as u64),
        ("usb_voice_starved", health.voice_starved),
        ("usb_voice_lost", health.voice_lost),
        ("usb_voice_dropped", health.voice_dropped),
    ]
}

/// The counters.
#[derive(Debug, Default)]
pub(crate) struct Health {
    late: AtomicU64,
    latest_us: AtomicU64,
    /// In the order of [`named`], since the dongle was opened.
    transport: [AtomicU64; TRANSPORT],
    has_transport: AtomicBool,
}

impl Health {
    /// The thread wanted to be woken at `due`, and it is `now`.
    #[inline]
    pub(crate) fn woke(&self, due: Instant, now: Instant) {
        let late = now.since(due);
        if late > LATE {
            self.late.fetch_add(1, Ordering::Relaxed);
            self.latest_us.fetch_max(late.as_micros() as u64, Ordering::Relaxed);
        }
    }

    /// What the transport says of itself.
    pub(crate) fn tell(&self, health: &usb::Health) {
        for ((_, value), count) in named(health).into_iter().zip(&self.transport) {
            count.store(value, Ordering::Relaxed);
        }
        self.has_transport.store(true, Ordering::Relaxed);
    }

    pub(crate) fn shown(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let thread =
            [("late_wakeups", read(&self.late)), ("latest_wakeup_us", read(&self.latest_us))];
        let shown = if self.has_transport.load(Ordering::Relaxed) { TRANSPORT } else { 0 };
        let names = named(&usb::Health::default()).into_iter().map(|(name, _)| name);
        let transport = names.zip(self.transport.iter().map(read)).take(shown);
        thread.into_iter().chain(transport)
    }
}
