//! Tandem: a Bluetooth receiver in a library.

pub mod bonds;
pub mod config;
mod hub;
pub mod notice;
pub mod status;
mod wakeup;

pub use config::{Config, ConfigError};
pub use host::{Bond, Change, Command, Event, Refusal, Ticket};
pub use hub::{MAX_UNREAD, Next, Subscription};
pub use notice::{Notice, What};
pub use status::Status;
pub use wire::Address;
