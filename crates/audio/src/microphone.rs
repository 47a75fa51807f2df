//! Where a microphone's sound comes from: `tone:HZ`, `wav:FILE` (from its beginning again when it ends)
//! or `null` (silence).
//!
//! All of these are paced by the caller's clock: after [`Microphone::start`], sample n is there at
//! n / rate. The caller asks [`Microphone::due`], and takes so many with [`Microphone::read`].
//!
//! A file is read whole when it is opened: RIFF WAVE, PCM of 16 bits, one or two channels (of two, the
//! mean), at 8, 16, 32, 44.1 or 48 kHz, up to [`LONGEST_BYTES`]. Not here yet: `pulse[:SOURCE]`,
//! `alsa:DEVICE`.

use core::fmt;
use std::f64::consts::TAU;
use std::fs::File;
use std::io::Read;

use pool::Instant;

use crate::voice::MICROPHONE_RATES;

/// The longest file, in bytes: half an hour at 48 kHz in one channel.
pub const LONGEST_BYTES: u64 = 172_800_044;

/// The rate of `tone` and `null`, in samples a second.
pub const TONE_RATE: u32 = 16_000;

/// The peak of a tone: −12 dB of full scale.
const TONE_PEAK: f64 = 8_192.0;

/// The most samples that are due at once: a caller that slept longer is told the rest next time.
const MOST_AT_ONCE: u64 = 4_800;

/// Why a microphone could not be opened: what, where, and what to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MicrophoneError {
    /// The microphone as it was asked for.
    pub source: String,
    /// What went wrong and what may help.
    pub reason: String,
    /// The specification itself is wrong: trying again is no use.
    pub usage: bool,
}

impl fmt::Display for MicrophoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "microphone `{}`: {}", self.source, self.reason)
    }
}

impl std::error::Error for MicrophoneError {}

enum Kind {
    Null,
    Tone { turn: f64 },
    File { samples: Box<[i16]> },
}

/// An open microphone.
pub struct Microphone {
    kind: Kind,
    rate: u32,
    started: Option<Instant>,
    /// Samples read.
    read: u64,
}

impl Microphone {
    /// Opens what `spec` names.
    ///
    /// # Errors
    /// A specification that means nothing, a file that cannot be read or is none that is known.
    pub fn open(spec: &str) -> Result<Microphone, MicrophoneError> {
        let failed = |reason: String, usage| MicrophoneError { source: spec.into(), reason, usage };
        let usage = |reason: &str| failed(reason.into(), true);
        let (kind, rate) = match spec.split_once(':') {
            None if spec == "null" => (Kind::Null, TONE_RATE),
            Some(("null", _)) => return Err(usage("`null` takes no name")),
            Some(("tone", hertz)) => {
                let hertz = hertz.parse().ok().filter(|hertz| (20.0..=7_000.0).contains(hertz));
                let hertz: f64 = hertz.ok_or_else(|| usage("a tone has 20 to 7000 Hz"))?;
                (Kind::Tone { turn: TAU * hertz / f64::from(TONE_RATE) }, TONE_RATE)
            }
            Some(("wav", path)) if !path.is_empty() => {
                let bytes = whole(path).map_err(|reason| failed(reason, false))?;
                let (samples, rate) = wav(&bytes).map_err(|reason| failed(reason.into(), false))?;
                (Kind::File { samples }, rate)
            }
            None | Some(("wav", _)) if matches!(spec, "wav" | "wav:" | "tone") => {
                return Err(usage("a name is missing after it"));
            }
            _ => return Err(usage("expected tone:HZ, wav:FILE or null")),
        };
        Ok(Microphone { kind, rate, started: None, read: 0 })
    }

    /// Samples a second.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Starts the clock: sample 0 is there from `now` on.
    pub fn start(&mut self, now: Instant) {
        self.started = Some(now);
        self.read = 0;
    }

    /// How many samples there are to [`read`](Microphone::read) at `now`; none before it is started.
    pub fn due(&self, now: Instant) -> usize {
        let Some(started) = self.started else { return 0 };
        let due = now.since(started).as_nanos() * u128::from(self.rate) / 1_000_000_000;
        (due as u64).saturating_sub(self.read).min(MOST_AT_ONCE) as usize
    }

