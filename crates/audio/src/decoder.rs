//! The codecs behind one face: a payload's next frame in, stereo frames out, and something in its
//! place where it is damaged or lost.

use crate::ring::StereoFrame;

/// The most samples a channel that one codec frame holds.
pub(crate) const FRAME_SAMPLES: usize = 128;

/// The most codec frames in one packet (A2DP 1.3, 4.3.4: a 4-bit count).
pub(crate) const PACKET_FRAMES: u8 = 15;

/// How a stream is coded. The payloads handed to the engine start at the first codec frame: RTP
/// and media payload headers are off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StreamCodec {
    /// SBC frames, whole ones. Frames fragmented over packets (no known source sends any) are
    /// concealed as damaged.
    Sbc,
    /// Interleaved stereo s16le.
    #[cfg(test)]
    Pcm,
}

/// What one frame gave.
#[derive(Clone, Copy)]
pub(crate) struct Decoded {
    /// Bytes of the payload that are done with.
    pub(crate) consumed: usize,
    /// Stereo frames written.
    pub(crate) samples: usize,
    /// The frame was damaged and has been made up.
    pub(crate) concealed: bool,
    /// The rate that the frame itself states.
    pub(crate) rate: Option<u32>,
}

/// The decoder of one stream.
pub(crate) struct Decoder {
    #[cfg_attr(not(test), expect(dead_code))]
    codec: StreamCodec,
    sbc: codec::sbc::Decoder,
    /// Samples and channels of the last good frame.
    samples: usize,
    channels: usize,
}

impl Decoder {
    pub(crate) fn new(codec: StreamCodec) -> Self {
        let sbc = codec::sbc::Decoder::new();
        Decoder { codec, sbc, samples: FRAME_SAMPLES, channels: 2 }
    }

    /// Decodes the frame at the start of `payload`, or makes one up and looks for the next.
    pub(crate) fn decode(
        &mut self,
        payload: &[u8],
        out: &mut [StereoFrame; FRAME_SAMPLES],
    ) -> Decoded {
        #[cfg(test)]
        if self.codec == StreamCodec::Pcm {
            return pcm(payload, out);
        }
        match self.sbc.decode(payload, out.as_flattened_mut()) {
            Ok(decoded) => {
                self.samples = decoded.samples;
                self.channels = decoded.channels;
                if decoded.channels == 1 {
                    spread(out, decoded.samples);
                }
                Decoded {
                    consumed: decoded.consumed,
                    samples: decoded.samples,
                    concealed: false,
                    rate: Some(decoded.rate),
                }
            }
            Err(_) => {
                let next = payload.get(1..).and_then(|behind| self.sbc.find(behind));
                let consumed = next.map_or(payload.len(), |next| next + 1);
                let samples = self.conceal(out);
                Decoded { consumed, samples, concealed: true, rate: None }
            }
        }
    }

    /// Makes up a frame that was lost; gives its length.
    pub(crate) fn conceal(&mut self, out: &mut [StereoFrame; FRAME_SAMPLES]) -> usize {
        #[cfg(test)]
        if self.codec == StreamCodec::Pcm {
            out.fill([0; 2]);
            return FRAME_SAMPLES;
        }
        let samples = self.samples.min(FRAME_SAMPLES);
        let flat = out.as_flattened_mut();
        self.sbc.conceal(&mut flat[..samples * self.channels.min(2)]);
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
fn pcm(payload: &[u8], out: &mut [StereoFrame; FRAME_SAMPLES]) -> Decoded {
    let mut samples = 0;
    for (frame, bytes) in out.iter_mut().zip(payload.chunks_exact(4)) {
        *frame =
            [i16::from_le_bytes([bytes[0], bytes[1]]), i16::from_le_bytes([bytes[2], bytes[3]])];
        samples += 1;
    }
    Decoded { consumed: samples * 4, samples, concealed: false, rate: None }
}
