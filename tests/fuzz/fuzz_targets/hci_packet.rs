//! HCI packets of any bytes: events, commands, return parameters, data headers. What was read is
//! written again and reads the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::hci::{AclHeader, Command, Event, SynchronousHeader};

fuzz_target!(|data: &[u8]| {
    let Some((kind, packet)) = data.split_first() else { return };
    let mut out = [0; 1024];
    match kind & 3 {
        0 => {
            if let Ok(event) = Event::parse(packet) {
                // Printing visits every field, lists too.
                let said = format!("{event:?}");
                let written = event.write(&mut out).expect("what fitted once fits again");
                let again = Event::parse(&out[..written]).expect("what was written is legal");
                assert_eq!(said, format!("{again:?}"));
            }
        }
        1 => {
            if let Ok(command) = Command::parse(packet) {
                let said = format!("{command:?}");
                let written = command.write(&mut out).expect("what fitted once fits again");
                let again = Command::parse(&out[..written]).expect("what was written is legal");
                assert_eq!(said, format!("{again:?}"));
            }
        }
        2 => {
            if let Ok(header) = AclHeader::parse(packet) {
                assert_eq!(&header.to_bytes()[..], &packet[..AclHeader::SIZE]);
            }
        }
        _ => {
            if let Ok(header) = SynchronousHeader::parse(packet) {
                let again = header.to_bytes();
                assert_eq!(again[2], packet[2], "the length");
            }
        }
    }
});
