//! An ACL link as one controller knows it: its end, its supervision, what can be read of it.

use std::collections::VecDeque;

use pool::Instant;
use wire::Address;
use wire::hci::{
    Boundary, Command, Encryption, Event, Handle, LinkKey, LinkPolicy, Role, Slots, Status, returns,
};

use super::Controller;
use super::authentication::Authentication;
use super::commands::{Answer, done};
use super::connection::duration;
use super::pairing::Pairing;
use crate::ControllerId;
use crate::medium::{Medium, Serial, Timer};
use crate::message::Message;

/// The supervision timeout of a new link: 20 s.
const SUPERVISION_TIMEOUT: Slots = Slots(0x7D00);

/// How long the end of a link waits for the peer's confirmation.
const DETACH: core::time::Duration = core::time::Duration::from_millis(500);

#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) serial: Serial,
    pub(crate) peer: ControllerId,
    pub(super) handle: Handle,
    pub(super) address: Address,
    pub(super) peer_pairs_simply: bool,
    pub(super) role: Role,
    pub(super) policy: LinkPolicy,
    pub(super) supervision_timeout: Slots,
    pub(super) flush_timeout: Slots,
    /// The interval, while in sniff mode.
    pub(super) sniff: Option<Slots>,
    /// The mode that our host has asked for and the peer has not answered: `Some(None)` is active.
    pub(super) mode_asked: Option<Option<Slots>>,
    /// Since when the peer is not heard.
    pub(super) silent_since: Option<Instant>,
    pub(super) closing: bool,
    pub(super) key: Option<LinkKey>,
    pub(super) authentication: Authentication,
    pub(super) pairing: Option<Pairing>,
    pub(super) encryption: Encryption,
    pub(super) key_size: u8,
    /// What our host has asked for and the peer has not answered.
    pub(super) encryption_asked: Option<bool>,
    pub(super) role_asked: bool,
    /// Data from the host that is not out yet.
    pub(super) queue: VecDeque<(Boundary, Vec<u8>)>,
    /// Data packets that are out and that the host has not been told of.
    pub(super) completed: u16,
    /// Whether the host has begun an L2CAP packet on this link.
    pub(super) begun: bool,
    /// When a sleeping link listens next.
    pub(super) not_before: Instant,
}

impl Link {
    /// A link that has no handle, role and policy yet.
    pub(super) fn new(serial: Serial, peer: ControllerId, address: Address, simple: bool) -> Link {
        Link {
            serial,
            peer,
            handle: Handle::new(0),
            address,
            peer_pairs_simply: simple,
            role: Role::Central,
            policy: LinkPolicy::empty(),
            supervision_timeout: SUPERVISION_TIMEOUT,
            flush_timeout: Slots(0),
            sniff: None,
            mode_asked: None,
            silent_since: None,
            closing: false,
            key: None,
            authentication: Authentication::default(),
            pairing: None,
            encryption: Encryption::Off,
            key_size: 0,
            encryption_asked: None,
            role_asked: false,
            queue: VecDeque::new(),
            completed: 0,
            begun: false,
            not_before: Instant::ZERO,
        }
    }
}

impl Controller {
    /// Says something to the peer of a link.
    pub(super) fn say(&mut self, medium: &mut Medium, link: Serial, message: Message) {
        if let Some(link) = self.links.iter().find(|other| other.serial == link) {
            medium.send(self.id, link.peer, link.serial, message);
        }
    }

    pub(super) fn disconnect(
        &mut self,
        medium: &mut Medium,
        handle: Handle,
        reason: Status,
    ) -> Answer {
        const REASONS: [u8; 7] = [0x05, 0x13, 0x14, 0x15, 0x1A, 0x29, 0x3B];
        if self.voice.iter().any(|voice| voice.handle == Some(handle)) {
            return self.disconnect_voice(medium, handle, reason);
        }
        let Some(link) = self.link_of(handle) else {
            return Answer::Status(Status::UNKNOWN_CONNECTION_IDENTIFIER);
        };
        if !REASONS.contains(&reason.0) {
            return Answer::Status(Status::INVALID_HCI_COMMAND_PARAMETERS);
        }
        if link.closing {
            return Answer::Status(Status::COMMAND_DISALLOWED);
        }
        link.closing = true;
        link.queue.clear();
        let serial = link.serial;
        self.say(medium, serial, Message::Detach { reason });
        medium.timer(self.id, DETACH, Timer::DetachDone { link: serial });
        Answer::PENDING
    }

    /// The peer has confirmed the end of a link, or has had the time to.
    pub(super) fn detached(&mut self, medium: &mut Medium, serial: Serial) {
        if self.link(serial).is_some_and(|link| link.closing) {
            self.end_link(medium, serial, Status::CONNECTION_TERMINATED_BY_LOCAL_HOST);
        }
    }

