//! Packet views and builders for every Bluetooth layer that Tandem speaks. `no_std`, no `unsafe`.
#![no_std]
#![forbid(unsafe_code)]

pub mod a2dp;
pub mod address;
pub mod avdtp;
pub mod error;
mod error;
pub mod h4;
pub mod rtp;

pub use address::Address;
pub use error::{Malformed, NoRoom};
pub use error::{Malformed, NoRoom};
