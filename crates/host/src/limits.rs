//! The sizes that a host is built with, and the settings it starts from.

use stack::{Confirmation, Name, SecureConnections};

use crate::event::Codec;

/// Media codecs, at most.
pub const MAX_CODECS: usize = 2;

/// How much a host holds at most. Everything is allocated when it is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Blocks in the arena that it sends from.
    pub blocks: usize,
    /// Octets in a block.
    pub block_size: usize,
    /// Effects between two drains.
    pub effects: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { blocks: 64, block_size: 2048, effects: 256 }
    }
}

/// What the owner chose.
#[derive(Clone, PartialEq, Debug)]
pub struct Settings {
    /// The receiver's name.
    pub name: Name,
    /// Class of device, 24 bits.
    pub class: u32,
    /// The media codecs that phones are offered, the preferred one first. SBC must be among them
    /// (A2DP 1.3, 4.2.1), and whoever plays the media must be able to decode each.
    pub codecs: heapless::Vec<Codec, MAX_CODECS>,
    /// The policy's settings.
    pub policy: multipoint::Policy,
    /// How long pairing mode stays open unless said otherwise.
    pub pairing_seconds: u32,
    /// Whether pairing asks.
    pub confirm: Confirmation,
    /// A PIN for phones without Secure Simple Pairing; without one they are turned away.
    pub legacy_pin: Option<heapless::Vec<u8, 16>>,
    /// The smallest encryption key that is good enough, 7 to 16 octets.
    pub min_key_size: u8,
    /// Secure Connections.
    pub secure_connections: SecureConnections,
    /// Whether phones are paged when the controller comes up and after a loss.
    pub reconnect: bool,
    /// The longest wait between two pages of one phone, in seconds.
    pub reconnect_max_seconds: u32,
    /// How long a phone is paged that does not come, in seconds.
    pub reconnect_for_seconds: u32,
    /// Seconds of sound before a phone without playback status takes over.
    pub blip_seconds: f32,
    /// Seconds after connecting in which nothing takes over.
    pub settle_seconds: f32,
    /// Seconds for which a phone that was put out is turned away.
    pub evicted_for_seconds: u32,
    /// The wait before media is resumed, in milliseconds.
    pub resume_delay_ms: u32,
    /// How long media may wait to be resumed, in seconds.
    pub resume_within_seconds: u32,
    /// How long a phone has to pause, in seconds.
    pub pause_check_seconds: f32,
    /// Whether wide-band speech is offered to phones; CVSD always is.
    pub msbc: bool,
    /// Whether phones are told to leave echo and noise to us (AT+NREC=0).
    pub noise_reduction_off: bool,
    /// The media volume of a phone's first connection, in percent.
    pub volume_first: u8,
    /// The delay that we report to phones, in tenths of a millisecond (AVDTP 1.3, 8.19).
    pub delay: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            name: Name::try_from("Tandem").unwrap_or_default(),
            class: 0x24_0404,
            codecs: [Codec::Sbc].into_iter().collect(),
            policy: multipoint::Policy::default(),
            pairing_seconds: 180,
            confirm: Confirmation::Auto,
            legacy_pin: None,
            min_key_size: 16,
            secure_connections: SecureConnections::Auto,
            reconnect: true,
            reconnect_max_seconds: 60,
            reconnect_for_seconds: 900,
            blip_seconds: 2.0,
            settle_seconds: 5.0,
            evicted_for_seconds: 60,
            resume_delay_ms: 500,
            resume_within_seconds: 600,
            pause_check_seconds: 5.0,
            msbc: true,
            noise_reduction_off: false,
            volume_first: 50,
            delay: 1500,
        }
    }
}
