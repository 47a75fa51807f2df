//! One media stream: packets in, the sound that is due out.
//!
//! Playout is timed by arrival and by counting samples; nothing here looks at RTP timestamps, which
//! real phones get wrong. The first packet of a run is heard `latency` after it arrived, and from
//! then on the buffer's level says everything: the [servo](crate::servo) holds it, running dry
//! fades out and fills again from the next packet, and running over fades out, drops what is too
//! much and fades in.
//!
//! Packets that the sequence numbers show as lost are concealed by the codec, up to
//! [`CONCEALED_MS`]. One that came already, or whose place has been concealed, is dropped: its
//! number is behind by less than [`REPEATS`]. A larger hole, or a number further behind, is a source
//! that started counting afresh; so many repeats in a row are one that does not count at all.

mod cut;
mod sequence;

use core::time::Duration;

use pool::Instant;

use self::cut::Cut;
use self::sequence::Sequence;
use crate::converter::{BLOCK, Converter};
use crate::decoder::{Decoder, FRAME_SAMPLES, Packet, StreamCodec};
use crate::fade::Fade;
use crate::meter::{Jitter, Peak};
use crate::ring::{CAPACITY_MS, MAX_RATE, Ring, StereoFrame};
use crate::servo::Servo;
use crate::sounding::{Sounding, peak};

/// How long sound takes to fade where the flow of a stream breaks, in milliseconds.
pub const FADE_MS: u32 = 5;

/// The least and the most latency, in milliseconds.
pub const MIN_LATENCY_MS: u32 = 20;
/// See [`MIN_LATENCY_MS`].
pub const MAX_LATENCY_MS: u32 = 250;

/// How far over the latency a buffer may fill before the excess is dropped, in milliseconds.
pub const OVERRUN_MS: u32 = 180;

/// The longest hole that is concealed, in milliseconds.
pub const CONCEALED_MS: u32 = 100;

/// How far behind, in packets, a sequence number may be and still be that of a repeated or late
/// packet, and how many of them are dropped in a row.
pub const REPEATS: u16 = 8;

/// For how long after a packet the source is taken to be making the next one, in seconds. Without
/// it the servo would see the buffer's level jump with every packet, at times that beat with its
/// own.
const COMING_S: f64 = 0.05;

/// How soon media must come again for a dry buffer to count as an underrun, not as a pause: the
/// music of a phone that the radio does not reach for a moment has not stopped.
pub(crate) const PAUSE: Duration = Duration::from_millis(1_000);

const _: () = assert!((MAX_LATENCY_MS + OVERRUN_MS) as usize + 50 <= CAPACITY_MS);

/// Figures of one stream since it was opened.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Stats {
    /// Sound in the buffer, in milliseconds.
    pub level_ms: f32,
    /// How much faster than nominal the stream is being consumed, in parts per million: the drift
    /// of the source's clock against the sink's, once the servo has settled.
    pub drift_ppm: f32,
    /// How loud it is, whatever its gain: the largest sample, which falls by 20 dB in 1.7 s; 0 where
    /// nothing comes.
    pub peak: u16,
    /// How unevenly its packets come, in milliseconds: the interarrival jitter of RFC 3550, 6.4.1, with
    /// the sampling instants counted in samples.
    pub jitter_ms: f32,
    /// Packets taken in.
    pub packets: u64,
    /// Packets that the sequence numbers show as lost.
    pub lost: u64,
    /// Packets that came a second time, or after their place had been concealed: dropped.
    pub repeated: u64,
    /// Codec frames (of AAC, blocks of 128 samples a channel) that were concealed, for lost packets or
    /// because they were damaged.
    pub concealed: u64,
    /// Times the buffer ran dry in the middle of a flow.
    pub underruns: u64,
    /// Times the buffer ran over and sound was dropped.
    pub overruns: u64,
}

/// Where the flow of a stream is.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Flow {
    /// Nothing to play.
    Empty,
    /// Sound is gathering, to be heard from then on.
    Filling { until: Instant },
    /// Sound is heard (or would be, at a gain above zero).
    Playing,
    /// Fading out, towards what comes next.
    Ending { next: Next },
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Next {
    /// Wait for media, or for what has arrived meanwhile to ripen.
    Refill,
    /// Drop the excess and go on.
    Drop,
    /// The stream is closed.
    Close,
}

