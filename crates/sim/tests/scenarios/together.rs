//! Two things in one instant: no time passes between them, whatever it is.

use host::{Command, Event, MediaAction, OrderKind, SourceKind, Tone};
use multipoint::Takeover;
use tandem_sim::{Act, Audio, PhoneOptions};
use wire::hfp::{CallStatus, Hold};

use crate::receiver::Receiver;
use crate::{ANNA, ANSWER, BEN, HANG_UP, REJECT, phones, silent_ring, two, with};

/// Anna's call is spoken in.
fn speaks(mut receiver: Receiver) -> Receiver {
    receiver.act(ANNA, Act::Ring("0123", "Zoe"));
    receiver.run_for(1.0);
    assert_eq!(receiver.press(ANSWER, 2.0), Ok(()));
    assert_eq!(receiver.speaks_with(), Some(ANNA));
    receiver
}

/// Everybody hangs up: nothing is left.
fn comes_to_rest(receiver: &mut Receiver) {
    for n in [ANNA, BEN] {
        while !receiver.world.phone(n).calls().is_empty() {
            receiver.act(n, Act::TheyHangUp);
        }
    }
    receiver.run_for(10.0);
    assert!(receiver.line.is_none());
    assert_eq!(
        (receiver.tone(), receiver.calls(ANNA), receiver.calls(BEN)),
        (Tone::None, vec![], vec![])
    );
    assert_eq!(receiver.faults(), []);
}

#[test]
fn both_phones_ring_in_one_instant() {
    let mixes = [
        [PhoneOptions::default(), PhoneOptions::default()],
        [silent_ring(), PhoneOptions::default()],
        [PhoneOptions::default(), silent_ring()],
        [silent_ring(), silent_ring()],
    ];
    for both in mixes {
        for order in [[ANNA, BEN], [BEN, ANNA]] {
            let mut receiver = phones(&both);
            for n in order {
                receiver.act(n, Act::Ring("0123", "Zoe"));
            }
            receiver.run_for(2.0);
            let heard = receiver.hears_as();
            assert_eq!((heard.len(), heard[0].1), (1, SourceKind::Ring), "one rings: {heard:?}");
            let first = heard[0].0;
            let in_band = receiver.speaks_with() == Some(first);
            assert!(in_band != (receiver.tone() == Tone::Ring), "in-band, or a tone of ours");
            assert_eq!(receiver.press(ANSWER, 2.0), Ok(()));
            assert_eq!(receiver.statuses(first), [CallStatus::Active]);
            assert_eq!((receiver.speaks_with(), receiver.tone()), (Some(first), Tone::Waiting));
            assert_eq!(receiver.press(REJECT, 2.0), Ok(()));
            assert_eq!((receiver.speaks_with(), receiver.tone()), (Some(first), Tone::None));
            comes_to_rest(&mut receiver);
        }
    }
}

#[test]
fn a_call_ends_and_the_other_phone_rings_in_one_instant() {
    for order in [[ANNA, BEN], [BEN, ANNA]] {
        let mut receiver = speaks(two());
        for n in order {
            receiver.act(n, if n == ANNA { Act::TheyHangUp } else { Act::Ring("0456", "Yan") });
        }
        receiver.run_for(1.0);
        assert_eq!(receiver.hears_as(), [(BEN, SourceKind::Ring)], "{order:?}");
        assert_eq!((receiver.speaks_with(), receiver.tone()), (Some(BEN), Tone::None), "{order:?}");
        assert_eq!(receiver.press(ANSWER, 2.0), Ok(()));
        assert_eq!(receiver.speaks_with(), Some(BEN));
        comes_to_rest(&mut receiver);
    }
}

