use proptest::prelude::*;

use super::sbc::{self, Bitpools, Payload};
use super::*;
use crate::avdtp::ErrorCode;

#[test]
fn an_aac_information_element_is_read() {
    // MPEG-2 AAC LC, 44.1 and 48 kHz, two channels, variable, 320 kbit/s.
    let octets = [0x80, 0x01, 0x84, 0x84, 0xE2, 0x00];
    let aac = aac::Capabilities::parse(&octets).expect("six octets");
    assert_eq!(aac.sampling_frequencies.bits(), 0x018);
    assert_eq!((aac.vbr, aac.bit_rate.get()), (true, Some(320_000)));
    assert!(aac.channels.contains(aac::Channels::Stereo));
    assert_eq!(aac.octets(), octets);
    assert!(aac::Capabilities::parse(&[0; 5]).is_err());
    let one = aac::Configuration::parse(&[0x40, 0x00, 0x88, 0, 0, 0]).expect("one of each");
    assert_eq!((one.sampling_frequency.hertz(), one.channels.count()), (48_000, 1));
    assert_eq!((one.object_type, one.bit_rate.get()), (aac::ObjectType::Mpeg4Lc, None));
}

#[test]
fn an_aac_configuration_is_rejected_by_what_is_wrong_with_it() {
    let able = aac::Capabilities::parse(&[0xC0, 0x01, 0x8C, 0x04, 0xE2, 0]).expect("six octets");
    let cases: [([u8; 6], ErrorCode); 14] = [
        ([0x00, 0x01, 0x04, 0, 0, 0], ErrorCode::INVALID_OBJECT_TYPE),
        ([0xC0, 0x01, 0x04, 0, 0, 0], ErrorCode::INVALID_OBJECT_TYPE),
        ([0x84, 0x01, 0x04, 0, 0, 0], ErrorCode::INVALID_OBJECT_TYPE),
        ([0x08, 0x01, 0x04, 0, 0, 0], ErrorCode::NOT_SUPPORTED_OBJECT_TYPE),
        ([0x20, 0x01, 0x04, 0, 0, 0], ErrorCode::NOT_SUPPORTED_OBJECT_TYPE),
        ([0x80, 0x00, 0x04, 0, 0, 0], ErrorCode::INVALID_SAMPLING_FREQUENCY),
        ([0x80, 0x01, 0x84, 0, 0, 0], ErrorCode::INVALID_SAMPLING_FREQUENCY),
        ([0x80, 0x02, 0x04, 0, 0, 0], ErrorCode::NOT_SUPPORTED_SAMPLING_FREQUENCY),
        ([0x80, 0x01, 0x00, 0, 0, 0], ErrorCode::INVALID_CHANNELS),
        ([0x80, 0x01, 0x0C, 0, 0, 0], ErrorCode::INVALID_CHANNELS),
        ([0x80, 0x01, 0x06, 0, 0, 0], ErrorCode::INVALID_CHANNELS),
        ([0x80, 0x01, 0x02, 0, 0, 0], ErrorCode::NOT_SUPPORTED_CHANNELS),
        ([0x80, 0x01, 0x04, 0x80, 0, 0], ErrorCode::NOT_SUPPORTED_VBR),
        ([0x80, 0x01, 0x04, 0x04, 0xE2, 1], ErrorCode::NOT_SUPPORTED_BIT_RATE),
    ];
    for (octets, code) in cases {
        let read = aac::Configuration::parse(&octets).and_then(|one| able.check(&one));
        assert_eq!(read, Err(code), "{octets:02x?}");
    }
    assert_eq!(aac::Configuration::parse(&[0; 7]), Err(ErrorCode::INVALID_CODEC_PARAMETER));
    // MPEG-D DRC, of A2DP 1.4, goes with an object type; a rate that is not known is taken.
    let with_drc = aac::Configuration::parse(&[0x81, 0x01, 0x04, 0, 0, 0]).expect("legal");
    assert_eq!(able.check(&with_drc), Ok(()));
}

#[test]
fn a_vendors_information_element_is_kept() {
    let vendor = VendorCodec::parse(&[0x4F, 0, 0, 0, 1, 0, 0x22]).expect("long enough");
    assert_eq!(vendor, VendorCodec { vendor_id: 0x4F, codec_id: 1, value: &[0x22] });
    assert!(VendorCodec::parse(&[0; 5]).is_err());
}

