//! Service discovery (Core 5.4, Vol 3, Part B): the records that we show, the server that answers
//! about them, and the client that asks a peer. Both speak in whole PDUs and hold no channel; there
//! is one [`Client`] a link, nothing is shared between links but the records.
//!
//! Limits: [`RECORDS`] records of [`RECORD`] octets; responses of a peer up to [`RESPONSE`] octets
//! in all; the client uses service search attribute transactions only. No browsing beyond the
//! public root, no records that peers register.

mod client;
mod record;
mod server;

#[cfg(test)]
mod tests;

pub use client::{Client, Failure, Progress, RESPONSE, RESPONSE_TIME_OUT};
pub use record::{AudioFeatures, DeviceId, RECORD, Record, VendorIdSource};
pub use server::{RECORDS, Server};
