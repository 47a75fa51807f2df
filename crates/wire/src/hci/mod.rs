//! Host Controller Interface (Core 5.4, Vol 4, Part E): commands, events and data packets.
//!
//! [`Command`] and [`Event`] have one variant a packet, named as the specification names it; fields
//! are its parameters. Both sides are here, to build and to read, because the simulator plays the
//! controller. What a `Command Complete` event returns is read with [`returns`]. Packets carry no H4
//! indicator; see [`h4`](crate::h4).
//!
//! Covers what a BR/EDR host needs: inquiry, paging, names, pairing, links, roles, low power, voice
//! links, flow control, bring-up. Not covered: LE (its events come as [`Event::Other`]), AMP,
//! loopback and test modes, broadcast, park and hold mode, stored link keys. A packet that is not
//! covered can be read and written as `Other`.
//!
//! Events may be longer than known here (later versions append parameters); commands may not.

mod bytes;
mod command;
mod data;
mod eir;
mod event;
mod features;
mod list;
mod opcode;
pub mod returns;
mod status;
mod values;
mod voice;

pub use command::Command;
pub use data::{AclHeader, Boundary, Broadcast, PacketStatus, SynchronousHeader};
pub use eir::{Eir, EirBuilder, EirField, EirKind};
pub use event::Event;
pub use features::SupportedCommands;
pub use features::{EventMask, EventMaskPage2, HostFeatures, LmpFeatures, LmpFeaturesPage2};
pub use list::{Completed, ExtendedInquiryResult, InquiryResult, InquiryResultWithRssi, List};
pub use opcode::Opcode;
pub use status::Status;
pub use values::*;
pub use voice::*;

#[cfg(test)]
mod tests;
