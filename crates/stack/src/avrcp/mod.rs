//! AVRCP 1.6: one link's remote control, in both roles at once.
//!
//! A [`Session`] sits at one end of the music. A **sink** (headset, speaker) controls the peer's
//! player and is the target of its absolute volume (categories 1 and 2); a **source** (phone) has a
//! player, handed in by its owner as a [`Player`], and sets the peer's volume. What the peer's
//! player does is followed from the moment the channel is open; keys are pressed by
//! [`key`](Session::key). Poll it dry after each call.
//!
//! | file | what it is |
//! |---|---|
//! | `keys` | keys that we press (4.4.1) |
//! | `requests` | our other commands, one at a time, their answers and time-outs |
//! | `registration` | one event that we want to be told of (6.7.2), and phones' ways with it |
//! | `following` | what is known of the peer's player, from all of that |
//! | `metadata` | a track's attributes (6.6.1), in fragments (6.8) |
//! | `target` | answers to the peer's commands |
//! | `volume` | absolute volume (6.13), from either end |
//! | `player` | a source's player and what is told of it |
//! | `record` | service records (8) |
//!
//! **What the owner does.** Connect a channel to [`wire::l2cap::Psm::AVCTP`] when asked, or by
//! [`connect`](Session::connect), and accept the peer's. Both may come up where both sides connect
//! at once: both serve, and ours goes on the one that was open first. A peer that closes both (4.1.1)
//! is connected to again by the owner, after 100 ms on the side that placed the link and 1 s on the
//! other. Hand in what the peer's records say ([`set_peer`](Session::set_peer)) before the channel
//! opens where that is known: what a peer lacks is not asked of it. One of AVRCP 1.0, or one that
//! knows no capabilities, gets keys and nothing else.
//!
//! Limits: [`MAX_KEYS`] keys and [`MAX_REQUESTS`] commands wait; texts of [`MAX_TEXT`] octets, answers
//! of [`MAX_RESPONSE`] octets in [`MAX_FRAGMENTS`] fragments. Not here: **the browsing channel**, cover
//! art, player application settings as anything but a reject, group navigation, holding keys,
//! choosing among the peer's players, telling the peer of our battery.

mod following;
mod keys;
mod metadata;
mod output;
mod player;
mod record;
mod registration;
mod requests;
mod target;
#[cfg(test)]
mod tests;
mod volume;

use pool::Instant;
use wire::NoRoom;
use wire::avctp::{Label, MessageType, Pid};
use wire::avrcp::{MAX_FRAME, Volume};

use crate::avctp::{Channel, Cid, Head, Message, Received};
use following::Following;
use keys::Keys;
pub use keys::{KEY_TIMEOUT, MAX_KEYS};
use metadata::Assembly;
pub use metadata::{ATTRIBUTE_TRIES, MAX_FRAGMENTS, MAX_RESPONSE};
pub use output::{
    Counters, Key, MAX_TEXT, NotNow, Notice, Outcome, Output, Text, Ticket, Track, Use,
};
pub use player::Player;
pub use record::{Features, PEER_ATTRIBUTES, PEER_CLASS, Peer, Service};
use registration::Registration;
pub use registration::{MAX_SPACING, QUICK, SPACING, TRIES};
pub use requests::{MAX_REQUESTS, POSITION_INTERVAL, RESPONSE_TIMEOUT};
use requests::{Request, Transaction};
use target::Target;
pub use volume::VOLUME_STEP;

/// Channels: one, and another where both sides connected one at once.
const MAX_CHANNELS: usize = 2;

/// Packets that wait to be polled, at most; the longest message over the smallest MTU takes twelve.
const MAX_SENDS: usize = 16;

/// Notices that wait to be polled, at most; a channel that closes ends as many keys.
const MAX_NOTICES: usize = 16;

/// Packets to send that one packet can cause, at most; without room for them it is dropped.
const SENDS_PER_PACKET: usize = 14;

/// Notices that one packet can cause, at most.
const NOTICES_PER_PACKET: usize = 5;

/// Events that we register, at most.
const MAX_REGISTRATIONS: usize = 6;

/// Which end of the music this is.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one a link, never moved")]
enum Side {
    /// It is heard here.
    Sink { volume: Volume },
    /// It is played here.
    Source { player: Player },
}

/// The remote control of one link.
#[derive(Debug)]
pub struct Session {
    side: Side,
    peer: Option<Peer>,
    channels: heapless::Vec<Channel, MAX_CHANNELS>,
    /// A channel was asked for.
    opening: bool,
    sends: heapless::Deque<(Cid, crate::avctp::Pdu), MAX_SENDS>,
    notices: heapless::Deque<Notice, MAX_NOTICES>,
    label: Label,
    keys: Keys,
    /// Our command in flight, keys aside.
    transaction: Option<Transaction>,
    requests: heapless::Deque<Request, MAX_REQUESTS>,
    registrations: heapless::Vec<Registration, MAX_REGISTRATIONS>,
    assembly: Option<Assembly>,
    following: Following,
    target: Target,
    counters: Counters,
}

impl Session {
    /// A session for a fresh link of a sink, which plays at `volume`.
    pub fn sink(volume: Volume) -> Self {
        Self::new(Side::Sink { volume })
    }

    /// A session for a fresh link of a source with this player.
    pub fn source(player: Player) -> Self {
        Self::new(Side::Source { player })
    }

