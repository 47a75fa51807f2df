//! Events, controller to host (Vol 4, Part E, 7.7), as one table: the variant, its code, and its
//! parameters.

use super::bytes::{Field, Reader, Writer};
use super::features::{HostFeatures, LmpFeatures};
use super::list::{Completed, ExtendedInquiryResult, InquiryResult, InquiryResultWithRssi, List};
use super::opcode::Opcode;
use super::status::Status;
use super::values::*;
use super::voice::*;
use crate::address::Address;
use crate::error::{Malformed, NoRoom};

macro_rules! events {
    ($(
        $(#[$doc:meta])*
        $Name:ident $code:literal { $($field:ident: $Field:ty),* }
    )*) => {
        /// An event packet. Fields are the specification's parameters; where `status` is an error,
        /// those after it have no meaning unless they name the link or the peer.
        #[derive(Clone, Copy, PartialEq, Debug)]
        pub enum Event<'a> {
            $(
                $(#[$doc])*
                $Name { $(#[doc = concat!("Parameter ", stringify!($field), ".")] $field: $Field,)* },
            )*
            /// An event that is not in this table.
            Other {
                /// Its code.
                event_code: u8,
                /// Its parameters.
                parameters: &'a [u8],
            },
        }

        impl<'a> Event<'a> {
            /// The codes in the table.
            pub const CODES: &'static [u8] = &[$($code),*];

            /// The event's code.
            pub fn code(&self) -> u8 {
                match self {
                    $(Event::$Name { .. } => $code,)*
                    Event::Other { event_code, .. } => *event_code,
                }
            }

            /// Reads an event packet: code, length, and exactly that many octets of parameters, of
            /// which unknown ones at the end are passed over.
            pub fn parse(packet: &'a [u8]) -> Result<Event<'a>, Malformed> {
                let (&[event_code, length], parameters) =
                    packet.split_first_chunk::<2>().ok_or(Malformed)?;
                if parameters.len() != usize::from(length) {
                    return Err(Malformed);
                }
                let reader = &mut Reader::new(parameters);
                Ok(match event_code {
                    $($code => Event::$Name { $($field: Field::get(reader)?,)* },)*
                    event_code => Event::Other { event_code, parameters },
                })
            }

            fn put(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
                match self {
                    $(Event::$Name { $($field),* } => { $($field.put(writer)?;)* })*
                    Event::Other { parameters, .. } => parameters.put(writer)?,
                }
                Ok(())
            }
        }
    };
}

impl Event<'_> {
    /// The longest event packet, in octets.
    pub const LONGEST: usize = 257;

    /// Writes the packet; returns its length in octets.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        let mut writer = Writer::new(out);
        writer.put(&[self.code(), 0])?;
        self.put(&mut writer)?;
        writer.close(1)
    }
}

events! {
    /// The inquiry is over.
    InquiryComplete 0x01 { status: Status }
    /// Devices were found.
    InquiryResult 0x02 { responses: List<'a, InquiryResult> }
    /// A link is up, or could not be made.
    ConnectionComplete 0x03 {
        status: Status, connection_handle: Handle, bd_addr: Address, link_type: LinkType,
        encryption_enabled: bool
    }
    /// A device wants a link.
    ConnectionRequest 0x04 {
        bd_addr: Address, class_of_device: ClassOfDevice, link_type: LinkType
    }
    /// A link is gone.
    DisconnectionComplete 0x05 { status: Status, connection_handle: Handle, reason: Status }
    /// Authentication is over.
    AuthenticationComplete 0x06 { status: Status, connection_handle: Handle }
    /// A device's name.
    RemoteNameRequestComplete 0x07 { status: Status, bd_addr: Address, remote_name: Name<'a> }
    /// Encryption was turned on or off.
    EncryptionChange 0x08 {
        status: Status, connection_handle: Handle, encryption_enabled: Encryption
    }
    /// The link key was changed.
    ChangeConnectionLinkKeyComplete 0x09 { status: Status, connection_handle: Handle }
    /// The kind of key in use was changed.
    LinkKeyTypeChanged 0x0A { status: Status, connection_handle: Handle, key_flag: KeyFlag }
    /// A peer's features.
    ReadRemoteSupportedFeaturesComplete 0x0B {
        status: Status, connection_handle: Handle, lmp_features: LmpFeatures
    }
    /// A peer's version.
    ReadRemoteVersionInformationComplete 0x0C {
        status: Status, connection_handle: Handle, version: u8, manufacturer_name: u16,
        subversion: u16
    }
    /// A command is done; see [`returns`](super::returns).
    CommandComplete 0x0E {
        num_hci_command_packets: u8, command_opcode: Opcode, return_parameters: &'a [u8]
    }
    /// A command was taken on, or refused.
    CommandStatus 0x0F { status: Status, num_hci_command_packets: u8, command_opcode: Opcode }
    /// The controller is broken.
    HardwareError 0x10 { hardware_code: u8 }
    /// Data that waited was dropped.
    FlushOccurred 0x11 { connection_handle: Handle }
    /// Our role changed, or could not be.
    RoleChange 0x12 { status: Status, bd_addr: Address, new_role: Role }
    /// Packets of ours are done with: as many more may be sent.
    NumberOfCompletedPackets 0x13 { completed: List<'a, Completed> }
    /// A link went to sleep or woke.
    ModeChange 0x14 {
        status: Status, connection_handle: Handle, current_mode: Mode, interval: Slots
    }
    /// A PIN is wanted.
    PinCodeRequest 0x16 { bd_addr: Address }
    /// A link key is wanted.
    LinkKeyRequest 0x17 { bd_addr: Address }
    /// A link key was made.
    LinkKeyNotification 0x18 { bd_addr: Address, link_key: LinkKey, key_type: KeyType }
    /// We sent more than the controller can hold.
    DataBufferOverflow 0x1A { link_type: LinkType }
    /// How long the baseband packets of a link may be.
    MaxSlotsChange 0x1B { connection_handle: Handle, lmp_max_slots: u8 }
    /// How a peer's clock differs.
    ReadClockOffsetComplete 0x1C {
        status: Status, connection_handle: Handle, clock_offset: ClockOffset
    }
    /// The baseband packets of a link were changed.
    ConnectionPacketTypeChanged 0x1D {
        status: Status, connection_handle: Handle, packet_type: PacketTypes
    }
    /// A link does not keep to what was agreed.
    QosViolation 0x1E { connection_handle: Handle }
    /// How often a device listens for pages was changed.
    PageScanRepetitionModeChange 0x20 {
        bd_addr: Address, page_scan_repetition_mode: PageScanRepetitionMode
    }
    /// Devices were found.
    InquiryResultWithRssi 0x22 { responses: List<'a, InquiryResultWithRssi> }
    /// A page of a peer's features.
    ReadRemoteExtendedFeaturesComplete 0x23 {
        status: Status, connection_handle: Handle, page_number: u8, max_page_number: u8,
        extended_lmp_features: u64
    }
    /// A voice link is up, or could not be made.
    SynchronousConnectionComplete 0x2C {
        status: Status, connection_handle: Handle, bd_addr: Address, link_type: LinkType,
        transmission_interval: u8, retransmission_window: u8, rx_packet_length: u16,
        tx_packet_length: u16, air_mode: AirMode
    }
    /// A voice link was changed.
    SynchronousConnectionChanged 0x2D {
        status: Status, connection_handle: Handle, transmission_interval: u8,
        retransmission_window: u8, rx_packet_length: u16, tx_packet_length: u16
    }
    /// A sleeping link skips intervals.
    SniffSubrating 0x2E {
        status: Status, connection_handle: Handle, max_tx_latency: Slots, max_rx_latency: Slots,
        min_remote_timeout: Slots, min_local_timeout: Slots
    }
    /// A device was found, with what it says of itself.
    ExtendedInquiryResult 0x2F { response: ExtendedInquiryResult<'a> }
    /// The encryption key was changed.
    EncryptionKeyRefreshComplete 0x30 { status: Status, connection_handle: Handle }
    /// What can we show and be told?
    IoCapabilityRequest 0x31 { bd_addr: Address }
    /// What the peer can show and be told.
    IoCapabilityResponse 0x32 {
        bd_addr: Address, io_capability: IoCapability, oob_data_present: OobDataPresent,
        authentication_requirements: AuthenticationRequirements
    }
    /// Are the numbers the same?
    UserConfirmationRequest 0x33 { bd_addr: Address, numeric_value: u32 }
    /// A passkey is to be typed.
    UserPasskeyRequest 0x34 { bd_addr: Address }
    /// Pairing data that came another way is wanted.
    RemoteOobDataRequest 0x35 { bd_addr: Address }
    /// Pairing is over.
    SimplePairingComplete 0x36 { status: Status, bd_addr: Address }
    /// After how long a silent link counts as lost was changed.
    LinkSupervisionTimeoutChanged 0x38 {
        connection_handle: Handle, link_supervision_timeout: Slots
    }
    /// Data that may be flushed was dropped.
    EnhancedFlushComplete 0x39 { connection_handle: Handle }
    /// A passkey is to be shown.
    UserPasskeyNotification 0x3B { bd_addr: Address, passkey: u32 }
    /// A key was pressed over there.
    KeypressNotification 0x3C {
        bd_addr: Address, notification_type: KeypressNotificationType
    }
    /// What a peer's host has turned on.
    RemoteHostSupportedFeaturesNotification 0x3D {
        bd_addr: Address, host_supported_features: HostFeatures
    }
    /// An encrypted link has not proven itself in time.
    AuthenticatedPayloadTimeoutExpired 0x57 { connection_handle: Handle }
    /// Encryption was turned on or off; with the key's size in octets.
    EncryptionChangeV2 0x59 {
        status: Status, connection_handle: Handle, encryption_enabled: Encryption,
        encryption_key_size: u8
    }
    /// Whatever the vendor says.
    VendorSpecific 0xFF { parameters: &'a [u8] }
}
