//! Reads a capture from its first record to its last and keeps account of who is doing what.

use std::collections::HashMap;
use std::time::Duration;

use wire::Address;
use wire::h4::Channel;
use wire::hci::{AclHeader, Command, Event, Handle, LinkType, Opcode, Status};

use super::gateway::Calls;
use super::link::{Change, Link};
use super::switch::{Switches, is_input};
use super::{HeardSpan, Phone, Span, Timeline};
use crate::format::Direction;
use crate::note::{self, Audible, Kind, State};
use crate::reader::{Content, Record, Records};

/// A link that is up: which controller's, and its handle.
type Key = (u16, Handle);

struct Up {
    phone: usize,
    since: Duration,
    /// When the stream started, on an ACL link.
    streaming: Option<Duration>,
    kind: Carries,
}

enum Carries {
    Data(Box<Link>),
    Voice,
}

#[derive(Default)]
struct Follower {
    now: Duration,
    phones: Vec<Phone>,
    up: HashMap<Key, Up>,
    /// Since when each controller pages whom.
    pages: HashMap<(u16, Address), Duration>,
    /// Since when each phone is lost.
    lost: HashMap<usize, Duration>,
    /// Who is heard, and since when; `None` until a note says so for the first time.
    heard: Option<(Duration, Vec<Audible>)>,
    switches: Switches,
    /// The calls of each phone by our notes, by the phone's number for it; and whether there are any.
    calls: HashMap<(usize, u8), State>,
    noted: bool,
    /// When each phone began to ring and to talk: by our notes, and by the lines of the profile.
    by_notes: HashMap<usize, Since>,
    by_lines: HashMap<usize, Since>,
    /// What the lines say, for a capture without notes.
    lines: HashMap<usize, [Vec<Span>; 2]>,
}

/// Since when a phone rings and talks.
#[derive(Clone, Copy, Default)]
struct Since([Option<Duration>; 2]);

impl Since {
    /// The calls are these now; ends what is over.
    fn change(&mut self, now: Duration, calls: Calls, [ringing, talking]: [&mut Vec<Span>; 2]) {
        let [rang, talked] = &mut self.0;
        for (since, on, spans) in [(rang, calls.ringing, ringing), (talked, calls.talking, talking)]
        {
            match since {
                Some(from) if !on => {
                    spans.push(Span { from: *from, to: now });
                    *since = None;
                }
                None if on => *since = Some(now),
                _ => {}
            }
        }
    }
}

pub(super) fn follow(mut records: Records<'_>) -> Timeline {
    let mut follower = Follower::default();
    let mut start = None;
    for record in records.by_ref() {
        let start = *start.get_or_insert(record.time);
        // A clock that was set back stands still here.
        let since = u64::try_from(record.time.saturating_sub(start)).unwrap_or(0);
        follower.now = follower.now.max(Duration::from_micros(since));
        follower.record(&record);
    }
    let inferred = follower.finish();
    Timeline {
        start: start.unwrap_or(0),
        length: follower.now,
        phones: follower.phones,
        switches: follower.switches.finish(),
        inferred,
        torn: records.torn(),
    }
}

impl Follower {
    fn record(&mut self, record: &Record<'_>) {
        match record.content {
            Content::Packet { direction: Direction::Received, .. } => self.switches.input(self.now),
            Content::Packet { direction: Direction::Sent, .. } => self.switches.sent(self.now),
            _ => {}
        }
        match record.content {
            Content::Packet { channel: Channel::Event, packet, .. } => {
                if let Ok(event) = Event::parse(packet) {
                    self.event(record.controller, event);
                }
            }
            Content::Packet { channel: Channel::Command, packet, .. } => {
                if let Ok(Command::CreateConnection { bd_addr, .. }) = Command::parse(packet) {
                    self.pages.entry((record.controller, bd_addr)).or_insert(self.now);
                }
            }
            Content::Packet { channel: Channel::Acl, direction, packet } => {
                self.acl(record.controller, direction, packet);
            }
            Content::Note(_) => self.note(&record.content.text().unwrap_or_default()),
            Content::ControllerLost => self.all_down(record.controller),
            _ => {}
        }
    }

