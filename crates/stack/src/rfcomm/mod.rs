//! RFCOMM 1.2 over one L2CAP channel: the session, and the lines in it.
//!
//! A [`Session`] is initiator or responder, as the first SABM says. It multiplexes [`MAX_LINES`]
//! lines, each with parameters (PN), modem status (MSC), flow control by credits where the peer
//! counts them and by FC bits where not, and a bounded buffer for what is to be sent. What arrives is
//! handed up where it stands in the packet; the peer gets new credits for what was
//! [`consumed`](Session::consumed), so that whoever keeps data bounds it.
//!
//! | file | what it is |
//! |---|---|
//! | `line` | a line and its flow control (6.5) |
//! | `frames` | SABM, UA, DM, DISC and data (5.2) |
//! | `multiplexer` | PN, MSC, RPN, RLS, TEST, FCon, FCoff, NSC (5.5) |
//!
//! **When both sides open the session at once**, both SABMs are answered, and the side that opened the
//! L2CAP channel is the initiator. Where both opened an L2CAP channel each has a session of its own.
//!
//! Limits: [`MAX_LINES`], [`OUTBOX`], [`RECEIVE_WINDOW`]; frames of [`MAX_PACKET`] octets out, of any
//! size in. Not here: port settings (RPN is agreed to and means nothing), break signals and line
//! errors (answered, not told), commands of ours for RPN, RLS, TEST and flow of all lines.

mod frames;
mod line;
mod multiplexer;
mod output;
#[cfg(test)]
mod tests;

use core::time::Duration;

use pool::Instant;
use wire::rfcomm::{Dlci, Frame, Kind, MAX_OVERHEAD, Message, ServerChannel};

use line::{Line, State as LineState};
pub use line::{OUTBOX, RECEIVE_WINDOW};
pub use output::{
    ConnectError, Counters, Data, MAX_PACKET, Output, Packet, Reason, Refusal, SendError,
};

/// Lines of a session at most.
pub const MAX_LINES: usize = 4;

/// T1: how long UA is waited for after SABM or DISC (5.3).
pub const T1: Duration = Duration::from_secs(20);

/// T1 of a line's SABM, on which the peer may first ask its owner (5.3).
pub const T1_LINE: Duration = Duration::from_secs(60);

/// T2: how long the answer to a message of the multiplexer is waited for (5.3).
pub const T2: Duration = Duration::from_secs(20);

/// How long modem status is waited for, before data is sent without.
pub const MODEM_PATIENCE: Duration = Duration::from_secs(2);

/// How long a session without lines is kept for the peer.
pub const IDLE: Duration = Duration::from_secs(60);

/// Outputs that wait to be polled, at most.
const MAX_OUTPUTS: usize = 32;

/// Outputs that one frame or message can cause, at most; without room for them it is dropped.
const OUTPUTS_PER_MESSAGE: usize = 2 * MAX_LINES + 4;

/// How far a session is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Nobody has sent SABM.
    Closed,
    /// Our SABM is out.
    Opening,
    /// Lines may be opened.
    Up,
    /// Our DISC is out.
    Closing,
    /// Nothing follows.
    Over,
}

/// A multiplexer session.
#[derive(Debug)]
pub struct Session {
    state: State,
    /// Whether we opened the L2CAP channel.
    outgoing: bool,
    initiator: bool,
    /// Octets of data in a frame that the channel carries both ways.
    frame_size: u16,
    /// The server channels that are listened on, a bit each.
    listening: u32,
    lines: heapless::Vec<Line, MAX_LINES>,
    /// The peer has sent FCoff.
    stopped: bool,
    deadline: Option<Instant>,
    outputs: heapless::Deque<Output, MAX_OUTPUTS>,
    counters: Counters,
}

impl Session {
    /// A session over an open L2CAP channel. `outgoing`: we opened the channel, and the first
    /// [`connect`](Session::connect) opens the session; else the peer does. `mtu` is the smaller of
    /// what the two sides take on it.
    pub fn new(now: Instant, outgoing: bool, mtu: u16, listening: &[ServerChannel]) -> Self {
        let overhead = MAX_OVERHEAD as u16;
        Session {
            state: State::Closed,
            outgoing,
            initiator: outgoing,
            frame_size: mtu.saturating_sub(overhead).max(1),
            listening: listening.iter().fold(0, |all, channel| all | 1 << channel.number()),
            lines: heapless::Vec::new(),
            stopped: false,
            deadline: Some(now + IDLE),
            outputs: heapless::Deque::new(),
            counters: Counters::default(),
        }
    }

