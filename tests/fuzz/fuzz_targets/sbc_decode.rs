//! Payloads of any bytes through the SBC decoder, as a receiver treats them: decode, and where
//! that fails conceal and look for the next frame. The first byte chooses A2DP or mSBC.

#![no_main]

use codec::sbc::{Decoder, MAX_FRAME, MAX_SAMPLES};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((kind, payload)) = data.split_first() else { return };
    let mut decoder = if kind & 1 == 0 { Decoder::new() } else { Decoder::msbc() };
    let mut at = 0;
    while at < payload.len() {
        let mut out = [0; MAX_SAMPLES];
        match decoder.decode(&payload[at..], &mut out) {
            Ok(decoded) => {
                assert!(decoded.consumed <= MAX_FRAME && decoded.consumed <= payload.len() - at);
                assert!(decoded.samples * decoded.channels <= MAX_SAMPLES);
                at += decoded.consumed;
            }
            Err(_) => {
                decoder.conceal(&mut out);
                let Some(next) = decoder.find(&payload[at + 1..]) else { break };
                at += 1 + next;
            }
        }
    }
});
