//! Packet views and builders for every Bluetooth layer that Tandem speaks. `no_std`, no `unsafe`.
//!
//! One module a protocol. Each has types whose values can only be legal; `parse` checks every bound
//! once and fails with [`Malformed`], `write` builds the packet and fails with [`NoRoom`]. Nothing
//! here allocates, keeps state, or panics on what a peer sent.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod a2dp;
pub mod address;
pub mod avctp;
pub mod avdtp;
pub mod avrcp;
pub mod error;
pub mod h4;
pub mod hci;
pub mod hfp;
pub mod l2cap;
pub mod rfcomm;
pub mod rtp;
pub mod sdp;

pub use address::Address;
pub use error::{Malformed, NoRoom};
