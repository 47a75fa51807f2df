//! Rows 15 and 21 to 24: voice links that are not asked for, what comes back, assistants, volume.

use core::time::Duration;

use host::{AnswerHow, CallState, Command, Event, OrderKind, Settings, SourceKind, VolumeKind};
use stack::Volumes;
use stack::hfp::gateway;
use tandem_sim::{Act, Audio, Fault, Manners, PhoneOptions};
use wire::avrcp::{PlayStatus, Volume};
use wire::hci::{Opcode, Status};

use crate::receiver::{Receiver, phone};
use crate::{ANNA, BEN, mannered, phones, two};

const ANSWER: Command = Command::Answer { how: AnswerHow::Default, phone: None, index: None };

/// A computer: it asks for voice when a program opens the microphone, and again each second.
fn computer(dummy_call: bool) -> PhoneOptions {
    let asks_again_after = Some(Duration::from_secs(1));
    mannered(Manners { asks_again_after, dummy_call, ..Manners::default() })
}

#[test]
fn row_15_a_voice_session_silences_media_and_yields_to_a_call() {
    for dummy_call in [false, true] {
        let mut receiver = phones(&[PhoneOptions::default(), computer(dummy_call)]);
        receiver.act(ANNA, Act::Play(440));
        receiver.run_for(2.0);
        receiver.act(BEN, Act::Microphone(true));
        receiver.run_for(2.0);
        assert_eq!(receiver.hears_as(), [(BEN, SourceKind::Voice)], "{dummy_call}");
        assert_eq!(receiver.speaks_with(), Some(BEN));
        // A call takes its place; it asks again and again in vain.
        receiver.act(ANNA, Act::Ring("0123", "Zoe"));
        receiver.run_for(1.0);
        let ticket = receiver.command(ANSWER);
        receiver.run_for(2.0);
        assert_eq!(receiver.result(ticket), Some(Ok(())));
        assert_eq!((receiver.speaks_with(), receiver.hears()), (Some(ANNA), vec![ANNA]));
        let before = receiver.ordered(BEN, OrderKind::RejectVoice);
        receiver.run_for(10.0);
        assert!(receiver.ordered(BEN, OrderKind::RejectVoice) >= before + 5);
        assert_eq!(receiver.speaks_with(), Some(ANNA));
        assert_eq!(receiver.calls(BEN), []);
        // And gets it after the call.
        receiver.act(ANNA, Act::TheyHangUp);
        receiver.run_for(3.0);
        assert_eq!(receiver.hears_as(), [(BEN, SourceKind::Voice)], "{dummy_call}");
        let hang_up = receiver.command(Command::HangUp { phone: None, index: None });
        receiver.run_for(0.5);
        assert_eq!(receiver.result(hang_up), Some(Ok(())));
    }
}

#[test]
fn row_21_a_phone_that_comes_back_within_a_minute_of_a_loss_plays_again() {
    for (away, plays) in [(40.0, true), (75.0, false)] {
        let mut receiver = two();
        receiver.act(ANNA, Act::Play(440));
        receiver.run_for(3.0);
        receiver.act(ANNA, Act::Leave);
        receiver.run_for(5.0);
        // The phone has lost its headset, and pauses as phones do.
        receiver.act(ANNA, Act::Pause);
        receiver.run_for(away - 5.0);
        receiver.act(ANNA, Act::Return);
        receiver.run_for(1.0);
        receiver.act(ANNA, Act::Connect);
        receiver.run_for(12.0);
        assert!(receiver.is_connected(ANNA), "{:#?}", receiver.told);
        assert_eq!(receiver.ordered(ANNA, OrderKind::Play), usize::from(plays), "{away}");
        assert_eq!(receiver.world.phone(ANNA).is_playing(), plays, "{away}");
    }
}

