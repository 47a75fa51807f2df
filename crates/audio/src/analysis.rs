//! Measuring what is heard: which tone dominates when, where sound is missing, and whether it
//! clicks. For tests, demonstrations and timelines; not on the audio path.
//!
//! Samples are `i16`; functions that take `samples` of one channel are fed from interleaved stereo
//! by [`channel`].

use core::f64::consts::TAU;
use core::ops::Range;

/// One channel (0 is left) of interleaved stereo.
pub fn channel(interleaved: &[i16], channel: usize) -> Vec<i16> {
    interleaved.iter().skip(channel).step_by(2).copied().collect()
}

/// The amplitude (0 to 1 of full scale) of `frequency` hertz in `samples` at `rate`: Goertzel's
/// algorithm under a Hann window, so that neighbouring tones do not leak in.
pub fn amplitude(samples: &[i16], rate: u32, frequency: f64) -> f64 {
    let turn = TAU * frequency / f64::from(rate);
    let coefficient = 2.0 * turn.cos();
    let length = samples.len() as f64;
    let (mut last, mut before) = (0.0, 0.0);
    for (i, &sample) in samples.iter().enumerate() {
        let window = 1.0 - (TAU * (i as f64 + 0.5) / length).cos();
        let next = f64::from(sample) / 32_768.0 * window + coefficient * last - before;
        before = last;
        last = next;
    }
    let power = last * last + before * before - coefficient * last * before;
    if samples.is_empty() { 0.0 } else { 2.0 * power.max(0.0).sqrt() / length }
}

/// The root of the mean square of `samples`, 0 to 1 of full scale.
pub fn level(samples: &[i16]) -> f64 {
    let sum: f64 = samples.iter().map(|&s| f64::from(s) * f64::from(s)).sum();
    if samples.is_empty() { 0.0 } else { (sum / samples.len() as f64).sqrt() / 32_768.0 }
}

/// Which of `candidates` (in hertz) is the loudest in `samples`; `None` when it carries less than
/// half of the sound's power, or the sound lies below −60 dB.
pub fn dominant(samples: &[i16], rate: u32, candidates: &[f64]) -> Option<f64> {
    let level = level(samples);
    let measured = candidates.iter().map(|&f| (f, amplitude(samples, rate, f)));
    let (frequency, amplitude) = measured.max_by(|a, b| a.1.total_cmp(&b.1))?;
    (level > 1e-3 && amplitude * amplitude / 2.0 > level * level / 2.0).then_some(frequency)
}

/// A stretch of sound with the same dominant tone.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Tone {
    /// From when, in seconds.
    pub from: f64,
    /// Until when, in seconds.
    pub until: f64,
    /// Its frequency; `None` is silence, or none of the candidates.
    pub frequency: Option<f64>,
}

/// The dominant tone over time, in windows of `window_ms`.
pub fn tones(samples: &[i16], rate: u32, candidates: &[f64], window_ms: u32) -> Vec<Tone> {
    let window = (rate as usize * window_ms as usize / 1000).max(1);
    let mut tones: Vec<Tone> = Vec::new();
    for (i, samples) in samples.chunks(window).enumerate() {
        let frequency = dominant(samples, rate, candidates);
        let from = (i * window) as f64 / f64::from(rate);
        let until = from + samples.len() as f64 / f64::from(rate);
        match tones.last_mut() {
            Some(tone) if tone.frequency == frequency => tone.until = until,
            _ => tones.push(Tone { from, until, frequency }),
        }
    }
    tones
}

/// Where at least `min_ms` pass below `threshold` (a sample's magnitude), as ranges of sample
/// numbers; with what precedes the first sound and follows the last.
pub fn gaps(samples: &[i16], rate: u32, threshold: u16, min_ms: u32) -> Vec<Range<usize>> {
    let shortest = rate as usize * min_ms as usize / 1000;
    let mut gaps = Vec::new();
    let mut from = 0;
    let end = [(samples.len(), true)];
    let loud = samples.iter().enumerate().map(|(i, s)| (i, s.unsigned_abs() >= threshold));
    for (i, loud) in loud.chain(end) {
        if loud {
            if i - from >= shortest.max(1) {
                gaps.push(from..i);
            }
            from = i + 1;
        }
    }
    gaps
}

/// The largest difference of neighbouring samples, and where: a click stands out against
/// [`steepest`] of the tones that are meant to be there.
pub fn largest_step(samples: &[i16]) -> (u32, usize) {
    let steps = samples.windows(2).enumerate();
    let steps = steps.map(|(i, pair)| (i32::from(pair[0]).abs_diff(i32::from(pair[1])), i + 1));
    steps.max().unwrap_or((0, 0))
}

