//! What a receiver is like now: the sum of the events so far.

use std::collections::{BTreeMap, VecDeque};

use host::{
    Bond, CallState, Codec, Event, Indicator, PlaybackStatus, Profile, Source, StreamState,
    VoiceCodec, VolumeKind,
};
use serde_json::{Value, json};
use wire::Address;

use crate::meters::Meter;
use crate::notice;

/// Warnings that a status keeps, for those who come later.
pub const MAX_WARNINGS: usize = 16;

/// What was counted, by name.
pub type Counts = BTreeMap<&'static str, u64>;

/// Everything that is known, as `Status` and the `snapshot` event give it.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// Whether the controller is up.
    pub up: bool,
    /// The controller's address.
    pub address: Address,
    /// The receiver's name.
    pub name: String,
    /// Whether pairing mode stands open.
    pub pairing: bool,
    /// The phones that are bonded or connected.
    pub phones: BTreeMap<Address, Phone>,
    /// What its owner calls single phones; others have the names that they tell.
    pub names: BTreeMap<Address, String>,
    /// Who is heard.
    pub audible: Vec<Source>,
    /// The settings that may be changed, by key.
    pub settings: BTreeMap<String, Value>,
    /// The last warnings, oldest first, at most [`MAX_WARNINGS`]: their codes and texts.
    pub warnings: VecDeque<(&'static str, String)>,
    /// What was counted.
    pub counters: Counts,
}

/// A phone.
#[derive(Clone, Debug, Default)]
pub struct Phone {
    /// Its name, empty while unknown.
    pub name: String,
    /// Whether it has a bond.
    pub bonded: bool,
    /// Whether it is connected.
    pub connected: bool,
    /// Whether A2DP is up.
    pub a2dp: bool,
    /// Whether AVRCP is up.
    pub avrcp: bool,
    /// Whether HFP, or HSP, is up.
    pub hfp: bool,
    /// What its player does, and how much of the track had played then, in milliseconds.
    pub playback: Option<(PlaybackStatus, Option<u32>)>,
    /// Its track, where it tells one.
    pub track: Option<Track>,
    /// Its media volume in percent, once one was set or told.
    pub volume: Option<u8>,
    /// The volume of its calls, likewise.
    pub call_volume: Option<u8>,
    /// Its calls, by its own numbers for them.
    pub calls: BTreeMap<u8, Call>,
    /// How its voice link is coded, while one is open.
    pub voice: Option<VoiceCodec>,
    /// Its battery in percent.
    pub battery: Option<u8>,
    /// Its network's signal, 0 to 5.
    pub signal: Option<u8>,
    /// Whether it has a network.
    pub service: Option<bool>,
    /// Whether the network is a foreign one.
    pub roaming: Option<bool>,
    /// Its media stream.
    pub media: Option<(StreamState, Codec)>,
    /// How what it plays comes, while it plays.
    pub media_meter: Option<Meter>,
    /// How its voice comes, while a voice link is open.
    pub voice_meter: Option<Meter>,
    /// When it was heard last, in seconds since the start.
    pub last_heard: Option<f64>,
    /// Signal strength as last read.
    pub rssi: Option<i8>,
}

/// A track. Texts are empty where the phone does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// Its name.
    pub title: String,
    /// Who plays.
    pub artist: String,
    /// Where it is from.
    pub album: String,
    /// How long it is, in milliseconds.
    pub duration_ms: Option<u32>,
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its state.
    pub state: CallState,
    /// Whom it is with; empty while that is not known.
    pub number: String,
    /// Their name, likewise.
    pub name: String,
}

impl Status {
    /// The status at start: the bonds, nobody connected.
    pub fn new(name: &str, bonds: &[Bond], names: BTreeMap<Address, String>) -> Self {
        let phones = bonds
            .iter()
            .map(|bond| {
                let name = names.get(&bond.address).map_or(bond.name.as_str(), String::as_str);
                (bond.address, Phone { name: name.into(), bonded: true, ..Phone::default() })
            })
            .collect();
        Status { name: name.into(), phones, names, ..Status::default() }
    }

