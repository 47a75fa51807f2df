//! Something that may take long, such as connecting to a controller that does not answer, tried on
//! an ordinary thread of its own while a real-time thread goes on.
//!
//! Nobody waits for that thread: when the receiver ends meanwhile, what comes of the attempt is
//! dropped, and closed with it. One that waits for something asks now and then whether it is still
//! [`Wanted`].

use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::sync::{Arc, Weak};
use std::task::Poll;
use std::thread;

/// Tells when it is dropped.
struct Told<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for Told<F> {
    fn drop(&mut self) {
        if let Some(tell) = self.0.take() {
            tell();
        }
    }
}

/// An attempt under way.
#[derive(Debug)]
pub(crate) struct Attempt<T> {
    end: Receiver<T>,
    asks: Option<Arc<()>>,
}

/// Whether anybody still asks what becomes of an attempt.
#[derive(Debug)]
pub(crate) struct Wanted(Weak<()>);

impl Wanted {
    /// Carries out something that is wanted to its end.
    pub(crate) fn always<T>(body: impl FnOnce(&Wanted) -> T) -> T {
        let asks = Arc::new(());
        body(&Wanted(Arc::downgrade(&asks)))
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.0.strong_count() == 0
    }
}

impl<T: Send + 'static> Attempt<T> {
    /// Starts one; `told` is called when it has ended.
    pub(crate) fn begin(
        name: &str,
        body: impl FnOnce(&Wanted) -> T + Send + 'static,
        told: impl FnOnce() + Send + 'static,
    ) -> std::io::Result<Self> {
        let (sender, end) = mpsc::sync_channel(1);
        let asks = Arc::new(());
        let wanted = Wanted(Arc::downgrade(&asks));
        thread::Builder::new().name(name.into()).spawn(move || {
            // Dropped last, also when the body panics: then nothing will come any more.
            let _told = Told(Some(told));
            let sender = sender;
            // Who asked may have ended.
            let _ = sender.try_send(body(&wanted));
        })?;
        Ok(Attempt { end, asks: Some(asks) })
    }

    /// Nobody wants it any more.
    pub(crate) fn give_up(&mut self) {
        self.asks = None;
    }

    /// What came of it; `None` in it when it died. To be asked until it is ready, and not again.
    pub(crate) fn end(&self) -> Poll<Option<T>> {
        match self.end.try_recv() {
            Ok(end) => Poll::Ready(Some(end)),
            Err(TryRecvError::Empty) => Poll::Pending,
            Err(TryRecvError::Disconnected) => Poll::Ready(None),
        }
    }
}
