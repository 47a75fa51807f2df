//! AAC of one stream: an element is decoded as a whole, and handed out block by block.

use codec::aac::{MAX_SAMPLES, Receiver, UNIT_SAMPLES};

use super::{Decoded, FRAME_SAMPLES, Packet, spread};
use crate::engine::MIN_RATE;
use crate::ring::{MAX_RATE, StereoFrame};

pub(super) struct Aac {
    receiver: Receiver,
    /// The sound of the last element, interleaved, and how many samples of it there are and were handed
    /// out.
    pcm: [i16; MAX_SAMPLES],
    length: usize,
    given: usize,
    /// Channels and samples of the last good element.
    channels: usize,
    samples: usize,
    concealed: bool,
    rate: Option<u32>,
}

impl Default for Aac {
    fn default() -> Self {
        let mut receiver = Receiver::new();
        // What nearly every phone sends. Should it fail, it is made when a stream is opened.
        let _ = receiver.prepare(44_100, 2);
        Aac {
            receiver,
            pcm: [0; MAX_SAMPLES],
            length: 0,
            given: 0,
            channels: 2,
            samples: 2 * UNIT_SAMPLES,
            concealed: false,
            rate: None,
        }
    }
}

impl Aac {
    pub(super) fn open(&mut self, rate: u32, channels: u8) -> bool {
        if self.receiver.prepare(rate, channels).is_err() {
            return false;
        }
        (self.length, self.given) = (0, 0);
        self.channels = usize::from(channels);
        self.samples = UNIT_SAMPLES * self.channels;
        true
    }

    /// The next block of the element that ended with this packet, if one did.
    pub(super) fn next(
        &mut self,
        packet: &mut Packet<'_>,
        out: &mut [StereoFrame; FRAME_SAMPLES],
    ) -> Option<Decoded> {
        if packet.taken == 0 {
            self.take(packet.rest, packet.frames > 0);
        }
        let left = self.length - self.given;
        let samples = left.min(FRAME_SAMPLES * self.channels);
        if samples == 0 {
            return None;
        }
        packet.taken += 1;
        let block = &self.pcm[self.given..self.given + samples];
        out.as_flattened_mut()[..samples].copy_from_slice(block);
        self.given += samples;
        if self.channels == 1 {
            spread(out, samples);
        }
        let samples = samples / self.channels;
        Some(Decoded { samples, concealed: self.concealed, rate: self.rate })
    }

    /// Takes in a packet; what it gave is there to be handed out.
    fn take(&mut self, payload: &[u8], marker: bool) {
        (self.length, self.given) = (0, 0);
        match self.receiver.packet(payload, marker, &mut self.pcm) {
            Ok(None) => {}
            // What the element says of itself is truer than what was configured, within what is played.
            Ok(Some(decoded)) if (MIN_RATE..=MAX_RATE).contains(&decoded.rate) => {
                self.channels = decoded.channels;
                self.samples = decoded.samples * decoded.channels;
                self.length = self.samples;
                (self.concealed, self.rate) = (false, Some(decoded.rate));
            }
            Ok(Some(_)) | Err(_) => {
                self.length = self.samples;
                self.receiver.conceal(&mut self.pcm[..self.length]);
                (self.concealed, self.rate) = (true, None);
            }
        }
    }

    pub(super) fn lost(&mut self) {
        self.receiver.lost();
    }

    pub(super) fn begin(&mut self) {
        self.receiver.begin();
    }

    pub(super) fn conceal(&mut self, out: &mut [StereoFrame; FRAME_SAMPLES]) -> usize {
        self.receiver.conceal(&mut out.as_flattened_mut()[..FRAME_SAMPLES * self.channels]);
        if self.channels == 1 {
            spread(out, FRAME_SAMPLES);
        }
        FRAME_SAMPLES
    }
}
