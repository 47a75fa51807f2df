//! The bytes of a voice link in packets of any size, some of them marked as damaged: every unit gives
//! a decision, and at most the three that sequence numbers can tell of besides; frames are decoded, and
//! what is lost is made up.

#![no_main]

use codec::msbc::{Decision, PACKET, Receiver, SAMPLES};
use codec::plc::Concealment;
use codec::sbc::Decoder;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&size, stream)) = data.split_first() else { return };
    let size = usize::from(size).max(1);
    let (mut receiver, mut decoder) = (Receiver::new(), Decoder::msbc());
    let mut concealment = Concealment::msbc();
    let mut decisions = 0;
    for (n, mut packet) in stream.chunks(size).enumerate() {
        let damaged = packet[0] == n as u8;
        while let Some(decision) = receiver.next(&mut packet, damaged) {
            decisions += 1;
            let mut pcm = [0; SAMPLES];
            match decision {
                Decision::Frame(frame) => {
                    decoder.decode(frame, &mut pcm).expect("what the receiver gives is whole");
                    concealment.received(&mut pcm);
                }
                Decision::Lost => concealment.lost(&mut pcm),
            }
        }
        assert!(packet.is_empty());
    }
    // The last byte of a unit may be the first of the next.
    assert!(decisions <= 4 * (stream.len() / (PACKET - 1)));
});
