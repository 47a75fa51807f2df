//! The descriptors of a full-speed Bluetooth controller (USB 2.0, 9.6; Bluetooth Core 5.4, Vol 4,
//! Part B, 2.1), and the ways in which those of bad ones lie.

use std::fmt;
use std::str::FromStr;

/// What goes with each endpoint.
pub(crate) const CONTROL: u8 = 0x00;
pub(crate) const EVENTS: u8 = 0x81;
pub(crate) const DATA_IN: u8 = 0x82;
pub(crate) const DATA_OUT: u8 = 0x02;
pub(crate) const VOICE_IN: u8 = 0x83;
pub(crate) const VOICE_OUT: u8 = 0x03;

/// Packet sizes of events and of data.
pub(crate) const EVENT_PACKET: usize = 16;
pub(crate) const DATA_PACKET: usize = 64;
/// Packet sizes of voice, by alternate setting.
pub(crate) const VOICE_PACKETS: [u16; 7] = [0, 9, 17, 25, 33, 49, 63];

/// Class, subclass and protocol of a Bluetooth controller.
const BLUETOOTH: [u8; 3] = [0xe0, 0x01, 0x01];

/// How the descriptors lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Lie {
    #[default]
    None,
    /// The configuration says that it is longer than it is.
    TooLong,
    /// The configuration says that it ends within interface 1.
    TooShort,
    /// The first endpoint's descriptor has no length.
    NoLength,
    /// Interface 0 has no endpoint for events.
    NoEvents,
    /// Interface 0 has no endpoint for data to the host.
    NoData,
    /// Interface 0 has no endpoints, and says so.
    NoEndpoints,
    /// Packets of all endpoints hold nothing.
    NoPackets,
    /// There is no interface for voice.
    NoVoice,
    /// The interface for voice has setting 0 alone.
    OneSetting,
    /// Events come on a bulk endpoint, data on interrupt endpoints.
    Swapped,
}

const LIES: [(&str, Lie); 11] = [
    ("none", Lie::None),
    ("too-long", Lie::TooLong),
    ("too-short", Lie::TooShort),
    ("no-length", Lie::NoLength),
    ("no-events", Lie::NoEvents),
    ("no-data", Lie::NoData),
    ("no-endpoints", Lie::NoEndpoints),
    ("no-packets", Lie::NoPackets),
    ("no-voice", Lie::NoVoice),
    ("one-setting", Lie::OneSetting),
    ("swapped", Lie::Swapped),
];

impl FromStr for Lie {
    type Err = String;

    fn from_str(text: &str) -> Result<Lie, String> {
        let found = LIES.iter().find(|(name, _)| *name == text);
        found.map(|(_, lie)| *lie).ok_or_else(|| {
            let names: Vec<&str> = LIES.iter().map(|(name, _)| *name).collect();
            format!("`{text}` is none of {}", names.join(", "))
        })
    }
}

impl fmt::Display for Lie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(LIES.iter().find(|(_, lie)| lie == self).map_or("", |(name, _)| name))
    }
}

/// Who a dongle says that it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Identity {
    pub(crate) vendor: u16,
    pub(crate) product: u16,
    pub(crate) serial: Option<String>,
    pub(crate) lie: Lie,
}

impl Identity {
    /// The descriptor that Get Descriptor asks for, by `wValue`: kind in the high byte, index in the low.
    pub(crate) fn descriptor(&self, value: u16) -> Option<Vec<u8>> {
        let [kind, index] = value.to_be_bytes();
        match (kind, index) {
            (1, _) => Some(self.device()),
            (2, 0) => Some(self.configuration()),
            (3, 0) => Some(vec![4, 3, 0x09, 0x04]),
            (3, 1) => Some(text("Tandem")),
            (3, 2) => Some(text("Emulated dongle")),
            (3, 3) => self.serial.as_deref().map(text),
            // Among others the device qualifier, which full-speed devices do not have.
            _ => None,
        }
    }

    fn device(&self) -> Vec<u8> {
        let [class, subclass, protocol] = BLUETOOTH;
        let mut bytes = vec![18, 1, 0x00, 0x02, class, subclass, protocol, 64];
        bytes.extend(self.vendor.to_le_bytes());
        bytes.extend(self.product.to_le_bytes());
        bytes.extend([0x00, 0x01, 1, 2, if self.serial.is_some() { 3 } else { 0 }, 1]);
        bytes
    }

