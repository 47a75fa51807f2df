//! A controller, and peers behind it, that answer as sound ones do.

use std::collections::{BTreeMap, VecDeque};

use wire::Address;
use wire::h4::Channel;
use wire::hci::{
    AclHeader, Command, Encryption, Event, Handle, IoCapability, KeyType, LinkKey, LinkType,
    LmpFeatures, Name, Opcode, Role, Status, returns,
};
use wire::l2cap::{
    Cid, Command as Signalling, ConfigurationResult, ConnectionResult, ConnectionStatus, Header,
    Information, Options, Psm, Signal, Signals,
};

/// The controller's address.
pub const OWN: Address = Address([0xC0, 0, 0, 0, 0, 1]);

/// A peer's address.
pub fn phone(n: u8) -> Address {
    Address([0xA0, 0, 0, 0, 0, n])
}

fn handle(n: u8) -> Handle {
    Handle::new(0x40 + u16::from(n))
}

fn whose(handle: Handle) -> u8 {
    (handle.raw() & 3) as u8
}

fn number(address: Address) -> u8 {
    address.0[5] & 3
}

fn packet(event: &Event<'_>) -> Vec<u8> {
    let mut out = [0; Event::LONGEST];
    let length = event.write(&mut out).expect("an event fits");
    out[..length].to_vec()
}

/// An event about peer `n`, one of those that controllers send.
pub fn event(which: u8, n: u8, status: u8) -> Vec<u8> {
    let (bd_addr, connection_handle) = (phone(n), handle(n));
    let status = Status(status);
    packet(&match which % 16 {
        0 => Event::ConnectionRequest {
            bd_addr,
            class_of_device: wire::hci::ClassOfDevice::new(0x5A_020C),
            link_type: LinkType::Acl,
        },
        1 => Event::ConnectionComplete {
            status,
            connection_handle,
            bd_addr,
            link_type: LinkType::Acl,
            encryption_enabled: false,
        },
        2 => Event::DisconnectionComplete {
            status: Status::SUCCESS,
            connection_handle,
            reason: status,
        },
        3 => Event::AuthenticationComplete { status, connection_handle },
        4 => Event::EncryptionChange {
            status: Status::SUCCESS,
            connection_handle,
            encryption_enabled: match status.0 & 3 {
                0 => Encryption::Off,
                1 => Encryption::E0,
                _ => Encryption::AesCcm,
            },
        },
        5 => Event::EncryptionKeyRefreshComplete { status, connection_handle },
        6 => Event::LinkKeyRequest { bd_addr },
        7 => Event::LinkKeyNotification {
            bd_addr,
            link_key: LinkKey([n; 16]),
            key_type: if status.0 & 1 == 0 {
                KeyType::UnauthenticatedP256
            } else {
                KeyType::UnauthenticatedP192
            },
        },
        8 => Event::IoCapabilityRequest { bd_addr },
        9 => Event::IoCapabilityResponse {
            bd_addr,
            io_capability: IoCapability::DisplayYesNo,
            oob_data_present: wire::hci::OobDataPresent::No,
            authentication_requirements: wire::hci::AuthenticationRequirements::GeneralBonding,
        },
        10 => Event::UserConfirmationRequest { bd_addr, numeric_value: 123_456 },
        11 => Event::UserPasskeyRequest { bd_addr },
        12 => Event::SimplePairingComplete { status, bd_addr },
        13 => Event::RoleChange { status, bd_addr, new_role: Role::Central },
        14 => Event::RemoteNameRequestComplete { status, bd_addr, remote_name: Name::new("Phone") },
        _ => Event::MaxSlotsChange { connection_handle, lmp_max_slots: status.0 },
    })
}

/// An ACL packet from peer `n`.
pub fn acl(n: u8, flags: u8, data: &[u8]) -> Vec<u8> {
    let [low, high] = (handle(n).raw() | u16::from(flags) << 12).to_le_bytes();
    let [length, longer] = (data.len() as u16).to_le_bytes();
    [&[low, high, length, longer], data].concat()
}

/// A whole L2CAP frame from peer `n`.
pub fn frame(n: u8, cid: u16, payload: &[u8]) -> Vec<u8> {
    let header = Header { length: payload.len() as u16, cid: Cid(cid) };
    acl(n, 2, &[&header.bytes(), payload].concat())
}

fn signal(n: u8, identifier: u8, command: Signalling<'_>) -> Vec<u8> {
    let mut out = [0; 128];
    let length = Signal { identifier, command }.write(&mut out).expect("a short command");
    frame(n, 1, &out[..length])
}

