//! The owner's commands, and what becomes of them when phones and controllers go.

use core::time::Duration;

use host::{Command, ConfirmKind, Event, Input, Profile, Refusal, Settings, StreamState};
use pool::Instant;
use stack::Confirmation;
use tandem_sim::{Act, Fault};

use crate::receiver::{Receiver, phone};
use crate::{ANNA, BEN};

#[test]
fn connecting_a_phone_that_is_being_put_out_waits_until_it_is_gone() {
    let mut receiver = Receiver::connected(Settings::default(), 1, 1);
    let disconnect = receiver.command(Command::Disconnect { phone: phone(ANNA) });
    let connect = receiver.command(Command::Connect { phone: phone(ANNA) });
    assert_eq!(receiver.result(connect), None, "it is on its way out");
    receiver.run_for(8.0);
    assert_eq!(receiver.result(disconnect), Some(Ok(())));
    assert_eq!(receiver.result(connect), Some(Ok(())));
    assert!(receiver.is_connected(ANNA));
}

#[test]
fn pairing_mode_ends_by_itself() {
    let mut receiver = Receiver::new(Settings::default(), 1);
    let opened = receiver.now();
    receiver.run_until(200.0);
    let closed = Event::Pairing { open: false, seconds: 0 };
    let at = receiver.when(opened, |event| *event == closed).expect("it ended");
    assert_eq!(at.since(opened), Duration::from_secs(180));
    receiver.act(ANNA, Act::Connect);
    receiver.run_for(40.0);
    assert!(!receiver.world.phone(ANNA).is_connected());
    assert!(receiver.bonds.is_empty() && receiver.world.phone(ANNA).bonds().is_empty());
}

/// A receiver that asks, and the moment at which it asked about Anna's phone.
fn asks() -> (Receiver, Instant) {
    let settings = Settings { confirm: Confirmation::Ask, ..Settings::default() };
    let mut receiver = Receiver::new(settings, 1);
    receiver.act(ANNA, Act::Connect);
    receiver.run_for(5.0);
    let asked = |event: &Event| {
        matches!(event, Event::Confirm { phone: who, kind: ConfirmKind::Consent, .. }
            if *who == phone(ANNA))
    };
    let at = receiver.when(Instant::ZERO, asked).expect("the owner is asked");
    assert!(receiver.bonds.is_empty());
    (receiver, at)
}

#[test]
fn the_owner_is_asked_and_agrees() {
    let (mut receiver, _) = asks();
    let yes = Command::Confirm { phone: phone(ANNA), accept: true, passkey: None };
    let ticket = receiver.command(yes.clone());
    assert_eq!(receiver.result(ticket), Some(Ok(())));
    receiver.run_for(5.0);
    assert!(receiver.is_connected(ANNA) && receiver.bonds.len() == 1);
    let again = receiver.command(yes);
    assert_eq!(receiver.result(again), Some(Err(Refusal::NoSuchPhone)), "nobody is asked about");
}

#[test]
fn the_owner_is_asked_and_refuses() {
    let (mut receiver, _) = asks();
    receiver.command(Command::Confirm { phone: phone(ANNA), accept: false, passkey: None });
    receiver.run_for(5.0);
    assert!(!receiver.is_connected(ANNA) && receiver.bonds.is_empty());
    assert!(!receiver.world.phone(ANNA).is_connected());
}

#[test]
fn the_owner_is_asked_and_says_nothing() {
    let (mut receiver, asked) = asks();
    receiver.run_until((asked + Duration::from_secs(35)).as_secs_f64());
    assert!(!receiver.is_connected(ANNA) && receiver.bonds.is_empty());
    let late = Command::Confirm { phone: phone(ANNA), accept: true, passkey: None };
    let late = receiver.command(late);
    assert_eq!(receiver.result(late), Some(Err(Refusal::NoSuchPhone)));
}

#[test]
fn a_forgotten_phone_is_gone_with_its_bond() {
    let mut receiver = Receiver::connected(Settings::default(), 1, 1);
    let forget = receiver.command(Command::Forget { phone: phone(ANNA) });
    receiver.run_for(2.0);
    assert_eq!(receiver.result(forget), Some(Ok(())));
    assert!(!receiver.is_connected(ANNA) && receiver.bonds.is_empty());
    let connect = receiver.command(Command::Connect { phone: phone(ANNA) });
    assert_eq!(receiver.result(connect), Some(Err(Refusal::NotPaired)));
    // It still has its key: outside pairing mode that helps it nothing.
    receiver.command(Command::StopPairing);
    receiver.act(ANNA, Act::Connect);
    receiver.run_for(40.0);
    assert!(!receiver.is_connected(ANNA) && receiver.bonds.is_empty());
}

