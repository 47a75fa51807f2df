//! The timeline as a drawing, 1000 units wide: for each phone a heading and a lane for each thing it
//! did, over a common time axis; below it, each switch of who is heard with its time.

use std::fmt::Write;
use std::time::Duration;

use super::{Phone, Span, Switch, Timeline, iso8601};
use crate::note::{Audible, Kind};

const WIDTH: f64 = 1000.0;
/// Where the lanes begin and end.
const LEFT: f64 = 100.0;
const RIGHT: f64 = WIDTH - 24.0;
const TOP: f64 = 86.0;
const HEADING: f64 = 26.0;
const LANE: f64 = 16.0;
const LANE_GAP: f64 = 5.0;
const PHONE_GAP: f64 = 16.0;
const AXIS: f64 = 40.0;
/// A line of the table of switches.
const ROW: f64 = 17.0;
/// What its columns say.
const EXPLAINED: &str = "After: since we learned what led to it. Parts of the time that the change took: ours, \
                         and the phones' until they did what they were told, some of it after the change.";
/// Switches that are listed at most.
const MOST_SWITCHES: usize = 40;
/// Where the table's columns begin, or end where they are numbers.
const COLUMNS: [f64; 5] = [86.0, 108.0, 700.0, 835.0, 970.0];
/// Nothing that happened is drawn thinner than this.
const THINNEST: f64 = 1.5;
/// The most divisions of the axis.
const MOST_TICKS: f64 = 10.0;
/// The longest name drawn, in widths of a Latin letter.
const LONGEST_NAME: usize = 48;

/// Keeps the grid's lines away from letters.
const HALO: &str = r##"paint-order="stroke" stroke="#fff" stroke-width="5""##;

const CONNECTED: &str = "#c3ccd6";
const LOST: &str = "url(#lost)";
const PAGED: &str = "#5f7285";
const STREAMING: &str = "#5b9bd5";
const RINGING: &str = "#eba6a6";
const TALKING: &str = "#e8b67d";
const VOICE: &str = "#8e6fc1";

fn colour(kind: Kind) -> &'static str {
    match kind {
        Kind::Media => "#2e9e5b",
        Kind::Call => "#d9822b",
        Kind::Ring => "#d64545",
        Kind::Voice => "#7a52b3",
        Kind::Assistant => "#1d8a99",
    }
}

/// Something that phones do: its label, when a phone did it, and its colour.
type Doing = (&'static str, fn(&Phone) -> &[Span], &'static str);

/// The lane of the link; what covers others goes last.
const LINK: [Doing; 3] = [
    ("connected", |phone| &phone.connected, CONNECTED),
    ("lost", |phone| &phone.lost, LOST),
    ("paged", |phone| &phone.paged, PAGED),
];

const MUSIC: Doing = ("streaming", |phone| &phone.streaming, STREAMING);

/// The lanes of calls.
const CALLS: [Doing; 3] = [
    ("ringing", |phone| &phone.ringing, RINGING),
    ("talking", |phone| &phone.talking, TALKING),
    ("voice link", |phone| &phone.voice, VOICE),
];

/// One lane: its label, and its boxes with their fills and descriptions.
struct Lane {
    label: &'static str,
    boxes: Vec<(Span, &'static str, &'static str)>,
}

impl Timeline {
    /// The timeline as an SVG document.
    pub fn to_svg(&self) -> String {
        let mut lanes_of: Vec<(&Phone, Vec<Lane>)> = Vec::new();
        for phone in &self.phones {
            lanes_of.push((phone, self.lanes(phone)));
        }
        let height_of = |lanes: &[Lane]| {
            HEADING + lanes.len() as f64 * (LANE + LANE_GAP) - LANE_GAP + PHONE_GAP
        };
        let bottom = TOP + lanes_of.iter().map(|(_, lanes)| height_of(lanes)).sum::<f64>();
        let bottom = bottom.max(TOP + HEADING);
        let mut svg = Drawing::new(bottom + AXIS + self.table_height(), self.length);
        self.head(&mut svg);
        svg.axis(bottom);
        if self.phones.is_empty() {
            svg.text(LEFT, TOP + 18.0, "start", 13, "#667", "No phone was connected.");
        }
        let mut y = TOP;
        for (phone, lanes) in &lanes_of {
            svg.heading(y + 16.0, phone);
            let mut lane_y = y + HEADING;
            for lane in lanes {
                svg.lane(lane_y, lane);
                lane_y += LANE + LANE_GAP;
            }
            y += height_of(lanes);
        }
        self.table(&mut svg, bottom + AXIS);
        svg.finish()
    }

