//! Between the radio thread and the ear: what is to be heard goes one way, what is heard the other.
//!
//! Media goes through a ring that drops the oldest when the audio thread lags. What changes a stream
//! is no queue at all: the radio thread leaves what it wants of each stream, and the audio thread
//! sees to what differs from what it [knows](Known). However long it does not come, the latest
//! counts, and nothing grows or is lost. [Voice](voice) goes the same way, both ways.

pub(crate) mod voice;

use std::sync::atomic::{AtomicU64, Ordering};

use audio::StreamCodec;
use host::{LinkId, StreamEffect, StreamId, Tone, VoiceEffect};
use pool::{Frame, Instant, Queue};
use stack::MAX_LINKS;
use stack::a2dp::{Configuration, Payload};
use wire::a2dp::sbc;

use crate::wakeup::Wakeup;
use voice::Voices;

/// Media packets on their way: about a second and a half of one stream.
const MEDIA: usize = 128;
/// Streams that became sound or silence and were not looked at yet.
const HEARD: usize = 256;
/// A fade between sources, in milliseconds: silence within 10 ms of the decision.
pub(crate) const FADE_MS: u32 = 8;

/// A media packet for the engine.
#[derive(Debug)]
pub(crate) struct Packet {
    pub(crate) stream: u8,
    pub(crate) payload: Frame,
    pub(crate) frames: u8,
    pub(crate) sequence: u16,
}

/// A stream became sound, or silence.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heard {
    pub(crate) stream: StreamId,
    pub(crate) on: bool,
}

/// What the two threads share. The radio thread alone writes `start` and `links`.
#[derive(Debug)]
pub(crate) struct Ear {
    /// When the sink's clock starts, in nanoseconds; 0 before it is known.
    start: AtomicU64,
    links: [Wanted; MAX_LINKS],
    pub(crate) media: Queue<Packet>,
    pub(crate) heard: Queue<Heard>,
    pub(crate) voices: Voices,
    /// Wakes the audio thread.
    pub(crate) wakeup: Wakeup,
}

/// What is wanted of a link's stream.
#[derive(Debug, Default)]
struct Wanted {
    /// A [`State`].
    state: AtomicU64,
    /// Of which opening, and an `f32`: see [`gain_word`].
    gain: AtomicU64,
}

/// How a link's stream is to be, in one word.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
struct State {
    stream: u8,
    /// How often it was opened and flushed so far, modulo 2¹⁶: another number is another time.
    opens: u16,
    flushes: u16,
    /// While it is open.
    format: Option<Format>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
struct Format {
    codec: StreamCodec,
    /// Frames a second; audio has no rate of 2¹⁶ and more.
    rate: u16,
    /// 1 or 2.
    channels: u8,
}

/// What the audio thread has made of each link's stream so far.
#[derive(Default, Debug)]
pub(crate) struct Known([(State, f32); MAX_LINKS]);

/// The bit beside the number of channels that tells AAC from SBC.
const AAC: u8 = 0x80;

impl State {
    fn from_word(word: u64) -> State {
        let [stream, coding, r0, r1, o0, o1, f0, f1] = word.to_le_bytes();
        let codec = if coding & AAC == 0 { StreamCodec::Sbc } else { StreamCodec::Aac };
        let (rate, channels) = (u16::from_le_bytes([r0, r1]), coding & !AAC);
        State {
            stream,
            opens: u16::from_le_bytes([o0, o1]),
            flushes: u16::from_le_bytes([f0, f1]),
            format: (channels != 0).then_some(Format { codec, rate, channels }),
        }
    }

    fn word(self) -> u64 {
        let (coding, rate) = self.format.map_or((0, 0), |format| {
            let aac = if format.codec == StreamCodec::Aac { AAC } else { 0 };
            (format.channels | aac, format.rate)
        });
        let ([r0, r1], [o0, o1]) = (rate.to_le_bytes(), self.opens.to_le_bytes());
        let [f0, f1] = self.flushes.to_le_bytes();
        u64::from_le_bytes([self.stream, coding, r0, r1, o0, o1, f0, f1])
    }
}

/// A gain and the number of the opening that it is for: the two words of a [`Wanted`] are not
/// written at once.
fn gain_word(opens: u16, gain: f32) -> u64 {
    u64::from(opens) << 32 | u64::from(gain.to_bits())
}

/// The gain in such a word, if it is for that opening.
fn gain_of(word: u64, opens: u16) -> Option<f32> {
    (word >> 32 == u64::from(opens)).then_some(f32::from_bits(word as u32))
}

impl Known {
    /// The stream that is heard, the loudest where several are.
    pub(crate) fn audible(&self) -> Option<StreamId> {
        let heard = self.0.iter().filter(|(state, gain)| state.format.is_some() && *gain > 0.0);
        heard.max_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(state, _)| StreamId(state.stream))
    }

    /// The stream that is open on a link.
    pub(crate) fn stream(&self, link: usize) -> Option<StreamId> {
        let (state, _) = self.0.get(link)?;
        state.format.map(|_| StreamId(state.stream))
    }

    /// Where a stream is heard and no other is open.
    #[cfg(test)]
    pub(crate) fn heard(stream: StreamId) -> Known {
        let format = Some(Format { codec: StreamCodec::Sbc, rate: 44_100, channels: 2 });
        let mut known = Known::default();
        known.0[0] = (State { stream: stream.0, format, ..State::default() }, 1.0);
        known
    }
}

