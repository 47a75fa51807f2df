//! What can go wrong with a transport.

use std::{fmt, io};

use wire::h4::Channel;

use crate::spec::{BadSpec, Spec};

/// The stream is of no more use: it broke, or its framing did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lost {
    /// The other side closed it, or it is not open.
    Closed,
    /// The system reported an error.
    Io(io::ErrorKind),
    /// A byte that is no packet type stood where a packet should begin.
    UnknownType(u8),
    /// A packet longer than any block can hold was announced.
    Oversized {
        /// Its kind.
        channel: Channel,
        /// Its length in bytes, header included.
        length: usize,
        /// The longest that is accepted.
        limit: usize,
    },
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lost::Closed => f.write_str("the controller closed the connection"),
            Lost::Io(kind) => write!(f, "the connection broke: {kind}"),
            Lost::UnknownType(byte) => {
                write!(f, "framing lost: {byte:#04x} is not an H4 packet type")
            }
            Lost::Oversized { channel, length, limit } => write!(
                f,
                "framing lost: a packet ({channel:?}) of {length} bytes was announced, \
                 and {limit} is the most there can be"
            ),
        }
    }
}

impl std::error::Error for Lost {}

/// A packet could not be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SendError {
    /// The controller does not take what is sent to it: the queue is full, and the packet was dropped.
    Full,
    /// The stream is lost.
    Lost(Lost),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendError::Full => f.write_str("the controller takes no more packets for now"),
            SendError::Lost(lost) => lost.fmt(f),
        }
    }
}

impl std::error::Error for SendError {}

impl From<Lost> for SendError {
    fn from(lost: Lost) -> Self {
        SendError::Lost(lost)
    }
}

/// Why a transport could not be opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OpenErrorKind {
    /// The text names no controller.
    BadSpec,
    /// No such host, socket or device.
    NotFound,
    /// We may not open it.
    Permission,
    /// It is there, but nobody answers.
    Refused,
    /// Another program has it.
    Busy,
    /// No answer came in time.
    TimedOut,
    /// The path leads to something else than a serial line.
    NotSerial,
    /// Something else.
    Other,
}

/// A transport could not be opened: prints what, where, and what to do about it.
#[derive(Debug)]
pub struct OpenError {
    /// What was to be opened, as the user wrote it.
    pub spec: String,
    /// The kind of failure.
    pub kind: OpenErrorKind,
    advice: &'static str,
    source: Option<io::Error>,
}

impl OpenError {
    pub(crate) fn new(spec: &Spec, kind: OpenErrorKind, source: Option<io::Error>) -> Self {
        OpenError { spec: spec.to_string(), kind, advice: advice(spec, kind), source }
    }

    /// Sorts an error of the system.
    pub(crate) fn system(spec: &Spec, error: io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::NotFound => OpenErrorKind::NotFound,
            io::ErrorKind::PermissionDenied => OpenErrorKind::Permission,
            io::ErrorKind::ConnectionRefused => OpenErrorKind::Refused,
            io::ErrorKind::ResourceBusy | io::ErrorKind::WouldBlock => OpenErrorKind::Busy,
            io::ErrorKind::TimedOut => OpenErrorKind::TimedOut,
            // ENODEV and ENXIO have no kind of their own: a device file without a device.
            _ => match (spec, error.raw_os_error()) {
                (Spec::Serial { .. }, Some(6 | 19)) => OpenErrorKind::NotFound,
                _ => OpenErrorKind::Other,
            },
        };
        OpenError::new(spec, kind, Some(error))
    }
}

impl From<BadSpec> for OpenError {
    fn from(bad: BadSpec) -> Self {
        let kind = OpenErrorKind::BadSpec;
        OpenError { spec: bad.text, kind, advice: bad.reason, source: None }
    }
}

fn advice(spec: &Spec, kind: OpenErrorKind) -> &'static str {
    use OpenErrorKind as Kind;
    match (spec, kind) {
        (Spec::Tcp { .. }, Kind::NotFound) => "no such host; check the name",
        (Spec::Unix(_), Kind::NotFound) => {
            "no such socket; start the program that plays the controller, or correct the path"
        }
        (Spec::Serial { .. }, Kind::NotFound) => {
            "no such device; plug it in, or correct the path (`ls /dev/tty*`)"
        }
        (Spec::Serial { .. }, Kind::Permission) => {
            "permission denied; join the group that owns the device (`ls -l` names it, often \
             dialout: `sudo usermod -aG dialout $USER`) and log in again"
        }
        (Spec::Unix(_), Kind::Permission) => {
            "permission denied; the socket must be writable for this user"
        }
        (_, Kind::Permission) => "permission denied; a firewall or a security policy forbids it",
        (_, Kind::Refused) => "nobody listens there; start the controller first",
        (Spec::Serial { .. }, Kind::Busy) => "in use; another program has the line open",
        (_, Kind::Busy) => "the controller has too many connections waiting",
        (_, Kind::TimedOut) => "no answer; check the address, and that the host is up",
        (_, Kind::NotSerial) => "not a serial line",
        (_, Kind::BadSpec | Kind::Other) => "cannot be opened",
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.spec, self.advice)?;
        match &self.source {
            Some(error) if self.kind == OpenErrorKind::Other => write!(f, " ({error})"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|error| error as _)
    }
}
