//! One phone with music and calls, after the multi-profile tests of the Bluetooth SIG and HFP's own.

use host::{AnswerHow, CallState, Command, Event, OrderKind, Profile, SourceKind, VoiceCodec};
use tandem_sim::{Act, Audio, PhoneOptions};
use wire::hfp::{AgFeatures, CallStatus, Codecs};

use crate::receiver::{Receiver, phone};
use crate::{ANNA, gateway, phones};

fn one() -> Receiver {
    phones(&[PhoneOptions::default()])
}

fn press(receiver: &mut Receiver, command: Command) {
    let ticket = receiver.command(command.clone());
    receiver.run_for(1.0);
    assert_eq!(receiver.result(ticket), Some(Ok(())), "{command:?}");
}

fn answer() -> Command {
    Command::Answer { how: AnswerHow::Default, phone: None, index: None }
}

fn hang_up() -> Command {
    Command::HangUp { phone: None, index: None }
}

/// Music, then a call, then music again: what the phone does by itself.
fn music_call_music(
    mut receiver: Receiver,
    begin: impl Fn(&mut Receiver),
    end: impl Fn(&mut Receiver),
) {
    receiver.act(ANNA, Act::Play(440));
    receiver.run_for(2.0);
    assert_eq!(receiver.hears_as(), [(ANNA, SourceKind::Media)]);
    begin(&mut receiver);
    receiver.run_for(2.0);
    assert_eq!(receiver.hears_as(), [(ANNA, SourceKind::Call)]);
    assert_eq!(receiver.speaks_with(), Some(ANNA));
    assert!(!receiver.world.phone(ANNA).is_playing());
    end(&mut receiver);
    receiver.run_for(3.0);
    assert_eq!(receiver.hears_as(), [(ANNA, SourceKind::Media)]);
    assert_eq!([OrderKind::Pause, OrderKind::Play].map(|key| receiver.ordered(ANNA, key)), [0, 0]);
    assert!(receiver.line.is_none());
    assert_eq!(receiver.complaints(), []);
}

#[test]
fn hf_snk_hfav_clh_sd_bv_01_a_call_answered_and_ended_on_the_phone_during_music() {
    music_call_music(
        one(),
        |receiver| {
            receiver.act(ANNA, Act::Ring("0123", "Zoe"));
            receiver.run_for(2.0);
            receiver.act(ANNA, Act::Answer(Audio::Receiver));
        },
        |receiver| receiver.act(ANNA, Act::HangUp),
    );
}

#[test]
fn hf_snk_hfav_clh_sd_bv_02_a_call_answered_and_ended_here_during_music() {
    music_call_music(
        one(),
        |receiver| {
            receiver.act(ANNA, Act::Ring("0123", "Zoe"));
            receiver.run_for(2.0);
            press(receiver, answer());
        },
        |receiver| press(receiver, hang_up()),
    );
}

#[test]
fn hf_snk_hfav_clh_sd_bv_03_a_call_dialled_on_the_phone_during_music() {
    music_call_music(
        one(),
        |receiver| {
            receiver.act(ANNA, Act::Dial("0456"));
            receiver.run_for(2.0);
            receiver.act(ANNA, Act::TheyAnswer);
        },
        |receiver| receiver.act(ANNA, Act::TheyHangUp),
    );
}

#[test]
fn hf_snk_hfav_clh_sd_bv_04_a_call_dialled_here_during_music() {
    music_call_music(
        one(),
        |receiver| {
            let number = host::Number::try_from("0456").expect("it fits");
            press(receiver, Command::Dial { number, phone: None });
            receiver.run_for(1.0);
            assert_eq!(receiver.calls(ANNA), [CallState::Outgoing]);
            receiver.act(ANNA, Act::TheyAnswer);
        },
        |receiver| press(receiver, hang_up()),
    );
}

#[test]
fn hf_snk_hfav_act_sd_bv_01_both_profiles_come_up_once_and_go_together() {
    let mut receiver = one();
    for profile in [Profile::A2dp, Profile::Avrcp, Profile::Hfp] {
        let up = |event: &Event| matches!(event, Event::Profile { profile: p, up: true, .. } if *p == profile);
        assert_eq!(receiver.count(up), 1, "{profile:?}");
    }
    receiver.act(ANNA, Act::Disconnect);
    receiver.run_for(1.0);
    for profile in [Profile::A2dp, Profile::Avrcp, Profile::Hfp] {
        let down = |event: &Event| matches!(event, Event::Profile { profile: p, up: false, .. } if *p == profile);
        assert_eq!(receiver.count(down), 1, "{profile:?}");
    }
}

