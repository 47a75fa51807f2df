//! What a host begins with, as notes.

use std::fmt::{self, Formatter};

use host::{Bond, Codec, Host, Limits, MAX_CODECS, Settings};
use multipoint::{Answer, Blips, Policy};
use stack::{KeyType, LinkKey, MAX_BONDS, SecureConnections, Volumes};

use super::line::{Field, Pairs, fields, value, words};

/// What a host is made of.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Beginning {
    pub(crate) limits: Limits,
    pub(crate) settings: Settings,
    pub(crate) bonds: Vec<Bond>,
}

impl Beginning {
    pub(crate) fn host(self) -> Host {
        Host::new(self.limits, self.settings, self.bonds)
    }

    /// The same with zeros in place of keys and of the PIN.
    pub(crate) fn without_keys(&self) -> Beginning {
        let mut same = self.clone();
        for bond in &mut same.bonds {
            bond.key = LinkKey([0; 16]);
        }
        if let Some(pin) = &mut same.settings.legacy_pin {
            pin.fill(0);
        }
        same
    }

    /// Its lines.
    pub(crate) fn notes(&self) -> impl Iterator<Item = String> {
        let Beginning { limits, settings, bonds } = self;
        let first = [Note("limits", limits).to_string(), Note("settings", settings).to_string()];
        first.into_iter().chain(bonds.iter().map(|bond| Note("bond", bond).to_string()))
    }
}

/// A line: its word, and a value's fields.
struct Note<'a, T>(&'static str, &'a T);

impl<T: Field> fmt::Display for Note<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "tandem {}", self.0)?;
        self.1.print("value", f)
    }
}

/// What was read of a beginning so far.
#[derive(Default)]
pub(super) struct Begun {
    limits: Option<Limits>,
    settings: Option<Settings>,
    bonds: Vec<Bond>,
}

impl Begun {
    /// Takes a line in; gives whether it is one of a beginning's.
    ///
    /// # Errors
    /// The word of a line that cannot be understood.
    pub(super) fn note<'w>(&mut self, word: &'w str, pairs: &Pairs<'_>) -> Result<bool, &'w str> {
        match word {
            "limits" => {
                let limits = Field::parse("value", pairs).filter(is_sane);
                self.limits = Some(limits.ok_or(word)?);
            }
            "settings" => self.settings = Some(Field::parse("value", pairs).ok_or(word)?),
            "bond" if self.bonds.len() < MAX_BONDS => {
                self.bonds.push(Field::parse("value", pairs).ok_or(word)?);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// All of it, or the word of the line that is missing.
    pub(super) fn whole(self) -> Result<Beginning, &'static str> {
        Ok(Beginning {
            limits: self.limits.ok_or("limits")?,
            settings: self.settings.ok_or("settings")?,
            bonds: self.bonds,
        })
    }
}

/// Whether a host of this size is one that we would make: a damaged file is to cost no memory.
fn is_sane(limits: &Limits) -> bool {
    let Limits { blocks, block_size, effects } = limits;
    (1..=4096).contains(blocks) && (1024..=65_536).contains(block_size) && *effects <= 65_536
}

fields! {
    Limits { blocks, block_size, effects }
    Settings {
        name, class, codecs, policy, pairing_seconds, confirm, legacy_pin, min_key_size,
        secure_connections, reconnect, reconnect_max_seconds, reconnect_for_seconds, blip_seconds,
        settle_seconds, evicted_for_seconds, resume_delay_ms, resume_within_seconds,
        pause_check_seconds, msbc, noise_reduction_off, volume_first, delay,
    }
    Policy { seats, takeover, answer, resume, resume_call, blips }
    Bond { address, local, key, key_type, name, last_used, volumes }
    Volumes { media, call }
}

words! {
    Answer { Hold = "hold", End = "end" }
    Blips { Ignore = "ignore", Mix = "mix" }
    SecureConnections { Auto = "auto", Only = "only", Off = "off" }
    KeyType {
        Combination = "combination", UnauthenticatedP192 = "unauthenticated_p192",
        AuthenticatedP192 = "authenticated_p192", UnauthenticatedP256 = "unauthenticated_p256",
        AuthenticatedP256 = "authenticated_p256"
    }
    Codec { Sbc = "sbc", Aac = "aac" }
}

/// In the order of preference, with commas between.
impl Field for heapless::Vec<Codec, MAX_CODECS> {
    fn print(&self, key: &str, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, " {key}=")?;
        for (n, codec) in self.iter().enumerate() {
            let comma = if n > 0 { "," } else { "" };
            let word = match codec {
                Codec::Sbc => "sbc",
                Codec::Aac => "aac",
            };
            write!(f, "{comma}{word}")?;
        }
        Ok(())
    }

    fn parse(key: &str, pairs: &Pairs<'_>) -> Option<Self> {
        let mut codecs = heapless::Vec::new();
        for word in value(key, pairs)?.split(',') {
            codecs.push(Codec::parse(key, &[(key, word)])?).ok()?;
        }
        Some(codecs)
    }
}
