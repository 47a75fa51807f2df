//! What the filter does to packets, in times that are handed in.

use super::*;

fn filter(lines: &[&str]) -> Filter {
    let mut filter = Filter::default();
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        let done = filter.order(&words, Duration::ZERO);
        assert_eq!(done, Some(Ok(())), "{line}");
    }
    filter
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// The packets that go on by a time.
fn by(filter: &mut Filter, now: Duration) -> Vec<(Toward, Vec<u8>)> {
    std::iter::from_fn(|| filter.poll(now)).map(|(toward, packet)| (toward, packet.bytes)).collect()
}

fn command(bytes: &[u8]) -> Packet {
    Packet { kind: Kind::Command, bytes: bytes.to_vec() }
}

fn sco(bytes: usize) -> Packet {
    Packet { kind: Kind::Sco, bytes: vec![0; 3 + bytes] }
}

#[test]
fn without_rules_everything_passes_in_order() {
    let mut filter = Filter::default();
    filter.host_sends(ms(0), command(&[3, 0x0c, 0]));
    filter.controller_sends(ms(0), Packet::event(0x0e, &[1, 3, 0x0c, 0]));
    let passed = by(&mut filter, ms(0));
    assert_eq!(passed[0], (Toward::Controller, vec![3, 0x0c, 0]));
    assert_eq!(passed[1].0, Toward::Host);
}

#[test]
fn a_link_that_vanishes_ends_as_out_of_range() {
    let mut filter = filter(&["reason 0x15 0x08"]);
    for (reason, told) in [(0x15, 0x08), (0x13, 0x13)] {
        filter.controller_sends(ms(0), Packet::event(0x05, &[0, 1, 0, reason]));
        assert_eq!(by(&mut filter, ms(0)), [(Toward::Host, vec![0x05, 4, 0, 1, 0, told])]);
    }
}

#[test]
fn sniff_is_answered_in_the_controllers_stead() {
    let mut filter = filter(&["sniff on"]);
    filter.host_sends(ms(0), command(&[3, 8, 10, 0x42, 0, 0x20, 3, 0x10, 0, 1, 0, 4, 0]));
    let answered = by(&mut filter, ms(0));
    assert_eq!(answered[0], (Toward::Host, vec![0x0f, 4, 0, 1, 3, 8]));
    assert_eq!(answered[1], (Toward::Host, vec![0x14, 6, 0, 0x42, 0, 2, 0x20, 3]));
    filter.host_sends(ms(0), command(&[4, 8, 2, 0x42, 0]));
    assert_eq!(by(&mut filter, ms(0))[1].1, [0x14, 6, 0, 0x42, 0, 0, 0, 0]);
    filter.controller_sends(ms(0), Packet::event(0x0e, &[1, 3, 0x10, 0, 0x7f, 0]));
    assert_eq!(by(&mut filter, ms(0))[0].1[6], 0xff, "the feature is told");
    // A short command is answered, and nothing falls over.
    filter.host_sends(ms(0), command(&[3, 8, 0]));
    assert_eq!(by(&mut filter, ms(0)).len(), 2);
}

#[test]
fn keys_are_as_short_as_is_asked() {
    let mut filter = filter(&["key-size 7"]);
    filter.controller_sends(ms(0), Packet::event(0x0e, &[1, 0x08, 0x14, 0, 1, 0, 16]));
    assert_eq!(by(&mut filter, ms(0))[0].1.last(), Some(&7));
}

#[test]
fn the_next_packets_of_a_kind_are_dropped_doubled_and_damaged() {
    let mut filter = filter(&["drop event:0x0e 2", "duplicate acl-in", "damage command:0x0c03"]);
    for _ in 0..3 {
        filter.controller_sends(ms(0), Packet::event(0x0e, &[1]));
        filter.controller_sends(ms(0), Packet::event(0x13, &[1]));
    }
    assert_eq!(by(&mut filter, ms(0)).len(), 4);
    for expected in [2, 1] {
        filter.controller_sends(ms(0), Packet { kind: Kind::Acl, bytes: vec![1, 2, 0, 0] });
        assert_eq!(by(&mut filter, ms(0)).len(), expected);
    }
    filter.host_sends(ms(0), command(&[3, 0x0c, 0]));
    assert_eq!(by(&mut filter, ms(0))[0].1, [3, 0x1c, 0]);
}

#[test]
fn delays_keep_the_order_within_a_kind() {
    let mut filter = filter(&["delay event 20"]);
    filter.controller_sends(ms(0), Packet::event(1, &[]));
    filter.controller_sends(ms(0), Packet { kind: Kind::Acl, bytes: vec![1, 2, 0, 0] });
    assert_eq!(by(&mut filter, ms(0)).len(), 1, "data overtakes");
    assert_eq!(filter.wake_at(), Some(ms(20)));
    assert_eq!(filter.order(&["delay", "event", "0"], ms(0)), Some(Ok(())));
    filter.controller_sends(ms(5), Packet::event(2, &[]));
    assert_eq!(by(&mut filter, ms(19)), []);
    let events: Vec<u8> = by(&mut filter, ms(20)).iter().map(|(_, bytes)| bytes[0]).collect();
    assert_eq!(events, [1, 2]);
}

#[test]
fn voice_is_paced_by_its_bytes() {
    let mut filter = filter(&["pace 16"]);
    (0..4).for_each(|_| filter.controller_sends(ms(0), sco(48)));
    let passed: Vec<usize> =
        [0, 2, 3, 5, 6, 9].iter().map(|now| by(&mut filter, ms(*now)).len()).collect();
    assert_eq!(passed, [1, 0, 1, 0, 1, 1]);
}

#[test]
fn a_wedged_controller_answers_nothing() {
    let mut filter = filter(&["unanswered 0x1001"]);
    filter.host_sends(ms(0), command(&[1, 0x10, 0]));
    filter.host_sends(ms(0), command(&[3, 0x0c, 0]));
    assert_eq!(by(&mut filter, ms(0)).len(), 1);
    assert_eq!(filter.order(&["unanswered", "all"], ms(0)), Some(Ok(())));
    filter.host_sends(ms(0), command(&[3, 0x0c, 0]));
    assert_eq!(by(&mut filter, ms(0)), []);
}

#[test]
fn what_is_no_order_is_told() {
    let mut filter = Filter::default();
    for line in ["drop", "plug", "sniff"] {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(filter.order(&words, ms(0)), None, "{line}");
    }
    for line in ["drop acl", "delay event x", "sniff maybe", "key-size 256", "inject event 0"] {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert!(matches!(filter.order(&words, ms(0)), Some(Err(_))), "{line}");
    }
}
