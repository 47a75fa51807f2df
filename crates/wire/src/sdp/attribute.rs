//! Attributes, the lists that records are made of, and what profiles say in them (Core 5.4, Vol 3,
//! Part B, 2.3 and 5.1).

use super::{Element, Elements, Uuid};
use crate::Malformed;
use crate::l2cap::Psm;

/// The identifier of an attribute.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AttributeId(pub u16);

impl AttributeId {
    /// The handle of the record.
    pub const SERVICE_RECORD_HANDLE: Self = AttributeId(0x0000);
    /// What the service is.
    pub const SERVICE_CLASS_ID_LIST: Self = AttributeId(0x0001);
    /// How it is reached.
    pub const PROTOCOL_DESCRIPTOR_LIST: Self = AttributeId(0x0004);
    /// Where it is found by browsing.
    pub const BROWSE_GROUP_LIST: Self = AttributeId(0x0005);
    /// The languages of the record's texts.
    pub const LANGUAGE_BASE_ATTRIBUTE_ID_LIST: Self = AttributeId(0x0006);
    /// The profiles that the service keeps to, with their versions.
    pub const PROFILE_DESCRIPTOR_LIST: Self = AttributeId(0x0009);
    /// More ways to reach it.
    pub const ADDITIONAL_PROTOCOL_DESCRIPTOR_LISTS: Self = AttributeId(0x000D);
    /// Its name in the first language.
    pub const SERVICE_NAME: Self = AttributeId(0x0100);
    /// Its maker in the first language.
    pub const PROVIDER_NAME: Self = AttributeId(0x0102);
    /// Device ID: the version of its specification.
    pub const SPECIFICATION_ID: Self = AttributeId(0x0200);
    /// Device ID: the maker.
    pub const VENDOR_ID: Self = AttributeId(0x0201);
    /// Device ID: the product.
    pub const PRODUCT_ID: Self = AttributeId(0x0202);
    /// Device ID: the product's version.
    pub const VERSION: Self = AttributeId(0x0203);
    /// Device ID: whether this is the main one of several records.
    pub const PRIMARY_RECORD: Self = AttributeId(0x0204);
    /// Device ID: who gave the maker its number.
    pub const VENDOR_ID_SOURCE: Self = AttributeId(0x0205);
    /// What a profile's role can do; each profile defines the bits.
    pub const SUPPORTED_FEATURES: Self = AttributeId(0x0311);
}

/// A range of attribute identifiers, both ends included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AttributeRange {
    /// The first.
    pub first: AttributeId,
    /// The last.
    pub last: AttributeId,
}

impl AttributeRange {
    /// All attributes.
    pub const ALL: Self = AttributeRange { first: AttributeId(0x0000), last: AttributeId(0xFFFF) };

    /// A single one.
    pub const fn one(id: AttributeId) -> Self {
        AttributeRange { first: id, last: id }
    }

    /// Reads an entry of a request's list.
    pub fn from_element(element: Element<'_>) -> Result<Self, Malformed> {
        let (first, last) = match element {
            Element::U16(id) => (id, id),
            Element::U32(range) => ((range >> 16) as u16, range as u16),
            _ => return Err(Malformed),
        };
        if first > last {
            return Err(Malformed);
        }
        Ok(AttributeRange { first: AttributeId(first), last: AttributeId(last) })
    }

    /// Whether `id` lies in the range.
    pub fn contains(&self, id: AttributeId) -> bool {
        (self.first..=self.last).contains(&id)
    }
}

/// The attributes of one record: identifiers and values in turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct AttributeList<'a>(Elements<'a>);

