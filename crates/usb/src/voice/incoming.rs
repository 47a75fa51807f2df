//! Finds the voice packets in what comes over the isochronous pipe (Bluetooth Core 5.4, vol. 4
//! part B, 2.1.1; vol. 4 part E, 5.4.3).
//!
//! They come without marks, cut to the size of the bus packets, and bus packets get lost. A header
//! counts if it names a link that is up, with the bits that are reserved zero, and the length that the
//! link's packets have had so far. After anything else the way is searched: for a header behind
//! whose packet there is another one. So a loss costs the packets that it hit and at most one that was
//! mistaken, and no packet of an unknown link is ever let through.
//!
//! Where one link alone is up its packets come without a pause, so that a bus packet that is known to be
//! lost was full: the voice packet with the hole keeps the place of those behind it, and is handed on with
//! the Packet_Status_Flag of one that is partially lost.

use std::ops::Range;

use pool::{Arena, Frame, Instant};
use wire::h4::Channel;

use super::setting::{HEADER, MOST_LINKS, VoiceLink};

/// What an octet of the handle's upper half must not have set.
const RESERVED: u8 = 0xc0;
/// What is set there for data that is partially lost.
const PARTIALLY_LOST: u8 = 0x30;
/// What stands in for a bus packet that is lost.
const NOTHING: [u8; 64] = [0; 64];

/// A link that is up.
#[derive(Clone, Copy)]
struct Known {
    handle: u16,
    /// The length of its packets' payload, once one has come.
    length: Option<u8>,
}

pub(crate) struct Incoming {
    arena: Arena,
    /// What has come and is not a whole packet yet.
    gathering: Option<Frame>,
    /// Where in it something is lost.
    hole: Range<usize>,
    links: [Option<Known>; MOST_LINKS],
    /// What is gathered begins with a header.
    synchronised: bool,
    /// The dongle puts zeros in front of packets.
    zeros: bool,
    /// Packets found since [`begin`](Incoming::begin).
    pub(crate) found: u64,
    pub(crate) bad: u64,
    pub(crate) resyncs: u64,
}

impl Incoming {
    pub(crate) fn new(arena: Arena, zeros: bool) -> Incoming {
        Incoming {
            arena,
            gathering: None,
            hole: 0..0,
            links: [None; MOST_LINKS],
            synchronised: true,
            zeros,
            found: 0,
            bad: 0,
            resyncs: 0,
        }
    }

    /// A setting begins: the first that comes will be a header.
    pub(crate) fn begin(&mut self) {
        self.gathering = None;
        self.hole = 0..0;
        self.synchronised = true;
        self.found = 0;
        self.links.iter_mut().flatten().for_each(|known| known.length = None);
    }

    /// The links that are up now; what is known of those that stay is kept.
    pub(crate) fn set_links(&mut self, links: &[VoiceLink]) {
        let before = self.links;
        self.links = [None; MOST_LINKS];
        for (known, link) in self.links.iter_mut().zip(links) {
            let same = before.iter().flatten().find(|known| known.handle == link.handle);
            *known = Some(Known {
                handle: link.handle & 0x0fff,
                length: same.and_then(|known| known.length),
            });
        }
    }

    /// Takes the octets of one bus packet.
    pub(crate) fn feed(&mut self, bytes: &[u8], now: Instant) {
        let roomy = self.gathering.as_ref().is_some_and(|block| block.room() >= bytes.len());
        if !roomy {
            self.renew();
        }
        let Some(gathering) = &mut self.gathering else { return };
        if gathering.append(bytes).is_err() {
            return self.lose();
        }
        self.arena.count_copied(bytes.len());
        gathering.set_arrival(now);
    }

    /// Goes on in a fresh block.
    fn renew(&mut self) {
        let old = self.gathering.take();
        let Some(mut fresh) = self.arena.take() else {
            return self.lose();
        };
        if let Some(old) = old {
            self.arena.count_copied(old.len());
            let moved = fresh.append(&old);
            debug_assert!(moved.is_ok(), "blocks are of one size");
        }
        self.gathering = Some(fresh);
    }

