//! The timeline as JSON:
//!
//! ```text
//! { "start": "2026-11-21T05:31:02.250Z", "length": 42.5, "heard": "recorded" | "inferred", "torn": false,
//!   "phones": [{ "address", "name" | null, "connected": [[from, to]…], "lost": […], "paged": […],
//!                "streaming": […], "ringing": […], "talking": […], "voice": […], "heard": [{ "from", "to", "kind" }…] }…],
//!   "switches": [{ "at", "heard", "ours", "phones" | null, "from": [{ "phone", "kind" }…], "to": […] }…] }
//! ```
//! Times are seconds from the capture's first record; `ours` and `phones` are lengths of time in seconds, see
//! [`Switch`].

use std::time::Duration;

use serde_json::{Value, json};

use super::{Phone, Span, Switch, Timeline, iso8601};
use crate::note::Audible;

impl Timeline {
    /// The timeline as a JSON value.
    pub fn to_json(&self) -> Value {
        json!({
            "start": iso8601(self.start),
            "length": seconds(self.length),
            "heard": if self.inferred { "inferred" } else { "recorded" },
            "torn": self.torn,
            "phones": self.phones.iter().map(phone).collect::<Vec<_>>(),
            "switches": self.switches.iter().map(switch).collect::<Vec<_>>(),
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
        "lost": spans(&phone.lost),
        "paged": spans(&phone.paged),
        "streaming": spans(&phone.streaming),
        "ringing": spans(&phone.ringing),
        "talking": spans(&phone.talking),
        "voice": spans(&phone.voice),
        "heard": heard.collect::<Vec<_>>(),
    })
}

fn switch(switch: &Switch) -> Value {
    let audible = |audible: &[Audible]| {
        let each = audible.iter();
        each.map(|one| json!({ "phone": one.phone.to_string(), "kind": one.kind.name() }))
            .collect::<Vec<_>>()
    };
    json!({
        "at": seconds(switch.at),
        "heard": seconds(switch.heard),
        "ours": seconds(switch.ours),
        "phones": switch.phones.map(seconds),
        "from": audible(&switch.from),
        "to": audible(&switch.to),
    })
}

fn spans(spans: &[Span]) -> Vec<[f64; 2]> {
    spans.iter().map(|span| [seconds(span.from), seconds(span.to)]).collect()
}

/// To the microsecond, which is what captures hold.
fn seconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e6
}
