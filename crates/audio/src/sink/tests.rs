//! Sinks against real files, pipes and a real PulseAudio server.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant as Wall};

use super::*;
use crate::analysis::{channel, sine, tones};
use crate::microphone::Microphone;
use crate::pulse::pulse_answers;

const RATE: u32 = 48_000;

/// The samples in a wav file, by its own header; panics unless header and size agree.
fn read_wav(path: &Path) -> Vec<i16> {
    let bytes = fs::read(path).expect("the file");
    let word =
        |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize;
    assert_eq!(
        (&bytes[..4], &bytes[8..16], &bytes[36..40]),
        (&b"RIFF"[..], &b"WAVEfmt "[..], &b"data"[..])
    );
    assert_eq!(word(4), word(40) + 36);
    assert_eq!((word(24), word(28)), (RATE as usize, RATE as usize * 4));
    let data = &bytes[44..44 + word(40)];
    data.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect()
}

fn at(ms: u64) -> Instant {
    Instant::from_millis(1_000_000 + ms)
}

#[test]
fn a_wav_is_whole_at_any_moment_and_complete_when_closed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("heard.wav");
    let mut sink = Sink::open(&format!("wav:{}", path.display()), RATE).expect("opens");
    assert_eq!(read_wav(&path), [], "valid from the start");
    assert_eq!((sink.pace(), sink.due(at(0))), (Pace::Clock, Ok(0)));
    sink.start(at(0));
    let mut written = Vec::new();
    for tick in 1..=500 {
        let now = at(tick * 7);
        let due = sink.due(now).expect("there");
        let frames = sine(440.0, 8_000.0, RATE, written.len() as u64 / 2, due);
        sink.write(&frames).expect("written");
        written.extend(frames);
        assert_eq!(written.len() as u64 / 2, tick * 7 * 48, "sample n is due at n / rate");
        let stated = read_wav(&path).len();
        assert!(written.len() - stated <= RATE as usize * 2, "at most a second behind");
    }
    drop(sink);
    assert_eq!(read_wav(&path), written);
}

#[test]
fn a_file_that_was_lost_goes_on_where_its_clock_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("heard.wav");
    let spec = format!("wav:{}", path.display());
    let mut sink = Sink::open(&spec, RATE).expect("opens");
    sink.start(at(0));
    let before = sine(440.0, 8_000.0, RATE, 0, 48 * 90);
    assert_eq!(sink.due(at(90)), Ok(48 * 90));
    sink.write(&before).expect("written");
    drop(sink);
    drop(Sink::reopen(&spec, RATE).expect("opens"));
    let mut sink = Sink::reopen(&spec, RATE).expect("opens");
    assert_eq!(read_wav(&path), before, "what was recorded stays");
    sink.resume(at(0), at(200));
    assert_eq!((sink.due(at(200)), sink.due(at(210))), (Ok(0), Ok(480)));
    let after = sine(880.0, 8_000.0, RATE, 0, 480);
    sink.write(&after).expect("written");
    drop(sink);
    let heard = read_wav(&path);
    assert_eq!(heard.len(), 2 * 48 * 210);
    assert_eq!(heard[..before.len()], before);
    assert!(heard[before.len()..2 * 48 * 200].iter().all(|s| *s == 0));
    assert_eq!(heard[2 * 48 * 200..], after);
}

#[test]
fn a_sleeper_is_asked_in_pieces_and_catches_up() {
    let mut sink = Sink::null(RATE);
    sink.start(at(0));
    let mut total = 0;
    loop {
        let due = sink.due(at(1_000)).expect("there");
        if due == 0 {
            break;
        }
        assert!(due <= MOST_AT_ONCE as usize);
        sink.write(&vec![0; due * 2]).expect("swallowed");
        total += due;
    }
    assert_eq!(total, 48_000);
}

