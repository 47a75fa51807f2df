//! Sound that an embedder takes and gives itself: what the ear hears, what a phone plays, the far end's
//! voice, and a microphone of the embedder's own.
//!
//! [`Handle::audio`] makes the memory; the audio thread copies what it has anyway into a bounded ring of
//! small blocks and neither waits nor allocates. The ring drops the oldest: who reads too slowly is told
//! how many frames are missing, before the first one after them. All conversion is done by the reader's
//! and the writer's own threads. Without an open object the audio thread looks at an empty list.
//!
//! Limits: [`MAX_AUDIO`] objects; [`HELD_MS`] of unread sound; a microphone that is written holds about a
//! quarter of a second at 16 kHz.

mod microphone;
mod reader;
mod taps;

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use host::{LinkId, Refusal};
use pool::Queue;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use stack::MAX_LINKS;
use wire::Address;

use crate::receiver::Handle;
use crate::shared::Shared;
use microphone::Writer;
pub(crate) use microphone::{Clock, Written};
use reader::Reader;
pub(crate) use reader::Tap;
pub(crate) use taps::Taps;

/// The most audio objects that are open at once.
pub const MAX_AUDIO: usize = 8;
/// The most that are on their way to the audio thread, most of them closed again meanwhile.
const MAX_FRESH: usize = 64;
/// How much sound at 48 kHz an object holds for its reader, in milliseconds; at lower rates more.
pub const HELD_MS: u32 = 680;
/// The rates that an object may have, in frames a second.
pub const AUDIO_RATES: std::ops::RangeInclusive<u32> = 8_000..=48_000;
/// What to tell whoever asks for an object that is refused as a bad value.
pub const NO_SUCH_AUDIO: &str =
    "the rate must be 8000 to 48000, channels 1 or 2, and the mix is no single phone's";

/// What an audio object is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AudioKind {
    /// What the ear hears: everything, with its gains, fades and tones.
    Mix,
    /// What one phone plays, or whichever phone's media is heard, as it was decoded: before any gain, as
    /// its packets come.
    Media,
    /// The far end's voice, of one phone or of whichever speaks, as its packets come; and the microphone.
    Voice,
}

impl AudioKind {
    /// All of them, by the names that they have outside.
    pub const ALL: [(&str, AudioKind); 3] =
        [("mix", AudioKind::Mix), ("media", AudioKind::Media), ("voice", AudioKind::Voice)];
}

/// What [`Audio::read`] gave.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Heard {
    /// Frames at the beginning of the caller's buffer; fewer than fit where no more wait.
    pub frames: usize,
    /// Frames that are missing before them because they were not read in time.
    pub lost: u64,
}

/// What became of sound handed to [`Audio::write`].
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Said {
    /// Frames taken; fewer than given where there is no room until some are sent.
    pub frames: usize,
    /// Frames of silence that phones were sent since the last call because nothing was there for them.
    pub missed: u64,
}

/// Sound as an embedder reads and writes it: 16-bit samples, interleaved, at the rate and with the
/// channels it was opened with. For one thread at a time. Dropping it ends it.
#[derive(Debug)]
pub struct Audio {
    shared: Arc<Shared>,
    tap: Arc<Tap>,
    channels: usize,
    reader: Reader,
    /// Of the kind [`AudioKind::Voice`].
    writer: Option<Writer>,
}

/// Where audio objects come to the audio thread, and who is on which link.
#[derive(Debug)]
pub(crate) struct Switchboard {
    fresh: Queue<Arc<Tap>>,
    open: AtomicUsize,
    /// Frames a second of the mix, and of the microphone that written sound stands in for.
    rate: u32,
    pub(crate) microphone_rate: AtomicU32,
    /// The address of each link's phone, with a bit above it; 0 before the first.
    phones: [AtomicU64; MAX_LINKS],
}

impl Switchboard {
    pub(crate) fn new(rate: u32) -> Self {
        Switchboard {
            fresh: Queue::new(MAX_FRESH),
            open: AtomicUsize::new(0),
            rate,
            microphone_rate: AtomicU32::new(audio::MICROPHONE_RATE),
            phones: Default::default(),
        }
    }

    /// From the radio thread: this phone's sound comes on that link from now on.
    pub(crate) fn connect(&self, link: LinkId, phone: Option<Address>) {
        let (Some(word), Some(Address([a, b, c, d, e, f]))) =
            (self.phones.get(usize::from(link.0)), phone)
        else {
            return;
        };
        word.store(u64::from_le_bytes([a, b, c, d, e, f, 1, 0]), Ordering::Release);
    }

