//! The interface `io.tandem.Receiver`: its methods, in terms of a receiver's handle.
//!
//! `io.tandem.Receiver.varlink` beside this crate is the source.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tandem::{
    Address, AnswerHow, Command, Handle, MediaAction, Next, Refusal, SetError, VoiceTo, VolumeKind,
    dialling,
};

use crate::varlink::{Answer, Call, Error, Identity, Interface, Replies};

/// The interface's name.
pub const INTERFACE: &str = "io.tandem.Receiver";

const DESCRIPTION: &str = include_str!("../io.tandem.Receiver.varlink");

/// The methods, each with its parameters.
const METHODS: [(&str, &[&str]); 27] = [
    ("Status", &[]),
    ("Watch", &[]),
    ("Capture", &[]),
    ("Pair", &["seconds"]),
    ("StopPairing", &[]),
    ("Confirm", &["phone", "accept", "passkey"]),
    ("Connect", &["phone"]),
    ("Disconnect", &["phone"]),
    ("Forget", &["phone"]),
    ("Media", &["action", "phone"]),
    ("Volume", &["percent", "kind", "phone"]),
    ("Answer", &["how", "phone", "index"]),
    ("Reject", &["phone", "index"]),
    ("HangUp", &["phone", "index"]),
    ("Hold", &["phone"]),
    ("Swap", &[]),
    ("Merge", &["phone"]),
    ("Private", &["index", "phone"]),
    ("Transfer", &["phone"]),
    ("Voice", &["to", "phone"]),
    ("Dial", &["number", "phone"]),
    ("Redial", &["phone"]),
    ("Tones", &["digits", "phone"]),
    ("Mute", &["on"]),
    ("Assistant", &["on", "phone"]),
    ("Battery", &["percent"]),
    ("Set", &["key", "value", "phone"]),
];

/// A receiver's control interface.
pub fn control(handle: Handle) -> Arc<dyn Interface> {
    Arc::new(Control(handle))
}

struct Control(Handle);

impl Interface for Control {
    fn name(&self) -> &'static str {
        INTERFACE
    }

    fn description(&self) -> &'static str {
        DESCRIPTION
    }

    fn identity(&self) -> Identity {
        Identity {
            vendor: "Tandem",
            product: "tandemd",
            version: env!("CARGO_PKG_VERSION"),
            url: "",
        }
    }

    fn call(&self, method: &str, call: &Call, replies: &mut Replies<'_>) -> io::Result<Answer> {
        let Some((_, known)) = METHODS.iter().find(|(name, _)| *name == method) else {
            return Ok(Error::method_not_found(&call.method).into());
        };
        let given = Parameters(&call.parameters);
        if let Err(error) = given.only(known) {
            return Ok(error.into());
        }
        match method {
            "Watch" | "Capture" if !call.more => return Ok(Error::expected_more().into()),
            "Watch" => return self.watch(replies),
            "Capture" => return self.capture(replies),
            _ => {}
        }
        Ok(self.answer(method, &given).map_or_else(Answer::Error, Answer::Reply))
    }
}

impl Control {
    fn answer(&self, method: &str, given: &Parameters<'_>) -> Result<Value, Error> {
        match method {
            "Status" => return Ok(self.0.status().to_json()),
            "Set" => {
                let phone = self.optional_phone(given)?;
                let (key, value) = (given.required_text("key")?, given.setting("value")?);
                self.0.set(key, &value, phone).map_err(|SetError { refusal, text }| {
                    Error::new(INTERFACE, refusal.name(), &text)
                })?;
            }
            _ => {
                let command = self.command(method, given)?;
                self.0.call(command).map_err(|refusal| refused(refusal, refusal.text()))?;
            }
        }
        Ok(json!({}))
    }

