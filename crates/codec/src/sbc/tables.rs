//! The tables of A2DP 1.3.2, 12.8, and those computed from them while compiling.

/// Table 12.23: the prototype filter of 4 subbands.
#[rustfmt::skip]
pub(super) const PROTOTYPE_4: [f64; 40] = symmetric([
    0.00000000E+00, 5.36548976E-04, 1.49188357E-03, 2.73370904E-03, 3.83720193E-03,
    3.89205149E-03, 1.86581691E-03, -3.06012286E-03, 1.09137620E-02, 2.04385087E-02,
    2.88757392E-02, 3.21939290E-02, 2.58767811E-02, 6.13245186E-03, -2.88217274E-02,
    -7.76463494E-02, 1.35593274E-01, 1.94987841E-01, 2.46636662E-01, 2.81828203E-01,
    2.94315332E-01,
]);

/// Table 12.24: the prototype filter of 8 subbands.
#[rustfmt::skip]
pub(super) const PROTOTYPE_8: [f64; 80] = symmetric([
    0.00000000E+00, 1.56575398E-04, 3.43256425E-04, 5.54620202E-04, 8.23919506E-04,
    1.13992507E-03, 1.47640169E-03, 1.78371725E-03, 2.01182542E-03, 2.10371989E-03,
    1.99454554E-03, 1.61656283E-03, 9.02154502E-04, -1.78805361E-04, -1.64973098E-03,
    -3.49717454E-03, 5.65949473E-03, 8.02941163E-03, 1.04584443E-02, 1.27472335E-02,
    1.46525263E-02, 1.59045603E-02, 1.62208471E-02, 1.53184106E-02, 1.29371806E-02,
    8.85757540E-03, 2.92408442E-03, -4.91578024E-03, -1.46404076E-02, -2.61098752E-02,
    -3.90751381E-02, -5.31873032E-02, 6.79989431E-02, 8.29847578E-02, 9.75753918E-02,
    1.11196689E-01, 1.23264548E-01, 1.33264415E-01, 1.40753505E-01, 1.45389847E-01,
    1.46955068E-01,
]);

/// The whole table from its first half. The second half mirrors the first, except that the
/// coefficients at the even multiples of the number of subbands (where the sign of the
/// specification's table changes) stand with the opposite sign.
const fn symmetric<const HALF: usize, const N: usize>(half: [f64; HALF]) -> [f64; N] {
    assert!(N == 2 * (HALF - 1));
    let mut all = [0.0; N];
    let mut i = 0;
    while i < N {
        all[i] = if i < HALF {
            half[i]
        } else if i.is_multiple_of(N / 5) {
            -half[N - i]
        } else {
            half[N - i]
        };
        i += 1;
    }
    all
}

/// Table 12.21: loudness offsets of 4 subbands, by sampling frequency.
pub(super) const OFFSETS_4: [[i8; 4]; 4] =
    [[-1, 0, 0, 0], [-2, 0, 0, 1], [-2, 0, 0, 1], [-2, 0, 0, 1]];

/// Table 12.22: loudness offsets of 8 subbands, by sampling frequency.
pub(super) const OFFSETS_8: [[i8; 8]; 4] = [
    [-2, 0, 0, 0, 0, 0, 0, 1],
    [-3, 0, 0, 0, 0, 0, 1, 2],
    [-4, 0, 0, 0, 0, 0, 1, 2],
    [-4, 0, 0, 0, 0, 0, 1, 2],
];

/// `1 / (2^bits - 1)`, and 0 for a subband without bits.
pub(super) const RECIPROCAL_LEVELS: [f32; 17] = {
    let mut table = [0.0; 17];
    let mut bits = 1;
    while bits <= 16 {
        table[bits] = (1.0 / ((1u32 << bits) - 1) as f64) as f32;
        bits += 1;
    }
    table
};

/// The generator polynomial x^8 + x^4 + x^3 + x^2 + 1 (12.6.1.1), without its highest term.
const POLYNOMIAL: u8 = 0x1D;

/// What a byte does to the CRC.
pub(super) const CRC: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = crc_bits(byte as u8, 8);
        byte += 1;
    }
    table
};

/// Shifts the upper `bits` bits of `crc` through the generator.
pub(super) const fn crc_bits(mut crc: u8, bits: u32) -> u8 {
    let mut i = 0;
    while i < bits {
        crc = (crc << 1) ^ if crc & 0x80 != 0 { POLYNOMIAL } else { 0 };
        i += 1;
    }
    crc
}

/// `cos(k pi / 16)` for k of 0 to 8.
pub(super) const COS_16: [f64; 9] = [
    1.0,
    0.980_785_280_403_230_4,
    0.923_879_532_511_286_7,
    0.831_469_612_302_545_2,
    core::f64::consts::FRAC_1_SQRT_2,
    0.555_570_233_019_602_2,
    0.382_683_432_365_089_8,
    0.195_090_322_016_128_27,
    0.0,
];

/// `cos(k pi / 16)` for any k.
pub(super) const fn cos_16(k: usize) -> f64 {
    match k % 32 {
        k @ 0..=8 => COS_16[k],
        k @ 9..=16 => -COS_16[16 - k],
        k @ 17..=24 => -COS_16[k - 16],
        k => COS_16[32 - k],
    }
}
