//! How links come and go: connection requests, pages, disconnection (Core 5.4, Vol 4, Part E, 7.1.5
//! to 7.1.9, 7.7.3 to 7.7.5).
//!
//! One page at a time, the others wait. Where both sides page each other, whichever connection
//! stands first counts and the other's end goes unnoticed; a device that we page is accepted
//! without asking. Strangers outside pairing mode are turned away here. Voice links are refused.

use std::collections::VecDeque;

use pool::Instant;
use wire::Address;
use wire::hci::{
    ClassOfDevice, ClockOffset, Command, Handle, LinkType, PacketTypes, PageScanRepetitionMode,
    Role, Slots, Status,
};

use super::commands::Errand;
use super::config::{Authenticate, INCOMING_TIMEOUT, LEAVING_TIMEOUT, PAGE_MARGIN, slots};
use super::link::Stage;
use super::output::{Output, Warning};
use super::timers::{MAX_INCOMING, Timer};
use super::{Controller, OrderError};
use crate::{LinkId, MAX_LINKS};

/// Pages that wait at most.
pub const MAX_PAGES: usize = 8;
/// How often a page is tried that the controller is not ready for.
const PAGE_TRIES: u8 = 8;
/// What lies between these tries.
const PAGE_RETRY: core::time::Duration = core::time::Duration::from_secs(1);
/// How long a cancelled page may take to end.
const CANCEL_TIMEOUT: core::time::Duration = core::time::Duration::from_secs(3);
/// Devices remembered for not letting us be central.
const MAX_NO_SWITCH: usize = 8;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum PageState {
    /// The controller was not ready; the timer says when to try again.
    Held,
    /// Create Connection has been given.
    Paging,
    /// Create Connection Cancel has been given; what to say when it ends.
    Cancelling(Status),
}

#[derive(Debug)]
struct Page {
    address: Address,
    state: PageState,
    tries: u8,
}

#[derive(Debug)]
struct Incoming {
    address: Address,
    class: ClassOfDevice,
    accepted: bool,
    /// Whether we asked to be central.
    switch: bool,
    /// Whether a page of ours to the same device has already ended for its sake.
    ours: bool,
}

/// What is on its way to becoming a link.
#[derive(Debug)]
pub(super) struct Pending {
    queue: VecDeque<Address>,
    page: Option<Page>,
    incoming: [Option<Incoming>; MAX_INCOMING],
    /// Devices that did not let us be central.
    no_switch: heapless::Deque<Address, MAX_NO_SWITCH>,
    /// A role that was told before its link stood.
    early_role: Option<(Address, bool)>,
}

impl Pending {
    pub(super) fn new() -> Self {
        Pending {
            queue: VecDeque::with_capacity(MAX_PAGES),
            page: None,
            incoming: [const { None }; MAX_INCOMING],
            no_switch: heapless::Deque::new(),
            early_role: None,
        }
    }

    fn slot(&self, address: Address) -> Option<usize> {
        self.incoming.iter().position(|s| s.as_ref().is_some_and(|s| s.address == address))
    }

    fn wants(&self, address: Address) -> bool {
        self.queue.contains(&address) || self.page.as_ref().is_some_and(|p| p.address == address)
    }

    fn accepted(&self) -> usize {
        self.incoming.iter().flatten().filter(|incoming| incoming.accepted).count()
    }

    /// Whether a device let us be central, or was never asked.
    fn may_switch(&self, address: Address) -> bool {
        !self.no_switch.iter().any(|&other| other == address)
    }

    fn remember_no_switch(&mut self, address: Address) {
        if self.no_switch.is_full() {
            self.no_switch.pop_front();
        }
        let _ = self.no_switch.push_back(address);
    }
}

impl Controller {
    /// Connects to a device, after the connections that were asked for before. Its end is
    /// [`Output::Connected`] or [`Output::ConnectFailed`].
    pub fn connect(&mut self, now: Instant, address: Address) -> Result<(), OrderError> {
        self.now = now;
        if !self.is_up() {
            return Err(OrderError::NotUp);
        }
        let linked = self.links.by_address(address).and_then(|id| self.links.get(id));
        if linked.is_some_and(|link| !link.is_leaving()) {
            return Err(OrderError::Connected);
        }
        if self.pending.wants(address) {
            return Ok(());
        }
        if self.pending.queue.len() >= MAX_PAGES {
            return Err(OrderError::Full);
        }
        self.pending.queue.push_back(address);
        self.page_next();
        Ok(())
    }

