//! Paging, and what comes of it: a link, a refusal, a name (7.1.5–7.1.10, 7.1.19).

use core::time::Duration;

use pool::Instant;
use wire::Address;
use wire::hci::{
    ClassOfDevice, Command, Event, LinkType, Name, Role, ScanEnable, Slots, Status, returns,
};

use super::Controller;
use super::commands::{Answer, done};
use super::link::Link;
use crate::ControllerId;
use crate::medium::{Medium, Serial, Timer};
use crate::message::{Message, Question};

/// How long a device that was reached may take to set the link up.
const SETUP: Duration = Duration::from_secs(10);

/// What a device is paged for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Purpose {
    Link { allow_role_switch: bool },
    Name,
}

/// The page under way; a controller does one at a time.
#[derive(Debug)]
pub(crate) struct Page {
    attempt: Serial,
    address: Address,
    purpose: Purpose,
    reached: bool,
    /// When it has failed.
    deadline: Instant,
}

/// A device that wants a link, until the link is up.
#[derive(Debug)]
pub(super) struct Request {
    attempt: Serial,
    peer: ControllerId,
    address: Address,
    allow_role_switch: bool,
    simple: bool,
    accepted: bool,
}

impl Controller {
    pub(super) fn connection_command(
        &mut self,
        medium: &mut Medium,
        command: &Command<'_>,
    ) -> Option<Answer> {
        Some(match *command {
            Command::CreateConnection { bd_addr, allow_role_switch, .. } => {
                self.create_connection(medium, bd_addr, allow_role_switch)
            }
            Command::CreateConnectionCancel { bd_addr } => self.cancel_page(medium, bd_addr, false),
            Command::RemoteNameRequestCancel { bd_addr } => self.cancel_page(medium, bd_addr, true),
            Command::RemoteNameRequest { bd_addr, .. } => self.request_name(medium, bd_addr),
            Command::AcceptConnectionRequest { bd_addr, role } => {
                self.accept(medium, bd_addr, role)
            }
            Command::RejectConnectionRequest { bd_addr, reason } => {
                self.reject(medium, bd_addr, reason)
            }
            Command::Disconnect { connection_handle, reason } => {
                self.disconnect(medium, connection_handle, reason)
            }
            _ => return None,
        })
    }

    fn create_connection(
        &mut self,
        medium: &mut Medium,
        address: Address,
        allow_role_switch: bool,
    ) -> Answer {
        if self.link_to(address).is_some() {
            return Answer::Status(Status::CONNECTION_ALREADY_EXISTS);
        }
        if self.page.is_some() {
            return Answer::Status(Status::COMMAND_DISALLOWED);
        }
        if self.links.len() >= self.options.max_links {
            return Answer::Status(Status::CONNECTION_LIMIT_EXCEEDED);
        }
        self.start_page(medium, address, Purpose::Link { allow_role_switch });
        Answer::PENDING
    }

    fn request_name(&mut self, medium: &mut Medium, address: Address) -> Answer {
        if let Some(link) = self.link_to(address) {
            let (peer, serial) = (link.peer, link.serial);
            medium.send(self.id, peer, serial, Message::Ask(Question::Name));
            return Answer::PENDING;
        }
        if self.page.is_some() {
            return Answer::Status(Status::COMMAND_DISALLOWED);
        }
        self.start_page(medium, address, Purpose::Name);
        Answer::PENDING
    }

    fn start_page(&mut self, medium: &mut Medium, address: Address, purpose: Purpose) {
        let attempt = medium.serial();
        let timeout = duration(self.settings.page_timeout);
        let deadline = medium.now + timeout;
        self.page = Some(Page { attempt, address, purpose, reached: false, deadline });
        let until_heard =
            Duration::from_millis(20) + medium.random.shorter_than(Duration::from_millis(1280));
        medium.timer(self.id, until_heard, Timer::PageTry { attempt });
        medium.timer(self.id, timeout, Timer::PageTimeout { attempt });
    }

    fn cancel_page(&mut self, medium: &mut Medium, address: Address, name: bool) -> Answer {
        let Some(page) = self
            .page
            .take_if(|page| page.address == address && name == (page.purpose == Purpose::Name))
        else {
            let connected = self.link_to(address).is_some() && !name;
            return Answer::about_peer(
                if connected {
                    Status::CONNECTION_ALREADY_EXISTS
                } else {
                    Status::UNKNOWN_CONNECTION_IDENTIFIER
                },
                address,
            );
        };
        self.tell_page_failed(medium, &page, Status::UNKNOWN_CONNECTION_IDENTIFIER);
        done!(returns::CreateConnectionCancel { bd_addr: address })
    }

