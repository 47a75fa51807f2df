//! A dongle's interfaces, from the descriptors that its node gives (USB 2.0, 9.5 and 9.6; Bluetooth
//! Core 5.4, vol. 4 part B, 6: the interfaces and endpoints of a controller).
//!
//! Devices may lie in them: what cannot be understood ends the list, or counts as missing. Without
//! the endpoints for commands, events and data there is no controller; without those for voice there
//! is one, with no voice.

use std::fmt;
use std::ops::RangeInclusive;

/// Alternate settings that Bluetooth gives the voice interface: 0 (nothing) to 6.
pub(crate) const SETTINGS: usize = 7;

const DEVICE: u8 = 1;
const CONFIGURATION: u8 = 2;
const INTERFACE: u8 = 4;
const ENDPOINT: u8 = 5;
/// The least that a descriptor of those kinds is long.
const LENGTHS: [(u8, usize); 4] = [(DEVICE, 18), (CONFIGURATION, 9), (INTERFACE, 9), (ENDPOINT, 7)];

/// The class of Bluetooth controllers, and the vendor's own that some use for the same.
const BLUETOOTH: [[u8; 3]; 2] = [[0xe0, 0x01, 0x01], [0xff, 0x01, 0x01]];
/// What the class of a device that is a Bluetooth controller and nothing else begins with.
const WIRELESS: u8 = 0xe0;

/// What a packet on an endpoint may measure, by the kind of endpoint: the full-speed limits of
/// USB 2.0, 5.5 to 5.8, and the high-speed ones.
const INTERRUPT_SIZES: RangeInclusive<u16> = 1..=1024;
const BULK_SIZES: RangeInclusive<u16> = 8..=512;
/// Three packets have to fit a block.
const ISO_SIZES: RangeInclusive<u16> = 1..=640;

/// Why no controller can be driven through these descriptors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadDescriptors(pub &'static str);

impl fmt::Display for BadDescriptors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its descriptors are wrong: {}", self.0)
    }
}

impl std::error::Error for BadDescriptors {}

/// An endpoint: its address, and the most octets in one of its packets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Endpoint {
    pub(crate) address: u8,
    pub(crate) size: u16,
}

/// The interface for voice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct VoiceInterface {
    pub(crate) number: u8,
    /// By alternate setting: the endpoints from and to the dongle.
    pub(crate) settings: [Option<(Endpoint, Endpoint)>; SETTINGS],
}

/// A controller as its descriptors show it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Layout {
    pub(crate) vendor: u16,
    pub(crate) product: u16,
    /// The interface for commands, events and data.
    pub(crate) number: u8,
    /// The device is something else as well: requests name the interface.
    pub(crate) composite: bool,
    pub(crate) events: Endpoint,
    pub(crate) acl_in: Endpoint,
    pub(crate) acl_out: Endpoint,
    pub(crate) voice: Option<VoiceInterface>,
}

impl Layout {
    /// The interfaces that are taken.
    pub(crate) fn interfaces(&self) -> impl Iterator<Item = u8> + use<> {
        [Some(self.number), self.voice.map(|voice| voice.number)].into_iter().flatten()
    }
}

/// Finds the controller in a device descriptor and what follows it. Of several configurations the
/// first counts, which is the one that the kernel chooses for a Bluetooth dongle.
pub(crate) fn parse(bytes: &[u8]) -> Result<Layout, BadDescriptors> {
    let mut descriptors = Descriptors(bytes);
    let device = descriptors.next().filter(|found| found[1] == DEVICE);
    let device = device.ok_or(BadDescriptors("there is no device descriptor"))?;
    let interfaces = interfaces(descriptors)?;
    // One that is a controller by its device's class may say what it likes of its interfaces.
    let control = interfaces
        .iter()
        .find(|found| found.setting == 0 && BLUETOOTH.contains(&found.class))
        .or_else(|| interfaces.iter().find(|found| found.setting == 0))
        .ok_or(BadDescriptors("there is no interface"))?;
    let missing = |what| BadDescriptors(what);
    let events = control.endpoint(0x80, 3, INTERRUPT_SIZES);
    let acl_in = control.endpoint(0x80, 2, BULK_SIZES);
    let acl_out = control.endpoint(0x00, 2, BULK_SIZES);
    Ok(Layout {
        vendor: u16::from_le_bytes([device[8], device[9]]),
        product: u16::from_le_bytes([device[10], device[11]]),
        number: control.number,
        composite: device[4] != WIRELESS
            && interfaces.iter().any(|other| !BLUETOOTH.contains(&other.class)),
        events: events.ok_or(missing("no usable interrupt endpoint for events"))?,
        acl_in: acl_in.ok_or(missing("no usable bulk endpoint for data from the controller"))?,
        acl_out: acl_out.ok_or(missing("no usable bulk endpoint for data to the controller"))?,
        voice: voice(&interfaces, control.number),
    })
}

