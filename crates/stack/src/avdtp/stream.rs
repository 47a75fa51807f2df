//! AVDTP 1.3, 9.1: one local endpoint and the stream that runs through it.
//!
//! Only states and facts; what is sent and told for them is the session's business.

use core::time::Duration;

use pool::Instant;
use wire::avdtp::Seid;

use super::output::{Cid, Endpoint, State};
use crate::a2dp::Configuration;

/// How long a transport channel may take to come after OPEN, and to go after CLOSE or ABORT.
pub(super) const CHANNEL_PATIENCE: Duration = Duration::from_secs(5);

/// What was agreed on for a stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Agreement {
    /// The peer's endpoint.
    pub peer: Seid,
    pub configuration: Configuration,
    pub delay_reporting: bool,
    pub scms_t: bool,
}

#[derive(Debug)]
pub(super) struct Stream {
    pub endpoint: Endpoint,
    pub state: State,
    /// Meaningful in every state but idle.
    pub agreement: Option<Agreement>,
    /// The transport channel; while configured, one that came before its OPEN.
    pub transport: Option<Cid>,
    /// We have to connect the transport channel: the OPEN was ours.
    pub connects: bool,
    /// The transport channel was connected, and the opening told.
    pub told_open: bool,
    /// When the transport channel must have come or gone.
    pub deadline: Option<Instant>,
}

impl Stream {
    pub fn new(endpoint: Endpoint) -> Self {
        Stream {
            endpoint,
            state: State::Idle,
            agreement: None,
            transport: None,
            connects: false,
            told_open: false,
            deadline: None,
        }
    }

    pub fn seid(&self) -> Seid {
        self.endpoint.seid
    }

    /// Configured, and not on the way out.
    pub fn is_active(&self) -> bool {
        matches!(self.state, State::Configured | State::Open | State::Streaming)
    }

    /// Open, and its transport channel not there yet.
    pub fn lacks_transport(&self) -> bool {
        self.state == State::Open && self.transport.is_none()
    }

    pub fn configure(&mut self, agreement: Agreement) {
        *self = Stream { agreement: Some(agreement), ..Stream::new(self.endpoint) };
        self.state = State::Configured;
    }

    /// After an accepted OPEN. A transport channel that came early counts.
    pub fn open(&mut self, now: Instant, connects: bool) {
        self.state = State::Open;
        self.connects = connects && self.transport.is_none();
        self.deadline = self.transport.is_none().then(|| now + CHANNEL_PATIENCE);
    }

    /// After an accepted CLOSE or ABORT: `state` until the transport channel is gone. Returns
    /// whether the stream is idle at once, there being none.
    pub fn leave(&mut self, now: Instant, state: State) -> bool {
        self.state = state;
        self.deadline = Some(now + CHANNEL_PATIENCE);
        self.transport.is_none()
    }

    /// Back to idle.
    pub fn reset(&mut self) {
        *self = Stream::new(self.endpoint);
    }
}
