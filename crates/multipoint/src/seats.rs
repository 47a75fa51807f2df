//! Who holds a seat.
//!
//! A phone in a call keeps it. A newcomer takes an empty seat. With none empty, the phone that was
//! heard longest ago goes (never counts as longest), among equals the one that connected first; the
//! phone heard last stays, and if nobody may go, the newcomer is turned away. With `mix` the one that
//! started last stays. With one seat the newcomer wins. While one newcomer waits for its seat, another
//! is turned away: it is to be asked about after that one.

use crate::claims::bit;
use crate::decide::Decision;
use crate::order::Order;
use crate::policy::Preferences;
use crate::policy::Takeover;
use crate::roster::{MAX_SEATS, Seat, SeatId};
use crate::timers;

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

/// The seat is empty.
pub(crate) fn left(decision: &mut Decision, id: SeatId) {
    timers::stop(decision, id);
    for rank in RANKS {
        drop_rank(&mut decision.roster.seats, id, rank);
    }
    *decision.roster.at(id) = Seat::default();
    decision.roster.audible &= !bit(id);
    decision.roster.ducked &= !bit(id);
}

/// After each fact: a newcomer that waits gets a seat where there is one, and is turned away where there
/// will be none; phones beyond the number of seats go, those heard longest ago first, unless they are
/// in calls.
pub(crate) fn settle(decision: &mut Decision) {
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
}

fn put_out_phone(decision: &mut Decision, id: SeatId) {
    decision.roster.at(id).leaving = true;
    decision.order(Order::Disconnect(id));
}

/// Who has to go, if anybody may: a phone in a call stays, and of several the one heard last.
fn victim(decision: &Decision) -> Option<SeatId> {
    let keeps = if staying(decision) < 2 { None } else { keeper(decision) };
    let may = |seat: &Seat| seat.taken && !seat.leaving && !seat.in_call();
    decision.roster.which(may).filter(|&id| Some(id) != keeps).min_by_key(|&id| {
        let seat = &decision.roster.seats[usize::from(id.0)];
        (seat.heard, seat.preferences.priority, seat.joined)
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

/// A rank of each seat: 1, 2, 3 … for those that have one, 0 for the others.
type Rank = fn(&mut Seat) -> &mut u8;

const RANKS: [Rank; 5] = [
    |seat| &mut seat.started,
    |seat| &mut seat.heard,
    |seat| &mut seat.joined,
    |seat| &mut seat.rang,
    |seat| &mut seat.talked,
];

/// A seat has no rank any more, and those above it move down.
pub(crate) fn drop_rank(seats: &mut [Seat; MAX_SEATS], id: SeatId, rank: Rank) {
    let gone = core::mem::take(rank(&mut seats[usize::from(id.0)]));
    for seat in seats {
        let rank = rank(seat);
        *rank -= u8::from(gone > 0 && *rank > gone);
    }
}

/// Moves one seat's rank to the top.
pub(crate) fn promote(seats: &mut [Seat; MAX_SEATS], id: SeatId, rank: Rank) {
    drop_rank(seats, id, rank);
    let top = seats.iter_mut().map(|seat| *rank(seat)).max().unwrap_or(0);
    *rank(&mut seats[usize::from(id.0)]) = top + 1;
}
