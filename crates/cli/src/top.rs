//! `tandem top`: a screen that is drawn anew each second, and when something happens.

use std::collections::VecDeque;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::client::Client;
use crate::failure::Failure;
use crate::phone::{Names, columns};
use crate::{status, watch};

const ROUND: Duration = Duration::from_secs(1);
/// So many of the latest events are shown.
const EVENTS: usize = 10;

/// The other screen, no cursor, no wrapping of long lines; and back.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE: &str = "\x1b[?7h\x1b[?25h\x1b[?1049l";

pub(crate) fn run(client: &mut Client, socket: &Path, out: &mut dyn Write) -> Result<(), Failure> {
    if !std::io::stdout().is_terminal() {
        let text = "top needs a terminal; see status and watch for what a program can read";
        return Err(Failure::Usage(text.into()));
    }
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, interrupted.clone())?;
    }
    let mut watcher = Client::connect(socket)?;
    watcher.watch()?;
    out.write_all(ENTER.as_bytes())?;
    let end = draw(client, &mut watcher, &interrupted, out);
    out.write_all(LEAVE.as_bytes())?;
    end
}

fn draw(
    client: &mut Client,
    watcher: &mut Client,
    interrupted: &AtomicBool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut screen = Screen::default();
    while !interrupted.load(Ordering::Relaxed) {
        screen.update(client.call("Status", json!({}))?, Instant::now());
        let (columns, rows) = room();
        let mut frame = String::from("\x1b[H");
        for (n, line) in screen.lines(rows).iter().enumerate() {
            frame.push_str(if n > 0 { "\r\n" } else { "" });
            frame.extend(line.chars().take(columns));
            frame.push_str("\x1b[K");
        }
        frame.push_str("\x1b[J");
        out.write_all(frame.as_bytes())?;
        out.flush()?;
        let next = Instant::now() + ROUND;
        while !interrupted.load(Ordering::Relaxed) {
            let left = next.saturating_duration_since(Instant::now());
            match watcher.event(Some(left))? {
                Some(event) => screen.happened(&event),
                None if Instant::now() >= next => break,
                None => {}
            }
        }
    }
    Ok(())
}

/// How many columns and rows the terminal has: no end of them where it does not say.
fn room() -> (usize, usize) {
    let size = rustix::termios::tcgetwinsize(std::io::stdout());
    let known = |size: u16| if size > 0 { size.into() } else { usize::MAX };
    size.map_or((usize::MAX, usize::MAX), |size| (known(size.ws_col), known(size.ws_row)))
}

/// What is shown.
#[derive(Debug, Default)]
struct Screen {
    names: Names,
    status: Value,
    events: VecDeque<String>,
    at: Option<Instant>,
    /// Each counter: its value, and its growth in a second.
    counters: Vec<(String, u64, f64)>,
}

impl Screen {
    fn update(&mut self, status: Value, now: Instant) {
        self.names.learn(&status);
        let passed = self.at.map(|at| now.duration_since(at).as_secs_f64());
        let before =
            |name: &str| self.counters.iter().find(|(n, ..)| n == name).map(|(_, v, _)| *v);
        let counters = status["counters"].as_object().into_iter().flatten();
        self.counters = counters
            .filter_map(|(name, value)| Some((name.clone(), value.as_u64()?)))
            .map(|(name, value)| {
                let growth = match (passed, before(&name)) {
                    (Some(passed), Some(before)) if passed > 0.0 => {
                        value.saturating_sub(before) as f64 / passed
                    }
                    _ => 0.0,
                };
                (name, value, growth)
            })
            .collect();
        (self.status, self.at) = (status, Some(now));
    }

    fn happened(&mut self, event: &Value) {
        self.names.learn(event);
        if event["event"] == "snapshot" {
            return;
        }
        self.events.truncate(EVENTS - 1);
        self.events.push_front(watch::line(event, &self.names));
    }

    /// As many lines as there are rows. Who is heard and the phones come first; where there is no room
    /// for all of the rest, counters that stand at nothing go first, then the older events.
    fn lines(&self, rows: usize) -> Vec<String> {
        let mut lines = status::lines(&self.status);
        let mut counters: Vec<_> = self.counters.iter().collect();
        // Beside those there are two headings, the last line, and an empty one before each.
        let taken = lines.len() + 6;
        if taken + counters.len() + self.events.len() > rows {
            counters.retain(|(_, value, _)| *value > 0);
        }
        let events = rows.saturating_sub(taken + counters.len());
        lines.push(String::new());
        lines.push("Counters:".into());
        let counters: Vec<Vec<String>> = counters
            .into_iter()
            .map(|(name, value, growth)| {
                vec![
                    format!("  {}", name.replace('_', " ")),
                    format!("{value:>10}"),
                    format!("{growth:>8.1}/s"),
                ]
            })
            .collect();
        lines.extend(columns(&counters));
        lines.push(String::new());
        lines.push("Latest (times are UTC):".into());
        lines.extend(self.events.iter().take(events).map(|event| format!("  {event}")));
        lines.push(String::new());
        lines.push("Ctrl-C ends".into());
        lines.truncate(rows);
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_screen_shows_growth_and_the_latest_events() {
        let mut screen = Screen::default();
        let start = Instant::now();
        screen.update(json!({ "counters": { "media_packets": 100 }, "phones": [] }), start);
        screen.update(
            json!({ "counters": { "media_packets": 150 }, "phones": [] }),
            start + Duration::from_secs(2),
        );
        for n in 0..EVENTS + 3 {
            screen.happened(&json!({ "event": "warning", "text": format!("event {n}") }));
        }
        let lines = screen.lines(usize::MAX);
        assert!(
            lines.iter().any(|l| l.contains("media packets") && l.contains("25.0/s")),
            "{lines:?}"
        );
        let shown: Vec<&String> = lines.iter().filter(|line| line.contains("event ")).collect();
        assert_eq!(shown.len(), EVENTS);
        assert!(shown[0].ends_with(&format!("event {}", EVENTS + 2)));
    }

    #[test]
    fn a_small_terminal_shows_who_is_heard_before_anything_else() {
        let mut screen = Screen::default();
        let counters: serde_json::Map<String, Value> =
            (0..20).map(|n| (format!("counter_{n:02}"), json!(u8::from(n == 7)))).collect();
        let status = json!({ "counters": counters, "phones": [], "audible": [] });
        screen.update(status, Instant::now());
        for n in 0..EVENTS {
            screen.happened(&json!({ "event": "warning", "text": format!("event {n}") }));
        }
        let all = screen.lines(usize::MAX);
        let lines = screen.lines(18);
        assert_eq!((lines.len(), &lines[..3]), (18, &all[..3]));
        assert!(lines[1].starts_with("Heard"), "{lines:?}");
        let has = |text: &str| lines.iter().any(|line| line.contains(text));
        assert!(has("counter 07") && !has("counter 08"), "{lines:?}");
        assert!(has("event 9") && !has("event 0"), "{lines:?}");
        assert_eq!(lines.last().map(String::as_str), Some("Ctrl-C ends"));
        assert_eq!(screen.lines(2), all[..2]);
    }
}
