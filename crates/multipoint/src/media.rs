//! Whose music is heard.
//!
//! With nobody audible, any start is heard at once. To take over from an audible phone, a player that
//! says what it does must begin to play; one that does not say must have sounded for a while
//! ([`Timer::Blip`]) in a playing that began after it settled in, and has not lost the ear already. Who
//! loses the ear is told to pause where it can be told, once, and is not heard again before it starts
//! anew. When the audible phone stops, the one that started last among the others still playing is heard.

use crate::decide::Decision;
use crate::fact::Timer;
use crate::order::Order;
use crate::policy::Takeover;
use crate::roster::{MAX_SEATS, Media, Player, Seat, SeatId, Told};
use crate::seats::{close_gap, promote};

pub(crate) fn started(decision: &mut Decision, id: SeatId) {
    if decision.plays(id) {
        return;
    }
    let seat = decision.roster.at(id);
    seat.media = Media::Playing;
    seat.spent = seat.settling;
    promote(&mut decision.roster.seats, id, |seat| &mut seat.started);
    if decision.policy.takeover == Takeover::Mix {
        promote(&mut decision.roster.seats, id, |seat| &mut seat.heard);
    }
}

pub(crate) fn stopped(decision: &mut Decision, id: SeatId) {
    if !decision.plays(id) {
        return;
    }
    decision.disarm_blip(id);
    let seat = decision.roster.at(id);
    let gone = core::mem::take(&mut seat.started);
    seat.media = Media::Idle;
    seat.sounding = false;
    seat.spent = false;
    seat.told = Told::No;
    for seat in &mut decision.roster.seats {
        close_gap(&mut seat.started, gone);
    }
    decision.roster.audible &= !(1 << id.0);
}

pub(crate) fn sounding(decision: &mut Decision, id: SeatId, on: bool) {
    if !decision.plays(id) {
        return;
    }
    let seat = decision.roster.at(id);
    seat.sounding = on;
    if !on && !seat.settling {
        // Whatever sounds next was started by somebody; a player that says so would say it.
        seat.spent = false;
        if !says_what_it_does(seat) {
            seat.told = Told::No;
        }
    } else if on && seat.settling {
        seat.spent = true;
    }
}

/// A seat's player does this now.
pub(crate) fn player(decision: &mut Decision, id: SeatId, player: Player, changed: bool) {
    let last = decision.policy.takeover == Takeover::Last;
    let seat = decision.roster.at(id);
    let began = changed && player == Player::Playing && seat.player != Player::Playing;
    seat.player = player;
    if began {
        seat.told = Told::No;
        seat.eager = last && !seat.settling && !seat.preferences.modest;
    } else if player != Player::Playing {
        seat.eager = false;
    }
}

fn says_what_it_does(seat: &Seat) -> bool {
    matches!(seat.player, Player::Stopped | Player::Paused | Player::Playing)
}

/// Tells a seat to pause that is not heard, unless it cannot be told, was told, or does not play, as it
/// says or as its silence does: on some phones the key toggles.
fn pause(decision: &mut Decision, id: SeatId) {
    let seat = decision.roster.at(id);
    let plays = match seat.player {
        Player::Playing => true,
        Player::Unknown => seat.sounding,
        Player::Stopped | Player::Paused | Player::Absent => false,
    };
    if seat.media == Media::Playing && plays && seat.told == Told::No {
        seat.told = Told::Waiting;
        decision.order(Order::Pause(id));
    }
}

pub(crate) fn blip_ended(decision: &mut Decision, id: SeatId) {
    if core::mem::take(&mut decision.roster.at(id).blip) && may_take_over(decision, id) {
        take_ear(decision, id);
        promote(&mut decision.roster.seats, id, |seat| &mut seat.started);
    }
}

