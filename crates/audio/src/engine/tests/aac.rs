//! Streams of AAC: loops of ffmpeg's, in packets as phones send them.

use super::*;

/// A tone's pitch and peak.
const TONE: f64 = 44_100.0 * 82.0 / 8_192.0;
const MONO_TONE: f64 = 48_000.0 * 82.0 / 8_192.0;
const LOUD: f64 = 0.4 * 32_767.0;

const STEREO: &[u8] = include_bytes!("../../../../codec/tests/vectors/tone-441.adts");
const MONO: &[u8] = include_bytes!("../../../../codec/tests/vectors/tone-480-mono.adts");

/// The elements of a loop: a configuration that is known, a length, and the unit, one bit late.
fn elements(mut adts: &[u8]) -> Vec<Vec<u8>> {
    let mut elements = Vec::new();
    while let [_, _, _, a, b, c, _, ..] = adts {
        let length = usize::from(a & 3) << 11 | usize::from(*b) << 3 | usize::from(c >> 5);
        let (frame, rest) = adts.split_at(length);
        let unit = &frame[7..];
        let mut bytes = vec![255; unit.len() / 255];
        bytes.push((unit.len() % 255) as u8);
        bytes.extend(unit);
        let mut last = 1;
        let late = bytes.iter().chain(&[0]).map(|&byte| {
            let shifted = last << 7 | byte >> 1;
            last = byte;
            shifted
        });
        elements.push(late.collect());
        adts = rest;
    }
    elements
}

/// What becomes of an element on its way.
#[derive(Clone, Copy, PartialEq)]
enum On {
    Whole,
    /// In packets of so many bytes.
    Cut(usize),
    Lost,
    Damaged,
}

/// A phone that plays a loop.
struct Phone {
    elements: Vec<Vec<u8>>,
    rate: u32,
    sent: usize,
    sequence: u16,
}

impl Phone {
    fn new(adts: &[u8], rate: u32) -> Self {
        Phone { elements: elements(adts), rate, sent: 0, sequence: 0 }
    }

    fn due(&self) -> Instant {
        let samples = (self.sent as u64 + 1) * 1_024;
        Instant::from_nanos(samples * 1_000_000_000 / u64::from(self.rate))
    }

    fn play(&mut self, bed: &mut Bed, until_ms: u64, on: impl Fn(usize) -> On) {
        let rate = u64::from(bed.engine.rate());
        while bed.now < Instant::from_millis(until_ms) {
            bed.now =
                Instant::from_nanos((bed.engine.rendered() + TICK as u64) * 1_000_000_000 / rate);
            while self.due() <= bed.now {
                self.send(bed, on(self.sent));
                self.sent += 1;
            }
            let at = bed.heard.len();
            bed.heard.resize(at + 2 * TICK, 0);
            bed.engine.render(bed.now, &mut bed.heard[at..]);
        }
    }

    fn send(&mut self, bed: &mut Bed, on: On) {
        let mut element = self.elements[self.sent % self.elements.len()].clone();
        let largest = if let On::Cut(largest) = on { largest } else { element.len() };
        if on == On::Damaged {
            // A coupling channel, which AAC LC of two channels has not.
            element[3] = 0x20;
            element[2] &= 0xFE;
        }
        let count = element.len().div_ceil(largest);
        for (n, piece) in element.chunks(largest).enumerate() {
            self.sequence += 1;
            let mut frame = bed.arena.take().expect("a block");
            frame.append(piece).expect("room");
            frame.set_arrival(self.due());
            if on != On::Lost {
                let last = u8::from(n + 1 == count);
                bed.engine.media(bed.now, 1, &frame, last, self.sequence);
            }
        }
    }
}

fn open(bed: &mut Bed, codec: StreamCodec, rate: u32, channels: u8) -> Result<(), Refused> {
    let opened = bed.engine.control(bed.now, Control::Open { stream: 1, codec, rate, channels });
    if opened.is_ok() {
        bed.control(Control::Gain { stream: 1, gain: 1.0, fade_ms: 2 });
    }
    opened
}

/// No step is larger than the tone makes by so much, fades included.
fn no_click(bed: &Bed, tone: f64, margin: f64) {
    let fades = LOUD / f64::from(FADE_MS * RATE / 1000) * 1.6;
    for side in [0, 1] {
        let (step, at) = largest_step(&channel(&bed.heard, side));
        let most = steepest(tone, LOUD, RATE) * margin + fades;
        assert!(f64::from(step) < most, "a step of {step} at {at}, at most {most}");
    }
}

