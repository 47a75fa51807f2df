//! What a session tells, and the words for it.

use wire::avrcp::{BatteryStatus, KeyState, OperationId, PlayStatus, PlayerId, Volume};

use crate::avctp::{Cid, Pdu};

/// Octets of a text of a track that are kept, at most; a longer one is cut between characters.
pub const MAX_TEXT: usize = 240;

/// A text of a track.
pub type Text = heapless::String<MAX_TEXT>;

/// What is known of a track. Empty texts and `None` where the peer did not say.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Track {
    /// Its name.
    pub title: Text,
    /// Who plays.
    pub artist: Text,
    /// Where it is from.
    pub album: Text,
    /// What kind of music it is.
    pub genre: Text,
    /// Its number on the album.
    pub number: Option<u32>,
    /// How many tracks there are.
    pub total: Option<u32>,
    /// How long it is, in milliseconds.
    pub duration: Option<u32>,
}

/// A key of the peer's player.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "they say what they are")]
pub enum Key {
    Play,
    Pause,
    Stop,
    Next,
    Previous,
    VolumeUp,
    VolumeDown,
}

impl Key {
    /// The operation of PASS THROUGH that it is.
    pub const fn operation(self) -> OperationId {
        match self {
            Key::Play => OperationId::PLAY,
            Key::Pause => OperationId::PAUSE,
            Key::Stop => OperationId::STOP,
            Key::Next => OperationId::FORWARD,
            Key::Previous => OperationId::BACKWARD,
            Key::VolumeUp => OperationId::VOLUME_UP,
            Key::VolumeDown => OperationId::VOLUME_DOWN,
        }
    }
}

/// The caller's name for a key that it pressed, by which it is told what became of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ticket(pub u32);

/// What became of a key. Accepted means that the peer heard it, not that it did anything.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// The peer took it.
    Accepted,
    /// The peer did not want it now.
    Rejected,
    /// The peer has no such key.
    NotImplemented,
    /// The peer did not answer in time.
    TimedOut,
    /// The channel closed on the way.
    Closed,
}

impl core::fmt::Display for Outcome {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Outcome::Accepted => "accepted",
            Outcome::Rejected => "rejected",
            Outcome::NotImplemented => "not implemented",
            Outcome::TimedOut => "no answer in time",
            Outcome::Closed => "closed on the way",
        })
    }
}

/// What a new channel on [`wire::l2cap::Psm::AVCTP`] is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    /// Control: what arrives on it goes to [`Session::receive`](super::Session::receive).
    Control,
    /// Nothing: close it.
    Surplus,
}

/// What a session asks for or tells.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(clippy::large_enum_variant, reason = "values are polled out without allocation")]
pub enum Output {
    /// Send this packet on this channel.
    Send {
        /// The channel.
        cid: Cid,
        /// The packet.
        pdu: Pdu,
    },
    /// Connect a channel to [`wire::l2cap::Psm::AVCTP`]; report it with
    /// [`opened`](super::Session::opened) or [`refused`](super::Session::refused).
    Open,
    /// What is to be known.
    Notice(Notice),
}

/// Something happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notice {
    /// What the peer's player does. Told only where it is another status than the last.
    Playback {
        /// What it does.
        status: PlayStatus,
        /// It is the first that is known of this channel, and so no change.
        interim: bool,
    },
    /// [`Session::followed_status`](super::Session::followed_status) is another one, though the player
    /// did nothing: it began or ceased to tell of its changes.
    Followed,
    /// How much of the track has played.
    Position {
        /// In milliseconds; `None` where no track is selected, or the player does not say.
        position: Option<u32>,
    },
    /// There is another track, or more is known of it: [`Session::track`](super::Session::track).
    Track,
    /// Another player is addressed; its status, track and position follow.
    Player(PlayerId),
    /// The peer's battery.
    Battery(BatteryStatus),
    /// A sink: the peer set our volume. A source: what the peer's volume is.
    Volume(Volume),
    /// What became of a key that was pressed here.
    Key {
        /// Which.
        ticket: Ticket,
        /// What became of it.
        outcome: Outcome,
    },
    /// A source: the peer pressed or released a key of our player.
    Pressed {
        /// The key.
        operation: OperationId,
        /// Whether it went down or up.
        state: KeyState,
    },
}

/// The order makes no sense now: there is no channel, the peer has no player, or too much waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotNow;

impl core::fmt::Display for NotNow {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("not possible now")
    }
}

impl core::error::Error for NotNow {}

/// What a peer did wrong, counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Messages that could not be read, or whose fragments do not fit together.
    pub malformed: u32,
    /// Answers to nothing that we asked.
    pub unexpected: u32,
    /// Commands of ours that were not answered in time.
    pub timed_out: u32,
    /// Commands that we rejected, or do not implement.
    pub rejected: u32,
    /// Packets dropped because the outputs had not been polled.
    pub overrun: u32,
}
