//! Phones that come and go: together, again and again, in the midst of coming.

use core::time::Duration;

use host::{Event, Settings, SourceKind};
use pool::Instant;
use tandem_sim::{Act, Manners, PhoneOptions};

use crate::receiver::{Receiver, phone};
use crate::{ANNA, ANSWER, BEN, CLEO, DORA, mannered};

/// So many phones; what they play and say is not listened to.
fn all(n: usize) -> Vec<PhoneOptions> {
    vec![PhoneOptions { sound: false, ..PhoneOptions::default() }; n]
}

fn seated(receiver: &Receiver) -> Vec<usize> {
    (ANNA..=DORA).filter(|&n| receiver.is_connected(n)).collect()
}

#[test]
fn promise_4_four_phones_that_come_in_one_instant_share_two_seats() {
    let mut receiver = Receiver::of(Settings::default(), &all(4));
    for n in ANNA..=DORA {
        receiver.act(n, Act::Connect);
    }
    receiver.run_for(30.0);
    assert_eq!(seated(&receiver).len(), 2, "{:#?}", receiver.told);
    let now_and_then = receiver.told.len();
    receiver.run_for(60.0);
    assert_eq!(seated(&receiver).len(), 2);
    // They do not push each other out: whoever has no seat is quiet.
    let later = &receiver.told[now_and_then..];
    assert!(later.iter().all(|(_, event)| !matches!(event, Event::Evicted { .. })), "{later:#?}");
    assert_eq!(receiver.faults(), []);
}

#[test]
fn promise_4_three_that_come_in_one_instant_do_not_take_the_seat_of_who_is_heard() {
    for call in [false, true] {
        let mut receiver = Receiver::of(Settings::default(), &all(4)).connect(1);
        if call {
            receiver.act(ANNA, Act::Ring("0123", "Zoe"));
            receiver.run_for(1.0);
            assert_eq!(receiver.press(ANSWER, 1.0), Ok(()));
        } else {
            receiver.act(ANNA, Act::Play(440));
            receiver.run_for(2.0);
        }
        let (heard, before) = (receiver.hears_as(), receiver.heard().len());
        for n in [BEN, CLEO, DORA] {
            receiver.act(n, Act::Connect);
        }
        receiver.run_for(30.0);
        let seats = seated(&receiver);
        assert!(seats.len() == 2 && seats.contains(&ANNA), "{seats:?}");
        assert_eq!((receiver.hears_as(), receiver.heard().len()), (heard, before), "no break");
        assert_eq!(receiver.faults(), []);
    }
}

/// Anna is heard, and Ben's phone is out of reach, so that its link ends late. Dora comes, and Cleo so many
/// milliseconds later. Gives whether both wait at a time.
fn both_wait(receiver: &mut Receiver, later: u32) -> bool {
    receiver.act(ANNA, Act::Play(440));
    receiver.run_for(2.0);
    receiver.act(BEN, Act::Leave);
    receiver.act(DORA, Act::Connect);
    receiver.run_for(f64::from(later) / 1e3);
    receiver.act(CLEO, Act::Connect);
    for _ in 0..100 {
        if [CLEO, DORA].iter().all(|&n| receiver.world.phone(n).is_connected()) {
            break;
        }
        receiver.run_for(0.05);
    }
    seated(receiver) == [ANNA, BEN]
}

#[test]
fn promise_4_a_newcomer_that_comes_while_another_waits_is_served_after_it() {
    let mut waited = 0;
    for later in (0..1_000).step_by(100) {
        let mut receiver = Receiver::of(Settings::default(), &all(4)).connect(2);
        if !both_wait(&mut receiver, later) {
            continue;
        }
        waited += 1;
        // One that goes again meanwhile leaves no trace.
        let leaves = waited % 2 == 0;
        if leaves {
            receiver.act(DORA, Act::Disconnect);
        }
        receiver.run_for(10.0);
        let evicted = receiver.told.iter().filter_map(|(_, event)| match event {
            Event::Evicted { phone, by } => Some((*phone, *by)),
            _ => None,
        });
        let evicted: Vec<_> = evicted.collect();
        let last = match evicted[..] {
            [_] if leaves => CLEO,
            [(ben, first), (loser, second)] if !leaves => {
                assert_eq!((ben, loser), (phone(BEN), first), "who is heard stays");
                if second == phone(CLEO) { CLEO } else { DORA }
            }
            _ => panic!("{leaves}: {evicted:?}"),
        };
        assert_eq!(seated(&receiver), [ANNA, last]);
    }
    assert!(waited >= 4, "{waited}");
}

#[test]
fn promise_4_four_that_want_back_at_once_leave_two_in_peace_for_a_minute() {
    let pushy = mannered(Manners {
        comes_back_after: Some(Duration::from_millis(100)),
        ..Manners::default()
    });
    let mut receiver = Receiver::of(Settings::default(), &vec![pushy; 4]);
    for n in ANNA..=DORA {
        receiver.act(n, Act::Connect);
    }
    receiver.run_for(40.0);
    assert_eq!(seated(&receiver).len(), 2);
    let evicted = |event: &Event| matches!(event, Event::Evicted { .. });
    // Each at most once in a minute.
    assert!(receiver.count(evicted) <= 4, "{}", receiver.count(evicted));
}

