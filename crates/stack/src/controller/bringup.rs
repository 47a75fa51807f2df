//! Bring-up (Core 5.4, Vol 4, Part E, 4 and Annex B): a table of steps, carried out one by one.
//!
//! What the controller must tell, it must tell: an error there is the end. The rest is done where
//! the controller says that it can, and what it then refuses is done without.

use wire::hci::{
    Command, EventMask, InquiryMode, LinkPolicy, LmpFeatures, LmpFeaturesPage2, Name as WireName,
    Opcode, ScanType, Slots, Status, SupportedCommands, VoiceSetting, returns,
};

use super::Controller;
use super::commands::Errand;
use super::config::Config;
use super::output::{Cause, ControllerInfo, Failure, Output, Warning};
use crate::SecureConnections;

/// How often Reset is tried: half an event of an earlier life may swallow its first answer.
const RESETS: u8 = 2;
/// Delete Stored Link Key (7.3.8), which `wire` leaves out, with its octet and bit.
const DELETE_STORED_LINK_KEY: (Opcode, usize, u8) = (Opcode(0x0C12), 6, 7);
/// Page scan every 640 ms, for 11.25 ms (R1 at its half).
const PAGE_SCAN: (Slots, Slots) = (Slots(0x0400), Slots(0x0012));
/// A connection request may wait 5 s for its answer.
const ACCEPT_TIMEOUT: Slots = Slots(0x1F40);

/// What a controller can do, as far as it has told.
#[derive(Clone, Debug)]
pub(super) struct Capabilities {
    pub(super) commands: SupportedCommands,
    pub(super) features: LmpFeatures,
    page_2: LmpFeaturesPage2,
    last_page: u8,
    /// Links come with our policy by themselves.
    pub(super) default_link_policy: bool,
    pub(super) info: ControllerInfo,
}

impl Capabilities {
    pub(super) fn unknown() -> Self {
        Capabilities {
            commands: SupportedCommands::NONE,
            features: LmpFeatures::empty(),
            page_2: LmpFeaturesPage2::empty(),
            last_page: 0,
            default_link_policy: false,
            info: ControllerInfo::default(),
        }
    }

    fn has(&self, opcode: Opcode, features: LmpFeatures) -> bool {
        self.commands.has(opcode) && self.features.contains(features)
    }

    /// What links may do.
    pub(super) fn link_policy(&self) -> LinkPolicy {
        let mut policy = LinkPolicy::empty();
        policy.set(LinkPolicy::ROLE_SWITCH, self.features.contains(LmpFeatures::ROLE_SWITCH));
        policy.set(LinkPolicy::SNIFF, self.features.contains(LmpFeatures::SNIFF_MODE));
        policy
    }

    fn event_mask(&self) -> EventMask {
        let mut mask = EventMask::DEFAULT;
        let by_feature = [
            (LmpFeatures::SNIFF_SUBRATING, EventMask::SNIFF_SUBRATING),
            (LmpFeatures::EXTENDED_INQUIRY_RESPONSE, EventMask::EXTENDED_INQUIRY_RESULT),
            (LmpFeatures::PAUSE_ENCRYPTION, EventMask::ENCRYPTION_KEY_REFRESH_COMPLETE),
            (
                LmpFeatures::SECURE_SIMPLE_PAIRING,
                EventMask::IO_CAPABILITY_REQUEST
                    .union(EventMask::IO_CAPABILITY_RESPONSE)
                    .union(EventMask::USER_CONFIRMATION_REQUEST)
                    .union(EventMask::USER_PASSKEY_REQUEST)
                    .union(EventMask::REMOTE_OOB_DATA_REQUEST)
                    .union(EventMask::SIMPLE_PAIRING_COMPLETE)
                    .union(EventMask::USER_PASSKEY_NOTIFICATION)
                    .union(EventMask::KEYPRESS_NOTIFICATION),
            ),
        ];
        for (feature, events) in by_feature {
            mask.set(events, self.features.contains(feature));
        }
        mask
    }

