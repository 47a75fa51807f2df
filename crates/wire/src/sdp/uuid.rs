//! UUIDs and their short forms (Core 5.4, Vol 3, Part B, 2.5.1).

use core::fmt;

/// The base that short UUIDs are offsets from: 00000000-0000-1000-8000-00805F9B34FB.
const BASE: u128 = 0x0000_0000_0000_1000_8000_0080_5F9B_34FB;

/// A universally unique identifier. A short form is equal to its long form.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(u128);

impl Uuid {
    /// The protocol SDP.
    pub const SDP: Uuid = Uuid::short(0x0001);
    /// The protocol RFCOMM.
    pub const RFCOMM: Uuid = Uuid::short(0x0003);
    /// The protocol AVCTP.
    pub const AVCTP: Uuid = Uuid::short(0x0017);
    /// The protocol AVDTP.
    pub const AVDTP: Uuid = Uuid::short(0x0019);
    /// The protocol L2CAP.
    pub const L2CAP: Uuid = Uuid::short(0x0100);
    /// The root of the browsing hierarchy.
    pub const PUBLIC_BROWSE_ROOT: Uuid = Uuid::short(0x1002);
    /// A source of music.
    pub const AUDIO_SOURCE: Uuid = Uuid::short(0x110A);
    /// A sink of music.
    pub const AUDIO_SINK: Uuid = Uuid::short(0x110B);
    /// What is controlled by AVRCP.
    pub const AV_REMOTE_CONTROL_TARGET: Uuid = Uuid::short(0x110C);
    /// The profile A2DP.
    pub const ADVANCED_AUDIO_DISTRIBUTION: Uuid = Uuid::short(0x110D);
    /// The profile AVRCP.
    pub const AV_REMOTE_CONTROL: Uuid = Uuid::short(0x110E);
    /// What controls by AVRCP.
    pub const AV_REMOTE_CONTROL_CONTROLLER: Uuid = Uuid::short(0x110F);
    /// A hands-free unit.
    pub const HANDS_FREE: Uuid = Uuid::short(0x111E);
    /// An audio gateway for hands-free units.
    pub const HANDS_FREE_AUDIO_GATEWAY: Uuid = Uuid::short(0x111F);
    /// Device identification.
    pub const PNP_INFORMATION: Uuid = Uuid::short(0x1200);
    /// Any audio.
    pub const GENERIC_AUDIO: Uuid = Uuid::short(0x1203);

    /// From a 16-bit or 32-bit form.
    pub const fn short(value: u32) -> Self {
        Uuid(BASE + ((value as u128) << 96))
    }

    /// From the 128-bit form.
    pub const fn long(value: u128) -> Self {
        Uuid(value)
    }

    /// The short form, if there is one.
    pub const fn as_short(self) -> Option<u32> {
        if self.0 as u64 == BASE as u64 && (self.0 >> 64) as u32 == (BASE >> 64) as u32 {
            Some((self.0 >> 96) as u32)
        } else {
            None
        }
    }

    /// The 128-bit form.
    pub const fn as_long(self) -> u128 {
        self.0
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_short() {
            Some(short) => write!(f, "0x{short:04X}"),
            None => {
                let v = self.0;
                let (a, b, c) = ((v >> 96) as u32, (v >> 80) as u16, (v >> 64) as u16);
                let (d, e) = ((v >> 48) as u16, v as u64 & 0xFFFF_FFFF_FFFF);
                write!(f, "{a:08X}-{b:04X}-{c:04X}-{d:04X}-{e:012X}")
            }
        }
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
