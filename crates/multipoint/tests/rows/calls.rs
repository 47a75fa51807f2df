//! Whom the buttons are for.

use tandem_multipoint::{Button, Fact, NoTarget, Order, Policy, Preferences, target};

use crate::receiver::*;

#[test]
fn the_newest_ringing_call_is_answered_or_that_of_the_greatest_priority() {
    let mut rx = Receiver::new();
    rx.tell_all(&[Fact::Calls(A, RINGING), Fact::Calls(B, RINGING)]);
    assert_eq!(target(rx.policy, &rx.roster, ANSWER), Ok(B));
    assert_eq!(rx.heard(), [B]);
    rx.tell(Fact::Preferences(A, Preferences { priority: 1, ..Preferences::default() }));
    assert_eq!(target(rx.policy, &rx.roster, ANSWER), Ok(A));
    assert_eq!(rx.heard(), [A]);
}

#[test]
fn hanging_up_ends_what_is_active_else_what_is_dialled() {
    let mut rx = Receiver::new();
    let hang_up = Button::HangUp(None);
    assert_eq!(target(rx.policy, &rx.roster, hang_up), Err(NoTarget::NoCall));
    rx.tell(Fact::Calls(A, DIALLING));
    assert_eq!(rx.press(hang_up), [Order::HangUp(A)]);
    rx.tell(Fact::Calls(B, ACTIVE));
    assert_eq!(rx.press(hang_up), [Order::HangUp(B)]);
}

#[test]
fn a_button_for_nobody_says_why() {
    let rx = Receiver::with(Policy { seats: 3, ..Policy::default() });
    let says = |button| target(rx.policy, &rx.roster, button).unwrap_err();
    assert_eq!(says(ANSWER), NoTarget::NothingToAnswer);
    assert_eq!(says(Button::Reject(None)), NoTarget::NothingToAnswer);
    assert_eq!(says(Button::Swap), NoTarget::NoCall);
    assert_eq!(says(Button::HangUp(Some(tandem_multipoint::SeatId(5)))), NoTarget::NotConnected);
}

#[test]
fn dialling_goes_to_the_phone_used_for_a_call_last() {
    let mut rx = Receiver::new();
    assert_eq!(target(rx.policy, &rx.roster, Button::Dial(None)), Ok(B), "it came last");
    rx.talks(A);
    assert_eq!(target(rx.policy, &rx.roster, Button::Dial(None)), Ok(A));
    assert_eq!(target(rx.policy, &rx.roster, Button::Dial(Some(B))), Ok(B));
}
