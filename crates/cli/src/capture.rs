//! `tandem capture`: what passes between the receiver and its controller, live. The daemon gives a btsnoop
//! file; Wireshark reads pcap from a pipe, which has the same records under other headers.

use std::io::{self, IsTerminal, Write};

use serde_json::Value;

use crate::client::Client;
use crate::failure::Failure;

/// A btsnoop file begins with so many octets, and each of its records.
const FILE_HEADER: usize = 16;
const RECORD_HEADER: usize = 24;
/// Microseconds from btsnoop's origin, the year 0, to the Unix epoch.
const EPOCH: i64 = 0x00dc_ddb3_0f2f_8000;
/// LINKTYPE_BLUETOOTH_LINUX_MONITOR: an index and an opcode, both big-endian, and the record.
const LINUX_MONITOR: u32 = 254;
/// No record is longer.
const LONGEST: u32 = 0x1_0000;

pub(crate) fn run(client: &mut Client, btsnoop: bool, out: &mut dyn Write) -> Result<(), Failure> {
    if io::stdout().is_terminal() {
        let text = "a capture is not for the terminal: tandem capture | wireshark -k -i -";
        return Err(Failure::Failed(text.into()));
    }
    client.capture()?;
    let mut pcap = Pcap::default();
    loop {
        let Some(told) = client.octets()? else { continue };
        let nonsense = || Failure::Failed("the daemon gave no capture".into());
        let octets = octets(&told).ok_or_else(nonsense)?;
        if btsnoop {
            out.write_all(&octets)?;
        } else {
            out.write_all(&pcap.convert(&octets).ok_or_else(nonsense)?)?;
        }
        // Whoever reads wants to see it when it happens.
        out.flush()?;
    }
}

/// What two hexadecimal digits each stand for.
fn octets(told: &Value) -> Option<Vec<u8>> {
    let (pairs, rest) = told.as_str()?.as_bytes().as_chunks::<2>();
    let digit = |octet: u8| char::from(octet).to_digit(16);
    let octet = |[high, low]: &[u8; 2]| Some((digit(*high)? << 4 | digit(*low)?) as u8);
    if rest.is_empty() { pairs.iter().map(octet).collect() } else { None }
}

/// A capture on its way from btsnoop, of the Linux-monitor link type, to pcap.
#[derive(Default)]
struct Pcap {
    /// What is not converted yet.
    rest: Vec<u8>,
    begun: bool,
}

impl Pcap {
    /// As much of the pcap file as follows from these octets of the other; `None` where they are none.
    fn convert(&mut self, octets: &[u8]) -> Option<Vec<u8>> {
        self.rest.extend_from_slice(octets);
        let mut out = Vec::new();
        if !self.begun {
            let Some(header) = self.rest.get(..FILE_HEADER) else { return Some(out) };
            if !header.starts_with(b"btsnoop\0") {
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
    use std::time::Duration;

    use tandem::snoop::{LinkType, Writer};

    use super::*;

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

    #[test]
    fn octets_are_read_from_two_digits_each() {
        assert_eq!(octets(&"000aF0ff".into()), Some(vec![0x00, 0x0A, 0xF0, 0xFF]));
        for wrong in ["0", "0g"] {
            assert_eq!(octets(&wrong.into()), None);
        }
        assert_eq!(octets(&Value::Null), None);
    }
}
