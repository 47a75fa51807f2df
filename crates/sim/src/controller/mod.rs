//! A virtual controller: what its host sees of it (Core 5.4, Vol 4, Part E).

mod authentication;
mod commands;
mod connection;
mod data;
mod discovery;
mod encryption;
mod link;
mod modes;
mod pairing;
mod pairing_progress;
mod questions;
mod settings;
mod voice;

use std::collections::VecDeque;

use pool::Instant;
use wire::Address;
use wire::h4::Channel;
use wire::hci::{Event, EventMask, EventMaskPage2, Handle, Opcode, Status};

use crate::ControllerId;
use crate::medium::{Medium, Serial, Timer};
use crate::message::Message;
use crate::options::{Complaint, ControllerOptions, Fault};

use link::Link;
use settings::Settings;

/// Complaints that are kept.
const MAX_COMPLAINTS: usize = 1000;

#[derive(Debug)]
pub(crate) struct Controller {
    pub(crate) id: ControllerId,
    pub(crate) address: Address,
    pub(crate) options: ControllerOptions,
    pub(crate) faults: Vec<Fault>,
    pub(crate) complaints: Vec<Complaint>,
    pub(crate) links: Vec<Link>,
    settings: Settings,
    inquiry: Option<discovery::Inquiry>,
    page: Option<connection::Page>,
    requests: Vec<connection::Request>,
    voice: Vec<voice::VoiceLink>,
    last_handle: u16,
    radio: data::Radio,
    to_host: VecDeque<(Instant, Channel, Vec<u8>)>,
    /// How many packets wait for the host that a command did not cause.
    before_command: usize,
    /// When each command that is not answered yet will be.
    outstanding: VecDeque<Instant>,
    /// ACL packets that the host has no room for yet; `None` unless it controls the flow.
    host_credits: Option<u16>,
    awaiting_host: VecDeque<Vec<u8>>,
}

impl Controller {
    pub(crate) fn new(
        id: ControllerId,
        address: Address,
        options: ControllerOptions,
    ) -> Controller {
        Controller {
            id,
            address,
            options,
            faults: Vec::new(),
            complaints: Vec::new(),
            links: Vec::new(),
            settings: Settings::default(),
            inquiry: None,
            page: None,
            requests: Vec::new(),
            voice: Vec::new(),
            last_handle: 0,
            radio: data::Radio::default(),
            to_host: VecDeque::new(),
            before_command: 0,
            outstanding: VecDeque::new(),
            host_credits: None,
            awaiting_host: VecDeque::new(),
        }
    }

    // The host's side.

    pub(crate) fn receive(&mut self, medium: &mut Medium, channel: Channel, packet: &[u8]) {
        if self.is_silent() {
            return;
        }
        match channel {
            Channel::Command => self.receive_command(medium, packet),
            Channel::Acl => self.receive_acl(medium, packet),
            Channel::Synchronous => self.receive_voice(medium, packet),
            Channel::Event => self.complain(Complaint::MalformedData),
        }
    }

    pub(crate) fn poll(&mut self, now: Instant) -> Option<(Channel, Vec<u8>)> {
        if self.is_silent() || self.next_at()? > now {
            return None;
        }
        let (_, channel, packet) = self.to_host.pop_front()?;
        Some((channel, packet))
    }

    pub(crate) fn next_at(&self) -> Option<Instant> {
        if self.is_silent() {
            return None;
        }
        self.to_host.front().map(|(at, ..)| *at)
    }

    fn tell(&mut self, medium: &Medium, channel: Channel, packet: Vec<u8>) {
        let last = self.to_host.back().map_or(Instant::ZERO, |(at, ..)| *at);
        let at = last.max(medium.now + self.options.command_latency);
        self.to_host.push_back((at, channel, packet));
    }

    /// Tells the host, unless it does not want to know.
    fn event(&mut self, medium: &Medium, event: Event<'_>) {
        let bit = u32::from(event.code()).wrapping_sub(1);
        let wanted = match event {
            Event::CommandComplete { .. }
            | Event::CommandStatus { .. }
            | Event::NumberOfCompletedPackets { .. }
            | Event::HardwareError { .. } => true,
            Event::EncryptionChangeV2 { .. } => {
                self.settings.event_mask_page_2.contains(EventMaskPage2::ENCRYPTION_CHANGE_V2)
            }
            _ => {
                bit >= 64
                    || self.settings.event_mask.contains(EventMask::from_bits_retain(1 << bit))
            }
        };
        if wanted {
            let mut packet = [0; Event::LONGEST];
            let length = event.write(&mut packet).expect("an event is at most that long");
            self.tell(medium, Channel::Event, packet[..length].to_vec());
        }
    }

    fn complain(&mut self, complaint: Complaint) {
        if self.complaints.len() < MAX_COMPLAINTS {
            self.complaints.push(complaint);
        }
    }

    // The air's side.

