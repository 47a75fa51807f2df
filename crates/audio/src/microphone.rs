//! Where a microphone's sound comes from: `pulse` or `pulse:SOURCE` (a PulseAudio or PipeWire server),
//! `tone:HZ`, `wav:FILE` (from its beginning again when it ends; what files, says [`Sound`]) or `null`
//! (silence).
//!
//! All but the first are paced by the caller's clock: after [`Microphone::start`], sample n is there at
//! n / rate; a server gives what its device hears. Either way the caller asks [`Microphone::due`], and
//! takes so many with [`Microphone::read`]. No call waits for anybody after [`Microphone::open`], which
//! may wait for a server for up to two seconds an answer. Not here yet: `alsa:DEVICE`.

use core::fmt;
use core::time::Duration;
use std::f64::consts::TAU;
use std::os::fd::BorrowedFd;
use std::path::Path;

use pool::Instant;

use crate::pulse::Recording;
use crate::sink::{Lost, MOST_AT_ONCE, OpenErrorKind};
use crate::wave::Sound;

/// The rate of all but files, in samples a second: what the widest voice link takes.
pub const MICROPHONE_RATE: u32 = 16_000;

/// The peak of a tone: −12 dB of full scale.
const TONE_PEAK: f64 = 8_192.0;

/// Why a microphone could not be opened: what, where, and what to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MicrophoneError {
    /// The microphone as it was asked for.
    pub source: String,
    /// What went wrong and what may help.
    pub reason: String,
    /// What kind of mistake it is.
    pub kind: OpenErrorKind,
}

impl fmt::Display for MicrophoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "microphone `{}`: {}", self.source, self.reason)
    }
}

impl std::error::Error for MicrophoneError {}

enum Kind {
    Null,
    Tone { turn: f64 },
    File { samples: Box<[i16]> },
    Pulse(Box<Recording>),
}

/// An open microphone.
pub struct Microphone {
    kind: Kind,
    rate: u32,
    started: Option<Instant>,
    /// Samples read.
    read: u64,
}

impl fmt::Debug for Microphone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Null => "null",
            Kind::Tone { .. } => "tone",
            Kind::File { .. } => "file",
            Kind::Pulse(_) => "pulse",
        };
        f.debug_struct("Microphone").field("kind", &kind).field("rate", &self.rate).finish()
    }
}

impl Microphone {
    /// Opens what `spec` names.
    ///
    /// # Errors
    /// A specification that means nothing, a file that cannot be read or is none that is known, a server
    /// that cannot be reached or refuses.
    pub fn open(spec: &str) -> Result<Microphone, MicrophoneError> {
        let failed = |reason: String, kind| MicrophoneError { source: spec.into(), reason, kind };
        let usage = |reason: &str| failed(reason.into(), OpenErrorKind::Usage);
        let (name, argument) = match spec.split_once(':') {
            Some((name, argument)) => (name, Some(argument)),
            None => (spec, None),
        };
        let mut rate = MICROPHONE_RATE;
        let kind = match (name, argument) {
            ("null", None) => Kind::Null,
            ("null", Some(_)) => return Err(usage("`null` takes no name")),
            ("tone", Some(hertz)) => {
                let hertz = hertz.parse().ok().filter(|hertz| (20.0..=7_000.0).contains(hertz));
                let hertz: f64 = hertz.ok_or_else(|| usage("a tone has 20 to 7000 Hz"))?;
                Kind::Tone { turn: TAU * hertz / f64::from(MICROPHONE_RATE) }
            }
            ("pulse", source) if source != Some("") => {
                let recording = Recording::open(source, rate);
                Kind::Pulse(Box::new(recording.map_err(|no| failed(no.reason, no.kind))?))
            }
            ("wav", Some(path)) if !path.is_empty() => {
                let sound = Sound::read(Path::new(path));
                let sound = sound.map_err(|reason| failed(reason, OpenErrorKind::Failed))?;
                rate = sound.rate;
                Kind::File { samples: sound.samples }
            }
            ("wav" | "tone" | "pulse", _) => return Err(usage("a name is missing after it")),
            ("alsa", _) => return Err(usage("this build has no ALSA support; try `pulse`")),
            _ => return Err(usage("expected pulse[:SOURCE], wav:FILE, tone:HZ or null")),
        };
        Ok(Microphone { kind, rate, started: None, read: 0 })
    }

    /// A microphone that hears nothing.
    pub fn null() -> Microphone {
        Microphone { kind: Kind::Null, rate: MICROPHONE_RATE, started: None, read: 0 }
    }

