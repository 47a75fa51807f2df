//! Voice links: what the stack notices, and what the policy orders of them.

use multipoint::{Button, Calls, Claim, Fact, SeatId, To};
use pool::Instant;
use stack::hfp::HandsFree;
use stack::hfp::hands_free::Order;
use stack::{Call, LinkId, MAX_LINKS, VoiceChange, VoiceCodec};
use wire::Address;
use wire::hci::Status;

use crate::command::Refusal;
use crate::effect::{Effect, VoiceEffect};
use crate::event::{Event, OrderKind};
use crate::host::Host;
use crate::pending::Verb;

/// A voice link that cannot be had now (Core 5.4, Vol 4, Part E, 7.1.28).
const NO_ROOM: Status = Status::REJECTED_LIMITED_RESOURCES;

impl Host {
    pub(crate) fn voice(&mut self, now: Instant, id: LinkId, change: VoiceChange) {
        let Some(link) = self.link_mut(id) else { return };
        let phone = link.address;
        match change {
            VoiceChange::Requested if link.seat.is_none() => {
                self.call(now, Call::RejectVoice(id, NO_ROOM));
            }
            VoiceChange::Requested => self.decide_about(now, id, Fact::VoiceAsked),
            VoiceChange::Opened { handle, codec } => {
                link.voice = Some(codec);
                link.voice_due = None;
                link.gains.1 = 0.0;
                self.effect(Effect::VoiceLink(id, VoiceEffect::Open { handle, codec }));
                self.effect(Effect::VoiceLink(id, VoiceEffect::Mute(self.muted)));
                self.notify(Event::Voice { phone, open: true, codec });
                self.headset_voice(now, id, true);
                self.decide_about(now, id, Fact::VoiceOpened);
                self.sound();
                self.verb_done(phone, Verb::VoiceHere, Ok(()));
            }
            VoiceChange::Failed(status) => {
                link.voice_due = None;
                let taken_back = self.roster_voice(id) == multipoint::Voice::Closing;
                if !taken_back {
                    self.warn("voice", format_args!("{phone}: no voice link: {status}"));
                }
                self.decide_about(now, id, Fact::VoiceFailed);
                self.verb_done(phone, Verb::VoiceHere, Err(Refusal::Refused));
                self.voice_gone(id, phone);
            }
            VoiceChange::Closed(_) => {
                if let Some(codec) = link.voice.take() {
                    link.gains.1 = 0.0;
                    self.effect(Effect::VoiceLink(id, VoiceEffect::Close));
                    self.notify(Event::Voice { phone, open: false, codec });
                }
                self.headset_voice(now, id, false);
                self.decide_about(now, id, Fact::VoiceClosed);
                self.voice_gone(id, phone);
                if self.link_mut(id).is_some_and(|link| core::mem::take(&mut link.recodes)) {
                    let here = |seat| Fact::Button(Button::Voice(To::Receiver, Some(seat)));
                    self.decide_about(now, id, here);
                }
            }
        }
    }

    /// What ends with a voice link: a voice session is hung up, a call is on the phone.
    fn voice_gone(&mut self, id: LinkId, phone: Address) {
        self.verb_done(phone, Verb::VoiceAway, Ok(()));
        if self.calls_of(id) == Calls::default() {
            self.verb_done(phone, Verb::HangUp, Ok(()));
        }
    }

    fn roster_voice(&self, id: LinkId) -> multipoint::Voice {
        let seat = self.link(id).and_then(|link| link.seat);
        seat.map(|seat| self.roster.seats[usize::from(seat.0)].voice).unwrap_or_default()
    }

    /// The policy orders something of a phone's voice link.
    pub(crate) fn order_of_voice(
        &mut self,
        now: Instant,
        seat: SeatId,
        kind: OrderKind,
        order: multipoint::Order,
    ) {
        use multipoint::Order as Ordered;
        let Some(id) = self.seats[usize::from(seat.0)] else { return };
        let Some(phone) = self.link(id).map(|link| link.address) else { return };
        self.notify(Event::Order { phone, order: kind });
        let elsewhere = self.has_voice_elsewhere(id);
        let waited = self.link_mut(id).and_then(|link| {
            let opens = matches!(order, Ordered::OpenVoice(_) | Ordered::AcceptVoice(_));
            let waits = (opens && elsewhere).then_some(order);
            core::mem::replace(&mut link.voice_due, waits)
        });
        if let (Ordered::CloseVoice(_), Some(Ordered::AcceptVoice(_))) = (order, waited) {
            self.call(now, Call::RejectVoice(id, NO_ROOM));
        }
        if self.link(id).is_some_and(|link| link.voice_due.is_none()) {
            self.order_voice_now(now, seat, id, order);
        }
    }

