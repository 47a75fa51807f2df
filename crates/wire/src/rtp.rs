//! RTP (RFC 3550, 5.1), as AVDTP's media packets carry it (AVDTP 1.3, 7.2.1).
//!
//! Not here: RTCP. The timestamps of real sources are not to be trusted for timing.

use crate::{Malformed, NoRoom};

/// The header of a media packet and where its payload lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// The marker bit.
    pub marker: bool,
    /// The payload type, 0 to 127; A2DP uses a dynamic one, 96.
    pub payload_type: u8,
    /// Grows by one a packet, and wraps.
    pub sequence_number: u16,
    /// Sampling instant of the first octet, in the source's own units.
    pub timestamp: u32,
    /// The synchronisation source.
    pub ssrc: u32,
}

impl Header {
    /// Octets of a header without contributing sources and extension, which is what [`write`]
    /// makes.
    ///
    /// [`write`]: Header::write
    pub const LEN: usize = 12;

    /// Reads a packet's header, contributing sources, extension and padding. Returns it with the
    /// range of the payload as start and end.
    #[inline]
    pub fn parse(packet: &[u8]) -> Result<(Header, usize, usize), Malformed> {
        let fixed: &[u8; Self::LEN] = packet.first_chunk().ok_or(Malformed)?;
        let [first, second, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3] = *fixed;
        let header = Header {
            marker: second & 0x80 != 0,
            payload_type: second & 0x7F,
            sequence_number: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([c0, c1, c2, c3]),
        };
        if first == 0x80 {
            return Ok((header, Self::LEN, packet.len()));
        }
        let (start, end) = payload_range(first, packet)?;
        Ok((header, start, end))
    }

    /// Writes the header: version 2, no padding, extension or contributing sources.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        let out = out.first_chunk_mut::<{ Self::LEN }>().ok_or(NoRoom)?;
        let [s0, s1] = self.sequence_number.to_be_bytes();
        let [t0, t1, t2, t3] = self.timestamp.to_be_bytes();
        let [c0, c1, c2, c3] = self.ssrc.to_be_bytes();
        let second = u8::from(self.marker) << 7 | self.payload_type & 0x7F;
        *out = [0x80, second, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3];
        Ok(Self::LEN)
    }
}

/// The payload of a packet with anything but the plain first octet.
#[cold]
fn payload_range(first: u8, packet: &[u8]) -> Result<(usize, usize), Malformed> {
    if first >> 6 != 2 {
        return Err(Malformed);
    }
    let mut start = Header::LEN + 4 * usize::from(first & 0x0F);
    if first & 0x10 != 0 {
        let extension = packet.get(start..start + 4).ok_or(Malformed)?;
        let [_, _, high, low] = *extension else { return Err(Malformed) };
        start += 4 + 4 * usize::from(u16::from_be_bytes([high, low]));
    }
    let mut end = packet.len();
    if first & 0x20 != 0 {
        let padding = usize::from(*packet.last().ok_or(Malformed)?);
        if padding == 0 {
            return Err(Malformed);
        }
        end = end.checked_sub(padding).ok_or(Malformed)?;
    }
    if start > end { Err(Malformed) } else { Ok((start, end)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_header_comes_back(
            marker: bool,
            payload_type in 0u8..128,
            sequence_number: u16,
            timestamp: u32,
            ssrc: u32,
            rest in 0usize..20,
        ) {
            let header = Header { marker, payload_type, sequence_number, timestamp, ssrc };
            let mut out = [0u8; 40];
            prop_assert_eq!(header.write(&mut out), Ok(12));
            prop_assert_eq!(Header::parse(&out[..12 + rest]), Ok((header, 12, 12 + rest)));
            prop_assert!(header.write(&mut out[..11]).is_err());
            prop_assert!(Header::parse(&out[..11]).is_err());
        }

        #[test]
        fn the_payload_lies_within(packet in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok((_, start, end)) = Header::parse(&packet) {
                prop_assert!(12 <= start && start <= end && end <= packet.len());
            }
        }
    }
}
