//! The dongle as the bus sees it: requests of the host in, answers and HCI packets out. No clock and no
//! I/O: frames are told, bytes are handed in.
//!
//! Bluetooth Core 5.4, Vol 4, Part B, 2.2: commands are class requests on the control endpoint, events
//! come on an interrupt endpoint, data goes over bulk endpoints, voice over isochronous ones.

use std::collections::{BTreeSet, VecDeque};

use super::descriptors::{
    CONTROL, DATA_IN, DATA_OUT, DATA_PACKET, EVENT_PACKET, EVENTS, Identity, VOICE_IN, VOICE_OUT,
    VOICE_PACKETS,
};
use super::pipe::Pipe;
use super::voice::Voice;
use crate::hci::{Kind, Packet};
use crate::usbip::{Request, Return, Urb, status, unlinked};

/// What happened, for tests to look at.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counters {
    pub(crate) commands: u64,
    pub(crate) events: u64,
    pub(crate) data_in: u64,
    pub(crate) data_out: u64,
    /// Transfers of data that end within a packet or hold more than one.
    pub(crate) data_torn: u64,
    pub(crate) unlinks: u64,
}

/// An endpoint that the host sends to: the control endpoint, and data.
#[derive(Default)]
pub(crate) struct Intake {
    waiting: VecDeque<Urb>,
    /// The next request or transfer is stalled.
    pub(crate) stall: bool,
    /// Nothing is answered.
    pub(crate) nak: bool,
    /// The next transfer is cut short, and what it held is lost.
    pub(crate) short: bool,
}

/// The dongle.
pub(crate) struct Device {
    pub(crate) identity: Identity,
    pub(crate) events: Pipe,
    pub(crate) data: Pipe,
    pub(crate) voice: Voice,
    pub(crate) control: Intake,
    pub(crate) out: Intake,
    out_halted: bool,
    assembling: Vec<u8>,
    /// Alternate settings of voice that are refused.
    pub(crate) refused: BTreeSet<u8>,
    pub(crate) counters: Counters,
    /// For the host's socket.
    pub(crate) answers: Vec<u8>,
    /// For the controller.
    pub(crate) packets: Vec<Packet>,
}

impl Device {
    pub(crate) fn new(identity: Identity) -> Device {
        Device {
            identity,
            events: Pipe::new(EVENT_PACKET),
            data: Pipe::new(DATA_PACKET),
            voice: Voice::default(),
            control: Intake::default(),
            out: Intake::default(),
            out_halted: false,
            assembling: Vec::new(),
            refused: BTreeSet::new(),
            counters: Counters::default(),
            answers: Vec::new(),
            packets: Vec::new(),
        }
    }

    /// It gets its power: nothing of before is left, but the faults are.
    pub(crate) fn power_up(&mut self) {
        self.events.clear();
        self.data.clear();
        self.voice.clear();
        self.control.waiting.clear();
        self.out.waiting.clear();
        self.assembling.clear();
        self.out_halted = false;
        self.answers.clear();
        self.packets.clear();
    }

    /// The host asks.
    pub(crate) fn request(&mut self, request: Request) {
        match request {
            Request::Submit(urb) => match urb.endpoint & 0x0f {
                0 => self.control.waiting.push_back(urb),
                1 => self.events.submit(urb),
                2 if urb.is_in() => self.data.submit(urb),
                2 => self.out.waiting.push_back(urb),
                _ => self.voice.submit(urb),
            },
            Request::Unlink { number, target } => {
                self.counters.unlinks += 1;
                let found = self.events.unlink(target)
                    || self.data.unlink(target)
                    || self.voice.unlink(target)
                    || self.control.unlink(target)
                    || self.out.unlink(target);
                let end = if found { status::CONNRESET } else { status::OK };
                unlinked(number, end, &mut self.answers);
            }
        }
        self.turn();
    }

    /// The controller sends.
    pub(crate) fn receive(&mut self, packet: &Packet) {
        match packet.kind {
            Kind::Event => {
                self.counters.events += 1;
                self.follow(&packet.bytes);
                self.events.send(&packet.bytes);
            }
            Kind::Acl => {
                self.counters.data_in += 1;
                self.data.send(&packet.bytes);
            }
            Kind::Sco => self.voice.receive(&packet.bytes),
            Kind::Command => {}
        }
        self.turn();
    }

    /// Follows which synchronous links there are (Core, Vol 4, Part E, 7.7.35 and 7.7.5).
    fn follow(&mut self, event: &[u8]) {
        match event {
            [0x2c, _, 0, low, high, rest @ ..] => {
                // CVSD comes and goes as 16-bit samples; transparent data as it is.
                let rate = if rest.get(13) == Some(&2) { 16 } else { 8 };
                self.voice.open(u16::from_le_bytes([*low, *high]) & 0x0fff, rate, false);
            }
            [0x05, _, 0, low, high, ..] => {
                self.voice.close(u16::from_le_bytes([*low, *high]) & 0x0fff);
            }
            _ => {}
        }
    }

    /// A millisecond passes.
    pub(crate) fn frame(&mut self) {
        for done in self.voice.frame() {
            done.write(&mut self.answers);
        }
        for bytes in self.voice.to_controller.drain(..) {
            self.packets.push(Packet { kind: Kind::Sco, bytes });
        }
    }