impl Ear {
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Ear {
            start: AtomicU64::new(0),
            links: Default::default(),
            media: Queue::new(MEDIA),
            heard: Queue::new(HEARD),
            voices: Voices::new(),
            wakeup: Wakeup::new()?,
        })
    }

    /// Hands a media packet on; gives how many older ones were dropped for it.
    pub(crate) fn media(&self, media: stack::Media) -> usize {
        self.media.force_push(packet(media))
    }

    /// Hands a voice packet on, and has it heard at once; gives how many were dropped, it or older ones.
    pub(crate) fn voice(&self, voice: stack::Voice) -> usize {
        let dropped = self.voices.hear(voice);
        self.wakeup.wake();
        dropped
    }

    pub(crate) fn voice_link(&self, link: LinkId, effect: VoiceEffect) {
        self.voices.link(link, effect);
        self.wakeup.wake();
    }

    pub(crate) fn tone(&self, tone: Tone) {
        self.voices.sound(tone);
        self.wakeup.wake();
    }

    /// The sink's clock starts now. Only the first time counts: when the controller comes up again,
    /// the sound goes on as it was.
    pub(crate) fn start(&self, now: Instant) {
        if self.start.load(Ordering::Relaxed) == 0 {
            self.start.store(now.as_nanos().max(1), Ordering::Relaxed);
        }
        self.wakeup.wake();
    }

    /// When the sink's clock started.
    pub(crate) fn started(&self) -> Option<Instant> {
        let at = self.start.load(Ordering::Relaxed);
        (at != 0).then_some(Instant::from_nanos(at))
    }

    pub(crate) fn stream(&self, stream: StreamId, effect: StreamEffect) {
        let Some(wanted) = self.links.get(usize::from(stream.link().0)) else { return };
        let mut state = State::from_word(wanted.state.load(Ordering::Relaxed));
        let mut gain = None;
        match effect {
            StreamEffect::Open(configuration) => {
                state.opens = state.opens.wrapping_add(1);
                state.stream = stream.0;
                // A rate that no codec has is refused by the engine.
                let rate = u16::try_from(configuration.sampling_frequency()).unwrap_or(u16::MAX);
                let (codec, channels) = (codec(&configuration), configuration.channels());
                state.format = Some(Format { codec, rate, channels });
                gain = Some(0.0);
            }
            // What is said late of a stream is not said of its link's next one.
            _ if state.stream != stream.0 => return,
            StreamEffect::Flush => state.flushes = state.flushes.wrapping_add(1),
            StreamEffect::Close => state.format = None,
            StreamEffect::Gain(wish) => gain = Some(wish),
        }
        if let Some(gain) = gain {
            wanted.gain.store(gain_word(state.opens, gain), Ordering::Release);
        }
        wanted.state.store(state.word(), Ordering::Release);
        // Whoever is woken sees both.
        self.wakeup.wake();
    }

    /// What is to be done, for the audio thread, so that the streams are as they are wanted.
    pub(crate) fn changes(&self, known: &mut Known, mut apply: impl FnMut(audio::Control)) {
        for (wanted, (known, known_gain)) in self.links.iter().zip(&mut known.0) {
            let state = State::from_word(wanted.state.load(Ordering::Acquire));
            // That of another opening is about to be followed by its state, and a wake-up.
            let gain = gain_of(wanted.gain.load(Ordering::Acquire), state.opens);
            let stream = state.stream;
            if known.format.is_some() && (state.format.is_none() || stream != known.stream) {
                apply(audio::Control::Close { stream: known.stream });
            }
            if let Some(Format { codec, rate, channels }) = state.format {
                if state.opens != known.opens {
                    apply(audio::Control::Open { stream, codec, rate: rate.into(), channels });
                    *known_gain = 0.0;
                } else if state.flushes != known.flushes {
                    apply(audio::Control::Flush { stream });
                }
            }
            if let Some(gain) = gain.filter(|gain| state.format.is_some() && gain != known_gain) {
                apply(audio::Control::Gain { stream, gain, fade_ms: FADE_MS });
                *known_gain = gain;
            }
            *known = state;
        }
    }
}

/// A media packet as the engine takes it. A piece of an SBC frame counts as one frame: the decoder
/// conceals it.
pub(crate) fn packet(media: stack::Media) -> Packet {
    let frames = match media.media.payload {
        Payload::Sbc(sbc::Payload::Frames(frames)) => frames,
        Payload::Sbc(sbc::Payload::Fragment { .. }) => 1,
        Payload::Aac { marker } => u8::from(marker),
    };
    Packet {
        stream: media.stream.0,
        payload: media.media.frame,
        frames,
        sequence: media.media.sequence_number,
    }
}

/// A change of a stream as the engine takes it, where one thread does both.
pub(crate) fn control(stream: StreamId, effect: StreamEffect) -> audio::Control {
    let stream = stream.0;
    match effect {
        StreamEffect::Open(configuration) => {
            let (rate, channels) = (configuration.sampling_frequency(), configuration.channels());
            audio::Control::Open { stream, codec: codec(&configuration), rate, channels }
        }
        StreamEffect::Flush => audio::Control::Flush { stream },
        StreamEffect::Close => audio::Control::Close { stream },
        StreamEffect::Gain(gain) => audio::Control::Gain { stream, gain, fade_ms: FADE_MS },
    }
}

fn codec(configuration: &Configuration) -> StreamCodec {
    match configuration {
        Configuration::Sbc(_) => StreamCodec::Sbc,
        Configuration::Aac(_) => StreamCodec::Aac,
    }
}

#[cfg(test)]
mod tests;
