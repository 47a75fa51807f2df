//! Breadth first through every state that a world can reach.

use core::hash::BuildHasherDefault;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use tandem_multipoint::{
    Asked, Fact, MAX_SEATS, Policy, Resume, Roster, Seat, SeatId, Timer, Told, Voice, decide,
};

use crate::invariants::{Step, violation};
use crate::pack::{AsItIs, Packed, moved, pack, unpack};
use crate::phones::{World, legal, obliging, runs};

/// Steps within which everything comes to rest.
const REST: usize = 48;

/// The states seen, each with its number, and how each was come to.
struct Seen {
    numbers: HashMap<Packed, u32, BuildHasherDefault<AsItIs>>,
    states: Vec<(Packed, u32, Fact)>,
}

/// How seats may be exchanged without a difference (`walk` holds that against what is decided).
pub type Symmetry = &'static [[usize; MAX_SEATS]];

/// Phones that are alike may sit anywhere on three seats, the last of which may be left empty.
pub const ALIKE: Symmetry = &[
    [0, 1, 2, 3, 4, 5],
    [1, 0, 2, 3, 4, 5],
    [0, 2, 1, 3, 4, 5],
    [1, 2, 0, 3, 4, 5],
    [2, 0, 1, 3, 4, 5],
    [2, 1, 0, 3, 4, 5],
];

/// Every seat is its own.
pub const NONE: Symmetry = &[[0, 1, 2, 3, 4, 5]];

/// Visits every state from a beginning; returns how many there are.
pub fn explore(policy: Policy, world: &World, begin: Roster, symmetry: Symmetry) -> usize {
    let canonical = |roster: &Roster| {
        // Two seats can be exchanged in the first two ways.
        let ways = if policy.seats == 2 { 2.min(symmetry.len()) } else { symmetry.len() };
        let all = symmetry[..ways].iter().map(|&to| pack(world, &moved(roster, to)));
        all.min().expect("one at least")
    };
    let mut seen = Seen { numbers: HashMap::default(), states: Vec::new() };
    seen.add(canonical(&begin), 0, Fact::PolicyChanged);
    let (mut facts, mut at) = (Vec::new(), 0);
    while let Some(&(packed, ..)) = seen.states.get(at) {
        let before = unpack(world, &packed);
        legal(world, &before, &mut facts);
        for &fact in &facts {
            let (after, orders) = decide(policy, before, fact);
            let step = Step { policy, before: &before, fact, after: &after, orders: &orders };
            if let Some(what) = violation(&step) {
                seen.fail(world, what, at, &format!("{fact:?} -> {orders:?}\n{}", shown(&after)));
            }
            let packed = canonical(&after);
            if seen.add(packed, at as u32, fact) {
                assert_eq!(pack(world, &unpack(world, &packed)), packed);
                let restless = rest(policy, &after).or_else(|| obliged(policy, &after));
                if let Some(what) = restless {
                    seen.fail(world, what, seen.states.len() - 1, &shown(&after));
                }
            }
        }
        at += 1;
    }
    seen.states.len()
}

impl Seen {
    /// Whether this one is new.
    fn add(&mut self, state: Packed, from: u32, fact: Fact) -> bool {
        let number = self.states.len() as u32;
        let Entry::Vacant(entry) = self.numbers.entry(state) else { return false };
        entry.insert(number);
        self.states.push((state, from, fact));
        true
    }

    /// Shows the shortest way to a failure: the search is breadth first.
    fn fail(&self, world: &World, what: &str, mut at: usize, last: &str) -> ! {
        let before = unpack(world, &self.states[at].0);
        let mut facts = Vec::new();
        while at > 0 {
            let (_, from, fact) = self.states[at];
            facts.push(format!("{fact:?}"));
            at = from as usize;
        }
        facts.reverse();
        let facts = facts.join("\n");
        let before = shown(&before);
        panic!("{what}\nfrom the beginning:\n{facts}\nthe state:\n{before}\nlast: {last}");
    }
}

/// What is particular about a roster.
fn shown(roster: &Roster) -> String {
    let ordinary = format!("{:?}", Seat::default());
    let ordinary: Vec<&str> = ordinary.split(", ").collect();
    let seat = |seat: &Seat| {
        let fields = format!("{seat:?}");
        let fields = fields.split(", ").filter(|field| !ordinary.contains(field));
        fields.collect::<Vec<_>>().join(", ")
    };
    let seats = roster.seats.iter().filter(|seat| seat.taken).map(seat);
    let rest = Roster { seats: Roster::default().seats, ..*roster };
    let rest = format!("{rest:?}");
    let rest = rest.split("], ").last().unwrap_or_default();
    seats.collect::<Vec<_>>().join("\n") + "\n" + rest
}

/// Whether a state comes to rest if nothing happens but that timers end, and at what kind of rest.
fn rest(policy: Policy, roster: &Roster) -> Option<&'static str> {
    let mut roster = *roster;
    for _ in 0..REST {
        let running = (0u8..).zip(&roster.seats).find_map(|(n, seat)| {
            let timer = Timer::ALL.into_iter().rev().find(|&timer| runs(seat, timer))?;
            Some(Fact::Elapsed(SeatId(n), timer))
        });
        let Some(fact) = running else { return unsettled(&roster) };
        roster = decide(policy, roster, fact).0;
    }
    Some("no rest though every timer ends")
}

/// Whether it comes to rest if the phones do all that they are told.
fn obliged(policy: Policy, roster: &Roster) -> Option<&'static str> {
    let mut roster = *roster;
    for _ in 0..REST {
        let fact = obliging(&roster)?;
        roster = decide(policy, roster, fact).0;
    }
    Some("no rest though every phone obeys")
}

/// What is still waited for with no timer running.
fn unsettled(roster: &Roster) -> Option<&'static str> {
    let waits = roster.seats.iter().any(|seat| {
        seat.asked != Asked::Nothing
            || seat.told == Told::Waiting
            || matches!(seat.resume, Resume::Due | Resume::Late)
            || matches!(seat.voice, Voice::Asked | Voice::Opening | Voice::Closing)
    });
    (waits || roster.accepting.is_some()).then_some("something is waited for without a timer")
}
