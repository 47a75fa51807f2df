//! One command at a time, its result, and what if there is none.

use pool::Instant;
use wire::hfp::{CmeError, Codec, Command};

use super::chores::Chores;
use super::output::{AtError, Failure, Output, Text, Ticket};
use super::setup::Step;
use super::{ANSWER_LIMIT, ANSWER_TIMEOUT, HandsFree, MAX_UNANSWERED, Phase, SETTLE, count};
use crate::hfp::call::MAX_CALLS;

/// What a command is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum What {
    /// A step of the way up.
    Setup(Step),
    /// To answer the phone's codec.
    Codec(Codec),
    /// A chore.
    Chore(Chores),
    /// An order.
    Order(Kind),
}

/// What has to be known of an order once it is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// It may change calls.
    Call,
    /// It ends the active calls and takes the other one.
    ReleaseActive,
    /// It starts or stops voice recognition.
    VoiceRecognition(bool),
    /// No more than that.
    Other,
}

/// The command that is to be answered.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) what: What,
    pub(super) ticket: Option<Ticket>,
    pub(super) deadline: Instant,
    /// Its owner was told that it failed.
    overdue: bool,
}

/// An order that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) kind: Kind,
    pub(super) about: About,
    pub(super) ticket: Ticket,
    pub(super) text: Text,
}

/// The calls that an order is for. Once none of them is left it is not sent any more: it would be for
/// another one.
#[derive(Debug)]
pub(super) struct About {
    /// Their numbers; without any, the order is sent in any case.
    pub(super) calls: heapless::Vec<u8, MAX_CALLS>,
    /// It is for them only while they ring.
    pub(super) ringing: bool,
}

impl HandsFree {
    /// Sends what is next, if nothing is to be answered.
    pub(super) fn pump(&mut self, now: Instant) {
        if self.settling.is_some() || self.flight.is_some() {
            return;
        }
        match self.phase {
            Phase::Down => {}
            Phase::Setup(step) => self.set_up(now, step),
            Phase::Up => {
                if let Some(codec) = self.chosen.take() {
                    return self.take_codec(now, codec);
                }
                // Orders have waited for nothing but the one before; chores wait for all.
                if self.chores.contains(Chores::CODECS) {
                    return self.do_chore(now, Chores::CODECS);
                }
                if let Some(Waiting { kind, ticket, text, .. }) = self.waiting.pop_front() {
                    return self.send(now, What::Order(kind), Some(ticket), text);
                }
                while self.flight.is_none()
                    && let Some(chore) = self.chores.iter().next()
                {
                    self.do_chore(now, chore);
                }
            }
        }
    }

    /// Calls have changed: `after` says which number one has now that an order is for, while it is.
    pub(super) fn overtake(&mut self, after: impl Fn(&About, u8) -> Option<u8>) {
        for _ in 0..self.waiting.len() {
            let Some(mut order) = self.waiting.pop_front() else { return };
            let about = &mut order.about;
            let calls = about.calls.iter().filter_map(|index| after(about, *index)).collect();
            let before = core::mem::replace(&mut about.calls, calls);
            if about.calls.is_empty() && !before.is_empty() {
                let (ticket, result) = (order.ticket, Err(AtError::Overtaken));
                self.output(Output::Done { ticket, result });
            } else {
                // Where it was.
                let _ = self.waiting.push_back(order);
            }
        }
    }

    /// The voice link may come as soon as the answer is sent (4.11.3).
    fn take_codec(&mut self, now: Instant, codec: Codec) {
        self.phone.codec = codec;
        self.output(Output::Codec(codec));
        self.transmit(now, What::Codec(codec), None, Command::Bcs(codec));
    }

    pub(super) fn transmit(
        &mut self,
        now: Instant,
        what: What,
        ticket: Option<Ticket>,
        command: Command<'_>,
    ) {
        if let Some(text) = text(&command) {
            self.send(now, what, ticket, text);
        }
    }

    fn send(&mut self, now: Instant, what: What, ticket: Option<Ticket>, text: Text) {
        self.flight = Some(Flight { what, ticket, deadline: now + ANSWER_TIMEOUT, overdue: false });
        self.output(Output::Send(text));
    }

    /// The phone answered.
    pub(super) fn answered(&mut self, now: Instant, result: Result<(), AtError>) {
        let Some(flight) = self.flight.take() else {
            return count(&mut self.counters.unexpected);
        };
        self.unanswered = 0;
        if result.is_err() {
            self.settling = Some(now + SETTLE);
        }
        if let Some(ticket) = flight.ticket.filter(|_| !flight.overdue) {
            self.output(Output::Done { ticket, result });
        }
        match flight.what {
            What::Setup(step) => return self.step_done(now, step, result),
            What::Chore(chore) => self.chore_done(now, chore, result),
            What::Order(kind) => self.order_done(now, kind, result),
            What::Codec(_) => {}
        }
        self.pump(now);
    }

    fn order_done(&mut self, now: Instant, kind: Kind, result: Result<(), AtError>) {
        match (kind, result) {
            (Kind::VoiceRecognition(on), Ok(())) => {
                self.output(Output::VoiceRecognition { on, state: None });
            }
            (Kind::ReleaseActive, Ok(())) => {
                self.calls.active_released(now);
                self.chores.insert(Chores::CALLS);
            }
            (Kind::Call, Ok(())) => self.chores.insert(Chores::CALLS),
            (Kind::Call, Err(_)) => self.calls.dialled.clear(),
            _ => {}
        }
    }

    /// A result that may end a call as well as a command: it ends the command if that is about calls.
    pub(super) fn call_failed(&mut self, now: Instant, error: AtError) {
        let about_calls =
            |what: What| matches!(what, What::Order(Kind::Call | Kind::ReleaseActive));
        if self.flight.as_ref().is_some_and(|flight| about_calls(flight.what)) {
            self.answered(now, Err(error));
        }
    }

    /// The answer did not come in time. After an order nothing else is sent before it does, so that
    /// each answer is known for what it is; a phone that says nothing at all is given up.
    pub(super) fn overdue(&mut self, now: Instant) {
        let Some(flight) = &mut self.flight else { return };
        match flight.what {
            What::Setup(step) => return self.fail(Failure::TimedOut(step)),
            // Some phones say nothing to what they do not know.
            What::Chore(_) | What::Codec(_) if self.unanswered < MAX_UNANSWERED => {
                let unanswered = self.unanswered + 1;
                self.answered(now, Err(AtError::TimedOut));
                self.unanswered = unanswered;
                return;
            }
            What::Chore(_) | What::Codec(_) => return self.fail(Failure::Unresponsive),
            What::Order(_) if flight.overdue => return self.fail(Failure::Unresponsive),
            What::Order(_) => {}
        }
        flight.overdue = true;
        flight.deadline = now + (ANSWER_LIMIT - ANSWER_TIMEOUT);
        if let Some(ticket) = flight.ticket.take() {
            self.output(Output::Done { ticket, result: Err(AtError::TimedOut) });
        }
    }

    /// The phone says why a command failed.
    pub(super) fn refused(&mut self, now: Instant, error: CmeError) {
        self.answered(now, Err(AtError::Cme(error)));
    }
}

/// The command as text; `None` where it is too long.
pub(super) fn text(command: &Command<'_>) -> Option<Text> {
    let mut out = [0; super::MAX_COMMAND];
    let length = command.write(&mut out).ok()?;
    Text::from_slice(out.get(..length)?).ok()
}
