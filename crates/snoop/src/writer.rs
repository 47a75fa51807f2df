//! Writes captures.

use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use wire::Address;
use wire::h4::Channel;

use crate::format::{
    Direction, EPOCH, FILE_HEADER, LinkType, MAGIC, RECORD_HEADER, VERSION, opcode, packet_opcode,
};
use crate::keys::{LONGEST, blanked};

/// The longest note in bytes. btmon takes no record of more than 1490.
pub const LONGEST_NOTE: usize = 1400;

/// As much of `note` as a capture holds of it.
pub fn shortened(note: &str) -> &str {
    &note[..note.floor_char_boundary(LONGEST_NOTE)]
}

/// What a record's number of dropped packets says: not known.
const DROPS: u32 = 0;

/// A capture being written. Every time is counted from the start that was handed in with
/// [`new`](Writer::new). Nothing allocates after that, and nothing is written twice or sought back
/// to, so that it may go to a pipe.
#[derive(Debug)]
pub struct Writer<W: Write> {
    out: W,
    link_type: LinkType,
    keep_keys: bool,
    /// Microseconds since the year 0.
    start: i64,
}

impl Writer<BufWriter<File>> {
    /// A capture in a new file (an old one of that name is replaced), of the monitor link type.
    /// A file that is made is its owner's alone: what people say and hear goes through it.
    pub fn create(path: &Path, start: Duration) -> io::Result<Self> {
        let mut options = File::options();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
        Writer::new(BufWriter::new(file), LinkType::Monitor, start)
    }
}

impl<W: Write> Writer<W> {
    /// A capture that begins `start` after the Unix epoch.
    ///
    /// [`LinkType::Plain`] cannot tell voice from data and is not written: `InvalidInput`.
    pub fn new(mut out: W, link_type: LinkType, start: Duration) -> io::Result<Self> {
        if link_type == LinkType::Plain {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut header = [0; FILE_HEADER];
        header[..8].copy_from_slice(MAGIC);
        header[8..12].copy_from_slice(&VERSION.to_be_bytes());
        header[12..].copy_from_slice(&link_type.number().to_be_bytes());
        out.write_all(&header)?;
        let start = EPOCH.saturating_add(micros(start));
        Ok(Writer { out, link_type, keep_keys: false, start })
    }

    /// Whether keys stay in the packets (`log.keys`); they are blanked unless this was asked for.
    pub fn keep_keys(&mut self, keep: bool) {
        self.keep_keys = keep;
    }

    /// Records an HCI packet (without type byte) that passed `at` after the start.
    pub fn packet(
        &mut self,
        at: Duration,
        direction: Direction,
        channel: Channel,
        packet: &[u8],
    ) -> io::Result<()> {
        let Some(opcode) = packet_opcode(direction, channel) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let mut room = [0; LONGEST];
        let blanked = if self.keep_keys { None } else { blanked(channel, packet, &mut room) };
        let packet = blanked.unwrap_or(packet);
        if self.link_type == LinkType::Monitor {
            return self.record(at, u32::from(opcode), &[], packet);
        }
        let mut flags = u32::from(direction == Direction::Received);
        if matches!(channel, Channel::Command | Channel::Event) {
            flags |= 2;
        }
        self.record(at, flags, &[channel.indicator()], packet)
    }

    /// Records a line of text among the packets, cut off after [`LONGEST_NOTE`] bytes; see
    /// [`crate::note`] for those that the timeline understands. Only the monitor link type has
    /// notes: others leave it out.
    pub fn note(&mut self, at: Duration, note: impl fmt::Display) -> io::Result<()> {
        if self.link_type != LinkType::Monitor {
            return Ok(());
        }
        let mut line = Line { bytes: [0; LONGEST_NOTE + 1], length: 0 };
        // An error says that the line is full: it goes as far as it goes.
        let _ = write!(line, "{note}");
        // With the zero byte that ends it.
        self.monitor(at, opcode::SYSTEM_NOTE, &[&line.bytes[..=line.length]])
    }

    /// Records that a controller appeared, under a name of at most seven bytes (`tandem0`): what
    /// readers show for the packets that follow. Nothing for other link types than the monitor's.
    pub fn controller(&mut self, at: Duration, address: Address, name: &str) -> io::Result<()> {
        let mut text = [0; 8];
        for (to, from) in text[..7].iter_mut().zip(name.bytes()) {
            *to = from;
        }
        // A primary controller (type 0) on a bus of an unnamed kind (0, virtual).
        self.monitor(at, opcode::NEW_INDEX, &[&[0, 0], &address.0, &text])?;
        self.monitor(at, opcode::OPEN_INDEX, &[])
    }

    /// Records that the controller went away.
    pub fn controller_lost(&mut self, at: Duration) -> io::Result<()> {
        self.monitor(at, opcode::CLOSE_INDEX, &[])?;
        self.monitor(at, opcode::DELETE_INDEX, &[])
    }

    /// Hands everything written so far to the system.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// The writer that was handed in.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn monitor(&mut self, at: Duration, opcode: u16, parts: &[&[u8]]) -> io::Result<()> {
        if self.link_type != LinkType::Monitor {
            return Ok(());
        }
        let length = parts.iter().map(|part| part.len()).sum();
        self.header(at, u32::from(opcode), length)?;
        parts.iter().try_for_each(|part| self.out.write_all(part))
    }

    fn record(&mut self, at: Duration, flags: u32, head: &[u8], body: &[u8]) -> io::Result<()> {
        self.header(at, flags, head.len() + body.len())?;
        self.out.write_all(head)?;
        self.out.write_all(body)
    }

    fn header(&mut self, at: Duration, flags: u32, length: usize) -> io::Result<()> {
        let length = u32::try_from(length).map_err(|_| io::ErrorKind::InvalidInput)?;
        let time = self.start.saturating_add(micros(at));
        let mut header = [0; RECORD_HEADER];
        header[..4].copy_from_slice(&length.to_be_bytes());
        header[4..8].copy_from_slice(&length.to_be_bytes());
        header[8..12].copy_from_slice(&flags.to_be_bytes());
        header[12..16].copy_from_slice(&DROPS.to_be_bytes());
        header[16..].copy_from_slice(&time.to_be_bytes());
        self.out.write_all(&header)
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// A note on its way, in a buffer of its own.
struct Line {
    bytes: [u8; LONGEST_NOTE + 1],
    length: usize,
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let fitting = text.floor_char_boundary(LONGEST_NOTE - self.length);
        // A zero byte would end the note for its readers.
        for (to, from) in self.bytes[self.length..].iter_mut().zip(text[..fitting].bytes()) {
            *to = if from == 0 { b' ' } else { from };
        }
        self.length += fitting;
        if fitting == text.len() { Ok(()) } else { Err(fmt::Error) }
    }
}
