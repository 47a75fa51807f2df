//! Two sessions back to back over a link that keeps order, and a session against a peer that
//! misbehaves.

use core::time::Duration;
use std::collections::VecDeque;

use pool::Instant;
use proptest::prelude::*;
use wire::avdtp::Seid;

use super::*;
use crate::a2dp::{sbc_sink, sbc_source};

fn seid(number: u8) -> Seid {
    Seid::new(number).expect("a legal identifier")
}

/// What travels between the two, in order each way.
#[derive(Debug)]
enum Travel {
    Connect(Cid),
    Accept { theirs: Cid, ours: Cid },
    Disconnect(Cid),
    Disconnected(Cid),
    Data(Cid, Vec<u8>),
}

#[derive(Debug)]
struct Channel {
    peer: Option<Cid>,
}

/// A session with the little of L2CAP that it needs.
struct Side {
    session: Session,
    channels: Vec<(Cid, Channel)>,
    next_cid: Cid,
    mtu: usize,
    out: VecDeque<Travel>,
    told: Vec<Output>,
}

impl Side {
    fn new(endpoints: &[Endpoint], outgoing: bool, mtu: usize) -> Self {
        Side {
            session: Session::new(endpoints, outgoing),
            channels: Vec::new(),
            next_cid: 0x40,
            mtu,
            out: VecDeque::new(),
            told: Vec::new(),
        }
    }

    fn cid(&mut self) -> Cid {
        self.next_cid += 1;
        self.next_cid
    }

    fn drain(&mut self) {
        while let Some(output) = self.session.poll() {
            match output {
                Output::Signal { cid, pdu } => {
                    assert!(pdu.len() <= self.mtu, "no packet exceeds the peer's MTU");
                    let channel = self.channels.iter().find(|(ours, _)| *ours == cid);
                    if let Some((_, Channel { peer: Some(peer) })) = channel {
                        self.out.push_back(Travel::Data(*peer, pdu.to_vec()));
                    }
                }
                Output::OpenSignalling | Output::OpenTransport { .. } => {
                    let cid = self.cid();
                    self.channels.push((cid, Channel { peer: None }));
                    self.out.push_back(Travel::Connect(cid));
                    self.told.push(output);
                }
                Output::CloseChannel { cid } => {
                    let channel = self.channels.iter().find(|(ours, _)| *ours == cid);
                    if let Some((_, Channel { peer: Some(peer) })) = channel {
                        self.out.push_back(Travel::Disconnect(*peer));
                    }
                }
                told => self.told.push(told),
            }
        }
    }

    fn take(&mut self, now: Instant, travel: Travel) {
        match travel {
            Travel::Connect(theirs) => {
                let ours = self.cid();
                self.channels.push((ours, Channel { peer: Some(theirs) }));
                self.out.push_back(Travel::Accept { theirs, ours });
                if self.session.opened(now, ours, false, self.mtu) == Use::Surplus {
                    self.out.push_back(Travel::Disconnect(theirs));
                }
            }
            Travel::Accept { theirs: cid, ours: peer } => {
                let channel = self.channels.iter_mut().find(|(ours, _)| *ours == cid);
                channel.expect("we asked").1.peer = Some(peer);
                if self.session.opened(now, cid, true, self.mtu) == Use::Surplus {
                    self.out.push_back(Travel::Disconnect(peer));
                }
            }
            Travel::Disconnect(cid) => {
                let at = self.channels.iter().position(|(ours, _)| *ours == cid);
                if let Some(at) = at {
                    let (_, channel) = self.channels.remove(at);
                    self.session.closed(now, cid);
                    self.drain();
                    self.out.push_back(Travel::Disconnected(channel.peer.expect("open")));
                }
            }
            Travel::Disconnected(cid) => {
                let before = self.channels.len();
                self.channels.retain(|(ours, _)| *ours != cid);
                if self.channels.len() < before {
                    self.session.closed(now, cid);
                }
            }
            Travel::Data(cid, pdu) => self.session.receive(now, cid, &pdu),
        }
        self.drain();
    }

    fn count(&self, like: impl Fn(&Output) -> bool) -> usize {
        self.told.iter().filter(|output| like(output)).count()
    }
}

/// A sink and a source on one link; the second placed it.
struct Pair {
    now: Instant,
    sides: [Side; 2],
}

const SINK: usize = 0;
const SOURCE: usize = 1;

