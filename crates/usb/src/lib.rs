//! The kernel-bypass driver for Bluetooth dongles on USB (Bluetooth Core 5.4, vol. 4 part B: "USB
//! Transport Layer").
//!
//! Before opening: which dongles are there ([`list`]), which one is meant ([`Spec`]), whether we may open
//! it and what to do if not ([`Access`]), and what is known to be odd about it. Devices are found
//! with nusb; drivers and permissions are read from sysfs and `/dev`. A device counts as a dongle if it,
//! or one of its interfaces, has the class of Bluetooth controllers (e0/01/01, USB's *Defined Class
//! Codes*), or if it is one of those that hide behind a vendor's class.
//!
//! Open: [`Transport`] takes the dongle from the kernel's driver, moves HCI packets both ways through
//! memory that it shares with the kernel, and gives the dongle back. What it asks of the system goes
//! through [`system::Node`], which [`Usbfs`] is.
//!
//! Linux only. Limits: [`QUEUE`] packets of a kind wait to be sent; packets from the dongle are no
//! longer than a block less [`pool::HEADROOM`]. Events and data come through pipes of their own: the
//! first data of a link may overtake the event that tells of the link. What some dongles must be given
//! before they work is in [`firmware`], which [`Transport::set_up`] carries out. Not supported: AMP
//! controllers (e0/01/04), bulk serialisation of events (Core 6).

mod access;
mod descriptors;
mod dongle;
mod error;
#[cfg(any(test, feature = "fake"))]
pub mod fake;
pub mod firmware;
mod framer;
mod guardian;
mod health;
mod inbound;
mod known;
#[cfg(feature = "libusb")]
mod libusb;
mod open;
mod outbound;
mod ring;
mod setup;
mod spec;
pub mod system;
#[cfg(test)]
mod tests;
mod transport;
mod usbfs;
mod voice;
mod watch;

use std::path::Path;
use std::{fmt, io};

use nusb::MaybeFuture;

pub use access::Access;
pub use descriptors::BadDescriptors;
pub use dongle::Dongle;
pub use error::{Lost, OpenError, SendError};
pub use guardian::Guardian;
pub use health::Health;
pub use inbound::{FAILURES, STALLS};
pub use known::{Quirk, quirks};
#[cfg(feature = "libusb")]
pub use libusb::Libusb;
pub use open::{Open, Options};
pub use outbound::QUEUE;
pub use spec::{BadSpec, NoSuchDongle, Spec};
pub use transport::{
    COMMAND_TRANSFERS, DATA_TRANSFERS, EVENT_TRANSFERS, SEND_TRANSFERS, Transport,
};
pub use usbfs::Usbfs;
pub use voice::{
    Coding, MOST_LINKS, PROVE_WITHIN, TRANSFERS_IN, TRANSFERS_OUT, VoiceLink, VoiceReport,
};
pub use watch::{Change, Watch, watch};

/// Where the system shows its USB devices.
const SYSFS: &str = "/sys/bus/usb/devices";
/// Where their nodes are.
const NODES: &str = "/dev/bus/usb";

/// The system would not say which USB devices there are.
#[derive(Debug)]
pub struct Error(io::Error);

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

impl From<nusb::Error> for Error {
    fn from(error: nusb::Error) -> Self {
        Error(error.into())
    }
}

/// The Bluetooth dongles of this machine, by bus and port; none on a machine without USB. Devices that
/// vanish while they are looked at are left out.
pub fn list() -> Result<Vec<Dongle>, Error> {
    if !Path::new(SYSFS).is_dir() {
        return Ok(Vec::new());
    }
    let devices = nusb::list_devices().wait()?;
    let mut dongles: Vec<Dongle> = devices
        .map(|device| dongle::Device::from_nusb(&device))
        .filter(known::is_bluetooth)
        .map(|device| Dongle::describe(device, Path::new(NODES)))
        .collect();
    dongles.sort_by(|a, b| (a.bus, &a.ports).cmp(&(b.bus, &b.ports)));
    Ok(dongles)
}
