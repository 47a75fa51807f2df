//! The engine in virtual time, against sources that count, drift, stall, burst and lose packets.

#[cfg(feature = "aac")]
mod aac;
mod meters;

use core::time::Duration;

use codec::sbc::{Allocation, Encoder, Frequency, Header, Mode};
use pool::{Arena, Frame, Instant};

use super::*;
use crate::analysis::{
    amplitude, channel, gaps, largest_step, level, sine, sine_snr, steepest, tones,
};
use crate::stream::FADE_MS;

const RATE: u32 = 48_000;
const PEAK: f64 = 8_000.0;
/// Frames a render: 5 ms.
const TICK: usize = 240;
/// PCM frames of 128 samples in a test packet.
const FRAMES: u8 = 5;

/// A phone that plays a tone: which packets are due when.
struct Source {
    stream: u8,
    rate: u32,
    /// The rate of its own clock.
    true_rate: f64,
    tone: f64,
    /// Samples sent.
    sent: u64,
    starts: Instant,
    sequence: u16,
    encoder: Option<Encoder>,
}

impl Source {
    fn pcm(stream: u8, rate: u32, ppm: f64, tone: f64, starts_ms: u64) -> Self {
        let true_rate = f64::from(rate) * (1.0 + ppm * 1e-6);
        let starts = Instant::from_millis(starts_ms);
        Source { stream, rate, true_rate, tone, sent: 0, starts, sequence: 7, encoder: None }
    }

    fn sbc(stream: u8, rate: u32, tone: f64) -> Self {
        let frequency = match rate {
            16_000 => Frequency::Hz16000,
            32_000 => Frequency::Hz32000,
            44_100 => Frequency::Hz44100,
            _ => Frequency::Hz48000,
        };
        let header = Header::new(frequency, Mode::JointStereo, Allocation::Loudness, 16, 8, 53);
        let encoder = Some(Encoder::new(header.expect("legal parameters")));
        Source { encoder, ..Source::pcm(stream, rate, 0.0, tone, 0) }
    }

    /// When the next packet is sent: as soon as all of its sound has been played into it.
    fn due(&self) -> Instant {
        let end = self.sent + u64::from(FRAMES) * 128;
        self.starts + Duration::from_secs_f64(end as f64 / self.true_rate)
    }

    fn packet(&mut self, arena: &Arena) -> (Frame, u16) {
        let mut frame = arena.take().expect("a block");
        let samples = usize::from(FRAMES) * 128;
        let pcm = sine(self.tone, PEAK, self.rate, self.sent, samples);
        match &mut self.encoder {
            None => pcm.iter().for_each(|s| frame.append(&s.to_le_bytes()).expect("room")),
            Some(encoder) => {
                for pcm in pcm.chunks(256) {
                    let length = encoder.encode(pcm, frame.spare_mut()).expect("a frame");
                    frame.grow(length).expect("room");
                }
            }
        }
        frame.set_arrival(self.due());
        self.sent += samples as u64;
        self.sequence = self.sequence.wrapping_add(1);
        (frame, self.sequence)
    }
}

/// What happens to a packet on its way.
enum Fate {
    Arrives,
    Lost,
    /// Not before then.
    Delayed(Instant),
}

struct Bed {
    engine: Engine,
    arena: Arena,
    now: Instant,
    heard: Vec<i16>,
    reports: Vec<(Instant, Report)>,
}

impl Bed {
    fn new(config: Config) -> Self {
        Bed {
            engine: Engine::new(config),
            arena: Arena::new(4, 4096),
            now: Instant::ZERO,
            heard: Vec::new(),
            reports: Vec::new(),
        }
    }

    fn open(&mut self, source: &Source, gain: f32) {
        let codec = if source.encoder.is_some() { StreamCodec::Sbc } else { StreamCodec::Pcm };
        let Source { stream, rate, .. } = *source;
        let open = Control::Open { stream, codec, rate, channels: 2 };
        self.engine.control(self.now, open).expect("room");
        self.control(Control::Gain { stream, gain, fade_ms: 2 });
    }

    fn control(&mut self, control: Control) {
        self.engine.control(self.now, control).expect("an open stream");
    }

    fn run_ms(&mut self, until_ms: u64, sources: &mut [&mut Source]) {
        self.run(until_ms, sources, |_| Fate::Arrives);
    }

