//! The air: all controllers, and what passes between them.

use core::time::Duration;

use pool::Instant;
use wire::Address;
use wire::h4::Channel;

use crate::ControllerId;
use crate::controller::Controller;
use crate::medium::{Medium, Occurrence, Serial, Timer};
use crate::message::Message;
use crate::options::{Complaint, ControllerOptions, Fault};

/// The world of the simulator. See the crate's page.
#[derive(Debug)]
pub struct Air {
    medium: Medium,
    controllers: Vec<Controller>,
    /// What was sent over links that are out of range for now.
    held: Vec<(ControllerId, ControllerId, Serial, Message)>,
}

impl Air {
    /// An empty air at time zero.
    pub fn new(seed: u64) -> Air {
        Air { medium: Medium::new(seed), controllers: Vec::new(), held: Vec::new() }
    }

    /// Adds a controller, switched on, within range of all others.
    pub fn add_controller(&mut self, address: Address, options: ControllerOptions) -> ControllerId {
        let id = ControllerId(self.controllers.len());
        self.controllers.push(Controller::new(id, address, options));
        id
    }

    /// A packet from the host of `id`, without H4 indicator, now.
    pub fn receive(&mut self, id: ControllerId, channel: Channel, packet: &[u8]) {
        self.controllers[id.0].receive(&mut self.medium, channel, packet);
        self.look_around();
    }

    /// The next packet to the host of `id` that is due by now.
    pub fn poll(&mut self, id: ControllerId) -> Option<(Channel, Vec<u8>)> {
        self.controllers[id.0].poll(self.medium.now)
    }

    /// Whether there is one.
    pub(crate) fn has_packet_for(&self, id: ControllerId) -> bool {
        self.controllers[id.0].next_at().is_some_and(|at| at <= self.medium.now)
    }

    /// Lets time pass until `now`. What hosts are to answer in between must be answered at
    /// [`next_at`](Air::next_at); a step past it answers late.
    pub fn advance(&mut self, now: Instant) {
        while let Some(occurrence) = self.medium.next_until(now) {
            match occurrence {
                Occurrence::Message { from, to, link, message } => {
                    self.deliver(from, to, link, message);
                }
                Occurrence::Timer { of, timer } => self.expire(of, timer),
            }
            self.look_around();
        }
        self.medium.now = self.medium.now.max(now);
    }

    /// When something happens next: on the air, or a packet is due at a host.
    pub fn next_at(&self) -> Option<Instant> {
        let hosts = self.controllers.iter().filter_map(Controller::next_at);
        hosts.chain(self.medium.next_at()).min()
    }

    /// The time on the air.
    pub fn now(&self) -> Instant {
        self.medium.now
    }

    /// Puts two controllers within range of each other, or out of it. Links stand until their
    /// supervision timeout; what is sent meanwhile arrives when they are back in range before it.
    pub fn set_in_range(&mut self, a: ControllerId, b: ControllerId, in_range: bool) {
        self.medium.set_apart(a, b, !in_range);
        self.medium.links_changed = true;
        self.look_around();
    }

    /// Makes something go wrong with a controller, from now on.
    pub fn set_fault(&mut self, id: ControllerId, fault: Fault) {
        self.controllers[id.0].faults.push(fault);
        self.medium.links_changed = true;
        self.look_around();
    }

    /// Repairs a controller. After [`Fault::Silent`] it comes up as from the factory.
    pub fn repair(&mut self, id: ControllerId) {
        let controller = &mut self.controllers[id.0];
        if controller.is_silent() {
            *controller = Controller::new(id, controller.address, controller.options.clone());
        }
        controller.faults.clear();
        self.medium.links_changed = true;
        self.look_around();
    }

    /// What the host of `id` did wrong so far.
    pub fn complaints(&self, id: ControllerId) -> &[Complaint] {
        &self.controllers[id.0].complaints
    }

    /// The address of a controller.
    pub fn address(&self, id: ControllerId) -> Address {
        self.controllers[id.0].address
    }

    /// Whether a controller has an ACL link to another, as far as it knows.
    pub fn is_connected(&self, id: ControllerId, peer: ControllerId) -> bool {
        self.controllers[id.0].links.iter().any(|link| link.peer == peer)
    }

    fn reaches(&self, a: ControllerId, b: ControllerId) -> bool {
        let on = |id: ControllerId| !self.controllers[id.0].is_silent();
        on(a) && on(b) && !self.medium.is_apart(a, b)
    }

    fn deliver(&mut self, from: ControllerId, to: ControllerId, link: Serial, message: Message) {
        let waiting = self.held.iter().any(|held| (held.0, held.1) == (from, to));
        if waiting || !self.reaches(from, to) {
            if self.controllers[from.0].links.iter().any(|other| other.serial == link) {
                self.held.push((from, to, link, message));
            }
            return;
        }
        self.controllers[to.0].hear(&mut self.medium, from, link, message);
    }

    /// After links, ranges or power changed: every link learns whether its peer is still there.
    fn look_around(&mut self) {
        while core::mem::take(&mut self.medium.links_changed) {
            for index in 0..self.controllers.len() {
                let id = ControllerId(index);
                let heard: Vec<(Serial, bool)> = self.controllers[index]
                    .links
                    .iter()
                    .map(|link| {
                        let there = self.controllers[link.peer.0].knows(link.serial);
                        (link.serial, there && self.reaches(id, link.peer))
                    })
                    .collect();
                for (serial, heard) in heard {
                    self.controllers[index].set_heard(&mut self.medium, serial, heard);
                }
            }
            for (from, to, link, message) in core::mem::take(&mut self.held) {
                self.deliver(from, to, link, message);
            }
        }
    }

    fn expire(&mut self, of: ControllerId, timer: Timer) {
        match timer {
            Timer::InquiryResponse { from, attempt } => {
                let scanner = &self.controllers[from.0];
                if self.reaches(of, from) && scanner.answers_inquiries() {
                    let card = scanner.card();
                    self.controllers[of.0].found(&mut self.medium, attempt, &card);
                }
            }
            Timer::InquiryBegin { attempt, length } => self.inquire(of, attempt, length),
            Timer::PageTry { attempt } => self.page(of, attempt),
            timer => self.controllers[of.0].expire(&mut self.medium, timer),
        }
    }

    /// Asks everybody, each at a moment of its own.
    fn inquire(&mut self, of: ControllerId, attempt: Serial, length: Duration) {
        for index in (0..self.controllers.len()).filter(|index| *index != of.0) {
            let after = self.medium.random.shorter_than(length);
            let from = ControllerId(index);
            self.medium.timer(of, after, Timer::InquiryResponse { from, attempt });
        }
    }

    /// One attempt of `of` to reach the device it pages.
    fn page(&mut self, of: ControllerId, attempt: Serial) {
        let Some(address) = self.controllers[of.0].paged(attempt) else { return };
        let target = self
            .controllers
            .iter()
            .find(|target| target.address == address && target.id != of && target.answers_pages());
        match target.map(|target| target.id) {
            Some(target) if self.reaches(of, target) => {
                self.controllers[of.0].page_reached(&mut self.medium, attempt, target);
            }
            _ => {
                let after = Duration::from_millis(100);
                self.medium.timer(of, after, Timer::PageTry { attempt });
            }
        }
    }
}
