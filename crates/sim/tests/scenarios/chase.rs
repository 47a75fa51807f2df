//! What begins, interrupts and ends the pages that nobody asked for.

use core::time::Duration;

use host::{Change, Command, Event, Input, OrderKind, Refusal, Settings};
use pool::Instant;
use tandem_sim::{Act, Random};
use wire::hci::Opcode;

use crate::paging::{PAGE, assert_pages, came, lose, pages, restarted, start};
use crate::receiver::{Receiver, phone};
use crate::{ANNA, BEN, CLEO};

#[test]
fn a_chase_pauses_while_every_seat_is_taken_and_puts_nobody_out() {
    let mut receiver = Receiver::connected(Settings::default(), 3, 2);
    let lost = lose(&mut receiver, ANNA);
    receiver.act(CLEO, Act::Connect);
    receiver.run_for(60.0);
    assert!(receiver.is_connected(BEN) && receiver.is_connected(CLEO));
    let before = pages(&receiver, lost).len();
    assert!(before <= 1, "{:?}", pages(&receiver, lost));
    receiver.act(ANNA, Act::Return);
    receiver.run_for(100.0);
    assert_eq!(pages(&receiver, lost).len(), before);
    // A seat is free: its turn has come.
    receiver.act(CLEO, Act::Disconnect);
    receiver.run_for(5.0);
    assert!(receiver.is_connected(ANNA) && receiver.is_connected(BEN));
    assert_eq!(receiver.count(|event| matches!(event, Event::Evicted { .. })), 0);
}

#[test]
fn a_page_that_is_answered_when_the_last_seat_has_gone_leads_to_no_eviction() {
    let mut turned_away = 0;
    // Cleo's phone comes at every moment of the page and of what follows it.
    for step in 0..80 {
        // Each time a page of another length.
        let mut receiver = Receiver::connected(Settings::default(), 3, 2);
        for _ in 0..step % 4 {
            receiver.act(BEN, Act::Disconnect);
            receiver.run_for(1.0);
            receiver.act(BEN, Act::Connect);
            receiver.run_for(3.0);
        }
        let lost = lose(&mut receiver, BEN);
        receiver.act(BEN, Act::Return);
        receiver.run_until((lost + Duration::from_millis(1000 + 30 * step)).as_secs_f64());
        receiver.act(CLEO, Act::Connect);
        receiver.run_for(30.0);
        let seated = (0..3).filter(|&n| receiver.is_connected(n)).count();
        assert_eq!(seated, 2, "{step}");
        // Only Cleo's phone, which came by itself, may have put anybody out.
        let evicted = |event: &Event| matches!(event, Event::Evicted { .. });
        let by = |event: &Event| matches!(event, Event::Evicted { by, .. } if *by == phone(CLEO));
        assert_eq!(receiver.count(evicted), receiver.count(by), "{step}: {:#?}", receiver.told);
        assert_eq!(receiver.complaints(), [], "{step}");
        let sent = Event::Order { phone: phone(BEN), order: OrderKind::Disconnect };
        if receiver.count(|event| *event == sent) > 0 && receiver.count(evicted) == 0 {
            turned_away += 1;
            // That was the end of its chase, though there is a seat again.
            let paged = pages(&receiver, lost).len();
            receiver.act(CLEO, Act::Disconnect);
            receiver.run_for(100.0);
            assert_eq!(pages(&receiver, lost).len(), paged, "{step}");
        }
    }
    assert!(turned_away > 0, "it never was too late");
}

#[test]
fn a_phone_that_takes_the_page_and_hangs_up_is_not_paged_again() {
    let mut refused = 0;
    for step in 0..80 {
        let mut receiver = Receiver::connected(Settings::default(), 1, 1);
        let lost = lose(&mut receiver, ANNA);
        receiver.act(ANNA, Act::Return);
        receiver.run_until((lost + Duration::from_millis(2000 + 20 * step)).as_secs_f64());
        if receiver.is_connected(ANNA) {
            break;
        }
        // Of no effect before there is a link.
        receiver.act(ANNA, Act::Disconnect);
        receiver.run_for(20.0);
        assert_pages(&receiver, lost, &[(2.0, ANNA)]);
        refused += usize::from(!receiver.is_connected(ANNA));
    }
    assert!(refused > 0, "it never hung up in time");
}