    /// Runs the engine in ticks until then; `fate` decides about each packet by its time.
    fn run(&mut self, until_ms: u64, sources: &mut [&mut Source], fate: impl Fn(Instant) -> Fate) {
        let rate = u64::from(self.engine.rate());
        while self.now < Instant::from_millis(until_ms) {
            self.now =
                Instant::from_nanos((self.engine.rendered() + TICK as u64) * 1_000_000_000 / rate);
            for source in sources.iter_mut() {
                while source.due() <= self.now {
                    let lost = match fate(source.due()) {
                        Fate::Delayed(until) if until > self.now => break,
                        Fate::Lost => true,
                        _ => false,
                    };
                    let (frame, sequence) = source.packet(&self.arena);
                    if !lost {
                        self.engine.media(self.now, source.stream, &frame, FRAMES, sequence);
                    }
                }
            }
            let at = self.heard.len();
            self.heard.resize(at + 2 * TICK, 0);
            self.engine.render(self.now, &mut self.heard[at..]);
            while let Some(report) = self.engine.poll() {
                self.reports.push((self.now, report));
            }
        }
    }

    fn left(&self) -> Vec<i16> {
        channel(&self.heard, 0)
    }

    fn stats(&self, stream: u8) -> Stats {
        self.engine.stats(stream).expect("open")
    }

    /// No step is larger than a tone of that pitch makes, fades included.
    fn assert_no_click(&self, tone: f64) {
        let most =
            steepest(tone, PEAK, RATE) * 1.05 + PEAK / f64::from(FADE_MS * RATE / 1000) * 1.6;
        for side in [0, 1] {
            let (step, at) = largest_step(&channel(&self.heard, side));
            assert!(f64::from(step) < most, "a step of {step} at {at}, at most {most}");
        }
    }
}

#[test]
fn is_heard_at_the_latency_and_clean_at_every_rate() {
    for rate in [16_000, 32_000, 44_100, 48_000] {
        let mut bed = Bed::new(Config::default());
        let mut source = Source::pcm(3, rate, 0.0, 1_000.0, 0);
        let first = source.due();
        bed.open(&source, 1.0);
        bed.run_ms(3_000, &mut [&mut source]);
        let left = bed.left();
        let start = left.iter().position(|s| s.unsigned_abs() > 100).expect("sound");
        let delay = start as f64 * 1e3 / f64::from(RATE) - first.as_secs_f64() * 1e3;
        assert!((115.0..132.0).contains(&delay), "{rate}: heard after {delay} ms");
        assert!(gaps(&left[start..], RATE, 100, 2).is_empty());
        bed.assert_no_click(1_000.0);
        let snr = sine_snr(&left[2 * RATE as usize..][..4_800], RATE, 1_000.0);
        assert!(snr > 70.0, "{rate}: {snr} dB");
    }
}

#[test]
fn an_hour_200_ppm_slow_never_runs_dry() {
    an_hour(-200.0);
}

#[test]
fn an_hour_200_ppm_fast_never_runs_over() {
    an_hour(200.0);
}

/// An hour of virtual time, heard in every other minute (to be quick: what is not heard takes the
/// same number of frames and is not converted).
fn an_hour(ppm: f64) {
    let rate = 16_000;
    let mut bed = Bed::new(Config { rate, ..Config::default() });
    let mut source = Source::pcm(1, rate, ppm, 400.0, 0);
    bed.open(&source, 1.0);
    // One packet of the tone serves for all: 640 samples are 16 periods of 400 Hz.
    let (mut frame, _) = source.packet(&bed.arena);
    source.sent = 0;
    let mut out = [0; 320];
    let (mut low, mut high) = (f32::MAX, f32::MIN);
    for tick in 0..360_000u64 {
        let now = Instant::from_millis(tick * 10);
        while source.due() <= now {
            frame.set_arrival(source.due());
            source.sent += 640;
            source.sequence = source.sequence.wrapping_add(1);
            bed.engine.media(now, 1, &frame, FRAMES, source.sequence);
        }
        if tick % 6_000 == 0 {
            let gain = f32::from(u8::from(tick % 12_000 == 0));
            bed.control(Control::Gain { stream: 1, gain, fade_ms: 10 });
        }
        bed.engine.render(now, &mut out);
        if tick > 100 {
            let level = bed.stats(1).level_ms;
            (low, high) = (low.min(level), high.max(level));
            let (step, _) = largest_step(&out);
            let most = steepest(400.0, PEAK, rate) * 1.01;
            assert!(f64::from(step) < most, "a step of {step} at {now:?}");
        }
    }
    let stats = bed.stats(1);
    assert_eq!((stats.underruns, stats.overruns, stats.lost), (0, 0, 0));
    assert!(low > 105.0 && high < 175.0, "{ppm} ppm: {low} to {high} ms");
    assert!((f64::from(stats.drift_ppm) - ppm).abs() < 5.0, "{} ppm", stats.drift_ppm);
}

