//! Events as they are told to the outside: numbered, timed, and in the one JSON shape that the
//! control socket, the command, C and Python share.

use std::sync::Arc;
use std::time::SystemTime;

use host::{
    CallState, Codec, ConfirmKind, Event, Indicator, OrderKind, PlaybackStatus, Profile, Source,
    SourceKind, StreamState, VoiceCodec, VolumeKind,
};
use serde_json::{Map, Value, json};

use crate::status::Status;

/// One event.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Grows by one with each event of a receiver; a snapshot has the number of the last event in it.
    pub seq: u64,
    /// Seconds since the receiver's start.
    pub t: f64,
    /// The wall clock.
    pub time: SystemTime,
    /// What happened.
    pub what: What,
}

/// What a notice tells.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "values are moved through queues without allocation")]
pub enum What {
    /// Everything as it is; the first notice of a subscription.
    Snapshot(Arc<Status>),
    /// So many notices were dropped because they were not read.
    Lost(u64),
    /// Something happened.
    Event(Event),
}

impl Notice {
    /// The event's name, its field `event`.
    pub fn name(&self) -> &'static str {
        match &self.what {
            What::Snapshot(_) => "snapshot",
            What::Lost(_) => "lost",
            What::Event(event) => event_name(event),
        }
    }

    /// The event as a JSON object.
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("seq".into(), self.seq.into());
        object.insert("t".into(), self.t.into());
        object
            .insert("time".into(), humantime::format_rfc3339_micros(self.time).to_string().into());
        object.insert("event".into(), self.name().into());
        let fields = match &self.what {
            What::Snapshot(status) => status.to_json(),
            What::Lost(count) => json!({ "count": count }),
            What::Event(event) => event_fields(event),
        };
        if let Value::Object(fields) = fields {
            object.extend(fields);
        }
        Value::Object(object)
    }
}

fn event_name(event: &Event) -> &'static str {
    match event {
        Event::Controller { .. } => "controller",
        Event::Pairing { .. } => "pairing",
        Event::Confirm { .. } => "confirm",
        Event::Paired { .. } => "paired",
        Event::Phone { .. } => "phone",
        Event::Profile { .. } => "profile",
        Event::Stream { .. } => "stream",
        Event::Audible { .. } => "audible",
        Event::Track { .. } => "track",
        Event::Playback { .. } => "playback",
        Event::Volume { .. } => "volume",
        Event::Call { .. } => "call",
        Event::Voice { .. } => "voice",
        Event::Indicator { .. } => "indicator",
        Event::Order { .. } => "order",
        Event::Evicted { .. } => "evicted",
        Event::Link { .. } => "link",
        Event::Done { .. } => "done",
        Event::Warning { .. } => "warning",
    }
}

/// What an event may lack is left out; what it always has and is not known is null.
fn event_fields(event: &Event) -> Value {
    match event {
        Event::Controller { up, address } => {
            json!({ "state": if *up { "up" } else { "lost" }, "address": address.to_string() })
        }
        Event::Pairing { open, seconds } => json!({ "open": open, "seconds": seconds }),
        Event::Confirm { phone, kind, passkey } => known(json!({
            "phone": phone.to_string(), "kind": confirm_kind(*kind), "passkey": passkey,
        })),
        Event::Paired { phone } => json!({ "phone": phone.to_string() }),
        Event::Phone { phone, name, connected, reason } => known(json!({
            "phone": phone.to_string(), "name": name.as_str(),
            "state": if *connected { "connected" } else { "disconnected" },
            "reason": reason.map(|status| format!("{status:#04x}")),
        })),
        Event::Profile { phone, profile, up } => {
            json!({ "phone": phone.to_string(), "profile": profile_name(*profile), "up": up })
        }
        Event::Stream { phone, state, codec, rate, channels } => json!({
            "phone": phone.to_string(), "state": stream_state(*state), "codec": codec_name(*codec),
            "rate": rate, "channels": channels,
        }),
        Event::Audible { sources } => {
            json!({ "phones": sources.iter().map(source).collect::<Vec<_>>() })
        }
        Event::Track { phone, track } => json!({
            "phone": phone.to_string(), "title": track.title.as_str(),
            "artist": track.artist.as_str(), "album": track.album.as_str(),
            "duration_ms": track.duration,
        }),
        Event::Playback { phone, status, position_ms } => json!({
            "phone": phone.to_string(), "status": playback_status(*status),
            "position_ms": position_ms,
        }),
        Event::Volume { phone, kind, percent } => {
            let kind = match kind {
                VolumeKind::Media => "media",
                VolumeKind::Call => "call",
            };
            json!({ "phone": phone.to_string(), "kind": kind, "percent": percent })
        }
        Event::Call { phone, index, state, number, name } => known(json!({
            "phone": phone.to_string(), "index": index, "state": call_state(*state),
            "number": some(number), "name": some(name),
        })),
        Event::Voice { phone, open, codec } => json!({
            "phone": phone.to_string(), "state": if *open { "open" } else { "closed" },
            "codec": voice_codec(*codec),
        }),
        Event::Indicator { phone, indicator, value } => json!({
            "phone": phone.to_string(), "indicator": indicator_name(*indicator), "value": value,
        }),
        Event::Order { phone, order } => {
            json!({ "phone": phone.to_string(), "order": order_name(*order) })
        }
        Event::Evicted { phone, by } => json!({ "phone": phone.to_string(), "by": by.to_string() }),
        Event::Link { phone, rssi, quality, central, sniff } => json!({
            "phone": phone.to_string(), "rssi": rssi, "quality": quality,
            "role": if *central { "central" } else { "peripheral" },
            "mode": if *sniff { "sniff" } else { "active" },
        }),
        Event::Done { ticket, result } => json!({
            "ticket": ticket.0, "result": result.map_or_else(|refusal| refusal.name(), |()| "Ok"),
        }),
        Event::Warning { code, text } => json!({ "code": code, "text": text.as_str() }),
    }
}

