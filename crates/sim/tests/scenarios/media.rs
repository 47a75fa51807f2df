//! Rows 16 and 17: whose music is heard.

use core::time::Duration;

use host::{Change, Command, Event, Input, Settings, StreamState};
use multipoint::Takeover;
use pool::Instant;
use stack::a2dp::{Configuration, HIGH_QUALITY_BITPOOL, SHARED_BITPOOL};
use tandem_sim::Act;

use crate::receiver::Receiver;
use crate::{ANNA, BEN, CLEO, with};

/// Both connected and settled; Anna plays, then Ben. Gives when Ben's stream began to flow.
fn both_play(takeover: Takeover) -> (Receiver, Instant) {
    Receiver::connected(with(takeover), 2, 2).one_after_the_other()
}

#[test]
fn row_16_last_the_one_that_started_last_is_heard_after_two_seconds_of_sound() {
    let (mut receiver, started) = both_play(Takeover::Last);
    let (at, who) = receiver.heard().pop().expect("somebody is heard");
    assert_eq!(who, [BEN]);
    let after = at.since(started);
    assert!((2000..2030).contains(&after.as_millis()), "{after:?}");
    assert_eq!(receiver.heard().len(), 2, "at once, without a gap: {:?}", receiver.heard());
    // Anna plays on; she started earlier and does not take it back.
    receiver.run_for(30.0);
    assert_eq!(receiver.hears(), [BEN]);
    // Ben pauses: Anna, who still plays, is heard at once.
    let paused = receiver.now();
    receiver.act(BEN, Act::Pause);
    receiver.run_for(1.0);
    let (at, who) = receiver.heard().pop().expect("somebody is heard");
    assert_eq!(who, [ANNA]);
    assert!(at.since(paused) < Duration::from_millis(50));
}

#[test]
fn row_16_first_the_one_that_started_first_keeps_the_ear() {
    for takeover in [Takeover::First, Takeover::FirstMute] {
        let (mut receiver, _) = both_play(takeover);
        receiver.run_for(30.0);
        assert_eq!(receiver.hears(), [ANNA], "{takeover:?}");
        assert_eq!(receiver.heard().len(), 1, "{takeover:?}");
        receiver.act(ANNA, Act::Pause);
        receiver.run_for(1.0);
        assert_eq!(receiver.hears(), [BEN], "{takeover:?}");
    }
}

#[test]
fn row_16_mix_both_are_heard_at_once() {
    let (receiver, started) = both_play(Takeover::Mix);
    let (at, who) = receiver.heard().pop().expect("somebody is heard");
    assert_eq!((at, who), (started, vec![ANNA, BEN]));
    assert!(receiver.gains.iter().all(|(_, gain)| *gain == 1.0), "{:?}", receiver.gains);
}

#[test]
fn a_mix_that_ends_leaves_the_ear_with_whom_the_new_policy_says() {
    for (takeover, winner) in [(Takeover::Last, BEN), (Takeover::First, ANNA)] {
        let (mut receiver, _) = both_play(Takeover::Mix);
        receiver.command(Command::Set(Change::Takeover(takeover)));
        receiver.run_for(10.0);
        assert_eq!(receiver.hears(), [winner], "{takeover:?}: {:?}", receiver.heard());
    }
}

#[test]
fn row_17_a_blip_shorter_than_two_seconds_is_unheard() {
    let mut receiver = Receiver::connected(Settings::default(), 2, 2);
    receiver.act(ANNA, Act::Play(440));
    receiver.run_for(1.0);
    for _ in 0..3 {
        receiver.act(BEN, Act::Play(660));
        receiver.run_for(1.9);
        receiver.act(BEN, Act::Pause);
        receiver.run_for(1.0);
    }
    assert_eq!(receiver.heard().len(), 1, "{:?}", receiver.heard());
}

#[test]
fn row_17_nothing_takes_over_within_five_seconds_after_connecting() {
    let mut receiver = Receiver::connected(Settings::default(), 2, 1);
    receiver.act(ANNA, Act::Play(440));
    receiver.run_for(1.0);
    receiver.act(BEN, Act::Play(660));
    receiver.act(BEN, Act::Connect);
    receiver.run_for(30.0);
    assert!(receiver.is_connected(BEN) && receiver.world.phone(BEN).is_playing());
    assert_eq!(receiver.heard().len(), 1, "it plays by itself: {:?}", receiver.heard());
    // Its owner pauses it and presses play: that counts.
    receiver.act(BEN, Act::Pause);
    receiver.run_for(1.0);
    receiver.act(BEN, Act::Play(660));
    receiver.run_for(3.0);
    assert_eq!(receiver.hears(), [BEN]);
}

#[test]
fn row_17_with_nobody_audible_any_start_is_heard_at_once() {
    let mut receiver = Receiver::new(Settings::default(), 1);
    receiver.act(ANNA, Act::Play(440));
    receiver.act(ANNA, Act::Connect);
    receiver.run_for(3.0);
    let playing =
        |event: &Event| matches!(event, Event::Stream { state: StreamState::Playing, .. });
    let started = receiver.when(Instant::ZERO, playing).expect("it plays");
    assert_eq!(receiver.heard(), [(started, vec![ANNA])]);
}

#[test]
fn what_the_ear_says_of_a_stream_that_is_gone_counts_for_nobody() {
    let mut receiver = Receiver::connected(Settings::default(), 3, 2);
    receiver.act(ANNA, Act::Play(440));
    receiver.act(BEN, Act::Play(660));
    receiver.run_for(4.0);
    let (old, _) = receiver.gains[1];
    receiver.act(BEN, Act::Disconnect);
    receiver.run_for(1.0);
    // Cleo's stream on the link that was Ben's flows, and nothing has sounded yet.
    receiver.act(CLEO, Act::Connect);
    receiver.run_for(10.0);
    let (new, _) = receiver.gains[1];
    assert!(new != old && new.link() == old.link());
    receiver.deaf = true;
    receiver.act(CLEO, Act::Play(880));
    receiver.run_for(1.0);
    receiver.input(Input::Sounding(old, true));
    receiver.run_for(10.0);
    assert_eq!(receiver.hears(), [ANNA], "silence takes nothing over");
    receiver.input(Input::Sounding(new, true));
    receiver.run_for(3.0);
    assert_eq!(receiver.hears(), [CLEO]);
}

#[test]
fn streams_leave_the_air_room_for_another_where_there_is_a_seat_for_it() {
    let bitpool = |receiver: &Receiver| match receiver.coded {
        Some(Configuration::Sbc(sbc)) => sbc.bitpools.maximum(),
        _ => 0,
    };
    let policy = multipoint::Policy { seats: 1, ..multipoint::Policy::default() };
    let mut receiver = Receiver::connected(Settings { policy, ..Settings::default() }, 2, 1);
    assert_eq!(bitpool(&receiver), HIGH_QUALITY_BITPOOL);
    receiver.command(Command::Set(Change::Seats(2)));
    receiver.act(BEN, Act::Connect);
    receiver.run_for(3.0);
    assert_eq!(bitpool(&receiver), SHARED_BITPOOL);
}
