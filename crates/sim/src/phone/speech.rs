//! The sound of a voice link: a tone, and what is heard of one.
//!
//! A packet is 60 octets: 3.75 ms of CVSD's linear samples at 8 kHz, or one mSBC unit, 7.5 ms at 16 kHz.

use core::f64::consts::TAU;
use core::time::Duration;
use std::collections::VecDeque;

use codec::{msbc, sbc};
use pool::{Frame, Instant};
use stack::{VoiceCodec, VoiceStatus};

/// Octets of a packet.
const PACKET: usize = 60;
/// The tones' level: a quarter of full scale.
const AMPLITUDE: f64 = 8192.0;
/// Samples that are remembered to find a tone in.
const MEMORY: usize = 4000;
/// What is softer than this, in the mean, is silence.
const SILENCE: f64 = 100.0;

const fn rate(codec: VoiceCodec) -> u32 {
    match codec {
        VoiceCodec::Cvsd => 8000,
        VoiceCodec::Msbc => msbc::RATE,
    }
}

/// Whoever makes a tone on a voice link.
pub struct Speaker {
    codec: VoiceCodec,
    hertz: u32,
    sender: msbc::Sender,
    since: Instant,
    samples: u64,
}

impl Speaker {
    /// One who begins now.
    pub fn new(now: Instant, codec: VoiceCodec, hertz: u32) -> Self {
        Speaker { codec, hertz, sender: msbc::Sender::new(), since: now, samples: 0 }
    }

    /// When the next packet is sent.
    pub fn due_at(&self) -> Instant {
        let nanos = self.samples * 1_000_000_000 / u64::from(rate(self.codec));
        self.since + Duration::from_nanos(nanos)
    }

    fn sample(&mut self) -> i16 {
        let seconds = self.samples as f64 / f64::from(rate(self.codec));
        self.samples += 1;
        (AMPLITUDE * (TAU * f64::from(self.hertz) * seconds).sin()) as i16
    }

    /// Writes the next packet's payload; `false` where there is no room.
    pub fn write(&mut self, packet: &mut Frame) -> bool {
        match self.codec {
            VoiceCodec::Cvsd => {
                (0..PACKET / 2).all(|_| packet.append(&self.sample().to_le_bytes()).is_ok())
            }
            VoiceCodec::Msbc => {
                let pcm: [i16; msbc::SAMPLES] = core::array::from_fn(|_| self.sample());
                self.sender.next(&mut &pcm[..]).is_some_and(|unit| packet.append(unit).is_ok())
            }
        }
    }
}

/// Whoever listens on a voice link.
#[derive(Clone)]
pub struct Heard {
    codec: VoiceCodec,
    receiver: msbc::Receiver,
    decoder: sbc::Decoder,
    recent: VecDeque<i16>,
    samples: u64,
    lost: u64,
}

impl Heard {
    /// One who has heard nothing yet.
    pub fn new(codec: VoiceCodec) -> Self {
        Heard {
            codec,
            receiver: msbc::Receiver::new(),
            decoder: sbc::Decoder::msbc(),
            recent: VecDeque::with_capacity(MEMORY),
            samples: 0,
            lost: 0,
        }
    }

    /// Takes a packet's payload.
    pub fn take(&mut self, status: VoiceStatus, mut payload: &[u8]) {
        match self.codec {
            VoiceCodec::Cvsd => {
                for &[low, high] in payload.as_chunks().0 {
                    self.remember(i16::from_le_bytes([low, high]));
                }
                self.lost += u64::from(status != VoiceStatus::Correct);
            }
            VoiceCodec::Msbc => {
                let damaged = status != VoiceStatus::Correct;
                while let Some(decision) = self.receiver.next(&mut payload, damaged) {
                    let mut pcm = [0; msbc::SAMPLES];
                    let decoded = match decision {
                        msbc::Decision::Frame(frame) => {
                            self.decoder.decode(frame, &mut pcm).is_ok()
                        }
                        msbc::Decision::Lost => false,
                    };
                    self.lost += u64::from(!decoded);
                    pcm.into_iter().for_each(|sample| self.remember(sample));
                }
            }
        }
    }

    fn remember(&mut self, sample: i16) {
        if self.recent.len() == MEMORY {
            self.recent.pop_front();
        }
        self.recent.push_back(sample);
        self.samples += 1;
    }

    /// Samples so far, the lost ones too.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// Packets, or mSBC's units, that did not come whole.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// The loudest tone of late, to 20 Hz; `None`: silence.
    pub fn tone(&self) -> Option<u32> {
        let energy: f64 = self.recent.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        if energy <= SILENCE.powi(2) * self.recent.len() as f64 {
            return None;
        }
        let rate = rate(self.codec);
        let candidates = (100..rate / 2).step_by(20);
        candidates.max_by(|a, b| self.strength(*a, rate).total_cmp(&self.strength(*b, rate)))
    }

    /// How much of a tone there is (Goertzel's algorithm).
    fn strength(&self, hertz: u32, rate: u32) -> f64 {
        let turn = 2.0 * (TAU * f64::from(hertz) / f64::from(rate)).cos();
        let (last, before) = self.recent.iter().fold((0.0, 0.0), |(last, before), sample| {
            (f64::from(*sample) + turn * last - before, last)
        });
        last * last + before * before - turn * last * before
    }
}
