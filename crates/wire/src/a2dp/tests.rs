use proptest::prelude::*;

use super::sbc::{self, Bitpools, Payload};
use super::*;
use crate::avdtp::ErrorCode;

#[test]
fn an_aac_information_element_is_read() {
    // MPEG-2 AAC LC, 44.1 and 48 kHz, two channels, variable, 320 kbit/s.
    let aac = aac::Information::parse(&[0x80, 0x01, 0x84, 0x84, 0xE2, 0x00]).expect("six octets");
    assert_eq!(aac.sampling_frequencies, 0x018);
    assert_eq!((aac.mono, aac.stereo, aac.vbr, aac.bit_rate), (false, true, true, 320_000));
    assert_eq!(aac.hertz(), None, "two of them");
    let one = aac::Information::parse(&[0x80, 0x00, 0x84, 0, 0, 0]).expect("six octets");
    assert_eq!(one.hertz(), Some(48_000));
    assert!(aac::Information::parse(&[0; 5]).is_err());
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
    fn a_payload_header_comes_back(octet: u8) {
        let payload = Payload::from_octet(octet);
        prop_assert_eq!(Payload::from_octet(payload.octet()), payload);
        let scms = ScmsT::from_octet(octet);
        prop_assert_eq!(scms.octet(), octet & 3);
    }
}
