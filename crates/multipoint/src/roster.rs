//! The values that decisions are made of: seats and the phones in them.

use crate::policy::Preferences;

/// Seats at most: a piconet holds seven phones, and one place stays free to authenticate a newcomer.
pub const MAX_SEATS: usize = 6;

/// A place for one connected phone, 0 to [`MAX_SEATS`] − 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SeatId(pub u8);

/// A phone's media stream.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Media {
    /// No stream, or one that does not flow.
    #[default]
    Idle,
    /// Media flows.
    Playing,
}

/// What is known of a phone's player, by remote control.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Player {
    /// There is no remote control of it: it can be told nothing.
    #[default]
    Absent,
    /// It can be told to pause and to play, and does not say what it does.
    Unknown,
    /// It stopped.
    Stopped,
    /// It paused.
    Paused,
    /// It plays.
    Playing,
}

/// What a phone lets be asked of calls, beside answering and ending them (AT+CHLD=?).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Abilities {
    /// Reject the call that waits (AT+CHLD=0).
    pub reject: bool,
    /// End the active call and take the other (AT+CHLD=1).
    pub end: bool,
    /// Hold the active call and take the other (AT+CHLD=2).
    pub hold: bool,
}

/// How many there are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Few {
    /// None.
    #[default]
    None,
    /// One.
    One,
    /// Several.
    Many,
}

/// A call that is being set up.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Setup {
    /// None is.
    #[default]
    None,
    /// One rings, or waits while another is on.
    Incoming,
    /// One is being dialled.
    Dialling,
}

/// A phone's calls, as `callsetup` and +CLCC show them: a `call` indicator alone is none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Calls {
    /// Those that are active; a conference is several.
    pub active: Few,
    /// At least one is held (`callheld` 1 or 2).
    pub held: bool,
    /// One is being set up.
    pub setup: Setup,
}

/// A phone's voice link, SCO or eSCO.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Voice {
    /// There is none.
    #[default]
    None,
    /// The phone asked for one, and waits for the answer until another's is closed.
    Asked,
    /// It was accepted or asked for, and is not there yet.
    Opening,
    /// It is there.
    Open,
    /// We closed it, or took back what we asked for.
    Closing,
}

/// Where the sound of a phone's calls is to be, while there is no voice link.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Audio {
    /// On the phone, unless the phone sends it here.
    #[default]
    Phone,
    /// Here: the call was answered here, and the phone is about to open a voice link.
    Awaited,
    /// Here: the voice link was refused or taken from it, or its owner wants it. We ask for it when
    /// its turn comes.
    Owed,
}

/// What a phone was asked to do with its calls and has not done yet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Asked {
    /// Nothing.
    #[default]
    Nothing,
    /// Answer the one that rings.
    Answer,
    /// Hold the active one, for another phone's.
    Hold,
    /// End what is active or being dialled, for another phone's.
    End,
    /// Take the held one off hold.
    Retrieve,
}

/// Whether a ringing call is answered by itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Auto {
    /// It is not, or none rings.
    #[default]
    No,
    /// After this ring: [`Timer::AutoAnswer`](crate::Timer::AutoAnswer) runs.
    Counting,
    /// It was tried.
    Done,
}

/// What became of our telling a phone to pause.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Told {
    /// It was not told in this playing.
    #[default]
    No,
    /// It was told a moment ago: [`Timer::Told`](crate::Timer::Told) runs.
    Waiting,
    /// It paused, and is not heard before it starts anew.
    Obeyed,
    /// It plays on. It is not told again, and heard only when nobody else is.
    Defied,
}

/// Whether a phone's media plays again when nothing stronger is heard any more.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Resume {
    /// It was not heard before, or that is forgotten.
    #[default]
    No,
    /// It was heard before, and has not been told to pause.
    Heard,
    /// It was told to pause: it plays again.
    Paused,
    /// That is about to be: [`Timer::Resume`](crate::Timer::Resume) runs.
    Due,
    /// The time has come, and it has not paused yet.
    Late,
}

