//! An air with virtual controllers and phones, in virtual time, from one seed.
//!
//! [`Air`] is the world: controllers are added to it, each is driven by a host through HCI packets
//! ([`Air::receive`], [`Air::poll`]), and they find, page, authenticate and talk to each other over a
//! simulated radio. Nothing happens but in [`Air::advance`]: the same seed and the same calls give the
//! same octets at the same nanosecond.
//!
//! What hosts can see is simulated: HCI commands and events (Core 5.4, Vol 4, Part E), procedures
//! between link managers with their errors and time-outs, credits, buffers, loss of range. What they
//! cannot see is not: baseband packets, frequencies, cryptography (keys are random and compared).
//!
//! A [`Phone`] is such a controller with a whole `stack` as an A2DP source and audio gateway on it; a [`World`] is an air
//! with one receiver's controller, phones, and a script of what their owners do.
//!
//! Not simulated: LE, broadcast, park and hold mode, out-of-band pairing data, periodic inquiry,
//! stored link keys, loopback. Sniff subrating is agreed to, without effect on timing.

mod air;
mod controller;
mod demo;
mod medium;
mod message;
mod options;
mod phone;
mod random;
mod world;

pub use air::Air;
pub use demo::{CAST, CHIME, DEMO, DEMO_LENGTH, Does, Scene};
pub use options::{Complaint, ControllerOptions, Fault};
pub use phone::{Act, Audio, Heard, Manners, Phone, PhoneOptions, Player, Speaker};
pub use random::Random;
pub use world::{RECEIVER, World};

/// A controller on the air.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ControllerId(pub(crate) usize);

#[cfg(test)]
mod tests;