    /// Opens a line to a service of the peer's.
    pub fn connect(&mut self, now: Instant, channel: ServerChannel) -> Result<Dlci, ConnectError> {
        if matches!(self.state, State::Closing | State::Over) {
            return Err(ConnectError::Over);
        }
        let dlci = channel.dlci(!self.initiator);
        if self.line(dlci).is_some() {
            return Err(ConnectError::Exists);
        }
        let line = Line::new(dlci, true, LineState::Waiting, now + T1);
        self.lines.push(line).map_err(|_| ConnectError::Full)?;
        match self.state {
            State::Up => self.negotiate(now, dlci),
            State::Closed if self.outgoing => {
                self.state = State::Opening;
                self.deadline = Some(now + T1);
                self.command(Dlci::CONTROL, Kind::Sabm);
            }
            _ => {}
        }
        Ok(dlci)
    }

    /// Closes a line; what waits to be sent on it is dropped. With the last one the session ends.
    pub fn disconnect(&mut self, now: Instant, dlci: Dlci) {
        let Some(line) = self.line_mut(dlci) else { return };
        match line.state {
            LineState::Waiting | LineState::Negotiating => {
                self.remove(now, dlci, Reason::Local);
            }
            LineState::Opening | LineState::Open => {
                line.state = LineState::Closing;
                line.deadline = Some(now + T1);
                self.command(dlci, Kind::Disc);
            }
            LineState::Offered | LineState::Closing => {}
        }
    }

    /// Ends the session and its lines.
    pub fn shut(&mut self, now: Instant) {
        self.end_lines(Reason::Local);
        match self.state {
            State::Closed => self.over(Reason::Local),
            State::Opening | State::Up => {
                self.state = State::Closing;
                self.deadline = Some(now + T1);
                self.command(Dlci::CONTROL, Kind::Disc);
            }
            State::Closing | State::Over => {}
        }
    }

    /// The L2CAP channel is gone.
    pub fn channel_lost(&mut self) {
        self.over(Reason::ChannelLost);
    }

    /// Sends data on an open line, as soon as the peer's credits let it.
    pub fn send(&mut self, dlci: Dlci, bytes: &[u8]) -> Result<(), SendError> {
        let line = self.line_mut(dlci).filter(|line| line.state == LineState::Open);
        match line.ok_or(SendError::NotOpen)?.enqueue(bytes) {
            true => Ok(()),
            false => Err(SendError::Full),
        }
    }

    /// One frame's data that [`receive`](Session::receive) handed up is out of the way.
    pub fn consumed(&mut self, dlci: Dlci) {
        if let Some(line) = self.line_mut(dlci) {
            line.consumed();
            self.control_flow(dlci);
        }
    }