    /// Whether packets wait for others to go in one transfer with.
    pub(crate) fn is_merging(&self) -> bool {
        self.events.is_merging() || self.data.is_merging()
    }

    /// Sends those, without the others.
    pub(crate) fn flush(&mut self) {
        self.events.flush();
        self.data.flush();
        self.turn();
    }

    /// Answers whatever can be answered.
    pub(crate) fn turn(&mut self) {
        while let Some(urb) = self.control.take() {
            self.answer(&urb);
        }
        while let Some(urb) = self.out.take() {
            self.data_out(urb);
        }
        while let Some(done) = self.events.poll().or_else(|| self.data.poll()) {
            done.write(&mut self.answers);
        }
    }

    /// A request on the control endpoint (USB 2.0, 9.3 and 9.4).
    fn answer(&mut self, urb: &Urb) {
        let stalled = std::mem::take(&mut self.control.stall);
        let answer = if stalled { None } else { self.ask(urb) };
        let done = match answer {
            Some(mut data) => {
                data.truncate(urb.length);
                let actual = if urb.is_in() { data.len() } else { urb.data.len() };
                Return { number: urb.number, actual, data, ..Return::default() }
            }
            None => Return { number: urb.number, status: status::PIPE, ..Return::default() },
        };
        done.write(&mut self.answers);
    }

    /// What a control request gets; nothing where it is stalled.
    fn ask(&mut self, urb: &Urb) -> Option<Vec<u8>> {
        let [kind, request, ..] = urb.setup;
        let word = |at: usize| u16::from_le_bytes([urb.setup[at], urb.setup[at + 1]]);
        let (value, index) = (word(2), word(4));
        match (kind, request) {
            // Get Descriptor, Get Configuration, Get Status, Get Interface
            (0x80, 6) => self.identity.descriptor(value),
            (0x80, 8) => Some(vec![1]),
            (0x80..=0x82, 0) => Some(vec![0, 0]),
            (0x81, 10) => Some(vec![if index == 1 { self.voice.setting } else { 0 }]),
            // Set Configuration
            (0x00, 9) => {
                self.voice.set(0);
                (self.events.halted, self.data.halted, self.out_halted) = (false, false, false);
                Some(Vec::new())
            }
            // Set Interface
            (0x01, 11) => self.set_interface(index, value),
            // Clear Feature, ENDPOINT_HALT
            (0x02, 1) => {
                match index as u8 {
                    EVENTS => self.events.halted = false,
                    DATA_IN => self.data.halted = false,
                    DATA_OUT => self.out_halted = false,
                    _ => {}
                }
                Some(Vec::new())
            }
            // A command: to the device, or, as some hosts do, to the interface.
            (0x20 | 0x21, _) => {
                self.counters.commands += 1;
                self.packets.push(Packet { kind: Kind::Command, bytes: urb.data.clone() });
                Some(Vec::new())
            }
            _ => None,
        }
    }

    fn set_interface(&mut self, interface: u16, setting: u16) -> Option<Vec<u8>> {
        let setting = u8::try_from(setting).ok()?;
        match interface {
            0 if setting == 0 => {}
            1 if usize::from(setting) < VOICE_PACKETS.len() && !self.refused.contains(&setting) => {
                self.voice.set(setting);
            }
            _ => return None,
        }
        Some(Vec::new())
    }

    /// A transfer of data from the host.
    fn data_out(&mut self, urb: Urb) {
        self.out_halted |= std::mem::take(&mut self.out.stall);
        let mut done = Return { number: urb.number, actual: urb.data.len(), ..Return::default() };
        if self.out_halted {
            (done.status, done.actual) = (status::PIPE, 0);
        } else if std::mem::take(&mut self.out.short) {
            done.actual /= 2;
        } else {
            self.assembling.extend(&urb.data);
            let mut found = 0;
            while let Some(length) = Kind::Acl.length(&self.assembling)
                && self.assembling.len() >= length
            {
                let bytes = self.assembling.drain(..length).collect();
                self.packets.push(Packet { kind: Kind::Acl, bytes });
                found += 1;
            }
            self.counters.data_out += found;
            // An empty transfer only ends the one before.
            let torn = !self.assembling.is_empty() || found != 1;
            self.counters.data_torn += u64::from(torn && !urb.data.is_empty());
        }
        done.write(&mut self.answers);
    }

    /// Stalls an endpoint: the control endpoint once, another until the host clears it.
    pub(crate) fn stall(&mut self, endpoint: u8) -> Result<(), &'static str> {
        match endpoint {
            CONTROL => self.control.stall = true,
            EVENTS => self.events.halted = true,
            DATA_IN => self.data.halted = true,
            DATA_OUT => self.out.stall = true,
            VOICE_IN | VOICE_OUT => return Err("isochronous endpoints do not stall"),
            _ => return Err("there is no such endpoint"),
        }
        Ok(())
    }
}

impl Intake {
    fn take(&mut self) -> Option<Urb> {
        if self.nak { None } else { self.waiting.pop_front() }
    }

    fn unlink(&mut self, number: u32) -> bool {
        let found = self.waiting.iter().position(|urb| urb.number == number);
        found.is_some_and(|at| self.waiting.remove(at).is_some())
    }
}

#[cfg(test)]
#[path = "device_tests.rs"]
mod tests;