impl Pair {
    fn new(mtu: usize) -> Self {
        let sinks = [sbc_sink(seid(1)), sbc_sink(seid(2))];
        let sources = [sbc_source(seid(5)), sbc_source(seid(7))];
        let mut sides = [Side::new(&sinks, false, mtu), Side::new(&sources, true, mtu)];
        for side in &mut sides {
            side.session.set_peer_version(0x0103);
        }
        sides[SINK].session.set_delay(Instant::ZERO, 1500);
        // So that what the two choose differs.
        sides[SINK].session.set_bitpool_cap(51);
        Pair { now: Instant::ZERO, sides }
    }

    fn order(&mut self, side: usize, order: impl FnOnce(&mut Session, Instant)) {
        order(&mut self.sides[side].session, self.now);
        self.sides[side].drain();
    }

    /// Lets one thing that `side` sent arrive.
    fn deliver(&mut self, side: usize) -> bool {
        let Some(travel) = self.sides[side].out.pop_front() else { return false };
        self.sides[1 - side].take(self.now, travel);
        true
    }

    /// Everything arrives, in the order that `pick` says; where nothing travels, time goes on.
    fn settle(&mut self, mut pick: impl FnMut() -> usize) {
        let mut steps = 0;
        loop {
            steps += 1;
            assert!(steps < 5000, "it settles");
            let side = pick() & 1;
            if self.deliver(side) || self.deliver(1 - side) {
                continue;
            }
            let wake = self.sides.iter().filter_map(|side| side.session.wake_at()).min();
            let Some(at) = wake else { return };
            self.now = self.now.max(at);
            for side in &mut self.sides {
                side.session.wake(self.now);
                side.drain();
            }
        }
    }

    fn states(&self) -> [Vec<State>; 2] {
        [0, 1].map(|side: usize| {
            let session = &self.sides[side].session;
            session.endpoints().map(|(_, state)| state).collect()
        })
    }

    /// Both sides' one stream, if exactly one is in `state` on each and it is the same.
    fn one(&self, state: State) -> Option<(Seid, Seid)> {
        let find = |side: usize| {
            let mut all =
                self.sides[side].session.streams.iter().filter(|s| s.state != State::Idle);
            let stream = all.next()?;
            let agreement = stream.agreement?;
            (all.next().is_none() && stream.state == state).then_some((
                stream.seid(),
                agreement.peer,
                agreement.configuration,
            ))
        };
        let (sink, source) = (find(SINK)?, find(SOURCE)?);
        let same = sink.0 == source.1 && sink.1 == source.0 && sink.2 == source.2;
        same.then_some((sink.0, source.0))
    }
}

const PLAY: Preference = Preference { start: true };

#[test]
fn a_source_connects_and_plays_to_a_sink() {
    let mut pair = Pair::new(672);
    pair.order(SOURCE, |session, now| session.connect(now, PLAY));
    pair.settle(|| 0);
    assert_eq!(pair.one(State::Streaming), Some((seid(1), seid(5))));
    let reported = |output: &Output| matches!(output, Output::DelayReported { delay: 1500, .. });
    assert_eq!(pair.sides[SOURCE].count(reported), 1);
    for side in &pair.sides {
        assert_eq!(side.count(|output| matches!(output, Output::Opened { .. })), 1);
        assert_eq!(side.count(|output| matches!(output, Output::Started { .. })), 1);
        assert_eq!(side.count(|output| matches!(output, Output::Failed(_))), 0, "{:?}", side.told);
    }
}

#[test]
fn a_sink_connects_and_the_configuration_honours_the_cap() {
    let mut pair = Pair::new(672);
    pair.sides[SINK].session.set_bitpool_cap(35);
    pair.order(SINK, |session, now| session.connect(now, Preference::default()));
    pair.settle(|| 0);
    assert!(pair.one(State::Open).is_some());
    let Some(Configuration::Sbc(sbc)) = pair.sides[SOURCE].session.configuration(seid(5)) else {
        panic!("the source's stream is configured")
    };
    assert_eq!(sbc.octets(), [0x21, 0x15, 2, 35]);
}

#[test]
fn everything_works_in_fragments() {
    let mut pair = Pair::new(8);
    pair.order(SOURCE, |session, now| session.connect(now, PLAY));
    pair.settle(|| 0);
    assert!(pair.one(State::Streaming).is_some());
}