    /// Adds an event that happened `t` seconds after the start.
    pub fn apply(&mut self, t: f64, event: &Event) {
        match event {
            Event::Controller { up, address } => {
                self.up = *up;
                if *up {
                    self.address = *address;
                }
            }
            Event::Pairing { open, .. } => self.pairing = *open,
            Event::Paired { phone } => self.phone(*phone).bonded = true,
            Event::Phone { phone, name, connected, .. } => {
                let name = self.names.get(phone).map_or(name.as_str(), String::as_str).to_string();
                let known = self.phone(*phone);
                if !name.is_empty() {
                    known.name = name;
                }
                known.connected = *connected;
                if !connected {
                    known.disconnected();
                    self.keep_if_known(*phone);
                }
            }
            // What is told of a phone that is gone already does not bring it back.
            Event::Profile { phone, profile: Profile::A2dp, up } => {
                self.known(*phone, |known| known.a2dp = *up);
            }
            Event::Profile { phone, profile: Profile::Avrcp, up } => {
                self.known(*phone, |known| {
                    (known.avrcp, known.playback, known.track) = (*up, None, None);
                });
            }
            Event::Profile { phone, profile: Profile::Hfp, up } => self.known(*phone, |known| {
                known.without_calls();
                known.hfp = *up;
            }),
            Event::Call { phone, index, state, number, name } => {
                self.known(*phone, |known| known.call(*index, *state, number, name));
            }
            Event::Voice { phone, open, codec } => {
                self.known(*phone, |known| known.voice = open.then_some(*codec));
            }
            Event::Indicator { phone, indicator, value } => {
                self.known(*phone, |known| match indicator {
                    Indicator::Battery => known.battery = Some(*value),
                    Indicator::Signal => known.signal = Some(*value),
                    Indicator::Service => known.service = Some(*value != 0),
                    Indicator::Roaming => known.roaming = Some(*value != 0),
                });
            }
            Event::Playback { phone, status, position_ms } => {
                self.known(*phone, |known| known.playback = Some((*status, *position_ms)));
            }
            Event::Track { phone, track } => {
                let track = (**track != host::Track::default()).then(|| Track {
                    title: track.title.as_str().into(),
                    artist: track.artist.as_str().into(),
                    album: track.album.as_str().into(),
                    duration_ms: track.duration,
                });
                self.known(*phone, |known| known.track = track);
            }
            Event::Volume { phone, kind, percent } => self.known(*phone, |known| match kind {
                VolumeKind::Media => known.volume = Some(*percent),
                VolumeKind::Call => known.call_volume = Some(*percent),
            }),
            Event::Stream { phone, state, codec, .. } => {
                let media = (*state != StreamState::Closed).then_some((*state, *codec));
                self.known(*phone, |known| known.media = media);
            }
            Event::Audible { sources } => {
                for phone in self.audible.iter().chain(sources).map(|s| s.phone).collect::<Vec<_>>()
                {
                    self.known(phone, |known| known.last_heard = Some(t));
                }
                self.audible = sources.to_vec();
            }
            Event::Link { phone, rssi, .. } => self.known(*phone, |known| known.rssi = *rssi),
            Event::Warning { code, text } => {
                if self.warnings.len() == MAX_WARNINGS {
                    self.warnings.pop_front();
                }
                self.warnings.push_back((code, text.as_str().into()));
            }
            Event::Confirm { .. }
            | Event::Order { .. }
            | Event::Evicted { .. }
            | Event::Done { .. } => {}
        }
    }

    /// A phone's bond is gone.
    pub fn erased(&mut self, phone: Address) {
        if let Some(known) = self.phones.get_mut(&phone) {
            known.bonded = false;
        }
        self.keep_if_known(phone);
    }

    /// The receiver has ended: nothing is up, and nobody is there.
    pub(crate) fn ended(&mut self) {
        (self.up, self.pairing) = (false, false);
        self.audible.clear();
        self.phones.values_mut().for_each(Phone::disconnected);
        self.phones.retain(|_, phone| phone.bonded);
    }

    /// The phones of this name.
    pub fn named(&self, name: &str) -> Vec<Address> {
        let called = |phone: &Phone| phone.name == name;
        self.phones.iter().filter(|(_, phone)| called(phone)).map(|(address, _)| *address).collect()
    }

    /// The status as a JSON object.
    pub fn to_json(&self) -> Value {
        json!({
            "controller": {
                "state": if self.up { "up" } else { "lost" },
                "address": self.address.to_string(),
                "name": self.name,
                "pairing": self.pairing,
            },
            "phones": self.phones.iter().map(|(a, p)| p.to_json(*a)).collect::<Vec<_>>(),
            "audible": self.audible.iter().map(notice::source).collect::<Vec<_>>(),
            "settings": self.settings,
            "warnings": self.warnings.iter()
                .map(|(code, text)| json!({ "code": code, "text": text }))
                .collect::<Vec<_>>(),
            "counters": self.counters,
        })
    }

