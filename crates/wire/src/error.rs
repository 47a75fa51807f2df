//! The two things that can go wrong with a packet.

use core::fmt;

/// Bytes that are not the packet they were read as: too short, inconsistent lengths, or a value
/// that the specification reserves.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("malformed packet")
    }
}

impl core::error::Error for Malformed {}

/// The buffer is too small for the packet that was to be written into it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct NoRoom;

impl fmt::Display for NoRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no room for the packet")
    }
}

impl core::error::Error for NoRoom {}
