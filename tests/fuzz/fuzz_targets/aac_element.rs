//! AudioMuxElements of any bytes through the AAC decoder, one after another as a stream's packets are;
//! what fails is concealed. The input is cut by the lengths of an AudioSyncStream, so that real
//! streams can be seeds.

#![no_main]

use codec::aac::{Decoder, MAX_SAMPLES, UNIT_SAMPLES};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut decoder = Decoder::new();
    let mut rest = data;
    let mut out = [0; MAX_SAMPLES];
    while let [_, high, low, behind @ ..] = rest {
        let length = usize::from(high & 31) << 8 | usize::from(*low);
        let (element, next) = behind.split_at(length.min(behind.len()));
        match decoder.decode(element, &mut out) {
            Ok(decoded) => {
                assert!(decoded.samples * decoded.channels <= MAX_SAMPLES);
                assert!(decoded.samples.is_multiple_of(UNIT_SAMPLES));
            }
            Err(_) => decoder.conceal(&mut out[..2 * UNIT_SAMPLES]),
        }
        rest = next;
    }
});
