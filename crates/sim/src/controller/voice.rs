//! Synchronous (voice) links (7.1.26–7.1.28, 7.1.45, 7.1.46). Octets pass as they are: the air does
//! not code CVSD. Nothing is lost or damaged but by a [`Fault`], and nothing paces the sender: it must
//! send by its own clock.

use wire::Address;
use wire::h4::Channel;
use wire::hci::{
    AirMode, CodingFormat, Command, Completed, EnhancedSynchronousParameters, Event, Handle,
    LinkType, List, PacketStatus, Role, Status, SynchronousHeader, SynchronousParameters,
    VoicePacketTypes, VoiceSetting,
};

use super::Controller;
use super::commands::Answer;
use super::connection::duration;
use crate::medium::{Medium, Serial, Timer};
use crate::message::Message;
use crate::options::{Complaint, Fault};

#[derive(Debug)]
pub(super) struct VoiceLink {
    serial: Serial,
    /// The ACL link that it belongs to.
    link: Serial,
    address: Address,
    /// Once it is up.
    pub(super) handle: Option<Handle>,
    /// The peer asked for it, and our host has not answered.
    asked: bool,
    /// Our host ended it, and the peer has not confirmed that.
    ending: bool,
    parameters: SynchronousParameters,
}

impl VoiceLink {
    /// Our host asked for it, and the peer has not answered.
    fn is_sought(&self) -> bool {
        self.handle.is_none() && !self.asked
    }

    fn link_type(&self) -> LinkType {
        let extended = VoicePacketTypes::EV3 | VoicePacketTypes::EV4 | VoicePacketTypes::EV5;
        let edr = VoicePacketTypes::NO_2EV3 | VoicePacketTypes::NO_3EV3;
        let types = self.parameters.packet_type;
        if types.intersects(extended) || !types.contains(edr) {
            LinkType::Esco
        } else {
            LinkType::Sco
        }
    }
}

/// The enhanced commands say the same at greater length.
fn plain(parameters: EnhancedSynchronousParameters) -> SynchronousParameters {
    let cvsd = parameters.transmit_coding_format == CodingFormat::CVSD;
    SynchronousParameters {
        transmit_bandwidth: parameters.transmit_bandwidth,
        receive_bandwidth: parameters.receive_bandwidth,
        max_latency: parameters.max_latency,
        voice_setting: if cvsd { VoiceSetting::CVSD } else { VoiceSetting::TRANSPARENT },
        retransmission_effort: parameters.retransmission_effort,
        packet_type: parameters.packet_type,
    }
}

impl Controller {
    pub(super) fn voice_command(
        &mut self,
        medium: &mut Medium,
        command: &Command<'_>,
    ) -> Option<Answer> {
        Some(match *command {
            Command::SetupSynchronousConnection { connection_handle, parameters } => {
                self.setup_voice(medium, connection_handle, parameters)
            }
            Command::EnhancedSetupSynchronousConnection { connection_handle, parameters } => {
                self.setup_voice(medium, connection_handle, plain(parameters))
            }
            Command::AcceptSynchronousConnectionRequest { bd_addr, parameters } => {
                self.accept_voice(medium, bd_addr, parameters)
            }
            Command::EnhancedAcceptSynchronousConnectionRequest { bd_addr, parameters } => {
                self.accept_voice(medium, bd_addr, plain(parameters))
            }
            Command::RejectSynchronousConnectionRequest { bd_addr, reason } => {
                let Some(voice) = self.take_asked(bd_addr) else {
                    return Some(Answer::Status(Status::UNKNOWN_CONNECTION_IDENTIFIER));
                };
                self.refuse_voice(medium, &voice, reason);
                Answer::PENDING
            }
            _ => return None,
        })
    }

    fn setup_voice(
        &mut self,
        medium: &mut Medium,
        handle: Handle,
        parameters: SynchronousParameters,
    ) -> Answer {
        let class = self.settings.class;
        let Some(link) = self.link_of(handle) else {
            return Answer::Status(Status::UNKNOWN_CONNECTION_IDENTIFIER);
        };
        let (link, address) = (link.serial, link.address);
        if self.voice.iter().any(|voice| voice.link == link) {
            return Answer::Status(Status::SYNCHRONOUS_CONNECTION_LIMIT_EXCEEDED);
        }
        let serial = medium.serial();
        self.voice.push(VoiceLink {
            serial,
            link,
            address,
            handle: None,
            asked: false,
            ending: false,
            parameters,
        });
        self.say(medium, link, Message::VoiceRequest { serial, parameters, class });
        Answer::PENDING
    }

