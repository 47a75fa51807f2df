//! Reads captures: ours, and those of Android, BlueZ's btmon, hcidump and others.

use std::borrow::Cow;
use std::fs::File;
use std::path::Path;
use std::{fmt, io};

use memmap2::Mmap;
use wire::Address;
use wire::h4::Channel;

use crate::format::{
    Direction, EPOCH, FILE_HEADER, LinkType, MAGIC, RECORD_HEADER, VERSION, opcode, opcode_packet,
};

/// Why a file is no capture that can be read.
#[derive(Debug)]
pub enum ReadError {
    /// The system does not let us read it.
    Io(io::Error),
    /// It is not a btsnoop file.
    NotBtsnoop,
    /// It is one of a version other than 1.
    Version(u32),
    /// Its records are of a kind that is not read: BCSP (1003), H5 (1004) and others.
    LinkType(u32),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Io(error) => error.fmt(f),
            ReadError::NotBtsnoop => f.write_str("not a btsnoop capture"),
            ReadError::Version(number) => write!(f, "a btsnoop capture of version {number}, not 1"),
            ReadError::LinkType(number) => {
                write!(
                    f,
                    "a btsnoop capture of link type {number}; 1001, 1002 and 2001 can be read"
                )
            }
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ReadError::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        ReadError::Io(error)
    }
}

/// A capture file, mapped into memory.
#[derive(Debug)]
pub struct Capture {
    map: Mmap,
}

impl Capture {
    /// Opens `path` and checks its header.
    pub fn open(path: &Path) -> Result<Capture, ReadError> {
        let file = File::open(path)?;
        // SAFETY: the map is private and only read. If another process writes to the file, the bytes
        // that it shows may change between two looks, and every value of a byte is valid; lengths
        // are read once and checked. If another process shortens the file, the system ends us with
        // SIGBUS: captures grow while they are written, nobody cuts them.
        let map = unsafe { Mmap::map(&file)? };
        parse_header(&map)?;
        Ok(Capture { map })
    }

    /// Its records, from the first.
    pub fn records(&self) -> Records<'_> {
        // The header was good when the file was opened; if it is not now, there are no records.
        Records::new(&self.map).unwrap_or(Records::NONE)
    }

    /// Its records from where others had so many bytes [left](Records::left), for one who cannot keep those.
    pub fn records_with(&self, left: usize) -> Records<'_> {
        let mut records = self.records();
        records.rest = &records.rest[records.rest.len().saturating_sub(left)..];
        records
    }
}

/// The records of a capture in memory, in their order. A last record that is torn, because its
/// writer was killed or is still at work, ends them, as does one that claims to be longer than
/// the file; [`torn`](Records::torn) tells.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    link_type: LinkType,
    rest: &'a [u8],
    torn: bool,
}

impl<'a> Records<'a> {
    const NONE: Records<'static> = Records { link_type: LinkType::H4, rest: &[], torn: false };

    /// Reads a capture from its first byte.
    pub fn new(bytes: &'a [u8]) -> Result<Self, ReadError> {
        let link_type = parse_header(bytes)?;
        let rest = bytes.get(FILE_HEADER..).unwrap_or_default();
        Ok(Records { link_type, rest, torn: false })
    }

    /// What the records hold.
    pub fn link_type(&self) -> LinkType {
        self.link_type
    }

    /// How many bytes are still to be read.
    pub fn left(&self) -> usize {
        self.rest.len()
    }

