//! Which devices are Bluetooth controllers though their class does not say so, and what is known to be
//! odd about some. Ids and oddities are those that Linux 6.18's `btusb` acts upon.
//! The lists are not complete.
//!
//! The driver acts upon what concerns voice over USB; the rest is for people and for the layers above.

use crate::dongle::{Class, Device};
use crate::voice::Habits;

/// A Bluetooth controller for BR/EDR.
const BLUETOOTH: Class = Class(0xe0, 0x01, 0x01);
/// The same, behind a vendor's class.
const VENDOR_BLUETOOTH: Class = Class(0xff, 0x01, 0x01);

/// Who builds controllers with interfaces of [`VENDOR_BLUETOOTH`], Broadcom's chips all of them.
const BROADCOM_BASED: [u16; 11] = [
    0x0489, // Foxconn
    0x04ca, // Lite-On
    0x050d, // Belkin
    0x05ac, // Apple
    0x0930, // Toshiba
    0x0a5c, // Broadcom
    0x0b05, // Asus
    0x0bb4, // HTC
    0x105b, // Foxconn
    0x13d3, // IMC Networks
    0x413c, // Dell
];

/// Controllers that can only be told by vendor and product.
const BY_ID: [(u16, u16); 17] = [
    (0x044e, 0x3001), // Alps
    (0x044e, 0x3002),
    (0x04bf, 0x030a), // IBM Ultraport
    (0x057c, 0x3800), // AVM BlueFRITZ! 2.0
    (0x05ac, 0x8213), // Apple
    (0x05ac, 0x8215),
    (0x05ac, 0x8218),
    (0x05ac, 0x821a),
    (0x05ac, 0x821b),
    (0x05ac, 0x821f),
    (0x05ac, 0x8281),
    (0x0a5c, 0x21e1), // Broadcom SoftSailing
    (0x0bdb, 0x1002), // Ericsson
    (0x0c10, 0x0000), // Canyon CN-BTU1
    (0x0e8d, 0x763f), // MediaTek MT76x0E
    (0x19ff, 0x0239), // Broadcom BCM20702B0 (Dynex, Insignia)
    (0x8087, 0x0a5a), // Intel boot loader
];

pub(crate) fn is_bluetooth(device: &Device) -> bool {
    let has = |class| device.interfaces.iter().any(|(_, found)| *found == class);
    device.class == BLUETOOTH
        || has(BLUETOOTH)
        || has(VENDOR_BLUETOOTH) && BROADCOM_BASED.contains(&device.vendor)
        || BY_ID.contains(&(device.vendor, device.product))
}

/// What is known to be odd about a dongle.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Quirk {
    /// A CSR8510 or a copy. Two changes of alternate settings at once stall it for good: there is
    /// only ever one here.
    OneChangeAtATime,
    /// It puts zeros in front of voice packets of 60 octets.
    ZerosBeforeVoice,
    /// It is no controller.
    Sniffer,
    /// It gets its firmware from the host.
    Firmware,
    /// It gets its firmware from the kernel's `ath3k`.
    AtherosFirmware,
    /// Its wideband voice does not work.
    NoWideband,
    /// Its voice over USB does not work.
    BrokenVoice,
    /// It announces a wrong size of voice packets.
    WrongVoiceSize,
    /// Its wideband voice works in this alternate setting, not in the usual 1.
    WidebandSetting(u8),
}

impl Quirk {
    /// It in words, as the rest of a sentence that begins with the dongle.
    pub fn text(self) -> &'static str {
        match self {
            Quirk::OneChangeAtATime => {
                "a CSR8510 or a copy: stalls when two alternate settings are changed at once"
            }
            Quirk::ZerosBeforeVoice => "puts zeros in front of wideband voice",
            Quirk::Sniffer => "is a sniffer, not a controller",
            Quirk::Firmware => {
                "gets its firmware from the host after each power-up, out of /lib/firmware"
            }
            Quirk::AtherosFirmware => {
                "does nothing before the kernel's ath3k driver has given it its firmware"
            }
            Quirk::NoWideband => "has no wideband voice (mSBC)",
            Quirk::BrokenVoice => "voice over USB is broken",
            Quirk::WrongVoiceSize => "announces a wrong size of voice packets",
            Quirk::WidebandSetting(6) => "wideband voice needs alternate setting 6",
            Quirk::WidebandSetting(_) => "wideband voice needs alternate setting 3",
        }
    }
}

