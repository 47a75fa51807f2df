//! The btsnoop file format (RFC 1761 with Bluetooth link types): a header of 16 bytes, then records of a
//! 24-byte header and the packet; all numbers big-endian.

use wire::h4::Channel;

pub(crate) const MAGIC: &[u8; 8] = b"btsnoop\0";
pub(crate) const VERSION: u32 = 1;
pub(crate) const FILE_HEADER: usize = 16;
pub(crate) const RECORD_HEADER: usize = 24;

/// Microseconds from the format's origin, midnight of January 1st in the year 0, to the Unix epoch.
pub(crate) const EPOCH: i64 = 0x00dc_ddb3_0f2f_8000;

/// What a capture's records hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LinkType {
    /// HCI packets without their type byte (1001): voice looks like ACL data. Read only.
    Plain,
    /// HCI packets with their H4 type byte (1002), which every tool understands.
    H4,
    /// The Linux kernel's monitor records (2001): HCI packets, and notes between them.
    Monitor,
}

impl LinkType {
    pub(crate) fn from_number(number: u32) -> Option<Self> {
        match number {
            1001 => Some(LinkType::Plain),
            1002 => Some(LinkType::H4),
            2001 => Some(LinkType::Monitor),
            _ => None,
        }
    }

    pub(crate) fn number(self) -> u32 {
        match self {
            LinkType::Plain => 1001,
            LinkType::H4 => 1002,
            LinkType::Monitor => 2001,
        }
    }
}

/// Which way a packet went.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Direction {
    /// From the host to the controller.
    Sent,
    /// From the controller to the host.
    Received,
}

/// The kinds of monitor records, numbered as in the kernel's `hci_mon.h`.
pub(crate) mod opcode {
    pub(crate) const NEW_INDEX: u16 = 0;
    pub(crate) const DELETE_INDEX: u16 = 1;
    pub(crate) const COMMAND: u16 = 2;
    pub(crate) const EVENT: u16 = 3;
    pub(crate) const ACL_SENT: u16 = 4;
    pub(crate) const ACL_RECEIVED: u16 = 5;
    pub(crate) const SYNCHRONOUS_SENT: u16 = 6;
    pub(crate) const SYNCHRONOUS_RECEIVED: u16 = 7;
    pub(crate) const OPEN_INDEX: u16 = 8;
    pub(crate) const CLOSE_INDEX: u16 = 9;
    pub(crate) const INDEX_INFO: u16 = 10;
    pub(crate) const SYSTEM_NOTE: u16 = 12;
}

/// The monitor record of a packet, or `None` for a packet that goes the wrong way.
pub(crate) fn packet_opcode(direction: Direction, channel: Channel) -> Option<u16> {
    match (channel, direction) {
        (Channel::Command, Direction::Sent) => Some(opcode::COMMAND),
        (Channel::Event, Direction::Received) => Some(opcode::EVENT),
        (Channel::Acl, Direction::Sent) => Some(opcode::ACL_SENT),
        (Channel::Acl, Direction::Received) => Some(opcode::ACL_RECEIVED),
        (Channel::Synchronous, Direction::Sent) => Some(opcode::SYNCHRONOUS_SENT),
        (Channel::Synchronous, Direction::Received) => Some(opcode::SYNCHRONOUS_RECEIVED),
        (Channel::Command, Direction::Received) | (Channel::Event, Direction::Sent) => None,
    }
}

/// The packet of a monitor record.
pub(crate) fn opcode_packet(opcode: u16) -> Option<(Direction, Channel)> {
    Some(match opcode {
        opcode::COMMAND => (Direction::Sent, Channel::Command),
        opcode::EVENT => (Direction::Received, Channel::Event),
        opcode::ACL_SENT => (Direction::Sent, Channel::Acl),
        opcode::ACL_RECEIVED => (Direction::Received, Channel::Acl),
        opcode::SYNCHRONOUS_SENT => (Direction::Sent, Channel::Synchronous),
        opcode::SYNCHRONOUS_RECEIVED => (Direction::Received, Channel::Synchronous),
        _ => return None,
    })
}
