//! Rows 19, 20 and 25: whom the receiver pages unasked, when, and for how long.

use core::time::Duration;

use host::{Command, Event, Input, OrderKind, Settings};
use multipoint::Policy;
use pool::Instant;
use tandem_sim::{Act, Fault};
use wire::hci::Opcode;

use crate::receiver::{Receiver, phone};
use crate::{ANNA, BEN, CLEO};

/// How long a page takes that nobody answers, and under music.
pub const PAGE: f64 = 5.12;
const BRIEF: f64 = 1.4;

/// Every page that nobody asked for: when, since a moment, and whose.
pub fn pages(receiver: &Receiver, since: Instant) -> Vec<(f64, usize)> {
    let paged = receiver.told.iter().filter_map(|(at, event)| match event {
        Event::Order { phone, order: OrderKind::Page } if *at >= since => {
            Some((at.since(since).as_secs_f64(), usize::from(phone.0[0]) - 0x10))
        }
        _ => None,
    });
    paged.collect()
}

/// The pages are these, to 20 ms.
#[track_caller]
pub fn assert_pages(receiver: &Receiver, since: Instant, expected: &[(f64, usize)]) {
    let paged = pages(receiver, since);
    let same = paged.len() == expected.len()
        && paged.iter().zip(expected).all(|(a, b)| (a.0 - b.0).abs() < 0.02 && a.1 == b.1);
    assert!(same, "{paged:.3?}\ninstead of {expected:.3?}");
}

/// When a phone was last told to be gone, and why.
fn gone(receiver: &Receiver, n: usize) -> (Instant, u8) {
    let gone = receiver.told.iter().rev().find_map(|(at, event)| match event {
        Event::Phone { phone: who, connected: false, reason, .. } if *who == phone(n) => {
            Some((*at, reason.expect("there is a reason")))
        }
        _ => None,
    });
    gone.expect("it went")
}

/// When a phone was told to be there, first since a moment.
pub fn came(receiver: &Receiver, n: usize, since: Instant) -> Instant {
    let is = |event: &Event| matches!(event, Event::Phone { phone: who, connected: true, .. } if *who == phone(n));
    receiver.when(since, is).unwrap_or_else(|| panic!("{n} did not come: {:#?}", receiver.told))
}

/// Lets a phone out of range, until its link is lost; gives when that was.
pub fn lose(receiver: &mut Receiver, n: usize) -> Instant {
    receiver.act(n, Act::Leave);
    while receiver.is_connected(n) {
        receiver.run_for(0.25);
    }
    let (at, reason) = gone(receiver, n);
    assert_eq!(reason, 0x08);
    at
}

/// So many phones that were there one after the other and left on purpose; then a new start.
pub fn restarted(phones: usize, settings: Settings) -> (Receiver, Instant) {
    let mut receiver = Receiver::new(settings, phones);
    for n in 0..phones {
        receiver.act(n, Act::Connect);
        receiver.run_for(4.0);
        assert!(receiver.is_connected(n));
        receiver.act(n, Act::Disconnect);
        receiver.run_for(1.0);
    }
    let shutdown = receiver.command(Command::Shutdown);
    assert_eq!(receiver.result(shutdown), Some(Ok(())));
    let before = receiver.now();
    assert_pages(&receiver, Instant::ZERO, &[]);
    (receiver, before)
}

/// Starts the program anew; gives when the controller was up.
pub fn start(receiver: &mut Receiver) -> Instant {
    let before = receiver.now();
    receiver.restart();
    receiver.run_for(0.5);
    let up = |event: &Event| matches!(event, Event::Controller { up: true, .. });
    receiver.when(before, up).expect("the controller comes up")
}

#[test]
fn row_19_the_phones_used_last_are_paged_in_turn_as_many_as_seats() {
    let (mut receiver, _) = restarted(3, Settings::default());
    let up = start(&mut receiver);
    receiver.run_for(10.0);
    let cleo = came(&receiver, CLEO, up);
    assert!(cleo.since(up) < Duration::from_secs(2), "{:?}", cleo.since(up));
    // A second after Cleo's phone has come, Ben's is paged: the seats are full then.
    let second = cleo.since(up).as_secs_f64() + 1.0;
    assert_pages(&receiver, up, &[(0.0, CLEO), (second, BEN)]);
    came(&receiver, BEN, up);
    assert_eq!(receiver.count(|event| matches!(event, Event::Paired { .. })), 3, "with their keys");
}

