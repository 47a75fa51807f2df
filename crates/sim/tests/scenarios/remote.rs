//! Remote control: what phones tell of their players, keys, and volume (row 24).

use host::{
    Change, Command, Event, MediaAction, PlaybackStatus, Profile, Refusal, Settings, VolumeKind,
};
use pool::Instant;
use tandem_sim::Act;
use wire::avrcp::{OperationId, PlayStatus, Volume};

use crate::receiver::{Receiver, phone};
use crate::{ANNA, BEN};

fn playback(receiver: &Receiver, n: usize) -> Option<PlaybackStatus> {
    receiver.told.iter().rev().find_map(|(_, event)| match event {
        Event::Playback { phone: who, status, .. } if *who == phone(n) => Some(*status),
        _ => None,
    })
}

fn title(receiver: &Receiver, n: usize) -> Option<String> {
    receiver.told.iter().rev().find_map(|(_, event)| match event {
        Event::Track { phone: who, title, .. } if *who == phone(n) => Some(title.as_str().into()),
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
