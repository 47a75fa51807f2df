//! What is known of one dongle without opening it.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::access::Access;
use crate::known::{Quirk, quirks};

/// Class, subclass and protocol of a device or an interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Class(pub(crate) u8, pub(crate) u8, pub(crate) u8);

/// A USB device as the bus shows it, Bluetooth or not.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) bus: u8,
    pub(crate) ports: Vec<u8>,
    pub(crate) address: u8,
    pub(crate) vendor: u16,
    pub(crate) product: u16,
    pub(crate) class: Class,
    /// Interface numbers and classes.
    pub(crate) interfaces: Vec<(u8, Class)>,
    pub(crate) manufacturer: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) serial: Option<String>,
    /// Its folder in sysfs.
    pub(crate) sysfs: PathBuf,
}

impl Device {
    pub(crate) fn from_nusb(device: &nusb::DeviceInfo) -> Device {
        let interfaces = device.interfaces().map(|interface| {
            let class = Class(interface.class(), interface.subclass(), interface.protocol());
            (interface.interface_number(), class)
        });
        Device {
            bus: device.busnum(),
            ports: device.port_chain().to_vec(),
            address: device.device_address(),
            vendor: device.vendor_id(),
            product: device.product_id(),
            class: Class(device.class(), device.subclass(), device.protocol()),
            interfaces: interfaces.collect(),
            manufacturer: device.manufacturer_string().map(str::to_owned),
            name: device.product_string().map(str::to_owned),
            serial: device.serial_number().map(str::to_owned),
            sysfs: device.sysfs_path().to_owned(),
        }
    }
}

/// A Bluetooth dongle.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dongle {
    /// The bus, from 1.
    pub bus: u8,
    /// The ports on the way from the bus's root to the dongle.
    pub ports: Vec<u8>,
    /// The address on the bus, which changes each time that the dongle is plugged in.
    pub address: u8,
    /// The vendor's id.
    pub vendor: u16,
    /// The vendor's id for the product.
    pub product: u16,
    /// The vendor as the dongle names it.
    pub manufacturer: Option<String>,
    /// The product as the dongle names it.
    pub name: Option<String>,
    /// The serial number, if there is one; cheap dongles of a kind share theirs.
    pub serial: Option<String>,
    /// The kernel driver that has the interface for commands and data: `btusb` as a rule, `usbfs` if
    /// a program has it.
    pub driver: Option<String>,
    /// The node to open.
    pub node: PathBuf,
    /// Whether we may.
    pub access: Access,
    /// What is known to be odd about it.
    pub quirks: Vec<&'static str>,
}

impl Dongle {
    pub(crate) fn describe(device: Device, nodes: &Path) -> Dongle {
        let node = nodes.join(format!("{:03}/{:03}", device.bus, device.address));
        Dongle {
            access: Access::to(&node),
            node,
            driver: driver(&device),
            quirks: quirks(device.vendor, device.product).map(Quirk::text).collect(),
            bus: device.bus,
            ports: device.ports,
            address: device.address,
            vendor: device.vendor,
            product: device.product,
            manufacturer: device.manufacturer,
            name: device.name,
            serial: device.serial,
        }
    }

    /// The bus and ports as sysfs writes them: `1-4.2`.
    pub fn path(&self) -> String {
        let ports: Vec<_> = self.ports.iter().map(u8::to_string).collect();
        format!("{}-{}", self.bus, ports.join("."))
    }
}

impl fmt::Display for Dongle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "usb:{} {:04x}:{:04x}", self.path(), self.vendor, self.product)?;
        [&self.manufacturer, &self.name]
            .into_iter()
            .flatten()
            .try_for_each(|text| write!(f, " {text}"))
    }
}

/// The driver of the first interface, on which commands, events and data go.
fn driver(device: &Device) -> Option<String> {
    let (number, _) = device.interfaces.iter().min_by_key(|(number, _)| *number)?;
    let name = device.sysfs.file_name()?.to_str()?;
    // A device has one configuration at a time, whose number is part of the folder's name.
    let suffix = format!(".{number}");
    let folders = std::fs::read_dir(&device.sysfs).ok()?;
    let interface = folders.flatten().find(|folder| {
        let folder = folder.file_name();
        let rest = folder.to_str().and_then(|folder| folder.strip_prefix(name));
        rest.is_some_and(|rest| rest.starts_with(':') && rest.ends_with(&suffix))
    })?;
    let driver = std::fs::read_link(interface.path().join("driver")).ok()?;
    Some(driver.file_name()?.to_str()?.to_owned())
}
