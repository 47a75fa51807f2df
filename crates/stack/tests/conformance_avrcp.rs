//! Runs the scripts of `tests/conformance/avrcp`, one a case, named by the SIG's test id where one
//! fits (dots and slashes become underscores). The tester and the session speak in turn:
//!
//! ```text
//! # a comment, to the end of the line
//! sink 64                        a sink at this volume; the first line
//! source                         a source: stopped, no track; the first line
//! peer 1.6 | peer 1.0 | peer none    what the peer's records say of its target
//! mtu 48                         of the peer's channel (before the first packet)
//! > 00 11 0e 00 48 7c 44 00      the tester sends this packet
//! < 02 11 0e 09 48 7c 44 00      the session sends this packet, and nothing before it
//! > pdu 1 c 10 03 02 01 02       the same, for an AVRCP PDU in a packet of its own: label, AV/C
//!                                code, PDU, parameters; a code below 8 is a command's
//! < start 2 c 20 …               the first fragment of such a PDU; `continue` and `end` the others
//! < key 3 0 44                   the same, for a key: label, AV/C code, operation; `up` behind it
//! < pdu 1 c 20 01 … *600         `*600`: so many octets, 0x61
//! silence                        the session sends nothing
//! ! playback Playing interim     the session's next notice; all are to be named
//! channel                        the tester connects a channel (else the first line that needs one does)
//! second                         the tester connects another one; `>>` and `<<` go there
//! close | close second           the tester closes a channel
//! opens                          the session asks for a channel
//! wait 5000                      this many milliseconds pass
//! press 1 Pause                  an order to the session: ticket and key; `not now`: it fails
//! volume 100 | refresh | connect     other orders
//! player status=Playing title=Ode artist=*240 duration=215000 position=0 id=2
//!                                the source's player is like the last one, but for this
//! ```

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use pool::Instant;
use tandem_stack::avctp::Cid;
use tandem_stack::avrcp::{
    Features, Key, Notice, Output, Peer, Player, Service, Session, Text, Ticket, Track, Use,
};
use wire::avrcp::{PlayStatus, PlayerId, Volume};

const FIRST: Cid = 0x40;
const SECOND: Cid = 0x41;

struct Run {
    session: Session,
    player: Player,
    now: Instant,
    sent: VecDeque<(Cid, Vec<u8>)>,
    notices: VecDeque<String>,
    asked: usize,
    mtu: usize,
    opened: bool,
}

impl Run {
    fn new(line: &str) -> Option<Self> {
        let session = match line.split_once(' ').unwrap_or((line, "")) {
            ("sink", volume) => Session::sink(Volume::from_octet(volume.parse().ok()?)),
            ("source", "") => Session::source(Player::default()),
            _ => return None,
        };
        Some(Run {
            session,
            player: Player::default(),
            now: Instant::ZERO,
            sent: VecDeque::new(),
            notices: VecDeque::new(),
            asked: 0,
            mtu: 672,
            opened: false,
        })
    }

    fn drain(&mut self) {
        while let Some(output) = self.session.poll() {
            match output {
                Output::Send { cid, pdu } => {
                    assert!(pdu.len() <= self.mtu);
                    self.sent.push_back((cid, pdu.to_vec()));
                }
                Output::Open => self.asked += 1,
                Output::Notice(notice) => self.notices.push_back(told(&self.session, notice)),
            }
        }
    }

    fn channel(&mut self, cid: Cid) {
        self.opened = true;
        assert_eq!(self.session.opened(self.now, cid, self.mtu), Use::Control);
        self.drain();
    }

    fn wait(&mut self, milliseconds: u64) {
        let end = self.now + Duration::from_millis(milliseconds);
        while let Some(at) = self.session.wake_at().filter(|&at| at <= end) {
            self.now = self.now.max(at);
            self.session.wake(self.now);
            self.drain();
        }
        self.now = end;
    }

    fn sends(&mut self, cid: Cid, expected: &[u8]) -> Result<(), String> {
        match self.sent.pop_front() {
            Some(sent) if sent == (cid, expected.to_vec()) => Ok(()),
            Some((on, sent)) => Err(format!("sent {} on {on:#x}", text(&sent))),
            None => Err("nothing was sent".into()),
        }
    }

