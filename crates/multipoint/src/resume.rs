//! What plays again: media that we paused for a call, once, when nothing stronger is heard any more.
//!
//! It is forgotten when its player stops, another player or another phone starts, it is heard again,
//! the link goes, or it has taken too long. A beginning that we ordered is no start of its owner's.

use crate::claims::{Claim, strongest};
use crate::decide::{Decision, all};
use crate::order::Order;
use crate::roster::{Media, Player, Resume, SeatId, Told};

/// Whether a stronger claim than media's silences them all.
pub(crate) fn is_silenced(decision: &Decision) -> bool {
    strongest(&decision.roster) > Claim::Media.strength()
}

pub(crate) fn forget(decision: &mut Decision, id: SeatId) {
    decision.roster.at(id).resume = Resume::No;
}

/// Another phone than these plays now.
pub(crate) fn forget_others(decision: &mut Decision, id: SeatId) {
    for other in all().filter(|&other| other != id) {
        forget(decision, other);
    }
}

/// Another of a phone's players is listened to.
pub(crate) fn other_player(decision: &mut Decision, id: SeatId) {
    let seat = decision.roster.at(id);
    (seat.resume, seat.begun, seat.eager, seat.echo) = (Resume::No, false, false, false);
}

/// A phone that was playing when its link was lost is back.
pub(crate) fn returned(decision: &mut Decision, id: SeatId) {
    let awaited = decision.roster.seats.iter().any(|seat| seat.resume != Resume::No || seat.echo);
    if decision.policy.resume && decision.roster.audible == 0 && !is_silenced(decision) && !awaited
    {
        play(decision, id);
    }
}

/// What a phone was told it has not done in time.
pub(crate) fn told_ended(decision: &mut Decision, id: SeatId) {
    decision.roster.at(id).echo = false;
    pause_failed(decision, id);
}

/// A phone does not pause.
pub(crate) fn pause_failed(decision: &mut Decision, id: SeatId) {
    let seat = decision.roster.at(id);
    if seat.told == Told::Waiting {
        seat.told = Told::Defied;
    }
}

/// The time to play again has come.
pub(crate) fn due(decision: &mut Decision, id: SeatId) {
    decision.roster.at(id).resume = Resume::Late;
}

/// Tells a player to play, unless it cannot be told, or plays.
fn play(decision: &mut Decision, id: SeatId) {
    let seat = decision.roster.at(id);
    let stands = match seat.player {
        Player::Paused | Player::Stopped => true,
        Player::Unknown => seat.media == Media::Idle || !seat.sounding,
        Player::Absent | Player::Playing => false,
    };
    if stands {
        (seat.told, seat.echo, seat.begun, seat.eager) = (Told::No, true, false, false);
        decision.order(Order::Play(id));
    }
}

/// After each fact: what waits goes on, or waits again. A pause that is still on its way comes first, and
/// so does the status of a player whose stream has ended: it may be told late.
pub(crate) fn settle(decision: &mut Decision) {
    let silenced = is_silenced(decision);
    for id in all() {
        let seat = decision.roster.at(id);
        let untold = seat.player == Player::Playing && seat.media == Media::Idle;
        let pauses = seat.told == Told::Waiting || untold;
        let plays_now = seat.resume == Resume::Late && !silenced && !pauses;
        seat.resume = match seat.resume {
            Resume::Paused | Resume::Due | Resume::Late if !decision.policy.resume => Resume::No,
            Resume::Due | Resume::Late if silenced => Resume::Paused,
            Resume::Paused if !silenced => Resume::Due,
            Resume::Late if plays_now => Resume::No,
            other => other,
        };
        if plays_now && decision.policy.resume {
            play(decision, id);
        }
    }
}
