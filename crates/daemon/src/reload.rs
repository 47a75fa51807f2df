//! SIGHUP: reads the configuration file again and applies what may change while the receiver runs.
//!
//! What the command line set stays, and what `Set` changed counts until the file's value changes. A key
//! that was taken out of the file keeps its value until the next start. A file with a mistake
//! changes nothing.

use std::collections::BTreeMap;
use std::path::Path;

use tandem::{Address, Handle, Refusal};

use crate::arguments::{Arguments, Mistake};
use crate::log;

/// The file's keys and values as they counted last.
pub(crate) struct Reload {
    arguments: Arguments,
    /// Which controller is used, until the next start.
    controller: String,
    values: Values,
}

type Values = BTreeMap<Key, String>;

/// A key, of a phone or of the receiver.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    phone: Option<String>,
    name: String,
}

/// What becomes of a key whose value changed.
#[derive(Debug, PartialEq, Eq)]
struct Change {
    key: Key,
    /// Absent: the key was taken out.
    value: Option<String>,
}

impl Reload {
    /// Remembers the file as it is, which has just been read.
    pub(crate) fn new(arguments: &Arguments) -> Self {
        let controller = arguments.configuration().map(|config| config.controller);
        let controller = controller.unwrap_or_default();
        let file = arguments.config.as_deref();
        let values = file.map(|file| read(file, &controller)).unwrap_or_default();
        Reload { arguments: arguments.clone(), controller, values }
    }

    /// Reads the file again, and says what became of each change.
    pub(crate) fn apply(&mut self, handle: &Handle) {
        let Some(file) = self.arguments.config.clone() else {
            return tracing::info!("SIGHUP: there is no configuration file to read (--config)");
        };
        let changes = match self.changes(&file) {
            Ok(changes) => changes,
            Err(mistake) => {
                return tracing::error!("{mistake}; the configuration stays as it was");
            }
        };
        tracing::info!("{}: read again, {} changed", file.display(), changes.len());
        for change in changes {
            self.carry_out(handle, &change);
        }
    }

    fn changes(&mut self, file: &Path) -> Result<Vec<Change>, Mistake> {
        self.arguments.configuration()?;
        let values = read(file, &self.controller);
        let changes = difference(&self.values, &values);
        self.values = values;
        Ok(changes)
    }

    fn carry_out(&self, handle: &Handle, change: &Change) {
        let Change { key, value } = change;
        let Some(value) = value else {
            return tracing::warn!("{key}: taken out; its default counts at the next start");
        };
        if key.phone.is_none() && self.arguments.overrides(&key.name) {
            return tracing::warn!("{key}: stays as the command line sets it");
        }
        if *key == Key::of_receiver("log.level") {
            log::set(value.trim_matches('"'));
            return tracing::info!("{key}: now {value}");
        }
        let phone = key.phone.as_deref().and_then(|phone| phone.parse::<Address>().ok());
        match handle.set(&key.name, value, phone) {
            Ok(()) => tracing::info!("{key}: now {value}"),
            Err(error) if matches!(error.refusal, Refusal::Busy | Refusal::NotSupported) => {
                tracing::warn!("{key}: {value} counts at the next start");
            }
            Err(error) => tracing::error!("{key}: {value} does not count: {error}"),
        }
    }
}

impl Key {
    fn of_receiver(name: &str) -> Self {
        Key { phone: None, name: name.into() }
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.phone {
            None => f.write_str(&self.name),
            Some(phone) => write!(f, "phone.\"{phone}\".{}", self.name),
        }
    }
}

/// The keys and values of a file, those of this controller's table over the others; none of a file
/// that cannot be read, which was said elsewhere.
fn read(file: &Path, controller: &str) -> Values {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let mut values = Values::new();
    if let Ok(mut table) = text.parse::<toml::Table>() {
        let own = take_controllers(&mut table, controller);
        flatten("", &table, &mut values);
        flatten("", &own, &mut values);
    }
    values
}

