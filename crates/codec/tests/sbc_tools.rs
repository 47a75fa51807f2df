//! Against Debian's `sbcenc` and `sbcdec` (package `sbc-tools`), where they are installed. Without
//! them these tests say so and pass: the project's test command installs them.

use std::path::Path;
use std::process::{Command, Stdio};

use tandem_codec::sbc::{
    Allocation, Decoder, Encoder, Frequency, Header, MAX_FRAME, MAX_SAMPLES, Mode,
};

mod reference;

const FREQUENCIES: [Frequency; 4] =
    [Frequency::Hz16000, Frequency::Hz32000, Frequency::Hz44100, Frequency::Hz48000];
const MODES: [Mode; 4] = [Mode::Mono, Mode::DualChannel, Mode::Stereo, Mode::JointStereo];

fn installed(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--help").stdout(Stdio::null()).stderr(Stdio::null());
    let found = command.status().is_ok();
    if !found {
        println!("{program} is not installed: nothing compared");
    }
    found
}

/// A Sun .au file of 16-bit samples.
fn au(rate: u32, channels: usize, samples: &[i16]) -> Vec<u8> {
    let mut file = b".snd".to_vec();
    for field in [24, 2 * samples.len() as u32, 3, rate, channels as u32] {
        file.extend(field.to_be_bytes());
    }
    file.extend(samples.iter().flat_map(|s| s.to_be_bytes()));
    file
}

fn samples_of_au(file: &[u8]) -> Vec<i16> {
    let start = u32::from_be_bytes(file[4..8].try_into().unwrap()) as usize;
    file[start..].chunks_exact(2).map(|b| i16::from_be_bytes([b[0], b[1]])).collect()
}

fn sbcdec(folder: &Path, stream: &[u8], msbc: bool) -> Vec<i16> {
    let (from, to) = (folder.join("in.sbc"), folder.join("out.au"));
    std::fs::write(&from, stream).unwrap();
    let mut command = Command::new("sbcdec");
    if msbc {
        command.arg("-m");
    }
    let status = command.arg("-f").arg(&to).arg(&from).stderr(Stdio::null()).status().unwrap();
    assert!(status.success());
    samples_of_au(&std::fs::read(to).unwrap())
}

/// Two tones, one for each channel, at 0.76 of full scale.
fn tones(header: &Header, frames: usize) -> Vec<i16> {
    let channels = header.channels();
    (0..frames * header.samples() * channels)
        .map(|i| {
            let share = if i % channels == 0 { 0.021 } else { 0.034 };
            ((i / channels) as f64 * share * std::f64::consts::TAU).sin() * 25_000.0
        })
        .map(|s| s as i16)
        .collect()
}

fn encode(header: Header, pcm: &[i16]) -> Vec<u8> {
    let mut encoder = Encoder::new(header);
    let mut stream = Vec::new();
    for pcm in pcm.chunks_exact(header.samples() * header.channels()) {
        let mut frame = [0; MAX_FRAME];
        let length = encoder.encode(pcm, &mut frame).unwrap();
        stream.extend_from_slice(&frame[..length]);
    }
    stream
}

fn decode(stream: &[u8], msbc: bool) -> Vec<i16> {
    let mut decoder = if msbc { Decoder::msbc() } else { Decoder::new() };
    let (mut at, mut heard) = (0, Vec::new());
    while at < stream.len() {
        let mut out = [0; MAX_SAMPLES];
        let decoded = decoder.decode(&stream[at..], &mut out).unwrap();
        at += decoded.consumed;
        heard.extend_from_slice(&out[..decoded.samples * decoded.channels]);
    }
    heard
}

/// How far `got` lies below `wanted`, in dB.
fn distance(wanted: impl Iterator<Item = f64>, got: &[i16]) -> f64 {
    let (mut signal, mut noise) = (0.0, 0.0);
    for (wanted, &got) in wanted.zip(got) {
        signal += wanted * wanted;
        noise += (wanted - f64::from(got)).powi(2);
    }
    10.0 * (signal / f64::max(noise, 1e-9)).log10()
}

