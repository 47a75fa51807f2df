//! Every key: its name, what it takes, and when it counts.

use host::Codec;
use multipoint::{Answer, Blips, Takeover};
use stack::{Confirmation, SecureConnections};
use toml::Spanned;

use super::value::{Value, choice, choices, number, text, truth, whole};
use super::{Config, ConfigError};

/// When a change of a key counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// Only before the receiver starts.
    Start,
    /// At any time.
    Running,
}

/// A key of the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name, dotted.
    pub name: &'static str,
    /// When a change counts.
    pub when: When,
    /// What it is, in a few words.
    pub about: &'static str,
    set: fn(&mut Config, &Value<'_>) -> Result<(), String>,
}

const fn key(
    name: &'static str,
    when: When,
    about: &'static str,
    set: fn(&mut Config, &Value<'_>) -> Result<(), String>,
) -> Key {
    Key { name, when, about, set }
}

/// All keys.
pub const KEYS: &[Key] = &[
    key("controller", When::Start, "which controller to drive", |c, v| {
        c.controller = text(v)?.into();
        Ok(())
    }),
    key("sound", When::Start, "where sound goes", |c, v| {
        c.sound = Some(text(v)?.into());
        Ok(())
    }),
    key("microphone", When::Start, "where the microphone is", |c, v| {
        c.microphone = Some(text(v)?.into());
        Ok(())
    }),
    key("snoop", When::Start, "a capture file", |c, v| {
        c.snoop = Some(text(v)?.into());
        Ok(())
    }),
    key("control", When::Start, "the control socket", |c, v| {
        c.control = Some(text(v)?.into());
        Ok(())
    }),
    key("state_dir", When::Start, "where bonds are kept", |c, v| {
        c.state_dir = Some(text(v)?.into());
        Ok(())
    }),
    key("log.level", When::Start, "what the log shows", |c, v| {
        let levels = ["error", "warn", "info", "debug", "trace"].map(|l| (l, l));
        c.log_level = choice(v, &levels)?.into();
        Ok(())
    }),
    key("log.keys", When::Start, "link keys may reach a capture", |c, v| {
        c.log_keys = truth(v)?;
        Ok(())
    }),
    key("name", When::Running, "the receiver's name", |c, v| {
        let name = text(v)?;
        let fits = !name.is_empty() && !name.contains('\0');
        let name = stack::Name::try_from(name).ok().filter(|_| fits);
        c.settings.name = name.ok_or("must be 1 to 248 bytes of text")?;
        Ok(())
    }),
    key("class", When::Start, "what kind of device it says it is", |c, v| {
        // Core assigned numbers, 2.8: service class audio (and rendering), major class audio/video.
        let classes = [
            ("headset", 0x24_0404),
            ("hands-free", 0x24_0408),
            ("speaker", 0x24_0414),
            ("headphones", 0x24_0418),
            ("car", 0x24_0420),
        ];
        c.settings.class = choice(v, &classes)?;
        Ok(())
    }),
    key("multipoint", When::Running, "more than one phone at once", |c, v| {
        c.multipoint = truth(v)?;
        Ok(())
    }),
    key("seats", When::Running, "how many phones at once", |c, v| {
        c.seats = whole(v, 1, multipoint::MAX_SEATS as i64)? as u8;
        Ok(())
    }),
    key("takeover", When::Running, "who is heard when two play", |c, v| {
        c.settings.policy.takeover = choice(
            v,
            &[
                ("last", Takeover::Last),
                ("first", Takeover::First),
                ("first-mute", Takeover::FirstMute),
                ("mix", Takeover::Mix),
            ],
        )?;
        Ok(())
    }),
    key("blip_s", When::Running, "sound before a take-over", |c, v| {
        c.settings.blip_seconds = number(v, 0.0, 60.0)?;
        Ok(())
    }),
    key("evicted_for_s", When::Running, "how long a phone put out stays out", |c, v| {
        c.settings.evicted_for_seconds = whole(v, 0, 3600)? as u32;
        Ok(())
    }),
    key("reconnect", When::Running, "page phones at start and after a loss", |c, v| {
        c.settings.reconnect = truth(v)?;
        Ok(())
    }),
    key("reconnect_max_s", When::Running, "the longest wait between pages", |c, v| {
        c.settings.reconnect_max_seconds = whole(v, 1, 3600)? as u32;
        Ok(())
    }),
    key("reconnect_for_s", When::Running, "how long a lost phone is paged", |c, v| {
        c.settings.reconnect_for_seconds = whole(v, 0, 86_400)? as u32;
        Ok(())
    }),
    key("pairing.seconds", When::Running, "how long pairing mode stays open", |c, v| {
        c.settings.pairing_seconds = whole(v, 1, 3600)? as u32;
        Ok(())
    }),
    key("pairing.confirm", When::Running, "whether pairing asks", |c, v| {
        c.settings.confirm =
            choice(v, &[("auto", Confirmation::Auto), ("ask", Confirmation::Ask)])?;
        Ok(())
    }),
    key("pairing.legacy_pin", When::Start, "a PIN for phones from before 2007", |c, v| {
        let pin = heapless::Vec::from_slice(text(v)?.as_bytes()).ok();
        let pin = pin.filter(|pin| !pin.is_empty()).ok_or("must be 1 to 16 bytes of text")?;
        c.settings.legacy_pin = Some(pin);
        Ok(())
    }),
    key("security.min_key_size", When::Running, "the smallest encryption key", |c, v| {
        c.settings.min_key_size = whole(v, 7, 16)? as u8;
        Ok(())
    }),
    key("security.secure_connections", When::Start, "P-256 keys and AES-CCM", |c, v| {
        c.settings.secure_connections = choice(
            v,
            &[
                ("auto", SecureConnections::Auto),
                ("only", SecureConnections::Only),
                ("off", SecureConnections::Off),
            ],
        )?;
        Ok(())
    }),
    key("sound.rate", When::Start, "samples a second", |c, v| {
        c.rate = whole(v, 16_000, 96_000)? as u32;
        Ok(())
    }),
    key("sound.latency_ms", When::Start, "how far media is buffered", |c, v| {
        c.latency_ms = whole(v, 20, 250)? as u32;
        Ok(())
    }),
    key("realtime.priority", When::Start, "SCHED_FIFO priority, 0 for none", |c, v| {
        c.priority = whole(v, 0, 98)? as u8;
        Ok(())
    }),
    key("realtime.cpu", When::Start, "processors to pin the threads to", |c, v| {
        let list = v.as_array().ok_or("must be a list of processor numbers")?;
        let number = |item: &toml::Spanned<Value<'_>>| whole(item.get_ref(), 0, 1023);
        c.cpus = list.iter().map(|i| number(i).map(|n| n as usize)).collect::<Result<_, _>>()?;
        Ok(())
    }),
    key("codecs", When::Start, "media codecs by preference", |c, v| {
        let named = choices(v, &[("aac", Codec::Aac), ("sbc", Codec::Sbc)])?;
        if !named.contains(&Codec::Sbc) {
            return Err("must name \"sbc\" too, which A2DP asks of every receiver".into());
        }
        if named.contains(&Codec::Aac) && !cfg!(feature = "aac") {
            return Err("names \"aac\", which this build is without".into());
        }
        let twice = (1..named.len()).any(|n| named[..n].contains(&named[n]));
        let codecs = heapless::Vec::from_slice(&named).ok().filter(|_| !twice);
        c.settings.codecs = codecs.ok_or("names a codec twice")?;
        Ok(())
    }),
    key("voice_codecs", When::Start, "voice codecs by preference", |c, v| {
        // CVSD is every phone's last resort (HFP 1.9, 5.7), named or not.
        c.settings.msbc = choices(v, &[("msbc", true), ("cvsd", false)])?.contains(&true);
        Ok(())
    }),
    key("blips", When::Running, "whether notifications are heard under music", |c, v| {
        c.settings.policy.blips = choice(v, &[("ignore", Blips::Ignore), ("mix", Blips::Mix)])?;
        Ok(())
    }),
    key("answer", When::Running, "what becomes of a call when another is answered", |c, v| {
        c.settings.policy.answer = choice(v, &[("hold", Answer::Hold), ("end", Answer::End)])?;
        Ok(())
    }),
    key("resume", When::Running, "whether music resumes after a call", |c, v| {
        c.settings.policy.resume = choice(v, &[("auto", true), ("never", false)])?;
        Ok(())
    }),
    key("resume_call", When::Running, "whether a held call resumes", |c, v| {
        c.settings.policy.resume_call = choice(v, &[("auto", true), ("never", false)])?;
        Ok(())
    }),
    key("resume_delay_ms", When::Running, "the wait before music resumes", |c, v| {
        c.settings.resume_delay_ms = whole(v, 0, 60_000)? as u32;
        Ok(())
    }),
    key("resume_within", When::Running, "how long music may wait to resume", |c, v| {
        c.settings.resume_within_seconds = whole(v, 0, 86_400)? as u32;
        Ok(())
    }),
    key("pause_check_s", When::Running, "how long a phone may take to pause", |c, v| {
        c.settings.pause_check_seconds = number(v, 0.0, 60.0)?;
        Ok(())
    }),
    key("volume.first", When::Running, "a phone's first media volume, percent", |c, v| {
        c.settings.volume_first = whole(v, 0, 100)? as u8;
        Ok(())
    }),
    key("tones.ring", When::Start, "a ring tone, a file", |c, v| {
        c.ring_tone = Some(text(v)?.into());
        Ok(())
    }),
    key("tones.waiting", When::Start, "a waiting tone, a file", |c, v| {
        c.waiting_tone = Some(text(v)?.into());
        Ok(())
    }),
    key("echo_cancellation", When::Start, "who cancels echo", |c, v| {
        c.settings.noise_reduction_off = choice(v, &[("phone", false), ("receiver", true)])?;
        Ok(())
    }),
];

impl Config {
    /// Sets a key to a TOML value.
    pub(crate) fn set_value(&mut self, name: &str, value: &Value<'_>) -> Result<(), ConfigError> {
        let Some(key) = KEYS.iter().find(|key| key.name == name) else {
            return Err(ConfigError::new(name, unknown(name)));
        };
        (key.set)(self, value).map_err(|reason| ConfigError::new(name, reason))
    }

    /// Sets a key from text, as `--set KEY=VALUE` gives it: a TOML value, or text without its
    /// quotation marks.
    /// It counts before the table of a controller.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
        self.set_text(name, value)?;
        self.given.insert(name.into());
        Ok(())
    }

    pub(crate) fn set_text(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
        let phone = name.strip_prefix("phone.").and_then(|rest| rest.rsplit_once('.'));
        let parsed = Value::parse(value).map(Spanned::into_inner).ok();
        let bare = Value::String(value.into());
        let value = parsed.as_ref().unwrap_or(&bare);
        match phone {
            Some((address, key)) => self.set_phone(address.trim_matches('"'), key, value),
            // A number may be meant as text: `--set name=42`.
            None => self.set_value(name, value).or_else(|error| match value {
                Value::String(_) => Err(error),
                _ => self.set_value(name, &bare).map_err(|_| error),
            }),
        }
    }

    /// Sets a key of a table `[phone."AA:BB:CC:DD:EE:FF"]`.
    pub(crate) fn set_phone(
        &mut self,
        address: &str,
        key: &str,
        value: &Value<'_>,
    ) -> Result<(), ConfigError> {
        let name = format!("phone.\"{address}\".{key}");
        let wrong = |reason: String| ConfigError::new(&name, reason);
        let address = address.parse().map_err(|e| wrong(format!("{e}")))?;
        let phone = self.phones.entry(address).or_default();
        match key {
            "takeover" => phone.takeover = Some(truth(value).map_err(wrong)?),
            "name" => phone.name = Some(text(value).map_err(wrong)?.into()),
            "priority" => phone.priority = Some(whole(value, 0, 100).map_err(wrong)? as u8),
            "auto_answer" => phone.auto_answer = Some(truth(value).map_err(wrong)?),
            _ => {
                return Err(wrong(
                    "is not a key of a phone; those are priority, auto_answer, takeover, name"
                        .into(),
                ));
            }
        }
        Ok(())
    }
}

/// Names the key that was perhaps meant.
fn unknown(name: &str) -> String {
    let near = KEYS.iter().min_by_key(|key| distance(key.name, name)).map(|key| key.name);
    match near.filter(|near| distance(near, name) <= 3) {
        Some(near) => format!("is not a key; did you mean {near}?"),
        None => "is not a key".into(),
    }
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let here = (diagonal + usize::from(x != *y)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], here);
        }
    }
    row[b.len()]
}
