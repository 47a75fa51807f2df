//! Roles and power modes (7.2; Vol 2, Part C, 4.4 and 4.5.3).

use wire::Address;
use wire::hci::{Command, Event, Handle, LinkPolicy, Mode, Role, Slots, Status, returns};

use super::Controller;
use super::commands::{Answer, done};
use super::connection::{duration, opposite};
use crate::medium::{Medium, Serial, Timer};
use crate::message::Message;

impl Controller {
    pub(super) fn mode_command(
        &mut self,
        medium: &mut Medium,
        command: &Command<'_>,
    ) -> Option<Answer> {
        Some(match *command {
            Command::SwitchRole { bd_addr, role } => self.switch_role(medium, bd_addr, role),
            Command::SniffMode {
                connection_handle,
                sniff_max_interval,
                sniff_min_interval,
                sniff_attempt,
                ..
            } => {
                let legal = (2..=0xFFFE).contains(&sniff_max_interval.0)
                    && sniff_max_interval.0 % 2 == 0
                    && (2..=sniff_max_interval.0).contains(&sniff_min_interval.0)
                    && sniff_attempt > 0;
                if !legal {
                    return Some(Answer::Status(Status::INVALID_HCI_COMMAND_PARAMETERS));
                }
                self.ask_for_mode(medium, connection_handle, Some(sniff_max_interval))
            }
            Command::ExitSniffMode { connection_handle } => {
                self.ask_for_mode(medium, connection_handle, None)
            }
            Command::RoleDiscovery { connection_handle } => {
                let Some(link) = self.link_of(connection_handle) else {
                    return Some(unknown(connection_handle));
                };
                let current_role = link.role;
                done!(returns::RoleDiscovery { connection_handle, current_role })
            }
            Command::ReadLinkPolicySettings { connection_handle } => {
                let Some(link) = self.link_of(connection_handle) else {
                    return Some(unknown(connection_handle));
                };
                let link_policy_settings = link.policy;
                done!(returns::ReadLinkPolicySettings { connection_handle, link_policy_settings })
            }
            Command::WriteLinkPolicySettings { connection_handle, link_policy_settings } => {
                let Some(link) = self.link_of(connection_handle) else {
                    return Some(unknown(connection_handle));
                };
                link.policy = link_policy_settings;
                done!(returns::WriteLinkPolicySettings { connection_handle })
            }
            Command::SniffSubrating {
                connection_handle,
                max_latency,
                min_remote_timeout,
                min_local_timeout,
            } => {
                if self.link_of(connection_handle).is_none() {
                    return Some(unknown(connection_handle));
                }
                let event = Event::SniffSubrating {
                    status: Status::SUCCESS,
                    connection_handle,
                    max_tx_latency: max_latency,
                    max_rx_latency: max_latency,
                    min_remote_timeout,
                    min_local_timeout,
                };
                self.event(medium, event);
                done!(returns::SniffSubrating { connection_handle })
            }
            _ => return None,
        })
    }

    fn switch_role(&mut self, medium: &mut Medium, address: Address, role: Role) -> Answer {
        let Some(link) = self.link_to(address) else {
            return Answer::Status(Status::UNKNOWN_CONNECTION_IDENTIFIER);
        };
        if link.role_asked {
            return Answer::Status(Status::COMMAND_DISALLOWED);
        }
        if !link.policy.contains(LinkPolicy::ROLE_SWITCH) || link.sniff.is_some() {
            return Answer::Status(Status::COMMAND_DISALLOWED);
        }
        let serial = link.serial;
        if link.role == role {
            let status = Status::SUCCESS;
            self.event(medium, Event::RoleChange { status, bd_addr: address, new_role: role });
            return Answer::PENDING;
        }
        link.role_asked = true;
        self.say(medium, serial, Message::SwitchRole { to: opposite(role) });
        Answer::PENDING
    }

    /// `interval`: the sniff interval, or none for active mode.
    fn ask_for_mode(
        &mut self,
        medium: &mut Medium,
        handle: Handle,
        interval: Option<Slots>,
    ) -> Answer {
        let Some(link) = self.link_of(handle) else {
            return Answer::Status(Status::UNKNOWN_CONNECTION_IDENTIFIER);
        };
        let allowed = interval.is_none() || link.policy.contains(LinkPolicy::SNIFF);
        let redundant = interval.is_some() == link.sniff.is_some();
        if !allowed || redundant || link.mode_asked.is_some() {
            return Answer::Status(Status::COMMAND_DISALLOWED);
        }
        link.mode_asked = Some(interval);
        let serial = link.serial;
        let message = match interval {
            Some(interval) => Message::Sniff { interval },
            None => Message::Active,
        };
        self.say(medium, serial, message);
        Answer::PENDING
    }

