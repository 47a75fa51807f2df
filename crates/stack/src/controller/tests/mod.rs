//! Tester and implementation speaking in turn: the tester plays the controller (and the peer behind
//! it), says events, hears commands, and is told outputs. [`script`] holds the same in octets.

mod bringup;
mod chaos;
mod commands;
mod data;
mod early;
mod links;
mod owner;
mod pages;
mod pairing;
mod script;
mod security;
mod voice;

use core::time::Duration;
use std::collections::VecDeque;

use pool::{Arena, Frame, Instant};
use wire::Address;
use wire::h4::Channel;
use wire::hci::{
    ClassOfDevice, Command, Encryption, Event, Handle, HostFeatures, LinkType, LmpFeatures,
    LmpFeaturesPage2, Opcode, Role, Status, SupportedCommands, returns,
};

use super::{Config, Controller, Output};
use crate::{Bond, KeyType, LinkId, LinkKey, Name, Volumes};

const LOCAL: Address = Address([0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC5]);
const PHONE: Address = Address([1, 2, 3, 4, 5, 6]);
const OTHER: Address = Address([9, 8, 7, 6, 5, 4]);
const HANDLE: Handle = Handle::new(0x0042);
const CLASS: ClassOfDevice = ClassOfDevice::new(0x5A_020C);
const KEY: [u8; 16] = [0x11; 16];
const NEW_KEY: [u8; 16] = [0x22; 16];

/// What a peer is left to begin in, if it has no bond.
const COURTESY: Duration = Duration::from_millis(1000);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn bond(address: Address, key_type: KeyType) -> Bond {
    let (name, volumes) = (Name::new(), Volumes::default());
    Bond { address, local: LOCAL, key: LinkKey(KEY), key_type, name, last_used: 1, volumes }
}

/// What a controller of the tester's says about itself.
#[derive(Clone)]
struct Dongle {
    commands: SupportedCommands,
    features: LmpFeatures,
    page_2: LmpFeaturesPage2,
    acl: (u16, u16),
    synchronous: u8,
    /// Commands that it answers with an error.
    refuses: Vec<(Opcode, Status)>,
    /// Commands that it does not answer.
    ignores: Vec<Opcode>,
}

impl Dongle {
    fn modern() -> Self {
        Dongle {
            commands: SupportedCommands([0xFF; 64]),
            features: LmpFeatures::all(),
            page_2: LmpFeaturesPage2::all(),
            acl: (339, 4),
            synchronous: 60,
            refuses: Vec::new(),
            ignores: Vec::new(),
        }
    }

    fn lacks(mut self, opcode: Opcode) -> Self {
        self.commands.set(opcode, false);
        self
    }

    fn refuses(mut self, opcode: Opcode, status: Status) -> Self {
        self.refuses.push((opcode, status));
        self
    }

    /// Writes what a command returns; the length.
    fn answer(&self, command: &Command<'_>, out: &mut [u8]) -> usize {
        let written = match command {
            Command::ReadLocalVersionInformation {} => returns::ReadLocalVersionInformation {
                hci_version: 0x0C,
                hci_subversion: 7,
                lmp_version: 0x0C,
                company_identifier: 0x05F1,
                lmp_subversion: 9,
            }
            .write(out),
            Command::ReadLocalSupportedCommands {} => {
                returns::ReadLocalSupportedCommands { supported_commands: self.commands }.write(out)
            }
            Command::ReadLocalSupportedFeatures {} => {
                returns::ReadLocalSupportedFeatures { lmp_features: self.features }.write(out)
            }
            Command::ReadLocalExtendedFeatures { page_number } => {
                let bits = if *page_number == 2 { self.page_2.bits() } else { 0 };
                returns::ReadLocalExtendedFeatures {
                    page_number: *page_number,
                    max_page_number: 2,
                    extended_lmp_features: bits,
                }
                .write(out)
            }
            Command::ReadBufferSize {} => returns::ReadBufferSize {
                acl_data_packet_length: self.acl.0,
                synchronous_data_packet_length: self.synchronous,
                total_num_acl_data_packets: self.acl.1,
                total_num_synchronous_data_packets: 8,
            }
            .write(out),
            Command::ReadBdAddr {} => returns::ReadBdAddr { bd_addr: LOCAL }.write(out),
            Command::ReadRssi { connection_handle } => {
                returns::ReadRssi { connection_handle: *connection_handle, rssi: -7 }.write(out)
            }
            Command::ReadLinkQuality { connection_handle } => {
                let connection_handle = *connection_handle;
                returns::ReadLinkQuality { connection_handle, link_quality: 200 }.write(out)
            }
            Command::ReadEncryptionKeySize { connection_handle } => {
                returns::ReadEncryptionKeySize {
                    connection_handle: *connection_handle,
                    key_size: 16,
                }
                .write(out)
            }
            _ => {
                out[0] = 0;
                Ok(1)
            }
        };
        written.expect("room for return parameters")
    }
}

