//! An RFCOMM session whose peer says anything: what it sends are frames, it hands up what it was sent,
//! ends every line that it opened, and ends itself.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pool::Instant;
use stack::rfcomm::{Output, Session};
use wire::rfcomm::{Dlci, Frame, Kind, ServerChannel};

/// The frames that come most: their kind by three bits.
const KINDS: [Kind; 8] =
    [Kind::Sabm, Kind::Ua, Kind::Dm, Kind::Disc, Kind::Uih, Kind::Uih, Kind::Uih, Kind::Uih];

fuzz_target!(|data: &[u8]| {
    let Some((&first, mut rest)) = data.split_first() else { return };
    let services: Vec<_> = (1..4).filter_map(ServerChannel::new).collect();
    let mut now = Instant::ZERO;
    let mut session = Session::new(now, first & 1 != 0, u16::from(first), &services);
    let mut lines = Vec::new();
    let mut over = false;
    let mut drain = |session: &mut Session| {
        while let Some(output) = session.poll() {
            assert!(!over, "after the end comes nothing");
            match output {
                Output::Send(packet) => assert!(Frame::parse(&packet).is_ok()),
                Output::Opened { dlci, .. } => lines.push(dlci),
                Output::Closed { dlci, .. } => lines.retain(|line| *line != dlci),
                Output::Refused { .. } => {}
                Output::Over(_) => over = true,
            }
        }
        (lines.first().copied(), over && lines.is_empty())
    };
    while let [verb, number, length, tail @ ..] = rest {
        let (information, tail) = tail.split_at(tail.len().min(usize::from(*length)));
        rest = tail;
        let open = drain(&mut session).0;
        match verb & 0x0F {
            0 => {
                let _ = session.connect(now, services[usize::from(number % 3)]);
            }
            1 => session.disconnect(now, open.unwrap_or(Dlci::CONTROL)),
            2 => {
                let _ = session.send(open.unwrap_or(Dlci::CONTROL), information);
            }
            3 => {
                if let Some(at) = session.wake_at() {
                    now = now.max(at);
                    session.wake(now);
                }
            }
            _ => {
                let kind = KINDS[usize::from(verb >> 4 & 7)];
                let uih = kind == Kind::Uih;
                let frame = Frame {
                    dlci: Dlci::new(number & 7).unwrap_or(Dlci::CONTROL),
                    command_response: number & 8 != 0,
                    kind,
                    poll_final: number & 16 != 0,
                    credits: (uih && number & 16 != 0).then_some(*length),
                    information: if uih { information } else { &[] },
                };
                let mut out = [0; 300];
                let written = frame.write(&mut out).expect("it fits");
                if let Some(data) = session.receive(now, &out[..written]) {
                    assert_eq!(data.bytes, information);
                    if number & 32 == 0 {
                        session.consumed(data.dlci);
                    }
                }
            }
        }
    }
    drain(&mut session);
    session.shut(now);
    drain(&mut session);
    for _ in 0..16 {
        let Some(at) = session.wake_at() else { break };
        now = now.max(at);
        session.wake(now);
        drain(&mut session);
    }
    assert_eq!(session.wake_at(), None);
    assert!(drain(&mut session).1, "it is over, and its lines are");
});
