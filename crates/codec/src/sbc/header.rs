//! Frame headers, A2DP 1.3.2, 12.5 and 12.6.1.
//!
//! Limits: a [`Header`] can only be legal. Bitpools below 2, above 250, or above what the channel
//! mode and the number of subbands allow are refused, in both directions.

use core::fmt;

use super::tables::{CRC, crc_bits};

/// The longest frame, in bytes: dual channel, 16 blocks, 8 subbands, bitpool 128.
pub const MAX_FRAME: usize = 524;
/// The most samples a frame gives, both channels counted.
pub const MAX_SAMPLES: usize = 2 * 16 * 8;

const SYNCWORD: u8 = 0x9C;
pub(crate) const SYNCWORD_MSBC: u8 = 0xAD;
/// Bytes before the joint bits and scale factors.
pub(super) const FIXED: usize = 4;

/// Why a frame was not decoded or encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The slice ends before the frame does.
    Short,
    /// The first byte is not the syncword.
    Syncword,
    /// The bitpool, or the number of blocks or subbands, is not legal.
    Parameters,
    /// The check over header and scale factors fails: the frame is damaged.
    Crc,
    /// The output slice, or the input of the encoder, is too small for a frame.
    NoRoom,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::Short => "the SBC frame is cut short",
            Error::Syncword => "no SBC syncword",
            Error::Parameters => "illegal SBC parameters",
            Error::Crc => "the SBC frame is damaged (CRC)",
            Error::NoRoom => "too little room for an SBC frame",
        })
    }
}

impl core::error::Error for Error {}

/// The sampling frequency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Frequency {
    /// 16 kHz.
    Hz16000,
    /// 32 kHz.
    Hz32000,
    /// 44.1 kHz.
    Hz44100,
    /// 48 kHz.
    Hz48000,
}

impl Frequency {
    /// Samples a second.
    #[must_use]
    pub const fn hertz(self) -> u32 {
        match self {
            Frequency::Hz16000 => 16_000,
            Frequency::Hz32000 => 32_000,
            Frequency::Hz44100 => 44_100,
            Frequency::Hz48000 => 48_000,
        }
    }
}

/// The channel mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// One channel.
    Mono,
    /// Two channels, each with a bitpool of its own.
    DualChannel,
    /// Two channels that share the bitpool.
    Stereo,
    /// As stereo, and subbands may carry sum and difference.
    JointStereo,
}

impl Mode {
    /// 1 or 2.
    #[must_use]
    pub const fn channels(self) -> usize {
        match self {
            Mode::Mono => 1,
            _ => 2,
        }
    }
}

/// The bit allocation method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Allocation {
    /// By loudness.
    Loudness,
    /// By signal to noise ratio.
    Snr,
}

/// The parameters of a frame, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Header {
    frequency: Frequency,
    mode: Mode,
    allocation: Allocation,
    blocks: u8,
    subbands: u8,
    bitpool: u8,
}

impl Header {
    /// The mSBC parameters: 16 kHz, mono, 15 blocks, 8 subbands, loudness, bitpool 26.
    pub const MSBC: Header = Header {
        frequency: Frequency::Hz16000,
        mode: Mode::Mono,
        allocation: Allocation::Loudness,
        blocks: 15,
        subbands: 8,
        bitpool: 26,
    };

    /// Parameters for an encoder: `blocks` of 4, 8, 12, 16; `subbands` of 4, 8; `bitpool` of 2 to
    /// [`Header::max_bitpool`].
    ///
    /// # Errors
    /// [`Error::Parameters`] when one of them is anything else.
    pub const fn new(
        frequency: Frequency,
        mode: Mode,
        allocation: Allocation,
        blocks: u8,
        subbands: u8,
        bitpool: u8,
    ) -> Result<Header, Error> {
        if !matches!(blocks, 4 | 8 | 12 | 16)
            || !matches!(subbands, 4 | 8)
            || bitpool < 2
            || bitpool > Header::max_bitpool(mode, subbands)
        {
            return Err(Error::Parameters);
        }
        Ok(Header { frequency, mode, allocation, blocks, subbands, bitpool })
    }

    /// The largest legal bitpool: 16 bits a subband, both channels counted where they share it,
    /// and never above 250.
    #[must_use]
    pub const fn max_bitpool(mode: Mode, subbands: u8) -> u8 {
        let per_subband = match mode {
            Mode::Mono | Mode::DualChannel => 16,
            Mode::Stereo | Mode::JointStereo => 32,
        };
        let limit = per_subband * subbands as u16;
        if limit > 250 { 250 } else { limit as u8 }
    }

