//! What the floors above ask of a host.

use stack::hfp::Number;
use wire::Address;

/// Names one command, so that its end can be told: [`Event::Done`](crate::Event::Done) carries it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ticket(pub u64);

/// An order from the outside. Each ends in exactly one `Done`.
#[derive(Clone, PartialEq, Debug)]
#[expect(clippy::large_enum_variant, reason = "values are moved through queues without allocation")]
pub enum Command {
    /// Opens pairing mode for so many seconds (1 to 3600); the end is told when it stands open.
    Pair {
        /// How long.
        seconds: u32,
    },
    /// Ends pairing mode.
    StopPairing,
    /// Answers a [`Event::Confirm`](crate::Event::Confirm).
    Confirm {
        /// Who asked.
        phone: Address,
        /// Whether its owner agrees.
        accept: bool,
        /// The six digits that the phone shows, where it was asked for them.
        passkey: Option<u32>,
    },
    /// Pages a bonded phone and brings up its profiles. It goes before pages that nobody asked for.
    Connect {
        /// Whom.
        phone: Address,
    },
    /// Ends a phone's connection, or the pages that it is looked for with; it is not paged again until
    /// it comes by itself or is asked for.
    Disconnect {
        /// Whose.
        phone: Address,
    },
    /// Ends a phone's connection and deletes its bond, its volumes and all else that is kept of it but its
    /// owner's choices.
    Forget {
        /// Whom.
        phone: Address,
    },
    /// Presses a key of a phone's player; the end is the phone's answer.
    Media {
        /// Which key.
        action: MediaAction,
        /// Whose; without one, that of the phone that is heard, else was heard last.
        phone: Option<Address>,
    },
    /// Sets how loud a phone is heard.
    Volume {
        /// 0 to 100.
        percent: u8,
        /// What of it.
        kind: VolumeKind,
        /// Whose; without one, as for [`Media`](Command::Media).
        phone: Option<Address>,
    },
    /// Takes the call that rings.
    Answer {
        /// What becomes of an active call.
        how: AnswerHow,
        /// Whose call; without one, the newest that rings.
        phone: Option<Address>,
        /// Which of the phone's calls, as it numbers them.
        index: Option<u8>,
    },
    /// Rejects the call that rings.
    Reject {
        /// Whose; without one, the newest that rings.
        phone: Option<Address>,
        /// Which of the phone's calls.
        index: Option<u8>,
    },
    /// Ends the active call, else cancels the outgoing one, else closes the voice session.
    HangUp {
        /// Whose.
        phone: Option<Address>,
        /// Which of the phone's calls.
        index: Option<u8>,
    },
    /// Puts the active call on hold; takes one back that is held where none is active.
    Hold {
        /// Whose.
        phone: Option<Address>,
    },
    /// Exchanges the active and the held call, across phones too.
    Swap,
    /// Joins a phone's active and held calls to a conference (AT+CHLD=3).
    Merge {
        /// Whose.
        phone: Option<Address>,
    },
    /// Speaks with one member of a conference alone (AT+CHLD=2x).
    Private {
        /// Which of the phone's calls.
        index: u8,
        /// Whose.
        phone: Option<Address>,
    },
    /// Connects a phone's two calls with each other and leaves them (AT+CHLD=4).
    Transfer {
        /// Whose.
        phone: Option<Address>,
    },
    /// Moves a call's audio.
    Voice {
        /// Where to.
        to: VoiceTo,
        /// Whose.
        phone: Option<Address>,
    },
    /// Dials a number; `>` and a number dials what is in the phone's memory there.
    Dial {
        /// Digits, `*`, `#`, `+` and A to D.
        number: Number,
        /// On which phone; without one, the one used for a call last.
        phone: Option<Address>,
    },
    /// Dials the last number.
    Redial {
        /// On which phone; without one, the one used for a call last.
        phone: Option<Address>,
    },
    /// Sends tones (DTMF), one after the other.
    Tones {
        /// 0 to 9, `*`, `#`, A to D.
        digits: Digits,
        /// On which phone's call.
        phone: Option<Address>,
    },
    /// Mutes the microphone, or not.
    Mute {
        /// Whether it is muted.
        on: bool,
    },
    /// Starts or stops a phone's assistant (voice recognition).
    Assistant {
        /// Whether it is to listen.
        on: bool,
        /// Whose; without one, the one used for a call last.
        phone: Option<Address>,
    },
    /// Tells the phones how full our battery is.
    Battery {
        /// 0 to 100.
        percent: u8,
    },
    /// Changes a setting until the program ends.
    Set(Change),
    /// Says goodbye to every phone and lets nobody in any more; its end means that the transport may
    /// be closed. What else is ordered from then on ends in `Busy`.
    Shutdown,
}

