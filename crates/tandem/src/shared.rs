//! What the threads of a receiver share: lock-free queues into and out of the real-time threads,
//! each with a wake-up, and the hub on the ordinary side.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use host::{Bond, Command, Event, Refusal, Ticket};
use pool::{Instant, Queue};
use stack::MAX_LINKS;
use wire::Address;

use crate::clock::Clock;
use crate::config::Config;
use crate::health::Health;
use crate::hub::Hub;
use crate::meters::Meters;
use crate::status::{Counts, Status};
use crate::tap::{Switchboard, Tap};
use crate::view::{Gallery, Viewer};
use crate::wakeup::Wakeup;

/// Commands that may wait for the radio thread.
const MAX_COMMANDS: usize = 64;
/// Reports that may wait for the control thread. What is for the capture is left out where half of
/// them do, so that a disk that is slow for seconds costs no event and no bond.
const MAX_REPORTS: usize = 2 * MAX_CAPTURED;
/// Reports that wait when a capture's records are left out.
const MAX_CAPTURED: usize = 2 * crate::capture::BLOCKS;

/// Reports that wait when commands have to: each makes a few, of which none may be lost, least its end.
const MAX_ANSWERED: usize = MAX_REPORTS - 4 * MAX_COMMANDS;

/// What the radio thread tells the control thread.
#[derive(Debug)]
pub(crate) enum Report {
    /// Something happened.
    Event(Instant, Event),
    /// A bond is to be kept.
    Store(Bond),
    /// A bond is to be deleted.
    Erase(Address),
    /// Something for the capture.
    Capture(crate::capture::Record),
    /// An audio object that was closed: its memory is not the audio thread's to give back.
    Closed(Arc<Tap>),
}

/// Shared by the threads of one receiver and its handles.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) hub: Hub,
    pub(crate) commands: Queue<(Ticket, Command)>,
    pub(crate) radio: Wakeup,
    pub(crate) reports: Queue<Report>,
    pub(crate) control: Wakeup,
    pub(crate) counters: Counters,
    pub(crate) health: Health,
    pub(crate) meters: Meters,
    pub(crate) switchboard: Switchboard,
    pub(crate) gallery: Gallery,
    quitting: AtomicBool,
    finished: AtomicBool,
    tickets: AtomicU64,
    config: Mutex<Config>,
}

/// Counted on the real-time threads, read by anyone.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) media_packets: AtomicU64,
    pub(crate) media_dropped: AtomicU64,
    pub(crate) reports_dropped: AtomicU64,
    pub(crate) capture_dropped: AtomicU64,
    pub(crate) transport_losses: AtomicU64,
    pub(crate) underruns: AtomicU64,
    pub(crate) overruns: AtomicU64,
    pub(crate) voice_packets: AtomicU64,
    pub(crate) voice_dropped: AtomicU64,
    /// Sound made up for what was lost, damaged or late, in microseconds.
    pub(crate) voice_concealed_us: AtomicU64,
    pub(crate) voice_replies: AtomicU64,
    pub(crate) microphone_underruns: AtomicU64,
}

impl Shared {
    pub(crate) fn new(config: Config, status: Status) -> std::io::Result<Self> {
        Ok(Shared {
            clock: Clock::start(),
            hub: Hub::new(status),
            commands: Queue::new(MAX_COMMANDS),
            radio: Wakeup::new()?,
            reports: Queue::new(MAX_REPORTS),
            control: Wakeup::new()?,
            counters: Counters::default(),
            health: Health::default(),
            meters: Meters::default(),
            switchboard: Switchboard::new(config.rate),
            gallery: Gallery::new(config.snoop.is_some()),
            quitting: AtomicBool::new(false),
            finished: AtomicBool::new(false),
            tickets: AtomicU64::new(1),
            config: Mutex::new(config),
        })
    }

    pub(crate) fn ticket(&self) -> Ticket {
        Ticket(self.tickets.fetch_add(1, Ordering::Relaxed))
    }

    /// Hands a command to the radio thread; gives whether it was taken. One that was not ends at
    /// once.
    pub(crate) fn command(&self, ticket: Ticket, command: Command) -> bool {
        let refusal = if self.is_quitting() {
            Some(Refusal::ControllerLost)
        } else {
            self.commands.push((ticket, command)).err().map(|_| Refusal::Busy)
        };
        if let Some(refusal) = refusal {
            self.end(ticket, refusal);
            return false;
        }
        self.radio.wake();
        // Between the push and the question: either the control thread sees the command when it
        // finishes, or this thread sees that it has finished.
        fence(Ordering::SeqCst);
        if self.finished.load(Ordering::Relaxed) {
            self.end_commands();
        }
        true
    }

    /// The next command for the radio thread, as soon as there is room for what it leads to.
    pub(crate) fn next_command(&self) -> Option<(Ticket, Command)> {
        if self.reports.len() < MAX_ANSWERED { self.commands.pop() } else { None }
    }

    /// The next report for the control thread. With the last of them there is room again for what
    /// commands that had to wait lead to.
    pub(crate) fn next_report(&self) -> Option<Report> {
        let report = self.reports.pop();
        if report.is_none() && !self.commands.is_empty() {
            self.radio.wake();
        }
        report
    }

    fn end(&self, ticket: Ticket, refusal: Refusal) {
        let done = Event::Done { ticket, result: Err(refusal) };
        self.hub.publish(self.clock.seconds(), done);
    }

