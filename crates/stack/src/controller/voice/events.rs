//! What the controller and the clock say of voice links.

use wire::Address;
use wire::h4::Channel;
use wire::hci::{Command, Handle, LinkType, Opcode, Status};

use super::{
    Controller, End, Errand, OrderError, Output, Stage, Timer, VOICE_ANSWER_TIMEOUT, parameters,
};
use crate::LinkId;

impl Controller {
    /// The peer wants a voice link.
    pub(in super::super) fn on_voice_request(&mut self, address: Address, link_type: LinkType) {
        let link = self.links.by_address(address).filter(|&link| self.carrier(link).is_some());
        let Some(link) = link else {
            return self.turn_down(address, Status::REJECTED_LIMITED_RESOURCES);
        };
        let wanted = link_type == LinkType::Esco;
        match self.voice.stage(link) {
            Stage::Idle => self.output(Output::VoiceRequested { link, extended: wanted }),
            // It asks anew: the earlier request has come to nothing without our being told.
            Stage::Asked { .. } => {}
            Stage::SettingUp { codec, set, enhanced, crossed: None } => {
                let crossed = Some(wanted);
                self.voice.set_stage(link, Stage::SettingUp { codec, set, enhanced, crossed });
                return self.timers.arm(Timer::Voice(link), self.now + VOICE_ANSWER_TIMEOUT);
            }
            _ => return self.turn_down(address, Status::REJECTED_LIMITED_RESOURCES),
        }
        self.voice.set_stage(link, Stage::Asked { extended: wanted });
        self.timers.arm(Timer::Voice(link), self.now + VOICE_ANSWER_TIMEOUT);
    }

    pub(in super::super) fn on_synchronous_connection_complete(
        &mut self,
        status: Status,
        handle: Handle,
        address: Address,
        link_type: LinkType,
    ) {
        let link = self.links.by_address(address);
        match link {
            Some(link) if status.is_success() => self.voice_stands(link, handle, link_type),
            Some(link) if self.was_turned_down(link, status) => {}
            Some(link) => self.voice_fell(link, status),
            None => {
                self.counters.stale_events += 1;
                if status.is_success() {
                    self.disconnect_stray(handle);
                }
            }
        }
    }

    /// Nobody wants this connection, and nobody is told of it.
    fn disconnect_stray(&mut self, connection_handle: Handle) {
        let reason = Status::REMOTE_USER_TERMINATED_CONNECTION;
        self.command(&Command::Disconnect { connection_handle, reason }, Errand::None);
    }

    fn voice_stands(&mut self, link: LinkId, handle: Handle, link_type: LinkType) {
        let other = self.voice.by_handle(handle).filter(|&other| other != link);
        if let Some(other) = other {
            // A handle that comes again: its earlier connection ended without our being told.
            self.voice_gone(other, Status::CONNECTION_ALREADY_EXISTS);
        }
        let stage = self.voice.stage(link);
        let twice = self.voice.by_handle(handle).is_some();
        if twice || self.links.by_handle(handle).is_some() {
            self.counters.stale_events += 1;
            return;
        }
        if let Stage::Open | Stage::Closing { .. } = stage {
            self.counters.stale_events += 1;
            return self.disconnect_stray(handle);
        }
        if let Some(voice) = self.voice.get_mut(link) {
            voice.handle = Some(handle);
        }
        let (codec, crossed) = match stage {
            Stage::Accepting { codec, .. } => (codec, false),
            Stage::SettingUp { codec, crossed, .. } => (codec, crossed.is_some()),
            stage => {
                if let Stage::Asked { .. } = stage {
                    // It did not wait for our answer.
                    self.voice_failed(link, Status::OPERATION_CANCELLED_BY_HOST);
                }
                let cancelled = stage == Stage::Cancelled;
                let end = if cancelled { End::Cancelled } else { End::Nothing };
                let reason = Status::REMOTE_USER_TERMINATED_CONNECTION;
                return self.part_voice(link, reason, end);
            }
        };
        self.voice.set_stage(link, Stage::Open);
        if let Some(place) = self.voice.handles.get_mut(link.0 as usize) {
            *place = handle.raw();
        }
        self.timers.stop(Timer::Voice(link));
        if let Some(address) = self.address(link).filter(|_| crossed) {
            self.turn_down(address, Status::REJECTED_LIMITED_RESOURCES);
        }
        let extended = link_type == LinkType::Esco;
        self.output(Output::VoiceOpened { link, handle: handle.raw(), codec, extended });
        self.hand_on(Channel::Synchronous, handle);
    }

    /// Whether this is the end of what the peer wanted and did not get. (If it is the end of something
    /// of ours instead, with the same status, then the other end is yet to come.)
    fn was_turned_down(&mut self, link: LinkId, status: Status) -> bool {
        let voice = self.voice.get_mut(link);
        voice.is_some_and(|voice| voice.turned_down.take_if(|reason| *reason == status).is_some())
    }

