//! Concealment of lost voice packets: smooth, and nearer to what was lost than silence or repetition.

use tandem_codec::msbc::{FRAME, SAMPLES};
use tandem_codec::plc::{Concealment, SILENT_MS};
use tandem_codec::sbc::{Decoder, Encoder, Header};

mod speech;

use speech::{Noise, largest_step, speech};

/// What stands in for a lost packet.
#[derive(Clone, Copy, PartialEq)]
enum Substitute {
    Ours,
    Silence,
    Repetition,
}

/// Which of `packets` packets are lost.
fn losses(seed: u64, packets: usize, share: f64) -> Vec<bool> {
    let mut noise = Noise::new(seed + 1000);
    (0..packets).map(|n| noise.next() < share && n > 10).collect()
}

/// CVSD: linear packets of `size` samples.
fn cvsd(sound: &[i16], size: usize, lost: &[bool], substitute: Substitute) -> Vec<i16> {
    let mut concealment = Concealment::cvsd();
    let mut heard: Vec<i16> = Vec::new();
    for (packet, &lost) in sound.chunks_exact(size).zip(lost) {
        let mut pcm = packet.to_vec();
        conceal(&mut concealment, &mut pcm, lost, substitute, &heard);
        heard.extend(pcm);
    }
    heard
}

fn conceal(
    concealment: &mut Concealment,
    pcm: &mut [i16],
    lost: bool,
    substitute: Substitute,
    heard: &[i16],
) {
    match (lost, substitute) {
        (false, Substitute::Ours) => concealment.received(pcm),
        (false, _) => {}
        (true, Substitute::Ours) => concealment.lost(pcm),
        (true, Substitute::Silence) => pcm.fill(0),
        (true, Substitute::Repetition) => pcm.copy_from_slice(&heard[heard.len() - pcm.len()..]),
    }
}

/// mSBC: the sound through the codec.
fn msbc(sound: &[i16], lost: &[bool], substitute: Substitute) -> Vec<i16> {
    let (mut encoder, mut decoder) = (Encoder::new(Header::MSBC), Decoder::msbc());
    let mut concealment = Concealment::msbc();
    let mut heard: Vec<i16> = Vec::new();
    for (packet, &lost) in sound.chunks_exact(SAMPLES).zip(lost) {
        let mut frame = [0; FRAME];
        encoder.encode(packet, &mut frame).expect("room");
        let mut pcm = [0; SAMPLES];
        if !lost {
            decoder.decode(&frame, &mut pcm).expect("a good frame");
        }
        conceal(&mut concealment, &mut pcm, lost, substitute, &heard);
        heard.extend(pcm);
    }
    heard
}

/// The mean over the windows of 20 ms in which something was lost or came back of their SNR, held
/// within −10 and 35 dB.
fn segmental(clean: &[i16], heard: &[i16], size: usize, lost: &[bool], window: usize) -> f64 {
    let mut values = Vec::new();
    for (n, (clean, heard)) in clean.chunks(window).zip(heard.chunks(window)).enumerate() {
        let packets = n * window / size..((n + 1) * window).div_ceil(size).min(lost.len());
        let concerned = lost[packets].contains(&true);
        if concerned && clean.iter().any(|s| s.unsigned_abs() > 200) {
            values.push(speech::snr(clean, heard).clamp(-10.0, 35.0));
        }
    }
    values.iter().sum::<f64>() / values.len() as f64
}

const ALL: [Substitute; 3] = [Substitute::Ours, Substitute::Silence, Substitute::Repetition];

/// Holds what came of `share` of loss against the two simple ways.
fn judge(name: &str, clean: &[i16], size: usize, lost: &[bool], heard: [Vec<i16>; 3]) {
    let window = if name.starts_with("CVSD") { 160 } else { 320 };
    let snr = heard.each_ref().map(|heard| segmental(clean, heard, size, lost, window));
    let steps = heard.each_ref().map(|heard| largest_step(heard));
    let clean_step = largest_step(clean);
    println!(
        "{name}: {:.2} dB (silence {:.2}, repetition {:.2}); step {} (clean {clean_step}, {} {})",
        snr[0], snr[1], snr[2], steps[0], steps[1], steps[2]
    );
    assert!(snr[0] > snr[1] + 1.0 && snr[0] > snr[2] + 1.0, "{name}: {snr:?}");
    assert!(steps[0] <= 3 * clean_step, "{name}: a step of {} in {clean_step}", steps[0]);
}

