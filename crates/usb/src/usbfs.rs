//! Linux's usbfs (`Documentation/driver-api/usb/usb.rst`, `linux/usbdevice_fs.h`): a dongle's node
//! under `/dev/bus/usb`, opened by ourselves. nusb could not do: its own thread reaps every transfer
//! of a file that it opens, and it has no isochronous ones.
//!
//! Layouts and request codes are those of 64-bit and 32-bit processes alike, as long as the kernel
//! is of the same width or translates (it does).

use std::ffi::{c_int, c_uint, c_ulong, c_void};
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::Path;
use std::ptr::{self, NonNull};
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::io::Errno;

use crate::system::{IsoPacket, MOST_PACKETS, Mapping, Node, Urb};

/// The longest name of a driver, and its zero.
pub(crate) const DRIVER_NAME: usize = 256;
/// The most that is read of the descriptors; a dongle has some 200 octets of them.
const MOST_DESCRIPTORS: u64 = 4096;
/// `USBDEVFS_CAP_MMAP`.
const CAP_MMAP: u32 = 0x20;
/// `USBDEVFS_DISCONNECT_CLAIM_EXCEPT_DRIVER`.
const EXCEPT_DRIVER: c_uint = 0x02;

const WRITE: c_ulong = 1;
const READ: c_ulong = 2;

/// A request code, as `asm-generic/ioctl.h` makes it.
const fn code(direction: c_ulong, number: c_ulong, size: usize) -> c_ulong {
    direction << 30 | (size as c_ulong) << 16 | (b'U' as c_ulong) << 8 | number
}

#[repr(C)]
struct SetInterface {
    interface: c_uint,
    setting: c_uint,
}

/// In the guardian too.
#[repr(C)]
pub(crate) struct GetDriver {
    pub(crate) interface: c_uint,
    pub(crate) driver: [u8; DRIVER_NAME],
}

#[repr(C)]
struct DisconnectClaim {
    interface: c_uint,
    flags: c_uint,
    driver: [u8; DRIVER_NAME],
}

/// A request to the driver of an interface; in the guardian too.
#[repr(C)]
pub(crate) struct Request {
    pub(crate) interface: c_int,
    pub(crate) code: c_int,
    pub(crate) data: *mut c_void,
}

/// A request on endpoint 0 (`struct usbdevfs_ctrltransfer`).
#[repr(C)]
struct Control {
    kind: u8,
    request: u8,
    value: u16,
    index: u16,
    length: u16,
    timeout: u32,
    data: *mut c_void,
}

/// A blocking bulk transfer (`struct usbdevfs_bulktransfer`).
#[repr(C)]
struct Bulk {
    endpoint: c_uint,
    length: c_uint,
    timeout: c_uint,
    data: *mut c_void,
}

const CONTROL: c_ulong = code(READ | WRITE, 0, size_of::<Control>());
const BULK: c_ulong = code(READ | WRITE, 2, size_of::<Bulk>());
const SET_INTERFACE: c_ulong = code(READ, 4, size_of::<SetInterface>());
pub(crate) const GET_DRIVER: c_ulong = code(WRITE, 8, size_of::<GetDriver>());
/// The size of the structure without packets is part of the code.
const SUBMIT_URB: c_ulong =
    code(READ, 10, size_of::<Urb>() - MOST_PACKETS * size_of::<IsoPacket>());
const DISCARD_URB: c_ulong = code(0, 11, 0);
const REAP_URB_NDELAY: c_ulong = code(WRITE, 13, size_of::<*mut c_void>());
const RELEASE_INTERFACE: c_ulong = code(READ, 16, size_of::<c_uint>());
pub(crate) const IOCTL: c_ulong = code(READ | WRITE, 18, size_of::<Request>());
const RESET: c_ulong = code(0, 20, 0);
const CLEAR_HALT: c_ulong = code(READ, 21, size_of::<c_uint>());
pub(crate) const CONNECT: c_int = code(0, 23, 0) as c_int;
const GET_CAPABILITIES: c_ulong = code(READ, 26, size_of::<u32>());
const DISCONNECT_CLAIM: c_ulong = code(READ, 27, size_of::<DisconnectClaim>());

/// A dongle's node, open.
#[derive(Debug)]
pub struct Usbfs {
    file: File,
}

