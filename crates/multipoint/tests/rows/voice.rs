//! Voice links: whose there is, who asks, who is refused.

use tandem_multipoint::{Audio, Button, Claim, Fact, NoTarget, Order, Timer, To, Voice, target};

use crate::receiver::*;

#[test]
fn row_02_a_call_answered_here_gets_the_voice_link_that_its_phone_opens() {
    let mut rx = Receiver::new();
    rx.tell(Fact::Calls(A, RINGING));
    assert_eq!(rx.press(ANSWER), [Order::Answer(A)]);
    assert_eq!(
        rx.tell_all(&[Fact::Calls(A, ACTIVE), Fact::VoiceAsked(A)]),
        [Order::AcceptVoice(A)]
    );
    rx.tell(Fact::VoiceOpened(A));
    assert_eq!(rx.roster.heard_as(A), Some(Claim::Call));
}

#[test]
fn row_02_a_call_answered_on_the_handset_stays_there_unless_its_owner_wants_it() {
    let mut rx = Receiver::new();
    rx.plays(B);
    rx.tell(Fact::Calls(A, RINGING));
    rx.pauses(B);
    assert_eq!(rx.tell(Fact::Calls(A, ACTIVE)), []);
    assert_eq!(rx.heard(), [A], "the claim stands, and nothing is dragged over");
    assert!(rx.roster.seats[0].on_phone());
    assert_eq!(rx.press(Button::Voice(To::Receiver, None)), [Order::OpenVoice(A)]);
    rx.tell(Fact::VoiceOpened(A));
    assert_eq!(rx.heard(), [A]);
    assert_eq!(rx.press(Button::Voice(To::Phone, None)), [Order::CloseVoice(A)]);
    rx.tell(Fact::VoiceClosed(A));
    assert_eq!((rx.heard(), rx.roster.seats[0].audio), (vec![A], Audio::Phone));
}

#[test]
fn row_02_a_call_moved_to_the_handset_is_not_dragged_back() {
    let mut rx = Receiver::new();
    rx.talks(A);
    assert_eq!(rx.tell(Fact::VoiceClosed(A)), []);
    assert!(rx.roster.seats[0].on_phone());
}

#[test]
fn row_02_nor_is_one_whose_link_was_there_before_it_was_taken_here() {
    // It rang in-band, and was answered here.
    let mut rx = Receiver::new();
    rx.tell_all(&[Fact::Calls(A, RINGING), Fact::VoiceAsked(A), Fact::VoiceOpened(A)]);
    rx.press(ANSWER);
    rx.tell(Fact::Calls(A, ACTIVE));
    rx.tell(Fact::VoiceClosed(A));
    assert_eq!(rx.roster.seats[0].audio, Audio::Phone, "no link is waited for");
    // It was held and taken back here, and its link stayed.
    let mut rx = Receiver::new();
    rx.talks(A);
    rx.press(Button::Hold(None));
    rx.tell(Fact::Calls(A, HELD));
    rx.press(Button::Hold(None));
    rx.tell(Fact::Calls(A, ACTIVE));
    assert_eq!(rx.tell(Fact::VoiceClosed(A)), []);
    assert!(rx.roster.seats[0].on_phone());
}

#[test]
fn row_04_an_outgoing_call_is_as_a_ringing_one() {
    let mut rx = Receiver::new();
    rx.plays(B);
    assert_eq!(rx.tell(Fact::Calls(A, DIALLING)), [Order::Pause(B)]);
    assert_eq!(rx.tell(Fact::VoiceAsked(A)), [Order::AcceptVoice(A)]);
    assert_eq!(rx.heard(), [A]);
}

#[test]
fn row_15_a_link_out_of_turn_is_refused_each_time_and_asked_for_when_its_turn_comes() {
    let mut rx = Receiver::new();
    rx.talks(A);
    rx.tell_all(&[Fact::Calls(B, RINGING), Fact::Calls(B, ACTIVE)]);
    assert_eq!(rx.tell(Fact::VoiceAsked(B)), [Order::RejectVoice(B), Order::CallOnPhone(B)]);
    assert_eq!(rx.tell(Fact::VoiceAsked(B)), [Order::RejectVoice(B)]);
    rx.tell(Fact::Calls(A, IDLE));
    assert_eq!(rx.tell(Fact::VoiceClosed(A)), [Order::OpenVoice(B)]);
    assert_eq!(rx.tell(Fact::VoiceAsked(B)), [Order::AcceptVoice(B)], "what we asked for");
    rx.tell(Fact::VoiceOpened(B));
    assert_eq!(rx.heard(), [B]);
}

#[test]
fn row_15_a_request_waits_while_the_old_link_is_closing() {
    let mut rx = Receiver::new();
    rx.talks(A);
    rx.tell_all(&[Fact::Calls(B, RINGING)]);
    rx.press(ANSWER);
    rx.tell(Fact::Calls(A, HELD));
    assert_eq!(rx.roster.seats[0].voice, Voice::Closing);
    assert_eq!(rx.tell(Fact::VoiceAsked(B)), [], "there is no room yet");
    assert_eq!(rx.tell(Fact::VoiceClosed(A)), [Order::AcceptVoice(B)]);
}

