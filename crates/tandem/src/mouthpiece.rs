//! The microphone, which listens while a voice link is open and not a moment longer.
//!
//! A file, a tone and silence are there from the start. A sound server's source is opened when it is
//! wanted, on a thread of its own since that may take long, and let go of when it is not; until it is
//! open, and while it is lost, silence stands in for it.

use std::os::fd::BorrowedFd;
use std::task::Poll;
use std::time::Duration;

use audio::{Engine, Microphone};
use pool::Instant;

use crate::attempt::{Attempt, Wanted};
use crate::canceller::Echo;

/// How soon one that could not be opened, or was lost, is tried again.
const REOPEN: Duration = Duration::from_secs(2);
/// Pieces of a second in which its sound is handed on: all waits for as long as one is. Those of a device
/// are its own.
const PIECES: u32 = 400;
/// The most samples of a piece.
const PIECE: usize = 128;

/// See the module.
#[derive(Debug)]
pub(crate) struct Mouthpiece {
    spec: String,
    rate: u32,
    state: State,
    /// Why it is silent, to be told: once until it is heard again.
    complaint: Option<String>,
    complained: bool,
}

#[derive(Debug)]
enum State {
    /// Nobody is to be heard. What is no device is kept.
    Resting(Option<Microphone>),
    Open(Microphone),
    Opening(Attempt<Result<Microphone, audio::MicrophoneError>>),
    /// It is tried again then.
    Lost(Instant),
}

impl Mouthpiece {
    /// One that `spec` names, which was opened to see whether it can be.
    pub(crate) fn new(spec: String, microphone: Microphone) -> Self {
        let rate = microphone.rate();
        let state = State::Resting(Some(microphone).filter(|it| !it.is_device()));
        Mouthpiece { spec, rate, state, complaint: None, complained: false }
    }

    /// Samples a second.
    pub(crate) fn rate(&self) -> u32 {
        self.rate
    }

    pub(crate) fn spec(&self) -> &str {
        &self.spec
    }

    /// What is to be told, once.
    pub(crate) fn complaint(&mut self) -> Option<String> {
        self.complaint.take()
    }

    /// What to poll for reading, while a device listens.
    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.state {
            State::Open(microphone) => microphone.fd(),
            State::Resting(_) | State::Opening(_) | State::Lost(_) => None,
        }
    }

    /// Whether it is to listen.
    pub(crate) fn want(&mut self, now: Instant, on: bool) {
        match (&mut self.state, on) {
            (State::Resting(kept), true) => match kept.take() {
                Some(mut microphone) => {
                    microphone.start(now);
                    self.state = State::Open(microphone);
                }
                None => self.open(now),
            },
            (State::Resting(_), false) => {}
            (_, false) => self.rest(),
            (_, true) => {}
        }
    }

    fn rest(&mut self) {
        let was = std::mem::replace(&mut self.state, State::Resting(None));
        if let State::Open(microphone) = was
            && !microphone.is_device()
        {
            self.state = State::Resting(Some(microphone));
        }
    }

    fn open(&mut self, now: Instant) {
        let spec = self.spec.clone();
        // It is looked at with the next packet.
        let attempt =
            Attempt::begin("microphone", move |_: &Wanted| Microphone::open(&spec), || ());
        self.state = attempt.map_or(State::Lost(now + REOPEN), State::Opening);
    }

    /// Gives the engine what it has heard, without its echo where somebody takes that out.
    pub(crate) fn speak(&mut self, now: Instant, engine: &mut Engine, echo: &mut Option<Echo>) {
        match &mut self.state {
            State::Resting(_) => {}
            State::Lost(at) if *at <= now => self.open(now),
            State::Lost(_) => {}
            State::Opening(attempt) => match attempt.end() {
                Poll::Pending => {}
                Poll::Ready(Some(Ok(mut microphone))) => {
                    microphone.start(now);
                    self.state = State::Open(microphone);
                    self.complained = false;
                }
                Poll::Ready(Some(Err(error))) => self.lose(now, error.reason),
                Poll::Ready(None) => self.state = State::Lost(now + REOPEN),
            },
            State::Open(microphone) => {
                if let Err(lost) = pass_on(microphone, now, engine, echo) {
                    self.lose(now, lost.reason);
                }
            }
        }
    }

    fn lose(&mut self, now: Instant, reason: String) {
        if !std::mem::replace(&mut self.complained, true) {
            self.complaint = Some(reason);
        }
        self.state = State::Lost(now + REOPEN);
    }
}

fn pass_on(
    microphone: &mut Microphone,
    now: Instant,
    engine: &mut Engine,
    echo: &mut Option<Echo>,
) -> Result<(), audio::Lost> {
    let mut piece = [0; PIECE];
    let whole = ((microphone.rate() / PIECES) as usize).min(PIECE);
    loop {
        let due = match microphone.due(now)? {
            due if microphone.is_device() => due.min(PIECE),
            due if due < whole => 0,
            _ => whole,
        };
        if due == 0 {
            return Ok(());
        }
        let piece = &mut piece[..due];
        microphone.read(piece);
        if let Some(echo) = echo {
            echo.cancel(piece);
        }
        engine.microphone(microphone.read_until().unwrap_or(now), piece);
    }
}
