//! The codecs behind one face: a packet's next frame in, stereo frames out, and something in its place
//! where it is damaged or lost.

#[cfg(feature = "aac")]
mod aac;

use crate::ring::StereoFrame;

/// The most samples a channel that are decoded at once: a frame of SBC, or a block of an AAC unit.
pub(crate) const FRAME_SAMPLES: usize = 128;

/// The most SBC frames in one packet (A2DP 1.3, 4.3.4: a 4-bit count).
const PACKET_FRAMES: u8 = 15;

/// How a stream is coded. The payloads handed to the engine have no headers before them any more,
/// neither RTP's nor that of a codec's payload.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StreamCodec {
    /// SBC frames, whole ones. Frames fragmented over packets (no known source sends any) are
    /// concealed as damaged.
    Sbc,
    /// AAC LC in AudioMuxElements, whole or in pieces; refused in builds without the feature `aac`.
    Aac,
    /// Interleaved stereo s16le.
    #[cfg(test)]
    Pcm,
}

/// What is left of a packet.
pub(crate) struct Packet<'p> {
    rest: &'p [u8],
    /// How many frames it holds, of SBC; whether an element ends with it, of AAC.
    frames: u8,
    /// Frames or blocks taken from it so far.
    pub(crate) taken: u8,
}

impl<'p> Packet<'p> {
    pub(crate) fn new(payload: &'p [u8], frames: u8) -> Self {
        Packet { rest: payload, frames, taken: 0 }
    }

    /// Counts the next frame, if there is one more. A source that leaves the count at zero is taken by
    /// what the payload holds.
    fn count(&mut self) -> Option<()> {
        let most = if self.frames == 0 { PACKET_FRAMES } else { self.frames.min(PACKET_FRAMES) };
        if self.taken == most || self.frames == 0 && self.rest.is_empty() {
            return None;
        }
        self.taken += 1;
        Some(())
    }
}

/// What one frame gave.
#[derive(Clone, Copy)]
pub(crate) struct Decoded {
    /// Stereo frames written.
    pub(crate) samples: usize,
    /// The frame was damaged and has been made up.
    pub(crate) concealed: bool,
    /// The rate that the frame itself states.
    pub(crate) rate: Option<u32>,
}

/// The decoder of one stream after the other.
pub(crate) struct Decoder {
    codec: StreamCodec,
    sbc: Sbc,
    /// Once it was wanted.
    #[cfg(feature = "aac")]
    aac: Option<Box<aac::Aac>>,
}

impl Decoder {
    /// A decoder that is ready for SBC, and for AAC at 44.1 kHz in two channels if `aac`; for any other
    /// stream of AAC it takes memory when that is opened.
    pub(crate) fn new(aac: bool) -> Self {
        #[cfg(not(feature = "aac"))]
        let _ = aac;
        Decoder {
            codec: StreamCodec::Sbc,
            sbc: Sbc::new(),
            #[cfg(feature = "aac")]
            aac: aac.then(Box::default),
        }
    }

    /// Makes ready for another stream; `false`, and nothing is changed, if it cannot be decoded.
    pub(crate) fn open(&mut self, codec: StreamCodec, rate: u32, channels: u8) -> bool {
        let ready = match codec {
            StreamCodec::Sbc => {
                self.sbc = Sbc::new();
                true
            }
            #[cfg(feature = "aac")]
            StreamCodec::Aac => self.aac.get_or_insert_with(Box::default).open(rate, channels),
            #[cfg(not(feature = "aac"))]
            StreamCodec::Aac => {
                let _ = (rate, channels);
                false
            }
            #[cfg(test)]
            StreamCodec::Pcm => true,
        };
        if ready {
            self.codec = codec;
        }
        ready
    }

    /// Decodes the next frame of `packet`, or makes one up and looks for the one behind it; `None` where
    /// there is no more.
    pub(crate) fn next(
        &mut self,
        packet: &mut Packet<'_>,
        out: &mut [StereoFrame; FRAME_SAMPLES],
    ) -> Option<Decoded> {
        match self.codec {
            StreamCodec::Sbc => {
                packet.count()?;
                Some(self.sbc.decode(packet, out))
            }
            #[cfg(feature = "aac")]
            StreamCodec::Aac => self.aac.as_mut()?.next(packet, out),
            #[cfg(not(feature = "aac"))]
            StreamCodec::Aac => None,
            #[cfg(test)]
            StreamCodec::Pcm => {
                packet.count()?;
                Some(pcm(packet, out))
            }
        }
    }

