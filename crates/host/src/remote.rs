//! The phones' players and the volume that they are heard at: what AVRCP tells, and what the owner
//! orders of it.
//!
//! A phone's media volume is what was last set on either side; it is kept with the phone's bond. Until a
//! phone shares its volume, or the owner sets one, its stream is played as it comes: such a phone makes its
//! music softer by itself.

use multipoint::{Fact, Order, Player, SeatId};
use pool::Instant;
use stack::avrcp::{self, Key, Outcome};
use stack::{Call, LinkId, RemoteChange};
use wire::Address;
use wire::avrcp::{PlayStatus, Volume};

use crate::command::{MediaAction, Refusal, Ticket, VolumeKind};
use crate::event::{Event, OrderKind, PlaybackStatus, Profile};
use crate::host::Host;
use crate::pending::Wait;
use crate::verbs::COMMAND_TIMEOUT;

/// How loud a part of the full volume is, 0 to 1: its square, so that half of it is 12 dB softer and
/// steps sound alike.
pub(crate) fn loudness(part: f32) -> f32 {
    part * part
}

impl Host {
    /// A link stands: what a phone is told of our volume is known before it can ask.
    pub(crate) fn prepare_volume(&mut self, now: Instant, link: LinkId, phone: Address) {
        let own = self.phones.get(phone).and_then(|phone| phone.volume);
        let volume = own.unwrap_or(Volume::from_percent(self.settings.volume_first));
        self.call(now, Call::Volume(link, volume));
    }

    /// How loud a phone's media is played, 0 to 1.
    pub(crate) fn loudness(&self, phone: Address) -> f32 {
        let part = |volume: Volume| f32::from(volume.octet()) / f32::from(Volume::MAX.octet());
        let volume = self.phones.get(phone).and_then(|phone| phone.volume);
        volume.map_or(1.0, |volume| loudness(part(volume)))
    }

    pub(crate) fn remote(&mut self, now: Instant, id: LinkId, change: RemoteChange) {
        match change {
            RemoteChange::Up | RemoteChange::Down => {
                let Some(link) = self.link_mut(id) else { return };
                let before = core::mem::replace(&mut link.remote, change == RemoteChange::Up);
                link.position = None;
                let (phone, up) = (link.address, link.remote);
                if link.seat.is_some() {
                    if up != before {
                        self.notify(Event::Profile { phone, profile: Profile::Avrcp, up });
                    }
                    self.player_is(now, id, false);
                }
            }
            RemoteChange::Told(notice) => self.remote_told(now, id, notice),
        }
    }

    fn remote_told(&mut self, now: Instant, id: LinkId, notice: avrcp::Notice) {
        use avrcp::Notice as Told;
        let Some(phone) = self.link(id).map(|link| link.address) else { return };
        match notice {
            Told::Playback { interim, .. } => {
                self.playback_event(id);
                self.player_is(now, id, !interim);
            }
            Told::Followed => self.player_is(now, id, false),
            Told::Position { position } => {
                if let Some(link) = self.link_mut(id) {
                    link.position = position;
                }
                self.playback_event(id);
            }
            Told::Track => self.track_event(id),
            Told::Volume(volume) => self.volume_is(now, phone, volume),
            Told::Key { ticket, outcome } => {
                let result = match outcome {
                    Outcome::Accepted => Ok(()),
                    Outcome::Rejected => Err(Refusal::Refused),
                    Outcome::NotImplemented => Err(Refusal::NotSupported),
                    Outcome::TimedOut => Err(Refusal::TimedOut),
                    Outcome::Closed => Err(Refusal::NotConnected),
                };
                let place = self.pressed.iter().position(|(pressed, _)| *pressed == ticket);
                let order = place.map(|n| self.pressed.remove(n).1);
                if let Some(ticket) = self.pending.take(Wait::Key(ticket)) {
                    self.done(ticket, result);
                } else if let Some(order) = order
                    && result.is_err()
                {
                    self.decide(now, Fact::Refused(order));
                }
            }
            // Its status, track and position follow.
            Told::Player(_) => self.decide_about(now, id, Fact::OtherPlayer),
            // Batteries are told by calls' profile; and what a source would be told is nothing for a sink.
            Told::Battery(_) | Told::Pressed { .. } => {}
        }
    }

