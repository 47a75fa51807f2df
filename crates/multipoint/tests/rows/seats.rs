//! Who keeps a seat.

use tandem_multipoint::{Fact, Order, Policy, Preferences};

use crate::receiver::*;

#[test]
fn promise_04_the_phone_heard_last_keeps_its_seat() {
    let mut rx = Receiver::new();
    rx.plays(A);
    assert_eq!(rx.tell(ARRIVED), [Order::Disconnect(B)]);
    assert_eq!(rx.tell(Fact::Left(B)), [Order::Seat(B)]);
}

#[test]
fn promise_04_a_phone_in_a_call_is_never_put_out() {
    for calls in [RINGING, DIALLING, ACTIVE, HELD] {
        let mut rx = Receiver::new();
        rx.tell(Fact::Calls(A, calls));
        assert_eq!(rx.tell(ARRIVED), [Order::Disconnect(B)], "{calls:?}");

        let mut rx = Receiver::new();
        rx.tell_all(&[Fact::Calls(A, calls), Fact::Calls(B, calls)]);
        assert_eq!(rx.tell(ARRIVED), [Order::TurnAway], "{calls:?}");

        let mut rx = Receiver::with(Policy { seats: 1, ..Policy::default() });
        rx.tell(Fact::Calls(A, calls));
        assert_eq!(rx.tell(ARRIVED), [Order::TurnAway], "{calls:?}");
    }
}

#[test]
fn promise_04_with_one_in_a_call_and_the_other_heard_last_nobody_goes() {
    let mut rx = Receiver::new();
    rx.tell(Fact::Calls(A, HELD));
    rx.plays(B);
    assert_eq!(rx.tell(ARRIVED), [Order::TurnAway]);
    rx.tell(Fact::Calls(A, RINGING));
    assert_eq!(rx.tell(ARRIVED), [Order::Disconnect(B)], "the one that rings is heard now");
}

#[test]
fn promise_04_a_voice_session_does_not_protect_a_seat() {
    let mut rx = Receiver::new();
    rx.plays(A);
    rx.tell_all(&[Fact::VoiceAsked(B), Fact::VoiceOpened(B)]);
    assert_eq!(rx.heard(), [B]);
    assert_eq!(rx.tell(ARRIVED), [Order::Disconnect(B)]);
}

#[test]
fn promise_04_priority_breaks_ties() {
    let mut rx = Receiver::new();
    rx.tell(Fact::Preferences(A, Preferences { priority: 1, ..Preferences::default() }));
    assert_eq!(rx.tell(ARRIVED), [Order::Disconnect(B)]);
}

#[test]
fn fewer_seats_wait_for_the_calls_to_end() {
    let mut rx = Receiver::new();
    rx.tell_all(&[Fact::Calls(A, ACTIVE), Fact::Calls(B, ACTIVE)]);
    rx.policy.seats = 1;
    assert_eq!(rx.tell(Fact::PolicyChanged), []);
    assert_eq!(rx.tell(Fact::Calls(A, IDLE)), [Order::Disconnect(A)]);
}

#[test]
fn a_newcomer_waits_only_where_a_seat_becomes_free() {
    let mut rx = Receiver::with(Policy { seats: 3, ..Policy::default() });
    rx.policy.seats = 2;
    assert_eq!(rx.tell(Fact::PolicyChanged), [Order::Disconnect(A)]);
    assert_eq!(rx.tell(ARRIVED), [Order::Disconnect(B)], "one more has to go for it");
    assert_eq!(rx.tell(Fact::Left(A)), []);
    assert_eq!(rx.tell(Fact::Left(B)), [Order::Seat(A)]);
    assert_eq!(rx.tell(Fact::Returned(B)), [], "nobody sits there");
}

#[test]
fn a_phone_that_was_put_out_and_comes_back_by_itself_is_turned_away() {
    let mut rx = Receiver::new();
    let back = Fact::Arrived { put_out: true, preferences: Preferences::default() };
    assert_eq!(rx.tell(back), [Order::TurnAway]);
    rx.tell(Fact::Left(A));
    assert_eq!(rx.tell(back), [Order::Seat(A)], "there is room");
}
