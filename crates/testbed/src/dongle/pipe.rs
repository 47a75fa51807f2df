//! An endpoint that sends to the host in transfers: events (interrupt) and data (bulk).
//!
//! A transfer is cut into packets, and ends with one that is not full: where its length is a multiple of
//! the packet size, with an empty one (USB 2.0, 5.7.3 and 5.8.3). A URB ends with a packet that is
//! not full or when it is full itself; until then it waits, with what it has.

use std::collections::VecDeque;

use crate::usbip::{Return, Urb, status};

/// More packets than this wait for a host that does not read; the oldest go.
const MOST_WAITING: usize = 4096;

/// What an endpoint does wrongly.
#[derive(Clone, Copy, Default)]
pub(crate) struct Faults {
    /// No empty packet after a transfer whose last packet is full.
    pub(crate) unterminated: bool,
    /// So many packets of the controller go in one transfer; fewer where no more come.
    pub(crate) merge: usize,
    /// A packet of the controller goes in transfers of so many bytes.
    pub(crate) split: usize,
    /// So many transfers lose their second half.
    pub(crate) short: usize,
    /// Nothing is answered.
    pub(crate) nak: bool,
}

/// The endpoint.
pub(crate) struct Pipe {
    size: usize,
    packets: VecDeque<Vec<u8>>,
    waiting: VecDeque<(Urb, Vec<u8>)>,
    merged: Vec<u8>,
    merging: usize,
    pub(crate) faults: Faults,
    pub(crate) halted: bool,
}

impl Pipe {
    pub(crate) fn new(size: usize) -> Pipe {
        Pipe {
            size,
            packets: VecDeque::new(),
            waiting: VecDeque::new(),
            merged: Vec::new(),
            merging: 0,
            faults: Faults::default(),
            halted: false,
        }
    }

    /// Sends a packet of the controller.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        if self.faults.merge > 1 {
            self.merged.extend(bytes);
            self.merging += 1;
            if self.merging < self.faults.merge {
                return;
            }
            return self.flush();
        }
        self.transfer(bytes);
    }

    /// Whether packets wait for others to go in one transfer with.
    pub(crate) fn is_merging(&self) -> bool {
        self.merging > 0
    }

    /// Sends those, without the others.
    pub(crate) fn flush(&mut self) {
        if std::mem::take(&mut self.merging) > 0 {
            let merged = std::mem::take(&mut self.merged);
            self.transfer(&merged);
        }
    }

    /// Puts transfers into the endpoint: one, if nothing is wrong.
    fn transfer(&mut self, bytes: &[u8]) {
        let piece = if self.faults.split > 0 { self.faults.split } else { bytes.len().max(1) };
        for mut transfer in bytes.chunks(piece) {
            if self.faults.short > 0 {
                self.faults.short -= 1;
                transfer = &transfer[..transfer.len() / 2];
            }
            self.packets.extend(packets(transfer, self.size, !self.faults.unterminated));
        }
        let over = self.packets.len().saturating_sub(MOST_WAITING);
        self.packets.drain(..over);
    }

    /// Puts a transfer that nobody sent before all others: what a former driver left behind.
    pub(crate) fn leave(&mut self, bytes: &[u8]) {
        for packet in packets(bytes, self.size, true).into_iter().rev() {
            self.packets.push_front(packet);
        }
    }

    pub(crate) fn submit(&mut self, urb: Urb) {
        self.waiting.push_back((urb, Vec::new()));
    }

    /// Forgets all that waits on either side.
    pub(crate) fn clear(&mut self) {
        self.packets.clear();
        self.waiting.clear();
        self.merged.clear();
        self.merging = 0;
    }

    /// Takes a URB back. Whether it was still here.
    pub(crate) fn unlink(&mut self, number: u32) -> bool {
        let found = self.waiting.iter().position(|(urb, _)| urb.number == number);
        found.is_some_and(|at| self.waiting.remove(at).is_some())
    }

    /// The next URB that ends.
    pub(crate) fn poll(&mut self) -> Option<Return> {
        if self.faults.nak {
            return None;
        }
        let (urb, data) = self.waiting.front_mut()?;
        let mut end = self.halted.then_some(status::PIPE);
        while end.is_none() {
            let packet = self.packets.pop_front()?;
            let room = urb.length - data.len();
            data.extend(&packet[..packet.len().min(room)]);
            if packet.len() > room {
                end = Some(status::OVERFLOW);
            } else if packet.len() < self.size || packet.len() == room {
                end = Some(status::OK);
            }
        }
        let (urb, data) = self.waiting.pop_front()?;
        Some(Return {
            number: urb.number,
            status: end?,
            actual: data.len(),
            data,
            packets: Vec::new(),
        })
    }
}

