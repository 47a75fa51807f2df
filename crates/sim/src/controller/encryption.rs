//! Encryption of a link (7.1.16; Vol 2, Part C, 4.2.5): E0, or AES-CCM where both sides have Secure
//! Connections on. Both sides must have the same key.

use wire::hci::{Command, Encryption, Event, EventMaskPage2, Handle, Status, returns};

use super::Controller;
use super::commands::{Answer, done};
use crate::medium::{Medium, Serial};
use crate::message::Message;

impl Controller {
    pub(super) fn encryption_command(
        &mut self,
        medium: &mut Medium,
        command: &Command<'_>,
    ) -> Option<Answer> {
        Some(match *command {
            Command::SetConnectionEncryption { connection_handle, encryption_enable } => {
                self.set_encryption(medium, connection_handle, encryption_enable)
            }
            Command::RefreshEncryptionKey { connection_handle } => {
                let Some(link) = self.link_of(connection_handle) else {
                    return Some(Answer::Status(Status::UNKNOWN_CONNECTION_IDENTIFIER));
                };
                if link.encryption == Encryption::Off {
                    return Some(Answer::Status(Status::COMMAND_DISALLOWED));
                }
                let serial = link.serial;
                self.say(medium, serial, Message::Refresh);
                self.key_refreshed(medium, serial);
                Answer::PENDING
            }
            Command::ReadEncryptionKeySize { connection_handle } => {
                let Some(link) = self.link_of(connection_handle) else {
                    let status = Status::UNKNOWN_CONNECTION_IDENTIFIER;
                    return Some(Answer::about_link(status, connection_handle));
                };
                if link.encryption == Encryption::Off {
                    let status = Status::COMMAND_DISALLOWED;
                    return Some(Answer::about_link(status, connection_handle));
                }
                let key_size = link.key_size;
                done!(returns::ReadEncryptionKeySize { connection_handle, key_size })
            }
            _ => return None,
        })
    }

    fn set_encryption(&mut self, medium: &mut Medium, handle: Handle, on: bool) -> Answer {
        let secure = self.is_secure();
        let key_size = self.options.max_key_size;
        let Some(link) = self.link_of(handle) else {
            return Answer::Status(Status::UNKNOWN_CONNECTION_IDENTIFIER);
        };
        let Some(key) = link.key else {
            return Answer::Status(Status::PIN_OR_KEY_MISSING);
        };
        if link.encryption_asked.is_some() {
            return Answer::Status(Status::COMMAND_DISALLOWED);
        }
        let serial = link.serial;
        if on == (link.encryption != Encryption::Off) {
            self.tell_encryption(medium, serial, Status::SUCCESS);
            return Answer::PENDING;
        }
        link.encryption_asked = Some(on);
        self.say(medium, serial, Message::Encrypt { on, key, key_size, secure });
        Answer::PENDING
    }

    pub(super) fn hear_encryption(
        &mut self,
        medium: &mut Medium,
        serial: Serial,
        message: Message,
    ) {
        let we_are_secure = self.is_secure();
        let our_size = self.options.max_key_size;
        let Some(link) = self.link(serial) else { return };
        match message {
            Message::Encrypt { on, key, key_size, secure } => {
                let already = on == (link.encryption != Encryption::Off);
                // Asked for from both sides at once: both are answered, each host is told once.
                let asked = link.encryption_asked == Some(on);
                if link.key != Some(key) {
                    let status = Status::PIN_OR_KEY_MISSING;
                    return self.say(medium, serial, Message::EncryptionRefused { status });
                }
                let key_size = key_size.min(our_size);
                let secure = secure && we_are_secure;
                self.say(medium, serial, Message::Encrypted { on, key_size, secure });
                if !already && !asked {
                    self.switch_encryption(medium, serial, on, key_size, secure);
                }
            }
            Message::Encrypted { .. } | Message::EncryptionRefused { .. }
                if link.encryption_asked.take().is_none() => {}
            Message::Encrypted { on, key_size, secure } => {
                self.switch_encryption(medium, serial, on, key_size, secure);
            }
            Message::EncryptionRefused { status } => self.tell_encryption(medium, serial, status),
            Message::Refresh => self.key_refreshed(medium, serial),
            _ => {}
        }
    }

    fn switch_encryption(
        &mut self,
        medium: &Medium,
        serial: Serial,
        on: bool,
        key_size: u8,
        secure: bool,
    ) {
        let Some(link) = self.link(serial) else { return };
        link.key_size = if on { key_size } else { 0 };
        link.encryption = match (on, secure) {
            (false, _) => Encryption::Off,
            (true, false) => Encryption::E0,
            (true, true) => Encryption::AesCcm,
        };
        self.tell_encryption(medium, serial, Status::SUCCESS);
    }

    /// Tells the host how things stand, in the form that it has asked for.
    fn tell_encryption(&mut self, medium: &Medium, serial: Serial, status: Status) {
        let v2 = self.settings.event_mask_page_2.contains(EventMaskPage2::ENCRYPTION_CHANGE_V2);
        let Some(link) = self.link(serial) else { return };
        let connection_handle = link.handle;
        let (encryption_enabled, encryption_key_size) = (link.encryption, link.key_size);
        self.event(
            medium,
            if v2 {
                Event::EncryptionChangeV2 {
                    status,
                    connection_handle,
                    encryption_enabled,
                    encryption_key_size,
                }
            } else {
                Event::EncryptionChange { status, connection_handle, encryption_enabled }
            },
        );
    }

    pub(super) fn key_refreshed(&mut self, medium: &Medium, serial: Serial) {
        let Some(link) = self.link(serial) else { return };
        if link.encryption != Encryption::Off {
            let (status, connection_handle) = (Status::SUCCESS, link.handle);
            self.event(medium, Event::EncryptionKeyRefreshComplete { status, connection_handle });
        }
    }
}
