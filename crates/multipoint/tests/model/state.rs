//! What is always true of a roster, whatever led to it.

use tandem_multipoint::{
    Asked, Audio, Calls, Few, Media, Player, Policy, Resume, Roster, Seat, SeatId, Setup, Takeover,
    Told, Tone, Voice,
};

/// What is wrong, if anything.
pub type Broken = Option<&'static str>;

pub fn first(broken: &[(bool, &'static str)]) -> Broken {
    broken.iter().find(|(broken, _)| *broken).map(|(_, what)| *what)
}

/// How strong a seat's claim is: media 1, voice session or assistant 2, ring 3, call 4.
pub fn strength(seat: &Seat) -> u8 {
    let answers = matches!(seat.asked, Asked::Answer | Asked::Retrieve);
    match seat.calls {
        Calls { active: Few::One | Few::Many, .. } => 4,
        _ if answers => 4,
        Calls { setup: Setup::Incoming | Setup::Dialling, .. } => 3,
        _ if seat.assistant || seat.session => 2,
        _ => u8::from(seat.media == Media::Playing),
    }
}

pub fn strongest(roster: &Roster) -> u8 {
    roster.seats.iter().map(strength).max().unwrap_or(0)
}

pub fn silenced(roster: &Roster) -> bool {
    strongest(roster) > 1
}

/// What a phone in its seat was told to pause for is to play again.
pub fn owed(seat: &Seat) -> bool {
    matches!(seat.resume, Resume::Paused | Resume::Due | Resume::Late)
}

pub fn in_call(seat: &Seat) -> bool {
    seat.calls != Calls::default()
}

pub fn on(seat: &Seat) -> bool {
    seat.calls.active != Few::None || seat.calls.setup == Setup::Dialling
}

pub fn heard(roster: &Roster, n: usize) -> bool {
    roster.audible >> n & 1 == 1
}

pub fn says_it_plays(seat: &Seat) -> bool {
    let says = seat.player == Player::Playing || seat.player == Player::Unknown && seat.sounding;
    seat.media == Media::Playing && says
}

/// What is wrong with the roster itself.
pub fn state(policy: Policy, roster: &Roster) -> Broken {
    let any = |is: &dyn Fn(usize, &Seat) -> bool| {
        let taken = roster.seats.iter().enumerate().filter(|(_, seat)| seat.taken);
        taken.into_iter().any(|(n, seat)| is(n, seat))
    };
    let empty =
        |(n, seat): (usize, &Seat)| !seat.taken && (heard(roster, n) || *seat != Seat::default());
    let linked = |seat: &&Seat| matches!(seat.voice, Voice::Opening | Voice::Open);
    let silenced = silenced(roster);
    let mix = policy.takeover == Takeover::Mix;
    let may =
        |seat: &Seat| seat.media == Media::Playing && matches!(seat.told, Told::No | Told::Defied);
    let room = !any(&|_, s| matches!(s.voice, Voice::Opening | Voice::Open | Voice::Closing));
    let staying = roster.seats.iter().filter(|s| s.taken && !s.leaving);
    let last = roster.seats.iter().map(|s| s.heard).max().unwrap_or(0);
    let may_go = |s: &Seat| !in_call(s) && !mix && (s.heard < last || last == 0);
    let fresh = |seat: &Seat| !seat.spent || owed(seat) || seat.echo;
    let awaits = any(&|_, seat| owed(seat) || seat.echo);
    first(&[
        (
            roster.seats.iter().enumerate().any(empty),
            "an empty seat remembers something, or is heard",
        ),
        (roster.seats.iter().filter(linked).count() > 1, "two voice links are open or opening"),
        (
            silenced && roster.audible.count_ones() != 1,
            "not one is heard, though one claims more than media",
        ),
        (
            silenced && any(&|n, s| heard(roster, n) && strength(s) != strongest(roster)),
            "a weaker claim is heard",
        ),
        (!mix && roster.audible.count_ones() > 1, "two are heard"),
        (
            !silenced && any(&|n, s| heard(roster, n) && !may(s)),
            "somebody is heard who does not play, or was told to pause",
        ),
        (
            !silenced && roster.audible == 0 && any(&|_, s| may(s) && (fresh(s) || !awaits)),
            "somebody plays and nobody is heard",
        ),
        (
            !silenced && mix && any(&|n, s| may(s) && !heard(roster, n)),
            "somebody is missing from the mix",
        ),
        (
            silenced && any(&|_, s| strength(s) == 1 && says_it_plays(s) && s.told == Told::No),
            "media plays under something stronger and was not told to pause",
        ),
        (
            silenced && (roster.ducked != 0 || any(&|_, s| s.blip)),
            "a blip under something stronger",
        ),
        (roster.ducked & roster.audible != 0, "somebody is heard twice"),
        (
            !silenced && any(&|_, s| matches!(s.resume, Resume::Paused | Resume::Heard)),
            "a resumption is stuck",
        ),
        (
            silenced && any(&|_, s| matches!(s.resume, Resume::Due | Resume::Late)),
            "a resumption under something stronger",
        ),
        (
            any(&|_, s| s.eager && (silenced || s.player != Player::Playing)),
            "eager without a reason",
        ),
        (
            any(&|_, s| s.asked == Asked::Answer && s.calls.setup != Setup::Incoming),
            "nothing rings that is answered",
        ),
        (
            any(&|_, s| s.asked == Asked::Hold && s.calls.active == Few::None),
            "nothing is active that is to be held",
        ),
        (any(&|_, s| s.asked == Asked::End && !on(s)), "nothing is on that is to be ended"),
        (
            any(&|_, s| {
                let held = s.calls.held && s.calls.active == Few::None;
                s.held_by_us && !held && s.calls != Calls { active: Few::One, ..Calls::default() }
            }),
            "nothing is held that we held, nor held late",
        ),
        (
            any(&|_, s| s.session && (in_call(s) || s.assistant || s.voice == Voice::None)),
            "no session",
        ),
        (
            any(&|n, s| s.voice == Voice::Asked && (!heard(roster, n) && silenced)),
            "a request waits out of turn",
        ),
        (
            roster.accepting.is_some() && !any(&|_, s| matches!(s.asked, Asked::Hold | Asked::End)),
            "a call waits for nobody to make room",
        ),
        (
            roster.accepting.is_none()
                && !any(&|_, s| on(s) || strength(s) >= 3)
                && any(&|_, s| s.held_by_us),
            "a call that we held is left on hold",
        ),
        (roster.waiting.is_some() && !any(&|_, s| s.leaving), "a newcomer waits for nobody"),
        (room && any(&|_, s| s.voice == Voice::Asked), "a request waits though there is room"),
        (
            room && silenced && any(&|n, s| heard(roster, n) && s.audio == Audio::Owed && on(s)),
            "a call's audio is owed, and not asked for",
        ),
        (
            staying.clone().count() > usize::from(policy.seats) && staying.clone().any(may_go),
            "a phone stays for which there is no seat",
        ),
    ])
    .or_else(|| ranks(roster))
    .or_else(|| tone(roster))
}

fn ranks(roster: &Roster) -> Broken {
    let ranks: [fn(&Seat) -> u8; 5] =
        [|s| s.started, |s| s.heard, |s| s.joined, |s| s.rang, |s| s.talked];
    let broken = ranks.iter().any(|rank| {
        let seen = roster.seats.iter().map(rank).filter(|&rank| rank > 0);
        let (set, count) = seen.fold((0u32, 0), |(set, count), rank| (set | 1 << rank, count + 1));
        set != (1 << (count + 1)) - 2
    });
    broken.then_some("ranks are not 1, 2, 3")
}

/// A call that rings is heard: by the phone itself, by a tone of our own, or quietly beside another's.
fn tone(roster: &Roster) -> Broken {
    let seats = || roster.seats.iter().enumerate();
    let rings = |n: usize, s: &Seat| {
        let taken = s.asked == Asked::Answer || roster.accepting == Some(SeatId(n as u8));
        s.calls.setup == Setup::Incoming && strength(s) < 4 && !taken
    };
    let busy = seats().any(|(_, s)| strength(s) == 4 || s.calls.setup == Setup::Dialling);
    let ringing = seats().any(|(n, s)| rings(n, s));
    let in_band = seats()
        .any(|(n, s)| heard(roster, n) && rings(n, s) && s.in_band && s.voice == Voice::Open);
    let expected = match (ringing, busy) {
        (false, _) => Tone::None,
        (true, true) => Tone::Waiting,
        (true, false) if in_band => Tone::None,
        (true, false) => Tone::Ring,
    };
    (roster.tone() != expected).then_some("a call that rings is not heard as it should be")
}
