//! Every state that one, two and three seats can reach, and every legal fact from each, against
//! invariants that are written over rosters and orders alone. The numbers of states are golden: a
//! change of the policy that moves one is looked at.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use tandem_multipoint::{
    Fact, MAX_SEATS, Media, Order, Orders, Player, Policy, Preferences, Roster, Seat, SeatId,
    Takeover, Timer, Told, decide,
};

const TAKEOVERS: [Takeover; 4] =
    [Takeover::Last, Takeover::First, Takeover::FirstMute, Takeover::Mix];

/// Which phones there are.
#[derive(Clone, Copy, Default)]
struct Phones {
    /// Their owner keeps their media from taking over.
    modest: bool,
    /// They have players that can be followed and told to pause.
    players: bool,
}

const PLAIN: Phones = Phones { modest: false, players: false };
const WITH_PLAYERS: Phones = Phones { modest: false, players: true };

/// What may become of a player: it comes and goes, and says what it does, or not. What it says first
/// is no change; after a failure it is.
fn players(seat: &Seat) -> Vec<(Player, bool)> {
    match seat.player {
        Player::Absent => vec![(Player::Unknown, false)],
        Player::Unknown => {
            vec![
                (Player::Absent, false),
                (Player::Paused, false),
                (Player::Playing, false),
                (Player::Playing, true),
            ]
        }
        Player::Paused | Player::Stopped => {
            vec![(Player::Absent, false), (Player::Unknown, true), (Player::Playing, true)]
        }
        Player::Playing => {
            vec![(Player::Absent, false), (Player::Unknown, true), (Player::Paused, true)]
        }
    }
}

/// Every fact that the world could report in this state.
fn legal(roster: &Roster, Phones { modest, players: with }: Phones) -> Vec<Fact> {
    let mut facts = Vec::new();
    for put_out in [false, true] {
        let preferences = Preferences { modest, ..Preferences::default() };
        facts.push(Fact::Arrived { put_out, preferences });
    }
    if roster.waiting.is_some() {
        facts.push(Fact::NewcomerLeft);
    }
    for n in 0..MAX_SEATS {
        let (id, seat) = (SeatId(n as u8), roster.seats[n]);
        if !seat.taken {
            continue;
        }
        facts.push(Fact::Left(id));
        match seat.media {
            Media::Idle => facts.push(Fact::Started(id)),
            Media::Playing => {
                facts.push(Fact::Stopped(id));
                facts.push(Fact::Sounding(id, !seat.sounding));
            }
        }
        if with {
            facts.extend(players(&seat).into_iter().map(|(is, new)| Fact::Player(id, is, new)));
        }
        if seat.settling {
            facts.push(Fact::Elapsed(id, Timer::Settle));
        }
        if seat.blip {
            facts.push(Fact::Elapsed(id, Timer::Blip));
        }
    }
    facts
}

/// What is wrong with a step, if anything.
fn violation(
    policy: Policy,
    before: &Roster,
    fact: Fact,
    after: &Roster,
    orders: &Orders,
) -> Option<&'static str> {
    state_violation(policy, after)
        .or_else(|| order_violation(policy, before, fact, after, orders))
        .or_else(|| takeover_violation(policy, before, fact, after))
        .or_else(|| pause_violation(policy, before, fact, after, orders))
}

fn state_violation(policy: Policy, after: &Roster) -> Option<&'static str> {
    let taken = after.seats.iter().filter(|s| s.taken).count();
    let playing = |n: usize| after.seats[n].taken && after.seats[n].media == Media::Playing;
    let audible = |n: usize| after.audible & (1 << n) != 0;
    if taken > usize::from(policy.seats) {
        return Some("more phones than seats");
    }
    if (0..MAX_SEATS).any(|n| audible(n) && !playing(n)) {
        return Some("somebody is heard who does not play");
    }
    if (0..MAX_SEATS).any(|n| playing(n) && after.seats[n].told == Told::No) && after.audible == 0 {
        return Some("somebody plays and nobody is heard");
    }
    if after
        .seats
        .iter()
        .any(|s| s.told != Told::No && s.media == Media::Idle && s.player != Player::Playing)
    {
        return Some("who does not play is remembered as told to pause");
    }
    if after.seats.iter().any(|s| s.eager && s.player != Player::Playing) {
        return Some("a player that does not play wants the ear");
    }
    if (0..MAX_SEATS)
        .any(|n| audible(n) && (after.seats[n].told != Told::No || after.seats[n].eager))
    {
        return Some("who is heard was told to pause, or still wants to be");
    }
    if policy.takeover == Takeover::Last
        && (0..MAX_SEATS).any(|n| {
            playing(n) && !audible(n) && after.seats[n].eager && !after.seats[n].preferences.modest
        })
    {
        return Some("a player began to play, streams, and is not heard");
    }
    if policy.takeover != Takeover::Mix && after.audible.count_ones() > 1 {
        return Some("two are heard");
    }
    if policy.takeover == Takeover::Mix && (0..MAX_SEATS).any(|n| playing(n) && !audible(n)) {
        return Some("somebody is missing from the mix");
    }
    if after.seats.iter().any(|s| !s.taken && *s != Default::default()) {
        return Some("an empty seat remembers something");
    }
    if (0..MAX_SEATS).any(|n| after.seats[n].blip && (!playing(n) || audible(n))) {
        return Some("a take-over is timed for a phone that cannot take over");
    }
    if after.waiting.is_some() && !after.seats.iter().any(|s| s.leaving) {
        return Some("a newcomer waits for nobody");
    }
    type Rank = fn(&tandem_multipoint::Seat) -> u8;
    let ranks: [Rank; 3] = [|s| s.started, |s| s.heard, |s| s.joined];
    for rank in ranks {
        let mut ranks: Vec<u8> = after.seats.iter().map(rank).filter(|&r| r > 0).collect();
        ranks.sort_unstable();
        if ranks.iter().enumerate().any(|(i, &r)| usize::from(r) != i + 1) {
            return Some("ranks are not 1, 2, 3");
        }
    }
    None
}

