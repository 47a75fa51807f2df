//! Makes units of a voice link's byte stream out of sound.

use super::{PACKET, SAMPLES, h2};
use crate::sbc::{Encoder, Header};

/// Encodes one voice link's sound.
#[derive(Clone)]
pub struct Sender {
    encoder: Encoder,
    samples: [i16; SAMPLES],
    length: usize,
    sequence: u8,
    packet: [u8; PACKET],
}

impl Default for Sender {
    fn default() -> Sender {
        Sender::new()
    }
}

impl Sender {
    /// A sender at sequence number 0.
    #[must_use]
    pub const fn new() -> Sender {
        Sender {
            encoder: Encoder::new(Header::MSBC),
            samples: [0; SAMPLES],
            length: 0,
            sequence: 0,
            packet: [0; PACKET],
        }
    }

    /// Takes samples at 16 kHz off the front of `pcm`, as many as the next unit needs, and gives
    /// the unit once it has them: H2 header, frame, padding. `None`: `pcm` is used up.
    pub fn next(&mut self, pcm: &mut &[i16]) -> Option<&[u8; PACKET]> {
        let (taken, rest) = pcm.split_at(pcm.len().min(SAMPLES - self.length));
        self.samples[self.length..][..taken.len()].copy_from_slice(taken);
        self.length += taken.len();
        *pcm = rest;
        if self.length < SAMPLES {
            return None;
        }
        self.length = 0;
        self.packet[..h2::LENGTH].copy_from_slice(&h2::header(self.sequence));
        self.sequence = (self.sequence + 1) % h2::SEQUENCES;
        // There is room, and there are samples: this does not fail.
        let encoded = self.encoder.encode(&self.samples, &mut self.packet[h2::LENGTH..]);
        debug_assert_eq!(encoded, Ok(super::FRAME));
        Some(&self.packet)
    }
}
