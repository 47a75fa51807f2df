//! `tandem._tandem`: the compiled part of the Python package `tandem`, as thin as it can be.
//!
//! A [`Receiver`] is the end of an [`Opening`], and commanded; [`Events`] are read as dictionaries;
//! what a user sees of them (classes, iteration, `async`) is Python, in `python/tandem`. The GIL is
//! released wherever something waits, and whoever waits in the main thread looks for signals ten times
//! a second.

mod air;
mod audio;
mod capture;
mod events;
mod failure;
mod opening;
mod receiver;
mod value;

/// The compiled part of `tandem`; use `import tandem`.
#[pyo3::pymodule]
mod _tandem {
    #[pymodule_export]
    use crate::air::Air;
    #[pymodule_export]
    use crate::audio::{Audio, Block};
    #[pymodule_export]
    use crate::capture::{Capture, Records};
    #[pymodule_export]
    use crate::events::Events;
    #[pymodule_export]
    use crate::opening::Opening;
    #[pymodule_export]
    use crate::receiver::Receiver;

    /// Seconds that a verb may take.
    #[pymodule_export]
    const COMMAND_TIMEOUT: f64 = tandem::COMMAND_TIMEOUT.as_secs_f64();

    /// Seconds that `connect` may take.
    #[pymodule_export]
    const CONNECT_TIMEOUT: f64 = tandem::CONNECT_TIMEOUT.as_secs_f64();
}