    fn new(side: Side) -> Self {
        Session {
            side,
            peer: None,
            channels: heapless::Vec::new(),
            opening: false,
            sends: heapless::Deque::new(),
            notices: heapless::Deque::new(),
            label: Label::default(),
            keys: Keys::default(),
            transaction: None,
            requests: heapless::Deque::new(),
            registrations: heapless::Vec::new(),
            assembly: None,
            following: Following::default(),
            target: Target::default(),
            counters: Counters::default(),
        }
    }

    /// What the peer's service records say. Until then it is asked for everything.
    pub fn set_peer(&mut self, peer: Peer) {
        self.peer = Some(peer);
    }

    /// Asks for a channel unless there is one.
    pub fn connect(&mut self) {
        self.opening |= !self.is_up();
    }

    /// A channel on [`wire::l2cap::Psm::AVCTP`] is open: what it is for. `mtu` is the longest packet
    /// that the peer takes.
    pub fn opened(&mut self, now: Instant, cid: Cid, mtu: usize) -> Use {
        self.opening = false;
        if self.channels.push(Channel::new(cid, mtu)).is_err() {
            return Use::Surplus;
        }
        if self.channels.len() == 1 {
            self.control_up(now);
        }
        Use::Control
    }

    /// The channel that was asked for ([`Output::Open`]) did not come up.
    pub fn refused(&mut self) {
        self.opening = false;
    }

    /// A channel is gone, whoever closed it. Others than this session's are passed over.
    pub fn closed(&mut self, now: Instant, cid: Cid) {
        let Some(at) = self.channels.iter().position(|channel| channel.cid() == cid) else {
            return;
        };
        self.channels.remove(at);
        self.target.channel_closed(cid);
        if at == 0 {
            let followed = self.following.followed;
            self.control_down();
            if self.is_up() {
                self.following.followed = followed;
                self.control_up(now);
                self.tell_followed();
            }
        }
    }

    /// A packet came on a channel.
    pub fn receive(&mut self, now: Instant, cid: Cid, packet: &[u8]) {
        let sends = self.sends.capacity() - self.sends.len();
        let notices = self.notices.capacity() - self.notices.len();
        if sends < SENDS_PER_PACKET || notices < NOTICES_PER_PACKET {
            self.counters.overrun = self.counters.overrun.saturating_add(1);
            return;
        }
        let Some(channel) = self.channels.iter_mut().find(|channel| channel.cid() == cid) else {
            return;
        };
        let mut message = Message::new();
        match channel.receive(packet, &mut message) {
            Received::Message(head) => self.message(now, cid, head, &message),
            Received::Partial => {}
            Received::Malformed => self.malformed(),
        }
        self.pump(now);
        self.tell_followed();
    }

    fn message(&mut self, now: Instant, cid: Cid, head: Head, frame: &[u8]) {
        let own = head.pid == Pid::AV_REMOTE_CONTROL;
        match head.message_type {
            MessageType::Command if own => self.command(cid, head.label, frame),
            MessageType::Command => {
                self.counters.rejected = self.counters.rejected.saturating_add(1);
                let message_type = MessageType::InvalidPid;
                self.send_message(cid, Head { message_type, ..head }, &[]);
            }
            MessageType::Response if own => self.response(now, head.label, frame),
            MessageType::InvalidPid if own => self.invalid_pid(now, head.label),
            MessageType::Response | MessageType::InvalidPid => {
                self.counters.unexpected = self.counters.unexpected.saturating_add(1);
            }
        }
    }

    /// The next output.
    pub fn poll(&mut self) -> Option<Output> {
        if let Some((cid, pdu)) = self.sends.pop_front() {
            return Some(Output::Send { cid, pdu });
        }
        if core::mem::take(&mut self.opening) {
            return Some(Output::Open);
        }
        self.notices.pop_front().map(Output::Notice)
    }

    /// When [`wake`](Session::wake) wants to be called.
    pub fn wake_at(&self) -> Option<Instant> {
        // While a command is in flight the next one waits for it.
        let next = match &self.transaction {
            Some(transaction) => Some(transaction.deadline),
            None => self.registrations.iter().filter_map(Registration::due_at).min(),
        };
        next.into_iter().chain(self.keys.deadline()).min()
    }

    /// Does what is due.
    pub fn wake(&mut self, now: Instant) {
        self.key_overdue(now);
        self.request_overdue(now);
        self.pump(now);
        self.tell_followed();
    }

    /// Whether there is a channel.
    pub fn is_up(&self) -> bool {
        !self.channels.is_empty()
    }

    /// What the peer did wrong so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    fn malformed(&mut self) {
        self.counters.malformed = self.counters.malformed.saturating_add(1);
    }

    fn notice(&mut self, notice: Notice) {
        if self.notices.push_back(notice).is_err() {
            self.counters.overrun = self.counters.overrun.saturating_add(1);
        }
    }

    /// Sends a message with what `frame` writes.
    fn send(
        &mut self,
        cid: Cid,
        label: Label,
        message_type: MessageType,
        frame: impl FnOnce(&mut [u8]) -> Result<usize, NoRoom>,
    ) {
        let mut octets = [0; MAX_FRAME];
        let length = frame(&mut octets);
        debug_assert!(length.is_ok(), "our frames are short enough");
        if let Ok(length) = length {
            let head = Head { label, message_type, pid: Pid::AV_REMOTE_CONTROL };
            self.send_message(cid, head, &octets[..length]);
        }
    }

    fn send_message(&mut self, cid: Cid, head: Head, message: &[u8]) {
        let Some(channel) = self.channels.iter().find(|channel| channel.cid() == cid) else {
            return;
        };
        for pdu in channel.packets(head, message) {
            if self.sends.push_back((cid, pdu)).is_err() {
                self.counters.overrun = self.counters.overrun.saturating_add(1);
            }
        }
    }
}
