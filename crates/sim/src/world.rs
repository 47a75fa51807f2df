//! A world around one receiver: its dongle, the phones on the same air, and what their owners do when.

use core::time::Duration;

use pool::Instant;
use stack::hfp::gateway;
use wire::Address;
use wire::h4::Channel;
use wire::hfp::AgFeatures;

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

/// The phones of the demonstration, the tones that they play, and the tones in their calls.
pub const CAST: [(&str, u32, u32); 3] =
    [("Anna's phone", 440, 300), ("Ben's phone", 660, 500), ("Cleo's phone", 880, 700)];

/// How long the demonstration takes.
pub const DEMO_LENGTH: Duration = Duration::from_secs(73);

/// When the receiver's answer button is pressed in it.
pub const DEMO_ANSWERS: [Duration; 2] = [Duration::from_secs(14), Duration::from_secs(49)];

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

    /// The world of the demonstration: music on Anna's phone, which pauses for a call on Ben's and plays
    /// again after it, is taken over by Ben's and taken back; a call on Anna's that is held for another
    /// one on Ben's and comes back after it; and a third phone that puts one of them out. Pairing mode
    /// has to be open from the start, and [`DEMO_ANSWERS`] are the receiver's own part.
    pub fn demo(seed: u64) -> World {
        World::demo_on(seed, ControllerOptions::default())
    }

    /// The demonstration with a receiver's controller that is made otherwise.
    pub fn demo_on(seed: u64, options: ControllerOptions) -> World {
        let mut world = World::with_controller(seed, options);
        let [anna, ben, cleo] = [0, 1, 2].map(|n| {
            let (name, _, voice) = CAST[n];
            let address = Address([0x10 + n as u8, 0x00, 0x00, 0x5E, 0x00, 0x02]);
            // Ben's phone leaves the ringing to the receiver.
            let mut gateway = gateway::Settings::default();
            gateway.features.set(AgFeatures::IN_BAND_RING, n != 1);
            let calls = Some(gateway);
            world.add(name, address, PhoneOptions { voice, calls, ..PhoneOptions::default() })
        });
        let tone = |phone: usize| Act::Play(CAST[phone].1);
        for (seconds, phone, act) in [
            (1, anna, Act::Connect),
            (3, ben, Act::Connect),
            (5, anna, tone(anna)),
            // Answered at 14 s.
            (10, ben, Act::Ring("+1 555 0100", "Zoe")),
            (20, ben, Act::TheyHangUp),
            (25, ben, tone(ben)),
            (31, anna, tone(anna)),
            (38, anna, Act::Dial("+1 555 0199")),
            (42, anna, Act::TheyAnswer),
            // Answered at 49 s: Anna's call is held.
            (46, ben, Act::Ring("+1 555 0101", "Yan")),
            (54, ben, Act::TheyHangUp),
            (59, anna, Act::TheyHangUp),
            (62, cleo, Act::Connect),
            (65, anna, Act::Pause),
            (66, cleo, tone(cleo)),
            (72, cleo, Act::Pause),
        ] {
            world.at(Instant::from_millis(seconds * 1000), phone, act);
        }
        world
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
