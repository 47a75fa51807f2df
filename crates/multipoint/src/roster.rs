//! The values that decisions are made of.

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
    /// It can be told to pause, and does not say what it does.
    Unknown,
    /// It paused or stopped.
    Idle,
    /// It plays.
    Playing,
}

/// A seat and the phone in it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Seat {
    /// A phone sits here. When it is false, everything else is at its default.
    pub taken: bool,
    /// The seat was asked for by a newcomer and its phone told to go.
    pub leaving: bool,
    /// Its media stream.
    pub media: Media,
    /// Its player, as it says itself.
    pub player: Player,
    /// Its player began to play and has not been heard since: it takes over once it streams.
    pub eager: bool,
    /// It was told to pause in this playing: it is not told again, and not heard before it starts anew.
    pub told: bool,
    /// What it streams is sound, not silence.
    pub sounding: bool,
    /// It connected a moment ago: [`Timer::Settle`] runs.
    pub settling: bool,
    /// This playing takes nothing over: it began while the phone was settling, or lost the ear to
    /// another's. A pause or a silence ends it.
    pub spent: bool,
    /// [`Timer::Blip`] runs: it has sounded for a while that is not long enough yet.
    pub blip: bool,
    /// Its owner keeps its media from taking over.
    pub modest: bool,
    /// It started to play as the n-th of those that play now, from 1; 0 while it does not play.
    pub started: u8,
    /// It was heard last as the n-th, from 1 (heard longest ago); 0 if never.
    pub heard: u8,
    /// It came as the n-th of those present, from 1; 0 in an empty seat.
    pub joined: u8,
}

/// All that [`decide`](crate::decide) knows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Roster {
    /// The seats, the first [`Policy::seats`](crate::Policy::seats) of them in use.
    pub seats: [Seat; MAX_SEATS],
    /// Bit n: seat n is heard.
    pub audible: u8,
    /// A newcomer is connected, encrypted and without a seat until one is vacated.
    pub waiting: bool,
    /// The owner keeps the waiting newcomer's media from taking over.
    pub waiting_modest: bool,
}

/// A timer of one seat. Its length is a setting, kept elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Timer {
    /// From taking a seat until its media may take over (5 s).
    Settle,
    /// From the first sound until a phone without playback status takes over (`blip_s`, 2 s).
    Blip,
}

/// Something that came to be, as the stack, the ear or a clock saw it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fact {
    /// A phone without a seat is connected and encrypted with a bond.
    Arrived {
        /// It was put out a moment ago and comes back by itself.
        put_out: bool,
        /// Its owner keeps its media from taking over.
        modest: bool,
    },
    /// The newcomer that waits for a seat is gone.
    NewcomerLeft,
    /// A seat's phone is gone, whoever wanted it.
    Left(SeatId),
    /// A seat's stream started.
    Started(SeatId),
    /// A seat's stream was suspended or closed.
    Stopped(SeatId),
    /// A seat's player does this; with `true` that is a change, and not what it did when we came.
    Player(SeatId, Player, bool),
    /// What a seat streams is sound, or silence again.
    Sounding(SeatId, bool),
    /// A timer ended.
    Elapsed(SeatId, Timer),
    /// The owner lets a seat's media take over, or not.
    Modest(SeatId, bool),
    /// The policy was changed; the new one is handed in beside this.
    PolicyChanged,
}

/// Something to be done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Order {
    /// The newcomer gets this seat.
    Seat(SeatId),
    /// The newcomer gets none: disconnect it.
    TurnAway,
    /// This seat's phone has to go: disconnect it.
    Disconnect(SeatId),
    /// This seat's player is to pause.
    Pause(SeatId),
    /// Start (or start again) a timer.
    Arm(SeatId, Timer),
    /// Stop a timer.
    Disarm(SeatId, Timer),
}

/// Orders of one decision at most.
const MAX_ORDERS: usize = 4 * MAX_SEATS;

/// The orders of one decision, in order.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Orders {
    orders: [Order; MAX_ORDERS],
    len: u8,
}

impl Default for Orders {
    fn default() -> Self {
        Orders { orders: [Order::TurnAway; MAX_ORDERS], len: 0 }
    }
}

impl Orders {
    /// Appends an order. A decision that gave more than fit would be a defect of ours: it asserts.
    pub(crate) fn push(&mut self, order: Order) {
        debug_assert!((self.len as usize) < MAX_ORDERS, "a decision's orders are bounded");
        if let Some(slot) = self.orders.get_mut(self.len as usize) {
            *slot = order;
            self.len += 1;
        }
    }

    /// The orders as a slice.
    pub fn as_slice(&self) -> &[Order] {
        &self.orders[..self.len as usize]
    }
}

impl core::fmt::Debug for Orders {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.as_slice()).finish()
    }
}

impl<'a> IntoIterator for &'a Orders {
    type Item = &'a Order;
    type IntoIter = core::slice::Iter<'a, Order>;

    fn into_iter(self) -> Self::IntoIter {
        self.as_slice().iter()
    }
}

impl Roster {
    /// The seat, if there is one of that number.
    pub fn seat(&self, id: SeatId) -> Option<&Seat> {
        self.seats.get(id.0 as usize)
    }

    /// Whether a seat is heard.
    pub fn is_audible(&self, id: SeatId) -> bool {
        id.0 < 8 && self.audible & (1 << id.0) != 0
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
        &mut self.seats[id.0 as usize]
    }
}
