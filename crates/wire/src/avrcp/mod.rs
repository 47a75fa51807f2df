//! AVRCP 1.6: the messages of the control channel, and the AV/C frames that carry them.
//!
//! | module | what it has |
//! |---|---|
//! | `frame` | AV/C frames (AV/C Digital Interface Command Set 4.1, 7): [`Header`], [`UnitInfo`], [`SubunitInfo`] |
//! | `pass_through` | keys (AV/C Panel Subunit 1.1, 9.4): [`PassThrough`] |
//! | `pdu` | AVRCP's own PDUs in vendor dependent frames (6.3.1): [`Pdu`] |
//! | `command`, `response` | what those PDUs say (6.4–6.9, 6.13) |
//! | `event` | notifications (6.7.2, appendix H) |
//! | `attribute` | media attributes (6.6.1, appendix E) |
//! | `setting` | player application settings (6.5, appendix F) |
//! | `value` | the small values in all of them |
//!
//! Parsing checks every bound once; a command that cannot be read comes back as the status code
//! that it is to be rejected with (6.15). Answers are read as far as they make sense.
//!
//! Not here: the browsing channel and its PDUs, cover art, the texts of player application settings
//! (PDUs 0x15 and 0x16), group navigation, AV/C's extended subunit addresses; and putting fragments
//! together, which needs memory (`stack::avrcp`).

mod attribute;
mod command;
mod event;
mod frame;
mod pass_through;
mod pdu;
mod response;
mod setting;
#[cfg(test)]
mod tests;
mod value;

pub use attribute::{Attribute, AttributeId, AttributeIds, Attributes, CharacterSet};
pub use command::Command;
pub use event::{Event, EventId, TrackId};
pub use frame::{
    Code, CommandType, CompanyId, Header, Opcode, ResponseCode, Subunit, SubunitInfo, UnitInfo,
    echo,
};
pub use pass_through::{KeyState, OperationId, PassThrough};
pub use pdu::{BadPdu, MAX_PARAMETERS, PacketType, Pdu, PduId};
pub use response::{CapabilityId, Companies, EventIds, Response};
pub use setting::{Setting, SettingIds, Settings};
pub use value::{BatteryStatus, PlayStatus, PlayerId, StatusCode, SystemStatus, Volume};

use crate::NoRoom;

/// Octets of the longest AV/C frame (AV/C Digital Interface Command Set 4.1, 7).
pub const MAX_FRAME: usize = 512;

/// Writes `bytes` to the start of `out`; returns their number.
fn put(out: &mut [u8], bytes: &[u8]) -> Result<usize, NoRoom> {
    out.get_mut(..bytes.len()).ok_or(NoRoom)?.copy_from_slice(bytes);
    Ok(bytes.len())
}

/// Writes pieces one behind the other; returns their length.
fn put_all(out: &mut [u8], pieces: &[&[u8]]) -> Result<usize, NoRoom> {
    pieces.iter().try_fold(0, |n, piece| Ok(n + put(&mut out[n..], piece)?))
}
