//! AVDTP 1.3, 8.11–8.16, by order: what may be asked of a stream, and in which state.

use pool::Instant;
use wire::avdtp::Seid;

use super::Session;
use super::initiator::Request;
use super::output::{NotNow, State};
use crate::a2dp::Configuration;

impl Session {
    /// Starts an open stream.
    pub fn start(&mut self, now: Instant, seid: Seid) -> Result<(), NotNow> {
        let slot = self.slot(seid).ok_or(NotNow)?;
        let stream = &self.streams[slot];
        if stream.state != State::Open || stream.transport.is_none() {
            return Err(NotNow);
        }
        self.order(now, Request::Start { slot })
    }

    /// Suspends a stream that flows.
    pub fn suspend(&mut self, now: Instant, seid: Seid) -> Result<(), NotNow> {
        let slot = self.slot(seid).ok_or(NotNow)?;
        if self.streams[slot].state != State::Streaming {
            return Err(NotNow);
        }
        self.order(now, Request::Suspend { slot })
    }

    /// Closes an open stream; one that is only configured is aborted, as the specification has no
    /// other way back.
    pub fn close(&mut self, now: Instant, seid: Seid) -> Result<(), NotNow> {
        let slot = self.slot(seid).ok_or(NotNow)?;
        match self.streams[slot].state {
            State::Open | State::Streaming => self.order(now, Request::Close { slot }),
            State::Configured => self.abort(now, seid),
            State::Idle | State::Closing | State::Aborting => Err(NotNow),
        }
    }

    /// Ends a stream in whatever state it is.
    pub fn abort(&mut self, now: Instant, seid: Seid) -> Result<(), NotNow> {
        let slot = self.slot(seid).ok_or(NotNow)?;
        match self.streams[slot].state {
            State::Idle | State::Aborting => Err(NotNow),
            _ => {
                self.abort_stream(now, slot);
                Ok(())
            }
        }
    }

    /// Asks for another configuration of an open stream.
    pub fn reconfigure(
        &mut self,
        now: Instant,
        seid: Seid,
        configuration: Configuration,
    ) -> Result<(), NotNow> {
        let slot = self.slot(seid).ok_or(NotNow)?;
        if self.streams[slot].state != State::Open {
            return Err(NotNow);
        }
        self.order(now, Request::Reconfigure { slot, configuration })
    }

    fn order(&mut self, now: Instant, request: Request) -> Result<(), NotNow> {
        self.pending.push_back(request).map_err(|_| NotNow)?;
        self.pump(now);
        Ok(())
    }
}
