//! A2DP 1.3, 4.3: SBC. The codec's information element as a set of capabilities and as the one
//! configuration, and the media payload header.

use super::{Choices, choice};
use crate::avdtp::ErrorCode;
use crate::{Malformed, NoRoom};

/// Samples a second.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "the name is the value")]
#[repr(u8)]
pub enum SamplingFrequency {
    Hz16000 = 0x80,
    Hz32000 = 0x40,
    Hz44100 = 0x20,
    Hz48000 = 0x10,
}

impl SamplingFrequency {
    /// In hertz.
    pub const fn hertz(self) -> u32 {
        match self {
            SamplingFrequency::Hz16000 => 16_000,
            SamplingFrequency::Hz32000 => 32_000,
            SamplingFrequency::Hz44100 => 44_100,
            SamplingFrequency::Hz48000 => 48_000,
        }
    }
}

/// How two channels are coded.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum ChannelMode {
    /// One channel.
    Mono = 0x08,
    /// Two, each with bits of its own.
    DualChannel = 0x04,
    /// Two that share their bits.
    Stereo = 0x02,
    /// As stereo, with sum and difference where that is shorter.
    JointStereo = 0x01,
}

impl ChannelMode {
    /// 1 or 2.
    pub const fn channels(self) -> u8 {
        match self {
            ChannelMode::Mono => 1,
            _ => 2,
        }
    }
}

/// Blocks in a frame.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "the name is the value")]
#[repr(u8)]
pub enum BlockLength {
    Blocks4 = 0x80,
    Blocks8 = 0x40,
    Blocks12 = 0x20,
    Blocks16 = 0x10,
}

impl BlockLength {
    /// 4, 8, 12 or 16.
    pub const fn blocks(self) -> u8 {
        match self {
            BlockLength::Blocks4 => 4,
            BlockLength::Blocks8 => 8,
            BlockLength::Blocks12 => 12,
            BlockLength::Blocks16 => 16,
        }
    }
}

/// Bands that the spectrum is cut into.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "the name is the value")]
#[repr(u8)]
pub enum Subbands {
    Subbands4 = 0x08,
    Subbands8 = 0x04,
}

impl Subbands {
    /// 4 or 8.
    pub const fn subbands(self) -> u8 {
        match self {
            Subbands::Subbands4 => 4,
            Subbands::Subbands8 => 8,
        }
    }
}

/// How bits are shared out.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum AllocationMethod {
    /// By signal-to-noise ratio.
    Snr = 0x02,
    /// By loudness.
    Loudness = 0x01,
}

choice!(SamplingFrequency: Hz44100, Hz48000, Hz32000, Hz16000);
choice!(ChannelMode: JointStereo, Stereo, DualChannel, Mono);
choice!(BlockLength: Blocks16, Blocks12, Blocks8, Blocks4);
choice!(Subbands: Subbands8, Subbands4);
choice!(AllocationMethod: Loudness, Snr);

/// The lowest bitpool (4.3.2.6).
pub const MIN_BITPOOL: u8 = 2;
/// The highest bitpool (4.3.2.6).
pub const MAX_BITPOOL: u8 = 250;

/// A range of bitpools within 2 to 250, the lower end not above the upper.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Bitpools {
    minimum: u8,
    maximum: u8,
}

impl Bitpools {
    /// Everything that SBC allows.
    pub const ALL: Bitpools = Bitpools { minimum: MIN_BITPOOL, maximum: MAX_BITPOOL };

    /// The range from `minimum` to `maximum`.
    pub const fn new(minimum: u8, maximum: u8) -> Option<Self> {
        if MIN_BITPOOL <= minimum && minimum <= maximum && maximum <= MAX_BITPOOL {
            Some(Bitpools { minimum, maximum })
        } else {
            None
        }
    }

    /// The lower end.
    pub const fn minimum(self) -> u8 {
        self.minimum
    }

    /// The upper end.
    pub const fn maximum(self) -> u8 {
        self.maximum
    }

    /// What is in both.
    pub fn both(self, other: Self) -> Option<Self> {
        Self::new(self.minimum.max(other.minimum), self.maximum.min(other.maximum))
    }

