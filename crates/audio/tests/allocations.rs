//! A voice link asks for no memory once it is open, whatever comes; nor does a stream of AAC, whose
//! decoder makes an allocated error of each unit that is damaged, however.

#[path = "../../../benches/figures/counting.rs"]
mod counting;

use codec::msbc::{SAMPLES, Sender};
use pool::{Arena, Instant};
#[cfg(feature = "aac")]
use tandem_audio::StreamCodec;
use tandem_audio::{Config, Control, Engine, VoiceCoding};

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

#[test]
fn a_voice_link_takes_no_memory() {
    let mut engine = Engine::new(Config::default());
    let arena = Arena::new(4, 512);
    let mut sender = Sender::new();
    let before = counting::calls();
    for (link, coding, size) in [(1, VoiceCoding::Cvsd, 48), (2, VoiceCoding::Msbc, 60)] {
        let open = Control::OpenVoice { link, coding, microphone_rate: 48_000 };
        engine.control(Instant::ZERO, open).expect("room");
        let gain = Control::VoiceGain { link, gain: 1.0, fade_ms: 10 };
        engine.control(Instant::ZERO, gain).expect("open");
        let step = if coding == VoiceCoding::Cvsd { 3_000_000 } else { 7_500_000 };
        for n in 0..4_000u64 {
            let now = Instant::from_nanos(n * step);
            let pcm: [i16; SAMPLES] = std::array::from_fn(|i| (n as i16).wrapping_mul(i as i16));
            let mut packet = arena.take().expect("a block");
            if coding == VoiceCoding::Cvsd {
                pcm[..24].iter().for_each(|s| packet.append(&s.to_le_bytes()).expect("room"));
            } else {
                packet.append(sender.next(&mut &pcm[..]).expect("a unit")).expect("room");
            }
            // Some are lost, some marked, and for a while nothing comes.
            if n % 13 != 0 && !(2_000..2_100).contains(&n) {
                engine.voice(now, link, &packet, n % 17 == 0);
            }
            if !(3_000..3_100).contains(&n) {
                engine.microphone(now, &[n as i16; 360][..(step / 20_833) as usize]);
            }
            engine.voice_reply(now, link, &mut [0; 60][..size]);
            engine.render(now, &mut [0; 720][..2 * (step / 20_833) as usize]);
        }
        let stats = engine.voice_stats(link).expect("open");
        assert!(stats.lost > 0 && stats.late > 0 && stats.stalls > 0, "{stats:?}");
        assert!(stats.microphone_underruns > 0, "{stats:?}");
        engine.control(Instant::ZERO, Control::CloseVoice { link }).expect("open");
    }
    assert_eq!(counting::calls() - before, 0, "calls to the allocator");
}

/// Elements of half a kilobyte, the configuration of which is known: the length and the unit follow one
/// bit.
#[cfg(feature = "aac")]
fn elements(mut adts: &[u8]) -> Vec<Vec<u8>> {
    let mut elements = Vec::new();
    while let [_, _, _, a, b, c, _, ..] = adts {
        let length = usize::from(a & 3) << 11 | usize::from(*b) << 3 | usize::from(c >> 5);
        let unit = &adts[7..length];
        let mut bytes = vec![255; unit.len() / 255];
        bytes.push((unit.len() % 255) as u8);
        bytes.extend(unit);
        bytes.push(0);
        let before = std::iter::once(&1).chain(&bytes);
        elements.push(before.zip(&bytes).map(|(before, byte)| before << 7 | byte >> 1).collect());
        adts = &adts[length..];
    }
    elements
}

#[cfg(feature = "aac")]
#[test]
fn a_stream_of_aac_takes_memory_only_when_it_is_opened_and_unlike_the_last() {
    let mut engine = Engine::new(Config { streams: 1, ..Config::default() });
    let arena = Arena::new(4, 2_048);
    let stereo = elements(include_bytes!("../../codec/tests/vectors/tone-441.adts"));
    let mono = elements(include_bytes!("../../codec/tests/vectors/tone-480-mono.adts"));
    let streams = [(44_100, 2, &stereo, 0), (48_000, 1, &mono, 1), (48_000, 1, &mono, 0)];
    for (rate, channels, elements, most) in streams {
        let open = Control::Open { stream: 1, codec: StreamCodec::Aac, rate, channels };
        let before = counting::calls();
        engine.control(Instant::ZERO, open).expect("supported");
        let opened = counting::calls();
        assert_eq!(opened > before, most > 0, "{} calls to open it", opened - before);
        for n in 0..2_000u64 {
            let now = Instant::from_nanos(n * 1_024_000_000_000 / u64::from(rate));
            let element = &elements[n as usize % elements.len()];
            // All are in pieces, and some are lost.
            for (piece, last) in [(&element[..200], 0), (&element[200..], 1)] {
                let mut packet = arena.take().expect("a block");
                packet.append(piece).expect("room");
                if n % 17 != 0 {
                    engine.media(now, 1, &packet, last, (2 * n) as u16 + u16::from(last));
                }
            }
            engine.render(now, &mut [0; 2_048]);
        }
        let stats = engine.stats(1).expect("open");
        assert!(stats.concealed > 0 && stats.lost > 0, "{stats:?}");
        assert_eq!(counting::calls() - opened, 0, "calls to the allocator");
    }
}
