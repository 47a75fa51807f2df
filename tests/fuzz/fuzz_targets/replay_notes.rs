//! Captures whose notes say anything: they are refused, or replayed to an end; and a timeline is read
//! off them. A line of the input is a note, one with `>` in front what a controller sent, its channel
//! first, in hexadecimal digits.

#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use snoop::{Direction, LinkType, Records, Timeline, Writer};
use tandem::replay::Replay;
use wire::h4::Channel;

fuzz_target!(|text: &str| {
    let start = Duration::from_secs(1);
    let Ok(mut writer) = Writer::new(Vec::new(), LinkType::Monitor, start) else { return };
    for (n, line) in text.lines().enumerate() {
        let at = Duration::from_millis(n as u64);
        let written = match line.strip_prefix('>').and_then(packet) {
            Some((channel, packet)) => writer.packet(at, Direction::Received, channel, &packet),
            None => writer.note(at, line),
        };
        written.expect("nothing fails in memory");
    }
    let capture = writer.into_inner();
    let records = Records::new(&capture).expect("what we write we read");
    let timeline = Timeline::of(records.clone());
    let _ = (timeline.to_json(), timeline.to_svg());
    if let Ok(mut replay) = Replay::new(records) {
        let _ = replay.run(usize::MAX);
        assert!(replay.progress().inputs <= text.lines().count() as u64);
    }
});

fn packet(digits: &str) -> Option<(Channel, Vec<u8>)> {
    let octets: Option<Vec<u8>> = digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    let octets = octets?;
    let (indicator, packet) = octets.split_first()?;
    let channel = Channel::from_indicator(*indicator).ok().filter(|c| *c != Channel::Command)?;
    Some((channel, packet.to_vec()))
}
