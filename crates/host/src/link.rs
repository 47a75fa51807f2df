//! What is kept of a link.

use multipoint::{Order, SeatId};
use pool::Instant;
use stack::a2dp::Configuration;
use stack::{StreamId, VoiceCodec};
use wire::Address;

use crate::command::Refusal;
use crate::idle::Idle;

/// What is known of a headset's call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum HeadsetCall {
    None,
    Ringing,
    /// The button was pressed, and its voice link is not there yet.
    Answered,
    Active,
}

/// Which profiles could not be connected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Failed {
    /// A2DP, and why.
    pub(crate) media: Option<Refusal>,
    /// HFP and HSP.
    pub(crate) calls: bool,
}

/// A link from the moment that it stands.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Link {
    pub(crate) address: Address,
    /// We placed it.
    pub(crate) outgoing: bool,
    /// It was authenticated and encrypted; the policy knows of it.
    pub(crate) secured: bool,
    /// Its seat, once it has one.
    pub(crate) seat: Option<SeatId>,
    /// Its media stream, while it is open.
    pub(crate) stream: Option<(StreamId, Configuration)>,
    /// Media flows.
    pub(crate) playing: bool,
    /// AVRCP is up.
    pub(crate) remote: bool,
    /// The line of its calls is up.
    pub(crate) calls: bool,
    /// The line is a headset's (HSP), and this is its call.
    pub(crate) headset: Option<HeadsetCall>,
    /// Its voice link, while it is open.
    pub(crate) voice: Option<VoiceCodec>,
    /// Its voice link is to be opened, or accepted, as soon as another's is gone.
    pub(crate) voice_due: Option<Order>,
    /// Its voice link is closed to be opened anew, coded otherwise.
    pub(crate) recodes: bool,
    /// How loud its media and its voice are heard, as the ear was told last.
    pub(crate) gains: (f32, f32),
    /// Its music, or its calls, could not be connected.
    pub(crate) failed: Failed,
    /// When its stream closed while media flowed: if its link ended then, it was cut off.
    pub(crate) cut_off: Option<Instant>,
    /// It was playing when its link was lost, and is to be told to play again.
    pub(crate) returns: bool,
    /// How much of the track has played, in milliseconds, as the phone told last.
    pub(crate) position: Option<u32>,
    /// It was told to go, or its security failed.
    pub(crate) leaving: bool,
    /// It lost its seat to this phone.
    pub(crate) evicted_by: Option<Address>,
    /// We are its central.
    pub(crate) central: bool,
    /// It is in sniff mode.
    pub(crate) sniff: bool,
    /// We asked for sniff mode, and it has not ended since.
    pub(crate) slept: bool,
    /// How long it has carried nothing.
    pub(crate) idle: Idle,
    /// How strongly it is received, as read last.
    pub(crate) rssi: Option<i8>,
    /// How well it is received, as read last.
    pub(crate) quality: Option<u8>,
    /// Its role, mode, strength or quality is not told yet.
    pub(crate) news: bool,
}

impl Link {
    pub(crate) fn new(address: Address, outgoing: bool, central: bool) -> Self {
        Link {
            address,
            outgoing,
            secured: false,
            seat: None,
            stream: None,
            playing: false,
            remote: false,
            calls: false,
            headset: None,
            voice: None,
            voice_due: None,
            recodes: false,
            gains: (0.0, 0.0),
            failed: Failed::default(),
            cut_off: None,
            returns: false,
            position: None,
            leaving: false,
            evicted_by: None,
            central,
            sniff: false,
            slept: false,
            idle: Idle::Busy,
            rssi: None,
            quality: None,
            news: true,
        }
    }
}
