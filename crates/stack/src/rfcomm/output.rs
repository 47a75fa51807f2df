//! What a session tells, and the words for it.

use wire::rfcomm::{Dlci, ServerChannel};

use super::line::SEND_FRAME;

/// Octets of the longest packet that we send.
pub const MAX_PACKET: usize = SEND_FRAME + wire::rfcomm::MAX_OVERHEAD;

/// A packet for the session's L2CAP channel.
pub type Packet = heapless::Vec<u8, MAX_PACKET>;

/// What a session asks for or tells.
///
/// Of each line that [`connect`](super::Session::connect) returned come either `Refused`, or `Opened`
/// and at last `Closed`; if it was disconnected before either, `Closed` alone. Of a line of the
/// peer's come `Opened` and `Closed`. After `Over` comes nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Send this packet on the session's channel.
    Send(Packet),
    /// A line is open, and may be written to.
    Opened {
        /// The line.
        dlci: Dlci,
        /// The service.
        channel: ServerChannel,
        /// Whether we opened it.
        outgoing: bool,
    },
    /// A line of ours was not made.
    Refused {
        /// The line, no longer valid.
        dlci: Dlci,
        /// Why.
        reason: Refusal,
    },
    /// A line has ended.
    Closed {
        /// The line, no longer valid.
        dlci: Dlci,
        /// Why.
        reason: Reason,
    },
    /// The session is over: close its channel.
    Over(Reason),
}

/// Data of a line, as it stands in the packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Data<'a> {
    /// The line.
    pub dlci: Dlci,
    /// The data.
    pub bytes: &'a [u8],
}

/// Why a line was not made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The peer has no such service, or no room.
    Peer,
    /// The peer did not answer in time.
    TimedOut,
    /// The session ended.
    SessionOver,
}

/// Why a line or a session ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// The peer ended it.
    Peer,
    /// We ended it.
    Local,
    /// The peer did not answer in time.
    TimedOut,
    /// The L2CAP channel is gone.
    ChannelLost,
}

/// Why a line cannot be asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConnectError {
    /// The session is over, or about to be.
    Over,
    /// There is a line to this service already.
    Exists,
    /// There are [`MAX_LINES`](super::MAX_LINES) lines.
    Full,
}

/// Why data cannot be sent. None of it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SendError {
    /// The line is not open.
    NotOpen,
    /// More than the line's buffer has room for.
    Full,
}

/// What a peer did wrong, counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Packets and messages that could not be read.
    pub malformed: u32,
    /// Frames for a line that is not open, and answers to nothing that we asked.
    pub unexpected: u32,
    /// Frames with data that the peer had no credits for.
    pub overdrawn: u32,
    /// Packets dropped because the outputs had not been polled.
    pub overrun: u32,
}
