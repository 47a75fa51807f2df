//! Phones with odd manners.

use core::time::Duration;

use host::{AnswerHow, Command, Event, OrderKind, Profile, Settings, SourceKind};
use tandem_sim::{Act, Manners, PhoneOptions};

use crate::receiver::{Receiver, phone};
use crate::{ANNA, BEN, CLEO, mannered, phones, two};

const ANSWER: Command = Command::Answer { how: AnswerHow::Default, phone: None, index: None };

/// How often a profile came up more than it went down.
fn ups(receiver: &Receiver, n: usize, wanted: Profile) -> isize {
    let changes = receiver.told.iter().filter_map(|(_, event)| match event {
        Event::Profile { phone: who, profile, up } if *who == phone(n) && *profile == wanted => {
            Some(if *up { 1 } else { -1 })
        }
        _ => None,
    });
    changes.sum()
}

#[test]
fn each_profile_comes_up_once_whoever_opens_it() {
    let both = Some(Duration::from_millis(400));
    for manners in [
        Manners {
            opens_music_after: stack::INITIATIVE,
            opens_calls_after: stack::INITIATIVE,
            ..Manners::default()
        },
        Manners { opens_calls_after: Duration::from_millis(1995), ..Manners::default() },
        Manners {
            opens_calls_after: Duration::from_millis(50),
            opens_music_after: Duration::from_secs(5),
            ..Manners::default()
        },
        Manners { opens_twice: both, ..Manners::default() },
    ] {
        let mut receiver = phones(&[mannered(manners)]);
        receiver.run_for(5.0);
        for profile in [Profile::A2dp, Profile::Avrcp, Profile::Hfp] {
            assert_eq!(ups(&receiver, ANNA, profile), 1, "{profile:?} {manners:?}");
        }
        receiver.act(ANNA, Act::Play(440));
        receiver.run_for(2.0);
        assert_eq!(receiver.hears(), [ANNA], "{manners:?}");
        receiver.act(ANNA, Act::Ring("0123", "Zoe"));
        receiver.run_for(1.0);
        receiver.command(ANSWER);
        receiver.run_for(2.0);
        assert_eq!(receiver.speaks_with(), Some(ANNA), "{manners:?}");
        assert_eq!(receiver.complaints(), []);
    }
}

#[test]
fn a_phone_lacks_a_profile_and_is_asked_for_nothing_of_it() {
    let mixes = [
        PhoneOptions::player(),
        PhoneOptions::remote_player(),
        PhoneOptions { remote_control: false, ..PhoneOptions::default() },
    ];
    for odd in mixes {
        let calls = odd.calls.is_some();
        let mut receiver = phones(&[PhoneOptions::default(), odd]);
        receiver.act(BEN, Act::Play(660));
        receiver.run_for(2.0);
        assert_eq!(receiver.hears(), [BEN]);
        receiver.act(ANNA, Act::Ring("0123", "Zoe"));
        receiver.run_for(1.0);
        receiver.command(ANSWER);
        receiver.run_for(2.0);
        assert_eq!(receiver.speaks_with(), Some(ANNA));
        receiver.act(ANNA, Act::TheyHangUp);
        receiver.run_for(3.0);
        assert_eq!(receiver.hears_as(), [(BEN, SourceKind::Media)], "{calls}");
        assert_eq!(ups(&receiver, BEN, Profile::Hfp), isize::from(calls));
        assert_eq!(receiver.complaints(), []);
    }
}

#[test]
fn a_phone_that_plays_again_by_itself_is_told_each_time_and_never_heard_during_the_call() {
    let stubborn =
        mannered(Manners { resumes_after: Some(Duration::from_secs(3)), ..Manners::default() });
    let mut receiver = phones(&[PhoneOptions::default(), stubborn]);
    receiver.act(BEN, Act::Play(660));
    receiver.run_for(2.0);
    receiver.act(ANNA, Act::Ring("0123", "Zoe"));
    receiver.run_for(1.0);
    receiver.command(ANSWER);
    let before = receiver.now();
    receiver.run_for(20.0);
    let others = receiver.heard().into_iter().filter(|(at, who)| *at > before && *who != [ANNA]);
    assert_eq!(others.count(), 0, "{:?}", receiver.heard());
    assert!(receiver.ordered(BEN, OrderKind::Pause) >= 2);
}

#[test]
fn a_phone_that_plays_on_connecting_takes_nothing_from_anybody() {
    let eager = mannered(Manners { plays_on_connecting: Some(660), ..Manners::default() });
    let mut receiver =
        Receiver::of(Settings::default(), &[PhoneOptions::default(), eager]).connect(1);
    receiver.act(ANNA, Act::Play(440));
    receiver.run_for(2.0);
    receiver.act(BEN, Act::Connect);
    receiver.run_for(15.0);
    assert!(receiver.world.phone(BEN).is_connected());
    assert_eq!(receiver.hears(), [ANNA]);
    assert_eq!(receiver.heard().len(), 1, "{:?}", receiver.heard());
}

