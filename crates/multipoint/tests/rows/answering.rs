//! A call that comes while another is on.

use tandem_multipoint::{
    Abilities, Answer, Button, Calls, Fact, Few, NoTarget, Order, Policy, Preferences, Timer, Tone,
    Voice, target,
};

use crate::receiver::*;

/// A talks, B rings.
fn two_calls() -> Receiver {
    let mut rx = Receiver::new();
    rx.talks(A);
    assert_eq!(rx.tell(Fact::Calls(B, RINGING)), []);
    rx
}

#[test]
fn row_08_a_second_call_on_the_same_phone() {
    let mut rx = Receiver::new();
    rx.talks(A);
    rx.tell(Fact::Calls(A, WAITING));
    assert_eq!(rx.roster.tone(), Tone::None, "the phone tells of it itself");
    assert_eq!(rx.press(ANSWER), [Order::Hold(A)]);
    assert_eq!(rx.press(END_AND_ACCEPT), [Order::EndAndAccept(A)]);
    assert_eq!(rx.press(Button::Reject(None)), [Order::RejectWaiting(A)]);
}

#[test]
fn row_08_what_the_phone_lacks_is_not_asked_of_it() {
    let mut rx = Receiver::new();
    rx.tell(Fact::HandsFree(A, Some(Abilities::default())));
    rx.talks(A);
    rx.tell(Fact::Calls(A, WAITING));
    for button in [ANSWER, END_AND_ACCEPT, Button::Reject(None), Button::Hold(None)] {
        assert_eq!(target(rx.policy, &rx.roster, button), Err(NoTarget::NotSupported));
        assert_eq!(rx.press(button), [], "{button:?}");
    }
}

#[test]
fn row_09_hold_and_accept() {
    let mut rx = two_calls();
    assert_eq!(target(rx.policy, &rx.roster, ANSWER), Ok(B));
    assert_eq!(rx.press(ANSWER), [Order::Hold(A)]);
    assert_eq!(rx.press(ANSWER), [], "pressed twice");
    assert_eq!(rx.tell(Fact::Calls(A, HELD)), [Order::Answer(B), Order::CloseVoice(A)]);
    assert_eq!(rx.tell_all(&[Fact::Calls(B, ACTIVE), Fact::VoiceAsked(B)]), []);
    assert_eq!(rx.tell(Fact::VoiceClosed(A)), [Order::AcceptVoice(B)]);
    rx.tell(Fact::VoiceOpened(B));
    assert_eq!(rx.heard(), [B]);
}

#[test]
fn row_09_a_call_that_does_not_go_on_hold_goes_on_on_the_phone() {
    let gives_up = [Fact::Refused(Order::Hold(A)), Fact::Elapsed(A, Timer::Call)];
    for fact in gives_up {
        let mut rx = two_calls();
        rx.press(ANSWER);
        let orders = [Order::Answer(B), Order::CloseVoice(A), Order::CallOnPhone(A)];
        assert_eq!(rx.tell(fact), orders, "{fact:?}");
    }
}

#[test]
fn row_09_a_phone_with_any_other_call_is_not_asked_to_hold() {
    let many = Calls { active: Few::Many, ..IDLE };
    for calls in [many, BOTH, WAITING] {
        let mut rx = two_calls();
        rx.tell(Fact::Calls(A, calls));
        let orders = rx.press(Button::Answer(None, Some(B)));
        assert_eq!(orders, [Order::Answer(B), Order::CloseVoice(A), Order::CallOnPhone(A)]);
    }
}

#[test]
fn row_09_a_call_that_stops_ringing_meanwhile_brings_the_held_one_back() {
    let mut rx = two_calls();
    rx.press(ANSWER);
    assert_eq!(rx.tell(Fact::Calls(B, IDLE)), []);
    assert_eq!(rx.tell(Fact::Calls(A, HELD)), [Order::Hold(A)]);
}

#[test]
fn row_10_end_and_accept() {
    let mut rx = two_calls();
    assert_eq!(rx.press(END_AND_ACCEPT), [Order::HangUp(A)]);
    assert_eq!(rx.tell(Fact::Calls(A, IDLE)), [Order::Answer(B), Order::CloseVoice(A)]);
    let mut rx = two_calls();
    rx.policy.answer = Answer::End;
    assert_eq!(rx.press(ANSWER), [Order::HangUp(A)]);
    let orders = [Order::Answer(B), Order::CloseVoice(A), Order::CallOnPhone(A)];
    assert_eq!(rx.elapse(A, Timer::Call), orders, "at most two seconds later");
}

#[test]
fn row_11_reject_leaves_the_active_call_alone() {
    let mut rx = two_calls();
    assert_eq!(rx.press(Button::Reject(None)), [Order::HangUp(B)]);
    assert_eq!(rx.tell(Fact::Calls(B, IDLE)), []);
    assert_eq!(rx.heard(), [A]);
}

