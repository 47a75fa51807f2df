//! mSBC against ffmpeg, and its framing under every cut and damage.

use std::process::{Command, Stdio};

use tandem_codec::msbc::{Decision, FRAME, PACKET, Receiver, SAMPLES, Sender};
use tandem_codec::sbc::{Decoder, Encoder, Header};

mod speech;

use speech::{Noise, samples, snr, speech};

/// What was decided, a frame as its first bytes after the header, which tell the frames apart.
#[derive(Clone, PartialEq, Debug)]
enum Seen {
    Frame(Vec<u8>),
    Lost,
}

/// Units of so much sound.
fn units(count: usize) -> Vec<[u8; PACKET]> {
    let sound = speech(5, 16_000, count * SAMPLES);
    let mut sender = Sender::new();
    let mut units = Vec::new();
    // In blocks that are no multiple of a frame's.
    for mut pcm in sound.chunks(77) {
        while let Some(unit) = sender.next(&mut pcm) {
            units.push(*unit);
        }
    }
    assert_eq!(units.len(), count);
    units
}

fn frame(unit: &[u8; PACKET]) -> Seen {
    Seen::Frame(unit[2..2 + FRAME].to_vec())
}

/// What a receiver makes of `stream` in packets of `size`.
fn receive(receiver: &mut Receiver, stream: &[u8], size: usize) -> Vec<Seen> {
    let mut seen = Vec::new();
    for mut packet in stream.chunks(size) {
        while let Some(decision) = receiver.next(&mut packet, false) {
            seen.push(match decision {
                Decision::Frame(frame) => Seen::Frame(frame.to_vec()),
                Decision::Lost => Seen::Lost,
            });
        }
    }
    seen
}

#[test]
fn every_cut_gives_every_frame() {
    let units = units(40);
    let wanted: Vec<Seen> = units.iter().map(frame).collect();
    for size in (1..=130).chain([240, 2_400]) {
        let mut receiver = Receiver::new();
        assert_eq!(receive(&mut receiver, units.as_flattened(), size), wanted, "packets of {size}");
        assert_eq!(receiver.stats().resyncs, 0);
    }
}

#[test]
fn the_header_counts_to_four() {
    let headers: Vec<[u8; 2]> = units(5).iter().map(|unit| [unit[0], unit[1]]).collect();
    assert_eq!(headers, [[1, 0x08], [1, 0x38], [1, 0xC8], [1, 0xF8], [1, 0x08]]);
}

#[test]
fn a_start_in_the_middle_finds_the_first_whole_frame() {
    let units = units(10);
    for from in 1..PACKET {
        let seen = receive(&mut Receiver::new(), &units.as_flattened()[from..], 24);
        assert_eq!(seen.len(), 9, "from byte {from}");
        assert!(seen.iter().zip(&units[1..]).all(|(seen, unit)| *seen == frame(unit)));
    }
}

#[test]
fn missing_bytes_cost_what_they_belonged_to_and_no_time() {
    let units = units(30);
    let stream = units.as_flattened();
    for from in 600..660 {
        for length in [1, 12, 24, 36, 48, 60, 72, 96, 120] {
            let (before, after) = (&stream[..from], &stream[from + length..]);
            let mut receiver = Receiver::new();
            let seen = receive(&mut receiver, &[before, after].concat(), 24);
            let (first, last) = (from / PACKET, (from + length - 1) / PACKET);
            assert_eq!(seen.len(), units.len(), "{length} bytes missing at {from}");
            let wrong = (0..units.len()).filter(|&n| seen[n] != frame(&units[n]));
            let wrong: Vec<usize> = wrong.collect();
            // One may be whole all the same, where the start of one unit meets the rest of another.
            assert!(
                wrong.iter().all(|n| (first..=last).contains(n)),
                "{length} at {from}: {wrong:?}"
            );
            assert!(wrong.len() + 1 > last - first, "{length} at {from}: {wrong:?}");
        }
    }
}

#[test]
fn bytes_that_belong_nowhere_cost_a_frame_at_most_and_no_time() {
    let units = units(30);
    let stream = units.as_flattened();
    let mut noise = Noise::new(3);
    for from in 600..660 {
        for length in [1, 24, 59, 60, 61, 90, 119] {
            let inserted: Vec<u8> = (0..length).map(|_| (noise.next() * 256.0) as u8).collect();
            let mixed = [&stream[..from], &inserted, &stream[from..]].concat();
            let seen = receive(&mut Receiver::new(), &mixed, 60);
            assert_eq!(seen.len(), units.len(), "{length} bytes too many at {from}");
            let wrong = (0..units.len()).filter(|&n| seen[n] != frame(&units[n]));
            let wrong: Vec<usize> = wrong.collect();
            assert!(wrong.iter().all(|n| (9..=12).contains(n)), "{length} at {from}: {wrong:?}");
        }
    }
}

