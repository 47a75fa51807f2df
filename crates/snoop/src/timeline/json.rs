//! The timeline as JSON:
//!
//! ```text
//! { "start": "2026-11-21T05:31:02.250Z", "length": 42.5, "heard": "recorded" | "inferred", "torn": false,
//!   "phones": [{ "address", "name" | null, "connected": [[from, to]…], "streaming": […], "voice": […],
//!                "heard": [{ "from", "to", "kind" }…] }…] }
//! ```
//! Times are seconds from the capture's first record.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Phone, Span, Timeline, iso8601};

impl Timeline {
    /// The timeline as a JSON value.
    pub fn to_json(&self) -> Value {
        json!({
            "start": iso8601(self.start),
            "length": seconds(self.length),
            "heard": if self.inferred { "inferred" } else { "recorded" },
            "torn": self.torn,
            "phones": self.phones.iter().map(phone).collect::<Vec<_>>(),
        })
    }
}

fn phone(phone: &Phone) -> Value {
    let heard = phone.heard.iter().map(|heard| {
        json!({
            "from": seconds(heard.span.from),
            "to": seconds(heard.span.to),
            "kind": heard.kind.name(),
        })
    });
    json!({
        "address": phone.address.to_string(),
        "name": phone.name,
        "connected": spans(&phone.connected),
        "streaming": spans(&phone.streaming),
        "voice": spans(&phone.voice),
        "heard": heard.collect::<Vec<_>>(),
    })
}

fn spans(spans: &[Span]) -> Vec<[f64; 2]> {
    spans.iter().map(|span| [seconds(span.from), seconds(span.to)]).collect()
}

/// To the microsecond, which is what captures hold.
fn seconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e6
}
