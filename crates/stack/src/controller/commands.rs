//! The way of commands to the controller (Core 5.4, Vol 4, Part E, 4.4).
//!
//! One command is under way at a time, however many credits a controller offers: many dongles offer
//! more than they can take, and every command here is answered within a round trip. An answer
//! counts only if it names the command that is under way. Commands wait in a bounded queue.

use std::collections::VecDeque;

use wire::Address;
use wire::hci::{Command, Opcode};

use crate::LinkId;

/// Commands that wait at most.
pub const COMMAND_QUEUE: usize = 64;

/// For whom a command is carried out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Errand {
    /// Nobody: only its failure is counted.
    None,
    /// A step of bring-up.
    BringUp,
    /// A link, known by its number and its serial number.
    Link(LinkId, u32),
    /// A link's voice, known by the link's number and a serial number of its own.
    Voice(LinkId, u32),
    /// A device without a link yet.
    Peer(Address),
    /// The scan settings.
    Scan,
}

#[derive(Debug)]
struct Waiting {
    octets: heapless::Vec<u8, { Command::LONGEST }>,
    opcode: Opcode,
    errand: Errand,
}

/// No room for another command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct NoRoom;

/// The queue of commands and the one that is under way.
#[derive(Debug)]
pub(super) struct Commands {
    queue: VecDeque<Waiting>,
    under_way: Option<(Opcode, Errand)>,
    credits: u8,
}

impl Commands {
    pub(super) fn new() -> Self {
        Commands { queue: VecDeque::with_capacity(COMMAND_QUEUE), under_way: None, credits: 1 }
    }

    /// Forgets everything; the controller takes one command, as it does when it starts.
    pub(super) fn reset(&mut self) {
        self.queue.clear();
        self.under_way = None;
        self.credits = 1;
    }

    pub(super) fn push(&mut self, command: &Command<'_>, errand: Errand) -> Result<(), NoRoom> {
        let mut octets = [0; Command::LONGEST];
        let written = command.write(&mut octets).map_err(|_| NoRoom)?;
        self.push_octets(command.opcode(), octets.get(..written).unwrap_or_default(), errand)
    }

    /// As [`push`](Commands::push), for a command that is written already.
    pub(super) fn push_octets(
        &mut self,
        opcode: Opcode,
        octets: &[u8],
        errand: Errand,
    ) -> Result<(), NoRoom> {
        if self.queue.len() >= COMMAND_QUEUE {
            return Err(NoRoom);
        }
        let octets = heapless::Vec::from_slice(octets).map_err(|_| NoRoom)?;
        self.queue.push_back(Waiting { octets, opcode, errand });
        Ok(())
    }

    /// The octets of the command that may be sent now.
    pub(super) fn ready(&self) -> Option<&[u8]> {
        if self.under_way.is_some() || self.credits == 0 {
            return None;
        }
        self.queue.front().map(|waiting| &waiting.octets[..])
    }

    /// The command that was [`ready`](Commands::ready) is on its way.
    pub(super) fn started(&mut self) {
        if let Some(waiting) = self.queue.pop_front() {
            self.under_way = Some((waiting.opcode, waiting.errand));
            self.credits = self.credits.saturating_sub(1);
        }
    }

    /// The controller takes so many commands more.
    pub(super) fn set_credits(&mut self, credits: u8) {
        self.credits = credits;
    }

    /// The answer to `opcode` has come: whose errand it was; `None` if it is not under way.
    pub(super) fn answered(&mut self, opcode: Opcode) -> Option<Errand> {
        match self.under_way {
            Some((under_way, errand)) if under_way == opcode => {
                self.under_way = None;
                Some(errand)
            }
            _ => None,
        }
    }

    /// The command that is under way, or else the one that waits for a credit.
    pub(super) fn overdue(&self) -> Option<Opcode> {
        self.under_way.map(|(opcode, _)| opcode).or(self.queue.front().map(|w| w.opcode))
    }

    /// Whether an answer or a credit is awaited.
    pub(super) fn is_waiting(&self) -> bool {
        self.under_way.is_some() || (self.credits == 0 && !self.queue.is_empty())
    }

    /// Withdraws what waits on an errand; says whether there was any.
    pub(super) fn withdraw(&mut self, errand: Errand) -> bool {
        let before = self.queue.len();
        self.queue.retain(|waiting| waiting.errand != errand);
        self.queue.len() < before
    }

    /// Whether this command waits or is under way on an errand.
    pub(super) fn holds(&self, opcode: Opcode, errand: Errand) -> bool {
        let waiting = self.queue.iter().map(|waiting| (waiting.opcode, waiting.errand));
        waiting.chain(self.under_way).any(|command| command == (opcode, errand))
    }
}
