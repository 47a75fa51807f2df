//! The real `tandemd`, with a scripted controller and phone on a Unix socket, in real time.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::music::{Music, RATE, SAMPLES};
use crate::scripted::{HANDLE, Script};

/// How long it streams before anything is measured, and while it is.
const WARM_UP: Duration = Duration::from_secs(3);
const MEASURED: Duration = Duration::from_secs(20);
/// How long it may take until it streams.
const PATIENCE: Duration = Duration::from_secs(20);
/// The longest H4 packet from a host.
const LONGEST: usize = 2_048;

/// What was measured.
pub struct Figures {
    /// Milliseconds of CPU, user and system, for a second of audio.
    pub cpu_ms: f64,
    /// The same, thread by thread.
    pub threads: String,
    /// Page faults of the radio and audio threads meanwhile.
    pub real_time_faults: u64,
    /// VmRSS at the end.
    pub resident_kb: u64,
    /// VmHWM.
    pub peak_kb: u64,
    /// RssAnon at the end.
    pub own_kb: u64,
    /// VmLck.
    pub locked_kb: u64,
}

/// Starts `tandemd`, plays to it for a while, and ends it.
pub fn measure() -> Result<Figures, String> {
    let program = option_env!("CARGO_BIN_EXE_tandemd").ok_or("there is no tandemd yet")?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let at = |name: &str| folder.path().join(name);
    let listener = UnixListener::bind(at("h4")).map_err(|error| error.to_string())?;
    let log = fs::File::create(at("log")).map_err(|error| error.to_string())?;
    let mut child = Command::new(program)
        .arg("--controller")
        .arg(format!("unix:{}", at("h4").display()))
        .arg("--sound")
        .arg(format!("wav:{}", at("heard.wav").display()))
        .arg("--state-dir")
        .arg(at("state"))
        .arg("--control")
        .arg(at("control"))
        .args(["--pair", "60"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .map_err(|error| format!("{program}: {error}"))?;
    let figures = accept(&listener, &mut child).and_then(|stream| play(stream, child.id()));
    end(&mut child);
    let said = fs::read_to_string(at("log")).unwrap_or_default();
    let figures = figures.map_err(|reason| format!("{reason}; tandemd said: {}", said.trim()))?;
    if is_silent(&at("heard.wav")) {
        return Err("nothing was heard".to_owned());
    }
    Ok(figures)
}

fn accept(listener: &UnixListener, child: &mut Child) -> Result<UnixStream, String> {
    listener.set_nonblocking(true).map_err(|error| error.to_string())?;
    let started = Instant::now();
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false).map_err(|error| error.to_string())?;
                return Ok(stream);
            }
            Err(_) if started.elapsed() < PATIENCE => {}
            Err(error) => return Err(format!("it does not connect: {error}")),
        }
        if let Ok(Some(status)) = child.try_wait() {
            return Err(format!("it ended: {status}"));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The phone's side of the conversation, until all is measured.
fn play(mut stream: UnixStream, process: u32) -> Result<Figures, String> {
    let told = |error: std::io::Error| format!("the H4 stream broke: {error}");
    let mut script = Script::default();
    let mut received = Vec::new();
    let started = Instant::now();
    let mut music: Option<(Music, Instant, u32)> = None;
    let mut before: Option<(Instant, Vec<Spent>)> = None;
    loop {
        while let Some(packet) = script.next() {
            stream.write_all(&packet).map_err(told)?;
        }
        match (&mut music, script.streams_to()) {
            (None, Some(cid)) => music = Some((Music::new(HANDLE, cid), Instant::now(), 0)),
            (None, None) if started.elapsed() > PATIENCE => {
                return Err("the phone could not start its stream".to_owned());
            }
            _ => {}
        }
        let mut wait = Duration::from_millis(20);
        if let Some((music, first, sent)) = &mut music {
            let due = *first + packets(*sent);
            wait = due.saturating_duration_since(Instant::now());
            if wait.is_zero() {
                stream.write_all(music.next()).map_err(told)?;
                *sent += 1;
                continue;
            }
            match &before {
                None if first.elapsed() > WARM_UP => {
                    before = Some((Instant::now(), spent(process)?));
                }
                Some((from, spent)) if from.elapsed() > MEASURED => {
                    return figures(process, from.elapsed(), spent);
                }
                _ => {}
            }
        }
        read(&mut stream, wait, &mut received).map_err(told)?;
        take(&mut script, &mut received);
    }
}

/// How long so many packets play.
fn packets(count: u32) -> Duration {
    Duration::from_secs_f64(f64::from(count) * f64::from(SAMPLES) / f64::from(RATE))
}

fn read(stream: &mut UnixStream, wait: Duration, to: &mut Vec<u8>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(wait.max(Duration::from_micros(100))))?;
    let mut bytes = [0; 4096];
    match stream.read(&mut bytes) {
        Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
        Ok(n) => {
            to.extend(&bytes[..n]);
            Ok(())
        }
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Hands the whole packets among `received` to the script.
fn take(script: &mut Script, received: &mut Vec<u8>) {
    while let Some((_, length)) = wire::h4::measure(received, LONGEST).expect("H4 framing") {
        if length > received.len() {
            return;
        }
        script.take(&received[..length]);
        received.drain(..length);
    }
}

/// What a thread has spent so far.
struct Spent {
    thread: String,
    name: String,
    nanos: u64,
    /// Page faults, those that needed no disk as well.
    faults: u64,
}

/// From the scheduler's own count, which is exact where the ticks of `stat` are 10 ms each.
fn spent(process: u32) -> Result<Vec<Spent>, String> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).map_err(|error| error.to_string())?;
    let mut all = Vec::new();
    for task in tasks.flatten() {
        let read = |file: &str| fs::read_to_string(task.path().join(file));
        let (Ok(name), Ok(statistics)) = (read("comm"), read("schedstat")) else { continue };
        let nanos = statistics.split(' ').next().and_then(|nanos| nanos.parse().ok());
        let Ok(stat) = read("stat") else { continue };
        all.push(Spent {
            faults: faults(&stat).ok_or("this kernel counts no page faults")?,
            thread: task.file_name().to_string_lossy().into_owned(),
            name: name.trim().to_owned(),
            nanos: nanos.ok_or("this kernel keeps no schedstat")?,
        });
    }
    Ok(all)
}