/// What is asked when pairing, in the word of the `confirm` event.
pub fn confirm_kind(kind: ConfirmKind) -> &'static str {
    match kind {
        ConfirmKind::Compare => "compare",
        ConfirmKind::Display => "display",
        ConfirmKind::Enter => "enter",
        ConfirmKind::Consent => "consent",
    }
}

pub(crate) fn source(source: &Source) -> Value {
    let kind = source_kind(source.kind);
    json!({ "phone": source.phone.to_string(), "kind": kind, "gain": source.gain })
}

pub(crate) fn source_kind(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::Media => "media",
        SourceKind::Call => "call",
        SourceKind::Ring => "ring",
        SourceKind::Voice => "voice",
        SourceKind::Assistant => "assistant",
    }
}

pub(crate) fn call_state(state: CallState) -> &'static str {
    match state {
        CallState::Incoming => "incoming",
        CallState::Outgoing => "outgoing",
        CallState::Active => "active",
        CallState::Held => "held",
        CallState::Ended => "ended",
    }
}

pub(crate) fn voice_codec(codec: VoiceCodec) -> &'static str {
    match codec {
        VoiceCodec::Cvsd => "cvsd",
        VoiceCodec::Msbc => "msbc",
    }
}

fn indicator_name(indicator: Indicator) -> &'static str {
    match indicator {
        Indicator::Battery => "battery",
        Indicator::Signal => "signal",
        Indicator::Service => "service",
        Indicator::Roaming => "roaming",
    }
}

fn order_name(order: OrderKind) -> &'static str {
    match order {
        OrderKind::Disconnect => "disconnect",
        OrderKind::Page => "page",
        OrderKind::Pause => "pause",
        OrderKind::Play => "play",
        OrderKind::Hold => "hold",
        OrderKind::Answer => "answer",
        OrderKind::HangUp => "hang_up",
        OrderKind::OpenVoice => "open_voice",
        OrderKind::CloseVoice => "close_voice",
        OrderKind::RejectVoice => "reject_voice",
    }
}

/// A text, unless it is empty.
pub(crate) fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

pub(crate) fn stream_state(state: StreamState) -> &'static str {
    match state {
        StreamState::Open => "open",
        StreamState::Playing => "playing",
        StreamState::Suspended => "suspended",
        StreamState::Closed => "closed",
    }
}

pub(crate) fn playback_status(status: PlaybackStatus) -> &'static str {
    match status {
        PlaybackStatus::Playing => "playing",
        PlaybackStatus::Paused => "paused",
        PlaybackStatus::Stopped => "stopped",
    }
}

/// An object without what is not known.
pub(crate) fn known(mut object: Value) -> Value {
    if let Value::Object(fields) = &mut object {
        fields.retain(|_, value| !value.is_null());
    }
    object
}

pub(crate) fn codec_name(codec: Codec) -> &'static str {
    match codec {
        Codec::Sbc => "sbc",
        Codec::Aac => "aac",
    }
}

fn profile_name(profile: Profile) -> &'static str {
    match profile {
        Profile::A2dp => "a2dp",
        Profile::Avrcp => "avrcp",
        Profile::Hfp => "hfp",
    }
}
