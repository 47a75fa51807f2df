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
    /// Pieces are passed over, as those before them were lost.
    astray: bool,
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
            astray: false,
        }
    }

    /// Makes ready for another stream, as [`Decoder::prepare`] does.
    ///
    /// # Errors
    /// [`Error::Unsupported`].
    pub fn prepare(&mut self, rate: u32, channels: u8) -> Result<(), Error> {
        (self.marks, self.fragments) = (false, false);
        (self.length, self.astray) = (0, false);
        self.decoder.prepare(rate, channels)
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
        if self.astray {
            self.astray = !marker;
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
        // A source that never says where an element ends is taken to begin one with each packet.
        self.astray = self.fragments && self.marks;
    }

    /// As [`Decoder::conceal`].
    pub fn conceal(&mut self, out: &mut [i16]) {
        self.decoder.conceal(out);
    }

    /// The element is lost, and so is what may still come of it.
    fn lose(&mut self, marker: bool, error: Error) -> Error {
        self.lost();
        self.astray &= !marker;
        error
    }
}

/// Puts a piece behind what is there; `None` where there is no room for it.
fn keep(pieces: &mut [u8; MAX_ELEMENT], at: usize, piece: &[u8]) -> Option<usize> {
    let end = at.checked_add(piece.len())?;
    pieces.get_mut(at..end)?.copy_from_slice(piece);
    Some(end)
}
