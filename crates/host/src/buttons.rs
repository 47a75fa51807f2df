//! The owner's buttons for calls, and what is asked of phones for them.
//!
//! What moves a call or its audio is decided by the policy; the verb's [end](crate::ends) is that of
//! the order that comes of it. What concerns one phone's calls alone (dialling, tones, conferences) is
//! asked of the phone directly.

use multipoint::{Answer, Button, Fact, Few, NoTarget, Order, SeatId, To};
use pool::Instant;
use stack::hfp::hands_free::{self, Refused};
use stack::hfp::{self, Number};
use stack::{Call, LinkId};
use wire::Address;
use wire::hfp::{CallStatus, Hold, Holds};

use crate::calls::HEADSET_CALL;
use crate::command::{AnswerHow, Command, Digits, Refusal, Ticket, VoiceTo};
use crate::effect::{Effect, VoiceEffect};
use crate::event::{Event, OrderKind};
use crate::host::Host;
use crate::link::HeadsetCall;
use crate::pending::{Verb, Wait};
use crate::verbs::COMMAND_TIMEOUT;

/// AT commands of the policy that are not answered yet, at most.
pub(crate) const MAX_ASKED: usize = 16;

/// An AT command that the policy ordered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Asked {
    pub(crate) link: LinkId,
    ticket: hands_free::Ticket,
    pub(crate) order: Order,
}

/// Tones that are being sent.
#[derive(Clone, Debug)]
pub(crate) struct Tones {
    pub(crate) link: LinkId,
    /// The one that is not answered yet.
    ticket: hands_free::Ticket,
    /// Those that follow.
    rest: Digits,
    pub(crate) owner: Ticket,
}

impl Host {
    /// Carries out a verb about calls.
    pub(crate) fn call_verb(&mut self, now: Instant, ticket: Ticket, command: Command) {
        let result = match command {
            Command::Answer { how, phone, index } => {
                let how = match how {
                    AnswerHow::Default => None,
                    AnswerHow::Hold => Some(Answer::Hold),
                    AnswerHow::End => Some(Answer::End),
                };
                let button = |seat| Button::Answer(how, seat);
                self.press_for(now, ticket, phone, index, Verb::Answer, button)
            }
            Command::Reject { phone, index } => {
                self.press_for(now, ticket, phone, index, Verb::Reject, Button::Reject)
            }
            Command::HangUp { phone, index: Some(index) } => {
                self.hang_up_one(now, ticket, phone, index)
            }
            Command::HangUp { phone, index: None } => {
                self.press_for(now, ticket, phone, None, Verb::HangUp, Button::HangUp)
            }
            Command::Hold { phone } => {
                self.press_for(now, ticket, phone, None, Verb::Hold, Button::Hold)
            }
            Command::Swap => self.press_for(now, ticket, None, None, Verb::Hold, |_| Button::Swap),
            Command::Voice { to: VoiceTo::Receiver, phone } => {
                let button = |seat| Button::Voice(To::Receiver, seat);
                self.press_for(now, ticket, phone, None, Verb::VoiceHere, button)
            }
            Command::Voice { to: VoiceTo::Phone, phone } => {
                let button = |seat| Button::Voice(To::Phone, seat);
                self.press_for(now, ticket, phone, None, Verb::VoiceAway, button)
            }
            Command::Merge { phone } => self.hold_verb(now, ticket, phone, Hold::Join),
            Command::Transfer { phone } => self.hold_verb(now, ticket, phone, Hold::Transfer),
            Command::Private { index, phone } => self.with_call(phone, index).and_then(|link| {
                self.ask_phone(now, ticket, link, hands_free::Order::Hold(Hold::Private(index)))
            }),
            Command::Dial { number, phone } => self.dial(now, ticket, &number, phone),
            Command::Redial { phone } => self
                .caller(phone)
                .and_then(|link| self.ask_phone(now, ticket, link, hands_free::Order::Redial)),
            Command::Assistant { on, phone } => self.caller(phone).and_then(|link| {
                self.ask_phone(now, ticket, link, hands_free::Order::VoiceRecognition(on))
            }),
            Command::Tones { digits, phone } => self.tones(now, ticket, digits, phone),
            Command::Mute { on } => {
                self.mute(on);
                return self.done(ticket, Ok(()));
            }
            Command::Battery { percent } if percent <= 100 => {
                self.call(now, Call::Battery(percent));
                return self.done(ticket, Ok(()));
            }
            _ => Err(Refusal::BadValue),
        };
        if let Err(refusal) = result {
            self.done(ticket, Err(refusal));
        }
    }

