//! Synchronous connections, SCO and eSCO, which carry voice (Core 5.4, Vol 4, Part E, 7.1.26–7.1.28,
//! 7.1.45, 7.1.46, 7.7.35, 7.7.36; HFP 1.8, 5.7): at most one for an ACL link, either side's, ended
//! with it.
//!
//! What we set up is tried with one parameter set after the other. A request of the peer's may wait
//! for its answer; one that crosses a set-up of ours waits for what becomes of that, and takes its
//! place if it fails. Every [`Output::VoiceRequested`] that is not turned down, and every set-up, ends
//! in [`Output::VoiceOpened`] or [`Output::VoiceFailed`]; what opened ends in
//! [`Output::VoiceClosed`].
//!
//! The legacy commands are used, which every controller of Bluetooth 1.2 and later has and which
//! work where the enhanced ones are known to be broken; those by configuration, or where the legacy
//! ones are refused.
//!
//! Not here: changing a connection that stands, codecs in the controller other than CVSD, the
//! commands of Bluetooth 1.1 (Add SCO Connection).

mod data;
mod events;
mod parameters;

use core::time::Duration;
use std::collections::VecDeque;

use pool::{Frame, Instant};
use wire::Address;
use wire::hci::{Command, Handle, Opcode, Status};

use super::commands::Errand;
use super::link::{Link, NO_HANDLE};
use super::output::Output;
use super::timers::Timer;
use super::{Controller, LEAVING_TIMEOUT, OrderError};
use crate::{LinkId, MAX_LINKS, VoiceCodec};

pub use data::VOICE_QUEUE;

/// A request that nobody has answered by then is turned down: the controller, which waits for 5 s,
/// must not be left to say that we did not answer.
pub const VOICE_ANSWER_TIMEOUT: Duration = Duration::from_millis(4500);
/// What was accepted or set up stands or fails within this time: the peer's host may wait for 5 s,
/// too. Each parameter set has it anew.
pub const VOICE_TIMEOUT: Duration = Duration::from_secs(10);

/// How far the voice link of an ACL link has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// There is none.
    Idle,
    /// The peer wants one, and has no answer yet.
    Asked { extended: bool },
    /// We agreed.
    Accepting { codec: VoiceCodec, extended: bool, enhanced: bool },
    /// We want one, with this set; perhaps the peer does, too, and has no answer yet.
    SettingUp { codec: VoiceCodec, set: usize, enhanced: bool, crossed: Option<bool> },
    /// It is no longer wanted, but the controller cannot be stopped.
    Cancelled,
    /// It stands.
    Open,
    /// It is being disconnected.
    Closing { reason: Status, told: bool, end: End },
}

/// What is told when a connection is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Closed,
    Cancelled,
    Nothing,
}

/// The voice link of an ACL link.
#[derive(Clone, Copy, Debug)]
struct Voice {
    stage: Stage,
    handle: Option<Handle>,
    /// Tells its commands from those of earlier attempts.
    serial: u32,
    /// The peer was turned down with this: the controller will say that a connection failed.
    turned_down: Option<Status>,
}

const IDLE: Voice = Voice { stage: Stage::Idle, handle: None, serial: 0, turned_down: None };

/// The voice links of all ACL links.
#[derive(Debug)]
pub(super) struct Voices {
    slots: [Voice; MAX_LINKS],
    /// The handles of those that carry data.
    handles: [u16; MAX_LINKS],
    serial: u32,
    /// Packets for the controller, header and all.
    queue: VecDeque<(LinkId, Frame)>,
}

impl Voices {
    pub(super) fn new() -> Self {
        Voices {
            slots: [IDLE; MAX_LINKS],
            handles: [NO_HANDLE; MAX_LINKS],
            serial: 0,
            queue: VecDeque::with_capacity(VOICE_QUEUE * MAX_LINKS),
        }
    }

    fn stage(&self, link: LinkId) -> Stage {
        self.slots.get(link.0 as usize).map_or(Stage::Idle, |voice| voice.stage)
    }

