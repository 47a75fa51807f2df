//! Rows 8 to 14: two calls, on one phone or on both.

use host::{AnswerHow, CallState, Command, Event, OrderKind, Refusal, SourceKind, Tone};
use pool::Instant;
use tandem_sim::{Act, PhoneOptions};
use wire::hfp::{CallStatus, Hold, Holds};

use crate::receiver::{Receiver, phone};
use crate::{ANNA, BEN, gateway, phones, two};

fn answer(how: AnswerHow) -> Command {
    Command::Answer { how, phone: None, index: None }
}

fn press(receiver: &mut Receiver, command: Command) -> Result<(), Refusal> {
    let ticket = receiver.command(command);
    receiver.run_for(5.0);
    receiver.result(ticket).expect("it ends")
}

/// Anna's call is spoken in.
fn talks(mut receiver: Receiver) -> Receiver {
    receiver.act(ANNA, Act::Ring("0123", "Zoe"));
    receiver.run_for(1.0);
    assert_eq!(press(&mut receiver, answer(AnswerHow::Default)), Ok(()));
    assert_eq!(
        (receiver.calls(ANNA), receiver.speaks_with()),
        (vec![CallState::Active], Some(ANNA))
    );
    receiver
}

/// Anna's call is spoken in, and another one rings, on this phone.
fn rings_too(receiver: Receiver, on: usize) -> Receiver {
    let mut receiver = talks(receiver);
    receiver.act(on, Act::Ring("0456", "Yan"));
    receiver.run_for(2.0);
    receiver
}

fn statuses(receiver: &Receiver, n: usize) -> Vec<CallStatus> {
    receiver.world.phone(n).calls().iter().map(|call| call.status).collect()
}

/// When the voice links of both phones went and came, in order.
fn voices(receiver: &Receiver, since: Instant) -> Vec<(usize, bool)> {
    let voices = receiver.told.iter().filter(|(at, _)| *at >= since);
    let voices = voices.filter_map(|(_, event)| match event {
        Event::Voice { phone, open, .. } => Some((usize::from(phone.0[0]) - 0x10, *open)),
        _ => None,
    });
    voices.collect()
}

#[test]
fn row_08_a_second_call_on_the_same_phone_is_held_for_ended_for_rejected_or_joined() {
    let reject = Command::Reject { phone: None, index: None };
    for (command, left) in [
        (answer(AnswerHow::Default), &[CallStatus::Held, CallStatus::Active][..]),
        (answer(AnswerHow::Hold), &[CallStatus::Held, CallStatus::Active]),
        (answer(AnswerHow::End), &[CallStatus::Active]),
        (reject, &[CallStatus::Active]),
    ] {
        let mut receiver = rings_too(two(), ANNA);
        assert_eq!(statuses(&receiver, ANNA), [CallStatus::Active, CallStatus::Waiting]);
        let ended = if left.len() == 1 { Some(command.clone()) } else { None };
        assert_eq!(press(&mut receiver, command.clone()), Ok(()), "{command:?}");
        assert_eq!(statuses(&receiver, ANNA), left, "{command:?}");
        let who = receiver.world.phone(ANNA).calls()[0].name.clone();
        assert_eq!(who == "Yan", ended == Some(answer(AnswerHow::End)), "{command:?}");
        assert_eq!(receiver.speaks_with(), Some(ANNA));
        if left.len() == 2 {
            assert_eq!(press(&mut receiver, Command::Swap), Ok(()));
            assert_eq!(statuses(&receiver, ANNA), [CallStatus::Active, CallStatus::Held]);
            assert_eq!(press(&mut receiver, Command::Merge { phone: None }), Ok(()));
            assert_eq!(statuses(&receiver, ANNA), [CallStatus::Active; 2]);
        }
    }
}