#[test]
fn row_19_used_last_is_who_was_there_last_over_restarts_and_with_few_writes() {
    let (mut receiver, _) = restarted(3, Settings::default());
    receiver.restart();
    receiver.run_for(10.0);
    assert!(receiver.is_connected(CLEO) && receiver.is_connected(BEN));
    let mut order = |last: [usize; 2], writes: usize, acts: &dyn Fn(&mut Receiver)| {
        let before = receiver.stored;
        acts(&mut receiver);
        receiver.command(Command::Shutdown);
        receiver.run_for(1.0);
        assert_eq!(receiver.stored - before, writes, "{last:?}");
        let up = start(&mut receiver);
        receiver.run_for(10.0);
        let who: Vec<_> = pages(&receiver, up).into_iter().map(|(_, n)| n).collect();
        assert_eq!(who, last);
    };
    // Two that were there together: the one that came later goes before, whoever leaves first.
    order([BEN, CLEO], 0, &|_| {});
    order([CLEO, BEN], 0, &|_| {});
    // A visitor: whoever stays longer was used later, and leaves with the receiver or before it.
    let visit = |receiver: &mut Receiver, whose: usize, visitor: usize| {
        receiver.act(whose, Act::Disconnect);
        receiver.run_for(1.0);
        receiver.act(visitor, Act::Connect);
        receiver.run_for(3.0);
        receiver.act(visitor, Act::Disconnect);
        receiver.run_for(1.0);
    };
    order([BEN, ANNA], 2, &|receiver| visit(receiver, CLEO, ANNA));
    // Ben stays longer than two, and is known for it each time.
    order([BEN, CLEO], 3, &|receiver| {
        visit(receiver, ANNA, CLEO);
        receiver.act(BEN, Act::Disconnect);
        receiver.run_for(1.0);
    });
}

#[test]
fn row_19_who_was_there_when_the_power_failed_is_paged_and_not_who_was_put_out() {
    let mut receiver = Receiver::connected(Settings::default(), 3, 2);
    receiver.act(ANNA, Act::Play(440));
    receiver.run_for(1.0);
    receiver.act(CLEO, Act::Connect);
    receiver.run_for(4.0);
    assert!(receiver.is_connected(ANNA) && receiver.is_connected(CLEO));
    let up = start(&mut receiver);
    receiver.run_for(10.0);
    let who: Vec<_> = pages(&receiver, up).into_iter().map(|(_, n)| n).collect();
    // Their phones have yet to notice that they are to come again.
    assert!(who.starts_with(&[ANNA, CLEO]) && !who.contains(&BEN), "{who:?}");
}

#[test]
fn row_19_with_one_seat_only_the_phone_used_last_is_paged() {
    let policy = Policy { seats: 1, ..Policy::default() };
    let (mut receiver, _) = restarted(2, Settings { policy, ..Settings::default() });
    let up = start(&mut receiver);
    receiver.run_for(60.0);
    assert_pages(&receiver, up, &[(0.0, BEN)]);
    assert!(receiver.is_connected(BEN) && !receiver.is_connected(ANNA));
}

#[test]
fn row_19_absent_phones_take_turns_and_may_come_by_themselves_in_between() {
    let (mut receiver, _) = restarted(2, Settings::default());
    receiver.act(ANNA, Act::Leave);
    receiver.act(BEN, Act::Leave);
    let up = start(&mut receiver);
    receiver.run_for(30.0);
    // One page at a time, a second in between; each phone's waits double.
    let turn = |n: u8| f64::from(n) * (PAGE + 1.0);
    let expected =
        [(turn(0), BEN), (turn(1), ANNA), (turn(2), BEN), (turn(3), ANNA), (turn(4), BEN)];
    assert_pages(&receiver, up, &expected);
    // Page scan is on: whoever comes ends its own chase, and that alone.
    receiver.act(ANNA, Act::Return);
    receiver.act(ANNA, Act::Connect);
    receiver.run_for(8.0);
    let there = came(&receiver, ANNA, up);
    receiver.run_for(120.0);
    assert!(receiver.is_connected(ANNA));
    assert!(pages(&receiver, there).iter().all(|(_, n)| *n == BEN));
    assert!(pages(&receiver, there).len() > 2);
}

