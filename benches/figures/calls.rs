//! Calls: how long voice takes through the ear, and whether lines of AT results ask for memory.

use std::time::Duration;

use audio::{Control, Engine, VoiceCoding, analysis};
use codec::msbc::{self, Decision, Receiver, Sender};
use codec::sbc::Decoder;
use pool::{Arena, Instant};
use stack::hfp::gateway::{self, Gateway};
use stack::hfp::hands_free::{self, HandsFree, Output};

use crate::counting;
use crate::table::Table;

/// The promise, each way.
const VOICE_MS: f64 = 20.0;

/// Frames a second that the ear hears, and samples a second that the microphone gives.
const SINK: u64 = 48_000;
const MICROPHONE: u64 = 16_000;
/// The pieces in which `tandem` hands on what there is, and in which `audio` asks sound servers for it.
const PIECE: u64 = MICROPHONE / 400;
/// A tone's peak, and the least that counts as heard.
const PEAK: f64 = 8_000.0;
const LEAST: u16 = 400;

/// How often the session of calls is gone through.
const SESSIONS: u64 = 1_000;

pub fn measure(table: &mut Table) {
    for coding in [VoiceCoding::Cvsd, VoiceCoding::Msbc] {
        let what = format!("voice, {coding:?}: from a packet to the sink's boundary: ms");
        table.exact(&what, VOICE_MS, most(|n| to_sink(coding, n)));
        let what = format!(
            "voice, {coding:?}: from the microphone, in pieces of 2.5 ms, to the packet: ms"
        );
        table.exact(&what, VOICE_MS, most(|n| to_phone(coding, PIECE, n)));
    }
    let what = format!("allocations while {} lines of AT results are taken", SESSIONS * LINES);
    table.counted(&what, 0, lines());
}

/// The longest of several, whenever in a packet's time the sound begins.
fn most(way: impl Fn(u64) -> Result<f64, String>) -> Result<f64, String> {
    let all: Result<Vec<f64>, String> = (0..16).map(way).collect();
    all.map(|all| all.into_iter().fold(0.0, f64::max))
}

/// The voice of a phone and of ours, in packets as they come over USB: 3 ms, or a frame of mSBC.
struct Line {
    coding: VoiceCoding,
    sender: Sender,
}

impl Line {
    fn new(coding: VoiceCoding) -> Line {
        Line { coding, sender: Sender::new() }
    }

    const fn samples(&self) -> u64 {
        match self.coding {
            VoiceCoding::Cvsd => 24,
            VoiceCoding::Msbc => msbc::SAMPLES as u64,
        }
    }

    /// How many octets a packet has.
    const fn octets(&self) -> usize {
        match self.coding {
            VoiceCoding::Cvsd => 48,
            VoiceCoding::Msbc => msbc::PACKET,
        }
    }

    /// When the n-th packet comes, and another goes.
    fn at(&self, packet: u64) -> Instant {
        let nanos = packet * self.samples() * 1_000_000_000 / u64::from(self.coding.rate());
        Instant::from_nanos(nanos)
    }

    fn packet(&mut self, mut pcm: &[i16]) -> Vec<u8> {
        match self.coding {
            VoiceCoding::Cvsd => pcm.iter().flat_map(|sample| sample.to_le_bytes()).collect(),
            VoiceCoding::Msbc => self.sender.next(&mut pcm).expect("a unit").to_vec(),
        }
    }
}

/// An engine with an open voice link.
fn engine(coding: VoiceCoding) -> Engine {
    let mut engine = Engine::new(audio::Config { rate: SINK as u32, ..audio::Config::default() });
    let microphone_rate = MICROPHONE as u32;
    for control in [
        Control::OpenVoice { link: 0, coding, microphone_rate },
        Control::VoiceGain { link: 0, gain: 1.0, fade_ms: 2 },
    ] {
        engine.control(Instant::ZERO, control).expect("room");
    }
    engine
}

