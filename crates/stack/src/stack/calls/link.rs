//! One link's calls: its sessions of RFCOMM, its one line, and who speaks on it.

use core::time::Duration;

use pool::Instant;
use wire::hfp::Codec;
use wire::rfcomm::Dlci;

use crate::VoiceCodec;
use crate::hfp::gateway::Gateway;
use crate::hfp::hands_free::HandsFree;
use crate::hfp::headset::Headset;
use crate::hfp::record::Service;
use crate::l2cap::ChannelId;
use crate::rfcomm::Session;

use super::CallsRole;
use crate::stack::HeadsetChange;

/// Sessions of RFCOMM on a link at most; a further channel is closed.
const MAX_SESSIONS: usize = 2;
/// How long after both lines were closed the side that placed the link opens one again.
const AGAIN_OUTGOING: Duration = Duration::from_millis(100);
/// The same for the side that did not.
const AGAIN_INCOMING: Duration = Duration::from_secs(1);

/// What a line speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Profile {
    HandsFree,
    Headset,
}

/// Who speaks on it.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one for each link, made at the start")]
pub(super) enum Party {
    Unit { hands_free: HandsFree, headset: Headset },
    Gateway { gateway: Gateway, codec: VoiceCodec },
}

/// A session of RFCOMM and its channel.
#[derive(Debug)]
pub(super) struct Carrier {
    pub(super) channel: ChannelId,
    pub(super) session: Session,
}

/// A line of a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Line {
    pub(super) channel: ChannelId,
    pub(super) dlci: Dlci,
    pub(super) profile: Profile,
}

/// How far we are with a line of our own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Attempt {
    /// The channel for its session is being opened.
    Channel(ChannelId, Service, Profile),
    /// It is being opened.
    Line(Line),
}

/// One link's calls.
#[derive(Debug)]
pub(in crate::stack) struct Calls {
    /// There is a link.
    pub(super) live: bool,
    pub(super) party: Party,
    pub(super) listening: &'static [u8],
    pub(super) sessions: heapless::Vec<Carrier, MAX_SESSIONS>,
    /// The open line.
    pub(super) line: Option<Line>,
    pub(super) attempt: Option<Attempt>,
    pub(super) outgoing: bool,
    /// When we open a line, if the peer has not.
    pub(super) opens_at: Option<Instant>,
    /// Both sides opened a line.
    pub(super) crossed: bool,
}

impl Party {
    pub(super) fn new(role: &CallsRole) -> Self {
        match role {
            CallsRole::Unit(settings) => {
                Party::Unit { hands_free: HandsFree::new(*settings), headset: Headset::new() }
            }
            CallsRole::Gateway(settings) => {
                let gateway = Gateway::new(settings.clone());
                Party::Gateway { gateway, codec: VoiceCodec::Cvsd }
            }
        }
    }
}

impl Calls {
    /// The place for a link's calls.
    pub(in crate::stack) fn new(role: &CallsRole) -> Self {
        Calls {
            live: false,
            party: Party::new(role),
            listening: role.listening(),
            sessions: heapless::Vec::new(),
            line: None,
            attempt: None,
            outgoing: false,
            opens_at: None,
            crossed: false,
        }
    }

    /// A link stands. In place: this is too large to be moved about.
    pub(super) fn begin(&mut self, role: &CallsRole, outgoing: bool) {
        self.end();
        self.live = true;
        self.party = Party::new(role);
        self.outgoing = outgoing;
    }

    /// The link is gone.
    pub(in crate::stack) fn end(&mut self) {
        self.live = false;
        self.sessions.clear();
        (self.line, self.attempt, self.opens_at) = (None, None, None);
        self.crossed = false;
    }

    pub(in crate::stack) fn open_at(&mut self, at: Option<Instant>) {
        self.opens_at = at;
    }

    pub(in crate::stack) fn wake_at(&self) -> Option<Instant> {
        if !self.live {
            return None;
        }
        let party = match &self.party {
            Party::Unit { hands_free, headset } => {
                hands_free.wake_at().into_iter().chain(headset.wake_at()).min()
            }
            Party::Gateway { gateway, .. } => gateway.wake_at(),
        };
        let sessions = self.sessions.iter().filter_map(|carrier| carrier.session.wake_at());
        sessions.chain(party).chain(self.opens_at).min()
    }

    pub(super) fn wake(&mut self, now: Instant) {
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        match &mut self.party {
            Party::Unit { hands_free, headset } => {
                if due(hands_free.wake_at()) {
                    hands_free.wake(now);
                }
                if due(headset.wake_at()) {
                    headset.wake(now);
                }
            }
            Party::Gateway { gateway, .. } if due(gateway.wake_at()) => gateway.wake(now),
            Party::Gateway { .. } => {}
        }
        for carrier in &mut self.sessions {
            if due(carrier.session.wake_at()) {
                carrier.session.wake(now);
            }
        }
    }