#[test]
fn row_22_the_assistant_has_a_claim_of_its_own() {
    for from_here in [false, true] {
        let mut receiver = two();
        receiver.act(BEN, Act::Play(660));
        receiver.run_for(2.0);
        if from_here {
            let ticket =
                receiver.command(Command::Assistant { on: true, phone: Some(phone(ANNA)) });
            receiver.run_for(2.0);
            assert_eq!(receiver.result(ticket), Some(Ok(())));
        } else {
            receiver.act(ANNA, Act::Assistant(true));
            receiver.run_for(2.0);
        }
        assert_eq!(receiver.hears_as(), [(ANNA, SourceKind::Assistant)], "{from_here}");
        assert_eq!(receiver.speaks_with(), Some(ANNA));
        receiver.act(ANNA, Act::Assistant(false));
        receiver.run_for(3.0);
        assert_eq!(receiver.hears_as(), [(BEN, SourceKind::Media)], "{from_here}");
    }
}

#[test]
fn row_23_a_softphones_call_is_a_session_until_it_is_told() {
    let softphone = mannered(Manners { softphone: true, ..Manners::default() });
    let mut receiver = phones(&[softphone, PhoneOptions::default()]);
    receiver.act(BEN, Act::Play(660));
    receiver.run_for(2.0);
    receiver.act(ANNA, Act::Ring("0123", "Zoe"));
    receiver.run_for(2.0);
    assert_eq!(receiver.hears(), [BEN]);
    let answered = receiver.now();
    receiver.act(ANNA, Act::Answer(Audio::Receiver));
    receiver.run_for(2.0);
    assert_eq!(receiver.hears_as(), [(ANNA, SourceKind::Call)]);
    assert_eq!(
        (receiver.calls(ANNA), receiver.speaks_with()),
        (vec![CallState::Active], Some(ANNA))
    );
    let session = receiver.when(answered, |event| {
        matches!(event, Event::Audible { sources }
            if sources.iter().any(|source| source.kind == SourceKind::Voice))
    });
    assert!(session.is_some(), "{:?}", receiver.heard());
    assert_eq!(
        receiver.world.phone(BEN).player().map(|player| player.status()),
        Some(PlayStatus::Paused)
    );
    receiver.act(ANNA, Act::HangUp);
    receiver.run_for(3.0);
    assert_eq!(receiver.hears_as(), [(BEN, SourceKind::Media)]);
}

fn speaker(receiver: &Receiver, n: usize) -> Option<u8> {
    let told = receiver.world.phone(n).told().iter().rev();
    told.clone().find_map(|told| match told {
        gateway::Output::Speaker(gain) => Some(*gain),
        _ => None,
    })
}

#[test]
fn row_24_each_phones_calls_have_a_volume_of_their_own_that_survives() {
    let mut receiver = two();
    assert_eq!([ANNA, BEN].map(|n| speaker(&receiver, n)), [Some(8); 2]);
    let at_first =
        |event: &Event| matches!(event, Event::Volume { kind: VolumeKind::Call, percent: 50, .. });
    assert_eq!(receiver.count(at_first), 2);
    let (kind, percent) = (VolumeKind::Call, 100);
    let ticket = receiver.command(Command::Volume { percent, kind, phone: Some(phone(ANNA)) });
    receiver.run_for(1.0);
    assert_eq!(receiver.result(ticket), Some(Ok(())));
    assert_eq!([ANNA, BEN].map(|n| speaker(&receiver, n)), [Some(15), Some(8)]);
    receiver.act(BEN, Act::Speaker(3));
    receiver.run_for(1.0);
    let told = |event: &Event| matches!(event, Event::Volume { phone: who, kind: VolumeKind::Call, percent: 20 } if *who == phone(BEN));
    assert_eq!(receiver.count(told), 1);
    for n in [ANNA, BEN] {
        receiver.act(n, Act::Disconnect);
        receiver.run_for(2.0);
        receiver.act(n, Act::Connect);
        receiver.run_for(5.0);
    }
    assert_eq!([ANNA, BEN].map(|n| speaker(&receiver, n)), [Some(15), Some(3)]);
}

