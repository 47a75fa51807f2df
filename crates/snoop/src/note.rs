//! The notes that Tandem writes between the packets of its captures: lines of plain text, made to be
//! read by people in Wireshark and btmon, and by [`crate::timeline`].
//!
//! ```text
//! tandem WORD [KEY=VALUE]…
//! ```
//! A word and its keys are lower-case letters, digits, `_` and `.`; values hold no white space. Keys
//! may repeat, and readers skip words and keys that they do not know. Words so far:
//!
//! | line | meaning |
//! |---|---|
//! | `tandem heard none` | from here on nobody is heard |
//! | `tandem heard phone=AA:BB:CC:DD:EE:FF kind=media` | from here on that phone is; with mixing, `phone=… kind=…` again for each further one |
//! | `tandem call phone=AA:BB:CC:DD:EE:FF index=1 state=incoming` | a phone's call, by the phone's number for it, is `incoming`, `outgoing`, `active`, `held` or `ended` now |
//! | `tandem decided fact=Started(SeatId(1)) order=Pause(SeatId(0))` | a decision, with the orders that it came to |
//! | others | what the receiver was set to and told, which [`crate::timeline`] does not need; `tandem replay` does |
//!
//! Kinds are those of the control interface's `audible` event: `call`, `ring`, `voice`,
//! `assistant`, `media`.

use std::fmt;

use wire::Address;

/// What of a phone is heard.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// A call.
    Call,
    /// Ringing.
    Ring,
    /// A voice link without a call.
    Voice,
    /// Its assistant.
    Assistant,
    /// Music and the like.
    Media,
}

impl Kind {
    const ALL: [Kind; 5] = [Kind::Call, Kind::Ring, Kind::Voice, Kind::Assistant, Kind::Media];

    /// Its word in notes and events.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Call => "call",
            Kind::Ring => "ring",
            Kind::Voice => "voice",
            Kind::Assistant => "assistant",
            Kind::Media => "media",
        }
    }
}

/// One phone that is heard.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Audible {
    /// Its address.
    pub phone: Address,
    /// What of it.
    pub kind: Kind,
}

/// The note of who is heard from here on: displays as its line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Heard<'a>(pub &'a [Audible]);

impl fmt::Display for Heard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tandem heard")?;
        if self.0.is_empty() {
            return f.write_str(" none");
        }
        self.0.iter().try_for_each(|one| write!(f, " phone={} kind={}", one.phone, one.kind.name()))
    }
}

/// What a call is doing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum State {
    /// It rings, or waits.
    Incoming,
    /// It is being dialled, or rings there.
    Outgoing,
    /// It is spoken in.
    Active,
    /// It is on hold.
    Held,
    /// It is over.
    Ended,
}

impl State {
    const ALL: [State; 5] =
        [State::Incoming, State::Outgoing, State::Active, State::Held, State::Ended];

    /// Its word in notes and events.
    pub const fn name(self) -> &'static str {
        match self {
            State::Incoming => "incoming",
            State::Outgoing => "outgoing",
            State::Active => "active",
            State::Held => "held",
            State::Ended => "ended",
        }
    }
}

/// The note of what a call does from here on: displays as its line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Call {
    /// Whose it is.
    pub phone: Address,
    /// The phone's number for it, from 1.
    pub index: u8,
    /// What it does.
    pub state: State,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Call { phone, index, state } = self;
        write!(f, "tandem call phone={phone} index={index} state={}", state.name())
    }
}

/// What a call does from here on, if `line` is a note about that.
pub fn call(line: &str) -> Option<Call> {
    let (word, pairs) = parse(line)?;
    (word == "call").then_some(())?;
    let (mut phone, mut index, mut state) = (None, None, None);
    for (key, value) in pairs {
        match key {
            "phone" => phone = value.parse().ok(),
            "index" => index = value.parse().ok(),
            "state" => state = State::ALL.into_iter().find(|state| state.name() == value),
            _ => {}
        }
    }
    Some(Call { phone: phone?, index: index?, state: state? })
}

/// A decision: what it was made about and what it came to, as the receiver's policy calls them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decided<'a> {
    /// `Started(SeatId(1))` and the like.
    pub fact: &'a str,
    /// `Pause(SeatId(0))` and the like.
    pub orders: Vec<&'a str>,
}

impl Decided<'_> {
    /// The seat whose phone did something, where the fact is about that.
    pub fn answers(&self) -> Option<u8> {
        let ours = ["Elapsed", "Sounding", "Preferences", "Button"];
        if ours.contains(&word(self.fact)) { None } else { seat(self.fact) }
    }

    /// The seats whose phones were told to do something.
    pub fn told(&self) -> impl Iterator<Item = u8> {
        let ours = ["Arm", "Disarm", "Seat", "CallOnPhone"];
        self.orders.iter().filter(move |order| !ours.contains(&word(order))).filter_map(|o| seat(o))
    }
}

fn word(text: &str) -> &str {
    text.split(['(', '{']).next().unwrap_or(text)
}

fn seat(text: &str) -> Option<u8> {
    let (_, rest) = text.split_once("SeatId(")?;
    rest.split(')').next()?.parse().ok()
}

/// A decision, if `line` is a note about one.
pub fn decided(line: &str) -> Option<Decided<'_>> {
    let (word, pairs) = parse(line)?;
    (word == "decided").then_some(())?;
    let mut decided = Decided { fact: "", orders: Vec::new() };
    for (key, value) in pairs {
        match key {
            "fact" => decided.fact = value,
            "order" => decided.orders.push(value),
            _ => {}
        }
    }
    Some(decided)
}

/// A line taken apart: its word, and its keys with their values; `None` if it is none of ours.
/// What is no `KEY=VALUE` is skipped.
pub fn parse(line: &str) -> Option<(&str, impl Iterator<Item = (&str, &str)>)> {
    let mut words = line.split_ascii_whitespace();
    (words.next() == Some("tandem")).then_some(())?;
    Some((words.next()?, words.filter_map(|word| word.split_once('='))))
}

/// Who is heard from here on, if `line` is a note about that. A phone whose kind is missing or not
/// known counts as media.
pub fn heard(line: &str) -> Option<Vec<Audible>> {
    let (word, pairs) = parse(line)?;
    (word == "heard").then_some(())?;
    let mut audible: Vec<Audible> = Vec::new();
    for (key, value) in pairs {
        match key {
            "phone" => {
                if let Ok(phone) = value.parse() {
                    audible.push(Audible { phone, kind: Kind::Media });
                }
            }
            "kind" => {
                let kind = Kind::ALL.into_iter().find(|kind| kind.name() == value);
                if let (Some(last), Some(kind)) = (audible.last_mut(), kind) {
                    last.kind = kind;
                }
            }
            _ => {}
        }
    }
    Some(audible)
}
