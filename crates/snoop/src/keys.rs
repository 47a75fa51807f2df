//! Keeps keys out of captures: the bytes of link keys, PINs and out-of-band secrets in HCI packets are
//! replaced by zeros (Bluetooth Core 5.4, vol. 4 part E, 7.1, 7.3, 7.7, 7.8).
//!
//! Works by offsets, whatever the packet's length fields say: what lies where a key belongs is
//! blanked. Not covered: vendor commands, and keys that travel inside ACL data (SMP's distribution
//! is encrypted on the air but not in HCI; Tandem does not speak SMP).

use std::borrow::Cow;

use wire::h4::Channel;

/// The longest command or event: header and 255 bytes of parameters.
pub(crate) const LONGEST: usize = 258;

/// Where keys lie in a packet: from `start`, `length` bytes, and again every `stride` bytes.
struct Secret {
    start: usize,
    length: usize,
    stride: Option<usize>,
}

const fn once(start: usize, length: usize) -> Option<Secret> {
    Some(Secret { start, length, stride: None })
}

fn command_secret(opcode: u16) -> Option<Secret> {
    // Three bytes of header; most begin with an address of six.
    match opcode {
        0x040b => once(9, 16),  // Link Key Request Reply
        0x040d => once(10, 16), // PIN Code Request Reply, behind the length
        0x0430 => once(9, 32),  // Remote OOB Data Request Reply
        0x0445 => once(9, 64),  // Remote OOB Extended Data Request Reply
        0x0c11 => Some(Secret { start: 10, length: 16, stride: Some(22) }), // Write Stored Link Key
        0x2017 => once(3, 16),  // LE Encrypt
        0x2019 => once(15, 16), // LE Enable Encryption
        0x201a => once(5, 16),  // LE Long Term Key Request Reply
        0x2027 => once(10, 32), // LE Add Device To Resolving List
        _ => None,
    }
}

fn event_secret(packet: &[u8]) -> Option<Secret> {
    match packet {
        [0x18, ..] => once(8, 16), // Link Key Notification
        [0x15, ..] => Some(Secret { start: 9, length: 16, stride: Some(22) }), // Return Link Keys
        // Command Complete: Read Local OOB Data, Read Local OOB Extended Data
        [0x0e, _, _, 0x57, 0x0c, ..] => once(6, 32),
        [0x0e, _, _, 0x7d, 0x0c, ..] => once(6, 64),
        _ => None,
    }
}

/// A packet as it stands in a capture whose writer was not asked to keep keys.
pub fn without_keys(channel: Channel, packet: &[u8]) -> Cow<'_, [u8]> {
    let mut room = [0; LONGEST];
    match blanked(channel, packet, &mut room) {
        Some(blanked) => Cow::Owned(blanked.to_vec()),
        None => Cow::Borrowed(packet),
    }
}

/// A copy of `packet` without its keys, in `room`; `None` if it holds none.
pub(crate) fn blanked<'a>(
    channel: Channel,
    packet: &[u8],
    room: &'a mut [u8; LONGEST],
) -> Option<&'a [u8]> {
    let secret = match (channel, packet) {
        (Channel::Command, [low, high, ..]) => command_secret(u16::from_le_bytes([*low, *high])),
        (Channel::Event, packet) => event_secret(packet),
        _ => None,
    }?;
    let length = packet.len().min(LONGEST);
    let copy = &mut room[..length];
    copy.copy_from_slice(&packet[..length]);
    let mut start = secret.start;
    while start < length {
        copy[start..length.min(start + secret.length)].fill(0);
        let Some(stride) = secret.stride else { break };
        start += stride;
    }
    Some(copy)
}
