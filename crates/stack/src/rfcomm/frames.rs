//! What the peer's frames do (RFCOMM 1.2, 5.2; TS 07.10, 5.8).

use pool::Instant;
use wire::rfcomm::{Dlci, Frame, Kind, Message, ModemSignals};

use super::line::{Line, State as LineState};
use super::{
    Data, IDLE, MAX_LINES, MODEM_PATIENCE, Output, Reason, Session, State, T1_LINE, count,
};

impl Session {
    pub(super) fn frame<'a>(&mut self, now: Instant, frame: Frame<'a>) -> Option<Data<'a>> {
        let dlci = frame.dlci;
        match (dlci == Dlci::CONTROL, frame.kind) {
            (true, Kind::Uih) => self.messages(now, frame.information),
            (true, kind) => self.session_frame(now, kind),
            (false, Kind::Uih) => return self.data(&frame),
            // Lines come after the session.
            (false, kind) if self.state == State::Up => self.line_frame(now, dlci, kind),
            (false, Kind::Sabm | Kind::Disc) => self.respond(dlci, Kind::Dm),
            (false, _) => count(&mut self.counters.unexpected),
        }
        None
    }

    fn session_frame(&mut self, now: Instant, kind: Kind) {
        match (self.state, kind) {
            (State::Closed | State::Up, Kind::Sabm) => {
                // A peer that begins anew has forgotten the lines.
                self.end_lines_opened();
                self.initiator &= self.state == State::Up;
                self.respond(Dlci::CONTROL, Kind::Ua);
                self.session_up(now);
            }
            // Both at once: the answer to ours is on its way.
            (State::Opening, Kind::Sabm) => self.respond(Dlci::CONTROL, Kind::Ua),
            (State::Opening, Kind::Ua) => self.session_up(now),
            (State::Closing, Kind::Ua | Kind::Dm) => self.over(Reason::Local),
            (State::Closing, Kind::Sabm) => self.respond(Dlci::CONTROL, Kind::Dm),
            (State::Opening | State::Up, Kind::Dm) => self.over(Reason::Peer),
            (State::Closed, Kind::Disc) => self.respond(Dlci::CONTROL, Kind::Dm),
            (_, Kind::Disc) => {
                self.respond(Dlci::CONTROL, Kind::Ua);
                self.over(Reason::Peer);
            }
            _ => count(&mut self.counters.unexpected),
        }
    }

    /// Ends the lines that a session that begins anew cannot have.
    fn end_lines_opened(&mut self) {
        if self.state == State::Up {
            self.end_lines(Reason::Peer);
        }
    }

    fn session_up(&mut self, now: Instant) {
        self.state = State::Up;
        self.deadline = if self.lines.is_empty() { Some(now + IDLE) } else { None };
        let waiting: heapless::Vec<Dlci, MAX_LINES> = self.lines.iter().map(|l| l.dlci).collect();
        for dlci in waiting {
            self.negotiate(now, dlci);
        }
    }

    fn line_frame(&mut self, now: Instant, dlci: Dlci, kind: Kind) {
        let state = self.line(dlci).map(|line| line.state);
        match (kind, state) {
            (Kind::Sabm, Some(LineState::Offered)) => self.accept(now, dlci),
            (Kind::Sabm, Some(LineState::Open)) => self.respond(dlci, Kind::Ua),
            // A peer that sends no PN counts no credits.
            (Kind::Sabm, None) if self.offer(now, dlci) => self.accept(now, dlci),
            (Kind::Sabm, _) => self.respond(dlci, Kind::Dm),
            (Kind::Ua, Some(LineState::Opening)) => self.opened(now, dlci),
            (Kind::Ua, Some(LineState::Closing)) => self.remove(now, dlci, Reason::Local),
            (Kind::Dm, Some(LineState::Closing)) => self.remove(now, dlci, Reason::Local),
            (Kind::Dm, Some(_)) => self.remove(now, dlci, Reason::Peer),
            (Kind::Disc, Some(_)) => {
                self.respond(dlci, Kind::Ua);
                self.remove(now, dlci, Reason::Peer);
            }
            (Kind::Disc, None) => self.respond(dlci, Kind::Dm),
            _ => count(&mut self.counters.unexpected),
        }
    }

    /// Makes room for a line to a service of ours, if we have the service.
    pub(super) fn offer(&mut self, now: Instant, dlci: Dlci) -> bool {
        let ours = dlci.of_initiator() == self.initiator;
        let listening =
            dlci.server_channel().is_some_and(|c| self.listening >> c.number() & 1 != 0);
        if !ours || !listening {
            return false;
        }
        let line = Line::new(dlci, false, LineState::Offered, now + T1_LINE);
        let offered = self.lines.push(line).is_ok();
        if offered {
            self.deadline = None;
        }
        offered
    }

    fn accept(&mut self, now: Instant, dlci: Dlci) {
        self.respond(dlci, Kind::Ua);
        self.opened(now, dlci);
    }

    fn opened(&mut self, now: Instant, dlci: Dlci) {
        let Some((line, channel)) = self.line_mut(dlci).zip(dlci.server_channel()) else { return };
        line.state = LineState::Open;
        line.deadline = Some(now + MODEM_PATIENCE);
        let outgoing = line.outgoing;
        let signals = ModemSignals::READY;
        self.message(Message::ModemStatus { dlci, signals, break_signal: None }, true);
        self.output(Output::Opened { dlci, channel, outgoing });
    }

    fn data<'a>(&mut self, frame: &Frame<'a>) -> Option<Data<'a>> {
        let dlci = frame.dlci;
        let line = self.lines.iter_mut().find(|line| line.dlci == dlci);
        let Some(line) = line.filter(|line| line.state == LineState::Open) else {
            count(&mut self.counters.unexpected);
            if self.line(dlci).is_none() {
                self.respond(dlci, Kind::Dm);
            }
            return None;
        };
        if line.counts {
            line.credits = line.credits.saturating_add(frame.credits.unwrap_or(0).into());
        }
        let bytes = frame.information;
        if bytes.is_empty() {
            return None;
        }
        if !line.taken() {
            count(&mut self.counters.overdrawn);
        }
        self.control_flow(dlci);
        Some(Data { dlci, bytes })
    }
}
