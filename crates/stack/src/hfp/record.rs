//! Service records of HFP 1.9, 6.3, and HSP 1.2, 4.7, and what is read from a peer's.

use wire::NoRoom;
use wire::hfp::{AgFeatures, Codecs, HfFeatures, HfSdpFeatures};
use wire::rfcomm::ServerChannel;
use wire::sdp::{AttributeId, AttributeList, AttributeRange, Builder, Uuid};

use super::hands_free::Settings;
use crate::sdp::Record;

/// The version of HFP that our records name.
const HFP_VERSION: u16 = 0x0109;
/// The version of HSP that our records name.
const HSP_VERSION: u16 = 0x0102;

/// The profile HSP, and a headset in HSP 1.0.
pub const HEADSET: Uuid = Uuid::short(0x1108);
/// A headset.
pub const HEADSET_HS: Uuid = Uuid::short(0x1131);
/// An audio gateway for headsets.
pub const HEADSET_AUDIO_GATEWAY: Uuid = Uuid::short(0x1112);

/// HFP, of a gateway: whether it can reject a call.
const NETWORK: AttributeId = AttributeId(0x0301);
/// HSP: whether the volume can be set remotely.
const REMOTE_AUDIO_VOLUME_CONTROL: AttributeId = AttributeId(0x0302);

/// What is to be asked of a peer's records: [`read`] takes the answer.
pub const WANTED: [AttributeRange; 4] = [
    AttributeRange::one(AttributeId::SERVICE_CLASS_ID_LIST),
    AttributeRange::one(AttributeId::PROTOCOL_DESCRIPTOR_LIST),
    AttributeRange::one(AttributeId::PROFILE_DESCRIPTOR_LIST),
    AttributeRange::one(AttributeId::SUPPORTED_FEATURES),
];

/// The record of a hands-free unit that is reached on `channel`.
pub fn hands_free(
    name: &str,
    channel: ServerChannel,
    settings: &Settings,
) -> Result<Record, NoRoom> {
    Record::new(|record| {
        described(record, &[Uuid::HANDS_FREE, Uuid::GENERIC_AUDIO], channel);
        profile(record, Uuid::HANDS_FREE, HFP_VERSION);
        record.attribute(AttributeId::SERVICE_NAME).text(name);
        record.attribute(AttributeId::SUPPORTED_FEATURES).u16(unit_features(settings).bits());
    })
}

/// The record of a headset that is reached on `channel`.
pub fn headset(name: &str, channel: ServerChannel) -> Result<Record, NoRoom> {
    Record::new(|record| {
        described(record, &[HEADSET, HEADSET_HS, Uuid::GENERIC_AUDIO], channel);
        profile(record, HEADSET, HSP_VERSION);
        record.attribute(AttributeId::SERVICE_NAME).text(name);
        record.attribute(REMOTE_AUDIO_VOLUME_CONTROL).boolean(true);
    })
}

/// The record of an audio gateway that is reached on `channel`.
pub fn gateway(
    name: &str,
    channel: ServerChannel,
    features: AgFeatures,
    codecs: Codecs,
) -> Result<Record, NoRoom> {
    Record::new(|record| {
        described(record, &[Uuid::HANDS_FREE_AUDIO_GATEWAY, Uuid::GENERIC_AUDIO], channel);
        profile(record, Uuid::HANDS_FREE, HFP_VERSION);
        record.attribute(AttributeId::SERVICE_NAME).text(name);
        record.attribute(NETWORK).u8(features.contains(AgFeatures::REJECT_CALL).into());
        record.attribute(AttributeId::SUPPORTED_FEATURES).u16(gateway_features(features, codecs));
    })
}

/// The record of an audio gateway for headsets that is reached on `channel`.
pub fn headset_gateway(name: &str, channel: ServerChannel) -> Result<Record, NoRoom> {
    Record::new(|record| {
        described(record, &[HEADSET_AUDIO_GATEWAY, Uuid::GENERIC_AUDIO], channel);
        profile(record, HEADSET, HSP_VERSION);
        record.attribute(AttributeId::SERVICE_NAME).text(name);
    })
}

fn described(record: &mut Builder<'_>, classes: &[Uuid], channel: ServerChannel) {
    record.attribute(AttributeId::SERVICE_CLASS_ID_LIST).sequence(|list| {
        for class in classes {
            list.uuid(*class);
        }
    });
    record.attribute(AttributeId::PROTOCOL_DESCRIPTOR_LIST).sequence(|stack| {
        stack
            .sequence(|l2cap| {
                l2cap.uuid(Uuid::L2CAP);
            })
            .sequence(|rfcomm| {
                rfcomm.uuid(Uuid::RFCOMM).u8(channel.number());
            });
    });
    record.attribute(AttributeId::BROWSE_GROUP_LIST).sequence(|groups| {
        groups.uuid(Uuid::PUBLIC_BROWSE_ROOT);
    });
}

fn profile(record: &mut Builder<'_>, profile: Uuid, version: u16) {
    record.attribute(AttributeId::PROFILE_DESCRIPTOR_LIST).sequence(|profiles| {
        profiles.sequence(|descriptor| {
            descriptor.uuid(profile).u16(version);
        });
    });
}