    /// Presses a button of the policy's; the verb ends with the order that comes of it.
    fn press_for(
        &mut self,
        now: Instant,
        ticket: Ticket,
        phone: Option<Address>,
        index: Option<u8>,
        verb: Verb,
        button: impl FnOnce(Option<SeatId>) -> Button,
    ) -> Result<(), Refusal> {
        let named = phone.map(|phone| self.seat_of(phone)).transpose()?;
        let button = button(named);
        let link = self.target_of(button)?;
        let phone = self.link(link).map(|link| link.address).ok_or(Refusal::NotConnected)?;
        if let Some(index) = index {
            let rings = |call: &hfp::Call| call.index == index && call.is_ringing();
            let headset = self.link(link).is_some_and(|link| link.headset.is_some());
            let known = match headset {
                true => index == HEADSET_CALL,
                false => self.calls_list(link).iter().any(rings),
            };
            if !known {
                return Err(Refusal::NoCall);
            }
        }
        let there = self.voice_of(link).is_some();
        if verb == Verb::VoiceHere && there || verb == Verb::VoiceAway && !there {
            // Its owner's wish counts all the same.
            self.decide(now, Fact::Button(button));
            self.done(ticket, Ok(()));
        } else if self.wait(now, ticket, Wait::Verb(phone, verb), COMMAND_TIMEOUT) {
            self.decide(now, Fact::Button(button));
        }
        Ok(())
    }

    /// Ends one of a phone's calls, and no other.
    fn hang_up_one(
        &mut self,
        now: Instant,
        ticket: Ticket,
        phone: Option<Address>,
        index: u8,
    ) -> Result<(), Refusal> {
        let link = self.with_call(phone, index)?;
        let phone = self.link(link).map(|link| link.address);
        let calls = self.calls_list(link);
        let several = calls.len() > 1;
        let one_active = calls.iter().filter(|c| c.status == CallStatus::Active).count() == 1;
        let held = calls
            .iter()
            .filter(|call| matches!(call.status, CallStatus::Held | CallStatus::Waiting));
        let one_held = held.count() == 1;
        let status = calls.iter().find(|call| call.index == index).map(|call| call.status);
        let hands_free = self.stack.hands_free(link);
        let named = hands_free.is_some_and(|unit| unit.holds().contains(Holds::RELEASE_ONE));
        match status {
            Some(CallStatus::Incoming | CallStatus::Waiting) => {
                self.press_for(now, ticket, phone, None, Verb::Reject, Button::Reject)
            }
            // By its number wherever that can be: what is known of its state may be a moment old.
            Some(CallStatus::Active | CallStatus::Held) if several && named => {
                let order = hands_free::Order::Hold(Hold::ReleaseOne(index));
                self.ask_phone(now, ticket, link, order)
            }
            Some(CallStatus::Held) if one_held => {
                let order = hands_free::Order::Hold(Hold::ReleaseHeld);
                self.ask_phone(now, ticket, link, order)
            }
            Some(CallStatus::Held) => Err(Refusal::NotSupported),
            Some(CallStatus::Active) if !one_active => Err(Refusal::NotSupported),
            // The active one, or the one that is being dialled.
            _ => self.press_for(now, ticket, phone, None, Verb::HangUp, Button::HangUp),
        }
    }

    /// Joins or connects a phone's calls.
    fn hold_verb(
        &mut self,
        now: Instant,
        ticket: Ticket,
        phone: Option<Address>,
        hold: Hold,
    ) -> Result<(), Refusal> {
        // Without a phone: the one that is heard, where several have two calls.
        let heard = |id: &LinkId| {
            self.link(*id).and_then(|link| link.seat).is_some_and(|id| self.roster.is_audible(id))
        };
        let several = || self.lines().filter(|id| self.calls_list(*id).len() > 1);
        let link = match phone {
            Some(_) => self.caller(phone)?,
            None => several().max_by_key(heard).ok_or(Refusal::NoCall)?,
        };
        if self.calls_list(link).len() < 2 {
            return Err(Refusal::NoCall);
        }
        self.ask_phone(now, ticket, link, hands_free::Order::Hold(hold))
    }

    fn dial(
        &mut self,
        now: Instant,
        ticket: Ticket,
        number: &Number,
        phone: Option<Address>,
    ) -> Result<(), Refusal> {
        let link = self.caller(phone)?;
        let order = match number.strip_prefix('>') {
            Some(place) => {
                hands_free::Order::DialMemory(place.parse().map_err(|_| Refusal::BadValue)?)
            }
            None => hands_free::Order::Dial(number),
        };
        self.ask_phone(now, ticket, link, order)
    }

