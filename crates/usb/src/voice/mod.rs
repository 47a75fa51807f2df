//! Voice over the second interface: which alternate setting, and the isochronous transfers both ways.
//!
//! The setting is changed while nothing is in flight on the interface, one change at a time: two at
//! once stall a CSR8510 for good. A setting in which nothing valid comes within [`PROVE_WITHIN`] bus
//! packets, or that the dongle refuses, is not used again; a wideband link goes on in setting 1, and if
//! that does not work either, a [`VoiceReport`] says so.
//!
//! Delay: [`TRANSFERS_OUT`] transfers of three bus packets are on their way to the dongle, so what is
//! handed over is heard up to 9 ms later. More would survive a later look at the descriptor, and delay
//! all voice by as much. From the dongle a packet is had as soon as the third bus packet of its
//! transfer is; the 12 ms of [`TRANSFERS_IN`] are only room for looking late, and delay nothing.

pub(crate) mod incoming;
mod outgoing;
mod setting;

use std::ops::Range;

use pool::{Arena, Frame, Instant};
use rustix::io::Errno;
use wire::h4::Channel;

use crate::descriptors::{Endpoint, VoiceInterface};
use crate::error::{Lost, SendError};
use crate::health::Health;
use crate::inbound::{FAILURES, lost};
use crate::ring::{Done, Ring, Status};
use crate::system::Node;

use incoming::Incoming;
use outgoing::Outgoing;
pub use setting::{Coding, MOST_LINKS, VoiceLink};
use setting::{HEADER, LEAST_SIZE, PACKETS, Pace, choose, is_wideband};

/// Isochronous transfers in flight from the dongle, 3 ms each.
pub const TRANSFERS_IN: usize = 4;
/// Isochronous transfers in flight to the dongle, 3 ms each.
pub const TRANSFERS_OUT: usize = 3;
/// How many bus packets, one a millisecond, may bring nothing valid before a setting counts as bad.
pub const PROVE_WITHIN: u32 = 500;

/// What the calls have to know about voice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VoiceReport {
    /// No setting carries wideband voice on this dongle: the link has to be set up anew with CVSD.
    WidebandUnusable,
    /// The dongle has no voice, or no setting for these links.
    Unusable,
}

/// What the quirks of a dongle say of its voice.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Habits {
    /// The setting for a wideband link, if not 1.
    pub(crate) wideband: Option<u8>,
    /// Zeros come in front of voice packets.
    pub(crate) zeros: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Setting 0.
    Off,
    /// Transfers are called back for another setting to be set.
    Draining,
    /// Transfers go round.
    Running { from: Endpoint, to: Endpoint, pace: Pace },
}

pub(crate) struct Voice {
    interface: Option<VoiceInterface>,
    habits: Habits,
    state: State,
    /// The setting that is set, and the one that is to be.
    setting: u8,
    wanted: u8,
    /// A bit for each setting that proved bad.
    bad: u8,
    links: [Option<VoiceLink>; MOST_LINKS],
    /// Bus packets since the setting was set, until something valid came.
    unproven: Option<u32>,
    report: Option<VoiceReport>,
    /// The first of the slots: those from the dongle, then those to it.
    first: usize,
    idle: u32,
    incoming: Incoming,
    outgoing: Outgoing,
    lost: u64,
    /// Transfers in a row that failed as a whole.
    failures: u32,
    /// The bus does not take transfers in this setting.
    refused: bool,
}

/// All slots.
const TRANSFERS: usize = TRANSFERS_IN + TRANSFERS_OUT;
const ALL: u32 = (1 << TRANSFERS) - 1;

impl Voice {
    /// How many slots it needs.
    pub(crate) const SLOTS: usize = TRANSFERS;

    pub(crate) fn new(
        interface: Option<VoiceInterface>,
        habits: Habits,
        slots: Range<usize>,
        arena: Arena,
    ) -> Voice {
        debug_assert_eq!(slots.len(), TRANSFERS);
        Voice {
            interface,
            habits,
            state: State::Off,
            setting: 0,
            wanted: 0,
            bad: 0,
            links: [None; MOST_LINKS],
            unproven: None,
            report: None,
            first: slots.start,
            idle: ALL,
            incoming: Incoming::new(arena, habits.zeros),
            outgoing: Outgoing::new(),
            lost: 0,
            failures: 0,
            refused: false,
        }
    }

    /// What is to be told, once.
    pub(crate) fn report(&mut self) -> Option<VoiceReport> {
        self.report.take()
    }

    /// Adds its own to the counters.
    pub(crate) fn health(&self, health: &mut Health) {
        health.resyncs += self.incoming.resyncs;
        health.bad_packets += self.incoming.bad;
        health.voice_queued = self.outgoing.queued();
        health.voice_starved = self.outgoing.starved;
        health.voice_lost = self.lost;
        health.voice_dropped = self.outgoing.dropped;
    }

