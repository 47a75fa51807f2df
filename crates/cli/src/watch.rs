//! `tandem watch`.

use std::io::Write;

use serde_json::Value;

use crate::client::Client;
use crate::failure::Failure;
use crate::phone::{Names, other_end, word};
use crate::status;

pub(crate) fn run(client: &mut Client, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    client.watch()?;
    let mut names = Names::default();
    loop {
        let Some(event) = client.event(None)? else { continue };
        names.learn(&event);
        if json {
            writeln!(out, "{event}")?;
        } else {
            writeln!(out, "{}", line(&event, &names))?;
        }
        // Whoever reads wants to see it when it happens.
        out.flush()?;
    }
}

/// An event for a person: the time of day (UTC) and what happened.
pub(crate) fn line(event: &Value, names: &Names) -> String {
    let time = event["time"].as_str().and_then(|time| time.get(11..23)).unwrap_or("--:--:--.---");
    format!("{time}  {}", sentence(event, names))
}

fn sentence(event: &Value, names: &Names) -> String {
    let phone = || names.of(&event["phone"]);
    let field = |name: &str| word(&event[name]);
    match event["event"].as_str().unwrap_or_default() {
        "snapshot" => status::lines(event).join("\n              "),
        "lost" => format!("({} events were missed)", field("count")),
        "controller" => format!("controller {} {}", field("address"), field("state")),
        "pairing" if event["open"] == true => format!("open for pairing, {} s", field("seconds")),
        "pairing" => "closed for pairing".into(),
        "confirm" => confirm(event, &phone()),
        "paired" => format!("{} paired", phone()),
        "phone" => match &event["reason"] {
            Value::Null => format!("{} {}", phone(), field("state")),
            reason => format!("{} {}, reason {}", phone(), field("state"), word(reason)),
        },
        "profile" => {
            let state = if event["up"] == true { "up" } else { "down" };
            format!("{} {} {state}", phone(), field("profile"))
        }
        "stream" => format!(
            "{} stream {} ({} {} Hz, {} channels)",
            phone(),
            field("state"),
            field("codec"),
            field("rate"),
            field("channels")
        ),
        "audible" => format!("heard: {}", names.heard(&event["phones"])),
        "track" => match status::track(event) {
            Some(track) => format!("{} has {track}", phone()),
            None => format!("{} has no track", phone()),
        },
        "playback" => match event["position_ms"].as_u64() {
            Some(position) => {
                format!("{} {} at {}", phone(), field("status"), status::minutes(position))
            }
            None => format!("{} {}", phone(), field("status")),
        },
        "volume" => format!("{} {} volume {} %", phone(), field("kind"), field("percent")),
        "call" => call(event, &phone()),
        "voice" if event["state"] == "open" => {
            format!("{} voice open ({})", phone(), field("codec"))
        }
        "voice" => format!("{} voice {}", phone(), field("state")),
        "indicator" => indicator(event, &phone()),
        "order" => format!("{} is told: {}", phone(), field("order")),
        "evicted" => format!("{} gives its seat to {}", phone(), names.of(&event["by"])),
        "warning" => format!("warning: {}", field("text")),
        "done" => match event["result"].as_str() {
            Some("Ok") => format!("command {} is done", field("ticket")),
            _ => format!("command {} failed: {}", field("ticket"), field("result")),
        },
        other => format!("{}{}", word(&other.into()), rest(event)),
    }
}

fn call(event: &Value, phone: &str) -> String {
    let (with, index) = (other_end(event), word(&event["index"]));
    match event["state"].as_str() {
        Some("incoming") => format!("{phone} rings: {with} (call {index})"),
        Some("outgoing") => format!("{phone} calls {with} (call {index})"),
        Some("active") => format!("{phone} speaks with {with} (call {index})"),
        Some("held") => format!("{phone} holds {with} (call {index})"),
        _ => format!("{phone} call with {with} is over (call {index})"),
    }
}

