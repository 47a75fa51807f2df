//! What a controller tells the glue.

use pool::Frame;
use wire::Address;
use wire::h4::Channel;
use wire::hci::{ClassOfDevice, Opcode, Status};

use crate::{Bond, KeyType, LinkId, Name, VoiceCodec};

/// Something to be done, or to be known.
#[derive(Debug)]
pub enum Output {
    /// A packet for the controller.
    Send(Channel, Frame),
    /// A data packet that came before the event that tells of its link, which is told of now: to be
    /// handed to [`acl`](super::Controller::acl) or [`synchronous`](super::Controller::synchronous)
    /// again.
    Received(Channel, Frame),
    /// Bring-up is done.
    Up(ControllerInfo),
    /// The controller is of no use any more; only [`start`](super::Controller::start) helps.
    Failed(Failure),
    /// A device wants to connect: [`accept`](super::Controller::accept) or
    /// [`reject`](super::Controller::reject) it. Strangers outside pairing mode have been turned
    /// away already.
    ConnectionRequest {
        /// Who.
        address: Address,
        /// What it says it is.
        class: ClassOfDevice,
        /// Whether it has a bond.
        bonded: bool,
    },
    /// A link stands. Nothing but SDP may be served on it yet.
    Connected {
        /// The link.
        link: LinkId,
        /// Who is at its other end.
        address: Address,
        /// What it says it is; unknown where we connected.
        class: Option<ClassOfDevice>,
        /// Whether we wanted it.
        outgoing: bool,
        /// Whether we are central.
        central: bool,
    },
    /// A connection did not come about.
    ConnectFailed {
        /// With whom.
        address: Address,
        /// Why.
        status: Status,
        /// Whether it was ours.
        outgoing: bool,
    },
    /// The link is authenticated by us and encrypted well enough.
    Secured {
        /// The link.
        link: LinkId,
        /// What its key is worth.
        key_type: KeyType,
        /// Whether the bond was made just now.
        paired: bool,
    },
    /// The link's security failed; it is being disconnected.
    SecurityFailed {
        /// The link.
        link: LinkId,
        /// Whose.
        address: Address,
        /// Why: what the controller said, or what was wrong in its terms.
        status: Status,
    },
    /// A link is gone. Its number may be used again.
    Disconnected {
        /// The link.
        link: LinkId,
        /// Whose it was.
        address: Address,
        /// Why.
        reason: Status,
    },
    /// The owner is asked: answer with [`confirm`](super::Controller::confirm). (A
    /// [`Display`](ConfirmKind::Display) needs no answer, and can only be refused.)
    Confirm {
        /// Who pairs.
        address: Address,
        /// What is asked.
        kind: ConfirmKind,
        /// The six digits to compare or to show.
        passkey: Option<u32>,
    },
    /// A question is no longer open: answered, withdrawn, or too late.
    ConfirmClosed {
        /// Who paired.
        address: Address,
    },
    /// A device has a new bond.
    Paired {
        /// Which.
        address: Address,
    },
    /// A bond is new or changed: keep it, in place of an earlier one for the same address.
    Store(Bond),
    /// The bond with this device is gone.
    Erase(Address),
    /// A device's name was read.
    Name {
        /// Whose.
        address: Address,
        /// Its name.
        name: Name,
    },
    /// Our role on a link changed.
    RoleChanged {
        /// The link.
        link: LinkId,
        /// Whether we are central now.
        central: bool,
    },
    /// A change of our role failed; the link lives on.
    RoleRefused {
        /// The link.
        link: LinkId,
        /// Why.
        status: Status,
    },
    /// A link's mode changed.
    ModeChanged {
        /// The link.
        link: LinkId,
        /// Whether it is in sniff mode.
        sniff: bool,
        /// The sniff interval in slots of 0.625 ms.
        interval: u16,
    },
    /// How strongly a link is received was read.
    Rssi {
        /// The link.
        link: LinkId,
        /// In dB above (positive) or below (negative) the range that the controller wants to be in; 0
        /// within it. (It is not in dBm.)
        rssi: i8,
    },
    /// How well a link is received was read.
    LinkQuality {
        /// The link.
        link: LinkId,
        /// 0 to 255, the more the better, as the controller's maker counts it.
        quality: u8,
    },
    /// A link's peer wants a voice link: [`accept_voice`](super::Controller::accept_voice) or
    /// [`reject_voice`](super::Controller::reject_voice) it, within 4.5 s.
    VoiceRequested {
        /// The link.
        link: LinkId,
        /// Whether it is to be eSCO, or SCO.
        extended: bool,
    },
    /// A voice link stands.
    VoiceOpened {
        /// The link that it belongs to.
        link: LinkId,
        /// Its own handle.
        handle: u16,
        /// How it is coded.
        codec: VoiceCodec,
        /// Whether it is eSCO, or SCO.
        extended: bool,
    },
    /// A voice link that was asked for, by us or by the peer, did not come about.
    VoiceFailed {
        /// The link that it would belong to.
        link: LinkId,
        /// Why; of several tries the last.
        status: Status,
    },
    /// A voice link is gone.
    VoiceClosed {
        /// The link that it belonged to.
        link: LinkId,
        /// Why.
        reason: Status,
    },
    /// The inquiry found a device; it may be told more than once.
    Found {
        /// Who.
        address: Address,
        /// What it says it is.
        class: ClassOfDevice,
        /// How strongly it was received, in dBm.
        rssi: Option<i8>,
        /// Its name, where the response holds one.
        name: Option<Name>,
    },
    /// The inquiry ended.
    InquiryDone(Status),
    /// Something that the owner should know.
    Warning(Warning),
}

