//! One Bluetooth controller as a BR/EDR host drives it over HCI (Core 5.4, Vol 4, Part E): bring-up,
//! commands and their credits, who may find us and connect, ACL links with their roles, modes and
//! data, the security of each (Vol 3, Part C, 5), and their voice links.
//!
//! [`Controller`] is fed events ([`event`](Controller::event)), data ([`acl`](Controller::acl),
//! [`send`](Controller::send), [`synchronous`](Controller::synchronous),
//! [`send_voice`](Controller::send_voice)), orders and the time; what is to happen is polled out after each.
//! Nothing allocates after [`new`](Controller::new), and every table is bounded: [`MAX_LINKS`](crate::MAX_LINKS),
//! [`MAX_BONDS`](crate::MAX_BONDS), [`MAX_PAGES`], [`COMMAND_QUEUE`], [`LINK_QUEUE`], [`VOICE_QUEUE`],
//! [`EARLY_PACKETS`], [`MAX_OUTPUTS`].
//!
//! Not here: LE, broadcast, hold and park, quality of service, OOB pairing, legacy unit keys, host
//! flow control.

mod bonds;
mod bringup;
mod commands;
mod config;
mod connect;
mod discovery;
mod dispatch;
mod early;
mod link;
mod modes;
mod outbound;
mod output;
mod paging;
mod pairing;
mod parting;
mod pending;
mod scan;
mod security;
#[cfg(test)]
mod tests;
mod timers;
mod voice;

use std::collections::VecDeque;

use pool::{Arena, Frame, Instant};
use wire::Address;
use wire::h4::Channel;
use wire::hci::{AclHeader, Boundary, Broadcast, Command, EirBuilder, Name as WireName, Status};

pub use commands::COMMAND_QUEUE;
pub use config::{
    Authenticate, COMMAND_TIMEOUT, CONFIRM_TIMEOUT, Config, INCOMING_TIMEOUT, LEAVING_TIMEOUT,
    MAX_SERVICES, NAME_TIMEOUT, PAGE_MARGIN, PAIRING_TIMEOUT, SECURITY_TIMEOUT, STAGE_TIMEOUT,
};

pub use discovery::MAX_NAMES;
pub use early::{EARLY_PACKETS, EARLY_TIMEOUT};
pub use outbound::{LINK_QUEUE, SendError};
pub use output::{Cause, ConfirmKind, ControllerInfo, Counters, Failure, Output, Warning};
pub use pending::MAX_PAGES;
pub use voice::{VOICE_ANSWER_TIMEOUT, VOICE_QUEUE, VOICE_TIMEOUT};

use bonds::Bonds;
use bringup::{Capabilities, Phase};
use commands::{Commands, Errand};
use discovery::Discovery;
use early::Early;
use link::Links;
use outbound::Outbound;
use pending::Pending;
use scan::Scan;
use timers::{Timer, Timers};
use voice::Voices;

use crate::{Bond, LinkId, Name, SecureConnections};

/// Outputs that wait to be polled at most.
pub const MAX_OUTPUTS: usize = 128;
/// How long to wait for a block when all are in use.
const BLOCKS_RETRY: core::time::Duration = core::time::Duration::from_millis(5);

/// An order that cannot be carried out.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OrderError {
    /// The controller is not up.
    NotUp,
    /// No such link, or no such request.
    NoLink,
    /// There is a link to this device already, or on its way.
    Connected,
    /// Too much has been asked for already.
    Full,
    /// The controller or the peer cannot do it.
    NotSupported,
}

impl core::fmt::Display for OrderError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            OrderError::NotUp => "the controller is not up",
            OrderError::NoLink => "no such link or request",
            OrderError::Connected => "the device is connected already",
            OrderError::Full => "too many requests are waiting",
            OrderError::NotSupported => "the controller or the device cannot do this",
        })
    }
}

impl std::error::Error for OrderError {}

/// A controller and all that its host knows of it.
#[derive(Debug)]
pub struct Controller {
    config: Config,
    eir: EirBuilder,
    arena: Arena,
    now: Instant,
    phase: Phase,
    capabilities: Capabilities,
    commands: Commands,
    timers: Timers,
    scan: Scan,
    pairable: bool,
    links: Links,
    pending: Pending,
    discovery: Discovery,
    outbound: Outbound,
    voice: Voices,
    early: Early,
    bonds: Bonds,
    outputs: VecDeque<Output>,
    counters: Counters,
}

