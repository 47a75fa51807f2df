//! The audio thread's part in voice: what the phones say goes to the engine, and for each packet that
//! came one of the same length goes back, with what the microphone heard until then.
//!
//! So the controller's clock paces both ways, and nothing has to be known of it. Some controllers
//! hand over nothing while the phone is silent or its packets are lost on the air, and wait for ours all
//! the same: when nothing has come for [`QUIET`], packets of the length that the last one had, or of
//! [`OCTETS`] where there was none, go out by our own clock, until one comes again.
//!
//! What this adds to the way of the sound: nothing but the wake-ups. From the controller to the sink's
//! boundary it takes [`audio::VOICE_LATENCY_MS`] (after the end of a packet), from the microphone to the
//! controller [`audio::MICROPHONE_LATENCY_MS`] and the rest of a packet.

use std::sync::atomic::Ordering;
use std::time::Duration;

use audio::{Engine, VoiceCoding, VoiceStats};
use pool::{Arena, Frame, HEADROOM, Instant};
use stack::MAX_LINKS;

use crate::canceller::Echo;
use crate::ear::voice::{self, Known, Line, Reply, Spoken, Voices};
use crate::mouthpiece::Mouthpiece;
use crate::shared::Counters;
use crate::tap::{Clock, Taps, Written};

/// How long nothing comes before packets go out by our own clock: longer than packets are late, for those
/// are all answered when they come, and no longer than a syllable.
const QUIET: Duration = Duration::from_millis(100);
/// Octets of the packets then, where none has come: a frame of mSBC, or what an air packet of CVSD holds.
const OCTETS: usize = 60;
/// The most octets of a packet (Core 5.4, Vol 4, Part E, 5.4.3).
const MOST_OCTETS: usize = 255;
/// Packets that may be on their way to the phones at once: those that wait for the radio thread, and those
/// that wait for the controller.
const BLOCKS: usize = 80;

/// See the module.
pub(crate) struct Talk {
    /// What of the radio thread's wishes has been carried out.
    known: Known,
    paces: [Option<Pace>; MAX_LINKS],
    /// Where the packets for the phones are made.
    arena: Arena,
    pub(crate) mouthpiece: Mouthpiece,
    /// Of the microphone that an embedder writes in its place.
    clock: Clock,
    /// Where an embedder takes echo out.
    pub(crate) echo: Option<Echo>,
}

/// When a line's next packet is due.
struct Pace {
    line: Line,
    coding: VoiceCoding,
    /// Octets of its packets.
    octets: usize,
    /// When one goes out, if none comes before.
    next: Instant,
    /// What was told of it.
    told: VoiceStats,
}

impl Pace {
    /// How long a packet's sound is.
    fn period(&self) -> Duration {
        let octets_a_millisecond = match self.coding {
            VoiceCoding::Cvsd => 16,
            VoiceCoding::Msbc => 8,
        };
        Duration::from_micros(self.octets as u64 * 1_000 / octets_a_millisecond)
    }
}

impl Talk {
    pub(crate) fn new(mouthpiece: Mouthpiece) -> Self {
        let arena = Arena::new(BLOCKS, HEADROOM + MOST_OCTETS + 1);
        Talk {
            known: Known::default(),
            paces: Default::default(),
            arena,
            mouthpiece,
            clock: Clock::default(),
            echo: None,
        }
    }

    /// The arena that packets for the phones are made in.
    pub(crate) fn arena(&self) -> &Arena {
        &self.arena
    }

    /// Takes what the radio thread has, and gives it what it is to send; gives whether there is any.
    pub(crate) fn work(
        &mut self,
        now: Instant,
        engine: &mut Engine,
        voices: &Voices,
        taps: &mut Taps,
    ) -> bool {
        let was_open = self.is_open();
        self.take_changes(now, engine, voices);
        if let Some(echo) = self.echo.as_mut().filter(|_| !was_open) {
            echo.begin();
        }
        self.speak(now, engine, taps.written());
        let mut replied = false;
        while let Some(Spoken { line, status, payload }) = voices.spoken.pop() {
            let Some(coding) = self.known.coding(line) else { continue };
            let damaged = voice::is_damaged(status, coding);
            engine.voice_heard_by(now, line.link.0, &payload, damaged, |rate, samples| {
                taps.voice(line.link, rate, samples);
            });
            let pace = self.paces.iter_mut().flatten().find(|pace| pace.line == line);
            let Some(pace) = pace.filter(|_| !payload.is_empty()) else { continue };
            (pace.octets, pace.next) = (payload.len().min(MOST_OCTETS), now + QUIET);
            replied |= reply(&self.arena, now, pace, engine, voices);
        }
        for pace in self.paces.iter_mut().flatten().filter(|pace| pace.next <= now) {
            // Who slept for long does not say all at once what nobody heard.
            pace.next = (pace.next + pace.period()).max(now);
            replied |= reply(&self.arena, now, pace, engine, voices);
        }
        replied
    }

