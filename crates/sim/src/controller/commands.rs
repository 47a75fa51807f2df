//! Commands from the host, and how each is answered (4.4 and 4.5: flow control and completion).

use wire::Address;
use wire::hci::{Command, Completed, Event, Handle, HostFlowControl, List, Opcode, Status};

use super::Controller;
use crate::medium::Medium;
use crate::options::Complaint;

/// How a command is answered.
#[derive(Debug)]
pub(super) enum Answer {
    /// By Command Complete with these return parameters.
    Complete(Vec<u8>),
    /// By Command Status; what comes of it is told by another event.
    Status(Status),
    /// Not at all.
    Nothing,
}

impl Answer {
    /// Command Complete with nothing but success.
    pub(super) const OK: Answer = Answer::Complete(Vec::new());
    /// The command is taken on.
    pub(super) const PENDING: Answer = Answer::Status(Status::SUCCESS);

    /// Command Complete with an error.
    pub(super) fn failed(status: Status) -> Answer {
        Answer::Complete(vec![status.0])
    }

    /// Command Complete with a status and the handle that it is about.
    pub(super) fn about_link(status: Status, handle: Handle) -> Answer {
        Answer::Complete([&[status.0][..], &handle.raw().to_le_bytes()].concat())
    }

    /// Command Complete with a status and the address that it is about.
    pub(super) fn about_peer(status: Status, address: Address) -> Answer {
        Answer::Complete([&[status.0][..], &address.0].concat())
    }
}

/// Command Complete with these return parameters.
macro_rules! done {
    ($returns:expr) => {{
        let mut out = [0; 255];
        match $returns.write(&mut out) {
            Ok(length) => $crate::controller::commands::Answer::Complete(out[..length].to_vec()),
            Err(wire::NoRoom) => {
                $crate::controller::commands::Answer::failed(wire::hci::Status::HARDWARE_FAILURE)
            }
        }
    }};
}
pub(super) use done;

/// Whether a command is answered by Command Status when all is well.
fn by_status(opcode: Opcode) -> bool {
    const SYNCHRONOUS: [Opcode; 5] = [
        Opcode::SETUP_SYNCHRONOUS_CONNECTION,
        Opcode::ACCEPT_SYNCHRONOUS_CONNECTION_REQUEST,
        Opcode::REJECT_SYNCHRONOUS_CONNECTION_REQUEST,
        Opcode::ENHANCED_SETUP_SYNCHRONOUS_CONNECTION,
        Opcode::ENHANCED_ACCEPT_SYNCHRONOUS_CONNECTION_REQUEST,
    ];
    const OTHERS: [Opcode; 17] = [
        Opcode::INQUIRY,
        Opcode::CREATE_CONNECTION,
        Opcode::DISCONNECT,
        Opcode::ACCEPT_CONNECTION_REQUEST,
        Opcode::REJECT_CONNECTION_REQUEST,
        Opcode::CHANGE_CONNECTION_PACKET_TYPE,
        Opcode::AUTHENTICATION_REQUESTED,
        Opcode::SET_CONNECTION_ENCRYPTION,
        Opcode::REMOTE_NAME_REQUEST,
        Opcode::READ_REMOTE_SUPPORTED_FEATURES,
        Opcode::READ_REMOTE_EXTENDED_FEATURES,
        Opcode::READ_REMOTE_VERSION_INFORMATION,
        Opcode::READ_CLOCK_OFFSET,
        Opcode::SNIFF_MODE,
        Opcode::EXIT_SNIFF_MODE,
        Opcode::SWITCH_ROLE,
        Opcode::ENHANCED_FLUSH,
    ];
    SYNCHRONOUS.contains(&opcode)
        || OTHERS.contains(&opcode)
        || opcode == Opcode::REFRESH_ENCRYPTION_KEY
}

