//! A pipe to the dongle: commands, or data. What finds no free transfer waits in a queue.
//!
//! A packet whose transfer failed before any of it went out is sent again, in its turn: all that was
//! behind it is let come back first. One that went out in part is dropped, since the dongle has seen
//! its beginning. No empty transfer follows a packet whose length is a multiple of the endpoint's: the
//! dongles go by the header, and are tested with a driver that sends none.

use std::collections::VecDeque;
use std::ops::Range;

use pool::{Arena, Frame};
use rustix::io::Errno;
use wire::h4::Channel;

use crate::error::{Lost, SendError};
use crate::health::Health;
use crate::inbound::{FAILURES, STALLS, lost};
use crate::ring::{Aim, Done, Ring, Status};
use crate::system::{Kind, Node};

/// The most packets that wait for a dongle that takes none for now, for commands and data each.
pub const QUEUE: usize = 64;

/// Octets of a control request before its data (USB 2.0, 9.3).
const SETUP: usize = 8;

/// A request of a class to the device, or to one of its interfaces (`bmRequestType`).
const TO_DEVICE: u8 = 0x20;
const TO_INTERFACE: u8 = 0x21;

/// Where packets go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Route {
    /// In control requests; to this interface of a device that is something else as well.
    Commands { interface: Option<u8> },
    /// To a bulk endpoint.
    Data { endpoint: u8 },
}

pub(crate) struct Outbound {
    route: Route,
    first: usize,
    idle: u32,
    slots: u32,
    queue: VecDeque<Frame>,
    /// Packets that failed, in the order in which they came back: sent again before the others, when
    /// all are back.
    again: VecDeque<Frame>,
    stalled: bool,
    stalls: u32,
    failures: u32,
}

impl Outbound {
    pub(crate) fn new(route: Route, slots: Range<usize>) -> Outbound {
        let count = slots.len() as u32;
        debug_assert!(count < 32);
        Outbound {
            route,
            first: slots.start,
            idle: (1 << count) - 1,
            slots: count,
            queue: VecDeque::with_capacity(QUEUE + slots.len()),
            again: VecDeque::with_capacity(slots.len()),
            stalled: false,
            stalls: 0,
            failures: 0,
        }
    }

    fn channel(&self) -> Channel {
        match self.route {
            Route::Commands { .. } => Channel::Command,
            Route::Data { .. } => Channel::Acl,
        }
    }

    /// How many packets wait.
    pub(crate) fn queued(&self) -> usize {
        self.queue.len() + self.again.len()
    }

    /// Whether packets wait though there is a transfer for them: for the system to have memory.
    pub(crate) fn is_starved(&self) -> bool {
        self.queued() > 0 && self.idle == self.all()
    }

    fn all(&self) -> u32 {
        (1 << self.slots) - 1
    }

    /// Sends a packet, or has it wait.
    #[inline]
    pub(crate) fn send<N: Node>(
        &mut self,
        packet: Frame,
        ring: &mut Ring<N>,
        arena: &Arena,
        health: &mut Health,
    ) -> Result<(), SendError> {
        if self.queue.len() >= QUEUE {
            return Err(SendError::Full);
        }
        let packet = match self.route {
            Route::Commands { interface } => requested(packet, interface, arena)?,
            Route::Data { .. } => packet,
        };
        self.queue.push_back(packet);
        self.flush(ring, health).map_err(SendError::Lost)
    }

    /// Begins transfers for what waits, as far as there are free ones.
    #[inline]
    pub(crate) fn flush<N: Node>(
        &mut self,
        ring: &mut Ring<N>,
        health: &mut Health,
    ) -> Result<(), Lost> {
        if !self.again.is_empty() || self.stalled {
            if self.idle != self.all() {
                return Ok(());
            }
            self.recover(ring)?;
        }
        while self.idle != 0 {
            let Some(packet) = self.queue.pop_front() else { break };
            let index = self.idle.trailing_zeros();
            let (kind, endpoint) = match self.route {
                Route::Commands { .. } => (Kind::Control, 0),
                Route::Data { endpoint } => (Kind::Bulk, endpoint),
            };
            let slot = self.first + index as usize;
            match ring.submit(slot, kind, endpoint, Aim::Send, packet) {
                Ok(()) => self.idle &= !(1 << index),
                Err(refused) => {
                    self.queue.push_front(refused.frame);
                    return self.refused(refused.error, health);
                }
            }
        }
        Ok(())
    }

