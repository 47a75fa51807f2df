//! Decodes N units of AAC LC (96 kbit/s, 44.1 kHz, stereo), so that the instructions a unit are the
//! difference of two runs:
//!
//! ```text
//! cargo build --release -p tandem-codec --example aac_decode
//! valgrind --tool=callgrind --callgrind-out-file=/dev/null target/release/examples/aac_decode 1000
//! valgrind --tool=callgrind --callgrind-out-file=/dev/null target/release/examples/aac_decode 2000
//! ```

use tandem_codec::aac::{Decoder, MAX_SAMPLES};

fn main() {
    let count = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1000);
    let mut rest = &include_bytes!("../tests/vectors/tones.latm")[..];
    let mut elements = Vec::new();
    while let [0x56, high, low, behind @ ..] = rest {
        let (element, next) = behind.split_at(usize::from(high & 31) << 8 | usize::from(*low));
        elements.push(element);
        rest = next;
    }
    let mut decoder = Decoder::new();
    let mut out = [0; MAX_SAMPLES];
    let mut sum = 0u64;
    for element in elements.iter().cycle().take(count) {
        decoder.decode(element, &mut out).expect("a good element");
        sum = sum.wrapping_add(u64::from(out[0] as u16));
    }
    println!("{count} units, {sum:#x}");
}
