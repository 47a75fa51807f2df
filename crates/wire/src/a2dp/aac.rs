//! A2DP 1.3, 4.5: MPEG-2,4 AAC. The codec's information element as a set of capabilities and as the
//! one configuration.
//!
//! The payload of a media packet is an AudioMuxElement, or a piece of one, without a header of A2DP's
//! (4.5.4, RFC 3016). What A2DP 1.4 adds to the element (HE-AAC, MPEG-D DRC, more than two channels) is
//! told from what is invalid, and no more.

use super::{Choices, choice};
use crate::Malformed;
use crate::avdtp::ErrorCode;

/// The kind of AAC (4.5.2.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum ObjectType {
    /// MPEG-2 AAC Low Complexity, which every endpoint for AAC has.
    Mpeg2Lc = 0x80,
    /// MPEG-4 AAC Low Complexity.
    Mpeg4Lc = 0x40,
    /// MPEG-4 AAC with Long Term Prediction.
    Mpeg4Ltp = 0x20,
    /// MPEG-4 AAC scalable.
    Mpeg4Scalable = 0x10,
}

/// Samples a second (4.5.2.2), as the twelve bits of two octets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "the name is the value")]
#[repr(u16)]
pub enum SamplingFrequency {
    Hz8000 = 0x800,
    Hz11025 = 0x400,
    Hz12000 = 0x200,
    Hz16000 = 0x100,
    Hz22050 = 0x080,
    Hz24000 = 0x040,
    Hz32000 = 0x020,
    Hz44100 = 0x010,
    Hz48000 = 0x008,
    Hz64000 = 0x004,
    Hz88200 = 0x002,
    Hz96000 = 0x001,
}

impl SamplingFrequency {
    /// In hertz.
    pub const fn hertz(self) -> u32 {
        match self {
            SamplingFrequency::Hz8000 => 8_000,
            SamplingFrequency::Hz11025 => 11_025,
            SamplingFrequency::Hz12000 => 12_000,
            SamplingFrequency::Hz16000 => 16_000,
            SamplingFrequency::Hz22050 => 22_050,
            SamplingFrequency::Hz24000 => 24_000,
            SamplingFrequency::Hz32000 => 32_000,
            SamplingFrequency::Hz44100 => 44_100,
            SamplingFrequency::Hz48000 => 48_000,
            SamplingFrequency::Hz64000 => 64_000,
            SamplingFrequency::Hz88200 => 88_200,
            SamplingFrequency::Hz96000 => 96_000,
        }
    }
}

/// How many channels there are (4.5.2.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Channels {
    /// One.
    Mono = 0x08,
    /// Two.
    Stereo = 0x04,
}

impl Channels {
    /// 1 or 2.
    pub const fn count(self) -> u8 {
        match self {
            Channels::Mono => 1,
            Channels::Stereo => 2,
        }
    }
}

choice!(ObjectType: Mpeg2Lc, Mpeg4Lc, Mpeg4Ltp, Mpeg4Scalable);
choice!(SamplingFrequency: Hz44100, Hz48000, Hz32000, Hz24000, Hz22050, Hz16000, Hz12000, Hz11025,
    Hz8000, Hz64000, Hz88200, Hz96000);
choice!(Channels: Stereo, Mono);

/// The bits of the first octet that name object types: those of A2DP 1.4 with them, MPEG-D DRC, which
/// goes with one, without.
const OBJECT_TYPES: u8 = 0xFE;
/// The bits of the third octet that name numbers of channels, likewise.
const CHANNELS: u8 = 0x0F;

/// A bit rate in bits a second, 23 bits, as a limit (4.5.2.5): zero is none that is known.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BitRate(u32);

impl BitRate {
    /// None that is known.
    pub const UNKNOWN: BitRate = BitRate(0);

    /// So many bits a second; more than the field holds is all that it holds.
    pub const fn new(bits_per_second: u32) -> Self {
        BitRate(if bits_per_second > 0x7F_FFFF { 0x7F_FFFF } else { bits_per_second })
    }

    /// Bits a second, if they are known.
    pub const fn get(self) -> Option<u32> {
        if self.0 == 0 { None } else { Some(self.0) }
    }

    /// The lower one of two limits.
    #[must_use]
    pub fn both(self, other: Self) -> Self {
        match (self.get(), other.get()) {
            (Some(a), Some(b)) => BitRate(a.min(b)),
            _ => BitRate(self.0 | other.0),
        }
    }

    /// Whether `other` keeps this limit. One that is not known is taken at its word.
    pub fn allows(self, other: Self) -> bool {
        self.get().is_none_or(|limit| other.0 <= limit)
    }
}

/// What the last three octets say: whether the rate may vary, and the limit.
const fn rate_octets(vbr: bool, bit_rate: BitRate) -> [u8; 3] {
    let [_, high, middle, low] = bit_rate.0.to_be_bytes();
    [high | (vbr as u8) << 7, middle, low]
}

const fn rate_of([high, middle, low]: [u8; 3]) -> (bool, BitRate) {
    (high & 0x80 != 0, BitRate(u32::from_be_bytes([0, high & 0x7F, middle, low])))
}

/// The twelve bits of the second octet and of the upper half of the third.
const fn frequency_bits(second: u8, third: u8) -> u16 {
    (second as u16) << 4 | third as u16 >> 4
}