    fn note(&mut self, line: &str) {
        if is_input(line) {
            self.switches.input(self.now);
        } else if let Some(decided) = note::decided(line) {
            self.switches.decided(&decided);
        } else if let Some(audible) = note::heard(line) {
            self.close_heard();
            self.switches.heard(self.now, &audible);
            self.heard = Some((self.now, audible));
        } else if let Some(call) = note::call(line) {
            let phone = self.phone(call.phone);
            self.noted = true;
            match call.state {
                State::Ended => self.calls.remove(&(phone, call.index)),
                state => self.calls.insert((phone, call.index), state),
            };
            self.noted_calls(phone);
        }
    }

    /// What our notes say of a phone's calls has changed.
    fn noted_calls(&mut self, phone: usize) {
        let of = |states: &[State]| {
            self.calls.iter().any(|((whose, _), state)| *whose == phone && states.contains(state))
        };
        let calls = Calls {
            ringing: of(&[State::Incoming, State::Outgoing]),
            talking: of(&[State::Active]),
        };
        let Phone { ringing, talking, .. } = &mut self.phones[phone];
        self.by_notes.entry(phone).or_default().change(self.now, calls, [ringing, talking]);
    }

    /// What the lines of the profile say of a phone's calls has changed.
    fn line_calls(&mut self, phone: usize, calls: Calls) {
        let spans = self.lines.entry(phone).or_default().each_mut();
        self.by_lines.entry(phone).or_default().change(self.now, calls, spans);
    }

    fn event(&mut self, controller: u16, event: Event<'_>) {
        if let Event::ConnectionComplete { bd_addr, link_type: LinkType::Acl, .. } = event {
            self.page_ended(controller, bd_addr);
        }
        match event {
            Event::ConnectionComplete { status, connection_handle, bd_addr, link_type, .. }
            | Event::SynchronousConnectionComplete {
                status,
                connection_handle,
                bd_addr,
                link_type,
                ..
            } if status == Status::SUCCESS => {
                self.up((controller, connection_handle), bd_addr, link_type);
            }
            Event::DisconnectionComplete { status, connection_handle, reason }
                if status == Status::SUCCESS =>
            {
                let key = (controller, connection_handle);
                if reason == Status::CONNECTION_TIMEOUT
                    && let Some(Up { phone, kind: Carries::Data(_), .. }) = self.up.get(&key)
                {
                    self.lost.insert(*phone, self.now);
                }
                self.down(key);
            }
            Event::RemoteNameRequestComplete { status, bd_addr, remote_name }
                if status == Status::SUCCESS && !remote_name.as_str().is_empty() =>
            {
                let phone = self.phone(bd_addr);
                self.phones[phone].name = Some(remote_name.as_str().to_owned());
            }
            Event::CommandComplete { command_opcode: Opcode::RESET, .. } => {
                self.all_down(controller);
            }
            _ => {}
        }
    }

    fn acl(&mut self, controller: u16, direction: Direction, packet: &[u8]) {
        let Some((header, _)) = packet.split_first_chunk::<{ AclHeader::SIZE }>() else { return };
        let handle = Handle::new(u16::from_le_bytes([header[0], header[1]]));
        let Some(up) = self.up.get_mut(&(controller, handle)) else { return };
        let Carries::Data(link) = &mut up.kind else { return };
        match link.acl(direction, packet) {
            Some(Change::Started) => {
                up.streaming.get_or_insert(self.now);
            }
            Some(Change::Stopped) => {
                if let Some(from) = up.streaming.take() {
                    self.phones[up.phone].streaming.push(Span { from, to: self.now });
                }
            }
            Some(Change::Calls(calls)) => {
                let phone = up.phone;
                self.line_calls(phone, calls);
            }
            None => {}
        }
    }

    /// The phone of this address, a new one if need be.
    fn phone(&mut self, address: Address) -> usize {
        if let Some(at) = self.phones.iter().position(|phone| phone.address == address) {
            return at;
        }
        self.phones.push(Phone {
            address,
            name: None,
            connected: Vec::new(),
            lost: Vec::new(),
            paged: Vec::new(),
            streaming: Vec::new(),
            ringing: Vec::new(),
            talking: Vec::new(),
            voice: Vec::new(),
            heard: Vec::new(),
        });
        self.phones.len() - 1
    }

    fn up(&mut self, key: Key, address: Address, link_type: LinkType) {
        self.down(key);
        let kind = match link_type {
            LinkType::Acl => Carries::Data(Box::default()),
            _ => Carries::Voice,
        };
        let phone = self.phone(address);
        if let Carries::Data(_) = kind {
            self.found(phone);
        }
        self.up.insert(key, Up { phone, since: self.now, streaming: None, kind });
    }

