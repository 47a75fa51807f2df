//! Music: who is heard, who is told to pause, and what plays again.

use tandem_multipoint::{
    Blips, Claim, Fact, Order, Player, Policy, Preferences, SeatId, Takeover, Timer, Tone,
};

use crate::receiver::*;

#[test]
fn row_01_a_ring_silences_another_phones_music_and_has_it_paused() {
    let mut rx = Receiver::new();
    rx.plays(B);
    assert_eq!(rx.tell(Fact::Calls(A, RINGING)), [Order::Pause(B)]);
    assert_eq!((rx.heard(), rx.roster.heard_as(A)), (vec![A], Some(Claim::Ring)));
    assert_eq!(rx.roster.tone(), Tone::Ring, "it offers no ring of its own");
}

#[test]
fn row_01_a_phone_that_rings_in_band_is_heard_itself_once_its_voice_link_is_up() {
    let mut rx = Receiver::new();
    rx.tell_all(&[Fact::InBand(A, true), Fact::Calls(A, RINGING)]);
    assert_eq!(rx.roster.tone(), Tone::Ring);
    assert_eq!(rx.tell(Fact::VoiceAsked(A)), [Order::AcceptVoice(A)]);
    rx.tell(Fact::VoiceOpened(A));
    assert_eq!((rx.heard(), rx.roster.tone()), (vec![A], Tone::None));
}

#[test]
fn row_03_music_is_heard_again_after_a_call_that_was_not_taken() {
    let mut rx = Receiver::new();
    rx.plays(B);
    rx.tell(Fact::Calls(A, RINGING));
    rx.pauses(B);
    assert_eq!(rx.tell(Fact::Calls(A, IDLE)), []);
    assert_eq!(rx.elapse(B, Timer::Resume), [Order::Play(B)]);
    rx.plays(B);
    assert_eq!(rx.heard(), [B]);
}

#[test]
fn row_03_music_that_cannot_be_paused_is_heard_again_at_once() {
    let mut rx = Receiver::new();
    rx.tell(Fact::Player(B, Player::Absent, false));
    rx.tell_all(&[Fact::Started(B), Fact::Sounding(B, true)]);
    assert_eq!(rx.tell(Fact::Calls(A, RINGING)), []);
    assert_eq!(rx.heard(), [A]);
    rx.tell(Fact::Calls(A, IDLE));
    assert_eq!(rx.heard(), [B]);
}

#[test]
fn row_05_only_what_we_paused_plays_again_and_once() {
    let mut rx = Receiver::new();
    rx.plays(B);
    rx.talks(A);
    rx.pauses(B);
    rx.tell(Fact::Calls(A, IDLE));
    assert_eq!(rx.elapse(B, Timer::Resume), [Order::Play(B)]);
    rx.plays(B);
    rx.pauses(B);
    rx.talks(A);
    rx.tell(Fact::Calls(A, IDLE));
    assert!(!rx.runs(B, Timer::Resume), "its owner paused it before this call");
}

#[test]
fn row_05_a_phone_that_never_paused_is_told_nothing_and_heard_again() {
    let mut rx = Receiver::new();
    rx.plays(B);
    rx.tell(Fact::Calls(A, RINGING));
    assert_eq!(rx.elapse(B, Timer::Told), []);
    rx.tell(Fact::Calls(A, IDLE));
    assert_eq!(rx.heard(), [B]);
    assert!(!rx.runs(B, Timer::Resume));
}

#[test]
fn row_05_a_pause_on_its_way_is_waited_for_before_the_phone_is_told_to_play() {
    let mut rx = Receiver::new();
    rx.plays(B);
    rx.tell_all(&[Fact::Calls(A, RINGING), Fact::Calls(A, IDLE)]);
    assert_eq!(rx.elapse(B, Timer::Resume), [], "it says that it plays");
    assert_eq!(rx.tell(Fact::Player(B, Player::Paused, true)), [Order::Play(B)]);
}

#[test]
fn row_05_a_status_that_comes_long_after_the_suspension_is_waited_for() {
    let mut rx = Receiver::new();
    rx.plays(B);
    rx.tell_all(&[Fact::Calls(A, RINGING), Fact::Stopped(B), Fact::Calls(A, IDLE)]);
    assert_eq!(rx.elapse(B, Timer::Resume), [], "it says that it plays");
    assert_eq!(rx.tell(Fact::Player(B, Player::Paused, true)), [Order::Play(B)]);
}

