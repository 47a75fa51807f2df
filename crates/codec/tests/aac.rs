//! AAC LC in LATM, against ffmpeg's encoder and decoder, and under damage.
#![cfg(feature = "aac")]

use proptest::collection::vec;
use proptest::prelude::*;
use tandem_codec::aac::{
    Decoded, Decoder, Error, MAX_ELEMENT, MAX_SAMPLES, MAX_UNIT, MAX_UNITS, Receiver, UNIT_SAMPLES,
};

mod speech;

use speech::{Noise, largest_step, samples, snr};

/// The elements of ffmpeg's LATM.
fn elements() -> Vec<&'static [u8]> {
    let mut rest = &include_bytes!("vectors/tones.latm")[..];
    let mut elements = Vec::new();
    while let [0x56, high, low, behind @ ..] = rest {
        let length = usize::from(high & 31) << 8 | usize::from(*low);
        let (element, next) = behind.split_at(length);
        elements.push(element);
        rest = next;
    }
    assert_eq!(elements.len(), 10);
    elements
}

/// The same units as they are, out of ffmpeg's ADTS.
fn units() -> Vec<&'static [u8]> {
    let mut rest = &include_bytes!("vectors/tones.adts")[..];
    let mut units = Vec::new();
    while let [0xFF, _, _, a, b, c, _, ..] = rest {
        let length = usize::from(a & 3) << 11 | usize::from(*b) << 3 | usize::from(c >> 5);
        let (frame, next) = rest.split_at(length);
        units.push(&frame[7..]);
        rest = next;
    }
    units
}

fn ffmpegs() -> Vec<i16> {
    samples(include_bytes!("vectors/tones.s16"))
}

/// Bits, most significant first.
#[derive(Default)]
struct Bits(Vec<u8>, usize);

impl Bits {
    fn put(&mut self, value: u32, width: usize) -> &mut Self {
        for bit in (0..width).rev() {
            if self.1.is_multiple_of(8) {
                self.0.push(0);
            }
            let last = self.0.last_mut().expect("a byte");
            *last |= ((value >> bit & 1) as u8) << (7 - self.1 % 8);
            self.1 += 1;
        }
        self
    }

    /// StreamMuxConfig with its useSameStreamMux.
    fn config(&mut self, version: u32, units: usize, rate_index: u32, channels: u32) -> &mut Self {
        self.put(0, 1).put(version, 1);
        if version == 1 {
            self.put(0, 1).put(0, 2).put(255, 8);
        }
        self.put(1, 1).put(units as u32 - 1, 6).put(0, 4).put(0, 3);
        if version == 1 {
            self.put(0, 2).put(16, 8);
        }
        self.put(2, 5).put(rate_index, 4).put(channels, 4).put(0, 3);
        self.put(0, 3).put(255, 8).put(0, 1).put(0, 1)
    }

    fn unit(&mut self, unit: &[u8]) -> &mut Self {
        (0..unit.len() / 255).for_each(|_| _ = self.put(255, 8));
        self.put(unit.len() as u32 % 255, 8);
        unit.iter().for_each(|&byte| _ = self.put(byte.into(), 8));
        self
    }
}

/// What a decoder makes of elements.
fn decoded<E: AsRef<[u8]>>(elements: &[E]) -> Vec<i16> {
    let mut decoder = Decoder::new();
    let mut heard = Vec::new();
    for element in elements {
        let mut out = [0; MAX_SAMPLES];
        let decoded = decoder.decode(element.as_ref(), &mut out).expect("a good element");
        assert_eq!((decoded.channels, decoded.rate), (2, 44_100));
        heard.extend_from_slice(&out[..2 * decoded.samples]);
    }
    heard
}

#[test]
fn what_ffmpeg_encodes_sounds_as_ffmpeg_decodes_it() {
    let (ours, theirs) = (decoded(&elements()), ffmpegs());
    assert_eq!(ours.len(), theirs.len());
    let differing = ours.iter().zip(&theirs).filter(|(a, b)| a != b).count();
    let most = ours.iter().zip(&theirs).map(|(a, b)| a.abs_diff(*b)).max();
    let apart = snr(&theirs, &ours);
    println!("{apart:.1} dB apart; {differing} of {} samples differ, by {most:?}", ours.len());
    assert!(apart > 80.0);
}

