//! LATM, ISO 14496-3, 1.7.3: AudioMuxElement(1) and StreamMuxConfig, of either audioMuxVersion.

use super::Error;

/// The most bytes of a unit: 6144 bits a channel.
pub const MAX_UNIT: usize = 1536;
/// The most units in an element.
pub const MAX_UNITS: usize = 4;

/// Samples a second by samplingFrequencyIndex (1.6.3.4).
const RATES: [u32; 12] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000];

/// Audio object types (1.5.1.1).
const LOW_COMPLEXITY: u32 = 2;
const SBR: u32 = 5;
/// The syncExtensionType that SBR is signalled with behind a configuration.
const SBR_EXTENSION: u32 = 0x2B7;

/// What a StreamMuxConfig says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Configuration {
    pub(super) rate: u32,
    pub(super) channels: u8,
    units: u8,
}

/// Bits, most significant first.
#[derive(Clone)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Bits { bytes, at: 0 }
    }

    fn left(&self) -> usize {
        self.bytes.len() * 8 - self.at
    }

    /// The next `width` bits, at most 24.
    fn take(&mut self, width: usize) -> Result<u32, Error> {
        if self.left() < width {
            return Err(Error::Short);
        }
        let mut word = [0; 4];
        let from = &self.bytes[self.at / 8..];
        let length = from.len().min(4);
        word[..length].copy_from_slice(&from[..length]);
        let word = u32::from_be_bytes(word) << (self.at % 8);
        self.at += width;
        Ok(word.checked_shr(32 - width as u32).unwrap_or(0))
    }

    fn flag(&mut self) -> Result<bool, Error> {
        Ok(self.take(1)? == 1)
    }

    fn skip(&mut self, bits: usize) -> Result<(), Error> {
        if self.left() < bits {
            return Err(Error::Short);
        }
        self.at += bits;
        Ok(())
    }

    /// LatmGetValue.
    fn value(&mut self) -> Result<u32, Error> {
        let bytes = self.take(2)? + 1;
        (0..bytes).try_fold(0, |value, _| Ok(value << 8 | self.take(8)?))
    }

    /// Copies `out.len()` bytes.
    pub(super) fn copy(&mut self, out: &mut [u8]) -> Result<(), Error> {
        let start = self.at;
        self.skip(8 * out.len())?;
        let (from, shift) = (&self.bytes[start / 8..], start % 8);
        if shift == 0 {
            out.copy_from_slice(&from[..out.len()]);
            return Ok(());
        }
        for (out, pair) in out.iter_mut().zip(from.windows(2)) {
            *out = pair[0] << shift | pair[1] >> (8 - shift);
        }
        Ok(())
    }
}

/// Reads the beginning of an element: what is `known` holds until it is said anew.
pub(super) fn configuration(
    bits: &mut Bits<'_>,
    known: Option<Configuration>,
) -> Result<Configuration, Error> {
    if bits.flag()? { known.ok_or(Error::Configuration) } else { stream_mux_config(bits) }
}

impl Configuration {
    /// One unit an element.
    pub(super) fn plain(rate: u32, channels: u8) -> Result<Configuration, Error> {
        let known = RATES.contains(&rate) && matches!(channels, 1 | 2);
        known.then_some(Configuration { rate, channels, units: 1 }).ok_or(Error::Unsupported)
    }

    /// Whether what one decoder made of a stream is what it needs for the other.
    pub(super) fn same_sound(&self, other: &Configuration) -> bool {
        (self.rate, self.channels) == (other.rate, other.channels)
    }

    pub(super) fn units(&self) -> usize {
        usize::from(self.units)
    }

    /// Whether all units that follow are there.
    pub(super) fn is_whole(&self, mut bits: Bits<'_>) -> Result<(), Error> {
        for _ in 0..self.units {
            let length = self.unit_length(&mut bits)?;
            bits.skip(8 * length)?;
        }
        Ok(())
    }

