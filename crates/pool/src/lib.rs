//! Memory and time as Tandem's floors hand them to each other: [`Arena`]s of fixed blocks, the
//! [`Frame`]s that own pieces of them, a bounded lock-free [`Queue`], and the [`Instant`].
//!
//! Nothing here reads a clock, takes a lock, or allocates after construction.

mod arena;
mod frame;
mod free;
mod instant;
mod queue;
mod sync;

pub use arena::{Arena, HEADROOM};
pub use frame::{Frame, Full};
pub use instant::Instant;
pub use queue::Queue;

#[cfg(all(test, not(loom)))]
mod tests;