#[test]
fn a_tone_is_heard_clean_whatever_it_comes_in() {
    for (adts, rate, channels, tone) in
        [(STEREO, 44_100, 2, TONE), (MONO, 48_000, 1, MONO_TONE), (STEREO, 44_100, 2, TONE)]
    {
        for on in [On::Whole, On::Cut(150)] {
            let mut bed = Bed::new(Config::default());
            open(&mut bed, StreamCodec::Aac, rate, channels).expect("supported");
            Phone::new(adts, rate).play(&mut bed, 3_000, |_| on);
            no_click(&bed, tone, 1.05);
            let stats = bed.stats(1);
            let flawed = (stats.lost, stats.concealed, stats.underruns, stats.overruns);
            assert_eq!(flawed, (0, 0, 0, 0));
            for side in [0, 1] {
                let heard = channel(&bed.heard, side);
                let start = heard.iter().position(|s| s.unsigned_abs() > 100).expect("sound");
                assert!(gaps(&heard[start..], RATE, 100, 2).is_empty());
                let late = &heard[2 * RATE as usize..][..9_600];
                let snr = sine_snr(late, RATE, tone);
                assert!(snr > 60.0, "{snr} dB");
                let level = amplitude(late, RATE, tone) * 32_768.0 / LOUD;
                assert!((0.97..1.03).contains(&level), "{level}");
            }
        }
    }
}

#[test]
fn what_is_lost_or_damaged_is_concealed() {
    for on in [On::Lost, On::Damaged] {
        let mut bed = Bed::new(Config::default());
        open(&mut bed, StreamCodec::Aac, 44_100, 2).expect("supported");
        let at = |n: usize| if n % 20 == 19 { on } else { On::Whole };
        Phone::new(STEREO, 44_100).play(&mut bed, 3_000, at);
        let stats = bed.stats(1);
        // One in twenty of 129, each of them eight blocks.
        assert_eq!((stats.lost, stats.concealed), (6 * u64::from(on == On::Lost), 48));
        assert_eq!((stats.underruns, stats.overruns), (0, 0));
        // What is faded in lacks half of what it overlaps with.
        no_click(&bed, TONE, 1.3);
        // The repetition is a tone too, as far as it goes.
        let left = bed.left();
        assert_eq!(gaps(&left[RATE as usize / 2..], RATE, 100, 30), []);
        assert!(amplitude(&left[RATE as usize..], RATE, TONE) > 0.35);
    }
}

#[test]
fn a_slot_changes_its_codec() {
    let mut bed = Bed::new(Config { streams: 1, ..Config::default() });
    let pcm = |rate, starts| Source::pcm(1, rate, 0.0, TONE, starts);
    open(&mut bed, StreamCodec::Pcm, 44_100, 2).expect("supported");
    bed.run_ms(1_000, &mut [&mut pcm(44_100, 0)]);
    open(&mut bed, StreamCodec::Aac, 44_100, 2).expect("supported");
    let mut phone = Phone::new(STEREO, 44_100);
    phone.sent = 43;
    phone.play(&mut bed, 2_000, |_| On::Whole);
    open(&mut bed, StreamCodec::Aac, 48_000, 1).expect("supported");
    let mut mono = Phone::new(MONO, 48_000);
    mono.sent = 94;
    mono.play(&mut bed, 3_000, |_| On::Whole);
    open(&mut bed, StreamCodec::Pcm, 44_100, 2).expect("supported");
    bed.run_ms(4_000, &mut [&mut pcm(44_100, 3_000)]);
    no_click(&bed, MONO_TONE, 1.05);
    let heard = tones(&bed.left(), RATE, &[TONE, MONO_TONE], 20);
    let found: Vec<f64> = heard.iter().filter_map(|tone| tone.frequency).collect();
    assert_eq!(found, [TONE, TONE, MONO_TONE, TONE], "{heard:?}");
    assert_eq!(bed.stats(1).concealed, 0);
}

#[test]
fn what_aac_has_not_is_refused_and_changes_nothing() {
    let mut bed = Bed::new(Config::default());
    open(&mut bed, StreamCodec::Aac, 44_100, 2).expect("supported");
    let mut phone = Phone::new(STEREO, 44_100);
    phone.play(&mut bed, 1_000, |_| On::Whole);
    assert_eq!(open(&mut bed, StreamCodec::Aac, 40_000, 2), Err(Refused::Unsupported));
    phone.play(&mut bed, 2_000, |_| On::Whole);
    assert_eq!((bed.stats(1).concealed, bed.stats(1).underruns), (0, 0));
    assert!(gaps(&bed.left()[RATE as usize / 2..], RATE, 100, 2).is_empty());
}
