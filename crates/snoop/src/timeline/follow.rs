//! Reads a capture from its first record to its last and keeps account of who is doing what.

use std::collections::HashMap;
use std::time::Duration;

use wire::Address;
use wire::h4::Channel;
use wire::hci::{AclHeader, Event, Handle, LinkType, Opcode, Status};

use super::link::{Change, Link};
use super::{HeardSpan, Phone, Span, Timeline};
use crate::format::Direction;
use crate::note::{self, Audible, Kind};
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
    /// Who is heard, and since when; `None` until a note says so for the first time.
    heard: Option<(Duration, Vec<Audible>)>,
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
        inferred,
        torn: records.torn(),
    }
}

impl Follower {
    fn record(&mut self, record: &Record<'_>) {
        match record.content {
            Content::Packet { channel: Channel::Event, packet, .. } => {
                if let Ok(event) = Event::parse(packet) {
                    self.event(record.controller, event);
                }
            }
            Content::Packet { channel: Channel::Acl, direction, packet } => {
                self.acl(record.controller, direction, packet);
            }
            Content::Note(_) => {
                let heard = record.content.text().and_then(|text| note::heard(&text));
                if let Some(audible) = heard {
                    self.close_heard();
                    self.heard = Some((self.now, audible));
                }
            }
            Content::ControllerLost => self.all_down(record.controller),
            _ => {}
        }
    }

    fn event(&mut self, controller: u16, event: Event<'_>) {
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
            Event::DisconnectionComplete { status, connection_handle, .. }
                if status == Status::SUCCESS =>
            {
                self.down((controller, connection_handle));
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
            streaming: Vec::new(),
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
        self.up.insert(key, Up { phone, since: self.now, streaming: None, kind });
    }

    fn down(&mut self, key: Key) {
        let Some(up) = self.up.remove(&key) else { return };
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
        let inferred = self.heard.is_none();
        self.close_heard();
        for phone in &mut self.phones {
            for spans in [&mut phone.connected, &mut phone.streaming, &mut phone.voice] {
                spans.sort_by_key(|span| span.from);
            }
            if inferred {
                let heard = |span: &Span| HeardSpan { span: *span, kind: Kind::Media };
                phone.heard = phone.streaming.iter().map(heard).collect();
            }
        }
        inferred
    }
}
