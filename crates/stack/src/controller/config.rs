//! What a controller is set up with, and the times that its conversations are held to.

use core::time::Duration;

use wire::hci::ClassOfDevice;

use crate::{Confirmation, Name, SecureConnections};

/// An answer to a command must come within this time; else the controller counts as dead.
pub const COMMAND_TIMEOUT: Duration = Duration::from_secs(2);
/// The owner's answer to [`Confirm`](super::Output::Confirm) must come within this time, which is
/// also what a peer's controller waits (LMP response time-out; Core 5.4, Vol 2, Part C, 2.2).
pub const CONFIRM_TIMEOUT: Duration = Duration::from_secs(30);
/// A link is authenticated within this time, or ended.
pub const SECURITY_TIMEOUT: Duration = Duration::from_secs(35);
/// As [`SECURITY_TIMEOUT`], where a person pairs.
pub const PAIRING_TIMEOUT: Duration = Duration::from_secs(60);
/// A command whose work is told by a later event (encryption, features) ends within this time.
pub const STAGE_TIMEOUT: Duration = Duration::from_secs(10);
/// A disconnected link is forgotten after this time even if the controller never says that it went.
pub const LEAVING_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection request is decided and carried out within this time.
pub const INCOMING_TIMEOUT: Duration = Duration::from_secs(20);
/// What an outgoing connection may take beyond its page.
pub const PAGE_MARGIN: Duration = Duration::from_secs(15);
/// A remote name is read within this time (a page and an exchange).
pub const NAME_TIMEOUT: Duration = Duration::from_secs(15);

/// When links are authenticated.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Authenticate {
    /// Every link as soon as it stands.
    #[default]
    Always,
    /// When [`secure`](super::Controller::secure) is called, as phones do it; until then a link is
    /// neither secured nor refused for want of security.
    OnDemand,
}

/// What a controller is set up with.
#[derive(Clone, PartialEq, Debug)]
pub struct Config {
    /// The local name.
    pub name: Name,
    /// The class of device.
    pub class: ClassOfDevice,
    /// 16-bit service class UUIDs for the extended inquiry response.
    pub services: heapless::Vec<u16, MAX_SERVICES>,
    /// Whether links that others set up shall have us as central.
    pub central: bool,
    /// When links are authenticated.
    pub authenticate: Authenticate,
    /// Whether the owner is asked when a phone pairs.
    pub confirm: Confirmation,
    /// The use of Secure Connections.
    pub secure_connections: SecureConnections,
    /// The smallest encryption key in octets that is good enough; held to 7 to 16.
    pub min_key_size: u8,
    /// A PIN for phones without Secure Simple Pairing; without one they cannot pair.
    pub legacy_pin: Option<heapless::Vec<u8, 16>>,
    /// How long a page may take, in slots of 0.625 ms.
    pub page_timeout: u16,
    /// How long a silent link is held, in slots of 0.625 ms, where we are central.
    pub supervision_timeout: u16,
    /// Whether voice links are set up and accepted with the enhanced commands, for a controller whose
    /// legacy ones do not work.
    pub enhanced_voice: bool,
}

/// Service classes in the extended inquiry response.
pub const MAX_SERVICES: usize = 16;

impl Default for Config {
    fn default() -> Self {
        Config {
            name: Name::try_from("Tandem").unwrap_or_default(),
            class: ClassOfDevice::new(0x24_0404),
            services: heapless::Vec::new(),
            central: true,
            authenticate: Authenticate::Always,
            confirm: Confirmation::Auto,
            secure_connections: SecureConnections::Auto,
            min_key_size: 16,
            legacy_pin: None,
            page_timeout: 0x2000,
            supervision_timeout: 0x1F40,
            enhanced_voice: false,
        }
    }
}

/// `slots` of 0.625 ms.
pub(super) fn slots(slots: u16) -> Duration {
    Duration::from_micros(u64::from(slots) * 625)
}