impl<'a> AttributeList<'a> {
    /// Checks the content of an attribute list (the sequence's header off).
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        Self::from_elements(Elements::parse(bytes)?)
    }

    fn from_elements(elements: Elements<'a>) -> Result<Self, Malformed> {
        let mut rest = elements.iter();
        while let Some(id) = rest.next() {
            if !matches!((id, rest.next()), (Element::U16(_), Some(_))) {
                return Err(Malformed);
            }
        }
        Ok(AttributeList(elements))
    }

    /// Identifiers, values, and both as they stand on the wire.
    pub fn raw(&self) -> impl Iterator<Item = (AttributeId, Element<'a>, [&'a [u8]; 2])> + use<'a> {
        let mut rest = self.0.raw();
        core::iter::from_fn(move || match (rest.next()?, rest.next()?) {
            ((Element::U16(id), head), (value, tail)) => {
                Some((AttributeId(id), value, [head, tail]))
            }
            _ => None,
        })
    }

    /// Identifiers and values.
    pub fn iter(&self) -> impl Iterator<Item = (AttributeId, Element<'a>)> + use<'a> {
        self.raw().map(|(id, value, _)| (id, value))
    }

    /// The value of an attribute.
    pub fn get(&self, id: AttributeId) -> Option<Element<'a>> {
        self.iter().find(|(own, _)| *own == id).map(|(_, value)| value)
    }

    /// The value of an attribute that is an unsigned number.
    pub fn unsigned(&self, id: AttributeId) -> Option<u64> {
        self.get(id)?.as_unsigned()
    }

    /// Whether the service is of this class.
    pub fn is_of_class(&self, class: Uuid) -> bool {
        let classes = self.get(AttributeId::SERVICE_CLASS_ID_LIST);
        classes.is_some_and(|classes| classes.contains(class))
    }

    /// Whether `uuid` stands in any attribute.
    pub fn contains(&self, uuid: Uuid) -> bool {
        self.iter().any(|(_, value)| value.contains(uuid))
    }

    /// The first parameter of `protocol` in the record's first stack of protocols: L2CAP's PSM,
    /// AVDTP's version, RFCOMM's channel.
    pub fn protocol_parameter(&self, protocol: Uuid) -> Option<u64> {
        let stack = self.get(AttributeId::PROTOCOL_DESCRIPTOR_LIST)?;
        // Several stacks stand as an alternative of sequences.
        let stack = match stack {
            Element::Alternative(stacks) => stacks.iter().next()?.as_sequence()?,
            other => other.as_sequence()?,
        };
        let descriptor = |element: Element<'a>| {
            let mut inside = element.as_sequence()?.iter();
            (inside.next()?.as_uuid()? == protocol).then(|| inside.next()?.as_unsigned())?
        };
        stack.iter().find_map(descriptor)
    }

    /// The PSM that the service is reached by.
    pub fn psm(&self) -> Option<Psm> {
        let psm = Psm(u16::try_from(self.protocol_parameter(Uuid::L2CAP)?).ok()?);
        psm.is_valid().then_some(psm)
    }

    /// The version of a profile that the service keeps to, 0x0103 being 1.3.
    pub fn profile_version(&self, profile: Uuid) -> Option<u16> {
        let profiles = self.get(AttributeId::PROFILE_DESCRIPTOR_LIST)?.as_sequence()?;
        let version = |element: Element<'a>| {
            let mut inside = element.as_sequence()?.iter();
            (inside.next()?.as_uuid()? == profile).then(|| inside.next()?.as_unsigned())?
        };
        u16::try_from(profiles.iter().find_map(version)?).ok()
    }
}

/// The attribute lists of several records, as a service search attribute response carries them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct AttributeLists<'a>(Elements<'a>);

impl<'a> AttributeLists<'a> {
    /// Checks a whole response: a sequence of attribute lists.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let (Element::Sequence(lists), []) = Element::parse(bytes)? else {
            return Err(Malformed);
        };
        for list in lists.iter() {
            AttributeList::from_elements(list.as_sequence().ok_or(Malformed)?)?;
        }
        Ok(AttributeLists(lists))
    }

    /// The records.
    pub fn iter(&self) -> impl Iterator<Item = AttributeList<'a>> + use<'a> {
        self.0.iter().filter_map(|list| list.as_sequence()).map(AttributeList)
    }
}
