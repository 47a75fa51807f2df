//! A bounded lock-free queue for any number of producers and consumers (D. Vyukov's array queue):
//! the rings between threads.
//!
//! Every cell carries a sequence number. A producer may fill cell `i` when its number equals the
//! tail, a consumer may empty it when the number equals the head plus one; claiming either end is
//! one compare-and-swap. No operation waits for another thread, not even for one that was suspended
//! between claiming a cell and leaving it: the queue then looks full to producers, or empty to
//! consumers, from that cell on.

use core::mem::MaybeUninit;

use crate::sync::{AtomicUsize, Ordering, UnsafeCell};

/// Keeps the two ends on cache lines of their own.
#[repr(align(64))]
#[derive(Debug)]
struct Line<T>(T);

struct Cell<T> {
    sequence: AtomicUsize,
    value: UnsafeCell<MaybeUninit<T>>,
}

/// A queue of at most [`capacity`](Queue::capacity) values, allocated once.
pub struct Queue<T> {
    cells: Box<[Cell<T>]>,
    head: Line<AtomicUsize>,
    tail: Line<AtomicUsize>,
}

// SAFETY: a value is written by the one producer that claimed its cell and read by the one consumer
// that claimed it afterwards; the sequence number's release and acquire order the two.
unsafe impl<T: Send> Send for Queue<T> {}
// SAFETY: as above; no reference to a value inside is ever handed out.
unsafe impl<T: Send> Sync for Queue<T> {}

impl<T> Queue<T> {
    /// A queue with room for at least `capacity` values (rounded up to a power of two, 2 at least).
    pub fn new(capacity: usize) -> Self {
        let capacity = capacity.max(2).next_power_of_two();
        let cells = (0..capacity)
            .map(|i| Cell {
                sequence: AtomicUsize::new(i),
                value: UnsafeCell::new(MaybeUninit::uninit()),
            })
            .collect();
        Queue { cells, head: Line(AtomicUsize::new(0)), tail: Line(AtomicUsize::new(0)) }
    }

    /// The number of values that fit.
    pub fn capacity(&self) -> usize {
        self.cells.len()
    }

    /// Appends `value`; gives it back when the queue is full (or looks so: see the module's header).
    pub fn push(&self, value: T) -> Result<(), T> {
        let mut tail = self.tail.0.load(Ordering::Relaxed);
        loop {
            let cell = &self.cells[tail & (self.cells.len() - 1)];
            let sequence = cell.sequence.load(Ordering::Acquire);
            let lag = sequence.wrapping_sub(tail) as isize;
            if lag == 0 {
                match self.tail.0.compare_exchange_weak(
                    tail,
                    tail.wrapping_add(1),
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                ) {
                    Ok(_) => {
                        // SAFETY: the exchange made this thread the only one that may fill the cell.
                        cell.value.with_mut(|slot| unsafe { (*slot).write(value) });
                        cell.sequence.store(tail.wrapping_add(1), Ordering::Release);
                        return Ok(());
                    }
                    Err(now) => tail = now,
                }
            } else if lag < 0 {
                return Err(value);
            } else {
                tail = self.tail.0.load(Ordering::Relaxed);
            }
        }
    }

    /// Takes the oldest value.
    pub fn pop(&self) -> Option<T> {
        let mut head = self.head.0.load(Ordering::Relaxed);
        loop {
            let cell = &self.cells[head & (self.cells.len() - 1)];
            let sequence = cell.sequence.load(Ordering::Acquire);
            let lag = sequence.wrapping_sub(head.wrapping_add(1)) as isize;
            if lag == 0 {
                match self.head.0.compare_exchange_weak(
                    head,
                    head.wrapping_add(1),
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                ) {
                    Ok(_) => {
                        // SAFETY: the exchange made this thread the only one that may empty the
                        // cell, and the sequence number says that it was filled.
                        let value =
                            cell.value.with_mut(|slot| unsafe { (*slot).assume_init_read() });
                        cell.sequence.store(head.wrapping_add(self.cells.len()), Ordering::Release);
                        return Some(value);
                    }
                    Err(now) => head = now,
                }
            } else if lag < 0 {
                return None;
            } else {
                head = self.head.0.load(Ordering::Relaxed);
            }
        }
    }

    /// Appends `value`, dropping the oldest values to make room; returns how many were dropped.
    ///
    /// Where a consumer is just leaving the cell that comes next, `value` itself is dropped and
    /// counted: waiting for that consumer could take for ever if this thread keeps it from running.
    pub fn force_push(&self, mut value: T) -> usize {
        let mut dropped = 0;
        for _ in 0..self.cells.len() {
            match self.push(value) {
                Ok(()) => return dropped,
                Err(back) => value = back,
            }
            if self.len() == self.cells.len() {
                dropped += usize::from(self.pop().is_some());
            } else if self.push_is_blocked() {
                break;
            }
        }
        dropped + 1
    }

    /// Whether the cell for the next value has been claimed by a consumer that has not left it.
    fn push_is_blocked(&self) -> bool {
        let tail = self.tail.0.load(Ordering::Relaxed);
        let sequence = self.cells[tail & (self.cells.len() - 1)].sequence.load(Ordering::Acquire);
        (sequence.wrapping_sub(tail) as isize) < 0
    }

    /// How many values wait, approximately while other threads are at work.
    pub fn len(&self) -> usize {
        let head = self.head.0.load(Ordering::Relaxed);
        let tail = self.tail.0.load(Ordering::Relaxed);
        // The two were read one after the other: never less than none, nor more than all.
        (tail.wrapping_sub(head) as isize).clamp(0, self.cells.len() as isize) as usize
    }

    /// Whether no value waits, as [`len`](Queue::len).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Drop for Queue<T> {
    fn drop(&mut self) {
        while self.pop().is_some() {}
    }
}

impl<T> core::fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Queue")
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .finish()
    }
}
