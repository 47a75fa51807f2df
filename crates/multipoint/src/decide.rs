//! One fact in, the next roster and the orders out.
//!
//! A fact is taken first; then each part brings the roster to rest, the strongest first: calls, voice
//! links, what plays again, who is heard, who keeps a seat. Last, the timers follow what they are for.

use crate::fact::{Fact, Timer};
use crate::order::{Order, Orders};
use crate::policy::Policy;
use crate::press::press;
use crate::roster::{MAX_SEATS, Roster, SeatId, Voice};
use crate::{always, calls, media, resume, seats, timers, voice};

/// Decides. A fact about an empty seat changes nothing: it was overtaken by the phone's leaving.
pub fn decide(policy: Policy, roster: Roster, fact: Fact) -> (Roster, Orders) {
    let mut decision =
        Decision { policy, before: roster, roster, orders: Orders::default(), ended: None };
    decision.take(fact);
    calls::settle(&mut decision);
    voice::settle(&mut decision);
    resume::settle(&mut decision);
    media::settle(&mut decision);
    seats::settle(&mut decision);
    timers::settle(&mut decision);
    if cfg!(debug_assertions) {
        always::assert(&decision);
    }
    (decision.roster, decision.orders)
}

/// A decision being made.
pub(crate) struct Decision {
    pub(crate) policy: Policy,
    /// The roster as it was, but that seats that were given up are empty in it.
    pub(crate) before: Roster,
    pub(crate) roster: Roster,
    pub(crate) orders: Orders,
    /// The timer whose end is decided about.
    pub(crate) ended: Option<(SeatId, Timer)>,
}

impl Decision {
    fn take(&mut self, fact: Fact) {
        match fact {
            Fact::Arrived { put_out, preferences } => seats::arrived(self, put_out, preferences),
            Fact::NewcomerLeft => self.roster.waiting = None,
            Fact::PolicyChanged => media::policy_changed(self),
            Fact::Button(button) => press(self, button),
            Fact::Refused(order) => self.refused(order),
            Fact::Left(id)
            | Fact::Preferences(id, _)
            | Fact::Elapsed(id, _)
            | Fact::Started(id)
            | Fact::Stopped(id)
            | Fact::Sounding(id, _)
            | Fact::Player(id, ..)
            | Fact::OtherPlayer(id)
            | Fact::Returned(id)
            | Fact::HandsFree(id, _)
            | Fact::Calls(id, _)
            | Fact::InBand(id, _)
            | Fact::Assistant(id, _)
            | Fact::VoiceAsked(id)
            | Fact::VoiceOpened(id)
            | Fact::VoiceClosed(id)
            | Fact::VoiceFailed(id) => {
                if self.is_taken(id) {
                    self.take_from(id, fact);
                }
            }
        }
    }

    fn take_from(&mut self, id: SeatId, fact: Fact) {
        match fact {
            Fact::Left(_) => seats::left(self, id),
            Fact::Preferences(_, preferences) => self.roster.at(id).preferences = preferences,
            Fact::Elapsed(_, timer) => self.elapsed(id, timer),
            Fact::Started(_) => media::started(self, id),
            Fact::Stopped(_) => media::stopped(self, id),
            Fact::Sounding(_, on) => media::sounding(self, id, on),
            Fact::Player(_, player, changed) => media::player(self, id, player, changed),
            Fact::OtherPlayer(_) => resume::other_player(self, id),
            Fact::Returned(_) => resume::returned(self, id),
            Fact::HandsFree(_, abilities) => calls::hands_free(self, id, abilities),
            Fact::Calls(_, now) => calls::told(self, id, now),
            Fact::InBand(_, on) => self.roster.at(id).in_band = on,
            Fact::Assistant(_, on) => calls::assistant(self, id, on),
            Fact::VoiceAsked(_) => voice::asked(self, id),
            Fact::VoiceOpened(_) => voice::opened(self, id),
            Fact::VoiceClosed(_) => voice::closed(self, id),
            Fact::VoiceFailed(_) => voice::failed(self, id),
            Fact::Arrived { .. }
            | Fact::NewcomerLeft
            | Fact::PolicyChanged
            | Fact::Refused(_)
            | Fact::Button(_) => {}
        }
    }

    fn elapsed(&mut self, id: SeatId, timer: Timer) {
        if !self.roster.at(id).runs(timer) {
            return;
        }
        self.ended = Some((id, timer));
        match timer {
            Timer::Settle => self.roster.at(id).settling = false,
            Timer::Blip => media::blip_ended(self, id),
            Timer::Told => resume::told_ended(self, id),
            Timer::Resume => resume::due(self, id),
            Timer::ResumeWithin => resume::forget(self, id),
            Timer::Call | Timer::Answer => calls::overdue(self, id),
            Timer::Voice => voice::overdue(self, id),
            Timer::AutoAnswer => calls::auto_answer(self, id),
        }
    }

    /// An order was refused, or never answered. Of what is not waited for any more, nothing.
    fn refused(&mut self, order: Order) {
        match order {
            Order::Pause(id) if self.is_taken(id) => resume::pause_failed(self, id),
            Order::Play(id) if self.is_taken(id) => self.roster.at(id).echo = false,
            Order::Answer(id) | Order::Hold(id) | Order::HangUp(id) if self.is_taken(id) => {
                calls::refused(self, id, order);
            }
            Order::OpenVoice(id) | Order::AcceptVoice(id)
                if self.is_taken(id) && self.roster.at(id).voice == Voice::Opening =>
            {
                voice::failed(self, id);
            }
            _ => {}
        }
    }

    fn is_taken(&self, id: SeatId) -> bool {
        self.roster.seat(id).is_some_and(|seat| seat.taken)
    }

    /// The seats that the policy allows.
    pub(crate) fn seat_count(&self) -> usize {
        usize::from(self.policy.seats).clamp(1, MAX_SEATS)
    }

    pub(crate) fn order(&mut self, order: Order) {
        self.orders.push(order);
    }
}

/// All seats, taken or not.
pub(crate) fn all() -> impl Iterator<Item = SeatId> {
    (0..MAX_SEATS as u8).map(SeatId)
}
