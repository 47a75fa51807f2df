//! Calls of each link: RFCOMM's sessions, the one line that HFP or HSP has in them, and who opens it.
//!
//! A peer that has not opened a line by the time that we would open A2DP is asked for its record and
//! connected to; once in a connection, as one that refuses does so for a reason. A phone without
//! hands-free profile is asked for the headset profile. There is one line: the first that is open
//! stays, and any other is closed. Where both sides opened one at once and both were closed so, it is
//! opened once more, sooner by the side that placed the link.
//!
//! Limits: two sessions of RFCOMM, which is what a peer and we make when both open one.

mod link;

use pool::Instant;
use wire::l2cap::Psm;
use wire::rfcomm::{Dlci, ServerChannel};
use wire::sdp::Uuid;

use crate::LinkId;
use crate::hfp::gateway::{self, Gateway};
use crate::hfp::hands_free::{self, HandsFree, Order, Refused, Ticket};
use crate::hfp::headset;
use crate::hfp::record::{self, Service};
use crate::l2cap::ChannelId;
use crate::rfcomm::{self, Session};
use crate::sdp::Record;

pub(super) use link::Calls;
use link::{Attempt, Carrier, Line, Party, Profile, voice_codec};

use super::peer::About;
use super::{Call, GatewayChange, HeadsetChange, Notice, Stack, tag};

/// Where a unit's hands-free line, and a gateway's, is reached.
const HANDS_FREE: u8 = 1;
/// Where a unit's headset line is reached.
const HEADSET: u8 = 2;

/// What we are in calls.
#[derive(Clone, Debug)]
pub enum CallsRole {
    /// A hands-free unit, and a headset for phones that know no more.
    Unit(hands_free::Settings),
    /// A phone.
    Gateway(gateway::Settings),
}

impl CallsRole {
    fn listening(&self) -> &'static [u8] {
        match self {
            CallsRole::Unit(_) => &[HANDS_FREE, HEADSET],
            CallsRole::Gateway(_) => &[HANDS_FREE],
        }
    }

    /// The records of it.
    pub(super) fn records(&self) -> [Option<Record>; 2] {
        let channel = |number| ServerChannel::new(number).expect("1 and 2 are server channels");
        match self {
            CallsRole::Unit(settings) => [
                record::hands_free("Hands-free", channel(HANDS_FREE), settings).ok(),
                record::headset("Headset", channel(HEADSET)).ok(),
            ],
            CallsRole::Gateway(settings) if settings.headset => {
                [record::headset_gateway("Phone", channel(HANDS_FREE)).ok(), None]
            }
            CallsRole::Gateway(settings) => {
                let (features, codecs) = (settings.features, settings.codecs);
                [record::gateway("Phone", channel(HANDS_FREE), features, codecs).ok(), None]
            }
        }
    }
}

impl Stack {
    /// A link stands.
    pub(super) fn calls_begin(&mut self, now: Instant, link: LinkId, outgoing: bool) {
        if let Some(role) = &self.config.calls
            && let Some(calls) = self.calls.get_mut(usize::from(link.0))
        {
            calls.begin(role, outgoing);
        }
        if let Some(percent) = self.battery
            && let Some(Party::Unit { hands_free, .. }) =
                self.calls_mut(link).map(|calls| &mut calls.party)
        {
            hands_free.set_battery(now, percent);
        }
    }

    pub(super) fn calls(&self, link: LinkId) -> Option<&Calls> {
        self.calls.get(usize::from(link.0)).filter(|calls| calls.live)
    }

    pub(super) fn calls_mut(&mut self, link: LinkId) -> Option<&mut Calls> {
        self.calls.get_mut(usize::from(link.0)).filter(|calls| calls.live)
    }

    /// The hands-free side of a link, to be read.
    pub fn hands_free(&self, link: LinkId) -> Option<&HandsFree> {
        match &self.calls(link)?.party {
            Party::Unit { hands_free, .. } => Some(hands_free),
            Party::Gateway { .. } => None,
        }
    }

