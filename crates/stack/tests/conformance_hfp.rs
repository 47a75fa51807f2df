//! Runs the scripts of `tests/conformance/hfp`: a tester and a hands-free unit, or a tester and an
//! audio gateway, speak in turn.
//!
//! One script a case, named by the SIG's test id where one fits. A line is
//!
//! ```text
//! # a comment, also behind a line's content
//! unit | gateway                     who is tested (the first line)
//! brsf 191 | bac 1,2 | xapl | btrh | nrec   what it can do, and is set up with (before `open`)
//! chld 0,1,2 | memory 5551 | operator "X" | number 5552    likewise, of a gateway
//! open | closed                      its line is open, or gone
//! up 871                             it sets up a connection with a phone of these features; then
//!                                    all is done and forgotten that a phone would answer with OK
//! > +BRSF: 871                       the tester says this, with a line's ends around it
//! >> "RI" | >> "NG" 0D0A             the tester sends these octets
//! < AT+BRSF=191                      its next output is this text
//! ! Up 871                           its next output is this event
//! wait 0.1                           seconds pass
//! silent                             it says nothing
//! ```
//!
//! and what the owner of either asks for: the verbs of `Run::unit` and `Run::gateway`. Before the
//! tester or an owner goes on, every output must have been expected.

mod script;

use std::collections::VecDeque;
use std::time::Duration;

use pool::Instant;
use script::from_hex;
use tandem_stack::hfp::gateway::{self, Gateway};
use tandem_stack::hfp::hands_free::{self, Accessory, Order};
use tandem_stack::hfp::{Call, HandsFree, call::text};
use wire::hfp::{AgFeatures, Codec, Codecs, Command, HfFeatures, Hold, Holds};

enum Side {
    Unit(hands_free::Settings, Option<Box<HandsFree>>),
    Gateway(gateway::Settings, Option<Box<Gateway>>),
}

struct Run {
    side: Side,
    now: Instant,
    seen: VecDeque<String>,
}

impl Run {
    fn new(side: &str) -> Option<Self> {
        let side = match side {
            "unit" => Side::Unit(hands_free::Settings::default(), None),
            "gateway" => Side::Gateway(gateway::Settings::default(), None),
            _ => return None,
        };
        Some(Run { side, now: Instant::ZERO, seen: VecDeque::new() })
    }

    fn drain(&mut self) {
        match &mut self.side {
            Side::Unit(_, Some(unit)) => {
                while let Some(output) = unit.poll() {
                    self.seen.push_back(unit_said(output));
                }
            }
            Side::Gateway(_, Some(gateway)) => {
                while let Some(output) = gateway.poll() {
                    self.seen.push_back(gateway_said(output));
                }
            }
            _ => {}
        }
    }

    fn say(&mut self, bytes: &[u8]) {
        match &mut self.side {
            Side::Unit(_, Some(unit)) => unit.receive(self.now, bytes),
            Side::Gateway(_, Some(gateway)) => gateway.receive(self.now, bytes),
            _ => panic!("not open"),
        }
        self.drain();
    }

    fn wake_at(&self) -> Option<Instant> {
        match &self.side {
            Side::Unit(_, unit) => unit.as_ref()?.wake_at(),
            Side::Gateway(_, gateway) => gateway.as_ref()?.wake_at(),
        }
    }

