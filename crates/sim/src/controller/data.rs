//! ACL data: from the host into buffers, over the air one packet at a time, to the other host
//! (4.1: flow control; 7.7.19: Number Of Completed Packets).

use core::time::Duration;

use pool::Instant;
use wire::h4::Channel;
use wire::hci::{
    AclHeader, Boundary, Broadcast, Completed, Event, Handle, LinkType, List, Status, returns,
};

use super::Controller;
use super::commands::{Answer, done};
use super::connection::duration;
use crate::medium::{Medium, Serial, Timer};
use crate::message::Message;
use crate::options::{Complaint, Fault};

/// Slots that a packet takes beyond its data: headers, the peer's acknowledgement.
const OVERHEAD: Duration = Duration::from_micros(625);

/// The transmitter: it serves the links in turn.
#[derive(Debug, Default)]
pub(super) struct Radio {
    /// Which link's packet is on the air.
    sending: Option<Serial>,
    /// Whose turn it was last.
    last: Serial,
}

impl Controller {
    pub(super) fn receive_acl(&mut self, medium: &mut Medium, packet: &[u8]) {
        let Ok(header) = AclHeader::parse(packet) else {
            return self.complain(Complaint::MalformedData);
        };
        let payload = packet[AclHeader::SIZE..].to_vec();
        let held: usize = self.links.iter().map(|link| link.queue.len()).sum();
        let longest = self.options.acl_length;
        let room = usize::from(self.options.acl_packets);
        let legal =
            header.broadcast == Broadcast::PointToPoint && header.boundary != Boundary::Complete;
        let Some(link) = self.link_of(header.handle) else {
            return self.complain(Complaint::UnknownHandle(header.handle.raw()));
        };
        let (serial, begun) = (link.serial, link.begun);
        if header.length > longest {
            self.complain(Complaint::TooLong(header.length));
        } else if !legal {
            self.complain(Complaint::MalformedData);
        } else if !header.boundary.is_first() && !begun {
            self.complain(Complaint::Continuation);
        } else if held >= room {
            self.complain(Complaint::Overflow);
            self.event(medium, Event::DataBufferOverflow { link_type: LinkType::Acl });
        } else {
            self.queue(medium, serial, header.boundary, payload);
        }
        for fault in &mut self.faults {
            if let Fault::DieAfter(packets) = fault {
                match packets.checked_sub(1) {
                    Some(left) if left > 0 => *packets = left,
                    _ => {
                        *fault = Fault::Silent;
                        medium.links_changed = true;
                    }
                }
            }
        }
    }

    fn queue(&mut self, medium: &mut Medium, serial: Serial, boundary: Boundary, payload: Vec<u8>) {
        let now = medium.now;
        let Some(link) = self.link(serial) else { return };
        link.begun = true;
        if let Some(interval) = link.sniff.filter(|_| link.queue.is_empty()) {
            let interval = duration(interval).as_nanos().max(1) as u64;
            link.not_before = Instant::from_nanos(now.as_nanos().next_multiple_of(interval));
        }
        link.queue.push_back((boundary, payload));
        self.transmit(medium);
    }

    /// Puts the next packet on the air, of the link whose turn it is.
    pub(super) fn transmit(&mut self, medium: &mut Medium) {
        if self.radio.sending.is_some() {
            return;
        }
        let now = medium.now;
        let waiting =
            self.links.iter().filter(|link| !link.queue.is_empty() && link.silent_since.is_none());
        let last = self.radio.last;
        let next = waiting
            .clone()
            .filter(|link| link.not_before <= now)
            .min_by_key(|link| (link.serial <= last, link.serial));
        let Some(next) = next else {
            if let Some(anchor) = waiting.map(|link| link.not_before).min() {
                medium.timer(self.id, anchor.since(now), Timer::Anchor);
            }
            return;
        };
        let serial = next.serial;
        let octets = next.queue.front().map_or(0, |(_, payload)| payload.len());
        let bits = octets as u64 * 8 * 1_000_000_000;
        let air = Duration::from_nanos(bits / u64::from(self.options.bandwidth.max(1)));
        self.radio = Radio { sending: Some(serial), last: serial };
        medium.timer(self.id, air + OVERHEAD, Timer::Sent { link: serial });
    }

