//! The daemon's life: configuration, socket, receiver, ready, signals, goodbye.

use std::fmt;
use std::io::ErrorKind;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use sd_notify::NotifyState;
use tandem::{Next, OpenError, Receiver, Subscription};

use crate::arguments::{Arguments, Mistake};
use crate::reload::Reload;
use crate::signals::Signals;
use crate::varlink::{BindError, Listener, Server};
use crate::{control, journal, log, opening};

/// Why the daemon ended, and with which exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    text: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Failure {
    /// The receiver ended by itself, which is a defect of it: one of its threads has fallen.
    pub(crate) fn of_the_receiver() -> Failure {
        let text = "the receiver ended by itself; the log above says why".into();
        Failure { code: 5, text }
    }
}

impl From<Mistake> for Failure {
    fn from(mistake: Mistake) -> Self {
        Failure { code: 2, text: mistake.to_string() }
    }
}

impl From<BindError> for Failure {
    fn from(error: BindError) -> Self {
        let code = if error.error.kind() == ErrorKind::PermissionDenied { 4 } else { 2 };
        Failure { code, text: error.to_string() }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        Failure { code: error.exit_code(), text: error.to_string() }
    }
}

pub(crate) fn system(what: &str, error: impl fmt::Display) -> Failure {
    Failure { code: 1, text: format!("{what}: {error}") }
}

/// Runs until a signal ends it.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = arguments.configuration()?;
    let reload = Reload::new(arguments);
    log::start(&config.log_level);
    let socket = config.control_socket().ok_or_else(|| Failure {
        code: 2,
        text: "there is no place for the control socket: give --control, or set $XDG_RUNTIME_DIR"
            .into(),
    })?;
    let signals = Signals::catch().map_err(|error| system("signals", error))?;
    let listener = Listener::bind(&socket)?;
    let Some(receiver) = opening::open(config, &signals)? else { return Ok(()) };
    let subscription = receiver.subscribe().map_err(|error| system("events", error))?;
    let server = Server::start(listener, control::control(receiver.handle()))
        .map_err(|error| system("control socket", error))?;
    let status = receiver.status();
    crate::say(format_args!("ready: {} {}", printable(&status.name), status.address));
    tracing::debug!("control socket {}", socket.display());
    notify(&[NotifyState::Ready]);

    let end = wait(&receiver, &subscription, &signals, reload);
    notify(&[NotifyState::Stopping]);
    // The phones' farewells still reach those who watch.
    drop(receiver);
    server.close();
    end
}

/// Tells systemd, where it listens.
fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!("systemd was not told: {error}");
    }
}

/// A name on one line.
fn printable(name: &str) -> String {
    name.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// Waits for a signal that ends the daemon; meanwhile writes the log and reads the configuration again.
fn wait(
    receiver: &Receiver,
    subscription: &Subscription,
    signals: &Signals,
    mut reload: Reload,
) -> Result<(), Failure> {
    loop {
        let asked = signals.take();
        if asked.end {
            tracing::info!("goodbye");
            return Ok(());
        }
        if asked.reload {
            match NotifyState::monotonic_usec_now() {
                Ok(now) => notify(&[NotifyState::Reloading, now]),
                Err(error) => tracing::warn!("no monotonic clock: {error}"),
            }
            reload.apply(receiver);
            notify(&[NotifyState::Ready]);
        }
        match subscription.next(Some(Duration::ZERO)) {
            Next::Notice(notice) => {
                journal::write(&notice, &receiver.status());
                continue;
            }
            Next::Closed => return Err(Failure::of_the_receiver()),
            Next::TimedOut => {}
        }
        let mut fds = [
            PollFd::from_borrowed_fd(signals.fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(subscription.fd(), PollFlags::IN),
        ];
        match poll(&mut fds, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(system("waiting for signals", error)),
        }
    }
}
