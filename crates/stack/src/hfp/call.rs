//! A call, as either side knows it.

use wire::hfp::{CallEntry, CallStatus, Caller, Direction};

/// Calls of a phone at most; it may have more, which are not told.
pub const MAX_CALLS: usize = 8;

/// A telephone number, as the phone writes it.
pub type Number = heapless::String<32>;

/// A name in the phone's book, or the operator's.
pub type CallerName = heapless::String<64>;

/// A call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// The phone's number for it, from 1.
    pub index: u8,
    /// Who began it.
    pub direction: Direction,
    /// Its state.
    pub status: CallStatus,
    /// Whether it is part of a conference.
    pub multiparty: bool,
    /// Whom it is with; empty where that is not known.
    pub number: Number,
    /// Their name, likewise.
    pub name: CallerName,
}

impl Call {
    /// A call of which no more is known.
    pub fn new(index: u8, direction: Direction, status: CallStatus) -> Self {
        let (number, name) = (Number::new(), CallerName::new());
        Call { index, direction, status, multiparty: false, number, name }
    }

    /// An entry of the phone's list.
    pub(super) fn listed(entry: &CallEntry<'_>) -> Self {
        let CallEntry { index, direction, status, multiparty, caller, .. } = *entry;
        let (number, name) = (text(caller.number), text(caller.name));
        Call { index, direction, status, multiparty, number, name }
    }

    /// Whether it rings here.
    pub fn is_ringing(&self) -> bool {
        matches!(self.status, CallStatus::Incoming | CallStatus::Waiting)
    }

    /// Whether it is still being set up from here.
    pub fn is_outgoing(&self) -> bool {
        matches!(self.status, CallStatus::Dialling | CallStatus::Alerting)
    }

    /// Whether it has been answered.
    pub fn is_answered(&self) -> bool {
        !self.is_ringing() && !self.is_outgoing()
    }

    /// Whether it may be the same one as `before`, which had its index: one that had been answered
    /// does not ring again.
    pub(super) fn continues(&self, before: &Call) -> bool {
        self.direction == before.direction && (self.is_answered() || !before.is_answered())
    }

    /// Takes in what is known of who calls, where the call does not say itself.
    pub(super) fn fill(&mut self, number: &Number, name: &CallerName) {
        if self.number.is_empty() {
            self.number.clone_from(number);
        }
        if self.name.is_empty() && self.number == *number {
            self.name.clone_from(name);
        }
    }

    /// Whom it is with, as text.
    pub(super) fn caller(&self) -> Caller<'_> {
        Caller { number: self.number.as_bytes(), name: self.name.as_bytes() }
    }
}

/// Text of a peer's, cut where there is no more room; what is not UTF-8 is replaced.
pub fn text<const N: usize>(bytes: &[u8]) -> heapless::String<N> {
    let mut text = heapless::String::new();
    for chunk in bytes.utf8_chunks() {
        let replaced = (!chunk.invalid().is_empty()).then_some(char::REPLACEMENT_CHARACTER);
        for letter in chunk.valid().chars().chain(replaced) {
            if text.push(letter).is_err() {
                return text;
            }
        }
    }
    text
}
