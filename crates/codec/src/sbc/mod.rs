//! The low complexity subband codec, A2DP 1.3.2, appendix B.
//!
//! Everything that the specification allows: 16, 32, 44.1 and 48 kHz; mono, dual channel, stereo
//! and joint stereo; 4 and 8 subbands; 4, 8, 12 and 16 blocks; SNR and loudness allocation;
//! bitpools from 2 to 250 as far as the channel mode and the subbands allow. The mSBC parameters
//! of HFP 1.6 (5.7.4) go through the same code.
//!
//! Arithmetic is `f32` throughout: the error stays far below that of rounding to 16 bits.
//!
//! Not done here: the RTP and media payload headers around the frames, the bit rate limits of
//! A2DP 4.3.2.6 (320 and 512 kbit/s; what to negotiate is not the codec's to say).

mod allocation;
mod analysis;
mod bits;
mod conceal;
mod decoder;
mod encoder;
mod header;
mod synthesis;
mod tables;

#[cfg(feature = "aac")]
pub(crate) use conceal::Concealment;
pub use decoder::{Decoded, Decoder};
pub use encoder::Encoder;
pub(crate) use header::SYNCWORD_MSBC;
pub use header::{Allocation, Error, Frequency, Header, MAX_FRAME, MAX_SAMPLES, Mode};
