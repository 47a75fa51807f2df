//! UART transport layer, "H4" (Core 5.4, Vol 4, Part A, 2): one octet says what kind of HCI packet
//! follows, the packet's own header says how long it is.
//!
//! Covers commands, ACL data, synchronous data and events. Isochronous data (indicator 5, LE Audio)
//! counts as malformed. H4 has no resynchronisation: after [`Malformed`] the transport must be
//! reopened and the controller reset.

use crate::error::Malformed;

/// The kind of an HCI packet; its number is the H4 packet indicator.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Channel {
    /// HCI command, host to controller.
    Command = 1,
    /// ACL data, both ways.
    Acl = 2,
    /// Synchronous (voice) data, both ways.
    Synchronous = 3,
    /// HCI event, controller to host.
    Event = 4,
}

impl Channel {
    /// The channel of an H4 packet indicator.
    pub const fn from_indicator(indicator: u8) -> Result<Channel, Malformed> {
        match indicator {
            1 => Ok(Channel::Command),
            2 => Ok(Channel::Acl),
            3 => Ok(Channel::Synchronous),
            4 => Ok(Channel::Event),
            _ => Err(Malformed),
        }
    }

    /// The H4 packet indicator.
    pub const fn indicator(self) -> u8 {
        self as u8
    }

    /// Octets in the header of this channel's packets.
    pub const fn header(self) -> usize {
        match self {
            Channel::Command | Channel::Synchronous => 3,
            Channel::Acl => 4,
            Channel::Event => 2,
        }
    }

    /// Octets in the packet, header included, that starts with `bytes` (without indicator); `None`
    /// while the header is not complete.
    pub fn length(self, bytes: &[u8]) -> Option<usize> {
        let header = bytes.get(..self.header())?;
        let body = match (self, header) {
            (Channel::Command | Channel::Synchronous, [_, _, length]) => usize::from(*length),
            (Channel::Acl, [_, _, low, high]) => usize::from(u16::from_le_bytes([*low, *high])),
            (Channel::Event, [_, length]) => usize::from(*length),
            _ => return None,
        };
        Some(self.header() + body)
    }
}

/// The packet that starts at `bytes[0]`, its indicator: its channel and its length in octets,
/// indicator and header included. `Ok(None)` while more octets are needed to tell; the packet itself
/// may still be incomplete when its length is known.
///
/// `longest` is the largest length to accept, counted the same way. An unknown indicator and a
/// longer packet are malformed.
pub fn measure(bytes: &[u8], longest: usize) -> Result<Option<(Channel, usize)>, Malformed> {
    let Some((&indicator, rest)) = bytes.split_first() else { return Ok(None) };
    let channel = Channel::from_indicator(indicator)?;
    match channel.length(rest) {
        Some(length) if 1 + length > longest => Err(Malformed),
        Some(length) => Ok(Some((channel, 1 + length))),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_kind_is_measured_by_its_own_header() {
        assert_eq!(measure(&[], 64), Ok(None));
        assert_eq!(measure(&[1, 3, 12], 64), Ok(None));
        assert_eq!(measure(&[1, 3, 12, 0], 64), Ok(Some((Channel::Command, 4))));
        assert_eq!(measure(&[2, 1, 0x20, 5, 0], 64), Ok(Some((Channel::Acl, 10))));
        assert_eq!(measure(&[3, 1, 0, 48], 64), Ok(Some((Channel::Synchronous, 52))));
        assert_eq!(measure(&[4, 0x0E, 4, 9, 9], 64), Ok(Some((Channel::Event, 7))));
    }

    #[test]
    fn unknown_and_oversized_packets_are_malformed() {
        assert_eq!(measure(&[0], 64), Err(Malformed));
        assert_eq!(measure(&[5, 0, 0, 0, 0], 64), Err(Malformed));
        assert_eq!(measure(&[2, 1, 0x20, 60, 0], 64), Err(Malformed));
        assert_eq!(measure(&[2, 1, 0x20, 59, 0], 64), Ok(Some((Channel::Acl, 64))));
    }

    proptest! {
        #[test]
        fn measuring_a_prefix_never_disagrees(bytes in prop::collection::vec(any::<u8>(), 0..12)) {
            let whole = measure(&bytes, 4096);
            for end in 0..bytes.len() {
                let part = measure(&bytes[..end], 4096);
                prop_assert!(part == Ok(None) || part == whole);
            }
        }
    }
}
