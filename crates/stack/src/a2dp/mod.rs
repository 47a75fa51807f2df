//! A2DP 1.3: which endpoints we offer, how a stream is coded, and the media packets themselves.
//!
//! [`Codec`] is what an endpoint can do and [`Configuration`] the one thing it was configured to do.
//! [`sbc_media`] and [`aac_media`] take the headers off a media packet by moving the frame's range,
//! without a copy, and [`Packetiser`] puts them on. SBC and AAC LC; HE-AAC, the other codecs and vendors' are neither
//! offered nor chosen, and a peer that asks for one is told so. Nothing here makes AAC.

mod media;
#[cfg(test)]
mod tests;

use wire::a2dp::{Choices, aac, sbc};
use wire::avdtp::{CodecType, EndpointType, ErrorCode, MediaCodec, MediaType, Seid};

use crate::avdtp::Endpoint;
pub use media::{Media, Packetiser, Payload, aac_media, sbc_media};

/// The bitpool of joint stereo at 44.1 kHz in high quality (A2DP 1.3, 4.3.2.6, table 4.7).
pub const HIGH_QUALITY_BITPOOL: u8 = 53;

/// The bitpool to cap streams to where two phones have a seat: medium quality, so that the air has
/// room for both (the same table).
pub const SHARED_BITPOOL: u8 = 35;

/// The most bits a second of AAC: at 44.1 kHz a unit of 1,024 samples has 929 octets then, which leaves
/// a media packet some room for those that are longer than others.
pub const AAC_BIT_RATE: u32 = 320_000;

/// What a local endpoint can do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Codec {
    /// SBC within these capabilities.
    Sbc(sbc::Capabilities),
    /// AAC within these capabilities.
    Aac(aac::Capabilities),
}

/// How a stream is coded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Configuration {
    /// With SBC.
    Sbc(sbc::Configuration),
    /// With AAC.
    Aac(aac::Configuration),
}

/// Octets of the longest codec information element that we send.
pub const MAX_INFORMATION: usize = 6;

impl Codec {
    /// The codec's number.
    pub const fn codec_type(&self) -> CodecType {
        match self {
            Codec::Sbc(_) => CodecType::SBC,
            Codec::Aac(_) => CodecType::AAC,
        }
    }

    /// The information element that offers it, with no bitpool above `cap`, and no more bits a second.
    pub fn information(&self, cap: u8) -> heapless::Vec<u8, MAX_INFORMATION> {
        let mut information = heapless::Vec::new();
        match self {
            Codec::Sbc(capabilities) => {
                let bitpools = capabilities.bitpools.capped(cap);
                let offered = sbc::Capabilities { bitpools, ..*capabilities };
                information.extend(offered.octets());
            }
            Codec::Aac(capabilities) => information.extend(capped(capabilities, cap).octets()),
        }
        information
    }

    /// Reads the codec of a SET_CONFIGURATION or RECONFIGURE and holds it against what the
    /// endpoint can do; the error is the code to reject it with (5.1.3).
    pub fn validate(&self, codec: &MediaCodec<'_>) -> Result<Configuration, ErrorCode> {
        if codec.media_type != MediaType::AUDIO {
            return Err(ErrorCode::INVALID_CODEC_TYPE);
        }
        if codec.codec_type != self.codec_type() {
            return Err(ErrorCode::NOT_SUPPORTED_CODEC_TYPE);
        }
        match self {
            Codec::Sbc(capabilities) => {
                let configuration = sbc::Configuration::parse(codec.information)?;
                capabilities.check(&configuration)?;
                Ok(Configuration::Sbc(configuration))
            }
            Codec::Aac(capabilities) => {
                let configuration = aac::Configuration::parse(codec.information)?;
                capabilities.check(&configuration)?;
                Ok(Configuration::Aac(configuration))
            }
        }
    }

    /// Chooses a configuration out of what a peer's endpoint offers, with no bitpool above `cap` and
    /// no more bits a second. `None` where the two have nothing in common.
    pub fn choose(&self, offer: &MediaCodec<'_>, cap: u8) -> Option<Configuration> {
        if offer.media_type != MediaType::AUDIO || offer.codec_type != self.codec_type() {
            return None;
        }
        match self {
            Codec::Sbc(ours) => {
                let theirs = sbc::Capabilities::parse(offer.information).ok()?;
                choose_sbc(ours, &theirs, cap).map(Configuration::Sbc)
            }
            Codec::Aac(ours) => {
                let theirs = aac::Capabilities::parse(offer.information).ok()?;
                capped(ours, cap).choose(&theirs).map(Configuration::Aac)
            }
        }
    }
}

