//! `tandem timeline`: what a capture tells.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use tandem::snoop::timeline::Switch;
use tandem::snoop::{Capture, Timeline, timeline};

use crate::failure::Failure;
use crate::phone::{clean, columns};

pub(crate) fn run(
    capture: &Path,
    output: Option<&Path>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let write = match output {
        None => None,
        Some(file) => match file.extension().and_then(|extension| extension.to_str()) {
            Some("svg") => Some((file, Timeline::to_svg as fn(&Timeline) -> String)),
            Some("json") => Some((file, to_json as fn(&Timeline) -> String)),
            _ => {
                let text = format!("{}: the file's name must end in .svg or .json", file.display());
                return Err(Failure::Usage(text));
            }
        },
    };
    let opened = Capture::open(capture);
    let opened = opened.map_err(|e| Failure::Failed(format!("{}: {e}", capture.display())))?;
    let timeline = Timeline::of(opened.records());
    match write {
        Some((file, text)) => std::fs::write(file, text(&timeline))
            .map_err(|error| Failure::Failed(format!("{}: {error}", file.display())))?,
        None => {
            for line in lines(&timeline) {
                writeln!(out, "{line}")?;
            }
        }
    }
    Ok(())
}

fn to_json(timeline: &Timeline) -> String {
    format!("{:#}\n", timeline.to_json())
}

fn lines(timeline: &Timeline) -> Vec<String> {
    let mut lines =
        vec![format!("{} long, {} phones", time(timeline.length), timeline.phones.len())];
    if timeline.inferred {
        lines.push("who was heard is inferred: this capture does not say".into());
    }
    if timeline.torn {
        lines.push("the capture's last record is incomplete".into());
    }
    for phone in &timeline.phones {
        let name = phone.name.as_deref().map(clean).unwrap_or_default();
        lines.push(format!("{} {name}", phone.address).trim_end().into());
        let mut rows = Vec::new();
        let mut add = |what: &str, spans: &mut dyn Iterator<Item = &timeline::Span>| {
            let spans = spans.map(|s| format!("{} to {}", time(s.from), time(s.to)));
            let spans: Vec<String> = spans.collect();
            if !spans.is_empty() {
                rows.push(vec![format!("  {what}"), spans.join(", ")]);
            }
        };
        add("connected", &mut phone.connected.iter());
        add("lost", &mut phone.lost.iter());
        add("paged", &mut phone.paged.iter());
        add("streaming", &mut phone.streaming.iter());
        add("ringing", &mut phone.ringing.iter());
        add("talking", &mut phone.talking.iter());
        add("voice", &mut phone.voice.iter());
        add("heard", &mut phone.heard.iter().map(|heard| &heard.span));
        lines.extend(columns(&rows));
    }
    if !timeline.switches.is_empty() {
        let text = "switches: when, who is heard then, how long it took us, and the phones";
        lines.push(text.into());
        lines.extend(columns(&timeline.switches.iter().map(switch).collect::<Vec<_>>()));
    }
    lines
}

fn switch(switch: &Switch) -> Vec<String> {
    let millis = |time: Duration| format!("{:.3} ms", time.as_secs_f64() * 1e3);
    let to = switch.to.iter().map(|one| format!("{} {}", one.phone, one.kind.name()));
    let to: Vec<String> = to.collect();
    vec![
        format!("  {}", time(switch.heard)),
        if to.is_empty() { "nobody".into() } else { to.join(", ") },
        millis(switch.ours),
        switch.phones.map_or("-".into(), millis),
    ]
}

/// Minutes and seconds.
fn time(time: Duration) -> String {
    let millis = time.as_millis();
    format!("{}:{:02}.{:03}", millis / 60_000, millis / 1000 % 60, millis % 1000)
}

#[cfg(test)]
mod tests {
    use tandem::snoop::note::{Audible, Kind};
    use tandem::snoop::timeline::{Phone, Span};

    use super::*;

    #[test]
    fn a_timeline_is_told_phone_by_phone() {
        let span = |from: u64, to: u64| Span {
            from: Duration::from_millis(from),
            to: Duration::from_millis(to),
        };
        let timeline = Timeline {
            start: 0,
            length: Duration::from_millis(83_004),
            phones: vec![Phone {
                address: "AA:BB:CC:DD:EE:FF".parse().unwrap(),
                name: Some("Ann".into()),
                connected: vec![span(0, 70_000), span(72_500, 83_004)],
                lost: vec![span(70_000, 72_500)],
                paged: vec![span(72_000, 72_500)],
                streaming: vec![span(1500, 2000), span(61_000, 62_000)],
                ringing: vec![span(2000, 2500)],
                talking: vec![],
                voice: vec![],
                heard: vec![],
            }],
            switches: vec![Switch {
                at: Duration::from_millis(1500),
                heard: Duration::from_millis(1502),
                ours: Duration::from_micros(1_250),
                phones: Some(Duration::from_millis(31)),
                from: vec![],
                to: vec![Audible {
                    phone: "AA:BB:CC:DD:EE:FF".parse().unwrap(),
                    kind: Kind::Media,
                }],
            }],
            inferred: true,
            torn: false,
        };
        assert_eq!(
            lines(&timeline),
            [
                "1:23.004 long, 1 phones",
                "who was heard is inferred: this capture does not say",
                "AA:BB:CC:DD:EE:FF Ann",
                "  connected  0:00.000 to 1:10.000, 1:12.500 to 1:23.004",
                "  lost       1:10.000 to 1:12.500",
                "  paged      1:12.000 to 1:12.500",
                "  streaming  0:01.500 to 0:02.000, 1:01.000 to 1:02.000",
                "  ringing    0:02.000 to 0:02.500",
                "switches: when, who is heard then, how long it took us, and the phones",
                "  0:01.502  AA:BB:CC:DD:EE:FF media  1.250 ms  31.000 ms",
            ]
        );
    }

    #[test]
    fn mistakes_are_named() {
        let mut out = Vec::new();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("capture");
        let failure = run(&file, None, &mut out).unwrap_err();
        assert_eq!(failure.code(), 1);
        assert!(failure.to_string().contains("capture"), "{failure}");
        std::fs::write(&file, "no capture").unwrap();
        assert_eq!(run(&file, None, &mut out).unwrap_err().code(), 1);
        let failure = run(&file, Some(Path::new("drawing.png")), &mut out).unwrap_err();
        assert_eq!(failure.code(), 2);
    }
}
