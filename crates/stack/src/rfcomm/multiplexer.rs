//! The multiplexer's own messages (RFCOMM 1.2, 5.5; TS 07.10, 5.4.6).

use pool::Instant;
use wire::rfcomm::{
    DEFAULT_FRAME_SIZE, Dlci, FrameType, Kind, Message, MessageType, Messages, ModemSignals,
    Parameters, PortSettings,
};

use super::line::{RECEIVE_WINDOW, State as LineState};
use super::{Reason, Session, State, T1_LINE, T2, count};

impl Session {
    /// What came on the multiplexer's own connection.
    pub(super) fn messages(&mut self, now: Instant, information: &[u8]) {
        if self.state != State::Up {
            return count(&mut self.counters.unexpected);
        }
        for (octet, command, message) in Messages::new(information) {
            if !self.has_room() {
                return count(&mut self.counters.overrun);
            }
            match message {
                Err(_) => count(&mut self.counters.malformed),
                Ok(message) if command => self.asked(now, octet, message),
                Ok(message) => self.told(now, message),
            }
        }
    }

    /// A command of the peer's.
    fn asked(&mut self, now: Instant, octet: u8, message: Message<'_>) {
        match message {
            Message::ParameterNegotiation(parameters) => self.offered(now, parameters),
            Message::ModemStatus { dlci, signals, .. } => {
                let Some(line) = self.line_mut(dlci) else {
                    return self.respond(dlci, Kind::Dm);
                };
                line.stopped = signals.contains(ModemSignals::FLOW_STOPPED);
                line.told = true;
                self.message(message, false);
                self.modem_settled(dlci);
            }
            Message::RemotePortNegotiation { dlci, settings } => {
                let settings = Some(settings.unwrap_or(PortSettings::DEFAULT));
                self.message(Message::RemotePortNegotiation { dlci, settings }, false);
            }
            Message::RemoteLineStatus { .. } | Message::Test(_) => self.message(message, false),
            Message::FlowOn | Message::FlowOff => {
                self.stopped = message == Message::FlowOff;
                self.message(message, false);
            }
            Message::NonSupportedCommand(_) => count(&mut self.counters.unexpected),
            Message::Unknown(_) => self.message(Message::NonSupportedCommand(octet), false),
        }
    }

    /// A response of the peer's.
    fn told(&mut self, now: Instant, message: Message<'_>) {
        match message {
            Message::ParameterNegotiation(parameters) => self.agreed(now, parameters),
            Message::ModemStatus { dlci, .. } => {
                if let Some(line) = self.line_mut(dlci) {
                    line.answered = true;
                    self.modem_settled(dlci);
                }
            }
            // Older than PN: the line has what was agreed on without.
            Message::NonSupportedCommand(octet) if octet >> 2 == MessageType::PN.0 => {
                let negotiating = |line: &&super::Line| line.state == LineState::Negotiating;
                while let Some(dlci) = self.lines.iter().find(negotiating).map(|line| line.dlci) {
                    self.sabm(now, dlci, DEFAULT_FRAME_SIZE, false, 0);
                }
            }
            _ => count(&mut self.counters.unexpected),
        }
    }

    /// Modem status has gone both ways.
    fn modem_settled(&mut self, dlci: Dlci) {
        if let Some(line) = self.line_mut(dlci)
            && line.state == LineState::Open
            && line.answered
            && line.told
        {
            line.deadline = None;
        }
    }

    /// Sends PN for a line of ours.
    pub(super) fn negotiate(&mut self, now: Instant, dlci: Dlci) {
        let frame_size = self.frame_size;
        let Some(line) = self.line_mut(dlci) else { return };
        line.state = LineState::Negotiating;
        line.deadline = Some(now + T2);
        line.frame_size = frame_size;
        self.deadline = None;
        let parameters = Parameters {
            dlci,
            flow: FrameType::CREDITS_ASKED,
            priority: priority(dlci),
            frame_size,
            credits: RECEIVE_WINDOW,
        };
        self.message(Message::ParameterNegotiation(parameters), true);
    }

    /// The peer answered our PN.
    fn agreed(&mut self, now: Instant, parameters: Parameters) {
        let Parameters { dlci, flow, frame_size, credits, .. } = parameters;
        let line = self.line_mut(dlci).filter(|line| line.state == LineState::Negotiating);
        let Some(line) = line else { return count(&mut self.counters.unexpected) };
        if frame_size == 0 {
            // Nothing could ever be sent.
            return self.remove(now, dlci, Reason::Peer);
        }
        let frame_size = frame_size.min(line.frame_size);
        self.sabm(now, dlci, frame_size, flow == FrameType::CREDITS_ACCEPTED, credits);
    }

    fn sabm(&mut self, now: Instant, dlci: Dlci, frame_size: u16, counts: bool, credits: u8) {
        let Some(line) = self.line_mut(dlci) else { return };
        line.agree(frame_size, counts, credits);
        line.state = LineState::Opening;
        line.deadline = Some(now + T1_LINE);
        self.command(dlci, Kind::Sabm);
    }

    /// The peer's PN.
    fn offered(&mut self, now: Instant, parameters: Parameters) {
        let dlci = parameters.dlci;
        if dlci == Dlci::CONTROL {
            // The specification has no line there to agree on; some ask all the same.
            return self.message(Message::ParameterNegotiation(parameters), false);
        }
        let known = self.line(dlci).is_some();
        if parameters.frame_size == 0 || !known && !self.offer(now, dlci) {
            return self.respond(dlci, Kind::Dm);
        }
        let largest = self.frame_size;
        let Some(line) = self.line_mut(dlci) else { return };
        let mut credits = 0;
        if line.state == LineState::Offered {
            let counts = parameters.flow == FrameType::CREDITS_ASKED;
            line.agree(parameters.frame_size.min(largest), counts, parameters.credits);
            credits = if counts { RECEIVE_WINDOW } else { 0 };
        }
        let counts = line.counts;
        let answer = Parameters {
            flow: if counts { FrameType::CREDITS_ACCEPTED } else { FrameType::NO_CREDITS },
            frame_size: line.frame_size,
            credits,
            ..parameters
        };
        self.message(Message::ParameterNegotiation(answer), false);
    }

    /// Stops or starts a peer that counts no credits.
    pub(super) fn control_flow(&mut self, dlci: Dlci) {
        let Some(line) = self.line_mut(dlci) else { return };
        let Some(stop) = line.flow_change() else { return };
        line.stopping = stop;
        let mut signals = ModemSignals::READY;
        signals.set(ModemSignals::FLOW_STOPPED, stop);
        self.message(Message::ModemStatus { dlci, signals, break_signal: None }, true);
    }
}

/// The priority that a line has unless asked for (TS 07.10, 5.6).
const fn priority(dlci: Dlci) -> u8 {
    let highest = dlci.number() | 0x07;
    if highest > 61 { 61 } else { highest }
}
