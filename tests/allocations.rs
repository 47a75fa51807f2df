//! The media path asks for no memory and copies nothing, from the H4 bytes of a packet, or the
//! transfer that brought it over USB, to sound.
//! `cargo bench --bench figures` takes the same path for a million packets and counts instructions.

#[expect(dead_code, reason = "the bench takes the bus's own share off")]
#[path = "../benches/figures/bus.rs"]
mod bus;
#[path = "../benches/figures/counting.rs"]
mod counting;
#[path = "../benches/figures/music.rs"]
mod music;
#[path = "../benches/figures/scripted.rs"]
mod scripted;
#[path = "../benches/figures/streaming.rs"]
mod streaming;

use streaming::Streaming;

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

/// The frames a packet makes of sound at 48 kHz, in two channels, about.
const HEARD: usize = 2 * music::SAMPLES as usize * 48_000 / music::RATE as usize;

#[test]
fn the_counter_counts() {
    let before = counting::calls();
    drop(std::hint::black_box(Box::new(1)));
    assert_eq!(counting::calls() - before, 2);
}

#[test]
fn a_media_packet_becomes_an_effect_where_it_lies() {
    let mut streaming = Streaming::start();
    let (before, copied) = (streaming.allocations(), streaming.arena.copied());
    for _ in 0..20_000 {
        let payload = streaming.packet();
        assert!(Streaming::is_inside(&streaming.arena, payload), "{payload:?} was copied, or cut");
    }
    assert_eq!(streaming.allocations() - before, 0, "calls to the allocator");
    assert_eq!(streaming.arena.copied() - copied, 0, "bytes copied");
}

#[test]
fn a_media_packet_over_usb_becomes_an_effect_where_it_lies() {
    let mut streaming = Streaming::start();
    let (bus, mut transport) = bus::Bus::plug();
    let arena = transport.arena().clone();
    let (before, calls) = (streaming.allocations(), bus.calls());
    for _ in 0..20_000 {
        bus.data(streaming.next());
        let payload = streaming.packet_from(&mut transport);
        assert!(Streaming::is_inside(&arena, payload), "{payload:?} was copied, or cut");
    }
    assert_eq!(streaming.allocations() - before, 0, "calls to the allocator");
    assert_eq!(arena.copied(), 0, "bytes copied");
    assert_eq!(bus.calls() - calls, 3 * 20_000, "reap, submit, empty reap");
}

#[test]
fn sound_takes_no_memory() {
    let mut streaming = Streaming::start();
    streaming.played();
    let (before, copied) = (streaming.allocations(), streaming.arena.copied());
    // More than three minutes, so that every timer of a young connection ends among them.
    let packets = 8_000;
    let heard: usize = (0..packets).map(|_| streaming.played()).sum();
    assert_eq!(streaming.allocations() - before, 0, "calls to the allocator");
    assert_eq!(streaming.arena.copied() - copied, 0, "bytes copied");
    assert!(heard > packets * HEARD * 98 / 100, "{heard} samples were sound");
}