    fn table_height(&self) -> f64 {
        match self.switches.len() {
            0 => 0.0,
            n => (n.min(MOST_SWITCHES) + 3 + usize::from(n > MOST_SWITCHES)) as f64 * ROW + 24.0,
        }
    }

    /// Each switch of who is heard, with its time.
    fn table(&self, svg: &mut Drawing, top: f64) {
        if self.switches.is_empty() {
            return;
        }
        svg.text(20.0, top + 16.0, "start", 13, "#222", "Changes of who is heard");
        svg.text(20.0, top + 16.0 + ROW, "start", 11, "#667", EXPLAINED);
        let mut y = top + 18.0 + 2.0 * ROW;
        let mut row = |cells: [&str; 5], fill| {
            svg.line([20.0, y + 4.5], [COLUMNS[4], y + 4.5], "#eef1f4");
            for (n, (x, cell)) in COLUMNS.into_iter().zip(cells).enumerate() {
                svg.text(x, y, if n == 1 { "start" } else { "end" }, 11, fill, cell);
            }
            y += ROW;
        };
        row(["at", "heard from then on", "after", "our part", "the phones' part"], "#667");
        for switch in self.switches.iter().take(MOST_SWITCHES) {
            let Switch { at, heard, ours, phones, .. } = switch;
            let phones = phones.map_or("–".into(), millis);
            row(
                [
                    &format!("{:.3} s", heard.as_secs_f64()),
                    &shortened(&self.named(&switch.to), 2 * LONGEST_NAME),
                    &millis(heard.saturating_sub(*at)),
                    &millis(*ours),
                    &phones,
                ],
                "#222",
            );
        }
        if let Some(more @ 1..) = self.switches.len().checked_sub(MOST_SWITCHES) {
            row(["", &format!("and {more} more"), "", "", ""], "#667");
        }
    }

    /// Who is heard, for people.
    fn named(&self, audible: &[Audible]) -> String {
        let name = |address| {
            let known = self.phones.iter().find(|phone| phone.address == address);
            known.and_then(|phone| phone.name.clone()).unwrap_or_else(|| address.to_string())
        };
        let each = audible.iter().map(|one| format!("{}: {}", name(one.phone), one.kind.name()));
        match audible {
            [] => "nobody".into(),
            _ => each.collect::<Vec<_>>().join(", "),
        }
    }

    fn lanes(&self, phone: &Phone) -> Vec<Lane> {
        let plain = |spans: &[Span], fill, what| {
            spans.iter().map(|span| (*span, fill, what)).collect::<Vec<_>>()
        };
        let link = LINK.into_iter().flat_map(|(what, spans, fill)| plain(spans(phone), fill, what));
        let mut lanes = vec![Lane { label: "link", boxes: link.collect() }];
        for (label, spans, fill) in [MUSIC].into_iter().chain(CALLS) {
            let spans = spans(phone);
            if fill == STREAMING || !spans.is_empty() {
                lanes.push(Lane { label, boxes: plain(spans, fill, label) });
            }
        }
        let heard = phone.heard.iter().map(|heard| {
            let fill = if self.inferred { "url(#inferred)" } else { colour(heard.kind) };
            (heard.span, fill, heard.kind.name())
        });
        lanes.push(Lane { label: "heard", boxes: heard.collect() });
        lanes
    }

