//! How the sound of each phone comes: its level, what waits to be heard, jitter and drift, for `Status` and
//! `top`. Left there by the audio thread, read by anyone.
//!
//! A [`Meter`] is one word, so that what is read belongs together without a lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use audio::{Stats, VoiceStats};
use serde_json::{Value, json};
use stack::MAX_LINKS;

/// How often the audio thread looks.
pub(crate) const ROUND: Duration = Duration::from_millis(100);

/// How a phone's media, or its voice, comes.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Meter {
    /// How loud it is as it comes, before any gain: the largest sample, at most 32,767, which falls by
    /// 20 dB in 1.7 s.
    pub peak: u16,
    /// Sound that waits to be heard, in milliseconds.
    pub buffer_ms: u16,
    /// How unevenly packets come: their interarrival jitter (RFC 3550, 6.4.1), in hundredths of a
    /// millisecond.
    pub jitter: u16,
    /// The drift of its clock against the sink's, in parts per million.
    pub drift_ppm: i16,
}

impl Meter {
    /// Set in the word of every meter: there is one.
    const PRESENT: u16 = 1 << 15;

    fn new(peak: u16, buffer_ms: f32, jitter_ms: f32, drift_ppm: f32) -> Self {
        // Casts saturate.
        Meter {
            peak: peak.min(i16::MAX as u16),
            buffer_ms: buffer_ms.round() as u16,
            jitter: (jitter_ms * 100.0).round() as u16,
            drift_ppm: drift_ppm.round() as i16,
        }
    }

    fn word(self) -> u64 {
        let Meter { peak, buffer_ms, jitter, drift_ppm } = self;
        [peak | Self::PRESENT, buffer_ms, jitter, drift_ppm as u16]
            .into_iter()
            .fold(0, |word, part| word << 16 | u64::from(part))
    }

    fn from_word(word: u64) -> Option<Meter> {
        let [peak, buffer_ms, jitter, drift_ppm] = [48, 32, 16, 0].map(|at| (word >> at) as u16);
        (peak & Self::PRESENT != 0).then_some(Meter {
            peak: peak & !Self::PRESENT,
            buffer_ms,
            jitter,
            drift_ppm: drift_ppm as i16,
        })
    }

    /// The peak in decibels of full scale; none in digital silence.
    pub fn peak_db(self) -> Option<f64> {
        (self.peak > 0).then(|| 20.0 * (f64::from(self.peak) / f64::from(i16::MAX)).log10())
    }

    pub(crate) fn to_json(self) -> Value {
        json!({
            "peak_db": self.peak_db().map(|db| (db * 10.0).round() / 10.0),
            "buffer_ms": self.buffer_ms,
            "jitter_ms": f64::from(self.jitter) / 100.0,
            "drift_ppm": self.drift_ppm,
        })
    }
}

impl From<Stats> for Meter {
    fn from(stats: Stats) -> Meter {
        Meter::new(stats.peak, stats.level_ms, stats.jitter_ms, stats.drift_ppm)
    }
}

impl From<VoiceStats> for Meter {
    fn from(stats: VoiceStats) -> Meter {
        Meter::new(stats.peak, stats.level_ms, stats.jitter_ms, stats.drift_ppm)
    }
}

/// The meters of every link, 0 where nothing is open.
#[derive(Debug, Default)]
pub(crate) struct Meters {
    media: [AtomicU64; MAX_LINKS],
    voice: [AtomicU64; MAX_LINKS],
}

impl Meters {
    /// From the audio thread: what a link's media and voice are like now.
    pub(crate) fn show(&self, link: usize, media: Option<Meter>, voice: Option<Meter>) {
        for (words, meter) in [(&self.media, media), (&self.voice, voice)] {
            words[link].store(meter.map_or(0, Meter::word), Ordering::Relaxed);
        }
    }

    /// A link's media and voice as they were last.
    pub(crate) fn read(&self, link: usize) -> [Option<Meter>; 2] {
        [&self.media, &self.voice].map(|w| Meter::from_word(w[link].load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_is_read_as_it_was_shown() {
        let meters = Meters::default();
        assert_eq!(meters.read(3), [None, None]);
        let silence = Meter::new(0, 0.0, 0.0, 0.0);
        let most = Meter::new(32_768, 1e9, 1e9, -1e9);
        meters.show(3, Some(silence), Some(most));
        assert_eq!(meters.read(3), [Some(silence), Some(most)]);
        assert_eq!(meters.read(2), [None, None]);
        let shown = most.to_json();
        assert_eq!((&shown["peak_db"], &shown["drift_ppm"]), (&json!(0.0), &json!(-32_768)));
        assert_eq!(silence.to_json()["peak_db"], Value::Null);
        let half = Meter::new(16_384, 120.4, 0.126, 12.3).to_json();
        let expected =
            json!({ "peak_db": -6.0, "buffer_ms": 120, "jitter_ms": 0.13, "drift_ppm": 12 });
        assert_eq!(half, expected);
        meters.show(3, None, None);
        assert_eq!(meters.read(3), [None, None]);
    }
}