    /// The device that this page still looks for.
    pub(crate) fn paged(&self, attempt: Serial) -> Option<Address> {
        let page = self.page.as_ref().filter(|page| page.attempt == attempt && !page.reached)?;
        Some(page.address)
    }

    pub(crate) fn answers_pages(&self) -> bool {
        matches!(self.settings.scan_enable, ScanEnable::Page | ScanEnable::InquiryAndPage)
    }

    /// The device hears us.
    pub(crate) fn page_reached(
        &mut self,
        medium: &mut Medium,
        attempt: Serial,
        peer: ControllerId,
    ) {
        let connected = self.links.iter().any(|link| link.peer == peer);
        let Some(page) = &mut self.page else { return };
        page.reached = true;
        page.deadline = medium.now + SETUP;
        medium.timer(self.id, SETUP, Timer::PageTimeout { attempt });
        match page.purpose {
            Purpose::Link { .. } if connected => {
                self.fail_page(medium, attempt, Status::CONNECTION_ALREADY_EXISTS);
            }
            Purpose::Link { allow_role_switch } => {
                let (address, class) = (self.address, self.settings.class);
                let simple = self.pairs_simply();
                let request =
                    Message::ConnectionRequest { address, class, allow_role_switch, simple };
                medium.send(self.id, peer, attempt, request);
            }
            Purpose::Name => medium.send(self.id, peer, attempt, Message::Ask(Question::Name)),
        }
    }

    pub(super) fn page_timeout(&mut self, medium: &mut Medium, attempt: Serial) {
        let Some(page) = self.page.as_ref().filter(|page| page.attempt == attempt) else { return };
        // Once the device is reached, the page time-out no longer counts.
        if medium.now >= page.deadline {
            let reached = page.reached;
            let status = if reached { Status::CONNECTION_TIMEOUT } else { Status::PAGE_TIMEOUT };
            self.fail_page(medium, attempt, status);
        }
    }

    fn fail_page(&mut self, medium: &mut Medium, attempt: Serial, status: Status) {
        if let Some(page) = self.page.take_if(|page| page.attempt == attempt) {
            self.tell_page_failed(medium, &page, status);
        }
    }

    fn tell_page_failed(&mut self, medium: &Medium, page: &Page, status: Status) {
        match page.purpose {
            Purpose::Link { .. } => self.tell_no_link(medium, page.address, status),
            Purpose::Name => self.tell_name(medium, status, page.address, &[]),
        }
    }

    fn tell_no_link(&mut self, medium: &Medium, bd_addr: Address, status: Status) {
        self.event(
            medium,
            Event::ConnectionComplete {
                status,
                connection_handle: wire::hci::Handle::new(0),
                bd_addr,
                link_type: LinkType::Acl,
                encryption_enabled: false,
            },
        );
    }

    pub(super) fn tell_name(&mut self, medium: &Medium, status: Status, of: Address, name: &[u8]) {
        let name = String::from_utf8_lossy(name);
        let remote_name = Name::new(&name);
        self.event(medium, Event::RemoteNameRequestComplete { status, bd_addr: of, remote_name });
    }

    /// A name came for which a device was paged.
    pub(super) fn paged_name(&mut self, medium: &Medium, attempt: Serial, name: &[u8]) {
        let page =
            self.page.take_if(|page| page.attempt == attempt && page.purpose == Purpose::Name);
        if let Some(page) = page {
            self.tell_name(medium, Status::SUCCESS, page.address, name);
        }
    }

    // The side that is paged.

    fn accept(&mut self, medium: &mut Medium, address: Address, role: Role) -> Answer {
        let Some(request) = self
            .requests
            .iter_mut()
            .find(|request| request.address == address && !request.accepted)
        else {
            return Answer::Status(Status::UNKNOWN_CONNECTION_IDENTIFIER);
        };
        request.accepted = true;
        let (peer, attempt) = (request.peer, request.attempt);
        let wants = if request.allow_role_switch { role } else { Role::Peripheral };
        let (address, simple) = (self.address, self.pairs_simply());
        medium.send(self.id, peer, attempt, Message::Accepted { address, wants, simple });
        Answer::PENDING
    }

