//! PulseAudio, or PipeWire's `pipewire-pulse`: the native protocol over its Unix socket, by the
//! `protocol` module of the `pulseaudio` crate (its client runs a thread and drops underflow reports).
//!
//! A [`Playback`] takes sound, a [`Recording`] gives it. Opening waits for a server for up to
//! [`PATIENCE`] an answer; nothing blocks after it.
//!
//! Not done: shared memory, servers over TCP, following a change of the server's default device
//! (the server moves the stream by itself).

mod playback;
mod record;

use std::io::{self, Cursor, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pulseaudio::protocol::{
    AuthParams, AuthReply, Command, CommandReply, DESCRIPTOR_SIZE, MAX_VERSION, Prop, Props,
    ProtocolError, PulseError, SetClientNameReply, read_reply_message, write_command_message,
};

use crate::sink::{Lost, OpenErrorKind};
pub(crate) use playback::Playback;
pub(crate) use record::Recording;

/// How long a server may take for one answer while a stream is being opened.
const PATIENCE: Duration = Duration::from_secs(2);
/// The longest answer taken while opening.
const LONGEST_ANSWER: usize = 64 * 1024;
/// The longest message taken afterwards; longer ones are skipped.
const INPUT: usize = 4096;
/// The channel of control messages.
const CONTROL: u32 = u32::MAX;

/// Whether a PulseAudio or PipeWire server answers here and lets us in; `pulse` is the default
/// sink where it does. May take up to two seconds with a server that is stuck.
pub fn pulse_answers() -> bool {
    connect().is_ok()
}

/// A connection to a server, with one stream.
struct Connection {
    socket: UnixStream,
    version: u16,
    input: Box<[u8]>,
    filled: usize,
    /// Bytes of a message too long for `input` that are still to come.
    skip: usize,
}

/// What a server says.
enum Message<'m> {
    Command(&'m Command),
    /// Bytes of a stream.
    Data(u32, &'m [u8]),
}

impl Connection {
    /// Connects, tells our name, and has a stream made; gives the server's answer, or why there is none.
    fn open<R: CommandReply>(
        stream: &Command,
        refusal: impl FnOnce(&ProtocolError) -> String,
    ) -> Result<(Connection, R), Refused> {
        let (mut socket, version) = connect()?;
        let mut client = Props::new();
        client.set(Prop::ApplicationName, c"Tandem");
        let naming = Command::SetClientName(client);
        ask::<SetClientNameReply>(&mut socket, 1, &naming, version)
            .map_err(|e| format!("the server refused our name: {e}"))?;
        let made = ask(&mut socket, 2, stream, version).map_err(|e| refusal(&e))?;
        socket.set_nonblocking(true).map_err(|e| format!("cannot set the socket up: {e}"))?;
        Ok((Connection::on(socket, version), made))
    }

    /// Over a socket that does not block.
    fn on(socket: UnixStream, version: u16) -> Connection {
        let input = vec![0; INPUT].into_boxed_slice();
        Connection { socket, version, input, filled: 0, skip: 0 }
    }

    fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Reads what the server has said.
    fn receive(
        &mut self,
        mut told: impl FnMut(Message<'_>) -> Result<(), Lost>,
    ) -> Result<(), Lost> {
        loop {
            match (&self.socket).read(&mut self.input[self.filled..]) {
                Ok(0) => {
                    return Err(Lost { reason: "the sound server closed the connection".into() });
                }
                Ok(n) => self.filled += n,
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => return Ok(()),
                    io::ErrorKind::Interrupted => continue,
                    _ => return Err(gone(&error)),
                },
            }
            self.take_messages(&mut told)?;
        }
    }

    /// Takes whole messages off the front of the input; afterwards it has room.
    fn take_messages(
        &mut self,
        told: &mut impl FnMut(Message<'_>) -> Result<(), Lost>,
    ) -> Result<(), Lost> {
        let mut at = 0;
        loop {
            let skipped = self.skip.min(self.filled - at);
            at += skipped;
            self.skip -= skipped;
            let rest = &self.input[at..self.filled];
            let Some((head, body)) = rest.split_first_chunk::<DESCRIPTOR_SIZE>() else { break };
            let (length, channel) = (u32_at(head, 0) as usize, u32_at(head, 4));
            if length > INPUT - DESCRIPTOR_SIZE {
                self.skip = DESCRIPTOR_SIZE.saturating_add(length);
                continue;
            }
            let Some(body) = body.get(..length) else { break };
            at += DESCRIPTOR_SIZE + length;
            if channel != CONTROL {
                told(Message::Data(channel, body))?;
            } else if let Ok((_, command)) =
                // What this version of the protocol does not know, it need not know.
                Command::read_tag_prefixed(&mut Cursor::new(body), self.version)
            {
                told(Message::Command(&command))?;
            }
        }
        self.input.copy_within(at..self.filled, 0);
        self.filled -= at;
        Ok(())
    }
}

fn u32_at(head: &[u8; DESCRIPTOR_SIZE], at: usize) -> u32 {
    u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]])
}

