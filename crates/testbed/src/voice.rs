//! `testbed voice`: Tandem's own USB driver against a dongle that gives back what it gets.
//!
//! For some seconds a stream without a repetition goes out as voice packets, at the pace of the bus,
//! and has to come back byte for byte: nothing lost, doubled or out of order.

use std::fmt::Write as _;
use std::io::{self, Error};
use std::time::{Duration, Instant as Clock};

use clap::{Args, ValueEnum};
use pool::{Frame, Instant};
use rustix::event::PollFd;
use usb::{Coding, Options as Opening, Spec, Transport, VoiceLink};
use wire::h4::Channel;

use crate::control::wait;

/// The link, which only this program and the dongle believe in.
const HANDLE: u16 = 0x0123;
/// Voice packets that wait in the driver at most.
const AHEAD: usize = 4;
/// Nothing comes for so long: it is lost.
const SILENCE: Duration = Duration::from_secs(3);

/// What is to be carried.
#[derive(Args)]
pub(crate) struct Options {
    /// The dongle, as `--controller` takes it.
    #[arg(long)]
    controller: String,
    /// What the link carries.
    #[arg(long, value_enum)]
    coding: Carried,
    /// For how long.
    #[arg(long, default_value_t = 60)]
    seconds: usize,
}

#[derive(Clone, Copy, ValueEnum)]
enum Carried {
    /// 16-bit samples, 16 bytes a millisecond.
    Linear,
    /// mSBC, 8 bytes a millisecond.
    Transparent,
}

impl Carried {
    fn coding(self) -> (Coding, usize) {
        match self {
            Carried::Linear => (Coding::Linear16, 16),
            Carried::Transparent => (Coding::Transparent, 8),
        }
    }
}

/// The stream's byte at a place: no piece of it is like another.
fn byte(at: usize) -> u8 {
    let word = (at as u32 / 4).wrapping_mul(0x9E37_79B1).rotate_left(7);
    word.to_le_bytes()[at % 4]
}

/// Carries the stream, and says how that went; an error where it came back as another.
pub(crate) fn run(options: &Options) -> io::Result<()> {
    let failed = |error: &dyn std::fmt::Display| Error::other(error.to_string());
    let spec: Spec = options.controller.parse().map_err(|error: usb::BadSpec| failed(&error))?;
    let mut transport =
        Transport::open(&spec, &Opening::default()).map_err(|error| failed(&error))?;
    let (coding, rate) = options.coding.coding();
    let link = VoiceLink { handle: HANDLE, coding };
    transport.set_voice(&[link]).map_err(|error| failed(&error))?;
    let whole = options.seconds * 1000 * rate;
    let (start, mut last) = (Clock::now(), Clock::now());
    let (mut sent, mut heard) = (0, 0);
    while heard < whole {
        while sent < whole && transport.health().voice_queued < AHEAD {
            // Not what the setting's packets hold: the driver cuts it to size.
            let length = (30 * rate / 8).min(whole - sent);
            let packet = packet(&transport, sent, length).ok_or_else(|| failed(&"no block"))?;
            transport.send(Channel::Synchronous, packet).map_err(|error| failed(&error))?;
            sent += length;
        }
        let now = Instant::from_nanos(start.elapsed().as_nanos() as u64);
        while let Some((channel, packet)) =
            transport.receive(now).map_err(|error| failed(&error))?
        {
            if channel == Channel::Synchronous {
                heard = check(&packet, heard)?;
                last = Clock::now();
            }
        }
        // What is less than a packet waits in the driver for more that does not come.
        if sent == whole && last.elapsed() > SILENCE / 3 && whole - heard < 255 {
            break;
        }
        if last.elapsed() > SILENCE {
            let health = transport.health();
            return Err(Error::other(format!(
                "nothing more comes after byte {heard} of {whole}, {sent} sent: {health:?}"
            )));
        }
        let fd = transport.fd().ok_or_else(|| failed(&"the dongle is gone"))?;
        let mut waits = [PollFd::from_borrowed_fd(fd, transport.readiness())];
        wait(&mut waits, Some(Duration::from_millis(100)))?;
    }
    let (health, seconds) = (transport.health(), start.elapsed().as_secs_f64());
    transport.set_voice(&[]).map_err(|error| failed(&error))?;
    transport.close();
    println!("voice: {heard} bytes in {seconds:.1} s; {health:?}");
    Ok(())
}

/// A voice packet with a piece of the stream.
fn packet(transport: &Transport, at: usize, length: usize) -> Option<Frame> {
    let mut frame = transport.arena().take()?;
    let bytes: Vec<u8> = (at..at + length).map(byte).collect();
    frame.append(&HANDLE.to_le_bytes()).ok()?;
    frame.append(&[length as u8]).ok()?;
    frame.append(&bytes).ok()?;
    Some(frame)
}

/// Compares a packet with the stream from `at` on; gives where it ends.
fn check(packet: &[u8], at: usize) -> io::Result<usize> {
    let [low, high, _, voice @ ..] = packet else { return Err(Error::other("no voice packet")) };
    let handle = u16::from_le_bytes([*low, *high]) & 0x0fff;
    if handle != HANDLE {
        return Err(Error::other(format!("voice of another link, {handle:#06x}")));
    }
    match voice.iter().enumerate().find(|(n, came)| **came != byte(at + n)) {
        None => Ok(at + voice.len()),
        Some((n, _)) => {
            let mut text = format!("another stream from byte {} on: ", at + n);
            for came in voice.iter().skip(n).take(8) {
                let _ = write!(text, "{came:02x}");
            }
            Err(Error::other(text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voice(from: usize, length: usize) -> Vec<u8> {
        [0x23, 0x01, length as u8].into_iter().chain((from..from + length).map(byte)).collect()
    }

    #[test]
    fn the_stream_and_no_other_is_taken() {
        assert_eq!(check(&voice(96, 48), 96).ok(), Some(144));
        for wrong in [95, 97, 144, 48] {
            assert!(check(&voice(wrong, 48), 96).is_err(), "{wrong}");
        }
        let mut other = voice(96, 48);
        other[0] = 0x24;
        assert!(check(&other, 96).is_err());
    }
}
