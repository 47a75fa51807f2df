//! Random episodes: three phones with random manners, their owners, the receiver's owner and the air do
//! whatever they like, against a whole host. An episode is its number: the seed of everything in it.
//!
//! Always: never two voice links, voice only over the open one; nobody is heard, or ordered anything, who
//! is not there; every command ends once; the host's roster is what its links are (its own assertions).
//! In the end, when all calls are over and everybody is quiet: no voice link, silence, no tone, and a
//! controller that has nothing to complain of.
//!
//! The ordinary test takes some hundred. A hundred thousand in release mode, assertions included, took
//! 94 s on two cores with other work beside it (116 s of processor time):
//! ```text
//! CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true EPISODES=100000 \
//!     cargo test --release -p tandem-sim --test episodes
//! ```
//! `FIRST=n EPISODES=1` repeats one that failed, by the number that was printed.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use host::{
    AnswerHow, Bond, Change, Command, Effect, Event, Host, Input, Limits, LinkId, MediaAction,
    OrderKind, Settings, StreamEffect, StreamState, Ticket, Tone, VoiceEffect, VoiceTo,
};
use multipoint::{Policy, Takeover};
use pool::{Arena, Instant};
use stack::hfp::gateway::{self, Orders};
use stack::{KeyType, LinkKey, Name, Volumes};
use tandem_sim::{
    Act, Audio, Complaint, ControllerOptions, Fault, Manners, PhoneOptions, RECEIVER, Random, World,
};
use wire::Address;
use wire::hfp::{AgFeatures, Codecs, Hold, Holds};

const PHONES: usize = 3;
/// How many things happen in an episode.
const STEPS: u32 = 24;
/// How long everything has to come to rest in the end, and once more.
const REST: [Duration; 2] = [Duration::from_secs(40), Duration::from_secs(10)];

fn address(n: usize) -> Address {
    Address([0x10 + n as u8, 0, 0, 0x5E, 0, 2])
}

fn bond(address: Address, local: Address, n: usize) -> Bond {
    Bond {
        address,
        local,
        key: LinkKey([n as u8 + 1; 16]),
        key_type: KeyType::UnauthenticatedP256,
        name: Name::new(),
        last_used: n as u64,
        volumes: Volumes::default(),
    }
}

/// One of several.
fn pick<T: Clone>(random: &mut Random, from: &[T]) -> T {
    from[random.below(from.len() as u32) as usize].clone()
}

/// Once in so many times.
fn rarely(random: &mut Random, times: u32) -> bool {
    random.below(times) == 0
}

fn manners(random: &mut Random) -> Manners {
    let usual = Manners::default();
    let millis = |random: &mut Random, end| Duration::from_millis(random.below(end).into());
    Manners {
        opens_music_after: millis(random, 2500),
        opens_calls_after: millis(random, 2500),
        opens_twice: rarely(random, 8).then(|| millis(random, 1000)),
        plays_on_connecting: rarely(random, 8).then_some(440),
        comes_back_after: rarely(random, 4).then(|| millis(random, 2000)),
        ignores_pause: rarely(random, 8),
        refuses_keys: rarely(random, 8),
        toggles_on_pause: rarely(random, 8),
        resumes_after: rarely(random, 8).then(|| millis(random, 3000)),
        suspends_after: if rarely(random, 3) { millis(random, 5000) } else { Duration::ZERO },
        opens_voice_after: millis(random, 300),
        asks_again_after: rarely(random, 4).then(|| Duration::from_millis(1000)),
        answered_after: rarely(random, 2).then(|| millis(random, 2000)),
        softphone: rarely(random, 8),
        dummy_call: rarely(random, 8),
        ..usual
    }
}