#[test]
fn suspend_start_reconfigure_close_and_connect_again() {
    let mut pair = Pair::new(672);
    pair.order(SOURCE, |session, now| session.connect(now, PLAY));
    pair.settle(|| 0);
    let source = seid(5);
    pair.order(SOURCE, |session, now| session.suspend(now, source).expect("streaming"));
    pair.settle(|| 0);
    assert!(pair.one(State::Open).is_some());
    let Some(Configuration::Sbc(mut sbc)) = pair.sides[SOURCE].session.configuration(source) else {
        panic!("configured")
    };
    sbc.sampling_frequency = wire::a2dp::sbc::SamplingFrequency::Hz48000;
    let other = Configuration::Sbc(sbc);
    pair.order(SOURCE, |session, now| session.reconfigure(now, source, other).expect("open"));
    pair.settle(|| 0);
    assert_eq!(pair.sides[SINK].session.configuration(seid(1)), Some(other));
    assert_eq!(pair.sides[SOURCE].session.configuration(source), Some(other));
    pair.order(SINK, |session, now| session.start(now, seid(1)).expect("open"));
    pair.settle(|| 0);
    assert!(pair.one(State::Streaming).is_some());
    pair.order(SINK, |session, now| session.close(now, seid(1)).expect("streaming"));
    pair.settle(|| 0);
    assert_eq!(pair.states(), [vec![State::Idle; 2], vec![State::Idle; 2]]);
    pair.order(SINK, |session, now| session.connect(now, PLAY));
    pair.settle(|| 0);
    assert!(pair.one(State::Streaming).is_some());
    pair.order(SOURCE, |session, now| session.abort(now, source).expect("streaming"));
    pair.settle(|| 0);
    assert_eq!(pair.states(), [vec![State::Idle; 2], vec![State::Idle; 2]]);
}

#[test]
fn a_peer_that_never_answers_fails_by_name() {
    let mut session = Session::new(&[sbc_sink(seid(1))], true);
    let mut now = Instant::ZERO;
    session.connect(now, Preference::default());
    assert_eq!(session.poll(), Some(Output::OpenSignalling));
    assert_eq!(session.opened(now, 0x41, true, 672), Use::Signalling);
    let mut failures = Vec::new();
    while let Some(at) = session.wake_at() {
        assert!(at > now, "time goes on");
        now = at;
        session.wake(now);
        while let Some(output) = session.poll() {
            if let Output::Failed(failure) = output {
                failures.push(failure.to_string());
            }
        }
    }
    assert_eq!(
        failures,
        ["AVDTP_DISCOVER: no answer in time", "A2DP connection: no answer in time"]
    );
    assert_eq!(now, Instant::ZERO + RESPONSE_TIMEOUT);
    assert!(!session.is_connecting());
}

#[test]
fn a_transport_channel_may_come_before_its_open() {
    let mut session = Session::new(&[sbc_sink(seid(1))], false);
    let now = Instant::ZERO;
    assert_eq!(session.opened(now, 0x41, false, 672), Use::Signalling);
    session.receive(now, 0x41, &[0x10, 0x03, 0x04, 0x04, 1, 0, 7, 6, 0, 0, 0x21, 0x15, 2, 53]);
    assert_eq!(session.state(seid(1)), State::Configured);
    assert_eq!(session.opened(now, 0x42, false, 895), Use::Transport(seid(1)));
    session.receive(now, 0x41, &[0x20, 0x06, 0x04]);
    session.receive(now, 0x41, &[0x30, 0x07, 0x04]);
    assert_eq!(session.state(seid(1)), State::Streaming);
    assert_eq!(session.wake_at(), None, "nothing is waited for");
    assert_eq!(session.opened(now, 0x43, false, 895), Use::Surplus);
}

#[test]
fn a_transport_channel_that_never_comes_ends_the_stream() {
    let mut session = Session::new(&[sbc_sink(seid(1))], false);
    let mut now = Instant::ZERO;
    assert_eq!(session.opened(now, 0x41, false, 672), Use::Signalling);
    session.receive(now, 0x41, &[0x10, 0x03, 0x04, 0x04, 1, 0, 7, 6, 0, 0, 0x21, 0x15, 2, 53]);
    session.receive(now, 0x41, &[0x20, 0x06, 0x04]);
    session.receive(now, 0x41, &[0x30, 0x07, 0x04]);
    assert_eq!(session.state(seid(1)), State::Open, "START without a channel is rejected");
    while let Some(at) = session.wake_at() {
        now = at;
        session.wake(now);
        while session.poll().is_some() {}
    }
    assert_eq!(session.state(seid(1)), State::Idle);
    assert!(now.since(Instant::ZERO) < Duration::from_secs(20));
}

