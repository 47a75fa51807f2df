//! The encoder, A2DP 1.3.2, 12.7: interleaved 16-bit samples in, a frame out.
//!
//! What the specification leaves to the encoder: a subband is joint where the scale factors of
//! sum and difference are together smaller than those of left and right.

use super::allocation::{PerSubband, allocate};
use super::analysis::{Analysis, Blocks};
use super::bits::Writer;
use super::header::{Error, Header, Mode};

/// Encodes one stream with the same parameters throughout.
#[derive(Clone)]
pub struct Encoder {
    header: Header,
    channels: [Analysis; 2],
}

impl Encoder {
    /// An encoder for frames with these parameters, [`Header::MSBC`] among them.
    #[must_use]
    pub const fn new(header: Header) -> Encoder {
        Encoder { header, channels: [const { Analysis::new() }; 2] }
    }

    /// The parameters.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Encodes a frame from the first [`Header::samples`] samples of each channel in `pcm`
    /// (interleaved) into the start of `out`, and returns its length, [`Header::frame_length`].
    ///
    /// # Errors
    /// [`Error::Short`] when `pcm` holds less than a frame, [`Error::NoRoom`] when the frame does
    /// not fit in `out`. The encoder is then as before.
    pub fn encode(&mut self, pcm: &[i16], out: &mut [u8]) -> Result<usize, Error> {
        let header = self.header;
        let pcm = pcm.get(..header.samples() * header.channels()).ok_or(Error::Short)?;
        let out = out.get_mut(..header.frame_length()).ok_or(Error::NoRoom)?;
        let mut blocks = [[[0.0; 8]; 16]; 2];
        let channels = header.channels();
        for (channel, analysis) in self.channels[..channels].iter_mut().enumerate() {
            let samples = pcm.iter().skip(channel).step_by(channels).copied();
            blocks[channel] = match header.subbands() {
                4 => analysis.analyse::<4>(samples, header.blocks()),
                _ => analysis.analyse::<8>(samples, header.blocks()),
            };
        }
        write(&header, &mut blocks, out);
        Ok(out.len())
    }
}

/// Quantises and writes a frame of exactly the length of `out`.
fn write(header: &Header, blocks: &mut [Blocks; 2], out: &mut [u8]) {
    let mut factors = [scale_factors(&blocks[0]), scale_factors(&blocks[1])];
    let joint = match header.mode() {
        Mode::JointStereo => join(header, blocks, &mut factors),
        _ => 0,
    };
    let bits = allocate(header, &factors);

    let channels = header.channels();
    let subbands = header.subbands();
    let mut writer = Writer::new(out);
    for byte in header.bytes() {
        writer.put(u32::from(byte), 8);
    }
    writer.put(0, 8);
    if header.mode() == Mode::JointStereo {
        writer.put(u32::from(joint) >> (8 - subbands), subbands as u32);
    }
    for factors in &factors[..channels] {
        for &factor in &factors[..subbands] {
            writer.put(u32::from(factor), 4);
        }
    }
    let slopes = slopes(&factors, &bits);
    let [left, right] = blocks;
    for (left, right) in left.iter().zip(right.iter()).take(header.blocks()) {
        for (channel, samples) in [left, right].into_iter().enumerate().take(channels) {
            for (subband, sample) in samples.iter().enumerate().take(subbands) {
                let bits = u32::from(bits[channel][subband]);
                if bits > 0 {
                    // floor((sample / 2^(factor + 1) + 1) levels / 2)
                    let levels = (1u32 << bits) - 1;
                    let value = sample * slopes[channel][subband] + levels as f32 / 2.0;
                    writer.put((value as u32).min(levels), bits);
                }
            }
        }
    }
    writer.finish();
    out[3] = header.crc(out);
}

/// `levels / 2^(factor + 2)` for each subband.
fn slopes(factors: &PerSubband<u8>, bits: &PerSubband<u8>) -> PerSubband<f32> {
    core::array::from_fn(|channel| {
        core::array::from_fn(|subband| {
            let levels = (1u32 << bits[channel][subband]) - 1;
            levels as f32 / (4u32 << factors[channel][subband]) as f32
        })
    })
}

/// The smallest scale factors that hold every sample: below `2^(factor + 1)`.
fn scale_factors(blocks: &Blocks) -> [u8; 8] {
    let mut peaks = [0.0f32; 8];
    for block in blocks {
        for (peak, sample) in peaks.iter_mut().zip(block) {
            let size = sample.abs();
            *peak = if size > *peak { size } else { *peak };
        }
    }
    peaks.map(scale_factor)
}

fn scale_factor(peak: f32) -> u8 {
    let exponent = (peak.to_bits() >> 23) as i32 - 127;
    exponent.clamp(0, 15) as u8
}

/// Makes subbands joint where it pays. The highest bit returned is that of subband 0; the last
/// subband never is.
fn join(header: &Header, blocks: &mut [Blocks; 2], factors: &mut PerSubband<u8>) -> u8 {
    let [left, right] = blocks;
    let mut joint = 0;
    for subband in 0..header.subbands() - 1 {
        let mut peaks = [0.0f32; 2];
        let pairs = || left.iter().zip(right.iter()).map(|(l, r)| (l[subband], r[subband]));
        for (l, r) in pairs() {
            peaks[0] = peaks[0].max(((l + r) / 2.0).abs());
            peaks[1] = peaks[1].max(((l - r) / 2.0).abs());
        }
        let together = peaks.map(scale_factor);
        let size = |factors: [u8; 2]| (1u32 << factors[0]) + (1u32 << factors[1]);
        if size(together) < size([factors[0][subband], factors[1][subband]]) {
            joint |= 0x80 >> subband;
            [factors[0][subband], factors[1][subband]] = together;
            for (left, right) in left.iter_mut().zip(right.iter_mut()) {
                let (l, r) = (left[subband], right[subband]);
                (left[subband], right[subband]) = ((l + r) / 2.0, (l - r) / 2.0);
            }
        }
    }
    joint
}
