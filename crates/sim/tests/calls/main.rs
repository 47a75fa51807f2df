//! The simulated phones' calls against a bare stack as the hands-free unit: whoever opens the line,
//! whatever becomes of a call, the voice link follows, and sound goes both ways.

mod unit;

use core::time::Duration;

use stack::hfp::hands_free::{self, Order};
use stack::{Call, Notice, VoiceChange, VoiceCodec};
use tandem_sim::{Act, Audio, Fault, Manners, PhoneOptions};
use wire::hfp::{AgFeatures, CallStatus, Codecs, HfFeatures, Hold};

use unit::{Unit, VOICE};

fn mannered(manners: Manners) -> PhoneOptions {
    PhoneOptions { manners, ..PhoneOptions::default() }
}

/// A phone whose gateway is made otherwise.
fn gateway(change: impl FnOnce(&mut stack::hfp::gateway::Settings)) -> PhoneOptions {
    let mut settings = stack::hfp::gateway::Settings::default();
    change(&mut settings);
    PhoneOptions { calls: Some(settings), ..PhoneOptions::default() }
}

#[test]
fn the_line_comes_up_once_whoever_opens_it() {
    let never = Duration::from_secs(3600);
    let seconds = Duration::from_secs;
    for (phone, unit) in [
        (Duration::from_millis(250), None),
        (never, Some(seconds(2))),
        (seconds(2), Some(seconds(2))),
        (Duration::from_millis(1990), Some(seconds(2))),
        (Duration::from_millis(2010), Some(seconds(2))),
    ] {
        let manners = Manners { opens_calls_after: phone, ..Manners::default() };
        let mut bench = Unit::new(mannered(manners), unit);
        bench.act(Act::Connect);
        bench.run(8.0);
        assert!(bench.world.phone(0).has_line(), "{phone:?} {unit:?}: {:#?}", bench.notices);
        assert_eq!(bench.ups(), 1, "{phone:?} {unit:?}");
        bench.act(Act::Ring("0123", "Zoe"));
        bench.run(1.0);
        assert_eq!(bench.calls(), [CallStatus::Incoming], "{phone:?} {unit:?}");
        bench.assert_no_complaints();
    }
}

#[test]
fn a_call_comes_in_is_answered_heard_both_ways_and_ended() {
    let mut unit = Unit::connected(PhoneOptions::default());
    unit.act(Act::Ring("0123", "Zoe"));
    unit.run(1.0);
    let zoe = |told: &hands_free::Output| matches!(told, hands_free::Output::Call(call) if call.number == "0123" && call.name == "Zoe");
    assert!(unit.told(zoe) >= 1, "{:#?}", unit.notices);
    // It rings over its voice link.
    unit.assert_voice(VoiceCodec::Msbc);
    unit.order(Order::Answer);
    unit.run(0.5);
    assert_eq!(unit.calls(), [CallStatus::Active]);
    unit.assert_voice(VoiceCodec::Msbc);
    let opened = |notice: &Notice| {
        matches!(notice, Notice::Voice { change: VoiceChange::Opened { .. }, .. })
    };
    assert_eq!(unit.count(opened), 1);
    unit.act(Act::TheyHangUp);
    unit.run(0.5);
    assert!(unit.calls().is_empty());
    unit.assert_no_voice();
    unit.assert_no_complaints();
}

#[test]
fn without_a_ring_of_its_own_the_voice_link_follows_the_answer() {
    for (codecs, codec) in
        [(Codecs::CVSD, VoiceCodec::Cvsd), (Codecs::CVSD | Codecs::MSBC, VoiceCodec::Msbc)]
    {
        let mut unit = Unit::connected(gateway(|settings| {
            settings.features -= AgFeatures::IN_BAND_RING;
            settings.codecs = codecs;
        }));
        unit.act(Act::Ring("0123", "Zoe"));
        unit.run(2.0);
        unit.assert_no_voice();
        unit.order(Order::Answer);
        unit.run(0.5);
        unit.assert_voice(codec);
        unit.order(Order::HangUp);
        unit.run(0.5);
        unit.assert_no_voice();
        assert!(unit.world.phone(0).calls().is_empty());
        unit.assert_no_complaints();
    }
}

#[test]
fn where_codecs_are_not_negotiated_the_link_is_opened_without() {
    let ours = hands_free::Settings {
        features: HfFeatures::all() - HfFeatures::CODEC_NEGOTIATION,
        ..hands_free::Settings::default()
    };
    for (options, settings) in [
        (PhoneOptions::default(), ours),
        (
            gateway(|settings| settings.features -= AgFeatures::CODEC_NEGOTIATION),
            hands_free::Settings::default(),
        ),
    ] {
        let mut unit = Unit::with(options, None, settings).connect();
        unit.act(Act::Dial("0456"));
        unit.run(0.5);
        assert_eq!(unit.calls(), [CallStatus::Dialling]);
        unit.assert_voice(VoiceCodec::Cvsd);
        assert_eq!(unit.calls(), [CallStatus::Alerting]);
        unit.act(Act::TheyAnswer);
        unit.run(0.5);
        assert_eq!(unit.calls(), [CallStatus::Active]);
        unit.assert_voice(VoiceCodec::Cvsd);
        unit.assert_no_complaints();
    }
}

