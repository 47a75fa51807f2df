//! Calls: what phones tell of them, and how one is taken while others are on.
//!
//! To take a phone's call, the others are asked to hold theirs, or theirs are ended. Once that was
//! seen, refused, or has taken too long, the call is taken; whoever did not make room loses its voice
//! link, and its call goes on on the phone. When no call is on and none rings any more, the call that
//! we held last comes back.

use crate::claims::{Claim, bit};
use crate::decide::{Decision, all};
use crate::order::Order;
use crate::policy::Answer;
use crate::roster::{Abilities, Asked, Audio, Auto, Calls, Few, Roster, SeatId, Setup, Voice};
use crate::seats::{drop_rank, promote};

/// What a phone is asked to hold: one active call and no other.
const ALONE: Calls = Calls { active: Few::One, held: false, setup: Setup::None };

impl Calls {
    /// Whether one is active or being dialled: that has sound, and another one ends or holds it.
    pub fn is_on(&self) -> bool {
        self.active != Few::None || self.setup == Setup::Dialling
    }
}

impl Asked {
    /// The order that asked for it.
    pub(crate) fn order(self, id: SeatId) -> Option<Order> {
        match self {
            Asked::Nothing => None,
            Asked::Answer => Some(Order::Answer(id)),
            Asked::Hold | Asked::Retrieve => Some(Order::Hold(id)),
            Asked::End => Some(Order::HangUp(id)),
        }
    }
}

/// A phone's hands-free profile came up, or went down with all that it told.
pub(crate) fn hands_free(decision: &mut Decision, id: SeatId, abilities: Option<Abilities>) {
    if abilities.is_none() {
        told(decision, id, Calls::default());
        let seat = decision.roster.at(id);
        (seat.in_band, seat.assistant) = (false, false);
        // What is left of a link is for no call that we know of.
        seat.session |= matches!(seat.voice, Voice::Opening | Voice::Open);
    }
    decision.roster.at(id).hands_free = abilities;
}

/// A phone's assistant was started, or is done. What is left of its voice link is no session.
pub(crate) fn assistant(decision: &mut Decision, id: SeatId, on: bool) {
    let seat = decision.roster.at(id);
    if seat.hands_free.is_some() {
        (seat.assistant, seat.session) = (on, false);
    }
}

/// A phone's calls are these now.
pub(crate) fn told(decision: &mut Decision, id: SeatId, now: Calls) {
    let seat = decision.roster.at(id);
    let before = core::mem::replace(&mut seat.calls, now);
    if seat.hands_free.is_none() {
        return seat.calls = before;
    }
    let done = match seat.asked {
        Asked::Nothing => true,
        Asked::Answer => now.active != Few::None || now.setup != Setup::Incoming,
        Asked::Hold => now.active == Few::None,
        Asked::End => !now.is_on(),
        Asked::Retrieve => now.active != Few::None || !now.held,
    };
    if done {
        seat.held_by_us |= seat.asked == Asked::Hold;
        seat.asked = Asked::Nothing;
    }
    // Whoever takes it off hold, or ends it, has done with that.
    seat.held_by_us &= now.held && now.active == Few::None;
    if !now.is_on() && seat.asked == Asked::Nothing {
        seat.audio = Audio::Phone;
    }
    if seat.in_call() {
        seat.session = false;
    }
    if now.setup != before.setup {
        seat.auto = Auto::No;
        // The call that was to be taken is another one now.
        decision.roster.accepting.take_if(|accepting| *accepting == id);
        drop_rank(&mut decision.roster.seats, id, |seat| &mut seat.rang);
        if now.setup != Setup::None {
            promote(&mut decision.roster.seats, id, |seat| &mut seat.rang);
        }
    }
    if now.is_on() && !before.is_on() {
        promote(&mut decision.roster.seats, id, |seat| &mut seat.talked);
    }
}

/// What a phone was asked to do with its calls it has not done in time. It may hold its call yet: that
/// is for us, too.
pub(crate) fn overdue(decision: &mut Decision, id: SeatId) {
    let seat = decision.roster.at(id);
    seat.held_by_us |= seat.asked == Asked::Hold && seat.calls == ALONE;
    not_done(decision, id);
}