    pub(super) fn hear_modes(&mut self, medium: &mut Medium, serial: Serial, message: Message) {
        let Some(link) = self.link(serial) else { return };
        let connection_handle = link.handle;
        match message {
            Message::SwitchRole { to } => {
                if link.role_asked && link.role == Role::Central {
                    let status = Status::LMP_ERROR_TRANSACTION_COLLISION;
                    self.say(medium, serial, Message::RoleRefused { status });
                } else if !link.policy.contains(LinkPolicy::ROLE_SWITCH) {
                    let status = Status::ROLE_CHANGE_NOT_ALLOWED;
                    self.say(medium, serial, Message::RoleRefused { status });
                } else {
                    self.say(medium, serial, Message::RoleSwitched { to: opposite(to) });
                    self.take_role(medium, serial, to);
                }
            }
            Message::RoleSwitched { to } => self.take_role(medium, serial, to),
            Message::RoleRefused { status } => {
                let (bd_addr, new_role) = (link.address, link.role);
                if core::mem::take(&mut link.role_asked) {
                    self.event(medium, Event::RoleChange { status, bd_addr, new_role });
                }
            }
            Message::Sniff { interval } => {
                let allowed = link.policy.contains(LinkPolicy::SNIFF);
                let status =
                    if allowed { Status::SUCCESS } else { Status::UNSUPPORTED_LMP_PARAMETER_VALUE };
                let interval = Some(interval);
                self.say(medium, serial, Message::ModeAnswer { status, interval });
                if allowed {
                    self.change_mode(medium, serial, interval);
                }
            }
            Message::Active => {
                let (status, interval) = (Status::SUCCESS, None);
                self.say(medium, serial, Message::ModeAnswer { status, interval });
                self.change_mode(medium, serial, None);
            }
            Message::ModeAnswer { status, interval } => {
                if link.mode_asked.take().is_none() {
                    return;
                }
                if status.is_success() {
                    self.change_mode(medium, serial, interval);
                } else {
                    self.tell_mode(medium, serial, status);
                }
            }
            Message::SupervisionTimeout(timeout) => {
                link.supervision_timeout = timeout;
                if link.silent_since.is_some() {
                    medium.timer(self.id, duration(timeout), Timer::Supervision { link: serial });
                }
                let link_supervision_timeout = timeout;
                self.event(
                    medium,
                    Event::LinkSupervisionTimeoutChanged {
                        connection_handle,
                        link_supervision_timeout,
                    },
                );
            }
            _ => {}
        }
    }

    fn take_role(&mut self, medium: &Medium, serial: Serial, new_role: Role) {
        let Some(link) = self.link(serial) else { return };
        link.role = new_role;
        link.role_asked = false;
        let (status, bd_addr) = (Status::SUCCESS, link.address);
        self.event(medium, Event::RoleChange { status, bd_addr, new_role });
        // Encryption pauses for a role switch, and resumes with a fresh key.
        self.key_refreshed(medium, serial);
    }

    fn change_mode(&mut self, medium: &mut Medium, serial: Serial, interval: Option<Slots>) {
        let Some(link) = self.link(serial) else { return };
        if link.sniff == interval {
            return;
        }
        link.sniff = interval;
        link.not_before = medium.now;
        link.mode_asked = None;
        self.tell_mode(medium, serial, Status::SUCCESS);
        self.transmit(medium);
    }

    fn tell_mode(&mut self, medium: &Medium, serial: Serial, status: Status) {
        let Some(link) = self.link(serial) else { return };
        let connection_handle = link.handle;
        let (current_mode, interval) = match link.sniff {
            Some(interval) => (Mode::Sniff, interval),
            None => (Mode::Active, Slots(0)),
        };
        self.event(medium, Event::ModeChange { status, connection_handle, current_mode, interval });
    }
}

fn unknown(handle: Handle) -> Answer {
    Answer::about_link(Status::UNKNOWN_CONNECTION_IDENTIFIER, handle)
}
