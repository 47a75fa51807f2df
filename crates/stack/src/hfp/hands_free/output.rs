//! What a hands-free unit is set up with, is asked, and tells.

use wire::hfp::{
    AgFeatures, CmeError, Codec, Codecs, HfFeatures, HfIndicators, Hold, Holds,
    VoiceRecognitionState,
};

use super::super::call::{Call, CallerName, Number};
use super::setup::Step;

/// Octets of the longest command that we send.
pub const MAX_COMMAND: usize = 96;

/// What is to be sent.
pub type Text = heapless::Vec<u8, MAX_COMMAND>;

/// A text of a voice recognition session.
pub type VoiceMessage = heapless::String<96>;

/// What we are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// What we can do.
    pub features: HfFeatures,
    /// The codecs that we have; CVSD is among them.
    pub codecs: Codecs,
    /// The indicators that we have.
    pub indicators: HfIndicators,
    /// Whether the phone is told to leave echo and noise to us.
    pub noise_reduction_off: bool,
    /// What Apple's phones are told that we are, so that they listen to the battery; `None`: nothing.
    pub accessory: Option<Accessory>,
    /// Whether a phone in a call is asked whether it is held by response and hold.
    pub response_and_hold: bool,
    /// The loudspeaker's volume, 0 to 15, that the phone is told when it is there.
    pub speaker: u8,
    /// The microphone's, likewise.
    pub microphone: u8,
}

impl Default for Settings {
    /// All that is here, with CVSD and mSBC.
    fn default() -> Self {
        Settings {
            features: HfFeatures::all(),
            codecs: Codecs::CVSD | Codecs::MSBC,
            indicators: HfIndicators::all(),
            noise_reduction_off: false,
            accessory: None,
            response_and_hold: false,
            speaker: 8,
            microphone: 15,
        }
    }
}

/// An accessory, in its maker's numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Accessory {
    /// The maker.
    pub vendor: u16,
    /// The product.
    pub product: u16,
    /// Its version.
    pub version: u16,
}

/// A phone's indicators.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Indicator {
    /// Whether there is a network, 0 or 1.
    Service,
    /// Whether a call has been answered, 0 or 1.
    Call,
    /// Whether one is being set up, as [`CallSetup`](wire::hfp::CallSetup).
    CallSetup,
    /// None held (0), held and active (1), held only (2).
    CallHeld,
    /// The signal's strength, 0 to 5.
    Signal,
    /// Whether in a foreign network, 0 or 1.
    Roam,
    /// The phone's battery, 0 to 5.
    BatteryCharge,
}

impl Indicator {
    /// All of them.
    pub const ALL: [Indicator; 7] = [
        Indicator::Service,
        Indicator::Call,
        Indicator::CallSetup,
        Indicator::CallHeld,
        Indicator::Signal,
        Indicator::Roam,
        Indicator::BatteryCharge,
    ];

    /// Its name in +CIND.
    pub const fn name(self) -> &'static str {
        match self {
            Indicator::Service => "service",
            Indicator::Call => "call",
            Indicator::CallSetup => "callsetup",
            Indicator::CallHeld => "callheld",
            Indicator::Signal => "signal",
            Indicator::Roam => "roam",
            Indicator::BatteryCharge => "battchg",
        }
    }

    /// By its name; early versions of the profile wrote `call_setup`.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        let letters = |byte: &&u8| **byte != b'_';
        let same =
            |own: &str| own.bytes().eq(name.iter().filter(letters).map(u8::to_ascii_lowercase));
        Self::ALL.into_iter().find(|indicator| same(indicator.name()))
    }
}

/// An order's number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ticket(pub u32);

/// What can be asked of the phone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order<'a> {
    /// Answer the ringing call.
    Answer,
    /// End the active call, cancel the one being dialled, or reject the ringing one.
    HangUp,
    /// Hold, swap, join or end calls.
    Hold(Hold),
    /// Dial a number.
    Dial(&'a str),
    /// Dial what is in the phone's memory there.
    DialMemory(u16),
    /// Dial the last number.
    Redial,
    /// Send a tone: 0 to 9, `*`, `#`, A to D.
    Tone(char),
    /// Start or stop voice recognition.
    VoiceRecognition(bool),
    /// We are ready for more while voice recognition goes on.
    VoiceReady,
    /// Open the voice link, with a codec negotiated.
    VoiceLink,
    /// Hold the ringing call.
    RespondAndHold,
    /// Take the call that is held so.
    AcceptHeld,
    /// Reject the call that is held so.
    RejectHeld,
}

