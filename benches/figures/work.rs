//! What is counted: pieces of work that this program does so many times when it is asked to.

use std::hint::black_box;

use audio::{Control, Engine, VoiceCoding};
use codec::msbc::{self, Sender};
use codec::sbc::{Decoder, MAX_SAMPLES};
use h4::Framer;
use multipoint::{
    Abilities, Button, Calls, Fact, Few, Player, Policy, Preferences, Roster, SeatId, Setup, Timer,
    decide,
};
use pool::{Arena, Instant};
use wire::l2cap::Cid;

use crate::bus::Bus;
use crate::moves::{Rings, Takes};
use crate::music::{FRAMES, Music};
use crate::scripted::HANDLE;
use crate::streaming::{Streaming, write};

/// The argument after which a piece of work and a number of rounds stand.
const COUNT: &str = "--count";

/// A piece of work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Work {
    /// The bytes of one media packet are put into memory, and nothing more.
    Write,
    /// They are put into memory and the framer cuts the packet off.
    Frame,
    /// They are put into memory and become a media effect.
    Media,
    /// They are put into a transfer, which is reaped and submitted again, and nothing more.
    Bus,
    /// They are put into a transfer, reaped, and become a media effect.
    Usb,
    /// They are put into memory, decoded, and heard.
    Play,
    /// One SBC frame is decoded.
    Decode,
    /// One mSBC frame is decoded, and one encoded.
    Msbc,
    /// A packet with one is heard and answered: concealment, buffers, converters and the mix too.
    Voice,
    /// One multipoint decision is made.
    Decide,
    /// The same where both phones have calls.
    DecideCalls,
    /// A call rings under music, and ends.
    Rings,
    /// The music of one phone takes over from the other's.
    Takes,
}

const ALL: [Work; 13] = [
    Work::Write,
    Work::Frame,
    Work::Media,
    Work::Bus,
    Work::Usb,
    Work::Play,
    Work::Decode,
    Work::Msbc,
    Work::Voice,
    Work::Decide,
    Work::DecideCalls,
    Work::Rings,
    Work::Takes,
];

/// The piece of work and the number of rounds that the arguments ask for.
pub fn asked(arguments: &[String]) -> Option<(Work, u64)> {
    let [count, name, rounds] = arguments else { return None };
    let work = ALL.into_iter().find(|work| format!("{work:?}") == *name)?;
    Some((work, rounds.parse().ok().filter(|_| count == COUNT)?))
}

impl Work {
    /// The arguments that ask for it.
    pub fn arguments(self, rounds: u64) -> [String; 3] {
        [COUNT.to_owned(), format!("{self:?}"), rounds.to_string()]
    }

    /// Few and many rounds, whose difference is counted.
    pub fn rounds(self) -> (u64, u64) {
        match self {
            Work::Write | Work::Frame | Work::Media | Work::Bus | Work::Usb => (1_000, 21_000),
            // Past the first seconds, in which the servo settles.
            Work::Play => (1_000, 2_000),
            Work::Decode | Work::Msbc => (1_000, 2_000),
            Work::Voice => (1_000, 2_000),
            Work::Decide | Work::DecideCalls => (1_000, 21_000),
            // Counted inside of a function alone.
            Work::Rings | Work::Takes => (0, 1),
        }
    }

    /// Does it so many times.
    pub fn run(self, rounds: u64) {
        match self {
            Work::Write => written(rounds),
            Work::Frame => framed(rounds),
            Work::Media => {
                let mut streaming = Streaming::start();
                for _ in 0..rounds {
                    black_box(streaming.packet());
                }
            }
            Work::Bus => {
                let mut streaming = Streaming::start();
                let (bus, _transport) = Bus::plug();
                for _ in 0..rounds {
                    bus.bare(streaming.next());
                }
            }
            Work::Usb => {
                let mut streaming = Streaming::start();
                let (bus, mut transport) = Bus::plug();
                for _ in 0..rounds {
                    bus.data(streaming.next());
                    black_box(streaming.packet_from(&mut transport));
                }
            }
            Work::Play => {
                let mut streaming = Streaming::start();
                for _ in 0..rounds {
                    black_box(streaming.played());
                }
            }
            Work::Decode => decoded(rounds),
            Work::Msbc => coded(rounds),
            Work::Voice => spoken(rounds),
            Work::Decide => decided(&music_moves(), rounds),
            Work::DecideCalls => decided(&calls_move(), rounds),
            Work::Rings => {
                let mut rings = Rings::new();
                (0..rounds).for_each(|_| rings.next());
            }
            Work::Takes => {
                let mut takes = Takes::new();
                (0..rounds).for_each(|_| takes.next());
            }
        }
    }
}

fn music() -> Music {
    Music::new(HANDLE, Cid::FIRST_DYNAMIC)
}

fn written(rounds: u64) {
    let mut music = music();
    let mut block = Arena::new(1, 4096).take().expect("a block");
    for _ in 0..rounds {
        let packet = music.next();
        let room = block.spare_mut();
        room[..packet.len()].copy_from_slice(packet);
        black_box(room);
    }
}

fn framed(rounds: u64) {
    let mut music = music();
    let mut framer = Framer::new(Arena::new(256, 4096));
    for _ in 0..rounds {
        write(&mut framer, Instant::from_millis(1), music.next());
        drop(black_box(framer.packet()));
    }
}