/// One stream; the slot is made once and opened many times.
pub(crate) struct Stream {
    /// Who it is; none when the slot is free.
    pub(crate) id: Option<u8>,
    sink_rate: u32,
    rate: u32,
    latency_ms: u32,
    decoder: Decoder,
    ring: Ring,
    converter: Converter,
    servo: Servo,
    flow: Flow,
    /// Where the flow stands.
    envelope: Fade,
    /// What the control set.
    gain: Fade,
    cut: Cut,
    sequence: Sequence,
    /// Codec frames and samples of the last packet that gave sound.
    packet: (u8, usize),
    last_media: Instant,
    dry_since: Option<Instant>,
    /// Frames that came since the flow began to end, and when the first of them did.
    fresh: usize,
    fresh_since: Option<Instant>,
    pub(crate) sounding: Sounding,
    peak: Peak,
    jitter: Jitter,
    stats: Stats,
}

impl Stream {
    /// A free slot; see [`Decoder::new`] about `aac`.
    pub(crate) fn new(sink_rate: u32, aac: bool) -> Self {
        Stream {
            id: None,
            sink_rate,
            rate: sink_rate,
            latency_ms: MIN_LATENCY_MS,
            decoder: Decoder::new(aac),
            ring: Ring::new(),
            converter: Converter::new(sink_rate),
            servo: Servo::default(),
            flow: Flow::Empty,
            envelope: Fade::at(0.0),
            gain: Fade::at(0.0),
            cut: Cut::new(),
            sequence: Sequence::default(),
            packet: (0, 0),
            last_media: Instant::ZERO,
            dry_since: None,
            fresh: 0,
            fresh_since: None,
            sounding: Sounding::default(),
            peak: Peak::default(),
            jitter: Jitter::default(),
            stats: Stats::default(),
        }
    }

    /// Opens the slot for a stream of `rate`; what it was is forgotten, softly. `false`, and nothing is
    /// changed, if it cannot be decoded.
    pub(crate) fn open(
        &mut self,
        id: u8,
        codec: StreamCodec,
        (rate, channels): (u32, u8),
        latency_ms: u32,
    ) -> bool {
        if !self.decoder.open(codec, rate, channels) {
            return false;
        }
        self.cut.here(self.sink_rate);
        self.id = Some(id);
        self.rate = rate;
        self.latency_ms = latency_ms;
        self.ring.clear();
        self.converter.reset(self.ratio());
        self.servo = Servo::default();
        self.flow = Flow::Empty;
        self.envelope = Fade::at(0.0);
        self.gain = Fade::at(0.0);
        self.sequence.interrupted();
        self.packet = (0, 0);
        self.dry_since = None;
        self.silent();
        self.jitter = Jitter::default();
        self.stats = Stats::default();
        true
    }

    /// Fades out and then frees the slot.
    pub(crate) fn close(&mut self) {
        self.silent();
        self.end(Next::Close);
    }

    /// Forgets what is buffered: a pause, or another place in the music.
    pub(crate) fn flush(&mut self) {
        // Who decides takes the stream to be silent from here on.
        self.silent();
        self.end(Next::Refill);
        self.decoder.begin();
        self.jitter.interrupted();
        self.sequence.interrupted();
        self.dry_since = None;
    }

    pub(crate) fn set_latency(&mut self, ms: u32) {
        self.latency_ms = ms;
    }

    pub(crate) fn set_gain(&mut self, gain: f32, ms: u32) {
        self.gain.to(gain, ms, self.sink_rate);
    }

    /// Open under that name, and not on its way out.
    pub(crate) fn is(&self, id: u8) -> bool {
        self.id == Some(id) && !self.is_closing()
    }

    /// Something may be heard of it.
    pub(crate) fn is_live(&self) -> bool {
        self.id.is_some() || !self.cut.is_over()
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.flow == Flow::Ending { next: Next::Close }
    }

    /// Figures; see [`Stats`].
    pub(crate) fn stats(&self) -> Stats {
        Stats {
            level_ms: self.ring.len() as f32 * 1000.0 / self.rate as f32,
            drift_ppm: (self.servo.correction() * 1e6) as f32,
            peak: self.peak.get(),
            jitter_ms: self.jitter.ms(),
            ..self.stats
        }
    }

