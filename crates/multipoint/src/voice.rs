//! Voice links: at most one is open, opening or closing at a time.
//!
//! One phone has its *turn*. Whoever asks for a link when it is another's turn is refused, and asked
//! for the link when its own comes; whoever has a link then loses it. A phone sends us the sound of a
//! call that its owner answered there only if it wants to; one answered here is expected to come.

use crate::claims::{Claim, bit, strongest};
use crate::decide::{Decision, all};
use crate::order::Order;
use crate::roster::{Audio, Few, Roster, Seat, SeatId, Setup, Voice};

impl Seat {
    /// Whether its voice link stands in the way of another's.
    fn is_linked(&self) -> bool {
        matches!(self.voice, Voice::Opening | Voice::Open | Voice::Closing)
    }

    /// Whether its calls are, or are to be, heard here.
    fn is_here(&self) -> bool {
        matches!(self.voice, Voice::Asked | Voice::Opening | Voice::Open)
            || self.audio != Audio::Phone
    }

    /// A link begins that is for no call.
    fn mark_session(&mut self) {
        self.session = !self.in_call() && !self.assistant;
    }
}

/// A phone asks for a link. While we wait for it to do so, that is granted; with one there, refused.
pub(crate) fn asked(decision: &mut Decision, id: SeatId) {
    let room = room(&decision.roster, id);
    let seat = decision.roster.at(id);
    match seat.voice {
        Voice::None => {
            seat.voice = Voice::Asked;
            seat.mark_session();
        }
        Voice::Asked => {}
        Voice::Opening if room => decision.order(Order::AcceptVoice(id)),
        Voice::Opening => seat.voice = Voice::Asked,
        Voice::Open | Voice::Closing => decision.order(Order::RejectVoice(id)),
    }
}

/// A link is there. One that comes too late is closed again where it is in the way.
pub(crate) fn opened(decision: &mut Decision, id: SeatId) {
    let voice = decision.roster.at(id).voice;
    let room = room(&decision.roster, id);
    let seat = decision.roster.at(id);
    match voice {
        Voice::None | Voice::Asked if room => {
            seat.mark_session();
            (seat.voice, seat.audio) = (Voice::Open, Audio::Phone);
        }
        Voice::Opening => (seat.voice, seat.audio) = (Voice::Open, Audio::Phone),
        Voice::Open => {}
        Voice::None | Voice::Asked | Voice::Closing => {
            (seat.voice, seat.session) = (Voice::Closing, false);
            decision.order(Order::CloseVoice(id));
        }
    }
}

/// A link is gone, or the request for one. If the phone closed it, its call goes on there; its
/// assistant is done with the link, whether it says so or not.
pub(crate) fn closed(decision: &mut Decision, id: SeatId) {
    let seat = decision.roster.at(id);
    seat.assistant &= !seat.is_linked();
    (seat.voice, seat.session) = (Voice::None, false);
}

/// There will be no link.
pub(crate) fn failed(decision: &mut Decision, id: SeatId) {
    match decision.roster.at(id).voice {
        Voice::Opening => {
            stays_on_phone(decision, id);
            closed(decision, id);
        }
        Voice::Asked | Voice::Closing => closed(decision, id),
        Voice::None | Voice::Open => {}
    }
}

/// A link, or its end, has not come in time.
pub(crate) fn overdue(decision: &mut Decision, id: SeatId) {
    let seat = decision.roster.at(id);
    match seat.voice {
        Voice::Opening => {
            stays_on_phone(decision, id);
            take_back(decision, id);
        }
        Voice::Closing => closed(decision, id),
        // The assistant is silent, or speaks elsewhere. A call that was answered here does not come by itself.
        Voice::None => {
            seat.assistant = false;
            if seat.audio == Audio::Awaited && seat.calls.active != Few::None {
                seat.audio = Audio::Owed;
            }
        }
        Voice::Asked | Voice::Open => {}
    }
}

fn stays_on_phone(decision: &mut Decision, id: SeatId) {
    let seat = decision.roster.at(id);
    seat.audio = Audio::Phone;
    if seat.calls.active != Few::None {
        decision.order(Order::CallOnPhone(id));
    }
}

