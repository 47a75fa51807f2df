//! A2DP 1.3, chapter 4: what codecs write into the media codec capability of AVDTP, and the headers
//! that stand before their frames in a media packet.
//!
//! [`sbc`] whole; [`aac`] its information element (its payload has no header of A2DP's);
//! [`VendorCodec`] as opaque bytes. Not here: MPEG-1,2 Audio and ATRAC.

pub mod aac;
pub mod sbc;
#[cfg(test)]
mod tests;

use crate::Malformed;

/// A set of `T`s as bits.
pub struct Choices<T>(u16, core::marker::PhantomData<T>);

/// What can be in [`Choices`]: each value is a bit of its field.
pub trait Choice: Copy + 'static {
    /// Every value, the one to be preferred first.
    const ALL: &'static [Self];

    /// Its bit.
    fn bit(self) -> u16;
}

/// Makes an enum whose discriminants are bits a [`Choice`], the one to be preferred first.
macro_rules! choice {
    ($type:ident: $($variant:ident),*) => {
        impl $crate::a2dp::Choice for $type {
            const ALL: &'static [Self] = &[$($type::$variant),*];

            fn bit(self) -> u16 {
                self as u16
            }
        }
    };
}
use choice;

impl<T: Choice> Choices<T> {
    /// None at all.
    pub const NONE: Self = Choices(0, core::marker::PhantomData);

    /// All of them.
    pub fn all() -> Self {
        T::ALL.iter().fold(Self::NONE, |set, &choice| set.with(choice))
    }

    /// Those whose bits are set in `bits`; bits that belong to none are dropped.
    pub fn from_bits(bits: impl Into<u16>) -> Self {
        Choices(bits.into() & Self::all().0, core::marker::PhantomData)
    }

    /// The bits.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The set with `choice` in it.
    #[must_use]
    pub fn with(self, choice: T) -> Self {
        Choices(self.0 | choice.bit(), core::marker::PhantomData)
    }

    /// What is in both.
    #[must_use]
    pub const fn both(self, other: Self) -> Self {
        Choices(self.0 & other.0, core::marker::PhantomData)
    }

    /// Whether `choice` is in it.
    pub fn contains(self, choice: T) -> bool {
        self.0 & choice.bit() != 0
    }

    /// The one that is in it, if it is exactly one.
    pub fn only(self) -> Option<T> {
        if self.0.count_ones() == 1 { self.preferred() } else { None }
    }

    /// The one to be preferred, by the order of [`Choice::ALL`].
    pub fn preferred(self) -> Option<T> {
        T::ALL.iter().copied().find(|&choice| self.contains(choice))
    }
}

impl<T> Clone for Choices<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Choices<T> {}

impl<T> PartialEq for Choices<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T> Eq for Choices<T> {}

impl<T> core::hash::Hash for Choices<T> {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<T: Choice + core::fmt::Debug> core::fmt::Debug for Choices<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_set().entries(T::ALL.iter().filter(|&&choice| self.contains(choice))).finish()
    }
}

/// The information element of a vendor's codec (4.7.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VendorCodec<'a> {
    /// The vendor, a company identifier.
    pub vendor_id: u32,
    /// The vendor's number for the codec.
    pub codec_id: u16,
    /// What the vendor defines.
    pub value: &'a [u8],
}

impl<'a> VendorCodec<'a> {
    /// Reads the information element.
    pub fn parse(information: &'a [u8]) -> Result<Self, Malformed> {
        let [v0, v1, v2, v3, c0, c1, value @ ..] = information else { return Err(Malformed) };
        Ok(VendorCodec {
            vendor_id: u32::from_le_bytes([*v0, *v1, *v2, *v3]),
            codec_id: u16::from_le_bytes([*c0, *c1]),
            value,
        })
    }
}

/// SCMS-T, the content protection of audio streams (Assigned Numbers; A2DP 1.3, 3.2.1-2): its
/// header is one octet before the codec's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ScmsT {
    /// Copying is protected (Cp).
    pub protected: bool,
    /// The copy is an original (L).
    pub original: bool,
}

impl ScmsT {
    /// Its number among content protection types.
    pub const CP_TYPE: u16 = 0x0002;
    /// Octets of the header.
    pub const LEN: usize = 1;

    /// Reads the header.
    pub const fn from_octet(octet: u8) -> Self {
        ScmsT { protected: octet & 1 != 0, original: octet & 2 != 0 }
    }

    /// The header.
    pub const fn octet(self) -> u8 {
        self.protected as u8 | (self.original as u8) << 1
    }
}