    /// The range with its upper end not above `cap`, and never empty.
    #[must_use]
    pub fn capped(self, cap: u8) -> Self {
        Bitpools { minimum: self.minimum, maximum: self.maximum.min(cap).max(self.minimum) }
    }
}

/// What an endpoint can do (4.3.2). Any of the sets may be empty in what a peer sends.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Capabilities {
    /// Sampling frequencies.
    pub sampling_frequencies: Choices<SamplingFrequency>,
    /// Channel modes.
    pub channel_modes: Choices<ChannelMode>,
    /// Block lengths.
    pub block_lengths: Choices<BlockLength>,
    /// Numbers of subbands.
    pub subbands: Choices<Subbands>,
    /// Allocation methods.
    pub allocation_methods: Choices<AllocationMethod>,
    /// Bitpools.
    pub bitpools: Bitpools,
}

impl Capabilities {
    /// Everything that SBC allows.
    pub fn all() -> Self {
        Capabilities {
            sampling_frequencies: Choices::all(),
            channel_modes: Choices::all(),
            block_lengths: Choices::all(),
            subbands: Choices::all(),
            allocation_methods: Choices::all(),
            bitpools: Bitpools::ALL,
        }
    }

    /// Reads the information element of a capability. Bitpools out of range, as some peers send
    /// them, are brought into it.
    pub fn parse(information: &[u8]) -> Result<Self, Malformed> {
        let &[first, second, minimum, maximum] = information else { return Err(Malformed) };
        let minimum = minimum.clamp(MIN_BITPOOL, MAX_BITPOOL);
        let maximum = maximum.clamp(MIN_BITPOOL, MAX_BITPOOL);
        Ok(Capabilities {
            sampling_frequencies: Choices::from_bits(first),
            channel_modes: Choices::from_bits(first),
            block_lengths: Choices::from_bits(second),
            subbands: Choices::from_bits(second),
            allocation_methods: Choices::from_bits(second),
            bitpools: Bitpools::new(minimum, maximum).ok_or(Malformed)?,
        })
    }

    /// The information element.
    pub const fn octets(&self) -> [u8; 4] {
        [
            (self.sampling_frequencies.bits() | self.channel_modes.bits()) as u8,
            (self.block_lengths.bits() | self.subbands.bits() | self.allocation_methods.bits())
                as u8,
            self.bitpools.minimum,
            self.bitpools.maximum,
        ]
    }

    /// Whether `configuration` lies within; if not, why (A2DP 1.3, 5.1.3).
    pub fn check(&self, configuration: &Configuration) -> Result<(), ErrorCode> {
        let unless = |supported, code| if supported { Ok(()) } else { Err(code) };
        unless(
            self.sampling_frequencies.contains(configuration.sampling_frequency),
            ErrorCode::NOT_SUPPORTED_SAMPLING_FREQUENCY,
        )?;
        unless(
            self.channel_modes.contains(configuration.channel_mode),
            ErrorCode::NOT_SUPPORTED_CHANNEL_MODE,
        )?;
        // There is no code for a block length that is legal and not supported.
        unless(
            self.block_lengths.contains(configuration.block_length),
            ErrorCode::NOT_SUPPORTED_CODEC_PARAMETER,
        )?;
        unless(self.subbands.contains(configuration.subbands), ErrorCode::NOT_SUPPORTED_SUBBANDS)?;
        unless(
            self.allocation_methods.contains(configuration.allocation_method),
            ErrorCode::NOT_SUPPORTED_ALLOCATION_METHOD,
        )?;
        unless(
            self.bitpools.minimum <= configuration.bitpools.minimum,
            ErrorCode::NOT_SUPPORTED_MINIMUM_BITPOOL_VALUE,
        )?;
        unless(
            configuration.bitpools.maximum <= self.bitpools.maximum,
            ErrorCode::NOT_SUPPORTED_MAXIMUM_BITPOOL_VALUE,
        )
    }
}

/// The one way in which a stream is coded: exactly one of everything, and a legal bitpool range.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Configuration {
    /// Sampling frequency.
    pub sampling_frequency: SamplingFrequency,
    /// Channel mode.
    pub channel_mode: ChannelMode,
    /// Block length.
    pub block_length: BlockLength,
    /// Number of subbands.
    pub subbands: Subbands,
    /// Allocation method.
    pub allocation_method: AllocationMethod,
    /// Bitpools; each frame names its own within the range.
    pub bitpools: Bitpools,
}

