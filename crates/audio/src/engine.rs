//! The body of the audio thread: media packets and controls in, the mix that is due out.
//!
//! Every open stream is decoded and buffered whatever its gain, so that moving the sound from one
//! phone to another is a cross-fade of two streams that both run.

use pool::{Frame, Instant};

use crate::converter::{BLOCK, MAX_RATIO};
use crate::decoder::StreamCodec;
use crate::ring::MAX_RATE;
use crate::servo::LIMIT_PPM;
use crate::stream::{MAX_LATENCY_MS, MIN_LATENCY_MS, Stats, Stream};
use crate::tone::{Tone, Tones};
use crate::voice::{MICROPHONE_RATES, Voice, VoiceCoding, VoiceStats};
use crate::wave::Sound;

/// The most streams of an engine.
pub const MAX_STREAMS: usize = 8;

/// The most voice links: one that is open, and one that still fades out.
pub const MAX_VOICES: usize = 2;

/// Streams that are made ready for AAC in advance: those of two phones.
pub const AAC_READY: usize = 2;

/// The slowest stream, in frames a second.
pub(crate) const MIN_RATE: u32 = 16_000;

/// How an engine is built.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    /// Frames a second that the sink plays, 16,000 to 96,000. Below 48,000 the top of the spectrum
    /// is cut accordingly.
    pub rate: u32,
    /// How long after its arrival sound is heard, in milliseconds; held within
    /// [`MIN_LATENCY_MS`] and [`MAX_LATENCY_MS`].
    pub latency_ms: u32,
    /// Streams that can be open at once, at most [`MAX_STREAMS`]. Each takes about 150 KiB, and
    /// 120 more once it was one of AAC, which the first [`AAC_READY`] take in advance.
    pub streams: usize,
}

impl Default for Config {
    fn default() -> Self {
        Config { rate: 48_000, latency_ms: 120, streams: 2 }
    }
}

/// What the engine is told to do.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Control {
    /// A stream is configured. It starts at gain 0. Opening it again starts it afresh.
    Open {
        /// The caller's name for it.
        stream: u8,
        /// How it is coded.
        codec: StreamCodec,
        /// Frames a second, 16,000 to 48,000.
        rate: u32,
        /// 1 or 2.
        channels: u8,
    },
    /// The stream is gone; what it still sounds fades out.
    Close {
        /// Which one.
        stream: u8,
    },
    /// Fades a stream's gain to a new value.
    Gain {
        /// Which one.
        stream: u8,
        /// 0 to 1 (more is allowed up to 4; the mix saturates).
        gain: f32,
        /// How long the fade takes, in milliseconds; at least 2, since a jump clicks.
        fade_ms: u32,
    },
    /// A new latency for every stream, reached by each when it fills again, and slowly meanwhile.
    Latency {
        /// As [`Config::latency_ms`].
        ms: u32,
    },
    /// Fades out and forgets what a stream has buffered (it was suspended, or jumps).
    Flush {
        /// Which one.
        stream: u8,
    },
    /// A voice link is up. It starts at gain 0, and its microphone unmuted. Opening it again starts it
    /// afresh.
    OpenVoice {
        /// The caller's name for it, apart from those of streams.
        link: u8,
        /// How it is coded.
        coding: VoiceCoding,
        /// The microphone's rate in samples a second, one of [`MICROPHONE_RATES`].
        microphone_rate: u32,
    },
    /// The voice link is gone; what it still sounds fades out.
    CloseVoice {
        /// Which one.
        link: u8,
    },
    /// Fades a voice link's gain to a new value, as [`Control::Gain`].
    VoiceGain {
        /// Which one.
        link: u8,
        /// 0 to 1, or up to 4.
        gain: f32,
        /// How long the fade takes, in milliseconds; at least 2.
        fade_ms: u32,
    },
    /// Sends silence on a voice link instead of the microphone's sound, or that again.
    Mute {
        /// Which one.
        link: u8,
        /// Whether silence is sent.
        muted: bool,
    },
    /// This tone of our own sounds from now on, after a short fade, over everything else.
    Tone(Tone),
}

/// Why a control was not carried out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// As many streams as configured are open.
    NoRoom,
    /// No such stream or voice link is open.
    UnknownStream,
    /// The codec, the rate or the number of channels is not one that the engine plays.
    Unsupported,
}

