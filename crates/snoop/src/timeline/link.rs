//! One ACL link as a capture shows it: puts L2CAP packets together, follows the channels of AVDTP (Core
//! 5.4, vol. 3 part A, 4; AVDTP 1.3, 8) and says when the stream starts and stops; hands that of RFCOMM on.

use wire::avdtp::{Header, MessageType, SignalId};
use wire::hci::{AclHeader, Boundary};
use wire::l2cap::{self, Cid, Command, ConnectionResult, Psm, Signals};

use super::gateway::{Calls, Gateway};
use crate::format::Direction;

/// The most channels, open or asked for, that are followed on a link.
const MOST_CHANNELS: usize = 64;

/// What a packet did to the link's stream, or its calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Change {
    Started,
    Stopped,
    Calls(Calls),
}

/// A channel's end points.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Ends {
    host: Cid,
    remote: Cid,
}

impl Ends {
    /// From what the sender of a packet in this direction calls its own and the other's.
    fn new(direction: Direction, own: Cid, others: Cid) -> Self {
        match direction {
            Direction::Sent => Ends { host: own, remote: others },
            Direction::Received => Ends { host: others, remote: own },
        }
    }

    /// The end point that packets of this direction are addressed to.
    fn target(self, direction: Direction) -> Cid {
        match direction {
            Direction::Sent => self.remote,
            Direction::Received => self.host,
        }
    }
}

#[derive(Default)]
pub(super) struct Link {
    /// Begun L2CAP packets, a direction each; empty while none is.
    begun: [Vec<u8>; 2],
    /// Connection requests for AVDTP and RFCOMM that wait for their answer: who asked, and its end point.
    asked: Vec<(Direction, Cid, Psm)>,
    /// The AVDTP channels; the first is that of signalling.
    channels: Vec<Ends>,
    /// Signals under way, by who sent the command and its label.
    commands: [[Option<SignalId>; 16]; 2],
    /// The channel of RFCOMM, and what goes through it.
    multiplexer: Option<(Ends, Gateway)>,
}

pub(super) fn index(direction: Direction) -> usize {
    match direction {
        Direction::Sent => 0,
        Direction::Received => 1,
    }
}

fn other(direction: Direction) -> Direction {
    match direction {
        Direction::Sent => Direction::Received,
        Direction::Received => Direction::Sent,
    }
}

impl Link {
    /// Follows an ACL packet of this link.
    pub(super) fn acl(&mut self, direction: Direction, packet: &[u8]) -> Option<Change> {
        let header = AclHeader::parse(packet).ok()?;
        let data = packet.get(AclHeader::SIZE..)?;
        let begun = &mut self.begun[index(direction)];
        if header.boundary == Boundary::Continuing {
            if begun.is_empty() {
                return None;
            }
        } else {
            begun.clear();
        }
        // Most packets are whole, and media is none of ours: look before keeping anything.
        let whole = if begun.is_empty() { data } else { begun.as_slice() };
        let Ok(basic) = l2cap::Header::parse(whole) else {
            begun.extend_from_slice(data);
            return None;
        };
        let wanted = l2cap::HEADER_LEN + usize::from(basic.length);
        if header.boundary != Boundary::Continuing && data.len() == wanted {
            return self.pdu(direction, basic.cid, &data[l2cap::HEADER_LEN..]);
        }
        begun.extend_from_slice(data);
        if begun.len() < wanted {
            return None;
        }
        let whole = std::mem::take(begun);
        // One that is longer than it said is nothing that anybody would accept.
        if whole.len() > wanted {
            return None;
        }
        self.pdu(direction, basic.cid, &whole[l2cap::HEADER_LEN..])
    }

    fn pdu(&mut self, direction: Direction, cid: Cid, payload: &[u8]) -> Option<Change> {
        if cid == Cid::SIGNALLING {
            let changes = Signals::new(payload).flatten();
            return changes.filter_map(|signal| self.l2cap(direction, signal.command)).last();
        }
        if let Some((ends, gateway)) = &mut self.multiplexer
            && ends.target(direction) == cid
        {
            return gateway.frame(direction, payload).map(Change::Calls);
        }
        let signalling = self.channels.first()?;
        (signalling.target(direction) == cid).then(|| self.avdtp(direction, payload))?
    }

    fn l2cap(&mut self, direction: Direction, command: Command<'_>) -> Option<Change> {
        match command {
            Command::ConnectionRequest { psm: psm @ (Psm::AVDTP | Psm::RFCOMM), source_cid } => {
                if self.asked.len() < MOST_CHANNELS {
                    self.asked.push((direction, source_cid, psm));
                }
                None
            }
            Command::ConnectionResponse { result: ConnectionResult::PENDING, .. } => None,
            Command::ConnectionResponse { destination_cid, source_cid, result, .. } => {
                let asker = (other(direction), source_cid);
                let at = self.asked.iter().position(|(by, end, _)| (*by, *end) == asker)?;
                let (.., psm) = self.asked.swap_remove(at);
                let ends = Ends::new(direction, destination_cid, source_cid);
                if result != ConnectionResult::SUCCESS {
                } else if psm == Psm::RFCOMM {
                    self.multiplexer = Some((ends, Gateway::default()));
                } else if self.channels.len() < MOST_CHANNELS {
                    self.channels.push(ends);
                }
                None
            }
            Command::DisconnectionResponse { destination_cid, source_cid } => {
                let ends = Ends::new(direction, destination_cid, source_cid);
                if self.multiplexer.take_if(|(known, _)| *known == ends).is_some() {
                    return Some(Change::Calls(Calls::default()));
                }
                let at = self.channels.iter().position(|channel| *channel == ends)?;
                // Without signalling there is no stream; what is left closes too.
                if at == 0 {
                    self.channels.clear();
                    self.commands = Default::default();
                } else {
                    self.channels.remove(at);
                }
                Some(Change::Stopped)
            }
            _ => None,
        }
    }

    fn avdtp(&mut self, direction: Direction, packet: &[u8]) -> Option<Change> {
        // The signals that matter here are too short to be sent in fragments.
        let Ok((Header::Single { label, message_type, signal_id }, _)) = Header::parse(packet)
        else {
            return None;
        };
        let label = usize::from(label.number());
        if message_type == MessageType::Command {
            self.commands[index(direction)][label] = SignalId::new(signal_id);
            return None;
        }
        let command = self.commands[index(other(direction))][label].take()?;
        match (command, message_type) {
            (SignalId::Start, MessageType::ResponseAccept) => Some(Change::Started),
            (
                SignalId::Suspend | SignalId::Close | SignalId::Abort,
                MessageType::ResponseAccept,
            ) => Some(Change::Stopped),
            _ => None,
        }
    }
}