#[test]
fn every_framing_gives_the_same() {
    let (units, wanted) = (units(), decoded(&elements()));
    for version in [0, 1] {
        for together in [1, 2] {
            let mut elements: Vec<Vec<u8>> = Vec::new();
            for (n, units) in units.chunks(together).enumerate() {
                let mut bits = Bits::default();
                if n % 4 == 0 {
                    bits.config(version, units.len(), 4, 2);
                } else {
                    bits.put(1, 1);
                }
                units.iter().for_each(|unit| _ = bits.unit(unit));
                elements.push(bits.0);
            }
            assert!(decoded(&elements) == wanted, "version {version}, {together} together");
        }
    }
}

#[test]
fn a_stream_may_change_in_the_middle() {
    // Silence: one channel at 48 kHz.
    let mut mono = Bits::default();
    mono.config(0, 1, 3, 1).unit(&[0, 0, 0, 7]);
    let mut decoder = Decoder::new();
    let mut out = [0; MAX_SAMPLES];
    let wanted = decoded(&elements());
    for _ in 0..2 {
        for (n, element) in elements().iter().enumerate() {
            decoder.decode(element, &mut out).expect("stereo");
            assert!(out[..2 * UNIT_SAMPLES] == wanted[n * 2 * UNIT_SAMPLES..][..2 * UNIT_SAMPLES]);
        }
        let changed = decoder.decode(&mono.0, &mut out);
        let silence = Decoded { samples: UNIT_SAMPLES, channels: 1, rate: 48_000 };
        assert_eq!(changed, Ok(silence));
        assert!(out[..UNIT_SAMPLES].iter().all(|&s| s == 0));
    }
}

#[test]
fn what_is_wrong_is_said() {
    let mut decoder = Decoder::new();
    let mut out = [0; MAX_SAMPLES];
    let elements = elements();
    assert_eq!(decoder.decode(&[0x80, 0, 0], &mut out), Err(Error::Configuration));
    assert_eq!(decoder.decode(elements[0], &mut out[..100]), Err(Error::NoRoom));
    assert_eq!(decoder.decode(&elements[0][..100], &mut out), Err(Error::Short));
    assert_eq!(decoder.decode(&[], &mut out), Err(Error::Short));
    for (rate, channels) in [(40_000, 2), (0, 1), (44_100, 0), (48_000, 3)] {
        assert_eq!(decoder.prepare(rate, channels), Err(Error::Unsupported));
    }
    let mut sbr = Bits::default();
    sbr.put(0, 2).put(1, 1).put(0, 13).put(5, 5).put(7, 4).put(2, 4).put(4, 4).put(2, 5).put(0, 24);
    assert_eq!(decoder.decode(&sbr.0, &mut out), Err(Error::Unsupported));
    assert!(decoder.decode(elements[0], &mut out).is_ok(), "and then it goes on");
}

#[test]
fn what_a_damaged_element_says_is_not_believed() {
    let (elements, mut decoder) = (elements(), Decoder::new());
    let mut out = [0; MAX_SAMPLES];
    decoder.decode(elements[0], &mut out).expect("good");
    // Two units, 48 kHz, one channel; and in them what AAC LC of two channels has not, a coupling channel.
    for (units, rate_index, channels) in [(2, 4, 2), (1, 3, 2), (1, 4, 1)] {
        let mut bits = Bits::default();
        bits.config(0, units, rate_index, channels);
        (0..units).for_each(|_| _ = bits.unit(&[0x40; 20]));
        assert!(decoder.decode(&bits.0, &mut out).is_err(), "{units} {rate_index} {channels}");
        let decoded = decoder.decode(elements[1], &mut out).expect("as before");
        assert_eq!((decoded.samples, decoded.channels, decoded.rate), (1_024, 2, 44_100));
    }
}

#[test]
fn a_stream_goes_on_after_damage() {
    let wanted = decoded(&elements());
    let mut noise = Noise::new(7);
    for round in 0..300 {
        let mut decoder = Decoder::new();
        let mut out = [0; MAX_SAMPLES];
        for (n, element) in elements().iter().enumerate() {
            let mut element = element.to_vec();
            if n < 7 {
                for _ in 0..=round % 5 {
                    let at = (noise.next() * element.len() as f64) as usize;
                    element[at] ^= 1 << (noise.next() * 8.0) as u8;
                }
            } else if n == 7 {
                element = [Bits::default().config(0, 1, 4, 2).unit(units()[7]).0.clone()].concat();
            }
            match decoder.decode(&element, &mut out) {
                Ok(_) => {}
                Err(_) => decoder.conceal(&mut out[..2 * UNIT_SAMPLES]),
            }
        }
        let last = &wanted[9 * 2 * UNIT_SAMPLES..];
        // Not the same: what an encoder left to noise is other noise.
        let apart = snr(last, &out);
        assert!(apart > 20.0, "round {round}: {apart:.1} dB from what it was");
    }
}

