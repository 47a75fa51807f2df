//! The control thread: writes bonds and the capture, tells subscribers. Ordinary priority; it may
//! block where the real-time threads may not.

use std::os::fd::AsFd;
use std::sync::Arc;

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
    pub(crate) bonds: BondStore,
    pub(crate) capture: Option<Capture>,
    /// Where the first readiness is told; gone after it.
    pub(crate) ready: Option<Ready>,
}

impl Control {
    /// Runs until the receiver quits and every report is taken.
    pub(crate) fn run(mut self) {
        loop {
            let last = self.shared.is_quitting();
            self.shared.control.clear();
            while let Some(report) = self.shared.reports.pop() {
                self.take(report);
            }
            if let Some(capture) = &mut self.capture
                && let Err(error) = capture.flush()
            {
                self.capture = None;
                self.warn("capture", format_args!("the capture ended: {error}"));
            }
            if last {
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
                let up = matches!(event, Event::Controller { up: true, .. });
                self.shared.hub.publish(at.as_secs_f64(), event);
                if let Some(ready) = self.ready.take_if(|_| up) {
                    // Whoever opened the receiver may have given up.
                    let _ = ready.try_send(Ok(()));
                }
            }
            Report::Store(bond) => {
                if let Err(error) = self.bonds.store(&bond) {
                    let phone = bond.address;
                    self.warn("bond", format_args!("the bond of {phone} is not on disk: {error}"));
                }
            }
            Report::Erase(phone) => {
                if let Err(error) = self.bonds.erase(phone) {
                    self.warn(
                        "bond",
                        format_args!("the bond of {phone} is still on disk: {error}"),
                    );
                }
                self.shared.hub.change(|status| status.erased(phone));
            }
            Report::Capture(record) => {
                if let Some(capture) = &mut self.capture {
                    capture.write(&record);
                }
            }
        }
    }

    fn warn(&self, code: &'static str, text: std::fmt::Arguments<'_>) {
        self.shared.hub.publish(self.shared.clock.seconds(), warning(code, text));
    }
}

/// A `warning` event; a text that is too long is cut.
pub(crate) fn warning(code: &'static str, text: std::fmt::Arguments<'_>) -> Event {
    let mut short = heapless::String::new();
    for letter in text.to_string().chars() {
        if short.push(letter).is_err() {
            break;
        }
    }
    Event::Warning { code, text: short }
}
