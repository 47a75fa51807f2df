//! Voice on its way to the dongle: cut into packets of the length that the alternate setting has room
//! for, and those into the packets of the bus, at the bus's pace.
//!
//! Each link's payload is a stream of octets: how the caller cut it does not matter. When a link has
//! not enough for a packet, empty packets go out in its place, and are counted.

use std::collections::VecDeque;

use pool::{Frame, Full};

use super::setting::{HEADER, MOST_LINKS, PACKETS, Pace, VoiceLink};

/// The most voice of a link that waits, in milliseconds: what four frames of mSBC hold. What comes
/// before there is room again is dropped, since late voice is worse than none.
const QUEUE: usize = 30;
/// The most packets in which it may come.
const MOST_FRAMES: usize = 16;

/// The payload of one link that waits.
struct Waiting {
    link: Option<VoiceLink>,
    /// Headers off.
    frames: VecDeque<Frame>,
}

impl Waiting {
    fn octets(&self) -> usize {
        self.frames.iter().map(|frame| frame.len()).sum()
    }

    /// Moves `n` octets behind `to`, which there are.
    fn read(&mut self, mut n: usize, to: &mut Frame) -> Result<(), Full> {
        while n > 0 {
            let Some(front) = self.frames.front_mut() else { return Ok(()) };
            let part = n.min(front.len());
            to.append(&front[..part])?;
            front.advance(part);
            n -= part;
            if front.is_empty() {
                self.frames.pop_front();
            }
        }
        Ok(())
    }
}

pub(crate) struct Outgoing {
    waiting: [Waiting; MOST_LINKS],
    /// Whose turn it is.
    turn: usize,
    /// Bus packets until the next voice packet may begin, and which of the two paces comes next.
    until: u8,
    beat: usize,
    /// Bus packets that went out empty though a voice packet was due.
    pub(crate) starved: u64,
    pub(crate) dropped: u64,
}

impl Outgoing {
    pub(crate) fn new() -> Outgoing {
        let waiting = || Waiting { link: None, frames: VecDeque::with_capacity(MOST_FRAMES) };
        Outgoing {
            waiting: [(); MOST_LINKS].map(|()| waiting()),
            turn: 0,
            until: 0,
            beat: 0,
            starved: 0,
            dropped: 0,
        }
    }

    /// A setting begins.
    pub(crate) fn begin(&mut self) {
        (self.until, self.beat) = (0, 0);
    }

    /// The links that are up now; what waits for those that stay goes on waiting.
    pub(crate) fn set_links(&mut self, links: &[VoiceLink]) {
        for gone in &mut self.waiting {
            if !gone.link.is_some_and(|link| links.contains(&link)) {
                gone.link = None;
                gone.frames.clear();
            }
        }
        for link in links {
            if !self.waiting.iter().any(|place| place.link == Some(*link))
                && let Some(place) = self.waiting.iter_mut().find(|place| place.link.is_none())
            {
                place.link = Some(*link);
            }
        }
    }

    /// How many packets wait.
    pub(crate) fn queued(&self) -> usize {
        self.waiting.iter().map(|link| link.frames.len()).sum()
    }

    /// Takes a voice packet, to be sent when it is due; drops it if its link is not up, or too much
    /// waits already.
    pub(crate) fn queue(&mut self, mut packet: Frame) {
        let handle = u16::from_le_bytes([packet[0], packet[1] & 0x0f]);
        packet.advance(HEADER);
        let place = self.waiting.iter_mut().find(|place| {
            let has_room = |link: VoiceLink| {
                place.octets() + packet.len() <= QUEUE * link.coding.octets()
                    && place.frames.len() < MOST_FRAMES
            };
            place.link.is_some_and(|link| link.handle == handle && has_room(link))
        });
        match place {
            Some(place) => place.frames.push_back(packet),
            None => self.dropped += 1,
        }
    }

    /// Fills an empty frame with the next bus packets, and gives their lengths.
    pub(crate) fn fill(&mut self, pace: &Pace, to: &mut Frame) -> [u16; PACKETS] {
        let mut rest = 0;
        let lengths = [(); PACKETS].map(|()| {
            if self.until == 0 {
                rest = self.start(pace, to);
                if rest == 0 {
                    self.starved += 1;
                    return 0;
                }
            }
            self.until -= 1;
            let length = rest.min(usize::from(pace.size));
            rest -= length;
            length as u16
        });
        debug_assert!(rest == 0, "a voice packet ends in the transfer in which it begins");
        lengths
    }

    /// Writes the next voice packet, if a link has one; gives its length, or 0.
    fn start(&mut self, pace: &Pace, to: &mut Frame) -> usize {
        for offset in 0..MOST_LINKS {
            let place = (self.turn + offset) % MOST_LINKS;
            let waiting = &mut self.waiting[place];
            let Some(link) = waiting.link.filter(|_| waiting.octets() >= pace.payload) else {
                continue;
            };
            let [low, high] = link.handle.to_le_bytes();
            let written = to
                .append(&[low, high, pace.payload as u8])
                .and_then(|()| waiting.read(pace.payload, to));
            debug_assert!(written.is_ok(), "a block holds the packets of a transfer");
            self.turn = (place + 1) % MOST_LINKS;
            self.until = pace.every[self.beat];
            self.beat ^= 1;
            return HEADER + pace.payload;
        }
        0
    }
}
