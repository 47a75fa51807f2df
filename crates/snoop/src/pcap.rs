//! A capture of ours as pcap, which Wireshark reads from a pipe: the same records under other headers
//! (draft-ietf-opsawg-pcap).

use crate::format::{EPOCH, FILE_HEADER, MAGIC, RECORD_HEADER};

/// LINKTYPE_BLUETOOTH_LINUX_MONITOR: an index and an opcode, both big-endian, and the record.
const LINUX_MONITOR: u32 = 254;
/// No record is longer.
const LONGEST: u32 = 0x1_0000;

/// A capture on its way from btsnoop, of the Linux-monitor link type, to pcap.
#[derive(Debug, Default)]
pub struct Pcap {
    /// What is not converted yet.
    rest: Vec<u8>,
    begun: bool,
}

impl Pcap {
    /// As much of the pcap file as follows from these octets of the other; `None` where they are none.
    pub fn convert(&mut self, octets: &[u8]) -> Option<Vec<u8>> {
        self.rest.extend_from_slice(octets);
        let mut out = Vec::new();
        if !self.begun {
            let Some(header) = self.rest.get(..FILE_HEADER) else { return Some(out) };
            if !header.starts_with(MAGIC) {
                return None;
            }
            // Version 2.4, times in UTC and microseconds.
            for number in [0xA1B2_C3D4, 0x0002_0004, 0, 0, LONGEST, LINUX_MONITOR] {
                out.extend_from_slice(&u32::to_be_bytes(number));
            }
            self.rest.drain(..FILE_HEADER);
            self.begun = true;
        }
        let mut done = 0;
        while let Some(record) = self.rest[done..].first_chunk::<RECORD_HEADER>() {
            let number = |at: usize| u32::from_be_bytes([0, 1, 2, 3].map(|n| record[at + n]));
            let (whole, length, index) = (number(0), number(4), number(8));
            let time = i64::from(number(16)) << 32 | i64::from(number(20));
            if length > LONGEST {
                return None;
            }
            let end = done + RECORD_HEADER + length as usize;
            let Some(body) = self.rest.get(done + RECORD_HEADER..end) else { break };
            let time = u64::try_from(time - EPOCH).unwrap_or(0);
            let (seconds, micros) = ((time / 1_000_000) as u32, (time % 1_000_000) as u32);
            for number in [seconds, micros, length + 4, whole + 4, index] {
                out.extend_from_slice(&number.to_be_bytes());
            }
            out.extend_from_slice(body);
            done = end;
        }
        self.rest.drain(..done);
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::{LinkType, Writer};

    #[test]
    fn a_capture_becomes_pcap_however_it_arrives() {
        let start = Duration::from_secs(1_700_000_000);
        let mut writer = Writer::new(Vec::new(), LinkType::Monitor, start).unwrap();
        writer.note(Duration::from_micros(1_250_000), "tandem wake").unwrap();
        writer.note(Duration::from_secs(2), "tandem x").unwrap();
        let btsnoop = writer.into_inner();

        let mut pcap = Pcap::default();
        let pieces = btsnoop.chunks(7).flat_map(|piece| pcap.convert(piece).unwrap());
        let octets: Vec<u8> = pieces.collect();
        assert_eq!(octets[..4], [0xA1, 0xB2, 0xC3, 0xD4]);
        assert_eq!(octets[20..24], [0, 0, 0, 254]);
        let number = |at: usize| u32::from_be_bytes(octets[at..at + 4].try_into().unwrap());
        assert_eq!((number(24), number(28)), (1_700_000_001, 250_000));
        let text = b"tandem wake\0";
        assert_eq!((number(32), number(36)), (text.len() as u32 + 4, text.len() as u32 + 4));
        // The opcode of a note.
        assert_eq!(number(40) & 0xFFFF, 12);
        assert!(octets[44..].starts_with(text) && octets.ends_with(b"tandem x\0"));
        assert!(pcap.rest.is_empty());

        assert_eq!(Pcap::default().convert(b"something else !"), None);
    }
}
