//! AVRCP 1.6, 6.4–6.9 and 6.13: what commands say.

use super::attribute::AttributeIds;
use super::event::EventId;
use super::pdu::PduId;
use super::response::CapabilityId;
use super::setting::{SettingIds, Settings};
use super::value::{BatteryStatus, PlayerId, StatusCode, Volume};
use super::{put, put_all};
use crate::NoRoom;

/// A command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the specification's own names")]
pub enum Command<'a> {
    GetCapabilities(CapabilityId),
    ListPlayerApplicationSettingAttributes,
    /// Of this setting.
    ListPlayerApplicationSettingValues(u8),
    GetCurrentPlayerApplicationSettingValue(SettingIds<'a>),
    SetPlayerApplicationSettingValue(Settings<'a>),
    /// The sets by their numbers, two octets each.
    InformDisplayableCharacterSet(&'a [u8]),
    InformBatteryStatusOfCt(BatteryStatus),
    /// Of the track that plays.
    GetElementAttributes(AttributeIds<'a>),
    GetPlayStatus,
    RegisterNotification {
        event: EventId,
        /// For [`EventId::PlaybackPosChanged`]: tell each time so many seconds are over.
        interval: u32,
    },
    RequestContinuingResponse(PduId),
    AbortContinuingResponse(PduId),
    SetAbsoluteVolume(Volume),
    SetAddressedPlayer(PlayerId),
}

impl<'a> Command<'a> {
    /// Which PDU carries it.
    pub const fn id(&self) -> PduId {
        match self {
            Command::GetCapabilities(_) => PduId::GET_CAPABILITIES,
            Command::ListPlayerApplicationSettingAttributes => {
                PduId::LIST_PLAYER_APPLICATION_SETTING_ATTRIBUTES
            }
            Command::ListPlayerApplicationSettingValues(_) => {
                PduId::LIST_PLAYER_APPLICATION_SETTING_VALUES
            }
            Command::GetCurrentPlayerApplicationSettingValue(_) => {
                PduId::GET_CURRENT_PLAYER_APPLICATION_SETTING_VALUE
            }
            Command::SetPlayerApplicationSettingValue(_) => {
                PduId::SET_PLAYER_APPLICATION_SETTING_VALUE
            }
            Command::InformDisplayableCharacterSet(_) => PduId::INFORM_DISPLAYABLE_CHARACTER_SET,
            Command::InformBatteryStatusOfCt(_) => PduId::INFORM_BATTERY_STATUS_OF_CT,
            Command::GetElementAttributes(_) => PduId::GET_ELEMENT_ATTRIBUTES,
            Command::GetPlayStatus => PduId::GET_PLAY_STATUS,
            Command::RegisterNotification { .. } => PduId::REGISTER_NOTIFICATION,
            Command::RequestContinuingResponse(_) => PduId::REQUEST_CONTINUING_RESPONSE,
            Command::AbortContinuingResponse(_) => PduId::ABORT_CONTINUING_RESPONSE,
            Command::SetAbsoluteVolume(_) => PduId::SET_ABSOLUTE_VOLUME,
            Command::SetAddressedPlayer(_) => PduId::SET_ADDRESSED_PLAYER,
        }
    }

    /// Reads the parameters of a command, or names the status that rejects it (6.15.1, 6.15.3).
    /// What a peer adds behind them is passed over.
    pub fn parse(id: PduId, parameters: &'a [u8]) -> Result<Self, StatusCode> {
        const CONTENT: StatusCode = StatusCode::PARAMETER_CONTENT_ERROR;
        const PARAMETER: StatusCode = StatusCode::INVALID_PARAMETER;
        let octet = || parameters.first().copied().ok_or(CONTENT);
        Ok(match id {
            PduId::GET_CAPABILITIES => {
                Command::GetCapabilities(CapabilityId::new(octet()?).ok_or(PARAMETER)?)
            }
            PduId::LIST_PLAYER_APPLICATION_SETTING_ATTRIBUTES => {
                Command::ListPlayerApplicationSettingAttributes
            }
            PduId::LIST_PLAYER_APPLICATION_SETTING_VALUES => {
                Command::ListPlayerApplicationSettingValues(octet()?)
            }
            PduId::GET_CURRENT_PLAYER_APPLICATION_SETTING_VALUE => {
                let settings = SettingIds::counted(parameters).ok_or(CONTENT)?;
                Command::GetCurrentPlayerApplicationSettingValue(settings)
            }
            PduId::SET_PLAYER_APPLICATION_SETTING_VALUE => {
                let settings = Settings::counted(parameters).ok_or(CONTENT)?;
                Command::SetPlayerApplicationSettingValue(settings)
            }
            PduId::INFORM_DISPLAYABLE_CHARACTER_SET => {
                let (count, rest) = parameters.split_first().ok_or(CONTENT)?;
                let sets = rest.get(..2 * usize::from(*count)).ok_or(CONTENT)?;
                Command::InformDisplayableCharacterSet(sets)
            }
            PduId::INFORM_BATTERY_STATUS_OF_CT => {
                Command::InformBatteryStatusOfCt(BatteryStatus::new(octet()?).ok_or(CONTENT)?)
            }
            PduId::GET_ELEMENT_ATTRIBUTES => {
                let [identifier @ .., count] = parameters.get(..9).ok_or(CONTENT)? else {
                    return Err(CONTENT);
                };
                if identifier != [0; 8] {
                    return Err(CONTENT);
                }
                let ids = parameters.get(9..9 + 4 * usize::from(*count)).ok_or(CONTENT)?;
                Command::GetElementAttributes(AttributeIds::new(ids).ok_or(CONTENT)?)
            }
            PduId::GET_PLAY_STATUS => Command::GetPlayStatus,
            PduId::REGISTER_NOTIFICATION => {
                let event = EventId::new(octet()?).ok_or(PARAMETER)?;
                // Some controllers leave the interval out where it means nothing.
                let interval = match parameters {
                    &[_, a, b, c, d, ..] => u32::from_be_bytes([a, b, c, d]),
                    _ => 0,
                };
                Command::RegisterNotification { event, interval }
            }
            PduId::REQUEST_CONTINUING_RESPONSE => {
                Command::RequestContinuingResponse(PduId(octet()?))
            }
            PduId::ABORT_CONTINUING_RESPONSE => Command::AbortContinuingResponse(PduId(octet()?)),
            PduId::SET_ABSOLUTE_VOLUME => Command::SetAbsoluteVolume(Volume::from_octet(octet()?)),
            PduId::SET_ADDRESSED_PLAYER => match parameters {
                &[high, low, ..] => {
                    Command::SetAddressedPlayer(PlayerId(u16::from_be_bytes([high, low])))
                }
                _ => return Err(CONTENT),
            },
            _ => return Err(StatusCode::INVALID_COMMAND),
        })
    }

    /// Writes the parameters; returns their length.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        match *self {
            Command::ListPlayerApplicationSettingAttributes | Command::GetPlayStatus => Ok(0),
            Command::GetCapabilities(capability) => put(out, &[capability as u8]),
            Command::ListPlayerApplicationSettingValues(setting) => put(out, &[setting]),
            Command::GetCurrentPlayerApplicationSettingValue(settings) => {
                put_all(out, &[&[settings.count()], settings.octets()])
            }
            Command::SetPlayerApplicationSettingValue(settings) => {
                put_all(out, &[&[settings.count()], settings.octets()])
            }
            Command::InformDisplayableCharacterSet(sets) => {
                let count = u8::try_from(sets.len() / 2).map_err(|_| NoRoom)?;
                put_all(out, &[&[count], &sets[..2 * usize::from(count)]])
            }
            Command::InformBatteryStatusOfCt(status) => put(out, &[status as u8]),
            Command::GetElementAttributes(ids) => {
                put_all(out, &[&[0; 8], &[ids.count()], ids.octets()])
            }
            Command::RegisterNotification { event, interval } => {
                put_all(out, &[&[event as u8], &interval.to_be_bytes()])
            }
            Command::RequestContinuingResponse(id) | Command::AbortContinuingResponse(id) => {
                put(out, &[id.0])
            }
            Command::SetAbsoluteVolume(volume) => put(out, &[volume.octet()]),
            Command::SetAddressedPlayer(PlayerId(player)) => put(out, &player.to_be_bytes()),
        }
    }
}