#[test]
fn row_05_it_is_forgotten() {
    let forgotten_by = |facts: &[Fact]| {
        let mut rx = Receiver::with(Policy { seats: 3, ..Policy::default() });
        rx.plays(B);
        rx.tell(Fact::Calls(A, RINGING));
        rx.pauses(B);
        rx.tell_all(facts);
        rx.tell(Fact::Calls(A, IDLE));
        !rx.runs(B, Timer::Resume) && !rx.runs(B, Timer::ResumeWithin)
    };
    assert!(!forgotten_by(&[]));
    assert!(forgotten_by(&[Fact::Player(B, Player::Stopped, true)]), "its player stopped");
    assert!(forgotten_by(&[Fact::OtherPlayer(B)]), "another player");
    assert!(forgotten_by(&[Fact::Player(C, Player::Playing, true)]), "another phone started");
    assert!(forgotten_by(&[Fact::Elapsed(B, Timer::ResumeWithin)]), "it took too long");
    assert!(forgotten_by(&[Fact::Left(B), ARRIVED]), "the link went");
}

#[test]
fn row_05_another_phone_that_is_heard_meanwhile_stays() {
    let mut rx = Receiver::with(Policy { seats: 3, ..Policy::default() });
    rx.plays(B);
    rx.tell(Fact::Calls(A, RINGING));
    rx.pauses(B);
    rx.tell(Fact::Calls(A, IDLE));
    assert!(rx.runs(B, Timer::Resume));
    rx.plays(C);
    assert_eq!(rx.heard(), [C]);
    assert!(!rx.runs(B, Timer::Resume));
}

#[test]
fn row_05_nothing_is_ordered_of_the_phone_in_the_call() {
    let mut rx = Receiver::new();
    rx.plays(A);
    let call = [Fact::Calls(A, RINGING), Fact::Stopped(A), Fact::Calls(A, ACTIVE)];
    assert_eq!(rx.tell_all(&call), []);
    assert_eq!(rx.tell_all(&[Fact::Calls(A, IDLE), Fact::Started(A)]), []);
    assert_eq!((rx.heard(), rx.runs(A, Timer::Resume)), (vec![A], false));
}

#[test]
fn row_05_never_means_never_and_counts_at_once() {
    let mut rx = Receiver::new();
    rx.plays(B);
    rx.tell(Fact::Calls(A, RINGING));
    rx.pauses(B);
    rx.policy.resume = false;
    rx.tell_all(&[Fact::PolicyChanged, Fact::Calls(A, IDLE)]);
    assert!(!rx.runs(B, Timer::Resume));
}

#[test]
fn row_06_a_phone_is_told_to_pause_only_while_it_plays() {
    for (player, told) in
        [(Player::Paused, false), (Player::Unknown, true), (Player::Playing, true)]
    {
        let mut rx = Receiver::new();
        rx.tell_all(&[Fact::Player(B, player, false), Fact::Started(B), Fact::Sounding(B, true)]);
        let orders = rx.tell(Fact::Calls(A, RINGING));
        assert_eq!(orders.contains(&Order::Pause(B)), told, "{player:?}");
    }
}

#[test]
fn row_06_a_phone_that_refuses_to_pause_is_heard_when_nobody_else_is() {
    for refusal in [Fact::Refused(Order::Pause(A)), Fact::Elapsed(A, Timer::Told)] {
        let mut rx = Receiver::new();
        rx.plays(A);
        assert_eq!(rx.plays(B), [Order::Pause(A)]);
        assert_eq!(rx.tell(refusal), []);
        assert_eq!(rx.heard(), [B], "it stays muted");
        rx.pauses(B);
        assert_eq!(rx.heard(), [A], "nobody else is heard");
        assert_eq!(rx.plays(B), [], "it is not told again");
        assert_eq!(rx.heard(), [B]);
    }
}

#[test]
fn row_06_a_stream_that_ends_before_its_status_does_is_not_told_twice() {
    let mut rx = Receiver::new();
    rx.plays(B);
    assert_eq!(rx.tell(Fact::Calls(A, RINGING)), [Order::Pause(B)]);
    assert_eq!(rx.tell_all(&[Fact::Stopped(B), Fact::Calls(A, ACTIVE)]), []);
    assert_eq!(rx.tell(Fact::Player(B, Player::Paused, true)), []);
}

#[test]
fn row_07_play_pressed_during_a_call_is_not_heard_and_not_resumed() {
    let mut rx = Receiver::new();
    rx.talks(A);
    assert_eq!(rx.plays(B), [Order::Pause(B)]);
    assert_eq!(rx.heard(), [A]);
    rx.pauses(B);
    rx.tell(Fact::Calls(A, IDLE));
    assert!(!rx.runs(B, Timer::Resume));
}

