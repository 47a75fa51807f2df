//! AVRCP of each link: its channels, the question what the peer's records say of it, and who opens.
//!
//! A peer that has not opened the channel by the time that we would open A2DP is asked whether it can
//! be controlled, and connected to if so; once in a connection, as one that refuses does so for a
//! reason. Where both sides opened a channel at once and the peer closed both (AVCTP 1.4, 4.1.1), it is
//! opened once more, sooner by the side that placed the link.

use core::time::Duration;

use pool::Instant;
use wire::avdtp::EndpointType;
use wire::avrcp::Volume;
use wire::l2cap::Psm;

use crate::LinkId;
use crate::avrcp::{self, Key, NotNow, Peer, Session, Ticket, Use};
use crate::l2cap::ChannelId;

use super::peer::About;
use super::{Config, Notice, RemoteChange, Stack, tag};

/// How long after both channels were closed the side that placed the link opens one again.
const AGAIN_OUTGOING: Duration = Duration::from_millis(100);
/// The same for the side that did not.
const AGAIN_INCOMING: Duration = Duration::from_secs(1);

/// One link's remote control.
#[derive(Debug)]
pub(super) struct Remote {
    session: Session,
    outgoing: bool,
    /// When we open it, if the peer has not.
    opens_at: Option<Instant>,
    /// The peer's records were asked for, once in a connection.
    asked: bool,
    /// Both sides opened a channel.
    crossed: bool,
    /// The peer wants to know our volume, or sets it.
    volume_shared: bool,
}

impl Remote {
    pub(super) fn new(config: &Config, outgoing: bool) -> Option<Self> {
        let sink = config.endpoints.iter().any(|e| e.endpoint_type == EndpointType::Sink);
        let session = match sink {
            true => Session::sink(Volume::MAX),
            false => Session::source(avrcp::Player::default()),
        };
        config.remote_control.then_some(Remote {
            session,
            outgoing,
            opens_at: None,
            asked: false,
            crossed: false,
            volume_shared: false,
        })
    }

    pub(super) fn wake_at(&self) -> Option<Instant> {
        self.session.wake_at().into_iter().chain(self.opens_at).min()
    }

    pub(super) fn open_at(&mut self, at: Option<Instant>) {
        self.opens_at = at;
    }
}

impl Stack {
    /// The remote control of a link, to be read.
    pub fn remote(&self, link: LinkId) -> Option<&Session> {
        Some(&self.remotes.get(usize::from(link.0))?.as_ref()?.session)
    }

    pub(super) fn remote_mut(&mut self, link: LinkId) -> Option<&mut Remote> {
        self.remotes.get_mut(usize::from(link.0))?.as_mut()
    }

    /// Presses and releases a key of a peer's player; what became of it is told with the ticket.
    ///
    /// # Errors
    /// [`NotNow`] without a channel, for a peer without a player, and where too many wait.
    pub fn press(
        &mut self,
        now: Instant,
        link: LinkId,
        ticket: Ticket,
        key: Key,
    ) -> Result<(), NotNow> {
        self.remote_mut(link).ok_or(NotNow)?.session.key(now, ticket, key)
    }

    /// Sets a sink's own volume, or asks a source's peer for one.
    pub(super) fn set_volume(&mut self, now: Instant, link: LinkId, volume: Volume) {
        if let Some(remote) = self.remote_mut(link) {
            remote.session.set_volume(now, volume);
        }
    }

    /// A source's player is like this now.
    pub(super) fn set_player(&mut self, link: LinkId, player: &avrcp::Player) {
        if let Some(remote) = self.remote_mut(link) {
            // A sink has none.
            let _ = remote.session.set_player(player.clone());
        }
    }

    /// Opens the remote control from here, unless it is open: the peer is asked first what it has.
    pub(super) fn open_remote(&mut self, now: Instant, link: LinkId) {
        let Some(remote) = self.remote_mut(link) else { return };
        remote.opens_at = None;
        if remote.asked {
            remote.session.connect();
        } else if !remote.session.is_up() {
            remote.asked = true;
            self.query(now, link, About::RemoteControl);
        }
    }

