//! The capture: the radio thread copies packets into blocks of an arena of their own, the control
//! thread writes them. When the control thread lags, packets are left out and counted; the radio
//! thread never waits.

use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use host::{Event, SourceKind};
use pool::{Arena, Frame, Instant};
use snoop::note::{Audible, Heard, Kind};
use snoop::{Direction, Writer};
use wire::h4::Channel;

/// Packets on their way to the file.
pub(crate) const BLOCKS: usize = 256;
/// The longest packet that is captured, with its headroom; ACL packets are of 1021 octets mostly.
const BLOCK: usize = 2048;

/// A packet on its way to the file.
#[derive(Debug)]
pub(crate) struct Record {
    at: Instant,
    direction: Direction,
    channel: Channel,
    packet: Frame,
}

/// The radio thread's end.
#[derive(Debug)]
pub(crate) struct Tap(Arena);

impl Tap {
    pub(crate) fn new() -> Self {
        Tap(Arena::new(BLOCKS, BLOCK))
    }

    /// A copy of a packet; `None` when there is no room.
    pub(crate) fn copy(
        &self,
        at: Instant,
        direction: Direction,
        channel: Channel,
        packet: &[u8],
    ) -> Option<Record> {
        let mut copy = self.0.take()?;
        copy.append(packet).ok()?;
        Some(Record { at, direction, channel, packet: copy })
    }
}

/// The control thread's end.
#[derive(Debug)]
pub(crate) struct Capture {
    writer: Writer<io::BufWriter<std::fs::File>>,
    failed: Option<io::Error>,
    fresh: bool,
}

impl Capture {
    /// A capture in a new file; times are counted from `started`.
    pub(crate) fn create(path: &Path, started: SystemTime, keep_keys: bool) -> io::Result<Self> {
        let start = started.duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut writer = Writer::create(path, start)?;
        writer.keep_keys(keep_keys);
        Ok(Capture { writer, failed: None, fresh: true })
    }

    pub(crate) fn write(&mut self, record: &Record) {
        if std::mem::take(&mut self.fresh) {
            // The controller's address is not known yet; packets need an index to belong to.
            let written = self.writer.controller(since(record.at), Default::default(), "tandem0");
            self.keep(written);
        }
        let Record { at, direction, channel, packet } = record;
        let written = self.writer.packet(since(*at), *direction, *channel, packet);
        self.keep(written);
    }

    /// Notes who is heard.
    pub(crate) fn event(&mut self, at: Instant, event: &Event) {
        if let Event::Audible { sources } = event {
            let heard: Vec<Audible> = sources
                .iter()
                .map(|source| Audible { phone: source.phone, kind: kind(source.kind) })
                .collect();
            let written = self.writer.note(since(at), Heard(&heard));
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

fn kind(kind: SourceKind) -> Kind {
    match kind {
        SourceKind::Call => Kind::Call,
        SourceKind::Ring => Kind::Ring,
        SourceKind::Voice => Kind::Voice,
        SourceKind::Assistant => Kind::Assistant,
        SourceKind::Media => Kind::Media,
    }
}

fn since(at: Instant) -> Duration {
    at.since(Instant::ZERO)
}
