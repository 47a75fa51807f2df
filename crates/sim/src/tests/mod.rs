//! Raw HCI scripts against the air: two or three hosts written out by hand.

mod anything;
mod data;
mod links;
mod security;

use core::time::Duration;

use pool::Instant;
use wire::Address;
use wire::h4::Channel;
use wire::hci::*;

use crate::{Air, Complaint, ControllerId, ControllerOptions};

pub(super) fn address(last: u8) -> Address {
    Address([last, 0, 0, 0, 0, 0xC0])
}

/// An air with hosts that keep every event they get, and answer nothing by themselves.
pub(super) struct Table {
    pub(super) air: Air,
    hosts: Vec<(ControllerId, Vec<Vec<u8>>)>,
    pub(super) data: Vec<(usize, Channel, Vec<u8>)>,
}

impl Table {
    pub(super) fn new(seed: u64, hosts: &[ControllerOptions]) -> Table {
        let mut air = Air::new(seed);
        let hosts = hosts.iter().zip(1..).map(|(options, last)| {
            (air.add_controller(address(last), options.clone()), Vec::new())
        });
        let hosts: Vec<_> = hosts.collect();
        let mut table = Table { air, hosts, data: Vec::new() };
        for host in 0..table.hosts.len() {
            table.bring_up(host);
        }
        table
    }

    fn bring_up(&mut self, host: usize) {
        for command in [
            Command::Reset {},
            Command::SetEventMask { event_mask: EventMask::from_bits_retain(u64::MAX) },
            Command::WriteSimplePairingMode { simple_pairing_mode: true },
            Command::WriteDefaultLinkPolicySettings {
                default_link_policy_settings: LinkPolicy::ROLE_SWITCH | LinkPolicy::SNIFF,
            },
            Command::WriteScanEnable { scan_enable: ScanEnable::InquiryAndPage },
        ] {
            self.done(host, command);
        }
    }

    pub(super) fn id(&self, host: usize) -> ControllerId {
        self.hosts[host].0
    }

    pub(super) fn send(&mut self, host: usize, command: Command<'_>) {
        let mut out = [0; Command::LONGEST];
        let length = command.write(&mut out).unwrap();
        self.air.receive(self.hosts[host].0, Channel::Command, &out[..length]);
    }

    pub(super) fn send_acl(
        &mut self,
        host: usize,
        handle: Handle,
        boundary: Boundary,
        data: &[u8],
    ) {
        let broadcast = Broadcast::PointToPoint;
        let length = u16::try_from(data.len()).unwrap();
        let header = AclHeader { handle, boundary, broadcast, length };
        let packet = [&header.to_bytes()[..], data].concat();
        self.air.receive(self.hosts[host].0, Channel::Acl, &packet);
    }

    fn collect(&mut self) {
        for index in 0..self.hosts.len() {
            while let Some((channel, packet)) = self.air.poll(self.hosts[index].0) {
                match channel {
                    Channel::Event => self.hosts[index].1.push(packet),
                    channel => self.data.push((index, channel, packet)),
                }
            }
        }
    }

    /// Lets time pass.
    pub(super) fn run(&mut self, time: Duration) {
        let end = self.air.now() + time;
        while let Some(next) = self.air.next_at().filter(|next| *next <= end) {
            self.air.advance(next);
            self.collect();
        }
        self.air.advance(end);
        self.collect();
    }

