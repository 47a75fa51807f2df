//! Remote control: what phones tell of their players, keys, volume (row 24), and who is paused for whom
//! (rows 6, 16 and 17).

use core::time::Duration;

use host::{
    Change, Command, Event, MediaAction, OrderKind, PlaybackStatus, Profile, Refusal, Settings,
    VolumeKind,
};
use multipoint::Takeover;
use pool::Instant;
use tandem_sim::Act;
use wire::avrcp::{OperationId, PlayStatus, Volume};

use crate::receiver::{Receiver, phone};
use crate::{ANNA, BEN, CLEO, with};

fn playback(receiver: &Receiver, n: usize) -> Option<PlaybackStatus> {
    receiver.told.iter().rev().find_map(|(_, event)| match event {
        Event::Playback { phone: who, status, .. } if *who == phone(n) => Some(*status),
        _ => None,
    })
}

fn title(receiver: &Receiver, n: usize) -> Option<String> {
    receiver.told.iter().rev().find_map(|(_, event)| match event {
        Event::Track { phone: who, track } if *who == phone(n) => Some(track.title.as_str().into()),
        _ => None,
    })
}

fn press(receiver: &mut Receiver, action: MediaAction, who: Option<usize>) -> Result<(), Refusal> {
    let ticket = receiver.command(Command::Media { action, phone: who.map(phone) });
    receiver.run_for(1.0);
    receiver.result(ticket).expect("it ends")
}

fn set_volume(receiver: &mut Receiver, percent: u8, who: usize) -> Result<(), Refusal> {
    let (kind, phone) = (VolumeKind::Media, Some(phone(who)));
    let ticket = receiver.command(Command::Volume { percent, kind, phone });
    receiver.run_for(1.0);
    receiver.result(ticket).expect("it ends")
}

fn volume(receiver: &Receiver, n: usize) -> Option<Volume> {
    receiver.world.phone(n).player()?.volume
}

fn gain(receiver: &Receiver) -> f32 {
    receiver.gains.iter().map(|(_, gain)| *gain).fold(0.0, f32::max)
}

#[test]
fn what_a_phone_plays_is_told() {
    let mut receiver = Receiver::connected_with_remotes(Settings::default(), 1, 1);
    let up =
        |event: &Event| matches!(event, Event::Profile { profile: Profile::Avrcp, up: true, .. });
    assert_eq!(receiver.count(up), 1, "{:#?}", receiver.told);
    receiver.act(ANNA, Act::Play(440));
    receiver.run_for(2.0);
    assert_eq!(playback(&receiver, ANNA), Some(PlaybackStatus::Playing));
    assert_eq!(title(&receiver, ANNA).as_deref(), Some("440 Hz, no. 1"));
    receiver.act(ANNA, Act::Next);
    receiver.run_for(2.0);
    assert_eq!(title(&receiver, ANNA).as_deref(), Some("440 Hz, no. 2"));
    receiver.act(ANNA, Act::Pause);
    receiver.run_for(2.0);
    assert_eq!(playback(&receiver, ANNA), Some(PlaybackStatus::Paused));
    receiver.act(ANNA, Act::Disconnect);
    receiver.run_for(1.0);
    let down =
        |event: &Event| matches!(event, Event::Profile { profile: Profile::Avrcp, up: false, .. });
    assert_eq!(receiver.count(down), 1, "{:#?}", receiver.told);
    assert_eq!(receiver.complaints(), []);
}

#[test]
fn keys_go_to_the_phone_that_is_heard_else_to_the_one_heard_last() {
    let mut receiver = Receiver::connected_with_remotes(Settings::default(), 2, 2);
    receiver.act(ANNA, Act::Play(440));
    receiver.run_for(2.0);
    assert_eq!(press(&mut receiver, MediaAction::PlayPause, None), Ok(()));
    receiver.run_for(1.0);
    assert_eq!(playback(&receiver, ANNA), Some(PlaybackStatus::Paused));
    assert_eq!(receiver.hears(), Vec::<usize>::new());
    assert_eq!(press(&mut receiver, MediaAction::PlayPause, None), Ok(()));
    receiver.run_for(1.0);
    assert_eq!(receiver.hears(), [ANNA]);
    assert_eq!(press(&mut receiver, MediaAction::Next, Some(BEN)), Ok(()));
    let pressed = |n: usize| receiver.world.phone(n).player().expect("a player").pressed.clone();
    assert_eq!(pressed(ANNA), [OperationId::PAUSE, OperationId::PLAY]);
    assert_eq!(pressed(BEN), [OperationId::FORWARD]);
    assert_eq!(receiver.world.phone(BEN).player().expect("a player").status(), PlayStatus::Stopped);
    let nobody = press(&mut receiver, MediaAction::Play, Some(7));
    assert_eq!(nobody, Err(Refusal::NoSuchPhone));
}

