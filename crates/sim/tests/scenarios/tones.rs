//! Rows 1, 12 and 13: our own tones, exactly: which, since when, until when, and with what.

use core::time::Duration;

use host::Tone;
use pool::Instant;
use tandem_sim::{Act, Audio, PhoneOptions};

use crate::receiver::Receiver;
use crate::{ANNA, ANSWER, BEN, REJECT, phones, silent_ring, two};

/// The tones since a moment, each with how long after it that began.
fn tones(receiver: &Receiver, since: Instant) -> Vec<(Tone, Duration)> {
    let tones = receiver.tones.iter().filter(|(at, _)| *at >= since);
    tones.map(|(at, tone)| (*tone, at.since(since))).collect()
}

fn kinds(receiver: &Receiver, since: Instant) -> Vec<Tone> {
    tones(receiver, since).into_iter().map(|(tone, _)| tone).collect()
}

/// Whatever ends a ring.
fn end(receiver: &mut Receiver, n: usize, how: usize) {
    match how {
        0 => assert_eq!(receiver.press(ANSWER, 1.0), Ok(())),
        1 => assert_eq!(receiver.press(REJECT, 1.0), Ok(())),
        2 => receiver.act(n, Act::TheyHangUp),
        3 => receiver.act(n, Act::HangUp),
        4 => receiver.act(n, Act::Answer(Audio::Phone)),
        _ => receiver.act(n, Act::Disconnect),
    }
    receiver.run_for(1.0);
}

#[test]
fn row_01_a_phone_that_does_not_ring_in_band_is_rung_for_from_its_ring_to_its_end() {
    for how in 0..6 {
        let mut receiver = phones(&[silent_ring(), PhoneOptions::default()]);
        let rings = receiver.now();
        receiver.act(ANNA, Act::Ring("0123", "Zoe"));
        receiver.run_for(10.0);
        let began = tones(&receiver, rings);
        assert!(matches!(began[..], [(Tone::Ring, after)] if after.as_millis() < 30), "{began:?}");
        assert!(receiver.line.is_none());
        let ends = receiver.now();
        end(&mut receiver, ANNA, how);
        let ended = tones(&receiver, ends);
        assert!(
            matches!(ended[..], [(Tone::None, after)] if after.as_millis() < 60),
            "{how}: {ended:?}"
        );
    }
}

#[test]
fn row_01_a_phone_that_rings_in_band_is_rung_for_until_its_voice_link_is_up() {
    let mut receiver = two();
    let rings = receiver.now();
    receiver.act(ANNA, Act::Ring("0123", "Zoe"));
    receiver.run_for(3.0);
    let told = tones(&receiver, rings);
    assert!(
        matches!(told[..], [(Tone::Ring, _), (Tone::None, after)] if after.as_millis() < 120),
        "{told:?}"
    );
    assert_eq!(receiver.speaks_with(), Some(ANNA));
    // It says in the midst of it that it does not any more, and that it does.
    receiver.act(ANNA, Act::InBand(false));
    receiver.run_for(1.0);
    assert_eq!(receiver.tone(), Tone::Ring);
    receiver.act(ANNA, Act::InBand(true));
    receiver.run_for(1.0);
    assert_eq!(receiver.tone(), Tone::None);
    let answered = receiver.now();
    assert_eq!(receiver.press(ANSWER, 2.0), Ok(()));
    assert_eq!(kinds(&receiver, answered), []);
}

#[test]
fn row_12_a_second_ring_is_a_waiting_tone_over_the_voice_that_stays_as_loud() {
    for ring in [PhoneOptions::default(), silent_ring()] {
        for how in [1, 2, 3, 5] {
            let mut receiver = phones(&[PhoneOptions::default(), ring.clone()]);
            receiver.act(ANNA, Act::Ring("0123", "Zoe"));
            receiver.run_for(1.0);
            assert_eq!(receiver.press(ANSWER, 2.0), Ok(()));
            let loud = receiver.line.as_ref().map(|line| line.gain);
            let rings = receiver.now();
            receiver.act(BEN, Act::Ring("0456", "Yan"));
            receiver.run_for(5.0);
            let began = tones(&receiver, rings);
            assert!(
                matches!(began[..], [(Tone::Waiting, after)] if after.as_millis() < 30),
                "{began:?}"
            );
            assert_eq!(
                (receiver.line.as_ref().map(|line| line.gain), receiver.speaks_with()),
                (loud, Some(ANNA))
            );
            let ends = receiver.now();
            end(&mut receiver, BEN, how);
            assert_eq!(kinds(&receiver, ends), [Tone::None], "{how}");
            assert_eq!(receiver.speaks_with(), Some(ANNA), "{how}");
        }
    }
}

#[test]
fn row_12_a_second_call_on_the_same_phone_is_told_of_by_the_phone() {
    let mut receiver = two();
    receiver.act(ANNA, Act::Ring("0123", "Zoe"));
    receiver.run_for(1.0);
    assert_eq!(receiver.press(ANSWER, 2.0), Ok(()));
    let rings = receiver.now();
    receiver.act(ANNA, Act::Ring("0456", "Yan"));
    receiver.run_for(5.0);
    assert_eq!(kinds(&receiver, rings), [], "its own waiting tone is in its voice");
}

#[test]
fn row_13_a_waiting_tone_becomes_a_ring_when_the_call_ends() {
    // One that would ring in-band was refused its voice link under the call, and asks no more.
    for ring in [silent_ring(), PhoneOptions::default()] {
        let mut receiver = phones(&[PhoneOptions::default(), ring]);
        receiver.act(ANNA, Act::Ring("0123", "Zoe"));
        receiver.run_for(1.0);
        assert_eq!(receiver.press(ANSWER, 2.0), Ok(()));
        receiver.act(BEN, Act::Ring("0456", "Yan"));
        receiver.run_for(5.0);
        let ends = receiver.now();
        receiver.act(ANNA, Act::TheyHangUp);
        receiver.run_for(5.0);
        assert_eq!(kinds(&receiver, ends), [Tone::Ring]);
        assert_eq!((receiver.hears(), receiver.line.is_none()), (vec![BEN], true));
    }
}

#[test]
fn no_tone_is_heard_of_a_call_that_is_dialled_or_held() {
    let mut receiver = two();
    let begins = receiver.now();
    receiver.act(ANNA, Act::Dial("0123"));
    receiver.run_for(3.0);
    receiver.act(ANNA, Act::TheyAnswer);
    receiver.run_for(3.0);
    receiver.act(ANNA, Act::Hold(wire::hfp::Hold::Swap));
    receiver.run_for(3.0);
    assert_eq!(kinds(&receiver, begins), []);
}
