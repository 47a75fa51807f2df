//! One controller: the protocol stack governed by the multipoint policy.

mod command;
mod event;
mod limits;

pub use command::{Change, Command, Refusal, Ticket};
pub use event::{Codec, ConfirmKind, Event, OrderKind, Profile, Source, SourceKind, StreamState};
pub use limits::{Limits, Settings};
pub use stack::{Bond, LinkId, Name, StreamId};