/// Tones that are sent with one command at most.
pub type Digits = heapless::String<32>;

/// What becomes of an active call when another is answered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum AnswerHow {
    /// As the setting `answer` says.
    #[default]
    Default,
    /// It is held.
    Hold,
    /// It is ended.
    End,
}

impl AnswerHow {
    /// Each way, by the word that the control interface has for it.
    pub const ALL: [(&str, AnswerHow); 3] =
        [("default", AnswerHow::Default), ("hold", AnswerHow::Hold), ("end", AnswerHow::End)];
}

/// Where a call's audio is to go.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum VoiceTo {
    /// Here.
    Receiver,
    /// To the phone.
    Phone,
}

impl VoiceTo {
    /// Each place, by the word that the control interface has for it.
    pub const ALL: [(&str, VoiceTo); 2] =
        [("receiver", VoiceTo::Receiver), ("phone", VoiceTo::Phone)];
}

/// A key of a phone's player.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum MediaAction {
    /// Play.
    Play,
    /// Pause.
    Pause,
    /// Pause where the phone plays, else play.
    PlayPause,
    /// The next track.
    Next,
    /// The track before, or this one from its beginning.
    Previous,
    /// Stop.
    Stop,
}

impl MediaAction {
    /// Every key, by the word that the control interface has for it.
    pub const ALL: [(&str, MediaAction); 6] = [
        ("play", MediaAction::Play),
        ("pause", MediaAction::Pause),
        ("play_pause", MediaAction::PlayPause),
        ("next", MediaAction::Next),
        ("previous", MediaAction::Previous),
        ("stop", MediaAction::Stop),
    ];
}

/// What of a phone a volume is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum VolumeKind {
    /// Its music.
    Media,
    /// Its calls.
    Call,
}

impl VolumeKind {
    /// Each kind, by the word that the control interface has for it.
    pub const ALL: [(&str, VolumeKind); 2] =
        [("media", VolumeKind::Media), ("call", VolumeKind::Call)];
}