#[test]
fn a_call_ends_and_the_same_phone_rings_in_one_instant() {
    let mut receiver = speaks(two());
    receiver.act(ANNA, Act::TheyHangUp);
    receiver.act(ANNA, Act::Ring("0456", "Yan"));
    receiver.run_for(1.0);
    assert_eq!(receiver.hears_as(), [(ANNA, SourceKind::Ring)]);
    assert!(receiver.speaks_with() == Some(ANNA) || receiver.tone() == Tone::Ring);
    assert_eq!(receiver.press(ANSWER, 2.0), Ok(()));
    assert_eq!(receiver.speaks_with(), Some(ANNA));
    comes_to_rest(&mut receiver);
}

#[test]
fn both_phones_start_to_play_in_one_instant() {
    for options in [PhoneOptions::default(), PhoneOptions::player()] {
        for takeover in [Takeover::Last, Takeover::First, Takeover::FirstMute, Takeover::Mix] {
            let both = [options.clone(), options.clone()];
            let mut receiver = Receiver::of(with(takeover), &both).connect(2);
            receiver.act(ANNA, Act::Play(440));
            receiver.act(BEN, Act::Play(660));
            receiver.run_for(10.0);
            let heard = receiver.hears();
            let wanted = if takeover == Takeover::Mix { 2 } else { 1 };
            assert_eq!(heard.len(), wanted, "{takeover:?}: {heard:?}");
            // It does not go to and fro.
            assert!(receiver.heard().len() <= 2, "{takeover:?}: {:?}", receiver.heard());
            let pauses = [ANNA, BEN].map(|n| receiver.ordered(n, OrderKind::Pause));
            let tells = matches!(takeover, Takeover::Last | Takeover::First);
            let told = usize::from(tells && options.remote_control);
            assert_eq!(pauses.iter().sum::<usize>(), told, "{takeover:?}: {pauses:?}");
        }
    }
}

#[test]
fn the_answer_button_and_the_end_of_the_call_in_one_instant() {
    for hangs_up_first in [true, false] {
        for command in [ANSWER, REJECT] {
            let mut receiver = two();
            receiver.act(BEN, Act::Play(660));
            receiver.run_for(2.0);
            receiver.act(ANNA, Act::Ring("0123", "Zoe"));
            receiver.run_for(1.0);
            if hangs_up_first {
                receiver.act(ANNA, Act::TheyHangUp);
            }
            let ticket = receiver.command(command.clone());
            if !hangs_up_first {
                receiver.act(ANNA, Act::TheyHangUp);
            }
            receiver.run_for(6.0);
            assert!(receiver.result(ticket).is_some(), "{command:?}");
            assert_eq!(receiver.hears_as(), [(BEN, SourceKind::Media)], "{command:?}");
            comes_to_rest(&mut receiver);
        }
    }
}

#[test]
fn hold_and_accept_and_the_end_of_either_call_in_one_instant() {
    for (who, left) in [(ANNA, BEN), (BEN, ANNA)] {
        for hangs_up_first in [true, false] {
            let mut receiver = speaks(two());
            receiver.act(BEN, Act::Ring("0456", "Yan"));
            receiver.run_for(1.0);
            if hangs_up_first {
                receiver.act(who, Act::TheyHangUp);
            }
            let ticket = receiver.command(ANSWER);
            if !hangs_up_first {
                receiver.act(who, Act::TheyHangUp);
            }
            receiver.run_for(8.0);
            assert!(receiver.result(ticket).is_some());
            assert_eq!(receiver.statuses(left), [CallStatus::Active], "{who} {hangs_up_first}");
            assert_eq!(receiver.speaks_with(), Some(left), "{who} {hangs_up_first}");
            comes_to_rest(&mut receiver);
        }
    }
}

#[test]
fn it_is_answered_on_the_phone_and_here_in_one_instant() {
    for audio in [Audio::Phone, Audio::Receiver] {
        let mut receiver = two();
        receiver.act(ANNA, Act::Ring("0123", "Zoe"));
        receiver.run_for(1.0);
        let ticket = receiver.command(ANSWER);
        receiver.act(ANNA, Act::Answer(audio));
        receiver.run_for(6.0);
        assert!(receiver.result(ticket).is_some(), "{audio:?}");
        assert_eq!(receiver.statuses(ANNA), [CallStatus::Active], "{audio:?}");
        comes_to_rest(&mut receiver);
    }
}

