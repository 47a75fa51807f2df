//! The driver's seam over libusb (feature `libusb`): for programs that must go through it, and to
//! compare with. libusb is built from source with this crate.
//!
//! Each [`Urb`] has a `libusb_transfer` that is made when it is first submitted and kept. Reaping has
//! libusb handle its events without waiting; its callback puts what is done in a row. Descriptors that
//! libusb waits on are behind an epoll descriptor of ours.
//!
//! Not here: names of drivers. Ending a transfer early takes until events are handled again.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::ffi::{c_int, c_short, c_uint, c_void};
use std::mem;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

use libusb1_sys as sys;
use libusb1_sys::constants as is;
use rustix::event::{PollFlags, epoll};
use rustix::io::Errno;

use crate::dongle::Dongle;
use crate::system::{Kind, Mapping, Node, Urb};

/// As many descriptors of configurations as are read.
const MOST_DESCRIPTORS: usize = 4096;
/// How long a request may take that reads them.
const PATIENCE: Duration = Duration::from_secs(1);
/// `GET_DESCRIPTOR` of the device, and its kinds (USB 2.0, 9.4.3).
const GET_DESCRIPTOR: [u8; 2] = [0x80, 6];
const DEVICE: u8 = 1;
const CONFIGURATION: u8 = 2;

unsafe extern "system" {
    // Not among the bindings.
    fn libusb_dev_mem_alloc(handle: *mut sys::libusb_device_handle, length: usize) -> *mut u8;
    fn libusb_dev_mem_free(
        handle: *mut sys::libusb_device_handle,
        memory: *mut u8,
        length: usize,
    ) -> c_int;
}

/// A dongle that libusb has open.
pub struct Libusb {
    /// The transfers, by the address of their [`Urb`].
    transfers: RefCell<HashMap<usize, Transfer>>,
    /// On the heap, where callbacks find it.
    row: Box<Row>,
    epoll: OwnedFd,
    device: Arc<Device>,
}

/// An open device, and the memory of libusb around it; as long as memory that was mapped is in use.
struct Device {
    context: *mut sys::libusb_context,
    handle: *mut sys::libusb_device_handle,
}

// SAFETY: libusb may be used from any thread, and from several.
unsafe impl Send for Device {}
// SAFETY: as above.
unsafe impl Sync for Device {}

// SAFETY: what the cells hold goes with it; callbacks run on the thread that reaps, inside of that.
unsafe impl Send for Libusb {}

/// What is done and not reaped yet.
#[derive(Default)]
struct Row {
    done: RefCell<VecDeque<NonNull<Urb>>>,
    /// A transfer ended because the device is gone.
    gone: Cell<bool>,
    in_flight: Cell<usize>,
}

/// A `libusb_transfer`, and what its callback needs.
struct Transfer {
    raw: *mut sys::libusb_transfer,
    user: Box<User>,
}

struct User {
    urb: Cell<NonNull<Urb>>,
    row: *const Row,
}

impl Drop for Libusb {
    fn drop(&mut self) {
        let transfers = mem::take(self.transfers.get_mut());
        if self.row.in_flight.get() > 0 {
            // libusb will not let go of them: everything that they need stays for good.
            mem::forget((transfers, mem::take(&mut self.row), self.device.clone()));
            return;
        }
        for transfer in transfers.into_values() {
            // SAFETY: made by libusb, and not in flight.
            unsafe { sys::libusb_free_transfer(transfer.raw) };
        }
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // SAFETY: opened and made by libusb, and nobody uses them any more.
        unsafe {
            if !self.handle.is_null() {
                sys::libusb_close(self.handle);
            }
            sys::libusb_exit(self.context);
        }
    }
}

/// libusb's errors as the system's.
fn check(result: c_int) -> Result<c_int, Errno> {
    Err(match result {
        0.. => return Ok(result),
        is::LIBUSB_ERROR_INVALID_PARAM => Errno::INVAL,
        is::LIBUSB_ERROR_ACCESS => Errno::ACCESS,
        is::LIBUSB_ERROR_NO_DEVICE => Errno::NODEV,
        is::LIBUSB_ERROR_NOT_FOUND => Errno::NOENT,
        is::LIBUSB_ERROR_BUSY => Errno::BUSY,
        is::LIBUSB_ERROR_TIMEOUT => Errno::TIMEDOUT,
        is::LIBUSB_ERROR_OVERFLOW => Errno::OVERFLOW,
        is::LIBUSB_ERROR_PIPE => Errno::PIPE,
        is::LIBUSB_ERROR_INTERRUPTED => Errno::INTR,
        is::LIBUSB_ERROR_NO_MEM => Errno::NOMEM,
        is::LIBUSB_ERROR_NOT_SUPPORTED => Errno::OPNOTSUPP,
        _ => Errno::IO,
    })
}