#[test]
fn a_call_answered_on_the_phone_stays_there_until_it_is_asked_for() {
    let mut unit = Unit::connected(PhoneOptions::default());
    unit.act(Act::Ring("0123", "Zoe"));
    unit.run(1.0);
    unit.act(Act::Answer(Audio::Phone));
    unit.run(2.0);
    assert_eq!(unit.calls(), [CallStatus::Active]);
    unit.assert_no_voice();
    unit.order(Order::VoiceLink);
    unit.run(0.5);
    unit.assert_voice(VoiceCodec::Msbc);
    // Closed by the unit, it is on the phone again; opened by the unit, it comes back.
    unit.call(Call::CloseVoice);
    unit.run(2.0);
    unit.assert_no_voice();
    assert_eq!(unit.calls(), [CallStatus::Active]);
    unit.call(Call::OpenVoice);
    unit.run(0.5);
    unit.assert_voice(VoiceCodec::Msbc);
    unit.act(Act::Move(Audio::Phone));
    unit.run(0.5);
    unit.assert_no_voice();
    unit.act(Act::Move(Audio::Receiver));
    unit.run(0.5);
    unit.assert_voice(VoiceCodec::Msbc);
    unit.assert_no_complaints();
}

#[test]
fn two_calls_of_one_phone_share_its_voice_link() {
    let mut unit = Unit::connected(PhoneOptions::default());
    unit.act(Act::Ring("0123", "Zoe"));
    unit.order(Order::Answer);
    unit.run(1.0);
    unit.act(Act::Ring("0456", "Yan"));
    unit.run(0.5);
    let waiting = |told: &hands_free::Output| matches!(told, hands_free::Output::Waiting(_));
    assert_eq!(unit.told(waiting), 1);
    unit.order(Order::Hold(Hold::Swap));
    unit.run(0.5);
    assert_eq!(unit.calls(), [CallStatus::Held, CallStatus::Active]);
    unit.assert_voice(VoiceCodec::Msbc);
    unit.act(Act::Hold(Hold::Swap));
    unit.run(0.5);
    assert_eq!(unit.calls(), [CallStatus::Active, CallStatus::Held]);
    unit.act(Act::TheyHangUp);
    unit.run(0.5);
    assert_eq!(unit.calls(), [CallStatus::Held]);
    unit.act(Act::HangUp);
    unit.run(0.5);
    unit.assert_no_voice();
    unit.assert_no_complaints();
}

#[test]
fn a_phone_that_holds_nothing_says_so_by_its_indicators_only() {
    let mut unit = Unit::connected(gateway(|settings| settings.holds_nothing = true));
    unit.act(Act::Dial("0123"));
    unit.act(Act::TheyAnswer);
    unit.run(1.0);
    unit.order(Order::Hold(Hold::Swap));
    unit.run(1.0);
    let done =
        |told: &hands_free::Output| matches!(told, hands_free::Output::Done { result: Ok(()), .. });
    assert_eq!(unit.told(done), 1);
    assert_eq!(unit.calls(), [CallStatus::Active]);
}

#[test]
fn calls_go_on_without_the_receiver_and_are_told_to_it_when_it_comes() {
    let mut unit = Unit::connected(PhoneOptions::default());
    unit.act(Act::Dial("0123"));
    unit.act(Act::TheyAnswer);
    unit.run(1.0);
    unit.assert_voice(VoiceCodec::Msbc);
    unit.act(Act::Disconnect);
    unit.run(1.0);
    unit.assert_no_voice();
    assert_eq!(unit.world.phone(0).calls().len(), 1);
    unit.act(Act::Ring("0456", "Yan"));
    unit.act(Act::Answer(Audio::Phone));
    unit.act(Act::Connect);
    unit.run(3.0);
    assert_eq!(unit.calls(), [CallStatus::Held, CallStatus::Active]);
    unit.assert_voice(VoiceCodec::Msbc);
    unit.assert_no_complaints();
}

#[test]
fn an_open_microphone_is_a_voice_link_without_a_call() {
    for dummy_call in [false, true] {
        let mut unit = Unit::connected(mannered(Manners { dummy_call, ..Manners::default() }));
        unit.act(Act::Microphone(true));
        unit.run(1.0);
        assert!(unit.world.phone(0).calls().is_empty());
        let call = |told: &hands_free::Output| {
            *told == hands_free::Output::Indicator(hands_free::Indicator::Call, 1)
        };
        assert_eq!(unit.told(call), usize::from(dummy_call));
        unit.assert_voice(VoiceCodec::Msbc);
        unit.act(Act::Microphone(false));
        unit.run(1.0);
        unit.assert_no_voice();
        unit.assert_no_complaints();
    }
}