    /// How the next voice link is coded.
    pub(in crate::stack) fn codec(&self) -> VoiceCodec {
        match &self.party {
            Party::Unit { hands_free, .. } if hands_free.is_up() => voice_codec(hands_free.codec()),
            Party::Unit { .. } => VoiceCodec::Cvsd,
            Party::Gateway { codec, .. } => *codec,
        }
    }

    pub(super) fn session(&mut self, channel: ChannelId) -> Option<&mut Session> {
        let carrier = self.sessions.iter_mut().find(|carrier| carrier.channel == channel)?;
        Some(&mut carrier.session)
    }

    /// A line is open: it is the line, or one too many.
    pub(super) fn line_opened(
        &mut self,
        now: Instant,
        line: Line,
        outgoing: bool,
    ) -> Option<HeadsetChange> {
        if outgoing {
            self.attempt = None;
        }
        if self.line.is_some() {
            self.crossed = true;
            self.disconnect(now, line);
            return None;
        }
        if let Some(Attempt::Line(own)) = self.attempt.take() {
            self.crossed = true;
            self.disconnect(now, own);
        }
        self.line = Some(line);
        self.opens_at = None;
        match (&mut self.party, line.profile) {
            (Party::Unit { hands_free, .. }, Profile::HandsFree) => hands_free.opened(now),
            (Party::Unit { headset, .. }, Profile::Headset) => {
                headset.opened();
                return Some(HeadsetChange::Up);
            }
            (Party::Gateway { gateway, codec }, _) => {
                *codec = VoiceCodec::Cvsd;
                gateway.opened();
            }
        }
        None
    }

    /// Opens a line in a session that stands, if there is one that lets us.
    pub(super) fn connect(&mut self, now: Instant, service: Service, profile: Profile) -> bool {
        let opened = self.sessions.iter_mut().find_map(|carrier| {
            let dlci = carrier.session.connect(now, service.channel).ok()?;
            Some(Line { channel: carrier.channel, dlci, profile })
        });
        if let Some(line) = opened {
            self.attempt = Some(Attempt::Line(line));
        }
        opened.is_some()
    }

    pub(super) fn disconnect(&mut self, now: Instant, line: Line) {
        if let Some(session) = self.session(line.channel) {
            session.disconnect(now, line.dlci);
        }
    }

    /// A line has ended, or was not made; gives whether it was the one.
    pub(super) fn line_closed(
        &mut self,
        now: Instant,
        channel: ChannelId,
        dlci: Dlci,
    ) -> Option<Profile> {
        let is = |line: &Line| line.channel == channel && line.dlci == dlci;
        if matches!(&self.attempt, Some(Attempt::Line(line)) if is(line)) {
            self.attempt = None;
        }
        let line = self.line.take_if(|line| is(line))?;
        if core::mem::take(&mut self.crossed) {
            let after = if self.outgoing { AGAIN_OUTGOING } else { AGAIN_INCOMING };
            self.opens_at = Some(now + after);
        }
        match (&mut self.party, line.profile) {
            (Party::Unit { hands_free, .. }, Profile::HandsFree) => hands_free.closed(),
            (Party::Unit { headset, .. }, Profile::Headset) => headset.closed(),
            (Party::Gateway { gateway, .. }, _) => gateway.closed(),
        }
        Some(line.profile)
    }

    pub(super) fn receive(&mut self, now: Instant, channel: ChannelId, packet: &[u8]) {
        let line = self.line;
        let Some(carrier) = self.sessions.iter_mut().find(|carrier| carrier.channel == channel)
        else {
            return;
        };
        let Some(data) = carrier.session.receive(now, packet) else { return };
        let dlci = data.dlci;
        if let Some(line) = line.filter(|line| line.channel == channel && line.dlci == dlci) {
            match (&mut self.party, line.profile) {
                (Party::Unit { hands_free, .. }, Profile::HandsFree) => {
                    hands_free.receive(now, data.bytes);
                }
                (Party::Unit { headset, .. }, Profile::Headset) => headset.receive(now, data.bytes),
                (Party::Gateway { gateway, .. }, _) => gateway.receive(now, data.bytes),
            }
        }
        carrier.session.consumed(dlci);
    }

    /// Writes to the line. A peer that gives no credits loses what is said to it, and does not answer.
    pub(super) fn write(&mut self, text: &[u8]) {
        if let Some(line) = self.line
            && let Some(session) = self.session(line.channel)
        {
            let _ = session.send(line.dlci, text);
        }
    }
}

pub(super) fn voice_codec(codec: Codec) -> VoiceCodec {
    match codec {
        Codec::Msbc => VoiceCodec::Msbc,
        _ => VoiceCodec::Cvsd,
    }
}
