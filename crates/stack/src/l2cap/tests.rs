//! Recombination at any split, two sides back to back under any interleaving and loss, and whatever
//! a peer may send. The conformance scripts stand in `tests/conformance/l2cap`.

use std::collections::VecDeque;

use pool::{Arena, Frame, HEADROOM, Instant};
use proptest::prelude::*;
use wire::hci::Boundary;
use wire::l2cap::{Cid, Command, Header, Psm, Signal, Signals};

use super::*;

const LINK: LinkId = LinkId(0);
const BLOCKS: usize = 256;

fn frame(arena: &Arena, bytes: &[u8]) -> Frame {
    let mut frame = arena.take().expect("a free block");
    frame.append(bytes).expect("room in the block");
    frame
}

fn l2cap(cid: Cid, payload: &[u8]) -> Vec<u8> {
    let header = Header { length: payload.len() as u16, cid };
    [&header.bytes()[..], payload].concat()
}

/// Two sides of a link, with what is on its way in each direction.
struct Air {
    arena: Arena,
    now: Instant,
    sides: [Mux; 2],
    flying: [VecDeque<Vec<u8>>; 2],
    events: [Vec<Output>; 2],
    data: [Vec<Vec<u8>>; 2],
}

impl Air {
    fn new() -> Self {
        let arena = Arena::new(BLOCKS, 1100);
        let sides = [0, 1].map(|_| {
            let mut mux = Mux::new(arena.clone());
            let options = Options { mtu: 1000, needs_security: false, ask: false };
            mux.listen(Psm::SDP, options);
            mux.listen(Psm::AVDTP, Options { needs_security: true, ..options });
            mux.link_up(LINK);
            mux
        });
        Air {
            arena,
            now: Instant::ZERO,
            sides,
            flying: Default::default(),
            events: Default::default(),
            data: Default::default(),
        }
    }

    /// Takes what the sides put out.
    fn collect(&mut self) {
        for side in 0..2 {
            while let Some(output) = self.sides[side].poll() {
                match output {
                    Output::Send { frame, .. } => self.flying[side].push_back(frame.to_vec()),
                    Output::Secure { .. } => self.sides[side].link_secured(self.now, LINK),
                    event => self.events[side].push(event),
                }
            }
        }
    }

    /// Delivers the oldest frame of one direction, cut into pieces of `piece` octets.
    fn deliver(&mut self, from: usize, piece: usize) {
        self.collect();
        let Some(bytes) = self.flying[from].pop_front() else { return };
        for (n, part) in bytes.chunks(piece.max(1)).enumerate() {
            let boundary = if n == 0 { Boundary::FirstFlushable } else { Boundary::Continuing };
            let part = frame(&self.arena, part);
            if let Some(data) = self.sides[1 - from].receive(self.now, LINK, boundary, part) {
                self.data[1 - from].push(data.payload.to_vec());
            }
        }
        self.collect();
    }

    /// Delivers everything and lets time pass until nothing more happens.
    fn settle(&mut self) {
        for _ in 0..10_000 {
            self.collect();
            if let Some(from) = (0..2).find(|&from| !self.flying[from].is_empty()) {
                self.deliver(from, usize::MAX);
            } else if let Some(at) = self.sides.iter().filter_map(Mux::wake_at).min() {
                self.now = self.now.max(at);
                self.sides.iter_mut().for_each(|side| side.wake(self.now));
            } else {
                return;
            }
        }
        panic!("never settles");
    }

    /// Channels that a side has been told are open, and not that they are closed.
    fn open(&self, side: usize) -> Vec<ChannelId> {
        let mut open = Vec::new();
        for event in &self.events[side] {
            match event {
                Output::Opened { channel, .. } => open.push(*channel),
                Output::Closed { channel, .. } => open.retain(|other| other != channel),
                _ => {}
            }
        }
        open
    }
}

#[test]
fn opens_configures_and_carries_data_both_ways() {
    let mut air = Air::new();
    let channel = air.sides[0].connect(air.now, LINK, Psm::AVDTP).unwrap();
    air.settle();
    assert_eq!(air.open(0), [channel]);
    let [other] = air.open(1)[..] else { panic!("one channel: {:?}", air.events[1]) };
    assert_eq!((air.sides[0].mtu(channel), air.sides[1].mtu(other)), (Some(1000), Some(1000)));
    air.sides[1].set_tag(other, 77);
    let payload = frame(&air.arena, &[7; 1000]);
    air.sides[0].send(channel, payload).unwrap();
    air.settle();
    assert_eq!(air.data[1], [vec![7; 1000]]);
    air.sides[1].disconnect(air.now, other);
    air.settle();
    assert!(air.open(0).is_empty() && air.open(1).is_empty());
    drop(air.events);
    assert_eq!(air.arena.free(), BLOCKS, "every block is home");
}

