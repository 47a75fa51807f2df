//! Voice links: what a phone says is decoded, made whole, held for a moment and added to the mix;
//! what the microphone hears becomes packets, one for each that came.
//!
//! ```text
//! packet -> mSBC or 16-bit linear -> concealment -> buffer -> converter at the drift's ratio -> mix
//! microphone -> low-pass -> buffer -> converter at the drift's ratio -> mSBC or 16-bit linear -> packet
//! ```
//! Three clocks meet here: the controller's, which makes the packets come; the sink's; and the
//! microphone's. Two [buffers](elastic) with a servo each take up the differences. All breaks in the
//! sound, of whatever cause, go through the [concealment](codec::plc): packets lost or damaged, a
//! buffer that runs dry, and too much in it.
//!
//! With CVSD the controller does the coding, and packets carry 16-bit linear samples at 8 kHz (Core
//! 5.4, vol. 2 part B, 9); with mSBC it passes the bytes through (HFP 1.9, appendix A).
//!
//! Limits: [`VOICE_LATENCY_MS`], [`VOICE_SLACK_MS`], [`MICROPHONE_LATENCY_MS`],
//! [`MICROPHONE_SLACK_MS`]. Not here: echo cancellation, LC3-SWB, side tone.

mod decoder;
mod elastic;
mod lowpass;
mod receive;
mod send;

use core::time::Duration;

use codec::msbc;
use pool::Instant;

use receive::Receive;
use send::Send;

/// How long after its arrival a packet begins to be heard, in milliseconds: what packets may be late. The
/// rate converter takes half a window (1 ms at 16 kHz, 2 at 8) beside it, and mSBC 4.6 ms in both coders
/// together.
pub const VOICE_LATENCY_MS: u32 = 12;

/// By how much the latency may grow (packets came late, or in lumps) before sound is left out, in
/// milliseconds.
pub const VOICE_SLACK_MS: u32 = 12;

/// How long the microphone's sound waits for a packet to go with, in milliseconds, beside what comes
/// from it at once and what goes into a packet at once (of mSBC whole frames of 7.5 ms).
pub const MICROPHONE_LATENCY_MS: u32 = 5;

/// As [`VOICE_SLACK_MS`], for the microphone's sound. It may grow for longer for a moment, until packets that
/// were late have taken what gathered for them.
pub const MICROPHONE_SLACK_MS: u32 = 25;

/// The rates that a microphone may have, in samples a second.
pub const MICROPHONE_RATES: [u32; 5] = [8_000, 16_000, 32_000, 44_100, 48_000];

/// How a voice link is coded.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum VoiceCoding {
    /// 16-bit linear samples, s16le at 8 kHz: the controller makes CVSD of them.
    Cvsd,
    /// The byte stream of mSBC, through a transparent link.
    Msbc,
}

impl VoiceCoding {
    /// Samples a second.
    #[must_use]
    pub const fn rate(self) -> u32 {
        match self {
            VoiceCoding::Cvsd => 8_000,
            VoiceCoding::Msbc => msbc::RATE,
        }
    }

    /// Octets of its packets in a second.
    const fn octets_a_second(self) -> u32 {
        match self {
            VoiceCoding::Cvsd => 2 * 8_000,
            VoiceCoding::Msbc => msbc::RATE * msbc::PACKET as u32 / msbc::SAMPLES as u32,
        }
    }

    /// The most sound that a packet of so many octets takes at once.
    fn taken_at_once(self, octets: usize) -> Duration {
        let samples = match self {
            VoiceCoding::Cvsd => octets / 2,
            VoiceCoding::Msbc => octets.div_ceil(msbc::PACKET) * msbc::SAMPLES,
        };
        Duration::from_secs_f64(samples as f64 / f64::from(self.rate()))
    }
}

/// Figures of one voice link since it was opened. Samples are those of the link.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct VoiceStats {
    /// Sound in the receiving buffer, in milliseconds.
    pub level_ms: f32,
    /// The drift of the controller's clock against the sink's, in parts per million.
    pub drift_ppm: f32,
    /// How loud it is, as [`Stats::peak`](crate::Stats::peak).
    pub peak: u16,
    /// How unevenly its packets come, as [`Stats::jitter_ms`](crate::Stats::jitter_ms).
    pub jitter_ms: f32,
    /// Packets taken in.
    pub packets: u64,
    /// Samples that came.
    pub received: u64,
    /// Samples made up because they were lost or damaged.
    pub lost: u64,
    /// Samples made up because nothing had come in time.
    pub late: u64,
    /// Samples left out because too much had come.
    pub skipped: u64,
    /// Times that nothing came for so long that there was silence.
    pub stalls: u64,
    /// Packets made.
    pub sent: u64,
    /// Sound of the microphone that waits, in milliseconds.
    pub microphone_level_ms: f32,
    /// The drift of the microphone's clock against the controller's, in parts per million.
    pub microphone_drift_ppm: f32,
    /// Times the microphone gave too little in mid-flow.
    pub microphone_underruns: u64,
    /// Samples of the microphone that were left out because it gave too many.
    pub microphone_skipped: u64,
}

/// One voice link, both ways; the slot is made once and opened many times.
pub(crate) struct Voice {
    id: Option<u8>,
    receive: Receive,
    send: Send,
}

impl Voice {
    pub(crate) fn new(sink_rate: u32) -> Self {
        Voice { id: None, receive: Receive::new(sink_rate), send: Send::new() }
    }

    pub(crate) fn open(&mut self, id: u8, coding: VoiceCoding, microphone_rate: u32) {
        self.id = Some(id);
        self.receive.open(coding);
        self.send.open(coding, microphone_rate);
    }

    /// Lets the link go; what was just heard of it fades out.
    pub(crate) fn close(&mut self) {
        self.id = None;
        self.receive.close();
    }

    pub(crate) fn is(&self, id: u8) -> bool {
        self.id == Some(id)
    }

    /// Neither open nor to be heard any more.
    pub(crate) fn is_free(&self) -> bool {
        self.id.is_none() && !self.receive.is_live()
    }

    pub(crate) fn is_open(&self) -> bool {
        self.id.is_some()
    }

    pub(crate) fn set_gain(&mut self, gain: f32, ms: u32) {
        self.receive.set_gain(gain, ms);
    }

    pub(crate) fn mute(&mut self, muted: bool) {
        self.send.mute(muted);
    }

    pub(crate) fn packet(
        &mut self,
        arrival: Instant,
        payload: &[u8],
        damaged: bool,
        heard: impl FnMut(u32, &[i16]),
    ) {
        self.receive.packet(arrival, payload, damaged, heard);
    }

    pub(crate) fn reply(&mut self, now: Instant, out: &mut [u8]) {
        self.send.packet(now, out);
    }

    pub(crate) fn microphone(&mut self, now: Instant, samples: &[i16]) {
        self.send.microphone(now, samples);
    }

    /// Adds the next frames, of which the first is heard at `now`, to `mix`.
    pub(crate) fn render(&mut self, now: Instant, mix: [&mut [f32]; 2]) {
        self.receive.render(now, mix);
    }

    pub(crate) fn stats(&self) -> VoiceStats {
        let mut stats = self.receive.stats();
        self.send.add_to(&mut stats);
        stats
    }
}

/// To 16 bits.
fn saturate(sample: f32) -> i16 {
    ((sample + 32_768.5).clamp(0.0, 65_535.0) as i32 - 32_768) as i16
}

#[cfg(test)]
mod tests;