fn phone(random: &mut Random, n: usize) -> PhoneOptions {
    let mut orders = [Orders::Obeyed; 12];
    orders[..2].copy_from_slice(&[Orders::Refused, Orders::Unanswered]);
    let settings = gateway::Settings {
        features: if rarely(random, 3) {
            AgFeatures::from_bits_truncate(random.next_u32())
        } else {
            AgFeatures::all()
        },
        codecs: if rarely(random, 3) { Codecs::CVSD } else { Codecs::CVSD | Codecs::MSBC },
        holds: if rarely(random, 3) {
            Holds::from_bits_truncate(random.next_u32() as _)
        } else {
            Holds::all()
        },
        holds_nothing: rarely(random, 8),
        orders: pick(random, &orders),
        headset: rarely(random, 12),
        ..gateway::Settings::default()
    };
    PhoneOptions {
        bonds: vec![bond(RECEIVER, address(n), n)],
        remote_control: !rarely(random, 5),
        calls: (!rarely(random, 8)).then_some(settings),
        sound: false,
        manners: manners(random),
        ..PhoneOptions::default()
    }
}

const TAKEOVERS: [Takeover; 4] =
    [Takeover::Last, Takeover::First, Takeover::FirstMute, Takeover::Mix];

/// What is set in the midst of everything.
fn change(random: &mut Random, phone: Address) -> Change {
    let on = rarely(random, 2);
    let changes = [
        Change::Seats(1 + random.below(3) as u8),
        Change::Takeover(pick(random, &TAKEOVERS)),
        Change::Blips(on),
        Change::AnswerEnds(on),
        Change::Resume(on),
        Change::ResumeCall(on),
        Change::Reconnect(on),
        Change::AutoAnswer { phone, on },
        Change::MayTakeOver { phone, on },
        Change::Priority { phone, priority: random.below(3) as u8 },
    ];
    pick(random, &changes)
}

fn settings(random: &mut Random) -> Settings {
    let policy = Policy {
        seats: 1 + random.below(3) as u8,
        takeover: pick(random, &TAKEOVERS),
        resume: !rarely(random, 5),
        resume_call: !rarely(random, 5),
        ..Policy::default()
    };
    Settings { policy, ..Settings::default() }
}

/// A host and its world, and what is held against them.
struct Episode {
    world: World,
    host: Host,
    random: Random,
    arena: Arena,
    inputs: Vec<Input>,
    voice: Option<LinkId>,
    tone: Tone,
    connected: BTreeSet<Address>,
    heard: BTreeSet<Address>,
    /// Commands that have not ended.
    tickets: BTreeMap<u64, Command>,
    given: u64,
}

impl Episode {
    fn new(number: u64) -> Episode {
        let mut random = Random::new(number);
        // A slow controller lets much happen while a link is being closed.
        let slow = if rarely(&mut random, 3) { 200 } else { 1 };
        let command_latency = random.shorter_than(Duration::from_millis(slow));
        let options = ControllerOptions { command_latency, ..ControllerOptions::default() };
        let mut world = World::with_controller(number, options);
        let mut bonds = Vec::new();
        for n in 0..PHONES {
            world.add("Phone", address(n), phone(&mut random, n));
            bonds.push(bond(address(n), RECEIVER, n));
        }
        Episode {
            host: Host::new(Limits::default(), settings(&mut random), bonds),
            world,
            random,
            arena: Arena::new(16, 2048),
            inputs: vec![Input::TransportReady],
            voice: None,
            tone: Tone::None,
            connected: BTreeSet::new(),
            heard: BTreeSet::new(),
            tickets: BTreeMap::new(),
            given: 0,
        }
    }

    fn run(mut self) {
        self.pass(Duration::from_millis(100));
        // Most are there when it begins.
        for n in 0..PHONES {
            if !rarely(&mut self.random, 4) {
                self.world.act(n, Act::Connect);
            }
        }
        let time = self.random.shorter_than(Duration::from_secs(6));
        self.pass(time);
        for _ in 0..STEPS {
            self.step();
            // Often at once, now and then after a while.
            let end = pick(&mut self.random, &[1, 20, 100, 500, 1500, 4000]);
            let time = self.random.shorter_than(Duration::from_millis(end));
            self.pass(time);
        }
        self.come_to_rest();
    }

    fn step(&mut self) {
        let n = self.random.below(PHONES as u32) as usize;
        match self.random.below(20) {
            0..13 => {
                let act = self.act();
                self.world.act(n, act);
            }
            13..19 => {
                let command = self.command(n);
                self.give(command);
            }
            _ => self.fault(n),
        }
    }

