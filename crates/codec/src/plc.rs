//! Packet loss concealment for speech, in time: waveform substitution in the manner of ITU-T G.711,
//! appendix I, and of what HFP 1.9 asks for with mSBC (5.7.3).
//!
//! The lag is sought at which the end of what was heard resembles what was before it most, which with
//! a voice is a number of its pitch periods. What lies in one lag is repeated; its end is faded over
//! into what came before its beginning, so that a repetition goes on from the one before it. The
//! step that the first one makes is spread over its first quarter. After [`FULL_MS`] the sound
//! fades, to silence after [`SILENT_MS`]. The first sound after the loss is faded in over the
//! repetition, the longer the more was lost.
//!
//! Nothing is delayed by it, and it works with pieces of any length. Cost: a search of
//! about 10,000 multiplications when a loss begins, a few for each sample.
//!
//! Limits: lags of 5 to 20 ms (50 to 200 Hz, and multiples of shorter periods). Music comes out worse
//! than with [`sbc::Decoder::conceal`](crate::sbc::Decoder::conceal), whose lags are longer.

/// Milliseconds that are repeated at full volume.
pub const FULL_MS: usize = 10;
/// Milliseconds until silence.
pub const SILENT_MS: usize = 60;

/// The largest sample of what is nearly silence: −54 dB of the full scale.
const QUIET: u16 = 64;

/// Samples remembered: 40 ms at 16 kHz.
const PAST: usize = 640;
/// The shortest and the longest lag, and how much is compared, in milliseconds.
const SHORTEST_MS: usize = 5;
const LONGEST_MS: usize = 20;
const COMPARED_MS: usize = 20;
/// The longest lag in samples.
const LONGEST: usize = LONGEST_MS * 16;
/// Over how many milliseconds sound comes back at least and at most, and the share of the length lost
/// that is added to the least.
const RETURN_LEAST_MS: usize = 4;
const RETURN_MOST_MS: usize = 10;
const RETURN_SHARE: usize = 4;

const _: () = assert!((LONGEST_MS + COMPARED_MS) * 16 <= PAST && LONGEST + LONGEST / 4 <= PAST);

/// Makes up what is lost of one voice link.
#[derive(Clone)]
pub struct Concealment {
    /// Samples a millisecond: 8 or 16.
    rate: usize,
    /// Samples that a decoder needs after a loss until they are good again.
    settling: usize,
    /// What was heard, the newest last.
    past: [i16; PAST],
    /// What is repeated.
    cycle: [f32; LONGEST],
    lag: usize,
    /// The step that the first repetition would make.
    step: f32,
    /// Where the loss stands, if there is one.
    loss: Option<Loss>,
}

#[derive(Clone, Copy)]
struct Loss {
    /// Samples made up so far, those under the sound that comes back included.
    made: usize,
    /// Samples that came back so far, and how many have to until all is as before.
    back: usize,
    whole: usize,
}

impl Concealment {
    /// For CVSD links: 16-bit linear samples at 8 kHz from the controller.
    #[must_use]
    pub const fn cvsd() -> Concealment {
        Concealment::new(8, 0)
    }

    /// For what an mSBC decoder makes: 16 kHz. Its filter lacks its past after a loss.
    #[must_use]
    pub const fn msbc() -> Concealment {
        Concealment::new(16, 36)
    }

    /// For other sound at 16 kHz.
    #[must_use]
    pub const fn wideband() -> Concealment {
        Concealment::new(16, 0)
    }

    const fn new(rate: usize, settling: usize) -> Concealment {
        Concealment {
            rate,
            settling,
            past: [0; PAST],
            cycle: [0.0; LONGEST],
            lag: 1,
            step: 0.0,
            loss: None,
        }
    }

    /// Takes note of sound that came; after a loss, fades it in over what was made up.
    pub fn received(&mut self, pcm: &mut [i16]) {
        if let Some(mut loss) = self.loss {
            if loss.back == 0 {
                loss.whole = self.settling + self.return_length(loss.made);
            }
            for sample in pcm.iter_mut().take(loss.whole - loss.back) {
                loss.back += 1;
                let fading = (loss.whole - self.settling + 1) as f32;
                let x = loss.back.saturating_sub(self.settling) as f32 / fading;
                let share = x * x * (3.0 - 2.0 * x);
                let made = self.substitute(&mut loss);
                *sample = saturate(made + (f32::from(*sample) - made) * share);
            }
            self.loss = (loss.back < loss.whole).then_some(loss);
        }
        self.remember(pcm);
    }

    /// Makes up what was lost.
    pub fn lost(&mut self, out: &mut [i16]) {
        let mut loss = self.going_on();
        for sample in &mut *out {
            *sample = saturate(self.substitute(&mut loss));
        }
        self.loss = Some(loss);
        self.remember(out);
    }

    /// Sound is left out here: what comes next is faded in over what would have followed.
    pub fn skipped(&mut self) {
        self.loss = Some(self.going_on());
    }

