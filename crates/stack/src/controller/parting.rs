//! How links end (Core 5.4, Vol 4, Part E, 7.1.6, 7.7.5).
//!
//! A link that is sent away carries nothing more, and is forgotten after a while even if the
//! controller never says that it went. Its credits come back when it is gone.

use pool::Instant;
use wire::Address;
use wire::hci::{Command, Handle, Status};

use super::commands::Errand;
use super::config::LEAVING_TIMEOUT;
use super::link::Stage;
use super::output::Output;
use super::pending::MAX_PAGES;
use super::timers::{MAX_INCOMING, Timer};
use super::{Controller, OrderError};
use crate::LinkId;

impl Controller {
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

    /// Sends a link away.
    pub(super) fn leave(&mut self, id: LinkId, reason: Status) {
        // Where we go ourselves nobody stays; one that is turned away may try for ever, and bonds are files.
        let few = [Status::REMOTE_TERMINATED_POWER_OFF, Status::REMOTE_TERMINATED_LOW_RESOURCES];
        if let Some(address) = self.note_use(id)
            && !few.contains(&reason)
        {
            self.note_stays(address);
        }
        let Some(link) = self.links.get_mut(id).filter(|link| !link.is_leaving()) else { return };
        let (handle, serial) = (link.handle, link.serial);
        link.fresh = None;
        self.links.silence(id);
        self.commands.withdraw(Errand::Link(id, serial));
        self.cancel_voice(id);
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
            None => match self.voice.by_handle(handle) {
                Some(id) if status == Status::SUCCESS => self.voice_gone(id, reason),
                Some(_) => {}
                None => self.counters.unknown_handles += 1,
            },
        }
        self.drop_early(handle);
    }

    /// A link is no more.
    pub(super) fn gone(&mut self, id: LinkId, reason: Status) {
        if let Some(address) = self.note_use(id) {
            self.note_stays(address);
        }
        self.close_question(id);
        self.end_voice(id, reason);
        let Some(link) = self.links.remove(id) else { return };
        self.counters.flushed += self.outbound.close(id) as u64;
        self.commands.withdraw(Errand::Link(id, link.serial));
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

    /// A secured link is about to end: its device was in use until now, later than any that has no link.
    /// Gives the device, once.
    fn note_use(&mut self, id: LinkId) -> Option<Address> {
        let link = self.links.get_mut(id)?;
        if !core::mem::take(&mut link.secured) {
            return None;
        }
        let (address, local) = (link.address, self.capabilities.info.address);
        let away = |address| self.links.by_address(address).is_none();
        if self.bonds.is_behind(address, away)
            && let Some(bond) = self.bonds.used(address, local)
        {
            self.output(Output::Store(bond));
        }
        Some(address)
    }

    /// A device goes: those that stay are in use later than it, in the order that they had, and are to be
    /// known for it even if the power fails before they go.
    fn note_stays(&mut self, gone: Address) {
        let local = self.capabilities.info.address;
        let next = |own: &Self| {
            let secured = own.links.ids().filter_map(|id| own.links.get(id)).filter(|l| l.secured);
            let bonds = secured.filter_map(|link| own.bonds.find(link.address, local));
            let behind = bonds.filter(|b| own.bonds.is_behind(b.address, |rival| rival == gone));
            behind.min_by_key(|bond| bond.last_used).map(|bond| bond.address)
        };
        while let Some(address) = next(self)
            && let Some(bond) = self.bonds.used(address, local)
        {
            self.output(Output::Store(bond));
        }
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
        // Together: none of them is used longer than another.
        for id in self.links.ids() {
            self.note_use(id);
        }
        for id in self.links.ids() {
            self.gone(id, reason);
        }
        for index in 0..MAX_INCOMING {
            if let Some(ours) = self.forget_incoming(index).filter(|incoming| incoming.ours) {
                self.connect_failed(ours.address, reason, true);
            }
        }
        for address in waiting {
            self.connect_failed(address, reason, true);
        }
    }
}
