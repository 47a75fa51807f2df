//! Finds the HCI packets in the transfers of a pipe (Bluetooth Core 5.4, vol. 4 part B, 2).
//!
//! A packet should be a transfer of its own, and a transfer whose length is a multiple of the
//! endpoint's packet size should end with an empty one. Dongles merge packets, split them anywhere and
//! forget the empty one. So packets are found by the length in their headers alone. The ends of
//! transfers count only after an impossible length or a failed transfer: then what comes up to the
//! next short transfer is thrown away.
//!
//! A packet inside one transfer is cut out of the block that it arrived in. One that straddles
//! several is gathered in the block of its first part, if there is room for it, and what comes later is
//! copied there (and counted, [`pool::Arena::copied`]).

use pool::{Arena, Frame, HEADROOM};
use wire::h4::Channel;

/// Transfers in, packets out: [`feed`](Framer::feed), then [`packet`](Framer::packet) until it has no
/// more.
pub(crate) struct Framer {
    channel: Channel,
    arena: Arena,
    /// What is left of the last transfer.
    rest: Option<Frame>,
    /// The last transfer was shorter than it might have been: the next one begins with a packet.
    short: bool,
    /// The beginning of a packet, with room behind it.
    gathering: Option<Frame>,
    /// What comes is thrown away, up to the next short transfer.
    lost: bool,
    /// Packets that had to be given up.
    pub(crate) bad: u64,
    /// Times that the way was lost.
    pub(crate) resyncs: u64,
}

impl Framer {
    /// Of the packets of `channel`; those that straddle transfers are gathered in blocks of `arena`.
    pub(crate) fn new(channel: Channel, arena: Arena) -> Framer {
        Framer {
            channel,
            arena,
            rest: None,
            short: true,
            gathering: None,
            lost: false,
            bad: 0,
            resyncs: 0,
        }
    }

    /// Takes what comes from now on for packets of `channel`.
    pub(crate) fn carry(&mut self, channel: Channel) {
        self.channel = channel;
    }

    /// Whose packets they are.
    #[inline]
    pub(crate) fn channel(&self) -> Channel {
        self.channel
    }

    /// Takes what came in one transfer, as [`feed`](Framer::feed), but gives it back at once if it is
    /// one whole packet, as nearly always.
    #[inline(always)]
    pub(crate) fn pass(&mut self, transfer: Frame, short: bool) -> Option<Frame> {
        let whole = self.channel.length(&transfer) == Some(transfer.len());
        if whole && !self.lost && self.gathering.is_none() {
            self.short = short;
            return Some(transfer);
        }
        self.feed(transfer, short);
        None
    }

    /// Takes what came in one transfer; `short` if more would have fit.
    #[inline]
    pub(crate) fn feed(&mut self, transfer: Frame, short: bool) {
        debug_assert!(self.rest.is_none(), "packets are taken before more is fed");
        self.short = short;
        if self.lost {
            self.lost = !short;
        } else if !transfer.is_empty() {
            self.rest = Some(transfer);
        }
    }

    /// A transfer failed: what it brought, if anything, is not to be had.
    pub(crate) fn broken(&mut self) {
        if self.gathering.take().is_some() {
            self.lose();
        }
    }

    /// Forgets what has arrived.
    pub(crate) fn reset(&mut self) {
        self.rest = None;
        self.gathering = None;
        self.lost = false;
    }

    /// The next whole packet.
    #[inline]
    pub(crate) fn packet(&mut self) -> Option<Frame> {
        if self.gathering.is_some() {
            return self.gathered();
        }
        let rest = self.rest.as_mut()?;
        match self.channel.length(rest) {
            Some(length) if length == rest.len() => self.rest.take(),
            Some(length) if length < rest.len() => Some(rest.split_to(length)),
            Some(length) => self.begin(length),
            None => self.begin(self.channel.header()),
        }
    }

    /// The longest packet that a block can hold.
    fn limit(&self) -> usize {
        self.arena.block_size() - HEADROOM
    }

    /// Keeps what is left as the beginning of a packet of at least `length` octets.
    #[cold]
    fn begin(&mut self, length: usize) -> Option<Frame> {
        let rest = self.rest.take()?;
        if length > self.limit() {
            self.lose();
            return None;
        }
        self.gathering = self.roomy(rest, length);
        None
    }

    /// `begun` with room for `length` octets in all, moved to a fresh block if need be.
    fn roomy(&mut self, begun: Frame, length: usize) -> Option<Frame> {
        if begun.len() + begun.room() >= length {
            return Some(begun);
        }
        let Some(mut fresh) = self.arena.take() else {
            self.lose();
            return None;
        };
        let moved = fresh.append(&begun);
        debug_assert!(moved.is_ok(), "a packet no longer than the limit fits a block");
        self.arena.count_copied(begun.len());
        fresh.set_arrival(begun.arrival());
        Some(fresh)
    }

    /// Goes on with a packet whose beginning came before.
    #[cold]
    fn gathered(&mut self) -> Option<Frame> {
        while let Some(mut rest) = self.rest.take() {
            let gathering = self.gathering.take()?;
            let length = self.channel.length(&gathering).unwrap_or(self.channel.header());
            if length > self.limit() {
                self.lose();
                return None;
            }
            let mut gathering = self.roomy(gathering, length)?;
            let part = rest.split_to(length - gathering.len());
            let grown = gathering.append(&part);
            debug_assert!(grown.is_ok(), "there is room");
            self.arena.count_copied(part.len());
            gathering.set_arrival(part.arrival());
            self.rest = Some(rest).filter(|rest| !rest.is_empty());
            if self.channel.length(&gathering) == Some(gathering.len()) {
                return Some(gathering);
            }
            self.gathering = Some(gathering);
        }
        None
    }

    /// Throws away what there is and what comes before the next place where a packet must begin.
    fn lose(&mut self) {
        self.bad += 1;
        self.resyncs += 1;
        self.rest = None;
        self.gathering = None;
        self.lost = !self.short;
    }
}