    /// PayloadLengthInfo: the bytes of the next unit.
    pub(super) fn unit_length(&self, bits: &mut Bits<'_>) -> Result<usize, Error> {
        let mut length = 0;
        loop {
            let part = bits.take(8)? as usize;
            length += part;
            if length > MAX_UNIT {
                return Err(Error::Unsupported);
            }
            if part < 255 {
                return Ok(length);
            }
        }
    }
}

fn stream_mux_config(bits: &mut Bits<'_>) -> Result<Configuration, Error> {
    let version = bits.take(1)?;
    if version == 1 {
        // audioMuxVersionA: all else is reserved.
        if bits.flag()? {
            return Err(Error::Unsupported);
        }
        // taraBufferFullness
        bits.value()?;
    }
    let same_framing = bits.flag()?;
    let units = bits.take(6)? as u8 + 1;
    let (programs, layers) = (bits.take(4)? + 1, bits.take(3)? + 1);
    if !same_framing || usize::from(units) > MAX_UNITS || programs != 1 || layers != 1 {
        return Err(Error::Unsupported);
    }
    let (rate, channels) = if version == 1 {
        let length = bits.value()? as usize;
        let mut own = bits.clone();
        bits.skip(length)?;
        let said = audio_specific_config(&mut own)?;
        let left = bits.at.checked_sub(own.at).ok_or(Error::Short)?;
        if left >= 17 && own.take(11)? == SBR_EXTENSION && own.take(5)? == SBR && own.flag()? {
            return Err(Error::Unsupported);
        }
        said
    } else {
        audio_specific_config(bits)?
    };
    // frameLengthType 0: units say their lengths; then latmBufferFullness.
    if bits.take(3)? != 0 {
        return Err(Error::Unsupported);
    }
    bits.take(8)?;
    // What other data there is follows the units, at the end.
    other_data(bits, version)?;
    // crcCheckPresent, crcCheckSum: what it covers nobody sends.
    if bits.flag()? {
        bits.take(8)?;
    }
    Ok(Configuration { rate, channels, units })
}

/// otherDataPresent, otherDataLenBits.
fn other_data(bits: &mut Bits<'_>, version: u32) -> Result<(), Error> {
    if bits.flag()? {
        if version == 1 {
            bits.value()?;
        } else {
            while bits.take(9)? > 0xFF {}
        }
    }
    Ok(())
}

