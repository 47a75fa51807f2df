//! Protocol data units (Core 5.4, Vol 3, Part B, 4).

use super::{Element, Elements};
use crate::{Malformed, NoRoom};

/// Octets of a PDU's header.
pub const HEADER_LEN: usize = 5;
/// Octets of a continuation state at most.
pub const MAX_CONTINUATION: usize = 16;

/// What a PDU is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PduId(pub u8);

impl PduId {
    /// An error.
    pub const ERROR_RESPONSE: Self = PduId(0x01);
    /// Asks for the handles of records.
    pub const SERVICE_SEARCH_REQUEST: Self = PduId(0x02);
    /// Gives them.
    pub const SERVICE_SEARCH_RESPONSE: Self = PduId(0x03);
    /// Asks for attributes of a record.
    pub const SERVICE_ATTRIBUTE_REQUEST: Self = PduId(0x04);
    /// Gives them.
    pub const SERVICE_ATTRIBUTE_RESPONSE: Self = PduId(0x05);
    /// Asks for attributes of all records that match.
    pub const SERVICE_SEARCH_ATTRIBUTE_REQUEST: Self = PduId(0x06);
    /// Gives them.
    pub const SERVICE_SEARCH_ATTRIBUTE_RESPONSE: Self = PduId(0x07);
}

/// Why a request failed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ErrorCode(pub u16);

impl ErrorCode {
    /// The version of SDP is not supported.
    pub const INVALID_VERSION: Self = ErrorCode(0x0001);
    /// There is no record with this handle.
    pub const INVALID_RECORD_HANDLE: Self = ErrorCode(0x0002);
    /// The request cannot be read.
    pub const INVALID_REQUEST_SYNTAX: Self = ErrorCode(0x0003);
    /// The request's length is not what its header says.
    pub const INVALID_PDU_SIZE: Self = ErrorCode(0x0004);
    /// The continuation state is not one of ours.
    pub const INVALID_CONTINUATION_STATE: Self = ErrorCode(0x0005);
    /// No room.
    pub const INSUFFICIENT_RESOURCES: Self = ErrorCode(0x0006);
}

/// The header of a PDU.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// What it is.
    pub id: PduId,
    /// Pairs request and response.
    pub transaction: u16,
    /// Octets that follow the header.
    pub length: u16,
}

impl Header {
    /// Reads the header, and returns it with what follows it, which may be longer or shorter than
    /// it says.
    pub fn parse(pdu: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let &[id, t0, t1, l0, l1, ref rest @ ..] = pdu else { return Err(Malformed) };
        let header = Header {
            id: PduId(id),
            transaction: u16::from_be_bytes([t0, t1]),
            length: u16::from_be_bytes([l0, l1]),
        };
        Ok((header, rest))
    }

    /// The header as it stands on the wire.
    pub fn bytes(&self) -> [u8; HEADER_LEN] {
        let [t0, t1] = self.transaction.to_be_bytes();
        let [l0, l1] = self.length.to_be_bytes();
        [self.id.0, t0, t1, l0, l1]
    }
}

/// Where a response goes on, in terms that only its sender knows; empty at the beginning and the
/// end. At most [`MAX_CONTINUATION`] octets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Continuation<'a>(&'a [u8]);

impl<'a> Continuation<'a> {
    /// There is nothing before or after.
    pub const NONE: Continuation<'static> = Continuation(&[]);

    /// `None` if it is longer than [`MAX_CONTINUATION`].
    pub fn new(state: &'a [u8]) -> Option<Self> {
        (state.len() <= MAX_CONTINUATION).then_some(Continuation(state))
    }

    /// Reads the continuation state that a PDU ends with.
    fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let (&length, state) = bytes.split_first().ok_or(Malformed)?;
        if state.len() != usize::from(length) {
            return Err(Malformed);
        }
        Self::new(state).ok_or(Malformed)
    }

    /// The state.
    pub fn bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Whether it is empty.
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }
}

/// Record handles of a service search response.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Handles<'a>(&'a [[u8; 4]]);

impl<'a> Handles<'a> {
    /// The handles, each big-endian.
    pub fn new(handles: &'a [[u8; 4]]) -> Self {
        Handles(handles)
    }

    /// The handles.
    pub fn iter(&self) -> impl Iterator<Item = u32> + use<'a> {
        self.0.iter().map(|handle| u32::from_be_bytes(*handle))
    }
}

