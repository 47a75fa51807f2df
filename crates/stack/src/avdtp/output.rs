//! What a session tells, and the words for it.

use wire::avdtp::{EndpointType, Reject, Seid, SignalId};

use crate::a2dp::{Codec, Configuration};

/// Octets of the longest packet that we send; longer messages go in fragments.
pub const MAX_PDU: usize = 64;

/// A packet for a signalling channel.
pub type Pdu = heapless::Vec<u8, MAX_PDU>;

/// The local identifier of an L2CAP channel of the link, as the caller numbers them.
pub type Cid = u16;

/// A local stream endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Endpoint {
    /// Its identifier.
    pub seid: Seid,
    /// Which end of a stream it is.
    pub endpoint_type: EndpointType,
    /// What it can do.
    pub codec: Codec,
    /// Delay reporting is offered.
    pub delay_reporting: bool,
    /// SCMS-T is offered; it is never asked for.
    pub scms_t: bool,
}

/// The state of a stream (AVDTP 1.3, 9.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum State {
    /// Not configured.
    #[default]
    Idle,
    /// Configured.
    Configured,
    /// Opened; the transport channel may still be on its way.
    Open,
    /// Media flows.
    Streaming,
    /// Closed; the transport channel is still being released.
    Closing,
    /// Aborted; the transport channel is still being released.
    Aborting,
}

/// What a new channel on [`wire::avdtp::PSM`] is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    /// Signalling: what arrives on it goes to [`Session::receive`](super::Session::receive).
    Signalling,
    /// Media of this local endpoint.
    Transport(Seid),
    /// Nothing: close it.
    Surplus,
}

/// What a session asks for or tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Send this packet on this signalling channel.
    Signal {
        /// The channel.
        cid: Cid,
        /// The packet.
        pdu: Pdu,
    },
    /// Connect a channel for signalling to [`wire::avdtp::PSM`]; report it with
    /// [`opened`](super::Session::opened) or [`refused`](super::Session::refused).
    OpenSignalling,
    /// Connect a channel for this endpoint's media to the same PSM, and report it likewise.
    OpenTransport {
        /// The local endpoint.
        seid: Seid,
    },
    /// Close this channel; report the end with [`closed`](super::Session::closed).
    CloseChannel {
        /// The channel.
        cid: Cid,
    },
    /// The stream is configured.
    Configured {
        /// The local endpoint.
        seid: Seid,
        /// How it is coded.
        configuration: Configuration,
        /// We asked for it.
        initiator: bool,
    },
    /// An open stream is coded differently from now on.
    Reconfigured {
        /// The local endpoint.
        seid: Seid,
        /// How it is coded.
        configuration: Configuration,
    },
    /// The stream is open and its transport channel too.
    Opened {
        /// The local endpoint.
        seid: Seid,
    },
    /// Media flows from now on.
    Started {
        /// The local endpoint.
        seid: Seid,
    },
    /// Media rests.
    Suspended {
        /// The local endpoint.
        seid: Seid,
    },
    /// The stream is idle again; whatever it was before.
    Closed {
        /// The local endpoint.
        seid: Seid,
    },
    /// The peer, a sink, said how late it plays.
    DelayReported {
        /// The local endpoint.
        seid: Seid,
        /// In tenths of a millisecond.
        delay: u16,
    },
    /// Something that we tried did not work out.
    Failed(Failure),
}

/// What did not work out, and why.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Failure {
    /// What was tried.
    pub attempt: Attempt,
    /// The local endpoint that it was about.
    pub seid: Option<Seid>,
    /// Why it failed.
    pub cause: Cause,
}

/// What was tried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Attempt {
    /// A command.
    Signal(SignalId),
    /// To have a channel, for signalling or media.
    Channel,
    /// To connect a stream, as ordered by [`connect`](super::Session::connect): it is over.
    Connect,
}

/// Why something failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// The peer rejected it.
    Rejected(Reject),
    /// The peer does not know the signal.
    Unknown,
    /// The peer did not answer in time.
    TimedOut,
    /// The peer's answer makes no sense.
    Malformed,
    /// The peer has no free endpoint that goes with one of ours.
    NothingInCommon,
    /// L2CAP refused the channel, or it closed on the way.
    Refused,
    /// The stream was closed or aborted on the way.
    Closed,
}

impl core::fmt::Display for Failure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.attempt {
            Attempt::Signal(signal) => f.write_str(signal.name())?,
            Attempt::Channel => f.write_str("AVDTP channel")?,
            Attempt::Connect => f.write_str("A2DP connection")?,
        }
        match self.cause {
            Cause::Rejected(reject) => write!(f, ": rejected, {}", reject.code()),
            Cause::Unknown => f.write_str(": the peer does not know the signal"),
            Cause::TimedOut => f.write_str(": no answer in time"),
            Cause::Malformed => f.write_str(": the answer makes no sense"),
            Cause::NothingInCommon => f.write_str(": no free endpoint that goes with ours"),
            Cause::Refused => f.write_str(": the channel was refused"),
            Cause::Closed => f.write_str(": closed on the way"),
        }
    }
}

/// The order makes no sense in the stream's state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotNow;

impl core::fmt::Display for NotNow {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("not possible in the stream's state")
    }
}

impl core::error::Error for NotNow {}

/// How a stream is to be connected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Preference {
    /// Start it once it is open.
    pub start: bool,
}

/// What a peer did wrong, counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Packets that could not be read, or whose fragments do not fit together.
    pub malformed: u32,
    /// Answers to nothing that we asked.
    pub unexpected: u32,
    /// Commands that we rejected.
    pub rejected: u32,
    /// Packets dropped because the outputs had not been polled.
    pub overrun: u32,
}
