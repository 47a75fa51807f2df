//! Error codes (Core 5.4, Vol 1, Part F).

use core::fmt;

use super::bytes::{Field, Reader, Writer};
use crate::error::{Malformed, NoRoom};

/// How a command or a link ended: an HCI error code, also used as a reason. `Display` gives the
/// specification's text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status(pub u8);

impl Field<'_> for Status {
    fn get(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let status = Status(u8::get(reader)?);
        reader.failed |= !status.is_success();
        Ok(status)
    }
    fn put(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        self.0.put(writer)
    }
}

impl Status {
    /// Whether this is [`Status::SUCCESS`].
    pub const fn is_success(self) -> bool {
        self.0 == 0
    }

    /// `Ok` for success, else the status as the error.
    pub const fn ok(self) -> Result<(), Status> {
        if self.is_success() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text() {
            Some(text) => write!(f, "{text} (0x{:02X})", self.0),
            None => write!(f, "error 0x{:02X}", self.0),
        }
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! statuses {
    ($($value:literal $NAME:ident $text:literal)*) => {
        impl Status {
            $(#[doc = $text] pub const $NAME: Status = Status($value);)*

            /// The specification's name for this code; `None` for a reserved one.
            pub const fn text(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($text),)*
                    _ => None,
                }
            }
        }
    };
}

statuses! {
    0x00 SUCCESS "Success"
    0x01 UNKNOWN_HCI_COMMAND "Unknown HCI Command"
    0x02 UNKNOWN_CONNECTION_IDENTIFIER "Unknown Connection Identifier"
    0x03 HARDWARE_FAILURE "Hardware Failure"
    0x04 PAGE_TIMEOUT "Page Timeout"
    0x05 AUTHENTICATION_FAILURE "Authentication Failure"
    0x06 PIN_OR_KEY_MISSING "PIN or Key Missing"
    0x07 MEMORY_CAPACITY_EXCEEDED "Memory Capacity Exceeded"
    0x08 CONNECTION_TIMEOUT "Connection Timeout"
    0x09 CONNECTION_LIMIT_EXCEEDED "Connection Limit Exceeded"
    0x0A SYNCHRONOUS_CONNECTION_LIMIT_EXCEEDED "Synchronous Connection Limit To A Device Exceeded"
    0x0B CONNECTION_ALREADY_EXISTS "Connection Already Exists"
    0x0C COMMAND_DISALLOWED "Command Disallowed"
    0x0D REJECTED_LIMITED_RESOURCES "Connection Rejected due to Limited Resources"
    0x0E REJECTED_SECURITY_REASONS "Connection Rejected Due To Security Reasons"
    0x0F REJECTED_UNACCEPTABLE_BD_ADDR "Connection Rejected due to Unacceptable BD_ADDR"
    0x10 CONNECTION_ACCEPT_TIMEOUT_EXCEEDED "Connection Accept Timeout Exceeded"
    0x11 UNSUPPORTED_FEATURE_OR_PARAMETER_VALUE "Unsupported Feature or Parameter Value"
    0x12 INVALID_HCI_COMMAND_PARAMETERS "Invalid HCI Command Parameters"
    0x13 REMOTE_USER_TERMINATED_CONNECTION "Remote User Terminated Connection"
    0x14 REMOTE_TERMINATED_LOW_RESOURCES
        "Remote Device Terminated Connection due to Low Resources"
    0x15 REMOTE_TERMINATED_POWER_OFF "Remote Device Terminated Connection due to Power Off"
    0x16 CONNECTION_TERMINATED_BY_LOCAL_HOST "Connection Terminated By Local Host"
    0x17 REPEATED_ATTEMPTS "Repeated Attempts"
    0x18 PAIRING_NOT_ALLOWED "Pairing Not Allowed"
    0x19 UNKNOWN_LMP_PDU "Unknown LMP PDU"
    0x1A UNSUPPORTED_REMOTE_FEATURE "Unsupported Remote Feature"
    0x1B SCO_OFFSET_REJECTED "SCO Offset Rejected"
    0x1C SCO_INTERVAL_REJECTED "SCO Interval Rejected"
    0x1D SCO_AIR_MODE_REJECTED "SCO Air Mode Rejected"
    0x1E INVALID_LMP_PARAMETERS "Invalid LMP Parameters"
    0x1F UNSPECIFIED_ERROR "Unspecified Error"
    0x20 UNSUPPORTED_LMP_PARAMETER_VALUE "Unsupported LMP Parameter Value"
    0x21 ROLE_CHANGE_NOT_ALLOWED "Role Change Not Allowed"
    0x22 LMP_RESPONSE_TIMEOUT "LMP Response Timeout"
    0x23 LMP_ERROR_TRANSACTION_COLLISION "LMP Error Transaction Collision"
    0x24 LMP_PDU_NOT_ALLOWED "LMP PDU Not Allowed"
    0x25 ENCRYPTION_MODE_NOT_ACCEPTABLE "Encryption Mode Not Acceptable"
    0x26 LINK_KEY_CANNOT_BE_CHANGED "Link Key cannot be Changed"
    0x27 REQUESTED_QOS_NOT_SUPPORTED "Requested QoS Not Supported"
    0x28 INSTANT_PASSED "Instant Passed"
    0x29 PAIRING_WITH_UNIT_KEY_NOT_SUPPORTED "Pairing With Unit Key Not Supported"
    0x2A DIFFERENT_TRANSACTION_COLLISION "Different Transaction Collision"
    0x2C QOS_UNACCEPTABLE_PARAMETER "QoS Unacceptable Parameter"
    0x2D QOS_REJECTED "QoS Rejected"
    0x2E CHANNEL_CLASSIFICATION_NOT_SUPPORTED "Channel Classification Not Supported"
    0x2F INSUFFICIENT_SECURITY "Insufficient Security"
    0x30 PARAMETER_OUT_OF_MANDATORY_RANGE "Parameter Out Of Mandatory Range"
    0x32 ROLE_SWITCH_PENDING "Role Switch Pending"
    0x34 RESERVED_SLOT_VIOLATION "Reserved Slot Violation"
    0x35 ROLE_SWITCH_FAILED "Role Switch Failed"
    0x36 EXTENDED_INQUIRY_RESPONSE_TOO_LARGE "Extended Inquiry Response Too Large"
    0x37 SIMPLE_PAIRING_NOT_SUPPORTED_BY_HOST "Secure Simple Pairing Not Supported By Host"
    0x38 HOST_BUSY_PAIRING "Host Busy - Pairing"
    0x39 REJECTED_NO_SUITABLE_CHANNEL_FOUND "Connection Rejected due to No Suitable Channel Found"
    0x3A CONTROLLER_BUSY "Controller Busy"
    0x3B UNACCEPTABLE_CONNECTION_PARAMETERS "Unacceptable Connection Parameters"
    0x3C ADVERTISING_TIMEOUT "Advertising Timeout"
    0x3D TERMINATED_MIC_FAILURE "Connection Terminated due to MIC Failure"
    0x3E FAILED_TO_BE_ESTABLISHED "Connection Failed to be Established"
    0x40 COARSE_CLOCK_ADJUSTMENT_REJECTED
        "Coarse Clock Adjustment Rejected but Will Try to Adjust Using Clock Dragging"
    0x41 TYPE0_SUBMAP_NOT_DEFINED "Type0 Submap Not Defined"
    0x42 UNKNOWN_ADVERTISING_IDENTIFIER "Unknown Advertising Identifier"
    0x43 LIMIT_REACHED "Limit Reached"
    0x44 OPERATION_CANCELLED_BY_HOST "Operation Cancelled by Host"
    0x45 PACKET_TOO_LONG "Packet Too Long"
}
