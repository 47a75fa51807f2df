//! Roles, sniff mode and signal strength of links (Core 5.4, Vol 4, Part E, 7.2, 7.5.4).

use pool::Instant;
use wire::hci::{Command, Mode, Role, Slots, Status};

use super::commands::Errand;
use super::output::Output;
use super::{Controller, OrderError};
use crate::LinkId;

/// How far apart a sleeping link listens, at most and at least: 500 ms and 250 ms.
const SNIFF_INTERVAL: (Slots, Slots) = (Slots(800), Slots(400));
/// How many slots it then listens, and how many more after it was spoken to.
const SNIFF_ATTEMPT: (u16, u16) = (4, 1);

impl Controller {
    /// Asks to become central of a link. Its end is [`Output::RoleChanged`] or
    /// [`Output::RoleRefused`].
    pub fn request_role(&mut self, now: Instant, link: LinkId) -> Result<(), OrderError> {
        self.now = now;
        let (errand, bd_addr, central) = self.live(link, |l| (l.address, l.central))?;
        if central {
            return Ok(());
        }
        self.order(Command::SwitchRole { bd_addr, role: Role::Central }, errand)
    }

    /// Lets a link sleep between intervals. Its end is [`Output::ModeChanged`].
    pub fn sniff(&mut self, now: Instant, link: LinkId) -> Result<(), OrderError> {
        self.now = now;
        let (errand, handle, able) = self.live(link, |l| (l.handle, l.sniff))?;
        if !able {
            return Err(OrderError::NotSupported);
        }
        let command = Command::SniffMode {
            connection_handle: handle,
            sniff_max_interval: SNIFF_INTERVAL.0,
            sniff_min_interval: SNIFF_INTERVAL.1,
            sniff_attempt: SNIFF_ATTEMPT.0,
            sniff_timeout: SNIFF_ATTEMPT.1,
        };
        self.order(command, errand)
    }

    /// Wakes a link. Its end is [`Output::ModeChanged`].
    pub fn active(&mut self, now: Instant, link: LinkId) -> Result<(), OrderError> {
        self.now = now;
        let (errand, connection_handle, _) = self.live(link, |l| (l.handle, ()))?;
        self.order(Command::ExitSniffMode { connection_handle }, errand)
    }

    /// Reads how strongly a link is received; [`Output::Rssi`] follows if the controller can tell.
    pub fn read_rssi(&mut self, now: Instant, link: LinkId) -> Result<(), OrderError> {
        self.now = now;
        let (errand, handle, _) = self.live(link, |l| (l.handle, ()))?;
        self.order(Command::ReadRssi { connection_handle: handle }, errand)
    }

    /// Reads how well a link is received; [`Output::LinkQuality`] follows if the controller can tell.
    pub fn read_link_quality(&mut self, now: Instant, link: LinkId) -> Result<(), OrderError> {
        self.now = now;
        let (errand, handle, _) = self.live(link, |l| (l.handle, ()))?;
        self.order(Command::ReadLinkQuality { connection_handle: handle }, errand)
    }

    /// What is needed of a link that is not going, and whom its commands are for.
    fn live<A, B>(
        &self,
        id: LinkId,
        what: impl FnOnce(&super::link::Link) -> (A, B),
    ) -> Result<(Errand, A, B), OrderError> {
        let link = self.links.get(id).filter(|link| !link.is_leaving());
        let link = link.ok_or(OrderError::NoLink)?;
        let (a, b) = what(link);
        Ok((Errand::Link(id, link.serial), a, b))
    }

    /// Gives a command that the controller may not know.
    fn order(&mut self, command: Command<'_>, errand: Errand) -> Result<(), OrderError> {
        if !self.capabilities.commands.has(command.opcode()) {
            return Err(OrderError::NotSupported);
        }
        if self.command_or_not(&command, errand) { Ok(()) } else { Err(OrderError::Full) }
    }

    pub(super) fn on_mode_change(
        &mut self,
        id: LinkId,
        status: Status,
        mode: Mode,
        interval: Slots,
    ) {
        if status.is_success() {
            let sniff = mode == Mode::Sniff;
            self.output(Output::ModeChanged { link: id, sniff, interval: interval.0 });
        } else {
            self.counters.refused_commands += 1;
        }
    }
}
