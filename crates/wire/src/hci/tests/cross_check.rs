//! The same packets through the `bt-hci` crate: field by field, and octet by octet.
//!
//! `bt-hci` reads inquiry results of several devices as one array a parameter; controllers (and
//! Linux) send them device by device, so those are compared for one device.

use std::vec::Vec;

use bt_hci::cmd::{Cmd, controller_baseband as cb, info, link_control as lc, status as st};
use bt_hci::event as theirs;
use bt_hci::{FromHciBytes, WriteHci};
use proptest::prelude::*;

use super::super::bytes::{Field, Writer};
use super::*;

fn ours<'a, T: Field<'a>>(value: &T) -> Vec<u8> {
    let mut out = [0; 255];
    let mut writer = Writer::new(&mut out);
    value.put(&mut writer).unwrap();
    let length = writer.len();
    out[..length].to_vec()
}

fn theirs<T: WriteHci>(value: T) -> Vec<u8> {
    let mut out = [0; 260];
    let mut rest = &mut out[..];
    value.write_hci(&mut rest).unwrap();
    let length = 260 - rest.len();
    out[..length].to_vec()
}

/// For each event: both read it, each field has the same octets, ours writes what was read.
macro_rules! events {
    ($($Name:ident/$Theirs:ident { $($field:ident: $their_field:ident),* })*) => {
        const CHECKED_EVENTS: &[u8] =
            &[$(<theirs::$Theirs as theirs::EventParams<'_>>::EVENT_CODE),*];

        fn check_event(packet: &[u8]) -> bool {
            let Ok(ours_read) = Event::parse(packet) else { return false };
            let Ok(their_read) = theirs::Event::from_hci_bytes_complete(packet) else {
                return false;
            };
            match (ours_read, their_read) {
                $((Event::$Name { $($field),* }, theirs::Event::$Theirs(their)) => {
                    $(assert_eq!(
                        ours(&$field), theirs(their.$their_field),
                        concat!(stringify!($Name), ".", stringify!($field))
                    );)*
                    assert_eq!(event(ours_read), packet);
                    true
                })*
                _ => false,
            }
        }
    };
}

events! {
    ConnectionComplete/ConnectionComplete { status: status, connection_handle: handle, bd_addr: bd_addr, link_type: link_type, encryption_enabled: encryption_enabled }
    ConnectionRequest/ConnectionRequest { bd_addr: bd_addr, class_of_device: class_of_device, link_type: link_type }
    InquiryComplete/InquiryComplete { status: status }
    DisconnectionComplete/DisconnectionComplete { status: status, connection_handle: handle, reason: reason }
    AuthenticationComplete/AuthenticationComplete { status: status, connection_handle: handle }
    EncryptionChange/EncryptionChangeV1 { status: status, connection_handle: handle, encryption_enabled: enabled }
    EncryptionChangeV2/EncryptionChangeV2 { status: status, connection_handle: handle, encryption_enabled: encryption_enabled, encryption_key_size: encryption_key_size }
    ChangeConnectionLinkKeyComplete/ChangeConnectionLinkKeyComplete { status: status, connection_handle: handle }
    LinkKeyTypeChanged/LinkKeyTypeChanged { status: status, connection_handle: handle, key_flag: key_flag }
    ReadRemoteSupportedFeaturesComplete/ReadRemoteSupportedFeaturesComplete { status: status, connection_handle: handle, lmp_features: lmp_features }
    ReadRemoteVersionInformationComplete/ReadRemoteVersionInformationComplete { status: status, connection_handle: handle, version: version, manufacturer_name: company_id, subversion: subversion }
    CommandStatus/CommandStatus { status: status, num_hci_command_packets: num_hci_cmd_pkts, command_opcode: cmd_opcode }
    HardwareError/HardwareError { hardware_code: hardware_code }
    FlushOccurred/FlushOccurred { connection_handle: handle }
    RoleChange/RoleChange { status: status, bd_addr: bd_addr, new_role: new_role }
    ModeChange/ModeChange { status: status, connection_handle: handle, current_mode: mode, interval: interval }
    PinCodeRequest/PinCodeRequest { bd_addr: bd_addr }
    LinkKeyRequest/LinkKeyRequest { bd_addr: bd_addr }
    LinkKeyNotification/LinkKeyNotification { bd_addr: bd_addr, link_key: link_key, key_type: key_type }
    MaxSlotsChange/MaxSlotsChange { connection_handle: handle, lmp_max_slots: lmp_max_slots }
    ReadClockOffsetComplete/ReadClockOffsetComplete { status: status, connection_handle: handle, clock_offset: clock_offset }
    ConnectionPacketTypeChanged/ConnectionPacketTypeChanged { status: status, connection_handle: handle, packet_type: packet_type }
    QosViolation/QosViolation { connection_handle: handle }
    PageScanRepetitionModeChange/PageScanRepetitionModeChange { bd_addr: bd_addr, page_scan_repetition_mode: page_scan_repetition_mode }
    SynchronousConnectionComplete/SynchronousConnectionComplete { status: status, connection_handle: handle, bd_addr: bd_addr, link_type: link_type, transmission_interval: transmission_interval, retransmission_window: retransmission_window, rx_packet_length: rx_packet_length, tx_packet_length: tx_packet_length, air_mode: air_mode }
    SynchronousConnectionChanged/SynchronousConnectionChanged { status: status, connection_handle: handle, transmission_interval: transmission_interval, retransmission_window: retransmission_window, rx_packet_length: rx_packet_length, tx_packet_length: tx_packet_length }
    SniffSubrating/SniffSubrating { status: status, connection_handle: handle, max_tx_latency: max_tx_latency, max_rx_latency: max_rx_latency, min_remote_timeout: min_remote_timeout, min_local_timeout: min_local_timeout }
    EncryptionKeyRefreshComplete/EncryptionKeyRefreshComplete { status: status, connection_handle: handle }
    IoCapabilityRequest/IoCapabilityRequest { bd_addr: bd_addr }
    IoCapabilityResponse/IoCapabilityResponse { bd_addr: bd_addr, io_capability: io_capability, oob_data_present: oob_data_present, authentication_requirements: authentication_requirements }
    UserConfirmationRequest/UserConfirmationRequest { bd_addr: bd_addr, numeric_value: numeric_value }
    UserPasskeyRequest/UserPasskeyRequest { bd_addr: bd_addr }
    RemoteOobDataRequest/RemoteOobDataRequest { bd_addr: bd_addr }
    SimplePairingComplete/SimplePairingComplete { status: status, bd_addr: bd_addr }
    LinkSupervisionTimeoutChanged/LinkSupervisionTimeoutChanged { connection_handle: handle, link_supervision_timeout: link_supervision_timeout }
    EnhancedFlushComplete/EnhancedFlushComplete { connection_handle: handle }
    UserPasskeyNotification/UserPasskeyNotification { bd_addr: bd_addr, passkey: passkey }
    KeypressNotification/KeypressNotification { bd_addr: bd_addr, notification_type: notification_type }
    RemoteHostSupportedFeaturesNotification/RemoteHostSupportedFeaturesNotification { bd_addr: bd_addr, host_supported_features: features }
    AuthenticatedPayloadTimeoutExpired/AuthenticatedPayloadTimeoutExpired { connection_handle: handle }
}

/// For each command: both make the same packet, and each field has the same octets.
macro_rules! commands {
    ($($Name:ident { $($field:ident),* } = $module:ident::$Theirs:ident { $($their_field:tt),* };)*) => {
        const CHECKED_COMMANDS: &[u16] =
            &[$(<$module::$Theirs as Cmd>::OPCODE.to_raw()),*];

        fn check_command(packet: &[u8]) -> bool {
            let Ok(read) = Command::parse(packet) else { return false };
            match read {
                $(Command::$Name { $($field),* } => {
                    assert_eq!(read.opcode().0, <$module::$Theirs as Cmd>::OPCODE.to_raw());
                    let Ok(their) =
                        <$module::$Theirs as Cmd>::Params::from_hci_bytes_complete(&packet[3..])
                    else { return false };
                    $(assert_eq!(
                        ours(&$field), theirs(commands!(@field their $their_field)),
                        concat!(stringify!($Name), ".", stringify!($field))
                    );)*
                    assert_eq!(command(read), theirs(<$module::$Theirs>::from(their)));
                    true
                })*
                _ => false,
            }
        }
    };
    (@field $their:ident self) => { $their };
    (@field $their:ident $field:ident) => { { $their.$field } };
}

commands! {
    Inquiry { lap, inquiry_length, num_responses } = lc::Inquiry { lap, inquiry_length, num_responses };
    CreateConnection { bd_addr, packet_type, page_scan_repetition_mode, reserved, clock_offset, allow_role_switch } = lc::CreateConnection { bd_addr, packet_type, page_scan_repetition_mode, reserved, clock_offset, allow_role_switch };
    Disconnect { connection_handle, reason } = lc::Disconnect { handle, reason };
    CreateConnectionCancel { bd_addr } = lc::CreateConnectionCancel { self };
    AcceptConnectionRequest { bd_addr, role } = lc::AcceptConnectionRequest { bd_addr, role };
    RejectConnectionRequest { bd_addr, reason } = lc::RejectConnectionRequest { bd_addr, reason };
    LinkKeyRequestReply { bd_addr, link_key } = lc::LinkKeyRequestReply { bd_addr, link_key };
    LinkKeyRequestNegativeReply { bd_addr } = lc::LinkKeyRequestNegativeReply { self };
    ChangeConnectionPacketType { connection_handle, packet_type } = lc::ChangeConnectionPacketType { handle, packet_type };
    AuthenticationRequested { connection_handle } = lc::AuthenticationRequested { self };
    SetConnectionEncryption { connection_handle, encryption_enable } = lc::SetConnectionEncryption { handle, encryption_enable };
    RemoteNameRequest { bd_addr, page_scan_repetition_mode, reserved, clock_offset } = lc::RemoteNameRequest { bd_addr, page_scan_repetition_mode, reserved, clock_offset };
    RemoteNameRequestCancel { bd_addr } = lc::RemoteNameRequestCancel { self };
    ReadRemoteSupportedFeatures { connection_handle } = lc::ReadRemoteSupportedFeatures { self };
    ReadRemoteExtendedFeatures { connection_handle, page_number } = lc::ReadRemoteExtendedFeatures { handle, page_number };
    ReadRemoteVersionInformation { connection_handle } = lc::ReadRemoteVersionInformation { self };
    ReadClockOffset { connection_handle } = lc::ReadClockOffset { self };
    RejectSynchronousConnectionRequest { bd_addr, reason } = lc::RejectSynchronousConnectionRequest { bd_addr, reason };
    IoCapabilityRequestReply { bd_addr, io_capability, oob_data_present, authentication_requirements } = lc::IoCapabilityRequestReply { bd_addr, io_capability, oob_data_present, authentication_requirements };
    UserConfirmationRequestReply { bd_addr } = lc::UserConfirmationRequestReply { self };
    UserConfirmationRequestNegativeReply { bd_addr } = lc::UserConfirmationRequestNegativeReply { self };
    UserPasskeyRequestReply { bd_addr, numeric_value } = lc::UserPasskeyRequestReply { bd_addr, numeric_value };
    UserPasskeyRequestNegativeReply { bd_addr } = lc::UserPasskeyRequestNegativeReply { self };
    RemoteOobDataRequestNegativeReply { bd_addr } = lc::RemoteOobDataRequestNegativeReply { self };
    IoCapabilityRequestNegativeReply { bd_addr, reason } = lc::IoCapabilityRequestNegativeReply { bd_addr, reason };
    SetEventMask { event_mask } = cb::SetEventMask { self };
    SetEventMaskPage2 { event_mask_page_2 } = cb::SetEventMaskPage2 { self };
    SetControllerToHostFlowControl { flow_control_enable } = cb::SetControllerToHostFlowControl { self };
    HostBufferSize { host_acl_data_packet_length, host_synchronous_data_packet_length, host_total_num_acl_data_packets, host_total_num_synchronous_data_packets } = cb::HostBufferSize { host_acl_data_packet_len, host_sync_data_packet_len, host_total_acl_data_packets, host_total_sync_data_packets };
    ReadTransmitPowerLevel { connection_handle, transmit_power_level_type } = cb::ReadTransmitPowerLevel { handle, kind };
    ReadRssi { connection_handle } = st::ReadRssi { self };
    ReadLocalExtendedFeatures { page_number } = info::ReadLocalExtendedFeatures { page_number };
}

/// The two records of synchronous links, whose fields are grouped here and flat there.
#[test]
fn synchronous_parameters_are_laid_out_alike() {
    let mut octets = [0; 255];
    for (at, octet) in octets.iter_mut().enumerate() {
        *octet = u8::try_from(at).unwrap();
    }
    octets[14] = 1; // Retransmission effort of the legacy setup.
    let packet = super::packet(&[0x28, 0x04], &octets, 17);
    let Ok(Command::SetupSynchronousConnection { parameters, .. }) = Command::parse(&packet) else {
        panic!("not read");
    };
    let their =
        lc::SetupSynchronousConnectionParams::from_hci_bytes_complete(&packet[3..]).unwrap();
    assert_eq!(ours(&parameters.transmit_bandwidth), theirs(their.transmit_bandwidth));
    assert_eq!(ours(&parameters.receive_bandwidth), theirs(their.receive_bandwidth));
    assert_eq!(ours(&parameters.max_latency), theirs(their.max_latency));
    assert_eq!(ours(&parameters.voice_setting), theirs(their.voice_setting));
    assert_eq!(ours(&parameters.packet_type), theirs(their.packet_type));

    octets[58] = 2;
    let packet = super::packet(&[0x3D, 0x04], &octets, 59);
    let Ok(read @ Command::EnhancedSetupSynchronousConnection { parameters, .. }) =
        Command::parse(&packet)
    else {
        panic!("not read");
    };
    let their = <lc::EnhancedSetupSynchronousConnection as Cmd>::Params::from_hci_bytes_complete(
        &packet[3..],
    )
    .unwrap();
    assert_eq!(ours(&parameters.input_coding_format), theirs(their.input_coding_format));
    assert_eq!(ours(&parameters.output_data_path), theirs(their.output_data_path));
    assert_eq!(ours(&parameters.max_latency), theirs(their.max_latency));
    assert_eq!(command(read), packet);
}

#[test]
fn return_parameters_are_laid_out_alike() {
    use bt_hci::cmd::SyncCmd;
    let octets: [u8; 80] = core::array::from_fn(|at| if at == 0 { 0 } else { at as u8 });
    let ours = returns::ReadLocalVersionInformation::parse(&octets).unwrap();
    let their =
        info::ReadLocalVersionInformationReturn::from_hci_bytes_complete(&octets[1..9]).unwrap();
    assert_eq!(ours.hci_subversion, { their.hci_subversion });
    assert_eq!(ours.lmp_version, their.lmp_version.into_inner());
    assert_eq!(ours.company_identifier, { their.company_identifier });
    assert_eq!(ours.lmp_subversion, { their.lmp_subversion });

    let commands = returns::ReadLocalSupportedCommands::parse(&octets).unwrap().supported_commands;
    let (their, _) =
        <info::ReadLocalSupportedCmds as SyncCmd>::Return::from_hci_bytes(&octets[1..]).unwrap();
    assert_eq!(commands.0, their.into_inner());
    for (opcode, supported) in [
        (Opcode::CREATE_CONNECTION, their.create_conn()),
        (Opcode::READ_ENCRYPTION_KEY_SIZE, their.read_encryption_key_size()),
        (Opcode::SET_EVENT_MASK_PAGE_2, their.set_event_mask_page_2()),
        (Opcode::ENHANCED_SETUP_SYNCHRONOUS_CONNECTION, their.enhanced_setup_synchronous_conn()),
        (Opcode::WRITE_INQUIRY_MODE, their.write_inquiry_mode()),
        (Opcode::SNIFF_SUBRATING, their.sniff_subrating()),
        (
            Opcode::IO_CAPABILITY_REQUEST_NEGATIVE_REPLY,
            their.io_capability_request_negative_reply(),
        ),
    ] {
        assert_eq!(commands.has(opcode), supported, "{opcode}");
    }
    assert_eq!(
        returns::ReadRssi::parse(&[0, 5, 0, 0xC4]),
        Ok(returns::ReadRssi { connection_handle: Handle::new(5), rssi: -60 })
    );
}

#[test]
fn number_of_completed_packets_is_laid_out_alike() {
    let completed = [(3, 7), (4, 1)].map(|(handle, count)| Completed {
        connection_handle: Handle::new(handle),
        num_completed_packets: count,
    });
    let packet = event(Event::NumberOfCompletedPackets { completed: List::new(&completed) });
    let theirs::Event::NumberOfCompletedPackets(their) =
        theirs::Event::from_hci_bytes_complete(&packet).unwrap()
    else {
        panic!("not read");
    };
    let read: Vec<_> = their
        .completed_packets
        .iter()
        .map(|c| (c.handle().unwrap().raw(), c.num_completed_packets().unwrap()))
        .collect();
    assert_eq!(read, [(3, 7), (4, 1)]);
}

#[test]
fn an_extended_inquiry_result_is_laid_out_alike() {
    let mut builder = EirBuilder::default();
    let response = ExtendedInquiryResult {
        result: InquiryResultWithRssi {
            bd_addr: PEER,
            page_scan_repetition_mode: PageScanRepetitionMode::R1,
            reserved: [0],
            class_of_device: ClassOfDevice::new(0x240404),
            clock_offset: ClockOffset(0x1234),
            rssi: -50,
        },
        extended_inquiry_response: builder.name("A", 9).unwrap().eir(),
    };
    let packet = event(Event::ExtendedInquiryResult { response });
    assert_eq!(packet.len(), 257);
    let theirs::Event::ExtendedInquiryResult(their) =
        theirs::Event::from_hci_bytes_complete(&packet).unwrap()
    else {
        panic!("not read");
    };
    assert_eq!(ours(&response.result.bd_addr), theirs(their.bd_addr));
    assert_eq!(ours(&response.result.class_of_device), theirs(their.class_of_device));
    assert_eq!(ours(&response.result.clock_offset), theirs(their.clock_offset));
    assert_eq!(their.rssi, -50);
    assert_eq!(their.eir_data[..3], [2, 9, b'A']);
}

#[test]
fn acl_headers_are_laid_out_alike() {
    use bt_hci::data::{AclBroadcastFlag, AclPacket, AclPacketBoundary};
    let (packet, _) = AclPacket::from_hci_bytes(&[0xBC, 0x2A, 2, 0, 7, 8]).unwrap();
    let header = AclHeader::parse(&[0xBC, 0x2A, 2, 0, 7, 8]).unwrap();
    assert_eq!(header.handle.raw(), packet.handle().raw());
    assert_eq!(packet.boundary_flag(), AclPacketBoundary::FirstFlushable);
    assert_eq!(header.boundary, Boundary::FirstFlushable);
    assert_eq!(packet.broadcast_flag(), AclBroadcastFlag::PointToPoint);
    assert_eq!(header.broadcast, Broadcast::PointToPoint);
}

#[test]
fn every_listed_packet_is_compared_at_least_once() {
    let mut missed = Vec::new();
    for code in CHECKED_EVENTS {
        let found = (0..=60).any(|length| {
            [(0, 1), (1, 1), (0, 3)].into_iter().any(|(status, rest)| {
                let mut octets = [rest; 255];
                octets[0] = status;
                check_event(&packet(&[*code], &octets, length))
            })
        });
        if !found {
            missed.push(u16::from(*code));
        }
    }
    for opcode in CHECKED_COMMANDS {
        // Reasons are at the end, and only a few values are reasons to `bt-hci`.
        let found = (0..=60u8).any(|length| {
            [1, 0x13, 0x0D].into_iter().any(|last| {
                let mut octets = [1; 255];
                octets[usize::from(length.saturating_sub(1))] = last;
                check_command(&packet(&opcode.to_le_bytes(), &octets, length))
            })
        });
        if !found {
            missed.push(*opcode);
        }
    }
    assert_eq!(missed, [0; 0], "not compared: {missed:04X?}");
}

proptest! {
    #[test]
    fn events_are_read_alike(
        code in prop::sample::select(CHECKED_EVENTS), octets in octets(),
    ) {
        let length = (0..=60).find(|length| {
            theirs::Event::from_hci_bytes_complete(&packet(&[code], &octets, *length)).is_ok()
        });
        if let Some(length) = length {
            let mut octets = octets;
            // After an error ours takes any air mode for the first; `bt-hci` keeps the octet.
            if code == 0x2C {
                octets[0] = 0;
            }
            // Handles have twelve bits; `bt-hci` keeps sixteen.
            for at in [1, 2] { octets[at] &= 0x0F; }
            check_event(&packet(&[code], &octets, length));
        }
    }

    #[test]
    fn commands_are_read_alike(
        opcode in prop::sample::select(CHECKED_COMMANDS), octets in octets(),
    ) {
        let mut octets = octets;
        octets[1] &= 0x0F;
        if let Some(packet) = any_command(Opcode(opcode), &octets) {
            check_command(&packet);
        }
    }
}
