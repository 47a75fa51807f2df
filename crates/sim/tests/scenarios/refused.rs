//! Each kind of order, to a phone that refuses it and to one that never answers.

use host::{AnswerHow, CallState, Change, Command, Event, Input, OrderKind, Refusal, VoiceTo};
use stack::hfp::gateway::Orders;
use tandem_sim::{Act, Audio, Fault, Manners, PhoneOptions};
use wire::avrcp::PlayStatus;
use wire::hci::Opcode;
use wire::hfp::CallStatus;

use crate::receiver::Receiver;
use crate::{ANNA, ANSWER, BEN, HANG_UP, REJECT, gateway, mannered, phones, two};

/// Both ways not to do what one is told, and how the owner hears of it.
const WAYS: [(Orders, Refusal); 2] =
    [(Orders::Refused, Refusal::Refused), (Orders::Unanswered, Refusal::TimedOut)];

fn stubborn(orders: Orders) -> PhoneOptions {
    gateway(|settings| settings.orders = orders)
}

/// Anna's phone, which is like this, speaks; Ben's rings.
fn waits(anna: PhoneOptions) -> Receiver {
    let mut receiver = phones(&[anna, PhoneOptions::default()]);
    receiver.act(ANNA, Act::Ring("0123", "Zoe"));
    receiver.run_for(1.0);
    receiver.act(ANNA, Act::Answer(Audio::Receiver));
    receiver.run_for(2.0);
    assert_eq!(
        (receiver.calls(ANNA), receiver.speaks_with()),
        (vec![CallState::Active], Some(ANNA))
    );
    receiver.act(BEN, Act::Ring("0456", "Yan"));
    receiver.run_for(1.0);
    receiver
}

fn on_phone(receiver: &Receiver) -> usize {
    receiver.count(|event| matches!(event, Event::Warning { code: "call_on_phone", .. }))
}

#[test]
fn answer_that_is_not_obeyed_leaves_the_call_ringing() {
    for (orders, refusal) in WAYS {
        let mut receiver = phones(&[stubborn(orders), PhoneOptions::default()]);
        receiver.act(ANNA, Act::Ring("0123", "Zoe"));
        receiver.run_for(1.0);
        assert_eq!(receiver.press(ANSWER, 6.0), Err(refusal), "{orders:?}");
        assert_eq!(receiver.statuses(ANNA), [CallStatus::Incoming]);
        assert_eq!(receiver.hears(), [ANNA], "{orders:?}: it rings on");
        assert_eq!(receiver.ordered(ANNA, OrderKind::Answer), 1);
        // The other phone is served all the same.
        receiver.act(BEN, Act::Ring("0456", "Yan"));
        receiver.run_for(1.0);
        assert_eq!(receiver.press(ANSWER, 3.0), Ok(()), "{orders:?}");
        assert_eq!(receiver.speaks_with(), Some(BEN), "{orders:?}");
    }
}

#[test]
fn hang_up_and_reject_that_are_not_obeyed_change_nothing() {
    for (orders, refusal) in WAYS {
        for (command, answered) in [(HANG_UP, true), (REJECT, false)] {
            let mut receiver = phones(&[stubborn(orders)]);
            receiver.act(ANNA, Act::Ring("0123", "Zoe"));
            receiver.run_for(1.0);
            if answered {
                receiver.act(ANNA, Act::Answer(Audio::Receiver));
                receiver.run_for(1.0);
            }
            let before = receiver.statuses(ANNA);
            assert_eq!(
                receiver.press(command.clone(), 6.0),
                Err(refusal),
                "{orders:?} {command:?}"
            );
            assert_eq!(receiver.statuses(ANNA), before);
            assert_eq!((receiver.hears(), receiver.speaks_with()), (vec![ANNA], Some(ANNA)));
            receiver.act(ANNA, Act::TheyHangUp);
            receiver.run_for(2.0);
            assert_eq!((receiver.calls(ANNA), receiver.hears()), (vec![], vec![]), "{orders:?}");
        }
    }
}

/// Anna's phone does not make room for Ben's call: its call goes on there.
#[track_caller]
fn keeps_its_call(command: &Command) {
    for (orders, after) in [(Orders::Refused, 0..150), (Orders::Unanswered, 2000..2100)] {
        let mut receiver = waits(stubborn(orders));
        let pressed = receiver.now();
        assert_eq!(receiver.press(command.clone(), 5.0), Ok(()), "{orders:?}");
        let order = receiver.orders(BEN).into_iter().find(|(_, order)| *order == OrderKind::Answer);
        let took = order.expect("an order").0.since(pressed).as_millis();
        assert!(after.contains(&took), "{orders:?}: {took} ms");
        assert_eq!(receiver.statuses(ANNA), [CallStatus::Active]);
        assert_eq!((receiver.speaks_with(), on_phone(&receiver)), (Some(BEN), 1), "{orders:?}");
    }
}

