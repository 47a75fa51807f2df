//! A microphone that the embedder writes: its sound goes to the phones in place of the configured one's.
//!
//! It is taken at the receiver's clock, as a file's is. Where there is too little the phones hear a fade
//! to silence, and it goes on with what comes next, from its beginning: so a writer that is late once is
//! late by no more than that.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use audio::{Engine, Resampler};
use pool::{Instant, Queue};

use super::Said;
use super::reader::mean;
use crate::canceller::Echo;

/// Samples of a piece, and how many wait at most.
const PIECE: usize = 64;
const PIECES: usize = 64;
/// The most frames that are converted at once: a piece of samples at a sixth of their rate.
const MOST: usize = 400;

#[derive(Debug)]
struct Piece {
    samples: [i16; PIECE],
    length: usize,
}

/// What the two threads share of a microphone.
#[derive(Debug)]
pub(crate) struct Written {
    pieces: Queue<Piece>,
    /// Something was written.
    active: AtomicBool,
    /// Samples that were not there when they were due.
    missed: AtomicU64,
}

impl Written {
    pub(super) fn new() -> Written {
        Written {
            pieces: Queue::new(PIECES),
            active: AtomicBool::new(false),
            missed: AtomicU64::new(0),
        }
    }

    pub(super) fn is_active(&self) -> bool {
        self.active.load(Ordering::Relaxed)
    }

    /// Nobody listens: what waits would be stale when somebody does.
    pub(crate) fn discard(&self) {
        while self.pieces.pop().is_some() {}
    }
}

/// The writer's side.
#[derive(Debug)]
pub(super) struct Writer {
    rate: u32,
    to: u32,
    resampler: Resampler,
    told: u64,
}

impl Writer {
    /// From `rate` frames a second to a microphone of `to`; none where one is far more than the other.
    pub(super) fn new(rate: u32, to: u32) -> Option<Writer> {
        let resampler = Resampler::new(rate, to, 2 * MOST)?;
        Some(Writer { rate, to, resampler, told: 0 })
    }

    pub(super) fn write(&mut self, written: &Written, channels: usize, samples: &[i16]) -> Said {
        written.active.store(true, Ordering::Relaxed);
        let mut said = Said::default();
        // So many make a piece, and with what is left of those before at most two.
        let at_once = (PIECE * self.rate as usize / self.to as usize).clamp(1, MOST);
        for frames in samples.chunks(at_once * channels) {
            if written.pieces.capacity() - written.pieces.len() < 2 {
                break;
            }
            let mut stereo = [[0; 2]; MOST];
            let mut length = 0;
            for (stereo, frame) in stereo.iter_mut().zip(frames.chunks_exact(channels)) {
                *stereo = [frame[0], frame[channels - 1]];
                length += 1;
            }
            self.resampler.push(&stereo[..length]);
            said.frames += length;
            self.hand_over(written);
        }
        let missed = written.missed.load(Ordering::Relaxed);
        let more = missed - std::mem::replace(&mut self.told, missed);
        said.missed = more * u64::from(self.rate) / u64::from(self.to);
        said
    }

    fn hand_over(&mut self, written: &Written) {
        loop {
            let mut frames = [[0; 2]; PIECE];
            let length = self.resampler.pull(&mut frames);
            if length == 0 {
                return;
            }
            let samples = frames.map(|[left, right]| mean(left, right));
            // There is room: nobody else writes.
            let _ = written.pieces.push(Piece { samples, length });
        }
    }
}

/// The audio thread's side: takes what is due.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    /// Since when it flows, and how many samples were taken since.
    started: Option<Instant>,
    taken: u64,
    /// Since when there is nothing, after there was, and how much of that was counted as missed.
    dry: Option<(Instant, u64)>,
    /// What is left of the last piece.
    piece: Option<Piece>,
    from: usize,
}

impl Clock {
    /// Begins anew.
    pub(crate) fn rest(&mut self) {
        *self = Clock::default();
    }

    /// Gives the engine what is due by now.
    pub(crate) fn speak(
        &mut self,
        now: Instant,
        rate: u32,
        written: &Written,
        engine: &mut Engine,
        echo: &mut Option<Echo>,
    ) {
        let since =
            |then: Instant| (now.since(then).as_nanos() * u128::from(rate) / 1_000_000_000) as u64;
        let Some(started) = self.started else {
            if let Some((then, counted)) = &mut self.dry {
                let missed = since(*then);
                written.missed.fetch_add(missed - *counted, Ordering::Relaxed);
                *counted = missed;
            }
            self.started = (!written.pieces.is_empty()).then_some(now);
            return;
        };
        let due = since(started);
        while self.taken < due {
            let Some(mut piece) = self.piece.take().or_else(|| written.pieces.pop()) else {
                written.missed.fetch_add(due - self.taken, Ordering::Relaxed);
                *self = Clock { dry: Some((now, 0)), ..Clock::default() };
                return;
            };
            let wanted = usize::try_from(due - self.taken).unwrap_or(PIECE);
            let to = piece.length.min(self.from.saturating_add(wanted));
            let samples = &mut piece.samples[self.from..to];
            self.taken += samples.len() as u64;
            if let Some(echo) = echo {
                echo.cancel(samples);
            }
            let after = u128::from(self.taken) * 1_000_000_000 / u128::from(rate);
            engine.microphone(started + Duration::from_nanos(after as u64), samples);
            (self.from, self.piece) = if to < piece.length { (to, Some(piece)) } else { (0, None) };
        }
    }
}
