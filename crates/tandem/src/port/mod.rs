//! The controller as the radio thread sees it: packets in, packets out, something to wait on.

mod dongle;
mod voice;

use std::os::fd::BorrowedFd;

use pool::{Arena, Frame, Instant};
use rustix::event::PollFlags;
use wire::h4::Channel;

use crate::air::Air;
use crate::attempt::Wanted;
use crate::config::ConfigError;
use crate::error::OpenError;
use crate::simulated::Simulated;
use dongle::Dongle;
pub(crate) use voice::VoiceLinks;

/// Blocks that packets from a controller on H4 arrive in.
const BLOCKS: usize = 128;
/// Octets in a block: several packets, and the longest there is.
const BLOCK: usize = 4096;

/// An open controller.
pub(crate) enum Port {
    /// H4 over TCP, a Unix socket or a serial line.
    H4(h4::Transport, Arena),
    /// A dongle on USB.
    Usb(Box<Dongle<usb::Usbfs>>),
    /// The same, by way of libusb.
    #[cfg(feature = "libusb")]
    Libusb(Box<Dongle<usb::Libusb>>),
    /// The embedded simulator.
    Simulated(Box<Simulated>, Arena),
}

/// The controller cannot be reached any more; says why.
#[derive(Debug)]
pub(crate) struct Lost(pub(crate) String);

/// Opens a controller again; may take long.
pub(crate) type Reopening = Box<dyn FnOnce(&Wanted) -> Result<Port, OpenError> + Send>;

impl Port {
    /// The simulator, with the phones of a program.
    pub(crate) fn commanded(air: Air, seed: u64) -> Port {
        let arena = Arena::new(BLOCKS, BLOCK);
        Port::Simulated(Box::new(Simulated::commanded(arena.clone(), seed, air)), arena)
    }

    /// Opens what `--controller` names.
    pub(crate) fn open(spec: &str, seed: u64) -> Result<Port, OpenError> {
        let arena = || Arena::new(BLOCKS, BLOCK);
        match spec.split(':').next().unwrap_or_default() {
            "sim" if spec == "sim" => {
                let arena = arena();
                let simulated = Simulated::new(arena.clone(), seed);
                Ok(Port::Simulated(Box::new(simulated), arena))
            }
            "usb" => Dongle::open(spec).map(|dongle| Port::Usb(Box::new(dongle))),
            #[cfg(feature = "libusb")]
            "libusb" => Dongle::open(&spec[3..]).map(|dongle| Port::Libusb(Box::new(dongle))),
            #[cfg(not(feature = "libusb"))]
            "libusb" => Err(OpenError::Config(ConfigError::new(
                "controller",
                format!("is \"{spec}\"; this build has no libusb (feature `libusb`), try usb"),
            ))),
            "tcp" | "unix" | "serial" => {
                let arena = arena();
                Ok(Port::H4(h4::Transport::open(spec, arena.clone())?, arena))
            }
            _ => Err(OpenError::Config(ConfigError::new(
                "controller",
                format!(
                    "is \"{spec}\"; must be usb[:…], tcp:HOST:PORT, unix:PATH, \
                     serial:/dev/ttyX@BAUD or sim"
                ),
            ))),
        }
    }

    /// The arena that packets arrive in.
    pub(crate) fn arena(&self) -> &Arena {
        match self {
            Port::H4(_, arena) | Port::Simulated(_, arena) => arena,
            Port::Usb(dongle) => dongle.arena(),
            #[cfg(feature = "libusb")]
            Port::Libusb(dongle) => dongle.arena(),
        }
    }

    /// What opens the controller again; `None` where there is nothing to open.
    pub(crate) fn reopening(&self) -> Option<Reopening> {
        match self {
            Port::H4(transport, arena) => {
                let arena = arena.clone();
                let mut fresh = h4::Transport::closed(transport.spec().clone(), arena.clone());
                Some(Box::new(move |_| {
                    fresh.reopen()?;
                    Ok(Port::H4(fresh, arena))
                }))
            }
            Port::Usb(dongle) => {
                let reopening = dongle.reopening();
                Some(Box::new(move |wanted| Ok(Port::Usb(Box::new(reopening(wanted)?)))))
            }
            #[cfg(feature = "libusb")]
            Port::Libusb(dongle) => {
                let reopening = dongle.reopening();
                Some(Box::new(move |wanted| Ok(Port::Libusb(Box::new(reopening(wanted)?)))))
            }
            Port::Simulated(..) => None,
        }
    }