/// How a transfer ended, in usbfs's words.
fn status(of: c_int) -> c_int {
    let error = match of {
        is::LIBUSB_TRANSFER_COMPLETED => return 0,
        is::LIBUSB_TRANSFER_TIMED_OUT => Errno::TIMEDOUT,
        is::LIBUSB_TRANSFER_CANCELLED => Errno::NOENT,
        is::LIBUSB_TRANSFER_STALL => Errno::PIPE,
        is::LIBUSB_TRANSFER_NO_DEVICE => Errno::NODEV,
        is::LIBUSB_TRANSFER_OVERFLOW => Errno::OVERFLOW,
        _ => Errno::PROTO,
    };
    -error.raw_os_error()
}

impl Libusb {
    /// Opens a dongle that [`list`](crate::list) found.
    pub fn open(dongle: &Dongle) -> Result<Libusb, Errno> {
        let mut context = ptr::null_mut();
        // SAFETY: room for a pointer.
        check(unsafe { sys::libusb_init(&mut context) })?;
        let mut device = Device { context, handle: ptr::null_mut() };
        device.handle = device.find(dongle)?;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        device.watch(&epoll)?;
        Ok(Libusb {
            transfers: RefCell::default(),
            row: Box::default(),
            epoll,
            device: Arc::new(device),
        })
    }

    fn handle(&self) -> *mut sys::libusb_device_handle {
        self.device.handle
    }

    /// A descriptor of the device's; gives how long it was.
    fn descriptor(&self, kind: u8, to: &mut [u8]) -> Result<usize, Errno> {
        let [request, get] = GET_DESCRIPTOR;
        self.control([request, get, 0, kind, 0, 0], to, PATIENCE)
    }
}

impl Device {
    /// Opens the device at the dongle's place on its bus.
    fn find(&self, dongle: &Dongle) -> Result<*mut sys::libusb_device_handle, Errno> {
        let mut list = ptr::null();
        // SAFETY: room for a pointer; the list is given back below.
        let count = unsafe { sys::libusb_get_device_list(self.context, &mut list) };
        let count = check(c_int::try_from(count).unwrap_or(c_int::MAX))?;
        let mut handle = ptr::null_mut();
        let mut opened = Err(Errno::NODEV);
        for place in 0..count as usize {
            // SAFETY: the list has that many devices, which stay until it is given back.
            unsafe {
                let device = *list.add(place);
                let is_meant = sys::libusb_get_bus_number(device) == dongle.bus
                    && sys::libusb_get_device_address(device) == dongle.address;
                if is_meant {
                    opened = check(sys::libusb_open(device, &mut handle)).map(drop);
                }
            }
        }
        // SAFETY: the list that libusb gave; an open device is kept by its handle.
        unsafe { sys::libusb_free_device_list(list, 1) };
        opened.map(|()| handle)
    }

    /// Has `epoll` wait on what libusb waits on, which on Linux does not change while a device is open.
    fn watch(&self, epoll: &OwnedFd) -> Result<(), Errno> {
        // SAFETY: the context is valid; the list ends with a null pointer, and is given back.
        unsafe {
            let list = sys::libusb_get_pollfds(self.context);
            let mut added = if list.is_null() { Err(Errno::OPNOTSUPP) } else { Ok(()) };
            let mut place = list;
            while added.is_ok() && !(*place).is_null() {
                let sys::libusb_pollfd { fd, events } = **place;
                let flags = epoll::EventFlags::from_bits_retain(events as c_short as u32);
                let data = epoll::EventData::new_u64(0);
                added = epoll::add(epoll, BorrowedFd::borrow_raw(fd), data, flags);
                place = place.add(1);
            }
            if !list.is_null() {
                sys::libusb_free_pollfds(list);
            }
            added
        }
    }
}

