//! Finds the frames in a voice link's byte stream, HFP 1.9, 5.7.2, and tells which are lost.
//!
//! What is trusted of a unit is the check inside its frame: the syncword, and the CRC over the scale
//! factors. Where the last frame ended, the next may begin even if its H2 header is damaged;
//! anywhere else the header must be right too. What fails is searched, a byte at a time, for where
//! the next unit may begin; no byte that a unit could begin with is ever thrown away.
//!
//! How many were lost is what the bytes thrown away amount to, as corrected by the next sequence
//! number: it tells of up to two frames more, of which not even the bytes came (three at first), and
//! of one less, when bytes came that were none of a frame; that frame comes too late for its place,
//! and is thrown away. So the decisions keep time with the sender.
//!
//! Limits: the samples in a frame are under no check. Where bytes are missing of more than three
//! frames in a row, the decisions fall behind by four or a multiple of it.

use super::{FRAME, PACKET, h2};
use crate::sbc::Header;

/// So many frames in a row without one that follows the last are a peer that does not count: its
/// numbers say nothing until two of them follow each other.
const JUMPS: u8 = 4;

/// What became of 7.5 ms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision<'a> {
    /// The frame is here, and its CRC is right.
    Frame(&'a [u8; FRAME]),
    /// It is not, and has to be made up.
    Lost,
}

/// What a receiver has seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stats {
    /// Frames given.
    pub frames: u64,
    /// Frames given as lost.
    pub lost: u64,
    /// Frames that came after their place had been given as lost.
    pub late: u64,
    /// Times a frame was found elsewhere than where the last one ended.
    pub resyncs: u64,
}

/// The receiving end of one voice link.
#[derive(Clone)]
pub struct Receiver {
    held: [u8; PACKET],
    length: usize,
    /// Which of the bytes held are known to be damaged; the first is the lowest bit.
    damaged: u64,
    /// The bytes held begin where a frame ended, or would have.
    in_step: bool,
    /// The sequence number to come.
    expected: Option<u8>,
    /// Bytes thrown away that no decision stands for yet.
    skipped: usize,
    /// Decisions given for bytes thrown away since the last frame, modulo 256.
    given: u8,
    /// Decisions to be given before the frame that is held.
    due: u8,
    /// The frame that is held is good.
    ready: bool,
    /// Frames in a row whose sequence number did not follow the last one's.
    jumps: u8,
    stats: Stats,
}

impl Default for Receiver {
    fn default() -> Receiver {
        Receiver::new()
    }
}

impl Receiver {
    /// A receiver that has yet to find the first frame.
    #[must_use]
    pub const fn new() -> Receiver {
        Receiver {
            held: [0; PACKET],
            length: 0,
            damaged: 0,
            in_step: false,
            expected: None,
            skipped: 0,
            given: 0,
            due: 0,
            ready: false,
            jumps: 0,
            stats: Stats { frames: 0, lost: 0, late: 0, resyncs: 0 },
        }
    }

    /// Takes bytes off the front of `payload` until something can be said of the next 7.5 ms.
    /// `None`: `payload` is used up. `damaged` says that the controller marked the packet as bad: no
    /// frame that any of its bytes belongs to is given.
    pub fn next(&mut self, payload: &mut &[u8], damaged: bool) -> Option<Decision<'_>> {
        loop {
            if self.due > 0 {
                self.due -= 1;
                self.stats.lost += 1;
                return Some(Decision::Lost);
            }
            if self.ready {
                self.ready = false;
                self.begin_anew();
                self.stats.frames += 1;
                return self.held[h2::LENGTH..].first_chunk().map(Decision::Frame);
            }
            self.fill(payload, damaged);
            if self.length < PACKET {
                return None;
            }
            self.judge();
        }
    }

    /// What was seen so far.
    #[must_use]
    pub const fn stats(&self) -> Stats {
        self.stats
    }

    /// Holds a unit's bytes.
    fn fill(&mut self, payload: &mut &[u8], damaged: bool) {
        let (taken, rest) = payload.split_at(payload.len().min(PACKET - self.length));
        self.held[self.length..][..taken.len()].copy_from_slice(taken);
        if damaged {
            self.damaged |= ((1 << taken.len()) - 1) << self.length;
        }
        self.length += taken.len();
        *payload = rest;
    }

    /// Looks at a whole unit.
    fn judge(&mut self) {
        let [first, second, frame @ .., _padding] = &self.held;
        let sequence = h2::sequence(*second).filter(|_| *first == h2::FIRST);
        let whole = Header::parse_msbc(frame).is_ok_and(|header| header.check(frame).is_ok())
            && self.damaged & ((1 << (PACKET - 1)) - 1) == 0
            // Where another unit begins inside of this one, bytes of this one are missing.
            && !(1..PACKET - 1).any(|start| self.may_begin(start));
        match (sequence.or(self.expected.filter(|_| self.in_step)), whole) {
            (Some(sequence), true) => self.accept(sequence),
            _ => self.skip(),
        }
    }

    fn accept(&mut self, sequence: u8) {
        self.stats.resyncs += u64::from(!self.in_step && self.expected.is_some());
        // By how much more were lost than was said.
        let ahead = match self.expected {
            Some(expected) if self.jumps < JUMPS => {
                sequence.wrapping_sub(expected).wrapping_sub(self.given) % h2::SEQUENCES
            }
            _ => 0,
        };
        self.jumps = if self.expected == Some(sequence) { 0 } else { (self.jumps + 1).min(JUMPS) };
        let late = ahead == h2::SEQUENCES - 1 && self.given > 0;
        if late {
            self.stats.late += 1;
            self.begin_anew();
        } else {
            self.due += ahead;
            self.ready = true;
        }
        self.expected = Some((sequence + 1) % h2::SEQUENCES);
        (self.in_step, self.skipped, self.given) = (true, 0, 0);
    }

    /// The unit is done with. Its last byte may be the next one's first: then a byte was missing.
    fn begin_anew(&mut self) {
        self.held[0] = self.held[PACKET - 1];
        self.damaged >>= PACKET - 1;
        self.length = usize::from(self.held[0] == h2::FIRST);
    }

    /// Throws away what is held up to where the next unit may begin.
    fn skip(&mut self) {
        let next = (1..PACKET).find(|&start| self.may_begin(start)).unwrap_or(PACKET);
        self.in_step &= next == PACKET;
        self.held.copy_within(next.., 0);
        self.damaged = self.damaged.checked_shr(next as u32).unwrap_or(0);
        self.length -= next;
        self.skipped += next;
        if self.skipped >= PACKET {
            self.skipped -= PACKET;
            self.given = self.given.wrapping_add(1);
            self.due += 1;
        }
    }

    /// Whether a unit may begin there, as far as its first bytes are held.
    fn may_begin(&self, start: usize) -> bool {
        match self.held[start..] {
            [h2::FIRST] => true,
            [h2::FIRST, second] => h2::sequence(second).is_some(),
            [h2::FIRST, second, syncword, ..] => {
                h2::sequence(second).is_some() && syncword == crate::sbc::SYNCWORD_MSBC
            }
            _ => false,
        }
    }
}