    /// What became of the transport's health since it was asked last; `None` where it has none.
    pub(crate) fn health(&self) -> Option<usb::Health> {
        match self {
            Port::Usb(dongle) => Some(dongle.health()),
            #[cfg(feature = "libusb")]
            Port::Libusb(dongle) => Some(dongle.health()),
            Port::H4(..) | Port::Simulated(..) => None,
        }
    }

    /// Says which voice links are up. Only USB has to know: H4 carries them as it carries all else.
    pub(crate) fn set_voice(&mut self, links: &[usb::VoiceLink]) -> Result<(), Lost> {
        match self {
            Port::Usb(dongle) => dongle.set_voice(links),
            #[cfg(feature = "libusb")]
            Port::Libusb(dongle) => dongle.set_voice(links),
            Port::H4(..) | Port::Simulated(..) => Ok(()),
        }
    }

    /// What is to be told of voice; to be asked after [`set_voice`](Port::set_voice), and when there is
    /// no more to [`receive`](Port::receive).
    pub(crate) fn voice_report(&mut self) -> Option<usb::VoiceReport> {
        match self {
            Port::Usb(dongle) => dongle.voice_report(),
            #[cfg(feature = "libusb")]
            Port::Libusb(dongle) => dongle.voice_report(),
            Port::H4(..) | Port::Simulated(..) => None,
        }
    }

    pub(crate) fn close(&mut self) {
        match self {
            Port::H4(transport, _) => transport.close(),
            Port::Usb(dongle) => dongle.close(),
            #[cfg(feature = "libusb")]
            Port::Libusb(dongle) => dongle.close(),
            Port::Simulated(..) => {}
        }
    }

    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Port::H4(transport, _) => transport.fd(),
            Port::Usb(dongle) => dongle.fd(),
            #[cfg(feature = "libusb")]
            Port::Libusb(dongle) => dongle.fd(),
            Port::Simulated(simulated, _) => simulated.fd(),
        }
    }

    /// What to wait for on the descriptor.
    pub(crate) fn readiness(&self) -> PollFlags {
        match self {
            Port::H4(transport, _) if transport.wants_write() => PollFlags::IN | PollFlags::OUT,
            Port::H4(..) | Port::Simulated(..) => PollFlags::IN,
            Port::Usb(dongle) => dongle.readiness(),
            #[cfg(feature = "libusb")]
            Port::Libusb(dongle) => dongle.readiness(),
        }
    }

    /// Whether the arena had no block for what waits: look again after a moment.
    pub(crate) fn is_starved(&self) -> bool {
        match self {
            Port::H4(transport, _) => transport.is_starved(),
            Port::Usb(dongle) => dongle.is_starved(),
            #[cfg(feature = "libusb")]
            Port::Libusb(dongle) => dongle.is_starved(),
            Port::Simulated(simulated, _) => simulated.is_starved(),
        }
    }

    /// Whether waiting on the descriptor would end at once, though there is no room for what comes.
    pub(crate) fn is_clogged(&self) -> bool {
        matches!(self, Port::H4(transport, _) if transport.is_starved())
    }

    /// Sends what waits to be sent, if there is room for it by now.
    pub(crate) fn flush(&mut self) -> Result<(), Lost> {
        match self {
            Port::H4(transport, _) if transport.wants_write() => {
                transport.flush().map_err(|lost| Lost(lost.to_string()))
            }
            _ => Ok(()),
        }
    }

    /// When it has something to say without being asked.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        match self {
            Port::Simulated(simulated, _) => simulated.wake_at(),
            _ => None,
        }
    }

    #[inline]
    pub(crate) fn receive(&mut self, now: Instant) -> Result<Option<(Channel, Frame)>, Lost> {
        match self {
            Port::H4(transport, _) => transport.receive(now).map_err(|lost| Lost(lost.to_string())),
            Port::Usb(dongle) => dongle.receive(now),
            #[cfg(feature = "libusb")]
            Port::Libusb(dongle) => dongle.receive(now),
            Port::Simulated(simulated, _) => Ok(simulated.receive(now)),
        }
    }

    pub(crate) fn send(
        &mut self,
        now: Instant,
        channel: Channel,
        packet: Frame,
    ) -> Result<(), Lost> {
        match self {
            Port::H4(transport, _) => {
                transport.send(channel, packet).map_err(|error| Lost(error.to_string()))
            }
            Port::Usb(dongle) => dongle.send(channel, packet),
            #[cfg(feature = "libusb")]
            Port::Libusb(dongle) => dongle.send(channel, packet),
            Port::Simulated(simulated, _) => {
                simulated.send(now, channel, &packet);
                Ok(())
            }
        }
    }
}