#[test]
fn frame_lengths_are_those_of_the_recommended_settings() {
    // A2DP 1.3, table 4.7: bitpool and frame length.
    let cases = [
        ([0x28, 0x15, 2, 250], 31, 70),
        ([0x18, 0x15, 2, 250], 29, 66),
        ([0x21, 0x15, 2, 250], 53, 119),
        ([0x11, 0x15, 2, 250], 51, 115),
        ([0x21, 0x15, 2, 250], 35, 83),
        ([0x11, 0x15, 2, 250], 33, 79),
    ];
    for (octets, bitpool, length) in cases {
        let configuration = sbc::Configuration::parse(&octets).expect("legal");
        assert_eq!(configuration.frame_length(bitpool), length);
        assert_eq!(configuration.samples_per_frame(), 128);
    }
}

#[test]
fn a_bitpool_range_is_legal_or_none() {
    assert_eq!(Bitpools::new(1, 53), None);
    assert_eq!(Bitpools::new(2, 251), None);
    assert_eq!(Bitpools::new(54, 53), None);
    let range = Bitpools::new(10, 53).expect("legal");
    assert_eq!(range.capped(35), Bitpools::new(10, 35).expect("legal"));
    assert_eq!(range.capped(0), Bitpools::new(10, 10).expect("legal"));
    assert_eq!(range.both(Bitpools::new(54, 60).expect("legal")), None);
}

proptest! {
    #[test]
    fn a_configuration_is_exactly_one_of_everything(octets: [u8; 4]) {
        let [first, second, minimum, maximum] = octets;
        let one = |bits: u8| bits.count_ones() == 1;
        let legal = one(first & 0xF0) && one(first & 0x0F) && one(second & 0xF0)
            && one(second & 0x0C) && one(second & 0x03)
            && minimum >= 2 && minimum <= maximum && maximum <= 250;
        match sbc::Configuration::parse(&octets) {
            Ok(configuration) => {
                prop_assert!(legal);
                prop_assert_eq!(configuration.octets(), octets);
                prop_assert_eq!(sbc::Capabilities::all().check(&configuration), Ok(()));
            }
            Err(code) => {
                prop_assert!(!legal);
                prop_assert!(code.name().is_some_and(|name| name.starts_with("INVALID")));
            }
        }
    }

    #[test]
    fn a_check_says_what_is_not_supported(able: [u8; 4], wanted: [u8; 4]) {
        let able = sbc::Capabilities::parse(&able);
        if let (Ok(able), Ok(wanted)) = (able, sbc::Configuration::parse(&wanted)) {
            let [a, b, low, high] = able.octets();
            let [c, d, least, most] = wanted.octets();
            let within = a & c == c && b & d == d && low <= least && most <= high;
            let code: Result<(), ErrorCode> = able.check(&wanted);
            prop_assert_eq!(code.is_ok(), within);
        }
    }

    #[test]
    fn an_aac_configuration_is_exactly_one_of_everything(octets: [u8; 6]) {
        let [types, second, third, ..] = octets;
        let one = |bits: u16| bits.count_ones() == 1;
        let legal = one((types & 0xF0).into()) && types & 0x0E == 0
            && one(u16::from(second) << 4 | u16::from(third) >> 4)
            && one((third & 0x0C).into()) && third & 3 == 0;
        let read = aac::Configuration::parse(&octets);
        prop_assert_eq!(read.is_ok(), legal);
        if let Ok(configuration) = read {
            prop_assert_eq!(&configuration.octets()[1..], &octets[1..]);
            prop_assert_eq!(configuration.octets()[0], types & 0xF0);
        }
    }

    /// What is chosen lies within both, whoever chooses; and what is read is written again.
    #[test]
    fn an_aac_choice_is_within_both(a: [u8; 6], b: [u8; 6]) {
        let read = |octets: &[u8; 6]| aac::Capabilities::parse(octets).expect("six octets");
        let (a, b) = (read(&a), read(&b));
        prop_assert_eq!(read(&a.octets()), a);
        let chosen = a.choose(&b);
        prop_assert_eq!(b.choose(&a), chosen);
        if let Some(chosen) = chosen {
            prop_assert_eq!((a.check(&chosen), b.check(&chosen)), (Ok(()), Ok(())));
            prop_assert_eq!(aac::Configuration::parse(&chosen.octets()), Ok(chosen));
        }
    }

    #[test]
    fn a_payload_header_comes_back(octet: u8) {
        let payload = Payload::from_octet(octet);
        prop_assert_eq!(Payload::from_octet(payload.octet()), payload);
        let scms = ScmsT::from_octet(octet);
        prop_assert_eq!(scms.octet(), octet & 3);
    }
}