    fn get_mut(&mut self, link: LinkId) -> Option<&mut Voice> {
        self.slots.get_mut(link.0 as usize)
    }

    fn set_stage(&mut self, link: LinkId, stage: Stage) {
        if let Some(voice) = self.get_mut(link) {
            voice.stage = stage;
        }
    }

    pub(super) fn by_handle(&self, handle: Handle) -> Option<LinkId> {
        let index = self.slots.iter().position(|voice| voice.handle == Some(handle))?;
        Some(LinkId(index as u8))
    }

    /// No more data passes.
    fn silence(&mut self, link: LinkId) -> usize {
        if let Some(handle) = self.handles.get_mut(link.0 as usize) {
            *handle = NO_HANDLE;
        }
        let before = self.queue.len();
        self.queue.retain(|(other, _)| *other != link);
        before - self.queue.len()
    }
}

impl Controller {
    /// Sets up a voice link; [`Output::VoiceOpened`] or [`Output::VoiceFailed`] follows.
    pub fn setup_voice(
        &mut self,
        now: Instant,
        link: LinkId,
        codec: VoiceCodec,
    ) -> Result<(), OrderError> {
        self.now = now;
        self.carrier(link).ok_or(OrderError::NoLink)?;
        if self.voice.stage(link) != Stage::Idle {
            return Err(OrderError::Connected);
        }
        let commands =
            [Opcode::SETUP_SYNCHRONOUS_CONNECTION, Opcode::ENHANCED_SETUP_SYNCHRONOUS_CONNECTION];
        let enhanced = self.enhanced(commands).ok_or(OrderError::NotSupported)?;
        let set = parameters::next(codec, 0, self.capabilities.features);
        let set = set.ok_or(OrderError::NotSupported)?;
        self.try_set(link, codec, set, enhanced)
    }

    /// Accepts the voice link that the peer wants; [`Output::VoiceOpened`] or
    /// [`Output::VoiceFailed`] follows. On SCO it is CVSD, whatever was agreed on.
    pub fn accept_voice(
        &mut self,
        now: Instant,
        link: LinkId,
        codec: VoiceCodec,
    ) -> Result<(), OrderError> {
        self.now = now;
        let Stage::Asked { extended } = self.voice.stage(link) else {
            return Err(OrderError::NoLink);
        };
        self.carrier(link).ok_or(OrderError::NoLink)?;
        self.agree(link, codec, extended)
    }

    /// Turns down the voice link that the peer wants; nothing follows. Of the reasons the
    /// specification allows 0x0D to 0x0F, and any other becomes 0x0D (limited resources).
    pub fn reject_voice(
        &mut self,
        now: Instant,
        link: LinkId,
        reason: Status,
    ) -> Result<(), OrderError> {
        self.now = now;
        let Stage::Asked { .. } = self.voice.stage(link) else { return Err(OrderError::NoLink) };
        let allowed = Status::REJECTED_LIMITED_RESOURCES..=Status::REJECTED_UNACCEPTABLE_BD_ADDR;
        let reason =
            if allowed.contains(&reason) { reason } else { Status::REJECTED_LIMITED_RESOURCES };
        let address = self.address(link).ok_or(OrderError::NoLink)?;
        self.idle(link);
        self.turn_down(address, reason);
        Ok(())
    }

    /// Closes a voice link, whatever has become of it: [`Output::VoiceClosed`] follows if it stood,
    /// [`Output::VoiceFailed`] if it was on its way, and nothing if the peer has only asked for it.
    pub fn close_voice(
        &mut self,
        now: Instant,
        link: LinkId,
        reason: Status,
    ) -> Result<(), OrderError> {
        self.now = now;
        match self.voice.stage(link) {
            Stage::Idle => return Err(OrderError::NoLink),
            Stage::Asked { .. } => {
                return self.reject_voice(now, link, Status::REJECTED_LIMITED_RESOURCES);
            }
            Stage::Accepting { .. } | Stage::SettingUp { .. } => self.cancel_voice(link),
            Stage::Open => self.part_voice(link, reason, End::Closed),
            Stage::Cancelled | Stage::Closing { .. } => {}
        }
        Ok(())
    }

