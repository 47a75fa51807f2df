//! AV/C Panel Subunit 1.1, 9.4: the PASS THROUGH command, which carries keys.

use super::frame::{Code, Header, Opcode, Subunit};
use super::put_all;
use crate::{Malformed, NoRoom};

/// Which key, 0 to 0x7F. Those that AVRCP's players and amplifiers have are named (4.6).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct OperationId(u8);

#[allow(missing_docs, reason = "the specification's own names")]
impl OperationId {
    pub const SELECT: OperationId = OperationId(0x00);
    pub const POWER: OperationId = OperationId(0x40);
    pub const VOLUME_UP: OperationId = OperationId(0x41);
    pub const VOLUME_DOWN: OperationId = OperationId(0x42);
    pub const MUTE: OperationId = OperationId(0x43);
    pub const PLAY: OperationId = OperationId(0x44);
    pub const STOP: OperationId = OperationId(0x45);
    pub const PAUSE: OperationId = OperationId(0x46);
    pub const RECORD: OperationId = OperationId(0x47);
    pub const REWIND: OperationId = OperationId(0x48);
    pub const FAST_FORWARD: OperationId = OperationId(0x49);
    pub const EJECT: OperationId = OperationId(0x4A);
    pub const FORWARD: OperationId = OperationId(0x4B);
    pub const BACKWARD: OperationId = OperationId(0x4C);
    pub const VENDOR_UNIQUE: OperationId = OperationId(0x7E);

    /// The operation with this number, of which the lower seven bits count.
    pub const fn new(number: u8) -> Self {
        OperationId(number & 0x7F)
    }

    /// Its number.
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// Whether a key goes down or up.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum KeyState {
    /// Down, or still down.
    Pressed,
    /// Up again.
    Released,
}

/// A key going down or up; the response has the same operands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PassThrough<'a> {
    /// The key.
    pub operation: OperationId,
    /// What happened to it.
    pub state: KeyState,
    /// What the operation itself defines; nothing for those that have a name but vendor unique.
    pub data: &'a [u8],
}

impl<'a> PassThrough<'a> {
    /// A key without data.
    pub const fn key(operation: OperationId, state: KeyState) -> PassThrough<'static> {
        PassThrough { operation, state, data: &[] }
    }

    /// Reads the operands.
    pub fn parse(operands: &'a [u8]) -> Result<Self, Malformed> {
        let [first, length, rest @ ..] = operands else { return Err(Malformed) };
        let data = rest.get(..usize::from(*length)).ok_or(Malformed)?;
        let state = if first & 0x80 == 0 { KeyState::Pressed } else { KeyState::Released };
        Ok(PassThrough { operation: OperationId::new(*first), state, data })
    }

    /// Writes the frame, to or from the panel.
    pub fn write<C: Code>(&self, code: C, out: &mut [u8]) -> Result<usize, NoRoom> {
        let header = Header { code, subunit: Subunit::PANEL, opcode: Opcode::PASS_THROUGH };
        let length = u8::try_from(self.data.len()).map_err(|_| NoRoom)?;
        let released = u8::from(self.state == KeyState::Released) << 7;
        let n = header.write(out)?;
        Ok(n + put_all(&mut out[n..], &[&[released | self.operation.0, length], self.data])?)
    }
}
