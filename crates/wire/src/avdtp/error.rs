//! AVDTP 1.3, 8.20.6, and the codes that A2DP 1.3, 5.1.3, adds to them.

use core::fmt;

/// Why a signal was rejected. Any octet is one; those with a name have an associated constant.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ErrorCode(pub u8);

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $value:literal, $text:literal;)*) => {
        impl ErrorCode {
            $(#[doc = $text] pub const $name: ErrorCode = ErrorCode($value);)*

            /// The specification's name for it, if it has one.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some(stringify!($name)),)*
                    _ => None,
                }
            }

            /// What it means, in a few words.
            pub const fn text(self) -> &'static str {
                match self.0 {
                    $($value => $text,)*
                    _ => "an error code without a name",
                }
            }
        }
    };
}

codes! {
    BAD_HEADER_FORMAT = 0x01, "the header is malformed";
    BAD_LENGTH = 0x11, "the length is wrong";
    BAD_ACP_SEID = 0x12, "no such stream endpoint";
    SEP_IN_USE = 0x13, "the stream endpoint is in use";
    SEP_NOT_IN_USE = 0x14, "the stream endpoint is not in use";
    BAD_SERV_CATEGORY = 0x17, "no such service category";
    BAD_PAYLOAD_FORMAT = 0x18, "the payload is malformed";
    NOT_SUPPORTED_COMMAND = 0x19, "the command is not supported";
    INVALID_CAPABILITIES = 0x1A, "the reconfiguration asks for what may not be reconfigured";
    BAD_RECOVERY_TYPE = 0x22, "no such recovery type";
    BAD_MEDIA_TRANSPORT_FORMAT = 0x23, "the media transport capability is malformed";
    BAD_RECOVERY_FORMAT = 0x25, "the recovery capability is malformed";
    BAD_ROHC_FORMAT = 0x26, "the header compression capability is malformed";
    BAD_CP_FORMAT = 0x27, "the content protection capability is malformed";
    BAD_MULTIPLEXING_FORMAT = 0x28, "the multiplexing capability is malformed";
    UNSUPPORTED_CONFIGURATION = 0x29, "the configuration is not supported";
    BAD_STATE = 0x31, "not possible in the stream's state";
    INVALID_CODEC_TYPE = 0xC1, "the codec type is invalid";
    NOT_SUPPORTED_CODEC_TYPE = 0xC2, "the codec type is not supported";
    INVALID_SAMPLING_FREQUENCY = 0xC3, "not exactly one sampling frequency";
    NOT_SUPPORTED_SAMPLING_FREQUENCY = 0xC4, "the sampling frequency is not supported";
    INVALID_CHANNEL_MODE = 0xC5, "not exactly one channel mode";
    NOT_SUPPORTED_CHANNEL_MODE = 0xC6, "the channel mode is not supported";
    INVALID_SUBBANDS = 0xC7, "not exactly one number of subbands";
    NOT_SUPPORTED_SUBBANDS = 0xC8, "the number of subbands is not supported";
    INVALID_ALLOCATION_METHOD = 0xC9, "not exactly one allocation method";
    NOT_SUPPORTED_ALLOCATION_METHOD = 0xCA, "the allocation method is not supported";
    INVALID_MINIMUM_BITPOOL_VALUE = 0xCB, "the minimum bitpool is invalid";
    NOT_SUPPORTED_MINIMUM_BITPOOL_VALUE = 0xCC, "the minimum bitpool is not supported";
    INVALID_MAXIMUM_BITPOOL_VALUE = 0xCD, "the maximum bitpool is invalid";
    NOT_SUPPORTED_MAXIMUM_BITPOOL_VALUE = 0xCE, "the maximum bitpool is not supported";
    INVALID_LAYER = 0xCF, "not exactly one layer";
    NOT_SUPPORTED_LAYER = 0xD0, "the layer is not supported";
    NOT_SUPPORTED_CRC = 0xD1, "CRC is not supported";
    NOT_SUPPORTED_MPF = 0xD2, "MPF-2 is not supported";
    NOT_SUPPORTED_VBR = 0xD3, "a variable bit rate is not supported";
    INVALID_BIT_RATE = 0xD4, "not exactly one bit rate";
    NOT_SUPPORTED_BIT_RATE = 0xD5, "the bit rate is not supported";
    INVALID_OBJECT_TYPE = 0xD6, "not exactly one object type";
    NOT_SUPPORTED_OBJECT_TYPE = 0xD7, "the object type is not supported";
    INVALID_CHANNELS = 0xD8, "not exactly one number of channels";
    NOT_SUPPORTED_CHANNELS = 0xD9, "the number of channels is not supported";
    INVALID_VERSION = 0xDA, "not exactly one version";
    NOT_SUPPORTED_VERSION = 0xDB, "the version is not supported";
    NOT_SUPPORTED_MAXIMUM_SUL = 0xDC, "the maximum SUL is not supported";
    INVALID_BLOCK_LENGTH = 0xDD, "not exactly one block length";
    INVALID_CP_TYPE = 0xE0, "the content protection type is not supported";
    INVALID_CP_FORMAT = 0xE1, "the content protection's format is invalid";
    INVALID_CODEC_PARAMETER = 0xE2, "a codec parameter is invalid";
    NOT_SUPPORTED_CODEC_PARAMETER = 0xE3, "a codec parameter is not supported";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (0x{:02X})", self.text(), self.0)
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "ErrorCode(0x{:02X})", self.0),
        }
    }
}
