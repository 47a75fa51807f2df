//! Every state that a receiver can reach, and every fact that may come in each, against what is always
//! true. The numbers of states are golden: a change of the policy that moves one is looked at.
//!
//! All of it at once is too much to visit, so the phones are reduced, each time to those that have what
//! is looked at. Phones tell anything that they can at any moment, in any order, as often as they like;
//! only a voice link comes to be no earlier than it is asked for. What is put together from several of
//! these worlds, and more than three seats, is walked through at random (`walk`).
//!
//! - *Media*: one to three seats; phones that stream come and go; on two, phones with players, too.
//! - *Players*: two phones that stay, for each `takeover`, with and without blips; they refuse orders.
//! - *Calls*: two phones that stay, up to two calls each, with voice links, every button and refusals; with
//!   assistants and voice sessions; without AT+CHLD; answered by themselves; coming and going.
//! - *Both*: one phone calls and the other plays; both play and one rings; one does everything on one seat.
//! - *Three calls*: three phones, a call each, without the phones' own voice links.
//!
//! Where phones come and go, states that differ only in who sits where count as one (`walk` shows that
//! this makes no difference). Owners' choices are the same for all phones of a world.

mod explore;
mod invariants;
mod pack;
mod phones;
mod state;
mod walk;
mod worlds;
