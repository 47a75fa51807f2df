//! What comes of an input, as notes: decisions, who is heard, what becomes of calls.

use std::fmt::{self, Display, Formatter};

use host::{CallState, Event, SourceKind};
use multipoint::{Fact, Orders};
use snoop::note::{Audible, Call, Heard, Kind, State};

use super::line::Tight;

/// The note of a decision: what it was made about, and what it came to.
pub(crate) struct Decided<'a>(pub(crate) Fact, pub(crate) &'a Orders);

impl Display for Decided<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "tandem decided fact={}", Tight(self.0))?;
        self.1.into_iter().try_for_each(|order| write!(f, " order={}", Tight(order)))
    }
}

/// The note of records that are missing.
pub(crate) struct Lost(pub(crate) u32);

impl Display for Lost {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "tandem lost records={}", self.0)
    }
}

/// The note of an event, if it is one of those that a capture holds.
pub(crate) fn told(event: &Event) -> Option<String> {
    match event {
        Event::Audible { sources } => {
            let heard: Vec<Audible> = sources
                .iter()
                .map(|source| Audible { phone: source.phone, kind: kind(source.kind) })
                .collect();
            Some(Heard(&heard).to_string())
        }
        Event::Call { phone, index, state, .. } => {
            Some(Call { phone: *phone, index: *index, state: call_state(*state) }.to_string())
        }
        _ => None,
    }
}

fn kind(kind: SourceKind) -> Kind {
    match kind {
        SourceKind::Call => Kind::Call,
        SourceKind::Ring => Kind::Ring,
        SourceKind::Voice => Kind::Voice,
        SourceKind::Assistant => Kind::Assistant,
        SourceKind::Media => Kind::Media,
    }
}

fn call_state(state: CallState) -> State {
    match state {
        CallState::Incoming => State::Incoming,
        CallState::Outgoing => State::Outgoing,
        CallState::Active => State::Active,
        CallState::Held => State::Held,
        CallState::Ended => State::Ended,
    }
}