    fn inquiry_mode(&self) -> Option<InquiryMode> {
        if self.features.contains(LmpFeatures::EXTENDED_INQUIRY_RESPONSE) {
            Some(InquiryMode::Extended)
        } else if self.features.contains(LmpFeatures::RSSI_WITH_INQUIRY_RESULTS) {
            Some(InquiryMode::Rssi)
        } else {
            None
        }
    }
}

type Answer = Result<(), returns::Error>;

/// One command of bring-up.
struct Step {
    opcode: Opcode,
    /// Whether the controller is of no use without it.
    needed: bool,
    wanted: fn(&Controller) -> bool,
    command: for<'a> fn(&'a Controller) -> Command<'a>,
    /// Takes in what it returns.
    take: fn(&mut Capabilities, &[u8]) -> Answer,
}

const fn needed(
    opcode: Opcode,
    command: for<'a> fn(&'a Controller) -> Command<'a>,
    take: fn(&mut Capabilities, &[u8]) -> Answer,
) -> Step {
    Step { opcode, needed: true, wanted: |_| true, command, take }
}

const fn optional(
    opcode: Opcode,
    wanted: fn(&Controller) -> bool,
    command: for<'a> fn(&'a Controller) -> Command<'a>,
) -> Step {
    Step { opcode, needed: false, wanted, command, take: |_, octets| returns::status(octets) }
}

/// An optional step whose answer matters later.
const fn noted(
    opcode: Opcode,
    wanted: fn(&Controller) -> bool,
    command: for<'a> fn(&'a Controller) -> Command<'a>,
    take: fn(&mut Capabilities, &[u8]) -> Answer,
) -> Step {
    Step { opcode, needed: false, wanted, command, take }
}

