//! Where a controller is: `tcp:HOST:PORT`, `unix:PATH`, `serial:/dev/ttyX@BAUD`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The place of an H4 controller; parses from and prints as the text that users write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Spec {
    /// A TCP server. An IPv6 address is written in brackets.
    Tcp {
        /// Name or address.
        host: String,
        /// Port.
        port: u16,
    },
    /// A Unix stream socket.
    Unix(PathBuf),
    /// A serial line: 8 data bits, no parity, RTS/CTS flow control.
    Serial {
        /// The device, `/dev/tty…`.
        path: PathBuf,
        /// Bits a second.
        baud: u32,
    },
}

/// A text that names no H4 controller, with the reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadSpec {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl fmt::Display for BadSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.text, self.reason)
    }
}

impl std::error::Error for BadSpec {}

impl FromStr for Spec {
    type Err = BadSpec;

    fn from_str(text: &str) -> Result<Self, BadSpec> {
        parse(text).map_err(|reason| BadSpec { text: text.to_owned(), reason })
    }
}

fn parse(text: &str) -> Result<Spec, &'static str> {
    let (kind, rest) =
        text.split_once(':').ok_or("expected tcp:HOST:PORT, unix:PATH or serial:DEVICE@BAUD")?;
    match kind {
        "tcp" => {
            let (host, port) = rest.rsplit_once(':').ok_or("expected tcp:HOST:PORT")?;
            let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
            if bare.is_none() && host.contains(':') {
                return Err("an IPv6 address is written in brackets: tcp:[::1]:PORT");
            }
            let host = bare.unwrap_or(host);
            if host.is_empty() {
                return Err("the host is missing: tcp:HOST:PORT");
            }
            let port = port.parse().ok().filter(|port| *port != 0);
            let port = port.ok_or("the port must be a number from 1 to 65535")?;
            Ok(Spec::Tcp { host: host.to_owned(), port })
        }
        "unix" if rest.is_empty() => Err("the path is missing: unix:PATH"),
        "unix" => Ok(Spec::Unix(rest.into())),
        "serial" => {
            let (path, baud) = rest.rsplit_once('@').ok_or("expected serial:DEVICE@BAUD")?;
            if path.is_empty() {
                return Err("the device is missing: serial:DEVICE@BAUD");
            }
            let baud = baud.parse().ok().filter(|baud| *baud != 0);
            let baud = baud.ok_or("the baud rate must be a number above 0")?;
            Ok(Spec::Serial { path: path.into(), baud })
        }
        _ => Err("expected tcp:…, unix:… or serial:…"),
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Spec::Tcp { host, port } if host.contains(':') => write!(f, "tcp:[{host}]:{port}"),
            Spec::Tcp { host, port } => write!(f, "tcp:{host}:{port}"),
            Spec::Unix(path) => write!(f, "unix:{}", path.display()),
            Spec::Serial { path, baud } => write!(f, "serial:{}@{baud}", path.display()),
        }
    }
}
