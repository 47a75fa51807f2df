//! How a pairing goes on between the two sides, and how it ends.

use core::time::Duration;

use wire::Address;
use wire::hci::{Event, KeyType, LinkKey, PinCode, Role, Status};

use super::Controller;
use super::pairing::{Model, Pairing, Waits};
use crate::medium::{Medium, Serial, Timer};
use crate::message::{Message, PairingIo, Verdict};

/// How long controllers take for the public keys.
const KEY_EXCHANGE: Duration = Duration::from_millis(60);

impl Controller {
    pub(super) fn hear_pairing(&mut self, medium: &mut Medium, serial: Serial, message: Message) {
        let Some(link) = self.link(serial) else { return };
        let bd_addr = link.address;
        match message {
            Message::IoRequest(io) => self.io_requested(medium, serial, io),
            Message::PinRequest { pin } => self.pin_requested(medium, serial, pin),
            Message::Keypress(notification_type) => {
                self.event(medium, Event::KeypressNotification { bd_addr, notification_type });
            }
            message => {
                let Some(pairing) = &mut link.pairing else { return };
                let leads = pairing.leads;
                match message {
                    Message::IoAnswer(io) if leads && pairing.local.is_some() => {
                        pairing.remote = Some(io);
                        self.tell_io(medium, bd_addr, io);
                        medium.timer(self.id, KEY_EXCHANGE, Timer::KeysExchanged { link: serial });
                    }
                    Message::PairingRefused { reason } if leads => {
                        self.pairing_failed(medium, serial, reason);
                    }
                    Message::KeysExchanged { value } if !leads => {
                        pairing.value = value;
                        self.put_question(medium, serial);
                    }
                    Message::Verdict(verdict) if leads => {
                        pairing.theirs = Some(verdict);
                        self.conclude(medium, serial);
                    }
                    Message::Paired { key, key_type } if !leads => {
                        self.paired(medium, serial, key, key_type);
                    }
                    Message::PairingFailed { status } => {
                        self.pairing_failed(medium, serial, status);
                    }
                    Message::PinAnswer { pin } if leads => self.compare_pins(medium, serial, pin),
                    _ => {}
                }
            }
        }
    }

    fn tell_io(&mut self, medium: &Medium, bd_addr: Address, io: PairingIo) {
        self.event(
            medium,
            Event::IoCapabilityResponse {
                bd_addr,
                io_capability: io.io_capability,
                oob_data_present: io.oob_data_present,
                authentication_requirements: io.requirements,
            },
        );
    }

    /// Whether the peer may lead a pairing now. If both began, the central's goes on.
    fn gives_way(&mut self, medium: &mut Medium, serial: Serial) -> bool {
        let Some(link) = self.link(serial) else { return false };
        if !link.pairing.as_ref().is_some_and(|pairing| pairing.leads) {
            return true;
        }
        let reason = Status::LMP_ERROR_TRANSACTION_COLLISION;
        if link.role == Role::Central {
            self.say(medium, serial, Message::PairingRefused { reason });
            return false;
        }
        link.pairing = None;
        self.authenticated(medium, serial, reason);
        true
    }

    fn io_requested(&mut self, medium: &mut Medium, serial: Serial, io: PairingIo) {
        if !self.pairs_simply() {
            let reason = Status::SIMPLE_PAIRING_NOT_SUPPORTED_BY_HOST;
            return self.say(medium, serial, Message::PairingRefused { reason });
        }
        if !self.gives_way(medium, serial) {
            return;
        }
        let Some(link) = self.link(serial) else { return };
        let bd_addr = link.address;
        let mut pairing = Pairing::new(false, true);
        pairing.remote = Some(io);
        pairing.waits = Waits::Io;
        link.pairing = Some(pairing);
        link.key = None;
        self.tell_io(medium, bd_addr, io);
        self.event(medium, Event::IoCapabilityRequest { bd_addr });
    }

    pub(super) fn keys_exchanged(&mut self, medium: &mut Medium, serial: Serial) {
        let value = medium.random.below(1_000_000);
        let Some(link) = self.link(serial) else { return };
        let Some(pairing) = link.pairing.as_mut().filter(|pairing| pairing.leads) else { return };
        pairing.value = value;
        self.say(medium, serial, Message::KeysExchanged { value });
        self.put_question(medium, serial);
    }

    pub(super) fn verdict_from_host(
        &mut self,
        medium: &mut Medium,
        address: Address,
        waits: Waits,
        verdict: Verdict,
    ) -> Result<(), Status> {
        let (serial, _) = self.waiting(address, waits)?;
        self.verdict_given(medium, serial, verdict);
        Ok(())
    }

