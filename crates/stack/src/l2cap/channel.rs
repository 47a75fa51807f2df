//! One channel's state (Core 5.4, Vol 3, Part A, 6.1). The specification's states CLOSED,
//! WAIT_CONNECT_RSP, CONFIG, OPEN and WAIT_DISCONNECT, with the waits for security and consent
//! that stand before a connection request is sent or answered.

use pool::Instant;
use wire::l2cap::{Cid, DEFAULT_MTU, Psm};

use super::configure::COLLECTED;
use super::{Reason, Refusal};

/// Where a channel stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    /// CLOSED: the place is free.
    Free,
    /// The link is not secure yet; outgoing: nothing has been sent, incoming: pending was.
    WaitSecurity,
    /// The owner of the service has been asked.
    WaitConsent,
    /// Our connection request is out.
    WaitConnectResponse {
        /// Disconnected by the owner meanwhile.
        abandoned: bool,
    },
    /// CONFIG, for the first time or anew.
    Configuring,
    /// OPEN.
    Open,
    /// Our disconnection request is out.
    WaitDisconnect(End),
}

/// What ends a channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// The peer closed it.
    Peer,
    /// Its owner closed it.
    Local,
    /// No answer.
    TimedOut,
    /// No agreement.
    Configuration,
    /// The link is not secured.
    Insecure,
    /// The link went.
    LinkLost,
    /// The peer did not make it.
    Refused(Refusal),
}

impl End {
    /// As told of a channel of ours that never was open.
    pub(super) fn refusal(self) -> Refusal {
        match self {
            End::Peer | End::Local => Refusal::Closed,
            End::TimedOut => Refusal::TimedOut,
            End::Configuration => Refusal::Configuration,
            End::Insecure => Refusal::Insecure,
            End::LinkLost => Refusal::LinkLost,
            End::Refused(refusal) => refusal,
        }
    }

    /// As told of a channel that was known to its owner.
    pub(super) fn reason(self) -> Reason {
        match self {
            End::Peer | End::Refused(_) => Reason::Peer,
            End::Local => Reason::Local,
            End::TimedOut | End::Insecure => Reason::TimedOut,
            End::Configuration => Reason::Configuration,
            End::LinkLost => Reason::LinkLost,
        }
    }
}

/// A place in a link's table of channels. What the way of data looks at comes first.
#[derive(Debug)]
pub(super) struct Channel {
    /// Whether data is taken and sent: from the first agreement to the end.
    pub(super) open: bool,
    /// The largest SDU that the peer was offered.
    pub(super) local_mtu: u16,
    /// The owner's mark.
    pub(super) tag: u32,
    /// The largest SDU that the peer takes.
    pub(super) remote_mtu: u16,
    /// The peer's end point, 0 while it is not known.
    pub(super) remote_cid: Cid,
    pub(super) state: State,
    pub(super) psm: Psm,
    pub(super) outgoing: bool,
    /// Whether the service asks its owner.
    pub(super) ask: bool,
    /// Whether the owner has heard of the channel from us.
    pub(super) told: bool,
    /// Whether the owner has heard that the peer sends more than is taken.
    pub(super) oversized: bool,
    /// Of our outstanding request, 0 if there is none.
    pub(super) identifier: u8,
    /// How often that request has been sent.
    pub(super) transmissions: u8,
    /// Of the connection request that made the channel.
    pub(super) connection_identifier: u8,
    /// Of the last configuration request that we answered, 0 before that.
    pub(super) answered: u8,
    /// Whether our configuration request leaves the MTU out, since the peer does not know it.
    pub(super) without_mtu: bool,
    /// Whether our configuration request is an empty one that fetches the rest of a response.
    pub(super) fetching: bool,
    /// Whether the peer has accepted our parameters.
    pub(super) ours_accepted: bool,
    /// Whether we have accepted the peer's.
    pub(super) theirs_accepted: bool,
    /// Requests of ours that the peer did not accept.
    pub(super) our_attempts: u8,
    /// Requests of the peer's that we did not accept.
    pub(super) their_attempts: u8,
    /// The end of whatever is waited for.
    pub(super) deadline: Option<Instant>,
    /// Options of requests that are to be continued.
    pub(super) collected: heapless::Vec<u8, COLLECTED>,
}

impl Channel {
    /// A free place.
    pub(super) const fn new() -> Self {
        Channel {
            open: false,
            local_mtu: 0,
            tag: 0,
            remote_mtu: DEFAULT_MTU,
            remote_cid: Cid(0),
            state: State::Free,
            psm: Psm(0),
            outgoing: false,
            ask: false,
            told: false,
            oversized: false,
            identifier: 0,
            transmissions: 0,
            connection_identifier: 0,
            answered: 0,
            without_mtu: false,
            fetching: false,
            ours_accepted: false,
            theirs_accepted: false,
            our_attempts: 0,
            their_attempts: 0,
            deadline: None,
            collected: heapless::Vec::new(),
        }
    }

    pub(super) fn is_free(&self) -> bool {
        self.state == State::Free
    }
}
