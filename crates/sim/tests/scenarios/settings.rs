//! Settings that are changed in the midst of music, of a ring, of a call, of hold and accept.

use host::{Change, OrderKind, SourceKind, Tone};
use multipoint::Takeover;
use tandem_sim::{Act, Audio, PhoneOptions};
use wire::avrcp::PlayStatus;
use wire::hfp::CallStatus;

use crate::receiver::{Receiver, phone};
use crate::{ANNA, ANSWER, BEN, CLEO, HANG_UP, phones, two};

/// Anna's call is spoken in; Ben's music was paused for it.
fn speaks_over_music(mut receiver: Receiver) -> Receiver {
    receiver.act(BEN, Act::Play(660));
    receiver.run_for(2.0);
    receiver.act(ANNA, Act::Ring("0123", "Zoe"));
    receiver.run_for(1.0);
    assert_eq!(receiver.press(ANSWER, 2.0), Ok(()));
    assert_eq!(receiver.speaks_with(), Some(ANNA));
    receiver
}

/// Anna's call is held for Ben's.
fn held_and_accepted() -> Receiver {
    let mut receiver = speaks_over_music(two());
    receiver.act(BEN, Act::Ring("0456", "Yan"));
    receiver.run_for(1.0);
    assert_eq!(receiver.press(ANSWER, 3.0), Ok(()));
    assert_eq!(
        (receiver.statuses(ANNA), receiver.speaks_with()),
        (vec![CallStatus::Held], Some(BEN))
    );
    receiver
}

fn connected(receiver: &Receiver) -> [bool; 2] {
    [ANNA, BEN].map(|n| receiver.is_connected(n))
}

#[test]
fn seats_in_mid_call_put_out_the_phone_that_is_in_none() {
    let mut receiver = speaks_over_music(two());
    receiver.set(Change::Seats(1));
    receiver.run_for(3.0);
    assert_eq!((connected(&receiver), receiver.speaks_with()), ([true, false], Some(ANNA)));
    receiver.set(Change::Seats(2));
    receiver.run_for(1.0);
    receiver.act(BEN, Act::Connect);
    receiver.run_for(6.0);
    // It was put out a moment ago, but there is a seat for it.
    assert_eq!((connected(&receiver), receiver.speaks_with()), ([true, true], Some(ANNA)));
}

#[test]
fn seats_with_a_call_on_each_phone_wait_for_the_first_that_ends() {
    let mut receiver = held_and_accepted();
    receiver.set(Change::Seats(1));
    receiver.run_for(5.0);
    assert_eq!(connected(&receiver), [true, true], "a phone in a call is never put out");
    assert_eq!(receiver.press(HANG_UP, 5.0), Ok(()));
    assert_eq!(connected(&receiver), [true, false]);
    assert_eq!(
        (receiver.statuses(ANNA), receiver.speaks_with()),
        (vec![CallStatus::Active], Some(ANNA))
    );
}

#[test]
fn seats_while_it_rings_keep_the_phone_that_rings() {
    let mut receiver = two();
    receiver.act(BEN, Act::Play(660));
    receiver.run_for(2.0);
    receiver.act(ANNA, Act::Ring("0123", "Zoe"));
    receiver.run_for(1.0);
    receiver.set(Change::Seats(1));
    receiver.run_for(2.0);
    assert_eq!((connected(&receiver), receiver.hears()), ([true, false], vec![ANNA]));
    assert_eq!(receiver.press(ANSWER, 2.0), Ok(()));
    assert_eq!(receiver.speaks_with(), Some(ANNA));
}

#[test]
fn more_seats_during_music_let_a_third_phone_in_and_nobody_out() {
    let three = [(); 3].map(|()| PhoneOptions::default());
    let mut receiver = Receiver::of(host::Settings::default(), &three).connect(2);
    receiver.act(ANNA, Act::Play(440));
    receiver.run_for(2.0);
    receiver.set(Change::Seats(3));
    receiver.act(CLEO, Act::Connect);
    receiver.run_for(8.0);
    assert!([ANNA, BEN, CLEO].iter().all(|n| receiver.is_connected(*n)));
    assert_eq!((receiver.hears(), receiver.heard().len()), (vec![ANNA], 1));
}

#[test]
fn takeover_during_a_call_counts_for_what_begins_after_it() {
    for (takeover, heard) in [
        (Takeover::Last, vec![ANNA]),
        (Takeover::First, vec![BEN]),
        (Takeover::FirstMute, vec![BEN]),
        (Takeover::Mix, vec![ANNA, BEN]),
    ] {
        let mut receiver = speaks_over_music(two());
        receiver.set(Change::Takeover(takeover));
        receiver.run_for(2.0);
        assert_eq!((receiver.hears(), receiver.speaks_with()), (vec![ANNA], Some(ANNA)));
        receiver.act(ANNA, Act::TheyHangUp);
        receiver.run_for(3.0);
        assert_eq!(receiver.hears_as(), [(BEN, SourceKind::Media)], "{takeover:?}");
        receiver.act(ANNA, Act::Play(440));
        receiver.run_for(4.0);
        assert_eq!(receiver.hears(), heard, "{takeover:?}");
    }
}