    /// Whether a transfer lacks a block.
    pub(crate) fn is_starved(&self) -> bool {
        matches!(self.state, State::Running { .. }) && self.idle != 0
    }

    /// The next whole packet from the dongle.
    pub(crate) fn packet(&mut self) -> Option<Frame> {
        self.incoming.packet()
    }

    /// Takes a packet to be sent in its turn.
    pub(crate) fn send(&mut self, packet: Frame) -> Result<(), SendError> {
        if Channel::Synchronous.length(&packet) != Some(packet.len()) || packet.len() == HEADER {
            return Err(SendError::NotSendable);
        }
        self.outgoing.queue(packet);
        Ok(())
    }

    /// The links that are up now.
    pub(crate) fn set_links<N: Node>(
        &mut self,
        links: &[VoiceLink],
        ring: &mut Ring<N>,
        arena: &Arena,
        health: &mut Health,
    ) -> Result<(), Lost> {
        let links = &links[..links.len().min(MOST_LINKS)];
        self.links = [None; MOST_LINKS];
        for (place, link) in self.links.iter_mut().zip(links) {
            *place = Some(VoiceLink { handle: link.handle & 0x0fff, ..*link });
        }
        let (links, count) = self.links();
        self.incoming.set_links(&links[..count]);
        self.outgoing.set_links(&links[..count]);
        self.report = None;
        self.change(ring, arena, health)
    }

    /// The links in a row, and how many.
    fn links(&self) -> ([VoiceLink; MOST_LINKS], usize) {
        let none = VoiceLink { handle: 0, coding: Coding::Linear8 };
        (self.links.map(|link| link.unwrap_or(none)), self.links.iter().flatten().count())
    }

    /// The endpoints of a setting, if it can be used at all.
    fn endpoints(&self, setting: u8) -> Option<(Endpoint, Endpoint)> {
        let interface = self.interface.as_ref()?;
        let found = (*interface.settings.get(usize::from(setting))?)?;
        let large = found.0.size >= LEAST_SIZE && found.1.size >= LEAST_SIZE;
        (large && self.bad & 1 << setting == 0).then_some(found)
    }

    /// Sets the setting that the links need, if it is another one; what is in flight comes back first.
    fn change<N: Node>(
        &mut self,
        ring: &mut Ring<N>,
        arena: &Arena,
        health: &mut Health,
    ) -> Result<(), Lost> {
        let (links, count) = self.links();
        let links = &links[..count];
        let usable = |setting| self.endpoints(setting).is_some();
        let chosen = choose(links, self.habits.wideband, usable);
        if chosen.is_none() {
            self.report = Some(match is_wideband(links) && self.interface.is_some() {
                true => VoiceReport::WidebandUnusable,
                false => VoiceReport::Unusable,
            });
        }
        self.wanted = chosen.unwrap_or(0);
        if self.state == State::Draining || self.wanted == self.setting {
            return Ok(());
        }
        self.state = State::Draining;
        for slot in self.first..self.first + TRANSFERS {
            ring.discard(slot);
        }
        self.drained(ring, arena, health)
    }

    /// Goes on with a change once nothing is in flight.
    fn drained<N: Node>(
        &mut self,
        ring: &mut Ring<N>,
        arena: &Arena,
        health: &mut Health,
    ) -> Result<(), Lost> {
        if self.state != State::Draining || self.idle != ALL {
            return Ok(());
        }
        let Some(number) = self.interface.as_ref().map(|interface| interface.number) else {
            self.state = State::Off;
            return Ok(());
        };
        match ring.node().set_interface(number, self.wanted) {
            Ok(()) => self.setting = self.wanted,
            Err(error @ (Errno::NODEV | Errno::SHUTDOWN)) => return Err(lost(error)),
            // Setting 0 cannot prove bad: nothing is lost if it is not set.
            Err(_) if self.wanted == 0 => self.setting = 0,
            Err(_) => {
                self.setting = 0;
                self.state = State::Off;
                self.bad |= 1 << self.wanted;
                return self.change(ring, arena, health);
            }
        }
        self.incoming.begin();
        self.outgoing.begin();
        self.state = match self.endpoints(self.setting) {
            Some((from, to)) => {
                let size = from.size.min(to.size);
                State::Running { from, to, pace: Pace::of(self.setting, size) }
            }
            None => State::Off,
        };
        self.unproven = matches!(self.state, State::Running { .. }).then_some(0);
        self.refill(ring, arena, health)
    }

