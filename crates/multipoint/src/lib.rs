//! Who holds a seat and who is heard: one pure function over small values.
//!
//! [`decide`] takes the [`Policy`], the [`Roster`] as it is and one [`Fact`], and gives the roster as
//! it becomes with the [`Orders`] to carry out. A roster holds no addresses and no instants: a phone
//! is its [`SeatId`], and a timer's end is a fact whose length somebody else knows. It is `Copy`,
//! `Eq` and `Hash`, so that every state can be visited; `tests/exhaustive.rs` does.
//!
//! What it decides so far: seats and eviction, media, and who is told to pause for another's. Calls,
//! voice, and resuming after them are not here yet.
#![no_std]
#![forbid(unsafe_code)]

mod decide;
mod media;
mod policy;
mod roster;
mod seats;

pub use decide::decide;
pub use policy::{Policy, Takeover};
pub use roster::{Fact, MAX_SEATS, Media, Order, Orders, Player, Roster, Seat, SeatId, Timer};
