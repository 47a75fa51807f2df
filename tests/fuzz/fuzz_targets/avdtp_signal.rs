//! AVDTP packets of any bytes: header, then command, response or reject, each written again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::avdtp::{Command, CommandError, Header, MessageType, Reject, Response, SignalId};

fuzz_target!(|data: &[u8]| {
    let Ok((header, payload)) = Header::parse(data) else { return };
    let mut out = [0; 8192];
    let written = header.write(&mut out).expect("a header is short");
    assert_eq!(Header::parse(&out[..written]).map(|(header, _)| header), Ok(header));
    let (message_type, signal_id) = match header {
        Header::Single { message_type, signal_id, .. } => (message_type, signal_id),
        Header::Start { message_type, signal_id, .. } => (message_type, signal_id),
        Header::Continue { .. } | Header::End { .. } => return,
    };
    if message_type == MessageType::Command {
        match Command::parse(signal_id, payload) {
            Ok(command) => {
                let written = command.write(&mut out).expect("what fitted once fits again");
                let again = Command::parse(signal_id, &out[..written]).expect("it is legal");
                // Reserved bits are gone now, so from here on nothing changes.
                let mut third = [0; 8192];
                assert_eq!(again.write(&mut third), Ok(written));
                assert_eq!(out[..written], third[..written]);
                assert_eq!(again.signal(), command.signal());
            }
            Err(CommandError::UnknownSignal) => {}
            Err(CommandError::Reject(signal, reject)) => {
                let written = reject.write(&mut out).expect("a reject is short");
                let again = Reject::parse(signal, &out[..written]).expect("it is legal");
                assert_eq!(again.code(), reject.code());
            }
        }
    } else if let Some(signal) = SignalId::new(signal_id) {
        let _ = Reject::parse(signal, payload);
        match Response::parse(signal, payload) {
            Ok(Response::Endpoints(endpoints)) => assert!(endpoints.iter().count() <= data.len()),
            Ok(Response::Capabilities(capabilities)) => {
                for element in capabilities.elements() {
                    let _ = format!("{:?}", element.read());
                }
                let _ = format!("{:?}", capabilities.media_codec());
            }
            _ => {}
        }
    }
});
