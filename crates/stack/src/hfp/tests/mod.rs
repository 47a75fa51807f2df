//! A hands-free unit and an audio gateway, back to back; and each with a peer that says anything.

mod over_rfcomm;

use core::time::Duration;
use std::vec::Vec;

use pool::Instant;
use proptest::prelude::*;
use wire::hfp::{AgFeatures, CallStatus, Codec, Codecs, HfFeatures, HfIndicators, Hold};

use super::gateway::{self, Gateway};
use super::hands_free::{self, Failure, HandsFree, Indicator, Order};

/// Both ends of a line, and what each has told.
struct Pair {
    unit: HandsFree,
    gateway: Gateway,
    now: Instant,
    /// The unit's commands.
    asked: Vec<String>,
    told: Vec<hands_free::Output>,
    done: Vec<gateway::Output>,
    /// How many octets go at once.
    piece: usize,
}

impl Pair {
    fn new(unit: hands_free::Settings, phone: gateway::Settings) -> Self {
        let (unit, gateway) = (HandsFree::new(unit), Gateway::new(phone));
        let (asked, told, done) = Default::default();
        Pair { unit, gateway, now: Instant::ZERO, asked, told, done, piece: usize::MAX }
    }

    fn connect(&mut self) {
        self.gateway.opened();
        self.unit.opened(self.now);
        self.settle();
    }

    /// Carries what is said both ways until nothing is said.
    fn settle(&mut self) {
        for _ in 0..1000 {
            let (mut to_gateway, mut to_unit) = (Vec::new(), Vec::new());
            while let Some(output) = self.unit.poll() {
                match output {
                    hands_free::Output::Send(text) => {
                        self.asked.push(String::from_utf8_lossy(&text).trim().to_owned());
                        to_gateway.extend_from_slice(&text);
                    }
                    other => self.told.push(other),
                }
            }
            while let Some(output) = self.gateway.poll() {
                match output {
                    gateway::Output::Send(text) => to_unit.extend_from_slice(&text),
                    other => self.done.push(other),
                }
            }
            if to_gateway.is_empty() && to_unit.is_empty() {
                return;
            }
            for piece in to_gateway.chunks(self.piece.min(to_gateway.len().max(1))) {
                self.gateway.receive(self.now, piece);
            }
            for piece in to_unit.chunks(self.piece.min(to_unit.len().max(1))) {
                self.unit.receive(self.now, piece);
            }
        }
        panic!("they go on for ever: {:?}", self.asked);
    }

    fn wait(&mut self, time: Duration) {
        self.settle();
        let end = self.now + time;
        let next =
            |pair: &Self| [pair.unit.wake_at(), pair.gateway.wake_at()].into_iter().flatten().min();
        while let Some(at) = next(self).filter(|at| *at <= end) {
            self.now = self.now.max(at);
            if self.unit.wake_at().is_some_and(|due| due <= at) {
                self.unit.wake(self.now);
            }
            if self.gateway.wake_at().is_some_and(|due| due <= at) {
                self.gateway.wake(self.now);
            }
            self.settle();
        }
        self.now = end;
    }
}

/// The optional features that shape the way up, of either side.
const OPTIONS: [(HfFeatures, AgFeatures); 6] = [
    (HfFeatures::THREE_WAY_CALLING, AgFeatures::THREE_WAY_CALLING),
    (HfFeatures::CODEC_NEGOTIATION, AgFeatures::CODEC_NEGOTIATION),
    (HfFeatures::HF_INDICATORS, AgFeatures::HF_INDICATORS),
    (HfFeatures::ENHANCED_CALL_STATUS, AgFeatures::ENHANCED_CALL_STATUS),
    (HfFeatures::VOICE_RECOGNITION, AgFeatures::VOICE_RECOGNITION),
    (HfFeatures::ENHANCED_CALL_CONTROL, AgFeatures::ENHANCED_CALL_CONTROL),
];

