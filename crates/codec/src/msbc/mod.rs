//! mSBC over a voice link: HFP 1.9, appendix A, and the framing of 5.7.2.
//!
//! A voice link carries bytes, cut into packets of whatever size the controller likes (24, 48, 60,
//! 72…), without marks. Every 7.5 ms of sound are one unit of [`PACKET`] bytes in it:
//!
//! ```text
//! H2 header (2): synchronisation word, sequence number | mSBC frame (57) | padding (1)
//! ```
//! [`Receiver`] finds the units again and says for each 7.5 ms whether its frame came or is lost;
//! [`Sender`] makes units of sound. What is inside a frame is for
//! [`sbc::Decoder::msbc`](crate::sbc::Decoder::msbc) to decode, and what was lost for
//! [`plc`](crate::plc) to make up.

mod h2;
mod receiver;
mod sender;

pub use receiver::{Decision, Receiver, Stats};
pub use sender::Sender;

/// Bytes of a frame.
pub const FRAME: usize = 57;
/// Bytes of a frame with its H2 header and padding.
pub const PACKET: usize = 60;
/// Samples of a frame: 7.5 ms.
pub const SAMPLES: usize = 120;
/// Samples a second.
pub const RATE: u32 = 16_000;
