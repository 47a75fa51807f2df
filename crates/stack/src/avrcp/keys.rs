//! AVRCP 1.6, 4.4.1 (AV/C Panel Subunit 1.1, 9.4), as the controller: keys that we press.
//!
//! One key at a time goes down and, once the peer has answered or its time is up, up again; whoever
//! pressed it is told what the peer said to its going down. Keys are not held.

use core::time::Duration;

use pool::Instant;
use wire::avctp::Label;
use wire::avrcp::{CommandType, KeyState, PassThrough, ResponseCode};

use super::Session;
use super::output::{Key, NotNow, Notice, Outcome, Ticket};

/// How long a peer may take to answer a key. A key that is not up after two seconds counts as up.
pub const KEY_TIMEOUT: Duration = Duration::from_millis(1500);

/// Keys that wait for an earlier one, at most.
pub const MAX_KEYS: usize = 8;

/// The keys that we press.
#[derive(Debug, Default)]
pub(super) struct Keys {
    waiting: heapless::Deque<(Ticket, Key), MAX_KEYS>,
    current: Option<Current>,
}

/// The key that is down, or on its way up.
#[derive(Debug)]
struct Current {
    key: Key,
    /// Who wants to know; nobody any more once the key is on its way up.
    ticket: Option<Ticket>,
    label: Label,
    deadline: Instant,
}

impl Keys {
    /// The label of the key that is not answered yet.
    pub fn label(&self) -> Option<Label> {
        self.current.as_ref().map(|current| current.label)
    }

    /// When its time is up.
    pub fn deadline(&self) -> Option<Instant> {
        self.current.as_ref().map(|current| current.deadline)
    }
}

impl Session {
    /// Presses and releases a key of the peer's player. What became of it is told by
    /// [`Notice::Key`] with this ticket, at most [`KEY_TIMEOUT`] after its turn came.
    ///
    /// # Errors
    /// [`NotNow`] without a channel, for a peer that has no player, and where [`MAX_KEYS`] wait.
    pub fn key(&mut self, now: Instant, ticket: Ticket, key: Key) -> Result<(), NotNow> {
        if !self.has_player() {
            return Err(NotNow);
        }
        self.keys.waiting.push_back((ticket, key)).map_err(|_| NotNow)?;
        self.press(now);
        Ok(())
    }

    /// Presses the next key if none is down.
    fn press(&mut self, now: Instant) {
        if self.keys.current.is_none()
            && let Some((ticket, key)) = self.keys.waiting.pop_front()
        {
            self.move_key(now, key, KeyState::Pressed, Some(ticket));
        }
    }

    fn move_key(&mut self, now: Instant, key: Key, state: KeyState, ticket: Option<Ticket>) {
        let label = self.fresh_label();
        let deadline = now + KEY_TIMEOUT;
        self.keys.current = Some(Current { key, ticket, label, deadline });
        self.send_own(label, |out| {
            PassThrough::key(key.operation(), state).write(CommandType::Control, out)
        });
    }

    /// The peer answered a key.
    pub(super) fn key_answered(&mut self, now: Instant, label: Label, code: ResponseCode) {
        let outcome = match code {
            ResponseCode::NotImplemented => Outcome::NotImplemented,
            ResponseCode::Rejected => Outcome::Rejected,
            // Not the answer proper.
            ResponseCode::Interim => return,
            _ => Outcome::Accepted,
        };
        match self.keys.current.take_if(|current| current.label == label) {
            Some(current) => self.key_done(now, current, outcome),
            None => self.counters.unexpected = self.counters.unexpected.saturating_add(1),
        }
    }

    /// The key that was not answered in time is up.
    pub(super) fn key_overdue(&mut self, now: Instant) {
        if let Some(current) = self.keys.current.take_if(|current| current.deadline <= now) {
            self.counters.timed_out = self.counters.timed_out.saturating_add(1);
            self.key_done(now, current, Outcome::TimedOut);
        }
    }

    fn key_done(&mut self, now: Instant, current: Current, outcome: Outcome) {
        if let Some(ticket) = current.ticket {
            self.notice(Notice::Key { ticket, outcome });
            // A key that the peer did not answer may be down there.
            if matches!(outcome, Outcome::Accepted | Outcome::TimedOut) {
                return self.move_key(now, current.key, KeyState::Released, None);
            }
        }
        self.press(now);
    }

    /// The channel is gone: nobody has to wait.
    pub(super) fn keys_down(&mut self) {
        let current = self.keys.current.take().and_then(|current| current.ticket);
        let outcome = Outcome::Closed;
        if let Some(ticket) = current {
            self.notice(Notice::Key { ticket, outcome });
        }
        while let Some((ticket, _)) = self.keys.waiting.pop_front() {
            self.notice(Notice::Key { ticket, outcome });
        }
    }
}