    fn take_asked(&mut self, address: Address) -> Option<VoiceLink> {
        let index = self.voice.iter().position(|voice| voice.asked && voice.address == address)?;
        Some(self.voice.remove(index))
    }

    fn accept_voice(
        &mut self,
        medium: &mut Medium,
        address: Address,
        parameters: SynchronousParameters,
    ) -> Answer {
        let Some(voice) = self.take_asked(address) else {
            return Answer::Status(Status::UNKNOWN_CONNECTION_IDENTIFIER);
        };
        let ours = parameters.voice_setting.air_mode();
        if ours != voice.parameters.voice_setting.air_mode() {
            self.refuse_voice(medium, &voice, Status::SCO_AIR_MODE_REJECTED);
            return Answer::PENDING;
        }
        let (serial, link) = (voice.serial, voice.link);
        self.voice.push(VoiceLink { asked: false, ..voice });
        self.say(medium, link, Message::VoiceAccepted { serial });
        self.voice_up(medium, serial);
        Answer::PENDING
    }

    fn refuse_voice(&mut self, medium: &mut Medium, voice: &VoiceLink, reason: Status) {
        let serial = voice.serial;
        self.say(medium, voice.link, Message::VoiceRejected { serial, reason });
        self.tell_voice(medium, voice, reason);
    }

    pub(super) fn voice_accept_timeout(&mut self, medium: &mut Medium, serial: Serial) {
        let asked = |voice: &VoiceLink| voice.serial == serial && voice.asked;
        let Some(index) = self.voice.iter().position(asked) else { return };
        let voice = self.voice.remove(index);
        self.refuse_voice(medium, &voice, Status::CONNECTION_ACCEPT_TIMEOUT_EXCEEDED);
    }

    fn tell_voice(&mut self, medium: &Medium, voice: &VoiceLink, status: Status) {
        let air_mode = voice.parameters.voice_setting.air_mode();
        let up = status.is_success();
        // 7.5 ms between packets; 60 octets, or 30 of CVSD.
        let length = match (up, air_mode) {
            (false, _) => 0,
            (true, AirMode::Transparent) => 60,
            (true, _) => 30,
        };
        self.event(
            medium,
            Event::SynchronousConnectionComplete {
                status,
                connection_handle: voice.handle.unwrap_or(Handle::new(0)),
                bd_addr: voice.address,
                link_type: voice.link_type(),
                transmission_interval: if up { 12 } else { 0 },
                retransmission_window: if up { 4 } else { 0 },
                rx_packet_length: length,
                tx_packet_length: length,
                air_mode,
            },
        );
    }

    fn voice_up(&mut self, medium: &Medium, serial: Serial) {
        let handle = self.new_handle();
        let Some(index) = self.voice.iter().position(|voice| voice.serial == serial) else {
            return;
        };
        let voice = self.voice.remove(index);
        let voice = VoiceLink { handle: Some(handle), ..voice };
        self.tell_voice(medium, &voice, Status::SUCCESS);
        self.voice.push(voice);
    }

    pub(super) fn disconnect_voice(
        &mut self,
        medium: &mut Medium,
        handle: Handle,
        reason: Status,
    ) -> Answer {
        let voice = self.voice.iter_mut().find(|voice| voice.handle == Some(handle));
        let Some(voice) = voice else {
            return Answer::Status(Status::UNKNOWN_CONNECTION_IDENTIFIER);
        };
        if core::mem::replace(&mut voice.ending, true) {
            return Answer::Status(Status::COMMAND_DISALLOWED);
        }
        let (serial, link) = (voice.serial, voice.link);
        self.say(medium, link, Message::VoiceEnded { serial, reason });
        Answer::PENDING
    }

    fn voice_gone(&mut self, medium: &Medium, serial: Serial, reason: Status) {
        let index = self.voice.iter().position(|voice| voice.serial == serial);
        let voice = index.map(|index| self.voice.remove(index));
        if let Some(handle) = voice.and_then(|voice| voice.handle) {
            self.tell_voice_gone(medium, handle, reason);
        }
    }

    fn tell_voice_gone(&mut self, medium: &Medium, connection_handle: Handle, reason: Status) {
        let status = Status::SUCCESS;
        self.event(medium, Event::DisconnectionComplete { status, connection_handle, reason });
    }

    /// The voice link of an ACL link ends before it.
    pub(super) fn end_voice_of(&mut self, medium: &Medium, link: Serial, reason: Status) {
        while let Some(index) = self.voice.iter().position(|voice| voice.link == link) {
            let voice = self.voice.remove(index);
            match voice.handle {
                Some(handle) => self.tell_voice_gone(medium, handle, reason),
                None => self.tell_voice(medium, &voice, reason),
            }
        }
    }

