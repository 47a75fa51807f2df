//! A world around one receiver: its dongle, the phones on the same air, and what their owners do when.

use pool::Instant;
use wire::Address;
use wire::h4::Channel;

use crate::{Act, Air, ControllerId, ControllerOptions, Phone, PhoneOptions};

/// An air, the receiver's controller, the phones and a script.
pub struct World {
    air: Air,
    receiver: ControllerId,
    phones: Vec<Phone>,
    /// What is still to happen, the earliest last.
    script: Vec<(Instant, usize, Act)>,
}

/// The address of the receiver's controller.
pub const RECEIVER: Address = Address([0x01, 0x00, 0x00, 0x5E, 0x00, 0x02]);

impl World {
    /// A world with nobody but the receiver.
    pub fn new(seed: u64) -> World {
        World::with_controller(seed, ControllerOptions::default())
    }

    /// The same with a receiver's controller that is made otherwise.
    pub fn with_controller(seed: u64, options: ControllerOptions) -> World {
        let mut air = Air::new(seed);
        let receiver = air.add_controller(RECEIVER, options);
        World { air, receiver, phones: Vec::new(), script: Vec::new() }
    }

    /// Switches a phone on that has neither AVRCP nor calls; gives its number.
    pub fn add_phone(&mut self, name: &str, address: Address) -> usize {
        self.add(name, address, PhoneOptions::player())
    }

    /// Switches a phone on; gives its number.
    pub fn add(&mut self, name: &str, address: Address, options: PhoneOptions) -> usize {
        self.phones.push(Phone::new(&mut self.air, name, address, RECEIVER, options));
        self.phones.len() - 1
    }

    /// Switches a phone on that has AVRCP, and no calls; gives its number.
    pub fn add_phone_with_remote(&mut self, name: &str, address: Address) -> usize {
        self.add(name, address, PhoneOptions::remote_player())
    }

    /// Lets the owner of a phone do something at a time.
    pub fn at(&mut self, at: Instant, phone: usize, act: Act) {
        let place = self.script.partition_point(|(other, ..)| *other > at);
        self.script.insert(place, (at, phone, act));
    }

    /// Lets the owner of a phone do something now.
    pub fn act(&mut self, phone: usize, act: Act) {
        let now = self.air.now();
        self.perform(now, phone, act);
        self.phones[phone].advance(&mut self.air);
    }

    fn perform(&mut self, at: Instant, phone: usize, act: Act) {
        let there = self.phones[phone].controller();
        match act {
            Act::Leave => self.air.set_in_range(self.receiver, there, false),
            Act::Return => self.air.set_in_range(self.receiver, there, true),
            act => self.phones[phone].act(at, act),
        }
    }

    /// A phone.
    pub fn phone(&self, phone: usize) -> &Phone {
        &self.phones[phone]
    }

    /// The air, to take somebody out of range or break a controller.
    pub fn air(&mut self) -> &mut Air {
        &mut self.air
    }

    /// The receiver's controller.
    pub fn receiver(&self) -> ControllerId {
        self.receiver
    }

    /// A packet from the receiver's host, without H4 indicator.
    pub fn receive(&mut self, channel: Channel, packet: &[u8]) {
        self.air.receive(self.receiver, channel, packet);
    }

    /// The next packet to the receiver's host.
    pub fn poll(&mut self) -> Option<(Channel, Vec<u8>)> {
        self.air.poll(self.receiver)
    }

    /// When something happens next; the receiver's host is expected to look then.
    pub fn next_at(&self) -> Option<Instant> {
        let phones = self.phones.iter().filter_map(Phone::next_at);
        let script = self.script.last().map(|(at, ..)| *at);
        phones.chain(self.air.next_at()).chain(script).min()
    }

    /// Lets time pass until `now`.
    pub fn advance(&mut self, now: Instant) {
        loop {
            let next = self.next_at().filter(|next| *next < now && *next > self.air.now());
            self.air.advance(next.unwrap_or(now));
            let at = self.air.now();
            while let Some((_, phone, act)) = self.script.pop_if(|(due, ..)| *due <= at) {
                self.perform(at, phone, act);
            }
            for phone in &mut self.phones {
                phone.advance(&mut self.air);
            }
            if next.is_none() {
                return;
            }
        }
    }
}
