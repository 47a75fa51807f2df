//! Tones of our own, over everything else that is heard: the ring of a phone that does not ring over its
//! voice link, and the beep that tells somebody who speaks of a second call.
//!
//! The ring is 400 and 450 Hz, 0.4 s twice with 0.2 s between, every 3 s; the waiting tone 425 Hz for 0.2 s
//! every 3 s, at −20 dB of full scale (ITU-T E.180 and its supplement 2 list both among the common ones). In
//! place of each a [`Sound`] may be given, which is played as loud as it is: as a ring again and again, as a
//! waiting tone every 3 s. A waiting tone lies over somebody's voice, and is made softer with it.
//!
//! A tone begins from its beginning, and it begins and ends in [`FADE_MS`].

use core::f32::consts::TAU;

use crate::converter::{BLOCK, Converter};
use crate::fade::Fade;
use crate::wave::Sound;

/// How long a tone takes to come and to go, in milliseconds; so does each beep of it.
const FADE_MS: u32 = 8;
/// How often the built-in tones, and a file as the waiting tone, come round, in milliseconds.
const PERIOD_MS: u32 = 3_000;
/// The peak of each of the ring's two sines: together −9 dB of full scale.
const RING_PEAK: f32 = 5_800.0;
/// The peak of the waiting tone: −20 dB of full scale.
const WAITING_PEAK: f32 = 3_277.0;

/// A tone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Tone {
    /// None.
    #[default]
    None,
    /// Somebody calls.
    Ring,
    /// Somebody calls while another call is on.
    Waiting,
}

/// Both tones, of which one sounds, or none.
pub(crate) struct Tones {
    rate: u32,
    tone: Tone,
    ring: Player,
    waiting: Player,
    /// How loud the voice is that a waiting tone lies over.
    voice: f32,
}

/// One tone.
struct Player {
    source: Source,
    gain: Fade,
    /// Frames since its beginning.
    at: u64,
}

enum Source {
    Beeps { hertz: &'static [f32], peak: f32, beeps: &'static [Beep] },
    File(Box<Looped>),
}

/// From when to when in a period, in milliseconds.
type Beep = (u32, u32);

/// A sound that comes round.
struct Looped {
    sound: Sound,
    /// Samples from its beginning to the next time, of which the last may be silence.
    period: usize,
    next: usize,
    converter: Converter,
}

impl Tones {
    pub(crate) fn new(rate: u32) -> Self {
        let player = |hertz, peak, beeps| Player {
            source: Source::Beeps { hertz, peak, beeps },
            gain: Fade::at(0.0),
            at: 0,
        };
        Tones {
            rate,
            tone: Tone::None,
            ring: player(&[400.0, 450.0], RING_PEAK, &[(0, 400), (600, 1_000)]),
            waiting: player(&[425.0], WAITING_PEAK, &[(0, 200)]),
            voice: 1.0,
        }
    }

    /// Plays a sound in place of a tone from now on. Allocates.
    pub(crate) fn replace(&mut self, tone: Tone, sound: Sound) {
        let length = sound.samples.len();
        let (player, period) = match tone {
            Tone::None => return,
            Tone::Ring => (&mut self.ring, length),
            Tone::Waiting => {
                (&mut self.waiting, length.max((sound.rate * PERIOD_MS / 1_000) as usize))
            }
        };
        let mut converter = Converter::new(self.rate);
        converter.reset(f64::from(self.rate) / f64::from(sound.rate));
        player.source = Source::File(Box::new(Looped { sound, period, next: 0, converter }));
    }

    pub(crate) fn set(&mut self, tone: Tone) {
        if tone != self.tone {
            self.tone = tone;
            self.sound();
        }
    }

    /// A voice is heard so loud, from 0 to 1.
    pub(crate) fn lie_over(&mut self, voice: f32) {
        self.voice = voice;
        self.sound();
    }

    fn sound(&mut self) {
        let [ring, waiting] = [Tone::Ring, Tone::Waiting].map(|tone| f32::from(self.tone == tone));
        self.ring.sound(ring, self.rate);
        self.waiting.sound(waiting * self.voice, self.rate);
    }

    /// Whether nothing sounds, nor fades out.
    pub(crate) fn is_silent(&self) -> bool {
        self.ring.is_silent() && self.waiting.is_silent()
    }

    /// Adds the next frames, at most [`BLOCK`], to `mix`.
    pub(crate) fn render(&mut self, [left, right]: [&mut [f32]; 2]) {
        for player in [&mut self.ring, &mut self.waiting] {
            if !player.is_silent() {
                player.render(self.rate, [&mut *left, &mut *right]);
            }
        }
    }
}

impl Player {
    fn is_silent(&self) -> bool {
        self.gain.steady() == Some(0.0)
    }

    fn sound(&mut self, gain: f32, rate: u32) {
        if gain > 0.0 && self.is_silent() {
            self.at = 0;
            if let Source::File(looped) = &mut self.source {
                looped.next = 0;
                looped.converter.reset(f64::from(rate) / f64::from(looped.sound.rate));
            }
        }
        self.gain.to(gain, FADE_MS, rate);
    }

    fn render(&mut self, rate: u32, [left, right]: [&mut [f32]; 2]) {
        let frames = left.len().min(BLOCK);
        let mut samples = [0.0; BLOCK];
        match &mut self.source {
            Source::Beeps { hertz, peak, beeps } => {
                let period = u64::from(rate * (PERIOD_MS / 1_000));
                for (at, sample) in (self.at..).zip(&mut samples[..frames]) {
                    let at = (at % period) as u32;
                    *sample = *peak * beep(beeps, hertz, at as f32, rate as f32);
                }
            }
            Source::File(looped) => looped.pull(&mut samples[..frames]),
        }
        for ((left, right), sample) in left.iter_mut().zip(right).zip(&samples[..frames]) {
            let sample = sample * self.gain.advance();
            *left += sample;
            *right += sample;
        }
        self.at += frames as u64;
    }
}

/// The sum of the sines at a frame of the period, each of peak 1.
fn beep(beeps: &[Beep], hertz: &[f32], at: f32, rate: f32) -> f32 {
    let frames = |ms: u32| ms as f32 * rate / 1_000.0;
    let within = |&&(from, until): &&Beep| (frames(from)..frames(until)).contains(&at);
    let Some(&(from, until)) = beeps.iter().find(within) else { return 0.0 };
    let since = at - frames(from);
    let edge = (since.min(frames(until) - at) / frames(FADE_MS)).min(1.0);
    let swell = edge * edge * (3.0 - 2.0 * edge);
    swell * hertz.iter().map(|hertz| (TAU * hertz * since / rate).sin()).sum::<f32>()
}

impl Looped {
    fn pull(&mut self, out: &mut [f32]) {
        let Looped { sound, period, next, converter } = self;
        let [samples, _] = converter.convert(out.len(), |left, right| {
            for (left, right) in left.iter_mut().zip(right) {
                let sample = sound.samples.get(*next).copied().unwrap_or(0);
                (*left, *right) = (f32::from(sample), f32::from(sample));
                *next = (*next + 1) % *period;
            }
        });
        out.copy_from_slice(samples);
    }
}

#[cfg(test)]
mod tests;