/// The largest step between samples of a sine of that peak.
pub fn steepest(frequency: f64, peak: f64, rate: u32) -> f64 {
    2.0 * peak * (TAU * frequency / f64::from(rate) / 2.0).sin()
}

/// Signal against everything else, in dB, for a sine of about that frequency in `samples`: its
/// amplitude, phase and exact frequency (a drift servo bends it by some ppm) are fitted, and what
/// remains is noise and distortion.
pub fn sine_snr(samples: &[i16], rate: u32, frequency: f64) -> f64 {
    let mut turn = TAU * frequency / f64::from(rate);
    let half = samples.len() / 2;
    for _ in 0..3 {
        // A frequency that is a little off turns the phase between the halves.
        let (a, b) = fit(&samples[..half], turn);
        let (c, d) = fit(&samples[half..], turn);
        let there = d.atan2(c) - b.atan2(a);
        let expected = -turn * half as f64;
        let off = (there - expected + TAU / 2.0).rem_euclid(TAU) - TAU / 2.0;
        turn -= off / half.max(1) as f64;
    }
    let (a, b) = fit(samples, turn);
    let (mut signal, mut noise) = (0.0, 0.0);
    for (i, &sample) in samples.iter().enumerate() {
        let (sin, cos) = (turn * i as f64).sin_cos();
        let fitted = a * cos + b * sin;
        signal += fitted * fitted;
        noise += (f64::from(sample) - fitted).powi(2);
    }
    10.0 * (signal / noise.max(f64::MIN_POSITIVE)).log10()
}

/// The cosine's and the sine's share of `samples` at `turn` radians a sample, by least squares.
fn fit(samples: &[i16], turn: f64) -> (f64, f64) {
    let (mut cc, mut ss, mut cs, mut xc, mut xs) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (i, &sample) in samples.iter().enumerate() {
        let (sin, cos) = (turn * i as f64).sin_cos();
        let x = f64::from(sample);
        cc += cos * cos;
        ss += sin * sin;
        cs += cos * sin;
        xc += x * cos;
        xs += x * sin;
    }
    let determinant = cc * ss - cs * cs;
    ((xc * ss - xs * cs) / determinant, (xs * cc - xc * cs) / determinant)
}

/// `frames` interleaved stereo frames of a sine of that frequency and peak, starting at frame
/// `at` of it.
pub fn sine(frequency: f64, peak: f64, rate: u32, at: u64, frames: usize) -> Vec<i16> {
    let turn = TAU * frequency / f64::from(rate);
    let sample = |i: u64| (peak * (turn * i as f64).sin()).round() as i16;
    (at..at + frames as u64).flat_map(|i| [sample(i); 2]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_tones_gaps_and_steps() {
        let mut sound = channel(&sine(440.0, 8000.0, 48_000, 0, 48_000), 0);
        sound.extend(vec![0; 4_800]);
        sound.extend(channel(&sine(880.0, 8000.0, 48_000, 0, 48_000), 1));
        let tones = tones(&sound, 48_000, &[440.0, 660.0, 880.0], 50);
        let heard: Vec<_> = tones.iter().map(|tone| tone.frequency).collect();
        assert_eq!(heard, [Some(440.0), None, Some(880.0)]);
        assert!((tones[1].from - 1.0).abs() < 1e-9 && (tones[1].until - 1.1).abs() < 1e-9);
        let gaps = gaps(&sound, 48_000, 50, 50);
        assert_eq!((gaps.len(), &gaps[0]), (1, &(48_000..52_801)));
        assert!((amplitude(&sound[..48_000], 48_000, 440.0) - 8000.0 / 32_768.0).abs() < 1e-4);
        let (step, _) = largest_step(&sound);
        assert!(f64::from(step) <= steepest(880.0, 8000.0, 48_000) + 1.0);
        sound[1000] = sound[1000].wrapping_add(5000);
        assert!(matches!(largest_step(&sound), (4000.., 1000 | 1001)));
    }

    #[test]
    fn snr_of_a_rounded_sine_is_that_of_16_bits() {
        let sound = channel(&sine(1000.0, 32_000.0, 48_000, 0, 48_000), 0);
        let snr = sine_snr(&sound, 48_000, 1000.0);
        assert!((95.0..100.0).contains(&snr), "{snr}");
        let snr = sine_snr(&sound, 48_000, 1000.1);
        assert!((95.0..100.0).contains(&snr), "{snr} though 100 ppm off");
    }
}
