//! The way of voice from the radio thread and back to it, in virtual time: a phone that speaks at the
//! controller's pace, and what is sent to it.

use std::sync::Arc;
use std::time::Duration;

use audio::analysis::{amplitude, channel, sine};
use audio::{Config, Microphone};
use codec::msbc::{Decision, Receiver, SAMPLES, Sender};
use codec::sbc;
use host::{LinkId, VoiceCodec, VoiceEffect};
use stack::VoiceStatus;

use super::*;
use crate::canceller::Canceller;
use crate::config;
use crate::receiver::Handle;
use crate::shared::Shared;
use crate::status::Status;
use crate::tap::{Audio, AudioKind};

#[path = "../../../../benches/figures/counting.rs"]
mod counting;
mod embedder;

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

const SINK: u32 = 48_000;
const LINK: LinkId = LinkId(3);
/// What the phone says, and what we do.
const THEIRS: f64 = 440.0;
const OURS: f64 = 660.0;

/// Both threads, a millisecond at a time.
struct Bed {
    voices: Voices,
    talk: Talk,
    taps: Taps,
    engine: Engine,
    arena: Arena,
    now: Instant,
    heard: Vec<i16>,
    /// The payloads sent, and when.
    sent: Vec<(Instant, Vec<u8>)>,
}

/// A phone's side of mSBC or of the controller's linear samples.
enum Coder {
    Cvsd { octets: usize },
    Msbc(Box<Sender>),
}

impl Coder {
    fn new(codec: VoiceCodec) -> Coder {
        match codec {
            VoiceCodec::Cvsd => Coder::Cvsd { octets: 48 },
            VoiceCodec::Msbc => Coder::Msbc(Box::new(Sender::new())),
        }
    }

    const fn rate(&self) -> u32 {
        match self {
            Coder::Cvsd { .. } => 8_000,
            Coder::Msbc(_) => 16_000,
        }
    }

    /// Samples of a packet.
    const fn samples(&self) -> usize {
        match self {
            Coder::Cvsd { octets } => *octets / 2,
            Coder::Msbc(_) => SAMPLES,
        }
    }

    fn period(&self) -> Duration {
        Duration::from_nanos(self.samples() as u64 * 1_000_000_000 / u64::from(self.rate()))
    }

    fn packet(&mut self, pcm: &[i16]) -> Vec<u8> {
        match self {
            Coder::Cvsd { .. } => pcm.iter().flat_map(|sample| sample.to_le_bytes()).collect(),
            Coder::Msbc(sender) => sender.next(&mut &pcm[..]).expect("a unit").to_vec(),
        }
    }
}