/// What the sound world knows.
pub struct Controller {
    /// Whether commands are answered.
    pub answers: bool,
    /// Whether peers answer signalling.
    pub peers_answer: bool,
    due: VecDeque<(Channel, Vec<u8>)>,
    /// The host's end points, of each peer.
    channels: BTreeMap<u8, Vec<Cid>>,
    next: u16,
}

impl Default for Controller {
    fn default() -> Self {
        Controller {
            answers: true,
            peers_answer: true,
            due: VecDeque::new(),
            channels: BTreeMap::new(),
            next: 0x40,
        }
    }
}

impl Controller {
    /// The next packet that is due.
    pub fn says(&mut self) -> Option<(Channel, Vec<u8>)> {
        self.due.pop_front()
    }

    /// What was due is never said.
    pub fn fall_silent(&mut self) {
        self.due.clear();
    }

    /// Links and channels are gone.
    pub fn forget(&mut self) {
        self.due.clear();
        self.channels.clear();
    }

    fn say(&mut self, event: &Event<'_>) {
        self.due.push_back((Channel::Event, packet(event)));
    }

    /// Takes a packet from the host; it must be legal.
    pub fn hears(&mut self, channel: Channel, packet: &[u8]) {
        match channel {
            Channel::Command => {
                let command = Command::parse(packet).expect("the host sends legal commands");
                if self.answers {
                    self.answer(command);
                }
            }
            Channel::Acl => {
                let header = AclHeader::parse(packet).expect("the host sends legal data");
                let [low, high] = header.handle.raw().to_le_bytes();
                if self.answers {
                    self.due.push_back((Channel::Event, vec![0x13, 5, 1, low, high, 1, 0]));
                }
                self.answer_peer(whose(header.handle), &packet[AclHeader::SIZE..]);
            }
            Channel::Synchronous | Channel::Event => panic!("the host sends {channel:?}"),
        }
    }

    fn complete(&mut self, command_opcode: Opcode, return_parameters: &[u8]) {
        self.say(&Event::CommandComplete {
            num_hci_command_packets: 1,
            command_opcode,
            return_parameters,
        });
    }

    fn answer(&mut self, command: Command<'_>) {
        let opcode = command.opcode();
        let status = Status::SUCCESS;
        // These say more later (Core 5.4, Vol 4, Part E, 4.4).
        let later = [
            Opcode::INQUIRY,
            Opcode::CREATE_CONNECTION,
            Opcode::DISCONNECT,
            Opcode::ACCEPT_CONNECTION_REQUEST,
            Opcode::REJECT_CONNECTION_REQUEST,
            Opcode::AUTHENTICATION_REQUESTED,
            Opcode::SET_CONNECTION_ENCRYPTION,
            Opcode::REMOTE_NAME_REQUEST,
            Opcode::READ_REMOTE_SUPPORTED_FEATURES,
            Opcode::READ_REMOTE_EXTENDED_FEATURES,
            Opcode::SWITCH_ROLE,
            Opcode::SNIFF_MODE,
            Opcode::EXIT_SNIFF_MODE,
        ];
        if later.contains(&opcode) {
            self.say(&Event::CommandStatus {
                status,
                num_hci_command_packets: 1,
                command_opcode: opcode,
            });
            self.follow(command);
            return;
        }
        // Every bit set: all commands, all features.
        let mut returned = [0xFF; 70];
        let written = match command {
            Command::ReadBdAddr {} => returns::ReadBdAddr { bd_addr: OWN }.write(&mut returned),
            Command::ReadBufferSize {} => returns::ReadBufferSize {
                acl_data_packet_length: 1021,
                synchronous_data_packet_length: 64,
                total_num_acl_data_packets: 4,
                total_num_synchronous_data_packets: 4,
            }
            .write(&mut returned),
            Command::ReadEncryptionKeySize { connection_handle } => {
                returns::ReadEncryptionKeySize { connection_handle, key_size: 16 }
                    .write(&mut returned)
            }
            _ => Ok(0),
        };
        written.expect("room for what is returned");
        returned[0] = 0;
        self.complete(opcode, &returned);
        self.follow(command);
    }

