//! Finds the voice packets in what comes over the isochronous pipe (Bluetooth Core 5.4, vol. 4
//! part B, 2.1.1; vol. 4 part E, 5.4.3).
//!
//! They come without marks, cut to the size of the bus packets, and bus packets get lost. A header
//! counts if it names a link that is up, with the bits that are reserved zero, and the length that the
//! link's packets have had so far. After anything else the way is searched: for a header behind
//! whose packet there is another one. So a loss costs the packets that it hit and at most one that was
//! mistaken, and no packet of an unknown link is ever let through.

use pool::{Arena, Frame, Instant};
use wire::h4::Channel;

use super::setting::{HEADER, MOST_LINKS, VoiceLink};

/// What an octet of the handle's upper half must not have set.
const RESERVED: u8 = 0xc0;

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

    /// A bus packet was lost.
    pub(crate) fn gap(&mut self) {
        if self.gathering.as_ref().is_some_and(|block| !block.is_empty()) {
            if let Some(block) = &mut self.gathering {
                block.advance(usize::MAX);
            }
            self.lose();
        }
    }

    /// The next whole packet.
    pub(crate) fn packet(&mut self) -> Option<Frame> {
        loop {
            if !self.synchronised && !self.search() {
                return None;
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
            return Some(gathering.split_to(length));
        }
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
