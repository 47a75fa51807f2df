//! The server. It remembers nothing between requests: the continuation state says where to go on,
//! and under which generation of the records.

use wire::sdp::{
    AttributeId, AttributeRange, Continuation, Elements, ErrorCode, HEADER_LEN, Handles, Header,
    Pdu, PduId, Uuid,
};

use super::record::{Record, wanted};

/// Records at most.
pub const RECORDS: usize = 12;
/// The handles below are reserved.
const FIRST_HANDLE: u32 = 0x0001_0000;
/// UUIDs in a search pattern at most (4.5.1).
const PATTERN: usize = 12;
/// Entries in a request's list of attributes at most.
const RANGES: usize = 32;
/// The smallest count of octets that a request may allow (4.6.1).
const MINIMUM_BYTE_COUNT: u16 = 7;
/// Octets of our continuation state: the generation of the records, and how far we are.
const STATE: usize = 3;
/// Octets of a response that are not attributes: header, count, continuation state.
const OVERHEAD: usize = HEADER_LEN + 2 + 1 + STATE;

type Ranges = heapless::Vec<AttributeRange, RANGES>;
type Pattern = heapless::Vec<Uuid, PATTERN>;

/// Answers requests about a set of records.
#[derive(Clone, Debug, Default)]
pub struct Server {
    records: heapless::Vec<(u32, Record), RECORDS>,
    added: u32,
    /// Changes with the records, so that no response is pieced together from two sets.
    generation: u8,
}

impl Server {
    /// No records.
    pub fn new() -> Self {
        Self::default()
    }

    /// Shows a record from now on, and returns its handle; `None` when there are [`RECORDS`].
    pub fn add(&mut self, record: Record) -> Option<u32> {
        let handle = FIRST_HANDLE.checked_add(self.added)?;
        self.records.push((handle, record)).ok()?;
        self.added += 1;
        self.generation = self.generation.wrapping_add(1);
        Some(handle)
    }

    /// Shows a record no more.
    pub fn remove(&mut self, handle: u32) {
        if let Some(at) = self.records.iter().position(|(own, _)| *own == handle) {
            self.records.remove(at);
            self.generation = self.generation.wrapping_add(1);
        }
    }

    /// Answers `request` with a PDU of at most `mtu` octets in `out`, and returns its length.
    /// `None` for what cannot be answered: no header, a response, or no room for an error.
    pub fn respond(&self, request: &[u8], mtu: u16, out: &mut [u8]) -> Option<usize> {
        let (header, parameters) = Header::parse(request).ok()?;
        let is_response = matches!(
            header.id,
            PduId::ERROR_RESPONSE
                | PduId::SERVICE_SEARCH_RESPONSE
                | PduId::SERVICE_ATTRIBUTE_RESPONSE
                | PduId::SERVICE_SEARCH_ATTRIBUTE_RESPONSE
        );
        if is_response {
            return None;
        }
        let room = out.len().min(usize::from(mtu));
        let out = out.get_mut(..room)?;
        let answered = if parameters.len() == usize::from(header.length) {
            self.answer(header, parameters, out)
        } else {
            Err(ErrorCode::INVALID_PDU_SIZE)
        };
        answered
            .or_else(|code| Pdu::ErrorResponse(code).write(header.transaction, out).map_err(|_| ()))
            .ok()
    }

    fn answer(
        &self,
        header: Header,
        parameters: &[u8],
        out: &mut [u8],
    ) -> Result<usize, ErrorCode> {
        let request = Pdu::parse_parameters(header.id, parameters)
            .map_err(|_| ErrorCode::INVALID_REQUEST_SYNTAX)?;
        match request {
            Pdu::ServiceSearchRequest { pattern, maximum_record_count, continuation } => self
                .search(
                    header.transaction,
                    &read_pattern(pattern)?,
                    maximum_record_count,
                    continuation,
                    out,
                ),
            Pdu::ServiceAttributeRequest {
                handle,
                maximum_byte_count,
                attributes,
                continuation,
            } => {
                let ranges = read_ranges(attributes)?;
                let (_, record) = self
                    .records
                    .iter()
                    .find(|(own, _)| *own == handle)
                    .ok_or(ErrorCode::INVALID_RECORD_HANDLE)?;
                let response = Part {
                    id: PduId::SERVICE_ATTRIBUTE_RESPONSE,
                    maximum_byte_count,
                    continuation,
                };
                self.part(header.transaction, response, out, |window| {
                    write_record(handle, record, &ranges, window);
                })
            }
            Pdu::ServiceSearchAttributeRequest {
                pattern,
                maximum_byte_count,
                attributes,
                continuation,
            } => {
                let (pattern, ranges) = (read_pattern(pattern)?, read_ranges(attributes)?);
                let id = PduId::SERVICE_SEARCH_ATTRIBUTE_RESPONSE;
                let response = Part { id, maximum_byte_count, continuation };
                // A record without any of the attributes is left out (SDP/SR/SSA/BV-02-C).
                let records = || {
                    self.matching(&pattern).filter(|(_, record)| {
                        wanted(&ranges, AttributeId::SERVICE_RECORD_HANDLE)
                            || record.selected(|id| wanted(&ranges, id)).next().is_some()
                    })
                };
                self.part(header.transaction, response, out, |window| {
                    let mut length = Window::counting();
                    records().for_each(|(handle, record)| {
                        write_record(handle, record, &ranges, &mut length);
                    });
                    window.sequence(length.at);
                    records()
                        .for_each(|(handle, record)| write_record(handle, record, &ranges, window));
                })
            }
            _ => Err(ErrorCode::INVALID_REQUEST_SYNTAX),
        }
    }