#[test]
fn row_12_another_phone_that_rings_is_told_of_quietly() {
    let mut rx = two_calls();
    assert_eq!((rx.heard(), rx.roster.tone()), (vec![A], Tone::Waiting));
    assert_eq!(rx.tell(Fact::VoiceAsked(B)), [Order::RejectVoice(B)]);
    assert_eq!(rx.roster.seats[0].voice, Voice::Open);
}

#[test]
fn row_13_the_call_that_we_held_comes_back_with_its_voice_link() {
    let mut rx = two_calls();
    rx.press(ANSWER);
    rx.tell_all(&[Fact::Calls(A, HELD), Fact::Calls(B, ACTIVE), Fact::VoiceClosed(A)]);
    assert_eq!(rx.tell(Fact::Calls(B, IDLE)), [Order::Hold(A)]);
    assert_eq!(rx.tell(Fact::Calls(A, ACTIVE)), [Order::OpenVoice(A)]);
    rx.tell(Fact::VoiceOpened(A));
    assert_eq!(rx.heard(), [A]);
}

#[test]
fn row_13_it_does_not_where_that_is_not_wanted_or_it_was_not_ours() {
    let mut rx = two_calls();
    rx.press(ANSWER);
    rx.tell_all(&[Fact::Calls(A, HELD), Fact::Calls(B, ACTIVE), Fact::VoiceClosed(A)]);
    rx.policy.resume_call = false;
    assert_eq!(rx.tell(Fact::Calls(B, IDLE)), []);
    rx.policy.resume_call = true;
    assert_eq!(rx.tell(Fact::PolicyChanged), [], "it is forgotten");

    let mut rx = Receiver::new();
    rx.talks(A);
    rx.tell_all(&[Fact::Calls(A, HELD), Fact::Calls(B, RINGING), Fact::Calls(B, ACTIVE)]);
    assert_eq!(rx.tell(Fact::Calls(B, IDLE)), [], "its owner held it");
}

#[test]
fn row_13_a_call_that_goes_on_hold_too_late_comes_back_all_the_same() {
    let held_late = |refusal: Option<Fact>| {
        let mut rx = two_calls();
        rx.press(ANSWER);
        rx.elapse(A, Timer::Call);
        rx.tell_all(&[Fact::VoiceClosed(A), Fact::Calls(B, ACTIVE)]);
        rx.tell_all(refusal.as_slice());
        assert_eq!(rx.tell(Fact::Calls(A, HELD)), []);
        rx.tell(Fact::Calls(B, IDLE))
    };
    assert_eq!(held_late(None), [Order::Hold(A)]);
    let refused = Fact::Refused(Order::Hold(A));
    assert_eq!(held_late(Some(refused)), [], "its owner held it");
}

#[test]
fn row_13_not_while_a_call_waits_there() {
    let mut rx = two_calls();
    rx.press(ANSWER);
    rx.tell_all(&[Fact::Calls(A, HELD), Fact::Calls(B, ACTIVE)]);
    rx.tell(Fact::Calls(A, Calls { setup: tandem_multipoint::Setup::Incoming, ..HELD }));
    assert_eq!(rx.tell(Fact::Calls(B, IDLE)), []);
    assert_eq!(rx.tell(Fact::Calls(A, HELD)), [Order::Hold(A)]);
}

#[test]
fn row_13_a_call_that_rings_meanwhile_rings_in_full() {
    let mut rx = two_calls();
    rx.tell(Fact::Calls(A, IDLE));
    assert_eq!((rx.heard(), rx.roster.tone()), (vec![B], Tone::Ring));
}

#[test]
fn row_14_the_call_on_the_phone_is_asked_for_when_the_other_ends() {
    let mut rx = two_calls();
    rx.tell(Fact::HandsFree(A, Some(Abilities { hold: false, ..ALL })));
    let orders = [Order::Answer(B), Order::CloseVoice(A), Order::CallOnPhone(A)];
    assert_eq!(rx.press(ANSWER), orders);
    rx.tell_all(&[
        Fact::VoiceClosed(A),
        Fact::Calls(B, ACTIVE),
        Fact::VoiceAsked(B),
        Fact::VoiceOpened(B),
    ]);
    assert_eq!(rx.tell(Fact::VoiceAsked(A)), [Order::RejectVoice(A)], "it is not its turn");
    rx.tell(Fact::Calls(B, IDLE));
    assert_eq!(rx.tell(Fact::VoiceClosed(B)), [Order::OpenVoice(A)]);
}