const STEPS: &[Step] = &[
    needed(Opcode::RESET, |_| Command::Reset {}, |_, octets| returns::status(octets)),
    needed(
        Opcode::READ_LOCAL_VERSION_INFORMATION,
        |_| Command::ReadLocalVersionInformation {},
        take_version,
    ),
    needed(
        Opcode::READ_LOCAL_SUPPORTED_COMMANDS,
        |_| Command::ReadLocalSupportedCommands {},
        |capabilities, octets| {
            let answer = returns::ReadLocalSupportedCommands::parse(octets)?;
            capabilities.commands = answer.supported_commands;
            Ok(())
        },
    ),
    needed(
        Opcode::READ_LOCAL_SUPPORTED_FEATURES,
        |_| Command::ReadLocalSupportedFeatures {},
        |capabilities, octets| {
            let answer = returns::ReadLocalSupportedFeatures::parse(octets)?;
            capabilities.features = answer.lmp_features;
            capabilities.info.sniff = answer.lmp_features.contains(LmpFeatures::SNIFF_MODE);
            Ok(())
        },
    ),
    noted(
        Opcode::READ_LOCAL_EXTENDED_FEATURES,
        |c| c.has(Opcode::READ_LOCAL_EXTENDED_FEATURES, LmpFeatures::EXTENDED_FEATURES),
        |_| Command::ReadLocalExtendedFeatures { page_number: 1 },
        take_page,
    ),
    noted(
        Opcode::READ_LOCAL_EXTENDED_FEATURES,
        |c| c.capabilities.last_page >= 2,
        |_| Command::ReadLocalExtendedFeatures { page_number: 2 },
        take_page,
    ),
    needed(Opcode::READ_BUFFER_SIZE, |_| Command::ReadBufferSize {}, take_buffers),
    needed(
        Opcode::READ_BD_ADDR,
        |_| Command::ReadBdAddr {},
        |capabilities, octets| {
            capabilities.info.address = returns::ReadBdAddr::parse(octets)?.bd_addr;
            Ok(())
        },
    ),
    optional(
        Opcode::SET_EVENT_MASK,
        |c| c.has(Opcode::SET_EVENT_MASK, LmpFeatures::empty()),
        |c| Command::SetEventMask { event_mask: c.capabilities.event_mask() },
    ),
    noted(
        Opcode::WRITE_SIMPLE_PAIRING_MODE,
        |c| c.has(Opcode::WRITE_SIMPLE_PAIRING_MODE, LmpFeatures::SECURE_SIMPLE_PAIRING),
        |_| Command::WriteSimplePairingMode { simple_pairing_mode: true },
        |capabilities, octets| {
            returns::status(octets)?;
            capabilities.info.simple_pairing = true;
            Ok(())
        },
    ),
    noted(
        Opcode::WRITE_SECURE_CONNECTIONS_HOST_SUPPORT,
        |c| {
            c.config.secure_connections != SecureConnections::Off
                && c.capabilities.info.simple_pairing
                && c.capabilities.page_2.contains(LmpFeaturesPage2::SECURE_CONNECTIONS)
                && c.has(Opcode::WRITE_SECURE_CONNECTIONS_HOST_SUPPORT, LmpFeatures::empty())
        },
        |_| Command::WriteSecureConnectionsHostSupport { secure_connections_host_support: true },
        |capabilities, octets| {
            returns::status(octets)?;
            capabilities.info.secure_connections = true;
            Ok(())
        },
    ),
    // Keys that the controller keeps by itself would be used without our being asked.
    optional(
        DELETE_STORED_LINK_KEY.0,
        |c| {
            let (_, octet, bit) = DELETE_STORED_LINK_KEY;
            c.capabilities.commands.0.get(octet).is_some_and(|octet| octet >> bit & 1 == 1)
        },
        |_| Command::Other { opcode: DELETE_STORED_LINK_KEY.0, parameters: &[0, 0, 0, 0, 0, 0, 1] },
    ),
    optional(
        Opcode::WRITE_CLASS_OF_DEVICE,
        |c| c.has(Opcode::WRITE_CLASS_OF_DEVICE, LmpFeatures::empty()),
        |c| Command::WriteClassOfDevice { class_of_device: c.config.class },
    ),
    optional(
        Opcode::WRITE_LOCAL_NAME,
        |c| c.has(Opcode::WRITE_LOCAL_NAME, LmpFeatures::empty()),
        |c| Command::WriteLocalName { local_name: WireName::new(&c.config.name) },
    ),
    optional(
        Opcode::WRITE_INQUIRY_MODE,
        |c| {
            c.capabilities.inquiry_mode().is_some()
                && c.has(Opcode::WRITE_INQUIRY_MODE, LmpFeatures::empty())
        },
        |c| Command::WriteInquiryMode {
            inquiry_mode: c.capabilities.inquiry_mode().unwrap_or(InquiryMode::Standard),
        },
    ),
    optional(
        Opcode::WRITE_EXTENDED_INQUIRY_RESPONSE,
        |c| c.writes_eir(),
        |c| Command::WriteExtendedInquiryResponse {
            fec_required: false,
            extended_inquiry_response: c.eir.eir(),
        },
    ),
    optional(
        Opcode::WRITE_PAGE_SCAN_TYPE,
        |c| c.has(Opcode::WRITE_PAGE_SCAN_TYPE, LmpFeatures::INTERLACED_PAGE_SCAN),
        |_| Command::WritePageScanType { page_scan_type: ScanType::Interlaced },
    ),
    optional(
        Opcode::WRITE_INQUIRY_SCAN_TYPE,
        |c| c.has(Opcode::WRITE_INQUIRY_SCAN_TYPE, LmpFeatures::INTERLACED_INQUIRY_SCAN),
        |_| Command::WriteInquiryScanType { scan_type: ScanType::Interlaced },
    ),
    optional(
        Opcode::WRITE_PAGE_SCAN_ACTIVITY,
        |c| c.has(Opcode::WRITE_PAGE_SCAN_ACTIVITY, LmpFeatures::empty()),
        |_| Command::WritePageScanActivity {
            page_scan_interval: PAGE_SCAN.0,
            page_scan_window: PAGE_SCAN.1,
        },
    ),
    optional(
        Opcode::WRITE_PAGE_TIMEOUT,
        |c| c.has(Opcode::WRITE_PAGE_TIMEOUT, LmpFeatures::empty()),
        |c| Command::WritePageTimeout { page_timeout: Slots(c.config.page_timeout) },
    ),
    noted(
        Opcode::WRITE_DEFAULT_LINK_POLICY_SETTINGS,
        |c| c.has(Opcode::WRITE_DEFAULT_LINK_POLICY_SETTINGS, LmpFeatures::empty()),
        |c| Command::WriteDefaultLinkPolicySettings {
            default_link_policy_settings: c.capabilities.link_policy(),
        },
        |capabilities, octets| {
            returns::status(octets)?;
            capabilities.default_link_policy = true;
            Ok(())
        },
    ),
    optional(
        Opcode::WRITE_CONNECTION_ACCEPT_TIMEOUT,
        |c| c.has(Opcode::WRITE_CONNECTION_ACCEPT_TIMEOUT, LmpFeatures::empty()),
        |_| Command::WriteConnectionAcceptTimeout { connection_accept_timeout: ACCEPT_TIMEOUT },
    ),
    optional(
        Opcode::WRITE_SYNCHRONOUS_FLOW_CONTROL_ENABLE,
        |c| c.has(Opcode::WRITE_SYNCHRONOUS_FLOW_CONTROL_ENABLE, LmpFeatures::empty()),
        |_| Command::WriteSynchronousFlowControlEnable { synchronous_flow_control_enable: false },
    ),
    optional(
        Opcode::WRITE_VOICE_SETTING,
        |c| c.has(Opcode::WRITE_VOICE_SETTING, LmpFeatures::empty()),
        |_| Command::WriteVoiceSetting { voice_setting: VoiceSetting::CVSD },
    ),
    // Voice that is damaged or lost is told of instead of left out.
    optional(
        Opcode::WRITE_DEFAULT_ERRONEOUS_DATA_REPORTING,
        |c| {
            let opcode = Opcode::WRITE_DEFAULT_ERRONEOUS_DATA_REPORTING;
            c.has(opcode, LmpFeatures::ERRONEOUS_DATA_REPORTING)
        },
        |_| Command::WriteDefaultErroneousDataReporting { erroneous_data_reporting: true },
    ),
];