/// A PDU without its header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pdu<'a> {
    /// A request failed.
    ErrorResponse(ErrorCode),
    /// Asks for the handles of all records that hold every UUID of a pattern.
    ServiceSearchRequest {
        /// The UUIDs.
        pattern: Elements<'a>,
        /// Handles at most.
        maximum_record_count: u16,
        /// Where to go on.
        continuation: Continuation<'a>,
    },
    /// Gives them.
    ServiceSearchResponse {
        /// How many there are over all responses.
        total_record_count: u16,
        /// Those in this one.
        handles: Handles<'a>,
        /// Where it goes on.
        continuation: Continuation<'a>,
    },
    /// Asks for attributes of one record.
    ServiceAttributeRequest {
        /// The record.
        handle: u32,
        /// Octets of attributes in one response at most.
        maximum_byte_count: u16,
        /// Identifiers and ranges.
        attributes: Elements<'a>,
        /// Where to go on.
        continuation: Continuation<'a>,
    },
    /// Gives a part of an attribute list.
    ServiceAttributeResponse {
        /// The part.
        part: &'a [u8],
        /// Where it goes on.
        continuation: Continuation<'a>,
    },
    /// Asks for attributes of all records that hold every UUID of a pattern.
    ServiceSearchAttributeRequest {
        /// The UUIDs.
        pattern: Elements<'a>,
        /// Octets of attributes in one response at most.
        maximum_byte_count: u16,
        /// Identifiers and ranges.
        attributes: Elements<'a>,
        /// Where to go on.
        continuation: Continuation<'a>,
    },
    /// Gives a part of a sequence of attribute lists.
    ServiceSearchAttributeResponse {
        /// The part.
        part: &'a [u8],
        /// Where it goes on.
        continuation: Continuation<'a>,
    },
}

impl<'a> Pdu<'a> {
    /// What the PDU is.
    pub fn id(&self) -> PduId {
        match self {
            Pdu::ErrorResponse(_) => PduId::ERROR_RESPONSE,
            Pdu::ServiceSearchRequest { .. } => PduId::SERVICE_SEARCH_REQUEST,
            Pdu::ServiceSearchResponse { .. } => PduId::SERVICE_SEARCH_RESPONSE,
            Pdu::ServiceAttributeRequest { .. } => PduId::SERVICE_ATTRIBUTE_REQUEST,
            Pdu::ServiceAttributeResponse { .. } => PduId::SERVICE_ATTRIBUTE_RESPONSE,
            Pdu::ServiceSearchAttributeRequest { .. } => PduId::SERVICE_SEARCH_ATTRIBUTE_REQUEST,
            Pdu::ServiceSearchAttributeResponse { .. } => PduId::SERVICE_SEARCH_ATTRIBUTE_RESPONSE,
        }
    }

    /// Reads a PDU: its transaction and content.
    pub fn parse(pdu: &'a [u8]) -> Result<(u16, Self), Malformed> {
        let (header, parameters) = Header::parse(pdu)?;
        if parameters.len() != usize::from(header.length) {
            return Err(Malformed);
        }
        Ok((header.transaction, Self::parse_parameters(header.id, parameters)?))
    }

    /// Reads what follows a header.
    pub fn parse_parameters(id: PduId, parameters: &'a [u8]) -> Result<Self, Malformed> {
        let mut rest = parameters;
        Ok(match id {
            PduId::ERROR_RESPONSE => Pdu::ErrorResponse(ErrorCode(u16_from(&mut rest)?)),
            PduId::SERVICE_SEARCH_REQUEST => Pdu::ServiceSearchRequest {
                pattern: sequence_from(&mut rest)?,
                maximum_record_count: u16_from(&mut rest)?,
                continuation: Continuation::parse(rest)?,
            },
            PduId::SERVICE_SEARCH_RESPONSE => {
                let total_record_count = u16_from(&mut rest)?;
                let count = usize::from(u16_from(&mut rest)?);
                let (handles, _) = take(&mut rest, count * 4)?.as_chunks();
                let handles = Handles(handles);
                let continuation = Continuation::parse(rest)?;
                Pdu::ServiceSearchResponse { total_record_count, handles, continuation }
            }
            PduId::SERVICE_ATTRIBUTE_REQUEST => Pdu::ServiceAttributeRequest {
                handle: u32::from(u16_from(&mut rest)?) << 16 | u32::from(u16_from(&mut rest)?),
                maximum_byte_count: u16_from(&mut rest)?,
                attributes: sequence_from(&mut rest)?,
                continuation: Continuation::parse(rest)?,
            },
            PduId::SERVICE_SEARCH_ATTRIBUTE_REQUEST => Pdu::ServiceSearchAttributeRequest {
                pattern: sequence_from(&mut rest)?,
                maximum_byte_count: u16_from(&mut rest)?,
                attributes: sequence_from(&mut rest)?,
                continuation: Continuation::parse(rest)?,
            },
            PduId::SERVICE_ATTRIBUTE_RESPONSE | PduId::SERVICE_SEARCH_ATTRIBUTE_RESPONSE => {
                let count = usize::from(u16_from(&mut rest)?);
                let part = take(&mut rest, count)?;
                let continuation = Continuation::parse(rest)?;
                if id == PduId::SERVICE_ATTRIBUTE_RESPONSE {
                    Pdu::ServiceAttributeResponse { part, continuation }
                } else {
                    Pdu::ServiceSearchAttributeResponse { part, continuation }
                }
            }
            _ => return Err(Malformed),
        })
    }

