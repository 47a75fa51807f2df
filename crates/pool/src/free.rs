//! The free blocks of an arena: a lock-free stack of indices (R. K. Treiber's, with a tag against
//! the ABA problem), the block given back last on top, since its bytes are the likeliest to be
//! cached still.
//!
//! The whole state is one word: a tag that every change counts up, how many blocks are free, and the
//! top one; each block's entry names the one below it. A ring would not do here: a thread that is
//! suspended half-way through taking a block from a ring makes it look full to one that gives a
//! block back, which then has to wait or lose the block.
//!
//! Limits: [`MOST`] blocks. A thread that sleeps in the middle of `pop` while others make exactly
//! 2^32 changes, or a multiple, and leave the same block on top, would be fooled.

use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// The most blocks there can be.
pub(crate) const MOST: usize = 0xfffe;

/// What an entry says when nothing lies below.
const NONE: u32 = 0xffff;

pub(crate) struct FreeBlocks {
    top: AtomicU64,
    below: Box<[AtomicU32]>,
}

/// The state word, taken apart.
#[derive(Clone, Copy)]
struct Top {
    tag: u32,
    free: u32,
    block: u32,
}

impl Top {
    fn unpack(word: u64) -> Self {
        Top {
            tag: (word >> 32) as u32,
            free: (word >> 16) as u32 & 0xffff,
            block: word as u32 & 0xffff,
        }
    }

    fn pack(self) -> u64 {
        u64::from(self.tag) << 32 | u64::from(self.free) << 16 | u64::from(self.block)
    }
}

impl FreeBlocks {
    /// All of `blocks` free, block 0 on top.
    pub(crate) fn new(blocks: usize) -> Self {
        assert!(blocks <= MOST, "an arena has at most {MOST} blocks");
        let last = blocks.wrapping_sub(1);
        let below = (0..blocks)
            .map(|block| AtomicU32::new(if block == last { NONE } else { block as u32 + 1 }))
            .collect();
        let block = if blocks == 0 { NONE } else { 0 };
        let top = Top { tag: 0, free: blocks as u32, block };
        FreeBlocks { top: AtomicU64::new(top.pack()), below }
    }

    pub(crate) fn pop(&self) -> Option<u32> {
        // Acquire: what was done to the block before `push` comes before what its next owner does.
        let mut word = self.top.load(Ordering::Acquire);
        loop {
            let top = Top::unpack(word);
            // Nothing lies at NONE. An entry read too late belongs to a word with another tag, and
            // the exchange fails.
            let below = self.below.get(top.block as usize)?.load(Ordering::Relaxed);
            let next = Top { tag: top.tag.wrapping_add(1), free: top.free - 1, block: below };
            match self.exchange(word, next, Ordering::Acquire) {
                Ok(()) => return Some(top.block),
                Err(now) => word = now,
            }
        }
    }

    /// Puts back a block that `pop` gave out.
    pub(crate) fn push(&self, block: u32) {
        let mut word = self.top.load(Ordering::Relaxed);
        loop {
            let top = Top::unpack(word);
            self.below[block as usize].store(top.block, Ordering::Relaxed);
            let next = Top { tag: top.tag.wrapping_add(1), free: top.free + 1, block };
            match self.exchange(word, next, Ordering::Release) {
                Ok(()) => return,
                Err(now) => word = now,
            }
        }
    }

    fn exchange(&self, from: u64, to: Top, order: Ordering) -> Result<(), u64> {
        let failure =
            if order == Ordering::Acquire { Ordering::Acquire } else { Ordering::Relaxed };
        self.top.compare_exchange_weak(from, to.pack(), order, failure).map(|_| ())
    }

    pub(crate) fn len(&self) -> usize {
        Top::unpack(self.top.load(Ordering::Relaxed)).free as usize
    }
}