    /// The title and the legend of what occurs.
    fn head(&self, svg: &mut Drawing) {
        let phones = match self.phones.len() {
            1 => "1 phone".to_owned(),
            n => format!("{n} phones"),
        };
        let began = iso8601(self.start);
        let began = began.get(..19).unwrap_or(&began).replace('T', " ");
        let torn = if self.torn { " · the capture's last record is incomplete" } else { "" };
        let title = format!("{began} UTC · {} · {phones}{torn}", spoken(self.length));
        svg.text(20.0, 28.0, "start", 15, "#222", &title);

        let mut entries = Vec::new();
        for (label, spans, fill) in LINK.into_iter().chain([MUSIC]).chain(CALLS) {
            let always = [CONNECTED, STREAMING].contains(&fill);
            if always || self.phones.iter().any(|phone| !spans(phone).is_empty()) {
                entries.push((fill, label));
            }
        }
        if self.inferred {
            entries.push(("url(#inferred)", "heard (inferred)"));
        } else {
            for (kind, label) in [
                (Kind::Media, "heard: media"),
                (Kind::Call, "heard: call"),
                (Kind::Ring, "heard: ring"),
                (Kind::Voice, "heard: voice"),
                (Kind::Assistant, "heard: assistant"),
            ] {
                let occurs = |phone: &Phone| phone.heard.iter().any(|heard| heard.kind == kind);
                if kind == Kind::Media || self.phones.iter().any(occurs) {
                    entries.push((colour(kind), label));
                }
            }
        }
        let (mut x, mut y) = (20.0, 42.0);
        for (fill, label) in entries {
            let wide = 20.0 + width(label) as f64 * 6.6;
            if x + wide > RIGHT {
                (x, y) = (20.0, y + 18.0);
            }
            svg.rect(x, y, 14.0, 12.0, fill, "");
            svg.text(x + 20.0, y + 10.5, "start", 12, "#444", label);
            x += wide + 18.0;
        }
    }
}

struct Drawing {
    svg: String,
    seconds: f64,
}

impl Drawing {
    fn new(height: f64, length: Duration) -> Self {
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
             viewBox=\"0 0 {WIDTH} {height}\" \
             font-family=\"'DejaVu Sans', Verdana, Helvetica, Arial, sans-serif\">\n\
             <defs><pattern id=\"inferred\" width=\"6\" height=\"6\" \
             patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
             <rect width=\"6\" height=\"6\" fill=\"#bfe3cd\"/>\
             <rect width=\"3\" height=\"6\" fill=\"#2e9e5b\"/></pattern>\
             <pattern id=\"lost\" width=\"6\" height=\"6\" \
             patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
             <rect width=\"6\" height=\"6\" fill=\"#fff\"/>\
             <rect width=\"3\" height=\"6\" fill=\"#d64545\"/></pattern></defs>\n\
             <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n"
        );
        // An instant still needs an axis.
        Drawing { svg, seconds: length.as_secs_f64().max(0.001) }
    }

    fn x(&self, time: Duration) -> f64 {
        LEFT + time.as_secs_f64() / self.seconds * (RIGHT - LEFT)
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.svg.write_fmt(text);
        self.svg.push('\n');
    }

    fn text(&mut self, x: f64, y: f64, anchor: &str, size: u32, fill: &str, text: &str) {
        let text = escaped(text);
        self.put(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" font-size=\"{size}\" \
             fill=\"{fill}\">{text}</text>"
        ));
    }

    fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, fill: &str, title: &str) {
        let title = escaped(title);
        self.put(format_args!(
            "<rect x=\"{x:.2}\" y=\"{y:.1}\" width=\"{width:.2}\" height=\"{height:.1}\" rx=\"1.5\" \
             fill=\"{fill}\"><title>{title}</title></rect>"
        ));
    }

    fn line(&mut self, [x1, y1]: [f64; 2], [x2, y2]: [f64; 2], stroke: &str) {
        self.put(format_args!(
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{stroke}\"/>"
        ));
    }

    fn heading(&mut self, y: f64, phone: &Phone) {
        let address = phone.address.to_string();
        let Some(name) = &phone.name else {
            let address = escaped(&address);
            return self.put(format_args!(
                "<text x=\"20\" y=\"{y:.1}\" {HALO} font-size=\"13\" font-weight=\"bold\" \
                 fill=\"#222\">{address}</text>"
            ));
        };
        let name = escaped(&shortened(name, LONGEST_NAME));
        self.put(format_args!(
            "<text x=\"20\" y=\"{y:.1}\" {HALO} font-size=\"13\"><tspan font-weight=\"bold\" \
             fill=\"#222\">{name}</tspan><tspan dx=\"10\" font-size=\"11\" \
             fill=\"#778\">{address}</tspan></text>"
        ));
    }

    fn lane(&mut self, y: f64, lane: &Lane) {
        self.text(LEFT - 8.0, y + LANE - 4.5, "end", 11, "#667", lane.label);
        self.rect(LEFT, y, RIGHT - LEFT, LANE, "#f4f6f8", lane.label);
        for (span, fill, what) in &lane.boxes {
            let from = self.x(span.from).min(RIGHT - THINNEST);
            let width = (self.x(span.to) - from).max(THINNEST);
            let (start, end) = (span.from.as_secs_f64(), span.to.as_secs_f64());
            self.rect(from, y, width, LANE, fill, &format!("{what}, {start:.3} s to {end:.3} s"));
        }
    }

    fn axis(&mut self, y: f64) {
        let step = step(self.seconds);
        let ticks = (self.seconds / step).floor() as u32;
        for tick in 0..=ticks {
            let at = f64::from(tick) * step;
            let x = LEFT + at / self.seconds * (RIGHT - LEFT);
            self.line([x, TOP - 8.0], [x, y], "#dfe4ea");
            self.text(x, y + 16.0, "middle", 11, "#667", &label(at, step));
        }
        self.line([LEFT, y], [RIGHT, y], "#99a");
    }

    fn finish(mut self) -> String {
        self.svg.push_str("</svg>\n");
        self.svg
    }
}

