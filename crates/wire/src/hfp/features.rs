//! What the two sides can do, and the small numbers that they say it with (HFP 1.9, 4.34 and 6.3).

use core::fmt;

bitflags::bitflags! {
    /// What a hands-free unit can do: AT+BRSF.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    pub struct HfFeatures: u32 {
        /// Cancels echoes or reduces noise.
        const EC_NR = 1 << 0;
        /// Call waiting and three-way calling.
        const THREE_WAY_CALLING = 1 << 1;
        /// Shows who calls.
        const CLI_PRESENTATION = 1 << 2;
        /// Starts the phone's voice recognition.
        const VOICE_RECOGNITION = 1 << 3;
        /// Its volume can be set from the phone.
        const REMOTE_VOLUME = 1 << 4;
        /// Asks for the list of calls.
        const ENHANCED_CALL_STATUS = 1 << 5;
        /// Holds and ends single calls.
        const ENHANCED_CALL_CONTROL = 1 << 6;
        /// Negotiates codecs.
        const CODEC_NEGOTIATION = 1 << 7;
        /// Has indicators of its own.
        const HF_INDICATORS = 1 << 8;
        /// Knows the eSCO settings S4 and T2.
        const ESCO_S4 = 1 << 9;
        /// Follows the state of voice recognition.
        const ENHANCED_VOICE_RECOGNITION = 1 << 10;
        /// Shows voice recognition's texts.
        const VOICE_RECOGNITION_TEXT = 1 << 11;
    }

    /// What an audio gateway can do: +BRSF.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    pub struct AgFeatures: u32 {
        /// Call waiting and three-way calling.
        const THREE_WAY_CALLING = 1 << 0;
        /// Cancels echoes or reduces noise.
        const EC_NR = 1 << 1;
        /// Has voice recognition.
        const VOICE_RECOGNITION = 1 << 2;
        /// Rings over the voice link.
        const IN_BAND_RING = 1 << 3;
        /// Attaches a number to a voice tag.
        const VOICE_TAG = 1 << 4;
        /// Can reject a call.
        const REJECT_CALL = 1 << 5;
        /// Tells the list of calls.
        const ENHANCED_CALL_STATUS = 1 << 6;
        /// Holds and ends single calls.
        const ENHANCED_CALL_CONTROL = 1 << 7;
        /// Says why a command failed.
        const EXTENDED_ERRORS = 1 << 8;
        /// Negotiates codecs.
        const CODEC_NEGOTIATION = 1 << 9;
        /// Listens to the unit's indicators.
        const HF_INDICATORS = 1 << 10;
        /// Knows the eSCO settings S4 and T2.
        const ESCO_S4 = 1 << 11;
        /// Tells the state of voice recognition.
        const ENHANCED_VOICE_RECOGNITION = 1 << 12;
        /// Sends voice recognition's texts.
        const VOICE_RECOGNITION_TEXT = 1 << 13;
    }

    /// The SupportedFeatures attribute of a hands-free unit's record (6.3, table 6.2).
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    pub struct HfSdpFeatures: u16 {
        /// As [`HfFeatures::EC_NR`].
        const EC_NR = 1 << 0;
        /// As [`HfFeatures::THREE_WAY_CALLING`].
        const THREE_WAY_CALLING = 1 << 1;
        /// As [`HfFeatures::CLI_PRESENTATION`].
        const CLI_PRESENTATION = 1 << 2;
        /// As [`HfFeatures::VOICE_RECOGNITION`].
        const VOICE_RECOGNITION = 1 << 3;
        /// As [`HfFeatures::REMOTE_VOLUME`].
        const REMOTE_VOLUME = 1 << 4;
        /// mSBC.
        const WIDE_BAND_SPEECH = 1 << 5;
        /// As [`HfFeatures::ENHANCED_VOICE_RECOGNITION`].
        const ENHANCED_VOICE_RECOGNITION = 1 << 6;
        /// As [`HfFeatures::VOICE_RECOGNITION_TEXT`].
        const VOICE_RECOGNITION_TEXT = 1 << 7;
        /// LC3-SWB.
        const SUPER_WIDE_BAND_SPEECH = 1 << 8;
    }

    /// The SupportedFeatures attribute of an audio gateway's record (6.3, table 6.4).
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    pub struct AgSdpFeatures: u16 {
        /// As [`AgFeatures::THREE_WAY_CALLING`].
        const THREE_WAY_CALLING = 1 << 0;
        /// As [`AgFeatures::EC_NR`].
        const EC_NR = 1 << 1;
        /// As [`AgFeatures::VOICE_RECOGNITION`].
        const VOICE_RECOGNITION = 1 << 2;
        /// As [`AgFeatures::IN_BAND_RING`].
        const IN_BAND_RING = 1 << 3;
        /// As [`AgFeatures::VOICE_TAG`].
        const VOICE_TAG = 1 << 4;
        /// mSBC.
        const WIDE_BAND_SPEECH = 1 << 5;
        /// As [`AgFeatures::ENHANCED_VOICE_RECOGNITION`].
        const ENHANCED_VOICE_RECOGNITION = 1 << 6;
        /// As [`AgFeatures::VOICE_RECOGNITION_TEXT`].
        const VOICE_RECOGNITION_TEXT = 1 << 7;
        /// LC3-SWB.
        const SUPER_WIDE_BAND_SPEECH = 1 << 8;
    }

    /// Codecs, a bit each.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    pub struct Codecs: u8 {
        /// CVSD.
        const CVSD = 1 << 0;
        /// mSBC.
        const MSBC = 1 << 1;
        /// LC3-SWB.
        const LC3_SWB = 1 << 2;
    }

    /// A hands-free unit's indicators, a bit each (assigned numbers 1 and 2).
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    pub struct HfIndicators: u8 {
        /// Whether enhanced safety is on.
        const ENHANCED_SAFETY = 1 << 0;
        /// The battery's level in percent.
        const BATTERY_LEVEL = 1 << 1;
    }

    /// What AT+CHLD can be asked for, a bit each.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    pub struct Holds: u8 {
        /// 0.
        const RELEASE_HELD = 1 << 0;
        /// 1.
        const RELEASE_ACTIVE = 1 << 1;
        /// 1x.
        const RELEASE_ONE = 1 << 2;
        /// 2.
        const SWAP = 1 << 3;
        /// 2x.
        const PRIVATE = 1 << 4;
        /// 3.
        const JOIN = 1 << 5;
        /// 4.
        const TRANSFER = 1 << 6;
    }

    /// What a voice recognition session is doing (4.34, +BVRA, vrecstate).
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    pub struct VoiceRecognitionState: u8 {
        /// The phone listens.
        const LISTENING = 1 << 0;
        /// The phone speaks.
        const SPEAKING = 1 << 1;
        /// The phone thinks.
        const PROCESSING = 1 << 2;
    }
}

