//! Frames (RFCOMM 1.2, 5.1; TS 07.10, 5.2.1).

use super::fcs::fcs;
use super::{Dlci, ServerChannel};
use crate::{Malformed, NoRoom};

/// Octets of a frame around its information at most: address, control, two of length, credits, FCS.
pub const MAX_OVERHEAD: usize = 6;

/// The P/F bit of the control field.
const POLL_FINAL: u8 = 0x10;
/// The last octet of a field of several.
const EXTENSION: u8 = 0x01;
/// The C/R bit of the address field.
const COMMAND_RESPONSE: u8 = 0x02;

/// What a frame is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Kind {
    /// Opens a connection.
    Sabm = 0x2F,
    /// Says yes.
    Ua = 0x63,
    /// Says that there is no such connection.
    Dm = 0x0F,
    /// Closes a connection.
    Disc = 0x43,
    /// Carries data.
    Uih = 0xEF,
}

impl Kind {
    fn new(control: u8) -> Result<Self, Malformed> {
        [Kind::Sabm, Kind::Ua, Kind::Dm, Kind::Disc, Kind::Uih]
            .into_iter()
            .find(|kind| *kind as u8 == control & !POLL_FINAL)
            .ok_or(Malformed)
    }
}

/// A frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Frame<'a> {
    /// Its connection.
    pub dlci: Dlci,
    /// The C/R bit. Commands and data of the session's initiator have it set, and so have its
    /// peer's responses (5.4, table 5.1 of TS 07.10).
    pub command_response: bool,
    /// What it is for.
    pub kind: Kind,
    /// The P/F bit. On data it says that credits are there, which only both sides' agreement makes true.
    pub poll_final: bool,
    /// The octet of credits in front of the data (6.5).
    pub credits: Option<u8>,
    /// The data.
    pub information: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Reads an L2CAP packet.
    pub fn parse(packet: &'a [u8]) -> Result<Self, Malformed> {
        let &[address, control, first, ..] = packet else { return Err(Malformed) };
        let kind = Kind::new(control)?;
        let dlci = Dlci::new(address >> 2).ok_or(Malformed)?;
        let (length, header) = if first & EXTENSION != 0 {
            (usize::from(first >> 1), 3)
        } else {
            let second = *packet.get(3).ok_or(Malformed)?;
            (usize::from(first >> 1) | usize::from(second) << 7, 4)
        };
        let covered = if kind == Kind::Uih { 2 } else { header };
        let (sequence, rest) = packet.split_last().ok_or(Malformed)?;
        let rest = rest.get(header..).ok_or(Malformed)?;
        if address & EXTENSION == 0 || fcs(&packet[..covered]) != *sequence {
            return Err(Malformed);
        }
        let poll_final = control & POLL_FINAL != 0;
        let (credits, information) = match rest.split_first() {
            Some((credits, information))
                if kind == Kind::Uih && poll_final && information.len() == length =>
            {
                (Some(*credits), information)
            }
            _ if rest.len() == length => (None, rest),
            _ => return Err(Malformed),
        };
        let command_response = address & COMMAND_RESPONSE != 0;
        Ok(Frame { dlci, command_response, kind, poll_final, credits, information })
    }

    /// Writes the frame and returns its length.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        let address = self.dlci.number() << 2
            | if self.command_response { COMMAND_RESPONSE } else { 0 }
            | EXTENSION;
        let control = self.kind as u8 | if self.poll_final { POLL_FINAL } else { 0 };
        let length = u16::try_from(self.information.len()).map_err(|_| NoRoom)?;
        let mut head = [address, control, (length << 1) as u8 | EXTENSION, 0, 0];
        let mut header = 3;
        if length > 0x7F {
            head[2] = (length << 1) as u8;
            head[3] = u8::try_from(length >> 7).map_err(|_| NoRoom)?;
            header = 4;
        }
        let covered = if self.kind == Kind::Uih { 2 } else { header };
        let sequence = fcs(&head[..covered]);
        if let Some(credits) = self.credits {
            head[header] = credits;
            header += 1;
        }
        let end = header + self.information.len();
        out.get_mut(..header).ok_or(NoRoom)?.copy_from_slice(&head[..header]);
        out.get_mut(header..end).ok_or(NoRoom)?.copy_from_slice(self.information);
        *out.get_mut(end).ok_or(NoRoom)? = sequence;
        Ok(end + 1)
    }

    /// The service that the frame's connection leads to.
    pub fn server_channel(&self) -> Option<ServerChannel> {
        self.dlci.server_channel()
    }
}