    /// The peer's records say this, or nothing is to be had from it; then it is tried all the same.
    pub(super) fn remote_queried(&mut self, link: LinkId, records: Option<Peer>) {
        let Some(remote) = self.remote_mut(link).filter(|remote| !remote.session.is_up()) else {
            // It opened meanwhile, and is asked there what it knows.
            return;
        };
        // One that has no record and opens a channel all the same made it since: it is asked there.
        if let Some(peer) = records.filter(|peer| *peer != Peer::default()) {
            remote.session.set_peer(peer);
        }
        if records.is_none_or(|peer| peer.target.is_some()) {
            remote.session.connect();
        }
    }

    pub(super) fn remote_opened(&mut self, now: Instant, channel: ChannelId, mtu: u16) {
        let Some(remote) = self.remote_mut(channel.link) else {
            return self.mux.disconnect(now, channel);
        };
        let was_up = remote.session.is_up();
        match remote.session.opened(now, channel.cid.0, usize::from(mtu)) {
            Use::Control => {
                remote.crossed |= was_up;
                self.mux.set_tag(channel, tag::REMOTE);
                if !was_up {
                    self.remote_notice(channel.link, RemoteChange::Up);
                }
            }
            Use::Surplus => self.mux.disconnect(now, channel),
        }
    }

    pub(super) fn remote_refused(&mut self, link: LinkId) {
        if let Some(remote) = self.remote_mut(link) {
            remote.session.refused();
        }
    }

    pub(super) fn remote_closed(&mut self, now: Instant, channel: ChannelId) {
        let Some(remote) = self.remote_mut(channel.link) else { return };
        let was_up = remote.session.is_up();
        remote.session.closed(now, channel.cid.0);
        if !was_up {
            return;
        }
        if remote.session.is_up() {
            return self.remote_notice(channel.link, RemoteChange::Up);
        }
        remote.volume_shared = false;
        if core::mem::take(&mut remote.crossed) {
            let after = if remote.outgoing { AGAIN_OUTGOING } else { AGAIN_INCOMING };
            remote.opens_at = Some(now + after);
        }
        // What was on its way ended before it.
        while self.poll_remote(now, channel.link) {}
        self.remote_notice(channel.link, RemoteChange::Down);
    }

    pub(super) fn remote_data(&mut self, now: Instant, channel: ChannelId, packet: &[u8]) {
        let Some(remote) = self.remote_mut(channel.link) else { return };
        remote.session.receive(now, channel.cid.0, packet);
        if remote.session.shares_volume()
            && !core::mem::replace(&mut remote.volume_shared, true)
            && let Some(volume) = remote.session.volume()
        {
            let told = avrcp::Notice::Volume(volume);
            self.remote_notice(channel.link, RemoteChange::Told(told));
        }
    }

    pub(super) fn wake_remote(&mut self, now: Instant, link: LinkId) {
        let Some(remote) = self.remote_mut(link) else { return };
        if remote.session.wake_at().is_some_and(|at| at <= now) {
            remote.session.wake(now);
        }
        if remote.opens_at.is_some_and(|at| at <= now) {
            self.open_remote(now, link);
        }
    }

    /// Moves on one output of one link's session; `false` when there is none.
    pub(super) fn poll_remote(&mut self, now: Instant, link: LinkId) -> bool {
        let Some(output) = self.remote_mut(link).and_then(|remote| remote.session.poll()) else {
            return false;
        };
        match output {
            avrcp::Output::Send { cid, pdu } => {
                self.signal(ChannelId { link, cid: wire::l2cap::Cid(cid) }, &pdu);
            }
            avrcp::Output::Open => {
                if self.mux.connect(now, link, Psm::AVCTP).is_err() {
                    self.remote_refused(link);
                }
            }
            avrcp::Output::Notice(notice) => {
                self.remote_notice(link, RemoteChange::Told(notice));
            }
        }
        true
    }

    fn remote_notice(&mut self, link: LinkId, change: RemoteChange) {
        self.notify(Notice::Remote { link, change });
    }
}