#[test]
fn a_notifications_chime_is_not_heard_under_music() {
    let mut receiver = two();
    receiver.act(ANNA, Act::Play(440));
    receiver.run_for(2.0);
    for _ in 0..3 {
        receiver.act(BEN, Act::Chime(1500, 800));
        receiver.run_for(3.0);
    }
    assert_eq!(receiver.heard().len(), 1, "{:?}", receiver.heard());
    assert_eq!(receiver.orders(BEN), []);
    // With nobody audible it is.
    receiver.act(ANNA, Act::Pause);
    receiver.run_for(1.0);
    receiver.act(BEN, Act::Chime(1500, 800));
    receiver.run_for(0.5);
    assert_eq!(receiver.hears(), [BEN]);
}

#[test]
fn a_computer_that_comes_back_at_once_is_turned_away_for_a_minute() {
    let pushy = mannered(Manners {
        comes_back_after: Some(Duration::from_millis(500)),
        ..Manners::default()
    });
    let mut receiver = Receiver::of(
        Settings::default(),
        &[PhoneOptions::default(), pushy, PhoneOptions::default()],
    )
    .connect(2);
    receiver.act(ANNA, Act::Play(440));
    receiver.run_for(2.0);
    receiver.act(CLEO, Act::Connect);
    receiver.run_for(30.0);
    assert!(receiver.is_connected(ANNA) && receiver.is_connected(CLEO));
    assert!(!receiver.is_connected(BEN));
    let evicted = |event: &Event| matches!(event, Event::Evicted { .. });
    assert_eq!(receiver.count(evicted), 1);
}

#[test]
fn a_phone_in_a_call_keeps_its_seat_and_with_every_seat_in_a_call_nobody_gets_one() {
    let three = [(); 3].map(|()| PhoneOptions::default());
    let mut receiver = Receiver::of(Settings::default(), &three).connect(2);
    receiver.act(ANNA, Act::Dial("0123"));
    receiver.act(BEN, Act::Ring("0456", "Yan"));
    receiver.run_for(2.0);
    receiver.act(CLEO, Act::Connect);
    receiver.run_for(8.0);
    assert_eq!([ANNA, BEN, CLEO].map(|n| receiver.is_connected(n)), [true, true, false]);
    receiver.act(BEN, Act::TheyHangUp);
    receiver.run_for(2.0);
    receiver.act(CLEO, Act::Connect);
    receiver.run_for(8.0);
    assert_eq!([ANNA, BEN, CLEO].map(|n| receiver.is_connected(n)), [true, false, true]);
    assert_eq!(receiver.speaks_with(), Some(ANNA));
}

#[test]
fn who_rings_is_heard_last_and_the_other_one_makes_room() {
    let three = [(); 3].map(|()| PhoneOptions::default());
    let mut receiver = Receiver::of(Settings::default(), &three).connect(2);
    receiver.act(BEN, Act::Play(660));
    receiver.run_for(2.0);
    receiver.act(ANNA, Act::Ring("0123", "Zoe"));
    receiver.act(CLEO, Act::Connect);
    receiver.run_for(8.0);
    assert_eq!([ANNA, BEN, CLEO].map(|n| receiver.is_connected(n)), [true, false, true]);
}

#[test]
fn a_phone_may_disappear_at_every_step_of_a_call() {
    for tenths in (0..40).step_by(3) {
        for who in [ANNA, BEN] {
            let mut receiver = two();
            let act = Some(tenths);
            let mut gone = false;
            for step in 0..40 {
                match step {
                    0 => receiver.act(BEN, Act::Play(660)),
                    5 => receiver.act(ANNA, Act::Ring("0123", "Zoe")),
                    12 => drop(receiver.command(ANSWER)),
                    20 => receiver.act(BEN, Act::Ring("0456", "Yan")),
                    26 => drop(receiver.command(ANSWER)),
                    36 => receiver.act(ANNA, Act::TheyHangUp),
                    _ => {}
                }
                if act == Some(step) && !gone {
                    gone = true;
                    receiver.act(who, Act::Leave);
                }
                receiver.run_for(0.1);
            }
            receiver.run_for(30.0);
            assert!(!receiver.is_connected(who), "{tenths} {who}");
            let heard = receiver.hears();
            assert!(!heard.contains(&who), "{tenths} {who}: {heard:?}");
            assert_eq!(receiver.complaints(), [], "{tenths} {who}");
        }
    }
}