    /// The gateway's side of a link, to be told what its phone does; poll afterwards.
    pub fn gateway(&mut self, link: LinkId) -> Option<&mut Gateway> {
        match &mut self.calls_mut(link)?.party {
            Party::Gateway { gateway, .. } => Some(gateway),
            Party::Unit { .. } => None,
        }
    }

    /// Asks something of a link's phone; what became of it is told with the ticket.
    ///
    /// # Errors
    /// [`Refused`] without a service level connection, and where the phone cannot do it.
    pub fn order(
        &mut self,
        now: Instant,
        link: LinkId,
        order: Order<'_>,
    ) -> Result<Ticket, Refused> {
        match self.calls_mut(link).map(|calls| &mut calls.party) {
            Some(Party::Unit { hands_free, .. }) => hands_free.order(now, order),
            _ => Err(Refused::NotUp),
        }
    }

    /// Presses a headset's button: answers, ends, or opens the voice link, as the phone sees fit.
    pub fn press_button(&mut self, now: Instant, link: LinkId) {
        if let Some(Party::Unit { headset, .. }) = self.calls_mut(link).map(|c| &mut c.party) {
            headset.press(now);
        }
    }

    /// Opens the line from here, unless there is one: the peer is asked first what it has.
    pub(super) fn open_calls(&mut self, now: Instant, link: LinkId) {
        let Some(calls) = self.calls_mut(link) else { return };
        calls.opens_at = None;
        if calls.line.is_none() && calls.attempt.is_none() {
            self.query(now, link, About::Calls);
        }
    }

    pub(super) fn close_calls(&mut self, now: Instant, link: LinkId) {
        let Some(calls) = self.calls_mut(link) else { return };
        calls.opens_at = None;
        if let Some(line) = calls.line {
            calls.disconnect(now, line);
        }
    }

    /// What is looked for in the peer's records.
    pub(super) fn calls_class(&self, link: LinkId, about: About) -> Uuid {
        match (self.calls(link).map(|calls| &calls.party), about) {
            (Some(Party::Gateway { gateway, .. }), _) if gateway.is_headset() => record::HEADSET,
            (Some(Party::Gateway { .. }), _) => Uuid::HANDS_FREE,
            (_, About::Headset) => record::HEADSET_AUDIO_GATEWAY,
            _ => Uuid::HANDS_FREE_AUDIO_GATEWAY,
        }
    }

    /// The peer's records say this.
    pub(super) fn calls_queried(
        &mut self,
        now: Instant,
        link: LinkId,
        about: About,
        service: Option<Service>,
    ) {
        let Some(calls) = self.calls_mut(link) else { return };
        if calls.line.is_some() || calls.attempt.is_some() {
            return;
        }
        let unit = matches!(calls.party, Party::Unit { .. });
        let Some(service) = service else {
            return match unit && about == About::Calls {
                true => self.query(now, link, About::Headset),
                false => self.notify(Notice::CallsFailed { link }),
            };
        };
        let profile = match about {
            About::Headset => Profile::Headset,
            _ => Profile::HandsFree,
        };
        // A session that stands is used, whoever opened it.
        if calls.connect(now, service, profile) {
            return;
        }
        match (self.mux.connect(now, link, Psm::RFCOMM), self.calls_mut(link)) {
            (Ok(channel), Some(calls)) => {
                calls.attempt = Some(Attempt::Channel(channel, service, profile));
            }
            _ => self.notify(Notice::CallsFailed { link }),
        }
    }

    pub(super) fn rfcomm_opened(
        &mut self,
        now: Instant,
        channel: ChannelId,
        outgoing: bool,
        mtu: u16,
    ) {
        let Some(calls) = self.calls_mut(channel.link) else {
            return self.mux.disconnect(now, channel);
        };
        let mut listening = heapless::Vec::<ServerChannel, 2>::new();
        listening.extend(calls.listening.iter().filter_map(|number| ServerChannel::new(*number)));
        let session = Session::new(now, outgoing, mtu, &listening);
        if calls.sessions.push(Carrier { channel, session }).is_err() {
            return self.mux.disconnect(now, channel);
        }
        let attempt = calls.attempt;
        self.mux.set_tag(channel, tag::RFCOMM);
        if let Some(Attempt::Channel(own, service, profile)) = attempt
            && own == channel
        {
            let connects = self
                .calls_mut(channel.link)
                .is_some_and(|calls| calls.connect(now, service, profile));
            if !connects {
                self.rfcomm_refused(channel);
            }
        }
    }

