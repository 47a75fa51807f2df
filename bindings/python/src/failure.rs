//! Failures as the exceptions of `tandem.errors`.

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use tandem::{ConfigError, OpenError, Refusal, SetError};

/// The exception of this name, or its parent `Error` if the package has none of it.
fn exception(py: Python<'_>, name: &str, text: &str) -> PyErr {
    let made = py.import("tandem.errors").and_then(|errors| {
        let class = errors.getattr(name).or_else(|_| errors.getattr("Error"))?;
        class.call1((text,))
    });
    made.map_or_else(|error| error, PyErr::from_value)
}

pub(crate) fn refused(py: Python<'_>, refusal: Refusal) -> PyErr {
    exception(py, refusal.name(), refusal.text())
}

/// A value that cannot be, by its name.
pub(crate) fn bad(py: Python<'_>, name: &str, reason: &str) -> PyErr {
    exception(py, Refusal::BadValue.name(), &format!("{name}: {reason}"))
}

pub(crate) fn not_set(py: Python<'_>, error: &SetError) -> PyErr {
    exception(py, error.refusal.name(), &error.text)
}

pub(crate) fn not_configured(py: Python<'_>, error: &ConfigError) -> PyErr {
    exception(py, Refusal::BadValue.name(), &error.to_string())
}

pub(crate) fn not_opened(py: Python<'_>, error: &OpenError) -> PyErr {
    let name = match error {
        OpenError::Config(_) => Refusal::BadValue.name(),
        OpenError::NoController(_) => "NoController",
        OpenError::Permission(_) => "NotPermitted",
        OpenError::Controller(_) => "ControllerFailed",
        OpenError::System(_) => "Error",
    };
    exception(py, name, &error.to_string())
}

pub(crate) fn system(error: std::io::Error) -> PyErr {
    PyOSError::new_err(error.to_string())
}
