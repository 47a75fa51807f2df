//! Between protocol and policy: what the stack notices becomes facts, what the policy orders
//! becomes calls, and the roster is held against what the links really are.

use core::time::Duration;

use multipoint::{Fact, Media, Order, Player, Preferences, Roster, SeatId};
use pool::Instant;
use stack::{Call, LinkId, StreamId};
use wire::hci::Status;

use crate::command::Refusal;
use crate::effect::{Effect, StreamEffect};
use crate::event::{Event, OrderKind, Source, SourceKind};
use crate::host::Host;
use crate::pending::Wait;
use crate::timers::Timer;

/// A phone is sent away with this reason: it takes it as wanted, and does not page us again.
pub(crate) const SENT_AWAY: Status = Status::REMOTE_USER_TERMINATED_CONNECTION;
/// A newcomer for whom there is no seat.
const NO_SEAT: Status = Status::REMOTE_TERMINATED_LOW_RESOURCES;

impl Host {
    /// Puts a fact to the policy and carries out what it orders.
    pub(crate) fn decide(&mut self, now: Instant, fact: Fact) {
        let before = self.roster;
        let (after, orders) = multipoint::decide(self.settings.policy, before, fact);
        self.roster = after;
        // First, because an order may lead to the next decision.
        if after.audible != before.audible {
            self.hear(before);
        }
        for order in &orders {
            self.order(now, *order);
        }
    }

    fn order(&mut self, now: Instant, order: Order) {
        match order {
            Order::Seat(id) => self.seat(now, id),
            Order::TurnAway => {
                if let Some(link) = self.waiting.take() {
                    self.turn_away(now, link);
                }
            }
            Order::Disconnect(id) => self.put_out(now, id),
            Order::Pause(id) => self.order_pause(now, id),
            Order::Arm(id, timer) => {
                let after = match timer {
                    multipoint::Timer::Settle => self.settings.settle_seconds,
                    multipoint::Timer::Blip => self.settings.blip_seconds,
                    multipoint::Timer::Told => 5.0,
                    multipoint::Timer::Resume => 0.5,
                    multipoint::Timer::ResumeWithin => 600.0,
                    multipoint::Timer::Call => 2.0,
                    multipoint::Timer::Answer => 5.0,
                    multipoint::Timer::Voice => 3.0,
                    multipoint::Timer::AutoAnswer => 5.0,
                };
                let after = Duration::try_from_secs_f32(after).unwrap_or_default();
                self.timers.arm(Timer::Seat(id, timer), now + after);
            }
            // Nothing tells the policy of calls yet.
            Order::Play(_)
            | Order::Answer(_)
            | Order::HangUp(_)
            | Order::Hold(_)
            | Order::EndAndAccept(_)
            | Order::RejectWaiting(_)
            | Order::OpenVoice(_)
            | Order::AcceptVoice(_)
            | Order::RejectVoice(_)
            | Order::CloseVoice(_)
            | Order::CallOnPhone(_) => {}
            Order::Disarm(id, timer) => self.timers.disarm(Timer::Seat(id, timer)),
        }
    }

    /// The newcomer gets a seat.
    fn seat(&mut self, now: Instant, id: SeatId) {
        let Some(link) = self.waiting.take() else { return };
        self.seats[usize::from(id.0)] = Some(link);
        let Some(known) = self.link_mut(link) else { return };
        known.seat = Some(id);
        let (phone, playing, stream) = (known.address, known.playing, known.stream);
        let entry = self.phones.entry(phone);
        entry.put_out_until = None;
        entry.left_alone = false;
        let name = entry.name.clone();
        let preferences = Preferences { modest: entry.modest, ..Preferences::default() };
        self.pager.give_up(phone);
        self.notify(Event::Phone { phone, name, connected: true, reason: None });
        self.tell_link(now, link);
        // Its owner may have changed that while it waited.
        self.decide(now, Fact::Preferences(id, preferences));
        if stream.is_some() {
            self.stream_opened(link);
        }
        self.remote_seated(now, link);
        if playing {
            self.decide(now, Fact::Started(id));
        }
    }

    /// The seat's phone has to go for the newcomer.
    fn put_out(&mut self, now: Instant, id: SeatId) {
        let by = self.waiting.and_then(|link| self.link(link)).map(|link| link.address);
        let Some(link) = self.seats[usize::from(id.0)] else { return };
        let until = now + Duration::from_secs(self.settings.evicted_for_seconds.into());
        let Some(known) = self.link_mut(link) else { return };
        known.evicted_by = by;
        let phone = known.address;
        self.phones.entry(phone).put_out_until = Some(until);
        self.notify(Event::Order { phone, order: OrderKind::Disconnect });
        self.send_away(now, link, SENT_AWAY, Refusal::Busy);
    }

