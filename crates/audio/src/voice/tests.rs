//! Voice links in virtual time: a phone that talks by the controller's clock, a sink and a microphone
//! by clocks of their own.

use core::time::Duration;

use codec::msbc;
use pool::{Arena, Instant};

use super::*;
use crate::analysis::{amplitude, channel, largest_step, sine, sine_snr, steepest};
use crate::engine::{Config, Control, Engine, Refused};

const SINK: u32 = 48_000;
const PEAK: f64 = 8_000.0;
const TONE: f64 = 440.0;
/// What the phone's microphone hears, and what ours does.
const OURS: f64 = 660.0;
const LINK: u8 = 9;

/// A phone's end of the link, and the air: what it says in packets, by a clock that is `ppm` off.
struct Phone {
    coding: VoiceCoding,
    /// Payload bytes of a packet.
    size: usize,
    ppm: f64,
    /// Bytes of the stream still to be sent in packets.
    bytes: Vec<u8>,
    sender: msbc::Sender,
    said: u64,
    sent: u64,
}

impl Phone {
    fn new(coding: VoiceCoding, size: usize, ppm: f64) -> Self {
        let sender = msbc::Sender::new();
        Phone { coding, size, ppm, bytes: Vec::new(), sender, said: 0, sent: 0 }
    }

    /// Bytes a second: both codings have 16,000, but 60 bytes carry 30 or 120 samples.
    const fn bytes_a_second(&self) -> f64 {
        match self.coding {
            VoiceCoding::Cvsd => 16_000.0,
            VoiceCoding::Msbc => 8_000.0,
        }
    }

    /// When the next packet comes.
    fn due(&self) -> Instant {
        let bytes = (self.sent + 1) as f64 * self.size as f64;
        let seconds = bytes / self.bytes_a_second() / (1.0 + self.ppm * 1e-6);
        Instant::ZERO + Duration::from_secs_f64(seconds)
    }

    fn packet(&mut self) -> Vec<u8> {
        while self.bytes.len() < self.size {
            let pcm = sine(TONE, PEAK, self.coding.rate(), self.said, msbc::SAMPLES);
            let pcm = channel(&pcm, 0);
            self.said += pcm.len() as u64;
            match self.coding {
                VoiceCoding::Cvsd => self.bytes.extend(pcm.iter().flat_map(|s| s.to_le_bytes())),
                VoiceCoding::Msbc => {
                    self.bytes.extend(self.sender.next(&mut &pcm[..]).expect("a unit"));
                }
            }
        }
        self.sent += 1;
        self.bytes.drain(..self.size).collect()
    }
}

/// What becomes of a packet.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Comes,
    /// The controller marks it, and its bytes are nothing.
    Marked,
    /// Its bytes are zeros, and the controller says nothing.
    Zeros,
    /// Not even its bytes come.
    Missing,
    /// One of its bytes is changed.
    Damaged,
    /// It comes so many milliseconds late, and all behind it wait.
    Late(u64),
}

/// An engine, a phone, and a microphone that gives 10 ms at a time.
struct Bed {
    engine: Engine,
    arena: Arena,
    phone: Phone,
    microphone_rate: u32,
    microphone_ppm: f64,
    /// The microphone says nothing from then until then, in milliseconds.
    microphone_silent: (u64, u64),
    given: u64,
    /// Frames rendered at a time.
    round: u64,
    heard: Vec<i16>,
    sent: Vec<u8>,
    /// Packets wait until then.
    held_until: Instant,
}

impl Bed {
    fn new(phone: Phone, microphone_rate: u32) -> Self {
        let mut engine = Engine::new(Config { rate: SINK, ..Config::default() });
        let open = Control::OpenVoice { link: LINK, coding: phone.coding, microphone_rate };
        engine.control(Instant::ZERO, open).expect("room");
        let gain = Control::VoiceGain { link: LINK, gain: 1.0, fade_ms: 2 };
        engine.control(Instant::ZERO, gain).expect("open");
        Bed {
            engine,
            arena: Arena::new(4, 4096),
            phone,
            microphone_rate,
            microphone_ppm: 0.0,
            microphone_silent: (0, 0),
            given: 0,
            round: 480,
            heard: Vec::new(),
            sent: Vec::new(),
            held_until: Instant::ZERO,
        }
    }

    fn stats(&self) -> VoiceStats {
        self.engine.voice_stats(LINK).expect("open")
    }

