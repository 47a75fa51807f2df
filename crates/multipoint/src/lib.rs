//! Who holds a seat, who is heard, and what becomes of calls: one pure function over small values.
//!
//! [`decide`] takes the [`Policy`], the [`Roster`] as it is and one [`Fact`], and gives the roster as
//! it becomes with the [`Orders`] to carry out. A roster holds no addresses and no instants: a phone
//! is its [`SeatId`], and a timer's end is a fact whose length somebody else knows. It is `Copy`,
//! `Eq` and `Hash`, so that every state can be visited; the tests do. [`target`] says whom a button is
//! for, without pressing it.
//!
//! Facts may come in any order, twice, or about what was overtaken. Orders may be refused, or never
//! answered: timers settle that.
#![no_std]
#![forbid(unsafe_code)]

mod always;
mod calls;
mod claims;
mod decide;
mod fact;
mod media;
mod order;
mod policy;
mod press;
mod resume;
mod roster;
mod seats;
mod target;
mod timers;
mod voice;

pub use claims::{Claim, Tone};
pub use decide::decide;
pub use fact::{Button, Fact, Timer, To};
pub use order::{Order, Orders};
pub use policy::{Answer, Blips, Policy, Preferences, Takeover};
pub use roster::{
    Abilities, Asked, Audio, Auto, Calls, Few, MAX_SEATS, Media, Player, Resume, Roster, Seat,
    SeatId, Setup, Told, Voice,
};
pub use target::{NoTarget, target};