/// Takes the tables of single controllers out, and gives that of this one.
fn take_controllers(table: &mut toml::Table, controller: &str) -> toml::Table {
    let mut own = toml::Table::new();
    let mut take = |spec: &str, keys: toml::Value| {
        if let (true, toml::Value::Table(keys)) = (spec == controller, keys) {
            own.extend(keys);
        }
    };
    if let Some(toml::Value::Table(_)) = table.get("controller")
        && let Some(toml::Value::Table(specs)) = table.remove("controller")
    {
        specs.into_iter().for_each(|(spec, keys)| take(&spec, keys));
    }
    table.retain(|name, keys| match name.strip_prefix("controller.") {
        Some(spec) => {
            take(spec, keys.clone());
            false
        }
        None => true,
    });
    own
}

fn flatten(prefix: &str, table: &toml::Table, values: &mut Values) {
    for (key, value) in table {
        let name = format!("{prefix}{key}");
        match value {
            toml::Value::Table(phones) if name == "phone" => {
                for (phone, keys) in phones {
                    for (key, value) in keys.as_table().into_iter().flatten() {
                        let key = Key { phone: Some(phone.clone()), name: key.clone() };
                        values.insert(key, value.to_string());
                    }
                }
            }
            toml::Value::Table(inner) => flatten(&format!("{name}."), inner, values),
            plain => {
                values.insert(Key::of_receiver(&name), plain.to_string());
            }
        }
    }
}

fn difference(old: &Values, new: &Values) -> Vec<Change> {
    let changed = new.iter().filter(|(key, value)| old.get(key) != Some(value));
    let changed = changed.map(|(key, value)| (key, Some(value.clone())));
    let gone = old.keys().filter(|key| !new.contains_key(key)).map(|key| (key, None));
    changed.chain(gone).map(|(key, value)| Change { key: key.clone(), value }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Values {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tandem.toml");
        std::fs::write(&file, text).unwrap();
        read(&file, "usb:1-2")
    }

    #[test]
    fn only_what_changed_is_applied() {
        let old = values(
            "name = \"A\"\nseats = 2\nblip_s = 1.5\n[pairing]\nseconds = 60\n\
             [phone.\"AA:BB:CC:DD:EE:FF\"]\ntakeover = true\n",
        );
        let new = values(
            "name = \"B\"\nseats = 2\n[pairing]\nseconds = 61\n\
             [phone.\"AA:BB:CC:DD:EE:FF\"]\ntakeover = false\n",
        );
        let said: Vec<(String, Option<String>)> = difference(&old, &new)
            .into_iter()
            .map(|change| (change.key.to_string(), change.value))
            .collect();
        let some = |value: &str| Some(value.to_string());
        assert_eq!(
            said,
            [
                ("name".to_string(), some("\"B\"")),
                ("pairing.seconds".into(), some("61")),
                ("phone.\"AA:BB:CC:DD:EE:FF\".takeover".into(), some("false")),
                ("blip_s".into(), None),
            ]
        );
        assert_eq!(difference(&new, &new), []);
    }

    #[test]
    fn the_table_of_the_controller_in_use_counts_and_no_other() {
        let read = |text: &str| -> Vec<(String, String)> {
            values(text).into_iter().map(|(key, value)| (key.to_string(), value)).collect()
        };
        let own = [("seats".to_string(), "4".to_string())];
        let tables =
            "seats = 2\n[controller.\"usb:1-2\"]\nseats = 4\n[controller.\"usb:9-9\"]\nseats = 5\n";
        assert_eq!(read(tables), own);
        let quoted =
            "seats = 2\n[\"controller.usb:1-2\"]\nseats = 4\n[\"controller.usb:9-9\"]\nseats = 5\n";
        assert_eq!(read(quoted), own);
        assert_eq!(read("controller = \"sim\"")[0].0, "controller");
    }

    #[test]
    fn a_file_with_a_mistake_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tandem.toml");
        std::fs::write(&file, "seats = 2\n").unwrap();
        let arguments = Arguments { config: Some(file.clone()), ..Arguments::default() };
        let mut reload = Reload::new(&arguments);
        std::fs::write(&file, "seats = 3\ntakeover = \"loudest\"\n").unwrap();
        let mistake = reload.changes(&file).unwrap_err().to_string();
        assert!(mistake.contains("tandem.toml:2"), "{mistake}");
        std::fs::write(&file, "seats = 3\n").unwrap();
        assert_eq!(reload.changes(&file).unwrap().len(), 1);
        assert_eq!(reload.changes(&file).unwrap(), []);
    }
}
