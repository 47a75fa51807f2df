//! Keys and how they are made: link keys, Secure Simple Pairing, PINs (Core 5.4, Vol 4, Part E, 7.7.22
//! to 7.7.24 and 7.7.40 to 7.7.48; Vol 3, Part C, 5.2.2.6).
//!
//! A pairing begins in pairing mode only, whoever begins it, and then goes on to its end. Its key is
//! kept beside the bond until the link is secured with it. OOB data is never offered.

use pool::Instant;
use wire::Address;
use wire::hci::{
    AuthenticationRequirements, Command, Event, IoCapability, KeyType as WireKeyType,
    LinkKey as WireLinkKey, OobDataPresent, PinCode, Status,
};

use super::bonds::{is_p256, is_weaker, key_type};
use super::commands::Errand;
use super::config::{CONFIRM_TIMEOUT, PAIRING_TIMEOUT};
use super::link::{Pairing, Stage};
use super::output::{ConfirmKind, Output};
use super::timers::Timer;
use super::{Controller, OrderError};
use crate::{Confirmation, KeyType, LinkId, LinkKey, SecureConnections};

/// The largest passkey.
const MAX_PASSKEY: u32 = 999_999;

impl Controller {
    /// Events that name a peer by its address.
    pub(super) fn on_pairing_event(&mut self, event: Event<'_>) {
        match event {
            Event::LinkKeyRequest { bd_addr } => self.on_link_key_request(bd_addr),
            Event::LinkKeyNotification { bd_addr, link_key, key_type } => {
                self.on_link_key(bd_addr, link_key, key_type);
            }
            Event::PinCodeRequest { bd_addr } => self.on_pin_request(bd_addr),
            Event::IoCapabilityRequest { bd_addr } => self.on_io_capability_request(bd_addr),
            Event::IoCapabilityResponse { bd_addr, io_capability, .. } => {
                let id = self.links.by_address(bd_addr);
                if let Some(link) = id.and_then(|id| self.links.get_mut(id)) {
                    link.remote_io = Some(io_capability);
                }
            }
            Event::UserConfirmationRequest { bd_addr, numeric_value } => {
                self.on_confirmation_request(bd_addr, numeric_value);
            }
            Event::UserPasskeyRequest { bd_addr } => {
                let asked = self.question(bd_addr, ConfirmKind::Enter, None);
                if !asked {
                    self.reply(&Command::UserPasskeyRequestNegativeReply { bd_addr });
                }
            }
            Event::UserPasskeyNotification { bd_addr, passkey } => {
                self.question(bd_addr, ConfirmKind::Display, Some(passkey));
            }
            Event::RemoteOobDataRequest { bd_addr } => {
                self.reply(&Command::RemoteOobDataRequestNegativeReply { bd_addr });
            }
            Event::SimplePairingComplete { status, bd_addr } => {
                self.on_pairing_complete(status, bd_addr);
            }
            // Whatever else a controller tells is of no consequence here.
            _ => {}
        }
    }

    fn reply(&mut self, command: &Command<'_>) {
        // Without room the peer waits in vain, and the link's timer ends it.
        self.command(command, Errand::None);
    }

    /// The link to a peer that is being secured.
    fn living(&self, address: Address) -> Option<LinkId> {
        self.links.ids().find(|&id| {
            self.links.get(id).is_some_and(|link| link.address == address && !link.is_leaving())
        })
    }

    fn on_link_key_request(&mut self, bd_addr: Address) {
        let bond = self.bond(bd_addr).map(|bond| (bond.key.0, bond.key_type));
        let mut given = bond;
        if let Some(link) = self.living(bd_addr).and_then(|id| self.links.get_mut(id)) {
            let bond = bond.filter(|_| !link.set_aside);
            given = link.fresh.as_ref().map(|(key, key_type)| (key.0, *key_type)).or(bond);
            link.offered = given.map(|(_, key_type)| key_type);
        }
        match given {
            Some((key, _)) => {
                let link_key = WireLinkKey(key);
                self.reply(&Command::LinkKeyRequestReply { bd_addr, link_key });
            }
            None => self.reply(&Command::LinkKeyRequestNegativeReply { bd_addr }),
        }
    }

