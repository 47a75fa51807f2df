//! Two sessions back to back, and one that hears anything.

use std::collections::VecDeque;
use std::vec::Vec;

use proptest::prelude::*;
use wire::rfcomm::Parameters;

use super::*;

fn service(number: u8) -> ServerChannel {
    ServerChannel::new(number).expect("a legal number")
}

/// A session, what it told, and the data that it handed up.
struct Side {
    session: Session,
    told: Vec<Output>,
    data: Vec<u8>,
    /// Frames that were handed up and not said to be consumed.
    held: VecDeque<Dlci>,
    consumes: bool,
}

impl Side {
    fn new(outgoing: bool, listening: &[u8]) -> Self {
        let listening: Vec<_> = listening.iter().copied().map(service).collect();
        let session = Session::new(Instant::ZERO, outgoing, 672, &listening);
        Side { session, told: Vec::new(), data: Vec::new(), held: VecDeque::new(), consumes: true }
    }

    fn receive(&mut self, packet: &[u8]) {
        if let Some(data) = self.session.receive(Instant::ZERO, packet) {
            self.data.extend_from_slice(data.bytes);
            if self.consumes {
                self.session.consumed(data.dlci);
            } else {
                self.held.push_back(data.dlci);
            }
        }
    }

    fn poll(&mut self) -> Option<Packet> {
        loop {
            match self.session.poll()? {
                Output::Send(packet) => return Some(packet),
                other => self.told.push(other),
            }
        }
    }

    fn is_open(&self, dlci: Dlci) -> bool {
        self.told.iter().any(|o| matches!(o, Output::Opened { dlci: d, .. } if *d == dlci))
    }
}

/// Carries packets both ways until there are none.
fn settle(a: &mut Side, b: &mut Side) {
    for _ in 0..10_000 {
        let (to_b, to_a) = (a.poll(), b.poll());
        if to_b.is_none() && to_a.is_none() {
            return;
        }
        if let Some(packet) = to_b {
            b.receive(&packet);
        }
        if let Some(packet) = to_a {
            a.receive(&packet);
        }
    }
    panic!("they go on for ever");
}

fn connected() -> (Side, Side, Dlci) {
    let (mut a, mut b) = (Side::new(true, &[]), Side::new(false, &[3]));
    let dlci = a.session.connect(Instant::ZERO, service(3)).expect("room");
    settle(&mut a, &mut b);
    assert!(a.is_open(dlci) && b.is_open(dlci));
    (a, b, dlci)
}

#[test]
fn a_line_opens_carries_and_closes_with_its_session() {
    let (mut a, mut b, dlci) = connected();
    a.session.send(dlci, b"AT+BRSF=0\r").expect("open");
    b.session.send(dlci, b"\r\nOK\r\n").expect("open");
    settle(&mut a, &mut b);
    assert_eq!((&a.data[..], &b.data[..]), (&b"\r\nOK\r\n"[..], &b"AT+BRSF=0\r"[..]));
    a.session.disconnect(Instant::ZERO, dlci);
    settle(&mut a, &mut b);
    let ends = |reason| [Output::Closed { dlci, reason }, Output::Over(reason)];
    assert!(a.told.ends_with(&ends(Reason::Local)), "{:?}", a.told);
    assert!(b.told.ends_with(&ends(Reason::Peer)), "{:?}", b.told);
    assert_eq!((a.session.wake_at(), b.session.wake_at()), (None, None));
    assert_eq!((a.session.counters(), b.session.counters()), Default::default());
}

#[test]
fn lines_both_ways_share_a_session() {
    let (mut a, mut b) = (Side::new(true, &[1]), Side::new(false, &[1]));
    let there = a.session.connect(Instant::ZERO, service(1)).expect("room");
    settle(&mut a, &mut b);
    let here = b.session.connect(Instant::ZERO, service(1)).expect("room");
    assert_ne!(here, there);
    settle(&mut a, &mut b);
    assert!(a.is_open(here) && b.is_open(here));
    assert_eq!(b.session.connect(Instant::ZERO, service(1)), Err(ConnectError::Exists));
    a.session.disconnect(Instant::ZERO, there);
    settle(&mut a, &mut b);
    assert!(a.session.is_up() && b.session.is_up(), "the other line is still there");
}

#[test]
fn both_open_the_session_at_once() {
    let (mut a, mut b) = (Side::new(true, &[1]), Side::new(true, &[2]));
    // The second one believes that it opened the channel, too.
    let line = a.session.connect(Instant::ZERO, service(2)).expect("room");
    b.session.connect(Instant::ZERO, service(1)).expect("room");
    let (mut to_b, mut to_a) = (a.poll().expect("SABM"), b.poll().expect("SABM"));
    for _ in 0..2 {
        a.receive(&to_a);
        b.receive(&to_b);
        (to_b, to_a) = (a.poll().expect("UA, PN"), b.poll().expect("UA, PN"));
    }
    assert!(a.session.is_up() && b.session.is_up());
    assert_eq!(line.number(), 4);
}

