//! The table of links and channels, the orders of their owners, and the timers.

use std::collections::VecDeque;

use pool::{Arena, Frame, HEADROOM, Instant};
use wire::l2cap::{HEADER_LEN, Header, MINIMUM_MTU, Psm};

use super::channel::{Channel, End, State};
use super::recombine::Recombination;
use super::{
    CHANNELS, ChannelId, ConnectError, Counters, LISTENERS, OUTPUTS, Options, Output,
    SIGNALLING_MTU, SendError, TRANSMISSIONS,
};
use crate::{LinkId, MAX_LINKS};

/// Packets that wait to be sent at most, so that what is to be known always has room.
pub(super) const SENDS: usize = OUTPUTS / 2;

/// One ACL link.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) up: bool,
    pub(super) secured: bool,
    /// Whether [`Output::Secure`] has been put out and not been answered.
    pub(super) asked: bool,
    /// The identifier of our last request.
    pub(super) identifier: u8,
    /// Where the search for a free place begins, so that identifiers are not reused at once.
    pub(super) next: usize,
    pub(super) recombination: Recombination,
    pub(super) channels: [Channel; CHANNELS],
}

impl Link {
    fn new() -> Self {
        Link {
            up: false,
            secured: false,
            asked: false,
            identifier: 0,
            next: 0,
            recombination: Recombination::Idle,
            channels: [const { Channel::new() }; CHANNELS],
        }
    }
}

/// L2CAP on all links of a controller.
#[derive(Debug)]
pub struct Mux {
    pub(super) arena: Arena,
    pub(super) links: Box<[Link]>,
    listeners: heapless::Vec<(Psm, Options), LISTENERS>,
    pub(super) outputs: VecDeque<Output>,
    /// No later than the earliest deadline of a channel.
    pub(super) earliest: Option<Instant>,
    pub(super) counters: Counters,
    /// What fits a block.
    pub(super) largest_mtu: u16,
    pub(super) signalling_mtu: u16,
}

impl Mux {
    /// No links, no services. Commands are built, and fragments gathered, in blocks of `arena`.
    ///
    /// # Panics
    /// When a block cannot hold an SDU of the minimum MTU.
    pub fn new(arena: Arena) -> Self {
        let room = arena.block_size().saturating_sub(HEADROOM + HEADER_LEN);
        let largest_mtu = u16::try_from(room).unwrap_or(u16::MAX);
        assert!(largest_mtu >= MINIMUM_MTU, "a block holds an SDU of the minimum MTU");
        Mux {
            arena,
            links: (0..MAX_LINKS).map(|_| Link::new()).collect(),
            listeners: heapless::Vec::new(),
            outputs: VecDeque::with_capacity(OUTPUTS),
            earliest: None,
            counters: Counters::default(),
            largest_mtu,
            signalling_mtu: SIGNALLING_MTU.min(largest_mtu),
        }
    }

    /// Accepts channels to `psm` from now on; a second call changes the options for later ones.
    ///
    /// # Panics
    /// When the value cannot be a PSM, or there are more than [`LISTENERS`]: both are the caller's
    /// constants.
    pub fn listen(&mut self, psm: Psm, options: Options) {
        assert!(psm.is_valid(), "{psm} is no PSM");
        if let Some(listener) = self.listeners.iter_mut().find(|listener| listener.0 == psm) {
            listener.1 = options;
        } else {
            let pushed = self.listeners.push((psm, options));
            assert!(pushed.is_ok(), "at most {LISTENERS} services");
        }
    }

    pub(super) fn listener(&self, psm: Psm) -> Option<Options> {
        self.listeners.iter().find(|listener| listener.0 == psm).map(|listener| listener.1)
    }

    /// A link is there, not secured yet.
    pub fn link_up(&mut self, link: LinkId) {
        self.link_down(link);
        if let Some(state) = self.links.get_mut(usize::from(link.0)) {
            state.up = true;
            state.secured = false;
            state.asked = false;
        }
    }

    /// The link is authenticated and encrypted: what waited for that goes on.
    pub fn link_secured(&mut self, now: Instant, link: LinkId) {
        let Some(state) = self.links.get_mut(usize::from(link.0)).filter(|state| state.up) else {
            return;
        };
        state.secured = true;
        state.asked = false;
        for channel in Self::ids(link) {
            if self.state(channel) == State::WaitSecurity {
                self.secured(now, channel);
            }
        }
    }

    fn secured(&mut self, now: Instant, id: ChannelId) {
        let Some(channel) = self.channel_mut(id) else { return };
        if channel.outgoing {
            channel.state = State::WaitConnectResponse { abandoned: false };
            self.request(now, id);
        } else if channel.ask {
            self.ask_consent(now, id);
        } else {
            self.admit(now, id);
        }
    }

    /// The link could not be secured: whatever waits for that is refused.
    pub fn security_failed(&mut self, link: LinkId) {
        if let Some(state) = self.links.get_mut(usize::from(link.0)) {
            state.asked = false;
        }
        for channel in Self::ids(link) {
            if self.state(channel) == State::WaitSecurity {
                self.turn_away(channel, End::Insecure);
            }
        }
    }

    /// The link is gone, and all its channels with it.
    pub fn link_down(&mut self, link: LinkId) {
        let Some(state) = self.links.get_mut(usize::from(link.0)).filter(|state| state.up) else {
            return;
        };
        state.up = false;
        state.secured = false;
        state.recombination = Recombination::Idle;
        for channel in Self::ids(link) {
            self.finish(channel, End::LinkLost);
        }
    }

