//! A receiver: commanded, closed.

use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use tandem::{
    Address, AnswerHow, AudioKind, Command, Handle, MediaAction, Refusal, VoiceTo, VolumeKind,
    dialling,
};

use crate::audio::Audio;
use crate::events::Events;
use crate::failure::{bad, not_set, refused, system};
use crate::value::{number, to_python};

/// A running receiver. Verbs return a ticket at once; its end is the event `done`.
#[pyclass(frozen, module = "tandem._tandem")]
pub(crate) struct Receiver {
    handle: Handle,
    running: Mutex<Option<tandem::Receiver>>,
}

impl Receiver {
    pub(crate) fn new(running: tandem::Receiver) -> Receiver {
        Receiver { handle: running.handle(), running: Mutex::new(Some(running)) }
    }

    fn phone(&self, py: Python<'_>, reference: &str) -> PyResult<Address> {
        self.handle.phone(reference).map_err(|refusal| refused(py, refusal))
    }

    fn some_phone(&self, py: Python<'_>, reference: Option<&str>) -> PyResult<Option<Address>> {
        reference.map(|reference| self.phone(py, reference)).transpose()
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
    /// Says goodbye to the phones and ends the receiver; again, it does nothing.
    fn close(&self, py: Python<'_>) {
        let running = self.take();
        py.detach(|| drop(running));
    }

    /// The events from now on.
    fn subscribe(&self) -> PyResult<Events> {
        self.handle.subscribe().map(Events::new).map_err(system)
    }

    /// Sound to read, and of the kind `voice` to write.
    fn audio(
        &self,
        py: Python<'_>,
        kind: &str,
        phone: Option<&str>,
        rate: i64,
        channels: i64,
    ) -> PyResult<Audio> {
        let meant = one_of(py, "kind", kind, &AudioKind::ALL)?;
        let (rate, channels) = (number(py, "rate", rate)?, number(py, "channels", channels)?);
        let phone = self.some_phone(py, phone)?;
        let audio = py.detach(|| self.handle.audio(meant, phone, rate, channels));
        audio.map(Audio::new).map_err(|refusal| match refusal {
            Refusal::BadValue => bad(py, kind, tandem::NO_SUCH_AUDIO),
            other => refused(py, other),
        })
    }

    /// Everything as it is.
    fn status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let status = py.detach(|| self.handle.status().to_json());
        to_python(py, &status)
    }

    fn pair(&self, py: Python<'_>, seconds: i64) -> PyResult<u64> {
        Ok(self.submit(Command::Pair { seconds: number(py, "seconds", seconds)? }))
    }

    fn stop_pairing(&self) -> u64 {
        self.submit(Command::StopPairing)
    }

    fn confirm(
        &self,
        py: Python<'_>,
        phone: &str,
        accept: bool,
        passkey: Option<i64>,
    ) -> PyResult<u64> {
        let passkey = passkey.map(|passkey| number(py, "passkey", passkey)).transpose()?;
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
        let action = one_of(py, "action", action, &MediaAction::ALL)?;
        let phone = self.some_phone(py, phone)?;
        Ok(self.submit(Command::Media { action, phone }))
    }

    fn volume(
        &self,
        py: Python<'_>,
        percent: i64,
        kind: &str,
        phone: Option<&str>,
    ) -> PyResult<u64> {
        let kind = one_of(py, "kind", kind, &VolumeKind::ALL)?;
        let percent = number(py, "percent", percent)?;
        let phone = self.some_phone(py, phone)?;
        Ok(self.submit(Command::Volume { percent, kind, phone }))
    }

    fn answer(
        &self,
        py: Python<'_>,
        how: &str,
        phone: Option<&str>,
        index: Option<i64>,
    ) -> PyResult<u64> {
        let how = one_of(py, "how", how, &AnswerHow::ALL)?;
        let (phone, index) = (self.some_phone(py, phone)?, some_call(py, index)?);
        Ok(self.submit(Command::Answer { how, phone, index }))
    }

    fn reject(&self, py: Python<'_>, phone: Option<&str>, index: Option<i64>) -> PyResult<u64> {
        let (phone, index) = (self.some_phone(py, phone)?, some_call(py, index)?);
        Ok(self.submit(Command::Reject { phone, index }))
    }

