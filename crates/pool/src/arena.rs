//! An arena: one stretch of memory cut into blocks of one size, handed out as [`Frame`]s and taken
//! back when the last frame of a block is dropped.

use core::ptr::NonNull;

use crate::frame::Frame;
use crate::free::{FreeBlocks, MOST};
#[cfg(loom)]
use crate::sync::Witness;
use crate::sync::{Arc, AtomicU32, AtomicU64, Ordering};

/// Bytes kept free before the data of a fresh frame, so that every layer's header can be prepended
/// in place (H4 1, ACL 4, L2CAP 4, RTP and codec headers 13; rounded up).
pub const HEADROOM: usize = 32;

/// A handle on an arena; cheap to clone. The memory lives as long as any handle or frame does.
#[derive(Clone)]
pub struct Arena(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    memory: NonNull<u8>,
    block_size: usize,
    /// How many frames share each block.
    shares: Box<[AtomicU32]>,
    free: FreeBlocks,
    /// Under loom, proves that a block's old frames are done with it when it is handed out again.
    #[cfg(loom)]
    witnesses: Box<[Witness]>,
    copied: AtomicU64,
    refused: AtomicU64,
    /// Gives the memory back.
    release: Option<Box<dyn FnOnce() + Send + Sync>>,
}

// SAFETY: the memory is only reached through frames, each of which owns its region alone.
unsafe impl Send for Inner {}
// SAFETY: as above; the other fields are atomics, or never change.
unsafe impl Sync for Inner {}

impl Arena {
    /// An arena on the heap, zeroed. The system may hand out its pages only when they are first
    /// touched: who needs them before real time starts locks or pre-faults [`extent`](Arena::extent).
    ///
    /// # Panics
    /// As [`from_mapping`](Arena::from_mapping), and when the total does not fit the address space.
    pub fn new(blocks: usize, block_size: usize) -> Self {
        check_sizes(blocks, block_size);
        let len = blocks.checked_mul(block_size).expect("arena size fits the address space");
        let memory: &'static mut [u8] = Box::leak(vec![0u8; len].into_boxed_slice());
        let start = NonNull::from(memory).cast::<u8>();
        let leaked = Leaked(NonNull::slice_from_raw_parts(start, len));
        let release = move || {
            let leaked = leaked;
            // SAFETY: the slice was leaked from a box of this length above, and the arena that
            // calls this once, when its last frame is gone, held the only way to it.
            drop(unsafe { Box::from_raw(leaked.0.as_ptr()) });
        };
        // SAFETY: the leaked box is exclusively ours until `release`.
        unsafe { Arena::from_mapping(start, blocks, block_size, Box::new(release)) }
    }

    /// An arena over memory from elsewhere (a usbfs mapping); `release` runs after the last frame
    /// and handle are gone.
    ///
    /// # Safety
    /// `memory` is valid for reads and writes of `blocks * block_size` initialised bytes until
    /// `release` is called, and nothing else writes to a block while a frame on it exists, save a
    /// device that the frame's owner handed it to.
    ///
    /// # Panics
    /// When there are no blocks or more than 65,534, or a block is not larger than [`HEADROOM`] or
    /// too large for 32 bits: these are the caller's constants.
    pub unsafe fn from_mapping(
        memory: NonNull<u8>,
        blocks: usize,
        block_size: usize,
        release: Box<dyn FnOnce() + Send + Sync>,
    ) -> Self {
        check_sizes(blocks, block_size);
        Arena(Arc::new(Inner {
            memory,
            block_size,
            shares: (0..blocks).map(|_| AtomicU32::new(0)).collect(),
            free: FreeBlocks::new(blocks),
            #[cfg(loom)]
            witnesses: (0..blocks).map(|_| Witness::new()).collect(),
            copied: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            release: Some(release),
        }))
    }

    /// An empty frame on a block of its own, with [`HEADROOM`] before it; `None` when every block
    /// is in use (counted in [`refused`](Arena::refused)).
    pub fn take(&self) -> Option<Frame> {
        let Some(block) = self.0.free.pop() else {
            self.0.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        #[cfg(loom)]
        self.0.witnesses[block as usize].renewed();
        self.0.shares[block as usize].store(1, Ordering::Relaxed);
        Some(Frame::on_block(self.clone(), block, self.0.block_size as u32))
    }

    /// The size of a block in bytes, headroom included.
    pub fn block_size(&self) -> usize {
        self.0.block_size
    }

    /// How many blocks are free, approximately while other threads are at work.
    pub fn free(&self) -> usize {
        self.0.free.len()
    }

    /// How many blocks there are.
    pub fn blocks(&self) -> usize {
        self.0.shares.len()
    }

    /// How often [`take`](Arena::take) found no block.
    pub fn refused(&self) -> u64 {
        self.0.refused.load(Ordering::Relaxed)
    }

    /// Counts payload bytes that had to be copied on the way to a decoder.
    pub fn count_copied(&self, bytes: usize) {
        self.0.copied.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// The bytes counted by [`count_copied`](Arena::count_copied).
    pub fn copied(&self) -> u64 {
        self.0.copied.load(Ordering::Relaxed)
    }

    /// The whole memory as an address and a length, to lock or pre-fault it.
    pub fn extent(&self) -> (NonNull<u8>, usize) {
        (self.0.memory, self.0.block_size * self.0.shares.len())
    }
}

fn check_sizes(blocks: usize, block_size: usize) {
    assert!(blocks > 0 && block_size > HEADROOM, "an arena has blocks, larger than the headroom");
    assert!(blocks <= MOST, "an arena has at most {MOST} blocks");
    assert!(u32::try_from(block_size).is_ok(), "a block's offsets fit 32 bits");
}

impl Inner {
    pub(crate) fn block_start(&self, block: u32) -> NonNull<u8> {
        // SAFETY: `block` is one of the arena's, so the offset is inside the memory.
        unsafe { self.memory.add(block as usize * self.block_size) }
    }

    pub(crate) fn share(&self, block: u32) {
        // Relaxed as in `Arc::clone`: whoever shares a block already holds a frame on it.
        self.shares[block as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Says that a frame touched its block; only loom listens.
    pub(crate) fn witness(&self, block: u32) {
        #[cfg(loom)]
        self.witnesses[block as usize].accessed();
        let _ = block;
    }

    pub(crate) fn give_back(&self, block: u32) {
        let shares = &self.shares[block as usize];
        // A count of one is ours, and only a holder could raise it: no exchange is needed then.
        // Acquire orders the other frames' last accesses before the block's next use.
        if shares.load(Ordering::Acquire) == 1 || shares.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.free.push(block);
        }
    }
}

/// The heap behind [`Arena::new`].
struct Leaked(NonNull<[u8]>);

// SAFETY: the owner of a leaked box may give it back from any thread.
unsafe impl Send for Leaked {}
// SAFETY: nothing can be done through a shared reference.
unsafe impl Sync for Leaked {}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(release) = self.release.take() {
            release();
        }
    }
}

impl core::fmt::Debug for Arena {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Arena")
            .field("blocks", &self.blocks())
            .field("block_size", &self.block_size())
            .field("free", &self.free())
            .finish()
    }
}