/// One seat is heard alone. Whom it takes the ear from is told to pause, and plays on unheard if it does
/// not; that is no start of its own.
fn take_ear(decision: &mut Decision, id: SeatId) {
    for loser in (0..MAX_SEATS as u8).map(SeatId).filter(|&other| other != id) {
        decision.roster.at(loser).spent = decision.plays(loser);
        if matches!(decision.policy.takeover, Takeover::Last | Takeover::First) {
            pause(decision, loser);
        }
    }
    decision.roster.audible = 1 << id.0;
    decision.roster.at(id).told = Told::No;
}

pub(crate) fn policy_changed(decision: &mut Decision) {
    for seat in &mut decision.roster.seats {
        (seat.eager, seat.told) = (false, Told::No);
    }
    if decision.policy.takeover != Takeover::Mix
        && decision.roster.audible.count_ones() > 1
        && let Some(winner) = next(decision)
    {
        take_ear(decision, winner);
    }
}

/// After each fact: fills a silence, keeps the timers to what they are for, and remembers who is heard.
pub(crate) fn settle(decision: &mut Decision) {
    let before = decision.roster.audible;
    if decision.policy.takeover == Takeover::Mix {
        decision.roster.audible =
            decision.roster.which(|s| s.media == Media::Playing).fold(0, |set, id| set | 1 << id.0);
    } else if before == 0 {
        decision.roster.audible = next(decision).map_or(0, |id| 1 << id.0);
    } else if let Some(id) = eager(decision) {
        take_ear(decision, id);
        promote(&mut decision.roster.seats, id, |seat| &mut seat.started);
    }
    for id in (0..decision.roster.seats.len() as u8).map(SeatId) {
        if decision.roster.is_audible(id) {
            decision.roster.at(id).eager = false;
        } else if decision.policy.takeover == Takeover::First && decision.roster.audible != 0 {
            pause(decision, id);
        }
        let wanted = may_take_over(decision, id);
        if wanted && !decision.roster.at(id).blip {
            decision.roster.at(id).blip = true;
            decision.order(Order::Arm(id, Timer::Blip));
        } else if !wanted {
            decision.disarm_blip(id);
        }
        remember(decision, id);
    }
}

/// Who is heard when nobody is.
fn next(decision: &Decision) -> Option<SeatId> {
    match decision.policy.takeover {
        Takeover::Last | Takeover::Mix => last_started(decision),
        Takeover::First | Takeover::FirstMute => {
            playing(decision).min_by_key(|&id| decision.roster.seats[id.0 as usize].started)
        }
    }
}

fn last_started(decision: &Decision) -> Option<SeatId> {
    playing(decision).max_by_key(|&id| decision.roster.seats[id.0 as usize].started)
}

/// Those who play, the ones that were told not to aside.
fn playing(decision: &Decision) -> impl Iterator<Item = SeatId> + '_ {
    decision.roster.which(|seat| seat.media == Media::Playing && seat.told == Told::No)
}

/// A seat whose player began to play while another is heard, and that streams.
fn eager(decision: &Decision) -> Option<SeatId> {
    decision
        .roster
        .which(|seat| seat.eager && !seat.preferences.modest && seat.media == Media::Playing)
        .next()
}

/// Whether a seat's sound would take over, if it goes on: one whose player does not say what it does.
fn may_take_over(decision: &Decision, id: SeatId) -> bool {
    let seat = &decision.roster.seats[id.0 as usize];
    decision.policy.takeover == Takeover::Last
        && decision.roster.audible != 0
        && !decision.roster.is_audible(id)
        && seat.media == Media::Playing
        && seat.sounding
        && !seat.settling
        && !seat.spent
        && !seat.preferences.modest
        && !says_what_it_does(seat)
}

/// The phone heard last is the one that is heard now.
fn remember(decision: &mut Decision, id: SeatId) {
    let top = decision.roster.seats.iter().map(|seat| seat.heard).max().unwrap_or(0);
    let seat = decision.roster.seats[id.0 as usize];
    if decision.roster.is_audible(id)
        && (seat.heard == 0 || seat.heard < top && decision.roster.audible.count_ones() == 1)
    {
        promote(&mut decision.roster.seats, id, |seat| &mut seat.heard);
    }
}
