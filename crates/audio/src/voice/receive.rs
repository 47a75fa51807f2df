//! A voice link's way in: packets to sound.

use codec::plc::Concealment;
use pool::Instant;

use super::decoder::{Decoder, PIECE, Piece};
use super::elastic::Elastic;
use super::{VOICE_LATENCY_MS, VOICE_SLACK_MS, VoiceCoding, VoiceStats};
use crate::converter::BLOCK;
use crate::fade::Fade;
use crate::meter::{Jitter, Peak};
use crate::sounding::peak;
use crate::stream::FADE_MS;

/// See the module.
pub(super) struct Receive {
    sink_rate: u32,
    decoder: Decoder,
    concealment: Concealment,
    buffer: Elastic,
    gain: Fade,
    /// The link is gone, and what is left fades out.
    closing: bool,
    live: bool,
    octets_a_second: u32,
    peak: Peak,
    jitter: Jitter,
    stats: VoiceStats,
}

impl Receive {
    pub(super) fn new(sink_rate: u32) -> Self {
        Receive {
            sink_rate,
            decoder: Decoder::new(VoiceCoding::Cvsd),
            concealment: Concealment::cvsd(),
            buffer: Elastic::new(
                VoiceCoding::Msbc.rate(),
                sink_rate,
                VOICE_LATENCY_MS,
                VOICE_SLACK_MS,
            ),
            gain: Fade::at(0.0),
            closing: false,
            live: false,
            octets_a_second: VoiceCoding::Cvsd.octets_a_second(),
            peak: Peak::default(),
            jitter: Jitter::default(),
            stats: VoiceStats::default(),
        }
    }

    pub(super) fn open(&mut self, coding: VoiceCoding) {
        self.decoder = Decoder::new(coding);
        self.concealment = match coding {
            VoiceCoding::Cvsd => Concealment::cvsd(),
            VoiceCoding::Msbc => Concealment::msbc(),
        };
        // The first sound comes out of silence.
        self.concealment.skipped();
        self.buffer.open(coding.rate(), self.sink_rate);
        self.gain = Fade::at(0.0);
        (self.closing, self.live) = (false, true);
        self.octets_a_second = coding.octets_a_second();
        (self.peak, self.jitter) = (Peak::default(), Jitter::default());
        self.stats = VoiceStats::default();
    }

    pub(super) fn close(&mut self) {
        self.closing = true;
        self.gain.to(0.0, FADE_MS, self.sink_rate);
    }

    pub(super) fn is_live(&self) -> bool {
        self.live
    }

    pub(super) fn set_gain(&mut self, gain: f32, ms: u32) {
        self.gain.to(gain, ms, self.sink_rate);
    }

    pub(super) fn stats(&self) -> VoiceStats {
        VoiceStats {
            level_ms: self.buffer.level_ms(),
            drift_ppm: self.buffer.drift_ppm(),
            peak: self.peak.get(),
            jitter_ms: self.jitter.ms(),
            ..self.stats
        }
    }

    pub(super) fn packet(
        &mut self,
        arrival: Instant,
        payload: &[u8],
        damaged: bool,
        mut heard: impl FnMut(u32, &[i16]),
    ) {
        self.stats.packets += 1;
        self.jitter.arrived(arrival, payload.len(), self.octets_a_second);
        // Some controllers put nothing but zeros in the place of linear samples that were lost, and say
        // nothing: no sound ends like that.
        let hole = self.decoder.is_linear() && payload.iter().all(|&octet| octet == 0);
        let damaged = damaged || hole && self.concealment.sounds();
        let rate = self.decoder.rate();
        let mut rest = payload;
        let mut pcm = [0; PIECE];
        let mut came = 0;
        while let Some(piece) = self.decoder.next(&mut rest, damaged, &mut pcm) {
            let (Piece::Sound(samples) | Piece::Lost(samples)) = piece;
            came += samples;
            let pcm = &mut pcm[..samples];
            if self.buffer.is_surplus(samples) {
                self.stats.skipped += samples as u64;
                self.concealment.skipped();
                continue;
            }
            if matches!(piece, Piece::Sound(_)) {
                self.stats.received += samples as u64;
                self.concealment.received(pcm);
            } else {
                self.stats.lost += samples as u64;
                self.concealment.lost(pcm);
            }
            self.peak.observe(peak(pcm), samples, rate);
            heard(rate, pcm);
            self.buffer.push(pcm);
        }
        if came > 0 {
            self.buffer.arrived(arrival, came);
        }
    }

    pub(super) fn render(&mut self, now: Instant, [left, right]: [&mut [f32]; 2]) {
        let frames = left.len().min(BLOCK);
        if self.closing && self.gain.steady().is_some() {
            self.live = false;
        }
        if !self.live || !self.buffer.flows(now, frames) {
            self.gain.skip(frames);
            return;
        }
        self.make_up(frames);
        let samples = self.buffer.pull(frames);
        for ((left, right), sample) in left.iter_mut().zip(right).zip(samples) {
            let sample = sample * self.gain.advance();
            *left += sample;
            *right += sample;
        }
        if self.concealment.is_silent() {
            self.stats.stalls += 1;
            self.peak = Peak::default();
            self.buffer.stop();
        }
    }

    /// Makes up what has not come in time for the next `frames`.
    fn make_up(&mut self, frames: usize) {
        let mut missing = self.buffer.missing(frames);
        while missing > 0 {
            let mut pcm = [0; PIECE];
            let pcm = &mut pcm[..missing.min(PIECE)];
            self.concealment.lost(pcm);
            self.buffer.push(pcm);
            self.stats.late += pcm.len() as u64;
            missing -= pcm.len();
        }
    }
}