#[test]
fn row_15_no_link_in_time_leaves_the_call_on_the_phone() {
    let mut rx = Receiver::new();
    rx.tell_all(&[Fact::Calls(A, RINGING), Fact::Calls(A, ACTIVE)]);
    rx.press(Button::Voice(To::Receiver, None));
    assert_eq!(rx.elapse(A, Timer::Voice), [Order::CallOnPhone(A), Order::CloseVoice(A)]);
    assert_eq!(rx.tell(Fact::VoiceClosed(A)), []);
    assert!(rx.roster.seats[0].on_phone());
}

#[test]
fn row_15_a_call_answered_here_whose_phone_opens_no_link_is_asked_for_it_once() {
    let mut rx = Receiver::new();
    rx.tell(Fact::Calls(A, RINGING));
    rx.press(ANSWER);
    rx.tell(Fact::Calls(A, ACTIVE));
    assert_eq!(rx.elapse(A, Timer::Voice), [Order::OpenVoice(A)]);
    assert_eq!(rx.tell(Fact::VoiceFailed(A)), [Order::CallOnPhone(A)]);
    assert!(!rx.runs(A, Timer::Voice));
}

#[test]
fn row_22_an_assistant_silences_media_which_plays_again_after_it() {
    let mut rx = Receiver::new();
    rx.plays(B);
    assert_eq!(rx.tell(Fact::Assistant(A, true)), [Order::Pause(B)]);
    rx.pauses(B);
    assert_eq!(rx.tell(Fact::VoiceAsked(A)), [Order::AcceptVoice(A)]);
    rx.tell(Fact::VoiceOpened(A));
    assert_eq!(rx.roster.heard_as(A), Some(Claim::Assistant));
    rx.tell(Fact::Assistant(A, false));
    assert_eq!(rx.elapse(B, Timer::Resume), [Order::Play(B)]);
}

#[test]
fn row_22_an_assistant_is_over_when_its_voice_link_goes_or_does_not_come() {
    let mut rx = Receiver::new();
    rx.plays(B);
    rx.tell(Fact::Assistant(A, true));
    rx.pauses(B);
    rx.tell_all(&[Fact::VoiceAsked(A), Fact::VoiceOpened(A)]);
    assert!(!rx.runs(A, Timer::Voice));
    rx.tell(Fact::VoiceClosed(A));
    assert_eq!(rx.roster.heard_as(A), None);
    assert_eq!(rx.elapse(B, Timer::Resume), [Order::Play(B)]);
    rx.plays(B);
    rx.tell(Fact::Assistant(A, true));
    assert_eq!(rx.roster.heard_as(A), Some(Claim::Assistant));
    rx.elapse(A, Timer::Voice);
    assert_eq!(rx.roster.heard_as(A), None);
}

#[test]
fn row_23_a_link_without_a_call_is_a_voice_session_until_a_call_is_seen() {
    let mut rx = Receiver::new();
    rx.plays(B);
    assert_eq!(rx.tell(Fact::VoiceAsked(A)), [Order::AcceptVoice(A), Order::Pause(B)]);
    rx.tell(Fact::VoiceOpened(A));
    assert_eq!(rx.roster.heard_as(A), Some(Claim::Session));
    rx.tell(Fact::Calls(A, ACTIVE));
    assert_eq!(rx.roster.heard_as(A), Some(Claim::Call));
    assert_eq!(rx.tell(Fact::Calls(A, IDLE)), []);
    assert!(rx.runs(B, Timer::Resume), "what is left of its link is no session");
}

#[test]
fn row_23_a_real_call_takes_the_link_from_a_voice_session() {
    let mut rx = Receiver::new();
    rx.tell_all(&[Fact::VoiceAsked(A), Fact::VoiceOpened(A)]);
    assert_eq!(rx.tell(Fact::Calls(B, RINGING)), [Order::CloseVoice(A)]);
    assert_eq!(rx.heard(), [B]);
}

#[test]
fn row_23_hanging_up_closes_a_voice_session() {
    let mut rx = Receiver::new();
    rx.tell_all(&[Fact::VoiceAsked(A), Fact::VoiceOpened(A)]);
    let hang_up = Button::HangUp(None);
    assert_eq!(target(rx.policy, &rx.roster, hang_up), Ok(A));
    assert_eq!(rx.press(hang_up), [Order::CloseVoice(A)]);
    assert_eq!(target(rx.policy, &rx.roster, hang_up), Err(NoTarget::NoCall));
}

#[test]
fn a_link_that_comes_too_late_is_closed_again() {
    let mut rx = Receiver::new();
    rx.tell_all(&[Fact::Calls(A, RINGING), Fact::Calls(A, ACTIVE)]);
    rx.press(Button::Voice(To::Receiver, None));
    rx.elapse(A, Timer::Voice);
    assert_eq!(rx.tell(Fact::VoiceOpened(A)), [Order::CloseVoice(A)]);
    assert_eq!(rx.elapse(A, Timer::Voice), []);
    assert_eq!(rx.roster.seats[0].voice, Voice::None);
}

#[test]
fn what_a_link_is_waited_for_has_its_full_time() {
    let mut rx = Receiver::new();
    rx.tell_all(&[Fact::Calls(A, RINGING), Fact::Calls(A, ACTIVE)]);
    assert!(rx.arms(Fact::VoiceAsked(A), A, Timer::Voice), "for its coming");
    let there = Fact::Button(Button::Voice(To::Phone, None));
    assert!(rx.arms(there, A, Timer::Voice), "and for its end");
}