    fn tones(
        &mut self,
        now: Instant,
        ticket: Ticket,
        digits: Digits,
        phone: Option<Address>,
    ) -> Result<(), Refusal> {
        // Without a phone: in the call that is heard, where there are several.
        let link = match phone {
            Some(_) => self.caller(phone)?,
            None => self.target_of(Button::Voice(To::Receiver, None))?,
        };
        let mut rest = digits;
        if rest.is_empty() || !rest.chars().all(|c| matches!(c, '0'..='9' | '*' | '#' | 'A'..='D'))
        {
            return Err(Refusal::BadValue);
        }
        if self.calls_of(link).active == Few::None {
            return Err(Refusal::NoCall);
        }
        if self.tones.is_some() || self.pending.is_full() {
            return Err(Refusal::Busy);
        }
        let tone = rest.remove(0);
        let first = self.order_call(now, link, hands_free::Order::Tone(tone))?;
        if self.wait(now, ticket, Wait::Tones(ticket), COMMAND_TIMEOUT) {
            self.tones = Some(Tones { link, ticket: first, rest, owner: ticket });
        }
        Ok(())
    }

    /// A tone was answered: the next one, until its owner has waited too long.
    fn tone_answered(&mut self, now: Instant, tones: Tones, taken: bool) {
        let Tones { link, mut rest, owner, .. } = tones;
        let wait = Wait::Tones(owner);
        let result = match (taken, rest.is_empty()) {
            (false, _) => Err(Refusal::Refused),
            (true, true) => Ok(()),
            (true, false) if !self.pending.is_wanted(wait) => return,
            (true, false) => {
                let tone = rest.remove(0);
                match self.order_call(now, link, hands_free::Order::Tone(tone)) {
                    Ok(ticket) => {
                        self.tones = Some(Tones { link, ticket, rest, owner });
                        return;
                    }
                    Err(refusal) => Err(refusal),
                }
            }
        };
        if let Some(ticket) = self.pending.take(wait) {
            self.done(ticket, result);
        }
    }

    fn mute(&mut self, on: bool) {
        self.muted = on;
        for n in 0..self.links.len() as u8 {
            if self.voice_of(LinkId(n)).is_some() {
                self.effect(Effect::VoiceLink(LinkId(n), VoiceEffect::Mute(on)));
            }
        }
    }

    /// Asks something of a phone's calls for the owner; the end is the phone's answer.
    fn ask_phone(
        &mut self,
        now: Instant,
        ticket: Ticket,
        link: LinkId,
        order: hands_free::Order<'_>,
    ) -> Result<(), Refusal> {
        if self.pending.is_full() {
            return Err(Refusal::Busy);
        }
        let answer = self.order_call(now, link, order)?;
        self.wait(now, ticket, Wait::Call(link, answer), COMMAND_TIMEOUT);
        Ok(())
    }

    fn order_call(
        &mut self,
        now: Instant,
        link: LinkId,
        order: hands_free::Order<'_>,
    ) -> Result<hands_free::Ticket, Refusal> {
        self.stack.order(now, link, order).map_err(|refused| match refused {
            Refused::NotUp | Refused::NotSupported => Refusal::NotSupported,
            Refused::Invalid => Refusal::BadValue,
            Refused::Full => Refusal::Busy,
        })
    }

    /// An AT command that the policy ordered is out. What the phone says to an earlier one for the same
    /// is not about this one.
    pub(crate) fn asked(&mut self, link: LinkId, ticket: hands_free::Ticket, order: Order) {
        self.withdraw(order);
        if self.asked.is_full() {
            // Its answer is not waited for any more: the policy's timers do.
            self.asked.remove(0);
        }
        let _ = self.asked.push(Asked { link, ticket, order });
    }

    /// The answers to such orders are not waited for any more.
    pub(crate) fn withdraw(&mut self, order: Order) {
        self.asked.retain(|asked| asked.order != order);
    }

