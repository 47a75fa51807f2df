//! The configuration file: TOML, read with the line of every value.
//!
//! `sound` is a key and the start of others. TOML has no file with both `sound = "…"` and `[sound]`,
//! so such keys are written with quotation marks then: `"sound.rate" = 44100`.

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
        let line = |at: usize| Some(1 + text.bytes().take(at).filter(|b| *b == b'\n').count());
        let table = DeTable::parse(text).map_err(|error| ConfigError {
            file: None,
            line: error.span().and_then(|span| line(span.start)),
            key: None,
            reason: error.message().into(),
        })?;
        let mut fresh = self.clone();
        fresh.read_table("", table.get_ref(), &line)?;
        *self = fresh;
        Ok(())
    }

    fn read_table(
        &mut self,
        prefix: &str,
        table: &DeTable<'_>,
        line: &dyn Fn(usize) -> Option<usize>,
    ) -> Result<(), ConfigError> {
        for (key, value) in table {
            let name = format!("{prefix}{}", key.get_ref());
            match value.get_ref() {
                DeValue::Table(phones) if name == "phone" => self.read_phones(phones, line),
                DeValue::Table(inner) => self.read_table(&format!("{name}."), inner, line),
                plain => self.set_value(&name, plain).map_err(|error| at(error, key, line)),
            }?;
        }
        Ok(())
    }

    fn read_phones(
        &mut self,
        phones: &DeTable<'_>,
        line: &dyn Fn(usize) -> Option<usize>,
    ) -> Result<(), ConfigError> {
        for (address, keys) in phones {
            let Some(keys) = keys.get_ref().as_table() else {
                let name = format!("phone.{}", address.get_ref());
                let reason = "must be a table: [phone.\"AA:BB:CC:DD:EE:FF\"]";
                return Err(at(ConfigError::new(&name, reason), address, line));
            };
            for (key, value) in keys {
                self.set_phone(address.get_ref(), key.get_ref(), value.get_ref())
                    .map_err(|error| at(error, key, line))?;
            }
        }
        Ok(())
    }
}

fn at<T>(
    error: ConfigError,
    place: &Spanned<T>,
    line: &dyn Fn(usize) -> Option<usize>,
) -> ConfigError {
    ConfigError { line: error.line.or_else(|| line(place.span().start)), ..error }
}
