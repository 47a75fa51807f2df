//! The decoder, A2DP 1.3.2, 12.6: a frame in, interleaved 16-bit samples out.
//!
//! A frame whose CRC fails is refused and leaves the decoder as it was: the caller conceals it
//! ([`Decoder::conceal`]) or looks for the next one ([`Decoder::find`]). The samples themselves
//! are under no check; whatever they hold is decoded, and limited to 16 bits.

use super::allocation::{PerSubband, allocate};
use super::bits::{Padded, Quantised, read_samples};
use super::conceal::Concealment;
use super::header::{Error, FIXED, Header, MAX_FRAME, Mode};
use super::synthesis::{Rows, Synthesis};
use super::tables::RECIPROCAL_LEVELS;

/// What came out of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// Bytes of the input that the frame took.
    pub consumed: usize,
    /// Samples a channel.
    pub samples: usize,
    /// 1 or 2, interleaved in the output.
    pub channels: usize,
    /// Samples a second.
    pub rate: u32,
}

/// Which frames a decoder reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    A2dp,
    Msbc,
}

/// Decodes one stream.
#[derive(Clone)]
pub struct Decoder {
    stream: Stream,
    header: Option<Header>,
    channels: [Synthesis; 2],
    concealment: Concealment,
}

impl Default for Decoder {
    fn default() -> Decoder {
        Decoder::new()
    }
}

impl Decoder {
    /// A decoder for an A2DP stream.
    #[must_use]
    pub const fn new() -> Decoder {
        Decoder::reading(Stream::A2dp)
    }

    /// A decoder for an mSBC stream: its frames without their H2 headers.
    #[must_use]
    pub const fn msbc() -> Decoder {
        Decoder::reading(Stream::Msbc)
    }

    const fn reading(stream: Stream) -> Decoder {
        Decoder {
            stream,
            header: None,
            channels: [const { Synthesis::new() }; 2],
            concealment: Concealment::new(),
        }
    }

    /// The parameters of the last frame decoded.
    #[must_use]
    pub const fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// Decodes the frame at the start of `frame`, which may go on behind it, into `out`:
    /// interleaved samples, [`super::MAX_SAMPLES`] of room are always enough.
    ///
    /// The parameters may change from frame to frame. The filter's past is kept while frequency,
    /// channels and subbands stay the same.
    ///
    /// # Errors
    /// All of [`Error`]. The decoder and `out` are then as before.
    pub fn decode(&mut self, frame: &[u8], out: &mut [i16]) -> Result<Decoded, Error> {
        let header = self.parse(frame)?;
        let whole = frame.get(..header.frame_length()).ok_or(Error::Short)?;
        header.check(whole)?;
        let samples = header.samples() * header.channels();
        let out = out.get_mut(..samples).ok_or(Error::NoRoom)?;
        self.adopt(header);
        match (header.channels(), header.subbands()) {
            (1, 4) => self.decode_whole::<1, 4>(&header, whole, out),
            (1, _) => self.decode_whole::<1, 8>(&header, whole, out),
            (_, 4) => self.decode_whole::<2, 4>(&header, whole, out),
            (_, _) => self.decode_whole::<2, 8>(&header, whole, out),
        }
        self.concealment.decoded(out, header.channels());
        Ok(Decoded {
            consumed: whole.len(),
            samples: header.samples(),
            channels: header.channels(),
            rate: header.frequency().hertz(),
        })
    }

    /// Fills `out` (interleaved as the last frame was, any length) for frames that were lost:
    /// what was heard last goes on and fades to silence within 30 ms. The next frame decoded
    /// takes over without a step.
    pub fn conceal(&mut self, out: &mut [i16]) {
        let rate = self.header.map_or(0, |h| h.frequency().hertz());
        self.concealment.conceal(out, rate);
    }

    /// Where the next frame worth decoding begins in a damaged payload: a whole frame with the
    /// right CRC that ends the payload or has a syncword behind it, and that belongs to the same
    /// stream as the last frame decoded, if there was one. `None`: the payload holds no more.
    #[must_use]
    pub fn find(&self, payload: &[u8]) -> Option<usize> {
        (0..payload.len().saturating_sub(FIXED)).find(|&start| {
            let frame = &payload[start..];
            let Ok(header) = self.parse(frame) else { return false };
            let behind = frame.get(header.frame_length());
            header.check(frame).is_ok()
                && self.header.is_none_or(|last| last.same_stream(&header))
                && behind.is_none_or(|&b| b == header.bytes()[0])
        })
    }

    /// Forgets the stream, as when another begins.
    pub fn reset(&mut self) {
        *self = Decoder::reading(self.stream);
    }

    fn parse(&self, frame: &[u8]) -> Result<Header, Error> {
        match self.stream {
            Stream::A2dp => Header::parse(frame),
            Stream::Msbc => Header::parse_msbc(frame),
        }
    }

    /// Makes `header` the current parameters, and starts the filters anew where they changed.
    fn adopt(&mut self, header: Header) {
        if let Some(last) = self.header {
            let same_sound =
                last.frequency() == header.frequency() && last.channels() == header.channels();
            if !same_sound || last.subbands() != header.subbands() {
                self.channels = [const { Synthesis::new() }; 2];
                if same_sound {
                    self.concealment.interrupted(header.frequency().hertz());
                } else {
                    self.concealment = Concealment::new();
                }
            }
        }
        self.header = Some(header);
    }

