//! A frame: a region of an arena's block that one owner holds alone, with the bytes of a packet in it.
//!
//! ```text
//! block  |....|--------|===========|-------|....|
//!           floor    start        end    limit
//! ```
//! The region is `floor..limit`, the packet `start..end`. Headers come off by moving `start`, are
//! prepended by moving it back, and [`split_to`](Frame::split_to) cuts a region in two that share
//! the block without ever overlapping; so every frame may be written as well as read.

use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

use crate::arena::{Arena, HEADROOM};
use crate::instant::Instant;

/// There is no room for that many bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Full;

impl core::fmt::Display for Full {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("no room left in the frame")
    }
}

impl std::error::Error for Full {}

/// Owned bytes inside an [`Arena`]; dropping it sends the block home.
pub struct Frame {
    arena: Arena,
    /// The first byte of the block.
    base: NonNull<u8>,
    arrival: Instant,
    block: u32,
    floor: u32,
    start: u32,
    end: u32,
    limit: u32,
}

// SAFETY: a frame is the only owner of its region of the block, wherever it goes.
unsafe impl Send for Frame {}
// SAFETY: a shared frame can only be read.
unsafe impl Sync for Frame {}

impl Frame {
    pub(crate) fn on_block(arena: Arena, block: u32, size: u32) -> Self {
        let base = arena.0.block_start(block);
        let start = HEADROOM as u32;
        let arrival = Instant::ZERO;
        Frame { arena, base, arrival, block, floor: 0, start, end: start, limit: size }
    }

    /// When the packet arrived, as stamped by its transport.
    pub fn arrival(&self) -> Instant {
        self.arrival
    }

    /// Stamps the arrival.
    pub fn set_arrival(&mut self, at: Instant) {
        self.arrival = at;
    }

    /// Takes `n` bytes off the front (all of them, if there are fewer); they become headroom.
    pub fn advance(&mut self, n: usize) {
        let n = n.min(self.len());
        self.start += n as u32;
    }

    /// Keeps the first `n` bytes.
    pub fn truncate(&mut self, n: usize) {
        let n = n.min(self.len());
        self.end = self.start + n as u32;
    }

    /// Empties the frame and moves it to `headroom` bytes behind the start of its region.
    pub fn reset(&mut self, headroom: usize) {
        let headroom = headroom.min((self.limit - self.floor) as usize);
        self.start = self.floor + headroom as u32;
        self.end = self.start;
    }

    /// Writes `bytes` before the packet.
    pub fn prepend(&mut self, bytes: &[u8]) -> Result<(), Full> {
        if bytes.len() > (self.start - self.floor) as usize {
            return Err(Full);
        }
        self.start -= bytes.len() as u32;
        self[..bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    /// Writes `bytes` behind the packet.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Full> {
        let spare = self.spare_mut();
        spare.get_mut(..bytes.len()).ok_or(Full)?.copy_from_slice(bytes);
        self.end += bytes.len() as u32;
        Ok(())
    }

    /// The room behind the packet, to be filled and then claimed with [`grow`](Frame::grow).
    pub fn spare_mut(&mut self) -> &mut [u8] {
        self.arena.0.witness(self.block);
        // SAFETY: `end..limit` lies inside this frame's region of an initialised block; regions of
        // different frames never overlap, and `&mut self` makes this the only access to ours.
        unsafe {
            core::slice::from_raw_parts_mut(
                self.base.as_ptr().add(self.end as usize),
                (self.limit - self.end) as usize,
            )
        }
    }

    /// Claims `n` bytes of [`spare_mut`](Frame::spare_mut) as part of the packet.
    pub fn grow(&mut self, n: usize) -> Result<(), Full> {
        if n > (self.limit - self.end) as usize {
            return Err(Full);
        }
        self.end += n as u32;
        Ok(())
    }

    /// Cuts off the first `n` bytes (all, if there are fewer) as a frame of their own on the same
    /// block. This frame keeps the rest, and the room behind it.
    pub fn split_to(&mut self, n: usize) -> Frame {
        let cut = self.start + n.min(self.len()) as u32;
        self.arena.0.share(self.block);
        let front = Frame {
            arena: self.arena.clone(),
            base: self.base,
            arrival: self.arrival,
            block: self.block,
            floor: self.floor,
            start: self.start,
            end: cut,
            limit: cut,
        };
        self.floor = cut;
        self.start = cut;
        front
    }

    /// The arena that the block belongs to.
    pub fn arena(&self) -> &Arena {
        &self.arena
    }

    /// Bytes that can still be appended.
    pub fn room(&self) -> usize {
        (self.limit - self.end) as usize
    }

    /// Bytes that can still be prepended.
    pub fn headroom(&self) -> usize {
        (self.start - self.floor) as usize
    }
}

impl Deref for Frame {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.arena.0.witness(self.block);
        // SAFETY: `start..end` lies inside this frame's region of an initialised block, which no
        // other frame overlaps; `&self` keeps this frame from being written meanwhile.
        unsafe {
            core::slice::from_raw_parts(
                self.base.as_ptr().add(self.start as usize),
                (self.end - self.start) as usize,
            )
        }
    }
}

impl DerefMut for Frame {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.arena.0.witness(self.block);
        // SAFETY: as in `deref`, and `&mut self` makes this the only access.
        unsafe {
            core::slice::from_raw_parts_mut(
                self.base.as_ptr().add(self.start as usize),
                (self.end - self.start) as usize,
            )
        }
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        self.arena.0.give_back(self.block);
    }
}

impl core::fmt::Debug for Frame {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Frame").field("arrival", &self.arrival).field("bytes", &&self[..]).finish()
    }
}
