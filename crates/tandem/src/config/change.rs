//! Keys that may be changed while the receiver runs, as the host's changes.

use std::collections::BTreeMap;

use host::Change;
use multipoint::{Answer, Blips, Takeover};
use serde_json::Value;
use stack::Confirmation;
use wire::Address;

use super::{Config, KEYS, When};

impl Config {
    /// When a change of a key counts; `None` for what is no key.
    pub fn when(key: &str) -> Option<When> {
        KEYS.iter().find(|known| known.name == key).map(|known| known.when)
    }

    /// The host's change that brings a key to this configuration's value.
    pub(crate) fn change(&self, key: &str, phone: Option<Address>) -> Option<Change> {
        if let Some(phone) = phone {
            let wishes = self.phones.get(&phone)?;
            return match key {
                "takeover" => wishes.takeover.map(|on| Change::MayTakeOver { phone, on }),
                "priority" => wishes.priority.map(|priority| Change::Priority { phone, priority }),
                "auto_answer" => wishes.auto_answer.map(|on| Change::AutoAnswer { phone, on }),
                _ => None,
            };
        }
        let settings = self.host_settings();
        Some(match key {
            "name" => Change::Name(settings.name),
            "multipoint" | "seats" => Change::Seats(settings.policy.seats),
            "takeover" => Change::Takeover(settings.policy.takeover),
            "pairing.seconds" => Change::PairingSeconds(settings.pairing_seconds),
            "pairing.confirm" => Change::Confirm(settings.confirm),
            "security.min_key_size" => Change::MinKeySize(settings.min_key_size),
            "blip_s" => Change::BlipSeconds(settings.blip_seconds),
            "reconnect" => Change::Reconnect(settings.reconnect),
            "reconnect_max_s" => Change::ReconnectMaxSeconds(settings.reconnect_max_seconds),
            "reconnect_for_s" => Change::ReconnectForSeconds(settings.reconnect_for_seconds),
            "volume.first" => Change::VolumeFirst(settings.volume_first),
            "answer" => Change::AnswerEnds(settings.policy.answer == Answer::End),
            "resume" => Change::Resume(settings.policy.resume),
            "resume_call" => Change::ResumeCall(settings.policy.resume_call),
            "resume_delay_ms" => Change::ResumeDelayMs(settings.resume_delay_ms),
            "resume_within" => Change::ResumeWithinSeconds(settings.resume_within_seconds),
            "pause_check_s" => Change::PauseCheckSeconds(settings.pause_check_seconds),
            "blips" => Change::Blips(settings.policy.blips == Blips::Mix),
            "evicted_for_s" => Change::EvictedForSeconds(settings.evicted_for_seconds),
            _ => return None,
        })
    }

    /// The settings as `Status` shows them.
    pub(crate) fn shown(&self) -> BTreeMap<String, Value> {
        let takeover = match self.settings.policy.takeover {
            Takeover::Last => "last",
            Takeover::First => "first",
            Takeover::FirstMute => "first-mute",
            Takeover::Mix => "mix",
        };
        let settings = &self.settings;
        let policy = &settings.policy;
        let word = |on: bool, words: [&'static str; 2]| Value::from(words[usize::from(on)]);
        [
            ("name", Value::from(settings.name.as_str())),
            ("multipoint", self.multipoint.into()),
            ("seats", self.seats.into()),
            ("takeover", takeover.into()),
            ("answer", word(policy.answer == Answer::End, ["hold", "end"])),
            ("resume", word(policy.resume, ["never", "auto"])),
            ("resume_call", word(policy.resume_call, ["never", "auto"])),
            ("resume_delay_ms", settings.resume_delay_ms.into()),
            ("resume_within", settings.resume_within_seconds.into()),
            ("pause_check_s", settings.pause_check_seconds.into()),
            ("blips", word(policy.blips == Blips::Mix, ["ignore", "mix"])),
            ("blip_s", settings.blip_seconds.into()),
            ("evicted_for_s", settings.evicted_for_seconds.into()),
            ("reconnect", settings.reconnect.into()),
            ("reconnect_max_s", settings.reconnect_max_seconds.into()),
            ("reconnect_for_s", settings.reconnect_for_seconds.into()),
            ("pairing.seconds", settings.pairing_seconds.into()),
            ("pairing.confirm", word(settings.confirm == Confirmation::Ask, ["auto", "ask"])),
            ("security.min_key_size", settings.min_key_size.into()),
            ("volume.first", settings.volume_first.into()),
            ("sound.rate", self.rate.into()),
            ("sound.latency_ms", self.latency_ms.into()),
        ]
        .map(|(key, value)| (key.to_string(), value))
        .into()
    }
}
