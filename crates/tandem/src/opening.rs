//! Opening a receiver without waiting for it: a controller that does not answer takes seconds, one that
//! never comes up half a minute.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::attempt::{Attempt, Wanted};
use crate::config::Config;
use crate::error::OpenError;
use crate::receiver::{Options, Receiver};
use crate::wakeup::Wakeup;

/// A receiver that is being opened on a thread of its own. When it is dropped nobody wants it any more,
/// and what comes of it is closed: by that thread, or, if it has ended already, by whoever drops it,
/// which takes as long as [closing](Receiver::close).
#[derive(Debug)]
pub struct Opening {
    attempt: Attempt<Result<Receiver, OpenError>>,
    ended: Arc<Wakeup>,
}

impl Opening {
    /// Begins as [`Receiver::open_with`] does.
    ///
    /// # Errors
    /// There is no thread or file descriptor left; everything else is told at the [end](Opening::end).
    pub fn begin(config: Config, options: Options) -> io::Result<Opening> {
        let ended = Arc::new(Wakeup::new()?);
        let told = ended.clone();
        let open = move |wanted: &Wanted| Receiver::start(config, options, wanted);
        let attempt = Attempt::begin("open", open, move || told.wake())?;
        Ok(Opening { attempt, ended })
    }

    /// Readable once it has ended; for `poll` and the like.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.ended.as_fd()
    }

    /// What came of it, or itself if it has not ended within that time.
    pub fn end(self, within: Duration) -> Result<Result<Receiver, OpenError>, Opening> {
        self.wait(within);
        match self.attempt.end() {
            Poll::Ready(Some(end)) => Ok(end),
            Poll::Ready(None) => {
                let text = "the receiver ended by itself while it was opened";
                Ok(Err(OpenError::Controller(text.into())))
            }
            Poll::Pending => Err(self),
        }
    }

    /// Gives it up, and waits at most so long until it ends; if a receiver came of it all the same, that is
    /// closed, which takes its time beyond that. One that hangs in the system, such as in a connection
    /// that nobody answers, ends later, by itself.
    pub fn give_up(mut self, within: Duration) {
        self.attempt.give_up();
        self.wait(within);
    }

    fn wait(&self, within: Duration) {
        let mut fds = [PollFd::from_borrowed_fd(self.fd(), PollFlags::IN)];
        // A signal only ends the wait early.
        let _ = poll(&mut fds, Timespec::try_from(within).ok().as_ref());
    }
}
