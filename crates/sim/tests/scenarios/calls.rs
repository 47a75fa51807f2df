//! Rows 1 to 7: a call on one phone, music on the other.

use core::time::Duration;

use host::{
    AnswerHow, CallState, Command, Event, OrderKind, Refusal, Settings, SourceKind, Tone, VoiceTo,
};
use pool::Instant;
use tandem_sim::{Act, Audio, Manners, PhoneOptions};
use wire::avrcp::PlayStatus;
use wire::hfp::CallStatus;

use crate::receiver::{Receiver, phone};
use crate::{ANNA, BEN, mannered, phones, silent_ring, two};

const ANSWER: Command = Command::Answer { how: AnswerHow::Default, phone: None, index: None };
const REJECT: Command = Command::Reject { phone: None, index: None };
const HANG_UP: Command = Command::HangUp { phone: None, index: None };

/// Anna's phone rings while Ben's plays. Gives when it began to ring.
pub fn rings_over_music(mut receiver: Receiver) -> (Receiver, Instant) {
    receiver.act(BEN, Act::Play(660));
    receiver.run_for(2.0);
    assert_eq!(receiver.hears_as(), [(BEN, SourceKind::Media)]);
    let rings = receiver.now();
    receiver.act(ANNA, Act::Ring("0123", "Zoe"));
    receiver.run_for(1.0);
    (receiver, rings)
}

fn press(receiver: &mut Receiver, command: Command) -> Result<(), Refusal> {
    let ticket = receiver.command(command);
    receiver.run_for(1.0);
    receiver.result(ticket).expect("it ends")
}

fn status(receiver: &Receiver, n: usize) -> PlayStatus {
    receiver.world.phone(n).player().expect("a player").status()
}

#[test]
fn row_01_a_ring_silences_the_others_music_at_once_and_has_it_paused() {
    let (receiver, rings) = rings_over_music(two());
    let silent = receiver.heard().into_iter().find(|(at, _)| *at >= rings).expect("a change");
    assert_eq!(silent.1, [ANNA]);
    let after = silent.0.since(rings);
    assert!(after < Duration::from_millis(30), "{after:?}");
    assert_eq!(receiver.ordered(BEN, OrderKind::Pause), 1);
    assert_eq!(status(&receiver, BEN), PlayStatus::Paused);
    assert!(receiver.gains.iter().all(|(_, gain)| *gain == 0.0), "{:?}", receiver.gains);
    // In-band: the ring is Anna's own.
    assert_eq!(receiver.hears_as(), [(ANNA, SourceKind::Ring)]);
    assert_eq!((receiver.speaks_with(), receiver.tone()), (Some(ANNA), Tone::None));
    let caller = |event: &Event| {
        matches!(event, Event::Call { phone: who, state: CallState::Incoming, number, name, .. }
            if *who == phone(ANNA) && number == "0123" && name == "Zoe")
    };
    assert!(receiver.count(caller) >= 1, "{:#?}", receiver.told);
}

#[test]
fn row_01_a_phone_that_does_not_ring_in_band_gets_a_tone_of_ours() {
    let (mut receiver, _) = rings_over_music(phones(&[silent_ring(), PhoneOptions::default()]));
    assert_eq!((receiver.tone(), receiver.speaks_with()), (Tone::Ring, None));
    assert_eq!(receiver.hears_as(), [(ANNA, SourceKind::Ring)]);
    assert_eq!(press(&mut receiver, ANSWER), Ok(()));
    assert_eq!((receiver.tone(), receiver.speaks_with()), (Tone::None, Some(ANNA)));
}

