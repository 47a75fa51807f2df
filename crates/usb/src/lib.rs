//! Bluetooth dongles on USB: which are there ([`list`]), which one is meant ([`Spec`]), whether we may
//! open it and what to do if not ([`Access`]), and what is known to be odd about it.
//!
//! Devices are found with nusb; drivers and permissions are read from sysfs and `/dev`. Nothing is
//! opened, so nothing changes for whoever uses the dongle. A device counts as a dongle if it, or one of its
//! interfaces, has the class of Bluetooth controllers (e0/01/01, USB's *Defined Class Codes*), or
//! if it is one of those that hide behind a vendor's class.
//!
//! Linux only. Not here yet: taking a dongle from the kernel's driver and moving packets, voice, and
//! firmware upload. Not supported: AMP controllers (e0/01/04).

mod access;
mod dongle;
mod known;
mod spec;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;

use nusb::MaybeFuture;

pub use access::Access;
pub use dongle::Dongle;
pub use known::quirks;
pub use spec::{BadSpec, NoSuchDongle, Spec};

/// Where the system shows its USB devices.
const SYSFS: &str = "/sys/bus/usb/devices";
/// Where their nodes are.
const NODES: &str = "/dev/bus/usb";

/// The system would not say which USB devices there are.
#[derive(Debug)]
pub struct Error(nusb::Error);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot list USB devices: {}", self.0)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// The Bluetooth dongles of this machine, by bus and port; none on a machine without USB. Devices that
/// vanish while they are looked at are left out.
pub fn list() -> Result<Vec<Dongle>, Error> {
    if !Path::new(SYSFS).is_dir() {
        return Ok(Vec::new());
    }
    let devices = nusb::list_devices().wait().map_err(Error)?;
    let mut dongles: Vec<Dongle> = devices
        .map(|device| dongle::Device::from_nusb(&device))
        .filter(known::is_bluetooth)
        .map(|device| Dongle::describe(device, Path::new(NODES)))
        .collect();
    dongles.sort_by(|a, b| (a.bus, &a.ports).cmp(&(b.bus, &b.ports)));
    Ok(dongles)
}
