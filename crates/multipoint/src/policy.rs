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

/// What [`decide`](crate::decide) goes by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Policy {
    /// How many seats there are, 1 to [`MAX_SEATS`](crate::MAX_SEATS); other values are clamped.
    pub seats: u8,
    /// Who is heard when two phones play.
    pub takeover: Takeover,
}

impl Default for Policy {
    fn default() -> Self {
        Policy { seats: 2, takeover: Takeover::Last }
    }
}
