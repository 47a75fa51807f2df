//! What controllers tell each other without their hosts: features, version, clock, name.

use wire::hci::{ClockOffset, Command, Event, LmpFeatures, Status};

use super::Controller;
use super::commands::Answer;
use super::discovery::clock_offset;
use crate::ControllerId;
use crate::medium::{Medium, Serial};
use crate::message::{Message, Question, Reply};

impl Controller {
    pub(super) fn question_command(
        &mut self,
        medium: &mut Medium,
        command: &Command<'_>,
    ) -> Option<Answer> {
        let (handle, question) = match *command {
            Command::ReadRemoteSupportedFeatures { connection_handle } => {
                (connection_handle, Question::Features)
            }
            Command::ReadRemoteExtendedFeatures { connection_handle, page_number } => {
                (connection_handle, Question::Page(page_number))
            }
            Command::ReadRemoteVersionInformation { connection_handle } => {
                (connection_handle, Question::Version)
            }
            Command::ReadClockOffset { connection_handle } => {
                (connection_handle, Question::ClockOffset)
            }
            Command::ChangeConnectionPacketType { connection_handle, packet_type } => {
                if self.link_of(connection_handle).is_none() {
                    return Some(Answer::Status(Status::UNKNOWN_CONNECTION_IDENTIFIER));
                }
                let status = Status::SUCCESS;
                let event =
                    Event::ConnectionPacketTypeChanged { status, connection_handle, packet_type };
                self.event(medium, event);
                return Some(Answer::PENDING);
            }
            _ => return None,
        };
        let Some(link) = self.link_of(handle) else {
            return Some(Answer::Status(Status::UNKNOWN_CONNECTION_IDENTIFIER));
        };
        let serial = link.serial;
        self.say(medium, serial, Message::Ask(question));
        Some(Answer::PENDING)
    }

    pub(super) fn hear_question(
        &mut self,
        medium: &mut Medium,
        from: ControllerId,
        link: Serial,
        question: Question,
    ) {
        let reply = match question {
            Question::Features => Reply::Features(self.options.features.bits()),
            Question::Page(number) => Reply::Page {
                number,
                last: self.last_features_page(),
                features: self.features(number),
            },
            Question::Version => Reply::Version {
                version: self.options.version,
                company: self.options.manufacturer,
                subversion: 1,
            },
            Question::ClockOffset => {
                let address = self.address;
                let other = self.link(link).map_or(address, |link| link.address);
                Reply::ClockOffset(clock_offset(other, self.address))
            }
            Question::Name => Reply::Name(self.settings.name.clone()),
        };
        medium.send(self.id, from, link, Message::Answer(reply));
    }

    pub(super) fn hear_reply(&mut self, medium: &mut Medium, link: Serial, reply: Reply) {
        let status = Status::SUCCESS;
        let Some(known) = self.link(link) else {
            if let Reply::Name(name) = reply {
                self.paged_name(medium, link, &name);
            }
            return;
        };
        let connection_handle = known.handle;
        let address = known.address;
        match reply {
            Reply::Features(features) => {
                let lmp_features = LmpFeatures::from_bits_retain(features);
                self.event(
                    medium,
                    Event::ReadRemoteSupportedFeaturesComplete {
                        status,
                        connection_handle,
                        lmp_features,
                    },
                );
            }
            Reply::Page { number, last, features } => self.event(
                medium,
                Event::ReadRemoteExtendedFeaturesComplete {
                    status,
                    connection_handle,
                    page_number: number,
                    max_page_number: last,
                    extended_lmp_features: features,
                },
            ),
            Reply::Version { version, company, subversion } => self.event(
                medium,
                Event::ReadRemoteVersionInformationComplete {
                    status,
                    connection_handle,
                    version,
                    manufacturer_name: company,
                    subversion,
                },
            ),
            Reply::ClockOffset(offset) => {
                let clock_offset = ClockOffset(offset);
                self.event(
                    medium,
                    Event::ReadClockOffsetComplete { status, connection_handle, clock_offset },
                );
            }
            Reply::Name(name) => self.tell_name(medium, status, address, &name),
        }
    }
}
