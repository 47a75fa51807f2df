//! `cargo bench --bench figures`: every figure that Tandem promises, measured and held against the
//! promise, as a Markdown table. Exits with 1 when one is missed. `-- media tandemd` measures these
//! parts alone.
//!
//! Instructions are counted by callgrind (valgrind must be installed), on this very program run
//! again under it, as the difference of two runs of different length: the same on every machine of
//! a kind. Allocations and copies are counted, not sampled. Times in virtual time are the same everywhere.
//! Other times are of the machine that measured them: they are reported, and judged by the reader.

mod bus;
mod callgrind;
mod calls;
mod counting;
mod daemon;
mod moves;
mod music;
mod scene;
mod scripted;
mod streaming;
mod table;
mod work;

use std::process::{Command, ExitCode};
use std::time::Instant;

use bus::Bus;
use music::{FRAMES, MEDIA_LEN, RATE, SAMPLES};
use streaming::Streaming;
use table::Table;
use work::Work;

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

/// The promises.
const MEDIA_INSTRUCTIONS: u64 = 700;
const USB_INSTRUCTIONS: u64 = 900;
const LONE_CALLS: u64 = 4;
const DECODE_INSTRUCTIONS: u64 = 20_000;
const VOICE_INSTRUCTIONS: u64 = 40_000;
const DECISION_NS: f64 = 500.0;
const PACKAGES: u64 = 150;
const CPU_MS: f64 = 5.3;
const RESIDENT_KB: u64 = 8 * 1024;
const LOCKED_KB: u64 = 8 * 1024;

/// Measures something and puts it into the table.
type Measure = fn(&mut Table);

/// What is measured; the names of some as arguments measure only these.
const PARTS: [(&str, Measure); 10] = [
    ("media", media),
    ("usb", usb),
    ("decode", decode),
    ("voice", voice),
    ("calls", calls::measure),
    ("moves", moves::measure),
    ("million", million),
    ("packages", packages),
    ("tandemd", tandemd),
    ("more", more),
];

/// The packets of the long run.
const MILLION: u64 = 1_000_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some((work, count)) = work::asked(&arguments) {
        work.run(count);
        return ExitCode::SUCCESS;
    }
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("nothing is measured without optimisation: cargo bench --bench figures");
        return ExitCode::SUCCESS;
    }
    let wanted: Vec<&String> = arguments.iter().filter(|word| !word.starts_with("--")).collect();
    if let Some(unknown) = wanted.iter().find(|word| PARTS.iter().all(|(name, _)| name != *word)) {
        eprintln!(
            "there is no part `{unknown}`; there are: {}",
            PARTS.map(|(name, _)| name).join(", ")
        );
        return ExitCode::from(2);
    }
    let mut table = Table::default();
    for (name, measure) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|word| *word == name) {
            measure(&mut table);
        }
    }
    table.print();
    if table.is_kept() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// One media packet, from H4 bytes in memory to its effect.
fn media(table: &mut Table) {
    // H4's packet type, ACL's header and L2CAP's come before it.
    let h4 = 1 + 4 + 4 + MEDIA_LEN;
    let what = format!(
        "one media packet of {MEDIA_LEN} bytes ({h4} on H4; {FRAMES} SBC frames of 119), \
         H4 bytes in memory → media effect, decode excluded"
    );
    // The bytes get into memory by a copy that a transport's read would have been.
    let written = callgrind::each(Work::Write);
    let counted = callgrind::each(Work::Media).and_then(|all| Ok(all - written.clone()?));
    table.counted(&format!("{what}: user instructions"), MEDIA_INSTRUCTIONS, counted);

    const PACKETS: u64 = 100_000;
    let mut streaming = Streaming::start();
    let copied = streaming.arena.copied();
    let before = streaming.allocations();
    let mut inside = 0;
    for _ in 0..PACKETS {
        let payload = streaming.packet();
        inside += u64::from(Streaming::is_inside(&streaming.arena, payload));
    }
    let calls = streaming.allocations() - before;
    let copies = PACKETS - inside + (streaming.arena.copied() - copied);
    table.counted(&format!("the same: allocations in {PACKETS} packets"), 0, Ok(calls));
    let how = "payloads outside the block that the transport wrote, and bytes counted as copied";
    table.counted(&format!("the same: copies ({how}) in {PACKETS} packets"), 0, Ok(copies));
}

/// One media packet, from the transfer that the bus has filled to its effect.
fn usb(table: &mut Table) {
    let what = "the same packet over USB, transfer reaped → media effect, and another submitted";
    // The bus does what the kernel and a host controller would have.
    let counted = callgrind::each(Work::Usb).and_then(|all| Ok(all - callgrind::each(Work::Bus)?));
    table.counted(&format!("{what}: user instructions"), USB_INSTRUCTIONS, counted);

    const PACKETS: u64 = 100_000;
    let mut streaming = Streaming::start();
    let (bus, mut transport) = Bus::plug();
    let arena = transport.arena().clone();
    let (before, calls) = (streaming.allocations(), bus.calls());
    let mut inside = 0;
    for _ in 0..PACKETS {
        bus.data(streaming.next());
        let payload = streaming.packet_from(&mut transport);
        inside += u64::from(Streaming::is_inside(&arena, payload));
    }
    let allocations = streaming.allocations() - before;
    table.counted(&format!("the same: allocations in {PACKETS} packets"), 0, Ok(allocations));
    let copies = PACKETS - inside + arena.copied();
    table.counted(&format!("the same: copies in {PACKETS} packets"), 0, Ok(copies));
    // Before them the thread waits, which is a call of its own.
    let lone = 1 + (bus.calls() - calls) / PACKETS;
    table.counted("system calls for a packet that comes alone", LONE_CALLS, Ok(lone));
}

