//! The procedures, one at a time and two that cross.

use super::*;

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
