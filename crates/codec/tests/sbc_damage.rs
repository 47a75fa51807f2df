//! Damage: refused, resynchronised after, concealed without a click; and any bytes at all.

use proptest::prelude::*;
use tandem_codec::sbc::{
    Allocation, Decoder, Encoder, Error, Frequency, Header, MAX_FRAME, MAX_SAMPLES, Mode,
};

fn header(mode: Mode, blocks: u8, subbands: u8, bitpool: u8) -> Header {
    Header::new(Frequency::Hz44100, mode, Allocation::Loudness, blocks, subbands, bitpool).unwrap()
}

fn music(i: usize, channel: usize) -> f64 {
    let turn = i as f64 * std::f64::consts::TAU / 44_100.0;
    9_000.0 * (turn * 220.0).sin()
        + 5_000.0 * (turn * (554.4 + 3.0 * channel as f64)).sin()
        + 3_000.0 * (turn * 1_318.5).sin()
}

/// Frames of a chord, as one stream.
fn frames(header: Header, count: usize) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new(header);
    (0..count)
        .map(|frame| {
            let mut pcm = Vec::new();
            for i in 0..header.samples() {
                for channel in 0..header.channels() {
                    pcm.push(music(frame * header.samples() + i, channel) as i16);
                }
            }
            let mut out = vec![0; MAX_FRAME];
            let length = encoder.encode(&pcm, &mut out).unwrap();
            out.truncate(length);
            out
        })
        .collect()
}

fn largest_step(samples: &[i16], channels: usize) -> i32 {
    let steps = samples.iter().zip(samples.iter().skip(channels));
    steps.map(|(a, b)| (i32::from(*a) - i32::from(*b)).abs()).max().unwrap_or(0)
}

#[test]
fn illegal_headers_are_refused() {
    let good = frames(header(Mode::Stereo, 16, 8, 53), 1).remove(0);
    let mut decoder = Decoder::new();
    let mut out = [0; MAX_SAMPLES];
    let mut outcome = |change: fn(&mut Vec<u8>)| {
        let mut frame = good.clone();
        change(&mut frame);
        decoder.decode(&frame, &mut out)
    };
    assert!(outcome(|_| ()).is_ok());
    assert_eq!(outcome(|f| f[0] = 0xAD), Err(Error::Syncword));
    assert_eq!(outcome(|f| f[2] = 0), Err(Error::Parameters));
    assert_eq!(outcome(|f| f[2] = 251), Err(Error::Parameters));
    assert_eq!(outcome(|f| f[3] ^= 1), Err(Error::Crc));
    assert_eq!(outcome(|f| f.truncate(3)), Err(Error::Short));
    assert_eq!(outcome(|f| _ = f.pop()), Err(Error::Short));
    assert_eq!(Decoder::new().decode(&good, &mut [0; 255]), Err(Error::NoRoom));
    assert_eq!(
        Header::new(Frequency::Hz44100, Mode::Mono, Allocation::Snr, 16, 4, 65),
        Err(Error::Parameters)
    );
}

#[test]
fn the_next_frame_is_found_behind_damage() {
    let frames = frames(header(Mode::JointStereo, 16, 8, 53), 5);
    let length = frames[0].len();
    let mut payload = frames.concat();
    let mut decoder = Decoder::new();
    let mut out = [0; MAX_SAMPLES];
    decoder.decode(&payload, &mut out).unwrap();
    // A scale factor of the second frame, and a few bytes lost from the third.
    payload[length + 6] ^= 0x40;
    payload.drain(2 * length + 50..2 * length + 57);
    let rest = &payload[length..];
    assert_eq!(decoder.decode(rest, &mut out), Err(Error::Crc));
    let behind = decoder.find(rest).unwrap();
    // The third is shortened, so that no syncword stands where it should end.
    assert_eq!(behind, 2 * length - 7);
    assert!(decoder.decode(&rest[behind..], &mut out).is_ok());
    assert_eq!(decoder.find(&rest[behind + 1..]), Some(length - 1));
    assert_eq!(decoder.find(&rest[behind + length + 1..]), None);
}

