//! Headers of data packets: ACL (Vol 4, Part E, 5.4.2) and synchronous (5.4.3).

use super::values::Handle;
use crate::error::{Malformed, NoRoom};

/// Where an ACL packet stands in the L2CAP packet it carries (Packet_Boundary_Flag).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Boundary {
    /// First, not to be flushed by the controller. Host to controller only.
    FirstNonFlushable = 0,
    /// Continues the packet begun before.
    Continuing = 1,
    /// First, may be flushed. The only first one that a controller sends.
    FirstFlushable = 2,
    /// A complete L2CAP packet (AMP only).
    Complete = 3,
}

impl Boundary {
    /// Whether an L2CAP packet starts here.
    pub const fn is_first(self) -> bool {
        !matches!(self, Boundary::Continuing)
    }
}

/// Who an ACL packet is for (Broadcast_Flag).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Broadcast {
    /// One peer.
    PointToPoint = 0,
    /// All peripherals of the piconet.
    Active = 1,
}

/// The header of an ACL data packet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AclHeader {
    /// The link.
    pub handle: Handle,
    /// Place in the L2CAP packet.
    pub boundary: Boundary,
    /// Who it is for.
    pub broadcast: Broadcast,
    /// Octets of data after the header.
    pub length: u16,
}

impl AclHeader {
    /// Octets in the header.
    pub const SIZE: usize = 4;

    /// Reads the header and checks that exactly `length` octets follow it. Data: `&packet[SIZE..]`.
    #[inline]
    pub fn parse(packet: &[u8]) -> Result<AclHeader, Malformed> {
        let (&[h0, h1, l0, l1], data) = packet.split_first_chunk::<4>().ok_or(Malformed)?;
        let length = u16::from_le_bytes([l0, l1]);
        if data.len() != usize::from(length) {
            return Err(Malformed);
        }
        let boundary = match h1 >> 4 & 3 {
            0 => Boundary::FirstNonFlushable,
            1 => Boundary::Continuing,
            2 => Boundary::FirstFlushable,
            _ => Boundary::Complete,
        };
        let broadcast = match h1 >> 6 {
            0 => Broadcast::PointToPoint,
            1 => Broadcast::Active,
            _ => return Err(Malformed),
        };
        Ok(AclHeader {
            handle: Handle::new(u16::from_le_bytes([h0, h1])),
            boundary,
            broadcast,
            length,
        })
    }

    /// The header's octets.
    #[inline]
    pub const fn to_bytes(self) -> [u8; Self::SIZE] {
        let flags = (self.boundary as u16) << 12 | (self.broadcast as u16) << 14;
        let [h0, h1] = (self.handle.raw() | flags).to_le_bytes();
        let [l0, l1] = self.length.to_le_bytes();
        [h0, h1, l0, l1]
    }

    /// Writes the header; returns [`Self::SIZE`].
    pub fn write(self, out: &mut [u8]) -> Result<usize, NoRoom> {
        *out.first_chunk_mut().ok_or(NoRoom)? = self.to_bytes();
        Ok(Self::SIZE)
    }
}

/// What a controller knows of the correctness of received voice (Packet_Status_Flag).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum PacketStatus {
    /// Received correctly. The only value towards the controller.
    Correct = 0,
    /// Possibly invalid.
    PossiblyInvalid = 1,
    /// Nothing was received.
    NoData = 2,
    /// Part was lost.
    PartiallyLost = 3,
}

/// The header of a synchronous (voice) data packet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SynchronousHeader {
    /// The synchronous link.
    pub handle: Handle,
    /// Correctness.
    pub status: PacketStatus,
    /// Octets of voice after the header.
    pub length: u8,
}

impl SynchronousHeader {
    /// Octets in the header.
    pub const SIZE: usize = 3;

    /// Reads the header and checks that exactly `length` octets follow it. Data: `&packet[SIZE..]`.
    pub fn parse(packet: &[u8]) -> Result<SynchronousHeader, Malformed> {
        let (&[h0, h1, length], data) = packet.split_first_chunk::<3>().ok_or(Malformed)?;
        if data.len() != usize::from(length) {
            return Err(Malformed);
        }
        let status = match h1 >> 4 & 3 {
            0 => PacketStatus::Correct,
            1 => PacketStatus::PossiblyInvalid,
            2 => PacketStatus::NoData,
            _ => PacketStatus::PartiallyLost,
        };
        Ok(SynchronousHeader { handle: Handle::new(u16::from_le_bytes([h0, h1])), status, length })
    }

    /// The header's octets.
    pub const fn to_bytes(self) -> [u8; Self::SIZE] {
        let [h0, h1] = (self.handle.raw() | (self.status as u16) << 12).to_le_bytes();
        [h0, h1, self.length]
    }

    /// Writes the header; returns [`Self::SIZE`].
    pub fn write(self, out: &mut [u8]) -> Result<usize, NoRoom> {
        *out.first_chunk_mut().ok_or(NoRoom)? = self.to_bytes();
        Ok(Self::SIZE)
    }
}
