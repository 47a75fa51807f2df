//! What a person looks at while sound comes: how loud it is, and how unevenly its packets come. Both take
//! fifty instructions a packet, of the two hundred thousand that it costs, and no memory.

use pool::Instant;

use crate::stream::PAUSE;

/// How loud a stream is: the largest sample, falling by 20 dB in 1.7 s (IEC 60268-18), so that who looks
/// from time to time sees what was between.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Peak(f32);

impl Peak {
    /// The part of itself by which it falls in a second: ln 10 / 1.7.
    const FALL: f32 = 1.354;

    pub(crate) fn get(self) -> u16 {
        self.0 as u16
    }

    /// Takes in `samples` of each channel of which that is the largest.
    pub(crate) fn observe(&mut self, largest: u16, samples: usize, rate: u32) {
        let fallen = self.0 * (1.0 - Self::FALL * samples as f32 / rate as f32);
        self.0 = fallen.max(largest.into());
    }
}

/// How unevenly packets come: the interarrival jitter of RFC 3550, 6.4.1. A packet's sampling instant is
/// counted in the sound of those before it, not read from RTP's timestamps, which real phones get wrong;
/// of a phone that gets them right both are the same. Where the flow was interrupted it goes on from the
/// next packet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Jitter {
    /// When the last packet came, and the nanoseconds of sound from its beginning to the next one's.
    last: Option<(Instant, u64)>,
    /// In sixteenths of a nanosecond (A.8).
    sixteenths: u64,
}

impl Jitter {
    /// A packet came with `units` of sound, of which there are so many in a second.
    pub(crate) fn arrived(&mut self, at: Instant, units: usize, a_second: u32) {
        let sound = units as u64 * 1_000_000_000 / u64::from(a_second);
        let Some((before, due)) = self.last.replace((at, sound)) else { return };
        let apart = at.since(before);
        if apart < PAUSE {
            let difference = (apart.as_nanos() as u64).abs_diff(due);
            self.sixteenths += difference;
            self.sixteenths -= (self.sixteenths - difference + 8) / 16;
        }
    }

    /// So many units were lost on the way, and come between the last packet and the next.
    pub(crate) fn lost(&mut self, units: usize, a_second: u32) {
        if let Some((_, due)) = &mut self.last {
            *due += units as u64 * 1_000_000_000 / u64::from(a_second);
        }
    }

    /// The next packet does not follow the last one.
    pub(crate) fn interrupted(&mut self) {
        self.last = None;
    }

    pub(crate) fn ms(self) -> f32 {
        self.sixteenths as f32 / 16e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 48_000;

    /// Packets of 10 ms of sound that come at those milliseconds.
    fn jitter(at: impl IntoIterator<Item = u64>) -> f32 {
        let mut jitter = Jitter::default();
        for ms in at {
            jitter.arrived(Instant::from_millis(ms), 480, RATE);
        }
        jitter.ms()
    }

    #[test]
    fn jitter_is_that_of_the_rfc() {
        assert_eq!(jitter((0..100).map(|n| 10 * n)), 0.0);
        // One that is 4 ms late: a sixteenth of 4, then the same again less a sixteenth of that.
        assert!((jitter([0, 14, 20]) - (0.25 + 3.75 / 16.0)).abs() < 1e-3);
        // Every other one late by 4 ms, for ever.
        let uneven = jitter((0..1_000).map(|n| 10 * n + 4 * (n % 2)));
        assert!((uneven - 4.0).abs() < 1e-3, "{uneven} ms");
        // Two at once, in one transfer of the controller.
        let pairs = jitter((0..1_000).map(|n| 20 * (n / 2)));
        assert!((pairs - 10.0).abs() < 1e-3, "{pairs} ms");
    }

    #[test]
    fn what_is_lost_or_interrupted_is_no_jitter() {
        assert_eq!(jitter([0, 10, 20, 5_020, 5_030]), 0.0, "a pause");
        let mut jitter = Jitter::default();
        for n in [0, 1, 2, 5, 6] {
            if n == 5 {
                jitter.lost(2 * 480, RATE);
            }
            jitter.arrived(Instant::from_millis(10 * n), 480, RATE);
        }
        assert_eq!(jitter.ms(), 0.0);
        jitter.interrupted();
        jitter.arrived(Instant::from_millis(500), 480, RATE);
        assert_eq!(jitter.ms(), 0.0);
    }

    #[test]
    fn a_peak_is_seen_at_once_and_falls_by_20_db_in_1_7_s() {
        let mut peak = Peak::default();
        peak.observe(20_000, 480, RATE);
        assert_eq!(peak.get(), 20_000);
        for _ in 0..170 {
            peak.observe(100, 480, RATE);
        }
        assert!((1_900..2_050).contains(&peak.get()), "{}", peak.get());
        for _ in 0..1_000 {
            peak.observe(100, 480, RATE);
        }
        assert_eq!(peak.get(), 100);
        peak.observe(32_768, 480, RATE);
        assert_eq!(peak.get(), 32_768);
    }
}