    /// Takes in one packet; `frames` as [`Engine::media`](crate::Engine::media) has it.
    pub(crate) fn media(
        &mut self,
        arrival: Instant,
        payload: &[u8],
        frames: u8,
        sequence: u16,
        mut heard: impl FnMut(u32, &[StereoFrame]),
    ) {
        if self.is_closing() {
            return;
        }
        if self.sequence.is_repeated(sequence) {
            self.stats.repeated += 1;
            return;
        }
        self.stats.packets += 1;
        self.conceal_lost(sequence, &mut heard);
        let mut packet = Packet::new(payload, frames);
        let mut pcm = [[0; 2]; FRAME_SAMPLES];
        let (mut loudest, mut samples) = (0, 0);
        while let Some(decoded) = self.decoder.next(&mut packet, &mut pcm) {
            // What a frame says of itself is truer than what was configured.
            self.rate = decoded.rate.filter(|r| *r <= MAX_RATE).unwrap_or(self.rate);
            let pcm = &pcm[..decoded.samples];
            self.stats.concealed += u64::from(decoded.concealed);
            loudest = loudest.max(peak(pcm.as_flattened()));
            samples += pcm.len();
            heard(self.rate, pcm);
            self.push(pcm);
        }
        // A packet without sound is a piece of what the next one ends.
        if samples > 0 {
            self.packet = (packet.taken, samples);
            self.peak.observe(loudest, samples, self.rate);
            self.jitter.arrived(arrival, samples, self.rate);
            self.sounding.observe(loudest, samples, self.rate);
        }
        self.arrived(arrival);
    }

    /// Fills the hole that the sequence numbers show before this packet.
    fn conceal_lost(&mut self, sequence: u16, heard: &mut impl FnMut(u32, &[StereoFrame])) {
        let hole = self.sequence.hole(sequence);
        let (frames, samples) = self.packet;
        if hole == 0 {
            return;
        }
        self.decoder.lost();
        let longest = (self.rate * CONCEALED_MS / 1000) as usize;
        if samples == 0 || hole.saturating_mul(samples) > longest {
            return self.jitter.interrupted();
        }
        self.stats.lost += hole as u64;
        self.jitter.lost(hole * samples, self.rate);
        for _ in 0..hole * usize::from(frames) {
            let mut pcm = [[0; 2]; FRAME_SAMPLES];
            let samples = self.decoder.conceal(&mut pcm);
            self.stats.concealed += 1;
            heard(self.rate, &pcm[..samples]);
            self.push(&pcm[..samples]);
        }
    }

    fn push(&mut self, pcm: &[StereoFrame]) {
        self.fresh += pcm.len();
        if self.ring.push(pcm) > 0 && self.flow != Flow::Empty {
            // Only when nobody has rendered for long: the sink was starved anyway.
            self.cut.here(self.sink_rate);
            self.envelope = Fade::at(0.0);
            if self.flow == Flow::Playing {
                self.envelope.to(1.0, FADE_MS, self.sink_rate);
            }
        }
    }

    /// Moves the flow on after a packet.
    fn arrived(&mut self, at: Instant) {
        self.last_media = at;
        if self.dry_since.take().is_some_and(|dry| at.since(dry) < PAUSE) {
            self.stats.underruns += 1;
        }
        self.fresh_since.get_or_insert(at);
        if self.flow == Flow::Empty && self.ring.len() > 0 {
            self.flow = Flow::Filling { until: at + self.latency() };
        }
    }

    /// Adds the next frames (at most [`BLOCK`]), of which the first is heard at `now`, to `mix`.
    pub(crate) fn render(&mut self, now: Instant, mix: [&mut [f32]; 2]) {
        let frames = mix[0].len().min(BLOCK);
        if now.since(self.last_media) > PAUSE {
            self.silent();
        }
        if let Flow::Filling { until } = self.flow
            && now >= until
        {
            self.flow = Flow::Playing;
            self.servo.restart();
            self.envelope.to(1.0, FADE_MS, self.sink_rate);
        }
        if self.flow == Flow::Playing {
            self.play(now, frames);
        }
        let [left, right] = mix;
        match self.flow {
            Flow::Empty | Flow::Filling { .. } => {
                self.gain.skip(frames);
                self.cut.last = [0.0; 2];
            }
            Flow::Playing | Flow::Ending { .. } => self.sound(frames, [&mut *left, &mut *right]),
        }
        self.cut.render([left, right]);
        if let Flow::Ending { next } = self.flow
            && self.envelope.steady().is_some()
        {
            self.ended(next);
        }
    }

