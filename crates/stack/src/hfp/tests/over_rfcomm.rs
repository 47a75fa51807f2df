//! A hands-free unit and an audio gateway over a line of RFCOMM, in packets of a few octets.

use std::vec::Vec;

use pool::Instant;
use wire::hfp::CallStatus;
use wire::rfcomm::ServerChannel;

use crate::hfp::gateway::{self, Gateway};
use crate::hfp::hands_free::{self, HandsFree, Order};
use crate::rfcomm;

#[test]
fn a_call_over_rfcomm() {
    let channel = ServerChannel::new(3).expect("a legal number");
    let now = Instant::ZERO;
    let mut here = rfcomm::Session::new(now, true, 11, &[]);
    let mut there = rfcomm::Session::new(now, false, 11, &[channel]);
    let dlci = here.connect(now, channel).expect("room for a line");
    let mut unit = HandsFree::new(Default::default());
    let mut gateway = Gateway::new(Default::default());
    let mut calls = Vec::new();
    let mut rung = false;
    for _ in 0..5000 {
        let mut idle = true;
        while let Some(output) = here.poll() {
            idle = false;
            match output {
                rfcomm::Output::Send(packet) => {
                    if let Some(data) = there.receive(now, &packet) {
                        gateway.receive(now, data.bytes);
                        there.consumed(data.dlci);
                    }
                }
                rfcomm::Output::Opened { .. } => unit.opened(now),
                other => panic!("{other:?}"),
            }
        }
        while let Some(output) = there.poll() {
            idle = false;
            match output {
                rfcomm::Output::Send(packet) => {
                    if let Some(data) = here.receive(now, &packet) {
                        unit.receive(now, data.bytes);
                        here.consumed(data.dlci);
                    }
                }
                rfcomm::Output::Opened { .. } => gateway.opened(),
                other => panic!("{other:?}"),
            }
        }
        while let Some(output) = unit.poll() {
            idle = false;
            match output {
                hands_free::Output::Send(text) => here.send(dlci, &text).expect("room"),
                hands_free::Output::Call(call) => calls.push(call.status),
                hands_free::Output::Ring => {
                    unit.order(now, Order::Answer).expect("it is up");
                }
                _ => {}
            }
        }
        while let Some(output) = gateway.poll() {
            idle = false;
            if let gateway::Output::Send(text) = output {
                there.send(dlci, &text).expect("room");
            }
        }
        if idle && !core::mem::replace(&mut rung, true) {
            gateway.incoming(now, "5551234", "Ada");
        }
    }
    // When the indicator says so, and again with who it is.
    assert_eq!(calls, [CallStatus::Incoming, CallStatus::Incoming, CallStatus::Active]);
    assert_eq!(unit.calls(), gateway.calls());
    assert_eq!(here.counters(), Default::default());
}