/// Why an order is not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// There is no service level connection.
    NotUp,
    /// The phone does not have it.
    NotSupported,
    /// What is to be dialled is no number, or too long.
    Invalid,
    /// There are [`MAX_ORDERS`](super::MAX_ORDERS) already.
    Full,
}

/// Why a command failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AtError {
    /// The phone does not say.
    Error,
    /// The phone says.
    Cme(CmeError),
    /// There is no carrier.
    NoCarrier,
    /// The other side is busy.
    Busy,
    /// The other side does not answer.
    NoAnswer,
    /// The number may not be dialled for a while.
    Delayed,
    /// The number may not be dialled.
    Blacklisted,
    /// The phone did not answer in time.
    TimedOut,
    /// It was not sent: the call that it was for ended before.
    Overtaken,
    /// The connection ended.
    Closed,
}

/// Why there is no service level connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The phone did not take this step.
    Rejected(Step, AtError),
    /// The phone did not answer to it.
    TimedOut(Step),
    /// The phone names no indicators.
    NoIndicators,
    /// The phone does not answer any more.
    Unresponsive,
    /// The line was closed.
    Closed,
}

impl core::fmt::Display for Failure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Failure::Rejected(step, _) => write!(f, "the phone refused {step}"),
            Failure::TimedOut(step) => write!(f, "the phone did not answer {step}"),
            Failure::NoIndicators => f.write_str("the phone names no indicators"),
            Failure::Unresponsive => f.write_str("the phone does not answer any more"),
            Failure::Closed => f.write_str("the line was closed"),
        }
    }
}

/// Who calls.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caller {
    /// The number; empty where it is withheld.
    pub number: Number,
    /// The name; empty where the phone knows none.
    pub name: CallerName,
}

/// What a hands-free unit asks for or tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Send this on the line.
    Send(Text),
    /// Close the line; report it with [`closed`](super::HandsFree::closed).
    Close,
    /// The service level connection is there: what the phone can do, and what it lets be asked of calls.
    Up {
        /// What it can do.
        features: AgFeatures,
        /// What can be asked of calls.
        holds: Holds,
    },
    /// It could not be set up, or is no more.
    Down(Failure),
    /// An indicator's value, each once at first, and then when the phone tells it.
    Indicator(Indicator, u8),
    /// A call is there, or has changed.
    Call(Call),
    /// The call with this index is over.
    CallEnded(u8),
    /// The phone rings; again and again.
    Ring,
    /// Who it is that rings.
    Calling(Caller),
    /// A call waits, while another is on.
    Waiting(Caller),
    /// Whether the phone rings over the voice link.
    InBand(bool),
    /// The phone has set the loudspeaker's volume, 0 to 15.
    Speaker(u8),
    /// The phone has set the microphone's, likewise.
    Microphone(u8),
    /// The phone's operator; empty without one.
    Operator(CallerName),
    /// A number of the phone's own.
    SubscriberNumber(Number),
    /// The next voice link is to carry this codec, from now on.
    Codec(Codec),
    /// Voice recognition.
    VoiceRecognition {
        /// Whether it goes on.
        on: bool,
        /// What it does, where the phone says.
        state: Option<VoiceRecognitionState>,
    },
    /// What voice recognition heard or says.
    VoiceText(VoiceMessage),
    /// A call is held by response and hold, was accepted, was rejected (0 to 2).
    ResponseAndHold(u8),
    /// An order is done.
    Done {
        /// Which.
        ticket: Ticket,
        /// Whether it worked.
        result: Result<(), AtError>,
    },
}

/// What a phone did wrong, counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Lines that make no sense.
    pub malformed: u32,
    /// Result codes that are not known.
    pub unknown: u32,
    /// Answers to nothing that we asked.
    pub unexpected: u32,
    /// Lines longer than [`MAX_LINE`](super::MAX_LINE).
    pub overlong: u32,
    /// Lines dropped because the outputs had not been polled.
    pub overrun: u32,
}