/// What a phone makes of the payloads sent to it.
fn decoded(codec: VoiceCodec, sent: &[(Instant, Vec<u8>)]) -> Vec<i16> {
    let bytes: Vec<u8> = sent.iter().flat_map(|(_, payload)| payload).copied().collect();
    if codec == VoiceCodec::Cvsd {
        return bytes.chunks(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
    }
    let (mut receiver, mut decoder) = (Receiver::new(), sbc::Decoder::msbc());
    let (mut rest, mut all) = (&bytes[..], Vec::new());
    while let Some(decision) = receiver.next(&mut rest, false) {
        let mut pcm = [0; SAMPLES];
        if let Decision::Frame(frame) = decision {
            decoder.decode(frame, &mut pcm).expect("a good frame");
        }
        all.extend(pcm);
    }
    all
}

impl Bed {
    fn new(microphone: &str) -> Bed {
        let microphone_open = Microphone::open(microphone).expect("a microphone");
        Bed {
            voices: Voices::new(),
            talk: Talk::new(Mouthpiece::new(microphone.into(), microphone_open)),
            taps: Taps::default(),
            engine: Engine::new(Config { rate: SINK, ..Config::default() }),
            arena: Arena::new(64, 512),
            now: Instant::from_millis(1_000),
            heard: Vec::new(),
            sent: Vec::new(),
        }
    }

    fn open(&mut self, codec: VoiceCodec) {
        self.voices.link(LINK, VoiceEffect::Open { handle: 9, codec });
        self.voices.link(LINK, VoiceEffect::Gain(1.0));
        self.work();
    }

    fn say(&mut self, payload: &[u8], status: VoiceStatus) {
        let mut frame = self.arena.take().expect("a block");
        frame.append(payload).expect("room");
        frame.set_arrival(self.now);
        self.voices.hear(stack::Voice { link: LINK, status, frame });
    }

    /// What the audio thread does when it is woken, but for the sink.
    fn work(&mut self) {
        self.talk.work(self.now, &mut self.engine, &self.voices, &mut self.taps);
        while let Some(reply) = self.voices.reply() {
            assert!(reply.payload.headroom() >= 3, "its header goes before it");
            self.sent.push((self.now, reply.payload.to_vec()));
        }
    }

    /// Goes on until then, or the next time that the talk wants.
    fn go_on(&mut self, until: Instant) {
        while self.now < until {
            let wake = self.talk.wake_at().unwrap_or(until);
            self.now = wake.clamp(self.now, until);
            if self.now < until {
                self.work();
            }
        }
        // The sink's boundary is where its clock is: it may ask for this much later.
        let frames = self.now.as_nanos() * u64::from(SINK) / 1_000_000_000 - u64::from(SINK);
        let due = frames - self.engine.rendered();
        let mut out = vec![0; 2 * due as usize];
        self.engine.render(self.now, &mut out);
        self.heard.extend(channel(&out, 0));
    }
}

/// When a sound begins in samples, the first of which is at 0 ms.
fn onset_ms(samples: &[i16], rate: u32) -> f64 {
    let first = samples.iter().position(|sample| sample.unsigned_abs() > 400).expect("a sound");
    first as f64 * 1e3 / f64::from(rate)
}

/// How long a sound takes from the last octet of its packet, given to the radio thread, to the sink.
fn from_controller_to_sink(codec: VoiceCodec) -> f64 {
    let mut bed = Bed::new("null");
    let mut coder = Coder::new(codec);
    bed.open(codec);
    let start = bed.now;
    // Silence for a second, then a tone.
    for n in 1..=400u32 {
        bed.go_on(start + coder.period() * n);
        let from = u64::from(n - 1) * coder.samples() as u64;
        let tone = sine(THEIRS, 8_000.0, coder.rate(), 0, coder.samples());
        let silent = from < u64::from(coder.rate());
        let pcm = if silent { vec![0; coder.samples()] } else { channel(&tone, 0) };
        let payload = coder.packet(&pcm);
        bed.say(&payload, VoiceStatus::Correct);
        bed.work();
    }
    // The packet with the first of it came whole when it had been said.
    let first = (u64::from(coder.rate()) / coder.samples() as u64 + 1) as u32;
    let first =
        if u64::from(coder.rate()) % coder.samples() as u64 == 0 { first } else { first + 1 };
    let came = coder.period() * first;
    onset_ms(&bed.heard, SINK) - came.as_secs_f64() * 1e3
}

/// How long a sound takes from the microphone to the packet that is handed over to the controller.
fn from_microphone_to_controller(codec: VoiceCodec, silent: usize) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("said.wav");
    let mut pcm = vec![0i16; silent];
    pcm.extend(channel(&sine(OURS, 8_000.0, 16_000, 0, 32_000), 0));
    let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    bytes.extend(16_000u32.to_le_bytes());
    bytes.extend([0, 0, 0, 0, 0, 0, 16, 0]);
    bytes.extend(b"data");
    bytes.extend((2 * pcm.len() as u32).to_le_bytes());
    bytes.extend(pcm.iter().flat_map(|sample| sample.to_le_bytes()));
    std::fs::write(&path, bytes).expect("written");
    let mut bed = Bed::new(&format!("wav:{}", path.display()));
    let mut coder = Coder::new(codec);
    bed.open(codec);
    let start = bed.now;
    for n in 1..=400u32 {
        bed.go_on(start + coder.period() * n);
        let payload = coder.packet(&vec![0; coder.samples()]);
        bed.say(&payload, VoiceStatus::Correct);
        bed.work();
    }
    assert_eq!(bed.sent.len(), 400, "one for each that came");
    // A sample leaves with its packet, when that is handed over.
    let samples = decoded(codec, &bed.sent);
    let at = samples.iter().position(|sample| sample.unsigned_abs() > 400).expect("a sound");
    let (handed_over, _) = bed.sent[at / coder.samples()];
    handed_over.since(start).as_secs_f64() * 1e3 - silent as f64 / 16.0
}

