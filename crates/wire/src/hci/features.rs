//! What a controller can do (Vol 2, Part C, 3.3; Vol 4, Part E, 6.27) and which events it is asked to
//! send (7.3.1 and 7.3.69).

use core::fmt;

use bitflags::bitflags;

use super::bytes::{bits, wraps};
use super::opcode::Opcode;

bitflags! {
    /// LMP features, page 0: what the controller supports. Named where a host has a use for it.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    pub struct LmpFeatures: u64 {
        /// 3-slot packets.
        const THREE_SLOT_PACKETS = 1 << 0;
        /// 5-slot packets.
        const FIVE_SLOT_PACKETS = 1 << 1;
        /// Encryption.
        const ENCRYPTION = 1 << 2;
        /// Role switch.
        const ROLE_SWITCH = 1 << 5;
        /// Hold mode.
        const HOLD_MODE = 1 << 6;
        /// Sniff mode.
        const SNIFF_MODE = 1 << 7;
        /// SCO link.
        const SCO_LINK = 1 << 11;
        /// HV2 packets.
        const HV2_PACKETS = 1 << 12;
        /// HV3 packets.
        const HV3_PACKETS = 1 << 13;
        /// µ-law log synchronous data.
        const MU_LAW = 1 << 14;
        /// A-law log synchronous data.
        const A_LAW = 1 << 15;
        /// CVSD synchronous data.
        const CVSD = 1 << 16;
        /// Power control requests.
        const POWER_CONTROL = 1 << 18;
        /// Transparent synchronous data.
        const TRANSPARENT = 1 << 19;
        /// Broadcast encryption.
        const BROADCAST_ENCRYPTION = 1 << 23;
        /// Enhanced data rate, 2 Mbit/s.
        const EDR_2M = 1 << 25;
        /// Enhanced data rate, 3 Mbit/s.
        const EDR_3M = 1 << 26;
        /// Enhanced inquiry scan.
        const ENHANCED_INQUIRY_SCAN = 1 << 27;
        /// Interlaced inquiry scan.
        const INTERLACED_INQUIRY_SCAN = 1 << 28;
        /// Interlaced page scan.
        const INTERLACED_PAGE_SCAN = 1 << 29;
        /// RSSI with inquiry results.
        const RSSI_WITH_INQUIRY_RESULTS = 1 << 30;
        /// eSCO link with EV3 packets.
        const EV3_PACKETS = 1 << 31;
        /// EV4 packets.
        const EV4_PACKETS = 1 << 32;
        /// EV5 packets.
        const EV5_PACKETS = 1 << 33;
        /// AFH capable peripheral.
        const AFH_CAPABLE_PERIPHERAL = 1 << 35;
        /// BR/EDR not supported.
        const BR_EDR_NOT_SUPPORTED = 1 << 37;
        /// LE supported by the controller.
        const LE = 1 << 38;
        /// 3-slot EDR packets.
        const EDR_THREE_SLOT = 1 << 39;
        /// 5-slot EDR packets.
        const EDR_FIVE_SLOT = 1 << 40;
        /// Sniff subrating.
        const SNIFF_SUBRATING = 1 << 41;
        /// Pause encryption.
        const PAUSE_ENCRYPTION = 1 << 42;
        /// AFH capable central.
        const AFH_CAPABLE_CENTRAL = 1 << 43;
        /// eSCO at 2 Mbit/s.
        const EDR_ESCO_2M = 1 << 45;
        /// eSCO at 3 Mbit/s.
        const EDR_ESCO_3M = 1 << 46;
        /// 3-slot eSCO at enhanced data rate.
        const EDR_ESCO_THREE_SLOT = 1 << 47;
        /// Extended inquiry response.
        const EXTENDED_INQUIRY_RESPONSE = 1 << 48;
        /// LE and BR/EDR to the same device at once.
        const LE_AND_BR_EDR = 1 << 49;
        /// Secure Simple Pairing, supported by the controller.
        const SECURE_SIMPLE_PAIRING = 1 << 51;
        /// Encapsulated PDUs.
        const ENCAPSULATED_PDU = 1 << 52;
        /// Erroneous data reporting.
        const ERRONEOUS_DATA_REPORTING = 1 << 53;
        /// Packets that are not flushed.
        const NON_FLUSHABLE_BOUNDARY = 1 << 54;
        /// Link supervision timeout changed event.
        const SUPERVISION_TIMEOUT_CHANGED = 1 << 56;
        /// Inquiry response power level.
        const INQUIRY_TX_POWER = 1 << 57;
        /// Enhanced power control.
        const ENHANCED_POWER_CONTROL = 1 << 58;
        /// There are further pages.
        const EXTENDED_FEATURES = 1 << 63;
    }

    /// LMP features, page 1: what the host has turned on.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    pub struct HostFeatures: u64 {
        /// Secure Simple Pairing.
        const SECURE_SIMPLE_PAIRING = 1 << 0;
        /// LE.
        const LE = 1 << 1;
        /// LE and BR/EDR at once.
        const LE_AND_BR_EDR = 1 << 2;
        /// Secure Connections.
        const SECURE_CONNECTIONS = 1 << 3;
    }

    /// LMP features, page 2.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    pub struct LmpFeaturesPage2: u64 {
        /// Generalised interlaced scan.
        const GENERALISED_INTERLACED_SCAN = 1 << 5;
        /// Secure Connections, supported by the controller.
        const SECURE_CONNECTIONS = 1 << 8;
        /// Pings that prove that a link is still encrypted.
        const PING = 1 << 9;
    }

    /// Which events the controller may send, first mask. Bit n is event n + 1.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    pub struct EventMask: u64 {
        /// What is on after a reset.
        const DEFAULT = 0x0000_1FFF_FFFF_FFFF;
        /// Inquiry Complete.
        const INQUIRY_COMPLETE = 1 << 0;
        /// Inquiry Result with RSSI.
        const INQUIRY_RESULT_WITH_RSSI = 1 << 33;
        /// Synchronous Connection Complete.
        const SYNCHRONOUS_CONNECTION_COMPLETE = 1 << 43;
        /// Synchronous Connection Changed.
        const SYNCHRONOUS_CONNECTION_CHANGED = 1 << 44;
        /// Sniff Subrating.
        const SNIFF_SUBRATING = 1 << 45;
        /// Extended Inquiry Result.
        const EXTENDED_INQUIRY_RESULT = 1 << 46;
        /// Encryption Key Refresh Complete.
        const ENCRYPTION_KEY_REFRESH_COMPLETE = 1 << 47;
        /// IO Capability Request.
        const IO_CAPABILITY_REQUEST = 1 << 48;
        /// IO Capability Response.
        const IO_CAPABILITY_RESPONSE = 1 << 49;
        /// User Confirmation Request.
        const USER_CONFIRMATION_REQUEST = 1 << 50;
        /// User Passkey Request.
        const USER_PASSKEY_REQUEST = 1 << 51;
        /// Remote OOB Data Request.
        const REMOTE_OOB_DATA_REQUEST = 1 << 52;
        /// Simple Pairing Complete.
        const SIMPLE_PAIRING_COMPLETE = 1 << 53;
        /// Link Supervision Timeout Changed.
        const LINK_SUPERVISION_TIMEOUT_CHANGED = 1 << 55;
        /// Enhanced Flush Complete.
        const ENHANCED_FLUSH_COMPLETE = 1 << 56;
        /// User Passkey Notification.
        const USER_PASSKEY_NOTIFICATION = 1 << 58;
        /// Keypress Notification.
        const KEYPRESS_NOTIFICATION = 1 << 59;
        /// Remote Host Supported Features Notification.
        const REMOTE_HOST_SUPPORTED_FEATURES_NOTIFICATION = 1 << 60;
        /// LE Meta.
        const LE_META = 1 << 61;
    }

    /// Which events the controller may send, second mask.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    pub struct EventMaskPage2: u64 {
        /// Authenticated Payload Timeout Expired.
        const AUTHENTICATED_PAYLOAD_TIMEOUT_EXPIRED = 1 << 23;
        /// Encryption Change v2 (with the key size).
        const ENCRYPTION_CHANGE_V2 = 1 << 25;
    }
}

bits!(LmpFeatures, HostFeatures, LmpFeaturesPage2, EventMask, EventMaskPage2);

/// Which commands a controller supports: a bit for each.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SupportedCommands(pub [u8; 64]);

impl SupportedCommands {
    /// None.
    pub const NONE: SupportedCommands = SupportedCommands([0; 64]);

    /// Whether the controller supports it. False for a command that has no bit.
    pub fn has(&self, opcode: Opcode) -> bool {
        opcode.bit().is_some_and(|(octet, bit)| {
            self.0.get(octet).is_some_and(|octet| octet >> bit & 1 == 1)
        })
    }

    /// Sets or clears a command's bit. A command without bit is let be.
    pub fn set(&mut self, opcode: Opcode, supported: bool) {
        let Some((octet, bit)) = opcode.bit() else { return };
        let Some(octet) = self.0.get_mut(octet) else { return };
        *octet = *octet & !(1 << bit) | u8::from(supported) << bit;
    }
}

impl fmt::Debug for SupportedCommands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(Opcode::ALL.iter().filter(|opcode| self.has(**opcode))).finish()
    }
}

wraps!(SupportedCommands([u8; 64]));