#[test]
fn of_two_configurations_that_cross_the_one_of_the_side_that_placed_the_link_holds() {
    let mut pair = Pair::new(672);
    pair.order(SINK, |session, now| session.connect(now, PLAY));
    pair.order(SOURCE, |session, now| session.connect(now, PLAY));
    // The sink gives way to a peer that looks at its endpoints; here it must not.
    pair.sides[SINK].session.asked_at = None;
    let configures = |side: &Side| {
        side.out.iter().any(|travel| matches!(travel, Travel::Data(_, pdu) if pdu[1] == 3))
    };
    let mut crossed = false;
    for _ in 0..40 {
        let there = [pair.sides[SINK].out.len(), pair.sides[SOURCE].out.len()];
        crossed |= pair.sides.iter().all(configures);
        for side in [SINK, SOURCE] {
            for _ in 0..there[side] {
                pair.deliver(side);
                pair.sides[SINK].session.asked_at = None;
            }
        }
    }
    assert!(crossed, "both configurations were on their way at once");
    pair.settle(|| 0);
    assert!(pair.one(State::Streaming).is_some(), "{:?}", pair.states());
    let ours = |output: &Output| matches!(output, Output::Configured { initiator: true, .. });
    assert_eq!((pair.sides[SINK].count(ours), pair.sides[SOURCE].count(ours)), (0, 1));
    assert_eq!(pair.now, Instant::ZERO, "without waiting for anything");
}

#[test]
fn of_two_reconfigurations_that_cross_one_holds_on_both_sides() {
    let mut pair = Pair::new(672);
    pair.order(SOURCE, |session, now| session.connect(now, Preference::default()));
    pair.settle(|| 0);
    pair.walk(SINK, Order::Reconfigure);
    pair.walk(SOURCE, Order::Reconfigure);
    pair.settle(|| 0);
    assert!(pair.one(State::Open).is_some(), "the configurations are the same");
    let at = |side: usize, number| pair.sides[side].session.configuration(seid(number));
    assert_eq!(at(SOURCE, 5).map(|c| c.sampling_frequency()), Some(48_000));
}

/// Orders that a walk gives, possible or not.
#[derive(Clone, Copy, Debug)]
enum Order {
    Connect(bool),
    Start,
    Suspend,
    Close,
    Abort,
    Reconfigure,
    DropTransport,
    DropSignalling,
    Deliver(u8),
}

fn order() -> impl Strategy<Value = Order> {
    prop_oneof![
        2 => any::<bool>().prop_map(Order::Connect),
        1 => Just(Order::Start),
        1 => Just(Order::Suspend),
        1 => Just(Order::Close),
        1 => Just(Order::Abort),
        1 => Just(Order::Reconfigure),
        1 => Just(Order::DropTransport),
        1 => Just(Order::DropSignalling),
        12 => (0u8..8).prop_map(Order::Deliver),
    ]
}

impl Pair {
    fn drop_channel(&mut self, side: usize, cid: Option<Cid>) {
        let channel = self.sides[side].channels.iter().find(|(ours, _)| Some(*ours) == cid);
        if let Some(&(_, Channel { peer: Some(peer) })) = channel {
            self.sides[side].out.push_back(Travel::Disconnect(peer));
        }
    }