#[test]
fn row_02_a_call_answered_here_has_the_one_voice_link() {
    let (mut receiver, _) = rings_over_music(two());
    assert_eq!(press(&mut receiver, ANSWER), Ok(()));
    assert_eq!(receiver.calls(ANNA), [CallState::Active]);
    assert_eq!(receiver.hears_as(), [(ANNA, SourceKind::Call)]);
    receiver.run_for(5.0);
    assert_eq!(receiver.speaks_with(), Some(ANNA));
    assert_eq!(receiver.world.phone(ANNA).heard().and_then(|heard| heard.tone()), Some(1000));
    assert_eq!(status(&receiver, BEN), PlayStatus::Paused);
    assert_eq!(receiver.complaints(), []);
}

#[test]
fn row_02_a_call_answered_on_the_phone_with_the_audio_there_stays_there() {
    let (mut receiver, _) = rings_over_music(two());
    receiver.act(ANNA, Act::Answer(Audio::Phone));
    receiver.run_for(20.0);
    assert_eq!(receiver.calls(ANNA), [CallState::Active]);
    assert!(receiver.line.is_none());
    // The claim stands: Ben stays paused.
    assert!(!receiver.hears().contains(&BEN));
    assert_eq!(
        (receiver.ordered(BEN, OrderKind::Play), receiver.ordered(ANNA, OrderKind::OpenVoice)),
        (0, 1),
        "{:?}",
        receiver.orders(ANNA)
    );
    let here = Command::Voice { to: VoiceTo::Receiver, phone: None };
    assert_eq!(press(&mut receiver, here), Ok(()));
    assert_eq!(receiver.speaks_with(), Some(ANNA));
    let there = Command::Voice { to: VoiceTo::Phone, phone: None };
    assert_eq!(press(&mut receiver, there), Ok(()));
    assert!(receiver.line.is_none());
    assert_eq!(receiver.calls(ANNA), [CallState::Active]);
}

#[test]
fn row_02_a_call_answered_on_the_phone_with_the_audio_here_is_heard_here() {
    let (mut receiver, _) = rings_over_music(phones(&[silent_ring(), PhoneOptions::default()]));
    let answered = receiver.now();
    receiver.act(ANNA, Act::Answer(Audio::Receiver));
    receiver.run_for(1.0);
    assert_eq!(receiver.speaks_with(), Some(ANNA));
    let opened = receiver.when(answered, |event| matches!(event, Event::Voice { open: true, .. }));
    let after = opened.expect("a voice link").since(answered);
    // The phone's own 50 ms, and what the air takes.
    assert!(after < Duration::from_millis(120), "{after:?}");
}

#[test]
fn row_03_after_a_call_that_is_rejected_or_missed_the_music_is_heard_again() {
    for reject in [true, false] {
        let (mut receiver, _) = rings_over_music(two());
        receiver.run_for(8.0);
        assert_eq!(status(&receiver, BEN), PlayStatus::Paused);
        if reject {
            assert_eq!(press(&mut receiver, REJECT), Ok(()));
        } else {
            receiver.act(ANNA, Act::TheyHangUp);
            receiver.run_for(1.0);
        }
        assert!(receiver.world.phone(ANNA).calls().is_empty());
        receiver.run_for(1.0);
        assert_eq!(receiver.hears_as(), [(BEN, SourceKind::Media)], "{reject}");
        assert_eq!(receiver.ordered(BEN, OrderKind::Play), 1, "{reject}");
        assert!(receiver.line.is_none());
    }
}

#[test]
fn row_04_an_outgoing_call_is_heard_from_dialling() {
    let mut receiver = two();
    receiver.act(BEN, Act::Play(660));
    receiver.run_for(2.0);
    let dialled = receiver.now();
    receiver.act(ANNA, Act::Dial("0456"));
    receiver.run_for(0.3);
    let (at, who) = receiver.heard().into_iter().find(|(at, _)| *at >= dialled).expect("a change");
    assert!(!who.contains(&BEN));
    let after = at.since(dialled);
    assert!(after < Duration::from_millis(30), "{after:?}");
    assert_eq!(receiver.calls(ANNA), [CallState::Outgoing]);
    receiver.run_for(1.0);
    assert_eq!(receiver.world.phone(ANNA).calls()[0].status, CallStatus::Alerting);
    assert_eq!(receiver.speaks_with(), Some(ANNA));
    receiver.act(ANNA, Act::TheyAnswer);
    receiver.run_for(1.0);
    assert_eq!(receiver.hears_as(), [(ANNA, SourceKind::Call)]);
    assert_eq!(press(&mut receiver, HANG_UP), Ok(()));
    receiver.run_for(1.0);
    assert_eq!(receiver.hears_as(), [(BEN, SourceKind::Media)]);
}