    fn step(&mut self, line: &str) -> Result<(), String> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        let early = ["mtu", "peer", "channel", "opens", "connect", "player"];
        if !early.contains(&verb) && !self.opened {
            self.channel(FIRST);
        }
        match verb {
            "mtu" => self.mtu = number(rest)?,
            "peer" => self.session.set_peer(peer(rest)?),
            ">" => self.session.receive(self.now, FIRST, &packet(rest)?),
            ">>" => self.session.receive(self.now, SECOND, &packet(rest)?),
            "<" => self.sends(FIRST, &packet(rest)?)?,
            "<<" => self.sends(SECOND, &packet(rest)?)?,
            "silence" => {
                if let Some((_, sent)) = self.sent.pop_front() {
                    return Err(format!("sent {}", text(&sent)));
                }
            }
            "!" => match self.notices.pop_front() {
                Some(told) if told == rest => {}
                other => return Err(format!("told {other:?}")),
            },
            "channel" => self.channel(FIRST),
            "second" => self.channel(SECOND),
            "close" => {
                self.session.closed(self.now, if rest == "second" { SECOND } else { FIRST });
            }
            "opens" if self.asked == 0 => return Err("it does not".into()),
            "opens" => self.asked -= 1,
            "wait" => self.wait(number(rest)? as u64),
            "press" => {
                let (order, fails) = match rest.strip_suffix(" not now") {
                    Some(order) => (order, true),
                    None => (rest, false),
                };
                let (ticket, key) = order.split_once(' ').ok_or("a ticket and a key")?;
                let ticket = Ticket(number(ticket)? as u32);
                if self.session.key(self.now, ticket, key_named(key)?).is_err() != fails {
                    return Err(if fails { "it does not fail" } else { "not now" }.into());
                }
            }
            "volume" => {
                self.session.set_volume(self.now, Volume::from_octet(number(rest)? as u8));
            }
            "refresh" => self.session.refresh(self.now),
            "connect" => self.session.connect(),
            "player" => {
                change(&mut self.player, rest)?;
                self.session.set_player(self.player.clone()).map_err(|e| e.to_string())?;
            }
            _ => return Err("not a line of a script".into()),
        }
        self.drain();
        Ok(())
    }
}

/// A notice as scripts have it.
fn told(session: &Session, notice: Notice) -> String {
    match notice {
        Notice::Playback { status, interim } => {
            format!("playback {status:?}{}", if interim { " interim" } else { "" })
        }
        Notice::Followed => match session.followed_status() {
            Some(status) => format!("followed {status:?}"),
            None => "followed none".into(),
        },
        Notice::Position { position } => {
            format!("position {}", position.map_or("none".into(), |ms| ms.to_string()))
        }
        Notice::Track => {
            let track = session.track();
            let part = |name: &str, text: &str| match text {
                "" => String::new(),
                text => format!(" {name}={text}"),
            };
            let number = |name: &str, number: Option<u32>| {
                part(name, &number.map_or(String::new(), |number| number.to_string()))
            };
            [
                "track".into(),
                part("title", &track.title),
                part("artist", &track.artist),
                part("album", &track.album),
                part("genre", &track.genre),
                number("number", track.number),
                number("total", track.total),
                number("duration", track.duration),
            ]
            .concat()
        }
        Notice::Player(player) => format!("player {}", player.0),
        Notice::Battery(status) => format!("battery {status:?}"),
        Notice::Volume(volume) => format!("volume {}", volume.octet()),
        Notice::Key { ticket, outcome } => format!("key {} {outcome:?}", ticket.0),
        Notice::Pressed { operation, state } => {
            format!("pressed {:02x} {state:?}", operation.number())
        }
    }
}

fn peer(text: &str) -> Result<Peer, String> {
    let version = match text {
        "none" => return Ok(Peer::default()),
        text => text.split_once('.').ok_or("not a version")?,
    };
    let version = (number(version.0)? << 8 | number(version.1)?) as u16;
    let target = Service { version, features: Features(0xFFFF) };
    Ok(Peer { target: Some(target), controller: None })
}

fn key_named(name: &str) -> Result<Key, String> {
    use Key::{Next, Pause, Play, Previous, Stop, VolumeDown, VolumeUp};
    let keys = [Play, Pause, Stop, Next, Previous, VolumeUp, VolumeDown];
    let named = |key: &Key| format!("{key:?}") == name;
    keys.into_iter().find(named).ok_or(format!("{name:?} is not a key"))
}

