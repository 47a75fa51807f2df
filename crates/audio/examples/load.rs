//! The audio thread's load for one phone: SBC at 44.1 kHz (joint stereo, bitpool 53, five frames a
//! packet) decoded, buffered, converted to 48 kHz and given to a sink, for some seconds of virtual
//! time.
//!
//! `load [SECONDS] [SINK] [RATE]`; under `valgrind --tool=callgrind` it gives instructions, under
//! `--tool=dhat` allocations: run it for two lengths and take the difference.

use core::time::Duration;

use codec::sbc::{Allocation, Encoder, Frequency, Header, Mode};
use pool::{Arena, Frame, Instant};
use tandem_audio::{Config, Control, Engine, Sink, StreamCodec, analysis};

const FRAMES: u8 = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let seconds: u64 = arguments.next().map_or(Ok(10), |s| s.parse())?;
    let sink = arguments.next().unwrap_or_else(|| "null".into());
    let rate: u32 = arguments.next().map_or(Ok(44_100), |s| s.parse())?;
    let packets = packets(rate)?;
    let mut engine = Engine::new(Config::default());
    let mut sink = Sink::open(&sink, engine.rate())?;
    engine.control(
        Instant::ZERO,
        Control::Open { stream: 1, codec: StreamCodec::Sbc, rate, channels: 2 },
    )?;
    engine.control(Instant::ZERO, Control::Gain { stream: 1, gain: 1.0, fade_ms: 10 })?;
    sink.start(Instant::ZERO);
    let mut out = vec![0; 9_600];
    let mut sent = 0u64;
    let packet = Duration::from_secs_f64(f64::from(FRAMES) * 128.0 / f64::from(rate));
    let started = std::time::Instant::now();
    for tick in 1..=seconds * 100 {
        let now = Instant::from_millis(tick * 10);
        while Instant::ZERO + packet * (sent as u32 + 1) <= now {
            let payload = &packets[sent as usize % packets.len()];
            engine.media(now, 1, payload, FRAMES, sent as u16);
            sent += 1;
        }
        let due = sink.due(now)?;
        engine.render(now, &mut out[..due * 2]);
        sink.write(&out[..due * 2])?;
        while engine.poll().is_some() {}
    }
    let spent = started.elapsed().as_secs_f64() * 1e3 / seconds as f64;
    println!("{spent:.2} ms for a second of sound; {:?}", engine.stats(1));
    Ok(())
}

/// A tone with some noise, to be played again and again.
fn packets(rate: u32) -> Result<Vec<Frame>, Box<dyn std::error::Error>> {
    let frequency = match rate {
        16_000 => Frequency::Hz16000,
        32_000 => Frequency::Hz32000,
        44_100 => Frequency::Hz44100,
        _ => Frequency::Hz48000,
    };
    let header = Header::new(frequency, Mode::JointStereo, Allocation::Loudness, 16, 8, 53)?;
    let mut encoder = Encoder::new(header);
    let arena = Arena::new(64, 1_024);
    let mut noise = 1u32;
    let mut packets = Vec::new();
    for packet in 0..64 {
        let at = packet * u64::from(FRAMES) * 128;
        let mut pcm = analysis::sine(997.0, 9_000.0, rate, at, usize::from(FRAMES) * 128);
        for sample in &mut pcm {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *sample += (noise >> 20) as i16;
        }
        let mut frame = arena.take().ok_or("the arena is too small")?;
        for pcm in pcm.chunks(256) {
            let length = encoder.encode(pcm, frame.spare_mut())?;
            frame.grow(length)?;
        }
        packets.push(frame);
    }
    Ok(packets)
}