    fn hang_up(&self, py: Python<'_>, phone: Option<&str>, index: Option<i64>) -> PyResult<u64> {
        let (phone, index) = (self.some_phone(py, phone)?, some_call(py, index)?);
        Ok(self.submit(Command::HangUp { phone, index }))
    }

    fn hold(&self, py: Python<'_>, phone: Option<&str>) -> PyResult<u64> {
        Ok(self.submit(Command::Hold { phone: self.some_phone(py, phone)? }))
    }

    fn swap(&self) -> u64 {
        self.submit(Command::Swap)
    }

    fn merge(&self, py: Python<'_>, phone: Option<&str>) -> PyResult<u64> {
        Ok(self.submit(Command::Merge { phone: self.some_phone(py, phone)? }))
    }

    fn private(&self, py: Python<'_>, index: i64, phone: Option<&str>) -> PyResult<u64> {
        let (phone, index) = (self.some_phone(py, phone)?, call(py, index)?);
        Ok(self.submit(Command::Private { index, phone }))
    }

    fn transfer(&self, py: Python<'_>, phone: Option<&str>) -> PyResult<u64> {
        Ok(self.submit(Command::Transfer { phone: self.some_phone(py, phone)? }))
    }

    fn voice(&self, py: Python<'_>, to: &str, phone: Option<&str>) -> PyResult<u64> {
        let to = one_of(py, "to", to, &VoiceTo::ALL)?;
        Ok(self.submit(Command::Voice { to, phone: self.some_phone(py, phone)? }))
    }

    fn dial(&self, py: Python<'_>, number: &str, phone: Option<&str>) -> PyResult<u64> {
        let number = dialling::number(number).map_err(|reason| bad(py, "number", reason))?;
        Ok(self.submit(Command::Dial { number, phone: self.some_phone(py, phone)? }))
    }

    fn redial(&self, py: Python<'_>, phone: Option<&str>) -> PyResult<u64> {
        Ok(self.submit(Command::Redial { phone: self.some_phone(py, phone)? }))
    }

    fn tones(&self, py: Python<'_>, digits: &str, phone: Option<&str>) -> PyResult<u64> {
        let digits = dialling::tones(digits).map_err(|reason| bad(py, "digits", reason))?;
        Ok(self.submit(Command::Tones { digits, phone: self.some_phone(py, phone)? }))
    }

    fn mute(&self, on: bool) -> u64 {
        self.submit(Command::Mute { on })
    }

    fn assistant(&self, py: Python<'_>, on: bool, phone: Option<&str>) -> PyResult<u64> {
        Ok(self.submit(Command::Assistant { on, phone: self.some_phone(py, phone)? }))
    }

    fn battery(&self, py: Python<'_>, percent: i64) -> PyResult<u64> {
        Ok(self.submit(Command::Battery { percent: number(py, "percent", percent)? }))
    }

    /// Changes a setting and waits until it counts.
    fn set(&self, py: Python<'_>, key: &str, value: &str, phone: Option<&str>) -> PyResult<()> {
        let phone = self.some_phone(py, phone)?;
        let set = py.detach(|| self.handle.set(key, value, phone));
        set.map_err(|error| not_set(py, &error))
    }
}

/// A phone's number for one of its calls, from 1.
fn call(py: Python<'_>, index: i64) -> PyResult<u8> {
    let fits = u8::try_from(index).ok().filter(|index| *index > 0);
    fits.ok_or_else(|| bad(py, "index", "must be a call's number, from 1"))
}

fn some_call(py: Python<'_>, index: Option<i64>) -> PyResult<Option<u8>> {
    index.map(|index| call(py, index)).transpose()
}

/// What a word stands for.
fn one_of<T: Copy>(py: Python<'_>, name: &str, word: &str, all: &[(&str, T)]) -> PyResult<T> {
    let found = all.iter().find(|(known, _)| *known == word).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let known: Vec<&str> = all.iter().map(|(known, _)| *known).collect();
        bad(py, name, &format!("is {word:?}; must be one of {}", known.join(", ")))
    })
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // Nobody closed it, and saying goodbye takes its time: not with the GIL held.
        if let Some(running) = self.take() {
            Python::attach(|py| py.detach(|| drop(running)));
        }
    }
}
