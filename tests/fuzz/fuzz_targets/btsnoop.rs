//! Captures of any bytes: every record lies inside the file, and a timeline can be drawn.

#![no_main]

use libfuzzer_sys::fuzz_target;
use snoop::{Records, Timeline};

fuzz_target!(|data: &[u8]| {
    // The file header is given, or hardly an input gets past it; the first byte picks its type.
    let Some((kind, rest)) = data.split_first() else { return };
    let mut capture = b"btsnoop\0\0\0\0\x01".to_vec();
    capture.extend([1001_u32, 1002, 2001, 9][usize::from(kind & 3)].to_be_bytes());
    capture.extend(rest);
    let _ = Records::new(data);
    let Ok(records) = Records::new(&capture) else { return };
    let mut count = 0;
    for record in records.clone() {
        count += 1;
        let _ = record.content.text();
    }
    assert!(count <= capture.len() / 24, "each record has a header");
    let timeline = Timeline::of(records);
    let _ = timeline.to_json();
    let _ = timeline.to_svg();
});