impl core::fmt::Display for Refused {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Refused::NoRoom => "no room for another stream",
            Refused::UnknownStream => "no such stream",
            Refused::Unsupported => "codec, rate or channels not supported",
        })
    }
}

impl std::error::Error for Refused {}

/// What the engine has noticed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Report {
    /// A stream is sound now (`true`) or silence: by its decoded samples, whatever its gain.
    Sounding(u8, bool),
    /// A stream's buffer ran dry in mid-flow; so many times since it was opened.
    Underrun(u8, u64),
    /// A stream's buffer ran over and sound was dropped; so many times since it was opened.
    Overrun(u8, u64),
}

/// What was reported of a slot's stream so far.
#[derive(Clone, Copy, Default)]
struct Reported {
    id: u8,
    sounding: bool,
    underruns: u64,
    overruns: u64,
}

/// Decodes, buffers, converts, fades and mixes up to [`MAX_STREAMS`] streams. The caller hands in
/// every packet and control with the time, and asks for sound; afterwards it polls for reports.
pub struct Engine {
    rate: u32,
    latency_ms: u32,
    streams: Box<[Stream]>,
    voices: Box<[Voice; MAX_VOICES]>,
    tones: Tones,
    reported: [Reported; MAX_STREAMS],
    mix: [Box<[f32]>; 2],
    /// Frames rendered.
    rendered: u64,
    /// Packets for streams that are not open.
    stray: u64,
}

impl Engine {
    /// An engine with all of its memory; values out of range are brought into it.
    pub fn new(config: Config) -> Self {
        let rate = config.rate.clamp(16_000, 96_000);
        let streams = config.streams.clamp(1, MAX_STREAMS);
        let channel = || vec![0.0; BLOCK].into_boxed_slice();
        Engine {
            rate,
            latency_ms: config.latency_ms.clamp(MIN_LATENCY_MS, MAX_LATENCY_MS),
            streams: (0..streams).map(|n| Stream::new(rate, n < AAC_READY)).collect(),
            voices: Box::new(core::array::from_fn(|_| Voice::new(rate))),
            tones: Tones::new(rate),
            reported: [Reported::default(); MAX_STREAMS],
            mix: [channel(), channel()],
            rendered: 0,
            stray: 0,
        }
    }

    /// Plays a sound in place of a built-in tone. Allocates: to be done before anything is heard.
    pub fn replace_tone(&mut self, tone: Tone, sound: Sound) {
        self.tones.replace(tone, sound);
    }

    /// Frames a second that [`render`](Engine::render) makes.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Carries out a control.
    ///
    /// # Errors
    /// See [`Refused`]; nothing has changed then.
    pub fn control(&mut self, _now: Instant, control: Control) -> Result<(), Refused> {
        match control {
            Control::Open { stream, codec, rate, channels } => {
                return self.open(stream, codec, rate, channels);
            }
            Control::Close { stream } => self.find(stream)?.close(),
            Control::Flush { stream } => self.find(stream)?.flush(),
            Control::Gain { stream, gain, fade_ms } => {
                self.find(stream)?.set_gain(sane(gain), fade_ms);
            }
            Control::OpenVoice { link, coding, microphone_rate } => {
                return self.open_voice(link, coding, microphone_rate);
            }
            Control::CloseVoice { link } => self.find_voice(link)?.close(),
            Control::VoiceGain { link, gain, fade_ms } => {
                self.find_voice(link)?.set_gain(sane(gain), fade_ms);
                // One that is not heard says nothing about the tone over the other.
                if gain > 0.0 {
                    self.tones.lie_over(sane(gain).min(1.0));
                }
            }
            Control::Mute { link, muted } => self.find_voice(link)?.mute(muted),
            Control::Tone(tone) => self.tones.set(tone),
            Control::Latency { ms } => {
                self.latency_ms = ms.clamp(MIN_LATENCY_MS, MAX_LATENCY_MS);
                for stream in &mut self.streams {
                    stream.set_latency(self.latency_ms);
                }
            }
        }
        Ok(())
    }

