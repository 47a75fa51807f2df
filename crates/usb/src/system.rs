//! The seam between the driver and the system: what [`Transport`](crate::Transport) asks of a dongle's
//! node. [`Usbfs`](crate::Usbfs) is Linux's; the tests have a stand-in that fails on demand.
//!
//! The shape is usbfs's own, since that is what the hot path must fit without a detour: blocks of
//! memory that say what to transfer are handed over, and handed back when it is done. A backend over
//! libusb fits too (a `libusb_transfer` kept for each [`Urb`], an epoll descriptor over libusb's).

use std::ffi::{c_int, c_uint, c_void};
use std::os::fd::BorrowedFd;
use std::ptr::{self, NonNull};
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::io::Errno;

/// The most isochronous packets in one transfer here (usbfs would take 128).
pub const MOST_PACKETS: usize = 8;

/// A USB device that was opened, and what its owner may ask of it.
///
/// Errors are the kernel's: `NODEV` when the device is gone, whatever the call.
///
/// # Safety
/// Implementations touch the memory that a submitted [`Urb`] describes only between
/// [`submit`](Node::submit) and the [`reap`](Node::reap) that hands it back; `reap` hands back each
/// block once. Memory given out by [`map`](Node::map) is as that says.
pub unsafe trait Node {
    /// What to wait for on [`fd`](Node::fd): there is something to reap.
    const READY: PollFlags;

    /// The descriptor to wait on.
    fn fd(&self) -> BorrowedFd<'_>;

    /// The device descriptor and behind it those of its configurations, as the device gave them.
    fn descriptors(&self) -> Result<Vec<u8>, Errno>;

    /// Zeroed memory from which transfers are not copied; `OPNOTSUPP` where there is none.
    fn map(&self, len: usize) -> Result<Mapping, Errno>;

    /// The driver that has an interface; `NODATA` if none has.
    fn driver(&self, interface: u8) -> Result<String, Errno>;

    /// Takes an interface, from the kernel's driver if that has it; `BUSY` if a program has it.
    fn claim(&self, interface: u8) -> Result<(), Errno>;

    /// Gives an interface up.
    fn release(&self, interface: u8) -> Result<(), Errno>;

    /// Has the kernel look for a driver for an interface that was given up.
    fn attach(&self, interface: u8) -> Result<(), Errno>;

    /// Changes the alternate setting. Blocks for the time of a control transfer.
    fn set_interface(&self, interface: u8, setting: u8) -> Result<(), Errno>;

    /// Ends a stall. Blocks likewise.
    fn clear_halt(&self, endpoint: u8) -> Result<(), Errno>;

    /// Resets the whole device, which may lose the firmware that it was given.
    fn reset(&self) -> Result<(), Errno>;

    /// A request on endpoint 0, blocking: `head` is what stands before its length, `data` is written,
    /// or read into if bit 7 of the first octet is set. Gives how many octets were moved.
    fn control(&self, head: [u8; 6], data: &mut [u8], within: Duration) -> Result<usize, Errno>;

    /// One bulk transfer, blocking, with no empty packet behind it.
    fn bulk(&self, endpoint: u8, data: &mut [u8], within: Duration) -> Result<usize, Errno>;

    /// Starts a transfer.
    ///
    /// # Safety
    /// `urb`, and the memory that it points to, stay valid and untouched until it was reaped, or the
    /// node is gone with all of its mappings.
    unsafe fn submit(&self, urb: NonNull<Urb>) -> Result<(), Errno>;

    /// The next transfer that is done, if there is one, never waiting. Goes on after the device is
    /// gone, until all transfers are back, then fails with `NODEV`.
    fn reap(&self) -> Result<Option<NonNull<Urb>>, Errno>;

    /// Ends a transfer early, if it is not done yet; it has to be reaped as any other.
    fn discard(&self, urb: NonNull<Urb>) -> Result<(), Errno>;
}

/// Memory as [`Node::map`] gives it out: `start` is valid for its length, and nobody else's, until
/// `release` is called.
pub struct Mapping {
    /// The first byte.
    pub start: NonNull<u8>,
    /// Gives it back.
    pub release: Box<dyn FnOnce() + Send + Sync>,
}

/// The kinds of transfer, as usbfs numbers them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    /// Packets of their own each, at a fixed pace, never repeated.
    Isochronous = 0,
    /// Polled for at an interval.
    Interrupt = 1,
    /// A request, on endpoint 0.
    Control = 2,
    /// As fast as the bus has room.
    Bulk = 3,
}

/// The packets of an isochronous transfer begin in the next frame that is free (`USBDEVFS_URB_ISO_ASAP`).
pub const ISO_ASAP: c_uint = 0x02;

/// One packet of an isochronous transfer (`struct usbdevfs_iso_packet_desc`).
#[derive(Clone, Copy, Default, Debug)]
#[repr(C)]
pub struct IsoPacket {
    /// Octets wanted; each packet's place begins where the one before ends.
    pub length: c_uint,
    /// Octets moved.
    pub actual_length: c_uint,
    /// Zero, or a negative error number (as an unsigned one, in usbfs's words).
    pub status: c_uint,
}

/// A transfer (`struct usbdevfs_urb`, with room for packets behind it).
#[derive(Debug)]
#[repr(C)]
pub struct Urb {
    /// The [`Kind`].
    pub kind: u8,
    /// The endpoint's address, 0x80 set if it is one of the device's that sends.
    pub endpoint: u8,
    /// How it ended: zero or a negative error number.
    pub status: c_int,
    /// Zero or [`ISO_ASAP`].
    pub flags: c_uint,
    /// Where the bytes are, or go.
    pub buffer: *mut u8,
    /// How many at most.
    pub buffer_length: c_int,
    /// How many it were.
    pub actual_length: c_int,
    /// The bus's frame in which it began.
    pub start_frame: c_int,
    /// How many of [`packets`](Urb::packets) count.
    pub number_of_packets: c_int,
    /// How many packets failed.
    pub error_count: c_int,
    /// No signal: zero.
    pub signr: c_uint,
    /// Not used.
    pub usercontext: *mut c_void,
    /// The packets of an isochronous transfer.
    pub packets: [IsoPacket; MOST_PACKETS],
}

impl Urb {
    /// A transfer of nothing.
    pub const EMPTY: Urb = Urb {
        kind: Kind::Bulk as u8,
        endpoint: 0,
        status: 0,
        flags: 0,
        buffer: ptr::null_mut(),
        buffer_length: 0,
        actual_length: 0,
        start_frame: 0,
        number_of_packets: 0,
        error_count: 0,
        signr: 0,
        usercontext: ptr::null_mut(),
        packets: [IsoPacket { length: 0, actual_length: 0, status: 0 }; MOST_PACKETS],
    };
}