#[test]
fn a_stall_fades_out_and_in_again_and_counts() {
    let mut bed = Bed::new(Config::default());
    let mut source = Source::pcm(1, 44_100, 0.0, 440.0, 0);
    bed.open(&source, 1.0);
    let stall = Instant::from_millis(1_000)..Instant::from_millis(1_400);
    bed.run(3_000, &mut [&mut source], |at| {
        if stall.contains(&at) { Fate::Lost } else { Fate::Arrives }
    });
    // The numbers show a hole of 400 ms: more than is concealed.
    let stats = bed.stats(1);
    assert_eq!((stats.underruns, stats.overruns, stats.lost), (1, 0, 0));
    assert!(bed.reports.iter().any(|(_, r)| *r == Report::Underrun(1, 1)));
    bed.assert_no_click(440.0);
    let left = bed.left();
    let gaps = gaps(&left[RATE as usize / 2..], RATE, 100, 20);
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    let length = gaps[0].len() as f64 / f64::from(RATE);
    assert!((0.36..0.46).contains(&length), "a gap of {length} s");
}

#[test]
fn what_comes_in_a_lump_after_a_stall_is_cut_down_to_the_latency() {
    let mut bed = Bed::new(Config::default());
    let mut source = Source::pcm(1, 48_000, 0.0, 440.0, 0);
    bed.open(&source, 1.0);
    let stall = Instant::from_millis(1_000)..Instant::from_millis(1_350);
    bed.run(4_000, &mut [&mut source], |at| {
        if stall.contains(&at) { Fate::Delayed(stall.end) } else { Fate::Arrives }
    });
    let stats = bed.stats(1);
    assert_eq!((stats.underruns, stats.overruns), (1, 1));
    assert!((90.0..160.0).contains(&stats.level_ms), "{} ms", stats.level_ms);
    bed.assert_no_click(440.0);
}

#[test]
fn packets_late_by_less_than_the_latency_are_not_noticed() {
    let mut bed = Bed::new(Config::default());
    let mut source = Source::pcm(1, 44_100, 0.0, 440.0, 0);
    bed.open(&source, 1.0);
    bed.run(5_000, &mut [&mut source], |at| {
        // Everything waits for the next multiple of 90 ms.
        let wait = 90_000_000 - at.as_nanos() % 90_000_000;
        Fate::Delayed(at + Duration::from_nanos(wait))
    });
    let stats = bed.stats(1);
    assert_eq!((stats.underruns, stats.overruns), (0, 0));
    bed.assert_no_click(440.0);
    assert_eq!(gaps(&bed.left()[RATE as usize..], RATE, 100, 2), []);
}

#[test]
fn a_pause_is_no_underrun_and_sound_comes_back_after_the_latency() {
    let mut bed = Bed::new(Config::default());
    let mut first = Source::pcm(1, 44_100, 0.0, 440.0, 0);
    bed.open(&first, 1.0);
    bed.run_ms(1_000, &mut [&mut first]);
    bed.run_ms(4_000, &mut []);
    let mut again = Source::pcm(1, 44_100, 0.0, 440.0, 4_000);
    bed.run_ms(6_000, &mut [&mut again]);
    let sounding: Vec<_> =
        bed.reports.iter().map(|(at, r)| (at.as_nanos() / 100_000_000, *r)).collect();
    let expected = [
        (0, Report::Sounding(1, true)),
        (19, Report::Sounding(1, false)),
        (40, Report::Sounding(1, true)),
    ];
    assert_eq!(sounding, expected);
    assert_eq!(bed.stats(1).underruns, 0);
    bed.assert_no_click(440.0);
    let tones = tones(&bed.left(), RATE, &[440.0], 20);
    assert_eq!(tones.iter().filter(|tone| tone.frequency.is_some()).count(), 2, "{tones:?}");
    assert!((4.10..4.18).contains(&tones[3].from), "{tones:?}");
}

