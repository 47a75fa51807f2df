//! Who holds a seat.
//!
//! A newcomer takes an empty seat. With none empty, the phone that was heard longest ago goes
//! (never counts as longest), among equals the one that connected first; the phone heard last
//! stays. With `mix` the one that started last stays. With one seat the newcomer wins. While one
//! newcomer waits for its seat, another is turned away.

use crate::decide::Decision;
use crate::fact::Timer;
use crate::order::Order;
use crate::policy::Preferences;
use crate::policy::Takeover;
use crate::roster::{MAX_SEATS, Seat, SeatId};

pub(crate) fn arrived(decision: &mut Decision, put_out: bool, preferences: Preferences) {
    if decision.roster.waiting.is_some() {
        return decision.order(Order::TurnAway);
    }
    if decision.roster.taken().count() < decision.seat_count() {
        return admit(decision, preferences);
    }
    if staying(decision) >= decision.seat_count() {
        match victim(decision).filter(|_| !put_out) {
            Some(id) => put_out_phone(decision, id),
            None => return decision.order(Order::TurnAway),
        }
    }
    decision.roster.waiting = Some(preferences);
}

/// The seat is empty: a newcomer that waits gets one.
pub(crate) fn left(decision: &mut Decision, id: SeatId) {
    decision.disarm_blip(id);
    if decision.roster.at(id).settling {
        decision.order(Order::Disarm(id, Timer::Settle));
    }
    let gone = core::mem::take(decision.roster.at(id));
    decision.roster.audible &= !(1 << id.0);
    for seat in &mut decision.roster.seats {
        close_gap(&mut seat.started, gone.started);
        close_gap(&mut seat.heard, gone.heard);
        close_gap(&mut seat.joined, gone.joined);
    }
    admit_waiting(decision);
}

/// After a change of policy: a newcomer for whom there is no seat any more is turned away, then
/// phones beyond the number of seats go, those heard longest ago first.
pub(crate) fn fit(decision: &mut Decision) {
    admit_waiting(decision);
    if decision.roster.waiting.is_some() && staying(decision) >= decision.seat_count() {
        decision.roster.waiting = None;
        decision.order(Order::TurnAway);
    }
    while staying(decision) > decision.seat_count() {
        let Some(id) = victim(decision) else { return };
        put_out_phone(decision, id);
    }
}

/// The phones that are not on their way out.
fn staying(decision: &Decision) -> usize {
    decision.roster.which(|seat| seat.taken && !seat.leaving).count()
}

fn admit_waiting(decision: &mut Decision) {
    if decision.roster.taken().count() < decision.seat_count()
        && let Some(preferences) = decision.roster.waiting.take()
    {
        admit(decision, preferences);
    }
}

fn admit(decision: &mut Decision, preferences: Preferences) {
    let empty = decision.roster.which(|seat| !seat.taken).next();
    let Some(id) = empty else { return decision.order(Order::TurnAway) };
    let joined = decision.roster.taken().count() as u8 + 1;
    *decision.roster.at(id) =
        Seat { taken: true, settling: true, preferences, joined, ..Seat::default() };
    decision.order(Order::Seat(id));
    decision.order(Order::Arm(id, Timer::Settle));
}

fn put_out_phone(decision: &mut Decision, id: SeatId) {
    decision.roster.at(id).leaving = true;
    decision.order(Order::Disconnect(id));
}

/// Who has to go, if anybody may.
fn victim(decision: &Decision) -> Option<SeatId> {
    let candidates = || decision.roster.which(|seat| seat.taken && !seat.leaving);
    let keeps = if candidates().count() < 2 { None } else { keeper(decision) };
    candidates().filter(|&id| Some(id) != keeps).min_by_key(|&id| {
        let seat = decision.roster.seats[id.0 as usize];
        (seat.heard, seat.joined)
    })
}

/// Who keeps the seat whatever comes: the phone heard last, with `mix` the one that started last.
fn keeper(decision: &Decision) -> Option<SeatId> {
    let rank = |id: SeatId| {
        let seat = decision.roster.seats[id.0 as usize];
        let started = if decision.policy.takeover == Takeover::Mix { seat.started } else { 0 };
        (started, seat.heard)
    };
    decision.roster.taken().filter(|&id| rank(id) > (0, 0)).max_by_key(|&id| rank(id))
}

/// Ranks stay 1, 2, 3 … when one of them falls out.
pub(crate) fn close_gap(rank: &mut u8, gone: u8) {
    if gone > 0 && *rank > gone {
        *rank -= 1;
    }
}

/// Moves one seat's rank to the top.
pub(crate) fn promote(seats: &mut [Seat; MAX_SEATS], id: SeatId, rank: fn(&mut Seat) -> &mut u8) {
    let old = *rank(&mut seats[id.0 as usize]);
    *rank(&mut seats[id.0 as usize]) = 0;
    let mut top = 0;
    for seat in seats.iter_mut() {
        close_gap(rank(seat), old);
        top = top.max(*rank(seat));
    }
    *rank(&mut seats[id.0 as usize]) = top + 1;
}
