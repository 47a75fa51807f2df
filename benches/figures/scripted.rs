//! A controller and the phone behind it, by script: brought up, it lets the phone page whoever
//! can be found, pairs it (just works, Secure Connections), opens A2DP and starts a stream.
//!
//! Without a clock and without I/O: H4 packets go in and come out. It knows only what a good
//! receiver does; anything else is a panic that says what came. SDP is refused, and whatever the
//! receiver asks over AVDTP is accepted.

use std::collections::VecDeque;

use wire::Address;
use wire::avdtp::{
    self, Capability, CodecType, MediaCodec, MediaType, MessageType, Response, Seid, Seids,
    SignalId,
};
use wire::hci::{
    AclHeader, AuthenticationRequirements, Boundary, Broadcast, ClassOfDevice, Command, Completed,
    Encryption, Event, Handle, HostFeatures, IoCapability, KeyType, LinkKey, LinkType, List,
    LmpFeatures, LmpFeaturesPage2, Name, OobDataPresent, Opcode, ScanEnable, Status,
    SupportedCommands, returns,
};
use wire::l2cap::{
    self, Cid, ConfigurationResult, ConnectionResult, ConnectionStatus, Information, Options, Psm,
    Signal, Signals,
};

const CONTROLLER: Address = Address([0xC5, 0xC4, 0xC3, 0xC2, 0xC1, 0xC0]);
const PHONE: Address = Address([6, 5, 4, 3, 2, 1]);
/// The handle of the phone's link.
pub const HANDLE: Handle = Handle::new(0x0042);
/// The phone's ends of its two channels.
const SIGNALLING: Cid = Cid(0x0040);
const MEDIA: Cid = Cid(0x0041);
/// SBC at 44.1 kHz, joint stereo, 16 blocks, 8 subbands, loudness, bitpool 2 to 53.
const SBC: [u8; 4] = [0x21, 0x15, 2, 53];

/// One end of an L2CAP channel.
#[derive(Default)]
struct Channel {
    /// The receiver's end.
    theirs: Option<Cid>,
    /// Our configuration was accepted, and theirs was.
    configured: (bool, bool),
}

/// The script, and how far it has come.
#[derive(Default)]
pub struct Script {
    /// H4 packets for the receiver.
    out: VecDeque<Vec<u8>>,
    paged: bool,
    secured: bool,
    signalling: Channel,
    media: Channel,
    identifier: u8,
    label: u8,
    /// The receiver's endpoints, from the one that is asked about, or chosen.
    sinks: VecDeque<Seid>,
    streaming: bool,
}

impl Script {
    /// The next H4 packet for the receiver.
    pub fn next(&mut self) -> Option<Vec<u8>> {
        self.out.pop_front()
    }

    /// The receiver's end of the media channel, once the stream has been started.
    pub fn streams_to(&self) -> Option<Cid> {
        self.media.theirs.filter(|_| self.streaming)
    }

    /// Takes an H4 packet from the receiver.
    pub fn take(&mut self, packet: &[u8]) {
        match packet {
            [1, command @ ..] => self.command(command),
            [2, data @ ..] => self.data(data),
            _ => panic!("neither a command nor data: {packet:?}"),
        }
    }

    fn say(&mut self, event: Event<'_>) {
        let mut packet = vec![0; 1 + Event::LONGEST];
        packet[0] = 4;
        let length = event.write(&mut packet[1..]).expect("room for an event");
        packet.truncate(1 + length);
        self.out.push_back(packet);
    }

    fn command(&mut self, octets: &[u8]) {
        let command = Command::parse(octets).expect("a well-formed command");
        let (command_opcode, num_hci_command_packets) = (command.opcode(), 1);
        if by_status(command_opcode) {
            let status = Status::SUCCESS;
            self.say(Event::CommandStatus { status, num_hci_command_packets, command_opcode });
        } else {
            let mut answer = [0; 255];
            let length = answer_to(&command, &mut answer);
            let return_parameters = &answer[..length];
            self.say(Event::CommandComplete {
                num_hci_command_packets,
                command_opcode,
                return_parameters,
            });
        }
        self.link(&command);
        self.pairing(&command);
    }

