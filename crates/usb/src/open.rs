//! Taking a dongle: finding it, opening its node, detaching the kernel's driver, and emptying the
//! pipes of what that left in them.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use pool::Arena;
use rustix::event::{PollFd, Timespec, poll};
use rustix::io::Errno;

use crate::descriptors::{Layout, parse};
use crate::dongle::Dongle;
use crate::error::{Lost, OpenError};
use crate::guardian::Guardian;
use crate::spec::Spec;
use crate::system::Node;
use crate::transport::{Transport, give_back};
use crate::usbfs::Usbfs;

/// Octets in a block of the arena: the longest packet, and room in front.
const BLOCK: usize = 2048;
/// How often something may come before they count as empty all the same.
const STALE_ROUNDS: usize = 32;

/// How a dongle is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Blocks that packets arrive in, some 40 of which are always with the kernel. The kernel grants
    /// 16 MB of such memory to all programs together (`usbcore.usbfs_memory_mb`).
    pub blocks: usize,
    /// Reset the dongle first, as pulling it out would: for one that does not answer. Some lose the
    /// firmware that the kernel's driver gave them.
    pub reset: bool,
    /// How long nothing may come of what the driver before us began, before the pipes count as empty.
    /// Dongles are asked for events every millisecond or so.
    pub quiet: Duration,
    /// Start a process that gives the dongle back to the kernel if this one dies ([`Guardian`]).
    pub guardian: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { blocks: 128, reset: false, quiet: Duration::from_millis(30), guardian: true }
    }
}

/// A node that a dongle can be opened as.
pub trait Open: Node + Sized {
    /// Opens a dongle's node, which changes nothing for whoever uses it.
    fn open(dongle: &Dongle) -> Result<Self, OpenError>;
}

impl Open for Usbfs {
    fn open(dongle: &Dongle) -> Result<Usbfs, OpenError> {
        Usbfs::open(&dongle.node).map_err(|error| {
            let error = Errno::from_io_error(&error).unwrap_or(Errno::IO);
            OpenError::opening(dongle, error)
        })
    }
}

#[cfg(feature = "libusb")]
impl Open for crate::Libusb {
    fn open(dongle: &Dongle) -> Result<crate::Libusb, OpenError> {
        crate::Libusb::open(dongle).map_err(|error| OpenError::opening(dongle, error))
    }
}

impl<N: Open> Transport<N> {
    /// Takes the dongle that `spec` means (`usb`, `usb:VVVV:PPPP`, …) from whichever kernel driver has
    /// it. Blocks: up to some seconds while the kernel's driver is still bringing the dongle up.
    pub fn open(spec: &Spec, options: &Options) -> Result<Transport<N>, OpenError> {
        let dongles = crate::list().map_err(OpenError::List)?;
        let dongle = spec.choose(&dongles).map_err(OpenError::NoSuchDongle)?;
        Transport::take(dongle, options)
    }

    /// Takes this dongle.
    pub fn take(dongle: &Dongle, options: &Options) -> Result<Transport<N>, OpenError> {
        Transport::over(N::open(dongle)?, dongle, options)
    }
}

/// What the dongle's descriptors say.
fn layout<N: Node>(node: &N, name: &str) -> Result<Layout, OpenError> {
    let descriptors = node
        .descriptors()
        .map_err(|error| OpenError::system(name, "reading its descriptors", error))?;
    parse(&descriptors)
        .map_err(|reason| OpenError::BadDescriptors { dongle: name.to_owned(), reason })
}

fn guardian(dongle: &Dongle, layout: &Layout, name: &str) -> Result<Guardian, OpenError> {
    let interfaces: Vec<u8> = layout.interfaces().collect();
    Guardian::start(&dongle.node, &interfaces).map_err(|error| OpenError::System {
        dongle: name.to_owned(),
        doing: "starting its guardian",
        error,
    })
}

impl<N: Node> Transport<N> {
    /// Takes `dongle`, which is open as `node`.
    pub fn over(node: N, dongle: &Dongle, options: &Options) -> Result<Transport<N>, OpenError> {
        let name = dongle.to_string();
        let layout = layout(&node, &name)?;
        let guardian = match options.guardian {
            true => Some(guardian(dongle, &layout, &name)?),
            false => None,
        };
        match Transport::with_layout(node, layout, &name, options) {
            Ok(mut transport) => {
                transport.guardian = guardian;
                Ok(transport)
            }
            Err(error) => {
                if let Some(guardian) = guardian {
                    guardian.dismiss();
                }
                Err(match error {
                    OpenError::Busy { dongle: name, holder: None } => {
                        OpenError::Busy { dongle: name, holder: holder(&dongle.node) }
                    }
                    error => error,
                })
            }
        }
    }

