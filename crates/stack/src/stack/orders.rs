//! What the floor above orders.

use pool::{Frame, Instant};
use wire::avdtp::Seid;
use wire::hci::Status;

use crate::avdtp::{NotNow, Preference, Session};
use crate::controller::OrderError;
use crate::{LinkId, StreamId, l2cap};

use super::{Call, Stack, peer::Peer};

impl Stack {
    /// Carries out an order.
    ///
    /// # Errors
    /// [`OrderError`] where it cannot be: the link is gone, with the notice of its end on the way,
    /// or the controller is not up.
    pub fn call(&mut self, now: Instant, call: Call) -> Result<(), OrderError> {
        let controller = &mut self.controller;
        match call {
            Call::Accept(address) => return controller.accept(now, address),
            Call::Reject(address, status) => return controller.reject(now, address, status),
            Call::Connect(address) => return controller.connect(now, address),
            Call::PageTimeout(timeout) => controller.set_page_timeout(now, timeout),
            Call::CancelConnect(address) => controller.cancel_connect(now, address),
            Call::Disconnect(link, status) => return controller.disconnect(now, link, status),
            Call::Discoverable(on) => controller.set_discoverable(now, on),
            Call::Connectable(on) => controller.set_connectable(now, on),
            Call::Pairable(on) => controller.set_pairable(now, on),
            Call::Confirm { address, accept, passkey } => {
                return controller.confirm(now, address, accept, passkey);
            }
            Call::Rename(name) => controller.set_name(now, name),
            Call::Confirmation(confirm) => controller.set_confirmation(confirm),
            Call::MinKeySize(octets) => controller.set_min_key_size(octets),
            Call::ReadName(address) => return controller.request_name(now, address),
            Call::Forget(address) => controller.forget(now, address),
            Call::Sniff(link, true) => return controller.sniff(now, link),
            Call::Sniff(link, false) => return controller.active(now, link),
            Call::ReadRssi(link) => return controller.read_rssi(now, link),
            Call::ReadLinkQuality(link) => return controller.read_link_quality(now, link),
            Call::Secure(link) => return controller.secure(now, link),
            Call::BitpoolCap(cap) => {
                self.bitpool_cap = cap;
                for peer in self.peers.iter_mut().flatten() {
                    peer.session.set_bitpool_cap(cap);
                }
            }
            Call::Delay(delay) => {
                self.config.delay = delay;
                for peer in self.peers.iter_mut().flatten() {
                    peer.session.set_delay(now, delay);
                }
            }
            Call::OpenMedia(link) => self.open_media(now, link),
            Call::StartMedia(link) => self.stream_order(now, link, Session::start),
            Call::SuspendMedia(link) => self.stream_order(now, link, Session::suspend),
            Call::CloseMedia(link) => self.stream_order(now, link, Session::close),
            Call::OpenRemote(link) => self.open_remote(now, link),
            Call::Volume(link, volume) => self.set_volume(now, link, volume),
            Call::Player(link, player) => self.set_player(link, &player),
            Call::OpenCalls(link) => self.open_calls(now, link),
            Call::CloseCalls(link) => self.close_calls(now, link),
            Call::Battery(_) | Call::VoiceCodecs(_) => self.calls_setting(now, &call),
            Call::Speaker(link, _) | Call::Microphone(link, _) => self.call_gain(now, link, &call),
            Call::OpenVoice(link) => {
                let codec = self.voice_codec(link);
                return self.controller.setup_voice(now, link, codec);
            }
            Call::AcceptVoice(link) => {
                let codec = self.voice_codec(link);
                return self.controller.accept_voice(now, link, codec);
            }
            Call::RejectVoice(link, status) => return controller.reject_voice(now, link, status),
            Call::CloseVoice(link) => {
                let status = Status::REMOTE_USER_TERMINATED_CONNECTION;
                return controller.close_voice(now, link, status);
            }
        }
        Ok(())
    }

    /// Opens A2DP from here, unless it is open or being opened.
    pub(super) fn open_media(&mut self, now: Instant, link: LinkId) {
        if let Some(peer) = self.peer_mut(link)
            && peer.open.is_none()
            && !peer.session.is_connecting()
        {
            peer.session.connect(now, Preference::default());
        }
    }

    fn stream_order(
        &mut self,
        now: Instant,
        link: LinkId,
        order: fn(&mut Session, Instant, Seid) -> Result<(), NotNow>,
    ) {
        if let Some(peer) = self.peer_mut(link)
            && let Some(seid) = peer.open
        {
            // Not possible in the stream's state: it is changing on its own already.
            let _ = order(&mut peer.session, now, seid);
        }
    }

    /// Sends a media packet, RTP header included, on a stream that flows: what a source does.
    pub fn send_media(&mut self, stream: StreamId, packet: Frame) -> Result<(), l2cap::SendError> {
        let channel = self.streams_peer(stream).and_then(|peer| peer.media);
        self.mux.send(channel.ok_or(l2cap::SendError::NotOpen)?, packet)
    }

    /// The peer of a stream whose connection stands.
    fn streams_peer(&self, stream: StreamId) -> Option<&Peer> {
        self.peer(stream.link()).filter(|peer| peer.stream == stream)
    }

    /// The largest media packet that a stream's peer takes.
    pub fn media_mtu(&self, stream: StreamId) -> Option<u16> {
        self.streams_peer(stream).map(|peer| peer.media_mtu)
    }

    /// Whether a stream's media packets carry SCMS-T's header.
    pub fn scms_t(&self, stream: StreamId) -> bool {
        self.streams_peer(stream).is_some_and(|peer| peer.scms_t)
    }
}
