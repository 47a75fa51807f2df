//! What the receiver does, situation by situation: one test for each thing that its owner is promised.

mod answering;
mod calls;
mod media;
mod receiver;
mod seats;
mod voice;