    /// The command that a method is, those of calls aside.
    fn command(&self, method: &str, given: &Parameters<'_>) -> Result<Command, Error> {
        Ok(match method {
            "Pair" => Command::Pair { seconds: self.pairing_seconds(given)? },
            "StopPairing" => Command::StopPairing,
            "Confirm" => Command::Confirm {
                phone: self.given_phone(given)?,
                accept: given.truth("accept")?,
                passkey: given.number("passkey")?,
            },
            "Connect" => Command::Connect { phone: self.given_phone(given)? },
            "Disconnect" => Command::Disconnect { phone: self.given_phone(given)? },
            "Forget" => Command::Forget { phone: self.given_phone(given)? },
            "Media" => Command::Media {
                action: given.one_of("action", &MediaAction::ALL)?,
                phone: self.optional_phone(given)?,
            },
            "Volume" => Command::Volume {
                percent: given.percent("percent")?,
                kind: given.one_of("kind", &VolumeKind::ALL)?,
                phone: self.optional_phone(given)?,
            },
            "Battery" => Command::Battery { percent: given.percent("percent")? },
            _ => return self.call_command(method, given),
        })
    }

    /// The command that a method about calls is.
    fn call_command(&self, method: &str, given: &Parameters<'_>) -> Result<Command, Error> {
        let phone = self.optional_phone(given)?;
        Ok(match method {
            "Answer" => {
                let how = given.text("how")?.map(|_| given.one_of("how", &AnswerHow::ALL));
                let how = how.transpose()?.unwrap_or_default();
                Command::Answer { how, phone, index: given.index()? }
            }
            "Reject" => Command::Reject { phone, index: given.index()? },
            "HangUp" => Command::HangUp { phone, index: given.index()? },
            "Hold" => Command::Hold { phone },
            "Swap" => Command::Swap,
            "Merge" => Command::Merge { phone },
            "Private" => {
                let index = given.index()?.ok_or_else(|| Error::invalid_parameter("index"))?;
                Command::Private { index, phone }
            }
            "Transfer" => Command::Transfer { phone },
            "Voice" => Command::Voice { to: given.one_of("to", &VoiceTo::ALL)?, phone },
            "Dial" => Command::Dial { number: given.valid("number", dialling::number)?, phone },
            "Redial" => Command::Redial { phone },
            "Tones" => Command::Tones { digits: given.valid("digits", dialling::tones)?, phone },
            "Mute" => Command::Mute { on: given.truth("on")? },
            "Assistant" => Command::Assistant { on: given.truth("on")?, phone },
            _ => return Err(Error::method_not_found(&format!("{INTERFACE}.{method}"))),
        })
    }

    fn given_phone(&self, given: &Parameters<'_>) -> Result<Address, Error> {
        self.phone(given.required_text("phone")?)
    }

    fn optional_phone(&self, given: &Parameters<'_>) -> Result<Option<Address>, Error> {
        given.text("phone")?.map(|phone| self.phone(phone)).transpose()
    }

    fn phone(&self, reference: &str) -> Result<Address, Error> {
        self.0
            .phone(reference)
            .map_err(|refusal| refused(refusal, &format!("{reference}: {}", refusal.text())))
    }

    /// As given, else as set.
    fn pairing_seconds(&self, given: &Parameters<'_>) -> Result<u32, Error> {
        const DEFAULT: u64 = 180;
        Ok(match given.number("seconds")? {
            Some(seconds) => seconds,
            None => {
                let set = self.0.status().settings.get("pairing.seconds").and_then(Value::as_u64);
                set.unwrap_or(DEFAULT) as u32
            }
        })
    }

    fn watch(&self, replies: &mut Replies<'_>) -> io::Result<Answer> {
        let subscription = self.0.subscribe()?;
        loop {
            match subscription.next(Some(Duration::ZERO)) {
                Next::Notice(notice) => replies.go_on(&json!({ "event": notice.to_json() }))?,
                Next::TimedOut => replies.wait_for(subscription.fd())?,
                Next::Closed => return Ok(Answer::HangUp),
            }
        }
    }

    fn capture(&self, replies: &mut Replies<'_>) -> io::Result<Answer> {
        let Some(viewer) = self.0.capture()? else {
            return Ok(refused(Refusal::Busy, "too many live captures").into());
        };
        while let Some(octets) = viewer.next() {
            for piece in octets.chunks(PIECE) {
                replies.go_on(&json!({ "octets": hexadecimal(piece) }))?;
            }
            if octets.is_empty() {
                replies.wait_for(viewer.fd())?;
            }
        }
        Ok(Answer::HangUp)
    }
}