/// What an endpoint can do (4.5.2). Any of the sets may be empty in what a peer sends.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Capabilities {
    /// Object types.
    pub object_types: Choices<ObjectType>,
    /// Sampling frequencies.
    pub sampling_frequencies: Choices<SamplingFrequency>,
    /// Numbers of channels.
    pub channels: Choices<Channels>,
    /// Whether the bit rate may vary.
    pub vbr: bool,
    /// The most bits a second.
    pub bit_rate: BitRate,
}

impl Capabilities {
    /// Reads the information element of a capability.
    pub fn parse(information: &[u8]) -> Result<Self, Malformed> {
        let &[types, second, third, r0, r1, r2] = information else { return Err(Malformed) };
        let (vbr, bit_rate) = rate_of([r0, r1, r2]);
        Ok(Capabilities {
            object_types: Choices::from_bits(types),
            sampling_frequencies: Choices::from_bits(frequency_bits(second, third)),
            channels: Choices::from_bits(third),
            vbr,
            bit_rate,
        })
    }

    /// The information element.
    pub const fn octets(&self) -> [u8; 6] {
        let [_, types] = self.object_types.bits().to_be_bytes();
        let [second, third] = (self.sampling_frequencies.bits() << 4).to_be_bytes();
        let [_, channels] = self.channels.bits().to_be_bytes();
        let [r0, r1, r2] = rate_octets(self.vbr, self.bit_rate);
        [types, second, third | channels, r0, r1, r2]
    }

    /// Whether `configuration` lies within; if not, why (5.1.3).
    pub fn check(&self, configuration: &Configuration) -> Result<(), ErrorCode> {
        let unless = |supported, code| if supported { Ok(()) } else { Err(code) };
        unless(
            self.object_types.contains(configuration.object_type),
            ErrorCode::NOT_SUPPORTED_OBJECT_TYPE,
        )?;
        unless(
            self.sampling_frequencies.contains(configuration.sampling_frequency),
            ErrorCode::NOT_SUPPORTED_SAMPLING_FREQUENCY,
        )?;
        unless(self.channels.contains(configuration.channels), ErrorCode::NOT_SUPPORTED_CHANNELS)?;
        unless(self.vbr || !configuration.vbr, ErrorCode::NOT_SUPPORTED_VBR)?;
        unless(self.bit_rate.allows(configuration.bit_rate), ErrorCode::NOT_SUPPORTED_BIT_RATE)
    }

    /// What is best of what both can do; `None` where they have nothing in common.
    pub fn choose(&self, other: &Capabilities) -> Option<Configuration> {
        let frequencies = self.sampling_frequencies.both(other.sampling_frequencies);
        Some(Configuration {
            object_type: self.object_types.both(other.object_types).preferred()?,
            sampling_frequency: frequencies.preferred()?,
            channels: self.channels.both(other.channels).preferred()?,
            vbr: self.vbr && other.vbr,
            bit_rate: self.bit_rate.both(other.bit_rate),
        })
    }
}

/// The one way in which a stream is coded: exactly one of everything.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Configuration {
    /// The kind of AAC.
    pub object_type: ObjectType,
    /// Sampling frequency.
    pub sampling_frequency: SamplingFrequency,
    /// Number of channels.
    pub channels: Channels,
    /// Whether the bit rate varies.
    pub vbr: bool,
    /// The most bits a second.
    pub bit_rate: BitRate,
}

impl Configuration {
    /// Reads the information element of a configuration; what is wrong comes back as the code
    /// that rejects it (5.1.3).
    pub fn parse(information: &[u8]) -> Result<Self, ErrorCode> {
        let &[types, second, third, r0, r1, r2] = information else {
            return Err(ErrorCode::INVALID_CODEC_PARAMETER);
        };
        let one = |bits: u8, code| if bits.count_ones() == 1 { Ok(()) } else { Err(code) };
        one(types & OBJECT_TYPES, ErrorCode::INVALID_OBJECT_TYPE)?;
        let object_type = Choices::from_bits(types & OBJECT_TYPES).only();
        let object_type = object_type.ok_or(ErrorCode::NOT_SUPPORTED_OBJECT_TYPE)?;
        let sampling_frequency = Choices::from_bits(frequency_bits(second, third)).only();
        let sampling_frequency = sampling_frequency.ok_or(ErrorCode::INVALID_SAMPLING_FREQUENCY)?;
        one(third & CHANNELS, ErrorCode::INVALID_CHANNELS)?;
        let channels = Choices::from_bits(third & CHANNELS).only();
        let channels = channels.ok_or(ErrorCode::NOT_SUPPORTED_CHANNELS)?;
        let (vbr, bit_rate) = rate_of([r0, r1, r2]);
        Ok(Configuration { object_type, sampling_frequency, channels, vbr, bit_rate })
    }

    /// The information element.
    pub const fn octets(&self) -> [u8; 6] {
        let [second, third] = ((self.sampling_frequency as u16) << 4).to_be_bytes();
        let [r0, r1, r2] = rate_octets(self.vbr, self.bit_rate);
        [self.object_type as u8, second, third | self.channels as u8, r0, r1, r2]
    }
}
