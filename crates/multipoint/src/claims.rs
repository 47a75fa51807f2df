//! What each phone claims, and what of it is to be heard.
//!
//! Claims, strongest first: active call, ringing or outgoing call, voice session or assistant, media.
//! A held call claims nothing.

use crate::roster::{Asked, Few, Media, Roster, Seat, SeatId, Setup, Voice};

/// What a phone claims to be heard for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Claim {
    /// Its music.
    Media,
    /// A voice link without a call.
    Session,
    /// Its assistant.
    Assistant,
    /// A call that rings or is being dialled.
    Ring,
    /// An active call.
    Call,
}

/// A sound of our own, to be heard with whatever is audible.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Tone {
    /// None.
    #[default]
    None,
    /// A call rings whose phone does not ring over its voice link.
    Ring,
    /// Another phone's call rings while one is on: quiet, over its voice.
    Waiting,
}

impl Claim {
    /// Of two claims the one with the greater strength is heard.
    pub(crate) fn strength(self) -> u8 {
        match self {
            Claim::Media => 1,
            Claim::Session | Claim::Assistant => 2,
            Claim::Ring => 3,
            Claim::Call => 4,
        }
    }
}

/// The strength of the strongest claim of all; 0 without one.
pub(crate) fn strongest(roster: &Roster) -> u8 {
    let claims = roster.seats.iter().filter(|seat| seat.taken).filter_map(Seat::claim);
    claims.map(Claim::strength).max().unwrap_or(0)
}

/// A seat's bit in a set of seats.
pub(crate) fn bit(id: SeatId) -> u8 {
    1 << id.0
}

impl Seat {
    /// Its strongest claim.
    pub fn claim(&self) -> Option<Claim> {
        if self.calls.active != Few::None || matches!(self.asked, Asked::Answer | Asked::Retrieve) {
            Some(Claim::Call)
        } else if self.calls.setup != Setup::None {
            Some(Claim::Ring)
        } else if self.assistant {
            Some(Claim::Assistant)
        } else if self.session {
            Some(Claim::Session)
        } else {
            (self.media == Media::Playing).then_some(Claim::Media)
        }
    }

    /// Whether it has a call, in whatever state.
    pub fn in_call(&self) -> bool {
        self.calls != Default::default()
    }

    /// Whether a call rings that nobody answers yet.
    pub fn rings(&self) -> bool {
        self.calls.setup == Setup::Incoming && self.asked != Asked::Answer
    }

    /// Whether it has an active call that is not heard here.
    pub fn on_phone(&self) -> bool {
        self.calls.active != Few::None && !matches!(self.voice, Voice::Opening | Voice::Open)
    }
}

impl Roster {
    /// What a seat is heard with: its strongest claim, if it is audible.
    pub fn heard_as(&self, id: SeatId) -> Option<Claim> {
        self.seat(id).filter(|_| self.is_audible(id)).and_then(Seat::claim)
    }

    /// The sound of our own that is to be heard.
    pub fn tone(&self) -> Tone {
        let rings = |id: SeatId, seat: &Seat| seat.rings() && self.accepting != Some(id);
        let seats = || (0u8..).map(SeatId).zip(&self.seats);
        let busy =
            |seat: &Seat| seat.claim() == Some(Claim::Call) || seat.calls.setup == Setup::Dialling;
        if seats().any(|(_, seat)| busy(seat)) {
            // A call that waits on the phone of the active one is told of by the phone itself.
            let waits = seats().any(|(id, seat)| rings(id, seat) && !busy(seat));
            return if waits { Tone::Waiting } else { Tone::None };
        }
        let ringing = seats().find(|&(id, seat)| self.is_audible(id) && rings(id, seat));
        match ringing {
            Some((_, seat)) if !(seat.in_band && seat.voice == Voice::Open) => Tone::Ring,
            _ => Tone::None,
        }
    }
}
