//! AVCTP 1.4, chapter 6: the headers of messages, whole or in fragments.
//!
//! Only a message's first packet names its profile; the others carry nothing but the label. Not
//! here: putting fragments together (that needs memory: `stack::avctp`), and the browsing channel.

pub use crate::avdtp::Label;
use crate::{Malformed, NoRoom};

/// The profile that a message belongs to, by the UUID of its service class.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Pid(pub u16);

impl Pid {
    /// A/V Remote Control: AVRCP, whichever role.
    pub const AV_REMOTE_CONTROL: Pid = Pid(0x110E);
}

/// What a message is: the C/R and IPID bits, of which one combination is not legal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum MessageType {
    /// Asks for something.
    Command = 0b00,
    /// Answers a command.
    Response = 0b10,
    /// Answers a command of a profile that is not there.
    InvalidPid = 0b11,
}

impl MessageType {
    const fn from_bits(bits: u8) -> Option<Self> {
        match bits & 0b11 {
            0b00 => Some(MessageType::Command),
            0b10 => Some(MessageType::Response),
            0b11 => Some(MessageType::InvalidPid),
            _ => None,
        }
    }
}

/// The header of one packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Header {
    /// A whole message.
    Single {
        /// The transaction.
        label: Label,
        /// What the message is.
        message_type: MessageType,
        /// Its profile.
        pid: Pid,
    },
    /// The first fragment of a message.
    Start {
        /// The transaction.
        label: Label,
        /// What the message is.
        message_type: MessageType,
        /// How many packets the message takes, this one counted.
        packets: u8,
        /// Its profile.
        pid: Pid,
    },
    /// A fragment between the first and the last.
    Continue {
        /// The transaction.
        label: Label,
        /// What the message is.
        message_type: MessageType,
    },
    /// The last fragment.
    End {
        /// The transaction.
        label: Label,
        /// What the message is.
        message_type: MessageType,
    },
}

impl Header {
    /// The longest header.
    pub const MAX_LEN: usize = 4;

    /// The header of a message that is not cut.
    pub const SINGLE_LEN: usize = 3;

    /// Splits a packet into its header and what follows.
    pub fn parse(packet: &[u8]) -> Result<(Header, &[u8]), Malformed> {
        let (&first, rest) = packet.split_first().ok_or(Malformed)?;
        let label = Label::new(first >> 4);
        let message_type = MessageType::from_bits(first).ok_or(Malformed)?;
        match (first >> 2 & 0b11, rest) {
            (0, [high, low, message @ ..]) => {
                let pid = Pid(u16::from_be_bytes([*high, *low]));
                Ok((Header::Single { label, message_type, pid }, message))
            }
            (1, [packets, high, low, message @ ..]) => {
                let pid = Pid(u16::from_be_bytes([*high, *low]));
                Ok((Header::Start { label, message_type, packets: *packets, pid }, message))
            }
            (2, message) => Ok((Header::Continue { label, message_type }, message)),
            (3, message) => Ok((Header::End { label, message_type }, message)),
            _ => Err(Malformed),
        }
    }

    /// Writes the header; returns its length.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        let first = |label: Label, packet_type: u8, message_type: MessageType| {
            label.number() << 4 | packet_type << 2 | message_type as u8
        };
        let (octets, length) = match *self {
            Header::Single { label, message_type, pid: Pid(pid) } => {
                let [high, low] = pid.to_be_bytes();
                ([first(label, 0, message_type), high, low, 0], Self::SINGLE_LEN)
            }
            Header::Start { label, message_type, packets, pid: Pid(pid) } => {
                let [high, low] = pid.to_be_bytes();
                ([first(label, 1, message_type), packets, high, low], 4)
            }
            Header::Continue { label, message_type } => {
                ([first(label, 2, message_type), 0, 0, 0], 1)
            }
            Header::End { label, message_type } => ([first(label, 3, message_type), 0, 0, 0], 1),
        };
        let place = out.get_mut(..length).ok_or(NoRoom)?;
        place.copy_from_slice(&octets[..length]);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn headers_are_as_in_the_figures() {
        let (label, pid) = (Label::new(0xA), Pid::AV_REMOTE_CONTROL);
        let (command, response) = (MessageType::Command, MessageType::Response);
        let invalid = MessageType::InvalidPid;
        let cases: [(Header, &[u8]); 5] = [
            (Header::Single { label, message_type: command, pid }, &[0xA0, 0x11, 0x0E]),
            (Header::Single { label, message_type: invalid, pid: Pid(7) }, &[0xA3, 0, 7]),
            (
                Header::Start { label, message_type: response, packets: 3, pid },
                &[0xA6, 3, 0x11, 0x0E],
            ),
            (Header::Continue { label, message_type: response }, &[0xAA]),
            (Header::End { label, message_type: command }, &[0xAC]),
        ];
        let mut out = [0; Header::MAX_LEN];
        for (header, octets) in cases {
            assert_eq!(header.write(&mut out), Ok(octets.len()));
            assert_eq!(&out[..octets.len()], octets);
            assert_eq!(Header::parse(octets), Ok((header, &[][..])));
            let short = octets.len() - 1;
            assert_eq!(Header::parse(&octets[..short]), Err(Malformed));
            assert_eq!(header.write(&mut out[..short]), Err(NoRoom));
        }
        assert_eq!(Header::parse(&[0x01, 0x11, 0x0E]), Err(Malformed), "IPID in a command");
    }

    proptest! {
        #[test]
        fn what_is_parsed_is_written_the_same(packet: Vec<u8>) {
            if let Ok((header, message)) = Header::parse(&packet) {
                let mut out = [0; Header::MAX_LEN];
                let length = header.write(&mut out).expect("room");
                prop_assert_eq!(&out[..length], &packet[..length]);
                prop_assert_eq!(message, &packet[length..]);
            }
        }
    }
}
