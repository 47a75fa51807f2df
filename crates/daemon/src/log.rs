//! The log: what `tracing` is told, as lines on standard error.
//!
//! One line an event, `tandemd: LEVEL: text key=value`, written in one piece; from `debug` on the
//! module is named. Under systemd, which takes the level from the line's beginning (sd-daemon(3)), it is
//! said there. The level may change while the program runs. Spans are not followed.

use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::sync::atomic::{AtomicU8, Ordering};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{Interest, Subscriber};
use tracing::{Event, Level, Metadata};

static LEVEL: AtomicU8 = AtomicU8::new(3);

const LEVELS: [(&str, Level, &str, u8); 5] = [
    ("error", Level::ERROR, "error", 3),
    ("warn", Level::WARN, "warning", 4),
    ("info", Level::INFO, "info", 6),
    ("debug", Level::DEBUG, "debug", 7),
    ("trace", Level::TRACE, "trace", 7),
];

/// Begins to log at a level, which is one of the words of `log.level`.
pub(crate) fn start(level: &str) {
    set(level);
    let log = Log { systemd: std::env::var_os("JOURNAL_STREAM").is_some() };
    // A second one in the same process (a test) leaves the first.
    let _ = tracing::subscriber::set_global_default(log);
}

/// Changes the level.
pub(crate) fn set(level: &str) {
    if let Some(at) = LEVELS.iter().position(|(word, ..)| *word == level) {
        LEVEL.store(at as u8 + 1, Ordering::Relaxed);
        tracing::callsite::rebuild_interest_cache();
    }
}

fn filter() -> LevelFilter {
    match LEVEL.load(Ordering::Relaxed) {
        0 | 1 => LevelFilter::ERROR,
        2 => LevelFilter::WARN,
        3 => LevelFilter::INFO,
        4 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    }
}

struct Log {
    systemd: bool,
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= filter()
    }

    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(filter())
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        // If standard error is gone, there is nobody to tell.
        let _ = std::io::stderr().write_all(line(event, self.systemd).as_bytes());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn line(event: &Event<'_>, systemd: bool) -> String {
    let metadata = event.metadata();
    let known = LEVELS.iter().find(|(_, level, ..)| level == metadata.level());
    let (_, _, word, priority) = known.unwrap_or(&LEVELS[2]);
    let mut line = String::new();
    let mut text = Text::default();
    event.record(&mut text);
    if systemd {
        // Writing to a string cannot fail.
        let _ = write!(line, "<{priority}>");
    }
    let _ = write!(line, "tandemd: {word}: ");
    if *metadata.level() >= Level::DEBUG {
        let _ = write!(line, "{}: ", metadata.target());
    }
    // One event is one line, whatever a phone's name holds.
    line.extend(
        text.message
            .chars()
            .chain(text.fields.chars())
            .map(|letter| if letter.is_control() { ' ' } else { letter }),
    );
    line.push('\n');
    line
}

#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = if field.name() == "message" {
            write!(self.message, "{value:?}")
        } else {
            write!(self.fields, " {}={value:?}", field.name())
        };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    struct Catch(Arc<Mutex<Vec<String>>>, bool);

    impl Subscriber for Catch {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            Log { systemd: false }.enabled(metadata)
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, event: &Event<'_>) {
            self.0.lock().unwrap().push(line(event, self.1));
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    fn lines(systemd: bool, write: impl FnOnce()) -> Vec<String> {
        let lines = Arc::default();
        tracing::subscriber::with_default(Catch(Arc::clone(&lines), systemd), write);
        let lines = lines.lock().unwrap();
        lines.clone()
    }

    #[test]
    fn an_event_is_one_line_and_the_level_counts() {
        set("info");
        let written = lines(false, || {
            tracing::info!(phone = 3, "{}", "two\nlines");
            tracing::warn!("careful");
            tracing::debug!("unseen");
        });
        assert_eq!(written, ["tandemd: info: two lines phone=3\n", "tandemd: warning: careful\n"]);
        set("debug");
        let written = lines(true, || tracing::debug!("seen"));
        assert_eq!(written, ["<7>tandemd: debug: tandem_daemon::log::tests: seen\n"]);
        set("info");
    }
}
