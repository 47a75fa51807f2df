//! Runs the scripts of `tests/conformance/l2cap`: a tester and the implementation speaking in turn.
//!
//! One script a case. A line is
//!
//! ```text
//! # a comment, also behind a line's content
//! listen 0019 mtu=1000 open ask     a service; `open`: needs no security, `ask`: asks its owner
//! secured | insecure | down         what becomes of the link, which is up from the beginning
//! connect 0019 | disconnect 0040 | accept 0040 | refuse 0040 | send 0040 68656C6C6F
//! > 0A000100 …                      the tester sends an L2CAP frame
//! >start … | >more …                a fragment of one
//! < 0C000100 …                      the implementation's next output is this frame
//! ! Opened 0040 0019 incoming 672   the next output is this event
//! = 0040 68656C6C6F                 the SDU that the last fragment completed
//! wait 2.5                          seconds pass
//! ```
//!
//! Numbers are hexadecimal but for MTUs and seconds. Before the tester or an owner goes on, every
//! output must have been expected.

mod script;

use std::collections::VecDeque;
use std::time::Duration;

use pool::{Arena, Frame, Instant};
use script::{from_hex, to_hex};
use tandem_stack::LinkId;
use tandem_stack::l2cap::{ChannelId, Data, Mux, Options, Output};
use wire::hci::Boundary;
use wire::l2cap::{Cid, Psm};

const LINK: LinkId = LinkId(3);

struct Run {
    mux: Mux,
    arena: Arena,
    now: Instant,
    seen: VecDeque<String>,
}

impl Run {
    fn new() -> Self {
        let arena = Arena::new(64, 2048);
        let mut mux = Mux::new(arena.clone());
        mux.link_up(LINK);
        Run { mux, arena, now: Instant::ZERO, seen: VecDeque::new() }
    }

    fn frame(&self, bytes: &[u8]) -> Frame {
        let mut frame = self.arena.take().expect("a free block");
        frame.append(bytes).expect("a block holds the frame");
        frame
    }

    fn drain(&mut self) {
        while let Some(output) = self.mux.poll() {
            self.seen.push_back(describe(output));
        }
    }

    fn receive(&mut self, boundary: Boundary, bytes: &[u8]) {
        let frame = self.frame(bytes);
        if let Some(Data { channel, payload, .. }) =
            self.mux.receive(self.now, LINK, boundary, frame)
        {
            self.seen.push_back(format!("= {:04X} {}", channel.cid.0, to_hex(&payload)));
        }
        self.drain();
    }

    /// Time passes as it would: from one wake to the next.
    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.mux.wake_at().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.mux.wake(self.now);
            self.drain();
        }
        self.now = end;
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        if matches!(verb, "<" | "!" | "=") {
            let content = if verb == "!" {
                rest.split_whitespace().collect::<Vec<_>>().join(" ")
            } else if let ("=", Some((cid, sdu))) = (verb, rest.split_once(' ')) {
                format!("{cid} {}", to_hex(&from_hex(sdu)?))
            } else {
                to_hex(&from_hex(rest)?)
            };
            let expected = format!("{verb} {content}");
            return match self.seen.pop_front() {
                Some(seen) if seen.trim_end() == expected.trim_end() => Ok(()),
                seen => Err(format!("expected {expected:?}, saw {seen:?}, then {:?}", self.seen)),
            };
        }
        if !self.seen.is_empty() {
            return Err(format!("not expected before this line: {:?}", self.seen));
        }
        let number = |text: &str| u16::from_str_radix(text, 16).expect("a hexadecimal number");
        let mut words = rest.split_whitespace();
        let first = words.next().unwrap_or("");
        let channel = || ChannelId { link: LINK, cid: Cid(number(first)) };
        match verb {
            "listen" => {
                let mut options = Options::default();
                for word in words {
                    match word.split_once('=') {
                        Some(("mtu", mtu)) => options.mtu = mtu.parse().expect("an MTU"),
                        None if word == "open" => options.needs_security = false,
                        None if word == "ask" => options.ask = true,
                        _ => return Err(format!("no such option: {word}")),
                    }
                }
                self.mux.listen(Psm(number(first)), options);
            }
            "secured" => self.mux.link_secured(self.now, LINK),
            "insecure" => self.mux.security_failed(LINK),
            "down" => self.mux.link_down(LINK),
            "connect" => {
                self.mux.connect(self.now, LINK, Psm(number(first))).expect("room for a channel");
            }
            "disconnect" => self.mux.disconnect(self.now, channel()),
            "accept" => self.mux.accept(self.now, channel()),
            "refuse" => self.mux.refuse(channel()),
            "send" => {
                let frame = self.frame(&from_hex(words.next().unwrap_or(""))?);
                if let Err(error) = self.mux.send(channel(), frame) {
                    self.seen.push_back(format!("! {error:?}"));
                }
            }
            ">" | ">start" => self.receive(Boundary::FirstFlushable, &from_hex(rest)?),
            ">more" => self.receive(Boundary::Continuing, &from_hex(rest)?),
            "wait" => self.wait(Duration::from_secs_f64(first.parse().expect("seconds"))),
            _ => return Err(format!("no such verb: {verb}")),
        }
        self.drain();
        Ok(())
    }
}

fn describe(output: Output) -> String {
    match output {
        Output::Send { link, frame } => {
            assert_eq!(link, LINK);
            format!("< {}", to_hex(&frame))
        }
        Output::Secure { .. } => "! Secure".into(),
        Output::Asked { channel, psm } => format!("! Asked {:04X} {:04X}", channel.cid.0, psm.0),
        Output::Opened { channel, psm, outgoing, mtu } => {
            let side = if outgoing { "outgoing" } else { "incoming" };
            format!("! Opened {:04X} {:04X} {side} {mtu}", channel.cid.0, psm.0)
        }
        Output::Reconfigured { channel, mtu } => {
            format!("! Reconfigured {:04X} {mtu}", channel.cid.0)
        }
        Output::Oversized { channel, length } => {
            format!("! Oversized {:04X} {length}", channel.cid.0)
        }
        Output::Refused { channel, psm, reason } => {
            format!("! Refused {:04X} {:04X} {reason:?}", channel.cid.0, psm.0)
        }
        Output::Closed { channel, psm, reason } => {
            format!("! Closed {:04X} {:04X} {reason:?}", channel.cid.0, psm.0)
        }
    }
}

fn run(script: &str) -> Result<(), String> {
    let mut run = Run::new();
    for (number, line) in script::lines(script) {
        run.line(line).map_err(|error| format!("line {number}: {error}"))?;
    }
    if run.seen.is_empty() { Ok(()) } else { Err(format!("left over: {:?}", run.seen)) }
}

#[test]
fn every_script_passes() {
    script::run_all("l2cap", 30, run);
}
