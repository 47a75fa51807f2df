//! Which devices are Bluetooth controllers though their class does not say so, and what is known to be
//! odd about some. Ids and oddities are those that Linux 6.18's `btusb` acts upon.
//!
//! Nothing in Tandem acts upon them yet: they are shown to people. The list is not complete.

use crate::dongle::{Class, Device};

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

const FIRMWARE: &str = "gets its firmware from the host after each power-up, which Tandem does not do yet: \
                        let the kernel's btusb driver bring it up first";
const ATHEROS_FIRMWARE: &str =
    "does nothing before the kernel's ath3k driver has given it its firmware";
const NO_WIDEBAND: &str = "has no wideband voice (mSBC)";
const BROKEN_VOICE: &str = "voice over USB is broken";
const WRONG_VOICE_SIZE: &str = "announces a wrong size of voice packets";
const SNIFFER: &str = "is a sniffer, not a controller";

/// Vendor, product (all of the vendor's if `None`), what is odd.
const QUIRKS: [(u16, Option<u16>, &str); 32] = [
    (
        0x0a12,
        Some(0x0001),
        "a CSR8510 or a copy: stalls when two alternate settings are changed at once",
    ),
    (0x0a12, Some(0x0002), SNIFFER),
    (0x16d3, Some(0x0002), SNIFFER),
    (0x8087, None, FIRMWARE),
    (0x8087, Some(0x07dc), NO_WIDEBAND),
    (0x8087, Some(0x0a2a), NO_WIDEBAND),
    (0x8087, Some(0x0a5a), BROKEN_VOICE),
    (0x0bda, None, FIRMWARE),
    (0x0e8d, None, FIRMWARE),
    (0x0cf3, Some(0xe007), FIRMWARE),
    (0x0cf3, Some(0xe009), FIRMWARE),
    (0x0cf3, Some(0xe300), FIRMWARE),
    (0x0cf3, Some(0xe500), FIRMWARE),
    (0x0cf3, Some(0xe600), FIRMWARE),
    (0x0cf3, Some(0xe700), FIRMWARE),
    (0x0cf3, Some(0x3002), ATHEROS_FIRMWARE),
    (0x0cf3, Some(0x3004), ATHEROS_FIRMWARE),
    (0x0cf3, Some(0xe019), ATHEROS_FIRMWARE),
    (0x0930, Some(0x0215), ATHEROS_FIRMWARE),
    (0x13d3, Some(0x3304), ATHEROS_FIRMWARE),
    (0x0400, Some(0x0807), BROKEN_VOICE),
    (0x0400, Some(0x080a), BROKEN_VOICE),
    (0x0e5e, Some(0x6622), BROKEN_VOICE),
    (0x0a5c, Some(0x200a), WRONG_VOICE_SIZE),
    (0x0a5c, Some(0x201e), WRONG_VOICE_SIZE),
    (0x0a5c, Some(0x2035), WRONG_VOICE_SIZE),
    (0x0a5c, Some(0x2039), WRONG_VOICE_SIZE),
    (0x0a5c, Some(0x2101), WRONG_VOICE_SIZE),
    (0x0a5c, Some(0x2110), WRONG_VOICE_SIZE),
    (0x050d, Some(0x0012), WRONG_VOICE_SIZE),
    (0x050d, Some(0x0013), WRONG_VOICE_SIZE),
    (0x047d, Some(0x105e), WRONG_VOICE_SIZE),
];

/// What is known to be odd about the dongles of a make.
pub fn quirks(vendor: u16, product: u16) -> impl Iterator<Item = &'static str> {
    QUIRKS
        .into_iter()
        .filter(move |(v, p, _)| *v == vendor && p.is_none_or(|p| p == product))
        // The old Intel 6235 holds a CSR chip with its firmware in it.
        .filter(move |(_, _, text)| (vendor, product) != (0x8087, 0x07da) || *text != FIRMWARE)
        .map(|(_, _, text)| text)
}