/// Both counts in a thread's `stat`, the 10th field and the 12th; a name in brackets is the second.
fn faults(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(7);
    let [minor, _, major] = [fields.next()?, fields.next()?, fields.next()?];
    Some(minor.parse::<u64>().ok()? + major.parse::<u64>().ok()?)
}

fn figures(process: u32, time: Duration, before: &[Spent]) -> Result<Figures, String> {
    let mut threads = Vec::new();
    let (mut cpu_ms, mut real_time_faults) = (0.0, 0);
    for after in spent(process)? {
        let earlier = before.iter().find(|spent| spent.thread == after.thread);
        let nanos = after.nanos - earlier.map_or(0, |spent| spent.nanos);
        if matches!(after.name.as_str(), "radio" | "audio") {
            real_time_faults += after.faults - earlier.map_or(0, |spent| spent.faults);
        }
        let ms = nanos as f64 / 1e6 / time.as_secs_f64();
        threads.push(format!("{} {ms:.2}", after.name));
        cpu_ms += ms;
    }
    let status =
        fs::read_to_string(format!("/proc/{process}/status")).map_err(|error| error.to_string())?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let figure = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        figure.ok_or_else(|| format!("the kernel does not tell {name}"))
    };
    Ok(Figures {
        real_time_faults,
        cpu_ms,
        threads: threads.join(", "),
        resident_kb: field("VmRSS")?,
        peak_kb: field("VmHWM")?,
        own_kb: field("RssAnon")?,
        locked_kb: field("VmLck")?,
    })
}

/// Asks it to end, and makes it after a while.
fn end(child: &mut Child) {
    let _ = Command::new("kill").arg(child.id().to_string()).status();
    let asked = Instant::now();
    while asked.elapsed() < Duration::from_secs(3) {
        if matches!(child.try_wait(), Ok(Some(_))) {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Whether fewer than half of the samples are anything but zero.
fn is_silent(path: &Path) -> bool {
    let bytes = fs::read(path).unwrap_or_default();
    let samples = bytes.get(44..).unwrap_or_default().chunks_exact(2);
    let all = samples.len();
    2 * samples.filter(|sample| **sample != [0, 0]).count() < all.max(1)
}