#[test]
fn row_07_a_phone_that_was_playing_before_is_resumed_all_the_same() {
    let mut rx = Receiver::new();
    rx.plays(B);
    rx.talks(A);
    rx.pauses(B);
    assert_eq!(rx.plays(B), [Order::Pause(B)], "it began anew");
    rx.pauses(B);
    rx.tell(Fact::Calls(A, IDLE));
    assert_eq!(rx.elapse(B, Timer::Resume), [Order::Play(B)]);
}

#[test]
fn row_16_who_is_heard_when_both_play() {
    for (takeover, heard, orders) in [
        (Takeover::Last, vec![B], vec![Order::Pause(A)]),
        (Takeover::First, vec![A], vec![Order::Pause(B)]),
        (Takeover::FirstMute, vec![A], vec![]),
        (Takeover::Mix, vec![A, B], vec![]),
    ] {
        let mut rx = Receiver::with(Policy { takeover, ..Policy::default() });
        rx.plays(A);
        assert_eq!(rx.plays(B), orders, "{takeover:?}");
        assert_eq!(rx.heard(), heard, "{takeover:?}");
    }
}

#[test]
fn row_16_a_mix_plays_again_as_a_whole() {
    let mut rx = Receiver::with(Policy { seats: 3, takeover: Takeover::Mix, ..Policy::default() });
    rx.plays(A);
    rx.plays(B);
    assert_eq!(rx.tell(Fact::Calls(C, RINGING)), [Order::Pause(A), Order::Pause(B)]);
    rx.pauses(A);
    rx.pauses(B);
    rx.tell(Fact::Calls(C, IDLE));
    assert_eq!(rx.elapse(A, Timer::Resume), [Order::Play(A)]);
    rx.plays(A);
    assert_eq!(rx.elapse(B, Timer::Resume), [Order::Play(B)]);
    rx.plays(B);
    assert_eq!(rx.heard(), [A, B]);
}

#[test]
fn row_17_a_player_whose_beginning_was_not_seen_takes_over_by_its_sound() {
    let mut rx = Receiver::new();
    rx.plays(A);
    rx.tell(Fact::Player(B, Player::Absent, false));
    rx.tell_all(&[
        Fact::Player(B, Player::Playing, false),
        Fact::Started(B),
        Fact::Sounding(B, true),
    ]);
    assert_eq!(rx.heard(), [A], "what it did when we came is no start");
    assert_eq!(rx.elapse(B, Timer::Blip), [Order::Pause(A)]);
    assert_eq!(rx.heard(), [B]);
}

#[test]
fn row_17_a_notification_is_unheard_or_ducked() {
    for (blips, ducked) in [(Blips::Ignore, false), (Blips::Mix, true)] {
        for player in [Player::Paused, Player::Absent] {
            let mut rx = Receiver::with(Policy { blips, ..Policy::default() });
            rx.plays(A);
            rx.tell(Fact::Player(B, player, false));
            rx.tell_all(&[Fact::Started(B), Fact::Sounding(B, true)]);
            assert_eq!((rx.heard(), rx.roster.is_ducked(B)), (vec![A], ducked), "{player:?}");
            rx.tell(Fact::Sounding(B, false));
            assert!(!rx.roster.is_ducked(B));
        }
    }
}

#[test]
fn row_17_a_sound_that_lasts_is_no_blip() {
    let mut rx = Receiver::with(Policy { blips: Blips::Mix, ..Policy::default() });
    rx.plays(A);
    rx.tell(Fact::Player(B, Player::Absent, false));
    rx.tell(Fact::Preferences(B, Preferences { modest: true, ..Preferences::default() }));
    rx.tell_all(&[Fact::Started(B), Fact::Sounding(B, true)]);
    assert!(rx.roster.is_ducked(B));
    rx.elapse(B, Timer::Blip);
    assert_eq!((rx.heard(), rx.roster.ducked), (vec![A], 0));
}

#[test]
fn row_21_a_phone_that_was_playing_plays_again_when_it_is_back() {
    let mut rx = Receiver::new();
    assert_eq!(rx.tell(Fact::Returned(B)), [Order::Play(B)]);
    let mut rx = Receiver::new();
    rx.plays(A);
    assert_eq!(rx.tell(Fact::Returned(B)), [], "another is heard");
    let mut rx = Receiver::new();
    rx.talks(A);
    assert_eq!(rx.tell(Fact::Returned(B)), [], "another is in a call");
}

