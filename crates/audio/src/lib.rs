//! From coded packets to sound: jitter buffers, the clock-drift servo, fades, mixing and sinks.
//!
//! ```text
//! media(packet) -> decode -> jitter buffer -> resample at the drift's ratio -> fade -> mix -> render(block) -> Sink
//! ```
//! [`Engine`] is the body of the audio thread as an object that is stepped from outside: the
//! real-time thread and a simulation in virtual time run the same code. A [`Sink`] takes what the
//! engine renders and says how much it wants. Nothing here reads a clock or starts a thread: every
//! call is handed its `now`. After construction the engine does not allocate.
//!
//! Limits: [`MAX_STREAMS`] streams, [`MAX_LATENCY_MS`], [`CAPACITY_MS`] of sound held for each.
//! Not here yet: voice links and microphones, local tones (ring, waiting tone), AAC, ALSA.

pub mod analysis;
mod converter;
mod decoder;
mod engine;
mod fade;
mod ring;
mod servo;
mod sink;
mod sounding;
mod stream;

pub use decoder::StreamCodec;
pub use engine::{Config, Control, Engine, MAX_STREAMS, Refused, Report};
pub use ring::CAPACITY_MS;
pub use servo::LIMIT_PPM;
pub use sink::{Lost, OpenError, OpenErrorKind, Pace, Sink, pulse_answers};
pub use sounding::{SOUNDING_HOLD_MS, SOUNDING_PEAK};
pub use stream::{FADE_MS, MAX_LATENCY_MS, MIN_LATENCY_MS, OVERRUN_MS, Stats};
