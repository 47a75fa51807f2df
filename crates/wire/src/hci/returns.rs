//! What `Command Complete` returns, by command.
//!
//! The status that nearly all of them begin with is not a field: [`parse`](ReadBdAddr::parse) gives
//! it as the error, and `write` writes success. Commands that return nothing else are read with
//! [`status`].

use core::fmt;

use super::bytes::{Field, Reader, Writer};
use super::eir::Eir;
use super::features::{LmpFeatures, SupportedCommands};
use super::status::Status;
use super::values::*;
use super::voice::VoiceSetting;
use crate::address::Address;
use crate::error::{Malformed, NoRoom};

/// Why there are no return parameters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Error {
    /// The controller says so.
    Status(Status),
    /// What it says cannot be read.
    Malformed,
}

impl From<Malformed> for Error {
    fn from(_: Malformed) -> Error {
        Error::Malformed
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Status(status) => status.fmt(f),
            Error::Malformed => Malformed.fmt(f),
        }
    }
}

impl core::error::Error for Error {}

/// The status that return parameters begin with.
pub fn status(return_parameters: &[u8]) -> Result<(), Error> {
    let status = Status::get(&mut Reader::new(return_parameters))?;
    status.ok().map_err(Error::Status)
}

macro_rules! returns {
    ($($Name:ident { $($field:ident: $Field:ty),* $(,)? })*) => {
        $(
            #[doc = concat!("Return parameters of `", stringify!($Name), "`.")]
            #[derive(Clone, Copy, PartialEq, Debug)]
            pub struct $Name {
                $(#[doc = concat!("Parameter ", stringify!($field), ".")] pub $field: $Field,)*
            }

            impl $Name {
                /// Reads them; fails if their status is an error.
                pub fn parse(return_parameters: &[u8]) -> Result<$Name, Error> {
                    let reader = &mut Reader::new(return_parameters);
                    Status::get(reader)?.ok().map_err(Error::Status)?;
                    Ok($Name { $($field: Field::get(reader)?,)* })
                }

                /// Writes them after the status of success; returns how many octets.
                pub fn write(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
                    let mut writer = Writer::new(out);
                    Status::SUCCESS.put(&mut writer)?;
                    $(self.$field.put(&mut writer)?;)*
                    Ok(writer.len())
                }
            }
        )*
    };
}

/// Those whose parameters borrow from the packet.
macro_rules! borrowing {
    ($($Name:ident { $($field:ident: $Field:ty),* $(,)? })*) => {
        $(
            #[doc = concat!("Return parameters of `", stringify!($Name), "`.")]
            #[derive(Clone, Copy, PartialEq, Debug)]
            pub struct $Name<'a> {
                $(#[doc = concat!("Parameter ", stringify!($field), ".")] pub $field: $Field,)*
            }

            impl<'a> $Name<'a> {
                /// Reads them; fails if their status is an error.
                pub fn parse(return_parameters: &'a [u8]) -> Result<$Name<'a>, Error> {
                    let reader = &mut Reader::new(return_parameters);
                    Status::get(reader)?.ok().map_err(Error::Status)?;
                    Ok($Name { $($field: Field::get(reader)?,)* })
                }

                /// Writes them after the status of success; returns how many octets.
                pub fn write(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
                    let mut writer = Writer::new(out);
                    Status::SUCCESS.put(&mut writer)?;
                    $(self.$field.put(&mut writer)?;)*
                    Ok(writer.len())
                }
            }
        )*
    };
}

borrowing! {
    ReadLocalName { local_name: Name<'a> }
    ReadExtendedInquiryResponse { fec_required: bool, extended_inquiry_response: Eir<'a> }
}

returns! {
    CreateConnectionCancel { bd_addr: Address }
    LinkKeyRequestReply { bd_addr: Address }
    LinkKeyRequestNegativeReply { bd_addr: Address }
    PinCodeRequestReply { bd_addr: Address }
    PinCodeRequestNegativeReply { bd_addr: Address }
    RemoteNameRequestCancel { bd_addr: Address }
    IoCapabilityRequestReply { bd_addr: Address }
    UserConfirmationRequestReply { bd_addr: Address }
    UserConfirmationRequestNegativeReply { bd_addr: Address }
    UserPasskeyRequestReply { bd_addr: Address }
    UserPasskeyRequestNegativeReply { bd_addr: Address }
    RemoteOobDataRequestNegativeReply { bd_addr: Address }
    IoCapabilityRequestNegativeReply { bd_addr: Address }
    SendKeypressNotification { bd_addr: Address }

    RoleDiscovery { connection_handle: Handle, current_role: Role }
    ReadLinkPolicySettings { connection_handle: Handle, link_policy_settings: LinkPolicy }
    WriteLinkPolicySettings { connection_handle: Handle }
    ReadDefaultLinkPolicySettings { default_link_policy_settings: LinkPolicy }
    SniffSubrating { connection_handle: Handle }

    Flush { connection_handle: Handle }
    ReadConnectionAcceptTimeout { connection_accept_timeout: Slots }
    ReadPageTimeout { page_timeout: Slots }
    ReadScanEnable { scan_enable: ScanEnable }
    ReadPageScanActivity { page_scan_interval: Slots, page_scan_window: Slots }
    ReadInquiryScanActivity { inquiry_scan_interval: Slots, inquiry_scan_window: Slots }
    ReadClassOfDevice { class_of_device: ClassOfDevice }
    ReadVoiceSetting { voice_setting: VoiceSetting }
    ReadAutomaticFlushTimeout { connection_handle: Handle, flush_timeout: Slots }
    WriteAutomaticFlushTimeout { connection_handle: Handle }
    ReadTransmitPowerLevel { connection_handle: Handle, transmit_power_level: i8 }
    ReadSynchronousFlowControlEnable { synchronous_flow_control_enable: bool }
    ReadLinkSupervisionTimeout { connection_handle: Handle, link_supervision_timeout: Slots }
    WriteLinkSupervisionTimeout { connection_handle: Handle }
    ReadNumberOfSupportedIac { num_support_iac: u8 }
    ReadInquiryScanType { inquiry_scan_type: ScanType }
    ReadInquiryMode { inquiry_mode: InquiryMode }
    ReadPageScanType { page_scan_type: ScanType }
    ReadSimplePairingMode { simple_pairing_mode: bool }
    ReadInquiryResponseTransmitPowerLevel { tx_power: i8 }
    ReadSecureConnectionsHostSupport { secure_connections_host_support: bool }
    WriteAuthenticatedPayloadTimeout { connection_handle: Handle }

    ReadLocalVersionInformation {
        hci_version: u8, hci_subversion: u16, lmp_version: u8, company_identifier: u16,
        lmp_subversion: u16,
    }
    ReadLocalSupportedCommands { supported_commands: SupportedCommands }
    ReadLocalSupportedFeatures { lmp_features: LmpFeatures }
    ReadLocalExtendedFeatures { page_number: u8, max_page_number: u8, extended_lmp_features: u64 }
    ReadBufferSize {
        acl_data_packet_length: u16, synchronous_data_packet_length: u8,
        total_num_acl_data_packets: u16, total_num_synchronous_data_packets: u16,
    }
    ReadBdAddr { bd_addr: Address }

    ReadLinkQuality { connection_handle: Handle, link_quality: u8 }
    ReadRssi { connection_handle: Handle, rssi: i8 }
    ReadEncryptionKeySize { connection_handle: Handle, key_size: u8 }
}