fn take_version(capabilities: &mut Capabilities, octets: &[u8]) -> Answer {
    let answer = returns::ReadLocalVersionInformation::parse(octets)?;
    let info = &mut capabilities.info;
    info.hci_version = answer.hci_version;
    info.manufacturer = answer.company_identifier;
    info.lmp_version = answer.lmp_version;
    info.lmp_subversion = answer.lmp_subversion;
    Ok(())
}

fn take_page(capabilities: &mut Capabilities, octets: &[u8]) -> Answer {
    let answer = returns::ReadLocalExtendedFeatures::parse(octets)?;
    capabilities.last_page = answer.max_page_number;
    if answer.page_number == 2 {
        capabilities.page_2 = LmpFeaturesPage2::from_bits_retain(answer.extended_lmp_features);
    }
    Ok(())
}

fn take_buffers(capabilities: &mut Capabilities, octets: &[u8]) -> Answer {
    let answer = returns::ReadBufferSize::parse(octets)?;
    if answer.acl_data_packet_length == 0 || answer.total_num_acl_data_packets == 0 {
        return Err(returns::Error::Malformed);
    }
    let info = &mut capabilities.info;
    info.acl_length = answer.acl_data_packet_length;
    info.acl_packets = answer.total_num_acl_data_packets;
    info.synchronous_length = answer.synchronous_data_packet_length;
    info.synchronous_packets = answer.total_num_synchronous_data_packets;
    Ok(())
}

/// How far a controller has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// Not started, lost, or of no use.
    Down,
    /// At this step of the table, tried so often.
    BringUp { step: usize, tries: u8 },
    /// Ready.
    Up,
}

impl Controller {
    fn has(&self, opcode: Opcode, features: LmpFeatures) -> bool {
        self.capabilities.has(opcode, features)
    }

    pub(super) fn writes_eir(&self) -> bool {
        let feature = LmpFeatures::EXTENDED_INQUIRY_RESPONSE;
        self.has(Opcode::WRITE_EXTENDED_INQUIRY_RESPONSE, feature)
    }