impl Usbfs {
    /// Opens a node (`/dev/bus/usb/001/002`), which changes nothing for whoever uses the dongle.
    pub fn open(node: &Path) -> io::Result<Usbfs> {
        Ok(Usbfs { file: OpenOptions::new().read(true).write(true).open(node)? })
    }

    /// # Safety
    /// `argument` is what the request takes.
    unsafe fn ioctl(&self, request: c_ulong, argument: *mut c_void) -> Result<c_int, Errno> {
        loop {
            // SAFETY: the descriptor is open, and the caller vouches for the argument.
            let done = unsafe { libc::ioctl(self.file.as_raw_fd(), request as _, argument) };
            if done >= 0 {
                return Ok(done);
            }
            match errno() {
                Errno::INTR => {}
                error => return Err(error),
            }
        }
    }

    /// A request whose argument is a number or a structure that the kernel reads, or fills in.
    fn request<T>(&self, request: c_ulong, argument: &mut T) -> Result<(), Errno> {
        // SAFETY: private callers pair each code with its structure; its size is part of the code.
        unsafe { self.ioctl(request, ptr::from_mut(argument).cast()) }.map(drop)
    }
}

pub(crate) fn errno() -> Errno {
    Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(Errno::IO)
}

// SAFETY: the kernel keeps the contract: it fills in a transfer's structure when it is reaped, and
// the transfer's memory before; what it maps is ours until it is unmapped.
unsafe impl Node for Usbfs {
    /// A file of usbfs is "writable" when there is something to reap.
    const READY: PollFlags = PollFlags::OUT;

    fn fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    fn descriptors(&self) -> Result<Vec<u8>, Errno> {
        let mut bytes = Vec::new();
        let read = (&self.file).take(MOST_DESCRIPTORS).read_to_end(&mut bytes);
        match read {
            Ok(_) => Ok(bytes),
            Err(error) => Err(Errno::from_io_error(&error).unwrap_or(Errno::IO)),
        }
    }

    fn map(&self, len: usize) -> Result<Mapping, Errno> {
        let mut capabilities = 0u32;
        self.request(GET_CAPABILITIES, &mut capabilities)?;
        if capabilities & CAP_MMAP == 0 {
            return Err(Errno::OPNOTSUPP);
        }
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a fresh mapping, wherever the kernel likes.
        let start = unsafe {
            libc::mmap(ptr::null_mut(), len, protection, libc::MAP_SHARED, self.file.as_raw_fd(), 0)
        };
        if start == libc::MAP_FAILED {
            return Err(errno());
        }
        // A child would hold the file open with it: another dongle's guardian, say.
        // SAFETY: the mapping made just now.
        unsafe { libc::madvise(start, len, libc::MADV_DONTFORK) };
        let start = NonNull::new(start.cast::<u8>()).ok_or(Errno::NOMEM)?;
        let address = start.as_ptr() as usize;
        let release = move || {
            // SAFETY: the mapping made above, which its owner gives back once, when it is done with.
            unsafe { libc::munmap(address as *mut c_void, len) };
        };
        Ok(Mapping { start, release: Box::new(release) })
    }

    fn driver(&self, interface: u8) -> Result<String, Errno> {
        let mut asked = GetDriver { interface: interface.into(), driver: [0; DRIVER_NAME] };
        self.request(GET_DRIVER, &mut asked)?;
        let name = asked.driver.split(|byte| *byte == 0).next().unwrap_or_default();
        Ok(String::from_utf8_lossy(name).into_owned())
    }

    fn claim(&self, interface: u8) -> Result<(), Errno> {
        let mut driver = [0; DRIVER_NAME];
        driver[..5].copy_from_slice(b"usbfs");
        let mut claim =
            DisconnectClaim { interface: interface.into(), flags: EXCEPT_DRIVER, driver };
        self.request(DISCONNECT_CLAIM, &mut claim)
    }

    fn release(&self, interface: u8) -> Result<(), Errno> {
        self.request(RELEASE_INTERFACE, &mut c_uint::from(interface))
    }

    fn attach(&self, interface: u8) -> Result<(), Errno> {
        let mut connect =
            Request { interface: interface.into(), code: CONNECT, data: ptr::null_mut() };
        self.request(IOCTL, &mut connect)
    }

