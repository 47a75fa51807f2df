//! The frame check sequence (TS 07.10, 5.2.1.6): the CRC x⁸ + x² + x + 1, low bit first.

/// The polynomial, low bit first.
const POLYNOMIAL: u8 = 0xE0;

const TABLE: [u8; 256] = table();

const fn table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let mut crc = at as u8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 != 0 { crc >> 1 ^ POLYNOMIAL } else { crc >> 1 };
            bit += 1;
        }
        table[at] = crc;
        at += 1;
    }
    table
}

/// The sequence over these octets.
pub(super) fn fcs(octets: &[u8]) -> u8 {
    let crc = octets.iter().fold(0xFF, |crc: u8, octet| TABLE[usize::from(crc ^ octet)]);
    0xFF - crc
}

#[cfg(test)]
mod tests {
    use super::{TABLE, fcs};

    /// The table that the specification prints (TS 07.10, annex B.3.5): its corners.
    #[test]
    fn the_table_is_the_specifications() {
        let first = [0x00, 0x91, 0xE3, 0x72, 0x07, 0x96, 0xE4, 0x75];
        assert_eq!(TABLE[..8], first);
        let last = [0xB4, 0x25, 0x57, 0xC6, 0xB3, 0x22, 0x50, 0xC1];
        assert_eq!(TABLE[0xF0..0xF8], last);
        assert_eq!(TABLE[0xFF], 0xCF);
    }

    /// Frames as they are seen on the air: SABM and UA of the multiplexer's own connection.
    #[test]
    fn known_frames() {
        assert_eq!(fcs(&[0x03, 0x3F, 0x01]), 0x1C);
        assert_eq!(fcs(&[0x03, 0x73, 0x01]), 0xD7);
        assert_eq!(fcs(&[0x03, 0xEF]), 0x70);
        assert_eq!(fcs(&[0x01, 0xEF]), 0xAA);
    }
}
