//! Replays a capture of ours: a fresh host is fed with what the capture says that the host was fed with,
//! at the same times, and everything that comes of it must be what came of it then.
//!
//! A capture begins with what the host was made of, holds every input, and each decision, every packet
//! sent, who was heard and what became of calls. The controller's packets are records of their own kind;
//! the rest are notes, one line of text each ([`snoop::note`]):
//!
//! | line | meaning |
//! |---|---|
//! | `tandem capture notes=1 program=VERSION` | the first: the version of these notes, and of the program |
//! | `tandem limits …` `tandem settings …` `tandem bond …` | what the host was made of, a line for each bond. Keys and the PIN are zeros unless `log.keys` is set |
//! | `tandem transport_ready` `tandem transport_lost` `tandem wake` `tandem wideband_unusable` | inputs |
//! | `tandem sounding stream=8 on=true` `tandem microphone link=0 length=60` | inputs; the microphone's sound is no reason for anything |
//! | `tandem command ticket=3 verb=answer how=hold …` | a command; a setting that changes is `verb=set change=takeover value=last` |
//! | `tandem decided fact=Started(SeatId(1)) order=Pause(SeatId(0)) …` | a decision |
//! | `tandem heard …` `tandem call …` | see [`snoop::note`] |
//! | `tandem lost records=N` | N records are missing here: nothing after it can be replayed |
//!
//! Times are whole microseconds, in captures and on the host's clock.
//!
//! Not compared: sound, and the content of voice packets, which is the microphone's. Not replayed: how
//! full the transport was. A host whose blocks ran out because nothing could be sent, or a packet of a
//! link that was not up yet and waited to the microsecond as long as it may, would differ.

mod beginning;
mod input;
mod line;
mod output;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;

use host::{Effect, Host, Input};
use pool::{Arena, Frame, Instant};
use snoop::{Content, Direction, Record, Records, note};
use wire::h4::Channel;

use beginning::Begun;
use line::{Pairs, Tagged};

pub(crate) use beginning::Beginning;
pub(crate) use input::Fed;
pub(crate) use output::{Decided, Lost, told};

/// The version of the notes that are written and understood.
const NOTES: &str = "1";
/// The first note.
pub(crate) const HEAD: &str = concat!("tandem capture notes=1 program=", env!("CARGO_PKG_VERSION"));

/// Blocks for the packets of a capture, of which a host keeps some for a while.
const BLOCKS: usize = 256;
/// Octets in a block: more than any packet that we capture.
const BLOCK: usize = 4096;
/// So much of a packet is shown where it differs.
const SHOWN: usize = 48;

/// Why a capture cannot be replayed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refused {
    /// Somebody else wrote it, or it does not begin at the beginning.
    Foreign,
    /// Its notes are of another version.
    Version(String),
    /// A note that is missing, or cannot be understood.
    Note(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Foreign => f.write_str(
                "not a capture of Tandem's: it does not say what the receiver was set to, what it \
                 was told and when it woke, so nothing can be decided again from it",
            ),
            Refused::Version(version) => {
                write!(f, "its notes are of version {version}; this program replays {NOTES}")
            }
            Refused::Note(word) => {
                write!(f, "its note \"tandem {word}\" is missing or cannot be understood")
            }
        }
    }
}

impl std::error::Error for Refused {}

/// How far a replay is, or how far it came.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Progress {
    /// When on the capture's clock.
    pub at: Instant,
    /// Inputs that the host was fed with.
    pub inputs: u64,
    /// Decisions that were the same.
    pub decisions: u64,
    /// Packets sent that were the same.
    pub packets: u64,
    /// Notes of who is heard and of calls that were the same.
    pub notes: u64,
}

/// How a replay ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End {
    /// Everything to the capture's last record was the same.
    Whole,
    /// The same, and the capture's last record is incomplete: its writer was killed.
    Cut,
    /// The same until here, where so many records are missing in the capture.
    Gap(u32),
    /// Something differs.
    Differs(Difference),
}

/// The first thing that was not the same, each side as text: `None` where there was nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// What the capture has.
    pub recorded: Option<String>,
    /// What came of it now.
    pub replayed: Option<String>,
}

/// A replay on its way.
pub struct Replay<'c> {
    records: Records<'c>,
    player: Player,
    /// The version of the program that wrote the capture.
    program: String,
}

impl<'c> Replay<'c> {
    /// Reads how a capture begins.
    ///
    /// # Errors
    /// It is none that can be replayed.
    pub fn new(mut records: Records<'c>) -> Result<Self, Refused> {
        let first = records.next().ok_or(Refused::Foreign)?;
        let program = head(&first)?;
        let mut begun = Begun::default();
        // Until a record comes that is no part of a beginning.
        loop {
            let mut ahead = records.clone();
            let Some(text) = ahead.next().and_then(|record| record.content.text()) else { break };
            let Some((word, pairs)) = note::parse(&text) else { break };
            let pairs: Vec<_> = pairs.collect();
            match begun.note(word, &pairs) {
                Ok(true) => records = ahead,
                Ok(false) => break,
                Err(word) => return Err(Refused::Note(word.into())),
            }
        }
        let beginning = begun.whole().map_err(|word| Refused::Note(word.into()))?;
        Ok(Replay { records, player: Player::new(beginning, first.time), program })
    }

    /// The version of the program that wrote the capture.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// Replays up to `records` more records; gives the end once it is there.
    ///
    /// # Errors
    /// A note that cannot be understood.
    pub fn run(&mut self, records: usize) -> Result<Option<End>, Refused> {
        for _ in 0..records {
            let Some(record) = self.records.next() else {
                // What came of the last input may not have been written any more.
                return Ok(Some(if self.records.torn() { End::Cut } else { End::Whole }));
            };
            if let Some(end) = self.player.record(&record)? {
                return Ok(Some(end));
            }
        }
        Ok(None)
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        self.player.progress
    }
}