    /// Runs until `seconds`; the sink's clock is the measure.
    fn run(&mut self, seconds: f64, mut fate: impl FnMut(u64) -> Fate) {
        let end = (seconds * f64::from(SINK)) as u64;
        while self.engine.rendered() < end {
            let frames = self.engine.rendered() + self.round;
            let round = Instant::from_nanos(frames * 1_000_000_000 / u64::from(SINK));
            loop {
                let packet = self.phone.due().max(self.held_until);
                let microphone = self.microphone_due();
                if packet.min(microphone) > round {
                    break;
                }
                if microphone < packet {
                    self.speak(microphone);
                } else {
                    let fate = fate(self.phone.sent);
                    self.exchange(packet, fate);
                }
            }
            let mut out = vec![0; 2 * self.round as usize];
            self.engine.render(round, &mut out);
            self.heard.extend(channel(&out, 0));
        }
    }

    fn microphone_due(&self) -> Instant {
        let piece = u64::from(self.microphone_rate / 100);
        let rate = f64::from(self.microphone_rate) * (1.0 + self.microphone_ppm * 1e-6);
        Instant::ZERO + Duration::from_secs_f64((self.given + piece) as f64 / rate)
    }

    fn speak(&mut self, at: Instant) {
        let piece = (self.microphone_rate / 100) as usize;
        let pcm = channel(&sine(OURS, PEAK, self.microphone_rate, self.given, piece), 0);
        self.given += piece as u64;
        let (from, until) = self.microphone_silent;
        if !(Instant::from_millis(from)..Instant::from_millis(until)).contains(&at) {
            self.engine.microphone(at, &pcm);
        }
    }

    /// A packet comes, or does not; another goes in any case.
    fn exchange(&mut self, at: Instant, fate: Fate) {
        if let Fate::Late(ms) = fate
            && self.held_until < at
        {
            self.held_until = at + Duration::from_millis(ms);
            return;
        }
        let mut payload = self.phone.packet();
        match fate {
            Fate::Marked | Fate::Zeros => payload.fill(0),
            Fate::Damaged => payload[3] ^= 0x55,
            _ => {}
        }
        if fate != Fate::Missing {
            let mut frame = self.arena.take().expect("a block");
            frame.append(&payload).expect("room");
            frame.set_arrival(at);
            self.engine.voice(at, LINK, &frame, fate == Fate::Marked);
        }
        let mut out = vec![0; self.phone.size];
        self.engine.voice_reply(at, LINK, &mut out);
        self.sent.extend(out);
    }

    /// What the phone hears.
    fn at_the_phone(&self) -> Vec<i16> {
        if self.phone.coding == VoiceCoding::Cvsd {
            return self.sent.as_chunks::<2>().0.iter().map(|&s| i16::from_le_bytes(s)).collect();
        }
        let (mut receiver, mut decoder) = (msbc::Receiver::new(), codec::sbc::Decoder::msbc());
        let mut heard = Vec::new();
        let mut stream = &self.sent[..];
        while let Some(decision) = receiver.next(&mut stream, false) {
            let msbc::Decision::Frame(frame) = decision else { panic!("we lose nothing") };
            let mut pcm = [0; msbc::SAMPLES];
            decoder.decode(frame, &mut pcm).expect("a frame");
            heard.extend(pcm);
        }
        heard
    }
}

/// The worst SNR of a tone in pieces of 100 ms, one a second; over longer ones the servo's bending of it
/// would count as noise.
fn snr(sound: &[i16], rate: u32, tone: f64) -> f64 {
    let pieces = sound.chunks_exact(rate as usize);
    pieces.map(|second| sine_snr(&second[..rate as usize / 10], rate, tone)).fold(99.0, f64::min)
}

/// The mean amplitude of a tone in pieces of 100 ms, one a second, of [`PEAK`].
fn loudness(sound: &[i16], rate: u32, tone: f64) -> f64 {
    let pieces = sound.chunks_exact(rate as usize);
    let levels = pieces.map(|second| amplitude(&second[..rate as usize / 10], rate, tone));
    levels.sum::<f64>() * 32_768.0 / PEAK / (sound.len() / rate as usize) as f64
}

/// Every coding in every size that controllers use.
const LINKS: [(VoiceCoding, usize); 6] = [
    (VoiceCoding::Cvsd, 48),
    (VoiceCoding::Cvsd, 60),
    (VoiceCoding::Cvsd, 120),
    (VoiceCoding::Msbc, 24),
    (VoiceCoding::Msbc, 60),
    (VoiceCoding::Msbc, 72),
];

