//! Packet views and builders for every Bluetooth layer that Tandem speaks. `no_std`, no `unsafe`.
#![no_std]
#![forbid(unsafe_code)]

pub mod address;

pub use address::Address;
