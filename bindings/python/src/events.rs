//! A subscription, read without holding the GIL.

use std::os::fd::{AsRawFd, RawFd};
use std::time::{Duration, Instant};

use pyo3::exceptions::{PyEOFError, PyValueError};
use pyo3::prelude::*;
use tandem::{Event, Next, Notice, Subscription, Ticket, What};

use crate::failure::refused;
use crate::value::to_python;

/// How long a wait goes on before it looks for signals: Ctrl-C is felt within this time.
pub(crate) const SLICE: Duration = Duration::from_millis(100);

/// The events of a receiver from the time of `subscribe` on, a snapshot first.
#[pyclass(frozen, module = "tandem._tandem")]
pub(crate) struct Events(Subscription);

impl Events {
    pub(crate) fn new(subscription: Subscription) -> Events {
        Events(subscription)
    }

    /// The next notice before `end`; `None` when there is none.
    fn wait(&self, py: Python<'_>, end: Option<Instant>) -> PyResult<Option<Box<Notice>>> {
        loop {
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            let slice = left.map_or(SLICE, |left| left.min(SLICE));
            match py.detach(|| self.0.next(Some(slice))) {
                Next::Notice(notice) => return Ok(Some(notice)),
                Next::Closed => return Err(PyEOFError::new_err("the receiver is closed")),
                Next::TimedOut if left.is_some_and(|left| left <= SLICE) => return Ok(None),
                Next::TimedOut => py.check_signals()?,
            }
        }
    }
}

/// When a wait of so many seconds ends; never without them.
pub(crate) fn end(timeout: Option<f64>) -> PyResult<Option<Instant>> {
    let Some(seconds) = timeout else { return Ok(None) };
    let wait = Duration::try_from_secs_f64(seconds.max(0.0))
        .map_err(|error| PyValueError::new_err(format!("timeout: {error}")))?;
    // What does not fit a clock is for ever.
    Ok(Instant::now().checked_add(wait))
}

#[pymethods]
impl Events {
    /// The next event's fields; None when none came within the time, EOFError when none will.
    #[pyo3(signature = (timeout=None))]
    fn next<'py>(
        &self,
        py: Python<'py>,
        timeout: Option<f64>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let notice = self.wait(py, end(timeout)?)?;
        notice.map(|notice| to_python(py, &notice.to_json())).transpose()
    }

    /// Whether the verb with this ticket ended well within the time; raises how it ended otherwise.
    #[pyo3(signature = (ticket, timeout=None))]
    fn ended(&self, py: Python<'_>, ticket: u64, timeout: Option<f64>) -> PyResult<bool> {
        let end = end(timeout)?;
        while let Some(notice) = self.wait(py, end)? {
            if let What::Event(Event::Done { ticket: of, result }) = notice.what
                && of == Ticket(ticket)
            {
                return result.map(|()| true).map_err(|refusal| refused(py, refusal));
            }
        }
        Ok(false)
    }

    /// A file descriptor that is readable while an event waits.
    fn fileno(&self) -> RawFd {
        self.0.fd().as_raw_fd()
    }
}
