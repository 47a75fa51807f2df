//! AVRCP 1.6, 6.7 and 6.9.2, as the controller: what is known of the peer, from its notifications
//! and answers, and what is told of it.
//!
//! A status is told where it is another than the last. The first of a channel is `interim`: what the
//! player did when we came, and no change. Later ones are changes whichever way they came: where
//! the player moves on before it is registered again, only the INTERIM tells.

use pool::Instant;
use wire::avctp::Label;
use wire::avrcp::{
    BatteryStatus, Event, EventId, PduId, PlayStatus, PlayerId, ResponseCode, TrackId, Volume,
};

use super::Session;
use super::output::{Notice, Track};
use super::registration::Registration;
use super::requests::Request;

/// What is known of the peer.
#[derive(Debug, Default)]
pub(super) struct Following {
    /// It has no more than keys.
    pub keys_only: bool,
    pub status: Option<PlayStatus>,
    /// The status that is followed, as it was told last.
    pub followed: Option<PlayStatus>,
    position: Option<u32>,
    track_id: Option<TrackId>,
    pub track: Track,
    /// The track is another one; to be asked for once we would hear of the next.
    stale: bool,
    /// How often the track was asked for in vain.
    pub vain: u8,
    player: Option<PlayerId>,
    battery: Option<BatteryStatus>,
    pub volume: Option<Volume>,
}

impl Session {
    /// What the peer's player does, or did when it was last heard of.
    pub fn status(&self) -> Option<PlayStatus> {
        self.following.status
    }

    /// The same where the player also tells when that changes; what was only asked for may be long over.
    pub fn followed_status(&self) -> Option<PlayStatus> {
        let mut own = self.registrations.iter();
        let is_told = own.any(|own| own.event == EventId::PlaybackStatusChanged && own.may_tell());
        self.status().filter(|_| is_told)
    }

    /// Tells that another status is followed, or none any more, where no status is told that says so.
    pub(super) fn tell_followed(&mut self) {
        let followed = self.followed_status();
        let is_told = self.notices.iter().any(|told| matches!(told, Notice::Playback { .. }));
        if followed != self.following.followed && !self.notices.is_full() {
            self.following.followed = followed;
            if !is_told {
                self.notice(Notice::Followed);
            }
        }
    }

    /// What is known of the peer's track.
    pub fn track(&self) -> &Track {
        &self.following.track
    }

    /// Asks for status, position and track again.
    pub fn refresh(&mut self, now: Instant) {
        if self.is_up() && self.peer_tells() {
            self.request(Request::PlayStatus);
            self.fetch_track();
            self.pump(now);
        }
    }

    /// A notification came, INTERIM or CHANGED.
    pub(super) fn notified(
        &mut self,
        now: Instant,
        label: Label,
        code: ResponseCode,
        parameters: &[u8],
    ) {
        let event = Event::parse(parameters);
        let is_of = |own: &&mut Registration| match event {
            Ok(event) => own.event == event.id(),
            Err(_) => own.label() == Some(label),
        };
        let Some(own) = self.registrations.iter_mut().find(is_of) else {
            return self.unexpected();
        };
        let ended = code == ResponseCode::Changed && own.changed(now, label);
        let expected = ended || code != ResponseCode::Changed && own.interim(label);
        let answered = self.take_transaction(label, Some(PduId::REGISTER_NOTIFICATION));
        if !expected && answered.is_none() {
            self.unexpected();
        }
        match event {
            // What comes late or twice is still so, but no change.
            Ok(event) => self.learn(now, event, ended),
            Err(_) => self.malformed(),
        }
        self.registration_settled();
    }

    fn learn(&mut self, now: Instant, event: Event<'_>, changed: bool) {
        match event {
            Event::PlaybackStatusChanged(status) => self.status_told(status),
            Event::TrackChanged(track) => self.track_told(track, changed),
            Event::PlaybackPosChanged(position) => self.position(position),
            Event::BattStatusChanged(status) => self.battery(status),
            Event::AvailablePlayersChanged if changed => {
                self.registrations.iter_mut().for_each(|own| own.players_changed(now));
            }
            Event::AddressedPlayerChanged { player, .. } => {
                let last = self.following.player.replace(player);
                if changed || last.is_some_and(|last| last != player) {
                    self.player_changed(now, player);
                }
            }
            Event::VolumeChanged(volume) => self.told_volume(volume, false),
            _ => {}
        }
    }

    /// Another player is addressed, or the same one started anew: all that was of it has ended.
    fn player_changed(&mut self, now: Instant, player: PlayerId) {
        self.notice(Notice::Player(player));
        self.registrations.iter_mut().for_each(|own| own.player_changed(now));
        self.following.stale = true;
        self.request(Request::PlayStatus);
    }

    /// The player tells what it does. Where it is news, so is the position; and the track may be
    /// where that is not told by itself.
    fn status_told(&mut self, status: PlayStatus) {
        if self.playback(status) {
            self.request(Request::PlayStatus);
            self.following.stale |= !self.has(EventId::TrackChanged);
        }
    }

    /// The player tells which track is selected; those without browsing only that one is.
    fn track_told(&mut self, track: TrackId, changed: bool) {
        let other = self.following.track_id.replace(track) != Some(track);
        self.following.stale |= changed || other;
        if track == TrackId::NONE {
            self.following.stale = false;
            self.set_track(Track::default());
        }
    }

    fn battery(&mut self, status: BatteryStatus) {
        if self.following.battery.replace(status) != Some(status) {
            self.notice(Notice::Battery(status));
        }
    }

    /// The player does this; whether that is another status than the last.
    fn playback(&mut self, status: PlayStatus) -> bool {
        let last = self.following.status.replace(status);
        if last == Some(status) {
            return false;
        }
        self.notice(Notice::Playback { status, interim: last.is_none() });
        true
    }

    fn position(&mut self, position: Option<u32>) {
        if core::mem::replace(&mut self.following.position, position) != position {
            self.notice(Notice::Position { position });
        }
    }

    /// The answer to GetPlayStatus. Its status counts only where notifications do not tell: some
    /// players' two opinions differ.
    pub(super) fn told_status(&mut self, status: PlayStatus, position: Option<u32>) {
        let is_told =
            |own: &Registration| own.event == EventId::PlaybackStatusChanged && own.is_registered();
        if self.following.status.is_none() || !self.registrations.iter().any(is_told) {
            self.playback(status);
        }
        self.position(position);
    }

    fn has(&self, event: EventId) -> bool {
        self.registrations.iter().any(|own| own.event == event)
    }

    /// A registration is answered, refused, or given up: asks for the track where it is another
    /// one, and its next change would be heard of if it ever is.
    pub(super) fn registration_settled(&mut self) {
        let on_its_way = |own: &Registration| {
            own.event == EventId::TrackChanged && (own.due_at().is_some() || own.is_asked())
        };
        if self.following.stale && !self.registrations.iter().any(on_its_way) {
            self.fetch_track();
        }
    }

    /// Has the track asked for.
    pub(super) fn fetch_track(&mut self) {
        self.following.stale = false;
        self.following.vain = 0;
        self.request(Request::Attributes);
    }

    /// The track is this one.
    pub(super) fn set_track(&mut self, track: Track) {
        if self.following.track != track {
            self.following.track = track;
            self.notice(Notice::Track);
        }
    }
}
