//! Runs the scripts of `tests/conformance/avdtp`, one a case, named by the SIG's test id where one
//! fits (dots and slashes become underscores). The tester and the session speak in turn:
//!
//! ```text
//! # a comment, to the end of the line
//! sink | source | sinks | aac    the endpoints: SBC, SEID 1 (and 2); or AAC, SEID 1, and SBC, SEID 2;
//!                                the first line
//! placed                         we placed the link (before the first packet)
//! version 1.3                    the peer's version
//! delay 1500                     how late we play, in tenths of a millisecond
//! mtu 48                         of the peer's channel for signalling (before the first packet)
//! > 00 01                        the tester sends this packet
//! < 02 01 04 08                  the session sends this packet, and nothing before it
//! silence                        the session sends nothing
//! channel                        the tester connects a channel
//! connected                      the channel that the session asked for is there
//! closed                         the transport channel is closed by the tester
//! releases                       the session closes the transport channel
//! wait 5                         this many seconds pass
//! connect | start | suspend | close | abort      an order to the session
//! state streaming                the state of endpoint 1 (or `state 2 open`)
//! ```

mod script;

use std::time::Duration;

use pool::Instant;
use script::from_hex;
use tandem_stack::a2dp::{aac_sink, sbc_sink, sbc_source};
use tandem_stack::avdtp::{Cid, Output, Preference, Session, State, Use};
use wire::avdtp::Seid;

const SIGNALLING: Cid = 0x40;

struct Run {
    session: Session,
    now: Instant,
    signals: Vec<Vec<u8>>,
    closes: Vec<Cid>,
    asked: usize,
    next_cid: Cid,
    mtu: usize,
}

impl Run {
    fn new(endpoints: &str, placed: bool) -> Option<Self> {
        let seid = |number| Seid::new(number).expect("a legal identifier");
        let endpoints = match endpoints {
            "sink" => vec![sbc_sink(seid(1))],
            "sinks" => vec![sbc_sink(seid(1)), sbc_sink(seid(2))],
            "aac" => vec![aac_sink(seid(1)), sbc_sink(seid(2))],
            "source" => vec![sbc_source(seid(1))],
            "none" => vec![],
            _ => return None,
        };
        Some(Run {
            session: Session::new(&endpoints, placed),
            now: Instant::ZERO,
            signals: Vec::new(),
            closes: Vec::new(),
            asked: 0,
            next_cid: SIGNALLING,
            mtu: 672,
        })
    }

    fn drain(&mut self) {
        while let Some(output) = self.session.poll() {
            match output {
                Output::Signal { cid: SIGNALLING, pdu } => self.signals.push(pdu.to_vec()),
                Output::CloseChannel { cid } => self.closes.push(cid),
                Output::OpenTransport { .. } => self.asked += 1,
                _ => {}
            }
        }
    }

    fn channel(&mut self, outgoing: bool) -> Use {
        self.next_cid += 1;
        self.session.opened(self.now, self.next_cid - 1, outgoing, self.mtu)
    }

    fn signalling(&mut self) {
        if !self.session.is_up() {
            assert_eq!(self.channel(false), Use::Signalling);
        }
    }

    fn wait(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        while let Some(at) = self.session.wake_at().filter(|&at| at <= end) {
            self.now = self.now.max(at);
            self.session.wake(self.now);
            self.drain();
        }
        self.now = end;
    }

    fn step(&mut self, line: &str) -> Result<(), String> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        let seid = Seid::new(1).expect("a legal identifier");
        match verb {
            "mtu" => self.mtu = number(rest)? as usize,
            "version" if rest == "1.3" => self.session.set_peer_version(0x0103),
            "delay" => self.session.set_delay(self.now, number(rest)? as u16),
            ">" => {
                self.signalling();
                self.session.receive(self.now, SIGNALLING, &from_hex(rest)?);
            }
            "<" => {
                if self.signals.is_empty() {
                    return Err("nothing was sent".into());
                }
                let sent = self.signals.remove(0);
                if sent != from_hex(rest)? {
                    return Err(format!("sent {sent:02x?}"));
                }
            }
            "silence" if !self.signals.is_empty() => {
                return Err(format!("sent {:02x?}", self.signals));
            }
            "silence" => {}
            "channel" => match self.channel(false) {
                Use::Transport(_) => {}
                other => return Err(format!("it is {other:?}")),
            },
            "connected" => {
                if self.asked == 0 {
                    return Err("the session has not asked for one".into());
                }
                self.asked -= 1;
                match self.channel(true) {
                    Use::Transport(_) => {}
                    other => return Err(format!("it is {other:?}")),
                }
            }
            "closed" => self.session.closed(self.now, self.next_cid - 1),
            "releases" => {
                if self.closes.pop() != Some(self.next_cid - 1) {
                    return Err("it does not".into());
                }
                self.session.closed(self.now, self.next_cid - 1);
            }
            "wait" => self.wait(number(rest)?),
            "connect" => {
                self.signalling();
                self.session.connect(self.now, Preference { start: false });
            }
            "start" => self.session.start(self.now, seid).map_err(|e| e.to_string())?,
            "suspend" => self.session.suspend(self.now, seid).map_err(|e| e.to_string())?,
            "close" => self.session.close(self.now, seid).map_err(|e| e.to_string())?,
            "abort" => self.session.abort(self.now, seid).map_err(|e| e.to_string())?,
            "state" => self.state(rest)?,
            _ => return Err("not a line of a script".into()),
        }
        self.drain();
        Ok(())
    }

    fn state(&self, rest: &str) -> Result<(), String> {
        let (seid, expected) = rest.split_once(' ').unwrap_or(("1", rest));
        let seid = Seid::new(number(seid)? as u8).ok_or("not an identifier")?;
        let expected = match expected {
            "idle" => State::Idle,
            "configured" => State::Configured,
            "open" => State::Open,
            "streaming" => State::Streaming,
            "closing" => State::Closing,
            "aborting" => State::Aborting,
            _ => return Err("not a state".into()),
        };
        let state = self.session.state(seid);
        if state == expected { Ok(()) } else { Err(format!("it is {state:?}")) }
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text:?} is not a number"))
}

fn run(script: &str) -> Result<(), String> {
    let mut lines = script::lines(script).peekable();
    let (_, endpoints) = lines.next().ok_or("empty")?;
    let placed = lines.next_if(|(_, line)| *line == "placed").is_some();
    let mut run = Run::new(endpoints, placed).ok_or("line 1: no such endpoints")?;
    for (number, line) in lines {
        run.step(line).map_err(|error| format!("line {number}, `{line}`: {error}"))?;
    }
    run.step("silence").map_err(|error| format!("at the end: {error}"))
}

#[test]
fn every_script_passes() {
    script::run_all("avdtp", 50, run);
}
