//! The decoder: an element in, interleaved 16-bit samples out.

use symphonia_codec_aac::AacDecoder;
use symphonia_core::audio::{Audio, Channels, GenericAudioBufferRef, layouts};
use symphonia_core::codecs::audio::well_known::CODEC_ID_AAC;
use symphonia_core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia_core::packet::PacketRef;
use symphonia_core::units::{Duration, Timestamp};

use super::latm::{self, Bits, Configuration, MAX_UNIT};
use super::{Error, UNIT_SAMPLES};
use crate::sbc::{self, Concealment};

/// Silence in one channel, and in two: a single channel or a channel pair element whose first three bands
/// are zeros, and the end. Each band takes a codebook of another kind (1, 5 and 11: four values, two,
/// and two with escapes), as `symphonia` builds each kind's tables when the first unit wants one.
const SILENCE: [&[u8]; 2] = [
    &[0x00, 0xC8, 0x01, 0x84, 0x2A, 0x1B, 0x08, 0x00, 0x03, 0x80],
    &[0x20, 0x64, 0x00, 0xC2, 0x15, 0x0D, 0x84, 0x00, 0x00, 0x00, 0x00, 0x07],
];

/// The least rate at which these bands are four values wide.
const NARROW_BANDS: u32 = 22_050;

/// The same without any band.
const BARE_SILENCE: [&[u8]; 2] = [&[0x00, 0x00, 0x00, 0x07], &[0x21, 0x00, 0x00, 0x00, 0x00, 0x1C]];

/// What came out of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// Samples a channel.
    pub samples: usize,
    /// 1 or 2, interleaved in the output.
    pub channels: usize,
    /// Samples a second.
    pub rate: u32,
}

/// Decodes one stream.
pub struct Decoder {
    /// What holds until it is said anew.
    configuration: Option<Configuration>,
    /// What decodes, and what it was made for.
    aac: Option<(Configuration, AacDecoder)>,
    concealment: Concealment,
    unit: [u8; MAX_UNIT],
}

impl Default for Decoder {
    fn default() -> Decoder {
        Decoder::new()
    }
}

impl Decoder {
    /// A decoder that has yet to hear of its configuration.
    #[must_use]
    pub const fn new() -> Decoder {
        Decoder {
            configuration: None,
            aac: None,
            concealment: Concealment::new(),
            unit: [0; MAX_UNIT],
        }
    }

    /// Makes ready for a stream that is known to be of that rate, in that many channels (1 or 2), so that
    /// its first element takes no memory. It takes none itself where the last stream was alike.
    ///
    /// # Errors
    /// [`Error::Unsupported`].
    pub fn prepare(&mut self, rate: u32, channels: u8) -> Result<(), Error> {
        let configuration = Configuration::plain(rate, channels)?;
        self.adopt(&configuration)?;
        self.configuration = Some(configuration);
        self.reset();
        Ok(())
    }

    /// Decodes an AudioMuxElement into `out`: interleaved samples; [`super::MAX_SAMPLES`] of room are
    /// always enough.
    ///
    /// # Errors
    /// All of [`Error`]. One that is [`Error::Short`] has changed nothing: it may be tried again with
    /// what follows. Otherwise what units were decoded before one that was not is lost with it, and
    /// what it said of its configuration is not believed.
    pub fn decode(&mut self, element: &[u8], out: &mut [i16]) -> Result<Decoded, Error> {
        let mut bits = Bits::new(element);
        let configuration = latm::configuration(&mut bits, self.configuration)?;
        configuration.is_whole(bits.clone())?;
        self.adopt(&configuration)?;
        let channels = usize::from(configuration.channels);
        let length = UNIT_SAMPLES * channels;
        let out = out.get_mut(..length * configuration.units()).ok_or(Error::NoRoom)?;
        for out in out.chunks_exact_mut(length) {
            let length = configuration.unit_length(&mut bits)?;
            bits.copy(&mut self.unit[..length])?;
            self.decode_unit(length, out)?;
        }
        self.configuration = Some(configuration);
        for piece in out.chunks_mut(sbc::MAX_SAMPLES) {
            self.concealment.decoded(piece, channels);
        }
        Ok(Decoded { samples: out.len() / channels, channels, rate: configuration.rate })
    }

    /// Fills `out` (interleaved as the last element was, any length) for elements that were lost, as
    /// [`sbc::Decoder::conceal`] does.
    pub fn conceal(&mut self, out: &mut [i16]) {
        let rate = self.configuration.map_or(0, |configuration| configuration.rate);
        self.concealment.conceal(out, rate);
    }

    /// Forgets the sound, as when a stream begins again; its configuration holds.
    pub fn reset(&mut self) {
        if let Some((_, aac)) = &mut self.aac {
            aac.reset();
        }
        self.concealment = Concealment::new();
    }

    /// Has what decodes units of that configuration.
    fn adopt(&mut self, configuration: &Configuration) -> Result<(), Error> {
        if !self.aac.as_ref().is_some_and(|(last, _)| last.same_sound(configuration)) {
            self.aac = Some((*configuration, make(configuration.rate, configuration.channels)?));
            self.concealment = Concealment::new();
        }
        Ok(())
    }

    fn decode_unit(&mut self, length: usize, out: &mut [i16]) -> Result<(), Error> {
        let (_, aac) = self.aac.as_mut().ok_or(Error::Configuration)?;
        let channels = out.len() / UNIT_SAMPLES;
        let decoded = decode(aac, &self.unit[..length])?;
        for channel in 0..channels {
            let plane = decoded.plane(channel).ok_or(Error::Damaged)?;
            let out = out.iter_mut().skip(channel).step_by(channels);
            for (out, sample) in out.zip(plane) {
                *out = ((sample * 32_768.0 + 32_768.5).clamp(0.0, 65_535.0) as i32 - 32_768) as i16;
            }
        }
        Ok(())
    }
}

/// A decoder that has all of its memory: it takes that with the first unit, and from its shape, so that a
/// damaged one would spoil it for good.
fn make(rate: u32, channels: u8) -> Result<AacDecoder, Error> {
    let layout: Channels =
        if channels == 1 { layouts::CHANNEL_LAYOUT_MONO } else { layouts::CHANNEL_LAYOUT_STEREO };
    let silence = if rate < NARROW_BANDS { BARE_SILENCE } else { SILENCE };
    let silence = silence.get(usize::from(channels).wrapping_sub(1)).ok_or(Error::Unsupported)?;
    let mut parameters = AudioCodecParameters::new();
    parameters.for_codec(CODEC_ID_AAC).with_sample_rate(rate).with_channels(layout);
    let aac = AacDecoder::try_new(&parameters, &AudioDecoderOptions::default());
    let mut aac = aac.map_err(|_| Error::Unsupported)?;
    decode(&mut aac, silence)?;
    Ok(aac)
}

fn decode<'a>(
    aac: &'a mut AacDecoder,
    unit: &[u8],
) -> Result<&'a symphonia_core::audio::AudioBuffer<f32>, Error> {
    let packet = PacketRef::new(0, Timestamp::new(0), Duration::new(UNIT_SAMPLES as u64), unit);
    match aac.decode_ref(&packet) {
        Ok(GenericAudioBufferRef::F32(decoded)) => Ok(decoded),
        Ok(_) | Err(_) => Err(Error::Damaged),
    }
}
