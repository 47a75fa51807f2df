//! What is always true of a decision, asserted in builds with debug assertions. The tests hold every
//! state that can be visited to more, with words of their own.

use crate::claims::{Claim, strongest};
use crate::decide::Decision;
use crate::order::Order;
use crate::policy::Takeover;
use crate::roster::{Player, Seat, SeatId, Voice};

/// Asserts it.
pub(crate) fn assert(decision: &Decision) {
    let Decision { policy, roster, orders, .. } = decision;
    let linked = |seat: &&Seat| matches!(seat.voice, Voice::Opening | Voice::Open);
    let links = roster.seats.iter().filter(linked).count();
    assert!(links <= 1, "two voice links are open or opening: {roster:?}");

    let alone = policy.takeover != Takeover::Mix || strongest(roster) > Claim::Media.strength();
    assert!(!alone || roster.audible.count_ones() <= 1, "two are heard: {roster:?}");
    assert!(roster.heard().all(|id| seat(decision, id).taken), "nobody is heard: {roster:?}");

    for order in orders {
        assert!(is_for(decision, *order), "{order:?} is for nobody: {roster:?}");
    }
}

fn seat(decision: &Decision, id: SeatId) -> &Seat {
    &decision.roster.seats[usize::from(id.0)]
}

/// Whether an order goes to a phone that is there, has what it takes, and may be told so.
fn is_for(decision: &Decision, order: Order) -> bool {
    let can = |id| seat(decision, id).hands_free;
    match order {
        Order::TurnAway | Order::Disarm(..) => true,
        Order::Disconnect(id) => seat(decision, id).taken && !seat(decision, id).in_call(),
        Order::Pause(id) | Order::Play(id) => seat(decision, id).player != Player::Absent,
        Order::Answer(id) | Order::HangUp(id) | Order::OpenVoice(id) => can(id).is_some(),
        Order::Hold(id) => can(id).is_some_and(|can| can.hold),
        Order::EndAndAccept(id) => can(id).is_some_and(|can| can.end),
        Order::RejectWaiting(id) => can(id).is_some_and(|can| can.reject),
        Order::Seat(id)
        | Order::AcceptVoice(id)
        | Order::RejectVoice(id)
        | Order::CloseVoice(id)
        | Order::CallOnPhone(id)
        | Order::Arm(id, _) => seat(decision, id).taken,
    }
}
