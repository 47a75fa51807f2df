//! From ACL fragments to frames (Core 5.4, Vol 3, Part A, 7.2): a start, which may be whole, and
//! continuations, cut at any place.
//!
//! A channel takes what a block holds, even where its peer was offered less: a phone that pays no
//! heed to our MTU is heard.

use pool::{Frame, Instant};
use wire::hci::Boundary;
use wire::l2cap::{Cid, HEADER_LEN, Header, Reject, Signals};

use super::{Data, Mux, Output};
use crate::LinkId;

/// Octets of a C-frame that name its first command: basic header, code, identifier.
const NAMED: usize = HEADER_LEN + 2;

/// What stands between a start and the frame's end.
#[derive(Debug)]
pub(super) enum Recombination {
    /// No frame has begun.
    Idle,
    /// A frame is being gathered.
    Gathering(Frame),
    /// The rest of a frame is being dropped.
    Skipping,
}

/// What is known about a frame from what has come of it.
enum Progress {
    /// More has to come.
    Partial,
    /// All is there.
    Whole,
    /// More has come than the header says.
    Stray,
    /// So much (the payload's length) is not taken, or its channel does not exist.
    Unwanted(Cid, u16),
}

impl Mux {
    /// Takes an ACL data packet without its header. Returns the SDU that it completes for an open
    /// channel; signalling is answered through [`poll`](Mux::poll).
    #[inline]
    pub fn receive(
        &mut self,
        now: Instant,
        link: LinkId,
        boundary: Boundary,
        mut frame: Frame,
    ) -> Option<Data> {
        let state = self.links.get(usize::from(link.0))?;
        if boundary.is_first()
            && matches!(state.recombination, Recombination::Idle)
            && let Ok(header) = Header::parse(&frame)
            && frame.len() == HEADER_LEN + usize::from(header.length)
            && let Some(channel) =
                state.channels.get(usize::from(header.cid.0.wrapping_sub(Cid::FIRST_DYNAMIC.0)))
            && channel.open
            && header.length <= self.largest_mtu
        {
            self.counters.received += 1;
            frame.advance(HEADER_LEN);
            let channel_id = super::ChannelId { link, cid: header.cid };
            return Some(Data { channel: channel_id, tag: channel.tag, payload: frame });
        }
        self.receive_fragment(now, link, boundary, frame)
    }

    #[cold]
    #[inline(never)]
    fn receive_fragment(
        &mut self,
        now: Instant,
        link: LinkId,
        boundary: Boundary,
        frame: Frame,
    ) -> Option<Data> {
        let state = self.links.get_mut(usize::from(link.0)).filter(|state| state.up)?;
        let before = core::mem::replace(&mut state.recombination, Recombination::Idle);
        match (boundary.is_first(), before) {
            (true, before) => {
                if matches!(before, Recombination::Gathering(_)) {
                    self.counters.unfinished += 1;
                }
                match self.progress(link, &frame) {
                    Progress::Partial => self.gather(link, &frame),
                    progress => return self.conclude(now, link, progress, frame),
                }
            }
            (false, Recombination::Gathering(mut gathered)) => {
                if gathered.append(&frame).is_err() {
                    // No frame that is wanted is larger than a block.
                    return self.conclude(now, link, Progress::Stray, gathered);
                }
                self.arena.count_copied(frame.len());
                match self.progress(link, &gathered) {
                    Progress::Partial => {
                        self.set_recombination(link, Recombination::Gathering(gathered));
                    }
                    progress => {
                        self.counters.gathered += u64::from(matches!(progress, Progress::Whole));
                        return self.conclude(now, link, progress, gathered);
                    }
                }
            }
            (false, Recombination::Skipping) => {
                self.set_recombination(link, Recombination::Skipping);
            }
            (false, Recombination::Idle) => self.counters.stray += 1,
        }
        None
    }

    /// Begins to gather a frame that starts with `first` in a block of its own.
    fn gather(&mut self, link: LinkId, first: &Frame) {
        let Some(mut gathered) = self.arena.take() else {
            self.counters.no_block += 1;
            return self.set_recombination(link, Recombination::Skipping);
        };
        gathered.set_arrival(first.arrival());
        if gathered.append(first).is_err() {
            self.counters.oversized += 1;
            return self.set_recombination(link, Recombination::Skipping);
        }
        self.arena.count_copied(first.len());
        self.set_recombination(link, Recombination::Gathering(gathered));
    }

    fn set_recombination(&mut self, link: LinkId, to: Recombination) {
        if let Some(state) = self.links.get_mut(usize::from(link.0)) {
            state.recombination = to;
        }
    }

    fn progress(&self, link: LinkId, so_far: &[u8]) -> Progress {
        let Ok(header) = Header::parse(so_far) else { return Progress::Partial };
        let total = HEADER_LEN + usize::from(header.length);
        if so_far.len() > total {
            return Progress::Stray;
        }
        if Some(header.length) > self.accepted_length(link, header.cid) {
            // A signalling frame that is too long is answered, so its first command must be known.
            let named = header.cid != Cid::SIGNALLING || so_far.len() >= NAMED.min(total);
            return if named {
                Progress::Unwanted(header.cid, header.length)
            } else {
                Progress::Partial
            };
        }
        if so_far.len() == total { Progress::Whole } else { Progress::Partial }
    }

    /// The longest payload that the channel takes, `None` if there is no such channel.
    fn accepted_length(&self, link: LinkId, cid: Cid) -> Option<u16> {
        if cid == Cid::SIGNALLING {
            return Some(self.signalling_mtu);
        }
        let channel = self.channel(super::ChannelId { link, cid })?;
        channel.open.then_some(self.largest_mtu)
    }

    /// Does with a frame what its progress calls for.
    fn conclude(
        &mut self,
        now: Instant,
        link: LinkId,
        progress: Progress,
        mut frame: Frame,
    ) -> Option<Data> {
        match progress {
            Progress::Whole => {
                let header = Header::parse(&frame).ok()?;
                frame.advance(HEADER_LEN);
                if header.cid == Cid::SIGNALLING {
                    self.signals(now, link, &frame);
                    return None;
                }
                let channel = super::ChannelId { link, cid: header.cid };
                let tag = self.channel(channel)?.tag;
                self.counters.received += 1;
                return Some(Data { channel, tag, payload: frame });
            }
            Progress::Unwanted(Cid::SIGNALLING, _) => {
                self.counters.oversized += 1;
                let named = Signals::first(frame.get(HEADER_LEN..).unwrap_or_default());
                if let Some((code, identifier)) = named
                    && Signals::is_request(code)
                {
                    let reject = Reject::MtuExceeded { actual_mtu: self.signalling_mtu };
                    self.reject(link, identifier, reject);
                }
            }
            Progress::Unwanted(cid, length) => {
                self.unwanted(super::ChannelId { link, cid }, length);
            }
            Progress::Stray => self.counters.stray += 1,
            Progress::Partial => {}
        }
        // Whatever follows up to the next start belongs to what has been dropped.
        self.set_recombination(link, Recombination::Skipping);
        None
    }

    /// Counts a frame that nobody takes; of a channel's first that is too long its owner is told.
    fn unwanted(&mut self, id: super::ChannelId, length: u16) {
        let Some(channel) = self.channel_mut(id).filter(|channel| channel.open) else {
            self.counters.no_channel += 1;
            return;
        };
        let told = core::mem::replace(&mut channel.oversized, true);
        self.counters.oversized += 1;
        if !told {
            self.tell(Output::Oversized { channel: id, length });
        }
    }
}