    /// The next samples.
    pub fn read(&mut self, out: &mut [i16]) {
        match &self.kind {
            Kind::Null => out.fill(0),
            Kind::Tone { turn } => {
                for (n, out) in (self.read..).zip(&mut *out) {
                    *out = (TONE_PEAK * (turn * n as f64).sin()) as i16;
                }
            }
            Kind::File { samples } => {
                let length = samples.len() as u64;
                for (n, out) in (self.read..).zip(&mut *out) {
                    *out = samples[(n % length) as usize];
                }
            }
        }
        self.read += out.len() as u64;
    }
}

fn whole(path: &str) -> Result<Vec<u8>, String> {
    let told = |error: std::io::Error| format!("{path}: {error}");
    let file = File::open(path).map_err(told)?;
    let mut bytes = Vec::new();
    file.take(LONGEST_BYTES + 1).read_to_end(&mut bytes).map_err(told)?;
    if bytes.len() as u64 > LONGEST_BYTES {
        return Err(format!("{path} is longer than half an hour"));
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
mod tests {
    use super::*;
    use crate::analysis::amplitude;

    /// A WAVE file of that layout, with a chunk of odd length before the sound.
    fn file(channels: u8, rate: u32, bits: u8, samples: &[i16]) -> Vec<u8> {
        let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0".to_vec();
        bytes.extend([channels, 0]);
        bytes.extend(rate.to_le_bytes());
        bytes.extend([0, 0, 0, 0, 0, 0, bits, 0]);
        bytes.extend(b"LIST\x03\0\0\0abc\0data");
        bytes.extend((2 * samples.len() as u32).to_le_bytes());
        bytes.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
        bytes
    }

    fn opened(bytes: &[u8]) -> Result<Microphone, MicrophoneError> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("said.wav");
        std::fs::write(&path, bytes).expect("written");
        Microphone::open(&format!("wav:{}", path.display()))
    }

    #[test]
    fn a_file_comes_round_again_at_the_callers_clock() {
        let mut microphone = opened(&file(2, 44_100, 16, &[10, 20, -3, -5, 7, 7])).expect("a file");
        assert_eq!((microphone.rate(), microphone.due(Instant::from_millis(500))), (44_100, 0));
        microphone.start(Instant::from_millis(1_000));
        assert_eq!(microphone.due(Instant::from_millis(1_010)), 441);
        let mut out = [0; 8];
        microphone.read(&mut out);
        assert_eq!(out, [15, -4, 7, 15, -4, 7, 15, -4]);
        assert_eq!(microphone.due(Instant::from_millis(1_010)), 433);
        assert_eq!(microphone.due(Instant::from_millis(60_000)), MOST_AT_ONCE as usize);
    }

    #[test]
    fn a_tone_is_one() {
        let mut microphone = Microphone::open("tone:440").expect("a tone");
        microphone.start(Instant::ZERO);
        let mut sound = vec![0; 16_000];
        sound.chunks_mut(123).for_each(|out| microphone.read(out));
        assert!((amplitude(&sound, TONE_RATE, 440.0) - 0.25).abs() < 0.001);
    }

    #[test]
    fn what_cannot_be_opened_says_why() {
        for (spec, usage) in [
            ("", true),
            ("tone", true),
            ("tone:0", true),
            ("tone:loud", true),
            ("wav:", true),
            ("null:0", true),
            ("pulse", true),
            ("wav:/nowhere/at/all", false),
        ] {
            let error = Microphone::open(spec).err().expect("an error");
            assert_eq!(error.usage, usage, "{error}");
        }
        let whole = file(1, 16_000, 16, &[1, 2, 3]);
        assert!(opened(&whole).is_ok());
        for cut in 0..whole.len() - 5 {
            assert!(opened(&whole[..cut]).is_err(), "cut at {cut}");
        }
        assert!(opened(&file(1, 11_025, 16, &[1])).is_err(), "a rate");
        assert!(opened(&file(1, 16_000, 8, &[1])).is_err(), "bits");
        assert!(opened(&file(3, 16_000, 16, &[1])).is_err(), "channels");
    }
}
