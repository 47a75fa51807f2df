//! Where sound goes: `wav:FILE`, `raw:FILE` or `raw:-`, `null`, `pulse` or `pulse:SINK`.
//!
//! File sinks and `null` are paced by the caller's clock: after [`Sink::start`], frame n is due at
//! n / rate. A server is paced by its own requests. Either way the audio thread asks
//! [`Sink::due`], renders so many frames, and hands them to [`Sink::write`]; where there is a
//! [`Sink::fd`], it waits on that too.
//!
//! No call waits for anybody after [`Sink::open`], which may wait for a server for up to
//! two seconds an answer. Not here yet: `alsa:DEVICE`.

mod file;

use core::fmt;
use core::time::Duration;
use std::os::fd::BorrowedFd;

use pool::Instant;

use crate::pulse::Playback;
use file::FileSink;

/// The most frames that a clock-paced sink asks for at once: a caller that slept longer than this
/// is asked again at once, so that nothing has to be rendered in one stretch of unbounded length.
pub(crate) const MOST_AT_ONCE: u64 = 4_800;

/// Why a sink could not be opened: what, where, and what to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenError {
    /// The sink as it was asked for.
    pub sink: String,
    /// What went wrong and what may help.
    pub reason: String,
    /// What kind of mistake it is.
    pub kind: OpenErrorKind,
}

/// What kept a sink from being opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OpenErrorKind {
    /// The specification itself is wrong: trying again is no use.
    Usage,
    /// We may not: the file is not ours to write, the server does not let us in.
    Permission,
    /// Anything else: no folder, no server, no such device, nobody who reads the pipe.
    Failed,
}

impl OpenError {
    pub(crate) fn usage(sink: &str, reason: impl Into<String>) -> Self {
        OpenError { sink: sink.into(), reason: reason.into(), kind: OpenErrorKind::Usage }
    }

    fn failed(sink: &str, reason: impl Into<String>) -> Self {
        OpenError { sink: sink.into(), reason: reason.into(), kind: OpenErrorKind::Failed }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sound output `{}`: {}", self.sink, self.reason)
    }
}

impl std::error::Error for OpenError {}

/// A sink that worked is gone: close it, open it again later, and render to a null sink meanwhile
/// so that the streams go on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lost {
    /// What happened.
    pub reason: String,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sound output lost: {}", self.reason)
    }
}

impl std::error::Error for Lost {}

/// How often somebody who listens at the end of a pipe is served.
const PIPE_ROUND: Duration = Duration::from_millis(20);
/// How often a file is.
const FILE_ROUND: Duration = Duration::from_millis(100);

/// Who says when sound is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pace {
    /// The caller's clock: render what is due every [`Sink::round`].
    Clock,
    /// The sink: wait for [`Sink::fd`] to become readable.
    Sink,
}

/// An open sink.
pub struct Sink {
    kind: Kind,
    clock: Clock,
}

enum Kind {
    Null,
    File(FileSink),
    Pulse(Box<Playback>),
}

/// What becomes of what a file holds when it is opened.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Contents {
    Gone,
    Kept,
}

/// Counts frames against the caller's clock.
struct Clock {
    rate: u32,
    started: Option<Instant>,
    written: u64,
}

impl Clock {
    fn due(&self, now: Instant) -> usize {
        let Some(started) = self.started else { return 0 };
        self.frames(started, now).saturating_sub(self.written).min(MOST_AT_ONCE) as usize
    }

    fn frames(&self, started: Instant, now: Instant) -> u64 {
        (now.since(started).as_nanos() * u128::from(self.rate) / 1_000_000_000) as u64
    }
}

impl Sink {
    /// Opens what `spec` names, for stereo s16 at `rate` frames a second.
    ///
    /// # Errors
    /// A specification that means nothing, a file that cannot be written, a server that cannot be
    /// reached or refuses.
    pub fn open(spec: &str, rate: u32) -> Result<Sink, OpenError> {
        Sink::open_with(spec, rate, Contents::Gone)
    }

    /// Opens a sink again that was [`Lost`]: a file keeps what is in it. To be followed by
    /// [`resume`](Sink::resume).
    ///
    /// # Errors
    /// As [`Sink::open`].
    pub fn reopen(spec: &str, rate: u32) -> Result<Sink, OpenError> {
        Sink::open_with(spec, rate, Contents::Kept)
    }

