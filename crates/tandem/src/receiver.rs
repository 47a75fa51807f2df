//! The embedding API: a receiver, and handles that command it from any thread.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use host::{Command, Refusal, Ticket};
use wire::Address;

use crate::air::Air;
use crate::attempt::Wanted;
use crate::canceller::Canceller;
use crate::config::Config;
use crate::error::OpenError;
use crate::hub::{End, Subscription};
use crate::shared::Shared;
use crate::status::Status;

/// How long a command may take to end, [`Command::Connect`] aside.
pub const COMMAND_TIMEOUT: Duration = Duration::from_secs(5);
/// How long [`Command::Connect`] may take.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long saying goodbye may take before the threads end anyway.
const GOODBYE: Duration = Duration::from_millis(1500);
/// What the caller of a command waits beyond the host's own time-out.
const MARGIN: Duration = Duration::from_millis(500);

/// A running receiver. Dropping it says goodbye to the phones and ends its threads.
#[derive(Debug)]
pub struct Receiver {
    handle: Handle,
    threads: Vec<JoinHandle<()>>,
    /// Which process it was started in: the threads are in no other.
    process: u32,
}

/// What a receiver is opened with beside its configuration.
#[derive(Default)]
pub struct Options {
    /// Takes echo out of the microphone's sound; with it phones are told not to, as by
    /// `echo_cancellation = "receiver"`.
    pub canceller: Option<Box<dyn Canceller>>,
    /// The air that the controller `sim` is on, in place of the demonstration's.
    pub air: Option<Air>,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("canceller", &self.canceller.is_some())
            .field("air", &self.air)
            .finish()
    }
}

/// Commands a receiver and listens to it; cheap to clone, for any thread.
#[derive(Clone, Debug)]
pub struct Handle(pub(crate) Arc<Shared>);

/// Why a setting was not changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetError {
    /// The error's name.
    pub refusal: Refusal,
    /// The key and what is wrong.
    pub text: String,
}

impl Receiver {
    /// Starts a receiver: opens controller, sound and bonds, starts the threads, and returns when
    /// the controller is up, or has failed.
    pub fn open(config: Config) -> Result<Receiver, OpenError> {
        Receiver::open_with(config, Options::default())
    }

    /// As [`open`](Receiver::open), with what no configuration holds.
    pub fn open_with(config: Config, options: Options) -> Result<Receiver, OpenError> {
        Wanted::always(|wanted| Receiver::start(config, options, wanted))
    }

    /// Opens one, and gives up soon after it is not wanted any more: the controller is given back.
    pub(crate) fn start(
        config: Config,
        options: Options,
        wanted: &Wanted,
    ) -> Result<Receiver, OpenError> {
        let (handle, threads) = crate::start::start(config, options, wanted)?;
        Ok(Receiver { handle, threads, process: std::process::id() })
    }

    /// A handle for other threads; it outlives the receiver, and then answers `ControllerLost`.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Says goodbye to the phones, gives the controller back and ends the threads.
    pub fn close(self) {}
}

impl std::ops::Deref for Receiver {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if std::process::id() != self.process {
            // Phones and controller are those of the process that forked this one, too.
            std::mem::forget(std::mem::take(&mut self.threads));
            return;
        }
        // Whether or not every phone answers in time, the threads end.
        let _ = self.handle.call_within(Command::Shutdown, GOODBYE);
        crate::start::end(&self.handle.0, &mut self.threads);
    }
}

impl Handle {
    /// Hands a command over and returns at once; its end is the event `done` with this ticket.
    pub fn submit(&self, command: Command) -> Ticket {
        let ticket = self.0.ticket();
        self.0.command(ticket, command);
        ticket
    }

    /// Hands a command over and waits for its end.
    pub fn call(&self, command: Command) -> Result<(), Refusal> {
        let timeout = match command {
            Command::Connect { .. } => CONNECT_TIMEOUT,
            _ => COMMAND_TIMEOUT,
        };
        self.call_within(command, timeout + MARGIN)
    }

    fn call_within(&self, command: Command, timeout: Duration) -> Result<(), Refusal> {
        let ticket = self.0.ticket();
        let end = self.0.hub.wait_for(ticket);
        self.0.command(ticket, command);
        self.wait(ticket, &end, timeout)
    }

    /// The events from now on, a snapshot first.
    pub fn subscribe(&self) -> std::io::Result<Subscription> {
        self.0.hub.subscribe(self.0.clock.seconds(), |status| self.0.complete(status))
    }

    /// What passes between host and controller from now on, as a capture; `None` where too many look
    /// on already.
    pub fn capture(&self) -> std::io::Result<Option<crate::Viewer>> {
        self.0.look_on()
    }

    /// Seconds since the receiver's start: what the times of events count.
    pub fn seconds(&self) -> f64 {
        self.0.clock.seconds()
    }

    /// Everything as it is.
    pub fn status(&self) -> Status {
        self.0.status()
    }

    /// The phone of this address, or the one known phone of this name.
    pub fn phone(&self, reference: &str) -> Result<Address, Refusal> {
        self.0.hub.phone(reference)
    }

    /// Changes a setting until the receiver ends, and waits for it: `key` and `value` as in `--set`,
    /// for one phone the keys of its table.
    pub fn set(&self, key: &str, value: &str, phone: Option<Address>) -> Result<(), SetError> {
        let ticket = self.0.ticket();
        let end = self.0.hub.wait_for(ticket);
        if let Err(error) = self.0.change(ticket, |config| changed(config, key, value, phone)) {
            self.0.hub.give_up(ticket);
            return Err(error);
        }
        self.wait(ticket, &end, COMMAND_TIMEOUT + MARGIN)
            .map_err(|refusal| SetError { refusal, text: refusal.text().into() })
    }

    /// As [`set`](Handle::set), without waiting: the end is the event `done` with this ticket.
    pub fn submit_set(
        &self,
        key: &str,
        value: &str,
        phone: Option<Address>,
    ) -> Result<Ticket, SetError> {
        let ticket = self.0.ticket();
        self.0.change(ticket, |config| changed(config, key, value, phone))?;
        Ok(ticket)
    }

    fn wait(&self, ticket: Ticket, end: &End, timeout: Duration) -> Result<(), Refusal> {
        end.wait(timeout).unwrap_or_else(|| {
            self.0.hub.give_up(ticket);
            Err(Refusal::TimedOut)
        })
    }
}

/// A configuration with a setting changed, checked, and the command that changes it.
fn changed(
    config: &Config,
    key: &str,
    value: &str,
    phone: Option<Address>,
) -> Result<(Config, Command), SetError> {
    let name = match phone {
        Some(phone) => format!("phone.{phone}.{key}"),
        None => key.to_string(),
    };
    let wrong = |refusal: Refusal, text: String| SetError { refusal, text };
    let mut config = config.clone();
    config.set(&name, value).map_err(|error| wrong(Refusal::BadValue, error.to_string()))?;
    let Some(change) = config.change(key, phone) else {
        let text = format!("{key}: counts at start only; change the configuration and restart");
        return Err(wrong(Refusal::Busy, text));
    };
    Ok((config, Command::Set(change)))
}

impl std::fmt::Display for SetError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.refusal.name(), self.text)
    }
}

impl std::error::Error for SetError {}