#[test]
fn sbcdec_plays_what_we_encode_in_every_mode() {
    if !installed("sbcdec") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (mut worst_tone, mut worst_distance, mut count) = (f64::MAX, f64::MAX, 0);
    let mut all = vec![Header::MSBC];
    for mode in MODES {
        for frequency in FREQUENCIES {
            for allocation in [Allocation::Loudness, Allocation::Snr] {
                for (blocks, subbands) in
                    [(4, 4), (8, 4), (12, 4), (16, 4), (4, 8), (8, 8), (12, 8), (16, 8)]
                {
                    let bitpool = match mode {
                        Mode::Mono | Mode::DualChannel => 7 * subbands,
                        Mode::Stereo | Mode::JointStereo => 14 * subbands,
                    };
                    all.push(
                        Header::new(frequency, mode, allocation, blocks, subbands, bitpool)
                            .unwrap(),
                    );
                }
            }
        }
    }
    for header in all {
        let pcm = tones(&header, 40);
        let stream = encode(header, &pcm);
        let theirs = sbcdec(folder.path(), &stream, header.is_msbc());
        let delay = (9 * header.subbands() + 1) * header.channels();
        assert!(theirs.len() + MAX_SAMPLES > pcm.len(), "{header:?}: {} samples", theirs.len());
        let tone = pcm.iter().skip(delay).map(|&s| f64::from(s));
        let tone = distance(tone, &theirs[2 * delay..]);
        let least = if header.is_msbc() { 20.0 } else { 40.0 };
        assert!(tone > least, "{header:?}: a tone at {tone:.1} dB");
        worst_tone = worst_tone.min(tone);
        let ours = decode(&stream, header.is_msbc());
        let apart = distance(ours.iter().map(|&s| f64::from(s)), &theirs);
        worst_distance = worst_distance.min(apart);
        count += 1;
    }
    println!("{count} modes through sbcdec: tones {worst_tone:.1} dB or better,");
    println!("sbcdec {worst_distance:.1} dB or more from our decoder");
}

#[test]
fn we_play_what_sbcenc_encodes() {
    if !installed("sbcenc") || !installed("sbcdec") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("in.au");
    for (mode, arguments) in [
        (Mode::JointStereo, &["-j", "-b", "53", "-B", "16", "-s", "8"][..]),
        (Mode::Stereo, &["-b", "35", "-B", "12", "-s", "8"]),
        (Mode::DualChannel, &["-d", "-b", "40", "-B", "8", "-s", "4", "-S"]),
        (Mode::Mono, &["-b", "31", "-B", "16", "-s", "8"]),
    ] {
        let header =
            Header::new(Frequency::Hz44100, mode, Allocation::Loudness, 16, 8, 31).unwrap();
        let pcm = tones(&header, 60);
        std::fs::write(&from, au(44_100, mode.channels(), &pcm)).unwrap();
        let made = Command::new("sbcenc").args(arguments).arg(&from).output().unwrap();
        assert!(made.status.success());
        let ours = decode(&made.stdout, false);
        let theirs = sbcdec(folder.path(), &made.stdout, false);
        assert!(ours.len() > 50 * header.samples() * mode.channels());

        let mut reference = reference::Reference::new();
        let (mut at, mut exact) = (0, Vec::new());
        while at < made.stdout.len() {
            let header = Header::parse(&made.stdout[at..]).unwrap();
            assert_eq!(header.mode(), mode);
            exact.extend(reference.decode(&made.stdout[at..]).0);
            at += header.frame_length();
        }
        let our_distance = distance(exact.iter().copied(), &ours);
        let their_distance = distance(exact.iter().copied(), &theirs);
        println!("sbcenc {arguments:?}: ours {our_distance:.1} dB, sbcdec {their_distance:.1} dB");
        assert!(our_distance > 80.0);
    }
}
