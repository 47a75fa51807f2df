//! From one machine to the next.

use pool::Instant;
use wire::avdtp::Seid;
use wire::h4::Channel;
use wire::l2cap::Psm;
use wire::sdp::{AttributeId, AttributeList, AttributeRange, Uuid};

use crate::a2dp::Configuration;
use crate::avdtp::{self, Use};
use crate::avrcp;
use crate::controller;
use crate::hfp::record::{self, Service};
use crate::l2cap::{self, ChannelId, Data};
use crate::sdp::Progress;
use crate::{LinkId, MAX_LINKS, StreamId};

use super::peer::{About, Peer, Query};
use super::{Media, Notice, Output, Remote, Stack, StreamChange, tag};

/// What is asked of an A2DP source's record: how AVDTP is reached, and which.
const SOURCE: [AttributeRange; 1] = [AttributeRange::one(AttributeId::PROTOCOL_DESCRIPTOR_LIST)];

/// What a peer's records say.
#[derive(Clone, Copy)]
enum Answer {
    /// Which AVDTP its source has, if it has one.
    AudioSource(Option<u16>),
    /// Its remote control.
    RemoteControl(avrcp::Peer),
    /// The line of its calls.
    Calls(Service),
}

impl Stack {
    /// What the controller put out; a packet to be sent comes back at once.
    pub(super) fn take_controller(
        &mut self,
        now: Instant,
        output: controller::Output,
    ) -> Option<Output> {
        use controller::Output as From;
        let notice = match output {
            From::Send(channel, packet) => return Some(Output::Send(channel, packet)),
            From::Received(Channel::Synchronous, packet) => {
                return self.voice(packet).map(Output::Voice);
            }
            From::Received(channel, packet) => {
                // No channel is open yet that would carry media.
                self.receive(now, channel, packet);
                return None;
            }
            From::Up(info) => Notice::Up(info),
            From::Failed(failure) => Notice::Failed(failure),
            From::ConnectionRequest { address, class, bonded } => {
                Notice::Request { address, class, bonded }
            }
            From::Connected { link, address, outgoing, central, .. } => {
                self.mux.link_up(link);
                self.connections = self.connections.wrapping_add(1);
                let stream = StreamId::new(link, self.connections);
                if let Some(place) = self.peers.get_mut(usize::from(link.0)) {
                    let cap = self.bitpool_cap;
                    *place = Some(Peer::new(&self.config, address, outgoing, stream, cap));
                }
                if let Some(place) = self.remotes.get_mut(usize::from(link.0)) {
                    *place = Remote::new(&self.config, outgoing);
                }
                self.calls_begin(now, link, outgoing);
                Notice::Connected { link, address, outgoing, central }
            }
            From::ConnectFailed { address, status, outgoing } => {
                Notice::ConnectFailed { address, status, outgoing }
            }
            From::Secured { link, paired, .. } => {
                self.mux.link_secured(now, link);
                let initiative = self.config.initiative.map(|after| now + after);
                let delay = self.config.delay;
                let peer = self.peer_mut(link)?;
                let first = !core::mem::replace(&mut peer.secured, true);
                if !first {
                    return None;
                }
                peer.initiative = initiative;
                peer.session.set_delay(now, delay);
                let address = peer.address;
                if let Some(remote) = self.remote_mut(link) {
                    remote.open_at(initiative);
                }
                if let Some(calls) = self.calls_mut(link) {
                    calls.open_at(initiative);
                }
                Notice::Secured { link, address, paired }
            }
            From::SecurityFailed { link, address, status } => {
                self.mux.security_failed(link);
                Notice::SecurityFailed { address, status }
            }
            From::Disconnected { link, address, reason } => {
                self.link_down(now, link);
                // After the notices of what ended with it.
                self.notify(Notice::Disconnected { link, address, reason });
                return None;
            }
            From::Confirm { address, kind, passkey } => Notice::Confirm { address, kind, passkey },
            From::ConfirmClosed { address } => Notice::ConfirmClosed { address },
            From::Paired { address } => Notice::Paired { address },
            From::Store(bond) => Notice::Store(bond),
            From::Erase(address) => Notice::Erase(address),
            From::Name { address, name } => Notice::Name { address, name },
            From::RoleChanged { link, central } => Notice::Role { link, central },
            From::ModeChanged { link, sniff, .. } => Notice::Mode { link, sniff },
            From::Warning(warning) => Notice::Warning(warning),
            From::VoiceRequested { .. }
            | From::VoiceOpened { .. }
            | From::VoiceFailed { .. }
            | From::VoiceClosed { .. } => return Self::voice_notice(output),
            // A refused role is lived without; we make no inquiries.
            From::RoleRefused { .. } | From::Found { .. } | From::InquiryDone(_) => return None,
            From::Rssi { link, rssi } => Notice::Rssi { link, rssi },
            From::LinkQuality { link, quality } => Notice::LinkQuality { link, quality },
        };
        Some(Output::Notice(notice))
    }