#[test]
fn row_14_a_phone_that_does_not_obey_a_hold_keeps_its_call() {
    keeps_its_call(&ANSWER);
}

#[test]
fn row_10_a_phone_that_does_not_obey_an_end_keeps_its_call() {
    keeps_its_call(&Command::Answer { how: AnswerHow::End, phone: None, index: None });
}

#[test]
fn row_11_a_reject_that_is_not_obeyed_does_not_disturb_the_call_that_is_on() {
    for (orders, refusal) in WAYS {
        let mut receiver = phones(&[PhoneOptions::default(), stubborn(orders)]);
        receiver.act(ANNA, Act::Ring("0123", "Zoe"));
        receiver.run_for(1.0);
        assert_eq!(receiver.press(ANSWER, 1.0), Ok(()));
        receiver.act(BEN, Act::Ring("0456", "Yan"));
        receiver.run_for(1.0);
        assert_eq!(receiver.press(REJECT, 6.0), Err(refusal), "{orders:?}");
        assert_eq!(
            (receiver.speaks_with(), receiver.statuses(BEN)),
            (Some(ANNA), vec![CallStatus::Incoming])
        );
    }
}

#[test]
fn row_08_orders_about_a_second_call_that_are_not_obeyed() {
    for (orders, refusal) in WAYS {
        for command in [
            ANSWER,
            Command::Answer { how: AnswerHow::End, phone: None, index: None },
            REJECT,
            Command::Merge { phone: None },
        ] {
            let mut receiver = phones(&[stubborn(orders)]);
            receiver.act(ANNA, Act::Ring("0123", "Zoe"));
            receiver.run_for(1.0);
            receiver.act(ANNA, Act::Answer(Audio::Receiver));
            receiver.run_for(1.0);
            receiver.act(ANNA, Act::Ring("0456", "Yan"));
            receiver.run_for(1.0);
            assert_eq!(
                receiver.press(command.clone(), 6.0),
                Err(refusal),
                "{orders:?} {command:?}"
            );
            assert_eq!(receiver.statuses(ANNA), [CallStatus::Active, CallStatus::Waiting]);
            assert_eq!(receiver.speaks_with(), Some(ANNA), "{orders:?} {command:?}");
        }
    }
}

#[test]
fn row_15_a_phone_that_does_not_send_its_call_here_keeps_it() {
    for (orders, refusal) in
        [(Orders::Refused, Refusal::Refused), (Orders::Unanswered, Refusal::Refused)]
    {
        let mut receiver = phones(&[stubborn(orders), PhoneOptions::default()]);
        receiver.act(ANNA, Act::Ring("0123", "Zoe"));
        receiver.run_for(1.0);
        receiver.act(ANNA, Act::Answer(Audio::Phone));
        receiver.run_for(5.0);
        assert!(receiver.line.is_none());
        let here = Command::Voice { to: VoiceTo::Receiver, phone: None };
        let before = on_phone(&receiver);
        let result = receiver.press(here, 6.0);
        assert!(
            result == Err(refusal) || result == Err(Refusal::TimedOut),
            "{orders:?} {result:?}"
        );
        assert_eq!(on_phone(&receiver), before + 1, "{orders:?}");
        assert!(receiver.line.is_none());
        assert_eq!(receiver.calls(ANNA), [CallState::Active]);
        // The claim stands, and the next call is heard.
        receiver.act(ANNA, Act::TheyHangUp);
        receiver.act(BEN, Act::Ring("0456", "Yan"));
        receiver.run_for(1.0);
        assert_eq!(receiver.press(ANSWER, 3.0), Ok(()), "{orders:?}");
        assert_eq!(receiver.speaks_with(), Some(BEN));
    }
}

#[test]
fn row_06_a_pause_that_is_refused_is_not_repeated_and_row_05_nobody_is_told_to_play() {
    let keyless = mannered(Manners { refuses_keys: true, ..Manners::default() });
    let mut receiver = phones(&[PhoneOptions::default(), keyless]);
    receiver.act(BEN, Act::Play(660));
    receiver.run_for(2.0);
    receiver.act(ANNA, Act::Ring("0123", "Zoe"));
    receiver.run_for(20.0);
    assert_eq!(receiver.ordered(BEN, OrderKind::Pause), 1);
    assert!(receiver.gains.iter().all(|(_, gain)| *gain == 0.0), "{:?}", receiver.gains);
    receiver.act(ANNA, Act::TheyHangUp);
    receiver.run_for(5.0);
    assert_eq!((receiver.hears(), receiver.ordered(BEN, OrderKind::Play)), (vec![BEN], 0));
}

