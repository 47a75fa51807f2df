//! Protocol state machines from HCI commands to AVDTP, one controller's worth of each.
//!
//! No clock, thread, lock, log, random number or I/O: time and bytes are handed in, and what is to
//! happen is polled out. Every table and queue is bounded by a named
//! constant.

pub mod a2dp;
pub mod avctp;
pub mod avdtp;
pub mod avrcp;
pub mod controller;
pub mod hfp;
pub mod l2cap;
pub mod rfcomm;
pub mod sdp;
mod stack;
pub mod types;

pub use stack::{
    Call, CallsRole, Config, GatewayChange, HeadsetChange, INITIATIVE, Media, Notice, Output,
    RemoteChange, Stack, StreamChange, Voice, VoiceChange,
};
pub use types::*;
