//! A decoder written down from the formulas of A2DP 1.3.2, 12.6, in double precision, for
//! comparison only: slow, trusting its input, sharing nothing with the decoder under test.

use std::f64::consts::PI;

pub struct Reference {
    v: [Vec<f64>; 2],
    subbands: usize,
}

struct Bits<'a>(&'a [u8], usize);

impl Bits<'_> {
    fn take(&mut self, count: usize) -> u32 {
        let mut value = 0;
        for _ in 0..count {
            value = value << 1 | u32::from(self.0[self.1 / 8] >> (7 - self.1 % 8) & 1);
            self.1 += 1;
        }
        value
    }
}

impl Reference {
    pub fn new() -> Reference {
        Reference { v: [vec![], vec![]], subbands: 0 }
    }

    /// Interleaved samples, not rounded, limited to 16 bits, and the number of channels.
    pub fn decode(&mut self, frame: &[u8]) -> (Vec<f64>, usize) {
        let mut bits = Bits(frame, 0);
        let syncword = bits.take(8);
        let (frequency, blocks, mode, snr, subbands, bitpool);
        if syncword == 0xAD {
            bits.take(16);
            (frequency, blocks, mode, snr, subbands, bitpool) = (0, 15, 0, false, 8, 26);
        } else {
            assert_eq!(syncword, 0x9C);
            frequency = bits.take(2) as usize;
            blocks = 4 * (bits.take(2) as usize + 1);
            mode = bits.take(2);
            snr = bits.take(1) == 1;
            subbands = 4 * (bits.take(1) as usize + 1);
            bitpool = bits.take(8) as i32;
        }
        bits.take(8);
        let channels = if mode == 0 { 1 } else { 2 };
        let mut join = vec![false; subbands];
        if mode == 3 {
            for join in &mut join {
                *join = bits.take(1) == 1;
            }
            join[subbands - 1] = false;
        }
        let mut factors = vec![vec![0i32; subbands]; channels];
        for channel in &mut factors {
            for factor in channel {
                *factor = bits.take(4) as i32;
            }
        }
        let widths = match mode {
            0 => allocate(&factors, frequency, snr, bitpool),
            1 => factors
                .iter()
                .flat_map(|f| allocate(std::slice::from_ref(f), frequency, snr, bitpool))
                .collect(),
            _ => allocate(&factors, frequency, snr, bitpool),
        };

        let mut out = vec![0.0; blocks * subbands * channels];
        if self.subbands != subbands {
            self.subbands = subbands;
            self.v = [vec![0.0; 20 * subbands], vec![0.0; 20 * subbands]];
        }
        for block in 0..blocks {
            let mut samples = vec![vec![0.0; subbands]; channels];
            for channel in 0..channels {
                for subband in 0..subbands {
                    let width = widths[channel][subband];
                    if width > 0 {
                        let q = f64::from(bits.take(width as usize));
                        let levels = f64::from((1u32 << width) - 1);
                        let factor = 2f64.powi(factors[channel][subband] + 1);
                        samples[channel][subband] = factor * ((2.0 * q + 1.0) / levels - 1.0);
                    }
                }
            }
            for subband in 0..subbands {
                if join[subband] {
                    let (sum, difference) = (samples[0][subband], samples[1][subband]);
                    samples[0][subband] = sum + difference;
                    samples[1][subband] = sum - difference;
                }
            }
            for channel in 0..channels {
                let made = synthesise(&mut self.v[channel], &samples[channel]);
                for (place, sample) in made.into_iter().enumerate() {
                    out[(block * subbands + place) * channels + channel] =
                        sample.clamp(-32_768.0, 32_767.0);
                }
            }
        }
        (out, channels)
    }
}

/// 12.6.3, over all the channels given together.
fn allocate(factors: &[Vec<i32>], frequency: usize, snr: bool, bitpool: i32) -> Vec<Vec<i32>> {
    const OFFSET_4: [[i32; 4]; 4] = [[-1, 0, 0, 0], [-2, 0, 0, 1], [-2, 0, 0, 1], [-2, 0, 0, 1]];
    const OFFSET_8: [[i32; 8]; 4] = [
        [-2, 0, 0, 0, 0, 0, 0, 1],
        [-3, 0, 0, 0, 0, 0, 1, 2],
        [-4, 0, 0, 0, 0, 0, 1, 2],
        [-4, 0, 0, 0, 0, 0, 1, 2],
    ];
    let subbands = factors[0].len();
    let mut need = vec![vec![0; subbands]; factors.len()];
    for (channel, factors) in factors.iter().enumerate() {
        for (subband, &factor) in factors.iter().enumerate() {
            need[channel][subband] = if snr {
                factor
            } else if factor == 0 {
                -5
            } else {
                let offset = match subbands {
                    4 => OFFSET_4[frequency][subband],
                    _ => OFFSET_8[frequency][subband],
                };
                let loudness = factor - offset;
                if loudness > 0 { loudness / 2 } else { loudness }
            };
        }
    }
    let highest = *need.iter().flatten().max().unwrap();
    let (mut count, mut slice_count, mut slice) = (0, 0, highest + 1);
    loop {
        slice -= 1;
        count += slice_count;
        slice_count = 0;
        for &need in need.iter().flatten() {
            if need > slice + 1 && need < slice + 16 {
                slice_count += 1;
            } else if need == slice + 1 {
                slice_count += 2;
            }
        }
        if count + slice_count >= bitpool {
            break;
        }
    }
    if count + slice_count == bitpool {
        count += slice_count;
        slice -= 1;
    }
    let mut bits = vec![vec![0; subbands]; factors.len()];
    for (bits, need) in bits.iter_mut().flatten().zip(need.iter().flatten()) {
        *bits = if *need < slice + 2 { 0 } else { (need - slice).min(16) };
    }
    for subband in 0..subbands {
        for channel in 0..factors.len() {
            if count < bitpool {
                let bits = &mut bits[channel][subband];
                if *bits >= 2 && *bits < 16 {
                    *bits += 1;
                    count += 1;
                } else if need[channel][subband] == slice + 1 && bitpool > count + 1 {
                    *bits = 2;
                    count += 2;
                }
            }
        }
    }
    for subband in 0..subbands {
        for bits in &mut bits {
            if count < bitpool && bits[subband] < 16 {
                bits[subband] += 1;
                count += 1;
            }
        }
    }
    bits
}

