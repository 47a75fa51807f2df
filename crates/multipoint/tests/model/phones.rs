//! The world of a model: which phones there are, and every fact that may come of them at any moment.

use tandem_multipoint::{
    Abilities, Answer, Button, Calls, Fact, Few, MAX_SEATS, Media, Order, Player, Preferences,
    Roster, Seat, SeatId, Setup, Timer, To, Voice,
};

const IDLE: Calls = Calls { active: Few::None, held: false, setup: Setup::None };
const RINGING: Calls = Calls { setup: Setup::Incoming, ..IDLE };
const DIALLING: Calls = Calls { setup: Setup::Dialling, ..IDLE };
const ACTIVE: Calls = Calls { active: Few::One, ..IDLE };
const HELD: Calls = Calls { held: true, ..IDLE };
const WAITING: Calls = Calls { setup: Setup::Incoming, ..ACTIVE };
const BOTH: Calls = Calls { held: true, ..ACTIVE };
const HELD_AND_RINGING: Calls = Calls { held: true, ..RINGING };
const MANY: Calls = Calls { active: Few::Many, ..IDLE };

/// A phone without calls.
pub const NO_CALLS: &[Calls] = &[];
/// One that rings.
pub const RING: &[Calls] = &[IDLE, RINGING];
/// One whose call comes and goes.
pub const SHORT: &[Calls] = &[IDLE, RINGING, ACTIVE];
/// One call at a time, in each of its states.
pub const ONE: &[Calls] = &[IDLE, RINGING, DIALLING, ACTIVE, HELD];
/// Up to two calls.
pub const TWO: &[Calls] =
    &[IDLE, RINGING, DIALLING, ACTIVE, HELD, WAITING, BOTH, HELD_AND_RINGING, MANY];

/// What can be asked of every phone that has calls, unless it is said otherwise.
pub const ALL: Abilities = Abilities { reject: true, end: true, hold: true };

/// A phone, by what it has.
#[derive(Clone, Copy)]
pub struct Phone {
    /// Its stream.
    pub media: bool,
    /// Its player can be followed and told.
    pub player: bool,
    /// What may be told of its calls, in any order; none: it lacks the hands-free profile.
    pub calls: &'static [Calls],
    /// What can be asked of its calls.
    pub abilities: Abilities,
    /// It opens and closes voice links, asked or unasked.
    pub links: bool,
    /// It has an assistant.
    pub assistant: bool,
    /// It refuses orders, at any moment.
    pub refuses: bool,
    /// Its owner's choices.
    pub preferences: Preferences,
}

impl Phone {
    /// One with nothing.
    pub const BARE: Phone = Phone {
        media: false,
        player: false,
        calls: NO_CALLS,
        abilities: ALL,
        links: false,
        assistant: false,
        refuses: false,
        preferences: Preferences { modest: false, auto_answer: false, priority: 0 },
    };
    /// One that streams.
    pub const STREAM: Phone = Phone { media: true, ..Phone::BARE };
    /// One whose player can be followed, too.
    pub const PLAYER: Phone = Phone { player: true, ..Phone::STREAM };
}

/// Buttons that are pressed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Buttons {
    None,
    /// Answer, swap and hang up, for whomever they find.
    Few,
    /// Each, for whomever it finds and for each phone.
    All,
}

/// A world: which phone sits where, and what is done.
#[derive(Clone, Copy)]
pub struct World {
    /// The phones by their seats.
    pub phones: [Phone; MAX_SEATS],
    /// Phones come and go.
    pub come_and_go: bool,
    /// Which buttons are pressed.
    pub buttons: Buttons,
}

/// Every fact that the world could report in this state.
pub fn legal(world: &World, roster: &Roster, facts: &mut Vec<Fact>) {
    facts.clear();
    if world.come_and_go {
        let preferences = world.phones[0].preferences;
        facts.extend([false, true].map(|put_out| Fact::Arrived { put_out, preferences }));
        if roster.waiting.is_some() {
            facts.push(Fact::NewcomerLeft);
        }
    }
    for (n, phone) in world.phones.iter().enumerate() {
        let (id, seat) = (SeatId(n as u8), &roster.seats[n]);
        if !seat.taken {
            continue;
        }
        if world.come_and_go {
            facts.push(Fact::Left(id));
        }
        let running = Timer::ALL.into_iter().filter(|&timer| runs(seat, timer));
        facts.extend(running.map(|timer| Fact::Elapsed(id, timer)));
        media_facts(id, phone, seat, facts);
        call_facts(id, phone, seat, facts);
    }
    let few = [Button::Answer(None, None), Button::HangUp(None), Button::Swap];
    match world.buttons {
        Buttons::None => {}
        Buttons::Few => facts.extend(few.map(Fact::Button)),
        Buttons::All => buttons(roster, facts),
    }
}

fn media_facts(id: SeatId, phone: &Phone, seat: &Seat, facts: &mut Vec<Fact>) {
    if phone.media {
        match seat.media {
            Media::Idle => facts.push(Fact::Started(id)),
            Media::Playing => {
                facts.extend([Fact::Stopped(id), Fact::Sounding(id, !seat.sounding)]);
            }
        }
    }
    if phone.player {
        let next = players(seat.player);
        facts.extend(next.iter().map(|&(is, changed)| Fact::Player(id, is, changed)));
        if phone.refuses {
            facts.extend([Fact::Refused(Order::Pause(id)), Fact::Refused(Order::Play(id))]);
        }
        if seat.player != Player::Absent {
            facts.push(Fact::Returned(id));
        }
    }
}

