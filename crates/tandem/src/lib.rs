//! Tandem: a Bluetooth receiver in a library.
//!
//! A [`Receiver`] drives one Bluetooth controller and keeps several phones connected at once.
//! [`Receiver::open`] starts it from a [`Config`]; a [`Handle`] commands it from any thread, and a
//! [`Subscription`] tells what happens.
//!
//! Three threads, as long as a receiver lives: `radio` (the protocol; real-time where permitted),
//! `audio` (the sound; one step lower) and `control` (bonds, captures, subscribers). This crate is
//! the only place that reads a clock or starts a thread.

pub mod air;
mod attempt;
pub mod bluez;
pub mod bonds;
mod canceller;
mod capture;
mod clock;
pub mod config;
mod control;
pub mod demo;
pub mod dialling;
mod ear;
mod error;
mod health;
mod hub;
mod meters;
mod mouthpiece;
pub mod notice;
mod opening;
mod port;
mod radio;
mod realtime;
mod receiver;
pub mod replay;
mod shared;
mod simulated;
mod speaker;
mod start;
pub mod status;
mod talk;
mod tap;
mod told;
mod view;
mod wakeup;

pub use canceller::{Canceller, REFERENCE_MS};
pub use config::{Config, ConfigError};
pub use demo::DemoOptions;
pub use error::OpenError;
pub use host::{
    AnswerHow, Bond, Change, Command, Event, MediaAction, Refusal, Ticket, VoiceTo, VolumeKind,
};
pub use hub::{MAX_UNREAD, Next, Subscription};
pub use meters::Meter;
pub use notice::{Notice, What};
pub use opening::Opening;
pub use receiver::{COMMAND_TIMEOUT, CONNECT_TIMEOUT, Handle, Options, Receiver, SetError};
pub use status::Status;
pub use tap::{AUDIO_RATES, Audio, AudioKind, HELD_MS, Heard, MAX_AUDIO, NO_SUCH_AUDIO, Said};
pub use view::{MAX_UNSEEN, MAX_VIEWERS, Viewer};
pub use wire::Address;
pub use {sim, snoop, usb};
