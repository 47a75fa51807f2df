//! What a receiver is started with: every key of the configuration file, of `--set`, and of the C
//! and Python faces, in one place.
//!
//! A value is checked when it is set, so that a mistake is named with its key (and, from a file,
//! its line) before anything starts.

mod change;
mod error;
mod file;
mod keys;
#[cfg(test)]
mod tests;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

pub use error::ConfigError;
pub use keys::{KEYS, Key, When};
use wire::Address;

/// The media codecs of this build, the preferred one first. AAC is, as iPhones have better sound for it
/// than for SBC.
const CODECS: &[host::Codec] =
    if cfg!(feature = "aac") { &[host::Codec::Aac, host::Codec::Sbc] } else { &[host::Codec::Sbc] };

/// The configuration of one receiver.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Which controller: `usb`, `tcp:HOST:PORT`, `unix:PATH`, `serial:/dev/ttyX@BAUD`, `sim` and so on.
    pub controller: String,
    /// Where sound goes: `pulse[:SINK]`, `wav:FILE`, `raw:FILE|-`, `null`; absent: `pulse` where a
    /// server answers, else `null`.
    pub sound: Option<String>,
    /// Where the microphone is: `pulse[:SOURCE]`, `wav:FILE`, `tone:HZ`, `null`.
    pub microphone: Option<String>,
    /// What is heard when a call rings and its phone sends no ring of its own: a file.
    pub ring_tone: Option<PathBuf>,
    /// What is heard over a call when another one rings: a file.
    pub waiting_tone: Option<PathBuf>,
    /// Where a capture is written.
    pub snoop: Option<PathBuf>,
    /// The control socket.
    pub control: Option<PathBuf>,
    /// Where bonds are kept.
    pub state_dir: Option<PathBuf>,
    /// What the log shows: error, warn, info, debug or trace.
    pub log_level: String,
    /// Whether link keys may reach a capture.
    pub log_keys: bool,
    /// What the host goes by.
    pub settings: host::Settings,
    /// Whether there is more than one seat.
    pub multipoint: bool,
    /// How many seats there are when there is more than one.
    pub seats: u8,
    /// Samples a second at the sink.
    pub rate: u32,
    /// How far media is buffered, in milliseconds.
    pub latency_ms: u32,
    /// SCHED_FIFO priority of the radio thread; 0: none is asked for.
    pub priority: u8,
    /// The processors that the real-time threads are pinned to, radio first; empty: not pinned.
    pub cpus: Vec<usize>,
    /// Opens pairing mode at start for so many seconds.
    pub pair: Option<u32>,
    /// What was set for single phones.
    pub phones: BTreeMap<Address, PhoneConfig>,
    /// The tables of single controllers: their keys and values, as TOML.
    pub controllers: BTreeMap<String, BTreeMap<String, String>>,
    /// Keys that were set otherwise than by a file.
    pub given: BTreeSet<String>,
}

/// What may be set for one phone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PhoneConfig {
    /// Whether its media may take over; absent: yes.
    pub takeover: Option<bool>,
    /// What breaks ties, 0 to 100; absent: 0.
    pub priority: Option<u8>,
    /// Whether its calls are answered after one ring; absent: no.
    pub auto_answer: Option<bool>,
    /// What it is called here.
    pub name: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            controller: "usb".into(),
            sound: None,
            microphone: None,
            ring_tone: None,
            waiting_tone: None,
            snoop: None,
            control: None,
            state_dir: None,
            log_level: "info".into(),
            log_keys: false,
            settings: host::Settings {
                codecs: CODECS.iter().copied().collect(),
                ..host::Settings::default()
            },
            multipoint: true,
            seats: 2,
            rate: 48_000,
            latency_ms: 120,
            priority: 60,
            cpus: Vec::new(),
            pair: None,
            phones: BTreeMap::new(),
            controllers: BTreeMap::new(),
            given: BTreeSet::new(),
        }
    }
}

impl Config {
    /// The settings that the host starts from, with the keys that several of them follow from.
    pub fn host_settings(&self) -> host::Settings {
        let mut settings = self.settings.clone();
        settings.policy.seats = if self.multipoint { self.seats } else { 1 };
        settings.delay = u16::try_from(self.latency_ms.saturating_mul(10)).unwrap_or(u16::MAX);
        settings
    }

    /// Lets the table of the controller that was chosen count, where there is one: before the rest of
    /// the file, after what was set otherwise. Doing it again changes nothing.
    pub fn take_controller(&mut self) -> Result<(), ConfigError> {
        let mut keys = self.controllers.get(&self.controller).cloned().unwrap_or_default();
        keys.retain(|key, _| !self.given.contains(key));
        for (key, value) in keys {
            self.set_text(&key, &value)?;
        }
        Ok(())
    }

    /// What single phones are called here, whatever they call themselves.
    pub(crate) fn phone_names(&self) -> BTreeMap<Address, String> {
        let named = |(address, phone): (&Address, &PhoneConfig)| {
            phone.name.clone().filter(|name| !name.is_empty()).map(|name| (*address, name))
        };
        self.phones.iter().filter_map(named).collect()
    }

    /// Whether bonds outlast the receiver. The simulator's phones are others each time, under the same
    /// addresses: theirs end with it, unless a folder is configured.
    pub fn keeps_bonds(&self) -> bool {
        self.controller != "sim" || self.state_dir.is_some()
    }

    /// The folder that bonds are kept in: as configured, else `$STATE_DIRECTORY`, else
    /// `$XDG_STATE_HOME/tandem`, else `~/.local/state/tandem`.
    pub fn state_folder(&self) -> Option<PathBuf> {
        let set = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        self.state_dir
            .clone()
            .or_else(|| set("STATE_DIRECTORY"))
            .or_else(|| set("XDG_STATE_HOME").map(|d| d.join("tandem")))
            .or_else(|| set("HOME").map(|d| d.join(".local/state/tandem")))
    }

    /// The control socket: as configured, else `$RUNTIME_DIRECTORY/control`, else
    /// `$XDG_RUNTIME_DIR/tandem/control`.
    pub fn control_socket(&self) -> Option<PathBuf> {
        let set = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        self.control
            .clone()
            .or_else(|| set("RUNTIME_DIRECTORY").map(|d| d.join("control")))
            .or_else(|| set("XDG_RUNTIME_DIR").map(|d| d.join("tandem/control")))
    }
}