    pub(crate) fn hear(
        &mut self,
        medium: &mut Medium,
        from: ControllerId,
        link: Serial,
        message: Message,
    ) {
        match message {
            Message::ConnectionRequest { .. }
            | Message::Accepted { .. }
            | Message::SetupComplete { .. }
            | Message::Rejected { .. } => self.hear_connection(medium, from, link, message),
            Message::Ask(question) => self.hear_question(medium, from, link, question),
            Message::Answer(reply) => self.hear_reply(medium, link, reply),
            _ if self.link_index(link).is_none() => {}
            Message::Detach { reason } => {
                medium.send(self.id, from, link, Message::Detached);
                self.end_link(medium, link, reason);
            }
            Message::Detached => self.detached(medium, link),
            Message::Challenge | Message::Response { .. } | Message::NoKey => {
                self.hear_authentication(medium, link, message);
            }
            Message::IoRequest(_)
            | Message::IoAnswer(_)
            | Message::PairingRefused { .. }
            | Message::KeysExchanged { .. }
            | Message::Verdict(_)
            | Message::Paired { .. }
            | Message::PairingFailed { .. }
            | Message::Keypress(_)
            | Message::PinRequest { .. }
            | Message::PinAnswer { .. } => self.hear_pairing(medium, link, message),
            Message::Encrypt { .. }
            | Message::Encrypted { .. }
            | Message::EncryptionRefused { .. }
            | Message::Refresh => self.hear_encryption(medium, link, message),
            Message::SwitchRole { .. }
            | Message::RoleSwitched { .. }
            | Message::RoleRefused { .. }
            | Message::Sniff { .. }
            | Message::Active
            | Message::ModeAnswer { .. }
            | Message::SupervisionTimeout(_) => self.hear_modes(medium, link, message),
            Message::Data { boundary, payload } => self.hear_data(medium, link, boundary, &payload),
            Message::VoiceRequest { .. }
            | Message::VoiceAccepted { .. }
            | Message::VoiceRejected { .. }
            | Message::VoiceEnded { .. }
            | Message::VoiceGone { .. }
            | Message::Voice { .. } => self.hear_voice(medium, link, message),
        }
    }

    pub(crate) fn expire(&mut self, medium: &mut Medium, timer: Timer) {
        if self.is_silent() {
            return;
        }
        match timer {
            Timer::InquiryEnd { attempt } => self.end_inquiry(medium, attempt),
            Timer::PageTimeout { attempt } => self.page_timeout(medium, attempt),
            Timer::AcceptTimeout { attempt } => self.accept_timeout(medium, attempt),
            Timer::VoiceAcceptTimeout { serial } => self.voice_accept_timeout(medium, serial),
            Timer::Supervision { link } => self.supervise(medium, link),
            Timer::DetachDone { link } => self.detached(medium, link),
            Timer::KeysExchanged { link } => self.keys_exchanged(medium, link),
            Timer::ResponseTimeout { link, since } => self.response_timeout(medium, link, since),
            Timer::Sent { link } => self.sent(medium, link),
            Timer::Anchor => self.transmit(medium),
            Timer::InquiryBegin { .. } | Timer::InquiryResponse { .. } | Timer::PageTry { .. } => {}
        }
    }

    pub(crate) fn is_silent(&self) -> bool {
        self.faults.contains(&Fault::Silent)
    }

    // Links.

    pub(crate) fn knows(&self, link: Serial) -> bool {
        self.link_index(link).is_some()
    }

    fn link_index(&self, link: Serial) -> Option<usize> {
        self.links.iter().position(|other| other.serial == link)
    }

    fn link(&mut self, link: Serial) -> Option<&mut Link> {
        self.links.iter_mut().find(|other| other.serial == link)
    }

    fn link_of(&mut self, handle: Handle) -> Option<&mut Link> {
        self.links.iter_mut().find(|link| link.handle == handle)
    }

    fn link_to(&mut self, address: Address) -> Option<&mut Link> {
        self.links.iter_mut().find(|link| link.address == address)
    }

    /// A handle that no link has.
    fn new_handle(&mut self) -> Handle {
        loop {
            self.last_handle = self.last_handle % 0x0EFF + 1;
            let handle = Handle::new(self.last_handle);
            let used = self.links.iter().any(|link| link.handle == handle)
                || self.voice.iter().any(|voice| voice.handle == Some(handle));
            if !used {
                return handle;
            }
        }
    }

    /// `HCI_Reset`: links vanish without a word to the peers.
    fn reset(&mut self, medium: &mut Medium) {
        let fresh = Controller::new(self.id, self.address, self.options.clone());
        let old = core::mem::replace(self, fresh);
        self.faults = old.faults;
        self.complaints = old.complaints;
        self.last_handle = old.last_handle;
        medium.links_changed = true;
    }

    fn fault_of(&self, opcode: Opcode) -> Option<Option<Status>> {
        self.faults.iter().find_map(|fault| match fault {
            Fault::Refuse(refused, status) if *refused == opcode => Some(Some(*status)),
            Fault::Ignore(ignored) if *ignored == opcode => Some(None),
            _ => None,
        })
    }
}