    /// Asks the peer for a channel, with the options that `psm` is listened for with, or the
    /// default ones. Unless the service needs no security (SDP, and what is listened for so), the
    /// request waits until the link is secured.
    pub fn connect(
        &mut self,
        now: Instant,
        link: LinkId,
        psm: Psm,
    ) -> Result<ChannelId, ConnectError> {
        let default = Options { needs_security: psm != Psm::SDP, ..Options::default() };
        self.connect_with(now, link, psm, self.listener(psm).unwrap_or(default))
    }

    /// As [`connect`](Mux::connect), with the MTU and the need for security given.
    pub fn connect_with(
        &mut self,
        now: Instant,
        link: LinkId,
        psm: Psm,
        options: Options,
    ) -> Result<ChannelId, ConnectError> {
        let secured = self
            .links
            .get(usize::from(link.0))
            .filter(|state| state.up)
            .ok_or(ConnectError::NoLink)?
            .secured;
        let id = self.occupy(link, psm, options).ok_or(ConnectError::Full)?;
        let waits = options.needs_security && !secured;
        if let Some(channel) = self.channel_mut(id) {
            channel.outgoing = true;
            channel.state = if waits {
                State::WaitSecurity
            } else {
                State::WaitConnectResponse { abandoned: false }
            };
        }
        if waits {
            self.ask_security(now, id);
        } else {
            self.request(now, id);
        }
        Ok(id)
    }

    /// Marks the channel; [`Data`](super::Data) carries the mark.
    pub fn set_tag(&mut self, channel: ChannelId, tag: u32) {
        if let Some(channel) = self.channel_mut(channel) {
            channel.tag = tag;
        }
    }

    /// The largest SDU that the peer takes, of a channel that is open.
    pub fn mtu(&self, channel: ChannelId) -> Option<u16> {
        self.channel(channel).filter(|channel| channel.open).map(|channel| channel.remote_mtu)
    }

    /// Sends an SDU: puts the header before it and outputs it.
    pub fn send(&mut self, id: ChannelId, mut payload: Frame) -> Result<(), SendError> {
        let channel = self.channel(id).filter(|channel| channel.open).ok_or(SendError::NotOpen)?;
        let length = u16::try_from(payload.len()).map_err(|_| SendError::TooLarge)?;
        if length > channel.remote_mtu {
            return Err(SendError::TooLarge);
        }
        let header = Header { length, cid: channel.remote_cid };
        if self.outputs.len() >= SENDS {
            self.counters.overrun += 1;
            return Err(SendError::Full);
        }
        payload.prepend(&header.bytes()).map_err(|_| SendError::NoHeadroom)?;
        self.outputs.push_back(Output::Send { link: id.link, frame: payload });
        Ok(())
    }

    /// Ends the channel, whatever state it is in.
    pub fn disconnect(&mut self, now: Instant, id: ChannelId) {
        match self.state(id) {
            State::Free | State::WaitDisconnect(_) => {}
            State::WaitConnectResponse { .. } => {
                if let Some(channel) = self.channel_mut(id) {
                    channel.state = State::WaitConnectResponse { abandoned: true };
                }
            }
            State::WaitSecurity | State::WaitConsent => self.turn_away(id, End::Local),
            State::Configuring | State::Open => self.leave(now, id, End::Local),
        }
    }

    /// Lets a connection in that was [`Asked`](Output::Asked) about.
    pub fn accept(&mut self, now: Instant, id: ChannelId) {
        if self.state(id) == State::WaitConsent {
            self.admit(now, id);
        }
    }

    /// Turns a connection away that was [`Asked`](Output::Asked) about.
    pub fn refuse(&mut self, id: ChannelId) {
        if self.state(id) == State::WaitConsent {
            self.turn_away(id, End::Local);
        }
    }

    /// What is to be done or known next.
    #[inline]
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`wake`](Mux::wake) is to be called at the latest; it may turn out too early.
    #[inline]
    pub fn wake_at(&self) -> Option<Instant> {
        self.earliest
    }

    /// What has been dropped and refused so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Ends the waits whose time has come.
    pub fn wake(&mut self, now: Instant) {
        if self.earliest.is_none_or(|earliest| now < earliest) {
            return;
        }
        for id in Self::all_ids() {
            if self.channel(id).and_then(|channel| channel.deadline).is_some_and(|at| at <= now) {
                self.expire(now, id);
            }
        }
        let deadlines = self.links.iter().flat_map(|link| &link.channels);
        self.earliest = deadlines.filter_map(|channel| channel.deadline).min();
    }

    fn expire(&mut self, now: Instant, id: ChannelId) {
        let Some(channel) = self.channel_mut(id) else { return };
        channel.deadline = None;
        let again = channel.transmissions < TRANSMISSIONS;
        match channel.state {
            State::Free | State::Open => {}
            State::WaitSecurity => self.turn_away(id, End::Insecure),
            State::WaitConsent => self.turn_away(id, End::TimedOut),
            State::WaitConnectResponse { .. } if again => self.repeat(now, id),
            State::WaitConnectResponse { abandoned: true } => self.finish(id, End::Local),
            State::WaitConnectResponse { abandoned: false } => self.finish(id, End::TimedOut),
            State::Configuring if again && !channel.ours_accepted => self.repeat(now, id),
            State::Configuring => self.leave(now, id, End::TimedOut),
            State::WaitDisconnect(_) if again => self.repeat(now, id),
            State::WaitDisconnect(end) => self.finish(id, end),
        }
    }
}
