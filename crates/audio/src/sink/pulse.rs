//! Sound to PulseAudio, or to PipeWire's `pipewire-pulse`: the native protocol over its Unix
//! socket, by the `protocol` module of the `pulseaudio` crate (its client runs a thread and drops
//! underflow reports).
//!
//! The server asks for sound and is given it; its queue is held at [`QUEUE_MS`]. The stream never
//! waits for a fill (no pre-buffering): when we are late the server plays silence, says so, asks
//! for what was missed as well, drops that, and goes on: late sound does not add to the delay. After opening, nothing here blocks.
//!
//! Not done: shared memory, servers over TCP, following a change of the server's default sink
//! (the server moves the stream by itself).

use std::ffi::CString;
use std::io::{self, Cursor, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pulseaudio::protocol::{
    AuthParams, AuthReply, ChannelMap, Command, CommandReply, CreatePlaybackStreamReply,
    DEFAULT_SINK, DESCRIPTOR_SIZE, MAX_VERSION, PlaybackStreamParams, Prop, Props, ProtocolError,
    PulseError, SampleFormat, SampleSpec, SetClientNameReply, encode_descriptor,
    read_reply_message, write_command_message,
};
use pulseaudio::protocol::{Descriptor, DescriptorFlags, stream};
use rustix::io::Errno;
use rustix::net::{SendFlags, send};

use super::{Lost, MOST_AT_ONCE, OpenError, OpenErrorKind};

/// Sound in the server's queue, in milliseconds.
pub(super) const QUEUE_MS: u32 = 20;
/// The least that the server should ask for at once, in milliseconds.
const REQUEST_MS: u32 = 5;
/// How long a server may take for one answer while the sink is being opened.
pub const PATIENCE: Duration = Duration::from_secs(2);
/// The longest answer taken while opening.
const LONGEST_ANSWER: usize = 64 * 1024;
/// The longest message taken while playing; longer ones are skipped.
const INPUT: usize = 4096;
/// Sound kept for a server that does not read.
const OUTPUT: usize = 64 * 1024;
/// Bytes of a stereo frame.
const FRAME: usize = 4;
/// The channel of control messages.
const CONTROL: u32 = u32::MAX;

/// An open `pulse` sink.
pub(super) struct Pulse {
    socket: UnixStream,
    version: u16,
    channel: u32,
    /// Bytes that the server wants.
    wanted: u64,
    input: Box<[u8]>,
    filled: usize,
    /// Bytes of a message too long for `input` that are still to come.
    skip: usize,
    output: Vec<u8>,
    underflows: u64,
}

/// Whether a PulseAudio or PipeWire server answers here and lets us in; `pulse` is the default
/// sink where it does. May take up to two seconds with a server that is stuck.
pub fn pulse_answers() -> bool {
    connect().is_ok()
}

impl Pulse {
    pub(super) fn open(spec: &str, sink: Option<&str>, rate: u32) -> Result<Self, OpenError> {
        let failed = |reason| OpenError::failed(spec, reason);
        let sink_name = CString::new(sink.unwrap_or_default())
            .map_err(|_| OpenError::usage(spec, "a sink's name has no zero byte"))?;
        let (mut socket, version) = connect().map_err(|Refused { kind, reason }| OpenError {
            sink: spec.into(),
            reason,
            kind,
        })?;
        let mut client = Props::new();
        client.set(Prop::ApplicationName, c"Tandem");
        let naming = Command::SetClientName(client);
        ask::<SetClientNameReply>(&mut socket, 1, &naming, version)
            .map_err(|e| failed(format!("the server refused our name: {e}")))?;
        let bytes = |ms: u32| rate * ms / 1000 * FRAME as u32;
        let mut props = Props::new();
        props.set(Prop::MediaName, c"Bluetooth");
        props.set(Prop::MediaRole, c"music");
        let params = PlaybackStreamParams {
            sample_spec: SampleSpec { format: SampleFormat::S16Le, channels: 2, sample_rate: rate },
            channel_map: ChannelMap::stereo(),
            sink_name: Some(if sink.is_some() { sink_name } else { DEFAULT_SINK.to_owned() }),
            buffer_attr: stream::BufferAttr {
                max_length: bytes(4 * QUEUE_MS),
                target_length: bytes(QUEUE_MS),
                pre_buffering: 0,
                minimum_request_length: bytes(REQUEST_MS),
                ..Default::default()
            },
            flags: stream::StreamFlags { adjust_latency: true, ..Default::default() },
            props,
            ..Default::default()
        };
        let create = Command::CreatePlaybackStream(params);
        let created: CreatePlaybackStreamReply =
            ask(&mut socket, 2, &create, version).map_err(|e| failed(refusal(&e, sink)))?;
        socket
            .set_nonblocking(true)
            .map_err(|e| failed(format!("cannot set the socket up: {e}")))?;
        Ok(Pulse::on(socket, version, created.channel, created.requested_bytes))
    }

    /// A stream that exists on the server, over a socket that does not block.
    fn on(socket: UnixStream, version: u16, channel: u32, wanted: u32) -> Self {
        Pulse {
            socket,
            version,
            channel,
            wanted: u64::from(wanted),
            input: vec![0; INPUT].into_boxed_slice(),
            filled: 0,
            skip: 0,
            output: Vec::with_capacity(OUTPUT),
            underflows: 0,
        }
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    pub(super) fn wants_write(&self) -> bool {
        !self.output.is_empty()
    }

    pub(super) fn underflows(&self) -> u64 {
        self.underflows
    }

    pub(super) fn due(&mut self) -> Result<usize, Lost> {
        self.flush()?;
        self.receive()?;
        Ok((self.wanted / FRAME as u64).min(MOST_AT_ONCE) as usize)
    }

    pub(super) fn write(&mut self, frames: &[i16]) -> Result<(), Lost> {
        let bytes = frames.len() * 2;
        self.wanted = self.wanted.saturating_sub(bytes as u64);
        if self.output.len() + DESCRIPTOR_SIZE + bytes > OUTPUT {
            let reason = "the sound server asks for sound and does not read it";
            return Err(Lost { reason: reason.into() });
        }
        let descriptor = Descriptor {
            length: bytes as u32,
            channel: self.channel,
            offset: 0,
            flags: DescriptorFlags::empty(),
        };
        let mut head = [0; DESCRIPTOR_SIZE];
        encode_descriptor(&mut head, &descriptor);
        self.output.extend_from_slice(&head);
        self.output.extend(frames.iter().flat_map(|sample| sample.to_le_bytes()));
        self.flush()
    }

    /// Sends what the socket takes.
    pub(super) fn flush(&mut self) -> Result<(), Lost> {
        let mut sent = 0;
        while sent < self.output.len() {
            match send(&self.socket, &self.output[sent..], SendFlags::NOSIGNAL) {
                Ok(n) => sent += n,
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => {}
                Err(error) => return Err(gone(&error.into())),
            }
        }
        self.output.drain(..sent);
        Ok(())
    }

    /// Reads what the server has said.
    fn receive(&mut self) -> Result<(), Lost> {
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
            self.take_messages()?;
        }
    }

    /// Takes whole messages off the front of the input; afterwards it has room.
    fn take_messages(&mut self) -> Result<(), Lost> {
        let mut at = 0;
        loop {
            let skipped = self.skip.min(self.filled - at);
            at += skipped;
            self.skip -= skipped;
            let rest = &self.input[at..self.filled];
            let Some((head, body)) = rest.split_first_chunk::<DESCRIPTOR_SIZE>() else { break };
            let length = u32_at(head, 0) as usize;
            if length > INPUT - DESCRIPTOR_SIZE {
                self.skip = DESCRIPTOR_SIZE.saturating_add(length);
                continue;
            }
            let Some(body) = body.get(..length) else { break };
            if u32_at(head, 4) == CONTROL {
                // What this version of the protocol does not know, it need not know.
                if let Ok((_, command)) =
                    Command::read_tag_prefixed(&mut Cursor::new(body), self.version)
                {
                    at += DESCRIPTOR_SIZE + length;
                    self.told(&command)?;
                    continue;
                }
            }
            at += DESCRIPTOR_SIZE + length;
        }
        self.input.copy_within(at..self.filled, 0);
        self.filled -= at;
        Ok(())
    }

    fn told(&mut self, command: &Command) -> Result<(), Lost> {
        match command {
            Command::Request(request) if request.channel == self.channel => {
                self.wanted = self.wanted.saturating_add(u64::from(request.length));
            }
            Command::Underflow(underflow) if underflow.channel == self.channel => {
                self.underflows += 1;
            }
            Command::PlaybackStreamKilled(channel) if *channel == self.channel => {
                let reason = "the sound server ended our stream (its device is gone)";
                return Err(Lost { reason: reason.into() });
            }
            _ => {}
        }
        Ok(())
    }
}

fn u32_at(head: &[u8; DESCRIPTOR_SIZE], at: usize) -> u32 {
    u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]])
}

