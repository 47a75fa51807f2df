//! The values behind a command or result code: numbers, texts in quotes, lists in parentheses.

use core::fmt;

use crate::NoRoom;

/// One value, blanks around it off.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Value<'a>(&'a [u8]);

impl<'a> Value<'a> {
    /// A decimal number.
    pub fn number<N: TryFrom<u32>>(self) -> Option<N> {
        if self.0.is_empty() {
            return None;
        }
        let digits = self.0.iter().try_fold(0u32, |sum, byte| {
            let digit = byte.is_ascii_digit().then(|| u32::from(byte - b'0'))?;
            sum.checked_mul(10)?.checked_add(digit)
        });
        N::try_from(digits?).ok()
    }

    /// A number that is 0 or 1.
    pub fn flag(self) -> Option<bool> {
        match self.number()? {
            0u8 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// A text, with its quotes off where it has any.
    pub fn text(self) -> &'a [u8] {
        match self.0 {
            [b'"', inside @ .., b'"'] | [b'"', inside @ ..] => inside,
            bare => bare,
        }
    }

    /// A list's values, with its parentheses off where it has any.
    pub fn list(self) -> Arguments<'a> {
        Arguments(match self.0 {
            [b'(', inside @ .., b')'] | [b'(', inside @ ..] => inside,
            bare => bare,
        })
    }

    /// Whether it stands in parentheses.
    pub fn is_list(self) -> bool {
        self.0.first() == Some(&b'(')
    }

    /// Whether there is nothing between the commas.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// As it stands on the line.
    pub fn bytes(self) -> &'a [u8] {
        self.0
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

/// Values with commas between them.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Arguments<'a>(&'a [u8]);

impl<'a> Arguments<'a> {
    /// The values of this text. Commas in quotes or parentheses are not between values; what is not
    /// closed reaches to the end.
    pub const fn new(text: &'a [u8]) -> Self {
        Arguments(text)
    }

    /// The values; none in an empty text.
    pub fn iter(self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let mut rest = (!self.0.trim_ascii().is_empty()).then_some(self.0);
        core::iter::from_fn(move || {
            let text = rest?;
            let (mut quoted, mut depth) = (false, 0u32);
            let comma = text.iter().position(|byte| {
                match byte {
                    b'"' => quoted = !quoted,
                    b'(' if !quoted => depth = depth.saturating_add(1),
                    b')' if !quoted => depth = depth.saturating_sub(1),
                    _ => {}
                }
                *byte == b',' && !quoted && depth == 0
            });
            let (value, after) = match comma {
                Some(at) => (&text[..at], Some(&text[at + 1..])),
                None => (text, None),
            };
            rest = after;
            Some(Value(value.trim_ascii()))
        })
    }

    /// The value at a place; empty where there is none.
    pub fn get(self, at: usize) -> Value<'a> {
        self.iter().nth(at).unwrap_or(Value(&[]))
    }

    /// As they stand on the line.
    pub fn bytes(self) -> &'a [u8] {
        self.0
    }
}

impl fmt::Debug for Arguments<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

/// Writes text into a buffer.
pub(super) struct Writer<'b> {
    out: &'b mut [u8],
    at: usize,
}

impl<'b> Writer<'b> {
    pub(super) fn new(out: &'b mut [u8]) -> Self {
        Writer { out, at: 0 }
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) -> fmt::Result {
        let place = self.at.checked_add(bytes.len()).and_then(|end| self.out.get_mut(self.at..end));
        place.ok_or(fmt::Error)?.copy_from_slice(bytes);
        self.at += bytes.len();
        Ok(())
    }

    /// A text in quotes; what would end them, or the line, is left out.
    pub(super) fn quoted(&mut self, text: &[u8]) -> fmt::Result {
        self.bytes(b"\"")?;
        self.plain(text)?;
        self.bytes(b"\"")
    }

    /// What stands on a line as it is, without what would end the line.
    pub(super) fn verbatim(&mut self, text: &[u8]) -> fmt::Result {
        text.split(|byte| matches!(byte, b'\r' | b'\n')).try_for_each(|piece| self.bytes(piece))
    }

    /// A text without what would end it, or the line.
    pub(super) fn plain(&mut self, text: &[u8]) -> fmt::Result {
        let ends = |byte: &u8| matches!(byte, b'"' | b'\r' | b'\n');
        text.split(ends).try_for_each(|piece| self.bytes(piece))
    }

    /// What was written so far.
    pub(super) fn finish(self, result: fmt::Result) -> Result<usize, NoRoom> {
        result.map(|()| self.at).map_err(|fmt::Error| NoRoom)
    }
}

impl fmt::Write for Writer<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes(text.as_bytes())
    }
}
