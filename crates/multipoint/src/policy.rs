//! The owner's choices, swappable at any time.

/// Who is heard when two phones play.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Takeover {
    /// The one that started last.
    #[default]
    Last,
    /// The one that started first; the newcomer is told to pause where it can be told.
    First,
    /// The one that started first; the newcomer streams unheard.
    FirstMute,
    /// Both.
    Mix,
}

/// What becomes of the calls that are on when another is answered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Answer {
    /// They are held.
    #[default]
    Hold,
    /// They are ended.
    End,
}

/// What becomes of a phone's short sounds under another's music.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Blips {
    /// They are not heard.
    #[default]
    Ignore,
    /// They are heard, ducked.
    Mix,
}

/// What [`decide`](crate::decide) goes by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Policy {
    /// How many seats there are, 1 to [`MAX_SEATS`](crate::MAX_SEATS); other values are clamped.
    pub seats: u8,
    /// Who is heard when two phones play.
    pub takeover: Takeover,
    /// What the answer button does with the calls that are on.
    pub answer: Answer,
    /// Whether media that was paused for a call plays again after it.
    pub resume: bool,
    /// Whether a call that was held for another phone's comes back after it.
    pub resume_call: bool,
    /// What becomes of short sounds under another phone's music.
    pub blips: Blips,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            seats: 2,
            takeover: Takeover::Last,
            answer: Answer::Hold,
            resume: true,
            resume_call: true,
            blips: Blips::Ignore,
        }
    }
}

/// The owner's choices for one phone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Preferences {
    /// Its media takes nothing over.
    pub modest: bool,
    /// Its calls are answered after one ring when no call is active.
    pub auto_answer: bool,
    /// The greater comes first, for seats and among equal claims, where nothing else decides.
    pub priority: u8,
}
