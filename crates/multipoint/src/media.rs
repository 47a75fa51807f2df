//! Whose music is heard.
//!
//! With nobody audible, any start is heard at once. To take over from an audible phone, a player that
//! was seen to begin takes it at once; where no beginning was seen, it must have sounded for a while
//! ([`Timer::Blip`](crate::Timer::Blip)) in a playing that began after it settled in, and has not lost
//! the ear already. Who loses the ear is told to pause where it can be told, once, and is not heard
//! again before it starts anew; one that plays on regardless is heard only when nobody else is. When
//! the audible phone stops, the one that started last among the others still playing is heard.
//!
//! Anything stronger silences all media, and other phones than the stronger one are told to pause.

use crate::claims::{Claim, bit, strongest};
use crate::decide::{Decision, all};
use crate::order::Order;
use crate::policy::{Blips, Takeover};
use crate::resume::{forget, forget_others, is_silenced};
use crate::roster::{Media, Player, Resume, Seat, SeatId, Told};
use crate::seats::{drop_rank, promote};

impl Seat {
    fn plays(&self) -> bool {
        self.media == Media::Playing
    }

    /// It plays and may be heard: it has not been told to pause, or does not care.
    fn may_be_heard(&self) -> bool {
        self.plays() && matches!(self.told, Told::No | Told::Defied)
    }

    /// Whether it plays again soon because we tell it to.
    fn is_awaited(&self) -> bool {
        self.echo || matches!(self.resume, Resume::Paused | Resume::Due | Resume::Late)
    }

    /// It sounds, and nothing but that says whether that is a start.
    fn sounds_unseen(&self) -> bool {
        let unseen = match self.player {
            Player::Absent | Player::Unknown => true,
            Player::Playing => !self.begun,
            Player::Stopped | Player::Paused => false,
        };
        let fresh = !self.settling && !self.spent && self.told == Told::No;
        self.plays() && self.sounding && fresh && unseen
    }
}

pub(crate) fn started(decision: &mut Decision, id: SeatId) {
    let heard = decision.roster.audible;
    let silenced = is_silenced(decision);
    let seat = decision.roster.at(id);
    if seat.plays() {
        return;
    }
    seat.media = Media::Playing;
    seat.spent = seat.settling || seat.echo && heard != 0;
    if seat.told != Told::Waiting {
        seat.told = Told::No;
    }
    promote(&mut decision.roster.seats, id, |seat| &mut seat.started);
    if decision.policy.takeover == Takeover::Mix && !silenced {
        promote(&mut decision.roster.seats, id, |seat| &mut seat.heard);
    }
}

pub(crate) fn stopped(decision: &mut Decision, id: SeatId) {
    let seat = decision.roster.at(id);
    if !seat.plays() {
        return;
    }
    seat.media = Media::Idle;
    (seat.sounding, seat.spent, seat.begun) = (false, false, false);
    // Its status may be on its way yet: it is not told to pause again.
    let late = seat.told != Told::No && seat.player == Player::Playing;
    seat.told = if late { Told::Obeyed } else { Told::No };
    if seat.resume == Resume::Heard {
        seat.resume = Resume::No;
    }
    drop_rank(&mut decision.roster.seats, id, |seat| &mut seat.started);
    if !is_silenced(decision) {
        decision.roster.audible &= !bit(id);
    }
}

pub(crate) fn sounding(decision: &mut Decision, id: SeatId, on: bool) {
    let heard = !is_silenced(decision) && decision.roster.is_audible(id);
    let seat = decision.roster.at(id);
    if !seat.plays() {
        return;
    }
    seat.sounding = on;
    let unsaid = matches!(seat.player, Player::Absent | Player::Unknown);
    if on {
        seat.spent |= seat.settling;
        if unsaid && seat.told == Told::Obeyed {
            seat.told = Told::No;
        }
    } else {
        // Whatever sounds next was started by somebody; a player that says so would say it.
        seat.spent &= seat.settling || seat.echo;
        if unsaid {
            // Streams stay open for a while: nothing but this silence says that it paused.
            let obeyed = seat.told != Told::No && !heard;
            seat.told = if obeyed { Told::Obeyed } else { Told::No };
        }
    }
}