    /// Takes a packet. What it carries for a line comes back; poll before that is answered, and say
    /// [`consumed`](Session::consumed) when it is out of the way.
    pub fn receive<'a>(&mut self, now: Instant, packet: &'a [u8]) -> Option<Data<'a>> {
        if self.state == State::Over {
            return None;
        }
        if !self.has_room() {
            count(&mut self.counters.overrun);
            return None;
        }
        match Frame::parse(packet) {
            Ok(frame) => self.frame(now, frame),
            Err(_) => {
                count(&mut self.counters.malformed);
                None
            }
        }
    }

    /// The next output.
    pub fn poll(&mut self) -> Option<Output> {
        if let Some(output) = self.outputs.pop_front() {
            return Some(output);
        }
        let stopped = self.stopped;
        let (dlci, (data, credits)) =
            self.lines.iter_mut().find_map(|line| Some((line.dlci, line.next_frame(stopped)?)))?;
        let frame = Frame {
            dlci,
            command_response: self.initiator,
            kind: Kind::Uih,
            poll_final: credits.is_some(),
            credits,
            information: &data,
        };
        Some(Output::Send(packet(&frame)))
    }

    /// When [`wake`](Session::wake) wants to be called.
    pub fn wake_at(&self) -> Option<Instant> {
        self.lines.iter().filter_map(|line| line.deadline).chain(self.deadline).min()
    }

    /// Does what is due.
    pub fn wake(&mut self, now: Instant) {
        if self.deadline.take_if(|at| *at <= now).is_some() {
            match self.state {
                State::Opening => self.over(Reason::TimedOut),
                State::Closing => self.over(Reason::Local),
                State::Closed | State::Up => self.shut(now),
                State::Over => {}
            }
        }
        let late = |line: &Line| line.deadline.is_some_and(|at| at <= now);
        while let Some(at) = self.lines.iter().position(late) {
            self.line_overdue(now, at);
        }
    }

    fn line_overdue(&mut self, now: Instant, at: usize) {
        let Some(line) = self.lines.get_mut(at) else { return };
        line.deadline = None;
        let dlci = line.dlci;
        match line.state {
            // Data goes without modem status from now on.
            LineState::Open => {}
            LineState::Opening => {
                self.command(dlci, Kind::Disc);
                self.remove(now, dlci, Reason::TimedOut);
            }
            LineState::Closing => self.remove(now, dlci, Reason::Local),
            LineState::Waiting | LineState::Negotiating | LineState::Offered => {
                self.remove(now, dlci, Reason::TimedOut);
            }
        }
    }

    /// Whether lines may be opened.
    pub fn is_up(&self) -> bool {
        self.state == State::Up
    }

    /// What the peer did wrong so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    fn line(&self, dlci: Dlci) -> Option<&Line> {
        self.lines.iter().find(|line| line.dlci == dlci)
    }

    fn line_mut(&mut self, dlci: Dlci) -> Option<&mut Line> {
        self.lines.iter_mut().find(|line| line.dlci == dlci)
    }

    /// Takes a line out and tells of its end. We end a session whose last line we ended.
    fn remove(&mut self, now: Instant, dlci: Dlci, reason: Reason) {
        let Some(at) = self.lines.iter().position(|line| line.dlci == dlci) else { return };
        let line = self.lines.remove(at);
        self.tell_end(&line, reason);
        if self.lines.is_empty() && self.state == State::Up {
            match reason {
                Reason::Peer => self.deadline = Some(now + IDLE),
                _ => self.shut(now),
            }
        }
    }

    fn tell_end(&mut self, line: &Line, reason: Reason) {
        let dlci = line.dlci;
        let asked =
            matches!(line.state, LineState::Waiting | LineState::Negotiating | LineState::Opening);
        let refused = |reason| Output::Refused { dlci, reason };
        self.output(match reason {
            // Nobody was told of it.
            _ if line.state == LineState::Offered => return,
            Reason::Peer if asked => refused(Refusal::Peer),
            Reason::TimedOut if asked => refused(Refusal::TimedOut),
            Reason::ChannelLost if asked => refused(Refusal::SessionOver),
            _ => Output::Closed { dlci, reason },
        });
    }

    fn end_lines(&mut self, reason: Reason) {
        while let Some(line) = self.lines.pop() {
            self.tell_end(&line, reason);
        }
    }

    fn over(&mut self, reason: Reason) {
        if self.state != State::Over {
            self.end_lines(reason);
            self.state = State::Over;
            self.deadline = None;
            self.output(Output::Over(reason));
        }
    }

    fn has_room(&self) -> bool {
        self.outputs.capacity() - self.outputs.len() >= OUTPUTS_PER_MESSAGE
    }

    fn output(&mut self, output: Output) {
        // Orders make one each, and what the peer sends is only read while there is room.
        if self.outputs.push_back(output).is_err() {
            count(&mut self.counters.overrun);
        }
    }

    /// Sends SABM or DISC.
    fn command(&mut self, dlci: Dlci, kind: Kind) {
        self.bare(dlci, kind, self.initiator);
    }

    /// Sends UA or DM.
    fn respond(&mut self, dlci: Dlci, kind: Kind) {
        self.bare(dlci, kind, !self.initiator);
    }

    fn bare(&mut self, dlci: Dlci, kind: Kind, command_response: bool) {
        let poll_final = true;
        let (credits, information) = (None, &[][..]);
        let frame = Frame { dlci, command_response, kind, poll_final, credits, information };
        self.output(Output::Send(packet(&frame)));
    }

    /// Sends a message of the multiplexer; one that is too long is dropped.
    fn message(&mut self, message: Message<'_>, command: bool) {
        let mut information = [0; MAX_PACKET - MAX_OVERHEAD];
        let Ok(length) = message.write(command, &mut information) else {
            return count(&mut self.counters.malformed);
        };
        let frame = Frame {
            dlci: Dlci::CONTROL,
            command_response: self.initiator,
            kind: Kind::Uih,
            poll_final: false,
            credits: None,
            information: information.get(..length).unwrap_or_default(),
        };
        self.output(Output::Send(packet(&frame)));
    }
}

/// The frame as a packet: [`MAX_PACKET`] holds every frame that is made here.
fn packet(frame: &Frame<'_>) -> Packet {
    let mut packet = Packet::new();
    let mut out = [0; MAX_PACKET];
    let length = frame.write(&mut out).unwrap_or_default();
    packet.extend(out.iter().take(length).copied());
    packet
}

fn count(counter: &mut u32) {
    *counter = counter.saturating_add(1);
}
