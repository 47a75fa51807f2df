//! Commands, host to controller (Vol 4, Part E, 7.1–7.6), as one table: the variant, the opcode's
//! name and number, its octet and bit among the supported commands (if it has one), its parameters.

use super::bytes::{Field, Reader, Writer};
use super::eir::Eir;
use super::features::{EventMask, EventMaskPage2};
use super::list::{Completed, List};
use super::opcode::Opcode;
use super::status::Status;
use super::values::*;
use super::voice::*;
use crate::address::Address;
use crate::error::{Malformed, NoRoom};

macro_rules! commands {
    ($(
        $(#[$doc:meta])*
        $Name:ident $NAME:ident $opcode:literal $([$octet:literal, $bit:literal])?
        { $($field:ident: $Field:ty),* }
    )*) => {
        /// A command packet. Fields are the specification's parameters.
        #[derive(Clone, Copy, PartialEq, Debug)]
        pub enum Command<'a> {
            $(
                $(#[$doc])*
                $Name { $(#[doc = concat!("Parameter ", stringify!($field), ".")] $field: $Field,)* },
            )*
            /// A command that is not in this table.
            Other {
                /// Its number.
                opcode: Opcode,
                /// Its parameters.
                parameters: &'a [u8],
            },
        }

        impl<'a> Command<'a> {
            /// The command's number.
            pub fn opcode(&self) -> Opcode {
                match self {
                    $(Command::$Name { .. } => Opcode::$NAME,)*
                    Command::Other { opcode, .. } => *opcode,
                }
            }

            /// Reads a command packet: opcode, length, parameters, nothing after them.
            pub fn parse(packet: &'a [u8]) -> Result<Command<'a>, Malformed> {
                let (opcode, parameters) = split(packet)?;
                let mut reader = Reader::new(parameters);
                let command = match opcode {
                    $(Opcode::$NAME => Command::$Name { $($field: Field::get(&mut reader)?,)* },)*
                    opcode => Command::Other { opcode, parameters: reader.rest() },
                };
                if reader.remaining() == 0 { Ok(command) } else { Err(Malformed) }
            }

            fn put(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
                match self {
                    $(Command::$Name { $($field),* } => { $($field.put(writer)?;)* })*
                    Command::Other { parameters, .. } => parameters.put(writer)?,
                }
                Ok(())
            }
        }

        impl Opcode {
            $($(#[$doc])* pub const $NAME: Opcode = Opcode($opcode);)*

            /// Every command in the table.
            pub const ALL: &'static [Opcode] = &[$(Opcode::$NAME),*];

            /// The command's name, as the variants of [`Command`]; `None` if not in the table.
            pub const fn name(self) -> Option<&'static str> {
                match self {
                    $(Opcode::$NAME => Some(stringify!($Name)),)*
                    _ => None,
                }
            }

            /// Octet and bit among the supported commands.
            pub(super) const fn bit(self) -> Option<(usize, u32)> {
                match self {
                    $($(Opcode::$NAME => Some(($octet, $bit)),)?)*
                    _ => None,
                }
            }
        }
    };
}

impl Command<'_> {
    /// The longest command packet, in octets.
    pub const LONGEST: usize = 258;

    /// Writes the packet; returns its length in octets.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        let mut writer = Writer::new(out);
        self.opcode().put(&mut writer)?;
        writer.put(&[0])?;
        self.put(&mut writer)?;
        writer.close(2)
    }
}

/// Opcode and parameters of a command packet.
fn split(packet: &[u8]) -> Result<(Opcode, &[u8]), Malformed> {
    let (&[low, high, length], parameters) = packet.split_first_chunk::<3>().ok_or(Malformed)?;
    if parameters.len() != usize::from(length) {
        return Err(Malformed);
    }
    Ok((Opcode(u16::from_le_bytes([low, high])), parameters))
}

commands! {
    // 7.1 Link Control
    /// Look for devices, for `inquiry_length` × 1.28 s.
    Inquiry INQUIRY 0x0401 [0, 0] { lap: Lap, inquiry_length: u8, num_responses: u8 }
    /// Stop looking.
    InquiryCancel INQUIRY_CANCEL 0x0402 [0, 1] {}
    /// Page a device.
    CreateConnection CREATE_CONNECTION 0x0405 [0, 4] {
        bd_addr: Address, packet_type: PacketTypes,
        page_scan_repetition_mode: PageScanRepetitionMode, reserved: u8,
        clock_offset: ClockOffset, allow_role_switch: bool
    }
    /// End a link.
    Disconnect DISCONNECT 0x0406 [0, 5] { connection_handle: Handle, reason: Status }
    /// Stop paging.
    CreateConnectionCancel CREATE_CONNECTION_CANCEL 0x0408 [0, 7] { bd_addr: Address }
    /// Let a device connect; `role` is ours: central asks for a switch at once.
    AcceptConnectionRequest ACCEPT_CONNECTION_REQUEST 0x0409 [1, 0] { bd_addr: Address, role: Role }
    /// Turn a device away.
    RejectConnectionRequest REJECT_CONNECTION_REQUEST 0x040A [1, 1] {
        bd_addr: Address, reason: Status
    }
    /// The key for a device.
    LinkKeyRequestReply LINK_KEY_REQUEST_REPLY 0x040B [1, 2] { bd_addr: Address, link_key: LinkKey }
    /// There is no key for a device.
    LinkKeyRequestNegativeReply LINK_KEY_REQUEST_NEGATIVE_REPLY 0x040C [1, 3] { bd_addr: Address }
    /// The PIN for a device.
    PinCodeRequestReply PIN_CODE_REQUEST_REPLY 0x040D [1, 4] { bd_addr: Address, pin_code: PinCode }
    /// There is no PIN for a device.
    PinCodeRequestNegativeReply PIN_CODE_REQUEST_NEGATIVE_REPLY 0x040E [1, 5] { bd_addr: Address }
    /// Change the baseband packets of a link.
    ChangeConnectionPacketType CHANGE_CONNECTION_PACKET_TYPE 0x040F [1, 6] {
        connection_handle: Handle, packet_type: PacketTypes
    }
    /// Authenticate the peer.
    AuthenticationRequested AUTHENTICATION_REQUESTED 0x0411 [1, 7] { connection_handle: Handle }
    /// Turn encryption on or off.
    SetConnectionEncryption SET_CONNECTION_ENCRYPTION 0x0413 [2, 0] {
        connection_handle: Handle, encryption_enable: bool
    }
    /// Ask for a device's name.
    RemoteNameRequest REMOTE_NAME_REQUEST 0x0419 [2, 3] {
        bd_addr: Address, page_scan_repetition_mode: PageScanRepetitionMode, reserved: u8,
        clock_offset: ClockOffset
    }
    /// Stop asking.
    RemoteNameRequestCancel REMOTE_NAME_REQUEST_CANCEL 0x041A [2, 4] { bd_addr: Address }
    /// Ask for a peer's features.
    ReadRemoteSupportedFeatures READ_REMOTE_SUPPORTED_FEATURES 0x041B [2, 5] {
        connection_handle: Handle
    }
    /// Ask for a page of a peer's features.
    ReadRemoteExtendedFeatures READ_REMOTE_EXTENDED_FEATURES 0x041C [2, 6] {
        connection_handle: Handle, page_number: u8
    }
    /// Ask for a peer's version.
    ReadRemoteVersionInformation READ_REMOTE_VERSION_INFORMATION 0x041D [2, 7] {
        connection_handle: Handle
    }
    /// Ask how a peer's clock differs.
    ReadClockOffset READ_CLOCK_OFFSET 0x041F [3, 0] { connection_handle: Handle }
    /// Open a voice link, or change it.
    SetupSynchronousConnection SETUP_SYNCHRONOUS_CONNECTION 0x0428 [16, 3] {
        connection_handle: Handle, parameters: SynchronousParameters
    }
    /// Accept a voice link.
    AcceptSynchronousConnectionRequest ACCEPT_SYNCHRONOUS_CONNECTION_REQUEST 0x0429 [16, 4] {
        bd_addr: Address, parameters: SynchronousParameters
    }
    /// Turn a voice link down.
    RejectSynchronousConnectionRequest REJECT_SYNCHRONOUS_CONNECTION_REQUEST 0x042A [16, 5] {
        bd_addr: Address, reason: Status
    }
    /// What we can show and be told.
    IoCapabilityRequestReply IO_CAPABILITY_REQUEST_REPLY 0x042B [18, 7] {
        bd_addr: Address, io_capability: IoCapability, oob_data_present: OobDataPresent,
        authentication_requirements: AuthenticationRequirements
    }
    /// The numbers are the same.
    UserConfirmationRequestReply USER_CONFIRMATION_REQUEST_REPLY 0x042C [19, 0] { bd_addr: Address }
    /// They are not.
    UserConfirmationRequestNegativeReply USER_CONFIRMATION_REQUEST_NEGATIVE_REPLY 0x042D [19, 1] {
        bd_addr: Address
    }
    /// The passkey typed, 0 to 999999.
    UserPasskeyRequestReply USER_PASSKEY_REQUEST_REPLY 0x042E [19, 2] {
        bd_addr: Address, numeric_value: u32
    }
    /// None was typed.
    UserPasskeyRequestNegativeReply USER_PASSKEY_REQUEST_NEGATIVE_REPLY 0x042F [19, 3] {
        bd_addr: Address
    }
    /// There is no pairing data that came another way.
    RemoteOobDataRequestNegativeReply REMOTE_OOB_DATA_REQUEST_NEGATIVE_REPLY 0x0433 [19, 7] {
        bd_addr: Address
    }
    /// No pairing.
    IoCapabilityRequestNegativeReply IO_CAPABILITY_REQUEST_NEGATIVE_REPLY 0x0434 [20, 3] {
        bd_addr: Address, reason: Status
    }
    /// Open a voice link, or change it; every parameter spelt out.
    EnhancedSetupSynchronousConnection ENHANCED_SETUP_SYNCHRONOUS_CONNECTION 0x043D [29, 3] {
        connection_handle: Handle, parameters: EnhancedSynchronousParameters
    }
    /// Accept a voice link; every parameter spelt out.
    EnhancedAcceptSynchronousConnectionRequest ENHANCED_ACCEPT_SYNCHRONOUS_CONNECTION_REQUEST
    0x043E [29, 4] { bd_addr: Address, parameters: EnhancedSynchronousParameters }

    // 7.2 Link Policy
    /// Let a link sleep between intervals.
    SniffMode SNIFF_MODE 0x0803 [4, 2] {
        connection_handle: Handle, sniff_max_interval: Slots, sniff_min_interval: Slots,
        sniff_attempt: u16, sniff_timeout: u16
    }
    /// Wake a link.
    ExitSniffMode EXIT_SNIFF_MODE 0x0804 [4, 3] { connection_handle: Handle }
    /// Ask which role we have.
    RoleDiscovery ROLE_DISCOVERY 0x0809 [4, 7] { connection_handle: Handle }
    /// Ask for a role.
    SwitchRole SWITCH_ROLE 0x080B [5, 0] { bd_addr: Address, role: Role }
    /// What a link may do.
    ReadLinkPolicySettings READ_LINK_POLICY_SETTINGS 0x080C [5, 1] { connection_handle: Handle }
    /// Say what a link may do.
    WriteLinkPolicySettings WRITE_LINK_POLICY_SETTINGS 0x080D [5, 2] {
        connection_handle: Handle, link_policy_settings: LinkPolicy
    }
    /// What a new link may do.
    ReadDefaultLinkPolicySettings READ_DEFAULT_LINK_POLICY_SETTINGS 0x080E [5, 3] {}
    /// Say what a new link may do.
    WriteDefaultLinkPolicySettings WRITE_DEFAULT_LINK_POLICY_SETTINGS 0x080F [5, 4] {
        default_link_policy_settings: LinkPolicy
    }
    /// Let a sleeping link skip intervals.
    SniffSubrating SNIFF_SUBRATING 0x0811 [17, 4] {
        connection_handle: Handle, max_latency: Slots, min_remote_timeout: Slots,
        min_local_timeout: Slots
    }

    // 7.3 Controller and Baseband
    /// Say which events may come.
    SetEventMask SET_EVENT_MASK 0x0C01 [5, 6] { event_mask: EventMask }
    /// Begin anew.
    Reset RESET 0x0C03 [5, 7] {}
    /// Drop what waits to be sent on a link.
    Flush FLUSH 0x0C08 [6, 1] { connection_handle: Handle }
    /// Set our name.
    WriteLocalName WRITE_LOCAL_NAME 0x0C13 [7, 0] { local_name: Name<'a> }
    /// Ask for our name.
    ReadLocalName READ_LOCAL_NAME 0x0C14 [7, 1] {}
    /// How long a request may wait for an answer.
    ReadConnectionAcceptTimeout READ_CONNECTION_ACCEPT_TIMEOUT 0x0C15 [7, 2] {}
    /// Set it.
    WriteConnectionAcceptTimeout WRITE_CONNECTION_ACCEPT_TIMEOUT 0x0C16 [7, 3] {
        connection_accept_timeout: Slots
    }
    /// How long a device is paged.
    ReadPageTimeout READ_PAGE_TIMEOUT 0x0C17 [7, 4] {}
    /// Set it.
    WritePageTimeout WRITE_PAGE_TIMEOUT 0x0C18 [7, 5] { page_timeout: Slots }
    /// Who may find us and connect.
    ReadScanEnable READ_SCAN_ENABLE 0x0C19 [7, 6] {}
    /// Set it.
    WriteScanEnable WRITE_SCAN_ENABLE 0x0C1A [7, 7] { scan_enable: ScanEnable }
    /// How often we listen for pages.
    ReadPageScanActivity READ_PAGE_SCAN_ACTIVITY 0x0C1B [8, 0] {}
    /// Set it.
    WritePageScanActivity WRITE_PAGE_SCAN_ACTIVITY 0x0C1C [8, 1] {
        page_scan_interval: Slots, page_scan_window: Slots
    }
    /// How often we listen for inquiries.
    ReadInquiryScanActivity READ_INQUIRY_SCAN_ACTIVITY 0x0C1D [8, 2] {}
    /// Set it.
    WriteInquiryScanActivity WRITE_INQUIRY_SCAN_ACTIVITY 0x0C1E [8, 3] {
        inquiry_scan_interval: Slots, inquiry_scan_window: Slots
    }
    /// Whether every link is authenticated when it comes up.
    WriteAuthenticationEnable WRITE_AUTHENTICATION_ENABLE 0x0C20 [8, 5] {
        authentication_enable: bool
    }
    /// What we are.
    ReadClassOfDevice READ_CLASS_OF_DEVICE 0x0C23 [9, 0] {}
    /// Set it.
    WriteClassOfDevice WRITE_CLASS_OF_DEVICE 0x0C24 [9, 1] { class_of_device: ClassOfDevice }
    /// How voice is coded.
    ReadVoiceSetting READ_VOICE_SETTING 0x0C25 [9, 2] {}
    /// Set it.
    WriteVoiceSetting WRITE_VOICE_SETTING 0x0C26 [9, 3] { voice_setting: VoiceSetting }
    /// How long data may wait to be sent.
    ReadAutomaticFlushTimeout READ_AUTOMATIC_FLUSH_TIMEOUT 0x0C27 [9, 4] { connection_handle: Handle }
    /// Set it; 0 is for ever.
    WriteAutomaticFlushTimeout WRITE_AUTOMATIC_FLUSH_TIMEOUT 0x0C28 [9, 5] {
        connection_handle: Handle, flush_timeout: Slots
    }
    /// How strongly we send.
    ReadTransmitPowerLevel READ_TRANSMIT_POWER_LEVEL 0x0C2D [10, 2] {
        connection_handle: Handle, transmit_power_level_type: PowerLevelType
    }
    /// Whether the controller tells of voice packets sent.
    ReadSynchronousFlowControlEnable READ_SYNCHRONOUS_FLOW_CONTROL_ENABLE 0x0C2E [10, 3] {}
    /// Set it.
    WriteSynchronousFlowControlEnable WRITE_SYNCHRONOUS_FLOW_CONTROL_ENABLE 0x0C2F [10, 4] {
        synchronous_flow_control_enable: bool
    }
    /// Whether the controller waits for the host to take packets.
    SetControllerToHostFlowControl SET_CONTROLLER_TO_HOST_FLOW_CONTROL 0x0C31 [10, 5] {
        flow_control_enable: HostFlowControl
    }
    /// What the host can hold.
    HostBufferSize HOST_BUFFER_SIZE 0x0C33 [10, 6] {
        host_acl_data_packet_length: u16, host_synchronous_data_packet_length: u8,
        host_total_num_acl_data_packets: u16, host_total_num_synchronous_data_packets: u16
    }
    /// Packets that the host has taken. Not answered unless it is wrong.
    HostNumberOfCompletedPackets HOST_NUMBER_OF_COMPLETED_PACKETS 0x0C35 [10, 7] {
        completed: List<'a, Completed>
    }
    /// After how long a silent link counts as lost.
    ReadLinkSupervisionTimeout READ_LINK_SUPERVISION_TIMEOUT 0x0C36 [11, 0] {
        connection_handle: Handle
    }
    /// Set it.
    WriteLinkSupervisionTimeout WRITE_LINK_SUPERVISION_TIMEOUT 0x0C37 [11, 1] {
        connection_handle: Handle, link_supervision_timeout: Slots
    }
    /// How many inquiry access codes we can listen for.
    ReadNumberOfSupportedIac READ_NUMBER_OF_SUPPORTED_IAC 0x0C38 [11, 2] {}
    /// Which inquiries we answer.
    WriteCurrentIacLap WRITE_CURRENT_IAC_LAP 0x0C3A [11, 4] { iac_laps: List<'a, Lap> }
    /// How we listen for inquiries.
    ReadInquiryScanType READ_INQUIRY_SCAN_TYPE 0x0C42 [12, 4] {}
    /// Set it.
    WriteInquiryScanType WRITE_INQUIRY_SCAN_TYPE 0x0C43 [12, 5] { scan_type: ScanType }
    /// What inquiry results carry.
    ReadInquiryMode READ_INQUIRY_MODE 0x0C44 [12, 6] {}
    /// Set it.
    WriteInquiryMode WRITE_INQUIRY_MODE 0x0C45 [12, 7] { inquiry_mode: InquiryMode }
    /// How we listen for pages.
    ReadPageScanType READ_PAGE_SCAN_TYPE 0x0C46 [13, 0] {}
    /// Set it.
    WritePageScanType WRITE_PAGE_SCAN_TYPE 0x0C47 [13, 1] { page_scan_type: ScanType }
    /// What we say of ourselves.
    ReadExtendedInquiryResponse READ_EXTENDED_INQUIRY_RESPONSE 0x0C51 [17, 0] {}
    /// Set it.
    WriteExtendedInquiryResponse WRITE_EXTENDED_INQUIRY_RESPONSE 0x0C52 [17, 1] {
        fec_required: bool, extended_inquiry_response: Eir<'a>
    }
    /// Change the key of an encrypted link.
    RefreshEncryptionKey REFRESH_ENCRYPTION_KEY 0x0C53 [17, 2] { connection_handle: Handle }
    /// Whether Secure Simple Pairing is on.
    ReadSimplePairingMode READ_SIMPLE_PAIRING_MODE 0x0C55 [17, 5] {}
    /// Set it.
    WriteSimplePairingMode WRITE_SIMPLE_PAIRING_MODE 0x0C56 [17, 6] { simple_pairing_mode: bool }
    /// How strongly inquiries are answered.
    ReadInquiryResponseTransmitPowerLevel READ_INQUIRY_RESPONSE_TRANSMIT_POWER_LEVEL
    0x0C58 [18, 0] {}
    /// Whether damaged voice is reported.
    WriteDefaultErroneousDataReporting WRITE_DEFAULT_ERRONEOUS_DATA_REPORTING 0x0C5B [18, 3] {
        erroneous_data_reporting: bool
    }
    /// Drop what may be flushed and waits to be sent on a link; `packet_type` is 0.
    EnhancedFlush ENHANCED_FLUSH 0x0C5F [19, 6] { connection_handle: Handle, packet_type: u8 }
    /// Tell the peer of a key press.
    SendKeypressNotification SEND_KEYPRESS_NOTIFICATION 0x0C60 [20, 2] {
        bd_addr: Address, notification_type: KeypressNotificationType
    }
    /// Say which of the later events may come.
    SetEventMaskPage2 SET_EVENT_MASK_PAGE_2 0x0C63 [22, 2] { event_mask_page_2: EventMaskPage2 }
    /// Whether the host speaks LE.
    WriteLeHostSupport WRITE_LE_HOST_SUPPORT 0x0C6D [24, 6] {
        le_supported_host: bool, unused: u8
    }
    /// Whether Secure Connections is on.
    ReadSecureConnectionsHostSupport READ_SECURE_CONNECTIONS_HOST_SUPPORT 0x0C79 [32, 2] {}
    /// Set it.
    WriteSecureConnectionsHostSupport WRITE_SECURE_CONNECTIONS_HOST_SUPPORT 0x0C7A [32, 3] {
        secure_connections_host_support: bool
    }
    /// How long an encrypted link may stay without proof.
    WriteAuthenticatedPayloadTimeout WRITE_AUTHENTICATED_PAYLOAD_TIMEOUT 0x0C7C [32, 5] {
        connection_handle: Handle, authenticated_payload_timeout: u16
    }

    // 7.4 Informational parameters
    /// Which version the controller is.
    ReadLocalVersionInformation READ_LOCAL_VERSION_INFORMATION 0x1001 [14, 3] {}
    /// Which commands it supports.
    ReadLocalSupportedCommands READ_LOCAL_SUPPORTED_COMMANDS 0x1002 {}
    /// Which features it supports.
    ReadLocalSupportedFeatures READ_LOCAL_SUPPORTED_FEATURES 0x1003 [14, 5] {}
    /// A page of its features.
    ReadLocalExtendedFeatures READ_LOCAL_EXTENDED_FEATURES 0x1004 [14, 6] { page_number: u8 }
    /// What it can hold.
    ReadBufferSize READ_BUFFER_SIZE 0x1005 [14, 7] {}
    /// Its address.
    ReadBdAddr READ_BD_ADDR 0x1009 [15, 1] {}

    // 7.5 Status parameters
    /// How good a link is.
    ReadLinkQuality READ_LINK_QUALITY 0x1403 [15, 4] { connection_handle: Handle }
    /// How strong its signal is.
    ReadRssi READ_RSSI 0x1405 [15, 5] { connection_handle: Handle }
    /// How long its encryption key is.
    ReadEncryptionKeySize READ_ENCRYPTION_KEY_SIZE 0x1408 [20, 4] { connection_handle: Handle }
}
