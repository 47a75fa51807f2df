//! What becomes of packets whose sequence numbers do not grow by one: the buffer's level tells
//! whether each was taken.

use pool::Instant;

use super::*;

/// Sound of one packet: one frame of 128 samples at 48 kHz.
const PACKET: usize = FRAME_SAMPLES;

/// Hands over packets of these numbers; gives how many came to be heard, concealed ones included.
fn taken(stream: &mut Stream, numbers: impl IntoIterator<Item = u16>) -> usize {
    let before = stream.ring.len();
    for number in numbers {
        stream.media(Instant::from_millis(1), &[1; 4 * PACKET], 1, number, |_, _| {});
    }
    (stream.ring.len() - before) / PACKET
}

fn stream() -> Stream {
    let mut stream = Stream::new(48_000, false);
    assert!(stream.open(1, StreamCodec::Pcm, (48_000, 2), 120));
    stream
}

#[test]
fn a_packet_that_comes_again_is_heard_once() {
    let mut stream = stream();
    assert_eq!(taken(&mut stream, [1, 1, 2, 2, 2, 3, 4, 3, 4, 5]), 5);
    assert_eq!(taken(&mut stream, 6..=13), 8);
    assert_eq!(taken(&mut stream, 6..=13), 0, "a burst that is repeated as a whole");
    assert_eq!(taken(&mut stream, 14..=20), 7, "and the flow goes on after it");
    let stats = stream.stats();
    assert_eq!((stats.packets, stats.repeated, stats.lost), (20, 13, 0));
}

#[test]
fn a_packet_that_comes_too_late_is_not_heard_after_its_place() {
    let mut stream = stream();
    assert_eq!(taken(&mut stream, [u16::MAX - 1, 0, u16::MAX, 1]), 4, "its place is concealed");
    let stats = stream.stats();
    assert_eq!((stats.lost, stats.repeated), (1, 1));
}

#[test]
fn a_source_that_starts_counting_afresh_is_heard() {
    let mut stream = stream();
    assert_eq!(taken(&mut stream, 1000..1010), 10);
    assert_eq!(taken(&mut stream, 0..10), 10, "far behind");
    assert_eq!(taken(&mut stream, 30_000..30_010), 10, "far ahead");
    assert_eq!(taken(&mut stream, 29_900..29_910), 10, "behind by more than what comes late");
    assert_eq!(stream.stats().repeated, 0);
    stream.flush();
    assert_eq!(taken(&mut stream, 29_908..29_910), 2, "after a pause every number is new");
}

#[test]
fn a_source_that_starts_afresh_near_by_is_missed_for_a_moment_only() {
    let mut stream = stream();
    assert_eq!(taken(&mut stream, 0..4), 4);
    assert_eq!(taken(&mut stream, 0..20), 16);
    assert_eq!(stream.stats().repeated, 4);
}

#[test]
fn a_source_that_does_not_count_is_heard() {
    let mut stream = stream();
    let repeats = usize::from(REPEATS);
    assert_eq!(taken(&mut stream, [7; 60]), 60 - repeats, "after a moment it is believed");
    assert_eq!(stream.stats().repeated, u64::from(REPEATS));
}

#[test]
fn a_source_that_leaves_the_count_at_zero_is_taken_by_what_the_packet_holds() {
    let mut stream = stream();
    stream.media(Instant::from_millis(1), &[1; 5 * 4 * PACKET], 0, 1, |_, _| {});
    assert_eq!((stream.ring.len() / PACKET, stream.stats().concealed), (5, 0));
}

#[test]
fn a_flush_is_silence_until_there_is_sound_again() {
    let mut stream = stream();
    stream.media(Instant::from_millis(1), &[64; 4 * PACKET], 1, 1, |_, _| {});
    assert!(stream.sounding.get());
    stream.flush();
    assert!(!stream.sounding.get());
    stream.media(Instant::from_millis(2), &[64; 4 * PACKET], 1, 2, |_, _| {});
    assert!(stream.sounding.get());
}

#[test]
fn a_round_that_is_rendered_late_is_no_overrun() {
    // 96 ms are 36 packets and 18 blocks. In the sixth round comes what there is room for: 120 ms
    // more than is played.
    const ROUND_MS: u64 = 96;
    let mut stream = stream();
    let mut number = 0;
    for round in 0..12 {
        let begin = Instant::from_millis(round * ROUND_MS);
        for packet in 0..if round == 5 { 36 + 45 } else { 36 } {
            let arrival = begin + Duration::from_millis(ROUND_MS * packet.min(36) / 36);
            stream.media(arrival, &[64; 4 * PACKET], 1, number, |_, _| {});
            number += 1;
        }
        for block in 0..18 {
            let at = begin + Duration::from_micros(1000 * ROUND_MS * block / 18);
            stream.render(at, [&mut [0.0; BLOCK][..], &mut [0.0; BLOCK][..]]);
        }
    }
    let stats = stream.stats();
    assert_eq!((stats.underruns, stats.overruns, stats.lost), (0, 0, 0));
    assert!(
        stats.level_ms > 150.0,
        "{} ms: the excess is steered away, not dropped",
        stats.level_ms
    );
}