    /// Waits up to a minute for an event that `pick` takes, and removes it and all before it.
    pub(super) fn expect<T>(&mut self, host: usize, pick: impl Fn(Event<'_>) -> Option<T>) -> T {
        let end = self.air.now() + Duration::from_secs(60);
        loop {
            let events = &mut self.hosts[host].1;
            let found = events.iter().enumerate().find_map(|(index, packet)| {
                Some((index, pick(Event::parse(packet).expect("a legal event"))?))
            });
            if let Some((index, found)) = found {
                events.drain(..=index);
                return found;
            }
            let next = self.air.next_at().filter(|next| *next <= end);
            let Some(next) = next else {
                let seen: Vec<_> =
                    events.iter().map(|e| format!("{:?}", Event::parse(e))).collect();
                panic!("host {host} waits in vain at {:?}; it has {seen:#?}", self.air.now());
            };
            self.air.advance(next);
            self.collect();
        }
    }

    /// The events that host has got and not been asked for.
    pub(super) fn take(&mut self, host: usize) -> Vec<String> {
        let events = core::mem::take(&mut self.hosts[host].1);
        events.iter().map(|event| format!("{:?}", Event::parse(event).unwrap())).collect()
    }

    /// Sends a command that is answered by Command Complete; gives its return parameters.
    pub(super) fn complete(&mut self, host: usize, command: Command<'_>) -> Vec<u8> {
        let opcode = command.opcode();
        self.send(host, command);
        self.expect(host, |event| match event {
            Event::CommandComplete { command_opcode, return_parameters, .. }
                if command_opcode == opcode =>
            {
                Some(return_parameters.to_vec())
            }
            _ => None,
        })
    }

    pub(super) fn done(&mut self, host: usize, command: Command<'_>) {
        let opcode = command.opcode();
        let answer = self.complete(host, command);
        assert_eq!(returns::status(&answer), Ok(()), "{opcode}");
    }

    /// Sends a command that is answered by Command Status; gives the status.
    pub(super) fn status(&mut self, host: usize, command: Command<'_>) -> Status {
        let opcode = command.opcode();
        self.send(host, command);
        self.expect(host, |event| match event {
            Event::CommandStatus { command_opcode, status, .. } if command_opcode == opcode => {
                Some(status)
            }
            _ => None,
        })
    }

    pub(super) fn pending(&mut self, host: usize, command: Command<'_>) {
        let opcode = command.opcode();
        assert_eq!(self.status(host, command), Status::SUCCESS, "{opcode}");
    }

    pub(super) fn page(&mut self, host: usize, peer: usize) {
        self.pending(
            host,
            Command::CreateConnection {
                bd_addr: self.air.address(self.id(peer)),
                packet_type: PacketTypes::ALL,
                page_scan_repetition_mode: PageScanRepetitionMode::R1,
                reserved: 0,
                clock_offset: ClockOffset::UNKNOWN,
                allow_role_switch: true,
            },
        );
    }

    pub(super) fn request(&mut self, host: usize) -> Address {
        self.expect(host, |event| match event {
            Event::ConnectionRequest { bd_addr, .. } => Some(bd_addr),
            _ => None,
        })
    }

    pub(super) fn connected(&mut self, host: usize) -> Result<Handle, Status> {
        self.expect(host, |event| match event {
            Event::ConnectionComplete { status, connection_handle, .. } => {
                Some(status.ok().map(|()| connection_handle))
            }
            _ => None,
        })
    }

    pub(super) fn disconnected(&mut self, host: usize) -> (Handle, Status) {
        self.expect(host, |event| match event {
            Event::DisconnectionComplete { connection_handle, reason, .. } => {
                Some((connection_handle, reason))
            }
            _ => None,
        })
    }

    /// Connects two hosts; the second keeps its role.
    pub(super) fn connect(&mut self, host: usize, peer: usize) -> (Handle, Handle) {
        self.page(host, peer);
        let bd_addr = self.request(peer);
        let role = Role::Peripheral;
        self.pending(peer, Command::AcceptConnectionRequest { bd_addr, role });
        (self.connected(host).unwrap(), self.connected(peer).unwrap())
    }

    pub(super) fn complaints(&self, host: usize) -> &[Complaint] {
        self.air.complaints(self.id(host))
    }
}

pub(super) fn two(seed: u64) -> Table {
    Table::new(seed, &[ControllerOptions::default(), ControllerOptions::default()])
}

#[test]
fn the_same_seed_gives_the_same_events_at_the_same_time() {
    let run = |seed| {
        let mut table = two(seed);
        table.connect(0, 1);
        table.run(Duration::from_secs(1));
        (table.air.now(), table.take(0), table.take(1))
    };
    assert_eq!(run(1), run(1));
    let times: Vec<Instant> = (1..5)
        .map(|seed| {
            let mut table = two(seed);
            table.connect(0, 1);
            table.air.now()
        })
        .collect();
    assert!(times.windows(2).any(|pair| pair[0] != pair[1]));
}
