//! A capture being made up, packet by packet.

use std::time::Duration;

use wire::Address;
use wire::avdtp::{Label, MessageType, SignalId, write_single};
use wire::h4::Channel;
use wire::hci::{
    ClockOffset, Command as Hci, Event, Handle, LinkType as Carries, Name, PacketTypes,
    PageScanRepetitionMode, Status,
};
use wire::l2cap::{Cid, Command, ConnectionResult, ConnectionStatus, Psm, Signal};
use wire::rfcomm::{Dlci, Frame, Kind as FrameKind};

use crate::Direction::{Received, Sent};
use crate::note::{Audible, Heard, Kind};
use crate::{Direction, LinkType, Records, Timeline, Writer};

/// 2026-11-21 05:31:02.250 UTC.
const START: Duration = Duration::from_millis(1_795_239_062_250);
pub(super) const PIXEL: Address = Address([6, 5, 4, 3, 2, 1]);
pub(super) const IPHONE: Address = Address([9; 6]);

/// A capture being made up; times are in milliseconds.
pub(super) struct Script {
    pub(super) writer: Writer<Vec<u8>>,
    now: u64,
}

impl Script {
    pub(super) fn new() -> Self {
        Script { writer: Writer::new(Vec::new(), LinkType::Monitor, START).unwrap(), now: 0 }
    }

    pub(super) fn at(&mut self, millis: u64) -> &mut Self {
        self.now = millis;
        self
    }

    pub(super) fn packet(
        &mut self,
        direction: Direction,
        channel: Channel,
        packet: &[u8],
    ) -> &mut Self {
        let at = Duration::from_millis(self.now);
        self.writer.packet(at, direction, channel, packet).unwrap();
        self
    }

    pub(super) fn event(&mut self, event: Event<'_>) -> &mut Self {
        let mut packet = [0; Event::LONGEST];
        let length = event.write(&mut packet).unwrap();
        self.packet(Received, Channel::Event, &packet[..length])
    }

    pub(super) fn up(&mut self, handle: u16, address: Address, link_type: Carries) -> &mut Self {
        self.came(Status::SUCCESS, handle, address, link_type)
    }

    pub(super) fn came(
        &mut self,
        status: Status,
        handle: u16,
        address: Address,
        link_type: Carries,
    ) -> &mut Self {
        self.event(Event::ConnectionComplete {
            status,
            connection_handle: Handle::new(handle),
            bd_addr: address,
            link_type,
            encryption_enabled: false,
        })
    }

    pub(super) fn name(&mut self, address: Address, name: &str) -> &mut Self {
        self.event(Event::RemoteNameRequestComplete {
            status: Status::SUCCESS,
            bd_addr: address,
            remote_name: Name::new(name),
        })
    }

    pub(super) fn down(&mut self, handle: u16) -> &mut Self {
        self.gone(handle, Status::REMOTE_USER_TERMINATED_CONNECTION)
    }

    pub(super) fn gone(&mut self, handle: u16, reason: Status) -> &mut Self {
        self.event(Event::DisconnectionComplete {
            status: Status::SUCCESS,
            connection_handle: Handle::new(handle),
            reason,
        })
    }

    pub(super) fn page(&mut self, phone: Address) -> &mut Self {
        let command = Hci::CreateConnection {
            bd_addr: phone,
            packet_type: PacketTypes::from_bits_retain(0xCC18),
            page_scan_repetition_mode: PageScanRepetitionMode::R1,
            reserved: 0,
            clock_offset: ClockOffset(0),
            allow_role_switch: true,
        };
        let mut packet = [0; Hci::LONGEST];
        let length = command.write(&mut packet).unwrap();
        self.packet(Sent, Channel::Command, &packet[..length])
    }

