//! A buffer between two clocks: samples come in pieces by one, and are taken at a nominal ratio by the
//! other. Its servo bends the ratio so that the level stays where it was when it began to flow.

use core::time::Duration;

use pool::Instant;

use crate::converter::{BLOCK, Converter};
use crate::ring::Ring;
use crate::servo::Servo;

/// The most that is held, in milliseconds: a sink that is served rarely takes much at once.
const HELD_MS: usize = 300;

/// For how long after a piece its source is taken to be making the next one.
const COMING: Duration = Duration::from_millis(25);

/// Where the flow is.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Flow {
    Empty,
    /// Sound is gathering since then.
    Filling {
        since: Instant,
    },
    Flowing,
}

/// See the module.
pub(super) struct Elastic {
    ring: Ring,
    converter: Converter,
    servo: Servo,
    flow: Flow,
    /// Samples a second in, and out.
    rates: [u32; 2],
    latency: Duration,
    /// By how much more may lie in the buffer, in seconds.
    slack: f64,
    /// For how long it may, and since when it does.
    patience: Duration,
    over: Option<Instant>,
    /// When the last piece came, and its length.
    last: Instant,
    piece: usize,
    /// Samples that lie in the buffer beyond what should.
    surplus: usize,
}

impl Elastic {
    /// For pieces at up to `fastest` samples a second, taken by a sink of `corner_rate` (the converter's
    /// corner is set for that).
    pub(super) fn new(fastest: u32, corner_rate: u32, latency_ms: u32, slack_ms: u32) -> Self {
        Elastic {
            ring: Ring::holding(fastest as usize * HELD_MS / 1000),
            converter: Converter::new(corner_rate),
            servo: Servo::default(),
            flow: Flow::Empty,
            rates: [fastest; 2],
            latency: Duration::from_millis(u64::from(latency_ms)),
            slack: f64::from(slack_ms) / 1e3,
            patience: Duration::ZERO,
            over: None,
            last: Instant::ZERO,
            piece: 0,
            surplus: 0,
        }
    }

    /// Begins anew, empty, with these rates.
    pub(super) fn open(&mut self, from: u32, to: u32) {
        self.rates = [from, to];
        self.servo = Servo::default();
        self.converter.reset(self.ratio());
        self.stop();
    }

    /// How long what comes is to wait, beside what comes at once.
    pub(super) fn hold(&mut self, latency: Duration) {
        self.latency = latency;
    }

    /// For how long too much may lie in it before it is left out.
    pub(super) fn bear(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The flow has ended: it fills anew with what comes next.
    pub(super) fn stop(&mut self) {
        self.ring.clear();
        self.flow = Flow::Empty;
        (self.surplus, self.piece, self.over) = (0, 0, None);
    }

    /// Takes in a piece of a stream, or what stands in for one.
    pub(super) fn push(&mut self, samples: &[i16]) {
        for samples in samples.chunks(64) {
            let mut frames = [[0; 2]; 64];
            for (frame, &sample) in frames.iter_mut().zip(samples) {
                *frame = [sample; 2];
            }
            self.ring.push(&frames[..samples.len()]);
        }
    }

    /// What was pushed came at that time, `samples` of them.
    pub(super) fn arrived(&mut self, at: Instant, samples: usize) {
        (self.last, self.piece) = (at, samples);
        if self.flow == Flow::Empty {
            self.flow = Flow::Filling { since: at };
        }
    }

    /// Whether it flows at `now`; steers it, then, for the `frames` (at most [`BLOCK`]) to come.
    pub(super) fn flows(&mut self, now: Instant, frames: usize) -> bool {
        if let Flow::Filling { since } = self.flow
            && now >= since + self.latency
        {
            self.flow = Flow::Flowing;
            self.servo.restart();
        }
        if self.flow != Flow::Flowing {
            return false;
        }
        let error = self.error(now);
        if error > self.slack {
            if now.since(*self.over.get_or_insert(now)) < self.patience {
                return true;
            }
            self.surplus += (error * f64::from(self.rates[0])) as usize;
            self.servo.restart();
        } else {
            self.over = None;
            let elapsed = frames as f64 / f64::from(self.rates[1]);
            let correction = self.servo.observe(error, elapsed);
            self.converter.steer(self.ratio() / (1.0 + correction), true);
        }
        true
    }

    /// By how many seconds more is held at `now` than should be.
    fn error(&self, now: Instant) -> f64 {
        // Negative when the piece came after these frames were due: a round takes several blocks.
        let coming =
            now.since(self.last).min(COMING).as_secs_f64() - self.last.since(now).as_secs_f64();
        let held = self.ring.len().saturating_sub(self.surplus) as f64 / f64::from(self.rates[0]);
        let wanted = self.latency.as_secs_f64() + self.piece as f64 / f64::from(self.rates[0]);
        held + coming - wanted
    }

    pub(super) fn is_flowing(&self) -> bool {
        self.flow == Flow::Flowing
    }

    /// Leaves out what gathered too much before the flow began, as when it is looked at rarely.
    pub(super) fn trim(&mut self, now: Instant) {
        let over = self.error(now).max(0.0) * f64::from(self.rates[0]);
        self.ring.discard(over as usize);
    }

    /// How many samples are missing for the next `frames`.
    pub(super) fn missing(&self, frames: usize) -> usize {
        self.converter.needs(frames).saturating_sub(self.ring.len())
    }

    /// Whether a piece of so many samples should be left out; what is less than one is let be.
    pub(super) fn is_surplus(&mut self, samples: usize) -> bool {
        let left = self.surplus.checked_sub(samples).filter(|_| samples > 0);
        self.surplus = left.unwrap_or(0);
        left.is_some()
    }

    /// Leaves out what is too much at the old end; says how many samples.
    pub(super) fn drop_surplus(&mut self) -> usize {
        let surplus = core::mem::take(&mut self.surplus).min(self.ring.len());
        self.ring.discard(surplus);
        surplus
    }

    /// The next `frames` frames (at most [`BLOCK`]), of one channel.
    pub(super) fn pull(&mut self, frames: usize) -> &[f32] {
        let ring = &mut self.ring;
        let [samples, _] =
            self.converter.convert(frames.min(BLOCK), |left, right| ring.pull(left, right));
        samples
    }

    pub(super) fn level_ms(&self) -> f32 {
        self.ring.len() as f32 * 1000.0 / self.rates[0] as f32
    }

    pub(super) fn drift_ppm(&self) -> f32 {
        (self.servo.correction() * 1e6) as f32
    }

    fn ratio(&self) -> f64 {
        f64::from(self.rates[1]) / f64::from(self.rates[0])
    }
}
