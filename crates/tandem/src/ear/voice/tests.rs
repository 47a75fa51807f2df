//! The audio thread comes late, or while the radio thread is at it.

use audio::{Control, VoiceCoding};
use pool::Arena;

use super::*;

const A: LinkId = LinkId(0);
const B: LinkId = LinkId(MAX_LINKS as u8 - 1);
const RATE: u32 = 16_000;

fn open(codec: VoiceCodec) -> VoiceEffect {
    VoiceEffect::Open { handle: 1, codec }
}

fn changes(voices: &Voices, known: &mut Known) -> Vec<Control> {
    let mut all = Vec::new();
    voices.changes(known, RATE, |control| all.push(control));
    all
}

fn opened(link: LinkId, coding: VoiceCoding) -> Control {
    Control::OpenVoice { link: link.0, coding, microphone_rate: RATE }
}

fn gain(link: LinkId, gain: f32) -> Control {
    Control::VoiceGain { link: link.0, gain, fade_ms: FADE_MS }
}

fn mute(link: LinkId, muted: bool) -> Control {
    Control::Mute { link: link.0, muted }
}

fn packet(arena: &Arena, link: LinkId, first: u8) -> stack::Voice {
    let mut frame = arena.take().expect("a block");
    frame.append(&[first; 60]).expect("room");
    stack::Voice { link, status: VoiceStatus::Correct, frame }
}

#[test]
fn changes_are_carried_out_once_and_in_order() {
    let (voices, mut known) = (Voices::new(), Known::default());
    assert_eq!(changes(&voices, &mut known), []);
    voices.link(A, open(VoiceCodec::Cvsd));
    voices.link(A, VoiceEffect::Gain(1.0));
    let expected = [opened(A, VoiceCoding::Cvsd), gain(A, 1.0)];
    assert_eq!(changes(&voices, &mut known), expected);
    voices.link(A, VoiceEffect::Mute(true));
    assert_eq!(changes(&voices, &mut known), [mute(A, true)]);
    // Another codec, as after a call that moved: the same words again, for it begins unheard and unmuted.
    voices.link(A, VoiceEffect::Close);
    voices.link(A, open(VoiceCodec::Msbc));
    let expected = [opened(A, VoiceCoding::Msbc), mute(A, true)];
    assert_eq!(changes(&voices, &mut known), expected);
    voices.link(A, VoiceEffect::Close);
    assert_eq!(changes(&voices, &mut known), [Control::CloseVoice { link: A.0 }]);
    voices.link(A, VoiceEffect::Mute(false));
    voices.link(A, open(VoiceCodec::Msbc));
    assert_eq!(changes(&voices, &mut known), [opened(A, VoiceCoding::Msbc)]);
    assert_eq!(changes(&voices, &mut known), []);
}

#[test]
fn of_what_waits_for_the_audio_thread_the_latest_counts() {
    let (voices, mut known) = (Voices::new(), Known::default());
    voices.link(A, open(VoiceCodec::Cvsd));
    changes(&voices, &mut known);
    for n in 0..10_001u16 {
        voices.link(B, open(VoiceCodec::Msbc));
        voices.link(B, VoiceEffect::Gain(f32::from(n)));
        voices.link(B, VoiceEffect::Close);
        voices.link(B, open(VoiceCodec::Cvsd));
        voices.link(B, VoiceEffect::Gain(0.5));
        voices.sound([Tone::Ring, Tone::Waiting][usize::from(n % 2)]);
    }
    voices.link(A, VoiceEffect::Close);
    let expected = [Control::CloseVoice { link: A.0 }, opened(B, VoiceCoding::Cvsd), gain(B, 0.5)];
    assert_eq!(changes(&voices, &mut known), expected);
    assert_eq!(voices.tone(&mut known), Some(audio::Tone::Ring));
    assert_eq!(voices.tone(&mut known), None);
    voices.sound(Tone::None);
    assert_eq!(voices.tone(&mut known), Some(audio::Tone::None));
}

#[test]
fn packets_of_another_opening_are_not_taken() {
    let (voices, mut known) = (Voices::new(), Known::default());
    let arena = Arena::new(8, 256);
    assert_eq!(voices.hear(packet(&arena, A, 0)), 1, "it is closed");
    voices.link(A, open(VoiceCodec::Cvsd));
    changes(&voices, &mut known);
    assert_eq!(voices.hear(packet(&arena, A, 1)), 0);
    let (line, _) = known.open().next().expect("open");
    let reply = || Reply { line, payload: packet(&arena, A, 2).frame };
    voices.replies.force_push(reply());
    assert!(voices.reply().is_some());
    voices.replies.force_push(reply());
    voices.link(A, VoiceEffect::Close);
    assert!(voices.reply().is_none(), "the phone is gone");
    voices.replies.force_push(reply());
    voices.link(A, open(VoiceCodec::Msbc));
    assert!(voices.reply().is_none(), "this is not its coding");
    changes(&voices, &mut known);
    let late = voices.spoken.pop().expect("it waits");
    assert_eq!(known.coding(late.line), None, "nor this");
    assert_eq!(arena.blocks() - arena.free(), 1, "the one in hand");
}

#[test]
fn when_the_ear_lags_the_oldest_goes() {
    let voices = Voices::new();
    let arena = Arena::new(2 * TO_EAR, 256);
    voices.link(B, open(VoiceCodec::Msbc));
    let dropped: usize = (0..TO_EAR as u8 + 5).map(|n| voices.hear(packet(&arena, B, n))).sum();
    assert_eq!(dropped, 5);
    assert_eq!(voices.spoken.pop().expect("the oldest left").payload[0], 5);
}

#[test]
fn words_carry_all_there_is() {
    for codec in [None, Some(VoiceCodec::Cvsd), Some(VoiceCodec::Msbc)] {
        for (opening, muted, gain) in [(0, false, 0.0), (u16::MAX, true, 0.25), (258, false, 1.0)] {
            let state = State { opening, codec, muted, gain };
            assert_eq!(State::from_word(state.word()), state);
        }
    }
}

#[test]
fn what_is_damaged_depends_on_the_coding() {
    use VoiceCoding::{Cvsd, Msbc};
    use VoiceStatus::{Correct, NoData, PartiallyLost, PossiblyInvalid};
    let damaged = |coding| {
        [Correct, PossiblyInvalid, NoData, PartiallyLost].map(|status| is_damaged(status, coding))
    };
    assert_eq!(damaged(Cvsd), [false, false, true, true]);
    assert_eq!(damaged(Msbc), [false, true, true, true]);
}