#[test]
fn what_ends_a_chase() {
    type End = fn(&mut Receiver);
    let ends: [(&str, End); 5] = [
        ("forgotten", |receiver| {
            receiver.command(Command::Forget { phone: phone(ANNA) });
        }),
        ("sent away", |receiver| {
            let ticket = receiver.command(Command::Disconnect { phone: phone(ANNA) });
            assert_eq!(receiver.result(ticket), Some(Ok(())));
            let again = receiver.command(Command::Disconnect { phone: phone(ANNA) });
            assert_eq!(receiver.result(again), Some(Err(Refusal::NotConnected)));
        }),
        ("turned off", |receiver| {
            receiver.command(Command::Set(Change::Reconnect(false)));
        }),
        ("for no longer", |receiver| {
            receiver.command(Command::Set(Change::ReconnectForSeconds(1)));
        }),
        ("shut down", |receiver| {
            receiver.command(Command::Shutdown);
        }),
    ];
    for (name, end) in ends {
        // Before the first page, in the middle of it, and between pages.
        for after in [1.0, 4.0, 8.0] {
            let mut receiver = Receiver::connected(Settings::default(), 1, 1);
            let lost = lose(&mut receiver, ANNA);
            receiver.run_until((lost + Duration::from_secs_f64(after)).as_secs_f64());
            end(&mut receiver);
            let ended = receiver.now();
            receiver.run_for(0.5);
            receiver.act(ANNA, Act::Return);
            receiver.run_for(200.0);
            assert_pages(&receiver, ended, &[]);
            let page_ran = after == 4.0;
            if !(page_ran && name == "for no longer") {
                assert!(!receiver.world.phone(ANNA).is_connected(), "{name}, {after}");
            }
        }
    }
}

#[test]
fn a_phone_that_was_sent_away_is_paged_again_only_once_it_came_or_was_asked_for() {
    let mut receiver = Receiver::connected(Settings::default(), 2, 2);
    receiver.command(Command::Disconnect { phone: phone(ANNA) });
    receiver.run_for(1.0);
    // Not even when the controller comes up.
    let ready = receiver.now();
    receiver.input(Input::TransportReady);
    receiver.run_for(60.0);
    assert!(receiver.is_connected(BEN) && !receiver.is_connected(ANNA));
    assert!(pages(&receiver, ready).iter().all(|(_, n)| *n == BEN));
    let asked = receiver.command(Command::Connect { phone: phone(ANNA) });
    receiver.run_for(5.0);
    assert_eq!(receiver.result(asked), Some(Ok(())));
    let lost = lose(&mut receiver, ANNA);
    receiver.run_for(3.0);
    assert_pages(&receiver, lost, &[(2.0, ANNA)]);
}

#[test]
fn a_phone_that_lost_its_key_is_paged_once() {
    let (mut receiver, _) = restarted(1, Settings::default());
    receiver.act(ANNA, Act::Forget);
    let up = start(&mut receiver);
    receiver.run_for(1000.0);
    assert_pages(&receiver, up, &[(0.0, ANNA)]);
    assert!(!receiver.is_connected(ANNA));
    assert_eq!(receiver.bonds.len(), 1, "its bond stays");
    // Nor when the controller comes up again.
    let ready = receiver.now();
    receiver.input(Input::TransportReady);
    receiver.run_for(60.0);
    assert_pages(&receiver, ready, &[]);
}

#[test]
fn what_the_owner_asks_for_goes_first() {
    let mut receiver = Receiver::connected(Settings::default(), 2, 2);
    receiver.act(BEN, Act::Disconnect);
    let lost = lose(&mut receiver, ANNA);
    // In the middle of Anna's page.
    receiver.run_until((lost + Duration::from_secs(3)).as_secs_f64());
    let asked = receiver.command(Command::Connect { phone: phone(BEN) });
    let when = receiver.now();
    receiver.run_for(10.0);
    assert_eq!(receiver.result(asked), Some(Ok(())));
    assert!(came(&receiver, BEN, when).since(when) < Duration::from_secs(2));
    // Then Anna's again.
    receiver.act(ANNA, Act::Return);
    receiver.run_for(10.0);
    assert!(receiver.is_connected(ANNA));
    assert_eq!(receiver.complaints(), []);
}

