//! One dongle, open or lost: packets in, packets out, nothing ever waited for.

use std::fmt;
use std::ops::Range;
use std::os::fd::BorrowedFd;

use pool::{Arena, Frame, Instant};
use rustix::event::PollFlags;
use wire::h4::Channel;

use crate::descriptors::Layout;
use crate::error::{Lost, SendError};
use crate::guardian::Guardian;
use crate::health::Health;
use crate::inbound::{Inbound, lost};
use crate::known;
use crate::outbound::{Outbound, Route};
use crate::ring::Ring;
use crate::system::{Kind, Node};
use crate::usbfs::Usbfs;
use crate::voice::{Voice, VoiceLink, VoiceReport};

/// Transfers in flight for events. One brings a single packet of the endpoint, 16 octets on most
/// dongles: so an event whose length is a multiple of that is there at once, also from a dongle that
/// forgets the empty packet behind it, for which a larger transfer would go on waiting. The price is
/// paid by long events only, which are rare: one transfer for each 16 octets. Sixteen hold the
/// longest event, if nobody looks for as long as that takes.
pub const EVENT_TRANSFERS: usize = 16;
/// Transfers in flight for data from the dongle, each for one packet of the largest size as a rule:
/// some 150 ms of music, should nobody look for so long.
pub const DATA_TRANSFERS: usize = 16;
/// Transfers for data to the dongle: as many as controllers have buffers, or more.
pub const SEND_TRANSFERS: usize = 8;
/// Transfers for commands: controllers take one at a time, as a rule.
pub const COMMAND_TRANSFERS: usize = 2;

/// The slots of the ring.
const EVENTS: Range<usize> = 0..EVENT_TRANSFERS;
const DATA: Range<usize> = EVENTS.end..EVENTS.end + DATA_TRANSFERS;
const SENDS: Range<usize> = DATA.end..DATA.end + SEND_TRANSFERS;
const COMMANDS: Range<usize> = SENDS.end..SENDS.end + COMMAND_TRANSFERS;
const VOICE: Range<usize> = COMMANDS.end..COMMANDS.end + Voice::SLOTS;
const SLOTS: usize = VOICE.end;

/// The most transfers that are looked at in a row that bring no packet: a dongle that babbles is
/// heard again at the next look.
const LOOKS: usize = 64;

/// The most octets asked for in one transfer of data: no HCI packet is longer (a data packet of
/// Bluetooth BR/EDR holds 1021), and a block has to hold it.
const LONGEST_TRANSFER: usize = 1984;

/// A Bluetooth controller on USB.
///
/// Made for level-triggered readiness: wait until [`fd`](Transport::fd) is
/// [`readiness`](Transport::readiness), then call [`receive`](Transport::receive) until it has no
/// more. After [`Lost`] nobody has the dongle: its owner opens it anew, and then drops this one. Nothing is allocated after opening.
pub struct Transport<N: Node = Usbfs> {
    pub(crate) ring: Ring<N>,
    arena: Arena,
    pub(crate) layout: Layout,
    events: Inbound,
    pub(crate) data: Inbound,
    sends: Outbound,
    commands: Outbound,
    voice: Voice,
    /// Whose framer may have more packets of the last transfer.
    unread: Option<Channel>,
    health: Health,
    /// Dismissed when the dongle was given back.
    pub(crate) guardian: Option<Guardian>,
    open: bool,
    /// The kernel's driver was called.
    given_back: bool,
}

/// What reaping brought.
enum Reaped {
    Nothing,
    /// A transfer that is dealt with, or whose packets are to be had from its pipe.
    Transfer,
    /// A transfer that was one whole packet.
    Packet(Channel, Frame),
}

impl<N: Node> Transport<N> {
    /// Begins the transfers on a node whose interfaces are ours.
    pub(crate) fn begin(node: N, layout: Layout, arena: Arena) -> Result<Transport<N>, Lost> {
        let habits = known::habits(layout.vendor, layout.product);
        let interface = layout.composite.then_some(layout.number);
        let packet = usize::from(layout.acl_in.size);
        let transfer = LONGEST_TRANSFER / packet * packet;
        let mut transport = Transport {
            ring: Ring::new(node, SLOTS),
            events: Inbound::new(
                Channel::Event,
                Kind::Interrupt,
                layout.events,
                usize::from(layout.events.size).min(LONGEST_TRANSFER),
                EVENTS,
                arena.clone(),
            ),
            data: Inbound::new(
                Channel::Acl,
                Kind::Bulk,
                layout.acl_in,
                transfer,
                DATA,
                arena.clone(),
            ),
            sends: Outbound::new(Route::Data { endpoint: layout.acl_out.address }, SENDS),
            commands: Outbound::new(Route::Commands { interface }, COMMANDS),
            voice: Voice::new(layout.voice, habits, VOICE, arena.clone()),
            arena,
            layout,
            unread: None,
            health: Health::default(),
            guardian: None,
            open: true,
            given_back: false,
        };
        transport.refill()?;
        Ok(transport)
    }