/// What libusb calls when a transfer is done, inside of `reap`.
extern "system" fn done(raw: *mut sys::libusb_transfer) {
    // SAFETY: libusb gives the transfer that was submitted, whose user data is our `User`; both live
    // as long as the `Libusb` that handles events. The block is ours until it is reaped.
    unsafe {
        let user = &*(*raw).user_data.cast::<User>();
        let row = &*user.row;
        let urb = user.urb.get().as_ptr();
        (*urb).status = status((*raw).status);
        (*urb).actual_length = (*raw).actual_length;
        let packets = (*raw).iso_packet_desc.as_ptr();
        for place in 0..(*urb).number_of_packets as usize {
            let packet = &*packets.add(place);
            (*urb).packets[place].actual_length = packet.actual_length;
            (*urb).packets[place].status = status(packet.status) as c_uint;
        }
        if (*raw).status == is::LIBUSB_TRANSFER_NO_DEVICE {
            row.gone.set(true);
        }
        row.done.borrow_mut().push_back(user.urb.get());
    }
}

// SAFETY: libusb touches a transfer's memory between submitting and its callback, which comes before
// the block is handed back; blocks leave the row once.
unsafe impl Node for Libusb {
    const READY: PollFlags = PollFlags::IN;

    fn fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }

    fn descriptors(&self) -> Result<Vec<u8>, Errno> {
        let mut bytes = vec![0; MOST_DESCRIPTORS];
        let device = self.descriptor(DEVICE, &mut bytes[..18])?;
        let configuration = self.descriptor(CONFIGURATION, &mut bytes[device..])?;
        bytes.truncate(device + configuration);
        Ok(bytes)
    }

    fn map(&self, len: usize) -> Result<Mapping, Errno> {
        // SAFETY: the handle is open.
        let start = unsafe { libusb_dev_mem_alloc(self.handle(), len) };
        let start = NonNull::new(start).ok_or(Errno::OPNOTSUPP)?;
        let (device, address) = (self.device.clone(), start.as_ptr() as usize);
        let release = move || {
            // SAFETY: given out above, and given back once, while the device is still open.
            unsafe { libusb_dev_mem_free(device.handle, address as *mut u8, len) };
        };
        Ok(Mapping { start, release: Box::new(release) })
    }

    fn driver(&self, interface: u8) -> Result<String, Errno> {
        // SAFETY: the handle is open.
        match check(unsafe { sys::libusb_kernel_driver_active(self.handle(), interface.into()) })? {
            0 => Err(Errno::NODATA),
            _ => Ok("unknown".to_owned()),
        }
    }

    fn claim(&self, interface: u8) -> Result<(), Errno> {
        // SAFETY: the handle is open.
        let detached =
            check(unsafe { sys::libusb_detach_kernel_driver(self.handle(), interface.into()) });
        match detached {
            // No driver has it, or a program has, as claiming will show.
            Ok(_) | Err(Errno::NOENT | Errno::INVAL) => {}
            Err(error) => return Err(error),
        }
        // SAFETY: as above.
        check(unsafe { sys::libusb_claim_interface(self.handle(), interface.into()) }).map(drop)
    }

    fn release(&self, interface: u8) -> Result<(), Errno> {
        // SAFETY: the handle is open.
        check(unsafe { sys::libusb_release_interface(self.handle(), interface.into()) }).map(drop)
    }

    fn attach(&self, interface: u8) -> Result<(), Errno> {
        // SAFETY: the handle is open.
        check(unsafe { sys::libusb_attach_kernel_driver(self.handle(), interface.into()) })
            .map(drop)
    }

    fn set_interface(&self, interface: u8, setting: u8) -> Result<(), Errno> {
        // SAFETY: the handle is open.
        check(unsafe {
            sys::libusb_set_interface_alt_setting(self.handle(), interface.into(), setting.into())
        })
        .map(drop)
    }

    fn clear_halt(&self, endpoint: u8) -> Result<(), Errno> {
        // SAFETY: the handle is open.
        check(unsafe { sys::libusb_clear_halt(self.handle(), endpoint) }).map(drop)
    }

    fn reset(&self) -> Result<(), Errno> {
        // SAFETY: the handle is open.
        check(unsafe { sys::libusb_reset_device(self.handle()) }).map(drop)
    }

    fn control(&self, head: [u8; 6], data: &mut [u8], within: Duration) -> Result<usize, Errno> {
        let [kind, request, v0, v1, i0, i1] = head;
        let length = u16::try_from(data.len()).map_err(|_| Errno::INVAL)?;
        // SAFETY: the handle is open, and the data are valid for their length.
        let moved = check(unsafe {
            sys::libusb_control_transfer(
                self.handle(),
                kind,
                request,
                u16::from_le_bytes([v0, v1]),
                u16::from_le_bytes([i0, i1]),
                data.as_mut_ptr(),
                length,
                within.as_millis() as c_uint,
            )
        })?;
        Ok(moved as usize)
    }

    fn bulk(&self, endpoint: u8, data: &mut [u8], within: Duration) -> Result<usize, Errno> {
        let (length, mut moved) = (c_int::try_from(data.len()).map_err(|_| Errno::INVAL)?, 0);
        // SAFETY: as above.
        check(unsafe {
            sys::libusb_bulk_transfer(
                self.handle(),
                endpoint,
                data.as_mut_ptr(),
                length,
                &mut moved,
                within.as_millis() as c_uint,
            )
        })?;
        Ok(moved as usize)
    }

    unsafe fn submit(&self, urb: NonNull<Urb>) -> Result<(), Errno> {
        let mut transfers = self.transfers.borrow_mut();
        let transfer = match transfers.entry(urb.as_ptr() as usize) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(new) => {
                // SAFETY: room for the packets of any block.
                let raw =
                    unsafe { sys::libusb_alloc_transfer(crate::system::MOST_PACKETS as c_int) };
                if raw.is_null() {
                    return Err(Errno::NOMEM);
                }
                let user = Box::new(User { urb: Cell::new(urb), row: &raw const *self.row });
                new.insert(Transfer { raw, user })
            }
        };
        // SAFETY: the caller keeps the block valid; the transfer is made and not in flight.
        let submitted = unsafe {
            let (from, to) = (urb.as_ref(), &mut *transfer.raw);
            to.dev_handle = self.handle();
            to.endpoint = from.endpoint;
            to.transfer_type = match from.kind {
                kind if kind == Kind::Isochronous as u8 => is::LIBUSB_TRANSFER_TYPE_ISOCHRONOUS,
                kind if kind == Kind::Interrupt as u8 => is::LIBUSB_TRANSFER_TYPE_INTERRUPT,
                kind if kind == Kind::Control as u8 => is::LIBUSB_TRANSFER_TYPE_CONTROL,
                _ => is::LIBUSB_TRANSFER_TYPE_BULK,
            };
            to.buffer = from.buffer;
            to.length = from.buffer_length;
            to.num_iso_packets = from.number_of_packets;
            to.callback = done;
            to.user_data = (&raw const *transfer.user).cast_mut().cast::<c_void>();
            let packets = to.iso_packet_desc.as_mut_ptr();
            for (place, packet) in
                from.packets[..from.number_of_packets as usize].iter().enumerate()
            {
                (*packets.add(place)).length = packet.length;
            }
            sys::libusb_submit_transfer(transfer.raw)
        };
        if let Err(error) = check(submitted) {
            // Nothing that is in flight may be left to tell it.
            self.row.gone.set(self.row.gone.get() || error == Errno::NODEV);
            return Err(error);
        }
        self.row.in_flight.set(self.row.in_flight.get() + 1);
        Ok(())
    }

    fn reap(&self) -> Result<Option<NonNull<Urb>>, Errno> {
        if self.row.done.borrow().is_empty() {
            let at_once = libc::timeval { tv_sec: 0, tv_usec: 0 };
            // SAFETY: the context is valid; callbacks find what they need, as `done` says.
            let handled = check(unsafe {
                sys::libusb_handle_events_timeout_completed(
                    self.device.context,
                    &at_once,
                    ptr::null_mut(),
                )
            });
            match handled {
                // A signal: what is there is found by the next look.
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
        let next = self.row.done.borrow_mut().pop_front();
        match next {
            Some(urb) => {
                self.row.in_flight.set(self.row.in_flight.get() - 1);
                Ok(Some(urb))
            }
            None if self.row.gone.get() && self.row.in_flight.get() == 0 => Err(Errno::NODEV),
            None => Ok(None),
        }
    }

    fn discard(&self, urb: NonNull<Urb>) -> Result<(), Errno> {
        let transfers = self.transfers.borrow();
        let transfer = transfers.get(&(urb.as_ptr() as usize)).ok_or(Errno::INVAL)?;
        // SAFETY: the transfer was submitted; libusb refuses one that is done.
        check(unsafe { sys::libusb_cancel_transfer(transfer.raw) }).map(drop)
    }
}
