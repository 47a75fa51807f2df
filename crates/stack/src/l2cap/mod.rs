//! L2CAP over every ACL link of a controller (Core 5.4, Vol 3, Part A, 4 to 7): channels, their
//! signalling and configuration, recombination of fragments.
//!
//! [`Mux::receive`] takes ACL data packets, header off, and returns the payload of a channel that
//! is open; a B-frame that came in one piece is returned by moving the frame's range. Everything
//! else that happens is polled out as [`Output`]. Our channel identifiers are [`Cid::FIRST_DYNAMIC`]
//! plus the channel's place in its link's table, so that a packet's channel is found by index.
//!
//! Limits: [`CHANNELS`] a link; MTU up to what a block of the arena holds; basic mode only (a peer
//! that asks for another one is offered basic mode, and left if it insists); no connectionless
//! data; guaranteed quality of service is answered with best effort. We ask no peer for
//! information or echo, and answer both. Data keeps flowing while an open channel is configured
//! anew. Nothing is allocated after [`Mux::new`].

mod channel;
mod configure;
mod mux;
mod recombine;
mod signalling;
mod table;

#[cfg(test)]
mod tests;

pub use mux::Mux;

use core::time::Duration;
use pool::Frame;
use wire::l2cap::{Cid, ConnectionResult, Psm};

use crate::LinkId;

/// Channels of one link at most.
pub const CHANNELS: usize = 16;
/// Services that can be listened for at most.
pub const LISTENERS: usize = 16;
/// What we take on the signalling channel.
pub const SIGNALLING_MTU: u16 = 672;
/// Outputs that wait to be polled at most; half of them at most are packets to be sent.
pub const OUTPUTS: usize = 256;
/// RTX: how long a response is waited for before the request is repeated, doubling each time.
pub const RESPONSE_TIME_OUT: Duration = Duration::from_secs(2);
/// How often a request is sent before its channel is given up.
pub const TRANSMISSIONS: u8 = 4;
/// ERTX: how long the final response is waited for after a pending one.
pub const EXTENDED_RESPONSE_TIME_OUT: Duration = Duration::from_secs(60);
/// How long a peer may take for its part of the configuration.
pub const CONFIGURATION_TIME_OUT: Duration = Duration::from_secs(30);
/// How long a channel waits for the link to be secured, pending ones of the peer's included.
pub const SECURITY_TIME_OUT: Duration = Duration::from_secs(40);
/// How long the owner of a service may think about a connection.
pub const CONSENT_TIME_OUT: Duration = Duration::from_secs(10);
/// Configuration requests in one direction that may fail before the channel is given up.
pub const CONFIGURATION_ATTEMPTS: u8 = 5;

/// A channel of a link. Reused after the channel's end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ChannelId {
    /// The link.
    pub link: LinkId,
    /// Our end point.
    pub cid: Cid,
}

/// How a service is listened for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// The largest SDU that we offer to receive; brought into the range from 48 to what a block
    /// holds. A larger one that a block holds is taken all the same.
    pub mtu: u16,
    /// Whether the peer waits until the link is secured, and we ourselves as well.
    pub needs_security: bool,
    /// Whether each incoming connection waits for [`Mux::accept`] or [`Mux::refuse`].
    pub ask: bool,
}

impl Default for Options {
    /// The default MTU, on a secured link, without asking.
    fn default() -> Self {
        Options { mtu: wire::l2cap::DEFAULT_MTU, needs_security: true, ask: false }
    }
}

/// An SDU of an open channel.
#[derive(Debug)]
pub struct Data {
    /// The channel.
    pub channel: ChannelId,
    /// What [`Mux::set_tag`] last set, 0 for a new channel.
    pub tag: u32,
    /// The SDU.
    pub payload: Frame,
}