#[test]
fn a_minute_both_ways_misses_no_sample() {
    for (coding, size) in LINKS {
        let mut bed = Bed::new(Phone::new(coding, size, 0.0), 16_000);
        bed.run(60.0, |_| Fate::Comes);
        let stats = bed.stats();
        println!("{coding:?}, {size} bytes: {stats:?}");
        assert_eq!((stats.lost, stats.late, stats.skipped, stats.stalls), (0, 0, 0, 0));
        let whole = bed.phone.said - bed.phone.bytes.len().div_ceil(2) as u64;
        assert!(stats.received + 240 >= whole, "{} of {whole} samples", stats.received);
        assert_eq!((stats.packets, stats.sent), (bed.phone.sent, bed.phone.sent));
        assert_eq!((stats.microphone_underruns, stats.microphone_skipped), (0, 0));
        assert!(stats.jitter_ms < 0.001 && (f64::from(stats.peak) - PEAK).abs() < 0.1 * PEAK);
        // What is in the buffer and what was heard are what came.
        let heard = bed.heard.len() as f64 / f64::from(SINK);
        let delay = heard - stats.received as f64 / f64::from(coding.rate())
            + f64::from(stats.level_ms) / 1e3;
        assert!((0.0..0.04).contains(&delay), "{delay} s are missing");
        // What mSBC leaves of a tone.
        let clean = if coding == VoiceCoding::Cvsd { 60.0 } else { 20.0 };
        let heard = snr(&bed.heard[SINK as usize..], SINK, TONE);
        let said = bed.at_the_phone();
        let said = &said[coding.rate() as usize..];
        let spoken = snr(said, coding.rate(), OURS);
        println!("{coding:?}: {heard:.1} dB heard, {spoken:.1} dB at the phone");
        assert!(heard > clean && spoken > clean);
        assert!(f64::from(largest_step(said).0) < 1.3 * steepest(OURS, PEAK, coding.rate()));
    }
}

#[test]
fn latency_is_short() {
    for (coding, size) in LINKS {
        let mut bed = Bed::new(Phone::new(coding, size, 0.0), 16_000);
        bed.run(10.0, |_| Fate::Comes);
        // What lies in the buffer at a round's end is heard after it. A frame in packets of 24 octets is
        // whole 1.5 ms before or after its time.
        let piece = 1e3 * size as f32 / bed.phone.bytes_a_second() as f32;
        let level = bed.stats().level_ms;
        assert!(
            level < VOICE_LATENCY_MS as f32 + piece.max(7.5) + 1.5,
            "{coding:?} {size}: {level}"
        );
        assert!(level > 5.0, "{coding:?} {size}: {level}");
    }
}

#[test]
fn clocks_that_differ_cost_nothing() {
    for (coding, size) in [(VoiceCoding::Cvsd, 48), (VoiceCoding::Msbc, 60)] {
        for ppm in [-100.0, 100.0] {
            let mut bed = Bed::new(Phone::new(coding, size, ppm), 48_000);
            bed.microphone_ppm = -ppm;
            bed.run(300.0, |_| Fate::Comes);
            let stats = bed.stats();
            println!("{coding:?}, {ppm} ppm: {stats:?}");
            assert_eq!((stats.lost, stats.late, stats.skipped, stats.stalls), (0, 0, 0, 0));
            assert_eq!((stats.microphone_underruns, stats.microphone_skipped), (0, 0));
            assert!((f64::from(stats.drift_ppm) - ppm).abs() < 40.0, "{stats:?}");
            assert!((f64::from(stats.microphone_drift_ppm) + 2.0 * ppm).abs() < 80.0, "{stats:?}");
        }
    }
}

