//! Whom a button is for.

use crate::claims::Claim;
use crate::fact::{Button, To};
use crate::policy::{Answer, Policy};
use crate::roster::{Asked, Few, Roster, Seat, SeatId, Setup, Voice};

/// Why a button has no effect.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum NoTarget {
    /// No call rings.
    NothingToAnswer,
    /// There is no call for it.
    NoCall,
    /// There is no phone in the seat, or none with calls at all.
    NotConnected,
    /// The phone lacks what it takes.
    NotSupported,
}

/// The seat that a button is for: the one that it names, else the one that fits best. The verb's own
/// order goes to that seat; others may have to make room first.
pub fn target(policy: Policy, roster: &Roster, button: Button) -> Result<SeatId, NoTarget> {
    use NoTarget::{NoCall, NotConnected, NotSupported, NothingToAnswer};
    match button {
        Button::Answer(how, named) => {
            let id = find(roster, named, ringing, NothingToAnswer)?;
            let seat = &roster.seats[usize::from(id.0)];
            let can = seat.hands_free.unwrap_or_default();
            let able = match how.unwrap_or(policy.answer) {
                Answer::Hold => can.hold,
                Answer::End => can.end,
            };
            // Only where the phone itself has to make room.
            if seat.calls.active == Few::None || able { Ok(id) } else { Err(NotSupported) }
        }
        Button::Reject(named) => {
            let id = find(roster, named, ringing, NothingToAnswer)?;
            let seat = &roster.seats[usize::from(id.0)];
            let can = seat.hands_free.is_some_and(|can| can.reject);
            if seat.calls.active == Few::None || can { Ok(id) } else { Err(NotSupported) }
        }
        Button::HangUp(named) => find(roster, named, ends, NoCall),
        Button::Hold(named) => {
            let id = find(roster, named, active, NoCall)
                .or_else(|_| find(roster, named, held, NoCall))?;
            can_hold(roster, id)
        }
        Button::Swap => {
            let same = |roster: &Roster, id: SeatId| {
                active(roster, id).filter(|_| held(roster, id).is_some())
            };
            let id = find(roster, None, same, NoCall).or_else(|_| {
                let other = |roster: &Roster, id| held(roster, id);
                find(roster, None, other, NoCall)
            })?;
            can_hold(roster, id)
        }
        Button::Voice(To::Receiver, named) => find(roster, named, active, NoCall),
        Button::Voice(To::Phone, named) => find(roster, named, linked, NoCall),
        Button::Dial(named) => {
            find(roster, named, caller, if named.is_some() { NotSupported } else { NotConnected })
        }
    }
}

/// How well a seat fits; the greatest is taken.
type Rank = (u8, u8, u8);

/// The seat that is named, if it fits, else the one that fits best.
fn find(
    roster: &Roster,
    named: Option<SeatId>,
    fits: impl Fn(&Roster, SeatId) -> Option<Rank>,
    none: NoTarget,
) -> Result<SeatId, NoTarget> {
    let Some(id) = named else {
        let all = roster.taken().filter_map(|id| Some((fits(roster, id)?, id)));
        return all.max().map(|(_, id)| id).ok_or(none);
    };
    if !roster.seat(id).is_some_and(|seat| seat.taken) {
        return Err(NoTarget::NotConnected);
    }
    fits(roster, id).map(|_| id).ok_or(none)
}

fn can_hold(roster: &Roster, id: SeatId) -> Result<SeatId, NoTarget> {
    let can = roster.seat(id).and_then(|seat| seat.hands_free).is_some_and(|can| can.hold);
    if can { Ok(id) } else { Err(NoTarget::NotSupported) }
}

fn seat(roster: &Roster, id: SeatId) -> &Seat {
    &roster.seats[usize::from(id.0)]
}

/// Rings: of the greatest priority, the newest.
fn ringing(roster: &Roster, id: SeatId) -> Option<Rank> {
    let seat = seat(roster, id);
    (seat.calls.setup == Setup::Incoming).then_some((seat.preferences.priority, seat.rang, 0))
}

/// Has an active call: the one that is heard, else the one that began last.
fn active(roster: &Roster, id: SeatId) -> Option<Rank> {
    let seat = seat(roster, id);
    let heard = u8::from(roster.heard_as(id) == Some(Claim::Call));
    (seat.calls.active != Few::None).then_some((heard, seat.talked, 0))
}

/// Has a held call that can be taken, as no other one rings there: the one that is being taken, else
/// the one used last.
fn held(roster: &Roster, id: SeatId) -> Option<Rank> {
    let seat = seat(roster, id);
    let taken = u8::from(seat.asked == Asked::Retrieve);
    (seat.calls.held && seat.calls.setup == Setup::None).then_some((taken, seat.talked, 0))
}

/// Has something that is hung up.
fn ends(roster: &Roster, id: SeatId) -> Option<Rank> {
    let seat = seat(roster, id);
    if let Some((heard, talked, _)) = active(roster, id) {
        Some((3, heard, talked))
    } else if seat.calls.setup == Setup::Dialling {
        Some((2, seat.rang, 0))
    } else if seat.session || seat.assistant && seat.voice != Voice::None {
        Some((1, u8::from(roster.is_audible(id)), 0))
    } else {
        None
    }
}

/// Has, or is to have, a voice link.
fn linked(roster: &Roster, id: SeatId) -> Option<Rank> {
    let seat = seat(roster, id);
    let linked = seat.voice != Voice::None || seat.asked == Asked::Answer;
    (linked || seat.calls.active != Few::None).then_some((
        u8::from(seat.voice == Voice::Open),
        u8::from(roster.is_audible(id)),
        0,
    ))
}

/// Has calls at all: the one used for a call last, else the one that came last.
fn caller(roster: &Roster, id: SeatId) -> Option<Rank> {
    let seat = seat(roster, id);
    seat.hands_free.map(|_| (seat.talked, seat.joined, 0))
}
