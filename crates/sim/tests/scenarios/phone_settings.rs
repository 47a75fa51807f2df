//! What is set for one phone: `auto_answer`, `priority`, `takeover = false`; and `blips = mix`.

use core::time::Duration;

use host::{CallState, Change, Event, OrderKind, Settings, SourceKind, Tone};
use pool::Instant;
use tandem_sim::{Act, PhoneOptions};
use wire::hfp::CallStatus;

use crate::receiver::{Receiver, phone};
use crate::{ANNA, ANSWER, BEN, CLEO, phones, silent_ring, two};

/// How long after a moment a phone was ordered something.
fn ordered_after(receiver: &Receiver, n: usize, wanted: OrderKind, since: Instant) -> Duration {
    let order = receiver.orders(n).into_iter().find(|(at, kind)| *at >= since && *kind == wanted);
    order.unwrap_or_else(|| panic!("no {wanted:?}: {:?}", receiver.orders(n))).0.since(since)
}

#[test]
fn auto_answer_takes_a_call_after_one_ring_and_only_that_phones() {
    for in_band in [true, false] {
        let odd = if in_band { PhoneOptions::default() } else { silent_ring() };
        let mut receiver = phones(&[PhoneOptions::default(), odd]);
        receiver.set(Change::AutoAnswer { phone: phone(BEN), on: true });
        receiver.act(ANNA, Act::Ring("0123", "Zoe"));
        receiver.run_for(20.0);
        assert_eq!(receiver.statuses(ANNA), [CallStatus::Incoming]);
        receiver.act(ANNA, Act::TheyHangUp);
        receiver.run_for(1.0);
        receiver.act(BEN, Act::Ring("0456", "Yan"));
        let rings = receiver.now();
        receiver.run_for(2.9);
        assert_eq!(receiver.statuses(BEN), [CallStatus::Incoming], "a ring is heard in full");
        receiver.run_for(1.0);
        assert_eq!(receiver.statuses(BEN), [CallStatus::Active]);
        assert_eq!(receiver.speaks_with(), Some(BEN));
        let after = ordered_after(&receiver, BEN, OrderKind::Answer, rings);
        assert!((3000..3020).contains(&after.as_millis()), "{after:?}");
        assert_eq!(receiver.tone(), Tone::None);
    }
}

#[test]
fn auto_answer_waits_while_a_call_is_active_and_counts_a_whole_ring_after_it() {
    let mut receiver = two();
    receiver.set(Change::AutoAnswer { phone: phone(BEN), on: true });
    receiver.act(ANNA, Act::Ring("0123", "Zoe"));
    receiver.run_for(1.0);
    assert_eq!(receiver.press(ANSWER, 1.0), Ok(()));
    receiver.act(BEN, Act::Ring("0456", "Yan"));
    receiver.run_for(20.0);
    assert_eq!(receiver.statuses(BEN), [CallStatus::Incoming]);
    assert_eq!((receiver.speaks_with(), receiver.tone()), (Some(ANNA), Tone::Waiting));
    receiver.act(ANNA, Act::TheyHangUp);
    let ends = receiver.now();
    receiver.run_for(4.0);
    let after = ordered_after(&receiver, BEN, OrderKind::Answer, ends);
    assert!((3000..3050).contains(&after.as_millis()), "{after:?}");
    assert_eq!(receiver.speaks_with(), Some(BEN));
}

#[test]
fn auto_answer_that_is_set_or_taken_back_while_it_rings_counts_from_then() {
    let mut receiver = two();
    receiver.set(Change::AutoAnswer { phone: phone(BEN), on: true });
    receiver.act(BEN, Act::Ring("0456", "Yan"));
    receiver.run_for(2.0);
    receiver.set(Change::AutoAnswer { phone: phone(BEN), on: false });
    receiver.run_for(10.0);
    assert_eq!(receiver.statuses(BEN), [CallStatus::Incoming]);
    receiver.set(Change::AutoAnswer { phone: phone(BEN), on: true });
    let set = receiver.now();
    receiver.run_for(4.0);
    let after = ordered_after(&receiver, BEN, OrderKind::Answer, set);
    assert_eq!(after, Duration::from_secs(3));
    assert_eq!(receiver.calls(BEN), [CallState::Active]);
}

