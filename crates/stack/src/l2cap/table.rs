//! What the machines of this module are made of: the table's places, requests and their timers,
//! and the ends of channels.

use pool::Instant;
use wire::l2cap::{
    Cid, Command, ConnectionResult, ConnectionStatus, Header, MINIMUM_MTU, Psm, Signal,
};

use super::channel::{Channel, End, State};
use super::mux::SENDS;
use super::{
    CHANNELS, CONFIGURATION_TIME_OUT, CONSENT_TIME_OUT, ChannelId, Mux, OUTPUTS, Options, Output,
    RESPONSE_TIME_OUT, SECURITY_TIME_OUT, TRANSMISSIONS,
};
use crate::{LinkId, MAX_LINKS};

impl Mux {
    pub(super) fn ids(link: LinkId) -> impl Iterator<Item = ChannelId> {
        (0..CHANNELS as u16)
            .map(move |slot| ChannelId { link, cid: Cid(Cid::FIRST_DYNAMIC.0 + slot) })
    }

    pub(super) fn all_ids() -> impl Iterator<Item = ChannelId> {
        (0..MAX_LINKS as u8).flat_map(|link| Self::ids(LinkId(link)))
    }

    /// A channel that is not free.
    #[inline]
    pub(super) fn channel(&self, id: ChannelId) -> Option<&Channel> {
        let slot = usize::from(id.cid.0.wrapping_sub(Cid::FIRST_DYNAMIC.0));
        let channel = self.links.get(usize::from(id.link.0))?.channels.get(slot)?;
        (!channel.is_free()).then_some(channel)
    }

    pub(super) fn channel_mut(&mut self, id: ChannelId) -> Option<&mut Channel> {
        let slot = usize::from(id.cid.0.wrapping_sub(Cid::FIRST_DYNAMIC.0));
        let channel = self.links.get_mut(usize::from(id.link.0))?.channels.get_mut(slot)?;
        (!channel.is_free()).then_some(channel)
    }

    pub(super) fn state(&self, id: ChannelId) -> State {
        self.channel(id).map_or(State::Free, |channel| channel.state)
    }

    /// Takes a free place. The caller sets the state, and who opened the channel.
    pub(super) fn occupy(&mut self, link: LinkId, psm: Psm, options: Options) -> Option<ChannelId> {
        let local_mtu = options.mtu.clamp(MINIMUM_MTU, self.largest_mtu);
        let state = self.links.get_mut(usize::from(link.0))?;
        let free = (0..CHANNELS)
            .map(|step| (state.next + step) % CHANNELS)
            .find(|&slot| state.channels.get(slot).is_some_and(Channel::is_free))?;
        state.next = (free + 1) % CHANNELS;
        let channel = state.channels.get_mut(free)?;
        *channel = Channel::new();
        channel.state = State::WaitSecurity;
        channel.psm = psm;
        channel.local_mtu = local_mtu;
        channel.ask = options.ask;
        Some(ChannelId { link, cid: Cid(Cid::FIRST_DYNAMIC.0 + free as u16) })
    }

    /// Waits for the link to be secured, and says so once a link.
    pub(super) fn ask_security(&mut self, now: Instant, id: ChannelId) {
        self.arm(id, now + SECURITY_TIME_OUT);
        if let Some(state) = self.links.get_mut(usize::from(id.link.0))
            && !core::mem::replace(&mut state.asked, true)
        {
            self.tell(Output::Secure { link: id.link });
        }
    }

    /// Asks the owner of the service.
    pub(super) fn ask_consent(&mut self, now: Instant, id: ChannelId) {
        let Some(channel) = self.channel_mut(id) else { return };
        channel.state = State::WaitConsent;
        channel.told = true;
        let psm = channel.psm;
        self.arm(id, now + CONSENT_TIME_OUT);
        let status = ConnectionStatus::AUTHORIZATION_PENDING;
        self.respond_connection(id, ConnectionResult::PENDING, status);
        self.tell(Output::Asked { channel: id, psm });
    }

    /// Accepts the peer's connection request and begins to configure.
    pub(super) fn admit(&mut self, now: Instant, id: ChannelId) {
        let status = ConnectionStatus::NO_FURTHER_INFORMATION;
        self.respond_connection(id, ConnectionResult::SUCCESS, status);
        if let Some(channel) = self.channel_mut(id) {
            channel.state = State::Configuring;
            self.request(now, id);
        }
    }

    /// Ends a channel that waits for security or consent.
    pub(super) fn turn_away(&mut self, id: ChannelId, end: End) {
        if self.channel(id).is_some_and(|channel| !channel.outgoing) {
            let status = ConnectionStatus::NO_FURTHER_INFORMATION;
            self.respond_connection(id, ConnectionResult::SECURITY_BLOCK, status);
        }
        self.finish(id, end);
    }

