//! Service records, built when the stack starts (A2DP 1.4, 5.3; Device ID 1.3, 2.2).

use wire::NoRoom;
use wire::l2cap::Psm;
use wire::sdp::{AttributeId, AttributeList, AttributeRange, Builder, Uuid};

/// Octets of a record at most.
pub const RECORD: usize = 256;

/// The version of A2DP that our records name.
const A2DP_VERSION: u16 = 0x0103;
/// The version of AVDTP that our records name.
const AVDTP_VERSION: u16 = 0x0103;
/// The version of the Device ID specification.
const DEVICE_ID_VERSION: u16 = 0x0103;
/// English in UTF-8, its texts at 0x0100.
const LANGUAGE: [u16; 3] = [0x656E, 0x006A, 0x0100];

/// What a sink or source is (A2DP 1.4, 5.3, SupportedFeatures). Bits may be combined.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AudioFeatures(pub u16);

impl AudioFeatures {
    /// A sink that is worn on the head.
    pub const HEADPHONE: Self = AudioFeatures(0x0001);
    /// A sink that is a loudspeaker.
    pub const SPEAKER: Self = AudioFeatures(0x0002);
    /// A sink that records.
    pub const RECORDER: Self = AudioFeatures(0x0004);
    /// A sink that amplifies.
    pub const AMPLIFIER: Self = AudioFeatures(0x0008);
    /// A source that plays music.
    pub const PLAYER: Self = AudioFeatures(0x0001);
}

/// Who numbered the maker of a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VendorIdSource {
    /// The Bluetooth SIG: a company identifier.
    BluetoothSig = 0x0001,
    /// The USB Implementers Forum.
    UsbImplementersForum = 0x0002,
}

/// What the Device ID record tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DeviceId {
    /// Who numbered the maker.
    pub source: VendorIdSource,
    /// The maker.
    pub vendor: u16,
    /// The product.
    pub product: u16,
    /// The product's version as decimal digits, 0x0100 being 1.0.0.
    pub version: u16,
}

/// A record: its attributes in ascending order, without the handle, which the server gives.
#[derive(Clone, Debug)]
pub struct Record(heapless::Vec<u8, RECORD>);

impl Record {
    /// A record of the attributes that `fill` writes, in ascending order: each an
    /// [`attribute`](Builder::attribute) and its value.
    ///
    /// Fails when they do not fit, do not come in pairs, or name the handle.
    pub fn new(fill: impl FnOnce(&mut Builder<'_>)) -> Result<Self, NoRoom> {
        let mut buffer = [0; RECORD];
        let mut builder = Builder::new(&mut buffer);
        fill(&mut builder);
        let length = builder.finish()?;
        let bytes = buffer.get(..length).ok_or(NoRoom)?;
        let attributes = AttributeList::parse(bytes).map_err(|_| NoRoom)?;
        if attributes.iter().any(|(id, _)| id == AttributeId::SERVICE_RECORD_HANDLE) {
            return Err(NoRoom);
        }
        Ok(Record(heapless::Vec::from_slice(bytes).map_err(|_| NoRoom)?))
    }

    /// An A2DP sink. `name` is what the service is called; fails when it does not fit.
    pub fn a2dp_sink(name: &str, features: AudioFeatures) -> Result<Self, NoRoom> {
        Self::a2dp(Uuid::AUDIO_SINK, name, features)
    }

    /// An A2DP source. `name` is what the service is called; fails when it does not fit.
    pub fn a2dp_source(name: &str, features: AudioFeatures) -> Result<Self, NoRoom> {
        Self::a2dp(Uuid::AUDIO_SOURCE, name, features)
    }

    fn a2dp(class: Uuid, name: &str, features: AudioFeatures) -> Result<Self, NoRoom> {
        Self::new(|record| {
            Self::classes(record, class);
            record.attribute(AttributeId::PROTOCOL_DESCRIPTOR_LIST).sequence(|stack| {
                stack
                    .sequence(|l2cap| {
                        l2cap.uuid(Uuid::L2CAP).u16(Psm::AVDTP.0);
                    })
                    .sequence(|avdtp| {
                        avdtp.uuid(Uuid::AVDTP).u16(AVDTP_VERSION);
                    });
            });
            Self::browse_group(record);
            record.attribute(AttributeId::LANGUAGE_BASE_ATTRIBUTE_ID_LIST).sequence(|languages| {
                for value in LANGUAGE {
                    languages.u16(value);
                }
            });
            record.attribute(AttributeId::PROFILE_DESCRIPTOR_LIST).sequence(|profiles| {
                profiles.sequence(|profile| {
                    profile.uuid(Uuid::ADVANCED_AUDIO_DISTRIBUTION).u16(A2DP_VERSION);
                });
            });
            record.attribute(AttributeId::SERVICE_NAME).text(name);
            record.attribute(AttributeId::SUPPORTED_FEATURES).u16(features.0);
        })
    }

    /// The Device ID record.
    pub fn device_id(id: DeviceId) -> Result<Self, NoRoom> {
        Self::new(|record| {
            Self::classes(record, Uuid::PNP_INFORMATION);
            Self::browse_group(record);
            record.attribute(AttributeId::SPECIFICATION_ID).u16(DEVICE_ID_VERSION);
            record.attribute(AttributeId::VENDOR_ID).u16(id.vendor);
            record.attribute(AttributeId::PRODUCT_ID).u16(id.product);
            record.attribute(AttributeId::VERSION).u16(id.version);
            record.attribute(AttributeId::PRIMARY_RECORD).boolean(true);
            record.attribute(AttributeId::VENDOR_ID_SOURCE).u16(id.source as u16);
        })
    }

    fn classes(record: &mut Builder<'_>, class: Uuid) {
        record.attribute(AttributeId::SERVICE_CLASS_ID_LIST).sequence(|classes| {
            classes.uuid(class);
        });
    }

    fn browse_group(record: &mut Builder<'_>) {
        record.attribute(AttributeId::BROWSE_GROUP_LIST).sequence(|groups| {
            groups.uuid(Uuid::PUBLIC_BROWSE_ROOT);
        });
    }

    /// The attributes, without the handle.
    pub fn attributes(&self) -> AttributeList<'_> {
        // Checked in `new`.
        AttributeList::parse(&self.0).unwrap_or_default()
    }

    /// Octets of those attributes that lie in a range, identifiers included; the handle is not
    /// among them.
    pub(super) fn selected<'a>(
        &'a self,
        wanted: impl Fn(AttributeId) -> bool + 'a,
    ) -> impl Iterator<Item = [&'a [u8]; 2]> + 'a {
        let raw = self.attributes().raw();
        raw.filter(move |(id, ..)| wanted(*id)).map(|(.., bytes)| bytes)
    }
}

/// Whether any of `ranges` holds `id`.
pub(super) fn wanted(ranges: &[AttributeRange], id: AttributeId) -> bool {
    ranges.iter().any(|range| range.contains(id))
}
