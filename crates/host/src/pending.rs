//! Commands that have not ended: what each waits for, and until when.

use pool::Instant;
use stack::hfp::hands_free;
use stack::{LinkId, avrcp};
use wire::Address;

use crate::command::Ticket;

/// Commands that may wait at once.
pub(crate) const MAX_PENDING: usize = 32;

/// What a command waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wait {
    /// The phone's first profile.
    Profile(Address),
    /// The end of the phone's connection.
    Gone(Address),
    /// The phone's answer to a key.
    Key(avrcp::Ticket),
    /// The phone's answer to an AT command.
    Call(LinkId, hands_free::Ticket),
    /// The end of what the policy ordered of this phone's calls.
    Verb(Address, Verb),
    /// The end of the tones that this command sends.
    Tones(Ticket),
}

/// What a button was for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verb {
    Answer,
    Reject,
    HangUp,
    /// Hold, take off hold, or swap.
    Hold,
    VoiceHere,
    VoiceAway,
}

/// The commands that wait.
#[derive(Debug, Default)]
pub(crate) struct Pending(heapless::Vec<(Ticket, Wait, Instant), MAX_PENDING>);

impl Pending {
    /// Lets a command wait; `false` when too many wait already.
    #[must_use]
    pub(crate) fn add(&mut self, ticket: Ticket, wait: Wait, until: Instant) -> bool {
        self.0.push((ticket, wait, until)).is_ok()
    }

    /// Whether no more can wait.
    pub(crate) fn is_full(&self) -> bool {
        self.0.is_full()
    }

    /// Takes one of those that wait for this.
    pub(crate) fn take(&mut self, wait: Wait) -> Option<Ticket> {
        let n = self.0.iter().position(|(_, w, _)| *w == wait)?;
        Some(self.0.remove(n).0)
    }

    /// Takes one of those that wait for something like this.
    pub(crate) fn take_where(&mut self, is: impl Fn(&Wait) -> bool) -> Option<Ticket> {
        let n = self.0.iter().position(|(_, wait, _)| is(wait))?;
        Some(self.0.remove(n).0)
    }

    pub(crate) fn take_any(&mut self) -> Option<(Ticket, Wait)> {
        self.0.pop().map(|(ticket, wait, _)| (ticket, wait))
    }

    /// Those that wait for what comes of a button.
    pub(crate) fn verbs(&self) -> impl Iterator<Item = (Ticket, Address, Verb)> + '_ {
        self.0.iter().filter_map(|(ticket, wait, _)| match *wait {
            Wait::Verb(phone, verb) => Some((*ticket, phone, verb)),
            _ => None,
        })
    }

    /// Lets this command wait no longer.
    pub(crate) fn withdraw(&mut self, ticket: Ticket) {
        self.0.retain(|(other, ..)| *other != ticket);
    }

    pub(crate) fn take_overdue(&mut self, now: Instant) -> Option<(Ticket, Wait)> {
        let n = self.0.iter().position(|(.., until)| *until <= now)?;
        let (ticket, wait, _) = self.0.remove(n);
        Some((ticket, wait))
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.0.iter().map(|(.., until)| *until).min()
    }

    /// Whether anybody waits for a phone's first profile.
    pub(crate) fn wants_profile(&self) -> bool {
        self.0.iter().any(|(_, wait, _)| matches!(wait, Wait::Profile(_)))
    }

    pub(crate) fn is_wanted(&self, wait: Wait) -> bool {
        self.0.iter().any(|(_, w, _)| *w == wait)
    }
}