    fn configuration(&self) -> Vec<u8> {
        let lie = self.lie;
        let interfaces = if lie == Lie::NoVoice { 1 } else { 2 };
        // Bus-powered, wakes nobody, 100 mA.
        let mut bytes = vec![9, 2, 0, 0, interfaces, 1, 0, 0x80, 50];
        self.commands(&mut bytes);
        let settings = match lie {
            Lie::NoVoice => 0,
            Lie::OneSetting => 1,
            _ => VOICE_PACKETS.len(),
        };
        for (setting, size) in VOICE_PACKETS.into_iter().enumerate().take(settings) {
            let size = if lie == Lie::NoPackets { 0 } else { size };
            interface(&mut bytes, 1, setting as u8, 2);
            endpoint(&mut bytes, VOICE_OUT, 1, size, 1);
            endpoint(&mut bytes, VOICE_IN, 1, size, 1);
        }
        let length = match lie {
            Lie::TooLong => bytes.len() + 300,
            Lie::TooShort => bytes.len() - 40,
            _ => bytes.len(),
        };
        bytes[2..4].copy_from_slice(&(length as u16).to_le_bytes());
        bytes
    }

    /// Interface 0: commands by the control endpoint, events, data.
    fn commands(&self, bytes: &mut Vec<u8>) {
        let (interrupt, bulk) = match self.lie {
            Lie::Swapped => (2, 3),
            _ => (3, 2),
        };
        let endpoints: Vec<(u8, u8, usize)> = [
            (EVENTS, interrupt, EVENT_PACKET),
            (DATA_IN, bulk, DATA_PACKET),
            (DATA_OUT, bulk, DATA_PACKET),
        ]
        .into_iter()
        .filter(|(address, _, _)| match self.lie {
            Lie::NoEndpoints => false,
            Lie::NoEvents => *address != EVENTS,
            Lie::NoData => *address != DATA_IN,
            _ => true,
        })
        .collect();
        interface(bytes, 0, 0, endpoints.len() as u8);
        let first = bytes.len();
        for (address, kind, size) in endpoints {
            let size = if self.lie == Lie::NoPackets { 0 } else { size };
            // Every millisecond, though only interrupt endpoints say how often.
            endpoint(bytes, address, kind, size as u16, u8::from(kind == 3));
        }
        if self.lie == Lie::NoLength {
            bytes[first] = 0;
        }
    }
}

fn interface(bytes: &mut Vec<u8>, number: u8, setting: u8, endpoints: u8) {
    let [class, subclass, protocol] = BLUETOOTH;
    bytes.extend([9, 4, number, setting, endpoints, class, subclass, protocol, 0]);
}

fn endpoint(bytes: &mut Vec<u8>, address: u8, kind: u8, size: u16, interval: u8) {
    bytes.extend([7, 5, address, kind]);
    bytes.extend(size.to_le_bytes());
    bytes.push(interval);
}

fn text(text: &str) -> Vec<u8> {
    let mut bytes = vec![0, 3];
    text.encode_utf16().for_each(|unit| bytes.extend(unit.to_le_bytes()));
    bytes[0] = bytes.len() as u8;
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(lie: Lie) -> Identity {
        Identity { vendor: 0x1209, product: 0x0b1e, serial: Some("1".into()), lie }
    }

    /// Each descriptor's kind and bytes, walked by their lengths.
    fn walk(bytes: &[u8]) -> Vec<&[u8]> {
        let (mut found, mut rest) = (Vec::new(), bytes);
        while let [length, ..] = rest {
            let (one, after) = rest.split_at(usize::from(*length));
            found.push(one);
            rest = after;
        }
        found
    }

    #[test]
    fn an_honest_dongle_has_two_interfaces_and_seven_settings() {
        let bytes = identity(Lie::None).configuration();
        assert_eq!(usize::from(u16::from_le_bytes([bytes[2], bytes[3]])), bytes.len());
        let walked = walk(&bytes);
        let interfaces: Vec<_> =
            walked.iter().filter(|one| one[1] == 4).map(|one| (one[2], one[3], one[4])).collect();
        assert_eq!(interfaces[0], (0, 0, 3));
        assert_eq!(interfaces[1..], [0, 1, 2, 3, 4, 5, 6].map(|setting| (1, setting, 2)));
        let sizes: Vec<_> = walked
            .iter()
            .filter(|one| one[1] == 5 && one[2] == VOICE_IN)
            .map(|one| u16::from_le_bytes([one[4], one[5]]))
            .collect();
        assert_eq!(sizes, VOICE_PACKETS);
        let device = identity(Lie::None).device();
        assert_eq!(
            (device.len(), &device[4..12]),
            (18, &[0xe0, 1, 1, 64, 0x09, 0x12, 0x1e, 0x0b][..])
        );
    }

    #[test]
    fn each_lie_is_told_once() {
        let honest = identity(Lie::None).configuration();
        for (name, lie) in LIES {
            let bytes = identity(lie).configuration();
            assert_eq!(bytes == honest, lie == Lie::None, "{name}");
            assert_eq!(name.parse(), Ok(lie));
            assert_eq!(lie.to_string(), name);
        }
        assert!("no-truth".parse::<Lie>().is_err());
    }

    #[test]
    fn strings_are_utf_16_with_their_length() {
        assert_eq!(identity(Lie::None).descriptor(0x0303), Some(vec![4, 3, b'1', 0]));
        assert_eq!(identity(Lie::None).descriptor(0x0600), None, "no device qualifier");
    }
}