/// So many samples of silence, and then a tone, from this sample on.
fn tone_after(silent: u64, rate: u32, from: u64, count: u64) -> Vec<i16> {
    let tone = |at: u64| match at.checked_sub(silent) {
        // A quarter of a turn on: it begins at once.
        Some(at) => PEAK * (std::f64::consts::TAU * 440.0 * at as f64 / f64::from(rate)).cos(),
        None => 0.0,
    };
    (from..from + count).map(|at| tone(at) as i16).collect()
}

fn begins(samples: &[i16]) -> Result<usize, String> {
    let heard = samples.iter().position(|sample| sample.unsigned_abs() > LEAST);
    heard.ok_or_else(|| "nothing is heard".to_owned())
}

/// From when the packet with the first of a sound has come, whose first sample it is, to the sink.
fn to_sink(coding: VoiceCoding, n: u64) -> Result<f64, String> {
    let (mut engine, mut line, arena) = (engine(coding), Line::new(coding), Arena::new(4, 512));
    // In a packet of its own.
    let first = 300 + n;
    let silent = first * line.samples();
    let mut heard = Vec::new();
    for packet in 0..first + 100 {
        let came = line.at(packet + 1);
        let pcm = tone_after(silent, coding.rate(), packet * line.samples(), line.samples());
        let mut frame = arena.take().expect("a block");
        frame.append(&line.packet(&pcm)).expect("room");
        engine.voice(came, 0, &frame, false);
        // A sink that asks by itself, every millisecond.
        let until = line.at(packet + 2).as_nanos() / 1_000_000;
        for ms in came.as_nanos() / 1_000_000 + 1..=until {
            let due = ms * SINK / 1_000 - engine.rendered();
            let mut out = vec![0; 2 * due as usize];
            engine.render(Instant::from_millis(ms), &mut out);
            heard.extend(analysis::channel(&out, 0));
        }
    }
    let heard = begins(&heard)? as f64 * 1e3 / SINK as f64;
    Ok(heard - line.at(first + 1).as_secs_f64() * 1e3)
}

/// From when a sound reaches the microphone, which gives it in pieces of so many samples, to when the packet
/// with it goes.
fn to_phone(coding: VoiceCoding, piece: u64, n: u64) -> Result<f64, String> {
    let (mut engine, line) = (engine(coding), Line::new(coding));
    let silent = MICROPHONE + 11 * n;
    let (mut given, mut sent) = (0, Vec::new());
    for packet in 1..600 {
        let at = line.at(packet);
        while (given + piece) * 1_000_000_000 <= at.as_nanos() * MICROPHONE {
            let came = Instant::from_nanos((given + piece) * 1_000_000_000 / MICROPHONE);
            engine.microphone(came, &tone_after(silent, MICROPHONE as u32, given, piece));
            given += piece;
        }
        let mut octets = vec![0; line.octets()];
        engine.voice_reply(at, 0, &mut octets);
        sent.extend(octets);
    }
    let first = begins(&decoded(coding, &sent))? as u64 / line.samples();
    Ok((line.at(first + 1).as_secs_f64() - silent as f64 / MICROPHONE as f64) * 1e3)
}

/// What the phone makes of it.
fn decoded(coding: VoiceCoding, mut octets: &[u8]) -> Vec<i16> {
    if coding == VoiceCoding::Cvsd {
        return octets.as_chunks().0.iter().map(|pair| i16::from_le_bytes(*pair)).collect();
    }
    let (mut receiver, mut decoder, mut all) = (Receiver::new(), Decoder::msbc(), Vec::new());
    while let Some(Decision::Frame(frame)) = receiver.next(&mut octets, false) {
        let mut pcm = [0; msbc::SAMPLES];
        decoder.decode(frame, &mut pcm).expect("a good frame");
        all.extend(pcm);
    }
    all
}