#[test]
fn a_raw_pipe_is_never_waited_for_and_keeps_left_and_right_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pipe");
    let spec = format!("raw:{}", path.display());
    let mode = rustix::fs::Mode::RWXU;
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0)
        .expect("a pipe");
    let error = Sink::open(&spec, RATE).expect_err("no reader");
    assert!(error.to_string().contains("nobody reads"), "{error}");
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let mut options = fs::File::options();
    let options = std::os::unix::fs::OpenOptionsExt::custom_flags(options.read(true), flags);
    let mut reader = options.open(&path).expect("a reader");
    let mut sink = Sink::open(&spec, RATE).expect("opens");
    let frames: Vec<i16> =
        (0..RATE as i32 * 3).flat_map(|i| [i as i16 | 1, i as i16 & !1]).collect();
    for piece in frames.chunks(960) {
        sink.write(piece).expect("kept or dropped");
    }
    assert!(sink.dropped() > u64::from(RATE), "{} dropped", sink.dropped());
    let mut taken = Vec::new();
    let mut piece = [0; 5_001];
    loop {
        let got = reader.read(&mut piece).unwrap_or(0);
        taken.extend_from_slice(&piece[..got]);
        if got == 0
            && sink.flush().is_ok()
            && reader.read(&mut piece[..1]).map_or(true, |n| {
                taken.extend_from_slice(&piece[..n]);
                n == 0
            })
        {
            break;
        }
    }
    for frame in taken.chunks_exact(4) {
        assert_eq!((frame[0] & 1, frame[2] & 1), (1, 0), "left is odd, right is even");
    }
    drop(reader);
    let lost = (0..100).find_map(|_| sink.write(&frames[..9_600]).err()).expect("noticed");
    assert!(lost.to_string().contains("its reader is gone"), "{lost}");
}

#[test]
fn wrong_specifications_say_what_to_do() {
    for (spec, part) in [
        ("", "expected pulse"),
        ("speaker", "expected pulse"),
        ("wav:", "missing"),
        ("raw", "missing"),
        ("null:x", "takes no name"),
        ("alsa:hw:0", "no ALSA"),
        ("wav:/nonexistent/heard.wav", "does not exist"),
        ("wav:/dev/null", "not a plain file"),
    ] {
        let error = Sink::open(spec, RATE).expect_err("refused").to_string();
        assert!(error.contains(part) && error.contains(&format!("`{spec}`")), "{error}");
    }
}

