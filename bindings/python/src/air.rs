//! A simulated air and what the owners of its phones do.

use pyo3::prelude::*;
use tandem::air::text;
use tandem::sim::{Act, Audio, PhoneOptions};

use crate::failure::{bad, refused, system};
use crate::value::number;

/// An air with phones, for one receiver.
#[pyclass(frozen, module = "tandem._tandem")]
pub(crate) struct Air(pub(crate) tandem::air::Air);

#[pymethods]
impl Air {
    #[new]
    fn new() -> PyResult<Air> {
        tandem::air::Air::new().map(Air).map_err(system)
    }

    /// Switches a phone on, in whose calls a tone of so many hertz is heard; gives its number and its
    /// address.
    fn phone(&self, py: Python<'_>, name: &str, voice: i64) -> PyResult<(usize, String)> {
        let voice = number(py, "voice", voice)?;
        let options = PhoneOptions { voice, ..PhoneOptions::default() };
        let added = self.0.phone(name, options).map_err(|refusal| refused(py, refusal))?;
        Ok((added.0, added.1.to_string()))
    }

    /// Has a phone's owner do something.
    fn act(
        &self,
        py: Python<'_>,
        phone: usize,
        act: &str,
        numbers: Vec<i64>,
        words: Vec<String>,
    ) -> PyResult<()> {
        let numbers: PyResult<Vec<u32>> = numbers.iter().map(|n| number(py, act, *n)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let act =
            meant(act, &numbers?, &words).ok_or_else(|| bad(py, act, "does not take this"))?;
        self.0.act(phone, act).map_err(|refusal| refused(py, refusal))
    }
}

/// The act of this name, with what it takes.
fn meant(act: &str, numbers: &[u32], words: &[&str]) -> Option<Act> {
    Some(match (act, numbers, words) {
        ("connect", [], []) => Act::Connect,
        ("disconnect", [], []) => Act::Disconnect,
        ("play", [hertz], []) => Act::Play(*hertz),
        ("pause", [], []) => Act::Pause,
        ("next", [], []) => Act::Next,
        ("chime", [hertz, ms], []) => Act::Chime(*hertz, *ms),
        ("volume", [percent @ 0..=100], []) => Act::Volume(*percent as u8),
        ("forget", [], []) => Act::Forget,
        ("leave", [], []) => Act::Leave,
        ("come_back", [], []) => Act::Return,
        ("ring", [], [number, name]) => Act::Ring(text(number), text(name)),
        ("they_hang_up", [], []) => Act::TheyHangUp,
        ("answer", [], [to]) => Act::Answer(audio(to)?),
        ("hang_up", [], []) => Act::HangUp,
        ("dial", [], [number]) => Act::Dial(text(number)),
        ("they_answer", [], []) => Act::TheyAnswer,
        ("voice", [], [to]) => Act::Move(audio(to)?),
        ("microphone", [on @ 0..=1], []) => Act::Microphone(*on == 1),
        ("assistant", [on @ 0..=1], []) => Act::Assistant(*on == 1),
        ("in_band_ring", [on @ 0..=1], []) => Act::InBand(*on == 1),
        ("call_volume", [gain @ 0..=15], []) => Act::Speaker(*gain as u8),
        _ => return None,
    })
}

fn audio(to: &str) -> Option<Audio> {
    match to {
        "phone" => Some(Audio::Phone),
        "receiver" => Some(Audio::Receiver),
        _ => None,
    }
}
