//! A source's player, as its owner hands it in, and what is told of it (AVRCP 1.6, 6.6.1, 6.7 and
//! 6.9.2.2).
//!
//! One player, without browsing: a track is selected or none is. It has no clock: its owner moves the
//! position on.

use core::fmt::Write;

use wire::NoRoom;
use wire::avrcp::{
    AttributeId, AttributeIds, Attributes, BatteryStatus, Event, EventId, OperationId, PlayStatus,
    PlayerId, StatusCode, TrackId,
};

use super::output::{NotNow, Track};
use super::{Session, Side};

/// What plays at a source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Player {
    /// Which player is addressed.
    pub id: PlayerId,
    /// What it does.
    pub status: PlayStatus,
    /// The track that is selected.
    pub track: Option<Track>,
    /// How much of it has played, in milliseconds.
    pub position: Option<u32>,
    /// The battery of the device that it is on.
    pub battery: BatteryStatus,
    /// Whether it has no keys: each is not implemented.
    pub keyless: bool,
}

impl Default for Player {
    /// Stopped, with no track.
    fn default() -> Self {
        Player {
            id: PlayerId(0),
            status: PlayStatus::Stopped,
            track: None,
            position: None,
            battery: BatteryStatus::Normal,
            keyless: false,
        }
    }
}

/// The keys that a player has.
pub(super) const OPERATIONS: [OperationId; 7] = [
    OperationId::PLAY,
    OperationId::STOP,
    OperationId::PAUSE,
    OperationId::FORWARD,
    OperationId::BACKWARD,
    OperationId::FAST_FORWARD,
    OperationId::REWIND,
];

/// The events that a player tells.
pub(super) const EVENTS: [u8; 5] = [
    EventId::PlaybackStatusChanged as u8,
    EventId::TrackChanged as u8,
    EventId::PlaybackPosChanged as u8,
    EventId::BattStatusChanged as u8,
    EventId::AddressedPlayerChanged as u8,
];

impl Player {
    /// What is so of an event; `None` for those that it does not tell.
    pub(super) fn event(&self, event: EventId) -> Option<Event<'static>> {
        Some(match event {
            EventId::PlaybackStatusChanged => Event::PlaybackStatusChanged(self.status),
            EventId::TrackChanged => Event::TrackChanged(match self.track {
                Some(_) => TrackId::SELECTED,
                None => TrackId::NONE,
            }),
            EventId::PlaybackPosChanged => Event::PlaybackPosChanged(self.position),
            EventId::BattStatusChanged => Event::BattStatusChanged(self.battery),
            EventId::AddressedPlayerChanged => {
                Event::AddressedPlayerChanged { player: self.id, uid_counter: 0 }
            }
            _ => return None,
        })
    }

    /// Writes those of its track's attributes that are asked for, without values where there are
    /// none; the error is the status that rejects it where none of them is known.
    pub(super) fn attributes<'a>(
        &self,
        asked: AttributeIds<'_>,
        out: &'a mut [u8],
    ) -> Result<Attributes<'a>, StatusCode> {
        let empty = Track::default();
        let track = self.track.as_ref().unwrap_or(&empty);
        let decimal = |number: Option<u32>| {
            let mut digits = heapless::String::<10>::new();
            if let Some(number) = number {
                // Ten digits are enough.
                let _ = write!(digits, "{number}");
            }
            digits
        };
        let number = decimal(track.number);
        let total = decimal(track.total);
        let duration = decimal(track.duration);
        let known: [(AttributeId, &str); 7] = [
            (AttributeId::TITLE, &track.title),
            (AttributeId::ARTIST_NAME, &track.artist),
            (AttributeId::ALBUM_NAME, &track.album),
            (AttributeId::TRACK_NUMBER, &number),
            (AttributeId::TOTAL_NUMBER_OF_TRACKS, &total),
            (AttributeId::GENRE, &track.genre),
            (AttributeId::PLAYING_TIME, &duration),
        ];
        let wanted = known.into_iter().filter(|(id, _)| asked.asks_for(*id));
        if wanted.clone().next().is_none() {
            return Err(StatusCode::INVALID_PARAMETER);
        }
        Attributes::write(wanted, out).map_err(|NoRoom| StatusCode::INTERNAL_ERROR)
    }
}

impl Session {
    /// A source: its player is like this now. Tells the peer what it wants to know of the difference.
    ///
    /// # Errors
    /// [`NotNow`] for a sink, which has none.
    pub fn set_player(&mut self, player: Player) -> Result<(), NotNow> {
        let Side::Source { player: own } = &mut self.side else { return Err(NotNow) };
        let new = player.clone();
        let old = core::mem::replace(own, player);
        if old.id != new.id && self.tell(EventId::AddressedPlayerChanged) {
            self.reject_player_specific();
            return Ok(());
        }
        let status = old.status != new.status;
        let track = old.track != new.track;
        if status {
            self.tell(EventId::PlaybackStatusChanged);
        }
        if track {
            self.tell(EventId::TrackChanged);
        }
        if old.battery != new.battery {
            self.tell(EventId::BattStatusChanged);
        }
        if status || track || self.target.moved(new.position) {
            self.tell(EventId::PlaybackPosChanged);
        }
        Ok(())
    }

    /// A source's player.
    pub fn player(&self) -> Option<&Player> {
        match &self.side {
            Side::Source { player } => Some(player),
            Side::Sink { .. } => None,
        }
    }

    /// Ends a registration of the peer's with what is so now; whether there was one.
    fn tell(&mut self, event: EventId) -> bool {
        let now = self.player().and_then(|player| player.event(event));
        now.is_some_and(|event| self.notify(event))
    }
}
