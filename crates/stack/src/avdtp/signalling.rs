//! AVDTP 1.3, 8.4: a signalling channel; messages cut into packets and put together again.

use wire::avdtp::{Header, Label, MessageType};

use super::output::{Cid, MAX_PDU, Pdu};

/// Octets of the longest message that is put together; a longer one is dropped, and a command
/// of that length rejected.
pub(super) const MAX_MESSAGE: usize = 512;

/// The smallest MTU that a channel for signalling may have (Core 5.4, Vol 3, Part A, 5.1).
const MIN_MTU: usize = 48;

/// The octets of a message behind its header.
pub(super) type Payload = heapless::Vec<u8, MAX_MESSAGE>;

/// A channel for signalling.
#[derive(Debug)]
pub(super) struct Lane {
    pub cid: Cid,
    /// We connected it.
    pub outgoing: bool,
    packet_size: usize,
    partial: Option<Partial>,
}

/// A message of which fragments are still to come.
#[derive(Debug)]
struct Partial {
    head: Head,
    payload: Payload,
    too_long: bool,
}

/// What a message's header says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Head {
    pub label: Label,
    pub message_type: MessageType,
    pub signal_id: u8,
}

/// What has come of a packet.
#[derive(Clone, Copy, Debug)]
pub(super) enum Received {
    /// A whole message.
    Message(Head),
    /// A whole message, too long to be kept.
    TooLong(Head),
    /// A fragment; more are to come.
    Partial,
    /// A packet that cannot be read, or a fragment of nothing.
    Malformed,
}

impl Lane {
    pub fn new(cid: Cid, outgoing: bool, mtu: usize) -> Self {
        // Smaller ones are possible only where a peer breaks L2CAP's rules; they get what they
        // asked for as long as a header and one octet fit.
        let least = Header::MAX_LEN + 1;
        let packet_size = if mtu == 0 { MIN_MTU } else { mtu.clamp(least, MAX_PDU) };
        Lane { cid, outgoing, packet_size, partial: None }
    }

    /// Takes a packet in; where it completes a message, what follows the message's header goes
    /// into `whole`. A new message takes the place of an unfinished one (8.4.4).
    pub fn receive(&mut self, packet: &[u8], whole: &mut Payload) -> Received {
        let Ok((header, payload)) = Header::parse(packet) else { return Received::Malformed };
        match header {
            Header::Single { label, message_type, signal_id } => {
                self.partial = None;
                let head = Head { label, message_type, signal_id };
                whole.clear();
                match whole.extend_from_slice(payload) {
                    Ok(()) => Received::Message(head),
                    Err(_) => Received::TooLong(head),
                }
            }
            Header::Start { label, message_type, packets: _, signal_id } => {
                let head = Head { label, message_type, signal_id };
                let mut partial = Partial { head, payload: Payload::new(), too_long: false };
                partial.add(payload);
                self.partial = Some(partial);
                Received::Partial
            }
            Header::Continue { label, message_type } => {
                match self.partial.as_mut().filter(|partial| partial.takes(label, message_type)) {
                    Some(partial) => {
                        partial.add(payload);
                        Received::Partial
                    }
                    None => Received::Malformed,
                }
            }
            Header::End { label, message_type } => {
                match self.partial.take_if(|partial| partial.takes(label, message_type)) {
                    Some(mut partial) => {
                        partial.add(payload);
                        if partial.too_long {
                            Received::TooLong(partial.head)
                        } else {
                            *whole = partial.payload;
                            Received::Message(partial.head)
                        }
                    }
                    None => Received::Malformed,
                }
            }
        }
    }

    /// Cuts a message into packets.
    pub fn packets<'a>(&self, head: Head, payload: &'a [u8]) -> Packets<'a> {
        let single = 2 + payload.len() <= self.packet_size;
        let count = if single {
            1
        } else {
            // The first packet holds three octets of header, the others one.
            let behind_first = (payload.len() + 3).saturating_sub(self.packet_size);
            1 + behind_first.div_ceil(self.packet_size - 1)
        };
        Packets { head, rest: payload, size: self.packet_size, count, sent: 0 }
    }
}

impl Partial {
    fn takes(&self, label: Label, message_type: MessageType) -> bool {
        self.head.label == label && self.head.message_type == message_type
    }

    fn add(&mut self, payload: &[u8]) {
        self.too_long |= self.payload.extend_from_slice(payload).is_err();
    }
}

/// The packets of a message, in their order.
pub(super) struct Packets<'a> {
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
        let Head { label, message_type, signal_id } = self.head;
        let header = if self.count == 1 {
            Header::Single { label, message_type, signal_id }
        } else if self.sent == 0 {
            let packets = self.count.min(255) as u8;
            Header::Start { label, message_type, packets, signal_id }
        } else if self.sent + 1 == self.count {
            Header::End { label, message_type }
        } else {
            Header::Continue { label, message_type }
        };
        let mut octets = [0u8; Header::MAX_LEN];
        let n = header.write(&mut octets).ok()?;
        let mut pdu = Pdu::from_slice(&octets[..n]).ok()?;
        let (now, later) = self.rest.split_at(self.rest.len().min(self.size - n));
        pdu.extend_from_slice(now).ok()?;
        self.rest = later;
        self.sent += 1;
        Some(pdu)
    }
}
