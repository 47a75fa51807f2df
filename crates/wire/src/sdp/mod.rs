//! Service Discovery Protocol (Core 5.4, Vol 3, Part B): data elements, PDUs and attribute lists.
//!
//! Data elements are checked when they are parsed, to a depth of [`MAX_DEPTH`]; iterating over a
//! checked sequence cannot fail.

mod attribute;
mod builder;
mod element;
mod pdu;
mod uuid;

#[cfg(test)]
mod tests;

pub use attribute::{AttributeId, AttributeList, AttributeLists, AttributeRange};
pub use builder::Builder;
pub use element::{Element, Elements, MAX_DEPTH};
pub use pdu::{Continuation, ErrorCode, HEADER_LEN, Handles, Header, MAX_CONTINUATION, Pdu, PduId};
pub use uuid::Uuid;