#[test]
fn every_combination_of_features_comes_up() {
    for bits in 0..1u32 << (2 * OPTIONS.len()) {
        let (mut ours, mut theirs) = (HfFeatures::empty(), AgFeatures::empty());
        for (at, (unit, phone)) in OPTIONS.into_iter().enumerate() {
            ours.set(unit, bits >> (2 * at) & 1 != 0);
            theirs.set(phone, bits >> (2 * at) & 2 != 0);
        }
        let both = |at: usize| bits >> (2 * at) & 3 == 3;
        let mut pair = Pair::new(
            hands_free::Settings { features: ours, ..Default::default() },
            gateway::Settings { features: theirs, ..Default::default() },
        );
        pair.connect();
        let mut expected = vec![format!("AT+BRSF={}", ours.bits())];
        let steps: [(bool, &[&str]); 4] = [
            (both(1), &["AT+BAC=1,2"]),
            (true, &["AT+CIND=?", "AT+CIND?", "AT+CMER=3,0,0,1"]),
            (both(0), &["AT+CHLD=?"]),
            (both(2), &["AT+BIND=1,2", "AT+BIND=?", "AT+BIND?"]),
        ];
        for step in steps.into_iter().filter(|(sent, _)| *sent).flat_map(|(_, step)| step) {
            expected.push((*step).to_owned());
        }
        let (way, after) = pair.asked.split_at(expected.len());
        assert_eq!(way, expected, "{ours:?} {theirs:?}");
        assert!(pair.unit.is_up() && pair.gateway.is_up());
        assert_eq!(after.iter().any(|asked| asked == "AT+CLCC"), both(3));
        assert_eq!(after.iter().any(|asked| asked == "AT+CCWA=1"), both(0));
        let first = pair.told.first();
        assert!(
            matches!(first, Some(hands_free::Output::Up { features, .. }) if *features == theirs)
        );
        assert!(
            matches!(pair.done[..], [.., gateway::Output::Microphone(15)])
                || !ours.contains(HfFeatures::REMOTE_VOLUME)
        );
        let counters = pair.unit.counters();
        assert_eq!((counters.malformed, counters.unexpected, counters.overrun), (0, 0, 0));
        // What one side lacks is not asked.
        let orders = [(Order::VoiceLink, both(1)), (Order::VoiceRecognition(true), both(4))];
        for (order, taken) in orders {
            assert_eq!(pair.unit.order(pair.now, order).is_ok(), taken, "{order:?}");
        }
        let single = Order::Hold(Hold::ReleaseOne(1));
        assert_eq!(pair.unit.order(pair.now, single).is_ok(), both(5) && both(0));
    }
}

#[test]
fn the_same_is_told_in_whatever_pieces_it_comes() {
    let whole = scenario(usize::MAX);
    for piece in [1, 2, 3, 7, 20] {
        assert_eq!(scenario(piece), whole, "{piece} octets at once");
    }
}

/// A call with another one waiting, and a codec; what the unit tells of it.
fn scenario(piece: usize) -> Vec<hands_free::Output> {
    let mut pair = Pair::new(Default::default(), Default::default());
    pair.piece = piece;
    pair.connect();
    let now = pair.now;
    pair.gateway.incoming(now, "5551234", "Ada");
    pair.settle();
    pair.unit.order(now, Order::Answer).expect("it is up");
    pair.settle();
    assert!(pair.gateway.choose_codec(Codec::Msbc));
    pair.settle();
    assert!(pair.done.contains(&gateway::Output::Codec(Codec::Msbc)));
    pair.gateway.incoming(now, "5559999", "");
    pair.settle();
    pair.unit.order(now, Order::Hold(Hold::Swap)).expect("the phone lists it");
    pair.settle();
    pair.gateway.end(now, 2);
    pair.settle();
    pair.unit.order(now, Order::HangUp).expect("it is up");
    pair.settle();
    assert!(pair.unit.calls().is_empty());
    pair.told
}

/// What may happen to calls.
#[derive(Clone, Copy, Debug)]
enum Happens {
    Incoming,
    DialHere,
    Alert,
    Connect,
    AnswerHere,
    HangUpHere,
    End(u8),
    HoldHere(Hold),
    Answer,
    HangUp,
    Dial,
    Hold(Hold),
    Wait,
}

fn happens() -> impl Strategy<Value = Happens> {
    let hold = prop_oneof![
        Just(Hold::ReleaseHeld),
        Just(Hold::ReleaseActive),
        Just(Hold::Swap),
        Just(Hold::Join),
        Just(Hold::Transfer),
        (1u8..4).prop_map(Hold::ReleaseOne),
        (1u8..4).prop_map(Hold::Private),
    ];
    prop_oneof![
        3 => Just(Happens::Incoming),
        1 => Just(Happens::DialHere),
        1 => Just(Happens::Alert),
        2 => Just(Happens::Connect),
        1 => Just(Happens::AnswerHere),
        1 => Just(Happens::HangUpHere),
        1 => (1u8..4).prop_map(Happens::End),
        1 => hold.clone().prop_map(Happens::HoldHere),
        3 => Just(Happens::Answer),
        1 => Just(Happens::HangUp),
        1 => Just(Happens::Dial),
        3 => hold.prop_map(Happens::Hold),
        1 => Just(Happens::Wait),
    ]
}