fn change(player: &mut Player, changes: &str) -> Result<(), String> {
    for change in changes.split_whitespace() {
        let (name, value) = change.split_once('=').ok_or("name=value")?;
        let long = |value: &str| match value.strip_prefix('*') {
            Some(count) => Ok("a".repeat(number(count)?)),
            None => Ok::<_, String>(value.to_string()),
        };
        let text = || Text::try_from(long(value)?.as_str()).map_err(|_| "too long".to_string());
        let milliseconds = || number(value).map(|number| Some(number as u32));
        let track = |player: &mut Player| player.track.get_or_insert_with(Track::default).clone();
        match name {
            "id" => player.id = PlayerId(number(value)? as u16),
            "position" => player.position = milliseconds()?,
            "status" => {
                let all = [PlayStatus::Stopped, PlayStatus::Playing, PlayStatus::Paused];
                let named = |status: &PlayStatus| format!("{status:?}") == value;
                player.status = all.into_iter().find(named).ok_or("not a status")?;
            }
            "title" => player.track = Some(Track { title: text()?, ..track(player) }),
            "artist" => player.track = Some(Track { artist: text()?, ..track(player) }),
            "album" => player.track = Some(Track { album: text()?, ..track(player) }),
            "genre" => player.track = Some(Track { genre: text()?, ..track(player) }),
            "duration" => {
                player.track = Some(Track { duration: milliseconds()?, ..track(player) });
            }
            _ => return Err(format!("a player has no {name}")),
        }
    }
    Ok(())
}

fn number(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| format!("{text:?} is not a number"))
}

/// A packet, in full or in short.
fn packet(line: &str) -> Result<Vec<u8>, String> {
    let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
    let packet_type = match kind {
        "pdu" | "key" => 0,
        "start" => 1,
        "continue" => 2,
        "end" => 3,
        _ => return hex(line),
    };
    let mut words = rest.split_whitespace();
    let mut digit = || {
        let word = words.next().ok_or("label and code")?;
        u8::from_str_radix(word, 16).map_err(|_| format!("{word:?} is not hex"))
    };
    let (label, code, what) = (digit()?, digit()?, digit()?);
    let response = u8::from(code >= 8) << 1;
    let mut packet = vec![label << 4 | response, 0x11, 0x0E, code, 0x48];
    let rest: Vec<&str> = words.collect();
    if kind == "key" {
        let up = u8::from(rest == ["up"]) << 7;
        packet.extend([0x7C, up | what, 0]);
    } else {
        let parameters = hex(&rest.join(" "))?;
        let [high, low] = (parameters.len() as u16).to_be_bytes();
        packet.extend([0x00, 0x00, 0x19, 0x58, what, packet_type, high, low]);
        packet.extend(parameters);
    }
    Ok(packet)
}

fn hex(text: &str) -> Result<Vec<u8>, String> {
    let octets = |word: &str| match word.strip_prefix('*') {
        Some(count) => Ok(vec![b'a'; number(count)?]),
        None => u8::from_str_radix(word, 16)
            .map(|octet| vec![octet])
            .map_err(|_| format!("{word:?} is not hex")),
    };
    let words: Result<Vec<_>, _> = text.split_whitespace().map(octets).collect();
    Ok(words?.concat())
}

fn text(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x} ")).collect()
}

fn run(path: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let mut lines = text
        .lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line.split('#').next().unwrap_or("").trim()))
        .filter(|(_, line)| !line.is_empty());
    let (_, first) = lines.next().ok_or("empty")?;
    let mut run = Run::new(first).ok_or("neither a sink nor a source")?;
    for (at, line) in lines {
        run.step(line).map_err(|error| format!("line {at}, `{line}`: {error}"))?;
    }
    run.step("silence").map_err(|error| format!("at the end: {error}"))?;
    match run.notices.pop_front() {
        Some(told) => Err(format!("at the end: told {told}")),
        None => Ok(()),
    }
}

#[test]
fn every_script_passes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance/avrcp");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    paths.sort();
    assert!(paths.len() >= 60, "the scripts are there: {}", paths.len());
    let failures: Vec<_> = paths
        .iter()
        .filter_map(|path| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            run(path).err().map(|error| format!("{name}: {error}"))
        })
        .collect();
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
}
