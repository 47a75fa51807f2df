//! Opening a stream: connecting a socket, or setting up a serial line.

use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use rustix::termios::{ControlModes, InputModes, OptionalActions, QueueSelector};

use crate::error::{OpenError, OpenErrorKind};
use crate::spec::Spec;

/// How long each address of a TCP host may take to answer, in seconds.
pub const CONNECT_SECONDS: u64 = 3;

/// An open stream that never blocks.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) fd: OwnedFd,
    pub(crate) is_socket: bool,
    pub(crate) is_tcp: bool,
}

impl Stream {
    /// Acknowledges what was read at once. A controller that writes a packet in two pieces with
    /// Nagle's algorithm on holds the second back until then, for 40 ms otherwise; the system
    /// forgets the wish, so it is repeated after each read.
    pub(crate) fn acknowledge(&self) {
        if self.is_tcp {
            // Without it packets come later, that is all.
            let _ = rustix::net::sockopt::set_tcp_quickack(&self.fd, true);
        }
    }
}

pub(crate) fn open(spec: &Spec) -> Result<Stream, OpenError> {
    match spec {
        Spec::Tcp { host, port } => {
            let fd = tcp(spec, host, *port)?;
            Ok(Stream { fd, is_socket: true, is_tcp: true })
        }
        Spec::Unix(path) => {
            let fd = unix(path).map_err(|error| OpenError::system(spec, error.into()))?;
            Ok(Stream { fd, is_socket: true, is_tcp: false })
        }
        Spec::Serial { path, baud } => {
            Ok(Stream { fd: serial(spec, path, *baud)?, is_socket: false, is_tcp: false })
        }
    }
}

fn tcp(spec: &Spec, host: &str, port: u16) -> Result<OwnedFd, OpenError> {
    let addresses = (host, port)
        .to_socket_addrs()
        .map_err(|error| OpenError::new(spec, OpenErrorKind::NotFound, Some(error)))?;
    let mut failure = io::Error::from(io::ErrorKind::NotFound);
    for address in addresses {
        let attempt = TcpStream::connect_timeout(&address, Duration::from_secs(CONNECT_SECONDS))
            .and_then(|stream| {
                stream.set_nodelay(true)?;
                stream.set_nonblocking(true)?;
                Ok(stream)
            });
        match attempt {
            Ok(stream) => return Ok(stream.into()),
            Err(error) => failure = error,
        }
    }
    Err(OpenError::system(spec, failure))
}

fn unix(path: &Path) -> rustix::io::Result<OwnedFd> {
    let address = SocketAddrUnix::new(path)?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let fd = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    rustix::net::connect(&fd, &address)?;
    Ok(fd)
}

/// Opens the line for us alone: raw bytes, 8 data bits, no parity, one stop bit, RTS/CTS.
fn serial(spec: &Spec, path: &Path, baud: u32) -> Result<OwnedFd, OpenError> {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let system = |error: rustix::io::Errno| OpenError::system(spec, error.into());
    let fd = rustix::fs::open(path, flags, Mode::empty()).map_err(system)?;
    if !rustix::termios::isatty(&fd) {
        return Err(OpenError::new(spec, OpenErrorKind::NotSerial, None));
    }
    rustix::termios::ioctl_tiocexcl(&fd).map_err(system)?;
    let mut line = rustix::termios::tcgetattr(&fd).map_err(system)?;
    line.make_raw();
    line.input_modes.remove(InputModes::IXOFF | InputModes::IXANY);
    line.control_modes.remove(ControlModes::CSTOPB | ControlModes::PARENB);
    line.control_modes.insert(
        ControlModes::CS8 | ControlModes::CREAD | ControlModes::CLOCAL | ControlModes::CRTSCTS,
    );
    line.set_speed(baud).map_err(system)?;
    rustix::termios::tcsetattr(&fd, OptionalActions::Now, &line).map_err(system)?;
    // What came before belongs to no conversation of ours.
    rustix::termios::tcflush(&fd, QueueSelector::IOFlush).map_err(system)?;
    Ok(fd)
}