#[test]
fn a_flush_silences_at_once_and_keeps_what_comes_after() {
    let mut bed = Bed::new(Config::default());
    let mut source = Source::pcm(1, 44_100, 0.0, 440.0, 0);
    bed.open(&source, 1.0);
    bed.run_ms(1_000, &mut [&mut source]);
    bed.control(Control::Flush { stream: 1 });
    bed.run_ms(2_000, &mut [&mut source]);
    let left = bed.left();
    let gaps = gaps(&left[RATE as usize / 2..], RATE, 100, 20);
    assert_eq!(gaps.len(), 1);
    let from = gaps[0].start as f64 / f64::from(RATE) + 0.5;
    let length = gaps[0].len() as f64 / f64::from(RATE);
    assert!((1.0..1.01).contains(&from) && (0.1..0.16).contains(&length), "{from} {length}");
    assert_eq!(bed.stats(1).underruns, 0);
    bed.assert_no_click(440.0);
}

#[test]
fn what_comes_while_the_old_sound_fades_out_is_kept() {
    let mut bed = Bed::new(Config::default());
    let mut old = Source::pcm(1, 48_000, 0.0, 440.0, 0);
    bed.open(&old, 1.0);
    bed.run_ms(1_000, &mut [&mut old]);
    bed.control(Control::Flush { stream: 1 });
    // A whole 80 ms of another tone, before a single frame of the fade is rendered.
    let mut new = Source::pcm(1, 48_000, 0.0, 880.0, 0);
    for _ in 0..6 {
        let (mut frame, sequence) = new.packet(&bed.arena);
        frame.set_arrival(bed.now);
        bed.engine.media(bed.now, 1, &frame, FRAMES, sequence);
    }
    bed.run_ms(2_000, &mut []);
    let tones = tones(&bed.left()[48_000 + 960..], RATE, &[440.0, 880.0], 10);
    let heard: Vec<_> = tones.iter().filter(|tone| tone.frequency.is_some()).collect();
    assert_eq!(heard.len(), 1, "{tones:?}");
    assert_eq!(heard[0].frequency, Some(880.0));
    assert!((0.06..0.09).contains(&(heard[0].until - heard[0].from)), "{tones:?}");
    bed.assert_no_click(880.0);
}

#[test]
fn moving_the_sound_is_a_cross_fade_of_streams_that_both_run() {
    let mut bed = Bed::new(Config::default());
    let mut one = Source::pcm(1, 44_100, 100.0, 440.0, 0);
    let mut two = Source::pcm(2, 48_000, -100.0, 880.0, 0);
    bed.open(&one, 1.0);
    bed.open(&two, 0.0);
    bed.run_ms(1_000, &mut [&mut one, &mut two]);
    bed.control(Control::Gain { stream: 1, gain: 0.0, fade_ms: 10 });
    bed.control(Control::Gain { stream: 2, gain: 1.0, fade_ms: 10 });
    bed.run_ms(2_000, &mut [&mut one, &mut two]);
    let left = bed.left();
    let heard = tones(&left[9_600..], RATE, &[440.0, 880.0], 20);
    let heard: Vec<_> = heard.iter().map(|tone| (tone.frequency, tone.until)).collect();
    assert_eq!(heard[0].0, Some(440.0));
    assert!((heard[0].1 - 0.8).abs() < 0.03, "{heard:?}");
    assert_eq!(heard.last().map(|tone| tone.0), Some(Some(880.0)));
    let silent = amplitude(&left[RATE as usize + 960..], RATE, 440.0);
    assert!(silent < 1e-4, "440 Hz is still there: {silent}");
    bed.assert_no_click(880.0);
    assert_eq!(gaps(&left[9_600..], RATE, 100, 3), []);
}

#[test]
fn may_move_to_the_audio_thread() {
    fn moves<T: Send>() {}
    moves::<Engine>();
    moves::<crate::Sink>();
}

#[test]
fn loud_streams_saturate_instead_of_wrapping() {
    assert_eq!([saturate(40_000.0), saturate(-40_000.0)], [32_767, -32_768]);
    assert_eq!([saturate(0.4), saturate(-0.6), saturate(-32_768.0)], [0, -1, -32_768]);
}

