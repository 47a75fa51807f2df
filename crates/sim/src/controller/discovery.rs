//! Inquiry: finding devices (7.1.1; Vol 2, Part B, 8.4).

use core::time::Duration;

use wire::Address;
use wire::hci::{
    ClassOfDevice, ClockOffset, Command, Eir, Event, ExtendedInquiryResult, InquiryMode,
    InquiryResult, InquiryResultWithRssi, Lap, List, PageScanRepetitionMode, ScanEnable, Status,
};

use super::Controller;
use super::commands::Answer;
use crate::medium::{Medium, Serial, Timer};

/// An inquiry under way.
#[derive(Debug)]
pub(super) struct Inquiry {
    attempt: Serial,
    lap: Lap,
    /// How many more may be found; `None` is any number.
    left: Option<u8>,
}

/// What a device says when an inquiry finds it.
#[derive(Debug)]
pub(crate) struct Card {
    address: Address,
    class: ClassOfDevice,
    eir: Vec<u8>,
    rssi: i8,
    laps: Vec<Lap>,
}

impl Controller {
    pub(super) fn discovery_command(
        &mut self,
        medium: &mut Medium,
        command: &Command<'_>,
    ) -> Option<Answer> {
        Some(match *command {
            Command::Inquiry { lap, inquiry_length, num_responses } => {
                self.inquire(medium, lap, inquiry_length, num_responses)
            }
            Command::InquiryCancel {} => match self.inquiry.take() {
                Some(_) => Answer::OK,
                None => Answer::failed(Status::COMMAND_DISALLOWED),
            },
            _ => return None,
        })
    }

    fn inquire(&mut self, medium: &mut Medium, lap: Lap, length: u8, responses: u8) -> Answer {
        if !(0x01..=0x30).contains(&length) {
            return Answer::Status(Status::INVALID_HCI_COMMAND_PARAMETERS);
        }
        if self.inquiry.is_some() {
            return Answer::Status(Status::COMMAND_DISALLOWED);
        }
        let attempt = medium.serial();
        self.inquiry = Some(Inquiry { attempt, lap, left: (responses > 0).then_some(responses) });
        let length = Duration::from_millis(1280) * u32::from(length);
        // Whoever scans is found within two scan intervals of 1.28 s.
        let found_within = length.min(Duration::from_millis(2560));
        medium.timer(
            self.id,
            Duration::ZERO,
            Timer::InquiryBegin { attempt, length: found_within },
        );
        medium.timer(self.id, length, Timer::InquiryEnd { attempt });
        Answer::PENDING
    }

    pub(crate) fn answers_inquiries(&self) -> bool {
        matches!(self.settings.scan_enable, ScanEnable::Inquiry | ScanEnable::InquiryAndPage)
    }

    pub(crate) fn card(&self) -> Card {
        Card {
            address: self.address,
            class: self.settings.class,
            eir: self.settings.eir.clone(),
            rssi: self.options.rssi,
            laps: self.settings.laps.clone(),
        }
    }

    /// A device has answered.
    pub(crate) fn found(&mut self, medium: &mut Medium, attempt: Serial, card: &Card) {
        let Some(inquiry) = self.inquiry.as_mut().filter(|inquiry| inquiry.attempt == attempt)
        else {
            return;
        };
        if !card.laps.contains(&inquiry.lap) {
            return;
        }
        let full = inquiry.left.as_mut().is_some_and(|left| {
            *left -= 1;
            *left == 0
        });
        let (bd_addr, class_of_device) = (card.address, card.class);
        let page_scan_repetition_mode = PageScanRepetitionMode::R1;
        let clock_offset = ClockOffset(clock_offset(self.address, card.address));
        let with_rssi = InquiryResultWithRssi {
            bd_addr,
            page_scan_repetition_mode,
            reserved: [0],
            class_of_device,
            clock_offset,
            rssi: card.rssi,
        };
        match self.settings.inquiry_mode {
            InquiryMode::Standard => {
                let plain = InquiryResult {
                    bd_addr,
                    page_scan_repetition_mode,
                    reserved: [0; 2],
                    class_of_device,
                    clock_offset,
                };
                self.event(medium, Event::InquiryResult { responses: List::new(&[plain]) });
            }
            InquiryMode::Extended if !card.eir.is_empty() => {
                let extended_inquiry_response = Eir::new(&card.eir).unwrap_or(Eir::EMPTY);
                let response =
                    ExtendedInquiryResult { result: with_rssi, extended_inquiry_response };
                self.event(medium, Event::ExtendedInquiryResult { response });
            }
            InquiryMode::Rssi | InquiryMode::Extended => {
                let responses = List::new(core::slice::from_ref(&with_rssi));
                self.event(medium, Event::InquiryResultWithRssi { responses });
            }
        }
        if full {
            self.end_inquiry(medium, attempt);
        }
    }

    pub(super) fn end_inquiry(&mut self, medium: &Medium, attempt: Serial) {
        if self.inquiry.take_if(|inquiry| inquiry.attempt == attempt).is_some() {
            self.event(medium, Event::InquiryComplete { status: Status::SUCCESS });
        }
    }
}

/// How two clocks differ: always the same for the same two.
pub(super) fn clock_offset(a: Address, b: Address) -> u16 {
    let octets = a.0.iter().chain(&b.0);
    octets.fold(0u16, |sum, octet| sum.wrapping_mul(31).wrapping_add(u16::from(*octet))) & 0x7FFF
}
