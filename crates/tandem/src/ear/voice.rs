//! The same for voice: packets go through rings that drop the oldest, both ways, and what is wanted of
//! a link's voice is one word.
//!
//! What comes of a link that was closed and opened again meanwhile says of which opening it is, and
//! is not taken for the next one's.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use host::{LinkId, Tone, VoiceCodec, VoiceEffect};
use pool::{Frame, Queue};
use stack::{MAX_LINKS, VoiceStatus};

use super::FADE_MS;

/// Packets on their way to the ear: a tenth of a second in packets of 3 ms, which is more than the
/// engine would still take for live.
const TO_EAR: usize = 32;
/// Packets on their way to the phones: what comes later than that is of no use to anybody.
const TO_PHONES: usize = 32;

/// A packet that a phone sent.
#[derive(Debug)]
pub(crate) struct Spoken {
    pub(crate) line: Line,
    /// How well it came.
    pub(crate) status: VoiceStatus,
    pub(crate) payload: Frame,
}

/// A packet for a phone.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) line: Line,
    /// With headroom for its header.
    pub(crate) payload: Frame,
}

/// A link's voice from when it is opened to when it is closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Line {
    pub(crate) link: LinkId,
    /// How often the link's voice was opened so far, modulo 2¹⁶.
    opening: u16,
}

/// What the two threads share of voice. The radio thread alone writes `links` and `tone`.
#[derive(Debug)]
pub(crate) struct Voices {
    /// A [`State`] each.
    links: [AtomicU64; MAX_LINKS],
    /// A [`Tone`].
    tone: AtomicU8,
    pub(crate) spoken: Queue<Spoken>,
    pub(crate) replies: Queue<Reply>,
}

/// How a link's voice is to be.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
struct State {
    opening: u16,
    /// While it is open.
    codec: Option<VoiceCodec>,
    muted: bool,
    gain: f32,
}

/// What the audio thread has made of it so far.
#[derive(Default, Debug)]
pub(crate) struct Known {
    links: [State; MAX_LINKS],
    tone: audio::Tone,
}

impl State {
    fn from_word(word: u64) -> State {
        let [g0, g1, g2, g3, o0, o1, codec, muted] = word.to_le_bytes();
        State {
            opening: u16::from_le_bytes([o0, o1]),
            codec: match codec {
                1 => Some(VoiceCodec::Cvsd),
                2 => Some(VoiceCodec::Msbc),
                _ => None,
            },
            muted: muted != 0,
            gain: f32::from_le_bytes([g0, g1, g2, g3]),
        }
    }

    fn word(self) -> u64 {
        let codec = match self.codec {
            None => 0,
            Some(VoiceCodec::Cvsd) => 1,
            Some(VoiceCodec::Msbc) => 2,
        };
        let ([g0, g1, g2, g3], [o0, o1]) = (self.gain.to_le_bytes(), self.opening.to_le_bytes());
        u64::from_le_bytes([g0, g1, g2, g3, o0, o1, codec, u8::from(self.muted)])
    }
}

impl Voices {
    pub(crate) fn new() -> Self {
        Voices {
            links: Default::default(),
            tone: AtomicU8::default(),
            spoken: Queue::new(TO_EAR),
            replies: Queue::new(TO_PHONES),
        }
    }

    fn state(&self, link: LinkId) -> Option<State> {
        let word = self.links.get(usize::from(link.0))?;
        Some(State::from_word(word.load(Ordering::Acquire)))
    }

    /// From the radio thread: a packet came; gives how many were dropped, it or older ones.
    pub(crate) fn hear(&self, voice: stack::Voice) -> usize {
        let stack::Voice { link, status, frame } = voice;
        match self.state(link) {
            Some(State { opening, codec: Some(_), .. }) => {
                let line = Line { link, opening };
                self.spoken.force_push(Spoken { line, status, payload: frame })
            }
            _ => 1,
        }
    }

    /// For the radio thread: the next packet for a phone; those of lines that are gone are left out.
    pub(crate) fn reply(&self) -> Option<Reply> {
        loop {
            let reply = self.replies.pop()?;
            let state = self.state(reply.line.link);
            if state.is_some_and(|s| s.codec.is_some() && s.opening == reply.line.opening) {
                return Some(reply);
            }
        }
    }

