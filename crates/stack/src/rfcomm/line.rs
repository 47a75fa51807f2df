//! One line: its state, and who may send how much (RFCOMM 1.2, 5.2 to 5.5, 6.5).
//!
//! With credits, each side sends as many frames with data as the other has granted. Without (the
//! peer knows no credits, or sent no PN), the FC bit of the modem status stops and starts them.

use pool::Instant;
use wire::rfcomm::{DEFAULT_FRAME_SIZE, Dlci};

/// Octets that wait to be sent on a line at most.
pub const OUTBOX: usize = 1024;

/// Octets of data in a frame that we send at most, however much the peer takes.
pub(super) const SEND_FRAME: usize = DEFAULT_FRAME_SIZE as usize;

/// Frames that the peer may have sent and that are not yet [`consumed`](super::Session::consumed).
pub const RECEIVE_WINDOW: u8 = 7;

/// With this many credits left, or fewer, the peer is given more.
const LOW_CREDITS: u8 = 3;

/// How far a line is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    /// Waits for the session.
    Waiting,
    /// Our PN is out.
    Negotiating,
    /// Our SABM is out.
    Opening,
    /// The peer has sent PN, and will send SABM.
    Offered,
    /// Carries data.
    Open,
    /// Our DISC is out.
    Closing,
}

/// A line.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) dlci: Dlci,
    /// Whether we opened it.
    pub(super) outgoing: bool,
    pub(super) state: State,
    pub(super) deadline: Option<Instant>,
    pub(super) frame_size: u16,
    /// Whether both sides count credits.
    pub(super) counts: bool,
    /// Frames that we may send.
    pub(super) credits: u16,
    /// Frames that the peer may send.
    granted: u8,
    /// Frames handed up and not yet consumed.
    held: u8,
    /// The peer's FC bit, and ours.
    pub(super) stopped: bool,
    pub(super) stopping: bool,
    /// Our modem status was answered; the peer's has come.
    pub(super) answered: bool,
    pub(super) told: bool,
    outbox: heapless::Deque<u8, OUTBOX>,
}

impl Line {
    pub(super) fn new(dlci: Dlci, outgoing: bool, state: State, deadline: Instant) -> Self {
        Line {
            dlci,
            outgoing,
            state,
            deadline: Some(deadline),
            frame_size: DEFAULT_FRAME_SIZE,
            counts: false,
            credits: 0,
            granted: 0,
            held: 0,
            stopped: false,
            stopping: false,
            answered: false,
            told: false,
            outbox: heapless::Deque::new(),
        }
    }

    /// Both sides have agreed on parameters; the peer has [`RECEIVE_WINDOW`] credits from PN on
    /// where they are counted.
    pub(super) fn agree(&mut self, frame_size: u16, counts: bool, credits: u8) {
        self.frame_size = frame_size;
        self.counts = counts;
        self.credits = u16::from(credits);
        self.granted = if counts { RECEIVE_WINDOW } else { 0 };
    }

    /// Takes what is to be sent, all or nothing.
    pub(super) fn enqueue(&mut self, bytes: &[u8]) -> bool {
        let fits = bytes.len() <= self.outbox.capacity() - self.outbox.len();
        if fits {
            self.outbox.extend(bytes.iter().copied());
        }
        fits
    }

    /// A frame with data came; `false` if the peer had no credit for it.
    pub(super) fn taken(&mut self) -> bool {
        self.held = self.held.saturating_add(1);
        let paid = !self.counts || self.granted > 0;
        self.granted = self.granted.saturating_sub(1);
        paid
    }

    /// A frame was consumed.
    pub(super) fn consumed(&mut self) {
        self.held = self.held.saturating_sub(1);
    }

    /// Whether the FC bit is due to change, and to what.
    pub(super) fn flow_change(&self) -> Option<bool> {
        if self.counts || self.state != State::Open {
            return None;
        }
        match self.stopping {
            false if self.held >= RECEIVE_WINDOW => Some(true),
            true if self.held == 0 => Some(false),
            _ => None,
        }
    }

    /// Whether data may be sent at all: modem status comes first (TS 07.10, 5.4.6.3.7).
    fn ready(&self) -> bool {
        self.state == State::Open && (self.answered && self.told || self.deadline.is_none())
    }

    /// The next frame's data and credits, if there is a frame to send. `stopped` holds for all lines
    /// that count no credits.
    pub(super) fn next_frame(
        &mut self,
        stopped: bool,
    ) -> Option<(heapless::Vec<u8, SEND_FRAME>, Option<u8>)> {
        if self.state != State::Open {
            return None;
        }
        let mut data = heapless::Vec::new();
        let may = if self.counts { self.credits > 0 } else { !self.stopped && !stopped };
        if may && self.ready() && !self.outbox.is_empty() {
            let length = SEND_FRAME.min(usize::from(self.frame_size)).min(self.outbox.len());
            data.extend((0..length).filter_map(|_| self.outbox.pop_front()));
            self.credits = self.credits.saturating_sub(1);
        }
        let grant = RECEIVE_WINDOW.saturating_sub(self.granted.saturating_add(self.held));
        let due = self.counts && grant > 0 && (self.granted <= LOW_CREDITS || !data.is_empty());
        if due {
            self.granted += grant;
        }
        (due || !data.is_empty()).then_some((data, due.then_some(grant)))
    }
}