/// A phone refused to do something with its calls, perhaps when that was not waited for any more.
pub(crate) fn refused(decision: &mut Decision, id: SeatId, order: Order) {
    let seat = decision.roster.at(id);
    if seat.asked.order(id) == Some(order) {
        not_done(decision, id);
    } else if order == Order::Hold(id) {
        seat.held_by_us &= seat.calls.active == Few::None;
    }
}

fn not_done(decision: &mut Decision, id: SeatId) {
    let seat = decision.roster.at(id);
    if matches!(seat.asked, Asked::Answer | Asked::Retrieve) {
        seat.audio = Audio::Phone;
    }
    seat.asked = Asked::Nothing;
}

/// A phone has rung once, and its owner wants that answered.
pub(crate) fn auto_answer(decision: &mut Decision, id: SeatId) {
    decision.roster.at(id).auto = Auto::Done;
    accept(decision, id, decision.policy.answer);
}

/// Takes a phone's ringing or held call, once the others have made room for it.
pub(crate) fn accept(decision: &mut Decision, id: SeatId, how: Answer) {
    decision.roster.accepting = Some(id);
    for other in all().filter(|&other| other != id) {
        make_room(decision, other, how);
    }
}

/// Asks a phone to hold or end its call, where it has one that can be.
fn make_room(decision: &mut Decision, id: SeatId, how: Answer) {
    let seat = decision.roster.at(id);
    let asked = match how {
        _ if seat.asked != Asked::Nothing || !seat.calls.is_on() => return,
        Answer::Hold if seat.calls == ALONE && can_hold(seat.hands_free) => Asked::Hold,
        Answer::Hold => return,
        Answer::End => Asked::End,
    };
    seat.asked = asked;
    asked.order(id).into_iter().for_each(|order| decision.order(order));
}

fn can_hold(abilities: Option<Abilities>) -> bool {
    abilities.is_some_and(|can| can.hold)
}

/// After each fact: takes the call that was waited for, or one that we held, and counts rings.
pub(crate) fn settle(decision: &mut Decision) {
    if let Some(id) = decision.roster.accepting {
        let calls = decision.roster.at(id).calls;
        let there = calls.setup == Setup::Incoming || calls.held && calls.active == Few::None;
        let makes_room = |asked: Asked| matches!(asked, Asked::Hold | Asked::End);
        if !there {
            decision.roster.accepting = None;
        } else if !decision.roster.seats.iter().any(|seat| makes_room(seat.asked)) {
            decision.roster.accepting = None;
            take(decision, id);
        }
    }
    if is_quiet(&decision.roster) {
        retrieve(decision);
    }
    count_rings(decision);
}

/// Takes a call: it is heard here from now on.
fn take(decision: &mut Decision, id: SeatId) {
    let seat = decision.roster.at(id);
    (seat.asked, seat.audio, seat.held_by_us) = match seat.calls.setup {
        Setup::Incoming => (Asked::Answer, Audio::Awaited, seat.held_by_us),
        Setup::None | Setup::Dialling => (Asked::Retrieve, Audio::Owed, false),
    };
    let order = seat.asked.order(id);
    decision.roster.audible = bit(id);
    order.into_iter().for_each(|order| decision.order(order));
}

/// Whether no call is on and none rings.
fn is_quiet(roster: &Roster) -> bool {
    !roster.seats.iter().any(|seat| matches!(seat.claim(), Some(Claim::Call | Claim::Ring)))
}

/// Takes the call that we held last off hold again, or forgets them all.
fn retrieve(decision: &mut Decision) {
    let held = decision.roster.which(|seat| seat.held_by_us);
    let last = held.max_by_key(|id| decision.roster.seats[usize::from(id.0)].talked);
    match last {
        Some(id) if decision.policy.resume_call && can_hold(decision.roster.at(id).hands_free) => {
            take(decision, id);
        }
        Some(_) => decision.roster.seats.iter_mut().for_each(|seat| seat.held_by_us = false),
        None => {}
    }
}

/// A phone whose calls are to be answered by themselves rings while no other call is on.
fn count_rings(decision: &mut Decision) {
    let on = decision
        .roster
        .seats
        .iter()
        .any(|seat| seat.claim() == Some(Claim::Call) || seat.calls.setup == Setup::Dialling);
    for seat in &mut decision.roster.seats {
        let counts = seat.preferences.auto_answer && seat.rings() && !on;
        seat.auto = match seat.auto {
            Auto::No | Auto::Counting if counts => Auto::Counting,
            Auto::Counting => Auto::No,
            other => other,
        };
    }
}