    fn open_with(spec: &str, rate: u32, contents: Contents) -> Result<Sink, OpenError> {
        let (kind, rest) = match spec.split_once(':') {
            Some((kind, rest)) => (kind, Some(rest)),
            None => (spec, None),
        };
        let kind = match (kind, rest) {
            ("null", None) => Kind::Null,
            ("wav", Some(path)) if !path.is_empty() => {
                Kind::File(FileSink::wav(path, rate, contents)?)
            }
            ("raw", Some("-")) => Kind::File(FileSink::stdout(rate)),
            ("raw", Some(path)) if !path.is_empty() => {
                Kind::File(FileSink::raw(path, rate, contents)?)
            }
            ("pulse", None) => Kind::Pulse(Box::new(Playback::open(spec, None, rate)?)),
            ("pulse", Some(sink)) if !sink.is_empty() => {
                Kind::Pulse(Box::new(Playback::open(spec, Some(sink), rate)?))
            }
            ("wav" | "raw" | "pulse", _) => {
                return Err(OpenError::usage(spec, format!("a name is missing after `{kind}:`")));
            }
            ("null", Some(_)) => return Err(OpenError::usage(spec, "`null` takes no name")),
            ("alsa", _) => {
                return Err(OpenError::usage(spec, "this build has no ALSA support; try `pulse`"));
            }
            _ => {
                let known = "expected pulse[:SINK], wav:FILE, raw:FILE, raw:- or null";
                return Err(OpenError::usage(spec, known));
            }
        };
        Ok(Sink { kind, clock: Clock { rate, started: None, written: 0 } })
    }

    /// A sink that swallows sound at the caller's clock; it can stand in while another is lost.
    pub fn null(rate: u32) -> Sink {
        Sink { kind: Kind::Null, clock: Clock { rate, started: None, written: 0 } }
    }

    /// Starts the clock: frame 0 is due from `now` on. A sink with a pace of its own runs from the
    /// moment it is open.
    pub fn start(&mut self, now: Instant) {
        self.clock.started = Some(now);
        self.clock.written = 0;
    }

    /// Goes on at `now` with a sink that was [reopened](Sink::reopen), as if it had run since
    /// `started`: frame n is still due at n / rate after it, and in a file what was not written
    /// meanwhile is silence.
    pub fn resume(&mut self, started: Instant, now: Instant) {
        self.clock.started = Some(started);
        self.clock.written = self.clock.frames(started, now);
        if let Kind::File(file) = &mut self.kind {
            file.go_on_at(self.clock.written);
        }
    }

    /// Who says when sound is due.
    pub fn pace(&self) -> Pace {
        match self.kind {
            Kind::Pulse(_) => Pace::Sink,
            Kind::Null | Kind::File(_) => Pace::Clock,
        }
    }

    /// How often to look what is due, for a sink at the caller's clock. A wake-up costs more than what
    /// it renders, so that a file, to which nobody listens, is served rarely.
    pub fn round(&self) -> Duration {
        match &self.kind {
            Kind::File(file) if file.is_pipe() => PIPE_ROUND,
            Kind::Null | Kind::File(_) | Kind::Pulse(_) => FILE_ROUND,
        }
    }

    /// What to poll for reading, for a sink with a pace of its own.
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.kind {
            Kind::Pulse(pulse) => Some(pulse.fd()),
            Kind::Null | Kind::File(_) => None,
        }
    }

    /// Whether [`Sink::fd`] should be polled for writing as well (the server reads slowly).
    pub fn wants_write(&self) -> bool {
        matches!(&self.kind, Kind::Pulse(pulse) if pulse.wants_write())
    }

    /// How many frames to render and [`write`](Sink::write) now. Reads what the server said; never
    /// more than 100 ms at once: ask again after writing until it gives 0.
    ///
    /// # Errors
    /// The server is gone, or has ended our stream.
    pub fn due(&mut self, now: Instant) -> Result<usize, Lost> {
        match &mut self.kind {
            Kind::Null | Kind::File(_) => Ok(self.clock.due(now)),
            Kind::Pulse(pulse) => pulse.due(),
        }
    }

    /// Takes interleaved stereo frames, whole ones.
    ///
    /// # Errors
    /// The disk is full, the reader of a pipe or the server is gone.
    pub fn write(&mut self, frames: &[i16]) -> Result<(), Lost> {
        self.clock.written += (frames.len() / 2) as u64;
        match &mut self.kind {
            Kind::Null => Ok(()),
            Kind::File(file) => file.write(frames),
            Kind::Pulse(pulse) => pulse.write(frames),
        }
    }

    /// Hands everything on that is still gathered (a file's last quarter of a second) and makes a
    /// `wav` header true. Also done when the sink is dropped.
    ///
    /// # Errors
    /// As [`Sink::write`].
    pub fn flush(&mut self) -> Result<(), Lost> {
        match &mut self.kind {
            Kind::Null => Ok(()),
            Kind::File(file) => file.flush(),
            Kind::Pulse(pulse) => pulse.flush(),
        }
    }

    /// How often the sink itself ran dry (a server's reports), since it was opened.
    pub fn underflows(&self) -> u64 {
        match &self.kind {
            Kind::Pulse(pulse) => pulse.underflows(),
            Kind::Null | Kind::File(_) => 0,
        }
    }

    /// Frames that had to be thrown away because a pipe's reader did not take them.
    pub fn dropped(&self) -> u64 {
        match &self.kind {
            Kind::File(file) => file.dropped(),
            Kind::Null | Kind::Pulse(_) => 0,
        }
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.kind {
            Kind::Null => "null",
            Kind::File(_) => "file",
            Kind::Pulse(_) => "pulse",
        };
        f.debug_struct("Sink").field("kind", &kind).field("rate", &self.clock.rate).finish()
    }
}

#[cfg(test)]
mod tests;
