//! What an information response tells (Core 5.4, Vol 3, Part A, 4.10 to 4.13).

use crate::Malformed;
use bitflags::bitflags;

bitflags! {
    /// The extended feature mask (4.12).
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct ExtendedFeatures: u32 {
        /// Flow control mode.
        const FLOW_CONTROL = 1 << 0;
        /// Retransmission mode.
        const RETRANSMISSION = 1 << 1;
        /// Bi-directional quality of service.
        const QUALITY_OF_SERVICE = 1 << 2;
        /// Enhanced retransmission mode.
        const ENHANCED_RETRANSMISSION = 1 << 3;
        /// Streaming mode.
        const STREAMING = 1 << 4;
        /// The FCS option.
        const FRAME_CHECK_SEQUENCE = 1 << 5;
        /// Extended flow specification.
        const EXTENDED_FLOW = 1 << 6;
        /// Fixed channels.
        const FIXED_CHANNELS = 1 << 7;
        /// Extended window size.
        const EXTENDED_WINDOW = 1 << 8;
        /// Unicast connectionless data.
        const CONNECTIONLESS = 1 << 9;
        /// Bits that are not known here are kept.
        const _ = !0;
    }
}

/// The content of an information response.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Information<'a> {
    /// The MTU of the connectionless channel.
    ConnectionlessMtu(u16),
    /// What the sender can do.
    ExtendedFeatures(ExtendedFeatures),
    /// Bit n: the fixed channel with identifier n is there.
    FixedChannels(u64),
    /// A success of a type that is not known.
    Unknown {
        /// The type asked for.
        info_type: u16,
        /// The answer.
        data: &'a [u8],
    },
    /// The sender has nothing to say about this type (or gave a reserved result).
    NotSupported {
        /// The type asked for.
        info_type: u16,
    },
}

impl<'a> Information<'a> {
    /// The type: connectionless MTU.
    pub const CONNECTIONLESS_MTU: u16 = 1;
    /// The type: extended features.
    pub const EXTENDED_FEATURES: u16 = 2;
    /// The type: fixed channels.
    pub const FIXED_CHANNELS: u16 = 3;

    pub(super) fn parse(info_type: u16, result: u16, data: &'a [u8]) -> Result<Self, Malformed> {
        Ok(match (result, info_type, data) {
            (0, Self::CONNECTIONLESS_MTU, &[a, b]) => {
                Information::ConnectionlessMtu(u16::from_le_bytes([a, b]))
            }
            (0, Self::EXTENDED_FEATURES, &[a, b, c, d]) => Information::ExtendedFeatures(
                ExtendedFeatures::from_bits_retain(u32::from_le_bytes([a, b, c, d])),
            ),
            (0, Self::FIXED_CHANNELS, data) => Information::FixedChannels(u64::from_le_bytes(
                data.try_into().map_err(|_| Malformed)?,
            )),
            (0, Self::CONNECTIONLESS_MTU | Self::EXTENDED_FEATURES, _) => return Err(Malformed),
            (0, info_type, data) => Information::Unknown { info_type, data },
            (_, info_type, _) => Information::NotSupported { info_type },
        })
    }

    /// Type and result as they stand on the wire, and the data, of which the first number of
    /// octets counts.
    pub(super) fn head(&self) -> (u16, u16) {
        match *self {
            Information::ConnectionlessMtu(_) => (Self::CONNECTIONLESS_MTU, 0),
            Information::ExtendedFeatures(_) => (Self::EXTENDED_FEATURES, 0),
            Information::FixedChannels(_) => (Self::FIXED_CHANNELS, 0),
            Information::Unknown { info_type, .. } => (info_type, 0),
            Information::NotSupported { info_type } => (info_type, 1),
        }
    }
}
