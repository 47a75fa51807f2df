//! A dongle on USB as a port: found, taken from the kernel, and found again after it was pulled out.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use pool::{Arena, Frame, Instant};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use usb::firmware::{Library, Outcome};
use usb::system::Node;
use usb::{Open, Options, Spec, Transport};
use wire::h4::Channel;

use super::Lost;
use crate::attempt::Wanted;
use crate::clock::Clock;
use crate::config::ConfigError;
use crate::error::OpenError;
use crate::realtime;

/// How often one who waits for a dongle looks whether it is still wanted, and looks for itself.
const SLICE: Duration = Duration::from_millis(500);
/// How often it may be refused before that is not a matter of time.
const PERMITTED_AFTER: u32 = 4;

/// A dongle that was opened.
pub(crate) struct Dongle<N: Node> {
    spec: Spec,
    /// What it is: the same one is looked for first when it is gone.
    device: usb::Dongle,
    transport: Transport<N>,
    /// It left the bus, rather than going wrong on it.
    unplugged: bool,
}

impl<N: Open> Dongle<N> {
    /// Takes the dongle that `spec` means.
    pub(crate) fn open(spec: &str) -> Result<Dongle<N>, OpenError> {
        let spec: Spec = spec.parse().map_err(|bad: usb::BadSpec| {
            OpenError::Config(ConfigError::new("controller", bad.to_string()))
        })?;
        Dongle::find(spec, None, false)
    }

    /// Takes it: `like` the one that was there, if that is there again.
    fn find(spec: Spec, like: Option<&usb::Dongle>, reset: bool) -> Result<Dongle<N>, OpenError> {
        let present = usb::list().map_err(|error| OpenError::System(error.to_string()))?;
        let meant: Vec<_> = present.into_iter().filter(|dongle| spec.matches(dongle)).collect();
        let device = match like.and_then(|like| same(&meant, like)) {
            Some(device) => device,
            None => {
                spec.choose(&meant).map_err(|none| OpenError::NoController(none.to_string()))?
            }
        };
        // What was plugged in since has done nothing wrong.
        let reset = reset && like.is_some_and(|like| like.address == device.address);
        let mut transport = Transport::take(device, &Options { reset, ..Options::default() })?;
        // What is refused was told at the start.
        let _ = realtime::lock(transport.arena().extent());
        set_up(&mut transport, device)?;
        Ok(Dongle { spec, device: device.clone(), transport, unplugged: false })
    }

    /// What takes it again, or one that is meant as well as it, as soon as that is there. One that
    /// went wrong is reset.
    pub(crate) fn reopening(
        &self,
    ) -> impl FnOnce(&Wanted) -> Result<Dongle<N>, OpenError> + Send + use<N> {
        let (spec, device, reset) = (self.spec.clone(), self.device.clone(), !self.unplugged);
        move |wanted| {
            await_arrival(&spec, wanted);
            if wanted.is_gone() {
                return Err(OpenError::Controller("the receiver has ended".into()));
            }
            Dongle::find(spec, Some(&device), reset)
        }
    }

    pub(crate) fn arena(&self) -> &Arena {
        self.transport.arena()
    }

    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.transport.fd()
    }

    pub(crate) fn readiness(&self) -> PollFlags {
        self.transport.readiness()
    }

    pub(crate) fn is_starved(&self) -> bool {
        self.transport.is_starved()
    }

    pub(crate) fn health(&self) -> usb::Health {
        self.transport.health()
    }

    pub(crate) fn set_voice(&mut self, links: &[usb::VoiceLink]) -> Result<(), Lost> {
        self.transport.set_voice(links).map_err(|lost| self.lost(lost))
    }

    pub(crate) fn voice_report(&mut self) -> Option<usb::VoiceReport> {
        self.transport.voice_report()
    }

    /// Lets go of it, to be taken again; who drops it gives it back to the kernel's driver.
    pub(crate) fn close(&mut self) {
        self.transport.let_go();
    }

    #[inline]
    pub(crate) fn receive(&mut self, now: Instant) -> Result<Option<(Channel, Frame)>, Lost> {
        self.transport.receive(now).map_err(|lost| self.lost(lost))
    }

    #[inline]
    pub(crate) fn send(&mut self, channel: Channel, packet: Frame) -> Result<(), Lost> {
        self.transport.send(channel, packet).map_err(|error| match error {
            usb::SendError::Lost(lost) => self.lost(lost),
            error => Lost(format!("{}: {error}", self.device)),
        })
    }

    #[cold]
    fn lost(&mut self, lost: usb::Lost) -> Lost {
        self.unplugged |= lost == usb::Lost::Unplugged;
        Lost(format!("{}: {lost}", self.device))
    }
}

/// Gives a dongle the firmware that it needs.
fn set_up<N: Node>(transport: &mut Transport<N>, device: &usb::Dongle) -> Result<(), OpenError> {
    let clock = Clock::start();
    let ids = (device.vendor, device.product);
    let outcome = transport.set_up(ids, &Library::system(), || clock.now());
    match outcome.map_err(|lost| OpenError::Controller(format!("{device}: {lost}")))? {
        Outcome::Failed(failure) if failure.works_without => tracing::warn!("{device}: {failure}"),
        Outcome::Failed(failure) => {
            return Err(OpenError::Controller(format!("{device}: {failure}")));
        }
        Outcome::NotNeeded(why) => tracing::debug!("{device}: no firmware loaded: {why}"),
        outcome @ Outcome::Loaded { .. } => tracing::info!("{device}: {outcome}"),
    }
    Ok(())
}

/// Waits until such a dongle is there, or nobody wants it any more.
fn await_arrival(spec: &Spec, wanted: &Wanted) {
    let slice = Timespec { tv_sec: 0, tv_nsec: SLICE.subsec_nanos().into() };
    let Ok(mut watch) = usb::watch(spec.clone()) else { return };
    let mut refused = 0;
    while !wanted.is_gone() && refused < PERMITTED_AFTER {
        // What is told only makes it look sooner; where no udevd runs, nobody tells. A signal, too.
        while watch.try_next().is_some() {}
        match usb::list().as_deref().map(|present| spec.choose(present)) {
            Ok(Ok(dongle)) if dongle.access.is_granted() => return,
            // Permissions are set a moment after it is there.
            Ok(Ok(_)) => refused += 1,
            Ok(Err(_)) | Err(_) => refused = 0,
        }
        let _ = poll(&mut [PollFd::from_borrowed_fd(watch.fd(), PollFlags::IN)], Some(&slice));
    }
}

/// The dongle that was there: one of its make in the same place, or else the only one anywhere with
/// its serial number. Cheap ones share theirs.
fn same<'a>(present: &'a [usb::Dongle], was: &usb::Dongle) -> Option<&'a usb::Dongle> {
    let make = |dongle: &usb::Dongle| (dongle.vendor, dongle.product, dongle.serial.clone());
    let mut alike = present.iter().filter(|dongle| make(dongle) == make(was));
    let here = alike.clone().find(|dongle| dongle.path() == was.path());
    let first = alike.next().filter(|dongle| dongle.serial.is_some());
    here.or(first.filter(|_| alike.next().is_none()))
}

impl From<usb::OpenError> for OpenError {
    fn from(error: usb::OpenError) -> Self {
        let text = error.to_string();
        match error {
            usb::OpenError::NoSuchDongle(_) => OpenError::NoController(text),
            usb::OpenError::Permission { .. } => OpenError::Permission(text),
            _ => OpenError::Controller(text),
        }
    }
}
