//! The client: one service search attribute transaction at a time, pieced together from as many
//! responses as it takes.

use core::time::Duration;

use pool::Instant;
use wire::NoRoom;
use wire::sdp::{
    AttributeLists, AttributeRange, Builder, Continuation, Element, Elements, ErrorCode,
    MAX_CONTINUATION, Pdu, Uuid,
};

/// Octets of all parts of a response together at most.
pub const RESPONSE: usize = 4096;
/// How long a response is waited for.
pub const RESPONSE_TIME_OUT: Duration = Duration::from_secs(5);
/// Parts of a response at most.
const PARTS: u16 = 512;
/// Octets of a request's pattern and list of attributes at most, header included.
const QUESTION: usize = 64;

/// Why a search came to nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The server's own error.
    Server(ErrorCode),
    /// A response that cannot be read, or that goes on without end.
    Malformed,
    /// More than [`RESPONSE`] octets.
    TooLong,
    /// No response within [`RESPONSE_TIME_OUT`].
    TimedOut,
}

/// What a response has brought.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// The request for the next part stands in the buffer; this is its length.
    More(usize),
    /// [`Client::records`] has the result.
    Done,
    /// The search is over without a result.
    Failed(Failure),
    /// Not an answer to the request that is out.
    Ignored,
}

/// Asks one peer.
#[derive(Clone, Debug, Default)]
pub struct Client {
    transaction: u16,
    /// The pattern and the list of attributes, as elements one behind the other.
    pattern: heapless::Vec<u8, QUESTION>,
    attributes: heapless::Vec<u8, QUESTION>,
    response: heapless::Vec<u8, RESPONSE>,
    parts: u16,
    /// Set while a response is waited for.
    deadline: Option<Instant>,
}

impl Client {
    /// A client that has not asked yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins a search for the records that hold all of `pattern`, and writes its first request to
    /// `out`. Forgets what was being asked or has been answered before.
    ///
    /// `attributes` are in ascending order and do not overlap. Fails when the request does not fit
    /// `out` or the limits.
    pub fn search_attributes(
        &mut self,
        now: Instant,
        pattern: &[Uuid],
        attributes: &[AttributeRange],
        out: &mut [u8],
    ) -> Result<usize, NoRoom> {
        self.deadline = None;
        self.response.clear();
        self.parts = 0;
        Self::build(&mut self.pattern, |elements| {
            for uuid in pattern {
                elements.uuid(*uuid);
            }
        })?;
        Self::build(&mut self.attributes, |elements| {
            for range in attributes {
                elements.range(*range);
            }
        })?;
        self.request(now, Continuation::NONE, out)
    }

    fn build(
        into: &mut heapless::Vec<u8, QUESTION>,
        fill: impl FnOnce(&mut Builder<'_>),
    ) -> Result<(), NoRoom> {
        let mut buffer = [0; QUESTION];
        let mut builder = Builder::new(&mut buffer);
        fill(&mut builder);
        let length = builder.finish()?;
        into.clear();
        into.extend_from_slice(buffer.get(..length).ok_or(NoRoom)?).map_err(|_| NoRoom)
    }

    fn request(
        &mut self,
        now: Instant,
        continuation: Continuation<'_>,
        out: &mut [u8],
    ) -> Result<usize, NoRoom> {
        self.transaction = self.transaction.wrapping_add(1);
        let request = Pdu::ServiceSearchAttributeRequest {
            pattern: Elements::parse(&self.pattern).map_err(|_| NoRoom)?,
            maximum_byte_count: u16::MAX,
            attributes: Elements::parse(&self.attributes).map_err(|_| NoRoom)?,
            continuation,
        };
        let length = request.write(self.transaction, out)?;
        self.deadline = Some(now + RESPONSE_TIME_OUT);
        Ok(length)
    }

    /// Takes a PDU of the server's. Where a further part has to be asked for, the request is
    /// written to `out`.
    pub fn response(&mut self, now: Instant, pdu: &[u8], out: &mut [u8]) -> Progress {
        if self.deadline.is_none() {
            return Progress::Ignored;
        }
        match Pdu::parse(pdu) {
            Ok((transaction, _)) if transaction != self.transaction => Progress::Ignored,
            Ok((_, Pdu::ErrorResponse(code))) => self.fail(Failure::Server(code)),
            Ok((_, Pdu::ServiceSearchAttributeResponse { part, continuation })) => {
                self.part(now, part, continuation, out)
            }
            _ => self.fail(Failure::Malformed),
        }
    }

    fn part(
        &mut self,
        now: Instant,
        part: &[u8],
        continuation: Continuation<'_>,
        out: &mut [u8],
    ) -> Progress {
        self.parts += 1;
        if self.response.extend_from_slice(part).is_err() {
            return self.fail(Failure::TooLong);
        }
        if continuation.is_none() {
            self.deadline = None;
            return match AttributeLists::parse(&self.response) {
                Ok(_) => Progress::Done,
                Err(_) => self.fail(Failure::Malformed),
            };
        }
        if self.parts >= PARTS {
            return self.fail(Failure::Malformed);
        }
        let mut state = [0; MAX_CONTINUATION];
        let length = continuation.bytes().len();
        let Some(place) = state.get_mut(..length) else { return self.fail(Failure::Malformed) };
        place.copy_from_slice(continuation.bytes());
        let continuation = Continuation::new(place).unwrap_or_default();
        match self.request(now, continuation, out) {
            Ok(length) => Progress::More(length),
            Err(_) => self.fail(Failure::TooLong),
        }
    }

    fn fail(&mut self, failure: Failure) -> Progress {
        self.deadline = None;
        self.response.clear();
        Progress::Failed(failure)
    }

    /// Whether a response is waited for.
    pub fn is_waiting(&self) -> bool {
        self.deadline.is_some()
    }

    /// When [`wake`](Client::wake) is to be called.
    pub fn wake_at(&self) -> Option<Instant> {
        self.deadline
    }

    /// Ends the search if the server's time is up.
    pub fn wake(&mut self, now: Instant) -> Option<Failure> {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return None;
        }
        self.fail(Failure::TimedOut);
        Some(Failure::TimedOut)
    }

    /// The records that the last search found; none while it goes on.
    pub fn records(&self) -> AttributeLists<'_> {
        if self.is_waiting() || !matches!(Element::parse(&self.response), Ok((_, []))) {
            return AttributeLists::default();
        }
        AttributeLists::parse(&self.response).unwrap_or_default()
    }
}
