//! Data that overtakes the event that tells of its link: events and data of a USB controller come
//! through different pipes (Core 5.4, Vol 4, Part B, 2.1), and nothing keeps them in order. A few
//! packets wait for their link for a short time.

use core::time::Duration;

use pool::{Frame, Instant};
use wire::h4::Channel;
use wire::hci::Handle;

use super::Controller;
use super::output::Output;
use super::timers::Timer;

/// Packets that wait for the event that tells of their link, at most.
pub const EARLY_PACKETS: usize = 8;
/// How long they wait.
pub const EARLY_TIMEOUT: Duration = Duration::from_millis(50);

#[derive(Debug)]
struct Packet {
    channel: Channel,
    handle: Handle,
    until: Instant,
    frame: Frame,
}

/// The packets that wait, oldest first.
#[derive(Debug)]
pub(super) struct Early(heapless::Vec<Packet, EARLY_PACKETS>);

impl Early {
    pub(super) const fn new() -> Self {
        Early(heapless::Vec::new())
    }

    fn take(&mut self, channel: Channel, handle: Handle) -> Option<Frame> {
        let is = |packet: &Packet| packet.channel == channel && packet.handle == handle;
        let index = self.0.iter().position(is)?;
        Some(self.0.remove(index).frame)
    }
}

impl Controller {
    /// A packet with a handle that carries no data.
    #[cold]
    pub(super) fn hold_early(&mut self, channel: Channel, handle: Handle, frame: Frame) {
        let known =
            self.links.by_handle(handle).is_some() || self.voice.by_handle(handle).is_some();
        let until = self.now.max(frame.arrival()) + EARLY_TIMEOUT;
        let packet = Packet { channel, handle, until, frame };
        if known || !self.is_up() || self.early.0.push(packet).is_err() {
            self.counters.unknown_handles += 1;
        } else if !self.timers.is_armed(Timer::Early) {
            self.timers.arm(Timer::Early, until);
        }
    }

    /// Hands on what came before the event of its link, which has come now.
    pub(super) fn hand_on(&mut self, channel: Channel, handle: Handle) {
        while let Some(frame) = self.early.take(channel, handle) {
            self.counters.early_packets += 1;
            self.output(Output::Received(channel, frame));
        }
    }

    /// Drops what waits for a link with this handle: it belonged to one that is gone.
    pub(super) fn drop_early(&mut self, handle: Handle) {
        self.drop_early_if(|packet| packet.handle == handle);
    }

    pub(super) fn drop_all_early(&mut self) {
        self.drop_early_if(|_| true);
    }

    pub(super) fn early_overdue(&mut self) {
        let now = self.now;
        self.drop_early_if(|packet| packet.until <= now);
        if let Some(next) = self.early.0.iter().map(|packet| packet.until).min() {
            self.timers.arm(Timer::Early, next);
        }
    }

    fn drop_early_if(&mut self, is: impl Fn(&Packet) -> bool) {
        let before = self.early.0.len();
        self.early.0.retain(|packet| !is(packet));
        self.counters.unknown_handles += (before - self.early.0.len()) as u64;
    }
}