    /// Reads the header at the start of an A2DP frame. The CRC is not looked at: it covers more
    /// than the header ([`Header::check`]).
    ///
    /// # Errors
    /// [`Error::Short`], [`Error::Syncword`] or [`Error::Parameters`].
    pub const fn parse(frame: &[u8]) -> Result<Header, Error> {
        let [syncword, first, bitpool, _crc, ..] = *frame else {
            return Err(Error::Short);
        };
        if syncword != SYNCWORD {
            return Err(Error::Syncword);
        }
        let frequency = match first >> 6 {
            0 => Frequency::Hz16000,
            1 => Frequency::Hz32000,
            2 => Frequency::Hz44100,
            _ => Frequency::Hz48000,
        };
        let blocks = ((first >> 4 & 3) + 1) * 4;
        let mode = match first >> 2 & 3 {
            0 => Mode::Mono,
            1 => Mode::DualChannel,
            2 => Mode::Stereo,
            _ => Mode::JointStereo,
        };
        let allocation = if first & 2 == 0 { Allocation::Loudness } else { Allocation::Snr };
        let subbands = if first & 1 == 0 { 4 } else { 8 };
        Header::new(frequency, mode, allocation, blocks, subbands, bitpool)
    }

    /// Reads the header at the start of an mSBC frame, whose parameters are fixed.
    ///
    /// # Errors
    /// [`Error::Short`] or [`Error::Syncword`].
    pub const fn parse_msbc(frame: &[u8]) -> Result<Header, Error> {
        match *frame {
            [SYNCWORD_MSBC, _, _, _, ..] => Ok(Header::MSBC),
            [_, _, _, _, ..] => Err(Error::Syncword),
            _ => Err(Error::Short),
        }
    }

    /// The three bytes in front of the CRC.
    pub(super) const fn bytes(&self) -> [u8; 3] {
        if self.is_msbc() {
            return [SYNCWORD_MSBC, 0, 0];
        }
        let first = (self.frequency as u8) << 6
            | (self.blocks / 4 - 1) << 4
            | (self.mode as u8) << 2
            | (self.allocation as u8) << 1
            | (self.subbands == 8) as u8;
        [SYNCWORD, first, self.bitpool]
    }

    /// Whether these are the mSBC parameters.
    #[must_use]
    pub const fn is_msbc(&self) -> bool {
        self.blocks == 15
    }

    /// The CRC over header, joint bits and scale factors of `frame`, whatever its length is.
    pub(super) fn crc(&self, frame: &[u8]) -> u8 {
        let mut crc = 0x0F;
        for byte in frame.get(1..3).unwrap_or_default() {
            crc = CRC[usize::from(crc ^ byte)];
        }
        let nibbles = self.side_nibbles();
        let side = frame.get(FIXED..).unwrap_or_default();
        for byte in side.iter().take(nibbles / 2) {
            crc = CRC[usize::from(crc ^ byte)];
        }
        match side.get(nibbles / 2) {
            Some(byte) if !nibbles.is_multiple_of(2) => crc_bits(crc ^ (byte & 0xF0), 4),
            _ => crc,
        }
    }

    /// Whether `frame` is whole and its CRC is right.
    ///
    /// # Errors
    /// [`Error::Short`] or [`Error::Crc`].
    pub fn check(&self, frame: &[u8]) -> Result<(), Error> {
        let whole = frame.get(..self.frame_length()).ok_or(Error::Short)?;
        if whole.get(3) == Some(&self.crc(whole)) { Ok(()) } else { Err(Error::Crc) }
    }

    /// Joint bits and scale factors, in units of four bits.
    pub(super) const fn side_nibbles(&self) -> usize {
        self.join_nibbles() + self.channels() * self.subbands()
    }

    pub(super) const fn join_nibbles(&self) -> usize {
        if matches!(self.mode, Mode::JointStereo) { self.subbands() / 4 } else { 0 }
    }

    /// The length of the frame in bytes, 12.9.
    #[must_use]
    pub const fn frame_length(&self) -> usize {
        let pools = if matches!(self.mode, Mode::DualChannel) { 2 } else { 1 };
        let bits = self.side_nibbles() * 4 + self.blocks() * pools * self.bitpool as usize;
        FIXED + bits.div_ceil(8)
    }

    /// Bits a second of these frames, in whole bits.
    #[must_use]
    pub const fn bit_rate(&self) -> u32 {
        8 * self.frame_length() as u32 * self.frequency.hertz() / self.samples() as u32
    }

    /// Samples a channel that a frame carries.
    #[must_use]
    pub const fn samples(&self) -> usize {
        self.blocks() * self.subbands()
    }

    /// 1 or 2.
    #[must_use]
    pub const fn channels(&self) -> usize {
        self.mode.channels()
    }

    /// The sampling frequency.
    #[must_use]
    pub const fn frequency(&self) -> Frequency {
        self.frequency
    }

    /// The channel mode.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// The bit allocation method.
    #[must_use]
    pub const fn allocation(&self) -> Allocation {
        self.allocation
    }

    /// 4, 8, 12, 16, or 15 with mSBC.
    #[must_use]
    pub const fn blocks(&self) -> usize {
        self.blocks as usize
    }

    /// 4 or 8.
    #[must_use]
    pub const fn subbands(&self) -> usize {
        self.subbands as usize
    }

    /// The bitpool: bits for the samples of a block.
    #[must_use]
    pub const fn bitpool(&self) -> u8 {
        self.bitpool
    }

    /// Whether both belong to one stream: all is the same but the bitpool, which an encoder may
    /// choose anew for each frame.
    #[must_use]
    pub const fn same_stream(&self, other: &Header) -> bool {
        self.bytes()[0] == other.bytes()[0] && self.bytes()[1] == other.bytes()[1]
    }
}