    fn reject(&mut self, medium: &mut Medium, address: Address, reason: Status) -> Answer {
        let index = self.requests.iter().position(|r| r.address == address && !r.accepted);
        let Some(index) = index else {
            return Answer::Status(Status::UNKNOWN_CONNECTION_IDENTIFIER);
        };
        let request = self.requests.remove(index);
        medium.send(self.id, request.peer, request.attempt, Message::Rejected { reason });
        self.tell_no_link(medium, address, reason);
        Answer::PENDING
    }

    /// The host did not answer in time, or the link that it accepted did not come up.
    pub(super) fn accept_timeout(&mut self, medium: &mut Medium, attempt: Serial) {
        let Some(index) = self.requests.iter().position(|r| r.attempt == attempt) else { return };
        let request = self.requests.remove(index);
        let reason = Status::CONNECTION_ACCEPT_TIMEOUT_EXCEEDED;
        medium.send(self.id, request.peer, attempt, Message::Rejected { reason });
        self.tell_no_link(medium, request.address, reason);
    }

    pub(super) fn hear_connection(
        &mut self,
        medium: &mut Medium,
        from: ControllerId,
        attempt: Serial,
        message: Message,
    ) {
        match message {
            Message::ConnectionRequest { address, class, allow_role_switch, simple } => {
                let accepted = false;
                let request =
                    Request { attempt, peer: from, address, allow_role_switch, simple, accepted };
                self.requested(medium, request, class);
            }
            Message::Accepted { address, wants, simple } => {
                if self.page.take_if(|page| page.attempt == attempt).is_none() {
                    // Given up meanwhile: the link ends as soon as it is there.
                    let reason = Status::REMOTE_USER_TERMINATED_CONNECTION;
                    medium.send(self.id, from, attempt, Message::Rejected { reason });
                    return;
                }
                let role = opposite(wants);
                medium.send(self.id, from, attempt, Message::SetupComplete { role: wants });
                let roles = (Role::Central, role);
                self.begin_link(medium, Link::new(attempt, from, address, simple), roles);
            }
            Message::SetupComplete { role } => {
                let index = self.requests.iter().position(|request| request.attempt == attempt);
                if let Some(request) = index.map(|index| self.requests.remove(index)) {
                    let roles = (Role::Peripheral, role);
                    let link = Link::new(attempt, from, request.address, request.simple);
                    self.begin_link(medium, link, roles);
                }
            }
            Message::Rejected { reason } => {
                self.fail_page(medium, attempt, reason);
                let index = self.requests.iter().position(|request| request.attempt == attempt);
                if let Some(request) = index.map(|index| self.requests.remove(index)) {
                    self.tell_no_link(medium, request.address, reason);
                }
            }
            _ => {}
        }
    }

    fn requested(&mut self, medium: &mut Medium, request: Request, class: ClassOfDevice) {
        let (from, attempt, address) = (request.peer, request.attempt, request.address);
        let full = self.links.len() + self.requests.len() >= self.options.max_links;
        let known = self.link_to(address).is_some();
        if full || known {
            let reason = if known {
                Status::CONNECTION_ALREADY_EXISTS
            } else {
                Status::REJECTED_LIMITED_RESOURCES
            };
            return medium.send(self.id, from, attempt, Message::Rejected { reason });
        }
        self.requests.push(request);
        let timeout = duration(self.settings.accept_timeout);
        medium.timer(self.id, timeout, Timer::AcceptTimeout { attempt });
        let link_type = LinkType::Acl;
        self.event(
            medium,
            Event::ConnectionRequest { bd_addr: address, class_of_device: class, link_type },
        );
    }

    /// A link is up; `roles`: ours while paging, and ours from now on.
    fn begin_link(&mut self, medium: &mut Medium, link: Link, (first, role): (Role, Role)) {
        let (handle, address) = (self.new_handle(), link.address);
        self.links.push(Link { handle, role, policy: self.settings.default_policy, ..link });
        medium.links_changed = true;
        if first != role {
            let status = Status::SUCCESS;
            self.event(medium, Event::RoleChange { status, bd_addr: address, new_role: role });
        }
        self.event(
            medium,
            Event::ConnectionComplete {
                status: Status::SUCCESS,
                connection_handle: handle,
                bd_addr: address,
                link_type: LinkType::Acl,
                encryption_enabled: false,
            },
        );
        self.event(medium, Event::MaxSlotsChange { connection_handle: handle, lmp_max_slots: 5 });
    }
}

pub(super) fn opposite(role: Role) -> Role {
    match role {
        Role::Central => Role::Peripheral,
        Role::Peripheral => Role::Central,
    }
}

pub(super) fn duration(slots: Slots) -> Duration {
    Duration::from_micros(u64::from(slots.micros()))
}
