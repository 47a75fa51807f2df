//! Sound that stops in the middle does not jump to zero: what was heard last decays.

use super::FADE_MS;
use crate::fade::Fade;

/// The end of what is heard.
pub(super) struct Cut {
    /// The last frame rendered.
    pub(super) last: [f32; 2],
    /// What of one still decays after a cut.
    residue: [f32; 2],
    decay: Fade,
}

impl Cut {
    pub(super) fn new() -> Self {
        Cut { last: [0.0; 2], residue: [0.0; 2], decay: Fade::at(0.0) }
    }

    /// The sound stops right here.
    pub(super) fn here(&mut self, sink_rate: u32) {
        if self.last != [0.0; 2] {
            self.residue = self.last;
            self.decay = Fade::at(1.0);
            self.decay.to(0.0, FADE_MS, sink_rate);
        }
    }

    /// Whether nothing decays.
    pub(super) fn is_over(&self) -> bool {
        self.decay.steady().is_some()
    }

    /// Lets the rest die away.
    pub(super) fn render(&mut self, [left, right]: [&mut [f32]; 2]) {
        if self.is_over() {
            return;
        }
        for (left, right) in left.iter_mut().zip(right) {
            let gain = self.decay.advance();
            *left += self.residue[0] * gain;
            *right += self.residue[1] * gain;
        }
    }
}