    /// Notes that a peer pairs on this link; a person may be slow, so the link gets more time, once.
    fn admit(&mut self, id: LinkId) {
        let Some(link) = self.links.get_mut(id) else { return };
        link.pairing.get_or_insert(Pairing::default());
        let first = !core::mem::replace(&mut link.extended, true);
        if first && self.timers.is_armed(Timer::Security(id)) {
            self.timers.arm(Timer::Security(id), self.now + PAIRING_TIMEOUT);
        }
    }

    /// Whether a peer may begin to pair.
    fn may_pair(&self) -> bool {
        let only = self.config.secure_connections == SecureConnections::Only;
        self.pairable && (!only || self.capabilities.info.secure_connections)
    }

    fn on_io_capability_request(&mut self, bd_addr: Address) {
        let id = self.living(bd_addr);
        let Some(id) = id.filter(|_| self.may_pair()) else {
            let reason = Status::PAIRING_NOT_ALLOWED;
            self.reply(&Command::IoCapabilityRequestNegativeReply { bd_addr, reason });
            if let Some(id) = id {
                self.refuse(id, reason);
            }
            return;
        };
        self.admit(id);
        let remote = self.links.get(id).and_then(|link| link.remote_io);
        let (io_capability, authentication_requirements) = match self.config.confirm {
            Confirmation::Auto => {
                (IoCapability::NoInputNoOutput, AuthenticationRequirements::GeneralBonding)
            }
            // Nobody can be kept out in the middle of a peer that shows nothing and takes nothing.
            Confirmation::Ask if remote == Some(IoCapability::NoInputNoOutput) => {
                (IoCapability::DisplayYesNo, AuthenticationRequirements::GeneralBonding)
            }
            Confirmation::Ask => {
                (IoCapability::DisplayYesNo, AuthenticationRequirements::MitmGeneralBonding)
            }
        };
        self.reply(&Command::IoCapabilityRequestReply {
            bd_addr,
            io_capability,
            oob_data_present: OobDataPresent::No,
            authentication_requirements,
        });
    }

    fn on_confirmation_request(&mut self, bd_addr: Address, numeric_value: u32) {
        let link = self.living(bd_addr).and_then(|id| self.links.get(id));
        let Some(link) = link.filter(|link| link.pairing.is_some()) else {
            return self.reply(&Command::UserConfirmationRequestNegativeReply { bd_addr });
        };
        if self.config.confirm == Confirmation::Auto {
            return self.reply(&Command::UserConfirmationRequestReply { bd_addr });
        }
        if link.remote_io == Some(IoCapability::NoInputNoOutput) {
            self.question(bd_addr, ConfirmKind::Consent, None);
        } else {
            self.question(bd_addr, ConfirmKind::Compare, Some(numeric_value));
        }
    }

    /// Asks the owner; false if there is nothing to ask.
    fn question(&mut self, address: Address, kind: ConfirmKind, passkey: Option<u32>) -> bool {
        if self.config.confirm == Confirmation::Auto {
            return false;
        }
        let Some(id) = self.living(address) else { return false };
        let Some(link) = self.links.get_mut(id) else { return false };
        let Some(pairing) = link.pairing.as_mut() else { return false };
        pairing.question = Some(kind);
        self.timers.arm(Timer::Confirm(id), self.now + CONFIRM_TIMEOUT);
        self.output(Output::Confirm { address, kind, passkey });
        true
    }

    /// The owner's answer to [`Output::Confirm`]; `passkey` where it was to be given.
    pub fn confirm(
        &mut self,
        now: Instant,
        address: Address,
        accept: bool,
        passkey: Option<u32>,
    ) -> Result<(), OrderError> {
        self.now = now;
        let id = self.living(address).ok_or(OrderError::NoLink)?;
        let kind = self.close_question(id).ok_or(OrderError::NoLink)?;
        self.answer(id, address, kind, accept, passkey);
        Ok(())
    }

    /// The owner said nothing.
    pub(super) fn question_overdue(&mut self, id: LinkId) {
        let Some(address) = self.links.get(id).map(|link| link.address) else { return };
        if let Some(kind) = self.close_question(id) {
            self.answer(id, address, kind, false, None);
        }
    }

