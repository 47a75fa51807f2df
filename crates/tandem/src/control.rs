//! The control thread: writes bonds and the capture, tells subscribers. Ordinary priority; it may
//! block where the real-time threads may not.

use std::fmt::{self, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use host::Event;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::bonds::BondStore;
use crate::capture::Capture;
use crate::radio::Ready;
use crate::shared::{Report, Shared};

/// How often it looks around when nothing wakes it, so that a capture reaches the disk.
const ROUND: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

pub(crate) struct Control {
    pub(crate) shared: Arc<Shared>,
    pub(crate) bonds: Option<BondStore>,
    pub(crate) capture: Option<Capture>,
    /// Where the first readiness is told; gone after it.
    pub(crate) ready: Option<Ready>,
    /// Reports that are known to be lost.
    pub(crate) lost: u64,
}

impl Control {
    /// Runs until the other threads have ended and every report is taken.
    pub(crate) fn run(mut self) {
        loop {
            let last = self.shared.is_finished();
            self.shared.control.clear();
            while let Some(report) = self.shared.next_report() {
                self.take(report);
            }
            if let Some(capture) = &mut self.capture
                && let Err(error) = capture.flush()
            {
                self.capture = None;
                self.warn("capture", format_args!("the capture ended: {error}"));
            }
            self.shared.gallery.flush();
            self.admit_losses();
            if last {
                self.shared.end_commands();
                self.shared.gallery.close();
                break self.shared.hub.close();
            }
            let mut fds = [PollFd::from_borrowed_fd(self.shared.control.as_fd(), PollFlags::IN)];
            // A signal only makes the round shorter.
            let _ = poll(&mut fds, Some(&ROUND));
        }
    }

    fn take(&mut self, report: Report) {
        match report {
            Report::Event(at, event) => {
                if let Some(capture) = &mut self.capture {
                    capture.event(at, &event);
                }
                self.shared.gallery.event(at, &event);
                let up = matches!(event, Event::Controller { up: true, .. });
                self.shared.hub.publish(at.as_secs_f64(), event);
                if let Some(ready) = self.ready.take_if(|_| up) {
                    ready.tell(Ok(()));
                }
            }
            Report::Store(bond) => {
                let stored = self.bonds.as_ref().map_or(Ok(()), |bonds| bonds.store(&bond));
                if let Err(error) = stored {
                    let phone = bond.address;
                    self.warn("bond", format_args!("the bond of {phone} is not on disk: {error}"));
                }
            }
            Report::Erase(phone) => {
                let erased = self.bonds.as_ref().map_or(Ok(()), |bonds| bonds.erase(phone));
                if let Err(error) = erased {
                    self.warn(
                        "bond",
                        format_args!("the bond of {phone} is still on disk: {error}"),
                    );
                }
                self.shared.hub.change(|status| status.erased(phone));
            }
            Report::Closed(tap) => drop(tap),
            Report::Capture(record) => {
                if let Some(capture) = &mut self.capture {
                    capture.write(&record);
                }
                self.shared.gallery.write(&record);
            }
        }
    }

    /// Says that reports were lost, if any were: an event is never missing in silence.
    fn admit_losses(&mut self) {
        let lost = self.shared.counters.reports_dropped.load(Ordering::Relaxed);
        if lost > self.lost {
            let text = format_args!(
                "{} events were lost: the disk or the processor is too slow; a new bond may be missing",
                lost - self.lost
            );
            self.warn("lost", text);
            self.lost = lost;
        }
    }

    fn warn(&self, code: &'static str, text: std::fmt::Arguments<'_>) {
        self.shared.hub.publish(self.shared.clock.seconds(), warning(code, text));
    }
}

/// A `warning` event; a text that is too long is cut, and ends with "…".
pub(crate) fn warning(code: &'static str, text: std::fmt::Arguments<'_>) -> Event {
    let mut short = Short(heapless::String::new());
    if short.write_fmt(text).is_err() {
        while short.0.push('…').is_err() {
            short.0.pop();
        }
    }
    Event::Warning { code, text: short.0 }
}

/// Takes what fits, without allocation: real-time threads warn too.
struct Short<const N: usize>(heapless::String<N>);

impl<const N: usize> Write for Short<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|letter| self.0.push(letter).map_err(|_| fmt::Error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_that_is_too_long_is_cut_between_letters_and_says_so() {
        let Event::Warning { text, .. } = warning("x", format_args!("a{}", "é".repeat(5_000)))
        else {
            unreachable!()
        };
        assert!(text.len() + 2 > text.capacity() && text.ends_with("é…"), "{}", text.len());
    }
}