    /// Takes the dongle whose node this is, and which nobody lists; `name` is what it is called in errors.
    /// There is no guardian, since it has no path.
    pub fn from_node(node: N, name: &str, options: &Options) -> Result<Transport<N>, OpenError> {
        let layout = layout(&node, name)?;
        Transport::with_layout(node, layout, name, options)
    }

    fn with_layout(
        node: N,
        layout: Layout,
        name: &str,
        options: &Options,
    ) -> Result<Transport<N>, OpenError> {
        claim(&node, &layout, name)?;
        if options.reset {
            // Only what was ours to take; and free, or the kernel's driver would come back with it.
            for interface in layout.interfaces() {
                let _ = node.release(interface);
            }
            let reset =
                node.reset().map_err(|error| OpenError::system(name, "resetting it", error));
            if let Err(error) = reset.and_then(|()| claim(&node, &layout, name)) {
                give_back(&node, &layout);
                return Err(error);
            }
        }
        let arena = arena(&node, options.blocks);
        let lost = |lost: Lost| match lost {
            Lost::Unplugged => OpenError::Unplugged { dongle: name.to_owned() },
            Lost::System(error) => OpenError::system(name, "starting transfers", error),
            lost => OpenError::System {
                dongle: name.to_owned(),
                doing: "starting transfers",
                error: io::Error::other(lost),
            },
        };
        let mut transport = Transport::begin(node, layout, arena).map_err(lost)?;
        transport.settle(options.quiet).map_err(lost)?;
        Ok(transport)
    }

    /// Waits until nothing more comes of what the driver before us began: it may have been detached
    /// in the middle of an event, whose other half would be taken for the beginning of one.
    fn settle(&mut self, quiet: Duration) -> Result<(), Lost> {
        let quiet =
            Timespec { tv_sec: quiet.as_secs() as i64, tv_nsec: quiet.subsec_nanos().into() };
        for _ in 0..STALE_ROUNDS {
            let mut fds = [PollFd::from_borrowed_fd(self.ring.node().fd(), N::READY)];
            let ready = poll(&mut fds, Some(&quiet));
            let came = self.discard_stale()?;
            if !came && ready == Ok(0) {
                break;
            }
        }
        Ok(())
    }
}

/// Takes both interfaces, or none.
fn claim<N: Node>(node: &N, layout: &Layout, name: &str) -> Result<(), OpenError> {
    for interface in layout.interfaces() {
        if let Err(error) = node.claim(interface) {
            let refused = match OpenError::system(name, "taking it from its driver", error) {
                OpenError::Busy { dongle, .. } => {
                    OpenError::Busy { dongle, holder: driver(node, interface) }
                }
                error => error,
            };
            if interface != layout.number {
                give_back(node, layout);
            }
            return Err(refused);
        }
    }
    Ok(())
}

/// The kernel's driver that will not give an interface up, if it is not a program that has it.
fn driver<N: Node>(node: &N, interface: u8) -> Option<String> {
    let driver = node.driver(interface).ok().filter(|driver| driver != "usbfs")?;
    Some(format!("the kernel's driver {driver}"))
}

/// Memory that the kernel shares; where it does not, ours, at the price of a copy by the kernel.
fn arena<N: Node>(node: &N, blocks: usize) -> Arena {
    match node.map(blocks * BLOCK) {
        // SAFETY: the mapping is as long as that, zeroed, and ours alone until it is released; the
        // device writes to blocks whose frames are in the ring.
        Ok(mapping) => unsafe {
            Arena::from_mapping(mapping.start, blocks, BLOCK, mapping.release)
        },
        Err(_) => Arena::new(blocks, BLOCK),
    }
}

/// Which program has a node open, ourselves last, as far as we may see.
fn holder(node: &Path) -> Option<String> {
    let own = std::process::id().to_string();
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let found = processes.map(|process| process.path()).find(|process| {
        let number = process.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        number.bytes().all(|digit| digit.is_ascii_digit())
            && number != own
            && has_open(process, node)
    })?;
    let name = fs::read_to_string(found.join("comm")).ok()?;
    Some(format!("{} (process {})", name.trim_end(), found.file_name()?.to_str()?))
}

fn has_open(process: &Path, node: &Path) -> bool {
    let files = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
    files.filter_map(|file| fs::read_link(file.path()).ok()).any(|target| target == node)
}
