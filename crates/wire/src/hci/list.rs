//! Parameters that come as a count and as many groups.

use core::fmt;
use core::marker::PhantomData;

use super::bytes::{Field, Reader, Writer, record};
use super::eir::Eir;
use super::values::{ClassOfDevice, ClockOffset, Handle, Lap, PageScanRepetitionMode};
use crate::address::Address;
use crate::error::{Malformed, NoRoom};

/// What can be in a [`List`].
#[allow(private_bounds, reason = "which groups there are is decided here")]
pub trait Item: for<'a> Field<'a> + Copy + PartialEq + fmt::Debug {
    /// Octets of one.
    const SIZE: usize;
}

impl Item for Completed {
    const SIZE: usize = 4;
}
impl Item for InquiryResult {
    const SIZE: usize = 14;
}
impl Item for InquiryResultWithRssi {
    const SIZE: usize = 14;
}
impl Item for Lap {
    const SIZE: usize = 3;
}
impl Field<'_> for () {
    fn get(_: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(())
    }
    fn put(&self, _: &mut Writer<'_>) -> Result<(), NoRoom> {
        Ok(())
    }
}

/// Up to 255 groups of parameters: read from a packet, or to be written to one.
#[derive(Clone, Copy)]
pub struct List<'a, T>(Source<'a, T>);

#[derive(Clone, Copy)]
enum Source<'a, T> {
    Items(&'a [T]),
    Octets(&'a [u8], PhantomData<T>),
}

impl<'a, T: Item> List<'a, T> {
    /// The first 255 of `items`.
    pub fn new(items: &'a [T]) -> Self {
        List(Source::Items(items.get(..255).unwrap_or(items)))
    }

    /// How many.
    pub fn len(&self) -> usize {
        match self.0 {
            Source::Items(items) => items.len(),
            Source::Octets(octets, _) => octets.len() / T::SIZE,
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Each in turn. A group with a reserved value is left out.
    pub fn iter(&self) -> impl Iterator<Item = T> + use<'a, T> {
        let (items, octets) = match self.0 {
            Source::Items(items) => (items, [].as_slice()),
            Source::Octets(octets, _) => ([].as_slice(), octets),
        };
        let read =
            octets.chunks_exact(T::SIZE).filter_map(|group| T::get(&mut Reader::new(group)).ok());
        items.iter().copied().chain(read)
    }
}

impl<'a, T: Item> Field<'a> for List<'a, T> {
    fn get(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let [count] = reader.array()?;
        Ok(List(Source::Octets(reader.take(usize::from(count) * T::SIZE)?, PhantomData)))
    }
    fn put(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        writer.put(&[u8::try_from(self.len()).map_err(|_| NoRoom)?])?;
        match self.0 {
            Source::Items(items) => items.iter().try_for_each(|item| item.put(writer)),
            Source::Octets(octets, _) => writer.put(octets),
        }
    }
}

impl<T: Item> PartialEq for List<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<T: Item> fmt::Debug for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

record! {
    /// Data packets of a link that are done with.
    Completed {
        /// The link.
        connection_handle: Handle,
        /// How many since last told.
        num_completed_packets: u16,
    }

    /// A device that was found.
    InquiryResult {
        /// Its address.
        bd_addr: Address,
        /// How often it listens for pages.
        page_scan_repetition_mode: PageScanRepetitionMode,
        /// Not used.
        reserved: [u8; 2],
        /// What it is.
        class_of_device: ClassOfDevice,
        /// How its clock differs.
        clock_offset: ClockOffset,
    }

    /// A device that was found, with the strength of its signal.
    InquiryResultWithRssi {
        /// Its address.
        bd_addr: Address,
        /// How often it listens for pages.
        page_scan_repetition_mode: PageScanRepetitionMode,
        /// Not used.
        reserved: [u8; 1],
        /// What it is.
        class_of_device: ClassOfDevice,
        /// How its clock differs.
        clock_offset: ClockOffset,
        /// Signal strength in dBm.
        rssi: i8,
    }
}

/// A device that was found, and what it says of itself.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ExtendedInquiryResult<'a> {
    /// The device.
    pub result: InquiryResultWithRssi,
    /// What it says.
    pub extended_inquiry_response: Eir<'a>,
}

/// The count is always one; the response may have been cut short.
impl<'a> Field<'a> for ExtendedInquiryResult<'a> {
    fn get(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let [1] = reader.array()? else { return Err(Malformed) };
        let result = Field::get(reader)?;
        let response = reader.take(reader.remaining().min(Eir::SIZE))?;
        Ok(ExtendedInquiryResult { result, extended_inquiry_response: Eir::new(response)? })
    }
    fn put(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        writer.put(&[1])?;
        self.result.put(writer)?;
        self.extended_inquiry_response.put(writer)
    }
}
