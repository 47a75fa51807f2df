//! Hot-plug: which dongles come and go, from udev's own messages by way of nusb. Nothing is polled:
//! a descriptor becomes readable.
//!
//! Needs a running udevd, as every program does that wants to know a device after its permissions were
//! set. Without one only those are told that are there at the beginning.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::{fmt, io};

use futures_core::Stream;
use nusb::hotplug::HotplugEvent;
use nusb::{DeviceId, DeviceInfo, MaybeFuture};
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};

use crate::dongle::{Device, Dongle};
use crate::known::is_bluetooth;
use crate::spec::Spec;
use crate::{Error, NODES, SYSFS};

/// What became of a dongle.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// It is there.
    Arrived(Dongle),
    /// It was pulled out; as it was when it arrived.
    Left(Dongle),
}

/// Tells of dongles that come and go.
///
/// Wait until [`fd`](Watch::fd) is readable and then call [`next`](Watch::next) until it has no more,
/// or let a thread of its own go through it as an iterator, which waits.
pub struct Watch {
    spec: Spec,
    devices: nusb::hotplug::HotplugWatch,
    /// Those that are there, so that it is known who left.
    present: Vec<(DeviceId, Dongle)>,
    /// Found when the watch began, not told yet.
    found: Vec<Dongle>,
    waker: Waker,
    bell: Arc<Bell>,
}

/// Rings when udev has said something.
struct Bell(OwnedFd);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // It can only fail if it has rung four thousand million times unheard.
        let _ = rustix::io::write(&self.0, &1u64.to_ne_bytes());
    }
}

/// Watches for dongles that `spec` means. Those that are there already are told first.
pub fn watch(spec: Spec) -> Result<Watch, Error> {
    // In this order none can slip through; one that is seen twice is told once.
    let devices = nusb::watch_devices()?;
    let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK);
    let bell = Arc::new(Bell(bell.map_err(|error| Error(io::Error::from(error)))?));
    bell.wake_by_ref();
    let waker = Waker::from(bell.clone());
    let mut watch = Watch { spec, devices, present: Vec::new(), found: Vec::new(), waker, bell };
    let found = Path::new(SYSFS).is_dir().then(|| nusb::list_devices().wait()).transpose()?;
    for device in found.into_iter().flatten() {
        if let Some(dongle) = watch.arrived(&device) {
            watch.found.push(dongle);
        }
    }
    Ok(watch)
}

impl Watch {
    /// Readable when there may be something to tell.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.bell.0.as_fd()
    }

    /// The next change, if there is one.
    pub fn try_next(&mut self) -> Option<Change> {
        if let Some(dongle) = self.found.pop() {
            return Some(Change::Arrived(dongle));
        }
        // Silenced first: what comes from now on rings again.
        let _ = rustix::io::read(&self.bell.0, &mut [0; 8]);
        loop {
            let mut context = Context::from_waker(&self.waker);
            match Pin::new(&mut self.devices).poll_next(&mut context) {
                Poll::Ready(Some(HotplugEvent::Connected(device))) => {
                    if let Some(dongle) = self.arrived(&device) {
                        self.bell.wake_by_ref();
                        return Some(Change::Arrived(dongle));
                    }
                }
                Poll::Ready(Some(HotplugEvent::Disconnected(id))) => {
                    if let Some(dongle) = self.left(id) {
                        self.bell.wake_by_ref();
                        return Some(Change::Left(dongle));
                    }
                }
                Poll::Ready(None) | Poll::Pending => return None,
            }
        }
    }

    /// The device as a dongle, if it is one that is meant and was not there before.
    fn arrived(&mut self, device: &DeviceInfo) -> Option<Dongle> {
        let id = device.id();
        let device = Device::from_nusb(device);
        if !is_bluetooth(&device) || self.present.iter().any(|(present, _)| *present == id) {
            return None;
        }
        let dongle = Dongle::describe(device, Path::new(NODES));
        if !self.spec.matches(&dongle) {
            return None;
        }
        self.present.push((id, dongle.clone()));
        Some(dongle)
    }

    fn left(&mut self, id: DeviceId) -> Option<Dongle> {
        let place = self.present.iter().position(|(present, _)| *present == id)?;
        Some(self.present.swap_remove(place).1)
    }
}

impl Iterator for Watch {
    type Item = Change;

    /// Waits for the next change; never ends.
    fn next(&mut self) -> Option<Change> {
        loop {
            if let Some(change) = self.try_next() {
                return Some(change);
            }
            let mut fds = [PollFd::new(&self.bell.0, PollFlags::IN)];
            // A signal only makes it look once more.
            let _ = poll(&mut fds, None);
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("spec", &self.spec).field("present", &self.present).finish()
    }
}
