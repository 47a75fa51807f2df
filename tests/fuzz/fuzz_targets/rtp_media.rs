//! Media packets of any bytes: the payload lies inside the packet, and a header that is written
//! again reads the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::a2dp::{aac, sbc};
use wire::rtp::Header;

fuzz_target!(|data: &[u8]| {
    if let Ok((header, start, end)) = Header::parse(data) {
        assert!(Header::LEN <= start && start <= end && end <= data.len());
        let mut out = [0; Header::LEN];
        assert_eq!(header.write(&mut out), Ok(Header::LEN));
        assert_eq!(Header::parse(&out), Ok((header, Header::LEN, Header::LEN)));
        if let Some(&octet) = data[start..end].first() {
            let _ = format!("{:?}", sbc::Payload::from_octet(octet));
        }
    }
    if let Ok(configuration) = sbc::Configuration::parse(data) {
        assert_eq!(sbc::Configuration::parse(&configuration.octets()), Ok(configuration));
    }
    if let Ok(configuration) = aac::Configuration::parse(data) {
        assert_eq!(aac::Configuration::parse(&configuration.octets()), Ok(configuration));
    }
    if let Ok(capabilities) = aac::Capabilities::parse(data) {
        assert_eq!(aac::Capabilities::parse(&capabilities.octets()), Ok(capabilities));
    }
    if let Ok(capabilities) = sbc::Capabilities::parse(data) {
        assert_eq!(sbc::Capabilities::parse(&capabilities.octets()), Ok(capabilities));
    }
});