#[test]
fn voice_takes_at_most_20_ms_either_way() {
    for codec in [VoiceCodec::Cvsd, VoiceCodec::Msbc] {
        let to_sink = from_controller_to_sink(codec);
        // Whenever in a packet's time it begins.
        let all = (0..8).map(|n| from_microphone_to_controller(codec, 16_000 + 15 * n));
        let to_phone = all.fold(0.0, f64::max);
        println!(
            "{codec:?}: controller to sink {to_sink:.1} ms, microphone to controller {to_phone:.1} ms"
        );
        assert!((0.0..=20.0).contains(&to_sink), "{codec:?}: {to_sink} ms to the sink");
        assert!((0.0..=20.0).contains(&to_phone), "{codec:?}: {to_phone} ms to the phone");
    }
}

/// What went out by the phone's ear: how loud our tone is in it, of all there may be.
fn loudness(codec: VoiceCodec, sent: &[(Instant, Vec<u8>)]) -> f64 {
    amplitude(&decoded(codec, sent), Coder::new(codec).rate(), OURS)
}

#[test]
fn a_call_is_heard_and_spoken_at_the_controllers_pace() {
    for codec in [VoiceCodec::Cvsd, VoiceCodec::Msbc] {
        let mut bed = Bed::new("tone:660");
        let mut coder = Coder::new(codec);
        bed.open(codec);
        let start = bed.now;
        for n in 1..=400u32 {
            bed.go_on(start + coder.period() * n);
            let from = u64::from(n - 1) * coder.samples() as u64;
            let pcm = channel(&sine(THEIRS, 8_192.0, coder.rate(), from, coder.samples()), 0);
            let payload = coder.packet(&pcm);
            // One in fifty is lost on the air.
            let status = if n % 50 == 0 { VoiceStatus::NoData } else { VoiceStatus::Correct };
            bed.say(&payload, status);
            bed.work();
        }
        let lengths: Vec<_> = bed.sent.iter().map(|(_, payload)| payload.len()).collect();
        assert_eq!(lengths, [coder.packet(&vec![0; coder.samples()]).len(); 400]);
        let spoken = loudness(codec, &bed.sent[100..]);
        assert!((spoken - 0.25).abs() < 0.02, "{codec:?}: {spoken} at the phone");
        let heard = amplitude(&bed.heard[SINK as usize / 2..], SINK, THEIRS);
        assert!((heard - 0.25).abs() < 0.03, "{codec:?}: {heard} at the ear");
        let counters = Counters::default();
        bed.talk.tell(&bed.engine, &counters);
        bed.talk.tell(&bed.engine, &counters);
        let lost = (8 * coder.period()).as_micros() as u64;
        assert_eq!(counters.voice_concealed_us.load(Ordering::Relaxed), lost);
        assert_eq!(counters.voice_replies.load(Ordering::Relaxed), 400);
        assert_eq!(counters.microphone_underruns.load(Ordering::Relaxed), 0);
    }
}

#[test]
fn where_nothing_comes_we_speak_by_our_own_clock() {
    for (codec, period) in [(VoiceCodec::Cvsd, 3.75), (VoiceCodec::Msbc, 7.5)] {
        let mut bed = Bed::new("tone:660");
        bed.open(codec);
        let start = bed.now;
        bed.go_on(start + Duration::from_millis(2_000));
        let expected = (1_900.0 / period) as usize;
        assert!((expected..=expected + 1).contains(&bed.sent.len()), "{}", bed.sent.len());
        assert!(bed.sent.iter().all(|(_, payload)| payload.len() == OCTETS));
        assert_eq!(bed.sent[0].0.since(start), QUIET);
        let spoken = loudness(codec, &bed.sent[100..]);
        assert!((spoken - 0.25).abs() < 0.02, "{codec:?}: {spoken}");
        assert!(bed.heard.iter().all(|&sample| sample == 0));
        // As soon as one comes it is answered, and nothing else is sent for a while.
        bed.sent.clear();
        bed.say(&[0; 24], VoiceStatus::NoData);
        bed.work();
        let came = bed.now;
        bed.go_on(came + Duration::from_millis(99));
        assert_eq!(bed.sent.len(), 1);
        // Then by our own clock again, in packets as long as that one.
        bed.go_on(came + Duration::from_millis(199));
        let a_packet = period * 24.0 / 60.0;
        assert!((bed.sent.len() as f64 - 100.0 / a_packet).abs() < 2.0, "{}", bed.sent.len());
        assert!(bed.sent.iter().all(|(_, payload)| payload.len() == 24));
    }
}

#[test]
fn who_overslept_does_not_say_it_all_at_once() {
    let mut bed = Bed::new("tone:660");
    bed.open(VoiceCodec::Msbc);
    bed.now += Duration::from_millis(5_000);
    bed.work();
    bed.work();
    assert!(bed.sent.len() <= 2, "{} packets", bed.sent.len());
    assert!(bed.talk.wake_at().expect("it goes on") > bed.now);
}

