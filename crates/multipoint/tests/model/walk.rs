//! A walk at random through all of it at once: six seats, phones of every kind, any policy, changed in
//! between. A failure prints the seed, and the last steps. `WALK_STEPS=100000000` takes some minutes;
//! `WALK_SEED` walks elsewhere.

use tandem_multipoint::{
    Abilities, Answer, Blips, Fact, MAX_SEATS, Policy, Preferences, Roster, SeatId, Takeover,
    decide,
};

use crate::explore::ALIKE;
use crate::invariants::{Step, violation};
use crate::pack::moved;
use crate::phones::{ALL, Buttons, NO_CALLS, Phone, TWO, World, legal};

/// Steps that are shown of a failure.
const SHOWN: usize = 24;

struct Random(u64);

impl Random {
    fn below(&mut self, below: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % below
    }

    fn flag(&mut self) -> bool {
        self.below(2) == 1
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn preferences(&mut self) -> Preferences {
        let (modest, auto_answer) = (self.below(4) == 0, self.below(4) == 0);
        Preferences { modest, auto_answer, priority: self.below(3) as u8 }
    }

    fn policy(&mut self) -> Policy {
        Policy {
            seats: 1 + self.below(MAX_SEATS) as u8,
            takeover: self.one_of(&[
                Takeover::Last,
                Takeover::First,
                Takeover::FirstMute,
                Takeover::Mix,
            ]),
            answer: self.one_of(&[Answer::Hold, Answer::End]),
            resume: self.below(4) > 0,
            resume_call: self.below(4) > 0,
            blips: self.one_of(&[Blips::Ignore, Blips::Mix]),
        }
    }

    fn phone(&mut self) -> Phone {
        let none = Abilities::default();
        Phone {
            media: self.below(8) > 0,
            player: self.below(4) > 0,
            calls: self.one_of(&[NO_CALLS, TWO, TWO, TWO]),
            abilities: self.one_of(&[ALL, ALL, none]),
            links: true,
            assistant: self.flag(),
            refuses: self.flag(),
            preferences: self.preferences(),
        }
    }

    /// A fact of a kind that no world tells.
    fn odd(&mut self) -> Fact {
        let id = SeatId(self.below(MAX_SEATS + 1) as u8);
        match self.below(6) {
            0 => Fact::Preferences(id, self.preferences()),
            1 => Fact::InBand(id, self.flag()),
            2 => Fact::OtherPlayer(id),
            3 => Fact::HandsFree(id, None),
            4 => Fact::VoiceOpened(id),
            _ => Fact::Left(id),
        }
    }
}

/// Walks; panics at the first step that is wrong.
pub fn walk(seed: u64, steps: u64) {
    let mut random = Random(seed);
    let (mut policy, mut roster) = (random.policy(), Roster::default());
    let mut world =
        World { phones: [Phone::BARE; MAX_SEATS], come_and_go: true, buttons: Buttons::All };
    let (mut facts, mut last) = (Vec::new(), Vec::new());
    for n in 0..steps {
        if n % 20_000 == 0 {
            // Another world; who comes now sits in it.
            world.phones = core::array::from_fn(|_| random.phone());
            world.buttons = random.one_of(&[Buttons::None, Buttons::All]);
            roster = Roster::default();
            last.clear();
        }
        legal(&world, &roster, &mut facts);
        // Phones come and go seldom, or nothing else would happen.
        let rare = |fact: &Fact| matches!(fact, Fact::Arrived { .. } | Fact::Left(_));
        let mut fact = random.one_of(&facts);
        if rare(&fact) && random.below(8) > 0 {
            fact = random.one_of(&facts);
        }
        match random.below(200) {
            0 => (policy, fact) = (random.policy(), Fact::PolicyChanged),
            1..4 => fact = random.odd(),
            _ => {}
        }
        let (after, orders) = decide(policy, roster, fact);
        let step = Step { policy, before: &roster, fact, after: &after, orders: &orders };
        last.push((fact, orders));
        if let Some(what) = violation(&step) {
            let shown = last[last.len().saturating_sub(SHOWN)..].iter();
            let shown: Vec<_> =
                shown.map(|(fact, orders)| format!("{fact:?} -> {orders:?}")).collect();
            let shown = shown.join("\n");
            panic!("{what}\nseed {seed}, step {n}, {policy:?}\n{shown}\n{roster:#?}\n{after:#?}");
        }
        roster = after;
    }
}

#[test]
fn everything_at_once_at_random() {
    let number = |name| std::env::var(name).ok().and_then(|number| number.parse().ok());
    let seed = number("WALK_SEED").unwrap_or(0x7461_6e64_656d);
    let steps = number("WALK_STEPS").unwrap_or(2_000_000);
    println!("seed {seed}, {steps} steps");
    walk(seed, steps);
}

/// A fact of the phone in another seat.
fn fact_moved(fact: Fact, to: [usize; MAX_SEATS]) -> Fact {
    let at = |id: SeatId| SeatId(to[usize::from(id.0)] as u8);
    match fact {
        Fact::Preferences(id, preferences) => Fact::Preferences(at(id), preferences),
        Fact::Elapsed(id, timer) => Fact::Elapsed(at(id), timer),
        Fact::Left(id) => Fact::Left(at(id)),
        Fact::Started(id) => Fact::Started(at(id)),
        Fact::Stopped(id) => Fact::Stopped(at(id)),
        Fact::Sounding(id, on) => Fact::Sounding(at(id), on),
        Fact::Player(id, player, changed) => Fact::Player(at(id), player, changed),
        Fact::Returned(id) => Fact::Returned(at(id)),
        Fact::HandsFree(id, abilities) => Fact::HandsFree(at(id), abilities),
        Fact::Calls(id, calls) => Fact::Calls(at(id), calls),
        Fact::Assistant(id, on) => Fact::Assistant(at(id), on),
        Fact::VoiceAsked(id) => Fact::VoiceAsked(at(id)),
        Fact::VoiceOpened(id) => Fact::VoiceOpened(at(id)),
        Fact::VoiceClosed(id) => Fact::VoiceClosed(at(id)),
        Fact::VoiceFailed(id) => Fact::VoiceFailed(at(id)),
        other => other,
    }
}

/// Where a phone sits makes no difference: what is decided of phones that sit elsewhere is the same.
#[test]
fn seats_are_alike() {
    let mut random = Random(1);
    let phone = Phone { calls: TWO, links: true, assistant: true, ..Phone::PLAYER };
    let world = World { phones: [phone; MAX_SEATS], come_and_go: true, buttons: Buttons::None };
    let (mut roster, mut facts) = (Roster::default(), Vec::new());
    for n in 0..200_000 {
        let policy = Policy { seats: 1 + (n / 1000 % 6) as u8, ..Policy::default() };
        if n % 1000 == 0 {
            roster = Roster::default();
        }
        let to = ALIKE[random.below(ALIKE.len())];
        legal(&world, &roster, &mut facts);
        let fact = random.one_of(&facts);
        let (after, _) = decide(policy, roster, fact);
        let seats = matches!(fact, Fact::Arrived { .. }) || roster.waiting.is_some();
        if !seats {
            let (elsewhere, _) = decide(policy, moved(&roster, to), fact_moved(fact, to));
            assert_eq!(elsewhere, moved(&after, to), "{fact:?} of {roster:?}");
        }
        roster = after;
    }
}