#[test]
fn sbc_is_heard_and_lost_packets_are_concealed() {
    let mut bed = Bed::new(Config::default());
    let mut source = Source::sbc(1, 44_100, 440.0);
    bed.open(&source, 1.0);
    bed.run_ms(2_000, &mut [&mut source]);
    let snr = sine_snr(&bed.left()[RATE as usize..][..4_800], RATE, 440.0);
    assert!(snr > 50.0, "{snr} dB");
    // One packet of 14.5 ms in about every 145 ms.
    bed.run(4_000, &mut [&mut source], |at| {
        if at.as_nanos() / 14_512_471 % 10 == 0 { Fate::Lost } else { Fate::Arrives }
    });
    let stats = bed.stats(1);
    assert!((12..=15).contains(&stats.lost), "{} lost", stats.lost);
    assert_eq!(stats.concealed, stats.lost * u64::from(FRAMES));
    assert_eq!((stats.underruns, stats.overruns), (0, 0));
    let left = bed.left();
    assert_eq!(gaps(&left[RATE as usize..], RATE, 100, 3), [], "losses are filled");
    let (step, at) = largest_step(&left);
    assert!(f64::from(step) < 2.5 * steepest(440.0, PEAK, RATE), "a step of {step} at {at}");
}

#[test]
fn garbage_is_concealed_and_the_stream_goes_on() {
    let mut bed = Bed::new(Config::default());
    let mut source = Source::sbc(1, 44_100, 440.0);
    bed.open(&source, 1.0);
    let mut noise = 1u32;
    for round in 0..2_000u16 {
        let mut frame = bed.arena.take().expect("a block");
        for _ in 0..noise % 700 {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let byte = if noise >> 28 == 0 { 0x9c } else { (noise >> 16) as u8 };
            frame.append(&[byte]).expect("room");
        }
        let sequence = if round % 3 == 0 { noise as u16 } else { round };
        bed.engine.media(bed.now, 1, &frame, (noise >> 8) as u8, sequence);
        bed.engine.media(bed.now, 9, &frame, 1, 0);
        drop(frame);
        bed.run_ms(u64::from(round) * 5, &mut []);
    }
    assert_eq!(bed.engine.stray(), 2_000);
    assert!(bed.stats(1).concealed > 1_000);
    bed.control(Control::Flush { stream: 1 });
    source.starts = bed.now;
    let from = bed.heard.len();
    bed.run_ms(11_500, &mut [&mut source]);
    let after = channel(&bed.heard[from + RATE as usize..], 0);
    assert!(sine_snr(&after[..4_800], RATE, 440.0) > 50.0, "the tone is clean again");
}

#[test]
fn slots_are_bounded_freed_and_reused_without_a_click() {
    let mut bed = Bed::new(Config::default());
    let mut source = Source::pcm(1, 48_000, 0.0, 440.0, 0);
    let open =
        |stream, rate, channels| Control::Open { stream, codec: StreamCodec::Pcm, rate, channels };
    bed.open(&source, 1.0);
    bed.control(open(2, 48_000, 2));
    let now = bed.now;
    let mut refused = |control| bed.engine.control(now, control).expect_err("refused");
    assert_eq!(refused(open(3, 48_000, 2)), Refused::NoRoom);
    assert_eq!(refused(open(2, 96_000, 2)), Refused::Unsupported);
    assert_eq!(refused(open(2, 48_000, 3)), Refused::Unsupported);
    assert_eq!(refused(Control::Flush { stream: 5 }), Refused::UnknownStream);
    bed.run_ms(1_000, &mut [&mut source]);
    bed.control(Control::Close { stream: 1 });
    assert_eq!(bed.engine.stats(1), None);
    let end = bed.heard.len();
    bed.run_ms(1_100, &mut []);
    let tail = channel(&bed.heard[end..], 0);
    assert!(level(&tail[..240]) > 0.01 && level(&tail[480..]) == 0.0, "a fade, then silence");
    assert_eq!(bed.reports.last().map(|r| r.1), Some(Report::Sounding(1, false)));
    // Opened anew over its own sound, twice.
    for _ in 0..2 {
        source = Source::pcm(1, 48_000, 0.0, 440.0, bed.now.as_nanos() / 1_000_000);
        bed.open(&source, 1.0);
        let until = bed.now.as_nanos() / 1_000_000 + 300;
        bed.run_ms(until, &mut [&mut source]);
    }
    bed.run_ms(2_000, &mut [&mut source]);
    bed.assert_no_click(440.0);
}
