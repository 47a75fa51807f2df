//! The audio thread's side and the reader's, by turns.

use std::sync::atomic::Ordering;

use host::{LinkId, StreamId};

use super::*;
use crate::config::Config;
use crate::ear::Known;
use crate::shared::Report;
use crate::status::Status;

const ANNA: Address = Address([1; 6]);
const BEN: Address = Address([2; 6]);

/// A receiver without threads, and its audio thread's list.
fn receiver() -> (Handle, Taps) {
    let shared = Shared::new(Config::default(), Status::default()).expect("it starts");
    (Handle(Arc::new(shared)), Taps::default())
}

fn opened(handle: &Handle, taps: &mut Taps, kind: AudioKind, rate: u32, channels: u8) -> Audio {
    let audio = handle.audio(kind, None, rate, channels).expect("it opens");
    taps.look(&handle.0);
    audio
}

/// Frames whose samples say which ones they are.
fn frames(from: usize, count: usize) -> Vec<i16> {
    (from..from + count).flat_map(|n| [n as i16, (n as i16).wrapping_neg()]).collect()
}

#[test]
fn the_mix_is_read_as_it_was_rendered() {
    let (handle, mut taps) = receiver();
    let mut audio = opened(&handle, &mut taps, AudioKind::Mix, 48_000, 2);
    let mut out = [0; 2 * 700];
    assert_eq!(audio.read(&mut out), Heard::default());
    taps.mix(48_000, &frames(1, 480));
    taps.mix(48_000, &frames(481, 100));
    assert_eq!(audio.read(&mut out[..2 * 50]), Heard { frames: 50, lost: 0 });
    assert_eq!(out[..100], frames(1, 50));
    assert_eq!(audio.read(&mut out), Heard { frames: 530, lost: 0 });
    assert_eq!(out[..1_060], frames(51, 530));
    let mut mono = opened(&handle, &mut taps, AudioKind::Mix, 48_000, 1);
    taps.mix(48_000, &[100, 200, -3, -5]);
    assert_eq!(mono.read(&mut out).frames, 2);
    assert_eq!(out[..2], [150, -4]);
}

#[test]
fn a_slow_reader_is_told_what_it_lost_before_what_comes_after() {
    let (handle, mut taps) = receiver();
    let mut audio = opened(&handle, &mut taps, AudioKind::Mix, 24_000, 2);
    let second = frames(0, 48_000);
    taps.mix(48_000, &second[..2 * 128]);
    let mut out = [0; 2 * 64];
    let first = audio.read(&mut out[..2 * 10]);
    assert_eq!(first, Heard { frames: 10, lost: 0 });
    second.chunks(2 * 480).for_each(|block| taps.mix(48_000, block));
    // What it has begun comes first; then what is missing is told, once, then what was kept.
    let mut out = vec![0; 2 * 48_000];
    let begun = audio.read(&mut out);
    assert!(begun.lost == 0 && begun.frames < 64, "{begun:?}");
    let rest = audio.read(&mut out);
    let kept = rest.frames as u64;
    assert!((rest.lost + kept).abs_diff(24_000) < 40, "{rest:?}");
    assert!(kept > u64::from(HELD_MS) * 24 * 9 / 10, "{rest:?}");
    taps.mix(48_000, &second[..2 * 480]);
    assert_eq!(audio.read(&mut out), Heard { frames: 240, lost: 0 });
}

#[test]
fn its_descriptor_is_readable_while_there_is_something_to_read() {
    let (handle, mut taps) = receiver();
    let mut audio = opened(&handle, &mut taps, AudioKind::Mix, 48_000, 2);
    let mut out = [0; 2 * 480];
    assert!(!audio.wait(Duration::ZERO));
    for _ in 0..3 {
        taps.mix(48_000, &frames(0, 480));
        assert!(audio.wait(Duration::ZERO));
        assert_eq!(audio.read(&mut out).frames, 480);
        assert_eq!(audio.read(&mut out).frames, 0);
        assert!(!audio.wait(Duration::ZERO));
    }
    assert!(!audio.is_closed());
    taps.mix(48_000, &frames(0, 480));
    drop(taps);
    assert!(audio.is_closed() && audio.wait(Duration::ZERO));
    assert_eq!(audio.read(&mut out).frames, 480, "what came before the end");
    assert_eq!(audio.read(&mut out).frames, 0);
    assert!(audio.wait(Duration::ZERO), "it stays so");
}