fn gone(error: &io::Error) -> Lost {
    Lost { reason: format!("the connection to the sound server broke: {error}") }
}

/// Why a stream was not created, and what to do.
fn refusal(error: &ProtocolError, sink: Option<&str>) -> String {
    match (error, sink) {
        (ProtocolError::ServerError(PulseError::NoEntity), Some(sink)) => {
            format!("the server has no sink `{sink}`; `pactl list short sinks` names those it has")
        }
        (ProtocolError::ServerError(PulseError::NoEntity), None) => {
            "the server has no sink at all; plug in or enable a sound device".into()
        }
        _ => format!("the server refused a playback stream: {error}"),
    }
}

/// Connects and authenticates; gives the socket and the protocol version, or the reason.
/// Why there is no connection to a server.
struct Refused {
    kind: OpenErrorKind,
    reason: String,
}

impl From<String> for Refused {
    fn from(reason: String) -> Self {
        Refused { kind: OpenErrorKind::Failed, reason }
    }
}

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
    use std::io::Write;

    use pulseaudio::protocol::{Request, Underflow};

    use super::*;

    /// A stream on channel 7 of a server that the test plays.
    fn pair() -> (Pulse, UnixStream) {
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        ours.set_nonblocking(true).expect("set");
        (Pulse::on(ours, MAX_VERSION, 7, 960), theirs)
    }

    fn said(commands: &[Command]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for command in commands {
            write_command_message(&mut bytes, u32::MAX, command, MAX_VERSION).expect("written");
        }
        bytes
    }

    fn head(length: u32, channel: u32) -> [u8; DESCRIPTOR_SIZE] {
        let mut head = [0; DESCRIPTOR_SIZE];
        let flags = DescriptorFlags::empty();
        encode_descriptor(&mut head, &Descriptor { length, channel, offset: 0, flags });
        head
    }

    #[test]
    fn requests_count_however_they_are_cut_and_whatever_is_between() {
        let (mut pulse, mut server) = pair();
        let mut words = said(&[Command::Request(Request { channel: 7, length: 400 })]);
        words.extend(head(6, CONTROL));
        words.extend([b'L', 0, 0, 0xff, 0xff, b'L']);
        words.extend(head(100_000, 3));
        words.extend(vec![0x55; 100_000]);
        words.extend(head(0, CONTROL));
        words.extend(said(&[
            Command::Request(Request { channel: 8, length: 4_000 }),
            Command::Underflow(Underflow { channel: 7, offset: 1 }),
            Command::Request(Request { channel: 7, length: 40 }),
        ]));
        for piece in words.chunks(997) {
            server.write_all(piece).expect("room");
            pulse.due().expect("there");
        }
        assert_eq!((pulse.due(), pulse.underflows()), (Ok((960 + 440) / 4), 1));
        pulse.write(&[1; 700]).expect("sent");
        assert_eq!(pulse.due(), Ok(0));
        let mut sent = vec![0; DESCRIPTOR_SIZE + 1_400];
        server.read_exact(&mut sent).expect("sent");
        assert_eq!(sent[..DESCRIPTOR_SIZE], head(1_400, 7));
    }

    #[test]
    fn the_end_of_the_stream_or_the_server_is_noticed() {
        let (mut pulse, mut server) = pair();
        server.write_all(&said(&[Command::PlaybackStreamKilled(7)])).expect("room");
        assert!(pulse.due().expect_err("killed").reason.contains("ended our stream"));
        let (mut pulse, server) = pair();
        drop(server);
        assert!(pulse.due().expect_err("gone").reason.contains("closed the connection"));
        assert!(pulse.write(&[0; 960]).is_err(), "and no signal kills us");
        let (mut pulse, _server) = pair();
        let error = (0..1_000).find_map(|_| pulse.write(&[0; 9_600]).err()).expect("bounded");
        assert!(error.reason.contains("does not read"), "{error}");
    }

    #[test]
    fn a_server_that_does_not_answer_is_not_waited_for_long() {
        let (ours, _theirs) = UnixStream::pair().expect("a pair");
        let error = authenticate(ours, Path::new("/a/socket")).expect_err("silence");
        assert_eq!(error.reason, "the server at /a/socket does not answer");
        assert_eq!(error.kind, OpenErrorKind::Failed);
    }
}
