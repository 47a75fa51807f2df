//! Tandem: a Bluetooth receiver in a library.

pub mod bonds;
pub mod config;

pub use config::{Config, ConfigError};