    /// Whether the records ended (so far) with one that is incomplete.
    pub fn torn(&self) -> bool {
        self.torn
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn parse_header(bytes: &[u8]) -> Result<LinkType, ReadError> {
    if !bytes.starts_with(MAGIC) {
        return Err(ReadError::NotBtsnoop);
    }
    let version = word(bytes, 8).ok_or(ReadError::NotBtsnoop)?;
    let link_type = word(bytes, 12).ok_or(ReadError::NotBtsnoop)?;
    if version != VERSION {
        return Err(ReadError::Version(version));
    }
    LinkType::from_number(link_type).ok_or(ReadError::LinkType(link_type))
}

/// One record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record<'a> {
    /// Microseconds since the Unix epoch.
    pub time: i64,
    /// Which controller it is about; 0 where the capture has but one. 65535 where about none.
    pub controller: u16,
    /// Whether the packet was longer than what the capture holds of it.
    pub cut: bool,
    /// What happened.
    pub content: Content<'a>,
}

/// What a record is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Content<'a> {
    /// An HCI packet.
    Packet {
        /// Which way it went.
        direction: Direction,
        /// Its kind. In a capture of [`LinkType::Plain`], voice shows as ACL data.
        channel: Channel,
        /// The packet without type byte.
        packet: &'a [u8],
    },
    /// A line of text, perhaps not UTF-8: see [`Content::text`].
    Note(&'a [u8]),
    /// A controller appeared.
    Controller {
        /// Its address; zeros while it is not known.
        address: Address,
        /// Its name, as far as the record holds one.
        name: &'a [u8],
    },
    /// The controller went away.
    ControllerLost,
    /// Something that is not looked into.
    Other {
        /// The record's flags, or the monitor's opcode.
        kind: u16,
        /// What it holds.
        data: &'a [u8],
    },
}

impl<'a> Content<'a> {
    /// A note's text, without the zero that ends it.
    pub fn text(&self) -> Option<Cow<'a, str>> {
        match self {
            Content::Note(bytes) => Some(String::from_utf8_lossy(bytes)),
            _ => None,
        }
    }

    fn of_monitor(kind: u16, data: &'a [u8]) -> Self {
        if let Some((direction, channel)) = opcode_packet(kind) {
            return Content::Packet { direction, channel, packet: data };
        }
        let until_zero = |bytes: &'a [u8]| bytes.split(|byte| *byte == 0).next().unwrap_or(bytes);
        match (kind, data) {
            (opcode::SYSTEM_NOTE, text) => Content::Note(until_zero(text)),
            (opcode::NEW_INDEX, [_, _, a, b, c, d, e, g, name @ ..]) => Content::Controller {
                address: Address([*a, *b, *c, *d, *e, *g]),
                name: until_zero(name),
            },
            (opcode::INDEX_INFO, [a, b, c, d, e, g, ..]) => {
                Content::Controller { address: Address([*a, *b, *c, *d, *e, *g]), name: &[] }
            }
            (opcode::DELETE_INDEX, _) => Content::ControllerLost,
            (kind, data) => Content::Other { kind, data },
        }
    }

    fn of_h4(flags: u32, data: &'a [u8]) -> Self {
        let direction = direction(flags);
        match data.split_first() {
            Some((indicator, packet)) => match Channel::from_indicator(*indicator) {
                Ok(channel) => Content::Packet { direction, channel, packet },
                Err(_) => Content::Other { kind: flags as u16, data },
            },
            None => Content::Other { kind: flags as u16, data },
        }
    }

    fn of_plain(flags: u32, packet: &'a [u8]) -> Self {
        let direction = direction(flags);
        let channel = match (flags & 2 != 0, direction) {
            (true, Direction::Sent) => Channel::Command,
            (true, Direction::Received) => Channel::Event,
            (false, _) => Channel::Acl,
        };
        Content::Packet { direction, channel, packet }
    }
}

fn direction(flags: u32) -> Direction {
    if flags & 1 == 0 { Direction::Sent } else { Direction::Received }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let Some((record, rest)) = split_record(self.link_type, self.rest) else {
            self.torn = true;
            return None;
        };
        self.rest = rest;
        Some(record)
    }
}

fn split_record(link_type: LinkType, bytes: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let (header, rest) = bytes.split_first_chunk::<RECORD_HEADER>()?;
    let original = word(header, 0)?;
    let included = word(header, 4)?;
    let flags = word(header, 8)?;
    let time = i64::from_be_bytes(*header.last_chunk()?).saturating_sub(EPOCH);
    let (data, rest) = rest.split_at_checked(usize::try_from(included).ok()?)?;
    let cut = original > included;
    let (controller, content) = match link_type {
        LinkType::Monitor => ((flags >> 16) as u16, Content::of_monitor(flags as u16, data)),
        LinkType::H4 => (0, Content::of_h4(flags, data)),
        LinkType::Plain => (0, Content::of_plain(flags, data)),
    };
    Some((Record { time, controller, cut, content }, rest))
}