    fn phone(&mut self, address: Address) -> &mut Phone {
        self.phones.entry(address).or_default()
    }

    fn known(&mut self, phone: Address, change: impl FnOnce(&mut Phone)) {
        if let Some(known) = self.phones.get_mut(&phone) {
            change(known);
        }
    }

    /// Forgets a phone that is neither bonded nor connected.
    fn keep_if_known(&mut self, phone: Address) {
        if self.phones.get(&phone).is_some_and(|p| !p.bonded && !p.connected) {
            self.phones.remove(&phone);
        }
    }
}

impl Phone {
    /// What is told of a call is added to what was.
    fn call(&mut self, index: u8, state: CallState, number: &str, name: &str) {
        if state == CallState::Ended {
            self.calls.remove(&index);
            return;
        }
        let call = self.calls.entry(index).or_insert_with(|| Call {
            state,
            number: String::new(),
            name: String::new(),
        });
        call.state = state;
        for (known, told) in [(&mut call.number, number), (&mut call.name, name)] {
            if !told.is_empty() {
                *known = told.into();
            }
        }
    }

    /// What was measured on one of its links, which may have been another time.
    pub(crate) fn meter(&mut self, [media, voice]: [Option<Meter>; 2]) {
        if let Some((StreamState::Playing, _)) = self.media {
            self.media_meter = media.or(self.media_meter);
        }
        if self.voice.is_some() {
            self.voice_meter = voice.or(self.voice_meter);
        }
    }

    /// Its connection is gone, and all that was known by it.
    fn disconnected(&mut self) {
        self.connected = false;
        (self.a2dp, self.media, self.rssi) = (false, None, None);
        (self.avrcp, self.playback, self.track) = (false, None, None);
        self.voice = None;
        self.without_calls();
    }

    /// What HFP tells is known no more.
    fn without_calls(&mut self) {
        self.hfp = false;
        self.calls.clear();
        (self.battery, self.signal, self.service, self.roaming) = (None, None, None, None);
    }

    /// Every field is there; what is not known is null.
    fn to_json(&self, address: Address) -> Value {
        let (state, codec) = self.media.map_or((StreamState::Closed, None), |(state, codec)| {
            (state, Some(notice::codec_name(codec)))
        });
        let playback = self.playback.map(|(status, position_ms)| {
            json!({ "status": notice::playback_status(status), "position_ms": position_ms })
        });
        let track = self.track.as_ref().map(|Track { title, artist, album, duration_ms }| {
            json!({ "title": title, "artist": artist, "album": album, "duration_ms": duration_ms })
        });
        let calls = self.calls.iter().map(|(index, call)| {
            notice::known(json!({
                "index": index, "state": notice::call_state(call.state),
                "number": notice::some(&call.number), "name": notice::some(&call.name),
            }))
        });
        json!({
            "address": address.to_string(),
            "name": self.name,
            "bonded": self.bonded,
            "connected": self.connected,
            "profiles": { "a2dp": self.a2dp, "avrcp": self.avrcp, "hfp": self.hfp },
            "media": { "state": notice::stream_state(state), "codec": codec },
            "meters": {
                "media": self.media_meter.map(Meter::to_json),
                "voice": self.voice_meter.map(Meter::to_json),
            },
            "playback": playback,
            "track": track,
            "volume": { "media": self.volume, "call": self.call_volume },
            "calls": calls.collect::<Vec<_>>(),
            "voice": self.voice.map(notice::voice_codec),
            "battery": self.battery,
            "signal": self.signal,
            "service": self.service,
            "roaming": self.roaming,
            "rssi": self.rssi,
            "last_heard": self.last_heard,
        })
    }
}

#[cfg(test)]
mod tests {
    use host::{Name, SourceKind};

    use super::*;

