//! Whole conversations: a host between a controller, peers and an owner who do anything at all.
//!
//! The input is a list of operations. A sound controller and sound L2CAP peers answer what the host
//! sends, so that operations come deep into it; an operation may switch either off. Held to: nothing
//! panics, every effect drains, time that is waited for passes, no ticket ends twice, every block
//! that was handed in comes back, and what the host sends is legal.

#![no_main]

mod peers;

use std::collections::BTreeSet;

use host::{Change, Command, Effect, Event, Host, Input, Limits, Settings, StreamId, Ticket};
use libfuzzer_sys::fuzz_target;
use peers::{Controller, OWN, phone};
use pool::{Arena, Frame, Instant};
use stack::{Bond, KeyType, LinkKey};
use wire::h4::Channel;

/// Blocks to hand packets in with, as many as a controller keeps in flight.
const BLOCKS: usize = 32;
const BLOCK: usize = 1200;
/// Operations in one conversation.
const LONGEST: usize = 400;

/// What is left of the input.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn one(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    /// Up to 255 bytes, their number first.
    fn some(&mut self) -> &'a [u8] {
        let length = usize::from(self.one()).min(self.0.len());
        let (some, rest) = self.0.split_at(length);
        self.0 = rest;
        some
    }
}

struct Conversation {
    host: Host,
    arena: Arena,
    controller: Controller,
    now: u64,
    asked: u64,
    done: BTreeSet<u64>,
    stream: StreamId,
}

impl Conversation {
    fn new(kind: u8) -> Conversation {
        let bond = |n: u8| Bond {
            address: phone(n),
            local: OWN,
            key: LinkKey([n; 16]),
            key_type: KeyType::UnauthenticatedP256,
            name: Default::default(),
            last_used: n.into(),
            volumes: Default::default(),
        };
        let limits = Limits { blocks: 16, block_size: 1200, ..Limits::default() };
        let settings = Settings { reconnect: kind & 1 == 0, ..Settings::default() };
        let bonds = (0..kind >> 1 & 3).map(bond).collect();
        let mut conversation = Conversation {
            host: Host::new(limits, settings, bonds),
            arena: Arena::new(BLOCKS, BLOCK),
            controller: Controller::default(),
            now: 1_000_000_000,
            asked: 0,
            done: BTreeSet::new(),
            stream: StreamId(0),
        };
        conversation.feed(Input::TransportReady);
        conversation
    }

    fn frame(&self, packet: &[u8]) -> Option<Frame> {
        let mut frame = self.arena.take()?;
        frame.append(packet).ok()?;
        Some(frame)
    }

    /// Hands an input in, then everything that a sound world says to what came out.
    fn feed(&mut self, input: Input) {
        self.hand_in(input);
        for _ in 0..200 {
            let Some((channel, packet)) = self.controller.says() else { break };
            self.receive(channel, &packet);
        }
        self.controller.fall_silent();
    }

    fn receive(&mut self, channel: Channel, packet: &[u8]) {
        if let Some(frame) = self.frame(packet) {
            self.hand_in(Input::Received(channel, frame));
        }
    }

    fn hand_in(&mut self, input: Input) {
        let mut effects = 0;
        for effect in self.host.feed(Instant::from_nanos(self.now), input) {
            effects += 1;
            assert!(effects < 10_000, "effects without end");
            match effect {
                Effect::Send(channel, packet) => self.controller.hears(channel, &packet),
                Effect::Stream(stream, _) => self.stream = stream,
                Effect::Notify(Event::Done { ticket, .. }) => {
                    assert!(ticket.0 < self.asked, "a ticket that nobody was given");
                    assert!(self.done.insert(ticket.0), "a ticket that ends twice");
                }
                _ => {}
            }
        }
    }

    /// Lets time pass; whatever falls due is woken for, and that comes to an end.
    fn wait(&mut self, millis: u64) {
        let until = self.now + millis * 1_000_000;
        for _ in 0..2_000 {
            match self.host.wake_at().map(Instant::as_nanos) {
                Some(at) if at <= until => {
                    self.now = self.now.max(at);
                    self.feed(Input::Wake);
                }
                _ => {
                    self.now = until;
                    return;
                }
            }
        }
        panic!("woken without end: at {} for {:?}", self.now, self.host.wake_at());
    }