    /// Samples a second.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Whether a device listens while it is open, so that it should not be kept open for nothing.
    pub fn is_device(&self) -> bool {
        matches!(self.kind, Kind::Pulse(_))
    }

    /// What to poll for reading, for one with a pace of its own.
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.kind {
            Kind::Pulse(recording) => Some(recording.fd()),
            Kind::Null | Kind::Tone { .. } | Kind::File { .. } => None,
        }
    }

    /// Starts the clock: sample 0 is there from `now` on. A device listens from the moment it is open.
    pub fn start(&mut self, now: Instant) {
        self.started = Some(now);
        self.read = 0;
    }

    /// How many samples there are to [`read`](Microphone::read) at `now`; none before it is started. A
    /// caller that slept for long is told of the rest next time.
    ///
    /// # Errors
    /// The server is gone, or has ended our stream.
    pub fn due(&mut self, now: Instant) -> Result<usize, Lost> {
        if let Kind::Pulse(recording) = &mut self.kind {
            return recording.due();
        }
        let Some(started) = self.started else { return Ok(0) };
        let due = now.since(started).as_nanos() * u128::from(self.rate) / 1_000_000_000;
        Ok((due as u64).saturating_sub(self.read).min(MOST_AT_ONCE) as usize)
    }

    /// When what was read last was there, for one that is paced by the caller's clock.
    pub fn read_until(&self) -> Option<Instant> {
        let started = self.started.filter(|_| !self.is_device())?;
        let nanos = u128::from(self.read) * 1_000_000_000 / u128::from(self.rate);
        Some(started + Duration::from_nanos(nanos as u64))
    }

    /// The next samples.
    pub fn read(&mut self, out: &mut [i16]) {
        match &mut self.kind {
            Kind::Null => out.fill(0),
            Kind::Tone { turn } => {
                for (n, out) in (self.read..).zip(&mut *out) {
                    *out = (TONE_PEAK * (*turn * n as f64).sin()) as i16;
                }
            }
            Kind::File { samples } => {
                let length = samples.len() as u64;
                for (n, out) in (self.read..).zip(&mut *out) {
                    *out = samples[(n % length) as usize];
                }
            }
            Kind::Pulse(recording) => recording.read(out),
        }
        self.read += out.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::amplitude;
    use crate::wave::tests::file;

    fn opened(bytes: &[u8]) -> Result<Microphone, MicrophoneError> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("said.wav");
        std::fs::write(&path, bytes).expect("written");
        Microphone::open(&format!("wav:{}", path.display()))
    }

    #[test]
    fn a_file_comes_round_again_at_the_callers_clock() {
        let mut microphone = opened(&file(2, 44_100, 16, &[10, 20, -3, -5, 7, 7])).expect("a file");
        assert_eq!((microphone.rate(), microphone.due(Instant::from_millis(500))), (44_100, Ok(0)));
        microphone.start(Instant::from_millis(1_000));
        assert_eq!(microphone.due(Instant::from_millis(1_010)), Ok(441));
        assert_eq!(microphone.read_until(), Some(Instant::from_millis(1_000)));
        let mut out = [0; 8];
        microphone.read(&mut out);
        assert_eq!(out, [15, -4, 7, 15, -4, 7, 15, -4]);
        assert_eq!(microphone.due(Instant::from_millis(1_010)), Ok(433));
        assert_eq!(microphone.due(Instant::from_millis(60_000)), Ok(MOST_AT_ONCE as usize));
    }

    #[test]
    fn a_tone_is_one() {
        let mut microphone = Microphone::open("tone:440").expect("a tone");
        microphone.start(Instant::ZERO);
        let mut sound = vec![0; 16_000];
        sound.chunks_mut(123).for_each(|out| microphone.read(out));
        assert!((amplitude(&sound, MICROPHONE_RATE, 440.0) - 0.25).abs() < 0.001);
    }

    #[test]
    fn what_cannot_be_opened_says_why() {
        for (spec, usage) in [
            ("", true),
            ("tone", true),
            ("tone:0", true),
            ("tone:loud", true),
            ("wav:", true),
            ("null:0", true),
            ("pulse:", true),
            ("alsa:hw:0", true),
            ("wav:/nowhere/at/all", false),
        ] {
            let error = Microphone::open(spec).expect_err("an error");
            assert_eq!(error.kind == OpenErrorKind::Usage, usage, "{error}");
        }
    }
}
