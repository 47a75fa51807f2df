//! Verbs whose call is gone before they are done, and verbs that come second.

use host::{AnswerHow, Command, Refusal, VoiceTo};
use stack::hfp::gateway::Orders;
use tandem_sim::{Act, Audio, PhoneOptions};

use crate::receiver::{Receiver, phone};
use crate::{ANNA, ANSWER, BEN, HANG_UP, REJECT, gateway, phones, two};

/// A phone that answers none of the orders about calls.
fn silent() -> PhoneOptions {
    gateway(|settings| settings.orders = Orders::Unanswered)
}

/// A phone's call that is answered on it, and heard here.
fn speaks(receiver: &mut Receiver, who: usize) {
    receiver.act(who, Act::Ring("0123", "Zoe"));
    receiver.run_for(1.0);
    receiver.act(who, Act::Answer(Audio::Receiver));
    receiver.run_for(2.0);
}

/// What becomes of a verb when that phone's far end hangs up a moment later. It ends within a second.
fn given_up(receiver: &mut Receiver, command: Command, who: usize) -> Result<(), Refusal> {
    let ticket = receiver.command(command.clone());
    receiver.run_for(0.2);
    assert_eq!(receiver.result(ticket), None, "{command:?} waits");
    receiver.act(who, Act::TheyHangUp);
    receiver.run_for(1.0);
    receiver.result(ticket).unwrap_or_else(|| panic!("{command:?} does not end"))
}

#[test]
fn a_call_that_is_given_up_while_the_other_phone_makes_room_was_nothing_to_answer() {
    for how in [AnswerHow::Hold, AnswerHow::End] {
        let mut receiver = phones(&[silent(), PhoneOptions::default()]);
        speaks(&mut receiver, ANNA);
        receiver.act(BEN, Act::Ring("0456", "Yan"));
        receiver.run_for(1.0);
        let answer = Command::Answer { how, phone: None, index: None };
        assert_eq!(given_up(&mut receiver, answer, BEN), Err(Refusal::NothingToAnswer));
        assert_eq!(receiver.speaks_with(), Some(ANNA));
    }
}

#[test]
fn a_call_that_is_given_up_while_its_phone_says_nothing_to_the_answer_is_timed_out() {
    let mut receiver = phones(&[silent()]);
    receiver.act(ANNA, Act::Ring("0123", "Zoe"));
    receiver.run_for(1.0);
    let answer = receiver.command(ANSWER);
    receiver.run_for(0.2);
    receiver.act(ANNA, Act::TheyHangUp);
    receiver.run_for(4.0);
    // Some phones tell long after a call has stopped to ring that it was answered.
    assert_eq!(receiver.result(answer), None);
    receiver.run_for(1.0);
    assert_eq!(receiver.result(answer), Some(Err(Refusal::TimedOut)));
}

#[test]
fn a_phone_that_refuses_what_came_too_late_is_not_blamed() {
    let mut receiver = phones(&[PhoneOptions::default()]);
    for (command, end) in [(ANSWER, Err(Refusal::NothingToAnswer)), (REJECT, Ok(()))] {
        receiver.act(ANNA, Act::Ring("0123", "Zoe"));
        receiver.run_for(1.0);
        // The one is on the air while the other is.
        receiver.act(ANNA, Act::TheyHangUp);
        assert_eq!(receiver.press(command.clone(), 1.0), end, "{command:?}");
    }
    for (command, end) in [(Command::Hold { phone: None }, Err(Refusal::NoCall)), (HANG_UP, Ok(()))]
    {
        speaks(&mut receiver, ANNA);
        receiver.act(ANNA, Act::TheyHangUp);
        assert_eq!(receiver.press(command.clone(), 1.0), end, "{command:?}");
    }
}

#[test]
fn a_held_call_that_ends_before_it_is_taken_is_no_call() {
    for command in [Command::Hold { phone: Some(phone(BEN)) }, Command::Swap] {
        let mut receiver = phones(&[silent(), PhoneOptions::default()]);
        speaks(&mut receiver, BEN);
        assert_eq!(receiver.press(Command::Hold { phone: Some(phone(BEN)) }, 1.0), Ok(()));
        speaks(&mut receiver, ANNA);
        let end = given_up(&mut receiver, command.clone(), BEN);
        assert_eq!(end, Err(Refusal::NoCall), "{command:?}");
    }
    let mut receiver = phones(&[silent()]);
    speaks(&mut receiver, ANNA);
    let hold = Command::Hold { phone: None };
    assert_eq!(given_up(&mut receiver, hold, ANNA), Err(Refusal::NoCall));
}

#[test]
fn a_call_that_ends_is_rejected_and_hung_up() {
    let mut receiver = phones(&[silent()]);
    receiver.act(ANNA, Act::Ring("0123", "Zoe"));
    receiver.run_for(1.0);
    assert_eq!(given_up(&mut receiver, REJECT, ANNA), Ok(()));
    let mut receiver = phones(&[silent()]);
    speaks(&mut receiver, ANNA);
    assert_eq!(given_up(&mut receiver, HANG_UP, ANNA), Ok(()));
}

#[test]
fn a_call_that_ends_while_its_sound_is_awaited_is_no_call() {
    let mut receiver = phones(&[silent()]);
    receiver.act(ANNA, Act::Ring("0123", "Zoe"));
    receiver.run_for(1.0);
    receiver.act(ANNA, Act::Answer(Audio::Phone));
    receiver.run_for(5.0);
    let here = Command::Voice { to: VoiceTo::Receiver, phone: None };
    assert_eq!(given_up(&mut receiver, here, ANNA), Err(Refusal::NoCall));
}

#[test]
fn what_comes_second_is_told_so_at_once() {
    let mut receiver = phones(&[silent(), PhoneOptions::default()]);
    speaks(&mut receiver, ANNA);
    receiver.act(BEN, Act::Ring("0456", "Yan"));
    receiver.run_for(1.0);
    let answer = receiver.command(ANSWER);
    receiver.run_for(0.2);
    // It is rejected after all.
    assert_eq!(receiver.press(REJECT, 1.0), Ok(()));
    assert_eq!(receiver.result(answer), Some(Err(Refusal::Busy)));
    assert_eq!(receiver.speaks_with(), Some(ANNA));
    // Twice the same is once.
    let mut receiver = two();
    receiver.act(ANNA, Act::Ring("0123", "Zoe"));
    receiver.run_for(1.0);
    let (one, other) = (receiver.command(ANSWER), receiver.command(ANSWER));
    receiver.run_for(2.0);
    assert_eq!([one, other].map(|ticket| receiver.result(ticket)), [Some(Ok(())); 2]);
}
