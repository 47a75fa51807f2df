//! The verbs about calls, the microphone and the receiver's battery: each is one call of a method.

use clap::builder::NonEmptyStringValueParser;
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

/// What to do about calls.
#[derive(Clone, Debug, Subcommand)]
pub enum CallVerb {
    /// Take the call that rings
    Answer {
        /// Put the active call on hold
        #[arg(long, conflicts_with = "end")]
        hold: bool,
        /// End the active call [default of both: as the setting answer says]
        #[arg(long)]
        end: bool,
        /// Which phone [default: the one that rings, the newest where several do]
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        phone: Option<String>,
        /// Which of its calls, by its number
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
        index: Option<u8>,
    },
    /// Reject the call that rings
    Reject {
        /// Which phone [default: the one that rings, the newest where several do]
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        phone: Option<String>,
        /// Which of its calls, by its number
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
        index: Option<u8>,
    },
    /// End the active call, else cancel the outgoing one, else close the voice session
    HangUp {
        /// Which phone [default: the one in a call]
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        phone: Option<String>,
        /// Which of its calls, by its number
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
        index: Option<u8>,
    },
    /// Put the active call on hold, or take the held one back where none is active
    Hold {
        /// Which phone [default: the one in a call]
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        phone: Option<String>,
    },
    /// Exchange the active and the held call, across phones too
    Swap,
    /// Join a phone's active and held calls to a conference
    Merge {
        /// Which phone [default: the one in a call]
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        phone: Option<String>,
    },
    /// Speak with one member of a conference alone
    Private {
        /// The member's call, by its number
        #[arg(value_parser = clap::value_parser!(u8).range(1..))]
        index: u8,
        /// Which phone [default: the one in a call]
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        phone: Option<String>,
    },
    /// Connect a phone's two calls with each other and leave them
    Transfer {
        /// Which phone [default: the one in a call]
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        phone: Option<String>,
    },
    /// Move a call's audio
    Voice {
        /// Where to
        to: Place,
        /// Which phone [default: the one in a call]
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        phone: Option<String>,
    },
    /// Dial a number
    Dial {
        /// Digits, *, #, + and A to D; > and digits dial what is in the phone's memory there
        number: String,
        /// Which phone [default: the one used for a call last]
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        phone: Option<String>,
    },
    /// Dial the last number
    Redial {
        /// Which phone [default: the one used for a call last]
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        phone: Option<String>,
    },
    /// Send tones into a call
    Tones {
        /// Digits, *, # and A to D
        digits: String,
        /// Which phone [default: the one in a call]
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        phone: Option<String>,
    },
    /// Mute the microphone, or not
    Mute {
        /// Whether it is muted
        on: Switch,
    },
    /// Let a phone's assistant listen, or not
    Assistant {
        /// Whether it listens
        on: Switch,
        /// Which phone [default: the one used for a call last]
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        phone: Option<String>,
    },
    /// Tell the phones how full our battery is
    Battery {
        /// 0 to 100
        #[arg(value_parser = clap::value_parser!(u8).range(0..=100))]
        percent: u8,
    },
}

/// Where a call's audio goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Place {
    /// Here
    Receiver,
    /// To the phone
    Phone,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// On
    On,
    /// Off
    Off,
}

/// The method that a verb is, and its parameters.
pub(crate) fn call(verb: &CallVerb) -> (&'static str, Value) {
    match verb {
        CallVerb::Answer { hold, end, phone, index } => {
            let how = match (hold, end) {
                (true, _) => "hold",
                (_, true) => "end",
                (false, false) => "default",
            };
            ("Answer", json!({ "how": how, "phone": phone, "index": index }))
        }
        CallVerb::Reject { phone, index } => ("Reject", json!({ "phone": phone, "index": index })),
        CallVerb::HangUp { phone, index } => ("HangUp", json!({ "phone": phone, "index": index })),
        CallVerb::Hold { phone } => ("Hold", json!({ "phone": phone })),
        CallVerb::Swap => ("Swap", json!({})),
        CallVerb::Merge { phone } => ("Merge", json!({ "phone": phone })),
        CallVerb::Private { index, phone } => {
            ("Private", json!({ "index": index, "phone": phone }))
        }
        CallVerb::Transfer { phone } => ("Transfer", json!({ "phone": phone })),
        CallVerb::Voice { to, phone } => {
            let to = if *to == Place::Receiver { "receiver" } else { "phone" };
            ("Voice", json!({ "to": to, "phone": phone }))
        }
        CallVerb::Dial { number, phone } => ("Dial", json!({ "number": number, "phone": phone })),
        CallVerb::Redial { phone } => ("Redial", json!({ "phone": phone })),
        CallVerb::Tones { digits, phone } => ("Tones", json!({ "digits": digits, "phone": phone })),
        CallVerb::Mute { on } => ("Mute", json!({ "on": *on == Switch::On })),
        CallVerb::Assistant { on, phone } => {
            ("Assistant", json!({ "on": *on == Switch::On, "phone": phone }))
        }
        CallVerb::Battery { percent } => ("Battery", json!({ "percent": percent })),
    }
}
