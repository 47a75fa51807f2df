//! A voice link's way out: the microphone's sound to packets.
//!
//! Where the microphone gives nothing, the packets fade to silence.

use core::time::Duration;

use codec::msbc::{self, PACKET};
use codec::plc::Concealment;
use pool::Instant;

use super::decoder::PIECE;
use super::elastic::Elastic;
use super::lowpass::{self, Lowpass};
use super::{MICROPHONE_LATENCY_MS, MICROPHONE_SLACK_MS, VoiceCoding, VoiceStats, saturate};
use crate::fade::Fade;
use crate::ring::MAX_RATE;
use crate::stream::FADE_MS;

const LATENCY: Duration = Duration::from_millis(MICROPHONE_LATENCY_MS as u64);

/// Packets that are late take at once what has gathered for them meanwhile. What is still there then is
/// left out: those packets will not come any more.
const PATIENCE: Duration = Duration::from_millis(150);

/// See the module.
pub(super) struct Send {
    coding: VoiceCoding,
    lowpass: Lowpass,
    buffer: Elastic,
    concealment: Concealment,
    muting: Fade,
    sender: msbc::Sender,
    /// The mSBC unit that is being sent, and how much of it has been.
    unit: [u8; PACKET],
    taken: usize,
    flowing: bool,
    /// The most sound that a packet has taken at once.
    appetite: Duration,
    sent: u64,
    underruns: u64,
    skipped: u64,
}

impl Send {
    pub(super) fn new() -> Self {
        Send {
            coding: VoiceCoding::Cvsd,
            lowpass: Lowpass::new(),
            buffer: Elastic::new(MAX_RATE, MAX_RATE, MICROPHONE_LATENCY_MS, MICROPHONE_SLACK_MS)
                .bear(PATIENCE),
            concealment: Concealment::cvsd(),
            muting: Fade::at(1.0),
            sender: msbc::Sender::new(),
            unit: [0; PACKET],
            taken: PACKET,
            flowing: false,
            appetite: Duration::ZERO,
            sent: 0,
            underruns: 0,
            skipped: 0,
        }
    }

    pub(super) fn open(&mut self, coding: VoiceCoding, microphone_rate: u32) {
        self.coding = coding;
        self.lowpass.open(microphone_rate, coding.rate());
        self.buffer.open(microphone_rate, coding.rate());
        self.appetite = Duration::ZERO;
        self.concealment = match coding {
            VoiceCoding::Cvsd => Concealment::cvsd(),
            // The concealment comes before the coder here: there is nothing to settle.
            VoiceCoding::Msbc => Concealment::wideband(),
        };
        self.buffer.hold(LATENCY);
        self.concealment.skipped();
        self.sender = msbc::Sender::new();
        (self.taken, self.flowing) = (PACKET, false);
        (self.sent, self.underruns, self.skipped) = (0, 0, 0);
    }

    pub(super) fn mute(&mut self, muted: bool) {
        let gain = if muted { 0.0 } else { 1.0 };
        self.muting.to(gain, FADE_MS, self.coding.rate());
    }

    pub(super) fn add_to(&self, stats: &mut VoiceStats) {
        stats.sent = self.sent;
        stats.microphone_level_ms = self.buffer.level_ms();
        stats.microphone_drift_ppm = self.buffer.drift_ppm();
        stats.microphone_underruns = self.underruns;
        stats.microphone_skipped = self.skipped;
    }

    /// Takes in what the microphone gave by `now`.
    pub(super) fn microphone(&mut self, now: Instant, samples: &[i16]) {
        for samples in samples.chunks(lowpass::MOST) {
            let mut filtered = [0; lowpass::MOST];
            let filtered = &mut filtered[..samples.len()];
            filtered.copy_from_slice(samples);
            self.lowpass.filter(filtered);
            self.buffer.push(filtered);
        }
        if !samples.is_empty() {
            self.buffer.arrived(now, samples.len());
        }
    }

    /// Fills a packet.
    pub(super) fn packet(&mut self, now: Instant, out: &mut [u8]) {
        self.sent += 1;
        let taken = self.coding.taken_at_once(out.len());
        if taken > self.appetite {
            self.appetite = taken;
            self.buffer.hold(taken + LATENCY);
        }
        match self.coding {
            VoiceCoding::Cvsd => self.linear(now, out),
            VoiceCoding::Msbc => self.units(now, out),
        }
    }

    fn linear(&mut self, now: Instant, out: &mut [u8]) {
        let (samples, half) = out.as_chunks_mut::<2>();
        half.fill(0);
        for out in samples.chunks_mut(PIECE) {
            let mut pcm = [0; PIECE];
            self.sound(now, &mut pcm[..out.len()]);
            for (out, sample) in out.iter_mut().zip(pcm) {
                *out = sample.to_le_bytes();
            }
        }
    }

    fn units(&mut self, now: Instant, mut out: &mut [u8]) {
        while !out.is_empty() {
            if self.taken == PACKET {
                let mut pcm = [0; PIECE];
                self.sound(now, &mut pcm);
                if let Some(unit) = self.sender.next(&mut &pcm[..]) {
                    self.unit = *unit;
                }
                self.taken = 0;
            }
            let length = out.len().min(PACKET - self.taken);
            let (now_filled, rest) = core::mem::take(&mut out).split_at_mut(length);
            now_filled.copy_from_slice(&self.unit[self.taken..][..length]);
            self.taken += length;
            out = rest;
        }
    }

    /// The next samples at the link's rate, at most [`PIECE`].
    fn sound(&mut self, now: Instant, out: &mut [i16]) {
        let flowed = self.buffer.is_flowing();
        let flows = self.buffer.flows(now, out.len());
        if flows && !flowed {
            self.buffer.trim(now);
        }
        let dropped = self.buffer.drop_surplus();
        if dropped > 0 {
            self.skipped += dropped as u64;
            self.concealment.skipped();
        }
        if flows && self.buffer.missing(out.len()) == 0 {
            self.flowing = true;
            let samples = self.buffer.pull(out.len());
            for (out, &sample) in out.iter_mut().zip(samples) {
                *out = saturate(sample);
            }
            self.concealment.received(out);
        } else {
            self.underruns += u64::from(core::mem::take(&mut self.flowing));
            self.concealment.lost(out);
            if flows {
                self.buffer.stop();
            }
        }
        if self.muting.steady() != Some(1.0) {
            for sample in out {
                *sample = saturate(f32::from(*sample) * self.muting.advance());
            }
        }
    }
}