/// How many events were told in a time of so many seconds that began then.
fn told(receiver: &Receiver, from: Instant, seconds: u64) -> usize {
    let end = from + Duration::from_secs(seconds);
    receiver.told.iter().filter(|(at, _)| (from..end).contains(at)).count()
}

#[test]
fn a_phone_that_comes_and_goes_every_second_disturbs_nobody_and_leaves_nothing() {
    let quick = mannered(Manners {
        opens_music_after: Duration::from_millis(50),
        opens_calls_after: Duration::from_millis(80),
        ..Manners::default()
    });
    for call in [false, true] {
        let both = [all(1).remove(0), PhoneOptions { sound: false, ..quick.clone() }];
        let mut receiver = Receiver::of(Settings::default(), &both).connect(2);
        let kind = if call {
            receiver.act(ANNA, Act::Ring("0123", "Zoe"));
            receiver.run_for(1.0);
            assert_eq!(receiver.press(ANSWER, 1.0), Ok(()));
            SourceKind::Call
        } else {
            receiver.act(ANNA, Act::Play(440));
            receiver.run_for(2.0);
            SourceKind::Media
        };
        let before = receiver.heard().len();
        let mut minutes = Vec::new();
        for _ in 0..4 {
            minutes.push(receiver.now());
            for _ in 0..30 {
                receiver.act(BEN, Act::Disconnect);
                receiver.run_for(1.0);
                // A page takes up to 1.28 s: at times it goes before it has come.
                receiver.act(BEN, Act::Connect);
                receiver.run_for(1.0);
            }
        }
        let came = |event: &Event| matches!(event, Event::Phone { phone: who, connected: true, .. } if *who == phone(BEN));
        assert!(receiver.count(came) > 60, "{}", receiver.count(came));
        assert_eq!(receiver.hears_as(), [(ANNA, kind)]);
        assert_eq!(receiver.heard().len(), before, "without a break");
        assert_eq!(receiver.orders(BEN), []);
        let counts: Vec<_> = minutes.iter().map(|from| told(&receiver, *from, 60)).collect();
        let (least, most) = (counts.iter().min(), counts.iter().max());
        assert!(
            most.zip(least).is_some_and(|(most, least)| most - least <= most / 3),
            "{counts:?}"
        );
        assert_eq!((receiver.bonds.len(), receiver.faults()), (2, vec![]));
        // And is a phone like any other as soon as it stays.
        receiver.run_for(6.0);
        receiver.act(ANNA, if call { Act::TheyHangUp } else { Act::Pause });
        receiver.run_for(1.0);
        receiver.act(BEN, Act::Play(660));
        receiver.run_for(2.0);
        assert_eq!(receiver.hears(), [BEN]);
    }
}

#[test]
fn a_phone_may_disappear_at_every_step_of_pairing_and_connecting() {
    for bonded in [false, true] {
        for step in 0..20 {
            let mut receiver = Receiver::of(Settings::default(), &all(2)).connect(1);
            if bonded {
                receiver.act(BEN, Act::Connect);
                receiver.run_for(5.0);
                receiver.act(BEN, Act::Disconnect);
                receiver.run_for(2.0);
            }
            receiver.act(ANNA, Act::Play(440));
            receiver.run_for(2.0);
            receiver.act(BEN, Act::Connect);
            receiver.run_for(f64::from(step) * 0.14);
            receiver.act(BEN, Act::Leave);
            receiver.run_for(40.0);
            assert!(!receiver.is_connected(BEN), "{bonded} {step}");
            assert_eq!(
                (receiver.hears(), receiver.heard().len()),
                (vec![ANNA], 1),
                "{bonded} {step}"
            );
            receiver.act(BEN, Act::Return);
            receiver.act(BEN, Act::Connect);
            receiver.run_for(10.0);
            assert!(receiver.is_connected(BEN), "{bonded} {step}: {:#?}", receiver.told);
            assert_eq!(receiver.faults(), [], "{bonded} {step}");
        }
    }
}

#[test]
fn a_phone_may_disappear_at_every_step_of_a_takeover() {
    for who in [ANNA, BEN] {
        for step in 0..20 {
            let mut receiver = Receiver::of(Settings::default(), &all(2)).connect(2);
            receiver.act(ANNA, Act::Play(440));
            receiver.run_for(2.0);
            receiver.act(BEN, Act::Play(660));
            receiver.run_for(f64::from(step) * 0.02);
            receiver.act(who, Act::Leave);
            receiver.run_for(40.0);
            assert!(receiver.is_connected(phone_left(who)), "{who} {step}");
            assert!(!receiver.hears().contains(&who), "{who} {step}: {:?}", receiver.hears());
            let back = receiver.now();
            receiver.act(who, Act::Return);
            receiver.run_for(70.0);
            let came = |event: &Event| matches!(event, Event::Phone { phone: other, connected: true, .. } if *other == phone(who));
            assert!(receiver.when(back, came).is_some(), "{who} {step}: it is paged");
            assert!(receiver.hears().len() <= 1);
            assert_eq!(receiver.faults(), [], "{who} {step}");
        }
    }
}

fn phone_left(gone: usize) -> usize {
    ANNA + BEN - gone
}