#[test]
fn row_05_a_phone_that_does_not_play_again_is_told_once() {
    // It is out of reach from the moment in which it paused, and does not answer.
    for back in [true, false] {
        let mut receiver = two();
        receiver.act(BEN, Act::Play(660));
        receiver.run_for(2.0);
        receiver.act(ANNA, Act::Ring("0123", "Zoe"));
        receiver.run_for(2.0);
        receiver.act(BEN, Act::Leave);
        receiver.act(ANNA, Act::TheyHangUp);
        receiver.run_for(3.0);
        assert_eq!((receiver.ordered(BEN, OrderKind::Play), receiver.hears()), (1, vec![]));
        if back {
            // It was told late, and obeys late.
            receiver.act(BEN, Act::Return);
            receiver.run_for(2.0);
            assert_eq!(receiver.hears(), [BEN], "{:#?}", receiver.orders(BEN));
        }
        receiver.run_for(40.0);
        assert_eq!(receiver.ordered(BEN, OrderKind::Play), 1);
    }
}

/// An order to a phone that has just gone out of reach, and what is ordered then.
fn unreachable(orders: fn(&mut Receiver)) -> Receiver {
    let mut receiver = waits(PhoneOptions::default());
    receiver.act(ANNA, Act::Leave);
    orders(&mut receiver);
    receiver.run_for(60.0);
    assert!(!receiver.is_connected(ANNA));
    assert_eq!(receiver.complaints(), []);
    receiver
}

#[test]
fn no_order_to_a_phone_out_of_reach_keeps_the_other_waiting() {
    let held = unreachable(|receiver| assert_eq!(receiver.press(ANSWER, 6.0), Ok(())));
    assert_eq!(held.speaks_with(), Some(BEN));
    let ended = unreachable(|receiver| {
        let end = Command::Answer { how: AnswerHow::End, phone: None, index: None };
        assert_eq!(receiver.press(end, 6.0), Ok(()));
    });
    assert_eq!(ended.speaks_with(), Some(BEN));
    let moved = unreachable(|receiver| {
        let there = Command::Voice { to: VoiceTo::Phone, phone: None };
        let _ = receiver.press(there, 6.0);
    });
    assert_eq!(moved.hears(), [BEN]);
    let sent_away = unreachable(|receiver| {
        let gone = Command::Disconnect { phone: crate::receiver::phone(ANNA) };
        let _ = receiver.press(gone, 6.0);
    });
    assert_eq!(sent_away.hears(), [BEN]);
}

#[test]
fn a_controller_that_ignores_an_order_is_begun_anew() {
    let mut receiver = waits(PhoneOptions::default());
    let here = receiver.world.receiver();
    receiver.world.air().set_fault(here, Fault::Ignore(Opcode::DISCONNECT));
    let ticket = receiver.command(ANSWER);
    receiver.run_for(30.0);
    assert!(receiver.result(ticket).is_some(), "it ended");
    // Whoever drives the transport begins anew when the controller is given up; it is well again.
    receiver.world.air().repair(here);
    receiver.input(Input::TransportLost);
    receiver.input(Input::TransportReady);
    receiver.run_for(20.0);
    receiver.set(Change::Reconnect(true));
    for n in [ANNA, BEN] {
        receiver.act(n, Act::Connect);
        receiver.run_for(5.0);
        assert!(receiver.is_connected(n), "{n}");
    }
    assert!(receiver.line.is_none() || receiver.speaks_with().is_some());
    let status = receiver.world.phone(ANNA).player().map(|player| player.status());
    assert_eq!(status, Some(PlayStatus::Stopped));
}

#[test]
fn row_09_a_voice_link_that_takes_long_to_close_is_waited_for() {
    let no_hold = gateway(|settings| settings.holds -= wire::hfp::Holds::SWAP);
    let mut receiver = waits(no_hold);
    let pressed = receiver.now();
    // Out of reach, its controller cannot confirm that the voice link is closed.
    receiver.act(ANNA, Act::Leave);
    assert_eq!(receiver.press(ANSWER, 20.0), Ok(()));
    let voices = receiver.told.iter().filter_map(|(at, event)| match event {
        Event::Voice { phone, open, .. } if *at >= pressed => {
            Some((usize::from(phone.0[0]) - 0x10, *open))
        }
        _ => None,
    });
    let voices: Vec<_> = voices.collect();
    assert_eq!(voices, [(ANNA, false), (BEN, true)]);
    assert_eq!(receiver.speaks_with(), Some(BEN));
}
