//! Voice links: who may open one is decided above, how it is coded was agreed on the line of the calls.

use pool::Frame;

use crate::{LinkId, VoiceStatus};

/// A voice packet without its header.
#[derive(Debug)]
pub struct Voice {
    /// Whose.
    pub link: LinkId,
    /// How well it was received.
    pub status: VoiceStatus,
    /// The payload.
    pub frame: Frame,
}