    /// Ends a channel that both sides know.
    pub(super) fn leave(&mut self, now: Instant, id: ChannelId, end: End) {
        if let Some(channel) = self.channel_mut(id) {
            channel.open = false;
            channel.state = State::WaitDisconnect(end);
            self.request(now, id);
        }
    }

    /// Sends the request that the channel's state calls for, under a new identifier.
    pub(super) fn request(&mut self, now: Instant, id: ChannelId) {
        let identifier = self.next_identifier(id.link);
        if let Some(channel) = self.channel_mut(id) {
            channel.identifier = identifier;
            channel.transmissions = 0;
            self.repeat(now, id);
        }
    }

    /// Sends the request again, and waits twice as long.
    pub(super) fn repeat(&mut self, now: Instant, id: ChannelId) {
        let Some(channel) = self.channel_mut(id) else { return };
        let wait = RESPONSE_TIME_OUT * (1 << channel.transmissions.min(TRANSMISSIONS));
        channel.transmissions += 1;
        self.arm(id, now + wait);
        self.send_request(id);
    }

    /// An identifier that none of our outstanding requests on this link has.
    fn next_identifier(&mut self, link: LinkId) -> u8 {
        let Some(state) = self.links.get_mut(usize::from(link.0)) else { return 1 };
        loop {
            // Ends, since there are fewer channels than identifiers.
            state.identifier = state.identifier.checked_add(1).unwrap_or(1);
            if !state.channels.iter().any(|c| !c.is_free() && c.identifier == state.identifier) {
                return state.identifier;
            }
        }
    }

    /// Both sides may have agreed.
    pub(super) fn settle(&mut self, now: Instant, id: ChannelId) {
        let Some(channel) = self.channel_mut(id) else { return };
        if channel.state != State::Configuring || !channel.ours_accepted {
            return;
        }
        if !channel.theirs_accepted {
            self.arm(id, now + CONFIGURATION_TIME_OUT);
            return;
        }
        channel.state = State::Open;
        channel.deadline = None;
        channel.our_attempts = 0;
        channel.their_attempts = 0;
        let (psm, outgoing, mtu) = (channel.psm, channel.outgoing, channel.remote_mtu);
        if core::mem::replace(&mut channel.open, true) {
            self.tell(Output::Reconfigured { channel: id, mtu });
        } else {
            channel.told = true;
            self.tell(Output::Opened { channel: id, psm, outgoing, mtu });
        }
    }

    /// Frees the channel's place and tells its owner.
    pub(super) fn finish(&mut self, id: ChannelId, end: End) {
        let Some(channel) = self.channel_mut(id) else { return };
        let (psm, told, outgoing) = (channel.psm, channel.told, channel.outgoing);
        *channel = Channel::new();
        if told || (outgoing && end == End::Local) {
            self.tell(Output::Closed { channel: id, psm, reason: end.reason() });
        } else if outgoing {
            self.tell(Output::Refused { channel: id, psm, reason: end.refusal() });
        }
    }

    pub(super) fn arm(&mut self, id: ChannelId, at: Instant) {
        if let Some(channel) = self.channel_mut(id) {
            channel.deadline = Some(at);
            self.earliest = Some(self.earliest.map_or(at, |earliest| earliest.min(at)));
        }
    }

    pub(super) fn tell(&mut self, output: Output) {
        if self.outputs.len() < OUTPUTS {
            self.outputs.push_back(output);
        } else {
            self.counters.overrun += 1;
        }
    }

    /// Whether there is room for what a command may bring about.
    pub(super) fn has_room(&self) -> bool {
        self.outputs.len() + 4 < SENDS
    }

    /// Sends a signalling command.
    pub(super) fn signal(&mut self, link: LinkId, identifier: u8, command: Command<'_>) {
        if self.outputs.len() >= SENDS {
            self.counters.overrun += 1;
            return;
        }
        let Some(mut frame) = self.arena.take() else {
            self.counters.no_block += 1;
            return;
        };
        let written = Signal { identifier, command }.write(frame.spare_mut());
        let header = |length| Header { length, cid: Cid::SIGNALLING }.bytes();
        let built = written.ok().and_then(|length| {
            frame.grow(length).ok()?;
            frame.prepend(&header(u16::try_from(length).ok()?)).ok()
        });
        match built {
            Some(()) => self.outputs.push_back(Output::Send { link, frame }),
            None => self.counters.no_block += 1,
        }
    }
}
