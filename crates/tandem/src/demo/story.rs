//! What happens in the demonstration, told for people: what they do, and below it what the receiver
//! makes of it.

use std::collections::BTreeSet;
use std::io::Write;
use std::time::Duration;

use host::{CallState, Event, OrderKind, Source, SourceKind, StreamState};
use sim::{DEMO, Does};
use wire::Address;
use wire::hci::Status as Reason;

use crate::status::Status;

/// Tells the story on `out` as it happens.
pub(super) struct Story<'o> {
    /// What is known so far.
    status: Status,
    /// The scenes that have been told.
    told: usize,
    /// Who streams and has not been heard since it began to.
    unheard: BTreeSet<Address>,
    /// Whose link was lost.
    lost: BTreeSet<Address>,
    out: &'o mut dyn Write,
}

impl<'o> Story<'o> {
    pub(super) fn new(out: &'o mut dyn Write) -> Self {
        let (status, unheard, lost) = Default::default();
        Story { status, told: 0, unheard, lost, out }
    }

    /// When people do something next.
    pub(super) fn next_at(&self) -> Option<Duration> {
        DEMO.get(self.told).map(|scene| scene.at)
    }

    /// Tells what people do by `now`; says how often they press the answer button.
    pub(super) fn act(&mut self, now: Duration) -> usize {
        let mut pressed = 0;
        while let Some(scene) = DEMO.get(self.told).filter(|scene| scene.at <= now) {
            self.told += 1;
            pressed += usize::from(scene.does == Does::Answer);
            self.say(format_args!("{:7.2} s  {}", scene.at.as_secs_f64(), scene.words));
        }
        pressed
    }

    /// Tells what the receiver noticed or did `t` seconds after the start.
    pub(super) fn tell(&mut self, t: f64, event: &Event) {
        let line = self.line(event);
        self.status.apply(t, event);
        if let Some(line) = line {
            self.say(format_args!("{t:7.2} s      {line}"));
        }
    }

    pub(super) fn say(&mut self, line: std::fmt::Arguments<'_>) {
        // Whoever reads may have had enough.
        let _ = writeln!(self.out, "{line}");
        let _ = self.out.flush();
    }

    /// What an event is in words, told by what was known before it.
    fn line(&mut self, event: &Event) -> Option<String> {
        Some(match event {
            Event::Controller { up: true, .. } => "the receiver is up".into(),
            Event::Pairing { open: true, seconds } => {
                format!("pairing mode is open for {seconds} s")
            }
            Event::Pairing { open: false, .. } => "pairing mode is over".into(),
            Event::Paired { phone } => format!("paired with {phone}"),
            Event::Phone { phone, connected: true, name, .. } => self.connected(*phone, name)?,
            Event::Phone { phone, connected: false, reason, .. } => self.gone(*phone, *reason),
            Event::Evicted { phone, by } => {
                let (name, by) = (self.name(*phone), self.name(*by));
                format!("{name} gave its seat to the newcomer, {by}")
            }
            Event::Stream { phone, state, .. } => self.streams(*phone, *state)?,
            Event::Track { phone, track } if !track.title.is_empty() => {
                format!("{} tells its track: \"{}\"", self.name(*phone), track.title)
            }
            Event::Order { phone, order } => self.ordered(*phone, *order)?,
            Event::Call { phone, index, state, number, name } => {
                self.calls(*phone, *index, *state, number, name)?
            }
            Event::Audible { sources } => self.heard(sources),
            _ => return None,
        })
    }

    fn connected(&mut self, phone: Address, name: &str) -> Option<String> {
        let known = self.status.phones.get(&phone).filter(|known| known.connected);
        let named = known.is_some_and(|known| !known.name.is_empty());
        if named || name.is_empty() {
            return None;
        }
        Some(match self.lost.contains(&phone) {
            true => format!("{name} is connected again"),
            false => format!("{name} is connected: {phone}"),
        })
    }