fn order_violation(
    policy: Policy,
    before: &Roster,
    fact: Fact,
    after: &Roster,
    orders: &Orders,
) -> Option<&'static str> {
    let last_heard = (0..MAX_SEATS)
        .filter(|&n| before.seats[n].heard > 0)
        .max_by_key(|&n| before.seats[n].heard);
    let occupied = before.seats.iter().filter(|s| s.taken).count();
    let running = |id: SeatId, timer: Timer| match timer {
        Timer::Settle => before.seats[id.0 as usize].settling,
        Timer::Blip => before.seats[id.0 as usize].blip,
        _ => false,
    };
    let mut timers: HashMap<(SeatId, Timer), bool> = HashMap::new();
    for n in 0..MAX_SEATS as u8 {
        for timer in [Timer::Settle, Timer::Blip] {
            let ended = fact == Fact::Elapsed(SeatId(n), timer);
            timers.insert((SeatId(n), timer), running(SeatId(n), timer) && !ended);
        }
    }
    for order in orders {
        match *order {
            Order::Seat(id) if before.seats[id.0 as usize].taken && fact != Fact::Left(id) => {
                return Some("a newcomer was given a seat that is taken");
            }
            Order::Disconnect(id) if !before.seats[id.0 as usize].taken => {
                return Some("an order went to an empty seat");
            }
            Order::Disconnect(id)
                if policy.takeover != Takeover::Mix
                    && policy.seats > 1
                    && last_heard == Some(id.0 as usize) =>
            {
                return Some("the phone heard last lost its seat");
            }
            Order::TurnAway => {
                let put_out = matches!(fact, Fact::Arrived { put_out: true, .. });
                let leaving = before.seats.iter().any(|s| s.leaving);
                if before.waiting.is_none()
                    && (!put_out || leaving || occupied < usize::from(policy.seats))
                {
                    return Some("a newcomer was turned away without a reason");
                }
            }
            Order::Arm(id, timer) => {
                timers.insert((id, timer), true);
            }
            Order::Disarm(id, timer) => {
                timers.insert((id, timer), false);
            }
            _ => {}
        }
    }
    let told = |n: u8, timer| timers[&(SeatId(n), timer)];
    for n in 0..MAX_SEATS as u8 {
        let seat = after.seats[n as usize];
        if told(n, Timer::Settle) != seat.settling || told(n, Timer::Blip) != seat.blip {
            return Some("the timers that were ordered are not those that run");
        }
    }
    None
}

fn takeover_violation(
    policy: Policy,
    before: &Roster,
    fact: Fact,
    after: &Roster,
) -> Option<&'static str> {
    if policy.takeover == Takeover::Mix || before.audible == 0 || after.audible == before.audible {
        return None;
    }
    let incumbent = before.audible.trailing_zeros() as usize;
    let gone = !after.seats[incumbent].taken
        || after.seats[incumbent].media == Media::Idle
        || fact == Fact::Left(SeatId(incumbent as u8));
    if gone {
        return None;
    }
    let winner = after.audible.trailing_zeros() as usize;
    let seat = before.seats[winner];
    if policy.takeover != Takeover::Last {
        return Some("the first did not keep the ear");
    }
    let id = SeatId(winner as u8);
    let says = match seat.player {
        Player::Stopped | Player::Paused => true,
        Player::Playing => seat.begun,
        Player::Absent | Player::Unknown => false,
    };
    let sounded = fact == Fact::Elapsed(id, Timer::Blip) && seat.sounding && !seat.spent && !says;
    let began =
        fact == Fact::Player(id, Player::Playing, true) || fact == Fact::Started(id) && seat.eager;
    if !sounded && !began {
        return Some("a take-over without two seconds of sound, or a player that began to play");
    }
    if after.seats[winner].told == Told::No && after.seats[winner].media != Media::Playing {
        return Some("a take-over by a phone that does not stream");
    }
    if !after.seats[incumbent].spent {
        return Some("who lost the ear may take it back without starting anew");
    }
    if seat.settling || seat.preferences.modest {
        return Some("a take-over by a phone that may not take over");
    }
    None
}

