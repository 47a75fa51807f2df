//! Voice: SCO packets over isochronous endpoints (Bluetooth Core 5.4, Vol 4, Part B, 2.1).
//!
//! Time goes in frames of 1 ms. In each, one packet of the alternate setting's size goes either way, and
//! an SCO packet is spread over several of them without a mark where it begins. Towards the
//! host a link's voice flows at its rate whatever the air delivers: what is missing is silence, as
//! with a real controller. From the host, SCO packets are put together again and go to the controller.

use std::collections::VecDeque;

use super::descriptors::VOICE_PACKETS;
use crate::usbip::{Packet, Return, Urb, status};

/// Bytes of a link's voice that wait for their frame at most: half a second of CVSD.
const MOST_BUFFERED: usize = 8000;
/// Bytes that wait before they flow, so that an air that stutters is not heard: 60 ms of CVSD.
const BUFFERED: usize = 960;
/// Pieces for the host that wait at most.
const MOST_PIECES: usize = 2000;
/// Links that have ended and are still known by their handle, so that what was under way for them is
/// told from what is garbled.
const MOST_ENDED: usize = 8;
/// The header of an SCO packet.
const HEADER: usize = 3;

/// What goes wrong on the way to the host, with every so many-th packet that holds something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Damage {
    /// It does not come.
    Lose,
    /// It comes twice.
    Duplicate,
    /// It comes without its first byte.
    Shift,
    /// It comes with an error.
    Error,
}

/// What happened, for tests to look at.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Counters {
    pub(crate) frames: u64,
    /// SCO packets to the host and from it.
    pub(crate) in_packets: u64,
    pub(crate) out_packets: u64,
    /// Frames in which the host sent nothing, though it had begun to.
    pub(crate) out_silent: u64,
    /// Packets from the host that begin with no header of a link.
    pub(crate) out_garbled: u64,
    /// Whole packets from the host for a link that has ended: they were under way, and go nowhere.
    pub(crate) out_late: u64,
    /// Packets that the air did not deliver in time, bytes that it delivered too early.
    pub(crate) underruns: u64,
    pub(crate) overruns: u64,
    /// The setting was changed while the host had URBs under way.
    pub(crate) busy_changes: u64,
}

/// A synchronous link.
struct Link {
    handle: u16,
    /// Bytes a frame.
    rate: usize,
    credit: usize,
    flowing: bool,
    source: Source,
}

enum Source {
    /// What the peer sent.
    Air(VecDeque<u8>),
    /// Each packet is its number, and then bytes that count on from it.
    Numbers(u32),
}

/// The interface for voice.
#[derive(Default)]
pub(crate) struct Voice {
    pub(crate) setting: u8,
    links: Vec<Link>,
    /// Handles of links that have ended, the oldest first.
    ended: VecDeque<u16>,
    /// What goes to the host, one piece a frame.
    pieces: VecDeque<Vec<u8>>,
    from_host: Vec<u8>,
    waiting_in: VecDeque<Transfer>,
    waiting_out: VecDeque<Transfer>,
    /// URBs of a setting that is no more: they wait to be taken back.
    abandoned: Vec<u32>,
    out_began: bool,
    in_began: bool,
    /// SCO packets for the controller.
    pub(crate) to_controller: Vec<Vec<u8>>,
    /// What the host sends comes back to it.
    pub(crate) looped: bool,
    /// Bytes of voice a packet, instead of what goes with the setting.
    pub(crate) payload: Option<usize>,
    pub(crate) damage: Option<(Damage, u64)>,
    pub(crate) counters: Counters,
}

/// An isochronous URB under way.
struct Transfer {
    urb: Urb,
    done: usize,
    data: Vec<u8>,
}

impl Transfer {
    fn finish(self) -> Return {
        let actual = self.urb.packets.iter().map(|packet| packet.actual as usize).sum();
        Return {
            number: self.urb.number,
            status: status::OK,
            data: self.data,
            actual,
            packets: self.urb.packets,
        }
    }
}

impl Voice {
    /// Set Interface.
    pub(crate) fn set(&mut self, setting: u8) {
        let busy = !self.waiting_in.is_empty() || !self.waiting_out.is_empty();
        self.counters.busy_changes += u64::from(busy);
        let waiting = self.waiting_in.drain(..).chain(self.waiting_out.drain(..));
        self.abandoned.extend(waiting.map(|transfer| transfer.urb.number));
        self.setting = setting;
        self.pieces.clear();
        self.from_host.clear();
        (self.in_began, self.out_began) = (false, false);
    }

