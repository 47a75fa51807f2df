//! A2DP 1.3: which endpoints we offer, how a stream is coded, and the media packets themselves.
//!
//! [`Codec`] is what an endpoint can do and [`Configuration`] the one thing it was configured to do.
//! [`media`] takes the headers off a media packet by moving the frame's range, without a copy, and
//! [`Packetiser`] puts them on. SBC only so far: AAC and vendors' codecs are neither offered nor
//! chosen, and a peer that asks for one is told so.

use pool::{Frame, Full};
use wire::a2dp::sbc::{self, Payload};
use wire::a2dp::{Choices, ScmsT};
use wire::avdtp::{CodecType, EndpointType, ErrorCode, MediaCodec, MediaType, Seid};
use wire::rtp;

use crate::avdtp::Endpoint;

/// The bitpool of joint stereo at 44.1 kHz in high quality (A2DP 1.3, 4.3.2.6, table 4.7).
pub const HIGH_QUALITY_BITPOOL: u8 = 53;

/// The bitpool to cap streams to where two phones have a seat: medium quality, so that the air has
/// room for both (the same table).
pub const SHARED_BITPOOL: u8 = 35;

/// The RTP payload type of media packets: the first dynamic one.
const PAYLOAD_TYPE: u8 = 96;

/// What a local endpoint can do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Codec {
    /// SBC within these capabilities.
    Sbc(sbc::Capabilities),
}

/// How a stream is coded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Configuration {
    /// With SBC.
    Sbc(sbc::Configuration),
}

/// Octets of the longest codec information element that we send.
pub const MAX_INFORMATION: usize = 4;

impl Codec {
    /// The codec's number.
    pub const fn codec_type(&self) -> CodecType {
        match self {
            Codec::Sbc(_) => CodecType::SBC,
        }
    }

    /// The information element that offers it, with no bitpool above `cap`.
    pub fn information(&self, cap: u8) -> heapless::Vec<u8, MAX_INFORMATION> {
        let mut information = heapless::Vec::new();
        match self {
            Codec::Sbc(capabilities) => {
                let bitpools = capabilities.bitpools.capped(cap);
                let offered = sbc::Capabilities { bitpools, ..*capabilities };
                information.extend(offered.octets());
            }
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
        }
    }

    /// Chooses a configuration out of what a peer's endpoint offers, with no bitpool above `cap`.
    /// `None` where the two have nothing in common.
    pub fn choose(&self, offer: &MediaCodec<'_>, cap: u8) -> Option<Configuration> {
        if offer.media_type != MediaType::AUDIO || offer.codec_type != self.codec_type() {
            return None;
        }
        match self {
            Codec::Sbc(ours) => {
                let theirs = sbc::Capabilities::parse(offer.information).ok()?;
                choose_sbc(ours, &theirs, cap).map(Configuration::Sbc)
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

impl Configuration {
    /// The codec's number.
    pub const fn codec_type(&self) -> CodecType {
        match self {
            Configuration::Sbc(_) => CodecType::SBC,
        }
    }

    /// The information element.
    pub fn information(&self) -> heapless::Vec<u8, MAX_INFORMATION> {
        let mut information = heapless::Vec::new();
        match self {
            Configuration::Sbc(configuration) => information.extend(configuration.octets()),
        }
        information
    }

    /// Samples a second of each channel.
    pub const fn sampling_frequency(&self) -> u32 {
        match self {
            Configuration::Sbc(configuration) => configuration.sampling_frequency.hertz(),
        }
    }

    /// 1 or 2.
    pub const fn channels(&self) -> u8 {
        match self {
            Configuration::Sbc(configuration) => configuration.channel_mode.channels(),
        }
    }

    /// The codec's name as events carry it.
    pub const fn codec_name(&self) -> &'static str {
        match self {
            Configuration::Sbc(_) => "sbc",
        }
    }
}

/// The endpoint of a receiver: SBC with everything that it allows, and delay reporting.
pub fn sbc_sink(seid: Seid) -> Endpoint {
    let codec = Codec::Sbc(sbc::Capabilities::all());
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

/// A media packet without its headers.
#[derive(Debug)]
pub struct Media {
    /// The codec's frames, in the block that they arrived in.
    pub frame: Frame,
    /// How many frames there are, or which piece of one.
    pub payload: Payload,
    /// Grows by one a packet, and wraps: gaps tell of loss.
    pub sequence_number: u16,
    /// The source's sampling instant; not to be trusted for timing.
    pub timestamp: u32,
}

/// Takes RTP's header, SCMS-T's if the stream was configured with it, and SBC's off a media packet.
/// No copy, no allocation. `None` for what is not a media packet.
#[inline]
pub fn media(mut frame: Frame, scms_t: bool) -> Option<Media> {
    let packet = &frame[..];
    let (header, start, end) = rtp::Header::parse(packet).ok()?;
    let at = start + if scms_t { ScmsT::LEN } else { 0 };
    if at >= end {
        return None;
    }
    let payload = Payload::from_octet(*packet.get(at)?);
    frame.truncate(end);
    frame.advance(at + Payload::LEN);
    Some(Media {
        frame,
        payload,
        sequence_number: header.sequence_number,
        timestamp: header.timestamp,
    })
}

/// Puts the headers of media packets before encoded frames.
#[derive(Clone, Debug)]
pub struct Packetiser {
    sequence_number: u16,
    timestamp: u32,
    ssrc: u32,
    scms_t: bool,
}

impl Packetiser {
    /// Octets of headers before the frames, SCMS-T's not counted.
    pub const OVERHEAD: usize = rtp::Header::LEN + Payload::LEN;

    /// Starts a stream; `scms_t` where it was configured with that content protection.
    pub const fn new(ssrc: u32, scms_t: bool) -> Self {
        Packetiser { sequence_number: 0, timestamp: 0, ssrc, scms_t }
    }

    /// How many frames of `frame_length` octets fit into a packet of `mtu`: 15 at most.
    pub fn frames_in(&self, mtu: usize, frame_length: usize) -> u8 {
        let room = mtu.saturating_sub(Self::OVERHEAD + usize::from(self.scms_t));
        (room / frame_length.max(1)).min(15) as u8
    }

    /// Makes a packet of the `frames` whole frames, 0 to 15, that `frame` holds: `samples` of each
    /// channel in all.
    ///
    /// # Errors
    /// [`Full`] when the frame has no headroom left; it is as it was then.
    pub fn packet(&mut self, frame: &mut Frame, frames: u8, samples: u32) -> Result<(), Full> {
        let mut headers = [0u8; Self::OVERHEAD + ScmsT::LEN];
        let header = rtp::Header {
            marker: false,
            payload_type: PAYLOAD_TYPE,
            sequence_number: self.sequence_number,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
        };
        let mut n = header.write(&mut headers).map_err(|_| Full)?;
        if self.scms_t {
            headers[n] = ScmsT { protected: false, original: false }.octet();
            n += ScmsT::LEN;
        }
        headers[n] = Payload::Frames(frames).octet();
        frame.prepend(&headers[..=n])?;
        self.sequence_number = self.sequence_number.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(samples);
        Ok(())
    }
}

#[cfg(test)]
#[path = "a2dp_tests.rs"]
mod tests;