    /// The ACL link, if it can carry voice.
    fn carrier(&self, link: LinkId) -> Option<&Link> {
        self.links.get(link).filter(|link| !link.is_leaving())
    }

    /// Which of a legacy command and its enhanced form is to be used: whether the latter.
    fn enhanced(&self, [legacy, enhanced]: [Opcode; 2]) -> Option<bool> {
        let commands = &self.capabilities.commands;
        match (commands.has(legacy), commands.has(enhanced)) {
            (true, has) => Some(has && self.config.enhanced_voice),
            (false, true) => Some(true),
            (false, false) => None,
        }
    }

    /// Asks for a connection with one parameter set.
    fn try_set(
        &mut self,
        link: LinkId,
        codec: VoiceCodec,
        set: usize,
        enhanced: bool,
    ) -> Result<(), OrderError> {
        let connection_handle = self.carrier(link).ok_or(OrderError::NoLink)?.handle;
        let parameters = parameters::of_set(codec, set).ok_or(OrderError::NotSupported)?;
        let command = if enhanced {
            let parameters = parameters::enhanced(codec, parameters);
            Command::EnhancedSetupSynchronousConnection { connection_handle, parameters }
        } else {
            Command::SetupSynchronousConnection { connection_handle, parameters }
        };
        self.attempt(link, &command, Stage::SettingUp { codec, set, enhanced, crossed: None })
    }

    /// Agrees to what the peer wants.
    fn agree(&mut self, link: LinkId, codec: VoiceCodec, extended: bool) -> Result<(), OrderError> {
        // What was agreed on is for eSCO; a peer that falls back to SCO means CVSD.
        let codec = if extended { codec } else { VoiceCodec::Cvsd };
        let commands = [
            Opcode::ACCEPT_SYNCHRONOUS_CONNECTION_REQUEST,
            Opcode::ENHANCED_ACCEPT_SYNCHRONOUS_CONNECTION_REQUEST,
        ];
        let enhanced = self.enhanced(commands).ok_or(OrderError::NotSupported)?;
        self.try_accept(link, codec, extended, enhanced)
    }

    fn try_accept(
        &mut self,
        link: LinkId,
        codec: VoiceCodec,
        extended: bool,
        enhanced: bool,
    ) -> Result<(), OrderError> {
        let bd_addr = self.carrier(link).ok_or(OrderError::NoLink)?.address;
        let parameters = parameters::acceptable(codec, extended);
        let command = if enhanced {
            let parameters = parameters::enhanced(codec, parameters);
            Command::EnhancedAcceptSynchronousConnectionRequest { bd_addr, parameters }
        } else {
            Command::AcceptSynchronousConnectionRequest { bd_addr, parameters }
        };
        self.attempt(link, &command, Stage::Accepting { codec, extended, enhanced })
    }

    /// Gives a command that is to bring a connection about.
    fn attempt(
        &mut self,
        link: LinkId,
        command: &Command<'_>,
        stage: Stage,
    ) -> Result<(), OrderError> {
        self.voice.serial = self.voice.serial.wrapping_add(1);
        let serial = self.voice.serial;
        if !self.command_or_not(command, Errand::Voice(link, serial)) {
            return Err(OrderError::Full);
        }
        if let Some(voice) = self.voice.get_mut(link) {
            voice.stage = stage;
            voice.serial = serial;
        }
        self.timers.arm(Timer::Voice(link), self.now + VOICE_TIMEOUT);
        Ok(())
    }

