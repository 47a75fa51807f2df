//! Packets of any bytes through the AAC receiver, one after another as a stream's are; what fails is
//! concealed. The input is cut by the lengths of an AudioSyncStream, so that real streams can be seeds;
//! the two bits that are always set there say whether an element ends with the packet and whether none
//! was lost before it.

#![no_main]

use codec::aac::{MAX_SAMPLES, Receiver, UNIT_SAMPLES};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut receiver = Receiver::new();
    let mut rest = data;
    let mut out = [0; MAX_SAMPLES];
    while let [_, high, low, behind @ ..] = rest {
        let length = usize::from(high & 31) << 8 | usize::from(*low);
        let (element, next) = behind.split_at(length.min(behind.len()));
        let (marker, follows) = (high & 0x80 != 0, high & 0x40 != 0);
        if !follows {
            receiver.lost();
        }
        match receiver.packet(element, marker, &mut out) {
            Ok(Some(decoded)) => {
                assert!(decoded.samples * decoded.channels <= MAX_SAMPLES);
                assert!(decoded.samples.is_multiple_of(UNIT_SAMPLES));
            }
            Ok(None) => {}
            Err(_) => receiver.conceal(&mut out[..2 * UNIT_SAMPLES]),
        }
        rest = next;
    }
});
