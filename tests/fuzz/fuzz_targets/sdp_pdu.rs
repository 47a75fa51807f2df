//! SDP of any bytes: PDUs are written again and read the same, data elements and attribute lists
//! are walked.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::sdp::{AttributeLists, AttributeRange, Element, HEADER_LEN, Pdu, PduId, Uuid};

fuzz_target!(|data: &[u8]| {
    let _ = Pdu::parse(data);
    if let Some((&id, parameters)) = data.split_first()
        && let Ok(pdu) = Pdu::parse_parameters(PduId(id & 7), parameters)
    {
        let mut out = [0; HEADER_LEN + 8192];
        let written = pdu.write(7, &mut out).expect("what fitted once fits again");
        assert_eq!(Pdu::parse(&out[..written]), Ok((7, pdu)));
    }
    let mut rest = data;
    while let Ok((element, after)) = Element::parse(rest) {
        assert!(after.len() < rest.len(), "an element takes a byte at least");
        let _ = AttributeRange::from_element(element);
        let _ = element.contains(Uuid::L2CAP);
        if let Some(elements) = element.as_sequence() {
            assert!(elements.iter().count() <= elements.bytes().len());
        }
        rest = after;
    }
    if let Ok(lists) = AttributeLists::parse(data) {
        for list in lists.iter() {
            let _ = (list.psm(), list.profile_version(Uuid::L2CAP), list.iter().count());
        }
    }
});