    /// A link is gone: its channels and its stream end before the notice of it.
    fn link_down(&mut self, now: Instant, link: LinkId) {
        self.mux.link_down(link);
        while let Some(output) = self.mux.poll() {
            self.take_mux(now, output);
        }
        while self.poll_link(now, link) {}
        let n = usize::from(link.0);
        if let Some(remote) = self.remotes.get_mut(n) {
            *remote = None;
        }
        if let Some(calls) = self.calls.get_mut(n) {
            calls.end();
        }
        let peer = self.peers.get_mut(usize::from(link.0)).and_then(Option::take);
        if let Some(peer) = peer.filter(|peer| peer.open.is_some()) {
            let change = StreamChange::Closed;
            self.notify(Notice::Stream { link, stream: peer.stream, change });
        }
    }

    /// What the multiplexer put out.
    pub(super) fn take_mux(&mut self, now: Instant, output: l2cap::Output) {
        use l2cap::Output as From;
        match output {
            From::Send { link, frame } => {
                // A link without room loses the frame, as it would on the air; the controller counts it.
                let _ = self.controller.send(link, frame);
            }
            From::Secure { link } => {
                // A link that is gone has no channels that wait.
                let _ = self.controller.secure(now, link);
            }
            From::Asked { channel, .. } => self.mux.accept(now, channel),
            From::Opened { channel, psm, outgoing, mtu } => {
                self.channel_opened(now, channel, psm, outgoing, mtu);
            }
            From::Reconfigured { channel, mtu } => {
                if let Some(peer) = self.peer_mut(channel.link)
                    && peer.media == Some(channel)
                {
                    peer.media_mtu = mtu;
                }
            }
            From::Oversized { channel, length } => {
                if let Some(peer) = self.peer(channel.link)
                    && peer.media == Some(channel)
                {
                    let link = channel.link;
                    self.notify(Notice::MediaTooLarge { link, length });
                }
            }
            From::Refused { channel, psm: Psm::AVCTP, .. } => self.remote_refused(channel.link),
            From::Refused { channel, psm: Psm::RFCOMM, .. } => self.rfcomm_refused(channel),
            From::Refused { channel, psm, .. } => {
                let Some(peer) = self.peer_mut(channel.link) else { return };
                if psm == Psm::AVDTP {
                    peer.session.refused(now);
                } else if peer.query_channel() == Some(channel) {
                    self.query_ended(now, channel.link, None);
                }
            }
            From::Closed { channel, psm, .. } => self.channel_closed(now, channel, psm),
        }
    }

    fn channel_opened(
        &mut self,
        now: Instant,
        channel: ChannelId,
        psm: Psm,
        outgoing: bool,
        mtu: u16,
    ) {
        if psm == Psm::SDP {
            return if outgoing {
                self.ask(now, channel);
            } else {
                self.mux.set_tag(channel, tag::SDP_SERVER);
            };
        }
        if psm == Psm::AVCTP {
            return self.remote_opened(now, channel, mtu);
        }
        if psm == Psm::RFCOMM {
            return self.rfcomm_opened(now, channel, outgoing, mtu);
        }
        let after = self.config.initiative;
        let Some(peer) = self.peer_mut(channel.link) else { return };
        match peer.session.opened(now, channel.cid.0, outgoing, usize::from(mtu)) {
            Use::Signalling => {
                // A peer that does no more than this is waited for no longer than one that does nothing.
                peer.initiative = peer.initiative.and(after).map(|after| now + after);
                self.mux.set_tag(channel, tag::AVDTP);
            }
            Use::Transport(seid) => {
                peer.media = Some(channel);
                peer.media_mtu = mtu;
                // No endpoint changes its codec.
                let tag = match peer.session.configuration(seid) {
                    Some(Configuration::Aac(_)) => tag::AAC_MEDIA,
                    Some(Configuration::Sbc(_)) | None => tag::SBC_MEDIA,
                };
                self.mux.set_tag(channel, tag);
            }
            Use::Surplus => self.mux.disconnect(now, channel),
        }
    }

    fn channel_closed(&mut self, now: Instant, channel: ChannelId, psm: Psm) {
        if psm == Psm::AVCTP {
            return self.remote_closed(now, channel);
        }
        if psm == Psm::RFCOMM {
            return self.rfcomm_closed(now, channel);
        }
        let Some(peer) = self.peer_mut(channel.link) else { return };
        if psm == Psm::AVDTP {
            if peer.media == Some(channel) {
                peer.media = None;
            }
            peer.session.closed(now, channel.cid.0);
        } else if peer.query_channel() == Some(channel) {
            self.query_ended(now, channel.link, None);
        }
    }