#[test]
fn five_percent_of_cvsd_lost() {
    for seed in 1..=8 {
        for size in [30, 60] {
            let packets = 20 * 8_000 / size;
            let sound = speech(seed, 8_000, packets * size);
            let lost = losses(seed, packets, 0.05);
            let heard = ALL.map(|substitute| cvsd(&sound, size, &lost, substitute));
            judge(&format!("CVSD, {size} a packet, seed {seed}"), &sound, size, &lost, heard);
        }
    }
}

#[test]
fn five_percent_of_msbc_lost() {
    for seed in 1..=8 {
        let packets = 20 * 16_000 / SAMPLES;
        let sound = speech(seed, 16_000, packets * SAMPLES);
        let clean = msbc(&sound, &vec![false; packets], Substitute::Ours);
        let lost = losses(seed, packets, 0.05);
        let heard = ALL.map(|substitute| msbc(&sound, &lost, substitute));
        judge(&format!("mSBC, seed {seed}"), &clean, SAMPLES, &lost, heard);
    }
}

#[test]
fn a_long_loss_fades_to_silence_and_comes_back() {
    let sound = speech(4, 16_000, 400 * SAMPLES);
    let lost: Vec<bool> = (0..400).map(|n| (100..140).contains(&n)).collect();
    let heard = msbc(&sound, &lost, Substitute::Ours);
    let from = 100 * SAMPLES + SILENT_MS * 16;
    assert!(heard[from..140 * SAMPLES].iter().all(|&s| s == 0), "silence after {SILENT_MS} ms");
    let clean = msbc(&sound, &[false; 400], Substitute::Ours);
    assert!(largest_step(&heard) <= 3 * largest_step(&clean));
    assert_eq!(heard[143 * SAMPLES..], clean[143 * SAMPLES..], "and then all is as before");
}

#[test]
fn without_loss_nothing_is_touched() {
    let sound = speech(6, 8_000, 9_600);
    assert_eq!(cvsd(&sound, 24, &[false; 400], Substitute::Ours), sound);
}

#[test]
fn a_loss_while_sound_comes_back_and_pieces_of_any_size() {
    let sound = speech(9, 8_000, 80_000);
    let clean_step = largest_step(&sound);
    for size in [1, 7, 24, 97, 700] {
        let packets = sound.len() / size;
        let lost: Vec<bool> = (0..packets).map(|n| n * size > 2_000 && n % 3 != 0).collect();
        let heard = cvsd(&sound, size, &lost, Substitute::Ours);
        let step = largest_step(&heard);
        assert!(step <= 3 * clean_step, "{size} a piece: a step of {step} in {clean_step}");
    }
}

#[test]
fn a_tone_goes_on_through_a_loss() {
    let tone = |i: usize| (f64::from(i as u32) * 0.07 * std::f64::consts::TAU).sin() * 9_000.0;
    let sound: Vec<i16> = (0..16_000).map(|i| tone(i) as i16).collect();
    let lost: Vec<bool> = (0..266).map(|n| n == 100).collect();
    let heard = cvsd(&sound, 60, &lost, Substitute::Ours);
    let snr = speech::snr(&sound[6_000..6_060], &heard[6_000..6_060]);
    assert!(snr > 25.0, "{snr:.1} dB");
}

/// 35 Hz: its period is longer than any lag, so that what is repeated does not fit.
#[test]
fn what_no_lag_fits_is_joined_without_a_step() {
    let tone = |i: usize| (i as f64 * 35.0 / 8_000.0 * std::f64::consts::TAU).sin() * 9_000.0;
    let sound: Vec<i16> = (0..80_000).map(|i| tone(i) as i16).collect();
    let lost: Vec<bool> = (0..1_333).map(|n| n > 20 && n % 7 < 2).collect();
    let heard = cvsd(&sound, 60, &lost, Substitute::Ours);
    let (step, clean) = (largest_step(&heard), largest_step(&sound));
    assert!(step <= 4 * clean, "a step of {step} in {clean}");
}

#[test]
fn sound_left_out_leaves_no_step() {
    let sound = speech(7, 8_000, 40_000);
    let mut concealment = Concealment::cvsd();
    let mut heard = Vec::new();
    for (n, packet) in sound.chunks_exact(60).enumerate() {
        let mut pcm = packet.to_vec();
        if n % 20 == 19 {
            concealment.skipped();
            continue;
        }
        concealment.received(&mut pcm);
        heard.extend(pcm);
    }
    assert!(largest_step(&heard) <= 3 * largest_step(&sound));
}