    /// What follows from a command about links.
    fn link(&mut self, command: &Command<'_>) {
        let (status, bd_addr, connection_handle) = (Status::SUCCESS, PHONE, HANDLE);
        match *command {
            Command::WriteScanEnable { scan_enable: ScanEnable::InquiryAndPage } if !self.paged => {
                self.paged = true;
                let (class_of_device, link_type) = (ClassOfDevice::new(0x5A_020C), LinkType::Acl);
                self.say(Event::ConnectionRequest { bd_addr, class_of_device, link_type });
            }
            Command::AcceptConnectionRequest { role: new_role, .. } => {
                self.say(Event::RoleChange { status, bd_addr, new_role });
                self.say(Event::ConnectionComplete {
                    status,
                    connection_handle,
                    bd_addr,
                    link_type: LinkType::Acl,
                    encryption_enabled: false,
                });
            }
            Command::ReadRemoteSupportedFeatures { .. } => {
                let lmp_features = LmpFeatures::all();
                self.say(Event::ReadRemoteSupportedFeaturesComplete {
                    status,
                    connection_handle,
                    lmp_features,
                });
            }
            Command::ReadRemoteExtendedFeatures { page_number, .. } => {
                self.say(Event::ReadRemoteExtendedFeaturesComplete {
                    status,
                    connection_handle,
                    page_number,
                    max_page_number: 2,
                    extended_lmp_features: HostFeatures::all().bits(),
                });
            }
            Command::RemoteNameRequest { .. } => {
                let remote_name = Name::new("Phone");
                self.say(Event::RemoteNameRequestComplete { status, bd_addr, remote_name });
            }
            Command::SwitchRole { role: new_role, .. } => {
                self.say(Event::RoleChange { status, bd_addr, new_role });
            }
            Command::Disconnect { .. } => {
                let reason = Status::CONNECTION_TERMINATED_BY_LOCAL_HOST;
                self.say(Event::DisconnectionComplete { status, connection_handle, reason });
            }
            _ => {}
        }
    }

    /// What follows from a command of authentication, pairing and encryption.
    fn pairing(&mut self, command: &Command<'_>) {
        let (status, bd_addr, connection_handle) = (Status::SUCCESS, PHONE, HANDLE);
        match command {
            Command::AuthenticationRequested { .. } => self.say(Event::LinkKeyRequest { bd_addr }),
            Command::LinkKeyRequestNegativeReply { .. } => {
                self.say(Event::IoCapabilityRequest { bd_addr });
            }
            Command::IoCapabilityRequestReply { .. } => {
                self.say(Event::IoCapabilityResponse {
                    bd_addr,
                    io_capability: IoCapability::DisplayYesNo,
                    oob_data_present: OobDataPresent::No,
                    authentication_requirements: AuthenticationRequirements::GeneralBonding,
                });
                self.say(Event::UserConfirmationRequest { bd_addr, numeric_value: 123_456 });
            }
            Command::UserConfirmationRequestReply { .. } => {
                self.say(Event::SimplePairingComplete { status, bd_addr });
                self.say(Event::LinkKeyNotification {
                    bd_addr,
                    link_key: LinkKey([7; 16]),
                    key_type: KeyType::UnauthenticatedP256,
                });
                self.say(Event::AuthenticationComplete { status, connection_handle });
            }
            Command::SetConnectionEncryption { .. } => {
                let encryption_enabled = Encryption::AesCcm;
                self.say(Event::EncryptionChange { status, connection_handle, encryption_enabled });
            }
            Command::ReadEncryptionKeySize { .. } if !self.secured => {
                self.secured = true;
                self.connect(SIGNALLING);
            }
            _ => {}
        }
    }

    /// Data from the receiver: whole frames, since the controller takes long ones.
    fn data(&mut self, packet: &[u8]) {
        AclHeader::parse(packet).expect("a well-formed data packet");
        let completed = [Completed { connection_handle: HANDLE, num_completed_packets: 1 }];
        self.say(Event::NumberOfCompletedPackets { completed: List::new(&completed) });
        let frame = &packet[AclHeader::SIZE..];
        let header = l2cap::Header::parse(frame).expect("an L2CAP header");
        let payload = &frame[l2cap::HEADER_LEN..];
        match header.cid {
            Cid::SIGNALLING => {
                for signal in Signals::new(payload) {
                    self.signal(signal.expect("a well-formed signal"));
                }
            }
            SIGNALLING => self.message(payload),
            cid => panic!("data for a channel that nobody opened: {cid}"),
        }
    }

    fn frame(&mut self, cid: Cid, payload: &[u8]) {
        let length = payload.len() as u16;
        let l2cap = l2cap::Header { length, cid };
        let acl = AclHeader {
            handle: HANDLE,
            boundary: Boundary::FirstFlushable,
            broadcast: Broadcast::PointToPoint,
            length: length + l2cap::HEADER_LEN as u16,
        };
        self.out.push_back([&[2][..], &acl.to_bytes(), &l2cap.bytes(), payload].concat());
    }

