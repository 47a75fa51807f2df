//! AV/C Digital Interface Command Set 4.1, 7 and 9–10: frames, UNIT INFO and SUBUNIT INFO.

use super::{put, put_all};
use crate::{Malformed, NoRoom};

/// What a command wants.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum CommandType {
    /// Do something.
    Control = 0x0,
    /// Tell something.
    Status = 0x1,
    /// Whether this very control command is there.
    SpecificInquiry = 0x2,
    /// Tell when something changes.
    Notify = 0x3,
    /// Whether such a control command is there.
    GeneralInquiry = 0x4,
}

/// What a response says.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum ResponseCode {
    /// No such command here.
    NotImplemented = 0x8,
    /// Done, or about to be.
    Accepted = 0x9,
    /// Not now, or not so.
    Rejected = 0xA,
    /// The state is changing.
    InTransition = 0xB,
    /// To a status command: this is so. To an inquiry: there is such a command.
    Stable = 0xC,
    /// Something that was asked to be told has changed.
    Changed = 0xD,
    /// The answer proper comes later.
    Interim = 0xF,
}

/// The first octet of a frame: a [`CommandType`] or a [`ResponseCode`].
pub trait Code: Copy {
    /// The code with this number.
    fn from_octet(octet: u8) -> Option<Self>;
    /// Its number.
    fn octet(self) -> u8;
}

impl Code for CommandType {
    fn from_octet(octet: u8) -> Option<Self> {
        match octet {
            0x0 => Some(CommandType::Control),
            0x1 => Some(CommandType::Status),
            0x2 => Some(CommandType::SpecificInquiry),
            0x3 => Some(CommandType::Notify),
            0x4 => Some(CommandType::GeneralInquiry),
            _ => None,
        }
    }

    fn octet(self) -> u8 {
        self as u8
    }
}

impl Code for ResponseCode {
    fn from_octet(octet: u8) -> Option<Self> {
        match octet {
            0x8 => Some(ResponseCode::NotImplemented),
            0x9 => Some(ResponseCode::Accepted),
            0xA => Some(ResponseCode::Rejected),
            0xB => Some(ResponseCode::InTransition),
            0xC => Some(ResponseCode::Stable),
            0xD => Some(ResponseCode::Changed),
            0xF => Some(ResponseCode::Interim),
            _ => None,
        }
    }

    fn octet(self) -> u8 {
        self as u8
    }
}

/// Whom a frame is for: the type in the upper five bits, the number in the lower three. Where an
/// extended address follows, its octets are among the operands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Subunit(pub u8);

impl Subunit {
    /// The unit as a whole.
    pub const UNIT: Subunit = Subunit(0xFF);
    /// The panel: what keys are pressed on.
    pub const PANEL: Subunit = Subunit(0x48);
}

/// What a frame is about. Any octet; those with a name have an associated constant.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Opcode(pub u8);

impl Opcode {
    /// What a company defines; AVRCP's PDUs with the SIG's number.
    pub const VENDOR_DEPENDENT: Opcode = Opcode(0x00);
    /// What the unit is.
    pub const UNIT_INFO: Opcode = Opcode(0x30);
    /// What subunits it has.
    pub const SUBUNIT_INFO: Opcode = Opcode(0x31);
    /// A key.
    pub const PASS_THROUGH: Opcode = Opcode(0x7C);
}

/// A company by its IEEE number, of which 24 bits count.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CompanyId(pub [u8; 3]);

impl CompanyId {
    /// The Bluetooth SIG.
    pub const BLUETOOTH_SIG: CompanyId = CompanyId([0x00, 0x19, 0x58]);
}

/// What stands before a frame's operands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header<C> {
    /// What a command wants or a response says.
    pub code: C,
    /// Whom it is for, or from.
    pub subunit: Subunit,
    /// What it is about.
    pub opcode: Opcode,
}

impl<C: Code> Header<C> {
    /// Octets of a header.
    pub const LEN: usize = 3;

    /// Splits a frame into its header and the operands.
    pub fn parse(frame: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let [code, subunit, opcode, operands @ ..] = frame else { return Err(Malformed) };
        let code = C::from_octet(*code).ok_or(Malformed)?;
        Ok((Header { code, subunit: Subunit(*subunit), opcode: Opcode(*opcode) }, operands))
    }

