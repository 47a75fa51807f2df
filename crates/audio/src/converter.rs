//! Rate conversion of one stream on `rubato`: from the stream's rate to the sink's, at a ratio that
//! the drift servo bends.
//!
//! The interpolator is a sinc of 32 points, linearly interpolated between 64 phases (an 8 KiB
//! table), with its corner at the stream's Nyquist frequency: flat to 18 kHz of a 44.1 kHz stream,
//! and what it lets pass of the images above lies beyond 20 kHz. Polynomial interpolation, at a
//! third to all of its cost, leaves images at −31 dB (cubic) or −48 dB (septic) for a 10 kHz tone.
//! Streams at the sink's own rate go the same way: the drift has to be taken up somewhere, and
//! inserted or dropped samples would be heard on steady tones.

use rubato::audioadapter_buffers::direct::SequentialSliceOfVecs;
use rubato::{
    Adjustable, Async, FixedAsync, Resampler, Resizable, SincInterpolationParameters,
    SincInterpolationType, WindowFunction,
};

/// The most frames converted at once: 5.3 ms at 48 kHz.
pub(crate) const BLOCK: usize = 256;

/// The largest ratio between two rates, either way, drift included.
pub(crate) const MAX_RATIO: f64 = 6.1;

const POINTS: usize = 32;
const PHASES: usize = 64;

/// The converter of one stream.
pub(crate) struct Converter {
    resampler: Async<f32>,
    input: Vec<Vec<f32>>,
    output: Vec<Vec<f32>>,
    /// Frames out a frame in.
    ratio: f64,
    block: usize,
    /// The fraction of a frame still to be skipped.
    owed: f64,
}

impl Converter {
    pub(crate) fn new(sink_rate: u32) -> Self {
        let corner = (f64::from(sink_rate) / f64::from(crate::ring::MAX_RATE)).min(1.0);
        let parameters = SincInterpolationParameters::new(POINTS, WindowFunction::Blackman)
            .f_cutoff(corner as f32)
            .oversampling_factor(PHASES)
            .interpolation(SincInterpolationType::Linear);
        let resampler = Async::new_sinc(1.0, MAX_RATIO, &parameters, BLOCK, 2, FixedAsync::Output)
            .expect("the parameters are constants in rubato's range");
        let longest = resampler.input_frames_max();
        Converter {
            input: vec![vec![0.0; longest]; 2],
            output: vec![vec![0.0; BLOCK]; 2],
            resampler,
            ratio: 1.0,
            block: BLOCK,
            owed: 0.0,
        }
    }

    /// Forgets the past and takes a new ratio (sink rate over stream rate).
    pub(crate) fn reset(&mut self, ratio: f64) {
        self.resampler.reset();
        self.block = BLOCK;
        self.owed = 0.0;
        self.steer(ratio, false);
    }

    /// Bends the ratio; smoothly over the next block when `ramp` is set.
    pub(crate) fn steer(&mut self, ratio: f64, ramp: bool) {
        if self.resampler.set_resample_ratio(ratio, ramp).is_ok() {
            self.ratio = ratio;
        }
    }

    /// How many stream frames the next `frames` (at most [`BLOCK`]) sink frames will take.
    pub(crate) fn needs(&mut self, frames: usize) -> usize {
        if frames != self.block && self.resampler.set_chunk_size(frames).is_ok() {
            self.block = frames;
        }
        self.resampler.input_frames_next()
    }

    /// Converts the next `frames` frames, pulling the stream's with `pull`.
    pub(crate) fn convert(
        &mut self,
        frames: usize,
        pull: impl FnOnce(&mut [f32], &mut [f32]),
    ) -> [&[f32]; 2] {
        let needed = self.needs(frames);
        if let [left, right] = &mut self.input[..] {
            pull(&mut left[..needed], &mut right[..needed]);
        }
        let input = SequentialSliceOfVecs::new(&self.input, 2, needed);
        let output = SequentialSliceOfVecs::new_mut(&mut self.output, 2, self.block);
        if let (Ok(input), Ok(mut output)) = (input, output) {
            let done = self.resampler.process_into_buffer(&input, &mut output, None);
            debug_assert!(done.is_ok(), "{done:?}");
        }
        [&self.output[0][..frames], &self.output[1][..frames]]
    }

    /// How many stream frames pass during `frames` sink frames that nobody hears; to be dropped
    /// unconverted.
    pub(crate) fn passed(&mut self, frames: usize) -> usize {
        self.owed += frames as f64 / self.ratio;
        let whole = self.owed.floor();
        self.owed -= whole;
        whole as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{amplitude, channel, sine, sine_snr};

    /// A tone through the converter in blocks of changing sizes, its first tenth left out.
    fn converted(tone: f64, from: u32, to: u32, ppm: f64) -> Vec<i16> {
        let mut converter = Converter::new(to);
        let ratio = f64::from(to) / f64::from(from) * (1.0 + ppm * 1e-6);
        converter.reset(ratio);
        let mut samples = channel(&sine(tone, 16_000.0, from, 0, 2 * from as usize), 0).into_iter();
        let mut out = Vec::new();
        while out.len() < to as usize {
            let block = [240, 256, 17][out.len() % 3];
            let made = converter.convert(block, |left, right| {
                left.fill_with(|| f32::from(samples.next().unwrap_or(0)));
                right.copy_from_slice(left);
            });
            assert_eq!(made[0], made[1]);
            out.extend(made[0].iter().map(|s| s.round() as i16));
        }
        out.split_off(to as usize / 10)
    }

    #[test]
    fn tones_come_out_clean_and_at_their_level() {
        // Tone, rate, the least SNR in dB.
        for (tone, from, clean) in [
            (1_000.0, 44_100, 85.0),
            (5_000.0, 44_100, 85.0),
            (10_000.0, 44_100, 80.0),
            (15_000.0, 44_100, 75.0),
            (1_000.0, 48_000, 85.0),
            (15_000.0, 48_000, 75.0),
            (1_000.0, 16_000, 80.0),
            (5_000.0, 16_000, 75.0),
            (10_000.0, 32_000, 75.0),
        ] {
            let out = converted(tone, from, 48_000, 137.0);
            let heard = tone / (1.0 + 137e-6);
            let snr = sine_snr(&out[..4_800], 48_000, heard);
            let loss = 20.0 * (16_000.0 / 32_768.0 / amplitude(&out, 48_000, heard)).log10();
            println!("{tone} Hz from {from}: {snr:.1} dB, {loss:.2} dB lower");
            assert!(snr > clean, "{tone} Hz from {from}: {snr} dB");
            assert!(loss.abs() < 0.2, "{tone} Hz from {from}: {loss} dB lower");
        }
        let out = converted(18_000.0, 44_100, 48_000, 0.0);
        assert!(amplitude(&out, 48_000, 18_000.0) * 32_768.0 / 16_000.0 > 0.9, "18 kHz is there");
    }

    #[test]
    fn the_unheard_way_takes_as_many_frames_as_the_heard_one() {
        let (mut heard, mut unheard) = (Converter::new(48_000), Converter::new(48_000));
        let ratio = 48_000.0 / 44_100.0 / 1.0002;
        heard.reset(ratio);
        unheard.reset(ratio);
        let (mut taken, mut passed) = (0i64, 0i64);
        for block in (1..=BLOCK).cycle().take(20_000) {
            heard.convert(block, |left, _| taken += left.len() as i64);
            passed += unheard.passed(block) as i64;
        }
        assert!((taken - passed).abs() <= POINTS as i64, "{taken} and {passed}");
    }
}
