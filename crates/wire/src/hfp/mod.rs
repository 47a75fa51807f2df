//! HFP 1.9, 4.34, and HSP 1.2, 4: the AT commands of a hands-free unit or headset, and the audio
//! gateway's result codes, as text.
//!
//! [`Lines`] cuts what arrives into lines, in whatever pieces it comes; [`Command::parse`] and
//! [`ResultCode::parse`] read one, borrowing from it, and each writes itself with its line's end.
//! What is not known is handed on as it stands. Texts are bytes as they came: UTF-8 mostly, whatever
//! a phone sends at worst.

mod command;
mod features;
mod line;
mod result;
#[cfg(test)]
mod tests;
mod text;

pub use command::Command;
pub use features::{
    AgFeatures, AgSdpFeatures, BatteryLevel, CallMode, CallSetup, CallStatus, CmeError, Codec,
    Codecs, Direction, HfFeatures, HfIndicators, HfSdpFeatures, Hold, Holds, VoiceRecognitionState,
};
pub use line::Lines;
pub use result::{CallEntry, Caller, ResultCode, VoiceRecognition, VoiceText};
pub use text::{Arguments, Value};