#[test]
fn priority_breaks_the_tie_for_a_seat_and_gives_way_to_who_was_heard() {
    let three = [(); 3].map(|()| PhoneOptions::remote_player());
    for (preferred, heard, goes) in
        [(None, None, ANNA), (Some(ANNA), None, BEN), (Some(ANNA), Some(BEN), ANNA)]
    {
        let mut receiver = Receiver::of(Settings::default(), &three).connect(2);
        if let Some(n) = preferred {
            receiver.set(Change::Priority { phone: phone(n), priority: 1 });
        }
        if let Some(n) = heard {
            receiver.act(n, Act::Play(440));
            receiver.run_for(2.0);
            receiver.act(n, Act::Pause);
            receiver.run_for(2.0);
        }
        receiver.act(CLEO, Act::Connect);
        receiver.run_for(8.0);
        let evicted = Event::Evicted { phone: phone(goes), by: phone(CLEO) };
        assert_eq!(receiver.count(|event| *event == evicted), 1, "{preferred:?} {heard:?}");
    }
}

#[test]
fn priority_decides_which_of_two_rings_is_heard_and_answered() {
    for (preferred, wins) in [(None, BEN), (Some(ANNA), ANNA), (Some(BEN), BEN)] {
        let mut receiver = two();
        if let Some(n) = preferred {
            receiver.set(Change::Priority { phone: phone(n), priority: 1 });
        }
        receiver.act(ANNA, Act::Ring("0123", "Zoe"));
        receiver.run_for(0.5);
        receiver.act(BEN, Act::Ring("0456", "Yan"));
        receiver.run_for(2.0);
        assert_eq!(receiver.hears_as(), [(wins, SourceKind::Ring)], "{preferred:?}");
        assert_eq!(receiver.speaks_with(), Some(wins), "{preferred:?}");
        assert_eq!(receiver.press(ANSWER, 2.0), Ok(()));
        assert_eq!(receiver.statuses(wins), [CallStatus::Active], "{preferred:?}");
        assert_eq!(receiver.statuses(ANNA + BEN - wins), [CallStatus::Incoming], "{preferred:?}");
        assert_eq!((receiver.speaks_with(), receiver.tone()), (Some(wins), Tone::Waiting));
    }
}

#[test]
fn priority_does_not_take_the_ear_from_a_call_that_is_on() {
    let mut receiver = two();
    receiver.set(Change::Priority { phone: phone(BEN), priority: 9 });
    receiver.act(ANNA, Act::Ring("0123", "Zoe"));
    receiver.run_for(1.0);
    assert_eq!(receiver.press(ANSWER, 1.0), Ok(()));
    receiver.act(BEN, Act::Ring("0456", "Yan"));
    receiver.run_for(5.0);
    assert_eq!(receiver.hears_as(), [(ANNA, SourceKind::Call)]);
    // Nor from an equal claim: the call that is taken on the other phone with its audio there.
    receiver.act(BEN, Act::Answer(tandem_sim::Audio::Phone));
    receiver.run_for(5.0);
    assert_eq!((receiver.hears(), receiver.speaks_with()), (vec![ANNA], Some(ANNA)));
}

#[test]
fn takeover_false_leaves_the_ear_where_it_is_until_it_is_free() {
    for options in [PhoneOptions::remote_player(), PhoneOptions::player()] {
        let remote = options.remote_control;
        let both = [(); 2].map(|()| options.clone());
        let mut receiver = Receiver::of(Settings::default(), &both).connect(2);
        receiver.set(Change::MayTakeOver { phone: phone(BEN), on: false });
        let (mut receiver, _) = receiver.one_after_the_other();
        receiver.run_for(20.0);
        assert_eq!((receiver.hears(), receiver.orders(BEN)), (vec![ANNA], vec![]), "{remote}");
        assert!(receiver.world.phone(BEN).is_playing(), "it plays on unheard");
        receiver.act(ANNA, Act::Pause);
        receiver.run_for(1.0);
        assert_eq!(receiver.hears(), [BEN], "{remote}");
        // Anna's has no such setting.
        receiver.act(ANNA, Act::Play(440));
        receiver.run_for(4.0);
        assert_eq!(receiver.hears(), [ANNA], "{remote}");
        // From now on it may: with its next start.
        receiver.set(Change::MayTakeOver { phone: phone(BEN), on: true });
        receiver.act(BEN, Act::Pause);
        receiver.run_for(1.0);
        receiver.act(BEN, Act::Play(660));
        receiver.run_for(4.0);
        assert_eq!(receiver.hears(), [BEN], "{remote}");
    }
}