    /// Gives up connecting to a device; [`Output::ConnectFailed`] follows if that was under way.
    pub fn cancel_connect(&mut self, now: Instant, address: Address) {
        self.now = now;
        let waiting = self.pending.queue.iter().position(|&other| other == address);
        if let Some(index) = waiting {
            self.pending.queue.remove(index);
            self.connect_failed(address, Status::OPERATION_CANCELLED_BY_HOST, true);
        } else if self.pending.page.as_ref().is_some_and(|page| page.address == address) {
            self.cancel_page(Status::OPERATION_CANCELLED_BY_HOST);
        }
    }

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

    /// Disconnects a link; [`Output::Disconnected`] follows, after 5 s at the latest.
    pub fn disconnect(
        &mut self,
        now: Instant,
        link: LinkId,
        reason: Status,
    ) -> Result<(), OrderError> {
        self.now = now;
        self.links.get(link).ok_or(OrderError::NoLink)?;
        self.leave(link, reason);
        Ok(())
    }

    pub(super) fn on_connection_request(
        &mut self,
        address: Address,
        class: ClassOfDevice,
        link_type: LinkType,
    ) {
        if link_type != LinkType::Acl {
            let reason = Status::REJECTED_LIMITED_RESOURCES;
            let command = Command::RejectSynchronousConnectionRequest { bd_addr: address, reason };
            return self.command(&command, Errand::Peer(address));
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

    fn forget_incoming(&mut self, index: usize) -> Option<Incoming> {
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

    fn connect_failed(&mut self, address: Address, status: Status, outgoing: bool) {
        self.output(Output::ConnectFailed { address, status, outgoing });
    }

    /// Starts the next page if none is under way.
    pub(super) fn page_next(&mut self) {
        while self.is_up() && self.pending.page.is_none() {
            let blocked = |address| {
                self.links.by_address(address).is_some() || self.pending.slot(address).is_some()
            };
            let Some(index) = self.pending.queue.iter().position(|&a| !blocked(a)) else { return };
            let leaving = self.links.ids().filter_map(|id| self.links.get(id));
            let leaving = leaving.filter(|link| link.is_leaving()).count();
            let full = self.links.count() + self.pending.accepted() >= MAX_LINKS;
            if full && leaving > 0 {
                return;
            }
            let Some(address) = self.pending.queue.remove(index) else { return };
            if full {
                self.connect_failed(address, Status::CONNECTION_LIMIT_EXCEEDED, true);
                continue;
            }
            self.pending.page = Some(Page { address, state: PageState::Held, tries: 0 });
            self.start_page();
        }
    }

    fn start_page(&mut self) {
        let allow = !self.config.central;
        let limit = slots(self.config.page_timeout) + PAGE_MARGIN;
        let Some(page) = self.pending.page.as_mut() else { return };
        page.state = PageState::Paging;
        page.tries += 1;
        let address = page.address;
        self.timers.arm(Timer::Page, self.now + limit);
        let command = Command::CreateConnection {
            bd_addr: address,
            packet_type: PacketTypes::ALL,
            page_scan_repetition_mode: PageScanRepetitionMode::R2,
            reserved: 0,
            clock_offset: ClockOffset::UNKNOWN,
            allow_role_switch: allow,
        };
        self.command(&command, Errand::Peer(address));
    }

    /// The page timer ran out.
    pub(super) fn page_overdue(&mut self) {
        let Some(page) = self.pending.page.as_ref() else { return };
        match page.state {
            PageState::Held => self.start_page(),
            PageState::Paging => self.cancel_page(Status::PAGE_TIMEOUT),
            PageState::Cancelling(status) => self.page_failed(status),
        }
    }

    fn cancel_page(&mut self, why: Status) {
        let Some(page) = self.pending.page.as_mut() else { return };
        let address = page.address;
        if page.state == PageState::Held {
            return self.page_failed(why);
        }
        page.state = PageState::Cancelling(why);
        self.timers.arm(Timer::Page, self.now + CANCEL_TIMEOUT);
        let command = Command::CreateConnectionCancel { bd_addr: address };
        self.command(&command, Errand::Peer(address));
    }

    /// Create Connection was refused.
    pub(super) fn page_refused(&mut self, address: Address, status: Status) {
        let Some(page) = self.pending.page.as_mut().filter(|page| page.address == address) else {
            return;
        };
        let not_ready = status == Status::COMMAND_DISALLOWED || status == Status::CONTROLLER_BUSY;
        if not_ready && page.tries < PAGE_TRIES && page.state == PageState::Paging {
            page.state = PageState::Held;
            self.timers.arm(Timer::Page, self.now + PAGE_RETRY);
        } else {
            self.page_failed(status);
        }
    }

    /// There was nothing to cancel.
    pub(super) fn cancel_refused(&mut self, address: Address, status: Status) {
        let page = self.pending.page.as_ref().filter(|page| page.address == address);
        if let Some(PageState::Cancelling(why)) = page.map(|page| page.state)
            && status == Status::UNKNOWN_CONNECTION_IDENTIFIER
        {
            self.page_failed(why);
        }
    }

    /// The page came to nothing.
    fn page_failed(&mut self, status: Status) {
        self.timers.stop(Timer::Page);
        let Some(page) = self.pending.page.take() else { return };
        let status = match page.state {
            PageState::Cancelling(why) => why,
            _ => status,
        };
        let linked = self.links.by_address(page.address).is_some();
        let slot = self.pending.slot(page.address);
        if let Some(incoming) = slot.and_then(|index| self.pending.incoming[index].as_mut()) {
            incoming.ours = true;
        } else if !linked {
            self.connect_failed(page.address, status, true);
        }
        self.page_next();
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
        let Some(id) = self.links.add(handle, address, central) else {
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

    /// Sends a link away.
    pub(super) fn leave(&mut self, id: LinkId, reason: Status) {
        let Some(link) = self.links.get_mut(id).filter(|link| !link.is_leaving()) else { return };
        let (handle, serial) = (link.handle, link.serial);
        link.fresh = None;
        self.links.silence(id);
        self.commands.withdraw(id, serial);
        for timer in [Timer::Security(id), Timer::Retry(id)] {
            self.timers.stop(timer);
        }
        self.close_question(id);
        let command = Command::Disconnect { connection_handle: handle, reason };
        let told = self.command_or_not(&command, Errand::Link(id, serial));
        if let Some(link) = self.links.get_mut(id) {
            link.stage = Stage::Leaving { told };
        }
        self.timers.arm(Timer::Leaving(id), self.now + LEAVING_TIMEOUT);
    }

    /// A link did not go in time.
    pub(super) fn leaving_overdue(&mut self, id: LinkId) {
        let Some(link) = self.links.get_mut(id) else { return };
        if link.stage == (Stage::Leaving { told: false }) {
            link.stage = Stage::Idle;
            self.leave(id, Status::REMOTE_USER_TERMINATED_CONNECTION);
        } else {
            self.gone(id, Status::CONNECTION_TERMINATED_BY_LOCAL_HOST);
        }
    }

    pub(super) fn on_disconnection_complete(
        &mut self,
        status: Status,
        handle: Handle,
        reason: Status,
    ) {
        match self.links.by_handle(handle) {
            Some(id) if status == Status::SUCCESS => self.gone(id, reason),
            Some(_) => {}
            None => self.counters.unknown_handles += 1,
        }
    }

    /// A link is no more.
    pub(super) fn gone(&mut self, id: LinkId, reason: Status) {
        self.close_question(id);
        let Some(link) = self.links.remove(id) else { return };
        self.counters.flushed += self.outbound.close(id) as u64;
        self.commands.withdraw(id, link.serial);
        let timers =
            [Timer::Security(id), Timer::Retry(id), Timer::Confirm(id), Timer::Leaving(id)];
        for timer in timers {
            self.timers.stop(timer);
        }
        if link.announced {
            self.output(Output::Disconnected { link: id, address: link.address, reason });
        }
        self.page_next();
    }

    /// Every link, page and request ends; the controller has forgotten them.
    pub(super) fn drop_all(&mut self, reason: Status) {
        let waiting: heapless::Vec<Address, { MAX_PAGES + 1 }> =
            (self.pending.page.iter().map(|page| page.address))
                .chain(self.pending.queue.iter().copied())
                .collect();
        self.pending.page = None;
        self.pending.queue.clear();
        self.pending.early_role = None;
        for index in 0..MAX_INCOMING {
            self.forget_incoming(index);
        }
        for id in self.links.ids() {
            self.gone(id, reason);
        }
        for address in waiting {
            self.connect_failed(address, reason, true);
        }
    }
}