    /// Steers, drops what is too much, and sees a dry buffer coming while there is still enough to fade
    /// out on.
    fn play(&mut self, now: Instant, frames: usize) {
        // A packet may have come after this block was heard: a round renders several.
        let excess = self.level_s() - self.last_media.since(now).as_secs_f64() - self.setpoint_s();
        if excess > f64::from(OVERRUN_MS) / 1e3 {
            self.stats.overruns += 1;
            return self.end(Next::Drop);
        }
        let error = excess + now.since(self.last_media).as_secs_f64().min(COMING_S);
        let elapsed = frames as f64 / f64::from(self.sink_rate);
        let correction = self.servo.observe(error, elapsed);
        self.converter.steer(self.ratio() / (1.0 + correction), true);
        let reserve = self.reserve();
        if self.ring.len() < self.converter.needs(frames) + reserve {
            self.dry_since = Some(now);
            self.end(Next::Refill);
        }
    }

    /// Converts, fades and adds.
    fn sound(&mut self, frames: usize, [left, right]: [&mut [f32]; 2]) {
        let gains = (self.envelope.steady(), self.gain.steady());
        if gains.0 == Some(0.0) || gains.1 == Some(0.0) {
            let passed = self.converter.passed(frames);
            self.ring.discard(passed);
            self.envelope.skip(frames);
            self.gain.skip(frames);
            self.cut.last = [0.0; 2];
        } else {
            let ring = &mut self.ring;
            let [from_left, from_right] =
                self.converter.convert(frames, |left, right| ring.pull(left, right));
            let frames = left.iter_mut().zip(right).zip(from_left.iter().zip(from_right));
            let mut last = self.cut.last;
            if let (Some(envelope), Some(gain)) = gains {
                let gain = envelope * gain;
                for ((left, right), (from_left, from_right)) in frames {
                    last = [from_left * gain, from_right * gain];
                    *left += last[0];
                    *right += last[1];
                }
            } else {
                for ((left, right), (from_left, from_right)) in frames {
                    let gain = self.envelope.advance() * self.gain.advance();
                    last = [from_left * gain, from_right * gain];
                    *left += last[0];
                    *right += last[1];
                }
            }
            self.cut.last = last;
        }
    }

    /// Nothing comes any more.
    fn silent(&mut self) {
        self.sounding.starved();
        self.peak = Peak::default();
    }

    /// Starts to fade out towards `next`, if there is anything to fade.
    fn end(&mut self, next: Next) {
        match self.flow {
            Flow::Empty | Flow::Filling { .. } => {
                (self.fresh, self.fresh_since) = (0, None);
                self.ring.clear();
                self.ended(next);
            }
            Flow::Playing | Flow::Ending { .. } => {
                (self.fresh, self.fresh_since) = (0, None);
                if next != Next::Drop {
                    let kept = self.reserve() + self.converter.needs(BLOCK);
                    self.ring.truncate(kept);
                }
                self.flow = Flow::Ending { next };
                self.envelope.to(0.0, FADE_MS, self.sink_rate);
            }
        }
    }

    fn ended(&mut self, next: Next) {
        self.cut.last = [0.0; 2];
        self.envelope = Fade::at(0.0);
        self.flow = match next {
            Next::Drop => {
                let keep = (self.setpoint_s() * f64::from(self.rate)) as usize;
                self.ring.discard(self.ring.len().saturating_sub(keep));
                self.servo.restart();
                self.envelope.to(1.0, FADE_MS, self.sink_rate);
                Flow::Playing
            }
            Next::Refill => {
                let crumbs = self.ring.len().saturating_sub(self.fresh);
                self.ring.discard(crumbs);
                match self.fresh_since {
                    Some(at) => Flow::Filling { until: at + self.latency() },
                    None => Flow::Empty,
                }
            }
            Next::Close => {
                self.ring.clear();
                self.id = None;
                Flow::Empty
            }
        };
    }

    /// Stream frames that a fade-out takes, and a little for the converter's steps.
    fn reserve(&self) -> usize {
        (self.rate * FADE_MS / 1000) as usize + 16
    }

    fn ratio(&self) -> f64 {
        f64::from(self.sink_rate) / f64::from(self.rate)
    }

    fn latency(&self) -> Duration {
        Duration::from_millis(u64::from(self.latency_ms))
    }

    fn level_s(&self) -> f64 {
        self.ring.len() as f64 / f64::from(self.rate)
    }

    /// The level to hold, counting what the source has made since the last packet as there: so
    /// much is buffered when the first packet of a run has just arrived, and `latency` later.
    fn setpoint_s(&self) -> f64 {
        f64::from(self.latency_ms) / 1e3 + self.packet.1 as f64 / f64::from(self.rate)
    }
}

#[cfg(test)]
mod tests;