    fn send(&mut self, identifier: u8, command: l2cap::Command<'_>) {
        let mut octets = [0; 64];
        let length = Signal { identifier, command }.write(&mut octets).expect("room for a signal");
        self.frame(Cid::SIGNALLING, &octets[..length]);
    }

    fn request(&mut self, command: l2cap::Command<'_>) {
        self.identifier += 1;
        self.send(self.identifier, command);
    }

    fn connect(&mut self, source_cid: Cid) {
        self.request(l2cap::Command::ConnectionRequest { psm: Psm::AVDTP, source_cid });
    }

    fn channel(&mut self, ours: Cid) -> &mut Channel {
        if ours == SIGNALLING { &mut self.signalling } else { &mut self.media }
    }

    fn signal(&mut self, Signal { identifier, command }: Signal<'_>) {
        use l2cap::Command as Signal;
        match command {
            Signal::ConnectionRequest { source_cid, .. } => {
                self.send(
                    identifier,
                    Signal::ConnectionResponse {
                        destination_cid: Cid(0),
                        source_cid,
                        result: ConnectionResult::PSM_NOT_SUPPORTED,
                        status: ConnectionStatus::NO_FURTHER_INFORMATION,
                    },
                );
            }
            Signal::ConnectionResponse { result: ConnectionResult::PENDING, .. } => {}
            Signal::ConnectionResponse { destination_cid, source_cid, result, .. } => {
                assert_eq!(result, ConnectionResult::SUCCESS, "the channel is let in");
                self.channel(source_cid).theirs = Some(destination_cid);
                let (continuation, options) = (false, no_options());
                self.request(Signal::ConfigurationRequest {
                    destination_cid,
                    continuation,
                    options,
                });
            }
            Signal::ConfigurationRequest { destination_cid: ours, .. } => {
                let channel = self.channel(ours);
                channel.configured.1 = true;
                let source_cid = channel.theirs.expect("configured after it was let in");
                let (continuation, options) = (false, no_options());
                let result = ConfigurationResult::SUCCESS;
                self.send(
                    identifier,
                    Signal::ConfigurationResponse { source_cid, continuation, result, options },
                );
                self.configured(ours);
            }
            Signal::ConfigurationResponse { source_cid: ours, result, .. } => {
                assert_eq!(result, ConfigurationResult::SUCCESS, "the defaults are accepted");
                self.channel(ours).configured.0 = true;
                self.configured(ours);
            }
            Signal::InformationRequest { info_type } => {
                let nothing = Information::NotSupported { info_type };
                self.send(identifier, Signal::InformationResponse(nothing));
            }
            Signal::DisconnectionRequest { destination_cid, source_cid } => {
                let answer = Signal::DisconnectionResponse { destination_cid, source_cid };
                self.send(identifier, answer);
            }
            other => panic!("an unexpected signal: {other:?}"),
        }
    }

    fn configured(&mut self, ours: Cid) {
        if self.channel(ours).configured != (true, true) {
            return;
        }
        if ours == SIGNALLING {
            self.ask(avdtp::Command::Discover);
        } else {
            let acp_seids = Seids::one(*self.sinks.front().expect("configured by now"));
            self.ask(avdtp::Command::Start { acp_seids });
        }
    }

    /// Sends an AVDTP command.
    fn ask(&mut self, command: avdtp::Command<'_>) {
        self.label += 1;
        let label = avdtp::Label::new(self.label);
        let id = command.signal() as u8;
        let mut octets = [0; 64];
        let write = |out: &mut [u8]| command.write(out);
        let length =
            avdtp::write_single(label, MessageType::Command, id, &mut octets, write).expect("room");
        let cid = self.signalling.theirs.expect("open");
        self.frame(cid, &octets[..length]);
    }

    /// An AVDTP message has come.
    fn message(&mut self, packet: &[u8]) {
        let (header, payload) = avdtp::Header::parse(packet).expect("an AVDTP header");
        let avdtp::Header::Single { label, message_type, signal_id } = header else {
            panic!("a message in pieces: {header:?}");
        };
        let signal = SignalId::new(signal_id).expect("a signal of AVDTP 1.3");
        match message_type {
            MessageType::Command => {
                let accept = avdtp::Header::Single {
                    label,
                    message_type: MessageType::ResponseAccept,
                    signal_id,
                };
                let mut octets = [0; 2];
                accept.write(&mut octets).expect("room for the header");
                let cid = self.signalling.theirs.expect("open");
                self.frame(cid, &octets);
            }
            MessageType::ResponseAccept => {
                self.accepted(signal, Response::parse(signal, payload).expect("an answer"));
            }
            refused => panic!("{}: {refused:?}", signal.name()),
        }
    }