    /// Whether another phone's voice link is there: one that is closed, and takes longer than the policy
    /// waits for, as of a phone that is out of reach.
    fn has_voice_elsewhere(&self, id: LinkId) -> bool {
        let links = (0..MAX_LINKS as u8).map(LinkId).filter(|&other| other != id);
        links.into_iter().any(|other| self.voice_of(other).is_some())
    }

    /// Opens the voice link that waited for another's end; says whether there was one.
    pub(crate) fn open_due_voice(&mut self, now: Instant) -> bool {
        let due = (0..MAX_LINKS as u8).map(LinkId).find(|&id| {
            let due = self.link(id).is_some_and(|link| link.voice_due.is_some());
            due && !self.has_voice_elsewhere(id)
        });
        let Some((id, link)) = due.and_then(|id| Some((id, self.link_mut(id)?))) else {
            return false;
        };
        if let (Some(order), Some(seat)) = (link.voice_due.take(), link.seat) {
            self.order_voice_now(now, seat, id, order);
        }
        true
    }

    fn order_voice_now(
        &mut self,
        now: Instant,
        seat: SeatId,
        id: LinkId,
        order: multipoint::Order,
    ) {
        use multipoint::Order as Ordered;
        match order {
            Ordered::OpenVoice(_) => self.open_voice(now, seat, id),
            Ordered::AcceptVoice(_) => match self.stack.call(now, Call::AcceptVoice(id)) {
                Ok(()) => {}
                Err(_) => {
                    self.call(now, Call::RejectVoice(id, NO_ROOM));
                    self.decide(now, Fact::VoiceFailed(seat));
                }
            },
            Ordered::RejectVoice(_) => {
                self.call(now, Call::RejectVoice(id, NO_ROOM));
                if let Some(phone) = self.phone_in(seat) {
                    self.voice_gone(id, phone);
                }
            }
            Ordered::CloseVoice(_) => self.close_voice(now, seat, id),
            _ => {}
        }
    }

    /// A voice link is asked for: by the phone where both sides negotiate codecs, else by us.
    fn open_voice(&mut self, now: Instant, seat: SeatId, id: LinkId) {
        let asked = if self.stack.hands_free(id).is_some_and(HandsFree::negotiates) {
            let asked = self.stack.order(now, id, Order::VoiceLink).ok();
            asked.map(|ticket| self.asked(id, ticket, multipoint::Order::OpenVoice(seat)))
        } else {
            self.stack.call(now, Call::OpenVoice(id)).ok()
        };
        if asked.is_none() {
            self.decide(now, Fact::VoiceFailed(seat));
        }
    }

    /// A voice link is closed, or what was asked for is taken back.
    fn close_voice(&mut self, now: Instant, seat: SeatId, id: LinkId) {
        self.withdraw(multipoint::Order::OpenVoice(seat));
        if self.stack.call(now, Call::CloseVoice(id)).is_err() {
            self.decide(now, Fact::VoiceClosed(seat));
            if let Some(phone) = self.phone_in(seat) {
                self.voice_gone(id, phone);
            }
        }
    }

    /// Wide-band speech does not get through the transport: phones are offered the narrow band alone.
    pub(crate) fn wideband_unusable(&mut self, now: Instant) {
        self.call(now, Call::VoiceCodecs(wire::hfp::Codecs::CVSD));
        for id in (0..MAX_LINKS as u8).map(LinkId) {
            if let Some(link) = self.link_mut(id)
                && link.voice == Some(VoiceCodec::Msbc)
            {
                link.recodes = true;
                self.call(now, Call::CloseVoice(id));
            }
        }
    }

    /// How loud a link's voice is heard.
    pub(crate) fn voice_gain(&self, seat: SeatId) -> f32 {
        let Some(link) = self.seats[usize::from(seat.0)].and_then(|id| self.link(id)) else {
            return 0.0;
        };
        let heard = self.roster.heard_as(seat).is_some_and(|claim| claim != Claim::Media);
        match heard && link.voice.is_some() {
            true => self.call_loudness(link.address),
            false => 0.0,
        }
    }

    /// How a link's voice is coded, while it has one.
    pub(crate) fn voice_of(&self, id: LinkId) -> Option<VoiceCodec> {
        self.link(id)?.voice
    }
}
