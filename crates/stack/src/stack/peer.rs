//! What is kept of one link: its AVDTP session, its SDP query, and when A2DP is opened from here.

use pool::Instant;
use wire::Address;
use wire::avdtp::{EndpointType, Seid};

use crate::StreamId;
use crate::avdtp::Session;
use crate::avrcp::Features;
use crate::l2cap::ChannelId;
use crate::sdp::{self, AudioFeatures, Record};

use super::{CallsRole, Config};

/// Questions that wait for an earlier one's answer, at most: one of each kind.
pub(super) const MAX_QUESTIONS: usize = 4;

/// One link's protocols.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) address: Address,
    /// What its stream is called, whether it is open or not.
    pub(super) stream: StreamId,
    pub(super) secured: bool,
    pub(super) session: Session,
    /// The endpoint whose stream is open, and the channel of its media.
    pub(super) open: Option<Seid>,
    pub(super) media: Option<ChannelId>,
    /// Whether media packets carry SCMS-T's header.
    pub(super) scms_t: bool,
    /// The largest media packet that the peer takes.
    pub(super) media_mtu: u16,
    /// When we open A2DP if the peer has not.
    pub(super) initiative: Option<Instant>,
    pub(super) query: Query,
    /// What the question is about, and what the next ones are.
    pub(super) about: About,
    pub(super) next: heapless::Deque<About, MAX_QUESTIONS>,
    pub(super) client: sdp::Client,
}

/// What a peer's records are asked about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum About {
    /// Whether it has A2DP, and which AVDTP.
    AudioSource,
    /// Whether it has AVRCP, and which.
    RemoteControl,
    /// Whether it has the other side of HFP, and where.
    Calls,
    /// The same of HSP.
    Headset,
}

/// How far the question has come.
#[derive(Debug)]
pub(super) enum Query {
    /// Not asked.
    Idle,
    /// The channel is being opened.
    Opening(ChannelId),
    /// The request is out; the peer's server has until the client's time is up.
    Asked(ChannelId),
    /// It was answered, or cannot be.
    Done,
}

impl Peer {
    pub(super) fn new(
        config: &Config,
        address: Address,
        outgoing: bool,
        stream: StreamId,
        cap: u8,
    ) -> Self {
        let mut session = Session::new(&config.endpoints, outgoing);
        session.set_bitpool_cap(cap);
        Peer {
            address,
            stream,
            secured: false,
            session,
            open: None,
            media: None,
            scms_t: false,
            media_mtu: wire::l2cap::DEFAULT_MTU,
            initiative: None,
            query: Query::Idle,
            about: About::AudioSource,
            next: heapless::Deque::new(),
            client: sdp::Client::new(),
        }
    }

    pub(super) fn wake_at(&self) -> Option<Instant> {
        let times = [self.session.wake_at(), self.client.wake_at(), self.initiative];
        times.into_iter().flatten().min()
    }

    /// The channel of the SDP question.
    pub(super) fn query_channel(&self) -> Option<ChannelId> {
        match &self.query {
            Query::Opening(channel) | Query::Asked(channel) => Some(*channel),
            Query::Idle | Query::Done => None,
        }
    }
}

/// The service records that fit the endpoints, and who made us.
pub(super) fn records(config: &Config) -> sdp::Server {
    let mut server = sdp::Server::new();
    let is = |wanted: EndpointType| config.endpoints.iter().any(|e| e.endpoint_type == wanted);
    let sink =
        is(EndpointType::Sink).then(|| Record::a2dp_sink("Audio sink", AudioFeatures::SPEAKER));
    let source = is(EndpointType::Source)
        .then(|| Record::a2dp_source("Audio source", AudioFeatures::PLAYER));
    let remote = config.remote_control.then(|| {
        // Who plays is controlled as a player, who is heard as an amplifier (AVRCP 1.6, 8).
        let [own, peers] = match is(EndpointType::Sink) {
            true => [Features::AMPLIFIER, Features::PLAYER],
            false => [Features::PLAYER, Features::AMPLIFIER],
        };
        let target = Record::avrcp_target("Remote control target", own);
        [target, Record::avrcp_controller("Remote control", peers)]
    });
    let identity = Record::device_id(config.identity);
    let [target, controller] = remote.map_or([None, None], |records| records.map(Some));
    let calls = config.calls.as_ref().map(CallsRole::records).into_iter().flatten().flatten();
    let others = [sink, source, target, controller, Some(identity)].into_iter().flatten().flatten();
    for record in others.chain(calls) {
        server.add(record);
    }
    server
}
