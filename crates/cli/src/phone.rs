//! How phones, and what else others say, are written for a person.

use std::collections::BTreeMap;

use serde_json::Value;

/// A text that came from outside, safe for a terminal: control characters become spaces.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// A JSON value as a word: texts without quotation marks.
pub(crate) fn word(value: &Value) -> String {
    match value {
        Value::String(text) => clean(text),
        other => other.to_string(),
    }
}

/// The phones' names by address, as far as they are known.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeMap<String, String>);

impl Names {
    /// Learns from a status, a snapshot, or an event.
    pub(crate) fn learn(&mut self, fields: &Value) {
        let mut learn = |address: &Value, name: &Value| {
            if let (Some(address), Some(name)) = (address.as_str(), name.as_str())
                && !name.is_empty()
            {
                self.0.insert(address.into(), clean(name));
            }
        };
        // A call's name is that of whom it is with.
        if fields["event"] != "call" {
            learn(&fields["phone"], &fields["name"]);
        }
        for phone in fields["phones"].as_array().into_iter().flatten() {
            learn(&phone["address"], &phone["name"]);
        }
    }

    /// A phone's name, else its address.
    pub(crate) fn of(&self, address: &Value) -> String {
        let address = address.as_str().unwrap_or("?");
        self.0.get(address).cloned().unwrap_or_else(|| clean(address))
    }

    /// Who is heard: `Ann's phone (media)`, several with commas, `nobody`.
    pub(crate) fn heard(&self, sources: &Value) -> String {
        let sources = sources.as_array().map(Vec::as_slice).unwrap_or_default();
        let names = sources
            .iter()
            .map(|source| format!("{} ({})", self.of(&source["phone"]), word(&source["kind"])));
        let names: Vec<String> = names.collect();
        if names.is_empty() { "nobody".into() } else { names.join(", ") }
    }
}

/// Whom a call is with, as far as that is known: `Mum (123)`.
pub(crate) fn other_end(call: &Value) -> String {
    let told = |name: &str| call[name].as_str().map(clean).filter(|text| !text.is_empty());
    match (told("name"), told("number")) {
        (Some(name), Some(number)) => format!("{name} ({number})"),
        (Some(text), None) | (None, Some(text)) => text,
        (None, None) => "an unknown number".into(),
    }
}

/// Lines up columns with two spaces between them.
pub(crate) fn columns(rows: &[Vec<String>]) -> Vec<String> {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..count).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}  "));
        cells.collect::<String>().trim_end().to_string()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_cannot_command_the_terminal() {
        assert_eq!(clean("\u{1b}[2Jphone\n\u{9b}1m"), " [2Jphone  1m");
    }

    #[test]
    fn names_are_learnt_and_used() {
        let mut names = Names::default();
        assert_eq!(names.of(&json!("A")), "A");
        names.learn(&json!({ "phones": [{ "address": "A", "name": "Ann" }, { "address": "B" }] }));
        names.learn(&json!({ "phone": "B", "name": "" }));
        let sources = json!([{ "phone": "A", "kind": "media" }, { "phone": "B", "kind": "call" }]);
        assert_eq!(names.heard(&sources), "Ann (media), B (call)");
        names.learn(&json!({ "event": "call", "phone": "B", "name": "Mum" }));
        assert_eq!(names.of(&json!("B")), "B");
        names.learn(&json!({ "event": "phone", "phone": "B", "name": "Bob" }));
        assert_eq!(names.of(&json!("B")), "Bob");
        assert_eq!(names.heard(&json!([])), "nobody");
    }

    #[test]
    fn columns_are_aligned() {
        let rows = [vec!["a".into(), "b".into()], vec!["näh".into(), "c".into()], vec!["d".into()]];
        assert_eq!(columns(&rows), ["a    b", "näh  c", "d"]);
    }
}