    /// The records that hold every UUID of the pattern.
    fn matching<'a>(&'a self, pattern: &'a [Uuid]) -> impl Iterator<Item = (u32, &'a Record)> + 'a {
        self.records
            .iter()
            .filter(move |(_, record)| {
                pattern.iter().all(|uuid| record.attributes().contains(*uuid))
            })
            .map(|(handle, record)| (*handle, record))
    }

    fn search(
        &self,
        transaction: u16,
        pattern: &[Uuid],
        maximum_record_count: u16,
        continuation: Continuation<'_>,
        out: &mut [u8],
    ) -> Result<usize, ErrorCode> {
        if maximum_record_count == 0 {
            return Err(ErrorCode::INVALID_REQUEST_SYNTAX);
        }
        let mut handles = heapless::Vec::<[u8; 4], RECORDS>::new();
        for (handle, _) in self.matching(pattern).take(usize::from(maximum_record_count)) {
            // There is room for as many as there are records.
            let _ = handles.push(handle.to_be_bytes());
        }
        let from = self.resume(continuation)?;
        let rest = handles.get(from..).ok_or(ErrorCode::INVALID_CONTINUATION_STATE)?;
        if from > 0 && rest.is_empty() {
            return Err(ErrorCode::INVALID_CONTINUATION_STATE);
        }
        let fit = out.len().saturating_sub(OVERHEAD + 2) / 4;
        let now = rest.get(..fit.min(rest.len())).unwrap_or_default();
        if now.is_empty() && !rest.is_empty() {
            return Err(ErrorCode::INSUFFICIENT_RESOURCES);
        }
        let state = self.state(from + now.len(), rest.len() > now.len());
        let response = Pdu::ServiceSearchResponse {
            total_record_count: handles.len() as u16,
            handles: Handles::new(now),
            continuation: Continuation::new(&state).unwrap_or_default(),
        };
        response.write(transaction, out).map_err(|_| ErrorCode::INSUFFICIENT_RESOURCES)
    }

    /// Answers with the part of what `fill` writes that follows on the continuation state.
    fn part(
        &self,
        transaction: u16,
        response: Part<'_>,
        out: &mut [u8],
        fill: impl Fn(&mut Window<'_>),
    ) -> Result<usize, ErrorCode> {
        if response.maximum_byte_count < MINIMUM_BYTE_COUNT {
            return Err(ErrorCode::INVALID_REQUEST_SYNTAX);
        }
        let from = self.resume(response.continuation)?;
        let room = out.len().saturating_sub(OVERHEAD).min(usize::from(response.maximum_byte_count));
        // Attributes stand behind the header and their count.
        let start = HEADER_LEN + 2;
        let place = out.get_mut(start..start + room).ok_or(ErrorCode::INSUFFICIENT_RESOURCES)?;
        let mut window = Window { at: 0, from, place };
        fill(&mut window);
        let total = window.at;
        if from > 0 && from >= total {
            return Err(ErrorCode::INVALID_CONTINUATION_STATE);
        }
        let count = room.min(total - from);
        if count == 0 {
            return Err(ErrorCode::INSUFFICIENT_RESOURCES);
        }
        let state = self.state(from + count, from + count < total);
        let length = 2 + count + 1 + state.len();
        let header = Header { id: response.id, transaction, length: length as u16 };
        let mut put = |at: usize, bytes: &[u8]| {
            let place = out.get_mut(at..at + bytes.len());
            place.map(|place| place.copy_from_slice(bytes))
        };
        put(0, &header.bytes())
            .and_then(|()| put(HEADER_LEN, &(count as u16).to_be_bytes()))
            .and_then(|()| put(start + count, &[state.len() as u8]))
            .and_then(|()| put(start + count + 1, &state))
            .ok_or(ErrorCode::INSUFFICIENT_RESOURCES)?;
        Ok(HEADER_LEN + length)
    }

    /// How far the response has come, by the state that the client gives back.
    fn resume(&self, continuation: Continuation<'_>) -> Result<usize, ErrorCode> {
        match *continuation.bytes() {
            [] => Ok(0),
            [generation, high, low] if generation == self.generation => {
                match u16::from_be_bytes([high, low]) {
                    0 => Err(ErrorCode::INVALID_CONTINUATION_STATE),
                    at => Ok(usize::from(at)),
                }
            }
            _ => Err(ErrorCode::INVALID_CONTINUATION_STATE),
        }
    }

    fn state(&self, at: usize, more: bool) -> heapless::Vec<u8, STATE> {
        // All records together are smaller than what two octets count.
        let [high, low] = (at as u16).to_be_bytes();
        let state = [self.generation, high, low];
        if more { heapless::Vec::from_array(state) } else { heapless::Vec::new() }
    }
}

