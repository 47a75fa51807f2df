//! The atomics and the cell that the lock-free parts are built on: std's, or loom's under `cfg(loom)`.

#[cfg(loom)]
pub(crate) use loom::{
    cell::UnsafeCell,
    sync::Arc,
    sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering},
};

#[cfg(not(loom))]
pub(crate) use std::sync::{
    Arc,
    atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering},
};

/// std's cell with loom's access methods.
#[cfg(not(loom))]
#[derive(Debug)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(not(loom))]
impl<T> UnsafeCell<T> {
    pub(crate) fn new(value: T) -> Self {
        UnsafeCell(std::cell::UnsafeCell::new(value))
    }

    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}

/// Stands for memory that loom cannot see, and reports the accesses to it.
#[cfg(loom)]
pub(crate) struct Witness(UnsafeCell<()>);

// SAFETY: the cell inside holds nothing; it only tells loom about accesses.
#[cfg(loom)]
unsafe impl Sync for Witness {}

#[cfg(loom)]
impl Witness {
    pub(crate) fn new() -> Self {
        Witness(UnsafeCell::new(()))
    }

    /// One of perhaps several owners touches its part of the memory.
    pub(crate) fn accessed(&self) {
        self.0.with(|_| ());
    }

    /// The memory gets a new owner: every access by an old one must have happened before.
    pub(crate) fn renewed(&self) {
        self.0.with_mut(|_| ());
    }
}
