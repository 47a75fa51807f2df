//! A phone's player, as AVRCP tells of it: its tone is the track.

use core::fmt::Write;
use core::time::Duration;

use pool::Instant;
use stack::avrcp::{self, Text, Track};
use wire::avrcp::{OperationId, PlayStatus, Volume};

use super::Act;

/// How long each track says that it is.
const LENGTH: Duration = Duration::from_secs(180);
/// The tone of a player that was never told one.
const TONE: u32 = 440;

/// A phone's player.
#[derive(Clone, PartialEq, Debug)]
pub struct Player {
    told: avrcp::Player,
    artist: Text,
    hertz: u32,
    number: u32,
    /// When it began to play, and how much of the track had played by then.
    since: Instant,
    played: Duration,
    /// The receiver's keys that were pressed.
    pub pressed: Vec<OperationId>,
    /// The receiver's volume as it told it last.
    pub volume: Option<Volume>,
}

impl Player {
    pub(super) fn new(artist: &str) -> Player {
        Player {
            told: avrcp::Player::default(),
            artist: Text::try_from(artist).unwrap_or_default(),
            hertz: TONE,
            number: 1,
            since: Instant::ZERO,
            played: Duration::ZERO,
            pressed: Vec::new(),
            volume: None,
        }
    }

    pub(super) fn hertz(&self) -> u32 {
        self.hertz
    }

    /// What it does.
    pub fn status(&self) -> PlayStatus {
        self.told.status
    }

    /// What the receiver is told.
    pub(super) fn told(&self) -> avrcp::Player {
        self.told.clone()
    }

    pub(super) fn play(&mut self, now: Instant, hertz: u32) {
        if self.told.status == PlayStatus::Playing && self.hertz == hertz {
            return;
        }
        self.hertz = hertz;
        self.since = now;
        self.told.status = PlayStatus::Playing;
        self.tell();
    }

    pub(super) fn pause(&mut self, now: Instant) {
        if self.told.status == PlayStatus::Playing {
            self.played += now.since(self.since);
            self.told.status = PlayStatus::Paused;
            self.tell();
        }
    }

    pub(super) fn next(&mut self, now: Instant) {
        self.number += 1;
        (self.since, self.played) = (now, Duration::ZERO);
        self.tell();
    }

    /// What the owner would do who pressed this key.
    pub(super) fn pressed(&mut self, operation: OperationId) -> Option<Act> {
        self.pressed.push(operation);
        match operation {
            OperationId::PLAY => Some(Act::Play(self.hertz)),
            OperationId::PAUSE | OperationId::STOP => Some(Act::Pause),
            OperationId::FORWARD => Some(Act::Next),
            _ => None,
        }
    }

    fn tell(&mut self) {
        let mut title = Text::new();
        // A number fits.
        let _ = write!(title, "{} Hz, no. {}", self.hertz, self.number);
        self.told.position = Some(self.played.as_millis() as u32);
        self.told.track = Some(Track {
            title,
            artist: self.artist.clone(),
            number: Some(self.number),
            duration: Some(LENGTH.as_millis() as u32),
            ..Track::default()
        });
    }
}
