//! Events find their way (Core 5.4, Vol 4, Part E, 7.7).

use pool::Instant;
use wire::hci::{Event, Opcode, Status, returns};

use super::commands::Errand;
use super::output::{Cause, Failure, Output};
use super::timers::Timer;
use super::{COMMAND_TIMEOUT, Controller};
use crate::LinkId;

impl Controller {
    /// Takes an HCI event packet.
    pub fn event(&mut self, now: Instant, packet: &[u8]) {
        self.now = now;
        let Ok(event) = Event::parse(packet) else {
            self.counters.malformed_events += 1;
            return;
        };
        match event {
            Event::CommandComplete {
                num_hci_command_packets,
                command_opcode,
                return_parameters,
            } => {
                // Commands that return no status do not occur here.
                let answer = match return_parameters.first() {
                    Some(&status) if status != 0 => Err(Status(status)),
                    _ => Ok(return_parameters),
                };
                self.on_answer(num_hci_command_packets, command_opcode, answer, true);
            }
            Event::CommandStatus { status, num_hci_command_packets, command_opcode } => {
                let answer = status.ok().map(|()| &[][..]);
                self.on_answer(num_hci_command_packets, command_opcode, answer, false);
            }
            Event::HardwareError { hardware_code } => {
                let cause = Cause::Hardware(hardware_code);
                self.fail(Failure { step: "Hardware Error", opcode: None, cause });
            }
            _ if !self.is_up() => self.counters.stale_events += 1,
            event => self.on_event(event),
        }
    }

    fn on_answer(
        &mut self,
        credits: u8,
        opcode: Opcode,
        answer: Result<&[u8], Status>,
        complete: bool,
    ) {
        if opcode == Opcode::NONE {
            self.commands.set_credits(credits);
            self.await_credit();
            return;
        }
        let Some(errand) = self.commands.answered(opcode) else {
            self.counters.stale_events += 1;
            return;
        };
        self.commands.set_credits(credits);
        self.await_credit();
        match (errand, answer) {
            (Errand::BringUp, answer) => self.bring_up_answered(answer),
            (Errand::Scan, answer) => self.scan_answered(answer.err().unwrap_or(Status::SUCCESS)),
            (errand, Ok(octets)) if complete => self.on_returned(opcode, errand, octets),
            (_, Ok(_)) => {}
            (errand, Err(status)) => self.on_refused(opcode, errand, status),
        }
    }

    /// Watches the controller only while it owes an answer or a credit.
    fn await_credit(&mut self) {
        if self.commands.is_waiting() {
            self.timers.arm(Timer::Command, self.now + COMMAND_TIMEOUT);
        } else {
            self.timers.stop(Timer::Command);
        }
    }

    /// The link of an errand, if it is still there.
    fn link_of(&self, errand: Errand) -> Option<LinkId> {
        match errand {
            Errand::Link(id, serial) => {
                self.links.get(id).filter(|link| link.serial == serial).map(|_| id)
            }
            _ => None,
        }
    }

    /// A command is done.
    fn on_returned(&mut self, opcode: Opcode, errand: Errand, octets: &[u8]) {
        let Some(id) = self.link_of(errand) else { return };
        let handle = self.links.get(id).map(|link| link.handle);
        match opcode {
            Opcode::READ_ENCRYPTION_KEY_SIZE => {
                let size = returns::ReadEncryptionKeySize::parse(octets);
                let size = size.ok().filter(|size| Some(size.connection_handle) == handle);
                self.on_key_size(id, size.map(|size| size.key_size));
            }
            Opcode::READ_RSSI => {
                let read = returns::ReadRssi::parse(octets).ok();
                if let Some(read) = read.filter(|read| Some(read.connection_handle) == handle) {
                    self.output(Output::Rssi { link: id, rssi: read.rssi });
                }
            }
            Opcode::READ_LINK_QUALITY => {
                let read = returns::ReadLinkQuality::parse(octets).ok();
                if let Some(read) = read.filter(|read| Some(read.connection_handle) == handle) {
                    self.output(Output::LinkQuality { link: id, quality: read.link_quality });
                }
            }
            _ => {}
        }
    }