/// One open channel on a side whose peer is written by hand: our end 0x40, the peer's 0x41.
fn opened(arena: &Arena) -> Mux {
    let mut mux = Mux::new(arena.clone());
    mux.listen(Psm::SDP, Options { mtu: 900, needs_security: false, ask: false });
    mux.link_up(LINK);
    for payload in [
        &[2, 1, 4, 0, 1, 0, 0x41, 0][..],
        &[5, 1, 6, 0, 0x40, 0, 0, 0, 0, 0],
        &[4, 2, 4, 0, 0x40, 0, 0, 0],
    ] {
        let bytes = l2cap(Cid::SIGNALLING, payload);
        let start = frame(arena, &bytes);
        assert!(mux.receive(Instant::ZERO, LINK, Boundary::FirstFlushable, start).is_none());
    }
    while mux.poll().is_some() {}
    assert!(mux.mtu(ChannelId { link: LINK, cid: Cid(0x40) }).is_some());
    mux
}

#[test]
fn a_whole_frame_is_moved_not_copied() {
    let arena = Arena::new(16, 1100);
    let mut mux = opened(&arena);
    mux.set_tag(ChannelId { link: LINK, cid: Cid(0x40) }, 5);
    let mut whole = frame(&arena, &l2cap(Cid(0x40), b"music"));
    whole.set_arrival(Instant::from_millis(3));
    let at = whole.as_ptr();
    let data = mux.receive(Instant::ZERO, LINK, Boundary::FirstFlushable, whole).unwrap();
    assert_eq!(data.payload.as_ptr(), at.wrapping_add(4));
    assert_eq!((&data.payload[..], data.tag), (&b"music"[..], 5));
    assert_eq!(data.payload.arrival(), Instant::from_millis(3));
    assert_eq!((arena.copied(), mux.counters().received), (0, 1));
}

#[test]
fn without_a_free_block_a_frame_is_lost_and_counted() {
    let arena = Arena::new(8, 1100);
    let mut mux = opened(&arena);
    let bytes = l2cap(Cid(0x40), &[1; 100]);
    let start = frame(&arena, &bytes[..50]);
    let more = frame(&arena, &bytes[50..]);
    let held: Vec<_> = std::iter::from_fn(|| arena.take()).collect();
    assert!(mux.receive(Instant::ZERO, LINK, Boundary::FirstFlushable, start).is_none());
    drop(held);
    assert!(mux.receive(Instant::ZERO, LINK, Boundary::Continuing, more).is_none());
    assert_eq!((mux.counters().no_block, mux.counters().stray), (1, 0));
    let whole = frame(&arena, &bytes);
    assert!(mux.receive(Instant::ZERO, LINK, Boundary::FirstFlushable, whole).is_some());
}

#[test]
fn what_does_not_end_where_its_header_says_is_counted() {
    let arena = Arena::new(16, 1100);
    let mut mux = opened(&arena);
    let bytes = l2cap(Cid(0x40), &[1; 100]);
    let mut receive = |boundary, bytes: &[u8]| {
        assert!(mux.receive(Instant::ZERO, LINK, boundary, frame(&arena, bytes)).is_none());
        let counters = mux.counters();
        (counters.stray, counters.unfinished, counters.oversized, counters.no_channel)
    };
    let (first, more) = (Boundary::FirstFlushable, Boundary::Continuing);
    let long = [&bytes[..], &[0]].concat();
    assert_eq!(receive(first, &long), (1, 0, 0, 0));
    assert_eq!(receive(more, &[0]), (1, 0, 0, 0), "what follows is skipped");
    assert_eq!(receive(first, &bytes[..60]), (1, 0, 0, 0));
    assert_eq!(receive(more, &long[60..]), (2, 0, 0, 0));
    assert_eq!(receive(first, &bytes[..60]), (2, 0, 0, 0));
    assert_eq!(receive(first, &bytes[..60]), (2, 1, 0, 0));
    assert_eq!(receive(first, &l2cap(Cid(0x41), &[1])), (2, 2, 0, 1));
    assert_eq!(receive(more, &[0]), (2, 2, 0, 1), "what follows is skipped");
}