impl Codecs {
    /// The set of one codec.
    pub const fn of(codec: Codec) -> Self {
        Codecs::from_bits_truncate(1 << (codec as u8 - 1))
    }

    /// The codecs in it.
    pub fn each(self) -> impl Iterator<Item = Codec> {
        Codec::ALL.into_iter().filter(move |codec| self.contains(Codecs::of(*codec)))
    }
}

impl HfIndicators {
    /// The set of the one with this assigned number; empty where there is none.
    pub const fn numbered(number: u16) -> Self {
        match number {
            1 => HfIndicators::ENHANCED_SAFETY,
            2 => HfIndicators::BATTERY_LEVEL,
            _ => HfIndicators::empty(),
        }
    }
}

/// A voice codec (10, table 10.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[repr(u8)]
pub enum Codec {
    /// Narrow band.
    #[default]
    Cvsd = 1,
    /// Wide band.
    Msbc = 2,
    /// Super wide band.
    Lc3Swb = 3,
}

impl Codec {
    const ALL: [Codec; 3] = [Codec::Cvsd, Codec::Msbc, Codec::Lc3Swb];

    /// The codec with this number.
    pub fn new(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| *codec as u8 == number)
    }
}

/// What AT+CHLD asks for (4.34). Calls are counted from 1.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Hold {
    /// 0: ends the held calls, or rejects the waiting one.
    ReleaseHeld,
    /// 1: ends the active calls and takes the other one.
    ReleaseActive,
    /// 1x: ends this active call.
    ReleaseOne(u8),
    /// 2: holds the active calls and takes the other one.
    Swap,
    /// 2x: holds all active calls but this one.
    Private(u8),
    /// 3: adds the held call to the conversation.
    Join,
    /// 4: connects the two calls and leaves.
    Transfer,
}

impl Hold {
    /// Reads the value of AT+CHLD.
    pub fn parse(text: &[u8]) -> Option<Self> {
        Some(match text {
            b"0" => Hold::ReleaseHeld,
            b"1" => Hold::ReleaseActive,
            b"2" => Hold::Swap,
            b"3" => Hold::Join,
            b"4" => Hold::Transfer,
            [b'1', call @ b'1'..=b'9'] => Hold::ReleaseOne(call - b'0'),
            [b'2', call @ b'1'..=b'9'] => Hold::Private(call - b'0'),
            _ => return None,
        })
    }