    /// Data that is not media of SBC.
    pub(super) fn data(&mut self, now: Instant, data: Data) -> Option<Media> {
        let channel = data.channel;
        match data.tag {
            tag::AAC_MEDIA => return self.aac_media(data),
            tag::SDP_SERVER => self.serve(channel, &data.payload),
            tag::SDP_CLIENT => self.answered(now, channel, &data.payload),
            tag::REMOTE => self.remote_data(now, channel, &data.payload),
            tag::RFCOMM => self.rfcomm_data(now, channel, &data.payload),
            tag::AVDTP => {
                let peer = self.peer_mut(channel.link)?;
                peer.session.receive(now, channel.cid.0, &data.payload);
            }
            _ => {}
        }
        None
    }

    fn serve(&mut self, channel: ChannelId, request: &[u8]) {
        let Some(mut answer) = self.arena.take() else { return };
        let Some(mtu) = self.mux.mtu(channel) else { return };
        if let Some(length) = self.server.respond(request, mtu, answer.spare_mut())
            && answer.grow(length).is_ok()
        {
            // A peer that asks faster than it listens loses answers.
            let _ = self.mux.send(channel, answer);
        }
    }

    /// Asks the peer what it has, before a profile is opened from here: one question after the other.
    pub(super) fn query(&mut self, now: Instant, link: LinkId, about: About) {
        let Some(peer) = self.peer_mut(link) else { return };
        if peer.query_channel().is_some() {
            if !peer.next.iter().any(|next| *next == about) {
                // There is room for one of each kind.
                let _ = peer.next.push_back(about);
            }
            return;
        }
        peer.about = about;
        let channel = self.mux.connect(now, link, Psm::SDP);
        match (channel, self.peer_mut(link)) {
            (Ok(channel), Some(peer)) => peer.query = Query::Opening(channel),
            (Err(_), Some(_)) => self.query_ended(now, link, None),
            (_, None) => {}
        }
    }

    fn ask(&mut self, now: Instant, channel: ChannelId) {
        self.mux.set_tag(channel, tag::SDP_CLIENT);
        let request = self.arena.take();
        let Some(about) = self.peer(channel.link).map(|peer| peer.about) else { return };
        let calls = self.calls_class(channel.link, about);
        let Some(peer) = self.peer_mut(channel.link) else { return };
        if peer.query_channel() != Some(channel) {
            return self.mux.disconnect(now, channel);
        }
        peer.query = Query::Asked(channel);
        let written = request.and_then(|mut request| {
            let (class, attributes) = match peer.about {
                About::AudioSource => (Uuid::AUDIO_SOURCE, &SOURCE[..]),
                About::RemoteControl => (avrcp::PEER_CLASS, &avrcp::PEER_ATTRIBUTES[..]),
                About::Calls | About::Headset => (calls, &record::WANTED[..]),
            };
            let room = request.spare_mut();
            let length = peer.client.search_attributes(now, &[class], attributes, room);
            request.grow(length.ok()?).ok()?;
            Some(request)
        });
        if written.is_none_or(|request| self.mux.send(channel, request).is_err()) {
            self.query_ended(now, channel.link, None);
        }
    }

