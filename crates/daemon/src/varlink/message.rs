//! One client's connection: messages that end with a NUL byte, of bounded length.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags, poll};
use serde_json::{Map, Value};

use super::{Call, STALLED};

/// A call is at most so many bytes.
pub const MAX_MESSAGE: usize = 16 * 1024;

/// How much is read at once.
const CHUNK: usize = 2048;

/// A client's connection.
#[derive(Debug)]
pub(super) struct Connection {
    stream: UnixStream,
    /// What was read; [`Connection::next`] has taken the first `taken` bytes of it.
    read: Vec<u8>,
    taken: usize,
}

impl Connection {
    pub(super) fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(STALLED))?;
        stream.set_write_timeout(Some(STALLED))?;
        Ok(Connection { stream, read: Vec::new(), taken: 0 })
    }

    /// The next call; `None` when the client hung up between two. Any error ends the connection.
    pub(super) fn next(&mut self) -> io::Result<Option<Call>> {
        self.read.drain(..self.taken);
        self.taken = 0;
        let mut searched = 0;
        loop {
            let end = self.read[searched..].iter().position(|byte| *byte == 0);
            let end = end.map(|end| searched + end);
            if end.unwrap_or(self.read.len()) > MAX_MESSAGE {
                return Err(bad("a call that is too long"));
            }
            if let Some(end) = end {
                self.taken = end + 1;
                return Call::parse(&self.read[..end]).map(Some);
            }
            searched = self.read.len();
            let mut chunk = [0; CHUNK];
            match self.stream.read(&mut chunk) {
                Ok(0) if searched == 0 => return Ok(None),
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(length) => self.read.extend_from_slice(&chunk[..length]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Between two calls a client may take its time.
                Err(error) if error.kind() == ErrorKind::WouldBlock && searched == 0 => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends a message.
    pub(super) fn send(&mut self, message: &Value) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(message)?;
        bytes.push(0);
        self.stream.write_all(&bytes)
    }

    /// Waits until `other` is readable, or fails because the client is gone. A client that only
    /// stopped sending is not gone.
    pub(super) fn wait_for(&self, other: BorrowedFd<'_>) -> io::Result<()> {
        let mut fds = [
            PollFd::from_borrowed_fd(self.stream.as_fd(), PollFlags::empty()),
            PollFd::from_borrowed_fd(other, PollFlags::IN),
        ];
        match poll(&mut fds, None) {
            Ok(_) if !fds[0].revents().is_empty() => Err(ErrorKind::ConnectionReset.into()),
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl Call {
    fn parse(bytes: &[u8]) -> io::Result<Call> {
        let Value::Object(mut object) = serde_json::from_slice(bytes)? else {
            return Err(bad("a call that is no JSON object"));
        };
        let Some(Value::String(method)) = object.remove("method") else {
            return Err(bad("a call without a method"));
        };
        let mut parameters = match object.remove("parameters") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(parameters)) => parameters,
            Some(_) => return Err(bad("a call whose parameters are no JSON object")),
        };
        parameters.retain(|_, value| !value.is_null());
        let mut flag = |name| match object.remove(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(bad("a call with a flag that is neither true nor false")),
        };
        let (oneway, more, upgrade) = (flag("oneway")?, flag("more")?, flag("upgrade")?);
        Ok(Call { method, parameters, oneway, more, upgrade })
    }
}

fn bad(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}