#[test]
fn hfp_hf_ica_an_incoming_call_with_and_without_in_band_ring_is_rejected_here_or_there() {
    for in_band in [true, false] {
        for here in [true, false] {
            let mut receiver = phones(&[gateway(|settings| {
                settings.features.set(AgFeatures::IN_BAND_RING, in_band);
            })]);
            receiver.act(ANNA, Act::Ring("0123", "Zoe"));
            receiver.run_for(2.0);
            assert_eq!(receiver.speaks_with().is_some(), in_band);
            if here {
                press(&mut receiver, Command::Reject { phone: None, index: None });
            } else {
                receiver.act(ANNA, Act::HangUp);
                receiver.run_for(1.0);
            }
            assert!(receiver.world.phone(ANNA).calls().is_empty());
            assert_eq!((receiver.calls(ANNA), receiver.hears()), (vec![], vec![]));
            assert!(receiver.line.is_none());
        }
    }
}

#[test]
fn hfp_hf_tca_a_call_ends_here_there_or_by_the_other_side() {
    for end in 0..3 {
        let mut receiver = one();
        receiver.act(ANNA, Act::Ring("0123", "Zoe"));
        receiver.run_for(1.0);
        press(&mut receiver, answer());
        match end {
            0 => press(&mut receiver, hang_up()),
            1 => receiver.act(ANNA, Act::HangUp),
            _ => receiver.act(ANNA, Act::TheyHangUp),
        }
        receiver.run_for(1.0);
        assert_eq!((receiver.calls(ANNA), receiver.hears()), (vec![], vec![]), "{end}");
        assert!(receiver.line.is_none());
        let over = |event: &Event| matches!(event, Event::Call { state: CallState::Ended, .. });
        assert_eq!(receiver.count(over), 1, "{end}");
    }
}

#[test]
fn hfp_hf_acs_a_call_is_there_before_the_receiver() {
    let mut receiver = Receiver::of(host::Settings::default(), &[PhoneOptions::default()]);
    receiver.act(ANNA, Act::Dial("0456"));
    receiver.act(ANNA, Act::TheyAnswer);
    receiver.act(ANNA, Act::Connect);
    receiver.run_for(8.0);
    assert_eq!(
        (receiver.calls(ANNA), receiver.speaks_with()),
        (vec![CallState::Active], Some(ANNA))
    );
    // Gone in the middle of the call, the call is the phone's.
    receiver.act(ANNA, Act::Disconnect);
    receiver.run_for(2.0);
    assert_eq!((receiver.calls(ANNA), receiver.hears()), (vec![], vec![]));
    assert!(receiver.line.is_none());
    assert_eq!(receiver.world.phone(ANNA).calls()[0].status, CallStatus::Active);
}

#[test]
fn hfp_hf_acc_the_codec_is_the_best_that_both_have() {
    for (codecs, codec) in
        [(Codecs::CVSD, VoiceCodec::Cvsd), (Codecs::CVSD | Codecs::MSBC, VoiceCodec::Msbc)]
    {
        let mut receiver = phones(&[gateway(|settings| settings.codecs = codecs)]);
        receiver.act(ANNA, Act::Dial("0456"));
        receiver.run_for(2.0);
        assert_eq!(receiver.line.as_ref().map(|line| line.codec), Some(codec));
        assert_eq!(receiver.speaks_with(), Some(ANNA));
        assert_eq!(receiver.world.phone(ANNA).heard().and_then(|heard| heard.tone()), Some(1000));
        assert_eq!(receiver.complaints(), []);
    }
}

#[test]
fn a_muted_microphone_is_told_to_the_ear() {
    let mut receiver = one();
    press(&mut receiver, Command::Mute { on: true });
    receiver.act(ANNA, Act::Dial("0456"));
    receiver.run_for(1.0);
    assert_eq!(receiver.line.as_ref().map(|line| line.muted), Some(true));
    press(&mut receiver, Command::Mute { on: false });
    assert_eq!(receiver.line.as_ref().map(|line| line.muted), Some(false));
    let hfp = |event: &Event| matches!(event, Event::Profile { phone: who, profile: Profile::Hfp, up: true } if *who == phone(ANNA));
    assert_eq!(receiver.count(hfp), 1);
}
