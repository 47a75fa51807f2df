//! The H4 transport (Bluetooth Core 5.4, vol. 4 part A: "UART Transport Layer") over TCP, a Unix
//! socket or a serial line: a byte stream in which every HCI packet follows one byte that names its
//! kind.
//!
//! [`Transport`] is one open stream; [`Framer`] finds the packets in the bytes, wherever they came
//! from. Packets are pieces of the arena's blocks that the system wrote into: only a packet that
//! lies across the end of a block is copied (and counted, [`pool::Arena::copied`]).
//!
//! H4 has no marks to find the next packet by: after a byte that is no packet type, or a length that
//! no block can hold, framing is lost and so is the stream ([`Lost`]); its owner opens it again.
//!
//! Limits: packets no longer than a block less [`pool::HEADROOM`]; [`QUEUE`] packets waiting to be
//! sent; connecting over TCP blocks for [`CONNECT_SECONDS`] at most. Not here: three-wire UART (H5),
//! BCSP, ISO packets (type 5), setting up a serial controller (baud rate change, firmware).

mod error;
mod framer;
mod open;
mod spec;
#[cfg(test)]
mod tests;
mod transport;

pub use error::{Lost, OpenError, OpenErrorKind, SendError};
pub use framer::Framer;
pub use open::CONNECT_SECONDS;
pub use spec::{BadSpec, Spec};
pub use transport::{QUEUE, Transport};
