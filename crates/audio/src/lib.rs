//! From coded packets to sound: jitter buffers, the clock-drift servo, fades, mixing and sinks.
//!
//! ```text
//! media(packet) -> decode -> jitter buffer -> resample at the drift's ratio -> fade -> mix -> render(block) -> Sink
//! ```
//! [`Engine`] is the body of the audio thread as an object that is stepped from outside: the
//! real-time thread and a simulation in virtual time run the same code. A [`Sink`] takes what the
//! engine renders and says how much it wants. Nothing here reads a clock or starts a thread: every
//! call is handed its `now`. After construction the engine does not allocate, but once where a stream of
//! AAC is opened, or changes, that is neither 44.1 kHz in two channels nor as the slot's last one was, or
//! where more than [`AAC_READY`] are open for the first time.
//!
//! A voice link has a shorter way, both ways: [`Control::OpenVoice`], [`Engine::voice`],
//! [`Engine::voice_reply`]. Tones of our own are mixed in last: [`Control::Tone`].
//!
//! Limits: [`MAX_STREAMS`] streams, [`MAX_LATENCY_MS`], [`CAPACITY_MS`] of sound held for each;
//! [`MAX_VOICES`] voice links. Not here yet: ALSA.

pub mod analysis;
mod converter;
mod decoder;
mod engine;
mod fade;
mod meter;
mod microphone;
mod pulse;
mod resampler;
mod ring;
mod servo;
mod sink;
mod sounding;
mod stream;
mod tone;
mod voice;
mod wave;

pub use decoder::StreamCodec;
pub use engine::{AAC_READY, Config, Control, Engine, MAX_STREAMS, MAX_VOICES, Refused, Report};
pub use microphone::{MICROPHONE_RATE, Microphone, MicrophoneError};
pub use pulse::pulse_answers;
pub use resampler::Resampler;
pub use ring::CAPACITY_MS;
pub use servo::LIMIT_PPM;
pub use sink::{Lost, OpenError, OpenErrorKind, Pace, Sink};
pub use sounding::{SOUNDING_HOLD_MS, SOUNDING_PEAK};
pub use stream::{FADE_MS, MAX_LATENCY_MS, MIN_LATENCY_MS, OVERRUN_MS, Stats};
pub use tone::Tone;
pub use voice::{
    MICROPHONE_LATENCY_MS, MICROPHONE_RATES, MICROPHONE_SLACK_MS, VOICE_LATENCY_MS, VOICE_SLACK_MS,
    VoiceCoding, VoiceStats,
};
pub use wave::Sound;
