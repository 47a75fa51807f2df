//! One audio object's sound on its way from the audio thread: blocks of frames, each with its place in
//! the whole, through a ring that drops the oldest. The reader converts.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering, fence};

use audio::Resampler;
use pool::Queue;
use wire::Address;

use super::{AudioKind, Heard, Written};
use crate::wakeup::Wakeup;

/// Frames of a block: what the decoders give at once.
const BLOCK: usize = 128;
/// Blocks on their way: see [`HELD_MS`](super::HELD_MS).
const BLOCKS: usize = 256;
/// Frames converted at once.
const AT_ONCE: usize = 256;

/// Frames of one rate.
#[derive(Debug)]
struct Block {
    /// How many frames came before it, at whatever rate.
    place: u64,
    rate: u32,
    frames: usize,
    pcm: [[i16; 2]; BLOCK],
}

/// What the two threads share of an audio object.
#[derive(Debug)]
pub(crate) struct Tap {
    pub(super) kind: AudioKind,
    pub(super) phone: Option<Address>,
    blocks: Queue<Block>,
    /// The reader found nothing more and wants to be told.
    waiting: AtomicBool,
    pub(super) arrived: Wakeup,
    /// Nobody reads any more.
    closed: AtomicBool,
    /// Nothing more will come.
    ended: AtomicBool,
    written: Written,
}

impl Tap {
    pub(super) fn new(kind: AudioKind, phone: Option<Address>) -> io::Result<Tap> {
        Ok(Tap {
            kind,
            phone,
            blocks: Queue::new(BLOCKS),
            waiting: AtomicBool::new(true),
            arrived: Wakeup::new()?,
            closed: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            written: Written::new(),
        })
    }

    /// From the audio thread: hands frames on, of which the first has this place.
    pub(super) fn put(&self, place: u64, rate: u32, frames: &[[i16; 2]]) {
        for (n, frames) in frames.chunks(BLOCK).enumerate() {
            let mut pcm = [[0; 2]; BLOCK];
            pcm[..frames.len()].copy_from_slice(frames);
            let place = place + (n * BLOCK) as u64;
            // What is dropped shows in the places.
            self.blocks.force_push(Block { place, rate, frames: frames.len(), pcm });
        }
        self.wake();
    }

    fn wake(&self) {
        // Between the push and the question: either the reader sees the block when it looks once more, or
        // this thread sees that it waits.
        fence(Ordering::SeqCst);
        if self.waiting.load(Ordering::Relaxed) && self.waiting.swap(false, Ordering::Relaxed) {
            self.arrived.wake();
        }
    }

    /// For the reader: the next block; where there is none, the next one to come will wake it.
    fn take(&self) -> Option<Block> {
        self.blocks.pop().or_else(|| {
            self.arrived.clear();
            self.waiting.store(true, Ordering::Relaxed);
            fence(Ordering::SeqCst);
            let block = self.blocks.pop();
            // There may be more behind one that came just now.
            if block.is_some() || self.has_ended() {
                self.arrived.wake();
            }
            block
        })
    }

    /// What the embedder says.
    pub(super) fn written(&self) -> &Written {
        &self.written
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// From the audio thread: nothing more will come.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.waiting.store(true, Ordering::Relaxed);
        self.wake();
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }
}

/// The reader's side.
#[derive(Debug)]
pub(super) struct Reader {
    rate: u32,
    /// The rate that comes, and what makes ours of it.
    from: u32,
    resampler: Option<Resampler>,
    /// The place of the frame that comes next.
    place: u64,
    /// Frames that are missing before the next ones.
    lost: u64,
    /// A block behind a hole that has not been told of.
    held: Option<Block>,
}

impl Reader {
    pub(super) fn new(rate: u32) -> Reader {
        Reader { rate, from: 0, resampler: None, place: 0, lost: 0, held: None }
    }

    pub(super) fn rate(&self) -> u32 {
        self.rate
    }

    pub(super) fn read(&mut self, tap: &Tap, channels: usize, out: &mut [i16]) -> Heard {
        let mut heard = Heard::default();
        let wanted = out.len() / channels;
        while heard.frames < wanted {
            let out = &mut out[heard.frames * channels..wanted * channels];
            let made = self.convert(channels, out);
            heard.frames += made;
            if made > 0 {
                continue;
            }
            let Some(block) = self.held.take().or_else(|| tap.take()) else { break };
            let lost = block.place - self.place;
            if lost > 0 && heard.frames > 0 {
                self.held = Some(block);
                break;
            }
            self.lost += lost * u64::from(self.rate) / u64::from(block.rate.max(1));
            self.take(&block);
        }
        if heard.frames > 0 {
            heard.lost = std::mem::take(&mut self.lost);
        }
        heard
    }

    fn take(&mut self, block: &Block) {
        if self.from != block.rate {
            self.from = block.rate;
            self.resampler = Resampler::new(self.from, self.rate, 2 * BLOCK);
        }
        self.place = block.place + block.frames as u64;
        if let Some(resampler) = &mut self.resampler {
            // It has room: whatever could be made of the last block was.
            resampler.push(&block.pcm[..block.frames]);
        }
    }

    /// Fills `out` with what is there already; says how many frames.
    fn convert(&mut self, channels: usize, out: &mut [i16]) -> usize {
        let Some(resampler) = &mut self.resampler else { return 0 };
        let mut frames = [[0; 2]; AT_ONCE];
        let most = (out.len() / channels).min(AT_ONCE);
        let made = resampler.pull(&mut frames[..most]);
        for (out, &[left, right]) in out.chunks_exact_mut(channels).zip(&frames[..made]) {
            match out {
                [mono] => *mono = mean(left, right),
                out => out.copy_from_slice(&[left, right]),
            }
        }
        made
    }
}

/// One channel of two.
pub(super) fn mean(left: i16, right: i16) -> i16 {
    ((i32::from(left) + i32::from(right)) / 2) as i16
}
