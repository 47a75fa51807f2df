//! Lines out of a stream of bytes.

/// Puts lines together. One that is longer than `SIZE` is dropped to its end, and counted.
///
/// A line ends at a carriage return or a line feed; empty ones are passed over, so that it does not
/// matter how either is used around what is said. Blanks in front are taken off, and so are NULs.
#[derive(Clone, Debug)]
pub struct Lines<const SIZE: usize> {
    buffer: [u8; SIZE],
    length: usize,
    /// The line in the buffer was taken; what follows begins a new one.
    done: bool,
    /// The line at hand is longer than the buffer.
    overlong: bool,
    dropped: u32,
}

impl<const SIZE: usize> Default for Lines<SIZE> {
    fn default() -> Self {
        Lines { buffer: [0; SIZE], length: 0, done: false, overlong: false, dropped: 0 }
    }
}

impl<const SIZE: usize> Lines<SIZE> {
    /// Takes bytes off the front of `input`: up to the end of the next line, which is returned, or
    /// all of them.
    pub fn next<'l>(&'l mut self, input: &mut &[u8]) -> Option<&'l [u8]> {
        if core::mem::take(&mut self.done) {
            self.length = 0;
        }
        while let Some((&byte, rest)) = input.split_first() {
            *input = rest;
            match byte {
                b'\r' | b'\n' if core::mem::take(&mut self.overlong) => self.length = 0,
                b'\r' | b'\n' if self.length > 0 => {
                    self.done = true;
                    return self.buffer.get(..self.length);
                }
                b'\r' | b'\n' => {}
                b' ' | 0 if self.length == 0 => {}
                _ if self.overlong => {}
                _ => match self.buffer.get_mut(self.length) {
                    Some(place) => {
                        *place = byte;
                        self.length += 1;
                    }
                    None => {
                        self.overlong = true;
                        self.dropped = self.dropped.saturating_add(1);
                    }
                },
            }
        }
        None
    }

    /// Forgets a line that has begun: the stream is a new one.
    pub fn clear(&mut self) {
        (self.length, self.done, self.overlong) = (0, false, false);
    }

    /// Lines that were too long.
    pub fn dropped(&self) -> u32 {
        self.dropped
    }
}
