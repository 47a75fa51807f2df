//! Orders from outside: lines on a Unix socket, each answered by a line, `ok` or `error: …` or
//! what was asked for.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::time::Duration;

/// A line that is longer than this is no order.
const LONGEST: usize = 4096;

/// The socket, and who talks on it.
pub(crate) struct Control {
    listener: UnixListener,
    clients: Vec<(UnixStream, Vec<u8>)>,
}

impl Control {
    /// Listens at a path that must not exist yet.
    pub(crate) fn listen(path: &Path) -> io::Result<Control> {
        let listener = UnixListener::bind(path)
            .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
        listener.set_nonblocking(true)?;
        Ok(Control { listener, clients: Vec::new() })
    }

    /// What to wait for.
    pub(crate) fn waits(&self) -> impl Iterator<Item = PollFd<'_>> {
        let clients = self.clients.iter().map(|(client, _)| PollFd::new(client, PollFlags::IN));
        std::iter::once(PollFd::new(&self.listener, PollFlags::IN)).chain(clients)
    }

    /// Whole lines that have come, each with the client that waits for its answer.
    pub(crate) fn lines(&mut self) -> Vec<(usize, String)> {
        while let Ok((client, _)) = self.listener.accept() {
            if client.set_nonblocking(true).is_ok() {
                self.clients.push((client, Vec::new()));
            }
        }
        self.clients.retain_mut(|(client, bytes)| read(client, bytes).is_ok());
        let mut lines = Vec::new();
        for (at, (_, bytes)) in self.clients.iter_mut().enumerate() {
            while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = bytes.drain(..=end).collect();
                lines.push((at, String::from_utf8_lossy(&line).trim().to_owned()));
            }
        }
        lines
    }

    /// Answers a client of [`Control::lines`]; one that went away has missed it.
    pub(crate) fn answer(&mut self, client: usize, answer: &str) {
        if let Some((client, _)) = self.clients.get_mut(client) {
            let _ = client.write_all(format!("{answer}\n").as_bytes());
        }
    }
}

/// Reads what there is. An error where the other side is gone.
fn read(from: &mut UnixStream, bytes: &mut Vec<u8>) -> io::Result<()> {
    let mut room = [0; 1024];
    loop {
        match from.read(&mut room) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(length) if bytes.len() + length <= LONGEST => bytes.extend(&room[..length]),
            Ok(_) => return Err(ErrorKind::InvalidData.into()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// Waits until one of these is ready, or for so long.
pub(crate) fn wait(waits: &mut [PollFd<'_>], time: Option<Duration>) -> io::Result<()> {
    let time = time.and_then(|time| Timespec::try_from(time).ok());
    match poll(waits, time.as_ref()) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Whether one of these said something.
pub(crate) fn is_ready(wait: &PollFd<'_>) -> bool {
    !wait.revents().is_empty()
}