    fn follow(&mut self, command: Command<'_>) {
        let status = Status::SUCCESS;
        match command {
            Command::AcceptConnectionRequest { bd_addr, .. }
            | Command::CreateConnection { bd_addr, .. } => self.say(&Event::ConnectionComplete {
                status,
                connection_handle: handle(number(bd_addr)),
                bd_addr,
                link_type: LinkType::Acl,
                encryption_enabled: false,
            }),
            Command::ReadRemoteSupportedFeatures { connection_handle } => {
                let lmp_features = LmpFeatures::empty();
                self.say(&Event::ReadRemoteSupportedFeaturesComplete {
                    status,
                    connection_handle,
                    lmp_features,
                });
            }
            Command::RemoteNameRequest { bd_addr, .. } => {
                let remote_name = Name::new("Phone");
                self.say(&Event::RemoteNameRequestComplete { status, bd_addr, remote_name });
            }
            Command::AuthenticationRequested { connection_handle } => {
                self.say(&Event::LinkKeyRequest { bd_addr: phone(whose(connection_handle)) });
            }
            Command::LinkKeyRequestReply { bd_addr, .. } => {
                let connection_handle = handle(number(bd_addr));
                self.say(&Event::AuthenticationComplete { status, connection_handle });
            }
            Command::LinkKeyRequestNegativeReply { bd_addr } => {
                self.say(&Event::IoCapabilityRequest { bd_addr });
            }
            Command::IoCapabilityRequestReply { bd_addr, .. } => {
                self.say(&Event::UserConfirmationRequest { bd_addr, numeric_value: 1 });
            }
            Command::UserConfirmationRequestReply { bd_addr } => {
                self.say(&Event::SimplePairingComplete { status, bd_addr });
                let n = number(bd_addr);
                self.due.push_back((Channel::Event, event(7, n, 0)));
                let connection_handle = handle(n);
                self.say(&Event::AuthenticationComplete { status, connection_handle });
            }
            Command::SetConnectionEncryption { connection_handle, .. } => {
                let encryption_enabled = Encryption::AesCcm;
                self.say(&Event::EncryptionChange {
                    status,
                    connection_handle,
                    encryption_enabled,
                });
            }
            Command::Disconnect { connection_handle, reason } => {
                self.channels.remove(&whose(connection_handle));
                self.say(&Event::DisconnectionComplete { status, connection_handle, reason });
            }
            _ => {}
        }
    }

    /// A peer's answers to what stands in an L2CAP frame on the signalling channel.
    fn answer_peer(&mut self, n: u8, l2cap: &[u8]) {
        let Ok(Header { cid: Cid(1), .. }) = Header::parse(l2cap) else { return };
        for found in Signals::new(&l2cap[4..]) {
            let Signal { identifier, command } = found.expect("the host sends legal commands");
            let answer = match command {
                Signalling::ConnectionRequest { source_cid, .. } => {
                    self.next += 1;
                    self.channels.entry(n).or_default().push(source_cid);
                    Signalling::ConnectionResponse {
                        destination_cid: Cid(self.next),
                        source_cid,
                        result: ConnectionResult::SUCCESS,
                        status: ConnectionStatus::NO_FURTHER_INFORMATION,
                    }
                }
                Signalling::ConnectionResponse { destination_cid, result, .. } => {
                    if result == ConnectionResult::SUCCESS {
                        self.channels.entry(n).or_default().push(destination_cid);
                        let options = Options::parse(&[]).expect("none");
                        let continuation = false;
                        let command = Signalling::ConfigurationRequest {
                            destination_cid,
                            continuation,
                            options,
                        };
                        self.answer_with(n, 0x70, command);
                    }
                    continue;
                }
                Signalling::ConfigurationRequest { .. } => {
                    let mine = self.channels.get(&n).and_then(|all| all.last()).copied();
                    Signalling::ConfigurationResponse {
                        source_cid: mine.unwrap_or(Cid(0x40)),
                        continuation: false,
                        result: ConfigurationResult::SUCCESS,
                        options: Options::parse(&[]).expect("none"),
                    }
                }
                Signalling::DisconnectionRequest { destination_cid, source_cid } => {
                    Signalling::DisconnectionResponse { destination_cid, source_cid }
                }
                Signalling::InformationRequest { info_type } => {
                    Signalling::InformationResponse(Information::NotSupported { info_type })
                }
                Signalling::EchoRequest(data) => Signalling::EchoResponse(data),
                _ => continue,
            };
            self.answer_with(n, identifier, answer);
        }
    }

    fn answer_with(&mut self, n: u8, identifier: u8, command: Signalling<'_>) {
        if self.peers_answer {
            self.due.push_back((Channel::Acl, signal(n, identifier, command)));
        }
    }

    /// Peer `n` asks for a channel.
    pub fn asks_for_channel(&mut self, n: u8, psm: u8) -> Vec<u8> {
        self.next += 1;
        let psm = Psm([0x0001, 0x0019, 0x0017, u16::from(psm)][usize::from(psm & 3)]);
        signal(n, 0x60, Signalling::ConnectionRequest { psm, source_cid: Cid(self.next) })
    }

    /// Peer `n` sends data to one of the host's end points.
    pub fn data(&self, n: u8, which: u8, payload: &[u8]) -> Vec<u8> {
        let cids = self.channels.get(&n).map_or(&[][..], Vec::as_slice);
        let cid = cids.get(usize::from(which) % cids.len().max(1)).copied().unwrap_or(Cid(0x40));
        frame(n, cid.0, payload)
    }
}
