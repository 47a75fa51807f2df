//! Extended inquiry response (Core 5.4, Vol 3, Part C, 8; kinds in Assigned Numbers, 2.3): what a
//! device says of itself to whoever looks for devices, as fields of length, kind and data.

use super::bytes::{Field, Reader, Writer};
use crate::error::{Malformed, NoRoom};

/// At most 240 octets of fields; filled up with zeros on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Eir<'a>(&'a [u8]);

/// The kind of a field.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct EirKind(pub u8);

impl EirKind {
    /// Some of the 16-bit service class UUIDs.
    pub const INCOMPLETE_UUIDS_16: EirKind = EirKind(0x02);
    /// All 16-bit service class UUIDs.
    pub const COMPLETE_UUIDS_16: EirKind = EirKind(0x03);
    /// The beginning of the name.
    pub const SHORTENED_NAME: EirKind = EirKind(0x08);
    /// The name.
    pub const COMPLETE_NAME: EirKind = EirKind(0x09);
    /// Transmit power in dBm.
    pub const TX_POWER: EirKind = EirKind(0x0A);
    /// Vendor, product and version (Device ID profile).
    pub const DEVICE_ID: EirKind = EirKind(0x10);
    /// Whatever a company defines.
    pub const MANUFACTURER: EirKind = EirKind(0xFF);
}

/// One field.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct EirField<'a> {
    /// Its kind.
    pub kind: EirKind,
    /// Its data.
    pub data: &'a [u8],
}

impl<'a> Eir<'a> {
    /// Octets on the wire.
    pub const SIZE: usize = 240;
    /// Nothing is said.
    pub const EMPTY: Eir<'static> = Eir(&[]);

    /// Octets as they came from a peer, at most 240; zeros at the end may be missing. What follows
    /// the last whole field is left out.
    pub fn new(octets: &'a [u8]) -> Result<Eir<'a>, Malformed> {
        if octets.len() > Self::SIZE { Err(Malformed) } else { Ok(Eir(Eir(octets).as_bytes())) }
    }

    /// The octets, without the zeros that fill the packet up.
    pub fn as_bytes(&self) -> &'a [u8] {
        let used = self.fields().map(|field| 2 + field.data.len()).sum();
        self.0.get(..used).unwrap_or_default()
    }

    /// The fields, up to the first that is empty or damaged.
    pub fn fields(&self) -> impl Iterator<Item = EirField<'a>> + use<'a> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let (&length, after) = rest.split_first()?;
            let (field, after) = after.split_at_checked(usize::from(length))?;
            let (&kind, data) = field.split_first()?;
            rest = after;
            Some(EirField { kind: EirKind(kind), data })
        })
    }

    /// The device's name, complete or shortened, as far as it is UTF-8.
    pub fn name(&self) -> Option<&'a str> {
        let is_name = |kind| matches!(kind, EirKind::COMPLETE_NAME | EirKind::SHORTENED_NAME);
        let field = self.fields().find(|field| is_name(field.kind))?;
        Some(field.data.utf8_chunks().next()?.valid())
    }

    /// The 16-bit service class UUIDs.
    pub fn uuids_16(&self) -> impl Iterator<Item = u16> + use<'a> {
        let is_uuids =
            |kind| matches!(kind, EirKind::COMPLETE_UUIDS_16 | EirKind::INCOMPLETE_UUIDS_16);
        self.fields()
            .filter(move |field| is_uuids(field.kind))
            .flat_map(|field| field.data.chunks_exact(2))
            .filter_map(|pair| Some(u16::from_le_bytes(*pair.first_chunk()?)))
    }
}

impl<'a> Field<'a> for Eir<'a> {
    fn get(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        Eir::new(reader.take(Self::SIZE)?)
    }
    fn put(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        writer.put(self.0)?;
        writer.zeros(Self::SIZE - self.0.len())
    }
}

/// Builds an extended inquiry response field by field.
#[derive(Clone, Debug)]
pub struct EirBuilder {
    octets: [u8; Eir::SIZE],
    used: usize,
}

impl Default for EirBuilder {
    fn default() -> Self {
        EirBuilder { octets: [0; Eir::SIZE], used: 0 }
    }
}

impl EirBuilder {
    /// Adds a field.
    pub fn field(&mut self, kind: EirKind, data: &[u8]) -> Result<&mut Self, NoRoom> {
        let length = u8::try_from(data.len() + 1).map_err(|_| NoRoom)?;
        let mut writer = Writer::new(self.octets.get_mut(self.used..).ok_or(NoRoom)?);
        // Checked first, so that a field that does not fit leaves nothing behind.
        if data.len() + 2 > Eir::SIZE - self.used {
            return Err(NoRoom);
        }
        writer.put(&[length, kind.0])?;
        writer.put(data)?;
        self.used += writer.len();
        Ok(self)
    }

    /// Adds the name, shortened to `longest` octets or to what is left if it is longer.
    pub fn name(&mut self, name: &str, longest: usize) -> Result<&mut Self, NoRoom> {
        let room = (Eir::SIZE - self.used).checked_sub(2).ok_or(NoRoom)?.min(longest);
        let cut = name.get(..name.floor_char_boundary(room)).unwrap_or_default();
        let complete = cut.len() == name.len();
        let kind = if complete { EirKind::COMPLETE_NAME } else { EirKind::SHORTENED_NAME };
        self.field(kind, cut.as_bytes())
    }

    /// Adds all 16-bit service class UUIDs, at most 16.
    pub fn uuids_16(&mut self, uuids: &[u16]) -> Result<&mut Self, NoRoom> {
        let mut data = [0; 32];
        let mut writer = Writer::new(&mut data);
        uuids.iter().try_for_each(|uuid| uuid.put(&mut writer))?;
        let used = writer.len();
        self.field(EirKind::COMPLETE_UUIDS_16, data.get(..used).ok_or(NoRoom)?)
    }

    /// Adds the Device ID: who assigned `vendor` (1 Bluetooth SIG, 2 USB), and three numbers.
    pub fn device_id(
        &mut self,
        source: u16,
        vendor: u16,
        product: u16,
        version: u16,
    ) -> Result<&mut Self, NoRoom> {
        let mut data = [0; 8];
        let mut writer = Writer::new(&mut data);
        [source, vendor, product, version].iter().try_for_each(|word| word.put(&mut writer))?;
        self.field(EirKind::DEVICE_ID, &data)
    }

    /// The response.
    pub fn eir(&self) -> Eir<'_> {
        Eir(self.octets.get(..self.used).unwrap_or_default())
    }
}
