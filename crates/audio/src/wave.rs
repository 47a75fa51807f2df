//! Sound out of files: RIFF WAVE, PCM of 16 bits, one or two channels (of two, the mean), at 8, 16, 32,
//! 44.1 or 48 kHz, up to [`LONGEST_BYTES`]. A file is read whole.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::voice::MICROPHONE_RATES;

/// The longest file, in bytes: half an hour at 48 kHz in one channel.
const LONGEST_BYTES: u64 = 172_800_044;

/// The sound of a file, in one channel.
#[derive(Clone, PartialEq, Eq)]
pub struct Sound {
    /// At least one.
    pub(crate) samples: Box<[i16]>,
    /// Samples a second.
    pub(crate) rate: u32,
}

impl std::fmt::Debug for Sound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sound")
            .field("samples", &self.samples.len())
            .field("rate", &self.rate)
            .finish()
    }
}

impl Sound {
    /// Reads a file.
    ///
    /// # Errors
    /// Why it cannot be read, or is none that is known.
    pub fn read(path: &Path) -> Result<Sound, String> {
        let bytes = whole(path)?;
        let told = |reason| format!("{}: {reason}", path.display());
        let (samples, rate) = wav(&bytes).map_err(told)?;
        Ok(Sound { samples, rate })
    }
}

fn whole(path: &Path) -> Result<Vec<u8>, String> {
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    let file = File::open(path).map_err(told)?;
    let mut bytes = Vec::new();
    file.take(LONGEST_BYTES + 1).read_to_end(&mut bytes).map_err(told)?;
    if bytes.len() as u64 > LONGEST_BYTES {
        return Err(format!("{} is longer than half an hour", path.display()));
    }
    Ok(bytes)
}

/// The samples of a RIFF WAVE file, as one channel, and their rate.
fn wav(bytes: &[u8]) -> Result<(Box<[i16]>, u32), &'static str> {
    let (b"RIFF", Some((b"WAVE", mut rest))) =
        (bytes.get(..4).unwrap_or_default(), bytes.get(8..).and_then(|b| b.split_at_checked(4)))
    else {
        return Err("no RIFF WAVE file");
    };
    let mut format = None;
    while let Some((header, behind)) = rest.split_first_chunk::<8>() {
        let [name @ .., a, b, c, d] = *header;
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        // A length beyond the end is that of a file which is still being written.
        let (chunk, behind) = behind.split_at(length.min(behind.len()));
        match (&name, format) {
            (b"fmt ", _) => format = Some(layout(chunk)?),
            (b"data", Some((channels, rate))) => {
                let samples = samples(chunk, channels);
                return if samples.is_empty() {
                    Err("no sound in it")
                } else {
                    Ok((samples, rate))
                };
            }
            _ => {}
        }
        rest = behind.get(length % 2..).unwrap_or_default();
    }
    Err("a WAVE file without sound")
}

/// Channels and rate of a format chunk.
fn layout(chunk: &[u8]) -> Result<(usize, u32), &'static str> {
    let Some(&[kind, kind_high, channels, 0, a, b, c, d, _, _, _, _, _, _, bits, 0]) =
        chunk.first_chunk::<16>()
    else {
        return Err("a format that is not known");
    };
    let kind = u16::from_le_bytes([kind, kind_high]);
    let rate = u32::from_le_bytes([a, b, c, d]);
    let plain = matches!(kind, 1 | 0xFFFE) && bits == 16 && matches!(channels, 1 | 2);
    if !plain {
        return Err("only PCM of 16 bits in one or two channels can be read");
    }
    if !MICROPHONE_RATES.contains(&rate) {
        return Err("only 8, 16, 32, 44.1 and 48 kHz can be read");
    }
    Ok((usize::from(channels), rate))
}

fn samples(chunk: &[u8], channels: usize) -> Box<[i16]> {
    let samples = chunk.as_chunks::<2>().0.iter().map(|&pair| i16::from_le_bytes(pair));
    if channels == 1 {
        return samples.collect();
    }
    let (left, right) = (samples.clone().step_by(2), samples.skip(1).step_by(2));
    left.zip(right).map(|(left, right)| i16::midpoint(left, right)).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A WAVE file of that layout, with a chunk of odd length before the sound.
    pub(crate) fn file(channels: u8, rate: u32, bits: u8, samples: &[i16]) -> Vec<u8> {
        let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0".to_vec();
        bytes.extend([channels, 0]);
        bytes.extend(rate.to_le_bytes());
        bytes.extend([0, 0, 0, 0, 0, 0, bits, 0]);
        bytes.extend(b"LIST\x03\0\0\0abc\0data");
        bytes.extend((2 * samples.len() as u32).to_le_bytes());
        bytes.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
        bytes
    }

    #[test]
    fn what_is_no_file_of_ours_is_refused() {
        let whole = file(1, 16_000, 16, &[1, 2, 3]);
        assert!(wav(&whole).is_ok());
        for cut in 0..whole.len() - 5 {
            assert!(wav(&whole[..cut]).is_err(), "cut at {cut}");
        }
        assert!(wav(&file(1, 11_025, 16, &[1])).is_err(), "a rate");
        assert!(wav(&file(1, 16_000, 8, &[1])).is_err(), "bits");
        assert!(wav(&file(3, 16_000, 16, &[1])).is_err(), "channels");
    }
}
