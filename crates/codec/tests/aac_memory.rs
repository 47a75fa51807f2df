//! AAC takes no memory but for a decoder that is made: alone in its process, as `symphonia` builds tables
//! of its own once for all.
#![cfg(feature = "aac")]

use tandem_codec::aac::{Decoder, MAX_SAMPLES};

#[path = "../../../benches/figures/counting.rs"]
mod counting;

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

#[test]
fn a_unit_takes_no_memory() {
    let mut decoder = Decoder::new();
    decoder.prepare(44_100, 2).expect("supported");
    let mut rest = &include_bytes!("vectors/tones.latm")[..];
    let mut out = [0; MAX_SAMPLES];
    let before = counting::calls();
    while let [0x56, high, low, behind @ ..] = rest {
        let (element, next) = behind.split_at(usize::from(high & 31) << 8 | usize::from(*low));
        decoder.decode(element, &mut out).expect("good");
        decoder.conceal(&mut out);
        rest = next;
    }
    decoder.prepare(44_100, 2).expect("supported");
    assert_eq!(counting::calls() - before, 0, "calls to the allocator");
}