    /// A phone got its seat: what was told of its player until then.
    pub(crate) fn remote_seated(&mut self, now: Instant, id: LinkId) {
        let Some(link) = self.link(id).filter(|link| link.remote) else { return };
        let phone = link.address;
        self.notify(Event::Profile { phone, profile: Profile::Avrcp, up: true });
        self.playback_event(id);
        if self.stack.remote(id).is_some_and(|remote| *remote.track() != avrcp::Track::default()) {
            self.track_event(id);
        }
        self.player_is(now, id, false);
    }

    /// A link's player, as the policy goes by it.
    pub(crate) fn player(&self, id: LinkId) -> Player {
        let remote = self.stack.remote(id).filter(|remote| remote.has_player());
        match remote.map(avrcp::Session::followed_status) {
            None => Player::Absent,
            Some(Some(PlayStatus::Playing | PlayStatus::FwdSeek | PlayStatus::RevSeek)) => {
                Player::Playing
            }
            Some(Some(PlayStatus::Paused)) => Player::Paused,
            Some(Some(PlayStatus::Stopped)) => Player::Stopped,
            // Not known, or the player failed and says no more.
            Some(Some(PlayStatus::Error) | None) => Player::Unknown,
        }
    }

    /// What a player does is put to the policy; `changed`: it did something else before.
    fn player_is(&mut self, now: Instant, id: LinkId, changed: bool) {
        let seat = self.link(id).and_then(|link| link.seat);
        if let Some(seat) = seat {
            let player = self.player(id);
            self.decide(now, Fact::Player(seat, player, changed));
            self.try_return(now, id);
        }
    }

    /// The policy tells a phone to pause, or to play. What became of it is told by its status and its
    /// stream; only that it was refused is told by the key.
    pub(crate) fn order_key(
        &mut self,
        now: Instant,
        id: SeatId,
        order: Order,
        key: Key,
        kind: OrderKind,
    ) {
        let link = self.seats[usize::from(id.0)];
        let Some((link, phone)) = link.and_then(|id| Some((id, self.link(id)?.address))) else {
            return;
        };
        let Ok(ticket) = self.press(now, link, key) else {
            return self.decide(now, Fact::Refused(order));
        };
        if self.pressed.is_full() {
            // Its answer is not waited for any more: the policy's timer does.
            self.pressed.remove(0);
        }
        let _ = self.pressed.push((ticket, order));
        self.notify(Event::Order { phone, order: kind });
    }

    /// A phone that was playing when its link was lost is there again with its music and its player.
    pub(crate) fn try_return(&mut self, now: Instant, id: LinkId) {
        let there = self.player(id) != Player::Absent;
        if let Some(link) = self.link_mut(id)
            && let Some(seat) = link.seat
            && there
            && link.stream.is_some()
            && core::mem::take(&mut link.returns)
        {
            self.decide(now, Fact::Returned(seat));
        }
    }

    fn playback_event(&mut self, id: LinkId) {
        let Some(link) = self.link(id).filter(|link| link.seat.is_some()) else { return };
        let (phone, position_ms) = (link.address, link.position);
        let status = match self.player(id) {
            Player::Playing => PlaybackStatus::Playing,
            Player::Paused => PlaybackStatus::Paused,
            Player::Stopped => PlaybackStatus::Stopped,
            Player::Unknown | Player::Absent => return,
        };
        self.notify(Event::Playback { phone, status, position_ms });
    }

    fn track_event(&mut self, id: LinkId) {
        let Some(link) = self.link(id).filter(|link| link.seat.is_some()) else { return };
        let (phone, Some(remote)) = (link.address, self.stack.remote(id)) else { return };
        let track = Box::new(remote.track().clone());
        self.notify(Event::Track { phone, track });
    }