/// Whether a command is answered by Command Status.
fn by_status(opcode: Opcode) -> bool {
    [
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
        Opcode::SETUP_SYNCHRONOUS_CONNECTION,
        Opcode::ENHANCED_SETUP_SYNCHRONOUS_CONNECTION,
        Opcode::ACCEPT_SYNCHRONOUS_CONNECTION_REQUEST,
        Opcode::ENHANCED_ACCEPT_SYNCHRONOUS_CONNECTION_REQUEST,
        Opcode::REJECT_SYNCHRONOUS_CONNECTION_REQUEST,
        Opcode::SNIFF_MODE,
        Opcode::EXIT_SNIFF_MODE,
        Opcode::SWITCH_ROLE,
    ]
    .contains(&opcode)
}

/// The tester.
struct Tester {
    controller: Controller,
    dongle: Dongle,
    now: Instant,
    arena: Arena,
    /// Commands that were answered and not yet looked at.
    heard: VecDeque<Vec<u8>>,
    told: VecDeque<Output>,
    data: VecDeque<Frame>,
}

impl Tester {
    fn new(config: Config, bonds: Vec<Bond>, dongle: Dongle) -> Self {
        let arena = Arena::new(64, 1200);
        Tester {
            controller: Controller::new(config, bonds, arena.clone()),
            dongle,
            now: Instant::from_millis(1000),
            arena,
            heard: VecDeque::new(),
            told: VecDeque::new(),
            data: VecDeque::new(),
        }
    }

    /// A tester whose controller has been brought up, with nothing left to look at.
    fn up_with(config: Config, bonds: Vec<Bond>, dongle: Dongle) -> Self {
        let mut t = Tester::new(config, bonds, dongle);
        t.controller.start(t.now);
        t.turn();
        assert!(t.controller.is_up(), "brought up");
        t.heard.clear();
        t.told.clear();
        t
    }

    fn up(bonds: Vec<Bond>) -> Self {
        Tester::up_with(Config::default(), bonds, Dongle::modern())
    }

    fn pairable(config: Config, bonds: Vec<Bond>) -> Self {
        let mut t = Tester::up_with(config, bonds, Dongle::modern());
        t.controller.set_pairable(t.now, true);
        t
    }

    /// Lets the implementation speak until it has nothing more to say, answering its commands.
    fn turn(&mut self) {
        while let Some(output) = self.controller.poll() {
            match output {
                Output::Send(Channel::Command, frame) => {
                    let octets = frame.to_vec();
                    drop(frame);
                    self.answer(&octets);
                    self.heard.push_back(octets);
                }
                Output::Send(_, frame) => self.data.push_back(frame),
                other => self.told.push_back(other),
            }
        }
    }

    fn answer(&mut self, octets: &[u8]) {
        let command = Command::parse(octets).expect("a well-formed command");
        let opcode = command.opcode();
        if self.dongle.ignores.contains(&opcode) {
            return;
        }
        let refused = self.dongle.refuses.iter().find(|(other, _)| *other == opcode);
        let status = refused.map_or(Status::SUCCESS, |(_, status)| *status);
        if by_status(opcode) {
            self.feed(Event::CommandStatus {
                status,
                num_hci_command_packets: 1,
                command_opcode: opcode,
            });
        } else {
            let mut out = [0; 255];
            let length = match refused {
                Some((_, status)) => {
                    out[0] = status.0;
                    1
                }
                None => self.dongle.answer(&command, &mut out),
            };
            self.feed(Event::CommandComplete {
                num_hci_command_packets: 1,
                command_opcode: opcode,
                return_parameters: &out[..length],
            });
        }
    }

