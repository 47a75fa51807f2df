//! Phones that know HSP only: they ring, open the voice link, and listen to one button.

use host::{CallState, Profile, SourceKind, Tone};
use host::{Event, OrderKind};
use tandem_sim::{Act, Audio, Manners, PhoneOptions};
use wire::hfp::CallStatus;

use crate::receiver::Receiver;
use crate::{ANNA, ANSWER, BEN, HANG_UP, gateway, phones};

/// One that rings by itself; the voice link comes with the answer.
fn headset_only() -> PhoneOptions {
    gateway(|settings| {
        settings.headset = true;
        settings.features = wire::hfp::AgFeatures::empty();
    })
}

fn line_up(receiver: &Receiver, n: usize) -> usize {
    let up = |event: &Event| matches!(event, Event::Profile { phone, profile: Profile::Hfp, up: true } if *phone == crate::receiver::phone(n));
    receiver.count(up)
}

#[test]
fn promise_7_a_phone_with_hsp_only_rings_is_answered_heard_and_hung_up() {
    // Whoever opens the line.
    for opens_calls_after in [250, 60_000] {
        let manners = Manners {
            opens_calls_after: core::time::Duration::from_millis(opens_calls_after),
            ..Manners::default()
        };
        let both = [PhoneOptions { manners, ..headset_only() }, PhoneOptions::default()];
        let mut receiver = phones(&both);
        assert_eq!(line_up(&receiver, ANNA), 1, "{opens_calls_after}");
        receiver.act(BEN, Act::Play(660));
        receiver.run_for(2.0);
        receiver.act(ANNA, Act::Ring("0123", "Zoe"));
        receiver.run_for(1.0);
        assert_eq!(receiver.hears_as(), [(ANNA, SourceKind::Ring)]);
        assert_eq!((receiver.tone(), receiver.speaks_with()), (Tone::Ring, None));
        assert_eq!(receiver.press(ANSWER, 2.0), Ok(()));
        assert_eq!(receiver.statuses(ANNA), [CallStatus::Active]);
        assert_eq!(receiver.calls(ANNA), [CallState::Active]);
        assert_eq!((receiver.tone(), receiver.speaks_with()), (Tone::None, Some(ANNA)));
        assert_eq!(receiver.ordered(BEN, OrderKind::Pause), 1);
        assert_eq!(receiver.press(HANG_UP, 3.0), Ok(()));
        assert_eq!((receiver.statuses(ANNA), receiver.calls(ANNA)), (vec![], vec![]));
        assert!(receiver.line.is_none());
        assert_eq!(receiver.hears_as(), [(BEN, SourceKind::Media)]);
        assert_eq!(receiver.complaints(), []);
    }
}

#[test]
fn promise_7_a_phone_with_hsp_only_that_is_answered_there_or_missed() {
    for answered in [true, false] {
        let mut receiver = phones(&[headset_only()]);
        receiver.act(ANNA, Act::Ring("0123", "Zoe"));
        receiver.run_for(4.0);
        if answered {
            receiver.act(ANNA, Act::Answer(Audio::Receiver));
            receiver.run_for(8.0);
            assert_eq!(receiver.speaks_with(), Some(ANNA));
            assert_eq!(receiver.hears_as(), [(ANNA, SourceKind::Call)]);
        }
        receiver.act(ANNA, Act::TheyHangUp);
        receiver.run_for(10.0);
        // Nothing but the silence of its line says that it rings no more.
        assert_eq!(
            (receiver.tone(), receiver.hears(), receiver.calls(ANNA)),
            (Tone::None, vec![], vec![])
        );
    }
}

#[test]
fn row_14_a_call_over_hsp_cannot_be_held_and_goes_on_on_the_phone() {
    let mut receiver = phones(&[headset_only(), PhoneOptions::default()]);
    receiver.act(ANNA, Act::Ring("0123", "Zoe"));
    receiver.run_for(1.0);
    assert_eq!(receiver.press(ANSWER, 2.0), Ok(()));
    assert_eq!(receiver.speaks_with(), Some(ANNA));
    receiver.act(BEN, Act::Ring("0456", "Yan"));
    receiver.run_for(1.0);
    assert_eq!((receiver.speaks_with(), receiver.tone()), (Some(ANNA), Tone::Waiting));
    assert_eq!(receiver.press(ANSWER, 3.0), Ok(()));
    assert_eq!(receiver.speaks_with(), Some(BEN));
    assert_eq!(receiver.statuses(ANNA), [CallStatus::Active], "it goes on there");
    receiver.act(BEN, Act::TheyHangUp);
    receiver.run_for(5.0);
    assert!(receiver.tone() == Tone::None && receiver.complaints().is_empty());
}

#[test]
fn row_12_a_phone_with_hsp_only_rings_under_a_call() {
    let mut receiver = phones(&[PhoneOptions::default(), headset_only()]);
    receiver.act(ANNA, Act::Ring("0123", "Zoe"));
    receiver.run_for(1.0);
    assert_eq!(receiver.press(ANSWER, 2.0), Ok(()));
    receiver.act(BEN, Act::Ring("0456", "Yan"));
    receiver.run_for(2.0);
    assert_eq!((receiver.speaks_with(), receiver.tone()), (Some(ANNA), Tone::Waiting));
    assert_eq!(receiver.press(ANSWER, 4.0), Ok(()));
    assert_eq!(
        (receiver.statuses(ANNA), receiver.statuses(BEN)),
        (vec![CallStatus::Held], vec![CallStatus::Active])
    );
    assert_eq!((receiver.speaks_with(), receiver.tone()), (Some(BEN), Tone::None));
    assert_eq!(receiver.press(HANG_UP, 4.0), Ok(()));
    assert_eq!(
        (receiver.statuses(ANNA), receiver.speaks_with()),
        (vec![CallStatus::Active], Some(ANNA))
    );
}
