//! A2DP 1.3, 4.5: the information element of MPEG-2,4 AAC. Read only.

use crate::Malformed;

/// What an endpoint can do, or the one thing it is to do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Information {
    /// Object types: MPEG-2 AAC LC 0x80, MPEG-4 AAC LC 0x40, LTP 0x20, scalable 0x10.
    pub object_types: u8,
    /// Sampling frequencies: bit 11 is 8 kHz, then 11.025, 12, 16, 22.05, 24, 32, 44.1, 48, 64,
    /// 88.2 down to bit 0, 96 kHz.
    pub sampling_frequencies: u16,
    /// One channel.
    pub mono: bool,
    /// Two channels.
    pub stereo: bool,
    /// A variable bit rate.
    pub vbr: bool,
    /// The peak bit rate in bits a second, 23 bits; 0 is not known.
    pub bit_rate: u32,
}

impl Information {
    /// What [`sampling_frequencies`](Information::sampling_frequencies) stands for, from bit 11 on.
    pub const HERTZ: [u32; 12] =
        [8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000];

    /// Reads the information element.
    pub fn parse(information: &[u8]) -> Result<Self, Malformed> {
        let &[object_types, f0, f1, r0, r1, r2] = information else { return Err(Malformed) };
        Ok(Information {
            object_types,
            sampling_frequencies: u16::from(f0) << 4 | u16::from(f1) >> 4,
            mono: f1 & 0x08 != 0,
            stereo: f1 & 0x04 != 0,
            vbr: r0 & 0x80 != 0,
            bit_rate: u32::from_be_bytes([0, r0 & 0x7F, r1, r2]),
        })
    }

    /// The one sampling frequency of a configuration, in hertz.
    pub fn hertz(&self) -> Option<u32> {
        if self.sampling_frequencies.count_ones() != 1 {
            return None;
        }
        let from_top = 11u32.checked_sub(self.sampling_frequencies.trailing_zeros())?;
        Self::HERTZ.get(from_top as usize).copied()
    }
}
