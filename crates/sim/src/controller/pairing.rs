//! Pairing: Secure Simple Pairing with just works, numeric comparison and passkey entry (Vol 2,
//! Part C, 4.2.7; which of them: Vol 3, Part C, 5.2.2.6), and legacy pairing with a PIN (4.2.2).
//!
//! The side whose host asked for authentication leads. Pairing from both sides at once: the central's
//! goes on, the peripheral's fails with LMP Error Transaction Collision. No out-of-band data.

use wire::Address;
use wire::hci::{
    AuthenticationRequirements, Command, Event, HostFeatures, IoCapability,
    KeypressNotificationType, LmpFeatures, LmpFeaturesPage2, PinCode, Status, returns,
};

use super::Controller;
use super::commands::{Answer, done};
use crate::medium::{Medium, Serial};
use crate::message::{Message, PairingIo, Verdict};

/// A pairing under way, on one side.
#[derive(Debug)]
pub(super) struct Pairing {
    pub(super) leads: bool,
    pub(super) simple: bool,
    pub(super) waits: Waits,
    pub(super) local: Option<PairingIo>,
    pub(super) remote: Option<PairingIo>,
    /// The number that both sides show.
    pub(super) value: u32,
    pub(super) ours: Option<Verdict>,
    pub(super) theirs: Option<Verdict>,
    pub(super) pin: Option<PinCode>,
}

/// What the host was asked and has not answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Waits {
    No,
    Io,
    Confirmation,
    Passkey,
    Pin,
}

/// How a pairing keeps others out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Model {
    /// Nobody compares: yes is assumed or asked for as consent.
    JustWorks,
    Compare,
    /// This side shows the passkey, the other types it.
    Show,
    Type,
}

impl Pairing {
    pub(super) fn new(leads: bool, simple: bool) -> Pairing {
        Pairing {
            leads,
            simple,
            waits: Waits::No,
            local: None,
            remote: None,
            value: 0,
            ours: None,
            theirs: None,
            pin: None,
        }
    }

    pub(super) fn model(&self) -> Option<Model> {
        Some(model(self.local?, self.remote?))
    }
}

fn wants_protection(requirements: AuthenticationRequirements) -> bool {
    u8::from(requirements) & 1 == 1
}

/// What this side does, given what both can do.
fn model(local: PairingIo, remote: PairingIo) -> Model {
    use IoCapability::{DisplayYesNo, KeyboardOnly, NoInputNoOutput};
    let protect = wants_protection(local.requirements) || wants_protection(remote.requirements);
    match (local.io_capability, remote.io_capability) {
        _ if !protect => Model::JustWorks,
        (NoInputNoOutput, _) | (_, NoInputNoOutput) => Model::JustWorks,
        (KeyboardOnly, _) => Model::Type,
        (_, KeyboardOnly) => Model::Show,
        (DisplayYesNo, DisplayYesNo) => Model::Compare,
        _ => Model::JustWorks,
    }
}

impl Controller {
    pub(super) fn pairing_command(
        &mut self,
        medium: &mut Medium,
        command: &Command<'_>,
    ) -> Option<Answer> {
        macro_rules! reply {
            ($Returns:ident, $bd_addr:ident, $result:expr) => {
                match $result {
                    Ok(()) => done!(returns::$Returns { bd_addr: $bd_addr }),
                    Err(status) => Answer::about_peer(status, $bd_addr),
                }
            };
        }
        Some(match *command {
            Command::IoCapabilityRequestReply {
                bd_addr,
                io_capability,
                oob_data_present,
                authentication_requirements: requirements,
            } => {
                let secure = self.is_secure();
                let io = PairingIo { io_capability, oob_data_present, requirements, secure };
                reply!(IoCapabilityRequestReply, bd_addr, self.io_from_host(medium, bd_addr, io))
            }
            Command::IoCapabilityRequestNegativeReply { bd_addr, reason } => {
                let result = self.io_refused_by_host(medium, bd_addr, reason);
                reply!(IoCapabilityRequestNegativeReply, bd_addr, result)
            }
            Command::UserConfirmationRequestReply { bd_addr } => {
                let result =
                    self.verdict_from_host(medium, bd_addr, Waits::Confirmation, Verdict::Yes);
                reply!(UserConfirmationRequestReply, bd_addr, result)
            }
            Command::UserConfirmationRequestNegativeReply { bd_addr } => {
                let result =
                    self.verdict_from_host(medium, bd_addr, Waits::Confirmation, Verdict::No);
                reply!(UserConfirmationRequestNegativeReply, bd_addr, result)
            }
            Command::UserPasskeyRequestReply { bd_addr, numeric_value } => {
                let verdict = Verdict::Passkey(numeric_value);
                let result = if numeric_value > 999_999 {
                    Err(Status::INVALID_HCI_COMMAND_PARAMETERS)
                } else {
                    self.verdict_from_host(medium, bd_addr, Waits::Passkey, verdict)
                };
                reply!(UserPasskeyRequestReply, bd_addr, result)
            }
            Command::UserPasskeyRequestNegativeReply { bd_addr } => {
                let result = self.verdict_from_host(medium, bd_addr, Waits::Passkey, Verdict::No);
                reply!(UserPasskeyRequestNegativeReply, bd_addr, result)
            }
            Command::RemoteOobDataRequestNegativeReply { bd_addr } => {
                Answer::about_peer(Status::COMMAND_DISALLOWED, bd_addr)
            }
            Command::SendKeypressNotification { bd_addr, notification_type } => {
                let result = self.keypress_from_host(medium, bd_addr, notification_type);
                reply!(SendKeypressNotification, bd_addr, result)
            }
            Command::PinCodeRequestReply { bd_addr, pin_code } => {
                let result = self.pin_from_host(medium, bd_addr, Some(pin_code));
                reply!(PinCodeRequestReply, bd_addr, result)
            }
            Command::PinCodeRequestNegativeReply { bd_addr } => {
                let result = self.pin_from_host(medium, bd_addr, None);
                reply!(PinCodeRequestNegativeReply, bd_addr, result)
            }
            _ => return None,
        })
    }