    /// A command of ours was accepted: on to the next.
    fn accepted(&mut self, signal: SignalId, answer: Response<'_>) {
        match answer {
            Response::Endpoints(endpoints) => {
                self.sinks = endpoints.iter().map(|endpoint| endpoint.seid).collect();
            }
            // The first one is of another codec where that is preferred.
            Response::Capabilities(services)
                if services
                    .media_codec()
                    .is_none_or(|codec| codec.codec_type != CodecType::SBC) =>
            {
                self.sinks.pop_front();
                let acp_seid = *self.sinks.front().expect("the receiver has one of SBC");
                return self.ask(avdtp::Command::GetAllCapabilities { acp_seid });
            }
            _ => {}
        }
        let acp_seid = *self.sinks.front().expect("the receiver has an endpoint");
        match signal {
            SignalId::Discover => self.ask(avdtp::Command::GetAllCapabilities { acp_seid }),
            SignalId::GetAllCapabilities => {
                let mut services = [0; 16];
                let codec = MediaCodec {
                    media_type: MediaType::AUDIO,
                    codec_type: CodecType::SBC,
                    information: &SBC,
                };
                let mut length = 0;
                for service in [Capability::MediaTransport, Capability::MediaCodec(codec)] {
                    length += service.write(&mut services[length..]).expect("room");
                }
                let configuration =
                    avdtp::Capabilities::parse(&services[..length]).expect("whole elements");
                let int_seid = Seid::new(1).expect("a legal identifier");
                self.ask(avdtp::Command::SetConfiguration { acp_seid, int_seid, configuration });
            }
            SignalId::SetConfiguration => self.ask(avdtp::Command::Open { acp_seid }),
            SignalId::Open => self.connect(MEDIA),
            SignalId::Start => self.streaming = true,
            _ => {}
        }
    }
}

fn no_options() -> Options<'static> {
    Options::parse(&[]).expect("no options are options")
}

/// Whether a command is answered by Command Status.
fn by_status(opcode: Opcode) -> bool {
    [
        Opcode::DISCONNECT,
        Opcode::ACCEPT_CONNECTION_REQUEST,
        Opcode::AUTHENTICATION_REQUESTED,
        Opcode::SET_CONNECTION_ENCRYPTION,
        Opcode::REMOTE_NAME_REQUEST,
        Opcode::READ_REMOTE_SUPPORTED_FEATURES,
        Opcode::READ_REMOTE_EXTENDED_FEATURES,
        Opcode::SWITCH_ROLE,
    ]
    .contains(&opcode)
}

/// Writes what a command returns; the length.
fn answer_to(command: &Command<'_>, out: &mut [u8]) -> usize {
    let written = match *command {
        Command::ReadLocalVersionInformation {} => returns::ReadLocalVersionInformation {
            hci_version: 0x0C,
            hci_subversion: 0,
            lmp_version: 0x0C,
            company_identifier: 0x05F1,
            lmp_subversion: 0,
        }
        .write(out),
        Command::ReadLocalSupportedCommands {} => returns::ReadLocalSupportedCommands {
            supported_commands: SupportedCommands([0xFF; 64]),
        }
        .write(out),
        Command::ReadLocalSupportedFeatures {} => {
            returns::ReadLocalSupportedFeatures { lmp_features: LmpFeatures::all() }.write(out)
        }
        Command::ReadLocalExtendedFeatures { page_number } => returns::ReadLocalExtendedFeatures {
            page_number,
            max_page_number: 2,
            extended_lmp_features: if page_number == 2 {
                LmpFeaturesPage2::all().bits()
            } else {
                HostFeatures::all().bits()
            },
        }
        .write(out),
        Command::ReadBufferSize {} => returns::ReadBufferSize {
            acl_data_packet_length: 1021,
            synchronous_data_packet_length: 60,
            total_num_acl_data_packets: 8,
            total_num_synchronous_data_packets: 8,
        }
        .write(out),
        Command::ReadBdAddr {} => returns::ReadBdAddr { bd_addr: CONTROLLER }.write(out),
        Command::ReadEncryptionKeySize { connection_handle } => {
            returns::ReadEncryptionKeySize { connection_handle, key_size: 16 }.write(out)
        }
        _ => {
            out[0] = Status::SUCCESS.0;
            Ok(1)
        }
    };
    written.expect("room for return parameters")
}