    fn open(&mut self, id: u8, codec: StreamCodec, rate: u32, channels: u8) -> Result<(), Refused> {
        let ratio = f64::from(self.rate) / f64::from(rate.max(1)) * (1.0 + LIMIT_PPM * 1e-6);
        if !(MIN_RATE..=MAX_RATE).contains(&rate) || !matches!(channels, 1 | 2) || ratio > MAX_RATIO
        {
            return Err(Refused::Unsupported);
        }
        let slot = self
            .streams
            .iter()
            .position(|stream| stream.id == Some(id))
            .or_else(|| self.streams.iter().position(|stream| stream.id.is_none()))
            .or_else(|| self.streams.iter().position(Stream::is_closing))
            .ok_or(Refused::NoRoom)?;
        if !self.streams[slot].open(id, codec, (rate, channels), self.latency_ms) {
            return Err(Refused::Unsupported);
        }
        let was = self.reported[slot];
        // Another stream's sound ends with it; the same one's is told of by the next poll.
        let sounding = was.sounding && was.id == id;
        self.reported[slot] = Reported { id, sounding, underruns: 0, overruns: 0 };
        Ok(())
    }

    /// Takes in one media packet: `payload` holds so many SBC `frames`, or of AAC a piece of an element,
    /// the last one unless `frames` is 0. Its RTP sequence number shows what was lost before it. Its
    /// arrival is what its transport stamped, else `now`.
    /// Packets for a stream that is not open are counted and dropped.
    pub fn media(&mut self, now: Instant, stream: u8, payload: &Frame, frames: u8, sequence: u16) {
        self.media_heard_by(now, stream, payload, frames, sequence, |_, _| {});
    }

    /// As [`media`](Engine::media), with one who is given what was decoded of it, and what was made up in
    /// the place of what is lost, before any gain: the rate, and at most 128 frames at a time.
    pub fn media_heard_by(
        &mut self,
        now: Instant,
        stream: u8,
        payload: &Frame,
        frames: u8,
        sequence: u16,
        heard: impl FnMut(u32, &[[i16; 2]]),
    ) {
        let arrival = arrival(now, payload);
        match self.find(stream) {
            Ok(stream) => stream.media(arrival, payload, frames, sequence, heard),
            Err(_) => self.stray += 1,
        }
    }

    fn open_voice(&mut self, id: u8, coding: VoiceCoding, rate: u32) -> Result<(), Refused> {
        if !MICROPHONE_RATES.contains(&rate) {
            return Err(Refused::Unsupported);
        }
        let voice = self
            .voices
            .iter()
            .position(|voice| voice.is(id))
            .or_else(|| self.voices.iter().position(Voice::is_free))
            .or_else(|| self.voices.iter().position(|voice| !voice.is_open()))
            .ok_or(Refused::NoRoom)?;
        self.voices[voice].open(id, coding, rate);
        Ok(())
    }

    /// Takes in the payload of one synchronous data packet of a voice link; `damaged` where the
    /// controller marked it as not received well. Its arrival is taken as in
    /// [`media`](Engine::media). Packets for a link that is not open are counted and dropped.
    pub fn voice(&mut self, now: Instant, link: u8, payload: &Frame, damaged: bool) {
        self.voice_heard_by(now, link, payload, damaged, |_, _| {});
    }

    /// As [`voice`](Engine::voice), with one who is given what was decoded of it, and what was made up in
    /// the place of what is lost or damaged, before any gain: the rate, and at most 120 samples at a time.
    pub fn voice_heard_by(
        &mut self,
        now: Instant,
        link: u8,
        payload: &Frame,
        damaged: bool,
        heard: impl FnMut(u32, &[i16]),
    ) {
        let arrival = arrival(now, payload);
        match self.find_voice(link) {
            Ok(voice) => voice.packet(arrival, payload, damaged, heard),
            Err(_) => self.stray += 1,
        }
    }

    /// Fills the payload of the next packet for a voice link, of whatever size the controller wants:
    /// one for each that came keeps its pace. Without such a link, or where the microphone gave too
    /// little, it is silence.
    pub fn voice_reply(&mut self, now: Instant, link: u8, out: &mut [u8]) {
        match self.find_voice(link) {
            Ok(voice) => voice.reply(now, out),
            Err(_) => out.fill(0),
        }
    }