    /// The frame is whole and checked; `out` has the exact length.
    fn decode_whole<const CHANNELS: usize, const SUBBANDS: usize>(
        &mut self,
        header: &Header,
        frame: &[u8],
        out: &mut [i16],
    ) {
        let mut padded: Padded = [0; MAX_FRAME + 8];
        padded[..frame.len()].copy_from_slice(frame);
        let side = Side::read::<CHANNELS, SUBBANDS>(header, &padded);
        let bits = allocate(header, &side.factors);
        let mut quantised = [[[0; 16]; 8]; 2];
        let position = 8 * FIXED + 4 * header.side_nibbles();
        read_samples::<CHANNELS, SUBBANDS>(
            &padded,
            position,
            &bits,
            header.blocks(),
            &mut quantised,
        );
        let mut rows = [[[0.0; 16]; 8]; 2];
        side.dequantise::<CHANNELS, SUBBANDS>(&quantised, &bits, &mut rows);
        for (channel, rows) in self.channels.iter_mut().zip(&mut rows).take(CHANNELS) {
            channel.synthesise::<SUBBANDS>(rows, header.blocks());
        }
        write_out::<CHANNELS, SUBBANDS>(&rows, out);
    }
}

/// What precedes the samples in a frame: which subbands are joint, and the scale factors.
struct Side {
    /// The highest bit is that of subband 0.
    joint: u8,
    factors: PerSubband<u8>,
}

impl Side {
    fn read<const CHANNELS: usize, const SUBBANDS: usize>(header: &Header, frame: &Padded) -> Side {
        // The last subband is never joint: its bit is reserved.
        let joint = match (header.mode(), SUBBANDS) {
            (Mode::JointStereo, 4) => frame[FIXED] & 0xE0,
            (Mode::JointStereo, _) => frame[FIXED] & 0xFE,
            _ => 0,
        };
        let mut factors = [[0; 8]; 2];
        let mut nibble = 2 * FIXED + header.join_nibbles();
        for factors in &mut factors[..CHANNELS] {
            for factor in &mut factors[..SUBBANDS] {
                let byte = frame[nibble / 2];
                *factor = if nibble.is_multiple_of(2) { byte >> 4 } else { byte & 15 };
                nibble += 1;
            }
        }
        Side { joint, factors }
    }

    /// Quantised samples to subband samples (12.6.4), joint stereo undone (12.6.5).
    fn dequantise<const CHANNELS: usize, const SUBBANDS: usize>(
        &self,
        quantised: &[Quantised; 2],
        bits: &PerSubband<u8>,
        rows: &mut [Rows; 2],
    ) {
        // sample = 2^(factor + 1) ((2 q + 1) / levels - 1) = q step + lowest
        let line = |channel: usize, subband: usize| -> (f32, f32) {
            let bits = usize::from(bits[channel][subband]);
            if bits == 0 {
                return (0.0, 0.0);
            }
            let factor = f32::from_bits((u32::from(self.factors[channel][subband]) + 128) << 23);
            let part = factor * RECIPROCAL_LEVELS[bits.min(16)];
            (2.0 * part, part - factor)
        };
        let [first, second] = rows;
        for subband in 0..SUBBANDS {
            let (step, lowest) = line(0, subband);
            let (row, from) = (&mut first[subband], &quantised[0][subband]);
            for (s, &q) in row.iter_mut().zip(from) {
                *s = q as f32 * step + lowest;
            }
            if CHANNELS == 2 {
                let (step, lowest) = line(1, subband);
                let (other, from) = (&mut second[subband], &quantised[1][subband]);
                for (s, &q) in other.iter_mut().zip(from) {
                    *s = q as f32 * step + lowest;
                }
                if self.joint << subband & 0x80 != 0 {
                    for (left, right) in row.iter_mut().zip(other) {
                        (*left, *right) = (*left + *right, *left - *right);
                    }
                }
            }
        }
    }
}

/// Rounds to 16 bits, limits, and interleaves.
fn write_out<const CHANNELS: usize, const SUBBANDS: usize>(rows: &[Rows; 2], out: &mut [i16]) {
    let mut words = [[0u32; 16]; SUBBANDS];
    for (place, words) in words.iter_mut().enumerate() {
        for (block, word) in words.iter_mut().enumerate() {
            *word = round(rows[0][place][block]) & 0xFFFF;
            if CHANNELS == 2 {
                *word |= round(rows[1][place][block]) << 16;
            }
        }
    }
    for (block, out) in out.chunks_exact_mut(CHANNELS * SUBBANDS).enumerate() {
        let block = block % 16;
        for (out, words) in out.chunks_exact_mut(CHANNELS).zip(&words) {
            out[0] = words[block] as i16;
            if CHANNELS == 2 {
                out[1] = (words[block] >> 16) as i16;
            }
        }
    }
}

/// The nearest 16-bit integer, in the lower half.
#[inline(always)]
fn round(sample: f32) -> u32 {
    // In this range a unit of the last place of an f32 is 1.
    const UNIT: f32 = 12_582_912.0;
    let sample = if sample > 32_767.0 { 32_767.0 } else { sample };
    let sample = if sample < -32_768.0 { -32_768.0 } else { sample };
    (sample + UNIT).to_bits()
}
