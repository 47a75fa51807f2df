//! How long it took whenever another one was heard, read off our own captures: from the input that led to
//! it, through what the phones had to do first, to the note of who is heard; and how long the phones that
//! were told something then took to do it.
//!
//! An input and all that came of it stand in a row. Where a decision gives orders to a phone, what the
//! next decision says of that phone is its answer: the time between is the phone's, and if somebody
//! else is heard because of it, the time before belongs to that switch too. Ours is the time from an
//! input to the last packet or note that came of it.

use std::time::Duration;

use super::Switch;
use crate::note::{self, Audible, Decided};

/// A phone that takes longer does not answer what it was told.
const LONGEST_ANSWER: Duration = Duration::from_secs(10);

/// How a switch came about so far.
#[derive(Clone, Copy, Default)]
struct Way {
    began: Duration,
    ours: Duration,
    /// None while no phone had to do anything.
    phones: Option<Duration>,
}

/// An input, and what came of it so far.
#[derive(Default)]
struct Round {
    at: Duration,
    way: Way,
    /// When the last packet or note came of it.
    last: Duration,
    /// The seats whose phones were told something.
    told: Vec<u8>,
    /// The switch that it was.
    switch: Option<usize>,
}

/// A phone that was told something and did not answer yet.
struct Told {
    seat: u8,
    at: Duration,
    way: Way,
    switch: Option<usize>,
}

/// Reads inputs, packets sent and notes in their order.
#[derive(Default)]
pub(super) struct Switches {
    found: Vec<Switch>,
    heard: Vec<Audible>,
    round: Round,
    told: Vec<Told>,
}

impl Switches {
    /// The host was fed with something.
    pub(super) fn input(&mut self, at: Duration) {
        let round = std::mem::take(&mut self.round);
        self.end(round);
        self.round =
            Round { at, last: at, way: Way { began: at, ..Way::default() }, ..Round::default() };
    }

    /// A packet was sent because of it.
    pub(super) fn sent(&mut self, at: Duration) {
        self.round.last = at;
    }

    /// A decision was made because of it.
    pub(super) fn decided(&mut self, decided: &Decided<'_>) {
        if let Some(seat) = decided.answers() {
            self.answered(seat);
        }
        for seat in decided.told() {
            if !self.round.told.contains(&seat) {
                self.round.told.push(seat);
            }
        }
    }

    /// These are heard because of it.
    pub(super) fn heard(&mut self, at: Duration, heard: &[Audible]) {
        self.round.last = self.round.last.max(at);
        if self.heard == heard {
            return;
        }
        let from = std::mem::replace(&mut self.heard, heard.to_vec());
        let Way { began, ours, phones } = self.round.way;
        let switch = Switch { at: began, heard: at, ours, phones, from, to: heard.to_vec() };
        match self.round.switch {
            // More came of the same.
            Some(n) => self.found[n].to = switch.to,
            None => {
                self.round.switch = Some(self.found.len());
                self.found.push(switch);
            }
        }
    }

    pub(super) fn finish(mut self) -> Vec<Switch> {
        let round = std::mem::take(&mut self.round);
        self.end(round);
        self.found
    }

    /// A phone did what it was told.
    fn answered(&mut self, seat: u8) {
        let now = self.round.at;
        let Some(n) = self.told.iter().position(|told| told.seat == seat) else { return };
        let told = self.told.swap_remove(n);
        let took = now.saturating_sub(told.at);
        if took > LONGEST_ANSWER {
            return;
        }
        match told.switch {
            // The switch was before it; this is its end.
            Some(n) => {
                let phones = &mut self.found[n].phones;
                let all = told.way.phones.unwrap_or_default() + took;
                *phones = Some(phones.unwrap_or_default().max(all));
            }
            None if self.round.switch.is_none() => {
                let phones = Some(told.way.phones.unwrap_or_default() + took);
                self.round.way = Way { phones, ..told.way };
            }
            None => {}
        }
    }

    fn end(&mut self, round: Round) {
        let Round { at, mut way, last, told, switch } = round;
        way.ours += last.saturating_sub(at);
        if let Some(n) = switch {
            self.found[n].ours = way.ours;
        }
        for seat in told {
            self.told.retain(|told| told.seat != seat);
            self.told.push(Told { seat, at: last, way, switch });
        }
    }
}

/// Whether a note is an input of the host's.
pub(super) fn is_input(line: &str) -> bool {
    const WORDS: [&str; 7] = [
        "sounding",
        "microphone",
        "wideband_unusable",
        "command",
        "wake",
        "transport_lost",
        "transport_ready",
    ];
    note::parse(line).is_some_and(|(word, _)| WORDS.contains(&word))
}