fn gone(error: &io::Error) -> Lost {
    Lost { reason: format!("the connection to the sound server broke: {error}") }
}

/// Why there is no connection to a server.
pub(crate) struct Refused {
    pub(crate) kind: OpenErrorKind,
    pub(crate) reason: String,
}

impl From<String> for Refused {
    fn from(reason: String) -> Self {
        Refused { kind: OpenErrorKind::Failed, reason }
    }
}

/// Connects and authenticates; gives the socket and the protocol version, or the reason.
fn connect() -> Result<(UnixStream, u16), Refused> {
    let mut looked = Vec::new();
    let mut kind = OpenErrorKind::Failed;
    for path in sockets()? {
        match UnixStream::connect(&path) {
            Ok(socket) => return authenticate(socket, &path),
            Err(error) => {
                if error.kind() == io::ErrorKind::PermissionDenied {
                    kind = OpenErrorKind::Permission;
                }
                looked.push(format!("{} ({})", path.display(), plain(&error)));
            }
        }
    }
    let reason = format!(
        "no PulseAudio or PipeWire server found; looked at {}. Start one, set PULSE_SERVER, or choose another output",
        looked.join(", ")
    );
    Err(Refused { kind, reason })
}

fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "not there".into(),
        io::ErrorKind::ConnectionRefused => "nobody listens".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        _ => error.to_string(),
    }
}

fn authenticate(mut socket: UnixStream, path: &Path) -> Result<(UnixStream, u16), Refused> {
    let at = path.display();
    let patience = Some(PATIENCE);
    let set = socket.set_read_timeout(patience).and(socket.set_write_timeout(patience));
    set.map_err(|e| format!("cannot set the socket {at} up: {e}"))?;
    let cookie = pulseaudio::cookie_path_from_env().and_then(|path| std::fs::read(path).ok());
    let auth = Command::Auth(AuthParams {
        version: MAX_VERSION,
        supports_shm: false,
        supports_memfd: false,
        // Without the file a server that knows us otherwise may still let us in.
        cookie: cookie.unwrap_or_else(|| vec![0; 256]),
    });
    let reply: AuthReply = ask(&mut socket, 0, &auth, MAX_VERSION).map_err(|e| match e {
        ProtocolError::ServerError(PulseError::AccessDenied | PulseError::AuthKey) => Refused {
            kind: OpenErrorKind::Permission,
            reason: format!(
                "the server at {at} does not let us in; run as the user whose server it is, or point PULSE_COOKIE to its cookie"
            ),
        },
        ProtocolError::Io(e) if e.kind() == io::ErrorKind::WouldBlock => {
            Refused::from(format!("the server at {at} does not answer"))
        }
        e => Refused::from(format!("the server at {at} refused us: {e}")),
    })?;
    Ok((socket, reply.version.min(MAX_VERSION)))
}

