//! The hook for an embedder's own echo canceller, on the audio thread between the microphone and the
//! coder.
//!
//! **What is far.** The mix as it was rendered for the sink (the far end with all else that the loudspeaker
//! plays), in one channel at the microphone's rate. **How it lies to what is near.** Both are handed over
//! in order and without a break, sample for sample: each piece of the microphone's sound comes with the
//! oldest of the mix that has not been handed over. Rendering runs ahead of the microphone by up to a round
//! of the sink (while a voice link is open that is the time between two of its packets, or what a sound
//! server asks for at once), so the echo follows its cause by that, and by what lies in the sink's and
//! the microphone's own buffers. Where the mix is behind, silence makes up for it; where more than
//! [`REFERENCE_MS`] waits, the oldest is dropped: each shifts the one against the other once, as the
//! difference of two devices' clocks does slowly, so a canceller has to follow a delay that changes.

use std::fmt;

use audio::Resampler;

/// The most of the mix that waits, in milliseconds.
pub const REFERENCE_MS: u32 = 120;

/// The most samples that are handed over at once, and pieces of a second: what is written by a program, and
/// what a device hears, comes in pieces of their own.
const MOST: usize = 128;
const PIECES: usize = 400;

/// An echo canceller.
pub trait Canceller: Send {
    /// Takes out of `near`, what the microphone heard, what of `far`, what was played, is in it. Both are
    /// of the same length, at most 2.5 ms and 128 samples, in one channel of `rate` samples a second.
    ///
    /// It is called on the audio thread, which is real-time where that is permitted: it must not wait,
    /// and should not allocate.
    fn process(&mut self, far: &[i16], near: &mut [i16], rate: u32);
}

/// A canceller and its reference.
pub(crate) struct Echo {
    canceller: Box<dyn Canceller>,
    reference: Resampler,
    rate: u32,
}

impl fmt::Debug for Echo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Echo").field("rate", &self.rate).finish_non_exhaustive()
    }
}

impl Echo {
    /// For a mix and a microphone of these rates; `None` where one is more than six times the other.
    pub(crate) fn new(canceller: Box<dyn Canceller>, mix: u32, rate: u32) -> Option<Echo> {
        let reference = Resampler::new(mix, rate, (mix * REFERENCE_MS / 1_000) as usize)?;
        Some(Echo { canceller, reference, rate })
    }

    /// A voice link opens: what was heard before it is no echo in it.
    pub(crate) fn begin(&mut self) {
        self.reference.clear();
    }

    /// The mix, interleaved.
    pub(crate) fn rendered(&mut self, samples: &[i16]) {
        self.reference.push(samples.as_chunks().0);
    }

    /// The microphone's sound, before it is coded.
    pub(crate) fn cancel(&mut self, near: &mut [i16]) {
        for near in near.chunks_mut((self.rate as usize / PIECES).clamp(1, MOST)) {
            let mut far = [[0; 2]; MOST];
            self.reference.pull(&mut far[..near.len()]);
            let far = far.map(|[left, right]| ((i32::from(left) + i32::from(right)) / 2) as i16);
            self.canceller.process(&far[..near.len()], near, self.rate);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    struct Told(mpsc::Sender<(Vec<i16>, usize, u32)>);

    impl Canceller for Told {
        fn process(&mut self, far: &[i16], near: &mut [i16], rate: u32) {
            self.0.send((far.to_vec(), near.len(), rate)).expect("somebody looks");
            for (near, far) in near.iter_mut().zip(far) {
                *near -= far;
            }
        }
    }

    #[test]
    fn near_comes_with_what_was_rendered_in_order_and_silence_where_it_is_behind() {
        let (sender, told) = mpsc::channel();
        let mut echo = Echo::new(Box::new(Told(sender)), 16_000, 16_000).expect("rates that fit");
        echo.rendered(&[1; 2]);
        echo.begin();
        let mix: Vec<i16> = (1..=100).flat_map(|n| [2 * n, 0]).collect();
        echo.rendered(&mix);
        let mut near = [7; 200];
        echo.cancel(&mut near[..60]);
        echo.cancel(&mut near[60..]);
        let expected: Vec<i16> = (0..200).map(|n| if n < 100 { 7 - (n + 1) } else { 7 }).collect();
        assert_eq!(near[..], expected);
        let lengths: Vec<_> =
            told.try_iter().map(|(far, near, rate)| (far.len(), near, rate)).collect();
        // At most 2.5 ms at once.
        let expected = [40, 20, 40, 40, 40, 20].map(|length| (length, length, 16_000));
        assert_eq!(lengths, expected);
        // A microphone that was not listened to for long: the newest counts.
        echo.rendered(&[5; 2 * 16_000]);
        let mut left_over = 0;
        loop {
            let mut near = [0; 1];
            echo.cancel(&mut near);
            if near == [0] {
                break;
            }
            left_over += 1;
        }
        assert_eq!(left_over, 16 * REFERENCE_MS);
    }
}
