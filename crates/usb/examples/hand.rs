//! A hand at a dongle: takes the one that the first argument means (`usb`, `usb:1209:0b1e`, …), does what
//! the lines on its standard input say, and writes down what the dongle says.
//!
//! ```text
//! command HEX | data HEX | sco HEX    a packet for the controller
//! voice [HANDLE:linear16|linear8|transparent]…   the synchronous links that are up
//! loop on|off                         voice goes back to where it came from
//! health | close | abort
//! ```
//! At the end of the lines the dongle is given back. `--watch` in place of a dongle writes down which
//! come and go; `libusb`, where this was built with that feature, the first dongle through it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time;

use pool::Instant;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tandem_usb::system::Node;
use tandem_usb::{Change, Coding, Options, SendError, Spec, Transport, Usbfs, VoiceLink, watch};
use wire::h4::Channel;

fn main() -> ExitCode {
    let spec = std::env::args().nth(1).unwrap_or_else(|| "usb".into());
    match &*spec {
        "--watch" => return done(watching()),
        #[cfg(feature = "libusb")]
        "libusb" => return done(through_libusb()),
        _ => {}
    }
    let spec: Spec = match spec.parse() {
        Ok(spec) => spec,
        Err(error) => return failed(&error),
    };
    match Transport::<Usbfs>::open(&spec, &Options::default()) {
        Ok(transport) => done(run(transport)),
        Err(error) => failed(&error),
    }
}

fn done(result: Result<(), Box<dyn std::error::Error>>) -> ExitCode {
    result.map_or_else(|error| failed(&*error), |()| ExitCode::SUCCESS)
}

/// The first dongle, through libusb.
#[cfg(feature = "libusb")]
fn through_libusb() -> Result<(), Box<dyn std::error::Error>> {
    let dongles = tandem_usb::list()?;
    let dongle = Spec::First.choose(&dongles)?;
    let node = tandem_usb::Libusb::open(dongle)?;
    run(Transport::over(node, dongle, &Options::default())?)
}

fn watching() -> Result<(), Box<dyn std::error::Error>> {
    for change in watch(Spec::First)? {
        match change {
            Change::Arrived(dongle) => say(format_args!("arrived {dongle}"))?,
            Change::Left(dongle) => say(format_args!("left {dongle}"))?,
        }
    }
    Ok(())
}

fn failed(error: &dyn std::fmt::Display) -> ExitCode {
    println!("error {error}");
    ExitCode::FAILURE
}

fn run<N: Node>(mut transport: Transport<N>) -> Result<(), Box<dyn std::error::Error>> {
    let start = time::Instant::now();
    let mut looped = false;
    // A reader that shows whether a line waits in it, where poll cannot see it.
    let mut lines = BufReader::new(File::from(io::stdin().as_fd().try_clone_to_owned()?));
    say(format_args!("open"))?;
    loop {
        if let Some(report) = transport.voice_report() {
            say(format_args!("report {report:?}"))?;
        }
        let flags = transport.readiness();
        let dongle = transport.fd().ok_or("closed")?;
        let mut fds =
            [PollFd::new(lines.get_ref(), PollFlags::IN), PollFd::from_borrowed_fd(dongle, flags)];
        let waits = lines.buffer().contains(&b'\n');
        let moment = Timespec { tv_sec: 0, tv_nsec: if waits { 0 } else { 2_000_000 } };
        poll(&mut fds, (waits || transport.is_starved()).then_some(&moment))?;
        let ordered = waits || !fds[0].revents().is_empty();
        let now = Instant::from_nanos(start.elapsed().as_nanos() as u64);
        while let Some((channel, packet)) = transport.receive(now)? {
            match channel {
                Channel::Synchronous if looped => transport.send(channel, packet)?,
                Channel::Synchronous => say(format_args!("sco {}", hex(&packet)))?,
                Channel::Acl => say(format_args!("data {}", hex(&packet)))?,
                _ => say(format_args!("event {}", hex(&packet)))?,
            }
        }
        if ordered {
            let mut line = String::new();
            if lines.read_line(&mut line)? == 0 || !order(&mut transport, line.trim(), &mut looped)?
            {
                transport.close();
                return Ok(say(format_args!("closed"))?);
            }
        }
    }
}

/// Does what a line says; gives whether to go on.
fn order<N: Node>(
    transport: &mut Transport<N>,
    line: &str,
    looped: &mut bool,
) -> Result<bool, Box<dyn std::error::Error>> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match word {
        "command" => send(transport, Channel::Command, rest)?,
        "data" => send(transport, Channel::Acl, rest)?,
        "sco" => send(transport, Channel::Synchronous, rest)?,
        "voice" => {
            let links: Result<Vec<VoiceLink>, _> = rest.split_whitespace().map(link).collect();
            transport.set_voice(&links?)?;
        }
        "loop" => *looped = rest == "on",
        "health" => say(format_args!("health {:?}", transport.health()))?,
        "close" => return Ok(false),
        "abort" => std::process::abort(),
        _ => return Err(format!("no such order: {line}").into()),
    }
    Ok(true)
}

fn link(text: &str) -> Result<VoiceLink, Box<dyn std::error::Error>> {
    let (handle, coding) = text.split_once(':').ok_or("HANDLE:CODING")?;
    let coding = match coding {
        "linear16" => Coding::Linear16,
        "linear8" => Coding::Linear8,
        "transparent" => Coding::Transparent,
        _ => return Err(format!("no such coding: {coding}").into()),
    };
    Ok(VoiceLink { handle: u16::from_str_radix(handle, 16)?, coding })
}

fn send<N: Node>(
    transport: &mut Transport<N>,
    channel: Channel,
    hex: &str,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut packet = transport.arena().take().ok_or("no block")?;
    for pair in hex.as_bytes().chunks(2) {
        packet
            .append(&[u8::from_str_radix(std::str::from_utf8(pair)?, 16)?])
            .map_err(|_| SendError::NotSendable)?;
    }
    Ok(transport.send(channel, packet)?)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn say(line: std::fmt::Arguments<'_>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