    /// An L2CAP packet in ACL packets of at most `fragment` bytes.
    pub(super) fn l2cap(
        &mut self,
        direction: Direction,
        handle: u16,
        cid: Cid,
        payload: &[u8],
        fragment: usize,
    ) -> &mut Self {
        let mut pdu = (payload.len() as u16).to_le_bytes().to_vec();
        pdu.extend(cid.0.to_le_bytes());
        pdu.extend(payload);
        for (n, part) in pdu.chunks(fragment).enumerate() {
            let flags = if n == 0 { 0x2000 } else { 0x1000 };
            let mut packet = (handle | flags).to_le_bytes().to_vec();
            packet.extend((part.len() as u16).to_le_bytes());
            packet.extend(part);
            self.packet(direction, Channel::Acl, &packet);
        }
        self
    }

    pub(super) fn command(
        &mut self,
        direction: Direction,
        handle: u16,
        command: Command<'_>,
    ) -> &mut Self {
        let mut bytes = [0; 64];
        let length = Signal { identifier: 1, command }.write(&mut bytes).unwrap();
        self.l2cap(direction, handle, Cid::SIGNALLING, &bytes[..length], 1000)
    }

    /// A channel that the phone opens; the phone's end point is `cid + 0x100`.
    pub(super) fn open(&mut self, handle: u16, psm: Psm, cid: u16) -> &mut Self {
        let (ours, theirs) = (Cid(cid), Cid(cid + 0x100));
        let answer = |result, destination_cid| Command::ConnectionResponse {
            destination_cid,
            source_cid: theirs,
            result,
            status: ConnectionStatus::NO_FURTHER_INFORMATION,
        };
        self.command(Received, handle, Command::ConnectionRequest { psm, source_cid: theirs })
            .command(Sent, handle, answer(ConnectionResult::PENDING, Cid(0)))
            .command(Sent, handle, answer(ConnectionResult::SUCCESS, ours))
    }

    /// A signal from the one side and its answer from the other, on the channel `cid`.
    pub(super) fn signal(
        &mut self,
        by: Direction,
        handle: u16,
        cid: u16,
        signal: SignalId,
        answer: MessageType,
    ) -> &mut Self {
        let back = if by == Sent { Received } else { Sent };
        for (direction, kind) in [(by, MessageType::Command), (back, answer)] {
            let mut bytes = [0; 8];
            let length = write_single(Label::new(3), kind, signal as u8, &mut bytes, |out| {
                out[0] = 1 << 2;
                Ok(1)
            });
            let target = if direction == Received { Cid(cid) } else { Cid(cid + 0x100) };
            self.l2cap(direction, handle, target, &bytes[..length.unwrap()], 3);
        }
        self
    }

    pub(super) fn accepted(
        &mut self,
        by: Direction,
        handle: u16,
        cid: u16,
        signal: SignalId,
    ) -> &mut Self {
        self.signal(by, handle, cid, signal, MessageType::ResponseAccept)
    }

    pub(super) fn heard(&mut self, audible: &[(Address, Kind)]) -> &mut Self {
        let audible: Vec<_> =
            audible.iter().map(|(phone, kind)| Audible { phone: *phone, kind: *kind }).collect();
        self.writer.note(Duration::from_millis(self.now), Heard(&audible)).unwrap();
        self
    }

    pub(super) fn note(&mut self, note: impl std::fmt::Display) -> &mut Self {
        self.writer.note(Duration::from_millis(self.now), note).unwrap();
        self
    }

    /// What a phone says over RFCOMM, on the channel `cid`.
    pub(super) fn says(
        &mut self,
        direction: Direction,
        handle: u16,
        cid: u16,
        text: &str,
    ) -> &mut Self {
        let frame = Frame {
            dlci: Dlci::new(6).unwrap(),
            command_response: false,
            kind: FrameKind::Uih,
            poll_final: true,
            credits: Some(1),
            information: text.as_bytes(),
        };
        let mut bytes = [0; 400];
        let length = frame.write(&mut bytes).unwrap();
        let target = if direction == Received { Cid(cid) } else { Cid(cid + 0x100) };
        self.l2cap(direction, handle, target, &bytes[..length], 100)
    }

    pub(super) fn timeline(&mut self) -> Timeline {
        let writer = std::mem::replace(&mut self.writer, Script::new().writer);
        Timeline::of(Records::new(&writer.into_inner()).unwrap())
    }
}
