//! What the sequence numbers of a stream's packets show (RFC 3550, 5.1): repeats and holes.

use super::REPEATS;

/// Where a stream stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sequence {
    last: Option<u16>,
    /// Packets in a row whose number was not ahead of the last one's.
    behind: u16,
}

impl Sequence {
    /// Whether a packet of this number came already, or is too late for its place.
    pub(super) fn is_repeated(&mut self, number: u16) -> bool {
        let far = |last: u16| last.wrapping_sub(number) >= REPEATS;
        if self.last.is_none_or(far) {
            self.behind = 0;
            return false;
        }
        let repeated = self.behind < REPEATS;
        self.behind += u16::from(repeated);
        repeated
    }

    /// How many packets are missing before this one, which is the last from now on.
    pub(super) fn hole(&mut self, number: u16) -> usize {
        let expected = self.last.replace(number).map(|last| last.wrapping_add(1));
        usize::from(expected.map_or(0, |expected| number.wrapping_sub(expected)))
    }

    /// The next packet does not follow the last one.
    pub(super) fn interrupted(&mut self) {
        self.last = None;
    }
}
