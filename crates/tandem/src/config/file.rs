//! The configuration file: TOML, read with the line of every value.
//!
//! `sound` is a key and the start of others. TOML has no file with both `sound = "…"` and `[sound]`,
//! so such keys are written with quotation marks then: `"sound.rate" = 44100`. The same goes for
//! `controller` and the table of a single one: `["controller.usb:0a12:0001"]`.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Config, ConfigError};

/// A configuration is at most so many bytes; whatever is larger is no configuration.
const MAX_FILE: u64 = 1 << 20;

impl Config {
    /// Reads a file over this configuration. On an error nothing of the file counts.
    pub fn read(&mut self, file: &Path) -> Result<(), ConfigError> {
        let fail =
            |reason: String| ConfigError { file: Some(file.into()), line: None, key: None, reason };
        let size = std::fs::metadata(file).map_err(|e| fail(e.to_string()))?.len();
        if size > MAX_FILE {
            return Err(fail(format!("is larger than {MAX_FILE} bytes; is it the right file?")));
        }
        let text = std::fs::read_to_string(file).map_err(|e| fail(e.to_string()))?;
        self.read_text(&text).map_err(|error| ConfigError { file: Some(file.into()), ..error })
    }

    /// Reads TOML text over this configuration. On an error nothing of the text counts.
    pub fn read_text(&mut self, text: &str) -> Result<(), ConfigError> {
        let source = Source(text);
        let table = DeTable::parse(text).map_err(|error| ConfigError {
            file: None,
            line: error.span().and_then(|span| source.line(span.start)),
            key: None,
            reason: error.message().into(),
        })?;
        let mut fresh = self.clone();
        fresh.read_table("", table.get_ref(), &source)?;
        *self = fresh;
        Ok(())
    }

    fn read_table(
        &mut self,
        prefix: &str,
        table: &DeTable<'_>,
        source: &Source<'_>,
    ) -> Result<(), ConfigError> {
        for (key, value) in table {
            let name = format!("{prefix}{}", key.get_ref());
            let controller = name.strip_prefix("controller.");
            match (value.get_ref(), controller) {
                (DeValue::Table(phones), _) if name == "phone" => self.read_phones(phones, source),
                (DeValue::Table(keys), Some(spec)) => self.read_controller(spec, "", keys, source),
                (DeValue::Table(inner), None) => {
                    self.read_table(&format!("{name}."), inner, source)
                }
                (plain, _) => self.set_value(&name, plain).map_err(|error| source.at(error, key)),
            }?;
        }
        Ok(())
    }

    fn read_phones(
        &mut self,
        phones: &DeTable<'_>,
        source: &Source<'_>,
    ) -> Result<(), ConfigError> {
        for (address, keys) in phones {
            let Some(keys) = keys.get_ref().as_table() else {
                let name = format!("phone.{}", address.get_ref());
                let reason = "must be a table: [phone.\"AA:BB:CC:DD:EE:FF\"]";
                return Err(source.at(ConfigError::new(&name, reason), address));
            };
            for (key, value) in keys {
                self.set_phone(address.get_ref(), key.get_ref(), value.get_ref())
                    .map_err(|error| source.at(error, key))?;
            }
        }
        Ok(())
    }

    /// Reads the table of one controller, and keeps it until it is known which one is used.
    fn read_controller(
        &mut self,
        spec: &str,
        prefix: &str,
        keys: &DeTable<'_>,
        source: &Source<'_>,
    ) -> Result<(), ConfigError> {
        for (key, value) in keys {
            let name = format!("{prefix}{}", key.get_ref());
            if let DeValue::Table(inner) = value.get_ref() {
                self.read_controller(spec, &format!("{name}."), inner, source)?;
                continue;
            }
            // A mistake is one whether or not this controller is used.
            let checked = match name.as_str() {
                "controller" => Err(ConfigError::new(&name, "is what the table is for")),
                _ => self.clone().set_value(&name, value.get_ref()),
            };
            checked.map_err(|error| source.at(error, key))?;
            let text = source.0.get(value.span()).unwrap_or_default().to_string();
            self.controllers.entry(spec.into()).or_default().insert(name, text);
        }
        Ok(())
    }
}

/// The text, where lines are found.
struct Source<'a>(&'a str);

impl Source<'_> {
    /// The line of a position, from 1.
    fn line(&self, at: usize) -> Option<usize> {
        Some(1 + self.0.bytes().take(at).filter(|byte| *byte == b'\n').count())
    }

    fn at<T>(&self, error: ConfigError, place: &Spanned<T>) -> ConfigError {
        ConfigError { line: error.line.or_else(|| self.line(place.span().start)), ..error }
    }
}