fn decode(table: &mut Table) {
    let what = "SBC decode, joint stereo, bitpool 53, 44.1 kHz, one frame: instructions";
    table.counted(what, DECODE_INSTRUCTIONS, callgrind::each(Work::Decode));
}

fn voice(table: &mut Table) {
    let what = "mSBC, one frame decoded and one encoded (7.5 ms each): instructions";
    table.counted(what, VOICE_INSTRUCTIONS, callgrind::each(Work::Msbc));
    let what = "a voice packet of 60 octets heard and answered, 7.5 ms rendered: instructions";
    table.told(what, &shown(callgrind::each(Work::Voice)));
}

/// A million packets through everything: framer, host, ring, decoder, jitter buffer, mix.
fn million(table: &mut Table) {
    let mut streaming = Streaming::start();
    streaming.played();
    let (before, copied) = (streaming.allocations(), streaming.arena.copied());
    let started = Instant::now();
    let mut heard = 0;
    for _ in 1..MILLION {
        heard += streaming.played() as u64;
    }
    let spent = started.elapsed().as_secs_f64();
    let seconds = MILLION as f64 * f64::from(SAMPLES) / f64::from(RATE);
    let calls = streaming.allocations() - before;
    let what = "allocations between the first and the millionth media packet, decoded and heard";
    table.counted(what, 0, Ok(calls));
    table.counted("bytes copied before the decoder meanwhile", 0, {
        Ok(streaming.arena.copied() - copied)
    });
    // Two channels at 48 kHz, hardly a sample of which is zero by chance.
    let silent = 1.0 - heard as f64 / (seconds * 96_000.0);
    table.note(&format!(
        "the million packets were {:.1} h of sound, {:.2} % of it silent samples, in {spent:.0} s",
        seconds / 3_600.0,
        silent * 100.0,
    ));
    table.told(
        "a second of sound on one core, H4 bytes to samples: ms",
        &format!("{:.2}", spent * 1e3 / seconds),
    );
}

fn packages(table: &mut Table) {
    let listed = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["tree", "--package", "tandem-programs", "--edges", "normal", "--prefix", "none"])
        .output();
    let counted = listed.map_err(|error| error.to_string()).and_then(|output| {
        let text = String::from_utf8_lossy(&output.stdout);
        let mut names: Vec<String> = text
            .lines()
            .filter(|line| !line.is_empty())
            .map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "))
            .collect();
        names.sort();
        names.dedup();
        if output.status.success() {
            Ok(names.len() as u64)
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    });
    table.counted("packages in the programs' normal dependency tree", PACKAGES, counted);
}

/// The real program with one phone.
fn tandemd(table: &mut Table) {
    let what = "`tandemd`, one phone streaming over H4, decode to `wav:`";
    match daemon::measure() {
        Ok(figures) => {
            table.timed(
                &format!("{what}: ms of CPU for a second of audio"),
                CPU_MS,
                figures.cpu_ms,
            );
            let faults = format!("{what}: page faults of its real-time threads in 20 s");
            table.counted(&faults, 0, Ok(figures.real_time_faults));
            table.counted(&format!("{what}: kB resident"), RESIDENT_KB, Ok(figures.resident_kb));
            table.counted(&format!("{what}: kB locked"), LOCKED_KB, Ok(figures.locked_kb));
            table.note(&format!(
                "`tandemd` took, thread by thread, in ms for a second of audio: {}; at most {} kB \
                 were ever resident; {} kB of what is resident are its own memory, the rest is \
                 mapped from the program's file and libraries",
                figures.threads, figures.peak_kb, figures.own_kb
            ));
        }
        Err(reason) => table.counted(what, 0, Err(reason)),
    }
}

/// Figures without a promise.
fn more(table: &mut Table) {
    let written = callgrind::each(Work::Write);
    let framed = callgrind::each(Work::Frame).and_then(|all| Ok(all - written.clone()?));
    table.told("the H4 framer alone, a packet: instructions", &shown(framed));
    let played = callgrind::each(Work::Play);
    let second = |each: u64| each * u64::from(RATE) / u64::from(SAMPLES) / 1_000;
    table.told(
        "a second of sound, H4 bytes to 48 kHz samples: thousands of instructions",
        &shown(played.clone().map(second)),
    );
    let engine = played.and_then(|all| {
        let (media, decode) = (callgrind::each(Work::Media)?, callgrind::each(Work::Decode)?);
        Ok(second(all.saturating_sub(media + u64::from(FRAMES) * decode)))
    });
    table.told(
        "of these, the jitter buffer, drift servo, rate conversion, fade and mix",
        &shown(engine),
    );
    for (what, work) in [("two phones", Work::Decide), ("calls on both phones", Work::DecideCalls)]
    {
        let what = format!("a multipoint decision, {what}");
        table.told(&format!("{what}: instructions"), &shown(callgrind::each(work)));
        table.timed(&format!("{what}: ns"), DECISION_NS, nanos(work, 200_000));
    }
    let what = "a media packet, the copy into memory included: ns";
    table.told(what, &format!("{:.0}", nanos(Work::Media, 100_000)));
}

fn shown(counted: Result<u64, String>) -> String {
    counted.map_or_else(|reason| reason, |figure| figure.to_string())
}

/// The fastest of several rounds, start-up excluded by the difference of two lengths.
fn nanos(work: Work, count: u64) -> f64 {
    let timed = |count| {
        let started = Instant::now();
        work.run(count);
        started.elapsed()
    };
    let round = || timed(11 * count).saturating_sub(timed(count)).as_nanos() as f64;
    let fastest = (0..5).map(|_| round()).fold(f64::INFINITY, f64::min);
    fastest / (10 * count) as f64
}