    pub(super) fn verdict_given(&mut self, medium: &mut Medium, serial: Serial, verdict: Verdict) {
        let Some(link) = self.link(serial) else { return };
        let Some(pairing) = &mut link.pairing else { return };
        pairing.ours = Some(verdict);
        if pairing.leads {
            self.conclude(medium, serial);
        } else {
            self.say(medium, serial, Message::Verdict(verdict));
        }
    }

    /// The leader decides as soon as it can.
    fn conclude(&mut self, medium: &mut Medium, serial: Serial) {
        let Some(link) = self.link(serial) else { return };
        let Some(pairing) = &link.pairing else { return };
        let agreed = match (pairing.ours, pairing.theirs) {
            (Some(Verdict::No), _) | (_, Some(Verdict::No)) => false,
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => return,
        };
        if !agreed {
            let status = Status::AUTHENTICATION_FAILURE;
            self.say(medium, serial, Message::PairingFailed { status });
            return self.pairing_failed(medium, serial, status);
        }
        let secure = [pairing.local, pairing.remote].iter().flatten().all(|io| io.secure);
        let authenticated = !matches!(pairing.model(), Some(Model::JustWorks) | None);
        let key_type = match (secure, authenticated) {
            (false, false) => KeyType::UnauthenticatedP192,
            (false, true) => KeyType::AuthenticatedP192,
            (true, false) => KeyType::UnauthenticatedP256,
            (true, true) => KeyType::AuthenticatedP256,
        };
        self.agree(medium, serial, key_type);
    }

    /// Both sides have a new key.
    fn agree(&mut self, medium: &mut Medium, serial: Serial, key_type: KeyType) {
        let key = LinkKey(medium.random.octets());
        self.say(medium, serial, Message::Paired { key, key_type });
        self.paired(medium, serial, key, key_type);
        self.authenticated(medium, serial, Status::SUCCESS);
    }

    fn paired(
        &mut self,
        medium: &mut Medium,
        serial: Serial,
        link_key: LinkKey,
        key_type: KeyType,
    ) {
        let Some(link) = self.link(serial) else { return };
        let bd_addr = link.address;
        let simple = link.pairing.take().is_some_and(|pairing| pairing.simple);
        link.key = Some(link_key);
        if simple {
            let status = Status::SUCCESS;
            self.event(medium, Event::SimplePairingComplete { status, bd_addr });
        }
        self.event(medium, Event::LinkKeyNotification { bd_addr, link_key, key_type });
    }

    pub(super) fn pairing_failed(&mut self, medium: &mut Medium, serial: Serial, status: Status) {
        let Some(link) = self.link(serial) else { return };
        let bd_addr = link.address;
        let Some(pairing) = link.pairing.take() else { return };
        if pairing.simple && status != Status::LMP_ERROR_TRANSACTION_COLLISION {
            self.event(medium, Event::SimplePairingComplete { status, bd_addr });
        }
        self.authenticated(medium, serial, status);
    }

    // Legacy pairing.

    fn pin_requested(&mut self, medium: &mut Medium, serial: Serial, pin: PinCode) {
        if !self.gives_way(medium, serial) {
            return;
        }
        let Some(link) = self.link(serial) else { return };
        let bd_addr = link.address;
        let mut pairing = Pairing::new(false, false);
        pairing.waits = Waits::Pin;
        pairing.pin = Some(pin);
        link.pairing = Some(pairing);
        link.key = None;
        self.event(medium, Event::PinCodeRequest { bd_addr });
    }

    pub(super) fn pin_from_host(
        &mut self,
        medium: &mut Medium,
        address: Address,
        pin: Option<PinCode>,
    ) -> Result<(), Status> {
        let (serial, pairing) = self.waiting(address, Waits::Pin)?;
        match (pairing.leads, pin) {
            (true, Some(pin)) => {
                pairing.pin = Some(pin);
                self.say(medium, serial, Message::PinRequest { pin });
            }
            (true, None) => self.pairing_failed(medium, serial, Status::PIN_OR_KEY_MISSING),
            (false, pin) => self.say(medium, serial, Message::PinAnswer { pin }),
        }
        Ok(())
    }

    fn compare_pins(&mut self, medium: &mut Medium, serial: Serial, theirs: Option<PinCode>) {
        let Some(link) = self.link(serial) else { return };
        let ours = link.pairing.as_ref().and_then(|pairing| pairing.pin);
        if theirs.is_some() && theirs == ours {
            return self.agree(medium, serial, KeyType::Combination);
        }
        let status = match theirs {
            None => Status::PIN_OR_KEY_MISSING,
            Some(_) => Status::AUTHENTICATION_FAILURE,
        };
        self.say(medium, serial, Message::PairingFailed { status });
        self.pairing_failed(medium, serial, status);
    }
}
