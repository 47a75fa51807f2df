//! AAC Low Complexity as A2DP carries it (A2DP 1.3, 4.5): LATM out of RTP packets, decoded by
//! `symphonia-codec-aac` (MPL-2.0).
//!
//! A payload is an AudioMuxElement, or a piece of one, with its StreamMuxConfig in band (RFC 3016, 4; ISO 14496-3, 1.7.3).
//! Its units begin at any bit: each is copied once, shifted, into a bounded buffer.
//!
//! Limits: one program of one layer, in one or two channels, 1024 samples a unit, [`MAX_UNITS`] units of
//! [`MAX_UNIT`] bytes each. SBR and parametric stereo are refused where they are signalled; where they
//! hide in fill elements the lower half of the spectrum is heard.
//!
//! A decoder takes memory (about 90 KiB) when it is made anew: for the first configuration and for each
//! that differs. A unit takes none, unless it ends before its bits do: the error that `symphonia` makes of that is
//! allocated, and given back at once.
//!
//! An element may be fragmented over several packets: [`Receiver`] puts it together again.
//!
//! Not here: ADTS, error resilience.

mod decoder;
mod latm;
mod receiver;

pub use decoder::{Decoded, Decoder};
pub use latm::{MAX_UNIT, MAX_UNITS};
pub use receiver::{MAX_ELEMENT, Receiver};

use core::fmt;

/// Samples a channel of a unit.
pub const UNIT_SAMPLES: usize = 1024;
/// The most samples that an element gives, both channels counted.
pub const MAX_SAMPLES: usize = 2 * UNIT_SAMPLES * MAX_UNITS;

/// Why an element was not decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The element ends before what it says it holds.
    Short,
    /// There has been no configuration yet.
    Configuration,
    /// It is none of those that are decoded: SBR, several programs or layers, more than two channels…
    Unsupported,
    /// What a unit holds is no AAC.
    Damaged,
    /// The output slice is too small.
    NoRoom,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::Short => "the AAC element is cut short",
            Error::Configuration => "AAC without a configuration",
            Error::Unsupported => "AAC of a kind that is not supported",
            Error::Damaged => "damaged AAC",
            Error::NoRoom => "too little room for AAC",
        })
    }
}

impl core::error::Error for Error {}