    /// The policy orders something of a phone's calls.
    pub(crate) fn order_of_calls(&mut self, now: Instant, seat: SeatId, order: Order) {
        let Some(id) = self.seats[usize::from(seat.0)] else { return };
        let Some(link) = self.link(id) else { return };
        let (phone, headset) = (link.address, link.headset);
        let (kind, command) = match order {
            Order::Answer(_) => (OrderKind::Answer, hands_free::Order::Answer),
            Order::HangUp(_) => (OrderKind::HangUp, hands_free::Order::HangUp),
            Order::Hold(_) => (OrderKind::Hold, hands_free::Order::Hold(Hold::Swap)),
            Order::EndAndAccept(_) => {
                (OrderKind::Answer, hands_free::Order::Hold(Hold::ReleaseActive))
            }
            Order::RejectWaiting(_) => {
                (OrderKind::HangUp, hands_free::Order::Hold(Hold::ReleaseHeld))
            }
            _ => return,
        };
        self.notify(Event::Order { phone, order: kind });
        if let Some(call) = headset {
            // The button is all there is, and answers what rings.
            if call == HeadsetCall::Ringing && matches!(order, Order::HangUp(_)) {
                self.order_ended(phone, order, Err(Refusal::NotSupported));
                return self.decide(now, Fact::Refused(order));
            }
            self.stack.press_button(now, id);
            self.headset_pressed(now, id);
            return self.order_ended(phone, order, Ok(()));
        }
        match self.order_call(now, id, command) {
            Ok(ticket) => self.asked(id, ticket, order),
            Err(refusal) => {
                self.order_ended(phone, order, Err(refusal));
                self.decide(now, Fact::Refused(order));
            }
        }
    }

    /// A phone answered an AT command that somebody ordered.
    pub(crate) fn answered(
        &mut self,
        now: Instant,
        link: LinkId,
        ticket: hands_free::Ticket,
        result: Result<(), hands_free::AtError>,
    ) {
        let result = result.map_err(|error| match error {
            hands_free::AtError::TimedOut => Refusal::TimedOut,
            hands_free::AtError::Closed => Refusal::NotConnected,
            hands_free::AtError::Overtaken => Refusal::NoCall,
            _ => Refusal::Refused,
        });
        if let Some(owner) = self.pending.take(Wait::Call(link, ticket)) {
            return self.done(owner, result);
        }
        if let Some(tones) = self.tones.take_if(|t| t.link == link && t.ticket == ticket) {
            return self.tone_answered(now, tones, result.is_ok());
        }
        let place = self.asked.iter().position(|a| a.link == link && a.ticket == ticket);
        let Some(Asked { order, .. }) = place.map(|n| self.asked.remove(n)) else { return };
        let Some(phone) = self.link(link).map(|link| link.address) else { return };
        self.order_ended(phone, order, result);
        if result.is_err() {
            let fact = match order {
                Order::OpenVoice(seat) => Fact::VoiceFailed(seat),
                order => Fact::Refused(order),
            };
            self.decide(now, fact);
        }
    }

    fn seat_of(&self, phone: Address) -> Result<SeatId, Refusal> {
        let seat = self.link_of(phone).and_then(|link| self.link(link)?.seat);
        seat.ok_or_else(|| self.not_connected(phone))
    }

    /// The links whose phones have calls' profile up and a seat.
    fn lines(&self) -> impl Iterator<Item = LinkId> + '_ {
        let up = |id: &LinkId| self.link(*id).is_some_and(|link| link.calls && link.seat.is_some());
        self.seats.iter().flatten().copied().filter(up)
    }

    /// The phone for a verb that begins a call: the one named, else the one used for a call last.
    pub(crate) fn caller(&self, phone: Option<Address>) -> Result<LinkId, Refusal> {
        let named = phone.map(|phone| self.seat_of(phone)).transpose()?;
        self.target_of(Button::Dial(named))
    }

    /// The link of the phone that a button is for.
    fn target_of(&self, button: Button) -> Result<LinkId, Refusal> {
        let seat = multipoint::target(self.settings.policy, &self.roster, button);
        let seat = seat.map_err(|none| match none {
            NoTarget::NothingToAnswer => Refusal::NothingToAnswer,
            NoTarget::NoCall => Refusal::NoCall,
            NoTarget::NotSupported => Refusal::NotSupported,
            NoTarget::NotConnected => Refusal::NotConnected,
        })?;
        self.seats[usize::from(seat.0)].ok_or(Refusal::NotConnected)
    }

    /// The phone that has this call.
    fn with_call(&self, phone: Option<Address>, index: u8) -> Result<LinkId, Refusal> {
        let has = |id: &LinkId| {
            let headset = self.link(*id).and_then(|link| link.headset);
            self.calls_list(*id).iter().any(|call| call.index == index)
                || headset.is_some_and(|call| call != HeadsetCall::None) && index == HEADSET_CALL
        };
        match phone {
            Some(_) => {
                self.caller(phone).and_then(|id| has(&id).then_some(id).ok_or(Refusal::NoCall))
            }
            None => {
                let mut lines = self.lines().filter(has);
                let found = lines.next().ok_or(Refusal::NoCall)?;
                lines.next().is_none().then_some(found).ok_or(Refusal::Ambiguous)
            }
        }
    }

    fn calls_list(&self, id: LinkId) -> &[hfp::Call] {
        self.stack.hands_free(id).map(hfp::HandsFree::calls).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
