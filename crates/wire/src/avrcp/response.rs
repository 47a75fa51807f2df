//! AVRCP 1.6, 6.4–6.9 and 6.13: what responses say that do not reject.

use super::attribute::Attributes;
use super::event::{Event, EventId, milliseconds};
use super::frame::CompanyId;
use super::pdu::PduId;
use super::setting::{SettingIds, Settings};
use super::value::{PlayStatus, StatusCode, Volume};
use super::{put, put_all};
use crate::{Malformed, NoRoom};

/// Which capabilities (6.4.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
#[allow(missing_docs, reason = "the specification's own names")]
pub enum CapabilityId {
    CompanyId = 0x02,
    EventsSupported = 0x03,
}

impl CapabilityId {
    /// The capabilities with this number.
    pub const fn new(octet: u8) -> Option<Self> {
        match octet {
            0x02 => Some(CapabilityId::CompanyId),
            0x03 => Some(CapabilityId::EventsSupported),
            _ => None,
        }
    }
}

/// Companies whose PDUs a target knows: at most 255.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Companies<'a>(&'a [u8]);

impl<'a> Companies<'a> {
    /// Just the one that there must be.
    pub const BLUETOOTH_SIG: Companies<'static> = Companies(&CompanyId::BLUETOOTH_SIG.0);

    /// The companies in their order.
    pub fn iter(&self) -> impl Iterator<Item = CompanyId> + use<'a> {
        self.0.chunks_exact(3).map(|o| CompanyId([o[0], o[1], o[2]]))
    }
}

/// Events that a target tells: at most 255.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EventIds<'a>(&'a [u8]);

impl<'a> EventIds<'a> {
    /// The events with these numbers; `None` for more than can be counted.
    pub const fn new(octets: &'a [u8]) -> Option<Self> {
        if octets.len() <= 255 { Some(EventIds(octets)) } else { None }
    }

    /// The events in their order; those that are not known are passed over.
    pub fn iter(&self) -> impl Iterator<Item = EventId> + use<'a> {
        self.0.iter().filter_map(|octet| EventId::new(*octet))
    }
}

/// A response that does not reject.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Response<'a> {
    /// To GetCapabilities: companies.
    Companies(Companies<'a>),
    /// To GetCapabilities: events.
    Events(EventIds<'a>),
    /// To the lists of player application settings: settings, or values of one.
    SettingIds(SettingIds<'a>),
    /// To GetCurrentPlayerApplicationSettingValue.
    Settings(Settings<'a>),
    /// To GetElementAttributes.
    ElementAttributes(Attributes<'a>),
    /// To GetPlayStatus.
    PlayStatus {
        /// The track's length in milliseconds, where it is known.
        length: Option<u32>,
        /// How much of it has played, in milliseconds, where it is known.
        position: Option<u32>,
        /// What the player does.
        status: PlayStatus,
    },
    /// To RegisterNotification, interim or final.
    Notification(Event<'a>),
    /// To SetAbsoluteVolume: what it is now.
    AbsoluteVolume(Volume),
    /// To SetAddressedPlayer.
    AddressedPlayer(StatusCode),
    /// To every other: nothing more.
    Done,
}

impl<'a> Response<'a> {
    /// Reads the parameters of the response to a PDU, whole. What a peer adds behind them is passed
    /// over; lists are read as far as they go.
    pub fn parse(id: PduId, parameters: &'a [u8]) -> Result<Self, Malformed> {
        Ok(match id {
            PduId::GET_CAPABILITIES => {
                let [capability, count, rest @ ..] = parameters else { return Err(Malformed) };
                // As many whole ones as there are.
                let upto = |size: usize| {
                    let count = usize::from(*count).min(rest.len() / size);
                    &rest[..count * size]
                };
                match CapabilityId::new(*capability).ok_or(Malformed)? {
                    CapabilityId::CompanyId => Response::Companies(Companies(upto(3))),
                    CapabilityId::EventsSupported => Response::Events(EventIds(upto(1))),
                }
            }
            PduId::LIST_PLAYER_APPLICATION_SETTING_ATTRIBUTES
            | PduId::LIST_PLAYER_APPLICATION_SETTING_VALUES => {
                Response::SettingIds(SettingIds::counted(parameters).ok_or(Malformed)?)
            }
            PduId::GET_CURRENT_PLAYER_APPLICATION_SETTING_VALUE => {
                Response::Settings(Settings::counted(parameters).ok_or(Malformed)?)
            }
            PduId::GET_ELEMENT_ATTRIBUTES => {
                Response::ElementAttributes(Attributes::prefix(parameters))
            }
            PduId::GET_PLAY_STATUS => {
                let &[a, b, c, d, e, f, g, h, status, ..] = parameters else {
                    return Err(Malformed);
                };
                Response::PlayStatus {
                    length: milliseconds(u32::from_be_bytes([a, b, c, d])),
                    position: milliseconds(u32::from_be_bytes([e, f, g, h])),
                    status: PlayStatus::new(status).ok_or(Malformed)?,
                }
            }
            PduId::REGISTER_NOTIFICATION => Response::Notification(Event::parse(parameters)?),
            PduId::SET_ABSOLUTE_VOLUME => {
                let octet = parameters.first().ok_or(Malformed)?;
                Response::AbsoluteVolume(Volume::from_octet(*octet))
            }
            PduId::SET_ADDRESSED_PLAYER => {
                Response::AddressedPlayer(StatusCode(*parameters.first().ok_or(Malformed)?))
            }
            _ => Response::Done,
        })
    }

    /// Writes the parameters; returns their length.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        match *self {
            Response::Companies(Companies(octets)) => {
                let count = (octets.len() / 3) as u8;
                put_all(out, &[&[CapabilityId::CompanyId as u8, count], octets])
            }
            Response::Events(EventIds(octets)) => {
                let count = octets.len() as u8;
                put_all(out, &[&[CapabilityId::EventsSupported as u8, count], octets])
            }
            Response::SettingIds(ids) => put_all(out, &[&[ids.count()], ids.octets()]),
            Response::Settings(settings) => put_all(out, &[&[settings.count()], settings.octets()]),
            Response::ElementAttributes(attributes) => attributes.write_parameters(out),
            Response::PlayStatus { length, position, status } => {
                let octets = |number: Option<u32>| number.unwrap_or(u32::MAX).to_be_bytes();
                put_all(out, &[&octets(length), &octets(position), &[status as u8]])
            }
            Response::Notification(event) => event.write(out),
            Response::AbsoluteVolume(volume) => put(out, &[volume.octet()]),
            Response::AddressedPlayer(status) => put(out, &[status.0]),
            Response::Done => Ok(0),
        }
    }
}
