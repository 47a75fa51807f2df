//! A2DP 1.3, 4.3.4 and 4.5.4: media packets. Their headers come off by moving the frame's range.

use pool::{Frame, Full};
use wire::a2dp::{ScmsT, sbc};
use wire::rtp;

/// The RTP payload type of media packets: the first dynamic one.
const PAYLOAD_TYPE: u8 = 96;

/// A media packet without its headers.
#[derive(Debug)]
pub struct Media {
    /// What the codec made, in the block that it arrived in.
    pub frame: Frame,
    /// What that is.
    pub payload: Payload,
    /// Grows by one a packet, and wraps: gaps tell of loss.
    pub sequence_number: u16,
    /// The source's sampling instant; not to be trusted for timing.
    pub timestamp: u32,
}

/// What a media packet holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Payload {
    /// SBC: so many frames, or a piece of one.
    Sbc(sbc::Payload),
    /// AAC: an AudioMuxElement, or a piece of one.
    Aac {
        /// The element ends with this packet. It may do so without: there are sources that never set
        /// RTP's marker.
        marker: bool,
    },
}

/// Takes RTP's header, SCMS-T's if the stream was configured with it, and SBC's off a media packet.
/// No copy, no allocation. `None` for what is not a media packet.
#[inline]
pub fn sbc_media(mut frame: Frame, scms_t: bool) -> Option<Media> {
    let packet = &frame[..];
    let (header, start, end) = rtp::Header::parse(packet).ok()?;
    let at = start + if scms_t { ScmsT::LEN } else { 0 };
    if at >= end {
        return None;
    }
    let payload = Payload::Sbc(sbc::Payload::from_octet(*packet.get(at)?));
    frame.truncate(end);
    frame.advance(at + sbc::Payload::LEN);
    Some(Media {
        frame,
        payload,
        sequence_number: header.sequence_number,
        timestamp: header.timestamp,
    })
}

/// The same for a media packet of AAC, which has no header of its own behind them.
pub fn aac_media(mut frame: Frame, scms_t: bool) -> Option<Media> {
    let (header, start, end) = rtp::Header::parse(&frame).ok()?;
    let at = start + if scms_t { ScmsT::LEN } else { 0 };
    if at >= end {
        return None;
    }
    frame.truncate(end);
    frame.advance(at);
    Some(Media {
        frame,
        payload: Payload::Aac { marker: header.marker },
        sequence_number: header.sequence_number,
        timestamp: header.timestamp,
    })
}

/// Puts the headers of media packets before SBC frames.
#[derive(Clone, Debug)]
pub struct Packetiser {
    sequence_number: u16,
    timestamp: u32,
    ssrc: u32,
    scms_t: bool,
}

impl Packetiser {
    /// Octets of headers before the frames, SCMS-T's not counted.
    pub const OVERHEAD: usize = rtp::Header::LEN + sbc::Payload::LEN;

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
        headers[n] = sbc::Payload::Frames(frames).octet();
        frame.prepend(&headers[..=n])?;
        self.sequence_number = self.sequence_number.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(samples);
        Ok(())
    }
}