#[test]
fn row_09_hold_and_accept_across_phones_has_never_two_voice_links() {
    let mut receiver = rings_too(two(), BEN);
    assert_eq!(receiver.tone(), Tone::Waiting);
    let pressed = receiver.now();
    assert_eq!(press(&mut receiver, answer(AnswerHow::Default)), Ok(()));
    assert_eq!(statuses(&receiver, ANNA), [CallStatus::Held]);
    assert_eq!(statuses(&receiver, BEN), [CallStatus::Active]);
    assert_eq!(receiver.hears_as(), [(BEN, SourceKind::Call)]);
    assert_eq!(receiver.speaks_with(), Some(BEN));
    assert_eq!(voices(&receiver, pressed), [(ANNA, false), (BEN, true)]);
    let order = |n: usize, wanted: OrderKind| {
        receiver.orders(n).into_iter().find(|(at, order)| *at >= pressed && *order == wanted)
    };
    let (held, answered) = (order(ANNA, OrderKind::Hold), order(BEN, OrderKind::Answer));
    assert!(held.is_some_and(|(at, _)| at == pressed), "{held:?}");
    let after = answered.expect("an order").0.since(pressed);
    assert!(after.as_millis() < 100, "{after:?}");
    assert_eq!(receiver.complaints(), []);
}

#[test]
fn row_10_end_and_accept_across_phones() {
    let mut receiver = rings_too(two(), BEN);
    let pressed = receiver.now();
    assert_eq!(press(&mut receiver, answer(AnswerHow::End)), Ok(()));
    assert_eq!(
        (statuses(&receiver, ANNA), statuses(&receiver, BEN)),
        (vec![], vec![CallStatus::Active])
    );
    assert_eq!(receiver.speaks_with(), Some(BEN));
    assert_eq!(voices(&receiver, pressed), [(ANNA, false), (BEN, true)]);
}

#[test]
fn row_11_reject_does_not_disturb_the_call_that_is_on() {
    let mut receiver = rings_too(two(), BEN);
    let pressed = receiver.now();
    assert_eq!(press(&mut receiver, Command::Reject { phone: None, index: None }), Ok(()));
    assert_eq!(statuses(&receiver, BEN), []);
    assert_eq!(
        (statuses(&receiver, ANNA), receiver.speaks_with()),
        (vec![CallStatus::Active], Some(ANNA))
    );
    assert_eq!((voices(&receiver, pressed), receiver.tone()), (vec![], Tone::None));
}

#[test]
fn row_12_a_ring_during_a_call_is_a_quiet_tone_and_its_voice_link_is_not_opened() {
    let mut receiver = rings_too(two(), BEN);
    receiver.run_for(10.0);
    assert_eq!((receiver.speaks_with(), receiver.tone()), (Some(ANNA), Tone::Waiting));
    assert_eq!(receiver.hears_as(), [(ANNA, SourceKind::Call)]);
    assert!(receiver.world.phone(BEN).voice().is_none());
    assert!(receiver.ordered(BEN, OrderKind::RejectVoice) >= 1);
    receiver.act(BEN, Act::TheyHangUp);
    receiver.run_for(1.0);
    assert_eq!((receiver.speaks_with(), receiver.tone()), (Some(ANNA), Tone::None));
}

#[test]
fn row_13_a_call_that_we_held_comes_back_when_the_other_ends() {
    let mut receiver = rings_too(two(), BEN);
    assert_eq!(press(&mut receiver, answer(AnswerHow::Hold)), Ok(()));
    receiver.act(BEN, Act::TheyHangUp);
    receiver.run_for(3.0);
    assert_eq!(statuses(&receiver, ANNA), [CallStatus::Active]);
    assert_eq!(receiver.hears_as(), [(ANNA, SourceKind::Call)]);
    assert_eq!(receiver.speaks_with(), Some(ANNA));
    assert_eq!(receiver.ordered(ANNA, OrderKind::Hold), 2);
}

#[test]
fn row_13_a_call_that_its_owner_held_stays_held() {
    let mut receiver = talks(two());
    receiver.act(ANNA, Act::Hold(Hold::Swap));
    receiver.run_for(1.0);
    receiver.act(BEN, Act::Ring("0456", "Yan"));
    receiver.run_for(1.0);
    assert_eq!(press(&mut receiver, answer(AnswerHow::Default)), Ok(()));
    assert_eq!(receiver.speaks_with(), Some(BEN));
    receiver.act(BEN, Act::TheyHangUp);
    receiver.run_for(10.0);
    assert_eq!(statuses(&receiver, ANNA), [CallStatus::Held]);
    assert_eq!(receiver.ordered(ANNA, OrderKind::Hold), 0);
}