    /// Has the tone that is wanted sound from now on.
    pub(crate) fn take_tone(&mut self, now: Instant, engine: &mut Engine, voices: &Voices) {
        if let Some(tone) = voices.tone(&mut self.known) {
            // It always can.
            let _ = engine.control(now, audio::Control::Tone(tone));
        }
    }

    fn take_changes(&mut self, now: Instant, engine: &mut Engine, voices: &Voices) {
        voices.changes(&mut self.known, self.mouthpiece.rate(), |control| {
            // There is room for two lines, and at most one is open.
            let _ = engine.control(now, control);
        });
        for (link, pace) in (0..).zip(&mut self.paces) {
            let open = self.known.open().find(|(line, _)| line.link.0 == link);
            if pace.as_ref().map(|pace| pace.line) != open.map(|(line, _)| line) {
                *pace = open.map(|(line, coding)| Pace {
                    line,
                    coding,
                    octets: OCTETS,
                    next: now + QUIET,
                    told: VoiceStats::default(),
                });
            }
        }
    }

    /// Gives the engine what the microphone hears: what is written, if anything is, while a line is open.
    fn speak(&mut self, now: Instant, engine: &mut Engine, written: Option<&Written>) {
        let open = self.is_open();
        self.mouthpiece.want(now, open && written.is_none());
        match written.filter(|_| open) {
            Some(written) => {
                self.clock.speak(now, self.mouthpiece.rate(), written, engine, &mut self.echo);
            }
            None => {
                if let Some(written) = written {
                    written.discard();
                }
                self.clock.rest();
                self.mouthpiece.speak(now, engine, &mut self.echo);
            }
        }
    }

    /// What is to be heard from now on, for who takes the echo of it out.
    pub(crate) fn rendered(&mut self, samples: &[i16]) {
        let open = self.is_open();
        if let Some(echo) = self.echo.as_mut().filter(|_| open) {
            echo.rendered(samples);
        }
    }

    fn is_open(&self) -> bool {
        self.paces.iter().any(Option::is_some)
    }

    /// When [`work`](Talk::work) has something to do unasked.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        self.paces.iter().flatten().map(|pace| pace.next).min()
    }

    /// Adds to the counters what became of the voice since the last time.
    pub(crate) fn tell(&mut self, engine: &Engine, counters: &Counters) {
        for pace in self.paces.iter_mut().flatten() {
            let Some(stats) = engine.voice_stats(pace.line.link.0) else { continue };
            let told = std::mem::replace(&mut pace.told, stats);
            let made_up = |stats: &VoiceStats| {
                (stats.lost + stats.late) * 1_000_000 / u64::from(pace.coding.rate())
            };
            let more = made_up(&stats).saturating_sub(made_up(&told));
            counters.voice_concealed_us.fetch_add(more, Ordering::Relaxed);
            let more = stats.sent.saturating_sub(told.sent);
            counters.voice_replies.fetch_add(more, Ordering::Relaxed);
            let more = stats.microphone_underruns.saturating_sub(told.microphone_underruns);
            counters.microphone_underruns.fetch_add(more, Ordering::Relaxed);
        }
    }
}

/// Makes a line's next packet; gives whether there was a block for it.
fn reply(arena: &Arena, now: Instant, pace: &Pace, engine: &mut Engine, voices: &Voices) -> bool {
    let Some(payload) = packet(arena, pace.octets, |out| {
        engine.voice_reply(now, pace.line.link.0, out);
    }) else {
        return false;
    };
    voices.replies.force_push(Reply { line: pace.line, payload });
    true
}

/// A packet of so many octets, filled.
fn packet(arena: &Arena, octets: usize, fill: impl FnOnce(&mut [u8])) -> Option<Frame> {
    let mut frame = arena.take()?;
    fill(frame.spare_mut().get_mut(..octets)?);
    frame.grow(octets).ok()?;
    Some(frame)
}

#[cfg(test)]
mod tests;
