//! One fact in, the next roster and the orders out.

use crate::fact::{Fact, Timer};
use crate::media;
use crate::order::{Order, Orders};
use crate::policy::Policy;
use crate::roster::{MAX_SEATS, Media, Roster, SeatId};
use crate::seats;

/// Decides. A fact about an empty seat changes nothing: it was overtaken by the phone's leaving.
pub fn decide(policy: Policy, roster: Roster, fact: Fact) -> (Roster, Orders) {
    let mut decision = Decision { policy, roster, orders: Orders::default() };
    decision.take(fact);
    media::settle(&mut decision);
    (decision.roster, decision.orders)
}

/// A decision being made.
pub(crate) struct Decision {
    pub(crate) policy: Policy,
    pub(crate) roster: Roster,
    pub(crate) orders: Orders,
}

impl Decision {
    fn take(&mut self, fact: Fact) {
        match fact {
            Fact::Arrived { put_out, preferences } => seats::arrived(self, put_out, preferences),
            Fact::NewcomerLeft => self.roster.waiting = None,
            Fact::PolicyChanged => {
                seats::fit(self);
                media::policy_changed(self);
            }
            Fact::Left(id)
            | Fact::Started(id)
            | Fact::Stopped(id)
            | Fact::Sounding(id, _)
            | Fact::Player(id, ..)
            | Fact::Elapsed(id, _)
            | Fact::Preferences(id, _)
                if self.roster.seat(id).is_some_and(|seat| seat.taken) =>
            {
                self.take_from(id, fact);
            }
            _ => {}
        }
    }

    fn take_from(&mut self, id: SeatId, fact: Fact) {
        match fact {
            Fact::Left(_) => seats::left(self, id),
            Fact::Started(_) => media::started(self, id),
            Fact::Stopped(_) => media::stopped(self, id),
            Fact::Sounding(_, on) => media::sounding(self, id, on),
            Fact::Player(_, player, changed) => media::player(self, id, player, changed),
            Fact::Elapsed(_, Timer::Settle) => self.roster.at(id).settling = false,
            Fact::Elapsed(_, Timer::Blip) => media::blip_ended(self, id),
            Fact::Preferences(_, preferences) => self.roster.at(id).preferences = preferences,
            _ => {}
        }
    }

    /// The seats that the policy allows.
    pub(crate) fn seat_count(&self) -> usize {
        usize::from(self.policy.seats).clamp(1, MAX_SEATS)
    }

    pub(crate) fn order(&mut self, order: Order) {
        self.orders.push(order);
    }

    /// Stops the blip timer of a seat, if it runs.
    pub(crate) fn disarm_blip(&mut self, id: SeatId) {
        if self.roster.at(id).blip {
            self.roster.at(id).blip = false;
            self.order(Order::Disarm(id, Timer::Blip));
        }
    }

    /// Whether a seat's media flows.
    pub(crate) fn plays(&self, id: SeatId) -> bool {
        self.roster.seat(id).is_some_and(|seat| seat.media == Media::Playing)
    }
}