#[test]
fn a_lost_element_leaves_no_step() {
    let clean = decoded(&elements());
    let mut decoder = Decoder::new();
    let mut heard = Vec::new();
    for (n, element) in elements().iter().enumerate() {
        let mut out = [0; 2 * UNIT_SAMPLES];
        if n == 5 {
            decoder.conceal(&mut out);
        } else {
            decoder.decode(element, &mut out).expect("good");
        }
        heard.extend(out);
    }
    let left = |sound: &[i16]| sound.iter().step_by(2).copied().collect::<Vec<i16>>();
    assert!(largest_step(&left(&heard)) <= 3 * largest_step(&left(&clean)));
}

/// What a receiver makes of packets, each with its marker; `None` is a lost one. Gives the sound and
/// how many elements were found to be lost.
fn received(packets: &[Option<(&[u8], bool)>]) -> (Vec<i16>, usize) {
    let mut receiver = Receiver::new();
    receiver.prepare(44_100, 2).expect("supported");
    let (mut heard, mut errors) = (Vec::new(), 0);
    let mut out = [0; MAX_SAMPLES];
    for packet in packets {
        let Some((payload, marker)) = packet else {
            receiver.lost();
            continue;
        };
        match receiver.packet(payload, *marker, &mut out) {
            Ok(Some(decoded)) => heard.extend_from_slice(&out[..2 * decoded.samples]),
            Ok(None) => {}
            Err(_) => errors += 1,
        }
    }
    (heard, errors)
}

/// Elements cut into packets of at most `largest` bytes, marked at their ends if `marks`.
fn cut<'a>(elements: &[&'a [u8]], largest: usize, marks: bool) -> Vec<Option<(&'a [u8], bool)>> {
    let pieces = |element: &&'a [u8]| {
        let last = element.len().div_ceil(largest) - 1;
        let piece = |(n, piece)| Some((piece, marks && n == last));
        element.chunks(largest).enumerate().map(piece).collect::<Vec<_>>()
    };
    elements.iter().flat_map(pieces).collect()
}

#[test]
fn elements_in_pieces_sound_like_whole_ones() {
    let (elements, wanted) = (elements(), decoded(&elements()));
    for largest in [1, 7, 48, 200, 1000] {
        for marks in [true, false] {
            let (heard, errors) = received(&cut(&elements, largest, marks));
            assert!(heard == wanted, "{largest} bytes a packet, marked: {marks}");
            assert_eq!(errors, 0);
        }
    }
}

#[test]
fn a_lost_piece_loses_its_element_alone() {
    let elements = elements();
    let packets = cut(&elements, 100, true);
    let wanted = decoded(&elements);
    let unit = 2 * UNIT_SAMPLES;
    // Before the first end of an element nothing is known of where they begin.
    for lost in elements[0].len().div_ceil(100)..packets.len() {
        let mut packets = packets.clone();
        packets[lost] = None;
        let (heard, errors) = received(&packets);
        let whole = heard.len() / unit;
        // With the last piece of one element lost, where the next one begins is not known.
        assert!((elements.len() - 2..elements.len()).contains(&whole), "{lost}: {whole}");
        assert_eq!(errors, 0);
        // The last unit lies on nothing that was lost.
        if whole > 2 && lost + 12 < packets.len() {
            let last = &wanted[wanted.len() - unit..];
            assert!(snr(last, &heard[heard.len() - unit..]) > 20.0, "{lost}");
        }
    }
}

#[test]
fn a_source_without_markers_goes_on_after_a_loss() {
    let packets = cut(&elements(), 2_000, false);
    let mut lossy = packets.clone();
    lossy[3] = None;
    assert_eq!(received(&lossy).0.len(), 9 * 2 * UNIT_SAMPLES);
    // One that is cut short spoils itself and the next, whose beginning is taken for its end.
    let (payload, _) = packets[3].expect("a packet");
    lossy[3] = Some((&payload[..100], false));
    let (heard, errors) = received(&lossy);
    assert!(heard.len() >= 8 * 2 * UNIT_SAMPLES && errors <= 1, "{} {errors}", heard.len());
}

