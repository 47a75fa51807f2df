//! What a gateway is set up with, and tells.

use wire::hfp::{AgFeatures, Codec, Codecs, HfFeatures, HfIndicators, Holds};

use crate::hfp::call::{Call, CallerName, Number};
use crate::hfp::hands_free::Indicator;

/// Octets of the longest text that is sent at once.
pub const MAX_TEXT: usize = 192;

/// What is to be sent.
pub type Text = heapless::Vec<u8, MAX_TEXT>;

/// What becomes of the unit's orders.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Orders {
    /// They are carried out, where they can be.
    #[default]
    Obeyed,
    /// An error is the answer.
    Refused,
    /// There is no answer.
    Unanswered,
}

/// What the phone is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// What it can do.
    pub features: AgFeatures,
    /// The codecs that it has.
    pub codecs: Codecs,
    /// What can be asked of its calls.
    pub holds: Holds,
    /// Whether it says OK to what is asked of its calls, and does nothing.
    pub holds_nothing: bool,
    /// What becomes of the unit's orders: what is asked of calls, the voice link and the assistant.
    pub orders: Orders,
    /// Whether it knows no more than HSP 1.2: it rings, and listens to the button.
    pub headset: bool,
    /// The unit's indicators that it listens to.
    pub indicators: HfIndicators,
    /// Its own, in the order in which it names them.
    pub places: heapless::Vec<Indicator, { Indicator::ALL.len() }>,
    /// Whether it listens to Apple's accessory commands.
    pub accessory: bool,
    /// Its operator; empty without one.
    pub operator: CallerName,
    /// Its own number; empty where it does not know.
    pub number: Number,
    /// What is in its memory, at every place; empty where nothing is.
    pub memory: Number,
}

impl Default for Settings {
    /// A phone that can do all that is here, with CVSD and mSBC.
    fn default() -> Self {
        Settings {
            features: AgFeatures::all(),
            codecs: Codecs::CVSD | Codecs::MSBC,
            holds: Holds::all(),
            holds_nothing: false,
            orders: Orders::Obeyed,
            headset: false,
            indicators: HfIndicators::all(),
            places: Indicator::ALL.into_iter().collect(),
            accessory: false,
            operator: CallerName::new(),
            number: Number::new(),
            memory: Number::new(),
        }
    }
}

/// What a gateway asks for or tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Send this on the line.
    Send(Text),
    /// The service level connection is there.
    Up {
        /// What the unit can do.
        features: HfFeatures,
    },
    /// A call is there, or has changed.
    Call(Call),
    /// The call with this index is over.
    CallEnded(u8),
    /// The unit wants this number dialled; it is, and waits for [`Gateway::alert`](super::Gateway::alert)
    /// and [`Gateway::connect`](super::Gateway::connect).
    Dialled(Number),
    /// The unit wants the voice link, with a codec chosen.
    VoiceLink,
    /// The unit has these codecs.
    Codecs(Codecs),
    /// The unit takes this codec: open the voice link.
    Codec(Codec),
    /// The unit has set the loudspeaker's volume, 0 to 15.
    Speaker(u8),
    /// The unit has set the microphone's, likewise.
    Microphone(u8),
    /// The unit's battery, in percent.
    Battery(u8),
    /// Whether the unit's enhanced safety is on.
    Safety(bool),
    /// The unit starts or stops voice recognition.
    VoiceRecognition(bool),
    /// The unit is ready for more while voice recognition goes on.
    VoiceReady,
    /// The unit reduces echo and noise itself.
    NoiseReductionOff,
    /// The unit wants a tone sent.
    Tone(u8),
    /// The headset's button was pressed.
    Pressed,
}