    /// A bus packet was lost that had room for so many octets.
    pub(crate) fn gap(&mut self, octets: usize, now: Instant) {
        let fits = |length: &usize| self.synchronised && !self.zeros && octets < HEADER + length;
        let length = self.only_length().filter(fits);
        if let (Some(_), Some(nothing)) = (length, NOTHING.get(..octets)) {
            let start = self.gathering.as_ref().map_or(0, |block| block.len());
            let first = if self.hole.is_empty() { start } else { self.hole.start };
            self.hole = first..start + octets;
            self.bad += 1;
            return self.feed(nothing, now);
        }
        if self.gathering.as_ref().is_some_and(|block| !block.is_empty()) {
            if let Some(block) = &mut self.gathering {
                block.advance(usize::MAX);
            }
            self.lose();
        }
    }

    /// The length of the payloads of the only link, if it is known.
    fn only_length(&self) -> Option<usize> {
        let mut links = self.links.iter().flatten();
        let only = links.next().filter(|_| links.next().is_none())?;
        only.length.map(usize::from)
    }

    /// The next whole packet.
    pub(crate) fn packet(&mut self) -> Option<Frame> {
        loop {
            if !self.synchronised && !self.search() {
                return None;
            }
            if self.hole.start < HEADER && !self.hole.is_empty() && !self.mend() {
                self.lose();
                continue;
            }
            let gathering = self.gathering.as_mut()?;
            let header = gathering.get(..HEADER)?;
            let Some(link) = self.links.iter_mut().flatten().find(|known| known.heads(header))
            else {
                if self.zeros && header[0] == 0 {
                    gathering.advance(1);
                } else {
                    self.lose();
                }
                continue;
            };
            let length = Channel::Synchronous.length(header)?;
            if gathering.len() < length {
                return None;
            }
            link.length = Some(header[2]);
            self.found += 1;
            let mut packet = gathering.split_to(length);
            if !self.hole.is_empty() {
                if self.hole.start < length {
                    packet[1] |= PARTIALLY_LOST;
                }
                let behind = |at: usize| at.saturating_sub(length);
                self.hole = behind(self.hole.start)..behind(self.hole.end);
            }
            return Some(packet);
        }
    }

    /// Puts a header where it was lost; gives whether it is known which.
    fn mend(&mut self) -> bool {
        let (Some(length), Some(only)) = (self.only_length(), self.links[0]) else { return false };
        let header = self.gathering.as_mut().and_then(|block| block.get_mut(..HEADER));
        let [low, high] = only.handle.to_le_bytes();
        header.map(|header| header.copy_from_slice(&[low, high, length as u8])).is_some()
    }

    /// Looks for a packet with another one behind it; gives whether one was found.
    fn search(&mut self) -> bool {
        let Some(gathering) = &mut self.gathering else { return false };
        let mut at = 0;
        while let Some(header) = gathering.get(at..at + HEADER) {
            if self.links.iter().flatten().any(|known| known.may_head(header)) {
                let next = at + HEADER + usize::from(header[2]);
                match gathering.get(next..next + HEADER) {
                    // Whether it is one will show.
                    None => break,
                    Some(behind) => {
                        if self.links.iter().flatten().any(|known| known.may_head(behind)) {
                            self.synchronised = true;
                            let mut links = self.links.iter_mut().flatten();
                            if let Some(known) = links.find(|known| known.may_head(header)) {
                                known.length = Some(header[2]);
                            }
                            break;
                        }
                    }
                }
            }
            at += 1;
        }
        gathering.advance(at);
        self.synchronised
    }

    fn lose(&mut self) {
        self.hole = 0..0;
        self.synchronised = false;
        self.bad += 1;
        self.resyncs += 1;
    }
}

impl Known {
    /// Whether `header` is one of its packets', of any length.
    fn may_head(&self, header: &[u8]) -> bool {
        let handle = u16::from_le_bytes([header[0], header[1] & 0x0f]);
        handle == self.handle && header[1] & RESERVED == 0 && header[2] != 0
    }

    /// Whether `header` is one of its packets', as long as they have been.
    fn heads(&self, header: &[u8]) -> bool {
        self.may_head(header) && self.length.is_none_or(|length| length == header[2])
    }
}