    /// Begins a transfer in each idle slot, as far as there are blocks.
    pub(crate) fn refill<N: Node>(
        &mut self,
        ring: &mut Ring<N>,
        arena: &Arena,
        health: &mut Health,
    ) -> Result<(), Lost> {
        let mut idle = self.idle;
        while idle != 0 {
            let index = idle.trailing_zeros() as usize;
            if !matches!(self.state, State::Running { .. })
                || !self.begin(index, None, ring, arena, health)?
            {
                break;
            }
            idle &= !(1 << index);
        }
        if std::mem::take(&mut self.refused) && self.setting != 0 {
            self.bad |= 1 << self.setting;
            return self.change(ring, arena, health);
        }
        Ok(())
    }

    /// Begins a transfer in an idle slot, with `frame` or a spare block; gives whether it did.
    fn begin<N: Node>(
        &mut self,
        index: usize,
        frame: Option<Frame>,
        ring: &mut Ring<N>,
        arena: &Arena,
        health: &mut Health,
    ) -> Result<bool, Lost> {
        let State::Running { from, to, pace } = self.state else { return Ok(false) };
        let Some(mut frame) = frame.or_else(|| arena.take()) else { return Ok(false) };
        let slot = self.first + index;
        let begun = if index < TRANSFERS_IN {
            ring.submit_packets(slot, from.address, &[from.size; PACKETS], frame)
        } else {
            frame.reset(pool::HEADROOM);
            let lengths = self.outgoing.fill(&pace, &mut frame);
            ring.submit_packets(slot, to.address, &lengths, frame)
        };
        match begun.map_err(|refused| refused.error) {
            Ok(()) => {
                self.idle &= !(1 << index);
                Ok(true)
            }
            Err(error @ (Errno::NODEV | Errno::SHUTDOWN)) => Err(lost(error)),
            Err(error) => {
                health.no_memory += 1;
                // No bandwidth on the bus, or packets that it does not carry: this will not change.
                self.refused |= !matches!(error, Errno::NOMEM | Errno::AGAIN);
                Ok(false)
            }
        }
    }

    /// One of its transfers is done: replaced first, then looked at.
    pub(crate) fn done<N: Node>(
        &mut self,
        done: Done,
        now: Instant,
        ring: &mut Ring<N>,
        arena: &Arena,
        health: &mut Health,
    ) -> Result<(), Lost> {
        let Done { slot, frame, status, .. } = done;
        if let Status::Failed(error @ (Errno::NODEV | Errno::SHUTDOWN)) = status {
            return Err(lost(error));
        }
        match status {
            Status::Complete => self.failures = 0,
            Status::Discarded => {}
            Status::Failed(_) => {
                self.failures += 1;
                health.resubmits += 1;
                if self.failures > FAILURES {
                    return Err(Lost::Bus(Channel::Synchronous));
                }
            }
        }
        let index = slot - self.first;
        self.idle |= 1 << index;
        if self.state == State::Draining || status == Status::Discarded {
            drop(frame);
            return self.drained(ring, arena, health);
        }
        if index >= TRANSFERS_IN {
            return self.begin(index, Some(frame), ring, arena, health).map(drop);
        }
        // What happened to the packets is overwritten when the slot begins anew.
        let mut outcome = [None; PACKETS];
        for (kept, packet) in outcome.iter_mut().zip(ring.packets(slot)) {
            *kept = Some((packet.length as usize, packet.actual_length as usize, packet.status));
        }
        if !self.begin(index, None, ring, arena, health)? {
            health.missed_refills += 1;
        }
        self.received(frame, &outcome, now);
        self.prove(ring, arena, health)
    }

    /// Takes the bus packets of a transfer: the octets asked for, those that came, and how.
    fn received(
        &mut self,
        mut frame: Frame,
        packets: &[Option<(usize, usize, u32)>; PACKETS],
        now: Instant,
    ) {
        let room = frame.spare_mut();
        let mut at = 0;
        for &(asked, came, status) in packets.iter().flatten() {
            let bytes = room.get(at..at + came.min(asked)).unwrap_or_default();
            if status != 0 {
                self.lost += 1;
                self.incoming.gap(asked, now);
            } else if !bytes.is_empty() {
                self.incoming.feed(bytes, now);
            }
            at += asked;
        }
    }

    /// Gives a setting up in which nothing valid comes.
    fn prove<N: Node>(
        &mut self,
        ring: &mut Ring<N>,
        arena: &Arena,
        health: &mut Health,
    ) -> Result<(), Lost> {
        let Some(packets) = &mut self.unproven else { return Ok(()) };
        *packets += PACKETS as u32;
        if self.incoming.found > 0 {
            self.unproven = None;
        } else if *packets > PROVE_WITHIN {
            self.unproven = None;
            let (links, count) = self.links();
            // Other links have no other setting; theirs may be quiet for a reason of the phone's.
            if is_wideband(&links[..count]) {
                self.bad |= 1 << self.setting;
                return self.change(ring, arena, health);
            }
        }
        Ok(())
    }
}
