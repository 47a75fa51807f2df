//! What the phone plays: H4 packets of SBC media, made before anything is measured.

use codec::sbc::{Allocation, Encoder, Frequency, Header, MAX_FRAME, MAX_SAMPLES, Mode};
use wire::a2dp::sbc::Payload;
use wire::hci::{AclHeader, Boundary, Broadcast, Handle};
use wire::{l2cap, rtp};

/// SBC frames in a packet: joint stereo, 44.1 kHz, 16 blocks, 8 subbands, bitpool 53.
pub const FRAMES: u8 = 8;
/// Stereo samples that a packet holds.
pub const SAMPLES: u32 = FRAMES as u32 * 128;
/// Samples a second.
pub const RATE: u32 = 44_100;
/// Octets of a media packet, which is what AVDTP sees: RTP 12, SBC's header 1, eight frames of 119.
pub const MEDIA_LEN: usize = 12 + 1 + FRAMES as usize * 119;

/// Where the sequence number lies in a packet.
const SEQUENCE: usize = 1 + 4 + 4 + 2;
/// Different packets that are taken in turn.
const PACKETS: u16 = 16;

/// An endless tone with some noise over it.
pub struct Music {
    packets: Vec<Vec<u8>>,
    sequence: u16,
}

impl Music {
    /// Packets for the link of this handle and the media channel of this identifier.
    pub fn new(handle: Handle, cid: l2cap::Cid) -> Self {
        let mut noise = 1u32;
        let mut encoder = Encoder::new(parameters());
        let packets = (0..PACKETS).map(|n| packet(handle, cid, n, &mut encoder, &mut noise));
        Music { packets: packets.collect(), sequence: 0 }
    }

    /// The next packet, with the sequence number that is its turn.
    #[inline]
    pub fn next(&mut self) -> &[u8] {
        let packet = &mut self.packets[usize::from(self.sequence % PACKETS)];
        packet[SEQUENCE..SEQUENCE + 2].copy_from_slice(&self.sequence.to_be_bytes());
        self.sequence = self.sequence.wrapping_add(1);
        packet
    }
}

fn parameters() -> Header {
    Header::new(Frequency::Hz44100, Mode::JointStereo, Allocation::Loudness, 16, 8, 53)
        .expect("parameters that A2DP allows")
}

fn packet(
    handle: Handle,
    cid: l2cap::Cid,
    number: u16,
    encoder: &mut Encoder,
    noise: &mut u32,
) -> Vec<u8> {
    let mut media = vec![0; 13];
    let header = rtp::Header {
        marker: false,
        payload_type: 96,
        sequence_number: number,
        timestamp: u32::from(number) * SAMPLES,
        ssrc: 1,
    };
    header.write(&mut media).expect("room for the header");
    media[12] = Payload::Frames(FRAMES).octet();
    for frame in 0..u32::from(FRAMES) {
        let first = u32::from(number) * SAMPLES + frame * 128;
        let mut coded = [0; MAX_FRAME];
        let length = encoder.encode(&sound(first, noise), &mut coded).expect("room for a frame");
        media.extend(&coded[..length]);
    }
    let length = media.len() as u16;
    let acl = AclHeader {
        handle,
        boundary: Boundary::FirstFlushable,
        broadcast: Broadcast::PointToPoint,
        length: length + l2cap::HEADER_LEN as u16,
    };
    let l2cap = l2cap::Header { length, cid };
    [&[2][..], &acl.to_bytes(), &l2cap.bytes(), &media].concat()
}

/// 128 stereo samples.
fn sound(first: u32, noise: &mut u32) -> [i16; MAX_SAMPLES] {
    let mut pcm = [0; MAX_SAMPLES];
    for (n, pair) in pcm.chunks_exact_mut(2).enumerate() {
        let time = (f64::from(first) + n as f64) / f64::from(RATE);
        *noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let hiss = f64::from(*noise >> 16) / 65_536.0 - 0.5;
        for (channel, sample) in pair.iter_mut().enumerate() {
            let tone = |hertz: f64| (time * hertz * std::f64::consts::TAU).sin();
            let sum = 12_000.0 * tone(440.0 + 2.0 * channel as f64)
                + 6_000.0 * tone(3_000.0)
                + 2_000.0 * tone(9_000.0)
                + 2_000.0 * hiss;
            *sample = sum as i16;
        }
    }
    pcm
}
