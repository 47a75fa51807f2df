//! Whether a stream is sound or silence. A phone that starts a stream for a notification, or keeps
//! one open over a pause, sends silence, often with the dither of its mixer.

/// The peak from which a block counts as sound: −60 dB of full scale.
pub const SOUNDING_PEAK: u16 = 33;

/// How long a stream must stay below [`SOUNDING_PEAK`] to count as silent, in milliseconds of its
/// own samples.
pub const SOUNDING_HOLD_MS: u32 = 500;

/// The detector of one stream.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sounding {
    sounding: bool,
    quiet_frames: u32,
}

impl Sounding {
    pub(crate) fn get(&self) -> bool {
        self.sounding
    }

    /// Takes in `frames` decoded frames with that peak, at that rate.
    pub(crate) fn observe(&mut self, peak: u16, frames: usize, rate: u32) {
        if peak >= SOUNDING_PEAK {
            *self = Sounding { sounding: true, quiet_frames: 0 };
            return;
        }
        self.quiet_frames = self.quiet_frames.saturating_add(frames as u32);
        if u64::from(self.quiet_frames) * 1000 >= u64::from(SOUNDING_HOLD_MS) * u64::from(rate) {
            self.sounding = false;
        }
    }

    /// Nothing has arrived for long.
    pub(crate) fn starved(&mut self) {
        *self = Sounding::default();
    }
}

/// The largest magnitude among the samples.
pub(crate) fn peak(samples: &[i16]) -> u16 {
    let (low, high) =
        samples.iter().fold((0i16, 0i16), |(low, high), &s| (low.min(s), high.max(s)));
    low.unsigned_abs().max(high.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_counts_at_once_and_silence_after_the_hold() {
        let mut sounding = Sounding::default();
        sounding.observe(SOUNDING_PEAK - 1, 480, 48_000);
        assert!(!sounding.get());
        sounding.observe(SOUNDING_PEAK, 480, 48_000);
        assert!(sounding.get());
        for _ in 0..49 {
            sounding.observe(3, 480, 48_000);
        }
        assert!(sounding.get(), "490 ms of silence are a pause in the music");
        sounding.observe(3, 480, 48_000);
        assert!(!sounding.get());
        assert_eq!(peak(&[1, -32768, 5]), 32768);
    }
}
