//! Data elements (Core 5.4, Vol 3, Part B, 3). Numbers are big-endian.

use super::Uuid;
use crate::Malformed;

/// How deep sequences may stand in one another.
pub const MAX_DEPTH: usize = 8;

/// A data element.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Element<'a> {
    /// Nothing.
    Nil,
    /// An unsigned number of 8 bits.
    U8(u8),
    /// An unsigned number of 16 bits.
    U16(u16),
    /// An unsigned number of 32 bits.
    U32(u32),
    /// An unsigned number of 64 bits.
    U64(u64),
    /// An unsigned number of 128 bits.
    U128(u128),
    /// A signed number of 8 bits.
    I8(i8),
    /// A signed number of 16 bits.
    I16(i16),
    /// A signed number of 32 bits.
    I32(i32),
    /// A signed number of 64 bits.
    I64(i64),
    /// A signed number of 128 bits.
    I128(i128),
    /// A UUID of whichever length.
    Uuid(Uuid),
    /// Text, in what encoding the record says.
    Text(&'a [u8]),
    /// True or false.
    Boolean(bool),
    /// All of these.
    Sequence(Elements<'a>),
    /// One of these.
    Alternative(Elements<'a>),
    /// A URL.
    Url(&'a [u8]),
}

impl<'a> Element<'a> {
    /// Reads and checks one element, and returns it with what follows it.
    pub fn parse(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), Malformed> {
        Self::parse_to(bytes, MAX_DEPTH)
    }

    fn parse_to(bytes: &'a [u8], depth: usize) -> Result<(Self, &'a [u8]), Malformed> {
        let (element, rest) = Self::parse_head(bytes)?;
        if let Element::Sequence(Elements(mut inside))
        | Element::Alternative(Elements(mut inside)) = element
        {
            let depth = depth.checked_sub(1).ok_or(Malformed)?;
            while !inside.is_empty() {
                (_, inside) = Self::parse_to(inside, depth)?;
            }
        }
        Ok((element, rest))
    }

    /// Reads one element without looking into sequences.
    fn parse_head(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), Malformed> {
        let (&descriptor, rest) = bytes.split_first().ok_or(Malformed)?;
        let (kind, size) = (descriptor >> 3, descriptor & 7);
        let (length, rest) = match (size, rest) {
            (0, rest) if kind == 0 => (0, rest),
            (0..=4, rest) => (1usize << size, rest),
            (5, &[a, ref rest @ ..]) => (usize::from(a), rest),
            (6, &[a, b, ref rest @ ..]) => (usize::from(u16::from_be_bytes([a, b])), rest),
            (7, &[a, b, c, d, ref rest @ ..]) => {
                (usize::try_from(u32::from_be_bytes([a, b, c, d])).map_err(|_| Malformed)?, rest)
            }
            _ => return Err(Malformed),
        };
        let (value, rest) = rest.split_at_checked(length).ok_or(Malformed)?;
        let element = match (kind, size) {
            (0, 0) => Element::Nil,
            (1, 0..=4) => Self::unsigned(value)?,
            (2, 0..=4) => Self::signed(value)?,
            (3, 1 | 2) => {
                let number = value.iter().fold(0, |number, &b| number << 8 | u32::from(b));
                Element::Uuid(Uuid::short(number))
            }
            (3, 4) => Element::Uuid(Uuid::long(u128::from_be_bytes(
                value.try_into().map_err(|_| Malformed)?,
            ))),
            (4, 5..=7) => Element::Text(value),
            (5, 0) => match value {
                [0] => Element::Boolean(false),
                [1] => Element::Boolean(true),
                _ => return Err(Malformed),
            },
            (6, 5..=7) => Element::Sequence(Elements(value)),
            (7, 5..=7) => Element::Alternative(Elements(value)),
            (8, 5..=7) => Element::Url(value),
            _ => return Err(Malformed),
        };
        Ok((element, rest))
    }

    fn unsigned(value: &[u8]) -> Result<Self, Malformed> {
        Ok(match *value {
            [a] => Element::U8(a),
            [a, b] => Element::U16(u16::from_be_bytes([a, b])),
            [a, b, c, d] => Element::U32(u32::from_be_bytes([a, b, c, d])),
            [a, b, c, d, e, f, g, h] => Element::U64(u64::from_be_bytes([a, b, c, d, e, f, g, h])),
            _ => Element::U128(u128::from_be_bytes(value.try_into().map_err(|_| Malformed)?)),
        })
    }

    fn signed(value: &[u8]) -> Result<Self, Malformed> {
        Ok(match Self::unsigned(value)? {
            Element::U8(v) => Element::I8(v as i8),
            Element::U16(v) => Element::I16(v as i16),
            Element::U32(v) => Element::I32(v as i32),
            Element::U64(v) => Element::I64(v as i64),
            Element::U128(v) => Element::I128(v as i128),
            other => other,
        })
    }

    /// The value of an unsigned number of up to 64 bits.
    pub fn as_unsigned(&self) -> Option<u64> {
        match *self {
            Element::U8(v) => Some(v.into()),
            Element::U16(v) => Some(v.into()),
            Element::U32(v) => Some(v.into()),
            Element::U64(v) => Some(v),
            _ => None,
        }
    }

    /// The value of a UUID.
    pub fn as_uuid(&self) -> Option<Uuid> {
        match *self {
            Element::Uuid(uuid) => Some(uuid),
            _ => None,
        }
    }

    /// The elements of a sequence.
    pub fn as_sequence(&self) -> Option<Elements<'a>> {
        match *self {
            Element::Sequence(elements) => Some(elements),
            _ => None,
        }
    }

    /// Whether `uuid` is this element, or stands anywhere inside.
    pub fn contains(&self, uuid: Uuid) -> bool {
        match *self {
            Element::Uuid(own) => own == uuid,
            // Ends, since the depth was checked.
            Element::Sequence(inside) | Element::Alternative(inside) => {
                inside.iter().any(|element| element.contains(uuid))
            }
            _ => false,
        }
    }
}

/// A run of data elements that has been checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Elements<'a>(&'a [u8]);

impl<'a> Elements<'a> {
    /// Checks that `bytes` are whole elements.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut rest = bytes;
        while !rest.is_empty() {
            // As if they stood in a sequence.
            (_, rest) = Element::parse_to(rest, MAX_DEPTH - 1)?;
        }
        Ok(Elements(bytes))
    }

    /// The elements in their order.
    pub fn iter(&self) -> impl Iterator<Item = Element<'a>> + use<'a> {
        self.raw().map(|(element, _)| element)
    }

    /// The elements, each with its bytes, header included.
    pub fn raw(&self) -> impl Iterator<Item = (Element<'a>, &'a [u8])> + use<'a> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let (element, after) = Element::parse_head(rest).ok()?;
            let bytes = rest.get(..rest.len() - after.len())?;
            rest = after;
            Some((element, bytes))
        })
    }

    /// The elements as they stand on the wire.
    pub fn bytes(&self) -> &'a [u8] {
        self.0
    }
}
