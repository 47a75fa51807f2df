//! AVCTP packets of any bytes: header, AV/C frame, key or PDU, command or response, each written
//! again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::avctp::{self, MessageType};
use wire::avrcp::{
    Command, CommandType, Header, PassThrough, Pdu, Response, ResponseCode, StatusCode,
    SubunitInfo, UnitInfo,
};

fuzz_target!(|data: &[u8]| {
    let Ok((header, frame)) = avctp::Header::parse(data) else { return };
    let mut out = [0; 8192];
    let written = header.write(&mut out).expect("a header is short");
    assert_eq!(out[..written], data[..written]);
    let avctp::Header::Single { message_type, .. } = header else { return };
    if message_type == MessageType::Command {
        command(frame);
    } else {
        response(frame);
    }
});

fn command(frame: &[u8]) {
    let mut out = [0; 8192];
    let Ok((header, operands)) = Header::<CommandType>::parse(frame) else { return };
    let written = header.write(&mut out).expect("a header is short");
    assert_eq!(out[..written], frame[..written]);
    if let Ok(key) = PassThrough::parse(operands) {
        let written = key.write(header.code, &mut out).expect("what fitted once fits again");
        assert_eq!(PassThrough::parse(&out[3..written]), Ok(key));
    }
    let _ = SubunitInfo::page_asked(operands);
    let Ok(pdu) = Pdu::parse(operands) else { return };
    if let Ok(command) = Command::parse(pdu.id, pdu.parameters) {
        let written = command.write(&mut out).expect("what fitted once fits again");
        assert_eq!(Command::parse(pdu.id, &out[..written]), Ok(command));
        assert_eq!(command.id(), pdu.id);
        assert!(pdu.id.command_type().is_some());
    }
}

fn response(frame: &[u8]) {
    let mut out = [0; 8192];
    let Ok((header, operands)) = Header::<ResponseCode>::parse(frame) else { return };
    let _ = (UnitInfo::parse(operands), SubunitInfo::parse(operands));
    let Ok(pdu) = Pdu::parse(operands) else { return };
    if let Ok(written) = pdu.write(header.code, header.subunit, &mut out) {
        assert_eq!(Pdu::parse(&out[3..written]), Ok(pdu));
    }
    let _ = StatusCode::parse(pdu.parameters);
    match Response::parse(pdu.id, pdu.parameters) {
        Ok(Response::ElementAttributes(attributes)) => {
            let octets: usize = attributes.iter().map(|attribute| 8 + attribute.value.len()).sum();
            assert!(octets <= pdu.parameters.len());
        }
        Ok(response) => {
            let written = response.write(&mut out).expect("what fitted once fits again");
            assert_eq!(Response::parse(pdu.id, &out[..written]), Ok(response));
        }
        Err(_) => {}
    }
}
