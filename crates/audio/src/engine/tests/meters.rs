//! What the figures say of how loud a stream is and how unevenly it comes.

use super::*;

#[test]
fn an_even_stream_has_no_jitter_and_its_own_level_whatever_its_gain() {
    for mut source in [Source::pcm(1, 44_100, 0.0, 440.0, 0), Source::sbc(1, 44_100, 440.0)] {
        let mut bed = Bed::new(Config::default());
        bed.open(&source, 0.0);
        assert_eq!((bed.stats(1).peak, bed.stats(1).jitter_ms), (0, 0.0));
        bed.run(2_000, &mut [&mut source], |_| Fate::Arrives);
        let stats = bed.stats(1);
        assert!(stats.jitter_ms < 0.001, "{stats:?}");
        assert!((f64::from(stats.peak) - PEAK).abs() < 0.02 * PEAK, "{stats:?}");
        // Lost packets take their time all the same.
        let lost = |at: Instant| at.as_nanos() / 1_000_000 % 200 < 50;
        let fate = |at| if lost(at) { Fate::Lost } else { Fate::Arrives };
        bed.run(4_000, &mut [&mut source], fate);
        let stats = bed.stats(1);
        assert!(stats.lost > 10 && stats.jitter_ms < 0.001, "{stats:?}");
        // So does a pause, which falls silent at once where it is told of, and soon where it is not.
        bed.control(Control::Flush { stream: 1 });
        assert_eq!(bed.stats(1).peak, 0);
        source.sent += u64::from(source.rate) * 3;
        bed.run(8_000, &mut [&mut source], |_| Fate::Arrives);
        assert!(bed.stats(1).peak > 0 && bed.stats(1).jitter_ms < 0.001, "{:?}", bed.stats(1));
        bed.run_ms(10_000, &mut []);
        assert_eq!(bed.stats(1).peak, 0);
    }
}

#[test]
fn packets_that_come_in_lumps_show_their_jitter() {
    let mut bed = Bed::new(Config::default());
    let mut source = Source::pcm(1, 48_000, 0.0, 440.0, 0);
    bed.open(&source, 1.0);
    // Packets of 13.3 ms, handed over by a transport that stamps each when it takes it: every 40 ms three
    // at once.
    let arena = Arena::new(4, 4096);
    for round in 1..500 {
        let now = Instant::from_millis(round * 40);
        for _ in 0..3 {
            let (mut frame, sequence) = source.packet(&arena);
            frame.set_arrival(now);
            bed.engine.media(now, 1, &frame, FRAMES, sequence);
        }
        bed.engine.render(now, &mut [0; 2 * 1_920]);
    }
    // Two of three differ by 13.3 ms, one by 26.7: on average 17.8.
    let jitter = bed.stats(1).jitter_ms;
    assert!((17.0..18.6).contains(&jitter), "{jitter} ms");
}