#[test]
fn forgetting_a_phone_that_is_being_paged_ends_the_page() {
    let mut receiver = Receiver::connected(Settings::default(), 1, 1);
    receiver.act(ANNA, Act::Disconnect);
    receiver.act(ANNA, Act::Leave);
    receiver.run_for(30.0);
    let connect = receiver.command(Command::Connect { phone: phone(ANNA) });
    receiver.run_for(1.0);
    assert_eq!(receiver.result(connect), None);
    let forget = receiver.command(Command::Forget { phone: phone(ANNA) });
    assert_eq!(receiver.result(connect), Some(Err(Refusal::NotPaired)));
    assert_eq!(receiver.result(forget), Some(Ok(())));
    receiver.run_for(1.0);
    receiver.act(ANNA, Act::Return);
    receiver.run_for(10.0);
    assert!(!receiver.is_connected(ANNA) && !receiver.world.phone(ANNA).is_connected());
}

#[test]
fn a_disconnection_ends_the_stream_and_the_profile_before_the_phone() {
    let mut receiver = Receiver::connected(Settings::default(), 1, 1);
    receiver.act(ANNA, Act::Play(440));
    receiver.run_for(1.0);
    let from = receiver.told.len();
    receiver.act(ANNA, Act::Disconnect);
    receiver.run_for(1.0);
    let told: Vec<_> = receiver.told[from..].iter().map(|(_, event)| event).collect();
    let at = |is: &dyn Fn(&Event) -> bool| {
        told.iter().position(|event| is(event)).unwrap_or_else(|| panic!("missing in {told:?}"))
    };
    let closed = at(&|e| matches!(e, Event::Stream { state: StreamState::Closed, .. }));
    let silent = at(&|e| matches!(e, Event::Audible { sources } if sources.is_empty()));
    let down = at(&|e| matches!(e, Event::Profile { profile: Profile::A2dp, up: false, .. }));
    let gone = at(&|e| matches!(e, Event::Phone { connected: false, .. }));
    assert!(closed < gone && silent < gone && down < gone, "{told:?}");
}

#[test]
fn a_controller_that_dies_and_comes_back_serves_again() {
    let mut receiver = Receiver::connected(Settings::default(), 2, 2);
    receiver.act(ANNA, Act::Play(440));
    receiver.run_for(1.0);
    let waits = receiver.command(Command::Disconnect { phone: phone(BEN) });
    let here = receiver.world.receiver();
    receiver.world.air().set_fault(here, Fault::Silent);
    receiver.input(Input::TransportLost);
    assert!(receiver.result(waits).is_some(), "everybody who waits is told");
    assert!(!receiver.is_connected(ANNA) && !receiver.is_connected(BEN));
    assert_eq!(receiver.hears(), [0; 0]);
    let lost = |event: &Event| matches!(event, Event::Controller { up: false, .. });
    assert_eq!(receiver.count(lost), 1);
    let connect = receiver.command(Command::Connect { phone: phone(ANNA) });
    assert_eq!(receiver.result(connect), Some(Err(Refusal::ControllerLost)));
    receiver.run_for(30.0);
    receiver.world.air().repair(here);
    receiver.input(Input::TransportReady);
    receiver.run_for(1.0);
    assert_eq!(receiver.count(|event| matches!(event, Event::Controller { up: true, .. })), 2);
    for n in [ANNA, BEN] {
        receiver.act(n, Act::Connect);
        receiver.run_for(5.0);
        assert!(receiver.is_connected(n), "{:#?}", receiver.told);
    }
    assert_eq!(receiver.count(|event| matches!(event, Event::Paired { .. })), 2, "with their keys");
    assert_eq!(receiver.hears(), [ANNA]);
}

#[test]
fn a_page_that_the_controllers_end_cuts_off_ends_as_that() {
    let mut receiver = Receiver::connected(Settings::default(), 1, 1);
    receiver.act(ANNA, Act::Disconnect);
    receiver.act(ANNA, Act::Leave);
    receiver.run_for(30.0);
    let connect = receiver.command(Command::Connect { phone: phone(ANNA) });
    receiver.run_for(1.0);
    receiver.input(Input::TransportLost);
    assert_eq!(receiver.result(connect), Some(Err(Refusal::ControllerLost)));
}

