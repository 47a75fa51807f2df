//! What goes into a host and what comes out.

use std::collections::VecDeque;

use multipoint::{Fact, Orders, Tone};
use pool::Frame;
use stack::a2dp::Configuration;
use stack::controller::Failure;
use stack::{Bond, LinkId, StreamId, VoiceCodec};
use wire::Address;
use wire::h4::Channel;

use crate::command::{Command, Ticket};
use crate::event::Event;

/// Something for the host.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "values are handed in without allocation")]
pub enum Input {
    /// The controller sent a packet, header included.
    Received(Channel, Frame),
    /// What a stream plays is sound now, or silence.
    Sounding(StreamId, bool),
    /// What the microphone gave for a voice link: the payload of its next packet, with headroom.
    Microphone(LinkId, Frame),
    /// The transport cannot carry wide-band speech: phones are offered the narrow band alone.
    WidebandUnusable,
    /// The owner wants something.
    Command(Ticket, Command),
    /// The time of [`Host::wake_at`](crate::Host::wake_at) has come.
    Wake,
    /// The controller cannot be reached any more.
    TransportLost,
    /// The controller can be reached: it is brought up from a reset.
    TransportReady,
}

/// Something for the world.
#[derive(Debug)]
pub enum Effect {
    /// Send a packet to the controller.
    Send(Channel, Frame),
    /// Play a media packet.
    Media(stack::Media),
    /// A media stream changed.
    Stream(StreamId, StreamEffect),
    /// Play a voice packet.
    Voice(stack::Voice),
    /// A link's voice changed.
    VoiceLink(LinkId, VoiceEffect),
    /// This local tone sounds from now on.
    Tone(Tone),
    /// Tell the owner.
    Notify(Event),
    /// The policy made these orders of this fact: told before they are carried out, and only after
    /// [`Host::tell_decisions`](crate::Host::tell_decisions).
    Decided(Fact, Orders),
    /// Keep a bond.
    Store(Bond),
    /// Delete a bond.
    Erase(Address),
    /// The controller is of no use; the transport is to be reopened.
    Failed(Failure),
}

/// What the ear has to do for a media stream.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum StreamEffect {
    /// It is coded like this from now on; it begins unheard.
    Open(Configuration),
    /// It pauses: what is buffered is of no more use.
    Flush,
    /// It is gone.
    Close,
    /// It is heard this loud from now on, 0 to 1, after a short fade.
    Gain(f32),
}

/// What the ear, the microphone and the transport have to do for a voice link.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum VoiceEffect {
    /// It is up and coded like this; it begins unheard, its microphone as [`Mute`](VoiceEffect::Mute) was last.
    Open {
        /// The controller's handle of it.
        handle: u16,
        /// How it is coded.
        codec: VoiceCodec,
    },
    /// It is gone.
    Close,
    /// It is heard this loud from now on, 0 to 1, after a short fade.
    Gain(f32),
    /// Whether silence goes out in place of the microphone's sound.
    Mute(bool),
}

/// The effects of one input, in order. It borrows the host: drain it before the next input.
#[derive(Debug)]
#[must_use = "effects that are not carried out are lost"]
pub struct Effects<'h> {
    /// A media packet, which goes by the queue: moving an effect through it costs more than all
    /// that was done to the packet before.
    media: Option<stack::Media>,
    queue: &'h mut VecDeque<Effect>,
}

impl<'h> Effects<'h> {
    #[inline]
    pub(crate) fn new(media: Option<stack::Media>, queue: &'h mut VecDeque<Effect>) -> Self {
        Effects { media, queue }
    }
}

impl Iterator for Effects<'_> {
    type Item = Effect;

    #[inline]
    fn next(&mut self) -> Option<Effect> {
        match self.media.take() {
            Some(media) => Some(Effect::Media(media)),
            None => self.queue.pop_front(),
        }
    }
}

impl Drop for Effects<'_> {
    #[inline]
    fn drop(&mut self) {
        if !self.queue.is_empty() {
            self.queue.clear();
        }
    }
}
