//! Connecting to devices (Core 5.4, Vol 4, Part E, 7.1.5, 7.1.7).
//!
//! One page at a time, the others wait; a controller that is not ready is asked again. Where both
//! sides page each other, whichever connection stands first counts, and the other's end goes
//! unnoticed.

use core::time::Duration;

use pool::Instant;
use wire::Address;
use wire::hci::{ClockOffset, Command, Opcode, PacketTypes, PageScanRepetitionMode, Slots, Status};

use super::commands::Errand;
use super::config::{PAGE_MARGIN, slots};
use super::pending::{MAX_PAGES, Page, PageState};
use super::timers::Timer;
use super::{Controller, OrderError};
use crate::MAX_LINKS;

/// How often a page is tried that the controller is not ready for.
const PAGE_TRIES: u8 = 8;
/// What lies between these tries.
const PAGE_RETRY: Duration = Duration::from_secs(1);
/// How long a cancelled page may take to end.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(3);

impl Controller {
    /// Connects to a device, after the connections that were asked for before. Its end is
    /// [`Output::Connected`](super::Output::Connected) or [`Output::ConnectFailed`](super::Output::ConnectFailed).
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

    /// Gives up connecting to a device; [`Output::ConnectFailed`](super::Output::ConnectFailed) follows if that was under way.
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

    /// Changes how long a page may take, for those that begin from now on.
    pub fn set_page_timeout(&mut self, now: Instant, timeout: Slots) {
        self.now = now;
        let before = core::mem::replace(&mut self.config.page_timeout, timeout.0);
        let known = self.capabilities.commands.has(Opcode::WRITE_PAGE_TIMEOUT);
        if before != timeout.0 && self.is_up() && known {
            self.command(&Command::WritePageTimeout { page_timeout: timeout }, Errand::None);
        }
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
    pub(super) fn page_failed(&mut self, status: Status) {
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
}
