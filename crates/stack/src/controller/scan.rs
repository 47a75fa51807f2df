//! Who may find us and who may connect (Core 5.4, Vol 4, Part E, 7.3.18).
//!
//! One change is under way at a time; wishes that come meanwhile are merged into the next. A change
//! that the controller refuses is not repeated until the wish changes.

use wire::hci::{Command, ScanEnable, Status};

use super::Controller;
use super::commands::Errand;

/// What is wished, and what the controller was told.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) connectable: bool,
    pub(super) discoverable: bool,
    /// What the controller does, or what it refused to do.
    told: ScanEnable,
    under_way: Option<ScanEnable>,
}

impl Scan {
    pub(super) fn new() -> Self {
        Scan { connectable: false, discoverable: false, told: ScanEnable::None, under_way: None }
    }

    /// The controller was reset: it scans for nothing.
    pub(super) fn reset(&mut self) {
        self.told = ScanEnable::None;
        self.under_way = None;
    }

    fn wished(&self) -> ScanEnable {
        match (self.connectable, self.discoverable) {
            (false, false) => ScanEnable::None,
            (false, true) => ScanEnable::Inquiry,
            (true, false) => ScanEnable::Page,
            (true, true) => ScanEnable::InquiryAndPage,
        }
    }
}

impl Controller {
    /// Tells the controller of a wish that it does not follow yet.
    pub(super) fn update_scan(&mut self) {
        let wished = self.scan.wished();
        if !self.is_up() || self.scan.under_way.is_some() || self.scan.told == wished {
            return;
        }
        let command = Command::WriteScanEnable { scan_enable: wished };
        if self.command_or_not(&command, Errand::Scan) {
            self.scan.under_way = Some(wished);
        }
    }

    pub(super) fn scan_answered(&mut self, status: Status) {
        let Some(value) = self.scan.under_way.take() else { return };
        self.scan.told = value;
        if !status.is_success() {
            self.counters.refused_commands += 1;
        }
        self.update_scan();
    }
}
