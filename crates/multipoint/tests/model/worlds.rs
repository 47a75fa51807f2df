//! The worlds that are visited in full.

use tandem_multipoint::{
    Abilities, Blips, Fact, MAX_SEATS, Policy, Preferences, Roster, SeatId, Takeover, Timer, decide,
};

use crate::explore::{ALIKE, NONE, Symmetry, explore};
use crate::phones::{Buttons, ONE, Phone, RING, SHORT, TWO, World};

const TAKEOVERS: [Takeover; 4] =
    [Takeover::Last, Takeover::First, Takeover::FirstMute, Takeover::Mix];

/// Where phones come and go.
fn coming_and_going(phone: Phone) -> World {
    World { phones: [phone; MAX_SEATS], come_and_go: true, buttons: Buttons::None }
}

/// Where these sit, a while after they came.
fn seated(policy: Policy, phones: &[Phone], buttons: Buttons) -> (World, Roster) {
    let mut world = World { phones: [Phone::BARE; MAX_SEATS], come_and_go: false, buttons };
    let mut roster = Roster::default();
    for (n, phone) in phones.iter().enumerate() {
        world.phones[n] = *phone;
        let id = SeatId(n as u8);
        let preferences = phone.preferences;
        for fact in
            [Fact::Arrived { put_out: false, preferences }, Fact::Elapsed(id, Timer::Settle)]
        {
            roster = decide(policy, roster, fact).0;
        }
        if !phone.calls.is_empty() {
            roster = decide(policy, roster, Fact::HandsFree(id, Some(phone.abilities))).0;
        }
    }
    (world, roster)
}

fn visit(policy: Policy, phones: &[Phone], buttons: Buttons, symmetry: Symmetry) -> usize {
    let (world, begin) = seated(policy, phones, buttons);
    explore(policy, &world, begin, symmetry)
}

#[test]
fn media_on_one_seat() {
    let world = coming_and_going(Phone::PLAYER);
    let counts = TAKEOVERS.map(|takeover| {
        explore(Policy { seats: 1, takeover, ..Policy::default() }, &world, Roster::default(), NONE)
    });
    assert_eq!(counts, [367, 361, 361, 361]);
}

#[test]
fn media_on_two_seats() {
    let world = coming_and_going(Phone::STREAM);
    let counts = TAKEOVERS.map(|takeover| {
        explore(Policy { takeover, ..Policy::default() }, &world, Roster::default(), ALIKE)
    });
    assert_eq!(counts, [1_089, 969, 969, 681]);
}

#[test]
fn players_on_two_seats() {
    let counts = TAKEOVERS.map(|takeover| {
        let phone = Phone { refuses: true, ..Phone::PLAYER };
        visit(Policy { takeover, ..Policy::default() }, &[phone; 2], Buttons::None, NONE)
    });
    assert_eq!(counts, [18_249, 18_502, 4_572, 3_420]);
}

#[test]
fn players_come_and_go_on_two_seats() {
    let world = coming_and_going(Phone::PLAYER);
    assert_eq!(explore(Policy::default(), &world, Roster::default(), ALIKE), 284_274);
}

#[test]
fn calls_on_one_seat() {
    let phone = Phone { calls: TWO, links: true, assistant: true, refuses: true, ..Phone::PLAYER };
    let policy = Policy { seats: 1, ..Policy::default() };
    assert_eq!(visit(policy, &[phone], Buttons::All, NONE), 24_168);
}

#[test]
fn calls_on_two_seats() {
    let phone = Phone { calls: TWO, links: true, refuses: true, ..Phone::BARE };
    assert_eq!(visit(Policy::default(), &[phone; 2], Buttons::All, ALIKE), 67_406);
}

#[test]
fn phones_in_calls_come_and_go() {
    let phone = Phone { calls: SHORT, links: true, ..Phone::BARE };
    let world = coming_and_going(phone);
    assert_eq!(explore(Policy::default(), &world, Roster::default(), ALIKE), 13_261);
}

#[test]
fn sessions_and_assistants() {
    let phone = Phone { calls: SHORT, links: true, assistant: true, ..Phone::BARE };
    assert_eq!(visit(Policy::default(), &[phone; 2], Buttons::All, NONE), 22_259);
}

#[test]
fn phones_that_cannot_hold() {
    let none = Abilities::default();
    let phone = Phone { calls: TWO, links: true, abilities: none, ..Phone::BARE };
    assert_eq!(visit(Policy::default(), &[phone; 2], Buttons::All, NONE), 33_936);
}

#[test]
fn calls_that_are_answered_by_themselves() {
    let preferences = Preferences { auto_answer: true, ..Preferences::default() };
    let phone = Phone { calls: ONE, links: true, preferences, refuses: true, ..Phone::BARE };
    assert_eq!(visit(Policy::default(), &[phone; 2], Buttons::All, NONE), 19_460);
}

#[test]
fn music_on_one_phone_and_calls_on_the_other() {
    let caller = Phone { calls: SHORT, links: true, ..Phone::BARE };
    let player = Phone { refuses: true, ..Phone::PLAYER };
    assert_eq!(visit(Policy::default(), &[caller, player], Buttons::All, NONE), 15_292);
}

#[test]
fn music_on_two_phones_and_calls_on_one() {
    let caller = Phone { calls: RING, ..Phone::PLAYER };
    let player = Phone::PLAYER;
    let counts = TAKEOVERS.map(|takeover| {
        visit(Policy { takeover, ..Policy::default() }, &[caller, player], Buttons::None, NONE)
    });
    assert_eq!(counts, [89_891, 82_218, 53_112, 68_664]);
}

#[test]
fn blips() {
    let counts = TAKEOVERS.map(|takeover| {
        let policy = Policy { takeover, blips: Blips::Mix, ..Policy::default() };
        visit(policy, &[Phone::PLAYER; 2], Buttons::None, NONE)
    });
    assert_eq!(counts, [18_249, 19_798, 6_804, 3_420]);
}

#[test]
fn media_on_three_seats() {
    let policy = Policy { seats: 3, ..Policy::default() };
    let world = coming_and_going(Phone::STREAM);
    assert_eq!(explore(policy, &world, Roster::default(), ALIKE), 94_493);
}

#[test]
fn calls_on_three_seats() {
    let policy = Policy { seats: 3, ..Policy::default() };
    let phone = Phone { calls: SHORT, ..Phone::BARE };
    assert_eq!(visit(policy, &[phone; 3], Buttons::Few, NONE), 286_243);
}
