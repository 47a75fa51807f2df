//! Nothing on a packet's way allocates: counted by an allocator of the test's own.
#![cfg(not(loom))]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use tandem_pool::{Arena, Instant, Queue};

thread_local!(static COUNT: Cell<usize> = const { Cell::new(0) });

struct Counting;

// SAFETY: passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn the_counter_counts() {
    let before = COUNT.get();
    drop(std::hint::black_box(Box::new(1)));
    assert_eq!(COUNT.get() - before, 2);
}

#[test]
fn a_frame_s_life_allocates_nothing() {
    let arena = Arena::new(4, 2048);
    let ring = Queue::new(2);
    let before = COUNT.get();
    for n in 0..10_000u64 {
        let mut block = arena.take().expect("a block is free");
        block.set_arrival(Instant::from_nanos(n));
        block.append(&[0; 960]).expect("it fits");
        let mut packet = block.split_to(480);
        packet.advance(9);
        packet.prepend(&[1, 2]).expect("headers fit where headers were");
        packet.truncate(100);
        ring.force_push(packet);
        ring.force_push(block);
        drop(ring.pop());
    }
    assert_eq!(COUNT.get() - before, 0);
}
