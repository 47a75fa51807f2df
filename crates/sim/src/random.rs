//! The simulator's only source of chance: PCG-XSH-RR 64/32 (O'Neill, 2014). One seed gives one
//! sequence, everywhere. Nothing here is secret or secure.

use core::time::Duration;

/// A generator of pseudo-random numbers.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

const MULTIPLIER: u64 = 6_364_136_223_846_793_005;
const INCREMENT: u64 = 1_442_695_040_888_963_407;

impl Random {
    /// The sequence of `seed`.
    pub fn new(seed: u64) -> Random {
        let mut random = Random { state: seed.wrapping_add(INCREMENT) };
        random.next_u32();
        random
    }

    /// Any number.
    pub fn next_u32(&mut self) -> u32 {
        let old = self.state;
        self.state = old.wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT);
        let xored = (((old >> 18) ^ old) >> 27) as u32;
        xored.rotate_right((old >> 59) as u32)
    }

    /// A number below `end`; 0 if `end` is 0.
    pub fn below(&mut self, end: u32) -> u32 {
        ((u64::from(self.next_u32()) * u64::from(end)) >> 32) as u32
    }

    /// A time shorter than `end`, in steps of a microsecond.
    pub fn shorter_than(&mut self, end: Duration) -> Duration {
        let micros = u32::try_from(end.as_micros()).unwrap_or(u32::MAX);
        Duration::from_micros(u64::from(self.below(micros)))
    }

    /// Random octets.
    pub fn octets<const N: usize>(&mut self) -> [u8; N] {
        core::array::from_fn(|_| (self.next_u32() >> 24) as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_sequence() {
        let take = |seed| {
            let mut random = Random::new(seed);
            [(); 4].map(|()| random.next_u32())
        };
        assert_eq!(take(7), take(7));
        assert_ne!(take(7), take(8));
    }

    #[test]
    fn numbers_below_an_end_reach_all_values() {
        let mut random = Random::new(1);
        let mut seen = [0u32; 10];
        (0..1000).for_each(|_| seen[random.below(10) as usize] += 1);
        assert!(seen.iter().all(|count| (60..140).contains(count)), "{seen:?}");
        assert_eq!(random.below(0), 0);
    }
}
