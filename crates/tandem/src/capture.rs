//! The capture: the radio thread copies packets into blocks of an arena of their own, and what else
//! goes into and comes out of the host by value; the control thread writes them. When the control
//! thread lags, records are left out and counted, and the capture says so; the radio thread never waits.
//!
//! What the notes say beside the packets, and how a host is replayed from them, is in
//! [`replay`](crate::replay).

use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use host::{Effect, Event, Input};
use multipoint::{Fact, Orders};
use pool::{Arena, Frame, Instant};
use snoop::{Direction, Writer};
use wire::h4::Channel;

use crate::replay::{Beginning, Decided, Fed, HEAD, Lost, told};

/// Packets on their way to the file.
pub(crate) const BLOCKS: usize = 256;
/// The longest packet that is captured, with its headroom; ACL packets are of 1021 octets mostly.
const BLOCK: usize = 2048;

/// Something on its way to the file.
#[derive(Debug)]
pub(crate) struct Record {
    at: Instant,
    /// How many records are missing before it.
    lost: u32,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Packet(Direction, Channel, Frame),
    Fed(Fed),
    Decided(Fact, Orders),
}

/// The radio thread's end.
#[derive(Debug)]
pub(crate) struct Tap {
    arena: Arena,
    /// Records that were left out since the last one.
    lost: u32,
}

impl Tap {
    pub(crate) fn new() -> Self {
        Tap { arena: Arena::new(BLOCKS, BLOCK), lost: 0 }
    }

    /// Copies what the host is about to be fed with. `put` hands it on, if it can. Gives whether
    /// nothing was left out.
    pub(crate) fn input(
        &mut self,
        at: Instant,
        input: &Input,
        put: impl FnOnce(Record) -> bool,
    ) -> bool {
        let content = match input {
            Input::Received(channel, packet) => self.copy(Direction::Received, *channel, packet),
            input => Fed::of(input).map(Content::Fed),
        };
        self.put(at, content, put)
    }

    /// Copies what came of it, as far as captures hold it, with the time that `at` gives; else as
    /// [`input`](Tap::input).
    pub(crate) fn effect(
        &mut self,
        at: impl FnOnce() -> Instant,
        effect: &Effect,
        put: impl FnOnce(Record) -> bool,
    ) -> bool {
        let content = match effect {
            Effect::Send(channel, packet) => self.copy(Direction::Sent, *channel, packet),
            Effect::Decided(fact, orders) => Some(Content::Decided(*fact, *orders)),
            _ => return true,
        };
        self.put(at(), content, put)
    }

    fn copy(&self, direction: Direction, channel: Channel, packet: &[u8]) -> Option<Content> {
        let mut copy = self.arena.take()?;
        copy.append(packet).ok()?;
        Some(Content::Packet(direction, channel, copy))
    }

    fn put(
        &mut self,
        at: Instant,
        content: Option<Content>,
        put: impl FnOnce(Record) -> bool,
    ) -> bool {
        let lost = self.lost;
        let kept = content.is_some_and(|content| put(Record { at, lost, content }));
        self.lost = if kept { 0 } else { lost.saturating_add(1) };
        kept
    }
}

/// The control thread's end, writing to a file unless said otherwise.
#[derive(Debug)]
pub(crate) struct Capture<W: io::Write = io::BufWriter<std::fs::File>> {
    writer: Writer<W>,
    keep_keys: bool,
    failed: Option<io::Error>,
    fresh: bool,
    /// The time of the last record: an event happened when the host was fed, and is told after what
    /// was sent meanwhile.
    last: Duration,
}

impl Capture {
    /// A capture in a new file; times are counted from `started`.
    pub(crate) fn create(path: &Path, started: SystemTime, keep_keys: bool) -> io::Result<Self> {
        let start = started.duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Capture::new(Writer::create(path, start)?, keep_keys))
    }
}

impl<W: io::Write> Capture<W> {
    /// A capture to wherever `writer` writes.
    pub(crate) fn new(mut writer: Writer<W>, keep_keys: bool) -> Self {
        writer.keep_keys(keep_keys);
        Capture { writer, keep_keys, failed: None, fresh: true, last: Duration::ZERO }
    }

