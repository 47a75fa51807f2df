//! Captures, record by record.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use tandem::snoop::{self, Content, Direction, ReadError};

use crate::failure::bad;

/// A btsnoop capture, ours or anyone's. Iterating gives its records as dictionaries, each time from the
/// first: `t` (seconds since the first record), `time` (since the Unix epoch), and of a packet `direction`
/// (sent or received), `channel` (command, event, acl or synchronous), `packet` (bytes without the type
/// byte) and `cut`; of a line that was written in between `note`; of a controller `controller` (up or lost)
/// and `address`; of anything else `kind` and `data`.
#[pyclass(frozen, module = "tandem._tandem")]
pub(crate) struct Capture(snoop::Capture);

/// What iterates over a capture.
#[pyclass(frozen, module = "tandem._tandem")]
pub(crate) struct Records {
    capture: Py<Capture>,
    /// Bytes that are still to be read.
    left: AtomicUsize,
    /// The first record's time, once there was one.
    start: AtomicI64,
}

const NOT_STARTED: i64 = i64::MIN;

#[pymethods]
impl Capture {
    #[new]
    fn new(py: Python<'_>, path: PathBuf) -> PyResult<Capture> {
        snoop::Capture::open(&path).map(Capture).map_err(|error| match error {
            // Python names the file, and finds the class of the error.
            ReadError::Io(error) => match error.raw_os_error() {
                Some(number) => PyOSError::new_err((number, error.to_string(), path.clone())),
                None => error.into(),
            },
            other => bad(py, &path.display().to_string(), &other.to_string()),
        })
    }

    fn __iter__(slf: Bound<'_, Self>) -> Records {
        let left = slf.get().0.records().left();
        let start = AtomicI64::new(NOT_STARTED);
        Records { capture: slf.unbind(), left: AtomicUsize::new(left), start }
    }
}

#[pymethods]
impl Records {
    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let mut records = self.capture.get().0.records_with(self.left.load(Ordering::Relaxed));
        let Some(record) = records.next() else { return Ok(None) };
        self.left.store(records.left(), Ordering::Relaxed);
        if self.start.load(Ordering::Relaxed) == NOT_STARTED {
            self.start.store(record.time, Ordering::Relaxed);
        }
        let since = record.time.saturating_sub(self.start.load(Ordering::Relaxed));
        let told = PyDict::new(py);
        told.set_item("t", since as f64 / 1e6)?;
        told.set_item("time", record.time as f64 / 1e6)?;
        match record.content {
            Content::Packet { direction, channel, packet } => {
                let sent = direction == Direction::Sent;
                told.set_item("direction", if sent { "sent" } else { "received" })?;
                told.set_item("channel", format!("{channel:?}").to_lowercase())?;
                told.set_item("packet", PyBytes::new(py, packet))?;
                told.set_item("cut", record.cut)?;
            }
            Content::Note(text) => told.set_item("note", String::from_utf8_lossy(text))?,
            Content::Controller { address, name } => {
                told.set_item("controller", "up")?;
                told.set_item("address", address.to_string())?;
                told.set_item("name", String::from_utf8_lossy(name))?;
            }
            Content::ControllerLost => told.set_item("controller", "lost")?,
            Content::Other { kind, data } => {
                told.set_item("kind", kind)?;
                told.set_item("data", PyBytes::new(py, data))?;
            }
        }
        Ok(Some(told))
    }
}
