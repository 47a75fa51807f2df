//! The audio thread's list of the audio objects that are open.

use std::sync::Arc;

use host::{LinkId, StreamId};
use stack::MAX_LINKS;
use wire::Address;

use super::reader::Tap;
use super::{AudioKind, MAX_AUDIO, Written};
use crate::ear::Known;
use crate::shared::{Report, Shared};

/// See the module. Those that are in it when it is dropped have ended.
#[derive(Debug, Default)]
pub(crate) struct Taps {
    open: heapless::Vec<Open, MAX_AUDIO>,
    /// Who is on which link.
    phones: [Option<Address>; MAX_LINKS],
}

#[derive(Debug)]
struct Open {
    tap: Arc<Tap>,
    /// Frames put so far.
    place: u64,
}

impl Taps {
    /// Takes in what was opened, and lets go of what was closed, which may be the same.
    pub(crate) fn look(&mut self, shared: &Shared) {
        let switchboard = &shared.switchboard;
        self.let_go(shared);
        while !self.open.is_full()
            && let Some(tap) = switchboard.fresh.pop()
        {
            let _ = self.open.push(Open { tap, place: 0 });
            self.let_go(shared);
        }
        if !self.is_empty() {
            self.phones = core::array::from_fn(|link| switchboard.phone(link));
        }
    }

    /// What was closed is given back by the control thread.
    fn let_go(&mut self, shared: &Shared) {
        while let Some(n) = self.open.iter().position(|open| open.tap.is_closed()) {
            let tap = self.open[n].tap.clone();
            if shared.reports.push(Report::Closed(tap)).is_err() {
                // In the next round, then.
                return;
            }
            drop(self.open.swap_remove(n));
            shared.control.wake();
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    fn phone(&self, link: LinkId) -> Option<Address> {
        self.phones.get(usize::from(link.0)).copied().flatten()
    }

    fn put(&mut self, rate: u32, frames: &[[i16; 2]], to: impl Fn(&Tap) -> bool) {
        for Open { tap, place } in self.open.iter_mut().filter(|open| to(&open.tap)) {
            tap.put(*place, rate, frames);
            *place += frames.len() as u64;
        }
    }

    /// What the ear hears, interleaved.
    pub(crate) fn mix(&mut self, rate: u32, samples: &[i16]) {
        self.put(rate, samples.as_chunks().0, |tap| tap.kind == AudioKind::Mix);
    }

    /// What a phone plays.
    pub(crate) fn media(
        &mut self,
        stream: StreamId,
        known: &Known,
        rate: u32,
        frames: &[[i16; 2]],
    ) {
        if self.is_empty() {
            return;
        }
        let (phone, audible) = (self.phone(stream.link()), known.audible());
        self.put(rate, frames, |tap| {
            let meant = match tap.phone {
                None => audible == Some(stream),
                wanted => wanted == phone,
            };
            tap.kind == AudioKind::Media && meant
        });
    }

    /// What a phone's far end says, at most 128 samples.
    pub(crate) fn voice(&mut self, link: LinkId, rate: u32, samples: &[i16]) {
        if self.is_empty() {
            return;
        }
        let phone = self.phone(link);
        let mut frames = [[0; 2]; 128];
        for (frame, &sample) in frames.iter_mut().zip(samples) {
            *frame = [sample; 2];
        }
        let frames = &frames[..samples.len().min(128)];
        let meant = |tap: &Tap| tap.phone.is_none() || tap.phone == phone;
        self.put(rate, frames, |tap| tap.kind == AudioKind::Voice && meant(tap));
    }

    /// The microphone that is written, if one is.
    pub(crate) fn written(&self) -> Option<&Written> {
        self.open.iter().map(|open| open.tap.written()).find(|written| written.is_active())
    }
}

impl Drop for Taps {
    fn drop(&mut self) {
        for open in &self.open {
            open.tap.end();
        }
    }
}