#[test]
fn a_link_that_is_closed_is_neither_heard_nor_spoken_to() {
    let mut bed = Bed::new("tone:660");
    assert_eq!(bed.talk.wake_at(), None);
    bed.open(VoiceCodec::Msbc);
    bed.say(&[1; 60], VoiceStatus::Correct);
    bed.voices.link(LINK, VoiceEffect::Close);
    bed.work();
    assert_eq!((bed.sent.len(), bed.talk.wake_at()), (0, None));
    // Nor is the next one given what was meant for it.
    bed.say(&[1; 60], VoiceStatus::Correct);
    bed.open(VoiceCodec::Cvsd);
    assert_eq!(bed.sent.len(), 0);
    assert_eq!(bed.engine.voice_stats(LINK.0).map(|stats| stats.packets), Some(0));
}

/// A receiver without threads.
fn handle() -> Handle {
    Handle(Arc::new(Shared::new(config::Config::default(), Status::default()).expect("it starts")))
}

/// An embedder's audio at 16 kHz in one channel.
fn opened(handle: &Handle, bed: &mut Bed, kind: AudioKind) -> Audio {
    let audio = handle.audio(kind, None, 16_000, 1).expect("it opens");
    bed.taps.look(&handle.0);
    audio
}

/// Takes nothing out.
struct Nothing;

impl Canceller for Nothing {
    fn process(&mut self, _far: &[i16], _near: &mut [i16], _rate: u32) {}
}

#[test]
fn voice_asks_for_no_memory() {
    let mut bed = Bed::new("tone:660");
    let handle = handle();
    // Who listens, who speaks and who takes echo out cost no memory here either.
    let mut audio = opened(&handle, &mut bed, AudioKind::Voice);
    let _mix = opened(&handle, &mut bed, AudioKind::Mix);
    bed.talk.echo = Echo::new(Box::new(Nothing), SINK, 16_000);
    let said = [7; 120];
    for codec in [VoiceCodec::Cvsd, VoiceCodec::Msbc] {
        bed.open(codec);
        let Bed { voices, talk, taps, engine, arena, now, .. } = &mut bed;
        let before = counting::calls();
        for n in 0..4_000u32 {
            *now += Duration::from_micros(7_500);
            // For a while nothing comes, and once too much.
            let packets = if n % 500 == 0 { 40 } else { u32::from(!(2_000..2_100).contains(&n)) };
            for _ in 0..packets {
                let mut frame = arena.take().expect("a block");
                frame.append(&[n as u8; 60]).expect("room");
                voices.hear(stack::Voice { link: LINK, status: VoiceStatus::Correct, frame });
            }
            audio.write(&said);
            talk.work(*now, engine, voices, taps);
            talk.tell(engine, &Counters::default());
            // The radio thread does not come for some.
            while n % 100 > 20
                && let Some(reply) = voices.reply()
            {
                assert_eq!(reply.payload.len(), 60);
            }
            let mut out = [0; 720];
            engine.render(*now, &mut out);
            taps.mix(SINK, &out);
            talk.rendered(&out);
        }
        assert_eq!(counting::calls() - before, 0, "{codec:?}: calls to the allocator");
    }
}

#[test]
fn packets_that_are_late_are_all_answered_and_cost_the_microphone_nothing() {
    for codec in [VoiceCodec::Cvsd, VoiceCodec::Msbc] {
        let mut bed = Bed::new("tone:660");
        let mut coder = Coder::new(codec);
        bed.open(codec);
        let start = bed.now;
        let silence = vec![0; coder.samples()];
        // In each second all come at once that should have come within 90 ms.
        let (period, mut held) = (coder.period(), 0);
        let late = |n: u32| (period * n).as_millis() % 1_000 < 90;
        let count = (5_000 / period.as_millis()) as u32;
        for n in 30..count {
            bed.go_on(start + period * (n - 29));
            held += 1;
            if !late(n) || !late(n + 1) {
                for _ in 0..std::mem::take(&mut held) {
                    bed.say(&coder.packet(&silence), VoiceStatus::Correct);
                }
                bed.work();
            }
        }
        assert_eq!(bed.sent.len() as u32 + held, count - 30);
        let stats = bed.engine.voice_stats(LINK.0).expect("open");
        assert_eq!((stats.microphone_underruns, stats.microphone_skipped), (0, 0), "{codec:?}");
    }
}