/// Why a channel was not made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The peer's result.
    Peer(ConnectionResult),
    /// The peer rejected the request as a command, or gave an end point that cannot be one.
    NotUnderstood,
    /// RTX or ERTX ran out.
    TimedOut,
    /// The link was not secured in time, or not at all.
    Insecure,
    /// The two sides did not agree on parameters.
    Configuration,
    /// The peer closed it before it was open.
    Closed,
    /// The link is gone.
    LinkLost,
}

/// Why a channel ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// The peer closed it.
    Peer,
    /// [`Mux::disconnect`] closed it, or [`Mux::refuse`].
    Local,
    /// The peer did not answer.
    TimedOut,
    /// A new configuration failed.
    Configuration,
    /// The link is gone.
    LinkLost,
}

/// What is to be done or known.
///
/// Of each channel that [`Mux::connect`] returned come either `Refused`, or `Opened` and at last
/// `Closed`; if it was disconnected before either, `Closed` alone. Of a channel of the peer's come
/// `Asked` (where the service asks), `Opened`, `Closed`; a channel that came to nothing before
/// `Opened` is only reported (as `Closed`) if it was `Asked` about.
#[derive(Debug)]
pub enum Output {
    /// An L2CAP frame for the link.
    Send {
        /// The link.
        link: LinkId,
        /// The frame, basic header included.
        frame: Frame,
    },
    /// A channel waits for the link to be authenticated and encrypted. Answer with
    /// [`Mux::link_secured`] or [`Mux::security_failed`].
    Secure {
        /// The link.
        link: LinkId,
    },
    /// The peer wants a channel to a service that asks. Answer with [`Mux::accept`] or
    /// [`Mux::refuse`].
    Asked {
        /// The channel.
        channel: ChannelId,
        /// The service.
        psm: Psm,
    },
    /// A channel is open.
    Opened {
        /// The channel.
        channel: ChannelId,
        /// The service.
        psm: Psm,
        /// Whether we opened it.
        outgoing: bool,
        /// The largest SDU that the peer takes.
        mtu: u16,
    },
    /// An open channel has been configured anew.
    Reconfigured {
        /// The channel.
        channel: ChannelId,
        /// The largest SDU that the peer takes now.
        mtu: u16,
    },
    /// The peer sends more at once than a block holds; told once a channel.
    Oversized {
        /// The channel.
        channel: ChannelId,
        /// Octets of the first such SDU, which was dropped.
        length: u16,
    },
    /// A channel of ours was not made.
    Refused {
        /// The channel, no longer valid.
        channel: ChannelId,
        /// The service.
        psm: Psm,
        /// Why.
        reason: Refusal,
    },
    /// A channel has ended.
    Closed {
        /// The channel, no longer valid.
        channel: ChannelId,
        /// The service.
        psm: Psm,
        /// Why.
        reason: Reason,
    },
}

/// Why a channel cannot be asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConnectError {
    /// There is no such link.
    NoLink,
    /// The link has [`CHANNELS`] channels.
    Full,
}

/// Why an SDU cannot be sent. It is dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SendError {
    /// The channel is not open.
    NotOpen,
    /// Larger than the peer takes.
    TooLarge,
    /// Too many outputs wait to be polled.
    Full,
    /// The frame has no room for the header.
    NoHeadroom,
}

/// What was dropped or refused since the start, over all links.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// SDUs handed up.
    pub received: u64,
    /// Frames for a channel that is not open, or a fixed one that we do not have.
    pub no_channel: u64,
    /// Frames larger than is taken, and dropped.
    pub oversized: u64,
    /// Frames whose next start came before their end.
    pub unfinished: u64,
    /// Fragments that belong to no frame, or go beyond its end.
    pub stray: u64,
    /// Frames gathered from several fragments.
    pub gathered: u64,
    /// Commands that could not be read.
    pub malformed: u64,
    /// Responses that nobody waits for.
    pub unexpected: u64,
    /// Commands of ours, or frames to be gathered, that found no free block.
    pub no_block: u64,
    /// Outputs or commands given up because too many outputs wait.
    pub overrun: u64,
}
