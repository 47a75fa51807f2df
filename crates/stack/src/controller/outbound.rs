//! ACL data to the controller: fragments and credits (Core 5.4, Vol 4, Part E, 4.1.1 and 5.4.2).
//!
//! Each link has a bounded queue. Credits are the packets that the controller can buffer; links take
//! turns, and no link holds more than its share of them, so that one that is out of range cannot
//! starve the others. A packet that fits goes out in the block it came in; one that does not costs
//! a copy from its second fragment on. Every packet is marked flushable, which with the default
//! flush time-out (none) is never flushed and which every controller understands.

use std::collections::VecDeque;

use pool::{Arena, Frame};
use wire::hci::{AclHeader, Boundary, Broadcast, Handle};

use crate::{LinkId, MAX_LINKS};

/// Packets of the layer above that wait on a link at most.
pub const LINK_QUEUE: usize = 32;

/// A packet could not be sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SendError {
    /// No such link, or it is being disconnected.
    NoLink,
    /// [`LINK_QUEUE`] packets wait already, or [`VOICE_QUEUE`](super::VOICE_QUEUE) of voice.
    Full,
    /// The packet is longer than L2CAP allows (65,539 octets), or, of voice, than
    /// [`voice_length`](super::Controller::voice_length); or it is empty.
    Length,
}

impl core::fmt::Display for SendError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            SendError::NoLink => "no such link",
            SendError::Full => "the link's queue is full",
            SendError::Length => "a packet of a length that cannot be sent",
        })
    }
}

impl std::error::Error for SendError {}

/// Every block of the arena is in use.
#[derive(Debug)]
pub(super) struct NoBlock;

#[derive(Debug)]
struct Lane {
    handle: Option<Handle>,
    queue: VecDeque<Frame>,
    /// The packet at the head has been sent in part.
    continuing: bool,
    /// Packets in the controller.
    unconfirmed: u16,
}

/// The way out of all links.
#[derive(Debug)]
pub(super) struct Outbound {
    arena: Arena,
    length: u16,
    packets: u16,
    lanes: [Lane; MAX_LINKS],
    /// Whose turn it is.
    turn: usize,
}

impl Outbound {
    pub(super) fn new(arena: Arena) -> Self {
        let lane = || Lane {
            handle: None,
            queue: VecDeque::with_capacity(LINK_QUEUE),
            continuing: false,
            unconfirmed: 0,
        };
        let lanes = core::array::from_fn(|_| lane());
        Outbound { arena, length: 0, packets: 0, lanes, turn: 0 }
    }

    /// What the controller buffers: `packets` of `length` octets.
    pub(super) fn configure(&mut self, length: u16, packets: u16) {
        self.length = length;
        self.packets = packets;
    }

    pub(super) fn open(&mut self, link: LinkId, handle: Handle) {
        if let Some(lane) = self.lanes.get_mut(link.0 as usize) {
            lane.handle = Some(handle);
        }
    }

    /// Drops what waits on a link; returns how many packets that were.
    pub(super) fn flush(&mut self, link: LinkId) -> usize {
        let Some(lane) = self.lanes.get_mut(link.0 as usize) else { return 0 };
        let dropped = lane.queue.len();
        lane.queue.clear();
        lane.continuing = false;
        dropped
    }

    /// Ends a link: what waits is dropped, and its credits come back. Returns how many packets were
    /// dropped.
    pub(super) fn close(&mut self, link: LinkId) -> usize {
        let Some(lane) = self.lanes.get_mut(link.0 as usize) else { return 0 };
        let dropped = lane.queue.len();
        lane.queue.clear();
        lane.handle = None;
        lane.continuing = false;
        lane.unconfirmed = 0;
        dropped
    }

    /// Puts a packet into its link's queue.
    pub(super) fn push(&mut self, link: LinkId, packet: Frame) -> Result<(), SendError> {
        let lane = self.lanes.get_mut(link.0 as usize).ok_or(SendError::NoLink)?;
        if lane.handle.is_none() {
            return Err(SendError::NoLink);
        }
        if packet.is_empty() || packet.len() > 65_539 {
            return Err(SendError::Length);
        }
        if lane.queue.len() >= LINK_QUEUE {
            return Err(SendError::Full);
        }
        lane.queue.push_back(packet);
        Ok(())
    }

    /// The controller is done with `count` packets of a link. Returns how many of them it never had.
    pub(super) fn completed(&mut self, link: LinkId, count: u16) -> u16 {
        let Some(lane) = self.lanes.get_mut(link.0 as usize) else { return count };
        let known = count.min(lane.unconfirmed);
        lane.unconfirmed -= known;
        count - known
    }

    /// How many packets of the layer above wait on a link.
    pub(super) fn waiting(&self, link: LinkId) -> usize {
        self.lanes.get(link.0 as usize).map_or(0, |lane| lane.queue.len())
    }

    /// Packets that the controller can still take.
    pub(super) fn credits(&self) -> u16 {
        let taken: u16 = self.lanes.iter().map(|lane| lane.unconfirmed).sum();
        self.packets.saturating_sub(taken)
    }

    /// The next packet for the controller, `None` if nothing waits or may be sent.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, NoBlock> {
        if self.credits() == 0 {
            return Ok(None);
        }
        let links = self.lanes.iter().filter(|lane| lane.handle.is_some()).count() as u16;
        let share = (self.packets / links.max(1)).max(1);
        for step in 0..MAX_LINKS {
            let index = (self.turn + step) % MAX_LINKS;
            let lane = &mut self.lanes[index];
            if lane.queue.is_empty() || lane.unconfirmed >= share {
                continue;
            }
            let packet = lane.fragment(&self.arena, self.length)?;
            self.turn = (index + 1) % MAX_LINKS;
            return Ok(packet);
        }
        Ok(None)
    }
}

impl Lane {
    /// Takes the next fragment off the packet at the head, `length` octets at most.
    fn fragment(&mut self, arena: &Arena, length: u16) -> Result<Option<Frame>, NoBlock> {
        let limit = usize::from(length).min(arena.block_size() - pool::HEADROOM).max(1);
        let (Some(handle), Some(head)) = (self.handle, self.queue.front_mut()) else {
            return Ok(None);
        };
        let size = head.len().min(limit);
        let last = head.len() <= limit;
        let boundary =
            if self.continuing { Boundary::Continuing } else { Boundary::FirstFlushable };
        let broadcast = Broadcast::PointToPoint;
        let octets = AclHeader { handle, boundary, broadcast, length: size as u16 }.to_bytes();
        let in_place = !self.continuing && head.headroom() >= octets.len();
        let mut out = if in_place {
            if last { self.queue.pop_front().ok_or(NoBlock)? } else { head.split_to(size) }
        } else {
            let mut copy = arena.take().ok_or(NoBlock)?;
            copy.append(&head[..size]).map_err(|_| NoBlock)?;
            arena.count_copied(size);
            if last {
                self.queue.pop_front();
            } else {
                head.advance(size);
            }
            copy
        };
        out.prepend(&octets).map_err(|_| NoBlock)?;
        self.continuing = !last;
        self.unconfirmed += 1;
        Ok(Some(out))
    }
}
