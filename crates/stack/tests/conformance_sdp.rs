//! Runs the scripts of `tests/conformance/sdp`: a tester and the server or client in turn.
//!
//! One script a case. A line is
//!
//! ```text
//! # a comment, also behind a line's content
//! sink NAME | source NAME | device        a record; the handles count from 0x00010000
//! remove 00010000                         takes a record away
//! mtu 48                                  what the tester takes (decimal)
//! > 02000100…                             the tester's PDU
//! < 03000100…                             the answer; `nothing`: none
//! search 110A 0001 0004 0311              the client asks: a UUID and attributes; `<` is its request
//! ! Done                                  what the tester's last PDU brought the client
//! record 110A psm=0019 avdtp=0103 profile=0104 features=0001
//! wait 5                                  seconds pass
//! ```

mod script;

use std::time::Duration;

use pool::Instant;
use script::{from_hex, to_hex};
use tandem_stack::sdp::{
    AudioFeatures, Client, DeviceId, Progress, Record, Server, VendorIdSource,
};
use wire::sdp::{AttributeId, AttributeRange, Uuid};

struct Run {
    server: Server,
    client: Client,
    now: Instant,
    mtu: u16,
    answer: Option<Vec<u8>>,
    progress: Option<String>,
}

impl Run {
    fn new() -> Self {
        let (server, client) = (Server::new(), Client::new());
        Run { server, client, now: Instant::ZERO, mtu: 672, answer: None, progress: None }
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let number = |text: &str| u32::from_str_radix(text, 16).expect("a hexadecimal number");
        let mut out = [0; 1024];
        match verb {
            "sink" | "source" => {
                let record = if verb == "sink" {
                    Record::a2dp_sink(rest, AudioFeatures::HEADPHONE)
                } else {
                    Record::a2dp_source(rest, AudioFeatures::PLAYER)
                };
                self.server.add(record.expect("a record that fits")).expect("room for it");
            }
            "device" => {
                let source = VendorIdSource::BluetoothSig;
                let id = DeviceId { source, vendor: 0xFFFF, product: 0x0001, version: 0x0100 };
                let record = Record::device_id(id).expect("a record that fits");
                self.server.add(record).expect("room for it");
            }
            "remove" => self.server.remove(number(rest)),
            "mtu" => self.mtu = rest.parse().expect("an MTU"),
            "wait" => {
                self.now += Duration::from_secs(rest.parse().expect("seconds"));
                let failure = self.client.wake(self.now);
                self.progress = failure.map(|failure| format!("{failure:?}"));
            }
            "search" => {
                let mut numbers = rest.split_whitespace().map(number);
                let class = Uuid::short(numbers.next().expect("a class"));
                let ranges: Vec<_> =
                    numbers.map(|id| AttributeRange::one(AttributeId(id as u16))).collect();
                let length = self
                    .client
                    .search_attributes(self.now, &[class], &ranges, &mut out)
                    .expect("a request that fits");
                self.answer = Some(out[..length].to_vec());
            }
            ">" => {
                let pdu = from_hex(rest)?;
                if self.client.is_waiting() {
                    let progress = self.client.response(self.now, &pdu, &mut out);
                    if let Progress::More(length) = progress {
                        self.answer = Some(out[..length].to_vec());
                    }
                    self.progress = Some(format!("{progress:?}"));
                } else {
                    let length = self.server.respond(&pdu, self.mtu, &mut out);
                    self.answer = length.map(|length| out[..length].to_vec());
                }
            }
            "<" => {
                let expected = (rest != "nothing").then(|| from_hex(rest)).transpose()?;
                let answer = self.answer.take();
                if answer != expected {
                    return Err(format!("saw {:?}", answer.map(|bytes| to_hex(&bytes))));
                }
            }
            "!" => {
                let progress = self.progress.take();
                if progress.as_deref() != Some(rest) {
                    return Err(format!("saw {progress:?}"));
                }
            }
            "record" => return self.record(rest),
            _ => return Err(format!("no such verb: {verb}")),
        }
        Ok(())
    }

    fn record(&self, rest: &str) -> Result<(), String> {
        let mut words = rest.split_whitespace();
        let class = u32::from_str_radix(words.next().unwrap_or(""), 16).expect("a class");
        let class = Uuid::short(class);
        let mut records = self.client.records().iter();
        let record = records.find(|record| record.is_of_class(class)).ok_or("no such record")?;
        for word in words {
            let (name, value) = word.split_once('=').ok_or("no value")?;
            let seen = match name {
                "psm" => record.psm().map(|psm| psm.0.into()),
                "avdtp" => record.protocol_parameter(Uuid::AVDTP),
                "profile" => {
                    record.profile_version(Uuid::ADVANCED_AUDIO_DISTRIBUTION).map(u64::from)
                }
                "features" => record.unsigned(AttributeId::SUPPORTED_FEATURES),
                _ => return Err(format!("no such name: {name}")),
            };
            if seen != u64::from_str_radix(value, 16).ok() {
                return Err(format!("{name} is {seen:04X?}"));
            }
        }
        Ok(())
    }
}

fn run(script: &str) -> Result<(), String> {
    let mut run = Run::new();
    for (number, line) in script::lines(script) {
        run.line(line).map_err(|error| format!("line {number}, `{line}`: {error}"))?;
    }
    Ok(())
}

#[test]
fn every_script_passes() {
    script::run_all("sdp", 10, run);
}