#[test]
fn a_peer_that_ignores_our_mtu_is_taken_as_far_as_a_block_holds() {
    let arena = Arena::new(16, 1100);
    let largest = 1100 - HEADROOM - 4;
    let mut mux = opened(&arena);
    let (first, more) = (Boundary::FirstFlushable, Boundary::Continuing);
    let mut receive = |pieces: &[&[u8]]| {
        let boundaries = std::iter::once(first).chain(std::iter::repeat(more));
        let mut taken = pieces.iter().zip(boundaries).filter_map(|(piece, boundary)| {
            mux.receive(Instant::ZERO, LINK, boundary, frame(&arena, piece))
        });
        let taken = taken.next().map(|data| data.payload.len());
        let told = mux.poll().map(|output| match output {
            Output::Oversized { channel, length } => (channel.cid.0, length),
            other => panic!("{other:?}"),
        });
        (taken, told)
    };
    for length in [900, 901, largest] {
        let bytes = l2cap(Cid(0x40), &vec![1; length]);
        assert_eq!(receive(&[&bytes]), (Some(length), None));
        assert_eq!(receive(&[&bytes[..700], &bytes[700..]]), (Some(length), None));
    }
    let long = l2cap(Cid(0x40), &vec![1; largest + 1]);
    let once = Some((0x40, largest as u16 + 1));
    assert_eq!(receive(&[&long[..700], &long[700..]]), (None, once));
    assert_eq!(receive(&[&long[..3], &long[3..700], &long[700..]]), (None, None), "told once");
    assert_eq!(receive(&[&l2cap(Cid(0x40), &[1; 5])]), (Some(5), None), "and the channel lives");
    assert_eq!(mux.counters().oversized, 2);
}

#[test]
fn places_are_bounded_and_come_back() {
    let mut air = Air::new();
    let now = air.now;
    for _ in 0..CHANNELS {
        air.sides[0].connect(now, LINK, Psm::SDP).unwrap();
    }
    assert_eq!(air.sides[0].connect(now, LINK, Psm::SDP), Err(ConnectError::Full));
    assert_eq!(air.sides[0].connect(now, LinkId(1), Psm::SDP), Err(ConnectError::NoLink));
    air.settle();
    assert_eq!((air.open(0).len(), air.open(1).len()), (CHANNELS, CHANNELS));
    // The peer has no place for one more either.
    air.sides[1].connect(now, LINK, Psm::SDP).unwrap_err();
    for side in 0..2 {
        air.sides[side].link_down(LINK);
    }
    air.settle();
    assert!(air.open(0).is_empty() && air.open(1).is_empty());
    assert_eq!(air.sides[0].wake_at(), None);
}

#[test]
fn a_flood_of_requests_is_bounded() {
    let arena = Arena::new(BLOCKS, 1100);
    let mut mux = opened(&arena);
    let echoes = [8u8, 1, 0, 0].repeat(168);
    for _ in 0..4 {
        let flood = frame(&arena, &l2cap(Cid::SIGNALLING, &echoes));
        mux.receive(Instant::ZERO, LINK, Boundary::FirstFlushable, flood);
    }
    let answers = std::iter::from_fn(|| mux.poll()).count();
    assert!(answers <= OUTPUTS / 2, "{answers}");
    assert!(mux.counters().overrun > 0);
    assert_eq!(arena.free(), BLOCKS);
}

/// Whether the frame may be lost without the two sides ending in different states: a request or a
/// response that the other side's repetition brings back.
fn may_be_lost(bytes: &[u8]) -> bool {
    let Ok(header) = Header::parse(bytes) else { return false };
    header.cid == Cid::SIGNALLING
        && Signals::new(&bytes[4..]).all(|signal| {
            matches!(
                signal,
                Ok(Signal {
                    command: Command::ConnectionRequest { .. }
                        | Command::ConfigurationRequest { .. }
                        | Command::ConfigurationResponse { .. }
                        | Command::DisconnectionRequest { .. },
                    ..
                })
            )
        })
}