/// Figure 12.3.
fn synthesise(v: &mut [f64], samples: &[f64]) -> Vec<f64> {
    let m = samples.len();
    for i in (2 * m..20 * m).rev() {
        v[i] = v[i - 2 * m];
    }
    for (k, v) in v[..2 * m].iter_mut().enumerate() {
        *v = (0..m)
            .map(|i| {
                let angle = (i as f64 + 0.5) * (k as f64 + m as f64 / 2.0) * PI / m as f64;
                angle.cos() * samples[i]
            })
            .sum();
    }
    let mut u = vec![0.0; 10 * m];
    for i in 0..5 {
        for j in 0..m {
            u[i * 2 * m + j] = v[i * 4 * m + j];
            u[i * 2 * m + m + j] = v[i * 4 * m + 3 * m + j];
        }
    }
    let prototype: &[f64] = if m == 4 { &PROTOTYPE_4 } else { &PROTOTYPE_8 };
    (0..m)
        .map(|j| (0..10).map(|i| u[j + m * i] * -(m as f64) * prototype[j + m * i]).sum())
        .collect()
}

/// Table 12.23, in full.
#[rustfmt::skip]
const PROTOTYPE_4: [f64; 40] = [
    0.00000000E+00, 5.36548976E-04, 1.49188357E-03, 2.73370904E-03,
    3.83720193E-03, 3.89205149E-03, 1.86581691E-03, -3.06012286E-03,
    1.09137620E-02, 2.04385087E-02, 2.88757392E-02, 3.21939290E-02,
    2.58767811E-02, 6.13245186E-03, -2.88217274E-02, -7.76463494E-02,
    1.35593274E-01, 1.94987841E-01, 2.46636662E-01, 2.81828203E-01,
    2.94315332E-01, 2.81828203E-01, 2.46636662E-01, 1.94987841E-01,
    -1.35593274E-01, -7.76463494E-02, -2.88217274E-02, 6.13245186E-03,
    2.58767811E-02, 3.21939290E-02, 2.88757392E-02, 2.04385087E-02,
    -1.09137620E-02, -3.06012286E-03, 1.86581691E-03, 3.89205149E-03,
    3.83720193E-03, 2.73370904E-03, 1.49188357E-03, 5.36548976E-04,
];

/// Table 12.24, in full.
#[rustfmt::skip]
const PROTOTYPE_8: [f64; 80] = [
    0.00000000E+00, 1.56575398E-04, 3.43256425E-04, 5.54620202E-04,
    8.23919506E-04, 1.13992507E-03, 1.47640169E-03, 1.78371725E-03,
    2.01182542E-03, 2.10371989E-03, 1.99454554E-03, 1.61656283E-03,
    9.02154502E-04, -1.78805361E-04, -1.64973098E-03, -3.49717454E-03,
    5.65949473E-03, 8.02941163E-03, 1.04584443E-02, 1.27472335E-02,
    1.46525263E-02, 1.59045603E-02, 1.62208471E-02, 1.53184106E-02,
    1.29371806E-02, 8.85757540E-03, 2.92408442E-03, -4.91578024E-03,
    -1.46404076E-02, -2.61098752E-02, -3.90751381E-02, -5.31873032E-02,
    6.79989431E-02, 8.29847578E-02, 9.75753918E-02, 1.11196689E-01,
    1.23264548E-01, 1.33264415E-01, 1.40753505E-01, 1.45389847E-01,
    1.46955068E-01, 1.45389847E-01, 1.40753505E-01, 1.33264415E-01,
    1.23264548E-01, 1.11196689E-01, 9.75753918E-02, 8.29847578E-02,
    -6.79989431E-02, -5.31873032E-02, -3.90751381E-02, -2.61098752E-02,
    -1.46404076E-02, -4.91578024E-03, 2.92408442E-03, 8.85757540E-03,
    1.29371806E-02, 1.53184106E-02, 1.62208471E-02, 1.59045603E-02,
    1.46525263E-02, 1.27472335E-02, 1.04584443E-02, 8.02941163E-03,
    -5.65949473E-03, -3.49717454E-03, -1.64973098E-03, -1.78805361E-04,
    9.02154502E-04, 1.61656283E-03, 1.99454554E-03, 2.10371989E-03,
    2.01182542E-03, 1.78371725E-03, 1.47640169E-03, 1.13992507E-03,
    8.23919506E-04, 5.54620202E-04, 3.43256425E-04, 1.56575398E-04,
];