#[test]
fn row_20_a_lost_phone_is_paged_after_two_seconds_doubling_to_sixty_for_fifteen_minutes() {
    let mut receiver = Receiver::connected(Settings::default(), 2, 2);
    let lost = lose(&mut receiver, ANNA);
    receiver.run_for(2000.0);
    let mut expected = Vec::new();
    let (mut at, mut wait) = (0.0, 2.0);
    while at + wait <= 900.0 {
        expected.push((at + wait, ANNA));
        at += wait + PAGE;
        wait = f64::min(2.0 * wait, 60.0);
    }
    // The controller's answers take a moment each: they add up.
    let paged = pages(&receiver, lost);
    assert_eq!(paged.len(), expected.len(), "{paged:?}");
    for (n, (paged, expected)) in paged.iter().zip(&expected).enumerate() {
        assert!((paged.0 - expected.0).abs() < 0.002 * (n + 1) as f64, "{paged:?} {expected:?}");
    }
    assert!(receiver.is_connected(BEN));
    // That was that: it is not paged when it is back, but may come.
    receiver.act(ANNA, Act::Return);
    receiver.run_for(200.0);
    assert!(!receiver.is_connected(ANNA));
    receiver.act(ANNA, Act::Connect);
    receiver.run_for(5.0);
    assert!(receiver.is_connected(ANNA));
    assert_eq!(pages(&receiver, lost).len(), expected.len());
}

#[test]
fn row_20_a_lost_phone_that_is_back_has_a_seat_within_seconds() {
    let mut receiver = Receiver::connected(Settings::default(), 1, 1);
    let lost = lose(&mut receiver, ANNA);
    receiver.act(ANNA, Act::Return);
    receiver.run_for(10.0);
    assert_pages(&receiver, lost, &[(2.0, ANNA)]);
    assert!(came(&receiver, ANNA, lost).since(lost) < Duration::from_secs(4));
    // The next loss begins anew.
    let lost = lose(&mut receiver, ANNA);
    receiver.run_for(12.0);
    assert_pages(&receiver, lost, &[(2.0, ANNA), (2.0 + PAGE + 4.0, ANNA)]);
}

#[test]
fn row_20_a_phone_that_went_on_purpose_is_not_chased() {
    let mut receiver = Receiver::connected(Settings::default(), 2, 2);
    receiver.act(ANNA, Act::Disconnect);
    let ticket = receiver.command(Command::Disconnect { phone: phone(BEN) });
    receiver.run_for(1.0);
    assert_eq!(receiver.result(ticket), Some(Ok(())));
    assert_eq!((gone(&receiver, ANNA).1, gone(&receiver, BEN).1), (0x13, 0x16));
    receiver.run_for(1000.0);
    assert_pages(&receiver, Instant::ZERO, &[]);
}

#[test]
fn row_20_under_music_pages_are_brief_and_rare() {
    let mut receiver = Receiver::connected(Settings::default(), 2, 2);
    receiver.act(BEN, Act::Play(660));
    receiver.run_for(1.0);
    let lost = lose(&mut receiver, ANNA);
    receiver.run_for(70.0);
    assert_pages(&receiver, lost, &[(2.0, ANNA), (32.0, ANNA), (62.0, ANNA)]);
    // The time-out is written before each first page under it.
    let commands = receiver.commands_since(lost);
    let told: Vec<_> = commands
        .iter()
        .filter(|(_, opcode, _)| {
            [Opcode::WRITE_PAGE_TIMEOUT, Opcode::CREATE_CONNECTION].contains(opcode)
        })
        .collect();
    assert_eq!(told.len(), 4, "{told:?}");
    assert_eq!(told[0].1, Opcode::WRITE_PAGE_TIMEOUT);
    let slots = u16::from_le_bytes([told[0].2[0], told[0].2[1]]);
    assert_eq!(slots, (BRIEF / 0.000_625) as u16);
    // Silence: the usual time-out, and the waits that its failures had doubled.
    let silent = receiver.now();
    receiver.act(BEN, Act::Pause);
    receiver.run_for(120.0);
    let since: Vec<_> = pages(&receiver, silent);
    assert!(!since.is_empty());
    let commands = receiver.commands_since(silent);
    let written = commands.iter().find(|(_, opcode, _)| *opcode == Opcode::WRITE_PAGE_TIMEOUT);
    assert_eq!(written.expect("it is written again").2, [0x00, 0x20]);
}

