//! Decodes N frames of joint stereo, bitpool 53, 44.1 kHz, 16 blocks, 8 subbands, so that the
//! instructions a frame are the difference of two runs:
//!
//! ```text
//! cargo build --release -p tandem-codec --example sbc_decode
//! valgrind --tool=callgrind --callgrind-out-file=/dev/null target/release/examples/sbc_decode 1000
//! valgrind --tool=callgrind --callgrind-out-file=/dev/null target/release/examples/sbc_decode 2000
//! ```
//!
//! A second argument `encode` encodes them instead.

use tandem_codec::sbc::{
    Allocation, Decoder, Encoder, Frequency, Header, MAX_FRAME, MAX_SAMPLES, Mode,
};

/// Different frames that are taken in turn.
const FRAMES: usize = 64;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let count = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(1000);
    let encode = arguments.next().is_some_and(|what| what == "encode");

    let header =
        Header::new(Frequency::Hz44100, Mode::JointStereo, Allocation::Loudness, 16, 8, 53)
            .expect("legal parameters");
    let mut encoder = Encoder::new(header);
    let mut sounds = Vec::new();
    let mut frames = Vec::new();
    let mut noise = 1u32;
    for frame in 0..FRAMES {
        let mut pcm = [0i16; MAX_SAMPLES];
        for (i, sample) in pcm.chunks_exact_mut(2).enumerate() {
            let time = (frame * header.samples() + i) as f32 / 44_100.0;
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let hiss = (noise >> 16) as f32 / 65_536.0 - 0.5;
            for (channel, sample) in sample.iter_mut().enumerate() {
                let tone = |hertz: f32| (time * hertz * std::f32::consts::TAU).sin();
                let sum = 12_000.0 * tone(440.0 + 2.0 * channel as f32)
                    + 6_000.0 * tone(3_000.0)
                    + 2_000.0 * tone(9_000.0)
                    + 2_000.0 * hiss;
                *sample = sum as i16;
            }
        }
        let mut bytes = vec![0; MAX_FRAME];
        let length = encoder.encode(&pcm, &mut bytes).expect("room for a frame");
        bytes.truncate(length);
        frames.push(bytes);
        sounds.push(pcm);
    }

    let mut sum = 0u64;
    if encode {
        let mut out = [0; MAX_FRAME];
        for pcm in sounds.iter().cycle().take(count) {
            let length = encoder.encode(pcm, &mut out).expect("room for a frame");
            sum = sum.wrapping_add(u64::from(out[length - 1]));
        }
    } else {
        let mut decoder = Decoder::new();
        let mut out = [0; MAX_SAMPLES];
        for frame in frames.iter().cycle().take(count) {
            decoder.decode(frame, &mut out).expect("a good frame");
            sum = sum.wrapping_add(u64::from(out[0] as u16));
        }
    }
    println!("{count} frames, {sum:#x}");
}
