//! The storage of one jitter buffer: a ring of stereo frames at the stream's own rate, allocated
//! once for the fastest rate that a stream may have.

/// The most sound that one stream's buffer holds, in milliseconds at 48 kHz.
pub const CAPACITY_MS: usize = 500;

/// The fastest stream, in frames a second.
pub(crate) const MAX_RATE: u32 = 48_000;

/// One sample a channel, left first.
pub(crate) type StereoFrame = [i16; 2];

/// Stereo frames, oldest first.
pub(crate) struct Ring {
    frames: Box<[StereoFrame]>,
    start: usize,
    len: usize,
}

impl Ring {
    /// A ring for a stream.
    pub(crate) fn new() -> Self {
        Ring::holding(CAPACITY_MS * MAX_RATE as usize / 1000)
    }

    /// A ring for so many frames.
    pub(crate) fn holding(frames: usize) -> Self {
        Ring { frames: vec![[0; 2]; frames].into_boxed_slice(), start: 0, len: 0 }
    }

    /// Frames held.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn capacity(&self) -> usize {
        self.frames.len()
    }

    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    /// Appends frames, of which the oldest in the ring make room; says how many were lost so.
    pub(crate) fn push(&mut self, frames: &[StereoFrame]) -> usize {
        let capacity = self.capacity();
        let frames = &frames[..frames.len().min(capacity)];
        let lost = (self.len + frames.len()).saturating_sub(capacity);
        self.discard(lost);
        let end = (self.start + self.len) % capacity;
        let (head, tail) = frames.split_at(frames.len().min(capacity - end));
        self.frames[end..end + head.len()].copy_from_slice(head);
        self.frames[..tail.len()].copy_from_slice(tail);
        self.len += frames.len();
        lost
    }

    /// Drops up to `frames` of the oldest frames.
    pub(crate) fn discard(&mut self, frames: usize) {
        let frames = frames.min(self.len);
        self.start = (self.start + frames) % self.capacity();
        self.len -= frames;
    }

    /// Keeps the oldest `frames` frames.
    pub(crate) fn truncate(&mut self, frames: usize) {
        self.len = self.len.min(frames);
    }

    /// Moves the oldest frames out, as many as `left` and `right` have room for; where the ring
    /// has fewer, zeros follow.
    pub(crate) fn pull(&mut self, left: &mut [f32], right: &mut [f32]) {
        let wanted = left.len().min(right.len());
        let frames = wanted.min(self.len);
        let first = frames.min(self.capacity() - self.start);
        let head = &self.frames[self.start..self.start + first];
        widen(head, &mut left[..first], &mut right[..first]);
        let tail = &self.frames[..frames - first];
        widen(tail, &mut left[first..frames], &mut right[first..frames]);
        left[frames..wanted].fill(0.0);
        right[frames..wanted].fill(0.0);
        self.discard(frames);
    }
}

fn widen(frames: &[StereoFrame], left: &mut [f32], right: &mut [f32]) {
    for ((frame, left), right) in frames.iter().zip(left).zip(right) {
        *left = f32::from(frame[0]);
        *right = f32::from(frame[1]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_over_the_seam_and_loses_the_oldest() {
        let mut ring = Ring::new();
        let capacity = ring.capacity();
        let samples: Vec<StereoFrame> =
            (0..capacity + 50).map(|i| [i as i16, -(i as i16)]).collect();
        assert_eq!(ring.push(&samples[..100]), 0);
        let (mut left, mut right) = ([0.0; 40], [0.0; 40]);
        ring.pull(&mut left, &mut right);
        assert_eq!((left[0], left[39]), (0.0, 39.0));
        assert_eq!(ring.push(&samples[100..]), 10);
        assert_eq!(ring.len(), capacity);
        ring.discard(capacity - 5);
        ring.pull(&mut left, &mut right);
        let newest = samples[capacity + 49];
        assert_eq!(right[4], f32::from(newest[1]));
        assert_eq!(right[5], 0.0, "what the ring lacks is silence");
    }
}
