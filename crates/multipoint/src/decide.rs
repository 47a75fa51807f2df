//! One fact in, the next roster and the orders out.

use crate::media;
use crate::policy::Policy;
use crate::roster::{Fact, MAX_SEATS, Media, Order, Orders, Roster, SeatId, Timer};
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
            Fact::Arrived { put_out, modest } => seats::arrived(self, put_out, modest),
            Fact::NewcomerLeft => seats::newcomer_left(self),
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
            | Fact::Modest(id, _) => {
                if self.roster.seat(id).is_some_and(|seat| seat.taken) {
                    self.take_from(id, fact);
                }
            }
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
            Fact::Modest(_, on) => self.roster.at(id).modest = on,
            Fact::Arrived { .. } | Fact::NewcomerLeft | Fact::PolicyChanged => {}
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
