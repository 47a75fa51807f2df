//! The one place that reads the monotonic clock.

use pool::Instant;

/// Counts from the receiver's start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(std::time::Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Clock(std::time::Instant::now())
    }

    /// In whole microseconds, which is what captures hold: a capture tells exactly when a host was
    /// fed.
    pub(crate) fn now(self) -> Instant {
        let micros = u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX);
        Instant::from_nanos(micros.saturating_mul(1_000))
    }

    pub(crate) fn seconds(self) -> f64 {
        self.now().as_secs_f64()
    }
}
