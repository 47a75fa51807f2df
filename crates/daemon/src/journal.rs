//! What happens, as lines of the log: what an owner wants to read at `info`, the rest at `debug`.

use serde_json::Value;
use tandem::{Notice, Status, What};

/// Writes a notice into the log.
pub(crate) fn write(notice: &Notice, status: &Status) {
    if let What::Snapshot(status) = &notice.what {
        // It may have been opened before anybody could be told.
        if status.pairing {
            tracing::info!("pairing mode is open");
        }
        return;
    }
    let fields = notice.to_json();
    match (notice.name(), line(notice.name(), &fields, status)) {
        ("warning", Some(text)) => tracing::warn!("{text}"),
        (_, Some(text)) => tracing::info!("{text}"),
        (name, None) => tracing::debug!("{name} {fields}"),
    }
}

/// The sentence for an event, `None` for one that is for experts.
fn line(event: &str, fields: &Value, status: &Status) -> Option<String> {
    let text = |name: &str| fields[name].as_str().unwrap_or_default();
    let phone = |name: &str| called(text(name), status);
    Some(match event {
        "controller" if text("state") == "up" => {
            format!("the controller {} is up", text("address"))
        }
        "controller" => "the controller is lost".into(),
        "pairing" if fields["open"] == true => {
            format!("pairing mode is open for {} s", fields["seconds"])
        }
        "pairing" => "pairing mode is over".into(),
        "confirm" => confirm(fields, &phone("phone")),
        "paired" => format!("{} is paired", phone("phone")),
        "phone" => match text("reason") {
            "" => format!("{} is {}", phone("phone"), text("state")),
            reason => format!("{} is {} (reason {reason})", phone("phone"), text("state")),
        },
        "audible" => match fields["phones"].as_array().map(Vec::as_slice) {
            None | Some([]) => "silence".into(),
            Some(sources) => {
                let names = sources.iter().map(|source| {
                    let kind = source["kind"].as_str().unwrap_or_default();
                    format!(
                        "{} ({kind})",
                        called(source["phone"].as_str().unwrap_or_default(), status)
                    )
                });
                format!("heard: {}", names.collect::<Vec<_>>().join(", "))
            }
        },
        // Whom it is with is nobody's business who reads a log.
        "call" => format!("{}: call {} is {}", phone("phone"), fields["index"], text("state")),
        "voice" if text("state") == "open" => {
            format!("{}: voice is open ({})", phone("phone"), text("codec"))
        }
        "voice" => format!("{}: voice is closed", phone("phone")),
        "evicted" => format!("{} gives its seat to {}", phone("phone"), phone("by")),
        "lost" => format!("the log missed {} events", fields["count"]),
        "warning" => text("text").into(),
        _ => return None,
    })
}

/// What a phone that pairs waits for, and the command that answers it.
fn confirm(fields: &Value, phone: &str) -> String {
    let address = fields["phone"].as_str().unwrap_or_default();
    let passkey = fields["passkey"].as_u64().unwrap_or_default();
    match fields["kind"].as_str() {
        Some("compare") => {
            format!("{phone} wants to pair and shows {passkey:06}: tandem confirm {address}")
        }
        Some("display") => format!("{phone} wants to pair: type {passkey:06} on it"),
        Some("enter") => format!(
            "{phone} wants to pair and shows six digits: tandem confirm {address} --passkey N"
        ),
        _ => format!("{phone} wants to pair: tandem confirm {address}"),
    }
}

/// A phone's name and address, as far as known.
fn called(address: &str, status: &Status) -> String {
    let known = address.parse().ok().and_then(|address| status.phones.get(&address));
    match known.map(|phone| phone.name.as_str()) {
        Some(name) if !name.is_empty() => format!("{name} ({address})"),
        _ => address.into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tandem::status::Phone;

    use super::*;

    #[test]
    fn events_are_told_in_sentences() {
        let mut status = Status::default();
        let name = Phone { name: "Ann's phone".into(), ..Phone::default() };
        status.phones.insert("AA:BB:CC:DD:EE:FF".parse().unwrap(), name);
        let a = "AA:BB:CC:DD:EE:FF";
        let line = |event: &str, fields: Value| line(event, &fields, &status);
        let said = |event: &str, fields: Value| line(event, fields).unwrap();
        assert_eq!(
            said("phone", json!({ "phone": a, "state": "connected" })),
            "Ann's phone (AA:BB:CC:DD:EE:FF) is connected"
        );
        assert_eq!(
            said(
                "phone",
                json!({ "phone": "00:00:00:00:00:01", "state": "disconnected", "reason": "0x13" })
            ),
            "00:00:00:00:00:01 is disconnected (reason 0x13)"
        );
        assert_eq!(said("audible", json!({ "phones": [] })), "silence");
        assert_eq!(
            said("audible", json!({ "phones": [{ "phone": a, "kind": "media", "gain": 1.0 }] })),
            "heard: Ann's phone (AA:BB:CC:DD:EE:FF) (media)"
        );
        assert_eq!(
            said("confirm", json!({ "phone": a, "kind": "compare", "passkey": 42 })),
            "Ann's phone (AA:BB:CC:DD:EE:FF) wants to pair and shows 000042: \
             tandem confirm AA:BB:CC:DD:EE:FF"
        );
        assert_eq!(
            said("confirm", json!({ "phone": a, "kind": "display", "passkey": 42 })),
            "Ann's phone (AA:BB:CC:DD:EE:FF) wants to pair: type 000042 on it"
        );
        assert!(said("confirm", json!({ "phone": a, "kind": "enter" })).ends_with("--passkey N"));
        let call = json!({ "phone": a, "index": 1, "state": "incoming", "number": "123" });
        assert_eq!(said("call", call), "Ann's phone (AA:BB:CC:DD:EE:FF): call 1 is incoming");
        assert!(
            said("voice", json!({ "phone": a, "state": "open", "codec": "msbc" })).contains("msbc")
        );
        assert_eq!(line("link", json!({ "phone": a })), None);
    }
}