/// AudioSpecificConfig (1.6.2.1) of AAC LC: samples a second, and channels.
fn audio_specific_config(bits: &mut Bits<'_>) -> Result<(u32, u8), Error> {
    let object_type = bits.take(5)?;
    let rate = match bits.take(4)? as usize {
        15 => bits.take(24)?,
        index => *RATES.get(index).ok_or(Error::Unsupported)?,
    };
    let channels = bits.take(4)? as u8;
    // GASpecificConfig: frameLengthFlag, dependsOnCoreCoder, extensionFlag.
    let plain = bits.take(3)? == 0;
    if object_type != LOW_COMPLEXITY
        || !matches!(channels, 1 | 2)
        || !plain
        || !RATES.contains(&rate)
    {
        return Err(Error::Unsupported);
    }
    Ok((rate, channels))
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use super::*;

    /// Bytes of the bits that are written out, spaces aside, zeros behind them.
    fn bytes(bits: &str) -> Vec<u8> {
        let bits: Vec<u8> = bits.bytes().filter(u8::is_ascii_digit).map(|bit| bit - b'0').collect();
        bits.chunks(8)
            .map(|byte| (0..8).fold(0, |sum, n| sum << 1 | byte.get(n).unwrap_or(&0)))
            .collect()
    }

    fn read(bits: &str) -> Result<Configuration, Error> {
        configuration(&mut Bits::new(&bytes(bits)), None)
    }

    /// 44.1 kHz, two channels.
    const LC: &str = "00010 0100 0010 000";

    fn wanted(units: u8) -> Configuration {
        Configuration { rate: 44_100, channels: 2, units }
    }

    #[test]
    fn both_versions_are_read() {
        let zero = std::format!("0 0 1 000000 0000 000 {LC} 000 11111111 0 0");
        assert_eq!(read(&zero), Ok(wanted(1)));
        let first =
            std::format!("0 1 0 00 11111111 1 000001 0000 000 00 00010000 {LC} 000 11111111 0 0");
        assert_eq!(read(&first), Ok(wanted(2)));
        let fill = "01 00000000 00010100";
        let filled =
            std::format!("0 1 0 00 00000000 1 000000 0000 000 {fill} {LC} 0000 000 11111111 0 0");
        assert_eq!(read(&filled), Ok(wanted(1)));
        let other =
            std::format!("0 0 1 000000 0000 000 {LC} 000 11111111 1 1 00000001 0 00000010 0");
        assert_eq!(read(&other), Ok(wanted(1)));
        let check = std::format!("0 0 1 000000 0000 000 {LC} 000 11111111 0 1 00000000");
        assert_eq!(read(&check), Ok(wanted(1)));
        let spelled = "00010 1111 000000001011101110000000 0001 000";
        let spelled = std::format!("0 0 1 000000 0000 000 {spelled} 000 11111111 0 0");
        assert_eq!(read(&spelled).map(|c| (c.rate, c.channels)), Ok((48_000, 1)));
    }

    #[test]
    fn what_is_not_decoded_is_refused() {
        let unsupported = |config: &str, bits: &str| {
            let bits = bits.replace("LC", config);
            assert_eq!(read(&bits), Err(Error::Unsupported), "{bits}");
        };
        let plain = "0 0 1 000000 0000 000 LC 000 11111111 0 0 00000000";
        unsupported("00101 0100 0010 0100 00010 000", plain);
        unsupported("11101 0100 0010 0100 00010 000", plain);
        unsupported("00010 0100 0000 000", plain);
        unsupported("00010 0100 0110 000", plain);
        unsupported("00010 1101 0010 000", plain);
        unsupported("00010 0100 0010 100", plain);
        unsupported(LC, "0 0 0 000000 0000 000 LC 000 11111111 0 0");
        unsupported(LC, "0 0 1 000100 0000 000 LC 000 11111111 0 0");
        unsupported(LC, "0 0 1 000000 0001 000 LC 000 11111111 0 0");
        unsupported(LC, "0 0 1 000000 0000 001 LC 000 11111111 0 0");
        unsupported(LC, "0 0 1 000000 0000 000 LC 001 11111111 0 0");
        unsupported(LC, "0 1 1 00 00000000 1 000000 0000 000 00 00010000 LC 000 11111111 0 0");
        // SBR behind it, signalled so that what knows nothing of it can go on.
        let sbr = std::format!("{LC} 01010110111 00101 1 0100 000");
        unsupported(&sbr, "0 1 0 00 00000000 1 000000 0000 000 00 00101000 LC 000 11111111 0 0");
        assert_eq!(read("1"), Err(Error::Configuration));
    }

    #[test]
    fn every_cut_is_short() {
        let whole = bytes(&std::format!("0 0 1 000000 0000 000 {LC} 000 11111111 0 0"));
        for length in 0..whole.len() {
            let cut = configuration(&mut Bits::new(&whole[..length]), None);
            assert_eq!(cut, Err(Error::Short), "{length} bytes");
        }
    }

    #[test]
    fn units_are_copied_from_any_bit() {
        for shift in 0..8usize {
            let bits = std::format!("{}10100101 11000011 00000001", "0".repeat(shift));
            let from = bytes(&bits);
            let mut reader = Bits::new(&from);
            reader.skip(shift).unwrap();
            let mut out = [0; 3];
            reader.copy(&mut out).unwrap();
            assert_eq!(out, [0xA5, 0xC3, 0x01], "from bit {shift}");
            assert_eq!(reader.copy(&mut [0; 1]), Err(Error::Short));
        }
    }
}
