//! The decoder against one written from the specification's formulas in double precision, and the
//! encoder by what that decoder makes of its frames: every mode, at its smallest, a middling and
//! its largest bitpool.

mod reference;

use reference::Reference;
use tandem_codec::sbc::{
    Allocation, Decoder, Encoder, Frequency, Header, MAX_FRAME, MAX_SAMPLES, Mode,
};

/// Every legal set of parameters, with three bitpools each.
fn parameters() -> impl Iterator<Item = Header> {
    let mut all = vec![Header::MSBC];
    for frequency in
        [Frequency::Hz16000, Frequency::Hz32000, Frequency::Hz44100, Frequency::Hz48000]
    {
        for mode in [Mode::Mono, Mode::DualChannel, Mode::Stereo, Mode::JointStereo] {
            for allocation in [Allocation::Loudness, Allocation::Snr] {
                for blocks in [4, 8, 12, 16] {
                    for subbands in [4, 8] {
                        let most = Header::max_bitpool(mode, subbands);
                        for bitpool in [2, 53.min(most / 2), most] {
                            all.push(
                                Header::new(frequency, mode, allocation, blocks, subbands, bitpool)
                                    .unwrap(),
                            );
                        }
                    }
                }
            }
        }
    }
    all.into_iter()
}

/// A loud sound with something in every subband, different in the two channels.
fn sound(header: &Header, samples: usize) -> Vec<i16> {
    let rate = f64::from(header.frequency().hertz());
    let mut noise = 12_345u32;
    let mut out = Vec::new();
    for i in 0..samples {
        for channel in 0..header.channels() {
            let mut sum = 0.0;
            for (k, share) in [0.012, 0.06, 0.11, 0.17, 0.23, 0.31, 0.36, 0.43].iter().enumerate() {
                let turn = i as f64 * share + 0.2 * (k * (channel + 1)) as f64;
                sum += (turn * std::f64::consts::TAU).sin() / (k + 1 + channel) as f64;
            }
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            sum += f64::from(noise >> 16) / 65_536.0 - 0.5;
            let slow = 0.75 + 0.25 * (i as f64 / rate * 40.0).sin();
            out.push((sum * slow * 11_000.0).clamp(-32_000.0, 32_000.0) as i16);
        }
    }
    out
}

fn decibels(signal: f64, noise: f64) -> f64 {
    10.0 * (signal / noise.max(1e-9)).log10()
}

#[test]
fn every_mode_is_within_80_db_of_the_formulas() {
    let mut worst = f64::MAX;
    let mut count = 0;
    for header in parameters() {
        let pcm = sound(&header, 12 * header.samples());
        let mut encoder = Encoder::new(header);
        let mut decoder = if header.is_msbc() { Decoder::msbc() } else { Decoder::new() };
        let mut reference = Reference::new();
        let (mut signal, mut noise) = (0.0, 0.0);
        for pcm in pcm.chunks_exact(header.samples() * header.channels()) {
            let mut frame = [0; MAX_FRAME];
            let length = encoder.encode(pcm, &mut frame).unwrap();
            assert_eq!(length, header.frame_length());
            let mut out = [0; MAX_SAMPLES];
            let decoded = decoder.decode(&frame[..length], &mut out).unwrap();
            assert_eq!(decoded.consumed, length);
            assert_eq!(decoded.samples, header.samples());
            let (expected, channels) = reference.decode(&frame[..length]);
            assert_eq!(decoded.channels, channels);
            for (sample, expected) in out.iter().zip(expected) {
                signal += expected * expected;
                noise += (f64::from(*sample) - expected).powi(2);
            }
        }
        let snr = decibels(signal, noise);
        // A bitpool of 2 leaves next to nothing of the sound: rounding to 16 bits alone is then
        // more than 80 dB below full scale, not below the sound.
        let floor = noise / (12 * header.samples() * header.channels()) as f64;
        assert!(floor < 0.105, "{header:?}: an error of {floor} square steps a sample");
        if header.bitpool() > 2 {
            assert!(snr >= 80.0, "{header:?}: {snr:.1} dB");
            worst = worst.min(snr);
        }
        count += 1;
    }
    println!("{count} sets of parameters, at least {worst:.1} dB");
}

