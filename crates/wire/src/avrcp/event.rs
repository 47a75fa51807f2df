//! AVRCP 1.6, 6.7.2 and appendix H: what a target tells when it changes.

use super::value::{BatteryStatus, PlayStatus, PlayerId, SystemStatus, Volume};
use super::{Settings, put, put_all};
use crate::{Malformed, NoRoom};

/// Which event.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
#[allow(missing_docs, reason = "the specification's own names")]
pub enum EventId {
    PlaybackStatusChanged = 0x01,
    TrackChanged = 0x02,
    TrackReachedEnd = 0x03,
    TrackReachedStart = 0x04,
    PlaybackPosChanged = 0x05,
    BattStatusChanged = 0x06,
    SystemStatusChanged = 0x07,
    PlayerApplicationSettingChanged = 0x08,
    NowPlayingContentChanged = 0x09,
    AvailablePlayersChanged = 0x0A,
    AddressedPlayerChanged = 0x0B,
    UidsChanged = 0x0C,
    VolumeChanged = 0x0D,
}

impl EventId {
    /// Every event, in the order of their numbers.
    pub const ALL: [EventId; 13] = [
        EventId::PlaybackStatusChanged,
        EventId::TrackChanged,
        EventId::TrackReachedEnd,
        EventId::TrackReachedStart,
        EventId::PlaybackPosChanged,
        EventId::BattStatusChanged,
        EventId::SystemStatusChanged,
        EventId::PlayerApplicationSettingChanged,
        EventId::NowPlayingContentChanged,
        EventId::AvailablePlayersChanged,
        EventId::AddressedPlayerChanged,
        EventId::UidsChanged,
        EventId::VolumeChanged,
    ];

    /// The event with this number.
    pub fn new(octet: u8) -> Option<Self> {
        Self::ALL.get(usize::from(octet).checked_sub(1)?).copied()
    }

    /// Whether it is about the addressed player, and ends when another one is addressed (table 6.43).
    pub const fn is_player_specific(self) -> bool {
        matches!(
            self,
            EventId::PlaybackStatusChanged
                | EventId::TrackChanged
                | EventId::TrackReachedEnd
                | EventId::TrackReachedStart
                | EventId::PlaybackPosChanged
                | EventId::PlayerApplicationSettingChanged
                | EventId::NowPlayingContentChanged
        )
    }
}

/// A track as notifications name it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TrackId(pub u64);

impl TrackId {
    /// A track is selected; targets without browsing have no more to say.
    pub const SELECTED: TrackId = TrackId(0);
    /// None is selected.
    pub const NONE: TrackId = TrackId(u64::MAX);

    /// Reads an identifier. Old targets send fewer octets, or none.
    fn parse(octets: &[u8]) -> Self {
        match octets {
            [a, b, c, d, e, f, g, h, ..] => {
                TrackId(u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]))
            }
            [0xFF, 0xFF, 0xFF, 0xFF, ..] => TrackId::NONE,
            _ => TrackId::SELECTED,
        }
    }
}

/// An event and what has become of its object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the specification's own names")]
pub enum Event<'a> {
    PlaybackStatusChanged(PlayStatus),
    TrackChanged(TrackId),
    TrackReachedEnd,
    TrackReachedStart,
    /// In milliseconds; `None` where no track is selected.
    PlaybackPosChanged(Option<u32>),
    BattStatusChanged(BatteryStatus),
    SystemStatusChanged(SystemStatus),
    /// All settings, whichever changed.
    PlayerApplicationSettingChanged(Settings<'a>),
    NowPlayingContentChanged,
    AvailablePlayersChanged,
    AddressedPlayerChanged {
        player: PlayerId,
        uid_counter: u16,
    },
    UidsChanged {
        uid_counter: u16,
    },
    VolumeChanged(Volume),
}

/// A number of milliseconds, or that there is none.
pub(super) fn milliseconds(number: u32) -> Option<u32> {
    (number != u32::MAX).then_some(number)
}