    /// Ends the commands that nobody will take any more.
    pub(crate) fn end_commands(&self) {
        fence(Ordering::SeqCst);
        while let Some((ticket, _)) = self.commands.pop() {
            self.end(ticket, Refusal::ControllerLost);
        }
    }

    /// From a real-time thread: hands a report over, or counts that there was no room.
    pub(crate) fn report(&self, report: Report) {
        if self.reports.push(report).is_err() {
            self.counters.reports_dropped.fetch_add(1, Ordering::Relaxed);
        }
        self.control.wake();
    }

    /// From the radio thread: hands a record for the capture over, if there is room.
    pub(crate) fn capture(&self, record: crate::capture::Record) -> bool {
        let kept =
            self.reports.len() < MAX_CAPTURED && self.reports.push(Report::Capture(record)).is_ok();
        self.control.wake();
        kept
    }

    /// Counts what did not get into the capture.
    pub(crate) fn captured(&self, kept: bool) {
        self.counters.capture_dropped.fetch_add(u64::from(!kept), Ordering::Relaxed);
    }

    /// Somebody looks on at what passes from now on; `None`: too many do.
    pub(crate) fn look_on(&self) -> std::io::Result<Option<Viewer>> {
        let keep_keys = self.config.lock().unwrap_or_else(PoisonError::into_inner).log_keys;
        let since = self.clock.now().since(Instant::ZERO);
        let started = SystemTime::now().checked_sub(since).unwrap_or(SystemTime::UNIX_EPOCH);
        let viewer = self.gallery.enter(started, keep_keys)?;
        // It may have to take its end of the capture first.
        self.radio.wake();
        Ok(viewer)
    }

    pub(crate) fn is_quitting(&self) -> bool {
        self.quitting.load(Ordering::Acquire)
    }

    /// Ends the real-time threads.
    pub(crate) fn quit(&self) {
        self.quitting.store(true, Ordering::Release);
        self.radio.wake();
    }

    /// Whether the real-time threads have ended: no report will come any more.
    pub(crate) fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }

    /// Ends the control thread, once the others have ended.
    pub(crate) fn finish(&self) {
        self.finished.store(true, Ordering::Release);
        self.control.wake();
    }

    /// A thread has fallen: the others end, and everybody is told.
    pub(crate) fn fall(&self) {
        let t = self.clock.seconds();
        let address = self.hub.status().address;
        self.quit();
        self.hub.publish(t, Event::Controller { up: false, address });
        self.finish();
        self.end_commands();
        self.gallery.close();
        self.hub.close();
    }

    /// Changes the configuration with a command, one change after the other: `change` gives what it
    /// becomes, and the command that is kept with it if the radio thread takes it.
    pub(crate) fn change<E>(
        &self,
        ticket: Ticket,
        change: impl FnOnce(&Config) -> Result<(Config, Command), E>,
    ) -> Result<(), E> {
        let mut config = self.config.lock().unwrap_or_else(PoisonError::into_inner);
        let (fresh, command) = change(&config)?;
        if self.command(ticket, command) {
            self.hub.change(|status| {
                status.name = fresh.settings.name.as_str().into();
                status.settings = fresh.shown();
            });
            *config = fresh;
        }
        Ok(())
    }

    pub(crate) fn status(&self) -> Status {
        let mut status = self.hub.status();
        self.complete(&mut status);
        status
    }

    /// Adds what no event tells: what was counted, by the threads and by what the radio thread drives, and
    /// how the sound of each phone comes.
    pub(crate) fn complete(&self, status: &mut Status) {
        status.counters = self.counters.shown();
        status.counters.extend(self.health.shown());
        for link in 0..MAX_LINKS {
            let phone = self.switchboard.phone(link);
            if let Some(phone) = phone.and_then(|phone| status.phones.get_mut(&phone)) {
                phone.meter(self.meters.read(link));
            }
        }
    }
}

impl Counters {
    pub(crate) fn shown(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("media_packets", read(&self.media_packets)),
            ("media_dropped", read(&self.media_dropped)),
            ("reports_dropped", read(&self.reports_dropped)),
            ("capture_dropped", read(&self.capture_dropped)),
            ("transport_losses", read(&self.transport_losses)),
            ("underruns", read(&self.underruns)),
            ("overruns", read(&self.overruns)),
            ("voice_packets", read(&self.voice_packets)),
            ("voice_dropped", read(&self.voice_dropped)),
            ("voice_concealed_ms", read(&self.voice_concealed_us) / 1_000),
            ("voice_replies", read(&self.voice_replies)),
            ("microphone_underruns", read(&self.microphone_underruns)),
        ]
        .into()
    }
}

#[cfg(test)]
mod tests {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    use super::*;

    #[test]
    fn commands_wait_until_there_is_room_for_their_ends() {
        let shared = Shared::new(Config::default(), Status::default()).unwrap();
        let event = Event::Warning { code: "test", text: heapless::String::new() };
        for _ in 0..MAX_ANSWERED {
            shared.report(Report::Event(Instant::ZERO, event.clone()));
        }
        assert!(shared.command(shared.ticket(), Command::Swap));
        shared.radio.clear();
        assert!(shared.next_command().is_none());
        while shared.next_report().is_some() {}
        // The radio thread is told to look again.
        let mut fds = [PollFd::new(&shared.radio, PollFlags::IN)];
        assert_eq!(poll(&mut fds, Some(&Timespec::default())), Ok(1));
        assert!(shared.next_command().is_some());
        assert_eq!(shared.counters.reports_dropped.load(Ordering::Relaxed), 0);
    }
}