/// What a response with attributes is to be like.
struct Part<'a> {
    id: PduId,
    maximum_byte_count: u16,
    continuation: Continuation<'a>,
}

/// Looks at a stretch of a longer run of bytes while it is being written.
struct Window<'b> {
    /// Bytes written so far.
    at: usize,
    /// Where the stretch begins.
    from: usize,
    /// Where it is kept.
    place: &'b mut [u8],
}

impl Window<'_> {
    /// One that keeps nothing.
    fn counting() -> Self {
        Window { at: 0, from: 0, place: &mut [] }
    }

    fn put(&mut self, bytes: &[u8]) {
        let skipped = self.from.saturating_sub(self.at).min(bytes.len());
        let place = (self.at + skipped).saturating_sub(self.from);
        self.at += bytes.len();
        let bytes = bytes.get(skipped..).unwrap_or_default();
        let place = self.place.get_mut(place..).unwrap_or_default();
        place.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    }

    /// The header of a sequence.
    fn sequence(&mut self, length: usize) {
        match u8::try_from(length) {
            Ok(length) => self.put(&[0x35, length]),
            Err(_) => {
                // All records together are smaller than what two octets count.
                let [high, low] = (length as u16).to_be_bytes();
                self.put(&[0x36, high, low]);
            }
        }
    }
}

/// Writes the attribute list of a record: the sequence of those attributes that are wanted.
fn write_record(handle: u32, record: &Record, ranges: &[AttributeRange], window: &mut Window<'_>) {
    let [a, b, c, d] = handle.to_be_bytes();
    let attribute = [0x09, 0x00, 0x00, 0x0A, a, b, c, d];
    let named = wanted(ranges, AttributeId::SERVICE_RECORD_HANDLE);
    let own: &[u8] = if named { &attribute } else { &[] };
    let attributes = || record.selected(|id| wanted(ranges, id)).flatten();
    window.sequence(own.len() + attributes().map(<[u8]>::len).sum::<usize>());
    window.put(own);
    attributes().for_each(|bytes| window.put(bytes));
}

fn read_pattern(elements: Elements<'_>) -> Result<Pattern, ErrorCode> {
    let mut pattern = Pattern::new();
    for element in elements.iter() {
        let uuid = element.as_uuid().ok_or(ErrorCode::INVALID_REQUEST_SYNTAX)?;
        pattern.push(uuid).map_err(|_| ErrorCode::INVALID_REQUEST_SYNTAX)?;
    }
    if pattern.is_empty() { Err(ErrorCode::INVALID_REQUEST_SYNTAX) } else { Ok(pattern) }
}

fn read_ranges(elements: Elements<'_>) -> Result<Ranges, ErrorCode> {
    let mut ranges = Ranges::new();
    for element in elements.iter() {
        let range =
            AttributeRange::from_element(element).map_err(|_| ErrorCode::INVALID_REQUEST_SYNTAX)?;
        ranges.push(range).map_err(|_| ErrorCode::INSUFFICIENT_RESOURCES)?;
    }
    if ranges.is_empty() { Err(ErrorCode::INVALID_REQUEST_SYNTAX) } else { Ok(ranges) }
}
