//! One controller: the protocol stack governed by the multipoint policy.

mod buttons;
mod calls;
mod command;
mod effect;
mod ends;
mod event;
mod govern;
mod host;
mod idle;
mod limits;
mod link;
mod notices;
mod page;
mod pending;
mod phones;
mod remote;
mod timers;
mod verbs;
mod voice;

pub use command::{
    AnswerHow, Change, Command, Digits, MediaAction, Refusal, Ticket, VoiceTo, VolumeKind,
};
pub use effect::{Effect, Effects, Input, StreamEffect, VoiceEffect};
pub use event::{
    CallState, Codec, ConfirmKind, Event, Indicator, OrderKind, PlaybackStatus, Profile, Source,
    SourceKind, StreamState,
};
pub use host::Host;
pub use limits::{Limits, MAX_CODECS, Settings};
pub use multipoint::Tone;
pub use stack::avrcp::Track;
pub use stack::hfp::{CallerName, Number};
pub use stack::{Bond, LinkId, Name, StreamId, Voice, VoiceCodec, VoiceStatus};