/// The packets of one transfer.
fn packets(transfer: &[u8], size: usize, terminated: bool) -> Vec<Vec<u8>> {
    let mut packets: Vec<Vec<u8>> = transfer.chunks(size).map(<[u8]>::to_vec).collect();
    if transfer.is_empty() || terminated && transfer.len().is_multiple_of(size) {
        packets.push(Vec::new());
    }
    packets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urb(number: u32, length: usize) -> Urb {
        Urb { number, endpoint: 0x81, length, ..Urb::default() }
    }

    /// What each URB that ended got.
    fn ended(pipe: &mut Pipe) -> Vec<(u32, i32, usize)> {
        std::iter::from_fn(|| pipe.poll())
            .map(|done| (done.number, done.status, done.data.len()))
            .collect()
    }

    #[test]
    fn a_large_urb_ends_with_the_transfer() {
        let mut pipe = Pipe::new(16);
        (0..3).for_each(|number| pipe.submit(urb(number, 260)));
        pipe.send(&[0; 6]);
        pipe.send(&[0; 32]);
        pipe.send(&[0; 33]);
        assert_eq!(ended(&mut pipe), [(0, 0, 6), (1, 0, 32), (2, 0, 33)]);
    }

    #[test]
    fn a_urb_of_one_packet_needs_no_end() {
        let mut pipe = Pipe::new(16);
        (0..4).for_each(|number| pipe.submit(urb(number, 16)));
        pipe.send(&[0; 32]);
        pipe.send(&[0; 3]);
        // The empty packet ends a URB of its own.
        assert_eq!(ended(&mut pipe), [(0, 0, 16), (1, 0, 16), (2, 0, 0), (3, 0, 3)]);
    }

    #[test]
    fn without_an_empty_packet_a_large_urb_waits() {
        let mut pipe = Pipe::new(16);
        pipe.faults.unterminated = true;
        pipe.submit(urb(1, 260));
        pipe.send(&[0; 32]);
        assert_eq!(ended(&mut pipe), []);
        pipe.send(&[0; 2]);
        assert_eq!(ended(&mut pipe), [(1, 0, 34)]);
    }

    #[test]
    fn faults_do_what_they_say() {
        let mut pipe = Pipe::new(16);
        (0..9).for_each(|number| pipe.submit(urb(number, 64)));
        pipe.faults.merge = 2;
        pipe.send(&[0; 5]);
        assert_eq!(ended(&mut pipe), []);
        pipe.send(&[0; 6]);
        assert_eq!(ended(&mut pipe), [(0, 0, 11)]);
        pipe.send(&[0; 7]);
        assert!(pipe.is_merging());
        pipe.flush();
        assert_eq!(ended(&mut pipe), [(1, 0, 7)]);
        pipe.faults = Faults { split: 4, ..Faults::default() };
        pipe.send(&[0; 6]);
        assert_eq!(ended(&mut pipe), [(2, 0, 4), (3, 0, 2)]);
        pipe.faults = Faults { short: 1, ..Faults::default() };
        pipe.send(&[0; 6]);
        pipe.send(&[0; 6]);
        assert_eq!(ended(&mut pipe), [(4, 0, 3), (5, 0, 6)]);
        pipe.halted = true;
        assert!(pipe.unlink(7) && !pipe.unlink(7));
        assert_eq!(ended(&mut pipe), [(6, -32, 0), (8, -32, 0)]);
    }

    #[test]
    fn what_was_left_comes_first_and_too_much_overflows() {
        let mut pipe = Pipe::new(16);
        pipe.send(&[1; 4]);
        pipe.leave(&[2; 20]);
        pipe.submit(urb(1, 64));
        assert_eq!(pipe.poll().map(|done| done.data), Some(vec![2; 20]));
        pipe.submit(urb(2, 3));
        assert_eq!(ended(&mut pipe), [(2, -75, 3)]);
    }
}