fn indicator(event: &Value, phone: &str) -> String {
    let value = event["value"].as_u64().unwrap_or_default();
    match (event["indicator"].as_str(), value) {
        (Some("battery"), percent) => format!("{phone} battery {percent} %"),
        (Some("signal"), bars) => format!("{phone} signal {bars} of 5"),
        (Some("service"), 0) => format!("{phone} has no network"),
        (Some("service"), _) => format!("{phone} has a network"),
        (Some("roaming"), 0) => format!("{phone} is in its own network"),
        (Some("roaming"), _) => format!("{phone} roams"),
        _ => format!("{phone} {} {value}", word(&event["indicator"])),
    }
}

fn confirm(event: &Value, phone: &str) -> String {
    let passkey = event["passkey"].as_u64().unwrap_or_default();
    match event["kind"].as_str() {
        Some("compare") => {
            format!(
                "{phone} wants to pair and shows {passkey:06}: tandem confirm {}",
                word(&event["phone"])
            )
        }
        Some("display") => format!("type {passkey:06} on {phone}"),
        Some("enter") => format!(
            "{phone} shows six digits: tandem confirm {} --passkey N",
            word(&event["phone"])
        ),
        _ => format!("{phone} wants to pair: tandem confirm {}", word(&event["phone"])),
    }
}

/// The fields of an event that has no sentence.
fn rest(event: &Value) -> String {
    let fields = event.as_object().into_iter().flatten();
    fields
        .filter(|(name, _)| !["seq", "t", "time", "event"].contains(&name.as_str()))
        .map(|(name, value)| format!(" {}={}", word(&name.as_str().into()), word(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_a_line_with_its_time() {
        let mut names = Names::default();
        let time = "2026-11-21T05:31:02.250125Z";
        let mut said = |event: Value| {
            names.learn(&event);
            line(&event, &names)
        };
        assert_eq!(
            said(
                json!({ "event": "phone", "time": time, "phone": "A", "name": "Ann", "state": "connected" })
            ),
            "05:31:02.250  Ann connected"
        );
        assert_eq!(
            said(
                json!({ "event": "audible", "time": time, "phones": [{ "phone": "A", "kind": "media" }] })
            ),
            "05:31:02.250  heard: Ann (media)"
        );
        assert_eq!(
            said(
                json!({ "event": "confirm", "time": time, "phone": "A", "kind": "compare", "passkey": 42 })
            ),
            "05:31:02.250  Ann wants to pair and shows 000042: tandem confirm A"
        );
        assert_eq!(
            said(json!({ "event": "done", "time": time, "ticket": 7, "result": "TimedOut" })),
            "05:31:02.250  command 7 failed: TimedOut"
        );
        let mut tail = |event: Value| said(event)[14..].to_string();
        let call = |state: &str| {
            let with = ("123", "Mum");
            json!({ "event": "call", "phone": "A", "index": 1, "state": state, "number": with.0, "name": with.1 })
        };
        assert_eq!(tail(call("incoming")), "Ann rings: Mum (123) (call 1)");
        assert_eq!(tail(call("active")), "Ann speaks with Mum (123) (call 1)");
        assert_eq!(
            tail(json!({ "event": "call", "phone": "A", "index": 2, "state": "ended" })),
            "Ann call with an unknown number is over (call 2)"
        );
        assert_eq!(
            tail(json!({ "event": "voice", "phone": "A", "state": "open", "codec": "msbc" })),
            "Ann voice open (msbc)"
        );
        let indicator = |name: &str, value: u8| json!({ "event": "indicator", "phone": "A", "indicator": name, "value": value });
        assert_eq!(tail(indicator("battery", 80)), "Ann battery 80 %");
        assert_eq!(tail(indicator("signal", 4)), "Ann signal 4 of 5");
        assert_eq!(tail(indicator("service", 0)), "Ann has no network");
        assert_eq!(
            said(json!({ "event": "new\u{1b}", "seq": 1, "x": "y\u{1b}" })),
            "--:--:--.---  new  x=y "
        );
    }
}