impl Controller {
    /// A controller that is not started yet; packets are built in blocks of `arena`, which hold at
    /// least [`Command::LONGEST`] octets beside the headroom.
    pub fn new(config: Config, bonds: Vec<Bond>, arena: Arena) -> Self {
        Controller {
            eir: bringup::eir_of(&config),
            config,
            now: Instant::ZERO,
            phase: Phase::Down,
            capabilities: Capabilities::unknown(),
            commands: Commands::new(),
            timers: Timers::new(),
            scan: Scan::new(),
            pairable: false,
            links: Links::new(),
            pending: Pending::new(),
            discovery: Discovery::new(),
            outbound: Outbound::new(arena.clone()),
            voice: Voices::new(),
            early: Early::new(),
            bonds: Bonds::new(bonds),
            outputs: VecDeque::with_capacity(MAX_OUTPUTS),
            counters: Counters::default(),
            arena,
        }
    }

    /// The transport is ready: brings the controller up from Reset. Links of an earlier life end.
    pub fn start(&mut self, now: Instant) {
        self.now = now;
        self.stop();
        self.begin_bring_up();
    }

    /// The transport is gone: every link ends.
    pub fn transport_lost(&mut self, now: Instant) {
        self.now = now;
        self.stop();
    }

    fn stop(&mut self) {
        self.phase = Phase::Down;
        self.drop_all(Status::HARDWARE_FAILURE);
        self.drop_all_early();
        self.discovery.stop();
        self.commands.reset();
        self.scan.reset();
        self.timers.stop_all();
    }

    fn fail(&mut self, failure: Failure) {
        self.stop();
        self.output(Output::Failed(failure));
    }

    /// Takes the next thing that is to happen; poll until `None` after every call.
    pub fn poll(&mut self) -> Option<Output> {
        if let Some(output) = self.outputs.pop_front() {
            return Some(output);
        }
        if let Some(frame) = self.next_command() {
            return Some(Output::Send(Channel::Command, frame));
        }
        if let Some(frame) = self.voice.next_packet() {
            return Some(Output::Send(Channel::Synchronous, frame));
        }
        match self.outbound.next() {
            Ok(frame) => frame.map(|frame| Output::Send(Channel::Acl, frame)),
            Err(outbound::NoBlock) => {
                self.blocks_lacking();
                None
            }
        }
    }

    fn next_command(&mut self) -> Option<Frame> {
        if self.commands.is_waiting() && !self.timers.is_armed(Timer::Command) {
            self.timers.arm(Timer::Command, self.now + COMMAND_TIMEOUT);
        }
        let octets = self.commands.ready()?;
        let mut frame = self.arena.take();
        let filled = frame.as_mut().is_some_and(|frame| frame.append(octets).is_ok());
        if !filled {
            self.blocks_lacking();
            return None;
        }
        self.commands.started();
        self.timers.arm(Timer::Command, self.now + COMMAND_TIMEOUT);
        frame
    }

    fn blocks_lacking(&mut self) {
        self.counters.blocks_lacking += 1;
        self.timers.arm(Timer::Blocks, self.now + BLOCKS_RETRY);
    }

