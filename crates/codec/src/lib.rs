//! Audio codecs: slices in, slices out.
//!
//! [`sbc`] is the low complexity subband codec of A2DP, decoder and encoder, with its mSBC
//! parameters. [`msbc`] frames it for voice links, [`plc`] makes up what got lost on one.
//! `aac` (a feature, on by default) is AAC LC in LATM, decoder only. Nothing here allocates (but
//! `aac`, for a configuration), reads a clock, or keeps more state than a codec needs between two
//! frames.

#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "aac")]
pub mod aac;
pub mod msbc;
pub mod plc;
pub mod sbc;