/// Who is told to pause, and who has to be.
fn pause_violation(
    policy: Policy,
    before: &Roster,
    fact: Fact,
    after: &Roster,
    orders: &Orders,
) -> Option<&'static str> {
    let told = |n: usize| orders.as_slice().contains(&Order::Pause(SeatId(n as u8)));
    let may = |n: usize| {
        let seat = after.seats[n];
        let plays =
            seat.player == Player::Playing || seat.player == Player::Unknown && seat.sounding;
        seat.taken && seat.media == Media::Playing && plays
    };
    if (0..MAX_SEATS).any(|n| told(n) && !may(n)) {
        return Some("a pause for a phone that lacks the feature, or does not play");
    }
    if (0..MAX_SEATS).any(|n| told(n) && after.is_audible(SeatId(n as u8))) {
        return Some("who is heard was told to pause");
    }
    let anew = |n: usize| {
        let id = SeatId(n as u8);
        fact == Fact::Player(id, Player::Playing, true) || fact == Fact::Started(id)
    };
    if (0..MAX_SEATS).any(|n| told(n) && before.seats[n].told != Told::No && !anew(n)) {
        return Some("told to pause twice");
    }
    if !matches!(policy.takeover, Takeover::Last | Takeover::First) && (0..MAX_SEATS).any(told) {
        return Some("told to pause by a policy that lets both play");
    }
    let lost = |n: usize| {
        let id = SeatId(n as u8);
        before.is_audible(id) && !after.is_audible(id) && after.audible != 0 && may(n)
    };
    if policy.takeover == Takeover::Last && (0..MAX_SEATS).any(|n| lost(n) && !told(n)) {
        return Some("who lost the ear was not told to pause");
    }
    let unheard = |n: usize| !after.is_audible(SeatId(n as u8)) && after.audible != 0 && may(n);
    if policy.takeover == Takeover::First
        && (0..MAX_SEATS).any(|n| unheard(n) && after.seats[n].told == Told::No)
    {
        return Some("a newcomer plays under the first and was not told to pause");
    }
    None
}

/// Whether a state comes to rest if nothing happens but that timers end.
fn settles(policy: Policy, mut roster: Roster) -> bool {
    for _ in 0..4 * MAX_SEATS {
        let timer = (0..MAX_SEATS as u8).map(SeatId).find_map(|id| {
            let seat = roster.seats[id.0 as usize];
            let blip = seat.blip.then_some(Timer::Blip);
            Some((id, blip.or(seat.settling.then_some(Timer::Settle))?))
        });
        let Some((id, timer)) = timer else { return true };
        roster = decide(policy, roster, Fact::Elapsed(id, timer)).0;
    }
    false
}

/// Visits everything; returns the number of states.
fn explore(policy: Policy, phones: Phones) -> usize {
    let mut seen: HashMap<Roster, Option<(Roster, Fact)>> = HashMap::new();
    seen.insert(Roster::default(), None);
    let mut edge = vec![Roster::default()];
    while !edge.is_empty() {
        let mut next = Vec::new();
        for before in edge {
            for fact in legal(&before, phones) {
                let (after, orders) = decide(policy, before, fact);
                if let Some(what) = violation(policy, &before, fact, &after, &orders) {
                    panic!(
                        "{policy:?}: {what}\n{}last: {fact:?} -> {orders:?}\n{after:?}",
                        trace(&seen, before)
                    );
                }
                if let Entry::Vacant(entry) = seen.entry(after) {
                    assert!(settles(policy, after), "{policy:?}: no rest from {after:?}");
                    entry.insert(Some((before, fact)));
                    next.push(after);
                }
            }
        }
        edge = next;
    }
    seen.len()
}

/// The shortest way to a state: the search is breadth first.
fn trace(seen: &HashMap<Roster, Option<(Roster, Fact)>>, mut at: Roster) -> String {
    let mut facts = Vec::new();
    while let Some((before, fact)) = seen[&at] {
        facts.push(format!("{fact:?}\n"));
        at = before;
    }
    facts.into_iter().rev().collect()
}