    fn feed(&mut self, event: Event<'_>) {
        let mut out = [0; Event::LONGEST];
        let length = event.write(&mut out).expect("room for an event");
        self.controller.event(self.now, &out[..length]);
    }

    /// Says an event, and lets the implementation speak.
    fn say(&mut self, event: Event<'_>) {
        self.feed(event);
        self.turn();
    }

    /// Lets time pass, waking the implementation whenever it asks for it.
    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.controller.wake_at().filter(|&at| at <= end) {
            self.now = self.now.max(at);
            self.controller.wake(self.now);
            self.turn();
        }
        self.now = end;
        self.controller.wake(end);
        self.turn();
    }

    /// The next command must be this one.
    #[track_caller]
    fn hear(&mut self, command: Command<'_>) {
        self.turn();
        let heard = self.heard.pop_front();
        let heard = heard.unwrap_or_else(|| panic!("nothing said, expected {command:?}"));
        assert_eq!(Command::parse(&heard), Ok(command));
    }

    /// The next command must have this number.
    #[track_caller]
    fn hear_any(&mut self, opcode: Opcode) {
        self.turn();
        let heard = self
            .heard
            .pop_front()
            .map(|octets| Command::parse(&octets).expect("a well-formed command").opcode());
        assert_eq!(heard, Some(opcode));
    }

    #[track_caller]
    fn hear_nothing(&mut self) {
        self.turn();
        let heard = self.heard.front().map(|octets| format!("{:?}", Command::parse(octets)));
        assert_eq!(heard, None);
    }

    /// The next thing told.
    #[track_caller]
    fn told(&mut self) -> Output {
        self.turn();
        self.told.pop_front().expect("something is told")
    }

    #[track_caller]
    fn told_nothing(&mut self) {
        self.turn();
        assert!(self.told.is_empty(), "told {:?}", self.told);
    }

    /// A device connects and is accepted; commands that belong to that are taken away.
    #[track_caller]
    fn connected(&mut self, address: Address, handle: Handle) -> LinkId {
        self.say(Event::ConnectionRequest {
            bd_addr: address,
            class_of_device: CLASS,
            link_type: LinkType::Acl,
        });
        assert!(matches!(self.told(), Output::ConnectionRequest { .. }));
        self.controller.accept(self.now, address).expect("a request to accept");
        self.hear(Command::AcceptConnectionRequest { bd_addr: address, role: Role::Central });
        self.say(Event::RoleChange {
            status: Status::SUCCESS,
            bd_addr: address,
            new_role: Role::Central,
        });
        self.complete(address, handle, Status::SUCCESS);
        match self.told() {
            Output::Connected { link, central: true, outgoing: false, .. } => {
                self.hear_any(Opcode::WRITE_LINK_SUPERVISION_TIMEOUT);
                link
            }
            other => panic!("expected a connection as central, told {other:?}"),
        }
    }

    fn complete(&mut self, address: Address, handle: Handle, status: Status) {
        self.say(Event::ConnectionComplete {
            status,
            connection_handle: handle,
            bd_addr: address,
            link_type: LinkType::Acl,
            encryption_enabled: false,
        });
    }

    /// The peer's features are read and it is left to begin, which it does not, to the point where we
    /// authenticate.
    #[track_caller]
    fn explored(&mut self, handle: Handle) {
        self.features_read(handle);
        self.wait(COURTESY);
    }

    #[track_caller]
    fn features_read(&mut self, handle: Handle) {
        self.hear(Command::ReadRemoteSupportedFeatures { connection_handle: handle });
        self.say(Event::ReadRemoteSupportedFeaturesComplete {
            status: Status::SUCCESS,
            connection_handle: handle,
            lmp_features: LmpFeatures::all(),
        });
        self.hear(Command::ReadRemoteExtendedFeatures {
            connection_handle: handle,
            page_number: 1,
        });
        self.say(Event::ReadRemoteExtendedFeaturesComplete {
            status: Status::SUCCESS,
            connection_handle: handle,
            page_number: 1,
            max_page_number: 2,
            extended_lmp_features: HostFeatures::all().bits(),
        });
    }

    /// A bonded device connects, to the point where we authenticate it.
    #[track_caller]
    fn authenticating(&mut self, address: Address, handle: Handle) -> LinkId {
        let link = self.connected(address, handle);
        self.explored(handle);
        self.hear(Command::AuthenticationRequested { connection_handle: handle });
        link
    }

    fn authenticated(&mut self, handle: Handle, status: Status) {
        self.say(Event::AuthenticationComplete { status, connection_handle: handle });
    }

    fn encrypted(&mut self, handle: Handle, encryption: Encryption) {
        self.say(Event::EncryptionChange {
            status: Status::SUCCESS,
            connection_handle: handle,
            encryption_enabled: encryption,
        });
    }

    /// The controller asks for the key and gets it.
    #[track_caller]
    fn key_asked(&mut self, address: Address, key: Option<[u8; 16]>) {
        self.say(Event::LinkKeyRequest { bd_addr: address });
        match key {
            Some(key) => self.hear(Command::LinkKeyRequestReply {
                bd_addr: address,
                link_key: wire::hci::LinkKey(key),
            }),
            None => self.hear(Command::LinkKeyRequestNegativeReply { bd_addr: address }),
        }
    }

    /// From authentication to the key's size, all well.
    #[track_caller]
    fn proven(&mut self, handle: Handle, encryption: Encryption) {
        self.authenticated(handle, Status::SUCCESS);
        self.hear(Command::SetConnectionEncryption {
            connection_handle: handle,
            encryption_enable: true,
        });
        self.encrypted(handle, encryption);
        self.hear(Command::ReadEncryptionKeySize { connection_handle: handle });
    }

    /// A bonded device connects and is secured with its key.
    #[track_caller]
    fn secured(&mut self, address: Address, handle: Handle) -> LinkId {
        let link = self.authenticating(address, handle);
        self.key_asked(address, Some(KEY));
        self.proven(handle, Encryption::AesCcm);
        assert!(matches!(self.told(), Output::Store(_)));
        assert!(matches!(self.told(), Output::Secured { paired: false, .. }));
        link
    }

    /// The link must be refused with this status, and then go.
    #[track_caller]
    fn refused(&mut self, id: LinkId, handle: Handle, why: Status) {
        match self.told() {
            Output::SecurityFailed { link, status, .. } => assert_eq!((link, status), (id, why)),
            other => panic!("expected a refusal with {why}, told {other:?}"),
        }
        self.hear(Command::Disconnect {
            connection_handle: handle,
            reason: Status::AUTHENTICATION_FAILURE,
        });
        self.gone(id, handle, Status::CONNECTION_TERMINATED_BY_LOCAL_HOST);
    }

    #[track_caller]
    fn gone(&mut self, id: LinkId, handle: Handle, why: Status) {
        self.say(Event::DisconnectionComplete {
            status: Status::SUCCESS,
            connection_handle: handle,
            reason: why,
        });
        match self.told() {
            Output::Disconnected { link, reason, .. } => assert_eq!((link, reason), (id, why)),
            other => panic!("expected the link's end, told {other:?}"),
        }
    }

    /// The next command must be this, in octets: its number, its length, its parameters.
    #[track_caller]
    fn hear_octets(&mut self, octets: &str) {
        self.turn();
        let heard = self.heard.pop_front().unwrap_or_default();
        let heard: Vec<_> = heard.iter().map(|octet| format!("{octet:02X}")).collect();
        assert_eq!(heard.join(" "), octets.split_whitespace().collect::<Vec<_>>().join(" "));
    }

    /// A frame for [`Controller::send`].
    fn frame(&self, octets: &[u8]) -> Frame {
        let mut frame = self.arena.take().expect("a block");
        frame.append(octets).expect("room in a block");
        frame
    }
}
