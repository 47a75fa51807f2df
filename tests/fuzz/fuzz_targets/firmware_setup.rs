//! Set-ups by controllers that say anything, with files of any bytes: each comes to its end.

#![no_main]

use libfuzzer_sys::fuzz_target;
use usb::firmware::{Action, Found, Input, Setup};

/// One of each family, and one that needs a reset first.
const PRODUCTS: [(u16, u16); 6] = [
    (0x0bda, 0x8771),
    (0x0a5c, 0x21e8),
    (0x8087, 0x0032),
    (0x8087, 0x0a2a),
    (0x0e8d, 0x7961),
    (0x0cf3, 0xe300),
];

/// So many inputs at the most may pass before time ends whatever is left.
const INPUTS: usize = 2_000;

fuzz_target!(|data: &[u8]| {
    let Some((first, mut rest)) = data.split_first() else { return };
    let (vendor, product) = PRODUCTS[usize::from(first & 0x7f) % PRODUCTS.len()];
    let mut setup = match first & 0x80 {
        0 => Setup::new(vendor, product),
        _ => Setup::afresh(vendor, product),
    };
    for _ in 0..INPUTS {
        let Some((kind, behind)) = rest.split_first() else { break };
        let length = usize::from(behind.first().copied().unwrap_or(0)).min(behind.len());
        let (bytes, behind) = behind.split_at(length);
        rest = behind;
        let _ = match (&setup.step().action, kind & 7) {
            (Action::End(_), _) => break,
            (_, 0) => setup.feed(Input::Elapsed),
            (_, 1) => setup.feed(Input::Refused),
            (_, 2) => setup.feed(Input::Event(bytes)),
            (Action::Load(_), 3) => setup.feed(Input::File(Found::Plain(rest.to_vec()))),
            (Action::Load(_), _) => setup.feed(Input::File(Found::Plain(bytes.to_vec()))),
            (Action::Request(_) | Action::Bulk(_), _) => setup.feed(Input::Data(bytes)),
            // The answer to what was sent, or hardly an input gets further.
            (Action::Command(packet) | Action::BulkCommand(packet), _) => {
                let returned = &bytes[..bytes.len().min(252)];
                let mut event = vec![0x0e, 3, 1, packet[0], packet[1]];
                event.extend(returned);
                event[1] += returned.len() as u8;
                setup.feed(Input::Event(&event))
            }
            (Action::Wait, _) => setup.feed(Input::Event(bytes)),
        };
    }
    // Time ends every step; only a download has many, and each of its steps needs an answer.
    for _ in 0..100 {
        if let Action::End(outcome) = &setup.step().action {
            assert!(!outcome.to_string().is_empty());
            return;
        }
        let _ = setup.feed(Input::Elapsed);
    }
    panic!("time does not end {:?}", setup.step());
});