    fn act(&mut self) -> Act {
        let random = &mut self.random;
        let holds = [Hold::ReleaseHeld, Hold::ReleaseActive, Hold::Swap, Hold::Join];
        let hold = pick(random, &holds);
        let audio = pick(random, &[Audio::Phone, Audio::Receiver]);
        let on = rarely(random, 2);
        let acts = [
            Act::Connect,
            Act::Play(440),
            Act::Play(440),
            Act::Pause,
            Act::Chime(900, 700),
            Act::Ring("0123", "Zoe"),
            Act::Ring("0456", "Yan"),
            Act::TheyHangUp,
            Act::Answer(audio),
            Act::HangUp,
            Act::Dial("0789"),
            Act::TheyAnswer,
            Act::Hold(hold),
            Act::Move(audio),
            Act::Microphone(on),
            Act::Assistant(on),
        ];
        pick(random, &acts)
    }

    fn command(&mut self, n: usize) -> Command {
        let random = &mut self.random;
        let phone = rarely(random, 2).then(|| address(n));
        let how = pick(random, &[AnswerHow::Default, AnswerHow::Hold, AnswerHow::End]);
        let to = pick(random, &[VoiceTo::Receiver, VoiceTo::Phone]);
        let number = host::Number::try_from("0789").unwrap_or_default();
        let commands = [
            Command::Answer { how, phone, index: None },
            Command::Answer { how, phone, index: None },
            Command::Answer { how: AnswerHow::Default, phone: None, index: None },
            Command::Reject { phone, index: None },
            Command::HangUp { phone, index: None },
            Command::Hold { phone },
            Command::Swap,
            Command::Merge { phone },
            Command::Voice { to, phone },
            Command::Dial { number, phone },
            Command::Assistant { on: rarely(random, 2), phone },
            Command::Media { action: MediaAction::PlayPause, phone },
            Command::Connect { phone: address(n) },
            Command::Set(change(random, address(n))),
            Command::Set(change(random, address(n))),
        ];
        pick(random, &commands)
    }

    fn fault(&mut self, n: usize) {
        let there = self.world.phone(n).controller();
        match self.random.below(8) {
            0 => self.world.air().set_fault(there, Fault::Silent),
            1 => self.world.air().repair(there),
            2 | 3 => self.world.act(n, Act::Leave),
            4 => self.world.act(n, Act::Return),
            5 => self.give(Command::Disconnect { phone: address(n) }),
            6 => {
                self.inputs.push(Input::TransportLost);
                self.work();
                // It begins with a reset.
                self.inputs.push(Input::TransportReady);
            }
            _ => self.world.act(n, Act::Disconnect),
        }
    }

    fn give(&mut self, command: Command) {
        self.given += 1;
        self.tickets.insert(self.given, command.clone());
        self.inputs.push(Input::Command(Ticket(self.given), command));
        self.work();
    }

    /// Everybody hangs up and falls silent; again, as what was ordered just before came after it.
    fn come_to_rest(&mut self) {
        for rest in REST {
            for n in 0..PHONES {
                for act in [Act::Microphone(false), Act::Assistant(false), Act::Pause] {
                    self.world.act(n, act);
                }
                while !self.world.phone(n).calls().is_empty() {
                    self.world.act(n, Act::TheyHangUp);
                }
            }
            self.pass(rest);
        }
        assert_eq!(self.voice, None, "a voice link without a call");
        assert_eq!(self.tone, Tone::None);
        assert!(self.tickets.is_empty(), "{:?} did not end", self.tickets);
        let here = self.world.receiver();
        // A slow controller has ended a link before its host hears of it.
        let late = |complaint: &&Complaint| !matches!(complaint, Complaint::UnknownHandle(_));
        let complaints: Vec<_> = self.world.air().complaints(here).iter().filter(late).collect();
        assert!(complaints.is_empty(), "{complaints:?}");
    }

    fn pass(&mut self, time: Duration) {
        let end = self.world.air().now() + time;
        loop {
            self.work();
            let now = self.world.air().now();
            if now >= end {
                return;
            }
            let next = [self.world.next_at(), self.host.wake_at()].into_iter().flatten().min();
            let soon = now + Duration::from_millis(1);
            let next = next.map_or(end, |next| if next > now { next } else { soon });
            self.world.advance(next.min(end));
        }
    }