    fn answer(
        &mut self,
        id: LinkId,
        bd_addr: Address,
        kind: ConfirmKind,
        accept: bool,
        passkey: Option<u32>,
    ) {
        match (kind, passkey.filter(|&passkey| passkey <= MAX_PASSKEY)) {
            (ConfirmKind::Compare | ConfirmKind::Consent, _) if accept => {
                self.reply(&Command::UserConfirmationRequestReply { bd_addr });
            }
            (ConfirmKind::Compare | ConfirmKind::Consent, _) => {
                self.reply(&Command::UserConfirmationRequestNegativeReply { bd_addr });
            }
            (ConfirmKind::Enter, Some(numeric_value)) if accept => {
                self.reply(&Command::UserPasskeyRequestReply { bd_addr, numeric_value });
            }
            (ConfirmKind::Enter, _) => {
                self.reply(&Command::UserPasskeyRequestNegativeReply { bd_addr });
            }
            (ConfirmKind::Display, _) if accept => {}
            (ConfirmKind::Display, _) => self.refuse(id, Status::AUTHENTICATION_FAILURE),
        }
    }

    /// Withdraws what the owner was asked.
    pub(super) fn close_question(&mut self, id: LinkId) -> Option<ConfirmKind> {
        let link = self.links.get_mut(id)?;
        let kind = link.pairing.as_mut()?.question.take()?;
        let address = link.address;
        self.timers.stop(Timer::Confirm(id));
        self.output(Output::ConfirmClosed { address });
        Some(kind)
    }

    fn on_pairing_complete(&mut self, status: Status, address: Address) {
        let Some(id) = self.living(address) else { return };
        self.close_question(id);
        if status.is_success() {
            // The key is still to come.
            return;
        }
        let ours = !self.timers.is_armed(Timer::Retry(id));
        let Some(link) = self.links.get_mut(id) else { return };
        link.pairing = None;
        match link.stage {
            // The end of our authentication, which follows, says what it means.
            Stage::Authenticating if ours => {}
            // The link has its bond; the peer wanted another and did not get it.
            Stage::Done => {}
            _ => self.refuse(id, status),
        }
    }

    fn on_pin_request(&mut self, bd_addr: Address) {
        let modern = self.config.secure_connections == SecureConnections::Only;
        let pin = self.config.legacy_pin.as_ref().and_then(|pin| PinCode::new(pin));
        let pin = pin.filter(|_| self.pairable && !modern);
        match (self.living(bd_addr), pin) {
            (Some(id), Some(pin_code)) => {
                self.admit(id);
                self.reply(&Command::PinCodeRequestReply { bd_addr, pin_code });
            }
            (id, _) => {
                self.reply(&Command::PinCodeRequestNegativeReply { bd_addr });
                if let Some(id) = id {
                    self.refuse(id, Status::PAIRING_NOT_ALLOWED);
                }
            }
        }
    }

    /// A key was made.
    fn on_link_key(&mut self, address: Address, key: WireLinkKey, made: WireKeyType) {
        let Some(id) = self.living(address) else {
            self.counters.stale_events += 1;
            return;
        };
        self.close_question(id);
        let old = self.bonds.find(address, self.capabilities.info.address);
        let old = old.map(|bond| bond.key_type);
        let only = self.config.secure_connections == SecureConnections::Only;
        let Some(link) = self.links.get_mut(id) else { return };
        let paired = link.pairing.take().is_some();
        let new = match made {
            // A key changed on a secured link is worth what the one before was.
            WireKeyType::Changed if link.secured => link.offered,
            _ if !paired => return self.refuse(id, Status::PAIRING_NOT_ALLOWED),
            made => key_type(made),
        };
        let good = |new: &KeyType| {
            let weaker = old.is_some_and(|old| is_weaker(*new, old));
            !weaker && (!only || is_p256(*new))
        };
        let Some(new) = new.filter(good) else {
            return self.refuse(id, Status::INSUFFICIENT_SECURITY);
        };
        link.fresh = Some((LinkKey(key.0), new));
        if matches!(link.stage, Stage::Encrypting | Stage::Measuring | Stage::Done) {
            self.secure_anew(id);
        } else {
            self.after_the_peer(id);
        }
    }

    /// Forgets a device: its bond, and its link if there is one.
    pub fn forget(&mut self, now: Instant, address: Address) {
        self.now = now;
        if self.bonds.remove(address).is_some() {
            self.output(Output::Erase(address));
        }
        if let Some(id) = self.living(address) {
            self.leave(id, Status::REMOTE_USER_TERMINATED_CONNECTION);
        }
    }
}