#[test]
fn row_05_who_was_paused_plays_again_half_a_second_after_the_call() {
    let (mut receiver, _) = rings_over_music(two());
    assert_eq!(press(&mut receiver, ANSWER), Ok(()));
    receiver.run_for(30.0);
    let before = receiver.now();
    receiver.act(ANNA, Act::TheyHangUp);
    receiver.run_for(2.0);
    let ended =
        receiver.when(before, |event| matches!(event, Event::Call { state: CallState::Ended, .. }));
    let order = receiver.orders(BEN).into_iter().find(|(_, order)| *order == OrderKind::Play);
    let waits = order.expect("an order").0.since(ended.expect("it ended"));
    assert!((480..=520).contains(&waits.as_millis()), "{waits:?}");
    receiver.run_for(20.0);
    assert_eq!(receiver.ordered(BEN, OrderKind::Play), 1);
    assert_eq!(receiver.hears_as(), [(BEN, SourceKind::Media)]);
}

#[test]
fn row_05_nobody_is_resumed_whom_we_did_not_pause() {
    // Its owner paused it before the call; nothing is resumed.
    let mut receiver = two();
    receiver.act(BEN, Act::Play(660));
    receiver.run_for(2.0);
    receiver.act(BEN, Act::Pause);
    receiver.run_for(1.0);
    receiver.act(ANNA, Act::Ring("0123", "Zoe"));
    receiver.run_for(1.0);
    receiver.act(ANNA, Act::TheyHangUp);
    receiver.run_for(5.0);
    assert_eq!(receiver.orders(BEN), []);
    assert_eq!(receiver.hears(), Vec::<usize>::new());
}

#[test]
fn row_05_resuming_can_be_turned_off_and_is_forgotten_after_ten_minutes() {
    let policy = multipoint::Policy { resume: false, ..multipoint::Policy::default() };
    let never = Settings { policy, ..Settings::default() };
    for (settings, talks) in [(never, 5.0), (Settings::default(), 601.0)] {
        let both = [PhoneOptions::default(), PhoneOptions::default()];
        let (mut receiver, _) = rings_over_music(Receiver::of(settings, &both).connect(2));
        receiver.act(ANNA, Act::Answer(Audio::Phone));
        receiver.run_for(talks);
        receiver.act(ANNA, Act::TheyHangUp);
        receiver.run_for(5.0);
        assert_eq!(receiver.ordered(BEN, OrderKind::Play), 0, "{talks}");
        assert_eq!(status(&receiver, BEN), PlayStatus::Paused);
    }
}

#[test]
fn row_05_a_phone_with_music_and_call_of_its_own_is_ordered_nothing() {
    let mut receiver = two();
    receiver.act(ANNA, Act::Play(440));
    receiver.run_for(2.0);
    receiver.act(ANNA, Act::Ring("0123", "Zoe"));
    receiver.run_for(1.0);
    assert_eq!(press(&mut receiver, ANSWER), Ok(()));
    receiver.run_for(2.0);
    receiver.act(ANNA, Act::TheyHangUp);
    receiver.run_for(3.0);
    assert_eq!(receiver.hears_as(), [(ANNA, SourceKind::Media)]);
    let keys = [OrderKind::Pause, OrderKind::Play];
    assert_eq!(keys.map(|key| receiver.ordered(ANNA, key)), [0, 0]);
}

