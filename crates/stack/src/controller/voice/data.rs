//! Voice data (Core 5.4, Vol 4, Part E, 4.1.2, 5.4.3). Towards the controller it never waits for
//! credits, which controllers promise and do not send: whoever sends keeps the pace.

use pool::Frame;
use wire::h4::Channel;
use wire::hci::{PacketStatus, SynchronousHeader};

use super::super::SendError;
use super::{Controller, Stage, Voices};
use crate::{LinkId, VoiceStatus};

/// Voice packets that wait on a link at most: 60 ms of mSBC.
pub const VOICE_QUEUE: usize = 8;

impl Voices {
    /// The link that voice with this handle belongs to.
    fn carrying(&self, handle: u16) -> Option<LinkId> {
        let index = self.handles.iter().position(|&h| h == handle)?;
        Some(LinkId(index as u8))
    }

    /// The next packet for the controller.
    pub(in super::super) fn next_packet(&mut self) -> Option<Frame> {
        self.queue.pop_front().map(|(_, frame)| frame)
    }
}

impl Controller {
    /// Takes a synchronous data packet, checks it and takes its header off; gives the link that it
    /// belongs to, and how well it was received. `None` if it belongs to none, or is damaged.
    pub fn synchronous(&mut self, mut frame: Frame) -> Option<(LinkId, VoiceStatus, Frame)> {
        let Ok(header) = SynchronousHeader::parse(&frame) else {
            self.counters.malformed_synchronous += 1;
            return None;
        };
        let Some(link) = self.voice.carrying(header.handle.raw()) else {
            self.hold_early(Channel::Synchronous, header.handle, frame);
            return None;
        };
        frame.advance(SynchronousHeader::SIZE);
        let status = match header.status {
            PacketStatus::Correct => VoiceStatus::Correct,
            PacketStatus::PossiblyInvalid => VoiceStatus::PossiblyInvalid,
            PacketStatus::NoData => VoiceStatus::NoData,
            PacketStatus::PartiallyLost => VoiceStatus::PartiallyLost,
        };
        Some((link, status, frame))
    }

    /// Octets that a voice packet may hold: what the controller takes, or what a header can say if it
    /// does not tell.
    pub fn voice_length(&self) -> usize {
        match self.capabilities.info.synchronous_length {
            0 => usize::from(u8::MAX),
            length => length.into(),
        }
    }

    /// Sends voice over a link, before all ACL data. The frame holds 1 to
    /// [`voice_length`](Controller::voice_length) octets, and has headroom for the header: longer
    /// ones are refused, since only who made them knows where they may be cut.
    pub fn send_voice(&mut self, link: LinkId, mut frame: Frame) -> Result<(), SendError> {
        let handle = match (self.voice.stage(link), self.voice.get_mut(link)) {
            (Stage::Open, Some(voice)) => voice.handle.ok_or(SendError::NoLink)?,
            _ => return Err(SendError::NoLink),
        };
        self.carrier(link).ok_or(SendError::NoLink)?;
        let length = u8::try_from(frame.len()).map_err(|_| SendError::Length)?;
        if length == 0 || frame.len() > self.voice_length() {
            return Err(SendError::Length);
        }
        if self.voice.queue.iter().filter(|(other, _)| *other == link).count() >= VOICE_QUEUE {
            return Err(SendError::Full);
        }
        let header = SynchronousHeader { handle, status: PacketStatus::Correct, length };
        frame.prepend(&header.to_bytes()).map_err(|_| SendError::Length)?;
        self.voice.queue.push_back((link, frame));
        Ok(())
    }
}