/// The version of the program that wrote the capture, by its first record.
fn head(first: &Record<'_>) -> Result<String, Refused> {
    let text = first.content.text().unwrap_or_default();
    let Some(("capture", pairs)) = note::parse(&text) else { return Err(Refused::Foreign) };
    let pairs: Vec<_> = pairs.collect();
    match line::value("notes", &pairs) {
        Some(NOTES) => Ok(line::value("program", &pairs).unwrap_or_default().to_owned()),
        other => Err(Refused::Version(other.unwrap_or("none").to_owned())),
    }
}

/// Something that comes of an input.
#[derive(PartialEq)]
enum Output {
    Packet(Channel, Vec<u8>),
    Note(String),
}

impl Output {
    fn packet(channel: Channel, packet: &[u8]) -> Output {
        let mut packet = snoop::without_keys(channel, packet).into_owned();
        if channel == Channel::Synchronous {
            // The handle and the length count; the sound is the microphone's.
            packet.iter_mut().skip(wire::hci::SynchronousHeader::SIZE).for_each(|octet| *octet = 0);
        }
        Output::Packet(channel, packet)
    }

    /// As a capture would have it.
    fn note(note: String) -> Output {
        Output::Note(snoop::shortened(&note).to_owned())
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Output::Note(note) => f.write_str(note),
            Output::Packet(channel, packet) => {
                write!(f, "{channel:?} packet of {} octets:", packet.len())?;
                packet.iter().take(SHOWN).try_for_each(|octet| write!(f, " {octet:02x}"))?;
                if packet.len() > SHOWN { f.write_str(" …") } else { Ok(()) }
            }
        }
    }
}

/// The host, and what is known of it.
struct Player {
    host: Host,
    arena: Arena,
    /// The capture's first record's time, microseconds since the Unix epoch.
    start: i64,
    /// What came of the last input and was not met in the capture yet.
    due: VecDeque<Output>,
    progress: Progress,
}

impl Player {
    fn new(beginning: Beginning, start: i64) -> Player {
        let mut host = beginning.host();
        host.tell_decisions();
        let (due, progress) = (VecDeque::new(), Progress::default());
        Player { host, arena: Arena::new(BLOCKS, BLOCK), start, due, progress }
    }

    fn record(&mut self, record: &Record<'_>) -> Result<Option<End>, Refused> {
        let micros = u64::try_from(record.time.saturating_sub(self.start)).unwrap_or(0);
        self.progress.at = Instant::from_nanos(micros.saturating_mul(1_000));
        match record.content {
            Content::Packet { direction: Direction::Received, channel, packet } => {
                let input = self.frame(packet).map(|frame| Input::Received(channel, frame));
                Ok(self.input(input.ok_or_else(|| Refused::Note("packet".into()))?))
            }
            Content::Packet { direction: Direction::Sent, channel, packet } => {
                Ok(self.output(Output::packet(channel, packet)))
            }
            Content::Note(_) => self.note(record.content.text().unwrap_or_default()),
            _ => Ok(None),
        }
    }

    fn note(&mut self, text: Cow<'_, str>) -> Result<Option<End>, Refused> {
        let Some((word, pairs)) = note::parse(&text) else { return Ok(None) };
        let pairs: Vec<_> = pairs.collect();
        match word {
            "decided" | "heard" | "call" => {
                Ok(self.output(Output::Note(text.clone().into_owned())))
            }
            "lost" => {
                let records = line::value("records", &pairs).and_then(|n| n.parse().ok());
                Ok(Some(End::Gap(records.unwrap_or(0))))
            }
            word => self.fed(word, &pairs),
        }
    }

    fn fed(&mut self, word: &str, pairs: &Pairs<'_>) -> Result<Option<End>, Refused> {
        let payload = |length| self.frame([0; BLOCK].get(..usize::from(length))?);
        let input = Fed::parse(word, pairs).and_then(|fed| fed.input(payload));
        Ok(self.input(input.ok_or_else(|| Refused::Note(word.into()))?))
    }

    fn frame(&self, octets: &[u8]) -> Option<Frame> {
        let mut frame = self.arena.take()?;
        frame.append(octets).ok()?;
        frame.set_arrival(self.progress.at);
        Some(frame)
    }

    /// Feeds the host, once all that came of the input before was met.
    fn input(&mut self, input: Input) -> Option<End> {
        if let Some(due) = self.due.pop_front() {
            let replayed = Some(due.to_string());
            return Some(End::Differs(Difference { recorded: None, replayed }));
        }
        self.progress.inputs += 1;
        for effect in self.host.feed(self.progress.at, input) {
            let output = match effect {
                Effect::Send(channel, packet) => Output::packet(channel, &packet),
                Effect::Decided(fact, orders) => Output::note(Decided(fact, &orders).to_string()),
                Effect::Notify(event) => match told(&event) {
                    Some(note) => Output::note(note),
                    None => continue,
                },
                _ => continue,
            };
            self.due.push_back(output);
        }
        None
    }

    /// Holds what the capture has against what came now.
    fn output(&mut self, recorded: Output) -> Option<End> {
        let replayed = self.due.pop_front();
        if replayed.as_ref() == Some(&recorded) {
            let Progress { decisions, packets, notes, .. } = &mut self.progress;
            let count = match &recorded {
                Output::Packet(..) => packets,
                Output::Note(note) if note.starts_with("tandem decided") => decisions,
                Output::Note(_) => notes,
            };
            *count += 1;
            return None;
        }
        let recorded = Some(recorded.to_string());
        let replayed = replayed.map(|output| output.to_string());
        Some(End::Differs(Difference { recorded, replayed }))
    }
}
