//! Controllers that answer now and then as they should, and else with anything, and good files: every
//! set-up comes to its end, whatever happens on the way.

use proptest::collection::vec;
use proptest::prelude::*;

use super::build::*;
use crate::firmware::file::Engine;
use crate::firmware::{Action, Found, Input, Request, Setup};

const PRODUCTS: [(u16, u16); 7] = [
    (0x0bda, 0x8771),
    (0x0a5c, 0x21e8),
    (0x8087, 0x0025),
    (0x8087, 0x0032),
    (0x8087, 0x0a2a),
    (0x0e8d, 0x7961),
    (0x0cf3, 0xe300),
];

/// What a good controller would return to a command.
fn returned(opcode: u16, vendor: u16, product: u16) -> Vec<u8> {
    let version = |company: u8, sub: u16| {
        let [low, high] = sub.to_le_bytes();
        let revision = if company == 93 { 0x0b } else { 0 };
        vec![0x0a, revision, 0, 0x0a, company, 0, low, high]
    };
    match (opcode, vendor, product) {
        (0x1001, 0x0bda, _) => version(93, 0x8761),
        (0x1001, ..) => version(15, 0x220e),
        (0xfc05, _, 0x0025) => vec![0x37, 0x12, 0x10, 0x06, 1, 1, 1, 1, 0],
        (0xfc05, _, 0x0a2a) => vec![0x37, 0x08, 0x10, 0x01, 0x10, 3, 17, 14, 0],
        (0xfc05, ..) => vec![0x12, 4, 0, 0x37, 0x17, 0, 0x1c, 1, 1, 0x2f, 1, 1],
        (0xfc0d, ..) => vec![0; 22],
        (0xfc5a, ..) => vec![0x5c, 0x0a, 0xe8, 0x21],
        (0xfc6d, ..) => vec![1],
        (0xfc61, ..) => vec![0, 0],
        _ => vec![],
    }
}

/// What a good controller would have read from it.
fn read(request: &Request, pending: &mut Vec<u8>) -> Vec<u8> {
    match (request.kind, request.request, request.value) {
        (0xc0, 0x63, 0x7001) => 0x7961_u32.to_le_bytes().to_vec(),
        (0xc0, 0x63, _) => vec![0; 4],
        (0xc0, 1, _) => std::mem::take(pending),
        (0xc0, 9, _) => [&[2, 3, 0, 0][..], &[0; 16]].concat(),
        (0xc0, 5, _) => vec![0],
        _ => vec![],
    }
}

fn file(name: &str) -> Vec<u8> {
    let body = code(1, 700);
    match name.rsplit('.').next() {
        Some("sfi") if name.contains("0000") => sfi(Engine::Ecdsa, 1, 4),
        Some("sfi") => sfi(Engine::RsaOnly, 1, 4),
        Some("ddc") => ddc(&[&[1, 2, 3]]),
        Some("bseq") => bseq(&[(0xfc8e, &body[..99], &[(0x0e, &[1, 0x8e, 0xfc, 0])])]),
        Some("hcd") => hcd(1, &body),
        _ if name.contains("config") => realtek_config(&[]),
        _ if name.contains("rtl") => realtek_1(14, 1, &[(1, &body)]),
        _ if name.contains("rampatch") => qualcomm_patch(0x302, 28, 16, 2, &body),
        _ if name.contains("nvm") => qualcomm_settings(&body),
        _ => mediatek(&[&body]),
    }
}

/// One input: as a good controller would have it, or another.
fn answer(setup: &mut Setup, ids: (u16, u16), choice: u8, any: &[u8], pending: &mut Vec<u8>) {
    let good = choice > 12;
    let _ = match setup.step().action.clone() {
        _ if choice == 0 => setup.feed(Input::Elapsed),
        _ if choice == 1 => setup.feed(Input::Refused),
        _ if choice < 6 => setup.feed(Input::Event(any)),
        Action::Command(packet) | Action::BulkCommand(packet) => {
            let opcode = u16::from_le_bytes([packet[0], packet[1]]);
            if opcode == 0xfc6f {
                *pending = super::event(0xe4, &[2, packet[4], 1, 0, any[0] % 3]);
                let _ = setup.feed(Input::Elapsed);
                return;
            }
            let rest = if good { returned(opcode, ids.0, ids.1) } else { any.to_vec() };
            let status = u8::from(choice == 6);
            let event = super::complete(opcode, &[&[status][..], &rest].concat());
            setup.feed(Input::Event(&event))
        }
        Action::Bulk(_) => setup.feed(Input::Data(&[])),
        Action::Request(_) if !good => setup.feed(Input::Data(any)),
        Action::Request(request) => setup.feed(Input::Data(&read(&request, pending))),
        Action::Load(_) if choice == 7 => setup.feed(Input::File(Found::Missing)),
        Action::Load(_) if choice == 8 => setup.feed(Input::File(Found::Plain(any.to_vec()))),
        Action::Load(name) => setup.feed(Input::File(Found::Plain(file(&name)))),
        Action::Wait if any[0] < 99 => setup.feed(Input::Elapsed),
        Action::Wait => {
            // Intel's: it is checked, it has booted.
            setup.feed(Input::Event(&[0xff, 5, 6, 0, 0, 0, 0]))
                || setup.feed(Input::Event(&[0xff, 7, 2, 0, 0, 0, 0, 0, 0]))
        }
        Action::End(_) => false,
    };
}

proptest! {
    #[test]
    fn every_set_up_ends(
        which in 0..PRODUCTS.len(),
        afresh: bool,
        inputs in vec((any::<u8>(), vec(any::<u8>(), 1..12)), 0..400),
    ) {
        let (vendor, product) = PRODUCTS[which];
        let begin = if afresh { Setup::afresh } else { Setup::new };
        let mut setup = begin(vendor, product);
        let mut pending = Vec::new();
        for (choice, any) in inputs {
            answer(&mut setup, (vendor, product), choice, &any, &mut pending);
        }
        for _ in 0..100 {
            let _ = setup.feed(Input::Elapsed);
        }
        let Action::End(outcome) = &setup.step().action else { panic!("{:?}", setup.step()) };
        prop_assert!(!outcome.to_string().is_empty());
        prop_assert!(!setup.events_on_bulk());
    }
}