#[test]
fn frames_of_any_content_decode_as_the_formulas_say() {
    // Scale factors and samples that no encoder would choose, loudness far above full scale.
    let mut noise = 99u32;
    let mut random = move || {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (noise >> 24) as u8
    };
    for header in parameters() {
        let mut decoder = if header.is_msbc() { Decoder::msbc() } else { Decoder::new() };
        let mut reference = Reference::new();
        let mut encoder = Encoder::new(header);
        for _ in 0..4 {
            let mut frame = [0; MAX_FRAME];
            let silence = [0; MAX_SAMPLES];
            let length = encoder.encode(&silence, &mut frame).unwrap();
            frame[4..length].fill_with(&mut random);
            frame[3] = crc(&header, &frame);
            let mut out = [0; MAX_SAMPLES];
            decoder.decode(&frame[..length], &mut out).unwrap();
            let (expected, _) = reference.decode(&frame[..length]);
            for (sample, expected) in out.iter().zip(expected) {
                let error = (f64::from(*sample) - expected).abs();
                assert!(error < 0.6, "{header:?}: {sample} instead of {expected}");
            }
        }
    }
}

/// 12.6.1.1, bit by bit.
fn crc(header: &Header, frame: &[u8]) -> u8 {
    let joint = if header.mode() == Mode::JointStereo { header.subbands() } else { 0 };
    let side = joint + 4 * header.subbands() * header.channels();
    let mut crc = 0x0Fu8;
    for bit in (8..24).chain(32..32 + side) {
        let one = frame[bit / 8] >> (7 - bit % 8) & 1 != 0;
        let high = crc & 0x80 != 0;
        crc <<= 1;
        if one != high {
            crc ^= 0x1D;
        }
    }
    crc
}

#[test]
fn the_crc_covers_header_joint_bits_and_scale_factors_to_the_bit() {
    for header in parameters().filter(|h| !h.is_msbc()) {
        let pcm = sound(&header, header.samples());
        let mut frame = [0; MAX_FRAME];
        let length = Encoder::new(header).encode(&pcm, &mut frame).unwrap();
        assert_eq!(frame[3], crc(&header, &frame));
        let joint = if header.mode() == Mode::JointStereo { header.subbands() } else { 0 };
        let side = 32 + joint + 4 * header.subbands() * header.channels();
        for bit in 32..length * 8 {
            let mut damaged = frame;
            damaged[bit / 8] ^= 0x80 >> (bit % 8);
            let outcome = Decoder::new().decode(&damaged[..length], &mut [0; MAX_SAMPLES]);
            assert_eq!(outcome.is_err(), bit < side, "{header:?}: bit {bit}");
        }
    }
}

#[test]
fn a_tone_comes_through_encoder_and_decoder() {
    for header in parameters().filter(|h| h.bitpool() == Header::max_bitpool(h.mode(), 8)) {
        let channels = header.channels();
        let samples = 40 * header.samples();
        let tone: Vec<i16> = (0..samples * channels)
            .map(|i| ((i / channels) as f64 * 0.021 * std::f64::consts::TAU).sin() * 25_000.0)
            .map(|s| s as i16)
            .collect();
        let mut encoder = Encoder::new(header);
        let mut decoder = Decoder::new();
        let mut heard = Vec::new();
        for pcm in tone.chunks_exact(header.samples() * channels) {
            let (mut frame, mut out) = ([0; MAX_FRAME], [0; MAX_SAMPLES]);
            let length = encoder.encode(pcm, &mut frame).unwrap();
            let decoded = decoder.decode(&frame[..length], &mut out).unwrap();
            heard.extend_from_slice(&out[..decoded.samples * channels]);
        }
        // The two filter banks together delay by nine blocks and a sample.
        let delay = (9 * header.subbands() + 1) * channels;
        let (mut signal, mut noise) = (0.0, 0.0);
        for (sent, got) in tone.iter().zip(&heard[delay..]).skip(delay) {
            signal += f64::from(*sent).powi(2);
            noise += (f64::from(*sent) - f64::from(*got)).powi(2);
        }
        let snr = decibels(signal, noise);
        assert!(snr > 60.0, "{header:?}: {snr:.1} dB");
    }
}