#[test]
fn row_05_a_phone_that_leaves_during_the_call_is_not_resumed() {
    let (mut receiver, _) = rings_over_music(two());
    receiver.act(BEN, Act::Disconnect);
    receiver.run_for(2.0);
    receiver.act(BEN, Act::Connect);
    receiver.run_for(5.0);
    receiver.act(ANNA, Act::TheyHangUp);
    receiver.run_for(5.0);
    assert_eq!(receiver.ordered(BEN, OrderKind::Play), 0, "{:?}", receiver.orders(BEN));
}

#[test]
fn row_06_a_phone_that_does_not_pause_stays_muted_and_is_told_no_more() {
    let rude = mannered(Manners { ignores_pause: true, ..Manners::default() });
    let (mut receiver, _) = rings_over_music(phones(&[PhoneOptions::default(), rude]));
    receiver.run_for(20.0);
    assert_eq!(receiver.ordered(BEN, OrderKind::Pause), 1);
    assert!(receiver.world.phone(BEN).is_playing());
    assert!(receiver.gains.iter().all(|(_, gain)| *gain == 0.0), "{:?}", receiver.gains);
    receiver.act(ANNA, Act::TheyHangUp);
    receiver.run_for(5.0);
    // It plays still: it needs no order to be heard.
    assert_eq!(receiver.hears_as(), [(BEN, SourceKind::Media)]);
    assert_eq!(receiver.ordered(BEN, OrderKind::Play), 0);
}

#[test]
fn row_06_a_phone_that_toggles_on_pause_is_told_only_while_it_plays() {
    let toggles = mannered(Manners { toggles_on_pause: true, ..Manners::default() });
    let (mut receiver, _) = rings_over_music(phones(&[PhoneOptions::default(), toggles]));
    receiver.run_for(20.0);
    assert_eq!(receiver.ordered(BEN, OrderKind::Pause), 1);
    assert_eq!(status(&receiver, BEN), PlayStatus::Paused);
}

#[test]
fn row_06_a_stream_that_stays_open_for_seconds_is_paused_all_the_same() {
    for sends_silence in [false, true] {
        let suspends_after = Duration::from_secs(5);
        let slow = Manners { suspends_after, sends_silence, ..Manners::default() };
        let (mut receiver, _) =
            rings_over_music(phones(&[PhoneOptions::default(), mannered(slow)]));
        receiver.run_for(20.0);
        assert_eq!(receiver.ordered(BEN, OrderKind::Pause), 1);
        receiver.act(ANNA, Act::TheyHangUp);
        receiver.run_for(2.0);
        assert_eq!(receiver.ordered(BEN, OrderKind::Play), 1);
        assert_eq!(receiver.hears_as(), [(BEN, SourceKind::Media)]);
    }
}

#[test]
fn row_07_play_during_a_call_is_not_heard_and_resumed_only_if_it_was_before() {
    for before in [false, true] {
        let mut receiver = two();
        if before {
            receiver.act(BEN, Act::Play(660));
        }
        receiver.run_for(3.0);
        receiver.act(ANNA, Act::Ring("0123", "Zoe"));
        receiver.run_for(1.0);
        assert_eq!(press(&mut receiver, ANSWER), Ok(()));
        let paused = receiver.ordered(BEN, OrderKind::Pause);
        receiver.act(BEN, Act::Play(660));
        receiver.run_for(4.0);
        assert_eq!(receiver.hears(), [ANNA], "{before}");
        assert_eq!(receiver.ordered(BEN, OrderKind::Pause), paused + 1, "{before}");
        assert_eq!(status(&receiver, BEN), PlayStatus::Paused, "{before}");
        receiver.act(ANNA, Act::TheyHangUp);
        receiver.run_for(4.0);
        assert_eq!(receiver.ordered(BEN, OrderKind::Play), usize::from(before), "{before}");
    }
}
