//! AVDTP 1.3, chapter 8: the signalling protocol's packets.
//!
//! [`Header`] is what stands before a signal or one of its fragments (8.4); [`Command`],
//! [`Response`] and [`Reject`] are the whole signals behind it (8.6–8.19); [`Capabilities`] walks
//! the service capabilities inside (8.21). Parsing checks every bound once, and what a peer got wrong
//! comes back as the error code that the specification wants it to be answered with.
//!
//! Not here: putting fragments together (that needs memory: `stack::avdtp`), and the meaning of a
//! codec's information element ([`crate::a2dp`]).

mod capability;
mod error;
mod header;
mod signal;
#[cfg(test)]
mod tests;

pub use capability::{
    Capabilities, Capability, Category, CodecType, ContentProtection, Element, Elements,
    HeaderCompression, MediaCodec, MediaType, Recovery,
};
pub use error::ErrorCode;
pub use header::{Header, Label, MessageType, write_single};
pub use signal::{
    Command, CommandError, EndpointInformation, EndpointType, Endpoints, Reject, Response, Seid,
    Seids, SignalId,
};

/// The PSM of AVDTP, signalling and media alike (Assigned Numbers, 2.6).
pub const PSM: u16 = 0x0019;