/// Vendor, product (all of the vendor's if `None`), what is odd.
const QUIRKS: [(u16, Option<u16>, Quirk); 35] = [
    (0x0a12, Some(0x0001), Quirk::OneChangeAtATime),
    (0x0a12, Some(0x0001), Quirk::ZerosBeforeVoice),
    (0x0a12, Some(0x0002), Quirk::Sniffer),
    (0x16d3, Some(0x0002), Quirk::Sniffer),
    (0x8087, None, Quirk::Firmware),
    (0x8087, Some(0x07dc), Quirk::NoWideband),
    (0x8087, Some(0x0a2a), Quirk::NoWideband),
    (0x8087, Some(0x0a5a), Quirk::BrokenVoice),
    (0x0bda, None, Quirk::Firmware),
    // RTL8852BT and RTL8852BE-VT.
    (0x0bda, Some(0x8520), Quirk::WidebandSetting(6)),
    (0x0489, Some(0xe12f), Quirk::WidebandSetting(6)),
    (0x0e8d, None, Quirk::Firmware),
    (0x0cf3, Some(0xe007), Quirk::Firmware),
    (0x0cf3, Some(0xe009), Quirk::Firmware),
    (0x0cf3, Some(0xe300), Quirk::Firmware),
    (0x0cf3, Some(0xe500), Quirk::Firmware),
    (0x0cf3, Some(0xe600), Quirk::Firmware),
    (0x0cf3, Some(0xe700), Quirk::Firmware),
    (0x0cf3, Some(0x3002), Quirk::AtherosFirmware),
    (0x0cf3, Some(0x3004), Quirk::AtherosFirmware),
    (0x0cf3, Some(0xe019), Quirk::AtherosFirmware),
    (0x0930, Some(0x0215), Quirk::AtherosFirmware),
    (0x13d3, Some(0x3304), Quirk::AtherosFirmware),
    (0x0400, Some(0x0807), Quirk::BrokenVoice),
    (0x0400, Some(0x080a), Quirk::BrokenVoice),
    (0x0e5e, Some(0x6622), Quirk::BrokenVoice),
    (0x0a5c, Some(0x200a), Quirk::WrongVoiceSize),
    (0x0a5c, Some(0x201e), Quirk::WrongVoiceSize),
    (0x0a5c, Some(0x2035), Quirk::WrongVoiceSize),
    (0x0a5c, Some(0x2039), Quirk::WrongVoiceSize),
    (0x0a5c, Some(0x2101), Quirk::WrongVoiceSize),
    (0x0a5c, Some(0x2110), Quirk::WrongVoiceSize),
    (0x050d, Some(0x0012), Quirk::WrongVoiceSize),
    (0x050d, Some(0x0013), Quirk::WrongVoiceSize),
    (0x047d, Some(0x105e), Quirk::WrongVoiceSize),
];

/// What is known to be odd about the dongles of a make.
pub fn quirks(vendor: u16, product: u16) -> impl Iterator<Item = Quirk> {
    QUIRKS
        .into_iter()
        .filter(move |(v, p, _)| *v == vendor && p.is_none_or(|p| p == product))
        .map(|(_, _, quirk)| quirk)
        // The old Intel 6235 holds a CSR chip with its firmware in it.
        .filter(move |quirk| (vendor, product) != (0x8087, 0x07da) || *quirk != Quirk::Firmware)
}

/// What that means for voice.
pub(crate) fn habits(vendor: u16, product: u16) -> Habits {
    quirks(vendor, product).fold(Habits::default(), |habits, quirk| match quirk {
        Quirk::WidebandSetting(setting) => Habits { wideband: Some(setting), ..habits },
        Quirk::ZerosBeforeVoice => Habits { zeros: true, ..habits },
        _ => habits,
    })
}