#[test]
fn another_stream_is_not_taken_for_the_next_frame() {
    let ours = frames(header(Mode::JointStereo, 16, 8, 53), 1).remove(0);
    let other = frames(header(Mode::Mono, 16, 8, 31), 1).remove(0);
    let smaller = frames(header(Mode::JointStereo, 16, 8, 40), 1).remove(0);
    let mut decoder = Decoder::new();
    assert_eq!(decoder.find(&other), Some(0));
    decoder.decode(&ours, &mut [0; MAX_SAMPLES]).unwrap();
    assert_eq!(decoder.find(&other), None);
    assert_eq!(decoder.find(&smaller), Some(0));
}

#[test]
fn lost_frames_make_no_click() {
    for (mode, blocks, subbands, bitpool) in
        [(Mode::JointStereo, 16, 8, 53), (Mode::Mono, 16, 8, 31), (Mode::Stereo, 4, 4, 40)]
    {
        let header = header(mode, blocks, subbands, bitpool);
        let channels = header.channels();
        let count = 60 * 128 / header.samples();
        let frames = frames(header, count);
        for lost in [1, 2, 5, 7, 20] {
            let (mut whole, mut holed) = (Vec::new(), Vec::new());
            let (mut decoder, mut damaged) = (Decoder::new(), Decoder::new());
            let first = count / 2;
            for (i, frame) in frames.iter().enumerate() {
                let mut out = [0; MAX_SAMPLES];
                let size = header.samples() * channels;
                decoder.decode(frame, &mut out).unwrap();
                whole.extend_from_slice(&out[..size]);
                if (first..first + lost).contains(&i) {
                    damaged.conceal(&mut out[..size]);
                } else {
                    damaged.decode(frame, &mut out).unwrap();
                }
                holed.extend_from_slice(&out[..size]);
            }
            let natural = largest_step(&whole, channels);
            let concealed = largest_step(&holed, channels);
            assert!(
                concealed <= natural * 5 / 4,
                "{header:?}, {lost} lost: steps of {concealed}, naturally {natural}"
            );
            // Right again as soon as the stream has faded in.
            let after = (first + lost) * header.samples() * channels;
            let settled = after + channels * 128;
            assert_eq!(whole[settled..], holed[settled..]);
        }
    }
}

#[test]
fn a_short_loss_of_a_steady_tone_is_hardly_heard() {
    let header = header(Mode::Mono, 16, 8, 31);
    let frames = frames(header, 40);
    let (mut decoder, mut damaged) = (Decoder::new(), Decoder::new());
    let (mut signal, mut noise) = (0.0, 0.0);
    for (i, frame) in frames.iter().enumerate() {
        let (mut whole, mut holed) = ([0; 128], [0; 128]);
        decoder.decode(frame, &mut whole).unwrap();
        if i == 30 {
            damaged.conceal(&mut holed);
        } else {
            damaged.decode(frame, &mut holed).unwrap();
        }
        if i == 30 || i == 31 {
            for (a, b) in whole.iter().zip(holed) {
                signal += f64::from(*a).powi(2);
                noise += (f64::from(*a) - f64::from(b)).powi(2);
            }
        }
    }
    let snr = 10.0 * (signal / noise).log10();
    assert!(snr > 12.0, "{snr:.1} dB");
}

#[test]
fn a_long_loss_ends_in_silence_and_nothing_heard_conceals_as_silence() {
    let mut decoder = Decoder::new();
    let mut out = [1; 300];
    decoder.conceal(&mut out);
    assert_eq!(out, [0; 300]);
    for frame in frames(header(Mode::Stereo, 16, 8, 53), 20) {
        decoder.decode(&frame, &mut [0; MAX_SAMPLES]).unwrap();
    }
    let mut out = [1; 2 * 44_100 / 10];
    decoder.conceal(&mut out);
    assert!(out[..500].iter().any(|s| s.abs() > 1000));
    assert!(out[2 * 44_100 * 3 / 100..].iter().all(|&s| s == 0));
}