/// Closes a link, or takes back what was asked for.
pub(crate) fn take_back(decision: &mut Decision, id: SeatId) {
    let seat = decision.roster.at(id);
    (seat.voice, seat.session) = (Voice::Closing, false);
    decision.order(Order::CloseVoice(id));
}

/// Refuses the link that a phone asks for.
pub(crate) fn refuse(decision: &mut Decision, id: SeatId) {
    let seat = decision.roster.at(id);
    (seat.voice, seat.session) = (Voice::None, false);
    decision.order(Order::RejectVoice(id));
}

/// A phone's call is not heard here for now; we ask for it when its turn comes.
fn owe(decision: &mut Decision, id: SeatId) {
    let seat = decision.roster.at(id);
    let was = core::mem::replace(&mut seat.audio, Audio::Owed);
    if !seat.calls.is_on() {
        seat.audio = Audio::Phone;
    } else if was != Audio::Owed && seat.calls.active != Few::None {
        decision.order(Order::CallOnPhone(id));
    }
}

/// After each fact: whoever has not its turn makes room; whoever has it gets its link, once there is room.
pub(crate) fn settle(decision: &mut Decision) {
    for seat in &mut decision.roster.seats {
        // It is heard here, as was wanted. Who moves it to the phone from now on wants it there.
        if seat.voice == Voice::Open && seat.calls.active != Few::None {
            seat.audio = Audio::Phone;
        }
    }
    let turn = turn(&decision.roster);
    for id in all().filter(|&id| turn != Some(id)) {
        let seat = decision.roster.at(id);
        match seat.voice {
            Voice::Asked => {
                refuse(decision, id);
                owe(decision, id);
            }
            Voice::Opening | Voice::Open if turn.is_some() => {
                take_back(decision, id);
                owe(decision, id);
            }
            Voice::None if seat.audio == Audio::Awaited => owe(decision, id),
            Voice::None | Voice::Opening | Voice::Open | Voice::Closing => {}
        }
    }
    if let Some(id) = turn.filter(|&id| room(&decision.roster, id)) {
        let seat = decision.roster.at(id);
        if seat.voice == Voice::Asked {
            seat.voice = Voice::Opening;
            decision.order(Order::AcceptVoice(id));
        } else if seat.voice == Voice::None && seat.audio == Audio::Owed && seat.calls.is_on() {
            (seat.voice, seat.audio) = (Voice::Opening, Audio::Phone);
            decision.order(Order::OpenVoice(id));
        }
    }
    if strongest(&decision.roster) > Claim::Media.strength() {
        decision.roster.audible = turn.map_or(0, bit);
    }
}

/// Whether no other link is in the way of a seat's.
fn room(roster: &Roster, id: SeatId) -> bool {
    roster.which(Seat::is_linked).all(|linked| linked == id)
}

/// Whose turn it is: whose claim is the strongest, and among equal ones the one that is or is to be
/// heard here, the incumbent, the one of the greatest priority, the newest.
fn turn(roster: &Roster) -> Option<SeatId> {
    let strongest = strongest(roster);
    let silenced = strongest > Claim::Media.strength();
    let rank = |id: SeatId| {
        let seat = &roster.seats[usize::from(id.0)];
        let incumbent = roster.is_audible(id);
        let priority = seat.preferences.priority;
        match seat.claim() {
            Some(claim) if claim != Claim::Media => {
                let rings = claim == Claim::Ring && seat.calls.setup == Setup::Incoming;
                let stands = !rings && seat.is_here();
                // A call that rings waits for one that is being dialled, and gives way to a newer one.
                let rank = (!rings, stands, incumbent && !rings, priority, newest(seat, claim));
                (claim.strength() == strongest).then_some(rank)
            }
            // What is left of a link, or is asked for by a phone whose calls are held.
            Some(Claim::Media) | None if seat.voice != Voice::None && !silenced => {
                Some((false, seat.is_linked(), incumbent, priority, seat.joined))
            }
            _ => None,
        }
    };
    all().filter_map(|id| Some((rank(id)?, id))).max().map(|(_, id)| id)
}

fn newest(seat: &Seat, claim: Claim) -> u8 {
    match claim {
        Claim::Call => seat.talked,
        Claim::Ring => seat.rang,
        Claim::Session | Claim::Assistant | Claim::Media => seat.joined,
    }
}
