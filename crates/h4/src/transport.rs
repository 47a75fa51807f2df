//! One H4 stream, open or lost: packets in, packets out, nothing ever waited for.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::mem::take;
use std::os::fd::{AsFd, BorrowedFd};

use pool::{Arena, Frame, Instant};
use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendFlags};
use wire::h4::Channel;

use crate::error::{Lost, OpenError, SendError};
use crate::framer::Framer;
use crate::open::{Stream, open};
use crate::spec::Spec;

/// The most packets that wait for a controller that takes none for now.
pub const QUEUE: usize = 64;

/// The most packets handed to the system in one call.
const BATCH: usize = 16;

/// An H4 controller over a byte stream.
///
/// Made for level-triggered readiness: wait until [`fd`](Transport::fd) is readable (writable too,
/// while [`wants_write`](Transport::wants_write)), then call [`receive`](Transport::receive) until it
/// has no more, and [`flush`](Transport::flush). After [`Lost`] the descriptor is closed already;
/// the owner calls [`reopen`](Transport::reopen) when it sees fit.
#[derive(Debug)]
pub struct Transport {
    spec: Spec,
    stream: Option<Stream>,
    framer: Framer,
    arena: Arena,
    /// The last read took all there was: the next one can wait for the system's word.
    drained: bool,
    starved: bool,
    /// Packets to be sent, type byte on, the first one perhaps in part.
    queue: VecDeque<Frame>,
}

impl Transport {
    /// Opens `spec` (`tcp:HOST:PORT`, `unix:PATH`, `serial:DEVICE@BAUD`); packets will arrive in
    /// blocks of `arena`.
    pub fn open(spec: &str, arena: Arena) -> Result<Transport, OpenError> {
        let mut transport = Transport::closed(spec.parse()?, arena);
        transport.reopen()?;
        Ok(transport)
    }

    /// A transport that is not open yet.
    pub fn closed(spec: Spec, arena: Arena) -> Transport {
        Transport {
            spec,
            stream: None,
            framer: Framer::new(arena.clone()),
            arena,
            drained: false,
            starved: false,
            queue: VecDeque::with_capacity(QUEUE),
        }
    }

    /// Closes the stream, if it is open, and opens it anew, with nothing left of the old one.
    pub fn reopen(&mut self) -> Result<(), OpenError> {
        self.close();
        self.stream = Some(open(&self.spec)?);
        Ok(())
    }

    /// Closes the stream and forgets what was on its way.
    pub fn close(&mut self) {
        self.stream = None;
        self.framer.reset();
        self.queue.clear();
        self.drained = false;
        self.starved = false;
    }

    /// Where the controller is.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The descriptor to wait on; `None` while the stream is lost or closed.
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.stream.as_ref().map(|stream| stream.fd.as_fd())
    }

    /// Whether the stream is open.
    pub fn is_open(&self) -> bool {
        self.stream.is_some()
    }

    /// Whether the last [`receive`](Transport::receive) stopped because the arena had no block to
    /// spare. Waiting on the descriptor would return at once; wait for a moment instead.
    pub fn is_starved(&self) -> bool {
        self.starved
    }

    /// The next packet, without its type byte, stamped with the `now` at which its last byte was
    /// read; `None` when there is no more until the descriptor is readable again.
    pub fn receive(&mut self, now: Instant) -> Result<Option<(Channel, Frame)>, Lost> {
        loop {
            match self.framer.packet() {
                Ok(None) => {}
                Ok(Some(packet)) => return Ok(Some(packet)),
                Err(lost) => return Err(self.lose(lost)),
            }
            if take(&mut self.drained) || !self.read(now)? {
                return Ok(None);
            }
        }
    }

    /// Whether anything came.
    fn read(&mut self, now: Instant) -> Result<bool, Lost> {
        let Some(stream) = &self.stream else { return Err(Lost::Closed) };
        let room = self.framer.room();
        self.starved = room.is_none();
        let Some(room) = room else { return Ok(false) };
        let asked = room.len();
        match retry(|| rustix::io::read(&stream.fd, &mut *room)) {
            Ok(0) => Err(self.lose(Lost::Closed)),
            Ok(n) => {
                self.drained = n < asked;
                stream.acknowledge();
                self.framer.filled(n, now);
                Ok(true)
            }
            Err(Errno::AGAIN) => Ok(false),
            Err(error) => Err(self.lose(broken(error))),
        }
    }

    /// Sends a packet (without type byte), at once if the system takes it, else when
    /// [`flush`](Transport::flush) is called. One byte of headroom saves a copy.
    pub fn send(&mut self, channel: Channel, packet: Frame) -> Result<(), SendError> {
        if self.stream.is_none() {
            return Err(Lost::Closed.into());
        }
        if self.queue.len() == QUEUE {
            return Err(SendError::Full);
        }
        let packet = self.typed(channel, packet)?;
        let waiting = !self.queue.is_empty();
        self.queue.push_back(packet);
        if !waiting {
            self.flush()?;
        }
        Ok(())
    }

    /// The packet with its type byte in front.
    fn typed(&self, channel: Channel, mut packet: Frame) -> Result<Frame, SendError> {
        let indicator = [channel.indicator()];
        if packet.prepend(&indicator).is_ok() {
            return Ok(packet);
        }
        let mut roomy = self.arena.take().ok_or(SendError::Full)?;
        self.arena.count_copied(packet.len());
        roomy
            .append(&packet)
            .and_then(|()| roomy.prepend(&indicator))
            .map_err(|_| SendError::Full)?;
        Ok(roomy)
    }

    /// Whether packets wait for the descriptor to be writable.
    pub fn wants_write(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Sends what waits, as far as the system takes it.
    pub fn flush(&mut self) -> Result<(), Lost> {
        while !self.queue.is_empty() {
            let Some(stream) = &self.stream else { return Err(Lost::Closed) };
            let mut slices = [IoSlice::new(&[]); BATCH];
            let mut count = 0;
            for (slice, packet) in slices.iter_mut().zip(&self.queue) {
                *slice = IoSlice::new(packet);
                count += 1;
            }
            match retry(|| write(stream, &slices[..count])) {
                Ok(n) => self.sent(n),
                Err(Errno::AGAIN) => break,
                Err(error) => return Err(self.lose(broken(error))),
            }
        }
        Ok(())
    }

    /// Takes `n` bytes off the front of the queue.
    fn sent(&mut self, mut n: usize) {
        while let Some(packet) = self.queue.front_mut() {
            if n < packet.len() {
                packet.advance(n);
                return;
            }
            n -= packet.len();
            self.queue.pop_front();
        }
    }

    fn lose(&mut self, lost: Lost) -> Lost {
        self.close();
        lost
    }
}

/// Repeats a call that a signal interrupted.
fn retry<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            done => return done,
        }
    }
}

/// Without SIGPIPE, which an embedding program may not ignore.
fn write(stream: &Stream, slices: &[IoSlice<'_>]) -> Result<usize, Errno> {
    if stream.is_socket {
        let mut control = SendAncillaryBuffer::default();
        rustix::net::sendmsg(&stream.fd, slices, &mut control, SendFlags::NOSIGNAL)
    } else {
        rustix::io::writev(&stream.fd, slices)
    }
}

fn broken(error: Errno) -> Lost {
    match error {
        // A serial device that was unplugged, or whose other side closed it.
        Errno::IO | Errno::PIPE | Errno::CONNRESET | Errno::NODEV | Errno::NXIO => Lost::Closed,
        error => Lost::Io(io::Error::from(error).kind()),
    }
}
