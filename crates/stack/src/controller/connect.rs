//! How links come: connection requests, and the end of paging either way (Core 5.4, Vol 4, Part E,
//! 7.1.8, 7.1.9, 7.7.3, 7.7.4, 7.7.18).
//!
//! Strangers outside pairing mode are turned away here; a device that we page ourselves is accepted
//! without asking.

use pool::Instant;
use wire::Address;
use wire::h4::Channel;
use wire::hci::{ClassOfDevice, Command, Handle, LinkType, Role, Slots, Status};

use super::commands::Errand;
use super::config::{Authenticate, INCOMING_TIMEOUT};
use super::output::{Output, Warning};
use super::pending::{Incoming, PageState};
use super::timers::Timer;
use super::{Controller, OrderError};
use crate::{LinkId, MAX_LINKS};

impl Controller {
    /// Accepts a connection request, as central where the configuration wants it.
    pub fn accept(&mut self, now: Instant, address: Address) -> Result<(), OrderError> {
        self.now = now;
        let index = self.pending.slot(address).ok_or(OrderError::NoLink)?;
        if self.links.count() + self.pending.accepted() >= MAX_LINKS {
            self.reject(now, address, Status::REJECTED_LIMITED_RESOURCES)?;
            return Err(OrderError::Full);
        }
        let switch = self.config.central && self.pending.may_switch(address);
        if let Some(incoming) = self.pending.incoming[index].as_mut() {
            if incoming.accepted {
                return Ok(());
            }
            incoming.accepted = true;
            incoming.switch = switch;
        }
        let role = if switch { Role::Central } else { Role::Peripheral };
        let command = Command::AcceptConnectionRequest { bd_addr: address, role };
        self.command(&command, Errand::Peer(address));
        Ok(())
    }

    /// Turns a connection request away; `reason` is one of 0x0D, 0x0E, 0x0F.
    pub fn reject(
        &mut self,
        now: Instant,
        address: Address,
        reason: Status,
    ) -> Result<(), OrderError> {
        self.now = now;
        let index = self.pending.slot(address).ok_or(OrderError::NoLink)?;
        self.forget_incoming(index);
        self.turn_away(address, reason);
        Ok(())
    }

    fn turn_away(&mut self, address: Address, reason: Status) {
        let command = Command::RejectConnectionRequest { bd_addr: address, reason };
        self.command(&command, Errand::Peer(address));
        self.output(Output::Warning(Warning::TurnedAway { address, status: reason }));
    }

    pub(super) fn on_connection_request(
        &mut self,
        address: Address,
        class: ClassOfDevice,
        link_type: LinkType,
    ) {
        if link_type != LinkType::Acl {
            return self.on_voice_request(address, link_type);
        }
        let bonded = self.is_bonded(address);
        let wanted = self.pending.wants(address);
        if !bonded && !self.pairable && !wanted {
            let reason = Status::REJECTED_UNACCEPTABLE_BD_ADDR;
            return self.turn_away(address, reason);
        }
        let slot = self.pending.slot(address);
        let Some(index) = slot.or(self.pending.incoming.iter().position(Option::is_none)) else {
            let reason = Status::REJECTED_LIMITED_RESOURCES;
            return self.turn_away(address, reason);
        };
        let incoming = Incoming { address, class, accepted: false, switch: false, ours: false };
        self.pending.incoming[index] = Some(incoming);
        self.timers.arm(Timer::Incoming(index), self.now + INCOMING_TIMEOUT);
        if wanted {
            let _ = self.accept(self.now, address);
        } else {
            self.output(Output::ConnectionRequest { address, class, bonded });
        }
    }

    pub(super) fn forget_incoming(&mut self, index: usize) -> Option<Incoming> {
        self.timers.stop(Timer::Incoming(index));
        self.pending.incoming.get_mut(index)?.take()
    }

    /// A connection request came to nothing in time.
    pub(super) fn incoming_overdue(&mut self, index: usize) {
        if let Some(incoming) = self.forget_incoming(index) {
            let status = Status::CONNECTION_ACCEPT_TIMEOUT_EXCEEDED;
            self.connect_failed(incoming.address, status, incoming.ours);
            self.page_next();
        }
    }

    pub(super) fn connect_failed(&mut self, address: Address, status: Status, outgoing: bool) {
        self.output(Output::ConnectFailed { address, status, outgoing });
    }

    pub(super) fn accept_refused(&mut self, address: Address, status: Status) {
        if let Some(incoming) = self.pending.slot(address).and_then(|i| self.forget_incoming(i)) {
            self.connect_failed(address, status, incoming.ours);
            self.page_next();
        }
    }