#[test]
fn row_20_music_that_begins_under_a_page_cuts_it_short() {
    let mut receiver = Receiver::connected(Settings::default(), 2, 2);
    let lost = lose(&mut receiver, ANNA);
    receiver.run_until((lost + Duration::from_millis(2500)).as_secs_f64());
    assert_pages(&receiver, lost, &[(2.0, ANNA)]);
    receiver.act(BEN, Act::Play(660));
    receiver.run_for(45.0);
    assert_eq!(receiver.hears(), [BEN]);
    let commands = receiver.commands_since(lost);
    let cancelled = commands
        .iter()
        .find(|(_, opcode, _)| *opcode == Opcode::CREATE_CONNECTION_CANCEL)
        .map(|(at, ..)| at.since(lost).as_secs_f64());
    assert!((cancelled.expect("it is cut") - 2.0 - BRIEF).abs() < 0.02, "{cancelled:?}");
    assert_pages(&receiver, lost, &[(2.0, ANNA), (32.0, ANNA)]);
}

/// The controller says that Anna's link, the first, has ended so.
fn end(receiver: &mut Receiver, reason: u8) -> Instant {
    let commands = receiver.commands_since(Instant::ZERO);
    let features = Opcode::READ_REMOTE_SUPPORTED_FEATURES;
    let asked = commands.iter().rfind(|(_, opcode, _)| *opcode == features);
    let handle = &asked.expect("every link's features are read").2;
    receiver.hear(&[0x05, 4, 0, handle[0], handle[1], reason]);
    assert!(!receiver.is_connected(ANNA));
    receiver.now()
}

#[test]
fn row_20_only_a_loss_is_one() {
    for reason in 0x01..=0x45 {
        let mut receiver = Receiver::connected(Settings::default(), 1, 1);
        let ended = end(&mut receiver, reason);
        receiver.run_for(3.0);
        let chased = [0x03, 0x08, 0x22].contains(&reason);
        assert_eq!(pages(&receiver, ended).len(), usize::from(chased), "0x{reason:02X}");
    }
    // An earlier chase is over when its phone is back.
    let mut receiver = Receiver::connected(Settings::default(), 1, 1);
    lose(&mut receiver, ANNA);
    receiver.act(ANNA, Act::Return);
    receiver.run_for(10.0);
    assert!(receiver.is_connected(ANNA));
    let ended = end(&mut receiver, 0x3D);
    receiver.run_for(100.0);
    assert_pages(&receiver, ended, &[]);
}

#[test]
fn row_25_when_the_controller_is_back_those_who_were_connected_come_first() {
    let mut receiver = Receiver::connected(Settings::default(), 3, 2);
    // Cleo's phone was used last, and left.
    receiver.act(BEN, Act::Disconnect);
    receiver.run_for(1.0);
    receiver.act(CLEO, Act::Connect);
    receiver.run_for(3.0);
    receiver.act(CLEO, Act::Disconnect);
    receiver.run_for(1.0);
    let here = receiver.world.receiver();
    receiver.world.air().set_fault(here, Fault::Silent);
    let lost = receiver.now();
    receiver.input(Input::TransportLost);
    let told = |event: &Event| matches!(event, Event::Controller { up: false, .. });
    assert_eq!(receiver.when(lost, told), Some(lost));
    assert_eq!(gone(&receiver, ANNA), (lost, 0x03));
    // However long that takes.
    receiver.run_for(2000.0);
    assert_pages(&receiver, lost, &[]);
    receiver.world.air().repair(here);
    receiver.input(Input::TransportReady);
    receiver.run_for(20.0);
    let who: Vec<_> = pages(&receiver, lost).into_iter().map(|(_, n)| n).collect();
    assert_eq!(who, [ANNA, CLEO]);
    assert!(receiver.is_connected(ANNA) && receiver.is_connected(CLEO));
}

#[test]
fn row_25_a_controller_that_begins_anew_has_its_phones_back_within_seconds() {
    let mut receiver = Receiver::connected(Settings::default(), 2, 2);
    receiver.act(ANNA, Act::Disconnect);
    receiver.run_for(1.0);
    receiver.act(ANNA, Act::Connect);
    receiver.run_for(3.0);
    let lost = receiver.now();
    receiver.input(Input::TransportReady);
    receiver.run_for(12.0);
    // They went together; Anna's came last.
    assert_eq!(pages(&receiver, lost)[0].1, ANNA);
    // They hold their end of the link for 5 s yet, and say so to a page.
    for n in [ANNA, BEN] {
        assert!(came(&receiver, n, lost).since(lost) < Duration::from_secs(10));
    }
    assert_eq!(receiver.count(|event| matches!(event, Event::Paired { .. })), 2, "with their keys");
}
