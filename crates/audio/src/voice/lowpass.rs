//! Takes off what a link's rate cannot carry, before a microphone's sound is converted to it.

use core::f64::consts::PI;

/// Points of the filter: at 48 kHz the way from all to nothing is 2.7 kHz wide.
const TAPS: usize = 96;
/// Samples filtered at once.
pub(super) const MOST: usize = 128;
/// Coefficients that the processor works on at once.
const LANES: usize = 8;

/// A low-pass filter with its past.
pub(super) struct Lowpass {
    taps: [f32; TAPS],
    /// The last [`TAPS`] samples but one, then those of this block.
    input: [f32; TAPS - 1 + MOST],
    on: bool,
}

impl Lowpass {
    pub(super) fn new() -> Self {
        Lowpass { taps: [0.0; TAPS], input: [0.0; TAPS - 1 + MOST], on: false }
    }

    /// For sound at `from` samples a second that goes on at `to`; it does nothing if that is no less.
    pub(super) fn open(&mut self, from: u32, to: u32) {
        self.input.fill(0.0);
        self.on = from > to;
        // The corner lies a little below the Nyquist frequency: little is lost, and little folded.
        let corner = 0.92 * f64::from(to) / f64::from(from);
        let tap = |n: usize| {
            let x = n as f64 - (TAPS - 1) as f64 / 2.0;
            let w = 2.0 * PI * (n as f64 + 0.5) / TAPS as f64;
            (PI * corner * x).sin() / (PI * x) * (0.42 - 0.5 * w.cos() + 0.08 * (2.0 * w).cos())
        };
        let taps: [f64; TAPS] = core::array::from_fn(tap);
        let sum: f64 = taps.iter().sum();
        self.taps = taps.map(|tap| (tap / sum) as f32);
    }

    /// Filters up to [`MOST`] samples.
    pub(super) fn filter(&mut self, samples: &mut [i16]) {
        if !self.on {
            return;
        }
        let length = samples.len().min(MOST);
        let samples = &mut samples[..length];
        for (input, &sample) in self.input[TAPS - 1..].iter_mut().zip(&*samples) {
            *input = f32::from(sample);
        }
        for (n, sample) in samples.iter_mut().enumerate() {
            let mut sums = [0.0f32; LANES];
            let seen = self.input[n..n + TAPS].as_chunks::<LANES>().0;
            for (taps, seen) in self.taps.as_chunks::<LANES>().0.iter().zip(seen) {
                for lane in 0..LANES {
                    sums[lane] += taps[lane] * seen[lane];
                }
            }
            *sample = super::saturate(sums.iter().sum());
        }
        self.input.copy_within(length..length + TAPS - 1, 0);
    }
}