    pub(crate) fn phone(&self, link: usize) -> Option<Address> {
        let word = self.phones.get(link)?.load(Ordering::Acquire);
        let [a, b, c, d, e, f, present, _] = word.to_le_bytes();
        (present != 0).then_some(Address([a, b, c, d, e, f]))
    }

    /// Takes one of the [`MAX_AUDIO`] places.
    fn enter(&self) -> bool {
        let more = |open| (open < MAX_AUDIO).then_some(open + 1);
        self.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    fn leave(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Handle {
    /// Opens sound of this kind at `rate` frames a second, one of [`AUDIO_RATES`], in one channel or two.
    /// `phone` is whose media or voice it is to be; without one it is that of whichever phone is heard. It
    /// begins within 100 ms.
    ///
    /// # Errors
    /// `BadValue` for a rate or channels that there are none of, or a phone of the mix; `Busy` when
    /// [`MAX_AUDIO`] objects are open, or the process has no file descriptor left; `ControllerLost` when the
    /// receiver has ended.
    pub fn audio(
        &self,
        kind: AudioKind,
        phone: Option<Address>,
        rate: u32,
        channels: u8,
    ) -> Result<Audio, Refusal> {
        let switchboard = &self.0.switchboard;
        let written = switchboard.microphone_rate.load(Ordering::Relaxed);
        let reaches = kind != AudioKind::Mix
            || phone.is_none() && audio::Resampler::new(switchboard.rate, rate, 1).is_some();
        if !AUDIO_RATES.contains(&rate) || !matches!(channels, 1 | 2) || !reaches {
            return Err(Refusal::BadValue);
        }
        if self.0.is_quitting() {
            return Err(Refusal::ControllerLost);
        }
        let tap = Arc::new(Tap::new(kind, phone).map_err(|_| Refusal::Busy)?);
        let writer = (kind == AudioKind::Voice).then(|| Writer::new(rate, written));
        let writer = writer.map(|writer| writer.ok_or(Refusal::BadValue)).transpose()?;
        if !switchboard.enter() {
            return Err(Refusal::Busy);
        }
        if switchboard.fresh.push(tap.clone()).is_err() {
            switchboard.leave();
            return Err(Refusal::Busy);
        }
        let reader = Reader::new(rate);
        Ok(Audio { shared: self.0.clone(), tap, channels: channels.into(), reader, writer })
    }
}

impl Audio {
    /// The next frames, as many as `out` has room for and as there are. Frames that were lost are told of
    /// before the first one behind them: a read ends where some are missing.
    pub fn read(&mut self, out: &mut [i16]) -> Heard {
        self.reader.read(&self.tap, self.channels, out)
    }

    /// Says what phones hear as the microphone, in place of the one that is configured from the first call
    /// until this object is dropped; of several such objects the first opened. What comes while nobody
    /// listens is dropped. Of another kind than [`AudioKind::Voice`] nothing is ever taken.
    pub fn write(&mut self, samples: &[i16]) -> Said {
        match &mut self.writer {
            Some(writer) => writer.write(self.tap.written(), self.channels, samples),
            None => Said::default(),
        }
    }

    /// Waits until there is something to read, or the receiver has ended, at most so long; gives which.
    pub fn wait(&self, timeout: Duration) -> bool {
        let mut fds = [PollFd::from_borrowed_fd(self.fd(), PollFlags::IN)];
        let timeout = Timespec::try_from(timeout).ok();
        // A signal only ends the wait early.
        poll(&mut fds, timeout.as_ref()).is_ok_and(|ready| ready > 0) || self.is_closed()
    }

    /// Readable while sound waits that came after a [`read`](Audio::read) found no more, and at the end;
    /// for `poll` and the like.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.tap.arrived.as_fd()
    }

    /// Whether the receiver has ended: what a [`read`](Audio::read) gives now is the last.
    pub fn is_closed(&self) -> bool {
        self.tap.has_ended() || self.shared.is_finished()
    }

    /// Whether it takes what is written: it is of the kind [`AudioKind::Voice`].
    pub fn is_writable(&self) -> bool {
        self.writer.is_some()
    }

    /// Frames a second.
    pub fn rate(&self) -> u32 {
        self.reader.rate()
    }

    /// Samples of a frame: 1 or 2.
    pub fn channels(&self) -> usize {
        self.channels
    }
}

impl Drop for Audio {
    fn drop(&mut self) {
        self.tap.close();
        self.shared.switchboard.leave();
    }
}

#[cfg(test)]
mod tests;