    fn page_ended(&mut self, controller: u16, address: Address) {
        if let Some(from) = self.pages.remove(&(controller, address)) {
            let phone = self.phone(address);
            self.phones[phone].paged.push(Span { from, to: self.now });
        }
    }

    /// A phone that may have been lost is not, or no more is known.
    fn found(&mut self, phone: usize) {
        if let Some(from) = self.lost.remove(&phone) {
            self.phones[phone].lost.push(Span { from, to: self.now });
        }
    }

    fn down(&mut self, key: Key) {
        let Some(up) = self.up.remove(&key) else { return };
        if let Carries::Data(_) = up.kind {
            // Calls may go on on the phone; we do not see them.
            self.calls.retain(|(phone, _), _| *phone != up.phone);
            self.noted_calls(up.phone);
            self.line_calls(up.phone, Calls::default());
        }
        let phone = &mut self.phones[up.phone];
        let span = Span { from: up.since, to: self.now };
        match up.kind {
            Carries::Data(_) => phone.connected.push(span),
            Carries::Voice => phone.voice.push(span),
        }
        if let Some(from) = up.streaming {
            phone.streaming.push(Span { from, to: self.now });
        }
    }

    fn all_down(&mut self, controller: u16) {
        let keys: Vec<_> = self.up.keys().copied().filter(|key| key.0 == controller).collect();
        keys.into_iter().for_each(|key| self.down(key));
        let mut pages: Vec<_> =
            self.pages.keys().copied().filter(|key| key.0 == controller).collect();
        pages.sort_unstable();
        pages.into_iter().for_each(|(controller, phone)| self.page_ended(controller, phone));
    }

    fn close_heard(&mut self) {
        let Some((from, audible)) = self.heard.take() else { return };
        for Audible { phone, kind } in audible {
            let phone = self.phone(phone);
            let heard = &mut self.phones[phone].heard;
            match heard.last_mut() {
                // The others changed, this one went on.
                Some(last) if last.span.to == from && last.kind == kind => last.span.to = self.now,
                _ => heard.push(HeardSpan { span: Span { from, to: self.now }, kind }),
            }
        }
    }

    /// Ends what is still going on; returns whether who was heard had to be inferred.
    fn finish(&mut self) -> bool {
        let keys: Vec<_> = self.up.keys().copied().collect();
        keys.into_iter().for_each(|key| self.down(key));
        let mut pages: Vec<_> = self.pages.keys().copied().collect();
        pages.sort_unstable();
        pages.into_iter().for_each(|(controller, phone)| self.page_ended(controller, phone));
        (0..self.phones.len()).for_each(|phone| self.found(phone));
        // A phone that is not connected any more has ended its calls already.
        let inferred = self.heard.is_none();
        self.close_heard();
        for (n, phone) in self.phones.iter_mut().enumerate() {
            if !self.noted
                && let Some(lines) = self.lines.remove(&n)
            {
                [phone.ringing, phone.talking] = lines;
            }
            let Phone { connected, lost, paged, streaming, ringing, talking, voice, .. } = phone;
            for spans in [connected, lost, paged, streaming, ringing, talking, voice] {
                spans.sort_by_key(|span| span.from);
            }
            if inferred {
                phone.heard = inferred_heard(phone);
            }
        }
        inferred
    }
}

/// What is taken to have been heard of a phone.
fn inferred_heard(phone: &Phone) -> Vec<HeardSpan> {
    let talks = |span: &Span| {
        phone.talking.iter().any(|talking| talking.from < span.to && span.from < talking.to)
    };
    let rings = |span: &Span| {
        phone.ringing.iter().any(|ringing| ringing.from < span.to && span.from < ringing.to)
    };
    let media = phone.streaming.iter().map(|span| HeardSpan { span: *span, kind: Kind::Media });
    let voice = phone.voice.iter().map(|span| {
        let kind = match () {
            () if talks(span) => Kind::Call,
            () if rings(span) => Kind::Ring,
            () => Kind::Voice,
        };
        HeardSpan { span: *span, kind }
    });
    let mut heard: Vec<HeardSpan> = media.chain(voice).collect();
    heard.sort_by_key(|heard| heard.span.from);
    heard
}
