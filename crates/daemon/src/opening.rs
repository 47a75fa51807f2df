//! Opening the receiver, which may take half a minute, while signals are still answered.

use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use tandem::{Config, Opening, Options, Receiver};

use crate::daemon::{Failure, system};
use crate::signals::Signals;

/// How long a receiver that is no longer wanted may take to give its controller back. One that hangs
/// in the system ends with the process.
const GIVE_BACK: Duration = Duration::from_millis(1500);

/// Opens a receiver; `None` when a signal asked for the end meanwhile.
pub(crate) fn open(config: Config, signals: &Signals) -> Result<Option<Receiver>, Failure> {
    let opening = Opening::begin(config, Options::default());
    let mut opening = opening.map_err(|error| system("starting", error))?;
    loop {
        if signals.asks_to_end() {
            opening.give_up(GIVE_BACK);
            return Ok(None);
        }
        opening = match opening.end(Duration::ZERO) {
            Ok(end) => return Ok(Some(end?)),
            Err(opening) => opening,
        };
        let mut fds = [
            PollFd::from_borrowed_fd(signals.fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(opening.fd(), PollFlags::IN),
        ];
        match poll(&mut fds, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(system("waiting for signals", error)),
        }
    }
}