    /// Whether so much is missing in a row that only silence is made.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.loss.is_some_and(|loss| loss.back == 0 && loss.made >= SILENT_MS * self.rate)
    }

    /// Whether the last 2 ms were sound, and not silence or nearly so.
    #[must_use]
    pub fn sounds(&self) -> bool {
        self.past[PAST - 2 * self.rate..].iter().any(|sample| sample.unsigned_abs() > QUIET)
    }

    /// The loss that goes on, or one that begins.
    fn going_on(&mut self) -> Loss {
        match self.loss {
            Some(loss) if loss.back == 0 => loss,
            _ => self.begin(),
        }
    }

    /// The next sample of the repetition.
    #[inline]
    fn substitute(&self, loss: &mut Loss) -> f32 {
        let made = loss.made;
        loss.made += 1;
        let (full, silent) = (FULL_MS * self.rate, SILENT_MS * self.rate);
        if made >= silent {
            return 0.0;
        }
        let spread = self.lag / 4;
        let rest = spread.saturating_sub(made) as f32 / spread as f32;
        let sample = self.cycle[made % self.lag] + self.step * rest;
        let faded = made.saturating_sub(full) as f32 / (silent - full) as f32;
        sample * (1.0 - faded)
    }

    fn return_length(&self, lost: usize) -> usize {
        (RETURN_LEAST_MS * self.rate + lost / RETURN_SHARE).min(RETURN_MOST_MS * self.rate)
    }

    fn remember(&mut self, pcm: &[i16]) {
        let pcm = &pcm[pcm.len().saturating_sub(PAST)..];
        self.past.copy_within(pcm.len().., 0);
        self.past[PAST - pcm.len()..].copy_from_slice(pcm);
    }

    /// Prepares the repetition.
    fn begin(&mut self) -> Loss {
        let lag = self.pitch();
        let (_, heard) = self.past.split_at(PAST - lag);
        for (made, &sample) in self.cycle.iter_mut().zip(heard) {
            *made = f32::from(sample);
        }
        let joint = lag / 4;
        let before = &self.past[PAST - lag - joint..PAST - lag];
        for (n, &sample) in before.iter().enumerate() {
            let share = (n + 1) as f32 / (joint + 1) as f32;
            let made = &mut self.cycle[lag - joint + n];
            *made += (f32::from(sample) - *made) * share;
        }
        self.step = f32::from(self.past[PAST - 1]) - f32::from(self.past[PAST - lag - 1]);
        self.lag = lag;
        Loss { made: 0, back: 0, whole: 0 }
    }

    /// The lag, in samples.
    fn pitch(&self) -> usize {
        // At 8 kHz, every other lag first.
        const COMPARED: usize = COMPARED_MS * 8;
        let mut low = [0.0f32; PAST / 2];
        if self.rate == 8 {
            for (low, &sample) in low.iter_mut().zip(&self.past[PAST / 2..]) {
                *low = f32::from(sample);
            }
        } else {
            for (low, pair) in low.iter_mut().zip(self.past.as_chunks::<2>().0) {
                *low = f32::from(pair[0]) + f32::from(pair[1]);
            }
        }
        let lag = best::<COMPARED, 2>(&low, SHORTEST_MS * 8, LONGEST_MS * 8);
        let (first, last) = ((lag - 1).max(SHORTEST_MS * 8), (lag + 1).min(LONGEST_MS * 8));
        let lag = best::<COMPARED, 1>(&low, first, last);
        if self.rate == 8 {
            return lag;
        }
        let full = self.past.map(f32::from);
        let (first, last) = ((2 * lag - 1).max(SHORTEST_MS * 16), (2 * lag + 1).min(LONGEST));
        best::<COMPARED, 1>(&full, first, last)
    }
}

/// The lag with the highest normalised correlation over the last `COMPARED` samples, of every
/// `STEP`th from `first` to `last`.
fn best<const COMPARED: usize, const STEP: usize>(
    past: &[f32],
    first: usize,
    last: usize,
) -> usize {
    let end = past.len() - COMPARED;
    let square = |at: usize| f64::from(past[at]) * f64::from(past[at]);
    let mut energy: f64 = (end - first..end - first + COMPARED).map(square).sum();
    let mut best = (first, f64::MIN);
    let mut lag = first;
    loop {
        let product = f64::from(product(&past[end..], &past[end - lag..][..COMPARED]));
        let score = product * product.abs() / (energy + 1.0);
        if score > best.1 {
            best = (lag, score);
        }
        if lag + STEP > last {
            return best.0;
        }
        for _ in 0..STEP {
            lag += 1;
            energy += square(end - lag) - square(end - lag + COMPARED);
        }
    }
}

/// The sum of the products of two stretches of sound.
fn product(a: &[f32], b: &[f32]) -> f32 {
    // In lanes, because a sum of floats is not to be reordered unasked.
    let mut sums = [0.0f32; 8];
    for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        for n in 0..8 {
            sums[n] += a[n] * b[n];
        }
    }
    sums.iter().sum()
}

/// To 16 bits.
fn saturate(sample: f32) -> i16 {
    ((sample + 32_768.5).clamp(0.0, 65_535.0) as i32 - 32_768) as i16
}