#[test]
fn row_24_a_forgotten_phone_that_pairs_again_starts_at_the_first_volume() {
    let policy = multipoint::Policy { seats: 1, ..multipoint::Policy::default() };
    for how in ["connected", "away", "being put out"] {
        let settings = Settings { policy, ..Settings::default() };
        let both = [PhoneOptions::default(), PhoneOptions::default()];
        let mut receiver = Receiver::of(settings, &both).connect(1);
        for (kind, percent) in [(VolumeKind::Call, 100), (VolumeKind::Media, 90)] {
            let volume = Command::Volume { percent, kind, phone: Some(phone(ANNA)) };
            let ticket = receiver.command(volume);
            assert_eq!(receiver.result(ticket), Some(Ok(())));
        }
        receiver.act(ANNA, Act::Play(440));
        receiver.run_for(12.0);
        match how {
            "away" => {
                receiver.act(ANNA, Act::Disconnect);
                receiver.run_for(2.0);
            }
            "being put out" => {
                receiver.command(Command::Pair { seconds: 60 });
                receiver.act(BEN, Act::Connect);
                while receiver.ordered(ANNA, OrderKind::Disconnect) == 0 {
                    receiver.run_for(0.01);
                }
            }
            _ => {}
        }
        let forget = receiver.command(Command::Forget { phone: phone(ANNA) });
        assert_eq!(receiver.result(forget).is_some(), how == "away");
        receiver.run_for(2.0);
        assert_eq!(receiver.result(forget), Some(Ok(())));
        assert!(receiver.bonds.iter().all(|bond| bond.address != phone(ANNA)));
        receiver.act(ANNA, Act::Forget);
        receiver.command(Command::Pair { seconds: 60 });
        receiver.act(ANNA, Act::Connect);
        receiver.run_for(8.0);
        assert!(receiver.is_connected(ANNA), "whoever pairs anew was never put out: {how}");
        let player = receiver.world.phone(ANNA).player();
        let media = player.and_then(|player| player.volume);
        let volumes = (media.map(Volume::percent), speaker(&receiver, ANNA));
        assert_eq!(volumes, (Some(50), Some(8)), "{how}");
        let bond = receiver.bonds.iter().find(|bond| bond.address == phone(ANNA));
        let stored = bond.expect("it is bonded").volumes;
        assert_eq!(stored.call, Some(50), "{how}: {stored:?}");
    }
}

#[test]
fn row_24_volumes_survive_the_program_with_the_bonds() {
    let mut receiver = two();
    // Whatever the controller does not tell.
    let here = receiver.world.receiver();
    let refused = Fault::Refuse(Opcode::READ_RSSI, Status::COMMAND_DISALLOWED);
    receiver.world.air().set_fault(here, refused);
    let set = |receiver: &mut Receiver, kind, percent| {
        let volume = Command::Volume { percent, kind, phone: Some(phone(ANNA)) };
        let ticket = receiver.command(volume);
        assert_eq!(receiver.result(ticket), Some(Ok(())));
    };
    let kept = |receiver: &Receiver| {
        let bond = receiver.bonds.iter().find(|bond| bond.address == phone(ANNA));
        bond.expect("it is bonded").volumes
    };
    set(&mut receiver, VolumeKind::Call, 100);
    set(&mut receiver, VolumeKind::Media, 20);
    // Soon enough for a power cut.
    receiver.run_for(10.0);
    assert_eq!(kept(&receiver), Volumes { media: Some(20), call: Some(100) });
    let stored = receiver.stored;
    receiver.run_for(60.0);
    assert_eq!(receiver.stored, stored, "and no oftener than it changes");
    // And before the program ends.
    set(&mut receiver, VolumeKind::Call, 40);
    receiver.command(Command::Shutdown);
    receiver.run_for(1.0);
    let before = receiver.now();
    receiver.restart();
    receiver.run_for(10.0);
    assert!(receiver.is_connected(ANNA));
    assert_eq!(speaker(&receiver, ANNA), Some(6));
    let told = |event: &Event| matches!(event, Event::Volume { phone: who, kind: VolumeKind::Call, percent: 40 } if *who == phone(ANNA));
    assert!(receiver.when(before, told).is_some());
    assert_eq!(kept(&receiver), Volumes { media: Some(20), call: Some(40) });
}
