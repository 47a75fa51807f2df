//! What a decision is made about: something that came to be, as the stack, the ear, a clock or the
//! owner's finger has it.

use crate::order::Order;
use crate::policy::{Answer, Preferences};
use crate::roster::{Abilities, Calls, Player, SeatId};

/// A timer of one seat. Its length is a setting, kept elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Timer {
    /// From taking a seat until its media may take over (5 s).
    Settle,
    /// From the first sound until a phone without playback status takes over (`blip_s`, 2 s).
    Blip,
    /// From telling a player to pause or to play until it counts as not obeying (`pause_check_s`, 5 s).
    Told,
    /// From the end of what was stronger until media plays again (`resume_delay_ms`, 500 ms).
    Resume,
    /// From a pause until it is forgotten that media is to play again (`resume_within`, 600 s).
    ResumeWithin,
    /// From asking a phone to hold, end or retrieve its call until it counts as not doing it (2 s).
    Call,
    /// From asking a phone to answer until it counts as not doing it (5 s).
    Answer,
    /// From expecting a voice link, or its end, until it counts as not coming (3 s).
    Voice,
    /// From a call's first ring until it is answered by itself (one ring).
    AutoAnswer,
}

impl Timer {
    /// Each of them.
    pub const ALL: [Timer; 9] = [
        Timer::Settle,
        Timer::Blip,
        Timer::Told,
        Timer::Resume,
        Timer::ResumeWithin,
        Timer::Call,
        Timer::Answer,
        Timer::Voice,
        Timer::AutoAnswer,
    ];
}

/// Where a call is to be heard.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum To {
    /// Here.
    Receiver,
    /// On the phone.
    Phone,
}

/// A button for calls. Where it names no seat, [`target`](crate::target) finds it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Button {
    /// Take the call that rings, and do this with those that are on; `None`: as the policy has it.
    Answer(Option<Answer>, Option<SeatId>),
    /// Reject the call that rings.
    Reject(Option<SeatId>),
    /// End the active call, else cancel the one being dialled, else close the voice session.
    HangUp(Option<SeatId>),
    /// Hold the active call, else take the held one.
    Hold(Option<SeatId>),
    /// Exchange the active and the held call, on one phone or across two.
    Swap,
    /// Hear a call here, or on its phone.
    Voice(To, Option<SeatId>),
    /// Dial, redial, start the assistant: has a target, and orders nothing by itself.
    Dial(Option<SeatId>),
}

/// Something that came to be.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fact {
    /// A phone without a seat is connected and encrypted with a bond.
    Arrived {
        /// It was put out a moment ago and comes back by itself.
        put_out: bool,
        /// Its owner's choices for it.
        preferences: Preferences,
    },
    /// The newcomer that waits for a seat is gone.
    NewcomerLeft,
    /// A seat's phone is gone, whoever wanted it.
    Left(SeatId),
    /// The owner's choices for a seat's phone changed.
    Preferences(SeatId, Preferences),
    /// The policy was changed; the new one is handed in beside this.
    PolicyChanged,
    /// A timer ended.
    Elapsed(SeatId, Timer),

    /// A seat's stream started.
    Started(SeatId),
    /// A seat's stream was suspended or closed.
    Stopped(SeatId),
    /// What a seat streams is sound, or silence again.
    Sounding(SeatId, bool),
    /// A seat's player does this; with `true` that is a change, and not what it did when we came.
    Player(SeatId, Player, bool),
    /// Another of a seat's players is listened to now.
    OtherPlayer(SeatId),
    /// A seat's phone was playing when its link was lost, came back within a minute, and both its
    /// stream and its player are there again.
    Returned(SeatId),

    /// A seat's hands-free profile is up, or down.
    HandsFree(SeatId, Option<Abilities>),
    /// A seat's calls are these now.
    Calls(SeatId, Calls),
    /// A seat's phone rings over the voice link, or does not.
    InBand(SeatId, bool),
    /// A seat's assistant was started, or is done.
    Assistant(SeatId, bool),
    /// A seat's phone asks for a voice link and waits for the answer.
    VoiceAsked(SeatId),
    /// A seat's voice link is there.
    VoiceOpened(SeatId),
    /// A seat's voice link is gone, whoever closed it, or nothing is left of what was asked for.
    VoiceClosed(SeatId),
    /// A seat's voice link could not be opened, and no other attempt goes on.
    VoiceFailed(SeatId),

    /// An order was refused, or never answered.
    Refused(Order),
    /// The owner pressed a button.
    Button(Button),
}
