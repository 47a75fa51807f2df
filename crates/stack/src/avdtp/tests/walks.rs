//! Any orders in any sequence, any interleaving, any packets.

use proptest::prelude::*;

use super::*;

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
