//! AVRCP 1.6, 6.7.2 and 6.9.2.2: one event that we want to be told of.
//!
//! The specification: we register, the peer answers at once with what is so (INTERIM), and once with
//! what it has become (CHANGED); then it is to be registered again. What phones do besides:
//!
//! - CHANGED without INTERIM, or twice: it counts once.
//! - CHANGED at once, each time: we register ever more slowly ([`SPACING`] to [`MAX_SPACING`]); only the
//!   playback status is registered at once [`QUICK`] times, as a person presses play and pause.
//! - no answer at all: asked [`TRIES`] times, then listened for.
//! - REJECTED though the event is on the list: not asked again before another player is addressed.
//! - another player is addressed, and what was registered of the last one is forgotten, with a word
//!   (REJECTED, *Addressed Player Changed*) or without: registered again, once.

use core::time::Duration;

use pool::Instant;
use wire::avctp::Label;
use wire::avrcp::{EventId, ResponseCode, StatusCode};

/// How often in a row the playback status is registered again at once.
pub const QUICK: u8 = 4;

/// The time between two registrations of an event after that, at least.
pub const SPACING: Duration = Duration::from_millis(500);

/// What that time grows to while each registration ends before it is over: it doubles.
pub const MAX_SPACING: Duration = Duration::from_secs(4);

/// How often a registration that is not answered is sent before we only listen.
pub const TRIES: u8 = 2;

/// An event that we want to be told of.
#[derive(Debug)]
pub(super) struct Registration {
    pub event: EventId,
    state: State,
    asked_at: Instant,
    spacing: Duration,
    /// How often in a row it was registered again at once.
    quick: u8,
    tries: u8,
    /// The label of a try that was not answered in time, or of what was the last player's: answers
    /// may still come.
    earlier: Option<Label>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// To be registered from then on.
    Due(Instant),
    /// Registered, without an answer so far.
    Asked(Label),
    /// The peer said what is so, and will say what it has become.
    Registered(Label),
    /// The peer said nothing, but may still.
    Silent(Label),
    /// The peer does not tell this of the player that is addressed.
    Unavailable,
    /// The peer never tells this.
    NotImplemented,
}

impl Registration {
    pub fn new(event: EventId, now: Instant) -> Self {
        let state = State::Due(now);
        let asked_at = Instant::ZERO;
        Registration { event, state, asked_at, spacing: SPACING, quick: 0, tries: 0, earlier: None }
    }

    /// From when on it is to be sent.
    pub fn due_at(&self) -> Option<Instant> {
        match self.state {
            State::Due(at) => Some(at),
            _ => None,
        }
    }

    /// The label that its answers have.
    pub fn label(&self) -> Option<Label> {
        match self.state {
            State::Asked(label) | State::Registered(label) | State::Silent(label) => Some(label),
            _ => None,
        }
    }

    /// Whether answers to it may have this label.
    pub fn holds(&self, label: Label) -> bool {
        self.label() == Some(label) || self.earlier == Some(label)
    }

    /// Whether it was sent, and is not answered.
    pub fn is_asked(&self) -> bool {
        matches!(self.state, State::Asked(_))
    }

    /// Whether changes are told.
    pub fn is_registered(&self) -> bool {
        matches!(self.state, State::Registered(_))
    }

    /// Whether changes are told, or will be as far as is known.
    pub fn may_tell(&self) -> bool {
        matches!(self.state, State::Due(_) | State::Asked(_) | State::Registered(_))
    }

    /// It was sent.
    pub fn asked(&mut self, now: Instant, label: Label) {
        self.state = State::Asked(label);
        self.asked_at = now;
    }

    /// INTERIM came; whether it was waited for.
    pub fn interim(&mut self, label: Label) -> bool {
        match self.state {
            State::Asked(own) | State::Silent(own) if own == label => {
                self.state = State::Registered(label);
                self.tries = 0;
                true
            }
            _ => false,
        }
    }

    /// CHANGED came; whether it ended the registration.
    pub fn changed(&mut self, now: Instant, label: Label) -> bool {
        let ends = match self.state {
            State::Asked(own) | State::Registered(own) | State::Silent(own) => {
                // An earlier try may be the one that the peer answers.
                own == label || self.earlier == Some(label)
            }
            _ => false,
        };
        if ends {
            // One that was never in force is no person's doing.
            if !self.is_registered() {
                self.quick = QUICK;
            }
            self.tries = 0;
            self.earlier = None;
            self.again(now);
        }
        ends
    }

    /// It was refused, or ended by the peer; whether this one has that label.
    pub fn refused(
        &mut self,
        now: Instant,
        label: Label,
        code: ResponseCode,
        status: StatusCode,
    ) -> bool {
        if self.label() != Some(label) {
            return false;
        }
        let asked = matches!(self.state, State::Asked(_));
        match code {
            ResponseCode::NotImplemented => self.state = State::NotImplemented,
            _ if asked && status != StatusCode::ADDRESSED_PLAYER_CHANGED => {
                self.state = State::Unavailable;
            }
            _ => self.again(now),
        }
        true
    }

    /// It was not answered in time.
    pub fn timed_out(&mut self, now: Instant) {
        if let State::Asked(label) = self.state {
            self.tries += 1;
            self.earlier.get_or_insert(label);
            self.state = if self.tries < TRIES { State::Due(now) } else { State::Silent(label) };
        }
    }

    /// Another player is addressed. A registration without an answer so far is the new player's.
    pub fn player_changed(&mut self, now: Instant) {
        let registered = matches!(self.state, State::Registered(_) | State::Silent(_));
        if self.event.is_player_specific() && registered {
            self.earlier = self.label();
            self.again(now);
        }
        self.players_changed(now);
    }

    /// There are other players: what was refused may not be now.
    pub fn players_changed(&mut self, now: Instant) {
        if self.state == State::Unavailable {
            self.state = State::Due(now.max(self.asked_at + self.spacing));
        }
    }

    fn again(&mut self, now: Instant) {
        let earliest = self.asked_at + self.spacing;
        if now >= earliest {
            (self.spacing, self.quick) = (SPACING, 0);
            self.state = State::Due(now);
        } else if self.quick < QUICK && self.event == EventId::PlaybackStatusChanged {
            self.quick += 1;
            self.state = State::Due(now);
        } else {
            self.spacing = (self.spacing * 2).min(MAX_SPACING);
            self.state = State::Due(earliest);
        }
    }
}