#[test]
fn row_13_what_rings_when_the_call_ends_rings_in_full() {
    let mut receiver = rings_too(two(), BEN);
    receiver.act(ANNA, Act::TheyHangUp);
    receiver.run_for(4.0);
    assert_eq!(receiver.hears_as(), [(BEN, SourceKind::Ring)]);
    assert!(receiver.tone() == Tone::Ring || receiver.speaks_with() == Some(BEN));
}

#[test]
fn row_14_a_call_that_cannot_be_held_goes_on_on_its_phone_and_comes_back() {
    let no_hold = gateway(|settings| settings.holds -= Holds::SWAP);
    let pretends = gateway(|settings| settings.holds_nothing = true);
    for odd in [no_hold, pretends] {
        let mut receiver = rings_too(phones(&[odd, PhoneOptions::default()]), BEN);
        let pressed = receiver.now();
        assert_eq!(press(&mut receiver, answer(AnswerHow::Default)), Ok(()));
        assert_eq!(
            (statuses(&receiver, ANNA), statuses(&receiver, BEN)),
            (vec![CallStatus::Active], vec![CallStatus::Active])
        );
        assert_eq!(receiver.speaks_with(), Some(BEN));
        assert_eq!(voices(&receiver, pressed), [(ANNA, false), (BEN, true)]);
        let warned = |event: &Event| matches!(event, Event::Warning { code: "call_on_phone", .. });
        assert_eq!(receiver.count(warned), 1);
        receiver.act(BEN, Act::TheyHangUp);
        receiver.run_for(4.0);
        assert_eq!(receiver.speaks_with(), Some(ANNA), "{:#?}", receiver.orders(ANNA));
    }
}

#[test]
fn row_14_tones_are_sent_in_the_call_that_is_heard() {
    let no_hold = gateway(|settings| settings.holds -= Holds::SWAP);
    let mut receiver = rings_too(phones(&[no_hold, PhoneOptions::default()]), BEN);
    assert_eq!(press(&mut receiver, answer(AnswerHow::Default)), Ok(()));
    assert_eq!(receiver.speaks_with(), Some(BEN));
    // The other phone would not answer.
    receiver.act(ANNA, Act::Leave);
    let digits = "1#".try_into().expect("two of them");
    let tones = receiver.command(Command::Tones { digits, phone: None });
    receiver.run_for(1.0);
    assert_eq!(receiver.result(tones), Some(Ok(())));
}

#[test]
fn row_14_of_two_phones_with_two_calls_each_the_one_that_is_heard_joins_its_own() {
    let mut receiver = rings_too(two(), ANNA);
    assert_eq!(press(&mut receiver, answer(AnswerHow::Hold)), Ok(()));
    for caller in ["0456", "0789"] {
        receiver.act(BEN, Act::Ring(caller, "Yan"));
        receiver.run_for(2.0);
        assert_eq!(press(&mut receiver, answer(AnswerHow::Hold)), Ok(()));
    }
    assert_eq!(receiver.speaks_with(), Some(BEN));
    assert_eq!(press(&mut receiver, Command::Merge { phone: None }), Ok(()));
    let two_calls = [CallStatus::Held, CallStatus::Active];
    assert_eq!(statuses(&receiver, ANNA), two_calls);
    assert_eq!(statuses(&receiver, BEN), [CallStatus::Active; 2]);
}

#[test]
fn row_14_a_phone_that_does_not_hold_is_waited_for_two_seconds() {
    let pretends = gateway(|settings| settings.holds_nothing = true);
    let mut receiver = rings_too(phones(&[pretends, PhoneOptions::default()]), BEN);
    let pressed = receiver.now();
    assert_eq!(press(&mut receiver, answer(AnswerHow::Default)), Ok(()));
    let answered = receiver.orders(BEN).into_iter().find(|(_, order)| *order == OrderKind::Answer);
    let after = answered.expect("an order").0.since(pressed);
    assert!((2000..2100).contains(&after.as_millis()), "{after:?}");
    assert!(receiver.told.iter().all(|(_, event)| !matches!(event, Event::Phone { phone: who, connected: false, .. } if *who == phone(ANNA))));
}