/// What a phone says in a session: calls that ring, are spoken in, wait and are held; and what makes no
/// sense.
const SESSION: [&[u8]; 24] = [
    b"\r\n+CIEV: 3,1\r\n",
    b"\r\nRING\r\n",
    b"\r\n+CLIP: \"+15550100\",145,,,\"Zoe\"\r\n",
    b"\r\n+CIEV: 2,1\r\n",
    b"\r\n+CIEV: 3,0\r\n",
    b"\r\n+CCWA: \"5550101\",129,,,\"Yan\"\r\n",
    b"\r\n+CIEV: 3,1\r\n",
    b"\r\n+CIEV: 4,1\r\n",
    b"\r\n+CIEV: 3,0\r\n",
    b"\r\n+VGS=9\r\n",
    b"\r\n+VGM: 7\r\n",
    b"\r\n+BSIR: 0\r\n",
    b"\r\n+BCS: 2\r\n",
    b"\r\n+BVRA: 1\r\n",
    b"\r\n+BVRA: 0\r\n",
    b"\r\n+COPS: 0,0,\"The operator\"\r\n",
    b"\r\n+CIEV: 99,7\r\n",
    b"\r\n+NOBODY: 1,(2,3),\"knows\"\r\n",
    b"\r\n*ECAV: 4\r\n",
    b"\r\n\xFF\xFE\"\r\n",
    b"\r\n+CLIP: \"\r\n",
    b"\r\n+CME ERROR: 30\r\n",
    b"\r\n+CIEV: 4,0\r\n",
    b"\r\n+CIEV: 2,0\r\n",
];
/// Those and one of 4 kilobytes; the answers to AT+CLCC come beside them.
const LINES: u64 = SESSION.len() as u64 + 1;
const CALLS: &[u8] = b"\r\n+CLCC: 1,1,0,0,0,\"+15550100\",145,\"Zoe\"\r\n\
    \r\n+CLCC: 2,1,5,0,0,\"5550101\",129,\"Yan\"\r\n\r\nOK\r\n";

/// How often the allocator is called while a phone says all that, again and again.
fn lines() -> Result<u64, String> {
    let mut unit = connected();
    let long = [&b"\r\n+CLIP: \""[..], &[b'5'; 4096], b"\"\r\n"].concat();
    let mut now = Instant::ZERO;
    let before = counting::calls();
    for session in 0..SESSIONS {
        // Whole, or in pieces.
        let size = if session % 2 == 0 { usize::MAX } else { 5 };
        for line in SESSION.into_iter().chain([&long[..]]) {
            now += Duration::from_millis(200);
            if unit.wake_at().is_some_and(|at| at <= now) {
                unit.wake(now);
            }
            line.chunks(size.min(line.len())).for_each(|piece| unit.receive(now, piece));
            while let Some(output) = unit.poll() {
                match output {
                    Output::Send(text) if text.starts_with(b"AT+CLCC") => unit.receive(now, CALLS),
                    Output::Send(_) => unit.receive(now, b"\r\nOK\r\n"),
                    _ => {}
                }
            }
        }
    }
    let calls = counting::calls() - before;
    let counters = unit.counters();
    let whole = unit.is_up() && counters.overrun == 0 && counters.unknown > 0;
    if whole && u64::from(counters.overlong) == SESSIONS {
        Ok(calls)
    } else {
        Err(format!("the session went otherwise: {counters:?}"))
    }
}

/// A unit with a service level connection.
fn connected() -> HandsFree {
    let mut unit = HandsFree::new(hands_free::Settings::default());
    let mut phone = Gateway::new(gateway::Settings::default());
    phone.opened();
    unit.opened(Instant::ZERO);
    loop {
        let mut idle = true;
        while let Some(output) = unit.poll() {
            if let Output::Send(text) = output {
                idle = false;
                phone.receive(Instant::ZERO, &text);
            }
        }
        while let Some(output) = phone.poll() {
            if let gateway::Output::Send(text) = output {
                idle = false;
                unit.receive(Instant::ZERO, &text);
            }
        }
        if idle {
            return unit;
        }
    }
}
