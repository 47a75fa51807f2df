//! AVCTP 1.4, 6.1: the control channel; messages cut into packets and put together again.
//!
//! Limits: messages of [`MAX_MESSAGE`] octets, which is what an AV/C frame may have; one message in
//! fragments at a time, a new one takes its place. Not here: the browsing channel.

#[cfg(test)]
mod tests;

use wire::avctp::{Header, Label, MessageType, Pid};
use wire::avrcp::MAX_FRAME;

/// Octets of the longest message, its header not counted. A longer one is dropped.
pub const MAX_MESSAGE: usize = MAX_FRAME;

/// Octets of the longest packet that is sent.
pub const MAX_PDU: usize = Header::SINGLE_LEN + MAX_MESSAGE;

/// The smallest MTU that a channel may have (Core 5.4, Vol 3, Part A, 5.1).
const MIN_MTU: usize = wire::l2cap::MINIMUM_MTU as usize;

/// A packet for a channel.
pub type Pdu = heapless::Vec<u8, MAX_PDU>;

/// The octets of a message behind its header.
pub type Message = heapless::Vec<u8, MAX_MESSAGE>;

/// The local identifier of an L2CAP channel of the link, as the caller numbers them.
pub type Cid = u16;

/// What a message's header says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// The transaction.
    pub label: Label,
    /// What the message is.
    pub message_type: MessageType,
    /// Its profile.
    pub pid: Pid,
}

/// What has come of a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Received {
    /// A whole message.
    Message(Head),
    /// A fragment; more are to come.
    Partial,
    /// A packet that cannot be read, a fragment of nothing, or a message that is too long.
    Malformed,
}

/// A control channel.
#[derive(Debug)]
pub struct Channel {
    cid: Cid,
    packet_size: usize,
    partial: Option<Partial>,
}

/// A message of which fragments are still to come.
#[derive(Debug)]
struct Partial {
    head: Head,
    message: Message,
    too_long: bool,
}

impl Channel {
    /// A channel whose peer takes packets of `mtu` octets; 0 where that is not known.
    pub fn new(cid: Cid, mtu: usize) -> Self {
        // Smaller ones are possible only where a peer breaks L2CAP's rules; they get what they
        // asked for as long as a header and one octet fit.
        let least = Header::MAX_LEN + 1;
        let packet_size = if mtu == 0 { MIN_MTU } else { mtu.clamp(least, MAX_PDU) };
        Channel { cid, packet_size, partial: None }
    }

    /// Which L2CAP channel it is.
    pub fn cid(&self) -> Cid {
        self.cid
    }

    /// Takes a packet in; where it completes a message, the message goes into `whole`. A new message
    /// takes the place of an unfinished one.
    pub fn receive(&mut self, packet: &[u8], whole: &mut Message) -> Received {
        let Ok((header, piece)) = Header::parse(packet) else { return Received::Malformed };
        match header {
            Header::Single { label, message_type, pid } => {
                self.partial = None;
                whole.clear();
                match whole.extend_from_slice(piece) {
                    Ok(()) => Received::Message(Head { label, message_type, pid }),
                    Err(_) => Received::Malformed,
                }
            }
            Header::Start { label, message_type, packets: _, pid } => {
                let head = Head { label, message_type, pid };
                let mut partial = Partial { head, message: Message::new(), too_long: false };
                partial.add(piece);
                self.partial = Some(partial);
                Received::Partial
            }
            Header::Continue { label, message_type } => {
                match self.partial.as_mut().filter(|partial| partial.takes(label, message_type)) {
                    Some(partial) => {
                        partial.add(piece);
                        Received::Partial
                    }
                    None => Received::Malformed,
                }
            }
            Header::End { label, message_type } => {
                match self.partial.take_if(|partial| partial.takes(label, message_type)) {
                    Some(mut partial) => {
                        partial.add(piece);
                        if partial.too_long {
                            return Received::Malformed;
                        }
                        *whole = partial.message;
                        Received::Message(partial.head)
                    }
                    None => Received::Malformed,
                }
            }
        }
    }

    /// Cuts a message, of at most [`MAX_MESSAGE`] octets, into packets.
    pub fn packets<'a>(&self, head: Head, message: &'a [u8]) -> Packets<'a> {
        let count = if Header::SINGLE_LEN + message.len() <= self.packet_size {
            1
        } else {
            // The first packet holds four octets of header, the others one.
            let behind_first = (message.len() + Header::MAX_LEN).saturating_sub(self.packet_size);
            1 + behind_first.div_ceil(self.packet_size - 1)
        };
        Packets { head, rest: message, size: self.packet_size, count, sent: 0 }
    }
}

impl Partial {
    fn takes(&self, label: Label, message_type: MessageType) -> bool {
        self.head.label == label && self.head.message_type == message_type
    }

    fn add(&mut self, piece: &[u8]) {
        self.too_long |= self.message.extend_from_slice(piece).is_err();
    }
}

/// The packets of a message, in their order.
#[derive(Clone, Debug)]
pub struct Packets<'a> {
    head: Head,
    rest: &'a [u8],
    size: usize,
    count: usize,
    sent: usize,
}

impl Iterator for Packets<'_> {
    type Item = Pdu;

    fn next(&mut self) -> Option<Pdu> {
        if self.sent >= self.count {
            return None;
        }
        let Head { label, message_type, pid } = self.head;
        let header = if self.count == 1 {
            Header::Single { label, message_type, pid }
        } else if self.sent == 0 {
            let packets = self.count.min(255) as u8;
            Header::Start { label, message_type, packets, pid }
        } else if self.sent + 1 == self.count {
            Header::End { label, message_type }
        } else {
            Header::Continue { label, message_type }
        };
        let mut octets = [0; Header::MAX_LEN];
        let n = header.write(&mut octets).ok()?;
        let mut pdu = Pdu::from_slice(&octets[..n]).ok()?;
        let (now, later) = self.rest.split_at(self.rest.len().min(self.size - n));
        pdu.extend_from_slice(now).ok()?;
        self.rest = later;
        self.sent += 1;
        Some(pdu)
    }
}
