//! What happens to HCI packets between a host and a controller: what the controller cannot do is
//! done for it, and what it would not do wrongly is done wrongly. No clock and no I/O.
//!
//! rootcanal has no sniff mode, always says that keys are 16 bytes long, says 0x15 where a phone
//! vanishes, and passes voice on in whatever time it gets it.

use std::collections::VecDeque;
use std::time::Duration;

use crate::hci::{Kind, Packet};

/// More packets than this are not kept back; the oldest go at once.
const MOST_WAITING: usize = 10_000;

const SNIFF: u16 = 0x0803;
const EXIT_SNIFF: u16 = 0x0804;
const SNIFF_SUBRATING: u16 = 0x0811;
const READ_SUPPORTED_COMMANDS: u16 = 0x1002;
const READ_FEATURES: u16 = 0x1003;
const READ_KEY_SIZE: u16 = 0x1408;

const DISCONNECTION_COMPLETE: u8 = 0x05;
const COMMAND_COMPLETE: u8 = 0x0e;
const COMMAND_STATUS: u8 = 0x0f;
const MODE_CHANGE: u8 = 0x14;

/// Whom a packet goes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Toward {
    Host,
    Controller,
}

/// Which packets a rule is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Which {
    toward: Toward,
    kind: Kind,
    /// The opcode of commands, the code of events; all of them if there is none.
    code: Option<u16>,
}

impl Which {
    /// `command[:OPCODE]`, `event[:CODE]`, `acl-in`, `acl-out`, `sco-in`, `sco-out`: in to the host.
    fn parse(text: &str) -> Result<Which, String> {
        let (name, code) = match text.split_once(':') {
            Some((name, code)) => (name, Some(number(code)?)),
            None => (text, None),
        };
        let (toward, kind) = match name {
            "command" => (Toward::Controller, Kind::Command),
            "event" => (Toward::Host, Kind::Event),
            "acl-in" => (Toward::Host, Kind::Acl),
            "acl-out" => (Toward::Controller, Kind::Acl),
            "sco-in" => (Toward::Host, Kind::Sco),
            "sco-out" => (Toward::Controller, Kind::Sco),
            _ => return Err(format!("`{text}` is no kind of packet")),
        };
        Ok(Which { toward, kind, code })
    }

    fn is(&self, toward: Toward, packet: &Packet) -> bool {
        let code = packet.opcode().or(packet.event_code().map(u16::from));
        self.toward == toward
            && self.kind == packet.kind
            && self.code.is_none_or(|wanted| code == Some(wanted))
    }
}

/// A number: hexadecimal with 0x before it, else decimal.
pub(crate) fn number(text: &str) -> Result<u16, String> {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u16::from_str_radix(digits, 16),
        None => text.parse(),
    };
    parsed.map_err(|_| format!("`{text}` is no number"))
}

/// What happens to the next packets of a kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Deed {
    Drop,
    Duplicate,
    /// One bit in the middle is turned over.
    Damage,
}

/// What is done to packets, and those that are kept back.
#[derive(Default)]
pub(crate) struct Filter {
    deeds: Vec<(Which, Deed, u16)>,
    delays: Vec<(Which, Duration)>,
    reason: Option<(u8, u8)>,
    sniff: bool,
    key_size: Option<u8>,
    /// Commands that get no answer: all of them, or those with an opcode.
    unanswered: Option<Option<u16>>,
    /// Bytes of voice a millisecond towards the host.
    pace: Option<u16>,
    /// When each packet goes on, those of a kind in order.
    waiting: VecDeque<(Duration, Toward, Packet)>,
}

