//! `tandem status`.

use std::io::Write;

use serde_json::{Value, json};

use crate::client::Client;
use crate::failure::Failure;
use crate::phone::{Names, clean, columns, other_end, word};

pub(crate) fn run(client: &mut Client, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let status = client.call("Status", json!({}))?;
    if json {
        writeln!(out, "{status:#}")?;
        return Ok(());
    }
    for line in lines(&status) {
        writeln!(out, "{line}")?;
    }
    let settings: Vec<Vec<String>> = status["settings"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| vec![format!("  {key}"), word(value)])
        .collect();
    if !settings.is_empty() {
        writeln!(out, "Settings:")?;
    }
    for line in columns(&settings) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// The receiver, who is heard, and the phones.
pub(crate) fn lines(status: &Value) -> Vec<String> {
    let mut names = Names::default();
    names.learn(status);
    let controller = &status["controller"];
    let state = match controller["state"].as_str() {
        Some("up") => "up",
        _ => "lost, waiting for it",
    };
    let pairing = if controller["pairing"] == true { ", open for pairing" } else { "" };
    let mut lines = vec![
        format!(
            "{} on controller {}: {state}{pairing}",
            word(&controller["name"]),
            word(&controller["address"])
        ),
        format!("Heard: {}", names.heard(&status["audible"])),
    ];
    let phones = status["phones"].as_array().map(Vec::as_slice).unwrap_or_default();
    if phones.is_empty() {
        lines.push("No phones yet: tandem pair".into());
        return lines;
    }
    lines.push("Phones:".into());
    let rows: Vec<Vec<String>> =
        phones.iter().map(|phone| row(phone, &names, &status["audible"])).collect();
    // Each phone's own line, its meters and its calls under it.
    for (line, phone) in columns(&rows).into_iter().zip(phones) {
        lines.push(line);
        lines.extend(meters(&phone["meters"]));
        lines.extend(about_calls(phone));
    }
    lines
}

/// How loud a phone's media and voice come, and how well.
fn meters(meters: &Value) -> Vec<String> {
    let rows = ["media", "voice"].into_iter().filter_map(|kind| {
        let meter = meters[kind].as_object()?;
        let figure = |name: &str, digits| match meter.get(name).and_then(Value::as_f64) {
            Some(value) => format!("{value:.digits$}"),
            None => "?".into(),
        };
        let db = meter.get("peak_db").and_then(Value::as_f64);
        Some(vec![
            format!("    {kind}"),
            format!("[{}]", bar(db)),
            db.map_or_else(|| "silent".into(), |db| format!("{db:5.1} dB")),
            format!("buffer {:>3} ms", figure("buffer_ms", 0)),
            format!("jitter {:>5} ms", figure("jitter_ms", 2)),
            format!("drift {:>4} ppm", figure("drift_ppm", 0)),
        ])
    });
    columns(&rows.collect::<Vec<_>>())
}

/// A level as a bar: a mark for each 3 dB above -60.
fn bar(db: Option<f64>) -> String {
    let marks = db.map_or(0, |db| (20.0 + db / 3.0).round().clamp(0.0, 20.0) as usize);
    format!("{:<20}", "#".repeat(marks))
}

/// A phone's calls, its voice link, battery and network, where it tells of them.
fn about_calls(phone: &Value) -> Vec<String> {
    let calls = phone["calls"].as_array().into_iter().flatten();
    let mut lines: Vec<String> = calls
        .map(|call| {
            let (index, state) = (word(&call["index"]), word(&call["state"]));
            format!("    call {index}: {state}, {}", other_end(call))
        })
        .collect();
    let number = |name: &str| phone[name].as_u64();
    let told = [
        phone["voice"].as_str().map(|codec| format!("voice {}", clean(codec))),
        number("battery").map(|percent| format!("battery {percent} %")),
        match (&phone["service"], number("signal")) {
            (Value::Bool(false), _) => Some("no network".into()),
            (_, bars) => bars.map(|bars| format!("signal {bars} of 5")),
        },
        (phone["roaming"] == true).then(|| "roaming".into()),
        phone["volume"]["call"].as_u64().map(|percent| format!("calls at {percent} %")),
    ];
    let told: Vec<String> = told.into_iter().flatten().collect();
    if !told.is_empty() {
        lines.push(format!("    {}", told.join(", ")));
    }
    lines
}

fn row(phone: &Value, names: &Names, audible: &Value) -> Vec<String> {
    let heard = audible.as_array().into_iter().flatten().any(|s| s["phone"] == phone["address"]);
    let state = match (phone["connected"] == true, phone["bonded"] == true) {
        (true, true) => "connected",
        (true, false) => "connected, not paired",
        (false, _) => "away",
    };
    let media = match phone["media"]["state"].as_str() {
        Some(state) => format!("{state} {}", word(&phone["media"]["codec"])),
        None => "-".into(),
    };
    let volume = phone["volume"]["media"].as_u64().map(|percent| format!("{percent} %"));
    let signal = phone["rssi"].as_i64().map(|rssi| format!("{rssi} dB"));
    vec![
        format!("{} {}", if heard { ">" } else { " " }, names.of(&phone["address"])),
        word(&phone["address"]),
        state.into(),
        media,
        signal.unwrap_or_default(),
        volume.unwrap_or_default(),
        track(&phone["track"]).unwrap_or_default(),
    ]
}

/// A track for a person: who, what, how long.
pub(crate) fn track(track: &Value) -> Option<String> {
    let told = ["artist", "title"].map(|name| clean(track[name].as_str().unwrap_or_default()));
    let texts: Vec<&str> =
        told.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
    let duration = track["duration_ms"].as_u64().filter(|ms| *ms > 0);
    let duration = duration.map_or_else(String::new, |ms| format!(" ({})", minutes(ms)));
    (!texts.is_empty()).then(|| format!("{}{duration}", texts.join(": ")))
}

/// Milliseconds as minutes and seconds.
pub(crate) fn minutes(ms: u64) -> String {
    format!("{}:{:02}", ms / 60_000, ms / 1000 % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_phones_are_told_in_columns() {
        let status = json!({
            "controller": {
                "state": "up", "address": "00:00:00:00:00:01", "name": "Kitchen", "pairing": true,
            },
            "phones": [
                { "address": "AA:BB:CC:DD:EE:FF", "name": "Ann", "bonded": true, "connected": true,
                  "media": { "state": "playing", "codec": "sbc" }, "rssi": -3, "volume": { "media": 50 },
                  "meters": { "media": { "peak_db": -6.1, "buffer_ms": 118, "jitter_ms": 1.5, "drift_ppm": -12 },
                              "voice": { "peak_db": null, "buffer_ms": 9, "jitter_ms": 0.07, "drift_ppm": 0 } },
                  "calls": [{ "index": 1, "state": "held", "number": "123", "name": "Mum" },
                            { "index": 2, "state": "incoming" }],
                  "voice": "msbc", "battery": 80, "signal": 4, "service": true, "roaming": true,
                  "track": { "title": "So What", "artist": "Miles", "album": "",
                             "duration_ms": 562_000 } },
                { "address": "AA:BB:CC:DD:EE:00", "name": "", "bonded": true, "connected": false },
            ],
            "audible": [{ "phone": "AA:BB:CC:DD:EE:FF", "kind": "media", "gain": 1.0 }],
        });
        assert_eq!(
            lines(&status),
            [
                "Kitchen on controller 00:00:00:00:00:01: up, open for pairing",
                "Heard: Ann (media)",
                "Phones:",
                "> Ann                AA:BB:CC:DD:EE:FF  connected  playing sbc  -3 dB  50 %  Miles: So What (9:22)",
                "    media  [##################  ]   -6.1 dB  buffer 118 ms  jitter  1.50 ms  drift  -12 ppm",
                "    voice  [                    ]  silent    buffer   9 ms  jitter  0.07 ms  drift    0 ppm",
                "    call 1: held, Mum (123)",
                "    call 2: incoming, an unknown number",
                "    voice msbc, battery 80 %, signal 4 of 5, roaming",
                "  AA:BB:CC:DD:EE:00  AA:BB:CC:DD:EE:00  away       -",
            ]
        );
        let empty = json!({ "controller": { "state": "lost" }, "phones": [], "audible": [] });
        assert!(lines(&empty).concat().contains("No phones yet"));
    }
}