#[test]
fn the_owner_holds_the_call_in_the_instant_in_which_we_do() {
    let mut receiver = speaks(two());
    receiver.act(BEN, Act::Ring("0456", "Yan"));
    receiver.run_for(1.0);
    let ticket = receiver.command(ANSWER);
    receiver.act(ANNA, Act::Hold(Hold::Swap));
    receiver.run_for(8.0);
    assert!(receiver.result(ticket).is_some());
    // Twice is the opposite: then its call goes on on the phone.
    assert_eq!(receiver.statuses(BEN), [CallStatus::Active]);
    assert_eq!(receiver.speaks_with(), Some(BEN));
    comes_to_rest(&mut receiver);
}

#[test]
fn music_starts_and_a_call_rings_in_one_instant_on_one_phone_or_on_both() {
    for (plays, rings) in [(ANNA, ANNA), (ANNA, BEN), (BEN, ANNA)] {
        let mut receiver = two();
        receiver.act(plays, Act::Play(440));
        receiver.act(rings, Act::Ring("0123", "Zoe"));
        receiver.run_for(3.0);
        assert_eq!(receiver.hears_as(), [(rings, SourceKind::Ring)], "{plays} {rings}");
        assert!(receiver.gains.iter().all(|(_, gain)| *gain == 0.0), "{plays} {rings}");
        assert_eq!(receiver.press(ANSWER, 2.0), Ok(()));
        assert_eq!(receiver.speaks_with(), Some(rings), "{plays} {rings}");
        comes_to_rest(&mut receiver);
    }
}

#[test]
fn buttons_in_one_instant_end_once_each_and_leave_one_state() {
    let play_pause = Command::Media { action: MediaAction::PlayPause, phone: None };
    let pairs = [
        [ANSWER, ANSWER],
        [ANSWER, REJECT],
        [REJECT, ANSWER],
        [ANSWER, HANG_UP],
        [ANSWER, Command::Swap],
        [HANG_UP, HANG_UP],
        [Command::Swap, Command::Swap],
        [play_pause.clone(), ANSWER],
    ];
    for pair in pairs {
        let mut receiver = speaks(two());
        receiver.act(BEN, Act::Ring("0456", "Yan"));
        receiver.run_for(1.0);
        let tickets = pair.clone().map(|command| receiver.command(command));
        receiver.run_for(8.0);
        for ticket in tickets {
            assert!(receiver.result(ticket).is_some(), "{pair:?}");
        }
        // One voice link, for a call that is active.
        let who = receiver.speaks_with();
        let active = |n: usize| receiver.statuses(n).contains(&CallStatus::Active);
        assert!(who.is_none_or(active), "{pair:?}: {who:?}");
        assert_eq!(who.is_some(), active(ANNA) || active(BEN), "{pair:?}: {who:?}");
        comes_to_rest(&mut receiver);
    }
}

#[test]
fn both_phones_go_in_one_instant() {
    let mut receiver = speaks(two());
    receiver.act(BEN, Act::Ring("0456", "Yan"));
    receiver.run_for(1.0);
    let ticket = receiver.command(ANSWER);
    receiver.act(ANNA, Act::Disconnect);
    receiver.act(BEN, Act::Disconnect);
    receiver.run_for(6.0);
    assert!(receiver.result(ticket).is_some());
    let gone = |event: &Event| matches!(event, Event::Phone { connected: false, .. });
    assert_eq!((receiver.count(gone), receiver.hears()), (2, vec![]));
    assert!(receiver.line.is_none());
    assert_eq!(receiver.tone(), Tone::None);
}