    #[test]
    fn a_phone_that_is_gone_stays_gone_when_it_is_heard_no_more() {
        let mut status = Status::default();
        let phone = Address([1; 6]);
        let told = |connected| Event::Phone { phone, name: Name::new(), connected, reason: None };
        status.apply(0.0, &told(true));
        let source = Source { phone, kind: SourceKind::Media, gain: 1.0 };
        status.apply(1.0, &Event::Audible { sources: [source].into_iter().collect() });
        assert_eq!(status.phones[&phone].last_heard, Some(1.0));
        status.apply(2.0, &told(false));
        status.apply(2.0, &Event::Audible { sources: Default::default() });
        assert!(status.phones.is_empty(), "{:?}", status.phones);
    }

    #[test]
    fn what_a_phone_tells_of_its_calls_is_in_its_status() {
        let mut status = Status::default();
        let phone = Address([1; 6]);
        let told = |connected| Event::Phone { phone, name: Name::new(), connected, reason: None };
        status.apply(0.0, &told(true));
        let call = |index, state, number: &str, name: &str| Event::Call {
            phone,
            index,
            state,
            number: number.try_into().unwrap(),
            name: name.try_into().unwrap(),
        };
        let indicator = |indicator, value| Event::Indicator { phone, indicator, value };
        let codec = VoiceCodec::Msbc;
        for event in [
            Event::Profile { phone, profile: Profile::Hfp, up: true },
            indicator(Indicator::Battery, 80),
            indicator(Indicator::Signal, 4),
            indicator(Indicator::Service, 1),
            indicator(Indicator::Roaming, 0),
            Event::Volume { phone, kind: VolumeKind::Call, percent: 70 },
            call(1, CallState::Incoming, "", ""),
            call(1, CallState::Incoming, "123", "Mum"),
            call(1, CallState::Active, "", ""),
            call(2, CallState::Incoming, "", ""),
            Event::Voice { phone, open: true, codec },
        ] {
            status.apply(1.0, &event);
        }
        let shown = status.phones[&phone].to_json(phone);
        assert_eq!(
            shown["calls"],
            json!([
                { "index": 1, "state": "active", "number": "123", "name": "Mum" },
                { "index": 2, "state": "incoming" },
            ])
        );
        assert_eq!(shown["volume"], json!({ "media": null, "call": 70 }));
        assert_eq!((&shown["voice"], &shown["profiles"]["hfp"]), (&"msbc".into(), &true.into()));
        assert_eq!((&shown["battery"], &shown["signal"]), (&80.into(), &4.into()));
        assert_eq!((&shown["service"], &shown["roaming"]), (&true.into(), &false.into()));

        // It is measured where there is something to measure.
        let meter = |peak| Some(Meter { peak, ..Meter::default() });
        let known = status.phones.get_mut(&phone).unwrap();
        known.meter([meter(1), meter(32_767)]);
        known.meter([None, None]);
        let shown_meters = known.to_json(phone)["meters"].clone();
        assert_eq!(
            (&shown_meters["media"], &shown_meters["voice"]["peak_db"]),
            (&Value::Null, &0.0.into())
        );

        // A program finds every field, whatever is not known yet.
        assert_eq!(shown["media"], json!({ "state": "closed", "codec": null }));
        for unknown in ["playback", "track", "rssi", "last_heard"] {
            assert_eq!(shown.get(unknown), Some(&Value::Null), "{unknown}");
        }

        status.apply(2.0, &Event::Voice { phone, open: false, codec });
        status.apply(2.0, &call(1, CallState::Ended, "", ""));
        let shown = status.phones[&phone].to_json(phone);
        assert_eq!(shown["calls"], json!([{ "index": 2, "state": "incoming" }]));
        assert_eq!(shown["voice"], Value::Null);

        status.apply(3.0, &Event::Profile { phone, profile: Profile::Hfp, up: false });
        let shown = status.phones[&phone].to_json(phone);
        assert_eq!((&shown["calls"], &shown["battery"]), (&json!([]), &Value::Null));
        // The volume is kept: it is that of the phone's next connection, too.
        assert_eq!(shown["volume"], json!({ "media": null, "call": 70 }));
    }

    #[test]
    fn a_phone_is_called_what_its_owner_calls_it() {
        let (ann, other) = (Address([1; 6]), Address([2; 6]));
        let mut status = Status::new("", &[], [(ann, "Ann".to_string())].into());
        for phone in [ann, other] {
            let name = Name::try_from("iPhone").unwrap();
            status.apply(0.0, &Event::Phone { phone, name, connected: true, reason: None });
        }
        assert_eq!((status.named("Ann"), status.named("iPhone")), (vec![ann], vec![other]));
    }
}
