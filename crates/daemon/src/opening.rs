//! Opening the receiver, which may take half a minute, while signals are still answered.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, TryRecvError};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use tandem::{Config, Receiver};

use crate::daemon::{Failure, system};
use crate::signals::Signals;

/// How long a receiver that is no longer wanted may take to give its controller back. One that hangs
/// in the system, such as in a connection that nobody answers, ends with the process.
const GIVE_BACK: Duration = Duration::from_millis(1500);

/// Opens a receiver; `None` when a signal asked for the end meanwhile.
pub(crate) fn open(config: Config, signals: &Signals) -> Result<Option<Receiver>, Failure> {
    let unwanted = Arc::new(AtomicBool::new(false));
    let (sender, opened) = mpsc::sync_channel(1);
    // It hangs up when there is something to be taken.
    let (told, tell) = UnixStream::pair().map_err(|error| system("starting", error))?;
    let opening = {
        let unwanted = unwanted.clone();
        move || {
            let _tell = tell;
            // Whoever asked may have ended.
            let _ = sender.try_send(Receiver::open_unless(config, &unwanted));
        }
    };
    let thread = thread::Builder::new().name("open".into()).spawn(opening);
    thread.map_err(|error| system("starting", error))?;
    loop {
        if signals.asks_to_end() {
            unwanted.store(true, Ordering::Relaxed);
            // What came of it is closed with it.
            let _ = opened.recv_timeout(GIVE_BACK);
            return Ok(None);
        }
        match opened.try_recv() {
            Ok(receiver) => return Ok(Some(receiver?)),
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => {
                return Err(Failure::of_the_receiver());
            }
        }
        let mut fds = [
            PollFd::from_borrowed_fd(signals.fd(), PollFlags::IN),
            PollFd::new(&told, PollFlags::IN),
        ];
        match poll(&mut fds, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(system("waiting for signals", error)),
        }
    }
}