    fn work(&mut self) {
        loop {
            let now = self.world.air().now();
            while let Some((channel, bytes)) = self.world.poll() {
                let mut packet = self.arena.take().expect("every block comes home");
                packet.append(&bytes).expect("a packet fits a block");
                self.feed(now, Input::Received(channel, packet));
            }
            if self.host.wake_at().is_some_and(|at| at <= now) {
                self.feed(now, Input::Wake);
            }
            if self.inputs.is_empty() {
                return;
            }
            for input in core::mem::take(&mut self.inputs) {
                self.feed(now, input);
            }
        }
    }

    fn feed(&mut self, now: Instant, input: Input) {
        let effects: Vec<Effect> = self.host.feed(now, input).collect();
        for effect in effects {
            match effect {
                Effect::Send(channel, packet) => self.world.receive(channel, &packet),
                Effect::Stream(stream, StreamEffect::Open(_)) => {
                    self.inputs.push(Input::Sounding(stream, true));
                }
                Effect::Voice(voice) => assert_eq!(Some(voice.link), self.voice),
                Effect::VoiceLink(link, effect) => self.voice_link(link, effect),
                Effect::Tone(tone) => self.tone = tone,
                Effect::Notify(event) => self.told(event),
                _ => {}
            }
        }
        assert!(self.heard.is_subset(&self.connected), "{:?} {:?}", self.heard, self.connected);
    }

    fn voice_link(&mut self, link: LinkId, effect: VoiceEffect) {
        match effect {
            VoiceEffect::Open { .. } => {
                assert_eq!(self.voice.replace(link), None, "two voice links")
            }
            VoiceEffect::Close => assert_eq!(self.voice.take(), Some(link)),
            VoiceEffect::Gain(gain) => assert!((0.0..=1.0).contains(&gain)),
            VoiceEffect::Mute(_) => {}
        }
    }

    fn told(&mut self, event: Event) {
        match event {
            Event::Phone { phone, connected: true, .. } => drop(self.connected.insert(phone)),
            Event::Phone { phone, connected: false, .. } => drop(self.connected.remove(&phone)),
            Event::Audible { sources } => {
                self.heard = sources.iter().map(|source| source.phone).collect();
            }
            Event::Order { order: OrderKind::Page | OrderKind::Disconnect, .. } => {}
            Event::Order { phone, order } => {
                assert!(self.connected.contains(&phone), "{order:?} to {phone}, who is not there");
            }
            Event::Stream { phone, state, .. } => {
                let there = state == StreamState::Closed || self.connected.contains(&phone);
                assert!(there, "a stream of {phone}, who is not there");
            }
            Event::Done { ticket, .. } => {
                assert!(self.tickets.remove(&ticket.0).is_some(), "{ticket:?} ended twice");
            }
            _ => {}
        }
    }
}

/// Prints the episode that a panic is in.
struct Number(u64);

impl Drop for Number {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("episode {0}: FIRST={0} EPISODES=1 repeats it", self.0);
        }
    }
}

fn variable(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(usual)
}

#[test]
fn whatever_happens_the_promises_hold() {
    let (first, episodes) = (variable("FIRST", 1), variable("EPISODES", 600));
    let next = AtomicU64::new(first);
    // An allocator that has seen so large a block go keeps what is freed: each episode uses the memory of
    // the one before, instead of fresh pages.
    drop(core::hint::black_box(vec![1u8; 16 << 20]));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let named = Number(next.fetch_add(1, Ordering::Relaxed));
                    if named.0 >= first + episodes {
                        return;
                    }
                    Episode::new(named.0).run();
                }
            });
        }
    });
}

#[test]
fn an_episode_is_its_number() {
    let ends = |number| {
        let mut episode = Episode::new(number);
        for _ in 0..STEPS {
            episode.step();
            episode.pass(Duration::from_millis(100));
        }
        let given = episode.given;
        (
            episode.world.air().now(),
            episode.connected,
            episode.heard,
            given,
            episode.random.next_u32(),
        )
    };
    assert_eq!(ends(5), ends(5));
}
