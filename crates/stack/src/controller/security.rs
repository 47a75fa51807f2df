//! The security of a link: features, authentication by us, encryption, key size (Core
//! 5.4, Vol 3, Part C, 5.2.2; Vol 4, Part E, 7.1.15, 7.1.16, 7.5.7).
//!
//! ```text
//! Idle → Exploring → Authenticating → Encrypting → Measuring → Done
//! ```
//! The peer may authenticate, pair and encrypt meanwhile; that changes what we see, never what we
//! ask. Collisions are tried again. A link that stays on the way for too long is ended, and so is
//! one whose encryption goes off, or whose key turns out too small, whenever that is seen.

use core::time::Duration;

use pool::Instant;
use wire::Address;
use wire::hci::{Command, Encryption, HostFeatures, LmpFeatures, Opcode, Status};

use super::bonds::is_p256;
use super::commands::Errand;
use super::config::{SECURITY_TIMEOUT, STAGE_TIMEOUT};
use super::link::{Link, Stage};
use super::output::Output;
use super::timers::Timer;
use super::{Controller, OrderError};
use crate::{LinkId, SecureConnections};

/// After a collision both sides wait, the central for less, so that they do not meet again.
const RETRY_CENTRAL: Duration = Duration::from_millis(100);
const RETRY_PERIPHERAL: Duration = Duration::from_millis(250);
/// How long a peer that placed the link may take to begin securing it before we do: with a bond (or
/// a key that it has just made, to encrypt with), and without one, when it has to pair.
const COURTESY_BONDED: Duration = Duration::from_millis(500);
const COURTESY: Duration = Duration::from_millis(1000);
/// How often a step is tried that meets the peer's.
const TRIES: u8 = 6;
/// The sizes of encryption keys that may be asked for (Core 5.4, Vol 2, Part H, 1).
const KEY_SIZES: (u8, u8) = (7, 16);

/// Whether a step failed because the peer was at something too.
fn is_collision(status: Status) -> bool {
    [
        Status::LMP_ERROR_TRANSACTION_COLLISION,
        Status::DIFFERENT_TRANSACTION_COLLISION,
        Status::COMMAND_DISALLOWED,
        Status::HOST_BUSY_PAIRING,
        Status::CONTROLLER_BUSY,
    ]
    .contains(&status)
}

impl Controller {
    /// Has a link secured, where that is not done by itself ([`super::Authenticate::OnDemand`]).
    pub fn secure(&mut self, now: Instant, link: LinkId) -> Result<(), OrderError> {
        self.now = now;
        let found = self.links.get(link).ok_or(OrderError::NoLink)?;
        let waits = found.stage == Stage::Authenticating && found.pairing.is_none();
        if found.stage == Stage::Idle {
            self.begin_security(link);
        } else if waits && found.attempts == 0 && self.timers.is_armed(Timer::Retry(link)) {
            // The peer asks for channels already: it leaves security to us.
            self.timers.arm(Timer::Retry(link), now);
        }
        Ok(())
    }

    /// The peer that we let pair first has a key: it may encrypt with it before we go on.
    pub(super) fn after_the_peer(&mut self, id: LinkId) {
        let Some(link) = self.links.get(id) else { return };
        let waits = link.stage == Stage::Authenticating && link.encryption == Encryption::Off;
        if waits && self.timers.is_armed(Timer::Retry(id)) {
            self.timers.arm(Timer::Retry(id), self.now + COURTESY_BONDED);
        }
    }

    /// Gives a command on behalf of a link.
    fn ask(&mut self, id: LinkId, command: impl FnOnce(&Link) -> Command<'static>) {
        let Some(link) = self.links.get(id) else { return };
        let (command, errand) = (command(link), Errand::Link(id, link.serial));
        // Without room, the link's timer ends it.
        self.command(&command, errand);
    }

    fn enter(&mut self, id: LinkId, stage: Stage) {
        self.timers.stop(Timer::Retry(id));
        if let Some(link) = self.links.get_mut(id) {
            link.stage = stage;
        }
    }

