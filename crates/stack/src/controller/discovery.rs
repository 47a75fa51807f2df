//! Looking for devices and asking for their names (Core 5.4, Vol 4, Part E, 7.1.1, 7.1.19).
//!
//! Names are asked for one at a time. An inquiry finds what it finds: results are passed on as they
//! come, and nothing is remembered of them.

use core::time::Duration;
use std::collections::VecDeque;

use pool::Instant;
use wire::Address;
use wire::hci::{ClassOfDevice, ClockOffset, Command, Event, Lap, PageScanRepetitionMode, Status};

use super::commands::Errand;
use super::config::NAME_TIMEOUT;
use super::output::Output;
use super::timers::Timer;
use super::{Controller, OrderError};
use crate::Name;

/// Name requests that wait at most.
pub const MAX_NAMES: usize = 8;
/// What the controller may take to end an inquiry that has run its time.
const INQUIRY_MARGIN: Duration = Duration::from_secs(3);

/// What is being asked.
#[derive(Debug)]
pub(super) struct Discovery {
    names: VecDeque<Address>,
    asking: Option<Address>,
    inquiring: bool,
}

impl Discovery {
    pub(super) fn new() -> Self {
        Discovery { names: VecDeque::with_capacity(MAX_NAMES), asking: None, inquiring: false }
    }

    pub(super) fn stop(&mut self) {
        self.names.clear();
        self.asking = None;
        self.inquiring = false;
    }
}

impl Controller {
    /// Asks for a device's name; [`Output::Name`] follows if it can be read.
    pub fn request_name(&mut self, now: Instant, address: Address) -> Result<(), OrderError> {
        self.now = now;
        if !self.is_up() {
            return Err(OrderError::NotUp);
        }
        if self.discovery.asking == Some(address) || self.discovery.names.contains(&address) {
            return Ok(());
        }
        if self.discovery.names.len() >= MAX_NAMES {
            return Err(OrderError::Full);
        }
        self.discovery.names.push_back(address);
        self.ask_next();
        Ok(())
    }

    fn ask_next(&mut self) {
        if self.discovery.asking.is_some() {
            return;
        }
        let Some(address) = self.discovery.names.pop_front() else { return };
        self.discovery.asking = Some(address);
        self.timers.arm(Timer::Name, self.now + NAME_TIMEOUT);
        let command = Command::RemoteNameRequest {
            bd_addr: address,
            page_scan_repetition_mode: PageScanRepetitionMode::R2,
            reserved: 0,
            clock_offset: ClockOffset::UNKNOWN,
        };
        self.command(&command, Errand::Peer(address));
    }

    pub(super) fn name_overdue(&mut self) {
        self.discovery.asking = None;
        self.ask_next();
    }

    /// A name was read, or cannot be.
    pub(super) fn name_ended(&mut self, address: Address, name: Option<&str>) {
        if self.discovery.asking == Some(address) {
            self.timers.stop(Timer::Name);
            self.discovery.asking = None;
        }
        if let Some(name) = name.and_then(|name| Name::try_from(name).ok()) {
            let local = self.capabilities.info.address;
            if let Some(bond) = self.bonds.named(address, local, &name) {
                self.output(Output::Store(bond));
            }
            self.output(Output::Name { address, name });
        }
        self.ask_next();
    }

    /// Looks for devices for so long, 1.28 s to 61.44 s; ends with [`Output::InquiryDone`].
    pub fn inquire(&mut self, now: Instant, length: Duration) -> Result<(), OrderError> {
        self.now = now;
        if !self.is_up() {
            return Err(OrderError::NotUp);
        }
        if self.discovery.inquiring {
            return Ok(());
        }
        let units = (length.as_millis() / 1280).clamp(1, 48) as u8;
        let command =
            Command::Inquiry { lap: Lap::GENERAL, inquiry_length: units, num_responses: 0 };
        if !self.command_or_not(&command, Errand::None) {
            return Err(OrderError::Full);
        }
        self.discovery.inquiring = true;
        let limit = Duration::from_millis(1280) * u32::from(units) + INQUIRY_MARGIN;
        self.timers.arm(Timer::Inquiry, self.now + limit);
        Ok(())
    }

    /// Stops looking.
    pub fn stop_inquiry(&mut self, now: Instant) {
        self.now = now;
        if self.discovery.inquiring {
            self.command(&Command::InquiryCancel {}, Errand::None);
            self.inquiry_ended(Status::SUCCESS);
        }
    }

    pub(super) fn inquiry_overdue(&mut self) {
        self.inquiry_ended(Status::CONNECTION_TIMEOUT);
    }

    pub(super) fn inquiry_ended(&mut self, status: Status) {
        if core::mem::take(&mut self.discovery.inquiring) {
            self.timers.stop(Timer::Inquiry);
            self.output(Output::InquiryDone(status));
        }
    }

    pub(super) fn on_found(&mut self, event: Event<'_>) {
        if !self.discovery.inquiring {
            self.counters.stale_events += 1;
            return;
        }
        match event {
            Event::InquiryResult { responses } => {
                for found in responses.iter() {
                    self.found(found.bd_addr, found.class_of_device, None, None);
                }
            }
            Event::InquiryResultWithRssi { responses } => {
                for found in responses.iter() {
                    self.found(found.bd_addr, found.class_of_device, Some(found.rssi), None);
                }
            }
            Event::ExtendedInquiryResult { response } => {
                let found = response.result;
                let name = response.extended_inquiry_response.name();
                self.found(found.bd_addr, found.class_of_device, Some(found.rssi), name);
            }
            _ => {}
        }
    }

    fn found(
        &mut self,
        address: Address,
        class: ClassOfDevice,
        rssi: Option<i8>,
        name: Option<&str>,
    ) {
        let name = name.and_then(|name| Name::try_from(name).ok());
        self.output(Output::Found { address, class, rssi, name });
    }
}