    fn gone(&mut self, phone: Address, reason: Option<u8>) -> String {
        self.unheard.remove(&phone);
        let name = self.name(phone);
        if reason == Some(Reason::CONNECTION_TIMEOUT.0) {
            self.lost.insert(phone);
            return format!("the link to {name} is lost");
        }
        format!("{name} is disconnected")
    }

    fn streams(&mut self, phone: Address, state: StreamState) -> Option<String> {
        let name = self.name(phone);
        match state {
            StreamState::Playing => {
                self.unheard.insert(phone);
                Some(format!("{name} begins to stream"))
            }
            StreamState::Suspended if self.unheard.remove(&phone) => {
                let over = match &self.status.audible[..] {
                    [] => String::new(),
                    sources => format!(" over {}", self.sources(sources)),
                };
                Some(format!("{name} stops streaming, and was not heard{over}"))
            }
            StreamState::Suspended => Some(format!("{name} stops streaming")),
            StreamState::Open | StreamState::Closed => None,
        }
    }

    fn ordered(&mut self, phone: Address, order: OrderKind) -> Option<String> {
        let name = self.name(phone);
        let known = self.status.phones.get(&phone);
        let speaks = known
            .is_some_and(|known| known.calls.values().any(|call| call.state == CallState::Active));
        let what = match order {
            OrderKind::Pause => "told to pause",
            OrderKind::Play if self.lost.remove(&phone) => {
                "told to play again: it was playing when it was lost"
            }
            OrderKind::Play => "told to play again: what it paused for is over",
            OrderKind::Answer => "told to answer",
            OrderKind::Hold if speaks => "told to hold its call",
            OrderKind::Hold => "told to go on with the call that it held",
            OrderKind::HangUp => "told to hang up",
            OrderKind::Page => "paged: it is to come back",
            OrderKind::Disconnect
            | OrderKind::OpenVoice
            | OrderKind::CloseVoice
            | OrderKind::RejectVoice => return None,
        };
        Some(format!("{name} is {what}"))
    }

    fn calls(
        &self,
        phone: Address,
        index: u8,
        state: CallState,
        number: &str,
        caller: &str,
    ) -> Option<String> {
        let known = self.status.phones.get(&phone).and_then(|known| known.calls.get(&index));
        let name = self.name(phone);
        let changed = known.is_none_or(|call| call.state != state);
        let told = !number.is_empty() && known.is_none_or(|call| call.number != number);
        Some(match state {
            CallState::Incoming if told => {
                let others = self.status.audible.iter().find(|source| source.phone != phone);
                let waits = match others.filter(|source| source.kind == SourceKind::Call) {
                    Some(source) => {
                        format!("; a quiet tone tells of it over {}", self.sources(&[*source]))
                    }
                    None => String::new(),
                };
                format!("{name} says who calls: {caller}, {number}{waits}")
            }
            CallState::Outgoing if told => format!("{name} dials {number}"),
            CallState::Active if changed => format!("the call on {name} is under way"),
            CallState::Held if changed => format!("the call on {name} is on hold"),
            CallState::Ended => format!("the call on {name} is over"),
            _ => return None,
        })
    }

    fn heard(&mut self, sources: &[Source]) -> String {
        for source in sources {
            self.unheard.remove(&source.phone);
        }
        match sources {
            [] => "♪ silence".into(),
            _ => format!("♪ {}", self.sources(sources)),
        }
    }

    fn sources(&self, sources: &[Source]) -> String {
        let each = sources.iter().map(|source| {
            let what = match source.kind {
                SourceKind::Media => "music from",
                SourceKind::Call => "the call on",
                SourceKind::Ring => "ringing on",
                SourceKind::Voice => "the voice session of",
                SourceKind::Assistant => "the assistant of",
            };
            format!("{what} {}", self.name(source.phone))
        });
        each.collect::<Vec<_>>().join(" and ")
    }

    fn name(&self, phone: Address) -> String {
        match self.status.phones.get(&phone) {
            Some(known) if !known.name.is_empty() => known.name.clone(),
            _ => phone.to_string(),
        }
    }
}