/// The interface behind `control`'s with isochronous endpoints both ways in some setting.
fn voice(interfaces: &[Interface], control: u8) -> Option<VoiceInterface> {
    let number = control.checked_add(1)?;
    let mut settings = [None; SETTINGS];
    for found in interfaces.iter().filter(|found| found.number == number) {
        let from = found.endpoint(0x80, 1, ISO_SIZES);
        let to = found.endpoint(0x00, 1, ISO_SIZES);
        if let Some(setting) = settings.get_mut(usize::from(found.setting)) {
            *setting = from.zip(to);
        }
    }
    // Setting 0 takes no bandwidth, whatever a device says of it.
    settings[0] = None;
    settings.iter().any(Option::is_some).then_some(VoiceInterface { number, settings })
}

/// One alternate setting of an interface.
struct Interface {
    number: u8,
    setting: u8,
    class: [u8; 3],
    /// Address, kind, packet size.
    endpoints: Vec<(u8, u8, u16)>,
}

impl Interface {
    /// The first endpoint of a direction and kind whose packets may be of such a size as it says.
    fn endpoint(&self, direction: u8, kind: u8, sizes: RangeInclusive<u16>) -> Option<Endpoint> {
        let mut endpoints = self.endpoints.iter();
        let found = endpoints.find(|(address, of, size)| {
            address & 0x80 == direction
                && address & 0x0f != 0
                && *of == kind
                && sizes.contains(size)
        });
        found.map(|(address, _, size)| Endpoint { address: *address, size: *size })
    }
}

/// The interfaces of the first configuration.
fn interfaces(descriptors: Descriptors<'_>) -> Result<Vec<Interface>, BadDescriptors> {
    let mut interfaces: Vec<Interface> = Vec::new();
    let mut configurations = 0;
    for descriptor in descriptors {
        match *descriptor {
            [_, CONFIGURATION, ..] => configurations += 1,
            [_, INTERFACE, number, setting, _, class, subclass, protocol, ..] => {
                let class = [class, subclass, protocol];
                interfaces.push(Interface { number, setting, class, endpoints: Vec::new() });
            }
            [_, ENDPOINT, address, kind, low, high, ..] => {
                // The upper bits say how many packets go in one microframe.
                let size = u16::from_le_bytes([low, high]) & 0x07ff;
                if let Some(interface) = interfaces.last_mut() {
                    interface.endpoints.push((address, kind & 3, size));
                }
            }
            _ => {}
        }
        if configurations == 2 {
            break;
        }
    }
    match configurations {
        0 => Err(BadDescriptors("there is no configuration descriptor")),
        _ => Ok(interfaces),
    }
}

/// Descriptors one after the other, up to the first whose length cannot be.
struct Descriptors<'a>(&'a [u8]);

impl<'a> Iterator for Descriptors<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (&length, &kind) = (self.0.first()?, self.0.get(1)?);
        let least = LENGTHS.iter().find(|(of, _)| *of == kind).map_or(2, |(_, least)| *least);
        if usize::from(length) < least {
            return None;
        }
        let descriptor = self.0.get(..usize::from(length))?;
        self.0 = &self.0[usize::from(length)..];
        Some(descriptor)
    }
}
