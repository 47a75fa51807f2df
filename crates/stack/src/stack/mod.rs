//! One controller's protocols, wired together: what one machine puts out is routed to the next.
//!
//! [`Stack::receive`] takes what the controller sent and hands a media packet straight back. All
//! else that is to be sent or known is polled out; polling is what moves things on, so poll until
//! nothing is left after every call. The same stack is our receiver and the simulator's phones:
//! [`Config`] says which endpoints and records it has, and whether it opens A2DP and AVRCP by itself.
//!
//! Refusals, eviction and who is heard are decided above; here only protocol.

mod calls;
mod notice;
mod orders;
mod peer;
mod remote;
mod route;
mod voice;

use core::time::Duration;

use pool::{Arena, Frame, Instant};
use wire::Address;
use wire::h4::Channel;

use crate::avdtp::Endpoint;
use crate::controller::{self, Controller};
use crate::l2cap::{self, Data, Mux};
use crate::sdp;
use crate::{Bond, LinkId, MAX_LINKS, StreamId, a2dp};

use calls::Calls;
pub use calls::CallsRole;
pub use notice::{
    Call, GatewayChange, HeadsetChange, Notice, Output, RemoteChange, StreamChange, VoiceChange,
};
use peer::Peer;
use remote::Remote;
pub use voice::Voice;

/// Notices that may wait to be polled.
const MAX_NOTICES: usize = 64;

/// What a channel carries, as its tag in the multiplexer.
mod tag {
    pub(super) const SDP_SERVER: u32 = 1;
    pub(super) const SDP_CLIENT: u32 = 2;
    pub(super) const AVDTP: u32 = 3;
    pub(super) const SBC_MEDIA: u32 = 4;
    pub(super) const REMOTE: u32 = 5;
    pub(super) const RFCOMM: u32 = 6;
    pub(super) const AAC_MEDIA: u32 = 7;
}

/// What a stack is set up with.
#[derive(Clone, Debug)]
pub struct Config {
    /// The controller and its security.
    pub controller: controller::Config,
    /// The stream endpoints of every link, preferred first.
    pub endpoints: heapless::Vec<Endpoint, { crate::avdtp::MAX_ENDPOINTS }>,
    /// Whether there is AVRCP: as a sink where there is a sink's endpoint, else as a source.
    pub remote_control: bool,
    /// What we are in calls; `None`: there are none.
    pub calls: Option<CallsRole>,
    /// How long after encryption A2DP, AVRCP and HFP are opened from here if the peer has not; `None`: only
    /// on order.
    pub initiative: Option<Duration>,
    /// The largest media packet that is offered to peers.
    pub media_mtu: u16,
    /// What the Device ID record tells.
    pub identity: sdp::DeviceId,
    /// Our delay as a sink, in tenths of a millisecond.
    pub delay: u16,
}

/// How long after encryption we open A2DP, AVRCP and HFP if the phone has not.
pub const INITIATIVE: Duration = Duration::from_secs(2);

/// A media packet without its headers.
#[derive(Debug)]
pub struct Media {
    /// Whose.
    pub stream: StreamId,
    /// The packet.
    pub media: a2dp::Media,
}

/// One controller's protocols.
#[derive(Debug)]
pub struct Stack {
    config: Config,
    arena: Arena,
    controller: Controller,
    mux: Mux,
    server: sdp::Server,
    peers: [Option<Peer>; MAX_LINKS],
    /// Apart from the peers, which every media packet looks at: these are large.
    remotes: Box<[Option<Remote>]>,
    /// None where we have no calls.
    calls: Box<[Calls]>,
    /// Connections so far; past the greatest number they are counted anew.
    connections: u8,
    bitpool_cap: u8,
    /// Our battery, in percent, once it is known.
    battery: Option<u8>,
    notices: heapless::Deque<Notice, MAX_NOTICES>,
    /// When [`Stack::wake`] wants to be called; set anew when nothing is left to poll.
    deadline: Option<Instant>,
}

impl Stack {
    /// A stack for a controller that is not there yet; [`start`](Stack::start) brings it up.
    pub fn new(config: Config, bonds: Vec<Bond>, arena: Arena) -> Self {
        let mut mux = Mux::new(arena.clone());
        let sdp = l2cap::Options { needs_security: false, ..l2cap::Options::default() };
        let avdtp = l2cap::Options { mtu: config.media_mtu, ..l2cap::Options::default() };
        mux.listen(wire::l2cap::Psm::SDP, sdp);
        mux.listen(wire::l2cap::Psm::AVDTP, avdtp);
        if config.remote_control {
            mux.listen(wire::l2cap::Psm::AVCTP, l2cap::Options::default());
        }
        if config.calls.is_some() {
            mux.listen(wire::l2cap::Psm::RFCOMM, l2cap::Options::default());
        }
        // Of a known number: these are too large to be moved about.
        let calls = config.calls.as_ref().map_or_else(Box::default, |role| {
            (0..MAX_LINKS).map(|_| Calls::new(role)).collect::<Box<[Calls]>>()
        });
        Stack {
            controller: Controller::new(config.controller.clone(), bonds, arena.clone()),
            server: peer::records(&config),
            mux,
            arena,
            peers: [const { None }; MAX_LINKS],
            remotes: (0..MAX_LINKS).map(|_| None).collect(),
            calls,
            connections: 0,
            bitpool_cap: a2dp::HIGH_QUALITY_BITPOOL,
            battery: None,
            notices: heapless::Deque::new(),
            deadline: None,
            config,
        }
    }