    fn answered(&mut self, now: Instant, channel: ChannelId, answer: &[u8]) {
        let Some(mut more) = self.arena.take() else { return };
        let Some(about) = self.peer(channel.link).map(|peer| peer.about) else { return };
        let calls = self.calls_class(channel.link, about);
        let Some(peer) = self.peer_mut(channel.link) else { return };
        match peer.client.response(now, answer, more.spare_mut()) {
            Progress::More(length) => {
                // A request that does not go out is noticed by the client's time-out.
                if more.grow(length).is_ok() {
                    let _ = self.mux.send(channel, more);
                }
            }
            Progress::Done => {
                let version = |record: AttributeList<'_>| {
                    u16::try_from(record.protocol_parameter(Uuid::AVDTP)?).ok()
                };
                let records = peer.client.records();
                let answer = match about {
                    About::AudioSource => {
                        Some(Answer::AudioSource(records.iter().find_map(version)))
                    }
                    About::RemoteControl => {
                        Some(Answer::RemoteControl(avrcp::Peer::from_records(records)))
                    }
                    About::Calls | About::Headset => {
                        let service = records.iter().find_map(|r| record::read(r, calls));
                        service.map(Answer::Calls)
                    }
                };
                self.query_ended(now, channel.link, answer);
            }
            Progress::Failed(_) => self.query_ended(now, channel.link, None),
            Progress::Ignored => {}
        }
    }

    /// The question is answered, or cannot be; then the profile is tried all the same.
    fn query_ended(&mut self, now: Instant, link: LinkId, answer: Option<Answer>) {
        let Some(peer) = self.peer_mut(link) else { return };
        let (channel, about, next) = (peer.query_channel(), peer.about, peer.next.pop_front());
        peer.query = Query::Done;
        if let Some(Answer::AudioSource(Some(version))) = answer {
            peer.session.set_peer_version(version);
        }
        if let Some(channel) = channel {
            self.mux.disconnect(now, channel);
        }
        match (about, answer) {
            (About::AudioSource, _) => self.open_media(now, link),
            (_, Some(Answer::RemoteControl(peer))) => self.remote_queried(link, Some(peer)),
            (About::RemoteControl, _) => self.remote_queried(link, None),
            (About::Calls | About::Headset, Some(Answer::Calls(service))) => {
                self.calls_queried(now, link, about, Some(service));
            }
            (About::Calls | About::Headset, _) => self.calls_queried(now, link, about, None),
        }
        if let Some(about) = next {
            self.query(now, link, about);
        }
    }

    pub(super) fn wake_peer(&mut self, now: Instant, link: LinkId) {
        let Some(peer) = self.peer_mut(link) else { return };
        if peer.session.wake_at().is_some_and(|at| at <= now) {
            peer.session.wake(now);
        }
        if peer.client.wake_at().is_some_and(|at| at <= now) && peer.client.wake(now).is_some() {
            return self.query_ended(now, link, None);
        }
        if peer.initiative.take_if(|at| *at <= now).is_some() {
            match peer.session.is_up() {
                true => self.open_media(now, link),
                false => self.query(now, link, About::AudioSource),
            }
        }
    }

    /// Moves on one output of one session; `false` when there is none.
    pub(super) fn poll_sessions(&mut self, now: Instant) -> bool {
        let links = (0..MAX_LINKS as u8).map(LinkId);
        links.into_iter().any(|link| self.poll_link(now, link))
    }

    fn poll_link(&mut self, now: Instant, link: LinkId) -> bool {
        // Most places have no link: what they keep for one is not looked at.
        self.peer(link).is_some()
            && (self.poll_session(now, link)
                || self.poll_remote(now, link)
                || self.poll_calls(now, link))
    }

    fn poll_session(&mut self, now: Instant, link: LinkId) -> bool {
        let Some(output) = self.peer_mut(link).and_then(|peer| peer.session.poll()) else {
            return false;
        };
        self.take_session(now, link, output);
        true
    }

    fn take_session(&mut self, now: Instant, link: LinkId, output: avdtp::Output) {
        use avdtp::Output as From;
        let channel = |cid: avdtp::Cid| ChannelId { link, cid: wire::l2cap::Cid(cid) };
        match output {
            From::Signal { cid, pdu } => self.signal(channel(cid), &pdu),
            From::OpenSignalling | From::OpenTransport { .. } => {
                if self.mux.connect(now, link, Psm::AVDTP).is_err()
                    && let Some(peer) = self.peer_mut(link)
                {
                    peer.session.refused(now);
                }
            }
            From::CloseChannel { cid } => self.mux.disconnect(now, channel(cid)),
            From::Configured { .. } => {}
            From::Reconfigured { configuration, .. } => {
                self.stream_notice(link, StreamChange::Reconfigured(configuration));
            }
            From::Opened { seid } => self.stream_opened(link, seid),
            From::Started { .. } => self.stream_notice(link, StreamChange::Started),
            From::Suspended { .. } => self.stream_notice(link, StreamChange::Suspended),
            From::Closed { seid } => {
                let Some(peer) = self.peer_mut(link) else { return };
                if peer.open.take_if(|open| *open == seid).is_some() {
                    self.stream_notice(link, StreamChange::Closed);
                }
            }
            From::DelayReported { delay, .. } => {
                self.stream_notice(link, StreamChange::Delay(delay));
            }
            From::Failed(failure) => self.notify(Notice::ProfileFailed { link, failure }),
        }
    }

    fn stream_opened(&mut self, link: LinkId, seid: Seid) {
        let Some(peer) = self.peer_mut(link) else { return };
        peer.open = Some(seid);
        peer.initiative = None;
        peer.scms_t = peer.session.scms_t(seid);
        if let Some(configuration) = peer.session.configuration(seid) {
            self.stream_notice(link, StreamChange::Opened(configuration));
        }
    }

    fn stream_notice(&mut self, link: LinkId, change: StreamChange) {
        if let Some(stream) = self.peer(link).map(|peer| peer.stream) {
            self.notify(Notice::Stream { link, stream, change });
        }
    }

    pub(super) fn signal(&mut self, channel: ChannelId, pdu: &[u8]) {
        // A signal that does not go out is noticed by the session's time-outs.
        if let Some(mut packet) = self.arena.take()
            && packet.append(pdu).is_ok()
        {
            let _ = self.mux.send(channel, packet);
        }
    }
}
