//! How the verbs about a phone's calls end: with what comes of the order that the policy gave for them, or
//! without it, where the call that they were for is gone meanwhile or something else comes first. A verb
//! that nothing can end any more would wait until it is overdue.

use multipoint::{Few, Order, Setup};
use stack::LinkId;
use stack::hfp::hands_free::Indicator;
use wire::Address;

use crate::buttons::Asked;
use crate::command::Refusal;
use crate::host::Host;
use crate::pending::{Verb, Wait};

/// The verbs that end with an order about calls.
fn verbs_of(order: Order) -> &'static [Verb] {
    match order {
        Order::Answer(_) | Order::EndAndAccept(_) => &[Verb::Answer],
        Order::Hold(_) => &[Verb::Answer, Verb::Hold],
        Order::HangUp(_) => &[Verb::HangUp, Verb::Reject],
        Order::RejectWaiting(_) => &[Verb::Reject],
        _ => &[],
    }
}

impl Host {
    /// What an order came to is the end of the verbs that it was for.
    pub(crate) fn order_ended(
        &mut self,
        phone: Address,
        order: Order,
        result: Result<(), Refusal>,
    ) {
        let verbs = match order {
            // A voice link's verbs end when it is there.
            Order::OpenVoice(_) if result.is_err() => &[Verb::VoiceHere],
            order => verbs_of(order),
        };
        for &verb in verbs {
            let result = result.or_else(|why| self.refused(phone, verb, why));
            self.verb_done(phone, verb, result);
        }
    }

    /// What the refusal of a verb comes to. The end of the call that it was for may have been told just
    /// before, and is certain only with the list of calls.
    fn refused(&self, phone: Address, verb: Verb, why: Refusal) -> Result<(), Refusal> {
        let Some(line) = self.link_of(phone).and_then(|id| self.stack.hands_free(id)) else {
            return Err(why);
        };
        let none = |indicators: &[Indicator]| indicators.iter().all(|i| line.indicator(*i) == 0);
        match verb {
            Verb::Answer if none(&[Indicator::CallSetup]) => Err(Refusal::NothingToAnswer),
            Verb::Hold if none(&[Indicator::Call, Indicator::CallHeld]) => Err(Refusal::NoCall),
            Verb::Reject if none(&[Indicator::CallSetup]) => Ok(()),
            Verb::HangUp if none(&[Indicator::Call, Indicator::CallSetup]) => Ok(()),
            _ => Err(why),
        }
    }

    /// Ends the verbs for which no answer is needed any more.
    pub(crate) fn end_overtaken_verbs(&mut self) {
        let overtaken = |host: &Host| {
            let mut verbs = host.pending.verbs();
            verbs.find_map(|(ticket, phone, verb)| Some((ticket, host.overtaken(phone, verb)?)))
        };
        while let Some((ticket, result)) = overtaken(self) {
            self.pending.withdraw(ticket);
            self.done(ticket, result);
        }
    }

    /// What a verb came to that was overtaken: the call that it was for is gone, or nothing is done for
    /// it, as something else comes first.
    fn overtaken(&self, phone: Address, verb: Verb) -> Option<Result<(), Refusal>> {
        let id = self.link_of(phone)?;
        let seat = self.link(id)?.seat?;
        let calls = self.calls_of(id);
        let rings = calls.setup == Setup::Incoming;
        let is_asked = |asked: &Asked| asked.link == id && verbs_of(asked.order).contains(&verb);
        let asked = self.asked.iter().any(is_asked);
        let under_way = asked || self.roster.accepting == Some(seat);
        match verb {
            // What the phone was asked for may yet be told as done: its answer says.
            Verb::Answer if !rings && !under_way => Some(Err(Refusal::NothingToAnswer)),
            Verb::Hold if calls.active == Few::None && !calls.held => Some(Err(Refusal::NoCall)),
            Verb::VoiceHere if calls.active == Few::None => Some(Err(Refusal::NoCall)),
            Verb::Answer | Verb::Hold if !under_way => Some(Err(Refusal::Busy)),
            // That is what was wanted.
            Verb::Reject if !rings => Some(Ok(())),
            Verb::HangUp if asked && !calls.is_on() => Some(Ok(())),
            _ => None,
        }
    }

    pub(crate) fn verb_done(&mut self, phone: Address, verb: Verb, result: Result<(), Refusal>) {
        while let Some(ticket) = self.pending.take(Wait::Verb(phone, verb)) {
            self.done(ticket, result);
        }
    }

    /// Nothing comes any more of what was asked of a phone's calls.
    pub(crate) fn verbs_ended(&mut self, id: LinkId, phone: Address, why: Refusal) {
        self.asked.retain(|asked| asked.link != id);
        if let Some(tones) = self.tones.take_if(|tones| tones.link == id)
            && let Some(ticket) = self.pending.take(Wait::Tones(tones.owner))
        {
            self.done(ticket, Err(why));
        }
        let of = |wait: &Wait| {
            matches!(wait, Wait::Verb(other, _) if *other == phone)
                || matches!(wait, Wait::Call(other, _) if *other == id)
        };
        while let Some(ticket) = self.pending.take_where(of) {
            self.done(ticket, Err(why));
        }
    }
}