    /// A command was refused.
    fn on_refused(&mut self, opcode: Opcode, errand: Errand, status: Status) {
        self.counters.refused_commands += 1;
        if let Errand::Voice(id, serial) = errand {
            return self.on_voice_refused(opcode, id, serial, status);
        }
        if let Errand::Peer(address) = errand {
            match opcode {
                Opcode::CREATE_CONNECTION => self.page_refused(address, status),
                Opcode::CREATE_CONNECTION_CANCEL => self.cancel_refused(address, status),
                Opcode::ACCEPT_CONNECTION_REQUEST => self.accept_refused(address, status),
                Opcode::REMOTE_NAME_REQUEST => self.name_ended(address, None),
                Opcode::REJECT_SYNCHRONOUS_CONNECTION_REQUEST => self.turning_down_refused(address),
                _ => {}
            }
            return;
        }
        if opcode == Opcode::INQUIRY {
            return self.inquiry_ended(status);
        }
        let Some(id) = self.link_of(errand) else { return };
        match opcode {
            Opcode::READ_REMOTE_SUPPORTED_FEATURES | Opcode::READ_REMOTE_EXTENDED_FEATURES => {
                self.explored(id);
            }
            Opcode::AUTHENTICATION_REQUESTED => self.on_authenticated(id, status),
            Opcode::SET_CONNECTION_ENCRYPTION => self.encryption_failed(id, status),
            Opcode::READ_ENCRYPTION_KEY_SIZE => self.on_key_size(id, None),
            Opcode::SWITCH_ROLE => self.output(Output::RoleRefused { link: id, status }),
            Opcode::DISCONNECT if status == Status::UNKNOWN_CONNECTION_IDENTIFIER => {
                self.gone(id, Status::CONNECTION_TERMINATED_BY_LOCAL_HOST);
            }
            _ => {}
        }
    }

    fn on_event(&mut self, event: Event<'_>) {
        match event {
            Event::ConnectionRequest { bd_addr, class_of_device, link_type } => {
                self.on_connection_request(bd_addr, class_of_device, link_type);
            }
            Event::ConnectionComplete { status, connection_handle, bd_addr, link_type, .. } => {
                self.on_connection_complete(status, connection_handle, bd_addr, link_type);
            }
            Event::SynchronousConnectionComplete {
                status,
                connection_handle,
                bd_addr,
                link_type,
                ..
            } => {
                self.on_synchronous_connection_complete(
                    status,
                    connection_handle,
                    bd_addr,
                    link_type,
                );
            }
            Event::SynchronousConnectionChanged { connection_handle, .. } => {
                // Interval and lengths are the controllers' affair.
                let known = self.voice.by_handle(connection_handle).is_some();
                self.counters.unknown_handles += u64::from(!known);
            }
            Event::DisconnectionComplete { status, connection_handle, reason } => {
                self.on_disconnection_complete(status, connection_handle, reason);
            }
            Event::RoleChange { status, bd_addr, new_role } => {
                self.on_role_change(status, bd_addr, new_role);
            }
            Event::NumberOfCompletedPackets { completed } => {
                for completed in completed.iter() {
                    let count = completed.num_completed_packets;
                    match self.links.by_handle(completed.connection_handle) {
                        Some(id) => {
                            let excess = self.outbound.completed(id, count);
                            self.counters.excess_credits += u64::from(excess);
                        }
                        None => self.counters.unknown_handles += 1,
                    }
                }
            }
            Event::DataBufferOverflow { .. } => self.counters.overflows += 1,
            Event::RemoteNameRequestComplete { status, bd_addr, remote_name } => {
                let name = status.is_success().then(|| remote_name.as_str());
                self.name_ended(bd_addr, name);
            }
            Event::InquiryComplete { status } => self.inquiry_ended(status),
            Event::InquiryResult { .. }
            | Event::InquiryResultWithRssi { .. }
            | Event::ExtendedInquiryResult { .. } => self.on_found(event),
            event => self.on_link_event(event),
        }
    }

    /// Events that name a link by its handle.
    fn on_link_event(&mut self, event: Event<'_>) {
        let handle = match event {
            Event::AuthenticationComplete { connection_handle, .. }
            | Event::EncryptionChange { connection_handle, .. }
            | Event::EncryptionKeyRefreshComplete { connection_handle, .. }
            | Event::ReadRemoteSupportedFeaturesComplete { connection_handle, .. }
            | Event::ReadRemoteExtendedFeaturesComplete { connection_handle, .. }
            | Event::ModeChange { connection_handle, .. } => connection_handle,
            event => return self.on_pairing_event(event),
        };
        let Some(id) = self.links.by_handle(handle) else {
            self.counters.unknown_handles += 1;
            return;
        };
        if self.links.get(id).is_some_and(|link| link.is_leaving()) {
            return;
        }
        match event {
            Event::AuthenticationComplete { status, .. } => self.on_authenticated(id, status),
            Event::EncryptionChange { status, encryption_enabled, .. } => {
                self.on_encryption_change(id, status, encryption_enabled);
            }
            Event::EncryptionKeyRefreshComplete { status, .. } => {
                self.on_key_refresh(id, status);
            }
            Event::ReadRemoteSupportedFeaturesComplete { status, lmp_features, .. } => {
                self.on_features(id, status, lmp_features);
            }
            Event::ReadRemoteExtendedFeaturesComplete {
                status,
                page_number,
                extended_lmp_features,
                ..
            } => self.on_feature_page(id, status, page_number, extended_lmp_features),
            Event::ModeChange { status, current_mode, interval, .. } => {
                self.on_mode_change(id, status, current_mode, interval);
            }
            _ => {}
        }
    }
}
