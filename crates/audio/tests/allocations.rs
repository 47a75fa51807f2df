//! A voice link asks for no memory once it is open, whatever comes.

#[path = "../../../benches/figures/counting.rs"]
mod counting;

use codec::msbc::{SAMPLES, Sender};
use pool::{Arena, Instant};
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