    /// Takes in what the microphone gave by `now`, one channel at the rate that the open voice link
    /// was told of; while none is open it is dropped.
    pub fn microphone(&mut self, now: Instant, samples: &[i16]) {
        for voice in self.voices.iter_mut().filter(|voice| voice.is_open()) {
            voice.microphone(now, samples);
        }
    }

    /// The figures of an open voice link.
    pub fn voice_stats(&self, link: u8) -> Option<VoiceStats> {
        self.voices.iter().find(|voice| voice.is(link)).map(Voice::stats)
    }

    /// Renders the next `out.len() / 2` frames of the mix, interleaved, up to the one that is heard
    /// at `now`; a half frame at the end is zeroed.
    pub fn render(&mut self, now: Instant, out: &mut [i16]) {
        let (frames, half) = out.as_chunks_mut::<2>();
        half.fill(0);
        let mut left_over = frames.len() as u64;
        for block in frames.chunks_mut(BLOCK) {
            let [left, right] = &mut self.mix;
            let (left, right) = (&mut left[..block.len()], &mut right[..block.len()]);
            left.fill(0.0);
            right.fill(0.0);
            let before = left_over * 1_000_000_000 / u64::from(self.rate);
            left_over -= block.len() as u64;
            let at = Instant::from_nanos(now.as_nanos().saturating_sub(before));
            for stream in self.streams.iter_mut().filter(|stream| stream.is_live()) {
                stream.render(at, [&mut *left, &mut *right]);
            }
            for voice in self.voices.iter_mut().filter(|voice| !voice.is_free()) {
                voice.render(at, [&mut *left, &mut *right]);
            }
            if !self.tones.is_silent() {
                self.tones.render([&mut *left, &mut *right]);
            }
            for ((frame, left), right) in block.iter_mut().zip(&*left).zip(&*right) {
                *frame = [saturate(*left), saturate(*right)];
            }
            self.rendered += block.len() as u64;
        }
    }

    /// What was noticed since, one at a time; `None` when there is no more. Call it after
    /// [`media`](Engine::media) and [`render`](Engine::render).
    pub fn poll(&mut self) -> Option<Report> {
        for (stream, reported) in self.streams.iter().zip(&mut self.reported) {
            let sounding = stream.sounding.get();
            if sounding != reported.sounding {
                reported.sounding = sounding;
                return Some(Report::Sounding(reported.id, sounding));
            }
            let stats = stream.stats();
            if stats.underruns != reported.underruns {
                reported.underruns = stats.underruns;
                return Some(Report::Underrun(reported.id, stats.underruns));
            }
            if stats.overruns != reported.overruns {
                reported.overruns = stats.overruns;
                return Some(Report::Overrun(reported.id, stats.overruns));
            }
        }
        None
    }

    /// The figures of an open stream.
    pub fn stats(&self, stream: u8) -> Option<Stats> {
        let found = self.streams.iter().find(|slot| slot.is(stream))?;
        Some(found.stats())
    }

    /// Frames rendered since the engine was built.
    pub fn rendered(&self) -> u64 {
        self.rendered
    }

    /// Packets that came for streams that were not open.
    pub fn stray(&self) -> u64 {
        self.stray
    }

    fn find(&mut self, id: u8) -> Result<&mut Stream, Refused> {
        self.streams.iter_mut().find(|slot| slot.is(id)).ok_or(Refused::UnknownStream)
    }

    fn find_voice(&mut self, id: u8) -> Result<&mut Voice, Refused> {
        self.voices.iter_mut().find(|voice| voice.is(id)).ok_or(Refused::UnknownStream)
    }
}

/// When a packet came: what its transport stamped, else `now`.
fn arrival(now: Instant, payload: &Frame) -> Instant {
    let stamp = payload.arrival();
    if stamp == Instant::ZERO || stamp > now { now } else { stamp }
}

/// A gain that can be played.
fn sane(gain: f32) -> f32 {
    if gain.is_finite() { gain.clamp(0.0, 4.0) } else { 0.0 }
}

/// Rounds to 16 bits, saturating. (`f32::round` is a library call on plain x86-64.)
pub(crate) fn saturate(sample: f32) -> i16 {
    ((sample + 32_768.5).clamp(0.0, 65_535.0) as i32 - 32_768) as i16
}

#[cfg(test)]
mod tests;
