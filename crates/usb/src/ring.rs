//! The transfers that are the kernel's for now, and the frames in them.
//!
//! A frame goes into a slot with [`submit`](Ring::submit) and comes out with [`reap`](Ring::reap):
//! meanwhile nobody can read, change or drop it. When the ring ends, every transfer is discarded and
//! reaped before the frames go; frames that the system will not give back are leaked with their
//! blocks, rather than handed out while a device may still write to them.

use std::cell::UnsafeCell;
use std::mem;
use std::ptr::NonNull;

use pool::Frame;
use rustix::event::{Timespec, poll};
use rustix::io::Errno;

use crate::system::{ISO_ASAP, IsoPacket, Kind, MOST_PACKETS, Node, Urb};

/// How often, and how long each time, discarded transfers are waited for that do not come back.
const END_TRIES: usize = 50;
const END_WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };

/// The error numbers of transfers that ended because they were discarded.
const DISCARDED: [Errno; 2] = [Errno::NOENT, Errno::CONNRESET];

/// A fixed number of slots for transfers on one node.
pub(crate) struct Ring<N: Node> {
    node: N,
    urbs: Box<[UnsafeCell<Urb>]>,
    /// The frame in each slot that the kernel has.
    cargo: Box<[Option<Frame>]>,
    in_flight: usize,
}

// SAFETY: the pointers in the blocks are to frames' memory, which a frame may take to any thread; the
// kernel knows the blocks by address, and they are on the heap.
unsafe impl<N: Node + Send> Send for Ring<N> {}

/// What a transfer is to do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Aim {
    /// Fill the room behind the frame's bytes, up to so many.
    Fill(usize),
    /// Send the frame's bytes.
    Send,
}

/// A transfer that is done.
pub(crate) struct Done {
    pub(crate) slot: usize,
    /// With what came in it, if it was to be filled and did not go wrong.
    pub(crate) frame: Frame,
    pub(crate) status: Status,
    /// Octets moved, whatever the status.
    pub(crate) moved: usize,
}

/// How a transfer ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Status {
    Complete,
    /// By our own wish.
    Discarded,
    Failed(Errno),
}

impl Status {
    fn from_raw(status: i32) -> Status {
        let error = match status {
            0 => return Status::Complete,
            -4095..0 => Errno::from_raw_os_error(-status),
            // Never seen: what is no error number.
            _ => Errno::IO,
        };
        if DISCARDED.contains(&error) { Status::Discarded } else { Status::Failed(error) }
    }
}

/// A transfer that could not begin, with its frame.
pub(crate) struct Refused {
    pub(crate) error: Errno,
    pub(crate) frame: Frame,
}

impl<N: Node> Ring<N> {
    pub(crate) fn new(node: N, slots: usize) -> Ring<N> {
        Ring {
            node,
            urbs: (0..slots).map(|_| UnsafeCell::new(Urb::EMPTY)).collect(),
            cargo: (0..slots).map(|_| None).collect(),
            in_flight: 0,
        }
    }

    pub(crate) fn node(&self) -> &N {
        &self.node
    }

    /// How many transfers the kernel has.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Begins a transfer in a slot that is free.
    #[inline(always)]
    pub(crate) fn submit(
        &mut self,
        slot: usize,
        kind: Kind,
        endpoint: u8,
        aim: Aim,
        mut frame: Frame,
    ) -> Result<(), Refused> {
        let (buffer, length) = match aim {
            Aim::Fill(most) => {
                let room = frame.spare_mut();
                (room.as_mut_ptr(), room.len().min(most))
            }
            Aim::Send => (frame.as_mut_ptr(), frame.len()),
        };
        let urb = self.urbs[slot].get_mut();
        urb.kind = kind as u8;
        urb.endpoint = endpoint;
        urb.flags = 0;
        urb.buffer = buffer;
        urb.buffer_length = length as i32;
        urb.number_of_packets = 0;
        self.start(slot, frame)
    }

