//! A stand-in for usbfs, and for the dongle behind it: everything happens when a test says so.
//!
//! [`plug`] gives the two ends: a [`FakeNode`] for a [`Transport`](crate::Transport), and the
//! [`FakeDongle`] with which a test moves packets, makes calls fail, and pulls the plug. Packets are
//! put into transfers as a host controller does: a transfer is done when it is full, or when a packet
//! came that is shorter than the endpoint's. As with usbfs, what happened to a transfer is written
//! down when it is reaped. Not imitated: bandwidth, time, more than one process.

mod dongle;
mod node;

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::ptr::{self, NonNull};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;

use crate::system::Urb;

/// The endpoints of the dongle that [`DESCRIPTORS`] describe.
pub mod endpoint {
    /// Commands.
    pub const COMMANDS: u8 = 0x00;
    /// Events, 16 octets a packet.
    pub const EVENTS: u8 = 0x81;
    /// Data from the dongle, 64 octets a packet.
    pub const ACL_IN: u8 = 0x82;
    /// Data to the dongle.
    pub const ACL_OUT: u8 = 0x02;
    /// Voice from the dongle.
    pub const VOICE_IN: u8 = 0x83;
    /// Voice to the dongle.
    pub const VOICE_OUT: u8 = 0x03;
}

/// The packet sizes of the voice endpoints by alternate setting (Bluetooth Core 5.4, vol. 4 part B,
/// 2.1.1).
pub const VOICE_SIZES: [u8; 7] = [0, 9, 17, 25, 33, 49, 63];

/// The descriptors of an ordinary dongle (1209:0001), as its node gives them.
pub fn descriptors() -> Vec<u8> {
    let mut configuration = vec![9, 2, 0, 0, 2, 1, 0, 0xc0, 50];
    configuration.extend([9, 4, 0, 0, 3, 0xe0, 1, 1, 0]);
    configuration.extend([7, 5, endpoint::EVENTS, 3, 16, 0, 1]);
    configuration.extend([7, 5, endpoint::ACL_OUT, 2, 64, 0, 1]);
    configuration.extend([7, 5, endpoint::ACL_IN, 2, 64, 0, 1]);
    for (setting, size) in VOICE_SIZES.into_iter().enumerate() {
        configuration.extend([9, 4, 1, setting as u8, 2, 0xe0, 1, 1, 0]);
        configuration.extend([7, 5, endpoint::VOICE_OUT, 1, size, 0, 1]);
        configuration.extend([7, 5, endpoint::VOICE_IN, 1, size, 0, 1]);
    }
    let [low, high] = (configuration.len() as u16).to_le_bytes();
    (configuration[2], configuration[3]) = (low, high);
    let mut bytes = vec![18, 1, 0, 2, 0xe0, 1, 1, 64, 0x09, 0x12, 0x01, 0x00, 0, 1, 1, 2, 3, 1];
    bytes.append(&mut configuration);
    bytes
}

/// The calls that can be made to fail, and are counted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "the methods of `Node`")]
pub enum Call {
    Descriptors,
    Map,
    Claim,
    Release,
    Attach,
    SetInterface,
    ClearHalt,
    Reset,
    Control,
    Bulk,
    Submit,
    Reap,
    Discard,
}

/// The number of kinds of [`Call`].
const CALLS: usize = Call::Discard as usize + 1;

/// A transfer that was submitted. The pointer is only followed between `submit` and `reap`.
struct Transfer {
    urb: NonNull<Urb>,
    /// Octets moved so far.
    moved: usize,
    /// Isochronous packets done so far: octets and status.
    packets: Vec<(u32, i32)>,
    status: i32,
}

// SAFETY: whoever submits it hands its memory over until it is reaped, whichever thread it is.
unsafe impl Send for Transfer {}