    #[cold]
    fn refused(&mut self, error: Errno, health: &mut Health) -> Result<(), Lost> {
        match error {
            Errno::NOMEM | Errno::AGAIN => health.no_memory += 1,
            Errno::PIPE => self.stall(health)?,
            error => return Err(lost(error)),
        }
        Ok(())
    }

    /// All transfers are back: what failed goes to the front of the queue.
    #[cold]
    fn recover<N: Node>(&mut self, ring: &mut Ring<N>) -> Result<(), Lost> {
        if let (true, Route::Data { endpoint }) = (self.stalled, self.route) {
            // If it is not cleared for another reason, it stalls again and is counted.
            if let Err(error @ (Errno::NODEV | Errno::SHUTDOWN)) = ring.node().clear_halt(endpoint)
            {
                return Err(lost(error));
            }
        }
        self.stalled = false;
        while let Some(packet) = self.again.pop_back() {
            self.queue.push_front(packet);
        }
        Ok(())
    }

    /// One of its transfers is done.
    #[inline]
    pub(crate) fn done<N: Node>(
        &mut self,
        done: Done,
        ring: &mut Ring<N>,
        health: &mut Health,
    ) -> Result<(), Lost> {
        self.idle |= 1 << (done.slot - self.first);
        match done.status {
            Status::Complete => (self.stalls, self.failures) = (0, 0),
            Status::Discarded => {}
            Status::Failed(error) => self.failed(error, done.frame, done.moved, health)?,
        }
        self.flush(ring, health)
    }

    #[cold]
    fn failed(
        &mut self,
        error: Errno,
        packet: Frame,
        moved: usize,
        health: &mut Health,
    ) -> Result<(), Lost> {
        match error {
            Errno::NODEV | Errno::SHUTDOWN => return Err(lost(error)),
            Errno::PIPE => {
                self.stall(health)?;
                self.other_recipient();
            }
            _ => {
                self.failures += 1;
                if self.failures > FAILURES {
                    return Err(Lost::Bus(self.channel()));
                }
            }
        }
        // A request is one whole to the dongle: it has seen nothing of one that failed.
        if moved == 0 || matches!(self.route, Route::Commands { .. }) {
            health.resubmits += 1;
            self.again.push_back(self.addressed(packet));
        } else {
            health.dropped += 1;
        }
        Ok(())
    }

    fn stall(&mut self, health: &mut Health) -> Result<(), Lost> {
        if !self.stalled {
            self.stalled = true;
            self.stalls += 1;
            health.stalls += 1;
        }
        if self.stalls > STALLS { Err(Lost::Stalled(self.channel())) } else { Ok(()) }
    }

    /// A device that refuses a command to its interface may want it addressed to itself: so does the
    /// specification's table for devices that are nothing but a controller.
    fn other_recipient(&mut self) {
        if let Route::Commands { interface: Some(_) } = self.route {
            self.route = Route::Commands { interface: None };
        }
    }

    /// `packet` with the recipient that holds now.
    fn addressed(&self, mut packet: Frame) -> Frame {
        if let (Route::Commands { interface: None }, [kind, _, _, _, index, ..]) =
            (self.route, &mut packet[..])
        {
            (*kind, *index) = (TO_DEVICE, 0);
        }
        packet
    }
}

/// A command with its request in front (Bluetooth Core 5.4, vol. 4 part B, 2.2.2; USB 2.0, 9.3).
fn requested(mut command: Frame, interface: Option<u8>, arena: &Arena) -> Result<Frame, SendError> {
    let length = u16::try_from(command.len()).map_err(|_| SendError::NotSendable)?;
    let [low, high] = length.to_le_bytes();
    let kind = if interface.is_some() { TO_INTERFACE } else { TO_DEVICE };
    let setup: [u8; SETUP] = [kind, 0, 0, 0, interface.unwrap_or(0), 0, low, high];
    if command.prepend(&setup).is_ok() {
        return Ok(command);
    }
    let mut roomy = arena.take().ok_or(SendError::Full)?;
    arena.count_copied(command.len());
    roomy
        .append(&setup)
        .and_then(|()| roomy.append(&command))
        .map_err(|_| SendError::NotSendable)?;
    Ok(roomy)
}