    /// Turns down a peer that wants a voice link, unless it is being told so already.
    fn turn_down(&mut self, address: Address, reason: Status) {
        let errand = Errand::Peer(address);
        if self.commands.holds(Opcode::REJECT_SYNCHRONOUS_CONNECTION_REQUEST, errand) {
            return;
        }
        let command = Command::RejectSynchronousConnectionRequest { bd_addr: address, reason };
        if self.command_or_not(&command, errand) {
            self.set_turned_down(address, Some(reason));
        }
    }

    fn set_turned_down(&mut self, address: Address, reason: Option<Status>) {
        let link = self.links.by_address(address);
        if let Some(voice) = link.and_then(|link| self.voice.get_mut(link)) {
            voice.turned_down = reason;
        }
    }

    /// Gives up what is on its way. What the controller has been told it must end by itself.
    pub(super) fn cancel_voice(&mut self, link: LinkId) {
        let stage = self.voice.stage(link);
        let (accepting, crossed) = match stage {
            Stage::Accepting { .. } => (true, false),
            Stage::SettingUp { crossed, .. } => (false, crossed.is_some()),
            _ => return,
        };
        let serial = self.voice.get_mut(link).map_or(0, |voice| voice.serial);
        let withdrawn = self.commands.withdraw(Errand::Voice(link, serial));
        let address = self.address(link).filter(|_| crossed || (accepting && withdrawn));
        if let Some(address) = address {
            self.turn_down(address, Status::REJECTED_LIMITED_RESOURCES);
        }
        if withdrawn {
            self.voice_failed(link, Status::OPERATION_CANCELLED_BY_HOST);
        } else {
            self.voice.set_stage(link, Stage::Cancelled);
        }
    }

    /// Disconnects a connection that stands.
    fn part_voice(&mut self, link: LinkId, reason: Status, end: End) {
        self.counters.flushed += self.voice.silence(link) as u64;
        let Some(voice) = self.voice.get_mut(link) else { return };
        let (serial, Some(connection_handle)) = (voice.serial, voice.handle) else { return };
        let command = Command::Disconnect { connection_handle, reason };
        let told = self.command_or_not(&command, Errand::Voice(link, serial));
        self.voice.set_stage(link, Stage::Closing { reason, told, end });
        self.timers.arm(Timer::Voice(link), self.now + LEAVING_TIMEOUT);
    }

    fn idle(&mut self, link: LinkId) {
        self.timers.stop(Timer::Voice(link));
        if let Some(voice) = self.voice.get_mut(link) {
            voice.stage = Stage::Idle;
            self.commands.withdraw(Errand::Voice(link, voice.serial));
        }
    }

    fn voice_failed(&mut self, link: LinkId, status: Status) {
        self.idle(link);
        self.output(Output::VoiceFailed { link, status });
    }

    /// A connection is no more.
    pub(super) fn voice_gone(&mut self, link: LinkId, reason: Status) {
        self.counters.flushed += self.voice.silence(link) as u64;
        let end = match self.voice.stage(link) {
            Stage::Closing { end, .. } => end,
            _ => End::Closed,
        };
        if let Some(voice) = self.voice.get_mut(link) {
            voice.handle = None;
        }
        self.idle(link);
        match end {
            End::Closed => self.output(Output::VoiceClosed { link, reason }),
            End::Cancelled => self.voice_failed(link, Status::OPERATION_CANCELLED_BY_HOST),
            End::Nothing => {}
        }
    }

    /// The ACL link is no more.
    pub(super) fn end_voice(&mut self, link: LinkId, reason: Status) {
        match self.voice.stage(link) {
            Stage::Idle => {}
            Stage::Open | Stage::Closing { .. } => self.voice_gone(link, reason),
            Stage::Cancelled => self.voice_failed(link, Status::OPERATION_CANCELLED_BY_HOST),
            Stage::Asked { .. } | Stage::Accepting { .. } | Stage::SettingUp { .. } => {
                self.voice_failed(link, reason);
            }
        }
        if let Some(voice) = self.voice.get_mut(link) {
            *voice = IDLE;
        }
    }
}