/// A seat's player does this now.
pub(crate) fn player(decision: &mut Decision, id: SeatId, player: Player, changed: bool) {
    let takeover = decision.policy.takeover;
    let silenced = is_silenced(decision);
    let heard = !silenced && decision.roster.is_audible(id);
    let seat = decision.roster.at(id);
    let before = core::mem::replace(&mut seat.player, player);
    // One that says at last what it does, after it was told to pause, began before that.
    let late = before == Player::Unknown && seat.told == Told::Waiting;
    if changed && player == Player::Playing && before != Player::Playing && !late {
        (seat.told, seat.begun) = (Told::No, true);
        if seat.echo {
            seat.echo = !heard;
        } else {
            seat.spent &= seat.settling;
            let may = takeover == Takeover::Last && !silenced;
            seat.eager = may && !seat.settling && !seat.preferences.modest;
            if takeover != Takeover::Mix {
                forget_others(decision, id);
            }
        }
        return;
    }
    if player != Player::Playing {
        (seat.eager, seat.begun) = (false, false);
    }
    if player == Player::Stopped && before != Player::Stopped && seat.told != Told::Waiting {
        forget(decision, id);
    }
    let seat = decision.roster.at(id);
    seat.told = match (seat.told, player) {
        (Told::No, _) => Told::No,
        (told, Player::Playing) => told,
        _ if !seat.plays() => Told::No,
        (_, Player::Paused | Player::Stopped) if heard => Told::No,
        (_, Player::Paused | Player::Stopped) => Told::Obeyed,
        (told, Player::Absent | Player::Unknown) => told,
    };
}

/// Tells a seat to pause that is not heard, unless it cannot be told, was told, or does not play, as it
/// says or as its silence does: on some phones the key toggles. Whether it was told.
fn pause(decision: &mut Decision, id: SeatId) -> bool {
    let seat = decision.roster.at(id);
    let says_so = match seat.player {
        Player::Playing => true,
        Player::Unknown => seat.sounding,
        Player::Stopped | Player::Paused | Player::Absent => false,
    };
    let tell = seat.plays() && says_so && seat.told == Told::No;
    if tell {
        (seat.told, seat.echo, seat.eager) = (Told::Waiting, false, false);
        decision.order(Order::Pause(id));
    }
    tell
}

pub(crate) fn blip_ended(decision: &mut Decision, id: SeatId) {
    let takes = may_take_over(decision, id);
    let seat = decision.roster.at(id);
    (seat.blip, seat.spent) = (false, true);
    if takes {
        take_ear(decision, id);
    }
}

/// One seat is heard alone. Whom it takes the ear from is told to pause, and plays on unheard if it does
/// not; that is no start of its own.
fn take_ear(decision: &mut Decision, id: SeatId) {
    for loser in all().filter(|&other| other != id) {
        let seat = decision.roster.at(loser);
        seat.spent = seat.plays();
        if matches!(decision.policy.takeover, Takeover::Last | Takeover::First) {
            pause(decision, loser);
        }
    }
    decision.roster.audible = bit(id);
    let seat = decision.roster.at(id);
    (seat.told, seat.spent) = (Told::No, false);
    promote(&mut decision.roster.seats, id, |seat| &mut seat.started);
}

pub(crate) fn policy_changed(decision: &mut Decision) {
    for seat in &mut decision.roster.seats {
        seat.eager = false;
    }
    if decision.policy.takeover != Takeover::Mix
        && decision.roster.audible.count_ones() > 1
        && let Some(winner) = decision.roster.heard().max_by_key(|&id| precedence(decision, id))
    {
        take_ear(decision, winner);
    }
}

/// After each fact: silences what is weaker, fills a silence, and remembers who is heard.
pub(crate) fn settle(decision: &mut Decision) {
    let silenced = is_silenced(decision);
    let was_silenced = strongest(&decision.before) > Claim::Media.strength();
    match (was_silenced, silenced) {
        (false, true) => {
            let heard = decision.before.audible;
            for id in all().filter(|&id| heard & bit(id) != 0) {
                let seat = decision.roster.at(id);
                if seat.plays() {
                    seat.resume = Resume::Heard;
                }
            }
        }
        (true, false) => decision.roster.audible = 0,
        (false, false) | (true, true) => {}
    }
    if silenced {
        silence(decision);
    } else {
        hear(decision);
    }
    for id in all() {
        let wanted = !silenced && may_blip(decision, id);
        decision.roster.at(id).blip = wanted;
        remember(decision, id);
    }
    duck(decision, silenced);
}

/// Something stronger is heard.
fn silence(decision: &mut Decision) {
    for id in all() {
        let seat = decision.roster.at(id);
        seat.eager = false;
        seat.spent |= seat.plays() && seat.resume == Resume::No;
        let own = seat.claim().is_some_and(|claim| claim != Claim::Media);
        let again = seat.resume == Resume::Heard || seat.echo;
        if !own && pause(decision, id) && again {
            decision.roster.at(id).resume = Resume::Paused;
        }
    }
}