    fn walk(&mut self, side: usize, order: Order) {
        let session = &self.sides[side].session;
        let active = session.streams.iter().find(|s| s.state != State::Idle);
        let (seid, transport, configuration) = match active {
            Some(s) => (s.seid(), s.transport, s.agreement.map(|a| a.configuration)),
            None => (session.streams[0].seid(), None, None),
        };
        let lane = session.lanes.first().map(|lane| lane.cid);
        match order {
            Order::Connect(start) => {
                self.order(side, |s, now| s.connect(now, Preference { start }))
            }
            Order::Start => self.order(side, |s, now| {
                let _ = s.start(now, seid);
            }),
            Order::Suspend => self.order(side, |s, now| {
                let _ = s.suspend(now, seid);
            }),
            Order::Close => self.order(side, |s, now| {
                let _ = s.close(now, seid);
            }),
            Order::Abort => self.order(side, |s, now| {
                let _ = s.abort(now, seid);
            }),
            Order::Reconfigure => {
                if let Some(Configuration::Sbc(mut sbc)) = configuration {
                    use wire::a2dp::sbc::SamplingFrequency::{Hz44100, Hz48000};
                    sbc.sampling_frequency = if side == 0 { Hz44100 } else { Hz48000 };
                    let other = Configuration::Sbc(sbc);
                    self.order(side, |s, now| {
                        let _ = s.reconfigure(now, seid, other);
                    });
                }
            }
            Order::DropTransport => self.drop_channel(side, transport),
            Order::DropSignalling => self.drop_channel(side, lane),
            Order::Deliver(count) => {
                for _ in 0..count {
                    self.deliver(side);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whoever starts, both at once too, and however the packets interleave.
    #[test]
    fn exactly_one_stream_comes_up(
        who in 1u8..4,
        head_start in 0usize..30,
        mtu in prop_oneof![Just(8usize), Just(48), Just(672)],
        picks in prop::collection::vec(0usize..2, 1..400),
    ) {
        let mut pair = Pair::new(mtu);
        let mut at = 0;
        let mut pick = || {
            at += 1;
            picks[at % picks.len()]
        };
        if who & 1 != 0 {
            pair.order(SINK, |session, now| session.connect(now, PLAY));
        }
        for _ in 0..head_start {
            let side = pick();
            let _ = pair.deliver(side) || pair.deliver(1 - side);
        }
        if who & 2 != 0 {
            pair.order(SOURCE, |session, now| session.connect(now, PLAY));
        }
        pair.settle(pick);
        prop_assert!(pair.one(State::Streaming).is_some(), "{:?}", pair.states());
        for side in &pair.sides {
            let opened = side.count(|output| matches!(output, Output::Opened { .. }));
            let started = side.count(|output| matches!(output, Output::Started { .. }));
            prop_assert_eq!((opened, started), (1, 1), "{:?}", side.told);
            prop_assert!(!side.session.is_connecting());
            prop_assert_eq!(side.session.counters().overrun, 0);
        }
    }

    /// After any orders in any order the two agree, and a stream can be had.
    #[test]
    fn no_walk_wedges_it(
        walk in prop::collection::vec((0usize..2, order()), 1..80),
        picks in prop::collection::vec(0usize..2, 1..200),
    ) {
        let mut pair = Pair::new(48);
        for (side, order) in walk {
            pair.walk(side, order);
        }
        let mut at = 0;
        let mut pick = || {
            at += 1;
            picks[at % picks.len()]
        };
        pair.settle(&mut pick);
        let told = [0, 1].map(|side: usize| pair.sides[side].told.len());
        if pair.one(State::Streaming).is_none() {
            pair.order(SINK, |session, now| session.connect(now, PLAY));
            pair.settle(&mut pick);
        }
        prop_assert!(
            pair.one(State::Streaming).is_some(),
            "{:?}\n{:?}\n{:?}",
            pair.states(),
            &pair.sides[0].told[told[0]..],
            &pair.sides[1].told[told[1]..]
        );
        for side in &pair.sides {
            prop_assert_eq!(side.session.counters().overrun, 0);
        }
    }

    /// Whatever a peer sends, in whatever state, nothing panics and time comes to an end.
    #[test]
    fn no_packets_upset_it(
        packets in prop::collection::vec(
            (any::<u8>(), 0u8..16, prop::collection::vec(any::<u8>(), 0..24), 0u8..12),
            0..60,
        ),
        connect in any::<bool>(),
    ) {
        let mut session = Session::new(&[sbc_sink(seid(1)), sbc_source(seid(2))], false);
        let mut now = Instant::ZERO;
        session.opened(now, 0x41, false, 48);
        let mut labels = VecDeque::new();
        if connect {
            session.connect(now, PLAY);
        }
        for (first, signal, rest, what) in packets {
            let mut packet = vec![first, signal];
            packet.extend(&rest);
            match what {
                // A configuration that is good, and its sequel.
                0 => packet = vec![0x10, 3, 4, 4, 1, 0, 7, 6, 0, 0, 0x21, 0x15, 2, 53],
                1 => packet = vec![0x10, 6, 4],
                2 => {
                    session.opened(now, 0x50 + u16::from(first), first & 1 != 0, 48);
                }
                3 => session.closed(now, 0x50 + u16::from(first)),
                4 => packet[1] &= 0x0F,
                // An answer to what we asked last.
                5 | 6 => {
                    if let Some(command) = labels.pop_front() {
                        let [label, id]: [u8; 2] = command;
                        packet[0] = label & 0xF0 | 2 | first & 1;
                        packet[1] = id;
                    }
                }
                7 => {
                    if let Some(at) = session.wake_at() {
                        now = now.max(at);
                        session.wake(now);
                    }
                }
                _ => {}
            }
            session.receive(now, 0x41, &packet);
            while let Some(output) = session.poll() {
                if let Output::Signal { pdu, .. } = output
                    && let [label, id, ..] = pdu[..]
                    && label & 3 == 0
                {
                    labels.push_back([label, id]);
                }
            }
        }
        for _ in 0..200 {
            let Some(at) = session.wake_at() else { break };
            now = now.max(at);
            session.wake(now);
            while session.poll().is_some() {}
        }
        prop_assert_eq!(session.wake_at(), None);
    }
}
