//! An H4 byte stream of any bytes in pieces of any length: packets come out whole and in order,
//! the same however the stream is cut, and no block of the arena is kept.

#![no_main]

use h4::Framer;
use libfuzzer_sys::fuzz_target;
use pool::{Arena, Instant};

const BLOCKS: usize = 4;
const BLOCK: usize = 512;

/// The packets of a stream that arrives in pieces of these lengths, and whether it was lost.
fn packets(stream: &[u8], pieces: impl Iterator<Item = usize>) -> (Vec<Vec<u8>>, bool) {
    let arena = Arena::new(BLOCKS, BLOCK);
    let mut framer = Framer::new(arena.clone());
    let mut found = Vec::new();
    let (mut rest, mut pieces) = (stream, pieces);
    let mut lost = false;
    while !rest.is_empty() && !lost {
        let room = framer.room().expect("every packet was dropped, so a block is free");
        let length = pieces.next().unwrap_or(usize::MAX).clamp(1, room.len()).min(rest.len());
        room[..length].copy_from_slice(&rest[..length]);
        rest = &rest[length..];
        framer.filled(length, Instant::from_nanos(0));
        loop {
            match framer.packet() {
                Ok(Some((channel, frame))) => {
                    assert_eq!(channel.length(&frame), Some(frame.len()));
                    found.push(frame.to_vec());
                }
                Ok(None) => break,
                Err(_) => {
                    lost = true;
                    break;
                }
            }
        }
    }
    drop(framer);
    assert_eq!(arena.free(), BLOCKS, "a block was kept");
    (found, lost)
}

fuzz_target!(|data: &[u8]| {
    let (pieces, stream) = data.split_at(data.len().min(8));
    let cut = packets(stream, pieces.iter().map(|&length| usize::from(length)).cycle());
    assert_eq!(cut, packets(stream, std::iter::repeat(usize::MAX)));
    assert_eq!(cut, packets(stream, std::iter::repeat(1)));
});