/// A small generator of numbers that look random.
fn share(n: u64) -> f64 {
    let mixed = (n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ mixed >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (mixed >> 11) as f64 / (1u64 << 53) as f64
}

#[test]
fn losses_and_damage_leave_no_step_and_take_no_time() {
    for (coding, size) in LINKS {
        for fate in [Fate::Marked, Fate::Zeros, Fate::Missing, Fate::Damaged] {
            // Linear samples carry no check.
            if coding == VoiceCoding::Cvsd && fate == Fate::Damaged {
                continue;
            }
            let mut bed = Bed::new(Phone::new(coding, size, 0.0), 16_000);
            bed.run(60.0, |n| if n > 50 && share(n) < 0.05 { fate } else { Fate::Comes });
            let stats = bed.stats();
            let step = f64::from(largest_step(&bed.heard).0);
            let clean = steepest(TONE, PEAK, SINK);
            println!("{coding:?}, {size} bytes: step {:.2} of {stats:?}", step / clean);
            assert_eq!(stats.stalls, 0, "{stats:?}");
            let made = (stats.received + stats.lost + stats.late - stats.skipped) as f64;
            let seconds = made / f64::from(coding.rate());
            assert!((59.9..60.1).contains(&seconds), "{coding:?} {size}: {seconds} s, {stats:?}");
            // Linear samples of which nothing at all comes leave no trace at their place.
            assert!(
                step < 3.0 * clean || coding == VoiceCoding::Cvsd && fate == Fate::Missing,
                "a step of {step} in {clean}"
            );
            let level = loudness(&bed.heard[SINK as usize..], SINK, TONE);
            assert!(level > 0.8 || !matches!(fate, Fate::Marked | Fate::Zeros), "{level}");
        }
    }
}

#[test]
fn packets_that_come_late_and_then_at_once_leave_the_latency_as_it_was() {
    for (coding, size) in [(VoiceCoding::Cvsd, 48), (VoiceCoding::Msbc, 60)] {
        let mut bed = Bed::new(Phone::new(coding, size, 0.0), 16_000);
        bed.run(20.0, |n| if n % 400 == 399 { Fate::Late(40) } else { Fate::Comes });
        let stats = bed.stats();
        println!("{coding:?}: {stats:?}");
        assert!(stats.late > 0 && stats.skipped > 0, "{stats:?}");
        assert!(stats.level_ms < 45.0, "{stats:?}");
        assert!(f64::from(largest_step(&bed.heard).0) < 3.0 * steepest(TONE, PEAK, SINK));
        bed.run(22.0, |_| Fate::Comes);
        assert!(bed.stats().level_ms < 35.0, "{:?}", bed.stats());
    }
}

#[test]
fn jitter_within_the_latency_is_not_heard() {
    let mut bed = Bed::new(Phone::new(VoiceCoding::Msbc, 60, 0.0), 16_000);
    bed.run(20.0, |n| if n % 3 == 1 { Fate::Late((12.0 * share(n)) as u64) } else { Fate::Comes });
    let stats = bed.stats();
    assert_eq!((stats.late, stats.skipped, stats.stalls), (0, 0, 0), "{stats:?}");
}

#[test]
fn a_link_that_falls_silent_fades_and_comes_back() {
    let mut bed = Bed::new(Phone::new(VoiceCoding::Msbc, 24, 0.0), 16_000);
    bed.run(2.0, |_| Fate::Comes);
    bed.run(4.0, |_| Fate::Missing);
    bed.run(6.0, |_| Fate::Comes);
    let stats = bed.stats();
    assert_eq!(stats.stalls, 1, "{stats:?}");
    assert!(bed.heard[SINK as usize * 5 / 2..SINK as usize * 4].iter().all(|&s| s == 0));
    assert!(f64::from(largest_step(&bed.heard).0) < 3.0 * steepest(TONE, PEAK, SINK));
    assert!(amplitude(&bed.heard[SINK as usize * 9 / 2..], SINK, TONE) > 0.2);
}

#[test]
fn a_sink_served_every_100_ms_hears_the_same() {
    let mut bed = Bed::new(Phone::new(VoiceCoding::Msbc, 60, 50.0), 16_000);
    bed.round = 4_800;
    bed.run(30.0, |_| Fate::Comes);
    let stats = bed.stats();
    assert_eq!((stats.late, stats.skipped, stats.stalls), (0, 0, 0), "{stats:?}");
    assert!(snr(&bed.heard[SINK as usize..], SINK, TONE) > 20.0);
}

#[test]
fn every_microphone_reaches_every_link() {
    for (coding, size) in [(VoiceCoding::Cvsd, 60), (VoiceCoding::Msbc, 24)] {
        for rate in MICROPHONE_RATES {
            let mut bed = Bed::new(Phone::new(coding, size, 0.0), rate);
            bed.run(5.0, |_| Fate::Comes);
            let said = bed.at_the_phone();
            let said = &said[coding.rate() as usize..];
            let level = loudness(said, coding.rate(), OURS);
            let snr = snr(said, coding.rate(), OURS);
            println!("{coding:?} from {rate}: {level:.3}, {snr:.1} dB");
            assert!((level - 1.0).abs() < 0.05, "{level}");
            let least = if coding == VoiceCoding::Cvsd { 55.0 } else { 20.0 };
            assert!(snr > least, "{coding:?} from {rate}: {snr:.1} dB");
        }
    }
}

#[test]
fn what_a_link_cannot_carry_is_not_folded_into_it() {
    for (from, to) in [(48_000, 8_000), (44_100, 8_000), (48_000, 16_000), (16_000, 8_000)] {
        let mut lowpass = lowpass::Lowpass::new();
        lowpass.open(from, to);
        for (tone, least, most) in [(0.3, 0.9, 1.1), (0.6, 0.8, 1.1), (1.5, 0.0, 0.01)] {
            let tone = f64::from(to) / 2.0 * tone;
            let mut sound = channel(&sine(tone, PEAK, from, 0, from as usize / 4), 0);
            sound.chunks_mut(lowpass::MOST).for_each(|samples| lowpass.filter(samples));
            let level = amplitude(&sound[1_000..], from, tone) * 32_768.0 / PEAK;
            println!("{from} to {to}, {tone} Hz: {level:.3}");
            assert!((least..=most).contains(&level), "{from} to {to}: {tone} Hz at {level}");
        }
    }
}

#[test]
fn a_microphone_that_stops_becomes_silence_without_a_click() {
    for coding in [VoiceCoding::Cvsd, VoiceCoding::Msbc] {
        let mut bed = Bed::new(Phone::new(coding, 60, 0.0), 16_000);
        bed.microphone_silent = (2_000, 3_000);
        bed.run(5.0, |_| Fate::Comes);
        let stats = bed.stats();
        assert_eq!((stats.microphone_underruns, stats.sent), (1, bed.phone.sent), "{stats:?}");
        let said = bed.at_the_phone();
        let rate = coding.rate();
        assert!(f64::from(largest_step(&said).0) < 3.0 * steepest(OURS, PEAK, rate));
        let quiet = &said[rate as usize * 22 / 10..rate as usize * 29 / 10];
        assert!(quiet.iter().all(|s| s.unsigned_abs() < 4), "silence");
        assert!(amplitude(&said[rate as usize * 4..], rate, OURS) > 0.2);
    }
}

#[test]
fn a_muted_microphone_is_silent_at_the_phone() {
    let mut bed = Bed::new(Phone::new(VoiceCoding::Cvsd, 48, 0.0), 16_000);
    bed.run(1.0, |_| Fate::Comes);
    let mute = |muted| Control::Mute { link: LINK, muted };
    bed.engine.control(Instant::ZERO, mute(true)).expect("open");
    bed.run(2.0, |_| Fate::Comes);
    bed.engine.control(Instant::ZERO, mute(false)).expect("open");
    bed.run(3.0, |_| Fate::Comes);
    let said = bed.at_the_phone();
    assert!(said[8_200..15_900].iter().all(|&s| s == 0));
    assert!(amplitude(&said[17_000..], 8_000, OURS) > 0.2);
    assert!(f64::from(largest_step(&said).0) < 1.5 * steepest(OURS, PEAK, 8_000));
}

#[test]
fn a_link_that_closes_fades_out_and_its_slot_is_free() {
    let mut bed = Bed::new(Phone::new(VoiceCoding::Msbc, 60, 0.0), 16_000);
    bed.run(1.0, |_| Fate::Comes);
    let close = |link| Control::CloseVoice { link };
    bed.engine.control(Instant::ZERO, close(LINK)).expect("open");
    assert_eq!(bed.engine.control(Instant::ZERO, close(LINK)), Err(Refused::UnknownStream));
    bed.run(2.0, |_| Fate::Missing);
    assert!(f64::from(largest_step(&bed.heard).0) < 3.0 * steepest(TONE, PEAK, SINK));
    let open = |link, microphone_rate| Control::OpenVoice {
        link,
        coding: VoiceCoding::Cvsd,
        microphone_rate,
    };
    for link in [1, 2] {
        assert_eq!(bed.engine.control(Instant::ZERO, open(link, 8_000)), Ok(()));
    }
    assert_eq!(bed.engine.control(Instant::ZERO, open(3, 8_000)), Err(Refused::NoRoom));
    assert_eq!(bed.engine.control(Instant::ZERO, open(1, 11_025)), Err(Refused::Unsupported));
    let mut out = [1; 24];
    bed.engine.voice_reply(Instant::ZERO, 77, &mut out);
    assert_eq!(out, [0; 24], "a link that is not open says nothing");
}