    /// A phone's media volume is this now.
    fn volume_is(&mut self, now: Instant, phone: Address, volume: Volume) {
        self.phones.entry(phone).volume = Some(volume);
        let link = self.link_of(phone);
        if let Some(link) = link {
            self.call(now, Call::Volume(link, volume));
        }
        self.sound();
        let (kind, percent) = (VolumeKind::Media, volume.percent());
        self.notify(Event::Volume { phone, kind, percent });
    }

    /// The phone that a button is for: the one named, else one that is heard, else the one heard
    /// last, else the one that came last.
    fn target(&self, phone: Option<Address>) -> Result<LinkId, Refusal> {
        if let Some(phone) = phone {
            let link = self.link_of(phone);
            let seated = link.filter(|&id| self.link(id).is_some_and(|link| link.seat.is_some()));
            return seated.ok_or_else(|| self.not_connected(phone));
        }
        let rank = |id: &multipoint::SeatId| {
            let seat = self.roster.seats[usize::from(id.0)];
            (self.roster.is_audible(*id), seat.heard, seat.joined)
        };
        let seat = self.roster.taken().max_by_key(rank).ok_or(Refusal::NotConnected)?;
        self.seats[usize::from(seat.0)].ok_or(Refusal::NotConnected)
    }

    /// Presses a key of a phone's player.
    pub(crate) fn media(
        &mut self,
        now: Instant,
        ticket: Ticket,
        action: MediaAction,
        phone: Option<Address>,
    ) {
        let pressed = self.target(phone).and_then(|link| {
            let key = self.key(link, action);
            match self.pending.is_full() {
                true => Err(Refusal::Busy),
                false => self.press(now, link, key),
            }
        });
        match pressed {
            Ok(key) => {
                self.wait(now, ticket, Wait::Key(key), COMMAND_TIMEOUT);
            }
            Err(refusal) => self.done(ticket, Err(refusal)),
        }
    }

    fn key(&self, id: LinkId, action: MediaAction) -> Key {
        let playing = match self.stack.remote(id).and_then(avrcp::Session::followed_status) {
            Some(status) => status == PlayStatus::Playing,
            None => self.link(id).is_some_and(|link| link.playing),
        };
        match action {
            MediaAction::PlayPause if playing => Key::Pause,
            MediaAction::Play | MediaAction::PlayPause => Key::Play,
            MediaAction::Pause => Key::Pause,
            MediaAction::Next => Key::Next,
            MediaAction::Previous => Key::Previous,
            MediaAction::Stop => Key::Stop,
        }
    }

    /// Presses a key; what became of it is told with the ticket.
    pub(crate) fn press(
        &mut self,
        now: Instant,
        id: LinkId,
        key: Key,
    ) -> Result<avrcp::Ticket, Refusal> {
        if !self.stack.remote(id).is_some_and(avrcp::Session::has_player) {
            return Err(Refusal::NotSupported);
        }
        self.keys = self.keys.wrapping_add(1);
        let ticket = avrcp::Ticket(self.keys);
        // What is left is that too many wait.
        self.stack.press(now, id, ticket, key).map_err(|_| Refusal::Busy)?;
        Ok(ticket)
    }

    /// Sets a phone's volume.
    pub(crate) fn set_volume(
        &mut self,
        now: Instant,
        ticket: Ticket,
        percent: u8,
        kind: VolumeKind,
        phone: Option<Address>,
    ) {
        let result = match (percent, kind) {
            (101.., _) => Err(Refusal::BadValue),
            (_, VolumeKind::Call) => self.caller(phone).map(|link| {
                self.set_call_volume(now, link, percent);
            }),
            (_, VolumeKind::Media) => self.target(phone).map(|link| {
                if let Some(phone) = self.link(link).map(|link| link.address) {
                    self.volume_is(now, phone, Volume::from_percent(percent));
                }
            }),
        };
        self.done(ticket, result);
    }
}
