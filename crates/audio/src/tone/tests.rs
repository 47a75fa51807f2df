//! Tones by themselves, through the engine.

use pool::Instant;

use super::*;
use crate::analysis::{Tone as Heard, amplitude, channel, gaps, largest_step, steepest, tones};
use crate::engine::{Config, Control, Engine};
use crate::voice::VoiceCoding;

const RATE: u32 = 48_000;

fn engine() -> Engine {
    Engine::new(Config { rate: RATE, ..Config::default() })
}

/// What is heard in so many milliseconds, rendered as a sink at 48 kHz asks for it.
fn hear(engine: &mut Engine, ms: u64) -> Vec<i16> {
    let mut heard = Vec::new();
    for _ in 0..ms {
        let mut out = [0; 2 * 48];
        let frame = engine.rendered() + 48;
        engine.render(Instant::from_nanos(frame * 1_000_000_000 / u64::from(RATE)), &mut out);
        heard.extend(channel(&out, 0));
    }
    heard
}

fn sound(engine: &mut Engine, tone: Tone) {
    engine.control(Instant::ZERO, Control::Tone(tone)).expect("always");
}

/// Where nothing is heard for 100 ms and more, in tenths of a second.
fn pauses(heard: &[i16]) -> Vec<[usize; 2]> {
    let tenth = RATE as usize / 10;
    let round = |at: usize| (at + tenth / 2) / tenth;
    gaps(heard, RATE, 20, 100).iter().map(|gap| [round(gap.start), round(gap.end)]).collect()
}

#[test]
fn the_ring_has_its_cadence_and_no_clicks() {
    let mut engine = engine();
    assert_eq!(hear(&mut engine, 500), vec![0; 24_000], "nothing rings");
    sound(&mut engine, Tone::Ring);
    let heard = hear(&mut engine, 6_000);
    assert_eq!(pauses(&heard), [[4, 6], [10, 30], [34, 36], [40, 60]]);
    for hertz in [400.0, 450.0] {
        let part = amplitude(&heard[2_400..16_800], RATE, hertz);
        assert!((part - 0.177).abs() < 0.01, "{hertz} Hz: {part}");
    }
    let step = f64::from(largest_step(&heard).0);
    assert!(step < 2.0 * steepest(450.0, f64::from(RING_PEAK), RATE) + 2.0, "a click of {step}");
}

#[test]
fn the_waiting_tone_is_a_quiet_beep_every_three_seconds() {
    let mut engine = engine();
    sound(&mut engine, Tone::Waiting);
    let heard = hear(&mut engine, 6_000);
    assert_eq!(pauses(&heard), [[2, 30], [32, 60]]);
    let beep = amplitude(&heard[960..8_640], RATE, 425.0);
    assert!((beep - 0.1).abs() < 0.005, "{beep}");
}

#[test]
fn the_waiting_tone_is_as_soft_as_the_voice_that_it_lies_over() {
    let mut engine = engine();
    let open = |link| Control::OpenVoice { link, coding: VoiceCoding::Cvsd, microphone_rate: RATE };
    let voice = |link, gain| Control::VoiceGain { link, gain, fade_ms: 10 };
    for control in [open(0), open(1), voice(0, 0.25), voice(1, 0.0), Control::Tone(Tone::Waiting)] {
        engine.control(Instant::ZERO, control).expect("room for two");
    }
    // Turned up while it sounds, never louder than by itself, and not down with the end of the voice.
    for (control, level) in [
        (None, 0.025),
        (Some(voice(0, 1.0)), 0.1),
        (Some(voice(0, 4.0)), 0.1),
        (Some(voice(0, 0.0)), 0.1),
    ] {
        control.into_iter().for_each(|c| engine.control(Instant::ZERO, c).expect("open"));
        let heard = hear(&mut engine, 3_000);
        let beep = amplitude(&heard[960..8_640], RATE, 425.0);
        assert!((beep - level).abs() < 0.05 * level, "{control:?}: {beep}");
    }
}

#[test]
fn what_is_over_is_silent_within_ten_milliseconds_and_begins_anew() {
    let mut engine = engine();
    for (tone, ms) in [(Tone::Ring, 200), (Tone::Waiting, 3_100)] {
        sound(&mut engine, tone);
        let before = hear(&mut engine, ms);
        sound(&mut engine, Tone::None);
        let after = hear(&mut engine, 1_000);
        assert!(after[..48].iter().any(|&sample| sample != 0), "{tone:?} is cut off");
        assert!(after[480..].iter().all(|&sample| sample == 0), "{tone:?} sounds on");
        let both = [before, after].concat();
        let step = f64::from(largest_step(&both).0);
        assert!(step < 2.0 * steepest(450.0, f64::from(RING_PEAK), RATE) + 2.0, "{step}");
    }
    sound(&mut engine, Tone::Ring);
    assert_eq!(pauses(&hear(&mut engine, 3_000)), [[4, 6], [10, 30]], "from the beginning");
    // It rings on however often that is said; the other one takes its place.
    sound(&mut engine, Tone::Ring);
    hear(&mut engine, 100);
    sound(&mut engine, Tone::Waiting);
    assert_eq!(pauses(&hear(&mut engine, 3_000)), [[2, 30]]);
}

#[test]
fn files_take_the_place_of_tones() {
    let half_a_second = |hertz: f64, rate: u32| Sound {
        samples: channel(&crate::analysis::sine(hertz, 8_000.0, rate, 0, rate as usize / 2), 0)
            .into(),
        rate,
    };
    let mut engine = engine();
    engine.replace_tone(Tone::Ring, half_a_second(660.0, 44_100));
    engine.replace_tone(Tone::Waiting, half_a_second(880.0, 8_000));
    sound(&mut engine, Tone::Ring);
    let heard = hear(&mut engine, 4_000);
    assert_eq!(pauses(&heard), Vec::<[usize; 2]>::new(), "again and again");
    let ring = tones(&heard, RATE, &[660.0, 880.0], 100);
    assert!(matches!(ring[..], [Heard { frequency: Some(660.0), .. }]), "{ring:?}");
    sound(&mut engine, Tone::Waiting);
    let heard = hear(&mut engine, 6_000);
    assert_eq!(pauses(&heard), [[5, 30], [35, 60]]);
    assert!((amplitude(&heard[2_400..21_600], RATE, 880.0) - 0.244).abs() < 0.01);
}
