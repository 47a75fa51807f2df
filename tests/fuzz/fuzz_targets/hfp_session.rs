//! A hands-free unit whose phone says anything, and a gateway whose unit does: nothing is lost while
//! outputs are polled, orders end, and a phone that falls silent is given up or waited for no more.

#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use pool::Instant;
use stack::hfp::HandsFree;
use stack::hfp::gateway::Gateway;
use stack::hfp::hands_free::{Order, Output};
use wire::hfp::Hold;

/// What a phone says most, by one octet.
const LINES: [&str; 24] = [
    "OK",
    "OK",
    "OK",
    "OK",
    "ERROR",
    "+CME ERROR: 3",
    "+BRSF: 16383",
    "+BRSF: 0",
    "+CIND: (\"call\",(0,1)),(\"callsetup\",(0-3)),(\"callheld\",(0-2))",
    "+CIND: 1,0,2",
    "+CHLD: (0,1,1x,2,2x,3,4)",
    "+BIND: 2,1",
    "+CIEV: 1,1",
    "+CIEV: 1,0",
    "+CIEV: 2,1",
    "+CIEV: 2,2",
    "+CIEV: 2,0",
    "+CIEV: 3,1",
    "+CIEV: 3,0",
    "+CLCC: 1,1,0,0,0,\"1\",129",
    "+CLCC: 2,0,1,0,0",
    "RING",
    "+CLIP: \"1\",129,,,\"A\"",
    "+BCS: 2",
];

const ORDERS: [Order<'static>; 8] = [
    Order::Answer,
    Order::HangUp,
    Order::Hold(Hold::Swap),
    Order::Hold(Hold::ReleaseActive),
    Order::Dial("123"),
    Order::Redial,
    Order::VoiceRecognition(true),
    Order::VoiceLink,
];

fuzz_target!(|data: &[u8]| {
    let mut unit = HandsFree::new(Default::default());
    let mut gateway = Gateway::new(Default::default());
    let mut now = Instant::ZERO;
    let mut orders = HashSet::new();
    let drain = |unit: &mut HandsFree, done: &mut HashSet<_>| {
        while let Some(output) = unit.poll() {
            if let Output::Done { ticket, .. } = output {
                assert!(done.remove(&ticket), "each is done once");
            }
        }
        assert_eq!(unit.counters().overrun, 0);
    };
    unit.opened(now);
    gateway.opened();
    let mut rest = data;
    while let [verb, tail @ ..] = rest {
        rest = tail;
        match verb >> 5 {
            0..4 => {
                let line = LINES[usize::from(verb & 0x7F) % LINES.len()];
                unit.receive(now, format!("\r\n{line}\r\n").as_bytes());
            }
            4 => {
                if let Ok(ticket) = unit.order(now, ORDERS[usize::from(verb & 7)]) {
                    orders.insert(ticket);
                }
            }
            5 => {
                if let Some(at) = unit.wake_at() {
                    now = now.max(at);
                    unit.wake(now);
                }
            }
            6 => {
                let length = rest.len().min(usize::from(verb & 0x1F));
                let (bytes, tail) = rest.split_at(length);
                rest = tail;
                unit.receive(now, bytes);
                gateway.receive(now, bytes);
            }
            _ if verb & 1 != 0 => unit.closed(),
            _ => unit.opened(now),
        }
        drain(&mut unit, &mut orders);
        while gateway.poll().is_some() {}
    }
    for _ in 0..64 {
        let Some(at) = unit.wake_at() else { break };
        now = now.max(at);
        unit.wake(now);
        drain(&mut unit, &mut orders);
    }
    assert_eq!(unit.wake_at(), None);
    unit.closed();
    drain(&mut unit, &mut orders);
    assert!(orders.is_empty(), "every order ends");
    assert!(unit.calls().is_empty());
});
