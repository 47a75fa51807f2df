//! Authentication with a link key (7.1.10–7.1.15; Vol 2, Part C, 4.2.1). The side that asks for it
//! challenges; the other proves that it has the key. Without a key at the side that asks, pairing.

use core::time::Duration;

use pool::Instant;
use wire::Address;
use wire::hci::{Command, Event, LinkKey, Status, returns};

use super::Controller;
use super::commands::{Answer, done};
use crate::medium::{Medium, Serial, Timer};
use crate::message::Message;

/// LMP response time-out.
pub(super) const RESPONSE: Duration = Duration::from_secs(30);

/// Both parts that a side can have in authentication; it can have them at once.
#[derive(Clone, Debug, Default)]
pub(super) struct Authentication {
    /// We authenticate the peer, for our host.
    ours: Option<Ours>,
    /// The peer has challenged us and our host was asked for the key.
    challenged: bool,
    /// Our host was asked for the key and has not answered.
    key_asked: bool,
    since: Option<Instant>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ours {
    /// The host is asked for the key.
    AwaitsKey,
    /// The peer is challenged to prove that it has this key.
    AwaitsResponse(LinkKey),
    /// There was no key: pairing is under way.
    Pairs,
}

impl Controller {
    pub(super) fn authentication_command(
        &mut self,
        medium: &mut Medium,
        command: &Command<'_>,
    ) -> Option<Answer> {
        Some(match *command {
            Command::AuthenticationRequested { connection_handle } => {
                let Some(link) = self.link_of(connection_handle) else {
                    return Some(Answer::Status(Status::UNKNOWN_CONNECTION_IDENTIFIER));
                };
                if link.authentication.ours.is_some() {
                    return Some(Answer::Status(Status::COMMAND_DISALLOWED));
                }
                link.authentication.ours = Some(Ours::AwaitsKey);
                let serial = link.serial;
                self.start_response_timer(medium, serial);
                self.ask_for_key(medium, serial);
                Answer::PENDING
            }
            Command::LinkKeyRequestReply { bd_addr, link_key } => {
                match self.key_from_host(medium, bd_addr, Some(link_key)) {
                    Ok(()) => done!(returns::LinkKeyRequestReply { bd_addr }),
                    Err(status) => Answer::about_peer(status, bd_addr),
                }
            }
            Command::LinkKeyRequestNegativeReply { bd_addr } => {
                match self.key_from_host(medium, bd_addr, None) {
                    Ok(()) => done!(returns::LinkKeyRequestNegativeReply { bd_addr }),
                    Err(status) => Answer::about_peer(status, bd_addr),
                }
            }
            _ => return None,
        })
    }

    pub(super) fn start_response_timer(&mut self, medium: &mut Medium, serial: Serial) {
        let since = medium.now;
        let id = self.id;
        if let Some(link) = self.link(serial) {
            link.authentication.since = Some(since);
            medium.timer(id, RESPONSE, Timer::ResponseTimeout { link: serial, since });
        }
    }

    pub(super) fn stop_response_timer(&mut self, serial: Serial) {
        if let Some(link) = self.link(serial) {
            link.authentication.since = None;
        }
    }

    /// Nobody answered: the link cannot be trusted any more and ends.
    pub(super) fn response_timeout(&mut self, medium: &mut Medium, serial: Serial, since: Instant) {
        let Some(link) = self.link(serial).filter(|link| link.authentication.since == Some(since))
        else {
            return;
        };
        let pairing = link.pairing.is_some();
        let status = Status::LMP_RESPONSE_TIMEOUT;
        if pairing {
            self.pairing_failed(medium, serial, status);
        } else {
            self.authenticated(medium, serial, status);
        }
        self.say(medium, serial, Message::Detach { reason: status });
        self.end_link(medium, serial, status);
    }

    fn ask_for_key(&mut self, medium: &Medium, serial: Serial) {
        let Some(link) = self.link(serial) else { return };
        let bd_addr = link.address;
        if !core::mem::replace(&mut link.authentication.key_asked, true) {
            self.event(medium, Event::LinkKeyRequest { bd_addr });
        }
    }

    /// The host's answer to Link Key Request serves both parts.
    fn key_from_host(
        &mut self,
        medium: &mut Medium,
        address: Address,
        key: Option<LinkKey>,
    ) -> Result<(), Status> {
        let link = self.link_to(address).ok_or(Status::UNKNOWN_CONNECTION_IDENTIFIER)?;
        if !core::mem::take(&mut link.authentication.key_asked) {
            return Err(Status::COMMAND_DISALLOWED);
        }
        let serial = link.serial;
        if core::mem::take(&mut link.authentication.challenged) {
            if key.is_some() {
                link.key = key;
            }
            let message = key.map_or(Message::NoKey, |key| Message::Response { key });
            self.say(medium, serial, message);
        }
        let Some(link) = self.link(serial) else { return Ok(()) };
        if link.authentication.ours != Some(Ours::AwaitsKey) {
            return Ok(());
        }
        match key {
            Some(key) => {
                link.authentication.ours = Some(Ours::AwaitsResponse(key));
                self.say(medium, serial, Message::Challenge);
            }
            None => {
                link.authentication.ours = Some(Ours::Pairs);
                self.start_pairing(medium, serial);
            }
        }
        Ok(())
    }

    pub(super) fn hear_authentication(
        &mut self,
        medium: &mut Medium,
        serial: Serial,
        message: Message,
    ) {
        let Some(link) = self.link(serial) else { return };
        match (message, link.authentication.ours) {
            (Message::Challenge, Some(Ours::AwaitsResponse(key))) => {
                self.say(medium, serial, Message::Response { key });
            }
            (Message::Challenge, _) => match link.key {
                Some(key) => self.say(medium, serial, Message::Response { key }),
                None => {
                    link.authentication.challenged = true;
                    self.ask_for_key(medium, serial);
                }
            },
            (Message::Response { key: theirs }, Some(Ours::AwaitsResponse(key))) => {
                let status = if theirs == key {
                    link.key = Some(key);
                    Status::SUCCESS
                } else {
                    link.key = None;
                    Status::AUTHENTICATION_FAILURE
                };
                self.authenticated(medium, serial, status);
            }
            (Message::NoKey, Some(Ours::AwaitsResponse(_))) => {
                self.authenticated(medium, serial, Status::PIN_OR_KEY_MISSING);
            }
            _ => {}
        }
    }

    /// What our host asked for is done.
    pub(super) fn authenticated(&mut self, medium: &Medium, serial: Serial, status: Status) {
        self.stop_response_timer(serial);
        let Some(link) = self.link(serial) else { return };
        let connection_handle = link.handle;
        if link.authentication.ours.take().is_some() {
            self.event(medium, Event::AuthenticationComplete { status, connection_handle });
        }
    }
}
