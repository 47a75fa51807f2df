//! The control socket from the other side: Varlink calls of `io.tandem.Receiver`.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::failure::Failure;

const INTERFACE: &str = "io.tandem.Receiver";

/// The daemon ends every call within 15 s; one that has not is stuck.
const PATIENCE: Duration = Duration::from_secs(20);

/// No reply is longer.
const MAX_REPLY: usize = 4 << 20;

/// A connection to a daemon.
#[derive(Debug)]
pub(crate) struct Client {
    stream: UnixStream,
    socket: String,
    read: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(socket: &Path) -> Result<Client, Failure> {
        let name = socket.display().to_string();
        let stream = UnixStream::connect(socket).map_err(|error| {
            Failure::NoDaemon(match error.kind() {
                ErrorKind::NotFound => format!("no daemon: there is no {name}; start tandemd"),
                ErrorKind::ConnectionRefused => {
                    format!(
                        "no daemon answers at {name}, the one that made it has died; start tandemd"
                    )
                }
                ErrorKind::PermissionDenied => {
                    format!(
                        "{name}: permission denied; join the group that owns it (`ls -l` names it)"
                    )
                }
                _ => format!("{name}: {error}"),
            })
        })?;
        let client = Client { stream, socket: name, read: Vec::new() };
        client.stream.set_write_timeout(Some(PATIENCE)).map_err(|e| client.lost(&e))?;
        Ok(client)
    }

    /// Calls a method and waits for its only reply.
    pub(crate) fn call(&mut self, method: &str, parameters: Value) -> Result<Value, Failure> {
        self.send(method, parameters, false)?;
        self.reply(Some(PATIENCE))?.ok_or_else(|| {
            let text = format!("{}: no answer within {} s", self.socket, PATIENCE.as_secs());
            Failure::NoDaemon(text)
        })
    }

    /// Begins to watch: [`Client::event`] gives what happens.
    pub(crate) fn watch(&mut self) -> Result<(), Failure> {
        self.send("Watch", json!({}), true)
    }

    /// The next event, waiting at most so long; `None` when there was none.
    pub(crate) fn event(&mut self, timeout: Option<Duration>) -> Result<Option<Value>, Failure> {
        Ok(self.reply(timeout)?.map(|mut reply| reply["event"].take()))
    }

    /// Begins a live capture: [`Client::octets`] gives what passes.
    pub(crate) fn capture(&mut self) -> Result<(), Failure> {
        self.send("Capture", json!({}), true)
    }

    /// The next octets of a live capture, in hexadecimal.
    pub(crate) fn octets(&mut self) -> Result<Option<Value>, Failure> {
        Ok(self.reply(None)?.map(|mut reply| reply["octets"].take()))
    }

    fn send(&mut self, method: &str, parameters: Value, more: bool) -> Result<(), Failure> {
        let mut call =
            json!({ "method": format!("{INTERFACE}.{method}"), "parameters": parameters });
        if more {
            call["more"] = true.into();
        }
        let message = format!("{call}\0");
        self.stream.write_all(message.as_bytes()).map_err(|error| self.lost(&error))
    }

    fn reply(&mut self, timeout: Option<Duration>) -> Result<Option<Value>, Failure> {
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        let mut searched = 0;
        loop {
            if let Some(end) = self.read[searched..].iter().position(|byte| *byte == 0) {
                let message: Vec<u8> = self.read.drain(..=searched + end).collect();
                return parse(&message[..searched + end]).map(Some);
            }
            searched = self.read.len();
            if searched > MAX_REPLY {
                return Err(Failure::Failed(format!("{}: a reply without an end", self.socket)));
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(None);
            }
            self.stream.set_read_timeout(left).map_err(|error| self.lost(&error))?;
            let mut chunk = [0; 8192];
            match self.stream.read(&mut chunk) {
                Ok(0) => {
                    return Err(Failure::NoDaemon(format!(
                        "{}: the daemon has ended",
                        self.socket
                    )));
                }
                Ok(length) => self.read.extend_from_slice(&chunk[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                // Whoever waits for signals wants to know of them.
                Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(None),
                Err(error) => return Err(self.lost(&error)),
            }
        }
    }

    fn lost(&self, error: &std::io::Error) -> Failure {
        Failure::NoDaemon(format!("{}: {error}", self.socket))
    }
}

fn parse(message: &[u8]) -> Result<Value, Failure> {
    let nonsense = || Failure::Failed("what answers at the socket does not speak Varlink".into());
    let mut reply: Value = serde_json::from_slice(message).map_err(|_| nonsense())?;
    if !reply.is_object() {
        return Err(nonsense());
    }
    let Some(name) = reply["error"].as_str() else { return Ok(reply["parameters"].take()) };
    let short = name.strip_prefix(INTERFACE).and_then(|rest| rest.strip_prefix('.'));
    let text = match (&reply["parameters"]["text"], &reply["parameters"]["parameter"]) {
        (Value::String(text), _) | (_, Value::String(text)) => text.clone(),
        _ => String::new(),
    };
    Err(Failure::Refused { name: short.unwrap_or(name).into(), text })
}