impl Controller {
    pub(super) fn receive_command(&mut self, medium: &mut Medium, packet: &[u8]) {
        let Some((&[low, high], _)) = packet.split_first_chunk() else {
            return self.complain(Complaint::MalformedCommand);
        };
        let opcode = Opcode(u16::from_le_bytes([low, high]));
        self.before_command = self.to_host.len();
        // Credits handed back need none, and a reset is the way out when none come any more.
        let free = [Opcode::HOST_NUMBER_OF_COMPLETED_PACKETS, Opcode::RESET].contains(&opcode);
        if !free {
            while self.outstanding.front().is_some_and(|answered| *answered <= medium.now) {
                self.outstanding.pop_front();
            }
            if self.outstanding.len() >= usize::from(self.options.command_credits) {
                self.complain(Complaint::NoCommandCredit(opcode));
            }
            let ignored = self.fault_of(opcode) == Some(None);
            let answered = medium.now + self.options.command_latency;
            let never = pool::Instant::from_nanos(u64::MAX);
            self.outstanding.push_back(if ignored { never } else { answered });
        }
        let answer = match Command::parse(packet) {
            Err(_) => {
                self.complain(Complaint::MalformedCommand);
                refusal(opcode, Status::INVALID_HCI_COMMAND_PARAMETERS)
            }
            Ok(command) => self.answer(medium, opcode, &command),
        };
        self.reply(medium, opcode, answer);
    }

    fn reply(&mut self, medium: &Medium, opcode: Opcode, answer: Answer) {
        let num_hci_command_packets = self.options.command_credits;
        match answer {
            Answer::Complete(parameters) => {
                let return_parameters = if parameters.is_empty() { &[0][..] } else { &parameters };
                self.event_first(
                    medium,
                    Event::CommandComplete {
                        num_hci_command_packets,
                        command_opcode: opcode,
                        return_parameters,
                    },
                );
            }
            Answer::Status(status) => self.event_first(
                medium,
                Event::CommandStatus { status, num_hci_command_packets, command_opcode: opcode },
            ),
            Answer::Nothing => {}
        }
    }

    /// The answer to a command goes before the events that the command caused, which are the last
    /// in the queue.
    fn event_first(&mut self, medium: &Medium, event: Event<'_>) {
        let caused = self.to_host.split_off(self.before_command);
        self.event(medium, event);
        self.to_host.extend(caused);
    }

    fn answer(&mut self, medium: &mut Medium, opcode: Opcode, command: &Command<'_>) -> Answer {
        match self.fault_of(opcode) {
            Some(Some(status)) => return refusal(opcode, status),
            Some(None) => return Answer::Nothing,
            None => {}
        }
        if self.options.missing.contains(&opcode) {
            return refusal(opcode, Status::UNKNOWN_HCI_COMMAND);
        }
        if let Some(answer) = self.write_setting(command).or_else(|| self.read_setting(command)) {
            return answer;
        }
        let group = opcode.group();
        match (group, command) {
            (_, Command::Reset {}) => {
                self.reset(medium);
                Answer::OK
            }
            (_, Command::SetControllerToHostFlowControl { flow_control_enable }) => {
                self.set_host_flow_control(*flow_control_enable)
            }
            (_, Command::HostNumberOfCompletedPackets { completed }) => {
                self.host_completed(medium, *completed)
            }
            (1, _) => self
                .discovery_command(medium, command)
                .or_else(|| self.connection_command(medium, command))
                .or_else(|| self.question_command(medium, command))
                .or_else(|| self.authentication_command(medium, command))
                .or_else(|| self.pairing_command(medium, command))
                .or_else(|| self.encryption_command(medium, command))
                .or_else(|| self.voice_command(medium, command))
                .unwrap_or(refusal(opcode, Status::UNKNOWN_HCI_COMMAND)),
            _ => self
                .mode_command(medium, command)
                .or_else(|| self.link_command(medium, command))
                .or_else(|| self.pairing_command(medium, command))
                .or_else(|| self.encryption_command(medium, command))
                .unwrap_or(refusal(opcode, Status::UNKNOWN_HCI_COMMAND)),
        }
    }

    fn set_host_flow_control(&mut self, enable: HostFlowControl) -> Answer {
        if !self.links.is_empty() {
            return Answer::failed(Status::COMMAND_DISALLOWED);
        }
        let acl = matches!(enable, HostFlowControl::Acl | HostFlowControl::AclAndSynchronous);
        self.host_credits = acl.then_some(self.settings.host_acl_packets);
        Answer::OK
    }

    fn host_completed(&mut self, medium: &Medium, completed: List<'_, Completed>) -> Answer {
        let counts = completed.iter().map(|link| link.num_completed_packets);
        let count = counts.fold(0, u16::saturating_add);
        if let Some(credits) = &mut self.host_credits {
            *credits = credits.saturating_add(count).min(self.settings.host_acl_packets);
        }
        self.release_to_host(medium);
        Answer::Nothing
    }
}

fn refusal(opcode: Opcode, status: Status) -> Answer {
    if by_status(opcode) { Answer::Status(status) } else { Answer::failed(status) }
}