#[test]
fn what_is_not_listened_on_is_refused() {
    let (mut a, mut b) = (Side::new(true, &[]), Side::new(false, &[3]));
    let dlci = a.session.connect(Instant::ZERO, service(4)).expect("room");
    settle(&mut a, &mut b);
    let refused = Output::Refused { dlci, reason: Refusal::Peer };
    assert_eq!(a.told, [refused]);
    assert!(b.told.is_empty());
}

#[test]
fn no_more_is_sent_than_was_consumed() {
    let (mut a, mut b, dlci) = connected();
    b.consumes = false;
    let line = [b'x'; OUTBOX];
    a.session.send(dlci, &line).expect("room");
    assert_eq!(a.session.send(dlci, b"y"), Err(SendError::Full));
    settle(&mut a, &mut b);
    assert_eq!(b.held.len(), usize::from(RECEIVE_WINDOW));
    assert_eq!(b.data.len(), usize::from(RECEIVE_WINDOW) * line::SEND_FRAME);
    a.session.send(dlci, &line[..line::SEND_FRAME]).expect("room for what was sent");
    let mut frames = b.held.len();
    while let Some(dlci) = b.held.pop_front() {
        b.session.consumed(dlci);
        let before = b.held.len();
        settle(&mut a, &mut b);
        frames += b.held.len() - before;
        assert!(b.held.len() <= usize::from(RECEIVE_WINDOW));
    }
    assert_eq!(b.data.len(), OUTBOX + line::SEND_FRAME);
    assert!(frames >= 9);
    assert_eq!(b.session.counters().overdrawn, 0);
}

/// Opens a session with its peer's own frames, without PN.
fn legacy() -> (Side, Dlci) {
    let mut side = Side::new(false, &[3]);
    side.receive(&[0x03, 0x3F, 0x01, 0x1C]);
    let dlci = service(3).dlci(false);
    let mut out = [0; 16];
    let sabm = Frame {
        dlci,
        command_response: true,
        kind: Kind::Sabm,
        poll_final: true,
        credits: None,
        information: &[],
    };
    let length = sabm.write(&mut out).expect("it fits");
    side.receive(&out[..length]);
    while side.poll().is_some() {}
    assert!(side.is_open(dlci));
    (side, dlci)
}

fn uih(dlci: Dlci, information: &[u8]) -> Vec<u8> {
    let frame = Frame {
        dlci,
        command_response: true,
        kind: Kind::Uih,
        poll_final: false,
        credits: None,
        information,
    };
    let mut out = [0; 700];
    let length = frame.write(&mut out).expect("it fits");
    out[..length].to_vec()
}

#[test]
fn a_peer_without_credits_is_stopped_and_started() {
    let (mut side, dlci) = legacy();
    side.consumes = false;
    for _ in 0..RECEIVE_WINDOW {
        assert_eq!(side.poll(), None);
        side.receive(&uih(dlci, b"x"));
    }
    let stop = side.poll().expect("modem status");
    assert_eq!(stop[3..7], [0xE3, 0x05, dlci.number() << 2 | 3, 0x8F]);
    for _ in 0..RECEIVE_WINDOW {
        assert_eq!(side.poll(), None);
        side.session.consumed(dlci);
    }
    let start = side.poll().expect("modem status");
    assert_eq!(start[3..7], [0xE3, 0x05, dlci.number() << 2 | 3, 0x8D]);
}

#[test]
fn data_waits_for_modem_status_but_not_for_ever() {
    let (mut side, dlci) = legacy();
    side.session.send(dlci, b"OK").expect("open");
    assert_eq!(side.poll(), None, "no modem status has come");
    let at = side.session.wake_at().expect("it does not wait for ever");
    assert_eq!(at, Instant::ZERO + MODEM_PATIENCE);
    side.session.wake(at);
    assert_eq!(side.poll().expect("data")[3..5], *b"OK");
}

#[test]
fn a_peer_without_pn_is_taken_as_it_is() {
    let mut side = Side::new(true, &[]);
    let dlci = side.session.connect(Instant::ZERO, service(1)).expect("room");
    side.poll().expect("SABM");
    side.receive(&[0x03, 0x73, 0x01, 0xD7]);
    side.poll().expect("PN");
    side.receive(&uih(Dlci::CONTROL, &[0x11, 0x03, 0x83]));
    let sabm = side.poll().expect("SABM");
    let frame = Frame::parse(&sabm).expect("a frame");
    assert_eq!((frame.kind, frame.dlci), (Kind::Sabm, dlci));
}