    pub(super) fn hear_voice(&mut self, medium: &mut Medium, link: Serial, message: Message) {
        let Some(address) = self.link(link).map(|link| link.address) else { return };
        match message {
            Message::VoiceRequest { serial, parameters, class } => {
                // Where both ask at once the central's way is the one (Vol 2, Part C, 2.5.1).
                let yields = self.link(link).is_some_and(|link| link.role == Role::Peripheral);
                let stands = |voice: &VoiceLink| !(yields && voice.is_sought());
                if self.voice.iter().any(|voice| voice.link == link && stands(voice)) {
                    let reason = Status::LMP_ERROR_TRANSACTION_COLLISION;
                    return self.say(medium, link, Message::VoiceRejected { serial, reason });
                }
                let voice = VoiceLink {
                    serial,
                    link,
                    address,
                    handle: None,
                    asked: true,
                    ending: false,
                    parameters,
                };
                let (bd_addr, class_of_device, link_type) = (address, class, voice.link_type());
                self.voice.push(voice);
                let timeout = duration(self.settings.accept_timeout);
                medium.timer(self.id, timeout, Timer::VoiceAcceptTimeout { serial });
                self.event(
                    medium,
                    Event::ConnectionRequest { bd_addr, class_of_device, link_type },
                );
            }
            Message::VoiceAccepted { serial } => self.voice_up(medium, serial),
            Message::VoiceRejected { serial, reason } => {
                let index = self.voice.iter().position(|voice| voice.serial == serial);
                if let Some(voice) = index.map(|index| self.voice.remove(index)) {
                    self.tell_voice(medium, &voice, reason);
                }
            }
            Message::VoiceEnded { serial, reason } => {
                self.say(medium, link, Message::VoiceGone { serial });
                self.voice_gone(medium, serial, reason);
            }
            Message::VoiceGone { serial } => {
                self.voice_gone(medium, serial, Status::CONNECTION_TERMINATED_BY_LOCAL_HOST);
            }
            Message::Voice { serial, payload } => {
                let voice = self.voice.iter().find(|voice| voice.serial == serial);
                if let Some(handle) = voice.and_then(|voice| voice.handle) {
                    self.voice_to_host(medium, handle, payload);
                }
            }
            _ => {}
        }
    }

    fn voice_to_host(&mut self, medium: &mut Medium, handle: Handle, mut payload: Vec<u8>) {
        let mut status = PacketStatus::Correct;
        for fault in &self.faults {
            match *fault {
                Fault::LoseVoice(percent) if medium.random.below(100) < percent.into() => {
                    if !self.settings.erroneous_data {
                        return;
                    }
                    payload.fill(0);
                    status = PacketStatus::NoData;
                }
                Fault::DamageVoice { percent, marked }
                    if medium.random.below(100) < percent.into() =>
                {
                    // A burst over an eighth of it, behind what a frame begins with.
                    let length = payload.len();
                    for octet in &mut payload[length / 8..length / 4] {
                        *octet ^= (medium.random.next_u32() >> 24) as u8;
                    }
                    if marked {
                        status = PacketStatus::PossiblyInvalid;
                    }
                }
                _ => {}
            }
        }
        let length = u8::try_from(payload.len()).unwrap_or(u8::MAX);
        let header = SynchronousHeader { handle, status, length };
        let packet = [&header.to_bytes()[..], &payload].concat();
        self.tell(medium, Channel::Synchronous, packet);
    }

    pub(super) fn receive_voice(&mut self, medium: &mut Medium, packet: &[u8]) {
        let Ok(header) = SynchronousHeader::parse(packet) else {
            return self.complain(Complaint::MalformedData);
        };
        if header.length > self.options.voice_length {
            return self.complain(Complaint::TooLong(u16::from(header.length)));
        }
        let voice = self.voice.iter().find(|voice| voice.handle == Some(header.handle));
        let Some((serial, link)) = voice.map(|voice| (voice.serial, voice.link)) else {
            return self.complain(Complaint::UnknownHandle(header.handle.raw()));
        };
        let payload = packet[SynchronousHeader::SIZE..].to_vec();
        self.say(medium, link, Message::Voice { serial, payload });
        if self.settings.voice_flow_control {
            let connection_handle = header.handle;
            let completed = [Completed { connection_handle, num_completed_packets: 1 }];
            self.event(
                medium,
                Event::NumberOfCompletedPackets { completed: List::new(&completed) },
            );
        }
    }
}
