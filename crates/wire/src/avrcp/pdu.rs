//! AVRCP 1.6, 6.3.1: AVRCP's own PDUs, the data of vendor dependent frames with the SIG's number.

use super::frame::{Code, CommandType, CompanyId, Header, Opcode, Subunit};
use super::{MAX_FRAME, put_all};
use crate::NoRoom;

/// Which PDU. Any octet; those with a name have an associated constant (table 4.5).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PduId(pub u8);

#[allow(missing_docs, reason = "the specification's own names")]
impl PduId {
    pub const GET_CAPABILITIES: PduId = PduId(0x10);
    pub const LIST_PLAYER_APPLICATION_SETTING_ATTRIBUTES: PduId = PduId(0x11);
    pub const LIST_PLAYER_APPLICATION_SETTING_VALUES: PduId = PduId(0x12);
    pub const GET_CURRENT_PLAYER_APPLICATION_SETTING_VALUE: PduId = PduId(0x13);
    pub const SET_PLAYER_APPLICATION_SETTING_VALUE: PduId = PduId(0x14);
    pub const INFORM_DISPLAYABLE_CHARACTER_SET: PduId = PduId(0x17);
    pub const INFORM_BATTERY_STATUS_OF_CT: PduId = PduId(0x18);
    pub const GET_ELEMENT_ATTRIBUTES: PduId = PduId(0x20);
    pub const GET_PLAY_STATUS: PduId = PduId(0x30);
    pub const REGISTER_NOTIFICATION: PduId = PduId(0x31);
    pub const REQUEST_CONTINUING_RESPONSE: PduId = PduId(0x40);
    pub const ABORT_CONTINUING_RESPONSE: PduId = PduId(0x41);
    pub const SET_ABSOLUTE_VOLUME: PduId = PduId(0x50);
    pub const SET_ADDRESSED_PLAYER: PduId = PduId(0x60);

    /// The command type that its commands have; `None` for a PDU that is not known here.
    pub const fn command_type(self) -> Option<CommandType> {
        match self.0 {
            0x10..=0x13 | 0x20 | 0x30 => Some(CommandType::Status),
            0x14 | 0x17 | 0x18 | 0x40 | 0x41 | 0x50 | 0x60 => Some(CommandType::Control),
            0x31 => Some(CommandType::Notify),
            _ => None,
        }
    }
}

/// Whether a PDU is whole.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum PacketType {
    /// Whole.
    Single = 0b00,
    /// The first fragment.
    Start = 0b01,
    /// A fragment between the first and the last.
    Continue = 0b10,
    /// The last fragment.
    End = 0b11,
}

impl PacketType {
    const fn from_bits(bits: u8) -> Self {
        match bits & 0b11 {
            0b00 => PacketType::Single,
            0b01 => PacketType::Start,
            0b10 => PacketType::Continue,
            _ => PacketType::End,
        }
    }
}

/// Octets of a PDU's header: which, how whole, how long.
const HEADER_LEN: usize = 4;

/// Octets of parameters that a frame holds at most.
pub const MAX_PARAMETERS: usize = MAX_FRAME - Header::<CommandType>::LEN - 3 - HEADER_LEN;

/// A PDU or one of its fragments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pdu<'a> {
    /// Which.
    pub id: PduId,
    /// How whole.
    pub packet_type: PacketType,
    /// Its parameters, or this fragment's part of them.
    pub parameters: &'a [u8],
}

/// Why a vendor dependent frame is not one of AVRCP's PDUs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadPdu {
    /// It is another company's, or too short to say what it is.
    Unknown,
    /// It says that it is longer than it is.
    Length(PduId),
}

impl<'a> Pdu<'a> {
    /// A whole PDU.
    pub const fn single(id: PduId, parameters: &'a [u8]) -> Self {
        Pdu { id, packet_type: PacketType::Single, parameters }
    }

    /// Reads the operands of a vendor dependent frame. What a peer adds behind it is passed over.
    pub fn parse(operands: &'a [u8]) -> Result<Self, BadPdu> {
        let [a, b, c, id, packet_type, high, low, rest @ ..] = operands else {
            return Err(BadPdu::Unknown);
        };
        if CompanyId([*a, *b, *c]) != CompanyId::BLUETOOTH_SIG {
            return Err(BadPdu::Unknown);
        }
        let (id, length) = (PduId(*id), u16::from_be_bytes([*high, *low]));
        let parameters = rest.get(..usize::from(length)).ok_or(BadPdu::Length(id))?;
        Ok(Pdu { id, packet_type: PacketType::from_bits(*packet_type), parameters })
    }

    /// Writes the frame that carries it, to or from `subunit`; [`NoRoom`] past [`MAX_PARAMETERS`] too.
    pub fn write<C: Code>(
        &self,
        code: C,
        subunit: Subunit,
        out: &mut [u8],
    ) -> Result<usize, NoRoom> {
        if self.parameters.len() > MAX_PARAMETERS {
            return Err(NoRoom);
        }
        let header = Header { code, subunit, opcode: Opcode::VENDOR_DEPENDENT };
        let [high, low] = (self.parameters.len() as u16).to_be_bytes();
        let head = [self.id.0, self.packet_type as u8, high, low];
        let n = header.write(out)?;
        let pieces: [&[u8]; 3] = [&CompanyId::BLUETOOTH_SIG.0, &head, self.parameters];
        Ok(n + put_all(&mut out[n..], &pieces)?)
    }
}