#[test]
fn a_voice_link_that_is_refused_is_asked_for_again_by_those_who_do() {
    let manners = Manners { asks_again_after: Some(Duration::from_secs(1)), ..Manners::default() };
    for (manners, again) in [(Manners::default(), false), (manners, true)] {
        let mut unit = Unit::connected(mannered(manners));
        unit.refuses_voice = true;
        unit.act(Act::Microphone(true));
        let asked = |notice: &Notice| {
            matches!(notice, Notice::Voice { change: VoiceChange::Requested, .. })
        };
        // Once with each set of parameters.
        unit.run(0.9);
        let once = unit.count(asked);
        assert!(once >= 1);
        unit.run(3.6);
        assert_eq!(unit.count(asked), if again { 5 * once } else { once });
        unit.assert_no_voice();
        unit.assert_no_complaints();
    }
}

#[test]
fn a_softphone_opens_its_voice_link_before_it_tells_of_the_call() {
    let mut unit = Unit::connected(mannered(Manners { softphone: true, ..Manners::default() }));
    unit.act(Act::Ring("0123", "Zoe"));
    unit.run(2.0);
    assert!(unit.calls().is_empty());
    unit.act(Act::Answer(Audio::Receiver));
    unit.run(1.0);
    assert_eq!(unit.calls(), [CallStatus::Active]);
    let setup = |told: &hands_free::Output| {
        matches!(told, hands_free::Output::Indicator(hands_free::Indicator::CallSetup, 1))
    };
    assert_eq!(unit.told(setup), 0);
    let place = |is: &dyn Fn(&Notice) -> bool| unit.notices.iter().position(|(_, n)| is(n));
    let opened =
        place(&|notice| matches!(notice, Notice::Voice { change: VoiceChange::Opened { .. }, .. }));
    let told = place(&|notice| {
        let call = hands_free::Output::Indicator(hands_free::Indicator::Call, 1);
        matches!(notice, Notice::HandsFree { told, .. } if *told == call)
    });
    assert!(opened.is_some() && opened < told, "{opened:?} {told:?}");
    unit.act(Act::HangUp);
    unit.run(1.0);
    assert!(unit.calls().is_empty());
    unit.assert_no_voice();
}

#[test]
fn the_assistant_is_started_from_either_side() {
    let mut unit = Unit::connected(PhoneOptions::default());
    unit.order(Order::VoiceRecognition(true));
    unit.run(1.0);
    unit.assert_voice(VoiceCodec::Msbc);
    unit.order(Order::VoiceRecognition(false));
    unit.run(1.0);
    unit.assert_no_voice();
    let on = |told: &hands_free::Output| {
        matches!(told, hands_free::Output::VoiceRecognition { on: true, .. })
    };
    let before = unit.told(on);
    unit.act(Act::Assistant(true));
    unit.run(1.0);
    assert_eq!(unit.told(on), before + 1);
    unit.assert_voice(VoiceCodec::Msbc);
    unit.act(Act::Assistant(false));
    unit.run(1.0);
    unit.assert_no_voice();
    unit.assert_no_complaints();
}

#[test]
fn music_pauses_for_the_phones_own_call_and_plays_on_after_it() {
    let mut unit = Unit::connected(PhoneOptions::default());
    unit.act(Act::Play(440));
    unit.run(1.0);
    assert!(unit.world.phone(0).is_playing());
    unit.act(Act::Ring("0123", "Zoe"));
    unit.run(0.1);
    assert!(!unit.world.phone(0).is_playing());
    unit.order(Order::Answer);
    unit.run(2.0);
    assert!(!unit.world.phone(0).is_playing());
    unit.act(Act::TheyHangUp);
    unit.run(1.0);
    assert!(unit.world.phone(0).is_playing());
    unit.assert_no_complaints();
}

#[test]
fn what_is_lost_on_the_air_is_told_and_what_is_damaged_is_marked_or_not() {
    for (fault, marked) in [
        (Fault::LoseVoice(5), true),
        (Fault::DamageVoice { percent: 5, marked: true }, true),
        (Fault::DamageVoice { percent: 5, marked: false }, false),
    ] {
        for codecs in [Codecs::CVSD, Codecs::CVSD | Codecs::MSBC] {
            let mut unit = Unit::connected(gateway(|settings| settings.codecs = codecs));
            let here = unit.world.receiver();
            unit.world.air().set_fault(here, fault);
            unit.act(Act::Dial("0123"));
            unit.act(Act::TheyAnswer);
            unit.run(20.0);
            let heard = unit.heard.as_ref().expect("a voice link");
            let wide = codecs.contains(Codecs::MSBC);
            let (rate, packet) = if wide { (16_000, 120) } else { (8000, 30) };
            // The voice link was there for nearly all of the time.
            let sent = 20 * rate - rate / 5;
            let lost = 100 * heard.lost() * packet / sent;
            let came = 100 * heard.samples() / sent;
            // An mSBC frame shows itself what it is, and that one is missing.
            let shown = marked || wide;
            assert!(if shown { (3..=8).contains(&lost) } else { lost == 0 }, "{fault:?}: {lost}");
            assert!(came >= 98, "{fault:?}: {came}");
            assert_eq!(heard.tone(), Some(VOICE), "{fault:?}");
        }
    }
}