/// Media is heard.
fn hear(decision: &mut Decision) {
    let takeover = decision.policy.takeover;
    if takeover == Takeover::Mix {
        let mixed = decision.roster.which(Seat::may_be_heard);
        decision.roster.audible = mixed.fold(0, |set, id| set | bit(id));
    } else if decision.roster.audible == 0 {
        decision.roster.audible = next(decision).map_or(0, bit);
    } else if let Some(id) = eager(decision) {
        take_ear(decision, id);
    }
    for id in all() {
        if decision.roster.is_audible(id) {
            if takeover != Takeover::Mix {
                forget_others(decision, id);
            }
            let seat = decision.roster.at(id);
            (seat.eager, seat.resume) = (false, Resume::No);
        } else {
            let ours = decision.roster.at(id).echo && takeover == Takeover::Last;
            if decision.roster.audible != 0 && (ours || takeover == Takeover::First) {
                pause(decision, id);
            }
            let seat = decision.roster.at(id);
            if seat.resume == Resume::Heard {
                seat.resume = Resume::No;
            }
        }
    }
}

/// Who is heard when nobody is: whoever was heard before it was silenced; while somebody is about to
/// play again, only who started since.
fn next(decision: &Decision) -> Option<SeatId> {
    let awaits = decision.roster.seats.iter().any(Seat::is_awaited);
    let may = |seat: &Seat| {
        let fresh = !seat.spent || seat.resume != Resume::No || seat.echo;
        seat.may_be_heard() && (fresh || !awaits)
    };
    decision.roster.which(may).max_by_key(|&id| precedence(decision, id))
}

/// Of several that may be heard, the one with the greatest is.
fn precedence(decision: &Decision, id: SeatId) -> (bool, bool, bool, u8) {
    let seat = &decision.roster.seats[usize::from(id.0)];
    let last = matches!(decision.policy.takeover, Takeover::Last | Takeover::Mix);
    let order = if last { seat.started } else { u8::MAX - seat.started };
    (seat.resume == Resume::Heard, seat.eager, seat.told == Told::No, order)
}

/// A seat whose player began to play while another is heard, and that streams.
fn eager(decision: &Decision) -> Option<SeatId> {
    decision.roster.which(|seat| seat.eager && !seat.preferences.modest && seat.plays()).next()
}

/// Whether a seat's sound would take over, if it goes on.
fn may_take_over(decision: &Decision, id: SeatId) -> bool {
    let seat = &decision.roster.seats[usize::from(id.0)];
    decision.policy.takeover == Takeover::Last
        && decision.roster.audible != 0
        && !decision.roster.is_audible(id)
        && !seat.preferences.modest
        && seat.sounds_unseen()
}

/// Whether it is worth a while to see if a seat's sound goes on: it may take over, or is a blip.
fn may_blip(decision: &Decision, id: SeatId) -> bool {
    may_take_over(decision, id)
        || mixes_blips(decision)
            && !decision.roster.is_audible(id)
            && decision.roster.seats[usize::from(id.0)].sounds_unseen()
}

fn mixes_blips(decision: &Decision) -> bool {
    decision.policy.blips == Blips::Mix
        && decision.policy.takeover != Takeover::Mix
        && decision.roster.audible != 0
}

/// Short sounds are heard under the music: those that may not be any longer than a while yet, and those
/// of players that say that they do not play.
fn duck(decision: &mut Decision, silenced: bool) {
    let is_blip = |seat: &Seat| {
        let idle = matches!(seat.player, Player::Paused | Player::Stopped);
        seat.blip || idle && seat.plays() && seat.sounding && !seat.spent && seat.told == Told::No
    };
    let mixes = mixes_blips(decision) && !silenced;
    let blips = decision.roster.which(is_blip).fold(0, |set, id| set | bit(id));
    decision.roster.ducked = if mixes { blips & !decision.roster.audible } else { 0 };
}

/// The phone heard last is the one that is heard now, unless it is for a voice session.
fn remember(decision: &mut Decision, id: SeatId) {
    let heard = !matches!(decision.roster.heard_as(id), None | Some(Claim::Session));
    let top = decision.roster.seats.iter().map(|seat| seat.heard).max().unwrap_or(0);
    let seat = &decision.roster.seats[usize::from(id.0)];
    let alone = decision.roster.audible.count_ones() == 1;
    if heard && (seat.heard == 0 || seat.heard < top && alone) {
        promote(&mut decision.roster.seats, id, |seat| &mut seat.heard);
    }
}