fn let_happen(pair: &mut Pair, what: Happens) {
    let now = pair.now;
    let order = match what {
        Happens::Incoming => {
            // The network lets one wait, and no more.
            let busy = pair.gateway.calls().iter().any(|call| !call.is_answered());
            if !busy && pair.gateway.calls().len() < 4 {
                pair.gateway.incoming(now, "5551234", "Ada");
            }
            return;
        }
        Happens::DialHere => {
            if pair.gateway.calls().iter().all(super::Call::is_answered) {
                pair.gateway.dial_here(now, "5550000");
            }
            return;
        }
        Happens::Alert => return pair.gateway.alert(now),
        Happens::Connect => return pair.gateway.connect(now),
        Happens::AnswerHere => {
            if pair.gateway.calls().iter().any(super::Call::is_ringing) {
                pair.gateway.take_call(now);
            }
            return;
        }
        Happens::HangUpHere => return pair.gateway.hang_up(now),
        Happens::End(index) => return pair.gateway.end(now, index),
        Happens::HoldHere(hold) => return pair.gateway.hold(now, hold),
        Happens::Wait => return pair.wait(Duration::from_secs(4)),
        Happens::Answer => Order::Answer,
        Happens::HangUp => Order::HangUp,
        Happens::Dial if pair.gateway.calls().iter().all(super::Call::is_answered) => {
            Order::Dial("5559999")
        }
        Happens::Dial => return,
        Happens::Hold(hold) => Order::Hold(hold),
    };
    let _ = pair.unit.order(now, order);
}

proptest! {
    #[test]
    fn the_unit_knows_the_phones_calls(
        happenings in proptest::collection::vec((happens(), any::<bool>()), 0..30),
    ) {
        let mut pair = Pair::new(Default::default(), Default::default());
        pair.connect();
        for (what, at_once) in happenings {
            let_happen(&mut pair, what);
            if !at_once {
                pair.settle();
            }
        }
        pair.wait(Duration::from_secs(10));
        prop_assert_eq!(pair.unit.calls(), pair.gateway.calls());
        // What was told comes to the same.
        let mut calls: Vec<super::Call> = Vec::new();
        for told in &pair.told {
            match told {
                hands_free::Output::Call(call) => {
                    calls.retain(|known| known.index != call.index);
                    calls.push(call.clone());
                }
                hands_free::Output::CallEnded(index) => {
                    prop_assert!(calls.iter().any(|call| call.index == *index));
                    calls.retain(|call| call.index != *index);
                }
                _ => {}
            }
        }
        calls.sort_by_key(|call| call.index);
        let mut known = pair.unit.calls().to_vec();
        known.sort_by_key(|call| call.index);
        prop_assert_eq!(calls, known);
        let counters = pair.unit.counters();
        prop_assert_eq!((counters.malformed, counters.overrun), (0, 0));
    }

    #[test]
    fn without_a_list_the_calls_are_what_the_indicators_say(
        happenings in proptest::collection::vec(happens(), 0..20),
    ) {
        let features = AgFeatures::all() - AgFeatures::ENHANCED_CALL_STATUS;
        let phone = gateway::Settings { features, ..Default::default() };
        let mut pair = Pair::new(Default::default(), phone);
        pair.connect();
        for what in happenings {
            // Indicators tell of two calls at most, and of none apart while one is being dialled.
            let calls = pair.gateway.calls();
            let (two, dials) = (calls.len() > 1, calls.iter().any(super::Call::is_outgoing));
            match what {
                Happens::Incoming | Happens::DialHere | Happens::Dial if two => continue,
                Happens::HoldHere(_) | Happens::Hold(_) if dials => continue,
                _ => let_happen(&mut pair, what),
            }
            pair.wait(hands_free::SETTLE);
        }
        pair.wait(Duration::from_secs(10));
        let any = |wanted: fn(&super::Call) -> bool| pair.unit.calls().iter().any(wanted);
        let value = |indicator| pair.unit.indicator(indicator);
        let held = any(|call| call.status == CallStatus::Held);
        let active = any(|call| call.status == CallStatus::Active);
        prop_assert_eq!(active || held, value(Indicator::Call) == 1);
        let holding = match (held, active) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => 2,
        };
        prop_assert_eq!(holding, value(Indicator::CallHeld));
        prop_assert_eq!(any(super::Call::is_ringing), value(Indicator::CallSetup) == 1);
        prop_assert_eq!(any(super::Call::is_outgoing), value(Indicator::CallSetup) > 1);
    }

    #[test]
    fn whatever_a_phone_says_it_ends(
        lines in proptest::collection::vec(says(), 0..80),
        orders in any::<u8>(),
    ) {
        let mut unit = HandsFree::new(Default::default());
        let mut now = Instant::ZERO;
        unit.opened(now);
        let mut polled = 0;
        for (at, line) in lines.iter().enumerate() {
            unit.receive(now, line);
            if at % 8 == usize::from(orders % 8) {
                let _ = unit.order(now, Order::Dial("1"));
            }
            while unit.poll().is_some() {
                polled += 1;
            }
            if let Some(due) = unit.wake_at().filter(|_| at % 5 == 0) {
                now = now.max(due);
                unit.wake(now);
            }
        }
        // One that says no more is given up, or has nothing to answer.
        for _ in 0..50 {
            while unit.poll().is_some() {}
            let Some(due) = unit.wake_at() else { break };
            now = now.max(due);
            unit.wake(now);
        }
        prop_assert_eq!(unit.wake_at(), None);
        prop_assert!(polled <= 100 + 30 * lines.len());
        unit.closed();
        let down = core::iter::from_fn(|| unit.poll()).last();
        let closed = hands_free::Output::Down(Failure::Closed);
        prop_assert!(down.is_none_or(|last| last == closed));
        prop_assert!(unit.calls().is_empty() && unit.wake_at().is_none());
    }

    #[test]
    fn whatever_a_unit_says_it_is_answered_once(
        lines in proptest::collection::vec("(AT)?[+A-Z0-9=?,>;:\"]{0,20}\r", 0..40),
    ) {
        let mut gateway = Gateway::new(Default::default());
        gateway.opened();
        for line in lines {
            let command = line.len() > 3 && line.starts_with("AT");
            gateway.receive(Instant::ZERO, line.as_bytes());
            let said = core::iter::from_fn(|| gateway.poll()).filter(|said| {
                let gateway::Output::Send(text) = said else { return false };
                let text = text.trim_ascii();
                text == b"OK" || text == b"ERROR" || text.starts_with(b"+CME ERROR")
            });
            let said = said.count();
            prop_assert!(said == 1 || !command && said <= 1, "{} times: {}", said, line);
        }
    }
}