    /// A link starts on its way.
    pub(super) fn begin_security(&mut self, id: LinkId) {
        self.timers.arm(Timer::Security(id), self.now + SECURITY_TIMEOUT);
        if !self.capabilities.commands.has(Opcode::READ_REMOTE_SUPPORTED_FEATURES) {
            return self.authenticate(id);
        }
        self.enter(id, Stage::Exploring);
        self.timers.arm(Timer::Retry(id), self.now + STAGE_TIMEOUT);
        self.ask(id, |link| Command::ReadRemoteSupportedFeatures {
            connection_handle: link.handle,
        });
    }

    pub(super) fn on_features(&mut self, id: LinkId, status: Status, features: LmpFeatures) {
        let Some(link) = self.links.get_mut(id).filter(|link| link.stage == Stage::Exploring)
        else {
            return;
        };
        let mut more = false;
        if status.is_success() {
            link.sniff = features.contains(LmpFeatures::SNIFF_MODE);
            more = features.contains(LmpFeatures::EXTENDED_FEATURES)
                && self.capabilities.commands.has(Opcode::READ_REMOTE_EXTENDED_FEATURES);
        }
        if !more {
            return self.explored(id);
        }
        self.ask(id, |link| Command::ReadRemoteExtendedFeatures {
            connection_handle: link.handle,
            page_number: 1,
        });
    }

    pub(super) fn on_feature_page(&mut self, id: LinkId, status: Status, page: u8, bits: u64) {
        let features = HostFeatures::from_bits_retain(bits);
        let only = self.config.secure_connections == SecureConnections::Only;
        let exploring = self.links.get(id).is_some_and(|link| link.stage == Stage::Exploring);
        let lacks = !features.contains(HostFeatures::SECURE_CONNECTIONS);
        if exploring && only && status.is_success() && page == 1 && lacks {
            return self.refuse(id, Status::INSUFFICIENT_SECURITY);
        }
        self.explored(id);
    }

    /// The peer's features are known, or will not be.
    pub(super) fn explored(&mut self, id: LinkId) {
        let Some(link) = self.links.get(id).filter(|link| link.stage == Stage::Exploring) else {
            return;
        };
        let wait = match link.outgoing {
            _ if link.pairing.is_some() => RETRY_PERIPHERAL,
            false if link.encryption == Encryption::Off => self.courtesy(link.address),
            _ => return self.authenticate(id),
        };
        self.enter(id, Stage::Authenticating);
        self.timers.arm(Timer::Retry(id), self.now + wait);
    }

    /// Whoever placed a link mostly secures it at once, and many controllers get lost when both
    /// sides pair at the same time: the peer may begin, and we come after it.
    fn courtesy(&self, address: Address) -> Duration {
        if self.bond(address).is_some() { COURTESY_BONDED } else { COURTESY }
    }

    fn authenticate(&mut self, id: LinkId) {
        self.enter(id, Stage::Authenticating);
        if let Some(link) = self.links.get_mut(id) {
            link.attempts += 1;
        }
        self.ask(id, |link| Command::AuthenticationRequested { connection_handle: link.handle });
    }

    /// Our authentication of the peer ended.
    pub(super) fn on_authenticated(&mut self, id: LinkId, status: Status) {
        let waiting = self.timers.is_armed(Timer::Retry(id));
        let pairable = self.pairable;
        let Some(link) = self.links.get_mut(id) else { return };
        if link.stage != Stage::Authenticating || waiting {
            return;
        }
        if status.is_success() {
            // Without a key of ours, whatever was proven was not proven to us.
            if link.offered.is_none() && link.fresh.is_none() {
                return self.refuse(id, Status::AUTHENTICATION_FAILURE);
            }
            link.attempts = 0;
            return self.encrypt(id);
        }
        let key_lost =
            status == Status::PIN_OR_KEY_MISSING || status == Status::AUTHENTICATION_FAILURE;
        let had_bond = link.offered.is_some() && link.fresh.is_none() && !link.set_aside;
        if key_lost && had_bond && pairable {
            link.set_aside = true;
            link.offered = None;
            if link.pairing.is_none() {
                return self.authenticate(id);
            }
            // It has begun to pair again already: we come after.
            return self.timers.arm(Timer::Retry(id), self.now + RETRY_PERIPHERAL);
        }
        self.try_again(id, status);
    }

