//! AVRCP 1.6, 6.6.1 and appendix E: what is known of a track.

use super::{put, put_all};
use crate::NoRoom;

/// Which attribute. Any number; those with a name have an associated constant.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AttributeId(pub u32);

#[allow(missing_docs, reason = "the specification's own names")]
impl AttributeId {
    pub const TITLE: AttributeId = AttributeId(0x1);
    pub const ARTIST_NAME: AttributeId = AttributeId(0x2);
    pub const ALBUM_NAME: AttributeId = AttributeId(0x3);
    pub const TRACK_NUMBER: AttributeId = AttributeId(0x4);
    pub const TOTAL_NUMBER_OF_TRACKS: AttributeId = AttributeId(0x5);
    pub const GENRE: AttributeId = AttributeId(0x6);
    /// In milliseconds.
    pub const PLAYING_TIME: AttributeId = AttributeId(0x7);
    pub const DEFAULT_COVER_ART: AttributeId = AttributeId(0x8);
}

/// How a text is written, by its MIBenum (IANA).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CharacterSet(pub u16);

impl CharacterSet {
    /// ISO 8859-1.
    pub const ISO_8859_1: CharacterSet = CharacterSet(4);
    /// UTF-8.
    pub const UTF_8: CharacterSet = CharacterSet(106);
}

/// A list of attributes that are asked for; empty: all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct AttributeIds<'a>(&'a [u8]);

impl<'a> AttributeIds<'a> {
    /// The list in these octets, four an attribute; `None` for another number of them, or more
    /// attributes than can be counted.
    pub const fn new(octets: &'a [u8]) -> Option<Self> {
        if octets.len().is_multiple_of(4) && octets.len() / 4 <= 255 {
            Some(AttributeIds(octets))
        } else {
            None
        }
    }

    /// The attributes.
    pub fn iter(&self) -> impl Iterator<Item = AttributeId> + use<'a> {
        self.0.chunks_exact(4).map(|o| AttributeId(u32::from_be_bytes([o[0], o[1], o[2], o[3]])))
    }

    /// Whether `id` is asked for.
    pub fn asks_for(&self, id: AttributeId) -> bool {
        self.0.is_empty() || self.iter().any(|asked| asked == id)
    }

    pub(super) const fn octets(&self) -> &'a [u8] {
        self.0
    }

    pub(super) const fn count(&self) -> u8 {
        (self.0.len() / 4) as u8
    }
}

/// An attribute and its value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attribute<'a> {
    /// Which.
    pub id: AttributeId,
    /// How the value is written.
    pub character_set: CharacterSet,
    /// The value: a text, for numbers too.
    pub value: &'a [u8],
}

/// A list of attributes and their values.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Attributes<'a> {
    count: u8,
    octets: &'a [u8],
}

impl<'a> Attributes<'a> {
    /// Reads the parameters of a response as far as they go: where they end early, the last value
    /// is cut off, and what a peer adds behind them is passed over.
    pub fn prefix(parameters: &'a [u8]) -> Self {
        match parameters {
            [count, octets @ ..] => Attributes { count: *count, octets },
            [] => Self::default(),
        }
    }

    /// Writes a list of UTF-8 texts to `out`, and is that list.
    pub fn write<'t>(
        values: impl IntoIterator<Item = (AttributeId, &'t str)>,
        out: &'a mut [u8],
    ) -> Result<Self, NoRoom> {
        let (mut count, mut n) = (0u8, 0);
        for (AttributeId(id), text) in values {
            let length = u16::try_from(text.len()).map_err(|_| NoRoom)?.to_be_bytes();
            let utf_8 = CharacterSet::UTF_8.0.to_be_bytes();
            let pieces: [&[u8]; 4] = [&id.to_be_bytes(), &utf_8, &length, text.as_bytes()];
            n += put_all(&mut out[n..], &pieces)?;
            count = count.checked_add(1).ok_or(NoRoom)?;
        }
        Ok(Attributes { count, octets: &out[..n] })
    }

    /// Writes the parameters of the response; returns their length.
    pub(super) fn write_parameters(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        let n = put(out, &[self.count])?;
        Ok(n + put(&mut out[n..], self.octets)?)
    }

    /// The attributes in their order.
    pub fn iter(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        let mut octets = self.octets;
        (0..self.count).map_while(move |_| {
            let [a, b, c, d, set_high, set_low, high, low, rest @ ..] = octets else { return None };
            let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
            let (value, rest) = rest.split_at(length);
            octets = rest;
            Some(Attribute {
                id: AttributeId(u32::from_be_bytes([*a, *b, *c, *d])),
                character_set: CharacterSet(u16::from_be_bytes([*set_high, *set_low])),
                value,
            })
        })
    }
}