/// What a phone might say: lines that mean something, in any order, and others.
fn says() -> impl Strategy<Value = Vec<u8>> {
    let line = |text: &'static str| Just(format!("\r\n{text}\r\n").into_bytes());
    prop_oneof![
        6 => line("OK"),
        1 => line("ERROR"),
        1 => line("+CME ERROR: 3"),
        1 => line("+BRSF: 16383"),
        2 => line("+CIND: (\"call\",(0,1)),(\"callsetup\",(0-3)),(\"callheld\",(0-2))"),
        1 => line("+CIND: 1,1,0"),
        1 => line("+CHLD: (0,1,2,3)"),
        1 => line("+BIND: 2,1"),
        1 => line("+BCS: 2"),
        1 => line("RING"),
        1 => (0u8..5, 0u8..4).prop_map(|(at, value)| format!("\r\n+CIEV: {at},{value}\r\n").into_bytes()),
        1 => (0u8..12, 0u8..8)
            .prop_map(|(at, s)| format!("\r\n+CLCC: {at},1,{s},0,0,\"1\",129\r\n").into_bytes()),
        1 => "\r\n[+A-Z:=,0-9\"()]{0,30}\r\n".prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..30),
    ]
}

/// The whole way: two RFCOMM sessions, frames of five octets, credits.
#[test]
fn the_battery_is_told_by_the_phones_own_way() {
    let indicators = HfIndicators::BATTERY_LEVEL;
    let unit = hands_free::Settings {
        accessory: Some(hands_free::Accessory { vendor: 0xFFFF, product: 1, version: 1 }),
        ..Default::default()
    };
    let ways = [(AgFeatures::all(), false), (AgFeatures::empty(), true)];
    for (features, accessory) in ways {
        let phone = gateway::Settings { features, accessory, indicators, ..Default::default() };
        let mut pair = Pair::new(unit, phone);
        pair.unit.set_battery(pair.now, 90);
        pair.connect();
        pair.wait(Duration::from_secs(1));
        let told = pair.done.iter().filter(|done| matches!(done, gateway::Output::Battery(_)));
        assert!(told.count() == 1, "{features:?}: {:?}", pair.done);
        let safety = pair.done.iter().any(|done| matches!(done, gateway::Output::Safety(_)));
        assert!(!safety, "it does not listen to that");
    }
}

#[test]
fn the_best_codec_is_chosen_of_both_sides() {
    for (ours, best) in [(Codecs::CVSD, Codec::Cvsd), (Codecs::CVSD | Codecs::MSBC, Codec::Msbc)] {
        let unit = hands_free::Settings { codecs: ours, ..Default::default() };
        let phone = gateway::Settings { codecs: Codecs::all(), ..Default::default() };
        let mut pair = Pair::new(unit, phone);
        pair.connect();
        assert_eq!(pair.gateway.best_codec(), best);
        assert!(pair.gateway.choose_codec(best));
        pair.settle();
        assert_eq!(pair.unit.codec(), best);
        assert!(pair.told.contains(&hands_free::Output::Codec(best)));
    }
}