    /// Time passes as it would: from one wake to the next.
    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.wake_at().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            match &mut self.side {
                Side::Unit(_, Some(unit)) => unit.wake(self.now),
                Side::Gateway(_, Some(gateway)) => gateway.wake(self.now),
                _ => {}
            }
            self.drain();
        }
        self.now = end;
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        if matches!(verb, "<" | "!") {
            let expected = format!("{verb} {rest}");
            return match self.seen.pop_front() {
                Some(seen) if seen == expected => Ok(()),
                seen => Err(format!("saw {seen:?}, then {:?}", self.seen)),
            };
        }
        if !self.seen.is_empty() {
            return Err(format!("not expected before this line: {:?}", self.seen));
        }
        match verb {
            "silent" => {}
            "wait" => self.wait(Duration::from_secs_f64(number(rest)?)),
            ">" => match self.side {
                Side::Unit(..) => self.say(format!("\r\n{rest}\r\n").as_bytes()),
                Side::Gateway(..) => self.say(format!("{rest}\r").as_bytes()),
            },
            ">>" => self.say(&from_hex(rest)?),
            _ => match self.side {
                Side::Unit(..) => self.unit(verb, rest)?,
                Side::Gateway(..) => self.gateway(verb, rest)?,
            },
        }
        self.drain();
        Ok(())
    }

    fn unit(&mut self, verb: &str, rest: &str) -> Result<(), String> {
        let Side::Unit(settings, unit) = &mut self.side else { return Ok(()) };
        let now = self.now;
        match verb {
            "brsf" => settings.features = HfFeatures::from_bits_truncate(number(rest)?),
            "bac" => settings.codecs = codecs(rest)?,
            "nrec" => settings.noise_reduction_off = true,
            "btrh" => settings.response_and_hold = true,
            "xapl" => {
                let (vendor, product, version) = (0xFFFF, 1, 0x0100);
                settings.accessory = Some(Accessory { vendor, product, version });
            }
            "open" => unit.get_or_insert_with(|| Box::new(HandsFree::new(*settings))).opened(now),
            "up" => {
                let features = rest.to_owned();
                unit.get_or_insert_with(|| Box::new(HandsFree::new(*settings))).opened(now);
                return self.come_up(&features);
            }
            _ => {
                let unit = unit.as_mut().ok_or("not open")?;
                return unit_does(unit, now, verb, rest, &mut self.seen);
            }
        }
        Ok(())
    }

    /// Answers as a phone that can do all that it is asked, until nothing is asked any more.
    fn come_up(&mut self, features: &str) -> Result<(), String> {
        let (brsf, values) = features.split_once(' ').unwrap_or((features, "1,0,0,0,5,0,5"));
        self.drain();
        while let Some(said) = self.seen.pop_front() {
            let answer = match said.strip_prefix("< AT+").unwrap_or_default() {
                _ if !said.starts_with('<') => continue,
                "CIND=?" => concat!(
                    r#"+CIND: ("service",(0,1)),("call",(0,1)),("callsetup",(0-3)),"#,
                    r#"("callheld",(0-2)),("signal",(0-5)),("roam",(0,1)),("battchg",(0-5))"#
                )
                .to_owned(),
                "CIND?" => format!("+CIND: {values}"),
                "CHLD=?" => "+CHLD: (0,1,1x,2,2x,3,4)".to_owned(),
                "BIND=?" => "+BIND: (1,2)".to_owned(),
                "BIND?" => "+BIND: 1,1\r\n\r\n+BIND: 2,1".to_owned(),
                asked if asked.starts_with("BRSF=") => format!("+BRSF: {brsf}"),
                asked if asked.starts_with("XAPL=") => "+XAPL=iPhone,2".to_owned(),
                _ => String::new(),
            };
            self.say(format!("\r\n{answer}\r\n\r\nOK\r\n").as_bytes());
        }
        let Side::Unit(_, Some(unit)) = &self.side else { return Err("not open".into()) };
        if unit.is_up() { Ok(()) } else { Err("it did not come up".into()) }
    }

    fn gateway(&mut self, verb: &str, rest: &str) -> Result<(), String> {
        let Side::Gateway(settings, gateway) = &mut self.side else { return Ok(()) };
        match verb {
            "brsf" => settings.features = AgFeatures::from_bits_truncate(number(rest)?),
            "bac" => settings.codecs = codecs(rest)?,
            "chld" => {
                settings.holds = rest.split(',').map(|n| Holds::named(n.as_bytes())).collect()
            }
            "xapl" => settings.accessory = true,
            "memory" => settings.memory = text(rest.as_bytes()),
            "operator" => settings.operator = text(rest.as_bytes()),
            "number" => settings.number = text(rest.as_bytes()),
            "open" => {
                gateway.get_or_insert_with(|| Box::new(Gateway::new(settings.clone()))).opened()
            }
            "up" => {
                gateway.get_or_insert_with(|| Box::new(Gateway::new(settings.clone()))).opened();
                let brsf = format!("AT+BRSF={rest}");
                let way = ["AT+BAC=1,2", "AT+CIND=?", "AT+CIND?", "AT+CMER=3,0,0,1", "AT+CHLD=?"];
                let then = ["AT+BIND=1,2", "AT+BIND=?", "AT+BIND?", "AT+CLIP=1", "AT+CCWA=1"];
                for said in [&brsf[..]].into_iter().chain(way).chain(then).chain(["AT+CMEE=1"]) {
                    self.say(format!("{said}\r").as_bytes());
                }
                self.seen.clear();
            }
            _ => {
                let gateway = gateway.as_mut().ok_or("not open")?;
                gateway_does(gateway, self.now, verb, rest)?;
            }
        }
        Ok(())
    }
}

/// What a unit's owner asks for.
fn unit_does(
    unit: &mut HandsFree,
    now: Instant,
    verb: &str,
    rest: &str,
    seen: &mut VecDeque<String>,
) -> Result<(), String> {
    let order = match verb {
        "closed" => {
            unit.closed();
            return Ok(());
        }
        "battery" => {
            unit.set_battery(now, number(rest)?);
            return Ok(());
        }
        "safety" => {
            unit.set_safety(now, rest == "on");
            return Ok(());
        }
        "speaker" => {
            unit.set_speaker(now, number(rest)?);
            return Ok(());
        }
        "microphone" => {
            unit.set_microphone(now, number(rest)?);
            return Ok(());
        }
        "codecs" => {
            unit.set_codecs(now, codecs(rest)?);
            return Ok(());
        }
        "answer" => Order::Answer,
        "hang_up" => Order::HangUp,
        "hold" => Order::Hold(Hold::parse(rest.as_bytes()).ok_or("no such hold")?),
        "dial" => Order::Dial(rest),
        "memory" => Order::DialMemory(number(rest)?),
        "redial" => Order::Redial,
        "tone" => Order::Tone(rest.chars().next().ok_or("which tone")?),
        "voice" => Order::VoiceRecognition(rest == "on"),
        "ready" => Order::VoiceReady,
        "link" => Order::VoiceLink,
        "respond" => match rest {
            "hold" => Order::RespondAndHold,
            "accept" => Order::AcceptHeld,
            _ => Order::RejectHeld,
        },
        _ => return Err("not a line of a unit's script".into()),
    };
    if let Err(refused) = unit.order(now, order) {
        seen.push_back(format!("! {refused:?}"));
    }
    Ok(())
}