#[test]
fn a_phone_without_remote_control_is_not_asked_for_it() {
    let mut receiver = Receiver::connected(Settings::default(), 1, 1);
    receiver.act(ANNA, Act::Play(440));
    receiver.run_for(5.0);
    let pause = press(&mut receiver, MediaAction::Pause, None);
    assert_eq!(pause, Err(Refusal::NotSupported));
    let remote = |event: &Event| {
        matches!(event, Event::Profile { profile: Profile::Avrcp, .. } | Event::Playback { .. })
    };
    assert_eq!(receiver.count(remote), 0);
    // It makes its music softer by itself: it is played as it comes.
    assert_eq!(gain(&receiver), 1.0);
}

#[test]
fn row_24_a_first_connection_starts_at_the_first_volume() {
    let settings = Settings { volume_first: 40, ..Settings::default() };
    let mut receiver = Receiver::connected_with_remotes(settings, 2, 1);
    assert_eq!(volume(&receiver, ANNA), Some(Volume::from_percent(40)));
    receiver.act(ANNA, Act::Play(440));
    receiver.run_for(2.0);
    let soft = gain(&receiver);
    assert!((0.1..0.2).contains(&soft), "{soft}");
    let first = receiver.command(Command::Set(Change::VolumeFirst(101)));
    assert_eq!(receiver.result(first), Some(Err(Refusal::BadValue)));
}

#[test]
fn row_24_each_phone_has_a_volume_of_its_own_that_both_sides_set() {
    let mut receiver = Receiver::connected_with_remotes(Settings::default(), 2, 2);
    receiver.act(ANNA, Act::Play(440));
    receiver.run_for(2.0);
    receiver.act(ANNA, Act::Volume(100));
    receiver.run_for(1.0);
    let told = |percent: u8, n: usize| {
        move |event: &Event| {
            *event == Event::Volume { phone: phone(n), kind: VolumeKind::Media, percent }
        }
    };
    assert!(receiver.when(Instant::ZERO, told(100, ANNA)).is_some(), "{:#?}", receiver.told);
    assert_eq!(gain(&receiver), 1.0);
    assert_eq!(set_volume(&mut receiver, 20, ANNA), Ok(()));
    assert_eq!(volume(&receiver, ANNA), Some(Volume::from_percent(20)));
    assert_eq!(volume(&receiver, BEN), Some(Volume::from_percent(50)));
    assert!(gain(&receiver) < 0.1);
    assert_eq!(set_volume(&mut receiver, 101, ANNA), Err(Refusal::BadValue));
    // It survives a reconnection.
    receiver.act(ANNA, Act::Disconnect);
    receiver.run_for(1.0);
    assert_eq!(set_volume(&mut receiver, 30, ANNA), Err(Refusal::NotConnected));
    let before = receiver.now();
    receiver.act(ANNA, Act::Connect);
    receiver.run_for(4.0);
    assert_eq!(volume(&receiver, ANNA), Some(Volume::from_percent(20)));
    assert!(receiver.when(before, told(50, ANNA)).is_none(), "{:#?}", receiver.told);
}

/// Both connected and settled; Anna plays, then Ben. Gives when Ben's stream began to flow.
fn both_play(takeover: Takeover) -> (Receiver, Instant) {
    Receiver::connected_with_remotes(with(takeover), 3, 2).one_after_the_other()
}

