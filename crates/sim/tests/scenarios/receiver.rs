//! A whole receiver without its ear, in a world in virtual time: what its owner does, and what it tells.

use core::time::Duration;

use host::{
    Bond, CallState, Change, Command, Effect, Event, Host, Input, Limits, LinkId, OrderKind,
    Refusal, Settings, SourceKind, StreamEffect, StreamId, StreamState, Ticket, Tone, VoiceCodec,
    VoiceEffect,
};
use pool::{Arena, Instant};
use stack::a2dp::Configuration;
use tandem_sim::{Act, Complaint, Heard, PhoneOptions, Speaker, World};
use wire::Address;
use wire::h4::Channel;
use wire::hci::Opcode;
use wire::hfp::CallStatus;

use crate::{ANNA, BEN};

/// What the phones are called.
const NAMES: [&str; 4] = ["Anna", "Ben", "Cleo", "Dora"];
/// The tones in their calls.
pub const VOICES: [u32; 4] = [300, 500, 700, 900];

/// The address of the n-th phone.
pub const fn phone(n: usize) -> Address {
    Address([0x10 + n as u8, 0x00, 0x00, 0x5E, 0x00, 0x02])
}

/// The tone of the receiver's microphone.
pub const MICROPHONE: u32 = 1000;

/// One end of a voice link: the ear and the microphone.
pub struct Line {
    pub link: LinkId,
    pub codec: VoiceCodec,
    pub heard: Heard,
    speaker: Speaker,
    pub gain: f32,
    pub muted: bool,
}

/// A receiver and its world.
pub struct Receiver {
    pub world: World,
    pub host: Host,
    settings: Settings,
    arena: Arena,
    inputs: Vec<Input>,
    /// The streams of which the ear has said that they are sound.
    sounding: Vec<StreamId>,
    /// The ear says nothing by itself.
    pub deaf: bool,
    /// What the owner was told, and when.
    pub told: Vec<(Instant, Event)>,
    /// Bonds as they were to be kept, and how often one was.
    pub bonds: Vec<Bond>,
    pub stored: usize,
    /// How the last stream to be opened is coded.
    pub coded: Option<Configuration>,
    /// Each stream's loudness, as the ear was told.
    pub gains: Vec<(StreamId, f32)>,
    /// Media packets so far.
    pub media: u32,
    /// The voice link, while there is one: never two.
    pub line: Option<Line>,
    /// Our own tones, and since when.
    pub tones: Vec<(Instant, Tone)>,
    /// What the controller was told, and when: each command with its header.
    commands: Vec<(Instant, Vec<u8>)>,
    tickets: u64,
}

impl Receiver {
    /// A receiver that is up and in pairing mode, and so many phones that are not connected.
    pub fn new(settings: Settings, phones: usize) -> Receiver {
        Receiver::among(settings, phones, World::add_phone)
    }

    /// The same with phones that are switched on by `add`.
    pub fn among(
        settings: Settings,
        phones: usize,
        add: fn(&mut World, &str, Address) -> usize,
    ) -> Receiver {
        let mut world = World::new(7);
        for (n, name) in NAMES.into_iter().enumerate().take(phones) {
            add(&mut world, name, phone(n));
        }
        Receiver::in_world(settings, world)
    }

    /// The same with phones that are made like this.
    pub fn of(settings: Settings, phones: &[PhoneOptions]) -> Receiver {
        let mut world = World::new(7);
        for (n, options) in phones.iter().enumerate() {
            let voice = VOICES[n];
            world.add(NAMES[n], phone(n), PhoneOptions { voice, ..options.clone() });
        }
        Receiver::in_world(settings, world)
    }

    fn in_world(settings: Settings, world: World) -> Receiver {
        let mut receiver = Receiver {
            world,
            host: Host::new(Limits::default(), settings.clone(), Vec::new()),
            settings,
            arena: Arena::new(64, 2048),
            inputs: vec![Input::TransportReady],
            sounding: Vec::new(),
            deaf: false,
            told: Vec::new(),
            bonds: Vec::new(),
            stored: 0,
            coded: None,
            gains: Vec::new(),
            media: 0,
            line: None,
            tones: Vec::new(),
            commands: Vec::new(),
            tickets: 0,
        };
        receiver.run_until(0.5);
        let paired = receiver.command(Command::Pair { seconds: 180 });
        assert_eq!(receiver.result(paired), Some(Ok(())));
        receiver
    }

