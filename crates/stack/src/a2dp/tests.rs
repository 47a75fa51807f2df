use pool::Arena;
use proptest::prelude::*;
use wire::a2dp::sbc::{Bitpools, ChannelMode, SamplingFrequency};
use wire::rtp;

use super::*;

const SEID: u8 = 1;

fn sbc(information: &[u8; 4]) -> MediaCodec<'_> {
    MediaCodec { media_type: MediaType::AUDIO, codec_type: CodecType::SBC, information }
}

fn aac(information: &[u8]) -> MediaCodec<'_> {
    MediaCodec { media_type: MediaType::AUDIO, codec_type: CodecType::AAC, information }
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
fn aac_lc_is_offered_and_chosen_and_no_other_aac() {
    let codec = aac_sink(Seid::new(SEID).expect("legal")).codec;
    assert_eq!(codec.information(HIGH_QUALITY_BITPOOL)[..], [0xC0, 0x01, 0x8C, 0x84, 0xE2, 0x00]);
    // What iPhones offer, and what one chooses.
    let phone = codec.choose(&aac(&[0x80, 0x01, 0x84, 0x84, 0x09, 0xC0]), HIGH_QUALITY_BITPOOL);
    let Some(phone) = phone else { panic!("all in common") };
    assert_eq!(phone.information()[..], [0x80, 0x01, 0x04, 0x84, 0x09, 0xC0]);
    assert_eq!((phone.sampling_frequency(), phone.channels()), (44_100, 2));
    assert_eq!(codec.validate(&aac(&phone.information())), Ok(phone));
    // Everything, and a rate that is not known.
    let all = codec.choose(&aac(&[0xFF, 0xFF, 0xFF, 0, 0, 0]), HIGH_QUALITY_BITPOOL);
    assert_eq!(all.expect("all in common").information()[..], [0x80, 0x01, 0x04, 0x04, 0xE2, 0x00]);
    for nothing in [[0x0F, 0x01, 0x84, 0, 0, 0], [0x80, 0, 0x7C, 0, 0, 0], [0x80, 1, 3, 0, 0, 0]] {
        assert_eq!(codec.choose(&aac(&nothing), HIGH_QUALITY_BITPOOL), None, "{nothing:02x?}");
    }
    assert_eq!(codec.choose(&sbc(&[0xFF, 0xFF, 2, 250]), HIGH_QUALITY_BITPOOL), None);
    let he_aac = codec.validate(&aac(&[0x08, 0x01, 0x04, 0, 0, 0]));
    assert_eq!(he_aac, Err(ErrorCode::NOT_SUPPORTED_OBJECT_TYPE));
}

#[test]
fn two_phones_share_the_air_with_aac_too() {
    let codec = aac_sink(Seid::new(SEID).expect("legal")).codec;
    let offered = codec.information(SHARED_BITPOOL);
    let offered = aac::Capabilities::parse(&offered).expect("six octets");
    // 83 octets for 128 samples: what SBC takes at that bitpool.
    assert_eq!(offered.bit_rate.get(), Some(83 * 8 * 44_100 / 128));
    // As with SBC, who knows of more than was offered this time may have it.
    assert!(codec.validate(&aac(&[0x80, 0x01, 0x04, 0x84, 0xE2, 0x00])).is_ok());
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
            let media = sbc_media(frame, scms_t).expect("a media packet");
            assert_eq!(media.frame.as_ptr(), at, "in place");
            assert_eq!(media.frame[..], [0x9C; 595]);
            assert_eq!(media.payload, Payload::Sbc(sbc::Payload::Frames(5)));
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
    sbc_media(frame, false).map(|media| (media.frame.to_vec(), media.payload))
}

#[test]
fn contributing_sources_extension_and_padding_come_off() {
    let mut bytes = vec![0xB2, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]; // padding, extension, 2 CSRC
    bytes.extend([0; 8]);
    bytes.extend([0xBE, 0xDE, 0, 1, 1, 2, 3, 4]);
    bytes.extend([0xA3, 0x9C, 1, 2, 0, 0, 3]); // a last fragment, two octets, three of padding
    let last = sbc::Payload::Fragment { first: false, last: true, remaining: 3 };
    let last = Payload::Sbc(last);
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

#[test]
fn an_aac_packet_is_its_payload_and_tells_of_its_end() {
    let arena = Arena::new(1, 256);
    for (marker, scms_t) in [(false, false), (true, false), (false, true), (true, true)] {
        let mut bytes = [0; 12];
        let header =
            rtp::Header { marker, payload_type: 96, sequence_number: 7, timestamp: 9, ssrc: 1 };
        header.write(&mut bytes).expect("room");
        let mut frame = arena.take().expect("a block is free");
        frame.append(&bytes).expect("it fits");
        frame.append(&[0x03][..usize::from(scms_t)]).expect("it fits");
        frame.append(&[0x47, 0xFC, 0x00]).expect("it fits");
        let media = aac_media(frame, scms_t).expect("a media packet");
        assert_eq!(media.frame[..], [0x47, 0xFC, 0x00]);
        assert_eq!(media.payload, Payload::Aac { marker });
        assert_eq!((media.sequence_number, media.timestamp), (7, 9));
    }
}

proptest! {
    #[test]
    fn no_packet_upsets_it(bytes in prop::collection::vec(any::<u8>(), 0..80), scms_t: bool) {
        let arena = Arena::new(1, 256);
        let mut frame = arena.take().expect("a block is free");
        frame.append(&bytes).expect("it fits");
        if let Some(media) = sbc_media(frame, scms_t) {
            prop_assert!(media.frame.len() + 13 <= bytes.len());
            drop(media);
        }
        let mut frame = arena.take().expect("it is free again");
        frame.append(&bytes).expect("it fits");
        if let Some(media) = aac_media(frame, scms_t) {
            prop_assert!(!media.frame.is_empty() && media.frame.len() + 12 <= bytes.len());
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
                let Configuration::Sbc(configuration) = chosen else { panic!("SBC was offered") };
                prop_assert_eq!(theirs.check(&configuration), Ok(()));
            }
        }
    }

    #[test]
    fn an_aac_choice_is_valid(offer: [u8; 6], cap: u8) {
        let codec = aac_sink(Seid::new(SEID).expect("legal")).codec;
        if let Some(chosen) = codec.choose(&aac(&offer), cap) {
            prop_assert_eq!(codec.validate(&aac(&chosen.information())), Ok(chosen));
        }
    }

    #[test]
    fn validation_accepts_only_what_it_writes(information: [u8; 4]) {
        if let Ok(accepted) = sink().codec.validate(&sbc(&information)) {
            prop_assert_eq!(&accepted.information()[..], &information[..]);
        }
    }
}