#[test]
fn a_source_that_ceases_to_mark_is_heard_again() {
    let elements = elements();
    let mut packets = cut(&elements[..2], 100, true);
    packets.push(None);
    let rest: Vec<_> = elements.iter().cycle().take(40).copied().collect();
    packets.extend(cut(&rest, 2_000, false));
    let (heard, _) = received(&packets);
    let missing = 42 - heard.len() / (2 * UNIT_SAMPLES);
    assert!((1..=MAX_ELEMENT / 200).contains(&missing), "{missing} elements of 42");
}

#[test]
fn a_stream_that_begins_again_is_heard_at_once() {
    let elements = elements();
    let mut receiver = Receiver::new();
    let mut out = [0; MAX_SAMPLES];
    for round in 0..2 {
        for (n, (piece, marker)) in cut(&elements, 100, true).into_iter().flatten().enumerate() {
            let heard = receiver.packet(piece, marker, &mut out).expect("good");
            assert_eq!(heard.is_some(), marker, "packet {n} of round {round}");
        }
        // In the middle of one.
        assert_eq!(receiver.packet(&elements[0][..100], false, &mut out), Ok(None));
        receiver.begin();
    }
}

#[test]
fn what_never_ends_is_given_up() {
    let elements = elements();
    let mut receiver = Receiver::new();
    let mut out = [0; MAX_SAMPLES];
    assert!(receiver.packet(elements[0], true, &mut out).is_ok());
    // As many units as there may be, as long as they may be, and more behind the last byte but one.
    let mut bits = Bits::default();
    bits.config(0, MAX_UNITS, 4, 2);
    (0..MAX_UNITS).for_each(|_| _ = bits.unit(&[0; MAX_UNIT]));
    let element = &bits.0[..bits.0.len() - 2];
    assert!(element.len() > MAX_ELEMENT - 64);
    for piece in element.chunks(700) {
        assert_eq!(receiver.packet(piece, false, &mut out), Ok(None));
    }
    assert_eq!(receiver.packet(&[0; 700], false, &mut out), Err(Error::Unsupported));
    assert_eq!(receiver.packet(&[0; 700], true, &mut out), Ok(None), "the end of it");
    assert!(matches!(receiver.packet(elements[1], true, &mut out), Ok(Some(_))));
}

/// What makes ready is silence at every rate.
#[test]
fn every_rate_is_made_ready_for() {
    let rates = [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];
    for rate in rates.into_iter().chain([64_000, 88_200, 96_000]) {
        for channels in [1, 2] {
            let prepared = Decoder::new().prepare(rate, channels);
            assert_eq!(prepared, Ok(()), "{rate} Hz, {channels} channels");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Whatever comes: pieces of good elements, damaged ones and rubbish, marked as they like.
    #[test]
    fn no_packet_upsets_it(
        packets in vec((0..10usize, 0..400usize, 0..400usize, any::<[bool; 3]>(), any::<u32>()), 1..40)
    ) {
        let elements = elements();
        let mut receiver = Receiver::new();
        let mut out = [0; MAX_SAMPLES];
        for (n, from, until, [marker, lost, damaged], change) in packets {
            let element = elements[n];
            let from = from.min(element.len());
            let mut piece = element[from..until.clamp(from, element.len())].to_vec();
            if damaged && !piece.is_empty() {
                let at = change as usize % piece.len();
                piece[at] = (change >> 24) as u8;
            }
            if lost {
                receiver.lost();
            }
            match receiver.packet(&piece, marker, &mut out) {
                Ok(Some(decoded)) => {
                    prop_assert!(decoded.samples * decoded.channels <= MAX_SAMPLES);
                    prop_assert!(decoded.samples.is_multiple_of(UNIT_SAMPLES));
                }
                Ok(None) => {}
                Err(_) => receiver.conceal(&mut out[..2 * UNIT_SAMPLES]),
            }
        }
        // And then it goes on.
        receiver.begin();
        let mut whole = Bits::default();
        whole.config(0, 1, 4, 2).unit(units()[3]);
        prop_assert!(matches!(receiver.packet(&whole.0, true, &mut out), Ok(Some(_))));
    }
}