/// Where a server's socket may be, most wanted first.
fn sockets() -> Result<Vec<PathBuf>, String> {
    let var = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(server) = var("PULSE_SERVER") {
        let text = server.to_string_lossy();
        let local = |name: &str| {
            let name = name.rsplit_once('}').map_or(name, |(_, name)| name);
            let path = name.strip_prefix("unix:").unwrap_or(name);
            path.starts_with('/').then(|| PathBuf::from(path))
        };
        let paths: Vec<_> = text.split_whitespace().filter_map(local).collect();
        if paths.is_empty() {
            return Err(format!(
                "PULSE_SERVER is `{text}`, but only local servers are supported (unix:PATH)"
            ));
        }
        return Ok(paths);
    }
    let mut paths = Vec::new();
    paths.extend(var("PULSE_RUNTIME_PATH").map(|dir| dir.join("native")));
    match var("XDG_RUNTIME_DIR") {
        Some(dir) => paths.push(dir.join("pulse/native")),
        None => {
            let user = rustix::process::getuid().as_raw();
            paths.push(format!("/run/user/{user}/pulse/native").into());
        }
    }
    paths.push("/run/pulse/native".into());
    Ok(paths)
}

/// Sends a command and waits for its reply; what else the server says meanwhile is skipped.
fn ask<R: CommandReply>(
    socket: &mut UnixStream,
    sequence: u32,
    command: &Command,
    version: u16,
) -> Result<R, ProtocolError> {
    write_command_message(socket, sequence, command, version)?;
    // A server says little unasked; one that never comes to the point is not waited for.
    for _ in 0..64 {
        let mut message = vec![0; DESCRIPTOR_SIZE];
        socket.read_exact(&mut message)?;
        let head: &[u8; DESCRIPTOR_SIZE] = message.first_chunk().ok_or(ProtocolError::Timeout)?;
        let (length, channel) = (u32_at(head, 0) as usize, u32_at(head, 4));
        if length > LONGEST_ANSWER {
            return Err(ProtocolError::Invalid(format!("an answer of {length} bytes")));
        }
        message.resize(DESCRIPTOR_SIZE + length, 0);
        socket.read_exact(&mut message[DESCRIPTOR_SIZE..])?;
        let body = &message[DESCRIPTOR_SIZE..];
        if channel != CONTROL {
            continue;
        }
        match Command::read_tag_prefixed(&mut Cursor::new(body), version) {
            Ok((of, Command::Reply)) if of == sequence => {
                return Ok(read_reply_message(&mut Cursor::new(&message), version)?.1);
            }
            Ok((of, Command::Error(error))) if of == sequence => {
                return Err(ProtocolError::ServerError(error));
            }
            _ => {}
        }
    }
    Err(ProtocolError::Timeout)
}

#[cfg(test)]
mod tests {
    use pulseaudio::protocol::{Descriptor, DescriptorFlags, encode_descriptor};

    use super::*;

    /// What a server says.
    pub(super) fn said(commands: &[Command]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for command in commands {
            write_command_message(&mut bytes, u32::MAX, command, MAX_VERSION).expect("written");
        }
        bytes
    }

    pub(super) fn head(length: u32, channel: u32) -> [u8; DESCRIPTOR_SIZE] {
        let mut head = [0; DESCRIPTOR_SIZE];
        let flags = DescriptorFlags::empty();
        encode_descriptor(&mut head, &Descriptor { length, channel, offset: 0, flags });
        head
    }

    #[test]
    fn a_server_that_does_not_answer_is_not_waited_for_long() {
        let (ours, _theirs) = UnixStream::pair().expect("a pair");
        let error = authenticate(ours, Path::new("/a/socket")).expect_err("silence");
        assert_eq!(error.reason, "the server at /a/socket does not answer");
        assert_eq!(error.kind, OpenErrorKind::Failed);
    }
}
