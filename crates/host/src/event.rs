//! What a host tells the floors above.

use stack::avrcp::Track;
use stack::hfp::{CallerName, Number};
use stack::{Name, VoiceCodec};
use wire::Address;

use crate::command::{Refusal, Ticket, VolumeKind};

/// Something happened. The shapes are those of the control interface's events.
#[derive(Clone, PartialEq, Debug)]
pub enum Event {
    /// The controller came up, or was lost.
    Controller {
        /// Whether it is up.
        up: bool,
        /// Its own address, all zero while it is not known.
        address: Address,
    },
    /// Pairing mode opened or ended.
    Pairing {
        /// Whether it stands open.
        open: bool,
        /// For how long yet.
        seconds: u32,
    },
    /// The owner is asked; the answer is [`Command::Confirm`](crate::Command::Confirm).
    Confirm {
        /// Who pairs.
        phone: Address,
        /// What is asked.
        kind: ConfirmKind,
        /// The six digits to compare or to type in on the phone.
        passkey: Option<u32>,
    },
    /// A phone has a new bond.
    Paired {
        /// Which.
        phone: Address,
    },
    /// A phone's connection came up or went, or its name became known.
    Phone {
        /// Which.
        phone: Address,
        /// Its name, empty while unknown.
        name: Name,
        /// Whether it is connected.
        connected: bool,
        /// Why it went: the HCI status.
        reason: Option<u8>,
    },
    /// A profile came up or went.
    Profile {
        /// Whose.
        phone: Address,
        /// Which profile.
        profile: Profile,
        /// Whether it is up.
        up: bool,
    },
    /// A media stream changed its state.
    Stream {
        /// Whose.
        phone: Address,
        /// Its state now.
        state: StreamState,
        /// The codec.
        codec: Codec,
        /// Samples a second.
        rate: u32,
        /// 1 or 2.
        channels: u8,
    },
    /// Who is heard changed. Empty: silence.
    Audible {
        /// The sources; several only with the policy `mix`.
        sources: heapless::Vec<Source, { multipoint::MAX_SEATS }>,
    },
    /// A phone's player has another track, or more is known of it. Texts are empty where the phone does
    /// not say.
    Track {
        /// Whose.
        phone: Address,
        /// What is known of it. Apart, as it is large and rare: each media packet is moved in as many
        /// octets as the largest event takes.
        track: Box<Track>,
    },
    /// What a phone's player does, as it says itself.
    Playback {
        /// Whose.
        phone: Address,
        /// What it does.
        status: PlaybackStatus,
        /// How much of the track has played, where it says so.
        position_ms: Option<u32>,
    },
    /// How loud a phone is heard, set on either side.
    Volume {
        /// Whose.
        phone: Address,
        /// What of it.
        kind: VolumeKind,
        /// 0 to 100.
        percent: u8,
    },
    /// A call is there, has changed, or is over; again when more is known of it.
    Call {
        /// Whose.
        phone: Address,
        /// The phone's number for it, from 1.
        index: u8,
        /// Its state.
        state: CallState,
        /// Whom it is with; empty where that is not known.
        number: Number,
        /// Their name, likewise.
        name: CallerName,
    },
    /// A voice link came up or went.
    Voice {
        /// Whose.
        phone: Address,
        /// Whether it is open.
        open: bool,
        /// How it is coded.
        codec: VoiceCodec,
    },
    /// An indicator of a phone.
    Indicator {
        /// Whose.
        phone: Address,
        /// Which.
        indicator: Indicator,
        /// Battery in percent, signal 0 to 5, service and roaming 0 or 1.
        value: u8,
    },
    /// What the policy told a phone to do.
    Order {
        /// Whom.
        phone: Address,
        /// What.
        order: OrderKind,
    },
    /// A phone lost its seat to another.
    Evicted {
        /// Who went.
        phone: Address,
        /// For whom.
        by: Address,
    },
    /// A link's state; at most once in 10 s for each phone.
    Link {
        /// Whose.
        phone: Address,
        /// Received signal strength, dB against the golden range (Core 5.4, Vol 4, Part E, 7.5.4).
        rssi: Option<i8>,
        /// How well it is received, 0 to 255, as the controller's maker counts it (7.5.3).
        quality: Option<u8>,
        /// Whether we are its central.
        central: bool,
        /// Whether it is in sniff mode.
        sniff: bool,
    },
    /// A command ended.
    Done {
        /// Which.
        ticket: Ticket,
        /// How.
        result: Result<(), Refusal>,
    },
    /// Something that its owner should know.
    Warning {
        /// A stable word.
        code: &'static str,
        /// One sentence.
        text: heapless::String<160>,
    },
}

/// What the owner is asked when pairing (Core 5.4, Vol 3, Part C, 5.2.2.6).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ConfirmKind {
    /// Both show six digits: are they the same?
    Compare,
    /// Type these six digits on the phone.
    Display,
    /// Give the six digits that the phone shows.
    Enter,
    /// May it pair?
    Consent,
}

/// A profile.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Profile {
    /// Advanced Audio Distribution.
    A2dp,
    /// Audio/Video Remote Control.
    Avrcp,
    /// Hands-Free, or Headset where the phone has no more.
    Hfp,
}

/// A media stream's state, as the ear would call it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum StreamState {
    /// Configured and ready.
    Open,
    /// Media flows.
    Playing,
    /// Paused by the phone.
    Suspended,
    /// Gone.
    Closed,
}

/// A call's state.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CallState {
    /// It rings, or waits.
    Incoming,
    /// It is being dialled, or rings there.
    Outgoing,
    /// It was answered, and is spoken in.
    Active,
    /// It is on hold.
    Held,
    /// It is over.
    Ended,
}

/// An indicator of a phone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Indicator {
    /// Its battery, in percent.
    Battery,
    /// Its network's signal, 0 to 5.
    Signal,
    /// Whether it has a network.
    Service,
    /// Whether the network is a foreign one.
    Roaming,
}

/// What a player does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PlaybackStatus {
    /// It plays, or moves within the track.
    Playing,
    /// It paused.
    Paused,
    /// It stopped.
    Stopped,
}

/// A codec.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Codec {
    /// Low complexity subband coding.
    Sbc,
    /// Advanced Audio Coding, low complexity.
    Aac,
}

/// One of those who are heard.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Source {
    /// Who.
    pub phone: Address,
    /// What of it.
    pub kind: SourceKind,
    /// How loud, 0 to 1.
    pub gain: f32,
}

/// What of a phone is heard.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SourceKind {
    /// Music.
    Media,
    /// A call.
    Call,
    /// A call that rings, or is being dialled.
    Ring,
    /// A voice session.
    Voice,
    /// Its assistant.
    Assistant,
}

/// What the policy tells a phone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OrderKind {
    /// Give up the seat.
    Disconnect,
    /// Pause its player.
    Pause,
    /// Play again.
    Play,
    /// Put its call on hold, or take it off.
    Hold,
    /// Answer its call.
    Answer,
    /// End, cancel or reject its call.
    HangUp,
    /// Send its call's audio here: asked for, or accepted.
    OpenVoice,
    /// Take its call's audio back.
    CloseVoice,
    /// Its voice link was not accepted.
    RejectVoice,
    /// Come back: it is being paged.
    Page,
}