#[test]
fn a_peer_that_does_not_answer_is_given_up() {
    let mut side = Side::new(true, &[]);
    let dlci = side.session.connect(Instant::ZERO, service(1)).expect("room");
    side.poll().expect("SABM");
    let at = side.session.wake_at().expect("T1");
    assert_eq!(at, Instant::ZERO + T1);
    side.session.wake(at);
    assert_eq!(side.poll(), None);
    let refused = Output::Refused { dlci, reason: Refusal::TimedOut };
    assert_eq!(side.told, [refused, Output::Over(Reason::TimedOut)]);
}

#[test]
fn the_channel_goes() {
    let (mut a, _, dlci) = connected();
    a.session.channel_lost();
    assert_eq!(a.poll(), None);
    let reason = Reason::ChannelLost;
    assert!(a.told.ends_with(&[Output::Closed { dlci, reason }, Output::Over(reason)]));
    assert_eq!(a.session.send(dlci, b"x"), Err(SendError::NotOpen));
    assert_eq!(a.session.connect(Instant::ZERO, service(3)), Err(ConnectError::Over));
}

/// What a peer might send: anything, and what looks like frames.
fn packets() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let information = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40),
        (0u8..64, any::<u8>(), 0u16..300, 0u8..8).prop_map(|(dlci, flow, frame_size, credits)| {
            let mut out = [0; 16];
            let dlci = Dlci::new(dlci).unwrap_or(Dlci::CONTROL);
            let flow = wire::rfcomm::FrameType(flow >> 4);
            let parameters = Parameters { dlci, flow, priority: 0, frame_size, credits };
            let message = Message::ParameterNegotiation(parameters);
            let length = message.write(flow.0 & 1 != 0, &mut out).expect("it fits");
            out[..length].to_vec()
        }),
    ];
    let kinds = [Kind::Sabm, Kind::Ua, Kind::Dm, Kind::Disc, Kind::Uih, Kind::Uih, Kind::Uih];
    let frame =
        (0u8..9, any::<bool>(), proptest::sample::select(kinds.to_vec()), any::<Option<u8>>());
    let packet =
        (frame, information).prop_map(|((dlci, command_response, kind, credits), info)| {
            let frame = Frame {
                dlci: Dlci::new(dlci).unwrap_or(Dlci::CONTROL),
                command_response,
                kind,
                poll_final: credits.is_some(),
                credits: credits.filter(|_| kind == Kind::Uih),
                information: if kind == Kind::Uih { &info } else { &[] },
            };
            let mut out = [0; 64];
            let length = frame.write(&mut out).expect("it fits");
            out[..length].to_vec()
        });
    proptest::collection::vec(packet, 0..60)
}

proptest! {
    #[test]
    fn whatever_comes_it_ends(outgoing: bool, packets in packets()) {
        let mut side = Side::new(outgoing, &[1, 2, 3]);
        let _ = side.session.connect(Instant::ZERO, service(1));
        for packet in packets {
            side.receive(&packet);
            while side.poll().is_some() {}
            prop_assert_eq!(side.session.counters().overrun, 0);
        }
        // Whatever is left, time or its owner ends it.
        side.session.shut(Instant::ZERO);
        while side.poll().is_some() {}
        let mut wakes = 0;
        while let Some(at) = side.session.wake_at() {
            side.session.wake(at);
            while side.poll().is_some() {}
            wakes += 1;
            prop_assert!(wakes < 10);
        }
        prop_assert!(matches!(side.told.last(), Some(Output::Over(_))));
        for output in &side.told {
            if let Output::Opened { dlci, .. } = output {
                let closed =
                    side.told.iter().any(|o| matches!(o, Output::Closed { dlci: d, .. } if d == dlci));
                prop_assert!(closed);
            }
        }
    }

    #[test]
    fn all_data_comes_in_order(
        pieces in proptest::collection::vec((any::<bool>(), 1usize..400), 1..30),
    ) {
        let (mut a, mut b, dlci) = connected();
        let (mut to_a, mut to_b) = (Vec::new(), Vec::new());
        for (n, (from_a, length)) in pieces.into_iter().enumerate() {
            let bytes: Vec<u8> = (0..length).map(|i| (n * 7 + i) as u8).collect();
            let (side, sent) = if from_a { (&mut a, &mut to_b) } else { (&mut b, &mut to_a) };
            if side.session.send(dlci, &bytes).is_ok() {
                sent.extend_from_slice(&bytes);
            } else {
                settle(&mut a, &mut b);
            }
        }
        settle(&mut a, &mut b);
        prop_assert_eq!(&a.data, &to_a);
        prop_assert_eq!(&b.data, &to_b);
        prop_assert_eq!(a.session.counters().overdrawn, 0);
    }
}
