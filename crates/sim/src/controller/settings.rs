//! What the host has set, and the commands that only read or write it (7.3 and 7.4).

use wire::hci::{
    ClassOfDevice, Command, EventMask, EventMaskPage2, HostFeatures, InquiryMode, Lap, LinkPolicy,
    LmpFeatures, Name, Opcode, ScanEnable, ScanType, Slots, Status, SupportedCommands,
    VoiceSetting, returns,
};

use super::Controller;
use super::commands::{Answer, done};

#[derive(Debug)]
pub(super) struct Settings {
    pub(super) name: Vec<u8>,
    pub(super) class: ClassOfDevice,
    pub(super) scan_enable: ScanEnable,
    pub(super) page_timeout: Slots,
    pub(super) accept_timeout: Slots,
    pub(super) event_mask: EventMask,
    pub(super) event_mask_page_2: EventMaskPage2,
    pub(super) inquiry_mode: InquiryMode,
    pub(super) simple_pairing: bool,
    pub(super) secure_connections: bool,
    pub(super) eir: Vec<u8>,
    pub(super) default_policy: LinkPolicy,
    pub(super) voice_setting: VoiceSetting,
    pub(super) voice_flow_control: bool,
    pub(super) erroneous_data: bool,
    pub(super) laps: Vec<Lap>,
    pub(super) page_scan: (Slots, Slots),
    inquiry_scan: (Slots, Slots),
    page_scan_type: ScanType,
    inquiry_scan_type: ScanType,
    fec_required: bool,
    le_host: bool,
    pub(super) host_acl_packets: u16,
}

impl Default for Settings {
    /// What the specification gives as defaults.
    fn default() -> Self {
        Settings {
            name: Vec::new(),
            class: ClassOfDevice::default(),
            scan_enable: ScanEnable::None,
            page_timeout: Slots(0x2000),
            accept_timeout: Slots(0x1FA0),
            event_mask: EventMask::DEFAULT,
            event_mask_page_2: EventMaskPage2::empty(),
            inquiry_mode: InquiryMode::Standard,
            simple_pairing: false,
            secure_connections: false,
            eir: Vec::new(),
            default_policy: LinkPolicy::empty(),
            voice_setting: VoiceSetting::CVSD,
            voice_flow_control: false,
            erroneous_data: false,
            laps: vec![Lap::GENERAL],
            page_scan: (Slots(0x0800), Slots(0x0012)),
            inquiry_scan: (Slots(0x1000), Slots(0x0012)),
            page_scan_type: ScanType::Standard,
            inquiry_scan_type: ScanType::Standard,
            fec_required: false,
            le_host: false,
            host_acl_packets: 0,
        }
    }
}

impl Controller {
    /// LMP features, page 1: what the host has turned on.
    pub(super) fn host_features(&self) -> HostFeatures {
        let mut features = HostFeatures::empty();
        features.set(HostFeatures::SECURE_SIMPLE_PAIRING, self.settings.simple_pairing);
        features.set(HostFeatures::SECURE_CONNECTIONS, self.settings.secure_connections);
        features.set(HostFeatures::LE, self.settings.le_host);
        features
    }

    /// A page of the LMP features.
    pub(super) fn features(&self, page: u8) -> u64 {
        match page {
            0 => self.options.features.bits(),
            1 => self.host_features().bits(),
            2 => self.options.features_page_2.bits(),
            _ => 0,
        }
    }

    pub(super) fn last_features_page(&self) -> u8 {
        if self.options.features.contains(LmpFeatures::EXTENDED_FEATURES) { 2 } else { 0 }
    }

    pub(super) fn supported_commands(&self) -> SupportedCommands {
        let mut commands = SupportedCommands::NONE;
        for opcode in Opcode::ALL {
            commands.set(*opcode, !self.options.missing.contains(opcode));
        }
        commands
    }

