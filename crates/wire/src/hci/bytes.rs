//! Reading and writing parameters in the order of the wire (Vol 4, Part E, 5.2: little endian).

use crate::address::Address;
use crate::error::{Malformed, NoRoom};

/// Parameters being read.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    /// An error status was read: the specification leaves the parameters after it undefined, so
    /// values that are otherwise reserved are read as the first of their kind.
    pub(super) failed: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes, failed: false }
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(Malformed)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(super) fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.rest)
    }

    pub(super) fn remaining(&self) -> usize {
        self.rest.len()
    }
}

/// Parameters being written.
pub(super) struct Writer<'a> {
    out: &'a mut [u8],
    at: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn new(out: &'a mut [u8]) -> Self {
        Writer { out, at: 0 }
    }

    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<(), NoRoom> {
        let end = self.at + bytes.len();
        self.out.get_mut(self.at..end).ok_or(NoRoom)?.copy_from_slice(bytes);
        self.at = end;
        Ok(())
    }

    pub(super) fn zeros(&mut self, count: usize) -> Result<(), NoRoom> {
        let end = self.at + count;
        self.out.get_mut(self.at..end).ok_or(NoRoom)?.fill(0);
        self.at = end;
        Ok(())
    }

    /// Sets the octet at `at` to how many octets follow it. Parameters end at 255 octets.
    pub(super) fn close(self, at: usize) -> Result<usize, NoRoom> {
        let length = u8::try_from(self.at - at - 1).map_err(|_| NoRoom)?;
        *self.out.get_mut(at).ok_or(NoRoom)? = length;
        Ok(self.at)
    }

    pub(super) fn len(&self) -> usize {
        self.at
    }
}

/// A parameter.
pub(super) trait Field<'a>: Sized {
    fn get(reader: &mut Reader<'a>) -> Result<Self, Malformed>;
    fn put(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom>;
}

macro_rules! integers {
    ($($Type:ty),*) => {
        $(impl Field<'_> for $Type {
            fn get(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
                Ok(<$Type>::from_le_bytes(reader.array()?))
            }
            fn put(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
                writer.put(&self.to_le_bytes())
            }
        })*
    };
}
integers!(u8, i8, u16, u32, u64);

impl Field<'_> for bool {
    fn get(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        match reader.array()? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ if reader.failed => Ok(false),
            _ => Err(Malformed),
        }
    }
    fn put(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        writer.put(&[u8::from(*self)])
    }
}

impl<const N: usize> Field<'_> for [u8; N] {
    fn get(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.array()
    }
    fn put(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        writer.put(self)
    }
}

/// All that is left.
impl<'a> Field<'a> for &'a [u8] {
    fn get(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(reader.rest())
    }
    fn put(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        writer.put(self)
    }
}

impl Field<'_> for Address {
    fn get(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Address(reader.array()?))
    }
    fn put(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        writer.put(&self.0)
    }
}

/// `Field` for a type that wraps one value which is a field itself.
macro_rules! wraps {
    ($($Type:ident($Inner:ty)),* $(,)?) => {
        $(impl crate::hci::bytes::Field<'_> for $Type {
            fn get(
                reader: &mut crate::hci::bytes::Reader<'_>,
            ) -> Result<Self, crate::error::Malformed> {
                Ok($Type(crate::hci::bytes::Field::get(reader)?))
            }
            fn put(
                &self,
                writer: &mut crate::hci::bytes::Writer<'_>,
            ) -> Result<(), crate::error::NoRoom> {
                crate::hci::bytes::Field::put(&self.0, writer)
            }
        })*
    };
}

/// `Field` for a set of bits, reserved bits kept.
macro_rules! bits {
    ($($Type:ident),* $(,)?) => {
        $(impl crate::hci::bytes::Field<'_> for $Type {
            fn get(
                reader: &mut crate::hci::bytes::Reader<'_>,
            ) -> Result<Self, crate::error::Malformed> {
                Ok($Type::from_bits_retain(crate::hci::bytes::Field::get(reader)?))
            }
            fn put(
                &self,
                writer: &mut crate::hci::bytes::Writer<'_>,
            ) -> Result<(), crate::error::NoRoom> {
                crate::hci::bytes::Field::put(&self.bits(), writer)
            }
        })*
    };
}

/// An enumeration of one octet. A reserved value is malformed, but after an error status, where the
/// specification leaves it undefined, it is read as the first of the list.
macro_rules! enumeration {
    ($(
        $(#[$doc:meta])*
        $Type:ident { $(#[$first_doc:meta])* $First:ident = $first:literal
            $(, $(#[$value_doc:meta])* $Name:ident = $value:literal)* $(,)? }
    )*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
            #[repr(u8)]
            pub enum $Type {
                $(#[$first_doc])* $First = $first,
                $($(#[$value_doc])* $Name = $value,)*
            }

            impl From<$Type> for u8 {
                fn from(value: $Type) -> u8 {
                    value as u8
                }
            }

            impl TryFrom<u8> for $Type {
                type Error = crate::error::Malformed;

                fn try_from(value: u8) -> Result<Self, crate::error::Malformed> {
                    match value {
                        $first => Ok($Type::$First),
                        $($value => Ok($Type::$Name),)*
                        _ => Err(crate::error::Malformed),
                    }
                }
            }

            impl crate::hci::bytes::Field<'_> for $Type {
                fn get(
                    reader: &mut crate::hci::bytes::Reader<'_>,
                ) -> Result<Self, crate::error::Malformed> {
                    let [value] = reader.array()?;
                    $Type::try_from(value).or(if reader.failed {
                        Ok($Type::$First)
                    } else {
                        Err(crate::error::Malformed)
                    })
                }
                fn put(
                    &self,
                    writer: &mut crate::hci::bytes::Writer<'_>,
                ) -> Result<(), crate::error::NoRoom> {
                    writer.put(&[*self as u8])
                }
            }
        )*
    };
}

/// A group of parameters that occurs as a whole.
macro_rules! record {
    ($(
        $(#[$doc:meta])*
        $Type:ident { $($(#[$field_doc:meta])* $field:ident: $Field:ty),* $(,)? }
    )*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
            pub struct $Type { $($(#[$field_doc])* pub $field: $Field,)* }

            impl crate::hci::bytes::Field<'_> for $Type {
                fn get(
                    reader: &mut crate::hci::bytes::Reader<'_>,
                ) -> Result<Self, crate::error::Malformed> {
                    $(let $field = crate::hci::bytes::Field::get(reader)?;)*
                    Ok($Type { $($field),* })
                }
                fn put(
                    &self,
                    writer: &mut crate::hci::bytes::Writer<'_>,
                ) -> Result<(), crate::error::NoRoom> {
                    $(crate::hci::bytes::Field::put(&self.$field, writer)?;)*
                    Ok(())
                }
            }
        )*
    };
}

pub(super) use {bits, enumeration, record, wraps};