#[test]
fn parameters_change_in_mid_stream() {
    let mut decoder = Decoder::new();
    let mut out = [0; MAX_SAMPLES];
    let mut heard = Vec::new();
    // Of the same sound: blocks, bitpool, allocation, joint stereo and subbands.
    for (mode, blocks, subbands, bitpool) in [
        (Mode::JointStereo, 16, 8, 53),
        (Mode::JointStereo, 16, 8, 35),
        (Mode::Stereo, 4, 8, 53),
        (Mode::DualChannel, 8, 4, 40),
        (Mode::Stereo, 12, 8, 250),
    ] {
        for frame in frames(header(mode, blocks, subbands, bitpool), 30) {
            let decoded = decoder.decode(&frame, &mut out).unwrap();
            heard.extend_from_slice(&out[..decoded.samples * decoded.channels]);
        }
    }
    // Each stretch is a stream that starts from silence: the filter's own onset is no click.
    assert!(largest_step(&heard, 2) < 6_000, "{}", largest_step(&heard, 2));
    // Another number of channels, and another rate.
    let mono = frames(header(Mode::Mono, 16, 8, 31), 1).remove(0);
    assert_eq!(decoder.decode(&mono, &mut out).unwrap().channels, 1);
    let other = Header::new(Frequency::Hz48000, Mode::Stereo, Allocation::Snr, 8, 4, 30).unwrap();
    let other = frames(other, 1).remove(0);
    let decoded = decoder.decode(&other, &mut out).unwrap();
    assert_eq!((decoded.rate, decoded.channels, decoded.samples), (48_000, 2, 32));
    // As a decoder that never heard anything else.
    let mut fresh = [0; MAX_SAMPLES];
    Decoder::new().decode(&other, &mut fresh).unwrap();
    assert_eq!(out[..64], fresh[..64]);
}

/// What a receiver does with a payload it knows nothing about.
fn play(decoder: &mut Decoder, payload: &[u8]) -> usize {
    let (mut at, mut turns) = (0, 0);
    while at < payload.len() {
        turns += 1;
        let mut out = [0; MAX_SAMPLES];
        match decoder.decode(&payload[at..], &mut out) {
            Ok(decoded) => at += decoded.consumed,
            Err(_) => {
                decoder.conceal(&mut out);
                match decoder.find(&payload[at + 1..]) {
                    Some(next) => at += 1 + next,
                    None => break,
                }
            }
        }
    }
    turns
}

proptest! {
    #[test]
    fn any_bytes_are_survived(payload in prop::collection::vec(any::<u8>(), 0..1200)) {
        prop_assert!(play(&mut Decoder::new(), &payload) <= payload.len());
        play(&mut Decoder::msbc(), &payload);
    }

    #[test]
    fn any_header_with_any_content_is_survived(
        first: u8, bitpool: u8, content in prop::collection::vec(any::<u8>(), 600),
    ) {
        let mut frame = content;
        frame[0] = 0x9C;
        frame[1] = first;
        frame[2] = bitpool;
        let mut decoder = Decoder::new();
        let mut out = [0; MAX_SAMPLES];
        let whole = (0..=255u8).find(|&crc| {
            frame[3] = crc;
            decoder.decode(&frame, &mut out).is_ok()
        });
        match Header::parse(&frame) {
            Ok(header) => {
                prop_assert!(whole.is_some());
                prop_assert!(header.frame_length() <= MAX_FRAME);
                prop_assert!(header.samples() * header.channels() <= MAX_SAMPLES);
            }
            Err(error) => {
                prop_assert_eq!(error, Error::Parameters);
                prop_assert!(whole.is_none());
            }
        }
    }

    #[test]
    fn flipped_bits_and_lost_bytes_are_survived(
        flips in prop::collection::vec(0usize..8 * 119 * 5, 0..8),
        cut in 0usize..119 * 5,
        length in 0usize..40,
    ) {
        let mut payload = frames(header(Mode::JointStereo, 16, 8, 53), 5).concat();
        for bit in flips {
            payload[bit / 8] ^= 1 << (bit % 8);
        }
        let end = (cut + length).min(payload.len());
        payload.drain(cut..end);
        play(&mut Decoder::new(), &payload);
    }
}