    /// Forgets the air's links and all that waits on either side.
    pub(crate) fn clear(&mut self) {
        self.waiting_in.clear();
        self.waiting_out.clear();
        self.set(0);
        self.abandoned.clear();
        self.links.retain(|link| matches!(link.source, Source::Numbers(_)));
    }

    /// A link came up whose voice has so many bytes a millisecond.
    pub(crate) fn open(&mut self, handle: u16, rate: usize, numbers: bool) {
        self.close(handle);
        self.ended.retain(|ended| *ended != handle);
        let source = if numbers { Source::Numbers(0) } else { Source::Air(VecDeque::new()) };
        self.links.push(Link { handle, rate, credit: 0, flowing: false, source });
    }

    pub(crate) fn close(&mut self, handle: u16) {
        let before = self.links.len();
        self.links.retain(|link| link.handle != handle);
        if self.links.len() < before {
            self.ended.push_back(handle);
            let over = self.ended.len().saturating_sub(MOST_ENDED);
            self.ended.drain(..over);
        }
    }

    /// An SCO packet from the controller.
    pub(crate) fn receive(&mut self, bytes: &[u8]) {
        let [low, high, _, voice @ ..] = bytes else { return };
        let handle = u16::from_le_bytes([*low, *high]) & 0x0fff;
        for link in &mut self.links {
            if let (true, Source::Air(buffer)) = (link.handle == handle, &mut link.source) {
                buffer.extend(voice);
                let over = buffer.len().saturating_sub(MOST_BUFFERED);
                buffer.drain(..over);
                self.counters.overruns += over as u64;
            }
        }
    }

    pub(crate) fn submit(&mut self, urb: Urb) {
        let transfer = Transfer { urb, done: 0, data: Vec::new() };
        if transfer.urb.is_in() {
            self.in_began = true;
            self.waiting_in.push_back(transfer);
        } else {
            self.out_began = true;
            self.waiting_out.push_back(transfer);
        }
    }

    /// Takes a URB back. Whether it was still here.
    pub(crate) fn unlink(&mut self, number: u32) -> bool {
        let before = self.waiting_in.len() + self.waiting_out.len() + self.abandoned.len();
        self.waiting_in.retain(|transfer| transfer.urb.number != number);
        self.waiting_out.retain(|transfer| transfer.urb.number != number);
        self.abandoned.retain(|abandoned| *abandoned != number);
        before > self.waiting_in.len() + self.waiting_out.len() + self.abandoned.len()
    }

    /// Whether frames pass at all: the host takes part.
    pub(crate) fn runs(&self) -> bool {
        self.setting != 0 && (self.in_began || self.out_began)
    }

    /// Whether the host has room for what the next frame brings.
    pub(crate) fn is_ready(&self) -> bool {
        !self.waiting_in.is_empty() || (!self.in_began && !self.waiting_out.is_empty())
    }

    /// One millisecond passes. Gives the URBs that end with it.
    pub(crate) fn frame(&mut self) -> Vec<Return> {
        self.counters.frames += 1;
        self.flow();
        let out = self.frame_out();
        let piece = self.next_piece();
        let into = piece.and_then(|piece| self.frame_in(piece));
        [out, into].into_iter().flatten().collect()
    }

    /// Bytes of voice a packet: three frames' worth, but one at the setting for 60-byte packets.
    fn voice_bytes(&self) -> usize {
        let size = usize::from(VOICE_PACKETS[usize::from(self.setting)]);
        self.payload.unwrap_or(if self.setting == 6 { size - HEADER } else { 3 * size - HEADER })
    }

    /// Makes the links' packets that are due.
    fn flow(&mut self) {
        let length = self.voice_bytes();
        let mut ready = Vec::new();
        for link in &mut self.links {
            link.credit += link.rate;
            if link.credit < length {
                continue;
            }
            link.credit -= length;
            let mut packet = vec![link.handle as u8, (link.handle >> 8) as u8, length as u8];
            match &mut link.source {
                Source::Numbers(number) => {
                    let counted = (0..length).map(|at| numbered(*number, at));
                    packet.extend(counted);
                    *number = number.wrapping_add(1);
                }
                Source::Air(buffer) => {
                    let wanted = if link.flowing { length } else { length.max(BUFFERED) };
                    if buffer.len() >= wanted {
                        link.flowing = true;
                        packet.extend(buffer.drain(..length));
                    } else {
                        self.counters.underruns += u64::from(link.flowing);
                        link.flowing = false;
                        packet.resize(HEADER + length, 0);
                    }
                }
            }
            ready.push(packet);
        }
        ready.iter().for_each(|packet| self.send(packet));
    }

