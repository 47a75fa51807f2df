//! Frames against a plain model: whatever is done to them, the bytes are the model's, and the
//! regions of one block never overlap.
#![cfg(not(loom))]

use proptest::collection::vec;
use proptest::prelude::*;
use tandem_pool::{Arena, Frame, HEADROOM};

#[derive(Clone, Debug)]
enum Act {
    Split(usize),
    Advance(usize),
    Truncate(usize),
    Reset(usize),
    Prepend(Vec<u8>),
    Append(Vec<u8>),
    Grow(usize),
    Scribble(u8),
    Drop,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (0usize..80).prop_map(Act::Split),
        (0usize..40).prop_map(Act::Advance),
        (0usize..80).prop_map(Act::Truncate),
        (0usize..60).prop_map(Act::Reset),
        vec(any::<u8>(), 0..20).prop_map(Act::Prepend),
        vec(any::<u8>(), 0..60).prop_map(Act::Append),
        (0usize..60).prop_map(Act::Grow),
        any::<u8>().prop_map(Act::Scribble),
        Just(Act::Drop),
    ]
}

/// What a frame should hold, and how much room it should have on either side.
struct Model {
    bytes: Vec<u8>,
    before: usize,
    behind: usize,
}

impl Model {
    /// The same act on the model; the frame cut off, if it was a cut.
    fn apply(&mut self, act: &Act, frame: &mut Frame) -> Option<(Frame, Model)> {
        match act {
            Act::Split(n) => {
                let n = (*n).min(self.bytes.len());
                let rest = self.bytes.split_off(n);
                let front = core::mem::replace(&mut self.bytes, rest);
                let front = Model { bytes: front, before: self.before, behind: 0 };
                self.before = 0;
                return Some((frame.split_to(n), front));
            }
            Act::Advance(n) => {
                frame.advance(*n);
                let n = (*n).min(self.bytes.len());
                self.bytes.drain(..n);
                self.before += n;
            }
            Act::Truncate(n) => {
                frame.truncate(*n);
                let n = (*n).min(self.bytes.len());
                self.behind += self.bytes.len() - n;
                self.bytes.truncate(n);
            }
            Act::Reset(n) => {
                frame.reset(*n);
                let all = self.before + self.bytes.len() + self.behind;
                self.before = (*n).min(all);
                self.behind = all - self.before;
                self.bytes.clear();
            }
            Act::Prepend(bytes) => {
                let fits = bytes.len() <= self.before;
                assert_eq!(frame.prepend(bytes).is_ok(), fits);
                if fits {
                    self.before -= bytes.len();
                    self.bytes.splice(..0, bytes.iter().copied());
                }
            }
            Act::Append(bytes) => {
                let fits = bytes.len() <= self.behind;
                assert_eq!(frame.append(bytes).is_ok(), fits);
                if fits {
                    self.behind -= bytes.len();
                    self.bytes.extend(bytes);
                }
            }
            Act::Grow(n) => {
                let fits = *n <= self.behind;
                let found = frame.spare_mut().get(..*n).map(<[u8]>::to_vec);
                assert_eq!(frame.grow(*n).is_ok(), fits);
                assert_eq!(found.is_some(), fits);
                if let Some(found) = found {
                    self.behind -= n;
                    self.bytes.extend(found);
                }
            }
            Act::Scribble(byte) => {
                frame.fill(*byte);
                self.bytes.fill(*byte);
                frame.spare_mut().fill(!*byte);
            }
            Act::Drop => {}
        }
        None
    }

    fn check(&self, frame: &Frame) {
        assert_eq!(frame[..], self.bytes[..]);
        assert_eq!((frame.headroom(), frame.room()), (self.before, self.behind));
    }
}

fn region(frame: &Frame) -> core::ops::Range<usize> {
    let start = frame.as_ptr() as usize;
    start - frame.headroom()..start + frame.len() + frame.room()
}

proptest! {
    #[test]
    fn frames_are_what_the_model_says(acts in vec((any::<prop::sample::Index>(), act()), 0..60)) {
        let arena = Arena::new(2, 160);
        let mut held: Vec<(Frame, Model)> = Vec::new();
        for (which, act) in acts {
            if let Some(frame) = arena.take() {
                let model = Model { bytes: vec![], before: HEADROOM, behind: 160 - HEADROOM };
                held.push((frame, model));
            }
            let which = which.index(held.len());
            if matches!(act, Act::Drop) {
                held.swap_remove(which);
                continue;
            }
            let (frame, model) = &mut held[which];
            let cut = model.apply(&act, frame);
            held.extend(cut);
            for (frame, model) in &held {
                model.check(frame);
            }
            let (memory, len) = arena.extent();
            let mut regions: Vec<_> = held.iter().map(|(f, _)| region(f)).collect();
            regions.sort_by_key(|r| (r.start, r.end));
            prop_assert!(regions.windows(2).all(|w| w[0].end <= w[1].start), "{regions:?}");
            let memory = memory.as_ptr() as usize;
            prop_assert!(regions.iter().all(|r| r.start >= memory && r.end <= memory + len));
        }
        held.clear();
        prop_assert_eq!(arena.free(), 2);
    }
}
