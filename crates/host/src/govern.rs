//! Between protocol and policy: what the stack notices becomes facts, what the policy orders
//! becomes calls, and the roster is held against what the links really are.

use core::time::Duration;

use multipoint::{Claim, Fact, MAX_SEATS, Media, Order, Player, SeatId, Voice};
use pool::Instant;
use stack::avrcp::Key;
use stack::{Call, LinkId, StreamId};
use wire::hci::Status;

use crate::command::Refusal;
use crate::effect::{Effect, StreamEffect, VoiceEffect};
use crate::event::{Event, OrderKind, Source, SourceKind};
use crate::host::Host;
use crate::pending::Wait;
use crate::timers::{LinkTimer, Timer};

/// A phone is sent away with this reason: it takes it as wanted, and does not page us again.
pub(crate) const SENT_AWAY: Status = Status::REMOTE_USER_TERMINATED_CONNECTION;
/// A newcomer for whom there is no seat.
const NO_SEAT: Status = Status::REMOTE_TERMINATED_LOW_RESOURCES;
/// How loud a short sound is heard under another phone's music.
const DUCKED: f32 = 0.25;
/// How long a phone has to hold, end or retrieve its call.
const CALL_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a phone has to answer its call.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a voice link may take to come or to go.
const VOICE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a call rings before it is answered by itself.
const ONE_RING: Duration = Duration::from_secs(3);

fn source_kind(claim: Claim) -> SourceKind {
    match claim {
        Claim::Media => SourceKind::Media,
        Claim::Session => SourceKind::Voice,
        Claim::Assistant => SourceKind::Assistant,
        Claim::Ring => SourceKind::Ring,
        Claim::Call => SourceKind::Call,
    }
}

impl Host {
    /// Puts a fact to the policy and carries out what it orders. What comes of carrying it out is put to
    /// it after the last order.
    pub(crate) fn decide(&mut self, now: Instant, fact: Fact) {
        let kept = self.facts.push_back(fact).is_ok();
        debug_assert!(kept, "orders lead to few facts");
        if self.deciding {
            return;
        }
        self.deciding = true;
        while let Some(fact) = self.facts.pop_front() {
            let before = self.roster;
            let (after, orders) = multipoint::decide(self.settings.policy, before, fact);
            self.roster = after;
            if self.tells_decisions {
                self.effect(Effect::Decided(fact, orders));
            }
            // First: what is to fall silent does so at once.
            if after != before {
                self.sound();
            }
            for order in &orders {
                self.order(now, *order);
            }
        }
        self.deciding = false;
    }

    fn order(&mut self, now: Instant, order: Order) {
        match order {
            Order::Seat(id) => self.seat(now, id),
            Order::TurnAway => {
                // One newcomer is put to the policy after the other: else another would be meant.
                debug_assert!(self.roster.waiting.is_none(), "whoever waits goes on waiting");
                if let Some(link) = self.waiting.take() {
                    self.turn_away(now, link);
                }
            }
            Order::Disconnect(id) => self.put_out(now, id),
            Order::Pause(id) => self.order_key(now, id, order, Key::Pause, OrderKind::Pause),
            Order::Play(id) => self.order_key(now, id, order, Key::Play, OrderKind::Play),
            Order::Answer(id)
            | Order::HangUp(id)
            | Order::Hold(id)
            | Order::EndAndAccept(id)
            | Order::RejectWaiting(id) => self.order_of_calls(now, id, order),
            Order::OpenVoice(id) => self.order_of_voice(now, id, OrderKind::OpenVoice, order),
            Order::AcceptVoice(id) => self.order_of_voice(now, id, OrderKind::OpenVoice, order),
            Order::RejectVoice(id) => self.order_of_voice(now, id, OrderKind::RejectVoice, order),
            Order::CloseVoice(id) => self.order_of_voice(now, id, OrderKind::CloseVoice, order),
            Order::CallOnPhone(id) => {
                if let Some(phone) = self.phone_in(id) {
                    let text = format_args!("the call of {phone} goes on on the phone");
                    self.warn("call_on_phone", text);
                }
            }
            Order::Arm(id, timer) => {
                let after = self.length(timer);
                self.timers.arm(Timer::Seat(id, timer), now + after);
            }
            Order::Disarm(id, timer) => self.timers.disarm(Timer::Seat(id, timer)),
        }
    }

    /// How long a timer of the policy runs.
    fn length(&self, timer: multipoint::Timer) -> Duration {
        use multipoint::Timer as Of;
        let seconds = |s: f32| Duration::try_from_secs_f32(s).unwrap_or_default();
        match timer {
            Of::Settle => seconds(self.settings.settle_seconds),
            Of::Blip => seconds(self.settings.blip_seconds),
            Of::Told => seconds(self.settings.pause_check_seconds),
            Of::Resume => Duration::from_millis(self.settings.resume_delay_ms.into()),
            Of::ResumeWithin => Duration::from_secs(self.settings.resume_within_seconds.into()),
            Of::Call => CALL_TIMEOUT,
            Of::Answer => ANSWER_TIMEOUT,
            Of::Voice => VOICE_TIMEOUT,
            Of::AutoAnswer => ONE_RING,
        }
    }