/// Who is heard, and how loud.
fn levels(receiver: &Receiver) -> Vec<(usize, f32)> {
    let last = receiver.told.iter().rev().find_map(|(_, event)| match event {
        Event::Audible { sources } => Some(sources.as_slice()),
        _ => None,
    });
    let sources = last.unwrap_or_default().iter();
    sources.map(|source| (usize::from(source.phone.0[0]) - 0x10, source.gain)).collect()
}

#[test]
fn row_17_with_blips_mix_a_notification_is_heard_ducked() {
    for options in [PhoneOptions::remote_player(), PhoneOptions::player()] {
        let remote = options.remote_control;
        let both = [(); 2].map(|()| options.clone());
        let mut receiver = Receiver::of(Settings::default(), &both).connect(2);
        receiver.set(Change::Blips(true));
        receiver.act(ANNA, Act::Play(440));
        receiver.run_for(2.0);
        let loud = receiver.gains.iter().map(|(_, gain)| *gain).fold(0.0, f32::max);
        let chimes = receiver.now();
        receiver.act(BEN, Act::Chime(1500, 800));
        receiver.run_for(0.5);
        assert_eq!(levels(&receiver), [(ANNA, 1.0), (BEN, 0.25)], "{remote}");
        let mut gains: Vec<f32> = receiver.gains.iter().map(|(_, gain)| *gain).collect();
        gains.sort_by(f32::total_cmp);
        assert_eq!(gains, [loud * 0.25, loud], "{remote}");
        let heard = receiver.heard().into_iter().find(|(at, _)| *at >= chimes).expect("a change");
        let after = heard.0.since(chimes);
        assert!(after < Duration::from_millis(60), "{remote}: {after:?}");
        receiver.run_for(2.0);
        assert_eq!(levels(&receiver), [(ANNA, 1.0)], "{remote}");
        assert_eq!((receiver.orders(ANNA), receiver.orders(BEN)), (vec![], vec![]), "{remote}");
        // Under a call nothing is heard of it.
        receiver.act(BEN, Act::Chime(1500, 800));
        receiver.run_for(0.3);
        receiver.set(Change::Blips(false));
        assert_eq!(levels(&receiver), [(ANNA, 1.0)], "{remote}: taken back in the midst of it");
    }
}

#[test]
fn row_17_no_notification_is_heard_under_a_call() {
    let mut receiver = two();
    receiver.set(Change::Blips(true));
    receiver.act(ANNA, Act::Ring("0123", "Zoe"));
    receiver.run_for(1.0);
    assert_eq!(receiver.press(ANSWER, 1.0), Ok(()));
    receiver.act(BEN, Act::Chime(1500, 1500));
    receiver.run_for(1.0);
    assert_eq!(receiver.hears_as(), [(ANNA, SourceKind::Call)]);
    assert!(receiver.gains.iter().all(|(_, gain)| *gain == 0.0), "{:?}", receiver.gains);
}

#[test]
fn row_17_a_start_without_playing_is_heard_only_where_nobody_is() {
    let mut receiver = two();
    receiver.act(ANNA, Act::Play(440));
    receiver.run_for(2.0);
    // Its player says all the time that it does not play.
    receiver.act(BEN, Act::Chime(1500, 30_000));
    receiver.run_for(20.0);
    assert_eq!((receiver.hears(), receiver.orders(BEN)), (vec![ANNA], vec![]));
    receiver.act(ANNA, Act::Pause);
    receiver.run_for(1.0);
    assert_eq!(receiver.hears(), [BEN]);
    // A call silences it, and it cannot be told to pause: on some phones the key would make it play.
    receiver.act(ANNA, Act::Ring("0123", "Zoe"));
    receiver.run_for(1.0);
    assert_eq!((receiver.hears(), receiver.orders(BEN)), (vec![ANNA], vec![]));
}