#[test]
fn takeover_during_music_leaves_the_ear_with_who_has_it() {
    for takeover in [Takeover::First, Takeover::FirstMute, Takeover::Last] {
        let (mut receiver, _) = two().one_after_the_other();
        assert_eq!(receiver.hears(), [BEN]);
        let before = receiver.heard().len();
        receiver.set(Change::Takeover(takeover));
        receiver.run_for(10.0);
        assert_eq!((receiver.hears(), receiver.heard().len()), (vec![BEN], before), "{takeover:?}");
    }
}

#[test]
fn answer_that_is_set_while_a_second_call_waits_counts_for_it() {
    let mut receiver = speaks_over_music(two());
    receiver.act(BEN, Act::Ring("0456", "Yan"));
    receiver.run_for(1.0);
    receiver.set(Change::AnswerEnds(true));
    assert_eq!(receiver.press(ANSWER, 3.0), Ok(()));
    assert_eq!((receiver.statuses(ANNA), receiver.speaks_with()), (vec![], Some(BEN)));
    // And back, while this one is on.
    receiver.act(ANNA, Act::Ring("0123", "Zoe"));
    receiver.run_for(1.0);
    receiver.set(Change::AnswerEnds(false));
    assert_eq!(receiver.press(ANSWER, 3.0), Ok(()));
    assert_eq!(
        (receiver.statuses(BEN), receiver.speaks_with()),
        (vec![CallStatus::Held], Some(ANNA))
    );
}

#[test]
fn answer_that_is_set_while_a_hold_is_waited_for_counts_for_the_next() {
    let mut receiver = speaks_over_music(two());
    receiver.act(BEN, Act::Ring("0456", "Yan"));
    receiver.run_for(1.0);
    let ticket = receiver.command(ANSWER);
    receiver.set(Change::AnswerEnds(true));
    receiver.run_for(3.0);
    assert_eq!(receiver.result(ticket), Some(Ok(())));
    assert_eq!(
        (receiver.statuses(ANNA), receiver.speaks_with()),
        (vec![CallStatus::Held], Some(BEN))
    );
}

#[test]
fn resume_that_is_turned_off_in_mid_call_leaves_the_music_paused() {
    for (on_again, plays) in [(false, 0), (true, 0)] {
        let mut receiver = speaks_over_music(two());
        receiver.set(Change::Resume(false));
        receiver.run_for(1.0);
        if on_again {
            // What was forgotten stays so.
            receiver.set(Change::Resume(true));
        }
        receiver.act(ANNA, Act::TheyHangUp);
        receiver.run_for(5.0);
        assert_eq!(receiver.ordered(BEN, OrderKind::Play), plays, "{on_again}");
        assert_eq!((receiver.hears(), receiver.line.is_none()), (vec![], true));
    }
}

#[test]
fn resume_that_is_turned_on_in_mid_call_counts_for_the_next() {
    let mut receiver = two();
    receiver.set(Change::Resume(false));
    let mut receiver = speaks_over_music(receiver);
    receiver.set(Change::Resume(true));
    receiver.act(ANNA, Act::TheyHangUp);
    receiver.run_for(5.0);
    let first = receiver.ordered(BEN, OrderKind::Play);
    assert!(first <= 1);
    receiver.act(BEN, Act::Play(660));
    receiver.run_for(2.0);
    receiver.act(ANNA, Act::Ring("0123", "Zoe"));
    receiver.run_for(1.0);
    receiver.act(ANNA, Act::TheyHangUp);
    receiver.run_for(5.0);
    assert_eq!((receiver.ordered(BEN, OrderKind::Play), receiver.hears()), (first + 1, vec![BEN]));
}

#[test]
fn resume_delay_that_is_set_in_mid_call_counts_for_its_end() {
    let mut receiver = speaks_over_music(two());
    receiver.set(Change::ResumeDelayMs(3000));
    receiver.act(ANNA, Act::TheyHangUp);
    receiver.run_for(2.5);
    assert_eq!(receiver.ordered(BEN, OrderKind::Play), 0);
    receiver.run_for(1.5);
    assert_eq!((receiver.ordered(BEN, OrderKind::Play), receiver.hears()), (1, vec![BEN]));
}

#[test]
fn resume_call_that_is_turned_off_in_hold_and_accept_leaves_the_call_held() {
    for off in [true, false] {
        let mut receiver = held_and_accepted();
        receiver.set(Change::ResumeCall(false));
        if !off {
            receiver.set(Change::ResumeCall(true));
        }
        receiver.act(BEN, Act::TheyHangUp);
        receiver.run_for(5.0);
        let status = if off { CallStatus::Held } else { CallStatus::Active };
        assert_eq!(receiver.statuses(ANNA), [status], "{off}");
        assert_eq!(receiver.speaks_with(), (!off).then_some(ANNA));
    }
}