/// The distance of ticks in seconds that a person would choose.
fn step(seconds: f64) -> f64 {
    const MINUTE: f64 = 60.0;
    const HOUR: f64 = 3600.0;
    const STEPS: [f64; 22] = [
        0.001,
        0.002,
        0.005,
        0.01,
        0.02,
        0.05,
        0.1,
        0.2,
        0.5,
        1.0,
        2.0,
        5.0,
        10.0,
        15.0,
        30.0,
        MINUTE,
        2.0 * MINUTE,
        5.0 * MINUTE,
        10.0 * MINUTE,
        15.0 * MINUTE,
        30.0 * MINUTE,
        HOUR,
    ];
    let fits = STEPS.into_iter().find(|step| seconds / step <= MOST_TICKS);
    // A capture of many hours: whole numbers of them.
    fits.unwrap_or_else(|| (seconds / HOUR / MOST_TICKS).ceil() * HOUR)
}

/// A length of time in the unit that suits it.
fn spoken(time: Duration) -> String {
    let whole = time.as_secs();
    match whole {
        0..120 => format!("{:.1} s", time.as_secs_f64()),
        120..3600 => format!("{}:{:02} min", whole / 60, whole % 60),
        _ => format!("{}:{:02}:{:02} h", whole / 3600, whole / 60 % 60, whole % 60),
    }
}

/// A short time in milliseconds.
fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

/// A tick's label, no finer than the step.
fn label(at: f64, step: f64) -> String {
    let whole = at.round() as u64;
    match step {
        _ if step < 0.01 => format!("{at:.3} s"),
        _ if step < 0.1 => format!("{at:.2} s"),
        _ if step < 1.0 => format!("{at:.1} s"),
        _ if step < 30.0 => format!("{whole} s"),
        _ if step < 3600.0 && whole < 3600 => format!("{}:{:02} min", whole / 60, whole % 60),
        _ => format!("{}:{:02} h", whole / 3600, whole / 60 % 60),
    }
}

/// A text's width in Latin letters, roughly: East Asian ones and emoji take two.
fn width(text: &str) -> usize {
    text.chars().map(letter_width).sum()
}

fn letter_width(letter: char) -> usize {
    if letter < '\u{1100}' { 1 } else { 2 }
}

/// `text`, cut off after `most` letters' widths.
fn shortened(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let mut room = most.saturating_sub(1);
    let fits = text.chars().take_while(|letter| {
        let fits = letter_width(*letter) <= room;
        room = room.saturating_sub(letter_width(*letter));
        fits
    });
    fits.chain(['…']).collect()
}

/// `text` for use in XML: control characters, which XML cannot hold, become spaces.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            letter if letter.is_control() || ('\u{fffe}'..='\u{ffff}').contains(&letter) => {
                out.push(' ');
            }
            letter => out.push(letter),
        }
    }
    out
}