    /// Answers a command that writes a setting.
    pub(super) fn write_setting(&mut self, command: &Command<'_>) -> Option<Answer> {
        let settings = &mut self.settings;
        match *command {
            Command::SetEventMask { event_mask } => settings.event_mask = event_mask,
            Command::SetEventMaskPage2 { event_mask_page_2 } => {
                settings.event_mask_page_2 = event_mask_page_2;
            }
            Command::WriteLocalName { local_name } => {
                settings.name = local_name.as_bytes().to_vec();
            }
            Command::WriteConnectionAcceptTimeout { connection_accept_timeout } => {
                settings.accept_timeout = connection_accept_timeout;
            }
            Command::WritePageTimeout { page_timeout } => settings.page_timeout = page_timeout,
            Command::WriteScanEnable { scan_enable } => settings.scan_enable = scan_enable,
            Command::WritePageScanActivity { page_scan_interval, page_scan_window } => {
                settings.page_scan = (page_scan_interval, page_scan_window);
            }
            Command::WriteInquiryScanActivity { inquiry_scan_interval, inquiry_scan_window } => {
                settings.inquiry_scan = (inquiry_scan_interval, inquiry_scan_window);
            }
            Command::WriteAuthenticationEnable { .. } => {}
            Command::WriteDefaultErroneousDataReporting { erroneous_data_reporting } => {
                settings.erroneous_data = erroneous_data_reporting;
            }
            Command::WriteClassOfDevice { class_of_device } => settings.class = class_of_device,
            Command::WriteVoiceSetting { voice_setting } => settings.voice_setting = voice_setting,
            Command::WriteSynchronousFlowControlEnable { synchronous_flow_control_enable } => {
                settings.voice_flow_control = synchronous_flow_control_enable;
            }
            Command::WriteCurrentIacLap { iac_laps } => settings.laps = iac_laps.iter().collect(),
            Command::WriteInquiryScanType { scan_type } => settings.inquiry_scan_type = scan_type,
            Command::WriteInquiryMode { inquiry_mode } => settings.inquiry_mode = inquiry_mode,
            Command::WritePageScanType { page_scan_type } => {
                settings.page_scan_type = page_scan_type;
            }
            Command::WriteExtendedInquiryResponse { fec_required, extended_inquiry_response } => {
                settings.fec_required = fec_required;
                settings.eir = extended_inquiry_response.as_bytes().to_vec();
            }
            Command::WriteSimplePairingMode { simple_pairing_mode } => {
                settings.simple_pairing = simple_pairing_mode;
            }
            Command::WriteSecureConnectionsHostSupport { secure_connections_host_support } => {
                settings.secure_connections = secure_connections_host_support;
            }
            Command::WriteLeHostSupport { le_supported_host, .. } => {
                settings.le_host = le_supported_host;
            }
            Command::WriteDefaultLinkPolicySettings { default_link_policy_settings } => {
                settings.default_policy = default_link_policy_settings;
            }
            Command::HostBufferSize { host_total_num_acl_data_packets, .. } => {
                settings.host_acl_packets = host_total_num_acl_data_packets;
            }
            _ => return None,
        }
        Some(Answer::OK)
    }

