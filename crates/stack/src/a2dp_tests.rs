use pool::Arena;
use proptest::prelude::*;
use wire::a2dp::sbc::{Bitpools, ChannelMode, SamplingFrequency};

use super::*;

const SEID: u8 = 1;

fn sbc(information: &[u8; 4]) -> MediaCodec<'_> {
    MediaCodec { media_type: MediaType::AUDIO, codec_type: CodecType::SBC, information }
}

fn sink() -> Endpoint {
    sbc_sink(Seid::new(SEID).expect("legal"))
}

#[test]
fn the_best_of_what_both_can_do_is_chosen() {
    let codec = sink().codec;
    let everything = codec.choose(&sbc(&[0xFF, 0xFF, 2, 250]), HIGH_QUALITY_BITPOOL);
    let Some(Configuration::Sbc(best)) = everything else { panic!("all in common") };
    assert_eq!(best.octets(), [0x21, 0x15, 2, 53]);
    assert_eq!(best.sampling_frequency, SamplingFrequency::Hz44100);
    assert_eq!(best.frame_length(53), 119);
    let little = codec.choose(&sbc(&[0x18, 0x8A, 10, 30]), SHARED_BITPOOL);
    let Some(Configuration::Sbc(little)) = little else { panic!("something in common") };
    assert_eq!(little.channel_mode, ChannelMode::Mono);
    assert_eq!(little.octets(), [0x18, 0x8A, 10, 30]);
    assert_eq!(codec.choose(&sbc(&[0x01, 0x15, 2, 53]), 53), None, "no frequency");
    let capped = codec.choose(&sbc(&[0x21, 0x15, 40, 53]), SHARED_BITPOOL);
    let Some(Configuration::Sbc(capped)) = capped else { panic!("something in common") };
    assert_eq!(capped.bitpools, Bitpools::new(40, 40).expect("legal"), "as low as it goes");
}

#[test]
fn media_is_what_was_packetised_without_a_copy() {
    let arena = Arena::new(4, 1100);
    for scms_t in [false, true] {
        let mut packetiser = Packetiser::new(0x1234, scms_t);
        assert_eq!(packetiser.frames_in(672, 119), 5);
        assert_eq!(packetiser.frames_in(10_000, 119), 15);
        for turn in 0..3u16 {
            let mut frame = arena.take().expect("a block is free");
            frame.append(&[0x9C; 595]).expect("it fits");
            let at = frame.as_ptr();
            packetiser.packet(&mut frame, 5, 640).expect("headroom");
            assert_eq!(frame.len(), 595 + 13 + usize::from(scms_t));
            let media = media(frame, scms_t).expect("a media packet");
            assert_eq!(media.frame.as_ptr(), at, "in place");
            assert_eq!(media.frame[..], [0x9C; 595]);
            assert_eq!(media.payload, Payload::Frames(5));
            assert_eq!(media.sequence_number, turn);
            assert_eq!(media.timestamp, u32::from(turn) * 640);
        }
    }
    assert_eq!(arena.free(), arena.blocks());
}

fn packet(bytes: &[u8]) -> Option<(Vec<u8>, Payload)> {
    let arena = Arena::new(1, 1100);
    let mut frame = arena.take().expect("a block is free");
    frame.append(bytes).expect("it fits");
    media(frame, false).map(|media| (media.frame.to_vec(), media.payload))
}

#[test]
fn contributing_sources_extension_and_padding_come_off() {
    let mut bytes = vec![0xB2, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]; // padding, extension, 2 CSRC
    bytes.extend([0; 8]);
    bytes.extend([0xBE, 0xDE, 0, 1, 1, 2, 3, 4]);
    bytes.extend([0xA3, 0x9C, 1, 2, 0, 0, 3]); // a last fragment, two octets, three of padding
    let last = Payload::Fragment { first: false, last: true, remaining: 3 };
    assert_eq!(packet(&bytes), Some((vec![0x9C, 1, 2, 0][..3].to_vec(), last)));
    let whole = bytes.len();
    bytes[whole - 1] = 0;
    assert_eq!(packet(&bytes), None, "padding of nothing");
    bytes[whole - 1] = 200;
    assert_eq!(packet(&bytes), None, "padding past the header");
    bytes[22] = 0xFF;
    assert_eq!(packet(&bytes), None, "an extension past the end");
    assert_eq!(packet(&[0x40; 40]), None, "not version 2");
    assert_eq!(packet(&[0x80; 12]), None, "nothing behind the header");
}

proptest! {
    #[test]
    fn no_packet_upsets_it(bytes in prop::collection::vec(any::<u8>(), 0..80), scms_t: bool) {
        let arena = Arena::new(1, 256);
        let mut frame = arena.take().expect("a block is free");
        frame.append(&bytes).expect("it fits");
        if let Some(media) = media(frame, scms_t) {
            prop_assert!(media.frame.len() + 13 <= bytes.len());
            drop(media);
        }
        prop_assert_eq!(arena.free(), 1);
    }

    /// What is chosen passes the validation of both sides.
    #[test]
    fn what_is_chosen_is_valid(offer: [u8; 4], cap: u8) {
        for endpoint in [sink(), sbc_source(Seid::new(SEID).expect("legal"))] {
            if let Some(chosen) = endpoint.codec.choose(&sbc(&offer), cap) {
                let information = chosen.information();
                let codec = MediaCodec { information: &information, ..sbc(&[0; 4]) };
                prop_assert_eq!(endpoint.codec.validate(&codec), Ok(chosen));
                let theirs = sbc::Capabilities::parse(&offer).expect("it was read");
                let Configuration::Sbc(configuration) = chosen;
                prop_assert_eq!(theirs.check(&configuration), Ok(()));
            }
        }
    }

    #[test]
    fn validation_accepts_only_what_it_writes(information: [u8; 4]) {
        if let Ok(accepted) = sink().codec.validate(&sbc(&information)) {
            prop_assert_eq!(&accepted.information()[..], &information[..]);
        }
    }
}
