//! What a frame of voice costs: does one thing N times, so that the instructions it takes are the
//! difference of two runs:
//!
//! ```text
//! cargo build --release -p tandem-codec --example voice
//! valgrind --tool=callgrind --callgrind-out-file=/dev/null target/release/examples/voice encode 1000
//! valgrind --tool=callgrind --callgrind-out-file=/dev/null target/release/examples/voice encode 2000
//! ```
//!
//! `encode`: 7.5 ms into an H2 frame. `receive`: packets of 24 bytes into frames, not decoded.
//! `decode`: the same, decoded and noted by the concealment. `msbc-loss`, `cvsd-loss`: 7.5 ms made up,
//! each a loss of its own, and 7.5 ms faded in behind it.

use tandem_codec::msbc::{Decision, PACKET, Receiver, SAMPLES, Sender};
use tandem_codec::plc::Concealment;
use tandem_codec::sbc::Decoder;

/// Different frames that are taken in turn; the sequence numbers go round in them.
const FRAMES: usize = 64;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().unwrap_or_default();
    let count: usize = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(1000);

    let mut sound = [[0i16; SAMPLES]; FRAMES];
    for (i, sample) in sound.as_flattened_mut().iter_mut().enumerate() {
        let time = i as f32 / 16_000.0;
        let tone = |hertz: f32| (time * hertz * std::f32::consts::TAU).sin();
        *sample = (6_000.0 * tone(170.0) + 3_000.0 * tone(850.0) + 1_000.0 * tone(2_900.0)) as i16;
    }
    let mut sender = Sender::new();
    let mut units = [[0u8; PACKET]; FRAMES];
    for (unit, mut pcm) in units.iter_mut().zip(sound.iter().map(|pcm| &pcm[..])) {
        *unit = *sender.next(&mut pcm).expect("a whole frame");
    }

    let mut sum = 0u64;
    match &*what {
        "encode" => {
            for mut pcm in sound.iter().map(|pcm| &pcm[..]).cycle().take(count) {
                let unit = sender.next(&mut pcm).expect("a whole frame");
                sum = sum.wrapping_add(u64::from(unit[50]));
            }
        }
        "receive" | "decode" => {
            let (mut receiver, mut decoder) = (Receiver::new(), Decoder::msbc());
            let mut concealment = Concealment::msbc();
            let mut frames = 0;
            for mut packet in units.as_flattened().chunks(24).cycle() {
                while let Some(decision) = receiver.next(&mut packet, false) {
                    let Decision::Frame(frame) = decision else { panic!("nothing is lost") };
                    frames += 1;
                    sum = sum.wrapping_add(u64::from(frame[50]));
                    if what == "decode" {
                        let mut pcm = [0; SAMPLES];
                        decoder.decode(frame, &mut pcm).expect("a good frame");
                        concealment.received(&mut pcm);
                        sum = sum.wrapping_add(u64::from(pcm[0] as u16));
                    }
                }
                if frames >= count {
                    break;
                }
            }
        }
        "msbc-loss" | "cvsd-loss" => {
            let msbc = what == "msbc-loss";
            let mut concealment = if msbc { Concealment::msbc() } else { Concealment::cvsd() };
            for pcm in sound.iter().cycle().take(count) {
                let mut pcm = *pcm;
                let pcm = if msbc { &mut pcm[..] } else { &mut pcm[..SAMPLES / 2] };
                concealment.received(pcm);
                concealment.lost(pcm);
                sum = sum.wrapping_add(u64::from(pcm[0] as u16));
            }
        }
        _ => panic!("say what: encode, receive, decode, msbc-loss or cvsd-loss"),
    }
    println!("{what} {count}: {sum:#x}");
}