    /// Writes the PDU with its header and returns the length.
    pub fn write(&self, transaction: u16, out: &mut [u8]) -> Result<usize, NoRoom> {
        let mut put = Put { out, at: HEADER_LEN };
        match *self {
            Pdu::ErrorResponse(code) => put.u16(code.0)?,
            Pdu::ServiceSearchRequest { pattern, maximum_record_count, continuation } => {
                put.sequence(pattern)?;
                put.u16(maximum_record_count)?;
                put.continuation(continuation)?;
            }
            Pdu::ServiceSearchResponse { total_record_count, handles, continuation } => {
                put.u16(total_record_count)?;
                put.u16(u16::try_from(handles.0.len()).map_err(|_| NoRoom)?)?;
                put.bytes(handles.0.as_flattened())?;
                put.continuation(continuation)?;
            }
            Pdu::ServiceAttributeRequest {
                handle,
                maximum_byte_count,
                attributes,
                continuation,
            } => {
                put.bytes(&handle.to_be_bytes())?;
                put.u16(maximum_byte_count)?;
                put.sequence(attributes)?;
                put.continuation(continuation)?;
            }
            Pdu::ServiceSearchAttributeRequest {
                pattern,
                maximum_byte_count,
                attributes,
                continuation,
            } => {
                put.sequence(pattern)?;
                put.u16(maximum_byte_count)?;
                put.sequence(attributes)?;
                put.continuation(continuation)?;
            }
            Pdu::ServiceAttributeResponse { part, continuation }
            | Pdu::ServiceSearchAttributeResponse { part, continuation } => {
                put.u16(u16::try_from(part.len()).map_err(|_| NoRoom)?)?;
                put.bytes(part)?;
                put.continuation(continuation)?;
            }
        }
        let Put { out, at } = put;
        let length = u16::try_from(at - HEADER_LEN).map_err(|_| NoRoom)?;
        let header = Header { id: self.id(), transaction, length };
        out.get_mut(..HEADER_LEN).ok_or(NoRoom)?.copy_from_slice(&header.bytes());
        Ok(at)
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Malformed> {
    let (front, back) = rest.split_at_checked(length).ok_or(Malformed)?;
    *rest = back;
    Ok(front)
}

fn u16_from(rest: &mut &[u8]) -> Result<u16, Malformed> {
    match take(rest, 2)? {
        &[high, low] => Ok(u16::from_be_bytes([high, low])),
        _ => Err(Malformed),
    }
}

fn sequence_from<'a>(rest: &mut &'a [u8]) -> Result<Elements<'a>, Malformed> {
    let (element, after) = Element::parse(rest)?;
    *rest = after;
    element.as_sequence().ok_or(Malformed)
}

struct Put<'b> {
    out: &'b mut [u8],
    at: usize,
}

impl Put<'_> {
    fn bytes(&mut self, bytes: &[u8]) -> Result<(), NoRoom> {
        let end = self.at + bytes.len();
        self.out.get_mut(self.at..end).ok_or(NoRoom)?.copy_from_slice(bytes);
        self.at = end;
        Ok(())
    }

    fn u16(&mut self, value: u16) -> Result<(), NoRoom> {
        self.bytes(&value.to_be_bytes())
    }

    fn sequence(&mut self, elements: Elements<'_>) -> Result<(), NoRoom> {
        let bytes = elements.bytes();
        match u8::try_from(bytes.len()) {
            Ok(length) => self.bytes(&[0x35, length])?,
            Err(_) => {
                self.bytes(&[0x36])?;
                self.u16(u16::try_from(bytes.len()).map_err(|_| NoRoom)?)?;
            }
        }
        self.bytes(bytes)
    }

    fn continuation(&mut self, continuation: Continuation<'_>) -> Result<(), NoRoom> {
        let state = continuation.bytes();
        self.bytes(&[state.len() as u8])?;
        self.bytes(state)
    }
}