    /// A step failed: it is tried again if it met the peer's, else the link ends.
    fn try_again(&mut self, id: LinkId, status: Status) {
        let Some(link) = self.links.get(id) else { return };
        if !is_collision(status) || link.attempts >= TRIES {
            return self.refuse(id, status);
        }
        let delay = if link.central { RETRY_CENTRAL } else { RETRY_PERIPHERAL };
        self.timers.arm(Timer::Retry(id), self.now + delay);
    }

    /// The next step is due.
    pub(super) fn security_retry(&mut self, id: LinkId) {
        let Some(link) = self.links.get(id) else { return };
        match link.stage {
            Stage::Idle => self.begin_security(id),
            // The peer pairs: we come after, within the link's time.
            Stage::Authenticating if link.pairing.is_some() => {
                self.timers.arm(Timer::Retry(id), self.now + RETRY_PERIPHERAL);
            }
            Stage::Exploring | Stage::Authenticating => self.authenticate(id),
            Stage::Encrypting => self.encrypt(id),
            Stage::Measuring | Stage::Done | Stage::Leaving { .. } => {}
        }
    }

    fn encrypt(&mut self, id: LinkId) {
        self.enter(id, Stage::Encrypting);
        let Some(link) = self.links.get_mut(id) else { return };
        link.attempts += 1;
        if link.encryption != Encryption::Off {
            return self.measure(id);
        }
        self.ask(id, |link| Command::SetConnectionEncryption {
            connection_handle: link.handle,
            encryption_enable: true,
        });
    }

    /// Encryption could not be turned on by us.
    pub(super) fn encryption_failed(&mut self, id: LinkId, status: Status) {
        let Some(link) = self.links.get(id) else { return };
        if link.stage != Stage::Encrypting {
            return;
        }
        if link.encryption == Encryption::Off {
            self.try_again(id, status)
        } else {
            self.measure(id)
        }
    }

    pub(super) fn on_encryption_change(&mut self, id: LinkId, status: Status, now: Encryption) {
        let Some(link) = self.links.get_mut(id) else { return };
        let stage = link.stage;
        if !status.is_success() {
            return match stage {
                Stage::Encrypting => self.encryption_failed(id, status),
                // Nothing should have changed: see whether that is so.
                Stage::Measuring | Stage::Done => self.measure(id),
                _ => {}
            };
        }
        let before = core::mem::replace(&mut link.encryption, now);
        match (stage, now) {
            (_, Encryption::Off) if before != Encryption::Off || stage == Stage::Encrypting => {
                self.refuse(id, Status::INSUFFICIENT_SECURITY);
            }
            (_, Encryption::Off) => {}
            (Stage::Encrypting | Stage::Measuring | Stage::Done, _) => self.measure(id),
            // The peer is through: now we.
            (Stage::Authenticating, _) if self.timers.is_armed(Timer::Retry(id)) => {
                self.timers.arm(Timer::Retry(id), self.now);
            }
            (Stage::Idle, _) => {
                self.timers.arm(Timer::Retry(id), self.now + RETRY_PERIPHERAL);
            }
            _ => {}
        }
    }

    /// The peer or its controller changed the encryption key.
    pub(super) fn on_key_refresh(&mut self, id: LinkId, status: Status) {
        let Some(link) = self.links.get(id) else { return };
        let measured = matches!(link.stage, Stage::Measuring | Stage::Done);
        if !status.is_success() && link.encryption != Encryption::Off {
            self.refuse(id, status);
        } else if measured {
            self.measure(id);
        }
    }

