//! What controllers say to each other on the air: in the manner of LMP (Core 5.4, Vol 2, Part C), but
//! with whole procedures in a message where the host could not tell the difference. Link keys travel
//! in the clear; nobody listens.

use wire::Address;
use wire::hci::{
    AuthenticationRequirements, Boundary, ClassOfDevice, IoCapability, KeyType,
    KeypressNotificationType, LinkKey, OobDataPresent, PinCode, Role, Slots, Status,
    SynchronousParameters,
};

/// What a device can show and be told, and what it wants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PairingIo {
    pub io_capability: IoCapability,
    pub oob_data_present: OobDataPresent,
    pub requirements: AuthenticationRequirements,
    /// Secure Connections is on.
    pub secure: bool,
}

/// What the host said to the question that pairing put to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    Yes,
    Passkey(u32),
    No,
}

/// What is asked of a peer without its host.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Question {
    Features,
    Page(u8),
    Version,
    ClockOffset,
    Name,
}

#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Features(u64),
    Page { number: u8, last: u8, features: u64 },
    Version { version: u8, company: u16, subversion: u16 },
    ClockOffset(u16),
    Name(Vec<u8>),
}

#[derive(Clone, Debug)]
pub(crate) enum Message {
    // Making and ending a link.
    ConnectionRequest {
        address: Address,
        class: ClassOfDevice,
        allow_role_switch: bool,
        simple: bool,
    },
    Accepted {
        address: Address,
        wants: Role,
        simple: bool,
    },
    SetupComplete {
        role: Role,
    },
    Rejected {
        reason: Status,
    },
    Detach {
        reason: Status,
    },
    Detached,
    // Questions that the controller answers.
    Ask(Question),
    Answer(Reply),
    // Authentication.
    Challenge,
    Response {
        key: LinkKey,
    },
    NoKey,
    // Secure Simple Pairing; the initiator leads.
    IoRequest(PairingIo),
    IoAnswer(PairingIo),
    PairingRefused {
        reason: Status,
    },
    KeysExchanged {
        value: u32,
    },
    Verdict(Verdict),
    Paired {
        key: LinkKey,
        key_type: KeyType,
    },
    PairingFailed {
        status: Status,
    },
    Keypress(KeypressNotificationType),
    // Legacy pairing.
    PinRequest {
        pin: PinCode,
    },
    PinAnswer {
        pin: Option<PinCode>,
    },
    // Encryption.
    Encrypt {
        on: bool,
        key: LinkKey,
        key_size: u8,
        secure: bool,
    },
    Encrypted {
        on: bool,
        key_size: u8,
        secure: bool,
    },
    EncryptionRefused {
        status: Status,
    },
    Refresh,
    // Roles and power.
    SwitchRole {
        to: Role,
    },
    RoleSwitched {
        to: Role,
    },
    RoleRefused {
        status: Status,
    },
    Sniff {
        interval: Slots,
    },
    Active,
    ModeAnswer {
        status: Status,
        interval: Option<Slots>,
    },
    SupervisionTimeout(Slots),
    // Data.
    Data {
        boundary: Boundary,
        payload: Vec<u8>,
    },
    // Synchronous links.
    VoiceRequest {
        serial: u64,
        parameters: SynchronousParameters,
        class: ClassOfDevice,
    },
    VoiceAccepted {
        serial: u64,
    },
    VoiceRejected {
        serial: u64,
        reason: Status,
    },
    VoiceEnded {
        serial: u64,
        reason: Status,
    },
    VoiceGone {
        serial: u64,
    },
    Voice {
        serial: u64,
        payload: Vec<u8>,
    },
}