/// A PulseAudio server of its own, in a folder of its own.
struct Server {
    process: Child,
    folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Server {
        let folder = tempfile::tempdir().expect("a folder");
        let mut server = Command::new("pulseaudio");
        let socket = folder.path().join("native");
        let load = format!("module-native-protocol-unix socket={}", socket.display());
        server.args(["-n", "--daemonize=no", "--system=no", "--exit-idle-time=-1", "-L", &load]);
        server.args(["-L", "module-null-sink sink_name=ear rate=48000"]);
        Server::environment(&mut server, folder.path());
        let process = server
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("pulseaudio is not installed: apt-get install pulseaudio pulseaudio-utils");
        let server = Server { process, folder };
        let patience = Wall::now();
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            assert!(patience.elapsed() < Duration::from_secs(20), "pulseaudio does not come up");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    fn environment(command: &mut Command, folder: &Path) {
        command
            .env("HOME", folder)
            .env("XDG_RUNTIME_DIR", folder)
            .env("PULSE_RUNTIME_PATH", folder);
        command.env("PULSE_SERVER", format!("unix:{}", folder.join("native").display()));
        command.env_remove("PULSE_COOKIE").env_remove("DBUS_SESSION_BUS_ADDRESS");
    }

    /// A program that uses the server.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        Server::environment(&mut command, self.folder.path());
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The part of the test below that is the program under test: a process of its own, since it finds
/// its server by the environment. Plays two tones, then outlives the server.
#[test]
fn pulse_player() {
    if std::env::var_os("TANDEM_PULSE_PLAYER").is_none() {
        return;
    }
    assert!(pulse_answers());
    let error = Sink::open("pulse:nowhere", RATE).expect_err("no such sink");
    assert!(error.reason.contains("no sink `nowhere`"), "{error}");
    let mut sink = Sink::open("pulse:ear", RATE).expect("opens");
    let error = Microphone::open("pulse:nowhere").expect_err("no such source");
    assert!(error.reason.contains("no source `nowhere`"), "{error}");
    let mut microphone = Microphone::open("pulse:ear.monitor").expect("opens");
    assert!(microphone.is_device() && microphone.fd().is_some());
    let mut overheard = Vec::new();
    let clock = Wall::now();
    let (mut played, mut late) = (0u64, false);
    let lost = loop {
        let now = Instant::from_nanos(clock.elapsed().as_nanos() as u64);
        if let Ok(due) = microphone.due(now) {
            let mut piece = vec![0; due];
            microphone.read(&mut piece);
            overheard.extend(piece);
        }
        match sink.due(now) {
            Err(lost) => break lost,
            Ok(0) => {
                let fd = sink.fd().expect("a socket");
                let mut ready = [rustix::event::PollFd::new(&fd, rustix::event::PollFlags::IN)];
                let second = rustix::event::Timespec { tv_sec: 5, tv_nsec: 0 };
                assert_eq!(rustix::event::poll(&mut ready, Some(&second)), Ok(1), "it asks on");
            }
            Ok(due) => {
                let tone = [440.0, 880.0, 660.0][(played / u64::from(RATE)).min(2) as usize];
                let frames = sine(tone, 8_000.0, RATE, played, due);
                if let Err(lost) = sink.write(&frames) {
                    break lost;
                }
                played += due as u64;
                if played > u64::from(RATE) * 2 && !late {
                    late = true;
                    std::thread::sleep(Duration::from_millis(300));
                    sink.due(now).expect("still there");
                    println!("underflows: {}", sink.underflows());
                }
                if played > u64::from(RATE) * 3 {
                    let ahead = played as f64 / 48.0 - clock.elapsed().as_secs_f64() * 1e3;
                    assert!(ahead < 60.0, "{ahead} ms ahead of the ear");
                    println!("ready to die");
                }
            }
        }
    };
    println!("lost: {lost}");
    let tones = tones(&overheard, microphone.rate(), &[440.0, 660.0, 880.0], 50);
    let heard = |frequency| tones.iter().any(|tone| tone.frequency == Some(frequency));
    assert!([440.0, 660.0, 880.0].into_iter().all(heard), "{tones:?}");
    let gone = Wall::now();
    while microphone.due(Instant::ZERO).is_ok() {
        assert!(gone.elapsed() < Duration::from_secs(5), "the microphone is gone as well");
        std::thread::sleep(Duration::from_millis(10));
    }
    // A dying server may hang up before it stops listening.
    let dead = Wall::now();
    loop {
        let error = Sink::open("pulse", RATE).expect_err("the server is gone");
        if error.reason.contains("no PulseAudio or PipeWire server found") {
            break;
        }
        assert!(dead.elapsed() < Duration::from_secs(5), "{error}");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(!pulse_answers());
}

#[test]
fn pulse_is_heard_by_a_real_server_and_its_loss_is_noticed() {
    let mut server = Server::start();
    let mut recorder = server.command("parec");
    recorder.args(["-d", "ear.monitor", "--raw", "--format=s16le", "--rate=48000", "--channels=2"]);
    recorder.args(["--latency-msec=20"]);
    let mut recorder = recorder.stdout(Stdio::piped()).spawn().expect("parec");
    let mut sound = recorder.stdout.take().expect("a pipe");
    // A null sink without a listener starts late: sound (silence) must flow before we play.
    let mut first = [0; 4_800 * 4];
    sound.read_exact(&mut first).expect("the monitor runs");
    let listener = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = sound.read_to_end(&mut bytes);
        bytes
    });
    let mut player =
        server.command(std::env::current_exe().expect("this test").to_str().expect("a name"));
    player.args(["--exact", "sink::tests::pulse_player", "--nocapture", "--test-threads=1"]);
    player.env("TANDEM_PULSE_PLAYER", "1").stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut player = player.spawn().expect("this program again");
    let mut said = String::new();
    let mut output = player.stdout.take().expect("a pipe");
    let mut piece = [0; 256];
    while !said.contains("ready to die") {
        let got = output.read(&mut piece).expect("its words");
        assert!(got > 0, "the player ended early: {said}");
        said.push_str(&String::from_utf8_lossy(&piece[..got]));
    }
    server.process.kill().expect("our own server");
    output.read_to_string(&mut said).expect("its words");
    assert!(player.wait().expect("ends").success(), "{said}");
    let _ = recorder.wait();
    // It hangs up, or resets when it had not read everything.
    assert!(said.contains("lost: sound output lost: the "), "{said}");
    assert!(!said.contains("underflows: 0\n"), "a late player is told: {said}");
    let bytes = listener.join().expect("the recording");
    let heard: Vec<i16> = bytes.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
    let tones = tones(&channel(&heard, 0), RATE, &[440.0, 660.0, 880.0], 50);
    let lasted = |frequency| -> f64 {
        let these = tones.iter().filter(|tone| tone.frequency == Some(frequency));
        these.map(|tone| tone.until - tone.from).sum()
    };
    // On a busy machine the player is late at times; each time costs a window.
    assert!((0.7..1.1).contains(&lasted(440.0)), "{tones:?}");
    assert!((0.7..1.1).contains(&lasted(880.0)), "{tones:?}");
    assert!((0.4..1.0).contains(&lasted(660.0)), "sound goes on after a late player: {tones:?}");
}
