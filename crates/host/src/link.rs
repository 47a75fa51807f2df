//! What is kept of a link.

use multipoint::SeatId;
use stack::StreamId;
use stack::a2dp::Configuration;
use wire::Address;

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
    /// Its role or mode is not told yet.
    pub(crate) news: bool,
}

impl Link {
    pub(crate) fn new(address: Address, outgoing: bool) -> Self {
        Link {
            address,
            outgoing,
            secured: false,
            seat: None,
            stream: None,
            playing: false,
            remote: false,
            position: None,
            leaving: false,
            evicted_by: None,
            central: outgoing,
            sniff: false,
            news: true,
        }
    }
}
