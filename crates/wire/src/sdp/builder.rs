//! Builds data elements into a buffer.

use super::{AttributeId, AttributeRange, Uuid};
use crate::NoRoom;

/// Writes data elements one behind the other, each in its shortest form.
///
/// What does not fit makes [`finish`](Builder::finish) fail; the calls before it need no checks.
#[derive(Debug)]
pub struct Builder<'b> {
    buffer: &'b mut [u8],
    /// `None` once something did not fit.
    length: Option<usize>,
}

impl<'b> Builder<'b> {
    /// Starts at the front of `buffer`.
    pub fn new(buffer: &'b mut [u8]) -> Self {
        Builder { buffer, length: Some(0) }
    }

    /// The number of bytes written, if everything did fit.
    pub fn finish(self) -> Result<usize, NoRoom> {
        self.length.ok_or(NoRoom)
    }

    fn put(&mut self, bytes: &[u8]) -> &mut Self {
        self.length = self.length.and_then(|at| {
            let end = at.checked_add(bytes.len())?;
            self.buffer.get_mut(at..end)?.copy_from_slice(bytes);
            Some(end)
        });
        self
    }

    /// An unsigned number of 8 bits.
    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.put(&[0x08, value])
    }

    /// An unsigned number of 16 bits.
    pub fn u16(&mut self, value: u16) -> &mut Self {
        self.put(&[0x09]).put(&value.to_be_bytes())
    }

    /// An unsigned number of 32 bits.
    pub fn u32(&mut self, value: u32) -> &mut Self {
        self.put(&[0x0A]).put(&value.to_be_bytes())
    }

    /// True or false.
    pub fn boolean(&mut self, value: bool) -> &mut Self {
        self.put(&[0x28, u8::from(value)])
    }

    /// A UUID.
    pub fn uuid(&mut self, uuid: Uuid) -> &mut Self {
        match uuid.as_short() {
            Some(short) => match u16::try_from(short) {
                Ok(shorter) => self.put(&[0x19]).put(&shorter.to_be_bytes()),
                Err(_) => self.put(&[0x1A]).put(&short.to_be_bytes()),
            },
            None => self.put(&[0x1C]).put(&uuid.as_long().to_be_bytes()),
        }
    }

    /// Text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.sized(4, |inside| {
            inside.put(text.as_bytes());
        })
    }

    /// A URL.
    pub fn url(&mut self, url: &str) -> &mut Self {
        self.sized(8, |inside| {
            inside.put(url.as_bytes());
        })
    }

    /// A sequence of what `fill` writes.
    pub fn sequence(&mut self, fill: impl FnOnce(&mut Self)) -> &mut Self {
        self.sized(6, fill)
    }

    /// An alternative of what `fill` writes.
    pub fn alternative(&mut self, fill: impl FnOnce(&mut Self)) -> &mut Self {
        self.sized(7, fill)
    }

    /// An attribute's identifier, to be followed by its value.
    pub fn attribute(&mut self, id: AttributeId) -> &mut Self {
        self.u16(id.0)
    }

    /// A range of attribute identifiers as it stands in a request.
    pub fn range(&mut self, range: AttributeRange) -> &mut Self {
        if range.first == range.last {
            self.u16(range.first.0)
        } else {
            self.u32(u32::from(range.first.0) << 16 | u32::from(range.last.0))
        }
    }

    /// An element whose length is known only when it is there. One octet of length is set aside,
    /// and the content moved by one more if that was too few.
    fn sized(&mut self, kind: u8, fill: impl FnOnce(&mut Self)) -> &mut Self {
        let start = self.length;
        self.put(&[kind << 3 | 5, 0]);
        let inside = self.length;
        fill(self);
        self.length = start.zip(inside).zip(self.length).and_then(|((start, inside), end)| {
            let length = end - inside;
            if let Ok(length) = u8::try_from(length) {
                *self.buffer.get_mut(start + 1)? = length;
                return Some(end);
            }
            let [high, low] = u16::try_from(length).ok()?.to_be_bytes();
            // Room for one more octet.
            self.buffer.get(end)?;
            self.buffer.copy_within(inside..end, inside + 1);
            let head = [kind << 3 | 6, high, low];
            self.buffer.get_mut(start..start + 3)?.copy_from_slice(&head);
            Some(end + 1)
        });
        self
    }
}
