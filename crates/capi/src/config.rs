//! `tandem_config`: what a receiver is opened with.

use std::ffi::c_char;
use std::path::Path;

use crate::answer::{Status, guard, guard_value};
use crate::audio::Callback;
use crate::pointer::{borrow_mut, give, take, text};

/// What a receiver is opened with.
#[derive(Debug)]
pub struct Config {
    pub(crate) keys: tandem::Config,
    pub(crate) canceller: Option<Callback>,
}

/// A configuration with every key at its default. Free it with tandem_config_free.
#[unsafe(no_mangle)]
pub extern "C" fn tandem_config_new() -> *mut Config {
    guard_value(std::ptr::null_mut(), || {
        Ok(give(Config { keys: tandem::Config::default(), canceller: None }))
    })
}

/// Sets a key, for example "controller" to "usb", "sound" to "null" or "seats" to "3". The keys are
/// those of the configuration file; those of its tables are written with dots, as "sound.rate" or
/// "phone.AA:BB:CC:DD:EE:FF.takeover". The value is text, or a TOML value. On
/// TANDEM_STATUS_BAD_VALUE the configuration is as before.
///
/// # Safety
/// `config` is from tandem_config_new; `key` and `value` end with a zero byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_config_set(
    config: *mut Config,
    key: *const c_char,
    value: *const c_char,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (config, key, value) =
            unsafe { (borrow_mut(config, "config")?, text(key, "key")?, text(value, "value")?) };
        // A mistake in a phone's table is found when the table stands already.
        let mut fresh = config.keys.clone();
        fresh.set(key, value)?;
        config.keys = fresh;
        Ok(())
    })
}

/// Reads a configuration file over this configuration. On TANDEM_STATUS_BAD_VALUE, which the file's
/// absence is too, tandem_last_error names the line and the key, and the configuration is as before.
///
/// # Safety
/// `config` is from tandem_config_new; `file` ends with a zero byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_config_read(config: *mut Config, file: *const c_char) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (config, file) = unsafe { (borrow_mut(config, "config")?, text(file, "file")?) };
        Ok(config.keys.read(Path::new(file))?)
    })
}

/// Frees a configuration; null is nothing to free. A receiver that was opened with it goes on.
///
/// # Safety
/// `config` is from tandem_config_new and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_config_free(config: *mut Config) {
    guard(|| {
        // SAFETY: the caller's promise.
        drop(unsafe { take(config, "config") }?);
        Ok(())
    });
}