    /// The same with phones that are paired and connected, a second apart; the last one for 6 s.
    pub fn connected(settings: Settings, phones: usize, connected: usize) -> Receiver {
        Receiver::new(settings, phones).connect(connected)
    }

    /// The same with phones that have AVRCP.
    pub fn connected_with_remotes(settings: Settings, phones: usize, connected: usize) -> Receiver {
        Receiver::among(settings, phones, World::add_phone_with_remote).connect(connected)
    }

    /// Pairs and connects the first so many, one after the other.
    pub fn connect(mut self, connected: usize) -> Receiver {
        for n in 0..connected {
            self.act(n, Act::Connect);
            self.run_for(2.0);
        }
        self.run_for(6.0);
        for n in 0..connected {
            assert!(self.is_connected(n), "phone {n}: {:#?}", self.told);
        }
        self
    }

    /// Ends the program without a goodbye and starts it again, with the bonds that it had stored.
    pub fn restart(&mut self) {
        self.host = Host::new(Limits::default(), self.settings.clone(), self.bonds.clone());
        self.sounding.clear();
        self.gains.clear();
        self.line = None;
        self.input(Input::TransportReady);
    }

    /// What the controller was told since a moment: when, which command, and its parameters.
    pub fn commands_since(&self, since: Instant) -> Vec<(Instant, Opcode, Vec<u8>)> {
        let told = self.commands.iter().filter(|(at, _)| *at >= since);
        told.map(|(at, octets)| {
            let opcode = Opcode(u16::from_le_bytes([octets[0], octets[1]]));
            (*at, opcode, octets[3..].to_vec())
        })
        .collect()
    }

    /// What the host did that a host must not do.
    pub fn complaints(&mut self) -> Vec<Complaint> {
        let here = self.world.receiver();
        self.world.air().complaints(here).to_vec()
    }

    /// The same without what was sent in the moment in which a link went: its end is on the way to the
    /// host, or to the phone.
    pub fn faults(&mut self) -> Vec<Complaint> {
        let mut complaints = self.complaints();
        complaints.retain(|complaint| !matches!(complaint, Complaint::UnknownHandle(_)));
        complaints
    }

    pub fn now(&mut self) -> Instant {
        self.world.air().now()
    }

    pub fn act(&mut self, phone: usize, act: Act) {
        self.world.act(phone, act);
    }

    pub fn input(&mut self, input: Input) {
        self.inputs.push(input);
        self.work();
    }

    /// The controller says something that it has not from the air.
    pub fn hear(&mut self, event: &[u8]) {
        let mut packet = self.arena.take().expect("every block comes home");
        packet.append(event).expect("an event fits a block");
        self.input(Input::Received(Channel::Event, packet));
    }

