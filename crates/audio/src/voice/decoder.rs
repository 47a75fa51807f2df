//! What the packets of a voice link hold, in pieces of up to 7.5 ms.

use codec::msbc::{self, Decision};
use codec::sbc;

use super::VoiceCoding;

/// The most samples of a piece.
pub(super) const PIECE: usize = msbc::SAMPLES;

/// What comes next of a packet.
pub(super) enum Piece {
    /// So many samples, written.
    Sound(usize),
    /// So many samples are lost.
    Lost(usize),
}

/// The decoder of one link.
pub(super) struct Decoder {
    coding: VoiceCoding,
    receiver: msbc::Receiver,
    sbc: sbc::Decoder,
}

impl Decoder {
    pub(super) fn new(coding: VoiceCoding) -> Self {
        Decoder { coding, receiver: msbc::Receiver::new(), sbc: sbc::Decoder::msbc() }
    }

    /// Samples a second.
    pub(super) fn rate(&self) -> u32 {
        self.coding.rate()
    }

    /// Whether packets hold samples, and not frames of a codec.
    pub(super) fn is_linear(&self) -> bool {
        self.coding == VoiceCoding::Cvsd
    }

    /// Takes the next piece off the front of `payload`; `None` when it holds no more.
    pub(super) fn next(
        &mut self,
        payload: &mut &[u8],
        damaged: bool,
        out: &mut [i16; PIECE],
    ) -> Option<Piece> {
        match self.coding {
            VoiceCoding::Cvsd => linear(payload, damaged, out),
            VoiceCoding::Msbc => Some(match self.receiver.next(payload, damaged)? {
                Decision::Frame(frame) if self.sbc.decode(frame, out).is_ok() => {
                    Piece::Sound(PIECE)
                }
                Decision::Frame(_) | Decision::Lost => Piece::Lost(PIECE),
            }),
        }
    }
}

fn linear(payload: &mut &[u8], damaged: bool, out: &mut [i16; PIECE]) -> Option<Piece> {
    // Half a sample at the end of a packet is none.
    let (piece, rest) = payload.split_at(payload.len().min(2 * PIECE));
    *payload = rest;
    let samples = piece.as_chunks::<2>().0;
    for (out, &sample) in out.iter_mut().zip(samples) {
        *out = i16::from_le_bytes(sample);
    }
    match samples.len() {
        0 => None,
        samples if damaged => Some(Piece::Lost(samples)),
        samples => Some(Piece::Sound(samples)),
    }
}