    /// What the phone must list for this to be asked.
    pub const fn needs(self) -> Holds {
        match self {
            Hold::ReleaseHeld => Holds::RELEASE_HELD,
            Hold::ReleaseActive => Holds::RELEASE_ACTIVE,
            Hold::ReleaseOne(_) => Holds::RELEASE_ONE,
            Hold::Swap => Holds::SWAP,
            Hold::Private(_) => Holds::PRIVATE,
            Hold::Join => Holds::JOIN,
            Hold::Transfer => Holds::TRANSFER,
        }
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hold::ReleaseHeld => f.write_str("0"),
            Hold::ReleaseActive => f.write_str("1"),
            Hold::ReleaseOne(call) => write!(f, "1{call}"),
            Hold::Swap => f.write_str("2"),
            Hold::Private(call) => write!(f, "2{call}"),
            Hold::Join => f.write_str("3"),
            Hold::Transfer => f.write_str("4"),
        }
    }
}

impl Holds {
    /// The names of the bits, in their order on the line.
    pub(super) const NAMES: [&'static str; 7] = ["0", "1", "1x", "2", "2x", "3", "4"];

    /// The set of the one with this name; empty where there is none.
    pub fn named(name: &[u8]) -> Self {
        let at = Self::NAMES.iter().position(|own| own.as_bytes().eq_ignore_ascii_case(name));
        at.map_or(Holds::empty(), |at| Holds::from_bits_truncate(1 << at))
    }
}

macro_rules! numbers {
    ($(#[$doc:meta])* $name:ident { $($(#[$what:meta])* $variant:ident = $number:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum $name {
            $($(#[$what])* $variant = $number,)*
        }

        impl $name {
            /// By its number.
            pub const fn new(number: u8) -> Option<Self> {
                match number {
                    $($number => Some($name::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

numbers! {
    /// The values of the indicator `callsetup`.
    CallSetup {
        /// No call is being set up.
        None = 0,
        /// A call rings here.
        Incoming = 1,
        /// A call is being dialled.
        Outgoing = 2,
        /// The other side rings.
        Alerting = 3,
    }
}

numbers! {
    /// The state of a call in +CLCC.
    CallStatus {
        /// In conversation.
        Active = 0,
        /// Held.
        Held = 1,
        /// Being dialled.
        Dialling = 2,
        /// The other side rings.
        Alerting = 3,
        /// Rings here.
        Incoming = 4,
        /// Rings here, while there is another call.
        Waiting = 5,
        /// Held by response and hold.
        HeldByResponseAndHold = 6,
    }
}

numbers! {
    /// Who began a call.
    Direction {
        /// The phone's owner.
        Outgoing = 0,
        /// The other side.
        Incoming = 1,
    }
}

numbers! {
    /// What a call carries.
    CallMode {
        /// Voice.
        Voice = 0,
        /// Data.
        Data = 1,
        /// Fax.
        Fax = 2,
    }
}

/// Why a command failed: +CME ERROR.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CmeError(pub u16);

impl CmeError {
    /// The phone itself failed.
    pub const AG_FAILURE: Self = CmeError(0);
    /// There is no connection to the network.
    pub const NO_CONNECTION: Self = CmeError(1);
    /// The operation is not allowed.
    pub const NOT_ALLOWED: Self = CmeError(3);
    /// The operation is not supported.
    pub const NOT_SUPPORTED: Self = CmeError(4);
    /// The index is not valid.
    pub const INVALID_INDEX: Self = CmeError(21);
    /// The number holds characters that are not allowed.
    pub const INVALID_DIAL_STRING: Self = CmeError(27);
    /// There is no network.
    pub const NO_NETWORK: Self = CmeError(30);

    /// What it means, in a few words.
    pub const fn text(self) -> &'static str {
        match self.0 {
            0 => "the phone failed",
            1 => "no connection to the network",
            3 => "not allowed",
            4 => "not supported",
            5 => "the phone wants a PIN",
            10 => "there is no SIM",
            11 => "the SIM wants a PIN",
            12 => "the SIM wants a PUK",
            13 => "the SIM failed",
            14 => "the SIM is busy",
            16 => "the password is wrong",
            17 => "the SIM wants PIN2",
            18 => "the SIM wants PUK2",
            20 => "the memory is full",
            21 => "no such index",
            23 => "the memory failed",
            24 => "the text is too long",
            25 => "the text holds what is not allowed",
            26 => "the number is too long",
            27 => "the number holds what is not allowed",
            30 => "no network",
            31 => "the network did not answer in time",
            32 => "only emergency calls",
            _ => "an error without a name",
        }
    }
}

impl fmt::Display for CmeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.text(), self.0)
    }
}

/// A battery's level as Apple's accessories tell it, 0 to 9.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BatteryLevel(u8);

impl BatteryLevel {
    /// From percent.
    pub const fn percent(percent: u8) -> Self {
        BatteryLevel(if percent >= 100 { 9 } else { percent / 10 })
    }

    /// 0 to 9.
    pub const fn new(level: u8) -> Option<Self> {
        if level <= 9 { Some(BatteryLevel(level)) } else { None }
    }

    /// 0 to 9.
    pub const fn level(self) -> u8 {
        self.0
    }
}
