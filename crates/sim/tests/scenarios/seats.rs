//! Promise 4: who keeps a seat, and who gets one.

use core::time::Duration;

use host::{Change, Command, Event, Settings};
use multipoint::Takeover;
use pool::Instant;
use tandem_sim::{Act, Fault};

use crate::receiver::{Receiver, phone};
use crate::{ANNA, BEN, CLEO, with};

#[test]
fn promise_4_a_third_phone_puts_out_the_one_that_was_not_heard_last() {
    let mut receiver = Receiver::connected(Settings::default(), 3, 2);
    receiver.act(ANNA, Act::Play(440));
    receiver.run_for(1.0);
    receiver.act(CLEO, Act::Connect);
    receiver.run_for(8.0);
    assert!(receiver.is_connected(ANNA) && receiver.is_connected(CLEO));
    assert!(!receiver.is_connected(BEN));
    let evicted = Event::Evicted { phone: phone(BEN), by: phone(CLEO) };
    assert_eq!(receiver.count(|event| *event == evicted), 1);
    assert_eq!(receiver.hears(), [ANNA]);
    let mut there = Vec::new();
    for (_, event) in &receiver.told {
        if let Event::Phone { phone, connected, .. } = event {
            there.retain(|other| other != phone);
            there.extend(connected.then_some(*phone));
            assert!(there.len() <= 2, "who goes is told of before who comes: {there:?}");
        }
    }

    // It comes back by itself: turned away, again and again, for 60 s.
    let put_out = receiver.when(Instant::ZERO, |event| *event == evicted).expect("told");
    for _ in 0..3 {
        receiver.act(BEN, Act::Connect);
        receiver.run_for(10.0);
        assert!(!receiver.is_connected(BEN) && !receiver.world.phone(BEN).is_connected());
        assert!(receiver.is_connected(ANNA) && receiver.is_connected(CLEO));
    }
    let end = (put_out + Duration::from_secs(61)).as_secs_f64();
    receiver.run_until(end);
    receiver.act(BEN, Act::Connect);
    receiver.run_for(8.0);
    assert!(receiver.is_connected(BEN) && receiver.is_connected(ANNA));
    assert!(!receiver.is_connected(CLEO));
}

#[test]
fn promise_4_with_mix_the_one_that_started_last_stays() {
    let mut receiver = Receiver::connected(with(Takeover::Mix), 3, 2);
    receiver.act(BEN, Act::Play(660));
    receiver.run_for(1.0);
    receiver.act(ANNA, Act::Play(440));
    receiver.run_for(1.0);
    receiver.act(CLEO, Act::Connect);
    receiver.run_for(8.0);
    assert!(receiver.is_connected(ANNA) && receiver.is_connected(CLEO));
    assert!(!receiver.is_connected(BEN));
}

#[test]
fn promise_4_with_one_seat_the_newcomer_wins() {
    let policy = multipoint::Policy { seats: 1, ..multipoint::Policy::default() };
    let mut receiver = Receiver::connected(Settings { policy, ..Settings::default() }, 2, 1);
    receiver.act(ANNA, Act::Play(440));
    receiver.run_for(1.0);
    receiver.act(BEN, Act::Play(660));
    receiver.act(BEN, Act::Connect);
    receiver.run_for(8.0);
    assert!(receiver.is_connected(BEN) && !receiver.is_connected(ANNA));
    let heard: Vec<_> = receiver.heard().into_iter().map(|(_, who)| who).collect();
    assert_eq!(heard, [vec![ANNA], vec![], vec![BEN]]);
}

#[test]
fn promise_4_a_strangers_page_evicts_nobody() {
    let mut receiver = Receiver::connected(Settings::default(), 3, 2);
    let stopped = receiver.command(Command::StopPairing);
    assert_eq!(receiver.result(stopped), Some(Ok(())));
    receiver.act(CLEO, Act::Connect);
    receiver.run_for(40.0);
    assert!(receiver.is_connected(ANNA) && receiver.is_connected(BEN));
    assert!(!receiver.is_connected(CLEO) && receiver.world.phone(CLEO).bonds().is_empty());
}

#[test]
fn promise_4_a_newcomer_waits_for_a_victim_that_does_not_answer() {
    let mut receiver = Receiver::connected(Settings::default(), 4, 2);
    receiver.act(ANNA, Act::Play(440));
    receiver.run_for(1.0);
    let ben = receiver.world.phone(BEN).controller();
    receiver.world.air().set_fault(ben, Fault::Silent);
    receiver.act(CLEO, Act::Play(880));
    receiver.act(CLEO, Act::Connect);
    receiver.run_for(2.0);
    // A second newcomer meanwhile finds no seat that could become free, or waits its turn.
    receiver.act(3, Act::Connect);
    receiver.run_for(10.0);
    assert!(!receiver.is_connected(BEN) && receiver.is_connected(ANNA));
    let seated = (0..4).filter(|&n| receiver.is_connected(n)).count();
    assert_eq!(seated, 2, "{:#?}", receiver.told);
    // Cleo's music began before she had a seat.
    assert_eq!(receiver.hears(), [ANNA]);
}

#[test]
fn a_put_out_phone_that_its_owner_calls_for_comes_at_once_and_may_come_back_after_a_loss() {
    let mut receiver = Receiver::connected(Settings::default(), 3, 2);
    receiver.act(ANNA, Act::Play(440));
    receiver.run_for(1.0);
    receiver.act(CLEO, Act::Connect);
    receiver.run_for(8.0);
    assert!(!receiver.is_connected(BEN));
    let connect = receiver.command(Command::Connect { phone: phone(BEN) });
    receiver.run_for(8.0);
    assert_eq!(receiver.result(connect), Some(Ok(())), "{:#?}", receiver.told);
    assert!(receiver.is_connected(BEN) && !receiver.is_connected(CLEO));
    // It was called for: what it was put out for is over.
    receiver.act(BEN, Act::Disconnect);
    receiver.run_for(2.0);
    let connect = receiver.command(Command::Connect { phone: phone(CLEO) });
    receiver.run_for(5.0);
    assert_eq!(receiver.result(connect), Some(Ok(())));
    receiver.act(BEN, Act::Connect);
    receiver.run_for(5.0);
    assert!(receiver.is_connected(BEN), "{:#?}", receiver.told);
}

#[test]
fn fewer_seats_put_phones_out_and_a_newcomer_gets_the_seat_that_is_left() {
    let policy = multipoint::Policy { seats: 3, ..multipoint::Policy::default() };
    let mut receiver = Receiver::connected(Settings { policy, ..Settings::default() }, 4, 3);
    receiver.act(ANNA, Act::Play(440));
    receiver.run_for(1.0);
    receiver.command(Command::Set(Change::Seats(2)));
    receiver.act(3, Act::Connect);
    receiver.run_for(10.0);
    assert!(receiver.is_connected(ANNA) && receiver.is_connected(3), "{:#?}", receiver.told);
    assert_eq!((0..4).filter(|&n| receiver.is_connected(n)).count(), 2);
}