/// Who was told to pause, one after the other.
fn paused(receiver: &Receiver) -> Vec<usize> {
    let orders = receiver.told.iter().filter_map(|(_, event)| match event {
        Event::Order { phone, order: OrderKind::Pause } => Some(usize::from(phone.0[0]) - 0x10),
        _ => None,
    });
    orders.collect()
}

#[test]
fn row_16_last_the_loser_is_told_to_pause_and_is_not_resumed() {
    let (mut receiver, started) = both_play(Takeover::Last);
    let (at, who) = receiver.heard().pop().expect("somebody is heard");
    assert_eq!(who, [BEN]);
    // Its player says that it began: nothing is waited for.
    let after = at.since(started);
    assert!(after < Duration::from_millis(50), "{after:?}");
    assert_eq!(paused(&receiver), [ANNA]);
    assert_eq!(playback(&receiver, ANNA), Some(PlaybackStatus::Paused));
    assert!(!receiver.world.phone(ANNA).is_playing());
    receiver.act(BEN, Act::Pause);
    receiver.run_for(10.0);
    assert_eq!(receiver.hears(), Vec::<usize>::new());
    assert!(!receiver.world.phone(ANNA).is_playing(), "its owner moved on");
    assert_eq!(paused(&receiver), [ANNA]);
}

#[test]
fn row_16_first_the_newcomer_is_told_to_pause() {
    let (mut receiver, _) = both_play(Takeover::First);
    assert_eq!((receiver.hears(), paused(&receiver)), (vec![ANNA], vec![BEN]));
    assert!(!receiver.world.phone(BEN).is_playing());
    // Once for each time that it begins.
    receiver.act(BEN, Act::Play(660));
    receiver.run_for(4.0);
    assert_eq!((receiver.hears(), paused(&receiver)), (vec![ANNA], vec![BEN, BEN]));
}

#[test]
fn row_16_nobody_is_told_to_pause_where_both_may_play() {
    for (takeover, heard) in [(Takeover::FirstMute, vec![ANNA]), (Takeover::Mix, vec![ANNA, BEN])] {
        let (receiver, _) = both_play(takeover);
        assert_eq!((receiver.hears(), paused(&receiver)), (heard, vec![]), "{takeover:?}");
        assert!(receiver.world.phone(BEN).is_playing(), "{takeover:?}");
    }
}

#[test]
fn row_17_what_a_player_did_when_it_came_takes_nothing_over() {
    let mut receiver = Receiver::connected_with_remotes(Settings::default(), 3, 1);
    receiver.act(ANNA, Act::Play(440));
    receiver.run_for(1.0);
    receiver.act(CLEO, Act::Play(880));
    receiver.act(CLEO, Act::Connect);
    receiver.run_for(30.0);
    assert!(receiver.is_connected(CLEO) && receiver.world.phone(CLEO).is_playing());
    assert_eq!(playback(&receiver, CLEO), Some(PlaybackStatus::Playing));
    assert_eq!((receiver.heard().len(), paused(&receiver)), (1, vec![]), "it plays by itself");
    receiver.act(CLEO, Act::Pause);
    receiver.run_for(1.0);
    receiver.act(CLEO, Act::Play(880));
    receiver.run_for(1.0);
    assert_eq!((receiver.hears(), paused(&receiver)), (vec![CLEO], vec![ANNA]));
}

#[test]
fn row_16_of_two_phones_only_the_one_with_remote_control_is_told_to_pause() {
    let mut receiver = Receiver::among(Settings::default(), 2, |world, name, address| {
        if address == phone(BEN) {
            world.add_phone(name, address)
        } else {
            world.add_phone_with_remote(name, address)
        }
    })
    .connect(2);
    receiver.act(ANNA, Act::Play(440));
    receiver.run_for(1.0);
    receiver.act(BEN, Act::Play(660));
    receiver.run_for(3.0);
    assert_eq!((receiver.hears(), paused(&receiver)), (vec![BEN], vec![ANNA]));
    receiver.act(ANNA, Act::Play(440));
    receiver.run_for(3.0);
    assert_eq!((receiver.hears(), paused(&receiver)), (vec![ANNA], vec![ANNA]));
    assert!(receiver.world.phone(BEN).is_playing(), "it cannot be told");
}
