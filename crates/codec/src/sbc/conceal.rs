//! Concealment of lost frames, in time: not part of the specification.
//!
//! The last sound is repeated at the lag where it resembles itself most, and fades out. Where the
//! repetition starts over, the step it would make is spread over the samples that follow. The
//! first frames after the loss are faded in over the repetition, slowly at first, which hides that
//! the filter bank lacks its past.
//!
//! Limits: lags up to [`LONGEST`] samples; sound is taken from the last [`HISTORY`] samples, so
//! that a stream must have run that long for the repetition to be good.

use super::header::MAX_SAMPLES;

/// Samples a channel that are remembered.
const HISTORY: usize = 1024;
/// The shortest and the longest lag, in samples.
const SHORTEST: usize = 64;
const LONGEST: usize = 704;
/// Samples compared when a lag is judged.
const COMPARED: usize = HISTORY - LONGEST;
/// Every how many samples are compared at first.
const COARSE: usize = 4;
/// Samples over which a step is spread.
const SPREAD: usize = 64;
/// Samples over which a stream fades in again.
const FADE: usize = 128;
/// What is repeated must still be there at the end of the fade.
const _: () = assert!(LONGEST + FADE + MAX_SAMPLES / 2 <= HISTORY);

/// What is remembered of the sound, and how a repetition goes on.
#[derive(Clone)]
pub(crate) struct Concealment {
    /// The last samples, interleaved, as a ring that begins at `at`.
    ring: [i16; 2 * HISTORY],
    at: usize,
    channels: usize,
    /// Set while sound is being repeated.
    repeating: Option<Repetition>,
}

#[derive(Clone, Copy)]
struct Repetition {
    lag: usize,
    /// Samples made so far.
    made: usize,
    /// Samples of the stream that are faded in already.
    faded: usize,
    /// Samples remembered since the repetition began.
    since: usize,
    /// Samples at full volume, and until silence.
    full: usize,
    silent: usize,
    /// By how much each channel would step where the repetition starts over.
    step: [f32; 2],
}

impl Concealment {
    pub(crate) const fn new() -> Concealment {
        Concealment { ring: [0; 2 * HISTORY], at: 0, channels: 2, repeating: None }
    }

    /// Takes note of what a frame gave. After a loss, fades `out` in over the repetition first.
    pub(crate) fn decoded(&mut self, out: &mut [i16], channels: usize) {
        self.channels = channels;
        if let Some(mut repetition) = self.repeating.take() {
            for frame in out.chunks_exact_mut(channels).take(FADE - repetition.faded) {
                repetition.faded += 1;
                let x = repetition.faded as f32 / (FADE + 1) as f32;
                let share = x * x * (3.0 - 2.0 * x);
                let old = self.next(&mut repetition);
                for (sample, old) in frame.iter_mut().zip(old) {
                    *sample = (old + (f32::from(*sample) - old) * share) as i16;
                }
            }
            repetition.since += out.len() / channels;
            if repetition.faded < FADE {
                self.repeating = Some(repetition);
            }
        }
        self.remember(out);
    }

    /// The stream goes on as another: what comes next is faded in over what was.
    pub(super) fn interrupted(&mut self, rate: u32) {
        let going_on = self.repeating.filter(|repetition| repetition.faded == 0);
        self.repeating = Some(going_on.unwrap_or_else(|| self.begin(rate)));
    }

    pub(crate) fn conceal(&mut self, out: &mut [i16], rate: u32) {
        let going_on = self.repeating.filter(|repetition| repetition.faded == 0);
        let mut repetition = going_on.unwrap_or_else(|| self.begin(rate));
        for frame in out.chunks_mut(self.channels) {
            let samples = self.next(&mut repetition);
            for (sample, made) in frame.iter_mut().zip(samples) {
                *sample = made as i16;
            }
        }
        self.repeating = Some(repetition);
    }

    /// Appends interleaved samples to the ring, at most a frame's worth.
    fn remember(&mut self, out: &[i16]) {
        let out = &out[..out.len().min(MAX_SAMPLES)];
        let length = self.length();
        let at = if self.at < length { self.at } else { 0 };
        let (head, tail) = out.split_at(out.len().min(length - at));
        self.ring[at..at + head.len()].copy_from_slice(head);
        self.ring[..tail.len()].copy_from_slice(tail);
        self.at = (at + out.len()) % length;
    }

    const fn length(&self) -> usize {
        HISTORY * self.channels
    }

    /// The sample of `channel` that was heard `ago` samples before the end (1 is the last).
    fn past(&self, ago: usize, channel: usize) -> f32 {
        let length = self.length();
        let at = self.at + length - (ago.clamp(1, HISTORY) * self.channels) + channel;
        f32::from(self.ring[at % length])
    }

    fn begin(&self, rate: u32) -> Repetition {
        let lag = self.lag();
        let step = core::array::from_fn(|channel| {
            let channel = channel.min(self.channels - 1);
            self.past(1, channel) - self.past(lag + 1, channel)
        });
        let rate = rate as usize;
        Repetition {
            lag,
            made: 0,
            faded: 0,
            since: 0,
            full: rate / 200,
            silent: rate * 3 / 100,
            step,
        }
    }

    /// The next samples of the repetition, one for each channel.
    fn next(&self, repetition: &mut Repetition) -> [f32; 2] {
        let Repetition { lag, made, since, full, silent, step, .. } = *repetition;
        if made >= silent {
            return [0.0; 2];
        }
        repetition.made += 1;
        let volume =
            if made < full { 1.0 } else { (silent - made) as f32 / (silent - full) as f32 };
        let place = made % lag;
        let rest = 1.0 - place.min(SPREAD) as f32 / SPREAD as f32;
        core::array::from_fn(|channel| {
            let sample = self.past(since + lag - place, channel.min(self.channels - 1));
            ((sample + step[channel] * rest) * volume).clamp(-32_768.0, 32_767.0)
        })
    }

    /// The lag at which the end of the sound resembles what was before it most.
    fn lag(&self) -> usize {
        let mut mono = [0.0; HISTORY];
        for (i, sample) in mono.iter_mut().enumerate() {
            let ago = HISTORY - i;
            *sample = (0..self.channels).map(|channel| self.past(ago, channel)).sum();
        }
        let coarse = best(&mono, (SHORTEST..=LONGEST).step_by(COARSE), COARSE);
        let from = coarse.saturating_sub(COARSE).max(SHORTEST);
        best(&mono, from..=(coarse + COARSE).min(LONGEST), 1)
    }
}

/// The lag with the highest normalised correlation, `every` so many samples compared.
fn best(mono: &[f32; HISTORY], lags: impl Iterator<Item = usize>, every: usize) -> usize {
    let end = &mono[HISTORY - COMPARED..];
    let mut best = (SHORTEST, f32::MIN);
    for lag in lags {
        let before = &mono[HISTORY - COMPARED - lag..HISTORY - lag];
        let mut product = 0.0;
        let mut energy = 1.0;
        for (a, b) in end.iter().zip(before).step_by(every) {
            product += a * b;
            energy += b * b;
        }
        let score = product * product.abs() / energy;
        if score > best.1 {
            best = (lag, score);
        }
    }
    best.0
}