    /// Cuts an SCO packet for the host into pieces.
    fn send(&mut self, packet: &[u8]) {
        let size = usize::from(VOICE_PACKETS[usize::from(self.setting)]);
        self.counters.in_packets += 1;
        self.pieces.extend(packet.chunks(size.max(1)).map(<[u8]>::to_vec));
        let over = self.pieces.len().saturating_sub(MOST_PIECES);
        self.pieces.drain(..over);
        self.counters.overruns += over as u64;
    }

    /// What goes to the host in this frame, damaged where that was asked for. Nothing where the host has
    /// no room, so that nothing is lost.
    fn next_piece(&mut self) -> Option<(Vec<u8>, i32)> {
        self.waiting_in.front()?;
        let Some(mut piece) = self.pieces.pop_front() else {
            return Some((Vec::new(), status::OK));
        };
        let mut end = status::OK;
        if let Some((damage, every)) = self.damage
            && self.counters.frames.is_multiple_of(every)
        {
            match damage {
                Damage::Lose => piece.clear(),
                Damage::Duplicate => self.pieces.push_front(piece.clone()),
                Damage::Shift => drop(piece.remove(0)),
                Damage::Error => end = status::PROTOCOL,
            }
        }
        Some((piece, end))
    }

    fn frame_in(&mut self, (piece, end): (Vec<u8>, i32)) -> Option<Return> {
        let transfer = self.waiting_in.front_mut()?;
        let packet: &mut Packet = transfer.urb.packets.get_mut(transfer.done)?;
        let length = piece.len().min(packet.length as usize);
        packet.actual = length as u32;
        packet.status = if length < piece.len() { status::OVERFLOW } else { end };
        transfer.data.extend(&piece[..length]);
        transfer.done += 1;
        let ended = transfer.done == transfer.urb.packets.len();
        ended.then(|| self.waiting_in.pop_front()).flatten().map(Transfer::finish)
    }

    fn frame_out(&mut self) -> Option<Return> {
        let Some(transfer) = self.waiting_out.front_mut() else {
            self.counters.out_silent += u64::from(self.out_began);
            return None;
        };
        let packet = transfer.urb.packets.get_mut(transfer.done)?;
        let start = packet.offset as usize;
        packet.actual = packet.length;
        let bytes = transfer.urb.data.get(start..start + packet.length as usize)?.to_vec();
        transfer.done += 1;
        let ended = transfer.done == transfer.urb.packets.len();
        let ended = ended.then(|| self.waiting_out.pop_front()).flatten();
        self.assemble(&bytes);
        ended.map(Transfer::finish)
    }

    /// Puts SCO packets together. After what is none, the next piece begins anew.
    fn assemble(&mut self, piece: &[u8]) {
        self.from_host.extend(piece);
        while let [low, high, length, ..] = self.from_host[..] {
            let handle = u16::from_le_bytes([low, high]) & 0x0fff;
            let late = !self.looped && self.ended.contains(&handle);
            let known = self.looped || self.links.iter().any(|link| link.handle == handle);
            if (!known && !late) || length == 0 {
                self.counters.out_garbled += 1;
                self.from_host.clear();
                return;
            }
            let end = HEADER + usize::from(length);
            if self.from_host.len() < end {
                return;
            }
            let packet: Vec<u8> = self.from_host.drain(..end).collect();
            if late {
                self.counters.out_late += 1;
                continue;
            }
            self.counters.out_packets += 1;
            if self.looped {
                self.send(&packet);
            } else {
                self.to_controller.push(packet);
            }
        }
    }
}

/// The byte at a place of a numbered packet.
pub(crate) fn numbered(number: u32, at: usize) -> u8 {
    match number.to_le_bytes().get(at) {
        Some(byte) => *byte,
        None => (number as usize + at) as u8,
    }
}

#[cfg(test)]
#[path = "voice_tests.rs"]
mod tests;