/// What a phone's owner does, or the network.
fn gateway_does(gateway: &mut Gateway, now: Instant, verb: &str, rest: &str) -> Result<(), String> {
    match verb {
        "closed" => gateway.closed(),
        "incoming" => {
            let (number, name) = rest.split_once(' ').unwrap_or((rest, ""));
            gateway.incoming(now, number, name).ok_or("no room for a call")?;
        }
        "dial" => gateway.dial_here(now, rest),
        "alert" => gateway.alert(now),
        "connect" => gateway.connect(now),
        "answer" => gateway.take_call(now),
        "hang_up" => gateway.hang_up(now),
        "end" => gateway.end(now, number(rest)?),
        "hold" => gateway.hold(now, Hold::parse(rest.as_bytes()).ok_or("no such hold")?),
        "codec" => {
            let codec = Codec::new(number(rest)?).ok_or("no such codec")?;
            if !gateway.choose_codec(codec) {
                return Err("it cannot".into());
            }
        }
        "speaker" => gateway.set_speaker(number(rest)?),
        "microphone" => gateway.set_microphone(number(rest)?),
        "in_band" => gateway.set_in_band(rest == "on"),
        "voice" => gateway.recognise(rest == "on"),
        "service" => {
            gateway.set_indicator(hands_free::Indicator::Service, number(rest)?);
        }
        "signal" => gateway.set_indicator(hands_free::Indicator::Signal, number(rest)?),
        _ => return Err("not a line of a gateway's script".into()),
    }
    Ok(())
}

fn number<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("{text:?} is not a number"))
}

fn codecs(text: &str) -> Result<Codecs, String> {
    match Command::parse(format!("AT+BAC={text}").as_bytes()) {
        Ok(Command::Bac(codecs)) => Ok(codecs),
        _ => Err("no codecs".into()),
    }
}

fn told(call: &Call) -> String {
    let mut told = format!("! Call {} {:?} {:?}", call.index, call.direction, call.status);
    if call.multiparty {
        told += " multiparty";
    }
    for part in [call.number.as_str(), call.name.as_str()] {
        if !part.is_empty() {
            told = format!("{told} {part}");
        }
    }
    told
}

fn sent(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    format!("< {}", text.trim_matches(['\r', '\n']))
}

fn who(what: &str, caller: &hands_free::Caller) -> String {
    format!("! {what} {} {}", caller.number, caller.name).trim_end().to_owned()
}

fn unit_said(output: hands_free::Output) -> String {
    use hands_free::Output as Said;
    match output {
        Said::Send(text) => sent(&text),
        Said::Up { features, holds } => format!("! Up {} {:02X}", features.bits(), holds.bits()),
        Said::Indicator(indicator, value) => format!("! {} {value}", indicator.name()),
        Said::Call(call) => told(&call),
        Said::Calling(caller) => who("Calling", &caller),
        Said::Waiting(caller) => who("Waiting", &caller),
        Said::Operator(name) => format!("! Operator {name}").trim_end().to_owned(),
        Said::SubscriberNumber(number) => format!("! Number {number}"),
        Said::VoiceRecognition { on, state } => {
            let state = state.map_or(String::new(), |state| format!(" {}", state.bits()));
            format!("! Voice {on}{state}")
        }
        Said::VoiceText(text) => format!("! Text {text}"),
        Said::Done { ticket, result: Ok(()) } => format!("! Done {}", ticket.0),
        Said::Done { ticket, result: Err(error) } => format!("! Failed {} {error:?}", ticket.0),
        other => format!("! {other:?}"),
    }
}

fn gateway_said(output: gateway::Output) -> String {
    use gateway::Output as Said;
    match output {
        Said::Send(text) => sent(&text),
        Said::Up { features } => format!("! Up {}", features.bits()),
        Said::Call(call) => told(&call),
        Said::Dialled(number) => format!("! Dialled {number}"),
        Said::Codecs(codecs) => format!("! Codecs {}", codecs.bits()),
        Said::Tone(tone) => format!("! Tone {}", char::from(tone)),
        other => format!("! {other:?}"),
    }
}

fn run(text: &str) -> Result<(), String> {
    let mut lines = script::lines(text);
    let (_, side) = lines.next().ok_or("empty")?;
    let mut run = Run::new(side).ok_or("the first line names no side")?;
    for (number, line) in lines {
        run.line(line).map_err(|error| format!("line {number}, `{line}`: {error}"))?;
    }
    if run.seen.is_empty() { Ok(()) } else { Err(format!("left over: {:?}", run.seen)) }
}

#[test]
fn every_script_passes() {
    script::run_all("hfp", 101, run);
}
