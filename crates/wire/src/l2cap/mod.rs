//! L2CAP packets of BR/EDR links: the basic header and the signalling commands (Core 5.4, Vol 3,
//! Part A, 3 to 5).
//!
//! Commands that only exist for LE or with AMP controllers (codes 0x0C and up) are not known here
//! and come out as [`BadSignal::NotUnderstood`]. Neither are protocol/service multiplexers longer
//! than two octets, of which none is assigned.

mod information;
mod option;
mod signal;

#[cfg(test)]
mod tests;

pub use information::{ExtendedFeatures, Information};
pub use option::{
    ConfigOption, Mode, Options, OptionsBuilder, QualityOfService, Retransmission, ServiceType,
};
pub use signal::{
    BadSignal, Command, ConfigurationResult, ConnectionResult, ConnectionStatus, Reject, Signal,
    Signals,
};

use crate::Malformed;
use core::fmt;

/// Octets of the basic L2CAP header: length and channel identifier.
pub const HEADER_LEN: usize = 4;

/// The smallest MTU that every channel and the signalling channel must support.
pub const MINIMUM_MTU: u16 = 48;

/// The MTU of a channel whose configuration does not name one.
pub const DEFAULT_MTU: u16 = 672;

/// A channel identifier.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Cid(pub u16);

impl Cid {
    /// The signalling channel of a BR/EDR link.
    pub const SIGNALLING: Cid = Cid(0x0001);
    /// The channel for connectionless data.
    pub const CONNECTIONLESS: Cid = Cid(0x0002);
    /// The first identifier that may be given to a connection-oriented channel.
    pub const FIRST_DYNAMIC: Cid = Cid(0x0040);

    /// Whether the identifier may name a connection-oriented channel.
    pub fn is_dynamic(self) -> bool {
        self >= Cid::FIRST_DYNAMIC
    }
}

impl fmt::Display for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:04X}", self.0)
    }
}

/// A protocol/service multiplexer: which service a channel leads to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Psm(pub u16);

impl Psm {
    /// Service Discovery Protocol.
    pub const SDP: Psm = Psm(0x0001);
    /// RFCOMM.
    pub const RFCOMM: Psm = Psm(0x0003);
    /// Audio/Video Control Transport Protocol.
    pub const AVCTP: Psm = Psm(0x0017);
    /// Audio/Video Distribution Transport Protocol.
    pub const AVDTP: Psm = Psm(0x0019);
    /// AVCTP's browsing channel.
    pub const AVCTP_BROWSING: Psm = Psm(0x001B);

    /// Whether the value keeps to the rule: the least significant octet odd, the other one even.
    pub fn is_valid(self) -> bool {
        self.0 & 0x0101 == 0x0001
    }
}

impl fmt::Display for Psm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:04X}", self.0)
    }
}

/// The basic header of a B-frame or C-frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// Octets of the information payload behind the header.
    pub length: u16,
    /// The channel end point on the receiving device.
    pub cid: Cid,
}

impl Header {
    /// Reads the header at the front of `frame`; what follows it is not looked at.
    #[inline]
    pub fn parse(frame: &[u8]) -> Result<Self, Malformed> {
        let &[l0, l1, c0, c1, ..] = frame else { return Err(Malformed) };
        Ok(Header { length: u16::from_le_bytes([l0, l1]), cid: Cid(u16::from_le_bytes([c0, c1])) })
    }

    /// The header as it stands on the wire.
    #[inline]
    pub fn bytes(self) -> [u8; HEADER_LEN] {
        let [l0, l1] = self.length.to_le_bytes();
        let [c0, c1] = self.cid.0.to_le_bytes();
        [l0, l1, c0, c1]
    }
}

/// Reads a little-endian number at `at`.
fn u16_at(bytes: &[u8], at: usize) -> Result<u16, Malformed> {
    match bytes.get(at..at + 2) {
        Some(&[low, high]) => Ok(u16::from_le_bytes([low, high])),
        _ => Err(Malformed),
    }
}
