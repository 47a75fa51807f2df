//! A receiver: opened, commanded, closed.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use tandem::{Address, Command, Config, Handle, MediaAction, Refusal, VolumeKind};

use crate::events::Events;
use crate::failure::{not_configured, not_opened, not_set, refused, system};
use crate::value::to_python;

/// A running receiver. Verbs return a ticket at once; its end is the event `done`.
#[pyclass(frozen, module = "tandem._tandem")]
pub(crate) struct Receiver {
    handle: Handle,
    running: Mutex<Option<tandem::Receiver>>,
}

impl Receiver {
    fn phone(&self, py: Python<'_>, reference: &str) -> PyResult<Address> {
        self.handle.phone(reference).map_err(|refusal| refused(py, refusal))
    }

    fn submit(&self, command: Command) -> u64 {
        self.handle.submit(command).0
    }

    fn take(&self) -> Option<tandem::Receiver> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[pymethods]
impl Receiver {
    /// Opens a receiver with a configuration file, keys set over it, and pairing mode if wanted.
    #[new]
    #[pyo3(signature = (file, keys, pair))]
    fn new(
        py: Python<'_>,
        file: Option<PathBuf>,
        keys: Vec<(String, String)>,
        pair: Option<u32>,
    ) -> PyResult<Receiver> {
        let mut config = Config { pair, ..Config::default() };
        if let Some(file) = file {
            config.read(&file).map_err(|error| not_configured(py, &error))?;
        }
        for (key, value) in keys {
            config.set(&key, &value).map_err(|error| not_configured(py, &error))?;
        }
        let running = py.detach(|| tandem::Receiver::open(config));
        let running = running.map_err(|error| not_opened(py, &error))?;
        Ok(Receiver { handle: running.handle(), running: Mutex::new(Some(running)) })
    }

    /// Says goodbye to the phones and ends the receiver; again, it does nothing.
    fn close(&self, py: Python<'_>) {
        let running = self.take();
        py.detach(|| drop(running));
    }

    /// The events from now on.
    fn subscribe(&self) -> PyResult<Events> {
        self.handle.subscribe().map(Events::new).map_err(system)
    }

    /// Everything as it is.
    fn status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let status = py.detach(|| self.handle.status().to_json());
        to_python(py, &status)
    }

    fn pair(&self, seconds: u32) -> u64 {
        self.submit(Command::Pair { seconds })
    }

    fn stop_pairing(&self) -> u64 {
        self.submit(Command::StopPairing)
    }

    fn confirm(
        &self,
        py: Python<'_>,
        phone: &str,
        accept: bool,
        passkey: Option<u32>,
    ) -> PyResult<u64> {
        let phone = self.phone(py, phone)?;
        Ok(self.submit(Command::Confirm { phone, accept, passkey }))
    }

    fn connect(&self, py: Python<'_>, phone: &str) -> PyResult<u64> {
        Ok(self.submit(Command::Connect { phone: self.phone(py, phone)? }))
    }

    fn disconnect(&self, py: Python<'_>, phone: &str) -> PyResult<u64> {
        Ok(self.submit(Command::Disconnect { phone: self.phone(py, phone)? }))
    }

    fn forget(&self, py: Python<'_>, phone: &str) -> PyResult<u64> {
        Ok(self.submit(Command::Forget { phone: self.phone(py, phone)? }))
    }

    fn media(&self, py: Python<'_>, action: &str, phone: Option<&str>) -> PyResult<u64> {
        let action = one_of(py, action, &MediaAction::ALL)?;
        let phone = phone.map(|phone| self.phone(py, phone)).transpose()?;
        Ok(self.submit(Command::Media { action, phone }))
    }

    fn volume(
        &self,
        py: Python<'_>,
        percent: u32,
        kind: &str,
        phone: Option<&str>,
    ) -> PyResult<u64> {
        let kind = one_of(py, kind, &VolumeKind::ALL)?;
        let phone = phone.map(|phone| self.phone(py, phone)).transpose()?;
        // What is no percentage is refused as such.
        let percent = u8::try_from(percent).unwrap_or(u8::MAX);
        Ok(self.submit(Command::Volume { percent, kind, phone }))
    }

    /// Changes a setting and waits until it counts.
    fn set(&self, py: Python<'_>, key: &str, value: &str, phone: Option<&str>) -> PyResult<()> {
        let phone = phone.map(|phone| self.phone(py, phone)).transpose()?;
        let set = py.detach(|| self.handle.set(key, value, phone));
        set.map_err(|error| not_set(py, &error))
    }
}

/// What a word stands for.
fn one_of<T: Copy>(py: Python<'_>, word: &str, all: &[(&str, T)]) -> PyResult<T> {
    let found = all.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
    found.ok_or_else(|| refused(py, Refusal::BadValue))
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // Nobody closed it, and saying goodbye takes its time: not with the GIL held.
        if let Some(running) = self.take() {
            Python::attach(|py| py.detach(|| drop(running)));
        }
    }
}