#[test]
fn reconnect_that_is_turned_off_ends_the_pages_for_a_lost_phone_and_not_the_call() {
    let mut receiver = speaks_over_music(two());
    receiver.act(BEN, Act::Leave);
    receiver.run_for(40.0);
    assert_eq!((connected(&receiver), receiver.speaks_with()), ([true, false], Some(ANNA)));
    assert_eq!(receiver.ordered(BEN, OrderKind::Page), 0, "never during a call");
    receiver.set(Change::Reconnect(false));
    receiver.act(ANNA, Act::TheyHangUp);
    receiver.act(BEN, Act::Return);
    receiver.run_for(120.0);
    assert_eq!((connected(&receiver), receiver.ordered(BEN, OrderKind::Page)), ([true, false], 0));
    // From now on again, for whom is lost from now on.
    receiver.set(Change::Reconnect(true));
    receiver.act(BEN, Act::Connect);
    receiver.run_for(6.0);
    receiver.act(BEN, Act::Leave);
    receiver.run_for(40.0);
    receiver.act(BEN, Act::Return);
    receiver.run_for(40.0);
    assert!(receiver.is_connected(BEN) && receiver.ordered(BEN, OrderKind::Page) > 0);
}

/// Every setting that may change while the receiver runs, to something that it was not.
fn changes() -> Vec<Change> {
    vec![
        Change::Name("Other".try_into().expect("a name")),
        Change::Seats(1),
        Change::Seats(6),
        Change::Takeover(Takeover::First),
        Change::Takeover(Takeover::FirstMute),
        Change::Takeover(Takeover::Mix),
        Change::PairingSeconds(10),
        Change::Confirm(stack::Confirmation::Ask),
        Change::MinKeySize(7),
        Change::BlipSeconds(0.5),
        Change::EvictedForSeconds(1),
        Change::Reconnect(false),
        Change::ReconnectMaxSeconds(5),
        Change::ReconnectForSeconds(5),
        Change::VolumeFirst(10),
        Change::AnswerEnds(true),
        Change::Resume(false),
        Change::ResumeCall(false),
        Change::Blips(true),
        Change::ResumeDelayMs(0),
        Change::ResumeWithinSeconds(1),
        Change::PauseCheckSeconds(1.0),
        Change::AutoAnswer { phone: phone(BEN), on: true },
        Change::Priority { phone: phone(BEN), priority: 9 },
        Change::MayTakeOver { phone: phone(BEN), on: false },
    ]
}

#[test]
fn no_setting_disturbs_the_call_that_is_on_or_the_ring() {
    for change in changes() {
        let mut receiver = speaks_over_music(two());
        receiver.set(change.clone());
        receiver.run_for(2.0);
        assert_eq!(receiver.statuses(ANNA), [CallStatus::Active], "{change:?}");
        assert_eq!(
            (receiver.hears(), receiver.speaks_with()),
            (vec![ANNA], Some(ANNA)),
            "{change:?}"
        );
        receiver.act(ANNA, Act::TheyHangUp);
        receiver.run_for(6.0);
        assert!(receiver.line.is_none() && receiver.tone() == Tone::None, "{change:?}");
        receiver.act(ANNA, Act::Ring("0123", "Zoe"));
        receiver.run_for(1.0);
        receiver.set(change.clone());
        receiver.run_for(1.0);
        assert_eq!(receiver.hears_as(), [(ANNA, SourceKind::Ring)], "{change:?}");
        assert_eq!(receiver.complaints(), [], "{change:?}");
    }
}

#[test]
fn no_setting_disturbs_hold_and_accept_at_any_moment_of_it() {
    for change in changes().into_iter().filter(|change| *change != Change::Seats(1)) {
        for after in [0.0, 0.02, 0.06] {
            let mut receiver = speaks_over_music(two());
            receiver.act(BEN, Act::Ring("0456", "Yan"));
            receiver.run_for(1.0);
            let ticket = receiver.command(ANSWER);
            receiver.run_for(after);
            receiver.set(change.clone());
            receiver.run_for(4.0);
            assert_eq!(receiver.result(ticket), Some(Ok(())), "{change:?} {after}");
            assert_eq!(receiver.statuses(ANNA), [CallStatus::Held], "{change:?} {after}");
            assert_eq!(receiver.speaks_with(), Some(BEN), "{change:?} {after}");
        }
    }
}

#[test]
fn a_call_with_its_audio_on_the_phone_stays_there_whatever_is_set() {
    let mut receiver = phones(&[PhoneOptions::default(), PhoneOptions::default()]);
    receiver.act(ANNA, Act::Ring("0123", "Zoe"));
    receiver.run_for(1.0);
    receiver.act(ANNA, Act::Answer(Audio::Phone));
    receiver.run_for(2.0);
    for change in changes() {
        receiver.set(change.clone());
        receiver.run_for(1.0);
        assert!(receiver.line.is_none(), "{change:?}");
        assert_eq!(receiver.statuses(ANNA), [CallStatus::Active], "{change:?}");
    }
    let status = receiver.world.phone(BEN).player().map(|player| player.status());
    assert_eq!(status, Some(PlayStatus::Stopped));
}