/// A setting that may change while the receiver runs.
#[derive(Clone, PartialEq, Debug)]
#[expect(clippy::large_enum_variant, reason = "values are moved through queues without allocation")]
pub enum Change {
    /// The receiver's name.
    Name(stack::Name),
    /// How many phones may be connected at once, 1 to 6.
    Seats(u8),
    /// Who wins when two phones play.
    Takeover(multipoint::Takeover),
    /// How long pairing mode stays open when nothing else is said.
    PairingSeconds(u32),
    /// Whether pairing asks for a confirmation.
    Confirm(stack::Confirmation),
    /// The smallest encryption key that is good enough, 7 to 16 octets.
    MinKeySize(u8),
    /// Sound before take-over, in seconds (`blip_s`).
    BlipSeconds(f32),
    /// How long a phone that was put out is turned away, in seconds (`evicted_for_s`).
    EvictedForSeconds(u32),
    /// Whether phones are paged when the controller comes up and after a loss; `false` ends the pages.
    Reconnect(bool),
    /// The longest wait between two pages of one phone, in seconds (`reconnect_max_s`), 1 to 3600.
    ReconnectMaxSeconds(u32),
    /// How long a phone is paged that does not come, in seconds (`reconnect_for_s`).
    ReconnectForSeconds(u32),
    /// The media volume of a phone's first connection, in percent (`volume.first`), 0 to 100.
    VolumeFirst(u8),
    /// What becomes of an active call when another phone's is answered (`answer`): held, or ended.
    AnswerEnds(bool),
    /// Whether media that we paused is resumed (`resume`).
    Resume(bool),
    /// Whether a call that we held is taken off hold when the other ends (`resume_call`).
    ResumeCall(bool),
    /// Whether a short sound is heard under another phone's media (`blips`).
    Blips(bool),
    /// The wait before media is resumed, in milliseconds (`resume_delay_ms`).
    ResumeDelayMs(u32),
    /// How long media may wait to be resumed, in seconds (`resume_within`).
    ResumeWithinSeconds(u32),
    /// How long a phone has to pause, in seconds (`pause_check_s`).
    PauseCheckSeconds(f32),
    /// Whether this phone's calls are answered after one ring when no call is active.
    AutoAnswer {
        /// Whose.
        phone: Address,
        /// The setting.
        on: bool,
    },
    /// What breaks ties for seats and among equal claims: the greater wins.
    Priority {
        /// Whose.
        phone: Address,
        /// The setting.
        priority: u8,
    },
    /// Whether this phone's media may take over from another's.
    MayTakeOver {
        /// Whose.
        phone: Address,
        /// The setting.
        on: bool,
    },
}

/// Why a command failed; the control interface's errors of the same names.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Refusal {
    /// No phone of this address is known.
    NoSuchPhone,
    /// The phone has no bond here.
    NotPaired,
    /// The phone is not connected.
    NotConnected,
    /// No call rings.
    NothingToAnswer,
    /// There is no such call.
    NoCall,
    /// The phone cannot do this, or we cannot yet.
    NotSupported,
    /// The phone said no.
    Refused,
    /// No answer in time.
    TimedOut,
    /// A value out of its range.
    BadValue,
    /// Not now.
    Busy,
    /// The controller is gone.
    ControllerLost,
    /// Several phones have this name.
    Ambiguous,
}

impl Refusal {
    /// The error's name on the control socket.
    pub const fn name(self) -> &'static str {
        match self {
            Refusal::NoSuchPhone => "NoSuchPhone",
            Refusal::NotPaired => "NotPaired",
            Refusal::NotConnected => "NotConnected",
            Refusal::NothingToAnswer => "NothingToAnswer",
            Refusal::NoCall => "NoCall",
            Refusal::NotSupported => "NotSupported",
            Refusal::Refused => "Refused",
            Refusal::TimedOut => "TimedOut",
            Refusal::BadValue => "BadValue",
            Refusal::Busy => "Busy",
            Refusal::ControllerLost => "ControllerLost",
            Refusal::Ambiguous => "Ambiguous",
        }
    }

    /// One sentence for a person.
    pub const fn text(self) -> &'static str {
        match self {
            Refusal::NoSuchPhone => "no phone of this address or name is known",
            Refusal::NotPaired => "the phone is not paired; open pairing mode and pair it",
            Refusal::NotConnected => "the phone is not connected",
            Refusal::NothingToAnswer => "no call rings",
            Refusal::NoCall => "there is no such call",
            Refusal::NotSupported => "the phone or the receiver does not support this",
            Refusal::Refused => "the phone refused",
            Refusal::TimedOut => "the phone did not answer in time",
            Refusal::BadValue => "the value is out of its range",
            Refusal::Busy => "the receiver is busy with something that excludes this",
            Refusal::ControllerLost => "the Bluetooth controller is gone",
            Refusal::Ambiguous => "several phones have this name; give the address",
        }
    }
}

impl core::fmt::Display for Refusal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}: {}", self.name(), self.text())
    }
}

impl std::error::Error for Refusal {}