    fn command(&mut self, command: Command) {
        let ticket = Ticket(self.asked);
        self.asked += 1;
        self.feed(Input::Command(ticket, command));
    }

    fn order(&mut self, bytes: &mut Bytes<'_>) {
        let (what, who) = (bytes.one(), bytes.one());
        let phone = phone(who & 3);
        self.command(match what % 10 {
            0 => Command::Pair { seconds: u32::from(who) },
            1 => Command::StopPairing,
            2 => Command::Confirm { phone, accept: who & 4 == 0, passkey: Some(u32::from(who)) },
            3 => Command::Connect { phone },
            4 => Command::Disconnect { phone },
            5 => Command::Forget { phone },
            6 => Command::Set(Change::Seats(who % 8)),
            7 => Command::Set(Change::MayTakeOver { phone, on: who & 4 == 0 }),
            8 => Command::Set(Change::Confirm(match who & 4 {
                0 => stack::Confirmation::Auto,
                _ => stack::Confirmation::Ask,
            })),
            _ => Command::Shutdown,
        });
    }

    fn step(&mut self, bytes: &mut Bytes<'_>) {
        match bytes.one() % 16 {
            // Noise, with a sound header or without.
            0 => {
                let code = bytes.one();
                let parameters = bytes.some();
                let mut packet = vec![code, parameters.len() as u8];
                packet.extend(parameters);
                self.receive(Channel::Event, &packet);
            }
            1 => {
                let channel = Channel::from_indicator(1 + bytes.one() % 4).expect("1 to 4");
                self.receive(channel, bytes.some());
            }
            // What controllers say of peers, out of turn.
            2 | 3 => {
                let (which, who, status) = (bytes.one(), bytes.one(), bytes.one());
                let packet = peers::event(which, who & 3, status);
                self.receive(Channel::Event, &packet);
            }
            4 => self.order(bytes),
            5 => self.wait(u64::from(bytes.one()) * 100),
            6 => self.wait(u64::from(bytes.one())),
            7 => {
                let flags = bytes.one();
                self.controller.answers = flags & 1 == 0;
                self.controller.peers_answer = flags & 2 == 0;
            }
            8 => {
                self.controller.forget();
                let back = bytes.one();
                self.feed(Input::TransportLost);
                if back != 0 {
                    self.feed(Input::TransportReady);
                }
            }
            9 => self.feed(Input::Sounding(self.stream, bytes.one() & 1 == 0)),
            // A phone comes, and asks for a channel.
            10 => self.receive(Channel::Event, &peers::event(0, bytes.one() & 3, 0)),
            11 => {
                let (who, psm) = (bytes.one(), bytes.one());
                let packet = self.controller.asks_for_channel(who & 3, psm);
                self.receive(Channel::Acl, &packet);
            }
            12 | 13 => {
                // Data on a channel that the host opened or accepted.
                let (who, which) = (bytes.one(), bytes.one());
                let packet = self.controller.data(who & 3, which, bytes.some());
                self.receive(Channel::Acl, &packet);
            }
            14 => {
                let (who, cid) = (bytes.one(), bytes.one());
                let packet = peers::frame(who & 3, u16::from(cid), bytes.some());
                self.receive(Channel::Acl, &packet);
            }
            _ => {
                let (who, flags) = (bytes.one(), bytes.one());
                let packet = peers::acl(who & 3, flags & 3, bytes.some());
                self.receive(Channel::Acl, &packet);
            }
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes(data);
    let mut conversation = Conversation::new(bytes.one());
    for _ in 0..LONGEST {
        if bytes.0.is_empty() {
            break;
        }
        conversation.step(&mut bytes);
    }
    // Every command ends, at the latest with the transport and its time.
    conversation.feed(Input::TransportLost);
    conversation.wait(60_000);
    let arena = conversation.arena.clone();
    drop(conversation);
    assert_eq!(arena.free(), BLOCKS, "a block was kept");
});