impl<'a> Event<'a> {
    /// Which event it is.
    pub const fn id(&self) -> EventId {
        match self {
            Event::PlaybackStatusChanged(_) => EventId::PlaybackStatusChanged,
            Event::TrackChanged(_) => EventId::TrackChanged,
            Event::TrackReachedEnd => EventId::TrackReachedEnd,
            Event::TrackReachedStart => EventId::TrackReachedStart,
            Event::PlaybackPosChanged(_) => EventId::PlaybackPosChanged,
            Event::BattStatusChanged(_) => EventId::BattStatusChanged,
            Event::SystemStatusChanged(_) => EventId::SystemStatusChanged,
            Event::PlayerApplicationSettingChanged(_) => EventId::PlayerApplicationSettingChanged,
            Event::NowPlayingContentChanged => EventId::NowPlayingContentChanged,
            Event::AvailablePlayersChanged => EventId::AvailablePlayersChanged,
            Event::AddressedPlayerChanged { .. } => EventId::AddressedPlayerChanged,
            Event::UidsChanged { .. } => EventId::UidsChanged,
            Event::VolumeChanged(_) => EventId::VolumeChanged,
        }
    }

    /// Reads the parameters of a notification. What a peer adds behind them is passed over.
    pub fn parse(parameters: &'a [u8]) -> Result<Self, Malformed> {
        let (&id, rest) = parameters.split_first().ok_or(Malformed)?;
        let octet = || rest.first().copied().ok_or(Malformed);
        let short = |at: usize| match rest.get(at..at + 2) {
            Some(&[high, low]) => Ok(u16::from_be_bytes([high, low])),
            _ => Err(Malformed),
        };
        Ok(match EventId::new(id).ok_or(Malformed)? {
            EventId::PlaybackStatusChanged => {
                Event::PlaybackStatusChanged(PlayStatus::new(octet()?).ok_or(Malformed)?)
            }
            EventId::TrackChanged => Event::TrackChanged(TrackId::parse(rest)),
            EventId::TrackReachedEnd => Event::TrackReachedEnd,
            EventId::TrackReachedStart => Event::TrackReachedStart,
            EventId::PlaybackPosChanged => {
                let &[a, b, c, d, ..] = rest else { return Err(Malformed) };
                Event::PlaybackPosChanged(milliseconds(u32::from_be_bytes([a, b, c, d])))
            }
            EventId::BattStatusChanged => {
                Event::BattStatusChanged(BatteryStatus::new(octet()?).ok_or(Malformed)?)
            }
            EventId::SystemStatusChanged => {
                Event::SystemStatusChanged(SystemStatus::new(octet()?).ok_or(Malformed)?)
            }
            EventId::PlayerApplicationSettingChanged => {
                let settings = Settings::counted(rest).ok_or(Malformed)?;
                Event::PlayerApplicationSettingChanged(settings)
            }
            EventId::NowPlayingContentChanged => Event::NowPlayingContentChanged,
            EventId::AvailablePlayersChanged => Event::AvailablePlayersChanged,
            EventId::AddressedPlayerChanged => {
                // Some targets leave the counter out.
                let uid_counter = short(2).unwrap_or(0);
                Event::AddressedPlayerChanged { player: PlayerId(short(0)?), uid_counter }
            }
            EventId::UidsChanged => Event::UidsChanged { uid_counter: short(0)? },
            EventId::VolumeChanged => Event::VolumeChanged(Volume::from_octet(octet()?)),
        })
    }

    /// Writes the parameters of a notification; returns their length.
    pub(super) fn write(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        let id = self.id() as u8;
        match *self {
            Event::PlaybackStatusChanged(status) => put(out, &[id, status as u8]),
            Event::TrackChanged(TrackId(track)) => put_all(out, &[&[id], &track.to_be_bytes()]),
            Event::PlaybackPosChanged(position) => {
                put_all(out, &[&[id], &position.unwrap_or(u32::MAX).to_be_bytes()])
            }
            Event::BattStatusChanged(status) => put(out, &[id, status as u8]),
            Event::SystemStatusChanged(status) => put(out, &[id, status as u8]),
            Event::PlayerApplicationSettingChanged(settings) => {
                put_all(out, &[&[id, settings.count()], settings.octets()])
            }
            Event::AddressedPlayerChanged { player: PlayerId(player), uid_counter } => {
                put_all(out, &[&[id], &player.to_be_bytes(), &uid_counter.to_be_bytes()])
            }
            Event::UidsChanged { uid_counter } => {
                put_all(out, &[&[id], &uid_counter.to_be_bytes()])
            }
            Event::VolumeChanged(volume) => put(out, &[id, volume.octet()]),
            Event::TrackReachedEnd
            | Event::TrackReachedStart
            | Event::NowPlayingContentChanged
            | Event::AvailablePlayersChanged => put(out, &[id]),
        }
    }
}