proptest! {
    /// However a frame is cut, what arrives is what was sent, gathered once.
    #[test]
    fn any_split(
        sdus in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..900), 1..6),
        cuts in proptest::collection::vec(1usize..300, 1..40),
    ) {
        let arena = Arena::new(16, 1100);
        let mut mux = opened(&arena);
        let mut cuts = cuts.iter().cycle();
        let mut copied = 0;
        for sdu in &sdus {
            let bytes = l2cap(Cid(0x40), sdu);
            let mut rest = &bytes[..];
            let mut boundary = Boundary::FirstNonFlushable;
            let mut arrived = None;
            while !rest.is_empty() {
                let (now, after) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
                if now.len() < bytes.len() {
                    copied += now.len() as u64;
                }
                prop_assert!(arrived.is_none());
                arrived = mux.receive(Instant::ZERO, LINK, boundary, frame(&arena, now));
                boundary = Boundary::Continuing;
                rest = after;
            }
            let arrived = arrived.expect("the SDU");
            prop_assert_eq!(&arrived.payload[..], &sdu[..]);
        }
        prop_assert_eq!(arena.copied(), copied);
        prop_assert_eq!(mux.counters().received, sdus.len() as u64);
        prop_assert_eq!(arena.free(), 16);
    }

    /// Any fragments in any order: nothing panics, nothing grows, and the channel still works.
    #[test]
    fn whatever_fragments(
        fragments in proptest::collection::vec(
            (any::<bool>(), prop_oneof![Just(1u16), Just(0x40), Just(2)], 0u16..1200,
             proptest::collection::vec(any::<u8>(), 0..60), any::<bool>()),
            0..60,
        ),
    ) {
        let arena = Arena::new(BLOCKS, 1100);
        let mut mux = opened(&arena);
        for (first, cid, length, payload, honest) in fragments {
            let length = if honest { payload.len() as u16 } else { length };
            let bytes = if first {
                [&Header { length, cid: Cid(cid) }.bytes()[..], &payload].concat()
            } else {
                payload
            };
            let boundary = if first { Boundary::FirstFlushable } else { Boundary::Continuing };
            mux.receive(Instant::ZERO, LINK, boundary, frame(&arena, &bytes));
            while mux.poll().is_some() {}
        }
        prop_assert!(arena.free() >= BLOCKS - 1);
        let whole = frame(&arena, &l2cap(Cid::SIGNALLING, &[8, 1, 0, 0]));
        mux.receive(Instant::ZERO, LINK, Boundary::FirstFlushable, whole);
        let answered = matches!(mux.poll(), Some(Output::Send { .. }));
        prop_assert!(answered);
    }

    /// Any commands whatever: every request is answered once at most, timers settle everything.
    #[test]
    fn whatever_commands(
        commands in proptest::collection::vec(
            (1u8..13, 1u8..8, proptest::collection::vec(
                prop_oneof![Just(0u8), Just(0x40), Just(0x41), Just(1), any::<u8>()], 0..14)),
            0..80,
        ),
    ) {
        let arena = Arena::new(BLOCKS, 1100);
        let mut mux = opened(&arena);
        let mut now = Instant::ZERO;
        for (code, identifier, data) in commands {
            let head = [code, identifier, data.len() as u8, 0];
            let bytes = l2cap(Cid::SIGNALLING, &[&head[..], &data].concat());
            mux.receive(now, LINK, Boundary::FirstFlushable, frame(&arena, &bytes));
            let mut answers = 0;
            while let Some(output) = mux.poll() {
                answers += usize::from(matches!(output, Output::Send { .. }));
            }
            prop_assert!(answers <= 2, "{} answers to {:02X?}", answers, bytes);
        }
        for _ in 0..1000 {
            let Some(at) = mux.wake_at() else { break };
            now = now.max(at);
            mux.wake(now);
            while mux.poll().is_some() {}
        }
        prop_assert_eq!(mux.wake_at(), None);
        prop_assert_eq!(arena.free(), BLOCKS);
    }

    /// Both sides connect and disconnect while frames of either direction arrive in any
    /// interleaving and some are lost. In the end both sides agree about what is open, and every
    /// channel's story is told as [`Output`] promises.
    #[test]
    fn back_to_back(
        steps in proptest::collection::vec((0u8..6, 0usize..2, 1usize..40, any::<u8>()), 1..120),
    ) {
        let mut air = Air::new();
        let mut asked = [0usize; 2];
        for (step, side, piece, number) in steps {
            match step {
                0 => {
                    let psm = if number % 2 == 0 { Psm::SDP } else { Psm::AVDTP };
                    asked[side] += usize::from(air.sides[side].connect(air.now, LINK, psm).is_ok());
                }
                1 => {
                    let open = air.open(side);
                    if let Some(channel) = open.get(usize::from(number) % open.len().max(1)) {
                        air.sides[side].disconnect(air.now, *channel);
                    }
                }
                2 => {
                    air.collect();
                    if air.flying[side].front().is_some_and(|bytes| may_be_lost(bytes)) {
                        air.flying[side].pop_front();
                    }
                }
                _ => air.deliver(side, piece),
            }
        }
        air.settle();
        let ends = |air: &Air, side: usize| {
            air.open(side)
                .into_iter()
                .map(|id| {
                    let channel = air.sides[side].channel(id).expect("an open channel");
                    (channel.remote_cid, id.cid)
                })
                .collect::<std::collections::BTreeSet<_>>()
        };
        let mirrored: std::collections::BTreeSet<_> =
            ends(&air, 1).into_iter().map(|(remote, local)| (local, remote)).collect();
        prop_assert_eq!(ends(&air, 0), mirrored);
        for (events, asked) in air.events.iter().zip(asked) {
            let told = |wanted: fn(&Output) -> bool| {
                events.iter().filter(|event| wanted(event)).count()
            };
            let opened = told(|e| matches!(e, Output::Opened { outgoing: true, .. }));
            let refused = told(|e| matches!(e, Output::Refused { .. }));
            prop_assert_eq!(opened + refused, asked);
        }
        for side in 0..2 {
            air.sides[side].link_down(LINK);
        }
        air.settle();
        prop_assert!(air.open(0).is_empty() && air.open(1).is_empty());
        prop_assert_eq!(air.arena.free(), BLOCKS);
    }
}