    /// Begins at the first step.
    pub(super) fn begin_bring_up(&mut self) {
        self.capabilities = Capabilities::unknown();
        self.bring_up_from(0);
    }

    /// Carries out the first wanted step from `first` on.
    fn bring_up_from(&mut self, first: usize) {
        let steps = STEPS.iter().enumerate().skip(first);
        let Some((step, todo)) = steps.into_iter().find(|(_, step)| (step.wanted)(self)) else {
            return self.finish_bring_up();
        };
        self.phase = Phase::BringUp { step, tries: 1 };
        self.command_of_step(todo);
    }

    fn command_of_step(&mut self, step: &Step) {
        let mut octets = [0; Command::LONGEST];
        // A step's command borrows from what the queue is part of: written here, then handed over.
        if let Ok(written) = (step.command)(self).write(&mut octets) {
            let octets = octets.get(..written).unwrap_or_default();
            let _ = self.commands.push_octets(step.opcode, octets, Errand::BringUp);
        }
    }

    /// A step was answered.
    pub(super) fn bring_up_answered(&mut self, answer: Result<&[u8], Status>) {
        let Phase::BringUp { step: index, .. } = self.phase else { return };
        let Some(step) = STEPS.get(index) else { return };
        let result = match answer {
            Ok(octets) => (step.take)(&mut self.capabilities, octets),
            Err(status) => Err(returns::Error::Status(status)),
        };
        let name = step_name(step.opcode);
        match result {
            Ok(()) => {}
            Err(error) if step.needed => {
                let cause = match error {
                    returns::Error::Status(status) => Cause::Status(status),
                    returns::Error::Malformed => Cause::BadAnswer,
                };
                return self.fail(Failure { step: name, opcode: Some(step.opcode), cause });
            }
            Err(error) => {
                let status = match error {
                    returns::Error::Status(status) => status,
                    returns::Error::Malformed => Status::UNSPECIFIED_ERROR,
                };
                self.counters.refused_commands += 1;
                self.output(Output::Warning(Warning::Refused { step: name, status }));
            }
        }
        self.bring_up_from(index + 1);
    }

    /// Whether Reset is to be tried again, since no answer came.
    pub(super) fn retries_reset(&mut self) -> bool {
        match &mut self.phase {
            Phase::BringUp { step: 0, tries } if *tries < RESETS => {
                *tries += 1;
                self.commands.reset();
                if let Some(step) = STEPS.first() {
                    self.command_of_step(step);
                }
                true
            }
            _ => false,
        }
    }

    fn finish_bring_up(&mut self) {
        self.phase = Phase::Up;
        let info = self.capabilities.info;
        self.outbound.configure(info.acl_length, info.acl_packets);
        if !info.simple_pairing {
            self.output(Output::Warning(Warning::NoSimplePairing));
        }
        let only = self.config.secure_connections == SecureConnections::Only;
        if only && !info.secure_connections {
            self.output(Output::Warning(Warning::NoSecureConnections));
        }
        self.output(Output::Up(info));
        self.update_scan();
    }

    /// The step of bring-up that is not answered yet, while it is brought up.
    pub fn step(&self) -> Option<&'static str> {
        let Phase::BringUp { step, .. } = self.phase else { return None };
        STEPS.get(step).map(|step| step_name(step.opcode))
    }

    /// Whether events other than answers mean nothing yet.
    pub(super) fn is_up(&self) -> bool {
        self.phase == Phase::Up
    }
}

/// The name of a command, for people.
pub(super) fn step_name(opcode: Opcode) -> &'static str {
    if opcode == DELETE_STORED_LINK_KEY.0 {
        return "DeleteStoredLinkKey";
    }
    opcode.name().unwrap_or("a command")
}

/// What a configuration says in the extended inquiry response: services first, then as much of the
/// name as fits.
pub(super) fn eir_of(config: &Config) -> wire::hci::EirBuilder {
    let mut eir = wire::hci::EirBuilder::default();
    if !config.services.is_empty() {
        // 16 UUIDs always fit.
        let _ = eir.uuids_16(&config.services);
    }
    let _ = eir.name(&config.name, usize::MAX);
    eir
}