    fn set_interface(&self, interface: u8, setting: u8) -> Result<(), Errno> {
        let mut set = SetInterface { interface: interface.into(), setting: setting.into() };
        self.request(SET_INTERFACE, &mut set)
    }

    fn clear_halt(&self, endpoint: u8) -> Result<(), Errno> {
        self.request(CLEAR_HALT, &mut c_uint::from(endpoint))
    }

    fn reset(&self) -> Result<(), Errno> {
        // SAFETY: this request takes no argument.
        unsafe { self.ioctl(RESET, ptr::null_mut()) }.map(drop)
    }

    fn control(&self, head: [u8; 6], data: &mut [u8], within: Duration) -> Result<usize, Errno> {
        let [kind, request, v0, v1, i0, i1] = head;
        let mut transfer = Control {
            kind,
            request,
            value: u16::from_le_bytes([v0, v1]),
            index: u16::from_le_bytes([i0, i1]),
            length: u16::try_from(data.len()).map_err(|_| Errno::INVAL)?,
            timeout: within.as_millis() as u32,
            data: data.as_mut_ptr().cast(),
        };
        // SAFETY: the structure is the request's, and its data are valid for their length.
        unsafe { self.ioctl(CONTROL, ptr::from_mut(&mut transfer).cast()) }
            .map(|done| done as usize)
    }

    fn bulk(&self, endpoint: u8, data: &mut [u8], within: Duration) -> Result<usize, Errno> {
        let mut transfer = Bulk {
            endpoint: endpoint.into(),
            length: c_uint::try_from(data.len()).map_err(|_| Errno::INVAL)?,
            timeout: within.as_millis() as c_uint,
            data: data.as_mut_ptr().cast(),
        };
        // SAFETY: the structure is the request's, and its data are valid for their length.
        unsafe { self.ioctl(BULK, ptr::from_mut(&mut transfer).cast()) }.map(|done| done as usize)
    }

    #[inline]
    unsafe fn submit(&self, urb: NonNull<Urb>) -> Result<(), Errno> {
        // SAFETY: the structure is the request's, and the caller keeps it and its memory valid.
        unsafe { self.ioctl(SUBMIT_URB, urb.as_ptr().cast()) }.map(drop)
    }

    #[inline]
    fn reap(&self) -> Result<Option<NonNull<Urb>>, Errno> {
        let mut urb: *mut Urb = ptr::null_mut();
        match self.request(REAP_URB_NDELAY, &mut urb) {
            Ok(()) => Ok(NonNull::new(urb)),
            Err(Errno::AGAIN) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn discard(&self, urb: NonNull<Urb>) -> Result<(), Errno> {
        // SAFETY: the kernel takes the address as a name and reads nothing there.
        unsafe { self.ioctl(DISCARD_URB, urb.as_ptr().cast()) }.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kernel's own numbers on 64-bit machines, as `linux/usbdevice_fs.h` yields them.
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn request_codes_are_the_kernels() {
        assert_eq!(CONTROL, 0xc018_5500);
        assert_eq!(BULK, 0xc018_5502);
        assert_eq!(SET_INTERFACE, 0x8008_5504);
        assert_eq!(GET_DRIVER, 0x4104_5508);
        assert_eq!(SUBMIT_URB, 0x8038_550a);
        assert_eq!(DISCARD_URB, 0x550b);
        assert_eq!(REAP_URB_NDELAY, 0x4008_550d);
        assert_eq!(RELEASE_INTERFACE, 0x8004_5510);
        assert_eq!(IOCTL, 0xc010_5512);
        assert_eq!(RESET, 0x5514);
        assert_eq!(CLEAR_HALT, 0x8004_5515);
        assert_eq!(CONNECT, 0x5517);
        assert_eq!(GET_CAPABILITIES, 0x8004_551a);
        assert_eq!(DISCONNECT_CLAIM, 0x8108_551b);
    }

    #[test]
    fn what_is_no_node_says_so() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let node = Usbfs::open(file.path()).unwrap();
        assert_eq!(node.claim(0), Err(Errno::NOTTY));
        assert!(node.map(4096).is_err_and(|error| error == Errno::NOTTY));
        assert_eq!(node.descriptors(), Ok(Vec::new()));
        assert!(Usbfs::open(Path::new("/nowhere/001/002")).is_err());
    }
}
