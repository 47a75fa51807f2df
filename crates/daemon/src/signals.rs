//! The signals that the daemon answers, as a descriptor that can be waited for.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

/// What was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// To end (SIGTERM, SIGINT).
    pub(crate) end: bool,
    /// To read the configuration again (SIGHUP).
    pub(crate) reload: bool,
}

pub(crate) struct Signals {
    pipe: UnixStream,
    end: Arc<AtomicBool>,
    reload: Arc<AtomicBool>,
}

impl Signals {
    /// From now on signals are noted.
    pub(crate) fn catch() -> io::Result<Signals> {
        let (pipe, sender) = UnixStream::pair()?;
        pipe.set_nonblocking(true)?;
        let signals = Signals { pipe, end: Arc::default(), reload: Arc::default() };
        for signal in [SIGTERM, SIGINT] {
            // Whoever asks twice has no patience for goodbyes.
            flag::register_conditional_shutdown(signal, 1, signals.end.clone())?;
            flag::register(signal, signals.end.clone())?;
            low_level::pipe::register(signal, sender.try_clone()?)?;
        }
        flag::register(SIGHUP, signals.reload.clone())?;
        low_level::pipe::register(SIGHUP, sender)?;
        Ok(signals)
    }

    /// Readable when a signal was noted.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }

    /// What was asked for since the last call.
    pub(crate) fn take(&self) -> Asked {
        let end = self.asks_to_end();
        Asked { end, reload: self.reload.swap(false, Ordering::SeqCst) }
    }

    /// Whether the end was asked for; what else was is left to [`Signals::take`].
    pub(crate) fn asks_to_end(&self) -> bool {
        let mut bytes = [0; 64];
        while matches!((&self.pipe).read(&mut bytes), Ok(1..)) {}
        self.end.load(Ordering::SeqCst)
    }
}
