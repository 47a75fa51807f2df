//! The controller `sim`: the simulator's world with the phones of the demonstration, or with those of a
//! program, run by the receiver's own clock.

use std::os::fd::BorrowedFd;

use pool::{Arena, Frame, Instant};
use sim::World;
use wire::h4::Channel;

use crate::air::Air;

/// The embedded simulator as a controller.
pub(crate) struct Simulated {
    world: World,
    arena: Arena,
    /// Where a program commands the phones.
    air: Option<Air>,
    /// There was no block for a packet that may wait.
    starved: bool,
}

impl Simulated {
    pub(crate) fn new(arena: Arena, seed: u64) -> Self {
        Simulated { world: World::demo(seed), arena, air: None, starved: false }
    }

    /// With the phones of a program.
    pub(crate) fn commanded(arena: Arena, seed: u64, air: Air) -> Self {
        Simulated { world: World::new(seed), arena, air: Some(air), starved: false }
    }

    /// Readable while a program has ordered something.
    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.air.as_ref().map(Air::fd)
    }

    /// When the world has something to say by itself; unknown while it lacks a block to say it in,
    /// or what it has would be due for ever.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        self.world.next_at().filter(|_| !self.starved)
    }

    /// Whether the arena had no block when it was last asked for one.
    pub(crate) fn is_starved(&self) -> bool {
        self.starved
    }

    /// The next packet for the host; it waits while there is no block for it.
    pub(crate) fn receive(&mut self, now: Instant) -> Option<(Channel, Frame)> {
        self.world.advance(now);
        if let Some(air) = &self.air {
            air.perform(&mut self.world);
        }
        let block = self.arena.take();
        self.starved = block.is_none();
        let mut packet = block?;
        let (channel, bytes) = self.world.poll()?;
        packet.append(&bytes).ok()?;
        packet.set_arrival(now);
        Some((channel, packet))
    }

    pub(crate) fn send(&mut self, now: Instant, channel: Channel, packet: &[u8]) {
        self.world.advance(now);
        self.world.receive(channel, packet);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_block_it_waits_and_loses_nothing() {
        let arena = Arena::new(2, 4096);
        let mut simulated = Simulated::new(arena.clone(), 1);
        let now = Instant::from_millis(10);
        // HCI_Reset.
        simulated.send(now, Channel::Command, &[0x03, 0x0C, 0]);
        let due = simulated.wake_at().expect("an answer is coming");
        let held: Vec<_> = std::iter::from_fn(|| arena.take()).collect();
        assert!(simulated.receive(due).is_none());
        assert!(simulated.is_starved());
        assert_eq!(
            simulated.wake_at(),
            None,
            "what is due now would wake its reader again and again"
        );
        drop(held);
        let (channel, packet) = simulated.receive(due).expect("it was kept");
        assert_eq!((channel, packet[0]), (Channel::Event, 0x0E));
        assert!(!simulated.is_starved());
        drop(packet);
        assert!(simulated.receive(due).is_none() && simulated.wake_at() > Some(due));
    }
}
