//! Finds the HCI packets in an H4 byte stream (Bluetooth Core 5.4, vol. 4 part A, 2).
//!
//! Bytes are written straight into a block of the arena; each packet is cut off the front of what
//! has arrived, as a frame of its own on the same block. A packet that does not fit behind the
//! others moves to a fresh block with what has arrived of it.

use pool::{Arena, Frame, HEADROOM, Instant};
use wire::h4::Channel;

use crate::error::Lost;

/// The longest header in front of a packet's body, packet type included.
const LONGEST_HEADER: usize = 5;

/// The type byte of ACL data.
const ACL: u8 = Channel::Acl.indicator();

/// Bytes in, packets out: [`room`](Framer::room), [`filled`](Framer::filled), then
/// [`packet`](Framer::packet) until it has no more.
#[derive(Debug)]
pub struct Framer {
    arena: Arena,
    /// What has arrived and is not a whole packet yet, with the room behind it.
    block: Option<Frame>,
    /// A block with less room than this is not begun to be filled again.
    refill: usize,
}

impl Framer {
    /// A framer that fills blocks of `arena`.
    pub fn new(arena: Arena) -> Self {
        let refill = (arena.block_size() - HEADROOM) / 2;
        Framer { arena, block: None, refill }
    }

    /// The longest packet that is accepted, header included, packet type not.
    pub fn limit(&self) -> usize {
        self.arena.block_size() - HEADROOM - 1
    }

    /// Forgets what has arrived: a new stream begins.
    pub fn reset(&mut self) {
        self.block = None;
    }

    /// Where the next bytes go, never empty; `None` while the arena has no block to spare.
    pub fn room(&mut self) -> Option<&mut [u8]> {
        let wanted = match &self.block {
            Some(block) if block.is_empty() => self.refill,
            Some(block) => missing(block),
            None => usize::MAX,
        };
        if self.block.as_ref().is_none_or(|block| block.room() < wanted) {
            self.renew();
        }
        self.block.as_mut().map(Frame::spare_mut).filter(|room| !room.is_empty())
    }

    /// Goes on in a fresh block; without one, the old block is filled to its end.
    #[cold]
    fn renew(&mut self) {
        let Some(mut fresh) = self.arena.take() else { return };
        if let Some(old) = &self.block {
            self.arena.count_copied(old.len());
            let moved = fresh.append(old);
            debug_assert!(moved.is_ok(), "blocks are of one size");
        }
        self.block = Some(fresh);
    }

    /// Says that `n` bytes were written to [`room`](Framer::room), at `now`.
    ///
    /// # Panics
    /// When that is more than there was room for.
    pub fn filled(&mut self, n: usize, now: Instant) {
        let Some(block) = &mut self.block else { return };
        block.grow(n).expect("no more bytes than there was room for");
        block.set_arrival(now);
    }

    /// The next whole packet, type byte off, stamped with the instant at which its last byte came.
    pub fn packet(&mut self) -> Result<Option<(Channel, Frame)>, Lost> {
        let limit = self.limit();
        let Some(block) = &mut self.block else { return Ok(None) };
        let Some((channel, length)) = measure(block)? else { return Ok(None) };
        if length >= block.len() {
            if length > limit {
                return Err(Lost::Oversized { channel, length, limit });
            }
            return Ok(None);
        }
        block.advance(1);
        Ok(Some((channel, block.split_to(length))))
    }
}

/// The kind and the length, header included, of the packet that `block` begins with, as soon as its
/// header is there.
#[inline]
fn measure(block: &[u8]) -> Result<Option<(Channel, usize)>, Lost> {
    match *block {
        [] => Ok(None),
        // Nearly all that comes is this: no detour for it.
        [ACL, _, _, low, high, ..] => {
            let body = usize::from(u16::from_le_bytes([low, high]));
            Ok(Some((Channel::Acl, Channel::Acl.header() + body)))
        }
        [indicator, ref rest @ ..] => {
            let channel =
                Channel::from_indicator(indicator).map_err(|_| Lost::UnknownType(indicator))?;
            Ok(channel.length(rest).map(|length| (channel, length)))
        }
    }
}

/// How many bytes the unfinished packet in `block` still needs, as far as its header tells.
fn missing(block: &[u8]) -> usize {
    let length = measure(block).ok().flatten().map(|(_, length)| length);
    length.map_or(LONGEST_HEADER, |length| 1 + length).saturating_sub(block.len()).max(1)
}
