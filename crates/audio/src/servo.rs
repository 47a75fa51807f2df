//! The clock-drift servo: turns the level of a jitter buffer into the correction of its resampling
//! ratio. A phone's sample clock and the sink's differ by up to some hundred ppm, and neither side
//! tells; the buffer's level does, slowly and under the noise of packets arriving in lumps.
//!
//! The level is smoothed over two seconds and fed to a PI controller. The buffer integrates the
//! difference of the clocks, so the loop is of second order: with the gains below it is critically
//! damped at 0.02 rad/s, and a source that is 200 ppm off moves the level by
//! 200e-6 / (e · 0.02) s = 3.7 ms at most before the integral has learned it.

/// The largest correction, in parts per million (1.7 cents: not heard as pitch).
pub const LIMIT_PPM: f64 = 1_000.0;

/// The loop's natural frequency in rad/s.
const OMEGA: f64 = 0.02;
/// Proportional gain: correction for each second of error.
const KP: f64 = 2.0 * OMEGA;
/// Integral gain.
const KI: f64 = OMEGA * OMEGA;
/// Time constant of the level's low-pass filter, in seconds.
const SMOOTHING_S: f64 = 2.0;

/// The servo of one stream.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Servo {
    /// Smoothed error in seconds; none before the first observation of a run.
    error: Option<f64>,
    /// What the integral has learned of the drift, as a ratio minus one.
    drift: f64,
    correction: f64,
}

impl Servo {
    /// Starts a new run of sound: the level is measured afresh, the drift learned so far is kept
    /// (the crystals are still the same).
    pub(crate) fn restart(&mut self) {
        self.error = None;
    }

    /// Takes in that the buffer held `error` seconds more than it should, after `elapsed` seconds
    /// of sound; gives how much faster than nominally the stream should be consumed, minus one.
    pub(crate) fn observe(&mut self, error: f64, elapsed: f64) -> f64 {
        let limit = LIMIT_PPM * 1e-6;
        let before = self.error.unwrap_or(error);
        let error = before + (error - before) * (elapsed / SMOOTHING_S).min(1.0);
        self.error = Some(error);
        let wanted = KP * error + self.drift;
        // The integral stands still while the correction is at its limit: it would only learn how
        // long the excess lasted.
        if wanted.abs() < limit {
            self.drift = (self.drift + KI * error * elapsed).clamp(-limit, limit);
        }
        self.correction = wanted.clamp(-limit, limit);
        self.correction
    }

    /// The correction in force, minus one.
    pub(crate) fn correction(&self) -> f64 {
        self.correction
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A buffer whose source is `ppm` off, seen with 20 ms of noise; gives the extremes of its
    /// level error over an hour and the last correction.
    fn an_hour(ppm: f64, start: f64) -> (f64, f64, f64) {
        let mut servo = Servo::default();
        let (mut level, mut low, mut high) = (start, f64::MAX, f64::MIN);
        let (tick, mut noise) = (0.005, 1u32);
        for _ in 0..(3600.0 / tick) as u64 {
            level += tick * (ppm * 1e-6 - servo.correction());
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            servo.observe(level + f64::from(noise) / f64::from(u32::MAX) * 0.02 - 0.01, tick);
            low = level.min(low);
            high = level.max(high);
        }
        (low, high, servo.correction())
    }

    #[test]
    fn learns_the_drift_and_holds_the_level() {
        for ppm in [-500.0, -200.0, 0.0, 200.0, 500.0] {
            let (low, high, correction) = an_hour(ppm, 0.0);
            assert!(low > -0.012 && high < 0.012, "{ppm} ppm: {low} to {high}");
            assert!((correction * 1e6 - ppm).abs() < 30.0, "{ppm}: {correction}");
        }
    }

    #[test]
    fn an_excess_drains_without_overshoot() {
        let (low, _, _) = an_hour(200.0, 0.1);
        assert!(low > -0.02, "{low}");
    }
}
