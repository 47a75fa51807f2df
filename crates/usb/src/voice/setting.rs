//! Which alternate setting of the voice interface carries which links (Bluetooth Core 5.4, vol. 4
//! part B, 2.1.1: the suggested settings and what each is for).
//!
//! A setting is a packet size on the bus, one packet a millisecond: settings 1 to 5 have room for 1, 2, 3, 4
//! and 6 times 8 kB/s, headers included. A voice packet lies across three bus packets; of setting 6,
//! which is for one wideband link, in one.

use crate::descriptors::SETTINGS;

/// The most synchronous links that a dongle has room for.
pub const MOST_LINKS: usize = 3;

/// Octets in front of a voice packet's payload.
pub(crate) const HEADER: usize = 3;
/// How many bus packets a voice packet lies across, and so how many go in one transfer.
pub(crate) const PACKETS: usize = 3;
/// The least that a bus packet measures in any setting but 0.
pub(crate) const LEAST_SIZE: u16 = 9;
/// The setting whose packets hold one wideband frame each.
const WIDEBAND: u8 = 6;

/// What the payload of a link's voice packets is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Coding {
    /// Samples of 16 bits at 8 kHz, which the controller codes as CVSD.
    Linear16,
    /// Samples of 8 bits (linear, A-law or µ-law) at 8 kHz, likewise.
    Linear8,
    /// What goes over the air, 8 kB/s: mSBC, coded by the host.
    Transparent,
}

impl Coding {
    /// Octets in a millisecond.
    pub(crate) fn octets(self) -> usize {
        match self {
            Coding::Linear16 => 16,
            Coding::Linear8 | Coding::Transparent => 8,
        }
    }
}

/// A synchronous link that is up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VoiceLink {
    /// Its connection handle.
    pub handle: u16,
    /// What its packets hold.
    pub coding: Coding,
}

/// Whether the only link is a transparent one, for which there is a choice.
pub(crate) fn is_wideband(links: &[VoiceLink]) -> bool {
    matches!(links, [VoiceLink { coding: Coding::Transparent, .. }])
}

/// The setting for `links`, of those for which `usable` holds; `None` if none will do. For a single
/// wideband link that is `preferred` if it is usable, else 1.
pub(crate) fn choose(
    links: &[VoiceLink],
    preferred: Option<u8>,
    usable: impl Fn(u8) -> bool,
) -> Option<u8> {
    if links.is_empty() {
        return Some(0);
    }
    let preferred = preferred.filter(|setting| is_wideband(links) && usable(*setting));
    let octets: usize = links.iter().map(|link| link.coding.octets()).sum();
    let least = (octets / 8).min(5) as u8;
    // One of more room than needed does too, except that transparent data has its own pace.
    let last = if is_wideband(links) { least } else { 5 };
    preferred.or_else(|| (least..=last).find(|setting| usable(*setting)))
}

/// How voice goes to the dongle in a setting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Pace {
    /// Octets in a bus packet.
    pub(crate) size: u16,
    /// Octets of payload in a voice packet.
    pub(crate) payload: usize,
    /// Bus packets from the beginning of a voice packet to that of the next, taken in turns.
    pub(crate) every: [u8; 2],
}

impl Pace {
    /// That of a setting whose bus packets are of `size`, at least [`LEAST_SIZE`].
    pub(crate) fn of(setting: u8, size: u16) -> Pace {
        debug_assert!(usize::from(setting) < SETTINGS);
        let whole = if setting == WIDEBAND { size } else { size * PACKETS as u16 };
        // 60 octets of mSBC are 7.5 ms.
        let every = if setting == WIDEBAND { [8, 7] } else { [PACKETS as u8; 2] };
        let payload = (usize::from(whole) - HEADER).min(255);
        Pace { size, payload, every }
    }
}
