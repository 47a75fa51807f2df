//! What a host is fed with, as notes: everything but the controller's packets, which a capture has
//! anyway.

use std::fmt::{self, Formatter};

use host::{
    AnswerHow, Change, Command, Input, LinkId, MediaAction, StreamId, Ticket, VoiceTo, VolumeKind,
};
use multipoint::Takeover;
use stack::Confirmation;

use super::line::{Field, Pairs, Tagged, name, parsed, tagged, value, words};

/// An input that is no packet of the controller's.
#[derive(Clone, PartialEq, Debug)]
#[expect(clippy::large_enum_variant, reason = "values go through the queue without allocation")]
pub(crate) enum Fed {
    Sounding {
        stream: u8,
        on: bool,
    },
    /// What the microphone gave is no reason for anything, its length is.
    Microphone {
        link: u8,
        length: u16,
    },
    WidebandUnusable,
    Command {
        ticket: u64,
        command: Command,
    },
    Wake,
    TransportLost,
    TransportReady,
}

tagged! { Fed {
    "sounding" => Sounding { stream, on },
    "microphone" => Microphone { link, length },
    "wideband_unusable" => WidebandUnusable {},
    "command" => Command { ticket, command },
    "wake" => Wake {},
    "transport_lost" => TransportLost {},
    "transport_ready" => TransportReady {},
}}

impl Fed {
    /// `None` for a packet.
    pub(crate) fn of(input: &Input) -> Option<Fed> {
        Some(match input {
            Input::Received(..) => return None,
            Input::Sounding(stream, on) => Fed::Sounding { stream: stream.0, on: *on },
            Input::Microphone(link, payload) => {
                let length = u16::try_from(payload.len()).unwrap_or(u16::MAX);
                Fed::Microphone { link: link.0, length }
            }
            Input::WidebandUnusable => Fed::WidebandUnusable,
            Input::Command(ticket, command) => {
                Fed::Command { ticket: ticket.0, command: command.clone() }
            }
            Input::Wake => Fed::Wake,
            Input::TransportLost => Fed::TransportLost,
            Input::TransportReady => Fed::TransportReady,
        })
    }

    /// The input that it was; `payload` gives what stands for the microphone's sound.
    pub(super) fn input(self, payload: impl FnOnce(u16) -> Option<pool::Frame>) -> Option<Input> {
        Some(match self {
            Fed::Sounding { stream, on } => Input::Sounding(StreamId(stream), on),
            Fed::Microphone { link, length } => Input::Microphone(LinkId(link), payload(length)?),
            Fed::WidebandUnusable => Input::WidebandUnusable,
            Fed::Command { ticket, command } => Input::Command(Ticket(ticket), command),
            Fed::Wake => Input::Wake,
            Fed::TransportLost => Input::TransportLost,
            Fed::TransportReady => Input::TransportReady,
        })
    }
}

impl fmt::Display for Fed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "tandem {}", self.tag())?;
        self.print(f)
    }
}

tagged! { Command {
    "pair" => Pair { seconds },
    "stop_pairing" => StopPairing {},
    "confirm" => Confirm { phone, accept, passkey },
    "connect" => Connect { phone },
    "disconnect" => Disconnect { phone },
    "forget" => Forget { phone },
    "media" => Media { action, phone },
    "volume" => Volume { percent, kind, phone },
    "answer" => Answer { how, phone, index },
    "reject" => Reject { phone, index },
    "hang_up" => HangUp { phone, index },
    "hold" => Hold { phone },
    "swap" => Swap {},
    "merge" => Merge { phone },
    "private" => Private { index, phone },
    "transfer" => Transfer { phone },
    "voice" => Voice { to, phone },
    "dial" => Dial { number, phone },
    "redial" => Redial { phone },
    "tones" => Tones { digits, phone },
    "mute" => Mute { on },
    "assistant" => Assistant { on, phone },
    "battery" => Battery { percent },
    "set" => Set { 0: change },
    "shutdown" => Shutdown {},
}}

tagged! { Change {
    "name" => Name { 0: value },
    "seats" => Seats { 0: value },
    "takeover" => Takeover { 0: value },
    "pairing_seconds" => PairingSeconds { 0: value },
    "confirm" => Confirm { 0: value },
    "min_key_size" => MinKeySize { 0: value },
    "blip_seconds" => BlipSeconds { 0: value },
    "evicted_for_seconds" => EvictedForSeconds { 0: value },
    "reconnect" => Reconnect { 0: value },
    "reconnect_max_seconds" => ReconnectMaxSeconds { 0: value },
    "reconnect_for_seconds" => ReconnectForSeconds { 0: value },
    "volume_first" => VolumeFirst { 0: value },
    "answer_ends" => AnswerEnds { 0: value },
    "resume" => Resume { 0: value },
    "resume_call" => ResumeCall { 0: value },
    "blips" => Blips { 0: value },
    "resume_delay_ms" => ResumeDelayMs { 0: value },
    "resume_within_seconds" => ResumeWithinSeconds { 0: value },
    "pause_check_seconds" => PauseCheckSeconds { 0: value },
    "auto_answer" => AutoAnswer { phone, on },
    "priority" => Priority { phone, priority },
    "may_take_over" => MayTakeOver { phone, on },
}}

/// Those that stand among the fields of others, with a key for their word.
macro_rules! among {
    ($($kind:ident by $key:literal),*) => {$(
        impl Field for $kind {
            fn print(&self, _: &str, f: &mut Formatter<'_>) -> fmt::Result {
                write!(f, concat!(" ", $key, "={}"), self.tag())?;
                Tagged::print(self, f)
            }

            fn parse(_: &str, pairs: &Pairs<'_>) -> Option<Self> {
                Tagged::parse(value($key, pairs)?, pairs)
            }
        }
    )*};
}

among!(Command by "verb", Change by "change");

words! {
    Takeover { Last = "last", First = "first", FirstMute = "first-mute", Mix = "mix" }
    Confirmation { Auto = "auto", Ask = "ask" }
    AnswerHow { Default = "default", Hold = "hold", End = "end" }
    VoiceTo { Receiver = "receiver", Phone = "phone" }
    VolumeKind { Media = "media", Call = "call" }
    MediaAction {
        Play = "play", Pause = "pause", PlayPause = "play_pause", Next = "next",
        Previous = "previous", Stop = "stop"
    }
}
