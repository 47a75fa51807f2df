//! Voice with an embedder in its way: one that owns the sound device, and one with a canceller of its own.

use super::*;

/// A tone that an embedder says.
const WRITTEN: f64 = 880.0;

#[test]
fn an_embedder_hears_the_far_end_and_speaks_in_place_of_the_microphone() {
    for codec in [VoiceCodec::Cvsd, VoiceCodec::Msbc] {
        let mut bed = Bed::new("tone:660");
        let mut coder = Coder::new(codec);
        let handle = handle();
        let mut audio = opened(&handle, &mut bed, AudioKind::Voice);
        assert!(audio.write(&[9; 1_600]).frames > 0, "to nobody yet");
        bed.open(codec);
        let start = bed.now;
        let (mut said, mut heard, mut buffer) = (0, Vec::new(), [0; 1_600]);
        let mut missed = 0;
        for n in 1..=400u32 {
            bed.go_on(start + coder.period() * n);
            let from = u64::from(n - 1) * coder.samples() as u64;
            let pcm = channel(&sine(THEIRS, 8_192.0, coder.rate(), from, coder.samples()), 0);
            let payload = coder.packet(&pcm);
            bed.say(&payload, VoiceStatus::Correct);
            // Pieces of 20 ms, as a program has them; for a while it has none.
            let due = bed.now.since(start).as_millis() as u64 / 20;
            while said <= due {
                let pcm = channel(&sine(WRITTEN, 8_192.0, 16_000, said * 320, 320), 0);
                if !(50..60).contains(&said) {
                    let told = audio.write(&pcm);
                    assert_eq!(told.frames, 320);
                    missed += told.missed;
                }
                said += 1;
            }
            bed.work();
            let got = audio.read(&mut buffer);
            assert_eq!(got.lost, 0);
            heard.extend(&buffer[..got.frames]);
        }
        // Until it went on: 200 ms, less the 100 that were ahead.
        assert!((16 * 90..=16 * 100).contains(&missed), "{missed} frames missed");
        let spoken = decoded(codec, &bed.sent);
        let rate = coder.rate();
        let level = |hertz| amplitude(&spoken[spoken.len() / 10..rate as usize], rate, hertz);
        assert!((level(WRITTEN) - 0.25).abs() < 0.03, "{codec:?}: {}", level(WRITTEN));
        assert!(level(OURS) < 0.005, "{codec:?}: {} of the microphone", level(OURS));
        let level = amplitude(&heard[1_600..], 16_000, THEIRS);
        assert!((level - 0.25).abs() < 0.02, "{codec:?}: {level} of the far end");
        assert!(heard.len().abs_diff(bed.now.since(start).as_millis() as usize * 16) < 200);
        // The microphone is heard again when it is over.
        drop(audio);
        bed.taps.look(&handle.0);
        bed.sent.clear();
        let end = bed.now;
        for n in 1..=200u32 {
            bed.go_on(end + coder.period() * n);
            bed.say(&coder.packet(&vec![0; coder.samples()]), VoiceStatus::Correct);
            bed.work();
        }
        let level = loudness(codec, &bed.sent[50..]);
        assert!((level - 0.25).abs() < 0.03, "{codec:?}: {level} of the microphone again");
    }
}

/// Takes out what was played, as if the microphone heard it at once and as loud.
struct Subtract(std::sync::mpsc::Sender<u32>);

impl Canceller for Subtract {
    fn process(&mut self, far: &[i16], near: &mut [i16], rate: u32) {
        assert_eq!(far.len(), near.len());
        near.iter_mut().zip(far).for_each(|(near, far)| *near = near.saturating_sub(*far));
        self.0.send(rate).expect("somebody looks");
    }
}

#[test]
fn an_embedders_canceller_stands_before_the_coder_with_what_is_rendered() {
    let mut bed = Bed::new("null");
    let (sender, rates) = std::sync::mpsc::channel();
    bed.talk.echo = Echo::new(Box::new(Subtract(sender)), SINK, 16_000);
    let mut coder = Coder::new(VoiceCodec::Msbc);
    bed.open(VoiceCodec::Msbc);
    let start = bed.now;
    for n in 1..=400u32 {
        let rendered = bed.heard.len();
        bed.go_on(start + coder.period() * n);
        let mix: Vec<i16> = bed.heard[rendered..].iter().flat_map(|&s| [s, s]).collect();
        bed.talk.rendered(&mix);
        let from = u64::from(n - 1) * SAMPLES as u64;
        let pcm = channel(&sine(THEIRS, 8_192.0, 16_000, from, SAMPLES), 0);
        bed.say(&coder.packet(&pcm), VoiceStatus::Correct);
        bed.work();
    }
    // Of a microphone that hears nothing only what was subtracted is left.
    let spoken = decoded(VoiceCodec::Msbc, &bed.sent[100..]);
    let level = amplitude(&spoken, 16_000, THEIRS);
    assert!((level - 0.25).abs() < 0.03, "{level}");
    assert!(rates.try_iter().all(|rate| rate == 16_000));
    bed.talk.echo = None;
}