    /// The transport is ready: brings the controller up from a reset.
    pub fn start(&mut self, now: Instant) {
        self.controller.start(now);
    }

    /// The transport is gone, and every link with it.
    pub fn transport_lost(&mut self, now: Instant) {
        self.controller.transport_lost(now);
    }

    /// Takes a packet from the controller, header included; a media packet of an open stream comes
    /// back without its headers.
    #[inline]
    pub fn receive(&mut self, now: Instant, channel: Channel, packet: Frame) -> Option<Media> {
        match channel {
            Channel::Acl => {
                let (link, fragment, data) = self.controller.acl(packet)?;
                let data = self.mux.receive(now, link, fragment, data)?;
                if data.tag == tag::SBC_MEDIA { self.sbc_media(data) } else { self.data(now, data) }
            }
            Channel::Event => {
                self.controller.event(now, &packet);
                None
            }
            // Voice goes by `voice`, and controllers send no commands.
            Channel::Synchronous | Channel::Command => None,
        }
    }

    fn sbc_media(&mut self, data: Data) -> Option<Media> {
        let link = data.channel.link;
        let peer = self.peer(link)?;
        let (stream, scms_t) = (peer.stream, peer.scms_t);
        let media = a2dp::sbc_media(data.payload, scms_t)?;
        Some(Media { stream, media })
    }

    fn aac_media(&mut self, data: Data) -> Option<Media> {
        let peer = self.peer(data.channel.link)?;
        let (stream, scms_t) = (peer.stream, peer.scms_t);
        let media = a2dp::aac_media(data.payload, scms_t)?;
        Some(Media { stream, media })
    }

    /// When [`wake`](Stack::wake) wants to be called.
    pub fn wake_at(&self) -> Option<Instant> {
        self.deadline
    }

    /// Does what is due.
    pub fn wake(&mut self, now: Instant) {
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if due(self.controller.wake_at()) {
            self.controller.wake(now);
        }
        if due(self.mux.wake_at()) {
            self.mux.wake(now);
        }
        for n in 0..MAX_LINKS {
            self.wake_peer(now, LinkId(n as u8));
            self.wake_remote(now, LinkId(n as u8));
            self.wake_calls(now, LinkId(n as u8));
        }
    }

    /// The next thing to send or to know; `None` when all is done.
    pub fn poll(&mut self, now: Instant) -> Option<Output> {
        loop {
            if let Some(notice) = self.notices.pop_front() {
                return Some(Output::Notice(notice));
            }
            if let Some(output) = self.controller.poll() {
                if let Some(output) = self.take_controller(now, output) {
                    return Some(output);
                }
            } else if let Some(output) = self.mux.poll() {
                self.take_mux(now, output);
            } else if !self.poll_sessions(now) {
                self.deadline = self.next_deadline();
                return None;
            }
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let peers = self.peers.iter().flatten().filter_map(Peer::wake_at);
        let remotes = self.remotes.iter().flatten().filter_map(Remote::wake_at);
        let calls = self.calls.iter().filter_map(Calls::wake_at);
        let sessions = peers.chain(remotes).chain(calls);
        sessions.chain(self.controller.wake_at()).chain(self.mux.wake_at()).min()
    }

    /// The controller, for what it counts.
    pub fn controller(&self) -> &Controller {
        &self.controller
    }

    /// The address of a link's peer.
    pub fn address(&self, link: LinkId) -> Option<Address> {
        self.peer(link).map(|peer| peer.address)
    }

    fn peer(&self, link: LinkId) -> Option<&Peer> {
        self.peers.get(usize::from(link.0))?.as_ref()
    }

    fn peer_mut(&mut self, link: LinkId) -> Option<&mut Peer> {
        self.peers.get_mut(usize::from(link.0))?.as_mut()
    }

    /// Tells the floor above. A queue that is full would be a defect of ours: each call makes few.
    fn notify(&mut self, notice: Notice) {
        let kept = self.notices.push_back(notice).is_ok();
        debug_assert!(kept, "notices are polled after every call");
    }
}