fn choose_sbc(
    ours: &sbc::Capabilities,
    theirs: &sbc::Capabilities,
    cap: u8,
) -> Option<sbc::Configuration> {
    fn pick<T: wire::a2dp::Choice>(a: Choices<T>, b: Choices<T>) -> Option<T> {
        a.both(b).preferred()
    }
    Some(sbc::Configuration {
        sampling_frequency: pick(ours.sampling_frequencies, theirs.sampling_frequencies)?,
        channel_mode: pick(ours.channel_modes, theirs.channel_modes)?,
        block_length: pick(ours.block_lengths, theirs.block_lengths)?,
        subbands: pick(ours.subbands, theirs.subbands)?,
        allocation_method: pick(ours.allocation_methods, theirs.allocation_methods)?,
        bitpools: ours.bitpools.both(theirs.bitpools)?.capped(cap),
    })
}

/// What AAC offers where SBC would be held to that bitpool: no more bits a second than SBC would take in
/// joint stereo at 44.1 kHz, which is what table 4.7 counts in.
fn capped(aac: &aac::Capabilities, bitpool: u8) -> aac::Capabilities {
    // 16 blocks, 8 subbands: 128 samples in so many octets (12.9).
    let frame_length = 13 + 2 * u32::from(bitpool);
    let limit = aac::BitRate::new(frame_length * 8 * 44_100 / 128);
    aac::Capabilities { bit_rate: aac.bit_rate.both(limit), ..*aac }
}

impl Configuration {
    /// The codec's number.
    pub const fn codec_type(&self) -> CodecType {
        match self {
            Configuration::Sbc(_) => CodecType::SBC,
            Configuration::Aac(_) => CodecType::AAC,
        }
    }

    /// The information element.
    pub fn information(&self) -> heapless::Vec<u8, MAX_INFORMATION> {
        let mut information = heapless::Vec::new();
        match self {
            Configuration::Sbc(configuration) => information.extend(configuration.octets()),
            Configuration::Aac(configuration) => information.extend(configuration.octets()),
        }
        information
    }

    /// Samples a second of each channel.
    pub const fn sampling_frequency(&self) -> u32 {
        match self {
            Configuration::Sbc(configuration) => configuration.sampling_frequency.hertz(),
            Configuration::Aac(configuration) => configuration.sampling_frequency.hertz(),
        }
    }

    /// 1 or 2.
    pub const fn channels(&self) -> u8 {
        match self {
            Configuration::Sbc(configuration) => configuration.channel_mode.channels(),
            Configuration::Aac(configuration) => configuration.channels.count(),
        }
    }
}

/// The endpoint of a receiver: SBC with everything that it allows, and delay reporting.
pub fn sbc_sink(seid: Seid) -> Endpoint {
    let codec = Codec::Sbc(sbc::Capabilities::all());
    let endpoint_type = EndpointType::Sink;
    Endpoint { seid, endpoint_type, codec, delay_reporting: true, scms_t: true }
}

/// The endpoint of a receiver: AAC LC at 44.1 and 48 kHz up to [`AAC_BIT_RATE`], and delay reporting.
pub fn aac_sink(seid: Seid) -> Endpoint {
    use aac::ObjectType::{Mpeg2Lc, Mpeg4Lc};
    use aac::SamplingFrequency::{Hz44100, Hz48000};
    let codec = Codec::Aac(aac::Capabilities {
        object_types: Choices::NONE.with(Mpeg2Lc).with(Mpeg4Lc),
        sampling_frequencies: Choices::NONE.with(Hz44100).with(Hz48000),
        channels: Choices::all(),
        vbr: true,
        bit_rate: aac::BitRate::new(AAC_BIT_RATE),
    });
    let endpoint_type = EndpointType::Sink;
    Endpoint { seid, endpoint_type, codec, delay_reporting: true, scms_t: true }
}

/// The endpoint of a phone: SBC at 44.1 and 48 kHz up to [`HIGH_QUALITY_BITPOOL`].
pub fn sbc_source(seid: Seid) -> Endpoint {
    use sbc::SamplingFrequency::{Hz44100, Hz48000};
    let codec = Codec::Sbc(sbc::Capabilities {
        sampling_frequencies: Choices::NONE.with(Hz44100).with(Hz48000),
        bitpools: sbc::Bitpools::ALL.capped(HIGH_QUALITY_BITPOOL),
        ..sbc::Capabilities::all()
    });
    let endpoint_type = EndpointType::Source;
    Endpoint { seid, endpoint_type, codec, delay_reporting: true, scms_t: false }
}
