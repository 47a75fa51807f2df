//! What one thread waits for and another tells, once.
//!
//! Not a channel of the standard library: a thread that waits there gets a handle, which is never given
//! back where a C program started the thread, and which memcheck takes for lost.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Told<T> {
    what: Mutex<Option<T>>,
    changed: Condvar,
}

impl<T> Told<T> {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Told { what: Mutex::new(None), changed: Condvar::new() }
    }

    /// Tells, unless something was told before.
    pub(crate) fn tell(&self, what: T) {
        self.what.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(what);
        self.changed.notify_all();
    }

    /// Takes what is told, at most so long from now.
    pub(crate) fn wait(&self, timeout: Duration) -> Option<T> {
        let what = self.what.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(what, timeout, |what| what.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).0.take()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn what_is_told_first_is_waited_for() {
        let told = Arc::new(Told::new());
        assert_eq!(told.wait(Duration::ZERO), None);
        let teller = told.clone();
        let telling = std::thread::spawn(move || [1, 2].map(|what| teller.tell(what)));
        assert_eq!(told.wait(Duration::from_secs(20)), Some(1));
        telling.join().unwrap();
    }
}