    /// A connection did not come to be.
    fn voice_fell(&mut self, link: LinkId, status: Status) {
        match self.voice.stage(link) {
            Stage::Asked { .. } | Stage::Accepting { .. } => self.voice_failed(link, status),
            Stage::SettingUp { .. } => self.set_fell(link, status),
            Stage::Cancelled => self.voice_failed(link, Status::OPERATION_CANCELLED_BY_HOST),
            Stage::Idle | Stage::Open | Stage::Closing { .. } => self.counters.stale_events += 1,
        }
    }

    /// A parameter set came to nothing: the peer's own request is taken in its place, or else the
    /// next set.
    fn set_fell(&mut self, link: LinkId, status: Status) {
        let Stage::SettingUp { codec, set, enhanced, crossed } = self.voice.stage(link) else {
            return;
        };
        let result = match crossed {
            Some(extended) => self.agree(link, codec, extended),
            None if parameters::another_may_mend(status) => {
                let next = parameters::next(codec, set + 1, self.capabilities.features);
                match next {
                    Some(set) => self.try_set(link, codec, set, enhanced),
                    None => Err(OrderError::NotSupported),
                }
            }
            None => Err(OrderError::NotSupported),
        };
        if result.is_err() {
            let address = self.address(link).filter(|_| crossed.is_some());
            self.voice_failed(link, status);
            if let Some(address) = address {
                self.turn_down(address, Status::REJECTED_LIMITED_RESOURCES);
            }
        }
    }

    /// A command for a voice link was refused.
    pub(in super::super) fn on_voice_refused(
        &mut self,
        opcode: Opcode,
        link: LinkId,
        serial: u32,
        status: Status,
    ) {
        if self.voice.get_mut(link).is_none_or(|voice| voice.serial != serial) {
            return;
        }
        if status == Status::UNKNOWN_HCI_COMMAND {
            // Whatever it said at first.
            self.capabilities.commands.set(opcode, false);
        }
        let other = self.other_form(opcode, status);
        let retried = match self.voice.stage(link) {
            Stage::SettingUp { codec, set, crossed: None, .. } if other => {
                self.try_set(link, codec, set, true)
            }
            Stage::Accepting { codec, extended, .. } if other => {
                self.try_accept(link, codec, extended, true)
            }
            Stage::Accepting { .. } => {
                if let Some(address) = self.address(link) {
                    self.turn_down(address, Status::REJECTED_LIMITED_RESOURCES);
                }
                Err(OrderError::NotSupported)
            }
            Stage::Closing { .. } if status == Status::UNKNOWN_CONNECTION_IDENTIFIER => {
                return self.voice_gone(link, Status::CONNECTION_TERMINATED_BY_LOCAL_HOST);
            }
            Stage::Closing { .. } => return,
            _ => Err(OrderError::NotSupported),
        };
        if retried.is_err() {
            self.voice_fell(link, status);
        }
    }

    /// Whether a refused command has an enhanced form that may be taken instead.
    fn other_form(&self, opcode: Opcode, status: Status) -> bool {
        let enhanced = match opcode {
            Opcode::SETUP_SYNCHRONOUS_CONNECTION => Opcode::ENHANCED_SETUP_SYNCHRONOUS_CONNECTION,
            Opcode::ACCEPT_SYNCHRONOUS_CONNECTION_REQUEST => {
                Opcode::ENHANCED_ACCEPT_SYNCHRONOUS_CONNECTION_REQUEST
            }
            _ => return false,
        };
        let unknown = [Status::UNKNOWN_HCI_COMMAND, Status::UNSUPPORTED_FEATURE_OR_PARAMETER_VALUE];
        unknown.contains(&status) && self.capabilities.commands.has(enhanced)
    }

    /// A request could not be turned down.
    pub(in super::super) fn turning_down_refused(&mut self, address: Address) {
        self.set_turned_down(address, None);
    }

    /// The time of a voice link's stage is over.
    pub(in super::super) fn voice_overdue(&mut self, link: LinkId) {
        let peer = self.address(link);
        let turn_down = match self.voice.stage(link) {
            Stage::Idle | Stage::Open => return,
            Stage::Asked { .. } => {
                self.voice_failed(link, Status::CONNECTION_ACCEPT_TIMEOUT_EXCEEDED);
                true
            }
            Stage::Accepting { .. } => {
                self.voice_failed(link, Status::LMP_RESPONSE_TIMEOUT);
                false
            }
            Stage::SettingUp { crossed, .. } => {
                self.voice_failed(link, Status::LMP_RESPONSE_TIMEOUT);
                crossed.is_some()
            }
            Stage::Cancelled => {
                self.voice_failed(link, Status::OPERATION_CANCELLED_BY_HOST);
                false
            }
            Stage::Closing { reason, told: false, end } => {
                return self.part_voice(link, reason, end);
            }
            Stage::Closing { .. } => {
                return self.voice_gone(link, Status::CONNECTION_TERMINATED_BY_LOCAL_HOST);
            }
        };
        if let Some(address) = peer.filter(|_| turn_down) {
            self.turn_down(address, Status::REJECTED_LIMITED_RESOURCES);
        }
    }
}