/// A seat and the phone in it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Seat {
    /// A phone sits here. When it is false, everything else is at its default.
    pub taken: bool,
    /// The seat was asked for by a newcomer and its phone told to go.
    pub leaving: bool,
    /// Its owner's choices for it.
    pub preferences: Preferences,
    /// It connected a moment ago: [`Timer::Settle`](crate::Timer::Settle) runs.
    pub settling: bool,
    /// It came as the n-th of those present, from 1; 0 in an empty seat.
    pub joined: u8,
    /// It was heard last, voice sessions aside, as the n-th, from 1 (longest ago); 0 if never.
    pub heard: u8,

    /// Its media stream.
    pub media: Media,
    /// What it streams is sound, not silence.
    pub sounding: bool,
    /// It started to play as the n-th of those that play now, from 1; 0 while it does not play.
    pub started: u8,
    /// This playing takes nothing over: it began while the phone was settling or under a stronger
    /// claim, or lost the ear to another's. A pause or a silence ends it.
    pub spent: bool,
    /// [`Timer::Blip`](crate::Timer::Blip) runs: it has sounded for a while that is not long enough yet.
    pub blip: bool,
    /// Its player, as it says itself.
    pub player: Player,
    /// Its player was seen to begin to play.
    pub begun: bool,
    /// Its player began to play and has not been heard since: it takes over once it streams.
    pub eager: bool,
    /// What became of our telling it to pause.
    pub told: Told,
    /// We told it to play a moment ago: its beginning is ours, and takes nothing over.
    pub echo: bool,
    /// Whether it plays again after a call.
    pub resume: Resume,

    /// What it can be asked of calls, while its hands-free profile is up.
    pub hands_free: Option<Abilities>,
    /// Its calls.
    pub calls: Calls,
    /// It rings over the voice link.
    pub in_band: bool,
    /// Its assistant listens or speaks.
    pub assistant: bool,
    /// Its voice link.
    pub voice: Voice,
    /// Its voice link has carried neither call nor assistant: it is a voice session.
    pub session: bool,
    /// Where its calls are to be heard.
    pub audio: Audio,
    /// What it was asked to do with its calls.
    pub asked: Asked,
    /// Its held call was held by us, for another phone's; or the active one is held late, if it is.
    pub held_by_us: bool,
    /// Whether its ringing call is answered by itself.
    pub auto: Auto,
    /// Its call began to be set up as the n-th of those being set up now, from 1; 0 without one.
    pub rang: u8,
    /// It was used for a call last as the n-th, from 1 (longest ago); 0 if never.
    pub talked: u8,
}

/// All that [`decide`](crate::decide) knows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Roster {
    /// The seats, of which [`Policy::seats`](crate::Policy::seats) may be taken, whichever.
    pub seats: [Seat; MAX_SEATS],
    /// Bit n: seat n is heard, with its strongest [`Claim`](crate::Claim); one whose call goes on on
    /// the phone, too, if nobody's is heard here.
    pub audible: u8,
    /// Bit n: seat n's short sound is heard, ducked, under the music of those that are audible.
    pub ducked: u8,
    /// A newcomer is connected, encrypted and without a seat until one is vacated.
    pub waiting: Option<Preferences>,
    /// This seat's call is taken once the others have made room for it.
    pub accepting: Option<SeatId>,
}

impl Roster {
    /// The seat, if there is one of that number.
    pub fn seat(&self, id: SeatId) -> Option<&Seat> {
        self.seats.get(usize::from(id.0))
    }

    /// Whether a seat is heard.
    pub fn is_audible(&self, id: SeatId) -> bool {
        id.0 < 8 && self.audible & (1 << id.0) != 0
    }

    /// Whether a seat's short sound is heard, ducked.
    pub fn is_ducked(&self, id: SeatId) -> bool {
        id.0 < 8 && self.ducked & (1 << id.0) != 0
    }

    /// The seats that are taken.
    pub fn taken(&self) -> impl Iterator<Item = SeatId> + '_ {
        self.which(|seat| seat.taken)
    }

    /// The seats that are heard.
    pub fn heard(&self) -> impl Iterator<Item = SeatId> + '_ {
        (0..MAX_SEATS as u8).map(SeatId).filter(|&id| self.is_audible(id))
    }

    pub(crate) fn which<'a>(
        &'a self,
        is: impl Fn(&Seat) -> bool + 'a,
    ) -> impl Iterator<Item = SeatId> + 'a {
        (0u8..).zip(&self.seats).filter(move |(_, seat)| is(seat)).map(|(n, _)| SeatId(n))
    }

    pub(crate) fn at(&mut self, id: SeatId) -> &mut Seat {
        &mut self.seats[usize::from(id.0)]
    }
}
