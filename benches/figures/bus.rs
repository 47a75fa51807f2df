//! The USB driver on a node that costs nothing: what is sent to it is forgotten, and a packet of
//! data is put into the transfer that has waited longest.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::{self, NonNull};
use std::rc::Rc;
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFlags, eventfd};
use rustix::io::Errno;
use usb::fake::{descriptors, endpoint};
use usb::system::{Mapping, Node, Urb};
use usb::{Options, Transport};

/// A dongle's bus, seen from the kernel's side.
#[derive(Clone)]
pub struct Bus(Rc<Shared>);

struct Shared {
    /// Transfers that wait for data, and those that are done.
    waiting: RefCell<VecDeque<NonNull<Urb>>>,
    done: RefCell<VecDeque<NonNull<Urb>>>,
    /// Transfers of other kinds, for ever.
    others: RefCell<Vec<NonNull<Urb>>>,
    calls: Cell<u64>,
    fd: OwnedFd,
}

impl Bus {
    /// A bus, and the transport on it.
    pub fn plug() -> (Bus, Transport<Bus>) {
        let fd = eventfd(0, EventfdFlags::CLOEXEC).expect("an eventfd");
        let queue = || RefCell::new(VecDeque::with_capacity(64));
        let others = RefCell::new(Vec::with_capacity(64));
        let bus = Bus(Rc::new(Shared {
            waiting: queue(),
            done: queue(),
            others,
            calls: Cell::new(0),
            fd,
        }));
        let options = Options { quiet: Duration::ZERO, guardian: false, ..Options::default() };
        let transport = Transport::from_node(bus.clone(), "a bench", &options);
        (bus, transport.expect("a good dongle"))
    }

    /// A packet of data comes.
    #[inline]
    pub fn data(&self, packet: &[u8]) {
        let mut urb = self.0.waiting.borrow_mut().pop_front().expect("a transfer waits");
        // SAFETY: it was submitted and is not handed back, so that it and its memory are the node's.
        unsafe {
            let urb = urb.as_mut();
            assert!(packet.len() <= urb.buffer_length as usize);
            ptr::copy_nonoverlapping(packet.as_ptr(), urb.buffer, packet.len());
            urb.actual_length = packet.len() as i32;
            urb.status = 0;
        }
        self.0.done.borrow_mut().push_back(urb);
    }

    /// What the bus itself takes for a packet, to be left out: it is filled in, reaped, submitted again,
    /// and there is no more.
    #[inline]
    pub fn bare(&self, packet: &[u8]) {
        self.data(packet);
        let urb = self.reap().ok().flatten().expect("it is done");
        // SAFETY: it was handed back, and its memory is the transport's, which does not move.
        unsafe { self.submit(urb) }.expect("the bus takes all");
        assert!(self.reap().is_ok_and(|none| none.is_none()));
    }

    /// How many system calls it would have been so far, waiting aside.
    pub fn calls(&self) -> u64 {
        self.0.calls.get()
    }

    fn call(&self) {
        self.0.calls.set(self.0.calls.get() + 1);
    }
}

// SAFETY: transfers are touched in `data` alone, between submission and reaping, and each is handed
// back once; there is no mapping to give out.
unsafe impl Node for Bus {
    const READY: PollFlags = PollFlags::IN;

    fn fd(&self) -> BorrowedFd<'_> {
        self.0.fd.as_fd()
    }

    fn descriptors(&self) -> Result<Vec<u8>, Errno> {
        Ok(descriptors())
    }

    fn map(&self, _: usize) -> Result<Mapping, Errno> {
        Err(Errno::OPNOTSUPP)
    }

    fn driver(&self, _: u8) -> Result<String, Errno> {
        Err(Errno::NODATA)
    }

    fn claim(&self, _: u8) -> Result<(), Errno> {
        Ok(())
    }

    fn release(&self, _: u8) -> Result<(), Errno> {
        Ok(())
    }

    fn attach(&self, _: u8) -> Result<(), Errno> {
        Ok(())
    }

    fn set_interface(&self, _: u8, _: u8) -> Result<(), Errno> {
        Ok(())
    }

    fn clear_halt(&self, _: u8) -> Result<(), Errno> {
        Ok(())
    }

    fn reset(&self) -> Result<(), Errno> {
        Ok(())
    }

    fn control(&self, _: [u8; 6], _: &mut [u8], _: Duration) -> Result<usize, Errno> {
        Err(Errno::PIPE)
    }

    fn bulk(&self, _: u8, _: &mut [u8], _: Duration) -> Result<usize, Errno> {
        Err(Errno::PIPE)
    }

    #[inline]
    unsafe fn submit(&self, urb: NonNull<Urb>) -> Result<(), Errno> {
        self.call();
        // SAFETY: the caller says that it is valid until it is reaped.
        if unsafe { urb.as_ref() }.endpoint == endpoint::ACL_IN {
            self.0.waiting.borrow_mut().push_back(urb);
        } else {
            self.0.others.borrow_mut().push(urb);
        }
        Ok(())
    }

    #[inline]
    fn reap(&self) -> Result<Option<NonNull<Urb>>, Errno> {
        self.call();
        Ok(self.0.done.borrow_mut().pop_front())
    }

    fn discard(&self, urb: NonNull<Urb>) -> Result<(), Errno> {
        self.0.waiting.borrow_mut().retain(|waiting| *waiting != urb);
        self.0.others.borrow_mut().retain(|waiting| *waiting != urb);
        self.0.done.borrow_mut().push_back(urb);
        Ok(())
    }
}
