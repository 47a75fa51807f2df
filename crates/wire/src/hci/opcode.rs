//! Command opcodes and their place among the supported commands (Vol 4, Part E, 5.4.1 and 6.27).

use core::fmt;

use super::bytes::wraps;

/// The number of a command: a group (OGF, six bits) and a command in it (OCF, ten bits). `Display`
/// names it. 0 is no command: a controller uses it to hand out command credits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Opcode(pub u16);

wraps!(Opcode(u16));

impl Opcode {
    /// No command.
    pub const NONE: Opcode = Opcode(0);

    /// The opcode group field.
    pub const fn group(self) -> u8 {
        (self.0 >> 10) as u8
    }
}

impl fmt::Display for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} (0x{:04X})", self.0),
            None => write!(f, "command 0x{:04X}", self.0),
        }
    }
}

impl fmt::Debug for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
