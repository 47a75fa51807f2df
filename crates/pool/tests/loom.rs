//! The lock-free parts under every interleaving that loom finds.
//! `RUSTFLAGS="--cfg loom" cargo test -p tandem-pool --release --test loom`
#![cfg(loom)]

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use pool::{Arena, Frame, Queue};
use tandem_pool as pool;

fn model(f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(f);
}

/// Boxed values: loom's leak check sees one that is lost or dropped twice.
fn boxed(n: usize) -> loom::alloc::Track<usize> {
    loom::alloc::Track::new(n)
}

#[test]
fn two_producers_one_consumer() {
    model(|| {
        let queue = Arc::new(Queue::new(2));
        let producers: Vec<_> = (0..2)
            .map(|p| {
                let queue = queue.clone();
                thread::spawn(move || usize::from(queue.push(boxed(p)).is_ok()))
            })
            .collect();
        let mut seen = Vec::new();
        seen.extend(queue.pop().map(|v| *v.get_ref()));
        let pushed: usize = producers.into_iter().map(|p| p.join().unwrap()).sum();
        while let Some(v) = queue.pop() {
            seen.push(*v.get_ref());
        }
        assert_eq!(pushed, 2);
        seen.sort_unstable();
        assert_eq!(seen, [0, 1]);
    });
}

#[test]
fn values_pass_in_order_around_the_ring() {
    model(|| {
        let queue = Arc::new(Queue::new(2));
        let producer = {
            let queue = queue.clone();
            thread::spawn(move || (0..3).filter(|&n| queue.push(boxed(n)).is_ok()).count())
        };
        let mut seen = Vec::new();
        for _ in 0..2 {
            seen.extend(queue.pop().map(|v| *v.get_ref()));
        }
        let pushed = producer.join().unwrap();
        while let Some(v) = queue.pop() {
            seen.push(*v.get_ref());
        }
        assert_eq!(seen.len(), pushed);
        assert!(seen.windows(2).all(|w| w[0] < w[1]), "{seen:?}");
    });
}

#[test]
fn two_consumers_never_get_the_same_value() {
    model(|| {
        let queue = Arc::new(Queue::new(2));
        assert!(queue.push(boxed(0)).is_ok() && queue.push(boxed(1)).is_ok());
        let other = {
            let queue = queue.clone();
            thread::spawn(move || queue.pop().map(|v| *v.get_ref()))
        };
        let mine = queue.pop().map(|v| *v.get_ref());
        let theirs = other.join().unwrap();
        assert!(mine.is_some() && theirs.is_some() && mine != theirs);
        assert!(queue.pop().is_none());
    });
}

#[test]
fn force_push_accounts_for_every_value_and_never_waits() {
    model(|| {
        let queue = Arc::new(Queue::new(2));
        let popped = Arc::new(AtomicUsize::new(0));
        let consumer = {
            let (queue, popped) = (queue.clone(), popped.clone());
            thread::spawn(move || {
                for _ in 0..2 {
                    popped.fetch_add(usize::from(queue.pop().is_some()), Ordering::Relaxed);
                }
            })
        };
        let dropped: usize = (0..4).map(|n| queue.force_push(boxed(n))).sum();
        consumer.join().unwrap();
        let mut left = 0;
        while queue.pop().is_some() {
            left += 1;
        }
        assert_eq!(dropped + popped.load(Ordering::Relaxed) + left, 4);
    });
}

fn filled(arena: &Arena, byte: u8) -> Option<Frame> {
    let mut frame = arena.take()?;
    frame.append(&[byte; 4]).unwrap();
    Some(frame)
}

#[test]
fn blocks_go_round_between_threads() {
    model(|| {
        let arena = Arena::new(2, 64);
        let held = filled(&arena, 1).unwrap();
        let theirs = {
            let arena = arena.clone();
            thread::spawn(move || {
                drop(held);
                filled(&arena, 2).map(|f| f[0])
            })
        };
        let mine = filled(&arena, 3);
        assert_eq!(theirs.join().unwrap(), Some(2), "a block given back is there again at once");
        assert_eq!(mine.as_deref(), Some(&[3; 4][..]));
        drop(mine);
        assert_eq!(arena.free(), 2);
    });
}

#[test]
fn three_threads_take_and_give_back() {
    model(|| {
        let arena = Arena::new(2, 64);
        let threads: Vec<_> = (0..2)
            .map(|byte| {
                let arena = arena.clone();
                thread::spawn(move || {
                    for _ in 0..2 {
                        let frame = filled(&arena, byte).expect("one block a thread");
                        assert_eq!(frame[..], [byte; 4]);
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!((arena.free(), arena.refused()), (2, 0));
    });
}

#[test]
fn halves_of_a_block_are_dropped_by_two_threads() {
    model(|| {
        let arena = Arena::new(1, 64);
        let mut rest = filled(&arena, 7).unwrap();
        let mut front = rest.split_to(2);
        let other = thread::spawn(move || {
            front[0] = 8;
            assert_eq!(front[..], [8, 7]);
        });
        rest[1] = 9;
        assert_eq!(rest[..], [7, 9]);
        drop(rest);
        // Whoever came last gave the block back; taking it must come after both writes.
        let again = filled(&arena, 1);
        other.join().unwrap();
        drop(again);
        assert_eq!(arena.free(), 1);
    });
}

#[test]
fn the_last_handle_releases_the_memory_once() {
    model(|| {
        let arena = Arena::new(1, 64);
        let frame = arena.take().unwrap();
        let other = thread::spawn(move || drop(frame));
        drop(arena);
        other.join().unwrap();
    });
}