    pub(crate) fn link(&self, link: LinkId, effect: VoiceEffect) {
        let (Some(word), Some(mut state)) = (self.links.get(usize::from(link.0)), self.state(link))
        else {
            return;
        };
        match effect {
            VoiceEffect::Open { codec, .. } => {
                state.opening = state.opening.wrapping_add(1);
                (state.codec, state.gain) = (Some(codec), 0.0);
            }
            VoiceEffect::Close => state.codec = None,
            VoiceEffect::Gain(gain) => state.gain = gain,
            VoiceEffect::Mute(muted) => state.muted = muted,
        }
        word.store(state.word(), Ordering::Release);
    }

    pub(crate) fn sound(&self, tone: Tone) {
        let number = match tone {
            Tone::None => 0,
            Tone::Ring => 1,
            Tone::Waiting => 2,
        };
        self.tone.store(number, Ordering::Release);
    }

    /// What is to be done, for the audio thread, so that the links are as they are wanted; the
    /// microphone gives `rate` samples a second.
    pub(crate) fn changes(
        &self,
        known: &mut Known,
        rate: u32,
        mut apply: impl FnMut(audio::Control),
    ) {
        for (link, (word, known)) in (0..).zip(self.links.iter().zip(&mut known.links)) {
            let state = State::from_word(word.load(Ordering::Acquire));
            change(link, *known, state, rate, &mut apply);
            *known = state;
        }
    }

    /// The tone that is to sound from now on, if it is another one.
    pub(crate) fn tone(&self, known: &mut Known) -> Option<audio::Tone> {
        let tone = match self.tone.load(Ordering::Acquire) {
            1 => audio::Tone::Ring,
            2 => audio::Tone::Waiting,
            _ => audio::Tone::None,
        };
        (std::mem::replace(&mut known.tone, tone) != tone).then_some(tone)
    }
}

/// What makes one state of a link's voice of another.
fn change(link: u8, from: State, to: State, rate: u32, apply: &mut impl FnMut(audio::Control)) {
    use audio::Control;
    let opened = to.codec.is_some() && (from.codec.is_none() || from.opening != to.opening);
    if from.codec.is_some() && to.codec.is_none() {
        apply(Control::CloseVoice { link });
    }
    // It is opened unheard, its microphone on.
    let (mut gain, mut muted) = (from.gain, from.muted);
    if let Some(codec) = to.codec.filter(|_| opened) {
        apply(Control::OpenVoice { link, coding: coding(codec), microphone_rate: rate });
        (gain, muted) = (0.0, false);
    }
    if to.codec.is_some() && muted != to.muted {
        apply(Control::Mute { link, muted: to.muted });
    }
    if to.codec.is_some() && gain != to.gain {
        apply(Control::VoiceGain { link, gain: to.gain, fade_ms: FADE_MS });
    }
}

impl Known {
    /// How a line is coded, if it is open.
    pub(crate) fn coding(&self, line: Line) -> Option<audio::VoiceCoding> {
        let state = self.links.get(usize::from(line.link.0))?;
        state.codec.filter(|_| state.opening == line.opening).map(coding)
    }

    /// The lines that are open, and how they are coded.
    pub(crate) fn open(&self) -> impl Iterator<Item = (Line, audio::VoiceCoding)> {
        (0..).zip(&self.links).filter_map(|(link, state)| {
            let line = Line { link: LinkId(link), opening: state.opening };
            Some((line, coding(state.codec?)))
        })
    }
}

/// A codec as the engine has it.
fn coding(codec: VoiceCodec) -> audio::VoiceCoding {
    match codec {
        VoiceCodec::Cvsd => audio::VoiceCoding::Cvsd,
        VoiceCodec::Msbc => audio::VoiceCoding::Msbc,
    }
}

/// Whether nothing can be made of a packet that came so. A controller says of CVSD only that it may be
/// wrong here and there; a frame of mSBC that is not right is none.
pub(crate) fn is_damaged(status: VoiceStatus, coding: audio::VoiceCoding) -> bool {
    match status {
        VoiceStatus::Correct => false,
        VoiceStatus::PossiblyInvalid => coding == audio::VoiceCoding::Msbc,
        VoiceStatus::NoData | VoiceStatus::PartiallyLost => true,
    }
}

#[cfg(test)]
mod tests;
