//! Rate conversion at a fixed ratio, for sound that leaves the engine by another way than a sink, or
//! comes into it: frames are pushed at one rate and pulled at another, as far as they reach. At one and
//! the same rate they come out as they went in.
//!
//! The [converter](crate::converter) is that of streams, with its corner at the lower rate's Nyquist
//! frequency: it holds back half of its window of 32 frames. Nothing is allocated after construction.

use crate::converter::{BLOCK, Converter};
use crate::engine::saturate;
use crate::ring::{Ring, StereoFrame};

/// See the module.
pub struct Resampler {
    /// None where the rates are the same.
    converter: Option<Converter>,
    input: Ring,
}

impl Resampler {
    /// From frames `from` a second to frames `to` a second, with room for `holding` frames that wait;
    /// `None` where one is more than six times the other.
    pub fn new(from: u32, to: u32, holding: usize) -> Option<Resampler> {
        let input = Ring::holding(holding.max(1));
        if from == to && from != 0 {
            return Some(Resampler { converter: None, input });
        }
        let converter = Converter::fixed(from, to)?;
        Some(Resampler { converter: Some(converter), input })
    }

    /// Appends frames; says how many of the oldest were lost because there was no room.
    pub fn push(&mut self, frames: &[StereoFrame]) -> usize {
        self.input.push(frames)
    }

    /// Forgets what waits.
    pub fn clear(&mut self) {
        self.input.clear();
    }

    /// Fills `out` from its beginning, as far as what was pushed reaches; says how many frames that are.
    pub fn pull(&mut self, out: &mut [StereoFrame]) -> usize {
        let mut made = 0;
        for out in out.chunks_mut(BLOCK) {
            let frames = self.ready(out.len());
            if frames == 0 {
                break;
            }
            let (wanted, out) = (out.len(), &mut out[..frames]);
            match &mut self.converter {
                Some(converter) => {
                    let input = &mut self.input;
                    let [left, right] = converter.convert(frames, |l, r| input.pull(l, r));
                    narrow(left, right, out);
                }
                None => {
                    let (mut left, mut right) = ([0.0; BLOCK], [0.0; BLOCK]);
                    self.input.pull(&mut left[..frames], &mut right[..frames]);
                    narrow(&left, &right, out);
                }
            }
            made += frames;
            if frames < wanted {
                break;
            }
        }
        made
    }

    /// How many of `most` frames (at most [`BLOCK`]) can be made of what waits.
    fn ready(&self, most: usize) -> usize {
        let held = self.input.len();
        match &self.converter {
            Some(converter) => {
                (1..=most).rev().find(|frames| converter.needs(*frames) <= held).unwrap_or(0)
            }
            None => most.min(held),
        }
    }
}

impl core::fmt::Debug for Resampler {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Resampler").field("held", &self.input.len()).finish_non_exhaustive()
    }
}

fn narrow(left: &[f32], right: &[f32], out: &mut [StereoFrame]) {
    for ((out, left), right) in out.iter_mut().zip(left).zip(right) {
        *out = [saturate(*left), saturate(*right)];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{amplitude, channel, sine, sine_snr};

    /// A second of a tone through it, in uneven pieces both ways; the first tenth left out.
    fn resampled(tone: f64, from: u32, to: u32) -> Vec<i16> {
        let samples = channel(&sine(tone, 16_000.0, from, 0, from as usize), 0);
        let frames: Vec<StereoFrame> = samples.iter().map(|&s| [s, -s]).collect();
        let mut resampler = Resampler::new(from, to, 512).expect("it converts");
        let mut heard: Vec<StereoFrame> = Vec::new();
        for (n, piece) in frames.chunks(97).enumerate() {
            assert_eq!(resampler.push(piece), 0, "there is room");
            let mut out = [[0; 2]; 1_200];
            let made = resampler.pull(&mut out[..[1_200, 30, 600][n % 3]]);
            heard.extend(&out[..made]);
        }
        let mut out = [[0; 2]; 4_000];
        let made = resampler.pull(&mut out);
        heard.extend(&out[..made]);
        let missing = heard.len().abs_diff(to as usize);
        assert!(missing <= 40 * to.div_ceil(from) as usize, "{missing} frames from {from} to {to}");
        assert!(heard.iter().all(|[left, right]| (left + right).abs() <= 1));
        heard.iter().map(|frame| frame[0]).skip(to as usize / 10).collect()
    }

    #[test]
    fn tones_come_out_clean_and_at_their_level() {
        for (from, to) in [(44_100, 48_000), (48_000, 16_000), (8_000, 48_000), (48_000, 8_000)] {
            let out = resampled(1_000.0, from, to);
            let (snr, level) = (sine_snr(&out, to, 1_000.0), amplitude(&out, to, 1_000.0));
            println!("{from} to {to}: {snr:.1} dB, {level:.3}");
            assert!(snr > 70.0, "{from} to {to}: {snr} dB");
            assert!((level * 32_768.0 / 16_000.0 - 1.0).abs() < 0.02, "{from} to {to}: {level}");
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_carry_is_not_folded_into_it() {
        let out = resampled(7_000.0, 48_000, 8_000);
        assert!(amplitude(&out, 8_000, 1_000.0) < 0.01);
    }

    #[test]
    fn at_the_same_rate_nothing_changes_and_what_is_too_much_loses_the_oldest() {
        let mut resampler = Resampler::new(48_000, 48_000, 4).expect("it converts");
        let frames = [[1, -1], [i16::MIN, i16::MAX], [3, 4], [5, 6], [7, 8]];
        assert_eq!(resampler.push(&frames[..1]), 0);
        assert_eq!(resampler.push(&frames[1..]), 1);
        let mut out = [[0; 2]; 9];
        assert_eq!(resampler.pull(&mut out), 4);
        assert_eq!(out[..4], frames[1..]);
        assert!(Resampler::new(96_000, 8_000, 4).is_none());
        assert!(Resampler::new(48_000, 0, 4).is_none() && Resampler::new(0, 0, 4).is_none());
    }
}
