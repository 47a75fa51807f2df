//! The controller `sim`: the simulator's world with the phones of the demonstration, run by the
//! receiver's own clock.

use pool::{Arena, Frame, Instant};
use sim::World;
use wire::h4::Channel;

/// The embedded simulator as a controller.
pub(crate) struct Simulated {
    world: World,
    arena: Arena,
}

impl Simulated {
    pub(crate) fn new(arena: Arena, seed: u64) -> Self {
        Simulated { world: World::demo(seed), arena }
    }

    /// When the world has something to say by itself.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        self.world.next_at()
    }

    /// The next packet for the host; it waits while there is no block for it.
    pub(crate) fn receive(&mut self, now: Instant) -> Option<(Channel, Frame)> {
        self.world.advance(now);
        let mut packet = self.arena.take()?;
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