#[test]
fn an_answer_that_is_refused_leaves_it_ringing() {
    for fact in [Fact::Refused(Order::Answer(A)), Fact::Elapsed(A, Timer::Answer)] {
        let mut rx = Receiver::new();
        rx.tell(Fact::Calls(A, RINGING));
        rx.press(ANSWER);
        assert_eq!(rx.roster.tone(), Tone::None);
        assert_eq!(rx.tell(fact), []);
        assert_eq!(rx.roster.tone(), Tone::Ring);
        assert_eq!(rx.press(ANSWER), [Order::Answer(A)], "it can be tried again");
    }
}

#[test]
fn auto_answer_takes_a_call_after_one_ring_when_no_other_is_on() {
    let automatic = Preferences { auto_answer: true, ..Preferences::default() };
    let mut rx = Receiver::new();
    rx.tell_all(&[Fact::Preferences(B, automatic), Fact::Calls(B, RINGING)]);
    assert_eq!(rx.elapse(B, Timer::AutoAnswer), [Order::Answer(B)]);
    assert_eq!(rx.tell(Fact::Refused(Order::Answer(B))), []);
    assert!(!rx.runs(B, Timer::AutoAnswer), "once");

    let mut rx = Receiver::new();
    rx.talks(A);
    rx.tell_all(&[Fact::Preferences(B, automatic), Fact::Calls(B, RINGING)]);
    assert!(!rx.runs(B, Timer::AutoAnswer));
    rx.tell(Fact::Calls(A, IDLE));
    assert!(rx.runs(B, Timer::AutoAnswer));
}

#[test]
fn swap_exchanges_calls_on_one_phone_and_across_two() {
    let mut rx = Receiver::new();
    rx.talks(A);
    rx.tell(Fact::Calls(A, BOTH));
    assert_eq!(rx.press(Button::Swap), [Order::Hold(A)]);

    let mut rx = two_calls();
    rx.press(ANSWER);
    rx.tell_all(&[Fact::Calls(A, HELD), Fact::VoiceClosed(A), Fact::Calls(B, ACTIVE)]);
    rx.tell_all(&[Fact::VoiceAsked(B), Fact::VoiceOpened(B)]);
    assert_eq!(target(rx.policy, &rx.roster, Button::Swap), Ok(A));
    assert_eq!(rx.press(Button::Swap), [Order::Hold(B)]);
    assert_eq!(rx.press(Button::Swap), [], "it is being done");
    assert_eq!(rx.tell(Fact::Calls(B, HELD)), [Order::Hold(A), Order::CloseVoice(B)]);
    assert_eq!(target(rx.policy, &rx.roster, Button::Swap), Ok(A));
    assert_eq!(rx.press(Button::Swap), [], "nor is it undone before it is done");
    assert_eq!(rx.tell(Fact::Calls(A, ACTIVE)), []);
    assert_eq!(rx.tell(Fact::VoiceClosed(B)), [Order::OpenVoice(A)]);
    rx.tell(Fact::VoiceOpened(A));
    let orders = [Order::Hold(B), Order::CloseVoice(A)];
    assert_eq!(rx.tell(Fact::Calls(A, IDLE)), orders, "held by us");
}

#[test]
fn hold_holds_and_takes_back() {
    let mut rx = Receiver::new();
    rx.talks(A);
    assert_eq!(rx.press(Button::Hold(None)), [Order::Hold(A)]);
    assert_eq!(rx.tell(Fact::Calls(A, HELD)), [], "its owner holds it");
    assert_eq!(rx.press(Button::Hold(None)), [Order::Hold(A)]);
    assert_eq!(rx.tell(Fact::Calls(A, ACTIVE)), []);
    assert_eq!(rx.heard(), [A]);
}

#[test]
fn three_calls_come_back_in_turn() {
    let mut rx = Receiver::with(Policy { seats: 3, ..Policy::default() });
    rx.talks(A);
    rx.tell(Fact::Calls(B, RINGING));
    rx.press(ANSWER);
    rx.tell_all(&[Fact::Calls(A, HELD), Fact::Calls(B, ACTIVE), Fact::Calls(C, RINGING)]);
    assert_eq!(rx.press(ANSWER), [Order::Hold(B)]);
    rx.tell_all(&[Fact::Calls(B, HELD), Fact::Calls(C, ACTIVE)]);
    assert_eq!(rx.tell(Fact::Calls(C, IDLE)), [Order::Hold(B)], "the one held last");
    rx.tell(Fact::Calls(B, ACTIVE));
    assert_eq!(rx.tell(Fact::Calls(B, IDLE)), [Order::Hold(A)]);
}

#[test]
fn a_call_held_by_its_owner_is_not_taken_when_the_one_to_be_answered_stops_ringing() {
    let mut rx = two_calls();
    rx.tell(Fact::Calls(B, Calls { held: true, ..RINGING }));
    rx.press(ANSWER);
    assert_eq!(rx.tell_all(&[Fact::Calls(B, HELD), Fact::Calls(A, HELD)]), [Order::Hold(A)]);
}