#[test]
fn a_transport_that_begins_anew_without_having_been_lost_is_a_loss_all_the_same() {
    let mut receiver = Receiver::connected(Settings::default(), 1, 1);
    receiver.input(Input::TransportReady);
    receiver.run_for(1.0);
    let states: Vec<bool> = (receiver.told.iter())
        .filter_map(|(_, event)| match event {
            Event::Controller { up, .. } => Some(*up),
            _ => None,
        })
        .collect();
    assert_eq!(states, [true, false, true]);
}

#[test]
fn whoever_shuts_down_lets_nobody_in_and_leaves_no_command_without_an_end() {
    let mut receiver = Receiver::connected(Settings::default(), 2, 1);
    let mut ends = vec![receiver.command(Command::Disconnect { phone: phone(ANNA) })];
    let shutdown = receiver.command(Command::Shutdown);
    ends.push(receiver.command(Command::Pair { seconds: 60 }));
    ends.push(receiver.command(Command::Connect { phone: phone(ANNA) }));
    receiver.run_for(1.0);
    assert_eq!(receiver.result(shutdown), Some(Ok(())));
    for ticket in ends {
        assert!(receiver.result(ticket).is_some(), "{ticket:?}");
    }
    assert!(!receiver.is_connected(ANNA));
    receiver.act(ANNA, Act::Connect);
    receiver.act(BEN, Act::Connect);
    receiver.run_for(10.0);
    assert!(!receiver.is_connected(ANNA) && !receiver.is_connected(BEN));
    assert!(!receiver.world.phone(ANNA).is_connected());
}

#[test]
fn a_page_that_shutting_down_cuts_off_ends_and_nobody_comes_after() {
    let mut receiver = Receiver::connected(Settings::default(), 2, 1);
    receiver.act(ANNA, Act::Disconnect);
    receiver.act(ANNA, Act::Leave);
    receiver.run_for(30.0);
    let connect = receiver.command(Command::Connect { phone: phone(ANNA) });
    receiver.run_for(1.0);
    let shutdown = receiver.command(Command::Shutdown);
    assert_eq!(receiver.result(connect), Some(Err(Refusal::Busy)));
    assert_eq!(receiver.result(shutdown), Some(Ok(())));
    receiver.act(ANNA, Act::Return);
    receiver.act(BEN, Act::Connect);
    receiver.run_for(10.0);
    assert!(!receiver.is_connected(ANNA) && !receiver.is_connected(BEN));
}

#[test]
fn a_links_state_is_told_at_most_once_in_ten_seconds() {
    let mut receiver = Receiver::connected(Settings::default(), 1, 1);
    for _ in 0..12 {
        receiver.act(ANNA, Act::Disconnect);
        receiver.run_for(1.0);
        receiver.act(ANNA, Act::Connect);
        receiver.run_for(1.5);
    }
    receiver.run_for(15.0);
    let told: Vec<_> = (receiver.told.iter())
        .filter(|(_, event)| matches!(event, Event::Link { .. }))
        .map(|(at, _)| *at)
        .collect();
    assert!(told.len() >= 3, "{told:?}");
    for pair in told.windows(2) {
        assert!(pair[1].since(pair[0]) >= Duration::from_secs(10), "{told:?}");
    }
}

#[test]
fn how_a_link_is_received_is_told_with_its_state() {
    let mut receiver = Receiver::connected(Settings::default(), 1, 1);
    receiver.run_for(25.0);
    let told = receiver.told.iter().rev().find_map(|(_, event)| match event {
        Event::Link { rssi, quality, .. } => Some((rssi.is_some(), *quality)),
        _ => None,
    });
    // The simulator's controllers have nothing to complain of.
    assert_eq!(told, Some((true, Some(0xFF))));
}

#[test]
fn we_are_central_whoever_placed_the_link() {
    let mut receiver = Receiver::connected(Settings::default(), 1, 1);
    receiver.act(ANNA, Act::Disconnect);
    receiver.run_for(15.0);
    receiver.command(Command::Connect { phone: phone(ANNA) });
    receiver.run_for(15.0);
    let roles = receiver.told.iter().filter_map(|(_, event)| match event {
        Event::Link { central, .. } => Some(*central),
        _ => None,
    });
    let roles: Vec<_> = roles.collect();
    assert!(roles.len() >= 2 && roles.iter().all(|central| *central), "{roles:?}");
}