fn decoded(rounds: u64) {
    let mut music = music();
    let frames: Vec<Vec<u8>> = (0..8)
        .flat_map(|_| {
            let packet = music.next();
            let frames = &packet[packet.len() - usize::from(FRAMES) * 119..];
            frames.chunks(119).map(<[u8]>::to_vec).collect::<Vec<_>>()
        })
        .collect();
    let mut decoder = Decoder::new();
    let mut pcm = [0; MAX_SAMPLES];
    for frame in frames.iter().cycle().take(rounds as usize) {
        decoder.decode(frame, &mut pcm).expect("a good frame");
        black_box(&pcm);
    }
}

/// What a phone says in so many frames of mSBC, octets that go into packets as they are.
fn speech(frames: usize) -> Vec<u8> {
    let mut sender = Sender::new();
    let tone = audio::analysis::sine(440.0, 8_000.0, msbc::RATE, 0, frames * msbc::SAMPLES);
    let tone = audio::analysis::channel(&tone, 0);
    let frames = tone.chunks(msbc::SAMPLES);
    frames.flat_map(|mut pcm| sender.next(&mut pcm).expect("a frame").to_vec()).collect()
}

fn coded(rounds: u64) {
    let stream = speech(64);
    let (mut decoder, mut sender) = (Decoder::msbc(), Sender::new());
    let mut pcm = [0; msbc::SAMPLES];
    for unit in stream.chunks(msbc::PACKET).cycle().take(rounds as usize) {
        // Neither the header nor the octet of padding is the coder's.
        decoder.decode(&unit[2..59], &mut pcm).expect("a good frame");
        black_box(sender.next(&mut &pcm[..]));
    }
}

fn spoken(rounds: u64) {
    let stream = speech(64);
    let arena = Arena::new(2, 256);
    let mut engine = Engine::new(audio::Config::default());
    let coding = VoiceCoding::Msbc;
    for control in [
        Control::OpenVoice { link: 0, coding, microphone_rate: msbc::RATE },
        Control::VoiceGain { link: 0, gain: 1.0, fade_ms: 8 },
    ] {
        engine.control(Instant::ZERO, control).expect("room");
    }
    for (n, unit) in (1..=rounds).zip(stream.chunks(msbc::PACKET).cycle()) {
        let now = Instant::from_nanos(n * 7_500_000);
        let mut packet = arena.take().expect("a block");
        packet.append(unit).expect("room");
        engine.voice(now, 0, &packet, false);
        engine.microphone(now, &[n as i16; msbc::SAMPLES]);
        let (mut reply, mut out) = ([0; msbc::PACKET], [0; 720]);
        engine.voice_reply(now, 0, &mut reply);
        engine.render(now, &mut out);
        black_box((reply, out));
    }
}

const ONE: SeatId = SeatId(0);
const OTHER: SeatId = SeatId(1);

/// Two phones that take the sound from each other.
fn music_moves() -> Vec<Fact> {
    let turn = |id: SeatId, before: SeatId| {
        [
            Fact::Started(id),
            Fact::Sounding(id, true),
            Fact::Elapsed(id, Timer::Blip),
            Fact::Stopped(before),
        ]
    };
    [turn(ONE, OTHER), turn(OTHER, ONE)].concat()
}

/// A call on the other phone under music; one that it is held for on the first, after which it comes back;
/// and music again.
fn calls_move() -> Vec<Fact> {
    let none = Calls::default();
    let rings = Calls { setup: Setup::Incoming, ..none };
    let active = Calls { active: Few::One, ..none };
    let held = Calls { held: true, ..none };
    let answer = Fact::Button(Button::Answer(None, None));
    vec![
        Fact::Started(ONE),
        Fact::Player(ONE, Player::Playing, true),
        Fact::Sounding(ONE, true),
        Fact::Calls(OTHER, rings),
        Fact::Player(ONE, Player::Paused, true),
        Fact::Stopped(ONE),
        Fact::VoiceAsked(OTHER),
        Fact::VoiceOpened(OTHER),
        answer,
        Fact::Calls(OTHER, active),
        Fact::Calls(ONE, rings),
        answer,
        Fact::Calls(OTHER, held),
        Fact::VoiceClosed(OTHER),
        Fact::Calls(ONE, active),
        Fact::VoiceAsked(ONE),
        Fact::VoiceOpened(ONE),
        Fact::VoiceClosed(ONE),
        Fact::Calls(ONE, none),
        Fact::Calls(OTHER, active),
        Fact::VoiceAsked(OTHER),
        Fact::VoiceOpened(OTHER),
        Fact::Button(Button::HangUp(None)),
        Fact::VoiceClosed(OTHER),
        Fact::Calls(OTHER, none),
        Fact::Elapsed(ONE, Timer::Resume),
    ]
}

/// Those facts, one after the other, again and again.
fn decided(facts: &[Fact], rounds: u64) {
    let able = Some(Abilities { reject: true, end: true, hold: true });
    let arrived = Fact::Arrived { put_out: false, preferences: Preferences::default() };
    let mut roster = Roster::default();
    let settle = [ONE, OTHER].map(|id| Fact::Elapsed(id, Timer::Settle));
    let lines = [ONE, OTHER].map(|id| Fact::HandsFree(id, able));
    for fact in [arrived, arrived, settle[0], settle[1], lines[0], lines[1]] {
        roster = decide(Policy::default(), roster, fact).0;
    }
    for fact in facts.iter().cycle().take(rounds as usize) {
        let (next, orders) = decide(Policy::default(), roster, black_box(*fact));
        black_box(orders);
        roster = next;
    }
}
