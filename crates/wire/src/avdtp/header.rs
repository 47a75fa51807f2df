//! AVDTP 1.3, 8.4: the headers of signals, whole or in fragments.

use crate::{Malformed, NoRoom};

/// A transaction label, 0 to 15: the answer carries the command's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Label(u8);

impl Label {
    /// The label with this number, of which the lower four bits count.
    pub const fn new(number: u8) -> Self {
        Label(number & 0x0F)
    }

    /// Its number, 0 to 15.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The one after it; after 15 comes 0.
    #[must_use]
    pub const fn next(self) -> Self {
        Label::new(self.0 + 1)
    }
}

/// What a message is (8.4.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum MessageType {
    /// Asks for something.
    Command = 0,
    /// Answers a signal that is not known.
    GeneralReject = 1,
    /// Does what the command asked for.
    ResponseAccept = 2,
    /// Says why not.
    ResponseReject = 3,
}

impl MessageType {
    const fn from_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => MessageType::Command,
            1 => MessageType::GeneralReject,
            2 => MessageType::ResponseAccept,
            _ => MessageType::ResponseReject,
        }
    }
}

/// The header of one packet. The signal identifier is six bits, known or not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Header {
    /// A whole message.
    Single {
        /// The transaction.
        label: Label,
        /// What the message is.
        message_type: MessageType,
        /// Which signal it is, or answers.
        signal_id: u8,
    },
    /// The first fragment of a message.
    Start {
        /// The transaction.
        label: Label,
        /// What the message is.
        message_type: MessageType,
        /// How many packets the message takes, this one counted.
        packets: u8,
        /// Which signal it is, or answers.
        signal_id: u8,
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
    pub const MAX_LEN: usize = 3;

    /// Splits a packet into its header and what follows.
    pub fn parse(packet: &[u8]) -> Result<(Header, &[u8]), Malformed> {
        let (&first, rest) = packet.split_first().ok_or(Malformed)?;
        let label = Label::new(first >> 4);
        let message_type = MessageType::from_bits(first);
        match (first >> 2 & 3, rest) {
            (0, [signal_id, payload @ ..]) => {
                let signal_id = signal_id & 0x3F;
                Ok((Header::Single { label, message_type, signal_id }, payload))
            }
            (1, [packets, signal_id, payload @ ..]) => {
                let (packets, signal_id) = (*packets, signal_id & 0x3F);
                Ok((Header::Start { label, message_type, packets, signal_id }, payload))
            }
            (2, payload) => Ok((Header::Continue { label, message_type }, payload)),
            (3, payload) => Ok((Header::End { label, message_type }, payload)),
            _ => Err(Malformed),
        }
    }

    /// Writes the header; returns its length.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        let first = |label: Label, packet_type: u8, message_type: MessageType| {
            label.number() << 4 | packet_type << 2 | message_type as u8
        };
        match *self {
            Header::Single { label, message_type, signal_id } => {
                put(out, &[first(label, 0, message_type), signal_id & 0x3F])
            }
            Header::Start { label, message_type, packets, signal_id } => {
                put(out, &[first(label, 1, message_type), packets, signal_id & 0x3F])
            }
            Header::Continue { label, message_type } => put(out, &[first(label, 2, message_type)]),
            Header::End { label, message_type } => put(out, &[first(label, 3, message_type)]),
        }
    }
}

/// Writes `bytes` to the start of `out`; returns their number.
pub(super) fn put(out: &mut [u8], bytes: &[u8]) -> Result<usize, NoRoom> {
    out.get_mut(..bytes.len()).ok_or(NoRoom)?.copy_from_slice(bytes);
    Ok(bytes.len())
}

/// Writes a whole message: a [`Header::Single`] and what `payload` writes behind it.
pub fn write_single(
    label: Label,
    message_type: MessageType,
    signal_id: u8,
    out: &mut [u8],
    payload: impl FnOnce(&mut [u8]) -> Result<usize, NoRoom>,
) -> Result<usize, NoRoom> {
    let n = Header::Single { label, message_type, signal_id }.write(out)?;
    Ok(n + payload(out.get_mut(n..).ok_or(NoRoom)?)?)
}
