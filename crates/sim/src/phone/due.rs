//! What a phone is to do by itself, and when.

use pool::Instant;

/// Something to be done later.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Due {
    OpenMusic,
    OpenCalls,
    CloseBoth,
    ComeBack,
    /// The stream of music that paused.
    Suspend,
    /// What was paused by the receiver, or for a call.
    Resume,
    ChimeEnds,
    Alert,
    TheyAnswer,
    OpenVoice,
    /// The unit has not answered which codec it takes.
    GiveUpCodec,
}

/// Each at most once.
#[derive(Debug, Default)]
pub(super) struct Agenda(Vec<(Instant, Due)>);

impl Agenda {
    /// Puts it there, or moves it.
    pub(super) fn put(&mut self, at: Instant, due: Due) {
        self.strike(due);
        self.0.push((at, due));
    }

    pub(super) fn strike(&mut self, due: Due) {
        self.0.retain(|(_, other)| *other != due);
    }

    pub(super) fn next_at(&self) -> Option<Instant> {
        self.0.iter().map(|(at, _)| *at).min()
    }

    /// The earliest that is due by now.
    pub(super) fn next(&mut self, now: Instant) -> Option<Due> {
        let next = self.next_at().filter(|at| *at <= now)?;
        let place = self.0.iter().position(|(at, _)| *at == next)?;
        Some(self.0.remove(place).1)
    }
}