impl Filter {
    /// Does what a line says. `None` where it is not for a filter.
    pub(crate) fn order(&mut self, words: &[&str], now: Duration) -> Option<Result<(), String>> {
        let done = match words {
            [deed @ ("drop" | "duplicate" | "damage"), which] => self.deed(deed, which, "1"),
            [deed @ ("drop" | "duplicate" | "damage"), which, count] => {
                self.deed(deed, which, count)
            }
            ["delay", which, milliseconds] => self.delay(which, milliseconds),
            ["reason", "off"] => set(&mut self.reason, Ok(None)),
            ["reason", from, to] => {
                set(&mut self.reason, byte(from).and_then(|from| Ok(Some((from, byte(to)?)))))
            }
            ["sniff", word] => on_off(word).map(|on| self.sniff = on),
            ["key-size", "off"] => set(&mut self.key_size, Ok(None)),
            ["key-size", size] => set(&mut self.key_size, byte(size).map(Some)),
            ["unanswered", "off"] => set(&mut self.unanswered, Ok(None)),
            ["unanswered", "all"] => set(&mut self.unanswered, Ok(Some(None))),
            ["unanswered", opcode] => {
                set(&mut self.unanswered, number(opcode).map(|opcode| Some(Some(opcode))))
            }
            ["pace", "off"] => set(&mut self.pace, Ok(None)),
            ["pace", bytes] => set(&mut self.pace, number(bytes).map(|rate| Some(rate.max(1)))),
            ["inject", "event", bytes @ ..] => crate::hci::hex(bytes).map(|bytes| {
                self.keep(now, Toward::Host, Packet { kind: Kind::Event, bytes });
            }),
            _ => return None,
        };
        Some(done)
    }

    fn deed(&mut self, deed: &str, which: &str, count: &str) -> Result<(), String> {
        let deed = match deed {
            "drop" => Deed::Drop,
            "duplicate" => Deed::Duplicate,
            _ => Deed::Damage,
        };
        self.deeds.push((Which::parse(which)?, deed, number(count)?));
        Ok(())
    }

    fn delay(&mut self, which: &str, milliseconds: &str) -> Result<(), String> {
        let which = Which::parse(which)?;
        let delay = Duration::from_millis(u64::from(number(milliseconds)?));
        self.delays.retain(|(other, _)| *other != which);
        if !delay.is_zero() {
            self.delays.push((which, delay));
        }
        Ok(())
    }

    /// A packet of the host's.
    pub(crate) fn host_sends(&mut self, now: Duration, packet: Packet) {
        let opcode = packet.opcode();
        if let (Some(unanswered), Some(opcode)) = (self.unanswered, opcode)
            && unanswered.is_none_or(|only| only == opcode)
        {
            return;
        }
        match opcode {
            Some(opcode @ (SNIFF | EXIT_SNIFF)) if self.sniff => {
                self.change_mode(now, opcode, &packet.bytes[3..]);
            }
            Some(SNIFF_SUBRATING) if self.sniff => {
                let mut done = vec![1, 0x11, 0x08, 0];
                done.extend(packet.bytes.get(3..5).unwrap_or(&[0, 0]));
                self.answer(now, Packet::event(COMMAND_COMPLETE, &done));
            }
            _ => self.treat(now, Toward::Controller, packet),
        }
    }

    /// Answers a request for sniff mode or its end: accepted, and then done.
    fn change_mode(&mut self, now: Duration, opcode: u16, parameters: &[u8]) {
        let [low, high] = opcode.to_le_bytes();
        let handle = parameters.get(..2).unwrap_or(&[0, 0]);
        // Of the intervals that the host takes, the largest.
        let (mode, interval) = match (opcode, parameters.get(2..4)) {
            (SNIFF, Some(largest)) => (2, largest),
            _ => (0, &[0, 0][..]),
        };
        self.answer(now, Packet::event(COMMAND_STATUS, &[0, 1, low, high]));
        let changed = [&[0], handle, &[mode], interval].concat();
        self.answer(now, Packet::event(MODE_CHANGE, &changed));
    }

    /// A packet of the controller's.
    pub(crate) fn controller_sends(&mut self, now: Duration, mut packet: Packet) {
        self.falsify(&mut packet);
        self.answer(now, packet);
    }