#[test]
fn damage_is_a_lost_frame_and_a_damaged_header_none() {
    let units = units(30);
    let mut stream = units.as_flattened().to_vec();
    stream[5 * PACKET] ^= 0xFF;
    stream[8 * PACKET + 1] ^= 0x10;
    stream[12 * PACKET + 2] ^= 1;
    stream[16 * PACKET + 8] ^= 0x40;
    stream[20 * PACKET + 59] ^= 0xFF;
    let mut receiver = Receiver::new();
    let seen = receive(&mut receiver, &stream, 48);
    assert_eq!(seen.len(), 30);
    for (n, (seen, unit)) in seen.iter().zip(&units).enumerate() {
        let wanted = if [12, 16].contains(&n) { Seen::Lost } else { frame(unit) };
        assert_eq!(*seen, wanted, "unit {n}");
    }
    let stats = receiver.stats();
    assert_eq!((stats.frames, stats.lost, stats.resyncs), (28, 2, 0));
}

#[test]
fn what_the_controller_marks_is_lost() {
    let units = units(20);
    let mut receiver = Receiver::new();
    let mut seen = Vec::new();
    for (n, mut packet) in units.as_flattened().chunks(24).enumerate() {
        // The bytes 240 to 263: the first 24 of unit 4.
        while let Some(decision) = receiver.next(&mut packet, n == 10) {
            seen.push(matches!(decision, Decision::Frame(_)));
        }
    }
    let wanted: Vec<bool> = (0..20).map(|n| n != 4).collect();
    assert_eq!(seen, wanted);
}

#[test]
fn a_peer_that_does_not_count_is_heard() {
    let mut units = units(200);
    for unit in &mut units {
        unit[1] = 0x08;
    }
    let seen = receive(&mut Receiver::new(), units.as_flattened(), 60);
    assert!(seen.len() <= 200 + 3 * 4, "{} decisions for 200 frames", seen.len());
}

#[test]
fn noise_gives_a_decision_every_60_bytes() {
    let mut noise = Noise::new(11);
    for seed in 0..20 {
        let of = [256.0, 2.0, 10.0, 200.0][seed % 4];
        let stream: Vec<u8> = (0..60_000).map(|_| (noise.next() * of) as u8).collect();
        let seen = receive(&mut Receiver::new(), &stream, 1 + seed * 7);
        assert!((998..=1_000).contains(&seen.len()), "{}", seen.len());
    }
}

fn decoded(stream: &[u8]) -> Vec<i16> {
    let mut decoder = Decoder::msbc();
    let mut heard = Vec::new();
    for frame in stream.as_chunks::<FRAME>().0 {
        let mut pcm = [0; SAMPLES];
        decoder.decode(frame, &mut pcm).expect("a good frame");
        heard.extend(pcm);
    }
    heard
}

fn encoded(sound: &[i16]) -> Vec<u8> {
    let mut encoder = Encoder::new(Header::MSBC);
    let mut stream = Vec::new();
    for pcm in sound.as_chunks::<SAMPLES>().0 {
        let mut frame = [0; FRAME];
        encoder.encode(pcm, &mut frame).expect("room");
        stream.extend(frame);
    }
    stream
}

/// How many samples differ, and by how much at most.
fn differences(a: &[i16], b: &[i16]) -> (usize, u16) {
    assert_eq!(a.len(), b.len());
    let apart = || a.iter().zip(b).map(|(a, b)| a.abs_diff(*b));
    (apart().filter(|&d| d > 0).count(), apart().max().unwrap_or(0))
}

#[test]
fn what_ffmpeg_encodes_sounds_as_ffmpeg_decodes_it() {
    let ours = decoded(include_bytes!("vectors/speech.msbc"));
    let theirs = samples(include_bytes!("vectors/speech.msbc.s16"));
    let (differing, most) = differences(&ours, &theirs);
    let apart = snr(&theirs, &ours);
    println!(
        "{apart:.1} dB apart; {differing} of {} samples differ, by {most} at most",
        ours.len()
    );
    assert!(apart > 60.0);
}

#[test]
fn our_encoder_says_what_ffmpegs_does() {
    let sound = samples(include_bytes!("vectors/speech.s16"));
    let (ours, theirs) = (encoded(&sound), &include_bytes!("vectors/speech.msbc")[..]);
    assert_eq!(ours.len(), theirs.len());
    let same = ours.chunks(FRAME).zip(theirs.chunks(FRAME)).filter(|(a, b)| a == b).count();
    let (ours, theirs) = (decoded(&ours), decoded(theirs));
    // 73 samples is what the two filter banks delay.
    let ours = snr(&sound, &ours[73..]);
    let theirs = snr(&sound, &theirs[73..]);
    println!("{same} of 60 frames the same; the sound at {ours:.2} dB, theirs at {theirs:.2} dB");
    assert!(ours > theirs - 0.1);
}

#[test]
fn ffmpeg_plays_what_we_encode() {
    let found = Command::new("ffmpeg").arg("-version").stdout(Stdio::null()).status();
    if found.is_err() {
        println!("ffmpeg is not installed: nothing compared");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let from = folder.path().join("ours.msbc");
    let stream = encoded(&speech(2, 16_000, 200 * SAMPLES));
    std::fs::write(&from, &stream).expect("written");
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-f", "sbc", "-i"]).arg(&from).args(["-f", "s16le", "-"]);
    let output = command.stdin(Stdio::null()).output().expect("ffmpeg runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (theirs, ours) = (samples(&output.stdout), decoded(&stream));
    let (differing, most) = differences(&ours, &theirs);
    let apart = snr(&theirs, &ours);
    println!(
        "{apart:.1} dB apart; {differing} of {} samples differ, by {most} at most",
        ours.len()
    );
    assert!(apart > 60.0);
}