    /// The arena that packets arrive in: memory that the kernel shares, where it can. Packets to be
    /// sent may lie in any arena; from this one they are not copied.
    pub fn arena(&self) -> &Arena {
        &self.arena
    }

    /// The descriptor to wait on; `None` once the dongle is lost or closed.
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.open.then(|| self.ring.node().fd())
    }

    /// What to wait for on it, always: usbfs calls a descriptor writable when there is something to
    /// receive, or something sent is done.
    pub fn readiness(&self) -> PollFlags {
        N::READY
    }

    /// Whether transfers wait for memory, that of the arena or the system's. Go on waiting on the
    /// descriptor, but call [`receive`](Transport::receive) after a moment in any case.
    pub fn is_starved(&self) -> bool {
        self.open
            && (self.events.is_starved()
                || self.data.is_starved()
                || self.sends.is_starved()
                || self.commands.is_starved()
                || self.voice.is_starved())
    }

    /// How it is doing.
    pub fn health(&self) -> Health {
        let mut health = self.health;
        for framer in [&self.events.framer, &self.data.framer] {
            health.resyncs += framer.resyncs;
            health.bad_packets += framer.bad;
        }
        health.queued = self.sends.queued() + self.commands.queued();
        self.voice.health(&mut health);
        health
    }

    /// The next packet, stamped with the `now` at which its last byte was found; `None` when there
    /// is no more until the descriptor is ready again.
    #[inline]
    pub fn receive(&mut self, now: Instant) -> Result<Option<(Channel, Frame)>, Lost> {
        for _ in 0..LOOKS {
            if let Some(packet) = self.next_packet() {
                return Ok(Some(packet));
            }
            if !self.open {
                return Err(Lost::Closed);
            }
            match self.reap(now) {
                Ok(Reaped::Packet(channel, packet)) => return Ok(Some((channel, packet))),
                Ok(Reaped::Transfer) => {}
                Ok(Reaped::Nothing) => return self.idle().map(|()| None),
                Err(lost) => return Err(self.lose(lost)),
            }
        }
        Ok(self.next_packet())
    }

    /// The next packet of the transfer that was reaped last.
    #[inline]
    fn next_packet(&mut self) -> Option<(Channel, Frame)> {
        let (channel, packet) = match self.unread? {
            Channel::Acl => (self.data.framer.channel(), self.data.framer.packet()),
            Channel::Synchronous => (Channel::Synchronous, self.voice.packet()),
            _ => (Channel::Event, self.events.framer.packet()),
        };
        if packet.is_none() {
            self.unread = None;
        }
        packet.map(|packet| (channel, packet))
    }

    /// Takes one transfer that is done.
    #[inline]
    fn reap(&mut self, now: Instant) -> Result<Reaped, Lost> {
        let Some(done) = self.ring.reap().map_err(lost)? else { return Ok(Reaped::Nothing) };
        let Transport { ring, arena, health, .. } = self;
        if DATA.contains(&done.slot) {
            if let Some(packet) = self.data.done(done, now, ring, arena, health)? {
                return Ok(Reaped::Packet(self.data.framer.channel(), packet));
            }
            self.unread = Some(Channel::Acl);
        } else if EVENTS.contains(&done.slot) {
            if let Some(packet) = self.events.done(done, now, ring, arena, health)? {
                return Ok(Reaped::Packet(Channel::Event, packet));
            }
            self.unread = Some(Channel::Event);
        } else if SENDS.contains(&done.slot) {
            self.sends.done(done, ring, health)?;
        } else if COMMANDS.contains(&done.slot) {
            self.commands.done(done, ring, health)?;
        } else {
            self.unread = Some(Channel::Synchronous);
            self.voice.done(done, now, ring, arena, health)?;
        }
        Ok(Reaped::Transfer)
    }

    /// There is nothing to reap: a time to make good what had to wait.
    #[inline(always)]
    fn idle(&mut self) -> Result<(), Lost> {
        if self.is_starved() {
            return self.refill().map_err(|lost| self.lose(lost));
        }
        Ok(())
    }

    fn refill(&mut self) -> Result<(), Lost> {
        let Transport { ring, arena, health, .. } = self;
        self.events.refill(ring, arena, health)?;
        self.data.refill(ring, arena, health)?;
        self.sends.flush(ring, health)?;
        self.commands.flush(ring, health)?;
        self.voice.refill(ring, arena, health)
    }

    /// Sends a packet, at once if there is a transfer for it, else as soon as one is done. Eight
    /// octets of headroom save a copy of a command. Voice goes out at the pace of the bus, cut as
    /// the alternate setting wants it; without a link for it, it is dropped.
    #[inline]
    pub fn send(&mut self, channel: Channel, packet: Frame) -> Result<(), SendError> {
        if !self.open {
            return Err(Lost::Closed.into());
        }
        if packet.is_empty() {
            return Err(SendError::NotSendable);
        }
        let Transport { ring, arena, health, .. } = self;
        let sent = match channel {
            Channel::Acl => self.sends.send(packet, ring, arena, health),
            Channel::Command => self.commands.send(packet, ring, arena, health),
            Channel::Synchronous => self.voice.send(packet),
            Channel::Event => Err(SendError::NotSendable),
        };
        if let Err(SendError::Lost(lost)) = sent {
            self.lose(lost);
        }
        sent
    }

    /// Says which synchronous links are up (the first [`MOST_LINKS`](crate::MOST_LINKS) count): sets
    /// the alternate setting for them, and lets voice flow. Call it when a link has come up, and when
    /// one is gone. May block for a few milliseconds, for the time of a request to the dongle.
    pub fn set_voice(&mut self, links: &[VoiceLink]) -> Result<(), Lost> {
        if !self.open {
            return Err(Lost::Closed);
        }
        let Transport { ring, arena, health, voice, .. } = self;
        voice.set_links(links, ring, arena, health).map_err(|lost| self.lose(lost))
    }

    /// What is to be told of voice since the last call; ask after
    /// [`set_voice`](Transport::set_voice), and after each [`receive`](Transport::receive) that had no more.
    pub fn voice_report(&mut self) -> Option<VoiceReport> {
        self.voice.report()
    }

    /// Throws away what the driver before us left in the pipes, counted; gives whether there was
    /// anything.
    pub(crate) fn discard_stale(&mut self) -> Result<bool, Lost> {
        let before = self.health.stale;
        while !matches!(self.reap(Instant::ZERO)?, Reaped::Nothing) {
            self.events.framer.reset();
            self.data.framer.reset();
            self.unread = None;
            self.health.stale += 1;
        }
        self.refill()?;
        Ok(self.health.stale != before)
    }

    /// Ends all transfers and frees the interfaces, for ourselves to take them again: the kernel's
    /// driver, which would begin to set the dongle up, is not called before [`close`](Transport::close).
    /// What waits to be sent is dropped. Frames may go on living.
    pub fn let_go(&mut self) {
        if self.open {
            self.open = false;
            self.unread = None;
            self.ring.end();
            for interface in self.layout.interfaces() {
                let _ = self.ring.node().release(interface);
            }
        }
    }

    /// Gives the dongle back to the kernel, whose own driver may take it again, unless somebody else
    /// has taken it meanwhile. Done when it is dropped, too.
    pub fn close(&mut self) {
        self.let_go();
        if !self.given_back {
            self.given_back = true;
            attach(self.ring.node(), &self.layout);
            if let Some(guardian) = self.guardian.take() {
                guardian.dismiss();
            }
        }
    }

    #[cold]
    pub(crate) fn lose(&mut self, lost: Lost) -> Lost {
        self.let_go();
        lost
    }
}

/// Gives the interfaces up, and has the kernel look for a driver. Whatever fails, there is nothing to
/// be done about it: most often the device is gone.
pub(crate) fn give_back<N: Node>(node: &N, layout: &Layout) {
    for interface in layout.interfaces() {
        let _ = node.release(interface);
    }
    attach(node, layout);
}

/// Has the kernel look for a driver for interfaces that are free.
fn attach<N: Node>(node: &N, layout: &Layout) {
    // It takes both with the first, which has to be free as well as the other.
    for interface in layout.interfaces() {
        let _ = node.attach(interface);
    }
}

impl<N: Node> Drop for Transport<N> {
    fn drop(&mut self) {
        self.close();
    }
}

impl<N: Node> fmt::Debug for Transport<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("open", &self.open)
            .field("layout", &self.layout)
            .field("in_flight", &self.ring.in_flight())
            .field("health", &self.health())
            .finish()
    }
}