#[test]
fn the_owner_takes_over_a_page_that_runs_and_gets_a_whole_one() {
    let mut receiver = Receiver::connected(Settings::default(), 1, 1);
    let lost = lose(&mut receiver, ANNA);
    receiver.run_until((lost + Duration::from_secs(7)).as_secs_f64());
    let asked = receiver.command(Command::Connect { phone: phone(ANNA) });
    receiver.run_for(1.0);
    assert_eq!(receiver.result(asked), None, "the first page has ended, the second runs");
    receiver.act(ANNA, Act::Return);
    receiver.run_for(5.0);
    assert_eq!(receiver.result(asked), Some(Ok(())));
    assert_pages(&receiver, lost, &[(2.0, ANNA)]);

    // In vain: it ends after the second page, and the chase goes on.
    let lost = lose(&mut receiver, ANNA);
    receiver.run_until((lost + Duration::from_secs(3)).as_secs_f64());
    let asked = receiver.command(Command::Connect { phone: phone(ANNA) });
    receiver.run_for(2.0 * PAGE);
    assert_eq!(receiver.result(asked), Some(Err(Refusal::TimedOut)));
    receiver.act(ANNA, Act::Return);
    receiver.run_for(10.0);
    assert!(receiver.is_connected(ANNA));
}

/// What must hold of every page, whatever happened before.
fn assert_manners(receiver: &Receiver, seats: usize) {
    let (mut connected, mut audible) = ([false; 3], false);
    let mut last: Option<Instant> = None;
    for (at, event) in &receiver.told {
        let number = |phone: &wire::Address| usize::from(phone.0[0]) - 0x10;
        match event {
            Event::Phone { phone, connected: on, .. } => connected[number(phone)] = *on,
            Event::Audible { sources } => audible = !sources.is_empty(),
            Event::Order { phone, order: OrderKind::Page } => {
                assert!(!connected[number(phone)], "{at:?}: it is there already");
                let free = connected.iter().filter(|on| **on).count() < seats;
                assert!(free, "{at:?}: every seat is taken");
                let apart = if audible { 30 } else { 0 };
                let since = last.map_or(Duration::MAX, |last| at.since(last));
                assert!(since >= Duration::from_secs(apart), "{at:?}: {since:?} after the last");
                last = Some(*at);
            }
            _ => {}
        }
    }
    // One page at a time: a controller that is not ready for another says so.
    let mut paging = false;
    for (at, opcode, _) in receiver.commands_since(Instant::ZERO) {
        match opcode {
            Opcode::CREATE_CONNECTION => paging = true,
            Opcode::CREATE_CONNECTION_CANCEL => {
                assert!(core::mem::take(&mut paging), "{at:?}: cancelled twice");
            }
            _ => {}
        }
    }
}

#[test]
fn whatever_happens_pages_keep_their_manners_and_everyone_is_back_in_the_end() {
    for seed in 0..8 {
        let mut random = Random::new(seed);
        let mut receiver = Receiver::connected(Settings::default(), 3, 2);
        for _ in 0..40 {
            let n = random.below(3) as usize;
            match random.below(12) {
                0 | 1 => receiver.act(n, Act::Leave),
                2 | 3 => receiver.act(n, Act::Return),
                4 => receiver.act(n, Act::Connect),
                5 => receiver.act(n, Act::Disconnect),
                6 => receiver.act(n, Act::Play(440)),
                7 => receiver.act(n, Act::Pause),
                8 => drop(receiver.command(Command::Connect { phone: phone(n) })),
                9 => drop(receiver.command(Command::Disconnect { phone: phone(n) })),
                10 => receiver.input(Input::TransportReady),
                _ => receiver.run_for(60.0),
            }
            let pause = 0.001 * random.below(9000) as f64;
            receiver.run_for(pause);
        }
        for n in 0..3 {
            receiver.act(n, Act::Return);
            receiver.act(n, Act::Pause);
        }
        receiver.run_for(130.0);
        assert_manners(&receiver, 2);
        assert_eq!(receiver.complaints(), [], "{seed}");
        // A new start forgets who was sent away: two of the three come.
        receiver.restart();
        receiver.run_for(150.0);
        let there = (0..3).filter(|&n| receiver.world.phone(n).is_connected()).count();
        assert_eq!(there, 2, "{seed}: {:#?}", receiver.told);
    }
}
