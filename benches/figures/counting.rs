//! An allocator that counts what a thread asks of it: a test and a bench count with the same one.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local!(static CALLS: Cell<u64> = const { Cell::new(0) });

/// The system's allocator, counted.
pub struct Counting;

fn count() {
    CALLS.with(|calls| calls.set(calls.get() + 1));
}

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(at, layout) }
    }
}

/// How often this thread has asked for memory, or given some back.
pub fn calls() -> u64 {
    CALLS.get()
}
