//! Voice links: who may open one is decided above, how it is coded was agreed on the line of the calls.

use pool::Frame;

use crate::controller::{self, SendError};
use crate::{LinkId, VoiceCodec, VoiceStatus};

use super::{Notice, Output, Stack, VoiceChange};

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

impl Stack {
    /// How a link's next voice link is coded.
    pub(super) fn voice_codec(&self, link: LinkId) -> VoiceCodec {
        self.calls(link).map_or(VoiceCodec::Cvsd, super::Calls::codec)
    }

    pub(super) fn voice_notice(output: controller::Output) -> Option<Output> {
        use controller::Output as From;
        let (link, change) = match output {
            From::VoiceRequested { link, .. } => (link, VoiceChange::Requested),
            From::VoiceOpened { link, handle, codec, .. } => {
                (link, VoiceChange::Opened { handle, codec })
            }
            From::VoiceFailed { link, status } => (link, VoiceChange::Failed(status)),
            From::VoiceClosed { link, reason } => (link, VoiceChange::Closed(reason)),
            _ => return None,
        };
        Some(Output::Notice(Notice::Voice { link, change }))
    }

    /// Takes a voice packet, header included.
    pub fn voice(&mut self, packet: Frame) -> Option<Voice> {
        let (link, status, frame) = self.controller.synchronous(packet)?;
        Some(Voice { link, status, frame })
    }

    /// Sends the payload of a voice packet, which has headroom for its header.
    ///
    /// # Errors
    /// Without a voice link, and where too many wait.
    pub fn send_voice(&mut self, link: LinkId, payload: Frame) -> Result<(), SendError> {
        self.controller.send_voice(link, payload)
    }
}