    /// A link is gone, and what was carried on it.
    pub(super) fn end_link(&mut self, medium: &mut Medium, serial: Serial, reason: Status) {
        let Some(index) = self.link_index(serial) else { return };
        self.end_voice_of(medium, serial, reason);
        let link = self.links.remove(index);
        medium.links_changed = true;
        let status = Status::SUCCESS;
        let connection_handle = link.handle;
        self.event(medium, Event::DisconnectionComplete { status, connection_handle, reason });
    }

    /// Whether the peer of a link is heard. If not, the link lives until the supervision timeout.
    pub(crate) fn set_heard(&mut self, medium: &mut Medium, serial: Serial, heard: bool) {
        let (id, now) = (self.id, medium.now);
        let Some(link) = self.link(serial) else { return };
        match (heard, link.silent_since) {
            (true, Some(_)) => {
                link.silent_since = None;
                self.transmit(medium);
            }
            (false, None) => {
                link.silent_since = Some(now);
                let timeout = duration(link.supervision_timeout);
                if !timeout.is_zero() {
                    medium.timer(id, timeout, Timer::Supervision { link: serial });
                }
            }
            _ => {}
        }
    }

    pub(super) fn supervise(&mut self, medium: &mut Medium, serial: Serial) {
        let (id, now) = (self.id, medium.now);
        let Some(link) = self.link(serial) else { return };
        let Some(since) = link.silent_since else { return };
        let end = since + duration(link.supervision_timeout);
        if end <= now {
            self.end_link(medium, serial, Status::CONNECTION_TIMEOUT);
        } else {
            medium.timer(id, end.since(now), Timer::Supervision { link: serial });
        }
    }

    /// Commands that read or write something of one link.
    pub(super) fn link_command(
        &mut self,
        medium: &mut Medium,
        command: &Command<'_>,
    ) -> Option<Answer> {
        let handle = match *command {
            Command::Flush { connection_handle }
            | Command::EnhancedFlush { connection_handle, .. }
            | Command::ReadAutomaticFlushTimeout { connection_handle }
            | Command::WriteAutomaticFlushTimeout { connection_handle, .. }
            | Command::ReadTransmitPowerLevel { connection_handle, .. }
            | Command::ReadLinkSupervisionTimeout { connection_handle }
            | Command::WriteLinkSupervisionTimeout { connection_handle, .. }
            | Command::WriteAuthenticatedPayloadTimeout { connection_handle, .. }
            | Command::ReadLinkQuality { connection_handle }
            | Command::ReadRssi { connection_handle } => connection_handle,
            _ => return None,
        };
        let rssi = self.options.rssi;
        let connection_handle = handle;
        let Some(link) = self.link_of(handle) else {
            let status = Status::UNKNOWN_CONNECTION_IDENTIFIER;
            return Some(match command {
                Command::EnhancedFlush { .. } => Answer::Status(status),
                _ => Answer::about_link(status, handle),
            });
        };
        Some(match *command {
            Command::Flush { .. } => self.flush(medium, handle, false),
            Command::EnhancedFlush { .. } => self.flush(medium, handle, true),
            Command::ReadAutomaticFlushTimeout { .. } => {
                let flush_timeout = link.flush_timeout;
                done!(returns::ReadAutomaticFlushTimeout { connection_handle, flush_timeout })
            }
            Command::WriteAutomaticFlushTimeout { flush_timeout, .. } => {
                link.flush_timeout = flush_timeout;
                done!(returns::WriteAutomaticFlushTimeout { connection_handle })
            }
            Command::ReadTransmitPowerLevel { .. } => {
                done!(returns::ReadTransmitPowerLevel {
                    connection_handle,
                    transmit_power_level: 4
                })
            }
            Command::ReadLinkSupervisionTimeout { .. } => {
                done!(returns::ReadLinkSupervisionTimeout {
                    connection_handle,
                    link_supervision_timeout: link.supervision_timeout,
                })
            }
            Command::WriteLinkSupervisionTimeout { link_supervision_timeout, .. } => {
                if link.role == Role::Peripheral {
                    return Some(Answer::about_link(Status::COMMAND_DISALLOWED, handle));
                }
                link.supervision_timeout = link_supervision_timeout;
                let serial = link.serial;
                let message = Message::SupervisionTimeout(link_supervision_timeout);
                self.say(medium, serial, message);
                done!(returns::WriteLinkSupervisionTimeout { connection_handle })
            }
            Command::WriteAuthenticatedPayloadTimeout { .. } => {
                done!(returns::WriteAuthenticatedPayloadTimeout { connection_handle })
            }
            Command::ReadLinkQuality { .. } => {
                let link_quality = if link.silent_since.is_some() { 0 } else { 0xFF };
                done!(returns::ReadLinkQuality { connection_handle, link_quality })
            }
            _ => done!(returns::ReadRssi { connection_handle, rssi }),
        })
    }
}