    /// Begins an isochronous transfer of packets of these lengths in a slot that is free; the frame
    /// is to be filled, or holds that many bytes to send.
    pub(crate) fn submit_packets(
        &mut self,
        slot: usize,
        endpoint: u8,
        lengths: &[u16],
        mut frame: Frame,
    ) -> Result<(), Refused> {
        debug_assert!(lengths.len() <= MOST_PACKETS);
        let total: usize = lengths.iter().map(|length| usize::from(*length)).sum();
        let buffer = if frame.is_empty() {
            frame.spare_mut().get_mut(..total).map(<[u8]>::as_mut_ptr)
        } else {
            frame.get_mut(..total).map(<[u8]>::as_mut_ptr)
        };
        let Some(buffer) = buffer else {
            return Err(Refused { error: Errno::INVAL, frame });
        };
        let urb = self.urbs[slot].get_mut();
        urb.kind = Kind::Isochronous as u8;
        urb.endpoint = endpoint;
        urb.flags = ISO_ASAP;
        urb.buffer = buffer;
        urb.buffer_length = total as i32;
        urb.number_of_packets = lengths.len() as i32;
        for (packet, length) in urb.packets.iter_mut().zip(lengths) {
            *packet = IsoPacket { length: (*length).into(), actual_length: 0, status: 0 };
        }
        self.start(slot, frame)
    }

    /// A block as the kernel knows it: without a reference, which would say that it is ours.
    #[inline]
    fn urb(&self, slot: usize) -> NonNull<Urb> {
        // A cell has an address.
        NonNull::new(self.urbs[slot].get()).unwrap_or(NonNull::dangling())
    }

    #[inline(always)]
    fn start(&mut self, slot: usize, frame: Frame) -> Result<(), Refused> {
        debug_assert!(self.cargo[slot].is_none(), "the slot is the kernel's");
        let urb = self.urb(slot);
        // SAFETY: the block is on the heap and stays there; the frame that its buffer lies in goes
        // to `cargo`, where nobody touches it until the block is reaped, or leaks.
        if let Err(error) = unsafe { self.node.submit(urb) } {
            return Err(Refused { error, frame });
        }
        self.cargo[slot] = Some(frame);
        self.in_flight += 1;
        Ok(())
    }

    /// The next transfer that is done, if there is one.
    #[inline(always)]
    pub(crate) fn reap(&mut self) -> Result<Option<Done>, Errno> {
        let Some(reaped) = self.node.reap()? else { return Ok(None) };
        let offset = (reaped.as_ptr() as usize).wrapping_sub(self.urbs.as_ptr() as usize);
        let slot = offset / size_of::<Urb>();
        let frame = self.cargo.get_mut(slot).and_then(Option::take);
        // A file of usbfs knows no other transfers than those begun on it.
        let Some(mut frame) = frame else { return Err(Errno::FAULT) };
        self.in_flight -= 1;
        let urb = self.urbs[slot].get_mut();
        let moved = usize::try_from(urb.actual_length).unwrap_or(0);
        let status = Status::from_raw(urb.status);
        if frame.is_empty() && status == Status::Complete && urb.number_of_packets == 0 {
            let grown = frame.grow(moved);
            debug_assert!(grown.is_ok(), "no more bytes than there was room for");
        }
        Ok(Some(Done { slot, frame, status, moved }))
    }

    /// The packets of the isochronous transfer last reaped from a slot.
    pub(crate) fn packets(&mut self, slot: usize) -> &[IsoPacket] {
        let urb = self.urbs[slot].get_mut();
        let count = usize::try_from(urb.number_of_packets).unwrap_or(0);
        &urb.packets[..count.min(MOST_PACKETS)]
    }

    /// Ends the transfer in a slot early, if there is one; it comes back with [`reap`](Ring::reap).
    pub(crate) fn discard(&mut self, slot: usize) {
        if self.cargo[slot].is_some() {
            // It may just be done, or the device gone: it has to be reaped in any case.
            let _ = self.node.discard(self.urb(slot));
        }
    }

    /// Ends all transfers, and drops the frames as they come back.
    pub(crate) fn end(&mut self) {
        for slot in 0..self.cargo.len() {
            self.discard(slot);
        }
        for _ in 0..END_TRIES {
            while let Ok(Some(done)) = self.reap() {
                drop(done);
            }
            if self.in_flight == 0 {
                return;
            }
            // Not on the descriptor: that of a device that is gone is always ready.
            let _ = poll(&mut [], Some(&END_WAIT));
        }
        // Nobody can say whether a device still writes to these.
        for frame in self.cargo.iter_mut().filter_map(Option::take) {
            mem::forget(frame);
        }
        self.in_flight = 0;
    }
}

impl<N: Node> Drop for Ring<N> {
    fn drop(&mut self) {
        self.end();
    }
}