/// What is asked without a transfer of its own.
pub enum Blocking<'a> {
    /// A request: six octets of head, what is written, and how much there is room for to be read.
    Request([u8; 6], &'a [u8], usize),
    /// Data for an endpoint.
    Bulk(u8, &'a [u8]),
}

/// Answers what is asked so, without asking the dongle for anything.
type Serve = Box<dyn FnMut(Blocking<'_>) -> Result<Vec<u8>, Errno> + Send>;

struct State {
    descriptors: Vec<u8>,
    drivers: [Option<&'static str>; 2],
    ours: [bool; 2],
    settings: [u8; 2],
    /// What waits for the dongle, in order.
    pending: VecDeque<Transfer>,
    done: VecDeque<Transfer>,
    /// Packets of the dongle that no transfer has taken yet: endpoint, bytes.
    packets: VecDeque<(u8, Vec<u8>)>,
    halted: Vec<u8>,
    failures: Vec<(Call, Errno, usize)>,
    calls: [u64; CALLS],
    log: Vec<String>,
    serve: Option<Serve>,
    gone: bool,
    stuck: bool,
    signalled: bool,
}

struct Shared {
    state: Mutex<State>,
    ready: OwnedFd,
}

/// The end for a [`Transport`](crate::Transport).
pub struct FakeNode(Arc<Shared>);

/// The end for a test.
#[derive(Clone)]
pub struct FakeDongle(Arc<Shared>);

/// A dongle with these descriptors, bound to the kernel's driver.
pub fn plug(descriptors: Vec<u8>) -> io::Result<(FakeNode, FakeDongle)> {
    let state = State {
        descriptors,
        drivers: [Some("btusb"); 2],
        ours: [false; 2],
        settings: [0; 2],
        pending: VecDeque::with_capacity(256),
        done: VecDeque::with_capacity(256),
        packets: VecDeque::with_capacity(256),
        halted: Vec::new(),
        failures: Vec::new(),
        calls: [0; CALLS],
        log: Vec::new(),
        serve: None,
        gone: false,
        stuck: false,
        signalled: false,
    };
    let ready = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
    let shared = Arc::new(Shared { state: Mutex::new(state), ready });
    Ok((FakeNode(shared.clone()), FakeDongle(shared)))
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the descriptor ready if there is something to reap, and only then.
    fn signal(&self, state: &mut State) {
        let wanted = !state.done.is_empty() || state.gone;
        if wanted && !state.signalled {
            let _ = rustix::io::write(&self.ready, &1u64.to_ne_bytes());
        } else if !wanted && state.signalled {
            let _ = rustix::io::read(&self.ready, &mut [0; 8]);
        }
        state.signalled = wanted;
    }
}

impl State {
    /// Counts a call; fails if it is to, or if the dongle is gone.
    fn call(&mut self, call: Call) -> Result<(), Errno> {
        self.calls[call as usize] += 1;
        if self.gone && call != Call::Reap {
            return Err(Errno::NODEV);
        }
        let Some(index) = self.failures.iter().position(|(of, ..)| *of == call) else {
            return Ok(());
        };
        let (_, error, times) = &mut self.failures[index];
        let error = *error;
        *times -= 1;
        if *times == 0 {
            self.failures.remove(index);
        }
        Err(error)
    }

    fn finish(&mut self, index: usize, status: i32) {
        if let Some(mut transfer) = self.pending.remove(index) {
            transfer.status = status;
            self.done.push_back(transfer);
        }
    }

    fn first(&self, endpoint: u8) -> Option<usize> {
        self.pending.iter().position(|transfer| transfer.endpoint() == endpoint)
    }

    /// Moves packets of the dongle into the transfers that wait for them.
    fn run(&mut self) {
        for endpoint in self.halted.clone() {
            while let Some(index) = self.first(endpoint) {
                self.finish(index, -Errno::PIPE.raw_os_error());
            }
        }
        let mut next = 0;
        while let Some((endpoint, bytes)) = self.packets.get(next) {
            let Some(index) = self.first(*endpoint) else {
                next += 1;
                continue;
            };
            let size = if *endpoint == endpoint::EVENTS { 16 } else { 64 };
            let transfer = &mut self.pending[index];
            let (fits, full) = transfer.fill(bytes);
            let short = bytes.len() < size;
            self.packets.remove(next);
            if !fits {
                self.finish(index, -Errno::OVERFLOW.raw_os_error());
            } else if short || full {
                self.finish(index, 0);
            }
        }
    }
}

impl Transfer {
    fn urb(&self) -> &Urb {
        // SAFETY: the transfer was submitted and is not reaped, so its block is valid and still.
        unsafe { self.urb.as_ref() }
    }

    fn endpoint(&self) -> u8 {
        self.urb().endpoint
    }

    fn length(&self) -> usize {
        self.urb().buffer_length as usize
    }

    /// Writes behind what has come; gives whether it fit, and whether there is no more room.
    fn fill(&mut self, bytes: &[u8]) -> (bool, bool) {
        let room = self.length() - self.moved;
        let taken = bytes.len().min(room);
        // SAFETY: the buffer is valid for its length until the transfer is reaped.
        unsafe {
            let to = self.urb().buffer.add(self.moved);
            ptr::copy_nonoverlapping(bytes.as_ptr(), to, taken);
        }
        self.moved += taken;
        (taken == bytes.len(), taken == room)
    }

    /// A part of what is to be sent.
    fn bytes(&self, from: usize, len: usize) -> Vec<u8> {
        assert!(from + len <= self.length());
        // SAFETY: as in `fill`, and nobody writes to what is being sent.
        unsafe { std::slice::from_raw_parts(self.urb().buffer.add(from), len) }.to_vec()
    }

    /// The place of the isochronous packet that is next: offset and length.
    fn next_packet(&self) -> (usize, usize) {
        let urb = self.urb();
        let done = self.packets.len();
        let offset = urb.packets[..done].iter().map(|packet| packet.length as usize).sum();
        (offset, urb.packets[done].length as usize)
    }

    /// Whether all isochronous packets are done.
    fn packet_done(&mut self, octets: usize, status: i32) -> bool {
        self.packets.push((octets as u32, status));
        self.packets.len() == self.urb().number_of_packets as usize
    }

    /// Writes down what happened, and lets go of the memory.
    fn write_down(mut self) -> NonNull<Urb> {
        // SAFETY: this is the reaping, up to which the block is ours.
        let urb = unsafe { self.urb.as_mut() };
        urb.status = self.status;
        urb.actual_length = self.moved as i32;
        for (packet, (octets, status)) in urb.packets.iter_mut().zip(self.packets) {
            (packet.actual_length, packet.status) = (octets, status as u32);
        }
        self.urb
    }
}