    /// Whether this side can do Secure Simple Pairing.
    pub(crate) fn pairs_simply(&self) -> bool {
        self.options.features.contains(LmpFeatures::SECURE_SIMPLE_PAIRING)
            && self.host_features().contains(HostFeatures::SECURE_SIMPLE_PAIRING)
    }

    /// Whether this side can do Secure Connections.
    pub(super) fn is_secure(&self) -> bool {
        self.options.features_page_2.contains(LmpFeaturesPage2::SECURE_CONNECTIONS)
            && self.host_features().contains(HostFeatures::SECURE_CONNECTIONS)
            && self.pairs_simply()
    }

    /// Our host has no key.
    pub(super) fn start_pairing(&mut self, medium: &mut Medium, serial: Serial) {
        let simply = self.pairs_simply();
        let Some(link) = self.link(serial) else { return };
        if link.pairing.is_some() {
            // The peer began: ours gives way.
            let status = Status::LMP_ERROR_TRANSACTION_COLLISION;
            return self.authenticated(medium, serial, status);
        }
        let bd_addr = link.address;
        let mut pairing = Pairing::new(true, simply && link.peer_pairs_simply);
        pairing.waits = if pairing.simple { Waits::Io } else { Waits::Pin };
        let event = match pairing.waits {
            Waits::Io => Event::IoCapabilityRequest { bd_addr },
            _ => Event::PinCodeRequest { bd_addr },
        };
        link.pairing = Some(pairing);
        link.key = None;
        self.event(medium, event);
    }

    /// The pairing with a peer about which the host was asked just that.
    pub(super) fn waiting(
        &mut self,
        address: Address,
        waits: Waits,
    ) -> Result<(Serial, &mut Pairing), Status> {
        let link = self.link_to(address).ok_or(Status::UNKNOWN_CONNECTION_IDENTIFIER)?;
        let pairing = link.pairing.as_mut().filter(|pairing| pairing.waits == waits);
        let pairing = pairing.ok_or(Status::COMMAND_DISALLOWED)?;
        pairing.waits = Waits::No;
        Ok((link.serial, pairing))
    }

    fn io_from_host(
        &mut self,
        medium: &mut Medium,
        address: Address,
        io: PairingIo,
    ) -> Result<(), Status> {
        let (serial, pairing) = self.waiting(address, Waits::Io)?;
        pairing.local = Some(io);
        let message = if pairing.leads { Message::IoRequest(io) } else { Message::IoAnswer(io) };
        self.say(medium, serial, message);
        Ok(())
    }

    fn io_refused_by_host(
        &mut self,
        medium: &mut Medium,
        address: Address,
        reason: Status,
    ) -> Result<(), Status> {
        let (serial, pairing) = self.waiting(address, Waits::Io)?;
        if !pairing.leads {
            self.say(medium, serial, Message::PairingRefused { reason });
        }
        self.pairing_failed(medium, serial, reason);
        Ok(())
    }

    fn keypress_from_host(
        &mut self,
        medium: &mut Medium,
        address: Address,
        kind: KeypressNotificationType,
    ) -> Result<(), Status> {
        let link = self.link_to(address).ok_or(Status::UNKNOWN_CONNECTION_IDENTIFIER)?;
        let typing = link.pairing.as_ref().is_some_and(|pairing| pairing.waits == Waits::Passkey);
        let serial = link.serial;
        if !typing {
            return Err(Status::COMMAND_DISALLOWED);
        }
        self.say(medium, serial, Message::Keypress(kind));
        Ok(())
    }

    /// Puts the question of the model to the host.
    pub(super) fn put_question(&mut self, medium: &mut Medium, serial: Serial) {
        let Some(link) = self.link(serial) else { return };
        let bd_addr = link.address;
        let Some(pairing) = &mut link.pairing else { return };
        let value = pairing.value;
        let (waits, event) = match pairing.model() {
            Some(Model::JustWorks | Model::Compare) => (
                Waits::Confirmation,
                Event::UserConfirmationRequest { bd_addr, numeric_value: value },
            ),
            Some(Model::Type) => (Waits::Passkey, Event::UserPasskeyRequest { bd_addr }),
            Some(Model::Show) => {
                (Waits::No, Event::UserPasskeyNotification { bd_addr, passkey: value })
            }
            None => return,
        };
        pairing.waits = waits;
        if waits == Waits::No {
            pairing.ours = Some(Verdict::Passkey(value));
        }
        self.event(medium, event);
        if waits == Waits::No {
            self.verdict_given(medium, serial, Verdict::Passkey(value));
        }
    }
}
