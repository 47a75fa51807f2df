//! The audio thread comes late, or while the radio thread is at it.

use std::sync::atomic::Ordering;

use wire::a2dp::{aac, sbc};

use super::*;

const A: StreamId = StreamId(0);
const B: StreamId = StreamId(MAX_LINKS as u8 - 1);

/// A stream of one rate or another.
fn configuration(sampling_frequency: sbc::SamplingFrequency) -> Configuration {
    Configuration::Sbc(sbc::Configuration {
        sampling_frequency,
        channel_mode: sbc::ChannelMode::JointStereo,
        block_length: sbc::BlockLength::Blocks16,
        subbands: sbc::Subbands::Subbands8,
        allocation_method: sbc::AllocationMethod::Loudness,
        bitpools: sbc::Bitpools::new(2, 53).expect("a legal range"),
    })
}

fn slow() -> StreamEffect {
    StreamEffect::Open(configuration(sbc::SamplingFrequency::Hz44100))
}

fn fast() -> StreamEffect {
    StreamEffect::Open(configuration(sbc::SamplingFrequency::Hz48000))
}

fn aac() -> StreamEffect {
    StreamEffect::Open(Configuration::Aac(aac::Configuration {
        object_type: aac::ObjectType::Mpeg2Lc,
        sampling_frequency: aac::SamplingFrequency::Hz48000,
        channels: aac::Channels::Mono,
        vbr: true,
        bit_rate: aac::BitRate::UNKNOWN,
    }))
}

fn changes(ear: &Ear, known: &mut Known) -> Vec<audio::Control> {
    let mut all = Vec::new();
    ear.changes(known, |control| all.push(control));
    all
}

fn opened(stream: StreamId, rate: u32) -> audio::Control {
    let codec = StreamCodec::Sbc;
    audio::Control::Open { stream: stream.0, codec, rate, channels: 2 }
}

fn gain(stream: StreamId, gain: f32) -> audio::Control {
    audio::Control::Gain { stream: stream.0, gain, fade_ms: FADE_MS }
}

#[test]
fn a_stream_may_come_back_in_another_codec() {
    let (ear, mut known) = (Ear::new().unwrap(), Known::default());
    let as_aac =
        audio::Control::Open { stream: A.0, codec: StreamCodec::Aac, rate: 48_000, channels: 1 };
    ear.stream(A, aac());
    assert_eq!(changes(&ear, &mut known), [as_aac]);
    assert_eq!(control(A, aac()), as_aac);
    ear.stream(A, StreamEffect::Close);
    ear.stream(A, slow());
    assert_eq!(changes(&ear, &mut known), [opened(A, 44_100)]);
    ear.stream(A, aac());
    assert_eq!(changes(&ear, &mut known), [as_aac]);
}

#[test]
fn changes_are_carried_out_once_and_in_order() {
    let (ear, mut known) = (Ear::new().unwrap(), Known::default());
    assert_eq!(changes(&ear, &mut known), []);
    ear.stream(A, slow());
    assert_eq!(changes(&ear, &mut known), [opened(A, 44_100)]);
    ear.stream(A, StreamEffect::Gain(1.0));
    assert_eq!(changes(&ear, &mut known), [gain(A, 1.0)]);
    ear.stream(A, StreamEffect::Flush);
    assert_eq!(changes(&ear, &mut known), [audio::Control::Flush { stream: A.0 }]);
    ear.stream(A, StreamEffect::Close);
    assert_eq!(changes(&ear, &mut known), [audio::Control::Close { stream: A.0 }]);
    ear.stream(A, StreamEffect::Gain(0.5));
    assert_eq!(changes(&ear, &mut known), [], "it is closed");
    ear.stream(A, slow());
    ear.stream(A, StreamEffect::Gain(1.0));
    assert_eq!(changes(&ear, &mut known), [opened(A, 44_100), gain(A, 1.0)]);
    ear.stream(A, fast());
    assert_eq!(changes(&ear, &mut known), [opened(A, 48_000)], "a new one begins unheard");
    assert_eq!(changes(&ear, &mut known), []);
}

#[test]
fn of_what_waits_for_the_audio_thread_the_latest_counts() {
    let (ear, mut known) = (Ear::new().unwrap(), Known::default());
    ear.stream(A, slow());
    changes(&ear, &mut known);
    for _ in 0..10_000 {
        ear.stream(B, slow());
        ear.stream(B, StreamEffect::Gain(0.5));
        ear.stream(A, StreamEffect::Gain(1.0));
        ear.stream(A, StreamEffect::Flush);
        ear.stream(B, StreamEffect::Flush);
        ear.stream(B, fast());
        ear.stream(B, StreamEffect::Gain(1.0));
    }
    ear.stream(A, StreamEffect::Close);
    let expected = [audio::Control::Close { stream: A.0 }, opened(B, 48_000), gain(B, 1.0)];
    assert_eq!(changes(&ear, &mut known), expected);
    for _ in 0..10_000 {
        ear.stream(A, slow());
        ear.stream(A, StreamEffect::Close);
        ear.stream(B, StreamEffect::Close);
        ear.stream(B, fast());
    }
    assert_eq!(changes(&ear, &mut known), [opened(B, 48_000)], "A came and went unseen");
}

#[test]
fn the_clock_starts_once() {
    let ear = Ear::new().unwrap();
    assert_eq!(ear.started(), None);
    ear.start(Instant::from_millis(5));
    ear.start(Instant::from_millis(9));
    assert_eq!(ear.started(), Some(Instant::from_millis(5)));
}

#[test]
fn no_stream_is_given_the_gain_of_the_next_one() {
    let (ear, mut known) = (Ear::new().unwrap(), Known::default());
    ear.stream(A, slow());
    let before = ear.links[0].state.load(Ordering::Relaxed);
    ear.stream(A, fast());
    ear.stream(A, StreamEffect::Gain(1.0));
    // As the audio thread may see it in between: of two words the later one.
    let after = ear.links[0].state.swap(before, Ordering::Relaxed);
    assert_eq!(changes(&ear, &mut known), [opened(A, 44_100)]);
    ear.links[0].state.store(after, Ordering::Relaxed);
    assert_eq!(changes(&ear, &mut known), [opened(A, 48_000), gain(A, 1.0)]);
}
