//! What a button does to the seat that it is for.

use crate::calls::accept;
use crate::claims::bit;
use crate::decide::Decision;
use crate::fact::{Button, To};
use crate::order::Order;
use crate::policy::Answer;
use crate::roster::{Asked, Audio, Few, SeatId, Voice};
use crate::target::target;
use crate::voice;

/// A button was pressed. One that is for nobody does nothing.
pub(crate) fn press(decision: &mut Decision, button: Button) {
    let Ok(id) = target(decision.policy, &decision.roster, button) else { return };
    let busy = decision.roster.at(id).asked != Asked::Nothing;
    match button {
        // What it was asked before comes first: twice would be the opposite.
        Button::Answer(..) | Button::Hold(_) | Button::Swap if busy => {}
        Button::Answer(how, _) => answer(decision, id, how.unwrap_or(decision.policy.answer)),
        Button::Reject(_) => reject(decision, id),
        Button::HangUp(_) => hang_up(decision, id),
        Button::Hold(_) | Button::Swap => {
            if decision.roster.at(id).calls.active != Few::None {
                decision.order(Order::Hold(id));
            } else {
                accept(decision, id, Answer::Hold);
            }
        }
        Button::Voice(To::Receiver, _) => {
            let seat = decision.roster.at(id);
            if !matches!(seat.voice, Voice::Opening | Voice::Open) {
                seat.audio = Audio::Owed;
                decision.roster.audible = bit(id);
            }
        }
        Button::Voice(To::Phone, _) => {
            let seat = decision.roster.at(id);
            seat.audio = Audio::Phone;
            match seat.voice {
                Voice::Asked => voice::refuse(decision, id),
                Voice::Opening | Voice::Open => voice::take_back(decision, id),
                Voice::None | Voice::Closing => {}
            }
        }
        Button::Dial(_) => {}
    }
}

fn answer(decision: &mut Decision, id: SeatId, how: Answer) {
    let seat = decision.roster.at(id);
    if seat.calls.active != Few::None {
        decision.order(match how {
            Answer::Hold => Order::Hold(id),
            Answer::End => Order::EndAndAccept(id),
        });
    } else {
        accept(decision, id, how);
    }
}

fn reject(decision: &mut Decision, id: SeatId) {
    decision.roster.accepting.take_if(|accepting| *accepting == id);
    let seat = decision.roster.at(id);
    let waits = seat.calls.active != Few::None || seat.calls.held;
    let can = seat.hands_free.is_some_and(|can| can.reject);
    decision.order(if waits && can { Order::RejectWaiting(id) } else { Order::HangUp(id) });
}

fn hang_up(decision: &mut Decision, id: SeatId) {
    let seat = decision.roster.at(id);
    if seat.calls.is_on() {
        return decision.order(Order::HangUp(id));
    }
    match seat.voice {
        Voice::Asked => voice::refuse(decision, id),
        Voice::Opening | Voice::Open => voice::take_back(decision, id),
        Voice::None | Voice::Closing => {}
    }
}