    fn measure(&mut self, id: LinkId) {
        if !self.capabilities.commands.has(Opcode::READ_ENCRYPTION_KEY_SIZE) {
            return self.refuse(id, Status::INSUFFICIENT_SECURITY);
        }
        let Some(link) = self.links.get_mut(id) else { return };
        if link.stage != Stage::Done {
            link.stage = Stage::Measuring;
        }
        let handle = link.handle;
        let errand = Errand::Link(id, link.serial);
        let command = Command::ReadEncryptionKeySize { connection_handle: handle };
        // A secured link has no timer that would end it.
        if !self.command_or_not(&command, errand) {
            self.refuse(id, Status::INSUFFICIENT_SECURITY);
        }
    }

    /// The size of the encryption key is known, or cannot be read.
    pub(super) fn on_key_size(&mut self, id: LinkId, size: Option<u8>) {
        let least = self.config.min_key_size.clamp(KEY_SIZES.0, KEY_SIZES.1);
        let only = self.config.secure_connections == SecureConnections::Only;
        let Some(link) = self.links.get(id) else { return };
        if !matches!(link.stage, Stage::Measuring | Stage::Done) {
            return;
        }
        let key_type = link.fresh.as_ref().map(|(_, key_type)| *key_type).or(link.offered);
        let modern = key_type.is_some_and(is_p256);
        let ciphered = match link.encryption {
            Encryption::Off => false,
            Encryption::E0 => !modern && !only,
            Encryption::AesCcm => modern || !only,
        };
        if size.is_none_or(|size| size < least) || !ciphered {
            return self.refuse(id, Status::INSUFFICIENT_SECURITY);
        }
        if link.stage == Stage::Measuring {
            self.secured(id);
        }
    }

    /// A link has come all the way; a bond that was made on it counts from now on.
    fn secured(&mut self, id: LinkId) {
        self.enter(id, Stage::Done);
        self.timers.stop(Timer::Security(id));
        let local = self.capabilities.info.address;
        let Some(link) = self.links.get_mut(id) else { return };
        let address = link.address;
        link.attempts = 0;
        link.set_aside = false;
        let fresh = link.fresh.take();
        let first = !core::mem::replace(&mut link.secured, true);
        let paired = fresh.is_some();
        if let Some((key, key_type)) = fresh {
            link.offered = Some(key_type);
            let linked = |address| self.links.by_address(address).is_some();
            let (bond, gone) =
                self.bonds.put(address, local, key, key_type, |address| !linked(address));
            if let Some(gone) = gone {
                self.output(Output::Erase(gone));
            }
            self.output(Output::Store(bond));
            self.output(Output::Paired { address });
        } else if let Some(bond) = self.bonds.used(address, local) {
            self.output(Output::Store(bond));
        }
        let key_type = self.links.get(id).and_then(|link| link.offered);
        if let Some(key_type) = key_type.filter(|_| first) {
            self.output(Output::Secured { link: id, key_type, paired });
        }
    }

    /// A secured link got a new key: it goes the way again, with that key.
    pub(super) fn secure_anew(&mut self, id: LinkId) {
        self.enter(id, Stage::Authenticating);
        if let Some(link) = self.links.get_mut(id) {
            link.attempts = 0;
        }
        self.timers.arm(Timer::Security(id), self.now + SECURITY_TIMEOUT);
        self.timers.arm(Timer::Retry(id), self.now + RETRY_PERIPHERAL);
    }

    /// A link's security has failed: it ends.
    pub(super) fn refuse(&mut self, id: LinkId, status: Status) {
        let Some(link) = self.links.get(id).filter(|link| !link.is_leaving()) else { return };
        let (address, announced) = (link.address, link.announced);
        if announced {
            self.output(Output::SecurityFailed { link: id, address, status });
        }
        self.counters.flushed += self.outbound.flush(id) as u64;
        self.leave(id, Status::AUTHENTICATION_FAILURE);
    }

    /// A link has been on its way for too long.
    pub(super) fn security_overdue(&mut self, id: LinkId) {
        if self.links.get(id).is_some_and(|link| link.stage != Stage::Done) {
            self.refuse(id, Status::LMP_RESPONSE_TIMEOUT);
        }
    }
}