#[test]
fn media_is_of_one_phone_or_of_the_one_that_is_heard() {
    let (handle, mut taps) = receiver();
    for (link, phone) in [(0, ANNA), (1, BEN)] {
        handle.0.switchboard.connect(LinkId(link), Some(phone));
    }
    let mut any = handle.audio(AudioKind::Media, None, 44_100, 2).expect("it opens");
    let mut ben = handle.audio(AudioKind::Media, Some(BEN), 44_100, 2).expect("it opens");
    let mut voice = handle.audio(AudioKind::Voice, Some(ANNA), 16_000, 1).expect("it opens");
    taps.look(&handle.0);
    let known = Known::heard(StreamId(0));
    for (stream, sample) in [(0, 5), (1, 7)] {
        taps.media(StreamId(stream), &known, 44_100, &[[sample; 2]; 128]);
    }
    taps.voice(LinkId(0), 16_000, &[3; 120]);
    taps.voice(LinkId(1), 16_000, &[4; 120]);
    let mut out = [0; 2 * 300];
    assert_eq!(any.read(&mut out), Heard { frames: 128, lost: 0 });
    assert_eq!(out[..256], [5; 256]);
    assert_eq!(ben.read(&mut out), Heard { frames: 128, lost: 0 });
    assert_eq!(out[..256], [7; 256]);
    assert_eq!(voice.read(&mut out), Heard { frames: 120, lost: 0 });
    assert_eq!(out[..120], [3; 120]);
    // Nobody is heard, and Ben's next stream is on another link.
    handle.0.switchboard.connect(LinkId(1), Some(ANNA));
    taps.look(&handle.0);
    taps.media(StreamId(1), &Known::default(), 44_100, &[[9; 2]; 128]);
    assert_eq!((any.read(&mut out).frames, ben.read(&mut out).frames), (0, 0));
}

#[test]
fn a_stream_of_another_rate_goes_on_at_the_readers() {
    let (handle, mut taps) = receiver();
    let mut audio = opened(&handle, &mut taps, AudioKind::Media, 48_000, 2);
    let known = Known::heard(StreamId(0));
    let mut out = vec![0; 2 * 96_000];
    let mut made = 0;
    for rate in [44_100, 16_000, 48_000] {
        for _ in 0..rate / 100 {
            taps.media(StreamId(0), &known, rate, &[[1_000; 2]; 100]);
            made += audio.read(&mut out[2 * made..]).frames;
        }
    }
    let expected = 3 * 48_000;
    assert!(made == 96_000 || made.abs_diff(expected) < 200, "{made}");
    assert!(out[2_000..].iter().filter(|&&s| (990..=1_010).contains(&s)).count() > 180_000);
}

#[test]
fn what_cannot_be_is_refused_and_places_come_back() {
    let (handle, mut taps) = receiver();
    let open = |kind, phone, rate, channels| handle.audio(kind, phone, rate, channels).map(drop);
    for (kind, phone, rate, channels) in [
        (AudioKind::Mix, None, 7_999, 2),
        (AudioKind::Mix, None, 48_001, 2),
        (AudioKind::Mix, None, 48_000, 0),
        (AudioKind::Voice, None, 48_000, 3),
        (AudioKind::Mix, Some(ANNA), 48_000, 2),
    ] {
        assert_eq!(open(kind, phone, rate, channels), Err(Refusal::BadValue), "{rate} {channels}");
    }
    for round in 0..3 {
        let mut all: Vec<_> = (0..MAX_AUDIO)
            .map(|_| handle.audio(AudioKind::Media, Some(BEN), 8_000, 1).expect("it opens"))
            .collect();
        assert_eq!(open(AudioKind::Mix, None, 48_000, 2), Err(Refusal::Busy));
        taps.look(&handle.0);
        drop(all.pop());
        // At once, though the audio thread knows of neither.
        assert_eq!(open(AudioKind::Mix, None, 48_000, 2), Ok(()), "round {round}");
        let mut last = handle.audio(AudioKind::Mix, None, 48_000, 2).expect("it opens");
        drop(all);
        taps.look(&handle.0);
        taps.mix(48_000, &[1, 2]);
        assert_eq!(last.read(&mut [0; 2]).frames, 1, "it was taken in behind one that was closed");
        drop(last);
        taps.look(&handle.0);
        assert!(taps.is_empty());
    }
    let mut given_back = 0;
    while let Some(report) = handle.0.reports.pop() {
        let Report::Closed(tap) = report else { panic!("{report:?}") };
        assert_eq!(Arc::strong_count(&tap), 1, "the control thread is the last that has it");
        given_back += 1;
    }
    assert_eq!(given_back, 3 * (MAX_AUDIO + 2));
    handle.0.quit();
    assert_eq!(open(AudioKind::Mix, None, 48_000, 2), Err(Refusal::ControllerLost));
}

#[test]
fn what_is_written_has_room_for_a_quarter_of_a_second() {
    let (handle, mut taps) = receiver();
    let mut mix = opened(&handle, &mut taps, AudioKind::Mix, 48_000, 2);
    assert_eq!(mix.write(&[0; 96]), Said::default());
    assert!(taps.written().is_none());
    for (rate, channels) in [(16_000, 1), (48_000, 2), (8_000, 1), (44_100, 1)] {
        let (handle, mut taps) = receiver();
        handle.0.switchboard.microphone_rate.store(16_000, Ordering::Relaxed);
        let mut audio = opened(&handle, &mut taps, AudioKind::Voice, rate, channels);
        assert!(taps.written().is_none(), "who only reads leaves the microphone as it was");
        let second = vec![5; rate as usize * usize::from(channels)];
        let said = audio.write(&second);
        let ms = said.frames as u32 * 1_000 / rate;
        assert!((100..300).contains(&ms), "{ms} ms at {rate}");
        assert_eq!(audio.write(&second), Said::default());
        taps.written().expect("it is active").discard();
        assert!(audio.write(&second).frames > 0);
    }
}