    pub(super) fn on_connection_complete(
        &mut self,
        status: Status,
        handle: Handle,
        address: Address,
        link_type: LinkType,
    ) {
        if link_type != LinkType::Acl {
            return;
        }
        if status != Status::SUCCESS {
            return self.connection_failed(address, status);
        }
        let page = self.pending.page.take_if(|page| page.address == address);
        if page.is_some() {
            self.timers.stop(Timer::Page);
        }
        let wanted = self.pending.queue.iter().position(|&other| other == address);
        if let Some(index) = wanted {
            self.pending.queue.remove(index);
        }
        let incoming = self.pending.slot(address).and_then(|index| self.forget_incoming(index));
        let incoming = incoming.filter(|incoming| incoming.accepted);
        let cancelled = page.as_ref().and_then(|page| match page.state {
            PageState::Cancelling(why) => Some(why),
            _ => None,
        });
        let ours = page.is_some() || wanted.is_some() || incoming.as_ref().is_some_and(|i| i.ours);
        let expected = ours || incoming.is_some();
        let role = self.pending.early_role.take_if(|(other, _)| *other == address);
        let central = role.map_or(incoming.is_none(), |(_, central)| central);
        // A handle or an address that comes again: its earlier link ended without our being told.
        let old = [self.links.by_handle(handle), self.links.by_address(address)];
        for old in old.into_iter().flatten() {
            self.gone(old, Status::CONNECTION_ALREADY_EXISTS);
        }
        if let Some(old) = self.voice.by_handle(handle) {
            self.voice_gone(old, Status::CONNECTION_ALREADY_EXISTS);
        }
        let Some(id) = self.links.add(handle, address, central, ours) else {
            let reason = Status::REMOTE_TERMINATED_LOW_RESOURCES;
            self.command(&Command::Disconnect { connection_handle: handle, reason }, Errand::None);
            self.connect_failed(address, Status::CONNECTION_LIMIT_EXCEEDED, ours);
            return self.page_next();
        };
        self.outbound.open(id, handle);
        if let Some(why) = cancelled.filter(|_| incoming.is_none()) {
            self.connect_failed(address, why, true);
            self.leave(id, Status::REMOTE_USER_TERMINATED_CONNECTION);
        } else if !expected {
            self.leave(id, Status::REMOTE_USER_TERMINATED_CONNECTION);
        } else {
            self.link_up(id, incoming.map(|incoming| incoming.class), ours);
        }
        self.page_next();
    }

    fn link_up(&mut self, id: LinkId, class: Option<ClassOfDevice>, outgoing: bool) {
        let Some(link) = self.links.get_mut(id) else { return };
        link.announced = true;
        let (address, central, handle, serial) =
            (link.address, link.central, link.handle, link.serial);
        self.output(Output::Connected { link: id, address, class, outgoing, central });
        self.hand_on(Channel::Acl, handle);
        if !self.capabilities.default_link_policy {
            let link_policy_settings = self.capabilities.link_policy();
            let command = Command::WriteLinkPolicySettings {
                connection_handle: handle,
                link_policy_settings,
            };
            self.command(&command, Errand::Link(id, serial));
        }
        self.supervise(id);
        if self.config.authenticate == Authenticate::Always {
            self.begin_security(id);
        }
    }

    /// Sets the supervision time-out, which is the central's to set.
    fn supervise(&mut self, id: LinkId) {
        let timeout = self.config.supervision_timeout;
        let Some(link) = self.links.get_mut(id).filter(|link| link.central && !link.supervised)
        else {
            return;
        };
        link.supervised = true;
        let (handle, serial) = (link.handle, link.serial);
        let command = Command::WriteLinkSupervisionTimeout {
            connection_handle: handle,
            link_supervision_timeout: Slots(timeout),
        };
        if self.capabilities.commands.has(command.opcode()) {
            self.command(&command, Errand::Link(id, serial));
        }
    }

    fn connection_failed(&mut self, address: Address, status: Status) {
        let paged = self.pending.page.as_ref().is_some_and(|page| page.address == address);
        let accepted = self.pending.slot(address).filter(|&index| {
            self.pending.incoming[index].as_ref().is_some_and(|incoming| incoming.accepted)
        });
        let of_page = [
            Status::PAGE_TIMEOUT,
            Status::CONNECTION_ALREADY_EXISTS,
            Status::UNKNOWN_CONNECTION_IDENTIFIER,
        ];
        if let Some(index) = accepted.filter(|_| !paged || !of_page.contains(&status)) {
            let Some(incoming) = self.forget_incoming(index) else { return };
            let no_switch = [
                Status::ROLE_CHANGE_NOT_ALLOWED,
                Status::ROLE_SWITCH_PENDING,
                Status::ROLE_SWITCH_FAILED,
            ];
            if incoming.switch && no_switch.contains(&status) {
                self.pending.remember_no_switch(address);
            }
            if !paged {
                self.connect_failed(address, status, incoming.ours);
            }
            self.page_next();
        } else if paged {
            self.page_failed(status);
        } else {
            self.counters.stale_events += 1;
        }
    }

    pub(super) fn on_role_change(&mut self, status: Status, address: Address, role: Role) {
        let central = role == Role::Central;
        let Some(id) = self.links.by_address(address) else {
            if status == Status::SUCCESS {
                self.pending.early_role = Some((address, central));
            }
            return;
        };
        if status != Status::SUCCESS {
            return self.output(Output::RoleRefused { link: id, status });
        }
        let Some(link) = self.links.get_mut(id).filter(|link| link.central != central) else {
            return;
        };
        link.central = central;
        self.output(Output::RoleChanged { link: id, central });
        self.supervise(id);
    }
}