    fn falsify(&self, packet: &mut Packet) {
        let code = packet.event_code();
        match (code, &mut packet.bytes[..]) {
            (Some(DISCONNECTION_COMPLETE), [_, _, 0, _, _, reason]) => {
                if let Some((from, to)) = self.reason
                    && *reason == from
                {
                    *reason = to;
                }
            }
            (Some(COMMAND_COMPLETE), [_, _, _, low, high, 0, rest @ ..]) => {
                match (u16::from_le_bytes([*low, *high]), rest) {
                    (READ_KEY_SIZE, [_, _, size]) => *size = self.key_size.unwrap_or(*size),
                    // Sniff Mode and Exit Sniff Mode; LMP feature "Sniff mode".
                    (READ_SUPPORTED_COMMANDS, rest) if self.sniff => {
                        rest.get_mut(4).into_iter().for_each(|octet| *octet |= 0x0c);
                    }
                    (READ_FEATURES, [octet, ..]) if self.sniff => *octet |= 0x80,
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn answer(&mut self, now: Duration, packet: Packet) {
        self.treat(now, Toward::Host, packet);
    }

    /// Drops, doubles and damages, then lets the packet wait as long as it must.
    fn treat(&mut self, now: Duration, toward: Toward, mut packet: Packet) {
        let rule = self.deeds.iter().position(|(which, _, _)| which.is(toward, &packet));
        if let Some(at) = rule {
            let (_, deed, left) = &mut self.deeds[at];
            let deed = *deed;
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.deeds.remove(at);
            }
            match deed {
                Deed::Drop => return,
                Deed::Duplicate => self.keep(now, toward, packet.clone()),
                Deed::Damage => {
                    let middle = packet.bytes.len() / 2;
                    packet.bytes.get_mut(middle).into_iter().for_each(|byte| *byte ^= 0x10);
                }
            }
        }
        self.keep(now, toward, packet);
    }

    fn keep(&mut self, now: Duration, toward: Toward, packet: Packet) {
        let delay = self.delays.iter().find(|(which, _)| which.is(toward, &packet));
        let mut due = now + delay.map_or(Duration::ZERO, |(_, delay)| *delay);
        let same =
            |other: &&(Duration, Toward, Packet)| other.1 == toward && other.2.kind == packet.kind;
        if let Some((before, _, last)) = self.waiting.iter().rev().find(same) {
            let paced = match self.pace {
                Some(rate) if packet.kind == Kind::Sco && toward == Toward::Host => {
                    let voice = last.bytes.len().saturating_sub(3) as u64;
                    Duration::from_micros(voice * 1000 / u64::from(rate))
                }
                _ => Duration::ZERO,
            };
            due = due.max(*before + paced);
        }
        if self.waiting.len() >= MOST_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back((due, toward, packet));
    }

    /// The next packet that goes on.
    pub(crate) fn poll(&mut self, now: Duration) -> Option<(Toward, Packet)> {
        let due = self.waiting.iter().enumerate().filter(|(_, (due, _, _))| *due <= now);
        let (at, _) = due.min_by_key(|(at, (due, _, _))| (*due, *at))?;
        self.waiting.remove(at).map(|(_, toward, packet)| (toward, packet))
    }

    pub(crate) fn wake_at(&self) -> Option<Duration> {
        self.waiting.iter().map(|(due, _, _)| *due).min()
    }

    /// Forgets what waits, as when the line is cut; the rules stay.
    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }
}

fn set<T>(place: &mut T, value: Result<T, String>) -> Result<(), String> {
    value.map(|value| *place = value)
}

fn byte(text: &str) -> Result<u8, String> {
    u8::try_from(number(text)?).map_err(|_| format!("`{text}` is more than a byte"))
}

pub(crate) fn on_off(word: &str) -> Result<bool, String> {
    match word {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(format!("`{word}` is neither on nor off")),
    }
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
