//! AVRCP 1.6, 6.6.1 and 6.8, as the controller: a track's attributes, which come in fragments where
//! they are long, each asked for.
//!
//! What is longer than [`MAX_RESPONSE`], or comes in more than [`MAX_FRAGMENTS`], is ended with
//! AbortContinuingResponse, and what came until then is used. A peer that says something else between
//! two fragments may have dropped the rest (6.3.1): where it rejects the next one, the track is asked
//! for again.

use pool::Instant;
use wire::avrcp::{
    Attribute, AttributeId, AttributeIds, Attributes, CharacterSet, PacketType, Pdu,
};

use super::Session;
use super::output::{Text, Track};
use super::requests::{Failure, Request};

/// Octets of an answer in fragments that are kept, at most.
pub const MAX_RESPONSE: usize = 2048;

/// Fragments of an answer that are asked for, at most.
pub const MAX_FRAGMENTS: u8 = 8;

/// How often a track is asked for before it counts as unknown.
pub const ATTRIBUTE_TRIES: u8 = 2;

/// What we want to know of a track.
pub(super) const ATTRIBUTES: AttributeIds<'static> = {
    const IDS: [u8; 28] =
        [0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 7];
    match AttributeIds::new(&IDS) {
        Some(ids) => ids,
        None => unreachable!(),
    }
};

/// An answer of which fragments are still to come.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    parameters: heapless::Vec<u8, MAX_RESPONSE>,
    fragments: u8,
}

impl Session {
    /// A fragment of a track's attributes came.
    pub(super) fn fragment(&mut self, now: Instant, pdu: Pdu<'_>) {
        let mut assembly = self.assembly.take().unwrap_or_default();
        if pdu.packet_type == PacketType::Start {
            assembly.parameters.clear();
        } else if assembly.fragments == 0 {
            self.malformed();
            return self.not_told_track(Some(Failure::Malformed));
        }
        assembly.fragments += 1;
        let room = assembly.parameters.capacity() - assembly.parameters.len();
        let kept = &pdu.parameters[..pdu.parameters.len().min(room)];
        // It fits: it was cut to.
        let _ = assembly.parameters.extend_from_slice(kept);
        let ends = pdu.packet_type == PacketType::End;
        if ends || kept.len() < pdu.parameters.len() || assembly.fragments >= MAX_FRAGMENTS {
            if !ends {
                self.transmit(now, Request::Abort(pdu.id));
            }
            self.told_track(Attributes::prefix(&assembly.parameters));
        } else {
            self.assembly = Some(assembly);
            self.transmit(now, Request::Continue(pdu.id));
        }
    }

    /// The track's attributes are here.
    pub(super) fn told_track(&mut self, attributes: Attributes<'_>) {
        self.following.vain = 0;
        let mut track = Track::default();
        for attribute in attributes.iter() {
            match attribute.id {
                AttributeId::TITLE => track.title = text(&attribute),
                AttributeId::ARTIST_NAME => track.artist = text(&attribute),
                AttributeId::ALBUM_NAME => track.album = text(&attribute),
                AttributeId::GENRE => track.genre = text(&attribute),
                AttributeId::TRACK_NUMBER => track.number = number(&attribute),
                AttributeId::TOTAL_NUMBER_OF_TRACKS => track.total = number(&attribute),
                AttributeId::PLAYING_TIME => track.duration = number(&attribute),
                _ => {}
            }
        }
        self.set_track(track);
    }

    /// The track's attributes are not to be had: asks again, or forgets the last one's.
    pub(super) fn not_told_track(&mut self, failure: Option<Failure>) {
        self.assembly = None;
        self.following.vain += 1;
        let hopeless = failure == Some(Failure::NotImplemented);
        if self.following.vain < ATTRIBUTE_TRIES && !hopeless {
            self.request(Request::Attributes);
        } else {
            self.set_track(Track::default());
        }
    }
}

/// A value as text: up to its end or the first NUL, which some peers add; what is not text in its
/// character set becomes U+FFFD, and control characters spaces, as it may be shown on a terminal.
fn text(attribute: &Attribute<'_>) -> Text {
    let mut text = Text::new();
    let length = attribute.value.iter().position(|octet| *octet == 0);
    let value = &attribute.value[..length.unwrap_or(attribute.value.len())];
    let mut add = |character: char| {
        let printable = if character.is_control() { ' ' } else { character };
        text.push(printable).is_ok()
    };
    if attribute.character_set == CharacterSet::ISO_8859_1 {
        value.iter().all(|octet| add(char::from(*octet)));
    } else {
        value.utf8_chunks().all(|chunk| {
            let broken = !chunk.invalid().is_empty();
            chunk.valid().chars().all(&mut add) && (!broken || add(char::REPLACEMENT_CHARACTER))
        });
    }
    text
}

/// A value as the decimal number that it is.
fn number(attribute: &Attribute<'_>) -> Option<u32> {
    text(attribute).trim().parse().ok()
}