impl Configuration {
    /// Reads the information element of a configuration; what is wrong comes back as the code
    /// that rejects it (5.1.3).
    pub fn parse(information: &[u8]) -> Result<Self, ErrorCode> {
        let &[first, second, minimum, maximum] = information else {
            return Err(ErrorCode::INVALID_CODEC_PARAMETER);
        };
        let within = MIN_BITPOOL..=MAX_BITPOOL;
        let configuration = Configuration {
            sampling_frequency: Choices::from_bits(first)
                .only()
                .ok_or(ErrorCode::INVALID_SAMPLING_FREQUENCY)?,
            channel_mode: Choices::from_bits(first)
                .only()
                .ok_or(ErrorCode::INVALID_CHANNEL_MODE)?,
            block_length: Choices::from_bits(second)
                .only()
                .ok_or(ErrorCode::INVALID_BLOCK_LENGTH)?,
            subbands: Choices::from_bits(second).only().ok_or(ErrorCode::INVALID_SUBBANDS)?,
            allocation_method: Choices::from_bits(second)
                .only()
                .ok_or(ErrorCode::INVALID_ALLOCATION_METHOD)?,
            bitpools: if within.contains(&minimum) {
                Bitpools::new(minimum, maximum).ok_or(ErrorCode::INVALID_MAXIMUM_BITPOOL_VALUE)?
            } else {
                return Err(ErrorCode::INVALID_MINIMUM_BITPOOL_VALUE);
            },
        };
        Ok(configuration)
    }

    /// The information element.
    pub const fn octets(&self) -> [u8; 4] {
        [
            self.sampling_frequency as u8 | self.channel_mode as u8,
            self.block_length as u8 | self.subbands as u8 | self.allocation_method as u8,
            self.bitpools.minimum,
            self.bitpools.maximum,
        ]
    }

    /// Samples a channel that each frame holds.
    pub const fn samples_per_frame(&self) -> u32 {
        self.block_length.blocks() as u32 * self.subbands.subbands() as u32
    }

    /// Octets of a frame coded with `bitpool` (12.9 of the codec's specification).
    pub const fn frame_length(&self, bitpool: u8) -> usize {
        let channels = self.channel_mode.channels() as usize;
        let subbands = self.subbands.subbands() as usize;
        let blocks = self.block_length.blocks() as usize;
        let bits = match self.channel_mode {
            ChannelMode::Mono | ChannelMode::DualChannel => blocks * channels * bitpool as usize,
            ChannelMode::Stereo => blocks * bitpool as usize,
            ChannelMode::JointStereo => subbands + blocks * bitpool as usize,
        };
        4 + subbands * channels / 2 + bits.div_ceil(8)
    }
}

/// What a media packet holds (4.3.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Payload {
    /// This many whole frames, 0 to 15.
    Frames(u8),
    /// A piece of one frame.
    Fragment {
        /// The frame starts here.
        first: bool,
        /// The frame ends here.
        last: bool,
        /// Pieces still to come, this one counted.
        remaining: u8,
    },
}

impl Payload {
    /// Octets of the header.
    pub const LEN: usize = 1;

    /// Reads the header.
    pub const fn from_octet(octet: u8) -> Self {
        if octet & 0x80 == 0 {
            return Payload::Frames(octet & 0x0F);
        }
        Payload::Fragment {
            first: octet & 0x40 != 0,
            last: octet & 0x20 != 0,
            remaining: octet & 0x0F,
        }
    }

    /// The header; numbers count modulo 16.
    pub const fn octet(self) -> u8 {
        match self {
            Payload::Frames(frames) => frames & 0x0F,
            Payload::Fragment { first, last, remaining } => {
                0x80 | (first as u8) << 6 | (last as u8) << 5 | remaining & 0x0F
            }
        }
    }

    /// Writes the header.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        *out.first_mut().ok_or(NoRoom)? = self.octet();
        Ok(Self::LEN)
    }
}