    /// Writes the header; returns its length.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        put(out, &[self.code.octet(), self.subunit.0, self.opcode.0])
    }
}

/// Writes the response to `command` that has nothing but the code to say: the same frame otherwise.
pub fn echo(command: &[u8], code: ResponseCode, out: &mut [u8]) -> Result<usize, NoRoom> {
    let rest = command.get(1..).ok_or(NoRoom)?;
    put_all(out, &[&[code.octet()], rest])
}

/// The answer to UNIT INFO.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UnitInfo {
    /// The subunit that tells best what the unit is.
    pub unit_type: Subunit,
    /// Who made it.
    pub company: CompanyId,
}

impl UnitInfo {
    /// Writes the frame that asks.
    pub fn write_command(out: &mut [u8]) -> Result<usize, NoRoom> {
        let code = CommandType::Status;
        let header = Header { code, subunit: Subunit::UNIT, opcode: Opcode::UNIT_INFO };
        let n = header.write(out)?;
        Ok(n + put(&mut out[n..], &[0xFF; 5])?)
    }

    /// Writes the frame that answers.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        let code = ResponseCode::Stable;
        let header = Header { code, subunit: Subunit::UNIT, opcode: Opcode::UNIT_INFO };
        let n = header.write(out)?;
        Ok(n + put_all(&mut out[n..], &[&[0x07, self.unit_type.0], &self.company.0])?)
    }

    /// Reads the answer's operands.
    pub fn parse(operands: &[u8]) -> Result<Self, Malformed> {
        match *operands {
            [_, unit_type, a, b, c, ..] => {
                Ok(UnitInfo { unit_type: Subunit(unit_type), company: CompanyId([a, b, c]) })
            }
            _ => Err(Malformed),
        }
    }
}

/// The answer to SUBUNIT INFO: one page of four subunits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SubunitInfo {
    /// Which page, 0 to 7.
    pub page: u8,
    /// The subunits, each with the greatest number of its type.
    pub subunits: [Option<Subunit>; 4],
}

impl SubunitInfo {
    /// The extension code that every page has.
    const EXTENSION: u8 = 0x07;

    /// What a unit with nothing but a panel has to say.
    pub const fn panel(page: u8) -> Self {
        let panel = if page & 0x7 == 0 { Some(Subunit::PANEL) } else { None };
        SubunitInfo { page: page & 0x7, subunits: [panel, None, None, None] }
    }

    /// The page that a command with these operands asks for.
    pub fn page_asked(operands: &[u8]) -> Result<u8, Malformed> {
        operands.first().map(|first| first >> 4 & 0x7).ok_or(Malformed)
    }

    /// Writes the frame that asks for a page.
    pub fn write_command(page: u8, out: &mut [u8]) -> Result<usize, NoRoom> {
        Self::frame(CommandType::Status, page, [0xFF; 4], out)
    }

    /// Writes the frame that answers.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        let octets = self.subunits.map(|subunit| subunit.map_or(0xFF, |subunit| subunit.0));
        Self::frame(ResponseCode::Stable, self.page, octets, out)
    }

    fn frame<C: Code>(
        code: C,
        page: u8,
        subunits: [u8; 4],
        out: &mut [u8],
    ) -> Result<usize, NoRoom> {
        let header = Header { code, subunit: Subunit::UNIT, opcode: Opcode::SUBUNIT_INFO };
        let n = header.write(out)?;
        let first = (page & 0x7) << 4 | Self::EXTENSION;
        Ok(n + put_all(&mut out[n..], &[&[first], &subunits])?)
    }

    /// Reads the answer's operands.
    pub fn parse(operands: &[u8]) -> Result<Self, Malformed> {
        let &[first, a, b, c, d, ..] = operands else { return Err(Malformed) };
        let subunit = |octet: u8| (octet != 0xFF).then_some(Subunit(octet));
        Ok(SubunitInfo { page: first >> 4 & 0x7, subunits: [a, b, c, d].map(subunit) })
    }
}
