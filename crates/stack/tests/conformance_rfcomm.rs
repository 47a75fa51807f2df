//! Runs the scripts of `tests/conformance/rfcomm`: a tester and the session speak in turn.
//!
//! One script a case, named by the SIG's test id where one fits. A line is
//!
//! ```text
//! # a comment, also behind a line's content
//! placed                       we opened the L2CAP channel (before anything else)
//! listen 3 | mtu 127           a service of ours; the channel's MTU (before anything else)
//! connect 1 | disconnect 6 | send 6 "OK" 0D | shut | lost
//! hold                         what arrives is not consumed from here on
//! consumed 6                   one frame's data is
//! > 033F011C                   the tester sends a packet, frame check sequence included
//! < 037301D7                   the session's next output is this packet
//! ! Opened 6 3 incoming        the session's next output is this event
//! = 6 "AT" 0D                  data that the last packet carried
//! wait 20                      seconds pass
//! ```
//!
//! Numbers are decimal, octets hexadecimal. Before anything else happens, every output must have
//! been expected.

mod script;

use std::collections::VecDeque;
use std::time::Duration;

use pool::Instant;
use script::{from_hex, to_hex};
use tandem_stack::rfcomm::{Output, Session};
use wire::rfcomm::{Dlci, ServerChannel};

#[derive(Default)]
struct Run {
    placed: bool,
    mtu: Option<u16>,
    listening: Vec<ServerChannel>,
    session: Option<Session>,
    now: Instant,
    holds: bool,
    seen: VecDeque<String>,
}

impl Run {
    fn session(&mut self) -> &mut Session {
        let (placed, mtu) = (self.placed, self.mtu.unwrap_or(672));
        self.session.get_or_insert_with(|| Session::new(self.now, placed, mtu, &self.listening))
    }

    fn drain(&mut self) {
        while let Some(output) = self.session().poll() {
            self.seen.push_back(describe(output));
        }
    }

    /// Time passes as it would: from one wake to the next.
    fn wait(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        while let Some(at) = self.session().wake_at().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            let now = self.now;
            self.session().wake(now);
            self.drain();
        }
        self.now = end;
    }

    fn expect(&mut self, expected: String) -> Result<(), String> {
        match self.seen.pop_front() {
            Some(seen) if seen == expected => Ok(()),
            seen => Err(format!("expected {expected:?}, saw {seen:?}, then {:?}", self.seen)),
        }
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (first, octets) = rest.split_once(' ').unwrap_or((rest, ""));
        match verb {
            "<" => return self.expect(format!("< {}", to_hex(&from_hex(rest)?))),
            "!" => return self.expect(format!("! {rest}")),
            "=" => return self.expect(format!("= {first} {}", to_hex(&from_hex(octets)?))),
            _ if !self.seen.is_empty() => {
                return Err(format!("not expected before this line: {:?}", self.seen));
            }
            _ => {}
        }
        let number = || first.parse::<u8>().map_err(|_| format!("{first:?} is not a number"));
        let channel = || ServerChannel::new(number()?).ok_or("not a channel".to_string());
        let dlci = || Dlci::new(number()?).ok_or("not a line".to_string());
        let now = self.now;
        match verb {
            "placed" => self.placed = true,
            "mtu" => self.mtu = Some(number()?.into()),
            "listen" => self.listening.push(channel()?),
            "connect" => {
                let channel = channel()?;
                self.session().connect(now, channel).map_err(|error| format!("{error:?}"))?;
            }
            "disconnect" => {
                let dlci = dlci()?;
                self.session().disconnect(now, dlci);
            }
            "send" => {
                let (dlci, bytes) = (dlci()?, from_hex(octets)?);
                self.session().send(dlci, &bytes).map_err(|error| format!("{error:?}"))?;
            }
            "shut" => self.session().shut(now),
            "lost" => self.session().channel_lost(),
            "hold" => self.holds = true,
            "consumed" => {
                let dlci = dlci()?;
                self.session().consumed(dlci);
            }
            ">" => self.receive(&from_hex(rest)?),
            "wait" => self.wait(number()?.into()),
            _ => return Err("not a line of a script".into()),
        }
        self.drain();
        Ok(())
    }

    fn receive(&mut self, packet: &[u8]) {
        let (now, holds) = (self.now, self.holds);
        let session = self.session();
        let Some(data) = session.receive(now, packet) else { return };
        if !holds {
            session.consumed(data.dlci);
        }
        let told = format!("= {} {}", data.dlci.number(), to_hex(data.bytes));
        self.seen.push_back(told);
    }
}

fn describe(output: Output) -> String {
    match output {
        Output::Send(packet) => format!("< {}", to_hex(&packet)),
        Output::Opened { dlci, channel, outgoing } => {
            let side = if outgoing { "outgoing" } else { "incoming" };
            format!("! Opened {} {} {side}", dlci.number(), channel.number())
        }
        Output::Refused { dlci, reason } => format!("! Refused {} {reason:?}", dlci.number()),
        Output::Closed { dlci, reason } => format!("! Closed {} {reason:?}", dlci.number()),
        Output::Over(reason) => format!("! Over {reason:?}"),
    }
}

fn run(text: &str) -> Result<(), String> {
    let mut run = Run::default();
    for (number, line) in script::lines(text) {
        run.line(line).map_err(|error| format!("line {number}, `{line}`: {error}"))?;
    }
    if run.seen.is_empty() { Ok(()) } else { Err(format!("left over: {:?}", run.seen)) }
}

#[test]
fn every_script_passes() {
    script::run_all("rfcomm", 37, run);
}