#[test]
fn echo_of_our_play_takes_the_ear_from_nobody() {
    let mut rx = Receiver::with(Policy { seats: 3, ..Policy::default() });
    rx.plays(B);
    rx.tell(Fact::Calls(A, RINGING));
    rx.pauses(B);
    rx.tell(Fact::Calls(A, IDLE));
    assert_eq!(rx.elapse(B, Timer::Resume), [Order::Play(B)]);
    rx.plays(C);
    assert_eq!(rx.plays(B), [Order::Pause(B)], "its owner had started the other one since");
    assert_eq!(rx.heard(), [C]);
}

#[test]
fn a_mix_that_ends_is_no_take_over_that_is_still_to_come() {
    for (takeover, heard) in [(Takeover::Last, B), (Takeover::First, A), (Takeover::FirstMute, A)] {
        let mut rx = Receiver::with(Policy { takeover: Takeover::Mix, ..Policy::default() });
        for id in [A, B] {
            rx.tell(Fact::Player(id, Player::Absent, false));
            rx.tell_all(&[Fact::Started(id), Fact::Sounding(id, true)]);
        }
        assert_eq!(rx.heard(), [A, B]);
        rx.policy.takeover = takeover;
        assert_eq!(rx.tell(Fact::PolicyChanged), []);
        assert_eq!(rx.heard(), [heard], "{takeover:?}");
        assert!(
            !rx.runs(A, Timer::Blip) && !rx.runs(B, Timer::Blip),
            "the other did not begin anew"
        );
    }
}

#[test]
fn a_mix_that_ends_while_somebody_is_about_to_play_again_leaves_one_to_be_heard() {
    let mut rx = Receiver::with(Policy { seats: 4, takeover: Takeover::Mix, ..Policy::default() });
    rx.plays(B);
    for id in [A, C] {
        rx.tell(Fact::Player(id, Player::Absent, false));
    }
    rx.tell_all(&[Fact::Calls(SeatId(3), RINGING), Fact::Started(A), Fact::Started(C)]);
    rx.pauses(B);
    rx.tell(Fact::Calls(SeatId(3), IDLE));
    assert_eq!((rx.heard(), rx.runs(B, Timer::Resume)), (vec![A, C], true));
    rx.policy.takeover = Takeover::Last;
    rx.tell(Fact::PolicyChanged);
    assert_eq!(rx.heard(), [C]);
}

#[test]
fn row_05_a_phone_without_a_status_that_sounds_on_is_not_told_to_play() {
    let mut rx = Receiver::new();
    rx.tell(Fact::Player(B, Player::Unknown, false));
    rx.tell_all(&[Fact::Started(B), Fact::Sounding(B, true)]);
    assert_eq!(rx.tell(Fact::Calls(A, RINGING)), [Order::Pause(B)]);
    rx.tell(Fact::Calls(A, IDLE));
    assert_eq!(rx.elapse(B, Timer::Resume), [], "it may pause yet");
    assert_eq!(rx.elapse(B, Timer::Told), []);
    assert_eq!(rx.heard(), [B]);
}

#[test]
fn row_05_a_phone_without_a_status_that_falls_silent_has_paused() {
    let mut rx = Receiver::new();
    rx.tell(Fact::Player(B, Player::Unknown, false));
    rx.tell_all(&[Fact::Started(B), Fact::Sounding(B, true)]);
    assert_eq!(rx.tell(Fact::Calls(A, RINGING)), [Order::Pause(B)]);
    assert_eq!(rx.tell(Fact::Sounding(B, false)), []);
    rx.tell(Fact::Calls(A, IDLE));
    assert_eq!(rx.heard(), [], "its stream is open, and that is all");
    assert_eq!(rx.elapse(B, Timer::Resume), [Order::Play(B)]);
    rx.tell(Fact::Sounding(B, true));
    assert_eq!(rx.heard(), [B]);
}

#[test]
fn a_mix_that_ends_forgets_who_is_not_heard_any_more() {
    let mut rx = Receiver::with(Policy { seats: 3, takeover: Takeover::Mix, ..Policy::default() });
    rx.plays(B);
    rx.tell(Fact::Calls(C, RINGING));
    rx.pauses(B);
    rx.tell(Fact::Calls(C, IDLE));
    rx.plays(A);
    assert!(rx.runs(B, Timer::Resume), "it joins the mix");
    rx.policy.takeover = Takeover::Last;
    rx.tell(Fact::PolicyChanged);
    assert!(!rx.runs(B, Timer::Resume));
}