    /// When [`wake`](Controller::wake) wants to be called.
    pub fn wake_at(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// The time is `now`.
    pub fn wake(&mut self, now: Instant) {
        self.now = now;
        while let Some(timer) = self.timers.expired(now) {
            match timer {
                Timer::Command => self.command_overdue(),
                Timer::Page => self.page_overdue(),
                Timer::Name => self.name_overdue(),
                Timer::Inquiry => self.inquiry_overdue(),
                // Polling, which follows, looks again.
                Timer::Blocks => {}
                Timer::Incoming(index) => self.incoming_overdue(index),
                Timer::Security(link) => self.security_overdue(link),
                Timer::Retry(link) => self.security_retry(link),
                Timer::Confirm(link) => self.question_overdue(link),
                Timer::Leaving(link) => self.leaving_overdue(link),
                Timer::Voice(link) => self.voice_overdue(link),
                Timer::Early => self.early_overdue(),
            }
        }
    }

    fn command_overdue(&mut self) {
        let Some(opcode) = self.commands.overdue() else { return };
        if !self.retries_reset() {
            let step = bringup::step_name(opcode);
            self.fail(Failure { step, opcode: Some(opcode), cause: Cause::TimedOut });
        }
    }

    /// Takes an ACL data packet, checks it and takes its header off; gives the link it belongs to.
    /// `None` if it belongs to none, or is damaged.
    #[inline]
    pub fn acl(&mut self, mut frame: Frame) -> Option<(LinkId, Boundary, Frame)> {
        let Ok(header) = AclHeader::parse(&frame) else {
            self.counters.malformed_acl += 1;
            return None;
        };
        let Some(link) = self.links.carrying(header.handle.raw()) else {
            self.hold_early(Channel::Acl, header.handle, frame);
            return None;
        };
        if header.broadcast != Broadcast::PointToPoint {
            self.counters.malformed_acl += 1;
            return None;
        }
        frame.advance(AclHeader::SIZE);
        Some((link, header.boundary, frame))
    }

    /// Sends a packet of the layer above (an L2CAP basic frame) over a link.
    pub fn send(&mut self, link: LinkId, pdu: Frame) -> Result<(), SendError> {
        if self.links.get(link).is_none_or(|link| link.is_leaving()) {
            return Err(SendError::NoLink);
        }
        self.outbound.push(link, pdu)
    }

    /// How many packets wait on a link for credits.
    pub fn waiting(&self, link: LinkId) -> usize {
        self.outbound.waiting(link)
    }

    /// Lets others find us, or not.
    pub fn set_discoverable(&mut self, now: Instant, on: bool) {
        self.now = now;
        self.scan.discoverable = on;
        self.update_scan();
    }

    /// Lets others connect, or not.
    pub fn set_connectable(&mut self, now: Instant, on: bool) {
        self.now = now;
        self.scan.connectable = on;
        self.update_scan();
    }

    /// Opens or ends pairing mode. A pairing that has begun goes on.
    pub fn set_pairable(&mut self, now: Instant, on: bool) {
        self.now = now;
        self.pairable = on;
    }

    /// Changes our name.
    pub fn set_name(&mut self, now: Instant, name: Name) {
        self.now = now;
        self.config.name = name;
        self.eir = bringup::eir_of(&self.config);
        if !self.is_up() {
            return;
        }
        let name = WireName::new(&self.config.name);
        let mut lost =
            self.commands.push(&Command::WriteLocalName { local_name: name }, Errand::None);
        if self.writes_eir() {
            let command = Command::WriteExtendedInquiryResponse {
                fec_required: false,
                extended_inquiry_response: self.eir.eir(),
            };
            lost = lost.and(self.commands.push(&command, Errand::None));
        }
        self.counters.commands_lost += u64::from(lost.is_err());
    }

    /// Changes whether the owner is asked when a phone pairs.
    pub fn set_confirmation(&mut self, confirm: crate::Confirmation) {
        self.config.confirm = confirm;
    }

    /// Changes the smallest encryption key that is good enough, for links that come; held to 7 to
    /// 16 octets.
    pub fn set_min_key_size(&mut self, octets: u8) {
        self.config.min_key_size = octets;
    }

    /// Whether a device has a bond that is of use with this controller and these settings.
    pub fn is_bonded(&self, address: Address) -> bool {
        self.bond(address).is_some()
    }

    fn bond(&self, address: Address) -> Option<&Bond> {
        let only = self.config.secure_connections == SecureConnections::Only;
        let bond = self.bonds.find(address, self.capabilities.info.address)?;
        (!only || bonds::is_p256(bond.key_type)).then_some(bond)
    }

    /// The bonds that are kept, in no order.
    pub fn bonds(&self) -> &[Bond] {
        self.bonds.all()
    }

    /// What the controller said about itself, as far as it did.
    pub fn info(&self) -> &ControllerInfo {
        &self.capabilities.info
    }

    /// What went wrong without consequence.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The other end of a link.
    pub fn address(&self, link: LinkId) -> Option<Address> {
        self.links.get(link).map(|link| link.address)
    }

    /// The link to a device, if there is one that is not going.
    pub fn link(&self, address: Address) -> Option<LinkId> {
        let id = self.links.by_address(address)?;
        (!self.links.get(id)?.is_leaving()).then_some(id)
    }

    fn output(&mut self, output: Output) {
        if self.outputs.len() < MAX_OUTPUTS {
            self.outputs.push_back(output);
        } else {
            self.counters.outputs_lost += 1;
        }
    }

    fn command(&mut self, command: &Command<'_>, errand: Errand) {
        self.command_or_not(command, errand);
    }

    /// Queues a command; says whether there was room.
    fn command_or_not(&mut self, command: &Command<'_>, errand: Errand) -> bool {
        let queued = self.commands.push(command, errand).is_ok();
        self.counters.commands_lost += u64::from(!queued);
        queued
    }
}