    /// Answers a command that reads a setting.
    pub(super) fn read_setting(&self, command: &Command<'_>) -> Option<Answer> {
        let settings = &self.settings;
        let name = String::from_utf8_lossy(&settings.name);
        Some(match *command {
            Command::ReadLocalName {} => {
                done!(returns::ReadLocalName { local_name: Name::new(&name) })
            }
            Command::ReadConnectionAcceptTimeout {} => {
                done!(returns::ReadConnectionAcceptTimeout {
                    connection_accept_timeout: settings.accept_timeout
                })
            }
            Command::ReadPageTimeout {} => {
                done!(returns::ReadPageTimeout { page_timeout: settings.page_timeout })
            }
            Command::ReadScanEnable {} => {
                done!(returns::ReadScanEnable { scan_enable: settings.scan_enable })
            }
            Command::ReadPageScanActivity {} => done!(returns::ReadPageScanActivity {
                page_scan_interval: settings.page_scan.0,
                page_scan_window: settings.page_scan.1,
            }),
            Command::ReadInquiryScanActivity {} => done!(returns::ReadInquiryScanActivity {
                inquiry_scan_interval: settings.inquiry_scan.0,
                inquiry_scan_window: settings.inquiry_scan.1,
            }),
            Command::ReadClassOfDevice {} => {
                done!(returns::ReadClassOfDevice { class_of_device: settings.class })
            }
            Command::ReadVoiceSetting {} => {
                done!(returns::ReadVoiceSetting { voice_setting: settings.voice_setting })
            }
            Command::ReadSynchronousFlowControlEnable {} => {
                done!(returns::ReadSynchronousFlowControlEnable {
                    synchronous_flow_control_enable: settings.voice_flow_control
                })
            }
            Command::ReadNumberOfSupportedIac {} => {
                done!(returns::ReadNumberOfSupportedIac { num_support_iac: 2 })
            }
            Command::ReadInquiryScanType {} => {
                done!(returns::ReadInquiryScanType {
                    inquiry_scan_type: settings.inquiry_scan_type
                })
            }
            Command::ReadInquiryMode {} => {
                done!(returns::ReadInquiryMode { inquiry_mode: settings.inquiry_mode })
            }
            Command::ReadPageScanType {} => {
                done!(returns::ReadPageScanType { page_scan_type: settings.page_scan_type })
            }
            Command::ReadExtendedInquiryResponse {} => {
                let Ok(eir) = wire::hci::Eir::new(&settings.eir) else {
                    return Some(Answer::failed(Status::HARDWARE_FAILURE));
                };
                done!(returns::ReadExtendedInquiryResponse {
                    fec_required: settings.fec_required,
                    extended_inquiry_response: eir,
                })
            }
            Command::ReadSimplePairingMode {} => done!(returns::ReadSimplePairingMode {
                simple_pairing_mode: settings.simple_pairing
            }),
            Command::ReadSecureConnectionsHostSupport {} => {
                done!(returns::ReadSecureConnectionsHostSupport {
                    secure_connections_host_support: settings.secure_connections
                })
            }
            Command::ReadInquiryResponseTransmitPowerLevel {} => {
                done!(returns::ReadInquiryResponseTransmitPowerLevel { tx_power: 4 })
            }
            Command::ReadDefaultLinkPolicySettings {} => {
                done!(returns::ReadDefaultLinkPolicySettings {
                    default_link_policy_settings: settings.default_policy
                })
            }
            _ => return self.read_information(command),
        })
    }

    /// Answers a command that reads what the controller is.
    fn read_information(&self, command: &Command<'_>) -> Option<Answer> {
        let options = &self.options;
        Some(match *command {
            Command::ReadLocalVersionInformation {} => {
                done!(returns::ReadLocalVersionInformation {
                    hci_version: options.version,
                    hci_subversion: 1,
                    lmp_version: options.version,
                    company_identifier: options.manufacturer,
                    lmp_subversion: 1,
                })
            }
            Command::ReadLocalSupportedCommands {} => {
                done!(returns::ReadLocalSupportedCommands {
                    supported_commands: self.supported_commands()
                })
            }
            Command::ReadLocalSupportedFeatures {} => {
                done!(returns::ReadLocalSupportedFeatures { lmp_features: options.features })
            }
            Command::ReadLocalExtendedFeatures { page_number }
                if page_number <= self.last_features_page() =>
            {
                done!(returns::ReadLocalExtendedFeatures {
                    page_number,
                    max_page_number: self.last_features_page(),
                    extended_lmp_features: self.features(page_number),
                })
            }
            Command::ReadLocalExtendedFeatures { .. } => {
                Answer::failed(Status::UNSUPPORTED_FEATURE_OR_PARAMETER_VALUE)
            }
            Command::ReadBufferSize {} => done!(returns::ReadBufferSize {
                acl_data_packet_length: options.acl_length,
                synchronous_data_packet_length: options.voice_length,
                total_num_acl_data_packets: options.acl_packets,
                total_num_synchronous_data_packets: options.voice_packets,
            }),
            Command::ReadBdAddr {} => done!(returns::ReadBdAddr { bd_addr: self.address }),
            _ => return None,
        })
    }
}
