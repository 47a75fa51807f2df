//! Sound that resembles speech: syllables of a gliding voice with formants, hissing consonants, and
//! pauses; and how far two sounds are apart.
#![allow(dead_code, reason = "not every test takes all of it")]

use std::f64::consts::TAU;

/// A small generator of numbers that look random.
pub struct Noise(u64);

impl Noise {
    pub fn new(seed: u64) -> Self {
        Noise(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// 0 to 1.
    pub fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.next()
    }
}

/// `samples` samples of it at `rate`.
pub fn speech(seed: u64, rate: u32, samples: usize) -> Vec<i16> {
    let mut noise = Noise::new(seed);
    let rate = f64::from(rate);
    let voice = noise.between(90.0, 220.0);
    let mut sound = Vec::with_capacity(samples);
    let mut phase = 0.0f64;
    while sound.len() < samples {
        let length = (noise.between(0.12, 0.3) * rate) as usize;
        let (from, to) = (voice * noise.between(0.85, 1.2), voice * noise.between(0.85, 1.2));
        let formants = [
            (noise.between(300.0, 800.0), 80.0, 1.0),
            (noise.between(900.0, 2_200.0), 120.0, 0.5),
            (noise.between(2_300.0, 3_000.0), 180.0, 0.2),
        ];
        let loud = noise.between(3_000.0, 6_000.0);
        for i in 0..length {
            let t = i as f64 / length as f64;
            let pitch = from + (to - from) * t;
            phase += pitch / rate;
            let mut sample = 0.0;
            for harmonic in 1..=(3_400.0 / pitch) as u32 {
                let frequency = pitch * f64::from(harmonic);
                let gain: f64 = formants
                    .iter()
                    .map(|(at, width, gain)| gain / (1.0 + ((frequency - at) / width).powi(2)))
                    .sum();
                // A voice's harmonics fall off, and are not in phase.
                let turn = phase * f64::from(harmonic) + 0.07 * f64::from(harmonic * harmonic);
                sample += (0.02 + gain) / f64::from(harmonic).sqrt() * (TAU * turn).sin();
            }
            sound.push(sample * loud * (TAU * t / 2.0).sin().sqrt());
        }
        let hiss = (noise.between(0.03, 0.08) * rate) as usize;
        for i in 0..hiss {
            let t = (i as f64 + 0.5) / hiss as f64;
            sound.push(noise.between(-900.0, 900.0) * (TAU * t / 2.0).sin());
        }
        sound.extend(vec![0.0; (noise.between(0.0, 0.06) * rate) as usize]);
    }
    sound.iter().take(samples).map(|s| s.clamp(-32_000.0, 32_000.0) as i16).collect()
}

/// How far `got` lies below `wanted`, in dB; infinite where they are the same.
pub fn snr(wanted: &[i16], got: &[i16]) -> f64 {
    let (mut signal, mut noise) = (0.0, 0.0);
    for (&wanted, &got) in wanted.iter().zip(got) {
        signal += f64::from(wanted).powi(2);
        noise += (f64::from(wanted) - f64::from(got)).powi(2);
    }
    10.0 * (signal / noise).log10()
}

/// The largest step from one sample to the next.
pub fn largest_step(sound: &[i16]) -> u32 {
    sound.windows(2).map(|pair| i32::from(pair[0]).abs_diff(i32::from(pair[1]))).max().unwrap_or(0)
}

/// Samples of s16le.
pub fn samples(bytes: &[u8]) -> Vec<i16> {
    bytes.as_chunks::<2>().0.iter().map(|&pair| i16::from_le_bytes(pair)).collect()
}
