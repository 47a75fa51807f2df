//! AVRCP 1.6, 6.13: absolute volume, from either end.
//!
//! A sink is the target. What the peer sets is answered with what it is now, and told to the owner;
//! it does not end the peer's registration (6.13.3). What the owner sets, and what the keys do, does.
//! Registering is never refused: phones that were refused once take the volume for fixed.

use pool::Instant;
use wire::avrcp::{Event, EventId, KeyState, OperationId, Volume};

use super::output::Notice;
use super::requests::Request;
use super::{Session, Side};

/// How far a press of a volume key goes, of 127.
pub const VOLUME_STEP: i8 = 8;

impl Session {
    /// A sink: we play at this volume now, which the peer is told if it wants to know. A source:
    /// asks the peer to play at this volume; what it makes of it is told by [`Notice::Volume`].
    pub fn set_volume(&mut self, now: Instant, volume: Volume) {
        match &mut self.side {
            Side::Sink { volume: own } => {
                if core::mem::replace(own, volume) != volume {
                    self.notify(Event::VolumeChanged(volume));
                }
            }
            Side::Source { .. } => {
                if self.is_up() && self.peer_tells() {
                    self.request(Request::SetVolume(volume));
                    self.pump(now);
                }
            }
        }
    }

    /// Whether the peer is to be told of a sink's volume: it shows it, and sets it.
    pub fn shares_volume(&self) -> bool {
        self.target.tells(EventId::VolumeChanged)
    }

    /// The volume that a sink plays at.
    pub fn volume(&self) -> Option<Volume> {
        match self.side {
            Side::Sink { volume } => Some(volume),
            Side::Source { .. } => None,
        }
    }

    /// The peer set a sink's volume.
    pub(super) fn volume_set(&mut self, volume: Volume) {
        if let Side::Sink { volume: own } = &mut self.side
            && core::mem::replace(own, volume) != volume
        {
            self.notice(Notice::Volume(volume));
        }
    }

    /// The peer pressed or released one of a sink's keys; whether it has it.
    pub(super) fn volume_key(&mut self, operation: OperationId, state: KeyState) -> bool {
        let steps = match operation {
            OperationId::VOLUME_UP => VOLUME_STEP,
            OperationId::VOLUME_DOWN => -VOLUME_STEP,
            _ => return false,
        };
        if let (KeyState::Pressed, Some(volume)) = (state, self.volume()) {
            let stepped = volume.stepped(steps);
            // At either end there is no change, and nothing to tell.
            if stepped != volume {
                self.volume_set(stepped);
                self.notify(Event::VolumeChanged(stepped));
            }
        }
        true
    }

    /// A source: the peer plays at this volume. What it made of an order is told in any case.
    pub(super) fn told_volume(&mut self, volume: Volume, ordered: bool) {
        let last = self.following.volume.replace(volume);
        if ordered || last != Some(volume) {
            self.notice(Notice::Volume(volume));
        }
    }
}