    /// A channel of ours was refused.
    pub(super) fn rfcomm_refused(&mut self, channel: ChannelId) {
        let is =
            |attempt: &mut Attempt| matches!(attempt, Attempt::Channel(own, ..) if *own == channel);
        let link = channel.link;
        if self.calls_mut(link).is_some_and(|calls| calls.attempt.take_if(is).is_some()) {
            self.notify(Notice::CallsFailed { link });
        }
    }

    pub(super) fn rfcomm_closed(&mut self, now: Instant, channel: ChannelId) {
        self.rfcomm_refused(channel);
        let Some(calls) = self.calls_mut(channel.link) else { return };
        if let Some(session) = calls.session(channel) {
            session.channel_lost();
        }
        // Its lines end with it.
        while self.poll_rfcomm(now, channel.link) {}
        if let Some(calls) = self.calls_mut(channel.link) {
            calls.sessions.retain(|carrier| carrier.channel != channel);
        }
    }

    pub(super) fn rfcomm_data(&mut self, now: Instant, channel: ChannelId, packet: &[u8]) {
        if let Some(calls) = self.calls_mut(channel.link) {
            calls.receive(now, channel, packet);
        }
    }

    pub(super) fn wake_calls(&mut self, now: Instant, link: LinkId) {
        let Some(calls) = self.calls_mut(link) else { return };
        calls.wake(now);
        if calls.opens_at.is_some_and(|at| at <= now) {
            self.open_calls(now, link);
        }
    }

    /// Moves on one output of one link's line; `false` when there is none.
    pub(super) fn poll_calls(&mut self, now: Instant, link: LinkId) -> bool {
        self.poll_rfcomm(now, link) || self.poll_party(now, link)
    }

    fn poll_rfcomm(&mut self, now: Instant, link: LinkId) -> bool {
        let Some(calls) = self.calls_mut(link) else { return false };
        let polled = calls
            .sessions
            .iter_mut()
            .find_map(|carrier| Some((carrier.channel, carrier.session.poll()?)));
        let Some((channel, output)) = polled else { return false };
        match output {
            rfcomm::Output::Send(packet) => self.signal(channel, &packet),
            rfcomm::Output::Opened { dlci, channel: service, outgoing } => {
                let profile = match (outgoing, calls.attempt) {
                    (true, Some(Attempt::Line(line))) => line.profile,
                    (false, _) if service.number() == HEADSET => Profile::Headset,
                    _ => Profile::HandsFree,
                };
                let line = Line { channel, dlci, profile };
                if let Some(change) = calls.line_opened(now, line, outgoing) {
                    self.notify(Notice::Headset { link, change });
                }
            }
            rfcomm::Output::Refused { dlci, .. } => {
                calls.line_closed(now, channel, dlci);
                if calls.line.is_none() {
                    self.notify(Notice::CallsFailed { link });
                }
            }
            rfcomm::Output::Closed { dlci, .. } => self.line_closed(now, channel, dlci),
            rfcomm::Output::Over(_) => {
                self.mux.disconnect(now, channel);
                if let Some(calls) = self.calls_mut(link) {
                    calls.sessions.retain(|carrier| carrier.channel != channel);
                }
            }
        }
        true
    }

    fn line_closed(&mut self, now: Instant, channel: ChannelId, dlci: Dlci) {
        let link = channel.link;
        let Some(calls) = self.calls_mut(link) else { return };
        let gateway = matches!(calls.party, Party::Gateway { .. });
        let closed = calls.line_closed(now, channel, dlci);
        // What the party has to say about it comes before its line's end.
        while self.poll_party(now, link) {}
        if closed.is_some() && gateway {
            self.notify(Notice::Gateway { link, change: GatewayChange::Down });
        } else if closed == Some(Profile::Headset) {
            self.notify(Notice::Headset { link, change: HeadsetChange::Down });
        }
    }