    /// What comes next does not follow on what came last.
    pub(crate) fn lost(&mut self) {
        #[cfg(feature = "aac")]
        if let (StreamCodec::Aac, Some(aac)) = (self.codec, &mut self.aac) {
            aac.lost();
        }
    }

    /// The stream begins again after a pause.
    pub(crate) fn begin(&mut self) {
        #[cfg(feature = "aac")]
        if let (StreamCodec::Aac, Some(aac)) = (self.codec, &mut self.aac) {
            aac.begin();
        }
    }

    /// Makes up a frame that was lost; gives its length.
    pub(crate) fn conceal(&mut self, out: &mut [StereoFrame; FRAME_SAMPLES]) -> usize {
        match self.codec {
            StreamCodec::Sbc => self.sbc.conceal(out),
            #[cfg(feature = "aac")]
            StreamCodec::Aac => self.aac.as_mut().map_or(0, |aac| aac.conceal(out)),
            #[cfg(not(feature = "aac"))]
            StreamCodec::Aac => 0,
            #[cfg(test)]
            StreamCodec::Pcm => {
                out.fill([0; 2]);
                FRAME_SAMPLES
            }
        }
    }
}

/// SBC of one stream.
struct Sbc {
    decoder: codec::sbc::Decoder,
    /// Samples and channels of the last good frame.
    samples: usize,
    channels: usize,
}

impl Sbc {
    fn new() -> Self {
        Sbc { decoder: codec::sbc::Decoder::new(), samples: FRAME_SAMPLES, channels: 2 }
    }

    fn decode(
        &mut self,
        packet: &mut Packet<'_>,
        out: &mut [StereoFrame; FRAME_SAMPLES],
    ) -> Decoded {
        let payload = packet.rest;
        let (consumed, decoded) = match self.decoder.decode(payload, out.as_flattened_mut()) {
            Ok(decoded) => {
                self.samples = decoded.samples;
                self.channels = decoded.channels;
                if decoded.channels == 1 {
                    spread(out, decoded.samples);
                }
                let (samples, rate) = (decoded.samples, Some(decoded.rate));
                (decoded.consumed, Decoded { samples, concealed: false, rate })
            }
            Err(_) => {
                let next = payload.get(1..).and_then(|behind| self.decoder.find(behind));
                let consumed = next.map_or(payload.len(), |next| next + 1);
                let samples = self.conceal(out);
                (consumed, Decoded { samples, concealed: true, rate: None })
            }
        };
        packet.rest = payload.get(consumed..).unwrap_or(&[]);
        decoded
    }

    fn conceal(&mut self, out: &mut [StereoFrame; FRAME_SAMPLES]) -> usize {
        let samples = self.samples.min(FRAME_SAMPLES);
        let flat = out.as_flattened_mut();
        self.decoder.conceal(&mut flat[..samples * self.channels.min(2)]);
        if self.channels == 1 {
            spread(out, samples);
        }
        samples
    }
}

/// Spreads `samples` mono samples at the start of `out` over both channels.
fn spread(out: &mut [StereoFrame; FRAME_SAMPLES], samples: usize) {
    for i in (0..samples.min(FRAME_SAMPLES)).rev() {
        let sample = out.as_flattened()[i];
        out[i] = [sample; 2];
    }
}

#[cfg(test)]
fn pcm(packet: &mut Packet<'_>, out: &mut [StereoFrame; FRAME_SAMPLES]) -> Decoded {
    let mut samples = 0;
    for (frame, bytes) in out.iter_mut().zip(packet.rest.chunks_exact(4)) {
        *frame =
            [i16::from_le_bytes([bytes[0], bytes[1]]), i16::from_le_bytes([bytes[2], bytes[3]])];
        samples += 1;
    }
    packet.rest = packet.rest.get(samples * 4..).unwrap_or(&[]);
    Decoded { samples, concealed: false, rate: None }
}
