use core::ptr::NonNull;
use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::{Arena, Full, HEADROOM, Instant, Queue};

#[test]
fn a_frame_takes_headers_off_and_puts_them_on_in_place() {
    let arena = Arena::new(1, 64);
    let mut frame = arena.take().unwrap();
    assert_eq!((frame.len(), frame.headroom(), frame.room()), (0, HEADROOM, 32));
    frame.append(b"payload").unwrap();
    let at = frame.as_ptr();
    frame.prepend(b"head").unwrap();
    assert_eq!(&frame[..], b"headpayload");
    frame.advance(4);
    assert_eq!((&frame[..], frame.as_ptr()), (&b"payload"[..], at), "not moved");
    frame.truncate(3);
    assert_eq!(&frame[..], b"pay");
    assert_eq!(frame.append(&[0; 30]), Err(Full));
    assert_eq!(frame.prepend(&[0; 33]), Err(Full));
    assert_eq!(frame.grow(30), Err(Full));
    assert_eq!(&frame[..], b"pay", "what does not fit changes nothing");
    frame.advance(usize::MAX);
    assert!(frame.is_empty());
    frame.reset(usize::MAX);
    assert_eq!((frame.headroom(), frame.room()), (64, 0));
}

#[test]
fn a_block_goes_home_with_its_last_frame() {
    let arena = Arena::new(1, 64);
    let mut rest = arena.take().unwrap();
    rest.set_arrival(Instant::from_millis(3));
    rest.append(b"onetwo").unwrap();
    let one = rest.split_to(3);
    assert_eq!((&one[..], &rest[..]), (&b"one"[..], &b"two"[..]));
    assert_eq!((one.arrival(), one.room(), rest.headroom()), (rest.arrival(), 0, 0));
    assert!(arena.take().is_none());
    drop(rest);
    assert_eq!((arena.free(), arena.refused()), (0, 1));
    drop(one);
    assert_eq!(arena.free(), 1);
    assert!(arena.take().unwrap().is_empty());
}

#[test]
fn every_block_is_handed_out_once() {
    let arena = Arena::new(5, 33);
    let frames: Vec<_> = (0..5).map(|_| arena.take().unwrap()).collect();
    let mut starts: Vec<_> = frames.iter().map(|f| f.as_ptr() as usize).collect();
    starts.sort_unstable();
    assert!(starts.windows(2).all(|w| w[1] - w[0] == 33));
    assert!(arena.take().is_none());
    drop(frames);
    assert_eq!(arena.free(), 5);
}

#[test]
fn mapped_memory_is_released_after_the_last_frame() {
    static RELEASED: AtomicBool = AtomicBool::new(false);
    let memory = Box::leak(vec![0u8; 128].into_boxed_slice());
    let start = NonNull::from(&mut *memory).cast::<u8>();
    let release = Box::new(|| RELEASED.store(true, Ordering::Relaxed));
    // SAFETY: the leaked memory stays valid, and only the arena uses it.
    let arena = unsafe { Arena::from_mapping(start, 2, 64, release) };
    assert_eq!(arena.extent(), (start, 128));
    let frame = arena.take().unwrap();
    drop(arena);
    assert!(!RELEASED.load(Ordering::Relaxed));
    drop(frame);
    assert!(RELEASED.load(Ordering::Relaxed));
    // SAFETY: leaked above, and the arena is gone.
    drop(unsafe { Box::from_raw(start.as_ptr().cast::<[u8; 128]>()) });
}

#[test]
#[should_panic(expected = "an arena has at most")]
fn an_arena_of_too_many_blocks_is_refused() {
    Arena::new(65_535, 33);
}

#[test]
fn a_queue_keeps_its_order_around_the_ring() {
    let queue = Queue::new(3);
    assert_eq!((queue.capacity(), queue.is_empty()), (4, true));
    for lap in 0..10 {
        for n in 0..4 {
            queue.push(lap * 4 + n).unwrap();
        }
        assert_eq!((queue.push(99), queue.len()), (Err(99), 4));
        for n in 0..4 {
            assert_eq!(queue.pop(), Some(lap * 4 + n));
        }
        assert_eq!(queue.pop(), None);
    }
}

#[test]
fn force_push_drops_the_oldest_and_says_how_many() {
    let queue = Queue::new(2);
    assert_eq!((0..5).map(|n| queue.force_push(n)).collect::<Vec<_>>(), [0, 0, 1, 1, 1]);
    assert_eq!((queue.pop(), queue.pop(), queue.pop()), (Some(3), Some(4), None));
}

#[test]
fn a_queue_drops_what_it_holds() {
    let value = Arc::new(());
    let queue = Queue::new(4);
    for _ in 0..3 {
        queue.push(value.clone()).unwrap();
    }
    assert_eq!(Arc::strong_count(&value), 4);
    drop(queue);
    assert_eq!(Arc::strong_count(&value), 1);
}

/// Threads that take, split, pass on and drop for a while; every block is home at the end, and no
/// frame ever showed bytes that another thread wrote.
#[test]
fn many_threads_share_an_arena_and_a_queue() {
    const ROUNDS: usize = if cfg!(debug_assertions) { 20_000 } else { 200_000 };
    let arena = Arena::new(8, 128);
    let queue = Queue::new(4);
    let (sent, lost, seen) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for byte in 1..4u8 {
            let (arena, queue, sent, lost) = (&arena, &queue, &sent, &lost);
            scope.spawn(move || {
                for _ in 0..ROUNDS {
                    let Some(mut frame) = arena.take() else { continue };
                    frame.append(&[byte; 64]).unwrap();
                    let front = frame.split_to(32);
                    lost.fetch_add(queue.force_push(front), Ordering::Relaxed);
                    sent.fetch_add(1, Ordering::Relaxed);
                    assert!(frame.iter().all(|b| *b == byte));
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    let Some(frame) = queue.pop() else { continue };
                    assert!(frame.len() == 32 && frame.iter().all(|b| *b == frame[0]));
                    seen.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    while queue.pop().is_some() {
        seen.fetch_add(1, Ordering::Relaxed);
    }
    assert_eq!(seen.into_inner() + lost.into_inner(), sent.into_inner());
    assert_eq!(arena.free(), 8);
}

#[test]
fn instants_saturate() {
    let one = Instant::from_millis(1);
    assert_eq!(one + Duration::from_millis(2), Instant::from_nanos(3_000_000));
    assert_eq!(
        Instant::from_nanos(u64::MAX) + Duration::from_secs(1),
        Instant::from_nanos(u64::MAX)
    );
    assert_eq!(one + Duration::MAX, Instant::from_nanos(u64::MAX));
    // An option is as large, and all of it is set: optimised code looks at the value first.
    assert_eq!(size_of::<Option<Instant>>(), size_of::<u64>());
    assert_eq!(Instant::ZERO.as_nanos(), 0);
    assert_eq!(Instant::ZERO - one, Duration::ZERO);
    assert_eq!(Instant::from_nanos(1_500_000_000).as_secs_f64(), 1.5);
    assert_eq!(format!("{one:?}"), "0.001000000s");
}
