//! A receiver that is being opened, on a thread of its own.

use std::os::fd::{AsRawFd, RawFd};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
use tandem::{Config, Options};

use crate::air::Air;
use crate::events::SLICE;
use crate::failure::{bad, not_configured, not_opened, system};
use crate::receiver::Receiver;
use crate::value::number;

/// How long one that Ctrl-C gave up may take to give its controller back.
const GIVE_BACK: Duration = Duration::from_millis(1500);

/// For how many seconds pairing mode may be opened.
const PAIRING: std::ops::RangeInclusive<u32> = 1..=3600;

/// A receiver that is being opened; when nobody has it any more, it is given up.
#[pyclass(frozen, module = "tandem._tandem")]
pub(crate) struct Opening(Mutex<Option<tandem::Opening>>);

impl Opening {
    fn under_way(&self) -> MutexGuard<'_, Option<tandem::Opening>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ended(py: Python<'_>) -> PyErr {
    bad(py, "opening", "has ended")
}

#[pymethods]
impl Opening {
    /// Begins with a configuration file, keys set over it, and pairing mode if wanted.
    #[new]
    #[pyo3(signature = (file, keys, pair, air))]
    fn new(
        py: Python<'_>,
        file: Option<PathBuf>,
        keys: Vec<(String, String)>,
        pair: Option<i64>,
        air: Option<&Air>,
    ) -> PyResult<Opening> {
        let pair = pair.map(|seconds| number(py, "pair", seconds)).transpose()?;
        if pair.is_some_and(|seconds| !PAIRING.contains(&seconds)) {
            return Err(bad(py, "pair", "must be 1 to 3600 seconds"));
        }
        let mut config = Config { pair, ..Config::default() };
        if let Some(file) = file {
            config.read(&file).map_err(|error| not_configured(py, &error))?;
        }
        for (key, value) in keys {
            config.set(&key, &value).map_err(|error| not_configured(py, &error))?;
        }
        let options = Options { canceller: None, air: air.map(|air| air.0.clone()) };
        let opening = tandem::Opening::begin(config, options).map_err(system)?;
        Ok(Opening(Mutex::new(Some(opening))))
    }

    /// A file descriptor that is readable once it has ended.
    fn fileno(&self, py: Python<'_>) -> PyResult<RawFd> {
        let opening = self.under_way();
        Ok(opening.as_ref().ok_or_else(|| ended(py))?.fd().as_raw_fd())
    }

    /// The receiver, once it is open; a signal's exception gives it up.
    fn end(&self, py: Python<'_>) -> PyResult<Receiver> {
        let mut opening = self.under_way().take().ok_or_else(|| ended(py))?;
        loop {
            opening = match py.detach(|| opening.end(SLICE)) {
                Ok(end) => return end.map(Receiver::new).map_err(|error| not_opened(py, &error)),
                Err(opening) => opening,
            };
            if let Err(signal) = py.check_signals() {
                py.detach(|| opening.give_up(GIVE_BACK));
                return Err(signal);
            }
        }
    }

    /// Nobody wants it any more. While it goes on it is not waited for; one that has just ended is closed
    /// here, which takes as long as closing a receiver.
    fn give_up(&self, py: Python<'_>) {
        let opening = self.under_way().take();
        py.detach(|| drop(opening));
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        // It may just have ended, and saying goodbye takes its time: not with the GIL held.
        if let Some(opening) = self.under_way().take() {
            Python::attach(|py| py.detach(|| drop(opening)));
        }
    }
}
