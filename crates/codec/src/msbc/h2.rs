//! The synchronisation header H2, HFP 1.9, 5.7.2: twelve bits of synchronisation word, and a
//! sequence number of two bits, each of which is sent twice.

/// Bytes of a header.
pub(super) const LENGTH: usize = 2;
/// Sequence numbers there are.
pub(super) const SEQUENCES: u8 = 4;
/// The first byte: the lower bits of the synchronisation word.
pub(super) const FIRST: u8 = 0x01;

/// The second bytes, by sequence number.
const SECOND: [u8; SEQUENCES as usize] = [0x08, 0x38, 0xC8, 0xF8];

/// The header with that sequence number.
pub(super) const fn header(sequence: u8) -> [u8; LENGTH] {
    [FIRST, SECOND[(sequence % SEQUENCES) as usize]]
}

/// The sequence number in the second byte of a header, if it can be one.
pub(super) const fn sequence(second: u8) -> Option<u8> {
    match second {
        0x08 => Some(0),
        0x38 => Some(1),
        0xC8 => Some(2),
        0xF8 => Some(3),
        _ => None,
    }
}