    /// The phone in a seat.
    pub(crate) fn phone_in(&self, id: SeatId) -> Option<wire::Address> {
        Some(self.link(self.seats[usize::from(id.0)]?)?.address)
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
        let (name, preferences) = (entry.name.clone(), entry.preferences);
        let returns = entry.played_until.take().is_some_and(|until| now < until);
        self.pager.give_up(phone);
        self.notify(Event::Phone { phone, name, connected: true, reason: None });
        self.tell_link(now, link);
        self.timers.arm(Timer::Link(link, LinkTimer::Look), now);
        // Its owner may have changed that while it waited.
        self.decide(now, Fact::Preferences(id, preferences));
        if stream.is_some() {
            self.stream_opened(now, link);
        }
        if let Some(known) = self.link_mut(link) {
            known.returns = returns;
        }
        self.remote_seated(now, link);
        self.calls_seated(now, link);
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

    /// A link is secured with a bond: the policy decides about a seat, for one newcomer after the other.
    pub(crate) fn arrived(&mut self, now: Instant, link: LinkId) {
        if self.waiting.is_some() {
            // There is room: each link comes once.
            let _ = self.newcomers.push_back(link);
            return;
        }
        let Some(known) = self.link(link).filter(|known| !known.leaving) else { return };
        let phone = known.address;
        let put_out = !known.outgoing && self.phones.is_put_out(phone, now);
        // One that comes because we paged it unasked puts nobody out either.
        let asked = self.pending.is_wanted(Wait::Profile(phone));
        let put_out = put_out || self.pager.ended(now, phone) && !asked;
        let preferences = self.phones.entry(phone).preferences;
        self.waiting = Some(link);
        self.decide(now, Fact::Arrived { put_out, preferences });
    }

    /// Puts the next newcomer to the policy, if the one before it has been decided about; says whether
    /// there was one.
    pub(crate) fn next_newcomer(&mut self, now: Instant) -> bool {
        let next = if self.waiting.is_none() { self.newcomers.pop_front() } else { None };
        if let Some(link) = next {
            self.arrived(now, link);
        }
        next.is_some()
    }

    /// A link that was secured is gone.
    pub(crate) fn left(&mut self, now: Instant, link: LinkId, seat: Option<SeatId>) {
        self.newcomers.retain(|newcomer| *newcomer != link);
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

    /// Makes every seat's media and voice as loud as the policy and its phone's volume have it, and our
    /// own tones; tells who is heard, if that changed.
    pub(crate) fn sound(&mut self) {
        for n in 0..MAX_SEATS as u8 {
            self.fade(SeatId(n));
        }
        let tone = self.roster.tone();
        if core::mem::replace(&mut self.tone, tone) != tone {
            self.effect(Effect::Tone(tone));
        }
        let heard = (0..MAX_SEATS as u8).map(SeatId).filter_map(|id| {
            let (phone, ducked) = (self.phone_in(id)?, self.roster.is_ducked(id));
            let kind = match self.roster.heard_as(id) {
                Some(claim) => source_kind(claim),
                None if ducked => SourceKind::Media,
                None => return None,
            };
            Some(Source { phone, kind, gain: if ducked { DUCKED } else { 1.0 } })
        });
        let sources = heard.collect();
        if sources != self.sources {
            self.sources = sources;
            self.notify(Event::Audible { sources: self.sources.clone() });
        }
    }

    /// Sets a seat's media and voice as loud as they are to be heard, where that changed.
    fn fade(&mut self, id: SeatId) {
        let Some(link) = self.seats[usize::from(id.0)] else { return };
        let gains = (self.media_gain(id), self.voice_gain(id));
        let Some(known) = self.link_mut(link) else { return };
        let before = core::mem::replace(&mut known.gains, gains);
        if let Some((stream, _)) = known.stream
            && gains.0 != before.0
        {
            self.effect(Effect::Stream(stream, StreamEffect::Gain(gains.0)));
        }
        if gains.1 != before.1 {
            self.effect(Effect::VoiceLink(link, VoiceEffect::Gain(gains.1)));
        }
    }

    fn media_gain(&self, id: SeatId) -> f32 {
        let Some(phone) = self.phone_in(id) else { return 0.0 };
        match self.roster.heard_as(id) {
            Some(Claim::Media) => self.loudness(phone),
            None if self.roster.is_ducked(id) => self.loudness(phone) * DUCKED,
            _ => 0.0,
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
            let calls = self.seats[n].map(|link| self.calls_of(link)).unwrap_or_default();
            assert_eq!(seat.calls, calls, "seat {n}: {seat:?}");
            let voice = link.is_some_and(|link| link.voice.is_some());
            // One that does not close in time is given up by the policy before the controller does.
            assert!(voice || seat.voice != Voice::Open, "seat {n}: {seat:?} against {link:?}");
            let id = Some(SeatId(n as u8));
            assert!(link.is_none_or(|link| link.seat == id), "seat {n}: {link:?}");
        }
        assert!(self.roster.waiting.is_none() || self.waiting.is_some(), "nobody waits");
    }
}