    /// Gives a command; its end may come later.
    pub fn command(&mut self, command: Command) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.input(Input::Command(ticket, command));
        ticket
    }

    /// Gives a command, and says how it ended within so many seconds.
    pub fn press(&mut self, command: Command, seconds: f64) -> Result<(), Refusal> {
        let ticket = self.command(command.clone());
        self.run_for(seconds);
        self.result(ticket).unwrap_or_else(|| panic!("{command:?} does not end"))
    }

    /// Changes a setting while everything goes on.
    pub fn set(&mut self, change: Change) {
        let ticket = self.command(Command::Set(change.clone()));
        assert_eq!(self.result(ticket), Some(Ok(())), "{change:?}");
    }

    /// How a command ended, if it has: each does once.
    pub fn result(&self, wanted: Ticket) -> Option<Result<(), Refusal>> {
        let mut results = self.told.iter().filter_map(|(_, event)| match event {
            Event::Done { ticket, result } if *ticket == wanted => Some(*result),
            _ => None,
        });
        let first = results.next();
        assert_eq!(results.next(), None, "{wanted:?} ended twice");
        first
    }

    /// Lets the host do everything that can be done now.
    fn work(&mut self) {
        loop {
            let now = self.world.air().now();
            while let Some((channel, bytes)) = self.world.poll() {
                let mut packet = self.arena.take().expect("every block comes home");
                packet.append(&bytes).expect("a packet fits a block");
                self.inputs.push(Input::Received(channel, packet));
            }
            if self.host.wake_at().is_some_and(|at| at <= now) {
                self.inputs.push(Input::Wake);
            }
            if self.inputs.is_empty() {
                return;
            }
            for input in core::mem::take(&mut self.inputs) {
                for effect in self.host.feed(now, input) {
                    match effect {
                        Effect::Send(channel, packet) => {
                            if channel == Channel::Command {
                                self.commands.push((now, packet.to_vec()));
                            }
                            self.world.receive(channel, &packet);
                        }
                        Effect::Media(media) => {
                            self.media += 1;
                            if !self.deaf && !self.sounding.contains(&media.stream) {
                                self.sounding.push(media.stream);
                                self.inputs.push(Input::Sounding(media.stream, true));
                            }
                        }
                        Effect::Stream(stream, StreamEffect::Gain(gain)) => {
                            self.gains.retain(|(other, _)| *other != stream);
                            self.gains.push((stream, gain));
                        }
                        Effect::Stream(stream, StreamEffect::Open(configuration)) => {
                            self.coded = Some(configuration);
                            self.sounding.retain(|other| *other != stream);
                            self.gains.retain(|(other, _)| *other != stream);
                            self.gains.push((stream, 0.0));
                        }
                        Effect::Stream(stream, StreamEffect::Flush) => {
                            self.sounding.retain(|other| *other != stream);
                        }
                        Effect::Stream(stream, _) => {
                            self.sounding.retain(|other| *other != stream);
                            self.gains.retain(|(other, _)| *other != stream);
                        }
                        Effect::Voice(voice) => {
                            let line = self.line.as_mut().filter(|line| line.link == voice.link);
                            let line = line.expect("voice comes over the open line");
                            line.heard.take(voice.status, &voice.frame);
                            let mut packet = self.arena.take().expect("every block comes home");
                            if line.speaker.write(&mut packet) {
                                self.inputs.push(Input::Microphone(voice.link, packet));
                            }
                        }
                        Effect::VoiceLink(link, effect) => {
                            change_line(&mut self.line, now, link, effect)
                        }
                        Effect::Tone(tone) => self.tones.push((now, tone)),
                        Effect::Notify(event) => self.told.push((now, event)),
                        Effect::Store(bond) => {
                            self.stored += 1;
                            self.bonds.retain(|other| other.address != bond.address);
                            self.bonds.push(bond);
                        }
                        Effect::Erase(gone) => self.bonds.retain(|bond| bond.address != gone),
                        Effect::Failed(_) | Effect::Decided(..) => {}
                    }
                }
            }
        }
    }

    /// Lets time pass until so many seconds after the beginning.
    pub fn run_until(&mut self, seconds: f64) {
        let end = Instant::ZERO + Duration::from_secs_f64(seconds);
        loop {
            self.work();
            let now = self.world.air().now();
            if now >= end {
                return;
            }
            let next = [self.world.next_at(), self.host.wake_at()].into_iter().flatten().min();
            // What is due already is for a host that is not ours.
            let soon = now + Duration::from_millis(1);
            let next = next.map_or(end, |next| if next > now { next } else { soon });
            self.world.advance(next.min(end));
        }
    }

    /// Anna plays, then Ben; both are connected and settled. Gives when Ben's stream began to flow.
    pub fn one_after_the_other(mut self) -> (Receiver, Instant) {
        self.act(ANNA, Act::Play(440));
        self.run_for(3.0);
        assert_eq!(self.hears(), [ANNA]);
        let before = self.now();
        self.act(BEN, Act::Play(660));
        self.run_for(4.0);
        let playing = |event: &Event| {
            matches!(event, Event::Stream { phone: who, state: StreamState::Playing, .. }
                if *who == phone(BEN))
        };
        let started = self.when(before, playing).expect("Ben's stream flows");
        (self, started)
    }

    pub fn run_for(&mut self, seconds: f64) {
        let now = self.now().as_secs_f64();
        self.run_until(now + seconds);
    }

    /// Whether the owner was told last that a phone is connected.
    pub fn is_connected(&self, n: usize) -> bool {
        let last = self.told.iter().rev().find_map(|(_, event)| match event {
            Event::Phone { phone: who, connected, .. } if *who == phone(n) => Some(*connected),
            _ => None,
        });
        last.unwrap_or(false)
    }

    /// Who was heard, one after the other, and since when.
    pub fn heard(&self) -> Vec<(Instant, Vec<usize>)> {
        let audible = self.told.iter().filter_map(|(at, event)| match event {
            Event::Audible { sources } => {
                let who = sources.iter().map(|source| usize::from(source.phone.0[0]) - 0x10);
                Some((*at, who.collect()))
            }
            _ => None,
        });
        audible.collect()
    }

    /// Who is heard now.
    pub fn hears(&self) -> Vec<usize> {
        self.heard().pop().map_or(Vec::new(), |(_, who)| who)
    }

    /// Who is heard now, and as what.
    pub fn hears_as(&self) -> Vec<(usize, SourceKind)> {
        let last = self.told.iter().rev().find_map(|(_, event)| match event {
            Event::Audible { sources } => Some(sources.as_slice()),
            _ => None,
        });
        let sources = last.unwrap_or_default().iter();
        sources.map(|source| (usize::from(source.phone.0[0]) - 0x10, source.kind)).collect()
    }

    /// Whose voice is heard now: there is a voice link, it is loud, and the phone's tone is on it.
    pub fn speaks_with(&self) -> Option<usize> {
        let line = self.line.as_ref().filter(|line| line.gain > 0.0)?;
        let tone = line.heard.tone()?;
        VOICES.iter().position(|voice| *voice == tone)
    }

    /// Our own tone that sounds now.
    pub fn tone(&self) -> Tone {
        self.tones.last().map_or(Tone::None, |(_, tone)| *tone)
    }

    /// What a phone was ordered, and when.
    pub fn orders(&self, n: usize) -> Vec<(Instant, OrderKind)> {
        let orders = self.told.iter().filter_map(|(at, event)| match event {
            Event::Order { phone: who, order } if *who == phone(n) => Some((*at, *order)),
            _ => None,
        });
        orders.collect()
    }

    /// How often a phone was ordered something.
    pub fn ordered(&self, n: usize, wanted: OrderKind) -> usize {
        self.orders(n).iter().filter(|(_, order)| *order == wanted).count()
    }

    /// A phone's calls as they were told: the last state of each that is not over.
    pub fn calls(&self, n: usize) -> Vec<CallState> {
        let mut calls = Vec::new();
        for (_, event) in &self.told {
            match event {
                Event::Call { phone: who, index, state, .. } if *who == phone(n) => {
                    calls.retain(|(other, _)| other != index);
                    if *state != CallState::Ended {
                        calls.push((*index, *state));
                    }
                }
                Event::Phone { phone: who, connected: false, .. } if *who == phone(n) => {
                    calls.clear()
                }
                _ => {}
            }
        }
        calls.sort_by_key(|(index, _)| *index);
        calls.into_iter().map(|(_, state)| state).collect()
    }

    /// A phone's calls as they are.
    pub fn statuses(&self, n: usize) -> Vec<CallStatus> {
        self.world.phone(n).calls().iter().map(|call| call.status).collect()
    }

    /// When something was told for the first time since `since`.
    pub fn when(&self, since: Instant, is: impl Fn(&Event) -> bool) -> Option<Instant> {
        self.told.iter().find(|(at, event)| *at >= since && is(event)).map(|(at, _)| *at)
    }

    /// How often something was told.
    pub fn count(&self, is: impl Fn(&Event) -> bool) -> usize {
        self.told.iter().filter(|(_, event)| is(event)).count()
    }
}

/// A voice link changed. That there is never more than one is held here, whatever the test is about.
fn change_line(line: &mut Option<Line>, now: Instant, link: LinkId, effect: VoiceEffect) {
    let open = line.as_mut().filter(|line| line.link == link);
    match (effect, open) {
        (VoiceEffect::Open { codec, .. }, _) => {
            assert!(line.is_none(), "two voice links");
            let (heard, speaker) = (Heard::new(codec), Speaker::new(now, codec, MICROPHONE));
            *line = Some(Line { link, codec, heard, speaker, gain: 0.0, muted: false });
        }
        (VoiceEffect::Close, Some(_)) => *line = None,
        (VoiceEffect::Gain(gain), Some(line)) => line.gain = gain,
        (VoiceEffect::Mute(muted), Some(line)) => line.muted = muted,
        (_, None) => {}
    }
}
