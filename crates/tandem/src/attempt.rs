//! Something that may take long, such as connecting to a controller that does not answer, tried on
//! an ordinary thread of its own while a real-time thread goes on.
//!
//! Nobody waits for that thread: when the receiver ends meanwhile, what comes of the attempt is
//! dropped, and closed with it.

use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::task::Poll;
use std::thread;

/// An attempt under way.
#[derive(Debug)]
pub(crate) struct Attempt<T>(Receiver<T>);

impl<T: Send + 'static> Attempt<T> {
    /// Starts one; `told` is called when it has ended.
    pub(crate) fn begin(
        name: &str,
        body: impl FnOnce() -> T + Send + 'static,
        told: impl FnOnce() + Send + 'static,
    ) -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::sync_channel(1);
        thread::Builder::new().name(name.into()).spawn(move || {
            // Who asked may have ended.
            let _ = sender.try_send(body());
            told();
        })?;
        Ok(Attempt(receiver))
    }

    /// What came of it; `None` in it when it died. To be asked until it is ready, and not again.
    pub(crate) fn end(&self) -> Poll<Option<T>> {
        match self.0.try_recv() {
            Ok(end) => Poll::Ready(Some(end)),
            Err(TryRecvError::Empty) => Poll::Pending,
            Err(TryRecvError::Disconnected) => Poll::Ready(None),
        }
    }
}
