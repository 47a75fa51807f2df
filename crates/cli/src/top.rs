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
        let mut frame = String::from("\x1b[H");
        for line in screen.lines() {
            frame.push_str(&line);
            frame.push_str("\x1b[K\r\n");
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

    fn lines(&self) -> Vec<String> {
        let mut lines = status::lines(&self.status);
        lines.push(String::new());
        lines.push("Counters:".into());
        let rows: Vec<Vec<String>> = self
            .counters
            .iter()
            .map(|(name, value, growth)| {
                vec![
                    format!("  {}", name.replace('_', " ")),
                    format!("{value:>10}"),
                    format!("{growth:>8.1}/s"),
                ]
            })
            .collect();
        lines.extend(columns(&rows));
        lines.push(String::new());
        lines.push("Latest (times are UTC):".into());
        lines.extend(self.events.iter().map(|event| format!("  {event}")));
        lines.push(String::new());
        lines.push("Ctrl-C ends".into());
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
        let lines = screen.lines();
        assert!(
            lines.iter().any(|l| l.contains("media packets") && l.contains("25.0/s")),
            "{lines:?}"
        );
        let shown: Vec<&String> = lines.iter().filter(|line| line.contains("event ")).collect();
        assert_eq!(shown.len(), EVENTS);
        assert!(shown[0].ends_with(&format!("event {}", EVENTS + 2)));
    }
}
