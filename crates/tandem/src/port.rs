//! The controller as the radio thread sees it: packets in, packets out, something to wait on.

use std::os::fd::BorrowedFd;

use pool::{Arena, Frame, Instant};
use wire::h4::Channel;

use crate::config::ConfigError;
use crate::error::OpenError;
use crate::simulated::Simulated;

/// Blocks that packets from the controller arrive in.
const BLOCKS: usize = 128;
/// Octets in a block: several packets, and the longest there is.
const BLOCK: usize = 4096;

/// An open controller.
pub(crate) enum Port {
    /// H4 over TCP, a Unix socket or a serial line.
    H4(h4::Transport),
    /// The embedded simulator.
    Simulated(Box<Simulated>),
}

/// The controller cannot be reached any more; says why.
#[derive(Debug)]
pub(crate) struct Lost(pub(crate) String);

impl Port {
    /// Opens what `--controller` names.
    pub(crate) fn open(spec: &str, arena: &Arena, seed: u64) -> Result<Port, OpenError> {
        if spec == "sim" {
            return Ok(Port::Simulated(Box::new(Simulated::new(arena.clone(), seed))));
        }
        if spec.starts_with("usb") || spec.starts_with("libusb") {
            return Err(OpenError::NoController(format!(
                "controller `{spec}`: this version drives no USB dongles yet; use \
                 tcp:HOST:PORT, unix:PATH, serial:/dev/ttyX@BAUD or sim"
            )));
        }
        if !["tcp:", "unix:", "serial:"].iter().any(|kind| spec.starts_with(kind)) {
            return Err(OpenError::Config(ConfigError::new(
                "controller",
                format!(
                    "is \"{spec}\"; must be tcp:HOST:PORT, unix:PATH, serial:/dev/ttyX@BAUD or sim"
                ),
            )));
        }
        Ok(Port::H4(h4::Transport::open(spec, arena.clone())?))
    }

    /// The arena that packets arrive in.
    pub(crate) fn arena() -> Arena {
        Arena::new(BLOCKS, BLOCK)
    }

    /// What opens the controller again and may take long; `None` where there is nothing to open.
    pub(crate) fn reopening(
        &self,
        arena: &Arena,
    ) -> Option<impl FnOnce() -> Option<Port> + Send + use<>> {
        match self {
            Port::H4(transport) => {
                let mut fresh = h4::Transport::closed(transport.spec().clone(), arena.clone());
                Some(move || fresh.reopen().is_ok().then_some(Port::H4(fresh)))
            }
            Port::Simulated(_) => None,
        }
    }

    pub(crate) fn close(&mut self) {
        match self {
            Port::H4(transport) => transport.close(),
            Port::Simulated(_) => {}
        }
    }

    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Port::H4(transport) => transport.fd(),
            Port::Simulated(_) => None,
        }
    }

    /// Whether the arena had no block for what waits: look again after a moment.
    pub(crate) fn is_starved(&self) -> bool {
        matches!(self, Port::H4(transport) if transport.is_starved())
    }

    pub(crate) fn wants_write(&self) -> bool {
        matches!(self, Port::H4(transport) if transport.wants_write())
    }

    pub(crate) fn flush(&mut self) -> Result<(), Lost> {
        match self {
            Port::H4(transport) => transport.flush().map_err(|lost| Lost(lost.to_string())),
            Port::Simulated(_) => Ok(()),
        }
    }

    /// When it has something to say without being asked.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        match self {
            Port::H4(_) => None,
            Port::Simulated(simulated) => simulated.wake_at(),
        }
    }

    #[inline]
    pub(crate) fn receive(&mut self, now: Instant) -> Result<Option<(Channel, Frame)>, Lost> {
        match self {
            Port::H4(transport) => transport.receive(now).map_err(|lost| Lost(lost.to_string())),
            Port::Simulated(simulated) => Ok(simulated.receive(now)),
        }
    }

    pub(crate) fn send(
        &mut self,
        now: Instant,
        channel: Channel,
        packet: Frame,
    ) -> Result<(), Lost> {
        match self {
            Port::H4(transport) => match transport.send(channel, packet) {
                Ok(()) => Ok(()),
                Err(error) => Err(Lost(error.to_string())),
            },
            Port::Simulated(simulated) => {
                simulated.send(now, channel, &packet);
                Ok(())
            }
        }
    }
}
