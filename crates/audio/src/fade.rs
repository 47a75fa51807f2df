//! A gain on its way from one value to another, along a raised curve without corners, so that no
//! change of loudness clicks.

/// The shortest fade, in milliseconds: a jump would click.
const SHORTEST_MS: u32 = 2;
/// The longest fade, in milliseconds.
const LONGEST_MS: u32 = 10_000;

/// A gain that moves smoothly.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fade {
    from: f32,
    to: f32,
    /// How far along, 0 to 1.
    phase: f32,
    /// Phase a frame.
    step: f32,
}

impl Fade {
    pub(crate) fn at(gain: f32) -> Self {
        Fade { from: gain, to: gain, phase: 1.0, step: 1.0 }
    }

    /// Starts towards `gain` from wherever the fade is now.
    pub(crate) fn to(&mut self, gain: f32, ms: u32, rate: u32) {
        let from = self.now();
        let frames = ms.clamp(SHORTEST_MS, LONGEST_MS) as f32 * rate as f32 / 1000.0;
        *self = Fade { from, to: gain, phase: 0.0, step: 1.0 / frames.max(1.0) };
        if from == gain {
            self.phase = 1.0;
        }
    }

    /// The gain that is in force for good, if it does not move.
    pub(crate) fn steady(&self) -> Option<f32> {
        (self.phase >= 1.0).then_some(self.to)
    }

    /// The gain at this frame.
    pub(crate) fn now(&self) -> f32 {
        if self.phase >= 1.0 {
            return self.to;
        }
        let p = self.phase;
        self.from + (self.to - self.from) * p * p * (3.0 - 2.0 * p)
    }

    /// The gain at this frame; moves on to the next.
    pub(crate) fn advance(&mut self) -> f32 {
        let gain = self.now();
        self.phase = (self.phase + self.step).min(1.0);
        gain
    }

    /// Moves on by `frames` frames.
    pub(crate) fn skip(&mut self, frames: usize) {
        self.phase = (self.phase + self.step * frames as f32).min(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reaches_its_end_in_time_without_a_jump_even_when_turned_round() {
        let mut fade = Fade::at(0.0);
        fade.to(1.0, 10, 48_000);
        let mut last = 0.0f32;
        for frame in 0..960 {
            if frame == 240 {
                fade.to(0.25, 10, 48_000);
            }
            let gain = fade.advance();
            assert!((gain - last).abs() < 0.004, "a step of {} at {frame}", gain - last);
            last = gain;
        }
        assert_eq!(fade.steady(), Some(0.25));
    }
}
