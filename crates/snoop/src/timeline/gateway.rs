//! Calls as the lines of a hands-free connection show them (HFP 1.9, 4.2.1.3, 4.10): the names of the
//! indicators, their values, and each change. Whichever side of the capture the phone is on.
//!
//! Not seen: calls of a connection whose indicators were named before the capture began, which call is
//! which, and multiplexed lines of other services, which have no such indicators.

use wire::hfp::{Arguments, Lines, ResultCode};
use wire::rfcomm::{Frame, Kind};

use crate::format::Direction;

/// The longest line that matters: that which names the indicators is of 200 bytes or so.
const LONGEST_LINE: usize = 600;
/// The most connections of a link that are followed.
const MOST_CONNECTIONS: usize = 16;

/// What a phone's calls come to.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Calls {
    /// One rings, or is being dialled.
    pub(super) ringing: bool,
    /// One is spoken in.
    pub(super) talking: bool,
}

/// The RFCOMM connections of a link.
#[derive(Default)]
pub(super) struct Gateway {
    connections: Vec<(u8, [Connection; 2])>,
}

/// What one side of a connection says.
#[derive(Default)]
struct Connection {
    lines: Lines<LONGEST_LINE>,
    /// The places of `call`, `callsetup` and `callheld` among the indicators, from 1; 0: not known.
    places: [u8; 3],
    values: [u8; 3],
}

impl Gateway {
    /// Follows a frame; gives what the calls are now, if it says anything about them.
    pub(super) fn frame(&mut self, direction: Direction, packet: &[u8]) -> Option<Calls> {
        let frame = Frame::parse(packet).ok()?;
        let number = frame.dlci.number();
        if frame.kind != Kind::Uih {
            // It is opened or closed: what was said before is of another one.
            self.connections.retain(|(known, _)| *known != number);
            return None;
        }
        if number == 0 || frame.information.is_empty() {
            return None;
        }
        let at = match self.connections.iter().position(|(known, _)| *known == number) {
            Some(at) => at,
            None if self.connections.len() == MOST_CONNECTIONS => return None,
            None => {
                self.connections.push((number, Default::default()));
                self.connections.len() - 1
            }
        };
        self.connections[at].1[super::link::index(direction)].data(frame.information)
    }
}

impl Connection {
    fn data(&mut self, mut data: &[u8]) -> Option<Calls> {
        let mut told = false;
        while let Some(line) = self.lines.next(&mut data) {
            told |= match ResultCode::parse(line) {
                Ok(ResultCode::Cind(indicators)) => {
                    Self::indicators(&mut self.places, &mut self.values, indicators)
                }
                Ok(ResultCode::Ciev { indicator, value }) => {
                    let places = self.places.iter().zip(&mut self.values);
                    let mut found = places.filter(|(place, _)| **place == indicator);
                    found.next().is_some_and(|(place, old)| {
                        *old = value;
                        *place != 0
                    })
                }
                _ => false,
            };
        }
        let [call, setup, held] = self.values;
        let calls = Calls { ringing: setup != 0, talking: call != 0 && held != 2 };
        told.then_some(calls)
    }

    /// Names, or values; gives whether they were values.
    fn indicators(places: &mut [u8; 3], values: &mut [u8; 3], all: Arguments<'_>) -> bool {
        let names: [&[u8]; 3] = [b"call", b"callsetup", b"callheld"];
        let mut told = false;
        for (place, one) in (1..).zip(all.iter()) {
            if one.is_list() {
                let name = one.list().get(0).text();
                if let Some(at) = names.iter().position(|known| *known == name) {
                    places[at] = place;
                }
            } else if let Some(at) = places.iter().position(|known| *known == place) {
                values[at] = one.number().unwrap_or(0);
                told = true;
            }
        }
        told
    }
}