    fn poll_party(&mut self, now: Instant, link: LinkId) -> bool {
        let Some(calls) = self.calls_mut(link) else { return false };
        match &mut calls.party {
            Party::Unit { hands_free, headset } => {
                if let Some(told) = hands_free.poll() {
                    self.take_hands_free(now, link, told);
                } else if let Some(told) = headset.poll() {
                    self.take_headset(link, told);
                } else {
                    return false;
                }
            }
            Party::Gateway { gateway, codec } => {
                let Some(told) = gateway.poll() else { return false };
                match told {
                    gateway::Output::Send(text) => calls.write(&text),
                    told => {
                        if let gateway::Output::Codec(chosen) = told {
                            *codec = voice_codec(chosen);
                        }
                        let change = GatewayChange::Told(told);
                        self.notify(Notice::Gateway { link, change });
                    }
                }
            }
        }
        true
    }

    fn take_hands_free(&mut self, now: Instant, link: LinkId, told: hands_free::Output) {
        match told {
            hands_free::Output::Send(text) => {
                if let Some(calls) = self.calls_mut(link) {
                    calls.write(&text);
                }
            }
            hands_free::Output::Close => {
                if let Some(calls) = self.calls_mut(link)
                    && let Some(line) = calls.line
                {
                    calls.disconnect(now, line);
                }
            }
            told => {
                if let hands_free::Output::Up { .. } = told
                    && let Some(calls) = self.calls_mut(link)
                {
                    // It stands: what crossed on the way no longer matters.
                    calls.crossed = false;
                }
                self.notify(Notice::HandsFree { link, told });
            }
        }
    }

    fn take_headset(&mut self, link: LinkId, told: headset::Output) {
        let change = match told {
            headset::Output::Send(text) => {
                if let Some(calls) = self.calls_mut(link) {
                    calls.write(&text);
                }
                return;
            }
            headset::Output::Ring => HeadsetChange::Ring,
            headset::Output::Speaker(gain) => HeadsetChange::Speaker(gain),
            headset::Output::Microphone(gain) => HeadsetChange::Microphone(gain),
            headset::Output::PressFailed => HeadsetChange::PressFailed,
        };
        self.notify(Notice::Headset { link, change });
    }

    /// Carries out an order about calls' settings, for links that come too.
    pub(super) fn calls_setting(&mut self, now: Instant, call: &Call) {
        match (&mut self.config.calls, call) {
            (Some(CallsRole::Unit(settings)), Call::VoiceCodecs(codecs)) => {
                settings.codecs = *codecs;
            }
            (_, Call::Battery(percent)) => self.battery = Some(*percent),
            _ => {}
        }
        for calls in self.calls.iter_mut().filter(|calls| calls.live) {
            if let Party::Unit { hands_free, .. } = &mut calls.party {
                match call {
                    Call::Battery(percent) => hands_free.set_battery(now, *percent),
                    Call::VoiceCodecs(codecs) => hands_free.set_codecs(now, *codecs),
                    _ => {}
                }
            }
        }
    }

    pub(super) fn call_gain(&mut self, now: Instant, link: LinkId, call: &Call) {
        let Some(calls) = self.calls_mut(link) else { return };
        match (&mut calls.party, call) {
            (Party::Unit { hands_free, headset }, Call::Speaker(_, gain)) => {
                hands_free.set_speaker(now, *gain);
                headset.set_speaker(now, *gain);
            }
            (Party::Unit { hands_free, headset }, Call::Microphone(_, gain)) => {
                hands_free.set_microphone(now, *gain);
                headset.set_microphone(now, *gain);
            }
            (Party::Gateway { gateway, .. }, Call::Speaker(_, gain)) => gateway.set_speaker(*gain),
            (Party::Gateway { gateway, .. }, Call::Microphone(_, gain)) => {
                gateway.set_microphone(*gain);
            }
            _ => {}
        }
    }
}