    /// There is no seat for a phone that came.
    fn turn_away(&mut self, now: Instant, link: LinkId) {
        if let Some(phone) = self.link(link).map(|link| link.address) {
            self.notify(Event::Order { phone, order: OrderKind::Disconnect });
        }
        self.send_away(now, link, NO_SEAT, Refusal::Busy);
    }

    /// Ends a link. Whoever waits for its profiles waits in vain, for this reason.
    pub(crate) fn send_away(&mut self, now: Instant, id: LinkId, status: Status, why: Refusal) {
        let Some(link) = self.link_mut(id) else { return };
        link.leaving = true;
        let phone = link.address;
        self.pager.give_up(phone);
        self.connect_ended(phone, why);
        self.call(now, Call::Disconnect(id, status));
    }

    /// A link is secured with a bond: the policy decides about a seat.
    pub(crate) fn arrived(&mut self, now: Instant, link: LinkId) {
        let Some(known) = self.link(link) else { return };
        let phone = known.address;
        let put_out = !known.outgoing && self.phones.is_put_out(phone, now);
        // One that comes because we paged it unasked puts nobody out either.
        let asked = self.pending.is_wanted(Wait::Profile(phone));
        let put_out = put_out || self.pager.ended(now, phone) && !asked;
        let modest = self.phones.get(phone).is_some_and(|phone| phone.modest);
        let preferences = Preferences { modest, ..Preferences::default() };
        if self.waiting.is_some() {
            // One waits already: the policy turns this one away without having seen it.
            return self.turn_away(now, link);
        }
        self.waiting = Some(link);
        self.decide(now, Fact::Arrived { put_out, preferences });
    }

    /// A link that was secured is gone.
    pub(crate) fn left(&mut self, now: Instant, link: LinkId, seat: Option<SeatId>) {
        if self.waiting == Some(link) {
            self.waiting = None;
            self.decide(now, Fact::NewcomerLeft);
        }
        if let Some(id) = seat {
            self.seats[usize::from(id.0)] = None;
            self.decide(now, Fact::Left(id));
        }
    }

    /// The ear says that a stream is sound, or silence.
    pub(crate) fn sounding(&mut self, now: Instant, stream: StreamId, on: bool) {
        let link = self.link(stream.link());
        // Of a stream that is gone, nothing counts any more.
        let link = link.filter(|link| link.stream.is_some_and(|(open, _)| open == stream));
        if let Some(id) = link.and_then(|link| link.seat) {
            self.decide(now, Fact::Sounding(id, on));
        }
    }

    /// Who is heard changed: fades, and tells.
    fn hear(&mut self, before: Roster) {
        for n in 0..multipoint::MAX_SEATS as u8 {
            let id = SeatId(n);
            if self.roster.is_audible(id) != before.is_audible(id) {
                self.fade(id);
            }
        }
        let sources = self.roster.heard().filter_map(|id| {
            let link = self.link(self.seats[usize::from(id.0)]?)?;
            Some(Source { phone: link.address, kind: SourceKind::Media, gain: 1.0 })
        });
        let sources = sources.collect();
        self.notify(Event::Audible { sources });
    }

    /// Sets a seat's stream as loud as the policy and its phone's volume have it.
    pub(crate) fn fade(&mut self, id: SeatId) {
        let link = self.seats[usize::from(id.0)].and_then(|link| self.link(link));
        if let Some(link) = link
            && let Some((stream, _)) = link.stream
        {
            let heard = self.roster.is_audible(id);
            let gain = if heard { self.loudness(link.address) } else { 0.0 };
            self.effect(Effect::Stream(stream, StreamEffect::Gain(gain)));
        }
    }

    /// The roster is what the links are; a difference is a defect of ours.
    pub(crate) fn assert_projection(&self) {
        if !cfg!(debug_assertions) {
            return;
        }
        for (n, seat) in self.roster.seats.iter().enumerate() {
            let link = self.seats[n].and_then(|link| self.link(link));
            assert_eq!(seat.taken, link.is_some(), "seat {n}: {seat:?} against {link:?}");
            let plays = link.is_some_and(|link| link.playing);
            assert_eq!(seat.media == Media::Playing, plays, "seat {n}: {seat:?} against {link:?}");
            let player = self.seats[n].map_or(Player::Absent, |link| self.player(link));
            assert_eq!(seat.player, player, "seat {n}: {seat:?}");
            let id = Some(SeatId(n as u8));
            assert!(link.is_none_or(|link| link.seat == id), "seat {n}: {link:?}");
        }
        assert!(self.roster.waiting.is_none() || self.waiting.is_some(), "nobody waits");
    }
}