/// Octets of a live capture in one reply.
const PIECE: usize = 16 * 1024;

fn refused(refusal: Refusal, text: &str) -> Error {
    Error::new(INTERFACE, refusal.name(), text)
}

fn hexadecimal(octets: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = octets.iter().flat_map(|octet| [octet >> 4, octet & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// A call's parameters.
struct Parameters<'a>(&'a Map<String, Value>);

impl<'a> Parameters<'a> {
    /// Fails when one is given that is not known.
    fn only(&self, known: &[&str]) -> Result<(), Error> {
        match self.0.keys().find(|key| !known.contains(&key.as_str())) {
            Some(unknown) => Err(Error::invalid_parameter(unknown)),
            None => Ok(()),
        }
    }

    fn text(&self, name: &str) -> Result<Option<&'a str>, Error> {
        let value = self.0.get(name);
        value.map(|value| value.as_str().ok_or_else(|| Error::invalid_parameter(name))).transpose()
    }

    fn required_text(&self, name: &str) -> Result<&'a str, Error> {
        self.text(name)?.ok_or_else(|| Error::invalid_parameter(name))
    }

    /// What a word stands for.
    fn one_of<T: Copy>(&self, name: &str, all: &[(&str, T)]) -> Result<T, Error> {
        let word = self.required_text(name)?;
        let found = all.iter().find(|(known, _)| *known == word).map(|(_, value)| *value);
        found.ok_or_else(|| refused(Refusal::BadValue, &format!("{name}: {word} is none of them")))
    }

    /// A text that must be given, and is checked.
    fn valid<T>(&self, name: &str, check: fn(&str) -> Result<T, &'static str>) -> Result<T, Error> {
        let wrong = |reason| refused(Refusal::BadValue, &format!("{name}: {reason}"));
        check(self.required_text(name)?).map_err(wrong)
    }

    /// Which of a phone's calls.
    fn index(&self) -> Result<Option<u8>, Error> {
        let Some(index) = self.number("index")? else { return Ok(None) };
        let fits = u8::try_from(index).ok().filter(|index| *index > 0);
        let wrong = || refused(Refusal::BadValue, "index: must be a call's number, from 1");
        fits.map(Some).ok_or_else(wrong)
    }

    fn percent(&self, name: &str) -> Result<u8, Error> {
        let percent = self.number(name)?.ok_or_else(|| Error::invalid_parameter(name))?;
        let fits = u8::try_from(percent).ok().filter(|percent| *percent <= 100);
        fits.ok_or_else(|| refused(Refusal::BadValue, &format!("{name}: must be 0 to 100")))
    }

    fn truth(&self, name: &str) -> Result<bool, Error> {
        let value = self.0.get(name).and_then(Value::as_bool);
        value.ok_or_else(|| Error::invalid_parameter(name))
    }

    /// A whole number that may be left out, also written as 7.0; one below 0 or far above all ranges
    /// is `BadValue`.
    fn number(&self, name: &str) -> Result<Option<u32>, Error> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let number = value.as_f64().filter(|number| number.fract() == 0.0);
        let number = number.ok_or_else(|| Error::invalid_parameter(name))?;
        if !(0.0..=f64::from(u32::MAX)).contains(&number) {
            return Err(refused(Refusal::BadValue, &format!("{name}: {value} is out of range")));
        }
        Ok(Some(number as u32))
    }

    /// The value of a setting as text. A program may give a number, a truth or a list as such.
    fn setting(&self, name: &str) -> Result<Cow<'a, str>, Error> {
        match self.0.get(name) {
            Some(Value::String(text)) => Ok(text.into()),
            Some(value) if !value.is_object() => Ok(value.to_string().into()),
            _ => Err(Error::invalid_parameter(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(kind: &str) -> Vec<&'static str> {
        let lines = DESCRIPTION.lines().filter_map(|line| line.strip_prefix(kind));
        lines.map(|line| line.split(['(', ' ']).next().unwrap_or_default()).collect()
    }

    #[test]
    fn the_interface_file_defines_what_is_served() {
        assert!(DESCRIPTION.contains(&format!("\ninterface {INTERFACE}\n")));
        assert_eq!(words("method "), METHODS.map(|(name, _)| name));
        for (name, parameters) in METHODS {
            let line = DESCRIPTION.lines().find(|l| l.starts_with(&format!("method {name}(")));
            let line = line.unwrap();
            let inner = line.split('(').nth(1).unwrap().split(')').next().unwrap();
            let names: Vec<&str> =
                inner.split(", ").filter_map(|p| p.split_once(':')).map(|(n, _)| n).collect();
            assert_eq!(names, parameters, "{name}");
        }
    }

    #[test]
    fn octets_are_written_in_two_digits_each() {
        assert_eq!(hexadecimal(&[0x00, 0x0A, 0xF0, 0xFF]), "000af0ff");
    }

    /// Types, methods and errors share one space of names: clients keep them in one table.
    #[test]
    fn the_interface_file_defines_each_name_once() {
        let names: Vec<_> = ["type ", "method ", "error "].into_iter().flat_map(words).collect();
        let once: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(once.len(), names.len(), "{names:?}");
    }

    #[test]
    fn the_interface_file_defines_every_refusal() {
        let all = [
            Refusal::NoSuchPhone,
            Refusal::NotPaired,
            Refusal::NotConnected,
            Refusal::NothingToAnswer,
            Refusal::NoCall,
            Refusal::NotSupported,
            Refusal::Refused,
            Refusal::TimedOut,
            Refusal::Ambiguous,
            Refusal::BadValue,
            Refusal::Busy,
            Refusal::ControllerLost,
        ];
        assert_eq!(words("error "), all.map(Refusal::name));
    }

    #[test]
    fn parameters_are_checked() {
        let Value::Object(map) = json!({
            "text": "t", "number": 7, "truth": true, "below": -1, "above": 1u64 << 40, "part": 1.5,
            "whole": 7.0, "huge": 1e30, "list": ["a", "b"], "object": {},
        }) else {
            panic!("an object");
        };
        let given = Parameters(&map);
        assert_eq!(given.required_text("text").unwrap(), "t");
        assert_eq!(given.number("number").unwrap(), Some(7));
        assert_eq!(given.number("whole").unwrap(), Some(7));
        assert_eq!(given.number("absent").unwrap(), None);
        assert!(given.truth("truth").unwrap());
        let bad = "io.tandem.Receiver.BadValue";
        assert_eq!(given.number("below").unwrap_err().name, bad);
        assert_eq!(given.number("above").unwrap_err().name, bad);
        assert_eq!(given.number("huge").unwrap_err().name, bad);
        assert_eq!(given.percent("number").unwrap(), 7);
        assert_eq!(given.percent("above").unwrap_err().name, bad);
        assert_eq!(given.percent("absent").unwrap_err(), Error::invalid_parameter("absent"));
        assert_eq!(given.index().unwrap(), None);
        assert_eq!(given.valid("text", dialling::number).unwrap_err().name, bad);
        assert_eq!(given.one_of("text", &[("s", 1), ("t", 2)]).unwrap(), 2);
        assert_eq!(given.one_of("text", &[("s", 1)]).unwrap_err().name, bad);
        for name in ["part", "text"] {
            assert_eq!(given.number(name).unwrap_err(), Error::invalid_parameter(name));
        }
        let settings =
            [("text", "t"), ("number", "7"), ("truth", "true"), ("list", r#"["a","b"]"#)];
        for (name, text) in settings {
            assert_eq!(given.setting(name).unwrap(), text);
        }
        for name in ["object", "absent"] {
            assert_eq!(given.setting(name).unwrap_err(), Error::invalid_parameter(name));
        }
        assert_eq!(given.required_text("absent").unwrap_err(), Error::invalid_parameter("absent"));
        assert_eq!(given.truth("text").unwrap_err(), Error::invalid_parameter("text"));
        assert_eq!(given.only(&["text"]).unwrap_err(), Error::invalid_parameter("above"));
    }
}
