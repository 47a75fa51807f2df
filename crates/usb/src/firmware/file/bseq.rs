//! Intel's patches for parts that run from ROM, `intel/ibt-hw-*.bseq`: HCI commands, each behind a
//! byte 1, and behind each the events that answer it, each behind a byte 2. Only the last of them
//! matters: it must come just so.

use super::{BadFile, split_command};

const COMMAND: u8 = 1;
const EVENT: u8 = 2;
/// The command that writes a patch: a file without it has only settings.
const WRITE_PATCH: u16 = 0xfc8e;

/// A patch file.
#[derive(Debug, Clone, Copy)]
pub struct Bseq<'a>(&'a [u8]);

/// A command and what answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exchange<'a> {
    /// The command's opcode and parameters.
    pub opcode: u16,
    /// The command's parameters.
    pub parameters: &'a [u8],
    /// The event's code.
    pub code: u8,
    /// The event's parameters.
    pub answer: &'a [u8],
}

impl<'a> Bseq<'a> {
    /// Walks through all of it.
    pub fn parse(bytes: &'a [u8]) -> Result<Bseq<'a>, BadFile> {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = split(rest).ok_or(BadFile("is no row of commands and events, or is cut off"))?.1;
        }
        match bytes {
            [] => Err(BadFile("is empty")),
            _ => Ok(Bseq(bytes)),
        }
    }

    /// The commands and their answers.
    pub fn exchanges(&self) -> impl Iterator<Item = Exchange<'a>> + use<'a> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let (exchange, behind) = split(rest)?;
            rest = behind;
            Some(exchange)
        })
    }

    /// Whether there is a patch in it.
    pub fn has_patch(&self) -> bool {
        self.exchanges().any(|exchange| exchange.opcode == WRITE_PATCH)
    }
}

fn split(bytes: &[u8]) -> Option<(Exchange<'_>, &[u8])> {
    let (opcode, packet, mut rest) = split_command(bytes.strip_prefix(&[COMMAND])?)?;
    let mut answer = None;
    while let [EVENT, code, length, behind @ ..] = rest {
        let (parameters, behind) = behind.split_at_checked(usize::from(*length))?;
        answer = Some((*code, parameters));
        rest = behind;
    }
    let (code, answer) = answer?;
    Some((Exchange { opcode, parameters: &packet[3..], code, answer }, rest))
}