    /// The packet on the air has arrived, unless the peer is out of range: then it stays.
    pub(super) fn sent(&mut self, medium: &mut Medium, serial: Serial) {
        if self.radio.sending != Some(serial) {
            return;
        }
        self.radio.sending = None;
        let heard = self.link(serial).filter(|link| link.silent_since.is_none());
        if let Some((boundary, payload)) = heard.and_then(|link| link.queue.pop_front()) {
            self.say(medium, serial, Message::Data { boundary, payload });
            self.completed(medium, serial, 1);
        }
        self.transmit(medium);
    }

    /// Counts packets as done with, and tells the host when it is time to.
    fn completed(&mut self, medium: &Medium, serial: Serial, count: u16) {
        let at_once = self.options.completed_at_once;
        let kept = self.faults.contains(&Fault::KeepCredits);
        let Some(link) = self.link(serial) else { return };
        link.completed = link.completed.saturating_add(count);
        if kept || link.completed == 0 || (link.completed < at_once && !link.queue.is_empty()) {
            return;
        }
        let completed = Completed {
            connection_handle: link.handle,
            num_completed_packets: core::mem::take(&mut link.completed),
        };
        let completed = [completed];
        self.event(medium, Event::NumberOfCompletedPackets { completed: List::new(&completed) });
    }

    pub(super) fn flush(&mut self, medium: &Medium, handle: Handle, enhanced: bool) -> Answer {
        let connection_handle = handle;
        let sending = self.radio.sending;
        let Some(link) = self.link_of(handle) else {
            return Answer::about_link(Status::UNKNOWN_CONNECTION_IDENTIFIER, handle);
        };
        let serial = link.serial;
        // What is on the air is not called back.
        let kept = usize::from(sending == Some(serial)).min(link.queue.len());
        let dropped = link.queue.len() - kept;
        link.queue.truncate(kept);
        link.begun = false;
        self.completed(medium, serial, u16::try_from(dropped).unwrap_or(u16::MAX));
        if enhanced {
            self.event(medium, Event::EnhancedFlushComplete { connection_handle });
            return Answer::PENDING;
        }
        if dropped > 0 {
            self.event(medium, Event::FlushOccurred { connection_handle });
        }
        done!(returns::Flush { connection_handle })
    }

    pub(super) fn hear_data(
        &mut self,
        medium: &mut Medium,
        serial: Serial,
        boundary: Boundary,
        payload: &[u8],
    ) {
        let longest = self.options.acl_to_host.max(1);
        let Some(link) = self.link(serial) else { return };
        let handle = link.handle;
        let first = if boundary.is_first() { Boundary::FirstFlushable } else { boundary };
        let mut fragments = payload.chunks(longest).peekable();
        if fragments.peek().is_none() {
            self.data_to_host(medium, handle, first, &[]);
        }
        for (index, fragment) in fragments.enumerate() {
            let boundary = if index == 0 { first } else { Boundary::Continuing };
            self.data_to_host(medium, handle, boundary, fragment);
        }
    }

    fn data_to_host(&mut self, medium: &Medium, handle: Handle, boundary: Boundary, data: &[u8]) {
        let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
        let broadcast = Broadcast::PointToPoint;
        let header = AclHeader { handle, boundary, broadcast, length };
        self.awaiting_host.push_back([&header.to_bytes()[..], data].concat());
        self.release_to_host(medium);
    }

    /// Hands on as much data as the host has room for.
    pub(super) fn release_to_host(&mut self, medium: &Medium) {
        while let Some(packet) = self.awaiting_host.pop_front() {
            match &mut self.host_credits {
                Some(0) => return self.awaiting_host.push_front(packet),
                Some(credits) => *credits -= 1,
                None => {}
            }
            self.tell(medium, Channel::Acl, packet);
        }
    }
}