/// The record's bits for what AT+BRSF says: the first five are the same, and codecs have their own.
fn unit_features(settings: &Settings) -> HfSdpFeatures {
    let mut features = HfSdpFeatures::from_bits_truncate((settings.features.bits() & 0x1F) as u16);
    let negotiates = settings.features.contains(HfFeatures::CODEC_NEGOTIATION);
    let codec = |codec| negotiates && settings.codecs.contains(codec);
    let enhanced = settings.features.contains(HfFeatures::ENHANCED_VOICE_RECOGNITION);
    let text = settings.features.contains(HfFeatures::VOICE_RECOGNITION_TEXT);
    features.set(HfSdpFeatures::WIDE_BAND_SPEECH, codec(Codecs::MSBC));
    features.set(HfSdpFeatures::SUPER_WIDE_BAND_SPEECH, codec(Codecs::LC3_SWB));
    features.set(HfSdpFeatures::ENHANCED_VOICE_RECOGNITION, enhanced);
    features.set(HfSdpFeatures::VOICE_RECOGNITION_TEXT, text);
    features
}

fn gateway_features(own: AgFeatures, codecs: Codecs) -> u16 {
    use wire::hfp::AgSdpFeatures as Sdp;
    let mut features = Sdp::from_bits_truncate((own.bits() & 0x1F) as u16);
    let negotiates = own.contains(AgFeatures::CODEC_NEGOTIATION);
    features.set(Sdp::WIDE_BAND_SPEECH, negotiates && codecs.contains(Codecs::MSBC));
    features.set(Sdp::SUPER_WIDE_BAND_SPEECH, negotiates && codecs.contains(Codecs::LC3_SWB));
    let enhanced = own.contains(AgFeatures::ENHANCED_VOICE_RECOGNITION);
    features.set(Sdp::ENHANCED_VOICE_RECOGNITION, enhanced);
    features.set(Sdp::VOICE_RECOGNITION_TEXT, own.contains(AgFeatures::VOICE_RECOGNITION_TEXT));
    features.bits()
}

/// A service of a peer's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Service {
    /// How it is reached.
    pub channel: ServerChannel,
    /// The version that it keeps to, 0x0109 being 1.9; 0 where it does not say.
    pub version: u16,
    /// The SupportedFeatures attribute, in the bits of its role; 0 where it does not say.
    pub features: u16,
}

/// Reads a record that was found for `class`. `None` where it is another service's, which only
/// names the class somewhere, or where it says no channel.
pub fn read(record: AttributeList<'_>, class: Uuid) -> Option<Service> {
    if !record.is_of_class(class) {
        return None;
    }
    // A gateway's record may hold the unit's class among its own, and is a gateway's all the same.
    let gateway = record.is_of_class(Uuid::HANDS_FREE_AUDIO_GATEWAY);
    if class == Uuid::HANDS_FREE && gateway {
        return None;
    }
    let number = u8::try_from(record.protocol_parameter(Uuid::RFCOMM)?).ok()?;
    let profiles = [Uuid::HANDS_FREE, Uuid::HANDS_FREE_AUDIO_GATEWAY, HEADSET];
    let features = record.unsigned(AttributeId::SUPPORTED_FEATURES);
    Some(Service {
        channel: ServerChannel::new(number)?,
        version: profiles.into_iter().find_map(|p| record.profile_version(p)).unwrap_or(0),
        features: features.and_then(|bits| u16::try_from(bits).ok()).unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(number: u8) -> ServerChannel {
        ServerChannel::new(number).expect("a legal number")
    }

    #[test]
    fn a_units_record_says_what_the_unit_can_do() {
        let settings = Settings { features: HfFeatures::all(), ..Settings::default() };
        let record = hands_free("Tandem", channel(7), &settings).expect("it fits");
        let read = read(record.attributes(), Uuid::HANDS_FREE).expect("a service");
        assert_eq!((read.channel, read.version, read.features), (channel(7), 0x0109, 0x00FF));
        let settings = Settings { features: HfFeatures::CLI_PRESENTATION, ..settings };
        let record = hands_free("Tandem", channel(7), &settings).expect("it fits");
        let features = record.attributes().unsigned(AttributeId::SUPPORTED_FEATURES);
        assert_eq!(features, Some(0x0004));
    }

    #[test]
    fn a_gateways_record_is_no_units() {
        let features = AgFeatures::THREE_WAY_CALLING | AgFeatures::CODEC_NEGOTIATION;
        let record = gateway("Phone", channel(3), features, Codecs::all()).expect("it fits");
        let list = record.attributes();
        let service = read(list, Uuid::HANDS_FREE_AUDIO_GATEWAY).expect("a service");
        assert_eq!((service.channel, service.features), (channel(3), 0x0121));
        // The search finds it by its profile.
        assert!(list.contains(Uuid::HANDS_FREE));
        assert_eq!(read(list, Uuid::HANDS_FREE), None);
    }

    #[test]
    fn a_headsets_record() {
        let record = headset("Tandem", channel(8)).expect("it fits");
        let service = read(record.attributes(), HEADSET).expect("a service");
        assert_eq!((service.channel, service.version), (channel(8), 0x0102));
        assert_eq!(read(record.attributes(), HEADSET_AUDIO_GATEWAY), None);
    }
}