/// What the owner is asked when pairing (Core 5.4, Vol 3, Part C, 5.2.2.6).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ConfirmKind {
    /// Both show six digits: are they the same?
    Compare,
    /// Type these six digits on the device.
    Display,
    /// Give the six digits that the device shows.
    Enter,
    /// May it pair?
    Consent,
}

/// What a controller said about itself.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct ControllerInfo {
    /// Its address.
    pub address: Address,
    /// The version of HCI, an assigned number (0x0D is 5.4).
    pub hci_version: u8,
    /// The maker, an assigned number.
    pub manufacturer: u16,
    /// The version of LMP, an assigned number.
    pub lmp_version: u8,
    /// The maker's own version.
    pub lmp_subversion: u16,
    /// Octets in an ACL packet, header excluded.
    pub acl_length: u16,
    /// ACL packets that it buffers.
    pub acl_packets: u16,
    /// Octets in a synchronous packet, header excluded.
    pub synchronous_length: u8,
    /// Synchronous packets that it buffers.
    pub synchronous_packets: u16,
    /// Whether Secure Simple Pairing is on.
    pub simple_pairing: bool,
    /// Whether Secure Connections is on.
    pub secure_connections: bool,
    /// Whether it has sniff mode.
    pub sniff: bool,
}

/// Why a controller is of no use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Failure {
    /// What was being done: the command's name.
    pub step: &'static str,
    /// The command.
    pub opcode: Option<Opcode>,
    /// What was wrong.
    pub cause: Cause,
}

/// What was wrong with a controller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// It did not answer in [`COMMAND_TIMEOUT`](super::COMMAND_TIMEOUT).
    TimedOut,
    /// It refused.
    Status(Status),
    /// Its answer cannot be read, or cannot be true.
    BadAnswer,
    /// It reported a failure of its hardware, with the maker's code.
    Hardware(u8),
}

impl core::fmt::Display for Failure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.cause {
            Cause::TimedOut => write!(f, "{}: no answer", self.step),
            Cause::Status(status) => write!(f, "{}: {status}", self.step),
            Cause::BadAnswer => write!(f, "{}: an answer that makes no sense", self.step),
            Cause::Hardware(code) => write!(f, "{}: code {code:#04x}", self.step),
        }
    }
}

impl std::error::Error for Failure {}

/// Something that the owner should know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Warning {
    /// The controller refused an optional command, which is done without.
    Refused {
        /// The command's name.
        step: &'static str,
        /// Why.
        status: Status,
    },
    /// A device was turned away when it wanted to connect.
    TurnedAway {
        /// Who.
        address: Address,
        /// With what reason.
        status: Status,
    },
    /// Its maker's controller cannot do Secure Simple Pairing: only devices that pair by PIN can.
    NoSimplePairing,
    /// Secure Connections was asked for alone, and the controller cannot do it: nobody can pair.
    NoSecureConnections,
}

/// What went wrong without consequence; running totals.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counters {
    /// Events that cannot be read.
    pub malformed_events: u64,
    /// Events that answer nothing that was asked.
    pub stale_events: u64,
    /// Packets and events for handles that no link has.
    pub unknown_handles: u64,
    /// ACL packets whose header and length disagree, or that are broadcast.
    pub malformed_acl: u64,
    /// Voice packets whose header and length disagree.
    pub malformed_synchronous: u64,
    /// Packets that came before the event of their link, and were kept for it.
    pub early_packets: u64,
    /// Credits returned that were not taken.
    pub excess_credits: u64,
    /// Optional commands that were refused.
    pub refused_commands: u64,
    /// Commands that found no room.
    pub commands_lost: u64,
    /// Outputs that found no room: nobody polled.
    pub outputs_lost: u64,
    /// Packets given up because their link was gone.
    pub flushed: u64,
    /// Times that a packet waited because every block was in use.
    pub blocks_lacking: u64,
    /// Buffers that overflowed in the controller.
    pub overflows: u64,
}