#[test]
fn one_seat() {
    let counts = TAKEOVERS
        .map(|takeover| explore(Policy { seats: 1, takeover, ..Policy::default() }, PLAIN));
    assert_eq!(counts, [31; 4]);
}

#[test]
fn two_seats() {
    let counts = TAKEOVERS
        .map(|takeover| explore(Policy { seats: 2, takeover, ..Policy::default() }, PLAIN));
    assert_eq!(counts, [2177, 1937, 1937, 1361]);
}

#[test]
fn two_seats_of_phones_with_players() {
    let counts = TAKEOVERS
        .map(|takeover| explore(Policy { seats: 2, takeover, ..Policy::default() }, WITH_PLAYERS));
    assert_eq!(counts, [126_971, 169_041, 47_601, 33_201]);
}

#[test]
fn two_seats_of_phones_that_do_not_take_over() {
    assert_eq!(
        explore(Policy { seats: 2, ..Policy::default() }, Phones { modest: true, ..PLAIN }),
        1937
    );
}

#[test]
fn three_seats() {
    assert_eq!(explore(Policy { seats: 3, ..Policy::default() }, PLAIN), 566_893);
}

#[test]
fn a_change_of_policy_leaves_a_legal_state() {
    let mut seed = 0x1234_5678_9abc_def0_u64;
    let mut random = move |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    let (mut policy, mut roster) = (Policy::default(), Roster::default());
    for _ in 0..200_000 {
        if random(20) == 0 {
            policy = Policy {
                seats: 1 + random(6) as u8,
                takeover: TAKEOVERS[random(4)],
                ..Policy::default()
            };
            let (after, orders) = decide(policy, roster, Fact::PolicyChanged);
            let staying = after.seats.iter().filter(|s| s.taken && !s.leaving).count();
            assert!(staying <= usize::from(policy.seats), "{policy:?} {roster:?} {orders:?}");
            assert!(policy.takeover == Takeover::Mix || after.audible.count_ones() <= 1);
            roster = after;
        } else {
            let leaving = roster.seats.iter().any(|seat| seat.leaving);
            assert!(
                roster.waiting.is_none() || leaving,
                "{policy:?}: a newcomer waits for nobody: {roster:?}"
            );
            let facts = legal(&roster, WITH_PLAYERS);
            roster = decide(policy, roster, facts[random(facts.len())]).0;
        }
    }
}

/// Decides one fact after the other from nothing.
fn after(policy: Policy, facts: &[Fact]) -> Roster {
    facts.iter().fold(Roster::default(), |roster, fact| decide(policy, roster, *fact).0)
}

#[test]
fn a_mix_that_ends_is_no_take_over_that_is_still_to_come() {
    let arrived = Fact::Arrived { put_out: false, preferences: Preferences::default() };
    let facts = [
        arrived,
        arrived,
        Fact::Elapsed(SeatId(0), Timer::Settle),
        Fact::Elapsed(SeatId(1), Timer::Settle),
        Fact::Started(SeatId(0)),
        Fact::Sounding(SeatId(0), true),
        Fact::Started(SeatId(1)),
        Fact::Sounding(SeatId(1), true),
    ];
    let mix = after(Policy { seats: 2, takeover: Takeover::Mix, ..Policy::default() }, &facts);
    assert_eq!(mix.audible, 0b11);
    for (takeover, audible) in
        [(Takeover::Last, 0b10), (Takeover::First, 0b01), (Takeover::FirstMute, 0b01)]
    {
        let policy = Policy { seats: 2, takeover, ..Policy::default() };
        let (roster, orders) = decide(policy, mix, Fact::PolicyChanged);
        assert_eq!(roster.audible, audible, "{takeover:?}");
        assert_eq!(orders.as_slice(), [], "{takeover:?}: the other did not begin anew");
    }
}

#[test]
fn a_newcomer_waits_only_where_a_seat_becomes_free() {
    let arrived = Fact::Arrived { put_out: false, preferences: Preferences::default() };
    let three = after(Policy { seats: 3, ..Policy::default() }, &[arrived; 3]);
    let two = Policy::default();
    let (fewer, _) = decide(two, three, Fact::PolicyChanged);
    let (waiting, orders) = decide(two, fewer, arrived);
    assert!(waiting.waiting.is_some());
    assert_eq!(orders.as_slice(), [Order::Disconnect(SeatId(1))], "one more has to go for it");
    let (alone, _) = decide(two, waiting, Fact::Left(SeatId(0)));
    let (seated, orders) = decide(two, alone, Fact::Left(SeatId(1)));
    assert!(
        seated.waiting.is_none() && orders.as_slice().contains(&Order::Seat(SeatId(0))),
        "{orders:?}"
    );
}