    /// Notes what the host is made of: the first thing in it.
    pub(crate) fn begin(&mut self, beginning: &Beginning) {
        let written = self.writer.note(Duration::ZERO, HEAD);
        self.keep(written);
        let blanked = (!self.keep_keys).then(|| beginning.without_keys());
        for note in blanked.as_ref().unwrap_or(beginning).notes() {
            let written = self.writer.note(Duration::ZERO, note);
            self.keep(written);
        }
    }

    /// As [`write`](Capture::write), where nothing is ever left out.
    pub(crate) fn put(&mut self, record: &Record) -> bool {
        self.write(record);
        true
    }

    pub(crate) fn write(&mut self, record: &Record) {
        let Record { at, lost, content } = record;
        let at = since(*at);
        self.last = at;
        if std::mem::take(&mut self.fresh) {
            // The controller's address is not known yet; packets need an index to belong to.
            let written = self.writer.controller(at, Default::default(), "tandem0");
            self.keep(written);
        }
        self.skipped(record, *lost);
        let written = match content {
            Content::Packet(direction, channel, packet) => {
                self.writer.packet(at, *direction, *channel, packet)
            }
            Content::Fed(fed) => self.writer.note(at, fed),
            Content::Decided(fact, orders) => self.writer.note(at, Decided(*fact, orders)),
        };
        self.keep(written);
    }

    /// Notes that so many records are missing before this one.
    pub(crate) fn skipped(&mut self, record: &Record, lost: u32) {
        if lost > 0 {
            let written = self.writer.note(since(record.at), Lost(lost));
            self.keep(written);
        }
    }

    /// Notes who is heard, and what becomes of calls.
    pub(crate) fn event(&mut self, at: Instant, event: &Event) {
        if let Some(note) = told(event) {
            let written = self.writer.note(since(at).max(self.last), note);
            self.keep(written);
        }
    }

    /// Hands everything to the system.
    ///
    /// # Errors
    /// The first error since the last call, a full disk for one.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        match self.failed.take() {
            Some(error) => Err(error),
            None => self.writer.flush(),
        }
    }

    fn keep(&mut self, written: io::Result<()>) {
        if let Err(error) = written {
            self.failed.get_or_insert(error);
        }
    }
}

fn since(at: Instant) -> Duration {
    at.since(Instant::ZERO)
}

#[cfg(test)]
mod tests {
    use snoop::{Records, note};

    use super::*;

    #[test]
    fn what_is_left_out_is_counted_where_it_is_missing() {
        let mut tap = Tap::new();
        let arena = Arena::new(1, BLOCK);
        let mut packet = arena.take().unwrap();
        packet.append(&[0x0E, 0]).unwrap();
        let packet = Input::Received(Channel::Event, packet);
        let (at, mut kept) = (Instant::from_millis(1), Vec::new());
        // Nobody takes them: first the blocks run out, then the queue is full.
        for n in 0..BLOCKS + 2 {
            let put = |record| {
                kept.push(record);
                true
            };
            assert_eq!(tap.input(at, &packet, put), n < BLOCKS);
        }
        assert!(!tap.input(at, &Input::Wake, |_| false));
        let put = |record| {
            kept.push(record);
            true
        };
        assert!(tap.input(at, &Input::Wake, put));

        let file = tempfile::NamedTempFile::new().unwrap();
        let mut capture = Capture::create(file.path(), UNIX_EPOCH, false).unwrap();
        kept.iter().for_each(|record| capture.write(record));
        capture.flush().unwrap();
        let octets = std::fs::read(file.path()).unwrap();
        let notes: Vec<String> = Records::new(&octets)
            .unwrap()
            .filter_map(|record| record.content.text().map(|text| text.into_owned()))
            .filter(|text| note::parse(text).is_some())
            .collect();
        assert_eq!(notes, ["tandem lost records=3", "tandem wake"]);
    }
}
