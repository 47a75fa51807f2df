//! A pipe from the dongle: the transfers that wait for events or for data.
//!
//! Every transfer is replaced as soon as it is done, before anybody looks at what it brought. Without
//! a spare block its slot stays idle until there is one. After a stall all transfers are called back,
//! the halt is cleared, and they begin anew; a stall that comes back [`STALLS`] times, or a failure on
//! the bus that comes back [`FAILURES`] times, with nothing good in between, ends the transport.

use pool::{Arena, Frame, Instant};
use rustix::io::Errno;
use wire::h4::Channel;

use crate::descriptors::Endpoint;
use crate::error::Lost;
use crate::framer::Framer;
use crate::health::Health;
use crate::ring::{Aim, Done, Ring, Status};
use crate::system::{Kind, Node};

/// Stalls in a row, on one pipe, that are put up with.
pub const STALLS: u32 = 8;
/// Failures on the bus in a row, on one pipe, that are put up with. Each has been tried three times
/// by the hardware already; a plug that is being pulled out makes some before the kernel knows.
pub const FAILURES: u32 = 32;

pub(crate) struct Inbound {
    kind: Kind,
    endpoint: u8,
    /// Octets asked for in one transfer: a multiple of the packet size, or the dongle could send more
    /// than there is room for.
    length: usize,
    /// The first of its slots.
    first: usize,
    /// A bit for each slot without a transfer.
    idle: u32,
    slots: u32,
    channel: Channel,
    /// Stalled: nothing begins before the halt is cleared.
    halted: bool,
    stalls: u32,
    failures: u32,
    pub(crate) framer: Framer,
}

impl Inbound {
    pub(crate) fn new(
        channel: Channel,
        kind: Kind,
        endpoint: Endpoint,
        length: usize,
        slots: std::ops::Range<usize>,
        arena: Arena,
    ) -> Inbound {
        let count = slots.len() as u32;
        debug_assert!(count < 32);
        Inbound {
            kind,
            endpoint: endpoint.address,
            length,
            first: slots.start,
            idle: (1 << count) - 1,
            slots: count,
            channel,
            halted: false,
            stalls: 0,
            failures: 0,
            framer: Framer::new(channel, arena),
        }
    }

    /// Whether a slot lacks a block.
    pub(crate) fn is_starved(&self) -> bool {
        self.idle != 0 && (!self.halted || self.is_idle())
    }

    /// Whether no slot has a transfer.
    fn is_idle(&self) -> bool {
        self.idle == (1 << self.slots) - 1
    }

    /// Begins a transfer in each idle slot, as far as there are blocks.
    pub(crate) fn refill<N: Node>(
        &mut self,
        ring: &mut Ring<N>,
        arena: &Arena,
        health: &mut Health,
    ) -> Result<(), Lost> {
        self.clear(ring)?;
        while self.idle != 0 && !self.halted {
            let index = self.idle.trailing_zeros();
            if !self.begin(index, ring, arena, health)? {
                break;
            }
            self.idle &= !(1 << index);
        }
        Ok(())
    }

    /// Begins a transfer in a slot; gives whether it did.
    #[inline(always)]
    fn begin<N: Node>(
        &mut self,
        index: u32,
        ring: &mut Ring<N>,
        arena: &Arena,
        health: &mut Health,
    ) -> Result<bool, Lost> {
        let Some(spare) = arena.take() else { return Ok(false) };
        let slot = self.first + index as usize;
        match ring.submit(slot, self.kind, self.endpoint, Aim::Fill(self.length), spare) {
            Ok(()) => Ok(true),
            Err(refused) => self.refused(refused.error, health).map(|()| false),
        }
    }

    #[cold]
    fn refused(&mut self, error: Errno, health: &mut Health) -> Result<(), Lost> {
        match error {
            Errno::NOMEM | Errno::AGAIN => {
                health.no_memory += 1;
                Ok(())
            }
            // Some host controllers refuse at once what the stall would end.
            Errno::PIPE => self.stalled(health),
            // What came before it was unplugged is still to be reaped; the end of that will tell.
            Errno::NODEV | Errno::SHUTDOWN => Ok(()),
            error => Err(lost(error)),
        }
    }

    /// One of its transfers is done: replaced first, then looked at. Gives the packet, if it was one;
    /// others are to be had from the framer.
    #[inline(always)]
    pub(crate) fn done<N: Node>(
        &mut self,
        done: Done,
        now: Instant,
        ring: &mut Ring<N>,
        arena: &Arena,
        health: &mut Health,
    ) -> Result<Option<Frame>, Lost> {
        let index = (done.slot - self.first) as u32;
        let Done { mut frame, status, moved, .. } = done;
        if status != Status::Complete || self.halted {
            self.idle |= 1 << index;
            if status != Status::Complete {
                drop(frame);
                self.failed(status, ring, health)?;
            } else {
                frame.set_arrival(now);
                self.framer.feed(frame, moved < self.length);
            }
            return self.refill(ring, arena, health).map(|()| None);
        }
        (self.stalls, self.failures) = (0, 0);
        if !self.begin(index, ring, arena, health)? {
            self.idle |= 1 << index;
            health.missed_refills += 1;
        }
        frame.set_arrival(now);
        Ok(self.framer.pass(frame, moved < self.length))
    }

    #[cold]
    fn failed<N: Node>(
        &mut self,
        status: Status,
        ring: &mut Ring<N>,
        health: &mut Health,
    ) -> Result<(), Lost> {
        match status {
            Status::Failed(Errno::PIPE) => {
                self.stalled(health)?;
                for slot in self.first..self.first + self.slots as usize {
                    ring.discard(slot);
                }
            }
            Status::Failed(error @ (Errno::NODEV | Errno::SHUTDOWN)) => return Err(lost(error)),
            Status::Failed(_) => {
                self.framer.broken();
                self.failures += 1;
                health.resubmits += 1;
                if self.failures > FAILURES {
                    return Err(Lost::Bus(self.channel));
                }
            }
            Status::Complete | Status::Discarded => {}
        }
        Ok(())
    }

    fn stalled(&mut self, health: &mut Health) -> Result<(), Lost> {
        if !self.halted {
            self.framer.broken();
            self.halted = true;
            self.stalls += 1;
            health.stalls += 1;
        }
        if self.stalls > STALLS { Err(Lost::Stalled(self.channel)) } else { Ok(()) }
    }

    /// Ends a stall once all transfers are back.
    fn clear<N: Node>(&mut self, ring: &mut Ring<N>) -> Result<(), Lost> {
        if self.halted && self.is_idle() {
            // If it is not cleared for another reason, it stalls again and is counted.
            if let Err(error @ (Errno::NODEV | Errno::SHUTDOWN)) =
                ring.node().clear_halt(self.endpoint)
            {
                return Err(lost(error));
            }
            self.halted = false;
        }
        Ok(())
    }
}

/// What an error means that leaves nothing to try.
pub(crate) fn lost(error: Errno) -> Lost {
    match error {
        Errno::NODEV | Errno::SHUTDOWN => Lost::Unplugged,
        error => Lost::System(error),
    }
}