/// What may become of a player: it comes and goes, and says what it does, or not. What it says first
/// is no change; after a failure it is.
fn players(player: Player) -> &'static [(Player, bool)] {
    use Player::{Absent, Paused, Playing, Stopped, Unknown};
    match player {
        Absent => &[(Unknown, false), (Playing, false)],
        Unknown => &[(Absent, false), (Paused, false), (Playing, false), (Playing, true)],
        Paused => &[(Absent, false), (Unknown, true), (Stopped, true), (Playing, true)],
        Stopped => &[(Absent, false), (Playing, true)],
        Playing => &[(Absent, false), (Unknown, true), (Paused, true), (Stopped, true)],
    }
}

fn call_facts(id: SeatId, phone: &Phone, seat: &Seat, facts: &mut Vec<Fact>) {
    if seat.hands_free.is_none() && !phone.calls.is_empty() {
        return facts.push(Fact::HandsFree(id, Some(phone.abilities)));
    }
    facts.extend(phone.calls.iter().map(|&calls| Fact::Calls(id, calls)));
    if phone.assistant {
        facts.push(Fact::Assistant(id, !seat.assistant));
    }
    if phone.links {
        facts.extend([Fact::VoiceAsked(id), Fact::VoiceClosed(id), Fact::VoiceFailed(id)]);
        // One that we know nothing of does not come to be: it is asked for, or asks.
        if matches!(seat.voice, Voice::Opening | Voice::Closing) {
            facts.push(Fact::VoiceOpened(id));
        }
    }
    if phone.refuses && !phone.calls.is_empty() {
        let orders = [Order::Answer(id), Order::Hold(id), Order::HangUp(id), Order::OpenVoice(id)];
        facts.extend(orders.map(Fact::Refused));
    }
}

fn buttons(roster: &Roster, facts: &mut Vec<Fact>) {
    let hows = [None, Some(Answer::End)];
    let seats = (0u8..).zip(&roster.seats).filter(|(_, seat)| seat.calls != IDLE);
    for named in seats.map(|(n, _)| Some(SeatId(n))).chain([None]) {
        facts.extend(hows.map(|how| Fact::Button(Button::Answer(how, named))));
        let buttons = [
            Button::Reject(named),
            Button::HangUp(named),
            Button::Hold(named),
            Button::Voice(To::Receiver, named),
            Button::Voice(To::Phone, named),
        ];
        facts.extend(buttons.map(Fact::Button));
    }
    facts.push(Fact::Button(Button::Swap));
}

/// Whether a timer runs: what its seat waits for says so.
pub fn runs(seat: &Seat, timer: Timer) -> bool {
    use tandem_multipoint::{Asked, Audio, Auto, Resume, Told};
    match timer {
        Timer::Settle => seat.settling,
        Timer::Blip => seat.blip,
        Timer::Told => seat.told == Told::Waiting || seat.echo,
        Timer::Resume => seat.resume == Resume::Due,
        Timer::ResumeWithin => {
            matches!(seat.resume, Resume::Paused | Resume::Due | Resume::Late)
        }
        Timer::Call => matches!(seat.asked, Asked::Hold | Asked::End | Asked::Retrieve),
        Timer::Answer => seat.asked == Asked::Answer,
        Timer::Voice => match seat.voice {
            Voice::Opening | Voice::Closing => true,
            Voice::None => {
                seat.assistant || seat.audio == Audio::Awaited && seat.calls.active != Few::None
            }
            Voice::Asked | Voice::Open => false,
        },
        Timer::AutoAnswer => seat.auto == Auto::Counting,
    }
}

/// What a phone that does all it is told does next, if anything is left for it to do.
pub fn obliging(roster: &Roster) -> Option<Fact> {
    use tandem_multipoint::{Asked, Resume, Told};
    let told = |n: u8, seat: &Seat| {
        let id = SeatId(n);
        Some(match (seat.asked, seat.voice) {
            (Asked::Answer | Asked::Retrieve, _) => Fact::Calls(id, ACTIVE),
            (Asked::Hold, _) => Fact::Calls(id, HELD),
            (Asked::End, _) => Fact::Calls(id, IDLE),
            (_, Voice::Opening) => Fact::VoiceOpened(id),
            (_, Voice::Closing) => Fact::VoiceClosed(id),
            _ if seat.told == Told::Waiting && seat.media == Media::Playing => Fact::Stopped(id),
            _ if seat.told == Told::Waiting => Fact::Player(id, Player::Paused, true),
            _ if seat.echo && seat.media == Media::Idle => Fact::Started(id),
            _ if seat.echo => Fact::Elapsed(id, Timer::Told),
            _ if seat.resume == Resume::Due => Fact::Elapsed(id, Timer::Resume),
            // Its link may not be wanted.
            _ if runs(seat, Timer::Voice) && seat.assistant => Fact::Elapsed(id, Timer::Voice),
            _ if runs(seat, Timer::Voice) => Fact::VoiceAsked(id),
            _ if runs(seat, Timer::AutoAnswer) => Fact::Elapsed(id, Timer::AutoAnswer),
            _ => return None,
        })
    };
    (0u8..).zip(&roster.seats).find_map(|(n, seat)| told(n, seat))
}
