//! Media packets to elements: RFC 3016, 4.1.

use super::{Decoded, Decoder, Error, MAX_UNIT, MAX_UNITS};

/// The most bytes of an element that comes in pieces: its units with their lengths, and room for its
/// configuration.
pub const MAX_ELEMENT: usize = MAX_UNITS * (MAX_UNIT + 7) + 64;

/// Decodes the packets of one stream. An element is taken where it is whole; RTP's marker says only that
/// no more is to be expected of it, as there are sources that never set it.
pub struct Receiver {
    decoder: Decoder,
    /// What has come of an element.
    pieces: [u8; MAX_ELEMENT],
    length: usize,
    /// The source has set the marker, and sent an element in pieces.
    marks: bool,
    fragments: bool,
    /// So many bytes at most are passed over, as they may be pieces whose first ones were lost.
    astray: usize,
}

impl Default for Receiver {
    fn default() -> Receiver {
        Receiver::new()
    }
}

impl Receiver {
    /// A receiver that has yet to hear of its configuration.
    #[must_use]
    pub const fn new() -> Receiver {
        Receiver {
            decoder: Decoder::new(),
            pieces: [0; MAX_ELEMENT],
            length: 0,
            marks: false,
            fragments: false,
            astray: 0,
        }
    }

    /// Makes ready for another stream, as [`Decoder::prepare`] does.
    ///
    /// # Errors
    /// [`Error::Unsupported`].
    pub fn prepare(&mut self, rate: u32, channels: u8) -> Result<(), Error> {
        self.decoder.prepare(rate, channels)?;
        (self.marks, self.fragments) = (false, false);
        self.begin();
        Ok(())
    }

    /// Takes in the payload of a packet, and the element that is whole with it, as [`Decoder::decode`]
    /// does. `None` where the element goes on in the next packet, or began in one that was lost.
    ///
    /// # Errors
    /// All of [`Error`]: an element was lost.
    pub fn packet(
        &mut self,
        payload: &[u8],
        marker: bool,
        out: &mut [i16],
    ) -> Result<Option<Decoded>, Error> {
        self.marks |= marker;
        if self.astray > 0 {
            self.astray = if marker { 0 } else { self.astray.saturating_sub(payload.len()) };
            return Ok(None);
        }
        let held = self.length;
        let element = if held == 0 {
            payload
        } else {
            match keep(&mut self.pieces, held, payload) {
                Some(length) => self.length = length,
                None => return Err(self.lose(marker, Error::Unsupported)),
            }
            &self.pieces[..self.length]
        };
        match self.decoder.decode(element, out) {
            Ok(decoded) => {
                self.length = 0;
                Ok(Some(decoded))
            }
            Err(Error::Short) if !marker => {
                self.fragments = true;
                if held == 0 {
                    match keep(&mut self.pieces, 0, payload) {
                        Some(length) => self.length = length,
                        None => return Err(self.lose(marker, Error::Unsupported)),
                    }
                }
                Ok(None)
            }
            Err(error) => Err(self.lose(marker, error)),
        }
    }

    /// Packets were lost before the next one. What was lost with them is told by their number alone.
    pub fn lost(&mut self) {
        self.length = 0;
        // A source that never says where an element ends is taken to begin one with each packet; and no
        // element goes on for ever.
        self.astray = if self.fragments && self.marks { MAX_ELEMENT } else { 0 };
    }

    /// The stream begins again, with an element: what was of it is forgotten.
    pub fn begin(&mut self) {
        (self.length, self.astray) = (0, 0);
        self.decoder.reset();
    }

    /// As [`Decoder::conceal`].
    pub fn conceal(&mut self, out: &mut [i16]) {
        self.decoder.conceal(out);
    }

    /// The element is lost, and so is what may still come of it.
    fn lose(&mut self, marker: bool, error: Error) -> Error {
        self.lost();
        if marker {
            self.astray = 0;
        }
        error
    }
}

/// Puts a piece behind what is there; `None` where there is no room for it.
fn keep(pieces: &mut [u8; MAX_ELEMENT], at: usize, piece: &[u8]) -> Option<usize> {
    let end = at.checked_add(piece.len())?;
    pieces.get_mut(at..end)?.copy_from_slice(piece);
    Some(end)
}
