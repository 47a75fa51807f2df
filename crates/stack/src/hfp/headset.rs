//! HSP 1.2, the headset's side: a button, ringing and volume, for phones that know no HFP.
//!
//! The phone rings, and opens and closes the voice link; the button is all that can be said to it. A
//! press answers, and ends: the phone knows which. Not here: remote control of a call beyond that,
//! and any word of who calls.

use core::time::Duration;

use pool::Instant;
use wire::hfp::{Command, Lines, ResultCode};

/// Octets of a line at most; longer ones are dropped.
const MAX_LINE: usize = 64;

/// How long an answer is waited for.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// Commands that wait for an answer, at most.
const MAX_WAITING: usize = 4;

/// Outputs that wait to be polled, at most.
const MAX_OUTPUTS: usize = 16;

/// What is to be sent.
pub type Text = heapless::Vec<u8, 16>;

/// What a headset asks for or tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Send this on the line.
    Send(Text),
    /// The phone rings; again and again.
    Ring,
    /// The phone has set the loudspeaker's volume, 0 to 15.
    Speaker(u8),
    /// The phone has set the microphone's, likewise.
    Microphone(u8),
    /// The phone did not take a press, or did not answer to it.
    PressFailed,
}

/// The headset side of one link.
#[derive(Debug, Default)]
pub struct Headset {
    up: bool,
    lines: Lines<MAX_LINE>,
    waiting: heapless::Deque<Command<'static>, MAX_WAITING>,
    flight: Option<(Command<'static>, Instant)>,
    outputs: heapless::Deque<Output, MAX_OUTPUTS>,
}

impl Headset {
    /// The headset side of a fresh link.
    pub fn new() -> Self {
        Self::default()
    }

    /// The line to the phone is open; there is nothing to be set up.
    pub fn opened(&mut self) {
        *self = Headset { up: true, ..Headset::default() };
    }

    /// The line is gone.
    pub fn closed(&mut self) {
        *self = Headset::default();
    }

    /// Takes what arrived on the line, in whatever pieces.
    pub fn receive(&mut self, now: Instant, mut bytes: &[u8]) {
        // Out of the way of what a line changes, and back.
        let mut lines = core::mem::take(&mut self.lines);
        while let Some(line) = lines.next(&mut bytes) {
            match ResultCode::parse(line) {
                Ok(ResultCode::Ok) => self.answered(now, true),
                Ok(ResultCode::Error) => self.answered(now, false),
                Ok(ResultCode::Ring) => self.output(Output::Ring),
                Ok(ResultCode::Vgs(gain)) => self.output(Output::Speaker(gain)),
                Ok(ResultCode::Vgm(gain)) => self.output(Output::Microphone(gain)),
                // HSP has nothing else.
                _ => {}
            }
        }
        self.lines = lines;
    }

    /// Presses the button: answers a ringing call, ends one that is on, or opens the voice link.
    pub fn press(&mut self, now: Instant) {
        self.command(now, Command::Ckpd);
    }

    /// Tells the phone the loudspeaker's volume, 0 to 15.
    pub fn set_speaker(&mut self, now: Instant, gain: u8) {
        self.command(now, Command::Vgs(gain.min(15)));
    }

    /// Tells the phone the microphone's, likewise.
    pub fn set_microphone(&mut self, now: Instant, gain: u8) {
        self.command(now, Command::Vgm(gain.min(15)));
    }

    /// The next output.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`wake`](Headset::wake) wants to be called.
    pub fn wake_at(&self) -> Option<Instant> {
        self.flight.map(|(_, deadline)| deadline)
    }

    /// Does what is due.
    pub fn wake(&mut self, now: Instant) {
        if self.wake_at().is_some_and(|at| at <= now) {
            self.answered(now, false);
        }
    }

    /// A command that finds no room is dropped: whoever presses that often does not mean each.
    fn command(&mut self, now: Instant, command: Command<'static>) {
        if self.up {
            let _ = self.waiting.push_back(command);
            self.pump(now);
        }
    }

    fn answered(&mut self, now: Instant, done: bool) {
        let answered = self.flight.take();
        if !done && matches!(answered, Some((Command::Ckpd, _))) {
            self.output(Output::PressFailed);
        }
        self.pump(now);
    }

    fn pump(&mut self, now: Instant) {
        if self.flight.is_some() {
            return;
        }
        let Some(command) = self.waiting.pop_front() else { return };
        let mut out = [0; 16];
        let length = command.write(&mut out).unwrap_or_default();
        self.flight = Some((command, now + ANSWER_TIMEOUT));
        self.output(Output::Send(out.into_iter().take(length).collect()));
    }

    /// What is not polled is lost: what a phone says here matters for a moment only.
    fn output(&mut self, output: Output) {
        let _ = self.outputs.push_back(output);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs(headset: &mut Headset) -> Vec<Output> {
        core::iter::from_fn(|| headset.poll()).collect()
    }

    fn send(text: &str) -> Output {
        Output::Send(Text::from_slice(text.as_bytes()).expect("it fits"))
    }

    #[test]
    fn a_call_is_answered_with_the_button() {
        let now = Instant::ZERO;
        let mut headset = Headset::new();
        headset.press(now);
        assert!(outputs(&mut headset).is_empty(), "there is no line");
        headset.opened();
        headset.receive(now, b"\r\nRI");
        headset.receive(now, b"NG\r\n");
        headset.press(now);
        headset.set_speaker(now, 20);
        assert_eq!(outputs(&mut headset), [Output::Ring, send("AT+CKPD=200\r")]);
        headset.receive(now, b"\r\nOK\r\n\r\n+VGM=3\r\n");
        assert_eq!(outputs(&mut headset), [send("AT+VGS=15\r"), Output::Microphone(3)]);
    }

    #[test]
    fn a_phone_that_does_not_answer() {
        let mut headset = Headset::new();
        headset.opened();
        headset.press(Instant::ZERO);
        headset.set_microphone(Instant::ZERO, 1);
        let at = headset.wake_at().expect("it is waited for");
        headset.wake(at);
        let said = [send("AT+CKPD=200\r"), Output::PressFailed, send("AT+VGM=1\r")];
        assert_eq!(outputs(&mut headset), said);
    }
}
