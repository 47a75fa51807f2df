//! The verbs that are one call.

use std::io::Write;

use serde_json::{Value, json};

use crate::arguments::Verb;
use crate::calls;
use crate::client::Client;
use crate::failure::Failure;
use crate::phone::word;

pub(crate) fn run(verb: &Verb, client: &mut Client, out: &mut dyn Write) -> Result<(), Failure> {
    if let Some((method, parameters)) = call(verb) {
        client.call(method, parameters)?;
    }
    if let Verb::Pair { seconds } = verb {
        let status = client.call("Status", json!({}))?;
        let name = word(&status["controller"]["name"]);
        let seconds =
            seconds.map_or_else(|| word(&status["settings"]["pairing.seconds"]), |s| s.to_string());
        writeln!(out, "Open for pairing for {seconds} s: choose \"{name}\" on the phone.")?;
    }
    Ok(())
}

/// The call that a verb is, `None` for those that are more than a call.
fn call(verb: &Verb) -> Option<(&'static str, Value)> {
    Some(match verb {
        Verb::Pair { seconds } => ("Pair", json!({ "seconds": seconds })),
        Verb::StopPairing => ("StopPairing", json!({})),
        Verb::Confirm { phone, reject, passkey } => {
            ("Confirm", json!({ "phone": phone, "accept": !reject, "passkey": passkey }))
        }
        Verb::Connect { phone } => ("Connect", json!({ "phone": phone })),
        Verb::Disconnect { phone } => ("Disconnect", json!({ "phone": phone })),
        Verb::Forget { phone } => ("Forget", json!({ "phone": phone })),
        Verb::Play { phone } => media("play", phone),
        Verb::Pause { phone } => media("pause", phone),
        Verb::PlayPause { phone } => media("play_pause", phone),
        Verb::Stop { phone } => media("stop", phone),
        Verb::Next { phone } => media("next", phone),
        Verb::Previous { phone } => media("previous", phone),
        Verb::Volume { percent, phone, call } => {
            let kind = if *call { "call" } else { "media" };
            ("Volume", json!({ "percent": percent, "kind": kind, "phone": phone }))
        }
        Verb::Set { key, value, phone } => {
            ("Set", json!({ "key": key, "value": value, "phone": phone }))
        }
        Verb::Calls(verb) => return Some(calls::call(verb)),
        Verb::Status { .. }
        | Verb::Watch { .. }
        | Verb::Top
        | Verb::Capture { .. }
        | Verb::Demo { .. }
        | Verb::Probe { .. }
        | Verb::Timeline { .. }
        | Verb::Replay { .. }
        | Verb::ImportBonds { .. }
        | Verb::Completions { .. }
        | Verb::Man { .. } => return None,
    })
}

fn media(action: &str, phone: &Option<String>) -> (&'static str, Value) {
    ("Media", json!({ "action": action, "phone": phone }))
}
