//! What a phone's owner does, and whom they are in a call with.

use wire::hfp::Hold;

/// Something that happens to a phone.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Act {
    /// Connects to the receiver, pairing where there is no bond.
    Connect,
    /// Disconnects.
    Disconnect,
    /// Plays a tone of so many hertz, now or as soon as there is a stream for it.
    Play(u32),
    /// Pauses.
    Pause,
    /// Plays another track, or the tone's next one.
    Next,
    /// A notification's tone of so many hertz, for so many milliseconds: the player knows nothing of it.
    Chime(u32, u32),
    /// Sets the receiver's volume to so many percent. Takes AVRCP.
    Volume(u8),
    /// Deletes the bond.
    Forget,
    /// Walks out of the receiver's range, the phone in a pocket. Takes a [`World`](crate::World).
    Leave,
    /// Comes back into range.
    Return,
    /// A call comes in, from this number, which the phone book has under this name. All of these take
    /// HFP.
    Ring(&'static str, &'static str),
    /// Whoever calls, or is in the call, hangs up: the ringing call ends, else the one that is spoken in.
    TheyHangUp,
    /// Answers on the phone, with the audio there.
    Answer(Audio),
    /// Hangs up or rejects on the phone.
    HangUp,
    /// Dials on the phone.
    Dial(&'static str),
    /// Who was dialled answers.
    TheyAnswer,
    /// Holds, swaps, joins or ends calls on the phone.
    Hold(Hold),
    /// Moves the audio of the calls.
    Move(Audio),
    /// Opens a program's microphone, or closes it: a voice session.
    Microphone(bool),
    /// Starts or stops the assistant on the phone.
    Assistant(bool),
    /// Rings over the voice link from now on, or does not.
    InBand(bool),
    /// Sets how loud the receiver's calls are heard, 0 to 15.
    Speaker(u8),
}

/// Where the audio of calls is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Audio {
    /// On the phone itself.
    Phone,
    /// On the receiver.
    Receiver,
}
